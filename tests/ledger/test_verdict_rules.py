"""The rules of comparison: case by case, invariances, power against simulation.

Against a second implementation of docs/ledger.md: test_verdicts_twice.py.
"""

import itertools
import math
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from lcnec_utils.core.findings import Finding, of_difference, of_hazard, of_share
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.ledger.claims import Claim
from lcnec_utils.ledger.verdicts import NOT_COMPUTABLE

NAN, INF = float("nan"), math.inf
Z95, Z90 = 1.959963984540054, 1.6448536269514722
EQUAL, YES, NO, WEAK, NONE = "equal", "compatible", "contradicted", "inconclusive", NOT_COMPUTABLE


def claim(kind="number", value=None, interval=None, direction=None, margin=None, measure=None, scope="general"):
    """A claim of a kind; ratios where nothing else is said, except that a number is a median."""
    return Claim(
        id="paper.panel.one",
        panel="fig1a",
        statement="A statement of the paper.",
        kind=kind,
        measure=measure or ("median" if kind == "number" else "hazard_ratio"),
        scope=scope,
        value=value,
        interval=interval,
        direction=direction,
        margin=margin,
    )


def found(centre: float, se: float, scale: str = "ratio") -> Finding:
    """A Wald estimate with its limits; centre and se on the log scale for a ratio."""
    on = math.exp if scale == "ratio" else float
    return Finding(on(centre), *(on(centre + z * se) for z in (-Z95, Z95, -Z90, Z90)), scale=scale)


def word(a_claim: Claim, *findings: Finding) -> str:
    return verdicts.verdict(a_claim, list(findings))[0]


# --- (1) the rules, case by case -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "printed, interval, value, limits, expected",
    [
        # at printed precision, rounded half up
        ("0.29", None, 0.285, None, EQUAL),
        ("0.28", None, 0.285, (0.281, 0.3), YES),  # not equal, but within the margin of a factor of 1.5
        ("15", None, 15.0, None, EQUAL),
        ("15", None, 14.5, None, EQUAL),
        ("15", None, 15.499, None, EQUAL),
        ("15", None, 15.5, (15.2, 15.8), YES),
        ("8.1", None, 8.05, None, EQUAL),
        ("8.1", None, 8.149, None, EQUAL),
        ("8.1", None, 8.15, (8.11, 8.2), YES),
        ("18.0", None, 18.04, None, EQUAL),
        ("18.0", None, 18.06, (18.01, 18.2), YES),
        ("18", None, 18.06, (18.01, 18.2), EQUAL),
        ("0", None, 0.4, None, EQUAL),
        ("77.4", None, 100 * 168 / 217, None, EQUAL),
        ("28.5", None, 100 * 57 / 200, None, EQUAL),
        ("29", None, 100 * 0.285, None, EQUAL),  # 28.499999999999996, a half but for the last bit
        # published without its precision: held against 8.2 to 18.45, a factor of 1.5
        ("12.3", None, 10.0, (8.0, 13.0), YES),  # its 90% interval begins at 8.29
        ("12.3", None, 15.0, (12.3, 18.0), YES),
        ("12.3", None, 10.0, (5.0, 20.0), WEAK),
        ("12.3", None, 24.0, (18.4, 31.0), WEAK),
        ("12.3", None, 24.0, (18.5, 31.0), NO),
        ("12.3", None, 6.0, (4.0, 8.1), NO),
        # published with its interval: the ratio of the two, with the uncertainty of both
        ("12.3", ["11.0", "14.0"], 12.0, (10.0, 15.0), YES),
        ("12.3", ["11.0", "14.0"], 10.0, (8.0, 12.5), WEAK),  # ratio 0.81 (0.63-1.04), 90% from 0.65
        ("12.3", ["11.0", "14.0"], 10.0, (8.0, 11.0), NO),  # ratio 0.81 (0.63-0.94)
        ("12.3", ["11.0", "14.0"], 16.0, (14.0, 18.0), NO),  # ratio 1.30 (1.08-1.54)
        ("21.7", ["6.0", "NR"], 90.0, (70.0, 120.0), WEAK),
        ("21.7", ["6.0", "NR"], 5.0, (4.0, 5.9), NO),
        ("21.7", ["NR", "NR"], 30.0, (22.0, 40.0), WEAK),
        ("21.7", ["NR", "NR"], 50.0, (33.0, 70.0), NO),
        # nothing to compare
        ("12.3", None, None, None, NONE),
        ("12.3", None, NAN, (1.0, 20.0), NONE),
        (None, None, 12.3, (10.0, 14.0), NONE),
    ],
)
def test_number(printed, interval, value, limits, expected):
    assert word(claim(value=printed, interval=interval), Finding(value, *(limits or (None, None)))) == expected


def share(k: int, n: int) -> Finding:
    """k of n in percent, with Wilson's limits by statsmodels."""
    return Finding(100 * k / n, *(100 * x for x in proportion_confint(k, n, 0.05, "wilson")), n=n, events=k)


def number(**fields) -> Claim:
    return claim(measure=fields.pop("measure", "percent")).model_copy(update=fields)


