"""Arrows from tumours on the left to targets on the right, with numbers; targets without an arrow are faint."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from lcnec_utils.plots import palette

TUMOUR, TARGET = 0.0, 0.72  # left edges
WIDTHS = {TUMOUR: 0.15, TARGET: 0.28}
HEIGHT = 0.11
LABEL_AT = (0.6, 0.5, 0.7, 0.42, 0.78, 0.34)  # of the way to the target, where arrows have parted
NAME, LABEL = 7.5, 6.2  # points of the text in a box and on an arrow
LEAST_MM = 120, 14  # width of the drawing inside its axes, height of a box with the room about it
MORE, FEWER = "-|>,head_length=5,head_width=2.2", "|-|,widthA=0,widthB=4"


def model_graph(arrows: pd.DataFrame, ax: Axes, *, targets: dict[str, str], title: str = "") -> Axes:
    """Draw the model on ax.

    arrows: source, target, label, drawn, higher (where it is false the arrow ends in a bar, for fewer). targets: each
    with the words under it. Raises MissingData where there is no arrow or no target.
    """
    if arrows.empty or not targets:
        return palette.nothing(ax, "nothing that an arrow of the model rests on was computed here", title)
    sources = list(dict.fromkeys(arrows["source"]))
    color = palette.colors(sources)
    start, end = (_heights(names) for names in (sources, list(targets)))
    kept = arrows[arrows["drawn"]]
    palette.keep(ax, LEAST_MM[0], LEAST_MM[1] * max(len(sources), len(targets)))
    unit = palette.cell(ax)[0] - 2 * palette.PAD, max(palette.cell(ax)[1] - 20, palette.keep_of(ax)[1])
    taken: list[tuple[float, float, float]] = []
    for row in kept.itertuples():
        from_, to = (TUMOUR + WIDTHS[TUMOUR], start[row.source]), (TARGET, end[row.target])
        ax.add_patch(
            FancyArrowPatch(
                from_, to, arrowstyle=MORE if row.higher else FEWER, color=color[str(row.source)], linewidth=1.4,
                shrinkA=1, shrinkB=2, mutation_scale=1, zorder=1,
            )
        )  # fmt: skip
        wide, high = palette.text_width(row.label, LABEL) / unit[0], 1.5 * LABEL / unit[1]
        places = [tuple(a + part * (b - a) for a, b in zip(from_, to, strict=True)) for part in LABEL_AT]
        x, y = next((place for place in places if all(
            abs(place[1] - other[1]) > high or abs(place[0] - other[0]) > (wide + other[2]) / 2 for other in taken
        )), places[0])  # fmt: skip
        taken.append((x, y, wide))
        ax.text(x, y, row.label, fontsize=LABEL, ha="center", va="center", zorder=3,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8})  # fmt: skip
    tall = min(HEIGHT, 0.82 / max(len(sources), len(targets)))
    for name in sources:
        _box(ax, TUMOUR, start[name], name, "", edge=color[str(name)], ink=palette.INK, size=(unit[0], tall))
    for name, under in targets.items():
        ink = palette.INK if (kept["target"] == name).any() else palette.FAINT
        _box(ax, TARGET, end[name], name, under, edge=ink, ink=ink, size=(unit[0], tall))
    ax.set(xlim=(-0.01, TARGET + WIDTHS[TARGET] + 0.01), ylim=(0, 1))
    ax.axis("off")
    ax.set_title(title)
    return ax


def _box(
    ax: Axes, left: float, y: float, name: str, under: str, *, edge: str, ink: str, size: tuple[float, float]
) -> None:
    """A named box, with a line under its name where there is one. size: points of 1 across, and the box's height."""
    width, tall = WIDTHS[left], size[1]
    ax.add_patch(
        FancyBboxPatch(
            (left, y - tall / 2), width, tall, boxstyle="round,pad=0,rounding_size=0.012", linewidth=0.9,
            facecolor=palette.BAND if under else "white", edgecolor=edge, zorder=2,
        )
    )  # fmt: skip
    room = width * size[0] - 8
    words = palette.wrap(name, room, NAME, "bold")
    small = NAME if words.count("\n") < 2 else palette.SMALLEST
    words = words if small == NAME else palette.wrap(name, room, small, "bold")
    lift = 0.02 if under else 0.0
    ax.text(left + width / 2, y + lift, words, ha="center", va="center", fontsize=small, weight="bold", color=ink,
            zorder=4, linespacing=1.05)  # fmt: skip
    ax.text(left + width / 2, y - 0.027, under, ha="center", va="center", fontsize=6, color=ink, zorder=4)


def _heights(names: list[str]) -> dict[str, float]:
    """Even heights from the top down."""
    return {name: 1 - (i + 0.5) / len(names) for i, name in enumerate(names)}
