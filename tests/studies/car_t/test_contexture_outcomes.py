"""Contexture against response and survival: second implementations, planted cases, odd groups. About 6 s."""

import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import pytest
from lifelines import CoxPHFitter
from lifelines.statistics import logrank_test
from scipy import stats

from lcnec_utils.cohort import assays
from lcnec_utils.core.errors import MissingData
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.studies.car_t import contexture_outcomes, immune_scores, outcome_figures
from lcnec_utils.studies.car_t.contexture_outcomes import HIGH_BURDEN_SPARSE, LOW_BURDEN_DENSE
from lcnec_utils.studies.car_t.immune_scores import IMMUNOSCORE, IMMUNOSIGN, Scores
from lcnec_utils.studies.car_t.patients import gathered
from tests.studies.car_t.made_up_recipients import recipients

CUTS = {"score_percentile": 25.0, "sign_percentile": 25.0}


@pytest.fixture(scope="module")
def cohort():
    return recipients()


@pytest.fixture(scope="module")
def of(cohort):
    return contexture_outcomes.score_survival(cohort, with_sign(cohort), min_group=5, **CUTS)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def with_sign(cohort) -> Scores:
    """Immunoscore of the cohort's cells, and a second score that follows the same T cells."""
    scores = immune_scores.scores(cohort, genes=[])
    rng = np.random.default_rng(9)
    sign = scores.known.values[IMMUNOSCORE] / 30 + rng.normal(0, 0.6, len(cohort.patients))
    known = gathered(cohort, {IMMUNOSCORE: lambda: scores.known.values[IMMUNOSCORE], IMMUNOSIGN: lambda: sign})
    return Scores(known, scores.made_of | {IMMUNOSIGN: "made up"})


def models_of(cohort, of, **more):
    settings = {"burden_quantile": 0.5, "burden_term": "high or low", "min_group": 5} | more
    return contexture_outcomes.survival_models(cohort, of, **settings)


def test_immunoscore_is_of_cd3_and_cd8_densities_of_fixed_tissue_before_infusion(cohort):
    scores = immune_scores.scores(cohort, genes=[])
    samples = [f"{patient}-baseline" for patient in cohort.patients.index]
    cells = [assays.density(cohort, "TL", name).reindex(samples) for name in ("CD3+", "CD3+ CD8+")]
    expected = sum(100 * (stats.rankdata(values) - 0.5) / len(values) for values in cells) / 2
    np.testing.assert_allclose(scores.known.values[IMMUNOSCORE], expected, rtol=1e-12)
    assert scores.names == [IMMUNOSCORE] and "neither a panel" in scores.known.lacking[IMMUNOSIGN]


# --- ten pairs


def test_the_corners_are_the_medians_of_all_patients_and_the_counts_are_of_the_pairs(cohort):
    pairs = contexture_outcomes.t_cells_and_burden(cohort, burden_quantile=0.5, density_quantile=0.5)
    assert len(pairs.pairs) == 20
    helper = assays.density(cohort, "TCE", "CD3+ CD8- FOXP3-")
    before = helper[[f"{patient}-baseline" for patient in cohort.patients.index]].to_numpy()
    burden = cohort.patients["TUMOR_BURDEN_MM2"].to_numpy()
    complete = (cohort.patients["BEST_RESPONSE"] == "CR").to_numpy()
    paired = np.arange(len(burden)) < 20
    few, many = before <= np.median(before), before > np.median(before)
    high = burden > np.median(burden)
    answers = contexture_outcomes.pair_findings(pairs)
    corner = paired & high & few
    [missed] = answers["high_burden_low_density.no_cr"]
    assert (missed.events, missed.n) == (int((corner & ~complete).sum()), int(corner.sum()))
    assert answers["high_burden.cr"][0].value == (paired & high & complete).sum()
    dense = paired & ~high & many
    [difference] = answers["low_burden_high_th.cr"]
    assert difference.value == pytest.approx(complete[dense].mean() - complete[corner].mean())
    [everyone] = answers["low_burden_high_t.cr.discussion"]
    assert everyone.n == 40  # asked of all with a biopsy before infusion, not of the pairs


def test_densities_after_follow_those_before_where_that_is_put_in(cohort):
    pairs = contexture_outcomes.t_cells_and_burden(cohort, burden_quantile=0.5, density_quantile=0.5)
    [finding] = contexture_outcomes.pair_findings(pairs)["post_reflects_pre"]
    assert finding.lower > 0 and finding.n == 20
    table = contexture_outcomes.pair_table(pairs)
    assert len(table) == 20 and set(table["corner"].cat.categories) >= {LOW_BURDEN_DENSE, HIGH_BURDEN_SPARSE}
    assert "P0" not in table.to_csv()  # no patient's name
    assert "20 pairs" in contexture_outcomes.pair_sentence(pairs)


