"""Shares of several groups tested, every two and all at once, by the chi-squared and by Fisher's exact test."""

import itertools

import numpy as np
import pandas as pd
from scipy import stats

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
