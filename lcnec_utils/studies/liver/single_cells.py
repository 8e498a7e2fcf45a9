"""Notebook 11: activation of CD8 T cells and cytotoxicity of natural killer cells by organ, in single cells.

Patients are the independent units: scores are of counts summed by patient and organ, and compared within patients. The
test that takes every cell for independent stands beside, with how often either rejects when organs are swapped.
"""

import dataclasses
import itertools

import numpy as np
import pandas as pd
from anndata import AnnData

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.core.findings import Finding
from lcnec_utils.omics import single_cells
from lcnec_utils.omics.cell_markers import cell_markers
from lcnec_utils.stats.paired import paired_shift, signed_rank
from lcnec_utils.stats.ranks import mean_difference, rank_sum
from lcnec_utils.studies.liver.organ_pairs import LIVER, LUNG, ORGANS

# State → tail of its claim's id
CLAIMS = {"activation": "effector_cd8_activation", "cytotoxicity": "nk_cytotoxicity"}
NAMES = {"activation": "CD8 T-cell activation", "cytotoxicity": "NK-cell cytotoxicity"}
BY_PATIENT, BY_CELL = "patients (summed counts)", "cells taken for independent"
LEVELS = (0.05, 0.01)
MOST_EXACT = 10  # patients up to whom every way to swap their organs is gone through, 2 to their number
SWAPS = 1000  # drawn beyond


@dataclasses.dataclass(frozen=True)
class OrganCells:
    """Single cells of both organs.

    data: cells with obs cell_type, cluster, sample, patient, organ, and their counts. quality: what quality control
    kept. clusters: mean score of each type in each cluster. bulk: state → one row per patient with both organs, lung
    and liver (mean log2 counts per million of the state's genes). cells: state → score of each cell of its type, with
    patient and organ. tests: state, unit, n, difference, lower, upper, p. swaps: state, unit, level, rate, ways.
    absent: state → why it could not be compared.
    """

    data: AnnData
    quality: single_cells.Quality
    clusters: pd.DataFrame
    bulk: dict[str, pd.DataFrame]
    cells: dict[str, pd.DataFrame]
    tests: pd.DataFrame
    swaps: pd.DataFrame
    absent: dict[str, str]


def read_cells(cohort: Cohort) -> AnnData:
    """The counts that a cohort's table of samples names, with organ in small letters. Raises UserError where the file
    is not there or not AnnData, holds a sample that the table lacks, or has no cell of either organ."""
    import anndata

    files = list(dict.fromkeys(cohort.table["file"]))
    parts = []
    for file in files:
        path = cohort.folder / file
        where = f"{cohort.name}/{file}"
        if not path.is_file():
            raise UserError(f"{where}: there is no such file; put it beside the table, or correct the column file")
        try:
            parts.append(anndata.read_h5ad(path))
        except (OSError, KeyError, ValueError):
            raise UserError(f"{where}: is no AnnData file; write it with AnnData.write_h5ad") from None
        single_cells.check_counts(parts[-1])
    data = parts[0] if len(parts) == 1 else anndata.concat(parts, join="inner", uns_merge="same")
    known = cohort.table.set_index("sample")
    strange = sorted(set(data.obs["sample"].astype(str)) - set(known.index))
    if strange:
        raise UserError(
            f"{cohort.name}/{files[0]}: sample '{strange[0]}' is not in table.csv; add it, or drop its cells"
        )
    data.obs["organ"] = data.obs["sample"].astype(str).map(known["organ"].str.strip().str.lower())
    data.obs["patient"] = data.obs["sample"].astype(str).map(known["patient"])
    lacking = [organ for organ in ORGANS if not (data.obs["organ"] == organ).any()]
    if lacking:
        raise MissingData(f"{cohort.name} has no cell of the {lacking[0]}")
    return data


