"""The classifier by a second hand: what it may not see, its AUC against R, its choices made anew, its counts."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from threadpoolctl import threadpool_limits

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.omics import classifier
from lcnec_utils.omics.classifier import CLEAN, LEAKY, WAYS, LabelledTumours, SplitEvaluation, auc, choose_genes
from lcnec_utils.omics.genomics import NSCLC_LIKE, SCLC_LIKE
from tests import golden
from tests.omics.labelled_tumours import CLASSES, expressed, mann_whitney

GOLDEN = golden.read("classifier")
NAN = float("nan")


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the notebooks run: threads that wait for each other on small matrices cost more than they bring."""
    with threadpool_limits(1):
        yield


def made_cases(*args, simulated: bool = False, **more) -> LabelledTumours:
    """Drawn tumours as the classifier takes them."""
    return LabelledTumours(*expressed(*args, **more), CLASSES, simulated)


# --- what is refused


def test_tumours_are_labelled_or_open():
    log2, label = expressed(40, 18, 50, open_=12)
    tumours = LabelledTumours(log2, label, CLASSES)
    assert (len(tumours.labelled), len(tumours.open), tumours.positive.sum()) == (40, 12, 18)
    assert tumours.labelled.index[tumours.positive].tolist() == label.index[label == SCLC_LIKE].tolist()


def spoiled_value(value) -> tuple[pd.DataFrame, pd.Series]:
    log2, label = expressed(30, 15, 40)
    log2.iloc[4, 7] = value
    return log2, label


def test_expression_that_cannot_be_is_refused_with_gene_and_sample():
    log2, label = expressed(30, 15, 40)
    for value in (NAN, np.inf):
        with pytest.raises(UserError, match="G7, tumour S004"):
            LabelledTumours(*spoiled_value(value), CLASSES)
    twice = pd.concat([log2, log2.iloc[[3]]])
    with pytest.raises(UserError, match="sample S003: stands twice"):
        LabelledTumours(twice, label.reindex(twice.index), CLASSES)
    with pytest.raises(UserError, match="gene G1: stands twice"):
        LabelledTumours(log2.rename(columns={"G0": "G1"}), label, CLASSES)


def test_labels_of_other_samples_or_classes_are_refused():
    log2, label = expressed(30, 15, 40)
    with pytest.raises(UserError, match="samples are not those of the expression"):
        LabelledTumours(log2, label[::-1], CLASSES)
    strange = label.mask(label.index == "S002", "carcinoid")
    with pytest.raises(UserError, match="label, sample S002: 'carcinoid' is neither NSCLC-like nor SCLC-like"):
        LabelledTumours(log2, strange, CLASSES)
    with pytest.raises(UserError, match="name two different classes"):
        LabelledTumours(log2, label, (NSCLC_LIKE, NSCLC_LIKE))


def test_too_few_tumours_of_a_class_are_a_stated_skip():
    rule = {"n_genes": 10, "adjusted_p": None, "seed": 1}
    with pytest.raises(MissingData, match="9 SCLC-like tumours are labelled; 10 are needed"):
        classifier.evaluate_split(made_cases(40, 9, 50), **rule)
    log2, label = expressed(20, 2, 50)
    with pytest.raises(MissingData, match="2 SCLC-like tumours are labelled; 3 are needed"):
        classifier.train(log2, (label == SCLC_LIKE).to_numpy(), classes=CLASSES, kernel="linear", **rule)
    with pytest.raises(UserError, match="one boolean for each of the 20 samples"):
        classifier.train(log2, np.ones(19, bool), classes=CLASSES, kernel="linear", **rule)


def test_an_area_of_one_class_or_with_a_missing_score_is_refused():
    with pytest.raises(UserError, match="all samples are of one"):
        auc(np.array([0.1, 0.9]), np.array([True, True]))
    with pytest.raises(UserError, match="score of sample 1: is missing"):
        auc(np.array([0.1, NAN]), np.array([True, False]))


def test_a_model_refuses_a_missing_value_and_a_probability_that_decides_nothing():
    model, (log2, _) = trained(), expressed(20, 10, 40, apart=15, seed=5)
    with pytest.raises(UserError, match="sure_from is 0.4"):
        classifier.classify(model, log2, simulated=False, sure_from=0.4)
    log2.loc["S003", model.genes[2]] = NAN
    with pytest.raises(UserError, match=f"gene {model.genes[2]}, tumour S003"):
        classifier.classify(model, log2, simulated=False, sure_from=0.8)


