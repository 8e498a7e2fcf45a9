"""Values by group as box and dots, with medians, n, and p of chosen pairs."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils import formats
from lcnec_utils.plots import palette

MOST_DOTS = 500  # of a larger group only the box is drawn
FEW = 20  # dots of a smaller group are larger
LEAST_BOX = 4  # a smaller group has no quartiles to speak of: its dots and median are drawn
LEAST_MM = 32, 34  # of the boxes inside their axes
ROW_MM = 4  # of a box lying down
STEP = 0.09  # from one pair's bracket to the next, of the range of the values


def boxes(
    values: pd.Series, groups: pd.Series, ax: Axes, *, ylabel: str, pairs: dict[tuple[str, str], float] | None = None,
    lines: dict[str, float] | None = None, horizontal: bool = False, dots: bool = True, title: str = "",
) -> Axes:  # fmt: skip
    """Draw boxes (median, quartiles, whiskers from the 2.5 to the 97.5 percentile) on ax.

    values, groups (categorical): one index. pairs: two groups → p, written above where both have values. lines: label →
    value, dashed across. dots: whether single values are drawn (never of real patients in a figure that is kept).
    Raises MissingData where nobody of a group has a value.
    """
    table = pd.DataFrame({"value": values, "group": groups}).dropna()
    names = [name for name in groups.cat.categories if (table["group"] == name).any()]
    if not names:
        return palette.nothing(ax, f"nobody here has a value of {ylabel}", title)
    color = dict.fromkeys(map(str, names), "#9FB1C1") if horizontal else palette.colors(names)
    data = [table.loc[table["group"] == name, "value"].to_numpy() for name in names]
    places = np.arange(len(names), 0, -1) if horizontal else np.arange(1, len(names) + 1)
    _draw(ax, data, places, [color[str(name)] for name in names], horizontal, dots)
    if horizontal:
        room = 0.45 * palette.cell(ax)[0]
        labels = [palette.wrap(f"{name} (n = {len(each):,})", room) for name, each in zip(names, data, strict=True)]
        ax.set_yticks(places, labels)
        ax.set(xlabel=ylabel, ylim=(0.4, len(names) + 0.6))
        palette.keep(
            ax, LEAST_MM[0], max(12, ROW_MM * len(names) * max((label.count("\n") + 2) / 2 for label in labels))
        )
    else:
        ax.set(ylabel=ylabel, xlim=(0.4, len(names) + 0.6))
        palette.name_ticks(ax, names, [len(each) for each in data], first=1)
        palette.keep(ax, *LEAST_MM)
        pairs = {pair: p for pair, p in (pairs or {}).items() if set(pair) <= set(names)}
        _brackets(ax, pairs, names, data)
    known = {label: value for label, value in (lines or {}).items() if np.isfinite(value)}
    for label, value in known.items():
        look = {"color": palette.NAMED.get(label, palette.INK), "linewidth": 1, "linestyle": (0, (4, 3))}
        (ax.axvline if horizontal else ax.axhline)(value, label=label, **look)
    if known:
        corners = {"lower right": (1, 0), "upper right": (1, 1)}
        palette.inside_legend(ax, corners, title="Medians of LCNEC", title_fontsize=palette.TEXT)
    if title:
        ax.set_title(title)
    return ax


def _draw(ax: Axes, data: list[np.ndarray], places, color: list[str], horizontal: bool, dots: bool) -> None:
    """The boxes of these values and, of groups that are not too large, each value as a dot."""
    rng = np.random.default_rng(0)
    drawn = ax.boxplot(
        data, positions=places, widths=0.6, whis=(2.5, 97.5), showfliers=False, patch_artist=True,
        orientation="horizontal" if horizontal else "vertical", medianprops={"color": palette.INK, "linewidth": 1.2},
        whiskerprops={"linewidth": 0.7}, capprops={"linewidth": 0.7}, boxprops={"linewidth": 0.7},
    )  # fmt: skip
    for box, tone in zip(drawn["boxes"], color, strict=True):
        box.set(facecolor=tone, alpha=0.45, edgecolor=palette.INK)
    for i, each in enumerate(data):
        if dots and len(each) < LEAST_BOX:
            sides = [drawn[part][2 * i + side] for part in ("whiskers", "caps") for side in (0, 1)]
            for line in (drawn["boxes"][i], *sides):
                line.set_visible(False)
    for place, each, tone in zip(places, data, color, strict=True):
        if dots and len(each) <= MOST_DOTS:
            aside = place + rng.uniform(-0.2, 0.2, len(each))
            xy = (each, aside) if horizontal else (aside, each)
            ax.scatter(*xy, s=3 if len(each) > FEW else 10, color=tone, alpha=0.5, linewidth=0, zorder=2.5)


def _brackets(ax: Axes, pairs: dict[tuple[str, str], float], names: list[str], data: list[np.ndarray]) -> None:
    """A bracket over each pair of groups with its p, one above another; the axes gets higher by them."""
    if not pairs:
        return
    low, high = min(map(np.min, data)), max(map(np.max, data))
    step = ((high - low) or abs(high) or 1) * STEP
    for level, ((one, other), p) in enumerate(pairs.items()):
        y = high + step * (level + 0.6)
        a, b = names.index(one) + 1, names.index(other) + 1
        ax.plot([a, a, b, b], [y - step * 0.15, y, y, y - step * 0.15], color=palette.INK, linewidth=0.6)
        ax.text((a + b) / 2, y + step * 0.05, formats.p_value(p), ha="center", va="bottom", fontsize=6, in_layout=False)
    ax.set_ylim(top=high + step * (len(pairs) + 1))
    palette.keep(ax, LEAST_MM[0], LEAST_MM[1] * (1 + STEP * (len(pairs) + 1)))
