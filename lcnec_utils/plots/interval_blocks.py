"""Estimates as dots with intervals, rows in named blocks and groups side by side within a row."""

import re

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from lcnec_utils.core import formats
from lcnec_utils.plots import palette

GROUP_MM, LINE_MM, HEAD_MM = 1.75, 2.8, 1.4  # heights: a group's place in a row, a line of words, over a head
LEAST_MM = 30  # of the width inside the axes
SPAN = 0.74  # of a row's height, that its groups take
FACE = "#FBF1DC"  # behind the margin within which two are alike
MARKERS = ["o", "s", "D"]
GENE = re.compile(r"[A-Z0-9][A-Z0-9-]*[0-9A-Z]")
SMALL = 6  # points of the names of rows


def interval_blocks(
    table: pd.DataFrame, ax: Axes, *, groups: dict[str, str], xlabel: str, left: str = "", right: str = "",
    margin: float = float("nan"), marked: pd.DataFrame | None = None, mark: str = "", title: str = "",
) -> Axes:  # fmt: skip
    """Draw a row per `what` under the head of its `family`, the first on top, and in each a dot per group; returns ax.

    table: family, what, group, value, lower, upper (0 is none; a row without any value says so, a value without limits
    is a dot alone). groups: group → its name in the legend, in their order. left, right: what below and above 0 means.
    margin: estimates within ± the margin are alike; the table then has lower_90 and upper_90 too, drawn as a thicker
    bar. marked: what, value of single observations that no estimate rests on, drawn as crosses; mark: what they are.
    Intervals beyond the axis end in an arrowhead. A name of capitals is a gene's and in italics. The figure grows with
    the rows. Raises MissingData where no row of the figure has a value.
    """
    known = table.dropna(subset="value")
    if known.empty:
        notes = ", ".join(dict.fromkeys(note for note in table.get("note", pd.Series(dtype=str)) if note))
        return palette.nothing(ax, f"no estimate is known of {xlabel}{f' ({notes})' if notes else ''}", title)
    reach, names = _reach(known, margin, marked), _names(table, 0.42 * palette.cell(ax)[0])
    lines = _lines(names, len(groups))
    if not np.isnan(margin):
        ax.axvspan(-margin, margin, color=FACE, zorder=0, linewidth=0)
    color = palette.colors(list(groups))
    for (family, what), (centre, height) in lines.items():
        if what is None:
            continue
        rows = known[(known["family"] == family) & (known["what"] == what)].set_index("group")
        if rows.empty:
            ax.text(0.02 * reach, centre, "no estimate", va="center", fontsize=5.5, color=palette.FAINT)
        shift = SPAN * height / len(groups)
        for place, group in enumerate(groups):
            if group in rows.index:
                at = centre + (place - (len(groups) - 1) / 2) * shift
                _interval(ax, rows.loc[group], at, color[group], MARKERS[place % 3], reach)
        if marked is not None:
            values = marked.loc[marked["what"] == what, "value"].clip(-reach, reach)
            ax.scatter(values, [centre] * len(values), marker="x", s=12, color=palette.INK, linewidth=0.9, zorder=4)
    ax.axvline(0, color=palette.FAINT, linewidth=0.6, zorder=1)
    _name(ax, lines, names)
    bottom = max(centre + height / 2 for centre, height in lines.values())
    ax.set(xlim=(-1.04 * reach, 1.04 * reach), ylim=(bottom, 0))
    palette.keep(ax, LEAST_MM, bottom)
    ax.set_xlabel(f"{xlabel}\n← {left}      {right} →" if left and right else xlabel)
    _explain(ax, groups, color, margin, mark if marked is not None and len(marked) else "")
    if title:
        ax.set_title(title, pad=18)
    return ax


def _reach(known: pd.DataFrame, margin: float, marked: pd.DataFrame | None) -> float:
    """How far the axis goes: to all values and marks, and to limits no farther than thrice the farthest of these."""
    values = [known["value"], [0 if np.isnan(margin) else margin], [] if marked is None else marked["value"].dropna()]
    middle = max(float(np.abs(np.asarray(each, float)).max(initial=0)) for each in values)
    limits = known[["lower", "upper"]].abs().max(axis=1).max()
    return 1.08 * (np.nanmax([middle, np.nanmin([limits, 2.2 * middle])]) or 1.0)


def _names(table: pd.DataFrame, wide: float) -> dict[tuple, str]:
    """(family, what) → its name on lines of a width in points, in their order; the head of a block has no `what`."""
    names = {}
    for family, rows in table.groupby("family", sort=False):
        if family:
            names[family, None] = palette.wrap(str(family), wide, SMALL, "bold")
        names |= {(family, what): palette.wrap(str(what), wide, SMALL) for what in rows["what"].unique()}
    return names


def _lines(names: dict[tuple, str], groups: int) -> dict[tuple, tuple[float, float]]:
    """(family, what) → centre and height in mm from the top."""
    lines, top = {}, 0.6
    for (family, what), name in names.items():
        words = LINE_MM * (name.count("\n") + 1)
        over = HEAD_MM if what is None else 0.0
        height = words if what is None else max(words + 0.4, GROUP_MM * groups / SPAN)
        lines[family, what] = (top + over + height / 2, height)
        top += over + height
    return lines


def _interval(ax: Axes, row: pd.Series, at: float, color: str, marker: str, reach: float) -> None:
    """One estimate: its 95% interval, its 90% interval where there is one, and its dot."""
    if not np.isnan(row["lower"]):
        ends = np.clip([row["lower"], row["upper"]], -reach, reach)
        ax.plot(ends, [at, at], color=color, linewidth=0.9, zorder=2, solid_capstyle="butt")
        for end, limit, arrow in zip(ends, (row["lower"], row["upper"]), "<>", strict=True):
            if end != limit:
                ax.plot([end], [at], arrow, color=color, markersize=2.6, zorder=2, clip_on=False)
    if not np.isnan(row.get("lower_90", np.nan)):
        ends = np.clip([row["lower_90"], row["upper_90"]], -reach, reach)
        ax.plot(ends, [at, at], color=color, linewidth=2.2, zorder=2, solid_capstyle="butt", alpha=0.55)
    ax.plot([row["value"]], [at], marker, color=color, markersize=3, zorder=3, markeredgewidth=0)


def _name(ax: Axes, lines: dict, names: dict[tuple, str]) -> None:
    """The names of rows at the left, genes in italics, and the heads of blocks over them."""
    ax.set_yticks([centre for centre, _ in lines.values()], list(names.values()))
    for label, (_, what) in zip(ax.get_yticklabels(), lines, strict=True):
        label.set(fontsize=SMALL, fontweight="bold" if what is None else "normal")
        label.set_style("italic" if what is not None and GENE.fullmatch(str(what)) else "normal")
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _explain(ax: Axes, groups: dict[str, str], color: dict, margin: float, mark: str) -> None:
    """The legend: groups, the margin, and what single marks are."""
    handles = [
        Line2D([], [], color=color[group], marker=MARKERS[place % 3], markersize=3.4, linewidth=0.9)
        for place, group in enumerate(groups)
    ]
    labels = list(groups.values())
    if not np.isnan(margin):
        handles.append(Patch(facecolor=FACE, edgecolor="none"))
        labels.append(f"alike (ratio {formats.number(2**-margin, 2)} to {formats.number(2**margin, 2)})")
    if mark:
        handles.append(Line2D([], [], linestyle="", marker="x", markersize=3.6, color=palette.INK))
        labels.append(mark)
    palette.legend(ax, handles, labels)
