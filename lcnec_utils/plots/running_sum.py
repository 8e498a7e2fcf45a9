"""The running sum of one gene set's enrichment, with the places of its genes."""

import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

LEAST_MM = 34, 36  # of the plot inside its axes


def running_sum(table: pd.DataFrame, ax: Axes, *, says: str, first: str, second: str, title: str = "") -> Axes:
    """Draw a running sum on ax. table: position, hit (bool), running_sum. says: NES and FDR, written on it. Raises
    MissingData where no gene was ranked."""
    if table.empty:
        return palette.nothing(ax, "no gene here is ranked that the set could be sought among", title)
    ax.plot(table["position"], table["running_sum"], color="#009E73", linewidth=1.2)
    ax.axhline(0, color=palette.FAINT, linewidth=0.6)
    low, high = table["running_sum"].min(), table["running_sum"].max()
    span = (high - low) or 1
    hits = table.loc[table["hit"], "position"]
    ax.vlines(hits, low - 0.16 * span, low - 0.06 * span, color=palette.INK, linewidth=0.3)
    ax.set(xlim=(0, max(len(table), 1)), xlabel=f"Genes in order: {first} … {second}", ylabel="Enrichment score")
    ax.locator_params(axis="x", nbins=5)
    palette.keep(ax, *LEAST_MM)
    wide = (palette.text_width(says) + 6) / palette.inner_width(ax)
    high = 1.35 * palette.TEXT * (says.count("\n") + 1) / (LEAST_MM[1] * palette.POINT)
    right = palette.free(ax, (1 - wide, 0.97 - high, 1, 1)) or not palette.free(ax, (0, 0.97 - high, wide, 1))
    ax.text(0.98 if right else 0.02, 0.97, says, transform=ax.transAxes, ha="right" if right else "left", va="top",
            fontsize=palette.TEXT, in_layout=False)  # fmt: skip
    if title:
        ax.set_title(title)
    return ax
