"""Survival statistics against R's survival package on its own example data, and tables that are refused."""

import math

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.stats import comparison, cox, proportions, survival
from tests.golden import numbers
from tests.stats.survival_tables import GOLDEN, by_name, case_of, same, small, table_of, with_few

# A limit that rises again: R has two rules, and ours is the one that print(survfit) shows
RISES_AGAIN = {
    ("aml", "", "log", "0.5", "upper"): (45, 48),
    ("rising", "", "log", "0.75", "upper"): (9, 10),
    # few are there at the start
    ("heart", "transplant", "log-log", "0.75", "lower"): (5, 16),
}


@pytest.mark.parametrize("entry", GOLDEN["curves"], ids=by_name)
def test_curves_and_their_three_kinds_of_limits_are_those_of_survfit(entry):
    table, column = case_of(entry)
    for limits, bounds in entry["limits"].items():
        curve = survival.kaplan_meier(table, group=column, limits=limits)
        assert list(curve["group"]) == entry["group"]
        for name in ("months", "at_risk", "events", "censored"):
            assert list(curve[name]) == entry[name], name
        same(curve["survival"], entry["survival"], 1e-12)
        # where the curve is still 1 see the test of log-log limits before the first event
        known = (curve["survival"] < 1).to_numpy() if limits == "log-log" else np.full(len(curve), True)
        for name in ("lower", "upper"):
            same(curve[name][known], [value for value, use in zip(bounds[name], known, strict=True) if use], 1e-10)


def test_log_log_limits_before_the_first_event_are_missing_as_in_r():
    for entry in GOLDEN["curves"]:
        table, column = case_of(entry)
        curve = survival.kaplan_meier(table, group=column, limits="log-log")
        before = (curve["survival"] == 1).to_numpy()
        for name in ("lower", "upper"):
            theirs = numbers(entry["limits"]["log-log"][name])[before]
            assert np.isnan(theirs).all()
            same(curve.loc[before, name], theirs)


def rises_again(entry: dict, read: str, name: str) -> bool:
    return not entry["reverse"] and (entry["set"], entry["column"], entry["limits"], read, name) in RISES_AGAIN


@pytest.mark.parametrize("entry", GOLDEN["quantiles"], ids=by_name)
def test_medians_quartiles_and_their_limits_are_those_of_quantile_survfit(entry):
    table, column = case_of(entry)
    if entry["reverse"]:
        table = table.assign(event=~table["event"])
    for read, expected in entry["quantiles"].items():
        found = survival.medians(table, group=column, limits=entry["limits"], quantile=float(read))
        assert list(found["group"]) == entry["group"]
        assert list(found["n"]) == entry["n"]
        assert list(found["events"]) == entry["events"]
        for name in ("median", "lower", "upper"):
            if not rises_again(entry, read, name):
                same(found[name], expected[name], 1e-12)


@pytest.mark.parametrize("entry", GOLDEN["quantiles"], ids=by_name)
def test_medians_and_their_limits_are_those_that_print_survfit_shows(entry):
    table, column = case_of(entry)
    if entry["reverse"]:
        table = table.assign(event=~table["event"])
    found = survival.medians(table, group=column, limits=entry["limits"])
    ends = survival.kaplan_meier(table, group=column).groupby("group", sort=False)["survival"].last()
    # flat on one half to the end: quantile() takes the middle, print() the start, and ours is quantile's
    flat = np.isclose(ends, 0.5)
    same(found["median"], np.where(flat, entry["quantiles"]["0.5"]["median"], entry["printed"]["median"]), 1e-12)
    for name in ("lower", "upper"):
        same(found[name], entry["printed"][name], 1e-12)


@pytest.mark.parametrize("entry", [entry for entry in GOLDEN["quantiles"] if entry["reverse"]], ids=by_name)
def test_follow_up_is_the_reverse_kaplan_meier_median_of_r(entry):
    table, column = case_of(entry)
    found = survival.follow_up(table, group=column, limits=entry["limits"])
    assert list(found["events"]) == entry["events"], "the censored are the events of the reverse curve"
    for name in ("median", "lower", "upper"):
        same(found[name], entry["quantiles"]["0.5"][name], 1e-12)


@pytest.mark.parametrize("entry", GOLDEN["at_risk"], ids=by_name)
def test_numbers_at_risk_count_everyone_still_followed_at_the_time_as_summary_survfit(entry):
    table, column = case_of(entry)
    found = survival.numbers_at_risk(table, times=entry["times"], group=column)
    assert {str(group): list(row) for group, row in zip(found.index, found.to_numpy(), strict=True)} == entry["counts"]
    assert list(found.columns) == entry["times"]


