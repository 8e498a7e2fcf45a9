"""Formatters round half up and never print a p of 0 or 1."""

import math

import pytest

from lcnec_utils.core import formats

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.285, 2, "0.29"), (2.5, 0, "3"), (0.5, 0, "1"), (1.005, 2, "1.01"), (-0.04, 1, "0.0"), (-1.25, 1, "−1.3")],
)
def test_numbers_round_half_up_as_a_reader_would(value, digits, text):
    assert formats.number(value, digits) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.57, "p = 0.57"), (0.0449, "p = 0.04"), (0.03, "p = 0.03"), (0.015, "p = 0.02"), (0.0104, "p = 0.01"),
        (0.0096, "p = 0.01"), (0.0094, "p = 0.009"), (0.00235, "p = 0.002"), (0.00096, "p = 0.001"),
        (0.0008, "p = 0.0008"), (0.00013, "p = 0.0001"), (0.0001, "p = 0.0001"),
        (0.00005, "p < 0.0001"), (0.0, "p < 0.0001"), (0.994, "p = 0.99"), (1.0, "p > 0.99"), (NAN, "p not estimable"),
    ],
)  # fmt: skip
def test_p_values_have_two_decimals_and_below_a_hundredth_one_significant_figure(p, text):
    assert formats.p_value(p) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.045, "p = 0.045"), (0.0487, "p = 0.049"), (0.0497, "p = 0.0497"), (0.05, "p = 0.05"),
        (0.0503, "p = 0.0503"), (0.04998, "p = 0.04998"), (0.0512, "p = 0.051"),
        (0.0549, "p = 0.055"), (0.055, "p = 0.06"),
    ],
)  # fmt: skip
def test_a_p_near_a_twentieth_shows_its_side(p, text):
    assert formats.p_value(p) == text


def test_no_p_is_printed_on_the_other_side_of_a_twentieth():
    for step in range(1, 2000):
        p = step / 20_000  # 0.00005 to 0.1
        printed = formats.p_value(p)
        assert "<" in printed or (float(printed.removeprefix("p = ")) < 0.05) == (p < 0.05), (p, printed)


def test_a_median_that_is_not_reached_is_nr():
    assert formats.median_months(21.7, 6.0, NAN) == "21.7 (6.0–NR)"
    assert formats.median_months(NAN, NAN, NAN) == "NR (NR–NR)"


def test_a_share_of_nobody_is_not_divided():
    assert formats.share(0, 0) == "0/0"
    assert formats.share(25, 85) == "25/85 (29%)"


def test_hazard_ratio_without_estimate_says_so():
    assert formats.hazard_ratio(NAN, NAN, NAN) == "not estimable"
    assert formats.hazard_ratio(1.43, 1.04, 1.99) == "1.43 (1.04–1.99)"
    assert formats.number(math.inf) == "∞"


def test_counts_agree_with_their_noun():
    assert formats.count(1, "patient") == "1 patient"
    assert formats.count(125632, "tumour") == "125,632 tumours"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nobody here was tested", "Nobody here was tested."),
        ("mystudy has no mutations", "mystudy has no mutations."),
        ("own_study has no mutations", "own_study has no mutations."),
        ("data_clinical_patient.txt: read AGE", "data_clinical_patient.txt: read AGE."),
        ("FGL1 was not measured.", "FGL1 was not measured."),
        ("3 of 8 tumours", "3 of 8 tumours."),
    ],
)
def test_a_reason_is_said_as_a_sentence(text, said):
    assert formats.as_sentence(text, {"mystudy"}) == said
