"""Waterfall, spider, swimmer, paired changes and what belongs to them: drawn, counted and readable. About 5 s."""

import matplotlib

matplotlib.use("agg")

import matplotlib.colors
import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import MissingData
from lcnec_utils.plots import palette
from lcnec_utils.plots.discordant_tables import discordant_tables
from lcnec_utils.plots.paired_change import paired_change
from lcnec_utils.plots.spider import spider
from lcnec_utils.plots.swimmer import swimmer
from lcnec_utils.plots.threshold_sweep import threshold_sweep
from lcnec_utils.plots.waterfall import order_of, waterfall
from lcnec_utils.stats.discordant import opposite_sweep, tables_with_margins
from tests.plots.readable import assert_readable

CHANGES = pd.DataFrame(
    {"liver": [0.4, -0.5, np.nan, 1.8, 0.0, -1.0], "lung": [-0.2, -0.6, -0.1, 0.3, 0.1, -0.4]},
    index=["A", "B", "C", "D", "E", "F"],
)
RESPONSES = pd.DataFrame(
    {"liver": ["PD", "PR", "NE", "PD", "SD", "CR"], "lung": ["SD", "PR", "SD", "PD", "SD", "PR"]}, index=CHANGES.index
)


@pytest.fixture(autouse=True)
def style():
    palette.apply()
    yield
    matplotlib.pyplot.close("all")


def bars_of(ax) -> list[tuple[float, float]]:
    return sorted((round(bar.get_x() + bar.get_width() / 2), round(bar.get_height(), 9)) for bar in ax.patches if abs(
        bar.get_height()) not in (0, 1.2))  # fmt: skip


def test_the_same_patients_stand_one_over_another_in_the_order_of_the_first_organ():
    assert list(order_of(CHANGES)) == ["D", "A", "E", "B", "F", "C"], "without a change last"
    fig, ax = palette.figure(120, 90)
    upper, lower = waterfall(CHANGES, ax, responses=RESPONSES, title="A cohort")
    assert bars_of(upper) == [(0, 100), (1, 40), (3, -50), (4, -100)], "growth is cut at 100%"
    assert bars_of(lower) == [(0, 30), (1, -20), (2, 10), (3, -60), (4, -40), (5, -10)]
    marks = {line.get_marker(): list(line.get_xdata()) for line in upper.lines if line.get_marker() in ("^", "x")}
    assert marks == {"^": [0], "x": [5]}
    words = [text.get_text() for text in upper.get_legend().get_texts()]
    assert words == ["CR (n = 1 and 0)", "PR (n = 1 and 2)", "SD (n = 1 and 3)", "PD (n = 2 and 1)", "NE (n = 1 and 0)"]
    colour = {matplotlib.colors.to_hex(bar.get_facecolor()).upper() for bar in upper.patches if bar.get_height() == 100}
    assert colour == {palette.RESPONSE["PD"].upper()}
    assert "n = 5" in upper.get_ylabel() and "n = 6" in lower.get_ylabel() and "n = 6" in lower.get_xlabel()
    assert_readable(fig)


def test_many_patients_are_one_outline_and_nobody_is_lost():
    rng = np.random.default_rng(1)
    change = pd.DataFrame({"tumour": rng.uniform(-1, 1.2, 1500)}, index=[f"P{i}" for i in range(1500)])
    fig, ax = palette.figure(120, 60)
    waterfall(change, ax)
    assert not ax.patches and "n = 1,500" in ax.get_xlabel() and ax.get_legend() is None
    assert_readable(fig)


def test_a_spider_has_one_line_a_patient_from_nothing_at_month_0():
    courses = pd.DataFrame(
        [("A", 2, 0.4), ("A", 1, 0.1), ("B", 1, -0.5), ("B", 3, np.nan), ("C", 2, 2.0)],
        columns=["patient", "months", "change"],
    )
    fig, ax = palette.figure(89, 60)
    spider(courses, ax, responses=pd.Series({"A": "PD", "B": "PR"}), title="A cohort")
    drawn = {line.get_label().split(" (")[0]: line.get_xydata() for line in ax.lines if "(n" in str(line.get_label())}
    np.testing.assert_allclose(drawn["PD"][:3], [[0, 0], [1, 10], [2, 40]])
    np.testing.assert_allclose(drawn["PR"][:2], [[0, 0], [1, -50]])
    assert set(drawn) == {"PD", "PR", "not stated"}
    assert "n = 3; 1 beyond 150%" in ax.get_xlabel() and ax.get_ylim()[1] == 150
    assert_readable(fig)


def test_responses_have_one_colour_in_every_plot_and_their_order():
    assert palette.responses(["PD", "other", "CR", "SD or PD", "SD"]) == ["CR", "SD", "PD", "SD or PD", "other"]
    fig, (left, right) = palette.figure(183, 60, ncols=2)
    words = pd.DataFrame({"tumour": ["SD or PD", "CR or PR"]}, index=["A", "B"])
    waterfall(pd.DataFrame({"tumour": [0.2, -0.4]}, index=["A", "B"]), left, responses=words)
    table = pd.DataFrame({"patient": ["A", "B"], "months": [1.0, 2.0], "change": [0.2, -0.4]})
    spider(table, right, responses=words["tumour"])
    bar = {matplotlib.colors.to_hex(bar.get_facecolor()) for bar in left.patches if bar.get_height() > 10}
    line = {matplotlib.colors.to_hex(line.get_color()) for line in right.lines if "SD or PD" in str(line.get_label())}
    assert bar == line


