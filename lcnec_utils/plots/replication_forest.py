"""Replication forest: one printed effect, every real cohort's, their summary with its prediction interval, and apart
from them in grey what simulated patients gave."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from lcnec_utils.core import formats
from lcnec_utils.core.errors import UserError
from lcnec_utils.plots import palette

PRINT, COHORT, SUMMARY, SIMULATED = KINDS = ("print", "cohort", "summary", "simulated")
COLOR = {PRINT: palette.EMPHASIS, COHORT: palette.INK, SUMMARY: palette.CYCLE[0], SIMULATED: palette.FAINT}
SCALES = {"log": 1.0, "linear": 0.0}  # and where no effect is
NUMBERS = ["estimate", "lower", "upper", "prediction_lower", "prediction_upper", "n", "events"]
TICKS = (
    [0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 20, 50],
    [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50],
    [0.02, 0.1, 0.5, 1, 2, 10, 50],
    [0.1, 1, 10],
    [1],
)
NAME, SMALL = 7, 6.5  # points of the names' text, and of all other
LEAST_MM = 24, 4.4  # width of the plot inside its axes, height of a row on one line
NARROWEST, WIDEST, APART = 52, 0.35, 5  # points of the column of names, its share of the width, points between columns
GAP = 0.35  # rows between kinds
REACH = {"limits": 3.0, "prediction": 1.0}  # middle widths beyond the outermost estimates that the axis goes
MOST_FOLD = 20  # a ratio beyond which the axis does not go
DIAMOND = 0.3  # rows, half its height
COUNTS, RESULTS = "n (events)", "Estimate (95% CI)"


def replication_forest(
    table: pd.DataFrame,
    ax: Axes,
    *,
    effect: str,
    scale: str = "log",
    left: str = "",
    right: str = "",
    digits: int = 2,
    title: str = "",
) -> Axes:
    """Draw one row per body of evidence on ax, by kind: the print, real cohorts, their summary, simulated patients.

    table: kind (one of KINDS), label, estimate, lower, upper (95% limits; the print may lack them), and where known n,
    events, caveats (topics measured otherwise, marked with a letter that is explained under the axis), note (shown
    where there is no estimate), prediction_lower, prediction_upper (of a summary). effect: what the axis shows. scale:
    log (of ratios, no effect at 1) or linear (of differences, no effect at 0). left, right: what an effect below and
    above that means. digits: decimals. "simulated" is added to the label of simulated patients where it lacks. The
    figure grows with the rows.

    Raises MissingData where no row has an estimate; UserError for an unknown kind or scale, and for a ratio that is not
    above 0.
    """
    if table.empty:
        return palette.nothing(ax, "there is no body of evidence to compare", title)
    table = _checked(table, scale)
    if table["estimate"].isna().all():
        notes = "; ".join(dict.fromkeys(note or formats.NOT_ESTIMABLE for note in table["note"]))
        palette.shows_nothing(ax, f"no body of evidence gives an estimate here ({notes})")
    marks = _marks(table)
    names, counts, results, aside = _words(table, ax, marks, scale, digits)
    lines = [max(text.count("\n") + 1 for text in row) for row in zip(names, results, strict=True)]
    heights = np.array([1 + 0.62 * (count - 1) for count in lines])
    gaps = GAP * (table["kind"] != table["kind"].shift()).cumsum().to_numpy()
    centres = np.cumsum(heights) - heights / 2 + gaps
    lowest, highest = _span(table, scale)
    for y, row, name, count, result in zip(centres, table.itertuples(), names, counts, results, strict=True):
        color = palette.ink(COLOR[row.kind])
        _beside(ax, y, name, -aside, NAME, color, "left", weight="bold" if row.kind in (PRINT, SUMMARY) else "normal")
        _beside(ax, y, count, -APART, SMALL, palette.FAINT, "right")
        _beside(ax, y, result, APART, SMALL, palette.FAINT if pd.isna(row.estimate) else color, "left")
        if not pd.isna(row.estimate):
            _effect(ax, y, row, lowest, highest)
    _headings(ax, any(counts))
    printed = table.loc[table["kind"] == PRINT, "estimate"].dropna()
    for value in printed[printed.between(lowest, highest)]:
        ax.axvline(value, color=COLOR[PRINT], linewidth=0.5, linestyle=(0, (2, 2)), alpha=0.6, zorder=0)
    ax.axvline(SCALES[scale], color=palette.FAINT, linewidth=0.6, zorder=1)
    for place in np.flatnonzero(table["kind"] == SIMULATED)[:1]:
        ax.axhline(centres[place] - heights[place] / 2 - GAP / 2, color=palette.FAINT, linewidth=0.4)
    _axis(ax, scale, lowest, highest)
    bottom = centres[-1] + heights[-1] / 2
    ax.set(xlim=(lowest, highest), ylim=(bottom + 0.1, -0.9), yticks=[])
    ax.spines["left"].set_visible(False)
    palette.keep(ax, LEAST_MM[0], LEAST_MM[1] * (bottom + 1))
    ax.set_xlabel(_under_the_axis(ax, effect, left, right, marks, table))
    if title:
        ax.set_title(title, pad=8)
    return ax


def _checked(table: pd.DataFrame, scale: str) -> pd.DataFrame:
    """The table in the order of kinds with every column that is drawn; what cannot be drawn is refused."""
    if scale not in SCALES:
        raise UserError(f"scale '{scale}' is none of {', '.join(SCALES)}; write one of them")
    strange = table.loc[~table["kind"].isin(KINDS), "kind"]
    if len(strange):
        raise UserError(f"kind '{strange.iloc[0]}' is none of {', '.join(KINDS)}; write one of them")
    numbers = {name: pd.to_numeric(table[name]) if name in table else np.nan for name in NUMBERS}
    words = {name: table[name].fillna("").astype(str) if name in table else "" for name in ("caveats", "note")}
    label = table["label"].astype(str)
    lacks = (table["kind"] == SIMULATED) & ~label.str.contains("simulated", case=False)
    table = table.assign(**numbers, **words, label=label.mask(lacks, label + " (simulated)"))
    if scale == "log":
        for name, wrong in (("estimate", table["estimate"] <= 0), ("lower", table["lower"] < 0)):
            if wrong.any():
                raise UserError(
                    f"{name} of '{table.loc[wrong, 'label'].iloc[0]}' is {table.loc[wrong, name].iloc[0]:g}: no ratio; "
                    "give ratios, not their logs, or the scale linear"
                )
    order = table["kind"].map({kind: place for place, kind in enumerate(KINDS)})
    return table.iloc[np.argsort(order.to_numpy(), kind="stable")].reset_index(drop=True)


def _marks(table: pd.DataFrame) -> dict[str, str]:
    """A letter for each set of caveats, in the order of rows."""
    sets = [text for text in dict.fromkeys(table["caveats"]) if text]
    return {text: chr(ord("a") + place) for place, text in enumerate(sets)}


def _interval_text(scale: str, digits: int, lower: float, upper: float) -> str:
    """Limits as text: with a dash for ratios, with "to" for differences, whose sign would read as a dash."""
    joint = "–" if scale == "log" else " to "
    return f"{formats.number(lower, digits)}{joint}{formats.number(upper, digits)}"


def _words(
    table: pd.DataFrame, ax: Axes, marks: dict[str, str], scale: str, digits: int
) -> tuple[list[str], list[str], list[str], float]:
    """The names as they fit, counts and results of each row, and how far left of the axis the names begin (points)."""
    counts, results = [], []
    for row in table.itertuples():
        events = "" if pd.isna(row.events) else f" ({int(row.events):,})"
        counts.append("" if pd.isna(row.n) else f"{int(row.n):,}{events}")
        if pd.isna(row.estimate):
            results.append(palette.wrap(row.note or formats.NOT_ESTIMABLE, 70, SMALL))
            continue
        limits = "" if pd.isna(row.lower) else f" ({_interval_text(scale, digits, row.lower, row.upper)})"
        result = f"{formats.number(row.estimate, digits)}{limits}"
        if not pd.isna(row.prediction_lower):
            result += f"\nPI {_interval_text(scale, digits, row.prediction_lower, row.prediction_upper)}"
        results.append(result)
    beside = max(palette.text_width(text, SMALL) for text in [*results, RESULTS]) + APART
    headed = [*counts, COUNTS] if any(counts) else [""]
    counted = max(palette.text_width(text, SMALL) for text in headed) + APART
    marked = [f"{row.label} ({marks[row.caveats]})" if row.caveats else row.label for row in table.itertuples()]
    room = palette.cell(ax)[0] - beside - counted - APART - LEAST_MM[0] * palette.POINT - 3 * palette.PAD
    room = max(min(room, WIDEST * palette.cell(ax)[0]), NARROWEST)
    names = [palette.wrap(text, room, NAME, "bold") for text in marked]
    wide = max(palette.text_width(text, NAME, "bold") for text in names)
    return names, counts, results, wide + APART + counted


def _headings(ax: Axes, counted: bool) -> None:
    """What the columns of text hold, over the first row."""
    if counted:
        _beside(ax, -0.35, COUNTS, -APART, SMALL, palette.FAINT, "right")
    _beside(ax, -0.35, RESULTS, APART, SMALL, palette.FAINT, "left")


def _beside(
    ax: Axes, y: float, words: str, points: float, size: float, color: str, align: str, weight="normal"
) -> None:
    """Words so many points left of the axes (negative) or right of it."""
    ax.annotate(
        words, (float(points > 0), y), xytext=(points, 0), xycoords=("axes fraction", "data"),
        textcoords="offset points", ha=align, va="center", fontsize=size, color=color, weight=weight, linespacing=1.1,
    )  # fmt: skip


def _span(table: pd.DataFrame, scale: str) -> tuple[float, float]:
    """The ends of the axis: all estimates and intervals, but none much further than the outermost estimates, lest one
    wide interval leaves the others no room."""
    there, back, most = (np.log, np.exp, np.log(MOST_FOLD)) if scale == "log" else (np.asarray, np.asarray, np.inf)
    estimates = np.append(there(table["estimate"].dropna().to_numpy(float)), there(SCALES[scale]))
    estimates = np.clip(estimates, -most, most)
    with np.errstate(divide="ignore"):
        limits, predicted = (
            there(table[list(names)].to_numpy(float))
            for names in (("lower", "upper"), ("prediction_lower", "prediction_upper"))
        )
    widths = limits[:, 1] - limits[:, 0]
    widths = widths[np.isfinite(widths) & (widths > 0)]
    middle = float(np.median(widths)) if len(widths) else 0.5 * float(np.ptp(estimates)) or 1.0
    ends = [estimates]
    for values, reach in ((limits, REACH["limits"]), (predicted, REACH["prediction"])):
        within = np.clip(values, estimates.min() - reach * middle, estimates.max() + reach * middle)
        ends.append(np.clip(within[~np.isnan(values)], -most, most))
    low, high = np.concatenate(ends).min(), np.concatenate(ends).max()
    edge = 0.06 * (high - low) or 0.5
    return float(back(low - edge)), float(back(high + edge))


def _effect(ax: Axes, y: float, row, lowest: float, highest: float) -> None:
    """One row's estimate with its interval: a diamond of print and summary, a square of a cohort, hollow if simulated;
    an arrow's head where a limit lies beyond the axis."""
    color, known = COLOR[row.kind], not pd.isna(row.lower)
    value = min(max(row.estimate, lowest), highest)
    low, high = (min(max(end, lowest), highest) if known else value for end in (row.lower, row.upper))
    if not pd.isna(row.prediction_lower):
        ends = [min(max(end, lowest), highest) for end in (row.prediction_lower, row.prediction_upper)]
        ax.plot(ends, [y, y], color=color, linewidth=0.8, linestyle=(0, (3, 1.5)), zorder=2)
        _heads(ax, y, (row.prediction_lower, row.prediction_upper), lowest, highest, color)
    if row.kind in (PRINT, SUMMARY) and known:
        corners = [(low, y), (value, y - DIAMOND), (high, y), (value, y + DIAMOND)]
        ax.add_patch(Polygon(corners, facecolor=color, edgecolor=color, linewidth=0.5, zorder=3))
    else:
        ax.plot([low, high], [y, y], color=color, linewidth=1, zorder=2)
        mark, face = ("D" if row.kind in (PRINT, SUMMARY) else "s"), ("white" if row.kind == SIMULATED else color)
        if value == row.estimate:  # else an arrow's head at the edge stands for it
            ax.plot([value], [y], mark, color=color, markerfacecolor=face, markersize=4, markeredgewidth=0.9, zorder=4)
    ends = (row.lower, row.upper) if known else (row.estimate, row.estimate)
    _heads(ax, y, ends, lowest, highest, color)


