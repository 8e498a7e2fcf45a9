"""Verdicts: how a cohort's finding answers a printed claim, the rules in one place."""

import math

from scipy import stats

from lcnec_utils.core.findings import Z90, Z95, Finding
from lcnec_utils.ledger.claims import RATIOS, Claim, as_number, printed_value, word_number

ANSWERS = ("equal", "compatible", "contradicted", "underpowered")
NOT_COMPUTABLE = "not computable"
PLANNED = "its panel is not drawn yet"

# --- the rules of comparison -----------------------------------------------------------------------------------
#
# Everything is judged on the effect scale: a ratio against 1, a difference against 0. Significance is shown beside a
# verdict and never decides it.
#
#   number        equal          the recomputed value is the print at printed precision
#                 compatible     else, its 95% interval meets the printed interval (or holds the print)
#                 contradicted   else; or, without an interval, a number of the study's own patients that differs
#   effect,       compatible     the 95% interval excludes none in the printed direction, and meets the printed
#   direction                    interval where one is printed
#                 contradicted   it lies wholly on the other side of none, or excludes the printed interval
#                 underpowered   it holds none, and does not exclude the print
#   null effect   compatible     the 90% interval lies within the margin (two one-sided tests at 5%)
#                 contradicted   the 95% interval lies wholly outside the margin
#                 underpowered   else
#
# Several findings answer one claim (every pair of three groups): contradicted if one of them is; compatible if all are.


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


def equal_at_printed_precision(value: float, printed: str) -> bool:
    """Whether a value rounds, half up, to the printed figure."""
    if not math.isfinite(value):
        return False
    return math.floor(value * 10 ** _decimals(printed) + 0.5 + 1e-9) == round(float(printed) * 10 ** _decimals(printed))


def null_of(claim: Claim, finding: Finding) -> float:
    """No effect on a finding's scale: 1 for ratios, 0 for differences and correlations."""
    if finding.scale:
        return 1.0 if finding.scale == "ratio" else 0.0
    return 1.0 if claim.measure in RATIOS or (claim.margin and float(claim.margin) > 1) else 0.0


def _exists(limit: float | None) -> bool:
    return limit is not None and not math.isnan(limit)


def _overlaps(finding: Finding, low: float, high: float) -> bool:
    return finding.lower <= high and (not _exists(finding.upper) or finding.upper >= low)


def _printed_interval(claim: Claim) -> tuple[float, float] | None:
    limits = [as_number(text) for text in claim.interval or []]
    if not limits or limits[0] is None:
        return None
    return limits[0], math.inf if limits[1] is None else limits[1]


def _published(interval: tuple[float, float] | None) -> str:
    return "the published interval" if interval else "the published value"


def _of_number(claim: Claim, finding: Finding) -> tuple[str, str]:
    value = printed_value(claim)
    if value is None:
        return NOT_COMPUTABLE, "no figure is published"
    more_than = "lower_bound" in claim.flags or (word_number(claim) or "").startswith(">")
    if more_than and finding.value > float(value):
        return "equal", ""  # "more than 700" holds of 720
    if not (word_number(claim) or "").startswith(">") and equal_at_printed_precision(finding.value, value):
        return "equal", ""
    if not _exists(finding.lower):
        if claim.scope == "own":
            return "contradicted", f"{finding.value:g} against {value} as published"
        return NOT_COMPUTABLE, finding.note or f"{finding.value:g} has no interval to compare with {value}"
    printed = _printed_interval(claim)
    if _overlaps(finding, *(printed or (float(value), math.inf if more_than else float(value)))):
        return "compatible", f"the 95% interval {'overlaps' if printed else 'includes'} {_published(printed)}"
    return "contradicted", f"the 95% interval excludes {_published(printed)}"


def _of_effect(claim: Claim, finding: Finding, null: float) -> tuple[str, str]:
    greater = claim.direction == "greater"
    right_side = finding.lower > null if greater else finding.upper < null
    other_side = finding.upper < null if greater else finding.lower > null
    printed = _printed_interval(claim)
    if other_side:
        return "contradicted", "the 95% interval lies on the opposite side of no effect"
    if printed and not _overlaps(finding, *printed):
        return "contradicted", "the 95% interval excludes the published interval"
    if right_side:
        return "compatible", "the 95% interval excludes no effect, in the published direction"
    value = as_number(claim.value) if not printed and (claim.measure in RATIOS) == (null == 1) else None
    if value is not None and not finding.lower <= value <= finding.upper:
        return NOT_COMPUTABLE, f"the 95% interval includes no effect and not {claim.value}, published without limits"
    size = f" and {_published(printed)}" if printed or value is not None else ""
    return "underpowered", f"the 95% interval includes no effect{size}"


def _of_null(claim: Claim, finding: Finding, null: float) -> tuple[str, str]:
    margin = float(claim.margin)
    if null == 1 and margin <= 1:
        return NOT_COMPUTABLE, f"the margin {claim.margin} is not a ratio above 1"
    low, high = (1 / margin, margin) if null == 1 else (-margin, margin)
    if finding.upper < low or finding.lower > high:
        return "contradicted", f"the 95% interval lies outside {low:.2g} to {high:.2g}"
    if low <= finding.lower_90 and finding.upper_90 <= high:
        return "compatible", f"the 90% interval lies within {low:.2g} to {high:.2g}"
    return "underpowered", f"the 90% interval reaches beyond {low:.2g} to {high:.2g}"