def test_without_an_early_biopsy_or_a_burden_there_is_no_panel(cohort):
    with pytest.raises(MissingData, match="at early"):
        contexture_outcomes.t_cells_and_burden(recipients(early=0), burden_quantile=0.5, density_quantile=0.5)
    poor = dataclasses.replace(cohort, patients=cohort.patients.drop(columns="TUMOR_BURDEN_MM2"))
    with pytest.raises(MissingData, match="TUMOR_BURDEN_MM2"):
        contexture_outcomes.t_cells_and_burden(poor, burden_quantile=0.5, density_quantile=0.5)


def test_a_patient_without_a_stained_biopsy_is_not_counted_among_those_with_few_t_cells(cohort):
    """Ten of forty lack one: high burden does not make "low burden and many T cells" known to be false."""
    people = [f"P{i:02}-baseline" for i in range(25, 35)]
    stained = {name: getattr(cohort, name)[~getattr(cohort, name)["sample"].isin(people)] for name in
               ("densities", "positivity")}  # fmt: skip
    of = contexture_outcomes.t_cells_and_burden(
        dataclasses.replace(cohort, **stained), burden_quantile=0.5, density_quantile=0.5
    )
    [finding] = contexture_outcomes.pair_findings(of)["low_burden_high_t.cr.discussion"]
    assert finding.n == 30
    values = of.everyone.values.dropna(subset=["t_cells_pre"])
    many = (values["t_cells_pre"] > values["t_cells_pre"].median()).to_numpy()
    low = (values["burden"] <= cohort.patients["TUMOR_BURDEN_MM2"].median()).to_numpy()
    complete = (cohort.patients.loc[values.index, "BEST_RESPONSE"] == "CR").to_numpy()
    assert finding.value == pytest.approx(complete[many & low].mean() - complete[~(many & low)].mean())


# --- survival


def test_high_is_above_the_percentile_and_the_log_rank_test_is_lifelines(cohort, of):
    score = of.known.values[IMMUNOSCORE]
    high = score > np.percentile(score, 25)
    assert (of.groups[IMMUNOSCORE] == "high").sum() == high.sum()
    table = cohort.survival("OS")
    test = logrank_test(table.loc[high, "months"], table.loc[~high, "months"], table.loc[high, "event"],
                        table.loc[~high, "event"])  # fmt: skip
    [finding] = contexture_outcomes.survival_findings(of, 25.0)["immunoscore"]
    assert finding.p == pytest.approx(test.p_value, rel=1e-9)
    fitted = CoxPHFitter().fit(table.assign(high=high.astype(float)), "months", "event")
    assert finding.value == pytest.approx(1 / fitted.hazard_ratios_["high"], rel=1e-5)
    assert finding.smallest == min(high.sum(), (~high).sum())


@pytest.mark.parametrize(("sign", "answer"), [(1, "compatible"), (-1, "contradicted")])
def test_longer_survival_with_a_high_score_answers_the_printed_claim_in_its_direction(cohort, sign, answer):
    """A score that is log survival with noise, and its reverse."""
    noise = np.random.default_rng(3).normal(0, 0.5, len(cohort.patients))
    score = sign * (np.log(cohort.patients["OS_MONTHS"]) + noise)
    names = (IMMUNOSCORE, IMMUNOSIGN)
    scores = Scores(gathered(cohort, {name: score.copy for name in names}), dict.fromkeys(names, "made up"))
    of = contexture_outcomes.score_survival(cohort, scores, min_group=5, **CUTS)
    [finding] = contexture_outcomes.survival_findings(of, 25.0)["immunoscore"]
    assert (finding.value > 1) == (sign > 0)
    assert verdicts.verdict(claims.published()["zuma1.z1_os.immunoscore"], [finding])[0] == answer


def test_every_claim_of_these_panels_is_answered_or_declined_with_a_reason(cohort, of):
    pairs = contexture_outcomes.t_cells_and_burden(cohort, burden_quantile=0.5, density_quantile=0.5)
    answers = {
        "z1_tcell_tb": contexture_outcomes.pair_findings(pairs),
        "z1_os": contexture_outcomes.survival_findings(of, 25.0),
        "z1_forest": contexture_outcomes.model_findings(models_of(cohort, of)),
    }  # fmt: skip
    for panel, found in answers.items():
        asked = {claim.id for claim in claims.published().values() if claim.panel == panel and claim.source == "zuma1"}
        assert {f"zuma1.{panel}.{tail}" for tail in found} == asked
        for tail, findings in found.items():
            claim = claims.published()[f"zuma1.{panel}.{tail}"]
            word, reason = verdicts.verdict(claim, findings)
            assert word in verdicts.ANSWERS, (claim.id, reason)


