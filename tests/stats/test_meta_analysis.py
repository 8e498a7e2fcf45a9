"""Random-effects summaries against metafor's published figures and against a second implementation from the formulas.

Costs about two seconds, most of it the import of statsmodels.
"""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from lcnec_utils.core.errors import UserError
from lcnec_utils.stats.meta_analysis import random_effects, standard_error

# Tuberculosis after BCG vaccination and without: cases and healthy (Colditz et al., JAMA 1994; metadat's dat.bcg)
BCG = [
    ("Aronson 1948", 4, 119, 11, 128), ("Ferguson & Simes 1949", 6, 300, 29, 274),
    ("Rosenthal et al 1960", 3, 228, 11, 209), ("Hart & Sutherland 1977", 62, 13536, 248, 12619),
    ("Frimodt-Moller et al 1973", 33, 5036, 47, 5761), ("Stein & Aronson 1953", 180, 1361, 372, 1079),
    ("Vandiviere et al 1973", 8, 2537, 10, 619), ("TPT Madras 1980", 505, 87886, 499, 87892),
    ("Coetzee & Berjak 1968", 29, 7470, 45, 7232), ("Rosenthal et al 1961", 17, 1699, 65, 1600),
    ("Comstock et al 1974", 186, 50448, 141, 27197), ("Comstock & Webster 1969", 5, 2493, 3, 2338),
    ("Comstock et al 1976", 27, 16886, 29, 17825),
]  # fmt: skip
# Pre-eclampsia under antiplatelet drugs and without: cases and patients of the six CLASP trials (DerSimonian & Kacker,
# Contemp Clin Trials 2007)
CLASP = [(5, 156, 8, 74), (5, 303, 17, 303), (12, 565, 9, 477), (69, 1570, 94, 1565), (9, 103, 11, 105),
         (313, 4659, 352, 4650)]  # fmt: skip
# Nine laboratories' measurements of one quantity, and their variances (Kacker, Metrologia 2004)
LABORATORIES = [61, 61.4, 62.21, 62.3, 62.34, 62.6, 62.7, 62.84, 65.9]
THEIR_VARIANCES = [0.2025, 1.21, 0.09, 0.2025, 0.3844, 0.5625, 0.0676, 0.0225, 1.8225]


def studies(estimates, variances, names=None) -> pd.DataFrame:
    names = names or [f"study {place}" for place in range(len(estimates))]
    return pd.DataFrame({"study": names, "estimate": estimates, "standard_error": np.sqrt(variances)})


def bcg() -> pd.DataFrame:
    """Log risk ratios of the BCG trials, with their large-sample variances."""
    a, b, c, d = np.array([row[1:] for row in BCG], float).T
    return studies(np.log(a / (a + b) / (c / (c + d))), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d),
                   [row[0] for row in BCG])  # fmt: skip


def by_formulas(table: pd.DataFrame, level: float = 0.95) -> dict[str, float]:
    """The same summary by bisection, without a library for meta-analysis."""
    y, v, k = table["estimate"].to_numpy(), table["standard_error"].to_numpy() ** 2, len(table)

    def excess(tau_squared: float) -> float:
        w = 1 / (v + tau_squared)
        return np.sum(w * (y - np.sum(w * y) / np.sum(w)) ** 2) - (k - 1)

    tau_squared = optimize.brentq(excess, 0, 1e6, xtol=1e-14) if excess(0) > 0 else 0.0
    w = 1 / (v + tau_squared)
    mean = np.sum(w * y) / np.sum(w)
    factor = max(1, np.sum(w * (y - mean) ** 2) / (k - 1))
    error = np.sqrt(factor / np.sum(w))
    half = stats.t.ppf((1 + level) / 2, k - 1) * error
    ahead = stats.t.ppf((1 + level) / 2, k - 2) * np.sqrt(tau_squared + error**2) if k > 2 else np.nan
    q = excess(0) + k - 1
    return {
        "estimate": mean, "standard_error": error, "lower": mean - half, "upper": mean + half,
        "tau_squared": tau_squared, "q": q, "i_squared": max(0, (q - (k - 1)) / q),
        "prediction_lower": mean - ahead, "prediction_upper": mean + ahead,
    }  # fmt: skip


