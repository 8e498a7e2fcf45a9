import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import MissingData
from lcnec_utils.plots import palette
from lcnec_utils.plots.correlation_matrix import correlation_matrix


def test_each_number_stands_in_its_cell_and_a_missing_one_is_a_dash():
    table = pd.DataFrame(
        {"one\n(n = 5)": [0.5, np.nan], "two\n(n = 6)": [-0.25, 1.0]}, index=["CXCL9", "T helper cells"]
    )
    _, ax = palette.figure(120, 60)
    correlation_matrix(table, ax, notable=table > 0.9)
    assert [text.get_text() for text in ax.texts] == ["0.50", "−0.25", "–", "1.00"]
    assert [text.get_fontweight() for text in ax.texts] == ["normal", "normal", "normal", "bold"]
    assert [label.get_style() for label in ax.get_yticklabels()] == ["italic", "normal"]


def test_without_a_number_there_is_nothing_to_draw():
    _, ax = palette.figure(120, 60)
    with pytest.raises(MissingData):
        correlation_matrix(pd.DataFrame({"one": [np.nan]}), ax)
