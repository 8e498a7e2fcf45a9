"""Estimates of several studies summarised by a random-effects model, and what their heterogeneity is.

Between-study variance by Paule & Mandel (1982), limits by Hartung & Knapp (2001). Studies are taken to be independent:
that no patient stands in two of them is for the caller to see to.
"""

import dataclasses

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils.core.errors import UserError

COLUMNS = ["study", "estimate", "standard_error"]
LEAST_STUDIES, LEAST_SUMMARISED = 2, 3
NAN = float("nan")
CONVERGED = 1e-7, 1e-5  # of Cochran's Q at the between-study variance, against its degrees of freedom: tried in turn
SOLVED = 1e-5  # of the degrees of freedom
MOST_ROUNDS = 500


@dataclasses.dataclass(frozen=True)
class RandomEffects:
    """The random-effects summary of k studies, on the scale of their estimates.

    estimate, with limits lower and upper at `level`. standard_error: Hartung and Knapp's. tau_squared: the variance of
    the true effects between studies. q, q_p: Cochran's Q with its p value on k − 1 degrees of freedom. i_squared: the
    share of the studies' variation that is not chance, 0 to 1, from Q. prediction_lower, prediction_upper: where the
    true effect of a further study is expected; missing for fewer than three studies. weights: by study, summing to 1.
    """

    k: int
    estimate: float
    standard_error: float
    lower: float
    upper: float
    tau_squared: float
    i_squared: float
    q: float
    q_p: float
    prediction_lower: float
    prediction_upper: float
    weights: pd.Series
    level: float

    @property
    def is_summary(self) -> bool:
        """Whether there are studies enough (three) for the estimate to be shown as a summary of them. Of two, the
        between-study variance rests on one difference, and the limits (t on one degree of freedom) say little."""
        return self.k >= LEAST_SUMMARISED

    def ratio(self) -> dict[str, float]:
        """Estimate, limits and prediction interval of studies on a log scale, as ratios: estimate, lower, upper,
        prediction_lower, prediction_upper."""
        names = ["estimate", "lower", "upper", "prediction_lower", "prediction_upper"]
        return {name: float(np.exp(getattr(self, name))) for name in names}


def standard_error(lower: float, upper: float, *, ratio: bool, level: float = 0.95) -> float:
    """The standard error that an interval of the normal kind stands for: its width over twice the normal quantile.

    ratio: the limits are of a ratio (hazard, odds, risk), and the standard error is of its natural log. An interval
    that is not of the normal kind (exact, profile, bootstrap) gives an approximation.

    Raises UserError where the limits are not finite, in the wrong order or equal, or not above 0 for a ratio.

    >>> round(standard_error(1.04, 1.99, ratio=True), 4)  # of the log of a hazard ratio
    0.1655
    """
    _check_level(level)
    if not (np.isfinite(lower) and np.isfinite(upper)) or lower >= upper:
        raise UserError(f"limits {lower} and {upper} are no interval; give the lower limit first, both finite")
    if ratio and lower <= 0:
        raise UserError(f"lower limit {lower} of a ratio is not above 0; give limits of the ratio, not of its log")
    ends = np.log([lower, upper]) if ratio else np.array([lower, upper], float)
    return float((ends[1] - ends[0]) / (2 * stats.norm.isf((1 - level) / 2)))


