"""Genes that may be targets, against plain counting, scipy's own tests and tables made so that the answer is known."""

import dataclasses
import itertools
import json

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lcnec_utils.cohort.model import Cohort, CohortError
from lcnec_utils.cohort.read import read_table
from lcnec_utils.cohort.write import write_study
from lcnec_utils.core import params
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.core.findings import Finding
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.omics.expression import FACTORS
from lcnec_utils.run import page, records, runs
from lcnec_utils.stats import differential
from lcnec_utils.studies.lcnec import fgl1_spink1

NAN = float("nan")
Z95 = stats.norm.ppf(0.975)
FIVE = ["TP53", "RB1", "STK11", "KRAS", "KEAP1"]
GENOTYPES = {"SCLC-like": ["TP53", "RB1"], "NSCLC-like": ["STK11"], "Unclassified": ["TP53"]}
NAMED = ["FGL1", "SPINK1", "SFTPB"]


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A function to a cohort in memory with genotypes by subtype and expression (log2) of few genes on disk, which
    here count as a transcriptome. people: patient columns; the rest are sample columns."""
    monkeypatch.setattr(fgl1_spink1, "WHOLE", 20)

    def written(kinds, log2: pd.DataFrame, people: dict | None = None, name: str = "made", **samples) -> Cohort:
        folder = tmp_path / name
        folder.mkdir()
        ids = [f"S{i}" for i in range(len(kinds))]
        anndata.AnnData(
            log2.to_numpy("f4"), obs=pd.DataFrame(index=log2.index), var=pd.DataFrame(index=log2.columns),
            uns={"scale": "log2(TPM+1)"},
        ).write_h5ad(folder / "expression.h5ad")  # fmt: skip
        calls = [(one, gene) for one, kind in zip(ids, kinds, strict=True) for gene in GENOTYPES[kind]]
        patients = pd.Index([f"P{i}" for i in range(len(kinds))], name="PATIENT_ID")
        return Cohort(
            name, pd.DataFrame(people or {}, index=patients),
            pd.DataFrame({"PATIENT_ID": patients, **samples}, index=pd.Index(ids, name="SAMPLE_ID")),
            mutations=pd.DataFrame(calls, columns=["Tumor_Sample_Barcode", "Hugo_Symbol"]), folder=folder,
        )  # fmt: skip

    return written


def drawn(rows: int, genes: int = 40, seed: int = 1, apart: int = 0) -> pd.DataFrame:
    """log2 expression of tumours S0, S1, …; the first genes are the named ones."""
    values = np.random.default_rng(seed).normal(6, 1, (rows, genes)).clip(0)
    names = [*NAMED, *(f"G{i}" for i in range(genes - 3))]
    return pd.DataFrame(values.astype("f4"), [f"S{i}" for i in range(rows)], names)


KINDS = ["NSCLC-like"] * 14 + ["SCLC-like"] * 9 + ["Unclassified"] * 6


def parting(seed: int = 1) -> pd.DataFrame:
    values = drawn(29, seed=seed)
    more = np.zeros(values.shape, "f4")
    more[:14, [0, 1, 5, 6]] = [3, 2, 1.2, 0.8]
    more[14:23, [2, 7, 8]] = [2, 1.5, 0.7]
    return values + more


def welch(one: np.ndarray, other: np.ndarray) -> list[float]:
    """The ratio of geometric means with Welch's standard error and a normal quantile."""
    difference = one.mean() - other.mean()
    se = np.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other))
    return [2**difference, 2 ** (difference - Z95 * se), 2 ** (difference + Z95 * se)]


def numbers(finding: Finding) -> list[float]:
    return [finding.value, finding.lower, finding.upper]


def adjusted(p: np.ndarray) -> np.ndarray:
    """Benjamini and Hochberg's p, by hand."""
    order = np.argsort(p)[::-1]
    steps = p[order] * len(p) / np.arange(len(p), 0, -1)
    found = np.empty(len(p))
    found[order] = np.minimum.accumulate(steps).clip(max=1)
    return found


# ---- genes that differ ----


def test_genes_are_chosen_by_either_printed_rule(made):
    log2 = parting()
    lcnec = made(KINDS, log2)
    table = fgl1_spink1.subtype_genes(lcnec)
    assert (table["n_1"] == 14).all() and (table["n_2"] == 9).all()
    one, other = (log2.iloc[rows].astype(float) for rows in (slice(14), slice(14, 23)))
    fold = np.abs(np.log10((2**one).mean() / (2**other).mean()))  # ratio of mean TPM + 1
    p = {
        "Kolmogorov–Smirnov": [stats.ks_2samp(one[gene], other[gene]).pvalue for gene in log2],
        "Wilcoxon": [stats.mannwhitneyu(one[gene], other[gene], method="exact").pvalue for gene in log2],
        "moderated t": table["moderated_p"].to_numpy(),  # held against limma elsewhere
    }
    counted = fgl1_spink1.differing_genes_by_rule(table, 0.05, 0.5, 0.05, 2.0).set_index(["test", "rule"])["n"]
    assert len(counted) == 6
    for test, values in p.items():
        values = np.array(values)
        legend = ((adjusted(values) < 0.05) & (fold >= 0.5)).sum()
        text = ((values < 0.05) & (fold >= np.log10(2))).sum()
        assert (counted[test, "legend"], counted[test, "text"]) == (legend, text)
        assert 0 < legend < text
    passed = fgl1_spink1.differs(table, "ks_p_adjusted", 0.05, 10**0.5)
    assert passed["FGL1"] and table.at["FGL1", "log2_fold_change"] > 0
    assert passed.sum() == counted["Kolmogorov–Smirnov", "legend"]
    exact = pd.DataFrame({"p": [0.01, 0.01, 0.05], "log2_fold_change": [-1.0, 0.999, 3.0]})
    assert fgl1_spink1.differs(exact, "p", 0.05, 2).tolist() == [True, False, False]


