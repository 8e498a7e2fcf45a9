"""The rules of comparison: case by case, against a second implementation, against simulation; and reading claims."""

import itertools
import math
import shutil
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from lcnec_utils.core import paths
from lcnec_utils.core.findings import Finding, of_difference, of_hazard, of_share
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.ledger.claims import Claim, ClaimsError
from lcnec_utils.ledger.verdicts import NOT_COMPUTABLE

NAN, INF = float("nan"), math.inf
Z95, Z90 = 1.959963984540054, 1.6448536269514722
EQUAL, YES, NO, WEAK, NONE = "equal", "compatible", "contradicted", "underpowered", NOT_COMPUTABLE


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
        ("0.28", None, 0.285, (0.1, 0.2849), YES),
        ("0.28", None, 0.285, (0.281, 0.3), NO),
        ("15", None, 15.0, None, EQUAL),
        ("15", None, 14.5, None, EQUAL),
        ("15", None, 15.499, None, EQUAL),
        ("15", None, 15.5, (15.2, 15.8), NO),
        ("8.1", None, 8.05, None, EQUAL),
        ("8.1", None, 8.149, None, EQUAL),
        ("8.1", None, 8.15, (8.11, 8.2), NO),
        ("18.0", None, 18.04, None, EQUAL),
        ("18.0", None, 18.06, (18.01, 18.2), NO),
        ("18", None, 18.06, (18.01, 18.2), EQUAL),
        ("0", None, 0.4, None, EQUAL),
        ("77.4", None, 100 * 168 / 217, None, EQUAL),
        ("28.5", None, 100 * 57 / 200, None, EQUAL),
        ("29", None, 100 * 0.285, None, EQUAL),  # 28.499999999999996, a half but for the last bit
        # else the interval decides
        ("12.3", None, 10.0, (8.0, 13.0), YES),
        ("12.3", None, 10.0, (8.0, 12.3), YES),
        ("12.3", None, 15.0, (12.3, 18.0), YES),
        ("12.3", None, 10.0, (8.0, 12.2), NO),
        ("12.3", None, 15.0, (12.4, 18.0), NO),
        ("12.3", ["11.0", "14.0"], 10.0, (8.0, 11.0), YES),
        ("12.3", ["11.0", "14.0"], 10.0, (8.0, 10.99), NO),
        ("12.3", ["11.0", "14.0"], 16.0, (14.0, 18.0), YES),
        ("12.3", ["11.0", "14.0"], 16.0, (14.01, 18.0), NO),
        ("12.3", ["11.0", "14.0"], 12.0, (10.0, 15.0), YES),
        ("21.7", ["6.0", "NR"], 90.0, (70.0, 120.0), YES),
        ("21.7", ["6.0", "NR"], 5.0, (4.0, 5.9), NO),
        ("21.7", ["NR", "NR"], 30.0, (20.0, 40.0), YES),
        ("21.7", ["NR", "NR"], 30.0, (22.0, 40.0), NO),
        # nothing to compare
        ("12.3", None, None, None, NONE),
        ("12.3", None, NAN, (1.0, 20.0), NONE),
        (None, None, 12.3, (10.0, 14.0), NONE),
    ],
)
def test_number(printed, interval, value, limits, expected):
    assert word(claim(value=printed, interval=interval), Finding(value, *(limits or (None, None)))) == expected


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
        ("1.5", "ratio", 0.80, 1.30, None, None, NONE),
        ("1.5", "ratio", 0.80, 1.30, NAN, 1.25, NONE),
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


def test_several_numbers_are_equal_only_if_all_are():
    the_claim = claim(value="8.1")
    assert word(the_claim, Finding(8.1), Finding(8.12)) == EQUAL
    assert word(the_claim, Finding(8.1), Finding(9.0, 7.0, 11.0)) == YES
    assert word(the_claim, Finding(8.1), Finding(9.0, 8.5, 11.0)) == NO


