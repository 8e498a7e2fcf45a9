"""Heatmap of standardised expression: genes by tumours or groups, with coloured tracks or a dendrogram above."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch
from scipy.cluster import hierarchy

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.plots import palette

ROW_MM, TRACK_MM, TREE_MM = 2.7, 3.1, 8  # height of a gene, of a track and of a dendrogram, at least
MANY = 50  # columns from which on a dendrogram is half as high again and drawn finer
MOST_JOINTS = 2000  # of a dendrogram, beyond which it is drawn as pixels
LEAST_MM = 60, 12  # of the heatmap inside its axes
LINE = 8.9  # points of a legend's line
NAME = 0.26  # of a legend's label, of the figure's width
MISSING = "not recorded"


def expression_heatmap(
    z: pd.DataFrame, ax: Axes, *, tracks: dict[str, pd.Series] | None = None, tree: np.ndarray | None = None,
    title: str = "", xlabel: str = "", column_names: bool = False, limit: float = 2.5, legend: bool = True,
) -> Axes:  # fmt: skip
    """Draw z-scores in the place of ax, in the given order; returns the axes of the heatmap itself.

    z: genes × columns. tracks: label → categorical by column. tree: the columns' dendrogram, as scipy's linkage matrix,
    in whose order they stand (scipy.cluster.hierarchy.leaves_list). limit: the z beyond which the colour no longer
    changes. legend: whether the figure says what the tracks' colours mean. Raises MissingData where there is nothing to
    draw, and UserError for a tree of other columns.
    """
    if z.empty or z.isna().all(axis=None):
        raise MissingData("no gene of the heatmap was measured in any tumour here")
    if tree is not None and len(tree) != len(z.columns) - 1:
        raise UserError(
            f"dendrogram: it joins {len(tree) + 1} columns and the heatmap has {len(z.columns)}; cluster those columns"
        )
    tracks = tracks or {}
    tree_mm = TREE_MM if len(z.columns) < MANY else 1.5 * TREE_MM
    figure = ax.get_figure(root=True)
    wide, high = 72 * figure.get_size_inches()[0], palette.cell(ax)[1]
    row = max(ROW_MM, 0.7 * high / palette.POINT / len(z))
    above = ([] if tree is None else [tree_mm / row]) + [max(0.5, TRACK_MM / row)] * len(tracks)
    axes = _rows(ax, [*above, len(z)])
    if tree is not None:
        _tree(axes[0], tree)
    handles = []
    for track, (label, values) in zip(axes[-1 - len(tracks) :], tracks.items(), strict=False):
        handles += [Patch(facecolor="none", label=label), *_track(track, values.reindex(z.columns), 0.9 * NAME * wide)]
        track.set_yticks([0.5], [label])
    heatmap = axes[-1]
    sns.heatmap(
        z.astype(float), ax=heatmap, cmap="RdBu_r", vmin=-limit, vmax=limit, cbar=False, rasterized=True,
        xticklabels=False, yticklabels=False,
    )  # fmt: skip
    heatmap.set_yticks(np.arange(len(z)) + 0.5, z.index, fontsize=6 if len(z) > 20 else 6.5)
    for label in heatmap.get_yticklabels():
        label.set_style("normal" if " " in label.get_text() else "italic")  # genes, not scores
    for part in axes:
        part.tick_params(length=0, labelbottom=part is heatmap)
        part.spines[:].set_visible(False)
        part.set_xticks([])
    if column_names:
        names = palette.upright([str(name) for name in z.columns], 0.6 * wide / len(z.columns))
        heatmap.set_xticks(np.arange(len(z.columns)) + 0.5, names, rotation=90, fontsize=6.5)
    heatmap.set(xlabel=xlabel, ylabel="")
    bar = figure.colorbar(heatmap.collections[0], ax=axes, shrink=0.35, aspect=12, pad=0.01, anchor=(0, 0))
    bar.set_label("z-score", fontsize=6.5)
    tall = sum(handle.get_label().count("\n") + 1 for handle in handles) * LINE / palette.POINT
    palette.keep(heatmap, LEAST_MM[0], max(LEAST_MM[1], ROW_MM * len(z), 1.1 * tall - TRACK_MM * len(tracks)))
    for part in axes[:-1]:
        palette.keep(part, LEAST_MM[0], 0.9 * (tree_mm if part is axes[0] and tree is not None else TRACK_MM))
    if handles and legend:
        shown = figure.legend(handles=handles, loc="outside right upper", handlelength=1)
        for text in shown.get_texts():
            if text.get_text() in tracks:
                text.set(fontweight="bold", x=-14)
    if title:
        axes[0].set_title(title)
    return heatmap


def _rows(ax: Axes, heights: list[float]) -> list[Axes]:
    """The axes as the first of several one under another, of these heights, in the place that it had alone."""
    if len(heights) == 1:
        return [ax]
    parts = ax.get_subplotspec().subgridspec(len(heights), 1, height_ratios=heights)
    ax.set_subplotspec(parts[0])
    return [ax, *(ax.get_figure().add_subplot(parts[place], sharex=ax) for place in range(1, len(heights)))]


def _tree(ax: Axes, tree: np.ndarray) -> None:
    """Draw a dendrogram over columns of width 1: each joint is a bar with a leg down to each of its two branches."""
    # scipy's dendrogram() calls itself once a level, and a chain of two thousand is too deep for Python
    leaves = len(tree) + 1
    across, up = np.zeros(2 * leaves - 1), np.zeros(2 * leaves - 1)
    across[hierarchy.leaves_list(tree)] = np.arange(leaves) + 0.5
    branches = tree[:, :2].astype(int)
    for node, (left, right) in enumerate(branches, leaves):
        across[node], up[node] = (across[left] + across[right]) / 2, tree[node - leaves, 2]
    heights = np.column_stack([up[branches[:, 0]], tree[:, 2], tree[:, 2], up[branches[:, 1]]])
    joints = np.stack([across[branches].repeat(2, axis=1), heights], axis=2)
    width = 0.7 if leaves < MANY else 0.35
    ax.add_collection(
        LineCollection(joints, colors=palette.INK, linewidths=width, rasterized=len(joints) > MOST_JOINTS)
    )
    ax.set(yticks=[], xlim=(0, leaves), ylim=np.array([-0.02, 1.04]) * (tree[-1, 2] or 1))


def _track(ax: Axes, values: pd.Series, width: float) -> list[Patch]:
    """Draw one track, a colour per column, and return what the legend says of it, on lines of this width (points)."""
    names = [name for name in values.cat.categories if (values == name).any()]
    color = palette.colors(names)
    tones = [color[str(name)] for name in names] + [palette.MISSING]
    rgb = (255 * np.array([to_rgb(tone) for tone in tones])).round().astype(np.uint8)
    codes = values.cat.set_categories(names).cat.codes.to_numpy()
    ax.imshow(rgb[codes][None], aspect="auto", interpolation="nearest", extent=(0, len(codes), 1, 0))
    counts = [(tone, name, int((values == name).sum())) for tone, name in zip(tones, names, strict=False)]
    counts += [(palette.MISSING, MISSING, int(values.isna().sum()))] if values.isna().any() else []
    return [Patch(facecolor=tone, label=palette.wrap(f"{name} (n = {n})", width)) for tone, name, n in counts]
