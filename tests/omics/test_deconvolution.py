"""quanTIseq: against its published output, a plain loop of quadratic programmes, and what fractions must be."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.omics import deconvolution
from lcnec_utils.omics.deconvolution import OTHER, Til10, least_squares, quantiseq, quantiseq_chunks
from lcnec_utils.public.fetch import DownloadError, fetch

REFERENCE = Path(__file__).parent.parent / "reference"
POPULATIONS = ["B.cells", "Macrophages.M1", "Macrophages.M2", "Monocytes", "Neutrophils", "NK.cells", "T.cells.CD4",
               "T.cells.CD8", "Tregs", "Dendritic.cells"]  # fmt: skip


@pytest.fixture(scope="module")
def til10(data_dir) -> Til10:
    """The signature as it is registered."""
    return deconvolution.read_til10({file: fetch("til10", file) for file in deconvolution.FILES})


@pytest.fixture(scope="module")
def published(data_dir) -> tuple[pd.DataFrame, pd.DataFrame]:
    """quanTIseq's published test input (genes × samples) and output (samples × fractions)."""
    files = (fetch("til10", f"golden/quanTIseq_{name}.txt") for name in ("gene_tpm", "cell_fractions"))
    return tuple(pd.read_csv(file, sep="\t", index_col=0) for file in files)


def made_up(seed: int = 1, genes: int = 60) -> Til10:
    """A signature of our own, so that what needs no published file is tested without one."""
    rng = np.random.default_rng(seed)
    names = [f"G{i}" for i in range(genes)]
    signature = pd.DataFrame(rng.gamma(0.3, 300, (genes, 10)), names, POPULATIONS)
    return Til10(
        signature=signature,
        scaling=pd.Series(rng.uniform(20, 140, 10), POPULATIONS),
        noisy=names[:3],
        aberrant=names[3:6],
        approved={*names, *(f"H{i}" for i in range(500))},
        previous={"OLD7": "G7", "OLD8": "G8"},
    )


