"""Expression on its stated scale and the transcription-factor subtype, against plain arithmetic gene by gene."""

import math

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from lcnec_utils.cohort.histology import restrict
from lcnec_utils.cohort.matrix import Spread, open_expression, scale_fault
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.omics import expression
from lcnec_utils.omics.expression import FACTORS, fold_change, log2_expression, median_interval, signatures, tf_subtype
from tests.omics.two_diseases import levels

NAN = float("nan")
Z95 = stats.norm.ppf(0.975)


@pytest.fixture
def made(tmp_path):
    """A function from values (tumours × genes) and what uns["scale"] says to a cohort with that expression."""

    def written(values, genes=None, scale: str | None = "TPM", name: str = "made") -> Cohort:
        rows, columns = values.shape
        tumours = pd.Index([f"S{i}" for i in range(rows)], name="SAMPLE_ID")
        table = anndata.AnnData(
            values,
            obs=pd.DataFrame(index=tumours.rename(None)),
            var=pd.DataFrame(index=genes or [f"GENE{i}" for i in range(columns)]),
            uns={} if scale is None else {"scale": scale},
        )
        folder = tmp_path / name
        folder.mkdir()
        table.write_h5ad(folder / "expression.h5ad")
        patients = pd.DataFrame(index=pd.Index([f"P{i}" for i in range(rows)], name="PATIENT_ID"))
        samples = pd.DataFrame({"PATIENT_ID": patients.index}, index=tumours)
        return Cohort(name, patients, samples, folder=folder)

    return written


def amounts(rows: int = 5, genes: int = 12, seed: int = 3) -> np.ndarray:
    """Amounts such as TPM: none to thousands."""
    rng = np.random.default_rng(seed)
    return np.round(rng.lognormal(2, 2, (rows, genes)) * (rng.random((rows, genes)) > 0.2), 2).astype("f4")


# ---- some samples at a time ----


def stored(cohort: Cohort, values: np.ndarray, form: str) -> None:
    """The matrix of a cohort's file stored in another form: in blocks of samples and genes, or sparse."""
    import h5py

    path = cohort.folder / "expression.h5ad"
    if form == "sparse":
        data = anndata.read_h5ad(path)
        data.X = sparse.csr_matrix(values)
        data.write_h5ad(path)
    elif form == "blocks":
        with h5py.File(path, "a") as file:
            attributes = dict(file["X"].attrs)
            del file["X"]
            file.create_dataset("X", data=values, chunks=(4, 5)).attrs.update(attributes)


@pytest.mark.parametrize("form", ["rows", "blocks", "sparse"])
@pytest.mark.parametrize("at_a_time", [1, 36, 10**6])
def test_a_file_is_read_some_samples_at_a_time_whatever_its_form(made, form, at_a_time):
    values = amounts(rows=11)
    cohort = made(values)
    stored(cohort, values, form)
    for genes, columns in ((None, slice(None)), (["GENE7", "GENE0", "nothing", "GENE11"], [7, 0, 11])):
        held = open_expression(cohort, genes)
        parts = list(held.chunks(values=at_a_time))
        assert len(parts) == {1: 11, 36: 4, 10**6: 1}[at_a_time]
        np.testing.assert_array_equal(np.vstack([read for _, read in parts]), values[:, columns])
        assert [name for part, _ in parts for name in held.samples[part]] == [f"S{i}" for i in range(11)]


def test_of_a_cohort_restricted_only_its_samples_are_read(made):
    values = amounts(rows=11)
    cohort = made(values)
    cohort.samples["ONCOTREE_CODE"] = ["LUNE" if i in (1, 2, 8) else "SCLC" for i in range(11)]
    held = open_expression(restrict(cohort, "LUNE"), ["GENE3"])
    parts = list(held.chunks(values=12))
    assert list(held.samples) == ["S1", "S2", "S8"] and len(parts) == 3
    np.testing.assert_array_equal(np.vstack([read for _, read in parts])[:, 0], values[[1, 2, 8], 3])


