"""Classes of resistance to blockade: each row of the definitions, the day before, of and after each limit.

The second implementation is written in plain if-statements from the definitions as they are printed (Kluger 2020, table
1; Rizvi 2023, table 3) and as a review words them. About 5 seconds.
"""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import UserError
from lcnec_utils.stats import resistance
from lcnec_utils.stats.resistance import CANNOT_TELL, COLUMNS, PRIMARY, SECONDARY, SITC, SO_FAR, resistance_classes

# a wording without second scan, rapid progression, least exposure for secondary resistance, or stops
WORDING = dataclasses.replace(
    SITC, name="wording", secondary_exposure=False, exposure_beyond=False, confirmed=False,
    rapid_waives_exposure=False, stops=False,
)  # fmt: skip
ALONE, WITH_CHEMO = "immunotherapy", "chemoimmunotherapy"
SIX_MONTHS, SIX_WEEKS, FOUR_WEEKS, TWELVE_WEEKS = 183, 42, 28, 84  # 182.6 days, the day on which they are over


def patient(regimen: str, best: str | None, day: int | None, **more) -> dict:
    """A patient who was treated up to a slow progression that a scan confirmed four weeks later."""
    known = day is not None
    values = {
        "regimen": regimen, "best_response": best, "icb_exposure_days": day, "icb_stop_days": day,
        "icb_stop_reason": "progression", "progression_days": day,
        "progression_confirmed_days": day + FOUR_WEEKS if known else None, "rapid_progression": False,
        "last_scan_days": day + FOUR_WEEKS if known else None,
    }  # fmt: skip
    return values | more


def table(patients: list[dict]) -> pd.DataFrame:
    return pd.DataFrame(patients, columns=COLUMNS, index=[f"P{place}" for place in range(len(patients))])


def classes(*patients: dict, rules=SITC) -> list[str]:
    return resistance_classes(table(list(patients)), rules)["class"].to_list()


# --- the rows of the definitions

EARLY = "CR or PR, then PD before 6 months"
SHORT = "exposure too short"
CASES = {
    # regimen, best response, day of progression, class
    "alone, SD for six months": (ALONE, "SD", [182, 183, 184], [PRIMARY, "SD of exactly 6 months", SECONDARY]),
    "alone, PD whenever": (ALONE, "PD", [41, 42, 43, 182, 183, 184], [SHORT, *[PRIMARY] * 5]),
    "alone, SD and six weeks": (ALONE, "SD", [41, 42, 43], [SHORT, PRIMARY, PRIMARY]),
    "alone, response for six months": (ALONE, "PR", [41, 182, 183, 184], [EARLY, EARLY, SECONDARY, SECONDARY]),
    "alone, complete response": (ALONE, "CR", [182, 183], [EARLY, SECONDARY]),
    "chemo, PD by six months": (WITH_CHEMO, "PR", [182, 183, 184], [PRIMARY, PRIMARY, SECONDARY]),
    "chemo, whatever the response": (WITH_CHEMO, None, [43, 183, 184, 900], [PRIMARY] * 2 + [SECONDARY] * 2),
    "chemo, not evaluable": (WITH_CHEMO, "NE", [183, 184], [PRIMARY, SECONDARY]),
    "chemo, six weeks": (WITH_CHEMO, "PD", [41, 42, 43], [SHORT, PRIMARY, PRIMARY]),
}


@pytest.mark.parametrize("case", CASES)
def test_each_row_of_the_definitions_the_day_before_of_and_after_its_limit(case):
    regimen, best, days, wanted = CASES[case]
    assert classes(*(patient(regimen, best, day) for day in days)) == wanted
    # at these limits both wordings are alike, for exposure lasts to progression
    assert classes(*(patient(regimen, best, day) for day in days), rules=WORDING) == wanted


