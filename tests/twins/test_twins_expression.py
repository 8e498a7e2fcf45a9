"""Simulated transcriptomes: printed subtypes, medians and tests hold as a reader would compute them, seed by seed."""

import hashlib
import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lcnec_utils.core.errors import UserError
from lcnec_utils.twins import expression, tables
from lcnec_utils.twins.targets import Targets

SEEDS = [1, 2, 3]
GROUPS = {"NSCLC-like": 84, "SCLC-like": 134, "Unclassified": 143}


def simulated(seed: int, sizes: dict[str, int], n_sclc: int, inflamed: int = 0):
    """LCNEC and SCLC of these sizes, the first `inflamed` LCNEC inflamed; subtype; both targets."""
    ids = [f"L{i:03d}" for i in range(sum(sizes.values()))]
    groups = np.random.default_rng(0).permutation(np.repeat(list(sizes), list(sizes.values())))
    subtype = pd.Series(groups, ids)
    strength = pd.Series((np.arange(len(ids)) < inflamed) * 1.0, ids)
    sclc = pd.Index([f"S{i:04d}" for i in range(n_sclc)])
    targets, sclc_targets = Targets(), Targets()
    lcnec, other = expression.lcnec_and_sclc(seed, subtype, sclc, strength, targets, sclc_targets)
    return lcnec, other, subtype, targets, sclc_targets


@cache
def full(seed: int):
    """The printed numbers of tumours; twelve inflamed."""
    return simulated(seed, GROUPS, 1643, inflamed=12)


def small(seed: int):
    return simulated(seed, {"NSCLC-like": 12, "SCLC-like": 15, "Unclassified": 13}, 60)


def column(table, gene: str) -> np.ndarray:
    return np.asarray(table[:, gene].X, float).ravel()


def called(lcnec, sclc) -> np.ndarray:
    """TF subtype of LCNEC: the highest of four z scores of log2(TPM+1), over LCNEC and SCLC together."""
    genes = ["ASCL1", "NEUROD1", "POU2F3", "YAP1"]
    z = stats.zscore(np.log2([[*column(lcnec, gene), *column(sclc, gene)] for gene in genes] + np.float64(1)), axis=1)
    return np.array(genes)[z.argmax(axis=0)][: lcnec.n_obs]


def two_sided(first, second) -> float:
    return stats.mannwhitneyu(first, second, method="asymptotic").pvalue


# --- genes


def test_the_gene_names_are_22948_sorted_and_unique():
    names = expression.symbols()
    assert len(names) == len(set(names)) == 22948
    assert names == sorted(names)
    assert set(expression.named_genes()) <= set(names)
    assert {"FGL1", "SPINK1", "DLL3", "SFTPB", "LAG3", "RPLP0", "TP53"} <= set(names)


def test_the_smaller_cohorts_hold_every_gene_of_the_published_signatures():
    named = set(expression.named_genes())
    cytolytic, interferon = {"GZMA", "PRF1"}, {"IFNG", "STAT1", "CXCL9", "CXCL10", "IDO1", "HLA-DRA"}
    assert cytolytic | interferon | {"CHGA", "SYP", "INSM1", "NOTCH1", "HES1", "CD8A"} <= named


# --- matrices


@pytest.mark.parametrize("seed", SEEDS)
def test_expression_is_tpm(seed):
    for table in full(seed)[:2]:
        assert table.X.dtype == np.float32 and table.n_vars == 22948
        assert np.isfinite(table.X).all() and (table.X >= 0).all()
        assert np.abs(table.X.sum(axis=1, dtype=float) - 1e6).max() < 1
        assert table.uns["simulated"] and table.uns["scale"] == "TPM"
        assert all(name.startswith("truth_") for name in table.obs)


def test_rare_genes_are_noisier_and_often_not_seen():
    levels = np.log2(full(1)[0].X.astype(float) + 1)
    mean, sd = levels.mean(axis=0), levels.std(axis=0)
    zero = (full(1)[0].X == 0).mean(axis=0)
    medium, high = (mean > 1) & (mean < 3), mean > 8
    assert np.median(sd[medium]) > 1.2 * np.median(sd[high]) > 0.4
    assert 0.02 < (zero > 0.5).mean() < 0.4
    assert zero[high].max() == 0
    ribosomal = [gene.startswith(("RPL", "RPS")) for gene in expression.symbols()]
    assert np.median(mean[ribosomal]) > 7


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_tumours(tmp_path):
    digests = []
    for i, seed in enumerate([4, 4, 5]):
        lcnec, _, _, targets, _ = small(seed)
        lcnec.write_h5ad(tmp_path / f"{i}.h5ad")
        digests.append(hashlib.sha256((tmp_path / f"{i}.h5ad").read_bytes()).hexdigest())
        targets.table()
    assert digests[0] == digests[1] != digests[2]


def test_a_gene_is_alike_in_every_cohort():
    means = [np.log2(full(seed)[part].X + 1).mean(axis=0) for seed, part in ((1, 0), (2, 0), (1, 1))]
    assert np.corrcoef(means)[0].min() > 0.98


# --- printed


