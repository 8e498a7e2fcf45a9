"""Landmark models and start–stop rows against R's tmerge and coxph, and their doors. Costs about two seconds."""

import math

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import UserError
from lcnec_utils.core.units import DAYS_PER_MONTH
from lcnec_utils.stats import cox, landmark
from tests import golden
from tests.stats.survival_tables import same

GOLDEN = golden.read("landmark")
MODEL = ("coefficient", "se", "hr", "lower", "upper", "p")


def tables_of(name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A data set of the golden: its patients as a survival table in months, and its measurements by day."""
    patients, measured = (pd.DataFrame(GOLDEN["sets"][name][part]) for part in ("patients", "measured"))
    survival = patients.rename(columns={"time": "months"}).set_index("id")
    survival["months"] = survival["months"].astype(float) / DAYS_PER_MONTH
    return survival, measured.rename(columns={"id": "patient"})


def before_of(entry: dict) -> dict[str, float]:
    """What the golden's entry takes each covariate for before its first measurement."""
    value = math.nan if entry["before"] is None else entry["before"]
    return dict.fromkeys(tables_of(entry["set"])[1]["covariate"], value)


def by_model(entry: dict) -> str:
    return " ".join([entry["set"], "+".join(np.atleast_1d(entry["covariates"])), str(entry.get("day", ""))])


@pytest.mark.parametrize("name", GOLDEN["rows"])
def test_start_stop_rows_are_those_of_tmerge(name):
    survival, measurements = tables_of(name)
    rows, theirs = landmark.start_stop(survival, measurements), GOLDEN["rows"][name]
    assert list(rows.index) == [int(each) for each in theirs["id"]]
    for column in ("entry", "months"):
        same(rows[column] * DAYS_PER_MONTH, theirs[column], 1e-12)
    assert list(rows["event"].astype(int)) == [int(each) for each in theirs["event"]]
    for covariate in measurements["covariate"].unique():
        same(rows[covariate], theirs[covariate], 1e-12)


@pytest.mark.parametrize("entry", GOLDEN["varying"], ids=by_model)
def test_a_time_varying_model_is_that_of_tmerge_and_coxph(entry):
    covariates = list(np.atleast_1d(entry["covariates"]))
    rows = landmark.start_stop(*tables_of(entry["set"]), before=before_of(entry))
    fitted = landmark.time_varying_cox(rows, covariates=covariates)
    assert list(fitted["term"]) == covariates and set(fitted["note"]) == {""}
    assert (fitted.attrs["rows"], set(fitted["n"]), set(fitted["events"])) == (
        entry["n"], {entry["patients"]}, {entry["events"]},
    )  # fmt: skip
    assert fitted.attrs["dropped"] == entry["rows"] - entry["n"]
    for name in MODEL:
        same(fitted[name], entry[name], 1e-7)


def test_golden_sets_hold_several_deaths_at_one_time():
    """Else Efron's and Breslow's ties would be the same, and the equality would say nothing of them."""
    patients = tables_of("years")[0]
    assert (patients.loc[patients["event"] == 1, "months"].value_counts() >= 4).sum() >= 3


def test_the_two_engines_of_delayed_entry_agree():
    """lifelines' time-varying fitter and the Newton steps of stats.cox, on the same rows with ties."""
    rows = landmark.start_stop(*tables_of("years")).astype({"event": bool})
    ours = landmark.time_varying_cox(rows, covariates=["bili", "protime", "age"])
    theirs = cox.cox(rows, covariates=["bili", "protime", "age"])
    for name in MODEL:
        same(ours[name], theirs[name], 1e-8)


@pytest.mark.parametrize("entry", GOLDEN["landmark"], ids=by_model)
def test_a_landmark_model_is_that_of_the_followed_and_of_what_was_known(entry):
    survival, measurements = tables_of(entry["set"])
    kept = landmark.landmark(survival, entry["day"], measurements, before=before_of(entry))
    assert (len(kept), kept.attrs["dead"], kept.attrs["lost"]) == (entry["kept"], entry["dead"], entry["lost"])
    assert len(kept) + kept.attrs["dead"] + kept.attrs["lost"] == len(survival)
    fitted = cox.cox(kept, covariates=list(np.atleast_1d(entry["covariates"])))
    assert set(fitted["n"]) == {entry["n"]} and set(fitted["events"]) == {entry["events"]}
    for name in MODEL:
        same(fitted[name], entry[name], 1e-7)


@pytest.fixture
def four() -> pd.DataFrame:
    """Four patients: one dead on day 20, one lost on day 25, two followed for long."""
    return pd.DataFrame(
        {"months": np.array([20, 25, 300, 400]) / DAYS_PER_MONTH, "event": [1, 0, 1, 0]}, index=list("abcd")
    )


def measured(*rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["patient", "day", "covariate", "value"])


def test_a_landmark_counts_the_dead_and_the_lost_and_who_is_measured_later(four):
    kept = landmark.landmark(four, 30, measured(("a", 9, "peak", 7), ("c", 9, "peak", 5), ("d", 31, "peak", 9)))
    assert list(kept.index) == ["c", "d"] and kept.attrs == {"dead": 1, "lost": 1, "later": {"peak": 1}}
    same(kept["months"] * DAYS_PER_MONTH, [270, 370])
    same(kept["peak"], [5, math.nan])


def test_of_several_measurements_the_last_until_the_landmark_counts_also_on_its_day(four):
    rows = measured(("c", 30, "cells", 3), ("c", 8, "cells", 1), ("c", 31, "cells", 9), ("d", 12, "cells", 4))
    assert list(landmark.landmark(four, 30, rows)["cells"]) == [3, 4]
    assert list(landmark.landmark(four, 29, rows)["cells"]) == [1, 4]


def test_a_landmark_at_time_zero_is_the_table_itself(four):
    kept = landmark.landmark(four, 0)
    assert len(kept) == 4 and kept.attrs == {"dead": 0, "lost": 0, "later": {}}
    same(kept["months"], four["months"])


def test_a_measurement_at_the_end_changes_nothing_and_the_event_stays_in_the_last_row(four):
    rows = landmark.start_stop(four, measured(("a", 20, "peak", 1), ("c", 10, "peak", 1), ("c", 50, "peak", 2)))
    assert list(rows.index) == ["a", "b", "c", "c", "c", "d"]
    assert list(rows["event"]) == [True, False, False, False, True, False]
    same(rows["peak"], [math.nan, math.nan, math.nan, 1, 2, math.nan])


def test_delayed_entry_and_what_was_measured_before_it_are_kept(four):
    late = four.assign(entry=[0, 0, 60 / DAYS_PER_MONTH, 0])
    rows = landmark.start_stop(late, measured(("c", 10, "peak", 1), ("c", 40, "peak", 2), ("c", 90, "peak", 3)))
    of_c = rows.loc["c"]
    same(of_c["entry"] * DAYS_PER_MONTH, [60, 90])
    assert list(of_c["peak"]) == [2, 3]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("a", 21, "peak", 1), "row 1: 21 of patient a is after the patient's event or last follow-up"),
        (("b", 26, "peak", 1), "of patient b is after the patient's event or last follow-up"),
        (("c", -3, "peak", 1), "row 1: -3 of patient c is before time zero"),
        (("e", 3, "peak", 1), "'e' of patient e is not in the survival table"),
        (("c", None, "peak", 1), "column 'day', row 1: nan of patient c is no number"),
        (("c", 5, "peak", "many"), "column 'value', row 1: 'many' of patient c is no number"),
        (("c", 5, "event", 1), "is a column of times or events"),
        (("d", 8, "peak", 2), "has two values of one covariate"),
    ],
)  # fmt: skip
def test_measurements_that_cannot_be_right_are_refused_in_one_line(four, row, message):
    rows = measured(("d", 8, "peak", 1), row)
    for door in (landmark.start_stop, lambda table, more: landmark.landmark(table, 30, more)):
        with pytest.raises(UserError) as error:
            door(four, rows)
        assert message in str(error.value) and "\n" not in str(error.value) and "; " in str(error.value)


