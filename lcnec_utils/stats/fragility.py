"""The fewest patients whose change of status, or removal, turns an answer: exactly for shares, greedily for hazards.

A finding carries what it rests on: `TwoShares` or `TwoGroups`; of a single share its own count and n are enough. What
an answer is, a function says that takes the findings and gives a word; this module knows no claim.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator

import numpy as np

from lcnec_utils.core.errors import UserError
from lcnec_utils.core.findings import Z90, Z95, Finding

MOST_STATUS, MOST_REMOVED, MOST_STEPS = 60, 10, 40  # patients up to which one looks: see `Fewest.exact`
STATUS, REMOVAL = "status", "removal"
Decide = Callable[[list[Finding]], str | None]


@dataclasses.dataclass(frozen=True)
class TwoShares:
    """k_1 of n_1 and k_2 of n_2: the patients behind a difference of two shares."""

    k_1: int
    n_1: int
    k_2: int
    n_2: int


@dataclasses.dataclass(frozen=True, eq=False)
class TwoGroups:
    """The patients behind a hazard ratio of two groups without covariates: identifiers, months, whether each had the
    event, and whether each is in the second group, which is held against the first. survival: the finding is on the
    scale of survival, the reciprocal."""

    patients: np.ndarray
    months: np.ndarray
    event: np.ndarray
    second: np.ndarray
    survival: bool = False


@dataclasses.dataclass(frozen=True)
class Fewest:
    """How few patients turn an answer: patients (None: none were found within the numbers looked at), by what (`status`
    or `removal`), into which answer. exact: no fewer do it; else the number is an upper bound, and of none nothing is
    proven. looked: up to how many patients one looked."""

    patients: int | None
    by: str = ""
    into: str = ""
    exact: bool = True
    looked: int = 0


# ---- the published index


def fragility_index(k_1: int, n_1: int, k_2: int, n_2: int, *, alpha: float = 0.05) -> int | None:
    """The fragility index of two shares: how many patients of the group with fewer events must have one after all for
    Fisher's exact p to reach alpha; 0 where it does as it stands, None where no number of them is enough.

    Raises UserError for counts that cannot be. Source: M. Walsh et al., J. Clin. Epidemiol. 2014;67:622.

    >>> fragility_index(1, 100, 9, 100)
    1
    """
    from scipy.stats import fisher_exact

    for k, n in ((k_1, n_1), (k_2, n_2)):
        if not 0 <= k <= n:
            raise UserError(f"{k} of {n} patients with the event: the count must lie between 0 and {n}")
    few, many = sorted([(k_1, n_1), (k_2, n_2)])
    for more in range(few[1] - few[0] + 1):
        k = few[0] + more
        if fisher_exact([[k, few[1] - k], [many[0], many[1] - many[0]]]).pvalue >= alpha:
            return more
    return None


# ---- shares, exactly


def _wilson(k: int, n: int, z: float) -> tuple[float, float]:
    # by hand, for thousands of tables are gone through: statsmodels takes a tenth of a millisecond for each
    share = k / n
    centre, half = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    return max(0.0, (centre - half) / (1 + z * z / n)), min(1.0, (centre + half) / (1 + z * z / n))


def share(k: int, n: int) -> Finding:
    """k of n as a finding in percent with Wilson's 95% limits.

    >>> [round(x, 1) for x in (share(25, 85).value, share(25, 85).lower, share(25, 85).upper)]
    [29.4, 20.8, 39.8]
    """
    lower, upper = _wilson(k, n, Z95)
    return Finding(100 * k / n, 100 * lower, 100 * upper, n=n, events=k, scale="difference")


def difference(table: TwoShares) -> Finding:
    """The first share less the second as a finding in fractions, with Newcombe's 95% and 90% limits.

    >>> finding = difference(TwoShares(56, 70, 48, 80))
    >>> round(finding.lower, 4), round(finding.upper, 4)
    (0.0524, 0.3339)
    """
    one, other = table.k_1 / table.n_1, table.k_2 / table.n_2
    limits = {}
    for name, z in (("", Z95), ("_90", Z90)):
        (low_1, high_1), (low_2, high_2) = _wilson(table.k_1, table.n_1, z), _wilson(table.k_2, table.n_2, z)
        limits[f"lower{name}"] = one - other - math.hypot(one - low_1, high_2 - other)
        limits[f"upper{name}"] = one - other + math.hypot(high_1 - one, other - low_2)
    size, smallest = table.n_1 + table.n_2, min(table.n_1, table.n_2)
    return Finding(one - other, **limits, n=size, scale="difference", smallest=smallest)


def _shares_within(counts: tuple[int, ...], edits: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every table that so many changes of status, or removals, make of groups' (k, n, k, n, …), with what made it.

    In a group all changes go one way: two that go opposite ways leave the count as it is.
    """
    groups = list(zip(counts[::2], counts[1::2], strict=True))

    def split(total: int, parts: int) -> Iterator[tuple[int, ...]]:
        if parts == 1:
            yield (total,)
            return
        for first in range(total + 1):
            yield from ((first, *rest) for rest in split(total - first, parts - 1))

    for moved in split(edits, len(groups)):
        for signs in np.ndindex(*[2 if number else 1 for number in moved]):
            changed = [k + (number if up else -number) for (k, _), number, up in zip(groups, moved, signs, strict=True)]
            if all(0 <= k <= n for k, (_, n) in zip(changed, groups, strict=True)):
                yield STATUS, tuple(x for k, (_, n) in zip(changed, groups, strict=True) for x in (k, n))
    if edits > MOST_REMOVED:
        return
    for removed in split(edits, 2 * len(groups)):
        left = [
            (k - events, n - events - others)
            for (k, n), events, others in zip(groups, removed[::2], removed[1::2], strict=True)
        ]
        if all(n > 0 and 0 <= k <= n for k, n in left):
            yield REMOVAL, tuple(x for pair in left for x in pair)


