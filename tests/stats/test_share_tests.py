"""Tests of shares of several groups, against R 4.2 (chisq.test(correct = FALSE), fisher.test)."""

import pandas as pd
import pytest

from lcnec_utils.stats.share_tests import count_tests, overall_share_test, pairwise_share_tests


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
