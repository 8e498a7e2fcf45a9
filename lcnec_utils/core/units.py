"""Months and weeks as days: one constant for the whole house."""

import math

DAYS_PER_MONTH = 30.4375  # of the Julian calendar: 365.25 / 12
DAYS_PER_WEEK = 7


def days_of_months(months: float) -> int:
    """The day, counted from time zero, on which so many months are over: whole days, half a day up.

    >>> days_of_months(6), days_of_months(1), days_of_months(12)
    (183, 30, 365)
    """
    return math.floor(months * DAYS_PER_MONTH + 0.5)


def days_of_weeks(weeks: float) -> int:
    """The day, counted from time zero, on which so many weeks are over.

    >>> days_of_weeks(6), days_of_weeks(12)
    (42, 84)
    """
    return math.floor(weeks * DAYS_PER_WEEK + 0.5)
