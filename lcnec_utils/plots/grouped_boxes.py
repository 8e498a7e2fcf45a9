"""Several quantities by group, one band each with a box per group, and the pairs of groups that differ beside it."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from lcnec_utils import formats
from lcnec_utils.plots import palette

ROW_MM = 11  # height of one quantity's band


def height_mm(table: pd.DataFrame) -> float:
    """The height of a figure of `table`'s quantities."""
    return ROW_MM * table["what"].nunique() + 22


def grouped_boxes(
    table: pd.DataFrame, ax: Axes, *, xlabel: str, tests: pd.DataFrame, fdr: float, title: str = ""
) -> Axes:
    """Draw boxes (median, quartiles, whiskers from the 2.5 to the 97.5 percentile) on ax.

    table: group (categorical), what, value. tests: what, group, other, p_adjusted; the pairs below fdr are written on
    the right.
    """
    groups, kinds = list(table["group"].cat.categories), list(dict.fromkeys(table["what"]))
    color = palette.colors(groups)
    step = 0.8 / len(groups)
    for row, what in enumerate(kinds):
        if row % 2:
            ax.axhspan(row - 0.5, row + 0.5, color=palette.BAND, zorder=0, linewidth=0)
        for place, group in enumerate(groups):
            values = table.loc[(table["what"] == what) & (table["group"] == group), "value"].dropna()
            if values.empty:
                continue
            y = row - 0.4 + step * (place + 0.5)
            drawn = ax.boxplot(
                [values.to_numpy()], positions=[y], widths=step * 0.8, whis=(2.5, 97.5), showfliers=False,
                patch_artist=True, orientation="horizontal", manage_ticks=False,
                medianprops={"color": palette.INK, "linewidth": 1.2}, whiskerprops={"linewidth": 0.6},
                capprops={"linewidth": 0.6}, boxprops={"linewidth": 0.6},
            )  # fmt: skip
            drawn["boxes"][0].set(facecolor=color[group], alpha=0.6, edgecolor=palette.INK)
        apart = tests[(tests["what"] == what) & (tests["p_adjusted"] < fdr)]
        words = [f"{pair.group} / {pair.other}  {formats.p_value(pair.p_adjusted)}" for pair in apart.itertuples()]
        ax.text(
            1.02, row, "\n".join(words) or "–", transform=ax.get_yaxis_transform(), va="center", fontsize=5.8,
            color=palette.INK if words else palette.FAINT, linespacing=1.25,
        )  # fmt: skip
    # above the legend, which may be as wide as the axes
    ax.annotate(f"Pairs that differ (adjusted p < {fdr:g})", (1.02, 1.0), (0, 13), xycoords="axes fraction",
                textcoords="offset points", va="bottom", fontsize=6)  # fmt: skip
    ax.set_yticks(range(len(kinds)), kinds)
    ax.tick_params(axis="y", length=0)
    ax.set(xlabel=xlabel, ylim=(len(kinds) - 0.5, -0.5))
    sizes = table[table["what"] == kinds[0]].groupby("group", observed=True)["value"].count()
    handles = [Patch(facecolor=color[name], alpha=0.6, edgecolor=palette.INK, linewidth=0.6,
                     label=f"{name} (n = {sizes.get(name, 0):,})") for name in groups]  # fmt: skip
    ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=len(groups), borderaxespad=0,
              handlelength=1, handletextpad=0.4, columnspacing=1.0)  # fmt: skip
    if title:
        ax.set_title(title, pad=16)
    return ax
