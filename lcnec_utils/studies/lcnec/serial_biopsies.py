"""Two tumour samples of one patient compared: drivers, genomic and transcription-factor subtypes; notebook 05."""

import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_count
from lcnec_utils.omics import genomics
from lcnec_utils.omics.expression import FACTORS, log2_expression, tf_subtype
from lcnec_utils.stats.paired import paired_difference
from lcnec_utils.stats.proportions import wilson


def sample_pairs(cohort: Cohort) -> pd.DataFrame:
    """The first and the last sample of every patient with two or more, in order of time. Index PATIENT_ID.

    Columns: first, second (SAMPLE_ID), months between them (missing where BIOPSY_MONTHS is), samples (how many there
    are). Where two or more of a patient's samples have a time, those without one are left out; otherwise the order is
    the file's. Raises MissingData where no patient has two samples.
    """
    samples = cohort.samples.reset_index()
    if "BIOPSY_MONTHS" in samples:
        samples = samples.sort_values("BIOPSY_MONTHS", kind="stable", na_position="last")
    else:
        samples["BIOPSY_MONTHS"] = np.nan
    rows = {}
    for patient, taken in samples.groupby("PATIENT_ID", sort=True):
        if len(taken) > 1:
            timed = taken[taken["BIOPSY_MONTHS"].notna()]
            ordered = timed if len(timed) > 1 else taken.sort_index()
            first, last = ordered.iloc[0], ordered.iloc[-1]
            rows[patient] = {
                "first": first["SAMPLE_ID"], "second": last["SAMPLE_ID"],
                "months": last["BIOPSY_MONTHS"] - first["BIOPSY_MONTHS"], "samples": len(taken),
            }  # fmt: skip
    if not rows:
        raise MissingData(f"{cohort.name} has no patient with two samples")
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("PATIENT_ID")


@dataclasses.dataclass(frozen=True)
class Evolution:
    """Pairs of samples with the alterations and subtypes of each.

    table: index PATIENT_ID, columns of `sample_pairs` and, for each sample (_1, _2), genomic_subtype and tf_subtype;
    kept, gained, lost (genes, comma-joined; of those profiled in both samples). samples: the pairs' samples one under
    another, with patient, months, genomic_subtype, tf_subtype, tmb (per Mb) and pdl1 (%). alterations and hit:
    genomics.alterations and genomics.altered of these samples.
    """

    table: pd.DataFrame
    samples: pd.DataFrame
    alterations: pd.DataFrame
    hit: pd.DataFrame


def evolution(cohort: Cohort, *, genes: list[str], reference: pd.DataFrame | None = None) -> Evolution:
    """Each patient's first and last sample compared.

    reference: log2 expression over which the transcription factors are standardised (samples × FACTORS); the cohort's
    own samples where there is none. Samples without expression have no transcription-factor subtype.
    """
    table = sample_pairs(cohort)
    order = [sample for pair in table[["first", "second"]].to_numpy() for sample in pair]
    hit = genomics.altered(cohort, genes=genes).loc[order]
    subtype = genomics.genomic_subtype(cohort).loc[order].astype(str)
    try:
        factors = tf_subtype(log2_expression(cohort, genes=FACTORS), reference).astype(str).reindex(order)
    except MissingData:
        factors = pd.Series(np.nan, order, dtype=object)
    for side, column in ((1, "first"), (2, "second")):
        table[f"genomic_subtype_{side}"] = subtype.reindex(table[column]).to_numpy()
        table[f"tf_subtype_{side}"] = factors.reindex(table[column]).to_numpy()
    before, after = (hit.loc[table[column]].set_axis(table.index) for column in ("first", "second"))
    for name, cells in (("kept", before & after), ("gained", ~before & after), ("lost", before & ~after)):
        cells = cells.fillna(False).astype(bool)  # not profiled in both: neither kept nor gained nor lost
        table[name] = [", ".join(cells.columns[row]) for row in cells.to_numpy()]
    samples = cohort.samples.loc[order, ["PATIENT_ID"]].rename(columns={"PATIENT_ID": "patient"})
    samples["months"] = cohort.samples.loc[order].get("BIOPSY_MONTHS", np.nan)
    samples["genomic_subtype"], samples["tf_subtype"] = subtype, factors
    try:
        samples["tmb"] = genomics.burden(cohort).loc[order]
    except MissingData:
        samples["tmb"] = np.nan
    samples["pdl1"] = cohort.samples.loc[order].get("PDL1_SCORE", np.nan)
    alterations = genomics.alterations(cohort, genes=genes)
    return Evolution(table, samples, alterations[alterations["sample"].isin(order)], hit)