# --- choosing genes


def pooled_t(values: np.ndarray, marked: np.ndarray) -> np.ndarray:
    """p of Student's t test by gene, from its formula."""
    found = []
    for gene in np.asarray(values, float).T:
        one, other = gene[marked], gene[~marked]
        n, m = len(one), len(other)
        if gene.min() == gene.max():
            found.append(1.0)
            continue
        squares = ((one - one.mean()) ** 2).sum() + ((other - other.mean()) ** 2).sum()
        with np.errstate(divide="ignore"):
            t = (one.mean() - other.mean()) / np.sqrt(squares / (n + m - 2) * (1 / n + 1 / m))
        found.append(2 * stats.t.sf(abs(t), n + m - 2))
    return np.array(found)


def step_up(p: np.ndarray) -> np.ndarray:
    """Benjamini and Hochberg's adjusted p, one by one."""
    order = sorted(range(len(p)), key=lambda i: -p[i])
    adjusted, least = np.empty(len(p)), 1.0
    for place, i in enumerate(order):
        least = min(least, p[i] * len(p) / (len(p) - place))
        adjusted[i] = least
    return adjusted


def chosen_by_hand(values: np.ndarray, marked: np.ndarray, most: int, adjusted_p: float | None) -> list[int]:
    p = pooled_t(values, marked)
    if adjusted_p is None:
        return sorted(sorted(range(len(p)), key=lambda i: (p[i], i))[:most])
    held = np.flatnonzero(step_up(p) < adjusted_p)
    return sorted(sorted(held, key=lambda i: -np.asarray(values[:, i], float).var())[:most])


def test_p_and_adjusted_p_are_rs():
    golden = GOLDEN["genes"]
    values, marked = np.array(golden["values"]).T, np.array(golden["marked"], bool)
    np.testing.assert_allclose(classifier.f_test_p(values, marked), golden["p"], rtol=1e-9)
    np.testing.assert_allclose(pooled_t(values, marked), golden["p"], rtol=1e-9)
    adjusted = np.array(golden["adjusted_p"])
    np.testing.assert_allclose(step_up(pooled_t(values, marked)), adjusted, rtol=1e-9)
    for cut in (0.01, 0.05, 0.5):
        assert (
            choose_genes(values, marked, n_genes=60, adjusted_p=cut).tolist() == np.flatnonzero(adjusted < cut).tolist()
        )


@pytest.mark.parametrize("adjusted_p", [None, 0.001, 0.05, 1.0])
@pytest.mark.parametrize("most", [3, 40, 5000])
def test_the_genes_chosen_are_those_chosen_by_hand(adjusted_p, most):
    log2, label = expressed(60, 25, 400, apart=80)
    values, marked = log2.to_numpy(), (label == SCLC_LIKE).to_numpy()
    found = choose_genes(values, marked, n_genes=most, adjusted_p=adjusted_p)
    assert found.tolist() == chosen_by_hand(values, marked, most, adjusted_p)


@pytest.mark.parametrize(("level", "spread"), [(5, 1), (12, 0.1), (15, 0.02), (16, 0.005)])
def test_p_of_evenly_expressed_genes_is_right(level, spread):
    # housekeeping genes, and floors of variance-stabilised counts: high and next to constant, as four-byte numbers
    rng = np.random.default_rng(4)
    marked = np.arange(180) % 3 == 0
    values = (level + spread * rng.normal(size=(180, 150))).astype("f4")
    np.testing.assert_allclose(classifier.f_test_p(values, marked), pooled_t(values, marked), rtol=1e-3)


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_a_gene_that_does_not_vary_tells_nothing_whatever_its_level(kind):
    rng = np.random.default_rng(4)
    marked = np.arange(180) % 3 == 0
    values = np.repeat(rng.uniform(0, 15, (1, 500)), 180, axis=0).astype(kind)
    values[:, 7] += marked  # the one that tells
    p = classifier.f_test_p(values, marked)
    assert p[7] < 1e-6 and (np.delete(p, 7) == 1).all()
    assert choose_genes(values, marked, n_genes=1, adjusted_p=None).tolist() == [7]


# --- a model made anew


