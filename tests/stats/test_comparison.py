"""Survival of groups side by side: what compare() does with R's example data and at the edges."""

import math
import warnings

import pandas as pd
import pytest

from lcnec_utils.core.errors import MissingData
from lcnec_utils.stats import comparison, cox, survival
from lcnec_utils.studies import words
from tests.stats.survival_tables import NAN, same, small, table_of, with_few


def test_pairs_are_of_the_groups_asked_about_that_are_large_enough():
    table, more = with_few()
    more["group"] = more["group"].astype("category")
    every = comparison.pairwise_hazard_ratios(more, group="group", min_group=3)
    assert len(every) == 3 and all(finding.value for finding in every)
    (found,) = comparison.pairwise_hazard_ratios(more, group="group", min_group=3, only=["a", "c", "rare"])
    right = cox.cox(table[table["group"] != "b"], covariates=["group"]).iloc[0]
    same([found.value, found.lower, found.upper], right[["hr", "lower", "upper"]], 1e-9)
    for only in (["a", "rare"], ["rare", "nobody"], ["x", "y"], ["a"]):
        (none,) = comparison.pairwise_hazard_ratios(more, group="group", min_group=3, only=only)
        assert none.value is None and none.note.startswith("a comparison needs at least 3 patients each of ")
        assert not none.note.endswith(".")
    (few,) = comparison.pairwise_hazard_ratios(more, group="group", min_group=3, only=["a", "rare"])
    assert few.note == (
        "a comparison needs at least 3 patients each of a and rare, and here is a (n = 8) and rare (n = 2)"
    )


@pytest.mark.parametrize(
    ("longest", "ticks"), [(5, [0, 1, 2, 3, 4, 5]), (24, [0, 6, 12, 18, 24]), (60, [0, 12, 24, 36, 48, 60])]
)
def test_time_ticks_are_round_months(longest, ticks):
    assert comparison.time_ticks(longest) == ticks


@pytest.mark.parametrize("longest", [0, 0.5, 7, 36, 83.9, 300, 1500])
def test_time_ticks_start_at_0_are_few_and_do_not_pass_the_end(longest):
    ticks = comparison.time_ticks(longest)
    assert ticks[0] == 0 and len(ticks) <= 8
    assert ticks[-1] <= max(longest, 1) * 1.02


def test_compare_puts_together_curves_medians_tests_and_ratios():
    table = table_of("aml")
    found = comparison.compare(table, group="x")
    pd.testing.assert_frame_equal(found.curve, survival.kaplan_meier(table, group="x"))
    pd.testing.assert_frame_equal(found.medians, survival.medians(table, group="x"))
    assert found.log_rank == survival.log_rank(table, group="x")
    assert list(found.ratios["group"]) == ["Nonmaintained"]
    same(found.ratios["hr"], cox.cox(table, covariates=["x"])["hr"], 1e-12)
    assert (found.tested, found.small, found.dropped, found.total) == (["Maintained", "Nonmaintained"], [], 0, 23)


def test_compare_sentence_and_notes_print_the_figures_of_r():
    found = comparison.compare(table_of("aml"), group="x")
    assert words.comparison_sentence(found) == (
        "Median survival, months (95% CI): Maintained 31.0 (18.0–NR) (n = 11, 7 events); "
        "Nonmaintained 23.0 (8.0–NR) (n = 12, 11 events); log-rank p = 0.07; median follow-up 161.0 months."
    )
    assert found.notes() == [
        "Log-rank p = 0.07",
        "HR 2.50 (0.92–6.81), p = 0.07",
        "HR: reference Maintained",
        "HR > 1: shorter survival",
    ]


def test_a_reader_sees_follow_up_and_landmark_rates_as_r_gives_them():
    """R's survfit(Surv(time, 1 - status) ~ x, aml) and summary(survfit(Surv(time, status) ~ x, aml), times = )."""
    read = comparison.as_read(comparison.compare(table_of("aml"), group="x").summary())
    maintained = read.loc["Maintained"]
    assert list(maintained[["n", "events", "censored"]]) == [11, 7, 4]
    assert maintained["median follow-up, months"] == "103.0"
    assert read.at["Nonmaintained", "median follow-up, months"] == "NR"
    assert maintained["at 12 months, % (95% CI)"] == "91 (75–100)"
    assert list(read["at 24 months, % (95% CI)"]) == ["61 (38–100)", "49 (27–88)"]
    assert list(read["HR (95% CI)"]) == ["–", "2.50 (0.92–6.81)"]


