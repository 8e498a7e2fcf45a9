"""The hazard ratio of high against low values over every cut-off, with its interval, a curve per endpoint."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from lcnec_utils.plots import palette
from lcnec_utils.plots.forest import TICKS

LEAST_MM = 50, 32  # of the plot inside its axes
LIMITS = 0.1, 10.0  # of the ratios shown, at most


def hazard_sweep(table: pd.DataFrame, ax: Axes, *, cuts: dict[float, str], xlabel: str, title: str = "") -> Axes:
    """Draw a curve with its 95% band per endpoint on ax, on a log scale; returns ax.

    table: endpoint, cut_off, hr, lower, upper, n (as `cox.cox_by_cut_off` gives them). cuts: cut-off that is in use →
    its label. Raises MissingData where no cut-off has a ratio.
    """
    known = table.dropna(subset=["hr", "lower", "upper"])
    if known.empty:
        return palette.nothing(ax, "no cut-off has enough patients on both sides", title)
    names = list(dict.fromkeys(map(str, known["endpoint"])))
    color, dashes = palette.colors(names), palette.dashes(names)
    low = max(LIMITS[0], min(0.4, known["lower"].min()) / 1.1)
    high = min(LIMITS[1], max(2.5, known["upper"].max()) * 1.1)
    for name, rows in known.groupby("endpoint", sort=False):
        shade = color[str(name)]
        band = np.clip(rows[["lower", "upper"]], low, high)
        ax.fill_between(rows["cut_off"], band["lower"], band["upper"], color=shade, alpha=0.15, linewidth=0)
        ax.plot(rows["cut_off"], np.clip(rows["hr"], low, high), color=shade, linestyle=dashes[str(name)],
                marker="o", markersize=2, label=f"{name} (n = {int(rows['n'].max())})")  # fmt: skip
    ax.axhline(1, color=palette.FAINT, linewidth=0.6, zorder=1)
    end = max([known["cut_off"].max(), *cuts])
    for cut, label in cuts.items():
        ax.axvline(cut, color=palette.INK, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
        ax.text(cut, high, f" {label}", fontsize=palette.TEXT, ha="left", va="top", in_layout=False)
    ticks = [tick for tick in TICKS if low <= tick <= high]
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(FixedLocator(ticks))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    ax.set(xlim=(0, 1.02 * end), ylim=(low, high), xlabel=xlabel, ylabel="Hazard ratio (95% CI)")
    palette.keep(ax, *LEAST_MM)
    palette.legend(ax)
    if title:
        ax.set_title(title)
    return ax