def test_own_number_without_an_interval_must_be_equal():
    own = claim(value="217", measure="count", scope="own")
    assert verdicts.verdict(own, [Finding(217)]) == (EQUAL, "")
    answer, reason = verdicts.verdict(own, [Finding(216)])
    assert answer == NO and "216" in reason and "217" in reason


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
    assert word(claim(value="30"), Finding(20.0, 15.0, NAN)) in (YES, NONE)
    assert word(claim(value="30"), Finding(20.0, 15.0, INF)) == YES
    assert verdicts.verdict(claim(value="30"), [Finding(20.0, NAN, NAN, note="no limits")]) == (NONE, "no limits")


def test_a_general_number_without_an_interval_is_not_contradicted():
    """Without limits nothing says how far chance reaches; only a number of the study's own patients must be equal."""
    assert word(claim(value="30", scope="general"), Finding(20.0)) == NONE


def test_an_interval_that_excludes_a_printed_value_does_not_hold_it():
    """`underpowered` is for an interval that holds both none and the print; 0.9–1.2 does not hold 1.44."""
    assert word(claim("effect", "1.44", None, "greater"), Finding(1.05, 0.9, 1.2, scale="ratio")) != WEAK


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


# --- (2) a second implementation, from the words of the design -------------------------------------------------


