"""Who the patients are and how they were tested: tables, findings and words of notebook 01."""

import contextlib
import itertools
import warnings

import numpy as np
import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.cohort.treatment import NO_REGIMEN, NOT_RECORDED, REGIMENS, column_or_none, regimen
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_count, of_median, of_share
from lcnec_utils.omics import genomics
from lcnec_utils.stats import survival
from lcnec_utils.stats.proportions import (
    independence_test,
    keep_large_groups,
    levels,
    pairwise_share_differences,
    split_by_size,
    too_few_patients,
    wilson,
)
from lcnec_utils.studies.words import small_groups_sentence

BASELINE = {
    "AGE": "Age, years", "SEX": "Sex", "RACE": "Race", "SMOKING": "Smoking", "ECOG": "ECOG performance status",
    "STAGE": "Stage", "M_STAGE": "M stage", "MET_COUNT": "Metastatic sites, number", "SAMPLE_TYPE": "Tumour sampled",
    "METASTATIC_SITE": "Metastatic site sampled", "HISTOLOGY": "Histology", "PDL1_SCORE": "PD-L1 TPS",
    "TMB_NONSYNONYMOUS": "TMB, mutations/Mb",
}  # fmt: skip
DECIMALS = {"AGE": 0, "MET_COUNT": 0, "TMB_NONSYNONYMOUS": 1}  # of the medians of what is measured
PDL1_FROM, PDL1_LEVELS = [-np.inf, 1, 50, np.inf], ["<1%", "1–49%", "≥50%"]
TESTS = {"chi_squared": "chi-squared", "fisher_exact": "Fisher's exact", "Kruskal-Wallis": "Kruskal–Wallis"}
MEDIAN, RANGE = "median (IQR)", "range"


def characteristics(cohort: Cohort) -> pd.DataFrame:
    """The characteristics of BASELINE that a cohort records, by patient: numbers, or text with missing values.

    PD-L1 tumour proportion scores are cut at 1% and 50%. Codes of a vocabulary are levels, however they look.
    """
    table = pd.DataFrame(index=cohort.patients.index)
    for column, label in BASELINE.items():
        values = column_or_none(cohort, column)
        if values is None:
            continue
        if column in DECIMALS:
            table[label] = pd.to_numeric(values, errors="coerce")
        elif column == "PDL1_SCORE":
            table[label] = pd.cut(values, PDL1_FROM, right=False, labels=PDL1_LEVELS).astype(object)
        else:
            table[label] = values.map(str, na_action="ignore").astype(object)
    # a primary tumour has no metastatic site: it is not missing
    site, sample = BASELINE["METASTATIC_SITE"], BASELINE["SAMPLE_TYPE"]
    if site in table and sample in table:
        table[site] = table[site].mask(table[site].isna() & (table[sample] == "Primary"), "none (primary tumour)")
    return table.dropna(axis=1, how="all")


def baseline(cohort: Cohort, groups: pd.Series, *, min_group: int = 5) -> pd.DataFrame:
    """Table 1, by the library tableone: a row per characteristic and level, a column for all patients, one per group
    and one for those whose group is not recorded, with what is missing counted, and a named test.

    groups: by patient, missing where not recorded. Columns characteristic, level, the groups with their n, p, test and
    "SMD: A vs B" for each pair of groups. Cells are text: n and percent of those recorded, or median, interquartile
    range and range. p is of the Kruskal–Wallis test for what is measured, of the chi-squared test without continuity
    correction for what is counted, of Fisher's exact test where an expected count is under 5. SMD: the absolute
    standardised difference (Yang & Dalton 2012 for more than two levels). Both stand in a characteristic's first row
    and are over the groups that have min_group patients of whom it is recorded. `attrs["untested"]` is a sentence on
    the smaller groups. Raises MissingData where the cohort records none of BASELINE.
    """
    data, groups = characteristics(cohort), groups.reindex(cohort.patients.index)
    if data.empty or not len(data.columns):
        raise MissingData(
            f"{cohort.name} has none of {', '.join(BASELINE.values())}: its clinical tables have none of the columns "
            f"{', '.join(BASELINE)}, or nothing in them"
        )
    names, (_, small) = levels(groups), split_by_size(groups, min_group=min_group)
    members = {"all": groups.index}
    if len(names) > 1 or groups.isna().any():
        members |= {name: groups.index[groups.astype(str) == name] for name in names}
    if groups.isna().any():
        members[NO_REGIMEN] = groups.index[groups.isna()]
    cells = pd.DataFrame({name: _described(data, ids) for name, ids in members.items()})
    comparisons = _compared(data, groups, min_group)
    first = ~cells.index.get_level_values(0).duplicated()
    table = cells.join(comparisons.reindex(cells.index.get_level_values(0)).set_axis(cells.index))
    table.loc[~first, list(comparisons)] = None
    table = table.rename(columns={name: f"{name} (n = {len(ids)})" for name, ids in members.items()}).reset_index()
    table.attrs["untested"] = small_groups_sentence(small, min_group=min_group)
    return table


