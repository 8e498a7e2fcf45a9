"""Groups compared by ranks and by means, pair by pair."""

import dataclasses
import itertools
import math
import warnings

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils.core.errors import UserError
from lcnec_utils.core.findings import Finding, of_difference
from lcnec_utils.stats.proportions import (
    NAN,
    benjamini_hochberg,
    boolean_flags,
    check_groups,
    check_index,
    split_by_size,
    too_few_per_side,
)

PAIR = ["group", "other", "median", "other_median", "p"]


def _check_numbers(values: pd.Series, name: str) -> None:
    """Raise UserError for a column that is not numeric, or a row label that stands twice."""
    check_index(values, f"column {name!r}")
    if not pd.api.types.is_numeric_dtype(values):
        numbers = pd.to_numeric(values, errors="coerce")
        wrong = values[values.notna() & numbers.isna()]
        where = f", row {wrong.index[0]}: {wrong.iloc[0]!r} is no number" if len(wrong) else " is no numeric column"
        raise UserError(f"column {name!r}{where}; convert the column to numbers, missing where none is known")


def rank_sum(one: np.ndarray, other: np.ndarray) -> float:
    """Two-sided p of the Wilcoxon rank-sum test by the rule of R's wilcox.test.

    Exact where both have fewer than 50 values and none is tied, else normal with tie and continuity correction. NaN
    where a group is empty or all values are one. Raises UserError for a missing value.

    >>> round(rank_sum(np.array([1.1, 2.2, 3.3, 4.4]), np.array([5.5, 6.6, 7.7])), 4)
    0.0571
    """
    for values in (one, other):
        if np.isnan(values).any():
            raise UserError("the values of a group hold a missing one, which has no rank; drop missing values first")
    distinct = len(np.unique(np.concatenate([one, other])))
    if not len(one) or not len(other) or distinct == 1:
        return NAN
    untied = distinct == len(one) + len(other)
    method = "exact" if untied and max(len(one), len(other)) < 50 else "asymptotic"
    return float(stats.mannwhitneyu(one, other, method=method).pvalue)


def mean_difference(values: pd.Series, marked: pd.Series, *, what: str, min_group: int = 2) -> Finding:
    """The mean of the marked less that of the others as a finding (Welch's interval), p by the Wilcoxon rank-sum test.

    values: numbers; marked: booleans on the same index; whoever lacks either is left out. No value where a side has
    fewer than min_group (two at least), or where all values are one. Raises UserError for values that are no numbers,
    marks that are no booleans, and row labels that stand twice.

    >>> burden, mutated = pd.Series([10.0, 12, 14, 5, 6, 7]), pd.Series([True] * 3 + [False] * 3)
    >>> mean_difference(burden, mutated, what="TMB").value
    6.0
    """
    _check_numbers(values, what)
    both = pd.DataFrame({"value": values, "marked": boolean_flags(marked, name=f"group of {what}")}).dropna()
    one, other = (both.loc[both["marked"].astype(bool) == side, "value"].astype(float) for side in (True, False))
    if min(len(one), len(other)) < min_group > 2:
        return Finding(None, note=too_few_per_side(what, len(one), len(other), min_group=min_group))
    if min(len(one), len(other)) < 2:
        return Finding(None, note=f"fewer than two patients with {what} on a side")
    if both["value"].nunique() == 1:
        return Finding(None, note=f"{what} does not vary")
    se = (one.var() / len(one) + other.var() / len(other)) ** 0.5
    p = rank_sum(one.to_numpy(), other.to_numpy())
    finding = of_difference(float(one.mean() - other.mean()), float(se), p, len(both))
    return dataclasses.replace(finding, smallest=min(len(one), len(other)))


EXACT_BELOW = 50  # values of a group: from here on R takes the normal approximation


def _rank_sum_below(one: int, other: int) -> np.ndarray:
    """P(U ≤ u) of the Mann–Whitney statistic of groups of these sizes without ties, u from 0 on."""
    ways = np.zeros(one * other + 1)
    ways[0] = 1.0
    for size in range(1, one + 1):  # the Gaussian binomial coefficient, factor by factor
        longer = other + size
        ways[longer:] -= ways[: max(len(ways) - longer, 0)].copy()
        for start in range(size):
            ways[start::size] = np.cumsum(ways[start::size])
    return np.cumsum(ways) / math.comb(one + other, one)


