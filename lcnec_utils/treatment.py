"""First-line treatment: regimens and their covariates, eras, second lines, adverse events, baseline, flow.

Per treatment group, never "arm": the patients were observed, not allotted. Survival tables are those of survival.py.
"""

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils import formats, genomics, survival
from lcnec_utils.claims import Z95, Finding, of_count, of_difference, of_hazard, of_median, of_share
from lcnec_utils.cohort import Cohort
from lcnec_utils.errors import MissingData
from lcnec_utils.proportions import pairs_of_shares, wilson

REGIMENS = ["chemotherapy", "chemoimmunotherapy", "immunotherapy"]
REFERENCE = "chemoimmunotherapy"
NOT_RECORDED = "not recorded"
SEVERE = 3  # grade from which an adverse event is severe
COVARIATES = ["Sex", "ECOG", "Age, per 10 years", "M stage"]
BASELINE = {"AGE": "Age, years", "SEX": "Sex", "RACE": "Race", "ECOG": "ECOG performance status", "M_STAGE": "M stage"}


def regimen(cohort: Cohort) -> pd.Series:
    """The first-line regimen of each patient, categorical in REGIMENS' order, others after; MissingData without any."""
    values = cohort.column("FIRST_LINE_REGIMEN", "first-line regimen")
    order = [*REGIMENS, *sorted(set(values.dropna()) - set(REGIMENS))]
    return pd.Series(pd.Categorical(values, [name for name in order if (values == name).any()]), values.index)


def regimen_or_all(cohort: Cohort) -> pd.Series:
    """As `regimen`; where nobody's is known, one group of all patients."""
    try:
        return regimen(cohort)
    except MissingData:
        ids = cohort.patients.index
        return pd.Series(pd.Categorical(["all patients"] * len(ids)), ids)


def covariates(cohort: Cohort) -> pd.DataFrame:
    """What the source adjusts for, as far as the cohort has it: Sex, ECOG (0, 1, 2 or more), age, M stage."""
    table = pd.DataFrame(index=cohort.patients.index)
    if "SEX" in cohort.patients:
        table["Sex"] = pd.Categorical(cohort.patients["SEX"], ["Female", "Male"])
    if "ECOG" in cohort.patients:
        status = pd.to_numeric(cohort.patients["ECOG"], errors="coerce")
        words = np.select([status == 0, status == 1, status >= 2], ["0", "1", "2 or more"], "")
        table["ECOG"] = pd.Categorical(words, ["0", "1", "2 or more"])
    if "AGE" in cohort.patients:
        table["Age, per 10 years"] = cohort.patients["AGE"] / 10
    if "M_STAGE" in cohort.patients:
        stages = sorted(cohort.patients["M_STAGE"].dropna().unique())
        table["M stage"] = pd.Categorical(cohort.patients["M_STAGE"], stages)
    return table


def by_regimen(cohort: Cohort, endpoint: str) -> pd.DataFrame:
    """The survival table of an endpoint with `regimen` and the covariates; patients without regimen are left out."""
    groups = regimen(cohort)
    return cohort.survival(endpoint).join(groups.rename("regimen")).join(covariates(cohort)).dropna(subset=["regimen"])


def with_missing_category(table: pd.DataFrame) -> pd.DataFrame:
    """The table with an own category for what is not recorded of a categorical covariate."""
    filled = table.copy()
    for name in COVARIATES:
        if name in table and isinstance(table[name].dtype, pd.CategoricalDtype) and table[name].isna().any():
            filled[name] = table[name].cat.add_categories(NOT_RECORDED).fillna(NOT_RECORDED)
    return filled


def usable_covariates(table: pd.DataFrame) -> list[str]:
    """The covariates of a table that vary in it."""
    return [name for name in COVARIATES if name in table and table[name].nunique() > 1]


