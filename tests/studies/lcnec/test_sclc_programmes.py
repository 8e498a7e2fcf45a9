"""LCNEC beside SCLC, against plain arithmetic, scipy's own tests and counts from the public file."""

import dataclasses
import functools
import itertools
import json

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lcnec_utils.cohort.write import write_study
from lcnec_utils.core import params, paths
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.omics import joint
from lcnec_utils.omics.expression import (
    FACTORS,
    signatures,
    tf_subtype,
    z_scores,
)
from lcnec_utils.run import page, records
from lcnec_utils.stats import ranks
from lcnec_utils.studies.lcnec import sclc_programmes
from tests.omics.two_diseases import GENES, GENOTYPES, KINDS, cohort_with_expression, levels

NAN = float("nan")
Z95 = stats.norm.ppf(0.975)


def newcombe(a: int, n: int, b: int, m: int) -> list[float]:
    """The difference of two shares with Newcombe's hybrid score interval, from scipy's Wilson limits."""
    p, q = a / n, b / m
    (l1, u1), (l2, u2) = (stats.binomtest(k, of).proportion_ci(method="wilson") for k, of in ((a, n), (b, m)))
    return [p - q, p - q - np.hypot(p - l1, u2 - q), p - q + np.hypot(u1 - p, q - l2)]


def numbers(finding) -> list[float]:
    return [finding.value, finding.lower, finding.upper]


@pytest.fixture
def made(tmp_path):
    """A function to a cohort with genotypes by subtype and expression, as two_diseases.cohort_with_expression."""
    return functools.partial(cohort_with_expression, tmp_path)


# ---- tumours ----


def test_tumours_are_counted_by_group_and_those_without_subtype_are_said(made):
    lcnec = made("lcnec", KINDS, levels(14, 7), GENES)
    sclc = made("sclc", [None] * 9, levels(9, 7, seed=2), GENES, prefix="T")
    found = joint.combine_expression(lcnec, sclc, genes=GENES)
    text = sclc_programmes.tumours_sentence(found, tf_subtype(found.log2))
    assert text.startswith(
        "21 tumours (NSCLC-like 5, SCLC-like 4, Unclassified 3, SCLC 9; 2 LCNEC with expression lack"
    )
    counted = sclc_programmes.tumour_counts(lcnec, sclc, found)
    assert [counted[name][0].value for name in ("n.lcnec", "n.sclc_total", "n.sclc_wts")] == [12, 9, 9]


def test_expression_without_genotype_is_one_group(made):
    held = ["S2", "S3"]
    some = made("some", ["SCLC-like", "SCLC-like", "Unknown", "Unknown"], levels(2, 7), GENES, measured=held)
    unknown, bare = (made(name, [kind] * 3, levels(3, 7), GENES) for name, kind in (("un", "Unknown"), ("bare", None)))
    for cohort, n in ((unknown, 3), (bare, 3), (some, 2)):
        found = joint.combine_expression(cohort, None, genes=GENES)
        assert found.group.value_counts().to_dict() == {"Genotype unknown": n} and len(found.lcnec) == n
        assert ranks.pairwise_rank_sums(found.log2["DLL3"], found.group).empty
        factor = tf_subtype(joint.combine_expression(bare, None, genes=GENES).log2)
        assert sclc_programmes.share_tests(factor, found.group, ["ASCL1"]).empty
        tails = sclc_programmes.expression_findings(found, "DLL3", "TPM")
        assert set(tails) == {"n.lcnec", "median.lcnec"}  # no print speaks of tumours of unknown genotype


# ---- tumours clustered by their factors ----


def four_kinds(n: int = 24, spread: float = 0.8, seed: int = 5) -> pd.DataFrame:
    """z-scores of tumours in which one factor after the other is high."""
    values = np.random.default_rng(seed).normal(0, spread, (n, 4))
    values[np.arange(n), np.arange(n) % 4] += 3
    return z_scores(pd.DataFrame(values, [f"S{i}" for i in range(n)], FACTORS))


WAYS = [("ward", "euclidean"), ("average", "correlation"), ("complete", "cityblock")]


def pairs_together(labels) -> set[tuple[int, int]]:
    labels = list(labels)
    return {(i, j) for i, j in itertools.combinations(range(len(labels)), 2) if labels[i] == labels[j]}


@pytest.mark.parametrize(("linkage", "distance"), WAYS)
def test_clusters_of_factors_are_those_of_scikit_learn(linkage, distance):
    """Another implementation, agglomerating on a matrix of distances (Ward's on the values)."""
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.metrics import pairwise_distances

    z = four_kinds(30, spread=1.2)
    found = sclc_programmes.factor_tree(z, linkage=linkage, distance=distance, clusters=4)
    given = z.to_numpy() if linkage == "ward" else pairwise_distances(z.to_numpy(), metric=distance)
    metric = "euclidean" if linkage == "ward" else "precomputed"
    theirs = AgglomerativeClustering(4, linkage=linkage, metric=metric).fit_predict(given)
    assert pairs_together(found.cluster) == pairs_together(theirs)
    assert sorted(found.order) == sorted(z.index)
    # a cluster is one stretch of the dendrogram, and they are numbered from the left
    assert found.cluster[found.order].cat.codes.is_monotonic_increasing
    assert list(found.cluster.cat.categories) == ["1", "2", "3", "4"]


