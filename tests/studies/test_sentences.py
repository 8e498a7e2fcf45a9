"""Sentences that several notebooks share, against tables made by hand."""

import pandas as pd

from lcnec_utils.stats import comparison, cox, proportions, ranks
from lcnec_utils.studies import words
from tests.stats.survival_tables import NAN, small, table_of, with_few


def counts(*rows, names=None) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["k_1", "n_1", "k_2", "n_2"], index=names)


def test_sentence_names_the_rows_that_differ_strongest_first():
    rows = counts([25, 85, 60, 90], [1, 85, 70, 90], [30, 85, 35, 90], names=["KRAS", "RB1", "TP53"])
    sentence = words.differing_shares_sentence(proportions.compare_shares(rows), "gene", "LCNEC", "SCLC")
    assert sentence.startswith("2 of 3 genes tested differ at a false discovery rate of 5%: RB1 1/85 (1%) in LCNEC, ")
    assert "; KRAS 25/85 (29%) in LCNEC, 60/90 (67%) in SCLC (p < 0.0001, adjusted p < 0.0001)." in sentence
    assert "TP53" not in sentence


def test_sentence_gives_the_smallest_p_where_none_differs():
    rows = counts([25, 85, 30, 90], [40, 85, 42, 90], names=["KRAS", "TP53"])
    table = proportions.compare_shares(rows)
    sentence = words.differing_shares_sentence(table, "gene", "LCNEC", "SCLC")
    assert sentence.startswith("0 of 2 genes tested differ at a false discovery rate of 5%; the smallest p is of KRAS")


def test_sentence_where_nothing_could_be_tested():
    table = proportions.compare_shares(counts([0, 85, 0, 90]))
    assert words.differing_shares_sentence(table, "gene", "LCNEC", "SCLC") == "No gene could be tested."


def test_what_is_not_tested_is_said_with_its_number():
    assert words.small_groups_sentence({}, min_group=5) == ""
    assert words.small_groups_sentence({"Unclassified": 1}, min_group=5) == (
        "Unclassified (n = 1) is shown, not tested: fewer than 5 patients."
    )
    assert words.small_groups_sentence({"a": 1, "b": 2, "c": 4}, min_group=5) == (
        "a (n = 1), b (n = 2) and c (n = 4) are shown, not tested: fewer than 5 patients."
    )


def test_shares_are_said_by_thing_and_who_was_not_tested():
    flags = pd.DataFrame({"TMB high": pd.array([True, False, True], "boolean"), "MMR deficient": [None] * 3})
    table = proportions.shares(flags, pd.Series(pd.Categorical(["A", "A", "B"])))
    assert words.shares_sentence(table) == "TMB high: A 1/2 (50%), B 1/1 (100%). MMR deficient: nobody was tested."


def test_medians_of_pairs_are_said_with_p():
    groups = pd.Series(pd.Categorical(list("AAABBB")))
    tests = ranks.pairwise_rank_sums(pd.Series([1.0, 2, 3, 7, 8, 9]), groups)
    assert words.pairwise_medians_sentence(tests, "DLL3") == (
        "Median DLL3: A 2.00 and B 8.00 (p = 0.10); Wilcoxon rank-sum test."
    )
    alone = ranks.pairwise_rank_sums(pd.Series([1.0]), groups.iloc[:1].cat.remove_unused_categories())
    assert words.pairwise_medians_sentence(alone, "burden") == "Burden: one group, nothing to compare."


# ---- survival ----


def forest(*rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["term", "n", "events", "hr", "lower", "upper"])


def test_forest_sentence_names_the_terms_whose_interval_excludes_1():
    table = forest(
        ("KRAS", 85, 60, 1.85, 1.214, 2.836),
        ("TP53", 85, 60, 1.1, 0.7, 1.7),
        ("RB1", 80, 58, 0.5, 0.3, 0.9),
        ("rare", 85, 60, NAN, NAN, NAN),
    )
    assert words.forest_sentence(table) == (
        "2 of 3 hazard ratios have a 95% interval that excludes 1: "
        "KRAS 1.85 (1.21–2.84); RB1 0.50 (0.30–0.90) (n = 85, 60 events)."
    )
    assert words.forest_sentence(table[table["term"] != "RB1"]).startswith(
        "1 of 2 hazard ratios has a 95% interval that excludes 1: KRAS"
    )


def test_forest_sentence_says_where_no_interval_excludes_1():
    table = forest(("TP53", 85, 60, 1.1, 0.7, 1.7), ("RB1", 85, 60, 1.2, 1.0, 1.4))
    assert words.forest_sentence(table) == (
        "None of 2 hazard ratios has a 95% interval that excludes 1 (n = 85, 60 events)."
    )


def test_forest_sentence_of_an_empty_table_has_no_nan():
    assert "nan" not in words.forest_sentence(cox.cox(table_of("lung"), covariates=[]))


def test_the_sentences_name_what_is_shown_and_not_tested():
    _, more = with_few(months=(2,), event=(1,))
    compared = comparison.compare(more, group="group", min_group=3)
    assert words.comparison_sentence(compared).endswith("rare (n = 1) is shown, not tested: fewer than 3 patients.")
    assert "rare" not in set(compared.ratios["group"])
    table = table_of("lung").assign(woman=lambda lung: lung["sex"] == 2, rare=[True] + [False] * 227)
    effects = cox.univariable_cox(table, markers=["woman", "rare"], min_group=5)
    assert words.forest_sentence(effects).endswith(" Not estimated: rare (fewer than 5 patients on a side).")


def test_one_patient_left_out_is_said_in_the_singular():
    table = small([1, 2, 3, 4, 5], [1, 1, 1, 0, 1], group=["a", "b", None, "a", "b"])
    assert words.comparison_sentence(comparison.compare(table, group="group")).endswith(
        "1 of 5 patients lacks the endpoint or the group and is left out."
    )
