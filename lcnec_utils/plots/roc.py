"""ROC curves of one split, one line per way of choosing genes and kernel."""

import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

DASHES = {"linear": "-", "rbf": (0, (3, 1.5))}


def roc(table: pd.DataFrame, ax: Axes, *, labels: dict[tuple[str, str], str], title: str = "") -> Axes:
    """Draw ROC curves on ax. table: way, kernel, false_positive, true_positive (fractions). labels: what the legend
    says of each way and kernel, with its AUC."""
    color = palette.colors(list(dict.fromkeys(table["way"])))
    ax.plot([0, 1], [0, 1], color=palette.FAINT, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
    for (way, kernel), line in table.groupby(["way", "kernel"], sort=False):
        ax.plot(
            line["false_positive"], line["true_positive"], color=color[way], linestyle=DASHES[kernel],
            linewidth=1.4, label=labels[way, kernel], clip_on=False, alpha=0.9,
        )  # fmt: skip
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="False positive rate", ylabel="True positive rate", aspect="equal")
    ax.legend(loc="lower right", bbox_to_anchor=(1.02, 0.02), handlelength=2.2, labelspacing=0.3)
    if title:
        ax.set_title(title)
    return ax
