"""The patients of cohorts 1 and 2: conditioned draws, so that numbers, medians with their limits, hazard ratios and
sides of p are those printed."""

import dataclasses
import datetime
import math

import numpy as np
import pandas as pd

from lcnec_utils.core.units import DAYS_PER_MONTH
from lcnec_utils.twins import times
from lcnec_utils.twins.people import (
    ALIVE,
    CHEMOIMMUNOTHERAPY,
    CHEMOTHERAPY,
    DEAD,
    IMMUNOTHERAPY,
    MOST_REDRAWS,
    NO_EVENTS,
    PROGRESSION,
    REGIMENS,
    TIME_ZERO,
    TREATMENT_END,
    Clinical,
    able_for_second_line,
    adverse_events,
    ages_with,
    backbone,
    baseline,
    dates,
    exactly,
    fill_missing,
    first_line,
    hold_median,
    institutions,
    iso,
    race,
    rounded,
    second_line,
    treatments,
    within_treatment,
    worst_grades,
)
from lcnec_utils.twins.targets import Targets, stream
from lcnec_utils.twins.times import Law, Summary

JANUARY_2019, MARCH_2019 = datetime.date(2019, 1, 1), datetime.date(2019, 3, 1)


def censoring(targets: Targets, cohort: str, regimen: str):
    """The law of follow-up of a regimen: a function (rng, n) → months till the end of the study or loss."""
    low, high = targets.assume("clinical", "follow_up_months", cohort, regimen)
    loss = targets.assume("clinical", "loss_to_follow_up_months")
    return lambda rng, n: np.minimum(rng.uniform(low, high, n), rng.exponential(loss, n))


