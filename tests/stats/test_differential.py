"""Genes of two groups compared: against R's wilcox.test and limma, and against scipy gene by gene."""

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.stats import differential
from tests import golden
from tests.golden import numbers, same

GOLDEN = golden.read("differential")
PAIRED = golden.read("paired")["limma"]
NAN = float("nan")


def groups(entry: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A golden's two groups as tumours × genes."""
    tumours = [f"T{i}" for i in range(entry["n"] + entry["m"])]
    genes = [f"GENE{i}" for i in range(len(entry["values"]))]
    table = pd.DataFrame(np.array(entry["values"], float).T, index=tumours, columns=genes)
    return table.iloc[: entry["n"]], table.iloc[entry["n"] :]


def simulated(n: int, m: int, genes: int, digits: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Two groups of log2 values, some genes apart; fewer digits, more ties."""
    rng = np.random.default_rng(seed)
    values = rng.normal(3, 2, genes) + rng.normal(size=(n + m, genes))
    values[:n] += rng.choice([0, 0.5, 2], genes)
    values = np.round(np.maximum(values, 0), digits)
    return values[:n], values[n:]


# ---- against R ----


@pytest.mark.parametrize("name", GOLDEN["sets"])
def test_wilcoxon_is_rs_wilcox_test(name):
    entry = GOLDEN["sets"][name]
    found = differential.wilcoxon(*groups(entry))
    assert list(found.index) == [f"GENE{i}" for i in range(len(entry["values"]))]
    same(found["statistic"], entry["wilcoxon"]["statistic"], 1e-12)
    same(found["p"], entry["wilcoxon"]["p"], 1e-9)


@pytest.mark.parametrize("name", GOLDEN["sets"])
def test_kolmogorov_smirnov_is_rs_ks_test_where_there_are_no_ties(name):
    entry = GOLDEN["sets"][name]
    found = differential.kolmogorov_smirnov(*groups(entry))
    same(found["statistic"], entry["ks"]["statistic"], 1e-12)
    untied = ~np.isnan(numbers(entry["ks"]["p"]))
    # R takes its exact p from 1 − P(D < d)
    same(found["p"][untied], numbers(entry["ks"]["p"])[untied], 1e-9, 1e-12)


@pytest.mark.parametrize("name", GOLDEN["sets"])
def test_moderated_t_is_limmas(name):
    entry = GOLDEN["sets"][name]
    found = differential.moderated_t(*groups(entry))
    limma = entry["limma"]
    same(found["mean_log2_difference"], limma["difference"], 1e-9, 1e-12)
    same(found["t"], limma["t"], 1e-8, 1e-12)
    same(found["p"], limma["p"], 1e-7)
    same(found["df_total"], limma["df_total"], 1e-7)
    for column in ("s2_prior", "df_prior"):
        assert found[column].nunique() == 1
        same(found[column].iloc[0], limma[column], 1e-7)


def test_the_golden_holds_the_priors_that_can_go_wrong():
    priors = {name: float(entry["limma"]["df_prior"]) for name, entry in GOLDEN["sets"].items()}
    assert np.isinf(priors["alike"]) and np.isinf(priors["same"])  # variances as alike as chance has them
    assert priors["one_gene"] == 0
    assert 0 < priors["unlike"] < 1
    for name, zeros in (("some_constant", 4), ("most_constant", 9)):
        one, other = groups(GOLDEN["sets"][name])
        assert ((one.var() == 0) & (other.var() == 0)).sum() == zeros
    assert 9 > len(groups(GOLDEN["sets"]["most_constant"])[0].columns) / 2  # the median variance is zero


def test_trigamma_inverse_is_limmas_and_undoes_trigamma():
    x, y = (numbers(GOLDEN["trigamma_inverse"][key]) for key in "xy")
    ours = [differential.trigamma_inverse(value) for value in x]
    same(ours, y, 1e-12)
    # 1/√x and 1/x stand for it at the ends
    np.testing.assert_allclose(special.polygamma(1, ours), x, rtol=1e-3)


def test_a_gene_of_one_value_has_no_variance_even_where_its_mean_is_rounded():
    one, other = simulated(7, 9, 20, 6)
    assert np.full(7, 0.1).var() > 0
    one[:, :12] = other[:, :12] = 0.1
    rounded = differential.moderated_t(one, other)
    one[:, :12] = other[:, :12] = 0
    zero = differential.moderated_t(one, other)
    # more than half of them: a median variance of 1e-34 would be taken for the genes' own
    np.testing.assert_array_equal(rounded["s2_prior"], zero["s2_prior"])
    np.testing.assert_allclose(rounded["p"], zero["p"], rtol=1e-9)


# ---- against scipy, gene by gene ----

SIZES = [(84, 134), (134, 84), (60, 60), (6, 7), (7, 5), (1, 1), (1, 9), (48, 49), (50, 20), (130, 210)]


@pytest.mark.parametrize("digits", [1, 8])
@pytest.mark.parametrize(("n", "m"), SIZES)
def test_kolmogorov_smirnov_is_scipys_gene_by_gene(n, m, digits):
    one, other = simulated(n, m, 60, digits)
    found = differential.kolmogorov_smirnov(one, other)
    loop = [stats.ks_2samp(one[:, j], other[:, j], method="exact") for j in range(60)]
    same(found["statistic"], [each.statistic for each in loop], 0, 1e-12)
    same(found["p"], [each.pvalue for each in loop], 1e-12, 1e-12)


def test_a_small_kolmogorov_smirnov_p_keeps_its_digits():
    one, other = np.arange(40.0)[:, None], np.arange(100.0, 130)[:, None]
    # no overlap: two of all orders
    assert differential.kolmogorov_smirnov(one, other)["p"][0] == pytest.approx(2 / special.comb(70, 30), rel=1e-12)


def test_kolmogorov_smirnov_is_asymptotic_beyond_ten_thousand_tumours_as_scipys_auto():
    one, other = simulated(300, 10_001, 4, 2)
    found = differential.kolmogorov_smirnov(one, other)
    for method in ("auto", "asymp"):
        loop = [stats.ks_2samp(one[:, j], other[:, j], method=method) for j in range(4)]
        same(found["statistic"], [each.statistic for each in loop], 0, 1e-12)
        same(found["p"], [each.pvalue for each in loop], 1e-9, 1e-12)


@pytest.mark.parametrize("digits", [1, 8])
@pytest.mark.parametrize(("n", "m"), SIZES)
def test_wilcoxon_is_scipys_gene_by_gene_by_rs_rule(n, m, digits):
    one, other = simulated(n, m, 60, digits)
    found = differential.wilcoxon(one, other)
    for j in range(60):
        both = np.concatenate([one[:, j], other[:, j]])
        exact = n < 50 and m < 50 and len(set(both)) == len(both)
        test = stats.mannwhitneyu(one[:, j], other[:, j], method="exact" if exact else "asymptotic")
        assert found["statistic"][j] == test.statistic
        if len(set(both)) == 1:
            assert np.isnan(found["p"][j])
        else:
            assert found["p"][j] == pytest.approx(test.pvalue, abs=1e-12, rel=1e-12)


def test_the_genes_are_the_same_in_blocks_as_all_at_once(monkeypatch):
    groups_ = simulated(20, 31, 40, 1)
    whole = [test(*groups_) for test in (differential.kolmogorov_smirnov, differential.wilcoxon)]
    monkeypatch.setattr(differential, "BLOCK", 360)  # seven genes at a time, two distances at a time
    for before, test in zip(whole, (differential.kolmogorov_smirnov, differential.wilcoxon), strict=True):
        pd.testing.assert_frame_equal(test(*groups_), before, rtol=1e-14, atol=0)


def test_the_groups_may_be_exchanged():
    one, other = simulated(12, 30, 20, 1)
    for test, sign in ((differential.kolmogorov_smirnov, 1), (differential.moderated_t, -1)):
        forth, back = test(one, other), test(other, one)
        same(forth["p"], back["p"].to_numpy(), 1e-12)
        column = "statistic" if sign > 0 else "t"
        same(forth[column], sign * back[column].to_numpy(), 1e-12)


# ---- the table ----


def marked_table(entry: dict) -> tuple[pd.DataFrame, pd.Series]:
    one, other = groups(entry)
    table = pd.concat([one, other])
    return table, pd.Series(table.index.isin(one.index), index=table.index)


def test_compare_genes_has_rs_tests_and_a_constant_gene_changes_none_of_them():
    entry = GOLDEN["sets"]["small"]
    table, marked = marked_table(entry)
    table.insert(4, "SILENT", 0.0)
    found = differential.compare_genes(table, marked.sample(frac=1, random_state=1))
    assert list(found.index) == list(table.columns) and found.index.name == "gene"
    assert set(found["n_1"]) == {6} and set(found["n_2"]) == {5}
    tests = [column for column in found if column.startswith(("ks", "wilcoxon", "moderated"))]
    assert found.loc["SILENT", tests].isna().all()
    assert found.drop("SILENT").notna().all(axis=None)
    rest = found.drop("SILENT")
    for column, theirs in (
        ("ks_p", entry["ks"]["p"]),
        ("wilcoxon_p", entry["wilcoxon"]["p"]),
        ("moderated_p", entry["limma"]["p"]),
        ("moderated_t", entry["limma"]["t"]),
        ("mean_log2_difference", entry["limma"]["difference"]),
    ):
        same(rest[column], theirs, 1e-7, 1e-12)
    for name in ("ks", "wilcoxon", "moderated"):
        same(rest[f"{name}_p_adjusted"], stats.false_discovery_control(rest[f"{name}_p"]), 1e-12)


def test_the_fold_change_is_of_mean_tpm_and_the_mean_difference_of_log2():
    tpm = pd.DataFrame({"A": [0, 6, 0, 2], "B": [99, 99, 9, 9]}, index=list("wxyz"))
    found = differential.compare_genes(np.log2(tpm + 1), pd.Series([True, True, False, False], index=tpm.index))
    assert found.loc["A", "log2_fold_change"] == pytest.approx(np.log2((3 + 1) / (1 + 1)))
    assert found.loc["A", "mean_log2_difference"] == pytest.approx(np.log2(7) / 2 - np.log2(3) / 2)
    assert found.loc["B", "log2_fold_change"] == pytest.approx(np.log2(10))  # tenfold
    assert found.loc["A", "median_1"] == found.loc["A", "mean_1"] == pytest.approx(np.log2(7) / 2)


def test_tumours_without_a_mark_are_left_out_and_counted():
    table, marked = marked_table(GOLDEN["sets"]["small"])
    whole = differential.compare_genes(table, marked)
    assert whole.attrs["dropped"] == 0
    more = pd.concat([table, table.iloc[:3].add(1).set_axis(["X", "Y", "Z"])])
    known = pd.concat([marked.astype("boolean"), pd.Series([pd.NA, pd.NA], index=["X", "Y"], dtype="boolean")])
    found = differential.compare_genes(more, known)
    assert found.attrs["dropped"] == 3
    pd.testing.assert_frame_equal(found, whole)


def test_genes_that_never_vary_have_no_test_at_all():
    table = pd.DataFrame({"A": [1.0] * 6, "B": [0.0] * 6})
    found = differential.compare_genes(table, pd.Series([True, False] * 3))
    assert found[["ks_p", "wilcoxon_p", "moderated_p", "moderated_p_adjusted"]].isna().all(axis=None)
    assert list(found["log2_fold_change"]) == [0, 0]
    assert differential.discordant_genes(found).empty


def test_what_cannot_be_compared_is_refused_in_one_line():
    table, marked = marked_table(GOLDEN["sets"]["small"])
    hole = table.copy()
    hole.loc["T7", "GENE3"] = NAN
    with pytest.raises(UserError, match="GENE3, tumour T7"):
        differential.compare_genes(hole, marked)
    for test in (differential.kolmogorov_smirnov, differential.wilcoxon, differential.moderated_t):
        with pytest.raises(UserError, match="GENE3, tumour T7"):
            test(hole[marked.to_numpy()], hole[~marked.to_numpy()])
        with pytest.raises(UserError, match="same genes"):
            test(table, table.iloc[:, ::-1])
        with pytest.raises(MissingData, match="without tumours"):
            test(table, table.iloc[:0])
    with pytest.raises(UserError, match="gene GENE0 is there twice"):
        differential.compare_genes(table.rename(columns={"GENE1": "GENE0"}), marked)
    with pytest.raises(UserError, match="tumour T0 is there twice"):
        differential.compare_genes(table.rename(index={"T1": "T0"}), marked)
    words = table.astype(object)
    words.loc["T2", "GENE1"] = "high"
    with pytest.raises(UserError, match="gene GENE1, tumour T2: 'high' is no finite number"):
        differential.compare_genes(words, marked)
    infinite = table.copy()
    infinite.loc["T2", "GENE1"] = np.inf
    with pytest.raises(UserError, match="gene GENE1, tumour T2: 'inf' is no finite number"):
        differential.compare_genes(infinite, marked)
    with pytest.raises(UserError, match="row T0: 'NSCLC-like' is neither True nor False"):
        differential.compare_genes(table, marked.map({True: "NSCLC-like", False: "SCLC-like"}))
    with pytest.raises(UserError, match="marked: tumour P0 and all others are not in the expression table"):
        differential.compare_genes(table, marked.rename(lambda name: name.replace("T", "P")))
    with pytest.raises(MissingData, match="1 marked and 10 other"):
        differential.compare_genes(table, pd.Series(table.index == "T2", index=table.index))
    with pytest.raises(MissingData, match="needs three"):
        differential.moderated_t(table.iloc[:1], table.iloc[1:2])


def test_discordant_genes_are_those_that_the_tests_disagree_on():
    columns = ["mean_log2_difference", "ks_p_adjusted", "wilcoxon_p_adjusted", "moderated_p_adjusted"]
    rows = {
        "ALL": [2, 0.01, 0.01, 0.01],
        "NONE": [0, 0.5, 0.5, 0.5],
        "KS": [0, 0.02, 0.3, 0.9],
        "EDGE": [1, 0.05, 0.04, 0.04],  # below the level, not at it
        "T": [1, 0.2, 0.2, 0.001],
        "SILENT": [0, NAN, NAN, NAN],
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    found = differential.discordant_genes(table)
    assert list(found.index) == ["T", "KS", "EDGE"]
    assert found[["ks", "wilcoxon", "moderated_t"]].to_numpy().tolist() == [
        [False, False, True],
        [True, False, False],
        [False, True, True],
    ]
    assert list(differential.discordant_genes(table, level=0.25).index) == ["KS"]
    with pytest.raises(UserError, match="ks_p_adjusted is missing"):
        differential.discordant_genes(table.drop(columns="ks_p_adjusted"))
    with pytest.raises(UserError, match="level 5: a false discovery rate lies between 0 and 1"):
        differential.discordant_genes(table, level=5)


def test_a_gene_that_differs_in_spread_alone_parts_the_tests():
    rng = np.random.default_rng(5)
    quantiles = stats.norm.ppf((np.arange(100) + 0.5) / 100)
    values = rng.normal(5, 1, (200, 30))
    values[:, 0] = 10 + np.concatenate([quantiles, 5 * quantiles])  # one median, one mean
    table = pd.DataFrame(values, columns=[f"GENE{i}" for i in range(30)])
    found = differential.compare_genes(table, pd.Series(table.index < 100))
    row = differential.discordant_genes(found).loc["GENE0"]
    assert row["ks"] and not row["wilcoxon"] and not row["moderated_t"]


def test_resampled_moderated_t_is_that_of_repeated_tumours():
    """moderated_t itself is held against limma; .1 s."""
    rng = np.random.default_rng(2)
    one, other = (pd.DataFrame(rng.normal(9, 1, (n, 25)), columns=[f"G{i}" for i in range(25)]) for n in (7, 11))
    again = differential.bootstrap_moderated_t(one, other, resamples=8, seed=5)
    draw = np.random.default_rng(5)
    counts = [draw.multinomial(len(group), np.full(len(group), 1 / len(group)), 8) for group in (one, other)]
    for row, (first, second) in enumerate(zip(*counts, strict=True)):
        repeated = one.iloc[np.repeat(range(7), first)], other.iloc[np.repeat(range(11), second)]
        np.testing.assert_allclose(again[row], differential.moderated_t(*repeated)["t"], rtol=1e-8)
    with pytest.raises(UserError, match="0 resamples"):
        differential.bootstrap_moderated_t(one, other, resamples=0, seed=1)
    with pytest.raises(MissingData, match="one tumour against one"):
        differential.bootstrap_moderated_t(one.head(1), other.head(1), resamples=5, seed=1)


# ---- pairs ----


def pairs(entry: dict) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]:
    """A golden's pairs: both sides as pairs × genes, and the covariates."""
    one, other = (pd.DataFrame(np.array(entry[side], float).T) for side in ("one", "other"))
    covariates = pd.DataFrame({f"x{i}": numbers(column) for i, column in enumerate(entry["covariates"])})
    return one, other, covariates if len(covariates.columns) else None


@pytest.mark.parametrize("name", PAIRED)
def test_the_moderated_paired_t_is_limmas(name):
    entry = PAIRED[name]
    found = differential.moderated_paired_t(*pairs(entry))
    for ours, theirs in (("mean_log2_difference", "difference"), ("t", "t"), ("p", "p"), ("lower", "lower"),
                         ("upper", "upper"), ("df_total", "df_total")):  # fmt: skip
        same(found[ours], entry[theirs], 1e-6)
    same(found["s2_prior"].iloc[0], entry["s2_prior"], 1e-6)
    same(found["df_prior"].iloc[0], entry["df_prior"], 1e-6)


@pytest.mark.parametrize("name", PAIRED)
def test_it_is_limmas_of_all_samples_with_a_coefficient_for_each_patient(name):
    entry = PAIRED[name]
    found = differential.moderated_paired_t(*pairs(entry))
    same(found["t"], entry["blocked_t"], 1e-6)
    same(found["p"], entry["blocked_p"], 1e-6)


def test_a_resample_of_pairs_has_the_statistics_of_the_pairs_it_drew():
    entry = PAIRED["one_covariate"]
    one, other, covariates = pairs(entry)
    found = differential.bootstrap_moderated_paired_t(one, other, covariates, resamples=2, seed=4)
    rng = np.random.default_rng(4)
    for statistics in found:
        drawn = rng.integers(0, 27, 27)
        sides = (side.iloc[drawn].reset_index(drop=True) for side in (one, other, covariates))
        same(differential.moderated_paired_t(*sides)["t"], list(statistics), 1e-9)


def test_pairs_that_do_not_pair_are_refused():
    one, other, covariates = pairs(PAIRED["one_covariate"])
    with pytest.raises(UserError, match="do not have the same pairs"):
        differential.moderated_paired_t(one, other.iloc[::-1])
    with pytest.raises(UserError, match="covariates: they do not have the pairs' rows"):
        differential.moderated_paired_t(one, other, covariates.iloc[:5])
    with pytest.raises(MissingData, match="cannot be told apart"):
        differential.moderated_paired_t(one, other, covariates.assign(again=covariates["x0"]))
    with pytest.raises(MissingData, match="2 pairs are too few"):
        differential.moderated_paired_t(one.iloc[:2], other.iloc[:2], covariates.iloc[:2])
