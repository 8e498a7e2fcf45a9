"""The share of tumours at or above a mutational burden, over every cut-off, by subtype."""

import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

HIGHEST = 50  # mutations per Mb; beyond it the curves run along the floor


def burden_sweep(table: pd.DataFrame, ax: Axes, *, cuts: dict[float, str], title: str = "") -> Axes:
    """Draw the sweep on ax. table: group, n, per_mb, share (fraction of tumours at or above). cuts: cut-off → label."""
    color = palette.colors(list(dict.fromkeys(table["group"])))
    for group, line in table.groupby("group", sort=False):
        ax.step(
            [*line["per_mb"], line["per_mb"].iloc[-1]], [*(100 * line["share"]), 0], where="pre",
            color=color[group], label=f"{group} (n = {line['n'].iloc[0]})",
        )  # fmt: skip
    for cut, label in cuts.items():
        ax.axvline(cut, color=palette.INK, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
        ax.text(cut, 99, f" {label}", fontsize=6.5, ha="left", va="top")
    ax.set(xlim=(0, min(HIGHEST, table["per_mb"].max())), ylim=(0, 100))
    ax.set(xlabel="Cut-off, mutations per Mb", ylabel="% of tumours at or above")
    ax.legend(loc="upper right", bbox_to_anchor=(1, 0.9))
    if title:
        ax.set_title(title)
    return ax
