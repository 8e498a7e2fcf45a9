"""Replication forest: printed effects, each with every real cohort's, their summary with its prediction interval, and
apart from them in grey what simulated patients gave."""

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
SCALES = {"log": 1.0, "linear": 0.0, "plain": None}  # and where no effect is
NUMBERS = ["estimate", "lower", "upper", "prediction_lower", "prediction_upper", "n", "events"]
TICKS = (
    [0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 20, 50],
    [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50],
    [0.02, 0.1, 0.5, 1, 2, 10, 50],
    [0.1, 1, 10],
    [1],
)
NAME, SMALL = 7, 6.5  # points of the text of names and headings, and of all other
LEAST_MM = 24, 4.4  # width of the plot inside its axes, height of a row on one line
NARROWEST, WIDEST, APART = 52, 0.4, 5  # points of the column of names, its share of the width, points between columns
NOTE = 80  # points that a note has in the place of an estimate
GAP, BETWEEN = 0.2, 0.8  # rows between kinds, and between one effect and the next
LINE = 0.62  # rows, of each further line of a text
REACH = {"limits": 3.0, "prediction": 1.0}  # middle widths beyond the outermost estimates that the axis goes
MOST_FOLD = 20  # a ratio beyond which the axis does not go
DIAMOND = 0.3  # rows, half its height
COUNTS, RESULTS = "n (events)", "Estimate (95% CI)"
NOT_COUNTED = "†"


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
    letters: dict[str, str] | None = None,
    key: str | None = None,
    aside: float = 0,
) -> Axes:
    """Draw one row per body of evidence on ax, by kind: the print, real cohorts, their summary, simulated patients.

    table: kind (one of KINDS), label, estimate, lower, upper (95% limits; the print may lack them, or give limits
    alone, a range), and where known n, events, caveats (topics measured otherwise, with commas; each has a letter
    that is explained under the axis), counted (False: shares patients with a larger cohort, marked and hollow),
    note (shown where there is no estimate), prediction_lower, prediction_upper (of a summary), heading (of several
    effects on one axis: what each is; rows of one heading stand together). effect: what the axis shows. scale: log
    (of ratios, no effect at 1), linear (of differences, no effect at 0) or plain (of numbers, on which nothing is
    no effect). left, right: what an effect below and above that means. digits: decimals. letters, key, aside: where
    several axes share them, the letters of topics, what is said of marks under this axis, and how far left of it
    names begin (`letters_of`, `key_of`, `aside_of`). "simulated" is added to the label of simulated patients where
    it lacks. The figure grows with the rows.

    Raises MissingData where no row has an estimate; UserError for an unknown kind or scale, and for a ratio that is not
    above 0.
    """
    if table.empty:
        return palette.nothing(ax, "there is no body of evidence to compare", title)
    table = _checked(table, scale)
    if table["estimate"].isna().all():
        notes = "; ".join(dict.fromkeys(note or formats.NOT_ESTIMABLE for note in table["note"]))
        palette.shows_nothing(ax, f"no body of evidence gives an estimate here ({notes})")
    letters = letters_of(table) if letters is None else letters
    names, counts, results, own = _words(table, ax, letters, scale, digits)
    aside = max(aside, own)
    lines = [max(text.count("\n") + 1 for text in row) for row in zip(names, results, strict=True)]
    heads = _heading_lines(table, palette.cell(ax)[0] - 2 * palette.PAD)
    centres, tops, bottom = _places(table, np.array(lines), heads)
    lowest, highest = _span(table, scale)
    for y, row, name, count, result in zip(centres, table.itertuples(), names, counts, results, strict=True):
        color = palette.ink(COLOR[row.kind])
        _beside(ax, y, name, -aside, NAME, color, "left", weight="bold" if row.kind in (PRINT, SUMMARY) else "normal")
        _beside(ax, y, count, -APART, SMALL, palette.FAINT, "right")
        _beside(ax, y, result, APART, SMALL, palette.FAINT if pd.isna(row.estimate) else color, "left")
        if not pd.isna(row.estimate):
            _effect(ax, y, row, lowest, highest)
        elif not pd.isna(row.lower):
            _range(ax, y, row, lowest, highest)
    for place, text in heads.items():
        _beside(ax, tops[place], text, -aside, NAME, palette.INK, "left", "top", weight="bold")
    _headings(ax, any(counts))
    _guides(ax, table, scale, centres, np.array(lines), lowest, highest)
    _axis(ax, scale, lowest, highest)
    ax.set(xlim=(lowest, highest), ylim=(bottom + 0.1, -0.9), yticks=[])
    ax.spines["left"].set_visible(False)
    palette.keep(ax, LEAST_MM[0], LEAST_MM[1] * (bottom + 1))
    sides = [f"← {left}      {right} →"] if left and right else []
    ax.set_xlabel("\n".join([f"{effect} (95% CI)", *sides, key_of(table, letters) if key is None else key]).rstrip())
    if title:
        ax.set_title(title, pad=8)
    return ax


