"""First-line treatment: regimens and their covariates, eras, second lines, adverse events, baseline, flow.

Per treatment group, never "arm": the patients were observed, not allotted. Survival tables are those of survival.py.
Every regimen is a group of its own on the figures; the sources' claims are asked of REGIMENS alone, and of those with
min_group patients or more.
"""

import contextlib

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils import formats, genomics, survival
from lcnec_utils.claims import Z95, Finding, of_count, of_difference, of_hazard, of_median, of_share
from lcnec_utils.cohort.dictionary import ENDPOINTS
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.errors import MissingData
from lcnec_utils.proportions import by_size, levels, listed, of_size, pairs_of_shares, small_sentence, too_few, wilson

REGIMENS = ["chemotherapy", "chemoimmunotherapy", "immunotherapy"]
REFERENCE = "chemoimmunotherapy"
NOT_RECORDED = "not recorded"
NO_REGIMEN = "regimen not recorded"
SEVERE = 3  # grade from which an adverse event is severe
COVARIATES = ["Sex", "ECOG", "Age, per 10 years", "M stage"]
BASELINE = {
    "AGE": "Age, years", "SEX": "Sex", "RACE": "Race", "SMOKING": "Smoking", "ECOG": "ECOG performance status",
    "STAGE": "Stage", "M_STAGE": "M stage",
}  # fmt: skip


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


def _recorded(cohort: Cohort, column: str) -> pd.Series | None:
    """A characteristic by patient, from either clinical table; None where the cohort does not record it."""
    try:
        return cohort.column(column, column)
    except MissingData:
        return None


def covariates(cohort: Cohort) -> pd.DataFrame:
    """What the source adjusts for, as far as the cohort has it: Sex, ECOG (0, 1, 2 or more), age, M stage."""
    table = pd.DataFrame(index=cohort.patients.index)
    sex, ecog, age, stage = (_recorded(cohort, column) for column in ("SEX", "ECOG", "AGE", "M_STAGE"))
    if sex is not None:
        table["Sex"] = pd.Categorical(sex, ["Female", "Male"])
    if ecog is not None:
        status = pd.to_numeric(ecog, errors="coerce")
        words = np.select([status == 0, status == 1, status >= 2], ["0", "1", "2 or more"], "")
        table["ECOG"] = pd.Categorical(words, ["0", "1", "2 or more"])
    if age is not None:
        table["Age, per 10 years"] = age / 10
    if stage is not None:
        table["M stage"] = pd.Categorical(stage, sorted(stage.dropna().unique()))
    return table


def survival_by(cohort: Cohort, endpoint: str, groups: pd.Series, what: str) -> pd.DataFrame:
    """The survival table of an endpoint with a column of groups (named by the series), its attrs kept; MissingData
    where nobody has both. what: what the groups are, with the column they are from."""
    table = cohort.survival(endpoint)
    grouped = table.join(groups)
    grouped.attrs = dict(table.attrs)
    if grouped[groups.name].isna().all():
        columns = f"{endpoint}_MONTHS, {endpoint}_STATUS"
        raise MissingData(
            f"in the clinical tables of {cohort.name} nobody has both {what} and {ENDPOINTS[endpoint]} ({columns})"
        )
    return grouped


def by_regimen(cohort: Cohort, endpoint: str) -> pd.DataFrame:
    """The survival table of an endpoint with `regimen` and the covariates; patients without regimen are left out."""
    groups = regimen(cohort).rename("regimen")
    table = survival_by(cohort, endpoint, groups, "a first-line regimen (FIRST_LINE_REGIMEN)")
    return table.join(covariates(cohort)).dropna(subset=["regimen"])


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


def adjusted(table: pd.DataFrame, min_group: int = 5) -> pd.DataFrame:
    """Cox models of the regimens against chemoimmunotherapy: unadjusted, adjusted on complete cases, and adjusted with
    what is not recorded as a category. Columns: model, then those of survival.cox, which has min_group."""
    reference = {"regimen": REFERENCE} if (table["regimen"] == REFERENCE).any() else {}
    held = usable_covariates(table)
    models = {"unadjusted": (table, ["regimen"])}
    if held:
        models["complete cases"] = (table, ["regimen", *held])
        models["not recorded as a category"] = (with_missing_category(table), ["regimen", *held])
    fitted = {name: survival.cox(data, terms, reference, min_group) for name, (data, terms) in models.items()}
    return pd.concat(fitted, names=["model"]).reset_index(level=0).reset_index(drop=True)