def _tableone(data: pd.DataFrame, **how):
    """tableone's tables of some patients; a numeric column is described by its median."""
    from tableone import TableOne

    words = [name for name in data if name != "group" and not pd.api.types.is_numeric_dtype(data[name])]
    numbers = [name for name in data if name != "group" and name not in words]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of groups of few, which are shown and not tested
        return TableOne(
            data, columns=[*numbers, *words], categorical=words, continuous=numbers, nonnormal=numbers,
            include_null=False, overall=False, **how,
        )  # fmt: skip


def _described(data: pd.DataFrame, patients: pd.Index) -> pd.Series:
    """The cells of a column of Table 1, by characteristic and level; a dash where nothing is recorded of anybody."""
    part = data.loc[patients]
    known = part.dropna(axis=1, how="all")
    found = _tableone(known) if len(known.columns) else None
    decimals = {BASELINE[column]: digits for column, digits in DECIMALS.items()}
    cells = {}
    for label in data:
        if label in decimals and label in known:
            row = found.cont_describe.xs("Overall", axis=1, level=1).loc[label]
            median, low, high, least, most = (
                formats.number(row[name], decimals[label]) for name in ("median", "q25", "q75", "min", "max")
            )
            cells |= {(label, MEDIAN): f"{median} ({low}–{high})", (label, RANGE): f"{least}–{most}"}
        elif label in decimals:
            cells |= {(label, MEDIAN): "–", (label, RANGE): "–"}
        else:
            counts = found.cat_describe["freq", "Overall"].loc[label] if label in known else pd.Series(dtype=int)
            n = int(counts.sum())
            for level in _levels_of(data[label]):
                cells[label, level] = formats.share(int(counts.get(level, 0)), n) if n else "–"
        if data[label].isna().any():
            cells[label, NOT_RECORDED] = str(int(part[label].isna().sum()))
    return pd.Series(cells).rename_axis(["characteristic", "level"])


def _levels_of(values: pd.Series) -> list[str]:
    """The levels of what is counted: of PD-L1 from low to high, else sorted."""
    present = set(values.dropna())
    return PDL1_LEVELS if present <= set(PDL1_LEVELS) else sorted(present)


def _compared(data: pd.DataFrame, groups: pd.Series, min_group: int) -> pd.DataFrame:
    """p, test and the standardised difference of each pair of groups, by characteristic; missing where not tested."""
    names = levels(groups)
    # tableone keeps some names, such as Test, to itself: it sees numbers for the groups
    codes = {name: f"{place:04d}" for place, name in enumerate(names)}
    large = split_by_size(groups, min_group=min_group)[0]
    pairs = {f"SMD: {one} vs {other}": (codes[one], codes[other]) for one, other in itertools.combinations(large, 2)}
    table = pd.DataFrame({"p": np.nan, "test": None} | dict.fromkeys(pairs, np.nan), index=list(data))
    table["test"] = table["test"].astype(object)
    coded = groups.astype(object).map(lambda name: codes[str(name)], na_action="ignore")
    tested = {}
    for label in data:
        known = pd.DataFrame({label: data[label], "group": coded}).dropna()
        known = keep_large_groups(known, group="group", min_group=min_group)
        known["group"] = known["group"].astype(str)
        tested[label] = set(known["group"])
        if len(tested[label]) < 2 or known[label].nunique() < 2:
            continue
        counted = not pd.api.types.is_numeric_dtype(known[label])
        grid = pd.crosstab(known["group"], known[label]).to_numpy() if counted else None
        htest = {label: independence_test(*grid)} if counted else None
        row = _tableone(known, groupby="group", pval=True, htest=htest).htest_table.loc[label]
        table.loc[label, ["p", "test"]] = float(row["P-Value"]), TESTS[row["Test"]]
    for column, pair in pairs.items():
        labels = [label for label in data if set(pair) <= tested[label]]
        if labels:
            part = data[labels].assign(group=coded)[coded.isin(pair)]
            smd = _tableone(part, groupby="group", smd=True).smd_table.iloc[:, 0].astype(float).abs()
            table.loc[labels, column] = smd.reindex(labels).where(np.isfinite).to_numpy()
    return table


