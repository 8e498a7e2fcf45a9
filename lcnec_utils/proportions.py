"""Shares with their intervals, and shares compared between groups."""

import pandas as pd
from scipy import stats

from lcnec_utils import formats

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
