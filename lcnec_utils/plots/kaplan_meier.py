"""Kaplan–Meier curves with limits, censor ticks, medians in the legend and a risk table under the axis."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.textpath import TextPath
from matplotlib.transforms import ScaledTranslation

from lcnec_utils import formats
from lcnec_utils.plots import palette
from lcnec_utils.survival import Comparison

SIZE = 6.5
FIRST, LINE = 34, 9.5  # points from the axis down to the risk table's head, and from line to line
HANDLE = 25  # points of a legend's line beside its words
LONGEST = 20  # letters of a name on one line of the risk table


def kaplan_meier(comparison: Comparison, ax: Axes, *, title: str = "", time_zero: str = "", note: str = "") -> Axes:
    """Draw a comparison of survival on ax: its curves, medians, tests, and the numbers at risk under the axis.

    note: one more line beside the log-rank p. Where the tests would print over a curve they stand in the legend.
    """
    curve, at_risk, medians = comparison.curve, comparison.at_risk, comparison.medians
    groups = [name for name in medians["group"] if (curve["group"] == name).any()]
    color = palette.colors(groups)
    names = {name: textwrap.fill(str(name), LONGEST, break_long_words=False) for name in groups}
    cell = _cell(ax)
    labels = {}
    for row in medians.itertuples():
        median = f": {formats.median_months(row.median, row.lower, row.upper)}" if row.group in names else ""
        whole = f"{row.group}, n = {row.n}{median}"
        if _width(whole) + HANDLE > cell[0]:
            whole = "\n".join([*_joined([f"{row.group},"], cell[0] - HANDLE), f"n = {row.n}{median}"])
        labels[row.group] = whole
    ticks = [float(time) for time in at_risk.columns]
    end = max(ticks[-1], curve["months"].max() if len(curve) else 1) or 1
    tests = comparison.notes()
    tests[1:1] = [note] if note else []
    heading = ["Median months (95% CI)"]

    # the room for text, in points, as the layout will leave it
    margin = max([28, *(10 + _width(line) for name in names.values() for line in name.split("\n"))])
    below = FIRST + LINE * sum(name.count("\n") + 1 for name in names.values()) + 6
    above = 9.2 * (len(labels) + 1) + (17 if title else 0)
    room = (cell[0] - margin - 6, cell[1] - below - above)
    corner = _free_corner(tests, room, curve, end)
    if not corner:
        ratio = {
            row.group: formats.hazard_ratio(row.hr, row.lower, row.upper) for row in comparison.ratios.itertuples()
        }
        for name, words in ratio.items():
            both = f"{labels[name]}; HR {words}"
            last = both.split("\n")[-1]
            labels[name] = both if _width(last) + HANDLE < cell[0] else f"{labels[name]}\nHR {words}"
        kept = [tests[0], *([note] if note else []), *(f"{name}: too few to test" for name in comparison.small)]
        if ratio:
            kept.append(f"HR: reference {comparison.reference}")
        heading = [*_joined(kept, cell[0] - HANDLE), *heading]
    longest = max(_width(line) for text in [*labels.values(), *heading] for line in text.split("\n")) + HANDLE
    columns = 2 if len(labels) > 3 and 2 * longest < cell[0] - margin else 1
    # a label too wide to start at the axis starts as far left of it as the names of the risk table do
    shift = min(margin, max(0.0, columns * longest - (cell[0] - margin)))

    for row in medians.itertuples():
        if row.group not in names:
            ax.plot([], [], linestyle="none", label=labels[row.group])
            continue
        steps = curve[curve["group"] == row.group]
        tone = color[row.group]
        months = np.concatenate([[0.0], steps["months"]])
        survival = np.concatenate([[1.0], steps["survival"]])
        lower = np.concatenate([[1.0], steps["lower"].ffill()])
        upper = np.concatenate([[1.0], steps["upper"].ffill()])
        ax.step(months, survival, where="post", color=tone, label=labels[row.group], zorder=3)
        ax.fill_between(months, lower, upper, step="post", color=tone, alpha=0.09, linewidth=0, zorder=1)
        censored = steps[steps["censored"] > 0]
        ax.plot(
            censored["months"], censored["survival"], "|", color=tone, markersize=3.5, markeredgewidth=0.6, zorder=4,
            clip_on=False,
        )  # fmt: skip
    ax.axhline(0.5, color=palette.FAINT, linewidth=0.5, linestyle=(0, (4, 3)), zorder=0)
    ax.set(xlim=(0, end), ylim=(0, 1.02), xticks=ticks)
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25", "50", "75", "100"])
    name = comparison.endpoint
    ax.set_ylabel(f"{name.capitalize() if name.islower() else name} (%)")  # rwPFS stays rwPFS
    ax.set_xlabel(f"Months from {time_zero}" if time_zero else "Months")
    left = ScaledTranslation(-shift / 72, 0, ax.get_figure(root=True).dpi_scale_trans)
    ax.legend(
        loc="lower left", bbox_to_anchor=(0, 1.0), bbox_transform=ax.transAxes + left, borderaxespad=0,
        handlelength=1.2, labelspacing=0.25, title="\n".join(heading), title_fontsize=SIZE, alignment="left",
        ncols=columns, columnspacing=1.2,
    )  # fmt: skip
    if title:
        # the legend stands on the axis, the title above the legend
        entries = sorted((text.count("\n") + 1 for text in labels.values()), reverse=True)
        lines = len(heading) + sum(entries[: -(-len(entries) // columns)])
        head = ax.set_title(title, pad=6 + 9.2 * lines)
        head.set_transform(head.get_transform() + left)
    if corner:
        x, y, across, up = corner
        ax.text(
            x, y, "\n".join(tests), transform=ax.transAxes, ha=across, va=up, fontsize=SIZE, linespacing=1.35, zorder=5
        )
    _risk_table(ax, at_risk.loc[groups], names, color)
    return ax


def _width(text: str) -> float:
    """The width of a line of text in points, with what hinting on a screen may add."""
    return 1.08 * float(TextPath((0, 0), text, size=SIZE).get_extents().width) if text.strip() else 0.0


def _cell(ax: Axes) -> tuple[float, float]:
    """The width and height in points of the part of the figure that is the axes' own, with its labels."""
    wide, high = (72 * inches for inches in ax.get_figure(root=True).get_size_inches())
    spec = ax.get_subplotspec()
    if spec is None:
        place = ax.get_position()
        return wide * (1 - place.x0), high
    grid = spec.get_gridspec()
    across, up = (np.array(ratios, float) for ratios in (grid.get_width_ratios(), grid.get_height_ratios()))
    return (
        wide * across[spec.colspan.start : spec.colspan.stop].sum() / across.sum(),
        high * up[spec.rowspan.start : spec.rowspan.stop].sum() / up.sum(),
    )