def _subtype_changes(table: pd.DataFrame, subtype: str) -> pd.Series:
    """Whether a subtype (genomic_subtype, tf_subtype) changes, in each pair in which it is known of both samples."""
    known = table[[f"{subtype}_1", f"{subtype}_2"]].replace(genomics.UNKNOWN, np.nan).dropna()
    return known[f"{subtype}_1"] != known[f"{subtype}_2"]


def _share_of_changes(changes: pd.Series, *, percent: bool) -> Finding:
    """The share of pairs that change, with Wilson's interval: in percent, or as a fraction."""
    if not len(changes):
        return Finding(None, note="no pair has the subtype of both samples")
    k, n, unit = int(changes.sum()), len(changes), 100.0 if percent else 1.0
    (low, high), (low_90, high_90) = (wilson(k, n, level=level) for level in (0.95, 0.90))
    limits = {"lower": low, "upper": high, "lower_90": low_90, "upper_90": high_90}
    return Finding(
        unit * k / n, **{name: unit * limit for name, limit in limits.items()}, n=n, events=k, scale="difference"
    )


def _median_gap(months: pd.Series) -> Finding:
    """The median time between two samples, in months."""
    months = months.dropna()
    return Finding(float(months.median()), n=len(months)) if len(months) else Finding(None, note="no time is recorded")


def pair_findings(pairs: Evolution, *, members: dict[str, Cohort | None]) -> dict[str, list[Finding]]:
    """Findings on pairs, by the tail of a claim's id. members: `c1`, `c2` → the cohort the patients may be of."""
    table = pairs.table
    genomic, by_factor = _subtype_changes(table, "genomic_subtype"), _subtype_changes(table, "tf_subtype")
    findings = {"n": [of_count(len(table))], "n.tf_pairs": [of_count(len(by_factor))]}
    for name, cohort in members.items():
        if cohort is None:
            continue
        of_cohort = table[table.index.isin(cohort.patients.index)]
        findings |= {f"n.{name}": [of_count(len(of_cohort))], f"gap.{name}": [_median_gap(of_cohort["months"])]}
    genomic_share = _share_of_changes(genomic, percent=False)
    difference = paired_difference(by_factor, genomic)
    return findings | {
        "drivers_retained": [genomic_share],
        "drivers_stable.abstract": [genomic_share],
        "tf_shift": [_share_of_changes(by_factor, percent=True)],
        "tf_more_than_genome": [difference],
        "tf_shift.abstract": [difference],
    }


def _change_clause(subtype: str, changes: pd.Series) -> str:
    if not len(changes):
        return f"the {subtype} is not known of both samples in any pair"
    return f"the {subtype} changes in {formats.share(int(changes.sum()), len(changes))} of pairs"


def pairs_of_samples_sentences(pairs: Evolution) -> str:
    """How many pairs there are, how far apart, how many gain or lose a driver, and which subtypes change."""
    table, months = pairs.table, pairs.table["months"].dropna()
    genomic, by_factor = _subtype_changes(table, "genomic_subtype"), _subtype_changes(table, "tf_subtype")
    time = (
        f", taken a median of {formats.number(months.median(), 1)} months apart ({formats.number(months.min(), 1)} to "
        f"{formats.number(months.max(), 1)}; n = {len(months)})"
        if len(months)
        else "; their times are not recorded"
    )
    gained, lost = ((table[name] != "").sum() for name in ("gained", "lost"))
    difference = paired_difference(by_factor, genomic)
    test = (
        f" (exact McNemar {formats.p_value(difference.p)}, n = {difference.n})" if difference.value is not None else ""
    )
    clause = _change_clause("genomic subtype", genomic)
    return (
        f"{formats.count(len(table), 'pair')} of samples{time}. Of the genes shown, an alteration is gained in "
        f"{formats.count(gained, 'pair')} and lost in {formats.count(lost, 'pair')}. {clause[0].upper()}{clause[1:]}; "
        f"{_change_clause('transcription-factor subtype', by_factor)}{test}."
    )
