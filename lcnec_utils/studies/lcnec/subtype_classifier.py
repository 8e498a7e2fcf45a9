"""Genomic subtype by expression: tables, findings and words of notebook 06."""

import dataclasses

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.core.findings import Finding, of_count, of_parameter, of_share
from lcnec_utils.omics import classifier
from lcnec_utils.omics.classifier import CLEAN, LEAKY, WAYS, LabelledTumours, SplitEvaluation, auc, correct_calls
from lcnec_utils.omics.expression import log2_expression
from lcnec_utils.omics.genomics import (
    NO_GENOTYPE,
    NSCLC_LIKE,
    SCLC_LIKE,
    UNCLASSIFIED,
    by_patient,
    genomic_subtype,
    known_subtype,
)
from lcnec_utils.stats.embedding import SUBSAMPLES, Clusters
from lcnec_utils.stats.proportions import wilson

GENOTYPE = "genomic_subtype"
AUC_DIGITS = 3  # decimals of every AUC: with two, one below 1 would read 1.00


# --- the tumours


@dataclasses.dataclass(frozen=True, kw_only=True)
class CohortTumours(LabelledTumours):
    """The labelled tumours of a cohort. by_genotype: whether the labels are genotypes, or clusters of the same
    expression."""

    cohort: Cohort
    by_genotype: bool

    @property
    def groups(self) -> pd.Series:
        """The label of each tumour, the open ones as Unclassified (as of unknown genotype where all are open);
        categorical."""
        if self.label.isna().all():
            return pd.Series(pd.Categorical([NO_GENOTYPE] * len(self.label)), self.label.index)
        return pd.Series(
            pd.Categorical(self.label.fillna(UNCLASSIFIED), [*self.classes, UNCLASSIFIED]), self.label.index
        )


def _of_cohort(cohort: Cohort, log2: pd.DataFrame, label: pd.Series, classes, by_genotype: bool) -> CohortTumours:
    return CohortTumours(
        log2, label, tuple(classes), simulated=cohort.simulated, cohort=cohort, by_genotype=by_genotype
    )


def labelled_tumours(cohort: Cohort, labels: str = GENOTYPE, classes: list[str] | None = None) -> CohortTumours:
    """A cohort's tumours with expression and a label: their genomic subtype, the unclassified ones open; or a sample
    column, whose two `classes` are told apart and whose other tumours are left out. Of a patient's tumours the first
    listed stands for all: two of one patient must not lie on both sides of a split.

    Raises MissingData where there is no expression, no such column, or a class has fewer than classifier.FEWEST
    tumours; UserError where the two classes are one.
    """
    if not cohort.expression_genes:
        raise MissingData(f"{cohort.name} has no expression (expression.h5ad)")
    if labels == GENOTYPE:
        classes, kept = [NSCLC_LIKE, SCLC_LIKE], [NSCLC_LIKE, SCLC_LIKE, UNCLASSIFIED]
        value = genomic_subtype(cohort)
    elif labels in cohort.samples:
        classes, value = list(classes or []), cohort.samples[labels]
        kept = classes
    else:
        raise MissingData(f"{cohort.name} has no sample column {labels}")
    if len(set(classes)) < len(classes):
        raise UserError(f"classifier_classes: '{classes[0]}' is given twice; name two classes")
    log2 = log2_expression(cohort)
    patient = cohort.samples.loc[cohort.samples.index.isin(log2.index), "PATIENT_ID"]
    log2 = log2[log2.index.isin(patient.drop_duplicates().index)]
    value = value.reindex(log2.index).astype(object)
    log2, value = log2[value.isin(kept)], value[value.isin(kept)]
    for name in classes:
        if (number := int((value == name).sum())) < classifier.FEWEST:
            raise MissingData(
                f"{cohort.name} has {number} {name} tumours with expression; {classifier.FEWEST} are needed"
            )
    label = value.where(value.isin(classes))
    varies = log2[label.notna()].std() > 0
    return _of_cohort(cohort, log2.loc[:, varies], label, classes, labels == GENOTYPE)