def test_parts_are_judged_together():
    """No part of a matrix shows its scale: the highest value may be in any of them."""
    low, high = np.full((2, 2000), 3.0), np.full((1, 2000), 900.5)
    assert scale_fault("TPM", Spread.of(low)).startswith("nothing exceeds 3")
    assert scale_fault("TPM", Spread.of(low) | Spread.of(high)) == scale_fault("TPM", np.vstack([low, high])) == ""
    assert "whole numbers" in scale_fault("counts", Spread.of(low) | Spread.of(high))
    nothing = Spread.of(np.full((1, 3), np.nan))
    assert scale_fault("TPM", nothing) == "" and np.isnan((nothing | nothing).most)
    assert (nothing | Spread.of(np.array([[-2.0, 1, 1]]))).least == -2


# ---- scales ----


@pytest.mark.parametrize(
    ("scale", "made_of", "said"),
    [
        ("TPM", lambda x: np.log2(x + 1), "log2(TPM + 1)"),
        ("FPKM", lambda x: np.log2(x + 1), "log2(FPKM + 1)"),
        ("counts", lambda x: np.log2(1e6 * x / x.sum(axis=1, keepdims=True) + 1), "log2(counts per million + 1)"),
        ("log2(TPM+1)", lambda x: x, "log2(TPM + 1)"),
        ("log2(FPKM+1)", lambda x: x, "log2(FPKM + 1)"),
        ("variance-stabilised counts", lambda x: x, "variance-stabilised counts (log2-like)"),
    ],
)
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_each_scale_becomes_log2_as_stated(made, scale, made_of, said, kind):
    values = amounts()
    if scale == "counts":
        values = np.round(values)
    elif scale not in ("TPM", "FPKM"):
        values = np.log2(values + 1)
    found = log2_expression(made(kind(values), scale=scale))
    np.testing.assert_allclose(found.to_numpy(), made_of(values.astype(float)), rtol=2e-5, atol=2e-6)
    assert found.attrs == {"scale": said, "incomplete": 0}
    assert list(found.index) == [f"S{i}" for i in range(5)] and list(found) == [f"GENE{i}" for i in range(12)]


def test_variance_stabilised_counts_may_be_below_nothing(made):
    values = np.array([[-1.5, 2, 0.25], [3, 4, 5]], "f4")
    np.testing.assert_array_equal(log2_expression(made(values, scale="variance-stabilised counts")), values)


@pytest.mark.parametrize(
    ("values", "scale", "words"),
    [
        (np.log2(amounts(4, 1500) + 1), "TPM", "are they logged"),
        (np.log2(amounts(4, 1500) + 1), "FPKM", "are they logged"),
        (np.full((3, 1200), 7.0), "counts", "are they logged"),
        (amounts() + 60, "log2(TPM+1)", "are these TPM or counts"),
        (amounts() + 60, "log2(FPKM+1)", "are these TPM or counts"),
        (amounts() + 60, "variance-stabilised counts", "are these TPM or counts"),
        (amounts() - 5, "TPM", "never negative"),
        (amounts() - 5, "counts", "never negative"),
        (np.log2(amounts() + 1) - 1, "log2(TPM+1)", "never negative"),
        (amounts() + 0.5, "counts", "no whole numbers"),
        (amounts(), None, "says no scale"),
        (amounts(), "", "says no scale"),
        (amounts(), "tpm", "'tpm' is no scale known here"),
        (amounts(), "log2 counts", "'log2 counts' is no scale known here"),
    ],
)
def test_values_that_cannot_be_on_their_scale_are_refused_in_one_line(made, values, scale, words):
    with pytest.raises(UserError) as refused:
        log2_expression(made(values.astype("f4"), scale=scale))
    line = str(refused.value)
    assert words in line and "\n" not in line and line.startswith("made/expression.h5ad: ")
    assert not isinstance(refused.value, MissingData), "it is to be mended, not skipped"


