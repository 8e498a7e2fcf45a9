"""Notebook 11, response by organ: changes of liver and lung lesions, RECIST per organ, mixed response.

What is asked of patients with lesions in both organs is asked of them alone; the rules of RECIST are those of
stats/response.py.
"""

import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_count
from lcnec_utils.stats import response
from lcnec_utils.stats.discordant import (
    excess_over_half,
    opposite_changes,
    opposite_sweep,
    tables_with_margins,
)
from lcnec_utils.stats.paired import paired_difference
from lcnec_utils.stats.proportions import share_finding, shares
from lcnec_utils.stats.response import OVERALL

DAYS_PER_MONTH = 30.4375
IMMUNE_WORDS = {"iCR": "CR", "iPR": "PR", "iSD": "SD", "NON-iCR/NON-iUPD": "NON-CR/NON-PD", "iUPD": "PD", "iCPD": "PD"}
RESPONSE, CONTROL = "objective response", "disease control"
TUMOUR = "tumour"  # the one organ of a cohort that has sizes and no lesions
GIVEN = {"YES": "CR or PR", "NO": "SD or PD"}
THRESHOLDS = np.arange(31) / 100


@dataclasses.dataclass(frozen=True)
class Courses:
    """How tumours of patients change over time.

    organs: those held against each other, or TUMOUR. best: the words of the best response, best_change and
    first_change: fractions of the baseline; all patients × organs. visits: patient, organ, day, months, change. flags:
    objective response and disease control by patient and organ, None where there are no lesions. left_out: patients
    with lesions who lack them in one of the organs. assessment: `response.assess`, None likewise.
    """

    organs: list[str]
    best: pd.DataFrame
    best_change: pd.DataFrame
    first_change: pd.DataFrame
    visits: pd.DataFrame
    flags: dict[str, pd.DataFrame] | None = None
    left_out: int = 0
    overall: pd.DataFrame | None = None
    assessment: response.Assessment | None = None

    def both(self) -> "Courses":
        """Itself; MissingData where there are no lesions of two organs."""
        if self.flags is None:
            raise MissingData("the cohort has sizes of tumours and no lesions by organ, so no organ has a response")
        return self


def tumour_courses(
    cohort: Cohort, *, organs: tuple[str, str], rules: str = "RECIST 1.1", minimum_stable_days: int = 42
) -> Courses:
    """The courses of patients with lesions in both organs; of a cohort that has sizes and no lesions, of all tumours.

    rules: RECIST 1.1; RECIST 1.1, confirmed; or iRECIST. Raises MissingData where the cohort has neither, or no patient
    with lesions in both organs.
    """
    if cohort.lesions is None and "tumor_size" in cohort.timelines:
        return _of_sizes(cohort)
    assessment = response.assess(cohort.need_lesions())
    best = best_by_rules(assessment, rules=rules, minimum_stable_days=minimum_stable_days)
    by_organ = best[best["organ"].isin(organs)].set_index(["patient", "organ"])
    held = by_organ["best"].unstack()
    everyone = best["patient"].nunique()
    chosen = held.dropna().index if set(organs) <= set(held) else held.index[:0]
    if chosen.empty:
        there = sorted(set(best["organ"]) - {OVERALL})
        raise MissingData(
            f"no patient of {cohort.name} has lesions of both {organs[0]} and {organs[1]}; it has those of "
            f"{formats.listed(there)}"
        )
    columns = {name: by_organ[name].unstack().loc[chosen, list(organs)] for name in (
        "best", "best_change", "first_change", "objective_response", "disease_control",
    )}  # fmt: skip
    visits = assessment.visits
    visits = visits[visits["patient"].isin(chosen)]
    visits = visits.assign(months=visits["day"] / DAYS_PER_MONTH)
    return Courses(
        organs=list(organs),
        best=columns["best"],
        best_change=columns["best_change"].astype(float),
        first_change=columns["first_change"].astype(float),
        visits=visits,
        flags={
            RESPONSE: columns["objective_response"].astype(bool),
            CONTROL: columns["disease_control"].astype(bool),
        },
        left_out=everyone - len(chosen),
        overall=best[best["organ"] == OVERALL].set_index("patient").loc[chosen],
        assessment=assessment,
    )


