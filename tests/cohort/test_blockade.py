"""What a cohort's columns say of checkpoint blockade; OAK and POPLAR by hand. Costs about a second."""

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.cohort import blockade
from lcnec_utils.cohort.read import read_study
from lcnec_utils.core.errors import MissingData
from tests.cohort.patients import NAN, made, with_survival


def with_samples(**columns):
    size = len(next(iter(columns.values())))
    ids = {"SAMPLE_ID": [f"S{i}" for i in range(size)], "PATIENT_ID": [f"P{i}" for i in range(size)]}
    return made({"SEX": ["Male"] * size}, ids | columns)


# --- arms


def test_the_arms_of_a_trial_are_blockade_and_chemotherapy_by_their_drugs():
    trial = made({"ARM": ["pembrolizumab", "docetaxel", "platinum-based chemotherapy", None, "Pembrolizumab"]})
    assert blockade.arms(trial).tolist() == [True, False, False, pd.NA, True]
    assert blockade.treated(trial).tolist() == [True, False, False, False, True]
    assert blockade.arm_names(trial) == ("Pembrolizumab or pembrolizumab", "docetaxel or platinum-based chemotherapy")


def test_chemoimmunotherapy_is_blockade_and_no_side_of_blockade_against_chemotherapy():
    trial = made({"ARM": ["carboplatin + pemetrexed + pembrolizumab", "carboplatin + pemetrexed"]})
    assert blockade.treated(trial).tolist() == [True, False]
    with pytest.raises(MissingData, match="no arm of checkpoint blockade beside one of chemotherapy.*pembrolizumab"):
        blockade.arms(trial)


@pytest.mark.parametrize("arms", [["nivolumab", "nivolumab"], ["docetaxel", "docetaxel"], ["A", "B"]])
def test_one_arm_and_unknown_words_are_no_comparison(arms):
    with pytest.raises(MissingData, match="ARM: "):
        blockade.arms(made({"ARM": arms}))


def test_without_arms_everyone_was_treated_and_nobody_is_compared():
    cohort = made({"SEX": ["Male", "Female"]})
    assert blockade.treated(cohort).all()
    with pytest.raises(MissingData, match="no column ARM"):
        blockade.arms(cohort)
    with pytest.raises(MissingData, match="nobody in made was randomised to checkpoint blockade"):
        blockade.treated(made({"ARM": ["docetaxel", "docetaxel"]}))


# --- PD-L1 and burden


def test_pdl1_is_by_the_proportion_score_before_the_class_and_untested_is_not_negative():
    cohort = with_samples(PDL1_SCORE=[0.0, 1.0, 60.0, NAN], PDL1_TC1_IC1=["YES"] * 4)
    positive = blockade.pdl1_at_least(cohort, percent=1)
    assert positive.tolist() == [False, True, True, pd.NA] and positive.name == "PD-L1 ≥ 1%"


@pytest.mark.parametrize(("percent", "expected"), [(1, [True, True, False]), (50, [True, False, False])])
def test_the_classes_of_pdl1_begin_at_1_and_at_50_percent_of_tumour_cells(percent, expected):
    cohort = with_samples(PDL1_TC1_IC1=["YES", "YES", "NO"], PDL1_TC3_IC3=["YES", "NO", "NO"])
    assert blockade.pdl1_at_least(cohort, percent=percent).tolist() == expected


def test_no_class_begins_at_another_percentage():
    with pytest.raises(MissingData, match="a class that begins at 5%"):
        blockade.pdl1_at_least(with_samples(PDL1_TC1_IC1=["YES"], PDL1_TC3_IC3=["NO"]), percent=5)


def test_a_burden_of_tumour_and_one_of_blood_have_cut_offs_of_their_own():
    tissue = with_samples(TMB_NONSYNONYMOUS=[9.9, 10.0, 19.0, 19.1, NAN], BLOOD_TMB_COUNT=[40] * 5)
    assert blockade.burden_high(tissue, per_mb=10).tolist() == [False, True, True, True, pd.NA]
    assert blockade.burden_high(tissue, per_mb=19, above=True).tolist() == [False, False, False, True, pd.NA]
    blood = with_samples(BLOOD_TMB_COUNT=["15", "16", None])
    for per_mb in (10, 19):
        high = blockade.burden_high(blood, per_mb=per_mb)
        assert high.tolist() == [False, True, pd.NA] and high.name == "blood TMB ≥ 16"
    assert blockade.burden_is_in_blood(blood) and not blockade.burden_is_in_blood(tissue)


# --- response and benefit


def test_durable_benefit_by_progression_needs_more_than_six_months_and_who_left_before_is_not_evaluable():
    cohort = made({"PFS_MONTHS": [6.0, 6.1, 3.0, 3.0], "PFS_STATUS": pd.array([True, False, True, False], "boolean")})
    assert blockade.durable_benefit(cohort).tolist() == [False, True, False, pd.NA]


def test_durable_benefit_is_as_the_study_gives_it_where_it_does():
    cohort = made({"DURABLE_CLINICAL_BENEFIT": ["YES", "No", "NE", None], "PFS_MONTHS": [1.0, 9.0, 9.0, 9.0]})
    assert blockade.durable_benefit(cohort).tolist() == [True, False, pd.NA, pd.NA]


def test_what_is_not_recorded_is_said():
    cohort = with_survival([1, 2], [True, True])
    for ask in (blockade.objective_response, blockade.durable_benefit, blockade.burden):
        with pytest.raises(MissingData, match="made has no"):
            ask(cohort)
    with pytest.raises(MissingData, match="no column EGFR_STATUS"):
        blockade.mutated_by_test(cohort, gene="EGFR")


# --- OAK and POPLAR, counted apart from the package


@pytest.fixture(scope="module")
def trials(public_cohort):
    return {name: read_study(public_cohort(name)) for name in ("oak", "poplar")}


@pytest.mark.parametrize(
    ("name", "responses", "randomised"), [("oak", (58, 57), (425, 425)), ("poplar", (22, 21), (144, 143))]
)
def test_responses_of_the_trials_are_those_of_all_randomised(trials, name, responses, randomised):
    response, arm = blockade.objective_response(trials[name]), blockade.arms(trials[name])
    assert response.notna().all() and blockade.arm_names(trials[name]) == ("atezolizumab", "docetaxel")
    sides = [response[arm.eq(side)] for side in (True, False)]
    assert tuple(int(side.sum()) for side in sides) == responses and tuple(map(len, sides)) == randomised


def test_oak_gives_primary_resistance_in_44_percent_on_atezolizumab(trials):
    best = trials["oak"].patients.loc[blockade.treated(trials["oak"]), "BEST_RESPONSE"]
    assert ((best == "PD").sum(), len(best), round(100 * (best == "PD").mean(), 1)) == (187, 425, 44.0)


def test_tests_of_the_tissue_in_oak_and_a_burden_in_blood_from_16_on(trials):
    counts = {gene: blockade.mutated_by_test(trials["oak"], gene=gene).value_counts() for gene in ("EGFR", "KRAS")}
    assert {gene: (int(n[True]), int(n[False])) for gene, n in counts.items()} == {"EGFR": (85, 628), "KRAS": (59, 203)}
    high = blockade.burden_high(trials["oak"], per_mb=10)
    assert (int(high.sum()), int(high.notna().sum())) == (160, 642)
    assert np.isclose(blockade.pdl1_at_least(trials["oak"], percent=1).mean(), 463 / 842)