def rank_sum_place(one: int, other: int, level: float) -> int:
    """The place, from 1, of the lower limit among the sorted differences of every value of one group and every one of
    the other, as R's wilcox.test takes it; 0 where even the least and the greatest do not reach the level.

    Exact where both groups are below 50, normal beyond.

    >>> rank_sum_place(5, 6, 0.95), rank_sum_place(3, 3, 0.95)
    (4, 0)
    """
    tail = (1 - level) / 2
    if max(one, other) >= EXACT_BELOW:
        spread = math.sqrt(one * other * (one + other + 1) / 12)
        return max(1, round(one * other / 2 + float(stats.norm.ppf(tail)) * spread))
    return int(np.searchsorted(_rank_sum_below(one, other), tail * (1 - 1e-12)))


def rank_shift(values: pd.Series, marked: pd.Series, *, what: str, ratio: bool = False, min_group: int = 2) -> Finding:
    """How much higher the marked are than the others: the Hodges–Lehmann estimate with limits, p by the rank sum.

    values: numbers; marked: booleans on the same index; whoever lacks either is left out. ratio: of values from 0 on,
    given as a ratio; two values of 0 are as one another, and a limit is 0 or without bound where too many values are 0.
    The limits (95% and 90%) are those of R's wilcox.test(conf.int = TRUE) without ties, places among the sorted
    differences of the two groups; with ties they are the same places, so that an interval and a p near .05 may
    disagree. Where the groups are too small for the level there is no bound at all. No value where a side has fewer
    than min_group (two at least). Raises UserError for values that are no numbers, or negative in a ratio, marks that
    are no booleans, and row labels that stand twice.

    >>> density, event = pd.Series([1.0, 2, 4, 20, 40, 80]), pd.Series([True] * 3 + [False] * 3)
    >>> finding = rank_shift(density, event, what="density", ratio=True)
    >>> round(finding.value, 3), finding.p, finding.smallest
    (0.05, 0.1, 3)
    """
    _check_numbers(values, what)
    both = pd.DataFrame({"value": values, "marked": boolean_flags(marked, name=f"group of {what}")}).dropna()
    if ratio and (both["value"] < 0).any():
        raise UserError(f"{what}, row {both.index[both['value'] < 0][0]}: is negative, and a ratio has no sign")
    one, other = (both.loc[both["marked"].astype(bool) == side, "value"].to_numpy(float) for side in (True, False))
    sizes = {"n": len(both), "smallest": min(len(one), len(other))}
    if sizes["smallest"] < max(min_group, 2):
        return Finding(None, **sizes, note=too_few_per_side(what, len(one), len(other), min_group=max(min_group, 2)))
    if both["value"].nunique() == 1:
        return Finding(None, **sizes, note=f"{what} does not vary")
    p = rank_sum(one, other)
    if ratio:
        with np.errstate(divide="ignore"):
            one, other = np.log(one), np.log(other)
    with np.errstate(invalid="ignore"):
        apart = np.subtract.outer(one, other).ravel()
    apart = np.sort(np.where(np.isnan(apart), 0.0, apart))  # two values of 0
    limits, back = {}, np.exp if ratio else float
    for level, tail in ((0.95, ""), (0.90, "_90")):
        place = rank_sum_place(len(one), len(other), level)
        low, high = (apart[place - 1], apart[-place]) if place else (-math.inf, math.inf)
        limits |= {f"lower{tail}": float(back(low)), f"upper{tail}": float(back(high))}
    middle = float(back(np.median(apart)))
    if not math.isfinite(middle):
        return Finding(None, **sizes, note=f"{what}: too many values are 0 for a ratio")
    return Finding(middle, **limits, p=p, **sizes, scale="ratio" if ratio else "difference")


def kruskal_wallis(values: pd.Series, group: pd.Series, *, min_group: int = 1) -> tuple[float, int, float]:
    """The Kruskal–Wallis statistic with the correction for ties, its degrees of freedom and p: R's kruskal.test.

    values: numbers; group: categorical on the same index; whoever lacks either is left out, and so is a group of fewer
    than min_group. NaN, 0, NaN where fewer than two groups are left or all values are one. Raises UserError for values
    that are no numbers, groups that are not categorical, and row labels that stand twice.

    >>> ozone = pd.Series([41.0, 36, 12, 115, 37, 71, 39, 135, 49])
    >>> statistic, df, p = kruskal_wallis(ozone, pd.Series(pd.Categorical(list("AAABBBCCC"))))
    >>> round(statistic, 3), df, round(p, 3)
    (3.289, 2, 0.193)
    """
    _check_numbers(values, str(values.name))
    check_groups(group)
    both = pd.DataFrame({"value": values, "group": group.reindex(values.index)}).dropna()
    enough, _ = split_by_size(both["group"], min_group=min_group)
    parts = [both.loc[both["group"].astype(str) == name, "value"].to_numpy(float) for name in enough]
    if len(parts) < 2 or len(np.unique(np.concatenate(parts))) < 2:
        return NAN, 0, NAN
    result = stats.kruskal(*parts)
    return float(result.statistic), len(parts) - 1, float(result.pvalue)


