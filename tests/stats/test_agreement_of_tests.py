"""Agreement of two tests, against scikit-learn and the formulas of the papers written out."""

import math
import random

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from lcnec_utils.core.errors import UserError
from lcnec_utils.stats.agreement import cohens_kappa, limits_of_agreement, pairwise_agreement


def fleiss_1969(both: int, first_only: int, second_only: int, neither: int) -> tuple[float, float]:
    """Kappa and its standard error by equations 1 and 13 of Fleiss, Cohen and Everitt, cell by cell."""
    n = both + first_only + second_only + neither
    p = [[both / n, first_only / n], [second_only / n, neither / n]]
    row, column = [sum(cells) for cells in p], [sum(cells) for cells in zip(*p, strict=True)]
    seen, chance = p[0][0] + p[1][1], row[0] * column[0] + row[1] * column[1]
    kappa = (seen - chance) / (1 - chance)
    on = sum(p[i][i] * ((1 - chance) - (row[i] + column[i]) * (1 - seen)) ** 2 for i in range(2))
    off = (1 - seen) ** 2 * sum(p[i][j] * (column[i] + row[j]) ** 2 for i in range(2) for j in range(2) if i != j)
    return kappa, math.sqrt((on + off - (seen * chance - 2 * chance + seen) ** 2) / n) / (1 - chance) ** 2


def test_kappa_and_its_limits_are_those_of_the_papers():
    rng = random.Random(4)
    for _ in range(60):
        counts = [rng.randint(0, 60) for _ in range(4)]
        both, first_only, second_only, neither = counts
        if not all((both + first_only, second_only + neither, both + second_only, first_only + neither)):
            continue
        kappa, se = fleiss_1969(*counts)
        limits = max(kappa - 1.959963984540054 * se, -1), min(kappa + 1.959963984540054 * se, 1)
        assert cohens_kappa(*counts) == pytest.approx((kappa, *limits), rel=1e-9, abs=1e-12)


def test_kappa_is_one_for_full_agreement_and_none_where_a_test_never_varies():
    assert cohens_kappa(3, 0, 0, 97) == pytest.approx((1, 1, 1))
    for counts in ((0, 0, 0, 50), (0, 0, 3, 50), (0, 4, 0, 50), (50, 0, 0, 0)):
        assert all(map(math.isnan, cohens_kappa(*counts)))


def test_pairs_of_tests_agree_as_often_as_counted_by_hand_and_as_scikit_learn_says():
    rng = np.random.default_rng(3)
    truth = rng.random(300) < 0.3
    wrong = {"a": 0.02, "b": 0.1, "c": 0.3}
    results = pd.DataFrame({name: truth ^ (rng.random(300) < share) for name, share in wrong.items()})
    results = results.astype("boolean").mask(rng.random((300, 3)) < 0.25)
    table = pairwise_agreement(results)
    assert list(zip(table["first"], table["second"], strict=True)) == [("a", "b"), ("a", "c"), ("b", "c")]
    for row in table.itertuples():
        pairs = [
            (bool(one), bool(other))
            for one, other in zip(results[row.first], results[row.second], strict=True)
            if one is not pd.NA and other is not pd.NA
        ]
        order = [(True, True), (True, False), (False, True), (False, False)]
        assert [row.both, row.first_only, row.second_only, row.neither] == [pairs.count(pair) for pair in order]
        agreed = sum(one == other for one, other in pairs) / len(pairs)
        assert (row.n, row.agreement) == (len(pairs), pytest.approx(agreed))
        # Wilson's limits are the shares from which the observed one lies 1.96 standard errors away
        for limit in (row.lower, row.upper):
            assert abs(agreed - limit) == pytest.approx(1.959963984540054 * math.sqrt(limit * (1 - limit) / row.n))
        assert row.kappa == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)))


def test_tests_never_made_on_one_tumour_have_no_agreement():
    results = pd.DataFrame({"stain": [True, None], "sequencing": [None, False]}, dtype="boolean")
    row = pairwise_agreement(results).iloc[0]
    assert row["n"] == 0 and row[["agreement", "lower", "upper", "kappa"]].isna().all()


def test_results_in_words_are_refused():
    with pytest.raises(UserError, match="neither True nor False"):
        pairwise_agreement(pd.DataFrame({"stain": ["dMMR"], "sequencing": ["MSS"]}))


# Peak expiratory flow, l/min, by two meters (first readings; Bland and Altman, Lancet 1986;327:307, table 1)
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


def test_limits_of_agreement_are_those_that_bland_and_altman_print():
    """Mean −2.1, sd 38.8, limits of the mean −22.0 and 17.8; a standard error of either limit of 16.3. They take 2 sd
    where 1.96 are taken here, so that their limits of −79.7 and 75.5 lie 0.04 sd further out."""
    result = limits_of_agreement(pd.Series(WRIGHT), pd.Series(MINI))
    assert (result.n, round(result.bias, 1), round(result.sd, 1)) == (17, -2.1, 38.8)
    assert [round(limit, 1) for limit in result.bias_limits] == [-22.0, 17.8]
    assert result.lower == pytest.approx(-79.7 + 0.04 * 38.8, abs=0.1)
    assert result.upper == pytest.approx(75.5 - 0.04 * 38.8, abs=0.1)
    assert (result.upper_limits[1] - result.upper) / 2.12 == pytest.approx(16.3, abs=0.05)


def test_limits_of_ratios_are_those_of_logarithms_and_zeros_are_counted():
    one, other = pd.Series([10.0, 20, 40, 0, None]), pd.Series([5.0, 20, 20, 3, 1])
    result, logs = limits_of_agreement(one, other, ratio=True), np.log([2.0, 1.0, 2.0])
    assert result.n == 3 and result.left_out == 1 and result.bias == pytest.approx(4 ** (1 / 3))
    assert result.upper == pytest.approx(math.exp(logs.mean() + 1.959964 * logs.std(ddof=1)), rel=1e-6)
    swapped = limits_of_agreement(other, one, ratio=True)
    assert swapped.bias == pytest.approx(1 / result.bias) and swapped.lower == pytest.approx(1 / result.upper)


def test_too_few_pairs_have_no_limits_and_bad_columns_are_refused():
    assert math.isnan(limits_of_agreement(pd.Series([1.0, 2.0]), pd.Series([1.0, 3.0])).bias)
    with pytest.raises(UserError, match="column 'other' is no numeric column"):
        limits_of_agreement(pd.Series([1.0, 2.0]), pd.Series(["1", "2"]))
    with pytest.raises(UserError, match="twice"):
        limits_of_agreement(pd.Series([1.0, 2.0], ["A", "A"]), pd.Series([1.0, 3.0], ["A", "B"]))