def baseline_differences(cohort: Cohort, *, min_group: int = 5) -> list[Finding]:
    """Differences of shares of every level of sex, race, ECOG and M stage between every pair of REGIMENS."""
    try:
        groups = regimen(cohort)
    except MissingData as reason:
        return [Finding(None, note=str(reason))]
    named = groups[groups.isin(REGIMENS)]
    if len(split_by_size(named, min_group=min_group)[0]) < 2:
        return [too_few_patients(REGIMENS, named.astype(str).value_counts().to_dict(), min_group=min_group)]
    findings = []
    for column in ("SEX", "RACE", "ECOG", "M_STAGE"):
        values = column_or_none(cohort, column)
        if values is not None:
            # of two levels one says it all
            present = sorted(values.dropna().unique())
            for level in present if len(present) > 2 else present[:1]:
                marked = pd.DataFrame({level: (values == level).astype("boolean").mask(values.isna())})
                findings += pairwise_share_differences(marked, groups, what=level, min_group=min_group, only=REGIMENS)
    return findings or [
        Finding(None, note=f"the clinical tables of {cohort.name} record no SEX, RACE, ECOG or M_STAGE")
    ]


def baseline_differences_of_both(cohorts: list[Cohort], *, min_group: int = 5) -> list[Finding]:
    """`baseline_differences` of two cohorts: the sentence on baseline characteristics speaks of both at once, so one
    that cannot be asked leaves it unanswered, whatever the other shows."""
    if len({cohort.name for cohort in cohorts}) < 2:
        return [Finding(None, note="the sentence speaks of two cohorts, and one is here")]
    of_each = [baseline_differences(cohort, min_group=min_group) for cohort in cohorts]
    unanswered = [findings for findings in of_each if all(finding.value is None for finding in findings)]
    return [finding for findings in unanswered or of_each for finding in findings]


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
        why = "no subtype given" if genomics.subtype_is_given(cohort) else "a defining gene not sequenced"
        add("genotype", "", "genomic subtype known", known, n, why)
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


def patient_counts(cohort: Cohort, number: str) -> dict[str, list[Finding]]:
    """Numbers of patients, age, race, regimens and follow-up of a cohort, as findings by the tail of a claim's id.

    number: c1 or c2, as the ids have it.
    """
    patients = cohort.patients
    findings = {f"n.{number}": [of_count(len(patients))], f"n.{number}.methods": [of_count(len(patients))]}
    if "AGE" in patients:
        ages = patients["AGE"].dropna()
        findings[f"age.{number}"] = [Finding(float(ages.median()), n=len(ages))]
    if "RACE" in patients:
        race = patients["RACE"].dropna()
        k = int((race == "White").sum())
        findings[f"white.{number}"] = [of_share(k, len(race), *wilson(k, len(race)))]
    with contextlib.suppress(MissingData):
        treated = regimen(cohort).dropna()
        for name in REGIMENS:
            k = int((treated == name).sum())
            findings[f"regimen.{name}.{number}"] = [of_share(k, len(treated), *wilson(k, len(treated)))]
        findings |= {f"n.{number}_outcome{end}": [of_count(len(treated))] for end in ("", ".methods")}
    if "INSTITUTION" in patients:
        findings[f"n.institutions.{number}"] = [of_count(patients["INSTITUTION"].nunique())]
    try:
        followed = cohort.survival("OS")
    except MissingData:
        return findings
    row = next(survival.follow_up(followed, limits="log-log").itertuples())
    return findings | {f"follow_up.{number}": [of_median(row)]}


def genotype_counts(cohort: Cohort, number: str) -> dict[str, list[Finding]]:
    """Numbers of patients in all and without a known genomic subtype, as findings by the tail of a claim's id."""
    n = len(cohort.patients)
    try:
        known = int(genotyped(cohort).sum())
    except MissingData:
        return {f"n.{number}.text": [of_count(n)]}
    return {f"n.{number}.text": [of_count(n)], f"n.{number}.unknown": [of_count(n - known)]}


