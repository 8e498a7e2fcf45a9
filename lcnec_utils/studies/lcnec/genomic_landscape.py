"""The genomic landscape by subtype: tables, findings and words of notebook 04."""

import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_count, of_share
from lcnec_utils.omics.genomics import (
    JUDGED,
    MMR_TESTS,
    NSCLC_LIKE,
    SCLC_LIKE,
    SUBTYPES,
    UNKNOWN,
    alterations,
    altered,
    burden,
    by_patient,
    clinical_tracks,
    counted_burden,
    counted_calls,
    deleted,
    genomic_subtype,
    mismatch_repair,
    targetable,
    targetable_alterations,
)
from lcnec_utils.stats.proportions import pairwise_share_differences, share_difference, share_finding, wilson

# Tracks above the genes: column → label; PD-L1 is shown in the groups that trials and labels use
TRACKS = {
    "SEX": "Sex", "AGE": "Age (years)", "FIRST_LINE_REGIMEN": "First-line treatment", "SAMPLE_TYPE": "Site of sample",
    "PDL1_SCORE": "PD-L1 (TPS)",
}  # fmt: skip
PDL1_GROUPS = {"< 1%": 1, "1–49%": 50, "≥ 50%": np.inf}  # label → the percentage below which it ends


@dataclasses.dataclass(frozen=True)
class Landscape:
    """The tumours of known subtype as a CoMut plot shows them.

    hit: samples × genes (`altered`). alterations: sample, gene, alteration. subtype: categorical by sample. burden:
    mutations per Mb by sample, or None. tracks: label → clinical values by sample.
    """

    hit: pd.DataFrame
    alterations: pd.DataFrame
    subtype: pd.Series
    burden: pd.Series | None
    tracks: dict[str, pd.Series]

    @property
    def table(self) -> pd.DataFrame:
        """The numbers plotted, by sample."""
        table = self.hit.assign(genomic_subtype=self.subtype)
        return table if self.burden is None else table.assign(tmb_per_mb=self.burden)


def landscape(cohort: Cohort, *, genes: list[str]) -> Landscape:
    """The landscape of a cohort's tumours of known genomic subtype; MissingData where there is none."""
    subtype = genomic_subtype(cohort)
    known = subtype[subtype != UNKNOWN].cat.remove_categories(UNKNOWN)
    if known.empty:
        raise MissingData(f"no tumour of {cohort.name} was profiled for all five genes that define the subtypes")
    try:
        per_mb = burden(cohort).reindex(known.index)
    except MissingData:
        per_mb = None
    tracks = clinical_tracks(cohort, columns=TRACKS)
    if (label := TRACKS["PDL1_SCORE"]) in tracks:
        edges = [-np.inf, *PDL1_GROUPS.values()]
        tracks[label] = pd.cut(tracks[label], edges, right=False, labels=list(PDL1_GROUPS))
    return Landscape(
        hit=altered(cohort, genes=genes).loc[known.index],
        alterations=alterations(cohort, genes=genes),
        subtype=known,
        burden=per_mb,
        tracks=tracks,
    )


def landscape_findings(cohort: Cohort) -> dict[str, list[Finding]]:
    """Findings on the genomic subtypes, by the tail of a claim's id: the share of each, and the tumours classified."""
    subtype = genomic_subtype(cohort)
    number = [of_count(int((subtype != UNKNOWN).sum()))]
    shares = {f"subtype.{name}": [share] for name, share in subtype_share_findings(subtype).items()}
    return shares | {"n": number, "n.classified": number}


def landscape_sentences(cohort: Cohort) -> str:
    """The number of tumours of each genomic subtype, and what the cohort's alterations do not show."""
    return subtype_sentence(genomic_subtype(cohort)) + caveat_sentences(cohort)


