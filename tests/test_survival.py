"""Survival statistics against R's survival package on its own example data, and what compare() does at the edges."""

import json
import math
import subprocess
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lcnec_utils import proportions, survival
from lcnec_utils.errors import MissingData

REFERENCE = Path(__file__).parent / "reference"
GOLDEN = json.loads((REFERENCE / "survival.json").read_text())
NAN = float("nan")


def numbers(values) -> np.ndarray:
    """A JSON array as floats, null as NaN."""
    return np.array([NAN if value is None else value for value in np.atleast_1d(values)], float)


def same(ours, theirs, tolerance: float = 1e-6) -> None:
    """Equal to a relative and an absolute tolerance, NaN where the other is NaN."""
    np.testing.assert_allclose(np.atleast_1d(np.asarray(ours, float)), numbers(theirs), rtol=tolerance, atol=tolerance)


def table_of(name: str, text: tuple[str, ...] | list[str] = ()) -> pd.DataFrame:
    """A data set of the golden as a survival table; the columns in text as words, the way a cohort holds groups."""
    columns = dict(GOLDEN["sets"][name])
    table = pd.DataFrame(
        {"months": numbers(columns.pop("time")), "event": numbers(columns.pop("event")).astype(bool)},
    )
    for key, values in columns.items():
        words = key in text or any(isinstance(value, str) for value in values)
        table[key] = [None if value is None else str(value) for value in values] if words else numbers(values)
    return table


def case_of(entry: dict) -> tuple[pd.DataFrame, str | None]:
    column = entry["column"] or None
    return table_of(entry["set"], [column] if column else []), column


def by_name(entry: dict) -> str:
    parts = [entry["set"], entry.get("column") or "", entry.get("limits") if "reverse" in entry else ""]
    return " ".join(part for part in [*parts, "reversed" if entry.get("reverse") else ""] if part)


def small(months, event, **columns) -> pd.DataFrame:
    return pd.DataFrame({"months": np.array(months, float), "event": np.array(event, bool), **columns})


# ---- against R ----


def agree(ours, theirs, where: str = "golden") -> None:
    """Two JSON values equal to 1e-9, whatever their nesting."""
    assert type(ours) is type(theirs) or {type(ours), type(theirs)} <= {int, float}, where
    if isinstance(ours, dict):
        assert list(ours) == list(theirs), where
        for key in ours:
            agree(ours[key], theirs[key], f"{where}.{key}")
    elif isinstance(ours, list):
        assert len(ours) == len(theirs), where
        for i, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            agree(one, other, f"{where}[{i}]")
    elif isinstance(ours, (int, float)) and not isinstance(ours, bool):
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9), where
    else:
        assert ours == theirs, where


def test_the_r_script_run_again_gives_the_tracked_golden(rscript):
    probe = subprocess.run([rscript, "-e", "library(survival)"], capture_output=True, text=True)
    assert probe.returncode == 0, f"R is here without its survival package: {probe.stderr}"
    # --vanilla: nobody's .Rprofile may print into the JSON
    run = subprocess.run(
        [rscript, "--vanilla", str(REFERENCE / "survival.R")], capture_output=True, text=True, check=True
    )
    again = json.loads(run.stdout)
    # which R computed it is recorded, not compared
    agree({**again, "versions": None}, {**GOLDEN, "versions": None})


@pytest.mark.parametrize("entry", GOLDEN["curves"], ids=by_name)
def test_curves_and_their_three_kinds_of_limits_are_those_of_survfit(entry):
    table, column = case_of(entry)
    for limits, bounds in entry["limits"].items():
        curve = survival.kaplan_meier(table, column, limits)
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
        curve = survival.kaplan_meier(table, column, "log-log")
        before = (curve["survival"] == 1).to_numpy()
        for name in ("lower", "upper"):
            theirs = numbers(entry["limits"]["log-log"][name])[before]
            assert np.isnan(theirs).all()
            same(curve.loc[before, name], theirs)


# A limit that rises again: R has two rules, and ours is the one that print(survfit) shows
RISES_AGAIN = {
    ("aml", "", "log", "0.5", "upper"): (45, 48),
    ("rising", "", "log", "0.75", "upper"): (9, 10),
    # few are there at the start
    ("heart", "transplant", "log-log", "0.75", "lower"): (5, 16),
}


def rises_again(entry: dict, read: str, name: str) -> bool:
    return not entry["reverse"] and (entry["set"], entry["column"], entry["limits"], read, name) in RISES_AGAIN


@pytest.mark.parametrize("entry", GOLDEN["quantiles"], ids=by_name)
def test_medians_quartiles_and_their_limits_are_those_of_quantile_survfit(entry):
    table, column = case_of(entry)
    if entry["reverse"]:
        table = table.assign(event=~table["event"])
    for read, expected in entry["quantiles"].items():
        found = survival.medians(table, column, entry["limits"], quantile=float(read))
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
    found = survival.medians(table, column, entry["limits"])
    ends = survival.kaplan_meier(table, column).groupby("group", sort=False)["survival"].last()
    # flat on one half to the end: quantile() takes the middle, print() the start, and ours is quantile's
    flat = np.isclose(ends, 0.5)
    same(found["median"], np.where(flat, entry["quantiles"]["0.5"]["median"], entry["printed"]["median"]), 1e-12)
    for name in ("lower", "upper"):
        same(found[name], entry["printed"][name], 1e-12)


@pytest.mark.parametrize("entry", [entry for entry in GOLDEN["quantiles"] if entry["reverse"]], ids=by_name)
def test_follow_up_is_the_reverse_kaplan_meier_median_of_r(entry):
    table, column = case_of(entry)
    found = survival.follow_up(table, column, entry["limits"])
    assert list(found["events"]) == entry["events"], "the censored are the events of the reverse curve"
    for name in ("median", "lower", "upper"):
        same(found[name], entry["quantiles"]["0.5"][name], 1e-12)


@pytest.mark.parametrize("entry", GOLDEN["at_risk"], ids=by_name)
def test_numbers_at_risk_count_everyone_still_followed_at_the_time_as_summary_survfit(entry):
    table, column = case_of(entry)
    found = survival.numbers_at_risk(table, entry["times"], column)
    assert {str(group): list(row) for group, row in zip(found.index, found.to_numpy(), strict=True)} == entry["counts"]
    assert list(found.columns) == entry["times"]


