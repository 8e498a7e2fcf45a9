"""Shares with their intervals, shares compared between groups, and which groups are large enough to be compared."""

import itertools
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils.core.errors import UserError
from lcnec_utils.core.findings import Finding, of_share
from lcnec_utils.core.formats import listed
from lcnec_utils.stats.fragility import TwoShares

NAN = float("nan")
COUNTS = ["k_1", "n_1", "k_2", "n_2"]
RESULT = ["tested", "share_1", "lower_1", "upper_1", "share_2", "lower_2", "upper_2", "test", "p"]
LEAST_EXPECTED = 5  # count in each cell from which the chi-squared approximation is trusted
RESAMPLES, SEED = 99_999, 0  # of Fisher's exact test of more than two rows or columns


# ---- what is refused


def check_index(values: pd.Series | pd.DataFrame, name: str) -> None:
    """Raise UserError where a row label of a table stands twice: rows of two tables could not be matched.

    >>> check_index(pd.Series([1, 2], ["P1", "P1"]), "age")
    Traceback (most recent call last):
        ...
    lcnec_utils.core.errors.UserError: age, row P1: the row label stands twice; keep one row per patient or sample
    """
    if not values.index.is_unique:
        twice = values.index[values.index.duplicated()][0]
        raise UserError(f"{name}, row {twice}: the row label stands twice; keep one row per patient or sample")


def boolean_flags(values: pd.Series, *, name: str) -> pd.Series:
    """Flags as pandas' nullable booleans; True, False, 1 and 0 are read, missing stays missing.

    Raises UserError for any other value, and for a row label that stands twice.

    >>> boolean_flags(pd.Series([1, 0, None], ["P1", "P2", "P3"]), name="TP53").to_list()
    [True, False, <NA>]
    """
    check_index(values, f"column {name!r}")
    known = values.dropna()
    wrong = known[~known.isin([True, False])]
    if len(wrong):
        raise UserError(
            f"column {name!r}, row {wrong.index[0]}: {wrong.iloc[0]!r} is neither True nor False; code it as True or "
            "False, or leave it missing where it is not known"
        )
    return values.astype("boolean")


def check_groups(groups: pd.Series) -> None:
    """Raise UserError for groups that are not categorical, or with a row label that stands twice.

    >>> check_groups(pd.Series(["a", "b"], name="arm", dtype="category"))
    """
    check_index(groups, f"groups {groups.name!r}")
    if not isinstance(groups.dtype, pd.CategoricalDtype):
        raise UserError(
            f"groups {groups.name!r} are {groups.dtype} and have no order; make them categorical (pandas.Categorical)"
        )


def _check_counts(k: int, n: int, row: str = "") -> None:
    """Raise UserError for a count that is missing, no whole number, negative, or larger than its total."""
    for name, value in (("k", k), ("n", n)):
        if pd.isna(value) or value != int(value) or value < 0:
            raise UserError(f"{row}{name} is {value}; a count is a whole number from 0 on: count the patients again")
    if k > n:
        raise UserError(f"{row}{k} of {n}: a part is larger than its whole; check which column is the total")


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise UserError(f"level is {level}; a confidence level is between 0 and 1, such as 0.95")


def _check_p(p: pd.Series) -> None:
    wrong = p[p.notna() & ~p.between(0, 1)]
    if len(wrong):
        raise UserError(f"p, row {wrong.index[0]}: {wrong.iloc[0]} is not between 0 and 1; pass unadjusted p values")


def _check_column(table: pd.DataFrame, name: str) -> None:
    if name not in table:
        raise UserError(f"the table has no column {name!r}; its columns are {', '.join(map(str, table)) or 'none'}")


# ---- which groups may be compared


def levels(groups: pd.Series) -> list[str]:
    """The groups that somebody is in, as text: in the order of their categories, else sorted.

    >>> levels(pd.Series(["B", "A", None, "B"]))
    ['A', 'B']
    """
    known = groups.dropna()
    order = known.cat.categories if isinstance(known.dtype, pd.CategoricalDtype) else sorted(known.unique())
    present = set(known)
    return [str(level) for level in order if level in present]


