"""The classifier judged by a second hand: what it may not see, its AUC against R, its choices made anew, its counts."""

import json
import subprocess
import types
import warnings
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from threadpoolctl import threadpool_limits

from lcnec_utils import classifier, page, paths, runs
from lcnec_utils.classifier import CLEAN, LEAKY, WAYS, Judged, Tumours, area, choose_genes
from lcnec_utils.cohort import read, write
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.errors import MissingData, UserError
from lcnec_utils.genomics import NSCLC_LIKE, SCLC_LIKE, UNCLASSIFIED
from lcnec_utils.twins import build

REFERENCE = Path(__file__).parent / "reference"
GOLDEN = json.loads((REFERENCE / "classifier.json").read_text())
CLASSES = (NSCLC_LIKE, SCLC_LIKE)
NAN = float("nan")


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the notebooks run: threads that wait for each other on small matrices cost more than they bring."""
    with threadpool_limits(1):
        yield


# --- cohorts


def expressed(n: int, marked: int, genes: int, *, open_: int = 0, apart: int = 0, by: float = 1.5, seed: int = 1):
    """log2 expression of n labelled and some open tumours, the first `apart` genes differing; the labels."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(n) < marked)
    values = rng.uniform(1, 9, genes) + rng.uniform(0.5, 2, genes) * rng.normal(size=(n + open_, genes))
    values[:n, :apart] += by * truth[:, None]
    values[n:, :apart] += by * (np.arange(open_) % 2)[:, None]
    order = rng.permutation(n + open_)
    index = pd.Index([f"S{i:03d}" for i in range(n + open_)], name="sample")
    label = pd.Series([*np.where(truth, SCLC_LIKE, NSCLC_LIKE), *[None] * open_], dtype=object)
    log2 = pd.DataFrame(values[order].astype("f4"), index, [f"G{i}" for i in range(genes)])
    return log2, pd.Series(label.to_numpy()[order], index)


def cases_of(log2: pd.DataFrame, label: pd.Series, *, simulated: bool = False, by_genotype: bool = True) -> Tumours:
    people = pd.Index([f"P{i}" for i in range(len(log2))], name="PATIENT_ID")
    samples = pd.DataFrame({"PATIENT_ID": people}, index=log2.index)
    made = Cohort("made", pd.DataFrame(index=people), samples, study={"simulated": simulated})
    return Tumours(made, log2, label, CLASSES, by_genotype)


def made_cases(*args, simulated: bool = False, by_genotype: bool = True, **more) -> Tumours:
    return cases_of(*expressed(*args, **more), simulated=simulated, by_genotype=by_genotype)


GENOTYPES = {SCLC_LIKE: ["TP53", "RB1"], NSCLC_LIKE: ["KRAS"], UNCLASSIFIED: []}


def study(folder: Path, log2: pd.DataFrame, label: pd.Series, patient_of=None, **columns) -> Path:
    """A study folder with this expression, and mutations that make the labels (open ones: unclassified)."""
    subtype = label.fillna(UNCLASSIFIED)
    ids = list(log2.index)
    people = patient_of or [f"P{name}" for name in ids]
    calls = [(sample, gene, "Missense_Mutation") for sample in ids for gene in GENOTYPES[subtype[sample]]]
    rng = np.random.default_rng(9)
    once = list(dict.fromkeys(people))
    return write.write_study(
        folder,
        patients=pd.DataFrame(
            {
                "PATIENT_ID": once,
                "OS_MONTHS": np.round(rng.exponential(14, len(once)) + 0.1, 2),
                "OS_STATUS": np.where(rng.random(len(once)) < 0.7, "1:DECEASED", "0:LIVING"),
            }
        ),
        samples=pd.DataFrame({"SAMPLE_ID": ids, "PATIENT_ID": people, **columns}),
        study={"name": folder.name, "os_origin": "diagnosis"},
        mutations=pd.DataFrame(calls, columns=["Tumor_Sample_Barcode", "Hugo_Symbol", "Variant_Classification"]),
        expression=anndata.AnnData(
            np.maximum(log2.to_numpy(), 0),
            obs=pd.DataFrame(index=ids),
            var=pd.DataFrame(index=list(log2)),
            uns={"scale": "log2(TPM+1)"},
        ),
    )


# --- the tumours


def test_tumours_are_labelled_by_genotype_and_the_unclassified_are_open(tmp_path):
    log2, label = expressed(40, 18, 50, open_=12)
    log2["G7"] = 4.0  # varies nowhere
    log2.loc[label.isna(), "G8"] = 2.0
    found = classifier.tumours(read.read_study(study(tmp_path / "own", log2, label)))
    assert found.by_genotype and found.classes == CLASSES
    assert list(found.log2) == [name for name in log2 if name != "G7"]
    assert found.label.fillna("open").to_dict() == label.fillna("open").to_dict()
    assert (len(found.labelled), len(found.open), found.marked.sum()) == (40, 12, 18)
    assert found.labelled.index[found.marked].tolist() == label.index[label == SCLC_LIKE].tolist()
    assert found.groups.value_counts().to_dict() == {NSCLC_LIKE: 22, SCLC_LIKE: 18, UNCLASSIFIED: 12}


