"""Amounts as numbers in their cells. Under 1 s."""

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import MissingData
from lcnec_utils.plots import palette
from lcnec_utils.plots.density_matrix import density_matrix


def test_each_amount_stands_in_its_cell_and_the_larger_is_darker():
    _, ax = palette.figure(90, 60)
    density_matrix(pd.DataFrame({"Tc": [0.0, 1234.4], "Th": [np.nan, 3.21]}, index=["all", "PD1+"]), ax)
    assert [text.get_text() for text in ax.texts if text.get_text()] == ["0", "1,234", "3.2"]
    ax.figure.canvas.draw()
    # cells row by row: Tc and Th of "all", then of "PD1+"; a missing amount has no colour of the scale
    nothing, missing, most, few = (color[:3].sum() for color in ax.collections[0].get_facecolors())
    assert nothing > few > most
    assert np.isnan(ax.collections[0].get_array().filled(np.nan).ravel()[1])


def test_without_an_amount_there_is_nothing_to_draw():
    _, ax = palette.figure(90, 60)
    with pytest.raises(MissingData):
        density_matrix(pd.DataFrame({"Tc": [np.nan]}), ax)