# n at which R's cor.test counts orders, and beyond which it takes the t approximation of Spearman's rho
MOST_COUNTED, MOST_EDGEWORTH = 9, 1290


def _tail_of_squares(squares: float, n: int) -> float:
    """P(sum of squared rank differences ≥ squares) of n pairs without association: counted up to 9 pairs, Edgeworth's
    series beyond. Source: D. J. Best, D. E. Roberts, Applied Statistics 1975;24:377 (AS 89)."""
    if squares <= 0:
        return 1.0
    if squares > n * (n * n - 1) / 3:
        return 0.0
    if n <= MOST_COUNTED:
        orders = np.array(list(itertools.permutations(range(n))), dtype=np.int16)
        return float((((orders - np.arange(n)) ** 2).sum(axis=1) >= squares).mean())
    b = 1 / n
    x = (6 * (squares - 1) * b / (n * n - 1) - 1) * (1 / b - 1) ** 0.5
    y = x * x
    inner = 0.0879 + 0.0151 * b - y * (0.0072 - 0.0831 * b + y * b * (0.0131 - 4.6e-4 * y))
    u = x * b * (0.2274 + b * (0.2531 + 0.1745 * b) + y * (-0.0758 + b * (0.1033 + 0.3932 * b) - y * b * inner))
    return float(np.clip(u / np.exp(y / 2) + stats.norm.sf(x), 0, 1))


def spearman(one: pd.Series, other: pd.Series) -> tuple[float, float, int]:
    """Spearman's rank correlation of two columns, its two-sided p by the rule of R's cor.test, and n.

    one, other: numbers on one index; rows that lack either are left out. p is exact up to 9 rows without ties, by
    Edgeworth's series up to 1,290, and by the t distribution with ties or beyond. NaN where fewer than three rows are
    left or a column does not vary. Raises UserError for values that are no numbers, and row labels that stand twice.

    >>> rho, p, n = spearman(pd.Series([1.0, 2, 3, 4, 5]), pd.Series([1.0, 3, 2, 4, 5]))
    >>> round(rho, 3), round(p, 4), n
    (0.9, 0.0833, 5)
    """
    for name, values in (("one", one), ("other", other)):
        _check_numbers(values, name)
    both = pd.DataFrame({"one": one, "other": other}).dropna().astype(float)
    n, ranks = len(both), both.rank()
    if n < 3 or both.nunique().min() < 2:
        return NAN, NAN, n
    rho = float(ranks["one"].corr(ranks["other"]))
    most = n**3 - n
    if both.nunique().min() < n or n > MOST_EDGEWORTH:
        return rho, float(2 * stats.t.sf(abs(rho) * ((n - 2) / max(1 - rho * rho, 1e-300)) ** 0.5, n - 2)), n
    squares = round(most * (1 - rho) / 6)
    if squares > most / 6:
        p = _tail_of_squares(squares, n)
    else:
        p = 1 - _tail_of_squares(squares + 2, n)
    return rho, min(2 * p, 1.0), n


def pairwise_rank_sums(values: pd.Series, group: pd.Series) -> pd.DataFrame:
    """Wilcoxon's p between every two groups, with their medians: group, other, median, other_median, p.

    values: numbers; group: categorical by row of values, missing for rows of no group. Raises UserError for values
    that are no numbers, groups that are not categorical, and row labels that stand twice.

    >>> tpm = pd.Series([1.0, 2, 3, 7, 8, 9])
    >>> pairwise_rank_sums(tpm, pd.Series(pd.Categorical(list("AAABBB")))).round(2).to_numpy().tolist()
    [['A', 'B', 2.0, 8.0, 0.1]]
    """
    return _by_column(values.to_frame("values"), group, str(values.name))["values"]