def evidence(table: pd.DataFrame, min_group: int = 5) -> dict[str, pd.DataFrame]:
    """What stands beside a curve by regimen: each group described, all pairs tested (Holm), the adjusted models, and
    the test of proportional hazards of the model on complete cases. A group under min_group is described only."""
    found = {"described": survival.describe(table, "regimen", min_group=min_group)}
    tested = of_size(table, "regimen", min_group)
    if tested["regimen"].nunique() > 1:
        if "entry" not in tested:
            found["pairwise"] = survival.pairwise_log_rank(tested, "regimen")
        found["adjusted"] = adjusted(tested, min_group)
        held = ["regimen", *usable_covariates(tested)]
        found["proportional"] = survival.proportional_hazards(tested, held, min_group=min_group)
    return found


def evidence_sentences(found: dict[str, pd.DataFrame], significance: float) -> str:
    """The adjusted hazard ratios and whether hazards are proportional; where they are not, what leads instead."""
    if "adjusted" not in found:
        return ""
    models = found["adjusted"]
    regimens = models[models["term"].str.startswith("regimen: ")]
    rows = regimens[regimens["hr"].notna()]
    if rows.empty:
        return "No hazard ratio is estimable."
    order = ("complete cases", "not recorded as a category", "unadjusted")
    model = next(name for name in order if (rows["model"] == name).any())
    rows = rows[rows["model"] == model]
    ratios = "; ".join(
        f"{row.term.removeprefix('regimen: ')} {formats.hazard_ratio(row.hr, row.lower, row.upper)}, "
        f"{formats.p_value(row.p)}" if row.hr == row.hr else f"{row.term.removeprefix('regimen: ')} {row.note}"
        for row in regimens[regimens["model"] == model].itertuples()
    )  # fmt: skip
    counts = {name: f"{part['n'].max()} ({name})" for name, part in models.groupby("model", sort=False)}
    n = ", ".join(text for name, text in counts.items() if name != "unadjusted") or counts["unadjusted"]
    words = f"Hazard ratios, {rows['model'].iloc[0]}: {ratios}; n = {n}."
    test = found["proportional"].set_index("term")["p"]
    p = test.get("regimen", np.nan)
    if p < significance:
        described = found["described"].itertuples()
        means = ", ".join(f"{row.group} {formats.number(row.rmst)}" for row in described if row.rmst == row.rmst)
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
    """Whether the second line held checkpoint blockade; categorical, missing without a second line, or one of a kind
    that is not known (an open name may hide either)."""
    lines = cohort.column("SECOND_LINE_REGIMEN", "second-line regimen")
    names = ["second line without ICI", "second line with ICI"]
    held = dict.fromkeys(("immunotherapy", "chemoimmunotherapy"), names[1])
    words = lines.astype(object).map(held | dict.fromkeys(("chemotherapy", "targeted therapy"), names[0]))
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
        words = stopped.astype(str).str.upper()
        table["treatment stopped"] = words.map({"YES": True, "NO": False}).astype("boolean")
    except MissingData:
        pass
    return table


