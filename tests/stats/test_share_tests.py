"""Tests of shares of several groups, against R 4.2 (chisq.test(correct = FALSE), fisher.test)."""

from fractions import Fraction
from math import comb

import pandas as pd
import pytest

from lcnec_utils.core.errors import UserError
from lcnec_utils.stats.share_tests import count_tests, overall_share_test, pairwise_share_tests, tables_of_mantissa


def table(counts: dict[str, tuple[int, int]], what: str = "TMB high") -> pd.DataFrame:
    return pd.DataFrame([{"group": name, "what": what, "k": k, "n": n} for name, (k, n) in counts.items()])


def test_the_chi_squared_p_is_that_of_r_and_fisher_stands_beside_small_expected_counts_alone():
    large = count_tests([49, 38], [67, 68])
    assert large["p_chi_squared"] == pytest.approx(0.329798593023, rel=1e-9)
    assert large["least_expected"] > 5 and large["p_fisher"] != large["p_fisher"]
    small = count_tests([0, 89], [2, 134])
    assert small["p_chi_squared"] == pytest.approx(0.250491239817, rel=1e-9)
    assert small["p_fisher"] == pytest.approx(0.519682539683, rel=1e-9)
    assert small["least_expected"] == pytest.approx(2 * 89 / 225)


@pytest.mark.parametrize("groups", [([0, 5], [0, 9]), ([5, 0], [9, 0]), ([0, 0], [3, 4]), ([3, 4],)])
def test_counts_that_cannot_differ_are_not_tested(groups):
    assert all(value != value for value in count_tests(*groups).values())


def test_every_two_groups_are_tested_and_a_small_group_keeps_its_row_without_p():
    shares = pd.concat([
        table({"A": (1, 10), "B": (7, 10), "C": (1, 3)}),
        table({"A": (0, 10), "B": (0, 9), "C": (0, 8)}, "MMR deficient"),
    ])  # fmt: skip
    tests = pairwise_share_tests(shares, min_group=5).set_index(["what", "group", "other"])
    assert list(tests.loc["TMB high"].index) == [("A", "B"), ("A", "C"), ("B", "C")]
    first = tests.loc[("TMB high", "A", "B")]
    assert first[["k", "n", "k_other", "n_other"]].tolist() == [1, 10, 7, 10]
    assert first["p_chi_squared"] == pytest.approx(0.00616989932054, rel=1e-9)
    assert first["p_fisher"] == pytest.approx(0.0197666110979, rel=1e-9)
    assert tests["p_chi_squared"].notna().sum() == 1  # C is too small, and nobody is deficient


def test_all_groups_at_once_are_tested_as_in_r():
    three = overall_share_test(table({"22C3": (25, 62), "28-8": (7, 18), "SP263": (5, 37)}))
    assert three["groups"] == 3 and three["p_fisher"] != three["p_fisher"]
    assert three["p_chi_squared"] == pytest.approx(0.0163978665103, rel=1e-9)
    rare = overall_share_test(table({"A": (1, 10), "B": (3, 8), "C": (0, 12)}))
    assert rare["p_chi_squared"] == pytest.approx(0.0501474074643, rel=1e-9)
    assert rare["p_fisher"] == pytest.approx(0.0487137383689, abs=0.002)  # by random tables; R's is exact
    assert overall_share_test(table({"A": (1, 10), "B": (7, 10), "C": (1, 3)}), min_group=5) == pytest.approx(
        {"groups": 2, **count_tests([1, 9], [7, 3])}
    )
    one = overall_share_test(table({"A": (1, 10)}))
    assert one["groups"] == 1 and one["p_chi_squared"] != one["p_chi_squared"]


def fisher_by_hand(k: int, n: int, k_other: int, n_other: int) -> Fraction:
    """The two-sided p: all tables with these margins that are no likelier, added up in whole numbers."""
    total, hits = n + n_other, k + k_other
    ways = {k_one: comb(n, k_one) * comb(n_other, hits - k_one)
            for k_one in range(max(0, hits - n_other), min(n, hits) + 1)}  # fmt: skip
    return Fraction(sum(way for way in ways.values() if way <= ways[k]), comb(total, hits))


def test_the_tables_of_a_mantissa_are_those_that_exact_arithmetic_gives():
    """4 of 5 against k of n, n up to 41: p is 5.7 × a power of ten of three tables; one per exponent."""
    wanted = {
        (k, n): fisher_by_hand(4, 5, k, n) for n in range(1, 42) for k in range(n + 1)
        if f"{float(fisher_by_hand(4, 5, k, n)):.1e}".startswith("5.7e")
    }  # fmt: skip
    found = tables_of_mantissa(4, 5, mantissa="5.7", most=41)
    assert set(zip(found["k_other"], found["n_other"], strict=True)) == set(wanted) == {(31, 36), (10, 32), (6, 41)}
    for row in found.itertuples():
        assert row.p == pytest.approx(float(wanted[row.k_other, row.n_other]), rel=1e-9)
        assert 5.65 <= row.p / 10.0**row.exponent < 5.75
    assert found["exponent"].tolist() == [-1, -2, -3]


def test_a_p_that_rounds_up_to_the_next_power_has_mantissa_one():
    found = tables_of_mantissa(3, 3, mantissa="1.0", most=20)
    assert len(found) and all(0.95 <= row.p / 10.0**row.exponent < 1.05 for row in found.itertuples())
    assert tables_of_mantissa(4, 5, mantissa="9.99", most=3).empty


@pytest.mark.parametrize("mantissa", ["57", "0.57", "five"])
def test_a_mantissa_is_a_number_from_one_to_below_ten(mantissa):
    with pytest.raises(UserError, match="is no number from 1 to below 10"):
        tables_of_mantissa(4, 5, mantissa=mantissa, most=10)
    with pytest.raises(UserError, match="6 of 5"):
        tables_of_mantissa(6, 5, mantissa="5.7", most=10)
