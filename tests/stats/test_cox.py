"""Cox models and the test of proportional hazards against R's coxph and cox.zph."""

import math
import warnings

import pandas as pd
import pytest

from lcnec_utils.core.errors import UserError
from lcnec_utils.stats import cox
from tests.stats.survival_tables import GOLDEN, NAN, same, small, table_of, with_few


@pytest.mark.parametrize(
    "entry", GOLDEN["cox"], ids=lambda entry: f"{entry['set']} {'+'.join(entry['covariates'])} {entry['categorical']}"
)
def test_cox_models_are_those_of_coxph_with_efron_ties(entry):
    table = table_of(entry["set"], entry["categorical"])
    if entry["without"]:
        table = table[table["group"] != entry["without"]]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = cox.cox(table, covariates=entry["covariates"])
    assert len(found) == len(entry["terms"])
    assert set(found["n"]) == {entry["n"]}
    assert set(found["events"]) == {entry["events"]}
    assert found.attrs["dropped"] == len(table) - entry["n"]
    assert set(found["note"]) == {""}
    for name in ("coefficient", "se", "hr", "lower", "upper", "p"):
        same(found[name], entry[name], 1e-7)


@pytest.mark.parametrize(
    "entry", GOLDEN["zph"], ids=lambda entry: f"{entry['set']} {'+'.join(entry['covariates'])} {entry['categorical']}"
)
def test_proportional_hazards_are_tested_as_by_cox_zph(entry):
    table = table_of(entry["set"], entry["categorical"])
    found = cox.proportional_hazards(table, covariates=entry["covariates"])
    assert list(found["term"]) == entry["term"]
    assert list(found["df"]) == entry["df"]
    assert set(found["note"]) == {""}
    for name in ("chi_squared", "p"):
        same(found[name], entry[name], 1e-7)


def crossed(entry: dict, columns: list[str]) -> pd.DataFrame:
    """The golden's data set with the treatment and the marker as 0 and 1, cut above the values that it names."""
    table = table_of(entry["set"])
    for name, above in zip(columns, entry["above"], strict=True):
        if above is not None:
            table[name] = (table[name] > above).astype(float).mask(table[name].isna())
    return table


@pytest.mark.parametrize("entry", GOLDEN["interaction"], ids=lambda entry: f"{entry['set']} {entry['marker']}")
def test_an_interaction_is_the_product_of_two_columns_in_coxph(entry):
    columns = [entry["treatment"], entry["marker"]]
    row = cox.interaction(crossed(entry, columns), treatment=columns[0], marker=columns[1]).iloc[0]
    assert (row["n"], row["events"], row["n_with"], row["note"]) == (entry["n"], entry["events"], entry["n_with"], "")
    for name in ("coefficient", "se", "hr", "lower", "upper", "p"):
        same(row[name], entry[name], 1e-7)


def test_treatment_and_marker_change_places_in_an_interaction_and_with_the_other_sign_it_is_the_inverse():
    table = table_of("lung").assign(woman=lambda rows: rows["sex"] == 2, old=lambda rows: rows["age"] > 65)
    one, other, inverse = (
        cox.interaction(table.assign(young=~table["old"]), treatment=treatment, marker=marker).iloc[0]
        for treatment, marker in (("woman", "old"), ("old", "woman"), ("woman", "young"))
    )
    same(one[["hr", "lower", "upper", "p"]], other[["hr", "lower", "upper", "p"]].tolist(), 1e-9)
    same([1 / inverse["hr"], 1 / inverse["upper"], 1 / inverse["lower"]], one[["hr", "lower", "upper"]].tolist(), 1e-9)


def test_an_interaction_is_that_ratio_of_the_hazard_ratios_within_the_strata():
    """In one model of both strata the baseline hazard is shared; it changes the ratio little."""
    table = table_of("veteran").assign(test=lambda rows: rows["trt"] == 2, fit=lambda rows: rows["karno"] > 60)
    within = [cox.cox(part, covariates=["test"]).iloc[0]["coefficient"] for _, part in table.groupby("fit")]
    row = cox.interaction(table, treatment="test", marker="fit").iloc[0]
    assert row["coefficient"] == pytest.approx(within[1] - within[0], abs=0.25) and row["coefficient"] < -0.5