def assay_counts(cohort: Cohort) -> dict[str, list[Finding]]:
    """Numbers of tumours sequenced by panel and by exome and of the genes of each assay, as findings by the tail of a
    claim's id."""
    if "GENE_PANEL" not in cohort.samples:
        return {}
    exome = cohort.samples["GENE_PANEL"].astype(str).str.contains("exome|wes|wxs", case=False)
    genes = {name: len(symbols) for name, symbols in cohort.panel_genes.items()}
    exomes = set(cohort.samples.loc[exome, "GENE_PANEL"])
    panel = [count for name, count in genes.items() if name not in exomes]
    deep = [count for name, count in genes.items() if name in exomes]
    covered = cohort.samples.loc[exome, "ASSAY_GENES"].dropna().unique() if "ASSAY_GENES" in cohort.samples else []
    return {
        "n.panel": [of_count(int((~exome & cohort.samples["GENE_PANEL"].notna()).sum()))],
        "n.wes": [of_count(int(exome.sum()))],
        "panel.genes": [of_count(count) for count in panel] or [Finding(None, note="no panel")],
        "exome.deep_genes": [of_count(count) for count in deep] or [Finding(None, note="no exome")],
        "exome.genes": [of_count(int(n)) for n in covered]
        or [Finding(None, note="the number of genes that the exome covers is not recorded")],
    }


def as_one_group(values: pd.Series, name: str) -> pd.Series:
    """One group, under a name, of everybody in an index; categorical."""
    return pd.Series(pd.Categorical([name] * len(values)), values.index)


def display_table(table: pd.DataFrame) -> pd.DataFrame:
    """Table 1 as its figure shows it: empty cells empty, p formatted, and the largest standardised difference."""
    pairs = [name for name in table if name.startswith("SMD: ")]
    text = table.drop(columns=["p", "test", *pairs])
    if table["p"].notna().any():
        text["p"] = [formats.p_value(p).removeprefix("p = ").removeprefix("p ") if p == p else "" for p in table["p"]]
        text["test"] = table["test"]
    largest = table[pairs].astype(float).max(axis=1)
    if largest.notna().any():
        text["SMD"] = [formats.number(value, 2) if value == value else "" for value in largest]
    return text.fillna("")


def column_widths(table: pd.DataFrame) -> list[float]:
    """Relative widths of the columns of `display_table`: as their heads, which are bold, and their cells need."""
    text = display_table(table).astype(str)
    longest = {name: max(map(len, text[name]), default=0) for name in text}
    bold = {name: len(name.split(" (n")[0]) for name in text}
    bold["characteristic"] = max(bold["characteristic"], longest["characteristic"])
    return [max(1.5 * bold[name], 1.3 * longest[name]) + 1.5 for name in text]


def baseline_sentence(tables: dict[str, pd.DataFrame]) -> str:
    """How many characteristics of each baseline table differ between groups, with the smallest p and the largest
    standardised difference."""
    parts = []
    for label, table in tables.items():
        tested = table[table["p"].notna()]
        if tested.empty:
            parts.append(f"{label}: no two groups to compare.")
        else:
            least = tested.loc[tested["p"].idxmin()]
            differ = int((tested["p"] < 0.05).sum())
            parts.append(
                f"{label}: {differ} of {formats.count(len(tested), 'characteristic')} tested "
                f"{'differs' if differ == 1 else 'differ'} between groups at p < 0.05 (unadjusted); the smallest p is "
                f"of {_name_of(least)} ({least['test']}, {formats.p_value(least['p'])})."
            )
            parts.append(_largest_difference(table))
        parts.append(table.attrs.get("untested", ""))
    return " ".join(part for part in parts if part)


def _name_of(row: pd.Series) -> str:
    """A characteristic within a sentence: without its unit, and small unless it is an abbreviation."""
    name = row["characteristic"].split(",")[0]
    return name if name[:2].isupper() or name.startswith("M stage") else f"{name[:1].lower()}{name[1:]}"


def _largest_difference(table: pd.DataFrame) -> str:
    """The largest standardised difference of a baseline table in a sentence; an empty string where there is none."""
    pairs = table.filter(regex="^SMD: ").astype(float)
    if pairs.notna().sum().sum() == 0:
        return ""
    row, pair = pairs.stack().idxmax()
    value = formats.number(pairs.at[row, pair], 2)
    return f"The largest standardised difference is {value} ({_name_of(table.loc[row])}, {pair.removeprefix('SMD: ')})."


def flow_sentence(steps: pd.DataFrame) -> str:
    """The roots of a flow with their numbers, in a sentence."""
    roots = steps[steps["parent"] == ""]
    return f"{' and '.join(f'{row.label} {row.n}' for row in roots.itertuples())}: {roots['n'].sum()} patients in all."
