"""Adverse events by category and regimen, against plain recounts, statsmodels and R."""

import subprocess

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from lcnec_utils.cohort import read, treatment
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core.errors import MissingData
from lcnec_utils.stats import proportions
from lcnec_utils.studies.lcnec import adverse_events
from lcnec_utils.twins import build
from tests.cohort.patients import CHEMO, CHEMO_IO, IO, NAN, made, text_of


@pytest.fixture(scope="module")
def one() -> Cohort:
    return read.read_study(build.build("twin_cohort_1"))


def events_cohort(toxicity: dict) -> Cohort:
    return made(
        {
            "FIRST_LINE_REGIMEN": [CHEMO, CHEMO, CHEMO, CHEMO, IO, None],
            "ADVERSE_EVENT_GRADE": ["4", "1", "0", None, "2", "3"],
        },
        timelines={"toxicity": pd.DataFrame(toxicity)},
    )


def test_a_patient_with_two_events_of_a_category_counts_once_among_those_whose_events_are_recorded(rscript):
    found = adverse_events.event_categories(
        events_cohort(
            {
                "PATIENT_ID": ["P0", "P0", "P0", "P1", "P3", "P4", "P5"],
                "TOXICITY_TYPE": ["Fatigue", "Fatigue", "Rash", "Fatigue", "Fatigue", "Rash", "Rash"],
                "GRADE": ["1", "4", "2", "1", "3", "2", "3"],
            }
        )
    ).set_index(["category", "group"])
    assert list(found.index.unique(level=0)) == ["Any event", "Fatigue", "Rash"]
    expected = {
        ("Any event", CHEMO): (3, 2, 1), ("Any event", IO): (1, 1, 0), ("Fatigue", CHEMO): (3, 2, 1),
        ("Fatigue", IO): (1, 0, 0), ("Rash", CHEMO): (3, 1, 0), ("Rash", IO): (1, 1, 0),
    }  # fmt: skip
    counted = {row.Index: (row.n, row.any_k, row.severe_k) for row in found.itertuples()}
    assert counted == expected, "P3's events are not recorded, P5 has no regimen"
    for side in ("any", "severe"):
        for row in found.itertuples():
            k, n = getattr(row, f"{side}_k"), row.n
            limits = getattr(row, f"{side}_lower"), getattr(row, f"{side}_upper")
            np.testing.assert_allclose(limits, proportion_confint(k, n, method="wilson"), atol=1e-12)
            code = f"cat(sprintf('%.15f', suppressWarnings(prop.test({k}, {n}, correct=FALSE))$conf.int))"
            done = subprocess.run([rscript, "--vanilla", "-e", code], capture_output=True, text=True, check=True)
            np.testing.assert_allclose(limits, [float(word) for word in done.stdout.split()], atol=1e-9)


@pytest.mark.parametrize(
    "lacking", [{"TOXICITY_TYPE": ["Rash"]}, {"GRADE": ["2"]}, {"TOXICITY_TYPE": ["Rash"], "GRADE": ["severe"]}]
)
def test_a_toxicity_timeline_without_grades_or_categories_is_no_traceback(lacking):
    lcnec = events_cohort({"PATIENT_ID": ["P0"], **lacking})
    try:
        adverse_events.event_categories(lcnec)
    except MissingData as reason:
        assert "toxicity" in str(reason)


def test_an_event_whose_grade_is_not_recorded_is_counted_and_never_mild():
    found = adverse_events.event_categories(
        events_cohort(
            {
                "PATIENT_ID": ["P0", "P0", "P1", "P1", "P4"],
                "TOXICITY_TYPE": ["Rash", "Fatigue", "Rash", "Rash", "Fatigue"],
                "GRADE": [4.0, NAN, 1.0, NAN, NAN],
            }
        )
    )
    rows = found.set_index(["category", "group"])[["any_k", "severe_k", "ungraded_k"]]
    counted = {key: tuple(row) for key, row in zip(rows.index, rows.to_numpy().tolist(), strict=True)}
    assert counted["Rash", CHEMO] == (2, 1, 1), "one of grade 1 may have been severe: the other grade is not recorded"
    assert counted["Fatigue", CHEMO] == (1, 0, 1) and counted["Fatigue", IO] == (1, 0, 1)
    assert counted["Any event", CHEMO] == (2, 1, 0)
    assert found.attrs["unrecorded"] == 1, "P3; P5 has no regimen"
    words = adverse_events.events_sentence(found, adverse_events.risk_differences(found))
    assert "Grade not recorded, counted under any grade alone: fatigue 2, rash 1." in words
    assert words.endswith("1 patient without recorded adverse events is left out.")


def test_an_event_without_a_category_is_no_category():
    lcnec = events_cohort({"PATIENT_ID": ["P0", "P1"], "TOXICITY_TYPE": ["Rash", ""], "GRADE": ["2", "1"]})
    assert set(adverse_events.event_categories(lcnec)["category"]) == {"Any event", "Rash"}


