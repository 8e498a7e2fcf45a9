"""A classifier of two classes by expression, evaluated in two ways: with a choice of genes that leaks, and without.

Of published classifiers many select genes on all labelled samples and then hold a part of them back: the samples held
back had a say in what the classifier sees. Without that leak every choice (genes, scaling, penalty, calibration) is
made within the samples trained on. scikit-learn does the learning (support vector machines, Platt's calibration); this
module says which samples each step may see. Nothing here knows what the two classes are.
"""

import dataclasses

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.core.findings import Z95, Finding
from lcnec_utils.omics.expression import columns_of_genes
from lcnec_utils.stats.embedding import check_expression

LEAKY, CLEAN = "genes chosen on all labelled tumours", "genes chosen within training"
WAYS = (LEAKY, CLEAN)
FEWEST = 10  # samples of a class, below which halves of it cannot be trained and judged on
FOLDS = 3
LEAST_COVERAGE = 0.9  # of a classifier's genes, below which it is not applied
PENALTIES = [0.001, 0.1, 10.0]


@dataclasses.dataclass(frozen=True)
class LabelledTumours:
    """Expression of tumours and their labels.

    log2: samples × genes; label: one of the two `classes` by sample, missing where open; classes: the negative and the
    positive one; simulated: whether the tumours are simulated, which a model then remembers.

    Raises UserError where a sample or gene stands twice, a value is missing or infinite, the labels are of other
    samples, or a label is neither class.

    >>> log2 = pd.DataFrame([[1.0, 2.0], [3.0, 5.0], [2.0, 0.0]], ["a", "b", "c"], ["ASCL1", "YAP1"])
    >>> tumours = LabelledTumours(log2, pd.Series(["x", "y", None], ["a", "b", "c"]), ("x", "y"))
    >>> tumours.positive, list(tumours.open.index)
    (array([False,  True]), ['c'])
    """

    log2: pd.DataFrame
    label: pd.Series
    classes: tuple[str, str]
    simulated: bool = False

    def __post_init__(self):
        if len(set(self.classes)) != 2 or len(self.classes) != 2:
            raise UserError(f"classes: {', '.join(map(str, self.classes))}; name two different classes")
        check_expression(self.log2)
        if not self.label.index.equals(self.log2.index):
            raise UserError("label: its samples are not those of the expression in the same order; reindex the labels")
        unknown = self.label[self.label.notna() & ~self.label.isin(self.classes)]
        if len(unknown):
            raise UserError(
                f"label, sample {unknown.index[0]}: '{unknown.iloc[0]}' is neither {self.classes[0]} nor "
                f"{self.classes[1]}; leave the label missing, or the sample out"
            )

    @property
    def labelled(self) -> pd.DataFrame:
        """Expression of the labelled tumours."""
        return self.log2[self.label.notna()]

    @property
    def positive(self) -> np.ndarray:
        """Whether each labelled tumour is of the second class."""
        return (self.label.dropna() == self.classes[1]).to_numpy()

    @property
    def open(self) -> pd.DataFrame:
        """Expression of the tumours that the labels leave open."""
        return self.log2[self.label.isna()]


def example_tumours(n: int = 60) -> LabelledTumours:
    """Random tumours for the examples: 20 genes, two of which are higher in class y; every sixth tumour is open.

    >>> example_tumours().label.value_counts(dropna=False).to_dict()
    {'x': 30, 'y': 20, None: 10}
    """
    rng = np.random.default_rng(1)
    samples, genes = [f"S{i}" for i in range(n)], [f"G{i}" for i in range(20)]
    log2 = pd.DataFrame(rng.normal(5, 1, (n, 20)), samples, genes)
    log2.iloc[1::2, :2] += 2
    label = pd.Series(np.where(np.arange(n) % 2, "y", "x"), samples, dtype=object)
    return LabelledTumours(log2, label.mask(np.arange(n) % 6 > 4).where(lambda each: each.notna(), None), ("x", "y"))