EXPOSURES = {
    (ALONE, "PD", 90): {41: (SHORT, SHORT), 42: (PRIMARY, PRIMARY), 43: (PRIMARY, PRIMARY)},
    (ALONE, "PR", 300): {182: (SHORT, SECONDARY), 183: (SECONDARY, SECONDARY), 184: (SECONDARY, SECONDARY)},
    (ALONE, "SD", 300): {182: (SHORT, SECONDARY), 183: (SECONDARY, SECONDARY)},
    (WITH_CHEMO, "PR", 90): {41: (SHORT, SHORT), 42: (PRIMARY, PRIMARY), 55: (PRIMARY, PRIMARY), 56: (PRIMARY,) * 2},
    # exposure of more than six months by SITC, of at least six as it is worded: five months of drug are neither
    (WITH_CHEMO, "PR", 240): {
        152: (SHORT, SHORT), 182: (SHORT, SHORT), 183: (SHORT, SECONDARY), 184: (SECONDARY, SECONDARY),
    },
}  # fmt: skip


@pytest.mark.parametrize("course", EXPOSURES, ids=str)
def test_exposure_the_day_before_of_and_after_its_limit(course):
    patients = [patient(*course, icb_exposure_days=days) for days in EXPOSURES[course]]
    got = list(zip(classes(*patients), classes(*patients, rules=WORDING), strict=True))
    assert got == list(EXPOSURES[course].values())


def test_a_second_scan_confirms_four_weeks_later_unless_growth_is_rapid():
    """With one agent; with chemotherapy no second scan is asked for."""
    scans = [90 + 27, 90 + 28, 90 + 29]
    unconfirmed = "PD not confirmed"
    assert classes(*(patient(ALONE, "PD", 90, progression_confirmed_days=day) for day in scans)) == [
        unconfirmed, PRIMARY, PRIMARY]  # fmt: skip
    assert classes(*(patient(ALONE, "PR", 300, progression_confirmed_days=300 + day) for day in (27, 28))) == [
        unconfirmed, SECONDARY]  # fmt: skip
    for confirmed in (90, 117, None):
        rapid = patient(ALONE, "PD", 90, progression_confirmed_days=confirmed, rapid_progression=True)
        slow = patient(WITH_CHEMO, "PD", 90, progression_confirmed_days=confirmed)
        assert classes(rapid, slow) == [PRIMARY, PRIMARY]
        assert classes(rapid, slow, rules=WORDING) == [PRIMARY, PRIMARY]


def test_rapid_progression_waives_exposure_with_chemotherapy_alone():
    short = {"icb_exposure_days": 1, "rapid_progression": True}
    patients = [patient(WITH_CHEMO, "PD", 20, **short), patient(ALONE, "PD", 20, **short),
                patient(WITH_CHEMO, "PD", 200, **short)]  # fmt: skip
    assert classes(*patients) == [PRIMARY, SHORT, SHORT]
    assert classes(*patients, rules=WORDING) == [SHORT, SHORT, SHORT]


@pytest.mark.parametrize("regimen", [ALONE, WITH_CHEMO])
def test_progression_after_a_stop_is_a_class_of_its_own(regimen):
    """For twelve weeks, and later; after toxicity; never where blockade went on or was stopped for progression."""
    soon, late, toxic = "PD within 12 weeks of a stop", "PD over 12 weeks after a stop", "PD after a toxicity stop"

    def stopped(reason: str | None, before: int) -> dict:
        return patient(regimen, "PR", 400, icb_stop_days=400 - before, icb_stop_reason=reason)

    for reason in ("completed", "stopped"):
        patients = [stopped(reason, before) for before in (-1, 0, 1, 83, 84, 85)]
        assert classes(*patients) == [SECONDARY, SECONDARY, soon, soon, soon, late]
        assert classes(*patients, rules=WORDING) == [SECONDARY] * 6
    assert classes(*(stopped("toxicity", before) for before in (0, 1, 84, 85))) == [SECONDARY, toxic, toxic, toxic]
    assert classes(*(stopped(reason, 1) for reason in ("progression", "ongoing", "death"))) == [SECONDARY] * 3
    assert classes(stopped(None, 1), stopped(None, 0)) == [CANNOT_TELL, SECONDARY]


