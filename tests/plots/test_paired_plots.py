"""Dots joined in pairs, stacked counts, rejection rates: what is drawn, what is said, what can be read. About 5 s."""

import matplotlib

matplotlib.use("agg")
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import pytest  # noqa: E402

from lcnec_utils.core.errors import MissingData  # noqa: E402
from lcnec_utils.plots import palette  # noqa: E402
from lcnec_utils.plots.difference_forest import difference_forest  # noqa: E402
from lcnec_utils.plots.paired_dots import paired_dots  # noqa: E402
from lcnec_utils.plots.rejection_rates import rejection_rates  # noqa: E402
from lcnec_utils.plots.stacked_counts import stacked_counts  # noqa: E402
from tests.plots.readable import assert_readable  # noqa: E402

PAIRS = pd.DataFrame(
    {"lung": [1.0, 4, 9, np.nan, 0], "liver": [2.0, 2, 30, 5, 7], "taken together": [True, False, True, True, False]}
)


def test_pairs_are_joined_and_those_taken_together_filled():
    fig, ax = palette.figure()
    paired_dots(
        PAIRS, ax, first="lung", second="liver", ylabel="CD8+ cells, %", p=0.02, marked="taken together", title="A"
    )
    lines = [tuple(line.get_ydata()) for line in ax.lines]
    assert lines == [(1, 2), (4, 2), (9, 30), (0, 7)], "a pair that lacks one is not drawn"
    white = [
        np.all(points.get_facecolor()[0][:3] == 1) for points in ax.collections
        if isinstance(points, matplotlib.collections.PathCollection) and len(points.get_offsets())
    ]  # fmt: skip
    assert white.count(True) == 2 and white.count(False) == 2
    assert any("p = 0.02" in text.get_text() for text in ax.texts)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["taken together", "not taken together"]
    assert_readable(fig)


def test_on_a_logarithmic_axis_zeros_are_counted_and_numbers_are_plain():
    fig, ax = palette.figure()
    paired_dots(PAIRS, ax, first="lung", second="liver", ylabel="Burden", log=True, note="ratio 1.2")
    assert len(ax.lines) == 3 and any("1 with 0 not drawn" in text.get_text() for text in ax.texts)
    fig.canvas.draw()
    assert not any("$" in label.get_text() for label in ax.get_yticklabels())
    assert_readable(fig)


def test_without_a_pair_it_is_a_stated_skip():
    _, ax = palette.figure()
    with pytest.raises(MissingData, match="no pair here has burden of both lung and liver"):
        paired_dots(PAIRS.iloc[[3]], ax, first="lung", second="liver", ylabel="burden")


def test_counts_are_stacked_in_order_and_marked():
    table = pd.DataFrame({"shared": [3, 2], "lung only": [1, 0], "liver only": [0, 4]}, ["P1", "P2"])
    fig, ax = palette.figure()
    kinds = ["shared", "lung only", "liver only"]
    marked = pd.Series([False, True], table.index)
    stacked_counts(table, ax, kinds=kinds, ylabel="Mutations", marked=marked, mark="taken together", title="A")
    bars = [(bar.get_y(), bar.get_height()) for bar in ax.patches]
    assert bars == [(0, 3), (0, 2), (3, 1), (2, 0), (4, 0), (2, 4)]
    assert [tuple(points.get_offsets()[0])[0] for points in ax.collections] == [1]
    assert ax.get_xlabel() == "Patients (n = 2)"
    assert_readable(fig)
    many = pd.concat([table] * 60, ignore_index=True)
    _, ax = palette.figure()
    stacked_counts(many, ax, kinds=kinds, ylabel="Mutations")
    assert ax.get_xlabel() == "Patients (n = 120, 100 drawn)"
    _, ax = palette.figure()
    with pytest.raises(MissingData, match="nobody here has anything counted"):
        stacked_counts(table * 0, ax, kinds=kinds, ylabel="Mutations")


def test_rates_stand_against_their_level():
    rows = [("patients", 0.05, 0.03), ("patients", 0.01, 0.0), ("cells", 0.05, 0.7), ("cells", 0.01, 0.5)]
    table = pd.DataFrame(rows, columns=["unit", "level", "rate"])
    fig, ax = palette.figure()
    rejection_rates(table, ax, ylabel="Rejected, %")
    assert sorted(bar.get_height() for bar in ax.patches) == pytest.approx([0, 3, 50, 70])
    levels = [path.vertices[0, 1] for lines in ax.collections for path in lines.get_paths()]
    assert levels == pytest.approx([5, 1])
    assert_readable(fig)
    _, ax = palette.figure()
    with pytest.raises(MissingData, match="no test was repeated"):
        rejection_rates(table.assign(rate=np.nan), ax)


def test_a_difference_without_limits_is_a_dot_and_its_number():
    rows = pd.DataFrame(
        [("Antigen, all pairs", 2.2, 1.8, 2.4, 0.001, ""), ("Antigen, together", 2.3, np.nan, np.nan, 0.001, "")],
        columns=["what", "difference", "lower", "upper", "p_adjusted", "note"],
    )
    fig, ax = palette.figure(120, 40)
    difference_forest(rows, ax, xlabel="Score")
    assert {"2.20 (1.80 to 2.40)", "2.30"} <= {text.get_text() for text in ax.texts}
    assert_readable(fig)