def test_adverse_events_of_the_twin_are_the_sources_recounted(one):
    text = text_of(one.folder)
    grade = pd.to_numeric(text["ADVERSE_EVENT_GRADE"])
    stopped = text["STOPPED_FOR_TOXICITY"] == "YES"
    flags = {"any grade": grade > 0, "grade 3 or worse": grade > 2, treatment.DISCONTINUED: stopped}
    mine = {name: text["FIRST_LINE_REGIMEN"] == name for name in treatment.REGIMENS}
    counted = {
        (name, what): (int((flag & on).sum()), int(on.sum()))
        for what, flag in flags.items()
        for name, on in mine.items()
    }
    table = proportions.shares(treatment.toxicity(one), treatment.regimen(one))
    assert {(row.group, row.what): (row.k, row.n) for row in table.itertuples()} == counted
    assert [counted[name, "any grade"] for name in treatment.REGIMENS] == [(61, 121), (45, 82), (6, 14)]
    assert [counted[name, "grade 3 or worse"][0] for name in treatment.REGIMENS] == [27, 21, 0]
    assert [counted[name, treatment.DISCONTINUED][0] for name in treatment.REGIMENS] == [12, 12, 2]


def test_categories_of_adverse_events_of_the_twin_are_the_timelines_recounted(one):
    found = adverse_events.event_categories(one).set_index(["category", "group"])
    events = text_of(one.folder, "data_timeline_toxicity.txt").assign(GRADE=lambda rows: rows["GRADE"].astype(int))
    regimens = text_of(one.folder).set_index("PATIENT_ID")["FIRST_LINE_REGIMEN"]
    for (kind, group), row in found.iterrows():
        mine = events[events["PATIENT_ID"].map(regimens) == group]
        mine = mine if kind == "Any event" else mine[mine["TOXICITY_TYPE"] == kind]
        assert row["any_k"] == mine["PATIENT_ID"].nunique(), (kind, group)
        assert row["severe_k"] == mine.loc[mine["GRADE"] >= 3, "PATIENT_ID"].nunique(), (kind, group)
    assert set(found.index.unique(level=0)) == {"Any event", *events["TOXICITY_TYPE"]}


def test_risk_differences_are_against_the_reference_of_large_groups_with_newcombes_interval(one):
    events = adverse_events.event_categories(one)
    table = adverse_events.risk_differences(events).set_index(["category", "group"])
    assert set(table["reference"]) == {CHEMO_IO} and set(table.index.unique(level=1)) == {CHEMO, IO}
    row = table.loc[("Any event", CHEMO)]
    assert row["any_difference"] == pytest.approx(61 / 121 - 45 / 82)
    # Newcombe 1998, method 10, from Wilson's limits (l, u) of either share
    (l_1, u_1), (l_2, u_2) = (proportion_confint(k, n, method="wilson") for k, n in ((61, 121), (45, 82)))
    lower = np.hypot(61 / 121 - l_1, u_2 - 45 / 82)
    upper = np.hypot(u_1 - 61 / 121, 45 / 82 - l_2)
    limits = [row["any_difference"] - lower, row["any_difference"] + upper]
    np.testing.assert_allclose(row[["any_lower", "any_upper"]].astype(float), limits, atol=1e-9)
    assert set(adverse_events.risk_differences(events, min_group=15).group) == {CHEMO}
    assert adverse_events.risk_differences(events, reference="surgery").empty
    sentence = adverse_events.events_sentence(events, adverse_events.risk_differences(events))
    assert "112/217 (52%) of patients had a treatment-related adverse event of any grade" in sentence
    assert f"differed from that on {CHEMO_IO} by −4.5 percentage points (95% CI −18.0 to 9.4) on {CHEMO}" in sentence


def test_toxicity_as_a_whole_is_events_severe_events_and_discontinuation_between_every_two_regimens(one):
    toxicity, groups = treatment.toxicity(one), treatment.regimen(one)
    found = adverse_events.toxicity_differences(toxicity, groups)
    shares = [(61 / 121, 45 / 82, 6 / 14), (27 / 121, 21 / 82, 0), (12 / 121, 12 / 82, 2 / 14)]
    expected = [abs(a - b) for chemo, both, io in shares for a, b in ((chemo, both), (chemo, io), (both, io))]
    assert [abs(finding.value) for finding in found] == pytest.approx(expected, abs=1e-9)
    fewer = adverse_events.toxicity_differences(toxicity.drop(columns=treatment.DISCONTINUED), groups)
    assert fewer[:6] == found[:6] and [finding.value for finding in fewer[6:]] == [None]
    assert "discontinuation" in fewer[-1].note


def test_the_axis_names_the_version_of_ctcae_where_the_cohort_does():
    rash = {"PATIENT_ID": ["P0"], "TOXICITY_TYPE": ["Rash"], "GRADE": ["2"]}
    plain, versioned = (adverse_events.event_categories(events_cohort(rash | more)) for more in
                        ({}, {"CTCAE_VERSION": ["5.0"]}))  # fmt: skip
    assert adverse_events.axis_label(plain) == "Patients with a treatment-related adverse event, % (95% CI)"
    assert adverse_events.axis_label(versioned).endswith("% (95% CI; CTCAE 5.0)")
