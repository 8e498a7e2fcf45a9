"""Correlations of items (rows) in several settings (columns) as a matrix of numbers, coloured by sign and size."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from lcnec_utils.core import formats
from lcnec_utils.plots import palette

SMALL = 6.5
ROW_MM, COLUMN_MM = 5.5, 24  # of a cell
NEGATIVE, POSITIVE, PAPER = "#7FB8D8", "#E0A36F", "#FFFFFF"  # light enough for the numbers that stand on them


def correlation_matrix(
    correlations: pd.DataFrame, ax: Axes, *, ylabel: str = "", notable: pd.DataFrame | None = None, title: str = ""
) -> Axes:
    """Draw correlations (−1 to 1, missing as a dash) on ax as seaborn's heatmap with each number in its cell.

    notable: booleans of the same form, whose numbers are in bold. Names of rows of one word are genes and in italics; a
    name of a column may have several lines. Raises MissingData where there is no number.
    """
    if correlations.empty or correlations.isna().all(axis=None):
        return palette.nothing(ax, "no correlation is known here", title)
    words = correlations.map(lambda value: "–" if pd.isna(value) else formats.number(value, 2))
    shades = LinearSegmentedColormap.from_list("signs", [NEGATIVE, PAPER, POSITIVE])
    sns.heatmap(
        correlations.fillna(0.0), ax=ax, annot=words.to_numpy(), fmt="", cbar=False, vmin=-1, vmax=1, linewidths=0.6,
        linecolor=PAPER, cmap=shades, annot_kws={"fontsize": SMALL, "color": palette.INK},
    )  # fmt: skip
    if notable is not None:
        for text, bold in zip(ax.texts, notable.to_numpy().ravel(), strict=True):
            text.set_fontweight("bold" if bold else "normal")
    ax.tick_params(length=0)
    ax.set_yticks(np.arange(len(correlations)) + 0.5, correlations.index, fontsize=SMALL, rotation=0)
    for label in ax.get_yticklabels():
        label.set_style("normal" if " " in label.get_text() else "italic")
    wide = 0.95 * COLUMN_MM * palette.POINT
    names = ["\n".join(palette.wrap(line, wide, SMALL) for line in name.split("\n")) for name in correlations.columns]
    ax.set_xticks(np.arange(correlations.shape[1]) + 0.5, names, fontsize=SMALL, rotation=0)
    ax.set(xlabel="", ylabel=ylabel)
    palette.keep(ax, COLUMN_MM * correlations.shape[1], ROW_MM * len(correlations))
    if title:
        ax.set_title(title)
    return ax