def event_categories(cohort: Cohort) -> pd.DataFrame:
    """Patients with an adverse event by category and regimen, any grade and severe, with Wilson limits.

    Columns: category, group, n, any_k, any_lower, any_upper, severe_k, severe_lower, severe_upper (limits as
    fractions), ungraded_k (of any_k those of whom no grade is severe and one is not recorded); the first category is
    any event. n: patients whose adverse events are recorded; `attrs["unrecorded"]` counts the others on a regimen.
    """
    groups, overall = regimen(cohort).dropna(), worst_grade(cohort)
    unrecorded = int(overall.reindex(groups.index).isna().sum())
    groups = groups[overall.reindex(groups.index).notna()]
    events = cohort.timeline("toxicity")
    lacking = [name for name in ("TOXICITY_TYPE", "GRADE") if name not in events]
    if lacking:
        raise MissingData(
            f"data_timeline_toxicity.txt of {cohort.name} has no column {' and no column '.join(lacking)}, which the "
            "categories of adverse events need"
        )
    grade = pd.to_numeric(events["GRADE"], errors="coerce")
    kinds = events["TOXICITY_TYPE"].replace("", np.nan)
    each = pd.DataFrame({"severe": grade >= SEVERE, "ungraded": grade.isna()})
    each = each.groupby([kinds, events["PATIENT_ID"]]).any()
    had = overall[overall > 0]
    patients = {"Any event": pd.DataFrame({"severe": had >= SEVERE, "ungraded": False})}
    patients |= {name: each.loc[name] for name in each.index.unique(level=0)}
    rows = []
    for category, marks in patients.items():
        for name in groups.cat.categories:
            mine = marks[marks.index.isin(groups.index[groups == name])]
            n = int((groups == name).sum())
            row = {"category": category, "group": name, "n": n}
            for key, k in (("any", len(mine)), ("severe", int(mine["severe"].sum()))):
                row |= dict(zip((f"{key}_k", f"{key}_lower", f"{key}_upper"), (k, *wilson(k, n)), strict=True))
            rows.append(row | {"ungraded_k": int((mine["ungraded"] & ~mine["severe"]).sum())})
    table = pd.DataFrame(rows)
    table.attrs["unrecorded"] = unrecorded
    return table


# --- who they are


def baseline(cohort: Cohort, groups: pd.Series, min_group: int = 5) -> pd.DataFrame:
    """Table 1: one row per characteristic and level, a column for all patients, one per group and one for those whose
    group is not recorded, with missing counts and a test.

    Index characteristic, level; cells as text (n and percent of those recorded, or median and range). Kruskal–Wallis
    for age, chi-squared for the others (statistic on the recorded levels) over the groups that have min_group patients
    of whom it is recorded; the test stands in the first row. `attrs["untested"]` is a sentence on the smaller groups.
    """
    groups = groups.reindex(cohort.patients.index)
    names, small = levels(groups), by_size(groups, min_group)[1]
    members = {"all": groups.index}
    if len(names) > 1 or groups.isna().any():
        members |= {name: groups.index[groups.astype(str) == name] for name in names}
    if groups.isna().any():
        members[NO_REGIMEN] = groups.index[groups.isna()]
    rows = []
    for column, label in BASELINE.items():
        values = _recorded(cohort, column)
        if values is None:
            continue
        numeric = pd.api.types.is_numeric_dtype(values) and column == "AGE"
        known = pd.DataFrame({"value": values, "group": groups}).dropna()
        tested = of_size(known, "group", min_group)
        p = _baseline_test(tested, numeric)
        first = {"p": p, "test": "Kruskal–Wallis" if numeric else "chi-squared"} if p == p else {}
        if numeric:
            cells = {name: _median_and_range(values.loc[ids].dropna()) for name, ids in members.items()}
            rows.append({"characteristic": label, "level": "median (range)", **cells, **first})
        else:
            for place, level in enumerate(sorted(values.dropna().unique())):
                cells = {name: _share_of(values.loc[ids].dropna(), level) for name, ids in members.items()}
                tail = first if place == 0 else {}
                rows.append({"characteristic": label, "level": str(level), **cells, **tail})
        missing = {name: int(values.loc[ids].isna().sum()) for name, ids in members.items()}
        if missing["all"]:
            rows.append({"characteristic": label, "level": NOT_RECORDED, **{k: str(v) for k, v in missing.items()}})
    if not rows:
        raise MissingData(
            f"{cohort.name} has none of {', '.join(BASELINE.values())}: its clinical tables have none of the columns "
            f"{', '.join(BASELINE)}, or nothing in them"
        )
    table = pd.DataFrame(rows, columns=["characteristic", "level", *members, "p", "test"])
    table = table.rename(columns={name: f"{name} (n = {len(ids)})" for name, ids in members.items()})
    table.attrs["untested"] = small_sentence(small, min_group)
    return table


