"""Pairs of organs and single cells as twins: prints met, organs alike where the source says so, seeds. About 15 s."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lcnec_utils.cohort.read import read_study
from lcnec_utils.ledger import claims
from lcnec_utils.omics.cell_markers import cell_markers
from lcnec_utils.twins import build, liver_cells, liver_pairs, studies
from lcnec_utils.twins.targets import laws, stream
from lcnec_utils.twins.transcriptome import symbols

SEEDS = [1, 2, 3]


@pytest.fixture(scope="module")
def made() -> dict:
    return {seed: liver_pairs.liver_pairs(seed) for seed in SEEDS}


def sides(samples: pd.DataFrame, values) -> tuple[pd.Series, pd.Series]:
    """Values of the liver's and the lung's samples by patient."""
    table = samples.assign(value=np.asarray(values, float)).pivot(index="PATIENT_ID", columns="ORGAN", values="value")
    return table["liver"], table["lung"]


@pytest.mark.parametrize("seed", SEEDS)
def test_there_are_the_printed_pairs_and_as_many_taken_together(made, seed):
    samples = made[seed].samples
    assert samples.groupby("PATIENT_ID")["ORGAN"].agg(set).eq({"lung", "liver"}).sum() == 27 and len(samples) == 54
    liver, lung = sides(samples, samples["BIOPSY_MONTHS"])
    assert (liver == lung).sum() == 6 and (np.abs(liver - lung)[liver != lung] >= 2).all()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("column", "printed"), [("N_CD8", "0.036"), ("N_CD56DIM", "0.016")])
def test_stained_fractions_of_all_cells_have_the_printed_p_by_scipys_test(made, seed, column, printed):
    samples = made[seed].samples
    liver, lung = sides(samples, samples[column] / samples["N_CELLS"])
    assert np.median(liver - lung) < 0
    p = stats.wilcoxon(liver - lung, method="exact").pvalue
    assert f"{p:.3f}" == printed and claims.published()["liver.lm_mihc.cd8"].p == "0.036"
    assert (samples[column] <= samples["N_CD45"]).all() and (samples["N_CD45"] <= samples["N_CELLS"]).all()


def test_neither_organ_has_more_mutations_than_the_other():
    """Over 20 seeds: the mean log ratio lies within three standard errors of none, and drivers change as often."""
    logs, gained, lost = [], 0, 0
    for seed in range(20):
        from lcnec_utils.twins.targets import Targets

        rows, counted = liver_pairs._mutations(stream(seed, "test"), Targets("liver_metastases"), 27)
        logs += list(np.log((counted[1::2] + 1) / (counted[0::2] + 1)))
        drivers = rows[rows["pathogenicity"] == "Pathogenic"]
        organs = (
            drivers.assign(pair=drivers["row"] // 2, side=drivers["row"] % 2).groupby(["pair", "gene"])["side"].agg(set)
        )
        lost, gained = lost + (organs == {0}).sum(), gained + (organs == {1}).sum()
    assert abs(np.mean(logs)) < 3 * np.std(logs) / len(logs) ** 0.5
    assert stats.binomtest(int(gained), int(gained + lost)).pvalue > 0.01 and gained + lost > 20


@pytest.mark.parametrize("seed", SEEDS)
def test_expression_is_tpm_of_every_sample(made, seed):
    data = made[seed].expression
    assert list(data.obs_names) == list(made[seed].samples["SAMPLE_ID"]) and list(data.var_names) == symbols()
    assert np.abs(data.X.sum(axis=1, dtype=float) - 1e6).max() < 1 and data.X.min() >= 0 and data.uns["scale"] == "TPM"
    organ = made[seed].samples["ORGAN"].to_numpy()
    assert (data.obs.loc[organ == "lung", "truth_liver_tissue"] == 0).all()
    assert data.obs.loc[organ == "liver", "truth_liver_tissue"].between(0, 0.85).all()
    albumin = pd.Series(np.asarray(data[:, "ALB"].X).ravel(), data.obs_names)
    truth = data.obs["truth_liver_tissue"]
    assert stats.spearmanr(albumin[truth > 0.02], truth[truth > 0.02]).statistic > 0.8


def test_tumours_without_effect_or_tissue_do_not_differ_between_organs():
    """Of 22,948 genes about 5% differ at p < .05."""
    tpm, truth = liver_pairs.expression(stream(1, "alike"), 27, effects={}, tissue=False)
    log2 = np.log2(tpm.astype(float) + 1)
    differences = log2[1::2] - log2[0::2]
    varies = differences.std(axis=0) > 0
    p = stats.ttest_1samp(differences[:, varies], 0).pvalue
    assert 0.02 < (p < 0.05).mean() < 0.10 and (truth == 0).all(axis=None)


def test_every_claim_on_the_pairs_has_an_origin(made):
    table = made[1].targets.table().set_index("claim")["answer"]
    panels = ("lm_genomes", "lm_de", "lm_pathways", "lm_mihc")
    asked = {id for id, claim in claims.published().items() if id.startswith("liver.") and claim.panel in panels}
    assert asked <= set(table.index)
    assert table["liver.lm_mihc.cd8"] == "calibrated" and table["liver.lm_de.cd8a"] == "planted"
    assert table["liver.lm_genomes.tmb"] == "planted" and table["liver.lm_mihc.infiltration.discussion"] == "calibrated"


def test_a_seed_is_a_set_of_pairs_and_another_seed_another(made, tmp_path):
    again = liver_pairs.liver_pairs(1)
    pd.testing.assert_frame_equal(again.samples, made[1].samples)
    pd.testing.assert_frame_equal(again.mutations, made[1].mutations)
    assert (again.expression.X == made[1].expression.X).all()
    assert not again.samples["TMB_NONSYNONYMOUS"].equals(made[2].samples["TMB_NONSYNONYMOUS"])
    cohort = read_study(studies.write(tmp_path / "twin_liver_pairs", made[1], build.TITLES["twin_liver_pairs"], "test"))
    assert cohort.simulated and len(cohort.samples) == 54 and len(cohort.patients) == 27 and not cohort.normals


# ---- cells ----


@pytest.fixture(scope="module")
def cells():
    return liver_cells.liver_cells(1)


def test_the_cells_are_counts_of_six_patients_in_both_organs(cells):
    assert len(cells.table) == 12 and set(cells.table.groupby("patient")["organ"].agg(tuple)) == {("liver", "lung")}
    assert len(cells.files[liver_cells.FILE]) < 5e6
    data = liver_cells.counts(stream(1, "liver cells"), effects={"activation": -0.7, "cytotoxicity": -0.7})
    assert data.n_obs == cells.table["cells"].sum() and data.n_vars == 1300
    assert (data.X.data % 1 == 0).all() and data.X.data.min() > 0
    listed = {gene for genes in cell_markers()["types"].values() for gene in genes}
    assert listed <= set(data.var_names)
    assert 0.02 < data.obs["truth_broken"].mean() < 0.09


def test_markers_are_high_in_their_own_cells_and_effects_are_in_the_liver_alone():
    data = liver_cells.counts(stream(2, "effects"), effects={"cytotoxicity": -3.0})
    share = pd.DataFrame(data.X.toarray() / data.X.sum(axis=1), data.obs_names, data.var_names)
    kind, organ = data.obs["truth_type"], data.obs["organ"]
    for name, markers in liver_cells.MARKED.items():
        genes = cell_markers()["types"][markers]
        assert share[genes].sum(axis=1).groupby(kind).mean().idxmax() == name
    genes = ["GNLY", "GZMH", "FCGR3A"]
    of_nk = share.loc[kind == "NK", genes].sum(axis=1).groupby(organ).mean()
    assert of_nk["liver"] < 0.4 * of_nk["lung"]
    rest = share[
        share.columns.difference([gene for entry in cell_markers()["states"].values() for gene in entry["genes"]])
    ]
    of_b = rest.loc[kind == "B"].groupby(organ).mean()
    assert np.corrcoef(np.log2(of_b.loc["liver"] + 1e-6), np.log2(of_b.loc["lung"] + 1e-6))[0, 1] > 0.95


def test_the_same_seed_gives_the_same_cells_and_another_others(cells):
    digests = [hashlib.sha256(liver_cells.liver_cells(seed).table.to_csv().encode()).hexdigest() for seed in (1, 2)]
    assert hashlib.sha256(cells.table.to_csv().encode()).hexdigest() == digests[0] != digests[1]
    table = cells.targets.table().set_index("claim")["answer"]
    assert {id for id in claims.published() if id.startswith("liver.lm_sc.")} <= set(table[table == "planted"].index)


def test_the_laws_name_genes_that_are_simulated():
    law = laws()["assumed"]["liver_pairs"]
    assert {*law["hepatocyte"]["genes"], *law["pneumocyte"]["genes"]} <= set(symbols())
    tissue = {gene for entry in cell_markers()["tissues"].values() for gene in entry["genes"]}
    assert len({*law["hepatocyte"]["genes"]} - tissue) > 20, "the analysis does not know every gene of the tissue"
