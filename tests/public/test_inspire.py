"""INSPIRE: 94 patients on pembrolizumab and their measurements of tumour size. Costs about a second."""

import pandas as pd
import pytest
import yaml

from lcnec_utils.cohort.read import read_study
from lcnec_utils.core.errors import UserError
from lcnec_utils.public import inspire


@pytest.fixture
def cohort(public_cohort):
    return read_study(public_cohort("inspire"))


def test_94_patients_on_pembrolizumab_64_deaths_16_responses(cohort):
    deaths, progressions = cohort.survival("OS"), cohort.survival("PFS")
    assert (len(deaths), int(deaths["event"].sum())) == (94, 64)
    assert (len(progressions), int(progressions["event"].sum())) == (94, 82)
    assert (cohort.patients["OBJECTIVE_RESPONSE"] == "YES").sum() == 16
    assert (progressions["months"] <= deaths["months"]).all()
    assert cohort.words == {} == cohort.refused


def test_responders_live_longer_than_others(cohort):
    """The status is 1 for a death: of those with a response fewer died than of the others."""
    died = cohort.survival("OS")["event"].groupby(cohort.patients["OBJECTIVE_RESPONSE"]).mean()
    assert died["YES"] < 0.5 < died["NO"]


def test_the_trial_has_five_cohorts(cohort):
    assert cohort.patients["TRIAL_COHORT"].value_counts().to_dict() == {"E": 30, "B": 18, "C": 18, "A": 16, "D": 12}
    assert cohort.samples.loc[cohort.patients["TRIAL_COHORT"] == "D", "CANCER_TYPE"].unique().tolist() == ["Melanoma"]


def test_270_measurements_of_74_patients_of_which_8_give_no_size(cohort):
    sizes = cohort.timeline("tumor_size")
    change = pd.to_numeric(sizes["SIZE_CHANGE_PERCENT"])
    assert (len(sizes), sizes["PATIENT_ID"].nunique(), int(change.isna().sum())) == (270, 74, 8)
    assert change.min() == -100 and set(sizes["PATIENT_ID"]) <= set(cohort.patients.index)
    # no lesion shrinks by 30% in most patients without a response
    best = change.groupby(sizes["PATIENT_ID"]).min()
    responded = cohort.patients.loc[best.index, "OBJECTIVE_RESPONSE"] == "YES"
    assert (best[responded] <= -30).mean() > 0.9 and (best[~responded] <= -30).mean() < 0.1


def test_the_log_of_tmb_is_not_taken_for_a_burden(cohort, public_cohort):
    assert "TMB_NONSYNONYMOUS" not in cohort.samples and "DURABLE_CLINICAL_BENEFIT" not in cohort.patients
    notes = " ".join(yaml.safe_load((public_cohort("inspire") / "cohort.yaml").read_text())["notes"])
    assert "its base is not stated" in notes


def test_times_that_are_no_whole_days_and_unknown_words_are_refused():
    with pytest.raises(UserError, match="no whole days"):
        inspire.whole_days(pd.Series([8.05]))
    with pytest.raises(UserError, match="'CR' is no word of it"):
        inspire._decoded(pd.DataFrame({"orr": ["CR"]}), "orr", {"CR/PR": "YES"})