def _baseline_test(known: pd.DataFrame, numeric: bool) -> float:
    """The p of a characteristic (`value`) over groups (`group`); NaN where there is nothing to compare."""
    sides = [rows["value"] for _, rows in known.groupby("group", observed=True)]
    if len(sides) < 2 or known["value"].nunique() < 2:
        return np.nan
    if numeric:
        return float(stats.kruskal(*sides).pvalue)
    return float(stats.chi2_contingency(pd.crosstab(known["value"], known["group"]), correction=False)[1])


def _share_of(known: pd.Series, level) -> str:
    return formats.share(int((known == level).sum()), len(known)) if len(known) else "–"


def _median_and_range(values: pd.Series) -> str:
    if values.empty:
        return "–"
    return f"{formats.number(values.median(), 0)} ({formats.number(values.min(), 0)}–{formats.number(values.max(), 0)})"


def baseline_differences(cohort: Cohort, min_group: int = 5) -> list[Finding]:
    """Differences of shares of every level of sex, race, ECOG and M stage between every pair of REGIMENS."""
    try:
        groups = regimen(cohort)
    except MissingData as reason:
        return [Finding(None, note=str(reason))]
    named = groups[groups.isin(REGIMENS)]
    if len(by_size(named, min_group)[0]) < 2:
        return [too_few(REGIMENS, named.astype(str).value_counts().to_dict(), min_group)]
    found = []
    for column in ("SEX", "RACE", "ECOG", "M_STAGE"):
        values = _recorded(cohort, column)
        if values is not None:
            # of two levels one says it all
            present = sorted(values.dropna().unique())
            for level in present if len(present) > 2 else present[:1]:
                marked = pd.DataFrame({level: (values == level).astype("boolean").mask(values.isna())})
                found += pairs_of_shares(marked, groups, level, min_group, REGIMENS)
    return found or [Finding(None, note=f"the clinical tables of {cohort.name} record no SEX, RACE, ECOG or M_STAGE")]


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
        add("treated", "", "first-line regimen known", int(treated.sum()), n, f"first-line {NO_REGIMEN}")
        survived = cohort.survival("OS").index.intersection(treated.index[treated])
        add("outcome", "treated", "overall survival known", len(survived), int(treated.sum()), "no follow-up")
    except MissingData:
        for endpoint, words in (("OS", "overall survival known"), ("PFS", "progression-free survival known")):
            with contextlib.suppress(MissingData):
                add(endpoint, "", words, len(cohort.survival(endpoint)), n, "no follow-up")
    return pd.DataFrame(rows, columns=["step", "parent", "label", "n", "left", "why"])


# --- findings


def who(cohort: Cohort, number: str) -> dict[str, list[Finding]]:
    """Findings on the patients of a cohort by the tail of a claim's id; number: c1 or c2, as the ids have it."""
    patients = cohort.patients
    found = {f"n.{number}": [of_count(len(patients))], f"n.{number}.methods": [of_count(len(patients))]}
    if "AGE" in patients:
        ages = patients["AGE"].dropna()
        found[f"age.{number}"] = [Finding(float(ages.median()), n=len(ages))]
    if "RACE" in patients:
        race = patients["RACE"].dropna()
        k = int((race == "White").sum())
        found[f"white.{number}"] = [of_share(k, len(race), *wilson(k, len(race)))]
    with contextlib.suppress(MissingData):
        treated = regimen(cohort).dropna()
        for name in REGIMENS:
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


def _few(name: str, n: int, min_group: int, what: str) -> Finding:
    """The finding on a regimen that nobody had, or too few for it."""
    had = f"here {formats.count(n, 'patient')} had {name}" if n else f"no patient here had {name}"
    return Finding(None, n=n, note=f"{had}, and {what} needs at least {min_group}")


def medians_and_counts(
    medians: pd.DataFrame, of_medians: str, of_counts: str = "", min_group: int = 5
) -> dict[str, list[Finding]]:
    """Findings on the median and number of each of REGIMENS, by claim id: the prefixes with the regimen's name.

    medians: as survival.medians gives them, of whatever groups there are.
    """
    found, rows = {}, {row.group: row for row in medians.itertuples()}
    for name in REGIMENS:
        n = rows[name].n if name in rows else 0
        enough = n >= min_group
        found[f"{of_medians}.{name}"] = [of_median(rows[name]) if enough else _few(name, n, min_group, "a median")]
        if of_counts:
            found[f"{of_counts}.{name}"] = [of_count(n)]
    return found