@pytest.mark.parametrize(
    "printed, k, n, expected",
    [
        # a printed share with its denominator: Newcombe's interval of the difference
        ({"value": "29", "k": "25", "n": ["85"]}, 33, 82, WEAK),  # 10.8 points (-3.6 to 24.7)
        ({"value": "20", "k": "20", "n": ["100"]}, 40, 100, NO),  # 20 points (7.3 to 31.9)
        ({"value": "20", "n": ["100"]}, 40, 100, NO),  # the denominator alone is enough
        ({"value": "20", "k": "20", "n": ["100"]}, 26, 100, WEAK),  # 90% interval to 15.7 points, beyond 15
        ({"value": "20", "k": "200", "n": ["1000"]}, 210, 1000, YES),  # 90% interval -2.0 to 4.0 points
        ({"value": "1", "k": "10", "n": ["1000"]}, 15, 1000, WEAK),  # 90% to 1.4 points; the margin is the share, 1
        ({"value": "1", "k": "10", "n": ["1000"]}, 40, 1000, NO),  # 3.0 points (1.7 to 4.5)
        # a printed share alone: 15 points to each side, or the share or its complement
        ({"value": "20"}, 22, 100, YES),  # 90% interval 16.0 to 29.5, within 5 to 35
        ({"value": "20"}, 40, 100, WEAK),  # 30.9 to 49.8
        ({"value": "20"}, 60, 100, NO),  # 50.2 to 69.1
        ({"value": "4"}, 10, 200, WEAK),  # 90% interval 3.0 to 8.2, beyond 8
        ({"value": "4"}, 30, 200, NO),  # 10.7 to 20.6
        ({"value": "96"}, 170, 200, NO),  # the same share of those without
        ({"value": "20", "n": ["60", "70"]}, 40, 100, WEAK),  # of two groups together nothing is known
        # bounds and ranges
        ({"flags": ["word_number:>25"]}, 40, 100, YES),  # 30.9 to 49.8
        ({"flags": ["word_number:>25"]}, 33, 100, WEAK),  # 24.6 to 42.7
        ({"flags": ["word_number:>25"]}, 20, 200, NO),  # 6.6 to 14.9
        ({"value": "25", "flags": ["lower_bound"]}, 40, 100, YES),
        ({"value": "25", "flags": ["lower_bound"]}, 20, 200, NO),
        ({"value": "25", "flags": ["upper_bound"]}, 40, 100, NO),
        ({"value": "25", "flags": ["upper_bound"]}, 20, 200, YES),
        ({"value": "25", "flags": ["upper_bound"]}, 33, 100, WEAK),
        ({"range": ["20", "40"]}, 120, 400, YES),  # 90% interval 26.4 to 33.9
        ({"range": ["20", "40"]}, 94, 400, YES),  # 90% interval from 20.2, 95% from 19.6
        ({"range": ["20", "40"]}, 92, 400, WEAK),  # 23%; 90% interval from 19.7
        ({"range": ["20", "40"]}, 60, 400, NO),  # 11.8 to 18.8
        ({"range": ["20", "40"]}, 200, 400, NO),  # 45.1 to 54.9
        # an accuracy has 10 points, which its complement does not lower
        ({"value": "80", "measure": "accuracy"}, 82, 100, YES),  # 90% interval 74.9 to 87.4
        ({"value": "80", "measure": "accuracy"}, 86, 100, WEAK),  # 90% interval to 90.8
        ({"value": "80", "measure": "accuracy"}, 95, 100, WEAK),  # 88.8 to 97.8
        ({"value": "80", "measure": "accuracy"}, 99, 100, NO),  # 94.6 to 99.8
    ],
)
def test_share(printed, k, n, expected):
    assert word(number(**printed), share(k, n)) == expected


@pytest.mark.parametrize(
    "printed, limits, expected",
    [
        # where n alone is printed, the spread found gives the limits of the print
        ({"value": "10", "n": ["50"], "measure": "median"}, (12, 10, 14.4), YES),  # ratio 1.2, 90% 0.97 to 1.49
        ({"value": "10", "n": ["10"], "measure": "median"}, (12, 10, 14.4), WEAK),
        ({"value": "10", "n": ["50"], "measure": "median"}, (15, 12.5, 18), NO),  # ratio 1.5 (1.16 to 1.94)
        ({"value": "10", "n": ["10"], "measure": "median"}, (15, 12.5, 18), WEAK),
        ({"value": "0.80", "n": ["50"], "measure": "auc"}, (0.79, 0.77, 0.81), YES),
        ({"value": "0.80", "n": ["50"], "measure": "auc"}, (0.70, 0.60, 0.80), WEAK),  # -0.10 (-0.24 to 0.04)
        ({"value": "0.80", "n": ["50"], "measure": "auc"}, (0.50, 0.40, 0.60), NO),
        ({"value": "0.50", "n": ["50"], "measure": "correlation"}, (0.45, 0.38, 0.52), YES),
        ({"value": "0.50", "n": ["50"], "measure": "correlation"}, (0.30, 0.23, 0.37), NO),
        # without n, the margin of the measure
        ({"value": "0.80", "measure": "auc"}, (0.72, 0.705, 0.735), YES),
        ({"value": "0.80", "measure": "auc"}, (0.66, 0.63, 0.69), NO),
        ({"value": "0.50", "measure": "correlation"}, (0.20, 0.11, 0.29), NO),
        ({"value": "3", "measure": "rank"}, (3.6, 3.1, 3.95), YES),
        ({"value": "3", "measure": "rank"}, (6, 4.5, 7.5), NO),
        ({"value": "10", "measure": "mean"}, (13, 12, 14), YES),
        ({"value": "10", "measure": "mean"}, (18, 16, 20), NO),
        # a margin that the claim states
        ({"value": "10", "measure": "median", "margin": "1.1"}, (10.6, 10.2, 11.0), YES),
        ({"value": "10", "measure": "median", "margin": "1.1"}, (10.6, 10.2, 11.5), WEAK),
        ({"value": "10", "measure": "median", "margin": "1.1"}, (12, 11.1, 13), NO),
    ],
)
def test_number_with_its_n_or_its_margin(printed, limits, expected):
    assert word(number(**printed), Finding(*map(float, limits), n=50)) == expected


