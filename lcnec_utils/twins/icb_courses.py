"""Simulated patients on checkpoint blockade: progression, death, best response, and the dates of doses and scans.

The time to progression or death follows a law of proportional hazards by what the tumour carries; who progresses lives
on for a time of its own. All else is what scans, doses and the end of follow-up show of it, so that no date contradicts
another. Days are counted from the first dose. Laws: laws/icb.yaml.
"""

import numpy as np
import pandas as pd

from lcnec_utils.core.units import DAYS_PER_MONTH, days_of_months, days_of_weeks
from lcnec_utils.twins import people, times
from lcnec_utils.twins.targets import Targets

FIRST_MONOTHERAPY, FIRST_COMBINATION, LATER = (
    "first-line monotherapy", "first-line chemoimmunotherapy", "later-line monotherapy",
)  # fmt: skip
SIX_MONTHS = days_of_months(6)
DATES = ["ICB_EXPOSURE_DAYS", "ICB_STOP_DAYS", "PROGRESSION_DAYS", "PROGRESSION_CONFIRMED_DAYS", "LAST_SCAN_DAYS"]
NEVER = np.inf


def log_hazard(targets: Targets, marks: pd.DataFrame) -> np.ndarray:
    """Log hazard of progression or death of each patient, without that of the setting; marks: patients × marks."""
    law = dict(targets.planted("icb", "log_hazard"))
    law.pop("after")
    return marks[list(law)].to_numpy(float) @ np.array(list(law.values()))


def course(rng: np.random.Generator, targets: Targets, marks: pd.DataFrame, setting: np.ndarray) -> pd.DataFrame:
    """Survival, response and dates of each patient, columns of the data dictionary.

    marks: patients × marks (True or False), those of the laws' hazards and `PD-L1 high`. setting: how each patient was
    treated. Drawn again until every situation that rules of resistance must tell apart occurs. Raises CannotDraw where
    none does.
    """
    for _ in range(people.MOST_REDRAWS):
        days = _latent(rng, targets, marks, setting)
        _scans(rng, targets, marks, setting, days)
        _doses(rng, targets, days)
        table = _columns(days)
        _missing(rng, targets, table)
        if min(situations(table).values()) > 0:
            return table
    raise times.CannotDraw("no course of so few patients shows every situation; give more patients")


def _latent(rng: np.random.Generator, targets: Targets, marks: pd.DataFrame, setting: np.ndarray) -> pd.DataFrame:
    """Days of progression and of death (NEVER where it comes first or not at all) and of the end of follow-up."""
    n = len(marks)
    hazard = log_hazard(targets, marks) + marks["PD-L1 high"] * targets.assume("icb", "pdl1_high_log_hazard")
    medians, after = (
        np.array([targets.assume("icb", law)[name] for name in setting]) * DAYS_PER_MONTH / np.log(2)
        for law in ("median_pfs_months", "median_after_progression_months")
    )
    free = medians * rng.standard_exponential(n) * np.exp(-hazard)
    early = targets.assume("icb", "early")
    # one increasing function for all: ranks, and with them hazard ratios, stay as drawn
    ended = np.ceil(np.where(free < early["drawn"][-1], np.interp(free, early["drawn"], early["days"]), free))
    left = np.ceil(
        after * rng.standard_exponential(n) * np.exp(-hazard * targets.planted("icb", "log_hazard")["after"])
    )
    dies_first = rng.random(n) < targets.assume("icb", "die_before_progression")
    shortest, longest = targets.assume("icb", "follow_up_days")
    return pd.DataFrame(
        {
            "progression": np.where(dies_first, NEVER, ended),
            "death": np.where(dies_first, ended, ended + np.maximum(left, 1)),
            "follow_up": rng.integers(shortest, longest + 1, n).astype(float),
        }
    )


