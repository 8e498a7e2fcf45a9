"""The hazard ratio over every cut-off: what is drawn, where it is cut, and whether the words can be read."""

import matplotlib

matplotlib.use("agg")

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import MissingData
from lcnec_utils.plots import palette
from lcnec_utils.plots.forest import forest
from lcnec_utils.plots.hazard_sweep import LIMITS, hazard_sweep
from tests.plots.readable import assert_readable

COLUMNS = ["endpoint", "cut_off", "hr", "lower", "upper", "n"]
ROWS = [("OS", cut, 1.2 - cut / 40, 0.8 - cut / 50, 1.9, 538) for cut in range(1, 31)]
ROWS += [("PFS", cut, 0.9, 0.01, 90.0, 530) for cut in range(1, 21)] + [("PFS", 21, np.nan, np.nan, np.nan, 530)]


@pytest.fixture
def drawn():
    palette.apply()
    fig, ax = palette.figure(palette.COLUMN_MM, 60)
    cuts = {10.0: "≥ 10", 19.0: "> 19"}
    hazard_sweep(pd.DataFrame(ROWS, columns=COLUMNS), ax, cuts=cuts, xlabel="Cut-off, mutations per Mb", title="TMB")
    yield fig, ax
    matplotlib.pyplot.close(fig)


def test_a_curve_per_endpoint_with_its_patients_and_the_cut_offs_in_use(drawn):
    fig, ax = drawn
    curves = {line.get_label(): line for line in ax.lines if line.get_marker() == "o"}
    assert list(curves) == ["OS (n = 538)", "PFS (n = 530)"]
    np.testing.assert_allclose(curves["OS (n = 538)"].get_ydata(), [row[2] for row in ROWS[:30]])
    assert len(curves["PFS (n = 530)"].get_xdata()) == 20, "a cut-off without a ratio is no point"
    assert {text.get_text().strip() for text in ax.texts} == {"≥ 10", "> 19"}
    assert_readable(fig)


def test_limits_far_out_do_not_flatten_the_curves(drawn):
    _, ax = drawn
    assert ax.get_yscale() == "log" and ax.get_ylim() == pytest.approx(LIMITS)


def test_no_cut_off_with_a_ratio_is_a_stated_skip():
    _, ax = palette.figure()
    with pytest.raises(MissingData, match="no cut-off has enough patients on both sides"):
        hazard_sweep(pd.DataFrame(columns=COLUMNS), ax, cuts={}, xlabel="")


def test_a_forest_of_interactions_says_that_its_ratios_are_of_hazard_ratios():
    fig, ax = palette.figure(palette.PAGE_MM, 40)
    row = {"term": "EGFR mutated", "counts": "n = 713", "hr": 1.7, "lower": 0.96, "upper": 3.1, "p": 0.07, "note": ""}
    forest(pd.DataFrame([row]), ax, left="more effect", right="less effect", ratio="Ratio of hazard ratios")
    assert "Ratio of hazard ratios (95% CI)" in ax.get_xlabel()
    assert_readable(fig)