def test_tumours_of_a_sample_column_are_those_of_its_two_classes(tmp_path):
    log2, label = expressed(40, 18, 50, open_=12)
    words = ["a", "b", "c"] * 17 + ["a"]
    own = read.read_study(study(tmp_path / "own", log2, label, CLUSTER=words))
    found = classifier.tumours(own, "CLUSTER", ["c", "a"])
    assert not found.by_genotype and found.classes == ("c", "a") and len(found.log2) == 35 and found.open.empty
    assert found.marked.sum() == 18
    with pytest.raises(MissingData, match="own has no sample column OTHER"):
        classifier.tumours(own, "OTHER", ["a", "b"])
    with pytest.raises(MissingData, match="own has 0 z tumours with expression; 10 are needed"):
        classifier.tumours(own, "CLUSTER", ["a", "z"])


@pytest.mark.parametrize(("marked", "enough"), [(9, False), (10, True), (41, False)])
def test_a_class_with_fewer_than_ten_tumours_is_a_stated_skip(tmp_path, marked, enough):
    own = read.read_study(study(tmp_path / "own", *expressed(50, marked, 30)))
    if enough:
        assert classifier.tumours(own).marked.sum() == 10
        return
    name = SCLC_LIKE if marked == 9 else NSCLC_LIKE
    with pytest.raises(MissingData, match=f"own has 9 {name} tumours with expression; 10 are needed"):
        classifier.tumours(own)


def test_without_expression_that_is_said(tmp_path):
    folder = study(tmp_path / "own", *expressed(30, 15, 30))
    (folder / "expression.h5ad").unlink()
    with pytest.raises(MissingData, match=r"own has no expression \(expression.h5ad\)"):
        classifier.tumours(read.read_study(folder))


def test_two_tumours_of_one_patient_are_never_held_apart(tmp_path):
    # the second tumour of each patient is the first measured again: whoever has seen one knows the other
    log2, label = expressed(30, 15, 40)
    again = log2.set_axis(log2.index + "b") + 0.001
    both, labels = pd.concat([log2, again]), pd.concat([label, label.set_axis(again.index)])
    people = [name[:4] for name in both.index]
    own = read.read_study(study(tmp_path / "own", both, labels, patient_of=people))
    cases = classifier.tumours(own)
    judged = classifier.judge(cases, most=10, adjusted_p=None, seed=1, kernels=("linear",))
    held = set(cases.labelled.index[judged.test].str[:4])
    seen = set(np.delete(cases.labelled.index, judged.test).str[:4])
    assert not held & seen


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
    np.testing.assert_allclose(classifier.differential(values, marked), golden["p"], rtol=1e-9)
    np.testing.assert_allclose(pooled_t(values, marked), golden["p"], rtol=1e-9)
    adjusted = np.array(golden["adjusted_p"])
    np.testing.assert_allclose(step_up(pooled_t(values, marked)), adjusted, rtol=1e-9)
    for cut in (0.01, 0.05, 0.5):
        assert choose_genes(values, marked, 60, cut).tolist() == np.flatnonzero(adjusted < cut).tolist()


@pytest.mark.parametrize("adjusted_p", [None, 0.001, 0.05, 1.0])
@pytest.mark.parametrize("most", [3, 40, 5000])
def test_the_genes_chosen_are_those_chosen_by_hand(adjusted_p, most):
    log2, label = expressed(60, 25, 400, apart=80)
    values, marked = log2.to_numpy(), (label == SCLC_LIKE).to_numpy()
    found = choose_genes(values, marked, most, adjusted_p)
    assert found.tolist() == chosen_by_hand(values, marked, most, adjusted_p)


@pytest.mark.parametrize(("level", "spread"), [(5, 1), (12, 0.1), (15, 0.02), (16, 0.005)])
def test_p_of_evenly_expressed_genes_is_right(level, spread):
    # housekeeping genes, and floors of variance-stabilised counts: high and next to constant, as four-byte numbers
    rng = np.random.default_rng(4)
    marked = np.arange(180) % 3 == 0
    values = (level + spread * rng.normal(size=(180, 150))).astype("f4")
    np.testing.assert_allclose(classifier.differential(values, marked), pooled_t(values, marked), rtol=1e-3)


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_a_gene_that_does_not_vary_tells_nothing_whatever_its_level(kind):
    rng = np.random.default_rng(4)
    marked = np.arange(180) % 3 == 0
    values = np.repeat(rng.uniform(0, 15, (1, 500)), 180, axis=0).astype(kind)
    values[:, 7] += marked  # the one that tells
    p = classifier.differential(values, marked)
    assert p[7] < 1e-6 and (np.delete(p, 7) == 1).all()
    assert choose_genes(values, marked, 1, None).tolist() == [7]


# --- a model made anew


