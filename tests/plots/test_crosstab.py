"""Classes under two sets of definitions: every cell shows its count, and agreement is framed."""

import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from lcnec_utils.core.errors import MissingData
from lcnec_utils.plots import palette
from lcnec_utils.plots.crosstab import crosstab


def test_each_cell_shows_its_count_and_agreement_is_framed():
    rows = [("primary", "primary", 62), ("primary", "cannot tell", 0), ("secondary", "primary", 4),
            ("secondary", "cannot tell", 1234)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["first", "second", "n"])
    _, ax = palette.figure()
    crosstab(table, ax, first="by one", second="by another")
    written = {(text.get_position()[1] - 0.5, text.get_position()[0] - 0.5): text.get_text() for text in ax.texts}
    assert written == {(0, 0): "62", (0, 1): "", (1, 0): "4", (1, 1): "1,234"}
    frames = [patch.get_xy() for patch in ax.patches if isinstance(patch, Rectangle) and not patch.get_fill()]
    assert frames == [(0, 0)]
    assert [label.get_text().split("\n")[-1] for label in ax.get_yticklabels()] == ["(n = 62)", "(n = 1,238)"]
    assert all(f"(n = {n})" in label.get_text().replace("\n", " ")
               for label, n in zip(ax.get_xticklabels(), ("66", "1,234"), strict=True))  # fmt: skip


def test_nobody_classed_is_said():
    _, ax = palette.figure()
    with pytest.raises(MissingData, match="nobody here is classed by one and another"):
        crosstab(pd.DataFrame({"first": [], "second": [], "n": []}), ax, first="one", second="another")
