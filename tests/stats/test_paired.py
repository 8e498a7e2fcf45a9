"""Two measurements of one patient against R's binom.test, published examples and the score test itself."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import UserError
from lcnec_utils.stats import paired
from tests import golden
from tests.golden import numbers

RANKS = golden.read("paired")["ranks"]
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


# ---- signed ranks ----


@pytest.mark.parametrize("name", RANKS)
def test_signed_ranks_are_rs_paired_wilcox_test(name):
    entry = RANKS[name]
    one, other = numbers(entry["one"]), numbers(entry["other"])
    assert paired.signed_rank(one - other) == pytest.approx(entry["p"], rel=1e-9)
    assert paired.signed_rank(other - one) == pytest.approx(entry["p"], rel=1e-9)


@pytest.mark.parametrize("name", [name for name, entry in RANKS.items() if entry["untied"] and len(entry["one"]) < 50])
def test_the_shift_of_pairs_has_rs_estimate_and_limits(name):
    entry = RANKS[name]
    one, other = (pd.Series(numbers(entry[side])) for side in ("one", "other"))
    found = paired.paired_shift(one, other)
    assert [found.value, found.lower, found.upper] == pytest.approx(entry["estimate_95"], rel=1e-9)
    assert [found.value, found.lower_90, found.upper_90] == pytest.approx(entry["estimate_90"], rel=1e-9)
    assert found.p == pytest.approx(entry["p"], rel=1e-9) and found.n == len(one)


@pytest.mark.parametrize("name", [name for name, entry in RANKS.items() if entry["untied"] and len(entry["one"]) >= 50])
def test_of_many_pairs_r_approximates_the_same_limits(name):
    """R seeks the limits of 50 pairs and more by a root of its normal approximation, to 1e-4."""
    entry = RANKS[name]
    found = paired.paired_shift(*(pd.Series(numbers(entry[side])) for side in ("one", "other")))
    assert [found.value, found.lower, found.upper] == pytest.approx(entry["estimate_95"], abs=0.02)


def test_a_ratio_is_the_shift_of_logarithms_and_leaves_out_zeros():
    one, other = pd.Series([2.0, 6, 8, 0, 10, 20, 3]), pd.Series([1.0, 2, 4, 5, 2, 5, 2])
    found = paired.paired_shift(one, other, ratio=True)
    kept = one > 0
    logs = paired.paired_shift(np.log(one[kept]), np.log(other[kept]))
    assert found.n == 6 and found.scale == "ratio" and found.p == logs.p
    assert (found.value, found.lower, found.upper_90) == pytest.approx(tuple(map(np.exp, (logs.value, logs.lower,
                                                                                          logs.upper_90))))  # fmt: skip


def test_pairs_that_cannot_be_compared_say_so():
    assert paired.paired_shift(pd.Series([1.0]), pd.Series([2.0]), what="TMB").note == "1 pairs have TMB of both"
    assert paired.paired_shift(pd.Series([1.0], ["a"]), pd.Series([2.0], ["b"])).note == "no pair has values of both"
    assert np.isnan(paired.signed_rank(np.zeros(4)))
    with pytest.raises(UserError, match="TMB, row b: is negative"):
        paired.paired_shift(pd.Series([1.0, -1], ["a", "b"]), pd.Series([2.0, 2], ["a", "b"]), ratio=True, what="TMB")
    with pytest.raises(UserError, match="TMB, one: is no column of numbers"):
        paired.paired_shift(pd.Series(["x"]), pd.Series([2.0]), what="TMB")
    with pytest.raises(UserError, match="missing"):
        paired.signed_rank(np.array([1.0, np.nan]))
