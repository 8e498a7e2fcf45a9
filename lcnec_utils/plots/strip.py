"""One figure per named item as a dot in a row of its own, by section, with a band for a range that is stated."""

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from lcnec_utils.plots import palette

SMALL = 6.2  # points of names
ROW_MM, LEAST_MM = 3.8, 45  # height of a row, width of the plot inside its axes
GAP = 1.4  # rows before a section, which hold its name


def strip(
    table: pd.DataFrame, ax: Axes, *, xlabel: str, color: dict[str, str], bands: dict[str, tuple[float, float]],
    counted: str = "", title: str = "",
) -> Axes:  # fmt: skip
    """Draw seaborn's strip of dots on ax, a row per item in the table's order, set apart by section.

    table: item, section, group, value, and lower and upper where intervals are known. color: by group. bands: section →
    the range that is shaded behind its rows. counted: what the legend counts the rows of a group as (`trials`); it
    does not where this is empty. Raises MissingData where there is no value.
    """
    shown = table.dropna(subset=["value"]).reset_index(drop=True)
    if shown.empty:
        return palette.nothing(ax, f"nothing here has a value of {xlabel}", title)
    starts = shown["section"].ne(shown["section"].shift())
    shown["place"] = [float(place) for place in range(len(shown))] + GAP * starts.cumsum()
    sizes = shown["group"].value_counts()
    label = {name: f"{name} ({counted}: {sizes[name]})" if counted else name for name in color if name in sizes}
    sns.stripplot(
        shown.assign(group=shown["group"].map(label)), x="value", y="place", hue="group", orient="h", native_scale=True,
        jitter=False, hue_order=list(label.values()), palette={label[name]: color[name] for name in label}, size=5,
        zorder=3, ax=ax,
    )  # fmt: skip
    for section, rows in shown.groupby("section", sort=False):
        top, bottom = rows["place"].min(), rows["place"].max()
        if section in bands:
            low, high = bands[section]
            ax.add_patch(
                Rectangle((low, top - 0.5), high - low, bottom - top + 1, color=palette.MISSING, zorder=0, linewidth=0)
            )
        ax.annotate(
            str(section), (0, top - 0.95), xytext=(2, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", fontsize=SMALL, fontweight="bold", va="center",
        )  # fmt: skip
    if "lower" in shown:
        ax.hlines(shown["place"], shown["lower"], shown["upper"], color=palette.INK, linewidth=0.8, zorder=2)
    ax.set_yticks(shown["place"], shown["item"], fontsize=SMALL)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    most = shown["upper"].max() if "lower" in shown else shown["value"].max()
    ax.set(xlim=(0, 1.08 * most), ylim=(shown["place"].max() + 0.7, -0.2), xlabel=xlabel, ylabel="")
    palette.keep(ax, LEAST_MM, ROW_MM * (shown["place"].max() + 1))
    handles, labels = ax.get_legend_handles_labels()
    palette.legend(ax, handles, labels)
    if title:
        ax.set_title(title, pad=16)
    return ax
