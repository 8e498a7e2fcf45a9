"""Kaplan–Meier curves with limits, censor ticks, events and medians in the legend, and a risk table under the axis."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

from lcnec_utils.core import formats
from lcnec_utils.plots import palette
from lcnec_utils.plots.palette import text_width
from lcnec_utils.stats.comparison import Comparison, ratio_with_p

SIZE = palette.TEXT
FIRST, LINE = 34, 9.5  # points from the axis down to the risk table's head, and from line to line
HEIGHT = 9.2  # points of a legend's line
HANDLE = 25  # points of a legend's line beside its words
LONGEST, WORD = 96, 112  # points of a name on one line of the risk table, and of one with a word that is longer
MOST = 0.42  # of it, of the panel's width
LEAST_MM = 40, 42  # width and height of the plot itself
MOST_LINES = 6  # of tests in the plot; more stand in the legend
MOST_STEPS = 1000  # with more, a curve's limits are pixels in a vector figure


def kaplan_meier(comparison: Comparison, ax: Axes, *, title: str = "", time_zero: str = "", note: str = "") -> Axes:
    """Draw a comparison of survival on ax: its curves, events, medians, tests, and numbers at risk under the axis.

    Hazard ratios stand with p, their reference and direction. note: one more line beside the log-rank p. Where the
    tests would print over a curve they stand in the legend. The figure grows with the number of groups, the plot keeps
    its size. Raises MissingData where there is no curve at all.
    """
    curve, medians = comparison.curve, comparison.medians
    groups = [name for name in medians["group"] if (curve["group"] == name).any()]
    if not groups:
        return palette.nothing(ax, f"no patient has {comparison.endpoint} that could be drawn", title)
    color, dashes = palette.colors(groups), palette.dashes(groups)
    cell = palette.cell(ax)
    at_risk, end = _shown_times(comparison, groups, cell)
    aside = max(10.0, *(text_width(f"{count}") / 2 + 4 for count in at_risk.iloc[:, 0]))
    word = max(text_width(word) for name in groups for word in str(name).split())
    names = {name: palette.wrap(name, min(max(LONGEST, min(word, WORD)), MOST * cell[0])) for name in groups}

    # the room for text, in points, as the layout will leave it
    margin = max([28, *(aside + text_width(name) for name in names.values())])
    below = FIRST + LINE * sum(name.count("\n") + 1 for name in names.values()) + 6
    above = HEIGHT * (len(medians) + 1) + (17 if title else 0)
    room = (cell[0] - margin - 6, max(cell[1] - below - above, LEAST_MM[1] * palette.POINT))
    tests = comparison.notes()
    tests[1:1] = [note] if note else []
    corner = _free_corner(tests, room, curve, end) if len(tests) <= MOST_LINES else None
    labels, heading = _legend_words(comparison, names, cell[0] - HANDLE, note, in_legend=not corner)
    longest = max(map(text_width, [*labels.values(), *heading])) + HANDLE
    columns = 2 if len(labels) > 3 and 2 * longest < cell[0] - margin else 1
    # a label too wide to start at the axis starts as far left of it as the names of the risk table do
    shift = min(margin, max(0.0, columns * longest - (cell[0] - margin)))

    for name in medians["group"]:
        if name in names:
            _draw(ax, curve[curve["group"] == name], color[name], dashes[name], labels[name])
        else:
            ax.plot([], [], linestyle="none", label=labels[name])
    ax.axhline(0.5, color=palette.FAINT, linewidth=0.5, linestyle=(0, (4, 3)), zorder=0)
    ax.set(xlim=(0, end), ylim=(0, 1.02), xticks=[float(time) for time in at_risk.columns])
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25", "50", "75", "100"])
    name = comparison.endpoint
    ax.set_ylabel(f"{name.capitalize() if name.islower() else name} (%)")  # rwPFS stays rwPFS
    ax.set_xlabel(f"Months from {time_zero}" if time_zero else "Months")
    left = ScaledTranslation(-shift / 72, 0, ax.get_figure(root=True).dpi_scale_trans)
    palette.flat(ax.legend(
        loc="lower left", bbox_to_anchor=(0, 1.0), bbox_transform=ax.transAxes + left, borderaxespad=0,
        handlelength=1.2, labelspacing=0.25, title="\n".join(heading), title_fontsize=SIZE, alignment="left",
        ncols=columns, columnspacing=1.2,
    ))  # fmt: skip
    if title:
        # the legend stands on the axis, the title above the legend
        entries = sorted((text.count("\n") + 1 for text in labels.values()), reverse=True)
        lines = len(heading) + sum(entries[: -(-len(entries) // columns)])
        ax.set_title(title, pad=6 + HEIGHT * lines)
    if corner:
        x, y, across, up = corner
        ax.text(
            x, y, "\n".join(tests), transform=ax.transAxes, ha=across, va=up, fontsize=SIZE, linespacing=1.35, zorder=5,
            in_layout=False,
        )  # fmt: skip
    _risk_table(ax, at_risk, names, color, aside)
    palette.keep(ax, *LEAST_MM)
    return ax


def _shown_times(comparison: Comparison, groups: list[str], cell: tuple[float, float]) -> tuple[pd.DataFrame, float]:
    """The numbers at risk at as many of the times as stand side by side, and where the axis of months ends."""
    at_risk, months = comparison.at_risk.loc[groups], comparison.curve["months"]
    end = max([float(at_risk.columns[-1]), *months.tail(1), months.max()]) or 1
    widest = max(text_width(f"{count}") for count in [*at_risk.to_numpy().ravel(), *map(int, at_risk.columns)]) + 4
    inside = max(cell[0] - LONGEST - 16, LEAST_MM[0] * palette.POINT)
    apart = inside * (float(at_risk.columns[1]) if len(at_risk.columns) > 1 else end) / end
    return at_risk.iloc[:, :: max(1, int(np.ceil(widest / apart)))], end


def _legend_words(
    comparison: Comparison, names: dict[str, str], width: float, note: str, in_legend: bool
) -> tuple[dict[str, str], list[str]]:
    """What the legend says of each group, on lines of this width (points), and the lines over it.

    in_legend: whether the tests stand here too, for want of room in the plot.
    """
    labels = {}
    for row in comparison.medians.itertuples():
        counts = f"n = {row.n}, {formats.count(row.events, 'event')}"
        if row.group in names:
            counts += f": {formats.median_months(row.median, row.lower, row.upper)}"
        whole = f"{row.group}, {counts}"
        labels[row.group] = whole if text_width(whole) <= width else f"{palette.wrap(f'{row.group},', width)}\n{counts}"
    heading = ["Median months (95% CI)"]
    if in_legend:
        for row in comparison.ratios.itertuples():
            ratio = f"HR {ratio_with_p(row)}"
            both = f"{labels[row.group]}; {ratio}"
            last = both.split("\n")[-1]
            labels[row.group] = both if text_width(last) < width else f"{labels[row.group]}\n{ratio}"
        kept = [comparison.notes()[0], *([note] if note else [])]
        kept += [*(f"{name}: too few to test" for name in comparison.small), *comparison.direction()]
        heading = [*_joined(kept, width), *heading]
    return labels, heading


def _draw(ax: Axes, steps: pd.DataFrame, tone: str, dashes, label: str) -> None:
    """One group's curve with its limits and its censor ticks."""
    months = np.concatenate([[0.0], steps["months"]])
    survival = np.concatenate([[1.0], steps["survival"]])
    lower = np.concatenate([[1.0], steps["lower"].ffill()])
    upper = np.concatenate([[1.0], steps["upper"].ffill()])
    ax.step(months, survival, where="post", color=tone, linestyle=dashes, label=label, zorder=3)
    band = ax.fill_between(months, lower, upper, step="post", color=tone, alpha=0.09, linewidth=0, zorder=1)
    band.set_rasterized(len(months) > MOST_STEPS)
    censored = steps[steps["censored"] > 0]
    if censored.empty:
        return  # marks at no place would have the layout leave room for the figure's corner
    ax.plot(
        censored["months"], censored["survival"], "|", color=tone, markersize=3.5, markeredgewidth=0.6, zorder=4,
        clip_on=False,
    )  # fmt: skip


