"""Verdicts: known cases of the sources, and by simulation how often each kind of claim is answered wrongly by chance.

The rules against a second implementation of docs/ledger.md: test_verdicts_twice.py.
"""

import math

import numpy as np
import pytest

from lcnec_utils.core.findings import Finding, of_difference, of_hazard, of_share
from lcnec_utils.ledger import verdicts
from lcnec_utils.ledger.claims import Claim
from lcnec_utils.stats.proportions import difference_of_shares, wilson

N = 2_500
Z = 1.959963984540054


def claim(**fields) -> Claim:
    return Claim(**{"id": "a.b", "panel": "p", "statement": "A statement.", "scope": "general", **fields})


def share(k: int, n: int) -> Finding:
    return of_share(k, n, *wilson(k, n))


def hazard(coefficient: float, se: float) -> Finding:
    class Row:
        note, p, n, events = "", 0.5, 100, 60

    Row.coefficient, Row.se = coefficient, se
    return of_hazard(Row)


# --- cases of the sources


def test_a_rare_event_in_few_against_many_is_found_by_newcombe_where_wald_saw_nothing():
    """8 of 136 against 33 of 1,643: chi-squared gives p = 0.004, and Wald's interval held 0."""
    stated = claim(kind="direction", measure="percent", direction="greater", groups=["SCLC-like", "SCLC"])
    finding = difference_of_shares(8, 136, 33, 1643)
    assert verdicts.verdict(stated, [finding])[0] == "compatible"
    one, other = 8 / 136, 33 / 1643
    wald = Z * math.sqrt(one * (1 - one) / 136 + other * (1 - other) / 1643)
    assert one - other - wald < 0 < finding.lower


def test_three_of_23_against_66_of_204_decides_nothing():
    """Wald's interval excluded 0; Newcombe's is -0.301 to 0.007."""
    finding = difference_of_shares(3, 23, 66, 204)
    assert (finding.lower, finding.upper) == pytest.approx((-0.301, 0.007), abs=5e-4)
    stated = claim(kind="direction", measure="percent", direction="less")
    assert verdicts.verdict(stated, [finding])[0] == "inconclusive"


@pytest.mark.parametrize(("k", "printed", "p"), [(33, "25", 0.14), (29, "41", 0.09)])
def test_a_share_of_85_has_its_own_uncertainty(k, printed, p):
    """25 and 41 of 85 against 33 and 29 of 82 patients of MSK-MET: chi-squared gives .14 and .09."""
    stated = claim(kind="number", measure="percent", value="30", k=printed, n=["85"])
    word, reason = verdicts.verdict(stated, [share(k, 82)])
    assert word == "inconclusive" and f"{printed}/85" in reason
    from lcnec_utils.stats.proportions import chi_squared

    assert chi_squared([int(printed), 85 - int(printed)], [k, 82 - k]) == pytest.approx(p, abs=0.005)


def test_no_limit_of_a_share_or_of_a_difference_of_shares_leaves_its_scale():
    """An upper limit of 1.19 for a share was Wald's."""
    rng = np.random.default_rng(1)
    for _ in range(300):
        n_1, n_2 = rng.integers(1, 30, 2)
        found = difference_of_shares(int(rng.integers(0, n_1 + 1)), int(n_1), int(rng.integers(0, n_2 + 1)), int(n_2))
        assert -1 <= found.lower <= found.value <= found.upper <= 1


def test_newcombes_limits_are_the_square_and_add_of_wilsons():
    """statsmodels' interval, of fractions, against our own, of percents, to 1e-9 of a fraction."""
    rng = np.random.default_rng(9)
    for _ in range(200):
        (n_1, n_2), level = (int(n) for n in rng.integers(1, 400, 2)), 0.95
        k_1, k_2 = int(rng.integers(0, n_1 + 1)), int(rng.integers(0, n_2 + 1))
        both = [verdicts.Estimate(100 * k / n, *verdicts.wilson(k, n, level)) for k, n in ((k_1, n_1), (k_2, n_2))]
        found = difference_of_shares(k_1, n_1, k_2, n_2)
        assert verdicts.square_and_add(*both) == pytest.approx((100 * found.lower, 100 * found.upper), abs=1e-7)