def shares_by_group(table: pd.DataFrame, ids: dict[str, str], min_group: int = 5) -> dict[str, list[Finding]]:
    """Findings on the rows of proportions.shares of REGIMENS, by claim id: ids maps what is counted to a prefix."""
    found = {}
    rows = {(row.what, row.group): row for row in table.itertuples()}
    for what in dict.fromkeys(name for name, _ in rows if name in ids):
        for name in REGIMENS:
            row = rows.get((what, name))
            n = row.n if row else 0
            finding = (
                of_share(row.k, n, row.lower, row.upper) if n >= min_group else _few(name, n, min_group, "a share")
            )
            found[f"{ids[what]}.{name}"] = [finding]
    return found


def ratios(beside: dict[str, pd.DataFrame], model: str, min_group: int = 5) -> dict[str, list[Finding]]:
    """Hazard ratios of a model of `evidence` by the tail of a claim's id: hr.<regimen>, hr.<regimen>_vs_<reference>."""
    sizes = beside["described"].set_index("group")["n"].to_dict()
    fitted = beside["adjusted"] if "adjusted" in beside else pd.DataFrame(columns=["model", "term"])
    found = {}
    for name in REGIMENS:
        if name != REFERENCE:
            rows = fitted[(fitted["model"] == model) & (fitted["term"] == f"regimen: {name} vs {REFERENCE}")]
            pair = [name, REFERENCE]
            if min(sizes.get(each, 0) for each in pair) < min_group:
                finding = too_few(pair, sizes, min_group)
            elif rows.empty:
                lacking = f"the Cox model ({model}) holds too few patients on {listed(pair)} to compare the two"
                finding = Finding(None, note=lacking)
            else:
                finding = of_hazard(rows.iloc[0])
            found |= {f"hr.{name}": [finding], f"hr.{name}_vs_{REFERENCE}": [finding]}
    return found


def progression(medians: pd.DataFrame, min_group: int = 5) -> dict[str, list[Finding]]:
    """How many on REGIMENS could be judged for progression, and what is said of chemotherapy's median beside
    chemoimmunotherapy's: their difference in months, and its sign."""
    rows = medians.set_index("group")
    rows = rows[rows.index.isin(REGIMENS)]
    judged = {"n.evaluable": [of_count(int(rows["n"].sum()))]}
    pair = [REFERENCE, "chemotherapy"]
    if min(rows["n"].reindex(pair).fillna(0)) < min_group:
        few = [too_few(pair, rows["n"].to_dict(), min_group)]
        return judged | {"difference.rwpfs.discussion": few, "rwpfs_chemotherapy.discussion": few}
    apart = float(rows.at[REFERENCE, "median"] - rows.at["chemotherapy", "median"])
    n = int(rows.loc[pair, "n"].sum())
    # the difference of two medians has limits by their own, taken as independent
    se = [(rows.at[name, "upper"] - rows.at[name, "lower"]) / (2 * Z95) for name in pair]
    return judged | {
        "difference.rwpfs.discussion": [Finding(apart, n=n)],
        "rwpfs_chemotherapy.discussion": [of_difference(-apart, float(np.hypot(*se)), np.nan, n)],
    }


def cohorts_apart(first: Cohort, second: Cohort, min_group: int = 5) -> Finding:
    """Overall survival on REGIMENS in the second cohort against the first, as a hazard ratio."""
    tables, sizes = [], {}
    for place, each in enumerate((first, second)):
        try:
            table = by_regimen(each, "OS")
        except MissingData as reason:
            return Finding(None, note=str(reason))
        table = table[table["regimen"].isin(REGIMENS)]
        tables.append(table[["months", "event"]].assign(second=bool(place)))
        sizes[each.label] = len(table)
    if len(sizes) < 2:
        return Finding(None, note=f"both roles are of one cohort, {first.label}")
    if min(sizes.values()) < min_group:
        return too_few(list(sizes), sizes, min_group)
    return of_hazard(survival.cox(pd.concat(tables), ["second"]).iloc[0])


