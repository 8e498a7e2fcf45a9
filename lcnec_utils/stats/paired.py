"""Two measurements of one patient compared."""

import pandas as pd
from scipy import stats

from lcnec_utils.core.findings import Finding
from lcnec_utils.stats.proportions import boolean_flags


def paired_difference(one: pd.Series, other: pd.Series) -> Finding:
    """The share of True in one less that in the other, of the same pairs, as a finding in fractions.

    one, other: booleans on one index; a pair that lacks either is left out. p and limits are exact and conditional on
    the pairs that differ (McNemar's exact test, Clopper–Pearson): few pairs allow no more. Without a pair that differs
    the difference is none and has no limits. Raises UserError for values that are no booleans and row labels that
    stand twice.

    >>> before, after = pd.Series([True] * 9 + [False]), pd.Series([False] * 6 + [True] * 4)
    >>> finding = paired_difference(before, after)
    >>> round(finding.value, 2), round(finding.p, 3)
    (0.5, 0.125)
    """
    flags = {"one": boolean_flags(one, name="one"), "other": boolean_flags(other, name="other")}
    both = pd.DataFrame(flags).dropna().astype(bool)
    more, less = int((both["one"] & ~both["other"]).sum()), int((~both["one"] & both["other"]).sum())
    apart, n = more + less, len(both)
    if not apart:
        return Finding(None, n=n, note="no pair differs")
    test = stats.binomtest(more, apart)
    limits = {}
    for name, level in (("", 0.95), ("_90", 0.90)):
        interval = test.proportion_ci(level, method="exact")
        limits |= {
            f"lower{name}": (2 * interval.low - 1) * apart / n,
            f"upper{name}": (2 * interval.high - 1) * apart / n,
        }
    return Finding((more - less) / n, **limits, p=float(test.pvalue), n=n, scale="difference")