@pytest.mark.parametrize(
    "direction, printed, interval, scale, lower, upper, expected",
    [
        # ratios, nothing printed but the direction
        ("greater", None, None, "ratio", 1.01, 2.0, YES),
        ("greater", None, None, "ratio", 1.0, 2.0, WEAK),
        ("greater", None, None, "ratio", 0.5, 1.0, WEAK),
        ("greater", None, None, "ratio", 0.5, 0.99, NO),
        ("less", None, None, "ratio", 0.5, 0.99, YES),
        ("less", None, None, "ratio", 0.5, 1.0, WEAK),
        ("less", None, None, "ratio", 1.0, 2.0, WEAK),
        ("less", None, None, "ratio", 1.01, 2.0, NO),
        # differences
        ("greater", None, None, "difference", 0.01, 2.0, YES),
        ("greater", None, None, "difference", 0.0, 2.0, WEAK),
        ("greater", None, None, "difference", -2.0, 0.0, WEAK),
        ("greater", None, None, "difference", -2.0, -0.01, NO),
        ("less", None, None, "difference", -2.0, -0.01, YES),
        ("less", None, None, "difference", -2.0, 0.0, WEAK),
        ("less", None, None, "difference", 0.5, 0.9, NO),
        # a printed interval: met, touched, excluded on either side
        ("greater", "1.43", ["1.04", "1.99"], "ratio", 1.1, 1.9, YES),
        ("greater", "1.43", ["1.04", "1.99"], "ratio", 1.99, 3.0, YES),
        ("greater", "1.43", ["1.04", "1.99"], "ratio", 2.0, 3.0, NO),
        ("greater", "1.43", ["1.04", "1.99"], "ratio", 1.01, 1.04, YES),
        ("greater", "1.43", ["1.04", "1.99"], "ratio", 1.01, 1.03, NO),
        ("greater", "1.43", ["1.04", "1.99"], "ratio", 0.8, 1.04, WEAK),
        ("greater", "1.43", ["1.04", "1.99"], "ratio", 0.8, 1.03, NO),
        ("greater", "1.43", ["1.04", "1.99"], "ratio", 0.7, 0.9, NO),
        ("greater", "1.2", ["0.9", "1.6"], "ratio", 0.7, 0.95, NO),  # meets the print, on the other side of none
        ("less", "0.70", ["0.50", "0.96"], "ratio", 0.96, 1.3, WEAK),
        ("less", "0.70", ["0.50", "0.96"], "ratio", 0.97, 1.3, NO),
        ("less", "0.70", ["0.50", "0.96"], "ratio", 0.2, 0.50, YES),
        ("less", "0.70", ["0.50", "0.96"], "ratio", 0.2, 0.49, NO),
        ("greater", "1.43", ["1.04", "NR"], "ratio", 40.0, 90.0, YES),
        ("greater", "1.43", ["1.04", "NR"], "ratio", 0.9, 1.03, NO),
        ("greater", "12", ["3", "21"], "difference", 1.0, 3.0, YES),
        ("greater", "12", ["3", "21"], "difference", -1.0, 2.9, NO),
        # a printed value without limits: only where the interval holds it as well as none is it too weak to tell
        ("greater", "1.44", None, "ratio", 1.1, 1.9, YES),
        ("greater", "1.44", None, "ratio", 0.8, 1.9, WEAK),
        ("greater", "1.44", None, "ratio", 0.8, 1.44, WEAK),
        # limits that reach no end
        ("greater", None, None, "ratio", 1.2, INF, YES),
        ("less", None, None, "ratio", 0.0, 0.8, YES),
        ("greater", None, None, "ratio", 0.0, INF, WEAK),
        # limits that do not exist
        ("greater", None, None, "ratio", None, 2.0, NONE),
        ("greater", None, None, "ratio", 1.2, None, NONE),
        ("greater", None, None, "ratio", NAN, 2.0, NONE),
        ("less", None, None, "difference", -2.0, NAN, NONE),
    ],
)
@pytest.mark.parametrize("kind", ["effect", "direction"])
def test_effect(kind, direction, printed, interval, scale, lower, upper, expected):
    measure = "hazard_ratio" if scale == "ratio" else "difference"
    the_claim = claim(kind, printed, interval, direction, measure=measure)
    assert word(the_claim, Finding(1.0, lower, upper, scale=scale)) == expected
    assert word(the_claim, Finding(1.0, lower, upper)) == expected  # the measure gives the same scale


@pytest.mark.parametrize(
    "margin, scale, lower, upper, lower_90, upper_90, expected",
    [
        ("1.5", "ratio", 0.80, 1.30, 0.85, 1.25, YES),
        ("1.5", "ratio", 0.60, 1.60, 1 / 1.5, 1.5, YES),  # the 90% interval reaches the margin and not beyond
        ("1.5", "ratio", 0.60, 1.60, 0.666, 1.5, WEAK),
        ("1.5", "ratio", 0.60, 1.60, 1 / 1.5, 1.501, WEAK),
        ("1.5", "ratio", 1.10, 1.40, 1.12, 1.38, YES),  # significant, and within the margin all the same
        ("1.5", "ratio", 0.30, 3.00, 0.40, 2.50, WEAK),
        ("1.5", "ratio", 1.10, 3.00, 1.20, 2.80, WEAK),  # significant, and not outside the margin
        ("1.5", "ratio", 1.50, 3.00, 1.60, 2.80, WEAK),
        ("1.5", "ratio", 1.51, 3.00, 1.60, 2.80, NO),
        ("1.5", "ratio", 0.30, 1 / 1.5, 0.35, 0.60, WEAK),
        ("1.5", "ratio", 0.30, 0.66, 0.35, 0.60, NO),
        ("0.15", "difference", -0.10, 0.10, -0.08, 0.08, YES),
        ("0.15", "difference", -0.20, 0.20, -0.15, 0.15, YES),
        ("0.15", "difference", -0.20, 0.20, -0.16, 0.15, WEAK),
        ("0.15", "difference", 0.15, 0.40, 0.17, 0.38, WEAK),
        ("0.15", "difference", 0.16, 0.40, 0.17, 0.38, NO),
        ("0.15", "difference", -0.40, -0.16, -0.38, -0.17, NO),
        ("5", "difference", -4.0, 6.0, -3.0, 5.0, YES),
        ("5", "difference", 5.1, 9.0, 5.5, 8.5, NO),
        ("1.5", "ratio", 0.80, 1.30, None, None, YES),  # the 90% limits follow from the 95% ones
        ("1.5", "ratio", 0.80, 1.65, NAN, 1.25, WEAK),
        ("1.5", "ratio", None, 1.30, 0.85, 1.25, NONE),
        ("1.5", "ratio", NAN, 1.30, 0.85, 1.25, NONE),
    ],
)
def test_null_effect(margin, scale, lower, upper, lower_90, upper_90, expected):
    the_claim = claim("null_effect", direction="none", margin=margin)
    assert word(the_claim, Finding(1.0, lower, upper, lower_90, upper_90, scale=scale)) == expected