def tumours_to_project(cohort: Cohort, labels: str = GENOTYPE, classes: list[str] | None = None) -> CohortTumours:
    """As `labelled_tumours`; where the cohort has no genotype, all tumours with expression, unlabelled."""
    try:
        return labelled_tumours(cohort, labels, classes)
    except MissingData:
        if labels != GENOTYPE or not cohort.expression_genes:
            raise
        log2 = log2_expression(cohort)
        known = known_subtype(cohort, samples=log2.index)
        if not known.eq(NO_GENOTYPE).all() or len(known) < classifier.FEWEST:
            raise
    label = pd.Series(None, log2.index, dtype=object)
    return _of_cohort(cohort, log2.loc[:, log2.std() > 0], label, (NSCLC_LIKE, SCLC_LIKE), by_genotype=False)


def call_open_tumours(
    cases: CohortTumours,
    evaluation: SplitEvaluation,
    *,
    n_genes: int,
    adjusted_p: float | None,
    sure_from: float,
    seed: int,
) -> pd.DataFrame:
    """The tumours that genotype leaves open as both ways call them; classifier.classify_open, with the cohort's name
    where there is none."""
    if cases.open.empty:
        raise MissingData(f"{cases.cohort.name} has no tumour with expression that its labels leave open")
    return classifier.classify_open(
        cases, evaluation, n_genes=n_genes, adjusted_p=adjusted_p, sure_from=sure_from, seed=seed
    )


# --- tables


def curve_labels(evaluation: SplitEvaluation) -> dict[tuple[str, str], str]:
    """The legend's text of each way and kernel: its AUC with the interval."""
    labels = {}
    for (way, kernel), score in evaluation.scores.items():
        area = auc_text(auc(score, evaluation.positive))
        labels[way, kernel] = f"{way},\n{'RBF' if kernel == 'rbf' else kernel}: AUC {area}"
    return labels


def reclassified_shares(called: pd.DataFrame, classes: tuple[str, str]) -> pd.DataFrame:
    """The open tumours by what they became, as proportions.shares has it: group (way), what, k, n, share and limits."""
    rows = []
    for way, column in (("as worded", "label"), ("no leakage", "clean_label"), ("where sure", "sure_label")):
        for name in (*classes, "abstained"):
            k = int(called[column].isna().sum()) if name == "abstained" else int((called[column] == name).sum())
            lower, upper = wilson(k, len(called))
            rows.append(
                {"group": way, "what": name, "k": k, "n": len(called), "share": k / len(called), "lower": lower,
                 "upper": upper}
            )  # fmt: skip
    return pd.DataFrame(rows)


def refined_subtype(cases: CohortTumours, called: pd.DataFrame) -> pd.Series:
    """The four refined subtypes by sample: the two of genotype, and the open tumours by what they were called."""
    first, second = cases.classes
    names = [first, f"Unc. → {first}", second, f"Unc. → {second}"]
    values = cases.label.copy()
    values[called.index] = "Unc. → " + called["label"]
    return pd.Series(pd.Categorical(values, names), values.index, name="refined_subtype")


def refined_survival(cases: CohortTumours, called: pd.DataFrame) -> pd.DataFrame:
    """Overall survival of the patients whose tumour has a refined subtype, with it."""
    subtype = by_patient(cases.cohort, refined_subtype(cases, called))
    return cases.cohort.survival("OS").join(subtype.rename("refined_subtype")).dropna(subset=["refined_subtype"])


# --- words


def auc_text(finding: Finding) -> str:
    """An AUC with its interval, as legend and sentences print it."""
    value, low, high = (formats.number(limit, AUC_DIGITS) for limit in (finding.value, finding.lower, finding.upper))
    return f"{value} ({low}–{high})"


