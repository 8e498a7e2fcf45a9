"""Lymphoma without CAR T cells, on the real files: scores of cells, Immunosign's stand-in, cell of origin and survival,
each against a second computation from the source's own tables. Costs about four seconds."""

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from lifelines.statistics import multivariate_logrank_test
from scipy import stats

from lcnec_utils.cohort.read import read_study
from lcnec_utils.core.errors import MissingData
from lcnec_utils.ledger import claims
from lcnec_utils.public import dlbcl
from lcnec_utils.studies.car_t import associations, car_levels, immune_scores, untreated
from lcnec_utils.studies.car_t.populations import CYTOTOXIC, MACROPHAGES, MONOCYTES, T_CELLS

CD8 = ["cd8_eff", "cd8_mem"]
T = [*CD8, "th1_rest", "th1_act", "th2_rest", "th2_act", "cd4_mem_rest", "cd4_mem_act", "treg", "tfh"]
MACROPHAGE = [f"mac_{number}" for number in range(1, 8)]
SETS = ["gs_mskcc_cytolyticeffector_gs", "gs_italy_checkpoint_gs", "gs_thor_chemokine12_score",
        "gs_mskcc_type2ifn_response_gs"]  # fmt: skip


@pytest.fixture(scope="module")
def nci(public_cohort):
    return read_study(public_cohort("dlbcl_nci"))


@pytest.fixture(scope="module")
def duke(public_cohort):
    return read_study(public_cohort("dlbcl_duke"))


@pytest.fixture(scope="module")
def raw(data_dir) -> pd.DataFrame:
    """The source's table of NCI with scores of cells and gene sets, of biopsies before treatment."""
    import pyreadr

    table = next(iter(pyreadr.read_r(str(data_dir / "dlbcl_landscape" / dlbcl.SCORES)).values()))
    return table[table["Biopsy Type"] == "Pre-treatment"].set_index("sample_id")


def test_sums_of_scores_are_those_of_the_sources_table(nci, raw):
    for population, kinds in ((T_CELLS, T), (CYTOTOXIC, CD8), (MACROPHAGES, MACROPHAGE)):
        scores, measured = untreated.cells(nci, "TCE", population)
        assert measured == "CIBERSORTx score" and len(scores) == 461
        np.testing.assert_allclose(scores, raw[kinds].sum(axis=1).reindex(scores.index), rtol=1e-5)


def test_relapses_of_nci_are_no_biopsies_before_treatment(nci):
    assert nci.samples["BIOPSY_TIME"].value_counts().to_dict() == {"baseline": 461, "relapse": 20}
    relapsed = nci.samples.index[nci.samples["BIOPSY_TIME"] == "relapse"]
    assert not set(relapsed) & set(untreated.cells(nci, "TCE", T_CELLS)[0].index)


def test_monocytes_have_no_score_and_a_stained_cohort_gets_none(nci, duke):
    with pytest.raises(MissingData, match="neither densities nor scores"):
        untreated.cells(nci, "SC", MONOCYTES)
    density = pd.DataFrame({"sample": [duke.samples.index[0]], "assay": "TL", "population": "CD3+", "per_mm2": 9.0})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duke, "densities", density)
        values, measured = untreated.cells(duke, "TL", T_CELLS)
        assert (measured, values.tolist()) == ("density", [9.0])
        with pytest.raises(MissingData, match="has no density"):
            untreated.cells(duke, "TCE", CYTOTOXIC)


def test_immunosigns_stand_in_goes_with_macrophages_and_cd8_cells_in_untreated_patients(nci, raw):
    """The direction that the source prints of its own naive set; the same correlations by scipy from the raw table."""
    sets = associations.baseline_sets({"car_t_naive": nci}, genes=[])
    table = associations.immunosign_correlations(sets, min_group=5).set_index("what")
    sign = raw[SETS].apply(stats.zscore, ddof=1).mean(axis=1)
    for what, kinds in (("Macrophages", MACROPHAGE), ("Cytotoxic T cells", CD8), ("CD3+ T cells", T)):
        rho = stats.spearmanr(sign, raw[kinds].sum(axis=1)).statistic
        row = table.loc[what]
        assert row["rho"] == pytest.approx(rho, abs=1e-6) and row["n"] == 461
        assert row["measured"] == "CIBERSORTx score" and row["lower"] > 0
    assert table.loc["Mononuclear cells", "measured"] == "not measured"
    answers = associations.correlation_findings(associations.immunosign_correlations(sets, min_group=5), sets)
    assert set(answers) == {"car_t_naive"}
    assert all(f"zuma1.z1_immunosign_corr.{tail}" in claims.published() for tail in answers["car_t_naive"])


def test_duke_has_no_gene_sets_and_so_no_immunosign(duke):
    with pytest.raises(MissingData, match="scores that stand for Immunosign"):
        associations.baseline_sets({"car_t_naive": duke}, genes=[])


@pytest.mark.parametrize("name", ["nci", "duke"])
def test_scores_by_cell_of_origin_are_shifts_of_the_rank_sum(name, request):
    cohort = request.getfixturevalue(name)
    scores = immune_scores.scores(cohort, genes=[])
    of = car_levels.scores_by_origin(cohort, scores, min_group=5)
    origin = cohort.column("CELL_OF_ORIGIN", "cell of origin")
    for score, row in of.tests.set_index("what").iterrows():
        values = scores.known.values[score].dropna()
        abc = origin.reindex(values.index) == "ABC"
        assert row["n"] == len(values)
        assert row["p"] == pytest.approx(
            stats.mannwhitneyu(values[abc], values[~abc], method="asymptotic").pvalue, rel=1e-6
        )
        shift = np.median(np.subtract.outer(values[abc].to_numpy(), values[~abc].to_numpy()))
        assert row["value"] == pytest.approx(shift, abs=1e-9)


@pytest.mark.parametrize(("name", "n", "deaths"), [("nci", 234, 98), ("duke", 689, 227)])
def test_survival_by_cell_of_origin_is_lifelines_own_and_answers_no_claim(name, n, deaths, request):
    cohort = request.getfixturevalue(name)
    groups, treatment = untreated.survival_by_origin(cohort, min_group=5)
    assert (int(groups.medians["n"].sum()), int(groups.medians["events"].sum())) == (n, deaths)
    table = cohort.survival("OS").join(cohort.column("CELL_OF_ORIGIN", "cell of origin")).dropna()
    test = multivariate_logrank_test(table["months"], table["CELL_OF_ORIGIN"], table["event"])
    assert groups.log_rank.p == pytest.approx(test.p_value, rel=1e-6)
    columns = pd.get_dummies(table["CELL_OF_ORIGIN"]).drop(columns="GCB").astype(float)
    fitted = CoxPHFitter().fit(columns.join(table[["months", "event"]]), "months", "event").hazard_ratios_
    for row in groups.ratios.itertuples():
        assert row.hr == pytest.approx(fitted[row.group], rel=1e-4)
    said = untreated.origin_sentence(groups, treatment)
    assert "no CAR T cells" in said and "is not put to these patients" in said
    # where the run has CAR T recipients the claim is theirs
    assert untreated.origin_findings("twin_car_t") == {}
    (finding,) = untreated.origin_findings("")["coo_os.discussion"]
    assert finding.value is None and "recipients of CAR T cells" in finding.note


@pytest.mark.parametrize("name", ["nci", "duke"])
def test_what_the_scores_stand_for_and_the_treatment_are_caveats_of_the_study(name, request):
    caveats = request.getfixturevalue(name).caveats
    assert "no CAR T" in caveats["treatment"] and "stand for the densities" in caveats["definition"]
