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