def test_wards_linkage_of_another_distance_is_refused_in_one_line():
    with pytest.raises(UserError, match="tf_linkage: ward joins tumours by Euclidean distance alone.*correlation"):
        sclc_programmes.factor_tree(four_kinds(), linkage="ward", distance="correlation", clusters=4)


def test_a_way_to_cluster_that_is_none_is_refused_before_anything_runs():
    for name, known in (
        ("tf_linkage", "ward, average, complete"),
        ("tf_distance", "euclidean, cityblock, correlation"),
    ):
        with pytest.raises(params.ParameterError, match=f"{name}: 'nearest' is refused: give one of {known}"):
            params.validate({name: "nearest"})


def test_a_tumour_without_a_profile_has_no_correlation_and_two_tumours_no_tree():
    z = four_kinds()
    flat = z.copy()
    flat.iloc[3] = 0.5
    with pytest.raises(MissingData, match="in a tumour all factors have one z-score"):
        sclc_programmes.factor_tree(flat, linkage="average", distance="correlation", clusters=4)
    with pytest.raises(MissingData, match="2 tumours with transcription factors: too few"):
        sclc_programmes.factor_tree(z[:2], linkage="ward", distance="euclidean", clusters=4)


def test_agreement_is_hubert_and_arabies_index_by_counting_pairs():
    z = four_kinds(40, spread=1.5)
    found = sclc_programmes.factor_tree(z, linkage="ward", distance="euclidean", clusters=4)
    rules = {"Highest TF": tf_subtype(z), "With Mixed": tf_subtype(z, mixed_within=0.5, negative_below=0.0)}
    crossed, agreement = sclc_programmes.cluster_agreement(found.cluster, rules)
    for rule, label in rules.items():
        ours, theirs = pairs_together(found.cluster), pairs_together(label)
        chance = len(ours) * len(theirs) / (40 * 39 / 2)
        index = (len(ours & theirs) - chance) / ((len(ours) + len(theirs)) / 2 - chance)
        row = agreement[agreement["rule"] == rule].iloc[0]
        assert row["adjusted_rand"] == pytest.approx(index) and row["n"] == 40
        mine = crossed[crossed["rule"] == rule]
        assert mine["n"].sum() == 40
        for cell in mine.itertuples():
            assert cell.n == ((found.cluster == cell.cluster) & (label == cell.group)).sum()
    factor = rules["Highest TF"]
    tumours = joint.Tumours(z, pd.Series(pd.Categorical(["SCLC"] * 40), z.index), "log2(TPM + 1)", 0)
    text = sclc_programmes.clusters_sentences(tumours, factor, found, agreement)
    first = factor[found.cluster == "1"].value_counts()
    assert f"1 (n = {first.sum()}), {first.index[0]} highest in {first.iloc[0]}/{first.sum()}" in text
    assert "Ward linkage, Euclidean distance" in text and "cut into 4 clusters" in text


# ---- shares of the factors ----


def dealt(counts: dict[str, dict[str, int]]) -> tuple[pd.Series, pd.Series]:
    """Factor and group of tumours, dealt as a table says."""
    pairs = [(group, kind) for group, row in counts.items() for kind, n in row.items() for _ in range(n)]
    index = [f"S{i}" for i in range(len(pairs))]
    factor = pd.Series(pd.Categorical([kind for _, kind in pairs], [*FACTORS, "Mixed", "Negative"]), index)
    return factor, pd.Series(pd.Categorical([group for group, _ in pairs], list(counts)), index)


COUNTS = {
    "NSCLC-like": {"ASCL1": 49, "NEUROD1": 30, "POU2F3": 20, "YAP1": 35},
    "SCLC-like": {"ASCL1": 20, "NEUROD1": 40, "YAP1": 24},
    "Unclassified": {"ASCL1": 1, "NEUROD1": 2, "YAP1": 9},
}


def test_shares_are_plain_counts_with_wilson():
    factor, group = dealt(COUNTS)
    shares = sclc_programmes.factor_shares(factor, group).set_index(["group", "what"])
    assert len(shares) == 12  # Mixed and Negative are nobody's
    for name, row in COUNTS.items():
        for kind in FACTORS:
            k, n = row.get(kind, 0), sum(row.values())
            mine = shares.loc[(name, kind)]
            assert (mine["k"], mine["n"], mine["share"]) == (k, n, k / n)
            interval = stats.binomtest(k, n).proportion_ci(method="wilson")
            assert (mine["lower"], mine["upper"]) == pytest.approx((interval.low, interval.high), abs=1e-9)