def test_an_effect_published_with_its_p_has_the_interval_that_the_p_gives():
    """A ratio of 1.44 at p = 0.05 reaches from 1.00 to 2.07."""
    stated = claim(kind="effect", measure="hazard_ratio", value="1.44", p="0.05", direction="greater")
    assert verdicts.printed_effect(stated, 1.0) == pytest.approx((1.0, 1.44**2), abs=2e-2)
    assert verdicts.verdict(stated, [Finding(4.0, 2.5, 6.4, scale="ratio")])[0] == "contradicted"
    assert verdicts.verdict(stated, [Finding(1.9, 1.2, 3.0, scale="ratio")])[0] == "compatible"
    # a bound is no p from which limits follow
    assert verdicts.printed_effect(stated.model_copy(update={"p": "<0.05"}), 1.0) is None


def test_an_inconclusive_answer_says_how_much_the_cohort_could_have_seen():
    """A hazard ratio whose logarithm has a standard error of 0.2 is found with 80% power from exp(2.80 × 0.2) on."""
    stated = claim(kind="direction", measure="hazard_ratio", direction="greater")
    finding = hazard(0.1, 0.2)
    assert verdicts.verdict(stated, [finding])[0] == "inconclusive"
    seen = verdicts.smallest_seen(stated, finding)
    assert seen == pytest.approx(math.exp((1.959964 + 0.841621) * 0.2), rel=1e-5)
    draws = np.random.default_rng(3).normal(math.log(seen), 0.2, 40_000)
    assert (draws - Z * 0.2 > 0).mean() == pytest.approx(0.8, abs=0.01)
    alike = claim(kind="null_effect", measure="hazard_ratio", direction="none", margin="1.5")
    margin = math.log(verdicts.smallest_seen(alike, finding))
    draws = np.random.default_rng(4).normal(0, 0.2, 40_000)
    assert (abs(draws) + 1.6448536 * 0.2 < margin).mean() == pytest.approx(0.8, abs=0.01)


def test_the_power_against_the_print_is_how_often_it_is_called_compatible():
    stated = claim(kind="effect", measure="hazard_ratio", value="1.6", interval=["1.1", "2.33"], direction="greater")
    expected = verdicts.power(stated, hazard(0.0, 0.25))
    draws = np.random.default_rng(5).normal(math.log(1.6), 0.25, N)
    hits = np.mean([verdicts.verdict(stated, [hazard(draw, 0.25)])[0] == "compatible" for draw in draws])
    assert hits == pytest.approx(expected, abs=0.025)
    counted = claim(kind="direction", measure="percent", counts=[["49", "134"], ["20", "84"]], direction="greater")
    expected = verdicts.power(counted, difference_of_shares(37, 100, 24, 100))
    rng, hits = np.random.default_rng(6), 0
    for _ in range(N):
        found = difference_of_shares(rng.binomial(100, 49 / 134), 100, rng.binomial(100, 20 / 84), 100)
        hits += verdicts.verdict(counted, [found])[0] == "compatible"
    assert hits / N == pytest.approx(expected, abs=0.04)


# --- by simulation: the truth is the print's, or there is no effect


def _share_of_counts(rng, truth=None):
    """A share printed as k of n, and another cohort's."""
    p, n, m = rng.uniform(0.05, 0.95), int(rng.integers(20, 400)), int(rng.integers(20, 400))
    k = int(rng.binomial(n, p))
    return claim(kind="number", measure="percent", value=f"{100 * k / n:.1f}", k=str(k), n=[str(n)]), [
        share(int(rng.binomial(m, p)), m)
    ]