def random_effects(studies: pd.DataFrame, *, level: float = 0.95) -> RandomEffects:
    """The random-effects summary of independent studies.

    studies: one row per study, columns study (its name, once), estimate (on a scale where errors are normal: the log of
    a ratio, a difference) and standard_error. level: of the limits and of the prediction interval.

    Between-study variance: Paule & Mandel (J Res Natl Bur Stand 1982), by statsmodels' `combine_effects`. Limits:
    Hartung & Knapp (Stat Med 2001), t on k − 1 degrees of freedom; where the studies differ less than chance makes them
    differ, their factor is below 1 and is set to 1, so that limits are never narrower than chance allows (Röver et al.,
    BMC Med Res Methodol 2015; "adhoc" of the R package metafor). Prediction interval: t on k − 2 degrees of freedom
    (Higgins et al., J R Stat Soc A 2009).

    Raises UserError for fewer than two studies, a name that is missing or stands twice, an estimate that is no finite
    number, and a standard error that is not above 0.

    >>> trials = pd.DataFrame({"study": ["A", "B", "C", "D"], "estimate": [0.1, 0.3, 0.35, 0.9],
    ...                        "standard_error": [0.12, 0.2, 0.15, 0.3]})
    >>> summary = random_effects(trials)
    >>> round(summary.estimate, 3), round(summary.lower, 3), round(summary.upper, 3), round(summary.tau_squared, 3)
    (0.343, -0.134, 0.82, 0.055)
    """
    from statsmodels.stats.meta_analysis import combine_effects

    _check_level(level)
    _check_studies(studies)
    names = studies["study"].astype(str).to_list()
    effects, variances = studies["estimate"].to_numpy(float), studies["standard_error"].to_numpy(float) ** 2
    k = len(studies)
    for tolerance in CONVERGED:
        with np.errstate(divide="ignore", invalid="ignore"):  # of its I², which is not taken, where studies are equal
            fit = combine_effects(
                effects, variances, method_re="pm", row_names=names, atol=tolerance, maxiter=MOST_ROUNDS
            )
        tau_squared, gap = float(fit.tau2), _gap(effects, variances, float(fit.tau2))
        if gap <= SOLVED * (k - 1):
            break
    else:
        raise UserError(
            f"the between-study variance of {k} studies was not found; check for a standard error that is far too small"
        )
    mean, error = float(fit.mean_effect_re), float(fit.sd_eff_w_re * np.sqrt(max(1.0, fit.scale_hksj_re)))
    half = stats.t.isf((1 - level) / 2, k - 1) * error
    beyond = stats.t.isf((1 - level) / 2, k - 2) * np.sqrt(tau_squared + error**2) if k > 2 else NAN
    q = float(fit.q)
    return RandomEffects(
        k=k, estimate=mean, standard_error=error, lower=float(mean - half), upper=float(mean + half),
        tau_squared=tau_squared, i_squared=max(0.0, 1 - (k - 1) / q) if q > 0 else 0.0, q=q,
        q_p=float(stats.chi2.sf(q, k - 1)), prediction_lower=float(mean - beyond),
        prediction_upper=float(mean + beyond), weights=pd.Series(fit.weights_rel_re, names, name="weight"), level=level,
    )  # fmt: skip


def _gap(effects: np.ndarray, variances: np.ndarray, tau_squared: float) -> float:
    """How far Cochran's Q is from k − 1 at a between-study variance; 0 where it is below that without any.

    statsmodels gives a variance of 0 without a word where rounding takes its search past the root.
    """
    weights = 1 / (variances + tau_squared)
    q = weights @ (effects - weights @ effects / weights.sum()) ** 2
    return 0.0 if tau_squared == 0 and q <= len(effects) - 1 else abs(float(q) - (len(effects) - 1))


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise UserError(f"level is {level}; a confidence level is between 0 and 1, such as 0.95")


def _check_studies(studies: pd.DataFrame) -> None:
    for name in COLUMNS:
        if name not in studies:
            raise UserError(f"the table of studies has no column {name!r}; it needs {', '.join(COLUMNS)}")
    if len(studies) < LEAST_STUDIES:
        raise UserError(f"{len(studies)} studies are too few to be summarised; give {LEAST_STUDIES} at least")
    names = studies["study"]
    for place, missing in enumerate(names.isna() | (names.astype(str).str.strip() == "")):
        if missing:
            raise UserError(f"study, row {place + 1}: has no name; name each study")
    again = names[names.astype(str).duplicated()]
    if len(again):
        raise UserError(f"study {again.iloc[0]!r} stands twice; keep one row per study, its patients once")
    for column, lowest, remedy in (
        ("estimate", -np.inf, "leave the study out, and say so"),
        (
            "standard_error",
            0,
            "give the standard error on the scale of the estimate, or leave the study out and say so",
        ),
    ):
        values = pd.to_numeric(studies[column], errors="coerce")
        wrong = ~np.isfinite(values) | (values <= lowest)
        if wrong.any():
            place = int(np.flatnonzero(wrong)[0])
            what = "a finite number" if lowest < 0 else "a finite number above 0"
            raise UserError(
                f"{column} of study {names.iloc[place]!r} is '{studies[column].iloc[place]}', not {what}; {remedy}"
            )