def split_by_size(groups: pd.Series, *, min_group: int) -> tuple[list[str], dict[str, int]]:
    """The groups of at least min_group patients, which may be compared, and the others with their n, shown only.

    groups: one value a patient; the missing are of no group. Both in the order of `levels`.

    >>> split_by_size(pd.Series(["A"] * 6 + ["B"] * 2 + ["C"] * 5), min_group=5)
    (['A', 'C'], {'B': 2})
    """
    sizes = groups.dropna().astype(str).value_counts()
    present = levels(groups)
    enough = [name for name in present if sizes[name] >= min_group]
    return enough, {name: int(sizes[name]) for name in present if name not in enough}


def keep_large_groups(table: pd.DataFrame, *, group: str, min_group: int) -> pd.DataFrame:
    """The rows in groups of at least min_group, `group` categorical over those groups alone; attrs are kept.

    Raises UserError where the table has no column `group`.

    >>> patients = pd.DataFrame({"arm": ["A", "A", "B"], "age": [60, 70, 80]})
    >>> keep_large_groups(patients, group="arm", min_group=2)["age"].to_list()
    [60, 70]
    """
    _check_column(table, group)
    enough, _ = split_by_size(table[group], min_group=min_group)
    known = table[table[group].notna()]
    kept = known.assign(**{group: pd.Categorical(known[group].astype(str), enough)}).dropna(subset=[group])
    kept.attrs = dict(table.attrs)
    return kept


def too_few_patients(names: list[str], sizes: dict[str, int], *, min_group: int) -> Finding:
    """The finding of a comparison of groups of which no two have min_group patients: no value, and why.

    >>> too_few_patients(["A", "B"], {"A": 9, "B": 2}, min_group=5).note
    'a comparison needs at least 5 patients each of A and B, and here is A (n = 9) and B (n = 2)'
    """
    present = [f"{name} (n = {sizes[name]})" for name in names if sizes.get(name)]
    here = f"here is {listed(present)}" if present else "here is none of them"
    which = f"two of the groups {listed(names)}" if len(names) > 2 else listed(names) or "two groups"
    return Finding(None, note=f"a comparison needs at least {min_group} patients each of {which}, and {here}")


def too_few_per_side(what: str, one: int, other: int, *, min_group: int) -> str:
    """Why two sides are not compared: of how many patients of either `what` is known, and how many it needs.

    >>> too_few_per_side("TMB", 3, 40, min_group=5)
    'TMB is known of 3 and 40 patients on the two sides, and a comparison needs 5 of each'
    """
    return f"{what} is known of {one} and {other} patients on the two sides, and a comparison needs {min_group} of each"


# ---- intervals and adjusted p values