def test_a_rate_past_the_last_time_is_a_dash_and_several_comparisons_keep_their_names():
    table = small([1, 2, 3, 20], [1, 1, 0, 1], group=["a", "a", "b", "b"])
    both = {"one": comparison.compare(table, group="group"), "two": comparison.compare(table, group="group")}
    read = comparison.as_read(comparison.stack(both, name="marker")[0])
    assert list(read.index.names) == ["marker", "group"] and len(read) == 4
    assert read.loc[("two", "a"), "at 12 months, % (95% CI)"] == "–"
    assert set(read["at 24 months, % (95% CI)"]) == {"–"}


def test_compare_summary_has_a_row_per_group_and_no_ratio_for_the_reference():
    table = comparison.compare(table_of("lung", ["ph.ecog"]), group="ph.ecog").summary().set_index("group")
    # the one patient with ph.ecog 3 is shown, and neither tested nor in the model
    assert list(table["tested"]) == [True, True, True, False]
    assert list(table["hr"].isna()) == [True, False, False, True]
    three = table_of("lung", ["ph.ecog"])
    three = three[three["ph.ecog"].isin(["0", "1", "2"])]
    assert set(table["log_rank_p"]) == {survival.log_rank(three, group="ph.ecog").p}
    assert set(table["log_rank_df"]) == {2}
    same(table.loc[["1", "2"], "hr"], cox.cox(three, covariates=["ph.ecog"])["hr"], 1e-12)


def test_compare_counts_patients_without_group_time_or_event_as_dropped():
    table = small([1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 1, 1], group=["a", "b", None, "a", "b", "a"])
    table.loc[5, "months"] = NAN
    found = comparison.compare(table, group="group")
    assert (found.dropped, found.total, found.medians["n"].sum()) == (2, 6, 4)
    assert words.comparison_sentence(found).endswith("2 of 6 patients lack the endpoint or the group and are left out.")
    table.attrs["dropped"] = 4
    assert (comparison.compare(table, group="group").dropped, comparison.compare(table, group="group").total) == (6, 10)
    assert comparison.compare(table, group="group", total=20).dropped == 16


def test_compare_leaves_out_a_patient_whose_event_is_unknown():
    table = small([1, 2, 3, 4, 5], [1, 1, 0, 1, 1], group=list("ababa")).astype({"event": object})
    table.loc[4, "event"] = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = comparison.compare(table, group="group")
    assert (found.dropped, list(found.medians["events"])) == (1, [1, 2])


def test_compare_where_nobody_is_left_says_what_is_missing():
    table = small([1, 2], [1, 0], smoking_status=[None, None])
    with pytest.raises(MissingData, match="no patient has both overall survival and smoking status"):
        comparison.compare(table, group="smoking_status", endpoint="overall survival")
    with pytest.raises(MissingData):
        comparison.compare(table.iloc[:0], group="smoking_status")


def test_compare_shows_a_group_under_min_group_and_does_not_test_it():
    table = table_of("ties")
    extra = small([2, 4], [1, 1], group=["rare", "rare"])
    found = comparison.compare(pd.concat([table, extra], ignore_index=True), group="group", min_group=3)
    assert (found.tested, found.small) == (["a", "b", "c"], ["rare"])
    assert "rare" in set(found.curve["group"]) and "rare" in set(found.medians["group"])
    assert list(found.ratios["group"]) == ["b", "c"]
    assert found.log_rank == survival.log_rank(table, group="group")
    assert found.notes()[-1] == "rare: too few to test"


def test_compare_where_every_group_is_too_small_still_shows_them():
    found = comparison.compare(small([1, 2, 3], [1, 1, 0], group=list("abc")), group="group")
    assert (found.tested, found.small, len(found.ratios)) == ([], ["a", "b", "c"], 0)
    assert math.isnan(found.log_rank.p)
    assert found.notes()[0] == "Log-rank p not estimable"
    assert len(found.summary()) == 3


def test_compare_keeps_the_order_of_categories_and_drops_the_empty_ones():
    order = ["late", "never", "early"]
    table = small([1, 2, 3, 4, 5, 6], [1] * 6, group=pd.Categorical(["early", "late"] * 3, order))
    found = comparison.compare(table, group="group")
    assert found.tested == list(found.medians["group"]) == list(found.at_risk.index) == ["late", "early"]
    assert list(found.ratios["term"]) == ["group: early vs late"]


