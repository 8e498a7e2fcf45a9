"""A classifier of genomic subtype by expression, judged two ways: as the source words it, and without leakage.

The source selects genes on all labelled tumours and then holds a fifth of them back: the tumours held back had a say
in what the classifier sees. Without leakage every choice (genes, scaling, kernel, penalty, calibration) is made inside
the tumours trained on. scikit-learn does the learning; this module says what is held against what.
"""

import dataclasses

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from lcnec_utils import formats
from lcnec_utils.claims import Z95, Finding, of_count, of_parameter, of_share
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.errors import MissingData, UserError
from lcnec_utils.expression import covered, log2_expression
from lcnec_utils.genomics import (
    NO_GENOTYPE,
    NSCLC_LIKE,
    SCLC_LIKE,
    UNCLASSIFIED,
    by_patient,
    genomic_subtype,
    known_subtype,
)
from lcnec_utils.proportions import wilson

LEAKY, CLEAN = "genes chosen on all labelled tumours", "genes chosen within training"
WAYS = (LEAKY, CLEAN)
FEWEST = 10  # tumours of a class, below which halves of it cannot be trained and judged on
FOLDS = 3
LEAST_COVERAGE = 0.9  # of a classifier's genes, below which it is not applied
PENALTIES = [0.001, 0.1, 10.0]


@dataclasses.dataclass(frozen=True)
class Tumours:
    """Expression of a cohort's tumours and their labels. log2: samples × genes; label: one of the two `classes` by
    sample, missing where open; by_genotype: whether the labels are genotypes, or clusters of the same expression."""

    cohort: Cohort
    log2: pd.DataFrame
    label: pd.Series
    classes: tuple[str, str]
    by_genotype: bool

    @property
    def labelled(self) -> pd.DataFrame:
        """Expression of the labelled tumours."""
        return self.log2[self.label.notna()]

    @property
    def marked(self) -> np.ndarray:
        """Whether each labelled tumour is of the second class (SCLC-like)."""
        return (self.label.dropna() == self.classes[1]).to_numpy()

    @property
    def open(self) -> pd.DataFrame:
        """Expression of the tumours that the labels leave open."""
        return self.log2[self.label.isna()]

    @property
    def groups(self) -> pd.Series:
        """The label of each tumour, the open ones as Unclassified (as of unknown genotype where all are open);
        categorical."""
        if self.label.isna().all():
            return pd.Series(pd.Categorical([NO_GENOTYPE] * len(self.label)), self.label.index)
        return pd.Series(
            pd.Categorical(self.label.fillna(UNCLASSIFIED), [*self.classes, UNCLASSIFIED]), self.label.index
        )

    def own(self, answers: dict[str, list[Finding]]) -> dict[str, list[Finding]]:
        """Answers to claims on classifiers of genotype; none where the labels are clusters of the same expression."""
        return answers if self.by_genotype else {}


GENOTYPE = "genomic_subtype"


