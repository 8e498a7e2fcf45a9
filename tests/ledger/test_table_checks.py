"""Arithmetic on tables of trials, each rule by a made-up table with a slip and by its clean neighbour. About 1 s."""

import csv
import random
from decimal import ROUND_HALF_UP, Decimal

import pytest

from lcnec_utils.core import paths
from lcnec_utils.ledger import audit, table_checks

TRIAL = {
    "seed_line": "8", "trial": "A", "printed_row": "A", "nct": "NCT00000001", "phase": "III", "section": "First line",
    "line_of_therapy": "first", "line_printed": "1st", "stratum": "All", "n": "305", "n_nsq": "249", "n_sq": "56",
    "orr_percent": "44.8", "orr_mark": "", "mpfs_months": "10.3", "mos_months": "26.3", "os_rate_percent": "",
    "os_rate_at": "", "primary_resistance_percent": "22.7", "unheaded_cell": "", "arm": "drug",
}  # fmt: skip
CONTROL = {"arm": "chemotherapy", "orr_percent": "27.8", "mpfs_months": "6.0", "mos_months": "13.4"}
CONTROL["primary_resistance_percent"] = ""


def table(**changes: str) -> list[dict[str, str]]:
    """A trial of two arms, the first changed."""
    return [TRIAL | changes, TRIAL | CONTROL]


def slips(rows: list[dict[str, str]]) -> dict[str, str]:
    return {check.rule: check.severity for check in table_checks.checks(rows) if check.severity}


def test_a_clean_table_has_no_slip_and_every_figure_of_it_was_checked():
    rows = table()
    assert slips(rows) == {}
    checked = {cell for check in table_checks.checks(rows) for cell in check.cells}
    figures = {
        (place, column)
        for place, row in enumerate(rows)
        for column in ("orr_percent", "mpfs_months", "mos_months", "primary_resistance_percent")
        if row[column]
    }
    assert figures | {(0, "n"), (0, "n_nsq"), (0, "n_sq"), (0, "nct"), (0, "phase"), (0, "line_printed")} <= checked


@pytest.mark.parametrize(
    ("changes", "rule", "severity"),
    [
        ({"n_sq": "57"}, "histologies", "inconsistent"),
        ({"n": "1", "n_nsq": "", "n_sq": "", "orr_mark": "A"}, "sizes", "impossible"),
        ({"line_printed": "2nd"}, "sections", "inconsistent"),
        ({"primary_resistance_percent": "227"}, "range_of_percents", "impossible"),
        ({"mos_months": "263"}, "range_of_medians", "impossible"),
        ({"mpfs_months": "26.4"}, "progression_before_death", "impossible"),
        ({"mos_months": ""}, "value_for_every_arm", "inconsistent"),
        ({"unheaded_cell": "10"}, "under_a_head", "inconsistent"),
        ({"primary_resistance_percent": "55.3"}, "response_and_resistance", "impossible"),  # 44.8 + 55.3 = 100.1
        ({"mos_months": "-"}, "explained_words", "note"),
        ({"printed_row": "B"}, "own_line", "note"),
        ({"phase": "V"}, "phases", "impossible"),
        ({"nct": "NCT0000001"}, "registry", "impossible"),
        ({"os_rate_percent": "60", "os_rate_at": "12-month", "mos_months": "11"}, "rates_and_medians", "inconsistent"),
        ({"os_rate_percent": "40", "os_rate_at": "5-year", "mos_months": "NR"}, "rates_and_medians", "inconsistent"),
    ],
)
def test_a_slip_in_one_cell_is_found_by_its_rule(changes, rule, severity):
    found = slips(table(**changes))
    assert found.pop(rule) == severity
    assert set(found) <= {"response_and_resistance", "whole_patients"}, "nothing else is called a slip"


@pytest.mark.parametrize(
    "changes",
    [
        {"mpfs_months": "26.3"},  # no more than the median OS
        {"primary_resistance_percent": "55.2"},  # 44.8 + 55.2 = 100
        {"os_rate_percent": "60", "os_rate_at": "12-month"},  # median 26.3
        {"os_rate_percent": "74.8", "os_rate_at": "5-year", "mos_months": "NR"},
        {"os_rate_percent": "50", "os_rate_at": "12-month", "mos_months": "13"},
        {"mos_months": "UK"},
        {"phase": "II/III"},
    ],
)
def test_a_neighbour_on_the_right_side_of_a_bound_is_no_slip(changes):
    assert slips(table(**changes)) == {}


def test_a_registry_number_of_two_trials_is_named_with_both():
    other = [row | {"trial": "B", "printed_row": "B"} for row in table()]
    (check,) = [check for check in table_checks.checks([*table(), *other]) if check.severity]
    assert (check.arithmetic, check.cells) == ("NCT00000001 is printed for A and B", ((0, "nct"), (2, "nct")))
    other = [row | {"nct": "NCT00000002"} for row in other]
    assert slips([*table(), *other]) == {}


