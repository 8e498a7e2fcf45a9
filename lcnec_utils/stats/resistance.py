"""Resistance to checkpoint blockade, classed patient by patient from response, exposure and scans under a stated rule.

Sources: H. M. Kluger et al., J. Immunother. Cancer 2020;8:e000398, table 1 (one agent against PD-(L)1); N. Rizvi et
al., J. Immunother. Cancer 2023;11:e005920, table 3 (with chemotherapy). What they leave open is a class of its own. A
criterion that rests on a value that is not known is neither met nor missed (Kleene's logic, as pandas' nullable
booleans have it): a class is given only where no value of what is missing could change it.
"""

import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils.core.errors import UserError
from lcnec_utils.core.units import days_of_months, days_of_weeks
from lcnec_utils.stats.proportions import boolean_flags, check_index

LIMIT_MONTHS = 6  # of disease control, and of exposure, between primary and secondary resistance
LEAST_WEEKS = 6  # of exposure, below which progression is no resistance
LEAST_WEEKS_WITH_CHEMOTHERAPY = (6, 8)  # as printed, a range: the lower end counts here
CONFIRMED_WEEKS = 4  # from progression to the scan that confirms it, at least
STOP_WEEKS = 12  # from the stop: the window in which later papers count progression as resistance

LIMIT = days_of_months(LIMIT_MONTHS)
LEAST = days_of_weeks(LEAST_WEEKS)
LEAST_WITH_CHEMOTHERAPY = days_of_weeks(LEAST_WEEKS_WITH_CHEMOTHERAPY[0])
CONFIRMED = days_of_weeks(CONFIRMED_WEEKS)
STOP_WINDOW = days_of_weeks(STOP_WEEKS)

PRIMARY, SECONDARY, SO_FAR = "primary resistance", "secondary resistance", "not resistant so far"
SD_EXACTLY = f"SD of exactly {LIMIT_MONTHS} months"
RESPONSE_LOST_EARLY = f"CR or PR, then PD before {LIMIT_MONTHS} months"
TOXICITY_STOP = "PD after a toxicity stop"
SOON_AFTER_STOP = f"PD within {STOP_WEEKS} weeks of a stop"
LATE_AFTER_STOP = f"PD over {STOP_WEEKS} weeks after a stop"
SHORT_EXPOSURE, UNCONFIRMED = "exposure too short", "PD not confirmed"
NOT_EVALUABLE, CONTRADICTION = "best response not evaluable", "dates contradict each other"
CANNOT_TELL, NOT_TREATED = "cannot tell", "not on blockade"
UNCOVERED = [SD_EXACTLY, RESPONSE_LOST_EARLY, SHORT_EXPOSURE, UNCONFIRMED, SOON_AFTER_STOP, LATE_AFTER_STOP,
             TOXICITY_STOP, NOT_EVALUABLE, CONTRADICTION]  # fmt: skip
CLASSES = [PRIMARY, SECONDARY, SO_FAR, *UNCOVERED, CANNOT_TELL, NOT_TREATED]

SINGLE_AGENT, WITH_CHEMOTHERAPY = "immunotherapy", "chemoimmunotherapy"
WITHOUT_BLOCKADE = ["chemotherapy", "targeted therapy"]
DAYS = ["icb_exposure_days", "icb_stop_days", "progression_days", "progression_confirmed_days", "last_scan_days"]
WORDS = {
    "regimen": None,  # open: another word is not known
    "best_response": ["CR", "PR", "SD", "PD", "NE"],
    "icb_stop_reason": ["progression", "toxicity", "completed", "stopped", "death", "ongoing"],
}
FLAG = "rapid_progression"
COLUMNS = [*WORDS, *DAYS, FLAG]


@dataclasses.dataclass(frozen=True)
class RuleSet:
    """Which criteria a set of definitions asks for; the limits are this module's.

    name: on figures. secondary_exposure: one agent, secondary resistance needs exposure of LIMIT_MONTHS.
    exposure_beyond: with chemotherapy, exposure must be longer than LIMIT_MONTHS and not just as long. confirmed: one
    agent, a second scan at least CONFIRMED_WEEKS later confirms progression that is not rapid. rapid_waives_exposure:
    with chemotherapy, any exposure will do where progression is rapid. stops: progression after blockade was stopped
    is no class of these definitions.
    """

    name: str
    secondary_exposure: bool
    exposure_beyond: bool
    confirmed: bool
    rapid_waives_exposure: bool
    stops: bool


