"""Simulated patients: who they are, when they were treated and with what after, what harmed them."""

import dataclasses
import datetime
import math

import numpy as np
import pandas as pd

from lcnec_utils.core.units import DAYS_PER_MONTH
from lcnec_utils.twins.targets import Targets

CHEMOTHERAPY, CHEMOIMMUNOTHERAPY, IMMUNOTHERAPY = "chemotherapy", "chemoimmunotherapy", "immunotherapy"
REGIMENS = [CHEMOTHERAPY, CHEMOIMMUNOTHERAPY, IMMUNOTHERAPY]
NSCLC_TYPE, SCLC_TYPE = "NSCLC-type", "SCLC-type"
TIME_ZERO = {CHEMOTHERAPY: "first systemic dose", CHEMOIMMUNOTHERAPY: "first systemic dose",
             IMMUNOTHERAPY: "first anti-PD-(L)1 dose"}  # fmt: skip
MOST_REDRAWS = 3000
ALIVE, DEAD = "0:LIVING", "1:DECEASED"
PROGRESSION = ("0:NOT PROGRESSED", "1:PROGRESSED OR DIED")
TREATMENT_END = ("0:ONGOING", "1:ENDED")
NO_EVENTS = pd.DataFrame(columns=["patient", "day", "category", "grade"])


@dataclasses.dataclass
class Clinical:
    """Patients (columns of the data dictionary, index 0 to n − 1) and their timelines.

    treatments: patient, start and stop in days from time zero, line, regimen. adverse_events: patient, day, category,
    grade.
    """

    patients: pd.DataFrame
    treatments: pd.DataFrame
    adverse_events: pd.DataFrame


def exactly(rng: np.random.Generator, shares: dict[str, float], n: int) -> np.ndarray:
    """n values in random order, each as often as its share says, to the nearest whole number."""
    exact = np.array(list(shares.values()), float)
    exact = exact / exact.sum() * n
    counts = np.floor(exact).astype(int)
    counts[np.argsort(counts - exact, kind="stable")[: n - counts.sum()]] += 1
    return rng.permutation(np.repeat(np.array(list(shares), dtype=object), counts))


def ages_with(rng: np.random.Generator, n: int, median: float, youngest: float, oldest: float) -> np.ndarray:
    """Whole years with the printed median and range."""
    ages = np.clip(np.rint(rng.normal(median, 9.5, n)), youngest + 1, oldest - 1)
    ages[0], ages[-1] = youngest, oldest
    ages = np.sort(ages)
    # those in the middle hold the median; each half stays on its side
    half = n // 2
    ages[:half] = np.minimum(ages[:half], median)
    ages[half:] = np.maximum(ages[half:], median)
    ages[[half - 1, half]] = median
    return rng.permutation(ages)


def leaning(rng: np.random.Generator, levels: dict[str, float], months: np.ndarray, pull: float) -> np.ndarray:
    """Levels in their shares, the later ones leaning to shorter survival; pull: the correlation of the scores."""
    n = len(months)
    short = np.empty(n)
    short[np.argsort(-months, kind="stable")] = (np.arange(n) + 0.5) / n - 0.5
    score = pull * short * math.sqrt(12) + math.sqrt(1 - pull**2) * rng.standard_normal(n)
    drawn = np.empty(n, dtype=object)
    order = {level: place for place, level in enumerate(levels)}
    drawn[np.argsort(score, kind="stable")] = sorted(exactly(rng, levels, n), key=order.get)
    return drawn


def race(rng: np.random.Generator, targets: Targets, n: int, white: int, unknown: int) -> np.ndarray:
    other = {name: share for name, share in targets.assume("clinical", "race").items() if share}
    words = [*["White"] * white, *exactly(rng, other, n - white - unknown), *[""] * unknown]
    return rng.permutation(np.array(words, dtype=object))


def baseline(rng: np.random.Generator, targets: Targets, patients: pd.DataFrame) -> None:
    """Sex, ECOG and M stage, assumed; within each regimen alike."""
    clinical = {name: targets.assume("clinical", name) for name in ("female", "ecog", "m_stage", "ecog_missing")}
    pulls = {name: targets.assume("clinical", f"{name}_pull") for name in ("ecog", "m_stage")}
    n = len(patients)
    patients["SEX"] = exactly(rng, {"Female": clinical["female"], "Male": 1 - clinical["female"]}, n)
    ecog, stage = np.empty(n, dtype=object), np.empty(n, dtype=object)
    for regimen in patients["FIRST_LINE_REGIMEN"].unique():
        rows = np.flatnonzero(patients["FIRST_LINE_REGIMEN"] == regimen)
        months = patients["OS_MONTHS"].to_numpy(float)[rows]
        months = np.where(np.isnan(months), rng.permutation(np.nan_to_num(months, nan=12.0)), months)
        ecog[rows] = leaning(rng, clinical["ecog"], months, pulls["ecog"])
        stage[rows] = leaning(rng, clinical["m_stage"], months, pulls["m_stage"])
    ecog[rng.permutation(n)[: round(clinical["ecog_missing"] * n)]] = ""
    patients["ECOG"], patients["M_STAGE"] = ecog, stage


