"""Findings: recomputed values with their limits, and the ways to make one from what a statistic returns."""

import dataclasses
import math
from typing import Literal

Z95, Z90 = 1.959963984540054, 1.6448536269514722


@dataclasses.dataclass(frozen=True)
class Finding:
    """A recomputed value on a claim's own scale: with its 95% limits, p, patients and events where it has them.

    lower_90, upper_90: 90% limits, which the rule for "no difference" reads. origin: on simulated patients what the
    value is evidence of (calibrated, planted, parameter, by construction, assumed, emergent); on real ones `real` or
    `circular`, whatever is given.
    reading: where a value is read from a published curve, the least and the most that it may have been there.
    scale: whether no effect is 1 or 0; the claim's measure decides where it is not given. smallest: patients in the
    smaller of two groups compared, where the value is a comparison of two. rests_on: the patients behind it, for the
    fewest who turn its verdict (stats/fragility.py); no part of a record.
    """

    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    lower_90: float | None = None
    upper_90: float | None = None
    p: float | None = None
    n: int | None = None
    events: int | None = None
    note: str = ""
    origin: str = ""
    scale: Literal["ratio", "difference", ""] = ""
    smallest: int | None = None
    reading: tuple[float, float] | None = None
    rests_on: object = dataclasses.field(default=None, compare=False, repr=False)

    def of_enough(self, least: int) -> "Finding":
        """The finding, or one that says why it is none: a value with limits or events that rests on fewer patients."""
        size = self.smallest
        if size is None and (self.lower is not None or self.events is not None):
            size = self.n
        if self.value is None or size is None or size >= least:
            return self
        return Finding(None, n=self.n, note=f"it rests on a group of {size}, and fewer than {least} answer nothing")


def of_hazard(row, survival: bool = False) -> Finding:
    """A Cox model's row (coefficient, se, p, n, events, note) as a finding on the hazard ratio's scale.

    survival: on the scale of survival instead (the reciprocal), where a claim speaks of longer or shorter survival.
    """
    if row.coefficient is None or math.isnan(row.coefficient):
        return Finding(None, note=row.note)
    sign = -1 if survival else 1
    centre, se = sign * row.coefficient, row.se
    limits = {"lower": -Z95, "upper": Z95, "lower_90": -Z90, "upper_90": Z90}
    return Finding(
        math.exp(centre),
        scale="ratio",
        **{name: math.exp(centre + z * se) for name, z in limits.items()},
        p=row.p,
        n=int(row.n),
        events=int(row.events),
    )


def of_share(k: int, n: int, lower: float, upper: float) -> Finding:
    """A share with its interval (fractions) as a finding in percent."""
    if not n:
        return Finding(None, note="nobody to count")
    return Finding(100 * k / n, 100 * lower, 100 * upper, n=n, events=k, scale="difference")


def of_difference(value: float, se: float, p: float, n: int) -> Finding:
    """A difference with its standard error as a finding."""
    if se is None or math.isnan(value) or math.isnan(se):
        return Finding(None, note="the difference does not exist")
    return Finding(
        value, value - Z95 * se, value + Z95 * se, value - Z90 * se, value + Z90 * se, p=p, n=n, scale="difference"
    )


def of_count(n: int) -> Finding:
    """A number of patients as a finding; it has no interval."""
    return Finding(float(n), n=int(n))


def of_parameter(value: float) -> Finding:
    """A parameter of the run as a finding: on twins its default was taken from the print."""
    return Finding(float(value), origin="parameter")


def of_median(row) -> Finding:
    """A row of survival.medians as a finding in months; a limit that is not reached is none."""
    if math.isnan(row.median):
        return Finding(None, n=row.n, events=row.events, note="the median is not reached")
    lower, upper = (None if math.isnan(limit) else limit for limit in (row.lower, row.upper))
    return Finding(row.median, lower, upper, n=row.n, events=row.events)
