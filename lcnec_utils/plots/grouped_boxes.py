"""Several quantities by group, one band each with a box per group, and the pairs of groups that differ beside it."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from lcnec_utils.core import formats
from lcnec_utils.plots import palette
from lcnec_utils.plots.boxes import box_plot

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
    """Draw boxes (median, quartiles, whiskers from the 2.5 to the 97.5 percentile) on ax; no single values.

    table: group (categorical), what, value. tests: what, group, other, p_adjusted; the pairs below fdr are written on
    the right. Raises MissingData where nobody has a value.
    """
    groups, kinds = list(table["group"].cat.categories), list(dict.fromkeys(table["what"]))
    if not table["value"].notna().any():
        return palette.nothing(ax, f"nobody here has a value to compare ({xlabel})", title)
    color = palette.colors(groups)
    aside = 0.3 * palette.cell(ax)[0]
    words = {what: _pairs(tests[(tests["what"] == what) & (tests["p_adjusted"] < fdr)], aside) for what in kinds}
    box_plot(
        table.assign(group=table["group"].cat.rename_categories(str)), ax, x="value", y="what", hue="group",
        order=kinds, palette=color, orient="h", width=0.8, gap=0.2, linewidth=0.6, boxprops={"alpha": 0.6},
    )  # fmt: skip
    for row, what in enumerate(kinds):
        if row % 2:
            ax.axhspan(row - 0.5, row + 0.5, color=palette.BAND, zorder=0, linewidth=0)
        ax.annotate(
            words[what] or "–", (1, row), (6, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
            va="center", fontsize=PAIR, color=palette.INK if words[what] else palette.FAINT, linespacing=1.25,
        )  # fmt: skip
    names = [palette.wrap(what, 0.32 * palette.cell(ax)[0]) for what in kinds]
    ax.set_yticks(range(len(kinds)), names)
    ax.tick_params(axis="y", length=0)
    ax.set(xlabel=xlabel, ylabel="", ylim=(len(kinds) - 0.5, -0.5))
    lines = max(text.count("\n") + 1 for text in [*words.values(), *names])
    palette.keep(ax, LEAST_MM, len(kinds) * max(0.8 * ROW_MM, BOX_MM * len(groups), lines * 1.3 * PAIR / palette.POINT))
    sizes = table[table["what"] == kinds[0]].groupby("group", observed=True)["value"].count()
    handles = [Patch(facecolor=color[str(name)], alpha=0.6, edgecolor=palette.INK, linewidth=0.6) for name in groups]
    labels = [f"{name} (n = {sizes.get(name, 0):,})" for name in groups]
    legend = palette.legend(ax, handles, labels, handlelength=1, handletextpad=0.4)
    # above the legend, which may be as wide as the axes
    high = (
        1.35 * palette.TEXT * -(-sum(text.get_text().count("\n") + 1 for text in legend.get_texts()) // legend._ncols)
    )
    ax.annotate(f"Pairs that differ (adjusted p < {fdr:g})", (1, 1), (6, high + 4), xycoords="axes fraction",
                textcoords="offset points", va="bottom", fontsize=6)  # fmt: skip
    if title:
        ax.set_title(title, pad=16)
    return ax


def _pairs(differing: pd.DataFrame, width: float) -> str:
    """The pairs that differ, a line each or more where they are too wide (points)."""
    lines = (f"{pair.group} / {pair.other}  {formats.p_value(pair.p_adjusted)}" for pair in differing.itertuples())
    return "\n".join(
        line if palette.text_width(line, PAIR) < width else palette.wrap(line, width, PAIR) for line in lines
    )
