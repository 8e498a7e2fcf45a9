"""Shares of each kind within groups, stacked to 100%, with n."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from lcnec_utils.plots import palette

LEAST_MM = 32, 40  # of the plot inside its axes


def stacked_shares(table: pd.DataFrame, ax: Axes, *, ylabel: str, title: str = "") -> Axes:
    """Draw shares on ax. table: group, what, k, n, share (fraction); a share of 4% or more is written in its bar.

    Raises MissingData where no group has anyone.
    """
    groups, kinds = list(dict.fromkeys(table["group"])), list(dict.fromkeys(table["what"]))
    if not (table["n"] > 0).any():
        return palette.nothing(ax, f"none of these groups has anyone to count ({ylabel})", title)
    color, hatch = palette.colors(kinds), palette.hatches(kinds)
    share = table.pivot(index="group", columns="what", values="share").loc[groups, kinds].fillna(0) * 100
    bottom = pd.Series(0.0, groups)
    ax.set(xlim=(-0.5, len(groups) - 0.5), ylim=(0, 100), ylabel=ylabel)
    slot = 0.72 * palette.inner_width(ax) / len(groups)
    for kind in kinds:
        tone = color[str(kind)]
        ax.bar(range(len(groups)), share[kind], 0.72, bottom=bottom, color=tone, label=kind, edgecolor="white",
               hatch=hatch[str(kind)])  # fmt: skip
        dark = np.dot(to_rgb(tone), (0.299, 0.587, 0.114)) < 0.3
        for x, group in enumerate(groups):
            if share.at[group, kind] >= 4 and slot > 9:
                middle = bottom[group] + share.at[group, kind] / 2
                ax.text(x, middle, f"{share.at[group, kind]:.0f}", ha="center", va="center", fontsize=6,
                        color="white" if dark else palette.INK)  # fmt: skip
        bottom += share[kind]
    sizes = table.groupby("group", sort=False)["n"].max()
    palette.name_ticks(ax, groups, [sizes[group] for group in groups])
    palette.keep(ax, *LEAST_MM)
    palette.legend(ax, columnspacing=0.8, handlelength=1, handletextpad=0.4)
    if title:
        ax.set_title(title, pad=18)
    return ax
