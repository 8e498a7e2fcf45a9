"""Ranks and means of groups against R's wilcox.test, scipy and numpy; what is refused."""

import json
import math
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lcnec_utils.core.errors import UserError
from lcnec_utils.stats import proportions, ranks
from tests import golden

REFERENCE = Path(__file__).parent.parent / "reference"
GOLDEN = json.loads((REFERENCE / "shares.json").read_text())
PAIRS = golden.read("paired")["ranks"]
TWO_SAMPLES = golden.read("two_samples")


def test_the_r_script_run_again_gives_the_tracked_golden(rscript):
    # --vanilla: nobody's .Rprofile may print into the JSON
    command = [rscript, "--vanilla", str(REFERENCE / "shares.R")]
    again = subprocess.run(command, capture_output=True, check=True).stdout
    tracked = (REFERENCE / "shares.json").read_bytes()
    # which R computed it is not compared
    assert {**json.loads(again), "versions": None} == {**json.loads(tracked), "versions": None}


def test_two_shares_are_compared_as_r_does_by_chi_squared_or_fisher():
    tables = pd.DataFrame(GOLDEN["tables"], columns=["k_1", "n_1", "k_2", "n_2", "expected", "chi_squared", "fisher"])
    assert len(tables) >= 300 and (tables["expected"] == 5).any() and tables["expected"].between(4.5, 4.999).any()
    found = proportions.compare_shares(tables)
    by_fisher = tables["expected"] < 5
    assert found["test"].tolist() == ["Fisher" if few else "chi-squared" for few in by_fisher]
    assert 100 < by_fisher.sum() < 200
    np.testing.assert_allclose(found["p"], tables["fisher"].where(by_fisher, tables["chi_squared"]), rtol=1e-9)


def untied(one: list, other: list) -> bool:
    return len({*one, *other}) == len(one) + len(other)


def test_two_samples_are_compared_as_r_does_by_the_rank_sum():
    pairs = [(one, other, p) for one, other, p in GOLDEN["pairs"] if p is not None]
    assert len(pairs) >= 250
    larger = [max(len(one), len(other)) for one, other, p in pairs if untied(one, other)]
    assert {49, 50} <= set(larger)  # either side of where R leaves the exact test
    assert any(p > 0.99 for *_, p in pairs) and any(p == 1 for *_, p in pairs) and any(p < 1e-6 for *_, p in pairs)
    assert any(len(one) == len(other) == 1 for one, other, _ in pairs)
    for one, other, p in pairs:
        for first, second in ((one, other), (other, one)):  # neither group comes first
            found = ranks.rank_sum(np.array(first, float), np.array(second, float))
            assert found == pytest.approx(p, rel=1e-9), (one, other)


def test_r_gives_no_p_where_all_values_are_one():
    pairs = [(one, other) for one, other, p in GOLDEN["pairs"] if p is None]
    assert pairs and all(len({*one, *other}) == 1 for one, other in pairs)
    for one, other in pairs:
        assert math.isnan(ranks.rank_sum(np.array(one, float), np.array(other, float)))


def test_the_rank_sum_of_nobody_is_none_and_a_missing_value_has_no_rank():
    assert math.isnan(ranks.rank_sum(np.array([]), np.array([1.0, 2])))
    with pytest.raises(UserError, match="drop missing values first"):
        ranks.rank_sum(np.array([1.0, np.nan]), np.array([1.0, 2]))


def test_the_difference_of_means_is_welchs_with_the_rank_sums_p():
    rng = np.random.default_rng(4)
    one, other = rng.normal(9, 2, 12), rng.normal(7, 3, 20)
    marked = pd.Series([True] * 12 + [False] * 20)
    finding = ranks.mean_difference(pd.Series([*one, *other]), marked, what="burden")
    se = np.sqrt(one.var(ddof=1) / 12 + other.var(ddof=1) / 20)
    assert finding.value == pytest.approx(one.mean() - other.mean())
    assert (finding.lower, finding.upper) == pytest.approx(
        (finding.value - 1.959964 * se, finding.value + 1.959964 * se)
    )
    assert finding.p == pytest.approx(stats.mannwhitneyu(one, other, method="exact").pvalue)
    assert (finding.n, finding.smallest) == (32, 12)


