"""Immunosign, chemokines and pathways of complete response, on sets of patients whose correlations are known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lcnec_utils.core.errors import MissingData
from lcnec_utils.studies.car_t import associations, pathways
from lcnec_utils.studies.car_t.associations import BaselineSet

GENES = [
    *associations.CHEMOKINES, *associations.CYTOKINES, *associations.INTERFERON_GENES, "CD3D", "CD3E", "CD8A", "CD4",
    "CD68", "CD14", "FOXP3", "GZMA", "GNLY",
]  # fmt: skip


def of(name: str, *, n: int = 60, stained: bool = True, seed: int = 1, response: bool = False) -> BaselineSet:
    """Patients whose genes follow their T cells, but for CCR5 (against them) and CD68 (on its own)."""
    rng = np.random.default_rng(seed)
    people = pd.Index([f"P{i}" for i in range(n)], name="PATIENT_ID")
    t_cells = pd.Series(rng.normal(size=n), people)
    genes = {gene: 6 + t_cells + 0.3 * rng.normal(size=n) for gene in dict.fromkeys(GENES)}
    genes["CCR5"] = 6 - t_cells + 0.3 * rng.normal(size=n)
    genes["CD68"] = 6 + pd.Series(rng.normal(size=n), people)
    macrophages = pd.Series(np.exp(rng.normal(size=n)), people)
    cells = {name: np.exp(5 + t_cells) for name in associations.T_SUBSETS}
    cells |= {"Macrophages": macrophages, "Mononuclear cells": macrophages[::-1].set_axis(people)}
    scores = {associations.IMMUNOSIGN: t_cells} | ({associations.IMMUNOSCORE: 50 + 10 * t_cells} if stained else {})
    words = pd.Series(np.where(t_cells > 0, "CR", "PD") if response else pd.NA, people, dtype=object)
    return BaselineSet(
        name, "IO 360", "FFPE", pd.DataFrame(genes), cells if stained else {},
        dict.fromkeys(cells, "density") if stained else {}, scores, dict.fromkeys(scores, "what was made up"), words,
    )  # fmt: skip


def four() -> dict[str, BaselineSet]:
    return {
        "car_t": of("ZUMA-1", response=True), "car_t_naive": of("treatment-naive", seed=2),
        "car_t_second_line": of("second line", stained=False, seed=3),
        "car_t_commercial": of("commercial", stained=False, seed=4, response=True),
    }  # fmt: skip


def test_correlations_are_scipys_and_a_gene_stands_for_cells_only_where_none_was_stained():
    sets = four()
    table = associations.immunosign_correlations(sets, min_group=5).set_index(["role", "what"])
    row = table.loc[("car_t", "Cytotoxic T cells")]
    expected = stats.spearmanr(sets["car_t"].scores[associations.IMMUNOSIGN], sets["car_t"].cells["Cytotoxic T cells"])
    assert row["rho"] == pytest.approx(expected.statistic, abs=1e-12)
    assert row["measured"] == "density"
    assert table.loc[("car_t_second_line", "Macrophages"), "measured"] == "CD68"
    assert table.loc[("car_t_second_line", "Immunoscore"), "note"]  # nobody was stained: no value, and the reason


def test_a_stained_set_that_lacks_a_population_is_not_given_a_gene_for_it():
    sets = {"car_t": of("ZUMA-1")}
    del sets["car_t"].cells["Macrophages"]
    table = associations.immunosign_correlations(sets, min_group=5).set_index("what")
    assert table.loc["Macrophages", "measured"] == "not measured"
    assert np.isnan(table.loc["Macrophages", "rho"])


def test_a_claim_on_four_sets_is_answered_by_four_and_declined_by_fewer():
    sets = four()
    table = associations.chemokine_correlations(sets, min_group=5)
    answers = associations.chemokine_findings(table, sets, min_group=5)["car_t"]
    assert [finding.value > 0 for finding in answers["cxcl9"]] == [True] * 4
    assert all(finding.upper < 0 for finding in answers["ccr5"])
    del sets["car_t_naive"]
    table = associations.chemokine_correlations(sets, min_group=5)
    [finding] = associations.chemokine_findings(table, sets, min_group=5)["car_t"]["cxcl9"]
    assert finding.value is None and "four sets" in finding.note


def test_external_patients_are_counted_and_not_taken_from_the_print():
    sets = four()
    table = associations.immunosign_correlations(sets, min_group=5)
    answers = associations.correlation_findings(table, sets)["car_t"]
    assert answers["n_external"][0].value == 180
    assert answers["external_sets.text"][0].value == 3


def test_the_matrix_says_what_stands_for_t_cells():
    sets = four()
    matrix = associations.chemokine_matrix(associations.chemokine_correlations(sets, min_group=5), sets)
    assert "CD3+ density" in matrix.columns[0] and "mean of CD3D, CD3E, CD8A" in matrix.columns[2]
    assert list(matrix.index)[0] == "CXCL9" and matrix.shape == (11, 4)


def test_pathways_are_welchs_difference_of_the_mean_gene():
    sets = pathways.response_sets({"car_t": with_pathways(of("ZUMA-1", response=True))})
    table = pathways.pathway_differences(sets, min_group=5)
    whole = table[table["what"] == ""].set_index("pathway")
    log2, known = sets["car_t"].log2, sets["car_t"].response
    score = log2[pathways.GENES[pathways.COSTIMULATION]].mean(axis=1)
    one, other = score[known == "CR"], score[known == "PD"]
    assert whole.loc[pathways.COSTIMULATION, "difference"] == pytest.approx(one.mean() - other.mean())
    assert whole.loc[pathways.COSTIMULATION, "lower"] > 0 > whole.loc[pathways.ANTIGEN, "upper"]
    assert whole["genes"].tolist() == [9, 11, 10]


def test_a_set_without_genes_has_no_chemokines():
    import dataclasses

    bare = dataclasses.replace(of("treatment-naive"), log2=pd.DataFrame())
    with pytest.raises(MissingData, match="genes before treatment"):
        associations.with_genes({"car_t_naive": bare})


def with_pathways(given: BaselineSet) -> BaselineSet:
    """The set with genes of co-stimulation that follow T cells, of adhesion that follow nothing, of antigen
    presentation that run against them."""
    rng, t_cells = np.random.default_rng(9), given.scores[associations.IMMUNOSIGN]
    sign = {pathways.COSTIMULATION: 1, pathways.ADHESION: 0, pathways.ANTIGEN: -1}
    genes = {
        gene: 5 + sign[name] * t_cells + rng.normal(size=len(t_cells))
        for name, listed in pathways.GENES.items() for gene in listed
    }  # fmt: skip
    import dataclasses

    return dataclasses.replace(given, log2=given.log2.assign(**genes))


def test_a_set_without_response_answers_no_pathway():
    with pytest.raises(MissingData, match="best response"):
        pathways.response_sets({"car_t": of("ZUMA-1")})