def test_shares_are_compared_by_chi_squared_or_fisher():
    factor, group = dealt(COUNTS)
    tests = sclc_programmes.share_tests(factor, group, ["ASCL1", "YAP1", "Mixed"]).set_index(["what", "group", "other"])
    # the source's 49/134 against 20/84
    assert tests.loc[("ASCL1", "NSCLC-like", "SCLC-like"), "p"] == pytest.approx(0.0487, abs=5e-5)
    used = set()
    for (kind, one, other), row in tests.iterrows():
        a, b = COUNTS[one].get(kind, 0), COUNTS[other].get(kind, 0)
        n, m = sum(COUNTS[one].values()), sum(COUNTS[other].values())
        if kind == "Mixed":
            assert np.isnan(row["p"]) and row["difference"] == 0
            continue
        grid = np.array([[a, n - a], [b, m - b]])
        least = np.outer(grid.sum(axis=1), grid.sum(axis=0)).min() / grid.sum()
        used.add(least < 5)
        right = stats.fisher_exact(grid)[1] if least < 5 else stats.chi2_contingency(grid, correction=False)[1]
        assert row["p"] == pytest.approx(right, rel=1e-9)
        assert row["difference"] == pytest.approx(a / n - b / m)
    assert used == {True, False}
    text = sclc_programmes.factor_shares_sentence(sclc_programmes.factor_shares(factor, group), tests.reset_index())
    assert "ASCL1: NSCLC-like 49/134 (37%), SCLC-like 20/84 (24%)" in text and "p = 0.049" in text


def test_findings_on_shares_are_differences_with_newcombes_limits():
    factor, group = dealt(COUNTS)
    answers = sclc_programmes.share_findings(factor, group)
    assert answers["n.lcnec"][0].value == 134 + 84 + 12
    share = answers["yap1.unclassified"][0]
    assert (share.value, share.n, share.events) == (75, 12, 9)
    assert answers["yap1.unclassified.discussion"] == [share]
    expected = newcombe(49, 134, 20, 84)
    found = answers["ascl1.nsclc_like_vs_sclc_like"][0]
    assert numbers(found) == pytest.approx(expected)
    back = answers["ascl1.sclc_like_vs_nsclc_like"][0]
    assert numbers(back) == pytest.approx([-expected[0], -expected[2], -expected[1]]) and back.n == 218
    # and the claim that says the contrary is contradicted by them
    claim = claims.published()["lcnec.fig4b.ascl1.sclc_like_vs_nsclc_like"]
    assert claim.direction == "greater" and verdicts.verdict(claim, [back])[0] == "contradicted"


def test_a_factor_that_is_nobodys_is_said_to_be_nobodys():
    factor, group = dealt({"NSCLC-like": {"ASCL1": 3, "NEUROD1": 4}, "SCLC-like": {"ASCL1": 5, "NEUROD1": 1}})
    text = sclc_programmes.factor_shares_sentence(
        sclc_programmes.factor_shares(factor, group), sclc_programmes.share_tests(factor, group, ["ASCL1", "YAP1"])
    )
    assert "YAP1:  (" not in text, text


# ---- heatmap and DLL3 ----


def test_a_heatmap_holds_the_factors_dll3_and_scores_of_two_genes_or_more():
    log2 = pd.DataFrame(levels(12, 8, seed=6).astype(float), columns=[*FACTORS, "CD8A", "CD8B", "INSM1", "CCL5"])
    log2["NEUROD1"] = 2.0
    table = sclc_programmes.heatmap_rows(log2)
    # of the inflamed genes CCL5 and CD8A are there; ASCL1, INSM1 and YAP1 of the neuroendocrine
    assert list(table) == [*FACTORS, "Neuroendocrine score", "Inflamed score", "CD8 score"]
    assert (table["NEUROD1"] == 0).all()
    z = (log2 - log2.mean()) / log2.std(ddof=0)
    own = (z["CD8A"] + z["CD8B"]) / 2
    np.testing.assert_allclose(table["CD8 score"], (own - own.mean()) / own.std(ddof=0), rtol=1e-9)
    own = (z["ASCL1"] + z["INSM1"]) / 2 - z["YAP1"]
    np.testing.assert_allclose(table["Neuroendocrine score"], own / own.std(ddof=0), rtol=1e-9, atol=1e-12)
    assert list(sclc_programmes.heatmap_rows(log2[["ASCL1", "CD8A"]])) == ["ASCL1"]


