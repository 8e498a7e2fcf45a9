"""Printed figures as the rules of the audit read them, and a source as a book of claims.

A printed number is a text: `0.04` is anything from 0.035 to 0.045. Whatever a rule says of a print it says in words
that are made here, so that every rule writes a share, a p value and a limit alike.
"""

import math
from collections.abc import Iterable, Iterator
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

from lcnec_utils.core import formats
from lcnec_utils.ledger.claims import RATIOS, Claim, Relation, Source, table_rows, word_number

SIGNIFICANT = 0.05
FEW = 3
TRUTH = {"effect": "a difference", "direction": "a difference", "null_effect": "no difference"}


class Book:
    """A source as the rules read it: its claims by id and in order, and the folder of its tables."""

    def __init__(self, source: Source, folder: Path | None = None):
        self.source, self.claims, self.folder = source, source.claims, folder
        self.by_id = {claim.id: claim for claim in source.claims}
        self.order = {claim.id: place for place, claim in enumerate(source.claims)}
        self._tables = [table_rows(each, folder) for each in source.tables]

    def rows(self, *columns: str) -> list[dict[str, str]]:
        """The rows of those of the source's tables that have these columns."""
        return [row for rows in self._tables for row in rows if set(columns) <= set(row)]

    def tied(self, claims: list[Claim]) -> bool:
        """Whether a relation holds exactly these claims together, so that its own rule speaks of them."""
        ids = {claim.id for claim in claims}
        return bool(ids) and any(set(relation.members()) == ids for relation in self.source.relations)

    def relations(self, kind: str) -> Iterator[tuple[Relation, list[Claim]]]:
        """Relations of a kind, each with the claims it ties."""
        of_kind = (relation for relation in self.source.relations if relation.type == kind)
        return ((relation, [self.by_id[id] for id in relation.members()]) for relation in of_kind)


Found = Iterator[tuple[str, list[Claim], str, str]]  # severity, claims, arithmetic, what would reconcile


# --- printed numbers -------------------------------------------------------------------------------------------


def decimal(text: str | None) -> Decimal | None:
    """A printed number as it stands; None for NR and other words.

    >>> decimal("<0.05"), decimal("NR")
    (Decimal('0.05'), None)
    """
    try:
        return Decimal(text.lstrip("<>=≤≥ ")) if text else None
    except InvalidOperation:
        return None


def decimals(text: str) -> int:
    """Decimals of a printed number: 2 of `0.04`, 7 of `8.4e-6`."""
    return -decimal(text).as_tuple().exponent


def rounded_to(value: float | Decimal, places: int, rounding: str = ROUND_HALF_UP) -> Decimal:
    """A value at so many decimals.

    >>> rounded_to(0.125, 2)
    Decimal('0.13')
    """
    exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    return exact.quantize(Decimal(1).scaleb(-places), rounding=rounding)


def rounding_limits(text: str) -> tuple[float, float]:
    """What a printed number may have been before rounding: 0.035 to 0.045 of `0.04`; the bounds of `<0.05`.

    >>> rounding_limits("<0.05")
    (0.0, 0.05)
    """
    value, half = float(decimal(text)), 0.5 * 10.0 ** -decimals(text)
    if text[0] in "<≤":
        return 0.0, value
    if text[0] in ">≥":
        return value, math.inf
    return value - half, value + half


def agrees(value: float, text: str) -> bool:
    """Whether a computed value gives the print: rounded half up, or below the bound.

    >>> agrees(0.0487, "0.05"), agrees(0.0487, "0.04"), agrees(0.0487, "<0.05")
    (True, False, True)
    """
    low, high = rounding_limits(text)
    return low <= value <= high if text[0] in "<≤>≥" else rounded_to(value, decimals(text)) == decimal(text)


def percent_of(k: int, n: int) -> Decimal:
    """100 k/n, exact enough that a half is a half.

    >>> percent_of(1, 8)
    Decimal('12.5')
    """
    return Decimal(100) * k / n


