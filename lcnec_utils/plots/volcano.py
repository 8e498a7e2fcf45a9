"""Volcano plot: fold change against p of every gene, with cut-offs and named genes."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

LEAST_MM = 50, 50  # of the plot inside its axes


def volcano(
    table: pd.DataFrame, ax: Axes, *, p: str, fold: float, named: list[str], first: str, second: str, title: str = ""
) -> Axes:
    """Draw genes on ax. table: index gene; log2_fold_change (first over second), the column `p`, and `selected` (bool).

    fold: the fold-change cut-off, drawn on either side. named: genes to label. Raises MissingData where no gene was
    tested.
    """
    shown = table.dropna(subset=[p, "log2_fold_change"])
    if shown.empty:
        return palette.nothing(ax, f"no gene here could be tested between {first} and {second}", title)
    x, y = shown["log2_fold_change"], -np.log10(shown[p].clip(lower=1e-300))
    color = palette.colors([first, second])
    side = np.select([~shown["selected"], x > 0], ["", first], second)
    label = {
        "": f"not selected: {int((side == '').sum()):,}",
        first: f"higher in {first}: {int((side == first).sum()):,}",
        second: f"higher in {second}: {int((side == second).sum()):,}",
    }
    tones = {label[""]: "#D0D0D0", label[first]: color[first], label[second]: color[second]}
    # the grey ones first, under the others
    order = np.argsort(side != "", kind="stable")
    sns.scatterplot(
        x=x.iloc[order], y=y.iloc[order], hue=[label[name] for name in side[order]], hue_order=list(tones),
        palette=tones, s=5, linewidth=0, alpha=0.7, rasterized=True, ax=ax,
    )  # fmt: skip
    ax.get_legend().remove()
    for cut in (-np.log2(fold), np.log2(fold)):
        ax.axvline(cut, color=palette.FAINT, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
    most = max(float(np.nanmax(np.abs(x))), abs(np.log2(fold))) * 1.08
    ax.set(xlim=(-most, most), ylim=(0, max(float(y.max()), 0.1) * 1.08))
    ax.set(xlabel=f"log2 fold change, {first} over {second}", ylabel="−log10 p")
    palette.keep(ax, *LEAST_MM)
    labelled = [gene for gene in dict.fromkeys(named) if gene in shown.index]
    for gene in labelled:
        ax.scatter(x[gene], y[gene], s=12, facecolor="none", edgecolor=palette.INK, linewidth=0.8, zorder=4)
    look = {"below": True, "most": 1, "handletextpad": 0.2, "handlelength": 2, "markerscale": 2}
    palette.legend(ax, **look)
    left_out = palette.name_points(ax, {gene: (x[gene], y[gene]) for gene in labelled})
    if left_out:
        ax.scatter([], [], s=12, facecolor="none", edgecolor=palette.INK, linewidth=0.8,
                   label=f"{len(left_out)} more asked for, without room for a name")  # fmt: skip
        palette.legend(ax, **look)
    if title:
        ax.set_title(title)
    return ax
