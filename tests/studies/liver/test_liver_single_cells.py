"""States of cells by organ: patients as units against cells as units, counts read from a folder. About 5 s."""

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.cohort.write import write_table
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.ledger import claims
from lcnec_utils.omics import single_cells as kernel
from lcnec_utils.studies.liver import single_cells as study
from lcnec_utils.twins import liver_cells
from lcnec_utils.twins.liver_cells import MARKED
from lcnec_utils.twins.targets import stream

LEVELS = {level: 0 for level in study.LEVELS}


def made(rng: np.random.Generator, patients: int, per_sample: int = 40) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of cells of two organs that do not differ but by chance between samples; their means by patient."""
    shift = rng.normal(0, 1, (patients, 1)) + rng.normal(0, 0.5, (patients, 2))
    score = shift[:, :, None] + rng.normal(0, 1, (patients, 2, per_sample))
    index = pd.Index([f"P{i}" for i in range(patients)], name="patient")
    bulk = pd.DataFrame(score.mean(axis=2), index, ["lung", "liver"])
    cells = pd.DataFrame(
        {
            "score": score.ravel(), "patient": np.repeat(index, 2 * per_sample),
            "organ": np.tile(np.repeat(["lung", "liver"], per_sample), patients),
        }
    )  # fmt: skip
    return bulk, cells


def test_of_organs_that_do_not_differ_the_test_by_patient_keeps_its_level_and_that_by_cell_does_not():
    """400 cohorts of nine patients, 40 cells a sample: P(p ≤ α) ≤ α within three Monte Carlo standard errors."""
    rng, rejected = np.random.default_rng(1), {study.BY_PATIENT: dict(LEVELS), study.BY_CELL: dict(LEVELS)}
    cohorts = 400
    for _ in range(cohorts):
        tests = {row["unit"]: row["p"] for row in study._tests("activation", *made(rng, 9))}
        for unit, p in tests.items():
            for level in LEVELS:
                rejected[unit][level] += p <= level
    for level in LEVELS:
        error = (level * (1 - level) / cohorts) ** 0.5
        assert rejected[study.BY_PATIENT][level] / cohorts <= level + 3 * error
        assert rejected[study.BY_CELL][level] / cohorts > 5 * level + 3 * error


def test_every_way_to_swap_the_organs_gives_the_levels_exactly():
    """With the organs swapped the signed ranks are as they are under no difference, whatever the data: exact."""
    for patients in (6, 8):
        table = study.swapped(*made(np.random.default_rng(2), patients), seed=1)
        rate = table.set_index(["unit", "level"])["rate"]
        assert (table["ways"] == 2**patients).all()
        assert all(rate[study.BY_PATIENT, level] <= level for level in LEVELS)
        assert rate[study.BY_CELL, 0.05] > 0.1
    assert rate[study.BY_PATIENT, 0.05] == 10 / 256  # the largest part of 256 whose p is within .05


def test_many_patients_have_ways_drawn():
    ways = study.ways_to_swap(study.MOST_EXACT + 1, seed=3)
    assert ways.shape == (study.SWAPS, study.MOST_EXACT + 1) and abs(ways.mean() - 0.5) < 0.03
    assert len(np.unique(study.ways_to_swap(4, seed=3), axis=0)) == 16


# ---- from counts ----


@pytest.fixture(scope="module")
def counted():
    """The twin's counts, typed by their truth: the clustering is tested where it is."""
    data = liver_cells.counts(stream(1, "test cells"), effects={"activation": -0.7, "cytotoxicity": -0.7})
    kept, _ = kernel.filtered(data)
    cells = kernel.normalised(kept)
    cells.obs["cell_type"] = cells.obs["truth_type"].map(MARKED)
    return cells


