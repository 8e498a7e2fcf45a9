"""How often a test rejects where nothing differs, by significance level, against the level itself."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lcnec_utils.core import formats
from lcnec_utils.plots import palette

LEAST_MM = 30, 32  # of the plot inside its axes
WIDTH = 0.8  # of a cluster of bars
TONES = palette.CYCLE[2:]  # the first ones are those of organs, which stand beside


def rejection_rates(table: pd.DataFrame, ax: Axes, *, ylabel: str = "rejected, %", title: str = "") -> Axes:
    """Draw rates as bars on ax, a cluster per level with the level as a line across it; returns ax.

    table: unit (what the test counts as independent), level, rate (fractions). Raises MissingData where there is no
    rate.
    """
    shown = table.dropna(subset=["rate"])
    if shown.empty:
        return palette.nothing(ax, "no test was repeated here", title)
    units, levels = list(dict.fromkeys(shown["unit"])), sorted(set(shown["level"]), reverse=True)
    color, wide = dict(zip(units, TONES, strict=False)), WIDTH / len(units)
    for place, level in enumerate(levels):
        for number, unit in enumerate(units):
            rate = 100 * shown.loc[(shown["unit"] == unit) & (shown["level"] == level), "rate"].mean()
            x = place + (number - (len(units) - 1) / 2) * wide
            ax.bar(x, rate, width=0.9 * wide, color=color[unit])
            look = {"textcoords": "offset points", "ha": "center", "va": "bottom", "fontsize": 6}
            ax.annotate(formats.number(rate, 1), (x, rate), (0, 1), **look)
        ax.hlines(
            100 * level, place - 0.48, place + 0.48, color=palette.INK, linewidth=1, linestyle=(0, (4, 2)), zorder=4
        )
    highest = 100 * max(shown["rate"].max(), max(levels))
    ax.set(ylabel=ylabel, xlabel="", ylim=(0, 1.15 * highest), xlim=(-0.6, len(levels) - 0.4))
    ax.set_xticks(np.arange(len(levels)), [f"p ≤ {level:g}" for level in levels])
    palette.keep(ax, *LEAST_MM)
    handles = [Line2D([], [], marker="s", linestyle="", color=color[unit], markersize=4) for unit in units]
    handles.append(Line2D([], [], color=palette.INK, linewidth=1, linestyle=(0, (4, 2))))
    palette.legend(ax, handles, [*units, "the level"], below=True, most=1, handletextpad=0.3)
    if title:
        ax.set_title(title)
    return ax
