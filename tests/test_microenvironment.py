"""The microenvironment: fractions and scores against plain loops, tests against scipy and statsmodels, odd cohorts."""

import itertools
import math
import types

import anndata
import matplotlib
import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from statsmodels.stats.multitest import multipletests

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402
from test_plots import assert_readable  # noqa: E402

from lcnec_utils import claims, deconvolution, microenvironment, page  # noqa: E402
from lcnec_utils.cohort.model import Cohort  # noqa: E402
from lcnec_utils.cohort.read import read_study  # noqa: E402
from lcnec_utils.deconvolution import Til10  # noqa: E402
from lcnec_utils.errors import MissingData, NotBuilt, UserError  # noqa: E402
from lcnec_utils.plots import agreement as agreement_plot  # noqa: E402
from lcnec_utils.plots import grouped_boxes as boxes_plot  # noqa: E402
from lcnec_utils.plots import palette  # noqa: E402
from lcnec_utils.public.fetch import fetch  # noqa: E402

NAN = float("nan")
SAMPLES = [f"S{i}" for i in range(1, 9)]
POPULATIONS = ["B.cells", "Macrophages.M1", "Macrophages.M2", "Monocytes", "Neutrophils", "NK.cells", "T.cells.CD4",
               "T.cells.CD8", "Tregs", "Dendritic.cells"]  # fmt: skip
LABELS = ["B cells", "M1 macrophages", "M2 macrophages", "Monocytes", "Neutrophils", "NK cells", "CD4+ T cells",
          "CD8+ T cells", "Regulatory T cells", "Dendritic cells", "Other cells"]  # fmt: skip
# by hand from the mutations of own_study: TP53 with RB1; one of STK11, KRAS and KEAP1 without RB1; neither
GENOTYPE = {"S1": "SCLC-like", "S2": "NSCLC-like", "S3": "Unclassified", "S4": "SCLC-like", "S5": "NSCLC-like",
            "S6": "NSCLC-like", "S7": "SCLC-like", "S8": "Unclassified"}  # fmt: skip

# The signatures as published, typed in apart from signatures.yaml
GEP = {"CCL5": 0.008346, "CD27": 0.072293, "CD274": 0.042853, "CD276": -0.0239, "CD8A": 0.031021, "CMKLR1": 0.151253,
       "CXCL9": 0.074135, "CXCR6": 0.004313, "HLA-DQA1": 0.020091, "HLA-DRB1": 0.058806, "HLA-E": 0.07175,
       "IDO1": 0.060679, "LAG3": 0.123895, "NKG7": 0.075524, "PDCD1LG2": 0.003734, "PSMB10": 0.032999,
       "STAT1": 0.250229, "TIGIT": 0.084767}  # fmt: skip
HOUSEKEEPING = ["STK11IP", "ZBTB34", "TBC1D10B", "OAZ1", "POLR2A", "G6PD", "ABCF1", "NRDE2", "UBB", "TBP", "SDHA"]
CYTOLYTIC = ["GZMA", "PRF1"]
INTERFERON = ["IFNG", "STAT1", "CXCL9", "CXCL10", "IDO1", "HLA-DRA"]
LYMPHOID = ["CD79B", "CD1D", "CCR6", "LAT", "SKAP1", "CETP", "EIF1AY", "RBP5", "PTGDS"]
INFLAMED, CYT, IFN, TLS = ("T-cell-inflamed (18 genes)", "Cytolytic activity (2 genes)", "Interferon gamma (6 genes)",
                           "Tertiary lymphoid structures (9 genes)")  # fmt: skip
MEASURED = list(dict.fromkeys([*GEP, *HOUSEKEEPING, *CYTOLYTIC, *INTERFERON, *LYMPHOID]))


@pytest.fixture(autouse=True)
def closed():
    palette.apply()
    yield
    plt.close("all")


@pytest.fixture
def measured(own_study):
    """A function to own_study with expression (samples × genes) on a scale."""

    def written(values: pd.DataFrame, scale: str = "TPM") -> Cohort:
        anndata.AnnData(
            values.to_numpy("f4"), obs=pd.DataFrame(index=values.index), var=pd.DataFrame(index=values.columns),
            uns={"scale": scale},
        ).write_h5ad(own_study / "expression.h5ad")  # fmt: skip
        return read_study(own_study)

    return written


def made_up(seed: int = 1, genes: int = 60) -> Til10:
    """A signature of our own, whose genes no rule of symbols touches."""
    rng = np.random.default_rng(seed)
    names = [f"SIG{i}" for i in range(genes)]
    return Til10(
        signature=pd.DataFrame(rng.gamma(0.3, 300, (genes, 10)), names, POPULATIONS),
        scaling=pd.Series(rng.uniform(20, 140, 10), POPULATIONS),
        noisy=names[:3],
        aberrant=names[3:6],
        approved={*names, *(f"REST{i}" for i in range(300))},
        previous={},
    )