@pytest.mark.parametrize("entry", GOLDEN["log_rank"], ids=by_name)
def test_log_rank_is_that_of_survdiff(entry):
    table, column = case_of(entry)
    found = survival.log_rank(table, group=column)
    assert found.chi_squared == pytest.approx(entry["chi_squared"], rel=1e-9, abs=1e-12)
    # R counts no degree of freedom for a group that has left before the first event
    assert found.degrees == entry["degrees"]
    assert found.p == pytest.approx(entry["p"], rel=1e-9)


@pytest.mark.parametrize("entry", GOLDEN["on_limit"], ids=lambda entry: f"{entry['set']} {entry['limits']}")
def test_a_limit_that_stays_level_at_the_value_read_has_its_middle_as_quantile_survfit(entry):
    for name, read in zip(("lower", "upper"), entry["read"], strict=True):
        found = survival.medians(table_of(entry["set"]), limits=entry["limits"], quantile=read)
        same(found[name], entry[name], 1e-12)


def test_times_that_differ_by_rounding_alone_are_tied_as_in_r():
    # the golden's set `close` goes through every test above; this is what it is about
    months = table_of("close")["months"]
    assert months.nunique() == 10
    curve = survival.kaplan_meier(table_of("close"))
    assert list(curve["months"]) == [0.3, 1, 2, 3.3, 5.5, 8.7, 9.9]
    assert list(curve["events"]) == [2, 0, 2, 2, 1, 1, 0]


def where_limits(entry: dict) -> str:
    return " ".join([entry["set"], entry["column"], str(entry.get("limits", entry.get("given", "")))])


@pytest.mark.parametrize("entry", GOLDEN["milestones"], ids=where_limits)
def test_milestones_are_those_of_summary_survfit_and_missing_past_the_last_time(entry):
    table, column = case_of(entry)
    found = survival.milestones(
        table,
        months=entry["months"][: entry["group"].count(entry["group"][0])],
        group=column,
        limits=entry["limits"],
    )
    for name in ("group", "months", "at_risk"):
        assert list(found[name]) == entry[name], name
    same(found["survival"], entry["survival"], 1e-12)
    for name in ("lower", "upper"):
        same(found[name], entry[name], 1e-10)


@pytest.mark.parametrize("entry", GOLDEN["restricted_mean"], ids=where_limits)
def test_restricted_means_and_their_differences_are_those_of_survmean(entry):
    table, column = case_of(entry)
    horizon = entry["horizon"] if entry["given"] else None
    found = survival.restricted_mean(table, group=column, horizon=horizon)
    assert list(found["group"]) == entry["group"]
    assert set(found["horizon"]) == {entry["horizon"]}
    for name in ("n", "events"):
        assert list(found[name]) == entry[name], name
    for name in ("rmst", "se", "lower", "upper"):
        same(found[name], entry[name], 1e-10)
    if column is not None:
        apart = survival.restricted_mean_difference(table, group=column, reference=entry["group"][0], horizon=horizon)
        assert list(apart["group"]) == entry["group"][1:]
        for name, values in entry["apart"].items():
            same(apart[name], values, 1e-10)


@pytest.mark.parametrize("entry", GOLDEN["pairwise"], ids=by_name)
def test_pairwise_log_rank_tests_are_those_of_survdiff_adjusted_by_holm(entry):
    table, column = case_of(entry)
    found = survival.pairwise_log_rank(table, group=column)
    for name in ("group", "against", "n", "events"):
        assert list(found[name]) == entry[name], name
    for name in ("chi_squared", "p", "p_adjusted"):
        same(found[name], entry[name], 1e-9)


@pytest.mark.parametrize("name", GOLDEN["adjusted"])
def test_holm_is_that_of_p_adjust(name):
    p = pd.Series(numbers(GOLDEN["adjusted"][name]["p"]), index=range(5, 5 + len(GOLDEN["adjusted"][name]["p"])))
    found = proportions.holm(p)
    assert list(found.index) == list(p.index)
    np.testing.assert_allclose(found, numbers(GOLDEN["adjusted"][name]["holm"]), rtol=1e-12)


def test_patients_split_at_a_time_of_their_own_are_the_rows_of_tmerge_and_its_model():
    golden = GOLDEN["turned"]
    rows = survival.split_at(table_of("turning"), switch="second")
    assert list(rows.index) == golden["id"]
    for name in ("entry", "months", "event", "after"):
        assert list(rows[name]) == golden[name], name
    found = cox.cox(rows, covariates=["after", "age"])
    for name in ("coefficient", "se"):
        same(found[name], golden[name], 1e-7)