def _share_of_percent(rng, truth=None):
    """A share printed as a whole percent of n."""
    p, n, m = rng.uniform(0.1, 0.9), int(rng.integers(30, 400)), int(rng.integers(30, 400))
    printed = 100 * rng.binomial(n, p) / n
    return claim(kind="number", measure="percent", value=f"{printed:.0f}", n=[str(n)]), [
        share(int(rng.binomial(m, p)), m)
    ]


def _median_with_limits(rng, truth=None):
    """A median printed with its interval; both are estimates of one truth on the log scale."""
    truth, se, se_here = math.log(rng.uniform(3, 30)), rng.uniform(0.08, 0.4), rng.uniform(0.08, 0.4)
    printed, here = rng.normal(truth, se), rng.normal(truth, se_here)
    limits = [f"{math.exp(printed + side * Z * se):.2f}" for side in (-1, 1)]
    finding = Finding(*(math.exp(here + side * Z * se_here) for side in (0, -1, 1)), n=100, events=70)
    return claim(kind="number", measure="median", value=f"{math.exp(printed):.2f}", interval=limits), [finding]


def _median_of_n(rng, truth=None):
    """A median printed with n alone; its spread is that of the cohort at hand."""
    truth, spread, n, m = math.log(rng.uniform(3, 30)), rng.uniform(0.5, 2), *rng.integers(20, 400, 2)
    printed, here, se = rng.normal(truth, spread / n**0.5), rng.normal(truth, spread / m**0.5), spread / m**0.5
    finding = Finding(*(math.exp(here + side * Z * se) for side in (0, -1, 1)), n=int(m))
    return claim(kind="number", measure="median", value=f"{math.exp(printed):.3f}", n=[str(n)]), [finding]


def _share_of_unknown_precision(rng, truth=None):
    """A share printed without n, of 30 to 300 patients whom nobody mentions."""
    p, n, m = rng.uniform(0.1, 0.9), int(rng.integers(30, 300)), int(rng.integers(30, 400))
    return claim(kind="number", measure="percent", value=f"{100 * rng.binomial(n, p) / n:.0f}"), [
        share(int(rng.binomial(m, p)), m)
    ]


def _range(rng, truth=None):
    p, m = rng.uniform(0.2, 0.4), int(rng.integers(30, 400))
    return claim(kind="number", measure="percent", range=["20", "40"]), [share(int(rng.binomial(m, p)), m)]


def _bound(rng, truth=None):
    p, m = 0.25, int(rng.integers(30, 400))
    return claim(kind="number", measure="percent", flags=["word_number:>25"]), [share(int(rng.binomial(m, p)), m)]


def _ratio(rng, truth=None, **printed_with):
    """A ratio printed with limits."""
    size = rng.uniform(0.1, 1.0) if truth is None else truth
    se, se_here = rng.uniform(0.1, 0.4), rng.uniform(0.1, 0.4)
    printed = abs(rng.normal(size, se)) or 0.1
    limits = [f"{math.exp(printed + side * Z * se):.3f}" for side in (-1, 1)]
    stated = claim(
        kind="effect", measure="hazard_ratio", value=f"{math.exp(printed):.3f}", interval=limits, direction="greater"
    )
    return stated, [hazard(rng.normal(size, se_here), se_here)]


def _ratio_with_p(rng, truth=None):
    size = rng.uniform(0.1, 1.0) if truth is None else truth
    se, se_here = rng.uniform(0.1, 0.4), rng.uniform(0.1, 0.4)
    printed = abs(rng.normal(size, se)) or 0.1
    p = 2 * (1 - 0.5 * (1 + math.erf(printed / se / 2**0.5)))
    stated = claim(
        kind="effect", measure="hazard_ratio", value=f"{math.exp(printed):.3f}", p=f"{p:.6f}", direction="greater"
    )
    return stated, [hazard(rng.normal(size, se_here), se_here)]


