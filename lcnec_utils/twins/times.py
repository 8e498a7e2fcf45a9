"""Survival times of simulated patients: laws, free draws, and draws conditioned on printed medians and limits.

Months throughout. Patients are drawn from a law and redrawn until the Kaplan–Meier median and its limits exist as
printed; one increasing piecewise-linear function of time then carries them onto the print. Kaplan–Meier quantiles
follow any increasing function, so they agree exactly: by construction, and as evidence of nothing.
"""

import dataclasses
import math

import numpy as np

from lcnec_utils.core.errors import UserError

NOT_REACHED = math.inf
Z95 = 1.959963984540054
# A drawn quantile is stretched by no more than this factor onto the printed one, where the draw has a choice
MOST_STRETCH = 1.8
MOST_TRIES = 20_000


class CannotDraw(UserError):
    """Summaries that no simulated cohort meets."""


@dataclasses.dataclass(frozen=True)
class Summary:
    """A printed median of survival with its 95% limits, months; NOT_REACHED where the source prints NR."""

    median: float
    lower: float
    upper: float


@dataclasses.dataclass(frozen=True)
class Law:
    """Survival with one hazard up to `cut` months and `late` times that hazard after: a piecewise-exponential law.

    median: months, below `cut`. The law of proportional hazards is late = 1.
    """

    median: float
    cut: float = math.inf
    late: float = 1.0

    @property
    def early_hazard(self) -> float:
        """Events per month up to the cut."""
        return math.log(2) / self.median

    def cumulative_hazard(self, months: np.ndarray) -> np.ndarray:
        """The cumulative hazard at each time."""
        months = np.asarray(months, float)
        return self.early_hazard * (np.minimum(months, self.cut) + self.late * np.maximum(months - self.cut, 0.0))

    def at_hazard(self, cumulative: np.ndarray) -> np.ndarray:
        """The time at which the cumulative hazard reaches each value."""
        at_cut = self.early_hazard * self.cut
        beyond = np.maximum(cumulative - at_cut, 0.0) / (self.early_hazard * self.late) if self.cut < math.inf else 0.0
        return np.minimum(cumulative, at_cut) / self.early_hazard + beyond

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """n independent survival times."""
        return self.at_hazard(rng.standard_exponential(n))

    def without(self, other: "Law", exponential: np.ndarray) -> np.ndarray:
        """Times of a cause whose hazard is this law's less the other's: min(it, a time of `other`) follows this law.

        exponential: standard exponential draws, one per time. Raises CannotDraw where the other hazard is larger.
        """
        edges = sorted({0.0, *(cut for cut in (self.cut, other.cut) if cut < math.inf)})
        rates = []
        for start in edges:
            mine = self.early_hazard * (self.late if start >= self.cut else 1.0)
            theirs = other.early_hazard * (other.late if start >= other.cut else 1.0)
            if mine <= theirs:
                raise CannotDraw(f"a law with {mine:.4f} events a month from {start:g} months on lies under another's")
            rates.append(mine - theirs)
        passed = np.concatenate([[0.0], np.cumsum(np.diff(edges) * rates[:-1])])
        piece = np.searchsorted(passed, exponential, side="right") - 1
        return np.asarray(edges)[piece] + (exponential - passed[piece]) / np.asarray(rates)[piece]


# --- the three statistics a draw is conditioned on, in plain numpy: they run some ten thousand times for one cohort,
# and the tests hold them to lcnec_utils.stats.survival, which agrees with R


def curve(months: np.ndarray, event: np.ndarray):
    """Distinct event times, Kaplan–Meier survival after each, and its 95% limits on the log-log scale."""
    order = np.argsort(months, kind="stable")
    times, deaths = months[order], event[order]
    at = np.unique(times[deaths])
    at_risk = len(times) - np.searchsorted(times, at, side="left")
    died = np.searchsorted(times[deaths], at, side="right") - np.searchsorted(times[deaths], at, side="left")
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(1 - died / at_risk)
        theta = Z95 * np.sqrt(np.cumsum(died / (at_risk * (at_risk - died)))) / np.log(survival)
        lower, upper = survival ** np.exp(-theta), survival ** np.exp(theta)
    gone = survival <= 0
    return at, survival, np.where(gone, np.nan, lower), np.where(gone, np.nan, upper)


def reaches(months: np.ndarray, event: np.ndarray) -> list[tuple[float, float]]:
    """Where the Kaplan–Meier curve, its lower and its upper limit fall to one half: median, lower and upper limit.

    Each as a pair of times whose middle is the quantile: they differ where the curve lies exactly on .5. NOT_REACHED
    twice where it never falls so far.
    """
    at, survival, lower, upper = curve(months, event)
    found = []
    for band in (survival, lower, upper):
        there = np.flatnonzero(band < 0.5 + 1e-7)
        if not there.size:
            found.append((NOT_REACHED, NOT_REACHED))
            continue
        first = there[0]
        below = np.flatnonzero(band < 0.5 - 1e-7)
        on_it = abs(band[first] - 0.5) < 1e-7
        found.append((float(at[first]), float(at[below[0] if below.size else -1] if on_it else at[first])))
    return found