def _scans(rng: np.random.Generator, targets: Targets, marks: pd.DataFrame, setting, days: pd.DataFrame) -> None:
    """Adds best response, confirmation and last scan; shifts two progressions to the day that is six months on."""
    n = len(days)
    law = {name: targets.assume("icb", name) for name in (
        "first_scan_days", "scan_interval_days", "latest_first_scan", "confirmed", "confirmed_after_days", "rapid",
        "response", "scans_unreadable",
    )}  # fmt: skip
    first = rng.integers(law["first_scan_days"][0], law["first_scan_days"][1] + 1, n)
    at_once = days["progression"] <= law["latest_first_scan"]
    seen = ~at_once & (np.minimum(days["death"], days["follow_up"]) >= first)
    score = np.log(days[["progression", "death"]].min(axis=1)) + law["response"]["noise"] * rng.standard_normal(n)
    score += law["response"]["chemoimmunotherapy"] * (setting == FIRST_COMBINATION)
    score += law["response"]["pdl1_high"] * marks["PD-L1 high"]
    low, high = map(float, targets.take("rv_text_effects.response_rate", "responders: the middle of the range").range)
    best = np.where(at_once, "PD", np.where(seen, "SD", "NE")).astype(object)
    responders = score[seen].sort_values(ascending=False).index[: round((low + high) / 200 * n)]
    best[responders] = "PR"
    lasting = days.loc[responders, ["progression", "death"]].min(axis=1).sort_values(ascending=False).index
    best[lasting[: round(law["response"]["complete"] * len(responders))]] = "CR"
    best[(best == "SD") & (rng.random(n) < law["scans_unreadable"])] = "NE"
    able = (best == "SD") & (days["follow_up"] > SIX_MONTHS) & (setting != FIRST_COMBINATION)
    near = (days["progression"] - SIX_MONTHS).abs().where(able)
    shifted = near.sort_values(kind="stable").index[:2]
    days.loc[shifted, "progression"] = SIX_MONTHS
    days.loc[shifted, "death"] = np.maximum(days.loc[shifted, "death"], SIX_MONTHS + 1)
    end = days[["death", "follow_up"]].min(axis=1)
    progressed = days["progression"] <= end
    dies_soon = (days["death"] <= days["follow_up"]) & (
        days["death"] - days["progression"] <= law["rapid"]["death_within_days"]
    )
    rapid = progressed & dies_soon & (days["progression"] <= law["rapid"]["progression_by_day"])
    again = days["progression"] + rng.integers(*np.add(law["confirmed_after_days"], [0, 1]), n)
    confirmed = progressed & ~rapid & (again <= end) & (rng.random(n) < law["confirmed"])
    interval = rng.integers(*np.add(law["scan_interval_days"], [0, 1]), n)
    last = np.where(seen, first + interval * np.floor((end - first) / interval), np.nan)
    days["best"], days["end"], days["progressed"], days["rapid"] = best, end, progressed, rapid
    days["confirmed"] = again.where(confirmed)
    days["last_scan"] = np.where(progressed, days["confirmed"].fillna(days["progression"]), last)


def _doses(rng: np.random.Generator, targets: Targets, days: pd.DataFrame) -> None:
    """Adds the end of treatment, its reason, and the exposure: doses at their interval up to the end."""
    n = len(days)
    intervals = targets.assume("icb", "dose_interval_days")
    interval = people.exactly(rng, intervals, n).astype(float)
    for_toxicity, for_other = (
        np.ceil(rng.exponential(DAYS_PER_MONTH / targets.assume("icb", f"stop_for_{reason}_per_month"), n))
        for reason in ("toxicity", "other_reasons")
    )
    beyond = days["confirmed"].notna() & (rng.random(n) < targets.assume("icb", "on_beyond_progression"))
    ends = pd.DataFrame(
        {
            "TOXICITY": for_toxicity,
            "OTHER": for_other,
            "COMPLETED": float(targets.assume("icb", "planned_days")),
            "PROGRESSION": np.where(beyond, days["confirmed"], days["progression"]),
            "DEATH": days["death"],
            "ONGOING": days["follow_up"],
        }
    )
    days["reason"], days["stop"] = ends.idxmin(axis=1), ends.min(axis=1)
    days["exposure"] = np.minimum(interval * np.ceil(days["stop"] / interval), days["stop"])