def test_p_never_decides():
    for p in (None, 1e-9, 0.04999, 0.05, 0.9):
        limits = {"lower": 0.9, "upper": 2.0, "lower_90": 0.95, "upper_90": 1.9, "p": p}
        assert word(claim("effect", direction="greater"), Finding(1.3, **limits)) == WEAK
        assert word(claim("null_effect", direction="none", margin="1.5"), Finding(1.3, **limits)) == WEAK


MORE = Finding(1.5, 1.1, 2.0, 1.2, 1.9, scale="ratio")
OPEN = Finding(1.2, 0.8, 1.8, 0.9, 1.7, scale="ratio")
LESS = Finding(0.6, 0.4, 0.9, 0.5, 0.8, scale="ratio")
GONE = Finding(None, note="nobody in this group")


@pytest.mark.parametrize(
    "findings, expected, share",
    [
        ([], NONE, ""),
        ([MORE], YES, ""),
        ([MORE, MORE, MORE], YES, "3 of 3"),
        ([MORE, MORE, LESS], NO, "1 of 3"),
        ([OPEN, LESS, GONE], NO, "1 of 3"),
        ([MORE, OPEN, MORE], WEAK, "1 of 3"),
        ([MORE, GONE], NONE, "1 of 2"),
        ([OPEN, GONE], WEAK, "1 of 2"),
        ([GONE, GONE], NONE, "2 of 2"),
    ],
)
def test_several_findings(findings, expected, share):
    for order in itertools.permutations(findings):
        answer, reason = verdicts.verdict(claim("effect", direction="greater"), list(order))
        assert (answer, share in reason) == (expected, True)


def test_each_of_several_comparisons_contradicts_at_its_share_of_5_percent():
    """Of m comparisons each has an interval of 1 - 0.05/m to contradict with, and one of 95% to hold."""
    greater = claim("effect", direction="greater")
    against = found(-0.2, 0.1)  # 95% interval of the log ratio -0.396 to -0.004; one of 98.75% reaches to 0.050
    assert word(greater, against) == NO
    assert word(greater, against, MORE, MORE, MORE) == WEAK
    assert word(greater, found(-0.26, 0.1), MORE, MORE, MORE) == NO  # to -0.010
    assert word(greater, *[found(0.2, 0.1)] * 4) == YES
    none = claim("null_effect", direction="none", margin="1.5")
    assert word(none, found(0.62, 0.1)) == NO  # from 0.424, beyond log 1.5 = 0.405
    assert word(none, found(0.62, 0.1), found(0.0, 0.1)) == WEAK  # from 0.396
    exact = number(value="20")
    assert word(exact, share(90, 200)) == NO  # 38.3 to 51.9
    assert word(exact, share(44, 100)) == WEAK  # 34.7 to 53.8
    printed = number(value="20", k="20", n=["100"])
    assert word(printed, share(33, 100)) == NO  # 13 points (0.7 to 24.8)
    assert word(printed, share(33, 100), share(21, 100)) == WEAK  # 97.5% interval from -1.0


@pytest.mark.parametrize(
    "fields, scale, limits, expected",
    [
        # 56 of 70 against 48 of 80: Newcombe's own example, 0.0524 to 0.3339
        ({"counts": [["56", "70"], ["48", "80"]]}, "difference", (0.34, 0.45), NO),
        ({"counts": [["56", "70"], ["48", "80"]]}, "difference", (0.33, 0.45), YES),
        ({"counts": [["56", "70"], ["48", "80"]]}, "difference", (0.01, 0.05), NO),
        ({"counts": [["56", "70"], ["48", "80"]]}, "difference", (-0.01, 0.06), WEAK),
        # a ratio of 2 at p = .01: 2 / 1.695 to 2 x 1.695, or 1.18 to 3.39
        ({"value": "2.0", "p": "0.01"}, "ratio", (3.40, 5.0), NO),
        ({"value": "2.0", "p": "0.01"}, "ratio", (3.38, 5.0), YES),
        ({"value": "2.0", "p": "0.01"}, "ratio", (1.01, 1.17), NO),
        ({"value": "2.0", "p": "0.01"}, "ratio", (0.90, 1.19), WEAK),
    ],
)
def test_effect_whose_interval_follows_from_its_counts_or_its_p(fields, scale, limits, expected):
    measure = "odds_ratio" if scale == "ratio" else "percent"
    the_claim = claim("effect", direction="greater", measure=measure).model_copy(update=fields)
    assert word(the_claim, Finding(sum(limits) / 2, *limits, scale=scale)) == expected