def test_an_interaction_needs_enough_patients_of_each_treatment_with_and_without_the_marker():
    table = table_of("veteran").assign(test=lambda rows: rows["trt"] == 2, rare=lambda rows: rows["karno"] > 75)
    fewest = pd.crosstab(table["test"], table["rare"]).to_numpy().min()
    for least, note in ((fewest, ""), (fewest + 1, f"fewer than {fewest + 1} patients on a side")):
        row = cox.interaction(table, treatment="test", marker="rare", min_group=least).iloc[0]
        assert row["note"] == note and math.isnan(row["hr"]) == bool(note)
    with pytest.raises(UserError, match="karno"):
        cox.interaction(table, treatment="test", marker="karno")


def test_a_cut_off_compares_those_from_it_on_with_those_below_as_a_model_of_its_own():
    table = table_of("veteran")
    swept = cox.cox_by_cut_off(table, values="karno", cuts=[0, 50, 70, 101], min_group=1)
    assert list(swept["cut_off"]) == [50, 70], "nobody is below 0, and nobody from 101 on"
    for row in swept.itertuples():
        alone = cox.cox(table.assign(high=table["karno"] >= row.cut_off), covariates=["high"]).iloc[0]
        same([row.hr, row.lower, row.upper], alone[["hr", "lower", "upper"]].tolist(), 1e-12)
        assert row.n == 137 and row.n_with == (table["karno"] >= row.cut_off).sum()
    fewest = int((table["karno"] < 50).sum())
    assert list(cox.cox_by_cut_off(table, values="karno", cuts=[50], min_group=fewest + 1)["cut_off"]) == []
    missing = table.assign(karno=table["karno"].where(table.index > 9))
    assert set(cox.cox_by_cut_off(missing, values="karno", cuts=[70])["n"]) == {127}


def test_hazard_ratio_of_women_against_men_in_lung_is_0_588():
    row = cox.cox(table_of("lung"), covariates=["sex"]).iloc[0]
    assert [round(row[name], 3) for name in ("hr", "lower", "upper")] == [0.588, 0.424, 0.816]


def test_score_test_of_age_in_lung_is_0_188_where_the_older_approximation_is_0_029():
    found = cox.proportional_hazards(table_of("lung"), covariates=["age", "sex", "ph.ecog"]).set_index("term")
    assert round(found.loc["age", "chi_squared"], 3) == 0.188
    assert round(found.loc["GLOBAL", "p"], 3) == 0.216


def test_terms_name_their_level_and_its_reference():
    table = table_of("lung", ["ph.ecog"])
    assert list(cox.cox(table, covariates=["ph.ecog"])["term"]) == [f"ph.ecog: {level} vs 0" for level in "123"]
    against = cox.cox(table, covariates=["ph.ecog", "age"], reference={"ph.ecog": "1"})
    assert list(against["term"]) == ["ph.ecog: 0 vs 1", "ph.ecog: 2 vs 1", "ph.ecog: 3 vs 1", "age"]


def test_the_other_reference_gives_the_inverse_hazard_ratio():
    one = cox.cox(table_of("aml"), covariates=["x"]).iloc[0]
    other = cox.cox(table_of("aml"), covariates=["x"], reference={"x": "Nonmaintained"}).iloc[0]
    same([1 / other["hr"], 1 / other["upper"], 1 / other["lower"]], [one["hr"], one["lower"], one["upper"]], 1e-9)


def test_the_order_of_categories_sets_the_reference():
    table = table_of("aml")
    table["x"] = pd.Categorical(table["x"], ["never", "Nonmaintained", "Maintained"])
    assert list(cox.cox(table, covariates=["x"])["term"]) == ["x: Maintained vs Nonmaintained"]


@pytest.mark.parametrize("unit", [10, 365.25, 100, 1e-6])
def test_age_in_another_unit_gives_the_same_model(unit):
    table = table_of("lung")
    plain = cox.cox(table, covariates=["age", "sex", "ph.ecog"])
    scaled = cox.cox(table.assign(age=table["age"] / unit), covariates=["age", "sex", "ph.ecog"])
    same(scaled["p"], plain["p"], 1e-9)
    same(scaled["coefficient"] / [unit, 1, 1], plain["coefficient"], 1e-9)
    same(scaled["se"] / [unit, 1, 1], plain["se"], 1e-9)