def aside_of(table: pd.DataFrame, ax: Axes, *, scale: str, digits: int, letters: dict[str, str]) -> float:
    """How far left of the axis the names of such a forest begin, in points: where several axes share it, the most."""
    return _words(_checked(table, scale), ax, letters, scale, digits)[3]


def letters_of(table: pd.DataFrame) -> dict[str, str]:
    """A letter for each topic of the caveats of a table's rows, in the order of rows."""
    texts = table["caveats"].dropna() if "caveats" in table else []
    topics = dict.fromkeys(topic.strip() for text in texts for topic in text.split(","))
    return {topic: chr(ord("a") + place) for place, topic in enumerate(topic for topic in topics if topic)}


def _heading_lines(table: pd.DataFrame, width: float) -> dict[int, str]:
    """The headings as they fit, by the place of the first row under each."""
    first = np.flatnonzero(table["heading"] != table["heading"].shift())
    return {int(place): palette.wrap(table["heading"].iloc[place], width, NAME, "bold")
            for place in first if table["heading"].iloc[place]}  # fmt: skip


def _places(
    table: pd.DataFrame, lines: np.ndarray, heads: dict[int, str]
) -> tuple[np.ndarray, dict[int, float], float]:
    """Where rows stand (their middles), where headings begin, and where the last row ends, in rows from the top."""
    centres, tops, y = [], {}, GAP if heads else 0.0
    for place, (kind, count) in enumerate(zip(table["kind"], lines, strict=True)):
        if place in heads:
            y += BETWEEN if place else 0.0
            tops[place] = y
            y += 1 + LINE * heads[place].count("\n")
        elif place and kind != table["kind"].iloc[place - 1]:
            y += GAP
        height = 1 + LINE * (count - 1)
        centres.append(y + height / 2)
        y += height
    return np.array(centres), tops, y


def _guides(
    ax: Axes, table: pd.DataFrame, scale: str, centres: np.ndarray, lines: np.ndarray, lowest: float, highest: float
) -> None:
    """No effect, and the print, down the rows of each heading; a line over the simulated."""
    tops, ends = (centres + side * (1 + LINE * (lines - 1)) / 2 for side in (-1, 1))
    for _, rows in table.groupby((table["heading"] != table["heading"].shift()).cumsum()):
        first, last = rows.index[0], rows.index[-1]
        if SCALES[scale] is not None:
            ax.plot([SCALES[scale]] * 2, [tops[first], ends[last]], color=palette.FAINT, linewidth=0.6, zorder=1)
        printed = rows.loc[rows["kind"] == PRINT, "estimate"].dropna()
        for value in printed[printed.between(lowest, highest)]:
            ax.plot([value] * 2, [centres[first], ends[last]], color=COLOR[PRINT], linewidth=0.5,
                    linestyle=(0, (2, 2)), alpha=0.6, zorder=0)  # fmt: skip
        for place in rows.index[rows["kind"] == SIMULATED][:1]:
            top = tops[place] - GAP / 2
            ax.plot([lowest, highest], [top, top], color=palette.FAINT, linewidth=0.4, zorder=0)


def _checked(table: pd.DataFrame, scale: str) -> pd.DataFrame:
    """The table in the order of kinds with every column that is drawn; what cannot be drawn is refused."""
    if scale not in SCALES:
        raise UserError(f"scale '{scale}' is none of {', '.join(SCALES)}; write one of them")
    strange = table.loc[~table["kind"].isin(KINDS), "kind"]
    if len(strange):
        raise UserError(f"kind '{strange.iloc[0]}' is none of {', '.join(KINDS)}; write one of them")
    numbers = {name: pd.to_numeric(table[name]) if name in table else np.nan for name in NUMBERS}
    words = {name: table[name].fillna("").astype(str) if name in table else ""
             for name in ("caveats", "note", "heading")}  # fmt: skip
    words["counted"] = table["counted"].astype("boolean").fillna(True).astype(bool) if "counted" in table else True
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
    group = table["heading"].map({text: place for place, text in enumerate(dict.fromkeys(table["heading"]))})
    order = table["kind"].map({kind: place for place, kind in enumerate(KINDS)})
    return table.iloc[np.lexsort((np.arange(len(table)), order, group))].reset_index(drop=True)


def _marked(row, letters: dict[str, str]) -> str:
    """A row's name with the marks of its caveats behind it."""
    of_row = {letters[topic.strip()] for topic in row.caveats.split(",") if topic.strip()}
    marks, known = [NOT_COUNTED] if not row.counted else [], list(letters.values())
    runs: list[list[str]] = []
    for letter in [letter for letter in known if letter in of_row]:
        follows = runs and known.index(letter) == known.index(runs[-1][-1]) + 1
        runs[-1].append(letter) if follows else runs.append([letter])
    marks += [f"{run[0]}–{run[-1]}" if len(run) > 2 else ",".join(run) for run in runs]
    return f"{row.label}\N{NO-BREAK SPACE}({','.join(marks)})" if marks else row.label


