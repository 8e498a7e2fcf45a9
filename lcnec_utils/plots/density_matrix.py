"""Amounts of items (rows) in several settings (columns) as a matrix of numbers, the darker the more, on a log scale."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

SMALL = 6
ROW_MM, COLUMN_MM = 4.0, 13  # of a cell


def density_matrix(amounts: pd.DataFrame, ax: Axes, *, xlabel: str = "", title: str = "") -> Axes:
    """Draw amounts (from 0 on, missing as a dash) on ax as seaborn's heatmap with each number in its cell; returns ax.

    Colours are of log(1 + amount). A name of a column may have several lines. Raises MissingData where there is none.
    """
    if amounts.empty or amounts.isna().all(axis=None):
        return palette.nothing(ax, "no amount is known here", title)
    words = amounts.map(lambda value: "–" if pd.isna(value) else f"{value:,.0f}" if value >= 10 else f"{value:.2g}")
    shades = np.log1p(amounts.astype(float))
    sns.heatmap(
        shades, ax=ax, annot=words.to_numpy(), fmt="", cbar=False, cmap="Blues", vmin=0,
        vmax=1.5 * float(np.nanmax(shades.to_numpy())) or 1.0, linewidths=0.6, linecolor="white",
        annot_kws={"fontsize": SMALL, "color": palette.INK},
    )  # fmt: skip
    ax.tick_params(length=0)
    ax.set_yticks(np.arange(len(amounts)) + 0.5, amounts.index, fontsize=SMALL, rotation=0)
    ax.set_xticks(np.arange(amounts.shape[1]) + 0.5, amounts.columns, fontsize=SMALL, rotation=0)
    ax.set(xlabel=xlabel, ylabel="")
    palette.keep(ax, COLUMN_MM * amounts.shape[1], ROW_MM * len(amounts))
    if title:
        ax.set_title(title, fontsize=7)
    return ax
