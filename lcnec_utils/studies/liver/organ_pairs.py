"""Samples of the lung and of the liver of one patient, paired; the organ of a sample."""

import numpy as np
import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData, UserError

LUNG, LIVER = "lung", "liver"
ORGANS = (LUNG, LIVER)
NOT_STATED = "organ not stated"


def organs(cohort: Cohort) -> pd.Series:
    """The organ of each sample in small letters, by ORGAN; else by SAMPLE_TYPE and METASTATIC_SITE or PRIMARY_SITE.

    Missing where no column says it. Index SAMPLE_ID.
    """
    samples = cohort.samples
    if "ORGAN" in samples:
        organ = samples["ORGAN"]
    elif {"SAMPLE_TYPE", "METASTATIC_SITE"} <= set(samples):
        primary = samples["SAMPLE_TYPE"].astype(str).str.lower().str.startswith("primary")
        own = samples.get("PRIMARY_SITE", pd.Series(np.nan, samples.index))
        organ = samples["METASTATIC_SITE"].where(~primary, own)
    else:
        return pd.Series(np.nan, samples.index, dtype=object)
    return organ.astype(object).where(organ.notna() & (organ != "")).str.strip().str.lower()


def organ_pairs(cohort: Cohort, *, simultaneous_months: float = 1.0) -> pd.DataFrame:
    """The first sample of the lung and the first of the liver of every patient with both. Index PATIENT_ID.

    Columns: lung, liver (SAMPLE_ID), months_apart (of BIOPSY_MONTHS; missing where it is), together (whether they are
    at most simultaneous_months apart; missing likewise). Raises MissingData where no patient has both.
    """
    table = cohort.samples.assign(organ=organs(cohort)).reset_index()
    first = table[table["organ"].isin(ORGANS)].drop_duplicates(["PATIENT_ID", "organ"])
    pairs = first.pivot(index="PATIENT_ID", columns="organ", values="SAMPLE_ID").reindex(columns=ORGANS).dropna()
    if pairs.empty:
        counts = table["organ"].value_counts()
        sizes = formats.listed([f"{counts.get(organ, 0):,} samples of the {organ}" for organ in ORGANS])
        raise MissingData(f"no patient of {cohort.name} has a sample of both organs: there are {sizes}")
    months = cohort.samples.get("BIOPSY_MONTHS", pd.Series(np.nan, cohort.samples.index)).astype(float)
    apart = (months.loc[pairs[LIVER]].to_numpy() - months.loc[pairs[LUNG]].to_numpy()).astype(float)
    pairs["months_apart"] = apart
    pairs["together"] = pd.Series(np.abs(apart) <= simultaneous_months, pairs.index).astype("boolean")
    pairs["together"] = pairs["together"].mask(pairs["months_apart"].isna())
    return pairs.rename_axis(columns=None)


def has_pairs(cohort: Cohort) -> bool:
    """Whether any patient has a sample of both organs."""
    try:
        return not organ_pairs(cohort).empty
    except MissingData:
        return False


def by_organ(values: pd.Series, pairs: pd.DataFrame) -> pd.DataFrame:
    """Values of samples as one row per pair: lung, liver, together. values: index SAMPLE_ID."""
    sides = {organ: values.reindex(pairs[organ]).to_numpy() for organ in ORGANS}
    return pd.DataFrame({**sides, "together": pairs["together"]}, index=pairs.index)


def counted(cohort: Cohort, column: str, what: str) -> pd.Series:
    """A column of counts by sample, missing where it is empty. Index SAMPLE_ID.

    what: the counts in words. Raises MissingData where there is no count, UserError for a value that is no whole number
    from 0 on.
    """
    given = cohort.samples.get(column, pd.Series(np.nan, cohort.samples.index)).astype(object)
    given = given.mask(given.astype(str).str.strip() == "")
    if given.isna().all():
        raise MissingData(f"{cohort.name} has no {what}: its table of samples has no value in the column {column}")
    numbers = pd.to_numeric(given, errors="coerce").astype(float)
    wrong = given.notna() & (numbers.isna() | (numbers < 0) | (numbers % 1 != 0))
    if wrong.any():
        raise UserError(
            f"{cohort.name}/data_clinical_sample.txt, column {column}: '{given[wrong].iloc[0]}' of sample "
            f"{given.index[wrong][0]} is no count; correct it, or leave it empty"
        )
    return numbers


def pairs_sentence(pairs: pd.DataFrame) -> str:
    """How many pairs there are, how many of them were taken together, and how far apart the others are."""
    head = formats.count(len(pairs), "pair")
    known = pairs.dropna(subset="months_apart")
    if known.empty:
        return f"{head} of a lung and a liver sample; when they were taken is not recorded."
    apart = known.loc[~known["together"].astype(bool), "months_apart"].abs()
    others = (
        f"; the others lie {formats.number(apart.median(), 1)} months apart in the median "
        f"({formats.number(apart.min(), 1)} to {formats.number(apart.max(), 1)})"
        if len(apart)
        else ""
    )
    return f"{head} of a lung and a liver sample, {int(known['together'].sum())} taken together{others}."