def quantiles(months: np.ndarray, event: np.ndarray) -> tuple[float, float, float]:
    """Kaplan–Meier median and its limits, NOT_REACHED where there is none."""
    return tuple((first + second) / 2 for first, second in reaches(months, event))


def log_rank_p(months: np.ndarray, event: np.ndarray, group: np.ndarray) -> float:
    """Two-sided p of the log-rank test over groups numbered from 0."""
    from scipy import stats

    order = np.argsort(months, kind="stable")
    times, deaths, group = months[order], event[order].astype(bool), group[order]
    k = int(group.max()) + 1
    member = np.eye(k)[group]
    at_risk = np.cumsum(member[::-1], axis=0)[::-1]
    at = np.unique(times[deaths])
    risk = at_risk[np.searchsorted(times, at, side="left")]
    died = np.zeros((len(at), k))
    np.add.at(died, np.searchsorted(at, times[deaths]), member[deaths])
    total, dead = risk.sum(axis=1), died.sum(axis=1)
    share = risk / total[:, None]
    z = (died - dead[:, None] * share).sum(axis=0)[:-1]
    factor = np.where(total > 1, dead * (total - dead) / np.maximum(total - 1, 1), 0.0)
    variance = (np.diag(factor @ share) - (share * factor[:, None]).T @ share)[:-1, :-1]
    return float(stats.chi2.sf(z @ np.linalg.pinv(variance) @ z, k - 1))


