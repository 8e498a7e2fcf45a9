"""Estimates in blocks of rows, and two measurements against each other: what is drawn and what is said. About 5 s."""

import matplotlib

matplotlib.use("agg")

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import MissingData
from lcnec_utils.plots import palette
from lcnec_utils.plots.interval_blocks import FACE, interval_blocks
from lcnec_utils.plots.rank_scatter import rank_scatter
from tests.plots.readable import assert_readable

NAN = float("nan")
ROWS = [
    ("T cells", "CD8A", "CR or PR", 1.5, 1.2, 1.8, 1.25, 1.75),
    ("T cells", "CD8A", "SD or PD", 0.1, -9.0, 9.2, -4.0, 4.0),
    ("T cells", "HLA-DRA", "CR or PR", NAN, NAN, NAN, NAN, NAN),
    (
        "Genes of the tumour that have a long name",
        "Mean of cancer-testis antigens",
        "CR or PR",
        -1.0,
        NAN,
        NAN,
        NAN,
        NAN,
    ),
]
COLUMNS = ["family", "what", "group", "value", "lower", "upper", "lower_90", "upper_90"]
GROUPS = {"CR or PR": "CR or PR (n = 14)", "SD or PD": "SD or PD (n = 4)"}


@pytest.fixture
def drawn():
    palette.apply()
    fig, ax = palette.figure(70, 60)
    marked = pd.DataFrame({"what": ["CD8A", "CD19"], "value": [0.4, 2.0]})
    interval_blocks(
        pd.DataFrame(ROWS, columns=COLUMNS), ax, groups=GROUPS, xlabel="log2 fold change", left="falls", right="rises",
        margin=0.5, marked=marked, mark="biopsy of week 4, in no estimate", title="A cohort",
    )  # fmt: skip
    yield fig, ax
    matplotlib.pyplot.close(fig)


def test_each_group_has_a_dot_and_an_interval_that_is_cut_with_an_arrowhead(drawn):
    _, ax = drawn
    dots = {line.get_xdata()[0] for line in ax.lines if line.get_marker() in ("o", "s") and len(line.get_xdata()) == 1}
    assert dots == {1.5, 0.1, -1.0}
    intervals = [tuple(line.get_xdata()) for line in ax.lines if len(set(line.get_xdata())) == 2]
    assert (1.2, 1.8) in intervals and (1.25, 1.75) in intervals
    reach = ax.get_xlim()[1] / 1.04
    assert 1.5 < reach < 9 and any(np.allclose(pair, (-reach, reach)) for pair in intervals)
    assert {line.get_marker() for line in ax.lines} >= {"<", ">"}
    assert [text.get_text() for text in ax.texts] == ["no estimate"], "of the row without a value"
    assert sum(line.get_marker() in "<>" for line in ax.lines) == 2  # the ends of one 95% interval


def test_rows_are_named_genes_in_italics_and_the_margin_and_marks_are_explained(drawn):
    fig, ax = drawn
    labels = {label.get_text().replace("\n", " "): label for label in ax.get_yticklabels()}
    assert labels["CD8A"].get_style() == labels["HLA-DRA"].get_style() == "italic"
    assert labels["T cells"].get_fontweight() == "bold" and labels["T cells"].get_style() == "normal"
    assert labels["Mean of cancer-testis antigens"].get_style() == "normal"
    legend = [text.get_text().replace("\n", " ") for text in ax.get_legend().get_texts()]
    assert "CR or PR (n = 14)" in legend and "alike (ratio 0.71 to 1.41)" in legend
    assert any("week 4" in text for text in legend)
    assert [patch for patch in ax.patches if matplotlib.colors.to_hex(patch.get_facecolor()) == FACE.lower()]
    crosses = [each.get_offsets() for each in ax.collections if len(each.get_offsets())]
    assert [tuple(each[:, 0]) for each in crosses] == [(0.4,)], "a mark of no row of this plot is not drawn"
    assert_readable(fig)


def test_without_any_estimate_it_is_a_stated_skip():
    palette.apply()
    none = pd.DataFrame([ROWS[2]], columns=COLUMNS).assign(note="not on the panel")
    _, ax = palette.figure()
    with pytest.raises(MissingData, match=r"no estimate is known of log2 fold change \(not on the panel\)"):
        interval_blocks(none, ax, groups=GROUPS, xlabel="log2 fold change")


def test_two_measurements_show_who_has_both_and_what_correlates():
    palette.apply()
    fig, (left, right) = palette.figure(140, 70, ncols=2)
    frozen = pd.DataFrame({"x": [1.0, 2, 3, NAN], "y": [5.0, 50, 500, 1]})
    fixed = pd.DataFrame({"x": [1.0, 2], "y": [0.0, 7]})
    look = {"x": "x", "y": "y", "xlabel": "CCL22, log2", "ylabel": "Cells per mm²", "notes": {"FF": "ρ 1.00"}}
    rank_scatter({"FF": frozen, "FFPE": fixed}, left, log_y=True, title="With a zero", **look)
    rank_scatter({"FF": frozen}, right, log_y=True, **look)
    assert left.get_yscale() == "symlog" and right.get_yscale() == "log"
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["FF (n = 3)\nρ 1.00", "FFPE (n = 2)"]
    assert sum(len(each.get_offsets()) for each in left.collections) == 5
    assert_readable(fig)
    with pytest.raises(MissingData, match="no patient here has both CCL22"):
        rank_scatter({"FF": pd.DataFrame()}, palette.figure()[1], **look)
    matplotlib.pyplot.close("all")
