"""Notebook 12: lymphoma without CAR T cells: cells of a public cohort by scores, and survival by cell of origin.

A public cohort has no stained tissue. Where its source gives CIBERSORTx's absolute scores, those of the kinds of cell
that make up a population stand for its density; every table says so. Its patients had other treatment, so nothing is
said here on CAR T cells.
"""

import pandas as pd

from lcnec_utils.cohort import assays
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding
from lcnec_utils.stats.comparison import Comparison, compare
from lcnec_utils.studies.car_t.immune_scores import CD8_CELLS, CELLS, OTHER_T_CELLS
from lcnec_utils.studies.car_t.patients import ORIGINS, STAINED, by_patient
from lcnec_utils.studies.car_t.populations import CYTOTOXIC, HELPER, MACROPHAGES, REGULATORY, T_CELLS

DENSITY, SCORE = "density", "CIBERSORTx score"
REGULATORY_CELLS = ("TREG",)
# Kinds of cell whose scores are summed to stand for a population; B cells are none: the source leaves them out of its
# signature, for the tumour is made of them
KINDS = {
    T_CELLS: (*CD8_CELLS, *OTHER_T_CELLS),
    CYTOTOXIC: CD8_CELLS,
    HELPER: tuple(kind for kind in OTHER_T_CELLS if kind not in REGULATORY_CELLS),
    REGULATORY: REGULATORY_CELLS,
    MACROPHAGES: tuple(f"MAC_{number}" for number in range(1, 8)),
}
NOT_ASKED = (
    "the claim is on recipients of CAR T cells; these patients had other treatment, and what their survival does by "
    "cell of origin answers nothing on CAR T cells"
)


def cells(cohort: Cohort, assay: str, population: str) -> tuple[pd.Series, str]:
    """A population before treatment by patient, and what it was measured as: its density, or the sum of CIBERSORTx's
    scores of its kinds of cell where the cohort was not stained.

    Raises MissingData where the cohort has neither, or is stained without that population: a score does not stand in
    for a density that is lacking.
    """
    if cohort.densities is not None or cohort.positivity is not None:
        return by_patient(cohort, assays.density(cohort, assay, population), fixation=STAINED), DENSITY
    columns = [CELLS.format(kind) for kind in KINDS.get(population, ())]
    if not columns or not set(columns) <= set(cohort.samples):
        raise MissingData(f"{cohort.name} has neither densities nor scores of {population} cells")
    scores = by_patient(cohort, cohort.samples[columns].astype(float))
    return scores.sum(axis=1, skipna=False), SCORE


def survival_by_origin(cohort: Cohort, *, min_group: int) -> tuple[Comparison, str]:
    """Overall survival by cell of origin, hazard ratios against GCB; and what treatment the cohort says it had.

    Raises MissingData where the cohort has no survival, or no cell of origin.
    """
    table = cohort.survival("OS")
    origin = cohort.column("CELL_OF_ORIGIN", "cell of origin")
    group = pd.Series(pd.Categorical(origin.where(origin.isin(ORIGINS)), ORIGINS), origin.index)
    compared = compare(
        table.join(group.rename("group")), group="group", endpoint="overall survival", min_group=min_group,
        total=len(cohort.patients), reference="GCB", source=cohort.name,
    )  # fmt: skip
    return compared, cohort.caveats.get("treatment", "Their treatment is not stated.")


def origin_findings(car_t: str) -> dict[str, list[Finding]]:
    """Why survival by cell of origin of these patients answers no claim; nothing where the run has CAR T recipients
    (car_t: the cohort in that role), of whom it is asked."""
    return {} if car_t else {"coo_os.discussion": [Finding(None, note=NOT_ASKED)]}


def origin_sentence(groups: Comparison, treatment: str) -> str:
    """Hazard ratios against GCB, who is left out, and that nothing here is on CAR T cells."""
    ratios = [
        f"{row.group} against {groups.reference} {formats.hazard_ratio(row.hr, row.lower, row.upper)}"
        for row in groups.ratios.itertuples()
    ]
    said = f"Hazard ratio of death {formats.listed(ratios)}; " if ratios else ""
    return (
        f"{said}log-rank {formats.p_value(groups.log_rank.p)}; n = {int(groups.medians['n'].sum())}, {groups.dropped} "
        f"of {groups.total} left out for want of follow-up or cell of origin. {treatment} The source's claim on cell "
        "of origin and survival is on CAR T recipients and is not put to these patients."
    )