def test_single_genes_are_answered_by_fold_changes_between_the_subtypes(made):
    log2 = parting().drop(columns="SFTPB")
    lcnec = made(KINDS, log2)
    table = fgl1_spink1.subtype_genes(lcnec)
    counted = fgl1_spink1.differing_genes_by_rule(table, 0.05, 0.5, 0.05, 2.0)
    answers = fgl1_spink1.volcano_findings(lcnec, table, counted)
    sizes = [answers[f"n.{name}"][0].value for name in ("dataset_genes", "nsclc_like", "sclc_like")]
    assert sizes == [39, 14, 9]
    text = counted[(counted["test"] == "Kolmogorov–Smirnov") & (counted["rule"] == "text")]["n"].iloc[0]
    assert answers["n.genes"][0].value == text
    for gene in ("FGL1", "SPINK1"):
        values = log2[gene].to_numpy(float)
        right = welch(values[:14], values[14:23])
        for tail in ("", ".abstract", ".discussion", ".nsclc_like"):
            assert numbers(answers[f"{gene.lower()}{tail}"][0]) == pytest.approx(right, rel=1e-5)
        right = welch(values[23:], values[14:23])
        assert numbers(answers[f"{gene.lower()}.unclassified"][0]) == pytest.approx(right, rel=1e-5)
    assert not any(name.startswith("sftpb") for name in answers)
    known = claims.published()
    assert verdicts.verdict(known["lcnec.fig5a.fgl1"], answers["fgl1"])[0] == "compatible"
    text = fgl1_spink1.volcano_sentence(table, counted, NAMED)
    assert (
        text.startswith("39 genes were compared between 14 NSCLC-like and 9 SCLC-like tumours.") and "SFTPB" not in text
    )
    # the sentence's number is the claim's, and so the model's; the other mean is named as such
    one, other = (2 ** log2["FGL1"].to_numpy(float)[rows] for rows in (slice(14), slice(14, 23)))
    both = f"{answers['fgl1'][0].value:.1f}-fold by geometric means, {one.mean() / other.mean():.1f}-fold by arithmetic"
    assert f"FGL1 {both} means (p" in text and "in NSCLC-like relative to SCLC-like" in text


def test_too_few_tumours_or_genes_are_a_stated_skip(made, monkeypatch):
    with pytest.raises(MissingData, match="few has 4 SCLC-like tumours with expression; 5 are needed"):
        fgl1_spink1.subtype_genes(made([*["NSCLC-like"] * 6, *["SCLC-like"] * 4], drawn(10), name="few"))
    with pytest.raises(MissingData, match="by has 9 NSCLC-like tumours with expression; 10 are needed"):
        fgl1_spink1.split_by_expression(made(["NSCLC-like"] * 9, drawn(9), name="by"), "FGL1")
    with pytest.raises(MissingData, match="short has no transcriptome-wide expression .of 19 genes only"):
        fgl1_spink1.transcriptome(made(["NSCLC-like"] * 9, drawn(9, 19), name="short"))
    bare = Cohort("bare", pd.DataFrame(), pd.DataFrame(), folder=None)
    with pytest.raises(MissingData, match=r"bare has no transcriptome-wide expression \(none\)"):
        fgl1_spink1.transcriptome(bare)


def test_no_fold_change_hangs_on_a_few_tumours(made):
    log2 = parting()
    lcnec = made(KINDS, log2)
    table = fgl1_spink1.subtype_genes(lcnec, 9)
    answers = fgl1_spink1.volcano_findings(
        lcnec, table, fgl1_spink1.differing_genes_by_rule(table, 0.05, 0.5, 0.05, 2.0), 9
    )
    assert answers["fgl1"][0].value is not None, "14 and 9"
    assert answers["fgl1.unclassified"][0].note == (
        "FGL1 is known of 6 and 9 tumours of Unclassified and of SCLC-like, and a comparison needs 9 of each"
    )
    with pytest.raises(MissingData, match="has 9 SCLC-like tumours with expression; 10 are needed"):
        fgl1_spink1.subtype_genes(lcnec, 10)
    group = pd.Series(pd.Categorical([*KINDS[:23], *["SCLC"] * 3, *["Unclassified"] * 3]), log2.index)
    answers = fgl1_spink1.marker_findings(log2, group)
    assert answers["fgl1.other_lcnec"][0].value and answers["fgl1.sclc_subtypes"][0].value is None
    assert fgl1_spink1.marker_findings(log2, group, 3)["fgl1.sclc_subtypes"][0].value
    answers = fgl1_spink1.subtype_findings(log2, group)
    assert answers["fgl1.nsclc_like_vs_unclassified"][0].value is None
    assert "NSCLC-like and of Unclassified" in answers["fgl1.nsclc_like_vs_unclassified"][0].note


def test_top_genes_are_those_of_the_largest_moderated_t_either_way_named_ones_first():
    t = pd.Series({"A": 3.0, "B": -4.0, "C": 0.5, "D": NAN, "E": 1.0, "F": -2.0, "G": 0.0})
    table = pd.DataFrame({"moderated_t": t})
    assert fgl1_spink1.top_genes(table, 2, ["G", "NONE", "A"]) == ["G", "A", "E", "F", "B"]
    assert sorted(fgl1_spink1.top_genes(table, 10, [])) == ["A", "B", "C", "E", "F", "G"]


def test_group_means_are_plain_and_the_highest_is_named():
    z = pd.DataFrame({"FGL1": [1.0, 3, -1, 0], "X": [0.0, 0, 4, 5]}, index=list("abcd"))
    group = pd.Series(
        pd.Categorical(["NSCLC-like", "NSCLC-like", "SCLC", "SCLC"], ["NSCLC-like", "O", "SCLC"]), z.index
    )
    means, tree = fgl1_spink1.group_means(z, group)
    assert tree is None, "two groups have no order"
    assert list(means) == ["NSCLC-like (n = 2)", "SCLC (n = 2)"]
    assert means.loc["FGL1"].tolist() == [2, -0.5] and means.loc["X"].tolist() == [0, 4.5]
    text = fgl1_spink1.group_means_sentence(means, ["FGL1", "SPINK1"])
    assert text == "2 genes in 2 groups. FGL1 is highest in NSCLC-like (n = 2), mean z 2.00."


def test_markers_are_held_against_other_lcnec_and_sclc():
    log2 = parting().iloc[:, :2]
    group = pd.Series(pd.Categorical([*KINDS[:23], *["SCLC"] * 6]), log2.index)
    answers = fgl1_spink1.marker_findings(log2, group)
    values = log2["SPINK1"].to_numpy(float)
    assert numbers(answers["spink1.other_lcnec"][0]) == pytest.approx(welch(values[:14], values[14:23]), rel=1e-5)
    assert numbers(answers["spink1.sclc_subtypes"][0]) == pytest.approx(welch(values[:14], values[23:]), rel=1e-5)
    group = pd.Series(pd.Categorical(KINDS), log2.index)
    answers = fgl1_spink1.subtype_findings(log2, group)
    right = welch(values[:14], values[23:])
    assert numbers(answers["spink1.nsclc_like_vs_unclassified.legend"][0]) == pytest.approx(right, rel=1e-5)
    assert answers["fgl1.unclassified_vs_sclc_like"][0].value is None
    assert [answers[f"n.{name}"][0].value for name in ("nsclc_like", "sclc_like", "unclassified")] == [14, 9, 6]


