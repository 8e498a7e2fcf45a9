"""Two tests of the same patients side by side: percent agreement and Cohen's kappa of yes or no, limits of agreement of
measurements."""

import dataclasses
import itertools
import math

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils.core.errors import UserError
from lcnec_utils.stats.proportions import NAN, boolean_flags, check_index, wilson

LEAST_PAIRS = 3  # of which a spread of differences can be had with its own limits


def cohens_kappa(both: int, first_only: int, second_only: int, neither: int) -> tuple[float, float, float]:
    """Cohen's kappa of a 2 × 2 table with its 95% limits: 0 for the agreement of chance, 1 for full agreement.

    NaN three times where either test is always positive or always negative, for then chance agrees as well; a limit
    beyond -1 or 1 is given as that. Source:
    J. Cohen, Educ. Psychol. Meas. 1960;20:37; limits by the large-sample variance of Fleiss, Cohen and Everitt,
    Psychol. Bull. 1969;72:323.

    >>> [round(value, 3) for value in cohens_kappa(20, 5, 10, 15)]
    [0.4, 0.151, 0.649]
    """
    from statsmodels.stats.inter_rater import cohens_kappa as kappa_of

    margins = both + first_only, second_only + neither, both + second_only, first_only + neither
    if not all(margins):
        return NAN, NAN, NAN
    result = kappa_of([[both, first_only], [second_only, neither]])
    return float(result.kappa), max(float(result.kappa_low), -1.0), min(float(result.kappa_upp), 1.0)


def pairwise_agreement(results: pd.DataFrame) -> pd.DataFrame:
    """How every two tests agree on the patients who had both, one row per pair of tests.

    results: patients × tests, booleans with missing values; columns named for the tests. Columns: first, second, n,
    both, first_only, second_only, neither (positive by which test), agreement with lower and upper (fractions, Wilson
    95%), kappa with kappa_lower and kappa_upper (`cohens_kappa`). Raises UserError for results that are no booleans
    and row labels that stand twice.

    >>> tests = pd.DataFrame({"stain": [True, True, False, None], "sequencing": [True, False, False, True]})
    >>> pairwise_agreement(tests)[["n", "both", "first_only", "second_only", "neither", "agreement"]].values.tolist()
    [[3.0, 1.0, 1.0, 0.0, 1.0, 0.6666666666666666]]
    """
    flags = {name: boolean_flags(results[name], name=name) for name in results}
    rows = []
    for first, second in itertools.combinations(flags, 2):
        pair = pd.DataFrame({"first": flags[first], "second": flags[second]}).dropna().astype(bool)
        counts = {
            "both": int((pair["first"] & pair["second"]).sum()),
            "first_only": int((pair["first"] & ~pair["second"]).sum()),
            "second_only": int((~pair["first"] & pair["second"]).sum()),
            "neither": int((~pair["first"] & ~pair["second"]).sum()),
        }
        n, agreed = len(pair), counts["both"] + counts["neither"]
        lower, upper = wilson(agreed, n)
        kappa, kappa_lower, kappa_upper = cohens_kappa(**counts)
        rows.append(
            {"first": first, "second": second, "n": n, **counts, "agreement": agreed / n if n else NAN, "lower": lower,
             "upper": upper, "kappa": kappa, "kappa_lower": kappa_lower, "kappa_upper": kappa_upper}
        )  # fmt: skip
    return pd.DataFrame(rows)


@dataclasses.dataclass(frozen=True)
class Limits:
    """How far one measurement lies from another of the same samples: n pairs, bias (the mean difference, first less
    second), sd of the differences, the limits of agreement (lower, upper), and 95% limits of bias and of either limit.

    ratio: everything is of logarithms and given as a ratio, first over second. left_out: pairs with a value that has no
    logarithm.
    """

    n: int
    bias: float
    bias_limits: tuple[float, float]
    sd: float
    lower: float
    lower_limits: tuple[float, float]
    upper: float
    upper_limits: tuple[float, float]
    ratio: bool
    left_out: int = 0


def limits_of_agreement(one: pd.Series, other: pd.Series, *, ratio: bool = False) -> Limits:
    """The limits within which 95% of the differences of two measurements lie: their mean ± 1.96 sd.

    one, other: numbers on one index; rows that lack either are left out. ratio: of natural logarithms, for differences
    that grow with the level; rows where either is not above 0 are left out and counted. The limits of the bias are
    Student's t, those of the limits of agreement by the standard error √(3/n)·sd, as by the authors. NaN where fewer
    than LEAST_PAIRS are left. Raises UserError for values that are no numbers and row labels that stand twice. Source:
    J. M. Bland, D. G. Altman, Lancet 1986;327:307 and Stat. Methods Med. Res. 1999;8:135.

    >>> result = limits_of_agreement(pd.Series([10.0, 12, 14, 16]), pd.Series([11.0, 11, 15, 15]))
    >>> round(result.bias, 2), round(result.lower, 2), round(result.upper, 2)
    (0.0, -2.26, 2.26)
    """
    for name, values in (("one", one), ("other", other)):
        check_index(values, f"column {name!r}")
        if not pd.api.types.is_numeric_dtype(values):
            raise UserError(f"column {name!r} is no numeric column; convert it to numbers")
    both = pd.DataFrame({"one": one, "other": other}).dropna().astype(float)
    known = both[(both > 0).all(axis=1)] if ratio else both
    left_out, n = len(both) - len(known), len(known)
    if n < LEAST_PAIRS:
        nothing = (NAN, NAN)
        return Limits(n, NAN, nothing, NAN, NAN, nothing, NAN, nothing, ratio, left_out)
    values = np.log(known) if ratio else known
    difference = values["one"] - values["other"]
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    t = float(stats.t.ppf(0.975, n - 1))
    scaled = math.exp if ratio else float

    def around(centre: float, se: float) -> tuple[float, float]:
        return scaled(centre - t * se), scaled(centre + t * se)

    low, high = bias - stats.norm.ppf(0.975) * sd, bias + stats.norm.ppf(0.975) * sd
    of_limit = math.sqrt(3 / n) * sd
    return Limits(
        n, scaled(bias), around(bias, sd / math.sqrt(n)), sd, scaled(low), around(low, of_limit), scaled(high),
        around(high, of_limit), ratio, left_out,
    )  # fmt: skip
