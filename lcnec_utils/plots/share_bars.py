"""Shares by group as bars with intervals and counts: one cluster of bars per thing counted."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from lcnec_utils.plots import palette

NOT_TESTED = "not tested"
COUNT = 6  # points of the counts' text
WIDTH = 0.8  # of a cluster of bars, of the room from one to the next
LEAST = 7  # points of a bar with its gap: a count stands upright on it
LEAST_MM = 30, 36  # of the plot inside its axes
BRACKET = 9.5  # points up from one bracket to the next: a line of text


def share_bars(
    table: pd.DataFrame, ax: Axes, *, ylabel: str = "%", title: str = "", tests: pd.DataFrame | None = None
) -> Axes:
    """Draw shares on ax as seaborn's bars, with the table's intervals and counts; what nobody was tested for is said.

    table: group, what, k, n, share, lower, upper (fractions), one row per group and thing counted. Where the things
    do not fit side by side they go on in axes under this one. tests: what, group, other, label: a bracket over the bars
    of two groups with its words. Raises MissingData where nobody was tested at all.
    """
    groups, things = list(dict.fromkeys(table["group"])), list(dict.fromkeys(table["what"]))
    if not (table["n"] > 0).any():
        return palette.nothing(ax, f"nobody here was tested ({', '.join(things) or ylabel})", title)
    look = {"color": palette.colors(groups), "hatch": palette.hatches(groups)}
    ax.set(ylabel=ylabel)
    highest = 100 * np.nanmax([*table["upper"], 0.1])
    sizes = {group: set(table.loc[(table["group"] == group) & (table["n"] > 0), "n"]) for group in groups}
    # one size for all: said once, in the legend
    legends = {group: f"{group} (n = {min(n):,})" if len(n) == 1 else str(group) for group, n in sizes.items()}
    ax.set(ylim=(0, highest * 1.12))
    most = max(1, int(palette.inner_width(ax) * WIDTH / (LEAST * len(groups))))
    lines = -(-len(things) // most)
    per_line = -(-len(things) // lines)
    for line, part in enumerate(palette.rows(ax, lines)):
        shown = things[line * per_line : (line + 1) * per_line]
        _bars(table, part, groups, shown, look)
        part.set(xlim=(-0.5, min(per_line, len(things)) - 0.5), ylim=(0, highest * 1.12), xlabel="", ylabel=ylabel)
        _counts(table, part, groups, shown, {group for group in groups if legends[group] != group})
        if tests is not None:
            _brackets(tests[tests["what"].isin(shown)], part, _places(groups, shown))
        palette.name_ticks(part, shown)
        palette.keep(part, *LEAST_MM)
    handles = [Patch(facecolor=look["color"][group], hatch=look["hatch"][group], edgecolor="white", linewidth=0)
               for group in groups if sizes[group]]  # fmt: skip
    palette.legend(ax, handles, [legends[group] for group in groups if sizes[group]], handlelength=1)
    if title:
        ax.set_title(title, pad=18)
    return ax


def _places(groups: list, things: list) -> dict[tuple, float]:
    """Where on the x axis the bar of each group and thing stands, as seaborn dodges them."""
    width = WIDTH / len(groups)
    return {(group, what): x - WIDTH / 2 + (place + 0.5) * width
            for place, group in enumerate(groups) for x, what in enumerate(things)}  # fmt: skip


def _bars(table: pd.DataFrame, ax: Axes, groups: list, things: list, look: dict[str, dict]) -> None:
    """The bars of these things on ax, with their intervals."""
    tested = table[(table["n"] > 0) & table["what"].isin(things)]
    sns.barplot(
        tested.assign(percent=100 * tested["share"]), x="what", y="percent", hue="group", order=things,
        hue_order=groups, palette=look["color"], saturation=1, errorbar=None, width=WIDTH, gap=0.08, legend=False,
        linewidth=0, edgecolor="white", ax=ax,
    )  # fmt: skip
    places = _places(groups, things)
    group_at = {round(x, 6): group for (group, _), x in places.items()}
    for bar in ax.patches:
        bar.set_hatch(look["hatch"][group_at[round(bar.get_x() + bar.get_width() / 2, 6)]])
    x = [places[row.group, row.what] for row in tested.itertuples()]
    ax.vlines(x, 100 * tested["lower"], 100 * tested["upper"], color=palette.INK, linewidth=0.8)


def _counts(table: pd.DataFrame, ax: Axes, groups: list, things: list, sized: set) -> None:
    """The count over each interval, and "not tested" where there is none; sized: the groups whose n the legend says."""
    highest = ax.get_ylim()[1] / 1.12
    unit = palette.inner_width(ax) / np.ptp(ax.get_xlim())  # points of 1 across
    words, rows = {}, table.set_index(["group", "what"])
    for (group, what), x in _places(groups, things).items():
        row = rows.loc[(group, what)]
        if row["n"]:
            count = f"{int(row['k']):,}" + ("" if group in sized else f"/{int(row['n']):,}")
            words[x, 100 * row["upper"] + 0.015 * highest] = count
        else:
            words[x, 0.01 * highest] = NOT_TESTED
    upright = _meet({place: word for place, word in words.items() if word != NOT_TESTED}, unit, highest)
    top = 0.0
    for (x, y), word in words.items():
        lacking = word == NOT_TESTED
        ax.text(
            x, y, word, rotation=90 if lacking or upright else 0, ha="center", va="bottom", fontsize=COUNT,
            color=palette.FAINT if lacking else palette.INK, in_layout=False,
        )  # fmt: skip
        top = max(top, y if lacking or not upright else y + _rise(word, highest))
    if top > ax.get_ylim()[1]:
        ax.set_ylim(top=top)


def _meet(counts: dict[tuple[float, float], str], unit: float, highest: float) -> bool:
    """Whether two neighbouring counts would print over each other. counts: place → text; unit: points of 1 across."""
    row = sorted((x, y, palette.text_width(word, COUNT)) for (x, y), word in counts.items())
    high = 1.3 * COUNT / (LEAST_MM[1] * palette.POINT) * highest
    return any(
        (second[2] + first[2]) / 2 > 0.97 * (second[0] - first[0]) * unit and abs(second[1] - first[1]) < high
        for first, second in zip(row, row[1:], strict=False)
    )


def _rise(word: str, highest: float) -> float:
    """What an upright word takes of an axis up to `highest`, in the lowest plot that there is."""
    return palette.text_width(word, COUNT) / (LEAST_MM[1] * palette.POINT * 0.8) * highest


def _brackets(tests: pd.DataFrame, ax: Axes, places: dict[tuple, float]) -> None:
    """A bracket for each test over the bars and counts, one above another for each thing, the narrowest lowest."""
    ends = {row.Index: sorted((places[row.group, row.what], places[row.other, row.what])) for row in tests.itertuples()}
    order = tests.loc[sorted(ends, key=lambda row: (round(ends[row][1] - ends[row][0], 6), ends[row][0]))]
    levels = int(tests.groupby("what").size().max()) if len(tests) else 0
    if not levels:
        return
    top, ticks = ax.get_ylim()[1], [tick for tick in ax.get_yticks() if 0 <= tick <= 100]
    inside = LEAST_MM[1] * palette.POINT  # what the bars keep; the brackets come on top
    step = BRACKET * top / inside
    for _, of_thing in order.groupby("what", sort=False):
        for level, row in enumerate(of_thing.itertuples()):
            y = top + (level + 0.15) * step
            foot, (left, right) = y - 0.2 * step, ends[row.Index]
            ax.plot([left, left, right, right], [foot, y, y, foot], color=palette.FAINT, linewidth=0.6)
            ax.text(
                (left + right) / 2, y + 0.06 * step, row.label, ha="center", va="bottom", fontsize=palette.SMALLEST,
                in_layout=False,
            )  # fmt: skip
    ax.set_ylim(top=top + levels * step)
    ax.set_yticks([tick for tick in ticks if tick <= top])
    palette.keep(ax, LEAST_MM[0], LEAST_MM[1] + levels * BRACKET / palette.POINT)