def second(a_claim: Claim, finding: Finding) -> str | None:
    """The verdict on one finding in intervals as sets; None where the design does not say (tested above by name)."""

    def missing(*values):
        return any(value is None or value != value for value in values)

    if missing(finding.value):
        return NONE
    inside = (finding.lower, finding.upper)
    none = {"ratio": 1, "difference": 0}[finding.scale]
    printed = None
    if a_claim.interval and a_claim.interval[0] != "NR":
        printed = (float(a_claim.interval[0]), INF if a_claim.interval[1] == "NR" else float(a_claim.interval[1]))

    def disjoint(one, other):
        return max(one[0], other[0]) > min(one[1], other[1])

    if a_claim.kind == "number":
        if a_claim.value is None:
            return NONE
        digits = len(a_claim.value.split(".")[1]) if "." in a_claim.value else 0
        units = Fraction(finding.value).limit_denominator(10**6) * 10**digits + Fraction(1, 2)
        if Fraction(units.numerator // units.denominator, 10**digits) == Fraction(a_claim.value):
            return EQUAL
        if missing(*inside):
            return NO if a_claim.scope == "own" and inside == (None, None) else None
        return NO if disjoint(inside, printed or (float(a_claim.value),) * 2) else YES
    if missing(*inside):
        return NONE
    if a_claim.kind == "null_effect":
        narrow = (finding.lower_90, finding.upper_90)
        if missing(*narrow):
            return NONE
        edge = Fraction(a_claim.margin)
        margin = (float(1 / edge), float(edge)) if none else (-float(edge), float(edge))
        if disjoint(inside, margin):
            return NO
        return YES if margin[0] <= narrow[0] and narrow[1] <= margin[1] else WEAK
    sides = {"greater": (none, INF), "less": (-INF, none)}
    holds_none = inside[0] <= none <= inside[1]
    wrong = sides["less" if a_claim.direction == "greater" else "greater"]
    if not holds_none and not disjoint(inside, wrong):
        return NO
    if printed and disjoint(inside, printed):
        return NO
    if not holds_none:
        return YES
    value = None if a_claim.value is None else float(a_claim.value)
    if printed is None and value is not None and not inside[0] <= value <= inside[1]:
        return None
    return WEAK


def second_of_all(a_claim: Claim, findings: list[Finding]) -> str | None:
    words = [second(a_claim, finding) for finding in findings]
    if None in words:
        return None
    for worst in (NO, WEAK, NONE, YES):
        if worst in words:
            return worst
    return EQUAL if words else NONE


def test_a_second_implementation_agrees():
    """20,000 random claims on a coarse grid, so that limits often fall on none, on prints and on margins."""
    rng = np.random.default_rng(20250)
    ratios = [0.0, 0.25, 0.5, 2 / 3, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 9.0]
    differences = [-9.0, -1.5, -0.5, -0.15, -0.05, 0.0, 0.05, 0.15, 0.5, 1.5, 9.0]
    seen, compared = dict.fromkeys((EQUAL, YES, NO, WEAK, NONE), 0), 0

    def some(values, size=None):
        picked = rng.integers(len(values), size=size)
        return values[picked] if size is None else [values[place] for place in picked]

    for _ in range(20_000):
        kind = some(["number", "effect", "direction", "null_effect"])
        scale = some(["ratio", "difference"])
        grid = ratios if scale == "ratio" else differences
        printed = [f"{number:g}" for number in sorted(some(grid, 2))]
        if rng.random() < 0.15:
            printed[1] = "NR"
        if rng.random() < 0.1:
            printed = ["NR", "NR"]
        digits = rng.integers(3)
        the_claim = claim(
            kind,
            value=None if rng.random() < 0.1 + 0.4 * (kind != "number") else f"{some(grid):.{digits}f}",
            interval=printed if rng.random() < 0.5 else None,
            direction={"number": None, "null_effect": "none"}.get(kind, some(["greater", "less"])),
            margin=some(["1.5", "1.25", "2"]) if scale == "ratio" else some(["0.15", "0.5", "1.5"]),
            measure={"number": "median"}.get(kind, "odds_ratio" if scale == "ratio" else "difference"),
            scope=some(["own", "general"]),
        )
        findings = []
        for _ in range(1 if rng.random() < 0.8 else rng.integers(0, 4)):
            lower, lower_90, value, upper_90, upper = sorted(some(grid, 5))
            if kind == "number" and rng.random() < 0.5:
                value = some([0.0, 0.004, 0.005, 0.05, 0.145, 0.285, 0.45, 0.5, 1.5, 2.005, 8.95, 9.04])
            finding = [value, lower, upper, lower_90, upper_90]
            for place in range(5):
                if rng.random() < 0.03:
                    finding[place] = some([None, NAN])
            if rng.random() < 0.1:
                finding[1:] = [None] * 4
            findings.append(Finding(*finding, scale=scale))
        expected = second_of_all(the_claim, findings)
        if expected is not None:
            answer = verdicts.verdict(the_claim, findings)[0]
            assert answer == expected, (the_claim, findings)
            seen[answer] += 1
            compared += 1
    assert compared > 15_000 and min(seen.values()) > 300, (compared, seen)


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


@pytest.mark.parametrize(
    "value, interval, se",
    [
        ("50", None, 12.0),
        ("50", None, 4.0),
        ("50.0", None, 0.3),
        ("12.3", ["11.0", "14.0"], 0.3),
        ("12.3", ["11.0", "14.0"], 1.0),
        ("12.3", ["12.1", "12.6"], 3.0),
        ("21.7", ["6.0", "NR"], 9.0),
        ("21.7", ["21.0", "NR"], 9.0),
    ],
)
def test_contradiction_of_a_number_against_simulation(value, interval, se):
    the_claim = claim("number", value, interval)
    chance = verdicts.chance_of_contradiction(the_claim, found(40.0, se, "difference"))
    assert near(chance, frequency(the_claim, float(value), se, "difference", NO))


def test_contradiction_of_a_coarsely_printed_number():
    """Where the last printed digit is coarser than chance, `equal` comes first and contradictions are rarer than 5%."""
    the_claim = claim("number", "50")
    chance = verdicts.chance_of_contradiction(the_claim, found(50.0, 0.2, "difference"))
    assert near(chance, frequency(the_claim, 50.0, 0.2, "difference", NO))


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
    assert verdicts.power(claim(value="8.1"), Finding(8.0, 7.0, 9.0)) is None
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
            (repr(float(1 + rng.random())) if scale == "ratio" else repr(float(rng.random()))) if null else None,
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


# --- (5) reading -----------------------------------------------------------------------------------------------

HEAD = 'source: paper\nseed: paper.txt\nreference: "A paper, 2025"\nclaims:\n'
FIRST = """- id: paper.fig1a.first
  panel: fig1a
  statement: "The first claim of the paper."
  kind: number
  measure: median
  scope: general
  value: "8.1"
"""
EFFECT = FIRST.replace("first", "second").replace('  value: "8.1"\n', "").replace("kind: number", "kind: {kind}")


@pytest.fixture
def read(tmp_path):
    """A function from the text of a claims file to its source."""

    def source(text: str, panels=("fig1a", "fig1b")):
        file = tmp_path / "paper.yaml"
        file.write_text(text, encoding="utf-8")
        return claims.read_source(file, set(panels))

    return source


def test_a_claims_file_is_read(read):
    source = read(HEAD + FIRST + EFFECT.format(kind="effect") + "  direction: less\n")
    assert [the_claim.id for the_claim in source.claims] == ["paper.fig1a.first", "paper.fig1a.second"]
    assert source.claims[0].value == "8.1" and source.claims[0].source == "paper"


NULL = EFFECT.format(kind="null_effect")
SUM = "relations:\n- type: sum\n  parts: [paper.fig1a.first]\n  whole: paper.fig1a.lost\n"


@pytest.mark.parametrize(
    "text, named",
    [
        (HEAD + FIRST + "  colour: red\n", ["first", "colour"]),
        (HEAD + FIRST.replace('"8.1"', "8.1"), ["first", "value"]),  # a number loses its printed precision
        (HEAD + FIRST.replace("median", "vibe"), ["first", "measure"]),
        (HEAD + FIRST + FIRST, ["paper.fig1a.first", "twice"]),
        (HEAD + FIRST.replace("panel: fig1a", "panel: fig9z"), ["paper.fig1a.first", "fig9z"]),
        (HEAD + FIRST + SUM, ["paper.fig1a.lost", "no claim"]),
        (HEAD + FIRST + "  of: paper.fig1a.lost\n", ["paper.fig1a.first", "paper.fig1a.lost"]),
        (HEAD + NULL + "  direction: none\n", ["paper.fig1a.second", "margin"]),
        (HEAD + NULL + '  margin: "1.5"\n', ["paper.fig1a.second", "direction none"]),
        (HEAD + NULL + '  direction: less\n  margin: "1.5"\n', ["paper.fig1a.second", "direction none"]),
        (HEAD + EFFECT.format(kind="effect"), ["paper.fig1a.second", "greater or less"]),
        (HEAD + EFFECT.format(kind="effect") + "  direction: none\n", ["paper.fig1a.second", "greater or less"]),
        (HEAD + EFFECT.format(kind="direction"), ["paper.fig1a.second", "greater or less"]),
        (HEAD + FIRST + "  [\n", ["not YAML"]),
        ("", ["paper.yaml"]),
        ("- only\n- a list\n", ["paper.yaml"]),
    ],
)
def test_a_wrong_claims_file_is_refused_in_one_line(read, text, named):
    with pytest.raises(ClaimsError) as refused:
        read(text)
    said = str(refused.value)
    assert "\n" not in said
    assert [part for part in ["paper.yaml", *named] if part not in said] == []


# --- (6) the numbers of a line ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line, expected",
    [
        ("2,345 patients and 1,234,567 reads", "2345 1234567"),
        ("1,234.5 cells", "1234.5"),
        ("12, 13 and 14", "12 13 14"),
        ("PD-1, PD-L1, LAG-3 and CTLA‐4", ""),
        ("FGL-1 and SPINK1", ""),
        ("RB111 and TP5312", ""),  # a reference fused to a gene
        ("IL15, CD8+, CD3E", ""),
        ("of 8.1 months2.", "8.1"),
        ("p = 8.4 × 10−6", "8.4 10 6"),
        ("aged 18–88 years", "18 88"),
        ("aged 18-88 years", "18 88"),
        ("34%–45%", "34 45"),
        ("(Fig. 2A)", ""),
        ("(Figs. 2A, 3B and 4)", ""),
        ("Extended Data Fig. 6b; Supplementary Table 13; Table S1", ""),
        ("Cohort 1", ""),
        ("Cohorts 1 and 2", ""),
        ("in Cohort 1, 217 patients", "217"),
        ("1.43 (95% CI 1.04–1.99)", "1.43 1.04 1.99"),
        ("95% confidence interval, 6.0–NR", "6.0"),
        ("95% of patients", "95"),
        ("p = .05", ".05"),
        ("p=.05; p<0.001", ".05 0.001"),
        ("n=217)", "217"),
        ("(12/34)", "12 34"),
        ("a median of 18.0.", "18.0"),
        ("trial^[12,13] of 309", "309"),
        ("NCT05619744", ""),
        ("", ""),
    ],
)
def test_numbers(line, expected):
    assert claims.numbers(line) == expected.split()