def _columns(days: pd.DataFrame) -> pd.DataFrame:
    """The columns of the data dictionary."""
    died = days["death"] <= days["follow_up"]
    ended = days["progressed"] | died
    free = np.minimum(days["progression"], days["end"])
    lasting = free > SIX_MONTHS
    return pd.DataFrame(
        {
            "OS_MONTHS": people.rounded(days["end"] / DAYS_PER_MONTH),
            "OS_STATUS": np.where(died, people.DEAD, people.ALIVE),
            "PFS_MONTHS": people.rounded(free / DAYS_PER_MONTH),
            "PFS_STATUS": np.where(ended, people.PROGRESSION[1], people.PROGRESSION[0]),
            "BEST_RESPONSE": days["best"],
            "DURABLE_CLINICAL_BENEFIT": np.where(lasting, "YES", np.where(ended, "NO", "NE")),
            "ICB_EXPOSURE_DAYS": days["exposure"],
            "ICB_STOP_DAYS": days["stop"].where(days["reason"] != "ONGOING"),
            "ICB_STOP_REASON": days["reason"],
            "PROGRESSION_DAYS": days["progression"].where(days["progressed"]),
            "PROGRESSION_CONFIRMED_DAYS": days["confirmed"],
            "RAPID_PROGRESSION": np.select([days["rapid"], days["progressed"]], ["YES", "NO"], ""),
            "LAST_SCAN_DAYS": days["last_scan"],
        }
    )


def _missing(rng: np.random.Generator, targets: Targets, table: pd.DataFrame) -> None:
    """Empties one or two of the dates of a few patients."""
    chosen = rng.permutation(len(table))[: round(targets.assume("icb", "missing_dates") * len(table))]
    for row in chosen:
        there = [name for name in DATES if pd.notna(table.at[row, name])]
        table.loc[row, list(rng.permutation(there)[: rng.integers(1, 3)])] = np.nan


def situations(table: pd.DataFrame) -> dict[str, int]:
    """How many patients are in each situation that rules of resistance must tell apart."""
    best, reason = table["BEST_RESPONSE"], table["ICB_STOP_REASON"]
    progression, stop = table["PROGRESSION_DAYS"], table["ICB_STOP_DAYS"]
    responded, after = best.isin(["CR", "PR"]), progression - stop
    gone = people.DEAD == table["OS_STATUS"]
    other = reason.isin(["COMPLETED", "OTHER"])
    lives_on = table["OS_MONTHS"] * DAYS_PER_MONTH - progression > days_of_weeks(4)
    flags = {
        "stable disease until the day six months on":
            (best == "SD") & (progression == SIX_MONTHS) & (reason == "PROGRESSION"),
        "stable disease for less": (best == "SD") & (progression < SIX_MONTHS),
        "stable disease for more": (best == "SD") & (progression > SIX_MONTHS),
        "response, then progression within six months": responded & (progression < SIX_MONTHS),
        "response, then progression later": responded & (progression > SIX_MONTHS),
        "progression as best response": best == "PD",
        "too short an exposure": table["ICB_EXPOSURE_DAYS"] < days_of_weeks(6),
        "progression after a stop for toxicity": (reason == "TOXICITY") & (after > 0),
        "progression soon after another stop": other & after.between(1, days_of_weeks(12)),
        "progression long after another stop": other & (after > days_of_weeks(12)),
        "progression not confirmed": progression.notna() & table["PROGRESSION_CONFIRMED_DAYS"].isna() & lives_on,
        "progression confirmed within four weeks":
            table["PROGRESSION_CONFIRMED_DAYS"] - progression < days_of_weeks(4),
        "rapid progression": table["RAPID_PROGRESSION"] == "YES",
        "death without progression": gone & progression.isna() & (reason == "DEATH"),
        "not evaluable": best == "NE",
        "not evaluable, then progression": (best == "NE") & progression.notna(),
        "on treatment": reason == "ONGOING",
        "a date is missing": table["ICB_EXPOSURE_DAYS"].isna() | (stop.isna() & (reason != "ONGOING")),
    }  # fmt: skip
    return {name: int(flag.sum()) for name, flag in flags.items()}
