"""The mixtures: known fractions are what was mixed, by their RNA; what quanTIseq makes of them; seeds; words."""

import copy

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lcnec_utils.cohort.read import read_study
from lcnec_utils.core.errors import NotBuilt
from lcnec_utils.omics import deconvolution, immune
from lcnec_utils.omics.deconvolution import Til10
from lcnec_utils.public.fetch import fetch
from lcnec_utils.run import roles
from lcnec_utils.studies.lcnec import microenvironment
from lcnec_utils.twins import build, mixtures, studies, targets, transcriptome

POPULATIONS = ["B.cells", "Macrophages.M1", "Macrophages.M2", "Monocytes", "Neutrophils", "NK.cells", "T.cells.CD4",
               "T.cells.CD8", "Tregs", "Dendritic.cells"]  # fmt: skip
COLUMNS = {name: "FRACTION_" + name.replace(".", "_").upper() for name in [*POPULATIONS, "Other"]}
HERE = ["CD79B", "CD1D", "CCR6", "LAT", "SKAP1", "CETP", "RBP5", "PTGDS", "GZMA", "PRF1", "IFNG", "STAT1", "CXCL9",
        "CXCL10", "IDO1", "CCL5", "CD27", "CD8A", "NKG7", "TIGIT"]  # fmt: skip


@pytest.fixture
def laws(monkeypatch):
    """A function that changes the law of the mixtures for one test."""
    real = targets.laws()

    def changed(**values) -> None:
        merged = copy.deepcopy(real)
        merged["assumed"]["mixtures"] |= values
        monkeypatch.setattr(targets, "laws", lambda: merged)

    return changed


@pytest.fixture(scope="module")
def til10(data_dir) -> Til10:
    return deconvolution.read_til10({file: fetch("til10", file) for file in deconvolution.FILES})


def made_up() -> Til10:
    """Twenty genes that the simulated transcriptomes have, and one that they have not; half of them of tumours too."""
    rng = np.random.default_rng(1)
    signature = pd.DataFrame(rng.gamma(0.5, 4000, (21, 10)), [*HERE, "NO-SUCH-GENE"], POPULATIONS)
    return Til10(signature, pd.Series(1.0, POPULATIONS), [], HERE[:10], set(HERE), {})


def expression(study) -> pd.DataFrame:
    return pd.DataFrame(np.asarray(study.expression.X, float), study.expression.obs_names, study.expression.var_names)


# ---- what was mixed ----


def test_the_genes_of_these_tests_are_simulated():
    assert set(HERE) <= set(transcriptome.symbols()) and "NO-SUCH-GENE" not in transcriptome.symbols()


def test_fractions_sum_to_one_and_are_distributed_as_the_law_says(laws):
    laws(samples=400)
    study = mixtures.mixtures(5, made_up())
    law = targets.laws()["assumed"]["mixtures"]
    known = study.samples[list(COLUMNS.values())]
    assert len(known) == 400 and known.notna().all(axis=None)
    assert (known >= 0).all(axis=None) and (known <= 1).all(axis=None)
    np.testing.assert_allclose(known.sum(axis=1), 1, atol=6e-6)
    # the immune share follows its beta, and nobody is preferred among the populations
    assert stats.kstest(1 - known["FRACTION_OTHER"], stats.beta(*law["immune_share"]).cdf).pvalue > 1e-3
    among = known.drop(columns="FRACTION_OTHER").div(1 - known["FRACTION_OTHER"], axis=0)
    each = law["among_immune"]
    for name in among:
        assert stats.kstest(among[name], stats.beta(each, 9 * each).cdf).pvalue > 1e-4, name


