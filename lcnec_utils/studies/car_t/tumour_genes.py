"""Notebook 12: genes of the B lineage and cancer-testis antigens, their change after infusion and before it by outcome.

Frozen and fixed tissue stay apart; changes are of the panel of pairs, what is before infusion of the baseline panel.
"""

import dataclasses

import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_parameter
from lcnec_utils.stats.mean_change import fold_change_ratio
from lcnec_utils.studies.car_t import early_change, gene_biopsies, genes
from lcnec_utils.studies.car_t.early_change import EarlyChange
from lcnec_utils.studies.car_t.gene_biopsies import FIXATIONS, GROUPS, NON_RESPONDERS, RESPONDERS
from lcnec_utils.studies.car_t.patients import correlated

FAMILIES = (genes.B_LINEAGE, genes.CANCER_TESTIS)
# H-scores of CD19 that the source calls no CD19 and CD19 present, both ends included
NO_CD19, CD19 = (0, 5), (6, 300)
CLASSES = (f"CD19 absent (H-score {NO_CD19[0]}–{NO_CD19[1]})", f"CD19 present ({CD19[0]}–{CD19[1]})")
# tail of a claim's id → the genes that it names, each of which must fall in responders
FALL = {
    "cd19.responders": ["CD19"],
    "ms4a1.responders": ["MS4A1"],
    "pax5.responders": ["PAX5"],
    "other_b_lineage.responders": ["ST6GAL1", "CD22", "POU2AF1"],
}
CTA = genes.CANCER_TESTIS.title


@dataclasses.dataclass(frozen=True)
class TumourGenes:
    """What is known of tumour genes: changes by fixation, and values before infusion by fixation.

    changes: fixation → pairs. absent: fixation → why it has none. panel: of the values before infusion. before:
    fixation → log2 counts, patients × genes. group: best response by patient. h_scores: CD19 H-score by specimen.
    least: patients of each group that a fixation needs to answer a claim, where the other one has them.
    """

    cohort: str
    changes: dict[str, EarlyChange]
    absent: dict[str, str]
    panel: str
    before: dict[str, pd.DataFrame]
    group: pd.Series
    h_scores: pd.DataFrame
    least: int = 2


def tumour_genes(cohort: Cohort, *, min_group: int = 2) -> TumourGenes:
    """The tumour genes of a cohort. Raises MissingData where it has neither a pair nor a value before infusion.

    min_group: patients that each response group must have; it does not hold for a cohort that stands for the source's
    own patients.
    """
    changes, absent = {}, {}
    for fixation in FIXATIONS:
        try:
            changes[fixation] = early_change.early_change(cohort, fixation)
        except MissingData as reason:
            absent[fixation] = str(reason)
    try:
        panel, before = gene_biopsies.before_infusion(cohort)
    except MissingData:
        if not changes:
            raise
        panel, before = "", {fixation: pd.DataFrame() for fixation in FIXATIONS}
    group = gene_biopsies.response_groups(cohort)
    least = 2 if cohort.stands_for_source else min_group
    return TumourGenes(cohort.name, changes, absent, panel, before, group, h_scores(cohort), least)


def h_scores(cohort: Cohort) -> pd.DataFrame:
    """CD19 H-scores by specimen: patient, time, h_score, cd19 (CLASSES); no rows where there is none.

    A score between two classes, such as 5.5, has none.
    """
    columns = {"PATIENT_ID": "patient", "BIOPSY_TIME": "time", "CD19_H_SCORE": "h_score"}
    table = cohort.samples.reindex(columns=list(columns)).rename(columns=columns).dropna(subset="h_score")
    score = table["h_score"].astype(float)
    kind = score.between(*NO_CD19).map({True: CLASSES[0]}).where(~score.between(*CD19), CLASSES[1])
    return table.assign(h_score=score, cd19=pd.Categorical(kind, CLASSES))


# --- before infusion


def outcome_ratio(of: TumourGenes, fixation: str, values: pd.Series, *, what: str, first: str = RESPONDERS) -> Finding:
    """The ratio of a gene's (or signature's) geometric mean before infusion in one response group to the other's."""
    group = of.group.reindex(values.index)
    marked = pd.Series(group == first, values.index).astype("boolean").mask(group.isna())
    other = next(name for name in GROUPS if name != first)
    return fold_change_ratio(values, marked, what=f"{what} before infusion, {fixation}, {first} against {other}")


def _value(of: TumourGenes, fixation: str, listed: list[str]) -> pd.Series:
    return genes.signature(of.before[fixation], listed).dropna()


def _known(of: TumourGenes) -> list[str]:
    """The fixations with values before infusion."""
    return [fixation for fixation in FIXATIONS if not of.before[fixation].empty]


def _large(of: TumourGenes) -> list[str]:
    """The fixations in which both response groups have enough patients with values before infusion; all where none."""
    sizes = {name: of.group.reindex(of.before[name].index).value_counts() for name in _known(of)}
    large = [name for name, counts in sizes.items() if counts.reindex(GROUPS, fill_value=0).min() >= of.least]
    return large or _known(of)


def _changed(of: TumourGenes, groups: tuple[str, ...]) -> list[EarlyChange]:
    """The pairs of the fixations in which these response groups have enough of them; of all where none has."""
    large = [each for each in of.changes.values() if min(each.sizes()[name] for name in groups) >= of.least]
    return large or list(of.changes.values())


def before_findings(of: TumourGenes, named: list[str], *, first: str = RESPONDERS) -> list[Finding]:
    """Each named gene in each fixation that is large enough: the ratio of one response group to the other."""
    return [
        outcome_ratio(of, fixation, _value(of, fixation, [gene]), what=gene, first=first)
        for fixation in _large(of)
        for gene in named
    ] or [Finding(None, note="there is no biopsy before infusion")]


