"""Recipients of CAR T cells with stained cells by their combination of markers, whose associations are put in."""

import itertools

import numpy as np
import pandas as pd

from lcnec_utils.cohort import assays
from lcnec_utils.cohort.model import Cohort

PATTERNS = ["".join(signs) for signs in itertools.product("+-", repeat=3)]  # of PD-1, LAG-3, TIM-3
AREA = 10.0  # mm²
ORIGINS = ["ABC", "GCB", "Unclassified"]


def _rows(sample: str, assay: str, markers: list[str], cells: dict[tuple[str, ...], float]) -> list[dict]:
    """The counts of one section; combinations without a cell have no row."""
    return [
        {"sample": sample, "assay": assay, "area_mm2": AREA, "cells": float(number)}
        | dict(zip(markers, signs, strict=True))
        for signs, number in ((signs, round(AREA * density)) for signs, density in cells.items())
        if number
    ]


def t_cell_counts(helper: float, cytotoxic: dict[str, float], regulatory: dict[str, float]) -> dict:
    """Densities by CD3, CD8, FOXP3 and three checkpoints: helper cells in all patterns alike, the others as given."""
    cells = {("+", "-", "-", *pattern): helper / len(PATTERNS) for pattern in PATTERNS}
    cells |= {("+", "+", "-", *pattern): density for pattern, density in cytotoxic.items()}
    return cells | {("+", "-", "+", *pattern): density for pattern, density in regulatory.items()}


def recipients(n: int = 40, seed: int = 1, *, early: int = 20, effect: float = 1.0) -> Cohort:
    """n patients, the first `early` of them with an early biopsy too; effect: how far everything follows the T cells.

    T cells drive response, survival and the CAR T peak; Tregs keep severe neurologic events away; activated CD8 cells
    (PD-1+ TIM-3−) drive response most. With effect 0 nothing is tied to anything.
    """
    rng = np.random.default_rng(seed)
    people = pd.Index([f"P{i:02}" for i in range(n)], name="PATIENT_ID")
    t_cells, treg, activated, burden = rng.normal(size=(4, n))
    respond = effect * (t_cells + 1.5 * activated - burden) + 0.5 * rng.normal(size=n)
    response = np.array(["PD", "SD", "PR", "CR"])[np.searchsorted(np.quantile(respond, [0.12, 0.25, 0.45]), respond)]
    peak = np.exp(3.5 + effect * 0.8 * t_cells + 0.5 * rng.normal(size=n))
    severe = effect * treg + 0.3 * rng.normal(size=n) < np.quantile(effect * treg, 0.3)
    months = 10 * rng.exponential(size=n) * np.exp(effect * (0.8 * t_cells - 0.5 * burden)) + 1.2
    patients = pd.DataFrame(
        {
            "BEST_RESPONSE": response, "TUMOR_BURDEN_MM2": np.exp(8 + 0.7 * burden), "CAR_PEAK_PER_UL": peak,
            "CAR_PEAK_DAY": rng.integers(7, 15, n), "NE_GRADE": np.where(severe, 3.0, rng.integers(0, 3, n)),
            "CELL_OF_ORIGIN": np.where(t_cells + rng.normal(size=n) < -0.4, "ABC", rng.choice(ORIGINS[1:], n)),
            "IPI": rng.integers(0, 6, n).astype(float), "OS_MONTHS": np.minimum(months, 30.0),
            "OS_STATUS": pd.array(months < 30, "boolean"),
        },
        people,
    )  # fmt: skip
    samples, rows = [], []
    for place, patient in enumerate(people):
        for time, size in (("baseline", t_cells[place]), ("early", t_cells[place] + 0.5))[: 1 + (place < early)]:
            sample = f"{patient}-{time}"
            samples.append((sample, patient, time, "FFPE"))
            scale = np.exp(5 + 0.5 * size)
            cytotoxic = {pattern: scale * rng.uniform(0.1, 0.2) for pattern in PATTERNS}
            for pattern in ("++-", "+--"):
                cytotoxic[pattern] *= np.exp(activated[place])
            regulatory = {pattern: np.exp(3 + 0.8 * treg[place]) * rng.uniform(0.1, 0.15) for pattern in PATTERNS}
            cells = t_cell_counts(scale, cytotoxic, regulatory)
            rows += _rows(sample, "TCE", list(assays.PANELS["TCE"]), cells)
            both = {("+", "+"): sum(cytotoxic.values()), ("+", "-"): scale + sum(regulatory.values())}
            rows += _rows(sample, "TL", list(assays.PANELS["TL"]), both)
            if time == "early":
                tox = 1 / (1 + peak[place] / 30) if effect else rng.uniform()
                signed = {(*signs, mark, "-"): density * (tox if mark == "+" else 1 - tox)
                          for signs, density in cells.items() for mark in "+-"}  # fmt: skip
                rows += _rows(sample, "TCE+", list(assays.PANELS["TCE+"]), signed)
            else:
                myeloid = {("-", "-", "-", "+", "-", "-"): rng.uniform(500, 2000),
                           ("+", "+", "-", "-", "-", "-"): rng.uniform(400, 1500)}  # fmt: skip
                rows += _rows(sample, "SC", list(assays.PANELS["SC"]), myeloid)
    table = pd.DataFrame(samples, columns=["SAMPLE_ID", "PATIENT_ID", "BIOPSY_TIME", "FIXATION"]).set_index("SAMPLE_ID")
    positivity = pd.DataFrame(rows)
    positivity = positivity.astype(object).where(positivity.notna(), None).astype({"cells": float, "area_mm2": float})
    densities = assays.densities_of_positivity(positivity, list(assays.LINEAGES))
    return Cohort(
        "recipients", patients, table, densities=densities, positivity=positivity,
        study={"os_origin": "infusion of CAR T cells"},
    )  # fmt: skip