# ---- clusters ----


SIZES = [9, 21, 14, 6]


@pytest.fixture(scope="module")
def four() -> tuple[pd.DataFrame, np.ndarray]:
    """Four well separated groups of tumours, shuffled; FGL1 and SPINK1 are highest in the group of 14."""
    rng = np.random.default_rng(11)
    of = rng.permutation(np.repeat(range(4), SIZES))
    middle = rng.normal(0, 4, (4, 60))
    values = 10 + middle[of] + rng.normal(0, 0.7, (50, 60))
    log2 = pd.DataFrame(values, [f"S{i}" for i in range(50)], ["FGL1", "SPINK1", *(f"G{i}" for i in range(58))])
    for gene, seed in (("FGL1", 1), ("SPINK1", 2)):
        log2[gene] = np.where(of == 2, 6.0, 2.0) + np.random.default_rng(seed).normal(0, 0.5, 50)
    return log2, of


WARD = {"linkage": "ward", "distance": "euclidean"}


def test_four_well_separated_groups_are_recovered_with_letters_by_size(four):
    from sklearn.metrics import adjusted_rand_score

    log2, of = four
    clusters = fgl1_spink1.clusters(log2, 50, 4, 1, **WARD)
    cluster = clusters.label
    assert adjusted_rand_score(of, cluster) == 1
    assert list(cluster.cat.categories) == list("ABCD")
    assert [(cluster == name).sum() for name in "ABCD"] == sorted(SIZES, reverse=True)
    assert {(letter, group) for letter, group in zip(cluster, of, strict=True)} == {
        ("A", 1), ("B", 2), ("C", 0), ("D", 3),
    }  # fmt: skip
    assert clusters.number.value == 4 and clusters.number.n == 50 and clusters.middle_95 == (4, 4)
    assert clusters.rand_index == 1
    again = fgl1_spink1.clusters(log2, 50, 4, 1, **WARD)
    assert again.label.equals(cluster) and (again.number, again.rand_index) == (clusters.number, clusters.rand_index)
    # cut into more than there are it is no longer stable
    assert fgl1_spink1.clusters(log2, 50, 6, 1, **WARD).rand_index < 1
    table = fgl1_spink1.cluster_table(log2, cluster, ["FGL1", "NONE"])
    assert table["n"].tolist() == [21, 14, 9, 6] and list(table) == ["n", "FGL1"]
    assert table.at["B", "FGL1"] == pytest.approx(log2.loc[of == 2, "FGL1"].mean())
    two = fgl1_spink1.largest_two(cluster)
    assert two.map({True: 1, False: 2}).astype("Float64").fillna(0).tolist() == [{1: 1, 2: 2}.get(i, 0) for i in of]


def test_a_number_of_clusters_over_subsamples_is_no_interval(four):
    """So that another number than the published one answers nothing, and the same one is equal."""
    number = fgl1_spink1.clusters(four[0], 50, 4, 1, **WARD).number
    assert number.lower is None and number.upper is None
    claim = claims.published()["lcnec.figs10.n.clusters"]
    assert verdicts.verdict(claim, [number])[0] == "equal"
    three = fgl1_spink1.clusters(four[0][four[1] > 0], 50, 4, 1, **WARD).number
    assert three.value == 3 and verdicts.verdict(claim, [three])[0] in ("inconclusive", verdicts.NOT_COMPUTABLE)
    assert three.note.startswith("3 clusters, and 3 in the middle 95% of subsamples")


def test_the_second_clustering_sees_only_the_genes_it_is_given(four):
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.metrics import adjusted_rand_score

    log2, of = four
    z = (log2 - log2.mean()) / log2.std(ddof=0)
    tree, again = fgl1_spink1.clusters_of_genes(z[["FGL1", "SPINK1"]], 2, **WARD)
    assert tree.shape == (49, 4) and again.value_counts().to_dict() == {"1": 36, "2": 14}
    assert adjusted_rand_score(of == 2, again) == 1, "the two genes part the group of 14 from all others"
    _, again = fgl1_spink1.clusters_of_genes(z.iloc[:, :8], 4, "average", "correlation")
    other = AgglomerativeClustering(4, metric="correlation", linkage="average").fit(z.iloc[:, :8])
    assert adjusted_rand_score(other.labels_, again) == 1
    clusters = fgl1_spink1.clusters(log2, 50, 4, 1, **WARD)
    table = fgl1_spink1.clusterings_table(log2, clusters.label, again, ["FGL1", "NONE"]).reset_index()
    assert table.groupby("clustering")["n"].sum().tolist() == [50, 50] and "NONE" not in table
    second = fgl1_spink1.cluster_again(log2, clusters.label, 4, ["FGL1"], 4, **WARD)
    assert len(second.genes) == 8 and list(second.z)[0] == "FGL1" and set(second.genes) <= set(second.z)
    t = differential.moderated_t(log2[of == 1], log2[of == 2])["t"].sort_values()
    assert set(second.genes) == {*t.index[:4], *t.index[-4:]}, "of the groups of 21 and 14 against each other"
    same = dataclasses.replace(second, label=clusters.label)
    text = fgl1_spink1.clusters_sentence(clusters, same)
    assert "4 clusters of 50 tumours: A 21, B 14, C 9, D 6. The silhouette is highest with 4 clusters (4 to 4" in text
    assert "by the 8 genes that differ most" in text and text.endswith("adjusted Rand index with the first is 1.00.")


def test_cluster_a_is_chosen_by_the_other_gene(four):
    log2, of = four
    clusters = fgl1_spink1.clusters(log2, 50, 4, 1, **WARD)
    log2 = log2.assign(SPINK1=np.where(of == 0, 9.0, 1.0) + log2["SPINK1"] / 10)  # now highest in C
    answers = fgl1_spink1.cluster_findings(log2, clusters.label, clusters.number)
    for gene, chosen in (("FGL1", 0), ("SPINK1", 2)):  # FGL1 in SPINK1's cluster, and the other way round
        values = log2[gene].to_numpy()
        right = welch(values[of == chosen], values[of != chosen])
        assert numbers(answers[f"{gene.lower()}.cluster_a"][0]) == pytest.approx(right)
    assert answers["n.clusters"] == [clusters.number]


