"""Overall survival of the simulated CAR T patients: courses dealt until both scores part it as printed.

Laws: laws/car_t.yaml, `car_t.survival`.
"""

import numpy as np
import pandas as pd
from scipy.special import ndtr

from lcnec_utils.core.units import DAYS_PER_MONTH
from lcnec_utils.omics.immunosign import immunosign
from lcnec_utils.twins import people
from lcnec_utils.twins.car_t_dealt import deal, log_rank_p, off_print, off_range
from lcnec_utils.twins.car_t_outcomes import scored
from lcnec_utils.twins.car_t_specimens import NONE, Trial
from lcnec_utils.twins.targets import Targets, laws
from lcnec_utils.twins.times import CannotDraw

MOST_COURSES = 4


def survival(rng: np.random.Generator, targets: Targets, trial: Trial, before: pd.DataFrame) -> None:
    """Courses (relapse, death, follow-up) dealt within response until both log-rank tests give the printed p.

    before: log2 of fixed tissue before treatment, by patient. A score is high above its printed percentile. In the Cox
    models, whose covariates are not printed, score and burden are put in with p below a bound. Raises CannotDraw.
    """
    table = trial.patients
    cut = float(targets.take("z1_os.immunosign_cutoff", "high scores").counts[0][0]) / 100
    scores = {"immunoscore": scored(*trial.counts["TL", "baseline"]), "immunosign21": immunosign(before)}
    high = {name: values > values.quantile(cut) for name, values in scores.items()}
    if any(
        (flags != (scores[name].round(9) > scores[name].round(9).quantile(cut))).any() for name, flags in high.items()
    ):
        raise CannotDraw("a score at its percentile differs from it in the last bit alone")
    tests = [_Score(targets, name, flags, table) for name, flags in high.items()]
    for _ in range(MOST_COURSES):
        course, groups = _courses(rng, targets, table)
        try:
            order = _dealt(rng, course, groups, tests, table)
        except CannotDraw:
            continue
        for column in ("ONGOING_RESPONSE", "RELAPSE_DAYS", "OS_MONTHS", "OS_STATUS"):
            table[column] = course[column].to_numpy()[order]
        return
    raise CannotDraw("no courses go with both scores as printed")


def _dealt(
    rng: np.random.Generator, course: pd.DataFrame, groups: np.ndarray, tests: list["_Score"], table: pd.DataFrame
) -> np.ndarray:
    """Which course each patient has; to begin with, the worst go to high burden and low scores."""
    least = laws()["assumed"]["car_t"]["dealt"]["survival_origin_p"]
    months, event = course["OS_MONTHS"].to_numpy(float), (course["OS_STATUS"] == people.DEAD).to_numpy()
    abc, n = (table["CELL_OF_ORIGIN"] == "ABC").to_numpy(), len(table)

    def penalty(order: np.ndarray, limit: float) -> float:
        worth = 0.0
        for off in (_Score.off, _Score.off_model):
            for test in tests:
                if worth > limit:
                    return worth
                worth += off(test, months[order[test.rows]], event[order[test.rows]])
        return worth + max(0.0, least - log_rank_p(months[order], event[order], abc)[0])

    def confirm(order: np.ndarray) -> bool:
        found = [test.off_model(months[order[test.rows]], event[order[test.rows]], quick=False) for test in tests]
        return not any(found)

    risk = 0.7 * rng.standard_normal(n) + np.log(table["TUMOR_BURDEN_MM2"].to_numpy(float))
    risk += (table["response"] == "PR").to_numpy(float)
    for test in tests:
        risk[test.rows] -= test.high
    start, bad = np.arange(n), np.where(event, 1000 - months, -months)
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        start[members[np.argsort(risk[members])]] = members[np.argsort(bad[members])]
    return deal(rng, start, penalty, most=4000, what="courses", groups=groups, idle=~event, confirm=confirm)


class _Score:
    """What is printed of survival by one score, and its Cox model."""

    def __init__(self, targets: Targets, name: str, high: pd.Series, table: pd.DataFrame):
        knob = "courses: p below .05 in a Cox model with burden, cell of origin and index; covariates are not printed"
        self.printed = targets.take(f"z1_os.{name}", "courses: the log-rank p of high against low scores").p
        for tail in (name, f"tumor_burden.with_{name}"):
            targets.plant(f"z1_forest.{tail}", knob)
        self.rows, self.high = high.index.to_numpy(), high.to_numpy(bool)
        burden = table["TUMOR_BURDEN_MM2"].to_numpy(float)
        features = [np.log2(burden), table["CELL_OF_ORIGIN"] == "ABC", table["IPI"].astype(float)]
        data = np.column_stack([self.high, *(np.asarray(values, float)[self.rows] for values in features)])
        self.data, self.last = data - data.mean(axis=0), None
        self.most = targets.assume("car_t", "dealt")["cox_p"]

    def off(self, months: np.ndarray, event: np.ndarray) -> float:
        """How far courses are from the log-rank test as printed."""
        p, longer = log_rank_p(months, event, self.high)
        return off_print(p, self.printed) + 2.0 * (not longer)

    def off_model(self, months: np.ndarray, event: np.ndarray, *, quick: bool = True) -> float:
        """How far courses are from a model in which a high score lives longer and a high burden less long, p below the
        bound. quick: by one step from the model before."""
        near = quick and self.last is not None
        beta, found = cox_p(self.data, months, event, *((self.last, 1) if near else ()))
        self.last = beta if np.isfinite(beta).all() and np.abs(beta).max() < 4 else None
        return sum(
            off_range(p, 0.0, self.most) + (np.sign(estimate) != sign)
            for estimate, p, sign in zip(beta, found, (-1, 1), strict=False)
        )


