"""Heatmap of standardised expression: genes by tumours or groups, with coloured tracks above."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from lcnec_utils.plots import palette


def expression_heatmap(
    z: pd.DataFrame, figure: Figure, *, tracks: dict[str, pd.Series] | None = None, title: str = "", xlabel: str = "",
    column_names: bool = False,
    limit: float = 2.5,
) -> None:  # fmt: skip
    """Draw z-scores on a figure, in the given order. z: genes × columns. tracks: label → categorical by column.
    limit: the z beyond which the colour no longer changes."""
    tracks = tracks or {}
    heights = [*([0.5] * len(tracks)), max(len(z), 1)]
    axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    axes = np.atleast_1d(axes)
    handles = []
    for ax, (label, values) in zip(axes, tracks.items(), strict=False):
        names = [name for name in values.cat.categories if (values == name).any()]
        color = palette.colors(names)
        codes = values.reindex(z.columns).cat.set_categories(names).cat.codes.to_numpy()
        rgb = np.array([[int(color[name][i : i + 2], 16) for i in (1, 3, 5)] for name in names], dtype=np.uint8)
        ax.imshow(rgb[codes][None], aspect="auto", interpolation="nearest")
        ax.set_yticks([0], [label])
        handles.append(Patch(facecolor="none", label=label))
        handles += [Patch(facecolor=color[name], label=f"{name} (n = {int((values == name).sum())})") for name in names]
    shown = axes[-1].imshow(
        z.to_numpy(), aspect="auto", cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest"
    )
    axes[-1].set_yticks(range(len(z)), z.index, fontsize=6 if len(z) > 20 else 6.5)
    for label in axes[-1].get_yticklabels():
        label.set_style("normal" if " " in label.get_text() else "italic")  # genes, not scores
    for ax in axes:
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        ax.set_xticks([])
    if column_names:
        axes[-1].set_xticks(range(len(z.columns)), z.columns, rotation=90, fontsize=6.5)
    axes[-1].set_xlabel(xlabel)
    bar = figure.colorbar(shown, ax=list(axes), shrink=0.35, aspect=12, pad=0.01, anchor=(0, 0))
    bar.set_label("z-score", fontsize=6.5)
    if handles:
        legend = figure.legend(handles=handles, loc="outside right upper", handlelength=1)
        for text in legend.get_texts():
            if text.get_text() in tracks:
                text.set(fontweight="bold", x=-14)
    if title:
        axes[0].set_title(title)
