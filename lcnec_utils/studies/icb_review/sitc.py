"""Primary and secondary resistance by the review's wording and by SITC's definitions; notebook 13, section 4."""

import pandas as pd

from lcnec_utils.cohort import words
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_parameter
from lcnec_utils.core.units import days_of_weeks
from lcnec_utils.stats import resistance
from lcnec_utils.stats.resistance import CANNOT_TELL, CLASSES, NOT_TREATED, SITC, RuleSet

# As the review's section on therapeutic resistance words the definitions: no second scan, no rapid progression, no
# least exposure for secondary resistance to one agent, at least (not more than) six months with chemotherapy, and no
# word on progression after a stop
REVIEW = RuleSet(
    "review", secondary_exposure=False, exposure_beyond=False, confirmed=False, rapid_waives_exposure=False, stops=False
)
RULE_SETS = [REVIEW, SITC]
WORDS = {REVIEW.name: "By the review's wording", SITC.name: "By SITC's definitions"}
REGIMENS = {resistance.SINGLE_AGENT: "ICI alone", resistance.WITH_CHEMOTHERAPY: "ICI + chemo"}
NO_REGIMEN = "Regimen not known"
UNCOVERED = "covered by no definition"
SUMMARY = {
    resistance.PRIMARY: [resistance.PRIMARY], resistance.SECONDARY: [resistance.SECONDARY],
    resistance.SO_FAR: [resistance.SO_FAR], UNCOVERED: resistance.UNCOVERED, CANNOT_TELL: [CANNOT_TELL],
}  # fmt: skip


def _column(cohort: Cohort, name: str) -> pd.Series:
    """A clinical column by patient; all missing where the cohort does not have it."""
    try:
        return cohort.column(name, name)
    except MissingData:
        return pd.Series(None, cohort.patients.index, dtype=object)


def blockade_history(cohort: Cohort) -> pd.DataFrame:
    """What a cohort records of each patient's blockade, as `resistance.resistance_classes` takes it: one row per
    patient, days from the first dose, missing where not recorded.

    The columns are the dictionary's in small letters. Where the cohort has no REGIMEN, the arm of a randomised trial
    (ARM) says it.
    """
    table = pd.DataFrame({name: _column(cohort, name.upper()) for name in resistance.COLUMNS})
    if table["regimen"].isna().all():
        table["regimen"] = _column(cohort, "ARM").map(lambda arm: words.regimen(str(arm)), na_action="ignore")
    table["rapid_progression"] = table["rapid_progression"].map({"YES": True, "NO": False}).astype("boolean")
    return table


def classify(history: pd.DataFrame) -> pd.DataFrame:
    """The classes of patients on blockade under both rule sets, a row per patient and rule set.

    Columns: patient, regimen (in words), rules (the rule set's name), class, reason, missing (columns of the cohort,
    with commas), between_weeks (primary resistance, with chemotherapy, after an exposure within the range that is
    printed as the least). Patients who were not on blockade are left out and counted in `attrs["not_treated"]`.
    Raises MissingData where nobody was.
    """
    parts = []
    low, high = map(days_of_weeks, resistance.LEAST_WEEKS_WITH_CHEMOTHERAPY)
    for rules in RULE_SETS:
        classes = resistance.resistance_classes(history, rules)
        untold = classes["class"] == CANNOT_TELL
        classes["missing"] = classes["missing"].str.upper()  # as the cohort's dictionary calls them
        classes.loc[untold, "reason"] = "not known: " + classes.loc[untold, "missing"]
        classes.insert(0, "rules", rules.name)
        classes.insert(0, "regimen", history["regimen"].map(REGIMENS).fillna(NO_REGIMEN))
        classes["between_weeks"] = (
            (classes["class"] == resistance.PRIMARY)
            & (history["regimen"] == resistance.WITH_CHEMOTHERAPY)
            & history["icb_exposure_days"].astype("Float64").between(low, high, inclusive="left").fillna(False)
        )
        parts.append(classes.rename_axis("patient").reset_index())
    table = pd.concat(parts, ignore_index=True)
    treated = table[table["class"] != NOT_TREATED].reset_index(drop=True)
    if treated.empty:
        raise MissingData("nobody in this cohort was on checkpoint blockade, by the regimen recorded")
    treated.attrs["not_treated"] = (len(table) - len(treated)) // len(RULE_SETS)
    return treated


def class_counts(classes: pd.DataFrame) -> pd.DataFrame:
    """How many patients have each class under each rule set, by regimen: group, what, k, n, share (fraction).

    Classes stand in their fixed order, of those that occur; a group is a regimen under a rule set.
    """
    return _shares(classes, classes["class"], CLASSES)


