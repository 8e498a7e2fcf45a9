"""Two measurements of one patient compared."""

import math

import pandas as pd
from scipy import optimize, stats

from lcnec_utils.core.errors import UserError
from lcnec_utils.core.findings import Finding
from lcnec_utils.stats.proportions import boolean_flags


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