def test_means_of_few_are_not_compared():
    values = pd.Series([1.0, 2, 3, 4, 5, 6, 7, 9])
    marked = pd.Series([True] * 3 + [False] * 5, dtype="boolean")
    assert ranks.mean_difference(values, marked, what="burden").value is not None
    few = ranks.mean_difference(values, marked, what="burden", min_group=5)
    assert few.note.startswith("burden is known of 3 and 5")
    assert ranks.mean_difference(values * 0, marked, what="burden").note == "burden does not vary"


def test_columns_that_are_no_numbers_marks_and_groups_that_cannot_be_are_refused():
    ids = ["T1", "T2", "T3"]
    groups = pd.Series(pd.Categorical(["A", "A", "B"]), ids, name="subtype")
    words = pd.Series([1.0, "high", 3.0], ids, name="TMB")
    with pytest.raises(UserError, match="column 'TMB', row T2: 'high' is no number"):
        ranks.pairwise_rank_sums(words, groups)
    with pytest.raises(UserError, match="column 'TMB', row T2: 'high' is no number"):
        ranks.mean_difference(words, groups == "A", what="TMB")
    numbers = pd.Series([1.0, 2, 3], ids, name="TMB")
    with pytest.raises(UserError, match="row T3: 'B' is neither True nor False"):
        ranks.mean_difference(numbers, pd.Series([True, False, "B"], ids), what="TMB")
    with pytest.raises(UserError, match="groups 'subtype' are object"):
        ranks.pairwise_rank_sums(numbers, groups.astype(object))
    with pytest.raises(UserError, match="row T1: the row label stands twice"):
        ranks.pairwise_rank_sums(numbers.set_axis(["T1", "T1", "T3"]), groups)
    with pytest.raises(UserError, match="groups, row T3: the sample is not among the values"):
        ranks.long_table(numbers.to_frame().drop(index="T3"), groups)


@pytest.mark.parametrize("name", PAIRS)
def test_spearmans_correlation_is_rs_cor_test(name):
    """Counted up to 9 pairs, Edgeworth's series beyond, the t distribution with ties."""
    one, other = (pd.Series(golden.numbers(PAIRS[name][side])) for side in ("one", "other"))
    rho, p, n = ranks.spearman(one, other)
    assert n == len(one) and rho == pytest.approx(PAIRS[name]["rho"], rel=1e-9, abs=1e-12)
    assert p == pytest.approx(PAIRS[name]["rho_p"], rel=1e-9)
    assert ranks.spearman(-one, other)[0] == pytest.approx(-rho, abs=1e-12)


def test_spearmans_correlation_needs_three_rows_and_two_values():
    assert ranks.spearman(pd.Series([1.0, 2, 3]), pd.Series([2.0, 1, np.nan]))[2] == 2
    assert math.isnan(ranks.spearman(pd.Series([1.0, 1, 1, 1]), pd.Series([2.0, 1, 3, 4]))[0])
    with pytest.raises(UserError, match="column 'other', row 1: 'x' is no number"):
        ranks.spearman(pd.Series([1.0, 2, 3]), pd.Series([1.0, "x", 3], dtype=object))


# --- two samples as a shift or a ratio, several samples at once


def two(case: dict) -> tuple[pd.Series, pd.Series]:
    """Both samples as values and marks."""
    sides = [golden.numbers(case[side]) for side in ("one", "other")]
    marked = [True] * len(sides[0]) + [False] * len(sides[1])
    return pd.Series(np.concatenate(sides)), pd.Series(marked)


def test_the_r_script_of_two_samples_run_again_gives_the_tracked_golden(rscript):
    golden.agree({**golden.write_again(rscript, "two_samples"), "versions": None}, {**TWO_SAMPLES, "versions": None})


