"""What a cohort's columns say of treatment: regimens, eras, second lines, covariates, adverse events."""

import numpy as np
import pandas as pd

from lcnec_utils.cohort.dictionary import ENDPOINTS
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core.errors import MissingData

REGIMENS = ["chemotherapy", "chemoimmunotherapy", "immunotherapy"]
REFERENCE = "chemoimmunotherapy"
NOT_RECORDED = "not recorded"
NO_REGIMEN = "regimen not recorded"
DISCONTINUED = "discontinued due to adverse events"
SEVERE = 3  # grade from which an adverse event is severe
COVARIATES = ["Sex", "ECOG", "Age, per 10 years", "M stage"]


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


def column_or_none(cohort: Cohort, column: str) -> pd.Series | None:
    """A clinical or sample column by patient; None where the cohort does not record it."""
    try:
        return cohort.column(column, column)
    except MissingData:
        return None


def covariates(cohort: Cohort) -> pd.DataFrame:
    """The covariates that the source adjusts for, as far as the cohort has them: sex, ECOG (0, 1, 2 or more), age, M
    stage. Columns as COVARIATES, by patient."""
    table = pd.DataFrame(index=cohort.patients.index)
    sex, ecog, age, stage = (column_or_none(cohort, column) for column in ("SEX", "ECOG", "AGE", "M_STAGE"))
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
    """The survival table of an endpoint with a column of groups (named as the series), its attrs kept.

    what: what the groups are, with the column they are from. Raises MissingData where nobody has both.
    """
    table = cohort.survival(endpoint)
    grouped = table.join(groups)
    grouped.attrs = dict(table.attrs)
    if grouped[groups.name].isna().all():
        columns = f"{endpoint}_MONTHS, {endpoint}_STATUS"
        raise MissingData(
            f"in the clinical tables of {cohort.name} nobody has both {what} and {ENDPOINTS[endpoint]} ({columns})"
        )
    return grouped


def survival_by_regimen(cohort: Cohort, endpoint: str) -> pd.DataFrame:
    """The survival table of an endpoint with `regimen` and the covariates; patients without a regimen are left out."""
    groups = regimen(cohort).rename("regimen")
    table = survival_by(cohort, endpoint, groups, "a first-line regimen (FIRST_LINE_REGIMEN)")
    return table.join(covariates(cohort)).dropna(subset=["regimen"])


def treatment_era(cohort: Cohort, day: str) -> pd.Series:
    """Whether first-line treatment began before a day (YYYY-MM-DD) or from that day on; categorical, missing without a
    date."""
    dates = pd.to_datetime(cohort.column("FIRST_LINE_START", "start of first-line treatment"), errors="coerce")
    names = [f"before {day}", f"from {day}"]
    words = np.where(dates.isna(), None, np.where(dates >= pd.Timestamp(day), names[1], names[0]))
    return pd.Series(pd.Categorical(words, names), dates.index)


def second_line(cohort: Cohort) -> pd.Series:
    """Whether the second line included checkpoint blockade; categorical, missing without a second line, and where the
    name of the regimen does not say."""
    lines = cohort.column("SECOND_LINE_REGIMEN", "second-line regimen")
    names = ["second line without ICI", "second line with ICI"]
    meaning = dict.fromkeys(("immunotherapy", "chemoimmunotherapy"), names[1])
    meaning |= dict.fromkeys(("chemotherapy", "targeted therapy"), names[0])
    words = lines.astype(object).map(meaning)
    return pd.Series(pd.Categorical(words, names), lines.index)


def survival_from_second_line(cohort: Cohort) -> pd.DataFrame:
    """Overall survival counted from the start of the second line; attrs["dropped"] counts the patients without one."""
    start = cohort.column("SECOND_LINE_START_MONTHS", "start of the second line")
    table = cohort.survival("OS").join(start.rename("start"))
    begun = table[table["start"].notna() & (table["start"] <= table["months"])]
    survival = begun.assign(months=begun["months"] - begun["start"])
    if "entry" in survival:
        survival["entry"] = (survival["entry"] - survival["start"]).clip(lower=0)
        survival = survival[survival["entry"] < survival["months"]]
    survival = survival.drop(columns="start")
    survival.attrs["dropped"] = len(table) - len(survival)
    return survival


def matched_backbone(cohort: Cohort, subtype: pd.Series) -> pd.Series:
    """Patients whose chemotherapy is that of their tumour's subtype; categorical, the others missing.

    subtype: genomic subtype by patient.
    """
    backbone = cohort.column("CHEMOTHERAPY_BACKBONE", "backbone of chemotherapy")
    names = ["SCLC-like on SCLC-type chemotherapy", "NSCLC-like on NSCLC-type chemotherapy"]
    subtype = subtype.astype(str).reindex(backbone.index)
    conditions = [(subtype == name.split()[0]) & (backbone == name.split()[2]) for name in names]
    return pd.Series(pd.Categorical(np.select(conditions, names, ""), names), backbone.index)


def worst_grade(cohort: Cohort) -> pd.Series:
    """The worst grade of a treatment-related adverse event of each patient, 0 for none; missing where not recorded."""
    return pd.to_numeric(cohort.column("ADVERSE_EVENT_GRADE", "adverse events"), errors="coerce")


def toxicity(cohort: Cohort) -> pd.DataFrame:
    """Any treatment-related adverse event, one of grade 3 or worse, and discontinuation due to adverse events.

    Booleans by patient, missing where not recorded; the last column only where the cohort records it.
    """
    grade = worst_grade(cohort)
    table = pd.DataFrame({"any grade": grade > 0, "grade 3 or worse": grade >= SEVERE}).astype("boolean")
    table = table.mask(grade.isna())
    try:
        stopped = cohort.column("STOPPED_FOR_TOXICITY", "stops for toxicity")
        words = stopped.astype(str).str.upper()
        table[DISCONTINUED] = words.map({"YES": True, "NO": False}).astype("boolean")
    except MissingData:
        pass
    return table
