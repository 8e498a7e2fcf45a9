"""Biopsies by time, fixation and assay, and the biopsied patients beside the trial, on made-up patients whose numbers
follow from how they are made. About 3 s."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import MissingData
from lcnec_utils.ledger import claims
from lcnec_utils.studies.car_t import specimens
from lcnec_utils.studies.car_t.specimens import FAILED, MEASURED, NONE, TISSUE
from tests.studies.car_t.made_up_specimens import SMALL, biopsied

MANY = [(9, {"baseline": ["FF"]}), (19, {"baseline": ["FFPE"]}), (18, {"baseline": ["FF", "FFPE"]})]


@pytest.fixture(scope="module")
def cohort():
    return biopsied()


def test_patients_and_specimens_are_counted_by_time_and_fixation(cohort):
    """3 frozen only, 5 fixed only, 5 of both before infusion; 4 frozen, 7 fixed early; 5 at relapse, one of both."""
    counts = specimens.by_time(specimens.specimens(cohort)).set_index("time")
    columns = ["patients", "ff_only", "ffpe_only", "both", "specimens"]
    assert counts.loc["baseline", columns].tolist() == [13, 3, 5, 5, 18]
    assert counts.loc["early", columns].tolist() == [11, 4, 7, 0, 11]
    assert counts.loc["relapse", columns].tolist() == [5, 0, 4, 1, 6]
    assert specimens.longitudinal(specimens.specimens(cohort)) == {
        "all": 10, "pre_post": 5, "pre_post_relapse": 4, "pre_relapse": 1,
    }  # fmt: skip


def test_several_specimens_of_one_tissue_are_one_patient(cohort):
    extra = cohort.samples.iloc[[0]].set_axis(["again"])
    more = biopsied()
    more.samples = pd.concat([more.samples, extra])
    counts = specimens.by_time(specimens.specimens(more)).set_index("time").loc["baseline"]
    assert counts["specimens"] == 19 and counts["patient_tissues"] == 18 and counts["patients"] == 13


def test_cells_are_stained_of_fixed_tissue_alone_and_the_matrix_says_what_is_lacking_and_why(cohort):
    states = specimens.availability(cohort).set_index(["time", "what"])
    people = set(states.columns)
    assert len(people) == 15
    counts = specimens.measured_counts(specimens.availability(cohort)).set_index(["time", "what"])
    assert counts.loc[("baseline", "TL")].to_dict() == {MEASURED: 10, FAILED: 0, TISSUE: 0, NONE: 5}
    # six samples were stained with TOX: of the first three patients with fixed tissue both biopsies
    assert counts.loc[("baseline", "TCE+"), [MEASURED, TISSUE]].tolist() == [3, 7]
    assert counts.loc[("early", "TCE+"), [MEASURED, TISSUE]].tolist() == [3, 4]
    # the first sample, of frozen tissue, fails quality control
    assert counts.loc[("baseline", "genes, frozen"), [MEASURED, FAILED]].tolist() == [7, 1]
    assert states.at[("baseline", "genes, frozen"), "P00"] == FAILED
    assert states.at[("baseline", "TL"), "P00"] == NONE and states.at[("early", "frozen tissue"), "P00"] == NONE
    assert (counts.sum(axis=1) == len(people)).all()


def test_of_46_patients_with_fixed_tissue_of_37_cells_are_stained_of_37():
    of = specimens.flow(biopsied(MANY, failing=0), min_group=5)
    counts = specimens.measured_counts(of.states).set_index(["time", "what"])
    assert counts.at[("baseline", "TL"), MEASURED] == 37 and counts.at[("baseline", "TL"), NONE] == 9
    words = specimens.flow_sentence(of)
    assert "64 specimens of 46 patients" in words and "cells can be stained of at most 37" in words


def test_sites_that_do_not_differ_and_sites_that_do():
    alike = specimens.flow(biopsied(MANY, seed=3), min_group=5).sites[0].shifts
    assert all(each.lower_90 > 1 / 1.5 and each.upper_90 < 1.5 for each in alike)
    differ = specimens.flow(biopsied(MANY, seed=3, site_effect=2.0), min_group=5).sites[0].shifts
    largest = max(differ, key=lambda each: abs(np.log(each.value)))
    assert largest.lower > 1.5 or largest.upper < 1 / 1.5
    assert largest.value == pytest.approx(4, rel=0.25) or largest.value == pytest.approx(1 / 4, rel=0.25)


def test_every_claim_of_the_flow_is_answered_or_declined_with_a_reason(cohort):
    of = specimens.flow(cohort, min_group=2)
    answers = specimens.flow_findings({"car_t": cohort}, of)
    wanted = {id.removeprefix("zuma1.z1_flow.") for id in claims.published() if id.startswith("zuma1.z1_flow.")}
    assert set(answers) == wanted
    assert answers["biopsies"][0].value == 35 and answers["patients.abstract"][0].value == 15
    assert answers["subset3.ffpe_only"][0].value == 4 and answers["longitudinal"][0].value == 10
    assert answers["n_expression_zuma1"][0].value == 34
    for id in ("n_naive", "gene_panels", "n_ihc_total.discussion", "target_dose"):
        assert answers[id][0].value is None and answers[id][0].note
    four = dict.fromkeys(("car_t", "car_t_naive", "car_t_second_line", "car_t_commercial"), cohort)
    answers = specimens.flow_findings(four, of)
    assert answers["gene_panels"][0].value == 1 and answers["n_naive"][0].value == 35
    assert answers["n_ihc_total.discussion"][0].value == 2 * 12
    assert answers["n_commercial.text"][0].value == 14, "the one sample of a patient fails quality control"


def test_a_cohort_that_does_not_say_when_its_samples_were_taken_is_a_stated_skip(cohort):
    bare = biopsied()
    bare.samples = bare.samples.drop(columns="BIOPSY_TIME")
    with pytest.raises(MissingData, match="has no times of biopsies"):
        specimens.flow(bare, min_group=5)
    bare = biopsied()
    bare.samples = bare.samples.drop(columns="BIOPSY_SITE")
    of = specimens.flow(bare, min_group=5)
    assert of.sites is None and "BIOPSY_SITE" in of.why_no_sites
    assert specimens.flow_findings({"car_t": bare}, of)["lymph_node_vs_other"][0].note == of.why_no_sites


# --- beside the trial


def test_shares_of_the_biopsied_are_counted_by_hand(cohort):
    """15 patients: 5 CR (ongoing), 5 PR (relapse on day 100), 5 SD; grades 0 to 4 in turn: 6 of grade 3 or 4."""
    table = specimens.rates(cohort).set_index("id")
    shares = {id.removesuffix(".pivotal"): (row.k, row.n) for id, row in table.iterrows()}
    assert shares == {
        "or_rate": (10, 15), "cr_rate": (5, 15), "ongoing": (5, 15), "ne_rate": (6, 15),
        "primary_resistance": (5, 15), "relapse": (5, 15), "failure_total": (10, 15),
    }  # fmt: skip


def test_a_responder_followed_for_less_than_a_year_is_of_no_share_of_relapse():
    cohort = biopsied()
    cohort.patients.loc[["P00", "P03"], "OS_MONTHS"] = 6.0  # complete responses
    cohort.patients.loc["P03", "OS_STATUS"] = True  # died without a relapse: known
    cohort.patients.loc["P01", "RELAPSE_DAYS"] = 400.0  # a relapse after a year is none within it
    table = specimens.rates(cohort).set_index("id")
    assert table.loc["relapse.pivotal", ["k", "n"]].tolist() == [4, 14]
    assert table.loc["failure_total.pivotal", ["k", "n"]].tolist() == [9, 14]
    assert table.loc["or_rate.pivotal", ["k", "n"]].tolist() == [10, 15]


def test_a_responder_whose_follow_up_or_response_is_not_known_is_of_no_share_of_relapse():
    cohort = biopsied()
    cohort.patients.loc["P00", "OS_MONTHS"] = np.nan  # a complete response without a relapse
    cohort.patients.loc["P01", "OS_MONTHS"] = np.nan  # a partial response with a relapse on day 100: known
    cohort.patients.loc["P02", "BEST_RESPONSE"] = "NE"
    cohort.patients.loc["P04", ["OS_MONTHS", "RELAPSE_DAYS"]] = [np.nan, 400.0]  # known to come after a year
    table = specimens.rates(cohort).set_index("id")
    assert table.loc["relapse.pivotal", ["k", "n"]].tolist() == [4, 13]
    assert table.loc["failure_total.pivotal", ["k", "n"]].tolist() == [8, 13]
    assert "of infusion" in table.at["relapse.pivotal", "what"], "time runs from infusion, not from the response"


def test_the_sources_own_numbers_are_counted_in_its_own_sets_alone(cohort):
    of = specimens.flow(cohort, min_group=2)
    real = dataclasses.replace(cohort, study={"name": "a public cohort"})
    sets = {"car_t": cohort, "car_t_naive": real, "car_t_second_line": cohort, "car_t_commercial": cohort}
    answers = specimens.flow_findings(sets, of)
    for id in ("n_naive", "gene_panels", "n_expression_total.discussion", "n_ihc_total.discussion"):
        assert answers[id][0].value is None and "source's" in answers[id][0].note, id
    assert answers["n_commercial"][0].value == 35
    own = dataclasses.replace(cohort, study={"name": "shared by the source", "stands_for": "ZUMA-1"})
    assert specimens.flow_findings(sets | {"car_t_naive": own}, of)["n_naive"][0].value == 35


def test_every_claim_on_the_trial_is_answered_by_a_share_or_declined(cohort):
    table = specimens.rates(cohort)
    answers = specimens.represent_findings(cohort, table)
    start = "zuma1.z1_represent."
    assert set(answers) == {id.removeprefix(start) for id in claims.published() if id.startswith(start)}
    assert answers["or_rate.pivotal"][0].value == pytest.approx(100 * 10 / 15)
    assert answers["follow_up.pivotal"][0].value is None, "the trial's follow-up is not that of the biopsied"
    assert "whole trial is in no cohort" in answers["follow_up.pivotal"][0].note
    for id in specimens.COMPARED:
        assert answers[id][0].value is None and "whole trial is in no cohort" in answers[id][0].note
    rows = specimens.compared(cohort).set_index("id")
    assert rows.at["prior_lines", "patients_biopsied"] == "4 of 15" and rows.at["age", "printed_p"] == "1"
    assert rows.at["best_response", "patients_biopsied"] == "CR (5), PR (5), SD (5)"
    bare = biopsied(SMALL)
    bare.patients = bare.patients[["AGE"]]
    with pytest.raises(MissingData, match="neither response, relapse nor neurologic events"):
        specimens.rates(bare)
    assert specimens.compared(bare).set_index("id").at["ipi", "patients_biopsied"] == "not recorded"
