"""The review's mechanisms put to patients, notebook 13: gene sets scored, and each claim on a mechanism answered.

What a claim needs stands in `icb_mechanism_answers.csv` (`mechanisms.answers_table`): a comparison that patients can
make, or the kind of thing that no cohort of patients holds, for which NEEDS has the reason in words.
"""

import dataclasses
import functools
from collections.abc import Callable

import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.cohort.treatment import column_or_none
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_share
from lcnec_utils.omics import gene_scores, genomics
from lcnec_utils.omics.expression import log2_expression
from lcnec_utils.stats.correlation import rank_correlation
from lcnec_utils.stats.proportions import benjamini_hochberg, share_difference, too_few_per_side, wilson
from lcnec_utils.stats.ranks import mean_difference
from lcnec_utils.studies.icb_review import mechanisms
from lcnec_utils.studies.icb_review.icb_resistance import Treated

HALLMARK, HALLMARK_PREFIX = "Hallmark ", "HALLMARK_"
PATIENTS = "patients"  # what `needs` says where patients can answer
# Why no cohort of patients answers, by what a claim needs
NEEDS = {
    "list": "it is a list of mechanisms without a figure",
    "own count": "the patients of {what} are not in this cohort",
    "experiment": "{what}: an experiment in cells or animals, or a treatment tried there; patients do not repeat it",
    "treated": "{what}: needs patients on that treatment beside others without it",
    "serial": "{what}: needs tumours of the same patients before and after",
    "blood": "{what}: measured in blood, and the cohort has tumours",
    "one kind of cell": "{what}: about one kind of cell, which the expression of whole tumours does not set apart",
    "flow cytometry": "{what}: known from proteins on single cells, which the cohort does not have",
    "not measured": "{what} is seen neither by sequencing nor by gene expression",
    "isoform": "{what} is an isoform, and the expression of genes does not tell isoforms apart",
    "picture": "{what}: seen in pictures of tissue or lung, which the cohort does not have",
    "adverse reactions": "{what}: no adverse reactions are recorded beside cells",
    "other tumours": "{what}: about tumours other than of the lung",
    "genes not printed": "{what}: the source does not print its genes",
    "definition": "{what} is defined by the cells that the claim counts, so the claim holds by definition",
}
RESISTANT, PDL1, STK11_OR_KEAP1 = "resistant", "PD-L1", "STK11 or KEAP1 mutated"
DRAWN_KINDS = ("cell", "gene set")


@dataclasses.dataclass(frozen=True)
class Evidence:
    """A cohort's patients as the mechanisms ask for them; what it does not hold raises MissingData.

    patients: with the run's cut-offs. sets: node → genes (`gene_sets`).
    """

    patients: Treated
    sets: dict[str, list[str]]

    @property
    def cohort(self) -> Cohort:
        """The cohort."""
        return self.patients.cohort

    @functools.cached_property
    def log2(self) -> pd.DataFrame:
        """log2 expression by patient, each through the tumour that stands for the patient; patients × genes."""
        return genomics.by_patient(self.cohort, log2_expression(self.cohort)).dropna(how="all")

    @functools.cached_property
    def scores(self) -> pd.DataFrame:
        """The scores of all gene sets by patient, as `gene_scores.gene_set_scores`."""
        return gene_scores.gene_set_scores(self.log2, sets=self.sets)

    def score(self, node: str, without: frozenset[str] = frozenset()) -> pd.Series:
        """The score of a node by patient, without these genes where the node has others."""
        kept = [gene for gene in self.sets[node] if gene not in without]
        if not kept or len(kept) == len(self.sets[node]):
            scores = self.scores
        else:
            scores = gene_scores.gene_set_scores(self.log2, sets={node: kept})
        if node not in scores:
            raise MissingData(f"{node} is not scored in {self.cohort.name}: {scores.attrs['left_out'][node]}")
        return scores[node]

    def flag(self, name: str, *, blood: bool = False) -> pd.Series:
        """Who is on which side of a contrast (FLAGS), booleans by patient.

        blood: whether mutations in blood will do, as for outcomes, though not for what a tumour is like.
        """
        values = FLAGS[name](self, blood)
        if values.isna().all():
            raise MissingData(f"of nobody in {self.cohort.name} is it known: {name}")
        return values.astype("boolean").rename(name)

    def altered(self, *genes: str, blood: bool) -> pd.DataFrame:
        """Whether each patient's genes are altered, patients × genes: by a test of the tumour where there is one."""
        hits = {}
        for gene in genes:
            tested = column_or_none(self.cohort, f"{gene}_STATUS") is not None
            what = "" if blood else f"state of {gene} in the tumour"
            hits[gene] = (self.patients.driver(gene) if tested else self.patients.sequenced(gene, what)).values
        return pd.DataFrame(hits)

    def deleted(self, *genes: str) -> pd.Series:
        """Whether any of these genes is deeply deleted, of those that copy number was measured of."""
        lost = [genomics.by_patient(self.cohort, genomics.deleted(self.cohort, gene=gene)) for gene in genes]
        known = [values for values in lost if values.notna().any()]
        if not known:
            raise MissingData(f"{self.cohort.name} has no copy number of {formats.listed(list(genes))}")
        return pd.concat(known, axis=1).any(axis=1).astype("boolean").mask(pd.concat(known, axis=1).isna().all(axis=1))

    def within(self, subset: str) -> pd.Series:
        """Who is in a subset (SUBSETS), booleans by patient; everyone where it is empty."""
        if not subset:
            return pd.Series(True, self.cohort.patients.index)
        return SUBSETS[subset](self).fillna(False).astype(bool)


