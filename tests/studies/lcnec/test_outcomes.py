"""Survival by regimen and what notebook 02 makes of it: plain recounts, lifelines, and odd cohorts."""

import math
import shutil

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import multivariate_logrank_test

from conftest import TEST_OUTPUT
from lcnec_utils.cohort import read, treatment
from lcnec_utils.cohort.model import Cohort, CohortError
from lcnec_utils.core import paths
from lcnec_utils.core.errors import MissingData
from lcnec_utils.omics import genomics
from lcnec_utils.run import records, runs
from lcnec_utils.stats import comparison, proportions, survival
from lcnec_utils.studies.lcnec import adverse_events, cohorts, outcomes
from lcnec_utils.twins import build, free
from lcnec_utils.twins.targets import Targets, stream
from tests.cohort.patients import (
    CHEMO,
    CHEMO_IO,
    IO,
    NAN,
    PATIENT_FILE,
    SAMPLE_FILE,
    made,
    text_of,
    with_survival,
)

# ---- sensitivity: treatment era and second line


def sensitive(**columns) -> Cohort:
    size = len(columns["FIRST_LINE_REGIMEN"])
    return with_survival(np.arange(size) + 10.0, [True] * size, **columns)


def test_sensitivity_counts_chemotherapy_by_era_all_regimens_from_a_day_and_second_lines_after_chemotherapy():
    lcnec = sensitive(
        FIRST_LINE_REGIMEN=[CHEMO, CHEMO, CHEMO, IO, CHEMO_IO, None],
        FIRST_LINE_START=["2018-06-01", "2019-02-01", "2019-03-01", "2019-05-01", "2018-01-01", "2020-01-01"],
        SECOND_LINE_REGIMEN=[IO, CHEMO, None, IO, CHEMO, IO],
        SECOND_LINE_START_MONTHS=[4.0, NAN, NAN, 1, 2, 3],
    )
    parts = outcomes.sensitivity_tables(lcnec, "2019-01-01", "2019-03-01")
    counts = {name: {k: v for k, v in part["group"].value_counts().items() if v} for name, part in parts.items()}
    assert counts == {
        "Chemotherapy, by start": {"before 2019-01-01": 1, "from 2019-01-01": 2},
        "Regimens from 2019-03-01": {CHEMO: 1, IO: 1},
        "Second line, from the first (immortal time)": {"second line with ICI": 1, "second line without ICI": 1},
        "Second line, from the second": {"second line with ICI": 1},
    }
    assert parts["Second line, from the second"]["months"].to_dict() == {"P0": 6}


def test_a_part_that_a_cohort_cannot_fill_gives_its_claims_to_no_other():
    """Nobody started from the day: what is found of second lines is no answer on regimens, nor their numbers."""
    lcnec = sensitive(
        FIRST_LINE_REGIMEN=[CHEMO] * 6,
        FIRST_LINE_START=["2017-06-01"] * 6,
        SECOND_LINE_REGIMEN=[IO, CHEMO] * 3,
        SECOND_LINE_START_MONTHS=[4.0] * 6,
    )
    parts = outcomes.sensitivity_tables(lcnec, "2017-01-01", "2019-03-01")
    assert len(parts) == 3
    found = outcomes.sensitivity_findings(parts, 3)
    assert [finding.value for finding in found["regimen_after_march2019"]] == [None]
    assert "FIRST_LINE_START" in found["regimen_after_march2019"][0].note
    assert [finding.n for finding in found["second_line"]] == [6]
    assert found["n.second_line_ici"][0].value == found["n.second_line_non_ici"][0].value == 3
    assert found["n.second_line"][0].value == 6


def test_a_cohort_that_fills_no_part_of_the_sensitivity_panel_lacks_something():
    lcnec = sensitive(FIRST_LINE_REGIMEN=[IO] * 3, FIRST_LINE_START=["2018-06-01"] * 3)
    with pytest.raises(MissingData):
        outcomes.sensitivity_tables(lcnec, "2019-01-01", "2019-03-01")


# ---- evidence