def mixed(til10: Til10, seed: int = 2) -> pd.DataFrame:
    """TPM of eight tumours (samples × genes) of which the immune cells give less than half of the RNA."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(10, 0.7), 8) * rng.uniform(0.1, 0.5, (8, 1))
    known = shares @ til10.signature.to_numpy().T
    rest = rng.gamma(0.4, 900, (8, 300))
    rest *= (1e6 - known.sum(axis=1, keepdims=True)) / rest.sum(axis=1, keepdims=True)
    return pd.DataFrame(np.hstack([known, rest]), SAMPLES, [*til10.signature.index, *(f"REST{i}" for i in range(300))])


def plain_fractions(tpm: pd.Series, til10: Til10) -> dict[str, float]:
    """One tumour by the published steps in loops, in percent: non-negative least squares, mRNA content, few Tregs."""
    used = [gene for gene in til10.signature.index if gene not in {*til10.noisy, *til10.aberrant}]
    norm = math.sqrt(max(np.linalg.eigvalsh(til10.signature.loc[used].T @ til10.signature.loc[used])))

    def cells(names: list[str]) -> dict[str, float]:
        of_mrna = optimize.nnls(til10.signature.loc[used, names].to_numpy() / norm, tpm[used].to_numpy() / norm)[0]
        total = sum(of_mrna)
        assert 0 < total < 1, "the oracle knows no bound on the sum"
        each = {name: value / til10.scaling[name] for name, value in zip(names, of_mrna, strict=True)}
        return {name: value / sum(each.values()) * total for name, value in each.items()}

    found = cells(POPULATIONS)
    other = 1 - sum(found.values())
    if found["Tregs"] < 0.02:
        alone = cells([name for name in POPULATIONS if name != "T.cells.CD4"])["Tregs"]
        tregs = (found["Tregs"] + alone) / 2
        found["T.cells.CD4"] = max(0.0, found["T.cells.CD4"] - (alone + tregs) / 2)
        found["Tregs"] = tregs
    found["Other"] = other
    total = sum(found.values())
    return {label: 100 * value / total for label, value in zip(LABELS, found.values(), strict=True)}


def one_line(error) -> str:
    assert "\n" not in str(error.value) and len(str(error.value)) > 20
    return str(error.value)


# ---- immune fractions ----


def test_fractions_are_those_of_plain_loops_whatever_the_scale(measured):
    """FPKM are TPM but for a factor of each tumour, which a sum to a million takes away."""
    til10 = made_up()
    tpm = mixed(til10)
    expected = pd.DataFrame({name: plain_fractions(tpm.loc[name], til10) for name in SAMPLES}).T
    assert (expected["Regulatory T cells"] < 2).any() and (expected["Regulatory T cells"] > 2).any()
    factor = np.random.default_rng(0).uniform(0.2, 0.9, (8, 1))
    for values, scale in (
        (tpm, "TPM"),
        (np.log2(tpm + 1), "log2(TPM+1)"),
        (tpm * factor, "FPKM"),
        (np.log2(tpm * factor + 1), "log2(FPKM+1)"),
    ):
        found = microenvironment.fractions(measured(values, scale), til10)
        assert list(found) == LABELS and list(found.index) == SAMPLES
        np.testing.assert_allclose(found, expected[LABELS], atol=2e-4, err_msg=scale)
        assert found.attrs["genes"] == (54, 54)
        np.testing.assert_allclose(found.sum(axis=1), 100)


@pytest.mark.parametrize("scale", ["counts", "variance-stabilised counts"])
def test_what_is_not_of_tpm_is_a_stated_skip(measured, scale):
    """Gene lengths are missing from counts, and a variance-stabilised value has no linear one."""
    til10 = made_up()
    values = mixed(til10)
    values = values.round() if scale == "counts" else np.log2(values + 1)
    with pytest.raises(MissingData, match="needs TPM") as error:
        microenvironment.fractions(measured(values, scale), til10)
    assert "own_study" in one_line(error)


def test_without_expression_there_is_a_stated_skip(own_study):
    cohort = read_study(own_study)
    for call in (lambda: microenvironment.fractions(cohort, made_up()), lambda: microenvironment.scores(cohort)):
        with pytest.raises(MissingData, match="own_study has no expression"):
            call()


def test_few_genes_on_a_stated_linear_scale_are_not_taken_for_logged(measured):
    """A targeted panel whose file says TPM and in which nothing reaches 50: low values are no logarithms, and a factor
    of all values changes no share."""
    til10 = made_up()
    tpm = mixed(til10)
    expected = pd.DataFrame({name: plain_fractions(tpm.loc[name], til10) for name in SAMPLES}).T
    found = microenvironment.fractions(measured(tpm / tpm.max(axis=None) * 40), til10)
    np.testing.assert_allclose(found, expected[LABELS], atol=1e-3)


def test_a_tumour_that_expresses_nothing_is_refused_with_its_file(measured):
    til10 = made_up()
    tpm = mixed(til10)
    tpm.loc["S4"] = 0.0
    with pytest.raises(UserError, match="S4") as error:
        microenvironment.fractions(measured(tpm), til10)
    assert "own_study" in one_line(error), "whose file it is must be said"


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_tumour_that_expresses_no_approved_gene_has_no_missing_fractions(measured):
    til10 = made_up()
    tpm = mixed(til10).assign(NOSUCHGENE=0.0)
    tpm.loc["S3"] = 0.0
    tpm.loc["S3", "NOSUCHGENE"] = 1e6
    try:
        found = microenvironment.fractions(measured(tpm), til10)
    except (UserError, MissingData) as error:
        assert "S3" in str(error) and "\n" not in str(error)
    else:
        assert found.notna().all(axis=None)


def test_too_few_genes_of_the_signature_are_a_stated_skip(measured):
    til10 = made_up()
    tpm = mixed(til10).drop(columns=[f"SIG{i}" for i in range(20, 60)])
    with pytest.raises(MissingData, match="half of its 54 genes, and 14 are there"):
        microenvironment.fractions(measured(tpm), til10)


def test_on_the_published_signature_a_tumour_of_cd8_t_cells_alone_is_one(measured, data_dir):
    til10 = deconvolution.read_til10({file: fetch("til10", file) for file in deconvolution.FILES})
    pure = til10.signature["T.cells.CD8"]
    tpm = pd.DataFrame([[*pure, 1e6 - pure.sum()]] * 8, SAMPLES, [*pure.index, "ACTB"])
    found = microenvironment.fractions(measured(tpm), til10)
    assert (found["CD8+ T cells"] > 99.9).all() and found.attrs["genes"] == (138, 138)


# ---- signatures ----


def expressed(seed: int = 4, genes: list[str] = MEASURED) -> pd.DataFrame:
    """TPM of eight tumours, a gene or two of each at zero."""
    rng = np.random.default_rng(seed)
    values = pd.DataFrame(2 ** rng.normal(3, 2, (8, len(genes))), SAMPLES, genes)
    return values.mask(rng.random(values.shape) < 0.05, 0.0)


def plain_scores(tpm: dict[str, float]) -> dict[str, float]:
    """One tumour's four scores in loops, of all genes."""
    reference = sum(math.log2(tpm[gene] + 1) for gene in HOUSEKEEPING) / 11
    return {
        INFLAMED: sum(weight * (math.log2(tpm[gene] + 1) - reference) for gene, weight in GEP.items()),
        CYT: math.log2(math.sqrt((tpm["GZMA"] + 0.01) * (tpm["PRF1"] + 0.01))),
        IFN: sum(math.log2(tpm[gene] + 1) for gene in INTERFERON) / 6,
        TLS: sum(math.log2(tpm[gene] + 1) for gene in LYMPHOID) / 9,
    }


