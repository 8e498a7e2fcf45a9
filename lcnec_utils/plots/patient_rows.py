"""Patients as rows: how long each lived, and beside it what was measured of each tumour."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

ROW_MM, LEAST_MM = 4.2, 34  # height of a patient, width of the plot inside its axes
MOST = 40  # patients drawn
COLUMN = 44  # points of a column of values
UNTESTED = "not tested"


def patient_rows(
    patients: pd.DataFrame, ax: Axes, *, values: dict[str, pd.DataFrame], cut: float, title: str = "",
    xlabel: str = "Overall survival, months",
) -> Axes:  # fmt: skip
    """Draw one row a patient on ax, the longest survival on top. patients: index patient, columns months and event; a
    filled dot died, an arrow was alive when last seen. values: head → a table by patient of words and level (high, low,
    positive or negative; missing where not tested), written beside the rows. cut: months of a dashed line. At most MOST
    patients are drawn, and the label of the axis says so. Raises MissingData where there is no patient."""
    months, event = patients["months"], patients["event"]
    order = months.sort_values(ascending=False, kind="stable").index[:MOST]
    if not len(order):
        return palette.nothing(ax, f"no patient here lived longer than {cut:g} months", title)
    places = np.arange(len(order))
    died = event[order].astype(bool).to_numpy()
    ax.hlines(places, 0, months[order], color=palette.FAINT, linewidth=0.8)
    for which, marker, label in ((died, "o", "died"), (~died, ">", "alive when last seen")):
        if which.any():
            name = f"{label} (n = {int(which.sum())})"
            ax.scatter(
                months[order][which], places[which], marker=marker, s=20, color=palette.INK, zorder=3, label=name
            )
    ax.axvline(cut, color=palette.FAINT, linewidth=0.8, linestyle="--")
    ax.set(xlim=(0, 1.06 * months[order].max()), ylim=(len(order) - 0.4, -0.6))
    ax.set_yticks(places, [f"Patient {place + 1}" for place in places])
    for column, (head, table) in enumerate(values.items()):
        _column(ax, COLUMN * column + 0.5 * COLUMN, head, table.reindex(order))
    shown = "" if len(order) == len(months) else f"; the longest {len(order)} are drawn"
    ax.set_xlabel(f"{xlabel}\n(n = {len(months)}{shown})")
    palette.keep(ax, LEAST_MM, max(14, ROW_MM * len(order)))
    palette.legend(ax, below=True)
    if title:
        ax.set_title(title, pad=18)
    return ax


def _column(ax: Axes, points: float, head: str, table: pd.DataFrame) -> None:
    """Write a head and a value a row, centred so many points to the right of ax."""
    look = {"textcoords": "offset points", "ha": "center", "annotation_clip": False, "fontsize": palette.TEXT}
    across = ax.get_yaxis_transform()
    ax.annotate(head, (1, 1), (points, 3), xycoords="axes fraction", va="bottom", fontweight="bold", **look)
    for place, (words, level) in enumerate(zip(table["words"], table["level"], strict=True)):
        known = not pd.isna(level)
        text = f"{words} {level}" if known else UNTESTED
        color = palette.ink(palette.LEVEL[level]) if known else palette.FAINT
        ax.annotate(text, (1, place), (points, 0), xycoords=across, va="center", color=color, **look)