def wilson(k: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of k/n as fractions, without continuity correction: R's prop.test(correct=FALSE).

    NaN, NaN where n is 0. Raises UserError for counts that cannot be, and a level that is not between 0 and 1.
    Source: E. B. Wilson, J. Am. Stat. Assoc. 1927;22:209.

    >>> [round(limit, 3) for limit in wilson(25, 85)]
    [0.208, 0.398]
    """
    from statsmodels.stats.proportion import proportion_confint

    _check_counts(k, n)
    _check_level(level)
    if not n:
        return NAN, NAN
    lower, upper = proportion_confint(k, n, alpha=1 - level, method="wilson")
    return float(lower), float(upper)


def share_difference_interval(k_1: int, n_1: int, k_2: int, n_2: int, *, level: float = 0.95) -> tuple[float, float]:
    """Newcombe's interval of k_1/n_1 less k_2/n_2 as fractions, from the two Wilson intervals.

    NaN, NaN where a group is empty. Raises UserError for counts that cannot be, and a level that is not between 0
    and 1. Source: R. G. Newcombe, Stat. Med. 1998;17:873, method 10.

    >>> [round(limit, 4) for limit in share_difference_interval(56, 70, 48, 80)]
    [0.0524, 0.3339]
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    _check_counts(k_1, n_1, "group 1: ")
    _check_counts(k_2, n_2, "group 2: ")
    _check_level(level)
    if not n_1 or not n_2:
        return NAN, NAN
    lower, upper = confint_proportions_2indep(k_1, n_1, k_2, n_2, method="newcomb", compare="diff", alpha=1 - level)
    return float(lower), float(upper)


def benjamini_hochberg(p: pd.Series) -> pd.Series:
    """Benjamini–Hochberg adjusted p values, R's p.adjust; a missing p stays missing and does not count as a test.

    Raises UserError for a p that is not between 0 and 1.

    >>> benjamini_hochberg(pd.Series([0.01, None, 0.04])).to_list()
    [0.02, nan, 0.04]
    """
    _check_p(p)
    tested = p.dropna()
    adjusted = pd.Series(NAN, index=p.index)
    if len(tested):
        adjusted[p.notna()] = stats.false_discovery_control(tested, method="bh")
    return adjusted


def holm(p: pd.Series) -> pd.Series:
    """Holm adjusted p values, R's p.adjust; a missing p stays missing and does not count as a test.

    Raises UserError for a p that is not between 0 and 1.

    >>> holm(pd.Series([0.01, None, 0.04])).to_list()
    [0.02, nan, 0.04]
    """
    _check_p(p)
    order = np.argsort(p.to_numpy(float))[: p.count()]  # the missing come last
    adjusted = pd.Series(NAN, index=p.index)
    adjusted.iloc[order] = np.minimum(
        np.maximum.accumulate(p.to_numpy(float)[order] * np.arange(len(order), 0, -1)), 1.0
    )
    return adjusted


# ---- tests of counts


def chi_squared(*groups: list[int]) -> float:
    """p of Pearson's chi-squared test without continuity correction: R's chisq.test(correct=FALSE).

    groups: of each group the counts of all levels, in one order.

    >>> round(chi_squared([9, 21], [18, 12]), 4)
    0.0195
    """
    return float(stats.chi2_contingency(np.array(groups), correction=False).pvalue)


def fisher_exact(*groups: list[int]) -> float:
    """p of Fisher's exact test: R's fisher.test.

    groups: of each group the counts of all levels, in one order. A table larger than 2 × 2 is compared with 99,999
    random tables of its margins, always the same ones (R: simulate.p.value); the standard error of p is under 0.002.

    >>> round(fisher_exact([1, 9], [11, 3]), 5)
    0.00276
    """
    table = np.array(groups)
    if table.shape == (2, 2):
        return float(stats.fisher_exact(table).pvalue)
    method = stats.MonteCarloMethod(n_resamples=RESAMPLES, rng=np.random.default_rng(SEED))
    # of tables that are not square scipy 1.17 gives p as an array of one
    return float(np.ravel(stats.fisher_exact(table, method=method).pvalue)[0])


def independence_test(*groups: list[int]) -> Callable[..., float]:
    """The test that suits these counts: `fisher_exact` where an expected count is under 5, else `chi_squared`.

    >>> independence_test([1, 9], [11, 3]).__name__
    'chi_squared'
    >>> independence_test([1, 9], [3, 3]).__name__
    'fisher_exact'
    """
    least = stats.contingency.expected_freq(np.array(groups)).min()
    return fisher_exact if least < LEAST_EXPECTED else chi_squared


def compare_shares(counts: pd.DataFrame, *, untested: list[str] | None = None, min_group: int = 1) -> pd.DataFrame:
    """Two shares per row compared, by the chi-squared test, or Fisher's where an expected count is under 5.

    counts: columns k_1, n_1, k_2, n_2. Returns them with share_1, lower_1, upper_1, share_2, lower_2, upper_2
    (fractions, Wilson 95%), tested, test, p (NaN where a group is empty or nobody differs) and p_adjusted (BH).
    untested: rows that define the groups; they are shown, and neither tested nor counted in the adjustment. min_group:
    a row with fewer patients on a side is not tested either (p NaN). Raises UserError for a column that is not there
    and counts that cannot be.

    >>> genes = pd.DataFrame({"k_1": [25], "n_1": [85], "k_2": [60], "n_2": [90]}, index=["TP53"])
    >>> compare_shares(genes)[["share_1", "share_2", "test"]].round(2).to_numpy().tolist()
    [[0.29, 0.67, 'chi-squared']]
    """
    for name in COUNTS:
        _check_column(counts, name)
    rows = []
    for name, *values in counts[COUNTS].itertuples():
        for side in (values[:2], values[2:]):
            _check_counts(*side, f"row {name}: ")
        k_1, n_1, k_2, n_2 = map(int, values)
        row = {"tested": name not in (untested or [])}
        for side, k, n in ((1, k_1, n_1), (2, k_2, n_2)):
            lower, upper = wilson(k, n)
            row |= {f"share_{side}": k / n if n else NAN, f"lower_{side}": lower, f"upper_{side}": upper}
        word, p = "", NAN
        if row["tested"] and min(n_1, n_2) >= max(min_group, 1) and 0 < k_1 + k_2 < n_1 + n_2:
            grid = [[k_1, n_1 - k_1], [k_2, n_2 - k_2]]
            test = independence_test(*grid)
            word, p = "Fisher" if test is fisher_exact else "chi-squared", test(*grid)
        rows.append({**row, "test": word, "p": p})
    result = pd.concat([counts, pd.DataFrame(rows, index=counts.index, columns=RESULT)], axis=1)
    return result.assign(p_adjusted=benjamini_hochberg(result["p"]))


# ---- shares by group


def shares(table: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """The share of True in each column by group, of those with a value.

    table: booleans with missing values, columns named for what they say. groups: categorical by row of the table.
    Columns: group, what, k, n, share, lower, upper (fractions, Wilson 95%). Raises UserError for flags that are no
    booleans, groups that are not categorical, and row labels that stand twice.

    >>> flags = pd.DataFrame({"TMB high": [True, False, True, None]})
    >>> shares(flags, pd.Series(pd.Categorical(["A", "A", "B", "B"])))[["group", "k", "n"]].to_numpy().tolist()
    [['A', 1, 2], ['B', 1, 1]]
    """
    check_groups(groups)
    flags = {name: boolean_flags(table[name], name=name) for name in table}
    group_of = groups.reindex(table.index)
    rows = []
    for group in groups.cat.categories:
        for what, column in flags.items():
            values = column[group_of == group].dropna()
            k, n = int(values.sum()), len(values)
            lower, upper = wilson(k, n)
            share = k / n if n else NAN
            rows.append({"group": group, "what": what, "k": k, "n": n, "share": share, "lower": lower, "upper": upper})
    return pd.DataFrame(rows)


def share_finding(table: pd.DataFrame, *, group: str, what: str) -> Finding:
    """One row of `shares` as a finding in percent; UserError where there is no such row.

    >>> table = shares(pd.DataFrame({"TMB high": [True, False]}), pd.Series(pd.Categorical(["A", "A"])))
    >>> share_finding(table, group="A", what="TMB high").value
    50.0
    """
    rows = table[(table["group"] == group) & (table["what"] == what)]
    if rows.empty:
        named = listed([f"{row.what} in {row.group}" for row in table.itertuples()])
        raise UserError(f"the table has no share of {what!r} in the group {group!r}; it has {named or 'no row'}")
    row = rows.iloc[0]
    if not row["n"]:
        return Finding(None, note=f"nobody here was tested ({what})")
    return of_share(int(row["k"]), int(row["n"]), row["lower"], row["upper"])


def share_difference(values: pd.Series, marked: pd.Series, *, what: str, min_group: int = 1) -> Finding:
    """The share of True among the marked less that among the others, as a finding in fractions.

    values, marked: booleans with missing values on one index; whoever lacks either is left out. Limits by Newcombe's
    hybrid score (`share_difference_interval`), which stay within -1 to 1 and exist where a share is 0 or 1; p by
    Fisher's exact test. A side with fewer than min_group, or with nobody, has no difference to estimate. Raises
    UserError for values that are no booleans and row labels that stand twice.

    >>> hit, arm = pd.Series([True, True, False, True] * 5), pd.Series([True, False] * 10)
    >>> round(share_difference(hit, arm, what="response").value, 2)
    -0.5
    """
    columns = {"value": boolean_flags(values, name=what), "marked": boolean_flags(marked, name=f"group of {what}")}
    both = pd.DataFrame(columns).dropna().astype(bool)
    sides = [both.loc[both["marked"] == side, "value"] for side in (True, False)]
    if min(map(len, sides)) < min_group > 1:
        return Finding(None, note=too_few_per_side(what, *map(len, sides), min_group=min_group))
    if any(side.empty for side in sides):
        return Finding(None, note=f"no {what} on a side")
    counts = [int(number) for side in sides for number in (side.sum(), len(side))]
    return difference_of_shares(*counts)


def difference_of_shares(k_1: int, n_1: int, k_2: int, n_2: int) -> Finding:
    """k_1/n_1 less k_2/n_2 as a finding in fractions: Newcombe's limits, p of Fisher's exact test.

    Raises UserError for counts that cannot be. Neither group may be empty.

    >>> finding = difference_of_shares(56, 70, 48, 80)
    >>> [round(number, 4) for number in (finding.value, finding.lower, finding.upper)]
    [0.2, 0.0524, 0.3339]
    """
    limits = {}
    for name, level in (("", 0.95), ("_90", 0.90)):
        lower, upper = share_difference_interval(k_1, n_1, k_2, n_2, level=level)
        limits |= {f"lower{name}": lower, f"upper{name}": upper}
    p = fisher_exact([k_1, n_1 - k_1], [k_2, n_2 - k_2])
    value, smallest = k_1 / n_1 - k_2 / n_2, min(n_1, n_2)
    table = TwoShares(k_1, n_1, k_2, n_2)
    return Finding(value, **limits, p=p, n=n_1 + n_2, scale="difference", smallest=smallest, rests_on=table)


def pairwise_share_differences(
    table: pd.DataFrame, groups: pd.Series, *, what: str, min_group: int = 0, only: list[str] | None = None
) -> list[Finding]:
    """The difference in a share between every pair of groups; one finding that says so where nobody was tested.

    table: booleans, of which the column `what` is compared. groups: categorical. only: the groups that are asked
    about, all where not given. Of them those count that have min_group patients or more; one finding says so where no
    two have. Raises UserError as `share_difference`, and where the table has no column `what`.

    >>> hit = pd.DataFrame({"response": [True, False, False, False]})
    >>> arms = pd.Series(pd.Categorical(["A", "A", "B", "B"]))
    >>> [finding.value for finding in pairwise_share_differences(hit, arms, what="response")]
    [0.5]
    """
    _check_column(table, what)
    check_groups(groups)
    values = table[what]
    if values.notna().sum() == 0:
        return [Finding(None, note=f"nobody here was tested ({what})")]
    asked = only or list(groups.cat.categories)
    sizes = groups.astype(str).value_counts().to_dict()
    names = [name for name in asked if sizes.get(name, 0) >= min_group]
    if len(names) < 2:
        return [too_few_patients(asked, sizes, min_group=min_group)]
    findings = []
    for first, second in itertools.combinations(names, 2):
        marked = groups.reindex(values.index).astype(object).map({first: True, second: False}).astype("boolean")
        findings.append(share_difference(values, marked, what=what, min_group=min_group))
    return findings