def rounded(months: np.ndarray) -> np.ndarray:
    return np.maximum(np.round(months, 2), 0.03)  # a day is .03 months


def dates(
    rng: np.random.Generator, months: np.ndarray, first: np.ndarray, last: np.ndarray, cut: datetime.date
) -> np.ndarray:
    """Starts (ordinal days) between first and last, early enough that the patient's follow-up ends by the cut."""
    latest = np.minimum(last, cut.toordinal() - np.ceil(np.nan_to_num(months) * DAYS_PER_MONTH))
    return np.rint(first + rng.random(len(months)) * np.maximum(latest - first, 0)).astype(int)


def iso(days: np.ndarray) -> list[str]:
    return [datetime.date.fromordinal(int(day)).isoformat() if day > 0 else "" for day in days]


def first_line(rng: np.random.Generator, targets: Targets, patients: pd.DataFrame, progression: np.ndarray) -> None:
    """End of first-line treatment and its reason: toxicity, cycles completed, progression, death or still going on."""
    n = len(patients)
    regimen = patients["FIRST_LINE_REGIMEN"].to_numpy()
    cycles, years = (
        targets.assume("clinical", "chemotherapy_cycles_months"),
        targets.assume("clinical", "twelve_month_rule"),
    )
    planned = np.where(regimen == CHEMOTHERAPY, cycles * rng.uniform(0.8, 1.2, n), years)
    end = np.minimum(progression, planned)
    reason = np.where(progression <= planned, "progression", "completed").astype(object)
    dead = (patients["OS_STATUS"] == DEAD).to_numpy() & (progression >= patients["OS_MONTHS"].to_numpy(float))
    reason[(reason == "progression") & dead] = "death"
    alive = (patients["RWPFS_STATUS"] == PROGRESSION[0]).to_numpy()
    reason[(reason == "progression") & alive] = "ongoing"
    toxic = (patients["STOPPED_FOR_TOXICITY"] == "YES").to_numpy()
    end = np.where(toxic, np.minimum(end, planned) * rng.uniform(0.3, 0.9, n), end)
    reason[toxic] = "toxicity"
    known = patients["OS_MONTHS"].notna().to_numpy()
    patients["FIRST_LINE_END_MONTHS"] = np.where(known, rounded(end), np.nan)
    patients["FIRST_LINE_END_REASON"] = np.where(known, reason, "")


def worst_grades(
    rng: np.random.Generator, targets: Targets, patients: pd.DataFrame, counts: dict[str, tuple[int, int, int]]
) -> None:
    """Worst grade and stops for toxicity by regimen: so many patients with any event, grade 3 or worse, stopped."""
    mild, severe = targets.assume("clinical", "grade"), targets.assume("clinical", "severe_grade")
    worst, stopped = np.full(len(patients), "0", dtype=object), np.full(len(patients), "NO", dtype=object)
    for regimen, (any_grade, grade_3, stops) in counts.items():
        rows = rng.permutation(np.flatnonzero(patients["FIRST_LINE_REGIMEN"] == regimen))
        worst[rows[:any_grade]] = [*exactly(rng, severe, grade_3), *exactly(rng, mild, any_grade - grade_3)]
        # who stops for toxicity had an event: the gravest first, then at random
        stopped[rows[:stops]] = "YES"
    patients["ADVERSE_EVENT_GRADE"], patients["STOPPED_FOR_TOXICITY"] = worst, stopped


