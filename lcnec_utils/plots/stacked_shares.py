"""Shares of each kind within groups, stacked to 100%, with n."""

import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette


def stacked_shares(table: pd.DataFrame, ax: Axes, *, ylabel: str, title: str = "") -> Axes:
    """Draw shares on ax. table: group, what, k, n, share (fraction); a share of 4% or more is written in its bar."""
    groups, kinds = list(dict.fromkeys(table["group"])), list(dict.fromkeys(table["what"]))
    color = palette.colors(kinds)
    share = table.pivot(index="group", columns="what", values="share").loc[groups, kinds].fillna(0) * 100
    bottom = pd.Series(0.0, groups)
    for kind in kinds:
        ax.bar(range(len(groups)), share[kind], 0.72, bottom=bottom, color=color[kind], label=kind, edgecolor="white")
        for x, group in enumerate(groups):
            if share.at[group, kind] >= 4:
                middle = bottom[group] + share.at[group, kind] / 2
                ax.text(x, middle, f"{share.at[group, kind]:.0f}", ha="center", va="center", fontsize=6)
        bottom += share[kind]
    sizes = table.groupby("group", sort=False)["n"].max()
    ax.set_xticks(range(len(groups)), [f"{group}\n(n = {int(sizes[group]):,})" for group in groups])
    ax.set(ylim=(0, 100), ylabel=ylabel)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=len(kinds), borderaxespad=0, columnspacing=0.8,
              handlelength=1, handletextpad=0.4)  # fmt: skip
    if title:
        ax.set_title(title, pad=18)
    return ax