def _of_counts(counts: tuple[int, ...], decide: Decide) -> Fewest:
    def finding(table: tuple[int, ...]) -> Finding:
        return share(*table) if len(table) == 2 else difference(TwoShares(*table))

    now = decide([finding(counts)])
    most = min(MOST_STATUS, sum(counts[1::2]))
    for edits in range(1, most + 1):
        for by, table in _shares_within(counts, edits):
            into = decide([finding(table)])
            if into is not None and into != now:
                # so many removals were not gone through, which may turn it too
                return Fewest(edits, by, into, edits <= MOST_REMOVED + 1, edits)
    return Fewest(None, exact=False, looked=most)


# ---- hazard ratios, greedily


class _Pair:
    """A hazard ratio of two groups that is fitted again after each edit: Cox's model with Efron's ties."""

    def __init__(self, table: TwoGroups):
        self.months = np.asarray(table.months, float)
        self.event = np.asarray(table.event, bool).copy()
        self.second = np.asarray(table.second, bool)
        self.survival = table.survival
        self.here = np.ones(len(self.months), bool)
        self.names = list(table.patients)
        self.row = {patient: place for place, patient in enumerate(self.names)}
        self.beta = 0.0
        self.fit()

    def fit(self) -> bool:
        """Estimate coefficient and information; whether there is an estimate."""
        here, event = self.here, self.event & self.here
        self.times, which, ties = np.unique(self.months[event], return_inverse=True, return_counts=True)
        self.known = False
        if not len(self.times) or self.second[event].all() or not self.second[event].any():
            return False
        at_risk = [self._still(here & (self.second == side)) for side in (False, True)]
        dying = [np.bincount(which[self.second[event] == side], minlength=len(ties)) for side in (False, True)]
        order = np.repeat(np.arange(len(ties)), ties)
        part = (np.arange(len(order)) - (np.cumsum(ties) - ties)[order]) / ties[order]
        first, second = ((at_risk[side] - 0.0)[order] - part * dying[side][order] for side in (0, 1))
        beta = self.beta if abs(self.beta) < 5 else 0.0
        for _ in range(50):
            weight = second * math.exp(beta)
            mean = weight / (first + weight)
            score, information = dying[1].sum() - mean.sum(), (mean * (1 - mean)).sum()
            if information <= 0:
                return False
            step = max(-1.0, min(1.0, score / information))
            beta += step
            if abs(step) < 1e-10:
                break
        self.beta, self.information, self.ties = beta, information, ties
        self.mean = np.bincount(order, mean) / ties
        # what a patient at risk in a set adds to the hazard, for score residuals
        self.hazard = np.bincount(order, 1 / (first + weight))
        self.known = abs(beta) < 7
        return self.known

    def _still(self, rows: np.ndarray) -> np.ndarray:
        months = np.sort(self.months[rows])
        return len(months) - np.searchsorted(months, self.times, side="left")

    def finding(self) -> Finding:
        """The hazard ratio as a finding; without a value where there is none."""
        if not self.known:
            return Finding(None, note="the estimate does not exist")
        centre, se = (-self.beta if self.survival else self.beta), 1 / math.sqrt(self.information)
        limits = {"lower": -Z95, "upper": Z95, "lower_90": -Z90, "upper_90": Z90}
        return Finding(
            math.exp(centre), scale="ratio", n=int(self.here.sum()), events=int((self.event & self.here).sum()),
            **{name: math.exp(centre + z * se) for name, z in limits.items()},
        )  # fmt: skip

    def influence(self) -> dict[str, np.ndarray]:
        """By how much each edit of each patient moves the score, to first order: removal, and the other status."""
        place = np.searchsorted(self.times, self.months, side="right")  # sets in which a patient is at risk
        mean = np.concatenate([[self.mean[0]], self.mean])[place]
        own = self.second - mean
        so_far = [np.concatenate([[0.0], np.cumsum(each)])[place] for each in (self.hazard, self.hazard * self.mean)]
        weight = np.where(self.second, math.exp(self.beta), 1.0)
        residual = self.event * own - weight * (self.second * so_far[0] - so_far[1])
        edits = {STATUS: np.where(self.event, -own, own), REMOVAL: -residual}
        return {by: np.where(self.here, moves, 0.0) for by, moves in edits.items()}

    def edit(self, patient, by: str) -> None:
        """Give a patient the other status, or remove them; doing so twice undoes it."""
        if patient in self.row:
            values = self.event if by == STATUS else self.here
            values[self.row[patient]] ^= True