def class_shares(classes: pd.DataFrame) -> pd.DataFrame:
    """As `class_counts`, with the classes that no definition covers as one."""
    kinds = classes["class"].where(~classes["class"].isin(resistance.UNCOVERED), UNCOVERED)
    return _shares(classes, kinds, list(SUMMARY))


def _shares(classes: pd.DataFrame, kinds: pd.Series, order: list[str]) -> pd.DataFrame:
    present = [name for name in order if (kinds == name).any()]
    rows = []
    for regimen in [*REGIMENS.values(), NO_REGIMEN]:
        for rules in RULE_SETS:
            part = kinds[(classes["regimen"] == regimen) & (classes["rules"] == rules.name)]
            for name in present if len(part) else []:
                k = int((part == name).sum())
                rows.append((f"{regimen}: {rules.name}", name, k, len(part), k / len(part)))
    return pd.DataFrame(rows, columns=["group", "what", "k", "n", "share"])


def _by_rules(classes: pd.DataFrame) -> pd.DataFrame:
    return classes.pivot(index="patient", columns="rules", values="class")


def class_agreement(classes: pd.DataFrame) -> pd.DataFrame:
    """How many patients have which class by the review's wording (first) and by SITC's definitions (second), with n."""
    both = _by_rules(classes)
    return resistance.agreement(both[REVIEW.name], both[SITC.name])


def lacking_columns(classes: pd.DataFrame) -> pd.DataFrame:
    """How many patients each rule set cannot class for want of which column: group (the rule set), what (the column),
    k, n, share (fraction), a row for each rule set and column that anybody lacks.

    lower, upper: the share itself, for everybody is counted and nothing estimated.
    """
    untold = classes[classes["class"] == CANNOT_TELL]
    wanted = untold.assign(column=untold["missing"].str.split(", ")).explode("column")
    counts = wanted.groupby(["rules", "column"]).size()
    columns = [name.upper() for name in resistance.COLUMNS if (wanted["column"] == name.upper()).any()]
    n = classes["patient"].nunique()
    rows = [(rules.name, name, int(counts.get((rules.name, name), 0)), n) for rules in RULE_SETS for name in columns]
    table = pd.DataFrame(rows, columns=["group", "what", "k", "n"])
    return table.assign(share=table["k"] / n, lower=table["k"] / n, upper=table["k"] / n)


def classes_sentence(classes: pd.DataFrame) -> str:
    """Who is resistant by which rule set, how often the two agree, and what is missing where one cannot tell."""
    both, lacking = _by_rules(classes), lacking_columns(classes)
    n, sentences = len(both), []
    for rules, named in WORDS.items():
        untold = int((both[rules] == CANNOT_TELL).sum())
        shares = [f"{what} {formats.share(int(both[rules].isin(kinds).sum()), n)}" for what, kinds in SUMMARY.items()]
        columns = [f"{row.what} ({row.k:,})" for row in lacking[lacking["group"] == rules].itertuples() if row.k]
        told = f"{named}: {', '.join(shares)}" if untold < n else f"{named}, none of {n:,} patients can be classed"
        sentences.append(f"{told}; not recorded: {formats.listed(columns)}." if untold else f"{told}.")
    told = both[(both != CANNOT_TELL).all(axis=1)]
    if len(told):
        same = formats.share(int((told[REVIEW.name] == told[SITC.name]).sum()), len(told))
        sentences.append(f"Of the patients whom both can class, {same} have one class by both.")
    if between := int(classes.loc[classes["rules"] == SITC.name, "between_weeks"].sum()):
        low, high = resistance.LEAST_WEEKS_WITH_CHEMOTHERAPY
        sentences.append(
            f"{formats.count(between, 'patient')} on blockade with chemotherapy {'is' if between == 1 else 'are'} "
            f"primary resistant after {low} to {high} weeks of it, the range that the definition leaves open."
        )
    if left := classes.attrs.get("not_treated", 0):
        sentences.append(f"{formats.count(left, 'patient')} not on blockade {'is' if left == 1 else 'are'} left out.")
    return " ".join(sentences)


def threshold_findings() -> dict[str, list[Finding]]:
    """The limits of the rules as findings, by the tail of a claim's id: months, weeks where a claim is in weeks."""
    months, weeks = of_parameter(resistance.LIMIT_MONTHS), of_parameter(resistance.LEAST_WEEKS)
    return {
        "mono.primary.sd_limit": [months],
        "mono.primary.exposure": [weeks],
        "mono.secondary.sd_limit": [months],
        "combination.primary.pd_limit": [months],
        "combination.primary.exposure": [of_parameter(week) for week in resistance.LEAST_WEEKS_WITH_CHEMOTHERAPY],
        "combination.secondary.exposure": [months],
    }