def best_by_rules(assessment: response.Assessment, *, rules: str, minimum_stable_days: int) -> pd.DataFrame:
    """`response.best_responses` by one of the rules; of iRECIST its own best response and progression."""
    confirm = rules.endswith("confirmed")
    best = response.best_responses(assessment, minimum_stable_days=minimum_stable_days, confirm=confirm)
    if rules != "iRECIST":
        return best
    immune = response.immune_best(assessment, minimum_stable_days=minimum_stable_days)
    merged = best.drop(columns=["best", "progression_day"]).merge(immune, on=["patient", "organ"])
    words = merged["best"].replace(IMMUNE_WORDS)
    return merged.assign(
        best=words,
        objective_response=words.isin(response.RESPONDED),
        disease_control=words.isin(response.CONTROLLED),
    )


def _of_sizes(cohort: Cohort) -> Courses:
    """The courses of a cohort with a timeline of tumour sizes: one change per patient and day, no organ."""
    table = cohort.timeline("tumor_size")
    visits = pd.DataFrame(
        {
            "patient": table["PATIENT_ID"], "organ": TUMOUR, "day": table["START_DATE"].astype(float),
            "change": pd.to_numeric(table["SIZE_CHANGE_PERCENT"], errors="coerce") / 100,
        }
    )  # fmt: skip
    visits = visits[(visits["day"] > 0) & visits["change"].notna()].sort_values(["patient", "day"], kind="stable")
    if visits.empty:
        raise MissingData(f"{cohort.name} has no change of tumour size after the start of treatment")
    by_patient = visits.groupby("patient")["change"]
    given = cohort.patients.get("OBJECTIVE_RESPONSE", pd.Series(np.nan, cohort.patients.index))
    words = given.map(GIVEN).reindex(by_patient.min().index)
    return Courses(
        organs=[TUMOUR],
        best=words.to_frame(TUMOUR),
        best_change=by_patient.min().to_frame(TUMOUR),
        first_change=by_patient.first().to_frame(TUMOUR),
        visits=visits.assign(months=visits["day"] / DAYS_PER_MONTH),
    )


def changes_at(courses: Courses, which: str) -> pd.DataFrame:
    """The changes at a time point: `best` of each organ, or `first`, at the first scan with all of its targets."""
    return courses.best_change if which == "best" else courses.first_change


def waterfall_table(courses: Courses) -> pd.DataFrame:
    """What the waterfall and the lines show: per patient and organ the best and first change and the best response."""
    parts = {"best_change": courses.best_change, "first_change": courses.first_change, "best": courses.best}
    return pd.concat({name: table.stack(future_stack=True) for name, table in parts.items()}, axis=1).rename_axis(
        ["patient", "organ"]
    )


# --- the course of each patient


def swimmer_tables(cohort: Cohort, courses: Courses) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Patients (months, ongoing, response) and their events (patient, months, event), and what the months are.

    Months are those on treatment where the cohort has them, else those to the last scan, after which a patient without
    progression goes on.
    """
    overall, visits = courses.both().overall, courses.visits
    of_all = visits[visits["organ"] == OVERALL]
    new = of_all[of_all["new_lesions"] > 0].groupby("patient")["day"].min().reindex(overall.index)
    days = {"response": overall["response_day"], "progression": overall["progression_day"], "new lesion": new}
    events = pd.concat(
        [pd.DataFrame({"patient": overall.index, "months": day.to_numpy() / DAYS_PER_MONTH, "event": event})
         for event, day in days.items()], ignore_index=True,
    ).dropna(subset=["months"])  # fmt: skip
    try:
        treatment = cohort.survival("TOT").reindex(overall.index)
        months, ongoing, axis = treatment["months"], treatment["event"].eq(False), "Months on treatment"
    except MissingData:
        months, ongoing = overall["last_day"] / DAYS_PER_MONTH, overall["progression_day"].isna()
        axis = "Months to the last scan"
    patients = pd.DataFrame({"months": months, "ongoing": ongoing, "response": overall["best"]}, index=overall.index)
    return patients, events, axis


# --- response and control in both organs


def organ_shares(courses: Courses) -> pd.DataFrame:
    """`proportions.shares` of objective response and disease control by organ."""
    flags = courses.both().flags
    long = {what: table.stack(future_stack=True) for what, table in flags.items()}
    table = pd.DataFrame(long).reset_index(names=["patient", "organ"])
    groups = pd.Series(pd.Categorical(table["organ"], courses.organs))
    return shares(table[list(flags)], groups)


def discordant(courses: Courses, what: str) -> pd.DataFrame:
    """Every paired table with this cohort's numbers of patients in each organ (`discordant.tables_with_margins`), the
    cohort's own marked in `own`."""
    flags = courses.both().flags[what]
    one, other = (flags[organ] for organ in courses.organs)
    tables = tables_with_margins(int(one.sum()), int(other.sum()), len(flags))
    return tables.assign(own=tables["both"] == int((one & other).sum()))


