"""Normalised enrichment scores of gene sets as bars, those below a false discovery rate in colour."""

import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

ENRICHED = "#7DB9DE"


def enrichment_bars(table: pd.DataFrame, ax: Axes, *, fdr: float, first: str, second: str, title: str = "") -> Axes:
    """Draw sets on ax, highest first. table: set, nes, fdr, nes_min, nes_max (over seeds)."""
    shown = table.sort_values("nes").reset_index(drop=True)
    # not the mark's own red, which would hide "simulated cohort"
    tone = [ENRICHED if row.fdr < fdr else "#BDBDBD" for row in shown.itertuples()]
    ax.barh(shown.index, shown["nes"], 0.75, color=tone)
    ax.hlines(shown.index, shown["nes_min"], shown["nes_max"], color=palette.INK, linewidth=0.8)
    names = shown["set"].str.removeprefix("HALLMARK_").str.replace("_", " ").str.capitalize()
    ax.set_yticks(shown.index, names, fontsize=6.5)
    ax.axvline(0, color=palette.INK, linewidth=0.6)
    ax.set(xlabel=f"Normalised enrichment score\n← {second}    {first} →", ylim=(-0.6, len(shown) - 0.4))
    ax.scatter([], [], marker="s", s=18, color=ENRICHED, label=f"FDR < {100 * fdr:g}%")
    ax.scatter([], [], marker="s", s=18, color="#BDBDBD", label="not")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0, handletextpad=0.2)
    if title:
        ax.set_title(title, pad=18)
    return ax
