"""Two amounts of patients on logarithmic axes: what is drawn, counted and ringed."""

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import MissingData
from lcnec_utils.plots import palette
from lcnec_utils.plots.quadrant_scatter import quadrant_scatter


def patients() -> pd.DataFrame:
    return pd.DataFrame({
        "burden": [300.0, 900, 4000, 8000, np.nan], "cells": [0.0, 40, 90, 300, 20], "later": [5.0, np.nan, 90, 30, 4],
        "group": pd.Categorical(["CR", "CR", "PD", "PD", "PD"]), "corner": [True, False, False, True, True],
    })  # fmt: skip


def drawn(**more):
    _, ax = palette.figure(89, 80)
    return quadrant_scatter(patients(), ax, x="burden", y="cells", xlabel="mm²", ylabel="per mm²", **more)


def test_who_lacks_either_is_not_drawn_and_the_rest_are_counted_by_group():
    legend = [text.get_text() for text in drawn().get_legend().get_texts()]
    assert legend == ["CR (n = 2)", "PD (n = 2)"]


def test_an_axis_with_a_zero_is_linear_near_it_and_both_have_plain_numbers():
    ax = drawn()
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "symlog")
    ax.figure.canvas.draw()
    labels = [label.get_text() for label in [*ax.get_xticklabels(), *ax.get_yticklabels()]]
    assert "0" in labels and "1,000" in labels and not any("$" in label for label in labels)
    low, high = ax.get_ylim()
    assert low < 0 and high > 300
    assert drawn(logarithmic="x").get_yscale() == "linear"


def test_amounts_below_one_have_a_logarithmic_axis_of_their_own_range():
    table = patients().assign(cells=[0.0005, 0.002, 0.03, 0.2, 1.0])
    _, ax = palette.figure(89, 80)
    quadrant_scatter(table, ax, x="burden", y="cells", xlabel="mm²", ylabel="ratio")
    assert ax.get_yscale() == "log" and ax.get_ylim()[0] < 0.0005 and ax.get_ylim()[1] < 0.5


def test_the_corner_is_ringed_and_counted_and_an_arrow_leads_to_each_later_value_that_is_known():
    ax = drawn(corner="corner", corner_label="few cells", then="later", cuts=(1000.0, 50.0), equal=True)
    assert ax.get_legend().get_texts()[-1].get_text() == "few cells (n = 2)"
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None) is not None]
    assert sorted(arrow.xy for arrow in arrows) == [(300.0, 5.0), (4000.0, 90.0), (8000.0, 30.0)]
    lines = [list(line.get_xdata()) for line in ax.lines] + [list(line.get_ydata()) for line in ax.lines]
    assert [1000.0, 1000.0] in lines and [50.0, 50.0] in lines


def test_without_a_patient_with_both_there_is_nothing_to_draw():
    _, ax = palette.figure(89, 80)
    with pytest.raises(MissingData, match="both mm² and per mm²"):
        quadrant_scatter(patients().iloc[4:], ax, x="burden", y="cells", xlabel="mm²", ylabel="per mm²")
