"""Prevalence of each altered gene in one group against another, with the genes that differ named."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

TICKS = [0, 2, 5, 10, 20, 40, 60, 80, 100]


def _place(points: pd.DataFrame, shown: pd.DataFrame) -> dict[str, float]:
    """The height of each shown point's label, on the square-root scale: where it prints over no label and no point."""
    root = np.sqrt(points.to_numpy(float))
    placed: list[tuple[float, float]] = []
    heights = {}
    for gene, row in shown.sort_values(["y", "x"], ascending=[False, True]).iterrows():
        x, y = row["x"] ** 0.5, row["y"] ** 0.5
        width = 0.28 * len(gene) + 0.2

        def clear(height, x=x, width=width):
            under = (root[:, 0] > x + 0.1) & (root[:, 0] < x + width) & (abs(root[:, 1] - height) < 0.2)
            return not under.any() and all(abs(height - b) >= 0.42 or abs(x - a) > 2.2 for a, b in placed)

        steps = (0, 0.3, -0.3, 0.45, -0.45, 0.6, -0.6, 0.9, -0.9, 1.2, -1.2, 1.6, -1.6)
        heights[gene] = next((y + step for step in steps if y + step > 0.1 and clear(y + step)), y)
        placed.append((x, heights[gene]))
    return heights


def prevalence_scatter(
    table: pd.DataFrame, ax: Axes, *, first: str, second: str, named: list[str], title: str = ""
) -> Axes:
    """Draw share_1 against share_2 (fractions) of every gene in table on ax.

    table: index gene; share_1, share_2, p_adjusted, tested (False: the gene defines the groups). named: the genes to
    label besides those that differ at a false discovery rate of 5%. first, second: axis labels with n.
    """
    points = pd.DataFrame({"x": 100 * table["share_1"], "y": 100 * table["share_2"]})
    differs = table["tested"] & (table["p_adjusted"] < 0.05)
    kinds = [
        (~table["tested"], "white", palette.INK, "defines the subtypes (not tested)"),
        (table["tested"] & ~differs, palette.FAINT, "none", "no difference shown"),
        (differs, palette.EMPHASIS, "none", "differs, FDR < 5%"),
    ]
    ax.plot([0, 100], [0, 100], color=palette.FAINT, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
    for chosen, face, edge, label in kinds:
        ax.scatter(
            points.loc[chosen, "x"], points.loc[chosen, "y"], s=16, facecolor=face, edgecolor=edge, linewidth=0.8,
            clip_on=False, label=f"{label}: {int(chosen.sum())}", zorder=3,
        )  # fmt: skip
    # most genes are altered in few tumours: a square-root scale gives them room
    ax.set_xscale("function", functions=(lambda v: np.sqrt(np.maximum(v, 0)), np.square))
    ax.set_yscale("function", functions=(lambda v: np.sqrt(np.maximum(v, 0)), np.square))
    shown = points.loc[[gene for gene in points.index if gene in set(named) or differs[gene]]]
    for gene, height in _place(points, shown).items():
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
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), borderaxespad=0, handletextpad=0.2, labelspacing=0.25)
    if title:
        ax.set_title(title, pad=36)
    return ax
