"""Differences between two groups as dots with intervals, a row per quantity, with the adjusted p beside each."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lcnec_utils.core import formats
from lcnec_utils.plots import palette

SMALL = 6.5  # points of all words
LEAST_MM = 34, 4.4  # width of the plot inside its axes, height of a row on one line
NAMES = 0.3  # of the axes' place, for the names of the rows


def difference_forest(
    table: pd.DataFrame, ax: Axes, *, xlabel: str, left: str = "", right: str = "", fdr: float = 0.05, title: str = "",
) -> Axes:  # fmt: skip
    """Draw one row per quantity on ax, the first on top; returns ax.

    table: what, difference, lower, upper (missing where there are no limits), p_adjusted, and note (why there is no
    difference). xlabel: the unit of the
    differences. left, right: what a difference below and above 0 means. fdr: a dot is filled where p_adjusted is below.
    A name of one word is a gene's and in italics. The figure grows with the rows. Raises MissingData where no row of
    the figure has a difference.
    """
    if table.empty or table["difference"].isna().all():
        names, notes = (", ".join(dict.fromkeys(map(str, table.get(name, [])))) for name in ("what", "note"))
        return palette.nothing(
            ax, f"no difference is known of {names or xlabel}{f' ({notes})' if notes else ''}", title
        )
    known = table.dropna(subset=["difference"])
    reach = 1.08 * np.nanmax(np.abs(known[["difference", "lower", "upper"]].to_numpy(float))) or 1.0
    wide = NAMES * palette.cell(ax)[0]
    names = [palette.wrap(str(what), wide, SMALL) for what in table["what"]]
    heights = np.array([1 + 0.62 * name.count("\n") for name in names])
    centres = np.cumsum(heights) - heights / 2 - 0.5
    results = [_words(row) for row in table.itertuples()]
    aside = 6 + max(palette.text_width(words, SMALL) for words, p in results if p) + 8
    for place, (y, row) in enumerate(zip(centres, table.itertuples(), strict=True)):
        if place % 2:
            ax.axhspan(y - heights[place] / 2, y + heights[place] / 2, color=palette.BAND, zorder=0, linewidth=0)
        for words, points in zip(results[place], (6, aside), strict=True):
            ax.annotate(
                words, (1, y), xytext=(points, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                va="center", fontsize=SMALL, color=palette.FAINT if pd.isna(row.difference) else palette.INK,
            )  # fmt: skip
        if not pd.isna(row.difference):
            face = palette.INK if row.p_adjusted < fdr else "white"
            ax.plot([row.lower, row.upper], [y, y], color=palette.INK, linewidth=1, zorder=2)
            ax.plot([row.difference], [y], "o", color=palette.INK, markerfacecolor=face, markersize=4, zorder=3)
    ax.axvline(0, color=palette.FAINT, linewidth=0.6, zorder=1)
    ax.set_yticks(centres, names, fontsize=SMALL)
    for label in ax.get_yticklabels():
        label.set_style("normal" if " " in label.get_text().replace("\n", " ") else "italic")
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set(xlim=(-reach, reach), ylim=(heights.sum() - 0.5, -0.5))
    palette.keep(ax, LEAST_MM[0], LEAST_MM[1] * heights.sum())
    ax.set_xlabel(f"{xlabel}\n← {left}      {right} →" if left and right else xlabel)
    dot = {"linestyle": "", "marker": "o", "color": palette.INK, "markersize": 4}
    handles = [Line2D([], [], **dot), Line2D([], [], markerfacecolor="white", **dot)]
    palette.legend(ax, handles, [f"adjusted p < {fdr:g}", f"adjusted p ≥ {fdr:g}"], handletextpad=0.2)
    if title:
        ax.set_title(title, pad=18)
    return ax


def _words(row) -> tuple[str, str]:
    """A row's difference with its interval, and its adjusted p; or why it has none, and nothing."""
    if pd.isna(row.difference):
        return row.note or formats.NOT_ESTIMABLE, ""
    limits = f" ({formats.number(row.lower, 2)} to {formats.number(row.upper, 2)})" if row.lower == row.lower else ""
    return f"{formats.number(row.difference, 2)}{limits}", formats.p_value(row.p_adjusted)