def second_hand(log2, marked, most, adjusted_p, kernel, seed, genes=None) -> dict:
    """The training, from its description: genes and penalty chosen within these tumours."""
    from sklearn.model_selection import StratifiedKFold
    from sklearn.svm import SVC

    values = log2.to_numpy()
    given = None if genes is None else [list(log2).index(name) for name in genes]

    def standardised(seen, other):
        mean, sd = seen.mean(axis=0, dtype=float), seen.std(axis=0, dtype=float)
        return (seen - mean) / sd, (other - mean) / sd

    folds = list(StratifiedKFold(3, shuffle=True, random_state=seed).split(values, marked))
    penalties = (0.001, 0.1, 10.0)
    areas = []
    for penalty in penalties:
        score, rank = np.empty(len(values)), np.empty(len(values))
        for inner, outer in folds:
            columns = given or chosen_by_hand(values[inner], marked[inner], most, adjusted_p)
            seen, other = standardised(values[inner][:, columns], values[outer][:, columns])
            machine = SVC(kernel=kernel, C=penalty, gamma=1 / len(columns), class_weight="balanced")
            score[outer] = machine.fit(seen, marked[inner]).decision_function(other)
            rank[outer] = [np.mean((score[outer] < s) + (score[outer] == s) / 2) for s in score[outer]]
        areas.append(mann_whitney(rank, marked))
    best = int(np.argmax(areas))
    columns = given or chosen_by_hand(values, marked, most, adjusted_p)
    seen, _ = standardised(values[:, columns], values[:, columns])
    machine = SVC(kernel=kernel, C=penalties[best], gamma=1 / len(columns), class_weight="balanced").fit(seen, marked)

    def score(table):
        return machine.decision_function(standardised(values[:, columns], table.to_numpy()[:, columns])[1])

    return {"genes": [list(log2)[i] for i in columns], "penalty": penalties[best], "score": score}


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize(("most", "adjusted_p", "by"), [(25, None, 0.8), (25, 0.2, 1.2), (200, None, 0.4)])
def test_a_model_is_what_a_second_hand_makes_of_the_same_tumours(kernel, most, adjusted_p, by):
    cases = made_cases(70, 30, 200, apart=30, by=by, seed=most)
    log2, marked = cases.labelled, cases.positive
    ours = classifier.train(log2, marked, classes=CLASSES, n_genes=most, adjusted_p=adjusted_p, kernel=kernel, seed=5)
    own = second_hand(log2, marked, most, adjusted_p, kernel, 5)
    assert ours.genes == own["genes"] and ours.penalty == own["penalty"] and ours.kernel == kernel
    other, _ = expressed(40, 20, 200, apart=30, by=by, seed=99)
    np.testing.assert_allclose(ours.score(other), own["score"](other), atol=2e-3)
    # the calibrated probability is a logistic curve of that score
    expected = 1 / (1 + np.exp(-(ours.slope * own["score"](other) + ours.offset)))
    np.testing.assert_allclose(ours.probability(other), expected, atol=0.01)


def test_a_split_holds_back_a_fifth_of_each_class_and_the_leaky_genes_are_of_all_tumours():
    cases = made_cases(90, 30, 300, apart=40)
    evaluation = classifier.evaluate_split(cases, n_genes=20, adjusted_p=0.05, seed=3)
    assert len(evaluation.test) == 18 and evaluation.positive.sum() == 6 and len(set(evaluation.test)) == 18
    assert (evaluation.positive == cases.positive[evaluation.test]).all()
    assert set(evaluation.models) == {(way, kernel) for way in WAYS for kernel in ("linear", "rbf")}
    names = np.array(list(cases.log2))
    training = np.setdiff1d(np.arange(90), evaluation.test)
    everything = names[chosen_by_hand(cases.labelled.to_numpy(), cases.positive, 20, 0.05)]
    within = names[chosen_by_hand(cases.labelled.to_numpy()[training], cases.positive[training], 20, 0.05)]
    for kernel in ("linear", "rbf"):
        assert evaluation.models[LEAKY, kernel].genes == list(everything)
        assert evaluation.models[CLEAN, kernel].genes == list(within)
    held = cases.labelled.iloc[evaluation.test]
    for key, model in evaluation.models.items():
        np.testing.assert_array_equal(evaluation.scores[key], model.score(held))
        np.testing.assert_array_equal(evaluation.probabilities[key], model.probability(held))
    other = classifier.evaluate_split(cases, n_genes=20, adjusted_p=0.05, seed=4)
    assert set(other.test) != set(evaluation.test)