def _free_corner(lines: list[str], room: tuple[float, float], curve: pd.DataFrame, end: float):
    """Where the lines print over no curve: x, y (axes fractions) and alignments; None where they never do.

    room: the axes' width and height in points. The upper right corner comes first, then the lower left.
    """
    wide = (max(map(_width, lines)) + 6) / room[0] if room[0] > 0 else 1
    high = (1.35 * 1.17 * SIZE * len(lines) + 5) / room[1] if room[1] > 0 else 1
    if wide > 0.97 or high > 0.9:
        return None
    top, bottom = (
        [],
        [],
    )  # the highest survival right of the upper block's left edge, the lowest left of the lower's end
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
        lines[-1:] = [both] if _width(both) < width else [lines[-1], part]
    letters = {line: int(len(line) * min(1, width / _width(line))) for line in lines}
    return [piece for line in lines for piece in textwrap.wrap(line, max(letters[line], 12))]


def _risk_table(ax: Axes, at_risk: pd.DataFrame, names: dict[str, str], color: dict[str, str]) -> None:
    """The numbers at risk under the axis: in points below it, so that they stand right at every height."""
    ax.annotate(
        "At risk", (0, 0), xytext=(-10, -FIRST), xycoords="axes fraction", textcoords="offset points", ha="right",
        va="center", fontsize=SIZE, color=palette.FAINT,
    )  # fmt: skip
    edge = -FIRST - LINE / 2
    for name, counts in at_risk.iterrows():
        lines = names[name].count("\n") + 1
        y, edge = edge - lines * LINE / 2, edge - lines * LINE
        ax.annotate(
            names[name], (0, 0), xytext=(-10, y), xycoords="axes fraction", textcoords="offset points", ha="right",
            va="center", fontsize=SIZE, color=color[str(name)], linespacing=1.05,
        )  # fmt: skip
        for time, count in counts.items():
            ax.annotate(
                f"{count}", (float(time), 0), xytext=(0, y), xycoords=("data", "axes fraction"),
                textcoords="offset points", ha="center", va="center", fontsize=SIZE,
            )  # fmt: skip
