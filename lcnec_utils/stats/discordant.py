"""What two printed shares of the same pairs leave open, opposite changes of one pair, and the exact binomial test."""

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils.core.errors import UserError
from lcnec_utils.core.findings import Finding
from lcnec_utils.stats.paired import paired_difference_interval


def exact_binomial(k: int, n: int, *, chance: float = 0.5, level: float = 0.95) -> tuple[float, float, float]:
    """Two-sided p of k of n against a chance, and Clopper and Pearson's limits of k/n, as R's binom.test gives them.

    p adds up all counts that are no likelier than k. NaN three times where n is 0. Raises UserError for counts that
    cannot be, and a chance or level that is not between 0 and 1.

    >>> [round(value, 5) for value in exact_binomial(15, 17)]
    [0.00235, 0.63559, 0.98542]
    """
    if n != int(n) or k != int(k) or not 0 <= k <= n:
        raise UserError(f"{k} of {n}: counts are whole numbers, and a part is no larger than its whole")
    for name, value in (("chance", chance), ("level", level)):
        if not 0 < value < 1:
            raise UserError(f"{name} is {value}; give a number between 0 and 1")
    if not n:
        return float("nan"), float("nan"), float("nan")
    test = stats.binomtest(int(k), int(n), chance)
    limits = test.proportion_ci(level, "exact")
    return float(test.pvalue), float(limits.low), float(limits.high)


def excess_over_half(k: int, n: int) -> Finding:
    """By how much k/n exceeds one half, a fraction, with exact limits and the exact binomial p.

    >>> finding = excess_over_half(15, 17)
    >>> round(finding.value, 3), round(finding.p, 5)
    (0.382, 0.00235)
    """
    if not n:
        return Finding(None, n=0, note="there is nobody to count")
    p, lower, upper = exact_binomial(k, n)
    _, lower_90, upper_90 = exact_binomial(k, n, level=0.90)
    return Finding(
        k / n - 0.5, lower - 0.5, upper - 0.5, lower_90 - 0.5, upper_90 - 0.5, p=p, n=n, events=k, scale="difference"
    )


def tables_with_margins(one: int, other: int, n: int) -> pd.DataFrame:
    """Every table of n pairs in which `one` and `other` pairs are true; one row each, the fewest discordant first.

    Columns: both, only_one, only_other, neither, difference (a fraction, the same in all), lower, upper (Tango), p
    (McNemar's exact test). Raises UserError for counts that cannot be.

    >>> tables_with_margins(3, 2, 4)[["both", "only_one", "only_other", "neither"]].values.tolist()
    [[2, 1, 0, 1], [1, 2, 1, 0]]
    """
    for count in (one, other):
        if count != int(count) or not 0 <= count <= n:
            raise UserError(f"{count} of {n}: counts are whole numbers, and a part is no larger than its whole")
    rows = []
    for both in range(min(one, other), max(0, one + other - n) - 1, -1):
        more, less = one - both, other - both
        lower, upper = paired_difference_interval(more, less, n)
        p = exact_binomial(more, more + less)[0] if more + less else 1.0
        rows.append((both, more, less, n - both - more - less, (one - other) / n if n else np.nan, lower, upper, p))
    columns = ["both", "only_one", "only_other", "neither", "difference", "lower", "upper", "p"]
    return pd.DataFrame(rows, columns=columns)


def opposite_changes(one: pd.Series, other: pd.Series, *, threshold: float = 0.0) -> pd.Series:
    """Which way two changes of each patient go: `one up, other down`, `one down, other up`, `both up`, `both down`, or
    `neither` where one is within the threshold; missing where either is not known.

    one, other: changes as fractions on one index. threshold: a change counts from this size on; at 0 any but none.
    Raises UserError for a threshold below 0.

    >>> opposite_changes(pd.Series([0.2, -0.4, 0.1]), pd.Series([-0.3, -0.2, 0.0])).to_list()
    ['one up, other down', 'both down', 'neither']
    """
    if not threshold >= 0:
        raise UserError(f"threshold is {threshold}; give a fraction from 0 on, such as 0.1")
    both = pd.DataFrame({"one": one, "other": other})
    size = both.abs()
    counts = (size > 0) & (size >= threshold - 1e-12)
    sign = np.sign(both).where(counts, 0)
    words = {(1, -1): "one up, other down", (-1, 1): "one down, other up", (1, 1): "both up", (-1, -1): "both down"}
    said = [words.get(pair, "neither") for pair in zip(sign["one"], sign["other"], strict=True)]
    return pd.Series(said, both.index, dtype=object).where(both.notna().all(axis=1))


def opposite_sweep(one: pd.Series, other: pd.Series, thresholds: np.ndarray) -> pd.DataFrame:
    """How many patients change in opposite directions, by the size from which a change counts.

    Columns: threshold, n (both changes known), opposite, one_up, one_down, p (exact binomial of one_up among opposite).

    >>> opposite_sweep(pd.Series([0.2, 0.05]), pd.Series([-0.3, -0.2]), [0, 0.1])["opposite"].to_list()
    [2, 1]
    """
    rows = []
    for threshold in thresholds:
        said = opposite_changes(one, other, threshold=threshold)
        up, down = int((said == "one up, other down").sum()), int((said == "one down, other up").sum())
        rows.append((float(threshold), int(said.notna().sum()), up + down, up, down, exact_binomial(up, up + down)[0]))
    return pd.DataFrame(rows, columns=["threshold", "n", "opposite", "one_up", "one_down", "p"])
