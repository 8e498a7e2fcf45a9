"""Ratios against means with the limits of agreement that were computed. Under 1 s."""

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import MissingData
from lcnec_utils.plots import palette
from lcnec_utils.plots.limits_of_agreement import limits_of_agreement
from lcnec_utils.stats import agreement

WORDS = {"xlabel": "mean", "ylabel": "ratio"}


def drawn(one: pd.Series, other: pd.Series, **how):
    limits = agreement.limits_of_agreement(one, other, **how)
    _, ax = palette.figure(60, 60)
    return limits_of_agreement(one, other, limits, ax, title="CD3+", **WORDS), limits


def test_dots_are_ratios_against_geometric_means_and_zeros_are_not_drawn():
    one, other = pd.Series([10.0, 20, 40, 0]), pd.Series([5.0, 20, 10, 3])
    ax, limits = drawn(one, other, ratio=True)
    dots = ax.collections[-1].get_offsets().data
    np.testing.assert_allclose(dots, [[np.sqrt(50), 2], [20, 1], [20, 4]])
    assert ax.get_xscale() == ax.get_yscale() == "log" and "CD3+ (n = 3)" in (ax.get_title(), ax.get_title(loc="left"))
    heights = sorted({float(np.ravel(line.get_ydata())[0]) for line in ax.lines})
    assert heights == pytest.approx(sorted([1.0, limits.lower, limits.bias, limits.upper]))
    assert 2 <= len(ax.get_yticks()) <= 9


def test_dots_are_differences_where_limits_are_of_differences():
    ax, _ = drawn(pd.Series([1.0, 2, 4, 5]), pd.Series([0.0, 2, 2, 6]))
    assert ax.collections[-1].get_offsets().data.tolist() == [[0.5, 1], [2, 0], [3, 2], [5.5, -1]]


def test_too_few_samples_are_no_figure():
    with pytest.raises(MissingData, match="2 samples have both measurements"):
        drawn(pd.Series([1.0, 2]), pd.Series([1.0, 2]), ratio=True)