def test_dll3_by_group_is_a_median_on_the_linear_scale(made):
    kinds = [*["SCLC-like"] * 9, *["NSCLC-like"] * 8, *["Unclassified"] * 7]
    tpm = np.random.default_rng(3).lognormal(3, 1, (24, 5)).astype("f4")
    lcnec = made("lcnec", kinds, tpm, [*FACTORS, "DLL3"], scale="TPM")
    tumours = joint.combine_expression(lcnec, None, genes=[*FACTORS, "DLL3"])
    answers = sclc_programmes.expression_findings(tumours, "DLL3", "TPM")
    assert answers["median.sclc_like"][0].value == pytest.approx(np.median(tpm[:9, 4]), rel=1e-4)
    assert answers["n.unclassified"][0].value == 7
    ratio = stats.gmean(tpm[:9, 4] + 1.0) / stats.gmean(tpm[17:, 4] + 1.0)
    assert answers["sclc_like_vs_unclassified"][0].value == pytest.approx(ratio, rel=1e-4)
    assert sclc_programmes.dll3_findings(tumours)["dll3.sclc_like.discussion"] == answers["sclc_like_vs_unclassified"]
    assert sclc_programmes.expression_findings(tumours, "DLL3", "FPKM")["median.sclc_like"][0].value is None
    tests = ranks.pairwise_rank_sums(tumours.log2["DLL3"], tumours.group)
    row = tests[(tests["group"] == "NSCLC-like") & (tests["other"] == "SCLC-like")].iloc[0]
    assert row["p"] == pytest.approx(stats.mannwhitneyu(tpm[9:17, 4], tpm[:9, 4], method="exact").pvalue)
    assert row["median"] == pytest.approx(np.median(np.log2(tpm[9:17, 4] + 1)), rel=1e-5)


# ---- SCLC-like LCNEC against SCLC ----


def diseases(made, **more):
    """Fourteen LCNEC, four of them SCLC-like, and nine SCLC of whom two are STK11 mutant; more: values by sample."""
    lcnec = made("lcnec", KINDS, levels(14, 7), GENES, **{name: one[:14] for name, one in more.items()})
    sclc = made("sclc", ["SCLC-like"] * 7 + ["NSCLC-like"] * 2, levels(9, 7, seed=2), GENES, prefix="T",
                **{name: one[14:] for name, one in more.items()})  # fmt: skip
    return lcnec, sclc


NAMES = "SCLC-like LCNEC", "SCLC"
CUTS = {"tmb_high_per_mb": 10.0, "pdl1_positive_percent": 1.0}


def test_patients_of_one_subtype_stand_against_all_of_the_other_cohort(made):
    lcnec, sclc = diseases(made)
    groups = sclc_programmes.patients_in_both(lcnec, "SCLC-like", sclc, *NAMES)
    assert groups.value_counts().to_dict() == {"SCLC": 9, "SCLC-like LCNEC": 4}
    assert list(groups.index[:4]) == ["PS0", "PS1", "PS2", "PS3"]
    with pytest.raises(MissingData, match="share samples or patients"):
        sclc_programmes.patients_in_both(lcnec, "SCLC-like", lcnec, *NAMES)
    with pytest.raises(MissingData, match="sclc has no Unclassified tumour to compare"):
        sclc_programmes.patients_in_both(sclc, "Unclassified", lcnec, *NAMES)


def test_drivers_and_biomarkers_are_compared_where_both_diseases_were_tested(made):
    rng = np.random.default_rng(8)
    burden, score = rng.lognormal(2, 0.5, 23).round(2), np.r_[rng.choice([0.0, 60.0], 14), np.full(9, NAN)]
    lcnec, sclc = diseases(made, TMB_NONSYNONYMOUS=burden, PDL1_SCORE=score)
    groups = sclc_programmes.patients_in_both(lcnec, "SCLC-like", sclc, *NAMES)
    hit = sclc_programmes.altered_in_both(lcnec, sclc, groups, sclc_programmes.NSCLC_DRIVERS)
    flags = hit.join(sclc_programmes.biomarkers_in_both(lcnec, sclc, groups, **CUTS))
    table = sclc_programmes.compare_flags(flags, groups, rank_sum=True)
    assert table.loc["STK11", ["k_1", "n_1", "k_2", "n_2"]].tolist() == [0, 4, 2, 9]
    assert table.at["STK11", "p"] == pytest.approx(stats.fisher_exact([[0, 4], [2, 7]])[1])
    grid = np.array([[0, 4], [2, 7]])
    assert table.at["STK11", "p_chi_squared"] == pytest.approx(stats.chi2_contingency(grid, correction=False)[1])
    one, other = [0] * 4, [1] * 2 + [0] * 7
    rank = stats.mannwhitneyu(one, other, method="asymptotic").pvalue
    assert table.at["STK11", "p_rank_sum"] == pytest.approx(rank)
    high = burden >= 10
    assert table.loc["TMB high", ["k_1", "k_2"]].tolist() == [high[:4].sum(), high[14:].sum()]
    # PD-L1 was not tested in SCLC, and repair in neither: no share, no zero, no test
    positive = table.loc["PD-L1 positive"]
    assert positive["k_1"] == (score[:4] >= 1).sum() and pd.isna(positive["k_2"]) and pd.isna(positive["share_2"])
    assert (
        pd.isna(table.at["MMR deficient", "k_1"]) and table.loc[["PD-L1 positive", "MMR deficient"], "p"].isna().all()
    )
    text = sclc_programmes.tests_sentence(table)
    assert "PD-L1 positive (not tested in SCLC)" in text and "MMR deficient (nobody tested)" in text