@pytest.mark.parametrize("entry", GOLDEN["landmark"], ids=by_name)
def test_a_landmark_keeps_whom_the_subset_of_r_keeps(entry):
    table, column = case_of(entry)
    found = survival.landmark(table, months=entry["landmark"])
    assert list(found["months"]) == entry["months"]
    assert list(found["event"]) == entry["event"]
    assert found.attrs["lost"] == entry["lost"]
    assert survival.log_rank(found, group=column).chi_squared == pytest.approx(entry["chi_squared"], rel=1e-9)


def test_median_survival_of_lung_is_310_days_285_to_363():
    row = survival.medians(table_of("lung")).iloc[0]
    assert (row["n"], row["events"], row["median"], row["lower"], row["upper"]) == (228, 165, 310, 285, 363)


def test_median_survival_of_lung_is_270_days_in_men_and_426_in_women():
    assert list(survival.medians(table_of("lung", ["sex"]), group="sex")["median"]) == [270, 426]


def test_reverse_kaplan_meier_of_lung_is_588_days_511_to_1010():
    row = survival.follow_up(table_of("lung")).iloc[0]
    assert (row["median"], row["lower"], row["upper"]) == (588, 511, 1010)


def test_maintained_aml_lives_a_median_of_31_weeks_and_others_23_with_upper_limits_never_reached():
    found = survival.medians(table_of("aml"), group="x")
    assert list(found["median"]) == [31, 23]
    assert found["upper"].isna().all()


def test_log_rank_of_lung_by_sex_is_10_3_and_p_0_0013():
    found = survival.log_rank(table_of("lung", ["sex"]), group="sex")
    assert (round(found.chi_squared, 1), found.degrees, round(found.p, 4)) == (10.3, 1, 0.0013)


def test_a_curve_flat_on_one_half_has_its_median_in_the_middle_of_the_flat():
    assert survival.medians(table_of("half"))["median"].item() == 3
    assert survival.medians(table_of("half_to_the_end"))["median"].item() == 3


def test_where_all_die_at_once_the_median_is_that_time_without_limits():
    row = survival.medians(table_of("together")).iloc[0]
    assert row["median"] == 5
    assert math.isnan(row["lower"]) and math.isnan(row["upper"])


def test_without_events_the_curve_stays_at_1_and_the_median_is_never_reached():
    table = table_of("quiet")
    assert set(survival.kaplan_meier(table)["survival"]) == {1.0}
    assert survival.medians(table)[["median", "lower", "upper"]].isna().all(axis=None)


@pytest.mark.parametrize(("where", "times"), RISES_AGAIN.items(), ids=lambda value: str(value[0]))
def test_a_limit_that_rises_again_gives_its_first_time_where_quantile_survfit_gives_a_later_one(where, times):
    # quantile() hands the limits to approx(), which sorts them: one that rises at the end is read out of order.
    # print(survfit) reads them in order, and shows 27 (18–45) for aml
    name, column, limits, read, bound = where
    (entry,) = [
        entry
        for entry in GOLDEN["quantiles"]
        if (entry["set"], entry["column"], entry["limits"], entry["reverse"]) == (name, column, limits, False)
    ]
    table, column = case_of(entry)
    curve = survival.kaplan_meier(table, group=column, limits=limits)
    curve = curve[curve["group"] == entry["group"][-1]]
    assert curve.loc[curve[bound] <= float(read), "months"].min() == times[0]
    assert survival.medians(table, group=column, limits=limits, quantile=float(read))[bound].iloc[-1] == times[0]
    assert entry["quantiles"][read][bound][-1] == times[1]


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    draw = np.random.default_rng(7)
    months = draw.integers(0, 2400, 60_000) / 10
    return small(months, draw.random(60_000) < 0.6, group=draw.choice(["a", "b", "c"], 60_000))


def test_counts_of_60000_patients_with_ties_are_those_of_plain_counting(many):
    curve = survival.kaplan_meier(many)
    months, event = many["months"].to_numpy(), many["event"].to_numpy()
    times = np.unique(months)
    assert np.array_equal(curve["months"], times)
    # counting from one end: nobody's arithmetic but sort order
    assert np.array_equal(curve["at_risk"], len(months) - np.searchsorted(np.sort(months), times, side="left"))
    for name, chosen in (("events", months[event]), ("censored", months[~event])):
        assert np.array_equal(curve[name], [np.count_nonzero(chosen == time) for time in times])
    product = np.cumprod(1 - curve["events"].to_numpy() / curve["at_risk"].to_numpy())
    same(curve["survival"], product, 1e-10)