def test_compare_of_numbered_groups_keeps_numeric_order():
    table = small(range(1, 7), [1] * 6, group=[10, 2, 10, 2, 10, 2])
    assert comparison.compare(table, group="group").tested == ["2", "10"]


def test_compare_of_one_group_has_a_curve_and_no_test():
    found = comparison.compare(small([1, 2, 3], [1, 0, 1], group=["a"] * 3), group="group")
    assert (found.tested, len(found.ratios), len(found.curve)) == (["a"], 0, 3)
    assert math.isnan(found.log_rank.p)
    assert found.notes() == ["Log-rank p not estimable"]
    assert math.isnan(found.summary()["hr"].item())


def test_compare_without_events_estimates_nothing_and_prints_it():
    found = comparison.compare(small([1, 2, 3, 4], [0] * 4, group=list("abab")), group="group")
    assert math.isnan(found.log_rank.p) and found.ratios["hr"].isna().all()
    assert found.ratios["note"].str.startswith("not estimable").all()
    assert "a NR (NR–NR) (n = 2, 0 events)" in words.comparison_sentence(found)


def test_compare_with_one_event_tests_it_and_estimates_no_ratio():
    # the hand's sum: at the event 5 are at risk, 3 of b; (1 − 3/5)² / (3/5 · 2/5) = 2/3
    found = comparison.compare(small([1, 2, 3, 4, 5, 6], [0, 1, 0, 0, 0, 0], group=list("ababab")), group="group")
    assert found.log_rank.chi_squared == pytest.approx(2 / 3)
    assert found.ratios["hr"].isna().all()
    assert found.ratios["note"].item() == "not estimable: a level has no event"


def test_compare_of_groups_that_time_separates_still_tests_and_draws():
    found = comparison.compare(small([1, 2, 3, 4, 5, 6], [1] * 6, group=list("aaabbb")), group="group")
    assert found.log_rank.p < 0.05
    assert found.ratios["hr"].isna().all()


def test_stacked_comparisons_are_one_table_each_with_their_name_first():
    both = {name: comparison.compare(table_of("ties"), group="group", endpoint=name) for name in ("OS", "PFS")}
    summary, curve = comparison.stack(both, name="endpoint")
    assert summary.columns[0] == curve.columns[0] == "endpoint"
    assert list(summary["endpoint"]) == ["OS"] * 3 + ["PFS"] * 3
    assert len(curve) == 2 * len(both["OS"].curve)
    text = words.comparison_sentences(both)
    assert text.startswith("**OS.** Median OS, months") and " **PFS.** Median PFS, months" in text


def test_a_comparison_shows_itself_with_the_figures_that_r_prints():
    """survfit, survdiff and coxph of R's aml by maintenance."""
    found = comparison.compare(table_of("aml"), group="x", endpoint="overall survival")
    lines = repr(found).split("\n")
    assert lines[0] == "Overall survival: 23 patients"
    assert lines[2].split() == ["Maintained", "11", "7", "4", "31.0", "(18.0–NR)", "reference", "–"]
    assert lines[3].split()[:5] == ["Nonmaintained", "12", "11", "1", "23.0"]
    assert "2.50 (0.92–6.81) p = 0.07" in lines[3]
    assert lines[4] == "Log-rank test: chi-squared 3.40, 1 df, p = 0.07"
    shown = found._repr_html_()
    assert all(text in shown for text in ("2.50 (0.92–6.81)", "31.0 (18.0–NR)", "chi-squared 3.40", "HR &gt; 1"))


def test_what_a_comparison_shows_says_who_is_left_out_and_too_few_and_escapes_names():
    _, more = with_few()
    more = more.assign(group=more["group"].replace({"a": "<b>"}), months=more["months"].where(more.index > 0))
    found = comparison.compare(more, group="group", min_group=3)
    assert repr(found).startswith("Survival: 25 patients; 1 of 26 left out\n")
    assert "too few to test" in repr(found) and "<b>" in repr(found)
    assert "&lt;b&gt;" in found._repr_html_()
    one = comparison.compare(small([1, 2, 3], [1, 0, 1], group=["a"] * 3), group="group")
    assert "Log-rank test: p not estimable" in repr(one) and "HR > 1" not in repr(one)
