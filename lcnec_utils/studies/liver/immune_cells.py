"""Notebook 11: fractions of stained immune cells in lung and liver lesions, with their denominator stated."""

import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.core.findings import Finding
from lcnec_utils.core.params import STAINED_CELLS
from lcnec_utils.ledger import claims
from lcnec_utils.stats.paired import attainable_pairs, paired_shift
from lcnec_utils.studies.liver.organ_pairs import (
    LIVER,
    LUNG,
    NOT_STATED,
    ORGANS,
    by_organ,
    counted,
    organ_pairs,
    organs,
)

# Tail of a claim's id → population; population → column with its count
POPULATIONS = {"cd8": "CD8+ cells", "cd56dim": "CD56dim NK cells"}
COUNTS = {"CD8+ cells": "N_CD8", "CD56dim NK cells": "N_CD56DIM"}
DENOMINATORS = dict(zip(STAINED_CELLS, ("N_CELLS", "N_CD45"), strict=True))
CLAIM = "liver.lm_mihc.{}"


@dataclasses.dataclass(frozen=True)
class StainedCells:
    """Fractions of stained cells in percent.

    fractions: samples × populations, of `denominator`. pairs: of `organ_pairs`, None where no patient has both organs.
    organ: of each sample, in words. table: what is compared, one row per population and denominator (see `comparison`).
    """

    fractions: pd.DataFrame
    denominator: str
    pairs: pd.DataFrame | None
    organ: pd.Series
    table: pd.DataFrame

    def of_pairs(self, population: str) -> pd.DataFrame:
        """The fractions of a population, one row per pair: lung, liver, together."""
        return by_organ(self.fractions[population], self.pairs)


def fractions(cohort: Cohort, *, denominator: str) -> pd.DataFrame:
    """Percent of the denominator's cells that are of each population that was counted; samples × populations.

    denominator: one of STAINED_CELLS. A sample without a cell of the denominator has none. Raises MissingData where
    the denominator or every population was not counted, UserError where a population has more cells than it.
    """
    cells = counted(cohort, DENOMINATORS[denominator], f"counts of {denominator}")
    columns = {name: column for name, column in COUNTS.items() if column in cohort.samples}
    if not columns:
        raise MissingData(
            f"{cohort.name} has no stained cells: its table of samples has no column {COUNTS['CD8+ cells']}"
        )
    table = pd.DataFrame({name: counted(cohort, column, name) for name, column in columns.items()})
    more = table.gt(cells, axis=0)
    if more.any(axis=None):
        row, column = np.argwhere(more.to_numpy())[0]
        raise UserError(
            f"{cohort.name}/data_clinical_sample.txt, column {COUNTS[table.columns[column]]}: sample "
            f"{table.index[row]} has more {table.columns[column]} than {denominator}; correct the counts"
        )
    return 100 * table.div(cells.where(cells > 0), axis=0)


def stained_cells(cohort: Cohort, *, denominator: str, simultaneous_months: float = 1.0) -> StainedCells:
    """The fractions of a cohort's samples, paired by patient where there are pairs; the other denominators' comparisons
    stand beside. Raises as `fractions`."""
    shown = fractions(cohort, denominator=denominator)
    organ = organs(cohort).fillna(NOT_STATED)
    try:
        pairs = organ_pairs(cohort, simultaneous_months=simultaneous_months)
    except MissingData:
        return StainedCells(shown, denominator, None, organ, by_group(shown, organ, denominator))
    tables = []
    for name in (denominator, *(other for other in STAINED_CELLS if other != denominator)):
        try:
            tables.append(comparison(fractions(cohort, denominator=name), pairs, name))
        except MissingData:
            continue
    return StainedCells(shown, denominator, pairs, organ, pd.concat(tables, ignore_index=True))


