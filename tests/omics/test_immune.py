"""Immune fractions and signatures of a cohort: against plain loops, on every scale, and odd cohorts."""

import math

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.cohort.read import read_study
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.omics import deconvolution, expression, immune
from lcnec_utils.omics.deconvolution import Til10
from lcnec_utils.public.fetch import fetch

SAMPLES = [f"S{i}" for i in range(1, 9)]
POPULATIONS = ["B.cells", "Macrophages.M1", "Macrophages.M2", "Monocytes", "Neutrophils", "NK.cells", "T.cells.CD4",
               "T.cells.CD8", "Tregs", "Dendritic.cells"]  # fmt: skip
LABELS = ["B cells", "M1 macrophages", "M2 macrophages", "Monocytes", "Neutrophils", "NK cells", "CD4+ T cells",
          "CD8+ T cells", "Regulatory T cells", "Dendritic cells", "Other cells"]  # fmt: skip

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
        found = immune.fractions(measured(values, scale), til10=til10)
        assert list(found) == LABELS and list(found.index) == SAMPLES
        np.testing.assert_allclose(found, expected[LABELS], atol=2e-4, err_msg=scale)
        assert found.attrs["genes"] == (54, 54)
        np.testing.assert_allclose(found.sum(axis=1), 100)


@pytest.mark.parametrize("scale", ["TPM", "log2(TPM+1)", "FPKM"])
@pytest.mark.parametrize("at_a_time", [1, 400, 900, 10**6])  # values: samples one by one, one or two, all
def test_some_tumours_at_a_time_are_the_same_tumours(measured, scale, at_a_time):
    til10 = made_up()
    values = mixed(til10)
    values.iloc[6, -1] = np.nan  # a gene that one of the last tumours lacks is left out of all
    values = np.log2(values + 1) if scale.startswith("log2") else values
    cohort = measured(values, scale)
    named = {"needs": "the test needs", "least": 0}
    parts = list(immune.tpm_chunks(cohort, values=at_a_time, **named))
    assert len(parts) == {1: 8, 400: 8, 900: 4, 10**6: 1}[at_a_time]
    whole = immune.tpm(cohort, **named)
    assert list(whole) == list(values)[:-1] and list(whole.index) == SAMPLES
    pd.testing.assert_frame_equal(pd.concat(parts), whole, rtol=1e-6 if scale == "FPKM" else 0, atol=0)
    chunks = deconvolution.quantiseq_chunks([part.T for part in parts], til10=til10, tumor=True, logged=False)
    once = deconvolution.quantiseq(pd.concat(parts).T, til10=til10, tumor=True, logged=False)
    pd.testing.assert_frame_equal(chunks, once, rtol=0, atol=1e-12)
    pd.testing.assert_frame_equal(
        immune.fractions(cohort, til10=til10), (100 * once).set_axis(LABELS, axis=1), atol=1e-5
    )


@pytest.mark.parametrize("scale", ["counts", "variance-stabilised counts"])
def test_what_is_not_of_tpm_is_a_stated_skip(measured, scale):
    """Gene lengths are missing from counts, and a variance-stabilised value has no linear one."""
    til10 = made_up()
    values = mixed(til10)
    values = values.round() if scale == "counts" else np.log2(values + 1)
    with pytest.raises(MissingData, match="needs TPM") as error:
        immune.fractions(measured(values, scale), til10=til10)
    assert "own_study" in one_line(error)


def test_without_expression_there_is_a_stated_skip(own_study):
    cohort = read_study(own_study)
    for call in (lambda: immune.fractions(cohort, til10=made_up()), lambda: immune.scores(cohort)):
        with pytest.raises(MissingData, match="own_study has no expression"):
            call()


def test_few_genes_on_a_stated_linear_scale_are_not_taken_for_logged(measured):
    """A targeted panel whose file says TPM and in which nothing reaches 50: low values are no logarithms, and a factor
    of all values changes no share."""
    til10 = made_up()
    tpm = mixed(til10)
    expected = pd.DataFrame({name: plain_fractions(tpm.loc[name], til10) for name in SAMPLES}).T
    found = immune.fractions(measured(tpm / tpm.max(axis=None) * 40), til10=til10)
    np.testing.assert_allclose(found, expected[LABELS], atol=1e-3)


def test_a_tumour_that_expresses_nothing_is_refused_with_its_file(measured):
    til10 = made_up()
    tpm = mixed(til10)
    tpm.loc["S4"] = 0.0
    with pytest.raises(UserError, match="S4") as error:
        immune.fractions(measured(tpm), til10=til10)
    assert "own_study" in one_line(error), "whose file it is must be said"


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_tumour_that_expresses_no_approved_gene_has_no_missing_fractions(measured):
    til10 = made_up()
    tpm = mixed(til10).assign(NOSUCHGENE=0.0)
    tpm.loc["S3"] = 0.0
    tpm.loc["S3", "NOSUCHGENE"] = 1e6
    try:
        found = immune.fractions(measured(tpm), til10=til10)
    except (UserError, MissingData) as error:
        assert "S3" in str(error) and "\n" not in str(error)
    else:
        assert found.notna().all(axis=None)