def test_tables_that_cannot_be_right_are_refused(four):
    with pytest.raises(UserError, match="the landmark must be a day from 0 on, not -1"):
        landmark.landmark(four, -1)
    with pytest.raises(UserError, match="is negative"):
        landmark.landmark(four.assign(months=-1.0), 30)
    with pytest.raises(UserError, match="patient a in two rows"):
        landmark.start_stop(pd.concat([four, four]), measured())
    with pytest.raises(UserError, match="have no column 'day'"):
        landmark.start_stop(four, measured().drop(columns="day"))
    with pytest.raises(UserError, match="no column 'entry'"):
        landmark.time_varying_cox(four.assign(peak=1.0), covariates=["peak"])
    with pytest.raises(UserError, match="'peak' is no number"):
        landmark.time_varying_cox(four.assign(entry=0.0, peak="high"), covariates=["peak"])


def test_what_has_no_estimate_says_why(four):
    rows = landmark.start_stop(four, measured(("c", 5, "peak", 1), ("d", 5, "peak", 1)), before={"peak": 0})
    constant = landmark.time_varying_cox(rows.assign(same=1.0), covariates=["same"])
    assert constant["note"].item() == "not estimable: every patient has the same value"
    nobody = landmark.time_varying_cox(rows.assign(event=False), covariates=["peak"])
    assert nobody["note"].item() == "not estimable: no event" and math.isnan(nobody["hr"].item())
    # the only death of the unmeasured comes first, that of the measured later: finite, for both are at risk at it
    assert landmark.time_varying_cox(rows, covariates=["peak"])["note"].item() != ""