@pytest.mark.parametrize("entry", GOLDEN["log_rank"], ids=by_name)
def test_log_rank_is_that_of_survdiff(entry):
    table, column = case_of(entry)
    found = survival.log_rank(table, column)
    assert found.chi_squared == pytest.approx(entry["chi_squared"], rel=1e-9, abs=1e-12)
    # R counts no degree of freedom for a group that has left before the first event
    assert found.degrees == entry["degrees"]
    assert found.p == pytest.approx(entry["p"], rel=1e-9)


@pytest.mark.parametrize(
    "entry", GOLDEN["cox"], ids=lambda entry: f"{entry['set']} {'+'.join(entry['covariates'])} {entry['categorical']}"
)
def test_cox_models_are_those_of_coxph_with_efron_ties(entry):
    table = table_of(entry["set"], entry["categorical"])
    if entry["without"]:
        table = table[table["group"] != entry["without"]]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = survival.cox(table, entry["covariates"])
    assert len(found) == len(entry["terms"])
    assert set(found["n"]) == {entry["n"]}
    assert set(found["events"]) == {entry["events"]}
    assert found.attrs["dropped"] == len(table) - entry["n"]
    assert set(found["note"]) == {""}
    for name in ("coefficient", "se", "hr", "lower", "upper", "p"):
        same(found[name], entry[name], 1e-7)


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
        table, entry["months"][: entry["group"].count(entry["group"][0])], column, entry["limits"]
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
    found = survival.restricted_mean(table, column, horizon)
    assert list(found["group"]) == entry["group"]
    assert set(found["horizon"]) == {entry["horizon"]}
    for name in ("n", "events"):
        assert list(found[name]) == entry[name], name
    for name in ("rmst", "se", "lower", "upper"):
        same(found[name], entry[name], 1e-10)
    if column is not None:
        apart = survival.restricted_mean_difference(table, column, entry["group"][0], horizon)
        assert list(apart["group"]) == entry["group"][1:]
        for name, values in entry["apart"].items():
            same(apart[name], values, 1e-10)


@pytest.mark.parametrize("entry", GOLDEN["pairwise"], ids=by_name)
def test_pairwise_log_rank_tests_are_those_of_survdiff_adjusted_by_holm(entry):
    found = survival.pairwise_log_rank(*case_of(entry))
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


@pytest.mark.parametrize(
    "entry", GOLDEN["zph"], ids=lambda entry: f"{entry['set']} {'+'.join(entry['covariates'])} {entry['categorical']}"
)
def test_proportional_hazards_are_tested_as_by_cox_zph(entry):
    table = table_of(entry["set"], entry["categorical"])
    found = survival.proportional_hazards(table, entry["covariates"])
    assert list(found["term"]) == entry["term"]
    assert list(found["df"]) == entry["df"]
    assert set(found["note"]) == {""}
    for name in ("chi_squared", "p"):
        same(found[name], entry[name], 1e-7)


def test_patients_split_at_a_time_of_their_own_are_the_rows_of_tmerge_and_its_model():
    golden = GOLDEN["turned"]
    rows = survival.split_at(table_of("turning"), "second")
    assert list(rows.index) == golden["id"]
    for name in ("entry", "months", "event", "after"):
        assert list(rows[name]) == golden[name], name
    found = survival.cox(rows, ["after", "age"])
    for name in ("coefficient", "se"):
        same(found[name], golden[name], 1e-7)


@pytest.mark.parametrize("entry", GOLDEN["landmark"], ids=by_name)
def test_a_landmark_keeps_whom_the_subset_of_r_keeps(entry):
    table, column = case_of(entry)
    found = survival.landmark(table, entry["landmark"])
    assert list(found["months"]) == entry["months"]
    assert list(found["event"]) == entry["event"]
    assert found.attrs["lost"] == entry["lost"]
    assert survival.log_rank(found, column).chi_squared == pytest.approx(entry["chi_squared"], rel=1e-9)


# ---- facts of the field, by name ----


def test_median_survival_of_lung_is_310_days_285_to_363():
    row = survival.medians(table_of("lung")).iloc[0]
    assert (row["n"], row["events"], row["median"], row["lower"], row["upper"]) == (228, 165, 310, 285, 363)


def test_median_survival_of_lung_is_270_days_in_men_and_426_in_women():
    assert list(survival.medians(table_of("lung", ["sex"]), "sex")["median"]) == [270, 426]


def test_reverse_kaplan_meier_of_lung_is_588_days_511_to_1010():
    row = survival.follow_up(table_of("lung")).iloc[0]
    assert (row["median"], row["lower"], row["upper"]) == (588, 511, 1010)


def test_maintained_aml_lives_a_median_of_31_weeks_and_others_23_with_upper_limits_never_reached():
    found = survival.medians(table_of("aml"), "x")
    assert list(found["median"]) == [31, 23]
    assert found["upper"].isna().all()


def test_log_rank_of_lung_by_sex_is_10_3_and_p_0_0013():
    found = survival.log_rank(table_of("lung", ["sex"]), "sex")
    assert (round(found.chi_squared, 1), found.degrees, round(found.p, 4)) == (10.3, 1, 0.0013)


def test_hazard_ratio_of_women_against_men_in_lung_is_0_588():
    row = survival.cox(table_of("lung"), ["sex"]).iloc[0]
    assert [round(row[name], 3) for name in ("hr", "lower", "upper")] == [0.588, 0.424, 0.816]


def test_a_curve_flat_on_one_half_has_its_median_in_the_middle_of_the_flat():
    assert survival.medians(table_of("half"))["median"].item() == 3
    assert survival.medians(table_of("half_to_the_end"))["median"].item() == 3


def test_where_all_die_at_once_the_median_is_that_time_without_limits():
    row = survival.medians(table_of("together")).iloc[0]
    assert row["median"] == 5
    assert math.isnan(row["lower"]) and math.isnan(row["upper"])


def test_score_test_of_age_in_lung_is_0_188_where_the_older_approximation_is_0_029():
    found = survival.proportional_hazards(table_of("lung"), ["age", "sex", "ph.ecog"]).set_index("term")
    assert round(found.loc["age", "chi_squared"], 3) == 0.188
    assert round(found.loc["GLOBAL", "p"], 3) == 0.216


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
    curve = survival.kaplan_meier(table, column, limits)
    curve = curve[curve["group"] == entry["group"][-1]]
    assert curve.loc[curve[bound] <= float(read), "months"].min() == times[0]
    assert survival.medians(table, column, limits, quantile=float(read))[bound].iloc[-1] == times[0]
    assert entry["quantiles"][read][bound][-1] == times[1]


