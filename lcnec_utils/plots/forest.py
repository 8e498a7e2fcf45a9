"""Forest plot: a hazard ratio and its interval per row, counts on the left, figures and p on the right."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from lcnec_utils import formats
from lcnec_utils.plots import palette

TICKS = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 10, 20]


def forest(table: pd.DataFrame, ax: Axes, *, title: str = "", left: str = "", right: str = "") -> Axes:
    """Draw one row per term on ax, on a log scale, the first on top.

    table: term, counts (text), hr, lower, upper, p, note. A row without an estimate shows its note.
    left, right: what a ratio below and above 1 means.
    """
    finite = table.dropna(subset=["lower", "upper"])
    lowest = min([0.4, *finite["lower"]]) / 1.15
    highest = max([2.5, *finite["upper"]]) * 1.15
    lowest, highest = max(lowest, 0.03), min(highest, 33)
    for y, row in enumerate(table.itertuples()):
        if y % 2:
            ax.axhspan(y - 0.5, y + 0.5, color="#F6F6F6", zorder=0, linewidth=0)
        ax.annotate(
            row.term, (0, y), xytext=(-48, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
            ha="right", va="center", fontsize=7,
        )  # fmt: skip
        ax.annotate(
            row.counts, (0, y), xytext=(-4, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
            ha="right", va="center", fontsize=6.5, color=palette.FAINT,
        )  # fmt: skip
        if pd.isna(row.hr):
            ax.annotate(
                row.note or formats.NOT_ESTIMABLE, (1, y), xytext=(6, 0), xycoords=("axes fraction", "data"),
                textcoords="offset points", ha="left", va="center", fontsize=6.5, color=palette.FAINT,
            )  # fmt: skip
            continue
        ax.plot(
            [max(row.lower, lowest), min(row.upper, highest)],
            [y, y],
            color=palette.INK,
            linewidth=1,
            zorder=2,
        )
        for limit, edge, mark in ((row.lower, lowest, "<"), (row.upper, highest, ">")):
            if (limit < edge) if mark == "<" else (limit > edge):
                ax.plot([edge], [y], mark, color=palette.INK, markersize=3.5, zorder=3, clip_on=False)
        ax.plot([min(max(row.hr, lowest), highest)], [y], "s", color=palette.INK, markersize=4, zorder=4)
        ax.annotate(
            f"{formats.hazard_ratio(row.hr, row.lower, row.upper)}   {formats.p_value(row.p)}", (1, y), xytext=(6, 0),
            xycoords=("axes fraction", "data"), textcoords="offset points", ha="left", va="center", fontsize=6.5,
        )  # fmt: skip
    ax.axvline(1, color=palette.FAINT, linewidth=0.6, zorder=1)
    ax.set_xscale("log")
    shown = [tick for tick in TICKS if lowest <= tick <= highest]
    ax.xaxis.set_major_locator(FixedLocator(shown))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(shown, [f"{tick:g}" for tick in shown])
    ax.set(xlim=(lowest, highest), ylim=(len(table) - 0.5, -0.5), yticks=[])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(f"← {left}      Hazard ratio (95% CI)      {right} →" if left and right else "Hazard ratio (95% CI)")
    if title:
        ax.set_title(title, pad=8)
    return ax
