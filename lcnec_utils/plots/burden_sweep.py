"""The share of tumours at or above a mutational burden, over every cut-off, by subtype."""

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

HIGHEST = 50  # mutations per Mb; beyond it the curves run along the floor
LEAST_MM = 36, 36  # of the plot inside its axes


def burden_sweep(table: pd.DataFrame, ax: Axes, *, cuts: dict[float, str], title: str = "") -> Axes:
    """Draw the sweep on ax. table: group, n, per_mb, share (fraction of tumours at or above). cuts: cut-off → label.

    Raises MissingData where no group has a burden.
    """
    if table.empty:
        return palette.nothing(ax, "no tumour here has a mutational burden and a known group", title)
    groups = [str(group) for group in dict.fromkeys(table["group"])]
    color, dashes = palette.colors(groups), palette.dashes(groups)
    for group, points in table.groupby("group", sort=False):
        # after its highest burden a curve falls to zero
        per_mb, percent = [*points["per_mb"], points["per_mb"].iloc[-1]], [*(100 * points["share"]), 0]
        sns.lineplot(
            x=per_mb, y=percent, ax=ax, drawstyle="steps-pre", estimator=None, sort=False, color=color[str(group)],
            linestyle=dashes[str(group)], label=f"{group} (n = {points['n'].iloc[0]})", legend=False,
        )  # fmt: skip
    # every cut-off stands within the axis
    end = max([min(HIGHEST, table["per_mb"].max()), *(1.25 * cut for cut in cuts)])
    for cut, label in cuts.items():
        ax.axvline(cut, color=palette.INK, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
        ax.text(cut, 99, f" {label}", fontsize=6.5, ha="left", va="top", in_layout=False)
    ax.set(xlim=(0, end or 1), ylim=(0, 100))
    ax.set(xlabel="Cut-off, mutations per Mb", ylabel="% of tumours at or above")
    palette.keep(ax, *LEAST_MM)
    palette.inside_legend(ax, {"upper right": (1, 0.9)})
    if title:
        ax.set_title(title)
    return ax
