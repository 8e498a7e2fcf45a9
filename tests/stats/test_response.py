"""RECIST 1.1 against cases worked by hand (recist_cases.csv), its laws on random tables, confirmation and iRECIST.

About 6 s.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.stats import response
from lcnec_utils.stats.lesions import COLUMNS
from lcnec_utils.stats.response import OVERALL

CASES = pd.read_csv(Path(__file__).with_name("recist_cases.csv"), comment="#", dtype=str, keep_default_na=False)
KINDS = {"T": ("target", "long"), "TN": ("target", "short"), "N": ("non-target", "long"), "K": ("node", "short"),
         "L": ("lesion", "long"), "NEW": ("new", "long")}  # fmt: skip
STATES = {"p": "present", "a": "absent", "pd": "progressed", "tstm": "too small to measure"}


def table_of(lesions: str, days: str = "", patient: str = "P1") -> pd.DataFrame:
    """A lesion table from the shorthand of recist_cases.csv."""
    rows = []
    for number, lesion in enumerate(lesions.split("|")):
        kind, organ, *shown = lesion.split()
        when = days.split() or [str(45 * place) for place in range(len(shown))]
        for day, cell in zip(when, shown, strict=True):
            if cell != ".":
                size = float(cell) if cell[0].isdigit() else np.nan
                rows.append((patient, float(day), f"{kind}{number}", organ, KINDS[kind][0], size, KINDS[kind][1],
                             cell != "ne", STATES.get(cell, "")))  # fmt: skip
    return pd.DataFrame(rows, columns=[*COLUMNS, "evaluable", "state"])


def visits_of(table: pd.DataFrame, organ: str = OVERALL) -> list[str]:
    visits = response.assess(table).visits
    return visits.loc[visits["organ"] == organ, "response"].to_list()


def best_of(table: pd.DataFrame, organ: str = OVERALL, **how) -> str:
    best = response.best_responses(response.assess(table), **how)
    return best.loc[best["organ"] == organ, "best"].iloc[0]


def test_there_are_a_hundred_cases_each_with_a_name_of_its_own():
    assert len(CASES) >= 100 and CASES["case"].is_unique


@pytest.mark.parametrize("case", list(CASES.itertuples()), ids=list(CASES["case"]))
def test_a_case_worked_by_hand(case):
    table = table_of(case.lesions, case.days)
    assert visits_of(table) == case.visits.split()
    assert best_of(table) == case.best


def test_all_cases_at_once_are_each_as_alone():
    """Nothing of one patient reaches another."""
    parts = [table_of(case.lesions, case.days, f"P{case.Index:03d}") for case in CASES.itertuples()]
    rows = pd.concat(parts).sample(frac=1, random_state=1)
    visits = response.assess(rows).visits
    of_all = visits[visits["organ"] == OVERALL].groupby("patient")["response"].agg(" ".join)
    assert of_all.to_list() == CASES["visits"].to_list()


def test_the_response_of_an_organ_reads_its_own_lesions():
    table = table_of("T liver 40 60 70|T lung 40 20 20|N bone p p p|NEW lung . . 9")
    assert visits_of(table, "liver") == ["PD", "PD"]
    assert visits_of(table, "lung") == ["PR", "PD"]
    assert visits_of(table, "bone") == ["NON-CR/NON-PD", "NON-CR/NON-PD"]
    assert visits_of(table) == ["SD", "PD"]


def test_a_new_lesion_in_an_organ_without_disease_counts_overall_alone():
    visits = response.assess(table_of("T liver 40 40|NEW brain . 9")).visits
    assert dict(zip(visits["organ"], visits["response"], strict=True)) == {OVERALL: "PD", "liver": "SD"}


def test_a_targets_organ_does_not_change_with_the_organ_that_is_asked():
    """Targets are chosen over all organs: the sixth lesion is a non-target of its organ too."""
    table = table_of("T a 40 40|T b 39 39|T c 38 38|T d 37 37|T e 36 36|T f 35 100")
    assert visits_of(table, "f") == ["NON-CR/NON-PD"] and visits_of(table, "a") == ["SD"]


def test_days_and_changes_of_the_best_response():
    row = response.best_responses(response.assess(table_of("T liver 50 40 30 20 60 10"))).iloc[0]
    assert (row["best"], row["best_day"], row["response_day"], row["progression_day"]) == ("PR", 90, 90, 180)
    assert (row["last_day"], row["visits"]) == (225, 5)
    assert row["best_change"] == pytest.approx(-0.6) and row["first_change"] == pytest.approx(-0.2)
    assert row["objective_response"] and row["disease_control"]


def test_a_patient_without_a_scan_is_not_evaluable_and_one_without_a_baseline_is_named():
    table = pd.concat([table_of("T liver 50"), table_of("T liver 50 30").assign(patient="P2").iloc[1:]])
    assessed = response.assess(table)
    best = response.best_responses(assessed)
    assert best["best"].to_list() == ["NE", "NE"] and best["patient"].unique().tolist() == ["P1"]
    assert not best[["objective_response", "disease_control"]].any(axis=None)
    assert assessed.without_baseline == ["P2"]


# --- laws on random tables ------------------------------------------------------------------------------------------

SIZES = np.arange(0, 60.5, 0.5)


def random_table(rng: np.random.Generator, patients: int = 40, nodes: bool = True) -> pd.DataFrame:
    """Lesions of random sizes, organs and kinds, some scans not evaluable, some lesions new."""
    rows = []
    for number in range(patients):
        scans = [0, *np.cumsum(rng.integers(20, 70, rng.integers(1, 6)))]
        for lesion in range(rng.integers(1, 8)):
            kind = rng.choice(["T", "L", "N", "NEW", *(["K", "TN"] if nodes else [])])
            organ = rng.choice(["liver", "lung", "bone"])
            name, axis = KINDS[kind]
            if lesion == 0:
                name, axis = "target", "long"
            begin = 0 if name != "new" else rng.integers(1, len(scans) + 1)
            size = float(rng.choice(SIZES[20:]))
            for day in scans[begin:]:
                seen = day == 0 or rng.random() > 0.06
                state = rng.choice(["", "present", "absent", "progressed"], p=[0.6, 0.2, 0.1, 0.1])
                rows.append((f"P{number:02d}", day, f"L{lesion}", organ, name, size if seen else np.nan, axis, seen,
                             state if name == "non-target" else ""))  # fmt: skip
                size = max(0.0, round(2 * (size * rng.choice([0, 0.5, 0.7, 0.9, 1, 1.1, 1.2, 1.5]))) / 2)
    return pd.DataFrame(rows, columns=[*COLUMNS, "evaluable", "state"])


ORDER = {word: place for place, word in enumerate(["CR", "PR", "SD", "NON-CR/NON-PD", "NE", "PD"])}
SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_new_lesion_never_improves_that_visits_response(seed):
    rng = np.random.default_rng([19, seed])
    table = random_table(rng)
    before = response.assess(table).visits.set_index(["patient", "organ", "day"])["response"]
    follow = table[table["day"] > 0].drop_duplicates("patient", keep="last")
    added = follow.assign(lesion="added", organ="brain", kind="new", diameter_mm=8.0, axis="long", evaluable=True,
                          state="")  # fmt: skip
    after = response.assess(pd.concat([table, added])).visits.set_index(["patient", "organ", "day"])["response"]
    assert before.index.equals(after.index)
    worse = after.map(ORDER) - before.map(ORDER)
    assert (worse >= 0).all() and len(added) > 30
    touched = [(row.patient, OVERALL, float(row.day)) for row in added.itertuples() if row.patient in set(
        before.index.get_level_values("patient"))]  # fmt: skip
    assert (after.loc[touched] == "PD").all()
    untouched = after.index.difference(pd.MultiIndex.from_tuples(touched))
    # what comes after is a matter of its own scans
    assert (worse[untouched] == 0).all() and len(untouched) > 100


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_response_so_far_stands_whatever_comes_after(seed):
    table = random_table(np.random.default_rng([20, seed]))
    best = response.best_responses(response.assess(table)).set_index(["patient", "organ"])["best"]
    earlier = table[(table["day"] <= 0) | (table["day"] <= 120)]
    first = response.best_responses(response.assess(earlier)).set_index(["patient", "organ"])["best"]
    stands = first.isin(["CR", "PR", "SD", "NON-CR/NON-PD", "PD"])
    rank = {word: place for place, word in enumerate(response.RESPONSES)}
    assert (best[first.index][stands].map(rank) <= first[stands].map(rank)).all() and stands.sum() > 60
    assert (best[first.index][first == "PD"] == "PD").all(), "nothing comes after progression"


@pytest.mark.parametrize("seed", SEEDS)
def test_scaling_all_diameters_changes_nothing_but_the_5_mm_rule(seed):
    """Twice as large: every response is the same, but where a growth of 20% is 5 mm in one table and not in the other;
    of lesions that stay measurable and without nodes, whose rules are in mm too."""
    table = random_table(np.random.default_rng([21, seed]), nodes=False)
    double = table.assign(diameter_mm=2 * table["diameter_mm"])
    one, two = (response.assess(rows).visits for rows in (table, double))
    growth = one["sum_mm"] - one["nadir_mm"]
    by_5_mm = (one["sum_mm"] >= 1.2 * one["nadir_mm"] - 1e-9) & (growth < 5) & (2 * growth >= 5 - 1e-9)
    differs = one["response"] != two["response"]
    assert not (differs & ~by_5_mm).any()
    assert (two.loc[differs, "response"] == "PD").all()
    np.testing.assert_allclose(one["change"], two["change"])


def test_the_order_of_rows_and_the_names_of_lesions_do_not_matter():
    table = random_table(np.random.default_rng(22))
    shuffled = table.sample(frac=1, random_state=3).assign(lesion="x" + table["lesion"])
    pd.testing.assert_frame_equal(response.assess(table).visits, response.assess(shuffled).visits)


# --- confirmation and iRECIST -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lesions", "days", "best"),
    [
        ("T liver 50 30 30", "", "PR"),
        ("T liver 50 30 50", "", "SD"),  # not confirmed
        ("T liver 50 30", "", "SD"),
        ("T liver 50 30", "0 30", "NE"),  # not confirmed, and too early for stable disease
        ("T liver 50 30 ne 30", "", "PR"),
        ("T liver 50 30 40 30", "", "SD"),  # stable disease between
        ("T liver 50 30 30", "0 45 72", "SD"),  # 27 days
        ("T liver 50 30 30", "0 45 73", "PR"),  # 28 days
        ("T liver 50 0 0", "", "CR"),
        ("T liver 50 0", "", "SD"),
        ("T liver 50 30 0", "", "PR"),  # the complete response confirms the partial one
        ("T liver 50 30 60", "", "SD"),  # progression confirms nothing
        ("TN lymph_node 20 9 12", "", "PR"),  # a node of normal size again above it: complete, then partial
        ("T liver 50 30 62 30", "", "SD"),  # what follows progression confirms nothing
    ],
)
def test_confirmed_responses_worked_by_hand(lesions, days, best):
    assert best_of(table_of(lesions, days), confirm=True) == best


@pytest.mark.parametrize(
    ("lesions", "days", "visits", "best"),
    [
        ("T liver 50 62 62", "", "iUPD iUPD", "iUPD"),
        ("T liver 50 62 67", "", "iUPD iCPD", "iCPD"),  # 5 mm more
        ("T liver 50 62 66.9", "", "iUPD iUPD", "iUPD"),
        ("T liver 50 62 67", "0 45 72", "iUPD iUPD", "iUPD"),  # 27 days after
        ("T liver 50 62 67", "0 45 73", "iUPD iCPD", "iCPD"),
        ("T liver 50 62 30", "", "iUPD iPR", "iPR"),  # set back
        ("T liver 50 62 50 62 80", "", "iUPD iSD iUPD iCPD", "iSD"),
        ("T liver 50 62 ne 70", "", "iUPD NE iCPD", "iCPD"),
        ("T liver 50 30|NEW brain . 10", "", "iUPD", "iUPD"),
        ("T liver 50 30 30|NEW brain . 10 10", "", "iUPD iUPD", "iUPD"),
        ("T liver 50 30 30|NEW brain . 10 15", "", "iUPD iCPD", "iCPD"),
        ("T liver 50 30 30|NEW brain . 10 10|NEW bone . . 6", "", "iUPD iCPD", "iCPD"),
        ("T liver 50 62 62|NEW brain . . 9", "", "iUPD iCPD", "iCPD"),  # progression of another kind
        ("T liver 50 50 50|N bone p pd pd", "", "iUPD iCPD", "iCPD"),
        ("T liver 50 30 62 80 20", "", "iPR iUPD iCPD iCPD", "iPR"),
        ("N bone p p", "", "NON-iCR/NON-iUPD", "NON-iCR/NON-iUPD"),
    ],
)
def test_irecist_worked_by_hand(lesions, days, visits, best):
    assessed = response.assess(table_of(lesions, days))
    rows = assessed.visits[assessed.visits["organ"] == OVERALL]
    assert response.immune_responses(rows)["i_response"].to_list() == visits.split()
    found = response.immune_best(assessed)
    assert found.loc[found["organ"] == OVERALL, "best"].iloc[0] == best


def test_the_day_of_a_confirmed_progression_is_the_first_one_it_confirms():
    best = response.immune_best(response.assess(table_of("T liver 50 62 30 62 ne 80")))
    assert best["progression_day"].unique().tolist() == [135]
    assert response.immune_best(response.assess(table_of("T liver 50 62 62")))["progression_day"].isna().all()
