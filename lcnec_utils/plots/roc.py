"""ROC curves of one split, one line per way of choosing genes and kernel."""

import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

DASHES = {"linear": "-", "rbf": (0, (3, 1.5))}
LEAST_MM = 50  # of the square


def roc(table: pd.DataFrame, ax: Axes, *, labels: dict[tuple[str, str], str], title: str = "") -> Axes:
    """Draw ROC curves on ax. table: way, kernel, false_positive, true_positive (fractions). labels: what the legend
    says of each way and kernel, with its AUC. Raises MissingData where there is no curve."""
    if table.empty:
        return palette.nothing(ax, "no tumour here was held back to judge a classifier on", title)
    color = palette.colors(list(dict.fromkeys(table["way"])))
    ax.plot([0, 1], [0, 1], color=palette.FAINT, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0,
            transform=ax.transAxes)  # fmt: skip
    for (way, kernel), line in table.groupby(["way", "kernel"], sort=False):
        ax.plot(
            line["false_positive"], line["true_positive"], color=color[str(way)], linestyle=DASHES.get(kernel, "-"),
            linewidth=1.4, label=labels[way, kernel], clip_on=False, alpha=0.9,
        )  # fmt: skip
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="False positive rate", ylabel="True positive rate", aspect="equal")
    palette.keep(ax, LEAST_MM, LEAST_MM)
    palette.inside_legend(ax, {"lower right": (1.02, 0.02)}, below=True, handlelength=2.2, labelspacing=0.3)
    if title:
        ax.set_title(title)
    return ax