def mann_whitney(score: np.ndarray, marked: np.ndarray) -> float:
    wins = [(a > b) + (a == b) / 2 for a in score[marked] for b in score[~marked]]
    return sum(wins) / len(wins)


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
    log2, marked = cases.labelled, cases.marked
    ours = classifier.train(cases, log2, marked, most=most, adjusted_p=adjusted_p, kernel=kernel, seed=5)
    own = second_hand(log2, marked, most, adjusted_p, kernel, 5)
    assert ours.genes == own["genes"] and ours.penalty == own["penalty"] and ours.kernel == kernel
    other, _ = expressed(40, 20, 200, apart=30, by=by, seed=99)
    np.testing.assert_allclose(ours.score(other), own["score"](other), atol=2e-3)
    # the calibrated probability is a logistic curve of that score
    expected = 1 / (1 + np.exp(-(ours.slope * own["score"](other) + ours.offset)))
    np.testing.assert_allclose(ours.probability(other), expected, atol=0.01)


def test_a_split_holds_back_a_fifth_of_each_class_and_the_leaky_genes_are_of_all_tumours():
    cases = made_cases(90, 30, 300, apart=40)
    judged = classifier.judge(cases, most=20, adjusted_p=0.05, seed=3)
    assert len(judged.test) == 18 and judged.marked.sum() == 6 and len(set(judged.test)) == 18
    assert (judged.marked == cases.marked[judged.test]).all()
    assert set(judged.models) == {(way, kernel) for way in WAYS for kernel in ("linear", "rbf")}
    names = np.array(list(cases.log2))
    training = np.setdiff1d(np.arange(90), judged.test)
    everything = names[chosen_by_hand(cases.labelled.to_numpy(), cases.marked, 20, 0.05)]
    within = names[chosen_by_hand(cases.labelled.to_numpy()[training], cases.marked[training], 20, 0.05)]
    for kernel in ("linear", "rbf"):
        assert judged.models[LEAKY, kernel].genes == list(everything)
        assert judged.models[CLEAN, kernel].genes == list(within)
    held = cases.labelled.iloc[judged.test]
    for key, model in judged.models.items():
        np.testing.assert_array_equal(judged.scores[key], model.score(held))
        np.testing.assert_array_equal(judged.probabilities[key], model.probability(held))
    other = classifier.judge(cases, most=20, adjusted_p=0.05, seed=4)
    assert set(other.test) != set(judged.test)


def test_where_no_gene_passes_that_is_said_and_nothing_learnt():
    cases = made_cases(40, 20, 50)
    with pytest.raises(MissingData, match="no gene passes"):
        classifier.judge(cases, most=20, adjusted_p=1e-6, seed=1)
    with pytest.raises(MissingData, match="no gene passes the adjusted p within training"):
        classifier.judge(cases, most=20, adjusted_p=1e-6, seed=1, ways=(CLEAN,))


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
    marked = rng.permutation(cases.marked) if permuted else None
    rule = {"most": most, "adjusted_p": adjusted_p, "seed": 2, "marked": marked}
    before = classifier.judge(cases, **rule)
    # garbage that shouts the held-out label in genes that say nothing elsewhere, among all else
    garbage = cases.log2.to_numpy().copy()
    garbage[before.test] = rng.uniform(-50, 50, (len(before.test), 600))
    garbage[np.ix_(before.test, np.arange(500, 560))] = 1000 * before.marked[:, None] - 500
    spoiled = cases_of(pd.DataFrame(garbage, cases.log2.index, list(cases.log2)), cases.label)
    after = classifier.judge(spoiled, **rule)
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
    first = classifier.judge(cases, most=30, adjusted_p=None, seed=2)
    other = cases.marked.copy()
    other[first.test] = ~other[first.test]
    training = np.random.default_rng(2).permutation(np.setdiff1d(np.arange(80), first.test))
    monkeypatch.setattr(classifier, "_split", lambda *_: (training, first.test))  # else other labels split otherwise
    one = classifier.judge(cases, most=30, adjusted_p=None, seed=2)
    two = classifier.judge(cases, most=30, adjusted_p=None, seed=2, marked=other)
    for kernel in ("linear", "rbf"):
        np.testing.assert_array_equal(one.scores[CLEAN, kernel], two.scores[CLEAN, kernel])
        np.testing.assert_array_equal(one.probabilities[CLEAN, kernel], two.probabilities[CLEAN, kernel])
        assert one.models[CLEAN, kernel].genes == two.models[CLEAN, kernel].genes
        assert one.models[LEAKY, kernel].genes != two.models[LEAKY, kernel].genes


def test_calibration_is_of_tumours_the_folds_left_out_so_chance_stays_chance():
    cases = made_cases(90, 45, 3000, seed=3)
    rng = np.random.default_rng(1)
    for seed in range(3):
        marked = rng.permutation(cases.marked)
        judged = classifier.judge(cases, most=300, adjusted_p=None, seed=seed, marked=marked, kernels=("linear",))
        clean = judged.probabilities[CLEAN, "linear"]
        assert np.abs(clean - 0.5).mean() < 0.2, "nothing was learnt, and the probabilities say so"
        leaky = judged.probabilities[LEAKY, "linear"]
        assert np.abs(leaky - 0.5).mean() > 0.3, "the leak makes sure of nothing"


