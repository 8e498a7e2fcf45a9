"""Shares with their intervals, shares and ranks compared between groups, and which groups are large enough for it."""

import dataclasses
import itertools

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils import formats
from lcnec_utils.claims import Finding, of_difference, of_share

NAN = float("nan")
RESULT = ["tested", "share_1", "lower_1", "upper_1", "share_2", "lower_2", "upper_2", "test", "p"]


# --- which groups may be compared


def levels(groups: pd.Series) -> list[str]:
    """The groups that somebody is in, as text: in the order of their categories, else sorted."""
    known = groups.dropna()
    order = known.cat.categories if isinstance(known.dtype, pd.CategoricalDtype) else sorted(known.unique())
    present = set(known)
    return [str(level) for level in order if level in present]


def by_size(groups: pd.Series, min_group: int) -> tuple[list[str], dict[str, int]]:
    """The groups of at least min_group patients, which may be compared, and the others with their n, shown only.

    groups: one value a patient; the missing are of no group. Both in the order of `levels`.
    """
    sizes = groups.dropna().astype(str).value_counts()
    present = levels(groups)
    enough = [name for name in present if sizes[name] >= min_group]
    return enough, {name: int(sizes[name]) for name in present if name not in enough}


def of_size(table: pd.DataFrame, group: str, min_group: int) -> pd.DataFrame:
    """The patients in groups of at least min_group, `group` categorical over those groups alone; attrs are kept."""
    enough, _ = by_size(table[group], min_group)
    known = table[table[group].notna()]
    kept = known.assign(**{group: pd.Categorical(known[group].astype(str), enough)}).dropna(subset=[group])
    kept.attrs = dict(table.attrs)
    return kept


def small_sentence(small: dict[str, int], min_group: int) -> str:
    """That groups (with their n) are shown and not tested, in a sentence; nothing where there is none."""
    if not small:
        return ""
    names = [f"{name} (n = {n})" for name, n in small.items()]
    verb = "is" if len(names) == 1 else "are"
    return f"{listed(names)} {verb} shown, not tested: fewer than {min_group} patients."


