"""Verdicts: how a cohort's finding answers a printed claim, the rules in one place.

docs/ledger.md states the rules; nothing else decides a verdict. Everything is judged on the effect scale: ratios and
medians on the log scale, differences and shares on their own. Significance is shown beside a verdict and never decides.
"""

import dataclasses
import math

from scipy import stats

from lcnec_utils.core import formats
from lcnec_utils.core.findings import Z90, Z95, Finding
from lcnec_utils.ledger.claims import RATIOS, Claim, as_number, is_approximate, printed_value, sizes, word_number

ANSWERS = ("equal", "compatible", "contradicted", "inconclusive")
NOT_COMPUTABLE = "not computable"
PLANNED = "its panel is not drawn yet"
Z80 = 0.8416212335729143  # of 80% power
LOGARITHMIC = RATIOS | {"median", "mean"}  # numbers that are compared as ratios
SPREAD = LOGARITHMIC | {"auc", "correlation"}  # measures whose precision follows from n and the spread found
# How far a number may be from its print and still be alike; of a share no more than itself or its complement
MARGINS = {"percent": 15.0, "accuracy": 10.0, "auc": 0.1, "correlation": 0.2, "rank": 1.0}
RATIO_MARGIN = 1.5
TOLERANCE = 1e-12  # of limits that touch: logarithms of 1/1.5 and 1.5 differ in the last bit


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A value with limits on the scale on which it is compared (logarithms where that is a ratio). words: whence."""

    value: float
    lower: float
    upper: float
    words: str = ""


# --- printed precision, scales, levels -------------------------------------------------------------------------


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


def equal_at_printed_precision(value: float, printed: str) -> bool:
    """Whether a value rounds, half up, to the printed figure.

    >>> equal_at_printed_precision(36.547, "36.55"), equal_at_printed_precision(36.547, "36.54")
    (True, False)
    """
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


def _is_number(claim: Claim) -> bool:
    # "the highest of all" is a rank, printed as a word: the place itself answers it
    return claim.kind == "number" or (claim.measure == "rank" and word_number(claim) is not None)


def _is_logarithmic(claim: Claim, finding: Finding) -> bool:
    if _is_number(claim):
        return claim.measure in LOGARITHMIC and (finding.value or 0) > 0
    return null_of(claim, finding) == 1


def _on_scale(value: float, logarithmic: bool) -> float:
    if not logarithmic or math.isinf(value):
        return value
    return math.log(value) if value > 0 else -math.inf


def _z(level: float) -> float:
    return Z95 if level == 0.95 else float(stats.norm.ppf(0.5 + level / 2))


def wilson(k: float, n: float, level: float) -> tuple[float, float]:
    """Wilson's limits of k of n in percent; k need not be whole, for 22% of 121 patients is a print as well.

    Source: E. B. Wilson, J. Am. Stat. Assoc. 1927;22:209.

    >>> [round(limit, 1) for limit in wilson(25, 85, 0.95)]
    [20.8, 39.8]
    """
    z, share = _z(level), k / n
    centre, half = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    lower, upper = ((centre + side * half) / (1 + z * z / n) for side in (-1, 1))
    return 100 * max(0.0, lower), 100 * min(1.0, upper)


def square_and_add(one: Estimate, other: Estimate) -> tuple[float, float]:
    """The limits of the difference of two independent estimates from the limits of each.

    Of two shares with Wilson's limits this is Newcombe's interval. Sources: R. G. Newcombe, Stat. Med. 1998;17:873,
    method 10; G. Y. Zou, A. Donner, Stat. Med. 2008;27:1693.

    >>> shares = [Estimate(100 * k / n, *wilson(k, n, 0.95)) for k, n in ((56, 70), (48, 80))]
    >>> [round(limit, 2) for limit in square_and_add(*shares)]
    [5.24, 33.39]
    """
    difference = one.value - other.value
    return (
        difference - math.hypot(one.value - one.lower, other.upper - other.value),
        difference + math.hypot(one.upper - one.value, other.value - other.lower),
    )


def _is_share(claim: Claim, finding: Finding) -> bool:
    """Whether a finding is k of n in percent, k being its events."""
    if claim.measure not in ("percent", "accuracy") or not (finding.n and finding.events is not None):
        return False
    return math.isclose(finding.value, 100 * finding.events / finding.n, abs_tol=1e-9)


def _at_level(claim: Claim, finding: Finding, level: float = 0.95) -> Estimate:
    """A finding at a level, on the scale of its comparison: Wilson's limits of a share, the 90% limits it brings, else
    its 95% limits moved by the ratio of the normal quantiles."""
    logarithmic = _is_logarithmic(claim, finding)
    upper_95 = finding.upper if _exists(finding.upper) else math.inf
    value, lower, upper = (_on_scale(x, logarithmic) for x in (finding.value, finding.lower, upper_95))
    if _is_number(claim) and _is_share(claim, finding):
        return Estimate(value, *wilson(finding.events, finding.n, level))
    if level == 0.95:
        return Estimate(value, lower, upper)
    if level == 0.9 and _exists(finding.lower_90) and _exists(finding.upper_90):
        return Estimate(value, *(_on_scale(limit, logarithmic) for limit in (finding.lower_90, finding.upper_90)))
    ratio = _z(level) / Z95
    return Estimate(value, value - ratio * (value - lower), value + ratio * (upper - value))


def is_bound(claim: Claim) -> bool:
    """Whether a number is printed as over or under a figure alone."""
    return bool({"lower_bound", "upper_bound"} & set(claim.flags)) or (word_number(claim) or "").startswith(">")


def _level_of(comparisons: int) -> float:
    """The level at which each of several comparisons may contradict, so that all of them err in 5% at most."""
    return 0.95 if comparisons == 1 else 1 - 0.05 / comparisons


# --- what is printed, with its own uncertainty -------------------------------------------------------------------


def _printed_limits(claim: Claim) -> tuple[float, float] | None:
    limits = [as_number(text) for text in claim.interval or []]
    if not limits or limits[0] is None:
        return None
    return limits[0], math.inf if limits[1] is None else limits[1]


def printed_number(claim: Claim, finding: Finding, level: float = 0.95) -> Estimate | None:
    """A printed number with limits at a level, on the scale of the finding; None where its precision is not known.

    The limits are Wilson's of the printed k of n, else the printed interval (at 95%, or the level it names), else those
    that the finding's own spread gives at the printed n.
    """
    figure = as_number(printed_value(claim))
    if figure is None:
        return None
    logarithmic = _is_logarithmic(claim, finding)
    value = _on_scale(figure, logarithmic)
    k, n = sizes(claim)
    if claim.measure in ("percent", "accuracy") and n and (k is not None or not claim.interval):
        counted = figure * n / 100 if k is None else k
        of = f"{k:g}/{n:g}" if k is not None else f"{printed_value(claim)}% of {n:g}"
        return Estimate(100 * counted / n, *wilson(counted, n, level), words=of) if counted <= n else None
    limits = _printed_limits(claim)
    if limits:
        ratio = _z(level) / _z(claim.level or 0.95)
        lower, upper = (_on_scale(limit, logarithmic) for limit in limits)
        if lower > value or upper < value:
            return None  # a misprint, which says nothing of precision
        of = f"{printed_value(claim)} ({'–'.join(claim.interval)})"
        return Estimate(value, value - ratio * (value - lower), value + ratio * (upper - value), of)
    if n and finding.n and claim.measure in SPREAD and _exists(finding.lower) and _exists(finding.upper):
        here, ratio = _at_level(claim, finding, level), math.sqrt(finding.n / n)
        below, above = ratio * (here.value - here.lower), ratio * (here.upper - here.value)
        return Estimate(value, value - below, value + above, f"{printed_value(claim)} (n = {n:g})")
    return None


def printed_effect(claim: Claim, null: float) -> tuple[float, float] | None:
    """The 95% limits of a printed effect: those printed, or those of its counts (a difference of fractions, Newcombe)
    or of its ratio and p (Wald); None where nothing says how precise it is."""
    if limits := _printed_limits(claim):
        return limits if (claim.measure in RATIOS) == (null == 1) else None
    independent = "paired" not in claim.flags and claim.test != "binomial"
    if null == 0 and claim.counts and len(claim.counts) == 2 and independent:
        shares = [[float(number) for number in pair] for pair in claim.counts]
        one, other = (Estimate(100 * k / n, *wilson(k, n, 0.95)) for k, n in shares)
        lower, upper = square_and_add(one, other)
        return lower / 100, upper / 100
    value, p = as_number(claim.value), as_number(claim.p)
    if null == 1 and claim.measure in RATIOS and value and value > 0 and value != 1 and p and 0 < p < 1:
        half = Z95 * abs(math.log(value)) / float(stats.norm.isf(p / 2))
        return math.exp(math.log(value) - half), math.exp(math.log(value) + half)
    return None


def margin_of_number(claim: Claim, finding: Finding) -> float | None:
    """How far a number may be from its print and count as alike, on the scale of the comparison; None where no margin
    is stated for its measure."""
    stated = as_number(claim.margin)
    if _is_logarithmic(claim, finding):
        return math.log(stated or RATIO_MARGIN)
    margin = stated if stated is not None else MARGINS.get(claim.measure)
    figure = as_number(printed_value(claim))
    if claim.measure == "percent" and margin is not None and figure is not None:
        return min(margin, figure, 100 - figure)
    return margin


# --- the rules ---------------------------------------------------------------------------------------------------


def _shown(difference: tuple[float, float, float], logarithmic: bool, claim: Claim) -> str:
    """A difference with its limits in words: a ratio, or points of a share."""
    value, lower, upper = (math.exp(x) if logarithmic else x for x in difference)
    digits = 1 if claim.measure in ("percent", "accuracy") else 2
    limits = " to ".join("no limit" if math.isinf(x) else formats.number(x, digits) for x in (lower, upper))
    unit = " points" if claim.measure in ("percent", "accuracy") else ""
    what = "ratio" if logarithmic else "difference"
    return f"{what} to the published figure {formats.number(value, digits)}{unit} (95% CI {limits})"


def _of_bound(claim: Claim, finding: Finding, level: float) -> tuple[str, str] | None:
    """The verdict on a printed range or bound; None where the claim prints neither."""
    word = word_number(claim) or ""
    ends = [as_number(text) for text in claim.range or []]
    if len(ends) == 2 and None not in ends and claim.value is None:
        low, high, named = ends[0], ends[1], f"the published range {'–'.join(claim.range)}"
    elif "lower_bound" in claim.flags or word.startswith(">"):
        low, high, named = (
            as_number(printed_value(claim)),
            math.inf,
            f"the published bound, over {printed_value(claim)}",
        )
    elif "upper_bound" in claim.flags:
        low, high, named = (
            -math.inf,
            as_number(printed_value(claim)),
            f"the published bound, under {printed_value(claim)}",
        )
    else:
        return None
    if low is None or high is None:
        return NOT_COMPUTABLE, "no figure is published"
    if not _exists(finding.lower):
        inside = low <= finding.value <= high if claim.range else low < finding.value < high
        if claim.scope == "own":
            return ("equal", "") if inside else ("contradicted", f"{finding.value:g} is not within {named}")
        return NOT_COMPUTABLE, finding.note or f"{finding.value:g} has no interval to compare with {named}"
    logarithmic = _is_logarithmic(claim, finding)
    low, high = _on_scale(low, logarithmic), _on_scale(high, logarithmic)
    outer, inner = _at_level(claim, finding, level), _at_level(claim, finding, 0.9 if claim.range else 0.95)
    if outer.upper < low or outer.lower > high:
        return "contradicted", f"the 95% interval lies outside {named}"
    if low <= inner.lower and inner.upper <= high:
        return "compatible", f"the {'90' if claim.range else '95'}% interval lies within {named}"
    return "inconclusive", f"the interval reaches beyond {named}"


def _of_number(claim: Claim, finding: Finding, level: float) -> tuple[str, str]:
    bound = _of_bound(claim, finding, level)
    if bound:
        return bound
    text = printed_value(claim)
    if text is None:
        return NOT_COMPUTABLE, "no figure is published"
    if equal_at_printed_precision(finding.value, text):
        return "equal", ""
    if not _exists(finding.lower):
        if claim.scope == "own" and finding.reading:
            return _of_reading(finding, text)
        if claim.scope == "own":
            return "contradicted", f"{finding.value:g} against {text} as published"
        if claim.measure == "count":
            return "inconclusive", f"{finding.value:g} against {text} as published, and such a number has no interval"
        return NOT_COMPUTABLE, finding.note or f"{finding.value:g} has no interval to compare with {text}"
    logarithmic, margin = _is_logarithmic(claim, finding), margin_of_number(claim, finding)
    printed = printed_number(claim, finding, level)
    if printed:
        found = _at_level(claim, finding, level)
        limits, near = square_and_add(found, printed), None
        if margin is not None:
            near = square_and_add(_at_level(claim, finding, 0.9), printed_number(claim, finding, 0.9))
        shown = _shown((found.value - printed.value, *limits), logarithmic, claim)
        said = f"{shown}, {printed.words}"
        if limits[0] > 0 or limits[1] < 0:
            return "contradicted", said
        alike = near is not None and -margin <= near[0] and near[1] <= margin
        return ("compatible" if alike else "inconclusive"), said
    return _against_an_exact_print(claim, finding, level, margin)


def _of_reading(finding: Finding, text: str) -> tuple[str, str]:
    """The verdict on a number of a trial's own patients that was read from the trial's published curve: alike where a
    figure that rounds to the print lies within what may have been read."""
    half, figure, (low, high) = 0.5 * 10 ** -_decimals(text), float(text), finding.reading
    alike = low - half - TOLERANCE <= figure <= high + half + TOLERANCE
    said = f"read from a published curve as {finding.value:.4g} ({low:.4g} to {high:.4g}), against {text}"
    return ("compatible" if alike else "contradicted"), said


def _against_an_exact_print(claim: Claim, finding: Finding, level: float, margin: float | None) -> tuple[str, str]:
    """The verdict on a number whose own precision is not published: it is held against the print ± the margin."""
    if margin is None:
        return NOT_COMPUTABLE, "the source does not say how precise its figure is, and no margin is stated"
    value = _on_scale(as_number(printed_value(claim)), _is_logarithmic(claim, finding))
    outer, inner = _at_level(claim, finding, level), _at_level(claim, finding, 0.9)
    why = "published as approximate" if is_approximate(claim) else "published without its precision"
    if outer.lower > value + margin or outer.upper < value - margin:
        return "contradicted", f"the 95% interval lies beyond the margin about {printed_value(claim)}, {why}"
    if value - margin <= inner.lower and inner.upper <= value + margin:
        return "compatible", f"the 90% interval lies within the margin about {printed_value(claim)}, {why}"
    return "inconclusive", f"the interval reaches beyond the margin about {printed_value(claim)}, {why}"


def _of_effect(claim: Claim, finding: Finding, level: float) -> tuple[str, str]:
    null, logarithmic = null_of(claim, finding), _is_logarithmic(claim, finding)
    none, greater = _on_scale(null, logarithmic), claim.direction == "greater"
    at_95, outer = _at_level(claim, finding), _at_level(claim, finding, level)
    limits = printed_effect(claim, null)
    printed = tuple(_on_scale(limit, logarithmic) for limit in limits) if limits else None
    if outer.upper < none if greater else outer.lower > none:
        return "contradicted", "the 95% interval lies on the opposite side of no effect"
    if printed and (outer.lower > printed[1] or outer.upper < printed[0]):
        return "contradicted", "the 95% interval excludes the published interval"
    if at_95.lower > none if greater else at_95.upper < none:
        return "compatible", "the 95% interval excludes no effect, in the published direction"
    value = as_number(claim.value) if not printed and (claim.measure in RATIOS) == (null == 1) else None
    if value is not None and not finding.lower <= value <= finding.upper:
        return "inconclusive", f"the 95% interval includes no effect and not {claim.value}, published without precision"
    return "inconclusive", "the 95% interval includes no effect"


def _of_null(claim: Claim, finding: Finding, level: float) -> tuple[str, str]:
    null, margin = null_of(claim, finding), float(claim.margin)
    if null == 1 and margin <= 1:
        return NOT_COMPUTABLE, f"the margin {claim.margin} is not a ratio above 1"
    low, high = (1 / margin, margin) if null == 1 else (-margin, margin)
    edge = _on_scale(high, null == 1)
    outer, inner = _at_level(claim, finding, level), _at_level(claim, finding, 0.9)
    if outer.upper < -edge - TOLERANCE or outer.lower > edge + TOLERANCE:
        return "contradicted", f"the 95% interval lies outside {low:.2g} to {high:.2g}"
    if -edge - TOLERANCE <= inner.lower and inner.upper <= edge + TOLERANCE:
        return "compatible", f"the 90% interval lies within {low:.2g} to {high:.2g}"
    return "inconclusive", f"the 90% interval reaches beyond {low:.2g} to {high:.2g}"


def _one(claim: Claim, finding: Finding, comparisons: int) -> tuple[str, str]:
    missing = finding.note or "the estimate does not exist"
    if finding.value is None or not math.isfinite(finding.value):
        return NOT_COMPUTABLE, missing
    level = _level_of(comparisons)
    if _is_number(claim):
        return _of_number(claim, finding, level)
    if any(not _exists(limit) for limit in (finding.lower, finding.upper)):
        return NOT_COMPUTABLE, missing
    if claim.kind == "null_effect":
        return _of_null(claim, finding, level)
    return _of_effect(claim, finding, level)


def comparisons_of(findings: list[Finding]) -> int:
    """How many findings have a value: the comparisons among which the 5% of false contradictions are shared.

    >>> comparisons_of([Finding(1.2), Finding(None, note="nobody")])
    1
    """
    return max(1, sum(finding.value is not None and not math.isnan(finding.value) for finding in findings))


def verdict(claim: Claim, findings: list[Finding]) -> tuple[str, str]:
    """The verdict of findings on a claim and its reason, by the rules of docs/ledger.md.

    >>> from lcnec_utils.ledger.claims import Claim
    >>> claim = Claim(id="a.b", panel="p", statement="25 of 85.", kind="number", measure="percent", scope="general",
    ...               value="29", k="25", n=["85"])
    >>> verdict(claim, [Finding(100 * 33 / 82, 30.3, 51.1, n=82, events=33)])[0]
    'inconclusive'
    """
    answers = [_one(claim, finding, comparisons_of(findings)) for finding in findings]
    if not answers:
        return NOT_COMPUTABLE, "nothing was recomputed"
    for word in ("contradicted", "inconclusive", NOT_COMPUTABLE, "compatible", "equal"):
        of_word = [reason for answer, reason in answers if answer == word]
        if of_word:
            share = f" ({len(of_word)} of {len(answers)} comparisons)" if len(answers) > 1 else ""
            return word, of_word[0] + share
    raise AssertionError("every verdict is one of the words above")


# --- what a cohort could have seen ---------------------------------------------------------------------------------


def standard_error(claim: Claim, finding: Finding) -> float | None:
    """The standard error behind a verdict, from 95% limits on the scale of the comparison: of the finding, or of its
    difference from a number that is printed with its precision. None where there is none."""
    if finding.value is None or not math.isfinite(finding.value):
        return None
    if not _exists(finding.lower) or not _exists(finding.upper):
        return None
    if _is_number(claim) and as_number(printed_value(claim)) is None and not claim.range:
        return None
    limits = _at_level(claim, finding)
    lower, upper = limits.lower, limits.upper
    two_sample = _is_number(claim) and not claim.range and not is_bound(claim)
    printed = printed_number(claim, finding) if two_sample else None
    if printed:
        lower, upper = square_and_add(limits, printed)
    if not (math.isfinite(lower) and math.isfinite(upper)):
        return None
    return (upper - lower) / (2 * Z95) or None


def smallest_seen(claim: Claim, finding: Finding) -> float | None:
    """The effect that a cohort of this size finds with 80% power, in the printed direction; of a number or of "no
    difference" the margin within which it confirms likeness with 80% power. On the claim's own scale (a ratio as such).

    >>> from lcnec_utils.ledger.claims import Claim
    >>> claim = Claim(id="a.b", panel="p", statement="Survival is longer.", kind="direction", measure="hazard_ratio",
    ...               scope="general", direction="less")
    >>> round(smallest_seen(claim, Finding(0.9, 0.6, 1.35, scale="ratio")), 2)
    0.56
    """
    se = standard_error(claim, finding)
    if se is None:
        return None
    alike = (_is_number(claim) and not is_bound(claim)) or claim.kind == "null_effect"
    # within the margin on both sides at 5% each, with 80% power where there is no difference: 10% on each side
    size = se * (Z90 + float(stats.norm.ppf(0.9))) if alike else se * (Z95 + Z80)
    size *= -1 if claim.direction == "less" else 1
    return math.exp(size) if _is_logarithmic(claim, finding) else size


def power(claim: Claim, finding: Finding) -> float | None:
    """The chance that a cohort of this size answers `compatible` if the print is true; None where that has no meaning.

    Of an effect: that its 95% interval excludes none in the printed direction, the effect being as printed. Of a number
    or of "no difference": that its 90% interval lies within the margin. Never from the effect observed.
    """
    se = standard_error(claim, finding)
    if se is None:
        return None
    null = null_of(claim, finding)
    if _is_number(claim) or claim.kind == "null_effect":
        edge = margin_of_number(claim, finding) if _is_number(claim) else _on_scale(float(claim.margin), null == 1)
        if edge is None or claim.range or is_bound(claim):
            return None
        return max(0.0, 2 * float(stats.norm.cdf(edge / se - Z90)) - 1)
    truth, limits = _printed_size(claim, null), printed_effect(claim, null) or (-math.inf, math.inf)
    if truth is None:
        return None
    sign = 1 if claim.direction == "greater" else -1
    low, high = sorted(sign * _on_scale(limit, null == 1) for limit in limits)
    least, most = max(Z95, low / se - Z95) - sign * truth / se, (high - sign * truth) / se + Z95
    return max(0.0, float(stats.norm.cdf(most) - stats.norm.cdf(least)))


def _printed_size(claim: Claim, null: float) -> float | None:
    """The printed size of an effect on the scale of the comparison: a ratio, or the difference of its two shares."""
    value = as_number(claim.value)
    if null == 1:
        return math.log(value) if claim.measure in RATIOS and value and value > 0 else None
    if claim.counts and len(claim.counts) == 2 and printed_effect(claim, null):
        (k_1, n_1), (k_2, n_2) = ([float(number) for number in pair] for pair in claim.counts)
        return k_1 / n_1 - k_2 / n_2
    return None


def chance_of_contradiction(claim: Claim, finding: Finding, comparisons: int = 1) -> float:
    """The probability that chance alone contradicts a claim that is true, at this cohort's standard error.

    An effect or number is taken to be as printed; one without a printed size to be just none, the worst case.
    """
    se = standard_error(claim, finding)
    if se is None:
        return 0.0
    z, null = _z(_level_of(comparisons)), null_of(claim, finding)
    if _is_number(claim):
        if is_bound(claim):
            return float(stats.norm.sf(z))  # the share just at the bound, the worst case
        if claim.range or printed_number(claim, finding) is None:
            margin = 0.0 if claim.range else margin_of_number(claim, finding)
            return 0.0 if margin is None else 2 * float(stats.norm.sf(z + margin / se))
        return 2 * float(stats.norm.sf(z))
    if claim.kind == "null_effect":
        margin = float(claim.margin)
        if null == 1 and margin <= 1:
            return 0.0
        return 2 * float(stats.norm.sf(z + _on_scale(margin, null == 1) / se))
    truth, limits = _printed_size(claim, null), printed_effect(claim, null) or (-math.inf, math.inf)
    if truth is None:
        return float(stats.norm.sf(z))
    low, high = (_on_scale(limit, null == 1) for limit in limits)
    # contradicted: on the other side of none, or beyond either end of the printed interval
    near = max(low, 0.0) if claim.direction == "greater" else low
    far = high if claim.direction == "greater" else min(high, 0.0)
    return float(stats.norm.cdf((near - truth) / se - z) + stats.norm.sf((far - truth) / se + z))


# --- several bodies of evidence ------------------------------------------------------------------------------------

REPLICATED, REPRODUCED, CONTRADICTED, DIVIDED = "replicated", "reproduced", "contradicted", "divided"
INCONCLUSIVE, NOT_TESTABLE = "inconclusive", "not testable"
STATUSES = (REPLICATED, REPRODUCED, CONTRADICTED, DIVIDED, INCONCLUSIVE, NOT_TESTABLE)


def status(words: list[str], own: bool = False) -> str:
    """What independent bodies of real patients say of a claim together, by the one rule of docs/ledger.md.

    words: the verdict of each. own: they are the print's own patients. `replicated`: one at least is equal or
    compatible, and none contradicts; `contradicted`: one at least contradicts, and none is equal or compatible;
    `divided`: some do each; `inconclusive`: none does either; `not testable`: no body answers. What holds in the
    print's own patients is `reproduced`, not replicated.

    >>> status(["compatible", "inconclusive"]), status(["compatible", "contradicted"]), status([])
    ('replicated', 'divided', 'not testable')
    """
    holds = any(word in ("equal", "compatible") for word in words)
    fails = "contradicted" in words
    if holds and fails:
        return DIVIDED
    if holds or fails:
        return CONTRADICTED if fails else REPRODUCED if own else REPLICATED
    return INCONCLUSIVE if "inconclusive" in words else NOT_TESTABLE