def _refuse_few(positive: np.ndarray, classes: tuple[str, str], fewest: int) -> None:
    """Raises MissingData where a class has fewer samples."""
    for name, count in zip(classes, (int((~positive).sum()), int(positive.sum())), strict=True):
        if count < fewest:
            raise MissingData(f"{count} {name} tumours are labelled; {fewest} are needed")


def f_test_p(values: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """p of each gene by the F test of two groups (Student's t squared); 1 where a gene does not vary.

    values: samples × genes; positive: boolean by sample.

    >>> values, positive = np.array([[1, 5], [2, 5], [8, 5], [9, 5]]), np.array([False, False, True, True])
    >>> f_test_p(values, positive).round(3)
    array([0.01, 1.  ])
    """
    # as differences from one sample, in eight-byte numbers: of genes that are high and vary little, or not at all, the
    # sums of squares of four-byte values leave nothing but rounding
    differences = values.astype(float) - values[0]
    sums = np.array([positive, ~positive], float) @ differences
    explained = sums[0] ** 2 / positive.sum() + sums[1] ** 2 / (~positive).sum()
    residual = np.maximum(np.einsum("ij,ij->j", differences, differences) - explained, 0)
    with np.errstate(invalid="ignore", divide="ignore"):  # of genes that do not vary, for they get 1
        ratio = (explained - sums.sum(axis=0) ** 2 / len(values)) / residual * (len(values) - 2)
    return np.nan_to_num(special.fdtrc(1, len(values) - 2, ratio), nan=1.0)


def choose_genes(
    values: np.ndarray, positive: np.ndarray, *, n_genes: int, adjusted_p: float | None = None
) -> np.ndarray:
    """The columns of the genes to learn from, `n_genes` at most, in order.

    values: samples × genes; positive: boolean by sample. With adjusted_p: differential expression at this adjusted p
    (Benjamini–Hochberg), and of those genes the most variable. Without: the genes of the smallest p, which are as many
    whatever the labels are.

    >>> values, positive = np.array([[1, 5, 3], [2, 5, 4], [8, 5, 3], [9, 5, 9]]), np.array([False, False, True, True])
    >>> choose_genes(values, positive, n_genes=2), choose_genes(values, positive, n_genes=2, adjusted_p=0.05)
    (array([0, 2]), array([0]))
    """
    p = f_test_p(values, positive)
    if adjusted_p is None:
        return np.sort(np.argsort(p, kind="stable")[:n_genes])
    different = np.flatnonzero(stats.false_discovery_control(p) < adjusted_p)
    variance = values[:, different].var(axis=0)
    return np.sort(different[np.argsort(-variance, kind="stable")[:n_genes]])


def _left_out_scores(seen, labels, left_out, kernel: str) -> np.ndarray:
    """Scores of the samples left out, penalties × samples, of machines that saw the others.

    Values are scaled by what was seen and scores by the scores of what was seen, for a soft machine's boundary and
    scale depend on its samples. The kernel matrix is made once for all penalties.
    """
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
        seen_scores = machine.fit(among, labels).decision_function(among)
        rows.append((machine.decision_function(across) - seen_scores.mean()) / seen_scores.std())
    return np.array(rows)


@dataclasses.dataclass(frozen=True)
class Model:
    """A trained classifier.

    genes: what it looks at, in order; classes: the negative and the positive one; kernel, penalty: the penalty as
    chosen by inner cross-validation; scorer: fitted pipeline; slope, offset: Platt's calibration of its score;
    simulated: whether trained on simulated samples.
    """

    genes: list[str]
    classes: tuple[str, str]
    kernel: str
    penalty: float
    scorer: object
    slope: float
    offset: float
    simulated: bool

    def score(self, log2: pd.DataFrame) -> np.ndarray:
        """The distance from the boundary of each sample, above 0 on the side of the second class."""
        return self.scorer.decision_function(log2[self.genes].to_numpy())

    def probability(self, log2: pd.DataFrame) -> np.ndarray:
        """The calibrated probability of the second class of each sample."""
        return 1 / (1 + np.exp(-(self.slope * self.score(log2) + self.offset)))


def train(
    log2: pd.DataFrame,
    positive: np.ndarray,
    *,
    classes: tuple[str, str],
    n_genes: int,
    adjusted_p: float | None,
    kernel: str,
    seed: int,
    genes: list[str] | None = None,
    simulated: bool = False,
) -> Model:
    """A support vector machine trained on these samples, everything chosen within them.

    log2: samples × genes; positive: whether each is of the second class. Chosen are the genes, the penalty
    (cross-validation in which the genes are chosen anew in each fold), and the calibration of the score on the samples
    that each fold left out (Platt). genes: the genes to use, chosen elsewhere (then none are chosen here). kernel:
    linear or rbf. simulated: whether the samples are, which the model remembers.

    Raises MissingData where no gene passes adjusted_p or a class has fewer samples than folds; UserError where the
    expression cannot be used, or `positive` is not one boolean per sample.

    >>> tumours = example_tumours()
    >>> rule = {"classes": ("x", "y"), "n_genes": 2, "adjusted_p": None, "kernel": "linear", "seed": 1}
    >>> train(tumours.labelled, tumours.positive, **rule).genes
    ['G0', 'G1']
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    if positive.dtype != bool or positive.shape != (len(log2),):
        raise UserError(f"positive: give one boolean for each of the {len(log2)} samples")
    _refuse_few(positive, classes, FOLDS)
    values = log2.to_numpy()
    given = None if genes is None else np.flatnonzero(log2.columns.isin(genes))
    rule = {"n_genes": n_genes, "adjusted_p": adjusted_p}
    left_out = np.full((len(PENALTIES), len(values)), np.nan)
    ranks = left_out.copy()
    for inner, outer in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(values, positive):
        columns = choose_genes(values[inner], positive[inner], **rule) if given is None else given
        if not len(columns):
            raise MissingData("no gene passes the adjusted p within training; nothing to learn from")
        parts = values[np.ix_(inner, columns)], positive[inner], values[np.ix_(outer, columns)]
        left_out[:, outer] = _left_out_scores(*parts, kernel)
        ranks[:, outer] = stats.rankdata(left_out[:, outer], axis=1) / len(outer)
    best = int(np.argmax([roc_auc_score(positive, row) for row in ranks]))
    columns = choose_genes(values, positive, **rule) if given is None else given
    machine = SVC(kernel=kernel, C=PENALTIES[best], gamma=1 / len(columns), class_weight="balanced")
    scorer = make_pipeline(StandardScaler(), machine).fit(values[:, columns], positive)
    platt = LogisticRegression(C=1e3).fit(left_out[best][:, None], positive)
    scores = scorer.decision_function(values[:, columns])
    slope = float(platt.coef_[0, 0] / scores.std())
    return Model(
        genes=list(log2.columns[columns]), classes=classes, kernel=kernel, penalty=PENALTIES[best], scorer=scorer,
        slope=slope, offset=float(platt.intercept_[0] - slope * scores.mean()), simulated=simulated,
    )  # fmt: skip


def classify(model: Model, log2: pd.DataFrame, *, simulated: bool, sure_from: float) -> pd.DataFrame:
    """Each sample's probability of the second class, its likelier label, and its label where the model is sure.

    log2: samples × genes; simulated: whether the samples are; sure_from: the probability from which a label is sure.
    Index sample; columns probability, label, sure_label (missing in between: abstained). A gene the samples lack takes
    the training mean, and no more than 1 − LEAST_COVERAGE of the genes may lack.

    Raises MissingData below that, and where simulated samples taught the model and real ones are asked; UserError where
    sure_from is not from 0.5 to 1, or a value of the model's genes is missing.

    >>> tumours = example_tumours()
    >>> rule = {"classes": ("x", "y"), "n_genes": 2, "adjusted_p": None, "kernel": "linear", "seed": 1}
    >>> model = train(tumours.labelled, tumours.positive, **rule)
    >>> list(classify(model, tumours.open, simulated=False, sure_from=0.9))
    ['probability', 'label', 'sure_label']
    """
    if model.simulated and not simulated:
        raise MissingData("a classifier trained on simulated tumours is not applied to real ones")
    if not 0.5 <= sure_from <= 1:
        raise UserError(f"sure_from is {sure_from:g}; a probability of the likelier class is from 0.5 to 1")
    values = columns_of_genes(log2, genes=model.genes, least=LEAST_COVERAGE, what="the classifier")
    check_expression(log2[log2.columns.intersection(model.genes)])
    means = pd.Series(model.scorer[0].mean_, model.genes)
    probability = pd.Series(model.probability(values.fillna(means)), log2.index, name="probability")
    label = pd.Series(np.where(probability >= 0.5, *model.classes[::-1]), log2.index)
    sure = np.maximum(probability, 1 - probability) >= sure_from
    result = pd.DataFrame({"probability": probability, "label": label, "sure_label": label.where(sure)})
    result.attrs = {"absent": values.attrs["absent"], "genes": len(model.genes)}
    return result


# --- evaluating


def _newcombe(value: float, m: int, n: int) -> tuple[float, float]:
    """Newcombe's interval of an AUC (Stat Med 2006, method 5), which exists for a perfect one too."""

    def excess(truth: float) -> float:
        spread = 1 + ((m + n) / 2 - 1) * ((1 - truth) / (2 - truth) + truth / (1 + truth))
        return abs(value - truth) - Z95 * np.sqrt(truth * (1 - truth) / (m * n) * spread)

    low = optimize.brentq(excess, 1e-9, value - 1e-12) if value > 0 else 0.0
    high = optimize.brentq(excess, value + 1e-12, 1 - 1e-9) if value < 1 else 1.0
    return float(low), float(high)


def auc(score: np.ndarray, positive: np.ndarray) -> Finding:
    """The area under the ROC curve (a fraction) with DeLong's 95% interval (DeLong et al. 1988; R: pROC).

    score: higher in the positive; positive: boolean. The interval is taken on the logit scale to stay within 0 and 1;
    where the variance is 0, as of a perfect curve, it is Newcombe's. Raises UserError for a missing score, and where
    one side has no sample.

    >>> auc(np.array([0.9, 0.4, 0.6, 0.1]), np.array([True, True, False, False])).value
    0.75
    """
    if np.isnan(score).any():
        raise UserError(f"score of sample {int(np.flatnonzero(np.isnan(score))[0])}: is missing; leave the sample out")
    if positive.all() or not positive.any():
        raise UserError("an AUC compares two classes, and all samples are of one; give samples of both")
    cases, controls = score[positive], score[~positive]
    wins = (cases[:, None] > controls) + 0.5 * (cases[:, None] == controls)
    value = float(wins.mean())
    variance = wins.mean(axis=1).var(ddof=1) / len(cases) + wins.mean(axis=0).var(ddof=1) / len(controls)
    if variance and 0 < value < 1:
        centre, se = np.log(value / (1 - value)), np.sqrt(variance) / (value * (1 - value))
        low, high = (float(1 / (1 + np.exp(-(centre + z * se)))) for z in (-Z95, Z95))
    else:
        low, high = _newcombe(value, len(cases), len(controls))
    return Finding(value, low, high, n=len(score))


@dataclasses.dataclass(frozen=True)
class SplitEvaluation:
    """One split evaluated.

    test: places of the samples held back, among the labelled; positive: whether each is of the second class; by way
    (LEAKY, CLEAN) and kernel: models, and the scores and probabilities of the samples held back.
    """

    test: np.ndarray
    positive: np.ndarray
    models: dict[tuple[str, str], Model]
    scores: dict[tuple[str, str], np.ndarray]
    probabilities: dict[tuple[str, str], np.ndarray]


def _split(n: int, positive: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.model_selection import train_test_split

    return train_test_split(np.arange(n), test_size=0.2, random_state=seed, stratify=positive)


def evaluate_split(
    tumours: LabelledTumours,
    *,
    n_genes: int,
    adjusted_p: float | None,
    seed: int,
    kernels: tuple[str, ...] = ("linear", "rbf"),
    positive: np.ndarray | None = None,
    ways: tuple[str, ...] = WAYS,
) -> SplitEvaluation:
    """Both ways evaluated on one split: four fifths of the labelled tumours trained on, a fifth held back.

    positive: other labels than the tumours' own (permuted ones). Raises MissingData where a class has fewer than 10
    tumours, or no gene passes adjusted_p.

    >>> evaluation = evaluate_split(example_tumours(), n_genes=2, adjusted_p=0.05, seed=1)
    >>> len(evaluation.test), sorted(kernel for way, kernel in evaluation.models if way == CLEAN)
    (10, ['linear', 'rbf'])
    """
    log2 = tumours.labelled
    truth = tumours.positive if positive is None else positive
    _refuse_few(truth, tumours.classes, FEWEST)
    training, test = _split(len(log2), truth, seed)
    rule = {"n_genes": n_genes, "adjusted_p": adjusted_p}
    leaked = list(log2.columns[choose_genes(log2.to_numpy(), truth, **rule)]) if LEAKY in ways else []
    if LEAKY in ways and not leaked:
        raise MissingData("no gene passes the adjusted p; nothing to learn from")
    models = {
        (way, kernel): train(
            log2.iloc[training], truth[training], classes=tumours.classes, kernel=kernel, seed=seed,
            genes=leaked if way == LEAKY else None, simulated=tumours.simulated, **rule,
        )
        for way in ways
        for kernel in kernels
    }  # fmt: skip
    held_out = log2.iloc[test]
    return SplitEvaluation(
        test, truth[test], models,
        {key: model.score(held_out) for key, model in models.items()},
        {key: model.probability(held_out) for key, model in models.items()},
    )  # fmt: skip


def repeated_split_aucs(
    tumours: LabelledTumours, *, splits: int, n_genes: int, seed: int, permuted: bool = False, kernel: str = "linear"
) -> pd.DataFrame:
    """The AUC of both ways over repeated splits, on the same held-out tumours of each: columns split, and the two ways.

    The genes of the smallest p are chosen in both ways (a cut-off on p would select almost none where labels are
    permuted). permuted: labels shuffled anew for each split, so that there is nothing to learn.

    >>> repeated_split_aucs(example_tumours(), splits=2, n_genes=2, seed=1).shape
    (2, 3)
    """
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng([seed, int(permuted)])
    rows = []
    for split in range(splits):
        truth = rng.permutation(tumours.positive) if permuted else tumours.positive
        rule = {"n_genes": n_genes, "adjusted_p": None, "seed": seed + 1 + split}
        evaluation = evaluate_split(tumours, kernels=(kernel,), positive=truth, **rule)
        aucs = {way: roc_auc_score(evaluation.positive, evaluation.scores[way, kernel]) for way in WAYS}
        rows.append({"split": split + 1, **aucs})
    return pd.DataFrame(rows)


def split_aucs(tumours: LabelledTumours, *, splits: int, n_genes: int, seed: int) -> pd.DataFrame:
    """The AUCs of `repeated_split_aucs` with the tumours' own labels and with permuted ones.

    Columns labels, way, split, auc.

    >>> table = split_aucs(example_tumours(), splits=2, n_genes=2, seed=1)
    >>> table.groupby("labels")["auc"].mean().idxmax()
    'own labels'
    """
    rule = {"splits": splits, "n_genes": n_genes, "seed": seed}
    tables = {
        "own labels": repeated_split_aucs(tumours, **rule),
        "permuted labels": repeated_split_aucs(tumours, permuted=True, **rule),
    }
    by_split = pd.concat(
        table.melt("split", list(WAYS), "way", "auc").assign(labels=name) for name, table in tables.items()
    )
    return by_split[["labels", "way", "split", "auc"]].reset_index(drop=True)


def roc_curves(evaluation: SplitEvaluation) -> pd.DataFrame:
    """The ROC curves of a split: way, kernel, false_positive, true_positive (fractions).

    >>> evaluation = evaluate_split(example_tumours(), n_genes=2, adjusted_p=None, seed=1, kernels=("linear",))
    >>> roc_curves(evaluation).groupby("way")["true_positive"].max().tolist()
    [1.0, 1.0]
    """
    from sklearn.metrics import roc_curve

    rows = []
    for (way, kernel), score in evaluation.scores.items():
        false, true, _ = roc_curve(evaluation.positive, score, drop_intermediate=False)
        rows.append(pd.DataFrame({"way": way, "kernel": kernel, "false_positive": false, "true_positive": true}))
    return pd.concat(rows, ignore_index=True)


def confusion_counts(evaluation: SplitEvaluation, *, classes: tuple[str, str], kernel: str = "linear") -> pd.DataFrame:
    """How the tumours held back were called by each way, at a probability of one half: way, truth, called, n.

    >>> evaluation = evaluate_split(example_tumours(), n_genes=2, adjusted_p=None, seed=1, kernels=("linear",))
    >>> confusion_counts(evaluation, classes=("x", "y")).groupby("way")["n"].sum().tolist()
    [10, 10]
    """
    names = np.array(classes)
    rows = []
    for way in WAYS:
        called = names[(evaluation.probabilities[way, kernel] >= 0.5).astype(int)]
        table = pd.crosstab(names[evaluation.positive.astype(int)], called).reindex(index=classes, columns=classes)
        rows += [
            {"way": way, "truth": truth, "called": call, "n": int(np.nan_to_num(table.loc[truth, call]))}
            for truth in classes
            for call in classes
        ]
    return pd.DataFrame(rows)


def correct_calls(table: pd.DataFrame, *, way: str) -> tuple[int, int]:
    """How many of the tumours held back one way called correctly, and of how many; from `confusion_counts`.

    >>> table = pd.DataFrame({"way": CLEAN, "truth": ["x", "x", "y"], "called": ["x", "y", "y"], "n": [4, 1, 5]})
    >>> correct_calls(table, way=CLEAN)
    (9, 10)
    """
    of_way = table[table["way"] == way]
    return int(of_way.loc[of_way["truth"] == of_way["called"], "n"].sum()), int(of_way["n"].sum())


def classify_open(
    tumours: LabelledTumours,
    evaluation: SplitEvaluation,
    *,
    n_genes: int,
    adjusted_p: float | None,
    sure_from: float,
    seed: int,
) -> pd.DataFrame:
    """The tumours that the labels leave open, called both ways.

    Index sample; probability, label (by the leaky classifier of the split, no abstention), clean_probability,
    clean_label, sure_label (by a classifier trained without leakage on all labelled tumours; sure_label missing where
    it abstains). Raises MissingData where no tumour is open.

    >>> tumours, rule = example_tumours(), {"n_genes": 2, "adjusted_p": None, "seed": 1}
    >>> len(classify_open(tumours, evaluate_split(tumours, **rule), sure_from=0.9, **rule))
    10
    """
    if tumours.open.empty:
        raise MissingData("there is no tumour with expression that its labels leave open")
    asked = {"simulated": tumours.simulated, "sure_from": sure_from}
    leaky = classify(evaluation.models[LEAKY, "linear"], tumours.open, **asked)
    model = train(
        tumours.labelled, tumours.positive, classes=tumours.classes, n_genes=n_genes, adjusted_p=adjusted_p,
        kernel="linear", seed=seed, simulated=tumours.simulated,
    )  # fmt: skip
    clean = classify(model, tumours.open, **asked)
    return leaky[["probability", "label"]].assign(
        clean_probability=clean["probability"], clean_label=clean["label"], sure_label=clean["sure_label"]
    )