def listed(names: list[str]) -> str:
    """Names in a sentence: `a`, `a and b`, `a, b and c`."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def too_few(names: list[str], sizes: dict[str, int], min_group: int) -> Finding:
    """The finding of a comparison of these groups where no two of them have min_group patients: none, and why."""
    held = [f"{name} (n = {sizes[name]})" for name in names if sizes.get(name)]
    here = f"here is {listed(held)}" if held else "here is none of them"
    which = f"two of the groups {listed(names)}" if len(names) > 2 else listed(names) or "two groups"
    return Finding(None, note=f"a comparison needs at least {min_group} patients each of {which}, and {here}")


# --- shares


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


def compare_shares(counts: pd.DataFrame, untested: list[str] | None = None, min_group: int = 1) -> pd.DataFrame:
    """Two shares per row compared, by the chi-squared test, or Fisher's where an expected count is under 5.

    counts: columns k_1, n_1, k_2, n_2. Returns them with share_1, lower_1, upper_1, share_2, lower_2, upper_2
    (fractions, Wilson 95%), tested, test, p (NaN where a group is empty or nobody differs) and p_adjusted (BH).
    untested: rows that define the groups; they are shown, and neither tested nor counted in the adjustment. min_group:
    a row with fewer patients on a side is not tested either (p NaN).
    """
    rows = []
    for name, k_1, n_1, k_2, n_2 in counts[["k_1", "n_1", "k_2", "n_2"]].astype(int).itertuples():
        row = {"tested": name not in (untested or [])}
        for side, k, n in ((1, k_1, n_1), (2, k_2, n_2)):
            lower, upper = wilson(k, n)
            row |= {f"share_{side}": k / n if n else NAN, f"lower_{side}": lower, f"upper_{side}": upper}
        test, p = "", NAN
        if row["tested"] and min(n_1, n_2) >= max(min_group, 1) and 0 < k_1 + k_2 < n_1 + n_2:
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


def share_difference(values: pd.Series, marked: pd.Series, what: str, min_group: int = 1) -> Finding:
    """The share of True among the marked less that among the others, as a finding in fractions (Wald interval).

    values, marked: booleans with missing values on one index; whoever lacks either is left out. A side with fewer than
    min_group, or no variation on both sides, has no difference to estimate.
    """
    both = pd.DataFrame({"value": values, "marked": marked}).dropna().astype(bool)
    sides = [both.loc[both["marked"] == side, "value"] for side in (True, False)]
    if min(map(len, sides)) < min_group > 1:
        return Finding(None, note=_few_a_side(what, *map(len, sides), min_group))
    if any(side.empty for side in sides):
        return Finding(None, note=f"no {what} on a side")
    shares_ = [float(side.mean()) for side in sides]
    se = sum(share * (1 - share) / len(side) for share, side in zip(shares_, sides, strict=True)) ** 0.5
    if not se:
        return Finding(None, note=f"{what} does not vary")
    grid = [[int(side.sum()), int((~side).sum())] for side in sides]
    p = float(stats.fisher_exact(grid).pvalue)
    found = of_difference(shares_[0] - shares_[1], se, p, len(both))
    return dataclasses.replace(found, smallest=min(map(len, sides)))


def _few_a_side(what: str, one: int, other: int, min_group: int) -> str:
    return f"{what} is known of {one} and {other} patients on the two sides, and a comparison needs {min_group} of each"


def pairs_of_shares(
    table: pd.DataFrame, groups: pd.Series, what: str, min_group: int = 0, only: list[str] | None = None
) -> list[Finding]:
    """The difference in a share between every pair of groups; one finding that says so where nobody was tested.

    only: the groups that are asked about, all where not given. Of them those count that have min_group patients or
    more; one finding says so where no two have.
    """
    values = table[what]
    if values.notna().sum() == 0:
        return [Finding(None, note=f"nobody here was tested ({what})")]
    asked = only or list(groups.cat.categories)
    sizes = groups.astype(str).value_counts().to_dict()
    names = [name for name in asked if sizes.get(name, 0) >= min_group]
    if len(names) < 2:
        return [too_few(asked, sizes, min_group)]
    found = []
    for first, second in itertools.combinations(names, 2):
        marked = groups.reindex(values.index).astype(object).map({first: True, second: False}).astype("boolean")
        found.append(share_difference(values, marked, what, min_group))
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


def mean_difference(values: pd.Series, marked: pd.Series, what: str, min_group: int = 2) -> Finding:
    """The mean of the marked less that of the others (Welch), p by the Wilcoxon rank-sum test.

    None where a side has fewer than min_group (two at least).
    """
    both = pd.DataFrame({"value": values, "marked": marked}).dropna()
    one, other = (both.loc[both["marked"].astype(bool) == side, "value"].astype(float) for side in (True, False))
    if min(len(one), len(other)) < min_group > 2:
        return Finding(None, note=_few_a_side(what, len(one), len(other), min_group))
    if min(len(one), len(other)) < 2:
        return Finding(None, note=f"fewer than two patients with {what} on a side")
    if both["value"].nunique() == 1:
        return Finding(None, note=f"{what} does not vary")
    se = (one.var() / len(one) + other.var() / len(other)) ** 0.5
    p = rank_sum(one.to_numpy(), other.to_numpy())
    found = of_difference(float(one.mean() - other.mean()), float(se), p, len(both))
    return dataclasses.replace(found, smallest=min(len(one), len(other)))


def shares_sentence(table: pd.DataFrame) -> str:
    """The shares of a table in one sentence per thing counted; what nobody was tested for is said."""
    sentences = []
    for what, rows in table.groupby("what", sort=False):
        parts = [f"{row.group} {formats.share(row.k, row.n)}" for row in rows.itertuples() if row.n]
        sentences.append(f"{what}: {', '.join(parts)}." if parts else f"{what}: nobody was tested.")
    return " ".join(sentences)