def auc_sentence(cases: CohortTumours, evaluation: SplitEvaluation, table: pd.DataFrame) -> str:
    """One split's AUC and the spread over splits, with own and with permuted labels, in words."""
    n, test = len(cases.labelled), len(evaluation.test)
    aucs = ", ".join(f"{way} {auc_text(auc(evaluation.scores[way, 'linear'], evaluation.positive))}" for way in WAYS)
    sentences = [
        f"Of {n} labelled tumours {n - test} were trained on and {test} held back.",
        f"AUC of this split (linear kernel, DeLong 95% CI): {aucs}.",
    ]
    for labels, rows in table.groupby("labels", sort=False):
        by_split = rows.pivot(index="split", columns="way", values="auc")
        by_split["their difference"] = by_split[LEAKY] - by_split[CLEAN]
        parts = []
        for way in (*WAYS, "their difference"):
            quantiles = np.percentile(by_split[way], [2.5, 50, 97.5])
            low, middle, high = (formats.number(float(q), AUC_DIGITS) for q in quantiles)
            parts.append(f"{way} {middle} ({low} to {high})")
        sentences.append(
            f"AUC over {len(by_split)} splits, {labels}, median (2.5 to 97.5 percentile): {', '.join(parts)}."
        )
    by_split = table.pivot(index=["labels", "split"], columns="way", values="auc")
    if (by_split[LEAKY] == by_split[CLEAN]).all():
        sentences.append("Both ways used the same genes, for there are no more, so the choice of genes leaked nothing.")
    else:
        sentences.append("With permuted labels there is nothing to learn: an AUC above 0.5 there is due to the leak.")
    if not cases.by_genotype:
        sentences.append(
            "These labels are clusters of the same expression: an AUC here is circular and shows only that the "
            "machinery runs."
        )
    return " ".join(sentences)


def calls_sentence(table: pd.DataFrame, evaluation: SplitEvaluation, sure_from: float, kernel: str = "linear") -> str:
    """How many of the tumours held back each way called correctly, and how well calibrated the leakage-free
    probabilities are, in words."""
    shares = "; ".join(f"{way} {formats.share(*correct_calls(table, way=way))}" for way in WAYS)
    probability = evaluation.probabilities[CLEAN, kernel]
    brier = float(np.mean((probability - evaluation.positive) ** 2))
    sure = np.maximum(probability, 1 - probability) >= sure_from
    right = int(((probability >= 0.5) == evaluation.positive)[sure].sum())
    return (
        f"Called correctly: {shares}. Without leakage the Brier score is {formats.number(brier, 3)}; "
        f"{formats.share(int(sure.sum()), len(sure))} were called with a probability of {sure_from:g} or more, "
        f"{formats.share(right, int(sure.sum()))} of them correctly."
    )


def clusters_sentence(clusters: Clusters, counts: pd.DataFrame) -> str:
    """The number of Leiden clusters, how stable they are, and the most frequent group in each, in words."""
    number, choices = clusters.number, clusters.choices
    most_frequent = []
    for cluster, rows in counts.groupby("cluster"):
        largest = rows.loc[rows["n"].idxmax()]
        most_frequent.append(f"{cluster}: {largest['n']} of {rows['n'].sum()} {largest['group']}")
    low, high = choices["resolution"].min(), choices["resolution"].max()
    span = _span(choices["clusters"].min(), choices["clusters"].max())
    return (
        f"{number.n} tumours form {formats.count(int(number.value), 'Leiden cluster')}, the number with the highest "
        f"mean silhouette ({formats.number(clusters.silhouette, 2)}) of {span} at resolutions {low:g} to {high:g}. In "
        f"the middle 95% of {SUBSAMPLES} random samples of 80% of the tumours the number is "
        f"{_span(*clusters.middle_95)}, and the mean adjusted Rand index with these clusters is "
        f"{formats.number(clusters.rand_index, 3)}. Most frequent in "
        f"each cluster: {'; '.join(most_frequent)}."
    )


def _span(low: float, high: float) -> str:
    """A range of whole numbers, or the one that it comes to."""
    return f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"


def nearness_sentence(nearness: Finding) -> str:
    """`nearness_to_own_subtype` in words."""
    return (
        f"{formats.share(nearness.events, nearness.n)} of the called tumours lie nearer to the centre of the subtype "
        f"that they were called than to that of the other, by principal components "
        f"({formats.p_value(nearness.p)} against one half)."
    )