def caveat_sentences(cohort: Cohort) -> str:
    """Which mutations count as alterations, and in how many tumours no deletion of RB1 can be seen; empty where all is
    known."""
    calls, counted = cohort.need_mutations(), counted_calls(cohort)
    sentences = []
    if len(counted) < len(calls):
        sentences.append(f"{len(counted)} of {len(calls)} mutations are called pathogenic; only these are counted.")
    elif not any(column in calls and (calls[column] != "").any() for column in JUDGED):
        sentences.append(
            "The cohort does not say which mutations are pathogenic; variants of unknown significance (VUS) are "
            "included."
        )
    # a wild type that only mutations speak for: the tumour has no copy number of RB1
    wild_type = altered(cohort, genes=["RB1"])["RB1"].eq(False).fillna(False)
    if unseen := int((wild_type & deleted(cohort, gene="RB1").isna()).sum()):
        sentences.append(
            f"RB1 is called wild type from mutations alone in {unseen} of {int(wild_type.sum())} tumours: they have no "
            "copy number, so a deletion would not be seen."
        )
    return "".join(f" {sentence}" for sentence in sentences)


def subtype_sentence(subtype: pd.Series) -> str:
    """How many samples are of each genomic subtype, in one sentence; shares are of those whose subtype is known."""
    counts = subtype.value_counts()
    known = int(counts[SUBTYPES].sum())
    shares = ", ".join(f"{name} {formats.share(int(counts[name]), known)}" for name in SUBTYPES)
    unknown = f"; {counts[UNKNOWN]} of {len(subtype)} unknown, because a defining gene was not profiled"
    return f"Genomic subtype: {shares}{unknown if counts[UNKNOWN] else ''}."


def target_findings(cohort: Cohort) -> dict[str, list[Finding]]:
    """Findings on targetable alterations, by the tail of a claim's id: the share of tumours that carry one, and the
    number of each alteration."""
    assessed = targetable(cohort).dropna()
    if assessed.empty:
        lacking = Finding(None, note="the cohort gives no protein changes, so targetable alterations are not known")
        return {"targetable": [lacking], "targetable.discussion": [lacking]}
    carried = targetable_alterations(cohort).loc[assessed.index]
    k, n = int(assessed.sum()), len(assessed)
    share = [of_share(k, n, *wilson(k, n))]
    findings = {"targetable": share, "targetable.discussion": share}
    for name in carried:
        key = name.lower().replace(" ", "_").replace("::", "_")
        findings[f"targetable.{key}"] = [of_count(int(carried[name].sum()))]
    return findings


def target_sentence(cohort: Cohort) -> str:
    """How many tumours carry a targetable alteration, and which."""
    assessed = targetable(cohort).dropna()
    if assessed.empty:
        return " Targetable alterations are not known: the cohort gives no protein changes."
    carried = targetable_alterations(cohort).loc[assessed.index]  # of the tumours that the share is of
    counts = ", ".join(f"{name} {int(carried[name].sum())}" for name in carried if carried[name].any())
    return (
        f" Targetable: {formats.share(int(assessed.sum()), len(assessed))} tumours with "
        f"{formats.count(int(carried.sum().sum()), 'alteration')}{': ' if counts else ''}{counts}."
    )