def test_age_from_another_origin_gives_the_same_model():
    table = table_of("lung")
    plain, moved = (cox.cox(table.assign(age=table["age"] + by), covariates=["age", "sex"]) for by in (0, 1e4))
    same(moved["coefficient"], plain["coefficient"], 1e-9)


def test_incomplete_patients_are_left_out_of_a_cox_model_and_counted():
    table = table_of("lung")
    table.loc[[0, 1], "age"] = NAN
    found = cox.cox(table, covariates=["age", "ph.ecog"])
    # one patient of lung has no ph.ecog, and that is neither of the two
    assert found.attrs["dropped"] == 3 and set(found["n"]) == {225}


def test_a_level_without_events_is_not_estimable_and_says_so():
    found = cox.cox(table_of("silent"), covariates=["group"]).set_index("term").loc["group: c vs a"]
    assert found[["coefficient", "se", "hr", "lower", "upper", "p"]].isna().all()
    assert found["note"] == "not estimable: a level has no event"


@pytest.mark.parametrize("covariates", [["group"], ["group", "dose"]], ids="+".join)
def test_a_level_without_events_does_not_become_part_of_the_reference(covariates):
    # its hazard ratio runs to 0, and there its patients weigh nothing: the others' are those of coxph without it
    (golden,) = [entry for entry in GOLDEN["cox"] if entry["without"] == "c" and entry["covariates"] == covariates]
    found = cox.cox(table_of("silent"), covariates=covariates)
    found = found[found["term"] != "group: c vs a"]
    same(found["hr"], golden["hr"])
    same(found["se"], golden["se"])


@pytest.mark.parametrize("reference", ["c", "a"])
def test_a_level_without_events_is_not_estimable_as_the_reference_either(reference):
    found = cox.cox(table_of("silent"), covariates=["group"], reference={"group": reference})
    with_c = found[found["term"].str.contains(r"\bc\b")]
    assert with_c["hr"].isna().all(), "a hazard ratio against nobody's death"
    assert with_c["note"].str.startswith("not estimable").all()


def test_groups_that_time_separates_are_not_estimable_not_huge():
    # all of a die before the first of b: every larger coefficient fits better, without end
    table = small([1, 2, 3, 4, 5, 6], [1] * 6, group=list("aaabbb"))
    row = cox.cox(table, covariates=["group"]).iloc[0]
    assert math.isnan(row["hr"]) and row["note"].startswith("not estimable")


def test_a_reference_without_events_under_two_groups_that_die_is_not_estimable():
    table = small([1, 2, 3, 4, 5, 6, 7], [1, 1, 1, 1, 1, 0, 0], group=list("bcbcbaa"))
    found = cox.cox(table, covariates=["group"])
    assert found["hr"].isna().all() and found["note"].str.startswith("not estimable").all()


def test_a_rare_marker_whose_two_patients_die_first_of_2000_is_not_estimable():
    # the standard deviation of so rare a marker is small, and so is its runaway coefficient per standard deviation
    table = small(range(1, 2001), [1] * 2000, rare=[True, True] + [False] * 1998)
    row = cox.cox(table, covariates=["rare"]).iloc[0]
    assert math.isnan(row["hr"]) and row["note"].startswith("not estimable")


def test_a_covariate_without_contrast_is_not_estimable_and_the_others_are():
    table = table_of("lung").assign(constant=1.0)
    found = cox.cox(table, covariates=["constant", "sex"]).set_index("term")
    assert math.isnan(found.loc["constant", "hr"])
    assert found.loc["constant", "note"] == "not estimable: every patient has the same value"
    same(found.loc["sex", "hr"], cox.cox(table, covariates=["sex"])["hr"].item(), 1e-9)


def test_two_equal_covariates_are_not_estimable():
    table = table_of("lung")
    found = cox.cox(table.assign(again=table["sex"]), covariates=["sex", "again"])
    assert found["hr"].isna().all() and found["note"].str.startswith("not estimable").all()


def test_without_any_event_every_term_is_missing_with_a_reason():
    table = table_of("quiet").assign(age=[50, 60, 55, 70, 65])
    found = cox.cox(table, covariates=["age", "group"])
    assert found["hr"].isna().all()
    assert found["note"].str.startswith("not estimable").all()