def drawn(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    regimens = pd.Categorical(np.resize([CHEMO, CHEMO_IO, CHEMO_IO, IO], n), treatment.REGIMENS)
    return pd.DataFrame(
        {
            "months": rng.exponential(12, n).round(1),
            "event": rng.random(n) < 0.7,
            "regimen": regimens,
            "Sex": pd.Categorical(rng.choice(["Female", "Male"], n)),
            "ECOG": pd.Categorical(rng.choice(["0", "1", "2 or more"], n)),
            "Age, per 10 years": rng.normal(6.6, 0.9, n),
        }
    )


def dummies(table: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    """0/1 columns against the reference of each categorical."""
    parts = [table[["months", "event"]].astype(float)]
    for name, reference in columns.items():
        levels = pd.get_dummies(table[name].astype(str), prefix=name, dtype=float)
        parts.append(levels.drop(columns=f"{name}_{reference}"))
    return pd.concat([*parts, table[["Age, per 10 years"]]], axis=1)


def test_adjusted_models_are_lifelines_own_on_complete_cases_and_on_everybody():
    table = drawn(240, 3)
    table.loc[table.index % 3 == 0, "ECOG"] = None
    found = outcomes.adjusted_models(table)
    assert list(found["model"].unique()) == ["unadjusted", "complete cases", "not recorded as a category"]
    known = table.dropna(subset=["ECOG"])
    n = found.groupby("model", sort=False)["n"].agg(["min", "max"])
    assert n.loc["complete cases"].tolist() == [160, 160]
    assert n.loc["not recorded as a category"].tolist() == n.loc["unadjusted"].tolist() == [240, 240]
    filled = table.assign(ECOG=table["ECOG"].astype(object).where(table["ECOG"].notna(), "not recorded"))
    for model, data in (("complete cases", known), ("not recorded as a category", filled)):
        fitted = CoxPHFitter().fit(
            dummies(data, {"regimen": CHEMO_IO, "Sex": "Female", "ECOG": "0"}), "months", "event"
        )
        mine = found[found["model"] == model].set_index("term")
        for name in (CHEMO, IO):
            row = mine.loc[f"regimen: {name} vs {CHEMO_IO}"]
            ours = fitted.summary.loc[f"regimen_{name}"]
            np.testing.assert_allclose(
                [row["hr"], row["lower"], row["upper"], row["p"]],
                ours[["exp(coef)", "exp(coef) lower 95%", "exp(coef) upper 95%", "p"]].to_numpy(float), rtol=1e-3,
            )  # fmt: skip
        assert ("ECOG: not recorded vs 0" in mine.index) == (model != "complete cases")


def test_evidence_describes_tests_all_pairs_and_models_and_of_one_group_only_describes():
    found = outcomes.regimen_evidence(drawn(120, 4))
    assert list(found) == ["described", "pairwise", "adjusted", "proportional"]
    assert list(found["described"]["group"]) == [CHEMO, CHEMO_IO, IO]
    assert len(found["pairwise"]) == 3
    assert list(found["proportional"]["term"]) == ["regimen", "Sex", "ECOG", "Age, per 10 years", "GLOBAL"]
    table = drawn(120, 4)
    one = outcomes.regimen_evidence(table[table["regimen"] == IO])
    assert list(one) == ["described"]
    assert outcomes.evidence_sentences(one, 0.05) == outcomes.chemotherapy_ratio_note(one) == ""


def test_a_regimen_without_events_is_not_estimable_and_never_a_huge_ratio():
    table = drawn(120, 5)
    table["event"] &= table["regimen"] != IO
    found = outcomes.regimen_evidence(table)
    rows = found["adjusted"][found["adjusted"]["term"] == f"regimen: {IO} vs {CHEMO_IO}"]
    assert len(rows) == 3 and rows["hr"].isna().all() and rows["note"].str.startswith("not estimable").all()
    others = found["adjusted"][found["adjusted"]["term"] == f"regimen: {CHEMO} vs {CHEMO_IO}"]
    assert others["hr"].between(0.2, 5).all()
    words = outcomes.evidence_sentences(found, 1e-9)
    assert f"{CHEMO} vs {CHEMO_IO} 1." in words or f"{CHEMO} vs {CHEMO_IO} 0." in words
    assert f"{IO} vs {CHEMO_IO} not estimable: a level has no event" in words
    table["event"] = drawn(120, 5)["event"] & (table["regimen"] != CHEMO_IO)
    reference = outcomes.adjusted_models(table)
    assert reference.loc[reference["term"].str.startswith("regimen"), "hr"].isna().all()


def test_a_reference_that_complete_cases_lose_leaves_the_rest_estimable_against_one_another():
    """ECOG was recorded on chemotherapy and immunotherapy only: the complete cases compare those two."""
    table = drawn(160, 6)
    table.loc[table["regimen"] == CHEMO_IO, "ECOG"] = None
    rows = outcomes.adjusted_models(table)
    rows = rows[(rows["model"] == "complete cases") & rows["term"].str.startswith("regimen")]
    assert list(rows["term"]) == [f"regimen: {IO} vs {CHEMO}"]
    assert rows["hr"].between(0.1, 10).all()


def test_where_only_the_unadjusted_ratio_is_estimable_the_sentence_gives_it():
    table = drawn(160, 7)
    table = table[table["regimen"] != IO].drop(columns=["Sex", "Age, per 10 years"])
    table.loc[table["regimen"] == CHEMO_IO, "ECOG"] = None
    found = outcomes.regimen_evidence(table)
    assert found["adjusted"].set_index("model")["hr"].loc["unadjusted"] > 0
    assert "unadjusted" in outcomes.evidence_sentences(found, 1e-9)


def with_rare(n: int = 120, seed: int = 8, rare: int = 1) -> pd.DataFrame:
    """`drawn` with a few patients on surgery who were followed for a week."""
    table = drawn(n, seed)
    table["regimen"] = table["regimen"].cat.add_categories("surgery")
    table.loc[: rare - 1, ["months", "regimen"]] = [0.2, "surgery"]
    return table


def test_no_ratio_horizon_or_test_hangs_on_a_regimen_of_one_patient():
    table = with_rare()
    found, plain = (
        outcomes.regimen_evidence(table, min_group=5),
        outcomes.regimen_evidence(table[table["regimen"] != "surgery"], min_group=5),
    )
    for name in ("pairwise", "adjusted", "proportional"):
        assert not found[name].astype(str).apply(lambda column: column.str.contains("surgery")).any(axis=None)
        pd.testing.assert_frame_equal(found[name], plain[name])
    described = found["described"].set_index("group")
    assert described.loc["surgery", "n"] == 1 and math.isnan(described.loc["surgery", "rmst"])
    least = table[table["regimen"] != "surgery"].groupby("regimen", observed=True)["months"].max().min()
    assert set(described["horizon"]) == {least}
    assert "surgery" not in outcomes.evidence_sentences(found, 1.0)
    groups = comparison.compare(table, group="regimen", endpoint="overall survival", min_group=5, reference=CHEMO_IO)
    said = outcomes.regimen_sentence(groups, found, 0.05)
    assert "surgery (n = 1) is shown, not tested: fewer than 5 patients." in said
    assert "surgery 0.2 (" in said, "and its median is shown with its n"


def test_a_regimen_that_complete_cases_leave_with_few_has_no_ratio_there():
    table = drawn(120, 9)
    of_io = table.index[table["regimen"] == IO]
    table.loc[of_io[4:], "ECOG"] = None
    models = outcomes.regimen_evidence(table, min_group=5)["adjusted"]
    rows = models[models["term"] == f"regimen: {IO} vs {CHEMO_IO}"].set_index("model")
    assert rows.loc["complete cases", "note"] == "not estimable: fewer than 5 patients"
    assert rows["hr"].notna().to_dict() == {
        "unadjusted": True, "complete cases": False, "not recorded as a category": True,
    }  # fmt: skip


def findings_of(table: pd.DataFrame, min_group: int = 5) -> dict[str, list]:
    """Every finding by regimen that the notebook asks for."""
    medians, beside = survival.medians(table, group="regimen"), outcomes.regimen_evidence(table, min_group=min_group)
    found = outcomes.medians_and_counts(medians, "median", min_group=min_group)
    ratios = outcomes.hazard_ratio_findings(beside, "complete cases", min_group)
    return (
        found
        | ratios
        | outcomes.progression_findings(medians, ratios, min_group)
        | {
            "pairs": comparison.pairwise_hazard_ratios(
                table, group="regimen", min_group=min_group, only=treatment.REGIMENS
            )
        }
    )


@pytest.mark.parametrize("names", [("Standard", "Test"), ("Unknown", "surgery"), (CHEMO, "Test"), (CHEMO,)])
def test_claims_on_regimens_are_asked_of_the_regimens_that_they_name_alone(names):
    table = drawn(120, 10)
    table["regimen"] = pd.Categorical(np.resize(names, 120), sorted(set(names)))
    found = findings_of(table)
    computed = {id for id, findings in found.items() for finding in findings if finding.value is not None}
    assert computed == ({"n.evaluable", f"median.{CHEMO}"} if CHEMO in names else {"n.evaluable"})
    assert found["n.evaluable"][0].value == (table["regimen"] == CHEMO).sum()
    for id, findings in found.items():
        for finding in findings:
            assert finding.value is not None or (len(finding.note.split()) > 6 and finding.note[-1] != "."), id
    assert not {name for name in outcomes.medians_and_counts(survival.medians(table, group="regimen"), "m")} & {
        f"m.{name}" for name in names if name != CHEMO
    }


def test_claims_on_regimens_are_the_same_whoever_else_was_treated():
    table = drawn(120, 11)
    more = table.assign(regimen=table["regimen"].cat.add_categories(["Test"]))
    more = pd.concat([more, more.iloc[:30].assign(regimen="Test")], ignore_index=True)
    more["regimen"] = pd.Categorical(more["regimen"], [*treatment.REGIMENS, "Test"])
    one, other = findings_of(table), findings_of(more)
    # the model's other patients move its ratios; medians, their number and the pairs they do not
    for id in (*(f"median.{name}" for name in treatment.REGIMENS), "pairs", "difference.rwpfs.discussion"):
        assert one[id] == other[id], id


def test_a_regimen_of_few_has_no_median_and_no_share_among_the_findings():
    table = with_rare()
    table["regimen"] = table["regimen"].astype(object).replace({IO: CHEMO, "surgery": IO})
    medians = survival.medians(table, group="regimen")
    found = outcomes.medians_and_counts(medians, "median", "n")
    assert found[f"median.{IO}"][0].value is None and found[f"n.{IO}"][0].value == 1
    assert found[f"median.{IO}"][0].note == f"here 1 patient had {IO}, and a median needs at least 5"
    hit = pd.DataFrame({"any grade": pd.array([True, False, True, None] * 4, "boolean")})
    groups = pd.Series(pd.Categorical([CHEMO] * 8 + [IO] * 4 + ["Test"] * 4, [CHEMO, IO, "Test"]))
    shares = proportions.shares(hit, groups)
    found = adverse_events.shares_by_regimen(shares, {"any grade": "any"})
    assert {id: findings[0].value for id, findings in found.items()} == {
        f"any.{CHEMO}": pytest.approx(400 / 6), f"any.{CHEMO_IO}": None, f"any.{IO}": None,
    }  # fmt: skip
    assert adverse_events.share_over_regimens(hit["any grade"], groups).value == pytest.approx(600 / 9), (
        "Test is none of them"
    )
    assert adverse_events.share_over_regimens(hit["any grade"], groups.where(groups == "Test")).value is None


def test_cohorts_are_held_against_each_other_by_the_named_regimens_alone():
    def cohort(name: str, regimens: list, seed: int) -> Cohort:
        rng = np.random.default_rng(seed)
        size = len(regimens)
        lcnec = with_survival(rng.exponential(10, size), rng.random(size) < 0.8, FIRST_LINE_REGIMEN=regimens)
        lcnec.name = name
        return lcnec

    one, two = cohort("one", [CHEMO] * 20 + ["Test"] * 5, 1), cohort("two", [IO] * 20 + [None] * 5, 2)
    found = outcomes.second_cohort_hazard_ratio(one, two)
    assert found.value and found.n == 40
    for other in (cohort("three", ["Test"] * 20, 3), cohort("four", [None] * 20, 4), cohort("five", [IO] * 4, 5)):
        found = outcomes.second_cohort_hazard_ratio(one, other)
        assert found.value is None and len(found.note.split()) > 5
    assert outcomes.second_cohort_hazard_ratio(one, one).value is None


def test_shorter_progression_free_survival_on_chemotherapy_is_the_adjusted_hazard_ratio():
    found = findings_of(drawn(120, 12))
    [finding] = found["rwpfs_chemotherapy.discussion"]
    assert [finding] == found[f"hr.chemotherapy_vs_{CHEMO_IO}"] and finding.scale == "ratio" and finding.value > 0


def of_regimens(name: str, *regimens: str, seed: int, size: int = 20) -> Cohort:
    """So many patients on each regimen, all with survival."""
    rng, n = np.random.default_rng(seed), size * len(regimens)
    cohort = with_survival(
        rng.exponential(10, n), rng.random(n) < 0.8, FIRST_LINE_REGIMEN=[name for name in regimens for _ in range(size)]
    )
    cohort.name = name
    return cohort


def ratio_by_lifelines(cohort: Cohort, one: str, other: str) -> float:
    """The hazard ratio of the second regimen against the first."""
    table = cohort.patients[cohort.patients["FIRST_LINE_REGIMEN"].isin([one, other])]
    data = pd.DataFrame({"months": table["OS_MONTHS"], "event": table["OS_STATUS"].astype(float),
                         "other": (table["FIRST_LINE_REGIMEN"] == other).astype(float)})  # fmt: skip
    return CoxPHFitter().fit(data, "months", "event").hazard_ratios_["other"]


def test_a_sentence_on_both_cohorts_rests_on_the_pairs_of_either():
    first = of_regimens("first", CHEMO, CHEMO_IO, IO, seed=1)
    second = of_regimens("second", CHEMO, CHEMO_IO, "Test", seed=2)
    found = outcomes.both_cohorts_findings([first, second])
    assert set(found) == {"os_by_regimen.abstract", "os_by_regimen.discussion"}
    expected = [ratio_by_lifelines(first, *pair) for pair in ((CHEMO, CHEMO_IO), (CHEMO, IO), (CHEMO_IO, IO))]
    expected.append(ratio_by_lifelines(second, CHEMO, CHEMO_IO))
    for findings in found.values():
        assert [finding.value for finding in findings] == pytest.approx(expected, rel=1e-4)


def test_a_sentence_on_both_cohorts_is_not_answered_by_one():
    first = of_regimens("first", CHEMO, CHEMO_IO, seed=1)
    for other in (None, first, of_regimens("of one", IO, seed=3), of_regimens("of few", CHEMO, IO, seed=3, size=4)):
        for pair in ([first, other], [other, first]):
            found = outcomes.both_cohorts_findings([cohort for cohort in pair if cohort is not None])
            for findings in found.values():
                assert [finding.value for finding in findings] == [None] and len(findings[0].note.split()) > 5
    assert "only one is at hand, first" in outcomes.both_cohorts_findings([first])["os_by_regimen.abstract"][0].note
    bare = with_survival([5.0] * 9, [True] * 9)
    [finding] = outcomes.both_cohorts_findings([first, bare])["os_by_regimen.discussion"]
    assert "no first-line regimen" in finding.note
    assert outcomes.both_cohorts_findings([]) == {}


def test_treatments_are_compared_within_each_subtype_of_tumours_known_to_be_without_a_target(monkeypatch):
    """Subtypes by thirds; every fourth tumour has a target, and of every fifth it is not known."""
    cohort = of_regimens("cohort", CHEMO, CHEMO_IO, seed=5, size=90)
    n, samples = 180, cohort.samples.index
    names = np.array(["NSCLC-like", "SCLC-like", "unclassified"])[np.arange(n) % 3]
    subtype = pd.Series(
        pd.Categorical(names, [*dict.fromkeys(names), genomics.UNKNOWN]), samples, name="genomic_subtype"
    )
    target = pd.Series(np.arange(n) % 4 == 0, samples).astype("boolean").mask(np.arange(n) % 5 == 0)
    monkeypatch.setattr(genomics, "targetable", lambda cohort: target)
    monkeypatch.setattr(genomics, "genomic_subtype", lambda cohort: subtype)
    found = outcomes.regimens_without_target(cohort)
    without = target.eq(False).fillna(False).to_numpy(bool)
    assert [finding.n for finding in found] == [int((without & (names == name)).sum()) for name in dict.fromkeys(names)]
    for finding, name in zip(found, dict.fromkeys(names), strict=True):
        part = Cohort("part", cohort.patients[without & (names == name)], cohort.samples)
        assert finding.value == pytest.approx(ratio_by_lifelines(part, CHEMO, CHEMO_IO), rel=1e-4)
    monkeypatch.setattr(genomics, "targetable", lambda cohort: target.mask(target.notna()))
    [finding] = outcomes.regimens_without_target(cohort)
    assert finding.value is None and "targetable" in finding.note


# ---- the twins, recounted


@pytest.fixture(scope="module")
def one() -> Cohort:
    return read.read_study(build.build("twin_cohort_1"))


@pytest.fixture(scope="module")
def two() -> Cohort:
    return read.read_study(build.build("twin_cohort_2"))


def plain(folder, key: str = "OS", regimen: bool = True) -> pd.DataFrame:
    """months, event, regimen of a study folder, read without the package."""
    text = text_of(folder)
    table = pd.DataFrame(
        {
            "months": pd.to_numeric(text[f"{key}_MONTHS"]),
            "event": text[f"{key}_STATUS"].str[:1].map({"1": True, "0": False}),
            "regimen": text["FIRST_LINE_REGIMEN"].replace("", None),
        }
    ).set_index(text["PATIENT_ID"])
    return table.dropna(subset=["months", "event", *(["regimen"] if regimen else [])]).astype({"event": bool})


def median(table: pd.DataFrame) -> float:
    """From lifelines' curve; the middle of a curve that is flat on one half, as R's quantile(survfit())."""
    curve = KaplanMeierFitter().fit(table["months"], table["event"]).survival_function_.iloc[:, 0]
    on_half = curve[(curve - 0.5).abs() < 1e-9].index
    below = curve[curve < 0.5 - 1e-9].index
    if len(on_half):
        return (on_half[0] + (below[0] if len(below) else curve.index[-1])) / 2
    return float(below[0]) if len(below) else NAN


def test_sensitivity_of_the_twin_has_the_sources_numbers_and_counts_second_lines_from_their_start(one):
    parts = outcomes.sensitivity_tables(one, "2019-01-01", "2019-03-01")
    sizes = [part["group"].astype(str).value_counts().to_dict() for part in parts.values()]
    assert sizes[0] == {"before 2019-01-01": 71, "from 2019-01-01": 48}
    assert sizes[1] == {CHEMO: 32, CHEMO_IO: 74, IO: 8}
    assert sizes[2] == sizes[3] == {"second line without ICI": 28, "second line with ICI": 33}
    text = text_of(one.folder).set_index("PATIENT_ID")
    later = parts["Second line, from the second"]
    start = pd.to_numeric(text.loc[later.index, "SECOND_LINE_START_MONTHS"])
    np.testing.assert_allclose(later["months"], pd.to_numeric(text.loc[later.index, "OS_MONTHS"]) - start)
    assert (later["months"] >= 0).all()
    whole = treatment.survival_from_second_line(one)
    assert len(whole) + whole.attrs["dropped"] == (text["OS_MONTHS"] != "").sum()
    assert len(whole) == ((text["SECOND_LINE_START_MONTHS"] != "") & (text["OS_MONTHS"] != "")).sum()


@pytest.mark.parametrize(("name", "key"), [("one", "OS"), ("one", "RWPFS"), ("two", "OS"), ("two", "TOT")])
def test_survival_of_the_twins_by_regimen_is_lifelines(request, name, key):
    lcnec = request.getfixturevalue(name)
    table = plain(lcnec.folder, key)
    ours = comparison.compare(
        treatment.survival_by_regimen(lcnec, key),
        group="regimen",
        endpoint=key,
        min_group=5,
        limits="log-log",
        reference=CHEMO_IO,
    )
    for row in ours.medians.itertuples():
        group = table[table["regimen"] == row.group]
        assert (row.n, row.events) == (len(group), group["event"].sum())
        assert row.median == pytest.approx(median(group), abs=1e-9)
    test = multivariate_logrank_test(table["months"], table["regimen"], table["event"])
    assert ours.log_rank.chi_squared == pytest.approx(test.test_statistic, rel=1e-9)
    assert set(ours.ratios["group"]) == {CHEMO, IO}


# ---- odd cohorts, through the notebooks


@pytest.fixture
def odd(tmp_path, monkeypatch):
    """A function: twin of cohort 1 spoiled, run through notebooks; returns the study, the figures and the records."""
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))

    def ran(spoil, *notebooks: str):
        folder = tmp_path / "odd"
        shutil.copytree(build.build("twin_cohort_1"), folder)
        (folder / build.STAMP).unlink()
        table = text_of(folder)
        changed = spoil(table, folder)
        (table if changed is None else changed).to_csv(folder / PATIENT_FILE, sep="\t", index=False)
        file = tmp_path / "mine.yaml"
        file.write_text(f'run: mine\ncohort: {folder}\ncohort_2: ""\nicb: ""\nsclc: ""\n')
        for notebook in notebooks:
            runs.execute(notebook, file)  # an error in a cell is an error here
        outcome = {name: records.read_record("mine", name) for name in notebooks}
        for name, record in outcome.items():
            assert set(record["drawn"]) | set(record["skipped"]) == set(records.panels_of(name))
            assert all(len(reason.split()) > 3 for reason in record["skipped"].values())
            assert record["simulated"]
        return folder, paths.figures("mine"), outcome

    return ran