def test_several_numbers_are_equal_only_if_all_are():
    the_claim = claim(value="8.1")
    assert word(the_claim, Finding(8.1), Finding(8.12)) == EQUAL
    assert word(the_claim, Finding(8.1), Finding(9.0, 7.0, 11.0)) == YES
    assert word(the_claim, Finding(8.1), Finding(14.0, 12.9, 15.0)) == NO


def test_own_number_without_an_interval_must_be_equal():
    own = claim(value="217", measure="count", scope="own")
    assert verdicts.verdict(own, [Finding(217)]) == (EQUAL, "")
    answer, reason = verdicts.verdict(own, [Finding(216)])
    assert answer == NO and "216" in reason and "217" in reason


@pytest.mark.parametrize(
    "printed, reading, expected",
    [
        ("9.3", (9.19, 9.29), EQUAL),  # 9.25 rounds to it
        ("9.2", (9.19, 9.29), YES),
        ("9.1", (9.19, 9.29), NO),  # 9.15 at most rounds to it, below what may have been read
        ("9.4", (9.19, 9.29), NO),
        ("9.4", (9.19, 9.35), YES),  # 9.35 rounds to it
        ("9.2", None, NO),  # of patients themselves nothing is left open
    ],
)
def test_a_number_read_from_a_trials_curve_is_alike_within_the_reading(printed, reading, expected):
    own = claim(value=printed, measure="median", scope="own")
    assert word(own, Finding(9.25, n=135, reading=reading)) == expected


def test_a_reading_answers_no_number_that_is_not_of_the_trials_own_patients():
    general = claim(value="9.2", measure="median", scope="general")
    assert word(general, Finding(9.25, n=135, reading=(9.19, 9.29))) == NONE


def test_no_estimate_gives_its_note_as_the_reason():
    null = claim("null_effect", direction="none", margin="1.5")
    for the_claim in (claim(value="8.1"), claim("effect", direction="less"), null):
        for value in (None, NAN):
            assert verdicts.verdict(the_claim, [Finding(value, 0.5, 2.0, note="all censored")]) == (
                NONE,
                "all censored",
            )
            assert verdicts.verdict(the_claim, [Finding(value)])[1]
    for lost in (None, NAN):
        unbounded = Finding(1.2, lost, lost, lost, lost, note="no limits")
        assert verdicts.verdict(claim("effect", direction="less"), [unbounded]) == (NONE, "no limits")
        assert verdicts.verdict(null, [unbounded]) == (NONE, "no limits")


def test_limits_of_a_number_that_are_not_reached_do_not_contradict():
    """survival.medians gives NaN for a limit the curve never reaches; the interval then has no end on that side."""
    for none in (NAN, INF):
        assert word(claim(value="30"), Finding(20.0, 15.0, none)) == WEAK
        assert word(claim(value="30"), Finding(90.0, 46.0, none)) == NO
    assert verdicts.verdict(claim(value="30"), [Finding(20.0, NAN, NAN, note="no limits")]) == (NONE, "no limits")


def test_a_general_number_without_an_interval_is_not_contradicted():
    """Without limits nothing says how far chance reaches; only a number of the study's own patients must be equal."""
    assert word(claim(value="30", scope="general"), Finding(20.0)) == NONE


def test_a_count_that_any_cohort_may_have_is_not_contradicted_without_an_interval():
    """Three clusters published and four found: another number, of which nothing says how far chance reaches."""
    assert word(claim(value="3", measure="count"), Finding(3.0)) == EQUAL
    assert word(claim(value="3", measure="count"), Finding(4.0)) == WEAK
    assert word(claim(value="3", measure="count", scope="own"), Finding(4.0)) == NO


def test_an_interval_that_excludes_a_value_published_without_precision_says_so():
    """0.9-1.2 holds no effect and not 1.44, of which nothing says how precise it is."""
    answer, reason = verdicts.verdict(
        claim("effect", "1.44", None, "greater"), [Finding(1.05, 0.9, 1.2, scale="ratio")]
    )
    assert answer == WEAK and "not 1.44" in reason


def test_a_ratio_margin_below_one_is_no_empty_interval():
    """Written from its lower end (0.67 of 0.67–1.5) a margin means the same, or is refused; never `contradicted`."""
    below = claim("null_effect", direction="none", margin="0.67")
    assert word(below, Finding(1.0, 0.95, 1.05, 0.96, 1.04, scale="ratio")) in (YES, NONE)


def test_infinite_value_is_no_traceback():
    assert word(claim(value="21.7"), Finding(INF, 10.0, INF)) in (YES, NONE)


@pytest.mark.parametrize(
    "value, printed, expected",
    [
        (0.285, "0.29", True),
        (0.2849, "0.29", False),
        (0.28, "0.28", True),
        (0.275, "0.28", True),
        (1.005, "1.01", True),  # 1.00499999999999989…
        (2.675, "2.68", True),
        (14.4999, "15", False),
        (14.5, "15", True),
        (15.5, "15", False),
        (15.5, "16", True),
        (8.1, "8.1", True),
        (8.1, "8.10", True),
        (8.104, "8.10", True),
        (8.106, "8.10", False),
        (18.0, "18.0", True),
        (17.95, "18.0", True),
        (17.94, "18.0", False),
        (18.05, "18.0", False),
        (99.95, "100.0", True),
        (1234.5, "1235", True),
        (0.0449, "0.04", True),
        (0.045, "0.05", True),
        (-0.26, "-0.3", True),
        (100 * 2 / 3, "66.7", True),
        (100 * 1 / 8, "13", True),
    ],
)
def test_equal_at_printed_precision(value, printed, expected):
    assert verdicts.equal_at_printed_precision(value, printed) is expected