def _free_corner(lines: list[str], room: tuple[float, float], curve: pd.DataFrame, end: float):
    """Where the lines print over no curve: x, y (axes fractions) and alignments; None where they never do.

    room: the axes' width and height in points. The upper right corner comes first, then the lower left.
    """
    wide = (max(map(text_width, lines)) + 6) / room[0] if room[0] > 0 else 1
    high = (1.35 * 1.17 * SIZE * len(lines) + 5) / room[1] if room[1] > 0 else 1
    if wide > 0.97 or high > 0.9:
        return None
    # the highest survival right of the upper block's left edge, and the lowest left of the lower block's end
    top, bottom = [], []
    for _, steps in curve.groupby("group", sort=False):
        months = np.concatenate([[0.0], steps["months"]]) / end
        survival = np.concatenate([[1.0], steps["survival"]]) / 1.02
        if months[-1] >= 0.99 - wide:
            top.append(survival[np.flatnonzero(months <= 0.99 - wide)[-1]] if wide < 0.99 else 1.0)
        bottom.append(survival[np.flatnonzero(months <= 0.02 + wide)[-1]])
    if all(value < 0.985 - high for value in top):
        return 0.99, 0.985, "right", "top"
    if all(value > 0.03 + high for value in bottom):
        return 0.02, 0.03, "left", "bottom"
    return None


def _joined(parts: list[str], width: float) -> list[str]:
    """The parts on as few lines as hold them, kept in order and set apart by semicolons."""
    lines = parts[:1]
    for part in parts[1:]:
        both = f"{lines[-1]}; {part}"
        lines[-1:] = [both] if text_width(both) < width else [lines[-1], part]
    letters = {line: int(len(line) * min(1, width / text_width(line))) for line in lines}
    return [piece for line in lines for piece in textwrap.wrap(line, max(letters[line], 12))]


def _risk_table(ax: Axes, at_risk: pd.DataFrame, names: dict[str, str], color: dict[str, str], aside: float) -> None:
    """The numbers at risk under the axis: in points below it, so that they stand right at every height.

    aside: points from the axis to the names.
    """
    ax.annotate(
        "At risk", (0, 0), xytext=(-aside, -FIRST), xycoords="axes fraction", textcoords="offset points", ha="right",
        va="center", fontsize=SIZE, color=palette.FAINT,
    )  # fmt: skip
    edge = -FIRST - LINE / 2
    for name, counts in at_risk.iterrows():
        lines = names[name].count("\n") + 1
        y, edge = edge - lines * LINE / 2, edge - lines * LINE
        ax.annotate(
            names[name], (0, 0), xytext=(-aside, y), xycoords="axes fraction", textcoords="offset points", ha="right",
            va="center", fontsize=SIZE, color=palette.ink(color[str(name)]), linespacing=1.05,
        )  # fmt: skip
        for time, count in counts.items():
            ax.annotate(
                f"{count}", (float(time), 0), xytext=(0, y), xycoords=("data", "axes fraction"),
                textcoords="offset points", ha="center", va="center", fontsize=SIZE,
            )  # fmt: skip