PATIENTS = pd.DataFrame(
    {"months": [4.0, 9.0, 2.0, np.nan], "ongoing": [False, True, False, False], "response": ["SD", "PR", "PD", "NE"]},
    index=["A", "B", "C", "D"],
)
EVENTS = pd.DataFrame(
    [("B", 2.0, "response"), ("C", 1.5, "progression"), ("C", 1.5, "new lesion"), ("A", 3.0, "progression")],
    columns=["patient", "months", "event"],
)


def test_a_swimmer_has_the_longest_on_top_and_its_events_on_their_rows():
    fig, ax = palette.figure(120, 60)
    swimmer(PATIENTS, EVENTS, ax, title="A cohort")
    assert [bar.get_width() for bar in ax.patches] == [9, 4, 2], "D has no time"
    assert ax.get_ylim()[0] > ax.get_ylim()[1], "the first stands on top"
    marks = {line.get_marker(): line.get_xydata().tolist() for line in ax.lines}
    assert marks["^"] == [[2.0, 0]] and marks["D"] == [[1.5, 2]] and sorted(marks["X"]) == [[1.5, 2], [3.0, 1]]
    assert len(marks[">"]) == 1 and marks[">"][0][1] == 0
    words = {text.get_text() for text in ax.get_legend().get_texts()}
    assert {
        "best PR (n = 1)",
        "response (n = 1)",
        "progression (n = 2)",
        "new lesion (n = 1)",
        "goes on (n = 1)",
    } <= words
    assert "n = 3" in ax.get_xlabel()
    assert_readable(fig)


def test_of_very_many_patients_the_longest_are_drawn_and_that_is_said():
    many = pd.DataFrame({"months": np.arange(1.0, 301), "ongoing": False}, index=[f"P{i}" for i in range(300)])
    fig, ax = palette.figure(120, 60)
    swimmer(many, EVENTS.iloc[:0], ax)
    assert len(ax.patches) == 80 and "n = 300; the longest 80 are drawn" in ax.get_xlabel()
    assert_readable(fig)


def counted(ax) -> dict[tuple[bool, bool], str]:
    return {(text.xy[0] == 1, text.xy[1] == 1): text.get_text() for text in ax.texts if text.get_text().isdigit()}


def test_the_quadrants_of_paired_changes_are_counted():
    fig, ax = palette.figure(89, 80)
    paired_change(CHANGES, ax, first="lung", second="liver", title="A cohort")
    # right and up: both grow; E's liver did not change and C's is not known
    assert counted(ax) == {(False, True): "1", (True, True): "1", (False, False): "2", (True, False): "0"}
    assert "n = 5; 1 with a change of none" in ax.get_xlabel()
    assert_readable(fig)
    fig, ax = palette.figure(89, 80)
    paired_change(CHANGES, ax, first="lung", second="liver", threshold=0.3)
    assert counted(ax) == {(False, True): "0", (True, True): "1", (False, False): "2", (True, False): "0"}
    assert "2 within ±30%" in ax.get_xlabel()
    assert_readable(fig)


def test_every_table_is_drawn_with_its_p_and_the_cohorts_own_filled():
    fig, ax = palette.figure(89, 60)
    tables = tables_with_margins(11, 17, 52)
    discordant_tables(tables, ax, first="liver", second="lung", own=2, title="Objective response")
    said = [text.get_text() for text in ax.texts]
    assert len(said) == 12 and said[0] == "p = 0.03" and said[-1] == "p = 0.34"
    dots = {line.get_markerfacecolor(): list(line.get_xdata()) for line in ax.lines if line.get_marker() == "o"}
    assert dots[palette.EMPHASIS] == [2] and len(dots["white"]) == 11
    assert_readable(fig)


def test_a_sweep_steps_down_as_the_threshold_rises():
    fig, ax = palette.figure(89, 60)
    sweep = opposite_sweep(CHANGES["liver"], CHANGES["lung"], np.arange(31) / 100)
    threshold_sweep(sweep, ax, first="liver", second="lung", threshold=0.1, title="A cohort")
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    assert (np.diff(lines["opposite changes"]) <= 0).all() and lines["opposite changes"][0] == 1
    assert_readable(fig)


def test_without_anything_known_each_plot_is_a_stated_skip():
    nothing = CHANGES * np.nan
    courses = pd.DataFrame({"patient": ["A"], "months": [1.0], "change": [np.nan]})
    sweep = opposite_sweep(nothing["liver"], nothing["lung"], [0.0])
    for draw, words in (
        (lambda ax: waterfall(nothing, ax), "no patient here has a change of tumour size"),
        (lambda ax: spider(courses, ax), "no patient here has a change of tumour size"),
        (lambda ax: swimmer(PATIENTS.assign(months=np.nan), EVENTS, ax), "how long the treatment went on"),
        (lambda ax: paired_change(nothing, ax, first="lung", second="liver"), "a change of lung and of liver"),
        (lambda ax: threshold_sweep(sweep, ax, first="liver", second="lung"), "a change of liver and of lung"),
        (lambda ax: discordant_tables(tables_with_margins(0, 0, 0), ax, first="liver", second="lung"), "nobody here"),
    ):
        _, ax = palette.figure()
        with pytest.raises(MissingData, match=words):
            draw(ax)