CLAIMED = ["liver", "lung"]  # the organs of which the source speaks, in the order of its differences


def _of_claimed(findings: dict[str, list[Finding]], courses: Courses) -> dict[str, list[Finding]]:
    """The findings, or, where other organs were compared than the source's, that they answer nothing."""
    if courses.organs == CLAIMED:
        return findings
    note = f"the run compares {formats.listed(courses.organs)}, and the claim is on {formats.listed(CLAIMED)}"
    return dict.fromkeys(findings, [Finding(None, note=note)])


def response_findings(cohort: Cohort, courses: Courses) -> dict[str, list[Finding]]:
    """Findings on response and control, by the tail of a claim's id.

    A share is the organ's own; a difference is liver less lung. In the place of the source's own patients (a twin) the
    discordant cells are assumed and not printed: there the two extremes of all tables that the print allows answer
    together, so that no verdict hangs on the assumption.
    """
    table, (liver, lung) = organ_shares(courses), courses.organs
    found = {
        f"{short}.{key}": [share_finding(table, group=organ, what=what)]
        for short, what in (("orr", RESPONSE), ("dcr", CONTROL)) for key, organ in (("lm", liver), ("pl", lung))
    }  # fmt: skip
    for short, what in (("orr", RESPONSE), ("dcr", CONTROL)):
        if cohort.stands_for_source:
            found[f"{short}.lm_vs_pl"] = _extremes(discordant(courses, what), len(courses.best))
        else:
            flags = courses.flags[what]
            found[f"{short}.lm_vs_pl"] = [paired_difference(flags[liver], flags[lung])]
    return _of_claimed(found | {"response.discussion": found["orr.lm_vs_pl"]}, courses)


def _extremes(tables: pd.DataFrame, n: int) -> list[Finding]:
    """The tables with the fewest and with the most discordant pairs, as findings."""
    rows = [tables.iloc[0]] if len(tables) == 1 else [tables.iloc[0], tables.iloc[-1]]
    return [Finding(row["difference"], row["lower"], row["upper"], p=row["p"], n=n, scale="difference") for row in rows]


# --- mixed response


def mixed_table(courses: Courses, *, which: str, threshold: float) -> pd.DataFrame:
    """The changes of both organs and which way they go (`discordant.opposite_changes`), by patient."""
    changes = changes_at(courses.both(), which)
    one, other = courses.organs
    return changes.assign(direction=opposite_changes(changes[one], changes[other], threshold=threshold))


def mixed_sweep(courses: Courses, *, which: str) -> pd.DataFrame:
    """Mixed responses by threshold, 0 to 30% (`discordant.opposite_sweep`)."""
    changes = changes_at(courses.both(), which)
    return opposite_sweep(changes[courses.organs[0]], changes[courses.organs[1]], THRESHOLDS)


def mixed_findings(courses: Courses, table: pd.DataFrame) -> dict[str, list[Finding]]:
    """Findings on mixed response, by the tail of a claim's id: their number, share, and excess of one direction."""
    known = table["direction"].dropna()
    up, down = (int((known == word).sum()) for word in ("one up, other down", "one down, other up"))
    mixed = known.isin(["one up, other down", "one down, other up"])
    share = shares(mixed.to_frame("mixed response"), pd.Series(pd.Categorical(["all"] * len(mixed)), mixed.index))
    findings = {
        "n": [of_count(up + down)],
        "share": [share_finding(share, group="all", what="mixed response")],
        "liver_up_lung_down": [excess_over_half(up, up + down)],
    }
    return _of_claimed(findings, courses)