def _step(pairs: list[_Pair], target: _Pair, by: str, up: bool, edited: set) -> bool:
    """Edit the patient whose influence moves the target's coefficient most in one direction; whether there was one."""
    if not target.known:
        return False
    moves = target.influence()[by] * (1 if up else -1)
    moves[[target.row[patient] for patient in edited if patient in target.row]] = 0.0
    place = int(np.argmax(moves))
    if moves[place] <= 0:
        return False
    chosen = target.names[place]
    edited.add(chosen)
    for pair in pairs:
        if chosen in pair.row:
            pair.edit(chosen, by)
            pair.fit()
    return True


def _of_groups(tables: list[TwoGroups], decide: Decide) -> Fewest:
    now, fewest = decide([_Pair(table).finding() for table in tables]), Fewest(None, exact=False, looked=MOST_STEPS)
    most = MOST_STEPS
    for which in range(len(tables)):
        for by in (STATUS, REMOVAL):
            for up in (False, True):
                pairs, edited = [_Pair(table) for table in tables], set()
                # a tie goes to the change of status, which is tried first
                while len(edited) < most and _step(pairs, pairs[which], by, up, edited):
                    into = decide([pair.finding() for pair in pairs])
                    if into is not None and into != now:
                        # that one patient does it is proven by doing it, and none never does
                        fewest = Fewest(len(edited), by, into, len(edited) == 1, MOST_STEPS)
                        most = len(edited) - 1
                        break
    return fewest


# ---- any findings


def fewest(findings: list[Finding], decide: Decide) -> Fewest | None:
    """The fewest patients whose change of status, or removal, turns what `decide` says of these findings; None where
    they do not say what they rest on.

    decide: the answer of findings as a word, None where they have none (which is no turn). One share, or one
    difference of shares, is gone through table by table: the number is exact, up to MOST_REMOVED patients also over
    their removal. Hazard ratios are edited greedily, the patient of the largest influence first, and fitted again
    after each: an upper bound. Several of them may share patients; an edit is then one of all.

    >>> def significant(findings):
    ...     return "yes" if findings[0].lower > 0 else "no"
    >>> table = TwoShares(9, 50, 2, 50)
    >>> fewest([dataclasses.replace(difference(table), rests_on=table)], significant)
    Fewest(patients=1, by='status', into='no', exact=True, looked=1)
    """
    if not findings or any(finding.value is None for finding in findings):
        return None
    tables = [finding.rests_on for finding in findings]
    if all(isinstance(table, TwoGroups) for table in tables):
        return _of_groups(tables, decide)
    if len(findings) > 1:
        return None
    [finding], [table] = findings, tables
    if isinstance(table, TwoShares):
        return _of_counts(dataclasses.astuple(table), decide)
    if finding.n and finding.events is not None and math.isclose(finding.value, 100 * finding.events / finding.n):
        return _of_counts((finding.events, finding.n), decide)
    return None