def strata(whole: str, *parts: str) -> list[dict[str, str]]:
    named = ("All", "PD-L1 < 1%", "PD-L1 1%-49%", "PD-L1 ≥ 50%")
    rows = [TRIAL | {"stratum": name, "orr_percent": value} for name, value in zip(named, (whole, *parts), strict=True)]
    return [rows[0], *(row | {"n": "", "n_nsq": "", "n_sq": ""} for row in rows[1:])]


def test_all_patients_lie_between_strata_that_leave_no_gap():
    assert slips(strata("20", "14", "21", "30")) == {}
    assert slips(strata("12", "14", "21", "30")) == {"between_strata": "note"}
    assert slips(strata("12", "14", "21", "30")[:3]) == {}, "strata with a gap say nothing of the whole"


def test_zeros_in_every_second_decimal_are_noted_and_one_other_digit_ends_it():
    rows = strata("19.40", "10.00", "9.30", "34.20")
    assert slips(rows)["added_zeros"] == "note"
    rows[3]["orr_percent"] = "34.21"
    assert "added_zeros" not in slips(rows)


def test_a_single_arm_that_was_rounded_and_lengthened_is_rounding_and_a_wrong_share_inconsistent():
    row = TRIAL | {"n": "495", "n_nsq": "401", "n_sq": "94"}
    assert slips([row | {"orr_percent": "19.40"}]) == {"whole_patients": "rounding"}  # 96/495 = 19.39
    assert slips([row | {"orr_percent": "19.39"}]) == {}
    assert slips([row | {"n": "44", "n_nsq": "40", "n_sq": "4", "orr_percent": "60.1"}]) == {
        "whole_patients": "inconsistent"
    }


def test_rates_of_other_patients_than_ns_are_not_held_against_n():
    small = {"n": "44", "n_nsq": "40", "n_sq": "4", "orr_percent": "60.1"}
    assert slips([TRIAL | small | {"orr_mark": "A"}]) == {}
    assert slips([TRIAL | small | {"orr_mark": "†"}]) == {"whole_patients": "inconsistent"}, "a mark of significance"


@pytest.mark.parametrize("n", [7, 44, 154, 495])
def test_attainable_percents_are_those_of_every_k_rounded_half_up(n):
    """Against a loop over every k in decimal arithmetic."""
    for places in (0, 1):
        step = Decimal(1).scaleb(-places)
        rounded = {str((Decimal(100) * k / n).quantize(step, ROUND_HALF_UP)) for k in range(n + 1)}
        every = [str(Decimal(i).scaleb(-places)) for i in range(100 * 10**places + 1)]
        assert {text for text in every if table_checks.count_of(text, n) is not None} == rounded


def test_arms_in_which_every_rate_is_a_whole_count_are_found_where_they_exist():
    """Rates made from counts in arms of 1:1, 2:1 and three arms; the split found gives the same rates."""
    draw = random.Random(1)
    for arms in ((154, 151), (410, 206), (535, 270), (396, 396, 397), (60, 63)):
        counts = [draw.randint(1, m) for m in arms]
        printed = [
            str((Decimal(100) * k / m).quantize(Decimal("0.1"), ROUND_HALF_UP))
            for k, m in zip(counts, arms, strict=True)
        ]
        split = table_checks.arm_sizes(printed, sum(arms))
        assert sum(split) == sum(arms)
        for text, m in zip(printed, split, strict=True):
            k = table_checks.count_of(text, m)
            assert (Decimal(100) * k / m).quantize(Decimal("0.1"), ROUND_HALF_UP) == Decimal(text)


def test_a_figure_beyond_its_bound_is_one_slip_from_what_it_may_have_been():
    assert table_checks.misprints("447.5", 120) == ["44.75", "47.5"]
    assert table_checks.misprints("999", 5) == [], "nothing is offered that a single slip does not give"


def test_targets_fewer_than_drugs_are_noted():
    row = {"drug_printed": "a, b", "target_printed": "PD-1", "nct": "NCT00000001", "phase": "II", "seed_line": "1"}
    assert slips([row]) == {"targets": "note"} and slips([row | {"target_printed": "/"}]) == {"targets": "note"}
    assert slips([row | {"target_printed": "PD-1, VEGF"}]) == {}
    assert slips([row | {"nct": "NCT000000012", "target_printed": "PD-1, VEGF"}]) == {"registry": "impossible"}


def test_a_table_of_another_kind_is_left_alone():
    assert table_checks.checks([{"gene": "STK11", "n": "12"}]) == [] == table_checks.checks([])


def test_the_longest_median_is_the_audits():
    assert table_checks.LONGEST == audit.LONGEST_MEDIAN


def test_a_wrong_first_digit_of_a_patient_number_is_found_in_every_trial_of_the_review():
    with open(paths.PUBLISHED / "icb_table1.csv", encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    changed = 0
    for place, row in enumerate(rows):
        for column in ("n_nsq", "n_sq"):
            if row[column] and row["arm_order"] == "1":
                wrong = row | {column: str(int(row[column][0]) % 9 + 1) + row[column][1:]}
                found = list(table_checks.histologies([*rows[:place], wrong, *rows[place + 1 :]]))
                assert [severity for severity, cells, *_ in found if (place, column) in cells] == ["inconsistent"]
                changed += 1
    assert changed == 32