def test_shares_at_printed_precision():
    """k/n in percent against exact arithmetic, halves up, for every k of n up to 200."""
    for n, digits in itertools.product((7, 40, 80, 125, 160, 200), (0, 1, 2)):
        for k in range(n + 1):
            exact = math.floor(Fraction(100 * k, n) * 10**digits + Fraction(1, 2))
            text = f"{exact // 10**digits}" + (f".{exact % 10**digits:0{digits}d}" if digits else "")
            after = f"{(exact + 1) // 10**digits}" + (f".{(exact + 1) % 10**digits:0{digits}d}" if digits else "")
            assert verdicts.equal_at_printed_precision(100 * k / n, text), (k, n, text)
            assert not verdicts.equal_at_printed_precision(100 * k / n, after), (k, n, after)


# --- (2) every published claim


def test_every_published_claim_can_be_answered():
    """No claim of any source makes the rules fail, whatever it is answered with."""
    shapes = [found(0.2, 0.3), found(3.0, 2.0, "difference"), Finding(50.0), Finding(None), Finding(12.0, 8.0, INF)]
    for the_claim, finding in itertools.product(claims.published().values(), shapes):
        answer, reason = verdicts.verdict(the_claim, [finding])
        assert answer in (*verdicts.ANSWERS, NOT_COMPUTABLE), the_claim.id
        assert answer == EQUAL or reason, the_claim.id
        chance = verdicts.power(the_claim, finding)
        assert chance is None or 0 <= chance <= 1, the_claim.id


def test_every_published_claim_has_a_chance_of_contradiction():
    failed = set()
    for the_claim in claims.published().values():
        scale = "ratio" if verdicts.null_of(the_claim, Finding(1.0)) == 1 else "difference"
        for finding in (found(0.2, 0.3, scale), Finding(50.0), Finding(None)):
            try:
                chance = verdicts.chance_of_contradiction(the_claim, finding)
            except (TypeError, ValueError) as error:
                chance = repr(error)
            if isinstance(chance, str) or not 0 <= chance <= 1:
                failed.add((the_claim.id, chance))
    assert not failed, f"{len(failed)} claims, as {min(failed)}"


# --- (3) power and the chance of contradiction against simulation ----------------------------------------------

DRAWS = 12_000


def frequency(the_claim: Claim, truth: float, se: float, scale: str, answer: str, seed: int = 7) -> float:
    """How often estimates around a truth get an answer; truth on the log scale for a ratio."""
    draws = np.random.default_rng(seed).normal(truth, se, DRAWS)
    return float(np.mean([word(the_claim, found(draw, se, scale)) == answer for draw in draws]))


def near(computed: float, simulated: float) -> bool:
    """Within four and a half binomial standard errors."""
    return abs(computed - simulated) <= 4.5 * math.sqrt(max(computed * (1 - computed), 1 / DRAWS) / DRAWS)


@pytest.mark.parametrize("margin, scale", [("1.5", "ratio"), ("0.15", "difference"), ("5", "difference")])
@pytest.mark.parametrize("part", [0.15, 0.35, 0.55, 0.8, 3.0])  # se in margins: from .61 on power is nothing
def test_null_effect_against_simulation(margin, scale, part):
    the_claim = claim("null_effect", direction="none", margin=margin)
    edge = math.log(float(margin)) if scale == "ratio" else float(margin)
    finding = found(0.1 * edge, part * edge, scale)
    power, chance = verdicts.power(the_claim, finding), verdicts.chance_of_contradiction(the_claim, finding)
    assert near(power, frequency(the_claim, 0.0, part * edge, scale, YES))
    assert near(chance, frequency(the_claim, 0.0, part * edge, scale, NO))
    assert (power == 0) == (part > 0.61)


@pytest.mark.parametrize("value, direction", [("1.44", "greater"), ("0.62", "less"), ("3", "greater")])
@pytest.mark.parametrize("se", [0.08, 0.2, 0.5])
def test_power_of_an_effect_against_simulation(value, direction, se):
    the_claim, truth = claim("effect", value, None, direction), math.log(float(value))
    expected = frequency(the_claim, truth, se, "ratio", YES)
    assert near(verdicts.power(the_claim, found(truth, se)), expected)
    assert verdicts.power(the_claim, found(-0.3, se)) == pytest.approx(verdicts.power(the_claim, found(truth, se)))


@pytest.mark.parametrize(
    "value, interval, direction, se",
    [
        ("1.43", ["1.04", "1.99"], "greater", 0.05),
        ("1.43", ["1.04", "1.99"], "greater", 0.15),
        ("1.43", ["1.04", "1.99"], "greater", 0.3),
        ("1.43", ["1.04", "1.99"], "greater", 0.7),
        ("1.43", ["1.40", "1.46"], "greater", 0.4),
        ("1.2", ["0.9", "1.6"], "greater", 0.1),
        ("0.70", ["0.50", "0.96"], "less", 0.2),
        ("0.70", ["0.66", "0.74"], "less", 0.2),
        ("2.0", ["1.8", "NR"], "greater", 0.3),
    ],
)
def test_contradiction_of_an_effect_against_simulation(value, interval, direction, se):
    the_claim, truth = claim("effect", value, interval, direction), math.log(float(value))
    chance = verdicts.chance_of_contradiction(the_claim, found(0.0, se))
    assert near(chance, frequency(the_claim, truth, se, "ratio", NO))


def test_power_counts_that_the_printed_interval_must_be_met():
    """power is the chance of `compatible`, which a tight printed interval lowers: it must be met too."""
    the_claim, se = claim("effect", "1.43", ["1.42", "1.44"], "greater"), 0.09
    assert near(verdicts.power(the_claim, found(0.0, se)), frequency(the_claim, math.log(1.43), se, "ratio", YES))


