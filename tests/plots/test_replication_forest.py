"""The replication forest: what each kind of row looks like, that all of it can be read, and what is refused.

Costs about ten seconds.
"""

import warnings

import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("agg")
from matplotlib.colors import to_hex  # noqa: E402
from matplotlib.patches import Polygon  # noqa: E402

from lcnec_utils.core.errors import MissingData, UserError  # noqa: E402
from lcnec_utils.plots import palette  # noqa: E402
from lcnec_utils.plots.replication_forest import COLOR, aside_of, key_of, letters_of, replication_forest  # noqa: E402
from tests.plots.readable import assert_readable  # noqa: E402

NAN = float("nan")
COLUMNS = ["kind", "label", "estimate", "lower", "upper", "n", "events", "caveats"]
LONG = "A cohort with a very long name of an institution, Second Series (2014–2021)"


def rows(*given) -> pd.DataFrame:
    return pd.DataFrame(list(given), columns=COLUMNS)


TWO = rows(
    ("print", "Published", 1.43, 1.04, 1.99, 200, NAN, ""),
    ("cohort", "MSK-MET LCNEC", 1.1, 0.61, 1.97, 82, 44, "copy number, treatment"),
)
FIVE = rows(
    ("simulated", "Twin", 1.79, 1.2, 2.7, 217, 160, ""),
    ("cohort", "MSK-MET LCNEC", 1.31, 0.61, 2.8, 82, 44, "copy number, treatment"),
    ("summary", "Random effects", 1.58, 1.05, 2.38, 189, 95, ""),
    ("print", "Published", 1.82, 1.1, 3.0, 217, NAN, ""),
    ("cohort", "Zhang 2026", 1.9, 0.9, 4.1, 107, 51, "time zero"),
).assign(prediction_lower=[NAN, NAN, 0.7, NAN, NAN], prediction_upper=[NAN, NAN, 3.5, NAN, NAN])
TEN = pd.concat(
    [
        FIVE,
        rows(
            (
                "cohort",
                LONG,
                0.9,
                0.85,
                0.95,
                60_000,
                30_000,
                "selection, gene panel, variants, expression, definition",
            ),
            ("cohort", "No event", NAN, NAN, NAN, 5, 0, ""),
            ("cohort", "Nearly separated", 1e6, 0, np.inf, 9, 1, "time zero"),
            ("cohort", "NSCLC_PD1_MSK_2018_without_the_shared_patients", 0.02, 0.001, 0.4, 47, 12, ""),
            ("cohort", "B", 2.2, 1.1, 4.4, 1, 1, ""),
        ),
    ],
    ignore_index=True,
)
SHARES = rows(
    ("print", "Published", 12.0, NAN, NAN, 142, NAN, ""),
    ("cohort", "MSK-MET", -3.2, -10, 4, 82, NAN, "definition"),
    ("cohort", "Zhang 2026", 7.1, 2, 13, 107, NAN, ""),
)


def drawn(table, width=palette.COLUMN_MM, **look):
    fig, ax = palette.figure(width, 40)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="constrained_layout")
        replication_forest(table, ax, **({"effect": "Hazard ratio"} | look))
        fig.canvas.draw()
    return fig, ax


def words(ax) -> list[str]:
    return [" ".join(text.get_text().split()) for text in ax.texts]


def diamonds(ax) -> dict[str, np.ndarray]:
    """Corners of the diamonds by their colour."""
    return {to_hex(patch.get_facecolor()): patch.get_xy() for patch in ax.patches if isinstance(patch, Polygon)}


@pytest.mark.parametrize("width", [palette.COLUMN_MM, palette.PAGE_MM])
@pytest.mark.parametrize("shape", ["two", "five", "ten", "shares"])
def test_nothing_prints_over_another_and_the_plot_keeps_its_room(shape, width):
    table = {"two": TWO, "five": FIVE, "ten": TEN, "shares": SHARES}[shape]
    look = {"left": "longer OS", "right": "shorter OS", "title": "STK11 mutation and overall survival, in every cohort"}
    if shape == "shares":
        look |= {"scale": "linear", "digits": 1, "effect": "Difference of shares, percentage points"}
    fig, ax = drawn(table, width, **look)
    assert_readable(fig)
    box = ax.get_window_extent()
    assert box.width / fig.dpi * 25.4 > 23.5
    assert fig.get_size_inches()[0] * 25.4 < width + (0.5 if shape != "ten" else 12)
    said = " ".join(ax.get_xlabel().split())
    assert "(95% CI)" in said and "← longer OS" in said and "shorter OS →" in said