def tumours(cohort: Cohort, labels: str = GENOTYPE, classes: list[str] | None = None) -> Tumours:
    """A cohort's tumours with expression and a label: their genomic subtype, the unclassified ones open; or a sample
    column, whose two `classes` are told apart and whose other tumours are left out. Of a patient's tumours the first
    listed stands for all: two of one patient must not lie on both sides of a split.

    Raises MissingData where there is no expression, no such column, or a class has fewer than FEWEST tumours.
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
    listed = cohort.samples.loc[cohort.samples.index.isin(log2.index), "PATIENT_ID"]
    log2 = log2[log2.index.isin(listed.drop_duplicates().index)]
    value = value.reindex(log2.index).astype(object)
    log2, value = log2[value.isin(kept)], value[value.isin(kept)]
    for name in classes:
        if (number := int((value == name).sum())) < FEWEST:
            raise MissingData(f"{cohort.name} has {number} {name} tumours with expression; {FEWEST} are needed")
    label = value.where(value.isin(classes))
    varies = log2[label.notna()].std() > 0
    return Tumours(cohort, log2.loc[:, varies], label, (classes[0], classes[1]), labels == GENOTYPE)


def tumours_to_project(cohort: Cohort, labels: str = GENOTYPE, classes: list[str] | None = None) -> Tumours:
    """As `tumours`; where the cohort has no genotype, all tumours with expression, unlabelled."""
    try:
        return tumours(cohort, labels, classes)
    except MissingData:
        if labels != GENOTYPE or not cohort.expression_genes:
            raise
        log2 = log2_expression(cohort)
        known = known_subtype(cohort, log2.index)
        if not known.eq(NO_GENOTYPE).all() or len(known) < FEWEST:
            raise
    label = pd.Series(None, log2.index, dtype=object)
    return Tumours(cohort, log2.loc[:, log2.std() > 0], label, (NSCLC_LIKE, SCLC_LIKE), by_genotype=False)


# --- learning


def differential(values: np.ndarray, marked: np.ndarray) -> np.ndarray:
    """p of each gene by the F test of two groups (pooled t squared); 1 where a gene does not vary."""
    # as differences from one tumour, in eight-byte numbers: of genes that are high and vary little, or not at all, the
    # sums of squares of four-byte values leave nothing but rounding
    apart = values.astype(float) - values[0]
    sums = np.array([marked, ~marked], float) @ apart
    explained = sums[0] ** 2 / marked.sum() + sums[1] ** 2 / (~marked).sum()
    left = np.maximum(np.einsum("ij,ij->j", apart, apart) - explained, 0)
    with np.errstate(invalid="ignore", divide="ignore"):  # of genes that do not vary, for they get 1
        ratio = (explained - sums.sum(axis=0) ** 2 / len(values)) / left * (len(values) - 2)
    return np.nan_to_num(special.fdtrc(1, len(values) - 2, ratio), nan=1.0)


def choose_genes(values: np.ndarray, marked: np.ndarray, most: int, adjusted_p: float | None) -> np.ndarray:
    """The places of the genes to learn from, most of them `most`.

    With adjusted_p, as the source words it: differential expression at this adjusted p (Benjamini–Hochberg), and of
    those genes the most variable. Without, the genes of the smallest p: as many whatever the labels are.
    """
    p = differential(values, marked)
    if adjusted_p is None:
        return np.sort(np.argsort(p, kind="stable")[:most])
    held = np.flatnonzero(stats.false_discovery_control(p) < adjusted_p)
    variance = values[:, held].var(axis=0)
    return np.sort(held[np.argsort(-variance, kind="stable")[:most]])


def _left_out_scores(seen, labels, left_out, kernel: str) -> np.ndarray:
    """Scores of the tumours left out, penalties × tumours, of machines that saw the others; values scaled by what was
    seen, scores by the scores of what was seen, for a soft machine's boundary and scale hang on its tumours. The kernel
    matrix is made once for all penalties."""
    from sklearn.metrics.pairwise import pairwise_kernels
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    scaler = StandardScaler().fit(seen)
    seen, left_out = scaler.transform(seen), scaler.transform(left_out)
    similar = {"metric": kernel, "filter_params": True, "gamma": 1 / seen.shape[1]}
    among, across = pairwise_kernels(seen, **similar), pairwise_kernels(left_out, seen, **similar)
    machines = [SVC(kernel="precomputed", C=penalty, class_weight="balanced") for penalty in PENALTIES]
    rows = []
    for machine in machines:
        known = machine.fit(among, labels).decision_function(among)
        rows.append((machine.decision_function(across) - known.mean()) / known.std())
    return np.array(rows)


@dataclasses.dataclass(frozen=True)
class Model:
    """A trained classifier. genes: what it looks at, in order; kernel, penalty: as chosen by inner cross-validation;
    scorer: fitted pipeline; slope, offset: Platt's calibration of its score; simulated: whether trained on simulated
    tumours."""

    genes: list[str]
    classes: tuple[str, str]
    kernel: str
    penalty: float
    scorer: object
    slope: float
    offset: float
    simulated: bool

    def score(self, log2: pd.DataFrame) -> np.ndarray:
        """The distance from the boundary of each tumour, above 0 on the side of the second class."""
        return self.scorer.decision_function(log2[self.genes].to_numpy())

    def probability(self, log2: pd.DataFrame) -> np.ndarray:
        """The calibrated probability of the second class (SCLC-like) of each tumour."""
        return 1 / (1 + np.exp(-(self.slope * self.score(log2) + self.offset)))


def train(
    cases: Tumours,
    log2: pd.DataFrame,
    marked: np.ndarray,
    *,
    most: int,
    adjusted_p: float | None,
    kernel: str,
    seed: int,
    genes: list[str] | None = None,
) -> Model:
    """A support vector machine trained on `log2` (samples × genes, some of the cases) and `marked` (whether each is of
    the second class), everything chosen within them: genes, penalty (cross-validation in which the
    genes are chosen anew in each fold), and the calibration of its score on the tumours each fold left out (Platt).

    genes: the genes to use, chosen elsewhere (then none are chosen here). kernel: linear or rbf. Raises MissingData
    where no gene passes adjusted_p.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    values = log2.to_numpy()
    given = None if genes is None else np.flatnonzero(log2.columns.isin(genes))
    held = np.full((len(PENALTIES), len(values)), np.nan)
    ranks = held.copy()
    for inner, outer in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(values, marked):
        columns = choose_genes(values[inner], marked[inner], most, adjusted_p) if given is None else given
        if not len(columns):
            raise MissingData("no gene passes the adjusted p within training; nothing to learn from")
        parts = values[np.ix_(inner, columns)], marked[inner], values[np.ix_(outer, columns)]
        held[:, outer] = _left_out_scores(*parts, kernel)
        ranks[:, outer] = stats.rankdata(held[:, outer], axis=1) / len(outer)
    best = int(np.argmax([roc_auc_score(marked, row) for row in ranks]))
    columns = choose_genes(values, marked, most, adjusted_p) if given is None else given
    machine = SVC(kernel=kernel, C=PENALTIES[best], gamma=1 / len(columns), class_weight="balanced")
    scorer = make_pipeline(StandardScaler(), machine).fit(values[:, columns], marked)
    platt = LogisticRegression(C=1e3).fit(held[best][:, None], marked)
    known = scorer.decision_function(values[:, columns])
    slope = float(platt.coef_[0, 0] / known.std())
    return Model(
        genes=list(log2.columns[columns]), classes=cases.classes, kernel=kernel, penalty=PENALTIES[best], scorer=scorer,
        slope=slope, offset=float(platt.intercept_[0] - slope * known.mean()), simulated=cases.cohort.simulated,
    )  # fmt: skip


