"""The genomic landscape by subtype: tables, findings and words of notebook 04."""

import dataclasses
from collections.abc import Iterable

import numpy as np
import pandas as pd

from lcnec_utils.cohort import histology
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.cohort.treatment import REGIMENS, regimen
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
    mismatch_repair_tests,
    subtype_is_given,
    targetable,
    targetable_alterations,
)
from lcnec_utils.stats.proportions import (
    pairwise_share_differences,
    share_difference,
    share_finding,
    shares,
    wilson,
)
from lcnec_utils.stats.share_tests import overall_share_test
from lcnec_utils.studies.words import shares_sentence

# Tracks above the genes: column → label; PD-L1 is shown in the groups that trials and labels use
TRACKS = {
    "SEX": "Sex", "AGE": "Age (years)", "FIRST_LINE_REGIMEN": "First-line treatment", "SAMPLE_TYPE": "Site of sample",
    "PDL1_SCORE": "PD-L1 (TPS)",
}  # fmt: skip
PDL1_GROUPS = {"< 1%": 1, "1–49%": 50, "≥ 50%": np.inf}  # label → the percentage below which it ends
NOT_RECORDED = "not recorded"
DEFICIENT, PROFICIENT = "deficient", "proficient"


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


def with_subtypes(cohorts: dict[str, Cohort]) -> dict[str, Cohort]:
    """Those of these cohorts, by role, whose tumours have a known genomic subtype. Raises MissingData, with what the
    first lacks, where none has."""
    known, lacking = {}, []
    for role, cohort in cohorts.items():
        try:
            if (genomic_subtype(histology.pure(cohort)) != UNKNOWN).any():
                known[role] = cohort
            else:
                lacking.append(f"{cohort.name} has no tumour of known genomic subtype")
        except MissingData as reason:
            lacking.append(str(reason))
    if not known:
        raise MissingData(lacking[0])
    return known


def subtype_shares(cohorts: Iterable[Cohort]) -> pd.DataFrame:
    """The share of each genomic subtype among tumours of known subtype: group, what, k, n, share, lower, upper.

    group: a cohort's pure tumours; where it has combined ones, all of them as another group.
    """
    rows = []
    for cohort in cohorts:
        for label, tumours in histology.pure_and_all(cohort).items():
            subtype = genomic_subtype(tumours)
            n = int((subtype != UNKNOWN).sum())
            for name in SUBTYPES:
                k = int((subtype == name).sum())
                lower, upper = wilson(k, n)
                rows.append({"group": label, "what": name, "k": k, "n": n, "share": k / n, "lower": lower,
                             "upper": upper})  # fmt: skip
    return pd.DataFrame(rows)


def subtype_shares_sentence(table: pd.DataFrame, cohorts: Iterable[Cohort]) -> str:
    """The shares of `subtype_shares` in words, and of which cohorts the subtype is the one that the study gives."""
    given = [cohort.label for cohort in cohorts if subtype_is_given(cohort)]
    by_study = f" Not called from mutations here but as the study gives it: {formats.listed(given)}." if given else ""
    return f"{shares_sentence(table)}{by_study}"


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