def _heads(ax: Axes, y: float, limits: tuple[float, float], lowest: float, highest: float, color: str) -> None:
    for beyond, edge, mark in ((limits[0] < lowest, lowest, "<"), (limits[1] > highest, highest, ">")):
        if beyond:
            ax.plot([edge], [y], mark, color=color, markersize=3.5, zorder=3, clip_on=False)


def _axis(ax: Axes, scale: str, lowest: float, highest: float) -> None:
    """The scale and its ticks, as many as stand side by side."""
    if scale == "linear":
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        return
    ax.set_xscale("log")
    wide = max(palette.inner_width(ax), LEAST_MM[0] * palette.POINT)

    def fits(ticks: list[float]) -> bool:
        apart = np.diff(np.log(ticks)) / np.log(highest / lowest) * wide
        room = [palette.text_width(f"{tick:g}") + 3 for tick in ticks]
        return all((apart > (np.array(room[:-1]) + room[1:]) / 2).tolist())

    within = ([tick for tick in ticks if lowest <= tick <= highest] for ticks in TICKS)
    ticks = next((ticks for ticks in within if len(ticks) > 1 and fits(ticks)), [1.0])
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])


def _under_the_axis(ax: Axes, effect: str, left: str, right: str, marks: dict[str, str], table: pd.DataFrame) -> str:
    """What the axis shows, what its sides mean, and the key of letters."""
    lines = [f"{effect} (95% CI)"]
    if left and right:
        lines.append(f"← {left}      {right} →")
    if marks:
        lines.append(
            "Measured otherwise: " + "; ".join(f"({letter})\N{NO-BREAK SPACE}{text}" for text, letter in marks.items())
        )
    if table["prediction_lower"].notna().any():
        lines.append("PI: 95% prediction interval, dashed")
    return "\n".join(lines)