def test_a_scale_that_is_not_stated_is_refused_with_the_words_that_are_known(made):
    with pytest.raises(UserError) as refused:
        log2_expression(made(amounts(), scale=None))
    for word in (
        "TPM",
        "FPKM",
        "counts",
        "log2(TPM+1)",
        "log2(FPKM+1)",
        "variance-stabilised counts",
    ):
        assert word in str(refused.value)


def test_of_few_genes_low_amounts_are_believed(made):
    log2 = log2_expression(made(np.full((3, 900), 7.0, "f4")))
    assert log2.shape == (3, 900) and np.allclose(log2, 3)  # log2(7 + 1)


def test_counts_of_some_genes_are_scaled_by_the_whole_library(made):
    values = np.round(amounts(6, 40)) + 1
    for kind, name in ((np.asarray, "dense"), (sparse.csr_matrix, "sparse")):
        counts = made(kind(values), scale="counts", name=name)
        genes = ["GENE7", "GENE3", "GENE30"]
        some = log2_expression(counts, genes=genes)
        own = np.log2(1e6 * values[:, [7, 3, 30]] / values.sum(axis=1, keepdims=True) + 1)
        np.testing.assert_allclose(some.to_numpy(), own, rtol=1e-5)
        np.testing.assert_allclose(log2_expression(counts)[genes], own, rtol=1e-5)


# ---- genes ----


def test_genes_asked_for_come_in_their_order_and_those_not_measured_are_absent(made):
    found = log2_expression(made(amounts()), genes=["GENE4", "NONE", "GENE1", "GENE4"])
    assert list(found) == ["GENE4", "GENE1"]
    with pytest.raises(MissingData, match="the expression of made2 does not hold NONE"):
        log2_expression(made(amounts(), name="made2"), genes=["NONE"])


def test_without_a_file_there_is_no_expression(tmp_path):
    empty = Cohort("empty", pd.DataFrame(), pd.DataFrame(), folder=tmp_path)
    with pytest.raises(MissingData, match="empty has no expression: neither expression.h5ad nor a matrix"):
        log2_expression(empty)


def test_genes_with_a_missing_value_are_left_out_and_counted(made):
    values = amounts()
    values[2, 3] = values[4, 3] = values[0, 8] = NAN
    found = log2_expression(made(values))
    kept = [i for i in range(12) if i not in (3, 8)]
    assert list(found) == [f"GENE{i}" for i in kept] and found.attrs["incomplete"] == 2
    np.testing.assert_allclose(found, np.log2(values[:, kept] + 1), rtol=1e-6)


@pytest.mark.parametrize("genes", [None, ["GENE1", "GENE3"]])
def test_counts_with_one_missing_value_lose_that_gene_alone(made, genes):
    values = np.round(amounts()) + 1
    values[2, 3] = NAN
    found = log2_expression(made(values, scale="counts"), genes=genes)
    assert found.attrs["incomplete"] == 1 and "GENE1" in found and "GENE3" not in found
    assert found.loc["S0", "GENE1"] == pytest.approx(np.log2(1e6 * values[0, 1] / values[0].sum() + 1), rel=1e-5)


def test_where_every_gene_lacks_a_value_there_is_no_expression(made):
    values = amounts()
    values[1] = NAN  # a tumour that was listed and not measured
    with pytest.raises(MissingData):
        log2_expression(made(values))


def test_previous_symbols_are_read_under_approved_ones(made):
    values = amounts(5, 4)
    cohort = made(values, ["MLL2", "ASCL1", "PARK2", "MYCL1"])
    assert list(log2_expression(cohort)) == ["KMT2D", "ASCL1", "PRKN", "MYCL"]
    some = log2_expression(cohort, genes=["PRKN", "KMT2D"])
    assert set(some) == {"PRKN", "KMT2D"}
    np.testing.assert_allclose(some["KMT2D"], np.log2(values[:, 0] + 1), rtol=1e-6)
    np.testing.assert_allclose(some["PRKN"], np.log2(values[:, 2] + 1), rtol=1e-6)


