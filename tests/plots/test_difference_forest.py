"""Differences as dots with intervals: what is filled, what has no difference, and whether the words can be read."""

import matplotlib

matplotlib.use("agg")

import matplotlib.colors
import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import MissingData
from lcnec_utils.plots import palette
from lcnec_utils.plots.difference_forest import difference_forest
from tests.plots.readable import assert_readable

NAN = float("nan")
ROWS = [
    ("Interferon-gamma and tertiary lymphoid structures score", 0.58, 0.39, 0.78, 0.0004, ""),
    ("DLL3", -0.12, -0.33, 0.09, 0.38, ""),
    ("AXL", NAN, NAN, NAN, NAN, "nobody tested"),
]
COLUMNS = ["what", "difference", "lower", "upper", "p_adjusted", "note"]


@pytest.fixture
def drawn():
    palette.apply()
    fig, ax = palette.figure(120, 40)
    rows = pd.DataFrame(ROWS, columns=COLUMNS)
    difference_forest(rows, ax, xlabel="Difference, SD", left="higher in low", right="higher in high", title="A cohort")
    yield fig, ax
    matplotlib.pyplot.close(fig)


def test_a_row_shows_its_difference_its_interval_and_its_p_or_why_there_is_none(drawn):
    fig, ax = drawn
    said = {text.get_text() for text in ax.texts}
    assert {"0.58 (0.39 to 0.78)", "p = 0.0004", "−0.12 (−0.33 to 0.09)", "p = 0.38", "nobody tested"} <= said
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [dot.get_xdata()[0] for dot in dots] == [0.58, -0.12]
    # filled where the adjusted p is below the false discovery rate
    assert [matplotlib.colors.to_hex(dot.get_markerfacecolor()) == "#ffffff" for dot in dots] == [False, True]
    intervals = [list(line.get_xdata()) for line in ax.lines if len(set(line.get_xdata())) == 2]
    assert [0.39, 0.78] in intervals and [-0.33, 0.09] in intervals
    low, high = ax.get_xlim()
    assert low == -high and high > 0.78  # no difference stands in the middle
    styles = {label.get_text().replace("\n", " "): label.get_style() for label in ax.get_yticklabels()}
    assert styles["DLL3"] == "italic" and styles[ROWS[0][0]] == "normal"


def test_rows_with_long_names_can_be_read(drawn):
    assert_readable(drawn[0])


def test_without_any_difference_it_is_a_stated_skip_and_beside_another_plot_it_says_why():
    palette.apply()
    none = pd.DataFrame([ROWS[2]], columns=COLUMNS)
    _, ax = palette.figure()
    with pytest.raises(MissingData, match=r"no difference is known of AXL \(nobody tested\)"):
        difference_forest(none, ax, xlabel="Difference, SD")
    fig, (upper, lower) = palette.figure(120, 80, nrows=2)
    difference_forest(pd.DataFrame(ROWS, columns=COLUMNS), upper, xlabel="Difference, SD")
    difference_forest(none, lower, xlabel="Difference, SD")
    assert "No difference is known of AXL (nobody tested)." in " ".join(text.get_text() for text in lower.texts)
    assert_readable(fig)
    assert np.isfinite(fig.get_size_inches()).all()