def score_of_difference(b: int, c: int, n: int, delta: float) -> float:
    """The score statistic of two cells of one multinomial, the likelihood under their difference by scipy's search."""
    from scipy import optimize

    def likelihood(second: float) -> float:
        first, rest = second + delta, 1 - 2 * second - delta
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = stats.multinomial.logpmf([b, c, n - b - c], n, [first, second, rest])
        return -terms if np.isfinite(terms) else 1e9

    low, high = max(0.0, -delta) + 1e-9, (1 - delta) / 2 - 1e-9
    second = optimize.minimize_scalar(likelihood, (low, high), bounds=(low, high), method="bounded").x
    return (b - c - n * delta) / np.sqrt(n * (2 * second + delta - delta**2))


@pytest.mark.parametrize(("marked", "difference"), [(1, -12), (2, -5), (0, 5), (3, 8)])
def test_that_two_clusters_are_larger_than_a_can_fail(four, marked, difference):
    """The group that expresses both genes is A whatever its size; the second largest of the others against it, with
    the limits that a score test of the multinomial just does not reject. Groups of 21, 14, 9 and 6."""
    log2, of = four
    clusters = fgl1_spink1.clusters(log2, 50, 4, 1, **WARD)
    high = np.where(of == marked, 9.0, 1.0)
    answers = fgl1_spink1.cluster_findings(log2.assign(FGL1=high, SPINK1=high), clusters.label, clusters.number)
    larger = answers["largest.b_vs_a"][0]
    size = SIZES[marked]
    assert larger.value == pytest.approx(difference / 50) and larger.n == 50
    for limit, z in ((larger.lower, Z95), (larger.upper, -Z95), (larger.lower_90, 1.6449), (larger.upper_90, -1.6449)):
        assert score_of_difference(size + difference, size, 50, limit) == pytest.approx(z, abs=2e-3)
    many = Finding(larger.value, *(larger.value + side for side in (-0.05, 0.05)), n=500, scale="difference")
    word = verdicts.verdict(claims.published()["lcnec.figs10.largest.b_vs_a"], [many])[0]
    assert word == ("compatible" if difference > 0 else "contradicted")
    # C has no mark but its size: the claim is not asked
    assert (
        answers["largest.d_vs_c"][0].value is None
        and "larger than C in any cohort" in answers["largest.d_vs_c"][0].note
    )


def test_limits_of_two_shares_of_one_draw_hold_the_truth():
    """400 draws of four clusters, .3 s: coverage of the 95% limits is 93% to 98%."""
    from lcnec_utils.stats.paired import paired_difference_interval

    draws = np.random.default_rng(1).multinomial(60, [0.35, 0.3, 0.2, 0.15], 400)
    limits = [paired_difference_interval(int(draw[1]), int(draw[2]), 60) for draw in draws]
    assert 0.93 <= np.mean([low <= 0.1 <= high for low, high in limits]) <= 0.98


def test_two_clusters_are_not_four(four):
    log2, of = four
    some = log2[np.isin(of, (1, 2))]
    clusters = fgl1_spink1.clusters(some, 50, 2, 1, **WARD)
    answers = fgl1_spink1.cluster_findings(some, clusters.label, clusters.number)
    assert list(clusters.label.cat.categories) == ["A", "B"]
    assert answers["largest.b_vs_a"][0].note == "there are 2 clusters here, and the claim is on four"


def test_a_cohort_of_few_tumours_is_clustered_or_skipped(four):
    log2, of = four
    for n in (3, 6, 10):
        with pytest.raises(MissingData, match=f"{n} tumours, too few to cluster"):
            fgl1_spink1.clusters(log2.iloc[:n], 50, 4, 1, **WARD)
    clusters = fgl1_spink1.clusters(log2.iloc[:13], 50, 4, 1, **WARD)
    assert len(clusters.label) == 13 and 2 <= clusters.number.value <= 13


def test_clusters_without_the_two_genes_are_drawn_and_their_claims_not_computable(four):
    log2, of = four
    log2 = log2.drop(columns="SPINK1")
    clusters = fgl1_spink1.clusters(log2, 50, 4, 1, **WARD)
    answers = fgl1_spink1.cluster_findings(log2, clusters.label, clusters.number)
    assert answers["n.clusters"] == [clusters.number]
    for name in ("fgl1.cluster_a", "spink1.cluster_a", "largest.b_vs_a"):
        assert answers[name][0].value is None and "no expression of SPINK1" in answers[name][0].note


def test_tumours_stand_group_by_group_and_alike_beside_alike():
    rng = np.random.default_rng(1)
    kind = rng.permutation(np.repeat([0, 1, 2, 3], 5))  # two groups, each of two kinds, shuffled
    z = pd.DataFrame(rng.normal(0, 0.1, (20, 3)) + 5 * (kind % 2)[:, None], [f"S{i}" for i in range(20)])
    group = pd.Series(pd.Categorical(np.where(kind < 2, "x", "y"), ["y", "x", "nobody"]), z.index)
    order = fgl1_spink1.order_within_groups(z, group[::-1])
    assert sorted(order) == sorted(z.index) and group[order].tolist() == ["y"] * 10 + ["x"] * 10
    of = pd.Series(kind, z.index)[order].tolist()
    assert len(list(itertools.groupby(of))) == 4, "each kind stands together"
    few = fgl1_spink1.order_within_groups(z.iloc[:2], group)
    assert len(few) == 2


def test_tracks_show_the_genotype_where_there_is_one(made):
    lcnec = made(KINDS, parting())
    cluster = pd.Series(pd.Categorical(["A"] * 29), [f"S{i}" for i in range(29)])[::-1]
    tracks = fgl1_spink1.cluster_tracks(lcnec, cluster)
    assert (
        list(tracks) == ["Cluster", "Genomic subtype"] and tracks["Genomic subtype"].astype(str).tolist() == KINDS[::-1]
    )
    lcnec.mutations = None
    assert list(fgl1_spink1.cluster_tracks(lcnec, cluster)) == ["Cluster"]


# ---- gene sets ----


def test_tumours_are_parted_at_the_median_of_a_gene_that_is_not_ranked(made):
    log2 = parting()
    found, high = fgl1_spink1.split_by_expression(made(KINDS, log2), "FGL1")
    assert list(found.index) == [f"S{i}" for i in range(14)] and "FGL1" not in found and found.shape[1] == 39
    values = log2["FGL1"][:14]
    assert high.tolist() == (values > np.median(values)).tolist() and high.sum() == 7
    with pytest.raises(MissingData) as lacking:
        fgl1_spink1.split_by_expression(made(KINDS, log2.drop(columns="FGL1"), name="without"), "FGL1")
    assert "FGL1" in str(lacking.value), "it is the gene that lacks, not tumours"


