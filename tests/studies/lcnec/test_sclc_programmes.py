"""LCNEC beside SCLC, against plain arithmetic, scipy's own tests and counts from the public file."""

import dataclasses
import functools
import json

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lcnec_utils.cohort.write import write_study
from lcnec_utils.core import paths
from lcnec_utils.core.errors import MissingData
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


def test_tumours_stand_by_factor_and_nobody_is_lost():
    log2 = pd.DataFrame(levels(40, 4, seed=5), columns=FACTORS, index=[f"S{i}" for i in range(40)])
    factor = tf_subtype(log2)
    order = sclc_programmes.clustered_order(z_scores(log2), factor)
    assert sorted(order) == sorted(log2.index)
    assert factor[order].cat.codes.is_monotonic_increasing


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


def test_findings_on_shares_are_differences_with_walds_limits():
    factor, group = dealt(COUNTS)
    answers = sclc_programmes.share_findings(factor, group)
    assert answers["n.lcnec"][0].value == 134 + 84 + 12
    share = answers["yap1.unclassified"][0]
    assert (share.value, share.n, share.events) == (75, 12, 9)
    assert answers["yap1.unclassified.discussion"] == [share]
    p, q = 49 / 134, 20 / 84
    se = np.sqrt(p * (1 - p) / 134 + q * (1 - q) / 84)
    found = answers["ascl1.nsclc_like_vs_sclc_like"][0]
    assert numbers(found) == pytest.approx([p - q, p - q - Z95 * se, p - q + Z95 * se])
    back = answers["ascl1.sclc_like_vs_nsclc_like"][0]
    assert numbers(back) == pytest.approx([q - p, q - p - Z95 * se, q - p + Z95 * se]) and back.n == 218
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
    assert set(record["drawn"]) == {"fig4e", "george_types"}  # DLL3 needs no genotype, and no claim is put to it
    tails = ["ascl1", "dll3", "neuroendocrine", "notch", "immune"]
    assert set(record["findings"]) == {f"lcnec.george_types.{tail}" for tail in tails}
    for id, answer in record["findings"].items():
        assert answer["origin"] == "real", id
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
    assert set(record["drawn"]) == {"fig4a", "fig4b", "fig4e", "george_types"}
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
        ([*FACTORS, "FGL1"], {"fig4a", "fig4b", "george_types"}),  # no DLL3, no CD8
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