def test_a_level_of_few_has_no_hazard_ratio_and_is_no_reference_and_the_other_terms_stay():
    _, more = with_few()
    whole = cox.cox(more, covariates=["group", "dose"]).set_index("term")
    found = cox.cox(more, covariates=["group", "dose"], min_group=3).set_index("term")
    assert found.loc["group: rare vs a", "note"] == "not estimable: fewer than 3 patients"
    assert found.loc["group: rare vs a", ["hr", "lower", "upper", "p"]].isna().all()
    others = ["group: b vs a", "group: c vs a", "dose"]
    same(found.loc[others, "hr"], whole.loc[others, "hr"], 1e-12)
    assert set(found["n"]) == {26}
    # asked to stand against the rare, they stand against the first that is large enough
    against = cox.cox(more, covariates=["group"], reference={"group": "rare"}, min_group=3)
    assert list(against["term"]) == ["group: b vs a", "group: c vs a", "group: rare vs a"]
    marked = table_of("lung").assign(rare=[True] * 4 + [False] * 224)
    for column in (marked, marked.assign(rare=~marked["rare"])):
        found = cox.cox(column, covariates=["rare", "age"], min_group=5).set_index("term")
        assert math.isnan(found.loc["rare", "hr"]) and "fewer than 5 patients" in found.loc["rare", "note"]
        assert found.loc["age", "hr"] > 1


def test_a_level_of_few_has_no_part_in_the_test_of_proportional_hazards():
    _, more = with_few()
    found = cox.proportional_hazards(more, covariates=["group", "dose"], min_group=3).set_index("term")
    assert list(found["df"]) == [2, 1, 3]
    assert found.loc["group", "note"] == "group: rare vs a not estimable: fewer than 3 patients"
    assert found["p"].notna().all()


def test_one_model_per_marker_is_the_cox_model_of_that_marker():
    table = table_of("lung").assign(woman=lambda each: each["sex"] == 2)
    row = cox.univariable_cox(table, markers=["woman"]).iloc[0]
    alone = cox.cox(table, covariates=["sex"]).iloc[0]
    same(row[["hr", "lower", "upper", "p"]], alone[["hr", "lower", "upper", "p"]], 1e-9)
    assert (row["term"], row["counts"], row["n_with"], row["events_with"]) == ("woman", "90 of 228", 90, 53)


def test_a_marker_unknown_in_some_is_modelled_in_the_others():
    table = small(
        [1, 2, 3, 4, 5, 6, 7, 8],
        [1, 1, 0, 1, 1, 1, 0, 1],
        marker=[True, None, False, True, False, True, False, None],
    )
    row = cox.univariable_cox(table, markers=["marker"]).iloc[0]
    assert (row["counts"], row["n"], row["events"], row["events_with"]) == ("3 of 6", 6, 4, 3)
    assert math.isfinite(row["hr"])


def test_a_marker_of_too_few_is_listed_and_not_fitted():
    table = small(range(1, 9), [1] * 8, rare=[True] + [False] * 7, common=[True, False] * 4, all=[True] * 8)
    found = cox.univariable_cox(table, markers=["rare", "common", "all"], min_group=2).set_index("term")
    for name in ("rare", "all"):
        assert found.loc[name, "note"] == "fewer than 2 patients on a side"
        assert found.loc[name, ["coefficient", "se", "hr", "lower", "upper", "p"]].isna().all()
    assert found.loc["common", "note"] == "" and math.isfinite(found.loc["common", "hr"])
    assert found.loc["all", "counts"] == "8 of 8"


def test_no_markers_give_an_empty_table():
    assert cox.univariable_cox(table_of("lung"), markers=[]).empty


@pytest.fixture
def marked() -> pd.DataFrame:
    """lung with two markers, age in decades and sex."""
    lung = table_of("lung")
    return lung[["months", "event"]].assign(
        ecog=(lung["ph.ecog"] >= 1).astype(object).where(lung["ph.ecog"].notna()),
        rare=[True] + [False] * 227,
        **{"Age, per 10 years": lung["age"] / 10, "Sex": lung["sex"].map({1.0: "Male", 2.0: "Female"})},
    )