def test_where_no_gene_passes_that_is_said_and_nothing_learnt():
    cases = made_cases(40, 20, 50)
    with pytest.raises(MissingData, match="no gene passes"):
        classifier.evaluate_split(cases, n_genes=20, adjusted_p=1e-6, seed=1)
    with pytest.raises(MissingData, match="no gene passes the adjusted p within training"):
        classifier.evaluate_split(cases, n_genes=20, adjusted_p=1e-6, seed=1, ways=(CLEAN,))


# --- what the held-out tumours may not tell


def inside(model) -> list[np.ndarray]:
    """Every number of a model."""
    scaler, machine = model.scorer[0], model.scorer[-1]
    return [
        scaler.mean_, scaler.scale_, machine.support_, machine.support_vectors_, machine.dual_coef_,
        machine.intercept_, np.array([model.penalty, model.slope, model.offset]),
    ]  # fmt: skip


# of permuted labels no gene passes a cut-off, but that of 1
@pytest.mark.parametrize(
    ("most", "adjusted_p", "permuted"),
    [(30, None, False), (30, 0.2, False), (1000, 0.2, False), (30, None, True), (30, 1.0, True)],
)
def test_held_out_tumours_replaced_by_garbage_change_no_bit_of_a_clean_model(most, adjusted_p, permuted):
    cases = made_cases(80, 35, 600, apart=60)
    rng = np.random.default_rng(6)
    positive = rng.permutation(cases.positive) if permuted else None
    rule = {"n_genes": most, "adjusted_p": adjusted_p, "seed": 2, "positive": positive}
    before = classifier.evaluate_split(cases, **rule)
    # garbage that shouts the held-out label in genes that say nothing elsewhere, among all else
    garbage = cases.log2.to_numpy().copy()
    garbage[before.test] = rng.uniform(-50, 50, (len(before.test), 600))
    garbage[np.ix_(before.test, np.arange(500, 560))] = 1000 * before.positive[:, None] - 500
    spoiled = LabelledTumours(pd.DataFrame(garbage, cases.log2.index, list(cases.log2)), cases.label, CLASSES)
    after = classifier.evaluate_split(spoiled, **rule)
    assert (before.test == after.test).all()
    training = np.setdiff1d(np.arange(80), before.test)
    for kernel in ("linear", "rbf"):
        one, other = before.models[CLEAN, kernel], after.models[CLEAN, kernel]
        assert one.genes == other.genes
        for mine, theirs in zip(inside(one), inside(other), strict=True):
            np.testing.assert_array_equal(mine, theirs)
        seen = cases.labelled.iloc[training]
        np.testing.assert_array_equal(one.score(seen), other.score(seen))
        np.testing.assert_array_equal(one.probability(seen), other.probability(seen))
        leaked = after.models[LEAKY, kernel].genes
        shouting = {f"G{i}" for i in range(500, 560)}
        assert leaked != before.models[LEAKY, kernel].genes
        assert shouting & set(leaked), "the leaky way takes what the held-out tumours shout"
    # neither do the held-out scores of the leaky way enter the clean ones
    assert not np.array_equal(before.scores[CLEAN, "linear"], after.scores[CLEAN, "linear"])


def test_the_held_out_labels_do_not_reach_a_clean_model_either(monkeypatch):
    cases = made_cases(80, 40, 300, apart=40)
    first = classifier.evaluate_split(cases, n_genes=30, adjusted_p=None, seed=2)
    other = cases.positive.copy()
    other[first.test] = ~other[first.test]
    training = np.random.default_rng(2).permutation(np.setdiff1d(np.arange(80), first.test))
    monkeypatch.setattr(classifier, "_split", lambda *_: (training, first.test))  # else other labels split otherwise
    one = classifier.evaluate_split(cases, n_genes=30, adjusted_p=None, seed=2)
    two = classifier.evaluate_split(cases, n_genes=30, adjusted_p=None, seed=2, positive=other)
    for kernel in ("linear", "rbf"):
        np.testing.assert_array_equal(one.scores[CLEAN, kernel], two.scores[CLEAN, kernel])
        np.testing.assert_array_equal(one.probabilities[CLEAN, kernel], two.probabilities[CLEAN, kernel])
        assert one.models[CLEAN, kernel].genes == two.models[CLEAN, kernel].genes
        assert one.models[LEAKY, kernel].genes != two.models[LEAKY, kernel].genes