def biomarker_sentences(cohort: Cohort) -> str:
    """How PD-L1 and mismatch repair were tested, with n; where tests of repair, or two mutational burdens, disagree."""
    sentences = []
    scored = cohort.samples.get("PDL1_SCORE", pd.Series(np.nan, cohort.samples.index)).notna()
    if scored.any() and "PDL1_ASSAY" in cohort.samples:
        counts = cohort.samples.loc[scored, "PDL1_ASSAY"].fillna("antibody not recorded").value_counts()
        antibodies = ", ".join(f"{name} ({n})" for name, n in sorted(counts.items()))
        sentences.append(f"PD-L1 was tested by {antibodies}.")
    repair = mismatch_repair(cohort)
    counts = repair.loc[repair["method"] != "", "method"].value_counts()
    if len(counts):
        methods = ", ".join(f"{name} ({counts[name]})" for name in dict.fromkeys(MMR_TESTS.values()) if name in counts)
        discordant = int(repair["discordant"].sum())
        disagree = f"; the tests disagree in {formats.count(discordant, 'tumour')}" if discordant else ""
        sentences.append(f"Mismatch repair was tested by {methods}{disagree}.")
    try:
        differs = (counted_burden(cohort) - burden(cohort)).abs() > 0.5
        sentences.append(
            "The recorded mutational burden differs from the counted one by more than 0.5 per Mb in "
            f"{formats.count(int(differs.sum()), 'tumour')}."
        )
    except MissingData:
        pass
    return "".join(f" {sentence}" for sentence in sentences)


def subtype_share_findings(subtype: pd.Series) -> dict[str, Finding]:
    """The share of each genomic subtype among tumours of known subtype, as findings; keys nsclc_like, sclc_like, …"""
    known = subtype[subtype != UNKNOWN]
    findings = {}
    for name in SUBTYPES:
        k, n = int((known == name).sum()), len(known)
        findings[_key(name)] = of_share(k, n, *wilson(k, n))
    return findings


def _key(subtype: str) -> str:
    """A subtype as claim ids have it: nsclc_like."""
    return subtype.lower().replace("-", "_")


def labels_with_counts(subtype: pd.Series, *names: str) -> list[str]:
    """Subtypes with the number of their tumours, as a figure shows them."""
    counts = subtype.value_counts()
    return [f"{name} (n = {counts.get(name, 0)})" for name in names]


def altered_difference(cohort: Cohort, *, gene: str, first: str, second: str) -> Finding:
    """The share of a gene's carriers in one genomic subtype less that in another, by patient, as a finding."""
    subtype = by_patient(cohort, genomic_subtype(cohort)).astype(str)
    of_first = subtype.map({first: True, second: False}).astype("boolean")
    return share_difference(by_patient(cohort, altered(cohort, genes=[gene]))[gene], of_first, what=gene)


def prevalence_findings(cohort: Cohort, subtype: pd.Series) -> dict[str, list[Finding]]:
    """Findings on the prevalence of genes by genomic subtype, by the tail of a claim's id."""
    counts = subtype.value_counts()
    return {
        "kmt2d": [altered_difference(cohort, gene="KMT2D", first=SCLC_LIKE, second=NSCLC_LIKE)],
        "smarca4": [altered_difference(cohort, gene="SMARCA4", first=NSCLC_LIKE, second=SCLC_LIKE)],
        "n.nsclc_like": [of_count(int(counts[NSCLC_LIKE]))],
        "n.sclc_like": [of_count(int(counts[SCLC_LIKE]))],
    }


def biomarker_findings(table: pd.DataFrame, markers: pd.DataFrame, subtype: pd.Series) -> dict[str, list[Finding]]:
    """Findings on the biomarkers of the genomic subtypes, named `<marker>.<subtype>`, and `pdl1` over all pairs.

    table: proportions.shares of markers by subtype.
    """
    findings = {
        f"tmb_high.{_key(name)}": [share_finding(table, group=name, what="TMB high")]
        for name in (NSCLC_LIKE, SCLC_LIKE)
    }
    for name in SUBTYPES:
        findings[f"dmmr.{_key(name)}"] = [share_finding(table, group=name, what="MMR deficient")]
    for name, n in subtype.value_counts().items():
        findings[f"n.{_key(name)}"] = [of_count(int(n))]
    unnamed = Finding(None, note="the legend does not name the biomarker")
    findings |= {f"p.unclassified_vs_{_key(name)}": [unnamed] for name in (NSCLC_LIKE, SCLC_LIKE)}
    return findings | {"pdl1": pairwise_share_differences(markers, subtype, what="PD-L1 positive")}
