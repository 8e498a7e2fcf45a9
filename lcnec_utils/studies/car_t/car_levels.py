"""Notebook 12: the peak of CAR T cells in blood, and immune scores, by cell of origin; the peak against T cells in the
tumour before and after infusion.

The peak is measured after infusion, as the early biopsies are: here they are correlated, never a cause of one another.
"""

import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_parameter
from lcnec_utils.stats.proportions import benjamini_hochberg, shares, split_by_size
from lcnec_utils.stats.ranks import kruskal_wallis, quartiles_by_group
from lcnec_utils.studies.car_t import immune_scores, patients
from lcnec_utils.studies.car_t.contexture_outcomes import correlation_words
from lcnec_utils.studies.car_t.immune_scores import IMMUNOSCORE, IMMUNOSIGN, Scores
from lcnec_utils.studies.car_t.patients import ORIGINS, Known
from lcnec_utils.studies.car_t.populations import (
    CYTOTOXIC,
    EARLY,
    EVERY_CHECKPOINT,
    HELPER,
    NO_CHECKPOINT,
    T_CELLS,
)

GCB_OR_UNCLASSIFIED = "GCB or unclassified"
PEAK, PEAK_BY_BURDEN, RESPONSE = "CAR T peak", "CAR T peak / burden", "objective response"
# Cells of biopsies after infusion, by the panel that stains TOX: name → population
HELPER_NO_CHECKPOINT, HELPER_NO_TOX = "Th, no checkpoint", "Th, no TOX"
TC_ALL, TC_TOX = "Tc, all checkpoints and TOX", "Tc, TOX and a checkpoint"
TOX_T_CELLS, TC_TOX_ALONE = "T cells with TOX", "Tc, TOX without a checkpoint"
AFTER = {
    HELPER_NO_CHECKPOINT: f"{HELPER} {NO_CHECKPOINT}",
    HELPER_NO_TOX: f"{HELPER} TOX-",
    TC_ALL: f"{CYTOTOXIC} {EVERY_CHECKPOINT} TOX+",
    "Tc with TOX": f"{CYTOTOXIC} TOX+",
    TC_TOX_ALONE: f"{CYTOTOXIC} {NO_CHECKPOINT} TOX+",
    TOX_T_CELLS: f"{T_CELLS} TOX+",
}
SHOWN_AFTER = (HELPER_NO_CHECKPOINT, HELPER_NO_TOX, TC_ALL, TC_TOX, TOX_T_CELLS)
FOUR_CHECKPOINTS = len((f"{EVERY_CHECKPOINT} TOX+").split())
BEFORE = {"Th, no checkpoint": ("TCE", f"{HELPER} {NO_CHECKPOINT}"), "T cells": ("TL", T_CELLS)}
PEAKS = {PEAK: "car_peak", PEAK_BY_BURDEN: "car_peak_by_burden"}


# --- by cell of origin


@dataclasses.dataclass(frozen=True)
class ByOrigin:
    """Values by cell of origin. known: by patient; origin: categorical by patient; names: what is compared, in words →
    column of known; table: one row per value and group (`quartiles_by_group`), tests: one row per value; labels: what a
    figure calls a value, where that is another word."""

    known: Known
    origin: pd.Series
    names: dict[str, str]
    table: pd.DataFrame
    tests: pd.DataFrame
    labels: dict[str, str] = dataclasses.field(default_factory=dict)


def _by_origin(known: Known, names: dict[str, str], *, ratio: bool, min_group: int) -> ByOrigin:
    """Values compared between cells of origin: Kruskal–Wallis over those with min_group, ABC against the others."""
    known.need("origin")
    origin = pd.Series(pd.Categorical(known.values["origin"], ORIGINS), known.values.index, name="origin")
    origin = origin.cat.remove_unused_categories()
    shown = known.values[list(names.values())].set_axis(list(names), axis=1).astype(float)
    rows = []
    for name, column in names.items():
        finding = (patients.ratio if ratio else patients.shift)(known, column, "abc")
        statistic, df, p = kruskal_wallis(known.values[column].astype(float), origin, min_group=min_group)
        rows.append(
            patients.row(finding, what=name, scale="ratio" if ratio else "difference")
            | {"smaller_side": finding.smallest, "kruskal_wallis": statistic, "df": df, "kruskal_wallis_p": p}
        )
    return ByOrigin(known, origin, names, quartiles_by_group(shown, origin.dropna()), pd.DataFrame(rows))


def peaks_by_origin(cohort: Cohort, *, min_group: int) -> ByOrigin:
    """The peak of CAR T cells, alone and divided by burden, by cell of origin. Raises MissingData where either the peak
    or the cell of origin is lacking."""
    known = patients.outcomes(cohort)
    known.need("car_peak")
    names = {name: column for name, column in PEAKS.items() if known.has(column)}
    return _by_origin(known, names, ratio=True, min_group=min_group)


