"""Two yes-or-no tests of the same patients side by side: counts, percent agreement, Cohen's kappa."""

import itertools

import pandas as pd

from lcnec_utils.stats.proportions import NAN, boolean_flags, wilson


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