def test_the_open_tumours_change_no_model_and_each_is_called_on_its_own():
    rule = {"most": 30, "adjusted_p": 0.2, "seed": 2}
    cases = made_cases(80, 35, 300, open_=15, apart=40)
    judged = classifier.judge(cases, **rule)
    before = classifier.reclassify(cases, judged, sure_from=0.8, **rule)
    log2 = cases.log2.copy()
    spoiled = cases.open.index[1:]
    log2.loc[spoiled] = 1e3
    other = cases_of(log2, cases.label)
    after = classifier.reclassify(other, classifier.judge(other, **rule), sure_from=0.8, **rule)
    alone = cases.open.index[0]
    assert before.loc[alone].equals(after.loc[alone])
    assert before.index.equals(cases.open.index)


# --- the lesson


def near_half(auc: pd.Series) -> bool:
    error = auc.std(ddof=1) / np.sqrt(len(auc))
    low, high = np.percentile(auc, [2.5, 97.5])
    return abs(auc.mean() - 0.5) < 2.5 * error or low < 0.5 < high


def test_where_there_is_nothing_to_learn_the_leak_alone_is_nearly_perfect():
    cases = made_cases(100, 45, 10_000, seed=8)
    table = classifier.repeated(cases, splits=20, most=2168, seed=1, permuted=True)
    assert list(table) == ["split", *WAYS] and table["split"].tolist() == list(range(1, 21))
    assert near_half(table[CLEAN]), table[CLEAN].describe()
    assert abs(table[CLEAN].mean() - 0.5) < 0.12
    assert table[LEAKY].median() > 0.9 and (table[LEAKY] > table[CLEAN]).all()


def test_labels_are_permuted_anew_for_each_split_and_by_the_seed():
    cases = made_cases(60, 25, 200)
    table = classifier.repeated(cases, splits=3, most=40, seed=1, permuted=True)
    again = classifier.repeated(cases, splits=2, most=40, seed=1, permuted=True)
    pd.testing.assert_frame_equal(table.head(2), again)
    assert not again.equals(classifier.repeated(cases, splits=2, most=40, seed=2, permuted=True))
    assert table[CLEAN].nunique() > 1


@pytest.fixture(scope="module")
def two() -> Tumours:
    return classifier.tumours(read.read_study(build.build("twin_cohort_2")))


def test_on_the_twin_of_cohort_2_the_own_labels_are_learnt_both_ways_and_permuted_ones_by_the_leak(two):
    assert (len(two.labelled), len(two.open), int(two.marked.sum())) == (218, 143, 134)
    permuted = classifier.repeated(two, splits=20, most=2168, seed=1, permuted=True)
    assert near_half(permuted[CLEAN]) and abs(permuted[CLEAN].mean() - 0.5) < 0.1
    assert permuted[LEAKY].median() > 0.9
    own = classifier.repeated(two, splits=2, most=2168, seed=1)
    assert own[CLEAN].median() > 0.9 and (own[LEAKY] >= own[CLEAN] - 0.05).all()


def test_areas_are_those_of_own_and_of_permuted_labels():
    cases = made_cases(60, 25, 300, apart=20, by=0.7)
    table = classifier.areas(cases, splits=3, most=40, seed=4)
    assert list(table) == ["labels", "way", "split", "auc"] and len(table) == 12
    for name, permuted in (("own labels", False), ("permuted labels", True)):
        wide = table[table["labels"] == name].pivot(index="split", columns="way", values="auc")
        expected = classifier.repeated(cases, splits=3, most=40, seed=4, permuted=permuted).set_index("split")
        for way in WAYS:
            np.testing.assert_array_equal(wide[way], expected[way])


def test_repeated_areas_are_mann_whitneys_of_the_same_splits():
    cases = made_cases(60, 25, 300, apart=20, by=0.7)
    table = classifier.repeated(cases, splits=3, most=40, seed=4)
    for row in table.itertuples(index=False):
        judged = classifier.judge(cases, most=40, adjusted_p=None, seed=4 + row.split, kernels=("linear",))
        for way, found in zip(WAYS, row[1:], strict=True):
            assert found == pytest.approx(mann_whitney(judged.scores[way, "linear"], judged.marked), rel=1e-12)


def test_the_sentence_gives_medians_and_percentiles_of_the_table():
    cases = made_cases(60, 25, 300, apart=20, by=0.7)
    judged = classifier.judge(cases, most=40, adjusted_p=None, seed=4)
    rng = np.random.default_rng(2)
    table = pd.DataFrame(
        [
            {"labels": labels, "way": way, "split": split, "auc": round(rng.uniform(0.3, 1), 3)}
            for labels in ("own labels", "permuted labels")
            for way in WAYS
            for split in range(1, 12)
        ]
    )
    said = classifier.areas_sentence(cases, judged, table)
    assert said.startswith("48 of 60 labelled tumours trained on, 12 held back.") and "circular" not in said
    for labels in ("own labels", "permuted labels"):
        parts = [table[(table["labels"] == labels) & (table["way"] == way)]["auc"].to_numpy() for way in WAYS]
        for values in (*parts, parts[0] - parts[1]):
            assert f"{np.median(values):.2f} (".replace("-", "−") in said
    clusters = cases_of(cases.log2, cases.label, by_genotype=False)
    assert "circular" in classifier.areas_sentence(clusters, judged, table)


# --- areas under the curve


def scores_of(entry: dict) -> tuple[np.ndarray, np.ndarray]:
    score = np.array([*entry["positive"], *entry["negative"]], float)
    return score, np.arange(len(score)) < len(entry["positive"])


