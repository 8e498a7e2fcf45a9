"""Immunosign, chemokines and pathways of complete response, on sets of patients whose correlations are known."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import stats

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core.errors import MissingData
from lcnec_utils.omics import immunosign
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
        of_source=True, score_genes=21,
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


def test_own_counts_rest_on_the_sources_own_sets_and_all_of_them():
    sets = four() | {"car_t_naive": dataclasses.replace(of("a public cohort", seed=2), of_source=False)}
    table = associations.immunosign_correlations(sets, min_group=5)
    answers = associations.correlation_findings(table, sets)["car_t"]
    for id in ("n_external", "external_sets.abstract", "external_sets.text", "external_sets.methods"):
        assert answers[id][0].value is None and "car_t_naive" in answers[id][0].note
    table = associations.chemokine_correlations(sets, min_group=5)
    assert associations.chemokine_findings(table, sets, min_group=5)["car_t"]["sets"][0].value is None
    assert associations.chemokine_findings(table, four(), min_group=5)["car_t"]["sets"][0].value == 4


def test_the_genes_of_immunosign_are_those_of_the_run():
    """Three genes were given; a score of public scores is made of none."""
    cohort = with_panel()
    for genes, expected in (["CD8A", "GZMA", "CCL5"], 3), ([], 21):
        made = associations.baseline_set(cohort, genes=genes)
        table = associations.immunosign_correlations({"car_t": made}, min_group=5)
        [finding] = associations.correlation_findings(table, {"car_t": made})["car_t"]["genes"]
        assert finding.value == expected and finding.origin == "parameter"
    none = {"car_t": dataclasses.replace(of("public"), score_genes=0)}
    table = associations.immunosign_correlations(none, min_group=5)
    assert associations.correlation_findings(table, none)["car_t"]["genes"][0].value is None


def with_panel(n: int = 24) -> Cohort:
    """Patients with genes of IO 360 before treatment; response in turn CR, PR, SD, PD, NE and missing."""
    rng = np.random.default_rng(5)
    people = pd.Index([f"P{i:02}" for i in range(n)], name="PATIENT_ID")
    names = list(dict.fromkeys([*immunosign.stand_in_genes(), *GENES, *sum(pathways.GENES.values(), [])]))
    samples = pd.DataFrame(
        {"PATIENT_ID": people, "BIOPSY_TIME": "baseline", "FIXATION": "FFPE"}, pd.Index(people, name="SAMPLE_ID")
    )
    panel = AnnData(
        rng.normal(8, 1, (n, len(names))), pd.DataFrame(index=samples.index),
        pd.DataFrame({"class": "Endogenous"}, index=names),
    )  # fmt: skip
    words = np.array(["CR", "PR", "SD", "PD", "NE", None], dtype=object)[np.arange(n) % 6]
    patients = pd.DataFrame({"BEST_RESPONSE": words}, people)
    return Cohort("with genes", patients, samples, ncounter={"IO 360": panel}, study={"simulated": True, "body": "x"})


def test_complete_responders_are_held_against_pr_sd_and_pd_alone():
    """Of 24 patients four are not evaluable and four unknown: 4 CR against 12."""
    made = associations.baseline_set(with_panel(), genes=[])
    finding = associations.complete_responders(made, min_group=2)
    genes = [gene for gene in [*associations.CHEMOKINES, *associations.CYTOKINES] if gene in made.log2]
    score, place = made.log2[genes].mean(axis=1).to_numpy(), np.arange(24) % 6
    assert finding.n == 16
    assert finding.value == pytest.approx(score[place == 0].mean() - score[(place > 0) & (place < 4)].mean())
    table = pathways.pathway_differences({"car_t": made}, min_group=2)
    assert set(table["n"]) == {16.0}
    assert "(4 CR, 12 not)" in pathways.pathway_groups({"car_t": made})["car_t"]


def test_two_sets_of_one_name_stay_two_in_the_figures():
    sets = {"car_t": of("one name"), "car_t_naive": of("one name", seed=2)}
    table = associations.immunosign_correlations(sets, min_group=5)
    groups = associations.correlation_groups(table, sets)
    assert list(groups) == ["car_t", "car_t_naive"]
    assert set(associations.correlation_blocks(table)["group"]) == set(groups)


def test_outcome_is_known_of_the_sets_whose_survival_can_be_read():
    """A column of months without one of events is no survival; of a run without all four sets nothing is counted."""
    own = with_panel()
    with_os = dataclasses.replace(own, patients=own.patients.assign(OS_MONTHS=9.0, OS_STATUS=True))
    months = dataclasses.replace(own, patients=own.patients.assign(OS_MONTHS=9.0))
    sets = dict(zip(associations.SETS, (with_os, months, own, own), strict=True))
    assert pathways.sets_with_survival(sets).value == 1
    assert pathways.sets_with_survival({"car_t": with_os}).value is None
    public = dataclasses.replace(own, study={})
    assert pathways.sets_with_survival(sets | {"car_t_naive": public}).value is None


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
    return dataclasses.replace(given, log2=given.log2.assign(**genes))


def test_a_set_without_response_answers_no_pathway():
    with pytest.raises(MissingData, match="best response"):
        pathways.response_sets({"car_t": of("ZUMA-1")})
