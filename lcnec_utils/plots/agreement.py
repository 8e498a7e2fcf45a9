"""An estimate against what is known, one small square per quantity with the line of equality."""

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lcnec_utils.core import formats
from lcnec_utils.plots import palette

LEAST_MM = 22  # of the square


def agreement(known: pd.Series, estimated: pd.Series, ax: Axes, *, title: str, r: float) -> Axes:
    """Draw one quantity on ax: dots of one sample each, the line of equality, and the correlation r given.

    known, estimated: in one unit; samples (one index) without either are left out.
    """
    both = pd.DataFrame({"known": known, "estimated": estimated}).dropna()
    most = max([*both.max().dropna(), 1e-9]) * 1.05
    ax.axline((0, 0), slope=1, color=palette.FAINT, linewidth=0.7, linestyle=(0, (4, 3)), zorder=1)
    sns.scatterplot(
        both, x="known", y="estimated", ax=ax, s=4, color=palette.CYCLE[0], alpha=0.5, linewidth=0, zorder=2
    )
    ax.set(xlabel="", ylabel="", xlim=(-0.03 * most, most), ylim=(-0.03 * most, most), aspect="equal")
    ax.set_title(title, fontsize=6.5)
    ax.text(0.04, 0.95, f"r = {formats.number(r, 2)}", transform=ax.transAxes, va="top", fontsize=6, in_layout=False)
    ax.locator_params(nbins=4)
    palette.keep(ax, LEAST_MM, LEAST_MM)
    return ax
