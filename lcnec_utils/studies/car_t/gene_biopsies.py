"""Gene expression of biopsies by patient: of one panel, one fixation and one time; and the groups of best response."""

import pandas as pd

from lcnec_utils.cohort import assays
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.studies.car_t.populations import BASELINE, EARLY

PRE_POST_PANEL = "PanCancer Immune"  # the source names it for every comparison of before and after
BASELINE_PANELS = ("PanCancer Immune + Immunosign", PRE_POST_PANEL)  # before infusion: the first that a cohort has
FROZEN, FIXED = "FF", "FFPE"
FIXATIONS = (FROZEN, FIXED)
EARLY_DAYS = (7, 14)  # from infusion, both days included; the source's two weeks
RESPONDERS, NON_RESPONDERS = "CR or PR", "SD or PD"
GROUPS = (RESPONDERS, NON_RESPONDERS)
RESPONSE = {"CR": RESPONDERS, "PR": RESPONDERS, "SD": NON_RESPONDERS, "PD": NON_RESPONDERS}


def response_groups(cohort: Cohort) -> pd.Series:
    """Responders (CR, PR) and non-responders (SD, PD) by patient, missing where neither is known (NE among them).

    Raises MissingData where the cohort has no best response.
    """
    best = cohort.column("BEST_RESPONSE", "best response")
    return pd.Series(pd.Categorical(best.astype(object).map(RESPONSE), GROUPS), best.index)


def specimens(cohort: Cohort) -> pd.DataFrame:
    """The cohort's specimens: patient, time, day (from infusion, missing where unknown), fixation. Index SAMPLE_ID.

    Raises MissingData where no column says when specimens were taken, or how they were fixed.
    """
    samples = cohort.samples
    for column, what in (("BIOPSY_TIME", "times of biopsies"), ("FIXATION", "fixation of biopsies")):
        if column not in samples or samples[column].isna().all():
            raise MissingData(f"{cohort.name} has no {what}: its table of samples has no value in the column {column}")
    day = samples.get("BIOPSY_DAY", pd.Series(float("nan"), samples.index)).astype(float)
    columns = {"PATIENT_ID": "patient", "BIOPSY_TIME": "time", "FIXATION": "fixation"}
    return samples[list(columns)].rename(columns=columns).assign(day=day)


def in_window(table: pd.DataFrame) -> pd.Series:
    """Whether each specimen is early and of days 7 to 14; one without a day goes by the word of its time."""
    within = table["day"].isna() | table["day"].between(*EARLY_DAYS)
    return table["time"].eq(EARLY).fillna(False).astype(bool) & within


def log2_of(cohort: Cohort, panel: str) -> pd.DataFrame:
    """log2 counts of a panel's genes, samples × genes, without housekeeping genes. Raises MissingData where there is
    none, and says which panels there are: one does not stand in for another."""
    try:
        data = assays.panel(cohort, panel)
    except MissingData:
        others = formats.listed(sorted(set(cohort.ncounter or {}) - {panel})) or "none"
        raise MissingData(
            f"{cohort.name} was not measured on the panel {panel} (panels here: {others}); counts of two panels are "
            "not compared"
        ) from None
    return data.to_df().loc[:, data.var["class"].eq("Endogenous").to_numpy()]


def by_patient(log2: pd.DataFrame, table: pd.DataFrame, chosen: pd.Series, fixation: str) -> pd.DataFrame:
    """The mean of each patient's chosen specimens of one fixation, patients × genes.

    log2: samples × genes. table: of `specimens`. chosen: booleans by sample.
    """
    rows = table[chosen & table["fixation"].eq(fixation).fillna(False).astype(bool)]
    rows = rows[rows.index.isin(log2.index)]
    return log2.loc[rows.index].groupby(rows["patient"]).mean().sort_index()


def before_infusion(cohort: Cohort) -> tuple[str, dict[str, pd.DataFrame]]:
    """The panel of the baseline analysis and, by fixation, patients × genes before infusion.

    Raises MissingData where the cohort has none of BASELINE_PANELS, or no specimen of the baseline on it.
    """
    table = specimens(cohort)
    name = next((panel for panel in BASELINE_PANELS if panel in (cohort.ncounter or {})), BASELINE_PANELS[0])
    log2 = log2_of(cohort, name)
    chosen = table["time"].eq(BASELINE).fillna(False).astype(bool)
    values = {fixation: by_patient(log2, table, chosen, fixation) for fixation in FIXATIONS}
    if all(each.empty for each in values.values()):
        raise MissingData(f"{cohort.name} has no biopsy before infusion on the panel {name}")
    return name, values