def test_the_difference_in_burden_is_welchs_and_its_p_wilcoxons(made):
    burden = np.random.default_rng(8).lognormal(2, 0.5, 23).round(2)
    lcnec, sclc = diseases(made, TMB_NONSYNONYMOUS=burden)
    groups = sclc_programmes.patients_in_both(lcnec, "SCLC-like", sclc, *NAMES)
    hit = sclc_programmes.altered_in_both(lcnec, sclc, groups, ["STK11", "KEAP1"])
    per_mb = sclc_programmes.burden_in_both(lcnec, sclc, groups)
    answers = sclc_programmes.disease_findings(hit, per_mb, groups, NAMES[0])
    one, other = burden[:4], burden[14:]
    se = np.sqrt(one.var(ddof=1) / 4 + other.var(ddof=1) / 9)
    middle = one.mean() - other.mean()
    assert numbers(answers["tmb"][0]) == pytest.approx([middle, middle - Z95 * se, middle + Z95 * se])
    assert answers["tmb"][0].p == pytest.approx(stats.mannwhitneyu(one, other, method="exact").pvalue)
    assert numbers(answers["stk11"][0]) == pytest.approx(newcombe(0, 4, 2, 9))
    assert [answers[name][0].value for name in ("n.sclc_like", "n.sclc")] == [4, 9]


def test_without_a_burden_the_claim_on_it_is_open_and_the_shares_stand(made):
    lcnec, sclc = diseases(made)
    groups = sclc_programmes.patients_in_both(lcnec, "SCLC-like", sclc, *NAMES)
    hit = sclc_programmes.altered_in_both(lcnec, sclc, groups, ["STK11", "KEAP1"])
    per_mb = sclc_programmes.burden_in_both(lcnec, sclc, groups)
    assert per_mb.isna().all() and len(per_mb) == 13
    answers = sclc_programmes.disease_findings(hit, per_mb, groups, NAMES[0])
    assert answers["tmb"][0].value is None and answers["stk11"][0].value is not None


# ---- YAP1 ----

MARKERS = ["YAP1", "ASCL1", "DLL3", "VIM", "CD8A", "CD8B", "NOTCH1", "NOTCH2", "INSM1"]


def by_yap1(made, name: str = "lcnec", **more):
    """Forty tumours in which VIM goes with YAP1 and ASCL1 against it."""
    values = levels(40, len(MARKERS), seed=11).astype(float)
    values[:, 3] += 2 * values[:, 0]
    values[:, 1] = 20 - 2 * values[:, 0] + values[:, 1]
    kinds = ["SCLC-like"] * 10 + ["NSCLC-like"] * 20 + ["Unclassified"] * 10
    return made(name, kinds, values, MARKERS, **more), pd.DataFrame(values, columns=MARKERS)