def test_numbers_at_risk_of_60000_patients_count_those_at_exactly_the_time(many):
    times = [0, 0.1, 12, 24.3, 60, 239.9, 240]
    found = survival.numbers_at_risk(many, times=times, group="group")
    for group in "abc":
        months = many.loc[many["group"] == group, "months"].tolist()
        assert list(found.loc[group]) == [sum(month >= time for month in months) for time in times]


def test_log_rank_of_60000_patients_is_that_of_the_textbook_sum(many):
    two = many[many["group"] != "c"]
    months, event, in_a = two["months"].to_numpy(), two["event"].to_numpy(), (two["group"] == "a").to_numpy()
    times, d = np.unique(months[event], return_counts=True)
    n, n_a = (len(some) - np.searchsorted(np.sort(some), times, side="left") for some in (months, months[in_a]))
    # events are drawn from those at risk without replacement: the hypergeometric mean and variance
    expected = (d * n_a / n).sum()
    variance = (d * (n_a / n) * (1 - n_a / n) * (n - d) / np.maximum(n - 1, 1)).sum()
    chi_squared = ((event & in_a).sum() - expected) ** 2 / variance
    assert survival.log_rank(two, group="group").chi_squared == pytest.approx(chi_squared, rel=1e-8)


def test_an_empty_category_is_counted_as_nobody_and_has_no_curve():
    table = small([1, 2, 3], [1, 1, 0], group=pd.Categorical(["a", "a", "b"], ["none", "b", "a"]))
    assert set(survival.kaplan_meier(table, group="group")["group"]) == {"a", "b"}
    found = survival.medians(table, group="group").set_index("group")
    assert list(found.index) == ["none", "b", "a"]
    assert found.loc["none", "n"] == 0 and math.isnan(found.loc["none", "median"])
    assert list(survival.numbers_at_risk(table, times=[0, 2], group="group").loc["none"]) == [0, 0]
    assert survival.log_rank(table, group="group").degrees == 1


def test_a_kind_of_limits_that_r_does_not_have_is_refused():
    with pytest.raises(UserError, match="log, log-log or plain"):
        survival.kaplan_meier(table_of("aml"), limits="normal")


def test_wider_confidence_gives_wider_limits():
    narrow, wide = (survival.kaplan_meier(table_of("lung"), level=level) for level in (0.9, 0.99))
    assert (narrow["lower"].dropna() >= wide["lower"].dropna()).all()
    assert (narrow["upper"].dropna() <= wide["upper"].dropna()).all()


def test_log_rank_is_not_estimable_with_one_group_or_without_events():
    one = survival.log_rank(small([1, 2], [1, 1], group=["a", "a"]), group="group")
    assert (one.degrees, math.isnan(one.chi_squared), math.isnan(one.p)) == (0, True, True)
    none = survival.log_rank(table_of("quiet"), group="group")
    assert math.isnan(none.chi_squared) and math.isnan(none.p)


def test_log_rank_leaves_out_patients_without_a_group():
    table = table_of("aml")
    more = pd.concat([table, small([3, 4], [1, 0], x=[None, None])], ignore_index=True)
    assert survival.log_rank(more, group="x") == survival.log_rank(table, group="x")


def test_a_group_of_few_sets_no_horizon_and_has_no_restricted_mean():
    table, more = with_few(months=(0.5, 0.7), event=(1, 0))
    plain = survival.describe(table, group="group")
    found = survival.describe(more, group="group", min_group=3).set_index("group")
    assert list(found["n"]) == [8, 8, 8, 2] and set(found["horizon"]) == set(plain["horizon"]) == {4}
    assert found.loc["rare", ["rmst", "rmst_lower", "rmst_upper"]].isna().all()
    assert found.loc["rare", "median_months"] == pytest.approx(0.6), "it is described"
    same(found.loc[["a", "b", "c"], "rmst"], plain["rmst"], 1e-12)
    # by default every group has its say, as in R
    assert set(survival.describe(more, group="group")["horizon"]) == {0.7}
    apart = survival.restricted_mean_difference(more, group="group", reference="a", min_group=3).set_index("group")
    assert math.isnan(apart.loc["rare", "difference"]) and apart.loc[["b", "c"], "difference"].notna().all()
    alone = survival.restricted_mean(more[more["group"] == "rare"], group="group", min_group=3)
    assert alone[["horizon", "rmst"]].isna().all(axis=None)


