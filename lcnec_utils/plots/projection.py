"""Tumours in two dimensions, coloured by group, with clusters marked by number."""

import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

OPEN = "Unc. → "  # before what an open tumour was called
LEAST_MM = 50, 45  # of the plot inside its axes


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
    kinds = [name.removeprefix(OPEN) for name in names]
    base, marker = palette.colors(kinds), palette.markers(kinds)
    for name, kind in zip(names, kinds, strict=True):
        mine = places.loc[groups.index[groups == name]]
        color, hollow = base[kind], name.startswith(OPEN)
        ax.scatter(
            mine["x"], mine["y"], s=9 if hollow else 8, facecolor="white" if hollow else color, marker=marker[kind],
            edgecolor=color if hollow else "white", linewidth=0.8 if hollow else 0.2,
            label=f"{name} (n = {len(mine)})", zorder=2 + hollow,
        )  # fmt: skip
    if clusters is not None:
        for number, mine in places.groupby(clusters):
            ax.annotate(
                str(number), (mine["x"].median(), mine["y"].max()), xytext=(0, 5), textcoords="offset points",
                fontsize=8, fontweight="bold", ha="center", va="bottom", zorder=6,
            )  # fmt: skip
        ax.margins(y=0.12)
    ax.set(xlabel="UMAP 1", ylabel="UMAP 2", xticks=[], yticks=[])
    palette.keep(ax, *LEAST_MM)
    palette.legend(ax, below=True, most=2, handletextpad=0.1, columnspacing=0.8, handlelength=2)
    if title:
        ax.set_title(title)
    return ax