def mixtures(signature: pd.DataFrame, n: int, total: float, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """A signature and mixtures of it, both over its spectral norm; shares that sum to at most `total`, with errors."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(signature.shape[1], 0.3), n) * rng.uniform(0, total, (n, 1))
    values = (signature.to_numpy() @ shares.T) * rng.lognormal(0, 0.5, (len(signature), n))
    norm = np.linalg.norm(signature, 2)
    return signature.to_numpy() / norm, values / norm


def bulk(til10: Til10, n: int = 4, seed: int = 3) -> pd.DataFrame:
    """Expression of n samples: the signature's genes and five hundred others."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(10), n) * 0.4
    genes = til10.signature.to_numpy() @ shares.T + rng.gamma(0.5, 2, (len(til10.signature), n))
    others = rng.gamma(0.4, 900, (500, n))
    names = [f"S{i}" for i in range(n)]
    return pd.DataFrame(np.vstack([genes, others]), [*til10.signature.index, *(f"H{i}" for i in range(500))], names)


# ---- the published output ----


def test_the_published_sample_is_met(til10, published):
    tpm, fractions = published
    found = quantiseq(tpm, tumor=False, til10=til10)
    assert list(found) == list(fractions) == [*POPULATIONS, OTHER] and list(found.index) == list(fractions.index)
    assert (found - fractions).abs().to_numpy().max() < 1e-6
    assert found.attrs == {"genes": (153, 153), "unmapped": 50}


def test_without_the_gene_table_the_published_sample_is_missed(til10, published):
    """Four genes of the signature stand in the sample under the symbols they had before."""
    tpm, fractions = published
    plain = til10.__class__(**(vars(til10) | {"previous": {}, "approved": set(tpm.index)}))
    found = quantiseq(tpm, til10=plain)
    assert 0.005 < (found - fractions).abs().to_numpy().max() < 0.1


def test_a_published_sample_on_the_log2_scale_is_the_same_sample(til10, published):
    tpm, _ = published
    with np.errstate(divide="ignore"):
        logged = np.log2(tpm.clip(lower=1))
    pd.testing.assert_frame_equal(quantiseq(logged, til10=til10), quantiseq(tpm.clip(lower=1), til10=til10))


def test_the_signature_comes_only_with_its_registered_content(monkeypatch, tmp_path):
    monkeypatch.setenv("LCNEC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LCNEC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("LCNEC_MIRROR", "http://127.0.0.1:9")
    with pytest.raises(DownloadError, match="til10/TIL10_signature.txt"):
        fetch("til10", "TIL10_signature.txt")
    (tmp_path / "til10").mkdir()
    (tmp_path / "til10" / "TIL10_signature.txt").write_text("ID\tB.cells\n")
    with pytest.raises(DownloadError, match="SHA-256"):
        fetch("til10", "TIL10_signature.txt")


# ---- the quadratic programme ----


def by_programme(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """One sample by scipy's sequential programming: minimise ‖a x − b‖² under x ≥ 0 and Σx ≤ 1."""
    k = a.shape[1]
    found = optimize.minimize(
        lambda x: 0.5 * ((a @ x - b) ** 2).sum(),
        np.full(k, 0.5 / k),
        jac=lambda x: a.T @ (a @ x - b),
        bounds=[(0, None)] * k,
        constraints=[{"type": "ineq", "fun": lambda x: 1 - x.sum(), "jac": lambda x: -np.ones(k)}],
        method="SLSQP",
        options={"ftol": 1e-16, "maxiter": 500},
    )
    return found.x


def by_nearest_point(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """One sample by Lawson and Hanson's non-negative least squares, where its sum exceeds 1 on the simplex:
    the solution for the rows (a − b, 1) and the goal (0, 1), divided by its sum, is the nearest point there."""
    x = optimize.nnls(a, b)[0]
    if x.sum() <= 1:
        return x
    rows, goal = np.vstack([a - b[:, None], np.ones(a.shape[1])]), np.zeros(len(a) + 1)
    goal[-1] = 1
    y = optimize.nnls(rows, goal)[0]
    return y / y.sum()


@pytest.mark.parametrize("total", [0.5, 1.0, 3.0])
def test_all_at_once_is_what_a_loop_of_quadratic_programmes_gives(total):
    a, b = mixtures(made_up().signature, 400, total)
    found = least_squares(a, b)
    np.testing.assert_allclose(found, [by_nearest_point(a, column) for column in b.T], atol=1e-9)
    np.testing.assert_allclose(found[:40], [by_programme(a, column) for column in b.T[:40]], atol=1e-6)


def test_ten_thousand_samples_are_what_a_loop_gives(til10):
    a, b = mixtures(til10.signature, 10_000, 2.0)
    found = least_squares(a, b)
    np.testing.assert_allclose(found, [by_nearest_point(a, column) for column in b.T], atol=1e-6)
    assert (found.sum(axis=1) > 1 - 1e-9).mean() > 0.2, "the bound on the sum was not tried"


@pytest.mark.parametrize("seed", range(20))
def test_the_conditions_of_the_optimum_hold_on_any_matrix(seed):
    """Karush, Kuhn and Tucker: no direction that the bounds allow goes down."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(15, 6)), rng.normal(size=(15, 300)) * rng.choice([0.01, 1, 100], 300)
    x = least_squares(a, b)
    slope = (a @ x.T - b).T @ a  # of ‖a x − b‖²/2
    assert (x >= 0).all() and (x.sum(axis=1) <= 1 + 1e-9).all()
    multiplier = np.where(x.sum(axis=1) > 1 - 1e-9, np.maximum(0, -slope.min(axis=1)), 0)
    rest, size = slope + multiplier[:, None], 1e-8 * np.maximum(1, np.abs(b).max(axis=0))
    assert (rest >= -size[:, None]).all()
    assert (np.abs(rest * x) <= size[:, None]).all()


def test_who_does_not_settle_is_solved_by_trying_all(monkeypatch):
    a, b = mixtures(made_up().signature, 60, 3.0)
    expected = least_squares(a, b)
    monkeypatch.setattr(deconvolution, "MOST_EXCHANGES", 0)
    np.testing.assert_allclose(least_squares(a, b), expected, atol=1e-9)


# ---- every step ----


def step_by_step(tpm: pd.Series, til10: Til10, tumor: bool) -> pd.Series:
    """One sample by the published steps, in plain loops: mapping done before, symbols approved."""
    million = tpm / tpm.sum() * 1e6
    signature = til10.signature.drop(til10.noisy)
    signature = signature.drop(til10.aberrant) if tumor else signature
    norm = np.linalg.svd(signature, compute_uv=False)[0]

    def cells(names: list[str]) -> dict[str, float]:
        x = by_nearest_point(signature[names].to_numpy() / norm, million[signature.index].to_numpy() / norm)
        total = sum(x)
        scaled = [value / til10.scaling[name] for value, name in zip(x, names, strict=True)]
        return {name: value / sum(scaled) * total for name, value in zip(names, scaled, strict=True)}

    first, second = cells(POPULATIONS), cells([name for name in POPULATIONS if name != "T.cells.CD4"])
    other = max(0.0, 1 - sum(first.values()))
    if first["Tregs"] < 0.02:
        tregs = (second["Tregs"] + first["Tregs"]) / 2
        first["T.cells.CD4"] = max(0.0, first["T.cells.CD4"] - (second["Tregs"] + tregs) / 2)
        first["Tregs"] = tregs
    first[OTHER] = other
    return pd.Series(first) / sum(first.values())


@pytest.mark.parametrize("tumor", [False, True])
def test_every_step_is_that_of_one_sample_in_plain_loops(tumor):
    til10 = made_up()
    tpm = bulk(til10, 40)
    expected = pd.DataFrame({name: step_by_step(tpm[name], til10, tumor) for name in tpm}).T
    found = quantiseq(tpm, tumor=tumor, til10=til10)
    np.testing.assert_allclose(found, expected[found.columns], atol=1e-8)
    assert (expected["Tregs"] < 0.02).any() and (expected["Tregs"] > 0.02).any()


def test_fractions_lie_within_bounds_and_sum_to_one():
    til10 = made_up()
    rng = np.random.default_rng(0)
    for tpm in (bulk(til10, 200), pd.DataFrame(rng.gamma(0.2, 100, (560, 300)), bulk(til10).index)):
        found = quantiseq(tpm, til10=til10).to_numpy()
        assert (found >= 0).all() and (found <= 1).all()
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-12)


def test_a_sample_of_one_population_is_that_population(til10):
    """The signature's own columns, what is missing to a million being a gene that no population is known by."""
    pure = pd.concat([til10.signature, (1e6 - til10.signature.sum()).to_frame("ACTB").T])
    found = quantiseq(pure, til10=til10)
    for name in POPULATIONS:
        # of CD4 T cells the second solution, without them, makes Tregs, and the method takes a part of those over
        assert found.at[name, name] > (0.7 if name == "T.cells.CD4" else 0.999), found.loc[name].round(3)


def test_a_sample_is_judged_alone():
    """What other samples there are does not move a sample, nor their order."""
    til10 = made_up()
    tpm = bulk(til10, 30)
    together = quantiseq(tpm, til10=til10)
    for names in (["S3"], ["S9", "S3"], list(tpm)[::-1]):
        np.testing.assert_allclose(quantiseq(tpm[names], til10=til10), together.loc[names], atol=1e-12)


def test_chunks_of_samples_are_deconvoluted_as_all_at_once():
    til10 = made_up()
    tpm = bulk(til10, n=7)
    for edges in ([0, 7], [0, 1, 4, 7]):
        chunks = [tpm.iloc[:, start:end] for start, end in zip(edges, edges[1:], strict=False)]
        found = quantiseq_chunks(chunks, til10=til10, tumor=True, logged=False)
        whole = quantiseq(tpm, til10=til10, tumor=True, logged=False)
        pd.testing.assert_frame_equal(found, whole, rtol=0, atol=1e-12)
        assert found.attrs == whole.attrs


def test_chunks_that_are_not_of_one_table_are_refused():
    til10 = made_up()
    tpm = bulk(til10, n=2)
    for chunks, said in (
        ([tpm, tpm], "sample S0 stands in two chunks"),
        ([tpm.iloc[:, :1], tpm.iloc[1:, 1:]], "two chunks do not have the same genes"),
    ):
        with pytest.raises(UserError, match=said):
            quantiseq_chunks(chunks, til10=til10, logged=False)
    with pytest.raises(MissingData, match="no chunk"):
        quantiseq_chunks([], til10=til10, logged=False)


def test_scale_does_not_matter_and_order_of_genes_does_not():
    til10 = made_up()
    tpm = bulk(til10)
    expected = quantiseq(tpm, til10=til10)
    pd.testing.assert_frame_equal(quantiseq(tpm * 7, til10=til10), expected)
    pd.testing.assert_frame_equal(quantiseq(tpm.sample(frac=1, random_state=0), til10=til10), expected)


# ---- symbols ----


def test_former_symbols_count_under_the_approved_one_unless_that_is_there():
    til10 = made_up()
    tpm = bulk(til10)
    expected = quantiseq(tpm, til10=til10)
    renamed = quantiseq(tpm.rename({"G7": "OLD7"}), til10=til10)
    pd.testing.assert_frame_equal(renamed, expected)
    both = pd.concat([tpm, tpm.loc[["G7"]].rename({"G7": "OLD7"}) * 1000])
    found = quantiseq(both, til10=til10)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert found.attrs["unmapped"] == 1


def test_of_former_symbols_of_one_gene_the_median_counts_and_strangers_are_left_out():
    til10 = made_up()
    til10.previous.update(OLD9="G9", OLDER9="G9", OLDEST9="G9")
    tpm = bulk(til10)
    former = [tpm.loc[["G9"]].rename({"G9": name}) * factor for name, factor in (("OLDER9", 0), ("OLDEST9", 50))]
    stranger = tpm.loc[["H1"]].rename({"H1": "NO-SUCH-GENE"})
    found = quantiseq(pd.concat([tpm.rename({"G9": "OLD9"}), *former, stranger]), til10=til10)
    np.testing.assert_allclose(found, quantiseq(tpm, til10=til10), atol=1e-12)
    assert found.attrs["unmapped"] == 1


def test_only_previous_symbols_that_stand_alone_are_read(til10):
    assert til10.previous["GRK3"] if "GRK3" not in til10.approved else til10.previous["ADRBK2"] == "GRK3"
    assert "NCRNA00181" not in til10.previous, "one of several previous symbols"
    assert len(til10.approved) > 40_000 and len(til10.signature) == 170 and len(til10.noisy) == 17


# ---- arrays ----


def test_quantiles_are_those_of_limma():
    golden = json.loads((REFERENCE / "differential.json").read_text())["quantiles"]
    values, expected = (np.array(golden[name]).T for name in ("values", "normalised"))
    np.testing.assert_allclose(deconvolution.quantile_normalised(values), expected, rtol=1e-12)


def test_arrays_keep_the_genes_that_rna_seq_leaves_out():
    til10 = made_up()
    tpm = bulk(til10) + 1
    assert quantiseq(tpm, til10=til10, arrays=True).attrs["genes"] == (60, 60)
    assert quantiseq(tpm, til10=til10).attrs["genes"] == (57, 57)
    assert quantiseq(tpm, tumor=True, til10=til10).attrs["genes"] == (54, 54)


# ---- refusals ----


def wrong(change) -> str:
    til10 = made_up()
    with pytest.raises(UserError) as error:
        quantiseq(change(bulk(til10)), til10=til10)
    assert "\n" not in str(error.value)
    return str(error.value)


def put(value):
    def change(tpm: pd.DataFrame) -> pd.DataFrame:
        tpm.iloc[2, 1] = value
        return tpm

    return change


def test_what_is_no_expression_is_refused_by_gene_and_sample():
    assert "G2 of sample S1 is negative" in wrong(put(-0.1))
    assert "G2 of sample S1 is missing or infinite" in wrong(put(np.nan))
    assert "missing or infinite" in wrong(put(np.inf))
    assert "S2 expresses nothing" in wrong(lambda tpm: tpm.assign(S2=0.0))
    assert "S1 stands twice" in wrong(lambda tpm: tpm.set_axis(["S0", "S1", "S1", "S3"], axis=1))
    assert "gene G9 stands twice" in wrong(lambda tpm: pd.concat([tpm, tpm.loc[["G9"]] * 2]))
    assert "sample S0 holds text" in wrong(lambda tpm: tpm.assign(S0="high"))
    assert "transpose the table" in wrong(lambda tpm: tpm.T)


def test_a_scale_that_cannot_be_told_is_refused_unless_it_is_stated():
    """log2 of TPM cannot exceed that of a million, 19.93, and samples of one table are on one scale."""
    til10 = made_up()
    tpm = bulk(til10)
    expected = quantiseq(tpm, til10=til10)
    low = tpm / tpm.max() * 40
    with pytest.raises(UserError, match="too much for log2 of TPM and little for TPM"):
        quantiseq(low, til10=til10)
    np.testing.assert_allclose(quantiseq(low, til10=til10, logged=False), expected, atol=1e-12)
    half = tpm.assign(S2=np.log2(tpm["S2"] + 1))
    with pytest.raises(UserError, match="sample S2 reaches .* and S0 .*, so that one may be log2"):
        quantiseq(half, til10=til10)
    with np.errstate(divide="ignore"):
        logged = quantiseq(np.log2(tpm.clip(lower=1)), til10=til10)
    pd.testing.assert_frame_equal(logged, quantiseq(tpm.clip(lower=1), til10=til10))


def test_too_few_genes_are_a_stated_skip():
    til10 = made_up()
    with pytest.raises(MissingData, match="half of its 57 genes, and 20 are there"):
        quantiseq(bulk(til10).drop(index=[f"G{i}" for i in range(23, 60)]), til10=til10)
    found = quantiseq(bulk(til10).drop(index=[f"G{i}" for i in range(40, 60)]), til10=til10)
    assert found.attrs["genes"] == (37, 57)
