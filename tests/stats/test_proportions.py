"""Shares, their intervals and their tests against R's prop.test, p.adjust, chisq.test and fisher.test."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import UserError
from lcnec_utils.stats import proportions

GOLDEN = json.loads((Path(__file__).parent.parent / "reference" / "survival.json").read_text())
NAN = float("nan")
COLUMNS = ["k_1", "n_1", "k_2", "n_2"]


def counts(*rows, names=None) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS, index=names)


# ---- against R ----


INTERVALS = [
    (each["level"], *values)
    for each in GOLDEN["intervals"]
    for values in zip(each["k"], each["n"], each["lower"], each["upper"], strict=True)
]


@pytest.mark.parametrize(("level", "k", "n", "lower", "upper"), INTERVALS)
def test_wilson_interval_is_that_of_prop_test_without_correction(level, k, n, lower, upper):
    assert proportions.wilson(k, n, level=level) == pytest.approx((lower, upper), rel=1e-10, abs=1e-14)


def test_wilson_interval_of_none_and_of_all_stays_between_0_and_1():
    for n in range(1, 300):
        assert proportions.wilson(0, n)[0] == pytest.approx(0, abs=1e-15) and proportions.wilson(0, n)[0] >= 0
        assert proportions.wilson(n, n)[1] == pytest.approx(1, abs=1e-15) and proportions.wilson(n, n)[1] <= 1


def test_wilson_interval_of_nobody_is_missing():
    assert all(math.isnan(limit) for limit in proportions.wilson(0, 0))


@pytest.mark.parametrize("name", GOLDEN["adjusted"])
def test_benjamini_hochberg_is_that_of_p_adjust_with_missing_p(name):
    p, expected = (pd.Series(GOLDEN["adjusted"][name][key], dtype=float) for key in ("p", "adjusted"))
    np.testing.assert_allclose(proportions.benjamini_hochberg(p), expected, rtol=1e-12, atol=0)


def test_a_missing_p_does_not_count_as_a_test():
    p = pd.Series([0.01, NAN, 0.04], index=["TP53", "RB1", "KRAS"])
    adjusted = proportions.benjamini_hochberg(p)
    assert list(adjusted.index) == ["TP53", "RB1", "KRAS"]
    assert math.isnan(adjusted["RB1"])
    assert adjusted.dropna().to_dict() == pytest.approx({"TP53": 0.02, "KRAS": 0.04})


def test_no_p_at_all_gives_no_adjusted_p():
    assert proportions.benjamini_hochberg(pd.Series([], dtype=float)).empty


@pytest.mark.parametrize("i", range(len(GOLDEN["tables"]["k_1"])))
def test_two_shares_are_tested_by_chi_squared_or_where_an_expected_count_is_under_5_by_fisher(i):
    table = {name: values[i] for name, values in GOLDEN["tables"].items()}
    row = proportions.compare_shares(counts([table[name] for name in COLUMNS])).iloc[0]
    expected = ("Fisher", table["fisher"]) if table["least_expected"] < 5 else ("chi-squared", table["chi_squared"])
    assert row["test"] == expected[0]
    assert row["p"] == pytest.approx(expected[1], rel=1e-9)


def test_an_expected_count_of_exactly_5_is_enough_for_chi_squared():
    assert 5 in GOLDEN["tables"]["least_expected"]
    row = proportions.compare_shares(counts([8, 10, 2, 10])).iloc[0]
    assert row["test"] == "chi-squared" and row["p"] == pytest.approx(0.007290358091535635, rel=1e-9)


def test_swapping_the_groups_or_counting_those_without_gives_the_same_p():
    for values in zip(*(GOLDEN["tables"][name] for name in COLUMNS), strict=True):
        k_1, n_1, k_2, n_2 = values
        table = proportions.compare_shares(counts(values, (k_2, n_2, k_1, n_1), (n_1 - k_1, n_1, n_2 - k_2, n_2)))
        assert table["p"].nunique() == 1 or np.ptp(table["p"]) <= 1e-9 * table["p"].max()
        assert table["test"].nunique() == 1


# ---- tables of shares ----


def test_shares_come_with_their_wilson_limits_and_keep_the_rows_names():
    table = proportions.compare_shares(counts([25, 85, 0, 40], [1, 85, 40, 40], names=["TP53", "RB1"]))
    assert list(table.index) == ["TP53", "RB1"]
    assert table.loc["TP53", "share_1"] == 25 / 85 and table.loc["TP53", "share_2"] == 0
    for name in table.index:
        for side in (1, 2):
            limits = tuple(table.loc[name, [f"lower_{side}", f"upper_{side}"]])
            assert limits == proportions.wilson(table.loc[name, f"k_{side}"], table.loc[name, f"n_{side}"])


def test_p_is_adjusted_over_the_tested_rows_only():
    rows = counts([25, 85, 60, 90], [30, 85, 35, 90], [85, 85, 0, 90], [0, 85, 0, 90], names=["A", "B", "RB1", "none"])
    table = proportions.compare_shares(rows, untested=["RB1"])
    # RB1 defines the groups, and nobody has the last: neither is a test
    assert list(table["tested"]) == [True, True, False, True]
    assert list(table["test"]) == ["chi-squared", "chi-squared", "", ""]
    assert table.loc[["RB1", "none"], ["p", "p_adjusted"]].isna().all(axis=None)
    assert table.loc["A", "p_adjusted"] == pytest.approx(min(2 * table.loc["A", "p"], table.loc["B", "p"]))
    assert table.loc["RB1", "share_1"] == 1 and table.loc["RB1", "lower_1"] > 0.95


@pytest.mark.parametrize(
    "row",
    [(0, 0, 3, 10), (3, 10, 0, 0), (0, 0, 0, 0), (0, 5, 0, 9), (5, 5, 9, 9)],
    ids=lambda row: "-".join(map(str, row)),
)
def test_an_empty_group_or_no_difference_possible_has_no_test(row):
    found = proportions.compare_shares(counts(row)).iloc[0]
    assert found["test"] == "" and math.isnan(found["p"]) and math.isnan(found["p_adjusted"])
    for side, n in ((1, row[1]), (2, row[3])):
        assert math.isnan(found[f"share_{side}"]) == (n == 0)
        assert math.isnan(found[f"lower_{side}"]) == (n == 0)


def test_no_rows_give_an_empty_table():
    table = proportions.compare_shares(counts())
    assert table.empty and {"test", "p", "p_adjusted"} <= set(table.columns)


def test_other_columns_of_the_counts_are_kept():
    rows = counts([1, 10, 5, 10]).assign(note="kept")
    assert proportions.compare_shares(rows)["note"].item() == "kept"


# ---- groups of few ----


def grouped(**sizes: int) -> pd.Series:
    names = [name for name, n in sizes.items() for _ in range(n)]
    return pd.Series(pd.Categorical([*names, None], [*sizes, "nobody"]))


def test_groups_are_parted_by_their_size_in_the_order_of_their_categories():
    groups = grouped(late=5, rare=4, early=9)
    assert proportions.levels(groups) == ["late", "rare", "early"]
    assert proportions.split_by_size(groups, min_group=5) == (["late", "early"], {"rare": 4})
    assert proportions.split_by_size(groups.astype(object), min_group=5) == (["early", "late"], {"rare": 4})
    table = pd.DataFrame({"group": groups, "x": range(len(groups))})
    table.attrs["dropped"] = 3
    kept = proportions.keep_large_groups(table, group="group", min_group=5)
    assert list(kept["group"].cat.categories) == ["late", "early"] and len(kept) == 14
    assert kept.attrs == {"dropped": 3}


def test_shares_are_compared_between_the_groups_asked_about_that_are_large_enough():
    groups = grouped(a=6, b=7, rare=2, other=9)
    hit = pd.DataFrame({"hit": pd.Series([True, False] * 12 + [None], dtype="boolean")})
    (found,) = proportions.pairwise_share_differences(hit, groups, what="hit", min_group=5, only=["a", "b", "rare"])
    assert found.value == pytest.approx(3 / 6 - 4 / 7) and found.n == 13
    (none,) = proportions.pairwise_share_differences(hit, groups, what="hit", min_group=5, only=["a", "rare"])
    assert none.value is None and "rare (n = 2)" in none.note
    # the group is large, and few of it were tested
    hit.loc[:3, "hit"] = None
    (few,) = proportions.pairwise_share_differences(hit, groups, what="hit", min_group=5, only=["a", "b"])
    assert few.note == "hit is known of 2 and 7 patients on the two sides, and a comparison needs 5 of each"


def test_a_row_with_few_on_a_side_is_not_tested():
    table = proportions.compare_shares(counts([3, 4, 10, 40], [10, 40, 20, 40]), min_group=5)
    assert math.isnan(table["p"].iloc[0]) and table["p_adjusted"].iloc[1] == table["p"].iloc[1]


# ---- tables of more than two groups or levels ----


@pytest.mark.parametrize("i", range(0, len(GOLDEN["tables"]["k_1"]), 5))
def test_fishers_test_by_random_tables_is_rs_within_its_error(i):
    k_1, n_1, k_2, n_2, expected = (GOLDEN["tables"][name][i] for name in (*COLUMNS, "fisher"))
    # a third level that nobody has leaves R's table as it is, and is not 2 × 2
    p = proportions.fisher_exact([k_1, n_1 - k_1, 0], [k_2, n_2 - k_2, 0])
    assert p == pytest.approx(expected, abs=5 * (expected * (1 - expected) / 1e5) ** 0.5 + 1.1e-5)


def test_a_difference_of_shares_has_newcombes_published_intervals():
    """Newcombe, Stat. Med. 1998;17:873, Table II, method 10."""
    published = {(56, 70, 48, 80): (0.0524, 0.3339), (9, 10, 3, 10): (0.1705, 0.8090), (6, 7, 2, 7): (0.0582, 0.8062),
                 (5, 56, 0, 29): (-0.0381, 0.1926), (0, 10, 0, 20): (-0.1611, 0.2775),
                 (10, 10, 0, 10): (0.6075, 1.0)}  # fmt: skip
    for table, limits in published.items():
        assert proportions.share_difference_interval(*table) == pytest.approx(limits, abs=5.1e-5), table
    assert all(math.isnan(limit) for limit in proportions.share_difference_interval(0, 0, 3, 9))


# ---- what is refused ----


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: proportions.wilson(9, 8), "9 of 8: a part is larger than its whole"),
        (lambda: proportions.wilson(-1, 8), "k is -1; a count is a whole number"),
        (lambda: proportions.wilson(1, 2.5), "n is 2.5; a count is a whole number"),
        (lambda: proportions.wilson(NAN, 8), "k is nan; a count is a whole number"),
        (lambda: proportions.wilson(1, 8, level=95), "level is 95"),
        (lambda: proportions.compare_shares(counts([9, 8, 1, 8], names=["TP53"])), "row TP53: 9 of 8"),
        (lambda: proportions.compare_shares(counts([1, 8, NAN, 8], names=["TP53"])), "row TP53: k is nan"),
        (lambda: proportions.compare_shares(counts([1, 8, 1, 8]).drop(columns="n_2")), "no column 'n_2'"),
        (lambda: proportions.benjamini_hochberg(pd.Series([0.1, 1.2], ["TP53", "RB1"])), "p, row RB1: 1.2"),
        (lambda: proportions.holm(pd.Series([-0.1], ["RB1"])), "p, row RB1: -0.1"),
        (lambda: proportions.keep_large_groups(pd.DataFrame({"arm": ["A"]}), group="armm", min_group=1),
         "no column 'armm'; its columns are arm"),
    ],
)  # fmt: skip
def test_counts_that_cannot_be_are_refused_with_their_row(call, message):
    with pytest.raises(UserError, match=re.escape(message)) as error:
        call()
    assert "\n" not in str(error.value)


def test_flags_that_are_no_booleans_are_refused_with_their_row_and_0_and_1_are_read():
    groups = pd.Series(pd.Categorical(["A", "A", "B"]), ["P1", "P2", "P3"])
    flags = pd.DataFrame({"hit": [True, "no", None]}, groups.index)
    asked = [
        lambda: proportions.shares(flags, groups),
        lambda: proportions.share_difference(flags["hit"], groups == "A", what="hit"),
        lambda: proportions.pairwise_share_differences(flags, groups, what="hit"),
    ]
    for call in asked:
        with pytest.raises(UserError, match="column 'hit', row P2: 'no' is neither True nor False"):
            call()
    read = proportions.shares(pd.DataFrame({"hit": [1.0, 0, NAN]}, groups.index), groups)
    assert read[["k", "n"]].to_numpy().tolist() == [[1, 2], [0, 0]]


def test_groups_without_an_order_rows_that_stand_twice_and_shares_that_are_not_there_are_refused():
    groups = pd.Series(["A", "B"], ["P1", "P2"], name="arm")
    hit = pd.DataFrame({"hit": [True, False]}, groups.index)
    with pytest.raises(UserError, match="groups 'arm' are .*; make them categorical"):
        proportions.shares(hit, groups)
    twice = hit.set_axis(["P1", "P1"])
    with pytest.raises(UserError, match="column 'hit', row P1: the row label stands twice"):
        proportions.shares(twice, groups.astype("category"))
    table = proportions.shares(hit, groups.astype("category"))
    with pytest.raises(UserError, match="no share of 'hit' in the group 'C'; it has hit in A and hit in B"):
        proportions.share_finding(table, group="C", what="hit")
    with pytest.raises(UserError, match="no column 'hits'"):
        proportions.pairwise_share_differences(hit, groups.astype("category"), what="hits")