def _women(evidence: Evidence) -> pd.Series:
    sex = evidence.cohort.column("SEX", "sex")
    return (sex == "Female").astype("boolean").mask(sex.isna())


def _mutated(gene: str) -> Callable[[Evidence, bool], pd.Series]:
    return lambda evidence, blood: evidence.altered(gene, blood=blood)[gene]


def _both(one: str, other: str) -> Callable[[Evidence, bool], pd.Series]:
    return lambda evidence, blood: _mutated(one)(evidence, blood) & _mutated(other)(evidence, blood)


def _either(one: str, other: str) -> Callable[[Evidence, bool], pd.Series]:
    return lambda evidence, blood: _mutated(one)(evidence, blood) | _mutated(other)(evidence, blood)


FLAGS: dict[str, Callable[[Evidence, bool], pd.Series]] = {
    **{f"{gene} mutated": _mutated(gene) for gene in ("EGFR", "KRAS", "STK11", "KEAP1")},
    "KRAS and STK11 mutated": _both("KRAS", "STK11"),
    STK11_OR_KEAP1: _either("STK11", "KEAP1"),
    "9p21 deleted": lambda evidence, blood: evidence.deleted("CDKN2A", "MTAP"),
    "B2M deleted": lambda evidence, blood: evidence.deleted("B2M"),
    RESISTANT: lambda evidence, blood: evidence.patients.no_benefit(),
}
SUBSETS: dict[str, Callable[[Evidence], pd.Series]] = {
    "LUAD": lambda evidence: evidence.patients.adenocarcinoma().values,
    "women": _women,
}


def gene_sets(table: pd.DataFrame, hallmark: dict[str, list[str]]) -> dict[str, list[str]]:
    """Node → the genes behind it, of nodes that a score of expression can stand for.

    table: `mechanisms.nodes`. hallmark: MSigDB's Hallmark sets by name. Raises MissingData for a set that is not there.

    >>> sets = gene_sets(mechanisms.nodes().query("kind == 'cell'"), {})
    >>> sets["CD8+ T cells"]
    ['CD8A', 'CD8B']
    """
    sets = {}
    for row in table[(table["scorable"] == "yes") & table["kind"].isin(["gene", *DRAWN_KINDS])].itertuples():
        if row.genes_source.startswith(HALLMARK):
            name = HALLMARK_PREFIX + row.genes_source.removeprefix(HALLMARK)
            if name not in hallmark:
                raise MissingData(f"the Hallmark sets hold no {name}, which stands behind {row.node}")
            sets[row.node] = list(hallmark[name])
        else:
            sets[row.node] = row.genes.split("; ")
    return sets


