"""Tumours in two dimensions, coloured by group, with clusters marked by number."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lcnec_utils.plots import palette

OPEN = "Unc. → "  # before what an open tumour was called
LEAST_MM = 50, 45  # of the plot inside its axes
SIZE, OPEN_SIZE = 8, 9  # square points of a filled and of an open mark
NUMBER, GAP = 8, 3  # points of a cluster's number, and from it to the cluster


def projection(
    places: pd.DataFrame, groups: pd.Series, ax: Axes, *, clusters: pd.Series | None = None, title: str = ""
) -> Axes:
    """Draw tumours on ax. places: sample × x, y. groups: categorical by sample; names starting "Unc. →" are drawn as
    open marks in the colour of what they were called. clusters: number by sample, written at each cluster's middle.

    Raises MissingData where no sample has both a place and a group.
    """
    names = [name for name in groups.cat.categories if (groups == name).any()]
    if places.empty or not names:
        return palette.nothing(ax, "no tumour here has both a place and a group", title)
    kinds = {name: name.removeprefix(OPEN) for name in names}
    color, marker = palette.colors(kinds.values()), palette.markers(kinds.values())
    table = places.loc[groups.index].assign(kind=groups.map(kinds).astype(str), is_open=groups.isin(_open(names)))
    look = {"palette": color, "hue": "kind", "style": "kind", "markers": marker, "legend": False, "ax": ax}
    sns.scatterplot(table[~table["is_open"]], x="x", y="y", s=SIZE, edgecolor="white", linewidth=0.2, zorder=2, **look)
    before = len(ax.collections)
    if table["is_open"].any():
        sns.scatterplot(table[table["is_open"]], x="x", y="y", s=OPEN_SIZE, linewidth=0.8, zorder=3, **look)
    for points in ax.collections[before:]:
        points.set(edgecolor=points.get_facecolor(), facecolor="white")
    if clusters is not None:
        ax.margins(y=0.12)
        for number, rows in places.groupby(clusters):
            _number(ax, str(number), rows)
    ax.set(xlabel="UMAP 1", ylabel="UMAP 2", xticks=[], yticks=[])
    palette.keep(ax, *LEAST_MM)
    handles = [
        Line2D(
            [], [], linestyle="", marker=marker[kind], markersize=3.2, markeredgecolor=color[kind],
            markerfacecolor="white" if name in _open(names) else color[kind], markeredgewidth=0.8,
            label=f"{name} (n = {int((groups == name).sum())})",
        )
        for name, kind in kinds.items()
    ]  # fmt: skip
    labels = [handle.get_label() for handle in handles]
    palette.legend(ax, handles, labels, below=True, most=2, handletextpad=0.1, columnspacing=0.8, handlelength=2)
    if title:
        ax.set_title(title)
    return ax


def _open(names: list[str]) -> list[str]:
    """The names that are drawn as open marks."""
    return [name for name in names if name.startswith(OPEN)]


def _number(ax: Axes, number: str, rows: pd.DataFrame) -> None:
    """Write a cluster's number above it, or at the first of its other sides where it covers no mark."""
    least, middle, most = rows.min(), rows.median(), rows.max()
    sides = [
        ((middle["x"], most["y"]), (0, 1)), ((middle["x"], least["y"]), (0, -1)),
        ((most["x"], middle["y"]), (1, 0)), ((least["x"], middle["y"]), (-1, 0)),
    ]  # fmt: skip
    point = np.array([1 / palette.inner_width(ax), 1 / (LEAST_MM[1] * palette.POINT)])  # in fractions of the axes
    half = NUMBER / 2 * np.array([0.7 * len(number), 1])
    for place, side in sides:
        away = (GAP + half) * side  # points from the cluster's edge to the middle of the number
        middle_of_number = (ax.transData - ax.transAxes).transform(place) + away * point
        if palette.free(ax, (*(middle_of_number - half * point), *(middle_of_number + half * point))):
            break
    else:
        (place, side), away = sides[0], (GAP + half) * sides[0][1]
    ax.annotate(
        number, place, xytext=away, textcoords="offset points", fontsize=NUMBER, fontweight="bold", ha="center",
        va="center", zorder=6,
    )  # fmt: skip