def classify(model: Model, log2: pd.DataFrame, simulated: bool, sure_from: float) -> pd.DataFrame:
    """Each tumour's probability of the second class, its likelier label, and its label where the model is sure.

    Index sample; columns probability, label, sure_label (missing in between: abstained). A gene the tumours lack takes
    the training mean, and no more than 1 − LEAST_COVERAGE may. Raises MissingData below that, and where simulated
    tumours taught the model and real ones are asked.
    """
    if model.simulated and not simulated:
        raise MissingData("a classifier trained on simulated tumours is not applied to real ones")
    asked = covered(log2, model.genes, LEAST_COVERAGE, "the classifier")
    means = pd.Series(model.scorer[0].mean_, model.genes)
    probability = pd.Series(model.probability(asked.fillna(means)), log2.index, name="probability")
    label = pd.Series(np.where(probability >= 0.5, *model.classes[::-1]), log2.index)
    sure = np.maximum(probability, 1 - probability) >= sure_from
    result = pd.DataFrame({"probability": probability, "label": label, "sure_label": label.where(sure)})
    result.attrs = {"absent": asked.attrs["absent"], "genes": len(model.genes)}
    return result


# --- judging


def _newcombe(value: float, m: int, n: int) -> tuple[float, float]:
    """Newcombe's interval of an AUC (Stat Med 2006, method 5), which exists for a perfect one too."""

    def beyond(truth: float) -> float:
        spread = 1 + ((m + n) / 2 - 1) * ((1 - truth) / (2 - truth) + truth / (1 + truth))
        return abs(value - truth) - Z95 * np.sqrt(truth * (1 - truth) / (m * n) * spread)

    low = optimize.brentq(beyond, 1e-9, value - 1e-12) if value > 0 else 0.0
    high = optimize.brentq(beyond, value + 1e-12, 1 - 1e-9) if value < 1 else 1.0
    return float(low), float(high)


def area(score: np.ndarray, marked: np.ndarray) -> Finding:
    """The area under the ROC curve (a fraction) with DeLong's 95% interval (DeLong et al. 1988; R: pROC), taken on the
    logit scale to stay within 0 and 1; where the variance is nothing, as of a perfect curve, Newcombe's.
    """
    positive, negative = score[marked], score[~marked]
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    value = float(wins.mean())
    variance = wins.mean(axis=1).var(ddof=1) / len(positive) + wins.mean(axis=0).var(ddof=1) / len(negative)
    if variance and 0 < value < 1:
        centre, se = np.log(value / (1 - value)), np.sqrt(variance) / (value * (1 - value))
        low, high = (float(1 / (1 + np.exp(-(centre + z * se)))) for z in (-Z95, Z95))
    else:
        low, high = _newcombe(value, len(positive), len(negative))
    return Finding(value, low, high, n=len(score))


