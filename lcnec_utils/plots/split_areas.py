"""The AUC of a classifier over repeated splits, by how its genes were chosen: one dot per split."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette


def split_areas(table: pd.DataFrame, ax: Axes, *, title: str = "") -> Axes:
    """Draw AUCs on ax. table: labels, way, split, auc. Each split is a dot, the bar its median, the line from the 2.5
    to the 97.5 percentile: split variability, no confidence interval."""
    kinds, ways = list(dict.fromkeys(table["labels"])), list(dict.fromkeys(table["way"]))
    color = palette.colors(ways)
    splits = table["split"].nunique()
    for x, kind in enumerate(kinds):
        for place, way in enumerate(ways):
            values = table.loc[(table["labels"] == kind) & (table["way"] == way), "auc"].to_numpy()
            centre = x + (place - (len(ways) - 1) / 2) * 0.36
            jitter = 0.11 * np.linspace(-1, 1, len(values))[np.random.default_rng(0).permutation(len(values))]
            ax.scatter(centre + jitter, values, s=3, color=color[way], alpha=0.35, linewidth=0, zorder=2)
            low, middle, high = np.percentile(values, [2.5, 50, 97.5])
            ax.plot([centre, centre], [low, high], color=palette.INK, linewidth=0.8, zorder=3)
            ax.plot([centre - 0.13, centre + 0.13], [middle] * 2, color=palette.INK, linewidth=1.4, zorder=3)
            lowest = min(low, values.min())
            ax.text(centre, lowest - 0.012, f"{middle:.2f}", fontsize=6.5, va="top", ha="center", zorder=4)
            if x == 0:
                ax.scatter([], [], s=14, color=color[way], label=way)
    ax.axhline(0.5, color=palette.FAINT, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
    ax.set(xlim=(-0.5, len(kinds) - 0.5), ylim=(min(0.2, table["auc"].min() - 0.05), 1.03))
    ax.set(ylabel=f"AUC of held-out tumours ({splits} splits)")
    ax.set_xticks(range(len(kinds)), kinds)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 0), handletextpad=0.2, borderaxespad=0.2)
    if title:
        ax.set_title(title)
    return ax
