"""Arrows from tumours on the left to targets on the right, with numbers; targets that none reaches are faint."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from lcnec_utils.plots import palette

TUMOUR, TARGET = 0.0, 0.72  # left edges
WIDTHS = {TUMOUR: 0.15, TARGET: 0.28}
HEIGHT = 0.11
LABEL_AT = 0.6  # of the way to the target, where arrows have parted
MORE, FEWER = "-|>,head_length=5,head_width=2.2", "|-|,widthA=0,widthB=4"


def model_graph(arrows: pd.DataFrame, ax: Axes, *, targets: dict[str, str], title: str = "") -> Axes:
    """Draw the model on ax. arrows: source, target, label, drawn, higher (a bar at the end says fewer). targets: each
    with what stands under it."""
    sources = list(dict.fromkeys(arrows["source"]))
    color = palette.colors(sources)
    start, end = (_heights(names) for names in (sources, list(targets)))
    kept = arrows[arrows["drawn"]]
    for row in kept.itertuples():
        from_, to = (TUMOUR + WIDTHS[TUMOUR], start[row.source]), (TARGET, end[row.target])
        ax.add_patch(
            FancyArrowPatch(
                from_, to, arrowstyle=MORE if row.higher else FEWER, color=color[row.source], linewidth=1.4,
                shrinkA=1, shrinkB=2, mutation_scale=1, zorder=1,
            )
        )  # fmt: skip
        x, y = (a + LABEL_AT * (b - a) for a, b in zip(from_, to, strict=True))
        ax.text(x, y, row.label, fontsize=6.2, ha="center", va="center", zorder=3,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8})  # fmt: skip
    for name in sources:
        _box(ax, TUMOUR, start[name], name, "", edge=color[name], ink=palette.INK)
    for name, under in targets.items():
        ink = palette.INK if (kept["target"] == name).any() else palette.FAINT
        _box(ax, TARGET, end[name], name, under, edge=ink, ink=ink)
    ax.set(xlim=(-0.01, TARGET + WIDTHS[TARGET] + 0.01), ylim=(0, 1))
    ax.axis("off")
    ax.set_title(title)
    return ax


def _box(ax: Axes, left: float, y: float, name: str, under: str, *, edge: str, ink: str) -> None:
    """A named box, with a line under its name where there is one."""
    width = WIDTHS[left]
    ax.add_patch(
        FancyBboxPatch(
            (left, y - HEIGHT / 2), width, HEIGHT, boxstyle="round,pad=0,rounding_size=0.012", linewidth=0.9,
            facecolor=palette.BAND if under else "white", edgecolor=edge, zorder=2,
        )
    )  # fmt: skip
    lift = 0.02 if under else 0.0
    ax.text(
        left + width / 2, y + lift, name, ha="center", va="center", fontsize=7.5, weight="bold", color=ink, zorder=4
    )
    ax.text(left + width / 2, y - 0.027, under, ha="center", va="center", fontsize=6, color=ink, zorder=4)


def _heights(names: list[str]) -> dict[str, float]:
    """Even heights from the top down."""
    return {name: 1 - (i + 0.5) / len(names) for i, name in enumerate(names)}
