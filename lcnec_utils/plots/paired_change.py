"""The changes of two organs of one patient against each other, with the patients of each quadrant counted."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from lcnec_utils.plots import palette

LEAST_MM = 48  # of the square
MOST = 1.0  # growth that the axes reach to; what goes beyond is drawn on the edge
MIXED = "#FBEFD9"  # behind the quadrants of opposite changes


def paired_change(
    changes: pd.DataFrame, ax: Axes, *, first: str, second: str, threshold: float = 0.0, title: str = "",
) -> Axes:  # fmt: skip
    """Draw one dot a patient on ax: the change in `first` across, in `second` up.

    changes: index patient, columns first and second, fractions of the baseline. threshold: the size from which a
    change counts; a patient with a smaller one is drawn hollow and stands in no quadrant. The quadrants of opposite
    changes are shaded, and each says how many patients it has. Growth over 100% is drawn on the edge. Raises
    MissingData where nobody has both changes.
    """
    known = changes[[first, second]].dropna()
    if known.empty:
        return palette.nothing(ax, f"no patient here has a change of {first} and of {second}", title)
    x, y = (100 * known[name].to_numpy(float).clip(None, MOST) for name in (first, second))
    limit = 100 * threshold
    counts = (np.minimum(abs(x), abs(y)) >= limit - 1e-9) & (x != 0) & (y != 0)
    mixed = counts & (np.sign(x) != np.sign(y))
    top = 20 * np.ceil(max(40.0, 1.1 * max(x.max(), y.max())) / 20)
    low = -105.0
    for left, bottom in ((low, limit), (limit, low)):
        width, height = (-limit - low, top - limit) if left == low else (top - limit, -limit - low)
        ax.add_patch(Rectangle((left, bottom), width, height, color=MIXED, linewidth=0, zorder=0))
    for edge in dict.fromkeys((-limit, limit)):
        ax.axvline(edge, color=palette.FAINT, linewidth=0.6, zorder=1)
        ax.axhline(edge, color=palette.FAINT, linewidth=0.6, zorder=1)
    look = {"s": 14, "linewidth": 0.7, "zorder": 3, "clip_on": False}
    for which, face, edge in (
        (mixed, palette.EMPHASIS, palette.EMPHASIS), (counts & ~mixed, palette.FAINT, palette.FAINT),
        (~counts, "none", palette.INK),
    ):  # fmt: skip
        ax.scatter(x[which], y[which], facecolor=face, edgecolor=edge, **look)
    ax.set(xlim=(low, top), ylim=(low, top))
    _count(
        ax, x, y, counts, {"upper left": (-1, 1), "upper right": (1, 1), "lower left": (-1, -1), "lower right": (1, -1)}
    )
    aside = (
        f"; {int((~counts).sum())} with a change of none"
        if not limit
        else f"; {int((~counts).sum())} within ±{limit:g}%"
    )
    aside = aside if (~counts).any() else ""
    ax.set_xlabel(f"{first[:1].upper()}{first[1:]}, change of the sum, %\n(n = {len(known):,}{aside})")
    ax.set_ylabel(f"{second[:1].upper()}{second[1:]}, change of the sum, %")
    ax.set_aspect("equal")
    palette.keep(ax, LEAST_MM, LEAST_MM)
    if title:
        ax.set_title(title, pad=14)
    return ax


def _count(ax: Axes, x: np.ndarray, y: np.ndarray, counts: np.ndarray, corners: dict[str, tuple[int, int]]) -> None:
    """Write the patients of each quadrant outside its corner."""
    for corner, (across, up) in corners.items():
        n = int((counts & (np.sign(x) == across) & (np.sign(y) == up)).sum())
        right, above = "right" in corner, "upper" in corner
        ax.annotate(
            f"{n}", (float(right), float(above)), xytext=(-3 if right else 3, -3 if above else 3),
            xycoords="axes fraction", textcoords="offset points", ha="right" if right else "left",
            va="top" if above else "bottom", fontsize=8, weight="bold",
            color=palette.EMPHASIS if across != up else palette.FAINT,
        )  # fmt: skip