def test_whoever_has_not_progressed_is_not_resistant_so_far():
    still = {"icb_stop_reason": "ongoing", "icb_stop_days": None, "last_scan_days": 500, "icb_exposure_days": 500}
    for best in ("CR", "PR", "SD", "NE", None):
        for regimen in (ALONE, WITH_CHEMO, None):
            assert classes(patient(regimen, best, None, **still)) == [SO_FAR]
    assert classes(patient(ALONE, "PR", None, **still | {"last_scan_days": None})) == [CANNOT_TELL]
    # a sign of progression without its day is no freedom from it
    for sign in ({"best_response": "PD"}, {"icb_stop_reason": "progression"}, {"progression_confirmed_days": 90}):
        assert classes(patient(ALONE, "SD", None, **still | sign)) == [CANNOT_TELL]


def test_who_was_not_on_blockade_or_has_contradictory_dates_has_no_class_of_resistance():
    assert classes(patient("chemotherapy", "PD", 60), patient("targeted therapy", "PD", 60)) == ["not on blockade"] * 2
    assert classes(patient(ALONE, "PD", 90, progression_confirmed_days=89)) == ["dates contradict each other"]
    assert classes(patient(ALONE, "NE", 90)) == ["best response not evaluable"]


# --- what is missing is named

LACKING = {
    "best_response": ("best_response", ""),
    "icb_exposure_days": ("icb_exposure_days", "icb_exposure_days, rapid_progression"),
    "progression_confirmed_days": ("progression_confirmed_days", ""),
    "regimen": ("", ""),
}


@pytest.mark.parametrize("column", LACKING)
def test_a_missing_value_is_named_where_it_matters_and_nowhere_else(column):
    alone, chemo = (
        patient(regimen, "PD", 90, rapid_progression=rapid) | {column: None}
        for regimen, rapid in ((ALONE, False), (WITH_CHEMO, None))
    )
    got = resistance_classes(table([alone, chemo]), SITC)
    assert tuple(got["missing"]) == LACKING[column]
    for row in got.itertuples():
        assert (row[1] == CANNOT_TELL) == bool(row.missing)
        assert row.reason == f"not known: {row.missing}" if row.missing else row[1] == PRIMARY


def test_nobody_is_classed_of_whom_nothing_is_known():
    got = resistance_classes(table([{}]), SITC).iloc[0]
    assert got["class"] == CANNOT_TELL and got["missing"] == ", ".join(COLUMNS)


def test_an_unknown_regimen_matters_where_the_two_rules_part():
    """PR lost on day 100 is open with one agent and primary resistance with chemotherapy; PD is primary by both."""
    patients = [patient("XYZ-123", "PR", 100), patient(None, "PD", 100)]
    got = resistance_classes(table(patients), SITC)
    assert got["class"].to_list() == [CANNOT_TELL, PRIMARY] and got["missing"].to_list() == ["regimen", ""]


def test_the_reason_says_the_patients_own_days():
    got = resistance_classes(table([patient(ALONE, "SD", 150), patient(ALONE, "SD", 90, icb_exposure_days=40)]), SITC)
    assert got["reason"].iloc[0] == "best response SD, progression on day 150: PD, or SD that ended before day 183"
    assert "after 40 days of blockade; primary resistance needs 42" in got["reason"].iloc[1]


@pytest.mark.parametrize(
    "wrong", [{"progression_days": -1}, {"progression_days": 90.5}, {"icb_exposure_days": "long"},
              {"best_response": "better"}, {"icb_stop_reason": "PROGRESSION"}, {"rapid_progression": "YES"}]
)  # fmt: skip
def test_a_value_that_is_none_is_refused_in_one_line(wrong):
    with pytest.raises(UserError, match=f"{next(iter(wrong))}'?, row P0: ") as refusal:
        classes(patient(ALONE, "PD", 90) | wrong)
    assert "\n" not in str(refusal.value)
    with pytest.raises(UserError, match="has no column regimen"):
        resistance_classes(table([patient(ALONE, "PD", 90)]).drop(columns="regimen"), SITC)


