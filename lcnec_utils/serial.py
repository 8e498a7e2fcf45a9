"""Two tumour samples of one patient: what stays, what comes and goes between them, genome against transcriptome."""

import dataclasses

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils import formats, genomics
from lcnec_utils.claims import Finding, of_count
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.errors import MissingData
from lcnec_utils.expression import FACTORS, log2_expression, tf_subtype
from lcnec_utils.proportions import wilson


def pairs(cohort: Cohort) -> pd.DataFrame:
    """The first and the last sample of every patient with two or more, in time's order. Index PATIENT_ID.

    Columns: first, second (SAMPLE_ID), months between them (missing where BIOPSY_MONTHS is), samples (how many there
    are). Where fewer than two of a patient's samples have a time the order is the file's; else those without a time are
    passed over. Raises MissingData where no patient has two samples.
    """
    samples = cohort.samples.reset_index()
    if "BIOPSY_MONTHS" in samples:
        samples = samples.sort_values("BIOPSY_MONTHS", kind="stable", na_position="last")
    else:
        samples["BIOPSY_MONTHS"] = np.nan
    rows = {}
    for patient, mine in samples.groupby("PATIENT_ID", sort=True):
        if len(mine) > 1:
            timed = mine[mine["BIOPSY_MONTHS"].notna()]
            ordered = timed if len(timed) > 1 else mine.sort_index()
            first, last = ordered.iloc[0], ordered.iloc[-1]
            rows[patient] = {
                "first": first["SAMPLE_ID"], "second": last["SAMPLE_ID"],
                "months": last["BIOPSY_MONTHS"] - first["BIOPSY_MONTHS"], "samples": len(mine),
            }  # fmt: skip
    if not rows:
        raise MissingData(f"{cohort.name} has no patient with two samples")
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("PATIENT_ID")


@dataclasses.dataclass(frozen=True)
class Evolution:
    """Pairs with what was found in either sample. table: index PATIENT_ID, columns of `pairs` and, for each sample (_1,
    _2), genomic_subtype, tf_subtype; kept, gained, lost (genes, comma-joined; of those profiled in both).
    samples: the pairs' samples one under another, with patient, months, genomic_subtype, tf_subtype, TMB (per Mb) and
    PD-L1 (%). alterations and hit: genomics.alterations and genomics.altered of these samples.
    """

    table: pd.DataFrame
    samples: pd.DataFrame
    alterations: pd.DataFrame
    hit: pd.DataFrame


def evolution(cohort: Cohort, genes: list[str], reference: pd.DataFrame | None = None) -> Evolution:
    """What stays and what changes from each patient's first to last sample.

    reference: log2 expression over which the transcription factors are standardised (samples × FACTORS); the cohort's
    own samples where there is none. Samples without expression have no transcription-factor subtype.
    """
    table = pairs(cohort)
    order = [sample for pair in table[["first", "second"]].to_numpy() for sample in pair]
    hit = genomics.altered(cohort, genes).loc[order]
    subtype = genomics.genomic_subtype(cohort).loc[order].astype(str)
    try:
        factors = tf_subtype(log2_expression(cohort, FACTORS), reference).astype(str).reindex(order)
    except MissingData:
        factors = pd.Series(np.nan, order, dtype=object)
    for side, column in ((1, "first"), (2, "second")):
        table[f"genomic_subtype_{side}"] = subtype.reindex(table[column]).to_numpy()
        table[f"tf_subtype_{side}"] = factors.reindex(table[column]).to_numpy()
    before, after = (hit.loc[table[column]].set_axis(table.index) for column in ("first", "second"))
    for name, kept in (("kept", before & after), ("gained", ~before & after), ("lost", before & ~after)):
        kept = kept.fillna(False).astype(bool)  # not profiled in both: neither kept nor gained nor lost
        table[name] = [", ".join(kept.columns[row]) for row in kept.to_numpy()]
    samples = cohort.samples.loc[order, ["PATIENT_ID"]].rename(columns={"PATIENT_ID": "patient"})
    samples["months"] = cohort.samples.loc[order].get("BIOPSY_MONTHS", np.nan)
    samples["genomic_subtype"], samples["tf_subtype"] = subtype, factors
    try:
        samples["tmb"] = genomics.burden(cohort).loc[order]
    except MissingData:
        samples["tmb"] = np.nan
    samples["pdl1"] = cohort.samples.loc[order].get("PDL1_SCORE", np.nan)
    found = genomics.alterations(cohort, genes)
    return Evolution(table, samples, found[found["sample"].isin(order)], hit)