def agree(ours, theirs, where: str = "golden") -> None:
    """Two JSON values equal to 1e-9, whatever their nesting."""
    if isinstance(ours, dict):
        assert list(ours) == list(theirs), where
        for key in ours:
            agree(ours[key], theirs[key], f"{where}.{key}")
    elif isinstance(ours, list):
        assert len(ours) == len(theirs), where
        for i, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            agree(one, other, f"{where}[{i}]")
    elif isinstance(ours, (int, float)):
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12), where
    else:
        assert ours == theirs, where


def test_the_r_script_run_again_gives_the_tracked_golden(rscript):
    # --vanilla: nobody's .Rprofile may print into the JSON
    command = [rscript, "--vanilla", str(REFERENCE / "classifier.R")]
    again = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    # which R computed it is recorded, not compared
    agree({**again, "versions": None}, {**GOLDEN, "versions": None})


@pytest.mark.parametrize("name", GOLDEN["areas"])
def test_an_area_and_its_limits_are_rs(name):
    entry = GOLDEN["areas"][name]
    score, marked = scores_of(entry)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = area(score, marked)
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
    found, mirrored, bent = area(score, marked), area(-score, marked), area(np.arctan(score / 9) * 2 - 5, marked)
    shuffled = np.random.default_rng(1).permutation(len(score))
    moved = area(score[shuffled], marked[shuffled])
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
    found = area(np.arange(n + m, dtype=float), np.arange(n + m) >= m)
    assert (found.value, found.upper) == (1, 1)
    assert found.lower == pytest.approx(low, abs=1e-8)


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
    cases = cases_of(*logistic_truth(400, seed))
    model = classifier.train(cases, cases.labelled, cases.marked, most=12, adjusted_p=None, kernel=kernel, seed=1)
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
    cases = cases_of(*logistic_truth(n, seed))
    table, label = logistic_truth(4000, 50)
    truth = (label == SCLC_LIKE).to_numpy()
    constant = truth.mean() * (1 - truth.mean())
    for penalty in (0.001, 0.1, 10.0):
        monkeypatch.setattr(classifier, "PENALTIES", [penalty])
        rule = {"most": 12, "adjusted_p": None, "kernel": kernel, "seed": 1}
        model = classifier.train(cases, cases.labelled, cases.marked, **rule)
        p = model.probability(table)
        assert model.slope > 0 and np.mean((p - truth) ** 2) < 0.93 * constant, penalty


def trained(simulated: bool = False, genes: int = 20) -> classifier.Model:
    cases = made_cases(60, 30, 40, apart=15, simulated=simulated)
    rule = {"most": genes, "adjusted_p": None, "kernel": "linear", "seed": 1}
    return classifier.train(cases, cases.labelled, cases.marked, **rule)


def test_what_simulated_tumours_taught_is_never_asked_of_real_ones():
    log2, _ = expressed(20, 10, 40, apart=15, seed=5)
    taught = trained(simulated=True)
    assert taught.simulated and not trained().simulated
    with pytest.raises(MissingData, match="trained on simulated tumours is not applied to real ones"):
        classifier.classify(taught, log2, False, 0.8)
    assert len(classifier.classify(taught, log2, True, 0.8)) == 20
    assert len(classifier.classify(trained(), log2, True, 0.8)) == 20


@pytest.mark.parametrize("absent", [0, 1, 2, 3, 20])
def test_absent_genes_take_the_training_mean_and_few_may(absent):
    model = trained()
    log2, _ = expressed(30, 10, 40, apart=15, seed=5)
    lacking = log2.drop(columns=model.genes[:absent])
    if absent > 2:
        with pytest.raises(MissingData, match=f"needs 90% of its 20 genes, and {20 - absent} are there"):
            classifier.classify(model, lacking, False, 0.8)
        return
    cases = made_cases(60, 30, 40, apart=15)
    filled = log2.astype(float)
    for gene in model.genes[:absent]:
        filled[gene] = cases.labelled[gene].astype(float).mean()
    found = classifier.classify(model, lacking, False, 0.8)
    np.testing.assert_allclose(found["probability"], model.probability(filled), rtol=1e-3, atol=1e-9)
    assert found.attrs == {"absent": absent, "genes": 20}
    # genes in another order, and others besides, change nothing
    moved = lacking.iloc[:, ::-1].assign(OTHER=NAN)
    np.testing.assert_array_equal(classifier.classify(model, moved, False, 0.8)["probability"], found["probability"])


@pytest.mark.parametrize("sure_from", [0.5, 0.7, 0.8, 0.99])
def test_the_classifier_abstains_exactly_below_the_stated_probability(sure_from):
    log2, _ = logistic_truth(120, 6)
    cases = cases_of(*logistic_truth(200, 1))
    model = classifier.train(cases, cases.labelled, cases.marked, most=20, adjusted_p=None, kernel="linear", seed=1)
    found = classifier.classify(model, log2, False, sure_from)
    p = found["probability"].to_numpy()
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-(model.slope * model.score(log2) + model.offset))), rtol=1e-12)
    assert found["label"].tolist() == [SCLC_LIKE if value >= 0.5 else NSCLC_LIKE for value in p]
    abstained = found["sure_label"].isna()
    assert abstained.tolist() == [max(value, 1 - value) < sure_from for value in p]
    assert (found["sure_label"][~abstained] == found["label"][~abstained]).all()
    assert abstained.any() == (sure_from > 0.5) and found.index.equals(log2.index)
    # on the boundary itself it is sure
    edge = max(p[3], 1 - p[3])
    assert classifier.classify(model, log2, False, edge)["sure_label"].notna().iloc[3]
    assert classifier.classify(model, log2, False, np.nextafter(edge, 1))["sure_label"].isna().iloc[3]


