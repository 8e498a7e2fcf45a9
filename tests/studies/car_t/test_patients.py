"""What is known of each patient, from folders with and without it. Under a second."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core.errors import MissingData
from lcnec_utils.studies.car_t import patients
from lcnec_utils.studies.car_t.populations import EARLY


def cohort(**columns) -> Cohort:
    people = pd.Index(["A", "B", "C"], name="PATIENT_ID")
    samples = pd.DataFrame(
        {
            "PATIENT_ID": ["A", "A", "A", "B", "B"], "BIOPSY_TIME": [*["baseline"] * 4, "early"],
            "FIXATION": ["FFPE", "FFPE", "FF", "FF", "FFPE"],
        },
        pd.Index(["A1", "A2", "A3", "B1", "B2"], name="SAMPLE_ID"),
    )  # fmt: skip
    return Cohort("three", pd.DataFrame(columns, people), samples)


VALUES = pd.Series([10.0, 20, 90, 7, 5], ["A1", "A2", "A3", "B1", "B2"])


def test_specimens_of_one_time_and_fixation_are_averaged_and_the_two_tissues_never_are():
    assert patients.by_patient(cohort(), VALUES, fixation="FFPE").to_dict() == {"A": 15.0}
    assert patients.by_patient(cohort(), VALUES, fixation="FF").to_dict() == {"A": 90.0, "B": 7.0}
    assert patients.by_patient(cohort(), VALUES, time=EARLY, fixation="FFPE").to_dict() == {"B": 5.0}


def test_of_a_cohort_without_times_every_specimen_is_before_treatment_and_none_is_later():
    known = cohort()
    timeless = dataclasses.replace(known, samples=known.samples.drop(columns=["BIOPSY_TIME", "FIXATION"]))
    assert patients.by_patient(timeless, VALUES, fixation="FFPE").to_dict() == {"A": 40.0, "B": 6.0}
    with pytest.raises(MissingData, match="no specimen at early"):
        patients.by_patient(timeless, VALUES, time=EARLY)


def test_outcomes_are_read_and_what_nobody_has_is_lacking_with_its_reason():
    known = patients.outcomes(
        cohort(BEST_RESPONSE=["CR", "SD", "NE"], NE_GRADE=[2.0, 3.0, np.nan], CAR_PEAK_PER_UL=[40.0, 8.0, 2.0],
               TUMOR_BURDEN_MM2=[1000.0, 0.0, 500.0], CELL_OF_ORIGIN=["ABC", "GCB", None])
    )  # fmt: skip
    values = known.values
    assert values["response"].tolist()[:2] == [3.0, 1.0] and np.isnan(values.at["C", "response"])  # not evaluable
    assert values["objective_response"].tolist()[:2] == [True, False] and pd.isna(values.at["C", "objective_response"])
    assert values["high_grade_event"].tolist()[:2] == [False, True] and pd.isna(values.at["C", "high_grade_event"])
    assert values.at["A", "car_peak_by_burden"] == pytest.approx(0.04)
    assert np.isnan(values.at["B", "car_peak_by_burden"])  # a burden of 0 divides nothing
    assert values["abc"].tolist()[:2] == [True, False] and pd.isna(values.at["C", "abc"])
    assert not known.has("ipi") and "no column IPI" in known.lacking["ipi"]
    with pytest.raises(MissingData, match="no column IPI"):
        known.need("ipi")


def test_half_of_a_definition_puts_nobody_among_the_others():
    one = pd.Series([True, False, False, None, None], dtype="boolean")
    other = pd.Series([True, True, None, False, None], dtype="boolean")
    assert patients.both_hold(one, other).tolist() == [True, False, pd.NA, pd.NA, pd.NA]


def test_the_sources_patients_are_those_of_a_twin_or_of_a_cohort_that_says_so():
    studies = {"twin": {"simulated": True, "body": "twin"}, "drawn": {"simulated": True}, "public": {"name": "GSE"},
               "shared": {"stands_for": "ZUMA-1"}, "other": {"stands_for": "OAK"}}  # fmt: skip
    known = {name: patients.of_source(dataclasses.replace(cohort(), study=study)) for name, study in studies.items()}
    assert known == {"twin": True, "drawn": False, "public": False, "shared": True, "other": False}


def test_a_value_at_the_cut_is_not_above_it():
    values = pd.Series([1.0, 2, 2, 2, 9, None])
    assert patients.above_quantile(values, 0.25).tolist()[:5] == [False, False, False, False, True]
    assert pd.isna(patients.above_quantile(values, 0.25).iloc[5])
    tied = patients.high_or_low(patients.above_quantile(pd.Series([3.0] * 5), 0.25))
    assert set(tied) == {"low"}  # all alike: nobody is above


def test_an_association_of_what_is_lacking_is_declined_with_both_reasons():
    known = patients.outcomes(cohort(BEST_RESPONSE=["CR", "SD", "PD"]))
    finding = patients.correlation(known, "car_peak", "burden")
    assert finding.value is None and "CAR_PEAK_PER_UL" in finding.note and "TUMOR_BURDEN_MM2" in finding.note
    assert patients.ratio(known, "car_peak", "abc").value is None
    assert patients.difference(known, "objective_response", "abc").value is None