def test_rows_stand_by_kind_the_print_first_and_the_twin_last_and_called_simulated():
    _, ax = drawn(FIVE)
    labels = ["Published", "MSK-MET LCNEC (a,b)", "Zhang 2026 (c)", "Random effects", "Twin (simulated)"]
    places = [next(text.xy[1] for text in ax.texts if " ".join(text.get_text().split()) == label) for label in labels]
    assert places == sorted(places) and ax.get_ylim()[0] > ax.get_ylim()[1]
    assert "a copy number; b treatment; c time zero" in " ".join(
        ax.get_xlabel().replace("\N{NO-BREAK SPACE}", " ").split()
    )


def test_print_and_summary_are_diamonds_over_their_limits_each_in_its_own_colour():
    _, ax = drawn(FIVE)
    corners = diamonds(ax)
    assert set(corners) == {COLOR["print"].lower(), COLOR["summary"].lower()}
    for kind, limits in (("print", (1.1, 3.0)), ("summary", (1.05, 2.38))):
        across = corners[COLOR[kind].lower()][:, 0]
        assert (across.min(), across.max()) == pytest.approx(limits)
    dashed = [line for line in ax.lines if line.get_color() == COLOR["summary"] and line.get_linestyle() == "--"]
    assert [tuple(line.get_xdata()) for line in dashed] == [(0.7, 3.5)]
    assert "prediction interval" in ax.get_xlabel() and any("PI 0.70–3.50" in text for text in words(ax))


def test_the_twin_is_hollow_and_grey_and_cohorts_are_neither():
    _, ax = drawn(FIVE)
    squares = [line for line in ax.lines if line.get_marker() == "s"]
    hollow = [line for line in squares if line.get_markerfacecolor() == "white"]
    assert len(squares) == 3 and [line.get_color() for line in hollow] == [palette.FAINT]
    assert hollow[0].get_xdata()[0] == pytest.approx(1.79)


def test_counts_and_estimates_are_printed_as_text():
    _, ax = drawn(TEN)
    for text in ("82 (44)", "60,000 (30,000)", "1.31 (0.61–2.80)", "not estimable", "n (events)", "Estimate (95% CI)"):
        assert text in words(ax)
    _, ax = drawn(SHARES, scale="linear", digits=1)
    assert "−3.2 (−10.0 to 4.0)" in words(ax) and "12.0" in words(ax)
    _, ax = drawn(SHARES.drop(columns=["n", "events"]), scale="linear")
    assert "n (events)" not in words(ax)


def test_what_lies_beyond_the_axis_ends_in_an_arrow_and_leaves_the_others_their_room():
    _, ax = drawn(TEN)
    lowest, highest = ax.get_xlim()
    assert lowest > 0.01 and highest < 60
    heads = [line for line in ax.lines if line.get_marker() in ("<", ">")]
    assert {line.get_marker() for line in heads} == {"<", ">"}
    assert all(line.get_xdata()[0] in (lowest, highest) for line in heads)
    squares = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "s"]
    assert max(squares) < highest, "an estimate beyond the axis has no square"


def test_no_effect_is_1_for_ratios_and_0_for_differences():
    for table, scale, none in ((TWO, "log", 1), (SHARES, "linear", 0)):
        _, ax = drawn(table, scale=scale)
        upright = [line for line in ax.lines if tuple(line.get_xdata()) == (none, none)]
        assert len(upright) == 1 and ax.get_xscale() == scale
        assert ax.get_xlim()[0] < none < ax.get_xlim()[1]


def test_one_row_alone_is_drawn():
    for kind in ("print", "cohort", "summary", "simulated"):
        fig, _ = drawn(TWO.head(1).assign(kind=kind))
        assert_readable(fig)


