"""Subsets of stained cells, enumerated from the markers of the panels.

The study of Scholler et al. (Nature Medicine 2022) counts 14 T cell and myeloid subsets by two of its panels (TCE, SC)
and 37 T cell subsets by a third (TCE+), and lists neither. The rule here is a reading that comes to these counts from
the markers that its Methods name; it is not the authors' list.

A panel has a parent (all T cells, all CD11b+ cells), three lineages in it or beside it, and markers of state that tell
each lineage's cells apart. Of TCE and SC: the parent; and of each lineage all cells, and those without any marker of
state. Of TCE+: the parent; and of each lineage the eight combinations of the three checkpoints and the four
combinations of TOX and EZH2.
"""

import itertools

import pandas as pd

from lcnec_utils.cohort.assays import canonical, densities_of_positivity

PARENTS = {"TCE": "CD3+", "TCE+": "CD3+", "SC": "CD11B+"}
T_LINEAGES = {"Tc": "CD3+ CD8+", "Th": "CD3+ CD8- FOXP3-", "Treg": "CD3+ CD8- FOXP3+"}
MYELOID_LINEAGES = {
    "monocytes": "CD11B+ CD14+ CD15-",
    "granulocytes": "CD11B+ CD14- CD15+",
    "macrophages": "CD68+",
}
LINEAGES = {"TCE": T_LINEAGES, "TCE+": T_LINEAGES, "SC": MYELOID_LINEAGES}
CHECKPOINTS, EXHAUSTION = ("PD1", "LAG3", "TIM3"), ("TOX", "EZH2")
STATES = {"TCE": CHECKPOINTS, "SC": ("S100A9", "LOX1")}
COLUMNS = ["assay", "lineage", "state", "population"]


def _combinations(markers: tuple[str, ...]) -> list[str]:
    """Every combination of the signs of markers, all positive first."""
    return [
        " ".join(marker + sign for marker, sign in zip(markers, signs, strict=True))
        for signs in itertools.product("+-", repeat=len(markers))
    ]


def subsets(*panels: str) -> pd.DataFrame:
    """The subsets of stained panels (TCE, SC, TCE+), by the rule above: columns assay, lineage, state, population.

    state: "all", or the signs of the markers of state. population: as `cohort/assays.py` writes it.

    >>> len(subsets("TCE", "SC")), len(subsets("TCE+"))
    (14, 37)
    """
    rows = []
    for assay in panels:
        rows.append((assay, "parent", "all", PARENTS[assay]))
        for lineage, signs in LINEAGES[assay].items():
            if assay in STATES:
                states = ["all", " ".join(f"{marker}-" for marker in STATES[assay])]
            else:
                states = [*_combinations(CHECKPOINTS), *_combinations(EXHAUSTION)]
            rows += [(assay, lineage, state, signs if state == "all" else f"{signs} {state}") for state in states]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.assign(population=table["population"].map(canonical))


def subset_densities(positivity: pd.DataFrame, *panels: str) -> pd.DataFrame:
    """The density of every subset of the panels in every sample that they stained: sample, then COLUMNS, per_mm2.

    positivity: cells by their combination of markers, as a cohort holds them (`cohort/assays.py`).

    >>> cells = pd.DataFrame({"sample": "S", "assay": "TCE", "area_mm2": 2.0, "cells": [30, 10], "CD3": "+",
    ...                       "CD8": ["+", "-"], "FOXP3": "-", "PD1": ["+", "-"], "LAG3": "-", "TIM3": "-"})
    >>> subset_densities(cells, "TCE")[["lineage", "state", "per_mm2"]].values.tolist()[:3]
    [['parent', 'all', 20.0], ['Tc', 'all', 15.0], ['Tc', 'PD1- LAG3- TIM3-', 0.0]]
    """
    listed = subsets(*panels)
    counted = densities_of_positivity(positivity, list(listed["population"]))
    table = listed.merge(counted, on=["assay", "population"])
    return table[["sample", *COLUMNS, "per_mm2"]]