def prints(k: int, n: int, text: str) -> str:
    """How k/n meets a printed percent: `rounded`, `cut off`, `one unit` away in the last digit, or empty.

    >>> prints(49, 134, "36.57"), prints(49, 134, "36.56"), prints(49, 134, "40")
    ('rounded', 'cut off', '')
    """
    places, printed = decimals(text), decimal(text)
    if rounded_to(percent_of(k, n), places) == printed:
        return "rounded"
    if rounded_to(percent_of(k, n), places, ROUND_DOWN) == printed:
        return "cut off"
    return "one unit" if abs(rounded_to(percent_of(k, n), places) - printed) == Decimal(1).scaleb(-places) else ""


def worked_out(k: int, n: int, text: str, more: int = 1) -> str:
    """A share written out: `168/217 = 77.4%`.

    >>> worked_out(168, 217, "81")
    '168/217 = 77.4%'
    """
    return f"{k}/{n} = {formats.number(float(percent_of(k, n)), decimals(text) + more)}%"


def count_of(claim: Claim) -> str | None:
    """The count a claim holds: the k of a share, the value of a count, or the count its words spell out."""
    if claim.k:
        return claim.k
    if claim.measure == "count" and claim.value:
        return claim.value
    if claim.measure != "percent" and (word_number(claim) or "").isdigit():
        return word_number(claim)
    spelled = "number_word" in claim.flags and claim.counts and len(claim.counts) == 1
    return claim.counts[0][0] if spelled else None


def number_of(claim: Claim) -> str | None:
    """The number a claim prints: its value, else its count, else its words."""
    return claim.value or count_of(claim) or word_number(claim)


def comparable(claims: list[Claim], percent: bool = False) -> list[str | None]:
    """The claims' numbers on one scale: counts where every claim holds one, else the printed values."""
    counts = [count_of(claim) for claim in claims]
    return [number_of(claim) for claim in claims] if percent or None in counts else counts


def denominator(book: Book, claim: Claim) -> int | None:
    """The denominator of a share: the count of the claim named by `of`, else the only n."""
    if claim.of:
        count = count_of(book.by_id[claim.of])
        return int(count) if count and count.isdigit() else None
    return int(claim.n[0]) if len(claim.n) == 1 else None


def flagged(claim: Claim, name: str) -> str | None:
    """What a claim's flag of this name says: `2019-01-01` of `from:2019-01-01`; None without such a flag."""
    return next((flag.partition(":")[2] for flag in claim.flags if flag.startswith(f"{name}:")), None)


def share_counts(book: Book, claim: Claim) -> tuple[int, int] | None:
    """k and n of a share whose count is printed, in digits or as none; None for any other claim and for k above n."""
    k = claim.k or (word_number(claim) if word_number(claim) == "0" else None)
    n = denominator(book, claim)
    return (int(k), n) if claim.measure == "percent" and k and n and int(k) <= n else None


def families(claims: Iterable[Claim]) -> Iterator[dict[str, Claim]]:
    """Figures that a text prints in a row, of one measure for each of several groups, by group.

    A figure for a group that the row already has, or of another measure, begins the next row.
    """
    row: dict[str, Claim] = {}
    for claim in claims:
        if len(claim.groups) != 1 or claim.kind != "number":
            continue
        if claim.groups[0] in row or any(each.measure != claim.measure for each in row.values()):
            yield row
            row = {}
        row[claim.groups[0]] = claim
    if row:
        yield row


def nearest(candidates: Iterable[int], to: int) -> list[int]:
    """The few candidates nearest to a number, the nearest first.

    >>> nearest([200, 207, 208, 230, 217], to=210)
    [208, 207, 217]
    """
    return sorted(candidates, key=lambda n: (abs(n - to), n))[:FEW]


def p_text(value: float) -> str:
    """A computed p in words that stand behind a test's name.

    >>> p_text(0.0487), p_text(1e-9)
    ('0.049', '< 0.0001')
    """
    return formats.p_value(value).removeprefix("p = ").removeprefix("p ")


def mangled(p: str) -> bool:
    """Whether a printed p is a row of digits with leading zeros and no point.

    >>> mangled("000013"), mangled("0.00002")
    (True, False)
    """
    return p.isdigit() and len(p) > 1 and p.startswith("0")


def is_ratio(claim: Claim) -> bool:
    """Whether a claim is a ratio with two numeric limits above 0."""
    numbers = [decimal(text) for text in claim.interval or []]
    return claim.measure in RATIOS and len(numbers) == 2 and None not in numbers and min(numbers) > 0
