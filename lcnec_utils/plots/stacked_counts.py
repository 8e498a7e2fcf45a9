"""Counts of several kinds, stacked, a bar per patient, some of the patients marked."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

LEAST_MM = 42, 32  # of the plot inside its axes
MOST = 100  # patients drawn


def stacked_counts(
    table: pd.DataFrame, ax: Axes, *, kinds: list[str], ylabel: str, marked: pd.Series | None = None, mark: str = "",
    tones: dict[str, str] | None = None, title: str = "",
) -> Axes:  # fmt: skip
    """Draw one bar a patient on ax, in the table's order; returns ax.

    table: index patient, a column of counts for each of kinds, the first at the bottom. marked: booleans by patient,
    who get a dot under their bar; mark: what the dot says. tones: kind → colour, where kinds have colours of their own.
    At most MOST patients are drawn, and the axis says so. Raises MissingData where nobody has anything counted.
    """
    shown = table.iloc[:MOST]
    if shown.empty or not (shown[kinds].to_numpy() > 0).any():
        return palette.nothing(ax, f"nobody here has anything counted ({ylabel})", title)
    places, bottom, color = np.arange(len(shown)), np.zeros(len(shown)), tones or palette.colors(kinds)
    for kind in kinds:
        ax.bar(places, shown[kind], bottom=bottom, width=0.85, color=color[kind], label=kind, linewidth=0)
        bottom = bottom + shown[kind].to_numpy(float)
    few = "" if len(shown) == len(table) else f", {len(shown)} drawn"
    ax.set(xlim=(-0.8, len(shown) - 0.2), xticks=[], ylabel=ylabel, xlabel=f"Patients (n = {len(table)}{few})")
    if marked is not None:
        with_dot = places[marked.reindex(shown.index).fillna(False).astype(bool)]
        low = -0.03 * bottom.max()
        ax.scatter(with_dot, np.full(len(with_dot), low), s=7, color=palette.INK, clip_on=False, label=mark)
        ax.set_ylim(2 * low, 1.05 * bottom.max())
    palette.keep(ax, *LEAST_MM)
    palette.legend(ax, handlelength=1, handletextpad=0.4, columnspacing=0.8)
    if title:
        ax.set_title(title, pad=18)
    return ax