@pytest.mark.parametrize("name", TWO_SAMPLES["shifts"])
def test_the_shift_and_its_limits_are_those_of_rs_wilcox_test(name):
    case = TWO_SAMPLES["shifts"][name]
    values, marked = two(case)
    found = ranks.rank_shift(values, marked, what="density")
    assert (found.value, found.lower, found.upper) == pytest.approx(tuple(case["at_95"]), rel=1e-9, abs=1e-12)
    assert (found.lower_90, found.upper_90) == pytest.approx(tuple(case["at_90"][1:]), rel=1e-9, abs=1e-12)
    assert found.p == pytest.approx(case["p"], rel=1e-9)
    assert found.smallest == min(len(case["one"]), len(case["other"]))
    other_way = ranks.rank_shift(values, ~marked, what="density")
    assert (other_way.lower, other_way.upper) == pytest.approx((-found.upper, -found.lower))


@pytest.mark.parametrize("name", TWO_SAMPLES["several"])
def test_several_samples_are_compared_as_rs_kruskal_test_does(name):
    case = TWO_SAMPLES["several"][name]
    group = pd.Series(pd.Categorical(case["group"]))
    statistic, df, p = ranks.kruskal_wallis(pd.Series(golden.numbers(case["values"])), group)
    assert (statistic, df, p) == pytest.approx((case["statistic"], case["df"], case["p"]), rel=1e-9)


def test_a_group_of_one_is_left_out_of_several_where_a_group_needs_more():
    group = pd.Series(pd.Categorical(["ABC"] + ["GCB"] * 4 + ["Unclassified"] * 4))
    values = pd.Series([90.0, 1, 2, 3, 4, 5, 6, 7, 8])
    assert ranks.kruskal_wallis(values, group)[1] == 2
    assert ranks.kruskal_wallis(values, group, min_group=2)[1:] == pytest.approx(
        (1, stats.kruskal([1, 2, 3, 4], [5, 6, 7, 8]).pvalue)
    )
    assert math.isnan(ranks.kruskal_wallis(values, group, min_group=5)[2])
    assert math.isnan(ranks.kruskal_wallis(pd.Series([1.0] * 9), group)[2])


def test_a_ratio_is_the_exponential_of_the_shift_of_the_logarithms():
    case = TWO_SAMPLES["shifts"]["8_26_0.7"]
    values, marked = two(case)
    found = ranks.rank_shift(np.exp(values), marked, what="density", ratio=True)
    assert (found.value, found.lower, found.upper) == pytest.approx(np.exp(case["at_95"]), rel=1e-9)
    assert found.scale == "ratio" and found.p == pytest.approx(case["p"], rel=1e-9)


def test_a_density_of_zero_is_below_every_other_and_like_another_zero():
    """By hand: ratios 0/0 (taken as 1) twice over, 3/0 and 6/0 without bound, of 2 × 4; 0/4, 0/8 are 0."""
    values = pd.Series([0.0, 3, 6, 0, 0, 4, 8])
    marked = pd.Series([True, True, True, False, False, False, False])
    found = ranks.rank_shift(values, marked, what="density", ratio=True)
    ratios = sorted([1, 1, 0, 0, math.inf, math.inf, 3 / 4, 3 / 8, math.inf, math.inf, 6 / 4, 6 / 8])
    assert found.value == pytest.approx(math.sqrt(ratios[5] * ratios[6]))
    assert found.lower == 0 and found.upper == math.inf


def test_groups_too_small_for_the_level_have_no_bound_and_one_value_has_no_ratio():
    found = ranks.rank_shift(pd.Series([1.0, 2, 3, 4, 5, 6]), pd.Series([True] * 3 + [False] * 3), what="density")
    assert (found.lower, found.upper) == (-math.inf, math.inf)  # 1 of 20 orders is more than 2.5%
    assert (found.lower_90, found.upper_90) == (-math.inf, math.inf)
    still = ranks.rank_shift(pd.Series([0.0] * 9), pd.Series([True] * 4 + [False] * 5), what="Tregs", ratio=True)
    assert still.value is None and still.note == "Tregs does not vary"
    few = ranks.rank_shift(pd.Series([1.0, 2, 3]), pd.Series([True, False, False]), what="Tregs")
    assert few.value is None and "1 and 2 patients" in few.note
    with pytest.raises(UserError, match="Tregs, row 0: is negative"):
        ranks.rank_shift(pd.Series([-1.0, 2, 3, 4]), pd.Series([True, True, False, False]), what="Tregs", ratio=True)