def test_calibration_is_of_tumours_the_folds_left_out_so_chance_stays_chance():
    cases = made_cases(90, 45, 3000, seed=3)
    rng = np.random.default_rng(1)
    for seed in range(3):
        positive = rng.permutation(cases.positive)
        evaluation = classifier.evaluate_split(
            cases, n_genes=300, adjusted_p=None, seed=seed, positive=positive, kernels=("linear",)
        )
        clean = evaluation.probabilities[CLEAN, "linear"]
        assert np.abs(clean - 0.5).mean() < 0.2, "nothing was learnt, and the probabilities say so"
        leaky = evaluation.probabilities[LEAKY, "linear"]
        assert np.abs(leaky - 0.5).mean() > 0.3, "the leak makes sure of nothing"


def test_the_open_tumours_change_no_model_and_each_is_called_on_its_own():
    rule = {"n_genes": 30, "adjusted_p": 0.2, "seed": 2}
    cases = made_cases(80, 35, 300, open_=15, apart=40)
    evaluation = classifier.evaluate_split(cases, **rule)
    before = classifier.classify_open(cases, evaluation, sure_from=0.8, **rule)
    log2 = cases.log2.copy()
    spoiled = cases.open.index[1:]
    log2.loc[spoiled] = 1e3
    other = LabelledTumours(log2, cases.label, CLASSES)
    after = classifier.classify_open(other, classifier.evaluate_split(other, **rule), sure_from=0.8, **rule)
    alone = cases.open.index[0]
    assert before.loc[alone].equals(after.loc[alone])
    assert before.index.equals(cases.open.index)


# --- labels that mean nothing


def near_half(auc: pd.Series) -> bool:
    error = auc.std(ddof=1) / np.sqrt(len(auc))
    low, high = np.percentile(auc, [2.5, 97.5])
    return abs(auc.mean() - 0.5) < 2.5 * error or low < 0.5 < high


def test_where_there_is_nothing_to_learn_the_leak_alone_is_nearly_perfect():
    cases = made_cases(100, 45, 10_000, seed=8)
    table = classifier.repeated_split_aucs(cases, splits=20, n_genes=2168, seed=1, permuted=True)
    assert list(table) == ["split", *WAYS] and table["split"].tolist() == list(range(1, 21))
    assert near_half(table[CLEAN]), table[CLEAN].describe()
    assert abs(table[CLEAN].mean() - 0.5) < 0.12
    assert table[LEAKY].median() > 0.9 and (table[LEAKY] > table[CLEAN]).all()


def test_labels_are_permuted_anew_for_each_split_and_by_the_seed():
    cases = made_cases(60, 25, 200)
    table = classifier.repeated_split_aucs(cases, splits=3, n_genes=40, seed=1, permuted=True)
    again = classifier.repeated_split_aucs(cases, splits=2, n_genes=40, seed=1, permuted=True)
    pd.testing.assert_frame_equal(table.head(2), again)
    assert not again.equals(classifier.repeated_split_aucs(cases, splits=2, n_genes=40, seed=2, permuted=True))
    assert table[CLEAN].nunique() > 1


def test_areas_are_those_of_own_and_of_permuted_labels():
    cases = made_cases(60, 25, 300, apart=20, by=0.7)
    table = classifier.split_aucs(cases, splits=3, n_genes=40, seed=4)
    assert list(table) == ["labels", "way", "split", "auc"] and len(table) == 12
    for name, permuted in (("own labels", False), ("permuted labels", True)):
        wide = table[table["labels"] == name].pivot(index="split", columns="way", values="auc")
        expected = classifier.repeated_split_aucs(cases, splits=3, n_genes=40, seed=4, permuted=permuted).set_index(
            "split"
        )
        for way in WAYS:
            np.testing.assert_array_equal(wide[way], expected[way])


def test_repeated_areas_are_mann_whitneys_of_the_same_splits():
    cases = made_cases(60, 25, 300, apart=20, by=0.7)
    table = classifier.repeated_split_aucs(cases, splits=3, n_genes=40, seed=4)
    for row in table.itertuples(index=False):
        evaluation = classifier.evaluate_split(
            cases, n_genes=40, adjusted_p=None, seed=4 + row.split, kernels=("linear",)
        )
        for way, found in zip(WAYS, row[1:], strict=True):
            assert found == pytest.approx(
                mann_whitney(evaluation.scores[way, "linear"], evaluation.positive), rel=1e-12
            )


# --- areas under the curve


def scores_of(entry: dict) -> tuple[np.ndarray, np.ndarray]:
    score = np.array([*entry["positive"], *entry["negative"]], float)
    return score, np.arange(len(score)) < len(entry["positive"])


