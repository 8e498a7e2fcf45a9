"""Two measurements of one patient compared."""

import math

import numpy as np
import pandas as pd
from scipy import optimize, stats

from lcnec_utils.core.errors import UserError
from lcnec_utils.core.findings import Finding
from lcnec_utils.stats.proportions import boolean_flags, check_index


def paired_difference_interval(only_one: int, only_other: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """Tango's score interval of the difference of two shares of the same n pairs, as fractions.

    only_one, only_other: pairs in which only the first, or only the second, of the two is true. The limits are the
    differences that the score test just does not reject; they exist where no pair differs, and stay within -1 to 1.
    Raises UserError for counts that cannot be, and a level that is not between 0 and 1. Source: T. Tango, Stat. Med.
    1998;17:891.

    >>> [round(limit, 4) for limit in paired_difference_interval(6, 16, 161)]
    [-0.124, -0.0054]
    """
    for name, count in (("only_one", only_one), ("only_other", only_other), ("n", n)):
        if pd.isna(count) or count != int(count) or count < 0:
            raise UserError(f"{name} is {count}; a count is a whole number from 0 on: count the pairs again")
    if only_one + only_other > n:
        raise UserError(f"{only_one} + {only_other} of {n} pairs differ: a part is larger than its whole")
    if not 0 < level < 1:
        raise UserError(f"level is {level}; a confidence level is between 0 and 1, such as 0.95")
    if not n:
        return float("nan"), float("nan")
    z, difference = float(stats.norm.ppf(0.5 + level / 2)), (only_one - only_other) / n

    def excess(delta: float) -> float:
        """The squared score less z squared: 0 at a limit."""
        b = -only_one - only_other + (2 * n - only_one + only_other) * delta
        # the share of pairs with only the second true, at its most likely under this difference
        q = (math.sqrt(max(0.0, b * b + 8 * n * only_other * delta * (1 - delta))) - b) / (4 * n)
        variance = n * (2 * q + delta * (1 - delta))
        return (only_one - only_other - n * delta) ** 2 - z * z * max(variance, 0.0)

    limits = []
    for end in (-1.0, 1.0):
        # a step away from the estimate, at which the score is 0 of a variance that may be 0 as well
        start = difference + math.copysign(1e-9, end)
        beyond = abs(start) < 1 and excess(end) > 0 > excess(start)
        limits.append(float(optimize.brentq(excess, start, end, xtol=1e-12)) if beyond else end)
    return limits[0], limits[1]


def paired_difference(one: pd.Series, other: pd.Series) -> Finding:
    """The share of True in one less that in the other, of the same pairs, as a finding in fractions.

    one, other: booleans on one index; a pair that lacks either is left out. Limits by Tango's score interval, p by
    McNemar's exact test. Without a pair there is no difference. Raises UserError for values that are no booleans and
    row labels that stand twice.

    >>> before, after = pd.Series([True] * 9 + [False]), pd.Series([False] * 6 + [True] * 4)
    >>> finding = paired_difference(before, after)
    >>> round(finding.value, 2), round(finding.p, 3)
    (0.5, 0.125)
    """
    flags = {"one": boolean_flags(one, name="one"), "other": boolean_flags(other, name="other")}
    both = pd.DataFrame(flags).dropna().astype(bool)
    more, less = int((both["one"] & ~both["other"]).sum()), int((~both["one"] & both["other"]).sum())
    n = len(both)
    if not n:
        return Finding(None, n=0, note="there is no pair")
    limits = {}
    for name, level in (("", 0.95), ("_90", 0.90)):
        lower, upper = paired_difference_interval(more, less, n, level=level)
        limits |= {f"lower{name}": lower, f"upper{name}": upper}
    p = float(stats.binomtest(more, more + less).pvalue) if more + less else 1.0
    return Finding((more - less) / n, **limits, p=p, n=n, scale="difference")


EXACT_BELOW = 50  # pairs: from here on, as with ties and differences of 0, R takes the normal approximation


def signed_rank(differences: np.ndarray) -> float:
    """Two-sided p of the Wilcoxon signed-rank test by the rule of R's wilcox.test(paired = TRUE).

    differences: of the pairs. Those of 0 are left out. Exact below 50 pairs where no difference is 0 and no two are as
    large, else normal with the corrections for ties and continuity. NaN where no pair differs. Raises UserError for a
    missing value.

    >>> signed_rank(np.array([1.0, 2, 3, 4, 5, 6]))
    0.03125
    """
    differences = np.asarray(differences, float)
    if np.isnan(differences).any():
        raise UserError("the differences of pairs hold a missing one, which has no rank; leave out incomplete pairs")
    differ = differences[differences != 0]
    if not len(differ):
        return float("nan")
    untied = len(np.unique(np.abs(differ))) == len(differences)
    method = "exact" if untied and len(differ) < EXACT_BELOW else "asymptotic"
    return float(stats.wilcoxon(differ, zero_method="wilcox", correction=True, method=method).pvalue)


def _signed_rank_below(n: int) -> np.ndarray:
    """P(V ≤ v) of the signed-rank statistic of n pairs without ties, v from 0 on."""
    ways = np.zeros(n * (n + 1) // 2 + 1)
    ways[0] = 1.0
    for rank in range(1, n + 1):
        ways[rank:] += ways[: len(ways) - rank].copy()
    return np.cumsum(ways / 2.0**n)


def attainable_pairs(printed: str, *, most: int, least: int = 2) -> list[int]:
    """The numbers of pairs with which the exact two-sided signed-rank test, without ties, gives a printed p.

    printed: the p as printed, which a p meets that rounds (half up) to its digits. least, most: pairs that are tried.

    >>> attainable_pairs("0.036", most=27)
    [19, 20, 22, 26, 27]
    """
    digits = len(printed.partition(".")[2])
    able = []
    for n in range(least, most + 1):
        p = 2 * _signed_rank_below(n)
        if (np.floor(p[p <= 1] * 10**digits + 0.5) == round(float(printed) * 10**digits)).any():
            able.append(n)
    return able


def signed_rank_place(n: int, level: float) -> int:
    """The place, from 1, of the lower limit among the sorted Walsh averages of n pairs, as R's wilcox.test takes it.

    Exact below 50 pairs, normal beyond.

    >>> signed_rank_place(6, 0.95), signed_rank_place(27, 0.95)
    (1, 108)
    """
    tail, total = (1 - level) / 2, n * (n + 1) // 2
    if n >= EXACT_BELOW:
        spread = math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
        return max(1, round(total / 2 + float(stats.norm.ppf(tail)) * spread))
    return max(1, int(np.searchsorted(_signed_rank_below(n), tail * (1 - 1e-12))))


def paired_shift(one: pd.Series, other: pd.Series, *, ratio: bool = False, what: str = "values") -> Finding:
    """How much higher `one` is than `other` in a pair: the Hodges–Lehmann estimate with limits, p by the signed ranks.

    one, other: numbers on one index; a pair that lacks either is left out. ratio: of the logarithms, given as a ratio;
    a pair with a value of 0 has none and is left out too. The limits (95% and 90%) are those of R's wilcox.test(paired
    = TRUE, conf.int = TRUE), places among the sorted means of every two differences; where R takes the normal
    approximation for ties they are the same places, so that an interval and a p near .05 may disagree. Raises UserError
    for values that are no numbers or negative in a ratio, and row labels that stand twice.

    >>> lung = pd.Series([5.0, 6, 7, 8, 9, 10])
    >>> finding = paired_shift(lung - [1, 2, 3, 4, 5, 6], lung)
    >>> finding.value, finding.lower, finding.upper, finding.p
    (-3.5, -6.0, -1.0, 0.03125)
    """
    for name, values in (("one", one), ("other", other)):
        check_index(values, f"{what}, {name}")
        if not pd.api.types.is_numeric_dtype(values):
            raise UserError(f"{what}, {name}: is no column of numbers; convert it, missing where none is known")
    both = pd.DataFrame({"one": one, "other": other}).dropna().astype(float)
    if ratio:
        if (both < 0).any(axis=None):
            raise UserError(
                f"{what}, row {both.index[(both < 0).any(axis=1)][0]}: is negative, and a ratio has no sign"
            )
        both = np.log(both[(both > 0).all(axis=1)])
    differences = (both["one"] - both["other"]).to_numpy()
    n = len(differences)
    if n < 2:
        return Finding(None, n=n, note=f"{n} pairs have {what} of both" if n else f"no pair has {what} of both")
    rows, columns = np.triu_indices(n)
    walsh = np.sort((differences[rows] + differences[columns]) / 2)
    back = math.exp if ratio else float
    limits = {}
    for level, tail in ((0.95, ""), (0.90, "_90")):
        place = signed_rank_place(n, level)
        limits |= {f"lower{tail}": back(walsh[place - 1]), f"upper{tail}": back(walsh[-place])}
    scale = "ratio" if ratio else "difference"
    return Finding(back(np.median(walsh)), **limits, p=signed_rank(differences), n=n, scale=scale)