def test_tumours_high_and_low_in_yap1_differ_by_plain_arithmetic(made):
    lcnec, values = by_yap1(made)
    tumours = sclc_programmes.yap1_tumours(lcnec, histologies=["LCNEC"], cut=0.5, genes=MARKERS)
    high = (values["YAP1"] > values["YAP1"].median()).to_numpy()
    assert ((tumours.groups == "high").to_numpy() == high).all() and high.sum() == 20
    # the neuroendocrine score is of ASCL1 and INSM1: YAP1, one of its genes, made the groups
    assert tumours.genes["Neuroendocrine score"] == "2 of 50"
    assert list(tumours.z) == ["Neuroendocrine score", "NOTCH receptor score", "CD8 score", "ASCL1", "DLL3", "VIM"]
    assert {"Cytolytic score", "AXL", "CDH1"} <= set(tumours.lacking)
    table = sclc_programmes.yap1_differences(tumours, min_group=5).set_index("what")
    z = (values - values.mean()) / values.std(ddof=0)
    score = (z["ASCL1"] + z["INSM1"]) / 2
    for what, one in (("VIM", z["VIM"]), ("Neuroendocrine score", score / score.std(ddof=0))):
        middle = one[high].mean() - one[~high].mean()
        se = np.sqrt(one[high].var(ddof=1) / 20 + one[~high].var(ddof=1) / 20)
        mine = table.loc[what]
        assert mine[["difference", "lower", "upper"]].tolist() == pytest.approx(
            [middle, middle - Z95 * se, middle + Z95 * se], rel=1e-4
        )
        assert mine["p"] == pytest.approx(stats.mannwhitneyu(one[high], one[~high], method="exact").pvalue)
    adjusted = stats.false_discovery_control(table["p"])
    assert table["p_adjusted"].tolist() == pytest.approx(adjusted.tolist())
    alterations = sclc_programmes.yap1_alterations(lcnec, tumours.groups)
    assert alterations["TP53 with RB1"].tolist() == [True] * 10 + [False] * 30
    tests = sclc_programmes.compare_flags(alterations, tumours.groups)
    shown = sclc_programmes.share_differences(tests).set_index("what")
    a, b = high[:10].sum(), (~high[:10]).sum()
    assert shown.loc["TP53 with RB1", ["difference", "lower", "upper"]].tolist() == pytest.approx(
        [100 * x for x in newcombe(a, 20, b, 20)]
    )
    # of the small panels here neither is on: nobody was tested, and no difference is given
    assert shown.loc[["SMARCA4", "CDKN2A"], "difference"].isna().all()
    text = sclc_programmes.yap1_sentence(tumours, table.reset_index(), tests)
    assert text.startswith("YAP1 high n = 20, low n = 20; high is above the median") and "VIM" in text
    assert "SMARCA4 and CDKN2A (nobody tested)" in text


def test_yap1_is_cut_within_the_histologies_kept_and_where_it_is_told(made):
    kept = ["LCNEC"] * 25 + ["Typical"] * 15
    lcnec, values = by_yap1(made, HISTOLOGY=kept)
    tumours = sclc_programmes.yap1_tumours(lcnec, histologies=["LCNEC"], cut=0.8, genes=MARKERS)
    above = values["YAP1"][:25] > np.quantile(values["YAP1"][:25], 0.8)
    assert len(tumours.groups) == 25 and ((tumours.groups == "high").to_numpy() == above).all()
    assert tumours.cut == "above the 80th percentile" and "(LCNEC alone)" in tumours.sizes
    with pytest.raises(MissingData, match="no expression of a tumour that is SCLC"):
        sclc_programmes.yap1_tumours(lcnec, histologies=["SCLC"], cut=0.5, genes=MARKERS)


def test_a_cohort_without_yap1_or_where_all_are_alike_is_a_stated_skip(made):
    other, _ = made("other", ["Unclassified"] * 6, levels(6, 2), ["ASCL1", "VIM"]), None
    with pytest.raises(MissingData, match="no expression of YAP1"):
        sclc_programmes.yap1_tumours(other, histologies=[], cut=0.5, genes=MARKERS)
    flat = made("flat", ["Unclassified"] * 6, np.ones((6, 2)), ["YAP1", "VIM"])
    with pytest.raises(MissingData, match="no expression of YAP1 that differs"):
        sclc_programmes.yap1_tumours(flat, histologies=[], cut=0.5, genes=MARKERS)


# ---- the types of George et al. ----


def test_without_clusters_of_its_own_a_cohort_is_typed_by_genotype(made):
    genes = {
        "one": ["TP53", "STK11"], "one too": ["TP53", "KEAP1"], "two": ["TP53", "RB1"], "neither": ["STK11"],
        "all": ["TP53", "STK11", "RB1"], "none": [],
    }  # fmt: skip
    lcnec = made("lcnec", ["Unclassified"] * 6, levels(6, 5), [*FACTORS, "DLL3"])
    calls = [(f"S{i}", gene) for i, held in enumerate(genes.values()) for gene in held]
    lcnec.mutations = pd.DataFrame(calls, columns=["Tumor_Sample_Barcode", "Hugo_Symbol"])
    types = sclc_programmes.george_types(lcnec, ["LCNEC"])  # no column of histology: all are kept
    assert types.astype(object).where(types.notna(), None).tolist() == [
        "type I", "type I", "type II", None, "type II", None,
    ]  # fmt: skip
    # of whom RB1 was not sequenced nothing is said
    small = lcnec.panel_of.mask(lcnec.panel_of.index.isin(["S0", "S2"]), "small")
    lcnec = dataclasses.replace(lcnec, panel_of=small)
    types = sclc_programmes.george_types(lcnec, ["LCNEC"])
    assert types.isna().tolist() == [True, False, True, True, False, True]
    lcnec.mutations = lcnec.mutations[:4]
    with pytest.raises(MissingData, match="lcnec has no tumours of both types"):
        sclc_programmes.george_types(lcnec, [])


