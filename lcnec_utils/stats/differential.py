"""Genes of two groups of tumours, or of pairs, compared at once: Kolmogorov–Smirnov, Wilcoxon, limma's moderated t.

Values are log2 expression, tumours × genes, as DataFrames (or arrays, whose genes are then numbered). scipy computes
where it takes many genes at a time. Own code stands where it does not: the Kolmogorov–Smirnov test, which scipy can
only loop (its p depends on the distance alone, so the distances of all genes go through one recursion), R's choice
between exact and normal p gene by gene, and limma's eBayes, which no library here has.
"""

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import special, stats

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.stats.proportions import benjamini_hochberg, boolean_flags

NAN = float("nan")
# ks_2samp's method="auto" is exact up to this many in the larger group
MOST_EXACT = 10_000
# wilcox.test is exact below this many in both groups, for a gene without ties
LEAST_NORMAL = 50
# numbers held at a time: about 30 MB per array, and small enough for a processor's cache to be of use
BLOCK = 4_000_000
# test → column of its adjusted p in the table of compare_genes
TESTS = {"ks": "ks_p_adjusted", "wilcoxon": "wilcoxon_p_adjusted", "moderated_t": "moderated_p_adjusted"}

Values = pd.DataFrame | np.ndarray


def finite_values(log2: pd.DataFrame) -> np.ndarray:
    """Expression as an array in double precision, tumours × genes.

    log2: tumours × genes. Raises UserError with gene and tumour for the first value that is no finite number.

    >>> finite_values(pd.DataFrame({"FGL1": [1, 2], "RB1": [0, 4]}, index=["T1", "T2"])).tolist()
    [[1.0, 0.0], [2.0, 4.0]]
    """
    try:
        values = log2.to_numpy(float)
    except (TypeError, ValueError):
        values = log2.apply(pd.to_numeric, errors="coerce").to_numpy(float, na_value=NAN)
    if not (finite := np.isfinite(values)).all():
        row, column = np.argwhere(~finite)[0]
        where = f"gene {log2.columns[column]}, tumour {log2.index[row]}"
        raise UserError(
            f"log2 expression: {where}: '{log2.iat[row, column]}' is no finite number; "
            "correct it, or leave out that gene or that tumour"
        )
    return values


def _two_groups(one: Values, other: Values) -> tuple[np.ndarray, np.ndarray, pd.Index]:
    """Both groups as genes × tumours in double precision, and the genes. Raises as finite_values, and where the groups
    do not have the same genes or one has no tumour."""
    one, other = (pd.DataFrame(group) for group in (one, other))
    if not one.columns.equals(other.columns):
        raise UserError("the two groups do not have the same genes in the same order; take both from one table")
    if not len(one) or not len(other):
        raise MissingData("a group without tumours cannot be compared")
    arrays = (np.ascontiguousarray(finite_values(group).T) for group in (one, other))
    return *arrays, one.columns.rename("gene")


