"""The running sum of one gene set's enrichment, with the places of its genes."""

import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette


def running_sum(table: pd.DataFrame, ax: Axes, *, says: str, first: str, second: str, title: str = "") -> Axes:
    """Draw a running sum on ax. table: position, hit (bool), running_sum. says: NES and FDR, written on it."""
    ax.plot(table["position"], table["running_sum"], color="#009E73", linewidth=1.2)
    ax.axhline(0, color=palette.FAINT, linewidth=0.6)
    low, high = table["running_sum"].min(), table["running_sum"].max()
    span = (high - low) or 1
    hits = table.loc[table["hit"], "position"]
    ax.vlines(hits, low - 0.16 * span, low - 0.06 * span, color=palette.INK, linewidth=0.3)
    ax.text(0.98, 0.97, says, transform=ax.transAxes, ha="right", va="top", fontsize=6.5)
    ax.set(xlim=(0, len(table)), xlabel=f"Genes in order: {first} … {second}", ylabel="Enrichment score")
    if title:
        ax.set_title(title)
    return ax