def _overall_survival(
    rng: np.random.Generator,
    sizes: dict[str, int],
    summaries: dict[str, Summary],
    follow_up: Summary,
    censoring,
    accept,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Months, event and regimen (by place) of all patients: medians, follow-up and p as printed.

    accept: a further condition on (months, event, regimen), besides a log-rank p above .05.
    """
    beyond = max(summary.upper for summary in summaries.values() if summary.upper < times.NOT_REACHED)
    regimen = np.repeat(np.arange(len(sizes)), list(sizes.values()))
    for _ in range(MOST_REDRAWS):
        drawn = [
            times.conditioned(rng, Law(summaries[name].median), censoring[name], n, summaries[name])
            for name, n in sizes.items()
        ]
        months = np.concatenate([months for months, _ in drawn])
        event = np.concatenate([event for _, event in drawn])
        months = times.stretch_follow_up(months, event, follow_up, beyond)
        if months is None or times.log_rank_p(months, event, regimen) <= 0.05:
            continue
        if accept(months, event, regimen):
            return months, event, regimen
    raise times.CannotDraw("no draw meets the printed survival of all groups at once")


def _earlier_endpoint(
    rng: np.random.Generator, laws: dict[str, Law], summaries: dict[str, Summary], survival, censoring, likeness: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """Months and event of an endpoint that no patient reaches after death: medians and limits as printed."""
    months, died, regimen = survival
    early, had = np.empty(len(months)), np.empty(len(months), bool)
    for place, (name, summary) in enumerate(summaries.items()):
        rows = np.flatnonzero(regimen == place)
        drawn = times.conditioned(rng, laws[name], censoring[name], len(rows), summary)
        chosen = times.pair_within(rng, drawn, (months[rows], died[rows]), likeness)
        if chosen is None:
            return None
        followed = times.censored_at_the_end(drawn[0][chosen], drawn[1][chosen], months[rows], summary)
        if followed is None:
            return None
        early[rows], had[rows] = followed, drawn[1][chosen]
    return early, had


def late_hazard(
    laws: dict[str, Law], survival: dict[str, Law], shares: dict[str, float], follow_up, name: str, hazard_ratio: float
) -> Law:
    """The law of group `name` whose late hazard gives the printed hazard ratio of chemotherapy to chemoimmunotherapy.

    Found on 20,000 evenly spread quantiles of each of the two laws, censored as the cohort is (follow_up: name → a
    function (rng, n)); a hazard never under that of death (survival).
    """
    n = 20_000
    even = -np.log1p(-(np.arange(n) + 0.5) / n)
    pair = [CHEMOTHERAPY, CHEMOIMMUNOTHERAPY]
    rng = np.random.default_rng(0)
    size = {group: int(n * shares[group] / max(shares[g] for g in pair)) for group in pair}
    ends = {group: follow_up[group](rng, size[group]) for group in pair}
    picks = {group: rng.permutation(even)[: size[group]] for group in pair}
    chemotherapy = np.repeat([1.0, 0.0], [size[group] for group in pair])[:, None]

    def ratio(late: float) -> float:
        tried = {**laws, name: dataclasses.replace(laws[name], late=late)}
        time = np.concatenate([np.minimum(tried[g].at_hazard(picks[g]), ends[g]) for g in pair])
        event = np.concatenate([tried[g].at_hazard(picks[g]) <= ends[g] for g in pair])
        return float(np.exp(times.cox(time, event, chemotherapy)[0][0]))

    lowest = 1.02 * survival[name].early_hazard / laws[name].early_hazard
    return dataclasses.replace(laws[name], late=times.solve(ratio, hazard_ratio, lowest, 20.0, steps=20))


def _adjusters(patients: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Covariates of the adjusted model (sex, ECOG 0/1/2+, age, M stage) and who is complete."""
    ecog = patients["ECOG"].to_numpy()
    columns = [
        patients["SEX"] == "Male", ecog == "1", np.isin(ecog, ["2", "3"]),
        patients["AGE"].astype(float) / 10, patients["M_STAGE"] == "M1b", patients["M_STAGE"] == "M1c",
    ]  # fmt: skip
    return np.column_stack([np.asarray(column, float) for column in columns]), ecog != ""


def _choose(rng: np.random.Generator, able: np.ndarray, number: int, accept=lambda chosen: True) -> np.ndarray:
    """`number` of the able patients at random, redrawn until accepted. Raises CannotDraw."""
    if len(able) >= number:
        for _ in range(MOST_REDRAWS):
            chosen = np.sort(rng.permutation(able)[:number])
            if accept(chosen):
                return chosen
    raise times.CannotDraw(f"no {number} of {len(able)} patients meet what is printed of them")


def _not_different(months: np.ndarray, event: np.ndarray, among: np.ndarray, chosen: np.ndarray) -> bool:
    """Whether survival of the chosen patients and of the rest of `among` differs at p above .05."""
    return times.log_rank_p(months[among], event[among], np.isin(among, chosen).astype(int)) > 0.05


def _summaries(targets: Targets, claims: str, what: str) -> dict[str, Summary]:
    return {name: Summary(*targets.median(f"{claims}.{name}", f"{what}, {name}")) for name in REGIMENS}


@dataclasses.dataclass(frozen=True)
class _Calendar:
    """Patients of cohort 1 by the date on which treatment began, as printed, and the end of the study.

    from_march: regimen → patients from March 2019. chemotherapy_before, chemotherapy_from: patients before and from
    January 2019.
    """

    from_march: dict[str, int]
    chemotherapy_before: int
    chemotherapy_from: int
    cut: datetime.date

    @property
    def longest(self) -> float:
        """Months of follow-up that fit between March 2019 and the end of the study."""
        return (self.cut - MARCH_2019).days / DAYS_PER_MONTH - 1

    def has_room(self, months: np.ndarray, event: np.ndarray, regimen: np.ndarray) -> bool:
        """Whether enough patients have a follow-up that fits between March 2019 and the end of the study."""
        needed = {**self.from_march, CHEMOTHERAPY: self.chemotherapy_from}
        return all(
            int((months[regimen == place] < self.longest).sum()) >= needed[name] for place, name in enumerate(REGIMENS)
        )


def cohort_1(seed: int, targets: Targets) -> Clinical:
    """Cohort 1: 217 patients, 214 with survival; conditioned on what the source prints of them."""
    rng = stream(seed, "clinical", "cohort_1")
    treated = {name: targets.count(f"table1.regimen.{name}.c1", f"patients on {name}") for name in REGIMENS}
    followed = {name: targets.count(f"fig1a.n.{name}", f"patients on {name} with survival") for name in REGIMENS}
    targets.take("table1.n.c1", "patients")
    patients, survival, calendar = _outcomes_cohort_1(rng, targets, followed)
    bounds = {"first": targets.assume("clinical", "first_start", "cohort_1").toordinal(),
              "last": targets.assume("clinical", "last_start", "cohort_1").toordinal(),
              "immunotherapy": targets.assume("clinical", "first_immunotherapy").toordinal()}  # fmt: skip
    start = _treatment_starts(rng, targets, survival, calendar, bounds)
    _further_lines(rng, targets, patients, survival, start, bounds["immunotherapy"])
    patients["FIRST_LINE_START"] = iso(start)
    lost = [name for name in REGIMENS for _ in range(treated[name] - followed[name])]
    patients = _with_those_without_survival(rng, patients, lost)
    _describe_cohort_1(rng, targets, patients)
    events = _adverse_events_cohort_1(rng, targets, patients)
    first_line(rng, targets, patients, patients["RWPFS_MONTHS"].to_numpy(float))
    return Clinical(patients, treatments(patients), within_treatment(patients, events))


def _outcomes_cohort_1(
    rng: np.random.Generator, targets: Targets, followed: dict[str, int]
) -> tuple[pd.DataFrame, tuple[np.ndarray, np.ndarray, np.ndarray], _Calendar]:
    """The patients with survival: their baseline and endpoints; months, event and regimen; and the calendar to keep.

    followed: regimen → patients. Raises CannotDraw.
    """
    summaries = _summaries(targets, "fig1a.median_os", "median overall survival and limits")
    follow_up = Summary(*targets.median("table1.follow_up.c1", "median follow-up (reverse Kaplan–Meier) and limits"))
    targets.take("fig1a.os_by_regimen", "log-rank p over the regimens above .05")
    follow = {name: censoring(targets, "cohort_1", name) for name in REGIMENS}
    calendar = _Calendar(
        {name: targets.count(f"os_sensitivity.n.{short}_from_march2019", f"{name} from March 2019")
         for name, short in zip(REGIMENS, ("chemo", "chemoio", "io"), strict=True)},
        targets.count("os_sensitivity.n.chemo_before2019", "chemotherapy before 2019"),
        targets.count("os_sensitivity.n.chemo_from2019", "chemotherapy from January 2019"),
        targets.assume("clinical", "data_cut", "cohort_1"),
    )  # fmt: skip
    for _ in range(MOST_REDRAWS):
        survival = _overall_survival(rng, followed, summaries, follow_up, follow, calendar.has_room)
        months, event, regimen = survival
        patients = pd.DataFrame({"FIRST_LINE_REGIMEN": np.array(REGIMENS, dtype=object)[regimen]})
        patients["OS_MONTHS"] = months
        progression = _rwpfs(rng, targets, patients, survival, follow)
        if progression is not None:
            break
    else:
        raise times.CannotDraw("no draw of cohort 1 meets the printed progression-free survival")
    early, progressed = progression
    patients["OS_MONTHS"], patients["OS_STATUS"] = rounded(months), np.where(event, DEAD, ALIVE)
    patients["RWPFS_MONTHS"] = np.minimum(rounded(early), patients["OS_MONTHS"])
    patients["RWPFS_STATUS"] = np.array(PROGRESSION, dtype=object)[progressed.astype(int)]
    return patients, survival, calendar


def _treatment_starts(
    rng: np.random.Generator, targets: Targets, survival, calendar: _Calendar, bounds: dict[str, int]
) -> np.ndarray:
    """The day (ordinal) on which each patient of cohort 1 began treatment: the printed numbers on either side of
    January and of March 2019.

    bounds: the first and last day on which treatment began, and the first of immunotherapy (ordinals). Raises
    CannotDraw.
    """
    months, event, regimen = survival
    late = np.zeros(len(months), bool)
    fits = months < calendar.longest
    targets.take("os_sensitivity.regimen_after_march2019", "log-rank p above .05")
    targets.take("os_sensitivity.chemo_by_year", "log-rank p above .05")
    chemotherapy = np.flatnonzero(regimen == 0)
    new_era = _choose(
        rng, chemotherapy[fits[chemotherapy]], calendar.chemotherapy_from,
        lambda chosen: _not_different(months, event, chemotherapy, chosen),
    )  # fmt: skip
    for _ in range(MOST_REDRAWS):
        late[:] = False
        for place, name in enumerate(REGIMENS):
            able = new_era if name == CHEMOTHERAPY else np.flatnonzero((regimen == place) & fits)
            late[rng.permutation(able)[: calendar.from_march[name]]] = True
        if times.log_rank_p(months[late], event[late], regimen[late]) > 0.05:
            break
    else:
        raise times.CannotDraw("no choice of patients meets what is printed of the regimens from March 2019")
    january, march = JANUARY_2019.toordinal(), MARCH_2019.toordinal()
    early_end = np.where(regimen == 0, january - 1, march - 1)
    early_start = np.where(regimen == 0, bounds["first"], bounds["immunotherapy"])
    between = np.isin(np.arange(len(months)), new_era) & ~late
    first = np.select([late, between], [march, january], early_start)
    last = np.select([late, between], [bounds["last"], march - 1], early_end)
    start = dates(rng, months, first, last, calendar.cut)
    if (regimen == 0).sum() - len(new_era) != calendar.chemotherapy_before:
        raise times.CannotDraw("the printed numbers of patients before and from 2019 do not add up")
    return start


def _further_lines(
    rng: np.random.Generator,
    targets: Targets,
    patients: pd.DataFrame,
    survival,
    start: np.ndarray,
    immunotherapy_from: int,
) -> None:
    """Sets the second line of cohort 1: after chemotherapy with and without checkpoint blockade as printed.

    start, immunotherapy_from: days as ordinals. Raises CannotDraw.
    """
    months, event, regimen = survival
    ici = targets.count("os_sensitivity.n.second_line_ici", "further line with checkpoint blockade")
    other = targets.count("os_sensitivity.n.second_line_non_ici", "further line without")
    targets.take("os_sensitivity.n.second_line", "patients with a further line after chemotherapy")
    targets.take("os_sensitivity.second_line", "log-rank p above .05")
    able = able_for_second_line(patients)
    pool = able[regimen[able] == 0]
    # nobody had checkpoint blockade who progressed before there was any
    progressed_on = start + np.floor(patients["RWPFS_MONTHS"].to_numpy(float) * DAYS_PER_MONTH)
    in_time = pool[progressed_on[pool] >= immunotherapy_from]
    for _ in range(MOST_REDRAWS if len(in_time) >= ici and len(pool) >= ici + other else 0):
        with_ici = rng.permutation(in_time)[:ici]
        lines = np.concatenate([with_ici, rng.permutation(np.setdiff1d(pool, with_ici))[:other]])
        if _not_different(months, event, lines, with_ici):
            break
    else:
        raise times.CannotDraw("no choice of patients meets what is printed of the lines after chemotherapy")
    rest = able[regimen[able] > 0]
    others = rng.permutation(rest)[: round(targets.assume("clinical", "second_line_other") * len(rest))]
    second_line(rng, targets, patients, with_ici, np.concatenate([np.setdiff1d(lines, with_ici), others]))


def _with_those_without_survival(rng: np.random.Generator, patients: pd.DataFrame, lost: list[str]) -> pd.DataFrame:
    """The patients and, below them, those whose survival is not known; lost: the regimen of each of these."""
    ages = patients.pop("AGE")
    patients = pd.concat([patients, pd.DataFrame({"FIRST_LINE_REGIMEN": lost})], ignore_index=True)
    fill_missing(patients)
    patients["AGE"] = [*ages, *rng.choice(ages, len(lost))]
    patients.loc[len(ages) :, "SEX"] = rng.choice(["Female", "Male"], len(lost))
    patients.loc[len(ages) :, "M_STAGE"] = "M1c"
    return patients


def _describe_cohort_1(rng: np.random.Generator, targets: Targets, patients: pd.DataFrame) -> None:
    """Sets median age, race, time zero, backbone of chemotherapy and institution of all patients of cohort 1."""
    n = len(patients)
    age = targets.take("table1.age.c1", "median age and range")
    hold_median(patients, float(age.value))
    white = targets.count("table1.white.c1", "White patients; of 207 whose race is known they are the printed share")
    share_known = round(white / (float(targets.take("table1.white.c1", "").value) / 100))
    patients["RACE"] = race(rng, targets, n, white, n - share_known)
    patients["TIME_ZERO"] = patients["FIRST_LINE_REGIMEN"].map(TIME_ZERO)
    backbone(rng, targets, patients)
    sites = int(targets.number("table1.n.institutions.c1", "institutions"))
    patients["INSTITUTION"] = institutions(rng, targets, n, sites)


def _adverse_events_cohort_1(rng: np.random.Generator, targets: Targets, patients: pd.DataFrame) -> pd.DataFrame:
    """The adverse events of cohort 1; sets each patient's worst grade, by regimen in the printed numbers."""
    counts = {
        name: (
            targets.count(f"figs6.any_grade.{name}", f"any adverse event, {name}"),
            targets.count(f"figs6.grade3.{name}", f"adverse event of grade 3 or worse, {name}"),
            targets.count(f"figs6.discontinued.{name}", f"treatment stopped for toxicity, {name}"),
        )
        for name in REGIMENS
    }
    targets.take("figs6.any_grade.all", "any adverse event")
    worst_grades(rng, targets, patients, counts)
    return adverse_events(rng, targets, patients)


def _rwpfs(rng: np.random.Generator, targets: Targets, patients: pd.DataFrame, survival, censoring):
    """Real-world progression-free survival with the printed medians and adjusted hazard ratios; baseline with it.

    The baseline columns are drawn here, for the hazard ratios are adjusted for them. None where this draw of overall
    survival cannot bear it.
    """
    months, died, regimen = survival
    summaries = _summaries(targets, "fig1c.median_rwpfs", "median rwPFS and limits")
    knob = "hazard ratio adjusted for sex, ECOG (0, 1, 2+), age and M stage, complete cases; the tail beyond the limit"
    wanted = {
        CHEMOTHERAPY: targets.number("fig1c.hr.chemotherapy_vs_chemoimmunotherapy", knob),
        IMMUNOTHERAPY: targets.number("fig1c.hr.immunotherapy", knob),
    }
    age = targets.take("table1.age.c1", "median age and range")
    patients["AGE"] = ages_with(rng, len(patients), float(age.value), *map(float, age.range))
    baseline(rng, targets, patients)
    adjusters, complete = _adjusters(patients)
    likeness = targets.assume("clinical", "likeness")
    laws = {name: Law(summary.median) for name, summary in summaries.items()}
    drawn = _earlier_endpoint(rng, laws, summaries, survival, censoring, likeness)
    if drawn is None:
        return None
    early, had = drawn
    design = np.column_stack([regimen == 0, regimen == 2, adjusters]).astype(float)[complete]
    beyond = np.array([summaries[name].upper for name in REGIMENS])[regimen]
    factor = {CHEMOIMMUNOTHERAPY: 1.0, IMMUNOTHERAPY: 1.0}

    def stretched() -> np.ndarray:
        scale = np.array([1.0, factor[CHEMOIMMUNOTHERAPY], factor[IMMUNOTHERAPY]])[regimen]
        return np.where(had, times.scale_tail(early, beyond, scale, months), early)

    def ratio(group: str, column: int):
        def tried(scale: float) -> float:
            factor[group] = scale
            return float(times.cox(stretched()[complete], had[complete], design)[0][column])

        return tried

    for _ in range(3):
        factor[CHEMOIMMUNOTHERAPY] = times.solve(ratio(CHEMOIMMUNOTHERAPY, 0), math.log(wanted[CHEMOTHERAPY]), 0.02, 50)
        factor[IMMUNOTHERAPY] = times.solve(ratio(IMMUNOTHERAPY, 1), math.log(wanted[IMMUNOTHERAPY]), 0.02, 50)
    final = stretched()
    beta, se = times.cox(final[complete], had[complete], design)
    found = abs(beta[0] - math.log(wanted[CHEMOTHERAPY])), abs(beta[1] - math.log(wanted[IMMUNOTHERAPY]))
    if max(found) > 0.03 or abs(beta[0] / se[0]) < 2.0 or abs(beta[1] / se[1]) > 1.9:
        return None
    return final, had


def cohort_2(seed: int, targets: Targets) -> Clinical:
    """Cohort 2: 373 patients, 146 of them treated and followed; conditioned on what the source prints of them."""
    rng = stream(seed, "clinical", "cohort_2")
    n = int(targets.number("table1.n.c2", "patients"))
    treated = {name: targets.count(f"table1.regimen.{name}.c2", f"patients on {name}") for name in REGIMENS}
    targets.take("table1.n.c2_outcome", "patients with outcome")
    summaries = _summaries(targets, "fig1b.median_os", "median overall survival and limits")
    follow_up = Summary(*targets.median("table1.follow_up.c2", "median follow-up (reverse Kaplan–Meier) and limits"))
    targets.take("fig1b.os_by_regimen", "log-rank p over the regimens above .05")
    long = targets.word("figs3.n.long_rwos", "six patients on immunotherapy live beyond 20 months")
    cutoff = targets.number("figs3.cut.rwos", "months that part long survivors")
    follow = {name: censoring(targets, "cohort_2", name) for name in REGIMENS}
    cut = targets.assume("clinical", "data_cut", "cohort_2")
    longest = (cut - targets.assume("clinical", "first_immunotherapy")).days / DAYS_PER_MONTH - 1

    def six_long(months, event, regimen) -> bool:
        return int((months[regimen == 2] > cutoff).sum()) == long and months.max() < longest

    for _ in range(MOST_REDRAWS):
        survival = _overall_survival(rng, treated, summaries, follow_up, follow, six_long)
        treatment = _time_on_treatment(rng, targets, survival, follow)
        if treatment is not None:
            break
    else:
        raise times.CannotDraw("no draw of cohort 2 meets the printed time on treatment")
    months, event, regimen = survival
    on_treatment, ended = treatment
    patients = pd.DataFrame({"FIRST_LINE_REGIMEN": np.array(REGIMENS, dtype=object)[regimen]})
    patients["OS_MONTHS"], patients["OS_STATUS"] = rounded(months), np.where(event, DEAD, ALIVE)
    patients["TOT_MONTHS"] = np.minimum(rounded(on_treatment), patients["OS_MONTHS"])
    patients["TOT_STATUS"] = np.array(TREATMENT_END, dtype=object)[ended.astype(int)]
    first = np.where(regimen == 0, targets.assume("clinical", "first_start", "cohort_2").toordinal(),
                     targets.assume("clinical", "first_immunotherapy").toordinal())  # fmt: skip
    last = np.full(len(months), targets.assume("clinical", "last_start", "cohort_2").toordinal())
    patients["FIRST_LINE_START"] = iso(dates(rng, months, first, last, cut))
    patients["TIME_ZERO"] = patients["FIRST_LINE_REGIMEN"].map(TIME_ZERO)
    patients["FIRST_LINE_END_MONTHS"] = patients["TOT_MONTHS"]
    dead = (patients["TOT_MONTHS"] >= patients["OS_MONTHS"]) & event
    patients["FIRST_LINE_END_REASON"] = np.select([~ended, dead], ["ongoing", "death"], "stopped")
    backbone(rng, targets, patients)
    patients["SECOND_LINE_REGIMEN"], patients["SECOND_LINE_START_MONTHS"] = "", np.nan

    patients = patients.reindex(range(n))
    fill_missing(patients)
    age = targets.take("table1.age.c2", "median age at diagnosis and range")
    patients["AGE"] = ages_with(rng, n, float(age.value), *map(float, age.range))
    female = targets.assume("clinical", "female")
    patients["SEX"] = exactly(rng, {"Female": female, "Male": 1 - female}, n)
    white = targets.count("table1.white.c2", "White patients")
    patients["RACE"] = race(rng, targets, n, white, round(targets.assume("clinical", "race_unknown_cohort_2") * n))
    reviewed = int(targets.number("pathology_review.n", "tumours reviewed centrally"))
    agreed = targets.count("pathology_review.agreement", "reviewed tumours on which the review agrees")
    words = [*["agreed"] * agreed, *["not agreed"] * (reviewed - agreed), *[""] * (n - reviewed)]
    patients["PATHOLOGY_REVIEW"] = rng.permutation(np.array(words, dtype=object))
    return Clinical(patients, treatments(patients), NO_EVENTS)


def _time_on_treatment(rng: np.random.Generator, targets: Targets, survival, censoring):
    """Time on first-line treatment: medians, limits, hazard ratio and p as printed; None where this draw cannot.

    Treatment ends sooner on chemotherapy by the medians than the hazard ratio says, so the hazards are not
    proportional: the tail of chemotherapy is drawn out until the ratio holds.
    """
    months, _, regimen = survival
    summaries = _summaries(targets, "figs5.median_tot", "median time on treatment and limits")
    id = "figs5.hr.chemotherapy_vs_chemoimmunotherapy"
    wanted = math.log(targets.number(id, "hazard ratio and p; the tail of chemotherapy beyond its upper limit"))
    p = targets.p(id, "")
    laws = {name: Law(summary.median, summary.upper, 0.5 if name == CHEMOTHERAPY else 1.0)
            for name, summary in summaries.items()}  # fmt: skip
    drawn = _earlier_endpoint(rng, laws, summaries, survival, censoring, targets.assume("clinical", "likeness"))
    if drawn is None:
        return None
    early, had = drawn
    pair = regimen < 2
    design = (regimen == 0).astype(float)[:, None]
    beyond = np.where(regimen == 0, summaries[CHEMOTHERAPY].upper, months.max())

    def fit(scale: float):
        # fitted as it is written down, for rounding makes ties
        stretched = np.where(had, times.scale_tail(early, beyond, scale, months), early)
        stretched = np.minimum(rounded(stretched), rounded(months))
        beta, se = times.cox(stretched[pair], had[pair], design[pair])
        return stretched, float(beta[0]), float(se[0])

    stretched, beta, se = fit(times.solve(lambda scale: fit(scale)[1], wanted, 0.05, 50))
    # printed p: .05, half of its last digit to either side
    if abs(beta - wanted) > 0.02 or not p - 0.0035 < 2 * (1 - _normal(abs(beta / se))) < p + 0.0035:
        return None
    # with medians of 2.4 and 7.5 months and a ratio of 1.44 the hazards are not proportional, and a test sees it
    if times.proportional_p(stretched[pair], had[pair], design[pair, 0]) > 0.04:
        return None
    return stretched, had


def _normal(z: float) -> float:
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))
