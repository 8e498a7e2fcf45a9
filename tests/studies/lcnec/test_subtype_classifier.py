"""Notebook 06: which tumours are labelled, what its tables count, what its sentences say, and the notebook itself."""

import json
import types
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from threadpoolctl import threadpool_limits

from lcnec_utils.cohort import read, write
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import paths
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.core.findings import Finding
from lcnec_utils.omics import classifier
from lcnec_utils.omics.classifier import CLEAN, LEAKY, WAYS, SplitEvaluation
from lcnec_utils.omics.genomics import NSCLC_LIKE, SCLC_LIKE, UNCLASSIFIED
from lcnec_utils.run import records, runs
from lcnec_utils.stats.embedding import Clusters
from lcnec_utils.studies.lcnec import subtype_classifier
from lcnec_utils.studies.lcnec.subtype_classifier import CohortTumours, labelled_tumours
from lcnec_utils.twins import build
from tests.omics.labelled_tumours import CLASSES, expressed, mann_whitney

NAN = float("nan")


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the notebooks run: threads that wait for each other on small matrices cost more than they bring."""
    with threadpool_limits(1):
        yield


def cases_of(
    log2: pd.DataFrame, label: pd.Series, *, simulated: bool = False, by_genotype: bool = True
) -> CohortTumours:
    people = pd.Index([f"P{i}" for i in range(len(log2))], name="PATIENT_ID")
    samples = pd.DataFrame({"PATIENT_ID": people}, index=log2.index)
    made = Cohort("made", pd.DataFrame(index=people), samples, study={"simulated": simulated})
    return CohortTumours(log2, label, CLASSES, simulated, cohort=made, by_genotype=by_genotype)


def made_cases(*args, simulated: bool = False, by_genotype: bool = True, **more) -> CohortTumours:
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
    found = labelled_tumours(read.read_study(study(tmp_path / "own", log2, label)))
    assert found.by_genotype and found.classes == CLASSES
    assert list(found.log2) == [name for name in log2 if name != "G7"]
    assert found.label.fillna("open").to_dict() == label.fillna("open").to_dict()
    assert (len(found.labelled), len(found.open), found.positive.sum()) == (40, 12, 18)
    assert found.labelled.index[found.positive].tolist() == label.index[label == SCLC_LIKE].tolist()
    assert found.groups.value_counts().to_dict() == {NSCLC_LIKE: 22, SCLC_LIKE: 18, UNCLASSIFIED: 12}


def test_tumours_of_a_sample_column_are_those_of_its_two_classes(tmp_path):
    log2, label = expressed(40, 18, 50, open_=12)
    words = ["a", "b", "c"] * 17 + ["a"]
    own = read.read_study(study(tmp_path / "own", log2, label, CLUSTER=words))
    found = labelled_tumours(own, "CLUSTER", ["c", "a"])
    assert not found.by_genotype and found.classes == ("c", "a") and len(found.log2) == 35 and found.open.empty
    assert found.positive.sum() == 18
    with pytest.raises(MissingData, match="own has no sample column OTHER"):
        labelled_tumours(own, "OTHER", ["a", "b"])
    with pytest.raises(MissingData, match="own has 0 z tumours with expression; 10 are needed"):
        labelled_tumours(own, "CLUSTER", ["a", "z"])


@pytest.mark.parametrize(("marked", "enough"), [(9, False), (10, True), (41, False)])
def test_a_class_with_fewer_than_ten_tumours_is_a_stated_skip(tmp_path, marked, enough):
    own = read.read_study(study(tmp_path / "own", *expressed(50, marked, 30)))
    if enough:
        assert labelled_tumours(own).positive.sum() == 10
        return
    name = SCLC_LIKE if marked == 9 else NSCLC_LIKE
    with pytest.raises(MissingData, match=f"own has 9 {name} tumours with expression; 10 are needed"):
        labelled_tumours(own)


def test_without_expression_that_is_said(tmp_path):
    folder = study(tmp_path / "own", *expressed(30, 15, 30))
    (folder / "expression.h5ad").unlink()
    with pytest.raises(MissingData, match=r"own has no expression \(expression.h5ad\)"):
        labelled_tumours(read.read_study(folder))


def test_two_tumours_of_one_patient_are_never_held_apart(tmp_path):
    # the second tumour of each patient is the first measured again: whoever has seen one knows the other
    log2, label = expressed(30, 15, 40)
    again = log2.set_axis(log2.index + "b") + 0.001
    both, labels = pd.concat([log2, again]), pd.concat([label, label.set_axis(again.index)])
    people = [name[:4] for name in both.index]
    own = read.read_study(study(tmp_path / "own", both, labels, patient_of=people))
    cases = labelled_tumours(own)
    evaluation = classifier.evaluate_split(cases, n_genes=10, adjusted_p=None, seed=1, kernels=("linear",))
    held = set(cases.labelled.index[evaluation.test].str[:4])
    seen = set(np.delete(cases.labelled.index, evaluation.test).str[:4])
    assert not held & seen


def test_noise_alone_is_skipped_or_judged_never_a_traceback(tmp_path):
    log2, label = expressed(26, 13, 200, open_=5)
    cases = labelled_tumours(read.read_study(study(tmp_path / "own", log2, label)))
    with pytest.raises(MissingData, match="no gene passes"):
        classifier.evaluate_split(cases, n_genes=100, adjusted_p=0.001, seed=1)


def test_two_classes_of_one_name_are_refused_in_one_line(tmp_path):
    own = read.read_study(study(tmp_path / "own", *expressed(30, 15, 40), CLUSTER=["a", "b"] * 15))
    with pytest.raises((UserError, MissingData)):
        classifier.evaluate_split(labelled_tumours(own, "CLUSTER", ["a", "a"]), n_genes=10, adjusted_p=None, seed=1)


def test_where_one_tumour_was_not_measured_at_all_no_traceback_ends_the_panel(tmp_path):
    log2, label = expressed(30, 15, 40)
    log2.iloc[4] = NAN
    own = read.read_study(study(tmp_path / "own", log2, label))
    with pytest.raises((UserError, MissingData)):
        classifier.evaluate_split(labelled_tumours(own), n_genes=10, adjusted_p=None, seed=1)


# --- the twin of cohort 2


def near_half(auc: pd.Series) -> bool:
    error = auc.std(ddof=1) / np.sqrt(len(auc))
    low, high = np.percentile(auc, [2.5, 97.5])
    return abs(auc.mean() - 0.5) < 2.5 * error or low < 0.5 < high


@pytest.fixture(scope="module")
def two() -> CohortTumours:
    return labelled_tumours(read.read_study(build.build("twin_cohort_2")))


def test_on_the_twin_of_cohort_2_the_own_labels_are_learnt_both_ways_and_permuted_ones_by_the_leak(two):
    assert (len(two.labelled), len(two.open), int(two.positive.sum())) == (218, 143, 134)
    permuted = classifier.repeated_split_aucs(two, splits=20, n_genes=2168, seed=1, permuted=True)
    assert near_half(permuted[CLEAN]) and abs(permuted[CLEAN].mean() - 0.5) < 0.1
    assert permuted[LEAKY].median() > 0.9
    own = classifier.repeated_split_aucs(two, splits=2, n_genes=2168, seed=1)
    assert own[CLEAN].median() > 0.9 and (own[LEAKY] >= own[CLEAN] - 0.05).all()


# --- words


def test_the_sentence_gives_medians_and_percentiles_of_the_table():
    cases = made_cases(60, 25, 300, apart=20, by=0.7)
    evaluation = classifier.evaluate_split(cases, n_genes=40, adjusted_p=None, seed=4)
    rng = np.random.default_rng(2)
    table = pd.DataFrame(
        [
            {"labels": labels, "way": way, "split": split, "auc": round(rng.uniform(0.3, 1), 3)}
            for labels in ("own labels", "permuted labels")
            for way in WAYS
            for split in range(1, 12)
        ]
    )
    said = subtype_classifier.auc_sentence(cases, evaluation, table)
    assert said.startswith("Of 60 labelled tumours 48 were trained on and 12 held back.") and "circular" not in said
    for labels in ("own labels", "permuted labels"):
        parts = [table[(table["labels"] == labels) & (table["way"] == way)]["auc"].to_numpy() for way in WAYS]
        for values in (*parts, parts[0] - parts[1]):
            assert f"{np.median(values):.3f} (".replace("-", "−") in said
    # the AUC of the split is the one that the legend prints
    legend = subtype_classifier.curve_labels(evaluation)
    for way in WAYS:
        area = mann_whitney(evaluation.scores[way, "linear"], evaluation.positive)
        printed = f"{area:.3f} ("
        assert f"{way} {printed}" in said and f"AUC {printed}" in legend[way, "linear"]
    clusters = cases_of(cases.log2, cases.label, by_genotype=False)
    assert "circular" in subtype_classifier.auc_sentence(clusters, evaluation, table)


def evaluated_as(leaky: list[float], clean: list[float], marked: list[bool]) -> SplitEvaluation:
    keys = {(LEAKY, "linear"): np.array(leaky), (CLEAN, "linear"): np.array(clean)}
    return SplitEvaluation(np.arange(len(marked)), np.array(marked), {}, keys, keys)


def test_the_sentence_on_calls_and_the_accuracy_are_counted():
    marked = [True, True, True, False, False, False, False, False]
    clean = [0.3, 0.2, 0.1, 0.1, 0.2, 0.3, 0.1, 0.2]
    evaluation = evaluated_as([0.9, 0.5, 0.2, 0.1, 0.4999, 0.7, 0.0, 0.3], clean, marked)
    table = classifier.confusion_counts(evaluation, classes=CLASSES)
    said = subtype_classifier.calls_sentence(table, evaluation, 0.8)
    brier = sum((p - m) ** 2 for p, m in zip(clean, marked, strict=True)) / 8
    assert f"{LEAKY} 6/8 (75%)" in said and f"{CLEAN} 5/8 (63%)" in said and f"Brier score is {brier:.3f}" in said
    # sure: .2 .1 .1 .2 .1 .2, of which two are wrong
    assert "6/8 (75%) were called with a probability of 0.8 or more, 4/6 (67%) of them correctly" in said
    cases = made_cases(40, 20, 30)
    finding = subtype_classifier.call_findings(table, cases)["accuracy"][0]
    assert finding.value == 75 and (finding.events, finding.n) == (6, 8)


def test_the_sentence_on_clusters_gives_their_number_their_stability_and_what_each_holds():
    counts = pd.DataFrame(
        [(1, "x", 3), (1, "y", 1), (2, "x", 1), (2, "y", 2), (3, "x", 0), (3, "y", 1)],
        columns=["cluster", "group", "n"],
    )
    choices = pd.DataFrame({"resolution": [0.2, 1.2], "clusters": [3, 5], "silhouette": [0.4321, 0.2]})
    clusters = Clusters(pd.Series([1]), Finding(3.0, n=8), (2.0, 4.0), 0.4321, 0.876, choices)
    text = subtype_classifier.clusters_sentence(clusters, counts)
    assert text.startswith("8 tumours form 3 Leiden clusters") and "silhouette (0.43) of 3 to 5" in text
    assert "100 random samples of 80% of the tumours the number is 2 to 4" in text and "clusters is 0.876." in text
    assert "1: 3 of 4 x" in text and "2: 2 of 3 y" in text and "3: 1 of 1 y" in text
    cases = made_cases(25, 11, 30)
    assert subtype_classifier.cluster_findings(cases, clusters)["n.clusters"] == [clusters.number]


# --- counts and findings


def called_table(label: list, clean: list, sure: list, index) -> pd.DataFrame:
    return pd.DataFrame(
        {"probability": 0.5, "label": label, "clean_probability": 0.5, "clean_label": clean, "sure_label": sure},
        index=index,
    )


def some_calls(by_genotype: bool = True) -> tuple[CohortTumours, pd.DataFrame]:
    cases = made_cases(25, 11, 30, open_=7, by_genotype=by_genotype)
    a, b = CLASSES
    return cases, called_table(
        [b, b, b, b, a, a, b], [b, a, b, b, a, a, a], [b, None, b, None, None, a, None], cases.open.index
    )


def test_what_the_open_tumours_became_is_counted():
    cases, called = some_calls()
    table = subtype_classifier.reclassified_shares(called, CLASSES).set_index(["group", "what"])
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
    said = subtype_classifier.reclassified_sentence(called, CLASSES)
    assert "5/7 (71%) are called SCLC-like as the source does it and 3/7 (43%) without leakage" in said
    assert "agree in 5/7 (71%)" in said and "abstains in 4/7 (57%)" in said


def test_the_refined_subtype_keeps_genotype_and_says_what_was_called():
    cases, called = some_calls()
    found = subtype_classifier.refined_subtype(cases, called)
    assert list(found.cat.categories) == [
        NSCLC_LIKE, f"Unc. → {NSCLC_LIKE}", SCLC_LIKE, f"Unc. → {SCLC_LIKE}",
    ]  # fmt: skip
    assert found.index.equals(cases.label.index)
    for sample, value in cases.label.items():
        assert found[sample] == (value if isinstance(value, str) else f"Unc. → {called.loc[sample, 'label']}")
    assert cases.label.isna().sum() == 7, "the labels themselves are left alone"


def test_shares_of_the_open_and_of_all_are_counted():
    cases, called = some_calls()
    found = {name: finding[0] for name, finding in subtype_classifier.share_findings(cases, called).items()}
    assert found["n.unclassified"].value == 7
    for name, k, n in (("to_sclc_like", 5, 7), ("to_nsclc_like", 2, 7), ("sclc_aligned.abstract", 16, 32),
                       ("reclassified.discussion", 7, 7)):  # fmt: skip
        assert found[name].value == pytest.approx(100 * k / n) and (found[name].events, found[name].n) == (k, n)


def test_claims_are_not_asked_where_labels_are_clusters_of_the_same_expression():
    cases, called = some_calls(by_genotype=False)
    evaluation = evaluated_as([0.9, 0.1], [0.9, 0.1], [True, False])
    assert subtype_classifier.share_findings(cases, called) == {}
    assert subtype_classifier.call_findings(classifier.confusion_counts(evaluation, classes=CLASSES), cases) == {}
    full = classifier.evaluate_split(made_cases(40, 20, 50, apart=20), n_genes=10, adjusted_p=None, seed=1)
    assert subtype_classifier.roc_findings(cases, full, 0.01) == {}
    assert subtype_classifier.answers_by_genotype(cases, {"x": []}) == {}
    assert subtype_classifier.answers_by_genotype(some_calls()[0], {"x": []}) == {"x": []}


def test_findings_on_a_curve_are_of_the_way_the_source_words():
    cases = made_cases(90, 35, 200, apart=25, by=1.0)
    evaluation = classifier.evaluate_split(cases, n_genes=20, adjusted_p=0.05, seed=1)
    found = {name: finding[0] for name, finding in subtype_classifier.roc_findings(cases, evaluation, 0.05).items()}
    assert found["auc"].value == pytest.approx(mann_whitney(evaluation.scores[LEAKY, "linear"], evaluation.positive))
    assert found["n.features"].value == len(evaluation.models[LEAKY, "linear"].genes) == 20
    assert (found["train"].value, found["test"].value, found["cut.adjusted_p"].value) == (80, 20, 0.05)


def test_tumours_nearer_to_the_centre_of_the_subtype_they_were_called_are_counted():
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
    found = subtype_classifier.nearness_to_own_subtype(places, label, called)
    assert (found.events, found.n) == (nearer, 25) and 0 < nearer < 25
    assert found.value == pytest.approx(nearer / 25 - 0.5) and found.scale == "difference"
    tail = 2 * min(stats.binom.cdf(nearer, 25, 0.5), stats.binom.sf(nearer - 1, 25, 0.5))
    assert found.p == pytest.approx(min(tail, 1))
    for z, low, high in ((1.959963984540054, found.lower, found.upper),
                         (1.6448536269514722, found.lower_90, found.upper_90)):  # fmt: skip
        for limit in (low + 0.5, high + 0.5):
            assert abs(nearer / 25 - limit) == pytest.approx(z * (limit * (1 - limit) / 25) ** 0.5)
    assert subtype_classifier.nearness_sentence(found).startswith(f"{nearer}/25 (")


def test_where_no_tumour_is_open_the_skip_names_the_cohort():
    cases = made_cases(40, 20, 50, apart=20)
    rule = {"n_genes": 10, "adjusted_p": None, "seed": 1}
    evaluation = classifier.evaluate_split(cases, **rule)
    with pytest.raises(MissingData, match="made has no tumour with expression that its labels leave open"):
        subtype_classifier.call_open_tumours(cases, evaluation, sure_from=0.8, **rule)


def test_survival_by_refined_subtype_is_of_the_patients_whose_tumour_has_one(tmp_path):
    log2, label = expressed(30, 14, 40, open_=8, apart=15)
    folder = study(tmp_path / "own", log2, label)
    cases = labelled_tumours(read.read_study(folder))
    called = called_table([SCLC_LIKE] * 8, [SCLC_LIKE] * 8, [None] * 8, cases.open.index)
    table = subtype_classifier.refined_survival(cases, called)
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
        record = records.read_record("mine", "06_subtype_classifier")
        assert set(record["drawn"]) | set(record["skipped"]) == set(records.panels_of("06_subtype_classifier"))
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
