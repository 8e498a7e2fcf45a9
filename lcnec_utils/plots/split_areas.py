"""The AUC of a classifier over repeated splits, by how its genes were chosen: one dot per split."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

WIDTH = 0.8  # of the ways of one kind, of the room from one kind to the next, as seaborn has it
LEAST_MM = 40, 40  # of the plot inside its axes


def split_areas(table: pd.DataFrame, ax: Axes, *, title: str = "") -> Axes:
    """Draw AUCs on ax. table: labels, way, split, auc. Each split is a dot, the bar its median, the line from the 2.5
    to the 97.5 percentile: split variability, no confidence interval. Raises MissingData where there is no AUC."""
    known = table.dropna(subset=["auc"])
    if known.empty:
        return palette.nothing(ax, "no split here has an area under the curve", title)
    kinds, ways = list(dict.fromkeys(known["labels"])), list(dict.fromkeys(known["way"]))
    color, apart = palette.colors(ways), WIDTH / len(ways)
    axis = {"x": "labels", "y": "auc", "hue": "way", "order": kinds, "hue_order": ways, "ax": ax, "legend": False}
    sns.stripplot(known, dodge=True, jitter=False, size=2, alpha=0.35, linewidth=0, palette=color, zorder=2, **axis)
    draw = np.random.default_rng(0)
    for points in ax.collections:
        # seaborn's own jitter draws from numpy's global state: the picture would differ from run to run
        places = np.array(points.get_offsets())
        places[:, 0] += 0.27 * apart * draw.uniform(-1, 1, len(places))
        points.set_offsets(places)
    sns.pointplot(
        known, estimator="median", errorbar=("pi", 95), dodge=WIDTH - apart if len(ways) > 1 else False,
        linestyle="none", marker="_", markersize=9, markeredgewidth=1.4, err_kws={"linewidth": 0.8},
        palette=dict.fromkeys(ways, palette.INK), zorder=3, **axis,
    )  # fmt: skip
    for (kind, way), rows in known.groupby(["labels", "way"])["auc"]:
        x = kinds.index(kind) + (ways.index(way) - (len(ways) - 1) / 2) * apart
        ax.text(x, rows.min() - 0.012, f"{rows.median():.3f}", fontsize=6.5, va="top", ha="center", zorder=4)
    for way in ways:
        ax.scatter([], [], s=14, color=color[str(way)], label=way)
    ax.axhline(0.5, color=palette.FAINT, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
    ax.set(xlim=(-0.5, len(kinds) - 0.5), ylim=(min(0.2, known["auc"].min() - 0.08), 1.03), xlabel="")
    ax.set(ylabel=f"AUC of held-out tumours ({known['split'].nunique()} splits)")
    palette.name_ticks(ax, kinds)
    palette.keep(ax, *LEAST_MM)
    palette.inside_legend(ax, {"lower left": (0, 0)}, handletextpad=0.2, borderaxespad=0.2)
    if title:
        ax.set_title(title)
    return ax