def test_a_previous_symbol_beside_its_approved_one_stays_and_the_approved_one_keeps_its_values(made):
    values = amounts(5, 3)
    found = log2_expression(made(values, ["MLL2", "KMT2D", "ASCL1"]))
    assert list(found) == ["MLL2", "KMT2D", "ASCL1"]
    np.testing.assert_allclose(found["KMT2D"], np.log2(values[:, 1] + 1), rtol=1e-6)


def test_of_symbols_that_come_to_one_the_median_is_taken():
    table = pd.DataFrame({"A1": [1.0, 2, 3], "B": [7.0, 8, 9], "A2": [3.0, 8, 4], "A3": [2.0, 0, 100]})
    found = expression.approved_symbols(table, previous={"A1": "A", "A2": "A", "A3": "A", "Z": "B"})
    assert list(found) == ["A", "B"]
    assert found["A"].tolist() == [2, 2, 4] and found["B"].tolist() == [7, 8, 9]
    two = expression.approved_symbols(table[["A1", "A2"]], previous={"A1": "A", "A2": "A"})
    assert two["A"].tolist() == [2, 5, 3.5]


@pytest.mark.parametrize(("there", "of", "enough"), [(9, 10, True), (8, 10, False), (18, 20, True), (17, 20, False)])
def test_a_rule_needs_its_share_of_genes_and_says_how_many_are_there(there, of, enough):
    genes = [f"G{i}" for i in range(of)]
    table = pd.DataFrame(np.ones((2, there + 1)), columns=[*genes[:there], "OTHER"])
    if not enough:
        with pytest.raises(MissingData, match=f"it needs 90% of its {of} genes, and {there} are there"):
            expression.columns_of_genes(table, genes=genes, least=0.9, what="it")
        return
    found = expression.columns_of_genes(table, genes=genes, least=0.9, what="it")
    assert list(found) == genes and found.attrs["absent"] == of - there
    assert found.isna().all().sum() == of - there


# ---- the transcription-factor subtype ----


def second_opinion(log2, reference, mixed_within=0.0, negative_below=-np.inf) -> list[str]:
    """The factor of the highest z, number by number."""
    calls = []
    for tumour in log2.index:
        z = {}
        for name in FACTORS:
            values = [float(value) for value in reference[name]]
            mean = sum(values) / len(values)
            sd = (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5
            z[name] = (float(log2.loc[tumour, name]) - mean) / sd
        first, second = sorted(z.values(), reverse=True)[:2]
        if first < negative_below:
            calls.append("Negative")
        elif first - second < mixed_within:
            calls.append("Mixed")
        else:
            calls.append(next(name for name in FACTORS if z[name] == first))
    return calls


def factors(n: int, seed: int, shift: float = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = rng.gamma([2, 1, 0.5, 4], [1.5, 2, 3, 0.5], (n, 4)) + shift
    # columns in another order, and a gene that says nothing
    return pd.DataFrame(values, [f"S{i}" for i in range(n)], FACTORS).assign(FGL1=1.0)[["FGL1", *FACTORS[::-1]]]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rule", [{}, {"mixed_within": 0.3}, {"negative_below": 0.2},
                                  {"mixed_within": 0.5, "negative_below": 0.4}])  # fmt: skip
