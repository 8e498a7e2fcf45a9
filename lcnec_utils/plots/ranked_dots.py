"""Values of named items in rank order, coloured by group, the first few named."""

import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette


def ranked_dots(
    values: pd.Series, groups: pd.Series, ax: Axes, *, ylabel: str, xlabel: str, named: int = 3, title: str = ""
) -> Axes:
    """Draw values on ax, highest first. values: by item; groups: categorical by item."""
    order = values.sort_values(ascending=False, kind="stable")
    color = palette.colors(list(groups.cat.categories))
    for name in groups.cat.categories:
        mine = [place for place, item in enumerate(order.index, 1) if groups[item] == name]
        ax.scatter(mine, order.iloc[[i - 1 for i in mine]], s=12, color=color[name], label=f"{name} (n = {len(mine)})")
    for place, (item, value) in enumerate(order.head(named).items(), 1):
        ax.annotate(
            str(item),
            (place, value),
            xytext=(5, 4 if place % 2 == 0 else -3),
            textcoords="offset points",
            va="center",
            fontsize=6.5,
        )
    ax.set(ylabel=ylabel, xlabel=f"{xlabel}, in order (n = {len(order)})")
    ax.legend(loc="upper right")
    if title:
        ax.set_title(title)
    return ax