# ---- curves and counts on a large table with ties ----


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
    found = survival.numbers_at_risk(many, times, "group")
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
    assert survival.log_rank(two, "group").chi_squared == pytest.approx(chi_squared, rel=1e-8)


# ---- groups ----


def test_an_empty_category_is_counted_as_nobody_and_has_no_curve():
    table = small([1, 2, 3], [1, 1, 0], group=pd.Categorical(["a", "a", "b"], ["none", "b", "a"]))
    assert set(survival.kaplan_meier(table, "group")["group"]) == {"a", "b"}
    found = survival.medians(table, "group").set_index("group")
    assert list(found.index) == ["none", "b", "a"]
    assert found.loc["none", "n"] == 0 and math.isnan(found.loc["none", "median"])
    assert list(survival.numbers_at_risk(table, [0, 2], "group").loc["none"]) == [0, 0]
    assert survival.log_rank(table, "group").degrees == 1


def test_a_kind_of_limits_that_r_does_not_have_is_refused():
    with pytest.raises(ValueError, match="log, log-log or plain"):
        survival.kaplan_meier(table_of("aml"), limits="normal")


def test_wider_confidence_gives_wider_limits():
    narrow, wide = (survival.kaplan_meier(table_of("lung"), level=level) for level in (0.9, 0.99))
    assert (narrow["lower"].dropna() >= wide["lower"].dropna()).all()
    assert (narrow["upper"].dropna() <= wide["upper"].dropna()).all()


def test_log_rank_is_not_estimable_with_one_group_or_without_events():
    one = survival.log_rank(small([1, 2], [1, 1], group=["a", "a"]), "group")
    assert (one.degrees, math.isnan(one.chi_squared), math.isnan(one.p)) == (0, True, True)
    none = survival.log_rank(table_of("quiet"), "group")
    assert math.isnan(none.chi_squared) and math.isnan(none.p)


def test_log_rank_leaves_out_patients_without_a_group():
    table = table_of("aml")
    more = pd.concat([table, small([3, 4], [1, 0], x=[None, None])], ignore_index=True)
    assert survival.log_rank(more, "x") == survival.log_rank(table, "x")


# ---- Cox models ----


def test_terms_name_their_level_and_its_reference():
    table = table_of("lung", ["ph.ecog"])
    assert list(survival.cox(table, ["ph.ecog"])["term"]) == [f"ph.ecog: {level} vs 0" for level in "123"]
    against = survival.cox(table, ["ph.ecog", "age"], {"ph.ecog": "1"})
    assert list(against["term"]) == ["ph.ecog: 0 vs 1", "ph.ecog: 2 vs 1", "ph.ecog: 3 vs 1", "age"]


def test_the_other_reference_gives_the_inverse_hazard_ratio():
    one = survival.cox(table_of("aml"), ["x"]).iloc[0]
    other = survival.cox(table_of("aml"), ["x"], {"x": "Nonmaintained"}).iloc[0]
    same([1 / other["hr"], 1 / other["upper"], 1 / other["lower"]], [one["hr"], one["lower"], one["upper"]], 1e-9)


def test_the_order_of_categories_sets_the_reference():
    table = table_of("aml")
    table["x"] = pd.Categorical(table["x"], ["never", "Nonmaintained", "Maintained"])
    assert list(survival.cox(table, ["x"])["term"]) == ["x: Maintained vs Nonmaintained"]


@pytest.mark.parametrize("unit", [10, 365.25, 100, 1e-6])
def test_age_in_another_unit_gives_the_same_model(unit):
    table = table_of("lung")
    plain = survival.cox(table, ["age", "sex", "ph.ecog"])
    scaled = survival.cox(table.assign(age=table["age"] / unit), ["age", "sex", "ph.ecog"])
    same(scaled["p"], plain["p"], 1e-9)
    same(scaled["coefficient"] / [unit, 1, 1], plain["coefficient"], 1e-9)
    same(scaled["se"] / [unit, 1, 1], plain["se"], 1e-9)


def test_age_from_another_origin_gives_the_same_model():
    table = table_of("lung")
    plain, moved = (survival.cox(table.assign(age=table["age"] + by), ["age", "sex"]) for by in (0, 1e4))
    same(moved["coefficient"], plain["coefficient"], 1e-9)


def test_incomplete_patients_are_left_out_of_a_cox_model_and_counted():
    table = table_of("lung")
    table.loc[[0, 1], "age"] = NAN
    found = survival.cox(table, ["age", "ph.ecog"])
    # one patient of lung has no ph.ecog, and that is neither of the two
    assert found.attrs["dropped"] == 3 and set(found["n"]) == {225}


def test_a_level_without_events_is_not_estimable_and_says_so():
    found = survival.cox(table_of("silent"), ["group"]).set_index("term").loc["group: c vs a"]
    assert found[["coefficient", "se", "hr", "lower", "upper", "p"]].isna().all()
    assert found["note"] == "not estimable: a level has no event"


@pytest.mark.parametrize("covariates", [["group"], ["group", "dose"]], ids="+".join)
def test_a_level_without_events_does_not_become_part_of_the_reference(covariates):
    # its hazard ratio runs to 0, and there its patients weigh nothing: the others' are those of coxph without it
    (golden,) = [entry for entry in GOLDEN["cox"] if entry["without"] == "c" and entry["covariates"] == covariates]
    found = survival.cox(table_of("silent"), covariates)
    found = found[found["term"] != "group: c vs a"]
    same(found["hr"], golden["hr"])
    same(found["se"], golden["se"])


@pytest.mark.parametrize("reference", ["c", "a"])
def test_a_level_without_events_is_not_estimable_as_the_reference_either(reference):
    found = survival.cox(table_of("silent"), ["group"], {"group": reference})
    with_c = found[found["term"].str.contains(r"\bc\b")]
    assert with_c["hr"].isna().all(), "a hazard ratio against nobody's death"
    assert with_c["note"].str.startswith("not estimable").all()


def test_groups_that_time_separates_are_not_estimable_not_huge():
    # all of a die before the first of b: every larger coefficient fits better, without end
    table = small([1, 2, 3, 4, 5, 6], [1] * 6, group=list("aaabbb"))
    row = survival.cox(table, ["group"]).iloc[0]
    assert math.isnan(row["hr"]) and row["note"].startswith("not estimable")