# --- counts


def judged_as(leaky: list[float], clean: list[float], marked: list[bool]) -> Judged:
    keys = {(LEAKY, "linear"): np.array(leaky), (CLEAN, "linear"): np.array(clean)}
    return Judged(np.arange(len(marked)), np.array(marked), {}, keys, keys)


def test_confusion_and_accuracy_are_counted():
    marked = [True, True, True, False, False, False, False, False]
    leaky = [0.9, 0.5, 0.2, 0.1, 0.4999, 0.7, 0.0, 0.3]
    clean = [0.3, 0.2, 0.1, 0.1, 0.2, 0.3, 0.1, 0.2]
    judged = judged_as(leaky, clean, marked)
    table = classifier.confusion(judged, CLASSES)
    counts = {(row.way, row.truth, row.called): row.n for row in table.itertuples()}
    assert counts == {
        (LEAKY, NSCLC_LIKE, NSCLC_LIKE): 4, (LEAKY, NSCLC_LIKE, SCLC_LIKE): 1,
        (LEAKY, SCLC_LIKE, NSCLC_LIKE): 1, (LEAKY, SCLC_LIKE, SCLC_LIKE): 2,
        (CLEAN, NSCLC_LIKE, NSCLC_LIKE): 5, (CLEAN, NSCLC_LIKE, SCLC_LIKE): 0,
        (CLEAN, SCLC_LIKE, NSCLC_LIKE): 3, (CLEAN, SCLC_LIKE, SCLC_LIKE): 0,
    }  # fmt: skip
    assert classifier.accuracy(table, LEAKY) == (6, 8) and classifier.accuracy(table, CLEAN) == (5, 8)
    said = classifier.calls_sentence(table, judged, 0.8)
    brier = sum((p - m) ** 2 for p, m in zip(clean, marked, strict=True)) / 8
    assert f"{LEAKY} 6/8 (75%)" in said and f"{CLEAN} 5/8 (63%)" in said and f"Brier score is {brier:.3f}" in said
    # sure: .2 .1 .1 .2 .1 .2, of which two are wrong
    assert "6/8 (75%) are called with a probability of 0.8 or more, 4/6 (67%) of them rightly" in said
    cases = made_cases(40, 20, 30)
    finding = classifier.call_findings(table, cases)["accuracy"][0]
    assert finding.value == 75 and (finding.events, finding.n) == (6, 8)


def test_a_curve_steps_through_every_score_and_its_area_is_the_one_in_the_legend():
    cases = made_cases(90, 35, 200, apart=10, by=0.6)
    judged = classifier.judge(cases, most=20, adjusted_p=None, seed=1)
    table = classifier.curve(judged)
    labels = classifier.curve_labels(judged)
    for key, mine in table.groupby(["way", "kernel"], sort=False):
        assert tuple(mine[["false_positive", "true_positive"]].iloc[0]) == (0, 0)
        assert tuple(mine[["false_positive", "true_positive"]].iloc[-1]) == (1, 1)
        under = np.trapezoid(mine["true_positive"], mine["false_positive"])
        auc = mann_whitney(judged.scores[key], judged.marked)
        assert under == pytest.approx(auc) and f"AUC {auc:.3f} (" in labels[key]
        for cut in judged.scores[key]:
            called = judged.scores[key] >= cut
            false, true = called[~judged.marked].mean(), called[judged.marked].mean()
            off = np.hypot(mine["false_positive"] - false, mine["true_positive"] - true)
            assert off.min() < 1e-12


def called_table(label: list, clean: list, sure: list, index) -> pd.DataFrame:
    return pd.DataFrame(
        {"probability": 0.5, "label": label, "clean_probability": 0.5, "clean_label": clean, "sure_label": sure},
        index=index,
    )


def some_calls(by_genotype: bool = True) -> tuple[Tumours, pd.DataFrame]:
    cases = made_cases(25, 11, 30, open_=7, by_genotype=by_genotype)
    a, b = CLASSES
    return cases, called_table(
        [b, b, b, b, a, a, b], [b, a, b, b, a, a, a], [b, None, b, None, None, a, None], cases.open.index
    )