@dataclasses.dataclass(frozen=True)
class Judged:
    """One split judged. test: places of the tumours held back, among the labelled; by way (LEAKY, CLEAN) and kernel
    the models and the scores and probabilities of those tumours."""

    test: np.ndarray
    marked: np.ndarray
    models: dict[tuple[str, str], Model]
    scores: dict[tuple[str, str], np.ndarray]
    probabilities: dict[tuple[str, str], np.ndarray]


def _split(n: int, marked: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.model_selection import train_test_split

    return train_test_split(np.arange(n), test_size=0.2, random_state=seed, stratify=marked)


def judge(
    cases: Tumours,
    *,
    most: int,
    adjusted_p: float | None,
    seed: int,
    kernels: tuple[str, ...] = ("linear", "rbf"),
    marked: np.ndarray | None = None,
    ways: tuple[str, ...] = WAYS,
) -> Judged:
    """Four fifths of the labelled tumours trained on, a fifth held back (as the source), both ways on the same split.

    marked: other labels than the tumours' own (permuted ones).
    """
    log2 = cases.labelled
    truth = cases.marked if marked is None else marked
    training, test = _split(len(log2), truth, seed)
    leaked = list(log2.columns[choose_genes(log2.to_numpy(), truth, most, adjusted_p)]) if LEAKY in ways else []
    if LEAKY in ways and not leaked:
        raise MissingData("no gene passes the adjusted p; nothing to learn from")
    models = {
        (way, kernel): train(
            cases, log2.iloc[training], truth[training], most=most, adjusted_p=adjusted_p, kernel=kernel, seed=seed,
            genes=leaked if way == LEAKY else None,
        )
        for way in ways
        for kernel in kernels
    }  # fmt: skip
    held = log2.iloc[test]
    return Judged(
        test, truth[test], models,
        {key: model.score(held) for key, model in models.items()},
        {key: model.probability(held) for key, model in models.items()},
    )  # fmt: skip


def repeated(
    cases: Tumours, *, splits: int, most: int, seed: int, permuted: bool = False, kernel: str = "linear"
) -> pd.DataFrame:
    """The AUC of both ways over repeated splits, on the same held-out tumours of each. Columns split, and the two ways.

    The `most` genes of the smallest p are chosen in both ways (a p cut-off would select almost none where labels are
    permuted). permuted: labels shuffled anew for each split, so that there is nothing to learn.
    """
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng([seed, int(permuted)])
    rows = []
    for split in range(splits):
        truth = rng.permutation(cases.marked) if permuted else cases.marked
        judged = judge(cases, most=most, adjusted_p=None, seed=seed + 1 + split, kernels=(kernel,), marked=truth)
        areas = {way: roc_auc_score(judged.marked, judged.scores[way, kernel]) for way in WAYS}
        rows.append({"split": split + 1, **areas})
    return pd.DataFrame(rows)


def areas(cases: Tumours, splits: int, most: int, seed: int) -> pd.DataFrame:
    """The AUCs of `repeated`, with the tumours' own labels and with permuted ones: columns labels, way, split, auc."""
    tables = {
        "own labels": repeated(cases, splits=splits, most=most, seed=seed),
        "permuted labels": repeated(cases, splits=splits, most=most, seed=seed, permuted=True),
    }
    long = pd.concat(
        table.melt("split", list(WAYS), "way", "auc").assign(labels=name) for name, table in tables.items()
    )
    return long[["labels", "way", "split", "auc"]].reset_index(drop=True)


def areas_sentence(cases: Tumours, judged: Judged, table: pd.DataFrame) -> str:
    """One split's AUC and the spread over splits, with own and with permuted labels, in words."""
    n, test = len(cases.labelled), len(judged.test)
    said = [f"{n - test} of {n} labelled tumours trained on, {test} held back."]
    for labels, mine in table.groupby("labels", sort=False):
        wide = mine.pivot(index="split", columns="way", values="auc")
        wide["their difference"] = wide[LEAKY] - wide[CLEAN]
        parts = []
        for way in (*WAYS, "their difference"):
            low, middle, high = (formats.number(float(q), 2) for q in np.percentile(wide[way], [2.5, 50, 97.5]))
            parts.append(f"{way} {middle} ({low} to {high})")
        said.append(f"AUC over {len(wide)} splits, {labels}, median (2.5 to 97.5 percentile): {', '.join(parts)}.")
    wide = table.pivot(index=["labels", "split"], columns="way", values="auc")
    if (wide[LEAKY] == wide[CLEAN]).all():
        said.append("Both ways look at the same genes here, for there are no more: nothing can leak by the choice.")
    else:
        said.append("With permuted labels there is nothing to learn: what lies above 0.5 there is the leak.")
    if not cases.by_genotype:
        said.append(
            "These labels are clusters of the same expression: an AUC here is circular and shows only that the "
            "machinery runs."
        )
    return " ".join(said)


def curve(judged: Judged) -> pd.DataFrame:
    """The ROC curves of a split: way, kernel, false_positive, true_positive (fractions)."""
    from sklearn.metrics import roc_curve

    rows = []
    for (way, kernel), score in judged.scores.items():
        false, true, _ = roc_curve(judged.marked, score, drop_intermediate=False)
        rows.append(pd.DataFrame({"way": way, "kernel": kernel, "false_positive": false, "true_positive": true}))
    return pd.concat(rows, ignore_index=True)


def curve_labels(judged: Judged) -> dict[tuple[str, str], str]:
    """What a legend says of each way and kernel: its AUC with the interval."""
    labels = {}
    for (way, kernel), score in judged.scores.items():
        found = area(score, judged.marked)
        value, low, high = (formats.number(number, 3) for number in (found.value, found.lower, found.upper))
        labels[way, kernel] = f"{way},\n{'RBF' if kernel == 'rbf' else kernel}: AUC {value} ({low}–{high})"
    return labels


def confusion(judged: Judged, classes: tuple[str, str], kernel: str = "linear") -> pd.DataFrame:
    """How the tumours held back were called by each way: way, truth, called, n."""
    names = np.array(classes)
    rows = []
    for way in WAYS:
        called = names[(judged.probabilities[way, kernel] >= 0.5).astype(int)]
        table = pd.crosstab(names[judged.marked.astype(int)], called).reindex(index=classes, columns=classes)
        rows += [
            {"way": way, "truth": truth, "called": call, "n": int(np.nan_to_num(table.loc[truth, call]))}
            for truth in classes
            for call in classes
        ]
    return pd.DataFrame(rows)


def accuracy(table: pd.DataFrame, way: str) -> tuple[int, int]:
    """How many of the tumours held back one way called right, and of how many; from `confusion`."""
    mine = table[table["way"] == way]
    return int(mine.loc[mine["truth"] == mine["called"], "n"].sum()), int(mine["n"].sum())


def calls_sentence(table: pd.DataFrame, judged: Judged, sure_from: float, kernel: str = "linear") -> str:
    """How many of the tumours held back each way calls rightly, and how well the leakage-free probabilities hold."""
    shares = "; ".join(f"{way} {formats.share(*accuracy(table, way))}" for way in WAYS)
    probability = judged.probabilities[CLEAN, kernel]
    brier = float(np.mean((probability - judged.marked) ** 2))
    sure = np.maximum(probability, 1 - probability) >= sure_from
    right = int(((probability >= 0.5) == judged.marked)[sure].sum())
    return (
        f"Called rightly: {shares}. Without leakage the Brier score is {formats.number(brier, 3)}; "
        f"{formats.share(int(sure.sum()), len(sure))} are called with a probability of {sure_from:g} or more, "
        f"{formats.share(right, int(sure.sum()))} of them rightly."
    )


# --- the tumours that genotype leaves open


def reclassify(
    cases: Tumours, judged: Judged, *, most: int, adjusted_p: float, sure_from: float, seed: int
) -> pd.DataFrame:
    """The open tumours called both ways. Index sample; probability, label (as the source: the split's classifier, no
    abstention), clean_probability, clean_label, sure_label (a classifier trained without leakage on all labelled
    tumours, with abstention)."""
    simulated = cases.cohort.simulated
    if cases.open.empty:
        raise MissingData(f"{cases.cohort.name} has no tumour with expression that its labels leave open")
    worded = classify(judged.models[LEAKY, "linear"], cases.open, simulated, sure_from)
    model = train(cases, cases.labelled, cases.marked, most=most, adjusted_p=adjusted_p, kernel="linear", seed=seed)
    clean = classify(model, cases.open, simulated, sure_from)
    return worded[["probability", "label"]].assign(
        clean_probability=clean["probability"], clean_label=clean["label"], sure_label=clean["sure_label"]
    )


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


def refined(cases: Tumours, called: pd.DataFrame) -> pd.Series:
    """The four refined subtypes by sample: the two of genotype, and the open tumours by what they were called."""
    first, second = cases.classes
    names = [first, f"Unc. → {first}", second, f"Unc. → {second}"]
    values = cases.label.copy()
    values[called.index] = "Unc. → " + called["label"]
    return pd.Series(pd.Categorical(values, names), values.index, name="refined_subtype")


def reclassified_sentence(called: pd.DataFrame, classes: tuple[str, str]) -> str:
    """What became of the open tumours, by the source's way and without leakage, in words."""
    n, second = len(called), classes[1]
    worded, clean = (formats.share(int((called[column] == second).sum()), n) for column in ("label", "clean_label"))
    abstained = formats.share(int(called["sure_label"].isna().sum()), n)
    agree = formats.share(int((called["label"] == called["clean_label"]).sum()), n)
    return (
        f"Of the unclassified tumours {worded} are called {second} as the source does it, {clean} without leakage; the "
        f"two ways agree in {agree}. Where it must be sure the classifier abstains in {abstained}."
    )


def refined_survival(cases: Tumours, called: pd.DataFrame) -> pd.DataFrame:
    """Overall survival of the patients whose tumour has a refined subtype, with it."""
    subtype = by_patient(cases.cohort, refined(cases, called))
    return cases.cohort.survival("OS").join(subtype.rename("refined_subtype")).dropna(subset=["refined_subtype"])


def roc_findings(cases: Tumours, judged: Judged, adjusted_p: float) -> dict[str, list[Finding]]:
    """Findings on the classifier as the source words it, by the tail of a claim's id."""
    n, test = len(cases.labelled), len(judged.test)
    genes = len(judged.models[LEAKY, "linear"].genes)
    auc = [area(judged.scores[LEAKY, "linear"], judged.marked)]
    features = [of_parameter(genes)]
    return cases.own({
        "auc": auc, "auc.legend": auc, "auc.discussion": auc, "n.features": features, "n.features.legend": features,
        "train": [of_parameter(100 * (n - test) / n)], "test": [of_parameter(100 * test / n)],
        "cut.adjusted_p": [of_parameter(adjusted_p)],
    })  # fmt: skip


def call_findings(table: pd.DataFrame, cases: Tumours) -> dict[str, list[Finding]]:
    """The accuracy of the classifier as the source words it, by the tail of a claim's id."""
    right, of = accuracy(table, LEAKY)
    return cases.own({"accuracy": [of_share(right, of, *wilson(right, of))]})


def share_findings(cases: Tumours, called: pd.DataFrame) -> dict[str, list[Finding]]:
    """Findings on the open tumours as the source calls them, by the tail of a claim's id."""
    n, k = len(called), int((called["label"] == SCLC_LIKE).sum())
    aligned, everyone = k + int(cases.marked.sum()), len(cases.label)
    return cases.own({
        "n.unclassified": [of_count(n)],
        "to_sclc_like": [of_share(k, n, *wilson(k, n))],
        "to_nsclc_like": [of_share(n - k, n, *wilson(n - k, n))],
        "sclc_aligned.abstract": [of_share(aligned, everyone, *wilson(aligned, everyone))],
        "reclassified.discussion": [of_share(n, n, *wilson(n, n))],
    })  # fmt: skip


def nearer_own(places: pd.DataFrame, label: pd.Series, called: pd.Series) -> Finding:
    """Whether the open tumours lie nearer, in a projection, to the middle of the labelled tumours they were called
    like: the share that does, less a half.

    places: samples × x, y; label: of the labelled, missing elsewhere; called: of the open.
    """
    middles = {name: places.loc[label.index[label == name]].median() for name in sorted(set(label.dropna()))}
    away = pd.DataFrame(
        {name: np.hypot(*(places.loc[called.index] - middle).to_numpy().T) for name, middle in middles.items()},
        called.index,
    )
    k, n = int((away.idxmin(axis=1) == called).sum()), len(called)
    limits = [limit - 0.5 for level in (0.95, 0.90) for limit in wilson(k, n, level)]
    return Finding(
        k / n - 0.5, *limits, p=float(stats.binomtest(k, n).pvalue), n=n, events=k, scale="difference"
    )  # fmt: skip


def near_sentence(near: Finding) -> str:
    """`nearer_own` in words."""
    return (
        f"{formats.share(near.events, near.n)} of the called tumours lie nearer to the middle of the subtype they were "
        f"called ({formats.p_value(near.p)} against one half)."
    )
