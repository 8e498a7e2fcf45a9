"""Months and weeks as days."""

from lcnec_utils.core import units


def test_a_month_is_one_twelfth_of_a_julian_year_wherever_it_is_counted():
    """400 years of the Gregorian calendar have 97 leap days, of the Julian 100: 365.25 days a year."""
    assert units.DAYS_PER_MONTH * 12 == 365.25


def test_months_and_weeks_end_on_whole_days():
    assert [units.days_of_months(months) for months in (0, 1, 2, 6, 12, 48)] == [0, 30, 61, 183, 365, 1461]
    assert [units.days_of_weeks(weeks) for weeks in (4, 6, 8, 12)] == [28, 42, 56, 84]