def _blocks(one: np.ndarray, other: np.ndarray) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """The genes some at a time, both groups beside each other (genes × tumours), and so sorted."""
    size = max(1, BLOCK // (one.shape[1] + other.shape[1]))
    for start in range(0, len(one), size):
        part = slice(start, start + size)
        both = np.hstack([one[part], other[part]])
        yield part, both, np.argsort(both, axis=1)


def _outside(distances: np.ndarray, few: int, many: int) -> np.ndarray:
    """P(D ≥ distance) of two samples of one distribution without ties, for many distances in one recursion.

    distances: D in units of 1 / lcm(few, many). Hodges 1958: all orders of the pooled sample are as likely, each is a
    path from (0, 0) to (few, many), and out is the share of paths to (i, j) that have left the band by then. Sums of
    positive terms only, so that a small p keeps its digits.
    """
    step, rise = many // math.gcd(few, many), few // math.gcd(few, many)
    out = np.zeros((few + 1, len(distances)))
    out[0] = distances <= 0
    for taken in range(1, few + many + 1):
        first, last = max(0, taken - many), min(few, taken)
        i = np.arange(first, last + 1)
        at = out[first : last + 1] * ((taken - i) / taken)[:, None]
        from_left = slice(max(first, 1) - 1, last)
        at[max(first, 1) - first :] += out[from_left] * (i[i > 0] / taken)[:, None]
        at[np.abs(i * step - (taken - i) * rise)[:, None] >= distances] = 1
        out[first : last + 1] = at
    return out[few]


def kolmogorov_smirnov(one: Values, other: Values) -> pd.DataFrame:
    """The two-sided two-sample Kolmogorov–Smirnov test of each gene: statistic and p, one row per gene.

    one, other: tumours × genes, the same genes. As scipy.stats.ks_2samp: p is exact up to 10,000 tumours in the larger
    group and Smirnov's asymptotic one beyond, and takes no account of ties (R ≥ 4.2 does: its exact p is smaller
    there). A gene without variation has p = 1. Raises UserError for a value that is no finite number and for groups
    with other genes, MissingData for a group without tumours.

    >>> one, other = pd.DataFrame({"FGL1": [5.0, 6, 7, 8]}), pd.DataFrame({"FGL1": [1.0, 2, 3]})
    >>> kolmogorov_smirnov(one, other).round(4).to_dict("index")
    {'FGL1': {'statistic': 1.0, 'p': 0.0571}}
    """
    one, other, genes = _two_groups(one, other)
    few, many = sorted([one.shape[1], other.shape[1]])
    units = math.lcm(few, many)
    # whole numbers, so that equal distances are equal: up for a tumour of one group, down for one of the other
    up, down = units // one.shape[1], units // other.shape[1]
    distances = np.zeros(len(genes), dtype=np.int64)
    for part, both, order in _blocks(one, other):
        walk = np.cumsum(np.where(order < one.shape[1], up, -down), axis=1)
        values = np.take_along_axis(both, order, axis=1)
        # tumours of one value are passed together
        walk[:, :-1][values[:, 1:] == values[:, :-1]] = 0
        distances[part] = np.abs(walk).max(axis=1)
    distinct, which = np.unique(distances, return_inverse=True)
    if many > MOST_EXACT:
        p = stats.kstwo.sf(distinct / units, np.round(few * many / (few + many)))
    else:
        size = max(1, BLOCK // 16 // (few + 1))
        parts = [_outside(distinct[i : i + size], few, many) for i in range(0, len(distinct), size)]
        p = np.concatenate([*parts, np.empty(0)])
    return pd.DataFrame({"statistic": distances / units, "p": np.clip(p, 0, 1)[which]}, index=genes)


def wilcoxon(one: Values, other: Values) -> pd.DataFrame:
    """The two-sided Wilcoxon rank-sum test of each gene: statistic (R's W, of `one`) and p, one row per gene.

    one, other: tumours × genes, the same genes. As R's wilcox.test: p is exact where both groups have under 50 tumours
    and the gene no ties, else by the normal approximation with the corrections for ties and continuity. A gene without
    variation has none (NaN). Raises as kolmogorov_smirnov.

    >>> one, other = pd.DataFrame({"FGL1": [5.0, 6, 7, 8]}), pd.DataFrame({"FGL1": [1.0, 2, 3]})
    >>> wilcoxon(one, other).round(4).to_dict("index")
    {'FGL1': {'statistic': 12.0, 'p': 0.0571}}
    """
    one, other, genes = _two_groups(one, other)
    n, m = one.shape[1], other.shape[1]
    results = np.full((2, len(genes)), NAN)
    for part, both, order in _blocks(one, other):
        values = np.take_along_axis(both, order, axis=1)
        tied = (values[:, 1:] == values[:, :-1]).any(axis=1)
        exact = ~tied & (max(n, m) < LEAST_NORMAL)
        for method, rows in (("exact", exact), ("asymptotic", ~exact)):
            if rows.any():
                test = stats.mannwhitneyu(both[rows, :n], both[rows, n:], axis=1, method=method)
                results[:, np.arange(len(genes))[part][rows]] = test.statistic, test.pvalue
        # scipy gives p = 1 where its z is −0.5 / 0
        results[1, part][values[:, 0] == values[:, -1]] = NAN
    return pd.DataFrame({"statistic": results[0], "p": results[1]}, index=genes)


def trigamma_inverse(x: float) -> float:
    """The y > 0 whose trigamma is x > 0, by Newton's method on 1 / trigamma, as limma's trigammaInverse.

    >>> round(trigamma_inverse(float(special.polygamma(1, 3.0))), 9)
    3.0
    """
    if x > 1e7:
        return 1 / math.sqrt(x)
    if x < 1e-6:
        return 1 / x
    y = 0.5 + 1 / x
    for _ in range(50):  # it converges from below in a handful of steps
        trigamma = special.polygamma(1, y)
        change = trigamma * (1 - trigamma / x) / special.polygamma(2, y)
        y += change
        if -change / y < 1e-8:
            break
    return float(y)


def _prior(variances: np.ndarray, df: int) -> tuple[float, float]:
    """The variance and degrees of freedom of the prior that fits these residual variances: limma's fitFDist."""
    if len(variances) < 2:
        return float(variances.sum()), 0.0
    middle = float(np.median(variances)) or 1.0  # more than half are zero: limma warns, and puts 1
    variances = np.maximum(variances, 1e-5 * middle)
    e = np.log(variances) - special.digamma(df / 2) + math.log(df / 2)
    spread = e.var(ddof=1) - special.polygamma(1, df / 2)
    if spread <= 0:
        return float(variances.mean()), math.inf
    prior_df = 2 * trigamma_inverse(spread)
    return float(np.exp(e.mean() + special.digamma(prior_df / 2) - math.log(prior_df / 2))), prior_df


def moderated_t(one: Values, other: Values) -> pd.DataFrame:
    """limma's moderated t of each gene in a two-group design; one row per gene.

    one, other: tumours × genes, the same genes. Columns: mean_log2_difference (limma's logFC, `one` less `other`), t,
    p, df_total, and of all genes together s2_prior and df_prior, which may be infinite.

    Smyth 2004 (doi 10.2202/1544-6115.1027), as eBayes(lmFit(…)) with trend=FALSE and robust=FALSE. Genes without
    variation take part in the prior, as in limma, which advises to leave them out first. Raises as kolmogorov_smirnov,
    and MissingData where the groups have fewer than three tumours in all.

    >>> one = pd.DataFrame({"FGL1": [5.0, 6, 7, 8], "RB1": [2.0, 4, 3, 3]})
    >>> other = pd.DataFrame({"FGL1": [1.0, 2, 3], "RB1": [3.0, 2, 4]})
    >>> moderated_t(one, other)["t"].round(3).to_dict()
    {'FGL1': 5.618, 'RB1': 0.0}
    """
    one, other, genes = _two_groups(one, other)
    df = one.shape[1] + other.shape[1] - 2
    if df < 1:
        raise MissingData("one tumour against one: a t test needs three")
    squares = np.zeros(len(genes))
    for group in (one, other):
        # the rounding of a mean is no variation
        varies = group.max(axis=1) > group.min(axis=1)
        squares[varies] += group[varies].var(axis=1) * group.shape[1]
    variances = squares / df
    s2_prior, df_prior = _prior(variances, df)
    if math.isinf(df_prior):
        posterior = np.full(len(genes), s2_prior)
    else:
        posterior = (df * variances + df_prior * s2_prior) / (df + df_prior)
    difference = one.mean(axis=1) - other.mean(axis=1)
    # a single gene is its own prior, and without variation has none
    with np.errstate(divide="ignore", invalid="ignore"):
        t = difference / np.sqrt(posterior * (1 / one.shape[1] + 1 / other.shape[1]))
    df_total = min(df + df_prior, df * len(genes))
    columns = {"mean_log2_difference": difference, "t": t, "p": 2 * stats.t.sf(np.abs(t), df_total)}
    return pd.DataFrame({**columns, "df_total": df_total, "s2_prior": s2_prior, "df_prior": df_prior}, index=genes)


def bootstrap_moderated_t(one: Values, other: Values, *, resamples: int, seed: int) -> np.ndarray:
    """The moderated t of each gene in cohorts drawn from this one, tumours with replacement within each group.

    one, other: tumours × genes, the same genes. Returns resamples × genes, the genes in the order of the columns, by
    the formula of `moderated_t` with a prior of each resample's own; genes without variation in the cohort are not to
    be given. Raises as moderated_t, and UserError for fewer than one resample.

    >>> one, other = pd.DataFrame({"A": [5.0, 6, 8], "B": [2.0, 4, 3]}), pd.DataFrame({"A": [1.0, 2], "B": [3, 2]})
    >>> bootstrap_moderated_t(one, other, resamples=50, seed=1).shape
    (50, 2)
    """
    one, other, _ = _two_groups(one, other)
    df = one.shape[1] + other.shape[1] - 2
    if df < 1:
        raise MissingData("one tumour against one: a t test needs three")
    if resamples < 1:
        raise UserError(f"{resamples} resamples: give one or more, such as 200")
    rng = np.random.default_rng(seed)
    means, squares = [], 0.0
    for group in (one, other):
        n, middle = group.shape[1], group.mean(axis=1, keepdims=True)
        centred = (group - middle).T  # so that sums of squares keep their digits
        drawn = rng.multinomial(n, np.full(n, 1 / n), resamples).astype(float)
        shift = drawn @ centred / n
        means.append(shift + middle.T)
        squares = squares + np.maximum(drawn @ centred**2 - n * shift**2, 0)
    variances = squares / df
    error = 1 / one.shape[1] + 1 / other.shape[1]
    for row, own in enumerate(variances):
        s2_prior, df_prior = _prior(own, df)
        variances[row] = s2_prior if math.isinf(df_prior) else (df * own + df_prior * s2_prior) / (df + df_prior)
    return (means[0] - means[1]) / np.sqrt(variances * error)


def _aligned(one: Values, other: Values) -> tuple[np.ndarray, pd.Index]:
    """The differences of pairs, pairs × genes, and the genes. Raises as `_two_groups`, and where rows do not pair."""
    one, other = (pd.DataFrame(side) for side in (one, other))
    if not one.index.equals(other.index):
        raise UserError("the two sides do not have the same pairs in the same order; give one row per pair in both")
    left, right, genes = _two_groups(one, other)
    return (left - right).T, genes


def _paired_design(pairs: int, covariates: pd.DataFrame | None, index: pd.Index) -> np.ndarray:
    """The design of pairs: a column of ones, and the covariates. Raises UserError where these do not fit the pairs."""
    if covariates is None:
        return np.ones((pairs, 1))
    if not covariates.index.equals(index):
        raise UserError("covariates: they do not have the pairs' rows in the same order; give one row per pair")
    design = np.column_stack([np.ones(pairs), finite_values(covariates)])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise MissingData(f"covariates {', '.join(map(str, covariates))}: they cannot be told apart in {pairs} pairs")
    return design


def _fitted_intercepts(differences: np.ndarray, design: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """The intercept of each gene, its residual variance, and the intercept's unscaled standard error."""
    basis, upper = np.linalg.qr(design)
    fitted = basis.T @ differences
    squares = np.maximum((differences**2).sum(axis=0) - (fitted**2).sum(axis=0), 0.0)
    # the rounding of what is constant is no variation
    squares[np.ptp(differences, axis=0) == 0] = 0.0
    inverse = np.linalg.inv(upper)
    return inverse[0] @ fitted, squares / (len(design) - design.shape[1]), float(np.sqrt((inverse[0] ** 2).sum()))


def moderated_paired_t(one: Values, other: Values, covariates: pd.DataFrame | None = None) -> pd.DataFrame:
    """limma's moderated t of each gene in a paired design; one row per gene.

    one, other: pairs × genes, the same pairs and genes in the same order. covariates: pairs × what differs within a
    pair (one less other, as a difference of purity); the difference of a gene is then that of a pair without any such
    difference. Columns: mean_log2_difference (`one` less `other`), se, its moderated limits (lower, upper of 95%,
    lower_90, upper_90), t, p, df_total, and of all genes together s2_prior and df_prior, which may be infinite.

    Smyth 2004 (doi 10.2202/1544-6115.1027), as eBayes(lmFit(…)) of the differences, or of all samples with a
    coefficient for each pair: both give one t. Raises UserError for values that are no finite numbers, rows that do not
    pair and genes that differ; MissingData where the pairs are too few for the covariates.

    >>> one = pd.DataFrame({"CD8A": [5.0, 6, 7, 8], "RB1": [2.0, 4, 3, 3]})
    >>> other = pd.DataFrame({"CD8A": [4.0, 4, 6, 5], "RB1": [3.0, 2, 4, 3]})
    >>> moderated_paired_t(one, other)["mean_log2_difference"].to_dict()
    {'CD8A': 1.75, 'RB1': 0.0}
    """
    differences, genes = _aligned(one, other)
    design = _paired_design(len(differences), covariates, pd.DataFrame(one).index)
    df = len(design) - design.shape[1]
    if df < 1:
        terms = design.shape[1] - 1
        raise MissingData(f"{len(design)} pairs are too few for a paired t test with {terms} covariates")
    value, variances, unscaled = _fitted_intercepts(differences, design)
    s2_prior, df_prior = _prior(variances, df)
    if math.isinf(df_prior):
        posterior = np.full(len(genes), s2_prior)
    else:
        posterior = (df * variances + df_prior * s2_prior) / (df + df_prior)
    se = np.sqrt(posterior) * unscaled
    df_total = min(df + df_prior, df * len(genes))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = value / se
    columns = {"mean_log2_difference": value, "se": se, "t": t, "p": 2 * stats.t.sf(np.abs(t), df_total)}
    for level, tail in ((0.95, ""), (0.90, "_90")):
        half = stats.t.ppf(0.5 + level / 2, df_total) * se
        columns |= {f"lower{tail}": value - half, f"upper{tail}": value + half}
    return pd.DataFrame({**columns, "df_total": df_total, "s2_prior": s2_prior, "df_prior": df_prior}, index=genes)


def bootstrap_moderated_paired_t(
    one: Values, other: Values, covariates: pd.DataFrame | None = None, *, resamples: int, seed: int
) -> np.ndarray:
    """The moderated paired t of each gene in cohorts of pairs drawn from these with replacement; resamples × genes.

    As `moderated_paired_t`, whose arguments it takes, with a prior of each resample's own. A resample whose covariates
    cannot be told apart is drawn again. Raises as `moderated_paired_t`.

    >>> rng = np.random.default_rng(1)
    >>> one, other = (pd.DataFrame(rng.normal(6, 1, (12, 5))) for _ in range(2))
    >>> bootstrap_moderated_paired_t(one, other, resamples=3, seed=1).shape
    (3, 5)
    """
    differences, _ = _aligned(one, other)
    design = _paired_design(len(differences), covariates, pd.DataFrame(one).index)
    pairs, df = len(design), len(design) - design.shape[1]
    if df < 1:
        raise MissingData(f"{pairs} pairs are too few for a paired t test with {design.shape[1] - 1} covariates")
    rng = np.random.default_rng(seed)
    statistics = np.empty((resamples, differences.shape[1]))
    for row in range(resamples):
        drawn = rng.integers(0, pairs, pairs)
        # more distinct pairs than terms, or nothing is left to vary
        while len(np.unique(drawn)) <= design.shape[1] or np.linalg.matrix_rank(design[drawn]) < design.shape[1]:
            drawn = rng.integers(0, pairs, pairs)
        value, variances, unscaled = _fitted_intercepts(differences[drawn], design[drawn])
        s2_prior, df_prior = _prior(variances, df)
        posterior = s2_prior if math.isinf(df_prior) else (df * variances + df_prior * s2_prior) / (df + df_prior)
        statistics[row] = value / (np.sqrt(posterior) * unscaled)
    return statistics


def compare_genes(log2: pd.DataFrame, marked: pd.Series) -> pd.DataFrame:
    """Every gene compared between the marked tumours (1) and the others (2), by three tests; one row per gene.

    log2: log2(TPM + 1), tumours × genes. marked: booleans by tumour; tumours without one are left out and counted in
    `attrs["dropped"]`.

    Columns: n_1, n_2; median_1, median_2, mean_1, mean_2 (log2); log2_fold_change, the log2 of
    the ratio of the groups' mean TPM + 1, means taken of the linear values (a tenfold change is 3.32; |log10 fold
    change| ≥ 0.5 is |log2| ≥ 1.66); mean_log2_difference, mean_1 − mean_2, the log2 ratio of geometric means and
    limma's logFC; ks_statistic, ks_p, wilcoxon_p, moderated_t, moderated_p, each p with its _adjusted
    (Benjamini–Hochberg over the genes that vary). A gene without variation has NaN for every test, and does not count
    as one, nor for the moderated t's prior.

    Raises UserError where a value is no finite number, a gene or tumour stands twice, a mark is no boolean, or no mark
    belongs to a tumour of the table; MissingData where a side has fewer than two tumours.

    >>> log2 = pd.DataFrame({"FGL1": [5.0, 6, 7, 1, 2, 3], "RB1": [2.0, 4, 3, 3, 2, 4]}, index=list("abcdef"))
    >>> table = compare_genes(log2, pd.Series([True] * 3 + [False] * 3, index=list("abcdef")))
    >>> table[["n_1", "n_2", "mean_log2_difference", "wilcoxon_p"]].round(3).loc["FGL1"].to_dict()
    {'n_1': 3.0, 'n_2': 3.0, 'mean_log2_difference': 4.0, 'wilcoxon_p': 0.1}
    """
    known = _marks(log2, marked)
    sides = [log2[(known == side).fillna(False).to_numpy(bool)] for side in (True, False)]
    if min(map(len, sides)) < 2:
        raise MissingData(f"{len(sides[0])} marked and {len(sides[1])} other tumours: a comparison needs two of each")
    one, other, genes = _two_groups(*sides)
    table = pd.DataFrame({"n_1": len(sides[0]), "n_2": len(sides[1])}, index=genes)
    for name, average in (("median", np.median), ("mean", np.mean)):
        table[f"{name}_1"], table[f"{name}_2"] = average(one, axis=1), average(other, axis=1)
    table["log2_fold_change"] = np.log2(np.exp2(one).mean(axis=1) / np.exp2(other).mean(axis=1))
    table["mean_log2_difference"] = table["mean_1"] - table["mean_2"]
    varies = np.maximum(one.max(axis=1), other.max(axis=1)) > np.minimum(one.min(axis=1), other.min(axis=1))
    sides = [pd.DataFrame(side[varies].T, columns=genes[varies]) for side in (one, other)]
    ks, ranks, t = (test(*sides) for test in (kolmogorov_smirnov, wilcoxon, moderated_t))
    tests = {"ks_statistic": ks["statistic"], "ks_p": ks["p"], "wilcoxon_p": ranks["p"]}
    for name, values in {**tests, "moderated_t": t["t"], "moderated_p": t["p"]}.items():
        table[name] = values.reindex(genes)
        if name.endswith("_p"):
            table[f"{name}_adjusted"] = benjamini_hochberg(table[name])
    table.attrs = {"dropped": int(known.isna().sum())}
    return table


def _marks(log2: pd.DataFrame, marked: pd.Series) -> pd.Series:
    """The mark of each tumour of log2, missing where it has none; refuses what stands twice and what is no mark."""
    for axis, what in ((log2.columns, "gene"), (log2.index, "tumour"), (marked.index, "marked tumour")):
        if axis.has_duplicates:
            raise UserError(f"log2 expression: {what} {axis[axis.duplicated()][0]} is there twice; keep one")
    flags = boolean_flags(marked, name="marked")
    if len(marked) and not marked.index.isin(log2.index).any():
        raise UserError(
            f"marked: tumour {marked.index[0]} and all others are not in the expression table; "
            "give marks under the tumours' names in that table"
        )
    return flags.reindex(log2.index)


def discordant_genes(table: pd.DataFrame, *, level: float = 0.05) -> pd.DataFrame:
    """The genes of `compare_genes` that one test calls different at this false discovery rate and another does not.

    Columns: ks, wilcoxon, moderated_t (whether its adjusted p is below the level), mean_log2_difference, and the three
    adjusted p; the smallest of them first. Genes without a test are left out. Raises UserError where the table lacks a
    column, or the level is not between 0 and 1.

    >>> columns = ["mean_log2_difference", "ks_p_adjusted", "wilcoxon_p_adjusted", "moderated_p_adjusted"]
    >>> rows = {"FGL1": [3.2, 0.01, 0.01, 0.01], "RB1": [0.4, 0.02, 0.3, 0.4]}
    >>> discordant_genes(pd.DataFrame.from_dict(rows, orient="index", columns=columns))[list(TESTS)]
           ks  wilcoxon  moderated_t
    RB1  True     False        False
    """
    wanted = ["mean_log2_difference", *TESTS.values()]
    if lacking := [column for column in wanted if column not in table]:
        raise UserError(f"table of genes: column {lacking[0]} is missing; give the table of compare_genes")
    if not 0 < level < 1:
        raise UserError(f"level {level}: a false discovery rate lies between 0 and 1; give one such as 0.05")
    tested = table[table[list(TESTS.values())].notna().all(axis=1)]
    differs = pd.DataFrame({name: tested[column] < level for name, column in TESTS.items()}, index=tested.index)
    discordant = differs.join(tested[wanted])[differs.any(axis=1) & ~differs.all(axis=1)]
    return discordant.loc[discordant[list(TESTS.values())].min(axis=1).sort_values(kind="stable").index]
