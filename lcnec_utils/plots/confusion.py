"""A confusion matrix with its counts, and shares of each true class."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette


def confusion(table: pd.DataFrame, ax: Axes, *, truth: str = "Genotype", title: str = "") -> Axes:
    """Draw a confusion matrix on ax. table: truth, called, n. A row is a true class, a colour the share of its row.

    truth: what the rows are known by.
    """
    names = list(dict.fromkeys(table["truth"]))
    counts = table.pivot(index="truth", columns="called", values="n").loc[names, names].to_numpy()
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1.15, aspect="equal")
    for row, column in np.ndindex(counts.shape):
        dark = shares[row, column] > 0.6
        ax.text(
            column, row, f"{counts[row, column]}\n({100 * shares[row, column]:.0f}%)", ha="center", va="center",
            color="white" if dark else palette.INK, fontsize=8,
        )  # fmt: skip
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(names)), [f"{name}\n(n = {int(n)})" for name, n in zip(names, totals[:, 0], strict=True)])
    ax.set(xlabel="Called", ylabel=truth)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    if title:
        ax.set_title(title)
    return ax
