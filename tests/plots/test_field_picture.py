"""A microscope field drawn: outlines of its nuclei, marks, and a scale bar in µm."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402

from lcnec_utils.core.errors import UserError  # noqa: E402
from lcnec_utils.imaging import immunofluorescence  # noqa: E402
from lcnec_utils.plots import palette  # noqa: E402
from lcnec_utils.plots.field_picture import field_picture  # noqa: E402

UM = 0.42  # of a pixel at 20x
STEP_UM, RADIUS_UM = 18.0, 4.5


def lattice() -> list[tuple[float, float]]:
    """Places of nuclei in µm, apart from each other and from the edge."""
    along = np.arange(STEP_UM / 2, 256 * UM - STEP_UM / 2 + 1e-9, STEP_UM)
    return [(float(row), float(column)) for row in along for column in along]


def discs(stained: int) -> tuple[np.ndarray, np.ndarray]:
    """DAPI and FGL1 of a field: nuclei as discs, FGL1 in a ring around the first ones."""
    y, x = np.indices((256, 256)) * UM
    dapi, fgl1 = np.full((256, 256), 0.02), np.full((256, 256), 0.04)
    for place, (row, column) in enumerate(lattice()):
        distance = np.hypot(y - row, x - column)
        dapi[distance <= RADIUS_UM] = 0.6
        if place < stained:
            fgl1[(distance > RADIUS_UM) & (distance <= RADIUS_UM + 2.5)] = 0.34
    return dapi, fgl1


@pytest.fixture
def ax():
    palette.apply()
    figure, ax = palette.figure()
    yield ax
    plt.close(figure)


def test_a_field_is_drawn_with_outlines_marks_and_a_bar_in_um(ax):
    places, (dapi, fgl1) = lattice(), discs(stained=10)
    cells = immunofluorescence.cells(dapi, fgl1, um_per_pixel=UM)
    labels = immunofluorescence.nuclei(dapi, um_per_pixel=UM)
    marks = cells.assign(kind=cells["positive"].map({True: "positive", False: "negative"}))
    field_picture(np.dstack([dapi, dapi + fgl1, dapi]), ax, um_per_pixel=UM, labels=labels, marks=marks, title="FGL1")
    lines = ax.collections[0].get_segments()
    assert len(lines) == len(places)
    # the first outline goes round the first nucleus, and no farther than its edge
    (column, row), radius = np.mean(lines[0][:-1], axis=0), np.hypot(*(lines[0] - np.mean(lines[0][:-1], axis=0)).T)
    assert (row * UM, column * UM) == pytest.approx(places[0], abs=0.5)
    assert 4.3 < radius.min() * UM and radius.max() * UM < 5.6
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["negative (n = 15)", "positive (n = 10)"]
    (bar,) = ax.lines
    assert [text.get_text() for text in ax.texts] == ["20 µm"]
    assert np.ptp(bar.get_xdata()) * UM == pytest.approx(20) and ax.get_title(loc="left") == "FGL1"
    assert np.ptp(bar.get_xdata()) <= 0.3 * 256 and ax.get_xlim() == (-0.5, 255.5) and ax.get_ylim() == (255.5, -0.5)


def test_bar_and_ink_suit_the_picture(ax):
    field_picture(np.full((100, 200, 3), 240, np.uint8), ax, um_per_pixel=0.25, bar_um=25)
    assert ax.lines[0].get_color() == "black" and np.ptp(ax.lines[0].get_xdata()) == pytest.approx(100)
    ax.clear()
    field_picture(
        np.zeros((100, 200)), ax, um_per_pixel=0.25, marks=pd.DataFrame({"row": [], "column": [], "kind": []})
    )
    assert ax.lines[0].get_color() == "white" and ax.texts[0].get_text() == "10 µm" and ax.get_legend() is None
    with pytest.raises(UserError, match="do not fit"):
        field_picture(np.zeros((100, 200)), ax, um_per_pixel=0.25, labels=np.zeros((200, 100), int))