def test_planted_effects_are_seen_by_patient_and_organs_swapped_give_them_up(counted):
    for state in study.CLAIMS:
        bulk, cells = study.state_scores(counted, state, seed=1)
        assert len(bulk) == 6 and (bulk["liver"] < bulk["lung"]).sum() >= 5
        tests = {row["unit"]: row for row in study._tests(state, bulk, cells)}
        assert tests[study.BY_PATIENT]["n"] == 6 and tests[study.BY_PATIENT]["difference"] < -0.2
        assert tests[study.BY_CELL]["n"] == len(cells) and tests[study.BY_CELL]["p"] < 1e-6
        rate = study.swapped(bulk, cells, seed=1).set_index(["unit", "level"])["rate"]
        assert rate[study.BY_PATIENT, 0.05] <= 0.05 and rate[study.BY_CELL, 0.05] > 0.3


def test_a_patient_with_too_few_cells_in_an_organ_is_left_out(counted):
    few = counted[~((counted.obs["sample"] == "CELLS-1-L") & (counted.obs["cell_type"] == "NK"))].copy()
    bulk, cells = study.state_scores(few, "cytotoxicity", seed=1)
    assert "CELLS-1" not in bulk.index and "CELLS-1" not in set(cells["patient"]) and len(bulk) == 5
    with pytest.raises(MissingData, match="no sample has 9999 cells of the type NK"):
        study.state_scores(counted, "cytotoxicity", seed=1, least_cells=9999)


def test_a_states_score_by_patient_is_of_summed_counts(counted):
    genes = [gene for gene in kernel.cell_markers()["states"]["cytotoxicity"]["genes"] if gene in counted.var_names]
    bulk, _ = study.state_scores(counted, "cytotoxicity", seed=1)
    mine = counted[(counted.obs["sample"] == "CELLS-2-H") & (counted.obs["cell_type"] == "NK")]
    total = np.asarray(mine.layers["counts"].sum(axis=0)).ravel()
    log2 = pd.Series(np.log2(1e6 * total / total.sum() + 1), counted.var_names)
    assert bulk.at["CELLS-2", "liver"] == pytest.approx(log2[genes].mean(), rel=1e-6)


def test_states_have_the_claims_that_the_source_prints():
    printed = {id.removeprefix("liver.lm_sc.") for id in claims.published() if id.startswith("liver.lm_sc.")}
    assert set(study.CLAIMS.values()) == printed and set(study.CLAIMS) == set(kernel.cell_markers()["states"])


def test_findings_say_why_there_is_none():
    cells = study.OrganCells(None, None, None, {}, {}, None, None, dict.fromkeys(study.CLAIMS, "no cell"))
    assert [finding[0].note for finding in study.cell_findings(cells).values()] == ["no cell", "no cell"]


# ---- a folder ----


@pytest.fixture
def folder(tmp_path):
    """A function that writes a folder of two samples, with a change to its table."""
    data = kernel.example_cells()

    def written(change=lambda table: table, file: bytes | None = None) -> Cohort:
        table = data.obs.groupby(["sample", "patient", "organ"]).size().rename("cells").reset_index()
        table = change(table.assign(file="counts.h5ad").astype({"sample": str}))
        body = file
        if body is None:
            data.write_h5ad(tmp_path / "x.h5ad")
            body = (tmp_path / "x.h5ad").read_bytes()
        path = write_table(tmp_path / "cells", table, study={"name": "cells"}, files=[("counts.h5ad", body)])
        return Cohort("cells", pd.DataFrame(), pd.DataFrame(), folder=path, table=table)

    return written


def test_counts_are_read_beside_their_table(folder):
    data = study.read_cells(folder(lambda table: table.assign(organ=table["organ"].str.upper())))
    assert set(data.obs["organ"]) == {"lung", "liver"} and data.n_obs == 60


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda table: table.assign(file="other.h5ad"), UserError, "cells/other.h5ad: there is no such file"),
        (lambda table: table.iloc[1:], UserError, "sample 'P1 liver' is not in table.csv"),
        (lambda table: table.assign(organ="lung"), MissingData, "no cell of the liver"),
    ],
)
def test_a_folder_that_does_not_fit_is_refused(folder, change, error, message):
    with pytest.raises(error, match=message):
        study.read_cells(folder(change))


def test_a_file_that_is_no_anndata_is_refused(folder):
    with pytest.raises(UserError, match="counts.h5ad: is no AnnData file"):
        study.read_cells(folder(file=b"nothing"))