def response_by_origin(of: ByOrigin) -> pd.DataFrame:
    """The share with an objective response by cell of origin (`proportions.shares`); no rows where it is unknown."""
    flags = of.known.values[["objective_response"]].set_axis([RESPONSE], axis=1).astype("boolean")
    table = shares(flags, of.origin)
    return table if of.known.has("objective_response") else table.iloc[:0]


def peak_findings(of: ByOrigin) -> dict[str, list[Finding]]:
    """Findings on CAR T cells and response by cell of origin, by the tail of a claim's id: ABC against the others."""
    return {
        "peak": [patients.ratio(of.known, "car_peak", "abc")],
        "response.discussion": [patients.difference(of.known, "objective_response", "abc")],
    }


def scores_by_origin(cohort: Cohort, scores: Scores, *, min_group: int) -> ByOrigin:
    """Immune scores by cell of origin. Raises MissingData where the cohort has no score, or no cell of origin."""
    known = patients.outcomes(cohort).join(scores.known)
    if not scores.names:
        raise MissingData("; ".join(scores.known.lacking.values()))
    compared = _by_origin(known, {name: name for name in scores.names}, ratio=False, min_group=min_group)
    return dataclasses.replace(compared, labels={name: scores.label(name) for name in scores.names})


def score_sets(cohorts: dict[str, Cohort], *, genes: list[str], min_group: int) -> dict[str, tuple[ByOrigin, str]]:
    """`scores_by_origin` of each cohort that has what it needs, and what its scores are made of, by role.

    Raises MissingData, with every reason, where none has.
    """
    sets, reasons = {}, []
    for role, cohort in cohorts.items():
        scores = immune_scores.scores(cohort, genes=genes)
        try:
            sets[role] = scores_by_origin(cohort, scores, min_group=min_group), immune_scores.made_of_sentence(scores)
        except MissingData as reason:
            reasons.append(str(reason))
    if not sets:
        raise MissingData("; ".join(reasons) or "this run names no cohort of these roles")
    return sets


def score_sentence(found: dict[str, tuple[ByOrigin, str]], titles: dict[str, str], *, min_group: int) -> str:
    """`origin_sentence` of each set behind its title, with what its scores are made of. found: of `score_sets`."""
    return " ".join(
        f"**{titles[role]}.** {words} {origin_sentence(of, min_group=min_group)}" for role, (of, words) in found.items()
    )


def score_table(sets: dict[str, ByOrigin]) -> pd.DataFrame:
    """The tests of every set, one row per set and score."""
    return pd.concat({role: of.tests for role, of in sets.items()}, names=["role"]).reset_index(level=0)


def score_findings(of: ByOrigin, role: str) -> dict[str, list[Finding]]:
    """Findings on scores by cell of origin, by the tail of a claim's id: ABC less the others.

    The Discussion's claims are on patients before any treatment, and asked of their role.
    """
    tail = "" if role == "car_t" else ".discussion"
    return {
        f"{id}{tail}": [patients.shift(of.known, name, "abc")]
        for id, name in (("immunoscore", IMMUNOSCORE), ("immunosign21", IMMUNOSIGN))
    }


def origin_sentence(of: ByOrigin, *, min_group: int) -> str:
    """ABC against the others with limits, and the Kruskal–Wallis test, of each value."""
    _, small = split_by_size(of.origin, min_group=min_group)
    parts = []
    for _, test in of.tests.iterrows():
        if pd.isna(test["value"]):
            parts.append(f"{test['what']}: {test['note']}")
            continue
        word = "ratio" if test["scale"] == "ratio" else "difference"
        limits = " to ".join(formats.number(test[name], 2) for name in ("lower_90", "upper_90"))
        parts.append(
            f"{test['what']}, ABC against {GCB_OR_UNCLASSIFIED}: {word} {formats.number(test['value'], 2)} (95% CI "
            f"{formats.number(test['lower'], 2)} to {formats.number(test['upper'], 2)}, 90% {limits}; "
            f"n = {int(test['n'])}); Kruskal–Wallis {formats.p_value(test['kruskal_wallis_p'])}"
        )
    few = f" Of fewer than {min_group} patients and in no Kruskal–Wallis test: {', '.join(small)}." if small else ""
    return f"{'; '.join(parts)}.{few}"


# --- the peak against T cells of the tumour


@dataclasses.dataclass(frozen=True)
class PeakAndCells:
    """The peak of CAR T cells and T cells of the tumour. known: by patient; names: cells → column of known; table: one
    row per cells and peak: what, peak, n, value (Spearman), limits, p, p_adjusted, note."""

    known: Known
    names: dict[str, str]
    table: pd.DataFrame


