"""Immunoscore and its percentiles against an example worked out by hand, and SciPy's ranks. Under 1 s."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lcnec_utils.core.errors import UserError
from lcnec_utils.imaging.immunoscore import immunoscore, percentiles


def test_tied_densities_have_one_percentile_the_middle_of_their_ranks():
    """Of 5, 7, 7, 7, 9 half of 5 lies below 5 (10), one and half of three at 7 (50), four and half of 9 at 9 (90)."""
    assert percentiles(pd.Series([7.0, 5, 7, 9, 7])).tolist() == [50, 10, 50, 90, 50]
    assert percentiles(pd.Series([3.0] * 4)).tolist() == [50] * 4
    assert percentiles(pd.Series([3.0])).tolist() == [50]


def test_percentiles_in_a_reference_distribution_end_at_0_and_100():
    reference = pd.Series([100.0, 200, 200, 400])
    values = pd.Series([50.0, 100, 150, 200, 400, 500, None])
    assert percentiles(values, reference=reference)[:-1].tolist() == [0, 12.5, 25, 50, 87.5, 100]
    assert percentiles(values, reference=reference).isna().tolist() == [False] * 6 + [True]
    for value, mine in zip(values[:-1], percentiles(values, reference=reference), strict=False):
        assert mine == stats.percentileofscore(reference, value, kind="mean")


def test_without_a_reference_percentiles_are_mid_ranks():
    values = pd.Series(np.random.default_rng(1).integers(0, 12, 40).astype(float))
    np.testing.assert_allclose(percentiles(values), 100 * (stats.rankdata(values) - 0.5) / 40, rtol=1e-12)


def test_the_score_is_the_mean_of_the_percentiles_of_both_densities():
    """Five samples, CD3 150 tied in two, CD8 0 in two; E lacks CD8 and counts in no distribution.

    CD3 of A to D: 150, 150, 600, 90 → ranks 2.5, 2.5, 4, 1 → percentiles 50, 50, 87.5, 12.5.
    CD8 of A to D: 0, 0, 300, 40 → ranks 1.5, 1.5, 4, 3 → percentiles 25, 25, 87.5, 62.5.
    """
    cd3 = pd.Series([150.0, 150, 600, 90, 1000], list("ABCDE"))
    cd8 = pd.Series([40.0, 0, 0, 300], list("DABC"))
    score = immunoscore(cd3, cd8)
    assert score.to_dict() == {"A": 37.5, "B": 37.5, "C": 87.5, "D": 37.5}
    reference = pd.DataFrame({"cd3": [100.0, 200.0], "cd8": [10.0, 20.0]})
    assert immunoscore(cd3, cd8, reference=reference).to_dict() == {"A": 25.0, "B": 25.0, "C": 100.0, "D": 50.0}


def test_a_score_at_the_cut_is_low():
    """Of scores 12.5, 37.5, 62.5, 87.5 the 25th percentile (type 7) is 31.25; of five equally spaced it is the second,
    which is then no longer high."""
    scores = immunoscore(pd.Series([1.0, 2, 3, 4]), pd.Series([1.0, 2, 3, 4]))
    assert scores.quantile(0.25) == 31.25 and (scores > scores.quantile(0.25)).tolist() == [False, True, True, True]
    five = immunoscore(pd.Series([1.0, 2, 3, 4, 5]), pd.Series([1.0, 2, 3, 4, 5]))
    assert five.quantile(0.25) == five[1] == 30 and (five > five.quantile(0.25)).sum() == 3


def test_scores_of_impossible_densities_are_refused():
    good = pd.Series([1.0, 2.0], ["A", "B"])
    with pytest.raises(UserError, match="densities cd8, row B: -1 is negative"):
        immunoscore(good, pd.Series([1.0, -1.0], ["A", "B"]))
    with pytest.raises(UserError, match="stands? twice|twice"):
        immunoscore(pd.Series([1.0, 2.0], ["A", "A"]), good)
    with pytest.raises(UserError, match="reference distribution holds no number"):
        immunoscore(good, good, reference=pd.DataFrame({"cd3": [np.nan], "cd8": [1.0]}))
    assert immunoscore(good, pd.Series([1.0], ["C"])).empty