def test_a_group_of_few_is_in_no_pair():
    table, more = with_few()
    pd.testing.assert_frame_equal(
        survival.pairwise_log_rank(more, group="group", min_group=3), survival.pairwise_log_rank(table, group="group")
    )


def test_at_least_makes_two_ordered_groups_with_the_cut_in_the_higher():
    found = survival.at_least(pd.Series([1, 10, 9.99, None, 50], index=list("abcde")), cut=10, high="high", low="low")
    assert list(found.cat.categories) == ["low", "high"]
    assert list(found.index) == list("abcde")
    assert [None if pd.isna(value) else value for value in found] == ["low", "high", "low", None, "high"]


@pytest.mark.parametrize("dtype", ["Int64", "Float64", object])
def test_at_least_reads_numbers_of_any_column_type(dtype):
    found = survival.at_least(pd.Series([1, None, 3], dtype=dtype), cut=2, high="high", low="low")
    assert [None if pd.isna(value) else value for value in found] == ["low", None, "high"]


def test_milestones_before_the_first_and_after_the_last_time():
    found = survival.milestones(small([2, 4, 4], [1, 1, 1]), months=(0, 1, 4, 5))
    assert list(found["at_risk"]) == [3, 3, 2, 0]
    same(found["survival"], [1, 1, 0, None])
    same(found["lower"], [1, 1, None, None])


def test_an_empty_group_has_its_rows_and_no_figures():
    table = small([1, 2, 30], [1, 0, 1], group=pd.Categorical(["a", "a", "b"], ["none", "a", "b"]))
    found = survival.milestones(table, months=(1, 12), group="group")
    assert list(found["group"]) == ["none", "none", "a", "a", "b", "b"]
    assert list(found["at_risk"]) == [0, 0, 2, 0, 1, 1]
    assert found.loc[:1, ["survival", "lower", "upper"]].isna().all(axis=None)
    means = survival.restricted_mean(table, group="group").set_index("group")
    assert set(means["horizon"]) == {2.0}, "the smallest of the largest times, not that of nobody"
    assert means.loc["none", "n"] == 0 and math.isnan(means.loc["none", "rmst"])
    same(means.loc[["a", "b"], "rmst"], [1.5, 2])
    assert survival.restricted_mean_difference(table, group="group", reference="none")["p"].isna().all()


def test_nobody_at_all_has_no_restricted_mean():
    table = small([], [], group=pd.Categorical([], ["a"]))
    assert survival.restricted_mean(table, group="group")[["horizon", "rmst", "se"]].isna().all(axis=None)
    assert survival.milestones(table)["survival"].isna().all()


def test_without_events_the_restricted_mean_is_the_horizon_without_error():
    row = survival.restricted_mean(table_of("quiet")).iloc[0]
    assert list(row[["horizon", "rmst", "se", "lower", "upper"]]) == [9, 9, 0, 9, 9]
    apart = survival.restricted_mean_difference(table_of("quiet"), group="group", reference="a").iloc[0]
    assert (apart["horizon"], apart["difference"]) == (3, 0) and math.isnan(apart["p"])


def test_before_the_first_event_the_restricted_mean_is_the_horizon():
    row = survival.restricted_mean(table_of("lung"), horizon=3).iloc[0]
    assert (row["rmst"], row["se"]) == (3, 0)


@pytest.mark.parametrize("months", [[0, 0, 0], [0, 0, 5]])
def test_deaths_at_0_take_no_time(months):
    row = survival.restricted_mean(small(months, [1, 1, 1])).iloc[0]
    same(row["rmst"], sum(months) / 3)
    same(survival.milestones(small(months, [1, 1, 1]), months=[0])["survival"], 1 - months.count(0) / 3)


def test_a_horizon_before_0_and_a_reference_that_is_no_group_are_refused():
    with pytest.raises(UserError, match="from 0 on"):
        survival.restricted_mean(table_of("aml"), group="x", horizon=-1)
    with pytest.raises(UserError, match="one of Maintained, Nonmaintained, not 'other'"):
        survival.restricted_mean_difference(table_of("aml"), group="x", reference="other")


def test_the_other_reference_turns_the_difference_around():
    one, other = (
        survival.restricted_mean_difference(table_of("aml"), group="x", reference=name).iloc[0]
        for name in ("Maintained", "Nonmaintained")
    )
    same([one["difference"], one["lower"], one["p"]], [-other["difference"], -other["upper"], other["p"]], 1e-12)