def reclassified_sentence(called: pd.DataFrame, classes: tuple[str, str]) -> str:
    """What the open tumours were called, by the source's way and without leakage, in words."""
    n, second = len(called), classes[1]
    worded, clean = (formats.share(int((called[column] == second).sum()), n) for column in ("label", "clean_label"))
    abstained = formats.share(int(called["sure_label"].isna().sum()), n)
    agree = formats.share(int((called["label"] == called["clean_label"]).sum()), n)
    return (
        f"Of the unclassified tumours {worded} are called {second} as the source does it and {clean} without leakage; "
        f"the two ways agree in {agree}. Where a call needs the stated probability the classifier abstains in "
        f"{abstained}."
    )


# --- findings


def answers_by_genotype(cases: CohortTumours, answers: dict[str, list[Finding]]) -> dict[str, list[Finding]]:
    """Answers to claims on genotype; none where the labels are clusters of the same expression."""
    return answers if cases.by_genotype else {}


def roc_findings(cases: CohortTumours, evaluation: SplitEvaluation, adjusted_p: float) -> dict[str, list[Finding]]:
    """Findings on the classifier as the source words it, by the tail of a claim's id."""
    n, test = len(cases.labelled), len(evaluation.test)
    genes = len(evaluation.models[LEAKY, "linear"].genes)
    area = [auc(evaluation.scores[LEAKY, "linear"], evaluation.positive)]
    features = [of_parameter(genes)]
    return answers_by_genotype(cases, {
        "auc": area, "auc.legend": area, "auc.discussion": area,
        "n.features": features, "n.features.legend": features,
        "train": [of_parameter(100 * (n - test) / n)], "test": [of_parameter(100 * test / n)],
        "cut.adjusted_p": [of_parameter(adjusted_p)],
    })  # fmt: skip


def call_findings(table: pd.DataFrame, cases: CohortTumours) -> dict[str, list[Finding]]:
    """The accuracy of the classifier as the source words it, by the tail of a claim's id."""
    right, of = correct_calls(table, way=LEAKY)
    return answers_by_genotype(cases, {"accuracy": [of_share(right, of, *wilson(right, of))]})


def cluster_findings(cases: CohortTumours, clusters: Clusters) -> dict[str, list[Finding]]:
    """The number of clusters, by the tail of a claim's id."""
    return answers_by_genotype(cases, {"n.clusters": [clusters.number], "n.clusters.legend": [clusters.number]})


def share_findings(cases: CohortTumours, called: pd.DataFrame) -> dict[str, list[Finding]]:
    """Findings on the open tumours as the source calls them, by the tail of a claim's id."""
    n, k = len(called), int((called["label"] == SCLC_LIKE).sum())
    aligned, of = k + int(cases.positive.sum()), len(cases.label)
    return answers_by_genotype(cases, {
        "n.unclassified": [of_count(n)],
        "to_sclc_like": [of_share(k, n, *wilson(k, n))],
        "to_nsclc_like": [of_share(n - k, n, *wilson(n - k, n))],
        "sclc_aligned.abstract": [of_share(aligned, of, *wilson(aligned, of))],
        "reclassified.discussion": [of_share(n, n, *wilson(n, n))],
    })  # fmt: skip


def nearness_to_own_subtype(components: pd.DataFrame, label: pd.Series, called: pd.Series) -> Finding:
    """Whether the open tumours lie nearer to the centre (median) of the labelled tumours they were called like than to
    that of the others: the share that does, less a half.

    components: samples × principal components (distances between far points of a UMAP depend on its seed); label: of
    the labelled, missing elsewhere; called: of the open.
    """
    centres = {name: components.loc[label.index[label == name]].median() for name in sorted(set(label.dropna()))}
    distance = pd.DataFrame(
        {
            name: np.linalg.norm((components.loc[called.index] - centre).to_numpy(), axis=1)
            for name, centre in centres.items()
        },
        called.index,
    )
    k, n = int((distance.idxmin(axis=1) == called).sum()), len(called)
    limits = [limit - 0.5 for level in (0.95, 0.90) for limit in wilson(k, n, level=level)]
    p = float(stats.binomtest(k, n).pvalue)
    return Finding(k / n - 0.5, *limits, p=p, n=n, events=k, scale="difference")
