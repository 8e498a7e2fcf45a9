"""A confusion matrix with its counts, and shares of each true class."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

CELL_MM = 11  # of a cell, at least
COUNT = 8  # points of a cell's text, where it has the room


def confusion(
    table: pd.DataFrame, ax: Axes, *, truth: str = "Genotype", called: str = "Called", title: str = ""
) -> Axes:
    """Draw a confusion matrix on ax. table: truth, called, n. A row is a true class, a colour the share of its row.

    truth, called: what the rows and what the columns are known by. Raises MissingData where nothing was called.
    """
    names = list(dict.fromkeys(table["truth"]))
    if not table["n"].sum():
        return palette.nothing(ax, "nothing here was both known and called", title)
    counts = table.pivot(index="truth", columns="called", values="n").loc[names, names].to_numpy()
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    room = 0.28 * palette.cell(ax)[0]
    labels = [f"{palette.wrap(name, room)}\n(n = {int(n)})" for name, n in zip(names, totals[:, 0], strict=True)]
    lines = max(label.count("\n") + 1 for label in labels)
    square = len(names) < 5 and lines < 4
    middles = np.arange(len(names)) + 0.5
    words = np.array([[f"{n}\n({100 * share:.0f}%)" for n, share in zip(*row, strict=True)]
                      for row in zip(counts, shares, strict=True)])  # fmt: skip
    sns.heatmap(
        shares, ax=ax, cmap="Blues", vmin=0, vmax=1.15, square=square, cbar=False, annot=words, fmt="",
        annot_kws={"in_layout": False}, xticklabels=False, yticklabels=False,
    )  # fmt: skip
    ax.set_yticks(middles, labels, rotation=0)
    ax.set(xlabel=called, ylabel=truth)
    ax.tick_params(length=0)
    slot = palette.inner_width(ax) / len(names)
    widest = max(palette.text_width(f"{count}", COUNT) for count in counts.ravel())
    size = max(palette.SMALLEST, min(COUNT, COUNT * (slot - 2) / max(widest, palette.text_width("(100%)", COUNT))))
    for text in ax.texts:
        text.set_fontsize(size)
    palette.name_ticks(ax, names)
    ax.set_xticks(middles, [label.get_text() for label in ax.get_xticklabels()])
    high = max(2.4 * size, 1.45 * palette.TEXT * lines) / palette.POINT
    wide = max(min(CELL_MM, 0.75 * slot / palette.POINT), size * widest / COUNT / palette.POINT)
    palette.keep(ax, (max(wide, high) if square else wide) * len(names), max(wide, high) * len(names))
    if title:
        ax.set_title(title)
    return ax