@pytest.mark.parametrize("seed", SEEDS)
def test_the_rule_calls_the_printed_shares(seed):
    lcnec, sclc, subtype, *_ = full(seed)
    calls = called(lcnec, sclc)
    counts = pd.crosstab(subtype.to_numpy(), calls)
    assert counts["ASCL1"].to_dict() == {"NSCLC-like": 20, "SCLC-like": 49, "Unclassified": 16}
    assert counts["YAP1"].to_dict() == {"NSCLC-like": 22, "SCLC-like": 19, "Unclassified": 45}
    assert (calls == lcnec.obs["truth_tf_subtype"]).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_dll3_has_the_printed_medians_and_tests(seed):
    lcnec, sclc, subtype, *_ = full(seed)
    dll3 = {name: column(lcnec, "DLL3")[subtype == name] for name in GROUPS} | {"SCLC": column(sclc, "DLL3")}
    printed = {"NSCLC-like": 5.7, "SCLC-like": 6.3, "Unclassified": 3.9, "SCLC": 8.3}
    assert {name: round(float(np.median(values)), 3) for name, values in dll3.items()} == printed
    assert two_sided(dll3["SCLC"], dll3["Unclassified"]) < 0.0001
    assert two_sided(dll3["SCLC-like"], dll3["Unclassified"]) < 0.0001
    assert two_sided(dll3["SCLC"], dll3["NSCLC-like"]) < 0.05
    assert 0.04 / 3 < two_sided(dll3["Unclassified"], dll3["NSCLC-like"]) < 0.05
    assert two_sided(dll3["NSCLC-like"], dll3["SCLC-like"]) > 0.05
    assert stats.spearmanr(column(lcnec, "ASCL1"), column(lcnec, "DLL3")).statistic > 0.2


@pytest.mark.parametrize("seed", SEEDS)
def test_marked_genes_are_higher_where_they_were_reported(seed):
    lcnec, sclc, subtype, *_ = full(seed)
    nsclc_like, sclc_like, unclassified = (subtype == name for name in GROUPS)
    for gene in ("FGL1", "SPINK1"):
        level = column(lcnec, gene)
        for other in (level[~nsclc_like], column(sclc, gene)):
            assert np.median(level[nsclc_like]) > np.median(other) and two_sided(level[nsclc_like], other) < 1e-6
    level = column(lcnec, "SFTPB")
    assert min(np.median(level[nsclc_like]), np.median(level[unclassified])) > np.median(level[sclc_like])


@pytest.mark.parametrize("seed", SEEDS)
def test_planted_effects_are_there(seed):
    lcnec, sclc, subtype, *_ = full(seed)
    yap1 = called(lcnec, sclc) == "YAP1"
    assert two_sided(column(lcnec, "CD8A")[yap1], column(lcnec, "CD8A")[~yap1]) < 0.01
    chemokine, rest = np.split(column(lcnec, "CXCL9"), [12])
    assert np.median(chemokine) > np.median(rest)
    clusters = lcnec.obs["truth_cluster"].value_counts()
    assert set(clusters.index[:2]) == {"B", "D"}
    fgl1 = pd.Series(column(lcnec, "FGL1")).groupby(lcnec.obs["truth_cluster"].to_numpy()).median()
    assert fgl1.idxmax() == "A"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_kras_hallmark_rises_with_fgl1_in_nsclc_like_tumours(seed, data_dir):
    import gseapy

    lcnec, _, subtype, *_ = full(seed)
    mine = lcnec[(subtype == "NSCLC-like").to_numpy()]
    high = column(mine, "FGL1") > np.median(column(mine, "FGL1"))
    levels = np.log2(mine.X.astype(float) + 1)
    difference = pd.Series(levels[high].mean(axis=0) - levels[~high].mean(axis=0), mine.var_names)
    # ties among genes nobody saw have no order of their own
    ranked = difference[difference != 0].sort_values(ascending=False, kind="stable")
    sets = str(data_dir / "genesets" / "h.all.v7.5.1.symbols.gmt")
    found = gseapy.prerank(ranked, sets, permutation_num=500, seed=1, threads=1, outdir=None, verbose=False).res2d
    kras = found.set_index("Term").loc["HALLMARK_KRAS_SIGNALING_UP"]
    assert kras["NES"] > 0 and kras["FDR q-val"] < 0.05


# --- other numbers of tumours


def test_small_cohorts_keep_shares_and_medians():
    lcnec, sclc, subtype, *_ = small(7)
    counts = pd.crosstab(subtype.to_numpy(), called(lcnec, sclc)).reindex(columns=["ASCL1", "YAP1"], fill_value=0)
    assert counts["ASCL1"].to_dict() == {"NSCLC-like": 3, "SCLC-like": 5, "Unclassified": 1}
    assert counts["YAP1"].to_dict() == {"NSCLC-like": 3, "SCLC-like": 2, "Unclassified": 4}
    assert np.median(column(lcnec, "DLL3")[subtype == "SCLC-like"]) == pytest.approx(6.3, abs=0.01)