def test_power_is_of_the_printed_direction():
    """A ratio of 0.7 printed for a claim of `greater` is never compatible if true, but by chance."""
    power = verdicts.power(claim("effect", "0.70", None, "greater"), found(0.0, 0.1))
    assert power is None or power < 0.025


@pytest.mark.parametrize("scale", ["ratio", "difference"])
@pytest.mark.parametrize("kind", ["effect", "direction"])
@pytest.mark.parametrize("direction", ["greater", "less"])
def test_contradiction_of_a_direction_against_simulation(kind, direction, scale):
    """Without a printed size the worst case is an effect just none: 2.5%, whatever the standard error."""
    the_claim = claim(kind, None, None, direction, measure="odds_ratio" if scale == "ratio" else "difference")
    assert verdicts.chance_of_contradiction(the_claim, found(0.3, 0.2, scale)) == pytest.approx(0.025, abs=1e-9)
    assert near(0.025, frequency(the_claim, 0.0, 0.2, scale, NO))


def test_contradiction_of_an_effect_printed_without_limits():
    """An effect is taken to be as printed, with or without its limits."""
    the_claim = claim("effect", "1.44", None, "greater")
    chance = verdicts.chance_of_contradiction(the_claim, found(0.0, 0.2))
    assert near(chance, frequency(the_claim, math.log(1.44), 0.2, "ratio", NO))


@pytest.mark.parametrize("spread", [0.05, 0.2, 0.4])
@pytest.mark.parametrize("se", [0.05, 0.2, 0.4])
def test_contradiction_of_a_number_with_its_precision_against_simulation(spread, se):
    """Print and finding are drawn about one truth on the log scale, each with its own standard error."""
    rng, contradicted = np.random.default_rng(8), 0
    for _ in range(4_000):
        printed = 2 + rng.normal(0, spread)
        limits = [f"{math.exp(printed + side * Z95 * spread):.4f}" for side in (-1, 1)]
        the_claim = claim("number", f"{math.exp(printed):.4f}", limits)
        finding = found(2 + rng.normal(0, se), se)
        contradicted += word(the_claim, finding) == NO
    chance = verdicts.chance_of_contradiction(the_claim, finding)
    assert chance == pytest.approx(0.05, abs=1e-3)
    assert contradicted / 4_000 == pytest.approx(chance, abs=4.5 * math.sqrt(0.05 * 0.95 / 4_000))


@pytest.mark.parametrize("se", [0.05, 0.2, 0.4])
def test_contradiction_of_a_number_without_its_precision_against_simulation(se):
    the_claim = claim("number", "7.389")
    chance = verdicts.chance_of_contradiction(the_claim, found(2.0, se))
    assert near(chance, frequency(the_claim, math.log(7.389), se, "ratio", NO))


@pytest.mark.parametrize("flag", ["word_number:>25", "lower_bound", "upper_bound"])
def test_contradiction_of_a_bound_against_simulation(flag):
    """At the bound itself, the worst case of a true claim, one cohort in forty lies wholly beyond it."""
    the_claim = number(value=None if ">" in flag else "25", flags=[flag])
    draws = np.random.default_rng(9).normal(25, 3, DRAWS)
    contradicted = np.mean([word(the_claim, found(draw, 3, "difference")) == NO for draw in draws])
    assert near(verdicts.chance_of_contradiction(the_claim, found(25, 3, "difference")), contradicted)
    assert verdicts.power(the_claim, found(25, 3, "difference")) is None


def test_chance_and_power_where_there_is_no_standard_error():
    effect = claim("effect", "1.43", ["1.04", "1.99"], "greater")
    for finding in (
        Finding(None),
        Finding(1.2),
        Finding(1.2, 0.9, INF),
        Finding(1.2, NAN, 2.0),
        Finding(1.2, 0.0, 2.0),
    ):
        assert verdicts.power(effect, finding) is None
        assert verdicts.chance_of_contradiction(effect, finding) == 0
        assert verdicts.smallest_seen(effect, finding) is None
    assert verdicts.power(claim(value="0.3", measure="difference"), Finding(0.2, -1.0, 2.0)) is None
    assert verdicts.power(claim("direction", None, None, "less"), found(0.1, 0.2)) is None


def test_a_printed_limit_of_nought_is_no_traceback():
    the_claim = claim("effect", "1.43", ["0.0", "1.99"], "greater")
    assert 0 <= verdicts.chance_of_contradiction(the_claim, found(0.1, 0.2)) <= 0.05


def test_power_grows_with_precision_and_forgets_the_observed():
    effect = claim("effect", "1.43", None, "greater")
    null = claim("null_effect", direction="none", margin="1.5")
    for the_claim in (effect, null):
        powers = [verdicts.power(the_claim, found(0.0, se)) for se in (0.05, 0.1, 0.2, 0.4)]
        assert powers == sorted(powers, reverse=True)
        assert verdicts.power(the_claim, found(0.9, 0.2)) == pytest.approx(verdicts.power(the_claim, found(-2.0, 0.2)))


# --- findings from estimates -----------------------------------------------------------------------------------


def hazard(coefficient=0.3, se=0.2, note=""):
    return SimpleNamespace(coefficient=coefficient, se=se, p=0.13, n=np.int64(90), events=np.float64(60), note=note)


def test_of_hazard():
    finding = of_hazard(hazard())
    assert finding == Finding(
        math.exp(0.3),
        math.exp(0.3 - Z95 * 0.2),
        math.exp(0.3 + Z95 * 0.2),
        math.exp(0.3 - Z90 * 0.2),
        math.exp(0.3 + Z90 * 0.2),
        p=0.13,
        n=90,
        events=60,
        scale="ratio",
    )
    survival = of_hazard(hazard(), survival=True)
    assert survival.value == pytest.approx(1 / finding.value)
    assert (survival.lower, survival.upper) == pytest.approx((1 / finding.upper, 1 / finding.lower))
    assert (survival.lower_90, survival.upper_90) == pytest.approx((1 / finding.upper_90, 1 / finding.lower_90))
    for nothing in (None, NAN):
        assert of_hazard(hazard(nothing, note="no event")) == Finding(None, note="no event")