# --- a second implementation, in plain if-statements


def by_sitc(p) -> str:
    """Kluger 2020, table 1, and Rizvi 2023, table 3, of a patient of whom everything is known."""
    day, exposure = p.progression_days, p.icb_exposure_days
    if np.isnan(day):
        return SO_FAR
    if p.progression_confirmed_days < day:
        return "dates contradict each other"
    if p.icb_stop_days < day and p.icb_stop_reason in ("toxicity", "completed", "stopped"):
        if p.icb_stop_reason == "toxicity":
            return "PD after a toxicity stop"
        if day - p.icb_stop_days <= TWELVE_WEEKS:
            return "PD within 12 weeks of a stop"
        return "PD over 12 weeks after a stop"
    if p.regimen == WITH_CHEMO:
        if day <= SIX_MONTHS:
            return PRIMARY if exposure >= SIX_WEEKS or p.rapid_progression else SHORT
        return SECONDARY if exposure > SIX_MONTHS else SHORT
    if p.best_response == "NE":
        return "best response not evaluable"
    if p.best_response == "SD" and day == SIX_MONTHS:
        return "SD of exactly 6 months"
    if p.best_response in ("CR", "PR") and day < SIX_MONTHS:
        return EARLY
    if p.best_response == "PD" or (p.best_response == "SD" and day < SIX_MONTHS):
        named, least = PRIMARY, SIX_WEEKS
    else:
        named, least = SECONDARY, SIX_MONTHS
    if exposure < least:
        return SHORT
    if p.rapid_progression or p.progression_confirmed_days >= day + FOUR_WEEKS:
        return named
    return "PD not confirmed"


def by_wording(p) -> str:
    """As the review words them: nothing on second scans, rapid growth or stops."""
    day, exposure = p.progression_days, p.icb_exposure_days
    if np.isnan(day):
        return SO_FAR
    if p.progression_confirmed_days < day:
        return "dates contradict each other"
    if p.regimen == WITH_CHEMO:
        if day <= SIX_MONTHS:
            return PRIMARY if exposure >= SIX_WEEKS else SHORT
        return SECONDARY if exposure >= SIX_MONTHS else SHORT
    if p.best_response == "NE":
        return "best response not evaluable"
    if p.best_response == "PD" or (p.best_response == "SD" and day < SIX_MONTHS):
        return PRIMARY if exposure >= SIX_WEEKS else SHORT
    if p.best_response == "SD" and day == SIX_MONTHS:
        return "SD of exactly 6 months"
    if p.best_response in ("CR", "PR") and day < SIX_MONTHS:
        return EARLY
    return SECONDARY


RULES = {"SITC": (SITC, by_sitc), "wording": (WORDING, by_wording)}


def drawn(n: int, seed: int) -> pd.DataFrame:
    """Patients of whom everything is known, at and about every limit."""
    rng = np.random.default_rng(seed)
    limits = np.array([1, 28, 42, 56, 84, 183, 200, 300, 700])
    day, exposure = (rng.choice(limits, n) + rng.integers(-1, 2, n) for _ in range(2))
    happened = rng.random(n) < 0.85
    best = np.where(happened, rng.choice(["CR", "PR", "SD", "PD", "NE"], n), rng.choice(["CR", "PR", "SD"], n))
    other = ["toxicity", "completed", "stopped", "ongoing"]
    reason = np.where(happened, rng.choice([*other, "progression"], n), rng.choice(other, n))
    before = rng.choice([-30, 0, 1, 83, 84, 85], n)
    confirmed = np.maximum(day + rng.choice([-1, 0, 27, 28, 29], n, p=[0.03, 0.1, 0.3, 0.37, 0.2]), 0)
    return pd.DataFrame(
        {"regimen": rng.choice([ALONE, WITH_CHEMO], n), "best_response": best, "icb_stop_reason": reason,
         "icb_exposure_days": exposure.astype(float), "icb_stop_days": np.maximum(day - before, 0).astype(float),
         "progression_days": np.where(happened, day, np.nan),
         "progression_confirmed_days": np.where(happened, confirmed, np.nan),
         "last_scan_days": np.where(happened, confirmed, day).astype(float), "rapid_progression": rng.random(n) < 0.2},
        index=[f"P{place}" for place in range(n)],
    )[COLUMNS]  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_classes_are_those_of_a_second_implementation(name):
    rules, plain = RULES[name]
    patients = drawn(4000, seed=1)
    got = resistance_classes(patients, rules)["class"]
    wanted = pd.Series([plain(row) for row in patients.itertuples()], patients.index)
    assert got[got != wanted].empty
    assert wanted.nunique() == {"SITC": 12, "wording": 8}[name], "every class is among them"


