"""Heatmap of standardised expression: genes by tumours or groups, with coloured tracks or a dendrogram above."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch
from scipy.cluster import hierarchy

from lcnec_utils.core.errors import MissingData
from lcnec_utils.plots import palette

ROW_MM, TRACK_MM, TREE_MM = 2.7, 3.1, 8  # height of a gene, of a track and of a dendrogram, at least
LEAST_MM = 60, 12  # of the heatmap inside its axes
LINE = 8.9  # points of a legend's line
NAME = 0.26  # of a legend's label, of the figure's width
MISSING = "not recorded"


def expression_heatmap(
    z: pd.DataFrame, ax: Axes, *, tracks: dict[str, pd.Series] | None = None, tree: np.ndarray | None = None,
    title: str = "", xlabel: str = "", column_names: bool = False, limit: float = 2.5,
) -> Axes:  # fmt: skip
    """Draw z-scores in the place of ax, in the given order; returns the axes of the heatmap itself.

    z: genes × columns. tracks: label → categorical by column. tree: the columns' dendrogram, as scipy's linkage, where
    they stand in its order. limit: the z beyond which the colour no longer changes. Raises MissingData where there is
    nothing to draw.
    """
    if z.empty or z.isna().all(axis=None):
        raise MissingData("no gene of the heatmap was measured in any tumour here")
    tracks = tracks or {}
    figure = ax.get_figure(root=True)
    wide, high = (72 * inches for inches in figure.get_size_inches())
    row = max(ROW_MM, 0.7 * high / palette.POINT / len(z))
    above = ([] if tree is None else [TREE_MM / row]) + [max(0.5, TRACK_MM / row)] * len(tracks)
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
        palette.keep(part, LEAST_MM[0], 0.9 * (TREE_MM if part is axes[0] and tree is not None else TRACK_MM))
    if handles:
        legend = figure.legend(handles=handles, loc="outside right upper", handlelength=1)
        for text in legend.get_texts():
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
    """Draw a dendrogram over columns of width 1."""
    drawn = hierarchy.dendrogram(tree, no_plot=True)
    for across, up in zip(drawn["icoord"], drawn["dcoord"], strict=True):
        ax.plot(np.array(across) / 10, up, color=palette.INK, linewidth=0.7)  # scipy's leaves are 10 apart, from 5 on
    ax.set(yticks=[], ylim=(-0.02 * tree[:, 2].max(), None))


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
