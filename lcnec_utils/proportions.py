"""Shares with their intervals, and shares and ranks compared between groups."""

import itertools

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils import formats
from lcnec_utils.claims import Finding, of_difference, of_share

NAN = float("nan")
RESULT = ["tested", "share_1", "lower_1", "upper_1", "share_2", "lower_2", "upper_2", "test", "p"]


def wilson(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of k/n as fractions, without continuity correction: R's prop.test(correct=FALSE)."""
    from statsmodels.stats.proportion import proportion_confint

    if not n:
        return NAN, NAN
    lower, upper = proportion_confint(k, n, alpha=1 - level, method="wilson")
    return float(lower), float(upper)


def benjamini_hochberg(p: pd.Series) -> pd.Series:
    """Benjamini–Hochberg adjusted p values; a missing p stays missing and does not count as a test."""
    tested = p.dropna()
    adjusted = pd.Series(NAN, index=p.index)
    if len(tested):
        adjusted[p.notna()] = stats.false_discovery_control(tested, method="bh")
    return adjusted


def holm(p: pd.Series) -> pd.Series:
    """Holm adjusted p values, R's p.adjust; a missing p stays missing and does not count as a test."""
    order = np.argsort(p.to_numpy(float))[: p.count()]  # the missing come last
    adjusted = pd.Series(NAN, index=p.index)
    adjusted.iloc[order] = np.minimum(
        np.maximum.accumulate(p.to_numpy(float)[order] * np.arange(len(order), 0, -1)), 1.0
    )
    return adjusted


def compare_shares(counts: pd.DataFrame, untested: list[str] | None = None) -> pd.DataFrame:
    """Two shares per row compared, by the chi-squared test, or Fisher's where an expected count is under 5.

    counts: columns k_1, n_1, k_2, n_2. Returns them with share_1, lower_1, upper_1, share_2, lower_2, upper_2
    (fractions, Wilson 95%), tested, test, p (NaN where a group is empty or nobody differs) and p_adjusted (BH).
    untested: rows that define the groups; they are shown, and neither tested nor counted in the adjustment.
    """
    rows = []
    for name, k_1, n_1, k_2, n_2 in counts[["k_1", "n_1", "k_2", "n_2"]].astype(int).itertuples():
        row = {"tested": name not in (untested or [])}
        for side, k, n in ((1, k_1, n_1), (2, k_2, n_2)):
            lower, upper = wilson(k, n)
            row |= {f"share_{side}": k / n if n else NAN, f"lower_{side}": lower, f"upper_{side}": upper}
        test, p = "", NAN
        if row["tested"] and n_1 and n_2 and 0 < k_1 + k_2 < n_1 + n_2:
            grid = [[k_1, n_1 - k_1], [k_2, n_2 - k_2]]
            expected = stats.contingency.expected_freq(grid)
            test = "Fisher" if expected.min() < 5 else "chi-squared"
            p = (
                stats.fisher_exact(grid).pvalue
                if test == "Fisher"
                else stats.chi2_contingency(grid, correction=False).pvalue
            )
        rows.append({**row, "test": test, "p": float(p)})
    result = pd.concat([counts, pd.DataFrame(rows, index=counts.index, columns=RESULT)], axis=1)
    return result.assign(p_adjusted=benjamini_hochberg(result["p"]))


def differing_sentence(table: pd.DataFrame, what: str, first: str, second: str) -> str:
    """Which rows of compare_shares differ at a false discovery rate of 5%, and the strongest where none does."""
    tested = table[table["p"].notna()].sort_values("p")
    apart = tested[tested["p_adjusted"] < 0.05]
    if tested.empty:
        return f"No {what} could be tested."

    def shares(row) -> str:
        one, two = formats.share(int(row.k_1), int(row.n_1)), formats.share(int(row.k_2), int(row.n_2))
        return (
            f"{row.Index} {one} in {first}, {two} in {second} "
            f"({formats.p_value(row.p)}, adjusted {formats.p_value(row.p_adjusted)})"
        )

    head = f"{len(apart)} of {formats.count(len(tested), what)} tested differ at a false discovery rate of 5%"
    rows = apart if len(apart) else tested.head(1)
    lead = ": " if len(apart) else "; the smallest p is of "
    return f"{head}{lead}{'; '.join(shares(row) for row in rows.itertuples())}."


def shares(table: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """The share of True in each column by group, of those with a value.

    Columns: group, what, k, n, share, lower, upper (fractions, Wilson 95%).

    table: booleans with missing values, columns named for what they say. groups: categorical on the same index.
    """
    rows = []
    for group in groups.cat.categories:
        for what in table:
            values = table.loc[groups.reindex(table.index) == group, what].dropna()
            k, n = int(values.sum()), len(values)
            lower, upper = wilson(k, n)
            rows.append(
                {
                    "group": group,
                    "what": what,
                    "k": k,
                    "n": n,
                    "share": k / n if n else NAN,
                    "lower": lower,
                    "upper": upper,
                }
            )
    return pd.DataFrame(rows)


def share_finding(table: pd.DataFrame, group: str, what: str) -> Finding:
    """One row of `shares` as a finding in percent."""
    row = table[(table["group"] == group) & (table["what"] == what)].iloc[0]
    if not row["n"]:
        return Finding(None, note=f"nobody here was tested ({what})")
    return of_share(int(row["k"]), int(row["n"]), row["lower"], row["upper"])


def share_difference(values: pd.Series, marked: pd.Series, what: str) -> Finding:
    """The share of True among the marked less that among the others, as a finding in fractions (Wald interval).

    values, marked: booleans with missing values on one index; whoever lacks either is left out. A side without anyone,
    or without variation on both sides, has no difference to estimate.
    """
    both = pd.DataFrame({"value": values, "marked": marked}).dropna().astype(bool)
    sides = [both.loc[both["marked"] == side, "value"] for side in (True, False)]
    if any(side.empty for side in sides):
        return Finding(None, note=f"no {what} on a side")
    shares_ = [float(side.mean()) for side in sides]
    se = sum(share * (1 - share) / len(side) for share, side in zip(shares_, sides, strict=True)) ** 0.5
    if not se:
        return Finding(None, note=f"{what} does not vary")
    grid = [[int(side.sum()), int((~side).sum())] for side in sides]
    p = float(stats.fisher_exact(grid).pvalue)
    return of_difference(shares_[0] - shares_[1], se, p, len(both))


def pairs_of_shares(table: pd.DataFrame, groups: pd.Series, what: str) -> list[Finding]:
    """The difference in a share between every pair of groups; one finding that says so where nobody was tested."""
    values = table[what]
    if values.notna().sum() == 0:
        return [Finding(None, note=f"nobody here was tested ({what})")]
    names = list(groups.cat.categories)
    found = []
    for first, second in itertools.combinations(names, 2):
        marked = groups.reindex(values.index).map({first: True, second: False}).astype("boolean")
        found.append(share_difference(values, marked, what))
    return found


def rank_sum(one: np.ndarray, other: np.ndarray) -> float:
    """Two-sided p of the Wilcoxon rank-sum test by the rule of R's wilcox.test: exact where both have fewer than 50
    values and none is tied, else normal with tie and continuity correction. NaN where a group is empty or all values
    are one."""
    distinct = len(np.unique(np.concatenate([one, other])))
    if not len(one) or not len(other) or distinct == 1:
        return NAN
    untied = distinct == len(one) + len(other)
    method = "exact" if untied and max(len(one), len(other)) < 50 else "asymptotic"
    return float(stats.mannwhitneyu(one, other, method=method).pvalue)


def mean_difference(values: pd.Series, marked: pd.Series, what: str) -> Finding:
    """The mean of the marked less that of the others (Welch), p by the Wilcoxon rank-sum test."""
    both = pd.DataFrame({"value": values, "marked": marked}).dropna()
    one, other = (both.loc[both["marked"].astype(bool) == side, "value"].astype(float) for side in (True, False))
    if min(len(one), len(other)) < 2:
        return Finding(None, note=f"fewer than two patients with {what} on a side")
    if both["value"].nunique() == 1:
        return Finding(None, note=f"{what} does not vary")
    se = (one.var() / len(one) + other.var() / len(other)) ** 0.5
    p = rank_sum(one.to_numpy(), other.to_numpy())
    return of_difference(float(one.mean() - other.mean()), float(se), p, len(both))


def shares_sentence(table: pd.DataFrame) -> str:
    """The shares of a table in one sentence per thing counted; what nobody was tested for is said."""
    sentences = []
    for what, rows in table.groupby("what", sort=False):
        parts = [f"{row.group} {formats.share(row.k, row.n)}" for row in rows.itertuples() if row.n]
        sentences.append(f"{what}: {', '.join(parts)}." if parts else f"{what}: nobody was tested.")
    return " ".join(sentences)
