"""Immortal-time bias of a covariate without effect, in 500 simulated draws. Costs about two seconds."""

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core import paths
from lcnec_utils.core.errors import UserError
from lcnec_utils.core.units import DAYS_PER_MONTH
from lcnec_utils.stats import cox, immortal_time, landmark
from tests.stats.survival_tables import same

MODEL = ["coefficient", "se", "hr", "lower", "upper", "p"]
KNOWN, LANDMARK, VARYING = immortal_time.ANALYSES


@pytest.mark.parametrize("day", [14, 30])
def test_models_of_all_draws_at_once_are_the_cox_models_of_each_draw(day):
    """Against coxph's equals: stats.cox from a landmark, lifelines' time-varying fitter on start–stop rows."""
    drawn = immortal_time.simulate(day=day, draws=4, patients=60, seed=3).set_index(["analysis", "draw"])
    for draw, (months, event, feature) in enumerate(zip(*immortal_time.draw_patients(4, 60, seed=3), strict=True)):
        survival = pd.DataFrame({"months": months, "event": event})
        seen = np.isfinite(feature)
        biopsies = pd.DataFrame(
            {"patient": np.flatnonzero(seen), "day": feature[seen] * DAYS_PER_MONTH, "covariate": "dense", "value": 1}
        )
        none_before = {"dense": 0}
        kept = landmark.landmark(survival, day, biopsies, before=none_before)
        rows = landmark.start_stop(survival, biopsies, before=none_before)
        fitted = {
            KNOWN: cox.cox(survival.assign(dense=seen), covariates=["dense"]),
            LANDMARK: cox.cox(kept, covariates=["dense"]),
            VARYING: landmark.time_varying_cox(rows, covariates=["dense"]),
        }
        for analysis, model in fitted.items():
            same(drawn.loc[(analysis, draw), MODEL].astype(float), model.iloc[0][MODEL].astype(float), 1e-6)
        assert drawn.loc[(LANDMARK, draw), "n"] == len(kept)
        assert drawn.loc[(LANDMARK, draw), "with_feature"] == kept["dense"].sum()


@pytest.mark.parametrize(("day", "seed"), [(14, 1), (30, 1), (30, 20)])
def test_only_the_naive_hazard_ratio_of_a_covariate_without_effect_is_biased(day, seed):
    """The truth is 1. As if known at infusion it looks protective; at a landmark and as time-varying it does not."""
    table = immortal_time.simulate(day=day, draws=500, seed=seed)
    found = immortal_time.coverage(table).set_index("analysis")
    assert set(found["draws"]) == {500} and table["hr"].notna().all()
    assert found.loc[KNOWN, "hr"] < 0.8 and found.loc[KNOWN, "coverage"] < 70
    for analysis in (LANDMARK, VARYING):
        assert 93 <= found.loc[analysis, "coverage"] <= 97
        assert found.loc[analysis, "hr"] == pytest.approx(1, abs=0.03)


def test_the_bias_grows_with_the_time_that_one_must_survive_to_be_measured():
    ratios = [
        immortal_time.coverage(immortal_time.simulate(day=30, draws=100, mean_day=mean_day)).set_index("analysis")["hr"]
        for mean_day in (10, 60, 180)
    ]
    assert ratios[0][KNOWN] > ratios[1][KNOWN] > ratios[2][KNOWN]
    assert all(each[VARYING] == pytest.approx(1, abs=0.1) for each in ratios)


def test_of_draws_the_same_seed_gives_the_same_and_another_gives_others():
    one, again, other = (immortal_time.simulate(day=30, draws=3, seed=seed) for seed in (5, 5, 6))
    pd.testing.assert_frame_equal(one, again)
    assert not one["hr"].equals(other["hr"])


def test_tied_events_no_draws_and_no_contrast_are_refused_or_missing():
    times, died = np.array([[1.0, 2.0, 2.0, 4.0]]), np.array([[True, True, True, True]])
    with pytest.raises(UserError, match="two events of a draw at one time"):
        immortal_time.hazard_ratios(times, died, np.array([[0, np.inf, 0, np.inf]]))
    with pytest.raises(UserError, match="1 or more, not 0 and 20"):
        immortal_time.draw_patients(0, 20, seed=1)
    apart = np.array([[1.0, 2.0, 3.0, 4.0]])
    for since in ([[np.inf] * 4], [[0, 0, np.inf, np.inf]]):
        assert immortal_time.hazard_ratios(apart, died, np.array(since))["hr"].isna().all()


def test_the_docs_print_the_ratio_and_the_coverages_that_the_simulation_gives():
    found = immortal_time.coverage(immortal_time.simulate(day=30, draws=500, seed=1)).set_index("analysis")
    text = " ".join((paths.ROOT / "docs" / "statistics.md").read_text().split())
    assert f"has a hazard ratio of {found.loc[KNOWN, 'hr']:.2f} if it is taken as known" in text
    assert f"covers 1 in {found.loc[KNOWN, 'coverage']:.0f}% of draws" in text
    assert f"on day 30 in {found.loc[LANDMARK, 'coverage']:.1f}%, as time-varying in" in text
    assert f"as time-varying in {found.loc[VARYING, 'coverage']:.1f}%" in text