def agrees(summary, table, level=0.95) -> None:
    expected = by_formulas(table, level)
    assert {name: getattr(summary, name) for name in expected} == pytest.approx(
        expected, abs=1e-6, rel=1e-6, nan_ok=True
    )


def test_the_bcg_trials_are_summarised_as_metafor_does():
    """metafor's own tests: tau² 0.3181 by the iterated moment estimator, which is Paule and Mandel's; Q 152.2330 on 12
    degrees of freedom (metafor's print of these trials)."""
    summary = random_effects(bcg())
    assert summary.k == 13 and summary.is_summary
    assert round(summary.tau_squared, 4) == 0.3181
    assert round(summary.q, 4) == 152.2330 and summary.q_p < 1e-4
    # REML, of which metafor prints estimate and limits of the normal kind, is at 0.3132; both are near
    assert summary.estimate == pytest.approx(-0.7145, abs=0.001)
    assert summary.standard_error == pytest.approx(0.1798, abs=0.002)
    assert summary.ratio()["estimate"] == pytest.approx(0.489, abs=0.001)
    agrees(summary, bcg())


def test_the_clasp_trials_are_summarised_as_dersimonian_and_kacker_print():
    """Tables 3 and 4 of the paper: tau .3681, log odds ratio −.3811, standard error .2060, by Paule and Mandel."""
    a, n, c, m = np.array(CLASP, float).T
    table = studies(np.log(a * (m - c) / (c * (n - a))), 1 / a + 1 / (n - a) + 1 / c + 1 / (m - c))
    summary = random_effects(table)
    assert round(summary.tau_squared**0.5, 4) == 0.3681
    assert round(summary.estimate, 4) == -0.3811
    # with Paule and Mandel's variance, Hartung and Knapp's factor is 1
    assert round(summary.standard_error, 4) == 0.2060
    agrees(summary, table)


def test_the_laboratories_are_summarised_as_metafor_does_to_nine_digits():
    """metafor: rma(y, v, method = "PM"), control tol 1e-9, as statsmodels' own tests quote it; I² by its DL."""
    table = studies(LABORATORIES, THEIR_VARIANCES)
    summary = random_effects(table)
    assert summary.tau_squared == pytest.approx(0.705395309224248, abs=1e-9)
    assert summary.estimate == pytest.approx(62.4076199113286, abs=1e-9)
    assert summary.standard_error == pytest.approx(0.338030602684471, abs=1e-9)
    assert summary.q == pytest.approx(24.801897741835, abs=1e-9)
    assert summary.q_p == pytest.approx(0.00167935146372742, abs=1e-12)
    assert 100 * summary.i_squared == pytest.approx(67.744403741711, abs=1e-9)
    agrees(summary, table)


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("spread", [0.0, 0.05, 1.0, 50.0])
@pytest.mark.parametrize("k", [2, 3, 5, 40])
def test_the_formulas_give_the_same(k, spread, level):
    draw = np.random.default_rng(k)
    variances = draw.uniform(0.01, 2, k) ** 2
    table = studies(draw.normal(0, spread, k) + draw.normal(0, variances**0.5), variances)
    agrees(random_effects(table, level=level), table, level)


def test_one_precise_study_among_rough_ones_does_not_hide_heterogeneity():
    table = studies([0.0, 1.0, -1.0, 2.0], [1e-8, 0.5, 0.5, 0.5])
    agrees(random_effects(table), table)