@pytest.mark.parametrize(
    "line, expected",
    [
        ("stable 12 weeks", "12"),  # no table
        ("Table 1, 217 patients", "217"),
        ("survival data 12 months later", "12"),
    ],
)
def test_labels_swallow_no_figure(line, expected):
    assert claims.numbers(line) == expected.split()


@pytest.mark.parametrize("line", ["0.25mg", "2.5x"])
def test_a_number_fused_to_a_unit_is_not_cut_short(line):
    assert claims.numbers(line) in ([], [line.rstrip("mgx")])


# --- (7) every number of a text is a claim or left out ---------------------------------------------------------


@pytest.fixture(scope="module")
def texts(sources_dir):
    """The sources' texts by name."""
    return {name: (sources_dir / source.seed).read_text(encoding="utf-8") for name, source in claims.sources().items()}


def test_so_many_claims():
    assert len(claims.published()) > 450
    assert len(claims.sources()["lcnec"].claims) > 250


@pytest.mark.parametrize("name", sorted(claims.sources()))
def test_every_number_is_accounted_for(name, texts):
    assert claims.uncounted(claims.sources()[name], texts[name]) == []


def digit_changed(text: str, but: tuple[str, ...] = ()) -> str:
    """The same number with another first digit, and none of those in `but`."""
    others = (digit + text[1:] for digit in "987654321" if digit != text[0])
    return next(other for other in others if other not in but)


