"""Tumours in two dimensions, coloured by group, with clusters marked by number."""

import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette


def projection(
    places: pd.DataFrame, groups: pd.Series, ax: Axes, *, clusters: pd.Series | None = None, title: str = ""
) -> Axes:
    """Draw tumours on ax. places: sample × x, y. groups: categorical by sample; names starting "Unc. →" are drawn as
    open marks in the colour of what they were called. clusters: number by sample, written at each cluster's middle."""
    names = [name for name in groups.cat.categories if (groups == name).any()]
    base = palette.colors([name.removeprefix("Unc. → ") for name in names])
    for name in names:
        mine = places.loc[groups.index[groups == name]]
        color, hollow = base[name.removeprefix("Unc. → ")], name.startswith("Unc. → ")
        ax.scatter(
            mine["x"], mine["y"], s=9 if hollow else 8, facecolor="white" if hollow else color,
            edgecolor=color if hollow else "white", linewidth=0.8 if hollow else 0.2,
            label=f"{name} (n = {len(mine)})", zorder=2 + hollow,
        )  # fmt: skip
    if clusters is not None:
        for number, mine in places.groupby(clusters):
            ax.annotate(
                str(number), (mine["x"].median(), mine["y"].max()), xytext=(0, 5), textcoords="offset points",
                fontsize=8, fontweight="bold", ha="center", va="bottom", zorder=6,
            )  # fmt: skip
        ax.margins(y=0.1)
    ax.set(xlabel="UMAP 1", ylabel="UMAP 2", xticks=[], yticks=[])
    ax.legend(
        loc="upper left", bbox_to_anchor=(0, -0.08), ncols=2, borderaxespad=0, handletextpad=0.1, columnspacing=0.8
    )
    if title:
        ax.set_title(title)
    return ax
