"""Fold changes with limits from log2 values: of pairs, and of two groups of patients side by side."""

import math

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils.core.errors import UserError
from lcnec_utils.core.findings import Finding
from lcnec_utils.stats.paired import signed_rank
from lcnec_utils.stats.proportions import boolean_flags, check_index
from lcnec_utils.stats.ranks import rank_sum

LEVELS = ((0.95, ""), (0.90, "_90"))


def _known(log2: pd.Series, what: str) -> pd.Series:
    """The values that are there. Raises UserError for values that are no finite numbers and rows that stand twice."""
    check_index(log2, what)
    if not pd.api.types.is_numeric_dtype(log2):
        raise UserError(f"{what}: is no column of numbers; convert it, missing where none is known")
    known = log2.dropna().astype(float)
    if np.isinf(known).any():
        raise UserError(f"{what}, row {known.index[np.isinf(known)][0]}: is infinite; a log2 value is a finite number")
    return known


def _ratio(centre: float, se: float, df: float, **more) -> Finding:
    """A mean of log2 values with its standard error as a ratio with limits by Student's t."""
    limits = {}
    for level, tail in LEVELS:
        half = stats.t.ppf(0.5 + level / 2, df) * se
        limits |= {f"lower{tail}": float(2 ** (centre - half)), f"upper{tail}": float(2 ** (centre + half))}
    return Finding(float(2**centre), **limits, scale="ratio", **more)


def fold_change(log2: pd.Series, *, what: str, ranks: bool = False) -> Finding:
    """The geometric mean of fold changes as a finding with limits by the paired t test.

    log2: by pair, log2 of the later less the earlier value; pairs without one are left out. p is that of the t test, or
    with `ranks` that of Wilcoxon's signed-rank test (R's rule, exact without ties). No value of fewer than two pairs.
    Raises UserError for values that are no finite numbers, and row labels that stand twice.

    >>> finding = fold_change(pd.Series([1.0, 2, 3]), what="CD8A")
    >>> finding.value, round(finding.lower, 2), finding.n
    (4.0, 0.71, 3)
    """
    known = _known(log2, what)
    n = len(known)
    if n < 2:
        return Finding(None, n=n, note=f"{what}: there {'is 1 pair' if n else 'is no pair'}, and a change needs two")
    se = float(known.std() / math.sqrt(n))
    t_test = float(stats.ttest_1samp(known, 0.0).pvalue) if se else float("nan")
    p = signed_rank(known.to_numpy()) if ranks else t_test
    return _ratio(float(known.mean()), se, n - 1, p=p, n=n, smallest=n)


def fold_change_ratio(
    log2: pd.Series, marked: pd.Series, *, what: str, within: pd.Series | None = None, ranks: bool = False
) -> Finding:
    """The geometric mean of the marked over that of the others, as a finding.

    log2: by patient (or pair); marked: booleans on the same index; whoever lacks either is left out. Limits and p are
    Welch's; with `ranks` p is that of the Wilcoxon rank-sum test. within: a stratum by patient; the ratio is then the
    one within strata, by least squares with a term for each stratum and one variance for all. smallest is the smaller
    side. No value where a side has fewer than two, or the strata leave nothing to compare. Raises UserError for values
    that are no finite numbers, marks that are no booleans, and row labels that stand twice.

    >>> change = pd.Series([3.0, 4, 5, 1, 2, 3])
    >>> finding = fold_change_ratio(change, pd.Series([True] * 3 + [False] * 3), what="CD8A")
    >>> finding.value, round(finding.lower, 2), finding.n
    (4.0, 0.83, 6)
    """
    both = pd.DataFrame({"value": _known(log2, what), "marked": boolean_flags(marked, name=f"group of {what}")})
    if within is not None:
        both["stratum"] = within.reindex(both.index)
    both = both.dropna()
    side = both["marked"].astype(bool)
    one, other = both.loc[side, "value"], both.loc[~side, "value"]
    sizes = {"n": len(both), "smallest": min(len(one), len(other))}
    if sizes["smallest"] < 2:
        return Finding(
            None, **sizes, note=f"{what}: {len(one)} against {len(other)}, and a comparison needs two a side"
        )
    if within is not None:
        return _within_strata(both, what, sizes)
    parts = one.var() / len(one), other.var() / len(other)
    se = math.sqrt(sum(parts))
    df = sum(parts) ** 2 / (parts[0] ** 2 / (len(one) - 1) + parts[1] ** 2 / (len(other) - 1)) if se else len(both) - 2
    centre = float(one.mean() - other.mean())
    p = rank_sum(one.to_numpy(), other.to_numpy()) if ranks else _t_p(centre, se, df)
    return _ratio(centre, se, df, p=p, **sizes)


def _t_p(centre: float, se: float, df: float) -> float:
    return float(2 * stats.t.sf(abs(centre / se), df)) if se else float("nan")


def _within_strata(both: pd.DataFrame, what: str, sizes: dict[str, int]) -> Finding:
    """The ratio of the marked to the others of the same stratum, by least squares."""
    strata = pd.get_dummies(both["stratum"].astype(str), dtype=float)
    design = np.column_stack([both["marked"].astype(float), strata])
    df = len(design) - design.shape[1]
    if df < 1 or np.linalg.matrix_rank(design) < design.shape[1]:
        return Finding(None, **sizes, note=f"{what}: no stratum has patients of both sides to compare")
    fitted, _, _, _ = np.linalg.lstsq(design, both["value"], rcond=None)
    squares = float(((both["value"] - design @ fitted) ** 2).sum())
    se = math.sqrt(squares / df * np.linalg.inv(design.T @ design)[0, 0])
    return _ratio(float(fitted[0]), se, df, p=_t_p(float(fitted[0]), se, df), **sizes)


def least_signed_rank_p(pairs: int) -> float:
    """The least two-sided p that the exact signed-rank test can give with so many pairs.

    >>> least_signed_rank_p(6)
    0.03125
    """
    return min(1.0, 2.0 ** (1 - pairs))


def least_rank_sum_p(one: int, other: int) -> float:
    """The least two-sided p that the exact rank-sum test can give with groups of these sizes.

    >>> least_rank_sum_p(3, 3)
    0.1
    """
    return min(1.0, 2 / math.comb(one + other, one))