def test_describe_puts_medians_milestones_and_restricted_means_side_by_side():
    table = table_of("aml")
    found = survival.describe(table, group="x", months=(12, 24.5))
    assert list(found["group"]) == ["Maintained", "Nonmaintained"]
    assert list(found["median_months"]) == [31, 23]
    at = survival.milestones(table, months=(12, 24.5), group="x")
    same(found["survival_12"], at.loc[at["months"] == 12, "survival"])
    same(found["survival_24.5_lower"], at.loc[at["months"] == 24.5, "lower"])
    assert list(found["at_risk_12"]) == [10, 8]
    means = survival.restricted_mean(table, group="x")
    same(found[["horizon", "rmst", "rmst_lower", "rmst_upper"]], means[["horizon", "rmst", "lower", "upper"]])


def test_describe_of_one_group_and_of_all_patients():
    assert list(survival.describe(small([1, 30], [1, 0], group=["a", "a"]), group="group")["group"]) == ["a"]
    assert list(survival.describe(small([1, 30], [1, 0]))["group"]) == ["all"]


def test_a_pair_without_events_is_not_tested_and_does_not_count_as_a_test():
    table = small([1, 2, 3, 4, 5, 6, 7], [1, 0, 1, 0, 0, 0, 0], group=pd.Categorical(list("aabbccd"), list("eabcd")))
    found = survival.pairwise_log_rank(table, group="group").set_index(["group", "against"])
    assert len(found) == 6, "nobody is in e"
    assert found.loc[("c", "d"), ["chi_squared", "p", "p_adjusted"]].isna().all()
    assert found["p_adjusted"].notna().sum() == found["p"].notna().sum() == 5
    assert found["p_adjusted"].min() == pytest.approx(min(5 * found["p"].min(), 1))


def test_one_group_has_no_pairs():
    assert survival.pairwise_log_rank(small([1, 2], [1, 1], group=["a", "a"]), group="group").empty


def test_entry_at_0_for_everyone_changes_nothing():
    for name, covariates in (("lung", ["age", "sex", "ph.ecog"]), ("ties", ["group", "dose"])):
        table = table_of(name)
        there = table.assign(entry=0.0)
        same(
            survival.kaplan_meier(there).drop(columns="group"),
            survival.kaplan_meier(table).drop(columns="group"),
            1e-12,
        )
        for of in (survival.medians, survival.restricted_mean, survival.milestones, survival.follow_up):
            same(of(there).drop(columns="group"), of(table).drop(columns="group"), 1e-12)
        pd.testing.assert_frame_equal(
            survival.numbers_at_risk(there, times=[0, 1, 100]), survival.numbers_at_risk(table, times=[0, 1, 100])
        )
        one, other = cox.cox(there, covariates=covariates), cox.cox(table, covariates=covariates)
        same(one[["coefficient", "se", "p"]], other[["coefficient", "se", "p"]], 1e-9)


def test_nobody_is_at_risk_before_they_enter_or_at_it():
    table = table_of("late")
    found = survival.numbers_at_risk(table, times=[0, 2, 2.5, 3, 3.5, 5.5], group="group")
    assert list(found.loc["a"]) == [0, 0, 2, 2, 3, 0]
    assert list(found.loc["b"]) == [4, 4, 3, 3, 3, 3]


def test_who_has_no_time_under_observation_is_left_out_and_counted():
    table = table_of("late")
    assert survival.medians(table)["n"].item() == 16
    assert cox.cox(table, covariates=["dose"]).attrs["dropped"] == 2


def test_log_rank_of_delayed_entry_is_refused_as_by_survdiff():
    for test in (survival.log_rank, survival.pairwise_log_rank):
        with pytest.raises(UserError, match="delayed entry"):
            test(table_of("late"), group="group")


def test_a_landmark_of_delayed_entry_keeps_who_is_there_at_it():
    found = survival.landmark(small([3, 8, 9, 5], [1, 1, 0, 1], entry=[0, 1, 6, 5]), months=5)
    assert list(found["months"]) == [3, 0] and "entry" not in found
    assert (found.attrs["lost"], found.attrs["late"]) == (1, 1)


def test_a_landmark_keeps_the_table_and_who_dies_at_it():
    table = small([3, 5, 8], [1, 1, 0], group=list("abb"))
    table.attrs["dropped"] = 4
    found = survival.landmark(table, months=5)
    assert list(found["months"]) == [0, 3] and list(found["group"]) == ["b", "b"]
    assert found.attrs == {"dropped": 4, "lost": 1, "late": 0} and table.attrs == {"dropped": 4}
    assert survival.landmark(table, months=9).empty


