"""The difference of two paired shares over every table that the two shares allow, with the p of each."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.core import formats
from lcnec_utils.plots import palette

LEAST_MM = 46, 32  # of the plot inside its axes
SMALL = 5.5  # points of the p values


def discordant_tables(
    tables: pd.DataFrame, ax: Axes, *, first: str, second: str, own: int | None = None, title: str = "",
) -> Axes:  # fmt: skip
    """Draw one interval for each table, by the pairs in which only `first` is true, with its p upright above.

    tables: `discordant.tables_with_margins`. own: the pairs in which only `first` is true in the cohort itself, whose
    table is drawn filled; the others are hollow. Raises MissingData where there is no table.
    """
    if tables.empty or tables["difference"].isna().all():
        return palette.nothing(ax, f"nobody here was assessed for {first} and {second}", title)
    x = tables["only_one"].to_numpy(float)
    lower, upper, middle = (100 * tables[name].to_numpy(float) for name in ("lower", "upper", "difference"))
    is_own = np.zeros(len(x), bool) if own is None else x == own
    for which, face, color in ((~is_own, "white", palette.FAINT), (is_own, palette.EMPHASIS, palette.EMPHASIS)):
        ax.vlines(x[which], lower[which], upper[which], color=color, linewidth=1)
        look = {"markerfacecolor": face, "markeredgecolor": color, "markersize": 4, "linestyle": "none"}
        ax.plot(x[which], middle[which], "o", zorder=3, **look)
    ax.axhline(0, color=palette.INK, linewidth=0.6, zorder=1)
    low, high = min(lower.min(), 0), max(upper.max(), 0)
    room = high - low or 1
    for place, p in zip(x, tables["p"], strict=True):
        ax.annotate(
            formats.p_value(p), (place, high), xytext=(0, 4), textcoords="offset points", rotation=90, ha="center",
            va="bottom", fontsize=SMALL, annotation_clip=False,
        )  # fmt: skip
    ax.set(xlim=(x.min() - 0.6, x.max() + 0.6), ylim=(low - 0.06 * room, high + 0.45 * room))
    ax.set_xticks(np.arange(x.min(), x.max() + 1, max(1, int(len(x) / 8))))
    n = int(tables.iloc[0][["both", "only_one", "only_other", "neither"]].sum())
    ax.set_xlabel(f"Patients with it in the {first} alone, not in the {second} (n = {n})")
    ax.set_ylabel(f"{first} less {second}, points (95% CI)")
    palette.keep(ax, *LEAST_MM)
    if title:
        ax.set_title(title)
    return ax