def test_a_reference_without_events_under_two_groups_that_die_is_not_estimable():
    table = small([1, 2, 3, 4, 5, 6, 7], [1, 1, 1, 1, 1, 0, 0], group=list("bcbcbaa"))
    found = survival.cox(table, ["group"])
    assert found["hr"].isna().all() and found["note"].str.startswith("not estimable").all()


def test_a_rare_marker_whose_two_patients_die_first_of_2000_is_not_estimable():
    # the standard deviation of so rare a marker is small, and so is its runaway coefficient per standard deviation
    table = small(range(1, 2001), [1] * 2000, rare=[True, True] + [False] * 1998)
    row = survival.cox(table, ["rare"]).iloc[0]
    assert math.isnan(row["hr"]) and row["note"].startswith("not estimable")


def test_a_covariate_without_contrast_is_not_estimable_and_the_others_are():
    table = table_of("lung").assign(constant=1.0)
    found = survival.cox(table, ["constant", "sex"]).set_index("term")
    assert math.isnan(found.loc["constant", "hr"])
    assert found.loc["constant", "note"] == "not estimable: every patient has the same value"
    same(found.loc["sex", "hr"], survival.cox(table, ["sex"])["hr"].item(), 1e-9)


def test_two_equal_covariates_are_not_estimable():
    table = table_of("lung")
    found = survival.cox(table.assign(again=table["sex"]), ["sex", "again"])
    assert found["hr"].isna().all() and found["note"].str.startswith("not estimable").all()


def test_without_any_event_every_term_is_missing_with_a_reason():
    table = table_of("quiet").assign(age=[50, 60, 55, 70, 65])
    found = survival.cox(table, ["age", "group"])
    assert found["hr"].isna().all()
    assert found["note"].str.startswith("not estimable").all()


# ---- groups of few ----