def _one(claim: Claim, finding: Finding) -> tuple[str, str]:
    missing = finding.note or "the estimate does not exist"
    if finding.value is None or math.isnan(finding.value):
        return NOT_COMPUTABLE, missing
    # "the highest of all" is a rank, printed as a word: the place itself answers it
    if claim.kind == "number" or (claim.measure == "rank" and word_number(claim)):
        return _of_number(claim, finding)
    limits = [finding.lower, finding.upper]
    if claim.kind == "null_effect":
        limits += [finding.lower_90, finding.upper_90]
    if any(limit is None or math.isnan(limit) for limit in limits):
        return NOT_COMPUTABLE, missing
    judge = _of_null if claim.kind == "null_effect" else _of_effect
    return judge(claim, finding, null_of(claim, finding))


def verdict(claim: Claim, findings: list[Finding]) -> tuple[str, str]:
    """The verdict of findings on a claim and its reason, by the rules above."""
    answers = [_one(claim, finding) for finding in findings]
    if not answers:
        return NOT_COMPUTABLE, "nothing was recomputed"
    for word in ("contradicted", "underpowered", NOT_COMPUTABLE, "compatible", "equal"):
        of_word = [reason for answer, reason in answers if answer == word]
        if of_word:
            share = f" ({len(of_word)} of {len(answers)} comparisons)" if len(answers) > 1 else ""
            return word, of_word[0] + share
    raise AssertionError("every verdict is one of the words above")


def _on_scale(value: float, null: float) -> float:
    if null != 1 or math.isinf(value):
        return value
    return math.log(value) if value > 0 else -math.inf


def _standard_error(claim: Claim, finding: Finding) -> float | None:
    """The standard error of a finding on its (log) scale, from its 95% interval."""
    null = null_of(claim, finding)
    if claim.kind == "number":
        null = 0.0
    limits = (finding.lower, finding.upper)
    if any(limit is None or not math.isfinite(limit) or (null == 1 and limit <= 0) for limit in limits):
        return None
    return (_on_scale(limits[1], null) - _on_scale(limits[0], null)) / (2 * Z95)


def power(claim: Claim, finding: Finding) -> float | None:
    """The chance that a cohort of this size answers `compatible` if the print is true; None where that has no meaning.

    Of an effect: that its 95% interval excludes none in the printed direction, the effect being as printed. Of a null
    effect: that its 90% interval lies within the margin, there being none. Never from the effect observed.
    """
    se = _standard_error(claim, finding)
    if not se:
        return None
    null = null_of(claim, finding)
    if claim.kind == "null_effect":
        edge = _on_scale(float(claim.margin), null)
        return max(0.0, 2 * float(stats.norm.cdf(edge / se - Z90)) - 1)
    printed = as_number(claim.value)
    if claim.kind != "effect" or printed is None or claim.measure not in RATIOS or printed <= 0 or null != 1:
        return None
    sign = 1 if claim.direction == "greater" else -1
    limits = _printed_interval(claim) or (0.0, math.inf)
    low, high = sorted(sign * _on_scale(limit, null) for limit in limits)
    truth = sign * _on_scale(printed, null)
    least, most = max(Z95, low / se - Z95) - truth / se, (high - truth) / se + Z95
    return max(0.0, float(stats.norm.cdf(most) - stats.norm.cdf(least)))


def chance_of_contradiction(claim: Claim, finding: Finding) -> float:
    """The probability that chance alone contradicts a claim that is true, at this cohort's standard error.

    An effect or number is taken to be as printed; one without a printed size to be just none, the worst case.
    """
    se = _standard_error(claim, finding)
    if not se:
        return 0.0
    null = 0.0 if claim.kind == "number" else null_of(claim, finding)
    if claim.kind == "null_effect":
        if null == 1 and float(claim.margin) <= 1:
            return 0.0
        return 2 * float(stats.norm.sf(Z95 + _on_scale(float(claim.margin), null) / se))
    truth, printed = as_number(claim.value), _printed_interval(claim)
    if claim.kind == "number":
        figure = printed_value(claim)
        truth = as_number(figure)
        if truth is None:
            return 0.0
        low, high = printed or (truth, truth)
        half = 0.5 * 10 ** -_decimals(figure)  # within which it is equal, whatever its interval
        below = stats.norm.cdf(min((low - truth) / se - Z95, -half / se))
        above = stats.norm.sf(max((high - truth) / se + Z95, half / se)) if math.isfinite(high) else 0.0
        return float(below + above)
    printed = printed or (0.0, math.inf)
    if truth is None or claim.measure not in RATIOS or null != 1:
        return 0.025
    truth, low, high = (_on_scale(value, null) for value in (truth, *printed))
    # contradicted: on the other side of none, or beyond either end of the printed interval
    near = max(low, 0.0) if claim.direction == "greater" else low
    far = high if claim.direction == "greater" else min(high, 0.0)
    below = stats.norm.cdf((near - truth) / se - Z95)
    above = stats.norm.sf((far - truth) / se + Z95) if math.isfinite(far) else 0.0
    return float(below + above)