def test_of_share_and_of_difference():
    share = of_share(30, 120, 0.18, 0.33)
    assert (share.value, share.lower, share.upper, share.n, share.events) == (25, 18, 33, 120, 30)
    assert of_share(0, 0, NAN, NAN).value is None and of_share(0, 0, NAN, NAN).note
    difference = of_difference(2.0, 0.5, 0.01, 40)
    assert (difference.lower, difference.upper) == pytest.approx((2 - Z95 / 2, 2 + Z95 / 2))
    assert (difference.lower_90, difference.upper_90) == pytest.approx((2 - Z90 / 2, 2 + Z90 / 2))
    assert difference.scale == "difference"
    for value, se in ((NAN, 1.0), (1.0, NAN), (1.0, None)):
        lost = of_difference(value, se, 0.5, 3)
        assert verdicts.verdict(claim("effect", None, None, "less"), [lost]) == (NONE, lost.note)


# --- (4) invariances -------------------------------------------------------------------------------------------


def random_effects(seed: int, kinds=("effect", "direction", "null_effect"), size: int = 1500):
    """Random claims with findings, both scales, limits printed to full precision: (claim, centre, se, scale)."""
    rng = np.random.default_rng(seed)
    for _ in range(size):
        scale, kind = ("ratio", "difference")[rng.integers(2)], kinds[rng.integers(len(kinds))]
        on = np.exp if scale == "ratio" else float
        size_, spread = rng.normal(0, 0.5), rng.uniform(0.02, 0.5)
        limits = [repr(float(on(size_ - 2 * spread))), repr(float(on(size_ + 2 * spread)))]
        if rng.random() < 0.2:
            limits[1] = "NR"
        null = kind == "null_effect"
        the_claim = claim(
            kind,
            repr(float(on(size_))),
            # without limits only where no size is printed either: see the test of an excluded value
            None if null or rng.random() < 0.3 else limits,
            "none" if null else ("greater", "less")[rng.integers(2)],
            (repr(float(1 + rng.random())) if scale == "ratio" else repr(float(3 * rng.random()))) if null else None,
            "hazard_ratio" if scale == "ratio" else "difference",
        )
        if the_claim.interval is None:
            the_claim = the_claim.model_copy(update={"value": None})
        yield the_claim, rng.normal(0, 0.5), rng.uniform(0.02, 0.6), scale


def test_swapping_two_groups_leaves_the_verdict():
    flip = {"greater": "less", "less": "greater", "none": "none"}
    for the_claim, centre, se, scale in random_effects(1):

        def turned(text, scale=scale):
            if text == "NR":
                return "0" if scale == "ratio" else "-inf"
            return repr(1 / float(text) if scale == "ratio" else -float(text))

        swapped = the_claim.model_copy(
            update={
                "value": the_claim.value and turned(the_claim.value),
                "interval": the_claim.interval and [turned(text) for text in reversed(the_claim.interval)],
                "direction": flip[the_claim.direction],
            }
        )
        one, other = found(centre, se, scale), found(-centre, se, scale)
        assert word(the_claim, one) == word(swapped, other)
        assert verdicts.power(the_claim, one) == pytest.approx(verdicts.power(swapped, other))
        if "NR" not in (the_claim.interval or ()):
            chances = [verdicts.chance_of_contradiction(*pair) for pair in ((the_claim, one), (swapped, other))]
            assert chances[0] == pytest.approx(chances[1])


def test_scaling_leaves_the_verdict():
    """Fractions or percent, hazard per month or per year: one unit for print and finding alike changes nothing."""
    for the_claim, centre, se, scale in random_effects(2):

        def scaled(text, scale=scale):
            if text in (None, "NR"):
                return text
            return repr(float(text) ** 3 if scale == "ratio" else float(text) * 100)

        wider = the_claim.model_copy(
            update={
                "value": scaled(the_claim.value),
                "interval": the_claim.interval and [scaled(text) for text in the_claim.interval],
                "margin": scaled(the_claim.margin),
            }
        )
        by = 3 if scale == "ratio" else 100
        one, other = found(centre, se, scale), found(by * centre, by * se, scale)
        assert word(the_claim, one) == word(wider, other)
        assert verdicts.power(the_claim, one) == pytest.approx(verdicts.power(wider, other))
        assert verdicts.chance_of_contradiction(the_claim, one) == pytest.approx(
            verdicts.chance_of_contradiction(wider, other)
        )


def test_a_number_in_another_unit_has_the_same_verdict():
    rng = np.random.default_rng(3)
    for _ in range(500):
        value, se, printed = rng.uniform(1, 90), rng.uniform(0.1, 9), rng.integers(10, 900)
        small = claim(value=f"{printed / 10:.1f}")
        large = claim(value=f"{printed}")
        assert word(small, found(value, se, "difference")) == word(large, found(10 * value, 10 * se, "difference"))


def test_a_narrower_interval_never_takes_back_a_contradiction():
    narrowed = {NO: {NO}, YES: {YES, NO}, WEAK: {YES, NO, WEAK}}
    for the_claim, centre, se, scale in random_effects(4, size=800):
        answers = [word(the_claim, found(centre, se * part, scale)) for part in (1, 0.8, 0.5, 0.2, 0.01)]
        for wide, narrow in itertools.pairwise(answers):
            assert narrow in narrowed[wide]
            if the_claim.kind == "null_effect" and wide == YES:
                assert narrow == YES