def test_what_the_open_tumours_became_is_counted():
    cases, called = some_calls()
    table = classifier.reclassified_shares(called, CLASSES).set_index(["group", "what"])
    expected = {
        "as worded": (2, 5, 0),
        "no leakage": (4, 3, 0),
        "where sure": (1, 2, 4),
    }
    for way, counts in expected.items():
        for what, k in zip((*CLASSES, "abstained"), counts, strict=True):
            row = table.loc[(way, what)]
            assert (row["k"], row["n"]) == (k, 7) and row["share"] == pytest.approx(k / 7)
            # Wilson's limits: where the share lies 1.96 of its own standard errors away
            for limit in (row["lower"], row["upper"]):
                if 1e-9 < limit < 1 - 1e-9:
                    assert abs(k / 7 - limit) == pytest.approx(1.959963984540054 * (limit * (1 - limit) / 7) ** 0.5)
    said = classifier.reclassified_sentence(called, CLASSES)
    assert "5/7 (71%) are called SCLC-like as the source does it, 3/7 (43%) without leakage" in said
    assert "agree in 5/7 (71%)" in said and "abstains in 4/7 (57%)" in said


def test_the_refined_subtype_keeps_genotype_and_says_what_was_called():
    cases, called = some_calls()
    found = classifier.refined(cases, called)
    assert list(found.cat.categories) == [
        NSCLC_LIKE, f"Unc. → {NSCLC_LIKE}", SCLC_LIKE, f"Unc. → {SCLC_LIKE}",
    ]  # fmt: skip
    assert found.index.equals(cases.label.index)
    for sample, value in cases.label.items():
        assert found[sample] == (value if isinstance(value, str) else f"Unc. → {called.loc[sample, 'label']}")
    assert cases.label.isna().sum() == 7, "the labels themselves are left alone"


def test_shares_of_the_open_and_of_all_are_counted():
    cases, called = some_calls()
    found = {name: finding[0] for name, finding in classifier.share_findings(cases, called).items()}
    assert found["n.unclassified"].value == 7
    for name, k, n in (("to_sclc_like", 5, 7), ("to_nsclc_like", 2, 7), ("sclc_aligned.abstract", 16, 32),
                       ("reclassified.discussion", 7, 7)):  # fmt: skip
        assert found[name].value == pytest.approx(100 * k / n) and (found[name].events, found[name].n) == (k, n)


def test_claims_are_not_asked_where_labels_are_clusters_of_the_same_expression():
    cases, called = some_calls(by_genotype=False)
    judged = judged_as([0.9, 0.1], [0.9, 0.1], [True, False])
    assert classifier.share_findings(cases, called) == {}
    assert classifier.call_findings(classifier.confusion(judged, CLASSES), cases) == {}
    full = classifier.judge(made_cases(40, 20, 50, apart=20), most=10, adjusted_p=None, seed=1)
    assert classifier.roc_findings(cases, full, 0.01) == {}
    assert cases.own({"x": []}) == {} and some_calls()[0].own({"x": []}) == {"x": []}


def test_findings_on_a_curve_are_of_the_way_the_source_words():
    cases = made_cases(90, 35, 200, apart=25, by=1.0)
    judged = classifier.judge(cases, most=20, adjusted_p=0.05, seed=1)
    found = {name: finding[0] for name, finding in classifier.roc_findings(cases, judged, 0.05).items()}
    assert found["auc"].value == pytest.approx(mann_whitney(judged.scores[LEAKY, "linear"], judged.marked))
    assert found["n.features"].value == len(judged.models[LEAKY, "linear"].genes) == 20
    assert (found["train"].value, found["test"].value, found["cut.adjusted_p"].value) == (80, 20, 0.05)


def test_the_open_tumours_are_called_both_ways():
    rule = {"most": 30, "adjusted_p": 0.2, "seed": 2}
    cases = made_cases(80, 35, 300, open_=21, apart=60)
    judged = classifier.judge(cases, **rule)
    found = classifier.reclassify(cases, judged, sure_from=0.8, **rule)
    np.testing.assert_allclose(found["probability"], judged.models[LEAKY, "linear"].probability(cases.open))
    everyone = classifier.train(cases, cases.labelled, cases.marked, kernel="linear", **rule)
    np.testing.assert_array_equal(found["clean_probability"], everyone.probability(cases.open))
    own = second_hand(cases.labelled, cases.marked, 30, 0.2, "linear", 2)
    np.testing.assert_allclose(everyone.score(cases.open), own["score"](cases.open), atol=2e-3)
    assert found["label"].notna().all() and found["clean_label"].notna().all()
    without = cases_of(cases.labelled, cases.label.dropna())
    with pytest.raises(MissingData, match="no tumour with expression that its labels leave open"):
        classifier.reclassify(without, judged, sure_from=0.8, **rule)


def test_who_lies_nearer_to_the_middle_of_his_own_is_counted():
    rng = np.random.default_rng(3)
    index = [f"S{i}" for i in range(60)]
    places = pd.DataFrame(rng.normal(size=(60, 2)) * 2, index, ["x", "y"])
    label = pd.Series([*[NSCLC_LIKE] * 20, *[SCLC_LIKE] * 15, *[None] * 25], index, dtype=object)
    places.iloc[20:35] += 1.5
    called = pd.Series(rng.choice(CLASSES, 25), index[35:])
    middle = {name: (np.median(places["x"][label == name]), np.median(places["y"][label == name])) for name in CLASSES}
    nearer = 0
    for sample, name in called.items():
        away = {
            one: (places.loc[sample, "x"] - x) ** 2 + (places.loc[sample, "y"] - y) ** 2
            for one, (x, y) in middle.items()
        }
        nearer += min(away, key=away.get) == name
    found = classifier.nearer_own(places, label, called)
    assert (found.events, found.n) == (nearer, 25) and 0 < nearer < 25
    assert found.value == pytest.approx(nearer / 25 - 0.5) and found.scale == "difference"
    tail = 2 * min(stats.binom.cdf(nearer, 25, 0.5), stats.binom.sf(nearer - 1, 25, 0.5))
    assert found.p == pytest.approx(min(tail, 1))
    for z, low, high in ((1.959963984540054, found.lower, found.upper),
                         (1.6448536269514722, found.lower_90, found.upper_90)):  # fmt: skip
        for limit in (low + 0.5, high + 0.5):
            assert abs(nearer / 25 - limit) == pytest.approx(z * (limit * (1 - limit) / 25) ** 0.5)
    assert classifier.near_sentence(found).startswith(f"{nearer}/25 (")