# Comparisons that `sensitivity` makes, by the start of their names: the tail of a claim's id, whom each count is of by
# the start of a group's name, which groups the claim names (all where None), and what a cohort without it lacks
SENSITIVITY = {
    "Chemotherapy": ("chemo_by_year", {"before": "chemo_before2019", "from": "chemo_from2019"}, None,
                     "no patient on chemotherapy here has a FIRST_LINE_START"),
    "Regimens": ("regimen_after_march2019", {
        "chemotherapy": "chemo_from_march2019", "immunotherapy": "io_from_march2019",
        REFERENCE: "chemoio_from_march2019"}, REGIMENS, "no patient here has a FIRST_LINE_START from that day on"),
    "Second line, from the first": ("second_line", {
        "second line without": "second_line_non_ici", "second line with": "second_line_ici"}, None,
        "no patient here has a SECOND_LINE_REGIMEN and its start after chemotherapy"),
}  # fmt: skip


def sensitivity(cohort: Cohort, day: str, day_of_regimens: str) -> dict[str, pd.DataFrame]:
    """Survival tables with `group`: chemotherapy by era, regimens from a day on, and patients with a second line after
    chemotherapy counted from the first line and from the second. A part the cohort cannot fill is left out."""
    table = by_regimen(cohort, "OS")
    chemotherapy = table[table["regimen"] == "chemotherapy"]
    parts, lacking = {}, []
    try:
        started = era(cohort, day_of_regimens)
        parts["Chemotherapy, by start"] = chemotherapy.join(era(cohort, day).rename("group"))
        from_day = table[started.reindex(table.index) == started.cat.categories[1]]
        parts[f"Regimens from {day_of_regimens}"] = from_day.assign(group=from_day["regimen"])
    except MissingData as reason:
        lacking.append(str(reason))
    try:
        lines = second_line(cohort).rename("group")
        parts["Second line, from the first (immortal time)"] = chemotherapy.join(lines).dropna(subset=["group"])
        later = from_second_line(cohort).join(lines)
        parts["Second line, from the second"] = later[later.index.isin(chemotherapy.index)].dropna(subset=["group"])
    except MissingData as reason:
        lacking.append(str(reason))
    filled = {name: part for name, part in parts.items() if part["group"].notna().any()}
    if not filled:
        lacking = lacking or ["FIRST_LINE_START and SECOND_LINE_REGIMEN of its clinical tables leave no such patient"]
        raise MissingData(
            f"{cohort.name} has nobody to compare by start of treatment or by second line: {'; '.join(lacking)}"
        )
    return filled


def zero_of(part: str, cohort: Cohort) -> str:
    """Time zero of a part of `sensitivity`."""
    return "start of the second line" if part.endswith("from the second") else cohort.time_zero


def sensitivity_findings(parts: dict[str, pd.DataFrame], min_group: int = 5) -> dict[str, list[Finding]]:
    """Numbers and comparisons of `sensitivity` by the tail of a claim's id."""
    found = {}
    # by name, for a part that the cohort cannot fill is left out
    for start, (id, tails, only, lacking) in SENSITIVITY.items():
        part = next((part for name, part in parts.items() if name.startswith(start)), None)
        if part is None:
            found[id] = [Finding(None, note=lacking)]
            continue
        found[id] = survival.pairs(part, "group", min_group, only)
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
        raise MissingData(
            f"in the clinical tables of {cohort.name} no patient with overall survival has {REFERENCE} in the column "
            "FIRST_LINE_REGIMEN"
        )
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


MOST_ENDPOINTS = 3  # side by side on a page


def by_subtype(cohort: Cohort) -> dict[str, pd.DataFrame]:
    """Survival tables with genomic_subtype (unknown left out), by the name of each endpoint that the cohort has, three
    at most. Raises MissingData, with what overall survival lacks, where it has none."""
    subtype = genomics.by_patient(cohort, genomics.genomic_subtype(cohort)).cat.remove_categories(genomics.UNKNOWN)
    names = {
        "OS": "Overall survival",
        "RWPFS": "Real-world progression-free survival",
        "PFS": "Progression-free survival",
        "DFS": "Disease-free survival",
        "RFS": "Recurrence-free survival",
        "EFS": "Event-free survival",
        "DSS": "Disease-specific survival",
    }
    what = "a known genomic subtype (of its mutations)"
    tables, lacking = {}, []
    for key, name in names.items():
        try:
            tables[name] = survival_by(cohort, key, subtype, what)
        except MissingData as reason:
            lacking.append(reason)
    if not tables:
        raise lacking[0]
    return dict(list(tables.items())[:MOST_ENDPOINTS])