def biomarker_findings(table: pd.DataFrame, subtype: pd.Series) -> dict[str, list[Finding]]:
    """Findings on the biomarkers of the genomic subtypes, named `<marker>.<subtype>`.

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
    return findings | {f"p.unclassified_vs_{_key(name)}": [unnamed] for name in (NSCLC_LIKE, SCLC_LIKE)}


def pdl1_over_regimens(cohort: Cohort, markers: pd.DataFrame, *, min_group: int = 5) -> list[Finding]:
    """The difference in the share of PD-L1 positive tumours between every two of REGIMENS, as findings."""
    try:
        groups = regimen(cohort)
    except MissingData as reason:
        return [Finding(None, note=str(reason))]
    return pairwise_share_differences(markers, groups, what="PD-L1 positive", min_group=min_group, only=REGIMENS)


def share_test_labels(tests: pd.DataFrame) -> pd.DataFrame:
    """What a figure writes over two groups: what, group, other, label, of the rows of `pairwise_share_tests` with a p.

    Fisher's p stands beside that of the chi-squared test where an expected count is under 5.
    """
    tested = tests[tests["p_chi_squared"].notna()]
    labels = [_both_p(row.p_chi_squared, row.p_fisher) for row in tested.itertuples()]
    return tested[["what", "group", "other"]].assign(label=labels)


def _both_p(chi_squared: float, fisher: float) -> str:
    exact = f" (Fisher {formats.p_value(fisher).removeprefix('p ').removeprefix('= ')})" if fisher == fisher else ""
    return f"{formats.p_value(chi_squared)}{exact}"


def pairs_sentence(tests: pd.DataFrame) -> str:
    """The p of every two groups by biomarker, from `pairwise_share_tests`."""
    parts = []
    for what, rows in tests[tests["p_chi_squared"].notna()].groupby("what", sort=False):
        pairs = (f"{row.group} and {row.other} {_both_p(row.p_chi_squared, row.p_fisher)}" for row in rows.itertuples())
        parts.append(f"{what}: {', '.join(pairs)}")
    if not parts:
        return " No two subtypes could be compared."
    return f" Chi-squared test of every two subtypes, not adjusted: {'; '.join(parts)}."


def pdl1_by_antibody(cohort: Cohort, *, pdl1_positive_percent: float) -> pd.DataFrame:
    """The share of PD-L1 positive tumours by the antibody that stained them, one tumour a patient.

    Columns as `proportions.shares`. A scored tumour whose antibody is not recorded is a group of its own. Raises
    MissingData where the cohort has no score or no antibody of a scored tumour.
    """
    for column in ("PDL1_SCORE", "PDL1_ASSAY"):
        if column not in cohort.samples or cohort.samples[column].isna().all():
            raise MissingData(f"{cohort.name} has no PD-L1 by antibody: column {column} is absent or empty")
    table = by_patient(cohort, cohort.samples[["PDL1_SCORE", "PDL1_ASSAY"]])
    scored = table[table["PDL1_SCORE"].notna()]
    if scored["PDL1_ASSAY"].isna().all():
        raise MissingData(f"{cohort.name}: no tumour with a PD-L1 score (PDL1_SCORE) has its antibody (PDL1_ASSAY)")
    names = [*sorted(scored["PDL1_ASSAY"].dropna().unique()), NOT_RECORDED]
    antibody = pd.Series(pd.Categorical(scored["PDL1_ASSAY"].fillna(NOT_RECORDED), names), scored.index)
    positive = (scored["PDL1_SCORE"] >= pdl1_positive_percent).to_frame(f"PD-L1 ≥ {pdl1_positive_percent:g}%")
    return shares(positive, antibody.cat.remove_unused_categories())


def antibody_test(table: pd.DataFrame, *, min_group: int = 1) -> dict[str, float]:
    """The test over the antibodies of `pdl1_by_antibody`, those that are known: keys of `overall_share_test`."""
    return overall_share_test(table[table["group"] != NOT_RECORDED], min_group=min_group)


def antibody_labels(table: pd.DataFrame, overall: dict[str, float]) -> pd.DataFrame:
    """What a figure writes over all antibodies, as `share_test_labels` has it, from `antibody_test`."""
    groups = [name for name in table["group"] if name != NOT_RECORDED]
    label = _both_p(overall["p_chi_squared"], overall["p_fisher"])
    rows = [(table["what"].iloc[0], groups[0], groups[-1], f"{overall['groups']} antibodies: {label}")]
    return pd.DataFrame(
        rows if overall["p_chi_squared"] == overall["p_chi_squared"] else [],
        columns=["what", "group", "other", "label"],
    )


def antibody_sentence(table: pd.DataFrame, overall: dict[str, float], *, min_group: int) -> str:
    """The share positive by antibody with n, and whether the antibodies differ."""
    what, parts = table["what"].iloc[0], []
    for row in table.itertuples():
        limits = f"{formats.number(100 * row.lower)}–{formats.number(100 * row.upper)}"
        parts.append(f"{row.group} {formats.share(row.k, row.n)}, 95% CI {limits}%")
    if overall["p_chi_squared"] == overall["p_chi_squared"]:
        p = _both_p(overall["p_chi_squared"], overall["p_fisher"])
        test = f"Chi-squared test over {overall['groups']} antibodies: {p}."
    elif overall["groups"] < 2:
        test = f"Antibodies are not compared: fewer than two have {min_group} tumours or more."
    else:
        test = "Antibodies are not compared: every tumour has the same result."
    return f"{what}: {'; '.join(parts)}. {test} The antibody was not assigned at random."


def repair_tests(cohort: Cohort) -> pd.DataFrame:
    """The results of each test of mismatch repair (`genomics.mismatch_repair_tests`), one tumour a patient."""
    return by_patient(cohort, mismatch_repair_tests(cohort))


def agreement_matrix(row) -> pd.DataFrame:
    """A row of `agreement.pairwise_agreement` as `plots.confusion` draws it: truth (first test), called (second), n."""
    cells = [(DEFICIENT, DEFICIENT, row.both), (DEFICIENT, PROFICIENT, row.first_only),
             (PROFICIENT, DEFICIENT, row.second_only), (PROFICIENT, PROFICIENT, row.neither)]  # fmt: skip
    return pd.DataFrame(cells, columns=["truth", "called", "n"])


def agreement_axes(row) -> dict[str, str]:
    """The names of the two tests of a row of `pairwise_agreement`, as the axes of `plots.confusion` have them."""
    short = {"immunohistochemistry": "IHC"}
    return {side: short.get(name, name.capitalize()) for side, name in (("truth", row.first), ("called", row.second))}


def agreement_title(row) -> str:
    """Percent agreement of two tests with its interval, and Cohen's kappa, in two lines."""
    if not row.n:
        return "No tumour has both tests"
    limits = f"{formats.number(100 * row.lower)}–{formats.number(100 * row.upper)}"
    return f"{formats.number(100 * row.agreement)}% agree ({limits})\nκ {_kappa(row)}"


