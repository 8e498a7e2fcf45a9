"""Tissues, toxicity, CAR T levels and courses dealt to simulated patients until what the source prints is met.

Nothing is drawn to order: values are drawn first, then exchanged between patients, two at a time, until rank tests,
rank correlations and log-rank tests give the printed p and the printed counts hold.
"""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
from scipy.special import chdtrc, stdtr
from scipy.stats import rankdata

from lcnec_utils.ledger.verdicts import equal_at_printed_precision
from lcnec_utils.stats.ranks import rank_sum, spearman
from lcnec_utils.twins.times import CannotDraw

PERIOD = 2500  # exchanges from warm to cold


def deal(
    rng: np.random.Generator,
    start: np.ndarray,
    penalty: Callable[[np.ndarray, float], float],
    *,
    most: int,
    what: str,
    groups: np.ndarray | None = None,
    across: bool = False,
    idle: np.ndarray | None = None,
    heat: float = 0.5,
    confirm: Callable[[np.ndarray], bool] = lambda order: True,
) -> np.ndarray:
    """An order of things whose penalty is zero: two are exchanged at a time; worse orders are taken ever more rarely.

    start: the order to begin with. penalty: of an order; it may stop where it exceeds its second argument. groups:
    things change places within their group alone, or only across groups. idle: things whose exchange with one another
    changes nothing. heat: how much worse an order may be that is taken at first. confirm: of an order without penalty,
    whether what the penalty approximates holds exactly; else the penalty is asked once more. Raises CannotDraw, which
    names `what`, where `most` exchanges do not get there.
    """
    order, n = start.copy(), len(start)
    worth = penalty(order, math.inf)
    groups = np.zeros(n, int) if groups is None else groups
    partners = [np.flatnonzero(((groups == group) != across) & (np.arange(n) != i)) for i, group in enumerate(groups)]
    movable = np.flatnonzero([len(places) > 0 for places in partners])
    for step in range(most):
        if worth <= 0:
            if confirm(order):
                return order
            worth = penalty(order, math.inf)
        one = int(movable[rng.integers(len(movable))])
        other = int(partners[one][rng.integers(len(partners[one]))])
        if idle is not None and idle[order[one]] and idle[order[other]]:
            continue
        order[[one, other]] = order[[other, one]]
        warm = heat * (1 - (step % PERIOD) / PERIOD) ** 2  # cooled, and warmed again
        changed = penalty(order, worth + 5 * warm)
        if changed <= worth or rng.random() < math.exp((worth - changed) / max(warm, 1e-9)):
            worth = changed
        else:
            order[[one, other]] = order[[other, one]]
    raise CannotDraw(f"no way found to deal {what} to {n} patients as printed")


# --- penalties: zero where a statistic is as wanted, growing with the distance


def off_print(p: float, printed: str) -> float:
    """How far a p is from the print, in logarithms; 0 where it rounds to it."""
    return 0.0 if equal_at_printed_precision(p, printed) else 0.02 + abs(math.log(max(p, 1e-12) / float(printed)))


def off_range(value: float, least: float, most: float) -> float:
    """How far a positive value lies outside a range, in logarithms."""
    value = max(value, 1e-12)
    return max(0.0, math.log(least / value) if value < least else math.log(value / most))


@cache
def _p_by_u(n: int, m: int) -> np.ndarray:
    """The exact two-sided p of the rank-sum test at each U from 0 to n·m."""
    by_u = np.empty(n * m + 1)
    others = np.arange(m, dtype=float)
    for u in range(n * m + 1):
        above, rest = divmod(u, m)  # so many of the n lie above all m, one above `rest` of them
        mine = np.full(n, -1.0)
        mine[:above] = m
        if above < n:
            mine[above] = rest - 0.5
        by_u[u] = rank_sum(mine + np.arange(n) * 1e-6, others)
    return by_u


def rank_ps(ranks: np.ndarray, flags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """p of the rank-sum test of the flagged against the others and its U, by row. ranks: rows of ranks, no ties."""
    n, m = int(flags.sum()), int((~flags).sum())
    u = np.rint(ranks[:, flags].sum(axis=1) - n * (n + 1) / 2).astype(int)
    return _p_by_u(n, m)[u], u


def rank_p(ranks: np.ndarray, flags: np.ndarray) -> tuple[float, bool]:
    """As `rank_ps` of one row of ranks: p, and whether the flagged are higher."""
    p, u = rank_ps(ranks[None, :], flags)
    return float(p[0]), bool(u[0] > flags.sum() * (~flags).sum() / 2)


def correlation(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Spearman's correlation of two columns of ranks, and its p by Student's t."""
    x, y = one - one.mean(), other - other.mean()
    rho = float(x @ y / math.sqrt((x @ x) * (y @ y)))
    n = len(one)
    t = abs(rho) * math.sqrt((n - 2) / max(1 - rho**2, 1e-12))
    return rho, float(2 * stdtr(n - 2, -t))


class PrintedCorrelation:
    """Spearman's p of two columns held against a print. By Student's t, which is quick, until `holds` has seen how far
    that is from the p by R's rule."""

    def __init__(self, printed: str, *, positive: bool | None = True):
        self.printed, self.positive, self.ratio = printed, positive, 1.0

    def off(self, one: np.ndarray, other: np.ndarray) -> float:
        """How far two columns of ranks are from the print, and from the sign wanted, if any."""
        rho, p = correlation(one, other)
        return off_print(p * self.ratio, self.printed) + 2.0 * (
            self.positive is not None and (rho > 0) != self.positive
        )

    def holds(self, one: np.ndarray, other: np.ndarray) -> bool:
        """Whether p by R's rule rounds to the print."""
        p = spearman(pd.Series(one), pd.Series(other))[1]
        self.ratio = p / correlation(ranked(one), ranked(other))[1]
        return equal_at_printed_precision(p, self.printed)


def ranked(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, ties averaged."""
    return rankdata(values)


def log_rank_p(months: np.ndarray, event: np.ndarray, high: np.ndarray) -> tuple[float, bool]:
    """p of the log-rank test of two groups, and whether the `high` live longer."""
    times = np.unique(months[event])
    at_risk = months[None, :] >= times[:, None]
    dying = (months[None, :] == times[:, None]) & event
    n, d = at_risk.sum(axis=1), dying.sum(axis=1)
    n_high, d_high = (at_risk & high).sum(axis=1), (dying & high).sum(axis=1)
    share = n_high / n
    observed = (d_high - d * share).sum()
    variance = (d * share * (1 - share) * (n - d) / np.maximum(n - 1, 1)).sum()
    return float(chdtrc(1, observed**2 / variance)) if variance > 0 else 1.0, observed < 0