BLOCKADE = ["immunotherapy", "chemoimmunotherapy"]


def treated(made, months: list, events: list, regimens: list, log2=None, **samples) -> Cohort:
    """A cohort of so many patients with first lines and survival."""
    n = len(months)
    people = {
        "FIRST_LINE_REGIMEN": regimens, "OS_MONTHS": np.array(months, float),
        "OS_STATUS": pd.array(events, dtype="boolean"),
    }  # fmt: skip
    return made(["NSCLC-like"] * n, drawn(n) if log2 is None else log2, people, **samples)


def test_long_and_short_survivors_on_blockade_are_parted_and_the_censored_not_guessed(made):
    rng = np.random.default_rng(5)
    regimens = [[*BLOCKADE, "chemotherapy", None][i % 4] for i in range(80)]
    months = np.round(rng.exponential(18, 80), 1)
    months[[0, 1, 4, 5]] = [20, 20, 20.1, 30]
    events = [bool(event) for event in rng.random(80) < 0.6]
    events[:6] = [True, False, True, True, False, False]
    months[9] = NAN
    lcnec = treated(made, months, events, regimens, drawn(75))  # the last five were not measured
    log2, longer = fgl1_spink1.split_by_survival(lcnec, 20)
    right = {}
    for i in range(75):
        if regimens[i] in BLOCKADE and not np.isnan(months[i]):
            if months[i] > 20:
                right[f"S{i}"] = True
            elif events[i]:
                right[f"S{i}"] = False
    assert longer.to_dict() == right and list(log2.index) == list(right)
    assert longer["S0"] is np.False_ or longer["S0"] == False  # noqa: E712 - dead at the very cut
    assert "S1" not in longer and longer["S4"] and longer["S5"]
    with pytest.raises(MissingData, match=r"0 with expression lived over 500 months \(OS_MONTHS\)"):
        fgl1_spink1.split_by_survival(lcnec, 500)


def test_long_survivors_on_immunotherapy_alone_are_counted_among_those_tested(made):
    months = [30, 25, 21, 20, 40, 22, 5, 50]
    regimens = ["immunotherapy"] * 4 + ["chemoimmunotherapy"] + ["immunotherapy"] * 3
    lcnec = treated(
        made, months, [True] * 7 + [False], regimens,
        TMB_NONSYNONYMOUS=[25, 19, NAN, 40, 50, 19.5, 60, NAN], PDL1_SCORE=[0, 1, 50, 90, 80, NAN, 70, 0.9],
    )  # fmt: skip
    survivors = fgl1_spink1.long_survivors(lcnec, 20, 19, 1)
    assert list(survivors.table.index) == ["P7", "P0", "P1", "P5", "P2"], "longer than 20 months, the longest first"
    assert survivors.table["event"].tolist() == [False, True, True, True, True]
    values = fgl1_spink1.long_survivor_values(survivors)
    tmb, pdl1 = (table.astype(object).where(table.notna(), None) for table in values.values())
    assert tmb["level"].tolist() == [None, "high", "low", "high", None], "19 is not over 19"
    assert tmb["words"].tolist() == [None, "25.0", "19.0", "19.5", None]
    assert pdl1["level"].tolist() == ["negative", "negative", "positive", None, "positive"]
    answers = fgl1_spink1.long_survivor_findings(survivors, 3)
    assert answers["n.long_rwos"][0].value == 5 and answers["cut.rwos"][0].value == 20
    tmb, pdl1 = answers["tmb_high.long_rwos"][0], answers["pdl1.long_rwos"][0]
    # TMB over 19: 25 and 19.5 of 25, 19, 19.5; PD-L1 from 1: 1 and 50 of 0, 1, 50, 0.9
    assert (tmb.value, tmb.n) == (pytest.approx(100 * 2 / 3), 3)
    assert (pdl1.value, pdl1.n) == (50, 4)
    few = fgl1_spink1.long_survivor_findings(survivors)["tmb_high.long_rwos"][0]
    assert few.value is None and few.note == "3 patients who survived so long had the test, and a share needs 5"
    assert fgl1_spink1.long_survivors_sentence(survivors) == (
        "5 patients on immunotherapy alone lived over 20 months: 2 of 3 tested had a TMB over 19 per Mb, 2 of 4 tested "
        "had a PD-L1 score of 1% or more."
    )


def test_long_survivors_that_nobody_tested_are_no_traceback(made):
    lcnec = treated(
        made, [30, 25, 5], [True] * 3, ["immunotherapy"] * 3, drawn(3),
        TMB_NONSYNONYMOUS=[NAN, NAN, 4.0], PDL1_SCORE=[0, 1, 50],
    )  # fmt: skip
    survivors = fgl1_spink1.long_survivors(lcnec, 20, 19, 1)
    assert fgl1_spink1.long_survivor_findings(survivors)["tmb_high.long_rwos"][0].value is None
    nobody = fgl1_spink1.long_survivors(lcnec, 200, 19, 1)
    answers = fgl1_spink1.long_survivor_findings(nobody)
    assert answers["n.long_rwos"][0].value == 0 and answers["pdl1.long_rwos"][0].value is None
    text = fgl1_spink1.long_survivors_sentence(nobody)
    assert text == "0 patients on immunotherapy alone lived over 200 months."


def test_a_cohort_without_pdl1_still_counts_its_long_survivors(made):
    lcnec = treated(
        made, [30, 25, 5], [True] * 3, ["immunotherapy"] * 3, drawn(3), TMB_NONSYNONYMOUS=[20.0, 3, 4]
    )  # fmt: skip
    survivors = fgl1_spink1.long_survivors(lcnec, 20, 19, 1)
    answers = fgl1_spink1.long_survivor_findings(survivors, 2)
    assert answers["n.long_rwos"][0].value == 2 and answers["tmb_high.long_rwos"][0].value == 50
    assert answers["pdl1.long_rwos"][0].value is None and "PD-L1" in answers["pdl1.long_rwos"][0].note


