"""Several quantities by group, one band each with a box per group, and the pairs of groups that differ beside it."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from lcnec_utils import formats
from lcnec_utils.plots import palette

ROW_MM = 11  # height of one quantity's band
BOX_MM = 2.6  # of one group's place in it, at least
PAIR = 5.8  # points of the text of a pair that differs
LEAST_MM = 45  # of the plot inside its axes


def height_mm(table: pd.DataFrame) -> float:
    """The height of a figure of `table`'s quantities."""
    return ROW_MM * table["what"].nunique() + 22


def grouped_boxes(
    table: pd.DataFrame, ax: Axes, *, xlabel: str, tests: pd.DataFrame, fdr: float, title: str = ""
) -> Axes:
    """Draw boxes (median, quartiles, whiskers from the 2.5 to the 97.5 percentile) on ax.

    table: group (categorical), what, value. tests: what, group, other, p_adjusted; the pairs below fdr are written on
    the right. Raises MissingData where nobody has a value.
    """
    groups, kinds = list(table["group"].cat.categories), list(dict.fromkeys(table["what"]))
    if not table["value"].notna().any():
        return palette.nothing(ax, f"nobody here has a value to compare ({xlabel})", title)
    color = palette.colors(groups)
    aside = 0.3 * palette.cell(ax)[0]
    words = {what: _pairs(tests[(tests["what"] == what) & (tests["p_adjusted"] < fdr)], aside) for what in kinds}
    for row, what in enumerate(kinds):
        if row % 2:
            ax.axhspan(row - 0.5, row + 0.5, color=palette.BAND, zorder=0, linewidth=0)
        _band(ax, row, table[table["what"] == what], groups, color)
        ax.annotate(
            words[what] or "–", (1, row), (6, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
            va="center", fontsize=PAIR, color=palette.INK if words[what] else palette.FAINT, linespacing=1.25,
        )  # fmt: skip
    names = [palette.wrap(what, 0.32 * palette.cell(ax)[0]) for what in kinds]
    ax.set_yticks(range(len(kinds)), names)
    ax.tick_params(axis="y", length=0)
    ax.set(xlabel=xlabel, ylim=(len(kinds) - 0.5, -0.5))
    lines = max(text.count("\n") + 1 for text in [*words.values(), *names])
    palette.keep(ax, LEAST_MM, len(kinds) * max(0.8 * ROW_MM, BOX_MM * len(groups), lines * 1.3 * PAIR / palette.POINT))
    sizes = table[table["what"] == kinds[0]].groupby("group", observed=True)["value"].count()
    handles = [Patch(facecolor=color[str(name)], alpha=0.6, edgecolor=palette.INK, linewidth=0.6) for name in groups]
    labels = [f"{name} (n = {sizes.get(name, 0):,})" for name in groups]
    drawn = palette.legend(ax, handles, labels, handlelength=1, handletextpad=0.4)
    # above the legend, which may be as wide as the axes
    high = 1.35 * palette.TEXT * -(-sum(text.get_text().count("\n") + 1 for text in drawn.get_texts()) // drawn._ncols)
    ax.annotate(f"Pairs that differ (adjusted p < {fdr:g})", (1, 1), (6, high + 4), xycoords="axes fraction",
                textcoords="offset points", va="bottom", fontsize=6)  # fmt: skip
    if title:
        ax.set_title(title, pad=16)
    return ax


def _pairs(apart: pd.DataFrame, width: float) -> str:
    """The pairs that differ, a line each or more where they are too wide (points)."""
    words = (f"{pair.group} / {pair.other}  {formats.p_value(pair.p_adjusted)}" for pair in apart.itertuples())
    return "\n".join(
        each if palette.text_width(each, PAIR) < width else palette.wrap(each, width, PAIR) for each in words
    )


def _band(ax: Axes, row: int, table: pd.DataFrame, groups: list, color: dict[str, str]) -> None:
    """The boxes of one quantity, a group under another."""
    step = 0.8 / len(groups)
    for place, group in enumerate(groups):
        values = table.loc[table["group"] == group, "value"].dropna()
        if values.empty:
            continue
        drawn = ax.boxplot(
            [values.to_numpy()], positions=[row - 0.4 + step * (place + 0.5)], widths=step * 0.8, whis=(2.5, 97.5),
            showfliers=False, patch_artist=True, orientation="horizontal", manage_ticks=False,
            medianprops={"color": palette.INK, "linewidth": 1.2}, whiskerprops={"linewidth": 0.6},
            capprops={"linewidth": 0.6}, boxprops={"linewidth": 0.6},
        )  # fmt: skip
        drawn["boxes"][0].set(facecolor=color[str(group)], alpha=0.6, edgecolor=palette.INK)