@pytest.mark.parametrize("name", GOLDEN["areas"])
def test_an_area_and_its_limits_are_rs(name):
    entry = GOLDEN["areas"][name]
    score, marked = scores_of(entry)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = auc(score, marked)
    assert found.value == pytest.approx(entry["auc"], abs=1e-12)
    assert found.value == pytest.approx(entry["mann_whitney"], abs=1e-12)
    assert found.value == pytest.approx(mann_whitney(score, marked), abs=1e-12)
    assert found.lower == pytest.approx(entry["lower"], abs=1e-9)
    assert found.upper == pytest.approx(entry["upper"], abs=1e-9)
    assert found.n == len(score) and 0 <= found.lower <= found.value <= found.upper <= 1
    if entry["variance"]:
        # DeLong's variance is read back from the limits
        se = (np.log(found.upper / (1 - found.upper)) - np.log(found.lower / (1 - found.lower))) / 2 / 1.959963984540054
        assert (se * found.value * (1 - found.value)) ** 2 == pytest.approx(entry["variance"], rel=1e-9)


@pytest.mark.parametrize("name", GOLDEN["areas"])
def test_a_reversed_score_mirrors_area_and_limits_and_a_monotone_one_changes_nothing(name):
    score, marked = scores_of(GOLDEN["areas"][name])
    found, mirrored, bent = auc(score, marked), auc(-score, marked), auc(np.arctan(score / 9) * 2 - 5, marked)
    shuffled = np.random.default_rng(1).permutation(len(score))
    moved = auc(score[shuffled], marked[shuffled])
    for one, other in (
        (mirrored.value, 1 - found.value), (mirrored.lower, 1 - found.upper), (mirrored.upper, 1 - found.lower),
        (bent.value, found.value), (bent.lower, found.lower), (bent.upper, found.upper),
        (moved.value, found.value), (moved.lower, found.lower), (moved.upper, found.upper),
    ):  # fmt: skip
        assert one == pytest.approx(other, abs=1e-9)


@pytest.mark.parametrize(("n", "m"), [(2, 2), (5, 60), (27, 17), (400, 300)])
def test_a_perfect_curve_has_newcombes_limits(n, m):
    # the least area whose own expected spread still reaches 1, by halving
    low, high = 1e-9, 1 - 1e-9
    for _ in range(200):
        middle = (low + high) / 2
        one_more = 1 + ((n + m) / 2 - 1) * ((1 - middle) / (2 - middle) + middle / (1 + middle))
        reaches = 1 - middle <= 1.959963984540054 * (middle * (1 - middle) * one_more / (n * m)) ** 0.5
        low, high = (low, middle) if reaches else (middle, high)
    found = auc(np.arange(n + m, dtype=float), np.arange(n + m) >= m)
    assert (found.value, found.upper) == (1, 1)
    assert found.lower == pytest.approx(low, abs=1e-8)


def test_a_curve_steps_through_every_score_and_its_area_is_mann_whitneys():
    cases = made_cases(90, 35, 200, apart=10, by=0.6)
    evaluation = classifier.evaluate_split(cases, n_genes=20, adjusted_p=None, seed=1)
    table = classifier.roc_curves(evaluation)
    for key, curve in table.groupby(["way", "kernel"], sort=False):
        assert tuple(curve[["false_positive", "true_positive"]].iloc[0]) == (0, 0)
        assert tuple(curve[["false_positive", "true_positive"]].iloc[-1]) == (1, 1)
        under = np.trapezoid(curve["true_positive"], curve["false_positive"])
        assert under == pytest.approx(mann_whitney(evaluation.scores[key], evaluation.positive))
        for cut in evaluation.scores[key]:
            called = evaluation.scores[key] >= cut
            false, true = called[~evaluation.positive].mean(), called[evaluation.positive].mean()
            off = np.hypot(curve["false_positive"] - false, curve["true_positive"] - true)
            assert off.min() < 1e-12


# --- probabilities


