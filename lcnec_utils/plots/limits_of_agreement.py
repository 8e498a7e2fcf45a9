"""Two measurements of the same samples as Bland and Altman draw them: their difference or ratio against their mean."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from lcnec_utils.core import formats
from lcnec_utils.plots import palette
from lcnec_utils.stats.agreement import Limits

LEAST_MM = 36, 34  # of the plot inside its axes
RATIOS = [  # ticks, the coarser ones where there are many
    [0.5, 0.67, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2],
    [0.1, 0.2, 0.33, 0.5, 0.67, 1, 1.5, 2, 3, 5, 10],
    [0.001, 0.01, 0.1, 1, 10, 100, 1000],
]
MOST_TICKS = 7
DASH = (0, (4, 3))


def limits_of_agreement(
    one: pd.Series, other: pd.Series, limits: Limits, ax: Axes, *, ylabel: str, xlabel: str, title: str = ""
) -> Axes:
    """Draw one dot per sample on ax, the bias as a line, and either limit with its 95% interval as a band; returns ax.

    one, other: numbers on one index. limits: of the same, by `stats.agreement.limits_of_agreement`; where it is of
    ratios both axes are logarithmic, and samples with a value of 0 are not drawn. Raises MissingData where there are
    too few samples for limits.
    """
    if not np.isfinite(limits.bias):
        return palette.nothing(ax, f"{limits.n} samples have both measurements, too few for limits", title)
    both = pd.DataFrame({"one": one, "other": other}).dropna().astype(float)
    if limits.ratio:
        both = both[(both > 0).all(axis=1)]
        table = pd.DataFrame({"mean": np.sqrt(both["one"] * both["other"]), "apart": both["one"] / both["other"]})
    else:
        table = pd.DataFrame({"mean": both.mean(axis=1), "apart": both["one"] - both["other"]})
    for centre, (low, high) in ((limits.lower, limits.lower_limits), (limits.upper, limits.upper_limits)):
        ax.axhspan(low, high, color=palette.BAND, zorder=0, linewidth=0)
        ax.axhline(centre, color=palette.FAINT, linewidth=0.8, linestyle=DASH, zorder=1)
    ax.axhline(limits.bias, color=palette.INK, linewidth=1, zorder=1)
    ax.axhline(1.0 if limits.ratio else 0.0, color=palette.FAINT, linewidth=0.5, zorder=1)
    sns.scatterplot(table, x="mean", y="apart", ax=ax, s=14, color=palette.CYCLE[0], alpha=0.8, linewidth=0, zorder=3)
    reach = [*table["apart"], limits.lower_limits[0], limits.upper_limits[1]]
    if limits.ratio:
        ax.set(xscale="log", yscale="log", ylim=(min(reach) / 1.1, max(reach) * 1.1))
        inside = [[tick for tick in ticks if min(reach) <= tick <= max(reach)] for ticks in RATIOS]
        wide = [ticks for ticks, known in zip(inside, RATIOS, strict=True)
                if known[0] <= min(reach) and max(reach) <= known[-1] and len(ticks) <= MOST_TICKS]  # fmt: skip
        ticks = wide[0] if wide else inside[-1]
        ax.yaxis.set_major_locator(FixedLocator(ticks))
        ax.yaxis.set_minor_locator(NullLocator())
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    for value in (limits.lower, limits.bias, limits.upper):
        ax.annotate(formats.number(value, 2), (1, value), xytext=(3, 0), xycoords=("axes fraction", "data"),
                    textcoords="offset points", va="center", fontsize=6, color=palette.INK)  # fmt: skip
    ax.set(xlabel=xlabel, ylabel=ylabel)
    palette.keep(ax, *LEAST_MM)
    if title:
        ax.set_title(f"{title} (n = {limits.n})", fontsize=7)
    return ax