def test_split_rows_keep_an_entry_of_their_own_and_the_names_of_patients():
    table = small([9, 8], [1, 0], entry=[2, 4], turn=[5.0, 3.0]).set_axis(["p", "q"])
    rows = survival.split_at(table, switch="turn", name="treated")
    assert list(rows.index) == ["p", "p", "q"]
    assert rows[["entry", "months"]].to_numpy().tolist() == [[2, 5], [5, 9], [4, 8]]
    assert list(rows["event"]) == [False, True, False] and list(rows["treated"]) == [False, True, True]


# ---- tables that are refused ----

AML = table_of("aml").set_axis([f"P{i}" for i in range(23)])

# every public function that takes a survival table
DOORS = {
    "survival_table": survival.survival_table,
    "kaplan_meier": lambda table: survival.kaplan_meier(table, group="x"),
    "medians": lambda table: survival.medians(table, group="x"),
    "follow_up": lambda table: survival.follow_up(table, group="x"),
    "numbers_at_risk": lambda table: survival.numbers_at_risk(table, times=[12], group="x"),
    "milestones": lambda table: survival.milestones(table, group="x"),
    "restricted_mean": lambda table: survival.restricted_mean(table, group="x"),
    "restricted_mean_difference": lambda table: survival.restricted_mean_difference(
        table, group="x", reference="Maintained"
    ),
    "describe": lambda table: survival.describe(table, group="x"),
    "landmark": lambda table: survival.landmark(table, months=3),
    "split_at": lambda table: survival.split_at(table.assign(switch=1.0), switch="switch"),
    "log_rank": lambda table: survival.log_rank(table, group="x"),
    "pairwise_log_rank": lambda table: survival.pairwise_log_rank(table, group="x"),
    "cox": lambda table: cox.cox(table, covariates=["x"]),
    "proportional_hazards": lambda table: cox.proportional_hazards(table, covariates=["x"]),
    "univariable_cox": lambda table: cox.univariable_cox(
        table.assign(marker=table["x"] == "Maintained"), markers=["marker"]
    ),
    "univariable_and_multivariable_cox": lambda table: cox.univariable_and_multivariable_cox(
        table.assign(marker=table["x"] == "Maintained"), markers=["marker"]
    ),
    "compare": lambda table: comparison.compare(table, group="x"),
    "pairwise_hazard_ratios": lambda table: comparison.pairwise_hazard_ratios(table, group="x"),
}
# these count rows without months or event, and leave them out, as R's coxph does
COUNTED = {
    "cox",
    "proportional_hazards",
    "univariable_cox",
    "univariable_and_multivariable_cox",
    "compare",
    "pairwise_hazard_ratios",
}
# survdiff takes no delayed entry at all
RIGHT_CENSORED = {"log_rank", "pairwise_log_rank"}


def with_value(column: str, value, row: str = "P4") -> pd.DataFrame:
    """AML with one value of another kind."""
    table = AML.astype({column: object})
    table.loc[row, column] = value
    return table


WRONG = {
    "events coded 1 and 2": (AML.assign(event=AML["event"] + 1), "column 'event', row P0 and 17 more: 2 is neither"),
    "events as words": (AML.assign(event="1:DECEASED"), "column 'event', row P0 and 22 more: '1:DECEASED' is neither"),
    "half an event": (with_value("event", 0.5), "column 'event', row P4: 0.5 is neither"),
    "missing event": (with_value("event", None), "column 'event', row P4: the value is missing"),
    "missing months": (with_value("months", np.nan), "column 'months', row P4: the value is missing"),
    "negative months": (with_value("months", -1.0), "column 'months', row P4: -1.0 is negative"),
    "infinite months": (with_value("months", np.inf), "column 'months', row P4: inf is infinite"),
    "months as words": (with_value("months", "12 mo"), "column 'months', row P4: '12 mo' is not a number"),
    "months before entry": (
        AML.assign(entry=0.0).assign(entry=lambda table: table["entry"].where(table.index != "P4", 99.0)),
        "column 'months', row P4: .* is below the row's entry",
    ),
    "no event column": (AML.drop(columns="event"), "the table has no column 'event'; its columns are months, x"),
    "two months columns": (
        pd.concat([AML, AML[["months"]]], axis=1),
        "the table has two columns named 'months'; keep or rename one of them",
    ),
}  # fmt: skip