def test_an_unknown_subtype_is_refused():
    ids = ["a", "b"]
    with pytest.raises(UserError, match="type I"):
        expression.lcnec_and_sclc(
            1, pd.Series("type I", ids), pd.Index(["s"]), pd.Series(0.0, ids), Targets(), Targets()
        )


# --- second biopsies and smaller cohorts


@pytest.mark.parametrize("seed", SEEDS)
def test_four_of_five_second_biopsies_change_their_tf_subtype(seed):
    lcnec, sclc, *_ = full(seed)
    first = lcnec[:5].copy()
    second = expression.second_biopsies(seed, first, (lcnec, sclc), [f"B{i}" for i in range(5)], Targets())
    genes = ["ASCL1", "NEUROD1", "POU2F3", "YAP1"]
    levels = np.log2(np.vstack([lcnec[:, genes].X, sclc[:, genes].X]) + 1)
    before, after = (
        ((np.log2(table[:, genes].X + 1) - levels.mean(axis=0)) / levels.std(axis=0)).argmax(axis=1)
        for table in (first, second)
    )
    assert (before != after).sum() == 4
    assert list(second.obs_names) == [f"B{i}" for i in range(5)]
    assert np.abs(second.X.sum(axis=1, dtype=float) - 1e6).max() < 1
    alike = [np.corrcoef(np.log2(first.X[i] + 1), np.log2(second.X[i] + 1))[0, 1] for i in range(5)]
    assert min(alike) > 0.98


@pytest.mark.parametrize("seed", SEEDS)
def test_george_has_the_printed_tests(seed):
    subtype, table = expression.george(seed, Targets())
    assert subtype.value_counts().to_dict() == {"Unclassified": 31, "NSCLC-like": 19, "SCLC-like": 16}
    assert list(table.obs_names) == list(subtype.index) and set(table.var_names) == set(expression.named_genes())
    printed = {"FGL1": (8.4e-6, 0.0003, 0.01), "SPINK1": (1e-6, 8.3e-5, 0.003)}
    for gene, ps in printed.items():
        a, b, c = (column(table, gene)[subtype == name] for name in GROUPS)
        assert np.median(a) > np.median(c) and np.median(a) > np.median(b)
        for pair, p in zip(((a, b), (a, c), (c, b)), ps, strict=True):
            assert p / 3 < two_sided(*pair) < p * 3
    assert np.median(column(table, "ASCL1")[subtype == "NSCLC-like"]) > np.median(
        column(table, "ASCL1")[subtype == "SCLC-like"]
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_fgl1_is_higher_in_nsclc_like_lcnec_than_in_luad(seed):
    table = expression.luad(seed, Targets())
    lcnec = (table.obs["cohort"] == "NSCLC-like LCNEC").to_numpy()
    assert (lcnec.sum(), (~lcnec).sum()) == (6, 503)
    fgl1 = column(table, "FGL1")
    assert np.median(fgl1[lcnec]) > np.median(fgl1[~lcnec]) and two_sided(fgl1[lcnec], fgl1[~lcnec]) < 0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_nsclc_like_lcnec_stands_third_among_cancer_types(seed):
    lcnec, _, subtype, *_ = full(seed)
    fgl1 = pd.Series(column(lcnec, "FGL1"), lcnec.obs_names)
    table = tables.pan_cancer(seed, fgl1, subtype, Targets())
    assert len(table) == 125_632 and table["cancer_type"].nunique() == 20 and table["tumour"].is_unique
    assert (table.set_index("tumour").loc[fgl1.index, "fgl1_tpm"] == fgl1).all()
    medians = table[table["group"] == ""].groupby("cancer_type")["fgl1_tpm"].median().sort_values()
    of = table[table["group"] != ""].groupby("group")["fgl1_tpm"].median()
    assert set(medians.index[-2:]) == {"Intrahepatic cholangiocarcinoma", "Hepatocellular carcinoma"}
    assert medians.iloc[-3] < of["NSCLC-like"] < medians.iloc[-2]
    assert of["NSCLC-like"] > fgl1.median() > of["SCLC-like"]


@pytest.mark.parametrize("seed", SEEDS)
def test_h1155_has_the_most_fgl1_of_54_lines(seed):
    lines = tables.cell_lines(seed, Targets())
    assert len(lines) == lines["cell_line"].nunique() == 54
    assert lines.loc[lines["fgl1_protein_log2"].idxmax(), "cell_line"] == "NCI-H1155"
    assert set(lines["histology"]) == {"LCNEC", "NSCLC", "SCLC"}


# --- what is written down


def test_targets_say_what_was_met_planted_and_assumed():
    *_, targets, sclc_targets = full(1)
    targets.decline("twin_cohort_2")
    table = targets.table().set_index("claim")
    assert table.loc["lcnec.fig4b.ascl1.sclc_like", "origin"] == "calibrated"
    assert table.loc["lcnec.fig5f.kras_signaling", "origin"] == "planted"
    assert table.loc["lcnec.fig4e.dll3.sclc_like_vs_nsclc_like.legend", "origin"] == "not followed"
    assert "lcnec.fig4e.dll3.median.sclc" in set(sclc_targets.table()["claim"])
    assert json.loads(json.dumps(table["note"].tolist()))