def test_the_factor_highest_by_z_names_the_subtype(seed, rule):
    mine, others = factors(60, seed), factors(90, seed + 50, shift=0.7)
    for reference in (None, others):
        found = tf_subtype(mine, reference, **rule)
        assert found.astype(str).tolist() == second_opinion(mine, mine if reference is None else others, **rule)
        assert list(found.cat.categories) == [*FACTORS, "Mixed", "Negative"] and found.index.equals(mine.index)
    wanted = {"mixed_within": "Mixed", "negative_below": "Negative"}
    assert all(wanted[name] in set(found) for name in rule)
    assert set(tf_subtype(mine)) <= set(FACTORS), "by the source's rule every tumour is of a factor"


def test_another_reference_gives_other_subtypes():
    mine = factors(60, 1)
    assert (tf_subtype(mine) != tf_subtype(mine, factors(60, 2).assign(ASCL1=lambda t: t["ASCL1"] + 5))).any()


def test_a_factor_that_varies_in_no_tumour_stands_at_its_mean():
    mine = pd.DataFrame(
        {"ASCL1": [1.0, 2, 3], "NEUROD1": [3.0, 1, 2], "POU2F3": 0.0, "YAP1": [2.0, 3, 1]}, ["a", "b", "c"]
    )
    # z of a: -1.22, 1.22, 0, 0; b: 0, -1.22, 0, 1.22; c: 1.22, 0, 0, -1.22
    assert tf_subtype(mine).tolist() == ["NEUROD1", "YAP1", "ASCL1"]


def test_a_factor_not_measured_or_too_small_a_reference_is_said():
    mine = factors(5, 1)
    with pytest.raises(MissingData, match="no expression of NEUROD1, YAP1"):
        tf_subtype(mine.drop(columns=["YAP1", "NEUROD1"]))
    with pytest.raises(MissingData, match="no expression of POU2F3"):
        tf_subtype(mine, mine.drop(columns="POU2F3"))
    with pytest.raises(MissingData, match="2 tumours are too few"):
        tf_subtype(mine, mine.head(2))
    tf_subtype(mine.head(1), mine.head(3))


def test_the_reference_is_of_other_cohorts_on_the_same_scale_that_measured_all_four(made, tmp_path):
    def cohort(name, genes=FACTORS, scale="TPM", seed=1):
        return made(amounts(6, len(genes), seed), list(genes), scale, name)

    mine, same, more = cohort("mine"), cohort("same", seed=2), cohort("more", [*FACTORS, "FGL1"], seed=3)
    logged = made(np.log2(amounts(6, 4, 4) + 1), FACTORS, "log2(TPM+1)", "logged")  # the same scale once logged
    fpkm, three = cohort("fpkm", scale="FPKM"), cohort("three", FACTORS[:3])
    none = Cohort("none", pd.DataFrame(), pd.DataFrame(), folder=tmp_path / "none")
    found = expression.factor_reference(mine, others=[same, fpkm, three, none, more, logged])
    assert found.shape == (18, 4) and list(found) == FACTORS
    parts = [log2_expression(each)[FACTORS].to_numpy() for each in (same, more, logged)]
    np.testing.assert_array_equal(found, np.vstack(parts))
    assert expression.factor_reference(mine, others=[fpkm, three, none]) is None
    assert expression.factor_reference(none, others=[same]) is None
    assert expression.factor_reference(mine, others=[]) is None


# ---- signatures ----


def test_a_score_is_mean_z_up_less_mean_z_down_under_present_and_former_symbols():
    sides = signatures()["neuroendocrine"]
    up, down = [*sides["up"][:6], "TLCD3B"], [*sides["down"][:3], "CCN1"]
    log2 = pd.DataFrame(levels(20, 11, seed=4).astype(float), columns=[*up, *down])
    log2["SYP"], log2["STRANGER"] = 3.0, np.arange(20.0)  # SYP does not vary: it speaks for nobody
    z = (log2 - log2.mean()) / log2.std(ddof=0)
    right = z[up].mean(axis=1) - z[down].mean(axis=1)
    former = {"TLCD3B": "FAM57B", "CCN1": "CYR61"}
    for table in (log2, log2.rename(columns=former)):
        values, found, of = expression.signature_score(table, name="neuroendocrine")
        np.testing.assert_allclose(values, right, rtol=1e-12)
        assert (found, of) == (11, 50)
    # where both symbols are there the present one counts, once
    both = log2.assign(FAM57B=-log2["TLCD3B"], CYR61=1.0)
    np.testing.assert_allclose(expression.signature_score(both, name="neuroendocrine")[0], right, rtol=1e-12)
    assert expression.signature_score(log2[["SYP", "STRANGER"]], name="cd8")[1:] == (0, 2)
    assert expression.signature_score(log2[["SYP"]], name="cd8")[0].isna().all()