@pytest.fixture(scope="module")
def real(public_cohort):
    """The public cohort of real tumours, and its samples and expression as plain files hold them."""
    from lcnec_utils.cohort.read import read_study

    folder = public_cohort("gabriel2020")
    samples = pd.read_csv(folder / "data_clinical_sample.txt", sep="\t", comment="#").set_index("SAMPLE_ID")
    data = anndata.read_h5ad(folder / "expression.h5ad")
    return read_study(folder), samples, pd.DataFrame(data.X, data.obs_names, data.var_names).astype(float)


def test_types_are_the_cohorts_own_clusters_of_the_histologies_kept(real):
    cohort, samples, log2 = real
    pure, wider = sclc_programmes.george_types(cohort, ["LCNEC"]), sclc_programmes.george_types(cohort, [])
    for types, kept in ((pure, samples["HISTOLOGY"] == "LCNEC"), (wider, samples["HISTOLOGY"].notna())):
        for name, cluster in (("type I", "LCNEC/TypeI"), ("type II", "LCNEC/TypeII")):
            mine = samples.index[(samples["EXPRESSION_CLUSTER"] == cluster) & kept]
            assert set(types.index[types == name]) == set(mine) and len(mine)
    assert (samples["HISTOLOGY"] == "LCNEC").sum() == 56
    assert samples["HISTOLOGY"].str.contains("LCNEC").sum() == 69
    assert [(pure == name).sum() for name in ("type I", "type II")] == [30, 17]
    assert [(wider == name).sum() for name in ("type I", "type II")] == [30, 25]


def test_medians_and_p_of_the_types_are_those_of_the_plain_file(real):
    cohort, samples, log2 = real
    types = {"kept": sclc_programmes.george_types(cohort, ["LCNEC"]), "all": sclc_programmes.george_types(cohort, [])}
    values = sclc_programmes.george_values(cohort)
    table = sclc_programmes.george_table(values, types).set_index(["set", "value"])
    for name, kept in (("kept", samples["HISTOLOGY"] == "LCNEC"), ("all", samples["HISTOLOGY"].notna())):
        one, two = (
            log2.loc[samples.index[(samples["EXPRESSION_CLUSTER"] == f"LCNEC/Type{number}") & kept]]
            for number in ("I", "II")
        )
        for gene in ("ASCL1", "DLL3"):
            row = table.loc[(name, gene.lower())]
            assert (row["n_1"], row["n_2"]) == (len(one), len(two))
            assert (row["median_1"], row["median_2"]) == pytest.approx((one[gene].median(), two[gene].median()))
            tied = pd.concat([one[gene], two[gene]]).duplicated().any()
            method = "asymptotic" if tied or max(len(one), len(two)) > 49 else "exact"
            right = stats.mannwhitneyu(one[gene], two[gene], method=method).pvalue
            assert row["p"] == pytest.approx(right, rel=1e-4)  # ours comes of single precision
    found = sclc_programmes.george_findings(values, types["kept"])
    one, two = (log2.loc[types["kept"].index[types["kept"] == name]] for name in ("type I", "type II"))
    # variance-stabilised counts are on a log2 scale: a difference of means is a fold change
    assert found["ascl1"][0].value == pytest.approx(2 ** (one["ASCL1"].mean() - two["ASCL1"].mean()), rel=1e-4)
    own = [gene for gene in signatures()["notch"]["up"] if gene in log2]
    assert values.attrs["genes"]["notch"] == (len(own), 4)
    z = ((log2[own] - log2[own].mean()) / log2[own].std(ddof=0)).mean(axis=1)
    difference = z[one.index].mean() - z[two.index].mean()
    assert found["notch"][0].value == pytest.approx(difference, rel=1e-4) and found["notch"][0].scale == "difference"
    text = sclc_programmes.george_sentence(cohort, table.reset_index())
    assert "clusters of expression, not genotypes" in text and "(30 type I, 17 type II)" in text


# ---- the whole notebook, in this process ----


def run_through(notebook: str, **parameters) -> tuple[dict, page.Page]:
    """A notebook's cells run one after the other with parameters set; its record and page."""
    import matplotlib

    matplotlib.use("agg")
    held: dict = {}
    for cell in json.loads(records.notebook_path(notebook).read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), held)
            if "parameters" in cell["metadata"].get("tags", []):
                held |= parameters
    return records.read_record(held["run"], notebook), held["page"]


NO_COHORT = dict.fromkeys(["cohort", "cohort_2", "sclc", "validation"], "")


def test_real_types_answer_their_claims_and_no_claim_that_needs_a_genotype(real, tmp_path, monkeypatch):
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path))
    roles = NO_COHORT | {"cohort": "gabriel2020", "validation": "gabriel2020"}
    record, _ = run_through("07_sclc_programmes", run="real", **roles)
    # DLL3 and YAP1 need no genotype, and no claim is put to them
    assert set(record["drawn"]) == {"fig4e", "george_types", "yap1_high"}
    tails = ["ascl1", "dll3", "neuroendocrine", "notch", "immune"]
    assert set(record["findings"]) == {f"lcnec.george_types.{tail}" for tail in tails}
    for id, answer in record["findings"].items():
        assert answer["origin"] == "circular", id  # the types are clusters of the same expression
        assert answer["verdict"] in verdicts.ANSWERS
    assert all("\n" not in reason for reason in record["skipped"].values())
    assert {"fig4a", "fig4b", "fig4c", "fig4d", "figS9"} == set(record["skipped"])