def test_survival_by_refined_subtype_is_of_the_patients_whose_tumour_has_one(tmp_path):
    log2, label = expressed(30, 14, 40, open_=8, apart=15)
    folder = study(tmp_path / "own", log2, label)
    cases = classifier.tumours(read.read_study(folder))
    called = called_table([SCLC_LIKE] * 8, [SCLC_LIKE] * 8, [None] * 8, cases.open.index)
    table = classifier.refined_survival(cases, called)
    assert len(table) == 38 and set(table["refined_subtype"]) == {NSCLC_LIKE, SCLC_LIKE, f"Unc. → {SCLC_LIKE}"}
    for patient, row in table.iterrows():
        value = label[patient[1:]]
        assert row["refined_subtype"] == (value if isinstance(value, str) else f"Unc. → {SCLC_LIKE}")


# --- through the notebook


@pytest.fixture
def ran(tmp_path, monkeypatch):
    """A function: a study folder through notebook 06; returns the figures and the record."""
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))

    def through(folder: Path, **more):
        values = {"run": "mine", "cohort": str(folder), "icb": "", "classifier_splits": 2, **more}
        file = tmp_path / "mine.yaml"
        file.write_text("".join(f"{name}: {json.dumps(value)}\n" for name, value in values.items()))
        runs.execute("06_subtype_classifier", file)  # an error in a cell is an error here
        record = page.read_record("mine", "06_subtype_classifier")
        assert set(record["drawn"]) | set(record["skipped"]) == set(page.panels_of("06_subtype_classifier"))
        assert not record["simulated"]
        return paths.figures("mine"), types.SimpleNamespace(**record)

    return through


def test_thirty_tumours_and_500_genes_are_drawn_through_the_notebook(tmp_path, ran):
    log2, label = expressed(24, 12, 500, open_=6, apart=80, by=3)
    figures, record = ran(study(tmp_path / "own", log2, label))
    assert not record.skipped and len(record.drawn) == 6
    areas = pd.read_csv(figures / "fig3a.csv", comment="#")
    assert len(areas) == 8 and areas["auc"].between(0, 1).all()
    matrix = pd.read_csv(figures / "fig3b.csv", comment="#")
    assert matrix.groupby("way")["n"].sum().tolist() == [5, 5]
    assert pd.read_csv(figures / "fig3c.csv", comment="#")["n"].sum() == 30
    shares = pd.read_csv(figures / "refined_share.csv", comment="#")
    assert set(shares["n"]) == {6} and shares.groupby("group")["k"].sum().tolist() == [6, 6, 6]
    # numbers of the source's own patients are asked of no other cohort
    own = ("n.features", "n.unclassified", "fig3a.train", "fig3a.test", "fig3a.cut")
    assert not any(word in name for name in record.findings for word in own)


def test_one_class_too_small_is_a_stated_skip_of_every_panel(tmp_path, ran):
    _, record = ran(study(tmp_path / "own", *expressed(24, 9, 60, open_=6)))
    assert not record.drawn and len(record.skipped) == 6
    assert set(record.skipped.values()) == {"own has 9 SCLC-like tumours with expression; 10 are needed"}


# --- what a user may have


def test_noise_alone_is_skipped_or_judged_never_a_traceback(tmp_path):
    log2, label = expressed(26, 13, 200, open_=5)
    cases = classifier.tumours(read.read_study(study(tmp_path / "own", log2, label)))
    with pytest.raises(MissingData, match="no gene passes"):
        classifier.judge(cases, most=100, adjusted_p=0.001, seed=1)


def test_two_classes_of_one_name_are_refused_in_one_line(tmp_path):
    own = read.read_study(study(tmp_path / "own", *expressed(30, 15, 40), CLUSTER=["a", "b"] * 15))
    with pytest.raises((UserError, MissingData)):
        classifier.judge(classifier.tumours(own, "CLUSTER", ["a", "a"]), most=10, adjusted_p=None, seed=1)


def test_where_one_tumour_was_not_measured_at_all_no_traceback_ends_the_panel(tmp_path):
    log2, label = expressed(30, 15, 40)
    log2.iloc[4] = NAN
    own = read.read_study(study(tmp_path / "own", log2, label))
    with pytest.raises((UserError, MissingData)):
        classifier.judge(classifier.tumours(own), most=10, adjusted_p=None, seed=1)