def remove(folder, *names: str) -> None:
    """Deletes files of a study and the meta files that name them, which would ask for them."""
    for path in [folder / name for name in names]:
        path.unlink()
    for meta in folder.glob("meta_*.txt"):
        if any(f"data_filename: {name}" in meta.read_text() for name in names):
            meta.unlink()


def csv(folder, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv", comment="#")


def test_of_one_regimen_and_no_adverse_events_each_is_described_and_nothing_compared(odd):
    def spoil(table, folder):
        table["FIRST_LINE_REGIMEN"] = CHEMO
        table.drop(columns=["ADVERSE_EVENT_GRADE", "STOPPED_FOR_TOXICITY"], inplace=True)
        remove(folder, "data_timeline_toxicity.txt")

    folder, figures, records = odd(spoil, "02_outcomes", "03_adverse_events")
    row = csv(figures, "fig1a").iloc[0]
    assert (row["group"], row["n"], row["events"]) == (CHEMO, len(plain(folder)), plain(folder)["event"].sum())
    assert math.isnan(row["hr"]) and math.isnan(row["log_rank_p"])
    assert row["median_months"] == pytest.approx(median(plain(folder)), rel=1e-7)
    tables = {path.name for path in figures.glob("fig1a.*csv")}
    assert tables == {"fig1a.csv", "fig1a.curve.csv", "fig1a.described.csv"}
    assert "chemoimmunotherapy" in records["02_outcomes"]["skipped"]["figS4"]
    assert all("adverse events" in reason for reason in records["03_adverse_events"]["skipped"].values())
    assert not records["03_adverse_events"]["drawn"]


def test_where_all_are_censored_curves_stay_at_1_and_no_ratio_is_estimable(odd):
    def spoil(table, folder):
        table["OS_STATUS"], table["RWPFS_STATUS"] = "0:LIVING", "0:CENSORED"

    _, figures, records = odd(spoil, "02_outcomes")
    assert set(csv(figures, "fig1a.curve")["survival"]) == {1.0}
    assert csv(figures, "fig1a")[["median_months", "hr", "log_rank_p"]].isna().all(axis=None)
    models = csv(figures, "fig1a.adjusted")
    assert models["hr"].isna().all() and set(models["note"]) == {"not estimable: no event"}
    assert csv(figures, "fig1a.described")["rmst"].notna().all()
    assert {"fig1a", "fig1c", "os_sensitivity", "os_by_subtype"} <= set(records["02_outcomes"]["drawn"])


def test_where_all_die_at_once_that_is_the_median_of_each_regimen_and_no_hazard_differs(odd):
    def spoil(table, folder):
        table["OS_STATUS"], table["OS_MONTHS"] = "1:DECEASED", "12"
        table["RWPFS_STATUS"], table["RWPFS_MONTHS"] = "1:PROGRESSED", "6"

    _, figures, _ = odd(spoil, "02_outcomes")
    assert set(csv(figures, "fig1a")["median_months"]) == {12} and set(csv(figures, "fig1c")["median_months"]) == {6}
    assert set(csv(figures, "fig1a")["n"]) == {121, 82, 14}
    np.testing.assert_allclose(csv(figures, "fig1a.adjusted")["hr"], 1)
    assert csv(figures, "fig1a.proportional")["p"].isna().all()


def test_with_ties_everywhere_and_ecog_missing_for_half_both_numbers_stand_in_the_table(odd):
    def spoil(table, folder):
        for name in ("OS_MONTHS", "RWPFS_MONTHS", "SECOND_LINE_START_MONTHS"):
            table[name] = [cell and str(round(float(cell))) for cell in table[name]]
        table.loc[table.index % 2 == 0, "ECOG"] = ""

    folder, figures, _ = odd(spoil, "02_outcomes")
    table, text = plain(folder), text_of(folder).set_index("PATIENT_ID").loc[plain(folder).index]
    complete = (text[["SEX", "ECOG", "AGE", "M_STAGE"]] != "").all(axis=1)
    models = csv(figures, "fig1a.adjusted").groupby("model")[["n", "events"]].agg(["min", "max"]).to_dict("index")
    for name, chosen in (("complete cases", table[complete]), ("not recorded as a category", table)):
        assert list(models[name].values()) == [len(chosen)] * 2 + [chosen["event"].sum()] * 2
    assert 90 < complete.sum() < 120 and len(table) > 210
    for row in csv(figures, "fig1a").itertuples():
        assert row.median_months == pytest.approx(median(table[table["regimen"] == row.group]), rel=1e-7)


def test_without_ecog_and_with_some_regimens_unknown_the_rest_is_adjusted_for_and_counted(odd):
    def spoil(table, folder):
        table["ECOG"] = ""
        table.loc[table.index % 5 == 0, "FIRST_LINE_REGIMEN"] = ""

    folder, figures, _ = odd(spoil, "01_cohorts", "02_outcomes")
    models, table = csv(figures, "fig1a.adjusted"), plain(folder)
    assert not models["term"].str.startswith("ECOG").any() and models["term"].str.startswith("M stage").any()
    assert set(models.loc[models["model"] == "unadjusted", "n"]) == {len(table)}
    assert csv(figures, "fig1a").set_index("group")["n"].to_dict() == table["regimen"].value_counts().to_dict()
    steps = csv(figures, "figS1").set_index("step")
    treated = int((text_of(folder)["FIRST_LINE_REGIMEN"] != "").sum())
    assert (steps.loc["cohort treated", "n"], steps.loc["cohort treated", "left"]) == (treated, 217 - treated)
    baseline = csv(figures, "table1")
    assert {"all (n = 217)", f"regimen not recorded (n = {217 - treated})"} <= set(baseline)
    assert "ECOG performance status" not in set(baseline["characteristic"])


def only(folder, patient: str) -> None:
    """Leaves one patient's rows in every other file of a study."""
    samples = text_of(folder, SAMPLE_FILE)
    samples = samples[samples["PATIENT_ID"] == patient]
    ids = {patient, *samples["SAMPLE_ID"]}
    timelines = [path.name for path in folder.glob("data_timeline_*")]
    for file in [SAMPLE_FILE, *timelines, "data_mutations.txt", "data_gene_panel_matrix.txt"]:
        table = text_of(folder, file)
        key = next(name for name in ("Tumor_Sample_Barcode", "SAMPLE_ID", "PATIENT_ID") if name in table)
        table[table[key].isin(ids)].to_csv(folder / file, sep="\t", index=False)
    remove(folder, "data_cna.txt")
    shutil.rmtree(folder / "case_lists")


def test_one_patient_is_a_cohort_with_a_curve_and_no_test(odd):
    def spoil(table, folder):
        only(folder, "TWIN1-0003")  # the first with an adverse event
        return table[table["PATIENT_ID"] == "TWIN1-0003"]

    folder, figures, records = odd(spoil, "01_cohorts", "02_outcomes", "03_adverse_events")
    row, [patient] = csv(figures, "fig1a").iloc[0], plain(folder).to_dict("records")
    assert (row["group"], row["n"], row["events"]) == (patient["regimen"], 1, patient["event"])
    assert not row["tested"] and math.isnan(row["log_rank_p"])
    assert csv(figures, "fig1a.curve")["months"].tolist() == [patient["months"]]
    assert set(csv(figures, "figS6")["n"]) == {1}
    assert {"table1", "figS1"} == set(records["01_cohorts"]["drawn"])


def test_a_fourth_regimen_is_a_group_of_its_own_and_odd_months_are_drawn(odd):
    """Every fifth has had surgery; months are days / 10, which nobody can tell from months."""

    def spoil(table, folder):
        table.loc[table.index % 5 == 0, "FIRST_LINE_REGIMEN"] = "surgery"
        for name in ("OS_MONTHS", "RWPFS_MONTHS", "SECOND_LINE_START_MONTHS", "FIRST_LINE_END_MONTHS"):
            table[name] = [cell and f"{float(cell) * 3.04375:.3f}" for cell in table[name]]

    folder, figures, records = odd(spoil, "01_cohorts", "02_outcomes", "03_adverse_events")
    table = plain(folder)
    rows = csv(figures, "fig1a")
    assert list(rows["group"]) == [CHEMO, CHEMO_IO, IO, "surgery"]
    for row in rows.itertuples():
        group = table[table["regimen"] == row.group]
        assert (row.n, row.events) == (len(group), group["event"].sum())
        assert row.median_months == pytest.approx(median(group), rel=1e-7)
    assert rows["hr"].isna().tolist() == [False, True, False, False], "chemoimmunotherapy is the reference"
    assert len(csv(figures, "fig1a.pairwise")) == 6
    harm = csv(figures, "figS6").set_index(["group", "what"])
    assert harm.loc[("surgery", "any grade"), "n"] == (text_of(folder)["FIRST_LINE_REGIMEN"] == "surgery").sum()
    # the figure names the group that the ratios are against
    assert "HR: reference chemotherapy" not in (figures / "fig1a.svg").read_text()


def test_a_trial_of_two_treatments_is_drawn_and_answers_nothing_about_regimens(odd):
    """Every patient on "Standard" or "Test", and one on surgery."""

    def spoil(table, folder):
        table["FIRST_LINE_REGIMEN"] = ["Standard", "Test"] * 108 + ["surgery"]

    _, figures, records = odd(spoil, "01_cohorts", "02_outcomes", "03_adverse_events")
    rows = csv(figures, "fig1a").set_index("group")
    assert list(rows.index) == ["Standard", "Test", "surgery"] and rows["tested"].tolist() == [True, True, False]
    assert rows["hr"].notna().tolist() == [False, True, False]
    assert "surgery (n = 1)" in csv(figures, "table1")
    asked = ("by_regimen", "hr.", "median_os", "median_rwpfs", "chemo_by_year", "regimen_after", "any_grade", "grade3",
             "discontinued", "rwpfs_chemotherapy", "difference.rwpfs", "second_line")  # fmt: skip
    answers = {id: answer for record in records.values() for id, answer in record["findings"].items()}
    about = {id: answer for id, answer in answers.items() if any(word in id for word in asked) and ".n." not in id}
    assert len(about) > 20
    assert {id: answer["verdict"] for id, answer in about.items() if answer["verdict"] != "not computable"} == {}
    assert all(len(answer["reason"].split()) > 5 for answer in about.values())


def test_the_legend_of_a_curve_names_the_group_that_its_ratios_are_against(one):
    import matplotlib.pyplot as plt

    from lcnec_utils.plots import kaplan_meier as plot
    from lcnec_utils.plots import palette

    groups = comparison.compare(
        treatment.survival_by_regimen(one, "OS"),
        group="regimen",
        endpoint="overall survival",
        min_group=5,
        reference=CHEMO_IO,
    )
    for width, height in ((89, 92), (60, 70), (183, 60)):
        fig, ax = palette.figure(width, height)
        plot.kaplan_meier(groups, ax)
        words = [text.get_text() for text in [*ax.texts, ax.get_legend().get_title()]]
        lines = " ".join(" ".join(words).split())
        assert "reference chemotherapy" not in lines and "reference chemoimmunotherapy" in lines, (width, height)
    plt.close("all")


def test_without_mutations_survival_and_the_flow_by_regimen_are_drawn_all_the_same(odd):
    def spoil(table, folder):
        remove(folder, "data_mutations.txt", "data_cna.txt", "data_gene_panel_matrix.txt")
        shutil.rmtree(folder / "case_lists")

    _, figures, records = odd(spoil, "01_cohorts", "02_outcomes")
    assert set(csv(figures, "fig1a")["n"]) == {119, 81, 14}
    assert "mutations" in records["02_outcomes"]["skipped"]["os_by_subtype"]
    assert "figS1" in records["01_cohorts"]["drawn"], "the flow has boxes without genotype"


@pytest.mark.parametrize(("unit", "refused"), [(1, False), (3.04375, False), (30.4375, True)])
def test_months_that_are_days_are_refused_with_the_hint_and_days_by_ten_are_not(tmp_path, unit, refused):
    folder = tmp_path / "days"
    shutil.copytree(build.build("twin_cohort_1"), folder)
    table = text_of(folder)
    table["OS_MONTHS"] = [cell and f"{float(cell) * unit:.2f}" for cell in table["OS_MONTHS"]]
    table.to_csv(folder / PATIENT_FILE, sep="\t", index=False)
    if refused:
        # a column of days is no column of months: the endpoint is gone, with the reason, and the study is read
        with pytest.raises((CohortError, MissingData), match=r"as if it were days; divide days by 30\.4375"):
            read.read_study(folder).survival("OS")
    else:
        assert read.read_study(folder).survival("OS")["months"].max() == pytest.approx(plain(folder)["months"].max())


# ---- 60,000 patients


@pytest.fixture(scope="module")
def many() -> Cohort:
    targets = Targets()
    table = free.patients(stream(11, "many"), targets, 60_000, "cohort_1", free.laws(targets, "cohort_1"))
    table.index = pd.Index([f"P{i}" for i in range(len(table))], name="PATIENT_ID")
    table["OS_STATUS"] = table["OS_STATUS"].str.startswith("1").astype("boolean")
    samples = pd.DataFrame({"PATIENT_ID": table.index}, index=pd.Index("S" + table.index, name="SAMPLE_ID"))
    return Cohort("many", table, samples)


def test_60000_patients_are_compared_modelled_and_described_right(many):
    table = treatment.survival_by_regimen(many, "OS")
    assert len(table) == 60_000
    found = comparison.compare(
        table, group="regimen", endpoint="overall survival", min_group=5, limits="log-log", reference=CHEMO_IO
    )
    test = multivariate_logrank_test(table["months"], table["regimen"].astype(str), table["event"])
    assert found.log_rank.chi_squared == pytest.approx(test.test_statistic, rel=1e-6)
    for row in found.medians.itertuples():
        group = table[table["regimen"] == row.group]
        assert (row.n, row.events) == (len(group), group["event"].sum())
        assert row.median == pytest.approx(median(group), abs=0.02)
    beside = outcomes.regimen_evidence(table)
    models = beside["adjusted"]
    assert set(models.loc[models["model"] == "not recorded as a category", "n"]) == {60_000}
    complete = table[["Sex", "ECOG", "Age, per 10 years", "M stage"]].notna().all(axis=1).sum()
    assert set(models.loc[models["model"] == "complete cases", "n"]) == {complete}
    data = table[["months", "event"]].assign(chemo=table["regimen"] == CHEMO, io=table["regimen"] == IO).astype(float)
    fitted = CoxPHFitter().fit(data, "months", "event").hazard_ratios_
    ratios = models[models["model"] == "unadjusted"].set_index("term")["hr"]
    assert ratios[f"regimen: {CHEMO} vs {CHEMO_IO}"] == pytest.approx(fitted["chemo"], rel=1e-6)
    assert ratios[f"regimen: {IO} vs {CHEMO_IO}"] == pytest.approx(fitted["io"], rel=1e-6)
    # the area under lifelines' curve up to the horizon
    for row in beside["described"].itertuples():
        group = table[table["regimen"] == row.group]
        curve = KaplanMeierFitter().fit(group["months"], group["event"]).survival_function_.iloc[:, 0]
        curve = curve[curve.index <= row.horizon]
        area = float((np.diff([*curve.index, row.horizon]) * curve.to_numpy()).sum())
        assert row.rmst == pytest.approx(area, rel=1e-9)
    rows = cohorts.baseline(many, treatment.regimen(many)).set_index(["characteristic", "level"])
    women = int((many.patients["SEX"] == "Female").sum())
    assert rows.loc[("Sex", "Female")].iloc[0].startswith(f"{women}/60000 (")


# ---- real cohorts


def test_public_cohorts_without_regimens_draw_what_they_have_and_say_why_the_rest_is_skipped(public_run):
    folder = TEST_OUTPUT / "build" / "msk_met"
    outcome = {name: pd.read_json(folder / f"{name}.json", typ="series") for name in
               ("01_cohorts", "02_outcomes", "03_adverse_events")}  # fmt: skip
    for name, record in outcome.items():
        assert set(record["drawn"]) | set(record["skipped"]) == set(records.panels_of(name))
        assert not set(record["drawn"]) & set(record["skipped"])
        assert all(len(reason.split()) > 3 for reason in record["skipped"].values())
        assert not record["simulated"]
    assert {"table1", "figS1"} <= set(outcome["01_cohorts"]["drawn"])
    assert set(outcome["02_outcomes"]["drawn"]) == {
        "os_by_subtype", "pfs_by_driver", "pfs_by_pdl1", "pfs_by_tmb", "pfs_forest",
    }  # fmt: skip
    reasons = outcome["02_outcomes"]["skipped"]
    assert "first-line regimen" in reasons["fig1a"] and "cohort_2" in reasons["fig1b"]
    assert not outcome["03_adverse_events"]["drawn"]
    study = text_of(paths.cohorts() / "msk_met_lcnec")
    baseline = pd.read_csv(public_run / "table1.csv", comment="#")
    assert baseline["cohort"].nunique() == 1 and f"all (n = {len(study)})" in baseline
    steps = pd.read_csv(public_run / "figS1.csv", comment="#").set_index("step")["n"]
    assert steps["cohort"] == len(study)
    known = study[(study["OS_MONTHS"] != "") & (study["OS_STATUS"] != "")]
    assert steps["cohort OS"] == len(known)


# ---- by genomic subtype, with and without combined tumours


def test_survival_by_the_subtypes_that_a_study_gives_is_that_of_its_own_workbook(public_cohort):
    """The log-rank p and median of Zhang 2026, by R's survdiff and survfit on the workbook: pure, all, and by type."""
    lcnec = read.read_study(public_cohort("tu_lcnec_2026"))
    tables = outcomes.survival_by_subtype(lcnec) | outcomes.subtype_sensitivity(lcnec)
    p = {name: survival.log_rank(table, group="group").p for name, table in tables.items()}
    assert {name: round(value, 2) for name, value in p.items()} == {
        "Overall survival": 0.45,
        outcomes.WITH_COMBINED: 0.41,
        outcomes.BY_TRANSCRIPTOME: 0.19,
        outcomes.TYPES_WITH_COMBINED: 0.28,
    }
    medians = survival.medians(tables[outcomes.WITH_COMBINED], group="group").set_index("group")
    assert round(medians.loc["NSCLC-like", "median"], 1) == 47.1
    assert {name: outcomes.patients_of(lcnec, name) for name in tables} == {
        "Overall survival": 81, outcomes.WITH_COMBINED: 107, outcomes.BY_TRANSCRIPTOME: 81,
        outcomes.TYPES_WITH_COMBINED: 107,
    }  # fmt: skip
    assert outcomes.panel_title(lcnec, outcomes.BY_TRANSCRIPTOME).endswith("pure tumours by transcriptome type")
    assert outcomes.panel_title(lcnec, "Overall survival") == "LCNEC, Zhang 2026, pure"


def test_a_cohort_without_combined_tumours_or_types_has_no_sensitivity_analysis():
    assert outcomes.subtype_sensitivity(with_survival([1.0, 2.0], [True, False])) == {}


@pytest.mark.parametrize(
    "roles_of_run",
    ["icb: nsclc_pd1_msk_2018\n", "cohort: twin_cohort_1\ncohort_2: twin_cohort_2\nicb: nsclc_pd1_msk_2018\n"],
    ids=["no LCNEC cohort", "twins not built"],
)
def test_a_run_whose_lcnec_cohorts_are_not_there_skips_their_panels_and_ends(
    roles_of_run, public_cohort, tmp_path, monkeypatch
):
    """In a fresh clone, and in a run on blockade alone, the sentence on targetable tumours stays unanswered."""
    folder = public_cohort("nsclc_pd1_msk_2018")
    (tmp_path / "cohorts").mkdir()
    (tmp_path / "cohorts" / folder.name).symlink_to(folder)
    monkeypatch.setenv("LCNEC_COHORTS_DIR", str(tmp_path / "cohorts"))
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    file = tmp_path / "blockade.yaml"
    file.write_text(f"run: blockade\n{roles_of_run}")
    runs.execute("02_outcomes", file)
    record = records.read_record("blockade", "02_outcomes")
    assert "pfs_by_driver" in record["drawn"] and "os_by_subtype" in record["skipped"]
    assert not [id for id in record["findings"] if id.startswith("lcnec.")]


# --- patients on checkpoint blockade


def of_a_trial():
    """Eight patients of two arms, with a burden in blood, a class of PD-L1 and tests of the tissue for EGFR."""
    calls = pd.DataFrame({"Tumor_Sample_Barcode": ["S0", "S1"], "Hugo_Symbol": ["STK11", "EGFR"]})
    samples = {
        "SAMPLE_ID": [f"S{i}" for i in range(8)], "PATIENT_ID": [f"P{i}" for i in range(8)],
        "BLOOD_TMB_COUNT": ["3", "16", "40", None] * 2, "PDL1_TC1_IC1": ["YES", "NO", None, "NO"] * 2,
        "EGFR_STATUS": ["positive", "negative", None, "negative"] * 2,
    }  # fmt: skip
    patients = {"ARM": ["atezolizumab"] * 4 + ["docetaxel"] * 4, "PFS_MONTHS": np.arange(1.0, 9),
                "PFS_STATUS": pd.array([True] * 8, "boolean")}  # fmt: skip
    return made(patients, samples, mutations=calls, genes_seen={"STK11", "EGFR"})


def test_only_the_arm_on_blockade_of_a_trial_is_shown_as_on_blockade():
    trial = of_a_trial()
    high = outcomes.by_burden(trial, 10)
    assert high.tolist()[:4] == ["< 16 in blood", "≥ 16 in blood", "≥ 16 in blood", np.nan]
    table = outcomes.progression_on_blockade(trial, high, "a burden")
    assert list(table.index) == ["P0", "P1", "P2", "P3"] and table.attrs["dropped"] == 0
    assert outcomes.blockade_label(trial) == "made, atezolizumab"
    assert outcomes.by_pdl1(trial, 1).cat.categories.tolist() == ["< 1% (TC/IC)", "≥ 1% (TC/IC)"]


def test_a_test_of_the_tissue_is_preferred_to_mutations_in_blood_and_said():
    table = outcomes.mutated_drivers(of_a_trial(), ["STK11", "EGFR"])
    assert list(table) == ["STK11 (blood)", "EGFR (tissue)"]
    assert table["EGFR (tissue)"].tolist()[:4] == [True, False, pd.NA, False], "not the call in the blood of P1"
    tissue = of_a_trial()
    tissue.samples = tissue.samples.assign(TMB_NONSYNONYMOUS=12.0)
    assert list(outcomes.mutated_drivers(tissue, ["STK11", "EGFR"])) == ["STK11", "EGFR"]


def test_without_arms_everyone_is_on_blockade():
    cohort = of_a_trial()
    cohort.patients = cohort.patients.drop(columns="ARM")
    assert len(outcomes.progression_on_blockade(cohort)) == 8 and outcomes.blockade_label(cohort) == "made"
