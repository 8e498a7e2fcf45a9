"""Printed outcomes of trials as dumbbells: a row per trial and stratum, a mark per arm, joined by a line."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from lcnec_utils.plots import palette

SMALL = 5.8  # points of all words
ROW_MM, LEAST_MM = 3.6, 20  # height of a row, width of the plot inside its axes
SHAPES = ("o", "D", "^")  # of the experimental arms in their order; the control is an open square
CONTROL = "control"


def dumbbell(
    table: pd.DataFrame,
    ax: Axes,
    *,
    xlabel: str,
    limits: tuple[float, float],
    color: dict[str, str],
    log: bool = False,
    named: bool = True,
    scale: bool = True,
    title: str = "",
) -> Axes:
    """Draw one row per trial and stratum on ax, in the table's order, an arm of it per row of the table.

    table: row (its name), arm_role (experimental or control), group, value (missing: not drawn), state (`value`,
    `not reached`: an open arrow at the right edge, or why there is nothing to draw), printed (the text beside the
    row), questioned (bool: in another colour, with an exclamation mark). limits: of the axis; a value beyond it is an
    arrow at the edge with its number beside it. color: by group. log: a logarithmic axis. named, scale: whether the
    rows have their names and the axis its numbers, which axes under or beside others do without. Raises MissingData
    where there is no row.
    """
    if table.empty:
        return palette.nothing(ax, f"no trial prints {xlabel}", title)
    rows = list(dict.fromkeys(table["row"]))
    for y, name in enumerate(rows):
        arms = table[table["row"] == name]
        if y % 2:
            ax.axhspan(y - 0.5, y + 0.5, color=palette.BAND, zorder=0, linewidth=0)
        _marks(ax, y, arms, limits, color)
        _words(ax, y, arms)
    if log:
        ax.set_xscale("log")
    ticks = [tick for tick in ((2, 5, 10, 20, 50) if log else range(0, 101, 20)) if limits[0] <= tick <= limits[1]]
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(ticks, [f"{tick:g}" if scale else "" for tick in ticks], fontsize=SMALL)
    ax.grid(axis="x", color=palette.MISSING, linewidth=0.6, zorder=0)
    ax.set_axisbelow(True)
    ax.set(xlim=limits, ylim=(len(rows) - 0.5, -0.5), xlabel=xlabel if scale else "")
    ax.set_yticks(range(len(rows)), rows if named else [""] * len(rows), fontsize=SMALL)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    palette.keep(ax, LEAST_MM, ROW_MM * len(rows))
    if title:
        ax.set_title(title)
    return ax


def _marks(ax: Axes, y: float, arms: pd.DataFrame, limits: tuple[float, float], color: dict[str, str]) -> None:
    """The arms of one row, and the line from the least to the greatest of them within the axis."""
    within = arms["value"].dropna().clip(*limits)
    if len(within) > 1:
        ax.plot([within.min(), within.max()], [y, y], color=palette.FAINT, linewidth=0.8, zorder=2)
    tried = 0
    for arm in arms.itertuples():
        control, beyond = arm.arm_role == CONTROL, arm.value > limits[1]
        shape, tone = "s" if control else SHAPES[tried % len(SHAPES)], palette.EMPHASIS if beyond else color[arm.group]
        tried += not control
        reached = arm.state != "not reached"
        if reached and np.isnan(arm.value):
            continue
        # the control's square is the larger: where both are equal the dot stands in it
        ax.plot(
            [min(arm.value, limits[1]) if reached else limits[1]], [y], shape if reached and not beyond else ">",
            color=tone, markerfacecolor="white" if control or not reached else tone, markeredgewidth=0.8,
            markersize=5 if control else 3.6, zorder=3 if control else 4, clip_on=False,
        )  # fmt: skip


def _words(ax: Axes, y: float, arms: pd.DataFrame) -> None:
    """What is printed of each arm, beside the row; what is questioned stands out."""
    whole = " / ".join(f"{arm.printed}!" if arm.questioned else arm.printed for arm in arms.itertuples())
    if arms["printed"].nunique() == 1 and arms["value"].isna().all() and not arms["questioned"].any():
        whole = arms["printed"].iloc[0]  # a word that holds for every arm
    tone = palette.EMPHASIS if arms["questioned"].any() else palette.INK
    tone = palette.FAINT if arms["value"].isna().all() and not arms["questioned"].any() else tone
    ax.annotate(
        whole, (1, y), xytext=(6, 0), xycoords=("axes fraction", "data"), textcoords="offset points", va="center",
        fontsize=SMALL, color=tone,
    )  # fmt: skip


def dumbbell_legend(ax: Axes, color: dict[str, str], controls: set[str]) -> None:
    """Fill ax with what colours and shapes mean: groups, of which the controls are open, and what is off the axis."""
    looks = {
        group: {"marker": "s" if group in controls else "o", "color": tone, "open": group in controls}
        for group, tone in color.items()
    }
    looks |= {
        "second experimental arm": {"marker": "D", "color": palette.FAINT, "open": False},
        "not reached": {"marker": ">", "color": palette.FAINT, "open": True},
        "beyond the axis": {"marker": ">", "color": palette.EMPHASIS, "open": False},
    }
    handles = [
        Line2D([], [], marker=look["marker"], color=look["color"], linestyle="", markersize=4,
               markerfacecolor="white" if look["open"] else look["color"])
        for look in looks.values()
    ]  # fmt: skip
    ax.set_axis_off()
    palette.flat(ax.legend(
        handles, list(looks), loc="upper left", ncols=4, fontsize=SMALL + 0.4, borderaxespad=0, handletextpad=0.3,
        columnspacing=1.4,
    ))  # fmt: skip
    palette.keep(ax, LEAST_MM, 10)
