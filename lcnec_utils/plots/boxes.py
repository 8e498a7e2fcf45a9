"""Values by group as box and dots, with medians, n, and p of pairs of groups."""

import warnings

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lcnec_utils.core import formats
from lcnec_utils.plots import palette

MOST_DOTS = 500  # of a larger group only the box is drawn
FEW = 20  # dots of a smaller group are larger
LEAST_BOX = 4  # a smaller group has no quartiles to speak of: its dots and median are drawn
LEAST_MM = 32, 34  # of the boxes inside their axes
ROW_MM = 4  # of a box lying down
WIDTH, JITTER = 0.6, 0.2  # of a box, and of its dots to either side, of the room for a group
STEP = 0.09  # from one pair's bracket to the next, of the range of the values


def boxes(
    values: pd.Series, groups: pd.Series, ax: Axes, *, ylabel: str, pairs: dict[tuple[str, str], float] | None = None,
    lines: dict[str, float] | None = None, lines_title: str | None = None, horizontal: bool = False, dots: bool = True,
    title: str = "",
) -> Axes:  # fmt: skip
    """Draw boxes (median, quartiles, whiskers from the 2.5 to the 97.5 percentile) on ax.

    values, groups (categorical): one index. pairs: two groups → p, written above where both have values. lines: label →
    value, dashed across; lines_title: what these values are. dots: whether single values are drawn (never of real
    patients in a figure that is kept). Raises MissingData where nobody of a group has a value.
    """
    table = pd.DataFrame({"value": values, "group": groups}).dropna()
    names = [name for name in groups.cat.categories if (table["group"] == name).any()]
    if not names:
        return palette.nothing(ax, f"nobody here has a value of {ylabel}", title)
    table["group"] = pd.Categorical(table["group"], names).rename_categories(str)
    labels = list(map(str, names))
    color = dict.fromkeys(labels, "#9FB1C1") if horizontal else palette.colors(names)
    sizes = table["group"].value_counts(sort=False)
    _draw(table, ax, color=color, horizontal=horizontal, dots=dots)
    if horizontal:
        room = 0.45 * palette.cell(ax)[0]
        ticks = [palette.wrap(f"{name} (n = {sizes[name]:,})", room) for name in labels]
        ax.set_yticks(range(len(labels)), ticks)
        ax.set(xlabel=ylabel, ylabel="", ylim=(len(labels) - 0.4, -0.6))
        palette.keep(ax, LEAST_MM[0], max(12, ROW_MM * len(labels) * max((tick.count("\n") + 2) / 2 for tick in ticks)))
    else:
        ax.set(xlabel="", ylabel=ylabel, xlim=(-0.6, len(labels) - 0.4))
        palette.name_ticks(ax, labels, list(sizes))
        palette.keep(ax, *LEAST_MM)
        _brackets(ax, {pair: p for pair, p in (pairs or {}).items() if set(pair) <= set(names)}, names, table["value"])
    known = {label: value for label, value in (lines or {}).items() if np.isfinite(value)}
    for label, value in known.items():
        look = {"color": palette.NAMED.get(label, palette.INK), "linewidth": 1, "linestyle": (0, (4, 3))}
        (ax.axvline if horizontal else ax.axhline)(value, label=label, **look)
    if known:
        corners = {"lower right": (1, 0), "upper right": (1, 1)}
        palette.inside_legend(ax, corners, title=lines_title, title_fontsize=palette.TEXT)
    if title:
        ax.set_title(title)
    return ax


def box_plot(table: pd.DataFrame, ax: Axes, **look) -> Axes:
    """seaborn's boxplot with whiskers from the 2.5 to the 97.5 percentile and no outliers. look: as it takes it."""
    line = look.pop("linewidth", 0.7)
    with warnings.catch_warnings():
        # seaborn 0.13 still tells matplotlib the orientation by its old argument
        warnings.filterwarnings("ignore", "vert: bool", mpl.MatplotlibDeprecationWarning)
        return sns.boxplot(
            table, ax=ax, whis=(2.5, 97.5), showfliers=False, saturation=1, legend=False, linecolor=palette.INK,
            linewidth=line, medianprops={"linewidth": 1.2}, **look,
        )  # fmt: skip


def _draw(table: pd.DataFrame, ax: Axes, *, color: dict[str, str], horizontal: bool, dots: bool) -> None:
    """The boxes of these values and, of groups that are not too large, each value as a dot."""
    sizes = table["group"].value_counts(sort=False)
    value, group = ("x", "y") if horizontal else ("y", "x")
    axis = {value: "value", group: "group", "hue": "group", "palette": color, "orient": "h" if horizontal else "v"}
    few = dots & (sizes < LEAST_BOX)
    # the values of a group without a box are taken away, its place on the axis is not
    boxed = table.assign(value=table["value"].mask(table["group"].map(few).astype(bool)))
    if not few.all():
        box_plot(boxed, ax, width=WIDTH, boxprops={"alpha": 0.45}, **axis)
    if not dots:
        return
    draw = np.random.default_rng(0)
    for names, size in ((sizes.index[sizes <= FEW], 10), (sizes.index[(sizes > FEW) & (sizes <= MOST_DOTS)], 3)):
        if not len(names):
            continue
        before = len(ax.collections)
        shown = table.assign(value=table["value"].where(table["group"].isin(names)))
        sns.stripplot(
            shown, ax=ax, jitter=False, size=size**0.5, alpha=0.5, linewidth=0, legend=False, zorder=2.5, **axis
        )
        for points in ax.collections[before:]:
            # seaborn's own jitter draws from numpy's global state: the picture would differ from run to run
            places = np.array(points.get_offsets())
            places[:, int(horizontal)] += draw.uniform(-JITTER, JITTER, len(places))
            points.set_offsets(places)
    for place in np.flatnonzero(few):
        middle = table.loc[table["group"] == sizes.index[place], "value"].median()
        ends, look = (place - WIDTH / 2, place + WIDTH / 2), {"color": palette.INK, "linewidth": 1.2}
        (ax.vlines if horizontal else ax.hlines)(middle, *ends, **look)


def _brackets(ax: Axes, pairs: dict[tuple[str, str], float], names: list[str], values: pd.Series) -> None:
    """A bracket over each pair of groups with its p, one above another; the axes gets higher by them."""
    if not pairs:
        return
    low, high = values.min(), values.max()
    step = ((high - low) or abs(high) or 1) * STEP
    for level, ((one, other), p) in enumerate(pairs.items()):
        y = high + step * (level + 0.6)
        a, b = names.index(one), names.index(other)
        ax.plot([a, a, b, b], [y - step * 0.15, y, y, y - step * 0.15], color=palette.INK, linewidth=0.6)
        ax.text((a + b) / 2, y + step * 0.05, formats.p_value(p), ha="center", va="bottom", fontsize=6, in_layout=False)
    ax.set_ylim(top=high + step * (len(pairs) + 1))
    palette.keep(ax, LEAST_MM[0], LEAST_MM[1] * (1 + STEP * (len(pairs) + 1)))
