"""Normalised enrichment scores of gene sets as bars, those below a false discovery rate in colour."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

ENRICHED, OTHER = "#7DB9DE", "#BDBDBD"  # not the mark's own red, which would hide "simulated cohort"
LEAST_MM = 36, 3.6  # width of the plot inside its axes, height of a bar


def enrichment_bars(table: pd.DataFrame, ax: Axes, *, fdr: float, first: str, second: str, title: str = "") -> Axes:
    """Draw sets on ax, highest first. table: set, nes, fdr, nes_min, nes_max (over seeds). Raises MissingData where no
    set was scored."""
    shown = table.dropna(subset=["nes"]).sort_values("nes").reset_index(drop=True)
    if shown.empty:
        return palette.nothing(ax, "no gene set has enough genes here to be scored", title)
    below = f"FDR < {100 * fdr:g}%"
    other = f"FDR ≥ {100 * fdr:g}%"
    sns.barplot(
        x=shown["nes"], y=shown.index, hue=np.where(shown["fdr"] < fdr, below, other), hue_order=[below, other],
        palette={below: ENRICHED, other: OTHER}, orient="h", native_scale=True, width=0.75, dodge=False, saturation=1,
        errorbar=None, legend=False, ax=ax,
    )  # fmt: skip
    ax.hlines(shown.index, shown["nes_min"], shown["nes_max"], color=palette.INK, linewidth=0.8)
    names = shown["set"].str.removeprefix("HALLMARK_").str.replace("_", " ").str.capitalize()
    names = [palette.wrap(name, 0.5 * palette.cell(ax)[0]) for name in names]
    ax.set_yticks(shown.index, names, fontsize=palette.TEXT)
    ax.axvline(0, color=palette.INK, linewidth=0.6)
    ax.set(xlabel=f"Normalised enrichment score\n← {second}    {first} →", ylabel="", ylim=(-0.6, len(shown) - 0.4))
    for label, tone in ((below, ENRICHED), (other, OTHER)):
        ax.scatter([], [], marker="s", s=18, color=tone, label=label)
    lines = max(name.count("\n") for name in names)
    palette.keep(ax, LEAST_MM[0], max(12, LEAST_MM[1] * len(shown) * (1 + 0.7 * lines)))
    palette.legend(ax, handlelength=2, handletextpad=0.2)
    if title:
        ax.set_title(title, pad=18)
    return ax