def test_the_weights_and_genes_are_those_published():
    known = microenvironment.expression.signatures()
    assert known["gep18"]["weights"] == GEP and known["gep18"]["housekeeping"] == HOUSEKEEPING
    assert sorted(GEP) == sorted(known["inflamed"]["up"]), "two lists of the same eighteen genes"
    for name, genes in (("cytolytic", CYTOLYTIC), ("interferon_gamma", INTERFERON), ("tertiary_lymphoid", LYMPHOID)):
        assert known[name]["up"] == genes


@pytest.mark.parametrize("scale", ["TPM", "log2(TPM+1)"])
def test_scores_are_those_of_plain_loops(measured, scale):
    tpm = expressed()
    cohort = measured(tpm if scale == "TPM" else np.log2(tpm + 1), scale)
    found = microenvironment.scores(cohort)
    expected = pd.DataFrame({name: plain_scores(dict(tpm.loc[name])) for name in SAMPLES}).T
    assert list(found) == list(expected) and list(found.index) == SAMPLES
    # a logged file in single precision knows TPM of nothing to 1e-7 only
    np.testing.assert_allclose(found, expected, atol=2e-4)
    assert found.attrs["left_out"] == []


def test_a_housekeeping_gene_counts_under_its_former_symbol(measured):
    tpm = expressed()
    expected = microenvironment.scores(measured(tpm))
    found = microenvironment.scores(measured(tpm.rename(columns={"NRDE2": "C14orf102"})))
    pd.testing.assert_frame_equal(found, expected)


def test_fpkm_of_the_same_tumours_give_the_same_scores_or_none(measured):
    """The signatures add 1 or 0.01 to TPM, and subtract no reference but the T-cell-inflamed one: a factor between the
    tumours moves a score. FPKM of a whole transcriptome are brought to TPM by their sum; else there is no score."""
    rest = pd.DataFrame(400.0, SAMPLES, [f"REST{i}" for i in range(100)])
    tpm = pd.concat([expressed(), rest], axis=1)
    tpm = tpm.div(tpm.sum(axis=1), axis=0) * 1e6
    expected = microenvironment.scores(measured(tpm))
    factor = np.array([1, 0.1, 0.9, 0.5, 0.3, 0.7, 0.2, 0.05])
    try:
        found = microenvironment.scores(measured(tpm.mul(factor, axis=0), "FPKM"))
    except MissingData as error:
        assert "TPM" in str(error)
    else:
        np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("scale", ["counts", "variance-stabilised counts"])
def test_signatures_on_another_scale_are_a_stated_skip(measured, scale):
    values = expressed().round() if scale == "counts" else np.log2(expressed() + 1)
    with pytest.raises(MissingData, match="the signatures need TPM"):
        microenvironment.scores(measured(values, scale))


@pytest.mark.parametrize(
    ("absent", "left_out"),
    [
        (["PRF1"], [CYT]),
        (["IFNG"], []),
        (["IFNG", "CXCL10"], [IFN]),
        (["CD1D"], []),
        (["CD1D", "LAT"], [TLS]),
        (["CCL5", "CD27", "CD274", "TBP", "SDHA"], []),
        (["CCL5", "CD27", "CD274", "CD8A", "TBP", "SDHA"], [INFLAMED]),
    ],
)
def test_a_signature_of_which_a_fifth_is_missing_is_left_out_and_named(measured, absent, left_out):
    found = microenvironment.scores(measured(expressed().drop(columns=absent)))
    assert found.attrs["left_out"] == left_out
    assert list(found) == [name for name in (INFLAMED, CYT, IFN, TLS) if name not in left_out]


def test_a_score_of_fewer_genes_says_so(measured):
    """A row named "(6 genes)" that rests on five is no such score."""
    found = microenvironment.scores(measured(expressed().drop(columns="IFNG")))
    assert IFN not in found or found.attrs["genes"][IFN] == (5, 6)


def test_a_cohort_without_immune_genes_has_no_signatures(measured):
    values = expressed(genes=["GZMA", "STAT1", "NKX2-1", "DLL3"])
    with pytest.raises(MissingData, match="most genes of any immune signature"):
        microenvironment.scores(measured(values))
    with pytest.raises(MissingData, match="own_study"):
        microenvironment.scores(measured(expressed(genes=["NKX2-1", "DLL3"])))


# ---- subtypes ----


def test_subtypes_are_the_genotypes_of_the_tumours_with_expression(own_study):
    cohort = read_study(own_study)
    found = microenvironment.subtypes(cohort, pd.Index(SAMPLES[:5]))
    assert dict(found.astype(str)) == {name: GENOTYPE[name] for name in SAMPLES[:5]}
    assert list(found.cat.categories) == ["NSCLC-like", "SCLC-like", "Unclassified"]
    without = microenvironment.subtypes(cohort, pd.Index(["S1", "S2"]))
    assert list(without.cat.categories) == ["NSCLC-like", "SCLC-like"], "a group without anyone is none"


def test_tumours_not_profiled_for_a_gene_are_left_out_and_counted(own_study):
    (own_study / "data_gene_panel_small.txt").write_text("stable_id: small\ngene_list: TP53\tKRAS\tKEAP1\tSTK11\n")
    (own_study / "data_gene_panel_matrix.txt").write_text(
        "SAMPLE_ID\tmutations\n" + "".join(f"S{i}\t{'small' if i in (1, 5) else 'all'}\n" for i in range(1, 9))
    )
    values = pd.DataFrame({"x": range(8)}, SAMPLES)
    values.attrs["genes"] = (130, 138)
    group = microenvironment.subtypes(read_study(own_study), values.index)
    assert set(group.index) == set(SAMPLES) - {"S1", "S5"}
    said = microenvironment.genes_sentence(values, group)
    assert said.startswith("6 tumours; 2 ") and "left out" in said and "130 of the signature's 138 genes" in said


def test_one_subtype_alone_is_drawn_and_nobody_at_all_is_a_stated_skip(own_study):
    cohort = read_study(own_study)
    whole = microenvironment.subtypes(cohort, pd.Index(SAMPLES))
    alone = whole.index[whole == whole.cat.categories[0]]
    group = microenvironment.subtypes(cohort, alone)
    assert list(group.cat.categories) == [whole.cat.categories[0]] and list(group.index) == list(alone)
    values = pd.DataFrame({"x": range(len(alone))}, alone)
    tests = microenvironment.compared(values, group)
    assert tests.empty and "No scores could be compared." == microenvironment.compared_sentence(tests, 0.05, "scores")
    with pytest.raises(MissingData, match="none of the samples of own_study"):
        microenvironment.subtypes(cohort, pd.Index([], dtype=object))


