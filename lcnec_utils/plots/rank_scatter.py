"""Two measurements of the same patients against each other, a dot each, by group, with what correlates said above."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from lcnec_utils.plots import palette

LEAST_MM = 30, 30  # of the plot inside its axes


def rank_scatter(
    tables: dict[str, pd.DataFrame], ax: Axes, *, x: str, y: str, xlabel: str, ylabel: str, notes: dict[str, str],
    log_y: bool = False, title: str = "",
) -> Axes:  # fmt: skip
    """Draw one dot a patient on ax; returns ax.

    tables: group → patients with the columns x and y; who lacks either is not drawn. notes: group → what is said of it
    in the legend behind its name and n, such as its correlation. log_y: a logarithmic axis, straight below 1 where
    there is a 0. Raises MissingData where no group has a patient with both.
    """
    shown = {name: table.dropna(subset=[x, y]) for name, table in tables.items() if {x, y} <= set(table)}
    shown = {name: table for name, table in shown.items() if len(table)}
    if not shown:
        return palette.nothing(ax, f"no patient here has both {xlabel} and {ylabel}", title)
    color = palette.colors(list(shown))
    for place, (name, table) in enumerate(shown.items()):
        sns.scatterplot(
            table, x=x, y=y, ax=ax, color=color[name], s=14, marker="os^D"[place % 4], linewidth=0, alpha=0.8,
            label=f"{name} (n = {len(table):,})\n{notes.get(name, '')}".strip(),
        )  # fmt: skip
    if log_y:
        zeros = any((table[y] <= 0).any() for table in shown.values())
        ax.set_yscale("symlog" if zeros else "log", **({"linthresh": 1} if zeros else {}))
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())
    span = np.ptp(ax.get_xlim())
    ax.set(xlabel=xlabel, ylabel=ylabel, xlim=(ax.get_xlim()[0] - 0.02 * span, ax.get_xlim()[1] + 0.02 * span))
    palette.keep(ax, *LEAST_MM)
    palette.legend(ax, most=1, handletextpad=0.2)
    if title:
        ax.set_title(title, pad=18)
    return ax
