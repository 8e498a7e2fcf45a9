"""Prevalence of each altered gene in two groups, with the genes that differ named."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

TICKS = [0, 2, 5, 10, 20, 40, 60, 80, 100]
STEPS = (0, 0.3, -0.3, 0.45, -0.45, 0.6, -0.6, 0.9, -0.9, 1.2, -1.2, 1.6, -1.6)  # of a label from its point
LEAST_MM = 55  # of the square


def _place(points: pd.DataFrame, shown: pd.DataFrame) -> dict[str, float]:
    """The height of each shown point's label, on the square-root scale: where it covers no label and no point, or at
    least no label. A label without room is left out; the earlier rows have the first choice."""
    root = np.sqrt(points.to_numpy(float))
    placed: list[tuple[float, float, float]] = []
    heights = {}
    for gene, row in shown.iterrows():
        x, y = row["x"] ** 0.5, row["y"] ** 0.5
        width = 0.28 * len(gene) + 0.2
        wide = max(2.2, width)

        def off_labels(height, x=x, wide=wide):
            return all(abs(height - b) >= 0.42 or x - a > other or a - x > wide for a, b, other in placed)

        def off_points(height, x=x, width=width, off_labels=off_labels):
            under = (root[:, 0] > x + 0.1) & (root[:, 0] < x + width) & (abs(root[:, 1] - height) < 0.2)
            return not under.any() and off_labels(height)

        inside = [y + step for step in STEPS if y + step > 0.1]
        heights[gene] = next(filter(off_points, inside), None) or next(filter(off_labels, [y, *inside]), np.nan)
        if not np.isnan(heights[gene]):
            placed.append((x, heights[gene], wide))
    return {gene: height for gene, height in heights.items() if not np.isnan(height)}


def prevalence_scatter(
    table: pd.DataFrame, ax: Axes, *, first: str, second: str, named: list[str], title: str = ""
) -> Axes:
    """Draw share_1 against share_2 (fractions) of every gene in table on ax.

    table: index gene; share_1, share_2, p_adjusted, tested (False: the gene defines the groups). named: the genes to
    label besides those that differ at a false discovery rate of 5%. first, second: axis labels with n. Raises
    MissingData where no gene has a share in both groups.
    """
    points = pd.DataFrame({"x": 100 * table["share_1"], "y": 100 * table["share_2"]}).astype(float).dropna()
    if points.empty:
        return palette.nothing(ax, f"no gene here was profiled in both {first} and {second}", title)
    table = table.loc[points.index]
    differs = table["tested"] & (table["p_adjusted"] < 0.05)
    kinds = [
        (~table["tested"], "white", palette.INK, "defines the subtypes (not tested)"),
        (table["tested"] & ~differs, palette.FAINT, "none", "no difference shown"),
        (differs, palette.EMPHASIS, "none", "differs, FDR < 5%"),
    ]
    ax.plot([0, 100], [0, 100], color=palette.FAINT, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
    for rows, face, edge, label in kinds:
        look = {"s": 16, "color": face, "edgecolor": edge, "linewidth": 0.8, "zorder": 3}
        sns.scatterplot(points[rows], x="x", y="y", ax=ax, clip_on=False, **look)
        ax.scatter([], [], label=f"{label}: {int(rows.sum())}", **look)  # none of a kind is said too
    # most genes are altered in few tumours: a square-root scale gives them room
    ax.set_xscale("function", functions=(lambda v: np.sqrt(np.maximum(v, 0)), np.square))
    ax.set_yscale("function", functions=(lambda v: np.sqrt(np.maximum(v, 0)), np.square))
    shown = points.loc[[gene for gene in points.index if gene in set(named) or differs[gene]]]
    shown = shown.sort_values(["y", "x"], ascending=[False, True])
    heights = _place(points, shown)
    if len(heights) < len(shown):  # those that differ first, then those asked for first
        asked = {gene: place for place, gene in enumerate(dict.fromkeys(named))}
        heights = _place(points, shown.loc[sorted(shown.index, key=lambda gene: -1 if differs[gene] else asked[gene])])
    for gene, height in heights.items():
        x, y = shown.loc[gene]
        ax.annotate(
            gene, (x, y), xytext=((x**0.5 + 0.22) ** 2, max(height, 0) ** 2), textcoords="data", ha="left",
            va="center", fontsize=6.5, style="normal" if " " in gene else "italic", zorder=2.5,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.3},
            arrowprops={"arrowstyle": "-", "linewidth": 0.3, "color": palette.FAINT, "shrinkA": 0, "shrinkB": 2},
        )  # fmt: skip
    ax.set(xlim=(0, 112), ylim=(0, 112), xlabel=f"{first}, % altered", ylabel=f"{second}, % altered")
    ax.set(xticks=TICKS, yticks=TICKS)
    ax.set_aspect("equal")
    if len(heights) < len(shown):
        ax.scatter([], [], s=0, label=f"{len(shown) - len(heights)} more of them without room for a name")
    palette.keep(ax, LEAST_MM, LEAST_MM)
    palette.legend(ax, most=1, handlelength=2, handletextpad=0.2, labelspacing=0.25)
    if title:
        ax.set_title(title, pad=36)
    return ax
