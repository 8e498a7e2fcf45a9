"""What was measured of whom: counts beside rows, blocks, colours by state. About 1 s."""

import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from lcnec_utils.core.errors import MissingData
from lcnec_utils.plots import palette
from lcnec_utils.plots.presence_matrix import presence_matrix

TONES = {"yes": "#257FC0", "failed": "#A44300", "no": "#F2F2F2"}
STATES = pd.DataFrame({"P1": ["yes", "yes"], "P2": ["no", "failed"], "P3": ["yes", "no"]}, index=["TL", "TCE"])
BLOCKS = pd.Series(["before", "after"], STATES.index)


def test_a_row_has_its_count_and_a_cell_the_colour_of_its_state():
    _, ax = palette.figure(120, 60)
    presence_matrix(STATES, ax, blocks=BLOCKS, tones=TONES, counted="yes")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["TL (n = 2)", "TCE (n = 1)"]
    assert [text.get_text() for text in ax.texts] == ["before", "after"]
    ax.figure.canvas.draw()
    faces = [mesh.get_facecolors() for mesh in ax.collections]
    assert [tuple(color) for color in faces[1]] == [to_rgba(TONES[state]) for state in STATES.loc["TCE"]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["yes", "failed", "no"]
    assert ax.get_xlabel() == "Patients (n = 3)"


def test_a_state_that_nobody_has_is_not_explained_and_nothing_measured_is_no_figure():
    _, ax = palette.figure(120, 60)
    presence_matrix(STATES.iloc[[0]], ax, blocks=BLOCKS.iloc[[0]], tones=TONES, counted="yes")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["yes", "no"]
    _, ax = palette.figure(120, 60)
    with pytest.raises(MissingData):
        presence_matrix(STATES.replace("yes", "no"), ax, blocks=BLOCKS, tones=TONES, counted="yes")


def test_a_large_cohort_is_drawn_in_part_and_counted_whole():
    states = pd.DataFrame([["yes"] * 400], ["TL"], [f"P{place}" for place in range(400)])
    _, ax = palette.figure(120, 60)
    presence_matrix(states, ax, blocks=pd.Series(["before"], ["TL"]), tones=TONES, counted="yes")
    assert ax.get_xlabel() == "Patients (n = 400, 300 drawn)" and ax.get_yticklabels()[0].get_text() == "TL (n = 400)"
