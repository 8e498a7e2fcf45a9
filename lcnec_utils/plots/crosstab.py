"""Patients by their class under two sets of definitions: counts, with the cells in which both agree framed."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from lcnec_utils.plots import palette

CELL_MM = 9, 8  # of a cell, at least
COUNT = 7  # points of a cell's text


def crosstab(table: pd.DataFrame, ax: Axes, *, first: str, second: str, title: str = "") -> Axes:
    """Draw counts on ax. table: first, second, n, a row per cell. The darker, the more; none is left empty.

    first, second: what the rows and what the columns are classed by. Raises MissingData where nobody has both classes.
    """
    if not table["n"].sum():
        return palette.nothing(ax, f"nobody here is classed by {first} and {second}", title)
    rows, columns = (list(dict.fromkeys(table[name])) for name in ("first", "second"))
    counts = table.pivot(index="first", columns="second", values="n").loc[rows, columns].to_numpy()
    written = np.array([[f"{n:,}" if n else "" for n in row] for row in counts])
    sns.heatmap(
        np.sqrt(counts), ax=ax, cmap="Blues", vmin=0, vmax=1.15 * np.sqrt(counts.max()), cbar=False, annot=written,
        fmt="", annot_kws={"in_layout": False, "fontsize": COUNT}, linewidths=0.8, linecolor="#E4E4E4",
        xticklabels=False, yticklabels=False,
    )  # fmt: skip
    for place, name in enumerate(rows):
        if name in columns:
            frame = {"fill": False, "edgecolor": palette.INK, "linewidth": 1}
            ax.add_patch(Rectangle((columns.index(name), place), 1, 1, zorder=4, clip_on=False, **frame))
    room = 0.28 * palette.cell(ax)[0]
    sizes = counts.sum(axis=1)
    labels = [f"{palette.wrap(name, room)}\n(n = {n:,})" for name, n in zip(rows, sizes, strict=True)]
    ax.set_yticks(np.arange(len(rows)) + 0.5, labels, rotation=0, fontsize=palette.TEXT)
    ax.set(xlabel=second, ylabel=first)
    ax.tick_params(length=0)
    palette.name_ticks(ax, columns, list(counts.sum(axis=0)))
    ax.set_xticks(np.arange(len(columns)) + 0.5, [label.get_text() for label in ax.get_xticklabels()])
    lines = max(label.count("\n") + 1 for label in labels)
    high = max(CELL_MM[1], 1.45 * palette.TEXT * lines / palette.POINT)
    palette.keep(ax, CELL_MM[0] * len(columns), high * len(rows))
    if title:
        ax.set_title(title)
    return ax