# --- properties


@pytest.mark.parametrize("name", RULES)
def test_a_class_that_is_told_stays_whatever_the_missing_values_are(name):
    """Cells of patients of whom everything is known are emptied: who is still classed is classed as before."""
    rules, _ = RULES[name]
    patients = drawn(4000, seed=2)
    rng, blanked = np.random.default_rng(3), patients.copy()
    for column in COLUMNS:
        gone = rng.random(len(patients)) < 0.2
        if column == "progression_days":  # an empty day beside a last scan says that there was none
            blanked.loc[gone, "last_scan_days"] = np.nan
        blanked[column] = blanked[column].astype(object).mask(gone, None)
    full, got = resistance_classes(patients, rules), resistance_classes(blanked, rules)
    told = got["class"] != CANNOT_TELL
    contradictory = full["class"] == "dates contradict each other"  # an empty cell cannot contradict
    assert 0.15 < told.mean() < 0.6
    assert (got["class"] == full["class"])[told & ~contradictory].all()
    lacks = [set(missing.split(", ")) for missing in got.loc[~told, "missing"]]
    empty = [set(blanked.columns[row.isna()]) for _, row in blanked[~told].iterrows()]
    assert all(named and named <= gone for named, gone in zip(lacks, empty, strict=True))


@pytest.mark.parametrize("name", RULES)
def test_a_later_progression_never_makes_a_responder_more_primary(name):
    """All else as it was, and the scan that confirms as many days later."""
    rules, _ = RULES[name]
    patients = drawn(3000, seed=4).query("best_response != 'PD'").dropna(subset="progression_days")
    later = patients.copy()
    days = np.random.default_rng(5).integers(1, 200, len(patients))
    for column in ("progression_days", "progression_confirmed_days", "last_scan_days"):
        later[column] += days
    before, after = (resistance_classes(part, rules)["class"] == PRIMARY for part in (patients, later))
    assert not (after & ~before).any() and (before & ~after).any()


@pytest.mark.parametrize("name", RULES)
def test_the_order_of_patients_changes_no_class(name):
    rules, _ = RULES[name]
    patients = drawn(1000, seed=6)
    shuffled = patients.sample(frac=1, random_state=7)
    assert resistance_classes(shuffled, rules).loc[patients.index].equals(resistance_classes(patients, rules))


def test_agreement_counts_every_patient_on_blockade_once():
    patients = drawn(1000, seed=8)
    patients.iloc[:50, patients.columns.get_loc("regimen")] = "chemotherapy"
    both = {name: resistance_classes(patients, rules)["class"] for name, (rules, _) in RULES.items()}
    counts = resistance.agreement(both["wording"], both["SITC"])
    wanted = pd.crosstab(both["wording"], both["SITC"]).drop(index="not on blockade", columns="not on blockade")
    got = counts.pivot(index="first", columns="second", values="n")
    assert got.to_numpy().sum() == 950
    assert (got.loc[wanted.index, wanted.columns].to_numpy() == wanted.to_numpy()).all()
