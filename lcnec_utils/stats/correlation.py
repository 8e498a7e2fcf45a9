"""How two measurements of the same patients go together."""

import math

import pandas as pd
from scipy import stats

from lcnec_utils.core.findings import Z90, Z95, Finding
from lcnec_utils.stats.proportions import check_index

LEAST = 4  # patients, of whom an interval can be had


def rank_correlation(one: pd.Series, other: pd.Series, *, what: str, min_group: int = LEAST) -> Finding:
    """Spearman's rank correlation of two measurements of the same patients as a finding, with its limits and p.

    one, other: numbers on one index; whoever lacks either is left out. The limits are Fisher's z with Bonett and
    Wright's standard error √((1 + r²/2)/(n − 3)) (Psychometrika 2000;65:23), p that of R's cor.test(exact = FALSE). No
    value where fewer than min_group (four at least) have both, or one does not vary. Raises UserError for row labels
    that stand twice.

    >>> iq, television = pd.Series([86, 97, 99, 100, 101, 103]), pd.Series([2, 20, 28, 27, 50, 29])
    >>> round(rank_correlation(iq, television, what="IQ and hours of television").value, 3)
    0.886
    """
    for values in (one, other):
        check_index(values, f"column {values.name!r}")
    both = pd.concat([one.astype(float), other.astype(float)], axis=1, keys=["one", "other"]).dropna()
    n, needed = len(both), max(min_group, LEAST)
    if n < needed:
        return Finding(None, n=n, note=f"{what}: both are known of {n}, and a correlation needs {needed}")
    still = next((name for name in both if both[name].nunique() == 1), None)
    if still:
        return Finding(None, n=n, note=f"{what}: one of the two does not vary")
    result = stats.spearmanr(both["one"], both["other"])
    r = float(result.statistic)
    if abs(r) > 1 - 1e-12:  # the same order in all: the limits are the value
        r = math.copysign(1.0, r)
        limits = dict.fromkeys(("lower", "upper", "lower_90", "upper_90"), r)
    else:
        z, se = math.atanh(r), math.sqrt((1 + r * r / 2) / (n - 3))
        sides = {"lower": -Z95, "upper": Z95, "lower_90": -Z90, "upper_90": Z90}
        limits = {name: math.tanh(z + side * se) for name, side in sides.items()}
    return Finding(r, **limits, p=float(result.pvalue), n=n, scale="difference")
