"""What a cohort's columns say of treatment: regimens, covariates, eras, second lines and adverse events."""

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.cohort import treatment
from lcnec_utils.core.errors import MissingData
from tests.cohort.patients import CHEMO, CHEMO_IO, IO, NAN, made, texts, with_survival


def test_regimens_stand_in_the_sources_order_others_after_and_who_has_none_is_missing():
    found = treatment.regimen(made({"FIRST_LINE_REGIMEN": ["surgery", IO, None, CHEMO, "palliation", CHEMO]}))
    assert list(found.cat.categories) == [CHEMO, IO, "palliation", "surgery"], "a regimen that nobody has is no level"
    assert texts(found) == ["surgery", IO, None, CHEMO, "palliation", CHEMO]


@pytest.mark.parametrize("patients", [{"AGE": [1.0, 2.0]}, {"FIRST_LINE_REGIMEN": [None, None]}])
def test_without_any_regimen_it_is_said_and_the_baseline_has_one_group(patients):
    lcnec = made(patients)
    with pytest.raises(MissingData, match="first-line regimen"):
        treatment.regimen(lcnec)
    assert texts(treatment.regimen_or_all(lcnec)) == ["all patients"] * 2


def test_covariates_are_sex_ecog_in_three_levels_age_in_decades_and_m_stage_and_missing_stays_missing():
    found = treatment.covariates(
        made(
            {
                "SEX": ["Female", "Male", None, "Male", "Male", "Female"],
                "ECOG": ["0", "1", "2", "4", None, "3"],
                "AGE": [60, 75, NAN, 41, 50, 66],
                "M_STAGE": ["M1c", None, "M1a", "M1b", "M1a", "M1c"],
            }
        )
    )
    assert texts(found["ECOG"]) == ["0", "1", "2 or more", "2 or more", None, "2 or more"]
    assert list(found["ECOG"].cat.categories) == ["0", "1", "2 or more"]
    assert texts(found["Sex"]) == ["Female", "Male", None, "Male", "Male", "Female"]
    assert texts(found["M stage"]) == ["M1c", None, "M1a", "M1b", "M1a", "M1c"]
    np.testing.assert_array_equal(found["Age, per 10 years"], [6, 7.5, NAN, 4.1, 5, 6.6])


def test_by_regimen_drops_who_has_no_regimen_or_no_survival_and_nobody_else():
    lcnec = with_survival(
        [1, 2, NAN, 4, 5, 6], [True, False, True, None, True, False],
        FIRST_LINE_REGIMEN=[CHEMO, None, CHEMO, IO, IO, "surgery"], ECOG=[None] * 6, SEX=["Male", None] * 3,
    )  # fmt: skip
    found = treatment.survival_by_regimen(lcnec, "OS")
    assert list(found.index) == ["P0", "P4", "P5"], "missing covariates drop nobody"
    assert texts(found["regimen"]) == [CHEMO, IO, "surgery"]


def test_an_era_begins_on_its_day():
    lcnec = made({"FIRST_LINE_START": ["2018-12-31", "2019-01-01", "2019-01-02", None]})
    assert texts(treatment.treatment_era(lcnec, "2019-01-01")) == [
        "before 2019-01-01", "from 2019-01-01", "from 2019-01-01", None,
    ]  # fmt: skip


def test_a_second_line_holds_checkpoint_blockade_alone_or_with_chemotherapy():
    lcnec = made({"SECOND_LINE_REGIMEN": [CHEMO, IO, CHEMO_IO, "targeted therapy", "Trial arm B", None]})
    without, with_it = "second line without ICI", "second line with ICI"
    assert texts(treatment.second_line(lcnec)) == [without, with_it, with_it, without, None, None]


def test_from_the_second_line_time_zero_moves_and_who_has_no_start_is_counted():
    lcnec = with_survival(
        [10, 8, 7, 5, NAN], [True, False, True, True, True], SECOND_LINE_START_MONTHS=[4, NAN, 7, 6, 1]
    )
    found = treatment.survival_from_second_line(lcnec)
    assert found["months"].to_dict() == {"P0": 6, "P2": 0}
    assert found["event"].to_dict() == {"P0": True, "P2": True}
    assert list(found) == ["months", "event"]
    # P1 has no start, P3 a start after its end; P4 has no overall survival and is not of the table
    assert found.attrs["dropped"] == 2


def test_a_backbone_matches_its_own_subtype_only():
    lcnec = made({"CHEMOTHERAPY_BACKBONE": ["SCLC-type", "NSCLC-type", "NSCLC-type", "SCLC-type", None, "NSCLC-type"]})
    subtype = pd.Series(
        ["SCLC-like", "SCLC-like", "NSCLC-like", "Unclassified", "SCLC-like"], [f"P{i}" for i in range(5)]
    )
    found = treatment.matched_backbone(lcnec, subtype.astype("category"))
    names = ["SCLC-like on SCLC-type chemotherapy", "NSCLC-like on NSCLC-type chemotherapy"]
    assert texts(found) == [names[0], None, names[1], None, None, None]
    assert list(found.cat.categories) == names


def test_toxicity_that_is_not_recorded_is_missing_not_absent():
    stopped = ["NO", None, "YES", "NO", "NO", "NO"]
    lcnec = made({"ADVERSE_EVENT_GRADE": ["0", "2", "3", None, "5", ""], "STOPPED_FOR_TOXICITY": stopped})
    np.testing.assert_array_equal(treatment.worst_grade(lcnec), [0, 2, 3, NAN, 5, NAN])
    found = treatment.toxicity(lcnec)
    assert texts(found["any grade"]) == ["False", "True", "True", None, "True", None]
    assert texts(found["grade 3 or worse"]) == ["False", "False", "True", None, "True", None]
    assert texts(found[treatment.DISCONTINUED]) == ["False", None, "True", "False", "False", "False"]
    assert treatment.DISCONTINUED not in treatment.toxicity(made({"ADVERSE_EVENT_GRADE": ["0", "1"]}))


def test_a_stop_for_toxicity_that_is_neither_yes_nor_no_is_not_recorded():
    lcnec = made({"ADVERSE_EVENT_GRADE": [0.0, 1, 2, 3], "STOPPED_FOR_TOXICITY": ["yes", "NO", "perhaps", None]})
    assert texts(treatment.toxicity(lcnec)[treatment.DISCONTINUED]) == ["True", "False", None, None]