def test_without_mutations_all_tumours_are_one_group(own_study):
    (own_study / "data_mutations.txt").unlink()
    group = microenvironment.subtypes(read_study(own_study), pd.Index(SAMPLES))
    assert set(group) == {"Genotype unknown"}


def test_a_second_tumour_of_a_patient_is_not_a_second_patient(own_study):
    """Wilcoxon's test takes its values to be independent, and reading the cohort says that the first sample listed
    stands for its patient."""
    file = own_study / "data_clinical_sample.txt"
    file.write_text(file.read_text() + "S1b\tA1\t3\nS2b\tA2\t3\n")
    calls = own_study / "data_mutations.txt"
    calls.write_text(
        calls.read_text() + "S1b\tTP53\tMissense_Mutation\nS1b\tRB1\tNonsense_Mutation\nS2b\tSTK11\tNonsense_Mutation\n"
    )
    cohort = read_study(own_study)
    assert any("the first listed stands for the patient" in note for note in cohort.notes)
    found = microenvironment.subtypes(cohort, pd.Index([*SAMPLES, "S1b", "S2b"]))
    patients = cohort.samples.loc[found.index, "PATIENT_ID"]
    assert not patients.duplicated().any()


# ---- groups compared ----


def grouped(seed: int = 5) -> tuple[pd.DataFrame, pd.Series]:
    """Three quantities of 24 tumours in three groups, of which one tumour has no group and one value is missing."""
    rng = np.random.default_rng(seed)
    names = [f"T{i}" for i in range(25)]
    group = pd.Series(["a"] * 10 + ["b"] * 8 + ["c"] * 6, names[:24])
    values = pd.DataFrame({"alike": rng.random(25), "apart": rng.random(25), "tied": rng.integers(0, 3, 25)}, names)
    values.loc[names[:10], "apart"] += 2
    values.loc["T3", "alike"] = NAN
    return values.astype(float), pd.Series(pd.Categorical(group, ["a", "b", "c"]), group.index)


def test_groups_are_compared_as_scipy_and_statsmodels_do_it():
    values, group = grouped()
    found = microenvironment.compared(values, group)
    rows = list(itertools.product(values, itertools.combinations("abc", 2)))
    assert [(row.what, (row.group, row.other)) for row in found.itertuples()] == rows
    expected = []
    for what, pair in rows:
        one, other = ([values.at[t, what] for t in group.index if group[t] == g] for g in pair)
        one, other = ([value for value in side if value == value] for side in (one, other))
        untied = len({*one, *other}) == len(one) + len(other)
        expected.append(stats.mannwhitneyu(one, other, method="exact" if untied else "asymptotic").pvalue)
        row = found[(found["what"] == what) & (found["group"] == pair[0]) & (found["other"] == pair[1])].iloc[0]
        assert (row["median"], row["other_median"]) == (np.median(one), np.median(other))
    np.testing.assert_allclose(found["p"], expected)
    np.testing.assert_allclose(found["p_adjusted"], multipletests(expected, method="fdr_bh")[1])


def test_a_quantity_that_does_not_vary_is_no_test():
    values, group = grouped()
    found = microenvironment.compared(values.assign(tied=0.0), group).set_index("what")
    assert found.loc["tied", ["p", "p_adjusted"]].isna().all(axis=None)
    tested = found.drop(index="tied")
    np.testing.assert_allclose(tested["p_adjusted"], multipletests(tested["p"], method="fdr_bh")[1])


def test_the_summary_counts_and_orders_as_numpy_does():
    values, group = grouped()
    found = microenvironment.summary(values, group).set_index(["group", "what"])
    assert len(found) == 9
    for (name, what), row in found.iterrows():
        mine = [
            values.at[t, what] for t in group.index if group[t] == name and values.at[t, what] == values.at[t, what]
        ]
        assert row["n"] == len(mine)
        np.testing.assert_allclose(row[["q1", "median", "q3"]].astype(float), np.percentile(mine, [25, 50, 75]))
    assert found.at[("a", "alike"), "n"] == 9 and found.at[("a", "apart"), "n"] == 10
    table = microenvironment.long(values, group)
    assert list(table) == ["group", "what", "value"] and len(table) == 3 * 24
    assert list(table["group"].cat.categories) == ["a", "b", "c"]


def test_the_sentence_counts_those_that_differ_with_their_medians():
    values, group = grouped()
    tests = microenvironment.compared(values, group)
    said = microenvironment.compared_sentence(tests, 0.05, "things", 2)
    apart = tests[tests["p_adjusted"] < 0.05]
    assert set(apart["what"]) == {"apart"} and len(apart) == 2
    assert said.startswith("2 of 9 comparisons of things differ at a false discovery rate of 5%: ")
    for row in apart.itertuples():
        assert f"apart {row.median:.2f} in a, {row.other_median:.2f} in {row.other}" in said
    none = microenvironment.compared_sentence(tests[tests["what"] == "alike"], 0.1, "things")
    assert none.startswith("0 of 3 comparisons") and "rate of 10%; the smallest p is of alike" in none
    # 5% of comparisons are under 5% by chance alone: the adjusted p decides
    chance = microenvironment.compared_sentence(tests.assign(p=0.01, p_adjusted=0.09), 0.05, "things")
    assert chance.startswith("0 of 9 comparisons") and "(adjusted p = 0.09" in chance
    many = pd.concat([tests.assign(what=f"q{i}", p=1e-6 * (i + 1), p_adjusted=1e-5) for i in range(3)])
    assert "; and 21 more." in microenvironment.compared_sentence(many, 0.05, "things")


def test_where_nothing_could_be_tested_the_sentence_says_so():
    values, group = grouped()
    tests = microenvironment.compared(values[["tied"]] * 0, group)
    said = microenvironment.compared_sentence(tests, 0.05, "things")
    assert "smallest p is of ." not in said and not said.startswith("0 of 0")


# ---- known fractions ----