@pytest.mark.parametrize("name", sorted(claims.sources()))
def test_a_changed_digit_is_found(name, texts):
    source = claims.sources()[name]
    with_value = [place for place, the_claim in enumerate(source.claims) if the_claim.value]
    for place in with_value[:: max(1, len(with_value) // 12)]:
        changed = list(source.claims)
        one = changed[place]
        beside = tuple(number for where in (*one.prints, *one.uses) for number in where.numbers)
        changed[place] = one.model_copy(update={"value": digit_changed(one.value, beside)})
        complaints = claims.uncounted(source.model_copy(update={"claims": changed}), texts[name])
        assert any(one.id in said for said in complaints), one.id


def test_a_changed_text_is_found(texts):
    source, lines = claims.sources()["lcnec"], texts["lcnec"].split("\n")
    for place in [the_claim.prints[0] for the_claim in source.claims if the_claim.prints][::25]:
        line, number = place.line - 1, place.numbers[0]
        if number not in lines[line]:
            continue
        other = [*lines]
        other[line] = lines[line].replace(number, digit_changed(number))
        assert claims.uncounted(source, "\n".join(other)), (place.line, number)


@pytest.fixture
def small(read):
    """A source of one line, and a function to change its claim."""
    source = read(HEAD + FIRST + '  prints:\n  - {line: 1, numbers: ["8.1"]}\n')

    def changed(**update):
        return source.model_copy(update={"claims": [source.claims[0].model_copy(update=update)]})

    return changed


def test_uncounted_says_what_and_where(small):
    place = small().claims[0].prints[0]
    assert claims.uncounted(small(), "A median of 8.1 months.\n") == []
    said = claims.uncounted(small(), "A median of 8.1 months in 217 patients.\n")
    assert said == ["line 1: 217 is neither a claim nor left out"]
    assert len(claims.uncounted(small(), "A median of 8.1 months, 8.1 again.\n")) == 1
    assert claims.uncounted(small(), "A median.\n") == ["line 1: 8.1 is claimed and not printed"]
    assert claims.uncounted(small(value="8.2"), "A median of 8.1 months.\n")
    assert claims.uncounted(small(prints=[place, place]), "A median of 8.1 months.\n")
    for name in ("interval", "range"):
        assert claims.uncounted(small(**{name: ["6.0", "NR"]}), "A median of 8.1 months.\n")
    for update in ({"p": "<0.05"}, {"k": "12"}, {"n": ["40"]}):
        assert claims.uncounted(small(**update), "A median of 8.1 months.\n")


def test_a_value_that_becomes_its_own_limit_is_found(small):
    """26 (17–36) mistaken for 36 (17–36): the text says 36 once."""
    place = claims.Place(line=1, numbers=["26", "17", "36"])
    text = "In 26% (17–36) of patients.\n"
    assert claims.uncounted(small(value="26", interval=["17", "36"], prints=[place]), text) == []
    assert claims.uncounted(small(value="36", interval=["17", "36"], prints=[place]), text)


@pytest.mark.parametrize("line", [0, 99])
@pytest.mark.parametrize("field", ["prints", "uses"])
def test_a_place_outside_the_text_is_found(small, field, line):
    place = claims.Place(line=line, numbers=["8.1"])
    update = {"prints": [*small().claims[0].prints, place]} if field == "prints" else {"uses": [place]}
    assert claims.uncounted(small(**update), "A median of 8.1 months.\n")


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A copy of the published claims, and the file in which they are kept once they are read."""
    folder = tmp_path / "published"
    shutil.copytree(paths.PUBLISHED, folder)
    monkeypatch.setattr(claims, "KEPT", tmp_path / "build" / "claims.json")

    def read():
        claims.sources.cache_clear()
        return claims.sources(folder)

    yield folder, claims.KEPT, read
    claims.sources.cache_clear()


def test_claims_that_were_kept_are_those_that_were_read(kept, monkeypatch):
    _, file, read = kept
    first = read()
    assert file.exists()
    monkeypatch.setattr(claims, "read_source", None)  # YAML is not read again
    assert read() == first and list(read()) == list(first)


def test_kept_claims_are_read_again_where_a_file_or_what_was_kept_has_changed(kept):
    folder, file, read = kept
    claim = read()["lcnec"].claims[0]
    text = (folder / "lcnec.yaml").read_text(encoding="utf-8")
    (folder / "lcnec.yaml").write_text(
        text.replace(claim.statement, f"{claim.statement} (edited)", 1), encoding="utf-8"
    )
    edited = read()
    assert edited["lcnec"].claims[0].statement.endswith("(edited)")
    for damaged in ("", "{}", "[]", file.read_text()[:-100]):
        file.write_text(damaged)
        assert read() == edited
    (folder / "lcnec.yaml").write_text(text + "no: field\n", encoding="utf-8")
    with pytest.raises(ClaimsError, match="lcnec.yaml"):
        read()


def test_claims_are_read_where_nothing_can_be_kept(kept):
    _, file, read = kept
    file.parent.write_text("a file where the folder should be")
    assert len(read()["lcnec"].claims) > 250