def adverse_events(rng: np.random.Generator, targets: Targets, patients: pd.DataFrame) -> pd.DataFrame:
    """Each patient's adverse events by category and grade, the worst as their table says: patient, months, …"""
    categories = targets.assume("clinical", "adverse_events")
    half = targets.assume("clinical", "immune_related_weight")
    further = targets.assume("clinical", "further_events")
    names = np.array(list(categories), dtype=object)
    chemotherapy, immune = np.array(list(categories.values()), float).T
    parts = []
    for regimen in REGIMENS:
        weights = {CHEMOTHERAPY: chemotherapy, CHEMOIMMUNOTHERAPY: chemotherapy + half * immune}.get(regimen, immune)
        harmed = (patients["FIRST_LINE_REGIMEN"] == regimen) & (patients["ADVERSE_EVENT_GRADE"] != "0")
        rows = np.flatnonzero(harmed)
        worst = patients["ADVERSE_EVENT_GRADE"].to_numpy()[rows].astype(int)
        # distinct categories by weight: those with the smallest exponential waiting times come first
        with np.errstate(divide="ignore"):
            waiting = rng.standard_exponential((len(rows), len(names))) / weights
        order = np.argsort(waiting, axis=1)
        number = np.minimum(1 + rng.poisson(further, len(rows)), int((weights > 0).sum()))
        for place in range(int(number.max(initial=0))):
            has = number > place
            lower = rng.integers(1, np.minimum(worst[has], 2) + 1)
            parts.append(
                pd.DataFrame(
                    {
                        "patient": rows[has],
                        "months": rng.exponential(1.5, int(has.sum())),
                        "category": names[order[has, place]],
                        "grade": worst[has] if place == 0 else lower,
                    }
                )
            )
    columns = ["patient", "months", "category", "grade"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def within_treatment(patients: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Adverse events on a day under first-line treatment, in order of patient and day."""
    end = events["patient"].map(patients["FIRST_LINE_END_MONTHS"]).fillna(3.0)
    days = np.floor(np.minimum(events["months"], end) * DAYS_PER_MONTH).astype(int)
    table = events.assign(day=days).drop(columns="months")
    return table.sort_values(["patient", "day", "category"], ignore_index=True)


def able_for_second_line(patients: pd.DataFrame) -> np.ndarray:
    """Patients who progressed and lived on for half a month, by place."""
    progressed = patients["RWPFS_STATUS"] == PROGRESSION[1]
    return np.flatnonzero(progressed & (patients["OS_MONTHS"] - patients["RWPFS_MONTHS"] > 0.5))


def second_line(rng: np.random.Generator, targets: Targets, patients: pd.DataFrame, with_ici, without) -> None:
    """Second lines of these patients (by place), begun some time between progression and the end of follow-up."""
    wait = targets.assume("clinical", "second_line_after_months")
    regimen, start = np.full(len(patients), "", dtype=object), np.full(len(patients), np.nan)
    regimen[with_ici], regimen[without] = IMMUNOTHERAPY, CHEMOTHERAPY
    room = (patients["OS_MONTHS"] - patients["RWPFS_MONTHS"]).to_numpy(float)
    gap = 0.1 + np.minimum(rng.exponential(wait, len(patients)), 0.7 * np.maximum(np.nan_to_num(room), 0.0))
    has = regimen != ""
    start[has] = rounded((patients["RWPFS_MONTHS"].to_numpy(float) + gap)[has])
    patients["SECOND_LINE_REGIMEN"], patients["SECOND_LINE_START_MONTHS"] = regimen, start


def treatments(patients: pd.DataFrame) -> pd.DataFrame:
    """Lines of treatment in days from time zero, as far as they are known; an open end is missing."""
    known = patients[patients["OS_MONTHS"].notna()]
    stop = np.floor(known["FIRST_LINE_END_MONTHS"] * DAYS_PER_MONTH).astype("Int64")
    first = pd.DataFrame(
        {
            "patient": known.index,
            "start": 0,
            "stop": stop.mask(known["FIRST_LINE_END_REASON"] == "ongoing"),
            "line": 1,
            "regimen": known["FIRST_LINE_REGIMEN"],
        }
    )
    again = known[known["SECOND_LINE_REGIMEN"] != ""]
    start = np.floor(again["SECOND_LINE_START_MONTHS"] * DAYS_PER_MONTH).astype(int)
    second = pd.DataFrame(
        {"patient": again.index, "start": start, "line": 2, "regimen": again["SECOND_LINE_REGIMEN"]}
    ).assign(stop=pd.array([pd.NA] * len(again), dtype="Int64"))
    lines = pd.concat([first, second[first.columns]]) if len(second) else first
    return lines.sort_values(["patient", "line"], ignore_index=True)


def backbone(rng: np.random.Generator, targets: Targets, patients: pd.DataFrame) -> None:
    """The kind of chemotherapy, for those who had any."""
    shares = targets.assume("clinical", "backbone")
    has = patients["FIRST_LINE_REGIMEN"].isin([CHEMOTHERAPY, CHEMOIMMUNOTHERAPY])
    patients["CHEMOTHERAPY_BACKBONE"] = ""
    patients.loc[has, "CHEMOTHERAPY_BACKBONE"] = exactly(rng, shares, int(has.sum()))


def institutions(rng: np.random.Generator, targets: Targets, n: int, sites: int) -> np.ndarray:
    weight = targets.assume("clinical", "institutions_weight") ** np.arange(sites)
    chosen = [*range(sites), *rng.choice(sites, n - sites, p=weight / weight.sum())]
    return np.array([f"Site {site + 1:02d}" for site in rng.permutation(chosen)], dtype=object)


def fill_missing(patients: pd.DataFrame) -> None:
    for name in patients.select_dtypes(object):
        patients[name] = patients[name].fillna("")


def hold_median(patients: pd.DataFrame, median: float) -> None:
    """Ages of a few added patients set so that the median stays the printed one."""
    ages = patients["AGE"].to_numpy(float)
    if np.median(ages) != median:
        patients.loc[patients.index[-1], "AGE"] = median