def with_few(name: str = "ties", months=(2, 4), event=(1, 1)) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A data set of the golden, and the same with patients of a group `rare` added."""
    table = table_of(name)
    extra = small(months, event, group=["rare"] * len(months), dose=5.0)
    return table, pd.concat([table, extra], ignore_index=True)


def test_a_group_of_few_sets_no_horizon_and_has_no_restricted_mean():
    table, more = with_few(months=(0.5, 0.7), event=(1, 0))
    plain = survival.describe(table, "group")
    found = survival.describe(more, "group", min_group=3).set_index("group")
    assert list(found["n"]) == [8, 8, 8, 2] and set(found["horizon"]) == set(plain["horizon"]) == {4}
    assert found.loc["rare", ["rmst", "rmst_lower", "rmst_upper"]].isna().all()
    assert found.loc["rare", "median_months"] == pytest.approx(0.6), "it is described"
    same(found.loc[["a", "b", "c"], "rmst"], plain["rmst"], 1e-12)
    # by default every group has its say, as in R
    assert set(survival.describe(more, "group")["horizon"]) == {0.7}
    apart = survival.restricted_mean_difference(more, "group", "a", min_group=3).set_index("group")
    assert math.isnan(apart.loc["rare", "difference"]) and apart.loc[["b", "c"], "difference"].notna().all()
    alone = survival.restricted_mean(more[more["group"] == "rare"], "group", min_group=3)
    assert alone[["horizon", "rmst"]].isna().all(axis=None)


def test_a_group_of_few_is_in_no_pair():
    table, more = with_few()
    pd.testing.assert_frame_equal(
        survival.pairwise_log_rank(more, "group", 3), survival.pairwise_log_rank(table, "group")
    )


def test_a_level_of_few_has_no_hazard_ratio_and_is_no_reference_and_the_other_terms_stay():
    _, more = with_few()
    whole = survival.cox(more, ["group", "dose"]).set_index("term")
    found = survival.cox(more, ["group", "dose"], min_group=3).set_index("term")
    assert found.loc["group: rare vs a", "note"] == "not estimable: fewer than 3 patients"
    assert found.loc["group: rare vs a", ["hr", "lower", "upper", "p"]].isna().all()
    others = ["group: b vs a", "group: c vs a", "dose"]
    same(found.loc[others, "hr"], whole.loc[others, "hr"], 1e-12)
    assert set(found["n"]) == {26}
    # asked to stand against the rare, they stand against the first that is large enough
    against = survival.cox(more, ["group"], {"group": "rare"}, min_group=3)
    assert list(against["term"]) == ["group: b vs a", "group: c vs a", "group: rare vs a"]
    marked = table_of("lung").assign(rare=[True] * 4 + [False] * 224)
    for column in (marked, marked.assign(rare=~marked["rare"])):
        found = survival.cox(column, ["rare", "age"], min_group=5).set_index("term")
        assert math.isnan(found.loc["rare", "hr"]) and "fewer than 5 patients" in found.loc["rare", "note"]
        assert found.loc["age", "hr"] > 1


def test_a_level_of_few_has_no_part_in_the_test_of_proportional_hazards():
    _, more = with_few()
    found = survival.proportional_hazards(more, ["group", "dose"], min_group=3).set_index("term")
    assert list(found["df"]) == [2, 1, 3]
    assert found.loc["group", "note"] == "group: rare vs a not estimable: fewer than 3 patients"
    assert found["p"].notna().all()


def test_pairs_are_of_the_groups_asked_about_that_are_large_enough():
    table, more = with_few()
    more["group"] = more["group"].astype("category")
    every = survival.pairs(more, "group", 3)
    assert len(every) == 3 and all(finding.value for finding in every)
    (found,) = survival.pairs(more, "group", 3, ["a", "c", "rare"])
    right = survival.cox(table[table["group"] != "b"], ["group"]).iloc[0]
    same([found.value, found.lower, found.upper], right[["hr", "lower", "upper"]], 1e-9)
    for only in (["a", "rare"], ["rare", "nobody"], ["x", "y"], ["a"]):
        (none,) = survival.pairs(more, "group", 3, only)
        assert none.value is None and none.note.startswith("a comparison needs at least 3 patients each of ")
        assert not none.note.endswith(".")
    (few,) = survival.pairs(more, "group", 3, ["a", "rare"])
    assert few.note == (
        "a comparison needs at least 3 patients each of a and rare, and here is a (n = 8) and rare (n = 2)"
    )


def test_the_sentences_name_what_is_shown_and_not_tested():
    _, more = with_few(months=(2,), event=(1,))
    said = survival.compare(more, "group", min_group=3).sentence()
    assert said.endswith("rare (n = 1) is shown, not tested: fewer than 3 patients.")
    assert "rare" not in set(survival.compare(more, "group", min_group=3).ratios["group"])
    table = table_of("lung").assign(woman=lambda each: each["sex"] == 2, rare=[True] + [False] * 227)
    said = survival.forest_sentence(survival.cox_each(table, ["woman", "rare"], 5))
    assert said.endswith(" Shown, not estimated: rare (fewer than 5 patients on a side).")


# ---- one model per marker ----


def test_one_model_per_marker_is_the_cox_model_of_that_marker():
    table = table_of("lung").assign(woman=lambda each: each["sex"] == 2)
    row = survival.cox_each(table, ["woman"]).iloc[0]
    alone = survival.cox(table, ["sex"]).iloc[0]
    same(row[["hr", "lower", "upper", "p"]], alone[["hr", "lower", "upper", "p"]], 1e-9)
    assert (row["term"], row["counts"], row["n_with"], row["events_with"]) == ("woman", "90 of 228", 90, 53)


def test_a_marker_unknown_in_some_is_modelled_in_the_others():
    table = small(
        [1, 2, 3, 4, 5, 6, 7, 8],
        [1, 1, 0, 1, 1, 1, 0, 1],
        marker=[True, None, False, True, False, True, False, None],
    )
    row = survival.cox_each(table, ["marker"]).iloc[0]
    assert (row["counts"], row["n"], row["events"], row["events_with"]) == ("3 of 6", 6, 4, 3)
    assert math.isfinite(row["hr"])


def test_a_marker_of_too_few_is_listed_and_not_fitted():
    table = small(range(1, 9), [1] * 8, rare=[True] + [False] * 7, common=[True, False] * 4, all=[True] * 8)
    found = survival.cox_each(table, ["rare", "common", "all"], min_group=2).set_index("term")
    for name in ("rare", "all"):
        assert found.loc[name, "note"] == "fewer than 2 patients on a side"
        assert found.loc[name, ["coefficient", "se", "hr", "lower", "upper", "p"]].isna().all()
    assert found.loc["common", "note"] == "" and math.isfinite(found.loc["common", "hr"])
    assert found.loc["all", "counts"] == "8 of 8"


def test_no_markers_give_an_empty_table():
    assert survival.cox_each(table_of("lung"), []).empty


@pytest.fixture
def marked() -> tuple[pd.DataFrame, pd.DataFrame]:
    """lung with two markers, and its patients as a cohort holds them."""
    lung = table_of("lung")
    table = lung[["months", "event"]].assign(
        ecog=(lung["ph.ecog"] >= 1).astype(object).where(lung["ph.ecog"].notna()), rare=[True] + [False] * 227
    )
    return table, pd.DataFrame({"AGE": lung["age"], "SEX": lung["sex"].map({1.0: "Male", 2.0: "Female"})})


def test_joint_model_holds_the_usable_markers_with_age_per_ten_years_and_sex(marked):
    table, patients = marked
    alone, joint = survival.alone_and_joint(table, ["ecog", "rare"], patients, ["AGE", "SEX", "STAGE"])
    assert list(alone["term"]) == ["ecog", "rare"]
    assert list(joint["term"]) == ["ecog", "Age, per 10 years", "Sex: Male vs Female"]
    assert list(joint["counts"]) == ["164 of 227", "n = 227", "n = 227"]
    complete = table.join(patients).dropna()
    direct = survival.cox(complete.astype({"ecog": float}), ["ecog", "AGE", "SEX"])
    same(joint["p"], direct["p"], 1e-9)
    same(joint["hr"], [direct["hr"][0], direct["hr"][1] ** 10, direct["hr"][2]], 1e-9)


def test_joint_model_without_the_adjusting_columns_holds_the_markers_alone(marked):
    table, patients = marked
    alone, joint = survival.alone_and_joint(table, ["ecog"], patients[[]], ["AGE", "SEX"])
    assert list(joint["term"]) == ["ecog"]
    same(joint["hr"], alone["hr"], 1e-9)


def test_joint_model_of_no_usable_marker_is_not_an_error(marked):
    table, patients = marked
    alone, joint = survival.alone_and_joint(table, ["rare"], patients[[]], ["AGE"])
    assert list(alone["note"]) == ["fewer than 2 patients on a side"]
    assert joint.empty


def forest(*rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["term", "n", "events", "hr", "lower", "upper"])


def test_forest_sentence_names_the_terms_whose_interval_excludes_1():
    table = forest(
        ("KRAS", 85, 60, 1.85, 1.214, 2.836),
        ("TP53", 85, 60, 1.1, 0.7, 1.7),
        ("RB1", 80, 58, 0.5, 0.3, 0.9),
        ("rare", 85, 60, NAN, NAN, NAN),
    )
    assert survival.forest_sentence(table) == (
        "2 of 3 terms with a 95% interval that excludes a hazard ratio of 1: "
        "KRAS 1.85 (1.21–2.84); RB1 0.50 (0.30–0.90) (n = 85, 60 events)."
    )


def test_forest_sentence_says_where_no_interval_excludes_1():
    table = forest(("TP53", 85, 60, 1.1, 0.7, 1.7), ("RB1", 85, 60, 1.2, 1.0, 1.4))
    assert survival.forest_sentence(table) == (
        "None of 2 terms has a 95% interval that excludes a hazard ratio of 1 (n = 85, 60 events)."
    )


def test_forest_sentence_of_an_empty_table_has_no_nan():
    assert "nan" not in survival.forest_sentence(survival.cox(table_of("lung"), []))


def test_above_makes_two_ordered_groups_with_the_cut_in_the_higher():
    found = survival.above(pd.Series([1, 10, 9.99, None, 50], index=list("abcde")), 10, "high", "low")
    assert list(found.cat.categories) == ["low", "high"]
    assert list(found.index) == list("abcde")
    assert [None if pd.isna(value) else value for value in found] == ["low", "high", "low", None, "high"]


@pytest.mark.parametrize("dtype", ["Int64", "Float64", object])
def test_above_reads_numbers_of_any_column_type(dtype):
    found = survival.above(pd.Series([1, None, 3], dtype=dtype), 2, "high", "low")
    assert [None if pd.isna(value) else value for value in found] == ["low", None, "high"]


@pytest.mark.parametrize(
    ("longest", "ticks"), [(5, [0, 1, 2, 3, 4, 5]), (24, [0, 6, 12, 18, 24]), (60, [0, 12, 24, 36, 48, 60])]
)
def test_time_ticks_are_round_months(longest, ticks):
    assert survival.time_ticks(longest) == ticks


@pytest.mark.parametrize("longest", [0, 0.5, 7, 36, 83.9, 300, 1500])
def test_time_ticks_start_at_0_are_few_and_do_not_pass_the_end(longest):
    ticks = survival.time_ticks(longest)
    assert ticks[0] == 0 and len(ticks) <= 8
    assert ticks[-1] <= max(longest, 1) * 1.02


# ---- groups compared ----


def test_compare_puts_together_curves_medians_tests_and_ratios():
    table = table_of("aml")
    found = survival.compare(table, "x")
    pd.testing.assert_frame_equal(found.curve, survival.kaplan_meier(table, "x"))
    pd.testing.assert_frame_equal(found.medians, survival.medians(table, "x"))
    assert found.log_rank == survival.log_rank(table, "x")
    assert list(found.ratios["group"]) == ["Nonmaintained"]
    same(found.ratios["hr"], survival.cox(table, ["x"])["hr"], 1e-12)
    assert (found.tested, found.small, found.dropped, found.total) == (["Maintained", "Nonmaintained"], [], 0, 23)


def test_compare_sentence_and_notes_print_the_figures_of_r():
    found = survival.compare(table_of("aml"), "x")
    assert found.sentence() == (
        "Median survival, months (95% CI): Maintained 31.0 (18.0–NR) (n = 11, 7 events); "
        "Nonmaintained 23.0 (8.0–NR) (n = 12, 11 events); log-rank p = 0.065."
    )
    assert found.notes() == ["Log-rank p = 0.065", "HR 2.50 (0.92–6.81)", "HR: reference Maintained"]


def test_compare_summary_has_a_row_per_group_and_no_ratio_for_the_reference():
    table = survival.compare(table_of("lung", ["ph.ecog"]), "ph.ecog").summary().set_index("group")
    # the one patient with ph.ecog 3 is shown, and neither tested nor in the model
    assert list(table["tested"]) == [True, True, True, False]
    assert list(table["hr"].isna()) == [True, False, False, True]
    three = table_of("lung", ["ph.ecog"])
    three = three[three["ph.ecog"].isin(["0", "1", "2"])]
    assert set(table["log_rank_p"]) == {survival.log_rank(three, "ph.ecog").p}
    assert set(table["log_rank_df"]) == {2}
    same(table.loc[["1", "2"], "hr"], survival.cox(three, ["ph.ecog"])["hr"], 1e-12)


def test_compare_counts_patients_without_group_time_or_event_as_dropped():
    table = small([1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 1, 1], group=["a", "b", None, "a", "b", "a"])
    table.loc[5, "months"] = NAN
    found = survival.compare(table, "group")
    assert (found.dropped, found.total, found.medians["n"].sum()) == (2, 6, 4)
    assert found.sentence().endswith("2 of 6 patients lack the endpoint or the group and are left out.")
    table.attrs["dropped"] = 4
    assert (survival.compare(table, "group").dropped, survival.compare(table, "group").total) == (6, 10)
    assert survival.compare(table, "group", total=20).dropped == 16


def test_compare_leaves_out_a_patient_whose_event_is_unknown():
    table = small([1, 2, 3, 4, 5], [1, 1, 0, 1, 1], group=list("ababa")).astype({"event": object})
    table.loc[4, "event"] = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = survival.compare(table, "group")
    assert (found.dropped, list(found.medians["events"])) == (1, [1, 2])


def test_compare_where_nobody_is_left_says_what_is_missing():
    table = small([1, 2], [1, 0], smoking_status=[None, None])
    with pytest.raises(MissingData, match="no patient has both overall survival and smoking status"):
        survival.compare(table, "smoking_status", "overall survival")
    with pytest.raises(MissingData):
        survival.compare(table.iloc[:0], "smoking_status")


def test_compare_shows_a_group_under_min_group_and_does_not_test_it():
    table = table_of("ties")
    extra = small([2, 4], [1, 1], group=["rare", "rare"])
    found = survival.compare(pd.concat([table, extra], ignore_index=True), "group", min_group=3)
    assert (found.tested, found.small) == (["a", "b", "c"], ["rare"])
    assert "rare" in set(found.curve["group"]) and "rare" in set(found.medians["group"])
    assert list(found.ratios["group"]) == ["b", "c"]
    assert found.log_rank == survival.log_rank(table, "group")
    assert found.notes()[-1] == "rare: too few to test"


def test_compare_where_every_group_is_too_small_still_shows_them():
    found = survival.compare(small([1, 2, 3], [1, 1, 0], group=list("abc")), "group")
    assert (found.tested, found.small, len(found.ratios)) == ([], ["a", "b", "c"], 0)
    assert math.isnan(found.log_rank.p)
    assert found.notes()[0] == "Log-rank p not estimable"
    assert len(found.summary()) == 3


def test_compare_keeps_the_order_of_categories_and_drops_the_empty_ones():
    order = ["late", "never", "early"]
    table = small([1, 2, 3, 4, 5, 6], [1] * 6, group=pd.Categorical(["early", "late"] * 3, order))
    found = survival.compare(table, "group")
    assert found.tested == list(found.medians["group"]) == list(found.at_risk.index) == ["late", "early"]
    assert list(found.ratios["term"]) == ["group: early vs late"]


def test_compare_of_numbered_groups_keeps_numeric_order():
    table = small(range(1, 7), [1] * 6, group=[10, 2, 10, 2, 10, 2])
    assert survival.compare(table, "group").tested == ["2", "10"]


def test_compare_of_one_group_has_a_curve_and_no_test():
    found = survival.compare(small([1, 2, 3], [1, 0, 1], group=["a"] * 3), "group")
    assert (found.tested, len(found.ratios), len(found.curve)) == (["a"], 0, 3)
    assert math.isnan(found.log_rank.p)
    assert found.notes() == ["Log-rank p not estimable"]
    assert math.isnan(found.summary()["hr"].item())


def test_compare_without_events_estimates_nothing_and_prints_it():
    found = survival.compare(small([1, 2, 3, 4], [0] * 4, group=list("abab")), "group")
    assert math.isnan(found.log_rank.p) and found.ratios["hr"].isna().all()
    assert found.ratios["note"].str.startswith("not estimable").all()
    assert "a NR (NR–NR) (n = 2, 0 events)" in found.sentence()


def test_compare_with_one_event_tests_it_and_estimates_no_ratio():
    # the hand's sum: at the event 5 are at risk, 3 of b; (1 − 3/5)² / (3/5 · 2/5) = 2/3
    found = survival.compare(small([1, 2, 3, 4, 5, 6], [0, 1, 0, 0, 0, 0], group=list("ababab")), "group")
    assert found.log_rank.chi_squared == pytest.approx(2 / 3)
    assert found.ratios["hr"].isna().all()
    assert found.ratios["note"].item() == "not estimable: a level has no event"


def test_compare_of_groups_that_time_separates_still_tests_and_draws():
    found = survival.compare(small([1, 2, 3, 4, 5, 6], [1] * 6, group=list("aaabbb")), "group")
    assert found.log_rank.p < 0.05
    assert found.ratios["hr"].isna().all()


def test_stacked_comparisons_are_one_table_each_with_their_name_first():
    both = {name: survival.compare(table_of("ties"), "group", name) for name in ("OS", "PFS")}
    summary, curve = survival.stack(both, "endpoint")
    assert summary.columns[0] == curve.columns[0] == "endpoint"
    assert list(summary["endpoint"]) == ["OS"] * 3 + ["PFS"] * 3
    assert len(curve) == 2 * len(both["OS"].curve)
    text = survival.sentences(both)
    assert text.startswith("**OS.** Median OS, months") and " **PFS.** Median PFS, months" in text


# ---- milestones and restricted means at the edges ----


def test_milestones_before_the_first_and_after_the_last_time():
    found = survival.milestones(small([2, 4, 4], [1, 1, 1]), (0, 1, 4, 5))
    assert list(found["at_risk"]) == [3, 3, 2, 0]
    same(found["survival"], [1, 1, 0, None])
    same(found["lower"], [1, 1, None, None])


def test_an_empty_group_has_its_rows_and_no_figures():
    table = small([1, 2, 30], [1, 0, 1], group=pd.Categorical(["a", "a", "b"], ["none", "a", "b"]))
    found = survival.milestones(table, (1, 12), "group")
    assert list(found["group"]) == ["none", "none", "a", "a", "b", "b"]
    assert list(found["at_risk"]) == [0, 0, 2, 0, 1, 1]
    assert found.loc[:1, ["survival", "lower", "upper"]].isna().all(axis=None)
    means = survival.restricted_mean(table, "group").set_index("group")
    assert set(means["horizon"]) == {2.0}, "the smallest of the largest times, not that of nobody"
    assert means.loc["none", "n"] == 0 and math.isnan(means.loc["none", "rmst"])
    same(means.loc[["a", "b"], "rmst"], [1.5, 2])
    assert survival.restricted_mean_difference(table, "group", "none")["p"].isna().all()


def test_nobody_at_all_has_no_restricted_mean():
    table = small([], [], group=pd.Categorical([], ["a"]))
    assert survival.restricted_mean(table, "group")[["horizon", "rmst", "se"]].isna().all(axis=None)
    assert survival.milestones(table)["survival"].isna().all()


def test_without_events_the_restricted_mean_is_the_horizon_without_error():
    row = survival.restricted_mean(table_of("quiet")).iloc[0]
    assert list(row[["horizon", "rmst", "se", "lower", "upper"]]) == [9, 9, 0, 9, 9]
    apart = survival.restricted_mean_difference(table_of("quiet"), "group", "a").iloc[0]
    assert (apart["horizon"], apart["difference"]) == (3, 0) and math.isnan(apart["p"])


def test_before_the_first_event_the_restricted_mean_is_the_horizon():
    row = survival.restricted_mean(table_of("lung"), horizon=3).iloc[0]
    assert (row["rmst"], row["se"]) == (3, 0)


@pytest.mark.parametrize("months", [[0, 0, 0], [0, 0, 5]])
def test_deaths_at_0_take_no_time(months):
    row = survival.restricted_mean(small(months, [1, 1, 1])).iloc[0]
    same(row["rmst"], sum(months) / 3)
    same(survival.milestones(small(months, [1, 1, 1]), [0])["survival"], 1 - months.count(0) / 3)


def test_a_horizon_before_0_and_a_reference_that_is_no_group_are_refused():
    with pytest.raises(ValueError, match="from 0 on"):
        survival.restricted_mean(table_of("aml"), "x", -1)
    with pytest.raises(ValueError, match="one of Maintained, Nonmaintained, not 'other'"):
        survival.restricted_mean_difference(table_of("aml"), "x", "other")


def test_the_other_reference_turns_the_difference_around():
    one, other = (
        survival.restricted_mean_difference(table_of("aml"), "x", name).iloc[0]
        for name in ("Maintained", "Nonmaintained")
    )
    same([one["difference"], one["lower"], one["p"]], [-other["difference"], -other["upper"], other["p"]], 1e-12)


def test_describe_puts_medians_milestones_and_restricted_means_side_by_side():
    table = table_of("aml")
    found = survival.describe(table, "x", (12, 24.5))
    assert list(found["group"]) == ["Maintained", "Nonmaintained"]
    assert list(found["median_months"]) == [31, 23]
    at = survival.milestones(table, (12, 24.5), "x")
    same(found["survival_12"], at.loc[at["months"] == 12, "survival"])
    same(found["survival_24.5_lower"], at.loc[at["months"] == 24.5, "lower"])
    assert list(found["at_risk_12"]) == [10, 8]
    means = survival.restricted_mean(table, "x")
    same(found[["horizon", "rmst", "rmst_lower", "rmst_upper"]], means[["horizon", "rmst", "lower", "upper"]])


def test_describe_of_one_group_and_of_all_patients():
    assert list(survival.describe(small([1, 30], [1, 0], group=["a", "a"]), "group")["group"]) == ["a"]
    assert list(survival.describe(small([1, 30], [1, 0]))["group"]) == ["all"]


# ---- pairs of groups ----


def test_a_pair_without_events_is_not_tested_and_does_not_count_as_a_test():
    table = small([1, 2, 3, 4, 5, 6, 7], [1, 0, 1, 0, 0, 0, 0], group=pd.Categorical(list("aabbccd"), list("eabcd")))
    found = survival.pairwise_log_rank(table, "group").set_index(["group", "against"])
    assert len(found) == 6, "nobody is in e"
    assert found.loc[("c", "d"), ["chi_squared", "p", "p_adjusted"]].isna().all()
    assert found["p_adjusted"].notna().sum() == found["p"].notna().sum() == 5
    assert found["p_adjusted"].min() == pytest.approx(min(5 * found["p"].min(), 1))


def test_one_group_has_no_pairs():
    assert survival.pairwise_log_rank(small([1, 2], [1, 1], group=["a", "a"]), "group").empty


# ---- proportional hazards ----


def test_proportional_hazards_do_not_hang_on_the_reference_or_the_unit():
    table = table_of("veteran", ["celltype"])
    one = survival.proportional_hazards(table, ["celltype", "karno"])
    other = survival.proportional_hazards(
        table.assign(karno=table["karno"] * 1e6 + 1e9), ["celltype", "karno"], {"celltype": "squamous"}
    )
    same(one["chi_squared"], other["chi_squared"], 1e-6)


def test_proportional_hazards_of_what_is_not_estimable_say_so():
    silent = survival.proportional_hazards(table_of("silent"), ["group", "dose"]).set_index("term")
    assert list(silent["df"]) == [1, 1, 2] and silent["p"].notna().all()
    assert silent.loc["group", "note"] == "group: c vs a not estimable: a level has no event"
    same(
        silent["chi_squared"],
        survival.proportional_hazards(table_of("silent").query("group != 'c'"), ["group", "dose"])["chi_squared"],
    )
    for table in (table_of("quiet"), small([1, 2, 3, 4, 5, 6], [1] * 6, group=list("aaabbb"))):
        found = survival.proportional_hazards(table, ["group"])
        assert found["p"].isna().all() and found["note"].str.contains("not estimable").all()


@pytest.mark.parametrize("entry", [None, 0.5])
def test_proportional_hazards_with_all_events_at_one_time_are_not_testable(entry):
    table = small([5, 5, 5, 5, 6, 7], [1, 1, 1, 1, 0, 0], group=list("aababb"), dose=[3, 1, 4, 1, 5, 9])
    table = table if entry is None else table.assign(entry=entry)
    assert survival.cox(table, ["group", "dose"])["hr"].notna().any()
    found = survival.proportional_hazards(table, ["group"])
    assert found["p"].isna().all() and set(found["note"]) == {"not estimable: events at too few times"}


# ---- delayed entry ----


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
            survival.numbers_at_risk(there, [0, 1, 100]), survival.numbers_at_risk(table, [0, 1, 100])
        )
        one, other = survival.cox(there, covariates), survival.cox(table, covariates)
        same(one[["coefficient", "se", "p"]], other[["coefficient", "se", "p"]], 1e-9)


def test_nobody_is_at_risk_before_they_enter_or_at_it():
    table = table_of("late")
    found = survival.numbers_at_risk(table, [0, 2, 2.5, 3, 3.5, 5.5], "group")
    assert list(found.loc["a"]) == [0, 0, 2, 2, 3, 0]
    assert list(found.loc["b"]) == [4, 4, 3, 3, 3, 3]


def test_who_has_no_time_under_observation_is_left_out_and_counted():
    table = table_of("late")
    assert survival.medians(table)["n"].item() == 16
    assert survival.cox(table, ["dose"]).attrs["dropped"] == 2


def test_log_rank_of_delayed_entry_is_refused_as_by_survdiff():
    for test in (survival.log_rank, survival.pairwise_log_rank):
        with pytest.raises(ValueError, match="delayed entry"):
            test(table_of("late"), "group")


def test_models_of_delayed_entry_that_have_no_maximum_say_so():
    apart = small([1, 2, 3, 4, 5, 6], [1] * 6, group=list("aaabbb"), entry=0.0)
    twice = table_of("heart").assign(again=lambda each: each["age"])
    for table, covariates in ((apart, ["group"]), (twice, ["age", "again"])):
        found = survival.cox(table, covariates)
        assert found["hr"].isna().all() and found["note"].str.startswith("not estimable").all()


def test_a_landmark_of_delayed_entry_keeps_who_is_there_at_it():
    found = survival.landmark(small([3, 8, 9, 5], [1, 1, 0, 1], entry=[0, 1, 6, 5]), 5)
    assert list(found["months"]) == [3, 0] and "entry" not in found
    assert (found.attrs["lost"], found.attrs["late"]) == (1, 1)


def test_a_landmark_keeps_the_table_and_who_dies_at_it():
    table = small([3, 5, 8], [1, 1, 0], group=list("abb"))
    table.attrs["dropped"] = 4
    found = survival.landmark(table, 5)
    assert list(found["months"]) == [0, 3] and list(found["group"]) == ["b", "b"]
    assert found.attrs == {"dropped": 4, "lost": 1, "late": 0} and table.attrs == {"dropped": 4}
    assert survival.landmark(table, 9).empty


def test_split_rows_keep_an_entry_of_their_own_and_the_names_of_patients():
    table = small([9, 8], [1, 0], entry=[2, 4], turn=[5.0, 3.0]).set_axis(["p", "q"])
    rows = survival.split_at(table, "turn", "treated")
    assert list(rows.index) == ["p", "p", "q"]
    assert rows[["entry", "months"]].to_numpy().tolist() == [[2, 5], [5, 9], [4, 8]]
    assert list(rows["event"]) == [False, True, False] and list(rows["treated"]) == [False, True, True]


def test_events_per_variable_count_every_column_of_the_model():
    fitted = survival.cox(table_of("lung", ["ph.ecog"]), ["ph.ecog", "age"])
    assert survival.events_per_variable(fitted) == 164 / 4
    assert math.isnan(survival.events_per_variable(survival.cox(table_of("lung"), [])))


def test_60000_patients_take_seconds(many):
    draw = np.random.default_rng(1)
    table = many.assign(age=draw.normal(60, 10, len(many)), months=many["months"] + draw.random(len(many)))
    late = table.assign(entry=table["months"] * draw.random(len(many)))
    turning = table.assign(second=draw.exponential(60, len(many)))
    jobs = {
        "describe": lambda: survival.describe(table, "group"),
        "difference": lambda: survival.restricted_mean_difference(table, "group", "a"),
        "pairs": lambda: survival.pairwise_log_rank(many, "group"),
        "hazards": lambda: survival.proportional_hazards(many.assign(age=table["age"]), ["group", "age"]),
        "late": lambda: survival.cox(late, ["group", "age"]),
        "late curve": lambda: survival.kaplan_meier(late, "group"),
        "late hazards": lambda: survival.proportional_hazards(late, ["group", "age"]),
        "turning": lambda: survival.cox(survival.split_at(turning, "second"), ["after", "age"]),
        "landmark": lambda: survival.medians(survival.landmark(table, 12), "group"),
    }
    for name, job in jobs.items():
        began = time.process_time()
        job()
        assert time.process_time() - began < 5, name
