"""Spearman's rank correlation: a worked example, limits that hold as often as they say, refusals. About 3 s."""

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import UserError
from lcnec_utils.stats.correlation import rank_correlation

# the worked example of textbooks: intelligence quotient and hours of television a week, ρ = −29/165
IQ = pd.Series([106, 100, 86, 101, 99, 103, 97, 113, 112, 110])
HOURS = pd.Series([7, 27, 2, 50, 28, 29, 20, 12, 6, 17])


def test_the_textbook_example_has_rho_of_minus_29_of_165():
    finding = rank_correlation(IQ, HOURS, what="IQ and television")
    assert finding.value == pytest.approx(-29 / 165, abs=1e-12) and finding.n == 10
    assert finding.p == pytest.approx(0.627188, abs=1e-6), "R: cor.test(iq, hours, method = 'spearman', exact = FALSE)"
    assert finding.lower < finding.lower_90 < finding.value < finding.upper_90 < finding.upper


@pytest.mark.parametrize("pearson", [0.0, 0.5])
def test_the_limits_hold_the_true_correlation_in_95_of_100_samples(pearson):
    """The truth of a bivariate normal is 6/π arcsin(r/2)."""
    truth, rng, n, times = 6 / np.pi * np.arcsin(pearson / 2), np.random.default_rng(20240711), 60, 500
    held = 0
    for _ in range(times):
        one, noise = rng.standard_normal((2, n))
        other = pearson * one + np.sqrt(1 - pearson**2) * noise
        finding = rank_correlation(pd.Series(one), pd.Series(other), what="x")
        held += finding.lower <= truth <= finding.upper
    assert 0.925 <= held / times <= 0.975, held / times


def test_ranks_alone_count_and_whoever_lacks_either_is_left_out():
    one = pd.Series([1.0, 2, 3, 4, 5, np.nan, 7])
    other = pd.Series([1.0, 8, 27, 64, 125, 216, np.nan])
    finding = rank_correlation(one, other, what="x and its cube")
    assert (finding.value, finding.lower, finding.n) == (1.0, 1.0, 5)
    assert rank_correlation(one, -other, what="x").value == -1.0


def test_too_few_and_what_does_not_vary_have_no_correlation():
    few = rank_correlation(IQ[:4], HOURS[:4], what="IQ and television", min_group=5)
    assert few.value is None and few.note == "IQ and television: both are known of 4, and a correlation needs 5"
    still = rank_correlation(IQ, pd.Series(1.0, IQ.index), what="IQ and a constant")
    assert still.value is None and "one of the two does not vary" in still.note
    with pytest.raises(UserError):
        rank_correlation(IQ.set_axis([0] * 10), HOURS, what="x")