def organ_cells(cohort: Cohort, *, seed: int, least_cells: int = 10) -> OrganCells:
    """The cells of a cohort from counts to types, and their states compared between organs.

    least_cells: of a type in a sample, for the sample to count. Raises as `read_cells` and omics/single_cells.py.
    """
    kept, quality = single_cells.filtered(read_cells(cohort))
    data = single_cells.clustered(single_cells.normalised(kept), seed=seed)
    data, clusters = single_cells.annotated(data, seed=seed)
    bulk, cells, absent, tests, swaps = {}, {}, {}, [], []
    for state in cell_markers()["states"]:
        try:
            bulk[state], cells[state] = state_scores(data, state, seed=seed, least_cells=least_cells)
        except MissingData as reason:
            absent[state] = str(reason)
            continue
        tests += _tests(state, bulk[state], cells[state])
        swaps.append(swapped(bulk[state], cells[state], seed=seed).assign(state=state))
    columns = ["state", "unit", "n", "difference", "lower", "upper", "lower_90", "upper_90", "p"]
    rates = pd.concat(swaps, ignore_index=True) if swaps else pd.DataFrame(columns=["state", "unit", "level", "rate"])
    return OrganCells(data, quality, clusters, bulk, cells, pd.DataFrame(tests, columns=columns), rates, absent)


def state_scores(data: AnnData, state: str, *, seed: int, least_cells: int = 10) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A state's score by patient (lung, liver; of summed counts) and by cell (score, patient, organ), of its type.

    Patients with enough cells in both organs alone, and their cells. Raises MissingData where there are none.
    """
    entry = cell_markers()["states"][state]
    bulk = single_cells.summed(data, cell_type=entry["of"], least_cells=least_cells)
    score = single_cells.bulk_score(bulk, entry["genes"], what=state)
    table = bulk.obs.set_index(bulk.obs["sample"].astype(str)).assign(score=score)
    table = table.astype({"patient": str, "organ": str})
    by_patient = table.pivot_table(index="patient", columns="organ", values="score").reindex(columns=ORGANS).dropna()
    if by_patient.empty:
        raise MissingData(f"no patient has {least_cells} cells of the type {entry['of']} in both organs")
    chosen = data[((data.obs["cell_type"] == entry["of"]) & data.obs["patient"].isin(by_patient.index)).to_numpy()]
    cells = chosen.obs[["patient", "organ"]].astype(str)
    cells["score"] = single_cells.gene_score(data, entry["genes"], seed=seed, what=state).loc[cells.index]
    return by_patient.rename_axis(columns=None), cells


def _tests(state: str, bulk: pd.DataFrame, cells: pd.DataFrame) -> list[dict]:
    """Liver less lung by patient (Hodges–Lehmann, signed ranks) and by cell (means, rank sums)."""
    whole = paired_shift(bulk[LIVER], bulk[LUNG], what=state)
    each = mean_difference(cells["score"], (cells["organ"] == LIVER).astype("boolean"), what=state)
    return [
        {"state": state, "unit": unit, "n": finding.n, "difference": finding.value, "lower": finding.lower,
         "upper": finding.upper, "lower_90": finding.lower_90, "upper_90": finding.upper_90, "p": finding.p}
        for unit, finding in ((BY_PATIENT, whole), (BY_CELL, each))
    ]  # fmt: skip


def ways_to_swap(patients: int, *, seed: int) -> np.ndarray:
    """Ways to swap the two organs within patients, ways × patients: True where they are. All of them up to MOST_EXACT
    patients, SWAPS drawn ones beyond."""
    if patients <= MOST_EXACT:
        return np.array(list(itertools.product([False, True], repeat=patients)))
    return np.random.default_rng(seed).random((SWAPS, patients)) < 0.5


def swapped(bulk: pd.DataFrame, cells: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """How often each test rejects when the organs are swapped within patients at random, which makes organs alike.

    bulk: patients × organs; cells: score, patient, organ. Columns: unit, level, rate, ways.
    """
    differences = (bulk[LIVER] - bulk[LUNG]).to_numpy()
    score = cells["score"].to_numpy(float)
    in_liver = (cells["organ"] == LIVER).to_numpy()
    place = pd.Index(bulk.index).get_indexer(cells["patient"])
    p: dict[str, list[float]] = {BY_PATIENT: [], BY_CELL: []}
    for way in ways_to_swap(len(bulk), seed=seed):
        p[BY_PATIENT].append(signed_rank(np.where(way, -differences, differences)))
        liver = in_liver ^ way[place]
        p[BY_CELL].append(rank_sum(score[liver], score[~liver]))
    return pd.DataFrame(
        [{"unit": unit, "level": level, "rate": float(np.mean(np.array(values) <= level)), "ways": len(values)}
         for unit, values in p.items() for level in LEVELS]
    )  # fmt: skip


def cell_findings(cells: OrganCells) -> dict[str, list[Finding]]:
    """Findings on states, by the tail of a claim's id: by patient, never by cell."""
    answers = {}
    for state, id in CLAIMS.items():
        if state in cells.bulk:
            answers[id] = [paired_shift(cells.bulk[state][LIVER], cells.bulk[state][LUNG], what=state)]
        else:
            answers[id] = [Finding(None, note=cells.absent[state])]
    return answers


