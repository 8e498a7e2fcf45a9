"""Shares by group as bars with intervals and counts: one cluster of bars per thing counted."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette


def share_bars(table: pd.DataFrame, ax: Axes, *, ylabel: str = "%", title: str = "") -> Axes:
    """Draw shares on ax. table: group, what, k, n, share, lower, upper (fractions); nobody tested is said."""
    groups, things = list(dict.fromkeys(table["group"])), list(dict.fromkeys(table["what"]))
    color = palette.colors(groups)
    width = 0.8 / len(groups)
    highest = 100 * np.nanmax([*table["upper"], 0.1])
    for place, group in enumerate(groups):
        sizes = set(table.loc[(table["group"] == group) & (table["n"] > 0), "n"])
        # one size for all: said once, in the legend
        legend = f"{group} (n = {sizes.pop()})" if len(sizes) == 1 else group
        counted = "{k}" if legend != group else "{k}/{n}"
        labelled = False
        for x, what in enumerate(things):
            row = table[(table["group"] == group) & (table["what"] == what)].iloc[0]
            centre = x - 0.4 + (place + 0.5) * width
            if not row["n"]:
                ax.text(
                    centre, 0.01 * highest, "not tested", rotation=90, ha="center", va="bottom", fontsize=6,
                    color=palette.FAINT,
                )  # fmt: skip
                continue
            share, low, high = (100 * row[name] for name in ("share", "lower", "upper"))
            ax.bar(centre, share, width * 0.92, color=color[group], label=None if labelled else legend)
            labelled = True
            ax.plot([centre, centre], [low, high], color=palette.INK, linewidth=0.8)
            ax.text(
                centre,
                high + 0.015 * highest,
                counted.format(k=row["k"], n=row["n"]),
                ha="center",
                va="bottom",
                fontsize=6,
            )
    ax.set(xlim=(-0.5, len(things) - 0.5), ylim=(0, highest * 1.12), ylabel=ylabel)
    ax.set_xticks(range(len(things)), things)
    ax.legend(
        loc="lower left", bbox_to_anchor=(0, 1.0), ncols=len(groups), borderaxespad=0, columnspacing=1, handlelength=1
    )
    if title:
        ax.set_title(title, pad=18)
    return ax