SITC = RuleSet("SITC", secondary_exposure=True, exposure_beyond=True, confirmed=True, rapid_waives_exposure=True,
               stops=True)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Step:
    """One question of a rule: the class of whoever meets it, and which columns it looks at.

    met: nullable booleans, missing where it cannot be answered. columns: column → the patients for whom it matters.
    reason: with the patient's own values in braces.
    """

    name: str
    met: pd.Series
    columns: dict[str, pd.Series | bool]
    reason: str


def _typed(history: pd.DataFrame) -> pd.DataFrame:
    """The table with nullable types; UserError for a column, a word or a day that is none."""
    check_index(history, "the history of blockade")
    lacking = [name for name in COLUMNS if name not in history]
    if lacking:
        raise UserError(f"the history of blockade has no column {lacking[0]}; leave its cells missing where not known")
    typed = pd.DataFrame(index=history.index)
    for name, known in WORDS.items():
        typed[name] = history[name].astype("string")
        strange = typed[name].dropna()
        strange = strange[~strange.isin(known)] if known else strange[:0]
        if len(strange):
            raise UserError(
                f"column {name}, row {strange.index[0]}: '{strange.iloc[0]}' is none of {', '.join(known)}; write "
                "one of these, or leave it missing where it is not known"
            )
    for name in DAYS:
        days = pd.to_numeric(history[name], errors="coerce")
        odd = history[name][history[name].notna() & ~((days >= 0) & (days % 1 == 0))]
        if len(odd):
            raise UserError(
                f"column {name}, row {odd.index[0]}: {odd.iloc[0]} is no whole number of days from the first dose; "
                "count days from the first dose, or leave it missing where it is not known"
            )
        typed[name] = days.astype("Float64")
    return typed.assign(**{FLAG: boolean_flags(history[FLAG], name=FLAG)})


def _any_of(words: pd.Series, wanted: list[str]) -> pd.Series:
    """Whether a word is one of these; missing where the word is."""
    return words.isin(wanted).astype("boolean").mask(words.isna())


def _steps_before(t: pd.DataFrame, rules: RuleSet) -> list[Step]:
    """What every rule asks first: no progression so far, contradictory dates, a stop before progression."""
    progression, stop = t["progression_days"], t["icb_stop_days"]
    sign = (
        _any_of(t["best_response"], ["PD"]).fillna(False)
        | _any_of(t["icb_stop_reason"], ["progression"]).fillna(False)
        | t["progression_confirmed_days"].notna()
    )
    free = progression.isna() & t["last_scan_days"].notna() & ~sign
    so_far = free.astype("boolean").mask(progression.isna() & ~free & ~sign)  # a sign of it: it happened, some day
    earlier = (t["progression_confirmed_days"] < progression).fillna(False)
    steps = [
        Step(SO_FAR, so_far, {"progression_days": True, "last_scan_days": True},
             "no progression up to the last scan on day {last_scan_days}"),
        Step(CONTRADICTION, earlier, {},
             "the confirming scan of day {progression_confirmed_days} is earlier than progression on day "
             "{progression_days}"),
    ]  # fmt: skip
    if not rules.stops:
        return steps
    later = progression > stop
    after = later & _any_of(t["icb_stop_reason"], ["toxicity", "completed", "stopped"])
    columns = {"icb_stop_days": True, "icb_stop_reason": later.fillna(True), "progression_days": True}
    stopped = "progression on day {progression_days}, after blockade was stopped on day {icb_stop_days}"
    soon = progression - stop <= STOP_WINDOW
    return [
        *steps,
        Step(TOXICITY_STOP, after & _any_of(t["icb_stop_reason"], ["toxicity"]), columns, f"{stopped} for toxicity"),
        Step(SOON_AFTER_STOP, after & soon, columns, f"{stopped}, at most {STOP_WINDOW} days earlier"),
        Step(LATE_AFTER_STOP, after & ~soon, columns, f"{stopped}, more than {STOP_WINDOW} days earlier"),
    ]