def test_joint_model_holds_the_usable_markers_and_the_covariates_that_it_is_adjusted_for(marked):
    alone, joint = cox.univariable_and_multivariable_cox(
        marked, markers=["ecog", "rare"], adjust=["Age, per 10 years", "Sex"]
    )
    assert list(alone["term"]) == ["ecog", "rare"]
    assert list(joint["term"]) == ["ecog", "Age, per 10 years", "Sex: Male vs Female"]
    assert list(joint["counts"]) == ["164 of 227", "n = 227", "n = 227"]
    lung = table_of("lung").assign(ecog=lambda table: (table["ph.ecog"] >= 1).where(table["ph.ecog"].notna()))
    direct = cox.cox(lung.astype({"ecog": float}), covariates=["ecog", "age", "sex"])
    same(joint["p"], direct["p"], 1e-9)
    # a decade is ten years, and men (1) stand against women (2)
    same(joint["hr"], [direct["hr"][0], direct["hr"][1] ** 10, 1 / direct["hr"][2]], 1e-9)


def test_joint_model_without_adjusting_columns_holds_the_markers_alone(marked):
    alone, joint = cox.univariable_and_multivariable_cox(marked, markers=["ecog"])
    assert list(joint["term"]) == ["ecog"]
    same(joint["hr"], alone["hr"], 1e-9)


def test_joint_model_of_no_usable_marker_is_not_an_error(marked):
    alone, joint = cox.univariable_and_multivariable_cox(marked, markers=["rare"])
    assert list(alone["note"]) == ["fewer than 2 patients on a side"]
    assert joint.empty


def test_a_marker_of_words_is_refused_with_its_row(marked):
    table = marked.assign(KRAS="wild type")
    with pytest.raises(UserError, match="column 'KRAS', row 0 and 227 more: 'wild type' is neither 0 nor 1"):
        cox.univariable_cox(table, markers=["KRAS"])


def test_proportional_hazards_do_not_hang_on_the_reference_or_the_unit():
    table = table_of("veteran", ["celltype"])
    one = cox.proportional_hazards(table, covariates=["celltype", "karno"])
    other = cox.proportional_hazards(
        table.assign(karno=table["karno"] * 1e6 + 1e9),
        covariates=["celltype", "karno"],
        reference={"celltype": "squamous"},
    )
    same(one["chi_squared"], other["chi_squared"], 1e-6)


def test_proportional_hazards_of_what_is_not_estimable_say_so():
    silent = cox.proportional_hazards(table_of("silent"), covariates=["group", "dose"]).set_index("term")
    assert list(silent["df"]) == [1, 1, 2] and silent["p"].notna().all()
    assert silent.loc["group", "note"] == "group: c vs a not estimable: a level has no event"
    same(
        silent["chi_squared"],
        cox.proportional_hazards(table_of("silent").query("group != 'c'"), covariates=["group", "dose"])["chi_squared"],
    )
    for table in (table_of("quiet"), small([1, 2, 3, 4, 5, 6], [1] * 6, group=list("aaabbb"))):
        found = cox.proportional_hazards(table, covariates=["group"])
        assert found["p"].isna().all() and found["note"].str.contains("not estimable").all()


@pytest.mark.parametrize("entry", [None, 0.5])
def test_proportional_hazards_with_all_events_at_one_time_are_not_testable(entry):
    table = small([5, 5, 5, 5, 6, 7], [1, 1, 1, 1, 0, 0], group=list("aababb"), dose=[3, 1, 4, 1, 5, 9])
    table = table if entry is None else table.assign(entry=entry)
    assert cox.cox(table, covariates=["group", "dose"])["hr"].notna().any()
    found = cox.proportional_hazards(table, covariates=["group"])
    assert found["p"].isna().all() and set(found["note"]) == {"not estimable: events at too few times"}


def test_models_of_delayed_entry_that_have_no_maximum_say_so():
    apart = small([1, 2, 3, 4, 5, 6], [1] * 6, group=list("aaabbb"), entry=0.0)
    twice = table_of("heart").assign(again=lambda each: each["age"])
    for table, covariates in ((apart, ["group"]), (twice, ["age", "again"])):
        found = cox.cox(table, covariates=covariates)
        assert found["hr"].isna().all() and found["note"].str.startswith("not estimable").all()


def test_events_per_variable_count_every_column_of_the_model():
    fitted = cox.cox(table_of("lung", ["ph.ecog"]), covariates=["ph.ecog", "age"])
    assert cox.events_per_variable(fitted) == 164 / 4
    assert math.isnan(cox.events_per_variable(cox.cox(table_of("lung"), covariates=[])))