def with_fractions(own_study, columns: dict[str, list]) -> Cohort:
    """own_study with further columns of its sample table."""
    file = own_study / "data_clinical_sample.txt"
    head, *rows = file.read_text().splitlines()
    cells = zip(*([str(cell) for cell in column] for column in columns.values()), strict=True)
    lines = [f"{head}\t" + "\t".join(columns), *(f"{row}\t" + "\t".join(c) for row, c in zip(rows, cells, strict=True))]
    file.write_text("\n".join(lines) + "\n")
    return read_study(own_study)


EIGHT = [0.1, 0.2, 0.05, 0, 1, 0.33, 0.4, 0.25]


def test_known_fractions_are_read_in_percent(own_study):
    cohort = with_fractions(own_study, {"FRACTION_T_CELLS_CD8": EIGHT, "FRACTION_OTHER": [*EIGHT[:7], "NA"]})
    found = microenvironment.known_fractions(cohort)
    assert set(found) == {"CD8+ T cells", "Other cells"} and list(found.index) == SAMPLES
    np.testing.assert_allclose(found["CD8+ T cells"], [10, 20, 5, 0, 100, 33, 40, 25])
    assert math.isnan(found.at["S8", "Other cells"])


@pytest.mark.parametrize("cell", ["many", "-0.1", "1.2", "25", "inf", "0,2", "12%"])
def test_what_is_no_fraction_is_refused_by_sample_and_column(own_study, cell):
    cohort = with_fractions(own_study, {"FRACTION_OTHER": EIGHT, "FRACTION_B_CELLS": [*EIGHT[:5], cell, 0.1, 0.2]})
    with pytest.raises(UserError) as error:
        microenvironment.known_fractions(cohort)
    said = one_line(error)
    for word in (f"'{cell}'", "S6", "FRACTION_B_CELLS", "own_study/data_clinical_sample.txt"):
        assert word in said


def test_without_known_fractions_there_is_a_stated_skip(own_study):
    with pytest.raises(MissingData, match="own_study has no known immune fractions"):
        microenvironment.known_fractions(read_study(own_study))


def test_columns_without_any_value_are_a_stated_skip(own_study):
    cohort = with_fractions(own_study, {"FRACTION_OTHER": ["NA"] * 8})
    with pytest.raises(MissingData):
        microenvironment.known_fractions(cohort)


def test_a_fraction_of_no_known_population_is_not_ignored_in_silence(own_study):
    """A misspelt column would else be a population that the reader believes compared."""
    cohort = with_fractions(own_study, {"FRACTION_OTHER": EIGHT, "FRACTION_CD8_T_CELLS": EIGHT})
    with pytest.raises(UserError, match="FRACTION_CD8_T_CELLS"):
        microenvironment.known_fractions(cohort)


def test_agreement_is_what_scipy_and_loops_give():
    rng = np.random.default_rng(6)
    known = pd.DataFrame(rng.random((8, 2)) * 30, SAMPLES, ["B cells", "Other cells"])
    known.loc["S2", "B cells"] = NAN
    estimated = known.fillna(3) + rng.normal(1, 2, (8, 2))
    estimated = estimated.drop(index="S7")  # not everyone has expression
    found = microenvironment.agreement(estimated, known).set_index("what")
    for what, kept in (("B cells", [0, 2, 3, 4, 5, 7]), ("Other cells", [0, 1, 2, 3, 4, 5, 7])):
        pairs = [(estimated.at[SAMPLES[i], what], known.at[SAMPLES[i], what]) for i in kept]
        errors = [mine - true for mine, true in pairs]
        row = found.loc[what]
        assert row["n"] == len(kept)
        np.testing.assert_allclose(row["r"], stats.pearsonr(*zip(*pairs, strict=True)).statistic)
        np.testing.assert_allclose(row["bias"], sum(errors) / len(errors))
        np.testing.assert_allclose(row["rmse"], math.sqrt(sum(error**2 for error in errors) / len(errors)))
    said = microenvironment.agreement_sentence(found.reset_index())
    worst = found["rmse"].idxmax()
    assert f"{found['rmse'].max():.1f} percentage points ({worst})" in said


def test_the_sentence_on_agreement_says_where_fewer_samples_are_known():
    known = pd.DataFrame({"B cells": [1.0, 2, 3, 4, 5], "Tregs": [1.0, 2, 4, NAN, NAN]})
    table = microenvironment.agreement(known + 1, known)
    assert list(table["n"]) == [5, 3]
    said = microenvironment.agreement_sentence(table)
    assert "3" in said.split(".")[0] and "5" in said.split(".")[0]


@pytest.mark.parametrize("known", [[0.0] * 8, [7.0] * 8, [NAN] * 7 + [3.0]], ids=["zero", "same", "one"])
def test_known_fractions_that_do_not_vary_have_no_correlation_and_a_sentence(known):
    known = pd.DataFrame({"B cells": known}, SAMPLES)
    estimated = pd.DataFrame({"B cells": np.arange(8.0)}, SAMPLES)
    table = microenvironment.agreement(estimated, known)
    assert math.isnan(table.at[0, "r"]) and table.at[0, "n"] == known["B cells"].notna().sum()
    said = microenvironment.agreement_sentence(table)
    assert "nan" not in said


# ---- lymphocytes on slides ----


def fields(*rows) -> types.SimpleNamespace:
    """What pathology.count_folder makes of fields in which kinds of nuclei were told apart."""
    table = pd.DataFrame(rows, columns=["patient", "group", "subtype", "til", "nuclei", "mm2_tissue"])
    return types.SimpleNamespace(fields=table, til=table, model="a forest", reason="", left_out={})


