"""Values by group as box and dots, with medians, n, and p of chosen pairs."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils import formats
from lcnec_utils.errors import MissingData
from lcnec_utils.plots import palette

MOST_DOTS = 500  # of a larger group only the box is drawn
FEW = 20  # dots of a smaller group are larger
LEAST_BOX = 4  # a smaller group has no quartiles to speak of: its dots and median are drawn


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
        raise MissingData(f"nobody here has a value of {ylabel}")
    pairs = {pair: p for pair, p in (pairs or {}).items() if set(pair) <= set(names)}
    color = dict.fromkeys(names, "#9FB1C1") if horizontal else palette.colors(names)
    rng = np.random.default_rng(0)
    data = [table.loc[table["group"] == name, "value"].to_numpy() for name in names]
    places = np.arange(len(names), 0, -1) if horizontal else np.arange(1, len(names) + 1)
    drawn = ax.boxplot(
        data, positions=places, widths=0.6, whis=(2.5, 97.5), showfliers=False, patch_artist=True,
        orientation="horizontal" if horizontal else "vertical", medianprops={"color": palette.INK, "linewidth": 1.2},
        whiskerprops={"linewidth": 0.7}, capprops={"linewidth": 0.7}, boxprops={"linewidth": 0.7},
    )  # fmt: skip
    for box, name in zip(drawn["boxes"], names, strict=True):
        box.set(facecolor=color[name], alpha=0.45, edgecolor=palette.INK)
    for i, each in enumerate(data):
        if dots and len(each) < LEAST_BOX:
            for line in (
                drawn["boxes"][i],
                *(drawn[part][2 * i + side] for part in ("whiskers", "caps") for side in (0, 1)),
            ):
                line.set_visible(False)
    for place, each, name in zip(places, data, names, strict=True):
        if dots and len(each) <= MOST_DOTS:
            aside = place + rng.uniform(-0.2, 0.2, len(each))
            xy = (each, aside) if horizontal else (aside, each)
            ax.scatter(*xy, s=3 if len(each) > FEW else 10, color=color[name], alpha=0.5, linewidth=0, zorder=2.5)
    labels = [f"{name}\n(n = {len(each):,})" for name, each in zip(names, data, strict=True)]
    if horizontal:
        ax.set_yticks(places, [label.replace("\n", " ") for label in labels])
        ax.set(xlabel=ylabel, ylim=(0.4, len(names) + 0.6))
        for label, value in (lines or {}).items():
            ax.axvline(
                value, color=palette.NAMED.get(label, palette.INK), linewidth=1, linestyle=(0, (4, 3)), label=label
            )
    else:
        ax.set_xticks(places, labels)
        ax.set(ylabel=ylabel, xlim=(0.4, len(names) + 0.6))
    if lines:
        ax.legend(loc="lower right", title="Medians of LCNEC", title_fontsize=6.5)
    low, high = (min(map(np.min, data)), max(map(np.max, data)))
    step = (high - low) * 0.09
    for level, ((one, other), p) in enumerate(pairs.items()):
        y = high + step * (level + 0.6)
        a, b = names.index(one) + 1, names.index(other) + 1
        ax.plot([a, a, b, b], [y - step * 0.15, y, y, y - step * 0.15], color=palette.INK, linewidth=0.6)
        ax.text((a + b) / 2, y + step * 0.05, formats.p_value(p), ha="center", va="bottom", fontsize=6)
    if pairs:
        ax.set_ylim(top=high + step * (len(pairs) + 1))
    if title:
        ax.set_title(title)
    return ax
