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
        (0.57, "p = 0.57"), (0.0449, "p = 0.045"), (0.03, "p = 0.030"), (0.00013, "p = 0.00013"),
        (0.00005, "p < 0.0001"), (0.0, "p < 0.0001"), (1.0, "p > 0.99"), (NAN, "p not estimable"),
    ],
)  # fmt: skip
def test_p_values_have_two_significant_figures(p, text):
    assert formats.p_value(p) == text


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