def _rank_sums(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """`rank_sum` of each column of two groups without missing values, all columns at once."""
    p = np.full(one.shape[1], NAN)
    if not len(one) or not len(other):
        return p
    both = np.sort(np.concatenate([one, other]), axis=0)
    varies, untied = both[0] < both[-1], (both[1:] > both[:-1]).all(axis=0)
    exact = untied & (max(len(one), len(other)) < EXACT_BELOW)
    for method, columns in (("exact", varies & exact), ("asymptotic", varies & ~exact)):
        if columns.any():
            p[columns] = stats.mannwhitneyu(one[:, columns], other[:, columns], axis=0, method=method).pvalue
    return p


def _by_column(values: pd.DataFrame, group: pd.Series, name: str | None = None) -> dict[str, pd.DataFrame]:
    """`pairwise_rank_sums` of each column. name: what a message calls the only column."""
    for column in values:
        _check_numbers(values[column], name or str(column))
    check_groups(group)
    group_of, table = group.reindex(values.index), values.to_numpy(float, na_value=NAN)
    rows_of = {each: table[(group_of == each).to_numpy(bool, na_value=False)] for each in group.cat.categories}
    found: dict[str, list] = {column: [] for column in values}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a group without a value the median is missing
        medians = {each: np.nanmedian(rows, axis=0) for each, rows in rows_of.items()}
    lacking = np.isnan(table).any(axis=0)
    for one, other in itertools.combinations(group.cat.categories, 2):
        p = np.empty(table.shape[1])
        p[~lacking] = _rank_sums(rows_of[one][:, ~lacking], rows_of[other][:, ~lacking])
        for place in np.flatnonzero(lacking):
            known = (rows[~np.isnan(rows[:, place]), place] for rows in (rows_of[one], rows_of[other]))
            p[place] = rank_sum(*known)
        for place, column in enumerate(values):
            found[column].append((one, other, medians[one][place], medians[other][place], p[place]))
    return {column: pd.DataFrame(rows, columns=PAIR) for column, rows in found.items()}


def p_by_pair(tests: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Two groups → p, of `pairwise_rank_sums`.

    >>> p_by_pair(pd.DataFrame({"group": ["A"], "other": ["B"], "p": [0.1]}))
    {('A', 'B'): 0.1}
    """
    return {(row.group, row.other): row.p for row in tests.itertuples()}


def stack_tables(tables: dict[str, pd.DataFrame], *, column: str) -> pd.DataFrame:
    """Several tables as one, with a leading column that holds their keys.

    >>> stack_tables({"FGL1": pd.DataFrame({"p": [0.1]})}, column="gene").to_numpy().tolist()
    [['FGL1', 0.1]]
    """
    return pd.concat(tables, names=[column]).reset_index(level=0).reset_index(drop=True)


def pairwise_rank_sums_by_column(values: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Every column between every two groups: what, group, other, median, other_median, p (Wilcoxon), p_adjusted
    (Benjamini–Hochberg over the whole table).

    values: samples × what is measured; group: categorical by sample. Samples without a group are left out. Raises
    UserError as `pairwise_rank_sums`.

    >>> cells = pd.DataFrame({"B": [1.0, 2, 3, 7, 8, 9], "NK": [1.0, 3, 5, 2, 4, 6]})
    >>> tests = pairwise_rank_sums_by_column(cells, pd.Series(pd.Categorical(list("AAABBB"))))
    >>> tests[["what", "p", "p_adjusted"]].round(2).to_numpy().tolist()
    [['B', 0.1, 0.2], ['NK', 0.7, 0.7]]
    """
    tables = _by_column(values, group)
    if not any(map(len, tables.values())):
        return pd.DataFrame(columns=["what", *PAIR, "p_adjusted"])
    table = stack_tables(tables, column="what")
    return table.assign(p_adjusted=benjamini_hochberg(table["p"]))


def long_table(values: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """One row per sample and column: group, what, value.

    Raises UserError where a sample of `group` is not among the values.

    >>> long_table(pd.DataFrame({"B": [1.0, 2]}), pd.Series(pd.Categorical(["A", "A"]))).to_numpy().tolist()
    [['A', 'B', 1.0], ['A', 'B', 2.0]]
    """
    lost = group.index.difference(values.index)
    if len(lost):
        raise UserError(f"groups, row {lost[0]}: the sample is not among the values; leave it out of the groups")
    table = values.loc[group.index].assign(group=group).melt("group", var_name="what")
    return table[["group", "what", "value"]]


def quartiles_by_group(values: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """n, median and quartiles of every column by group: group, what, n, q1, median, q3.

    >>> quartiles_by_group(pd.DataFrame({"B": [1.0, 2, 3]}), pd.Series(pd.Categorical(["A"] * 3))).to_numpy().tolist()
    [['A', 'B', 3, 1.5, 2.0, 2.5]]
    """
    grouped = long_table(values, group).groupby(["group", "what"], observed=True, sort=False)["value"]
    table = grouped.describe()[["count", "25%", "50%", "75%"]].reset_index()
    return table.set_axis(["group", "what", "n", "q1", "median", "q3"], axis=1).astype({"n": int})