def test_a_score_takes_the_limits_of_resampled_tumours():
    limits = {"nes_lower": [0.9, -2.0, NAN], "nes_upper": [2.8, 0.4, NAN]}
    limits |= {"nes_lower_90": [1.1, -1.8, NAN], "nes_upper_90": [2.7, 0.2, NAN]}
    table = pd.DataFrame(
        {
            "set": ["UP", "DOWN", "NONE"],
            "nes": [2.1, -1.4, 0.7],
            "p": [0.001, 0.2, 1.0],
            "fdr": [0.0, 0.4, 1.0],
            **limits,
        }
    )
    marked = pd.Series([True] * 8 + [False] * 6 + [None], dtype="boolean")
    up, down, none, absent = fgl1_spink1.set_findings(table, ["UP", "DOWN", "NONE", "ABSENT"], marked)
    assert numbers(up) == [2.1, 0.9, 2.8] and (up.lower_90, up.upper_90, up.n, up.smallest) == (1.1, 2.7, 14, 6)
    assert numbers(down) == [-1.4, -2.0, 0.4] and up.of_enough(7).value is None
    assert absent.value is None and "ABSENT is not among the sets" in absent.note
    claim = claims.published()["lcnec.fig5f.kras_signaling"]
    answers = [verdicts.verdict(claim, [finding])[0] for finding in (up, down, none, absent)]
    assert answers == ["compatible", "inconclusive", verdicts.NOT_COMPUTABLE, verdicts.NOT_COMPUTABLE]
    label = fgl1_spink1.set_label(table.assign(size=30), "UP", 1000)
    assert label == "NES 2.10\n95% CI 0.90 to 2.80\nFDR < 0.001\n30 genes"
    assert fgl1_spink1.strongest_sets(table, 2)["set"].tolist() == ["UP", "DOWN"]


def test_a_set_that_was_put_in_is_found_and_another_is_not(made):
    log2 = drawn(40, 203, seed=9)
    high = pd.Series([True, False] * 20, log2.index, dtype="boolean")
    log2.loc[high.to_numpy(), [f"G{i}" for i in range(20)]] += 1.5
    sets = {"PUT_IN": [f"G{i}" for i in range(20)], "NOT": [f"G{i}" for i in range(20, 200, 6)]}
    how = {"permutations": 1000, "seeds": 2, "seed": 1, "resamples": 100}
    table, ranked = fgl1_spink1.gene_sets(log2, high, sets, limits_of=["NOT", "PUT_IN", "ABSENT"], **how)
    table = table.set_index("set")
    assert ranked.index[0] in sets["PUT_IN"] and table.at["PUT_IN", "fdr"] < 0.01 < table.at["NOT", "fdr"]
    assert (table["nes_min"] <= table["nes"]).all() and (table["nes"] <= table["nes_max"]).all()
    assert table.at["PUT_IN", "nes_lower"] > 0 and table.at["NOT", "nes_lower"] < 0 < table.at["NOT", "nes_upper"]
    text = fgl1_spink1.sets_sentence(table.reset_index(), 0.05, "FGL1-high", high, 1000)
    assert text.startswith("20 against 20 tumours: 1 of 2 sets are enriched with FGL1-high")
    assert "NES with 95% limits from resampled tumours: put in " in text


# ---- other tumours ----


def test_lcnec_against_adenocarcinoma_in_one_cohort(made):
    codes = ["LUNE"] * 8 + ["LUAD"] * 10 + ["LUSC"] * 3
    log2 = drawn(21)
    both = made(["NSCLC-like"] * 6 + ["Unclassified"] * 15, log2, ONCOTREE_CODE=codes)
    values, group = fgl1_spink1.fgl1_of_lcnec_and_luad(both)  # of LCNEC only those of the genotype
    assert len(values) == 16 and group.value_counts().to_dict() == {"LUAD": 10, "NSCLC-like LCNEC": 6}
    both.mutations = None  # without genotype its LCNEC are taken to be so
    values, group = fgl1_spink1.fgl1_of_lcnec_and_luad(both)
    assert len(values) == 18 and group.value_counts().to_dict() == {"LUAD": 10, "NSCLC-like LCNEC": 8}
    answers = fgl1_spink1.luad_findings(values, group)
    fgl1 = log2["FGL1"].to_numpy(float)
    assert numbers(answers["fgl1"][0]) == pytest.approx(welch(fgl1[:8], fgl1[8:18]), rel=1e-5)
    assert [answers[f"n.{name}"][0].value for name in ("tcga", "nsclc_like", "luad")] == [18, 8, 10]
    both.samples["ONCOTREE_CODE"] = "LUAD"
    with pytest.raises(MissingData, match="does not hold both"):
        fgl1_spink1.fgl1_of_lcnec_and_luad(both)
    with pytest.raises(MissingData, match="ONCOTREE_CODE"):
        fgl1_spink1.fgl1_of_lcnec_and_luad(made(["Unclassified"] * 5, drawn(5), name="uncoded"))


def lines(**values) -> pd.DataFrame:
    return pd.DataFrame(
        {"cell_line": list(values), "histology": "LCNEC", "fgl1_protein_log2": list(values.values())}, dtype=object
    ).astype({"fgl1_protein_log2": float})


def test_a_cell_line_has_its_place_among_those_measured():
    table = lines(A=1.5, B=3.0, NCI=2.0, C=NAN, D=3.5)
    answers = fgl1_spink1.cell_line_findings(table, "NCI")
    assert answers["n.lines"][0].value == 4 and answers["top_line"][0].value == 3
    assert fgl1_spink1.cell_line_findings(table, "C")["top_line"][0].value is None
    assert fgl1_spink1.cell_line_findings(table, "Z")["top_line"][0].value is None
    text = fgl1_spink1.cell_line_sentence(table, "NCI")
    assert text == "Highest FGL1 protein (log2) of 4 lines: D 3.50, B 3.00, NCI 2.00; NCI is at rank 3."
    claim = claims.published()["lcnec.fig5d.top_line"]
    top = lines(**{"NCI-H1155": 9.0, "B": 3.0})
    assert verdicts.verdict(claim, fgl1_spink1.cell_line_findings(top, "NCI-H1155")["top_line"])[0] == "equal"


def test_a_cell_line_that_stands_twice_is_no_traceback():
    table = pd.concat([lines(A=1.5, B=3.0), lines(A=2.0)], ignore_index=True)
    try:
        found = fgl1_spink1.cell_line_findings(table, "A")["top_line"][0]
    except UserError:
        return
    assert found.value is None or found.value == 2


def pan(seed: int = 4, lcnec: int = 30, sclc: int = 20) -> pd.DataFrame:
    """FGL1 over five cancer types and two groups of LCNEC."""
    rng = np.random.default_rng(seed)
    kinds = {fgl1_spink1.IHCC: 6.0, fgl1_spink1.HCC: 7.5, "LUAD": 4.9, "SCLC": 1.0, "Breast": 0.5}
    parts = [
        pd.DataFrame({"cancer_type": kind, "group": "", "fgl1_tpm": rng.lognormal(level * np.log(2), 0.8, 40)})
        for kind, level in kinds.items()
    ]
    for name, n, level in (("NSCLC-like", lcnec, 5.0), ("SCLC-like", sclc, 1.5), ("Unclassified", 12, 2.5)):
        more = {"cancer_type": "LCNEC", "group": name, "fgl1_tpm": rng.lognormal(level * np.log(2), 0.8, n)}
        parts.append(pd.DataFrame(more))
    table = pd.concat(parts, ignore_index=True).sample(frac=1, random_state=seed, ignore_index=True)
    return table.assign(tumour=[f"T{i}" for i in range(len(table))])


