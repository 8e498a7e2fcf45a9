"""Plots: each figure type on the shapes that cohorts really have, judged by what is drawn, not by pixels."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402

from lcnec_utils import survival  # noqa: E402
from lcnec_utils.plots import palette  # noqa: E402
from lcnec_utils.plots.comut import column_order, comut  # noqa: E402
from lcnec_utils.plots.forest import forest  # noqa: E402
from lcnec_utils.plots.kaplan_meier import kaplan_meier  # noqa: E402
from lcnec_utils.plots.prevalence_scatter import prevalence_scatter  # noqa: E402
from lcnec_utils.plots.share_bars import share_bars  # noqa: E402


@pytest.fixture(autouse=True)
def closed():
    palette.apply()
    yield
    plt.close("all")


def words(figure) -> str:
    return " | ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_text())


def patients(groups: int, n: int = 30, events: float = 0.7) -> pd.DataFrame:
    draw = np.random.default_rng(groups)
    names = [f"group {i}" for i in range(groups)]
    return pd.DataFrame(
        {
            "months": draw.exponential(12, n * groups).round(1),
            "event": draw.random(n * groups) < events,
            "group": pd.Categorical(np.repeat(names, n), [*names, "nobody"]),
        }
    )


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_kaplan_meier_draws_a_curve_label_and_risk_row_per_group(groups):
    table = patients(groups)
    compared = survival.compare(table, "group")
    fig, ax = palette.figure(height_mm=100)
    kaplan_meier(compared, ax, title="A cohort")
    fig.canvas.draw()
    shown = words(fig)
    assert all(f"group {i}, n = 30: " in shown for i in range(groups)) and "nobody" not in shown
    assert "At risk" in shown and "Median months (95% CI)" in shown
    assert ("Log-rank p not estimable" in shown) == (groups == 1)
    # no text may be cut off by the figure's edge when saved tight: nothing overlaps the title
    title = next(t for t in fig.findobj(matplotlib.text.Text) if t.get_text() == "A cohort")
    legend = ax.get_legend().get_window_extent()
    assert title.get_window_extent().y0 >= legend.y1 - 2


@pytest.mark.parametrize("events", [0.0, 1.0])
def test_kaplan_meier_without_events_or_without_censoring(events):
    fig, ax = palette.figure()
    kaplan_meier(survival.compare(patients(2, 8, events), "group"), ax)
    fig.canvas.draw()
    assert ("NR (NR–NR)" in words(fig)) == (events == 0)


def test_forest_shows_the_reason_where_there_is_no_estimate():
    table = pd.DataFrame(
        {
            "term": ["A", "B", "C"],
            "counts": ["4 of 82", "14 of 82", "9 of 82"],
            "hr": [np.nan, 1.4, 90.0],
            "lower": [np.nan, 0.6, 2.0],
            "upper": [np.nan, 3.0, 4000.0],
            "p": [np.nan, 0.4, 0.01],
            "note": ["fewer than 5 patients on a side", "", ""],
        }
    )
    fig, ax = palette.figure(120, 50)
    forest(table, ax, left="longer", right="shorter")
    fig.canvas.draw()
    shown = words(fig)
    assert "fewer than 5 patients on a side" in shown and "1.40 (0.60–3.00)   p = 0.40" in shown
    assert ax.get_xlim()[1] <= 33, "a huge limit is an arrow, not a squeezed axis"
    assert ax.get_ylim()[0] > ax.get_ylim()[1], "the first row is on top"


def test_scatter_names_what_differs_and_what_was_asked_for():
    table = pd.DataFrame(
        {
            "share_1": [0.6, 0.1, 0.0, 0.5],
            "share_2": [0.1, 0.1, 0.3, 0.5],
            "p_adjusted": [0.001, 0.9, 0.2, np.nan],
            "tested": [True, True, True, False],
        },
        index=["DIFFERS", "ALIKE", "ASKED", "DEFINES"],
    )
    fig, ax = palette.figure()
    prevalence_scatter(table, ax, first="one (n = 20)", second="other (n = 30)", named=["ASKED", "DEFINES"])
    fig.canvas.draw()
    shown = words(fig)
    assert all(gene in shown for gene in ("DIFFERS", "ASKED", "DEFINES")) and "ALIKE" not in shown
    assert "one (n = 20)" in shown and "differs, FDR < 5%: 1" in shown


def test_share_bars_say_counts_and_who_was_not_tested():
    table = pd.DataFrame(
        {
            "group": ["NSCLC-like", "SCLC-like"] * 2,
            "what": ["TMB high", "TMB high", "PD-L1 positive", "PD-L1 positive"],
            "k": [15, 14, 0, 3],
            "n": [33, 20, 0, 20],
            "share": [15 / 33, 0.7, np.nan, 0.15],
            "lower": [0.3, 0.48, np.nan, 0.05],
            "upper": [0.62, 0.85, np.nan, 0.36],
        }
    )
    fig, ax = palette.figure()
    share_bars(table, ax)
    fig.canvas.draw()
    shown = words(fig)
    assert "NSCLC-like (n = 33)" in shown and "SCLC-like (n = 20)" in shown and "not tested" in shown
    assert len(ax.patches) == 3


def genotype():
    samples, genes = [f"s{i}" for i in range(6)], ["TP53", "RB1", "KRAS"]
    hit = pd.DataFrame(False, samples, genes, dtype="boolean")
    hit.loc[["s0", "s1", "s3"], "TP53"] = True
    hit.loc[["s1"], "RB1"] = True
    hit.loc["s5", "KRAS"] = pd.NA
    groups = pd.Series(pd.Categorical(["B", "A", "A", "B", "A", "B"], ["A", "B"]), samples)
    calls = [("s0", "TP53", "missense"), ("s1", "TP53", "truncating"), ("s3", "TP53", "splice")]
    calls += [("s1", "RB1", "deep deletion"), ("s1", "RB1", "missense")]
    return pd.DataFrame(calls, columns=["sample", "gene", "alteration"]), hit, groups


def test_comut_orders_tumours_within_their_group_from_the_top_gene_down():
    _, hit, groups = genotype()
    assert column_order(hit, groups) == ["s1", "s2", "s4", "s0", "s3", "s5"]


def test_comut_shows_groups_shares_and_what_was_not_profiled():
    calls, hit, groups = genotype()
    tracks = {"Sex": pd.Series(["Female", None, "Male", "Male", "Female", "Male"], hit.index)}
    fig = comut(calls, hit, groups, bars=pd.Series(range(6), hit.index), bars_label="TMB", tracks=tracks, title="T")
    shown = words(fig)
    for word in ("A\nn = 3", "B\nn = 3", "50%", "17%", "0%", "not profiled", "deep deletion", "not recorded", "TMB"):
        assert word in shown, word


def test_one_colour_per_name_everywhere():
    assert palette.colors(["SCLC-like", "NSCLC-like"])["SCLC-like"] == palette.SUBTYPE["SCLC-like"]
    assert palette.colors(["x", "y"]) == palette.colors(["x", "y"])
    assert len(set(palette.colors(["a", "b", "c", "d", "e", "f"]).values())) == 6