# --- sentences


def waterfall_sentence(courses: Courses) -> str:
    """Of how many patients, how the sums of each organ change, and who is left out."""
    n = len(courses.best_change)
    parts = []
    for organ in courses.organs:
        known = courses.best_change[organ].dropna()
        name = "the tumour" if organ == TUMOUR else f"the {organ}"
        parts.append(
            f"{name} shrinks by 30% or more at best in {formats.share(int((known <= -0.3 + 1e-9).sum()), len(known))} "
            f"and never shrinks in {formats.share(int((known >= 0).sum()), len(known))}"
        )
    text = "; ".join(parts)
    left = f" {formats.count(courses.left_out, 'patient')} without lesions in both organs left out." if (
        courses.left_out) else ""  # fmt: skip
    return f"Of {formats.count(n, 'patient')}, {text}.{left}"


def swimmer_sentence(patients: pd.DataFrame, events: pd.DataFrame) -> str:
    """How many responded, progressed, had a new lesion, and go on."""
    n = len(patients)
    counts = {event: rows["patient"].nunique() for event, rows in events.groupby("event")}
    return (
        f"Of {formats.count(n, 'patient')}, {counts.get('response', 0)} responded in all organs together, "
        f"{counts.get('progression', 0)} progressed, {counts.get('new lesion', 0)} had a new lesion, and "
        f"{int(patients['ongoing'].sum())} go on."
    )


def shares_sentence(cohort: Cohort, courses: Courses, table: pd.DataFrame) -> str:
    """The shares of both organs, the cohort's own paired difference, and the p of all tables with those two shares."""
    sentences = []
    for what in (RESPONSE, CONTROL):
        of = table[table["what"] == what].set_index("group")
        both = ", ".join(
            f"{organ} {formats.share(int(of.at[organ, 'k']), int(of.at[organ, 'n']), 1)}" for organ in courses.organs
        )
        tables = discordant(courses, what)
        own = tables[tables["own"]].iloc[0]
        value, lower, upper = (formats.number(100 * own[name]) for name in ("difference", "lower", "upper"))
        cells = " and ".join(
            f"{int(own[name])} in the {organ} alone"
            for name, organ in zip(("only_one", "only_other"), courses.organs, strict=True)
        )
        low, high = (formats.number(p, 3) for p in (tables["p"].min(), tables["p"].max()))
        others = (
            f" All {len(tables)} paired tables with these two shares: p {low} to {high}." if len(tables) > 1 else ""
        )
        sentences.append(
            f"{what[:1].upper()}{what[1:]}: {both}; difference {value} points (Tango 95% CI {lower} to {upper}; "
            f"McNemar exact {formats.p_value(own['p'])}; {cells}).{others}"
        )
    if cohort.stands_for_source:
        sentences.append(
            "The source does not print the discordant cells: the twin's are one possibility, on which no verdict hangs."
        )
    return " ".join(sentences)


def mixed_sentence(table: pd.DataFrame, sweep: pd.DataFrame, *, organs: list[str], which: str, threshold: float) -> str:
    """How many patients have a mixed response, in which direction, and how that falls as the threshold rises."""
    known = table["direction"].dropna()
    up, down = (int((known == word).sum()) for word in ("one up, other down", "one down, other up"))
    when = "at the best change of each organ" if which == "best" else "at the first scan"
    limit = f"of at least {formats.number(100 * threshold, 0)}% " if threshold else ""
    if not up + down:
        return f"No patient of {len(known)} has opposite changes {limit}{when}."
    p = formats.p_value(excess_over_half(up, up + down).p)
    last = sweep.iloc[-1]
    return (
        f"{formats.share(up + down, len(known), 1)} of patients have opposite changes {limit}{when}: the {organs[0]} "
        f"grows and the {organs[1]} shrinks in {up}, the reverse holds in {down} (exact binomial {p}). From "
        f"{formats.number(100 * last['threshold'], 0)}% on it is {int(last['opposite'])} patients."
    )
