"""Shares of each kind within groups, stacked to 100%, with n."""

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

LEAST_MM = 32, 40  # of the plot inside its axes
WIDTH = 0.72  # of a bar, of the room for a group
LEAST_WRITTEN = 4  # percent from which on a share is written in its bar


def stacked_shares(table: pd.DataFrame, ax: Axes, *, ylabel: str, title: str = "") -> Axes:
    """Draw shares on ax. table: group, what, k, n, share (fraction); a share of 4% or more is written in its bar.

    Raises MissingData where no group has anyone.
    """
    groups, kinds = list(dict.fromkeys(table["group"])), list(dict.fromkeys(table["what"]))
    if not (table["n"] > 0).any():
        return palette.nothing(ax, f"none of these groups has anyone to count ({ylabel})", title)
    color, hatch = palette.colors(kinds), palette.hatches(kinds)
    percent = table.pivot(index="group", columns="what", values="share").loc[groups, kinds].fillna(0) * 100
    rows = percent.set_axis(list(map(str, kinds)), axis=1).melt(ignore_index=False, var_name="what").reset_index()
    rows["group"] = pd.Categorical(rows["group"], groups)
    sns.histplot(
        rows, x="group", weights="value", hue="what", hue_order=list(color)[::-1], palette=color, multiple="stack",
        discrete=True, shrink=WIDTH, alpha=1, edgecolor="white", linewidth=1, legend=False, ax=ax,
    )  # fmt: skip
    ax.set(xticks=[], xlim=(-0.5, len(groups) - 0.5), ylim=(0, 100), xlabel="", ylabel=ylabel)
    wide_enough = WIDTH * palette.inner_width(ax) / len(groups) > 9
    for kind, bars in zip(kinds, ax.containers, strict=True):
        bars.set_label(str(kind))
        for bar in bars:
            bar.set_hatch(hatch[str(kind)])
        if wide_enough:
            ink = max((palette.INK, "white"), key=lambda ink: palette.contrast(ink, color[str(kind)]))
            written = [f"{share:.0f}" if share >= LEAST_WRITTEN else "" for share in percent[kind]]
            ax.bar_label(bars, written, label_type="center", fontsize=6, color=ink)
    sizes = table.groupby("group", sort=False)["n"].max()
    palette.name_ticks(ax, groups, [sizes[group] for group in groups])
    palette.keep(ax, *LEAST_MM)
    palette.legend(ax, columnspacing=0.8, handlelength=1, handletextpad=0.4)
    if title:
        ax.set_title(title, pad=18)
    return ax