def evidence_of(cohort: Cohort, hallmark: dict[str, list[str]], *, pdl1_positive_percent: float = 1.0) -> Evidence:
    """A cohort's patients with the gene sets of all nodes. hallmark: as `gene_sets`; PD-L1 positive from a percent."""
    patients = Treated(cohort, pdl1_positive_percent=pdl1_positive_percent)
    return Evidence(patients, gene_sets(mechanisms.nodes(), hallmark))


# --- claims -------------------------------------------------------------------------------------------------------


def findings(evidence: Evidence, *, min_group: int = 5) -> dict[str, list[Finding]]:
    """Findings on the claims of both figures, by the id behind the source's name, as `mechanisms.answers_table` says.

    Where patients can answer there is a finding per comparison, of the patients whom the claim names: the difference of
    a score (log2) or of a share between two sides, a rank correlation of two scores, or a share. Of two scores the one
    that defines the sides is taken without the genes of the other. Else there is one finding without a value, with the
    reason.
    """
    answers: dict[str, list[Finding]] = {}
    for row in mechanisms.answers_table().itertuples(index=False):
        if row.needs != PATIENTS:
            reason = NEEDS[row.needs].format(what=row.what)
            answers.setdefault(row.claim, []).append(Finding(None, note=reason))
            continue
        try:
            finding = _compare(evidence, row, min_group)
        except MissingData as reason:
            finding = Finding(None, note=str(reason))
        answers.setdefault(row.claim, []).append(_turned(finding) if row.sign == "-1" else finding)
    return answers


def _compare(evidence: Evidence, row, min_group: int) -> Finding:
    inside = evidence.within(row.within)
    outcome = _outcome(evidence, row.outcome, row.by, inside, min_group)
    outcome = outcome[inside.reindex(outcome.index, fill_value=False)]
    what = f"{row.outcome}{f' in {row.within}' if row.within else ''}"
    if not row.by:
        known = outcome.dropna().astype(bool)
        if len(known) < min_group:
            return Finding(None, n=len(known), note=f"{what} is known of {formats.count(len(known), 'patient')}")
        return of_share(int(known.sum()), len(known), *wilson(int(known.sum()), len(known)))
    if row.by in FLAGS:
        marked = evidence.flag(row.by, blood=row.outcome == RESISTANT).reindex(outcome.index)
        compare = mean_difference if outcome.dtype == float else share_difference
        return compare(outcome, marked, what=what, min_group=min_group)
    by = evidence.score(row.by, without=frozenset(evidence.sets[row.outcome])).reindex(outcome.index)
    return rank_correlation(outcome, by, what=f"{what} and {row.by}", min_group=min_group)


def _outcome(evidence: Evidence, name: str, by: str, inside: pd.Series, min_group: int) -> pd.Series:
    """A score as floats, or a flag as booleans; PD-L1 by immunohistochemistry where enough are tested, else by
    expression."""
    if name in FLAGS:
        return evidence.flag(name)
    if name != PDL1:
        return evidence.score(name).astype(float)
    try:
        stained = evidence.patients.pdl1_values()
        marked = evidence.flag(by).reindex(stained.index)[inside & stained.notna()]
        sides = [int((marked == side).sum()) for side in (True, False)]
        if min(sides) >= min_group:
            return stained
        lacking = too_few_per_side("PD-L1 by immunohistochemistry", *sides, min_group=min_group)
    except MissingData as reason:
        lacking = str(reason)
    try:
        return evidence.score("CD274 (PD-L1)").astype(float)
    except MissingData as reason:
        raise MissingData(f"{lacking}; {reason}") from None


def _turned(finding: Finding) -> Finding:
    """A difference seen from the other side."""
    if finding.value is None:
        return finding
    turned = {"value": -finding.value}
    for name in ("lower", "upper"):
        for tail in ("", "_90"):
            limit = getattr(finding, ("upper" if name == "lower" else "lower") + tail)
            turned[name + tail] = None if limit is None else -limit
    return dataclasses.replace(finding, **turned)