def comparison(values: pd.DataFrame, pairs: pd.DataFrame, denominator: str) -> pd.DataFrame:
    """Every population of the liver less that of the lung in a pair, all pairs and those taken together.

    Columns: what, denominator, which (pairs), pairs, median_lung, median_liver, difference (percentage points,
    Hodges–Lehmann), lower, upper, lower_90, upper_90, p (Wilcoxon signed-rank), note.
    """
    rows = []
    together = pairs["together"].fillna(False).astype(bool)
    for population in values:
        for which, chosen in (("all", pairs), ("taken together", pairs[together])):
            table = by_organ(values[population], chosen)
            finding = paired_shift(table[LIVER], table[LUNG], what=population)
            both = table[list(ORGANS)].dropna()
            rows.append(
                {
                    "what": population, "denominator": denominator, "which": which, "pairs": finding.n,
                    "median_lung": both[LUNG].median(), "median_liver": both[LIVER].median(),
                    "difference": finding.value, "lower": finding.lower, "upper": finding.upper,
                    "lower_90": finding.lower_90, "upper_90": finding.upper_90, "p": finding.p, "note": finding.note,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def by_group(values: pd.DataFrame, organ: pd.Series, denominator: str) -> pd.DataFrame:
    """n, median and quartiles of every population by organ: what, denominator, organ, n, q1, median, q3."""
    rows = []
    for population in values:
        for name, part in values[population].dropna().groupby(organ.reindex(values.index)):
            q1, median, q3 = part.quantile([0.25, 0.5, 0.75])
            rows.append({"what": population, "denominator": denominator, "organ": name, "n": len(part), "q1": q1,
                         "median": median, "q3": q3})  # fmt: skip
    return pd.DataFrame(rows)


def stained_findings(stained: StainedCells) -> dict[str, list[Finding]]:
    """Findings on the stained populations, by the tail of a claim's id: percentage points, liver less lung."""
    lacking = Finding(None, note="no patient has a stained sample of both organs")
    answers = {}
    for id, population in POPULATIONS.items():
        if stained.pairs is None:
            answers[id] = [lacking]
        elif population not in stained.fractions:
            answers[id] = [Finding(None, note=f"{population} were not counted")]
        else:
            table = stained.of_pairs(population)
            answers[id] = [paired_shift(table[LIVER], table[LUNG], what=population)]
    return answers | {"infiltration.discussion": [finding for each in answers.values() for finding in each]}


def printed_p_sentence(most: int) -> str:
    """With which numbers of pairs, up to so many, the exact signed-rank test can give both printed p."""
    printed = [claims.published()[CLAIM.format(id)].p for id in POPULATIONS]
    able = [attainable_pairs(p, most=most) for p in printed]
    both = sorted(set(able[0]) & set(able[1]))
    numbers = formats.listed([str(n) for n in both]) or "no number of"
    return (
        f"The source names neither the test nor the number of pairs; the exact signed-rank test without ties gives "
        f"both printed p ({formats.listed(printed)}) with {numbers} pairs of at most {most}."
    )


def stained_sentence(stained: StainedCells) -> str:
    """The fractions with their denominator: differences in pairs, else medians by organ."""
    if stained.pairs is None:
        parts = [
            f"{row.what} {formats.number(row.median, 1)}% ({formats.number(row.q1, 1)} to {formats.number(row.q3, 1)}; "
            f"n = {row.n}, {row.organ})"
            for row in stained.table.itertuples()
        ]
        return (
            f"Of {stained.denominator}, median and quartiles: {'; '.join(parts)}. No patient has both organs, so "
            "nothing is compared and no claim is judged."
        )
    parts = []
    for row in stained.table.dropna(subset="difference").query("which == 'all'").itertuples():
        limits = f"{formats.number(row.lower, 2)} to {formats.number(row.upper, 2)}"
        parts.append(
            f"{row.what} of {row.denominator} {formats.number(row.median_lung, 1)}% in the lung and "
            f"{formats.number(row.median_liver, 1)}% in the liver, difference {formats.number(row.difference, 2)} "
            f"points (95% CI {limits}; {formats.p_value(row.p)}; n = {row.pairs})"
        )
    return f"Medians and differences within pairs (Hodges–Lehmann; Wilcoxon signed-rank): {'; '.join(parts)}."
