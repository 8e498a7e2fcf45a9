"""Shares by group as bars with intervals and counts: one cluster of bars per thing counted."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from lcnec_utils.plots import palette

COUNT = 6  # points of the counts' text
WIDTH = 0.8  # of a cluster of bars, of the room from one to the next
LEAST = 7  # points of a bar with its gap: a count stands upright on it
LEAST_MM = 30, 36  # of the plot inside its axes


def share_bars(table: pd.DataFrame, ax: Axes, *, ylabel: str = "%", title: str = "") -> Axes:
    """Draw shares on ax. table: group, what, k, n, share, lower, upper (fractions); nobody tested is said.

    What does not fit side by side goes on in axes under this one. Raises MissingData where nobody was tested at all.
    """
    groups, things = list(dict.fromkeys(table["group"])), list(dict.fromkeys(table["what"]))
    if not (table["n"] > 0).any():
        return palette.nothing(ax, f"nobody here was tested ({', '.join(things) or ylabel})", title)
    color, hatch = palette.colors(groups), palette.hatches(groups)
    ax.set(ylabel=ylabel)
    highest = 100 * np.nanmax([*table["upper"], 0.1])
    sizes = {group: set(table.loc[(table["group"] == group) & (table["n"] > 0), "n"]) for group in groups}
    # one size for all: said once, in the legend
    legends = {group: f"{group} (n = {min(n)})" if len(n) == 1 else str(group) for group, n in sizes.items()}
    ax.set(ylim=(0, highest * 1.12))
    most = max(1, int(palette.inner_width(ax) * WIDTH / (LEAST * len(groups))))
    lines = -(-len(things) // most)
    each = -(-len(things) // lines)
    for line, part in enumerate(palette.rows(ax, lines)):
        part.set(xlim=(-0.5, min(each, len(things)) - 0.5), ylim=(0, highest * 1.12), ylabel=ylabel)
        shown = things[line * each : (line + 1) * each]
        _bars(table, part, groups, shown, (color, hatch), {group for group in groups if legends[group] != group})
        palette.name_ticks(part, shown)
        palette.keep(part, *LEAST_MM)
    handles = [Patch(facecolor=color[group], hatch=hatch[group], edgecolor="white", linewidth=0) for group in groups
               if sizes[group]]  # fmt: skip
    palette.legend(ax, handles, [legends[group] for group in groups if sizes[group]], handlelength=1)
    if title:
        ax.set_title(title, pad=18)
    return ax


def _bars(table: pd.DataFrame, ax: Axes, groups: list, things: list, look: tuple[dict, dict], sized: set) -> None:
    """The bars of these things on ax, with intervals and counts; sized: the groups whose n the legend says."""
    width, rows = WIDTH / len(groups), table.set_index(["group", "what"])
    slot = palette.inner_width(ax) / np.ptp(ax.get_xlim()) * width
    highest = ax.get_ylim()[1] / 1.12
    words, tops = {}, 0.0
    for place, group in enumerate(groups):
        for x, what in enumerate(things):
            row = rows.loc[(group, what)]
            centre = x - WIDTH / 2 + (place + 0.5) * width
            if not row["n"]:
                words[centre, 0.01 * highest] = "not tested"
                continue
            share, low, high = (100 * row[name] for name in ("share", "lower", "upper"))
            ax.bar(centre, share, width * 0.92, color=look[0][str(group)], hatch=look[1][str(group)], linewidth=0,
                   edgecolor="white")  # fmt: skip
            ax.plot([centre, centre], [low, high], color=palette.INK, linewidth=0.8)
            words[centre, high + 0.015 * highest] = f"{row['k']:.0f}" + ("" if group in sized else f"/{row['n']:.0f}")
    upright = _meet({place: word for place, word in words.items() if word != "not tested"}, slot / width, highest)
    for (centre, y), word in words.items():
        lacking = word == "not tested"
        ax.text(
            centre, y, word, rotation=90 if lacking or upright else 0, ha="center", va="bottom", fontsize=COUNT,
            color=palette.FAINT if lacking else palette.INK, in_layout=False,
        )  # fmt: skip
        tops = max(tops, y if lacking or not upright else y + _rise(word, highest))
    if tops > ax.get_ylim()[1]:
        ax.set_ylim(top=tops)


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