def cox(months: np.ndarray, event: np.ndarray, design: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and standard errors of a Cox model (Breslow's ties; drawn times have none)."""
    order = np.argsort(-months, kind="stable")
    x, deaths = design[order].astype(float), event[order].astype(bool)
    x = x - x.mean(axis=0)
    beta = np.zeros(x.shape[1])
    for _ in range(30):
        weight = np.exp(x @ beta)
        s0 = np.cumsum(weight)[deaths]
        s1 = np.cumsum(x * weight[:, None], axis=0)[deaths]
        s2 = np.cumsum(x[:, :, None] * x[:, None, :] * weight[:, None, None], axis=0)[deaths]
        mean = s1 / s0[:, None]
        gradient = (x[deaths] - mean).sum(axis=0)
        information = (s2 / s0[:, None, None]).sum(axis=0) - mean.T @ mean
        step = np.linalg.solve(information, gradient)
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    return beta, np.sqrt(np.diag(np.linalg.inv(information)))


def proportional_p(months: np.ndarray, event: np.ndarray, x: np.ndarray) -> float:
    """p of Grambsch and Therneau's test of proportional hazards for one covariate, over the rank of the event times."""
    from scipy import stats

    beta = cox(months, event, x[:, None])[0][0]
    order = np.argsort(-months, kind="stable")
    x, deaths = x[order].astype(float), event[order].astype(bool)
    weight = np.exp(x * beta)
    s0, s1, s2 = (np.cumsum(weight * x**power)[deaths] for power in range(3))
    residual, information = x[deaths] - s1 / s0, float((s2 / s0 - (s1 / s0) ** 2).mean())
    rank = np.arange(len(residual)) - (len(residual) - 1) / 2
    return float(stats.chi2.sf((rank @ residual) ** 2 / (rank @ rank) / information, 1))


# --- conditioned draws


def _anchors(drawn: list[tuple[float, float]], printed: list[float]) -> list[tuple[float, float]] | None:
    """Points (drawn, printed) of the function that carries quantiles onto the print; None where it would not rise.

    A quantile in the middle of a flat stretch gets two points, so that the middle of their images is the print.
    """
    points = []
    for (first, second), onto in zip(drawn, printed, strict=True):
        if first == NOT_REACHED or onto == NOT_REACHED:
            if first != onto:
                return None
            continue
        middle = (first + second) / 2
        if not middle or not 1 / MOST_STRETCH < middle / onto < MOST_STRETCH:
            return None
        half = (second - first) / 2 * onto / middle
        points += [(first, onto - half), (second, onto + half)] if half else [(first, onto)]
    rising = all(a[0] < b[0] and a[1] < b[1] for a, b in zip(points, points[1:], strict=False))
    return points if rising else None


def _stretch(months: np.ndarray, points: list[tuple[float, float]]) -> np.ndarray:
    """Times through the increasing piecewise-linear function through the points (and zero), of slope 1 after them."""
    drawn, printed = (np.array([0.0, *column]) for column in zip(*points, strict=True))
    last, onto = drawn[-1], printed[-1]
    return np.where(months <= last, np.interp(months, drawn, printed), onto + (months - last))


def conditioned(
    rng: np.random.Generator, law: Law, censoring, n: int, summary: Summary
) -> tuple[np.ndarray, np.ndarray]:
    """Months and event of n patients whose Kaplan–Meier median and limits are the printed ones.

    censoring: a function (rng, n) → months of follow-up. Times are those of the law, redrawn until lower limit <
    median < upper limit exist (the upper one not, where NR is printed), then stretched onto the print.
    Raises CannotDraw where no draw does.
    """
    for _ in range(MOST_TRIES):
        time, follow_up = law.draw(rng, n), censoring(rng, n)
        months, event = np.minimum(time, follow_up), time <= follow_up
        median, lower, upper = reaches(months, event)
        points = _anchors([lower, median, upper], [summary.lower, summary.median, summary.upper])
        if points:
            return _stretch(months, points), event
    raise CannotDraw(
        f"no {n} patients have a median of {summary.median:g} months with limits {summary.lower:g} and "
        f"{summary.upper:g}; give another number of patients"
    )


def follow_up(months: np.ndarray, event: np.ndarray) -> tuple[float, float, float]:
    """Median follow-up and its limits by reverse Kaplan–Meier."""
    return quantiles(months, ~event)


def stretch_follow_up(months: np.ndarray, event: np.ndarray, summary: Summary, beyond: float) -> np.ndarray | None:
    """All groups' times after `beyond` months stretched by one function onto the printed median follow-up and limits.

    None where the drawn follow-up does not allow it; a lower limit printed before `beyond` is left as drawn, and must
    then lie within 15% of the print.
    """
    median, lower, upper = reaches(months, ~event)
    drawn, printed = [lower, median, upper], [summary.lower, summary.median, summary.upper]
    if summary.lower <= beyond:
        if not 0.85 < sum(lower) / 2 / summary.lower < 1.15 or lower[1] > beyond:
            return None
        drawn, printed = drawn[1:], printed[1:]
    points = _anchors(drawn, printed)
    if not points or not beyond < points[0][0] or not beyond < points[0][1]:
        return None
    return np.where(months <= beyond, months, _stretch(months, [(beyond, beyond), *points]))


def pair_within(rng: np.random.Generator, early, late, likeness: float = 0.6) -> np.ndarray | None:
    """Which of the `early` times each patient of `late` gets: never one after the patient's own end.

    early, late: (months, event) of progression and of survival. A patient who died has an event in both; one who is
    alive may have either. likeness: 0 to 1, how far early and late times keep the same order. None where it cannot be.
    """
    (first, had), (last, died) = early, late
    n = len(first)
    rank = np.empty(n)
    rank[np.argsort(first)] = np.arange(n) / n
    wish = np.empty(n)
    wish[np.argsort(last)] = np.arange(n) / n
    wish = likeness * wish + (1 - likeness) * rng.random(n)
    chosen = np.full(n, -1)
    free = np.ones(n, bool)
    # a censored early time fits only who is alive, the latest ones the fewest: they choose first
    for time in np.flatnonzero(~had)[np.argsort(-first[~had])]:
        able = np.flatnonzero((chosen < 0) & ~died & (last >= first[time]))
        if not able.size:
            return None
        patient = able[np.argmin(np.abs(wish[able] - rank[time]))]
        chosen[patient], free[time] = time, False
    for patient in np.argsort(last):
        if chosen[patient] >= 0:
            continue
        able = np.flatnonzero(free & (first <= last[patient]))
        if not able.size:
            return None
        time = able[np.argmin(np.abs(rank[able] - wish[patient]))]
        chosen[patient], free[time] = time, False
    return chosen


def censored_at_the_end(months: np.ndarray, event: np.ndarray, end: np.ndarray, summary: Summary) -> np.ndarray | None:
    """Times of an earlier endpoint with all who had no event censored at their end, stretched back onto the summary.

    No time is after the patient's end. None where the summary does not hold within a thousandth.
    """
    printed = [summary.lower, summary.median, summary.upper]
    for _ in range(8):
        months = np.where(event, np.minimum(months, end), end)
        median, lower, upper = reaches(months, event)
        points = _anchors([lower, median, upper], printed)
        if points is None:
            return None
        pairs = zip((lower, median, upper), printed, strict=True)
        if all(onto == NOT_REACHED or abs(sum(found) / 2 / onto - 1) < 1e-3 for found, onto in pairs):
            return months
        months = _stretch(months, points)
    return None


def scale_tail(months: np.ndarray, beyond, factor, end: np.ndarray) -> np.ndarray:
    """Times after `beyond` months drawn out by a factor (or one per patient), none later than its patient's end."""
    return np.where(months > beyond, np.minimum(beyond + (months - beyond) * factor, end), months)


def solve(function, target: float, low: float, high: float, steps: int = 28) -> float:
    """Where a monotone function of a factor is nearest a target, by bisection on the log scale."""
    rising = function(high) > function(low)
    a, b = math.log(low), math.log(high)
    for _ in range(steps):
        middle = (a + b) / 2
        if (function(math.exp(middle)) < target) == rising:
            a = middle
        else:
            b = middle
    return math.exp((a + b) / 2)