def cox_p(
    data: np.ndarray, months: np.ndarray, event: np.ndarray, start: np.ndarray | None = None, steps: int = 15
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and Wald's p of a Cox model without ties, by Newton's method. data: patients × covariates, centred;
    start: coefficients to begin with; steps: at most."""
    order = np.argsort(-months, kind="stable")  # at risk at a death are all before it in this order
    data, died = data[order], np.flatnonzero(event[order])
    beta = np.zeros(data.shape[1]) if start is None else start
    pairs = data[:, :, None] * data[:, None, :]
    for _ in range(steps):
        weight = np.exp(np.clip(data @ beta, -20, 20))
        total = np.cumsum(weight)[died]
        first = np.cumsum(weight[:, None] * data, axis=0)[died] / total[:, None]
        second = np.cumsum(weight[:, None, None] * pairs, axis=0)[died] / total[:, None, None]
        information = second.sum(axis=0) - first.T @ first + 1e-9 * np.eye(len(beta))
        step = np.linalg.solve(information, data[died].sum(axis=0) - first.sum(axis=0))
        beta = beta + np.clip(step, -1.5, 1.5)
        if np.abs(step).max() < 1e-3:
            break
    z = beta / np.sqrt(np.diag(np.linalg.inv(information)))
    return beta, 2 * ndtr(-np.abs(z))


def _courses(rng: np.random.Generator, targets: Targets, table: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """One course per patient, as it may stand in any patient of the same group, and the groups.

    Columns: OS_MONTHS, OS_STATUS, ONGOING_RESPONSE, RELAPSE_DAYS (missing where there was no relapse).
    """
    law, n = targets.assume("car_t", "survival"), len(table)
    printed = targets.number("z1_represent.ongoing.pivotal", "ongoing responses: the nearest count of 51")
    ongoing = targets.assume("car_t", "ongoing")
    if sum(ongoing.values()) != round(printed / 100 * n):
        raise CannotDraw("the laws of car_t give another number of ongoing responses than is printed")
    biopsied = (table["relapse"] != NONE).to_numpy()
    response = table["response"].to_numpy()
    kept = np.zeros(n, bool)
    for name, number in ongoing.items():
        kept[rng.permutation(np.flatnonzero((response == name) & ~biopsied))[:number]] = True
    progressed = np.where(response == NONE, rng.uniform(*law["progression"], n), rng.uniform(*law["relapse"], n))
    progressed = np.where(biopsied, rng.uniform(*law["relapse_biopsied"], n), progressed)
    last = law["latest_death"]
    death = progressed + 0.3 + law["after_progression"] * rng.standard_exponential(n)
    death = np.where(death > last, progressed + (last - progressed) * rng.random(n), death)
    early = np.flatnonzero((response == NONE) & (table["early"] == NONE))[:1]  # dies before the first scan
    death[early] = law["before_landmark"]
    dead = np.zeros(n, bool)
    dead[[*early, *rng.permutation(np.setdiff1d(np.flatnonzero(~kept), early))[: law["deaths"] - len(early)]]] = True
    # all deaths lie before the first who is censored, so that the median of these is the reverse Kaplan–Meier one
    follow_up = rng.uniform(*law["follow_up"], n)
    median = targets.number("z1_represent.follow_up.pivotal", "median follow-up: that of the trial")
    follow_up += median - np.median(follow_up[~dead])
    if follow_up[~dead].min() < last:
        raise CannotDraw("a patient is censored before the last death")
    relapsed = (response != NONE) & ~kept
    course = pd.DataFrame(
        {
            "OS_MONTHS": np.round(np.where(dead, death, follow_up), 2),
            "OS_STATUS": np.where(dead, people.DEAD, people.ALIVE),
            "ONGOING_RESPONSE": np.where(kept, "YES", "NO"),
            "RELAPSE_DAYS": np.where(relapsed, np.rint(progressed * DAYS_PER_MONTH), np.nan),
        }
    )
    groups = np.select([np.isin(np.arange(n), early), biopsied, response == NONE], [3, 2, 1], 0)
    return course, groups