def test_too_few_genes_of_the_signature_are_a_stated_skip(measured):
    til10 = made_up()
    tpm = mixed(til10).drop(columns=[f"SIG{i}" for i in range(20, 60)])
    with pytest.raises(MissingData, match="half of its 54 genes, and 14 are there"):
        immune.fractions(measured(tpm), til10=til10)


def test_on_the_published_signature_a_tumour_of_cd8_t_cells_alone_is_one(measured, data_dir):
    til10 = deconvolution.read_til10({file: fetch("til10", file) for file in deconvolution.FILES})
    pure = til10.signature["T.cells.CD8"]
    tpm = pd.DataFrame([[*pure, 1e6 - pure.sum()]] * 8, SAMPLES, [*pure.index, "ACTB"])
    found = immune.fractions(measured(tpm), til10=til10)
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
    known = expression.signatures()
    assert known["gep18"]["weights"] == GEP and known["gep18"]["housekeeping"] == HOUSEKEEPING
    assert sorted(GEP) == sorted(known["inflamed"]["up"]), "two lists of the same eighteen genes"
    for name, genes in (("cytolytic", CYTOLYTIC), ("interferon_gamma", INTERFERON), ("tertiary_lymphoid", LYMPHOID)):
        assert known[name]["up"] == genes


@pytest.mark.parametrize("scale", ["TPM", "log2(TPM+1)"])
def test_scores_are_those_of_plain_loops(measured, scale):
    tpm = expressed()
    cohort = measured(tpm if scale == "TPM" else np.log2(tpm + 1), scale)
    found = immune.scores(cohort)
    expected = pd.DataFrame({name: plain_scores(dict(tpm.loc[name])) for name in SAMPLES}).T
    assert list(found) == list(expected) and list(found.index) == SAMPLES
    # a logged file in single precision knows TPM of nothing to 1e-7 only
    np.testing.assert_allclose(found, expected, atol=2e-4)
    assert found.attrs["left_out"] == []


def test_a_housekeeping_gene_counts_under_its_former_symbol(measured):
    tpm = expressed()
    expected = immune.scores(measured(tpm))
    found = immune.scores(measured(tpm.rename(columns={"NRDE2": "C14orf102"})))
    pd.testing.assert_frame_equal(found, expected)


def test_fpkm_of_the_same_tumours_give_the_same_scores_or_none(measured):
    """The signatures add 1 or 0.01 to TPM, and subtract no reference but the T-cell-inflamed one: a factor between the
    tumours moves a score. FPKM of a whole transcriptome are brought to TPM by their sum; else there is no score."""
    rest = pd.DataFrame(400.0, SAMPLES, [f"REST{i}" for i in range(100)])
    tpm = pd.concat([expressed(), rest], axis=1)
    tpm = tpm.div(tpm.sum(axis=1), axis=0) * 1e6
    expected = immune.scores(measured(tpm))
    factor = np.array([1, 0.1, 0.9, 0.5, 0.3, 0.7, 0.2, 0.05])
    try:
        found = immune.scores(measured(tpm.mul(factor, axis=0), "FPKM"))
    except MissingData as error:
        assert "TPM" in str(error)
    else:
        np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("scale", ["counts", "variance-stabilised counts"])
def test_signatures_on_another_scale_are_a_stated_skip(measured, scale):
    values = expressed().round() if scale == "counts" else np.log2(expressed() + 1)
    with pytest.raises(MissingData, match="the signatures need TPM"):
        immune.scores(measured(values, scale))


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
    found = immune.scores(measured(expressed().drop(columns=absent)))
    assert found.attrs["left_out"] == left_out
    assert list(found) == [name for name in (INFLAMED, CYT, IFN, TLS) if name not in left_out]


def test_a_score_of_fewer_genes_says_so(measured):
    """A row named "(6 genes)" that rests on five is no such score."""
    found = immune.scores(measured(expressed().drop(columns="IFNG")))
    assert IFN not in found or found.attrs["genes"][IFN] == (5, 6)


def test_a_cohort_without_immune_genes_has_no_signatures(measured):
    values = expressed(genes=["GZMA", "STAT1", "NKX2-1", "DLL3"])
    with pytest.raises(MissingData, match="most genes of any immune signature"):
        immune.scores(measured(values))
    with pytest.raises(MissingData, match="own_study"):
        immune.scores(measured(expressed(genes=["NKX2-1", "DLL3"])))


def test_what_is_no_tpm_is_refused_by_gene_and_sample():
    for change, said in (
        (lambda tpm: tpm.assign(STAT1=-1.0), "STAT1 of sample S1 is negative"),
        (lambda tpm: tpm.assign(PRF1=float("nan")), "PRF1 of sample S1 is missing or infinite"),
        (lambda tpm: pd.concat([tpm, tpm[["CD8A"]]], axis=1), "gene CD8A stands twice"),
    ):
        with pytest.raises(UserError, match=said) as error:
            immune.signature_scores(change(expressed()))
        one_line(error)
