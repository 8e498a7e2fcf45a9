"""Adverse events as mirrored bars: severe ones to the left, those of any grade to the right, by treatment group."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.textpath import TextPath
from matplotlib.transforms import ScaledTranslation, blended_transform_factory

from lcnec_utils import formats
from lcnec_utils.plots import palette

NAME, COUNT = 6.5, 6  # text sizes
HEAD, ROW, BAR = 22, 6, 2.8  # mm of a figure for all but its rows, of a row with a name on two lines, of a bar
SIDES = {"severe": -1, "any": 1}


def order(table: pd.DataFrame, overall: str) -> list[str]:
    """The categories by their share of any grade over all groups, the highest first; `overall` before all others."""
    sums = table.groupby("category", sort=False)[["any_k", "n"]].sum()
    share = (sums["any_k"] / sums["n"].where(sums["n"] > 0)).fillna(-1)
    names = list(share.sort_values(ascending=False, kind="stable").index)
    return sorted(names, key=lambda name: name != overall)


def _names(categories: list[str], width: float) -> dict[str, str]:
    """The categories on as many lines as the width of the figure (points) asks for."""
    letters = 17 if width < 330 else 30
    return {name: textwrap.fill(str(name), letters, break_long_words=False) for name in categories}


def height_mm(table: pd.DataFrame, width_mm: float = palette.PAGE_MM) -> float:
    """The height of a figure of this width in which no two texts of the plot meet."""
    named = _names(list(dict.fromkeys(table["category"])), width_mm * palette.MM * 72)
    drawn = table.loc[table["n"] > 0, "group"].nunique()
    lines = max(name.count("\n") + 1 for name in named.values())
    row = max(drawn * BAR / 0.84, ROW * lines / 2)
    return HEAD + 3.4 * table["group"].nunique() + row * len(named)


def tornado(
    table: pd.DataFrame,
    ax: Axes,
    *,
    title: str = "",
    overall: str = "Any event",
    severe: str = "Grade ≥ 3",
    mild: str = "Any grade",
) -> Axes:
    """Draw one row per category on ax and in it one bar per group and side, each with its count and interval.

    table: category, group, n, and for each of any and severe _k (count), _lower and _upper (fractions, missing: no
    interval). Groups stand in the table's order; one without patients is named in the legend. overall: the category
    on top. severe, mild: the names of the sides. `height_mm` gives the height that a figure wants.
    """
    categories, every = order(table, overall), list(dict.fromkeys(table["group"]))
    color = palette.colors(every)
    sizes = {group: sorted(set(table.loc[table["group"] == group, "n"])) for group in every}
    groups = [group for group in every if max(sizes[group]) > 0]
    rows = table.set_index(["category", "group"])
    slot = 0.84 / max(len(groups), 1)
    shares = {side: table[f"{side}_k"] / table["n"].where(table["n"] > 0) for side in SIDES}
    tops = [*shares.values(), *(table.loc[table["n"] > 0, f"{side}_upper"] for side in SIDES)]
    limit = 100 * max([0.05, *(top.max() for top in tops if top.notna().any())]) * 1.04
    beside = blended_transform_factory(ax.transAxes, ax.transData)
    for y, category in enumerate(categories):
        if y % 2:
            ax.axhspan(y - 0.5, y + 0.5, color=palette.BAND, zorder=0, linewidth=0)
        for place, group in enumerate(groups):
            centre = y - 0.42 + (place + 0.5) * slot
            if (category, group) not in rows.index or not rows.at[(category, group), "n"]:
                ax.annotate(
                    "not assessed", (1, centre), xytext=(4, 0), xycoords=beside, textcoords="offset points",
                    va="center", fontsize=COUNT, color=palette.FAINT,
                )  # fmt: skip
                continue
            row = rows.loc[(category, group)]
            for side, sign in SIDES.items():
                k, n = int(row[f"{side}_k"]), int(row["n"])
                ax.barh(centre, sign * 100 * k / n, slot * 0.86, color=color[group], linewidth=0, zorder=2)
                low, high = (sign * 100 * row[f"{side}_{end}"] for end in ("lower", "upper"))
                if not np.isnan([low, high]).any():
                    ax.plot([low, high], [centre, centre], color=palette.INK, linewidth=0.7, zorder=3)
                ax.annotate(
                    formats.share(k, n), (sign > 0, centre), xytext=(4 * sign, 0), xycoords=beside,
                    textcoords="offset points", ha="left" if sign > 0 else "right", va="center", fontsize=COUNT,
                )  # fmt: skip
    ax.axvline(0, color=palette.INK, linewidth=0.6, zorder=4)
    # the names stand left of the left counts
    counts = 3.6 * max(len(formats.share(int(row.any_k), int(row.n))) for row in table.itertuples()) + 8
    spec, wide = ax.get_subplotspec(), 72 * ax.get_figure(root=True).get_figwidth()
    wide *= len(spec.colspan) / spec.get_gridspec().ncols if spec else 1
    names = _names(categories, wide)
    left = counts + max(
        1.05 * TextPath((0, 0), line, size=NAME).get_extents().width
        for name in names.values()
        for line in name.split("\n")
    )
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
    ax.set(xlim=(-limit, limit), ylim=(len(categories) - 0.5, -0.5), yticks=[], xlabel="Patients, % (95% CI)")
    ax.spines["left"].set_visible(False)
    ax.legend(
        handles=[Patch(color=color[group]) if group in groups else Patch(alpha=0) for group in every],
        labels=[_named(group, sizes[group]) for group in every], loc="lower center", bbox_to_anchor=(0.5, 1.0),
        borderaxespad=1.9, handlelength=1, columnspacing=1.2, labelspacing=0.25,
    )  # fmt: skip
    if title:
        head = ax.set_title(title, pad=20 + 9.4 * len(every))
        dots = ax.get_figure(root=True).dpi_scale_trans
        head.set_transform(head.get_transform() + ScaledTranslation(-left / 72, 0, dots))
    return ax


def _named(group: str, sizes: list[int]) -> str:
    """A group with its n, from the lowest to the highest where categories differ; an empty group is said."""
    if max(sizes) == 0:
        return f"{group} (n = 0): no patient"
    return f"{group} (n = {'–'.join(f'{size}' for size in dict.fromkeys((sizes[0], sizes[-1])))})"
