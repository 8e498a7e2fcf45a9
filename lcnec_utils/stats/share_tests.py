"""Shares of several groups tested, every two and all at once, by the chi-squared and by Fisher's exact test; which
tables a printed p of Fisher's test may be of."""

import itertools
import math

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils.core import formats
from lcnec_utils.core.errors import UserError
from lcnec_utils.stats.proportions import LEAST_EXPECTED, NAN, chi_squared, fisher_exact

TESTS = ["least_expected", "p_chi_squared", "p_fisher"]


def count_tests(*groups: list[int]) -> dict[str, float]:
    """The least expected count of a table, p of the chi-squared test, and p of Fisher's exact test where that count is
    under 5 (NaN where it is not); keys least_expected, p_chi_squared, p_fisher.

    groups: of each group the counts of all levels, in one order. All NaN where a group is empty or all are of one
    level, for then there is nothing to test.

    >>> {name: round(value, 4) for name, value in count_tests([1, 9], [7, 3]).items()}
    {'least_expected': 4.0, 'p_chi_squared': 0.0062, 'p_fisher': 0.0198}
    """
    table = np.array(groups)
    if len(groups) < 2 or not (table.sum(axis=0).all() and table.sum(axis=1).all()):
        return dict.fromkeys(TESTS, NAN)
    least = float(stats.contingency.expected_freq(table).min())
    fisher = fisher_exact(*groups) if least < LEAST_EXPECTED else NAN
    return {"least_expected": least, "p_chi_squared": chi_squared(*groups), "p_fisher": fisher}


def _counts(rows: pd.DataFrame) -> list[list[int]]:
    return [[int(k), int(n) - int(k)] for k, n in zip(rows["k"], rows["n"], strict=True)]


def pairwise_share_tests(shares: pd.DataFrame, *, min_group: int = 1) -> pd.DataFrame:
    """Every two groups of a table of shares tested on each thing counted; p values are not adjusted.

    shares: `proportions.shares`, one row per group and thing. min_group: a pair with fewer tested on a side keeps its
    row, its p NaN. Columns: what, group, other, k, n, k_other, n_other, then those of `count_tests`.

    >>> table = pd.DataFrame({"group": ["A", "B"], "what": "TMB high", "k": [9, 18], "n": [30, 30]})
    >>> pairwise_share_tests(table).round(4)[["group", "other", "p_chi_squared"]].values.tolist()
    [['A', 'B', 0.0195]]
    """
    rows = []
    for what, of_thing in shares.groupby("what", sort=False):
        for one, other in itertools.combinations(of_thing.itertuples(), 2):
            enough = min(one.n, other.n) >= max(min_group, 1)
            tested = count_tests([one.k, one.n - one.k], [other.k, other.n - other.k]) if enough else {}
            row = {"what": what, "group": one.group, "other": other.group, "k": one.k, "n": one.n}
            rows.append(row | {"k_other": other.k, "n_other": other.n} | (tested or dict.fromkeys(TESTS, NAN)))
    return pd.DataFrame(rows, columns=["what", "group", "other", "k", "n", "k_other", "n_other", *TESTS])


def overall_share_test(shares: pd.DataFrame, *, min_group: int = 1) -> dict[str, float]:
    """One test over all groups of a table of shares of one thing: the keys of `count_tests`, and the number of
    `groups` that have min_group tested or more, which alone are compared.

    >>> table = pd.DataFrame({"group": ["A", "B", "C"], "what": "PD-L1", "k": [5, 9, 0], "n": [10, 10, 2]})
    >>> overall_share_test(table, min_group=5)["groups"]
    2
    """
    enough = shares[shares["n"] >= max(min_group, 1)]
    return {"groups": len(enough), **count_tests(*_counts(enough))}


def tables_of_mantissa(k: int, n: int, *, mantissa: str, most: int) -> pd.DataFrame:
    """Every 2 × 2 table with k of n on one side whose Fisher's exact p (two-sided) has a printed mantissa, whatever the
    power of ten: exponent, k_other, n_other, p, greatest p first.

    mantissa: as printed, `5.7`; p has it where it rounds (half up) to it. most: patients of the other side at most.
    Raises UserError for counts that cannot be and a mantissa that is none.

    >>> tables_of_mantissa(4, 5, mantissa="5.7", most=41)[["exponent", "k_other", "n_other"]].values.tolist()
    [[-1, 31, 36], [-2, 10, 32], [-3, 6, 41]]
    """
    if not 0 <= k <= n or n < 1:
        raise UserError(f"{k} of {n}: a part is no larger than its whole; count the patients again")
    try:
        figure = float(mantissa)
    except ValueError:
        figure = NAN
    if not 1 <= figure < 10:
        raise UserError(f"mantissa '{mantissa}' is no number from 1 to below 10, as in 5.7")
    digits, rows = len(mantissa.partition(".")[2]), []
    for n_other in range(1, most + 1):
        for k_other in range(n_other + 1):
            p = fisher_exact([k, n - k], [k_other, n_other - k_other])
            exponent = math.floor(math.log10(p))
            rounded = formats.number(p / 10.0**exponent, digits)
            if rounded == formats.number(10.0, digits):  # 9.97 is 1.0 of the next power
                exponent, rounded = exponent + 1, formats.number(1.0, digits)
            if rounded == formats.number(figure, digits):
                rows.append((exponent, k_other, n_other, p))
    table = pd.DataFrame(rows, columns=["exponent", "k_other", "n_other", "p"])
    return table.sort_values(["exponent", "n_other", "k_other"], ascending=[False, True, True], ignore_index=True)