def test_the_rank_among_cancer_types_takes_its_limits_from_its_medians():
    table = pan()
    log2, kinds, medians = fgl1_spink1.cancer_types(table)
    np.testing.assert_allclose(log2, np.log2(table["fgl1_tpm"] + 1))
    by_type = {name: np.median(log2[table["cancer_type"] == name]) for name in table["cancer_type"].unique()}
    assert list(kinds.cat.categories) == sorted(by_type, key=lambda name: -by_type[name])
    for name, rows in (
        ("NSCLC-like", table["group"] == "NSCLC-like"), ("All LCNEC", table["group"] != ""),
        ("SCLC-like", table["group"] == "SCLC-like"),
    ):  # fmt: skip
        assert medians[name] == pytest.approx(np.median(log2[rows]))
    answers = fgl1_spink1.cancer_type_findings(log2, table)
    assert answers["n.tumors"][0].value == len(table) and answers["n.types"][0].value == 6
    mine = np.sort(log2[table["group"] == "NSCLC-like"])
    others = [value for name, value in by_type.items() if name != "LCNEC"]
    # of 30 the 10th and the 21st hold the median with 95.7%
    places = [1 + sum(other > value for other in others) for value in (np.median(mine), mine[20], mine[9])]
    found = answers["rank.nsclc_like"][0]
    assert numbers(found) == places and found.lower < found.upper, "the limits differ in this draw"
    for tail, kind in (("ihcc_vs_nsclc_like", fgl1_spink1.IHCC), ("hcc_vs_nsclc_like", fgl1_spink1.HCC)):
        right = welch(log2[table["cancer_type"] == kind].to_numpy(), mine)
        assert numbers(answers[tail][0]) == pytest.approx(right)
    groups = {name: log2[table["group"] == name].to_numpy() for name in ("NSCLC-like", "SCLC-like", "Unclassified")}
    rest = np.r_[groups["SCLC-like"], groups["Unclassified"]]
    right = welch(groups["NSCLC-like"], rest)
    assert numbers(answers["median_line.nsclc_like_vs_all"][0]) == pytest.approx(right)
    rest = np.r_[groups["NSCLC-like"], groups["Unclassified"]]
    right = welch(rest, groups["SCLC-like"])
    assert numbers(answers["median_line.all_vs_sclc_like"][0]) == pytest.approx(right)
    text = fgl1_spink1.cancer_type_sentence(answers, medians)
    assert (
        text.startswith(f"{len(table)} tumours of 6 types.") and f"rank {places[0]} ({places[1]} to {places[2]}" in text
    )


def test_a_median_without_limits_gives_a_rank_without_limits():
    # of five tumours no two values hold the median with 95%
    table = pan(lcnec=5)
    log2, _, medians = fgl1_spink1.cancer_types(table)
    answers = fgl1_spink1.cancer_type_findings(log2, table)
    found = answers["rank.nsclc_like"][0]
    assert found.value >= 1
    assert not any(verdicts._exists(limit) for limit in (found.lower, found.upper)), numbers(found)
    assert "nan" not in fgl1_spink1.cancer_type_sentence(answers, medians)


def test_a_few_tumours_have_no_rank():
    table = pan(lcnec=4)
    log2, _, medians = fgl1_spink1.cancer_types(table)
    answers = fgl1_spink1.cancer_type_findings(log2, table)
    assert answers["rank.nsclc_like"][0].value is None and answers["ihcc_vs_nsclc_like"][0].value is None
    assert answers["median_line.nsclc_like_vs_all"][0].value is None
    assert answers["median_line.all_vs_sclc_like"][0].value is not None, "16 and 20"
    text = fgl1_spink1.cancer_type_sentence(answers, medians)
    assert "NSCLC-like LCNEC (n = 4) is shown, not ranked: FGL1 is known of 4 NSCLC-like tumours" in text


def test_cancer_types_without_lcnec_are_a_stated_skip_or_not_computable():
    table = pan().query("group == ''")
    log2, _, medians = fgl1_spink1.cancer_types(table)
    try:
        answers = fgl1_spink1.cancer_type_findings(log2, table)
        fgl1_spink1.cancer_type_sentence(answers, medians)
    except MissingData:
        return
    assert answers["rank.nsclc_like"][0].value is None


# ---- plain tables ----


def written(folder, text: str):
    folder.mkdir(exist_ok=True)
    (folder / "table.csv").write_text(text)
    return folder


LINES = params.TABLES["cell_lines"]
GOOD = "cell_line,histology,fgl1_protein_log2\nNCI-H1155,LCNEC,3.5\nB,SCLC,\nC,NSCLC,-1e-1\n"


def test_a_plain_table_is_read_with_empty_cells_as_missing(tmp_path):
    cohort = read_table(written(tmp_path / "mine", GOOD), *LINES)
    assert cohort.table["fgl1_protein_log2"].tolist()[::2] == [3.5, -0.1]
    assert np.isnan(cohort.table["fgl1_protein_log2"][1])
    assert cohort.label == "mine" and not cohort.simulated and cohort.notes == ["one table of 3 rows"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cell_line,fgl1_protein_log2\nA,1\n", ["mine/table.csv", "histology", "is missing"]),
        (GOOD.replace("3.5", "high"), ["mine/table.csv, row 2", "fgl1_protein_log2", "'high' is not a number"]),
        (GOOD.replace("-1e-1", "inf"), ["row 4", "'inf' is not a number"]),
        (GOOD.replace(",", "\t"), ["mine/table.csv, row 1", "has tabs between its columns; write commas"]),
        ("", ["mine/table.csv"]),
        (GOOD + "D,LCNEC,1,2,3\n", ["mine/table.csv"]),
        (GOOD.replace("SCLC", "Kleinzellig\xe4r").encode("latin-1"), ["mine/table.csv"]),
    ],
)
def test_a_plain_table_that_cannot_be_read_is_refused_in_one_line(tmp_path, text, words):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "table.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CohortError) as refused:
        read_table(folder, *LINES)
    line = str(refused.value)
    assert "\n" not in line and all(word in line for word in words), line


