"""Probabilities of open tumours in rank order, with the band in which a classifier abstains."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

LEAST_MM = 32, 36  # of the plot inside its axes
ABSTAINS = "abstains"


def called_probabilities(
    probability: pd.Series, ax: Axes, *, classes: tuple[str, str], sure_from: float, title: str = ""
) -> Axes:
    """Draw each tumour's probability of the second class on ax, lowest first; grey where the classifier abstains.

    Raises MissingData where no tumour has a probability.
    """
    values = np.sort(probability.dropna().to_numpy())
    if not len(values):
        return palette.nothing(ax, "no tumour here was left open for the classifier to call", title)
    first, second = map(str, classes)
    call = np.where(values >= sure_from, second, np.where(values <= 1 - sure_from, first, ABSTAINS))
    color = palette.colors(classes) | {ABSTAINS: palette.NAMED["Unclassified"]}
    ax.axhspan(1 - sure_from, sure_from, color=palette.BAND, zorder=0)
    ax.axhline(0.5, color=palette.FAINT, linewidth=0.6, linestyle=(0, (4, 3)), zorder=1)
    sns.scatterplot(
        x=np.arange(1, len(values) + 1), y=values, hue=call, palette=color, s=6, linewidth=0, legend=False, zorder=3,
        clip_on=False, ax=ax,
    )  # fmt: skip
    if sure_from > 0.5:
        ax.text(len(values), 0.5, ABSTAINS, ha="right", va="bottom", fontsize=6.5, color=palette.FAINT,
                in_layout=False)  # fmt: skip
    ax.set(xlim=(0, len(values) + 1), ylim=(0, 1), xlabel=f"Unclassified tumours, in order (n = {len(values)})")
    ax.set(ylabel=f"Probability of {classes[1]}")
    ax.locator_params(axis="x", nbins=6, integer=True)
    palette.keep(ax, *LEAST_MM)
    if title:
        ax.set_title(title)
    return ax