def before_table(of: TumourGenes) -> pd.DataFrame:
    """The named genes and both families before infusion, responders over non-responders: family, what, group
    (fixation), value (log2) with limits, n, p, note."""
    rows = []
    for family, named in ((genes.B_LINEAGE, genes.B_BEFORE), (genes.CANCER_TESTIS, genes.CTA_BEFORE)):
        for what, listed in {**{gene: [gene] for gene in named}, f"{family.title} (mean)": family.genes}.items():
            for fixation in _known(of):
                finding = outcome_ratio(of, fixation, _value(of, fixation, listed), what=what)
                row = {"family": family.title, "what": what, "group": fixation}
                rows.append(row | early_change.log2_row(finding))
    columns = ["family", "what", "group", "value", "lower", "upper", "lower_90", "upper_90", "n", "p", "note"]
    return pd.DataFrame(rows, columns=columns)


def signatures_before(of: TumourGenes) -> dict[str, pd.DataFrame]:
    """By fixation, each patient's mean log2 of the immune genes and of the B-cell signature before infusion."""
    return {
        fixation: pd.DataFrame(
            {
                "immune": _value(of, fixation, genes.immune_genes()),
                "b_cell": _value(of, fixation, list(genes.B_SIGNATURE)),
            }
        )
        for fixation in _known(of)
    }


def signature_correlations(of: TumourGenes) -> dict[str, Finding]:
    """Spearman's correlation of both signatures before infusion, by fixation."""
    return {
        fixation: correlated(
            table["immune"], table["b_cell"], what=f"immune and B-cell signature, {fixation}", min_group=of.least
        )
        for fixation, table in signatures_before(of).items()
    }


# --- change


def change_table(of: TumourGenes) -> pd.DataFrame:
    """The named genes in each fixation and response group, as `early_change.named_genes`, with fixation."""
    parts = [
        early_change.named_genes(compared, FAMILIES).assign(fixation=fixation)
        for fixation, compared in of.changes.items()
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["fixation"])


def _absent(of: TumourGenes) -> list[Finding]:
    return [Finding(None, note=next(iter(of.absent.values()), "there is no pair"))]


def findings(of: TumourGenes) -> dict[str, list[Finding]]:
    """Findings by the tail of a claim's id; a claim on change is asked of each fixation that has pairs.

    A claim that names genes holds where each of them does; one on a family rests on the mean of its genes.
    """
    answers = {tail: [] for tail in FALL}
    for compared in _changed(of, (RESPONDERS,)):
        table = early_change.gene_table(compared)
        for tail, named in FALL.items():
            answers[tail] += early_change.gene_findings(compared, named, RESPONDERS, table)
    answers["b_markers.discussion"] = [
        early_change.signature_findings(compared, early_change.B_LINEAGE)[RESPONDERS]
        for compared in _changed(of, (RESPONDERS,))
    ]
    answers["cta"] = [
        early_change.signature_findings(compared, CTA)[early_change.DIFFERENCE] for compared in _changed(of, GROUPS)
    ]
    answers = {tail: found or _absent(of) for tail, found in answers.items()}
    families = [
        outcome_ratio(of, fixation, _value(of, fixation, genes.CANCER_TESTIS.genes), what=CTA)
        for fixation in _large(of)
    ]
    lacking = [Finding(None, note="there is no biopsy before infusion")]
    return answers | {
        "b_lineage.pre": before_findings(of, list(genes.B_BEFORE)),
        "cta.pre": before_findings(of, list(genes.CTA_BEFORE), first=NON_RESPONDERS),
        "cta_response.discussion": families or lacking,
        "immune_vs_b_signature": with_value(list(signature_correlations(of).values())) or lacking,
        "cd19_hscore.no": [of_parameter(end) for end in NO_CD19],
        "cd19_hscore.yes": [of_parameter(end) for end in CD19],
    }


def with_value(found: list[Finding]) -> list[Finding]:
    """The findings that have a value; all of them, with their reasons, where none has."""
    return [finding for finding in found if finding.value is not None] or found


def sentence(of: TumourGenes) -> str:
    """Changes of both families by fixation and response, values before infusion by outcome, and the correlation."""
    parts = []
    for fixation, compared in of.changes.items():
        for name in (early_change.B_LINEAGE, CTA):
            found = early_change.signature_findings(compared, name)
            words = [f"{early_change.ratio_words(found[group])} in {group}" for group in GROUPS]
            parts.append(f"{name}, {fixation}: {formats.listed(words)}")
    for fixation, finding in signature_correlations(of).items():
        if finding.value is not None:
            limits = f"{formats.number(finding.lower, 2)} to {formats.number(finding.upper, 2)}"
            parts.append(
                f"immune against B-cell signature before infusion, {fixation}: Spearman's ρ "
                f"{formats.number(finding.value, 2)} (95% CI {limits}; n = {finding.n})"
            )
    stained = of.h_scores["cd19"].dropna()
    absent = int((stained == CLASSES[0]).sum())
    classes = f" CD19 is absent (H-score {NO_CD19[0]} to {NO_CD19[1]}) in {formats.share(absent, len(stained))} of the "
    return f"Geometric mean fold changes and associations. {'; '.join(parts)}.{classes}specimens scored."


def h_score_counts(of: TumourGenes) -> pd.DataFrame:
    """Specimens by time and class of CD19: index time, columns CLASSES."""
    return pd.crosstab(of.h_scores["time"], of.h_scores["cd19"], dropna=False)
