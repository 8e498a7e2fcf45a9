"""The specification curve: what is drawn, in which order, and whether the words can be read."""

import matplotlib

matplotlib.use("agg")

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import MissingData
from lcnec_utils.plots import palette
from lcnec_utils.plots.specification_curve import LOOKS, heights_mm, specification_curve
from tests.plots.readable import assert_readable

RATIOS = pd.DataFrame(
    [
        {"run": run, "cut": float(cut), "value": value, "lower": value / 1.3, "upper": value * 1.3,
         "answer": "holds" if value > 1.3 else "inconclusive"}
        for run, base in (("oak", 1.1), ("a_cohort_of_a_long_name", 1.5))
        for cut, value in ((6, base), (8, base + 0.13), (10, base - 0.08))
    ]
)  # fmt: skip


def drawn(table, choices, **more):
    palette.apply()
    heights = heights_mm(table, choices)
    fig, axes = palette.figure(palette.COLUMN_MM, sum(heights) + 12, nrows=len(heights), height_ratios=heights,
                               squeeze=False)  # fmt: skip
    return fig, specification_curve(table, list(axes.flat), choices=choices, xlabel="Ratio (95% CI)", **more)


def test_estimates_stand_by_size_each_over_the_choices_behind_it():
    title = palette.wrap("Survival is longer where the burden is high.", 200, 8, "bold")
    fig, axes = drawn(RATIOS, ["run", "cut"], ratio=True, null=1.0, printed=(1.4, 1.1, 1.8), title=title)
    curve = axes[0]
    marks = {line.get_color(): line for line in curve.lines if len(line.get_xdata()) > 2 or line.get_marker() != "None"}
    places = {x: y for line in marks.values() for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
              if line.get_marker() in [look[1] for look in LOOKS.values()]}  # fmt: skip
    np.testing.assert_allclose([places[place] for place in sorted(places)], sorted(RATIOS["value"]))
    ordered = RATIOS.sort_values("value")
    for ax, name in zip(axes[1:], ["run", "cut"], strict=True):
        levels = [label.get_text() for label in ax.get_yticklabels()]
        rows = [levels[int(y)] for _, y in ax.collections[-1].get_offsets()]
        assert rows == [f"{value:g}" if name == "cut" else value for value in ordered[name]]
    assert {text.get_text() for text in fig.legends[0].get_texts()} if fig.legends else True
    assert curve.get_yscale() == "log"
    assert_readable(fig)
    matplotlib.pyplot.close(fig)


def test_a_choice_of_many_numbers_is_an_axis():
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"seed": range(1, 41), "value": rng.normal(30, 4, 40)})
    table = table.assign(lower=table["value"] - 8, upper=table["value"] + 8, answer="holds", n=range(101, 141))
    fig, (_, seeds) = drawn(table, ["seed"], printed=(28.0, None, None))
    assert sorted(y for _, y in seeds.collections[-1].get_offsets()) == list(range(1, 41))
    assert len(seeds.get_yticks()) < 8
    assert seeds.get_xlabel() == "40 specifications by size of the estimate\nn = 101 to 140"
    assert_readable(fig)
    matplotlib.pyplot.close(fig)


def test_without_an_estimate_there_is_no_curve():
    with pytest.raises(MissingData, match="no variation has an estimate"):
        drawn(RATIOS.assign(value=np.nan), ["run"])