def test_the_survival_models_are_lifelines_with_the_same_terms(cohort, of):
    models = models_of(cohort, of)
    burden = cohort.patients["TUMOR_BURDEN_MM2"]
    design = cohort.survival("OS").assign(
        high=(of.groups[IMMUNOSCORE] == "high").astype(float), burden=(burden > burden.median()).astype(float),
        abc=(cohort.patients["CELL_OF_ORIGIN"] == "ABC").astype(float), ipi=cohort.patients["IPI"],
    )  # fmt: skip
    fitted = CoxPHFitter().fit(design, "months", "event", fit_options={"precision": 1e-12})
    rows = models.table[models.table["model"] == f"With {IMMUNOSCORE}"]
    np.testing.assert_allclose(rows["hr"], fitted.hazard_ratios_[["high", "burden", "abc", "ipi"]], rtol=1e-5)
    assert rows["n"].tolist() == [40] * 4 and rows["events"].nunique() == 1
    assert "events per term" in contexture_outcomes.model_sentence(models)
    assert "not independent" in contexture_outcomes.model_sentence(models)


def test_the_car_t_peak_is_no_covariate_of_any_model(cohort, of):
    for term in ("high or low", "per doubling"):
        models = models_of(cohort, of, burden_term=term)
        assert not models.table["term"].str.contains("CAR").any()
    doubling = models.table[models.table["term"] == "Burden, per doubling"]
    assert len(doubling) == 4  # with either score, with both, alone


def test_of_a_cohort_with_survival_and_cell_of_origin_alone_the_rest_is_declined(cohort):
    samples = cohort.samples.assign(CIBERSORTX_CD8_EFF=np.arange(len(cohort.samples), dtype=float))
    for name in (*immune_scores.CD8_CELLS[1:], *immune_scores.OTHER_T_CELLS):
        samples[immune_scores.CELLS.format(name)] = 1.0
    bare = dataclasses.replace(
        cohort, patients=cohort.patients[["OS_MONTHS", "OS_STATUS", "CELL_OF_ORIGIN"]], samples=samples, densities=None,
        positivity=None,
    )  # fmt: skip
    scores = immune_scores.scores(bare, genes=[])
    assert "in place of densities" in scores.made_of[IMMUNOSCORE]
    of = contexture_outcomes.score_survival(bare, scores, min_group=5, **CUTS)
    answers = contexture_outcomes.model_findings(models_of(bare, of))
    assert answers["coo_os.discussion"][0].value > 0
    assert "TUMOR_BURDEN_MM2" in answers["tumor_burden.with_immunoscore"][0].note
    outcome_figures.survival_by_score(of, title="bare", time_zero="infusion", dots=False)


def test_one_patient_with_abc_gives_no_hazard_ratio_of_it(cohort, of):
    one = cohort.patients.assign(CELL_OF_ORIGIN=["ABC"] + ["GCB"] * (len(cohort.patients) - 1))
    lonely = dataclasses.replace(cohort, patients=one)
    of = contexture_outcomes.score_survival(lonely, with_sign(lonely), min_group=5, **CUTS)
    [finding] = contexture_outcomes.model_findings(models_of(lonely, of))["coo_os.discussion"]
    assert finding.value is None and "fewer than 5" in finding.note


def test_a_cohort_without_scores_says_which_it_lacks(cohort):
    bare = dataclasses.replace(cohort, densities=None, positivity=None)
    with pytest.raises(MissingData, match="no stained cells"):
        contexture_outcomes.score_survival(bare, immune_scores.scores(bare, genes=[]), min_group=5, **CUTS)


def test_the_figures_say_n_and_events_and_a_real_cohort_has_no_dots(cohort, of):
    pairs = contexture_outcomes.t_cells_and_burden(cohort, burden_quantile=0.5, density_quantile=0.5)
    fig = outcome_figures.pairs(pairs, title="made up")
    assert "(n = " in fig.axes[0].get_legend().get_texts()[0].get_text()
    fig = outcome_figures.survival_forest(of, models_of(cohort, of), title="made up", dots=True)
    assert any("events)" in text.get_text() for text in fig.axes[0].texts)
    without = outcome_figures.survival_forest(of, models_of(cohort, of), title="made up", dots=False)
    assert len(without.axes) == len(fig.axes) - 2
    fig = outcome_figures.survival_by_score(of, title="made up", time_zero="infusion", dots=False)
    assert not any(len(drawn.get_offsets()) > 1 for drawn in fig.axes[0].collections if hasattr(drawn, "get_offsets"))
