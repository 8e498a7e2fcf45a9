"""Boxes of several quantities by group: medians, pairs that differ, and what must be readable."""

import matplotlib
import numpy as np
import pandas as pd

matplotlib.use("agg")

from lcnec_utils.plots import grouped_boxes as boxes_plot  # noqa: E402
from lcnec_utils.plots import palette  # noqa: E402
from lcnec_utils.stats import ranks  # noqa: E402
from tests.plots.readable import LABELS, assert_readable  # noqa: E402

NAN = float("nan")


def eleven(n: int = 20, seed: int = 8) -> tuple[pd.DataFrame, pd.Series]:
    """Fractions of three groups of n tumours; in most populations every pair differs."""
    rng = np.random.default_rng(seed)
    names = ["NSCLC-like", "SCLC-like", "Unclassified"]
    group = pd.Series(pd.Categorical(np.repeat(names, n), names), [f"T{i}" for i in range(3 * n)])
    values = pd.DataFrame(rng.random((3 * n, 11)), group.index, LABELS)
    values.iloc[:, :8] += np.repeat([0, 2, 4], n)[:, None]
    return values * 10, group


def drawn(values: pd.DataFrame, group: pd.Series, fdr: float = 0.05):
    tests = ranks.pairwise_rank_sums_by_column(values, group)
    table = ranks.long_table(values, group)
    fig, ax = palette.figure(palette.PAGE_MM, boxes_plot.height_mm(table))
    boxes_plot.grouped_boxes(table, ax, xlabel="% of cells", tests=tests, fdr=fdr, title="A cohort (simulated)")
    return fig, ax, tests


def test_every_group_of_every_quantity_has_a_box_at_its_median():
    values, group = eleven()
    fig, ax, _ = drawn(values, group)
    assert [label.get_text() for label in ax.get_yticklabels()] == LABELS
    assert ax.get_ylim()[0] > ax.get_ylim()[1], "the first quantity stands at the top"
    medians = [line for line in ax.lines if line.get_color() == palette.INK and line.get_linewidth() == 1.2]
    assert len(medians) == 33
    expected = [values.loc[group == name, what].median() for name in group.cat.categories for what in LABELS]
    np.testing.assert_allclose([line.get_xdata()[0] for line in medians], expected)
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == [f"{name} (n = 20)" for name in group.cat.categories]
    colours = [patch.get_facecolor()[:3] for patch in ax.get_legend().get_patches()]
    assert len(set(colours)) == 3


def test_the_pairs_beside_a_row_are_those_under_the_false_discovery_rate():
    values, group = eleven()
    fig, ax, tests = drawn(values, group)
    header = [text for text in ax.texts if text.get_text().startswith("Pairs that differ")]
    assert len(header) == 1 and "0.05" in header[0].get_text()
    rows = {text.xy[1]: text for text in ax.texts if text is not header[0]}
    assert set(rows) == set(range(11))
    for place, what in enumerate(LABELS):
        apart = tests[(tests["what"] == what) & (tests["p_adjusted"] < 0.05)]
        said = rows[place].get_text().split("\n")
        if apart.empty:
            assert said == ["–"] and rows[place].get_color() == palette.FAINT
        else:
            assert [line.split("  ")[0] for line in said] == [f"{r.group} / {r.other}" for r in apart.itertuples()]
            assert all("p " in line for line in said)


def test_an_unadjusted_p_puts_no_pair_beside_a_row():
    values, group = eleven()
    table = ranks.long_table(values, group)
    tests = ranks.pairwise_rank_sums_by_column(values, group).assign(p=0.01, p_adjusted=0.06)
    fig, ax = palette.figure(palette.PAGE_MM, boxes_plot.height_mm(table))
    boxes_plot.grouped_boxes(table, ax, xlabel="% of cells", tests=tests, fdr=0.05)
    assert [text.get_text() for text in ax.texts].count("–") == 11


def test_boxes_at_the_width_of_a_page_are_readable():
    """Eleven populations with three pairs each beside them, at 183 mm."""
    fig, ax, _ = drawn(*eleven())
    assert_readable(fig)


def test_a_group_without_a_value_has_no_box_and_breaks_nothing():
    values, group = eleven()
    values.loc[group == "SCLC-like", "Monocytes"] = NAN
    fig, ax, _ = drawn(values, group)
    assert len([line for line in ax.lines if line.get_linewidth() == 1.2]) == 32
    only = group.cat.add_categories("Nobody")
    drawn(values, only)
