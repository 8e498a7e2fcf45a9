"""Notebook 12: the figures of contexture, CAR T cells, response, toxicity and survival, each of several plots."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lcnec_utils.core import formats
from lcnec_utils.plots import palette
from lcnec_utils.plots.boxes import boxes
from lcnec_utils.plots.difference_forest import difference_forest
from lcnec_utils.plots.forest import forest
from lcnec_utils.plots.kaplan_meier import kaplan_meier
from lcnec_utils.plots.quadrant_scatter import quadrant_scatter
from lcnec_utils.plots.share_bars import share_bars
from lcnec_utils.stats.ranks import rank_sum
from lcnec_utils.studies.car_t import car_levels, cd8_subsets, contexture_outcomes, toxicity
from lcnec_utils.studies.car_t.car_levels import ByOrigin, PeakAndCells
from lcnec_utils.studies.car_t.cd8_subsets import RESPONDED, Subsets
from lcnec_utils.studies.car_t.contexture_outcomes import Models, Pairs, ScoreSurvival
from lcnec_utils.studies.car_t.patients import Known
from lcnec_utils.studies.car_t.toxicity import CD8_PD1, EVENT_GROUPS, TREG, Toxicity

COMPLETE = ("CR", "PR, SD or PD")
DENSITY = "per mm²"
LOG_DENSITY = "log10 of 1 + cells per mm²"
SCORES = (contexture_outcomes.IMMUNOSCORE, contexture_outcomes.IMMUNOSIGN)


def _lines(*rows: tuple[int, float], width_mm: float = palette.PAGE_MM, height_mm: float = 150) -> tuple[Figure, list]:
    """A figure of lines one under another, each with so many axes and so high a share; the figure and all axes.

    Lines do not share margins: names beside the axes of one leave those of another as wide as they are.
    """
    fig = palette.figure_only(width_mm, height_mm)
    outer = fig.add_gridspec(len(rows), 1, height_ratios=[share for _, share in rows])
    axes = []
    for line, (number, _) in enumerate(rows):
        inner = outer[line].subgridspec(1, number)
        axes += [fig.add_subplot(inner[0, place]) for place in range(number)]
    return fig, axes


def pairs(of: Pairs, *, title: str) -> Figure:
    """Burden against Th density before infusion, with an arrow to the one after; all T cells before against after."""
    fig, (left, right) = palette.figure(palette.PAGE_MM, 82, ncols=2)
    table = of.pairs.assign(group=_two(of.pairs["complete_response"], COMPLETE))
    cuts = [_cut(of.everyone.values, *names) for names in (("burden", "high_burden"), ("th_cells_pre", "many_th"))]
    quadrant_scatter(
        table, left, x="burden", y="th_cells_pre", then="th_cells_post", xlabel="Tumour burden, mm²", cuts=tuple(cuts),
        ylabel=f"Th cells {DENSITY}, before; arrow: days 7–14", title=title,
    )  # fmt: skip
    quadrant_scatter(
        table.assign(high=table["high_burden"]), right, x="t_cells_pre", y="t_cells_post", equal=True, corner="high",
        corner_label="high burden", xlabel=f"CD3+ cells {DENSITY}, before", ylabel=f"CD3+ cells {DENSITY}, days 7–14",
    )  # fmt: skip
    return fig


def _two(flags: pd.Series, words: tuple[str, str]) -> pd.Series:
    return pd.Series(pd.Categorical(flags.map({True: words[0], False: words[1]}), words), flags.index)


def _cut(values: pd.DataFrame, name: str, above: str) -> float:
    """The middle between the largest value that is not above a cut and the smallest that is."""
    high = values[above].fillna(False).astype(bool)
    return float(np.sqrt(values.loc[~high, name].max() * values.loc[high, name].min()))


def peaks_by_origin(of: ByOrigin, shares: pd.DataFrame, *, title: str, dots: bool) -> Figure:
    """Boxes of the peaks by cell of origin with the Kruskal–Wallis p, and beside them the shares of response."""
    number = len(of.names) + (len(shares) > 0)
    fig, axes = palette.grid(number, columns=3, height_mm=74)
    _origin_boxes(of, axes, title=title, log=True, dots=dots)
    if number > len(of.names):
        share_bars(shares, axes[-1], ylabel="Objective response, % (95% CI)")
    return fig


def scores_by_origin(sets: dict[str, ByOrigin], *, titles: dict[str, str], dots: dict[str, bool]) -> Figure:
    """Boxes of each score by cell of origin in each set. sets, titles, dots: by role."""
    most = max(len(of.names) for of in sets.values())
    fig, axes = palette.grid(most * len(sets), columns=most, height_mm=76)
    for line, (role, of) in enumerate(sets.items()):
        own = axes[line * most : (line + 1) * most]
        _origin_boxes(of, own, title=titles[role], log=False, dots=dots[role])
        for ax in own[len(of.names) :]:
            palette.nothing(ax, "; ".join(of.known.lacking.get(name, "") for name in SCORES if name not in of.names))
    return fig


def _origin_boxes(of: ByOrigin, axes: list, *, title: str, log: bool, dots: bool) -> None:
    """Boxes of each value by cell of origin, with the Kruskal–Wallis p as their title."""
    tests = of.tests.set_index("what")
    for ax, (name, column) in zip(axes, of.names.items(), strict=False):
        values = of.known.values[column].astype(float)
        p = tests.at[name, "kruskal_wallis_p"]
        unit = {"car_peak": "cells per µl", "car_peak_by_burden": "cells per µl and mm²"}.get(column, "")
        named = of.labels.get(name, name)
        label = f"{named}{f', {unit}' if unit else ''}{', log10' if log else ''}"
        shown = np.log10(values.where(values > 0)) if log else values
        boxes(
            shown, of.origin, ax, ylabel=label, dots=dots, title=f"{title}\nKruskal–Wallis {formats.p_value(p)}".strip()
        )
        title = ""


def peak_and_cells(of: PeakAndCells, *, title: str, scatter: list[str]) -> Figure:
    """Named cells against the peak as dots, and the correlations of all cells with the peak and with it by burden."""
    shown = [name for name in scatter if of.known.has(of.names.get(name, name))]
    plots = car_levels.peak_plots(of)
    lines = [*([(len(shown), 12.0)] if shown else []), *((1, len(of.names) + 3.5) for _ in plots)]
    fig, axes = _lines(*lines, height_mm=6 * sum(share for _, share in lines))
    response = of.known.values["objective_response"].astype("boolean")
    words = (*RESPONDED, "not known")
    group = response.map({True: RESPONDED[0], False: RESPONDED[1]}).astype(object).fillna(words[2])
    table = of.known.values.assign(group=pd.Series(pd.Categorical(group, words), response.index))
    for ax, name in zip(axes, shown, strict=False):
        score = of.names[name] == contexture_outcomes.IMMUNOSCORE
        quadrant_scatter(
            table, ax, x=of.names[name], y="car_peak_by_burden" if score else "car_peak",
            logarithmic="y" if score else "xy",
            ylabel="CAR T peak / burden, per µl and mm²" if score else "CAR T peak, cells per µl",
            xlabel=name if score else f"{name}, {DENSITY}", title=title,
        )  # fmt: skip
        title = ""
    for ax, (peak, rows) in zip(axes[len(shown) :], plots.items(), strict=True):
        difference_forest(rows, ax, xlabel=f"Spearman's correlation with {peak}", title=title)
        title = ""
    return fig


def survival_by_score(of: ScoreSurvival, *, title: str, time_zero: str, dots: bool) -> Figure:
    """Densities of T cells by response, and survival by each score."""
    cells = [name for name in ("tc_cells", "th_cells") if of.known.has(name, "objective_response")]
    fig, axes = palette.grid(len(cells) + len(of.comparisons), columns=2, height_mm=92)
    groups = _two(of.known.values["objective_response"], RESPONDED) if cells else None
    words = {"tc_cells": "Cytotoxic T cells", "th_cells": "T helper cells"}
    for ax, name in zip(axes, cells, strict=False):
        values = np.log10(1 + of.known.values[name].astype(float))
        sides = [of.known.values.loc[groups == word, name].dropna().to_numpy(float) for word in RESPONDED]
        p = rank_sum(*sides)
        boxes(values, groups, ax, ylabel=f"{words[name]}, {LOG_DENSITY}", pairs={RESPONDED: p}, dots=dots, title=title)
        title = ""
    for ax, (name, groups) in zip(axes[len(cells) :], of.comparisons.items(), strict=True):
        kaplan_meier(groups, ax, time_zero=time_zero, title=f"{title}\n{of.scores.label(name)}".strip())
        title = ""
    return fig


def survival_forest(of: ScoreSurvival, models: Models, *, title: str, dots: bool) -> Figure:
    """A forest for each model, on one axis of ratios, and the two scores against each other where dots may be drawn."""
    names = list(dict.fromkeys(models.table["model"]))
    together = dots and len(of.scores.names) == 2
    rows = models.table["model"].value_counts()[names]
    shares = [*((1, float(number) + 2.5) for number in rows), *([(2, 8.0)] if together else [])]
    fig, axes = _lines(*shares, width_mm=0.82 * palette.PAGE_MM, height_mm=6 * sum(share for _, share in shares))
    for ax, name in zip(axes, names, strict=False):
        forest(
            contexture_outcomes.forest_table(models, name), ax, title=f"{title}\n{name}".strip(), span=models.table,
            left="longer survival", right="shorter survival",
        )  # fmt: skip
        title = ""
    if together:
        one, other = of.scores.names
        both = of.known.values[[one, other]].dropna()
        groups = pd.Series(pd.Categorical(["both scores"] * len(both)), both.index)
        labels = {"xlabel": of.scores.label(one), "ylabel": of.scores.label(other)}
        quadrant_scatter(both.assign(group=groups), axes[-2], x=one, y=other, logarithmic="", **labels)
        axes[-1].set_axis_off()
        words = palette.wrap(contexture_outcomes.correlation_words(models.scores_together), 150)
        axes[-1].text(0, 1, f"The two scores:\n{words}", transform=axes[-1].transAxes, va="top", fontsize=palette.TEXT)
    return fig


def _ratio_rows(known: Known, table: pd.DataFrame, marked: str, unit: str = "") -> pd.DataFrame:
    """Rows of `patients.row` as `plots.forest` takes them, with the medians of the marked and of the others."""
    counts = []
    for name in table["what"]:
        values = known.values[name].astype(float).groupby(known.values[marked].astype("boolean")).median()
        pair = [formats.number(values.get(side, np.nan), 0 if values.max() >= 10 else 1) for side in (True, False)]
        counts.append(f"{pair[0]} / {pair[1]}{unit}" if known.has(name) else "")
    return table.rename(columns={"what": "term", "value": "hr"}).assign(counts=counts)


def subsets(of: Subsets, *, title: str) -> Figure:
    """Ratios of densities, responders over the others; how often each CD8 subset is first; myeloid against T cells."""
    fig, axes = _lines((1, 0.62), (2, 0.38), height_mm=215)
    shown = of.table[[of.known.has(name) for name in of.table["what"]]]
    words = f"medians per mm², {RESPONDED[0]} / {RESPONDED[1]}"
    of_cd8 = shown["kind"] == "CD8 subset"
    terms = shown["what"].where(~of_cd8, "CD8+ " + shown["what"])
    forest(
        _ratio_rows(of.known, shown, "objective_response").assign(term=terms), axes[0], left="denser without response",
        right="denser with response", ratio=f"Ratio of densities, {RESPONDED[0]} over {RESPONDED[1]}",
        title=f"{title}\nBefore infusion ({words}; n = {int(shown['n'].max())})",
    )  # fmt: skip
    if of.places is None:
        palette.nothing(axes[1], of.why_no_places)
    else:
        _first_places(of, axes[1])
    quadrant_scatter(
        cd8_subsets.myeloid_and_t_cells(of), axes[2], x="t_cells", y="myeloid", equal=True,
        xlabel=f"T cells {DENSITY} (line: as many)", ylabel=f"Myeloid cells, densest kind, {DENSITY}",
    )  # fmt: skip
    return fig


def _first_places(of: Subsets, ax) -> None:
    """Bars of how often each CD8 subset is the most significant."""
    shown = of.places.iloc[::-1]
    tone = [palette.EMPHASIS if name in cd8_subsets.ACTIVATED_SUBSETS else palette.FAINT for name in shown["what"]]
    bars = ax.barh(list(shown["what"]), 100 * shown["first"], color=tone, height=0.6)
    ax.bar_label(bars, [f"{formats.number(100 * value, 0)}%" for value in shown["first"]], padding=2, fontsize=6)
    ax.set_xlabel(f"First by significance, % of {len(of.draws)} resamples of patients")
    ax.set_xlim(0, 120 * shown["first"].max() or 1)
    ax.tick_params(axis="y", length=0)
    ax.set_title("Activated subsets in red", pad=6)
    palette.keep(ax, 34, 5 * len(shown))


def regulatory_cells(of: Toxicity, *, title: str) -> Figure:
    """Tregs by checkpoint state with over without severe events; Tregs by event; Tregs against CD8+ PD-1+ cells."""
    fig, axes = _lines((1, 0.36), (2, 0.64), height_mm=140)
    shown = of.table[of.table["what"].isin([name for name in toxicity.CHECKPOINT_STATES if of.known.has(name)])]
    words = f"medians per mm², {EVENT_GROUPS[0]} / {EVENT_GROUPS[1]}"
    forest(
        _ratio_rows(of.known, shown, "high_grade_event"), axes[0], left="fewer with severe event", right="more",
        ratio=f"Ratio of densities, {EVENT_GROUPS[0]} over others",
        title=f"{title}\nBefore infusion ({words}; n = {int(shown['n'].max())})",
    )  # fmt: skip
    groups = toxicity.event_groups(of)
    p = of.table.set_index("what").at[TREG, "p"]
    values = np.log10(1 + of.known.values[TREG].astype(float))
    boxes(values, groups, axes[1], ylabel=f"{TREG}, {LOG_DENSITY}", pairs={EVENT_GROUPS: p})
    quadrant_scatter(
        of.known.values.assign(group=groups), axes[2], x=CD8_PD1, y=TREG, corner="corner",
        corner_label="few Tregs, CD8+ PD-1+ there", cuts=(of.cd8_cut, of.treg_cut), xlabel=f"{CD8_PD1} {DENSITY}",
        ylabel=f"{TREG} {DENSITY}",
    )  # fmt: skip
    return fig