def _difference_of_counts(rng, truth=None):
    """A difference of shares printed by its counts; another cohort's, whatever the direction of the print's truth."""
    p = rng.uniform(0.1, 0.7)
    q = p if truth == 0 else rng.uniform(0.05, p)
    n_1, n_2, m_1, m_2 = (int(n) for n in rng.integers(20, 300, 4))
    k_1, k_2 = int(rng.binomial(n_1, p)), int(rng.binomial(n_2, q))
    stated = claim(
        kind="direction", measure="percent", direction="greater", counts=[[str(k_1), str(n_1)], [str(k_2), str(n_2)]]
    )
    return stated, [difference_of_shares(int(rng.binomial(m_1, p)), m_1, int(rng.binomial(m_2, q)), m_2)]


def _direction(rng, truth=None):
    """A direction of unknown size, the true effect being small."""
    size, se = rng.uniform(0, 0.3) if truth is None else truth, rng.uniform(0.05, 0.4)
    stated = claim(kind="direction", measure="expression", direction="greater")
    return stated, [of_difference(rng.normal(size, se), se, 0.5, 100)]


def _several_directions(rng, truth=None):
    """A direction that three comparisons answer, all of which must hold."""
    size, se = rng.uniform(0, 0.3) if truth is None else truth, rng.uniform(0.05, 0.4)
    stated = claim(kind="direction", measure="expression", direction="greater")
    return stated, [of_difference(rng.normal(size, se), se, 0.5, 100) for _ in range(3)]


def _several_shares(rng, truth=None):
    """One printed share that three groups answer."""
    p, n, m = rng.uniform(0.05, 0.95), int(rng.integers(20, 400)), int(rng.integers(20, 400))
    stated = claim(kind="number", measure="percent", value="0.0", k=str(rng.binomial(n, p)), n=[str(n)])
    return stated, [share(int(rng.binomial(m, p)), m) for _ in range(3)]


def _no_difference(rng, truth=None):
    """No difference: the truth is none, or where it is moved, at the very margin."""
    size, se = (0.0 if truth is None else truth), rng.uniform(0.05, 0.4)
    stated = claim(kind="null_effect", measure="hazard_ratio", direction="none", margin="1.5")
    return stated, [hazard(rng.normal(size, se), se)]


NUMBERS = [_share_of_counts, _share_of_percent, _median_with_limits, _median_of_n, _share_of_unknown_precision, _range,
           _bound, _several_shares]  # fmt: skip
EFFECTS = [_ratio, _ratio_with_p, _difference_of_counts, _direction, _several_directions]


def rate(kind, word: str, seed: int, truth=None) -> float:
    rng = np.random.default_rng(seed)
    return float(np.mean([verdicts.verdict(*kind(rng, truth))[0] == word for _ in range(N)]))


@pytest.mark.parametrize("kind", [*NUMBERS, *EFFECTS, _no_difference], ids=lambda kind: kind.__name__.strip("_"))
def test_a_true_claim_is_contradicted_in_at_most_5_percent(kind):
    """Over 2,500 draws each; three Monte Carlo standard errors of 5% are 1.3 percentage points."""
    assert rate(kind, "contradicted", 11) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / N)


@pytest.mark.parametrize("kind", EFFECTS, ids=lambda kind: kind.__name__.strip("_"))
def test_without_an_effect_an_effect_is_compatible_in_at_most_2_5_percent(kind):
    assert rate(kind, "compatible", 12, truth=0.0) <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / N)


def test_at_the_margin_no_difference_is_compatible_in_at_most_5_percent():
    assert rate(_no_difference, "compatible", 13, truth=math.log(1.5)) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / N)


def test_the_simulations_can_tell_a_rule_that_errs(monkeypatch):
    """With limits at 80% instead of 95% true claims would be contradicted too often."""
    monkeypatch.setattr(verdicts, "_level_of", lambda comparisons: 0.8)
    assert rate(_share_of_counts, "contradicted", 11) > 0.1
    assert rate(_median_with_limits, "contradicted", 11) > 0.1
