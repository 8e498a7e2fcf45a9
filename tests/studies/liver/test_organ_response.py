"""Response by organ: findings and sentences on the twin, on cohorts of one's own, and on sizes without organs. 6 s."""

import pandas as pd
import pytest

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.cohort.read import read_study
from lcnec_utils.core.errors import MissingData
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.stats.lesions import COLUMNS
from lcnec_utils.studies.liver import organ_response
from lcnec_utils.twins import build

ORGANS = ("liver", "lung")


@pytest.fixture(scope="module")
def twin():
    return read_study(build.build("twin_liver"))


@pytest.fixture(scope="module")
def courses(twin):
    return organ_response.tumour_courses(twin, organs=ORGANS)


def own_cohort(*patients: tuple[str, tuple, tuple]) -> Cohort:
    """Real patients with one lesion of the liver and one of the lung each, at day 0, 45, 90 …"""
    rows = [
        (name, 45 * place, organ, organ, "target", size, "long")
        for name, liver, lung in patients for organ, sizes in (("liver", liver), ("lung", lung))
        for place, size in enumerate(sizes)
    ]  # fmt: skip
    names = pd.Index([name for name, *_ in patients], name="PATIENT_ID")
    return Cohort("own", pd.DataFrame(index=names), pd.DataFrame(), lesions=pd.DataFrame(rows, columns=COLUMNS))


def test_the_shares_are_the_printed_ones_and_no_verdict_hangs_on_the_assumed_cells(twin, courses):
    """The two extremes of all tables that the print allows answer together, whatever table the twin has."""
    found = organ_response.response_findings(twin, courses)
    assert [round(found[id][0].value, 1) for id in ("orr.lm", "orr.pl", "dcr.lm", "dcr.pl")] == [21.2, 32.7, 67.3, 86.5]
    for id, p in (("orr.lm_vs_pl", (0.03125, 0.345)), ("dcr.lm_vs_pl", (0.00195, 0.0639))):
        low, high = found[id]
        assert (low.p, high.p) == pytest.approx(p, abs=5e-4)
        assert low.value == high.value < 0 and low.upper < 0
    published = claims.published()
    answers = {id: verdicts.verdict(published[f"liver.lm_orr_dcr.{id}"], values)[0] for id, values in found.items()}
    assert answers["orr.lm_vs_pl"] == "inconclusive" and answers["dcr.lm_vs_pl"] == "compatible"
    # another table with the same margins gives the same findings
    flags = courses.flags[organ_response.RESPONSE]
    shuffled = flags.assign(lung=flags["lung"].sample(frac=1, random_state=5).to_numpy())
    other = {**courses.flags, organ_response.RESPONSE: shuffled}
    assert organ_response.response_findings(twin, organ_response.dataclasses.replace(courses, flags=other)) == found


def test_of_ones_own_cohort_the_pairs_count():
    cohort = own_cohort(
        *[(f"P{i}", (40, 40), (40, 20)) for i in range(6)], ("Q", (40, 20), (40, 20)), ("R", (40, 60), (40, 41))
    )
    courses = organ_response.tumour_courses(cohort, organs=ORGANS)
    found = organ_response.response_findings(cohort, courses)
    (difference,) = found["orr.lm_vs_pl"]
    assert difference.value == -6 / 8 and difference.p == pytest.approx(2 * 0.5**6)
    assert found["response.discussion"] == found["orr.lm_vs_pl"]
    said = organ_response.shares_sentence(cohort, courses, organ_response.organ_shares(courses))
    assert "liver 1/8 (12.5%), lung 7/8 (87.5%)" in said and "0 in the liver alone and 6 in the lung alone" in said
    assert "the twin" not in said


def test_mixed_response_is_answered_by_count_share_and_direction(courses):
    table = organ_response.mixed_table(courses, which="best", threshold=0.0)
    found = organ_response.mixed_findings(courses, table)
    assert found["n"][0].value == 17 and round(found["share"][0].value, 1) == 32.7
    excess = found["liver_up_lung_down"][0]
    assert excess.value == pytest.approx(15 / 17 - 0.5) and excess.p == pytest.approx(0.00235, abs=5e-6)
    assert verdicts.verdict(claims.published()["liver.lm_mixed.liver_up_lung_down"], [excess])[0] == "compatible"
    first = organ_response.mixed_table(courses, which="first", threshold=0.0)
    assert not first["liver"].equals(table["liver"]) and (first["direction"].value_counts()["one up, other down"]) == 15
    sweep = organ_response.mixed_sweep(courses, which="best")
    assert len(sweep) == 31 and sweep["opposite"].iloc[0] == 17 and sweep["opposite"].is_monotonic_decreasing
    said = organ_response.mixed_sentence(table, sweep, organs=ORGANS, which="best", threshold=0.0)
    assert "17/52 (32.7%) of patients have opposite changes at the best change of each organ" in said
    assert "shrinks in 15, the reverse holds in 2 (exact binomial p = 0.002)" in said


