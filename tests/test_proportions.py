"""Shares, their intervals and their tests against R's prop.test, p.adjust, chisq.test and fisher.test."""

import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lcnec_utils import proportions, resistance, survival

GOLDEN = json.loads((Path(__file__).parent / "reference" / "survival.json").read_text())
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
    assert proportions.wilson(k, n, level) == pytest.approx((lower, upper), rel=1e-10, abs=1e-14)


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


# ---- sentences ----


def test_sentence_names_the_rows_that_differ_strongest_first():
    rows = counts([25, 85, 60, 90], [1, 85, 70, 90], [30, 85, 35, 90], names=["KRAS", "RB1", "TP53"])
    sentence = proportions.differing_sentence(proportions.compare_shares(rows), "gene", "LCNEC", "SCLC")
    assert sentence.startswith("2 of 3 genes tested differ at a false discovery rate of 5%: RB1 1/85 (1%) in LCNEC, ")
    assert "; KRAS 25/85 (29%) in LCNEC, 60/90 (67%) in SCLC (p < 0.0001, adjusted p < 0.0001)." in sentence
    assert "TP53" not in sentence


def test_sentence_gives_the_smallest_p_where_none_differs():
    rows = counts([25, 85, 30, 90], [40, 85, 42, 90], names=["KRAS", "TP53"])
    table = proportions.compare_shares(rows)
    sentence = proportions.differing_sentence(table, "gene", "LCNEC", "SCLC")
    assert sentence.startswith("0 of 2 genes tested differ at a false discovery rate of 5%; the smallest p is of KRAS")


def test_sentence_where_nothing_could_be_tested():
    table = proportions.compare_shares(counts([0, 85, 0, 90]))
    assert proportions.differing_sentence(table, "gene", "LCNEC", "SCLC") == "No gene could be tested."


# ---- groups of few ----


def grouped(**sizes: int) -> pd.Series:
    words = [name for name, n in sizes.items() for _ in range(n)]
    return pd.Series(pd.Categorical([*words, None], [*sizes, "nobody"]))


def test_groups_are_parted_by_their_size_in_the_order_of_their_categories():
    groups = grouped(late=5, rare=4, early=9)
    assert proportions.levels(groups) == ["late", "rare", "early"]
    assert proportions.by_size(groups, 5) == (["late", "early"], {"rare": 4})
    assert proportions.by_size(groups.astype(object), 5) == (["early", "late"], {"rare": 4})
    table = pd.DataFrame({"group": groups, "x": range(len(groups))})
    table.attrs["dropped"] = 3
    kept = proportions.of_size(table, "group", 5)
    assert list(kept["group"].cat.categories) == ["late", "early"] and len(kept) == 14
    assert kept.attrs == {"dropped": 3}


def test_what_is_not_tested_is_said_with_its_number():
    assert proportions.small_sentence({}, 5) == ""
    assert proportions.small_sentence({"Unclassified": 1}, 5) == (
        "Unclassified (n = 1) is shown, not tested: fewer than 5 patients."
    )
    assert proportions.small_sentence({"a": 1, "b": 2, "c": 4}, 5) == (
        "a (n = 1), b (n = 2) and c (n = 4) are shown, not tested: fewer than 5 patients."
    )


def test_shares_are_compared_between_the_groups_asked_about_that_are_large_enough():
    groups = grouped(a=6, b=7, rare=2, other=9)
    hit = pd.DataFrame({"hit": pd.Series([True, False] * 12 + [None], dtype="boolean")})
    (found,) = proportions.pairs_of_shares(hit, groups, "hit", 5, ["a", "b", "rare"])
    assert found.value == pytest.approx(3 / 6 - 4 / 7) and found.n == 13
    (none,) = proportions.pairs_of_shares(hit, groups, "hit", 5, ["a", "rare"])
    assert none.value is None and "rare (n = 2)" in none.note
    # the group is large, and few of it were tested
    hit.loc[:3, "hit"] = None
    (few,) = proportions.pairs_of_shares(hit, groups, "hit", 5, ["a", "b"])
    assert few.note == "hit is known of 2 and 7 patients on the two sides, and a comparison needs 5 of each"


def test_a_row_with_few_on_a_side_is_not_tested():
    table = proportions.compare_shares(counts([3, 4, 10, 40], [10, 40, 20, 40]), min_group=5)
    assert math.isnan(table["p"].iloc[0]) and table["p_adjusted"].iloc[1] == table["p"].iloc[1]


def test_means_of_few_are_not_compared():
    values = pd.Series([1.0, 2, 3, 4, 5, 6, 7, 9])
    marked = pd.Series([True] * 3 + [False] * 5, dtype="boolean")
    assert proportions.mean_difference(values, marked, "burden").value is not None
    assert proportions.mean_difference(values, marked, "burden", 5).note.startswith("burden is known of 3 and 5")


# ---- what reviews quote of patients on checkpoint blockade ----


def treated(n: int, mutated: int) -> tuple[pd.DataFrame, SimpleNamespace]:
    """Patients on checkpoint blockade, so many of them with every mutation, and their marks."""
    ids = pd.Index([f"P{i}" for i in range(n)])
    has = pd.Series(np.arange(n) < mutated, ids)
    half = pd.Series(np.arange(n) % 2 == 0, ids, dtype="boolean")
    genes, third = ["STK11", "KEAP1", "KRAS", "EGFR", "TP53"], np.arange(n) % 3
    alleles = {name: has & (third == i % 3) for i, name in enumerate(resistance.ALLELES)}
    marks = SimpleNamespace(
        mutated=pd.DataFrame(dict.fromkeys(genes, has)).astype("boolean"),
        alleles=pd.DataFrame(alleles).astype("boolean"),
        markers=pd.DataFrame({"TMB high": half, "PD-L1 positive": ~half}),
        loss=half, histology=pd.Series(["LUAD", "LUSC", None] * n, dtype=object)[:n].set_axis(ids),
        burden=pd.Series(np.arange(n, dtype=float), ids), benefit=pd.Series(["YES", "NO"] * n)[:n].set_axis(ids),
    )  # fmt: skip
    months = np.random.default_rng(3).exponential(6, n)
    return pd.DataFrame({"months": months, "event": True}, ids), marks


@pytest.mark.parametrize("mutated", [3, 30])
def test_what_reviews_quote_hangs_on_no_side_of_few(mutated):
    table, marks = treated(60, mutated)
    contrasts = resistance.contrasts_of(marks)
    effects = survival.cox_each(table.join(contrasts), list(contrasts), 5)
    found = resistance.quoted(effects, contrasts, marks, 5)
    of_sides = ["pfs.stk11", "efficacy.egfr", "pfs.kras_g12d", "response.egfr_pd1", "pdl1.keap1", "tmb.exon19_l858r"]
    of_carriers = ["kras_g12c.most_prevalent", "kras_stk11.share"]
    for name in [*of_sides, *of_carriers]:
        assert (found[name].value is None) == (mutated == 3), name
        assert found[name].value is not None or "5" in found[name].note
    assert found["stk11.ricciuti"].value == pytest.approx(100 * mutated / 60), "a share of all 60"


def test_who_has_no_histology_is_not_taken_for_non_squamous():
    _, marks = treated(60, 30)
    contrast = resistance.contrasts_of(marks)["9p21 deleted, non-squamous"]
    assert contrast.notna().equals(marks.histology == "LUAD")
