"""Differences of every pair of two sets of items as a matrix of numbers, coloured by sign and size."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from lcnec_utils.core import formats
from lcnec_utils.plots import palette

SMALL = 6.2
ROW_MM, COLUMN_MM = 6.5, 13  # of a cell
BELOW, ABOVE = "#7FB8D8", "#E0A36F"  # light enough for the numbers that stand on them
PAPER = "#FFFFFF"


def difference_matrix(differences: pd.DataFrame, ax: Axes, *, xlabel: str, ylabel: str, title: str = "") -> Axes:
    """Draw the differences (rows minus columns) on ax as seaborn's heatmap with each number in its cell, a tie as 0.

    Colours lie symmetrically about 0. Raises MissingData where there is no pair.
    """
    if differences.empty:
        return palette.nothing(ax, "there is no pair to compare", title)
    reach = float(np.nanmax(np.abs(differences.to_numpy()))) or 1.0
    words = differences.map(lambda value: formats.number(value, 1).removesuffix(".0") if value else "0")
    sns.heatmap(
        differences, ax=ax, annot=words.to_numpy(), fmt="", cbar=False, vmin=-reach, vmax=reach, linewidths=0.6,
        linecolor=PAPER, cmap=LinearSegmentedColormap.from_list("signs", [BELOW, PAPER, ABOVE]),
        annot_kws={"fontsize": SMALL, "color": palette.INK},
    )  # fmt: skip
    ax.tick_params(length=0)
    ax.set_yticks(np.arange(len(differences)) + 0.5, differences.index, fontsize=SMALL, rotation=0)
    # a name is broken between its words, whose longest sets the room
    room = max(palette.text_width(word, SMALL) for name in differences.columns for word in str(name).split())
    names = [palette.wrap(name, max(room, COLUMN_MM * palette.POINT), SMALL) for name in differences.columns]
    ax.set_xticks(np.arange(differences.shape[1]) + 0.5, names, fontsize=SMALL)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    palette.keep(ax, COLUMN_MM * differences.shape[1], ROW_MM * len(differences))
    if title:
        ax.set_title(title)
    return ax
