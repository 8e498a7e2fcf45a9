"""Heatmap of standardised expression: genes by tumours or groups, with coloured tracks above."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from lcnec_utils.errors import MissingData
from lcnec_utils.plots import palette

ROW_MM, TRACK_MM = 2.7, 3.1  # height of a gene and of a track, at least
LEAST_MM = 60, 12  # of the heatmap inside its axes
LINE = 8.9  # points of a legend's line
NAME = 0.26  # of a legend's label, of the figure's width
MISSING = "not recorded"


def expression_heatmap(
    z: pd.DataFrame, figure: Figure, *, tracks: dict[str, pd.Series] | None = None, title: str = "", xlabel: str = "",
    column_names: bool = False,
    limit: float = 2.5,
) -> None:  # fmt: skip
    """Draw z-scores on a figure, in the given order. z: genes × columns. tracks: label → categorical by column.
    limit: the z beyond which the colour no longer changes. Raises MissingData where there is nothing to draw."""
    if z.empty or z.isna().all(axis=None):
        raise MissingData("no gene of the heatmap was measured in any tumour here")
    tracks = tracks or {}
    wide, high = (72 * inches for inches in figure.get_size_inches())
    row = max(ROW_MM, 0.7 * high / palette.POINT / max(len(z), 1))
    heights = [*([max(0.5, TRACK_MM / row)] * len(tracks)), len(z)]
    axes = np.atleast_1d(figure.subplots(len(heights), 1, sharex=True, height_ratios=heights))
    handles = []
    for ax, (label, values) in zip(axes, tracks.items(), strict=False):
        handles += [Patch(facecolor="none", label=label), *_track(ax, values.reindex(z.columns), 0.9 * NAME * wide)]
        ax.set_yticks([0], [label])
    shown = axes[-1].imshow(
        z.to_numpy(float), aspect="auto", cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest"
    )
    axes[-1].set_yticks(range(len(z)), z.index, fontsize=6 if len(z) > 20 else 6.5)
    for label in axes[-1].get_yticklabels():
        label.set_style("normal" if " " in label.get_text() else "italic")  # genes, not scores
    for ax in axes:
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        ax.set_xticks([])
    if column_names:
        names = palette.upright([str(name) for name in z.columns], 0.6 * wide / len(z.columns))
        axes[-1].set_xticks(range(len(z.columns)), names, rotation=90, fontsize=6.5)
    axes[-1].set_xlabel(xlabel)
    bar = figure.colorbar(shown, ax=list(axes), shrink=0.35, aspect=12, pad=0.01, anchor=(0, 0))
    bar.set_label("z-score", fontsize=6.5)
    tall = sum(handle.get_label().count("\n") + 1 for handle in handles) * LINE / palette.POINT
    palette.keep(axes[-1], LEAST_MM[0], max(LEAST_MM[1], ROW_MM * len(z), 1.1 * tall - TRACK_MM * len(tracks)))
    for ax in axes[:-1]:
        palette.keep(ax, LEAST_MM[0], 0.9 * TRACK_MM)
    if handles:
        legend = figure.legend(handles=handles, loc="outside right upper", handlelength=1)
        for text in legend.get_texts():
            if text.get_text() in tracks:
                text.set(fontweight="bold", x=-14)
    if title:
        axes[0].set_title(title)


def _track(ax: Axes, values: pd.Series, width: float) -> list[Patch]:
    """Draw one track, a colour per column, and return what the legend says of it, on lines of this width (points)."""
    names = [name for name in values.cat.categories if (values == name).any()]
    color = palette.colors(names)
    tones = [color[str(name)] for name in names] + [palette.MISSING]
    rgb = (255 * np.array([to_rgb(tone) for tone in tones])).round().astype(np.uint8)
    codes = values.cat.set_categories(names).cat.codes.to_numpy()
    ax.imshow(rgb[codes][None], aspect="auto", interpolation="nearest")
    counts = [(tone, name, int((values == name).sum())) for tone, name in zip(tones, names, strict=False)]
    counts += [(palette.MISSING, MISSING, int(values.isna().sum()))] if values.isna().any() else []
    return [Patch(facecolor=tone, label=palette.wrap(f"{name} (n = {n})", width)) for tone, name, n in counts]
