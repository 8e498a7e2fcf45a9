"""An estimate against what is known: dots, the line of equality, and quantities that nobody has."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("agg")

from lcnec_utils.plots import palette  # noqa: E402
from lcnec_utils.plots.agreement import agreement  # noqa: E402
from tests.plots.readable import LABELS, assert_readable  # noqa: E402

NAN = float("nan")


def test_an_estimate_is_drawn_against_what_is_known():
    known, estimated = pd.Series([1.0, 5, 20, NAN], list("abcd")), pd.Series([2.0, 4, 25, 3], list("abcd"))
    fig, ax = palette.figure(45, 45)
    agreement(known, estimated, ax, title="NK cells", r=0.987)
    fig.canvas.draw()
    (dots,) = ax.collections
    np.testing.assert_allclose(np.asarray(dots.get_offsets()), [[1, 2], [5, 4], [20, 25]])
    (line,) = ax.lines
    np.testing.assert_allclose(line.get_xdata(), line.get_ydata())
    assert ax.get_xlim() == ax.get_ylim() and ax.get_xlim()[1] > 25 and ax.get_aspect() == 1
    assert "r = 0.99" in [text.get_text() for text in ax.texts] and ax.get_title(loc="left") == "NK cells"


@pytest.mark.parametrize("values", [[0.0, 0.0, 0.0], [NAN, NAN, NAN]], ids=["zeros", "nobody"])
def test_a_population_that_nobody_has_can_be_drawn(values):
    fig, ax = palette.figure(45, 45)
    known = pd.Series(values)
    agreement(known, known, ax, title="Monocytes", r=NAN)
    fig.canvas.draw()
    assert any("not estimable" in text.get_text() for text in ax.texts)


def test_eleven_squares_of_agreement_are_readable():
    rng = np.random.default_rng(9)
    fig, axes = palette.grid(11, columns=4, height_mm=45)
    for ax, name in zip(axes, LABELS, strict=True):
        known = pd.Series(rng.random(50) * 30)
        agreement(known, known + rng.normal(0, 2, 50), ax, title=name, r=0.9)
    assert_readable(fig)