def _single_agent(t: pd.DataFrame, rules: RuleSet) -> list[Step]:
    """The steps of the rule for one agent (table 1 of Kluger 2020)."""
    best, day, exposure = t["best_response"], t["progression_days"], t["icb_exposure_days"]
    stable, responded = _any_of(best, ["SD"]), _any_of(best, ["CR", "PR"])
    primary = _any_of(best, ["PD"]) | (stable & (day < LIMIT))
    secondary = (responded & (day >= LIMIT)) | (stable & (day > LIMIT))
    short = primary & (exposure < LEAST)
    needed = f"primary resistance needs {LEAST}"
    if rules.secondary_exposure:
        short = short | (secondary & (exposure < LIMIT))
        needed = f"{needed}, secondary {LIMIT}"
    course = "best response {best_response}, progression on day {progression_days}"
    response = {"best_response": True, "progression_days": ~_any_of(best, ["PD"]).fillna(False)}
    # without a least exposure for secondary resistance, exposure matters to a possible primary one alone
    treated = response | {"icb_exposure_days": True if rules.secondary_exposure else primary.fillna(True)}
    steps = [
        Step(NOT_EVALUABLE, _any_of(best, ["NE"]), response, course),
        Step(SD_EXACTLY, stable & (day == LIMIT), response, f"{course}, which is {LIMIT_MONTHS} months to the day"),
        Step(RESPONSE_LOST_EARLY, responded & (day < LIMIT), response, f"{course}, before day {LIMIT}"),
        Step(SHORT_EXPOSURE, short, treated, f"{course} after {{icb_exposure_days}} days of blockade; {needed}"),
    ]
    if rules.confirmed:
        confirmed = t[FLAG] | (t["progression_confirmed_days"] - day >= CONFIRMED)
        steps.append(
            Step(UNCONFIRMED, ~confirmed, dict.fromkeys(["progression_confirmed_days", FLAG, "progression_days"], True),
                 f"{course}, not rapid, and the next scan is of day {{progression_confirmed_days}}, less than "
                 f"{CONFIRMED} days later")
        )  # fmt: skip
    return [
        *steps,
        Step(PRIMARY, primary, response, f"{course}: PD, or SD that ended before day {LIMIT}"),
        Step(SECONDARY, secondary, response, f"{course}: CR or PR, or SD beyond day {LIMIT}, then PD"),
    ]


def _with_chemotherapy(t: pd.DataFrame, rules: RuleSet) -> list[Step]:
    """The steps of the rule for blockade with chemotherapy (table 3 of Rizvi 2023): whatever the best response."""
    day, exposure = t["progression_days"], t["icb_exposure_days"]
    early = day <= LIMIT
    short_early = exposure < LEAST_WITH_CHEMOTHERAPY
    columns = {"progression_days": True, "icb_exposure_days": True}
    if rules.rapid_waives_exposure:
        short_early = short_early & ~t[FLAG]
        columns[FLAG] = early.fillna(True)
    short_late = exposure <= LIMIT if rules.exposure_beyond else exposure < LIMIT
    course = "progression on day {progression_days}"
    more = "more than " if rules.exposure_beyond else ""
    return [
        Step(SHORT_EXPOSURE, (early & short_early) | (~early & short_late), columns,
             f"{course} after {{icb_exposure_days}} days of blockade; primary resistance needs "
             f"{LEAST_WITH_CHEMOTHERAPY}, secondary {more}{LIMIT}"),
        Step(PRIMARY, early, {"progression_days": True}, f"{course}, by day {LIMIT}"),
        Step(SECONDARY, ~early, {"progression_days": True}, f"{course}, beyond day {LIMIT}"),
    ]  # fmt: skip


def _decide(t: pd.DataFrame, steps: list[Step]) -> pd.DataFrame:
    """The class of the first step that each patient meets; "cannot tell" from the first that cannot be answered.

    Columns: class, reason (a template), missing: set of the columns not known in that step and those behind it.
    """
    classes = pd.Series(pd.NA, t.index, dtype="string")
    reasons = pd.Series("", t.index, dtype=object)
    missing = [set() for _ in range(len(t))]
    for step in steps:
        open_rows = classes.isna()
        met = open_rows & step.met.fillna(False).astype(bool)
        classes[met], reasons[met] = step.name, step.reason
        unknown = (open_rows | (classes == CANNOT_TELL).fillna(False)) & step.met.isna()
        classes[unknown] = CANNOT_TELL
        for name, matters in step.columns.items():
            for place in np.flatnonzero(unknown & t[name].isna() & matters):
                missing[place].add(name)
    return pd.DataFrame({"class": classes, "reason": reasons, "missing": missing}, index=t.index)


