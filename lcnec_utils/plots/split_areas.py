"""The AUC of a classifier over repeated splits, by how its genes were chosen: one dot per split."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

SPREAD = 0.72  # of the ways of one kind, of the room from one kind to the next
LEAST_MM = 40, 40  # of the plot inside its axes


def split_areas(table: pd.DataFrame, ax: Axes, *, title: str = "") -> Axes:
    """Draw AUCs on ax. table: labels, way, split, auc. Each split is a dot, the bar its median, the line from the 2.5
    to the 97.5 percentile: split variability, no confidence interval. Raises MissingData where there is no AUC."""
    known = table.dropna(subset=["auc"])
    if known.empty:
        return palette.nothing(ax, "no split here has an area under the curve", title)
    kinds, ways = list(dict.fromkeys(known["labels"])), list(dict.fromkeys(known["way"]))
    color = palette.colors(ways)
    apart = SPREAD / max(len(ways), 2)
    for x, kind in enumerate(kinds):
        for place, way in enumerate(ways):
            values = known.loc[(known["labels"] == kind) & (known["way"] == way), "auc"].to_numpy()
            centre = x + (place - (len(ways) - 1) / 2) * apart
            if x == 0:
                ax.scatter([], [], s=14, color=color[str(way)], label=way)
            if not len(values):
                continue
            jitter = 0.3 * apart * np.linspace(-1, 1, len(values))[np.random.default_rng(0).permutation(len(values))]
            ax.scatter(centre + jitter, values, s=3, color=color[str(way)], alpha=0.35, linewidth=0, zorder=2)
            low, middle, high = np.percentile(values, [2.5, 50, 97.5])
            ax.plot([centre, centre], [low, high], color=palette.INK, linewidth=0.8, zorder=3)
            ax.plot(
                [centre - 0.36 * apart, centre + 0.36 * apart], [middle] * 2, color=palette.INK, linewidth=1.4, zorder=3
            )
            ax.text(
                centre, min(low, values.min()) - 0.012, f"{middle:.2f}", fontsize=6.5, va="top", ha="center", zorder=4
            )
    ax.axhline(0.5, color=palette.FAINT, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
    ax.set(xlim=(-0.5, len(kinds) - 0.5), ylim=(min(0.2, known["auc"].min() - 0.08), 1.03))
    ax.set(ylabel=f"AUC of held-out tumours ({known['split'].nunique()} splits)")
    palette.name_ticks(ax, kinds)
    palette.keep(ax, *LEAST_MM)
    palette.inside_legend(ax, {"lower left": (0, 0)}, handletextpad=0.2, borderaxespad=0.2)
    if title:
        ax.set_title(title)
    return ax