@pytest.mark.parametrize(
    ("change", "look", "message"),
    [
        (lambda t: t.assign(kind="trial"), {}, "kind 'trial' is none of"),
        (lambda t: t, {"scale": "ln"}, "scale 'ln' is none of"),
        (lambda t: t.assign(estimate=[1.4, -0.2]), {}, "estimate of 'MSK-MET LCNEC' is -0.2: no ratio"),
        (lambda t: t.assign(lower=[1.0, -0.6]), {}, "lower of 'MSK-MET LCNEC' is -0.6: no ratio"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(change, look, message):
    with pytest.raises(UserError, match=message) as error:
        drawn(change(TWO), **look)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("table", [TWO.head(0), TWO.assign(estimate=NAN, lower=NAN, upper=NAN)])
def test_nothing_to_show_is_a_stated_skip(table):
    with pytest.raises(MissingData) as reason:
        drawn(table)
    assert len(str(reason.value).split()) > 5 and "\n" not in str(reason.value)


STK11, KEAP1 = "STK11 mutation and overall survival: replicated", "KEAP1 mutation and overall survival: inconclusive"
TWO_EFFECTS = pd.concat(
    [FIVE.assign(heading=STK11), TWO.assign(heading=KEAP1, counted=[True, False])], ignore_index=True
)


def test_several_effects_stand_on_one_axis_each_under_its_heading():
    fig, ax = drawn(TWO_EFFECTS.sample(frac=1, random_state=1), palette.PAGE_MM)
    assert_readable(fig)
    said = {" ".join(text.get_text().split()): text.xy[1] for text in ax.texts}
    heads = sorted(said[heading] for heading in (STK11, KEAP1))
    published = sorted(text.xy[1] for text in ax.texts if text.get_text() == "Published")
    # the rows of the first stand between both headings: each print under its own, above the other
    assert heads[0] < published[0] < heads[1] < published[1]
    dotted = [line for line in ax.lines if line.get_color() == COLOR["print"] and line.get_linestyle() == "--"]
    assert len(dotted) == 2 and all(max(line.get_ydata()) - min(line.get_ydata()) < 6 for line in dotted)


def test_letters_that_follow_each_other_are_drawn_together():
    table = FIVE.assign(caveats=["", "a, b, c, d", "", "", "a, c, d, e"])
    _, ax = drawn(table)
    assert {"MSK-MET LCNEC (a–d)", "Zhang 2026 (a,c–e)"} <= set(words(ax))


def test_several_axes_begin_their_names_at_one_place():
    letters, (fig, axes) = letters_of(FIVE), palette.figure(palette.PAGE_MM, 90, nrows=2)
    parts = {"log": FIVE, "linear": SHARES.assign(caveats="")}
    aside = max(aside_of(part, axes[0], scale=scale, digits=1, letters=letters) for scale, part in parts.items())
    for ax, (scale, part) in zip(axes, parts.items(), strict=True):
        replication_forest(part, ax, effect="x", scale=scale, digits=1, letters=letters, key="", aside=aside)
    starts = {text.xyann[0] for ax in axes for text in ax.texts if text.get_text() == "Published"}
    assert starts == {-aside}
    assert_readable(fig)


def test_what_does_not_count_is_hollow_and_marked():
    _, ax = drawn(TWO.assign(counted=[True, False]))
    assert "MSK-MET LCNEC (†,a,b)" in words(ax)
    square = next(line for line in ax.lines if line.get_marker() == "s")
    assert square.get_markerfacecolor() == "white" and square.get_color() == palette.INK
    assert "† hollow: not counted" in " ".join(ax.get_xlabel().split())
    _, ax = drawn(TWO)
    assert "not counted" not in ax.get_xlabel()


def test_a_printed_range_is_a_bar_without_an_estimate():
    table = SHARES.assign(estimate=[NAN, 24, 31], lower=[20, 18, 25], upper=[30, 31, 38]).assign(note="range 20–30")
    _, ax = drawn(table, scale="plain", effect="Share (%)")
    bar = next(line for line in ax.lines if line.get_marker() == "|")
    assert tuple(bar.get_xdata()) == (20, 30) and bar.get_color() == COLOR["print"]
    assert "range 20–30" in words(ax)
    # of a share nothing is no effect
    assert not [line for line in ax.lines if tuple(line.get_xdata()) == (0, 0)] and ax.get_xlim()[0] > 10


def test_axes_of_one_figure_share_letters_and_say_them_once():
    letters = letters_of(FIVE)
    assert letters == {"time zero": "c", "copy number": "a", "treatment": "b"}
    _, ax = drawn(FIVE.tail(1), letters=letters, key="")
    assert "Zhang 2026 (c)" in words(ax) and "Measured otherwise" not in ax.get_xlabel()
    said = key_of(FIVE, letters).replace("\N{NO-BREAK SPACE}", " ")
    assert said == "Measured otherwise: a copy number; b treatment; c time zero\nPI: 95% prediction interval, dashed"
    assert key_of(TWO.drop(columns="caveats"), letters_of(TWO.drop(columns="caveats"))) == ""
