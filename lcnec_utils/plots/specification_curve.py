"""A specification curve: one answer under every arbitrary choice, sorted by its size, over the choices behind each."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator, NullFormatter, NullLocator

from lcnec_utils.plots import palette
from lcnec_utils.plots.forest import TICKS

MOST_LEVELS = 10  # of a choice, shown as rows of dots; more numbers are an axis
LEAST_MM = 50, 34  # of the curve inside its axes
ROW_MM = 3.4  # of a choice's row of dots
NUMBERS_MM = 14  # of a choice's axis of numbers
LOOKS = {"holds": ("#00558C", "o"), "inconclusive": ("#8F8F8F", "s"), "contradicted": ("#B2182B", "X")}


def levels(values: pd.Series) -> list:
    """The levels of a choice in order: numbers by size, words as they come."""
    found = list(dict.fromkeys(values))
    return sorted(found) if pd.api.types.is_numeric_dtype(values) else found


def heights_mm(table: pd.DataFrame, choices: list[str]) -> list[float]:
    """The heights of the axes that `specification_curve` draws on, the curve's first."""
    return [LEAST_MM[1] + 12, *(_choice_mm(table[name]) for name in choices)]


def _choice_mm(values: pd.Series) -> float:
    return ROW_MM * len(levels(values)) + 3 if _is_rows(values) else NUMBERS_MM


def _is_rows(values: pd.Series) -> bool:
    return len(levels(values)) <= MOST_LEVELS or not pd.api.types.is_numeric_dtype(values)


def specification_curve(
    table: pd.DataFrame,
    axes: list[Axes],
    *,
    choices: list[str],
    xlabel: str,
    ratio: bool = False,
    null: float | None = None,
    printed: tuple[float, float | None, float | None] | None = None,
    title: str = "",
) -> list[Axes]:
    """Draw the estimates in order of size with their intervals, coloured by their answer, and below them, per choice,
    which of its levels each rests on; returns the axes.

    table: value, lower, upper (missing where there is no limit), answer (`holds`, `inconclusive`, `contradicted`), a
    column per choice and, where known, n; a row per specification. axes: the curve's, then one per choice, as high as
    `heights_mm` says. ratio: estimates are ratios, on a log scale. null: where there is no effect. printed: the
    published value with its limits. Raises MissingData where no row has a value.
    """
    known = table.dropna(subset=["value"]).sort_values(["value", *choices], kind="stable").reset_index(drop=True)
    if known.empty:
        for ax in axes[1:]:
            palette.EMPTY.add(ax)
            ax.set_axis_off()
        return [palette.nothing(axes[0], "no variation has an estimate", title), *axes[1:]]
    _curve(known, axes[0], ratio=ratio, null=null, printed=printed)
    axes[0].set_ylabel(xlabel)
    if title:
        axes[0].set_title(title)
    for ax, name in zip(axes[1:], choices, strict=True):
        _choice(known, ax, name)
    for ax in axes:
        ax.set_xlim(-0.7, len(known) - 0.3)
        ax.tick_params(axis="x", length=0, labelbottom=False)
    axes[-1].set_xlabel(f"{len(known)} specifications by size of the estimate{_patients(known)}")
    return axes


def _patients(known: pd.DataFrame) -> str:
    """How many patients the estimates are of, in words: the least and the most."""
    n = known["n"].dropna() if "n" in known else pd.Series(dtype=float)
    if n.empty:
        return ""
    least, most = (f"{number:,.0f}" for number in (n.min(), n.max()))
    return f"\nn = {least}" if least == most else f"\nn = {least} to {most}"


def _curve(known: pd.DataFrame, ax: Axes, *, ratio: bool, null: float | None, printed) -> None:
    place = np.arange(len(known))
    limits = known[["lower", "upper"]].to_numpy(float)
    low, high = np.nanmin([known["value"].min(), *limits[:, 0]]), np.nanmax([known["value"].max(), *limits[:, 1]])
    extra = [x for x in (null, *(printed or ())) if x is not None]
    low, high = min([low, *extra]), max([high, *extra])
    if ratio:
        low, high = max(low / 1.1, 0.05), min(high * 1.1, 20)
        ax.set_yscale("log")
        ticks = [tick for tick in TICKS if low <= tick <= high]
        ax.yaxis.set_major_locator(FixedLocator(ticks))
        ax.yaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    else:
        room = 0.06 * (high - low) or 1.0
        low, high = low - room, high + room
        ax.yaxis.set_major_locator(MaxNLocator(6))
    handles = []
    if printed is not None:
        value, least, most = printed
        if least is not None and most is not None and math.isfinite(most):
            ax.axhspan(least, most, color=palette.EMPHASIS, alpha=0.1, linewidth=0, zorder=0)
        line = ax.axhline(value, color=palette.EMPHASIS, linewidth=1, zorder=1, label="published")
        handles.append(line)
    if null is not None:
        ax.axhline(null, color=palette.FAINT, linewidth=0.7, linestyle=(0, (4, 3)), zorder=1)
    for answer, (color, marker) in LOOKS.items():
        rows = (known["answer"] == answer).to_numpy()
        if not rows.any():
            continue
        ax.vlines(place[rows], *np.clip(limits[rows], low, high).T, color=color, linewidth=0.9, zorder=2)
        ax.plot(place[rows], np.clip(known["value"][rows], low, high), marker, color=color, markersize=3.2,
                markeredgewidth=0, zorder=3)  # fmt: skip
        handles.append(Line2D([], [], color=color, marker=marker, markersize=3.6, linewidth=0.9,
                              label=f"{answer} ({int(rows.sum())})"))  # fmt: skip
    ax.set_ylim(low, high)
    palette.keep(ax, *LEAST_MM)
    palette.legend(ax, handles, [handle.get_label() for handle in handles])


def _choice(known: pd.DataFrame, ax: Axes, name: str) -> None:
    """Which level of a choice each specification rests on: a row of dots per level, or numbers on an axis."""
    colors = [LOOKS.get(answer, (palette.FAINT, "o"))[0] for answer in known["answer"]]
    if _is_rows(known[name]):
        order = levels(known[name])
        heights = [order.index(value) for value in known[name]]
        for row in range(0, len(order), 2):
            ax.axhspan(row - 0.5, row + 0.5, color=palette.BAND, linewidth=0, zorder=0)
        labels = [f"{level:g}" if isinstance(level, float) else str(level) for level in order]
        ax.set_yticks(range(len(order)), labels)
        ax.set_ylim(len(order) - 0.5, -0.5)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
    else:
        heights = list(known[name])
        ax.yaxis.set_major_locator(MaxNLocator(3))
    ax.scatter(range(len(known)), heights, s=7, c=colors, marker="s", linewidths=0, zorder=2)
    ax.spines["bottom"].set_visible(False)
    ax.set_title(name.replace("_", " "), fontsize=palette.TEXT, fontweight="normal", pad=2)
    palette.keep(ax, LEAST_MM[0], _choice_mm(known[name]) - 2)
