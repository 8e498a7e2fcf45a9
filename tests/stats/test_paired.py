"""Two measurements of one patient against R's binom.test, published examples and the score test itself."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import UserError
from lcnec_utils.stats import paired

GOLDEN = json.loads((Path(__file__).parent.parent / "reference" / "classifier.json").read_text())


def pair(more: int, less: int, both: int, neither: int, missing: int = 0) -> tuple[pd.Series, pd.Series]:
    one = [True] * more + [False] * less + [True] * both + [False] * neither
    other = [False] * more + [True] * less + [True] * both + [False] * neither
    index = [f"P{i}" for i in range(len(one) + missing)]
    return pd.Series(one + [True] * missing, index), pd.Series(other, index[: len(other)])


def test_p_of_pairs_that_differ_is_rs_binom_test():
    golden = GOLDEN["pairs"]
    assert len(golden["p"]) == 90
    rng = np.random.default_rng(1)
    for i, (more, less) in enumerate(zip(golden["more"], golden["less"], strict=True)):
        both, neither, missing = rng.integers(0, 6, 3)
        one, other = pair(int(more), int(less), int(both), int(neither), int(missing))
        found = paired.paired_difference(one, other.sample(frac=1, random_state=3))
        n = int(more + less + both + neither)
        assert found.n == n and found.value == pytest.approx((more - less) / n)
        assert found.p == pytest.approx(golden["p"][i], rel=1e-9) and found.scale == "difference"
        limits = [*paired.paired_difference_interval(int(more), int(less), n)]
        limits += paired.paired_difference_interval(int(more), int(less), n, level=0.9)
        assert [found.lower, found.upper, found.lower_90, found.upper_90] == limits


def score(delta: float, more: int, less: int, n: int) -> float:
    """Tango's score of a difference, the nuisance share found by maximising the likelihood itself on a grid refined
    thrice, the variance from the two shares of pairs that differ: no formula of the module is used."""
    low, high = max(0.0, -delta), (1 - delta) / 2
    for _ in range(12):
        shares = np.linspace(low, high, 401)
        with np.errstate(divide="ignore", invalid="ignore"):
            rest = np.clip(1 - 2 * shares - delta, 0, 1)
            parts = [(more, shares + delta), (less, shares), (n - more - less, rest)]
            likelihood = sum(np.where(k > 0, k * np.log(np.clip(p, 0, 1)), 0.0) for k, p in parts)
        best = int(np.nanargmax(likelihood))
        low, high = shares[max(best - 1, 0)], shares[min(best + 1, 400)]
    share = shares[best]
    variance = (2 * share + delta - delta**2) / n
    return ((more - less) / n - delta) / np.sqrt(variance) if variance > 1e-14 else 0.0


def test_limits_are_the_differences_that_a_score_test_just_does_not_reject():
    rng, z = np.random.default_rng(2), 1.959963984540054
    tables = [(1, 7, 21), (6, 16, 161), (40, 20, 160), (0, 1, 44), (5, 10, 100), (0, 0, 30), (8, 0, 8), (0, 4, 4)]
    for _ in range(40):
        n = int(rng.integers(3, 120))
        more = int(rng.integers(0, n + 1))
        tables.append((more, int(rng.integers(0, n - more + 1)), n))
    for more, less, n in tables:
        lower, upper = paired.paired_difference_interval(more, less, n)
        difference = (more - less) / n
        assert -1 <= lower <= difference <= upper <= 1
        for limit in (lower, upper):
            if abs(limit) < 1:
                assert abs(score(limit, more, less, n)) == pytest.approx(z, abs=1e-5), (more, less, n)
            else:
                assert limit == difference, (more, less, n)


def test_limits_are_those_of_published_examples():
    """Bentur 2009 and Cavo 2012, as worked in Fagerland, Lydersen and Laake and by their package contingencytables."""
    assert paired.paired_difference_interval(1, 7, 21) == pytest.approx((-0.517, -0.026), abs=5e-4)
    assert paired.paired_difference_interval(6, 16, 161) == pytest.approx((-0.1240, -0.0054), abs=5e-5)


def test_pairs_of_which_none_differs_have_limits_that_shrink_with_their_number():
    found = paired.paired_difference(*pair(0, 0, 3, 4))
    z = 1.959963984540054
    assert (found.value, found.p, found.n) == (0.0, 1.0, 7)
    assert found.upper == pytest.approx(z * z / (7 + z * z)) and found.lower == pytest.approx(-found.upper)
    assert paired.paired_difference(*pair(0, 0, 0, 0)).note == "there is no pair"


@pytest.mark.parametrize(
    ("counts", "message"),
    [((3, 2, 4), r"3 \+ 2 of 4 pairs"), ((-1, 2, 4), "only_one is -1"), ((1, 1.5, 4), "only_other")],
)
def test_counts_of_pairs_that_cannot_be_are_refused(counts, message):
    with pytest.raises(UserError, match=message):
        paired.paired_difference_interval(*counts)
    with pytest.raises(UserError, match="level is 95"):
        paired.paired_difference_interval(1, 1, 4, level=95)


def test_measurements_that_are_no_booleans_or_stand_twice_are_refused():
    one, other = pair(2, 1, 1, 1)
    with pytest.raises(UserError, match="column 'other', row P0: 'SCLC-like' is neither True nor False"):
        paired.paired_difference(one, other.astype(object).replace({False: "SCLC-like"}))
    with pytest.raises(UserError, match="column 'one', row P1: the row label stands twice"):
        paired.paired_difference(one.rename({"P0": "P1"}), other)