def test_bulk_weighs_cells_by_their_rna(laws):
    """Without errors, and with tumour cells that have none of the marker genes, a marker's TPM is the sum over
    populations of its level times the population's share of the RNA; cells count by their mRNA content."""
    rna = {name: 0.2 + 0.3 * i for i, name in enumerate(POPULATIONS)} | {"Other": 2.5}
    laws(samples=6, profile_sd=0.0, tumour_cells=[-60.0, 0.0], aberrant=[-60.0, 0.0], mrna=rna)
    til10 = made_up()
    study = mixtures.mixtures(2, til10)
    tpm = expression(study)
    for i in range(6):
        cells = {name: study.samples[column].iloc[i] for name, column in COLUMNS.items()}
        whole = sum(cells[name] * rna[name] for name in cells)
        for gene in HERE:
            expected = sum(cells[name] * rna[name] / whole * til10.signature.at[gene, name] for name in POPULATIONS)
            assert tpm.iloc[i][gene] == pytest.approx(expected, rel=5e-3, abs=0.01)


def test_without_immune_cells_only_the_tumours_own_markers_are_high(laws):
    law = targets.laws()["assumed"]["mixtures"]
    laws(samples=60, immune_share=[1.0, 1e12])
    tpm = np.log2(expression(mixtures.mixtures(2, made_up())))
    own, rest = tpm[HERE[:10]].to_numpy().ravel(), tpm[HERE[10:]].to_numpy().ravel()
    # each tumour is brought to a million, which moves both alike
    assert own.mean() - rest.mean() == pytest.approx(law["aberrant"][0] - law["tumour_cells"][0], abs=0.3)
    assert np.std(own) == pytest.approx(law["aberrant"][1], abs=0.3)
    assert np.std(rest) == pytest.approx(law["tumour_cells"][1], abs=0.3)


def test_errors_of_a_profile_are_as_wide_as_the_law_says(laws):
    """Of tumours that are all one population, a marker's log2 TPM varies with the profile's errors alone."""
    laws(samples=300, immune_share=[1e9, 1e-3], among_immune=1e-3, mrna=dict.fromkeys([*POPULATIONS, "Other"], 1.0))
    til10 = made_up()
    til10.signature[:] = til10.signature.clip(lower=50).to_numpy()
    study = mixtures.mixtures(2, til10)
    known, tpm = study.samples[list(COLUMNS.values())], expression(study)
    pure = (known.max(axis=1) > 0.999).to_numpy()
    which = known[pure].to_numpy().argmax(axis=1)
    assert pure.sum() > 200
    off = np.log2(tpm.loc[pure, HERE].to_numpy() / til10.signature.loc[HERE].to_numpy().T[which])
    assert off.std() == pytest.approx(targets.laws()["assumed"]["mixtures"]["profile_sd"], rel=0.05)


def test_a_sample_is_a_whole_transcriptome_of_a_million(laws):
    laws(samples=12)
    study = mixtures.mixtures(2, made_up())
    tpm = expression(study)
    assert list(tpm.columns) == transcriptome.symbols() and study.expression.uns["scale"] == "TPM"
    assert (tpm >= 0).all(axis=None) and np.isfinite(tpm).all(axis=None)
    np.testing.assert_allclose(tpm.sum(axis=1), 1e6, rtol=1e-5)
    assert list(tpm.index) == list(study.samples["SAMPLE_ID"]) == list(study.patients["PATIENT_ID"])


# ---- seeds ----


def test_a_seed_is_a_set_of_samples_and_another_seed_another(laws):
    laws(samples=10)
    one, again, other = (mixtures.mixtures(seed, made_up()) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one.samples, again.samples)
    assert expression(one).equals(expression(again))
    assert not one.samples["FRACTION_OTHER"].equals(other.samples["FRACTION_OTHER"])


def test_global_random_numbers_neither_move_it_nor_are_moved(laws):
    laws(samples=5)
    np.random.seed(7)
    before = np.random.get_state()[1].copy()
    one = mixtures.mixtures(1, made_up())
    assert (np.random.get_state()[1] == before).all()
    np.random.seed(8)
    pd.testing.assert_frame_equal(mixtures.mixtures(1, made_up()).samples, one.samples)


# ---- as a cohort ----


def test_a_twin_written_and_read_again_has_its_known_fractions(laws, tmp_path):
    laws(samples=15)
    study = mixtures.mixtures(3, made_up())
    folder = studies.write(tmp_path / "twin_mixtures", study, build.TITLES["twin_mixtures"], "a command")
    cohort = read_study(folder)
    assert cohort.simulated and len(cohort.samples) == 15
    known = microenvironment.known_fractions(cohort)
    assert known.shape == (15, 11)
    for name, column in COLUMNS.items():
        expected = 100 * study.samples.set_index("SAMPLE_ID")[column].astype(float)
        np.testing.assert_allclose(known[immune.NAMES[name]], expected.loc[known.index])


