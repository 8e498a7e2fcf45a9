"""Values of two places of the same patients as dots joined by lines, with medians, n and p."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from lcnec_utils.core import formats
from lcnec_utils.plots import palette

LEAST_MM = 26, 32  # of the plot inside its axes
HALF = 0.16  # of a median's bar


def paired_dots(
    table: pd.DataFrame, ax: Axes, *, first: str, second: str, ylabel: str, p: float = float("nan"), note: str = "",
    marked: str = "", log: bool = False, title: str = "",
) -> Axes:  # fmt: skip
    """Draw pairs on ax; returns ax.

    table: one row per pair, columns `first` and `second` (numbers) and, where `marked` names one, a column of booleans:
    its pairs are filled dots, explained in a legend. p: of the paired test, written above; note: a line beside it. log:
    a logarithmic axis; values of 0 are then not drawn and counted. Raises MissingData where no pair has both values.
    """
    pairs = table.dropna(subset=[first, second])
    shown = pairs[(pairs[[first, second]] > 0).all(axis=1)] if log else pairs
    if shown.empty:
        return palette.nothing(ax, f"no pair here has {ylabel} of both {first} and {second}", title)
    color = palette.colors([first, second])
    full = shown[marked].fillna(False).astype(bool) if marked else pd.Series(True, shown.index)
    for row, filled in zip(shown[[first, second]].to_numpy(float), full, strict=True):
        ax.plot([0, 1], row, color="#9A9A9A", linewidth=0.9 if filled else 0.5, zorder=1)
    for place, name in enumerate((first, second)):
        for filled in (False, True):
            values = shown.loc[full == filled, name]
            face = color[name] if filled else "white"
            ax.scatter(
                [place] * len(values), values, s=11, facecolor=face, edgecolor=color[name], linewidth=0.8, zorder=3
            )
        middle = shown[name].median()
        ax.hlines(middle, place - HALF, place + HALF, color=palette.INK, linewidth=1.6, zorder=4)
    if log:
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set(xlabel="", ylabel=ylabel, xlim=(-0.45, 1.45))
    palette.name_ticks(ax, [first, second], [len(shown)] * 2)
    palette.keep(ax, *LEAST_MM)
    lost = len(pairs) - len(shown)
    words = [formats.p_value(p) if not np.isnan(p) else "", note, f"{lost} with 0 not drawn" if lost else ""]
    said = "\n".join(word for word in words if word)
    if said:
        wide = palette.wrap(said, palette.inner_width(ax))
        look = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "center", "va": "bottom"}
        ax.annotate(wide, (0.5, 1), (0, 3), fontsize=6, **look)
    if marked and full.any() and not full.all():
        for filled, label in ((True, marked), (False, f"not {marked}")):
            face = palette.FAINT if filled else "white"
            ax.scatter([], [], s=11, facecolor=face, edgecolor=palette.FAINT, linewidth=0.8, label=label)
        palette.legend(ax, below=True, most=1, handletextpad=0.2)
    if title:
        ax.set_title(title, pad=6 + 8 * (said.count("\n") + 1 if said else 0))
    return ax