def test_other_organs_than_the_sources_answer_no_claim():
    cohort = own_cohort(*[(f"P{i}", (40, 20), (40, 40)) for i in range(6)])
    courses = organ_response.tumour_courses(cohort, organs=("lung", "liver"))
    table = organ_response.mixed_table(courses, which="best", threshold=0.0)
    answers = organ_response.response_findings(cohort, courses) | organ_response.mixed_findings(courses, table)
    assert {findings[0].note for findings in answers.values()} == {
        "the run compares lung and liver, and the claim is on liver and lung"
    }


def test_patients_without_lesions_in_both_organs_are_left_out_and_counted():
    cohort = own_cohort(("A", (40, 20), (40, 20)), ("B", (40, 20), (40, 20)))
    table = cohort.lesions
    cohort.lesions = table[~((table["patient"] == "B") & (table["organ"] == "lung"))]
    courses = organ_response.tumour_courses(cohort, organs=ORGANS)
    assert list(courses.best.index) == ["A"] and courses.left_out == 1
    assert "1 patient without lesions in both organs left out" in organ_response.waterfall_sentence(courses)
    with pytest.raises(
        MissingData, match="no patient of own has lesions of both liver and brain; it has those of liver and lung"
    ):
        organ_response.tumour_courses(cohort, organs=("liver", "brain"))


def test_the_rules_of_a_run_decide_what_counts():
    """30% down at one scan alone is no confirmed response; growth that shrinks again is none by iRECIST."""
    cohort = own_cohort(("A", (50, 30, 50), (50, 62, 30)))
    words = {}
    for rules in ("RECIST 1.1", "RECIST 1.1, confirmed", "iRECIST"):
        courses = organ_response.tumour_courses(cohort, organs=ORGANS, rules=rules)
        words[rules] = courses.best.loc["A"].to_list()
        assert courses.flags[organ_response.RESPONSE].loc["A"].to_list() == [word == "PR" for word in words[rules]]
    assert words == {
        "RECIST 1.1": ["PR", "PD"], "RECIST 1.1, confirmed": ["SD", "PD"], "iRECIST": ["PR", "PR"],
    }  # fmt: skip
    early = organ_response.tumour_courses(own_cohort(("A", (50, 50), (50, 50))), organs=ORGANS, minimum_stable_days=60)
    assert early.best.loc["A"].to_list() == ["NE", "NE"]


def test_a_swimmer_takes_months_on_treatment_where_they_are_known(twin, courses):
    patients, events, axis = organ_response.swimmer_tables(twin, courses)
    assert axis == "Months on treatment" and len(patients) == 52
    assert patients["ongoing"].sum() == (twin.survival("TOT")["event"].eq(False)).sum()
    late = events.merge(patients["months"].rename("end"), left_on="patient", right_index=True)
    assert (late["months"] <= late["end"]).all() and set(events["event"]) == {"response", "progression", "new lesion"}
    cohort = own_cohort(("A", (40, 20), (40, 20)), ("B", (40, 60), (40, 40)))
    patients, events, axis = organ_response.swimmer_tables(cohort, organ_response.tumour_courses(cohort, organs=ORGANS))
    assert axis == "Months to the last scan" and patients["ongoing"].to_dict() == {"A": True, "B": False}


def test_inspire_has_changes_of_72_patients_and_no_organ(public_cohort):
    """16 of the 94 responded, all of them with a size after the baseline."""
    courses = organ_response.tumour_courses(read_study(public_cohort("inspire")), organs=ORGANS)
    assert courses.organs == ["tumour"] and len(courses.best_change) == 72 and len(courses.visits) == 262
    assert courses.best["tumour"].value_counts().to_dict() == {"SD or PD": 56, "CR or PR": 16}
    with pytest.raises(MissingData, match="sizes of tumours and no lesions by organ"):
        courses.both()