def _correlated(known: Known, names: dict[str, str]) -> PeakAndCells:
    rows = [
        patients.row(patients.correlation(known, column, peak), what=name, peak=label)
        for label, peak in PEAKS.items()
        for name, column in names.items()
    ]
    table = pd.DataFrame(rows)
    return PeakAndCells(known, names, table.assign(p_adjusted=benjamini_hochberg(table["p"])))


def cells_after(cohort: Cohort) -> PeakAndCells:
    """The peak of CAR T cells against exhausted and other T cells of the early biopsies (the panel with TOX).

    "TOX in combination with any checkpoint" is Tc with TOX less those without a checkpoint. Raises MissingData where
    no patient has a peak and stained early biopsy.
    """
    known = patients.outcomes(cohort)
    known.need("car_peak")
    cells = patients.densities(cohort, {name: ("TCE+", text) for name, text in AFTER.items()}, time=EARLY)
    if cells.has("Tc with TOX", TC_TOX_ALONE):
        with_one = (cells.values["Tc with TOX"] - cells.values[TC_TOX_ALONE]).clip(lower=0)
        cells = cells.add(**{TC_TOX: with_one})
    else:
        why = cells.lacking.get("Tc with TOX") or cells.lacking[TC_TOX_ALONE]
        cells = Known(cells.values.assign(**{TC_TOX: np.nan}), cells.lacking | {TC_TOX: why})
    known = known.join(cells)
    if not any(known.has(name) for name in SHOWN_AFTER):
        raise MissingData(known.lacking[SHOWN_AFTER[0]])
    return _correlated(known, {name: name for name in SHOWN_AFTER})


def after_findings(of: PeakAndCells) -> dict[str, list[Finding]]:
    """Findings on exhausted T cells after infusion, by the tail of a claim's id; of two readings both must hold."""

    def each(peak: str, *names: str) -> list[Finding]:
        return [patients.correlation(of.known, name, peak) for name in names]

    exhausted = each("car_peak", TC_ALL, TC_TOX)
    return {
        "exhausted.abstract": exhausted,
        "non_exhausted_th": each("car_peak", HELPER_NO_CHECKPOINT, HELPER_NO_TOX),
        "non_exhausted_th.by_burden": each("car_peak_by_burden", HELPER_NO_CHECKPOINT, HELPER_NO_TOX),
        "exhausted_tc": exhausted,
        "exhausted.checkpoints": [of_parameter(FOUR_CHECKPOINTS)],
        "exhausted.discussion": exhausted,
        "tox_vs_car_by_burden.discussion": each("car_peak_by_burden", TOX_T_CELLS),
        # "TOX, the central regulator of exhausted CD8 T cells": the cells that Results call exhausted for it
        "tox_response.discussion": each("response", TC_ALL, TC_TOX),
    }


def cells_before(cohort: Cohort, scores: Scores) -> PeakAndCells:
    """The peak of CAR T cells against T cells and Immunoscore before infusion. Raises MissingData where no patient has
    a peak and any of them."""
    known = patients.outcomes(cohort).join(patients.densities(cohort, BEFORE)).join(scores.known)
    known.need("car_peak")
    names = [name for name in (*BEFORE, IMMUNOSCORE) if known.has(name)]
    if not names:
        raise MissingData(known.lacking[next(iter(BEFORE))])
    return _correlated(known, {name: name for name in names})


def before_findings(of: PeakAndCells) -> dict[str, list[Finding]]:
    """Findings on T cells before infusion and the peak, by the tail of a claim's id."""
    helpers, t_cells = BEFORE
    return {
        "nonactivated_th.peak": [patients.correlation(of.known, helpers, "car_peak")],
        "nonactivated_th.peak_by_burden": [patients.correlation(of.known, helpers, "car_peak_by_burden")],
        "immunoscore": [patients.correlation(of.known, IMMUNOSCORE, "car_peak_by_burden")],
        "t_cell_involved_vs_car_by_burden.discussion": [patients.correlation(of.known, t_cells, "car_peak_by_burden")],
    }


def peak_plots(of: PeakAndCells) -> dict[str, pd.DataFrame]:
    """The correlations with each peak as `plots.difference_forest` takes them."""
    named = of.table.rename(columns={"value": "difference"})
    named["what"] = named["what"] + [f" (n = {int(n)})" if n == n else "" for n in named["n"]]
    return {peak: rows.reset_index(drop=True) for peak, rows in named.groupby("peak", sort=False)}


def peak_sentence(of: PeakAndCells) -> str:
    """The correlation of each kind of cells with the peak and with the peak divided by burden."""
    parts = []
    for peak, column in PEAKS.items():
        known = [f"{name} {correlation_words(patients.correlation(of.known, cells, column))}"
                 for name, cells in of.names.items()]  # fmt: skip
        parts.append(f"**{peak}.** {'; '.join(known)}.")
    return f"Spearman's correlation (95% CI). {' '.join(parts)}"
