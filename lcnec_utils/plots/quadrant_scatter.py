"""Two amounts of the same patients against each other, by group, with cut-offs, a corner that is named, and arrows to a
later value; axes are logarithmic where that is asked."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from lcnec_utils.plots import palette

LEAST_MM = 40, 38  # of the plot inside its axes
MARKS = "os^D"
FLOOR = 1.0  # where an amount is 0, smaller ones than this lie on a linear piece of the axis
MOST_TICKS = 6


def quadrant_scatter(
    table: pd.DataFrame, ax: Axes, *, x: str, y: str, xlabel: str, ylabel: str,
    cuts: tuple[float | None, float | None] = (None, None), corner: str = "", corner_label: str = "", then: str = "",
    equal: bool = False, logarithmic: str = "xy", title: str = "",
) -> Axes:  # fmt: skip
    """Draw one dot a patient on ax; returns ax.

    table: columns x, y (amounts from 0 on), group (categorical), and where `then` names one, the later value of y, to
    which an arrow leads. cuts: of x and of y, as dashed lines. corner: a column of booleans, whose patients are ringed
    and counted under corner_label. equal: a line on which both are equal. logarithmic: which axes are. Who lacks x or y
    is not drawn. Raises MissingData where nobody has both.
    """
    shown = table.dropna(subset=[x, y, "group"])
    if shown.empty:
        return palette.nothing(ax, f"no patient here has both {xlabel} and {ylabel}", title)
    groups = [name for name in shown["group"].cat.categories if (shown["group"] == name).any()]
    color = palette.colors(groups)
    for place, name in enumerate(groups):
        rows = shown[shown["group"] == name]
        if then:
            _arrows(ax, rows, x, y, then, color[str(name)])
        sns.scatterplot(
            rows, x=x, y=y, ax=ax, color=color[str(name)], marker=MARKS[place % len(MARKS)], s=20, linewidth=0,
            alpha=0.85, zorder=3, label=f"{name} (n = {len(rows)})",
        )  # fmt: skip
    across, up = shown[x].astype(float), pd.concat([shown[y], *([shown[then].dropna()] if then else [])]).astype(float)
    for axis, values in (("x", across), ("y", up)):
        if axis in logarithmic:
            _logarithmic(ax, axis, values)
    for line, cut in zip((ax.axvline, ax.axhline), cuts, strict=True):
        if cut is not None and np.isfinite(cut):
            line(cut, color=palette.FAINT, linewidth=0.7, linestyle=(0, (4, 3)), zorder=1)
    if equal:
        reach = [min(across.min(), up.min()), 1.1 * max(across.max(), up.max())]
        ax.plot(reach, reach, color=palette.FAINT, linewidth=0.7, zorder=1, scalex=False, scaley=False)
    if corner:
        _ring(ax, shown[shown[corner].fillna(False).astype(bool)], x, y, corner_label)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    palette.keep(ax, *LEAST_MM)
    palette.legend(ax, most=2, handletextpad=0.2)
    if title:
        ax.set_title(title, pad=18)
    return ax


def _arrows(ax: Axes, rows: pd.DataFrame, x: str, y: str, then: str, color: str) -> None:
    """From each patient's value to the later one."""
    for _, row in rows.dropna(subset=[then]).iterrows():
        ax.annotate(
            "", (row[x], row[then]), (row[x], row[y]), zorder=2,
            arrowprops={"arrowstyle": "-|>", "color": color, "linewidth": 0.7, "mutation_scale": 6, "shrinkA": 2,
                        "shrinkB": 0},
        )  # fmt: skip


def _ring(ax: Axes, rows: pd.DataFrame, x: str, y: str, label: str) -> None:
    """A ring round each patient of the corner."""
    ax.scatter(
        rows[x], rows[y], s=55, facecolor="none", edgecolor=palette.EMPHASIS, linewidth=0.8, zorder=4,
        label=f"{label} (n = {len(rows)})",
    )  # fmt: skip


def _logarithmic(ax: Axes, axis: str, values: pd.Series) -> None:
    """A logarithmic axis with plain numbers; linear under FLOOR, or the least amount over 0, where an amount is 0."""
    positive = values[values > 0]
    least, high = (float(positive.min()), float(positive.max())) if len(positive) else (FLOOR, FLOOR)
    floor, from_zero = min(FLOOR, least), bool((values <= 0).any())
    ticks = [float(f"{step}e{power}") for power in range(-5, 7) for step in (1, 2, 5)]
    inside = [tick for tick in ticks if (floor if from_zero else least / 1.3) <= tick <= high * 1.3]
    while len(inside) > MOST_TICKS:  # powers of ten, or every other one
        tens = [tick for tick in inside if f"{tick:e}".startswith("1.0")]
        inside = tens if 1 < len(tens) < len(inside) else inside[::2]
    scale = {"linthresh": floor, "linscale": 0.4} if from_zero else {}
    getattr(ax, f"set_{axis}scale")("symlog" if from_zero else "log", **scale)
    getattr(ax, f"set_{axis}lim")(-0.15 * floor if from_zero else least / 1.3, high * 1.3)
    of = getattr(ax, f"{axis}axis")
    of.set_major_locator(FixedLocator([0.0, *inside] if from_zero else inside))
    of.set_minor_locator(NullLocator())
    of.set_major_formatter(StrMethodFormatter("{x:,g}"))