REFUSALS = [
    (door, wrong)
    for door in DOORS
    for wrong in WRONG
    if not (wrong.startswith("missing") and door in COUNTED)
    and not (wrong == "months before entry" and door in RIGHT_CENSORED)
]


@pytest.mark.parametrize(("door", "wrong"), REFUSALS)
def test_a_table_that_cannot_be_right_is_refused_in_one_line_with_column_and_row(door, wrong):
    table, message = WRONG[wrong]
    before = table.copy()
    with pytest.raises(UserError, match=message) as refused:
        DOORS[door](table)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 250
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize("door", ["medians", "describe", "log_rank", "cox", "compare", "pairwise_hazard_ratios"])
def test_an_unknown_column_is_named_with_those_that_there_are(door):
    with pytest.raises(UserError, match="the table has no column 'x'; its columns are months, event"):
        DOORS[door](AML.drop(columns="x"))


@pytest.mark.parametrize("door", ["survival_table", "kaplan_meier", "log_rank", "pairwise_log_rank", "cox", "compare"])
def test_a_table_without_rows_is_missing_data_where_nothing_can_be_estimated(door):
    with pytest.raises(MissingData):
        DOORS[door](AML.iloc[:0])


EVENTS = {
    "bool": lambda event: event,
    "0 and 1": lambda event: event.astype(int),
    "0.0 and 1.0": lambda event: event.astype(float),
    "nullable": lambda event: event.astype("boolean"),
    "nullable numbers": lambda event: event.astype("Int64"),
    "objects": lambda event: event.astype(object),
    "categories": lambda event: event.astype(int).astype("category"),
}


@pytest.mark.parametrize("kind", EVENTS)
def test_events_of_every_type_that_says_0_or_1_give_the_same_figures(kind):
    table = AML.assign(event=EVENTS[kind](AML["event"]))
    for name in DOORS:
        if name not in ("compare", "survival_table", "landmark", "split_at"):
            one, other = DOORS[name](table), DOORS[name](AML)
            if isinstance(one, pd.DataFrame):
                pd.testing.assert_frame_equal(one, other)
            else:
                assert str(one) == str(other)


def test_months_equal_to_entry_are_left_out_as_by_rs_surv_and_missing_groups_are_in_no_group():
    table = small([3, 5, 8, 9], [1, 1, 0, 1], entry=[0, 5, 2, 1], group=["a", "a", "b", None])
    assert len(survival.survival_table(table)) == 3
    assert list(survival.medians(table, group="group")["n"]) == [1, 1]


@pytest.mark.parametrize(("argument", "value"), [("level", 95), ("level", 0), ("quantile", 50), ("limits", "normal")])
def test_an_argument_that_cannot_be_right_is_refused(argument, value):
    with pytest.raises(UserError, match=argument):
        survival.medians(AML, **{argument: value})
    with pytest.raises(UserError, match=r"write \['x'\]"):
        cox.cox(AML, covariates="x")


def test_the_glossary_explains_every_column_of_every_result():
    compared = comparison.compare(AML, group="x")
    results = [
        compared.summary(),
        *(table.drop(columns="set") for table in comparison.stack({"aml": compared}, name="set")),
    ]
    for name, door in DOORS.items():
        if name not in (
            "survival_table",
            "landmark",
            "split_at",
            "numbers_at_risk",
            "univariable_and_multivariable_cox",
        ):
            results.append(door(AML))
    for table in results:
        if isinstance(table, pd.DataFrame):
            names = {column.replace("_12", "").replace("_24", "") for column in table}
            assert {name.removesuffix("_lower").removesuffix("_upper") for name in names} <= set(survival.GLOSSARY)


def test_described_medians_have_the_limits_of_the_curve():
    """R's survfit(conf.type="log-log") of lung by sex: 270 (210–306) and 426 (345–524) days."""
    table = table_of("lung", ["sex"])
    for limits in ("log", "log-log", "plain"):
        described = survival.describe(table, group="sex", months=[365], limits=limits)
        medians = survival.medians(table, group="sex", limits=limits)
        same(described[["median_months", "median_lower", "median_upper"]], medians[["median", "lower", "upper"]], 1e-12)
        if limits == "log-log":
            assert described[["median_lower", "median_upper"]].values.tolist() == [[210, 306], [345, 524]]
        curve = survival.kaplan_meier(table, group="sex", limits=limits)
        last = curve[curve["months"] <= 365].groupby("group").last()
        same(described[["survival_365_lower", "survival_365_upper"]], last[["lower", "upper"]], 1e-12)