def test_nothing_printed_was_used_and_the_folder_does_not_say_so(laws, tmp_path):
    """The source prints nothing of mixtures: all is assumed, and no note may claim printed summaries."""
    laws(samples=5)
    study = mixtures.mixtures(1, made_up())
    table = study.targets.table()
    assert set(table["origin"]) == {"assumed"} and (table["claim"] == "").all()
    folder = studies.write(tmp_path / "twin_mixtures", study, "Mixtures", "a command")
    for file in ("README.md", "cohort.yaml"):
        said = " ".join((folder / file).read_text().split())
        assert "SIMULATED" in said.upper()
        assert "conditioned on" not in said, f"{file}: no printed summary conditions these samples"


def test_every_population_has_a_law_and_a_name(til10):
    law = targets.laws()["assumed"]["mixtures"]
    assert set(law["mrna"]) == {*til10.signature.columns, "Other"} == set(immune.NAMES)
    assert list(til10.signature.columns) == POPULATIONS


def test_the_twin_needs_the_registered_signature():
    assert build.NEEDS["twin_mixtures"] == "til10" and build.MAKERS["twin_mixtures"] == "mixtures"
    assert "200 samples" in build.TITLES["twin_mixtures"]
    assert targets.laws()["assumed"]["mixtures"]["samples"] == 200


# ---- what quanTIseq makes of them ----


@pytest.fixture(scope="module")
def whole(til10):
    """The mixtures of one seed with the registered signature: known fractions and TPM (genes × samples)."""
    study = mixtures.mixtures(11, til10)
    known = 100 * study.samples[list(COLUMNS.values())].set_axis(list(COLUMNS), axis=1).set_index(
        study.samples["SAMPLE_ID"]
    )
    return known, expression(study).T


def errors(known: pd.DataFrame, tpm: pd.DataFrame, til10: Til10, **options) -> pd.DataFrame:
    estimated = 100 * deconvolution.quantiseq(tpm, til10=til10, **options)
    rows = {
        name: {
            "r": stats.pearsonr(estimated[name], known[name]).statistic,
            "bias": (estimated[name] - known[name]).mean(),
        }
        for name in known
    }
    return pd.DataFrame(rows).T


def test_every_population_is_recovered(whole, til10):
    found = errors(*whole, til10, tumor=True)
    assert (found["r"] > 0.7).all() and found.at["Other", "r"] > 0.95
    assert (found["bias"].abs() < 3).all()


def test_markers_that_tumours_express_must_be_left_out(whole, til10):
    """The mixtures have them, as tumours do; with those genes kept, tumour cells pass for immune cells."""
    kept, left_out = (errors(*whole, til10, tumor=tumor) for tumor in (False, True))
    assert left_out["r"].mean() > kept["r"].mean()
    assert kept.at["Other", "bias"] < 1.3 * left_out.at["Other", "bias"] < 0


def test_cells_and_rna_are_not_the_same(whole, til10):
    """Neutrophils hold little RNA: without the correction for mRNA content they are underestimated."""
    plain = til10.__class__(**(vars(til10) | {"scaling": pd.Series(1.0, til10.scaling.index)}))
    with_it, without = errors(*whole, til10, tumor=True), errors(*whole, plain, tumor=True)
    assert without.at["Neutrophils", "bias"] < with_it.at["Neutrophils", "bias"] - 0.5


def test_the_twin_that_stands_on_disk_holds_what_its_samples_were_made_of(til10):
    try:
        cohort = roles.read_role("mixtures", "twin_mixtures")
    except NotBuilt as reason:
        pytest.skip(str(reason))
    known, estimated = microenvironment.known_fractions(cohort), immune.fractions(cohort, til10=til10)
    found = microenvironment.fraction_agreement(estimated, known)
    assert (found["n"] == 200).all() and (found["r"] > 0.7).all() and len(found) == 11
