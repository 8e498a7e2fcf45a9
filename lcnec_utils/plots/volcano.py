"""Volcano plot: fold change against p of every gene, with cut-offs and named genes."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette


def volcano(
    table: pd.DataFrame, ax: Axes, *, p: str, fold: float, named: list[str], first: str, second: str, title: str = ""
) -> Axes:
    """Draw genes on ax. table: index gene; log2_fold_change (first over second), the column `p`, and `chosen` (bool).
    fold: the fold-change cut-off, drawn on either side. named: genes to label."""
    shown = table.dropna(subset=[p])
    x, y = shown["log2_fold_change"], -np.log10(shown[p].clip(lower=1e-300))
    color = palette.colors([first, second])
    for mask, tone, label in (
        (~shown["chosen"], "#D0D0D0", f"not chosen: {int((~shown['chosen']).sum()):,}"),
        (shown["chosen"] & (x > 0), color[first], f"higher in {first}: {int((shown['chosen'] & (x > 0)).sum()):,}"),
        (shown["chosen"] & (x < 0), color[second], f"higher in {second}: {int((shown['chosen'] & (x < 0)).sum()):,}"),
    ):
        ax.scatter(x[mask], y[mask], s=4, color=tone, linewidth=0, alpha=0.7, label=label, rasterized=True)
    for cut in (-np.log2(fold), np.log2(fold)):
        ax.axvline(cut, color=palette.FAINT, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
    for gene in named:
        if gene in shown.index:
            ax.scatter(x[gene], y[gene], s=12, facecolor="none", edgecolor=palette.INK, linewidth=0.8, zorder=4)
            ax.annotate(
                gene, (x[gene], y[gene]), xytext=(4, 4), textcoords="offset points", fontsize=6.5, style="italic",
                zorder=5, bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.3},
            )  # fmt: skip
    most = float(np.nanmax(np.abs(x))) * 1.08
    ax.set(xlim=(-most, most), ylim=(0, float(y.max()) * 1.08))
    ax.set(xlabel=f"log2 fold change, {first} over {second}", ylabel="−log10 p")
    ax.legend(loc="upper left", bbox_to_anchor=(0, -0.16), ncols=1, borderaxespad=0, handletextpad=0.2, markerscale=2)
    if title:
        ax.set_title(title)
    return ax
