"""Values of named items in rank order, coloured by group, the first few named."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

LEAST_MM = 45, 38  # of the plot inside its axes
LONGEST = 0.45  # of a name, of the plot's width


def ranked_dots(
    values: pd.Series, groups: pd.Series, ax: Axes, *, ylabel: str, xlabel: str, named: int = 3, title: str = ""
) -> Axes:
    """Draw values on ax, highest first. values: by item; groups: categorical by item. Raises MissingData where there is
    no value."""
    order = values.dropna().sort_values(ascending=False, kind="stable")
    if order.empty:
        return palette.nothing(ax, f"nothing here has a value of {ylabel}", title)
    present = [name for name in groups.cat.categories if (groups[order.index] == name).any()]
    color, marker = palette.colors(present), palette.markers(present)
    sizes = groups[order.index].value_counts()
    label = {name: f"{name} (n = {sizes[name]})" for name in present}
    table = pd.DataFrame(
        {"value": order, "place": np.arange(1, len(order) + 1), "group": groups[order.index].map(label).astype(str)}
    )
    sns.scatterplot(
        table, x="place", y="value", hue="group", style="group", hue_order=label.values(), style_order=label.values(),
        palette={label[name]: color[str(name)] for name in present}, linewidth=0, s=16, ax=ax,
        markers={label[name]: marker[str(name)] for name in present},
    )  # fmt: skip
    ax.get_legend().remove()
    ax.set(ylabel=ylabel, xlabel=f"{xlabel}, in order (n = {len(order)})")
    if len(order) == 1:
        ax.set(xlim=(0, 3))
    palette.keep(ax, *LEAST_MM)
    palette.inside_legend(ax, {"upper right": (1, 1)})
    _name(ax, order, min(named, len(order)))
    if title:
        ax.set_title(title)
    return ax


def _name(ax: Axes, order: pd.Series, named: int) -> None:
    """The names of the first items beside their dots, or above all later dots where those stand in the way."""
    low, high = ax.get_ylim()
    right = np.ptp(ax.get_xlim()) / palette.inner_width(ax)  # of the axis of places, a point
    up = (high - low) / max(palette.cell(ax)[1] - sum(palette.margins(ax)[2:]), LEAST_MM[1] * palette.POINT)
    words = [palette.wrap(str(item), LONGEST * palette.inner_width(ax)) for item in order.index[:named]]
    halves = [0.62 * palette.TEXT * (word.count("\n") + 1) * up for word in words]
    heights = [value + (4 if place % 2 else -3) * up for place, value in enumerate(order.iloc[:named])]
    free = all(
        not any(
            abs(value - y) < half + 3 * up for value in order.iloc[place + 1 :][: int(palette.text_width(word) * right)]
        )
        and (not place or heights[place - 1] - halves[place - 1] > y + half)
        for place, (word, y, half) in enumerate(zip(words, heights, halves, strict=True))
    )
    look = {"textcoords": "offset points", "va": "center", "fontsize": palette.TEXT, "linespacing": 1.05}
    if free:
        for place, (word, y) in enumerate(zip(words, heights, strict=True), 1):
            value = order.iloc[place - 1]
            ax.annotate(word, (place, value), (5, (y - value) / up), in_layout=False, **look)
        return
    # from the last one up, each over the dots behind it
    floor = -np.inf
    for place in range(len(words), 0, -1):
        value, half, later = order.iloc[place - 1], halves[place - 1], order.iloc[min(place, len(order) - 1)]
        floor = max(floor + half, later + 4 * up + half, value - 3 * up)
        ax.annotate(
            words[place - 1], (place, value), (12, (floor - value) / up), in_layout=False, **look,
            arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": palette.FAINT, "shrinkA": 0, "shrinkB": 2},
        )  # fmt: skip
        floor += half
    # the points that the topmost name stands over its dot, on an axis that has room for them
    share = (floor - order.iloc[0] + 2 * up) / (high - low)
    ax.set_ylim(top=max(high, (order.iloc[0] - share * low) / (1 - share)))