def own_folder(folder, genes: list[str], seed: int = 2, **more):
    """A user's study folder of 30 tumours with genotype and expression of few genes."""
    rng = np.random.default_rng(seed)
    ids = [f"T{i}" for i in range(30)]
    kinds = [list(GENOTYPES)[i % 3] for i in range(30)]
    calls = [(one, gene, "Nonsense_Mutation") for one, kind in zip(ids, kinds, strict=True) for gene in GENOTYPES[kind]]
    calls += [(f"T{i}", "TP53", "Missense_Mutation") for i in range(1, 30, 6)]
    table = anndata.AnnData(
        rng.lognormal(2, 1.5, (30, len(genes))).astype("f4"),
        obs=pd.DataFrame(index=ids), var=pd.DataFrame(index=genes), uns={"scale": "TPM"},
    )  # fmt: skip
    return write_study(
        folder,
        patients=pd.DataFrame({"PATIENT_ID": [f"P{i}" for i in range(30)]}),
        samples=pd.DataFrame({"SAMPLE_ID": ids, "PATIENT_ID": [f"P{i}" for i in range(30)], **more}),
        mutations=pd.DataFrame(calls, columns=["Tumor_Sample_Barcode", "Hugo_Symbol", "Variant_Classification"]),
        study={"name": "Mine", "os_origin": "diagnosis"}, expression=table,
    )  # fmt: skip


TEN = [*FACTORS, "DLL3", "CD8A", "CD8B", "FGL1", "NOTCH1", "NOTCH2"]


def test_a_users_cohort_of_ten_genes_draws_or_skips_with_reasons(tmp_path, monkeypatch):
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    folder = str(own_folder(tmp_path / "own", TEN))
    record, held = run_through("07_sclc_programmes", run="mine", **NO_COHORT | {"cohort": folder, "validation": folder})
    assert set(record["drawn"]) == {"fig4a", "fig4b", "fig4e", "george_types", "yap1_high"}
    assert set(record["skipped"]) == {"fig4c", "fig4d", "figS9"}
    assert all("sclc" in record["skipped"][id] for id in ("fig4c", "fig4d"))
    # without the signature that is why, with it ten genes are too few for it
    assert "til10/" in record["skipped"]["figS9"] or "quanTIseq needs half of its" in record["skipped"]["figS9"]
    drawn = pd.read_csv(paths.figures("mine") / "fig4b.csv", comment="#")
    assert drawn.groupby("group")["k"].sum().tolist() == [10, 10, 10]
    # a number of the source's own patients is not asked of these
    known = claims.published()
    assert record["findings"] and all(known[id].scope != "own" for id in record["findings"])
    assert not held.simulated


@pytest.mark.parametrize(
    ("genes", "drawn"),
    [
        ([*FACTORS, "FGL1"], {"fig4a", "fig4b", "george_types", "yap1_high"}),  # no DLL3, no CD8
        (["DLL3", "CD8A", "CD8B"], {"fig4e", "george_types"}),  # no factor
        (["FGL1", "SPINK1"], set()),
    ],
)
def test_panels_whose_genes_were_not_measured_are_skipped_with_a_reason(tmp_path, monkeypatch, genes, drawn):
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    folder = str(own_folder(tmp_path / "own", genes))
    record, _ = run_through("07_sclc_programmes", run="mine", **NO_COHORT | {"cohort": folder, "validation": folder})
    assert set(record["drawn"]) == drawn
    assert all(reason and "\n" not in reason for reason in record["skipped"].values())


def test_ranks_of_a_type_nobody_of_whom_was_measured_are_no_traceback(tmp_path, monkeypatch):
    """Of type II there are tumours, none with expression."""
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    cluster = ["LCNEC/TypeI"] * 20 + ["LCNEC/TypeII"] * 10
    folder = own_folder(tmp_path / "own", TEN, EXPRESSION_CLUSTER=cluster)
    data = anndata.read_h5ad(folder / "expression.h5ad")[:20].copy()
    data.write_h5ad(folder / "expression.h5ad")
    record, _ = run_through("07_sclc_programmes", run="mine", **NO_COHORT | {"validation": str(folder)})
    answers = [answer["verdict"] for answer in record["findings"].values()]
    assert "george_types" in record["skipped"] or (answers and set(answers) == {verdicts.NOT_COMPUTABLE})
