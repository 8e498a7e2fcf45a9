"""Subsets of stained cells: as many as the source prints, each countable; the parts of a lineage add up. Under 1 s."""

import itertools

import numpy as np
import pandas as pd

from lcnec_utils.cohort import assays
from lcnec_utils.imaging import phenotypes


def cells_of(panel: str, rng: np.random.Generator) -> pd.DataFrame:
    """Random numbers of cells of every combination of a panel's markers, in one sample of 4 mm²."""
    markers = assays.PANELS[panel]
    rows = pd.DataFrame(list(itertools.product("+-", repeat=len(markers))), columns=markers)
    return rows.assign(sample="S", assay=panel, area_mm2=4.0, cells=rng.integers(0, 50, len(rows)))


def test_the_panels_tell_apart_as_many_subsets_as_the_source_prints():
    """14 of TCE and SC together, 37 of TCE with TOX (Methods); each population once, of markers that are stained."""
    fourteen, more = phenotypes.subsets("TCE", "SC"), phenotypes.subsets("TCE+")
    assert len(fourteen) == 14 and len(more) == 37
    for table in (fourteen, more):
        assert not table.duplicated(["assay", "population"]).any()
        for row in table.itertuples():
            assert assays.canonical(row.population, row.assay) == row.population
    named = {marker for population in more["population"] for marker in assays.signs(population)}
    assert named == set(assays.PANELS["TCE+"])
    named = {marker for population in fourteen["population"] for marker in assays.signs(population)}
    assert named == set(assays.PANELS["TCE"]) | set(assays.PANELS["SC"])


def test_combinations_of_a_lineage_add_up_to_the_lineage():
    """Tc, Th and Treg cells make all T cells; the states of checkpoints make their lineage, and so do those of TOX."""
    counted = cells_of("TCE+", np.random.default_rng(3))
    table = phenotypes.subset_densities(counted, "TCE+")
    lineages = {name: assays.densities_of_positivity(counted, [signs])["per_mm2"].item()
                for name, signs in phenotypes.T_LINEAGES.items()}  # fmt: skip
    total = table.loc[table["lineage"] == "parent", "per_mm2"].item()
    assert total == counted.loc[counted["CD3"] == "+", "cells"].sum() / 4
    assert np.isclose(sum(lineages.values()), total)
    for name, density in lineages.items():
        states = table[table["lineage"] == name]
        checkpoints = states[states["state"].str.contains("PD1")]
        exhaustion = states[states["state"].str.contains("TOX")]
        assert len(checkpoints) == 8 and len(exhaustion) == 4
        assert np.isclose(checkpoints["per_mm2"].sum(), density) and np.isclose(exhaustion["per_mm2"].sum(), density)


def test_a_panel_that_was_not_stained_gives_no_density():
    counted = cells_of("SC", np.random.default_rng(4)).assign(LOX1=None)
    table = phenotypes.subset_densities(counted, "TCE", "SC")
    assert set(table["assay"]) == {"SC"} and "all" in set(table["state"])
    assert not table["population"].str.contains("LOX1").any() and len(table) == 4