def test_a_search_that_rounding_takes_past_its_root_is_made_again():
    """statsmodels' search ends on these at a between-study variance of 0, without a word, at the finer tolerance."""
    errors = np.array([0.003, 0.003, 0.003, 1.694, 0.008, 0.06, 6.926, 0.005])
    table = studies([-408.2, -202.3, -113.8, -167.8, 286.2, -591.8, -318.8, -299.4], errors**2)
    assert random_effects(table).tau_squared > 50_000
    agrees(random_effects(table), table)


def test_studies_that_agree_leave_no_heterogeneity_and_no_narrower_limits():
    """Equal estimates: Hartung and Knapp's plain factor is 0, which would leave an interval without width."""
    summary = random_effects(studies([0.4] * 4, [0.04] * 4))
    assert summary.tau_squared == summary.i_squared == 0
    assert summary.standard_error == pytest.approx(0.1)
    assert summary.upper - summary.lower == pytest.approx(2 * stats.t.ppf(0.975, 3) * 0.1)
    assert summary.weights.to_dict() == pytest.approx({f"study {place}": 0.25 for place in range(4)})


def test_the_prediction_interval_is_wider_than_the_limits_and_absent_for_two_studies():
    summary = random_effects(bcg())
    assert summary.prediction_lower < summary.lower < summary.upper < summary.prediction_upper
    two = random_effects(bcg().head(2))
    assert not two.is_summary and np.isnan([two.prediction_lower, two.prediction_upper]).all()
    assert np.isfinite(dataclasses.astuple(two)[1:5]).all()


def test_order_and_sign_of_the_studies_do_not_matter():
    there, back = random_effects(bcg()), random_effects(bcg()[::-1].assign(estimate=lambda table: -table["estimate"]))
    assert (back.estimate, back.lower, back.upper) == pytest.approx((-there.estimate, -there.upper, -there.lower))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.head(1), "1 studies are too few"),
        (lambda t: t.head(0), "0 studies are too few"),
        (lambda t: t.drop(columns="standard_error"), "no column 'standard_error'"),
        (lambda t: t.assign(standard_error=[0.1, 0.0, 0.2]), "standard_error of study 'study 1' is '0.0'"),
        (lambda t: t.assign(standard_error=[0.1, -0.1, 0.2]), "above 0"),
        (lambda t: t.assign(standard_error=[0.1, np.nan, 0.2]), "above 0"),
        (lambda t: t.assign(standard_error=[0.1, np.inf, 0.2]), "above 0"),
        (lambda t: t.assign(estimate=[0.1, np.nan, 0.2]), "estimate of study 'study 1' is 'nan'"),
        (lambda t: t.assign(estimate=["0.1", "x", "0.2"]), "'x', not a finite number"),
        (lambda t: t.assign(study=["A", "B", "A"]), "'A' stands twice"),
        (lambda t: t.assign(study=["A", " ", "C"]), "row 2: has no name"),
        (lambda t: t.assign(study=["A", None, "C"]), "row 2: has no name"),
    ],
)
def test_the_door_refuses_in_one_line(change, message):
    with pytest.raises(UserError, match=message) as error:
        random_effects(change(studies([0.1, 0.2, 0.3], [0.04] * 3)))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_is_between_0_and_1(level):
    with pytest.raises(UserError, match="level is"):
        random_effects(bcg(), level=level)


def test_a_standard_error_from_an_interval_gives_the_interval_back():
    error = standard_error(1.04, 1.99, ratio=True)
    centre = np.sqrt(1.04 * 1.99)
    assert centre * np.exp(np.array([-1.959964, 1.959964]) * error) == pytest.approx([1.04, 1.99], abs=1e-6)
    assert standard_error(-1.5, 2.5, ratio=False, level=0.9) == pytest.approx(4 / (2 * 1.644854), abs=1e-6)


@pytest.mark.parametrize(("lower", "upper"), [(2, 1), (1, 1), (np.nan, 1), (0.5, np.inf), (0, 2), (-1, 2)])
def test_limits_that_are_no_interval_are_refused(lower, upper):
    with pytest.raises(UserError):
        standard_error(lower, upper, ratio=True)