def _kappa(row) -> str:
    if row.kappa != row.kappa:
        return formats.NOT_ESTIMABLE
    numbers = [formats.number(value, 2) for value in (row.kappa, row.kappa_lower, row.kappa_upper)]
    return f"{numbers[0]} ({numbers[1]}–{numbers[2]})"


def final_calls(cohort: Cohort) -> pd.DataFrame:
    """The final call of mismatch repair by the test that made it, in the stated order: test, n, deficient, discordant.

    discordant: tumours in which a later test says otherwise. One tumour a patient; the last row is all of them.
    """
    repair = by_patient(cohort, mismatch_repair(cohort))
    called = repair[repair["deficient"].notna()]
    rows = [(name, of_test) for name in dict.fromkeys(MMR_TESTS.values())
            if len(of_test := called[called["method"] == name])]  # fmt: skip
    counts = [
        (name, len(of_test), int(of_test["deficient"].sum()), int(of_test["discordant"].sum()))
        for name, of_test in [*rows, ("all tests", called)]
    ]
    return pd.DataFrame(counts, columns=["test", "n", "deficient", "discordant"])


def calls_table(calls: pd.DataFrame) -> pd.DataFrame:
    """`final_calls` as text, for a table in a figure."""
    names = {"test": "Final call by", "n": "Tumours", "deficient": "Deficient", "discordant": "Another test disagrees"}
    return calls.rename(columns=names).astype(str)


def agreement_sentence(pairs: pd.DataFrame, calls: pd.DataFrame) -> str:
    """How far every two tests of mismatch repair agree, and what the final calls are."""
    parts = []
    for row in pairs.itertuples():
        if row.n:
            limits = f"{formats.number(100 * row.lower)}–{formats.number(100 * row.upper)}%"
            agreed = formats.share(row.both + row.neither, row.n, 1)
            parts.append(f"{row.first} and {row.second} {agreed}, 95% CI {limits}, κ {_kappa(row)}")
        else:
            parts.append(f"{row.first} and {row.second} were never made on one tumour")
    last = calls.iloc[-1]
    overruled = formats.count(int(last["discordant"]), "tumour")
    return (
        f"Agreement: {'; '.join(parts)}. Where deficiency is rare, κ is low although nearly all calls agree. "
        f"By the order of precedence {formats.share(int(last['deficient']), int(last['n']), 1)} are deficient; a test "
        f"of lower precedence is overruled in {overruled}."
    )