def test_an_unknown_signature_and_a_value_that_is_no_number_are_refused():
    log2 = pd.DataFrame(levels(6, 2), columns=["CD8A", "CD8B"], index=[f"S{i}" for i in range(6)])
    with pytest.raises(UserError, match="signature 'cd4' is not in signatures.yaml; give one of neuroendocrine"):
        expression.signature_score(log2, name="cd4")
    log2.loc["S3", "CD8B"] = NAN
    with pytest.raises(UserError, match="gene CD8B, tumour S3: 'nan' is no finite number"):
        expression.signature_score(log2, name="cd8")
    with pytest.raises(UserError, match="gene YAP1, tumour S2"):
        tf_subtype(factors(5, 1).where(lambda table: ~((table.index == "S2")[:, None] & (table.columns == "YAP1"))))


# ---- means by group ----


def test_group_means_are_pandas_means_and_their_dendrogram_is_scipys():
    rng = np.random.default_rng(5)
    groups = pd.Series(
        pd.Categorical(np.repeat(list("abcd"), [5, 9, 3, 7]), [*"abcd", "nobody"]), [f"S{i}" for i in range(24)]
    )
    centres = {"a": [0, 1, 2, 3], "b": [3, 2, 1, 0], "c": [0, 1, 2, 4], "d": [3, 3, 1, 0]}
    values = pd.DataFrame(
        np.array([centres[name] for name in groups]) + rng.normal(0, 0.1, (24, 4)), groups.index, list("WXYZ")
    )
    means, tree = expression.group_means(values, groups.sample(frac=1, random_state=1))
    plain = values.groupby(groups.astype(str)).mean().T
    pd.testing.assert_frame_equal(means[list("abcd")], plain, check_names=False)
    distance = 1 - np.corrcoef(plain.T)
    ours = hierarchy.linkage(squareform(distance, checks=False), "complete")
    np.testing.assert_allclose(tree, ours, rtol=1e-9)
    assert list(means) == [list("abcd")[leaf] for leaf in hierarchy.leaves_list(ours)]
    assert {frozenset(list(means)[:2]), frozenset(list(means)[2:])} == {frozenset("ac"), frozenset("bd")}
    assert expression.group_means(values, groups.where(groups.isin(["a", "b"]), "a"))[1] is None
    with pytest.raises(UserError, match="groups: tumour S3 has no group"):
        expression.group_means(values, groups.drop("S3"))


# ---- fold changes and medians ----