def test_a_folder_without_its_table_says_which_columns_it_needs(tmp_path):
    with pytest.raises(CohortError) as refused:
        read_table(tmp_path, *LINES)
    assert str(refused.value) == (
        f"{tmp_path.name} has no table.csv; it needs the columns cell_line, histology, fgl1_protein_log2"
    )


ROLES = dict.fromkeys(["cohort", "cohort_2", "sclc", "validation", "luad", "pan_cancer", "cell_lines"], "")


@pytest.fixture
def held(tmp_path, monkeypatch):
    """A function to the page of notebook 08 with roles named and all others empty."""
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    return lambda **roles: page.Page("08_fgl1_spink1", {"run": "mine", **ROLES, **roles})


def test_a_users_tables_play_their_roles(tmp_path, held):
    cell = written(tmp_path / "lines", GOOD)
    types = tmp_path / "types"
    types.mkdir()
    pan().to_csv(types / "table.csv", index=False)
    mine = held(cell_lines=str(cell), pan_cancer=str(types))
    assert len(mine.cohort("cell_lines").table) == 3
    answers = fgl1_spink1.cancer_type_findings(
        fgl1_spink1.cancer_types(mine.cohort("pan_cancer").table)[0], mine.cohort("pan_cancer").table
    )
    assert answers["n.tumors"][0].value == len(pan())
    described = mine.describe()
    assert (
        described.loc["cell_lines", "patients"] == 0 and "One table of 3 rows." in described.at["cell_lines", "notes"]
    )
    # what `lcnec run` does first refuses nothing of it
    run = params.RunParameters(**dict.fromkeys(params.ROLES, ""), run="mine")
    run = run.model_copy(update={"cell_lines": str(cell), "pan_cancer": str(types)})
    assert runs.prepare(run) == []
    (cell / "table.csv").write_text("cell_line\nA\n")
    with pytest.raises(UserError, match="lines/table.csv, column histology: is missing"):
        runs.prepare(run)


def test_without_gene_sets_and_without_a_network_a_panel_is_skipped_and_the_next_is_drawn(tmp_path, held, monkeypatch):
    empty = tmp_path / "cache"
    empty.mkdir()
    monkeypatch.delenv("LCNEC_DATA_DIR", raising=False)
    monkeypatch.setenv("LCNEC_CACHE_DIR", str(empty))
    monkeypatch.setenv("LCNEC_MIRROR", "http://127.0.0.1:9")
    mine = held()
    with pytest.raises(MissingData) as lacking:
        mine.public_file("genesets", "h.all.v7.5.1.symbols.gmt")
    line = str(lacking.value)
    assert "\n" not in line and "genesets/h.all.v7.5.1.symbols.gmt cannot be downloaded" in line
    assert "LCNEC_DATA_DIR" in line, "the remedy is named"
    with mine.panel("fig5f"):
        mine.public_file("genesets", "h.all.v7.5.1.symbols.gmt")
    import matplotlib

    matplotlib.use("agg")
    from lcnec_utils.plots import palette

    with mine.panel("fig5d") as panel:
        panel.save(palette.figure()[0], pd.DataFrame({"x": [1]}))
    for id in mine.panels:
        if id not in ("fig5d", "fig5f"):
            with mine.panel(id):
                mine.skip("not tried")
    outcome = mine.finish()["outcome"]
    assert outcome["fig5d"] == "drawn" and outcome["fig5f"].startswith("skipped: genesets/h.all")


def test_sclc_that_measured_fewer_genes_is_no_traceback(made, tmp_path, monkeypatch):
    """The whole notebook on own folders: LCNEC of 40 genes (a transcriptome here), SCLC of five."""
    import matplotlib

    matplotlib.use("agg")
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    monkeypatch.setenv("LCNEC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LCNEC_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("LCNEC_MIRROR", "http://127.0.0.1:9")
    log2 = parting().rename(columns=dict(zip([f"G{i}" for i in range(20, 24)], FACTORS, strict=True)))
    folders = {}
    for name, genes, start in (("cohort", list(log2), "L"), ("sclc", [*FACTORS, "FGL1"], "T")):
        ids = [f"{start}{one}" for one in log2.index]
        data = anndata.AnnData(
            log2[genes].to_numpy("f4"), obs=pd.DataFrame(index=ids), var=pd.DataFrame(index=genes),
            uns={"scale": "log2(TPM+1)"},
        )  # fmt: skip
        calls = [
            (one, gene, "Nonsense_Mutation") for one, kind in zip(ids, KINDS, strict=True) for gene in GENOTYPES[kind]
        ]
        people = [f"P{one}" for one in ids]
        folders[name] = str(write_study(
            tmp_path / name, patients=pd.DataFrame({"PATIENT_ID": people}),
            samples=pd.DataFrame({"SAMPLE_ID": ids, "PATIENT_ID": people}), study={"name": name}, expression=data,
            mutations=pd.DataFrame(calls, columns=["Tumor_Sample_Barcode", "Hugo_Symbol", "Variant_Classification"]),
        ))  # fmt: skip
    run: dict = {}
    for cell in json.loads(records.notebook_path("08_fgl1_spink1").read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), run)
            if "parameters" in cell["metadata"].get("tags", []):
                run |= {"run": "mine", **ROLES, **folders, "validation": folders["cohort"]}
    record = records.read_record("mine", "08_fgl1_spink1")
    assert {"fig5a", "fig5c", "figS10"} <= set(record["drawn"])
    assert "genesets/h.all" in record["skipped"]["fig5f"]
    assert all(reason and "\n" not in reason for reason in record["skipped"].values())
    known = claims.published()
    assert all(known[id].scope != "own" for id in record["findings"])


def test_hallmark_sets_hold_what_the_notebook_names(data_dir):
    from lcnec_utils.stats import enrichment

    sets = enrichment.read_gmt(data_dir / "genesets" / "h.all.v7.5.1.symbols.gmt")
    assert len(sets) == 50 and {fgl1_spink1.KRAS, *fgl1_spink1.INFLAMMATORY} <= set(sets)


def test_genes_parted_are_those_that_the_tests_call_differently(made):
    table = fgl1_spink1.subtype_genes(made(KINDS, parting()))
    columns = ["ks_p_adjusted", "wilcoxon_p_adjusted", "moderated_p_adjusted"]
    apart = {gene for gene in table.index if len({bool(table.at[gene, name] < 0.05) for name in columns}) > 1}
    assert set(differential.discordant_genes(table).index) == apart
    for one, other in itertools.pairwise(differential.discordant_genes(table).index):
        assert table.loc[one, columns].min() <= table.loc[other, columns].min()