def alike_without_target(cohort: Cohort, min_group: int = 5) -> list[Finding]:
    """Overall survival over the genomic subtypes of tumours without a targetable alteration, every pair."""
    try:
        target = genomics.by_patient(cohort, genomics.targetable(cohort))
        subtype = genomics.by_patient(cohort, genomics.genomic_subtype(cohort)).cat.remove_categories(genomics.UNKNOWN)
        table = cohort.survival("OS").join(subtype).join(target.rename("target"))
    except MissingData as reason:
        return [Finding(None, note=str(reason))]
    if target.isna().all():
        return [Finding(None, note="of nobody with overall survival is it known whether the tumour is targetable")]
    return survival.pairs(table[~table["target"].fillna(False).astype(bool)], "genomic_subtype", min_group)


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


def of_all(flags: pd.Series, groups: pd.Series, min_group: int = 5) -> Finding:
    """The share of True of those known on any of REGIMENS, as a finding in percent."""
    known = flags[groups.reindex(flags.index).isin(REGIMENS)].dropna()
    if len(known) < min_group:
        return _few(listed(REGIMENS).replace(" and ", " or "), len(known), min_group, "a share")
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
    """Relative widths of the columns that `shown` leaves: as their heads, which are bold, and their cells need."""
    text = shown(table).astype(str)
    longest = {name: max(map(len, text[name]), default=0) for name in text}
    bold = {name: len(name.split(" (n")[0]) for name in text}
    bold["characteristic"] = max(bold["characteristic"], longest["characteristic"])
    return [max(1.5 * bold[name], 1.3 * longest[name]) + 1.5 for name in text]


def baseline_sentence(tables: dict[str, pd.DataFrame]) -> str:
    """The smallest p of each baseline table, in a sentence."""
    parts = []
    for label, table in tables.items():
        tested = table[table["p"].notna()]
        if tested.empty:
            parts.append(f"{label}: no two groups to compare.")
        else:
            least = tested.loc[tested["p"].idxmin()]
            what = f"{least['characteristic'].split(',')[0].lower()} ({formats.p_value(least['p'])})"
            parts.append(f"{label}: of {len(tested)} characteristics tested the smallest p is of {what}.")
        parts.append(table.attrs.get("untested", ""))
    return " ".join(part for part in parts if part)


def flow_sentence(steps: pd.DataFrame) -> str:
    """The roots of a flow with their numbers, in a sentence."""
    roots = steps[steps["parent"] == ""]
    return f"{' and '.join(f'{row.label} {row.n}' for row in roots.itertuples())}: {roots['n'].sum()} patients in all."


def events_sentence(events: pd.DataFrame) -> str:
    """The commonest category of adverse events, how many patients had any, and whose grade or events are not recorded,
    in a sentence or two."""
    total = events.groupby("category", sort=False)[["any_k", "ungraded_k", "n"]].sum()
    first, rest = total.index[0], total.drop(index=total.index[0])
    words = f"{first}: {formats.share(int(total.at[first, 'any_k']), int(total.at[first, 'n']))} of patients"
    if len(rest):
        most = rest["any_k"].idxmax()
        share = formats.share(int(rest.at[most, "any_k"]), int(rest.at[most, "n"]))
        words += f"; most often {most.lower()} ({share})"
    ungraded = total[total["ungraded_k"] > 0]["ungraded_k"]
    if len(ungraded):
        named = ", ".join(f"{name.lower()} {int(k)}" for name, k in ungraded.items())
        words += f". Grade not recorded, counted under any grade alone: {named}"
    if lacking := events.attrs.get("unrecorded", 0):
        words += (
            f". {formats.count(lacking, 'patient')} without recorded adverse events {'is' if lacking == 1 else 'are'}"
        )
        words += " left out"
    return f"{words}."