def tils(**groups) -> pd.DataFrame:
    """Densities by patient, as til_groups returns them, made by hand. groups: name → densities, or (density, subtype)
    of LCNEC."""
    rows = [
        {"patient": f"{name}{i}", "group": name, "subtype": value[1] if isinstance(value, tuple) else "",
         "til_per_mm2": float(value[0] if isinstance(value, tuple) else value)}
        for name, values in groups.items() for i, value in enumerate(values)
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    names = [*sorted(set(groups) - {"LCNEC"}), *(["LCNEC"] if "LCNEC" in groups else [])]
    return table.assign(group=pd.Categorical(table["group"], names))


OURS = [(20, "NSCLC-like"), (35, "NSCLC-like"), (28, "SCLC-like"), (60, "Unclassified"), (41, "")]
MANY = tils(SCLC=[150, 90, 220, 30], LUAD=[300, 410, 260, 180, 505], LUSC=[240, 330, 95], LCNEC=OURS)


def test_fields_are_pooled_by_area_into_patients():
    """(10 + 30) lymphocytes on (1 + 3) mm² are 10 per mm², and no mean of 10 and 10."""
    found = microenvironment.til_groups(
        fields(
            ("p2", "LCNEC", "SCLC-like", 12, 50, 0.5),
            ("p1", "SCLC", "", 8, 50, 1.0),
            ("p1", "SCLC", "", 30, 90, 3.0),
            ("p3", "LUAD", "", 0, 70, 2.0),
        )
    ).set_index("patient")
    assert dict(found["til_per_mm2"]) == {"p1": 9.5, "p2": 24.0, "p3": 0.0}
    assert list(found["group"].cat.categories) == ["LUAD", "SCLC", "LCNEC"]


@pytest.mark.parametrize("group", ["LCNEC", "LUAD"])
def test_one_group_alone_is_described_and_not_compared(group):
    found = microenvironment.til_groups(fields(("p1", group, "", 10, 9, 1.0), ("p2", group, "", 20, 9, 1.0)))
    tests = microenvironment.til_tests(found)
    assert list(found["group"].cat.categories) == [group] and tests.empty
    assert microenvironment.til_sentence(found, tests) == f"Median TILs per mm²: {group} 15."
    assert not [key for key in microenvironment.til_findings(found) if key.startswith("til.")]


def test_a_patient_without_tissue_is_left_out_and_counted():
    found = microenvironment.til_groups(
        fields(("p1", "LUAD", "", 0, 0, 0.0), ("p2", "LUAD", "", 5, 9, 1.0), ("p3", "LCNEC", "", 5, 9, 1.0))
    )
    assert list(found["patient"]) == ["p2", "p3"] and found.attrs["empty"] == 1


def test_where_no_field_has_tissue_there_is_a_stated_skip():
    with pytest.raises(MissingData):
        microenvironment.til_groups(fields(("p1", "LUAD", "", 0, 0, 0.0), ("p2", "LCNEC", "", 0, 0, 0.0)))


def test_lcnec_without_subtype_are_lcnec():
    table = fields(*((f"p{i}", "LCNEC" if i < 4 else "LUAD", "", i, 9, 1.0) for i in range(8)))
    found = microenvironment.til_groups(table)
    assert (found["group"] == "LCNEC").sum() == 4 and len(found) == 8
    assert set(microenvironment.til_tests(found)["group"]) == {"LCNEC"}


def test_a_patient_whose_subtype_stands_in_one_row_only_is_one_patient():
    found = microenvironment.til_groups(
        fields(
            ("p1", "LCNEC", "NSCLC-like", 10, 9, 1.0),
            ("p1", "LCNEC", "", 20, 9, 1.0),
            ("p2", "LUAD", "", 7, 9, 1.0),
        )  # fmt: skip
    )
    assert list(found["patient"]) == ["p1", "p2"]
    assert (found["til_per_mm2"].iloc[0], found["subtype"].iloc[0]) == (15, "NSCLC-like")


@pytest.mark.parametrize(
    "second", [("p1", "LUAD", "", 20, 9, 1.0), ("p1", "LCNEC", "SCLC-like", 20, 9, 1.0)], ids=["group", "subtype"]
)
def test_a_patient_of_two_kinds_is_refused(second):
    with pytest.raises(UserError, match="p1"):
        microenvironment.til_groups(fields(("p1", "LCNEC", "NSCLC-like", 10, 9, 1.0), second))


def test_a_subtype_in_another_spelling_is_not_ignored_in_silence():
    with pytest.raises(UserError, match="NSCLC like"):
        microenvironment.til_groups(fields(("p1", "LCNEC", "NSCLC like", 10, 9, 1.0), ("p2", "LUAD", "", 20, 9, 1.0)))


def test_where_kinds_were_not_told_apart_the_reason_is_stated():
    counted = fields(("p1", "LCNEC", "", 10, 9, 1.0))
    counted.til, counted.model, counted.reason = None, None, "slides has no annotated nuclei (nuclei.csv)"
    with pytest.raises(MissingData, match="no annotated nuclei"):
        microenvironment.til_groups(counted)


def test_lcnec_and_its_nsclc_like_are_held_against_every_other_group():
    found = microenvironment.til_tests(MANY).set_index(["group", "other"])
    ours = {"LCNEC": [value for value, _ in OURS], "NSCLC-like LCNEC": [20, 35]}
    theirs = {"LUAD": [300, 410, 260, 180, 505], "LUSC": [240, 330, 95], "SCLC": [150, 90, 220, 30]}
    assert set(found.index) == set(itertools.product(ours, theirs))
    for (one, other), row in found.iterrows():
        a, b = ours[one], theirs[other]
        assert (row["n"], row["other_n"]) == (len(a), len(b))
        assert (row["median"], row["other_median"]) == (np.median(a), np.median(b))
        assert row["difference"] == pytest.approx(sum(a) / len(a) - sum(b) / len(b))
        assert row["p"] == pytest.approx(stats.mannwhitneyu(a, b, method="exact").pvalue)


def test_wilcoxons_p_of_a_single_patient_exists():
    """One value against four: the least two-sided p is 2/5; a mean has no interval, and the rank test is one."""
    found = microenvironment.til_tests(tils(SCLC=[150, 90, 220, 30], LCNEC=[(20, "NSCLC-like")]))
    assert (found["n"] == 1).all()
    np.testing.assert_allclose(found["p"].astype(float), stats.mannwhitneyu([20], [150, 90, 220, 30]).pvalue)


def test_without_lymphocytes_at_all_nothing_is_compared_and_nothing_breaks():
    none = tils(LUAD=[0, 0, 0], LCNEC=[(0, ""), (0, "NSCLC-like")])
    tests = microenvironment.til_tests(none)
    assert tests["p"].isna().all()
    assert "LUAD 0, LCNEC 0" in microenvironment.til_sentence(none, tests)
    for findings in microenvironment.til_findings(none).values():
        assert all(finding.value in (None, 0, 1, 2, 3) for finding in findings)


def test_every_claim_of_the_panel_is_answered_and_fewer_is_less():
    found = microenvironment.til_findings(MANY)
    asked = {claim.id for claim in claims.published().values() if claim.panel == "fig5h"}
    assert {f"lcnec.fig5h.{tail}" for tail in found} == asked
    for tail, findings in found.items():
        claim = claims.published()[f"lcnec.fig5h.{tail}"]
        if tail.startswith("n."):
            counted = {"luad": 5, "lusc": 3, "sclc": 4, "lcnec": 5, "nsclc_like": 2, "sclc_like": 1, "unclassified": 1}
            assert [finding.value for finding in findings] == [counted[tail.removeprefix("n.")]]
        else:
            assert claim.direction == "less" and all(finding.value < 0 for finding in findings)
    assert len(found["til.abstract"]) == len(found["til.discussion"]) == 3
    n = {tail: finding[0].n for tail, finding in found.items()}
    assert n["til.lcnec_vs_luad"] == 10 and n["til.nsclc_like_vs_luad.legend"] == 7


def test_lcnec_with_more_lymphocytes_contradicts():
    rich = tils(LUAD=[10, 12, 15, 9, 11], LCNEC=[(300, ""), (280, ""), (350, ""), (310, "")])
    findings = microenvironment.til_findings(rich)
    verdict, _ = claims.verdict(claims.published()["lcnec.fig5h.til.lcnec_vs_luad"], findings["til.lcnec_vs_luad"])
    assert verdict == "contradicted"
    poor = tils(LUAD=[300, 280, 350, 310], LCNEC=[(10, ""), (12, ""), (15, "")])
    findings = microenvironment.til_findings(poor)
    verdict, _ = claims.verdict(claims.published()["lcnec.fig5h.til.lcnec_vs_luad"], findings["til.lcnec_vs_luad"])
    assert verdict == "compatible"


def test_the_sentence_on_lymphocytes_gives_medians_and_p_of_each_pair():
    said = microenvironment.til_sentence(MANY, microenvironment.til_tests(MANY))
    assert said.startswith("Median TILs per mm²: LUAD 300, LUSC 240, SCLC 120, LCNEC 35. ")
    # all five LCNEC lie under all five LUAD: 2 / C(10, 5)
    assert f"LCNEC against LUAD p = {2 / math.comb(10, 5):.4f}" in said and said.count("against") == 6


def test_the_sentence_says_how_many_patients_had_no_tissue():
    """What is left out is counted; a count that no sentence gives is not read."""
    found = microenvironment.til_groups(
        fields(*((f"p{i}", "LCNEC" if i < 3 else "LUAD", "", i, 9, 0.0 if i == 6 else 1.0) for i in range(7)))
    )
    said = microenvironment.til_sentence(found, microenvironment.til_tests(found))
    assert "1 patient" in said


def test_pairs_are_those_of_one_group_with_their_p():
    tests = microenvironment.til_tests(MANY)
    found = microenvironment.pairs(tests, "LCNEC")
    assert set(found) == {("LUAD", "LCNEC"), ("LUSC", "LCNEC"), ("SCLC", "LCNEC")}
    assert found["LUSC", "LCNEC"] == pytest.approx(2 / math.comb(8, 3)), "all three LUSC lie above all five LCNEC"
    assert not microenvironment.pairs(tests, "NSCLC")


def test_subtypes_on_slides_are_those_of_lcnec_and_an_unknown_one_is_shown():
    table = MANY.copy()
    table.loc[0, "subtype"] = "NSCLC-like"  # a subtype of what is no LCNEC
    values, kinds = microenvironment.of_subtypes(table)
    assert list(zip(kinds, values, strict=True)) == [
        ("NSCLC-like", 20), ("NSCLC-like", 35), ("SCLC-like", 28), ("Unclassified", 60), ("subtype unknown", 41),
    ]  # fmt: skip
    assert list(kinds.cat.categories) == ["NSCLC-like", "SCLC-like", "Unclassified", "subtype unknown"]
    few, kinds = microenvironment.of_subtypes(tils(LUAD=[1, 2], LCNEC=[(3, ""), (4, "SCLC-like")]))
    assert list(few) == [3, 4] and list(kinds.cat.categories) == ["SCLC-like", "subtype unknown"]


def told(aucs: list[float], **truth) -> str:
    """What is said of three fields with 30 TILs among 300 nuclei, judged in folds of two slides and 100 nuclei."""
    rows = [{"fold": i, "slides": 2, "nuclei": 100, "til": 20, "auc": auc} for i, auc in enumerate(aucs, 1)]
    counted = fields()
    counted.fields = pd.DataFrame({"nuclei": [90, 110, 100], "til": [10, 15, 5], **truth})
    counted.folds, counted.left_out = pd.DataFrame(rows), {"annotated": 4, "other fields of annotated patients": 0}
    return microenvironment.judged_sentence(counted)


def test_the_sentence_on_nuclei_says_how_well_they_were_told_apart_and_what_was_left_out():
    said = told([0.97, NAN, 0.9912])
    assert (
        "AUC of 0.970 to 0.991 (2 folds" in said
        and "300 nuclei and 30 TILs were counted in 3 fields (not counted: 4 annotated)" in said
    )
    assert "other fields" not in said and "True" not in said
    assert "0.970 (1 fold" in told([0.97]) or "0.970 to 0.970 (1 fold" in told([0.97])


def test_the_nuclei_and_slides_said_of_an_auc_are_those_of_the_folds_that_have_one():
    """A fold without a TIL has no AUC, and its hundred nuclei of two slides speak for none."""
    assert "200 nuclei of 4 slides" in told([0.97, NAN, 0.9912])


def test_without_any_auc_the_sentence_gives_no_range_of_it():
    assert "not estimable to not estimable" not in told([NAN, NAN])


def test_true_numbers_stand_beside_the_counted_ones_and_are_not_their_whole():
    """Thirty counted where 25 are true are not thirty of the 25."""
    said = told([0.97], truth_nuclei=["95", "100", "100"], truth_til=["8", "12", "5"])
    assert "295 nuclei" in said and "25 TILs" in said and "30 TILs" in said
    assert "25 TILs, of which 30" not in said


# ---- pictures ----


def eleven(n: int = 20, seed: int = 8) -> tuple[pd.DataFrame, pd.Series]:
    """Fractions of three groups of n tumours; in most populations every pair differs."""
    rng = np.random.default_rng(seed)
    names = ["NSCLC-like", "SCLC-like", "Unclassified"]
    group = pd.Series(pd.Categorical(np.repeat(names, n), names), [f"T{i}" for i in range(3 * n)])
    values = pd.DataFrame(rng.random((3 * n, 11)), group.index, LABELS)
    values.iloc[:, :8] += np.repeat([0, 2, 4], n)[:, None]
    return values * 10, group


def drawn(values: pd.DataFrame, group: pd.Series, fdr: float = 0.05):
    tests = microenvironment.compared(values, group)
    table = microenvironment.long(values, group)
    fig, ax = palette.figure(palette.PAGE_MM, boxes_plot.height_mm(table))
    boxes_plot.grouped_boxes(table, ax, xlabel="% of cells", tests=tests, fdr=fdr, title="A cohort (simulated)")
    return fig, ax, tests


def test_every_group_of_every_quantity_has_a_box_at_its_median():
    values, group = eleven()
    fig, ax, _ = drawn(values, group)
    assert [label.get_text() for label in ax.get_yticklabels()] == LABELS
    assert ax.get_ylim()[0] > ax.get_ylim()[1], "the first quantity stands at the top"
    medians = [line for line in ax.lines if line.get_color() == palette.INK and line.get_linewidth() == 1.2]
    assert len(medians) == 33
    expected = [values.loc[group == name, what].median() for what in LABELS for name in group.cat.categories]
    np.testing.assert_allclose([line.get_xdata()[0] for line in medians], expected)
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == [f"{name} (n = 20)" for name in group.cat.categories]
    colours = [patch.get_facecolor()[:3] for patch in ax.get_legend().get_patches()]
    assert len(set(colours)) == 3


def test_the_pairs_beside_a_row_are_those_under_the_false_discovery_rate():
    values, group = eleven()
    fig, ax, tests = drawn(values, group)
    header = [text for text in ax.texts if text.get_text().startswith("Pairs that differ")]
    assert len(header) == 1 and "0.05" in header[0].get_text()
    rows = {text.xy[1]: text for text in ax.texts if text is not header[0]}
    assert set(rows) == set(range(11))
    for place, what in enumerate(LABELS):
        apart = tests[(tests["what"] == what) & (tests["p_adjusted"] < 0.05)]
        said = rows[place].get_text().split("\n")
        if apart.empty:
            assert said == ["–"] and rows[place].get_color() == palette.FAINT
        else:
            assert [line.split("  ")[0] for line in said] == [f"{r.group} / {r.other}" for r in apart.itertuples()]
            assert all("p " in line for line in said)


def test_an_unadjusted_p_puts_no_pair_beside_a_row():
    values, group = eleven()
    table = microenvironment.long(values, group)
    tests = microenvironment.compared(values, group).assign(p=0.01, p_adjusted=0.06)
    fig, ax = palette.figure(palette.PAGE_MM, boxes_plot.height_mm(table))
    boxes_plot.grouped_boxes(table, ax, xlabel="% of cells", tests=tests, fdr=0.05)
    assert [text.get_text() for text in ax.texts].count("–") == 11


def test_boxes_at_the_width_of_a_page_are_readable():
    """Eleven populations with three pairs each beside them, at 183 mm."""
    fig, ax, _ = drawn(*eleven())
    assert_readable(fig)


def test_a_group_without_a_value_has_no_box_and_breaks_nothing():
    values, group = eleven()
    values.loc[group == "SCLC-like", "Monocytes"] = NAN
    fig, ax, _ = drawn(values, group)
    assert len([line for line in ax.lines if line.get_linewidth() == 1.2]) == 32
    only = group.cat.add_categories("Nobody")
    drawn(values, only)


def test_an_estimate_is_drawn_against_what_is_known():
    known, estimated = pd.Series([1.0, 5, 20, NAN], list("abcd")), pd.Series([2.0, 4, 25, 3], list("abcd"))
    fig, ax = palette.figure(45, 45)
    agreement_plot.agreement(known, estimated, ax, title="NK cells", r=0.987)
    fig.canvas.draw()
    (dots,) = ax.collections
    np.testing.assert_allclose(np.asarray(dots.get_offsets()), [[1, 2], [5, 4], [20, 25]])
    (line,) = ax.lines
    np.testing.assert_allclose(line.get_xdata(), line.get_ydata())
    assert ax.get_xlim() == ax.get_ylim() and ax.get_xlim()[1] > 25 and ax.get_aspect() == 1
    assert "r = 0.99" in [text.get_text() for text in ax.texts] and ax.get_title(loc="left") == "NK cells"


@pytest.mark.parametrize("values", [[0.0, 0.0, 0.0], [NAN, NAN, NAN]], ids=["zeros", "nobody"])
def test_a_population_that_nobody_has_can_be_drawn(values):
    fig, ax = palette.figure(45, 45)
    known = pd.Series(values)
    agreement_plot.agreement(known, known, ax, title="Monocytes", r=NAN)
    fig.canvas.draw()
    assert any("not estimable" in text.get_text() for text in ax.texts)


def test_eleven_squares_of_agreement_are_readable():
    rng = np.random.default_rng(9)
    fig, axes = palette.grid(11, columns=4, height_mm=45)
    for ax, name in zip(axes, LABELS, strict=True):
        known = pd.Series(rng.random(50) * 30)
        agreement_plot.agreement(known, known + rng.normal(0, 2, 50), ax, title=name, r=0.9)
    assert_readable(fig)


# ---- the twin of cohort 2 ----


def test_on_the_twin_of_cohort_2_the_printed_group_sizes_are_compared():
    try:
        cohort = page.read_role("cohort_2", "twin_cohort_2")
    except NotBuilt as reason:
        pytest.skip(str(reason))
    scores = microenvironment.scores(cohort)
    group = microenvironment.subtypes(cohort, scores.index)
    printed = {name: int(claims.published()[f"lcnec.fig4e.n.{key}"].value) for name, key in (
        ("NSCLC-like", "nsclc_like"), ("SCLC-like", "sclc_like"), ("Unclassified", "unclassified"))}  # fmt: skip
    assert dict(group.value_counts()) == printed
    summary = microenvironment.summary(scores, group)
    assert all(row.n == printed[row.group] for row in summary.itertuples()) and len(summary) == 12
    assert scores.notna().all(axis=None) and scores.attrs["left_out"] == []