def test_a_fold_change_is_the_ratio_of_geometric_means_with_welchs_limits():
    rng = np.random.default_rng(8)
    tpm = pd.Series(np.r_[rng.lognormal(3, 1, 60), rng.lognormal(2, 0.5, 80), 7.0], name="FGL1")
    marked = pd.Series([True] * 60 + [False] * 80 + [pd.NA], dtype="boolean")
    log2 = np.log2(tpm + 1)
    found = fold_change(log2, marked, what="FGL1")
    one, other = tpm[:60] + 1, tpm[60:140] + 1
    assert found.value == pytest.approx(stats.gmean(one) / stats.gmean(other), rel=1e-12)
    assert found.scale == "ratio" and found.n == 140
    # Welch's standard error, from scipy's own interval: half its width over its t quantile
    welch = stats.ttest_ind(log2[:60], log2[60:140], equal_var=False)
    low, high = welch.confidence_interval(0.95)
    se = (high - low) / 2 / stats.t.ppf(0.975, welch.df)
    middle = (high + low) / 2
    assert [found.lower, found.upper] == pytest.approx([2 ** (middle - Z95 * se), 2 ** (middle + Z95 * se)], rel=1e-9)
    z90 = stats.norm.ppf(0.95)
    assert [found.lower_90, found.upper_90] == pytest.approx(
        [2 ** (middle - z90 * se), 2 ** (middle + z90 * se)], rel=1e-9
    )
    # of so many tumours the t quantile would say the same to two figures
    assert found.lower == pytest.approx(2**low, rel=0.02)
    assert found.p == pytest.approx(stats.mannwhitneyu(log2[:60], log2[60:140], method="asymptotic").pvalue)
    claim = claims.published()["lcnec.fig5a.fgl1"]
    assert claim.direction == "greater"
    assert verdicts.verdict(claim, [found])[0] == "compatible"
    assert verdicts.verdict(claim, [fold_change(log2, ~marked, what="FGL1")])[0] == "contradicted"
    same = fold_change(pd.Series(np.tile([1.0, 2, 3, 4], 10)), pd.Series([True, False] * 20, dtype="boolean"), what="x")
    near = fold_change(pd.Series(np.tile([1.0, 1, 3, 3], 10)), pd.Series([True, False] * 20, dtype="boolean"), what="x")
    assert near.value == pytest.approx(1) and verdicts.verdict(claim, [near])[0] == "inconclusive"
    assert same.value == pytest.approx(0.5)
    assert fold_change(log2[59:141], marked[59:141], what="FGL1").value is None


def order_interval(values: list[float]) -> tuple[float, float]:
    """The narrowest symmetric pair of order statistics that holds the median with at least 95%, by plain counting."""
    ordered, n = sorted(values), len(values)
    # below the k-th smallest lie fewer than k of n fair coins
    for k in range(n // 2, 0, -1):
        if 2 * sum(stats.binom.pmf(i, n, 0.5) for i in range(k)) <= 0.05:
            return ordered[k - 1], ordered[n - k]
    return NAN, NAN


@pytest.mark.parametrize("n", [1, 5, 6, 9, 10, 17, 84, 134, 217])
def test_a_median_has_its_exact_interval_of_order_statistics(n):
    values = pd.Series(np.random.default_rng(n).lognormal(2, 1, n))
    found = median_interval(pd.concat([values, pd.Series([NAN])], ignore_index=True))
    assert found.value == pytest.approx(np.median(values)) and found.n == n
    np.testing.assert_allclose([found.lower, found.upper], order_interval(list(values)))
    if n == 10:
        assert (found.lower, found.upper) == tuple(np.sort(values)[[1, 8]])
    if n == 5:
        assert np.isnan(found.lower) and np.isnan(found.upper), "of five no pair holds it with 95%"


def test_a_median_of_nobody_is_none():
    assert median_interval(pd.Series([NAN])).value is None


def test_a_logarithm_does_not_hang_on_how_the_values_lie_in_memory():
    """In single precision numpy's differs in its last bit between rows and columns, and between processors."""
    values = np.random.default_rng(4).lognormal(2, 2, (37, 91)).astype("f4")
    tables = [pd.DataFrame(held) for held in (np.ascontiguousarray(values), np.asfortranarray(values))]
    logged = [expression.log2_plus_one(table) for table in tables]
    assert logged[0].equals(logged[1]) and set(map(str, logged[0].dtypes)) == {"float32"}
    by_hand = [[np.float32(math.log2(float(value) + 1)) for value in row] for row in values]
    assert np.abs(logged[0].to_numpy() - np.array(by_hand)).max() <= 1e-6