def logistic_truth(n: int, seed: int, genes: int = 60, telling: int = 8, prevalence: float = -0.6):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, genes))
    strength = np.where(np.arange(genes) < telling, 0.55, 0)
    eta = prevalence + values @ strength
    marked = rng.random(n) < 1 / (1 + np.exp(-eta))
    index = [f"S{i}" for i in range(n)]
    table = pd.DataFrame(values * np.linspace(0.5, 3, genes) + 6, index, [f"G{i}" for i in range(genes)])
    return table, pd.Series(np.where(marked, *CLASSES[::-1]), index, dtype=object)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_where_the_truth_is_logistic_probabilities_are_calibrated(kernel, seed):
    cases = LabelledTumours(*logistic_truth(400, seed), CLASSES)
    model = classifier.train(
        cases.labelled, cases.positive, classes=CLASSES, n_genes=12, adjusted_p=None, kernel=kernel, seed=1
    )
    table, label = logistic_truth(6000, 50)
    p, truth = model.probability(table), (label == SCLC_LIKE).to_numpy()
    assert p.mean() == pytest.approx(truth.mean(), abs=0.06)
    eta = np.log(p / (1 - p))

    def loss(x):
        return np.logaddexp(0, np.where(truth, -1, 1) * (x[0] * eta + x[1])).sum()

    slope, offset = optimize.minimize(loss, [1.0, 0.0]).x
    assert 0.6 < slope < 1.6 and abs(offset) < 0.35
    tenth = pd.qcut(p, 10, labels=False)
    off = [abs(p[tenth == i].mean() - truth[tenth == i].mean()) for i in range(10)]
    assert np.mean(off) < 0.06 and max(off) < 0.15


@pytest.mark.parametrize(("kernel", "n", "seed"), [("linear", 200, 3), ("linear", 400, 1), ("rbf", 400, 1)])
def test_a_soft_machine_is_calibrated_as_well_as_a_hard_one(kernel, n, seed, monkeypatch):
    # at a small penalty the boundary itself is loose, and lies elsewhere in each fold
    cases = LabelledTumours(*logistic_truth(n, seed), CLASSES)
    table, label = logistic_truth(4000, 50)
    truth = (label == SCLC_LIKE).to_numpy()
    constant = truth.mean() * (1 - truth.mean())
    for penalty in (0.001, 0.1, 10.0):
        monkeypatch.setattr(classifier, "PENALTIES", [penalty])
        rule = {"n_genes": 12, "adjusted_p": None, "kernel": kernel, "seed": 1}
        model = classifier.train(cases.labelled, cases.positive, classes=CLASSES, **rule)
        p = model.probability(table)
        assert model.slope > 0 and np.mean((p - truth) ** 2) < 0.93 * constant, penalty


def trained(simulated: bool = False, genes: int = 20) -> classifier.Model:
    cases = made_cases(60, 30, 40, apart=15, simulated=simulated)
    rule = {"n_genes": genes, "adjusted_p": None, "kernel": "linear", "seed": 1}
    return classifier.train(cases.labelled, cases.positive, classes=CLASSES, simulated=simulated, **rule)


def test_what_simulated_tumours_taught_is_never_asked_of_real_ones():
    log2, _ = expressed(20, 10, 40, apart=15, seed=5)
    taught = trained(simulated=True)
    assert taught.simulated and not trained().simulated
    with pytest.raises(MissingData, match="trained on simulated tumours is not applied to real ones"):
        classifier.classify(taught, log2, simulated=False, sure_from=0.8)
    assert len(classifier.classify(taught, log2, simulated=True, sure_from=0.8)) == 20
    assert len(classifier.classify(trained(), log2, simulated=True, sure_from=0.8)) == 20


@pytest.mark.parametrize("absent", [0, 1, 2, 3, 20])
def test_absent_genes_take_the_training_mean_and_few_may(absent):
    model = trained()
    log2, _ = expressed(30, 10, 40, apart=15, seed=5)
    lacking = log2.drop(columns=model.genes[:absent])
    if absent > 2:
        with pytest.raises(MissingData, match=f"needs 90% of its 20 genes, and {20 - absent} are there"):
            classifier.classify(model, lacking, simulated=False, sure_from=0.8)
        return
    cases = made_cases(60, 30, 40, apart=15)
    filled = log2.astype(float)
    for gene in model.genes[:absent]:
        filled[gene] = cases.labelled[gene].astype(float).mean()
    found = classifier.classify(model, lacking, simulated=False, sure_from=0.8)
    np.testing.assert_allclose(found["probability"], model.probability(filled), rtol=1e-3, atol=1e-9)
    assert found.attrs == {"absent": absent, "genes": 20}
    # genes in another order, and others besides, change nothing
    moved = lacking.iloc[:, ::-1].assign(OTHER=NAN)
    np.testing.assert_array_equal(
        classifier.classify(model, moved, simulated=False, sure_from=0.8)["probability"], found["probability"]
    )