def _interval_text(scale: str, digits: int, lower: float, upper: float) -> str:
    """Limits as text: with a dash for ratios, with "to" for differences, whose sign would read as a dash."""
    joint = "–" if scale == "log" else " to "
    return f"{formats.number(lower, digits)}{joint}{formats.number(upper, digits)}"


def _words(
    table: pd.DataFrame, ax: Axes, letters: dict[str, str], scale: str, digits: int
) -> tuple[list[str], list[str], list[str], float]:
    """The names as they fit, counts and results of each row, and how far left of the axis the names begin (points)."""
    counts, results = [], []
    for row in table.itertuples():
        events = "" if pd.isna(row.events) else f" ({int(row.events):,})"
        counts.append("" if pd.isna(row.n) else f"{int(row.n):,}{events}")
        if pd.isna(row.estimate):
            results.append(palette.wrap(row.note or formats.NOT_ESTIMABLE, NOTE, SMALL))
            continue
        limits = "" if pd.isna(row.lower) else f" ({_interval_text(scale, digits, row.lower, row.upper)})"
        result = f"{formats.number(row.estimate, digits)}{limits}"
        if not pd.isna(row.prediction_lower):
            result += f"\nPI {_interval_text(scale, digits, row.prediction_lower, row.prediction_upper)}"
        results.append(result)
    beside = max(palette.text_width(text, SMALL) for text in [*results, RESULTS]) + APART
    headed = [*counts, COUNTS] if any(counts) else [""]
    counted = max(palette.text_width(text, SMALL) for text in headed) + APART
    marked = [_marked(row, letters) for row in table.itertuples()]
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
    ax: Axes, y: float, words: str, points: float, size: float, color: str, align: str, up="center", weight="normal"
) -> None:
    """Words so many points left of the axes (negative) or right of it."""
    ax.annotate(
        words, (float(points > 0), y), xytext=(points, 0), xycoords=("axes fraction", "data"),
        textcoords="offset points", ha=align, va=up, fontsize=size, color=color, weight=weight, linespacing=1.1,
    )  # fmt: skip


def _span(table: pd.DataFrame, scale: str) -> tuple[float, float]:
    """The ends of the axis: all estimates and intervals, but none much further than the outermost estimates, lest one
    wide interval leaves the others no room."""
    there, back, most = (np.log, np.exp, np.log(MOST_FOLD)) if scale == "log" else (np.asarray, np.asarray, np.inf)
    none = [] if SCALES[scale] is None else [there(SCALES[scale])]
    estimates = np.append(there(table["estimate"].dropna().to_numpy(float)), none)
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
        hollow = row.kind == SIMULATED or not row.counted
        mark, face = ("D" if row.kind in (PRINT, SUMMARY) else "s"), ("white" if hollow else color)
        if value == row.estimate:  # else an arrow's head at the edge stands for it
            ax.plot([value], [y], mark, color=color, markerfacecolor=face, markersize=4, markeredgewidth=0.9, zorder=4)
    ends = (row.lower, row.upper) if known else (row.estimate, row.estimate)
    _heads(ax, y, ends, lowest, highest, color)


def _range(ax: Axes, y: float, row, lowest: float, highest: float) -> None:
    """A printed range, which has no estimate: a bar with ends."""
    low, high = (min(max(end, lowest), highest) for end in (row.lower, row.upper))
    ax.plot([low, high], [y, y], "|-", color=COLOR[row.kind], linewidth=1.6, markersize=6, zorder=3)
    _heads(ax, y, (row.lower, row.upper), lowest, highest, COLOR[row.kind])


def _heads(ax: Axes, y: float, limits: tuple[float, float], lowest: float, highest: float, color: str) -> None:
    for beyond, edge, mark in ((limits[0] < lowest, lowest, "<"), (limits[1] > highest, highest, ">")):
        if beyond:
            ax.plot([edge], [y], mark, color=color, markersize=3.5, zorder=3, clip_on=False)


def _axis(ax: Axes, scale: str, lowest: float, highest: float) -> None:
    """The scale and its ticks, as many as stand side by side."""
    if scale != "log":
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


def key_of(table: pd.DataFrame, letters: dict[str, str]) -> str:
    """What the marks of a table's rows stand for, as text under an axis: letters of topics, hollow squares, PI."""
    said = []
    if letters:
        topics = "; ".join(f"{letter}\N{NO-BREAK SPACE}{topic}" for topic, letter in letters.items())
        said.append(f"Measured otherwise: {topics}")
    if "counted" in table and not table["counted"].astype("boolean").fillna(True).all():
        said.append(f"{NOT_COUNTED} hollow: not counted, shares patients with a larger cohort or with the print")
    if "prediction_lower" in table and table["prediction_lower"].notna().any():
        said.append("PI: 95% prediction interval, dashed")
    return "\n".join(said)
