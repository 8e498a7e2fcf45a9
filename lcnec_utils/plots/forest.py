"""Forest plot: a hazard ratio and its interval per row, patients and events on the left, figures and p on the right."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from lcnec_utils.core import formats
from lcnec_utils.plots import palette

TICKS = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 10, 20]
TERM, SMALL = 7, 6.5  # points of the terms' text, and of all other
BESIDE = 48  # points from the axis to the terms, where the counts need no more
LEAST_MM = 34, 4.6  # width of the plot inside its axes, height of a row on one line
NOTE = 130  # points of a note's longest line


def forest(
    table: pd.DataFrame,
    ax: Axes,
    *,
    title: str = "",
    left: str = "",
    right: str = "",
    span: pd.DataFrame | None = None,
    ratio: str = "Hazard ratio",
) -> Axes:
    """Draw one row per term on ax, on a log scale, the first on top.

    table: term, counts (text), hr, lower, upper, p, note, and events_with where known. A row without an estimate shows
    its note. left, right: what a ratio below and above 1 means. span: the rows whose intervals set the axis, for panels
    that share it; the table's own if not given. ratio: what hr is called below the axis. The figure grows with the
    rows. Raises MissingData where the figure would show no estimate at all.
    """
    if table.empty:
        return palette.nothing(ax, "there is no term whose hazard ratio could be estimated", title)
    if table["hr"].isna().all():
        notes = "; ".join(dict.fromkeys(note or formats.NOT_ESTIMABLE for note in table["note"]))
        palette.shows_nothing(ax, f"no hazard ratio could be estimated here ({notes})")
    finite = (table if span is None else span).dropna(subset=["lower", "upper"])
    lowest, highest = min([0.4, *finite["lower"]]) / 1.15, max([2.5, *finite["upper"]]) * 1.15
    lowest, highest = max(lowest, 0.03), min(highest, 33)
    results, terms, counts, aside = _words(table, ax)
    lines = [max(text.count("\n") + 1 for text in row) for row in zip(results, terms, strict=True)]
    heights = np.array([1 + 0.62 * (count - 1) for count in lines])
    centres = np.cumsum(heights) - heights / 2 - 0.5
    for place, (y, row) in enumerate(zip(centres, table.itertuples(), strict=True)):
        if place % 2:
            half = heights[place] / 2
            ax.axhspan(y - half, y + half, color=palette.BAND, zorder=0, linewidth=0)
        _beside(ax, y, terms[place], -aside, TERM, palette.INK)
        _beside(ax, y, counts[place], -4, SMALL, palette.FAINT)
        _beside(ax, y, results[place], 6, SMALL, palette.FAINT if pd.isna(row.hr) else palette.INK)
        if not pd.isna(row.hr):
            _interval(ax, y, row, lowest, highest)
    ax.axvline(1, color=palette.FAINT, linewidth=0.6, zorder=1)
    ax.set_xscale("log")
    shown = _ticks(lowest, highest, max(palette.inner_width(ax), LEAST_MM[0] * palette.POINT))
    ax.xaxis.set_major_locator(FixedLocator(shown))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(shown, [f"{tick:g}" for tick in shown])
    ax.set(xlim=(lowest, highest), ylim=(heights.sum() - 0.5, -0.5), yticks=[])
    ax.spines["left"].set_visible(False)
    palette.keep(ax, LEAST_MM[0], max(9, LEAST_MM[1] * heights.sum()))
    ratio = f"{ratio} (95% CI)"
    if left and right:
        whole, wide = f"← {left}      {ratio}      {right} →", palette.inner_width(ax)
        beyond = 2 * min(palette.margins(ax)[:2])
        ratio = whole if palette.text_width(whole, TERM) < wide + beyond else f"{ratio}\n← {left}      {right} →"
    ax.set_xlabel(ratio)
    if title:
        ax.set_title(title, pad=8)
    return ax


def _ticks(lowest: float, highest: float, wide: float) -> list[float]:
    """The ratios that are ticks, as many as stand side by side on so many points: 1 first, then outwards from it."""
    shown: list[float] = []
    for tick in sorted((tick for tick in TICKS if lowest <= tick <= highest), key=lambda tick: abs(np.log(tick))):
        room = [(palette.text_width(f"{tick:g}") + palette.text_width(f"{other:g}")) / 2 + 2 for other in shown]
        apart = [abs(np.log(tick / other)) / np.log(highest / lowest) * wide for other in shown]
        if all(need <= has for need, has in zip(room, apart, strict=True)):
            shown.append(tick)
    return sorted(shown)


def _words(table: pd.DataFrame, ax: Axes) -> tuple[list[str], list[str], list[str], float]:
    """What stands at the right of each row, the terms and counts as they fit at the left, and how far from the axis
    the terms are (points)."""
    results = []
    for row in table.itertuples():
        if pd.isna(row.hr):
            results.append(palette.wrap(row.note or formats.NOT_ESTIMABLE, NOTE, SMALL))
        else:
            ratio, p = formats.hazard_ratio(row.hr, row.lower, row.upper), formats.p_value(row.p)
            whole = f"{ratio}   {p}"
            results.append(whole if palette.text_width(whole, SMALL) < 1.2 * NOTE else f"{ratio}\n{p}")
    events = table["events_with"] if "events_with" in table else pd.Series(np.nan, table.index)
    counts = [
        text if pd.isna(known) else f"{text} ({formats.count(int(known), 'event')})"
        for text, known in zip(table["counts"].astype(str), events, strict=True)
    ]
    aside = max([BESIDE, *(palette.text_width(text, SMALL) + 12 for text in counts)])
    beside = aside + max(palette.text_width(words, SMALL) for words in results) + 6
    room = palette.cell(ax)[0] - beside - LEAST_MM[0] * palette.POINT - 3 * palette.PAD
    return results, [palette.wrap(term, max(room, 60), TERM) for term in table["term"]], counts, aside


def _beside(ax: Axes, y: float, words: str, points: float, size: float, color: str) -> None:
    """Words so many points left of the axes (negative) or right of it."""
    side = float(points > 0)
    ax.annotate(
        words, (side, y), xytext=(points, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
        ha="left" if side else "right", va="center", fontsize=size, color=color, linespacing=1.1,
    )  # fmt: skip


def _interval(ax: Axes, y: float, row, lowest: float, highest: float) -> None:
    """A ratio with its interval; an arrow's head where a limit lies beyond the axis."""
    limits = [max(row.lower, lowest), min(row.upper, highest)]
    ax.plot(limits, [y, y], color=palette.INK, linewidth=1, zorder=2)
    for limit, edge, mark in ((row.lower, lowest, "<"), (row.upper, highest, ">")):
        if (limit < edge) if mark == "<" else (limit > edge):
            ax.plot([edge], [y], mark, color=palette.INK, markersize=3.5, zorder=3, clip_on=False)
    ax.plot([min(max(row.hr, lowest), highest)], [y], "s", color=palette.INK, markersize=4, zorder=4)