@pytest.mark.parametrize("sure_from", [0.5, 0.7, 0.8, 0.99])
def test_the_classifier_abstains_exactly_below_the_stated_probability(sure_from):
    log2, _ = logistic_truth(120, 6)
    cases = LabelledTumours(*logistic_truth(200, 1), CLASSES)
    model = classifier.train(
        cases.labelled, cases.positive, classes=CLASSES, n_genes=20, adjusted_p=None, kernel="linear", seed=1
    )
    found = classifier.classify(model, log2, simulated=False, sure_from=sure_from)
    p = found["probability"].to_numpy()
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-(model.slope * model.score(log2) + model.offset))), rtol=1e-12)
    assert found["label"].tolist() == [SCLC_LIKE if value >= 0.5 else NSCLC_LIKE for value in p]
    abstained = found["sure_label"].isna()
    assert abstained.tolist() == [max(value, 1 - value) < sure_from for value in p]
    assert (found["sure_label"][~abstained] == found["label"][~abstained]).all()
    assert abstained.any() == (sure_from > 0.5) and found.index.equals(log2.index)
    # on the boundary itself it is sure
    edge = max(p[3], 1 - p[3])
    assert classifier.classify(model, log2, simulated=False, sure_from=edge)["sure_label"].notna().iloc[3]
    assert (
        classifier.classify(model, log2, simulated=False, sure_from=np.nextafter(edge, 1))["sure_label"].isna().iloc[3]
    )


# --- counts


def evaluated_as(leaky: list[float], clean: list[float], marked: list[bool]) -> SplitEvaluation:
    keys = {(LEAKY, "linear"): np.array(leaky), (CLEAN, "linear"): np.array(clean)}
    return SplitEvaluation(np.arange(len(marked)), np.array(marked), {}, keys, keys)


def test_confusion_and_accuracy_are_counted():
    marked = [True, True, True, False, False, False, False, False]
    leaky = [0.9, 0.5, 0.2, 0.1, 0.4999, 0.7, 0.0, 0.3]
    clean = [0.3, 0.2, 0.1, 0.1, 0.2, 0.3, 0.1, 0.2]
    evaluation = evaluated_as(leaky, clean, marked)
    table = classifier.confusion_counts(evaluation, classes=CLASSES)
    counts = {(row.way, row.truth, row.called): row.n for row in table.itertuples()}
    assert counts == {
        (LEAKY, NSCLC_LIKE, NSCLC_LIKE): 4, (LEAKY, NSCLC_LIKE, SCLC_LIKE): 1,
        (LEAKY, SCLC_LIKE, NSCLC_LIKE): 1, (LEAKY, SCLC_LIKE, SCLC_LIKE): 2,
        (CLEAN, NSCLC_LIKE, NSCLC_LIKE): 5, (CLEAN, NSCLC_LIKE, SCLC_LIKE): 0,
        (CLEAN, SCLC_LIKE, NSCLC_LIKE): 3, (CLEAN, SCLC_LIKE, SCLC_LIKE): 0,
    }  # fmt: skip
    assert classifier.correct_calls(table, way=LEAKY) == (6, 8) and classifier.correct_calls(table, way=CLEAN) == (5, 8)


def test_the_open_tumours_are_called_both_ways():
    rule = {"n_genes": 30, "adjusted_p": 0.2, "seed": 2}
    cases = made_cases(80, 35, 300, open_=21, apart=60)
    evaluation = classifier.evaluate_split(cases, **rule)
    found = classifier.classify_open(cases, evaluation, sure_from=0.8, **rule)
    np.testing.assert_allclose(found["probability"], evaluation.models[LEAKY, "linear"].probability(cases.open))
    everyone = classifier.train(cases.labelled, cases.positive, classes=CLASSES, kernel="linear", **rule)
    np.testing.assert_array_equal(found["clean_probability"], everyone.probability(cases.open))
    own = second_hand(cases.labelled, cases.positive, 30, 0.2, "linear", 2)
    np.testing.assert_allclose(everyone.score(cases.open), own["score"](cases.open), atol=2e-3)
    assert found["label"].notna().all() and found["clean_label"].notna().all()
    without = LabelledTumours(cases.labelled, cases.label.dropna(), CLASSES)
    with pytest.raises(MissingData, match="no tumour with expression that its labels leave open"):
        classifier.classify_open(without, evaluation, sure_from=0.8, **rule)