def groups(cells: OrganCells, column: str) -> pd.Series:
    """A column of the cells (cell_type, organ) as a categorical without unused categories, for a plot."""
    values = cells.data.obs[column]
    if column == "organ":
        return pd.Series(pd.Categorical(values, ORGANS), values.index)
    return values.astype("category").cat.remove_unused_categories()


def quality_sentence(cells: OrganCells) -> str:
    """What quality control kept, and how many cells each type has."""
    q, sizes = cells.quality, cells.data.obs["cell_type"].value_counts()
    parts = ", ".join(f"{name} {n:,}" for name, n in sizes.items() if n)
    return (
        f"{q.kept_cells:,} of {q.cells:,} cells pass quality control ({q.few_genes} have under "
        f"{single_cells.LEAST_GENES} genes, {q.mitochondrial} over {single_cells.MOST_MITOCHONDRIAL:g}% mitochondrial "
        f"counts); {q.kept_genes:,} of {q.genes:,} genes are seen in {single_cells.LEAST_CELLS} cells or more. Types: "
        f"{parts}."
    )


def states_sentence(cells: OrganCells) -> str:
    """The states by patient and, as a warning, by cell; and how often either rejects where organs are swapped."""
    parts = []
    for state in cells.bulk:
        whole, each = (cells.tests[(cells.tests["state"] == state) & (cells.tests["unit"] == unit)].iloc[0]
                       for unit in (BY_PATIENT, BY_CELL))  # fmt: skip
        rates = cells.swaps[(cells.swaps["state"] == state) & (cells.swaps["level"] == LEVELS[0])].set_index("unit")
        limits = f"{formats.number(whole['lower'], 2)} to {formats.number(whole['upper'], 2)}"
        parts.append(
            f"{NAMES[state]}, liver less lung, {formats.number(whole['difference'], 2)} log2 (95% CI {limits}; "
            f"signed-rank {formats.p_value(whole['p'])}; {whole['n']} patients). Taken by cell, p would be "
            f"{formats.p_value(each['p']).removeprefix('p ').removeprefix('= ')} of {each['n']:,} cells; but with "
            f"organs swapped at random within patients that test has p ≤ {LEVELS[0]:g} in "
            f"{formats.number(100 * rates.at[BY_CELL, 'rate'], 0)}% of {rates.at[BY_CELL, 'ways']:,} ways, and the "
            f"one by patient in {formats.number(100 * rates.at[BY_PATIENT, 'rate'], 0)}%"
        )
    left = "; ".join(f"{NAMES[state]}: {why}" for state, why in cells.absent.items())
    return f"{'. '.join(parts)}.{f' Not compared: {left}.' if left else ''}"