def _changes(table: pd.DataFrame, what: str) -> pd.Series:
    """Whether a subtype changes in each pair in which it is known of both samples."""
    known = table[[f"{what}_1", f"{what}_2"]].replace(genomics.UNKNOWN, np.nan).dropna()
    return known[f"{what}_1"] != known[f"{what}_2"]


def _share(changes: pd.Series, percent: bool) -> Finding:
    if not len(changes):
        return Finding(None, note="no pair is known on both sides")
    k, n, unit = int(changes.sum()), len(changes), 100.0 if percent else 1.0
    (low, high), (low_90, high_90) = (wilson(k, n, level) for level in (0.95, 0.90))
    limits = {"lower": low, "upper": high, "lower_90": low_90, "upper_90": high_90}
    return Finding(
        unit * k / n, **{name: unit * limit for name, limit in limits.items()}, n=n, events=k, scale="difference"
    )


def paired_difference(one: pd.Series, other: pd.Series) -> Finding:
    """The share of True in one less that in the other, of the same pairs (booleans, one index).

    p and limits are exact and conditional on the pairs that differ (McNemar's exact test, Clopper–Pearson): few pairs
    allow no more. Raises nothing; without a pair that differs the difference is none and has no limits.
    """
    both = pd.DataFrame({"one": one, "other": other}).dropna().astype(bool)
    more, less = int((both["one"] & ~both["other"]).sum()), int((~both["one"] & both["other"]).sum())
    apart, n = more + less, len(both)
    if not apart:
        return Finding(None, n=n, note="no pair differs")
    test = stats.binomtest(more, apart)
    limits = {}
    for name, level in (("", 0.95), ("_90", 0.90)):
        interval = test.proportion_ci(level, method="exact")
        limits |= {
            f"lower{name}": (2 * interval.low - 1) * apart / n,
            f"upper{name}": (2 * interval.high - 1) * apart / n,
        }
    return Finding((more - less) / n, **limits, p=float(test.pvalue), n=n, scale="difference")


def _gap(months: pd.Series) -> Finding:
    months = months.dropna()
    return Finding(float(months.median()), n=len(months)) if len(months) else Finding(None, note="no time is recorded")


def findings(found: Evolution, members: dict[str, Cohort | None]) -> dict[str, list[Finding]]:
    """Findings on pairs, by the tail of a claim's id. members: `c1`, `c2` → the cohort the patients may be of."""
    table = found.table
    genome, factor = _changes(table, "genomic_subtype"), _changes(table, "tf_subtype")
    answers = {"n": [of_count(len(table))], "n.tf_pairs": [of_count(len(factor))]}
    for name, cohort in members.items():
        if cohort is None:
            continue
        mine = table[table.index.isin(cohort.patients.index)]
        answers |= {f"n.{name}": [of_count(len(mine))], f"gap.{name}": [_gap(mine["months"])]}
    retained, shift = _share(genome, percent=False), _share(factor, percent=True)
    more = paired_difference(factor, genome)
    return answers | {
        "drivers_retained": [retained],
        "drivers_stable.abstract": [retained],
        "tf_shift": [shift],
        "tf_more_than_genome": [more],
        "tf_shift.abstract": [more],
    }


def sentence(found: Evolution) -> str:
    """Pairs, time between, drivers kept and gained, and which subtypes change, in words."""
    table, months = found.table, found.table["months"].dropna()
    genome, factor = _changes(table, "genomic_subtype"), _changes(table, "tf_subtype")
    time = (
        f", {formats.number(months.median(), 1)} months apart in the median ({formats.number(months.min(), 1)} to "
        f"{formats.number(months.max(), 1)}; n = {len(months)})"
        if len(months)
        else ", without their times"
    )
    changes = (
        f"changes in {formats.share(int(genome.sum()), len(genome))} of pairs"
        if len(genome)
        else "is known of no pair on both sides"
    )
    shifts = (
        f"in {formats.share(int(factor.sum()), len(factor))}" if len(factor) else "is known of no pair on both sides"
    )
    gained, lost = ((table[name] != "").sum() for name in ("gained", "lost"))
    more = paired_difference(factor, genome)
    tested = f" (exact McNemar {formats.p_value(more.p)}, n = {more.n})" if more.value is not None else ""
    return (
        f"{formats.count(len(table), 'pair')} of samples{time}. Of the drivers shown {gained} pairs gain and {lost} "
        f"lose one. The genomic subtype {changes}, the "
        f"transcription-factor subtype {shifts}{tested}."
    )