# --- the panel of scores ------------------------------------------------------------------------------------------

CONTRASTS = {RESISTANT: "No durable benefit less durable benefit", STK11_OR_KEAP1: f"{STK11_OR_KEAP1} less wild type"}


def score_differences(evidence: Evidence, *, min_group: int = 5) -> pd.DataFrame:
    """The difference of every node's score between the two sides of each contrast, a row per node and contrast.

    Columns: contrast, node, kind, what (the node, with the genes measured of those behind
    it), genes, of, difference (log2), lower, upper, p, p_adjusted (Benjamini–Hochberg within a contrast), n, note.
    Raises MissingData where the cohort has no expression, or neither contrast.
    """
    scores, coverage = evidence.scores, evidence.scores.attrs["coverage"]
    kinds = mechanisms.nodes().set_index("node")["kind"]
    tables, reasons = [], []
    for contrast in CONTRASTS:
        try:
            marked = evidence.flag(contrast)
        except MissingData as reason:
            reasons.append(str(reason))
            continue
        rows = []
        for node in evidence.sets:
            genes, of = coverage[node]
            finding = (
                mean_difference(scores[node], marked.reindex(scores.index), what=node, min_group=min_group)
                if node in scores
                else Finding(None, note=scores.attrs["left_out"][node])
            )
            rows.append(
                {
                    "contrast": contrast, "node": node, "kind": kinds[node], "what": f"{node}, {genes}/{of} genes",
                    "genes": genes, "of": of, "difference": finding.value, "lower": finding.lower,
                    "upper": finding.upper, "p": finding.p, "n": finding.n, "note": finding.note,
                }
            )  # fmt: skip
        numbers = ["difference", "lower", "upper", "p", "n"]
        of_contrast = pd.DataFrame(rows).astype(dict.fromkeys(numbers, float))
        tables.append(of_contrast.assign(p_adjusted=benjamini_hochberg(of_contrast["p"])))
    if not tables:
        raise MissingData("; ".join(reasons))
    return pd.concat(tables, ignore_index=True)


def drawn_differences(differences: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Contrast in words, with its patients → the rows of cells and gene sets of `score_differences`; single genes stand
    in the table."""
    drawn = differences[differences["kind"].isin(DRAWN_KINDS)]
    of_contrast = drawn.groupby("contrast", sort=False)
    return {f"{CONTRASTS[name]} (n = {rows['n'].max():.0f})": rows for name, rows in of_contrast}


def differences_sentence(differences: pd.DataFrame) -> str:
    """What differs in each contrast at a false discovery rate of 5%, how many genes were measured, what is unscored."""
    sentences = []
    for contrast, rows in differences.groupby("contrast", sort=False):
        known = rows.dropna(subset=["difference"])
        differing = known[known["p_adjusted"] < 0.05].sort_values("p")
        named = "; ".join(
            f"{row.node} {formats.number(row.difference, 2)} ({formats.number(row.lower, 2)} to "
            f"{formats.number(row.upper, 2)})"
            for row in differing.head(8).itertuples()
        )
        more = f" and {len(differing) - 8} more" if len(differing) > 8 else ""
        sentences.append(
            f"{CONTRASTS[contrast]}: {len(differing)} of {formats.count(len(known), 'node')} differ at a "
            "false discovery rate of 5%" + (f" (log2 difference, 95% CI): {named}{more}." if named else ".")
        )
    first = differences[differences["contrast"] == differences["contrast"].iloc[0]]
    lacking = first[first["note"].str.contains("were measured|varies")]
    sentences.append(
        f"Of the {first['of'].sum():,.0f} genes behind the nodes {first['genes'].sum():,.0f} were measured."
    )
    if len(lacking):
        names = formats.listed([f"{row.node} ({row.genes} of {row.of} genes)" for row in lacking.itertuples()])
        sentences.append(f"Not scored: {names}.")
    return " ".join(sentences)