def _as_text(row) -> dict[str, str]:
    """A patient's values as a reason says them."""
    return {
        name: "not known" if pd.isna(value) else f"{value:g}" if name in DAYS else str(value)
        for name, value in row._asdict().items()
    }


def resistance_classes(history: pd.DataFrame, rules: RuleSet) -> pd.DataFrame:
    """Each patient's class under a set of definitions, with the reason in words and what is missing.

    history: one row per patient, with every column of COLUMNS; days are whole and counted from the first dose of
    blockade, missing where not known or not happened; exposure is taken as given, and stable disease lasts from the
    first dose to progression. regimen: immunotherapy (by the rule for one agent, two agents of
    it as well, for which neither paper has a rule), chemoimmunotherapy, chemotherapy or targeted therapy; any other is
    not known. Progression did not happen where there is a last scan and no sign of it (a day, PD as best response or as
    the reason to stop); death is not progression. Columns: class (one of CLASSES), reason, missing (the names of the
    columns that are not known where the class is "cannot tell", in COLUMNS' order, with commas).

    Raises UserError for a column that is not there, a word that is none of WORDS, a day that is negative or not whole,
    and a row label that stands twice. Sources: Kluger 2020, Rizvi 2023 (above).

    >>> patient = pd.DataFrame({name: [None] for name in COLUMNS}, index=["P1"])
    >>> patient = patient.assign(regimen="chemoimmunotherapy", icb_exposure_days=120, progression_days=120,
    ...                          icb_stop_reason="progression")
    >>> resistance_classes(patient, SITC).loc["P1", ["class", "reason"]].to_list()
    ['primary resistance', 'progression on day 120, by day 183']
    >>> resistance_classes(patient.assign(icb_exposure_days=None), SITC).loc["P1", "missing"]
    'icb_exposure_days, rapid_progression'
    """
    t = _typed(history)
    first = _steps_before(t, rules)
    single = _decide(t, [*first, *_single_agent(t, rules)])
    combined = _decide(t, [*first, *_with_chemotherapy(t, rules)])
    regimen = t["regimen"].fillna("")
    alike = single["class"] == combined["class"]
    rows = []
    for row, one, other, name, same in zip(
        t.itertuples(), single.itertuples(index=False), combined.itertuples(index=False), regimen, alike, strict=True
    ):
        if name in WITHOUT_BLOCKADE:
            rows.append((NOT_TREATED, f"treated with {name}", ""))
            continue
        chosen = other if name == WITH_CHEMOTHERAPY else one
        known = name in (SINGLE_AGENT, WITH_CHEMOTHERAPY)
        lacking = set(chosen.missing) if known else {"regimen", *one.missing, *other.missing}
        if chosen[0] == CANNOT_TELL or not (known or same):
            listed = ", ".join(column for column in COLUMNS if column in lacking)
            rows.append((CANNOT_TELL, f"not known: {listed}", listed))
        else:
            rows.append((chosen[0], chosen.reason.format(**_as_text(row)), ""))
    return pd.DataFrame(rows, t.index, ["class", "reason", "missing"])


def agreement(first: pd.Series, second: pd.Series) -> pd.DataFrame:
    """How many patients have which class under two sets of definitions: a row per pair of classes that occur.

    first, second: classes by patient. Columns: first, second, n, with zeros, both in CLASSES' order; patients who are
    not on blockade are left out. Raises UserError for a row label that stands twice.

    >>> agreement(pd.Series([PRIMARY, PRIMARY]), pd.Series([PRIMARY, UNCONFIRMED])).values.tolist()
    [['primary resistance', 'primary resistance', 1], ['primary resistance', 'PD not confirmed', 1]]
    """
    check_index(first, "the first classes")
    check_index(second, "the second classes")
    both = pd.DataFrame({"first": first, "second": second}).dropna()
    both = both[(both != NOT_TREATED).all(axis=1)]
    order = [name for name in CLASSES if (both == name).any(axis=None)]
    rows = [name for name in order if (both["first"] == name).any()]
    columns = [name for name in order if (both["second"] == name).any()]
    counts = both.value_counts().to_dict()
    return pd.DataFrame(
        [(one, other, int(counts.get((one, other), 0))) for one in rows for other in columns],
        columns=["first", "second", "n"],
    )
