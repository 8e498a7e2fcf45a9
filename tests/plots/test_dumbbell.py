"""Dumbbells, strips and matrices of printed figures: what is drawn where, what is not, and whether it can be read.

About 3 s.
"""

import matplotlib

matplotlib.use("agg")

import matplotlib.colors
import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import MissingData
from lcnec_utils.plots import palette
from lcnec_utils.plots.difference_matrix import difference_matrix
from lcnec_utils.plots.dumbbell import dumbbell, dumbbell_legend
from lcnec_utils.plots.strip import strip
from tests.plots.readable import assert_readable

NAN = float("nan")
COLUMNS = ["row", "arm_role", "group", "value", "state", "printed", "questioned"]
ROWS = [
    ("A trial, all", "experimental", "blockade", 12.0, "value", "12", False),
    ("A trial, all", "control", "chemotherapy", 9.0, "value", "9", False),
    ("Three arms, ≥ 1%", "experimental", "blockade", 5.1, "value", "5.1", True),
    ("Three arms, ≥ 1%", "experimental", "blockade", 4.2, "value", "4.2", True),
    ("Three arms, ≥ 1%", "control", "chemotherapy", 5.6, "value", "5.6", True),
    ("Not reached, all", "experimental", "blockade", NAN, "not reached", "NR", False),
    ("Not reached, all", "control", "chemotherapy", 29.1, "value", "29.1", False),
    ("Off the axis, all", "experimental", "blockade", 447.5, "value", "447.5", True),
    ("Off the axis, all", "control", "chemotherapy", 16.0, "value", "16.0", False),
    ("Unknown, all", "experimental", "blockade", NAN, "unknown", "unknown", False),
    ("Unknown, all", "control", "chemotherapy", NAN, "unknown", "unknown", False),
]
TABLE = pd.DataFrame(ROWS, columns=COLUMNS)
COLOR = {"blockade": "#952F85", "chemotherapy": "#C28500"}


def marks(ax, y: int) -> list[tuple]:
    """Value, shape and whether it is open, of each mark of a row; the line of a dumbbell has no mark."""
    lines = [line for line in ax.lines if line.get_marker() not in ("None", None, "") and line.get_ydata()[0] == y]
    return [
        (
            float(line.get_xdata()[0]),
            line.get_marker(),
            matplotlib.colors.to_hex(line.get_markerfacecolor()) == "#ffffff",
        )
        for line in lines
    ]


def test_arms_are_marks_on_one_line_and_what_is_not_a_figure_is_an_arrow_or_nothing():
    fig, ax = palette.figure(120, 60)
    dumbbell(TABLE, ax, xlabel="Months", limits=(3, 45), color=COLOR, log=True)
    assert marks(ax, 0) == [(12.0, "o", False), (9.0, "s", True)]
    assert marks(ax, 1) == [(5.1, "o", False), (4.2, "D", False), (5.6, "s", True)], "a third arm has its own shape"
    assert marks(ax, 2) == [(45, ">", True), (29.1, "s", True)], "not reached: an open arrow at the edge"
    assert marks(ax, 3) == [(45, ">", False), (16.0, "s", True)], "beyond the axis: a filled arrow at the edge"
    assert marks(ax, 4) == []
    said = {text.get_text() for text in ax.texts}
    assert {"12 / 9", "5.1! / 4.2! / 5.6!", "447.5! / 16.0", "unknown"} <= said
    spans = [tuple(line.get_xdata()) for line in ax.lines if len(line.get_xdata()) == 2]
    assert spans == [(9, 12), (4.2, 5.6), (16, 45)]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(dict.fromkeys(TABLE["row"]))
    assert_readable(fig)


def test_rows_may_stand_without_names_and_numbers_of_the_axis():
    _, ax = palette.figure(120, 60)
    dumbbell(TABLE, ax, xlabel="Months", limits=(3, 45), color=COLOR, named=False, scale=False)
    assert not any(label.get_text() for label in (*ax.get_yticklabels(), *ax.get_xticklabels()))


def test_the_legend_names_each_group_and_what_is_off_the_axis():
    fig, (ax, below) = palette.figure(183, 80, nrows=2)
    dumbbell_legend(ax, COLOR, {"chemotherapy"})
    dumbbell(TABLE, below, xlabel="Months", limits=(3, 45), color=COLOR)
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["blockade", "chemotherapy", "second experimental arm", "not reached", "beyond the axis"]
    assert_readable(fig)


def test_without_a_trial_it_is_a_stated_skip():
    _, ax = palette.figure()
    with pytest.raises(MissingData, match="no trial prints Months"):
        dumbbell(TABLE.iloc[:0], ax, xlabel="Months", limits=(3, 45), color=COLOR)


ITEMS = pd.DataFrame(
    [
        ("CheckMate 026", "first line", "alone", 27.0),
        ("KEYNOTE-407", "first line", "combined", 6.1),
        ("OAK", "second line or later", "alone", 44.0),
    ],
    columns=["item", "section", "group", "value"],
)


def test_a_strip_shades_a_sections_range_behind_its_own_rows():
    fig, ax = palette.figure(100, 40)
    color = {"alone": "#952F85", "combined": "#008960"}
    strip(ITEMS, ax, xlabel="Percent", color=color, bands={"first line": (3, 27)}, counted="trials", title="By line")
    dots = sorted(float(x) for dots in ax.collections for x, _ in dots.get_offsets())
    assert dots == [6.1, 27.0, 44.0]
    band = ax.patches[0]
    rows = dict(zip((label.get_text() for label in ax.get_yticklabels()), ax.get_yticks(), strict=True))
    assert (band.get_x(), band.get_width()) == (3, 24)
    inside = {name for name, y in rows.items() if band.get_y() < y < band.get_y() + band.get_height()}
    assert inside == {"CheckMate 026", "KEYNOTE-407"}
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["alone (trials: 2)", "combined (trials: 1)"]
    assert_readable(fig)


def test_a_strip_with_intervals_reaches_their_ends_and_one_without_values_is_skipped():
    _, ax = palette.figure(100, 40)
    strip(ITEMS.assign(lower=[20, 3, 39], upper=[35, 11, 60]), ax, xlabel="%", color={"alone": "k", "combined": "b"},
          bands={})  # fmt: skip
    assert ax.get_xlim()[1] > 60
    _, ax = palette.figure()
    with pytest.raises(MissingData, match="nothing here has a value of Percent"):
        strip(ITEMS.assign(value=NAN), ax, xlabel="Percent", color={}, bands={})


def test_a_matrix_writes_every_difference_and_colours_it_about_nought():
    fig, ax = palette.figure(100, 50)
    table = pd.DataFrame({"CheckMate 026": [-4.3, -18.0], "KEYNOTE-042": [1.8, 0.0]}, ["CheckMate 227", "COAST"])
    difference_matrix(table, ax, xlabel="alone", ylabel="combined", title="Points")
    assert [text.get_text() for text in ax.texts] == ["−4.3", "1.8", "−18", "0"]
    colors = ax.collections[0].get_facecolors()
    tie = colors[3]
    assert np.allclose(tie[:3], 1, atol=0.02), "a tie has the paper's colour"
    assert colors[0][2] > colors[0][0] and colors[1][0] > colors[1][2], "lower is blue, higher is orange"
    assert_readable(fig)
    _, ax = palette.figure()
    with pytest.raises(MissingData, match="no pair"):
        difference_matrix(table.iloc[:0], ax, xlabel="", ylabel="")
