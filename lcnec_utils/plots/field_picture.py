"""A microscope field as it was photographed, with outlines of nuclei, coloured marks and a scale bar."""

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from skimage import measure

from lcnec_utils.core.errors import UserError
from lcnec_utils.plots import palette

BARS_UM = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
WIDEST_BAR = 0.3  # of the picture's width
LEAST_MM = 24  # of the picture
SMOOTHING = 0.4  # pixels by which an outline may miss the pixels' own, so that a figure stays light


def field_picture(
    picture: np.ndarray, ax: Axes, *, um_per_pixel: float, labels: np.ndarray | None = None,
    marks: pd.DataFrame | None = None, bar_um: float | None = None, title: str = "",
) -> Axes:  # fmt: skip
    """Draw a picture (rows × columns × RGB, or one plane from 0 to 1) on ax.

    labels: nuclei as 1, 2, … of the same rows and columns, outlined. marks: row, column (pixels), kind (categorical or
    text), a dot each, kinds named below with their number. bar_um: length of the scale bar; where none is given, the
    longest round one that takes at most 30% of the width. Raises UserError where labels are not of the picture's size.
    """
    rows, columns = picture.shape[:2]
    if labels is not None and labels.shape != (rows, columns):
        raise UserError(f"outlines of {labels.shape} pixels do not fit a picture of {(rows, columns)}; take its own")
    ax.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    dark = np.mean(picture) / (255 if picture.dtype == np.uint8 else 1) < 0.5
    ink, halo = ("white", "black") if dark else ("black", "white")
    if labels is not None:
        ax.add_collection(LineCollection(outlines(labels), colors=ink, linewidths=0.5, alpha=0.85))
    if marks is not None:
        kinds = marks["kind"].astype("category")
        color, marker = palette.colors(kinds.cat.categories), palette.markers(kinds.cat.categories)
        for kind in kinds.cat.categories:
            dots = marks[kinds == kind]
            ax.scatter(
                dots["column"], dots["row"], s=11, color=color[str(kind)], edgecolor="white", linewidth=0.6,
                label=f"{kind} (n = {len(dots):,})", marker=marker[str(kind)],
            )  # fmt: skip
        if len(marks):
            ax.set(xticks=[], yticks=[])
            palette.legend(ax, below=True, most=3, handletextpad=0.1, columnspacing=0.8, handlelength=2)
    width_um = columns * um_per_pixel
    length = bar_um or max((bar for bar in BARS_UM if bar <= WIDEST_BAR * width_um), default=BARS_UM[0])
    right, low = 0.96 * columns, 0.95 * rows
    left = right - length / um_per_pixel
    behind = [patheffects.withStroke(linewidth=2.2, foreground=halo)]
    ax.plot([left, right], [low, low], color=ink, linewidth=2, solid_capstyle="butt",
            path_effects=[patheffects.withStroke(linewidth=3.2, foreground=halo)])  # fmt: skip
    ax.text((left + right) / 2, low - 0.015 * rows, f"{length:g} µm", color=ink, ha="center", va="bottom", fontsize=6.5,
            path_effects=behind)  # fmt: skip
    ax.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    palette.keep(ax, LEAST_MM, LEAST_MM)
    if title:
        ax.set_title(title)
    return ax


def outlines(labels: np.ndarray) -> list[np.ndarray]:
    """The outline of each labelled nucleus as points (column, row), halfway between its pixels and the next."""
    lines = []
    for region in measure.regionprops(labels):
        inside = np.pad(region.image, 1)
        for line in measure.find_contours(inside.astype(float), 0.5):
            line = measure.approximate_polygon(line, SMOOTHING)
            lines.append(line[:, ::-1] + (region.bbox[1] - 1, region.bbox[0] - 1))
    return lines