def adjusted(table: pd.DataFrame) -> pd.DataFrame:
    """Cox models of the regimens against chemoimmunotherapy: unadjusted, adjusted on complete cases, and adjusted with
    what is not recorded as a category. Columns: model, then those of survival.cox."""
    reference = {"regimen": REFERENCE} if (table["regimen"] == REFERENCE).any() else {}
    held = usable_covariates(table)
    models = {"unadjusted": (table, ["regimen"])}
    if held:
        models["complete cases"] = (table, ["regimen", *held])
        models["not recorded as a category"] = (with_missing_category(table), ["regimen", *held])
    fitted = {name: survival.cox(data, terms, reference) for name, (data, terms) in models.items()}
    return pd.concat(fitted, names=["model"]).reset_index(level=0).reset_index(drop=True)


def evidence(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What stands beside a curve by regimen: each group described, all pairs tested (Holm), the adjusted models, and
    the test of proportional hazards of the model on complete cases."""
    held = ["regimen", *usable_covariates(table)]
    found = {"described": survival.describe(table, "regimen")}
    if table["regimen"].nunique() > 1:
        if "entry" not in table:
            found["pairwise"] = survival.pairwise_log_rank(table, "regimen")
        found["adjusted"] = adjusted(table)
        found["proportional"] = survival.proportional_hazards(table, held)
    return found


def evidence_sentences(found: dict[str, pd.DataFrame], significance: float) -> str:
    """The adjusted hazard ratios and whether hazards are proportional; where they are not, what leads instead."""
    if "adjusted" not in found:
        return ""
    models = found["adjusted"]
    rows = models[models["term"].str.startswith("regimen: ") & models["hr"].notna()]
    if rows.empty:
        return "No hazard ratio is estimable."
    order = ("complete cases", "not recorded as a category", "unadjusted")
    rows = rows[rows["model"] == next(name for name in order if (rows["model"] == name).any())]
    ratios = "; ".join(
        f"{row.term.removeprefix('regimen: ')} {formats.hazard_ratio(row.hr, row.lower, row.upper)}, "
        f"{formats.p_value(row.p)}" for row in rows.itertuples()
    )  # fmt: skip
    counts = {name: f"{part['n'].max()} ({name})" for name, part in models.groupby("model", sort=False)}
    n = ", ".join(text for name, text in counts.items() if name != "unadjusted") or counts["unadjusted"]
    words = f"Hazard ratios, {rows['model'].iloc[0]}: {ratios}; n = {n}."
    test = found["proportional"].set_index("term")["p"]
    p = test.get("regimen", np.nan)
    if p < significance:
        described = found["described"].itertuples()
        means = ", ".join(f"{row.group} {formats.number(row.rmst)}" for row in described)
        horizon = formats.number(found["described"]["horizon"].iloc[0])
        return (
            f"Hazards are not proportional ({formats.p_value(p)}): read the mean survival to {horizon} months "
            f"({means}) and the milestones before the ratio. {words}"
        )
    return f"{words} Proportional hazards: {formats.p_value(p)}." if p == p else words


# --- calendar time and second lines


def era(cohort: Cohort, day: str) -> pd.Series:
    """Whether first-line treatment began before a day (YYYY-MM-DD) or from it on; categorical, missing without date."""
    dates = pd.to_datetime(cohort.column("FIRST_LINE_START", "start of first-line treatment"), errors="coerce")
    names = [f"before {day}", f"from {day}"]
    words = np.where(dates.isna(), None, np.where(dates >= pd.Timestamp(day), names[1], names[0]))
    return pd.Series(pd.Categorical(words, names), dates.index)


def second_line(cohort: Cohort) -> pd.Series:
    """Whether the second line held checkpoint blockade; categorical, missing without a second line."""
    lines = cohort.column("SECOND_LINE_REGIMEN", "second-line regimen")
    names = ["second line without ICI", "second line with ICI"]
    words = np.where(lines.isna(), None, np.where(lines.isin(["immunotherapy", "chemoimmunotherapy"]), *names[::-1]))
    return pd.Series(pd.Categorical(words, names), lines.index)


def from_second_line(cohort: Cohort) -> pd.DataFrame:
    """Overall survival counted from the start of the second line; attrs["dropped"] counts who has no such start."""
    start = cohort.column("SECOND_LINE_START_MONTHS", "start of the second line")
    table = cohort.survival("OS").join(start.rename("start"))
    begun = table[table["start"].notna() & (table["start"] <= table["months"])]
    counted = begun.assign(months=begun["months"] - begun["start"])
    if "entry" in counted:
        counted["entry"] = (counted["entry"] - counted["start"]).clip(lower=0)
        counted = counted[counted["entry"] < counted["months"]]
    counted = counted.drop(columns="start")
    counted.attrs["dropped"] = len(table) - len(counted)
    return counted


def matched_backbone(cohort: Cohort, subtype: pd.Series) -> pd.Series:
    """Patients whose chemotherapy is that of their tumour's subtype; categorical, the others missing.

    subtype: genomic subtype by patient.
    """
    backbone = cohort.column("CHEMOTHERAPY_BACKBONE", "backbone of chemotherapy")
    names = ["SCLC-like on SCLC-type chemotherapy", "NSCLC-like on NSCLC-type chemotherapy"]
    subtype = subtype.astype(str).reindex(backbone.index)
    conditions = [(subtype == name.split()[0]) & (backbone == name.split()[2]) for name in names]
    return pd.Series(pd.Categorical(np.select(conditions, names, ""), names), backbone.index)


# --- what harms them


def worst_grade(cohort: Cohort) -> pd.Series:
    """The worst grade of a treatment-related adverse event of each patient, 0 for none; missing where not recorded."""
    return pd.to_numeric(cohort.column("ADVERSE_EVENT_GRADE", "adverse events"), errors="coerce")


def toxicity(cohort: Cohort) -> pd.DataFrame:
    """Any adverse event, one of grade 3 or worse, and a stop for toxicity, by patient: booleans, missing if unknown."""
    grade = worst_grade(cohort)
    table = pd.DataFrame({"any grade": grade > 0, "grade 3 or worse": grade >= SEVERE}).astype("boolean")
    table = table.mask(grade.isna())
    try:
        stopped = cohort.column("STOPPED_FOR_TOXICITY", "stops for toxicity")
        table["treatment stopped"] = (stopped.str.upper() == "YES").astype("boolean").mask(stopped.isna())
    except MissingData:
        pass
    return table


def event_categories(cohort: Cohort) -> pd.DataFrame:
    """Patients with an adverse event by category and regimen, any grade and severe, with Wilson limits.

    Columns: category, group, n, any_k, any_lower, any_upper, severe_k, severe_lower, severe_upper (limits as
    fractions); the first category is any event. n: patients whose adverse events are recorded.
    """
    groups = regimen(cohort)
    groups = groups[worst_grade(cohort).reindex(groups.index).notna()]
    events = cohort.timeline("toxicity")
    lacking = [name for name in ("TOXICITY_TYPE", "GRADE") if name not in events]
    if lacking:
        raise MissingData(f"the toxicity timeline of {cohort.name} has no {' and no '.join(lacking)}")
    events = events.assign(GRADE=pd.to_numeric(events["GRADE"], errors="coerce"))
    worst = events[events["TOXICITY_TYPE"] != ""].groupby(["TOXICITY_TYPE", "PATIENT_ID"])["GRADE"].max()
    overall = worst_grade(cohort)
    kinds = {"Any event": overall[overall > 0], **{name: worst[name] for name in worst.index.unique(level=0)}}
    rows = []
    for category, grades in kinds.items():
        for name in groups.cat.categories:
            mine = grades[grades.index.isin(groups.index[groups == name])]
            n = int((groups == name).sum())
            row = {"category": category, "group": name, "n": n}
            for key, k in (("any", len(mine)), ("severe", int((mine >= SEVERE).sum()))):
                row |= dict(zip((f"{key}_k", f"{key}_lower", f"{key}_upper"), (k, *wilson(k, n)), strict=True))
            rows.append(row)
    return pd.DataFrame(rows)


# --- who they are


def baseline(cohort: Cohort, groups: pd.Series) -> pd.DataFrame:
    """Table 1: one row per characteristic and level, a column per group and for all, with missing counts and a test.

    Index characteristic, level; cells as text (n and percent of those recorded, or median and range). Kruskal–Wallis
    for age, chi-squared for the others (statistic on the recorded levels); the test stands in the first row.
    """
    groups = groups.dropna()
    names = [str(name) for name in groups.cat.categories]
    members = {"all": groups.index}
    if len(names) > 1:
        members |= {name: groups.index[groups == name] for name in names}
    rows = []
    for column, label in BASELINE.items():
        if column not in cohort.patients or cohort.patients.loc[groups.index, column].isna().all():
            continue
        values = cohort.patients.loc[groups.index, column]
        if pd.api.types.is_numeric_dtype(values):
            cells = {name: _median_and_range(values.loc[ids].dropna()) for name, ids in members.items()}
            sides = [values.loc[ids].dropna() for name, ids in members.items() if name != "all"]
            p = stats.kruskal(*sides).pvalue if sides and all(map(len, sides)) and values.nunique() > 1 else np.nan
            test = {"p": p, "test": "Kruskal–Wallis"} if p == p else {}
            rows.append({"characteristic": label, "level": "median (range)", **cells, **test})
        else:
            crossed = pd.crosstab(values, groups)
            p = stats.chi2_contingency(crossed, correction=False)[1] if min(crossed.shape) > 1 else np.nan
            for place, level in enumerate(sorted(values.dropna().unique())):
                cells = {}
                for name, ids in members.items():
                    known = values.loc[ids].dropna()
                    cells[name] = formats.share(int((known == level).sum()), len(known)) if len(known) else "–"
                first = {"p": p, "test": "chi-squared"} if place == 0 and p == p else {}
                rows.append({"characteristic": label, "level": str(level), **cells, **first})
        missing = {name: int(values.loc[ids].isna().sum()) for name, ids in members.items()}
        if missing["all"]:
            rows.append({"characteristic": label, "level": NOT_RECORDED, **{k: str(v) for k, v in missing.items()}})
    if not rows:
        raise MissingData(f"{cohort.name} has none of {', '.join(BASELINE.values())}")
    table = pd.DataFrame(rows, columns=["characteristic", "level", *members, "p", "test"])
    return table.rename(columns={name: f"{name} (n = {len(ids)})" for name, ids in members.items()})


def _median_and_range(values: pd.Series) -> str:
    if values.empty:
        return "–"
    return f"{formats.number(values.median(), 0)} ({formats.number(values.min(), 0)}–{formats.number(values.max(), 0)})"


def baseline_differences(cohort: Cohort) -> list[Finding]:
    """Differences of shares of every level of sex, race, ECOG and M stage between every pair of regimens."""
    try:
        groups = regimen(cohort)
    except MissingData as reason:
        return [Finding(None, note=str(reason))]
    found = []
    for column in ("SEX", "RACE", "ECOG", "M_STAGE"):
        if column in cohort.patients:
            values = cohort.patients[column]
            # of two levels one says it all
            levels = sorted(values.dropna().unique())
            for level in levels if len(levels) > 2 else levels[:1]:
                marked = pd.DataFrame({level: (values == level).astype("boolean").mask(values.isna())})
                found += pairs_of_shares(marked, groups, level)
    return found or [Finding(None, note="no baseline characteristic is recorded")]


def genotyped(cohort: Cohort) -> pd.Series:
    """Whether each patient's genomic subtype is known."""
    subtype = genomics.by_patient(cohort, genomics.genomic_subtype(cohort)).reindex(cohort.patients.index)
    return subtype.notna() & (subtype != genomics.UNKNOWN)


def with_transcriptome(cohort: Cohort) -> pd.Index:
    """The patients with a transcriptome; none where the cohort does not say."""
    try:
        return cohort.patients.index[cohort.column("TRANSCRIPTOME", "transcriptome") == "YES"]
    except MissingData:
        return cohort.patients.index[:0]


def flow(cohort: Cohort, root: str) -> pd.DataFrame:
    """From all patients of a cohort to each analysis set, by the cohort's own filters: step, parent, label, n, left,
    why."""
    n = len(cohort.patients)
    rows = [{"step": root, "parent": "", "label": cohort.label, "n": n}]

    def add(step: str, parent: str, label: str, count: int, of: int, why: str) -> None:
        rows.append({"step": f"{root} {step}", "parent": f"{root} {parent}".strip(), "label": label, "n": count,
                     "left": of - count, "why": why})  # fmt: skip

    try:
        known = int(genotyped(cohort).sum())
        add("genotype", "", "genomic subtype known", known, n, "a defining gene not sequenced")
    except MissingData:
        pass
    expressed = with_transcriptome(cohort)
    if len(expressed):
        add("expression", "", "with expression", len(expressed), n, "no transcriptome")
    try:
        treated = regimen(cohort).notna()
        add("treated", "", "first-line regimen known", int(treated.sum()), n, "not advanced, or not treated")
        survived = cohort.survival("OS").index.intersection(treated.index[treated])
        add("outcome", "treated", "overall survival known", len(survived), int(treated.sum()), "no follow-up")
    except MissingData:
        for endpoint, words in (("OS", "overall survival known"), ("PFS", "progression-free survival known")):
            if f"{endpoint}_MONTHS" in cohort.patients:
                add(endpoint, "", words, len(cohort.survival(endpoint)), n, "no follow-up")
    return pd.DataFrame(rows, columns=["step", "parent", "label", "n", "left", "why"])


# --- findings


def who(cohort: Cohort, number: str) -> dict[str, list[Finding]]:
    """Findings on the patients of a cohort by the tail of a claim's id; number: c1 or c2, as the ids have it."""
    groups, patients = regimen_or_all(cohort), cohort.patients
    found = {f"n.{number}": [of_count(len(patients))], f"n.{number}.methods": [of_count(len(patients))]}
    if "AGE" in patients:
        ages = patients["AGE"].dropna()
        found[f"age.{number}"] = [Finding(float(ages.median()), n=len(ages))]
    if "RACE" in patients:
        race = patients["RACE"].dropna()
        k = int((race == "White").sum())
        found[f"white.{number}"] = [of_share(k, len(race), *wilson(k, len(race)))]
    treated = groups.dropna()
    for name in treated.cat.categories:
        k = int((treated == name).sum())
        found[f"regimen.{name}.{number}"] = [of_share(k, len(treated), *wilson(k, len(treated)))]
    found |= {f"n.{number}_outcome{end}": [of_count(len(treated))] for end in ("", ".methods")}
    if "INSTITUTION" in patients:
        found[f"n.institutions.{number}"] = [of_count(patients["INSTITUTION"].nunique())]
    try:
        followed = cohort.survival("OS")
    except MissingData:
        return found
    row = next(survival.follow_up(followed, limits="log-log").itertuples())
    return found | {f"follow_up.{number}": [of_median(row)]}


def medians_and_counts(medians: pd.DataFrame, of_medians: str, of_counts: str = "") -> dict[str, list[Finding]]:
    """Findings on each group's median and number, by claim id: the prefixes with the group's name."""
    found = {}
    for row in medians.itertuples():
        found[f"{of_medians}.{row.group}"] = [of_median(row)]
        if of_counts:
            found[f"{of_counts}.{row.group}"] = [of_count(row.n)]
    return found


def shares_by_group(table: pd.DataFrame, ids: dict[str, str]) -> dict[str, list[Finding]]:
    """Findings on the rows of proportions.shares, by claim id: ids maps what is counted to a prefix."""
    return {
        f"{ids[row.what]}.{row.group}": [of_share(row.k, row.n, row.lower, row.upper)]
        for row in table.itertuples()
        if row.what in ids and row.n
    }


def ratio(fitted: pd.DataFrame, term: str) -> Finding:
    """The hazard ratio of a term of a Cox table as a finding; one that says so where the model has no such term."""
    rows = fitted[fitted["term"] == term]
    return of_hazard(rows.iloc[0]) if len(rows) else Finding(None, note=f"the model has no term {term}")


def ratios(beside: dict[str, pd.DataFrame], model: str) -> dict[str, list[Finding]]:
    """Hazard ratios of a model of `evidence` by the tail of a claim's id: hr.<regimen>, hr.<regimen>_vs_<reference>."""
    if "adjusted" not in beside:
        return {}
    fitted = beside["adjusted"]
    fitted = fitted[fitted["model"] == model]
    found = {}
    for name in REGIMENS:
        finding = ratio(fitted, f"regimen: {name} vs {REFERENCE}")
        found |= {f"hr.{name}": [finding], f"hr.{name}_vs_{REFERENCE}": [finding]}
    return found


def progression(medians: pd.DataFrame) -> dict[str, list[Finding]]:
    """How many could be judged for progression, and what is said of chemotherapy's median beside
    chemoimmunotherapy's: their difference in months, and its sign."""
    rows = medians.set_index("group")
    judged = {"n.evaluable": [of_count(int(medians["n"].sum()))]}
    if not {"chemotherapy", REFERENCE} <= set(rows.index):
        return judged
    apart = float(rows.at[REFERENCE, "median"] - rows.at["chemotherapy", "median"])
    n = int(rows.loc[["chemotherapy", REFERENCE], "n"].sum())
    # the difference of two medians has limits by their own, taken as independent
    se = [(rows.at[name, "upper"] - rows.at[name, "lower"]) / (2 * Z95) for name in (REFERENCE, "chemotherapy")]
    return judged | {
        "difference.rwpfs.discussion": [Finding(apart, n=n)],
        "rwpfs_chemotherapy.discussion": [of_difference(-apart, float(np.hypot(*se)), np.nan, n)],
    }


def cohorts_apart(first: Cohort, second: Cohort) -> Finding:
    """Overall survival of the second cohort against the first, as a hazard ratio."""
    tables = [
        by_regimen(each, "OS")[["months", "event"]].assign(second=place) for place, each in enumerate((first, second))
    ]
    both = pd.concat(tables).astype({"second": bool})
    if both["second"].nunique() < 2:
        return Finding(None, note="one cohort only")
    return of_hazard(survival.cox(both, ["second"]).iloc[0])


def sensitivity(cohort: Cohort, day: str, day_of_regimens: str) -> dict[str, pd.DataFrame]:
    """Survival tables with `group`: chemotherapy by era, regimens from a day on, and patients with a second line after
    chemotherapy counted from the first line and from the second. A part the cohort cannot fill is left out."""
    table = by_regimen(cohort, "OS")
    chemotherapy = table[table["regimen"] == "chemotherapy"]
    started = era(cohort, day_of_regimens)
    parts = {
        "Chemotherapy, by start": chemotherapy.join(era(cohort, day).rename("group")),
        f"Regimens from {day_of_regimens}": table[started.reindex(table.index) == started.cat.categories[1]].assign(
            group=lambda rows: rows["regimen"]
        ),
    }
    try:
        lines = second_line(cohort).rename("group")
        parts["Second line, from the first (immortal time)"] = chemotherapy.join(lines).dropna(subset=["group"])
        later = from_second_line(cohort).join(lines)
        parts["Second line, from the second"] = later[later.index.isin(chemotherapy.index)].dropna(subset=["group"])
    except MissingData:
        pass
    filled = {name: part for name, part in parts.items() if part["group"].notna().any()}
    if not filled:
        raise MissingData(f"{cohort.name} has nobody to compare by start of treatment or by second line")
    return filled


def zero_of(part: str, cohort: Cohort) -> str:
    """Time zero of a part of `sensitivity`."""
    return "start of the second line" if part.endswith("from the second") else cohort.time_zero


def sensitivity_findings(parts: dict[str, pd.DataFrame]) -> dict[str, list[Finding]]:
    """Numbers and comparisons of `sensitivity` by the tail of a claim's id."""
    found = {}
    kinds = {
        "Chemotherapy": ("chemo_by_year", {"before": "chemo_before2019", "from": "chemo_from2019"}),
        "Regimens": ("regimen_after_march2019", {
            "chemotherapy": "chemo_from_march2019", "immunotherapy": "io_from_march2019",
            REFERENCE: "chemoio_from_march2019"}),
        "Second line, from the first": ("second_line", {
            "second line without": "second_line_non_ici", "second line with": "second_line_ici"}),
    }  # fmt: skip
    # by name, for a part that the cohort cannot fill is left out
    for start, (id, tails) in kinds.items():
        part = next((part for name, part in parts.items() if name.startswith(start)), None)
        if part is None:
            continue
        found[id] = survival.pairs(part.assign(group=part["group"].cat.remove_unused_categories()), "group")
        sizes = part["group"].astype(str).value_counts()
        for first, tail in tails.items():
            found[f"n.{tail}"] = [
                of_count(sum(n for name, n in sizes.items() if name.startswith(f"{first} ") or name == first))
            ]
        if id == "second_line":
            found["n.second_line"] = [of_count(len(part))]
    return found


def matched_counts(cohorts) -> dict[str, list[Finding]]:
    """The number of patients in each subtype-matched group of a cohort, where both are alike in number or not."""
    [cohort] = cohorts
    matched = matched_backbone(cohort, genomics.by_patient(cohort, genomics.genomic_subtype(cohort)))
    sizes = matched[matched.index.isin(cohort.survival("OS").index)].value_counts()
    return {"n.per_group.c1": [of_count(int(n)) for n in sizes]}


def on_chemoimmunotherapy(cohort: Cohort, tmb_above_per_mb: float, pdl1_from_percent: float) -> pd.DataFrame:
    """Overall survival on chemoimmunotherapy with TMB (above the cut or not) and PD-L1 (from the cut on or not)."""
    table = by_regimen(cohort, "OS")
    table = table[table["regimen"] == REFERENCE]
    if table.empty:
        raise MissingData(f"{cohort.name} has no patient on {REFERENCE}")
    burden = cohort.column("TMB_NONSYNONYMOUS", "tumour mutational burden").reindex(table.index)
    score = cohort.column("PDL1_SCORE", "PD-L1 tumour proportion score").reindex(table.index)
    names = [f"≤ {tmb_above_per_mb:g} per Mb", f"> {tmb_above_per_mb:g} per Mb"]
    words = np.where(burden.isna(), None, np.where(burden > tmb_above_per_mb, names[1], names[0]))
    cut = f"{pdl1_from_percent:g}%"
    return table.assign(
        **{
            "TMB": pd.Categorical(words, names),
            "PD-L1": survival.above(score, pdl1_from_percent, f"≥ {cut}", f"< {cut}"),
        }
    )


def by_subtype(cohort: Cohort) -> dict[str, pd.DataFrame]:
    """Survival tables with genomic_subtype (unknown left out), by the name of each endpoint that the cohort has."""
    subtype = genomics.by_patient(cohort, genomics.genomic_subtype(cohort)).cat.remove_categories(genomics.UNKNOWN)
    names = {
        "OS": "Overall survival",
        "RWPFS": "Real-world progression-free survival",
        "PFS": "Progression-free survival",
    }
    held = [key for key in names if f"{key}_MONTHS" in cohort.patients] or ["OS"]
    return {names[key]: cohort.survival(key).join(subtype) for key in held}


def alike_without_target(cohort: Cohort) -> list[Finding]:
    """Overall survival over the genomic subtypes of tumours without a targetable alteration, every pair."""
    try:
        target = genomics.by_patient(cohort, genomics.targetable(cohort))
        subtype = genomics.by_patient(cohort, genomics.genomic_subtype(cohort)).cat.remove_categories(genomics.UNKNOWN)
        table = cohort.survival("OS").join(subtype).join(target.rename("target"))
    except MissingData as reason:
        return [Finding(None, note=str(reason))]
    if target.isna().all():
        return [Finding(None, note="targetable tumours cannot be told here")]
    return survival.pairs(table[~table["target"].fillna(False).astype(bool)], "genomic_subtype")


def genotyping(cohort: Cohort, number: str) -> dict[str, list[Finding]]:
    """Numbers of patients in and without the molecular classification, by the tail of a claim's id."""
    n = len(cohort.patients)
    try:
        known = int(genotyped(cohort).sum())
    except MissingData:
        return {f"n.{number}.text": [of_count(n)]}
    return {f"n.{number}.text": [of_count(n)], f"n.{number}.unknown": [of_count(n - known)]}


def assays(cohort: Cohort) -> dict[str, list[Finding]]:
    """Tumours by panel and by exome, and the genes of either, by the tail of a claim's id."""
    if "GENE_PANEL" not in cohort.samples:
        return {}
    exome = cohort.samples["GENE_PANEL"].astype(str).str.contains("exome|wes|wxs", case=False)
    lists = {name: len(genes) for name, genes in cohort.panel_genes.items()}
    panel = [count for name, count in lists.items() if name not in set(cohort.samples.loc[exome, "GENE_PANEL"])]
    deep = [count for name, count in lists.items() if name in set(cohort.samples.loc[exome, "GENE_PANEL"])]
    read = cohort.samples.loc[exome, "ASSAY_GENES"].dropna().unique() if "ASSAY_GENES" in cohort.samples else []
    return {
        "n.panel": [of_count(int((~exome & cohort.samples["GENE_PANEL"].notna()).sum()))],
        "n.wes": [of_count(int(exome.sum()))],
        "panel.genes": [of_count(count) for count in panel] or [Finding(None, note="no panel")],
        "exome.deep_genes": [of_count(count) for count in deep] or [Finding(None, note="no exome")],
        "exome.genes": [of_count(int(n)) for n in read]
        or [Finding(None, note="how many genes the exome covers is not said")],
    }


def of_all(flags: pd.Series) -> Finding:
    """The share of True of those known, as a finding in percent."""
    known = flags.dropna()
    k = int(known.sum())
    return of_share(k, len(known), *wilson(k, len(known)))


# --- sentences and what a figure shows


def everybody(values: pd.Series, name: str) -> pd.Series:
    """One group of everybody, under a name."""
    return pd.Series(pd.Categorical([name] * len(values)), values.index)


def sentence(groups: survival.Comparison, beside: dict[str, pd.DataFrame], significance: float) -> str:
    """What a curve by regimen shows, with its adjusted ratios."""
    return f"{groups.sentence()} {evidence_sentences(beside, significance)}".strip()


def note(beside: dict[str, pd.DataFrame], model: str = "complete cases") -> str:
    """The hazard ratio of chemotherapy for the figure, with the model it is of."""
    if "adjusted" not in beside:
        return ""
    fitted = beside["adjusted"]
    row = fitted[(fitted["model"] == model) & (fitted["term"] == f"regimen: chemotherapy vs {REFERENCE}")]
    if row.empty or row["hr"].isna().all():
        return ""
    first = row.iloc[0]
    words = "unadjusted" if model == "unadjusted" else "adjusted"
    return f"chemotherapy {words}: HR {formats.hazard_ratio(first.hr, first.lower, first.upper)}"


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """Table 1 as its figure shows it: empty cells empty, p formatted."""
    text = table.assign(p=[formats.p_value(p) if p == p else "" for p in table["p"]])
    return text.fillna("").drop(columns="test")


def widths(table: pd.DataFrame) -> list[float]:
    """Relative widths of the columns that `shown` leaves: as their heads need."""
    heads = [name.split(" (n")[0] for name in table.columns[2:-2]]
    return [2.5, 1.6, *[max(1.5, 0.155 * len(name)) for name in heads], 0.9]


def baseline_sentence(tables: dict[str, pd.DataFrame]) -> str:
    """The smallest p of each baseline table, in a sentence."""
    parts = []
    for label, table in tables.items():
        tested = table[table["p"].notna()]
        if tested.empty:
            parts.append(f"{label}: one group, nothing to compare.")
            continue
        least = tested.loc[tested["p"].idxmin()]
        parts.append(f"{label}: of {len(tested)} characteristics tested the smallest p is of "
                     f"{least['characteristic'].split(',')[0].lower()} ({formats.p_value(least['p'])}).")  # fmt: skip
    return " ".join(parts)


def flow_sentence(steps: pd.DataFrame) -> str:
    """The roots of a flow with their numbers, in a sentence."""
    roots = steps[steps["parent"] == ""]
    return f"{' and '.join(f'{row.label} {row.n}' for row in roots.itertuples())}: {roots['n'].sum()} patients in all."


def events_sentence(events: pd.DataFrame) -> str:
    """The commonest category of adverse events and how many patients had any, in a sentence."""
    total = events.groupby("category", sort=False)[["any_k", "n"]].sum()
    first, rest = total.index[0], total.drop(index=total.index[0])
    words = f"{first}: {formats.share(int(total.at[first, 'any_k']), int(total.at[first, 'n']))} of patients"
    if rest.empty:
        return f"{words}."
    most = rest["any_k"].idxmax()
    return (
        f"{words}; most often {most.lower()} ({formats.share(int(rest.at[most, 'any_k']), int(rest.at[most, 'n']))})."
    )
