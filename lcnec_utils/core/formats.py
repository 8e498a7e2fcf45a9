"""One formatter per statistic, so that text, table and plot print the same figure. Rounds half up."""

import math
from decimal import ROUND_HALF_UP, Decimal

NOT_REACHED = "NR"
NOT_ESTIMABLE = "not estimable"
SIGNIFICANT_DIGITS = 8  # of a float in a file, which is where processors begin to differ


def number(value: float, digits: int = 1) -> str:
    """A number with a fixed count of decimals, rounded half up (Python itself rounds half to even)."""
    if value is None or math.isnan(value):
        return NOT_ESTIMABLE
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    # repr first: 0.285 is stored as 0.28499…, and a reader rounds what is printed, not what is stored
    step = Decimal(1).scaleb(-digits)
    rounded = Decimal(repr(float(value))).quantize(step, rounding=ROUND_HALF_UP)
    return str(abs(rounded) if rounded == 0 else rounded).replace("-", "−")


def p_value(p: float) -> str:
    """A p value as journals print it: `p = 0.21`, `p = 0.003`, `p < 0.0001`, and never `p = 0` or `p = 1`.

    Two decimals; below 0.01 the first significant figure, down to four decimals. One that would print as 0.05 has a
    third decimal, or as many as show on which side of 0.05 it lies. Source: AMA Manual of Style, 11th ed., on P values,
    whose lower limit is 0.001; ours is 0.0001, which the main source prints.

    >>> [p_value(p).removeprefix("p ") for p in (0.2149, 0.0487, 0.0148, 0.00235, 0.0008, 0.00004)]
    ['= 0.21', '= 0.049', '= 0.01', '= 0.002', '= 0.0008', '< 0.0001']
    """
    if p is None or math.isnan(p):
        return f"p {NOT_ESTIMABLE}"
    if p < 1e-4:
        return "p < 0.0001"
    if p >= 0.995:
        return "p > 0.99"
    digits = next((digits for digits in (2, 3) if float(number(p, digits + 1)) >= 10**-digits), 4)
    while float(number(p, digits)) == 0.05 != p:
        digits += 1
    return f"p = {number(p, digits)}"


def months(value: float, digits: int = 1) -> str:
    """A time in months; a median that the curve never reaches is NR."""
    return NOT_REACHED if value is None or math.isnan(value) else number(value, digits)


def median_months(median: float, lower: float, upper: float, digits: int = 1) -> str:
    """A median survival with its 95% limits, in months: `11.5 (8.1–NR)`."""
    return f"{months(median, digits)} ({months(lower, digits)}–{months(upper, digits)})"


def hazard_ratio(hr: float, lower: float, upper: float) -> str:
    """A hazard ratio with its 95% interval: `1.43 (1.04–1.99)`."""
    if hr is None or math.isnan(hr):
        return NOT_ESTIMABLE
    return f"{number(hr, 2)} ({number(lower, 2)}–{number(upper, 2)})"


def share(k: int, n: int, digits: int = 0) -> str:
    """A count and its share: `25/85 (29%)`; an empty denominator is said, not divided by."""
    return f"{k}/{n} ({number(100 * k / n, digits)}%)" if n else f"{k}/{n}"


def count(n: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun: `1 patient`, `82 patients`."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def listed(names: list[str]) -> str:
    """Names in a sentence: `a`, `a and b`, `a, b and c`."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def as_sentence(text: str, names: set[str] = frozenset()) -> str:
    """A reason or note as a whole sentence: with a full stop, and a capital unless it begins with the name of a file or
    column, or with one of these names."""
    first = text.split(" ")[0]
    plain = first.isalpha() and first not in names
    return (text[:1].upper() + text[1:] if plain else text).rstrip(".") + "."
