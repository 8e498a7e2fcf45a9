"""Adverse events as mirrored bars: severe ones to the left, those of any grade to the right, by treatment group."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation, blended_transform_factory

from lcnec_utils.core import formats
from lcnec_utils.plots import palette

NAME, COUNT = 6.5, 6  # text sizes
HEAD, ROW, BAR = 22, 6, 2.8  # mm of a figure for all but its rows, of a row with a name on two lines, of a bar
LEAST_MM = 60  # of the plot inside its axes
SIDES = {"severe": -1, "any": 1}


def order(table: pd.DataFrame, overall: str) -> list[str]:
    """The categories by their share of any grade over all groups, the highest first; `overall` before all others."""
    sums = table.groupby("category", sort=False)[["any_k", "n"]].sum()
    share = (sums["any_k"] / sums["n"].where(sums["n"] > 0)).fillna(-1)
    names = list(share.sort_values(ascending=False, kind="stable").index)
    return sorted(names, key=lambda name: name != overall)


def _names(categories: list[str], width: float) -> dict[str, str]:
    """The categories on as many lines as the width of the figure (points) asks for."""
    longest = 64 if width < 330 else 112
    return {name: palette.wrap(name, longest, NAME) for name in categories}


def _row_mm(named: dict[str, str], drawn: int) -> float:
    """The height of a row with these names and so many groups, in which no two texts meet."""
    lines = max(name.count("\n") + 1 for name in named.values())
    return max(drawn * BAR / 0.84, ROW * lines / 2)


def height_mm(table: pd.DataFrame, width_mm: float = palette.PAGE_MM) -> float:
    """The height of a figure of this width in which no two texts of the plot meet."""
    named = _names(list(dict.fromkeys(table["category"])), width_mm * palette.MM * 72)
    drawn = table.loc[table["n"] > 0, "group"].nunique()
    return HEAD + 3.4 * table["group"].nunique() + _row_mm(named, drawn) * len(named)


def tornado(
    table: pd.DataFrame,
    ax: Axes,
    *,
    title: str = "",
    overall: str = "Any event",
    severe: str = "Grade ≥ 3",
    mild: str = "Any grade",
    xlabel: str = "Patients, % (95% CI)",
) -> Axes:
    """Draw one row per category on ax and in it one bar per group and side, each with its count and interval.

    table: category, group, n, and for each of any and severe _k (count), _lower and _upper (fractions, missing: no
    interval). Groups stand in the table's order; one without patients is named in the legend. overall: the category
    on top. severe, mild: the names of the sides. xlabel: what the bars count. `height_mm` gives the height that a
    figure wants. Raises MissingData where no group has anyone.
    """
    categories, every = order(table, overall), list(dict.fromkeys(table["group"]))
    sizes = {group: sorted(set(table.loc[table["group"] == group, "n"])) for group in every}
    groups = [group for group in every if max(sizes[group]) > 0]
    if not groups:
        return palette.nothing(ax, "nobody here had adverse events recorded", title)
    color = palette.colors(every)
    limit = _limit(table)
    beside = blended_transform_factory(ax.transAxes, ax.transData)
    for y, category in enumerate(categories):
        if y % 2:
            ax.axhspan(y - 0.5, y + 0.5, color=palette.BAND, zorder=0, linewidth=0)
        _bars(ax, y, table[table["category"] == category].set_index("group"), groups, color, beside)
    ax.axvline(0, color=palette.INK, linewidth=0.6, zorder=4)
    # the names stand left of the left counts
    counts = 8 + max(
        palette.text_width(formats.share(int(row[f"{side}_k"]), int(row["n"])), COUNT)
        for _, row in table.iterrows()
        for side in SIDES
    )
    names = _names(categories, palette.cell(ax)[0])
    for y, category in enumerate(categories):
        ax.annotate(
            names[category], (0, y), xytext=(-counts, 0), xycoords=beside, textcoords="offset points", ha="right",
            va="center", fontsize=NAME, linespacing=1.05, weight="bold" if category == overall else "normal",
        )  # fmt: skip
    for name, sign in ((severe, -1), (mild, 1)):
        ax.annotate(
            name, (0.5, 1), xytext=(6 * sign, 3), xycoords="axes fraction", textcoords="offset points",
            ha="left" if sign > 0 else "right", va="bottom", fontsize=NAME, weight="bold",
        )  # fmt: skip
    step = next(step for step in (1, 2, 5, 10, 20, 25, 50) if limit / step <= 4 or step == 50)
    ticks = np.arange(-(limit // step), limit // step + 1) * step
    ax.set_xticks(ticks, [f"{abs(tick):g}" for tick in ticks])
    ax.set(xlim=(-limit, limit), ylim=(len(categories) - 0.5, -0.5), yticks=[], xlabel=xlabel)
    ax.spines["left"].set_visible(False)
    high = max(12, _row_mm(names, len(groups)) * len(names))
    palette.keep(ax, min(LEAST_MM, 0.4 * palette.cell(ax)[0] / palette.POINT), high)
    lines = _legend(ax, {group: _named(group, sizes[group]) for group in every}, groups, color)
    if title:
        head = ax.set_title(title, pad=20 + 9.4 * lines)
        dots = ax.get_figure(root=True).dpi_scale_trans
        head.set_transform(head.get_transform() + ScaledTranslation(-palette.margins(ax)[0] / 72, 0, dots))
    return ax


def _limit(table: pd.DataFrame) -> float:
    """Where the axis of percent ends on either side: beyond every bar and interval."""
    shares = {side: table[f"{side}_k"] / table["n"].where(table["n"] > 0) for side in SIDES}
    tops = [*shares.values(), *(table.loc[table["n"] > 0, f"{side}_upper"] for side in SIDES)]
    return 100 * max([0.05, *(top.max() for top in tops if top.notna().any())]) * 1.04


def _bars(ax: Axes, y: int, rows: pd.DataFrame, groups: list[str], color: dict[str, str], beside) -> None:
    """The bars of one category, with intervals, and counts beside the axes."""
    slot = 0.84 / len(groups)
    for place, group in enumerate(groups):
        centre = y - 0.42 + (place + 0.5) * slot
        if group not in rows.index or not rows.at[group, "n"]:
            ax.annotate(
                "not assessed", (1, centre), xytext=(4, 0), xycoords=beside, textcoords="offset points",
                va="center", fontsize=COUNT, color=palette.FAINT,
            )  # fmt: skip
            continue
        row = rows.loc[group]
        for side, sign in SIDES.items():
            k, n = int(row[f"{side}_k"]), int(row["n"])
            ax.barh(centre, sign * 100 * k / n, slot * 0.86, color=color[str(group)], linewidth=0, zorder=2)
            low, high = (sign * 100 * row[f"{side}_{end}"] for end in ("lower", "upper"))
            if not np.isnan([low, high]).any():
                ax.plot([low, high], [centre, centre], color=palette.INK, linewidth=0.7, zorder=3)
            ax.annotate(
                formats.share(k, n), (sign > 0, centre), xytext=(4 * sign, 0), xycoords=beside,
                textcoords="offset points", ha="left" if sign > 0 else "right", va="center", fontsize=COUNT,
            )  # fmt: skip


def _legend(ax: Axes, names: dict[str, str], groups: list[str], color: dict[str, str]) -> int:
    """The groups over the plot, one under another, over its middle where they are short; how many lines they take."""
    handles = [Patch(color=color[str(group)]) if group in groups else Patch(alpha=0) for group in names]
    look = {"handlelength": 1, "columnspacing": 1.2, "labelspacing": 0.25}
    if max(map(palette.text_width, names.values())) + 20 < palette.inner_width(ax):
        palette.flat(ax.legend(
            handles, list(names.values()), loc="lower center", bbox_to_anchor=(0.5, 1.0), borderaxespad=1.9, **look,
        ))  # fmt: skip
        return len(names)
    shown = palette.legend(ax, handles, list(names.values()), most=1, borderaxespad=1.9, **look)
    return sum(text.get_text().count("\n") + 1 for text in shown.get_texts())


def _named(group: str, sizes: list[int]) -> str:
    """A group with its n, from the lowest to the highest where categories differ; an empty group is said."""
    if max(sizes) == 0:
        return f"{group} (n = 0): no patient"
    return f"{group} (n = {'–'.join(f'{size}' for size in dict.fromkeys((sizes[0], sizes[-1])))})"
