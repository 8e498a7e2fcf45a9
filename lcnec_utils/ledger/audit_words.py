"""Rules of the audit on words (alike, higher, third, in accordance with, since) against the figures they speak of."""

import itertools
from datetime import date

from scipy import stats

from lcnec_utils.core import formats
from lcnec_utils.ledger.claims import RATIOS, Claim, word_number
from lcnec_utils.ledger.printed import (
    SIGNIFICANT,
    Book,
    Found,
    count_of,
    decimal,
    denominator,
    families,
    flagged,
    p_text,
    share_counts,
)  # fmt: skip

FIGURES = ("percent", "median", "mean")
RARE = 0.001  # the chance below which a count is remarked on


def _figure_of(figures: dict[tuple[str, str], list[Claim]], claim: Claim, group: str) -> Claim | None:
    """The one figure that the panel of a claim prints for a group, in the claim's unit; None for none or several."""
    of_group = figures.get((claim.panel, group), [])
    fitting = [each for each in of_group if not claim.unit or claim.unit == each.unit]
    return fitting[0] if len(fitting) == 1 else None


def direction_and_figures(book: Book) -> Found:
    """A group called higher or lower prints the higher or lower figure, and its counts tell it from chance."""
    figures: dict[tuple[str, str], list[Claim]] = {}
    for claim in book.claims:
        printed = claim.measure in FIGURES and decimal(claim.value) is not None
        if claim.kind == "number" and len(claim.groups) == 1 and printed:
            figures.setdefault((claim.panel, claim.groups[0]), []).append(claim)
    for claim in book.claims:
        # A hazard is higher where survival is shorter: a ratio's direction says nothing of the order of medians
        if claim.kind not in ("effect", "direction") or claim.measure in RATIOS or len(claim.groups) != 2:
            continue
        pair = [_figure_of(figures, claim, group) for group in claim.groups]
        if None in pair or pair[0].unit != pair[1].unit:
            continue
        one, two = (decimal(each.value) for each in pair)
        word = "higher" if claim.direction == "greater" else "lower"
        if (one - two) * (1 if claim.direction == "greater" else -1) <= 0:
            yield "inconsistent", [claim, *pair], f"called {word}: {one} against {two}", f"{one} and {two} exchanged"
        counts = [share_counts(book, each) for each in pair]
        if None in counts or claim.p or {"paired", "trend"} & set(claim.flags):
            continue
        p = stats.fisher_exact([[k, n - k] for k, n in counts]).pvalue
        if p >= SIGNIFICANT:
            told = " against ".join(f"{k}/{n}" for k, n in counts)
            yield "note", [claim, *pair], f"called {word} by {told}: Fisher {p_text(p)}, and no test is printed", ""


def _apart(claim: Claim, figures: list[Claim]) -> str:
    """By how much figures called alike differ, where that exceeds the claim's margin; empty where it does not."""
    values = [float(decimal(figure.value)) for figure in figures if decimal(figure.value) is not None]
    if len(values) < 2:
        return ""
    shown = ", ".join(f"{figure.value} ({figure.groups[0]})" for figure in figures)
    if figures[0].measure == "percent":
        apart, margin = (max(values) - min(values)) / 100, float(claim.margin)
        words = f"{formats.number(100 * apart, 0)} points apart, margin {formats.number(100 * margin, 0)}"
    else:
        apart, margin = max(values) / min(values) if min(values) > 0 else float("inf"), float(claim.margin)
        words = f"a ratio of {formats.number(apart, 2)}, margin {claim.margin}"
    return f"{shown}: {words}" if apart > margin else ""


def _smallest(book: Book, figures: list[Claim]) -> str:
    """The smallest group behind figures, in words; empty where no size is printed."""
    sizes = [denominator(book, figure) for figure in figures]
    return f"chance: the smallest group has {min(sizes)} patients" if None not in sizes else ""


def alike(book: Book) -> Found:
    """Groups called alike print figures within the margin, over every figure that the word ranges over."""
    for claim in book.claims:
        panels = (flagged(claim, "over") or "").split("|")
        if claim.kind != "null_effect" or not panels[0]:
            continue
        rows = [family for panel in panels for family in families(c for c in book.claims if c.panel == panel)]
        for family in rows if len(panels) == 1 else []:
            figures = [family[group] for group in claim.groups if group in family]
            said = _apart(claim, figures) if len(figures) == len(claim.groups) else ""
            if said:
                yield "note", [claim, *figures], f"called alike: {said}", _smallest(book, figures)
        for one, two in itertools.combinations(rows, 2) if len(panels) > 1 else []:
            for group in one.keys() & two.keys():
                pair = [one[group], two[group]]
                same = pair[0].panel != pair[1].panel and pair[0].measure == pair[1].measure == "median"
                said = _apart(claim, pair) if same else ""
                if said:
                    yield "note", [claim, *pair], f"called alike: {said}", _smallest(book, pair)


def ranks(book: Book) -> Found:
    """As many groups are put above a group as its rank among all allows: two above a third."""
    for claim in book.claims:
        rank = word_number(claim)
        if claim.measure != "rank" or not rank or not rank.isdigit():
            continue
        above = [
            each
            for each in book.claims
            if each.panel == claim.panel and each.kind == "direction" and each.direction == "greater"
            and each.groups[1:] == claim.groups[:1] and each.measure != "rank"
        ]  # fmt: skip
        if above and len(above) != int(rank) - 1:
            named = ", ".join(each.groups[0] for each in above)
            yield "inconsistent", [claim, *above], f"rank {rank}, and {len(above)} put above: {named}", ""


def sets_and_members(book: Book) -> Found:
    """What is said of a set of genes in one comparison is not denied of one of them."""
    whole = [(flagged(claim, "set"), claim) for claim in book.claims if flagged(claim, "set")]
    for name, claim in whole:
        for member in book.claims:
            compared = (member.panel, member.groups, member.measure) == (claim.panel, claim.groups, claim.measure)
            if flagged(member, "in") == name and compared and member.direction != claim.direction:
                said = (
                    f"{name}: '{claim.direction}', one of them: '{member.direction}' ({member.statement.rstrip('.')})"
                )
                yield "inconsistent", [claim, member], said, ""


def accordance(book: Book) -> Found:
    """A threshold said to accord with a trial is that trial's."""
    known = {(row["trial"], row["unit"]): row for row in book.rows("trial", "bound", "value", "unit", "reference")}
    for claim in book.claims:
        row = known.get((flagged(claim, "accords"), claim.unit))
        if row and claim.value and decimal(claim.value) != decimal(row["value"]):
            cut = f"whose cut is {row['bound']}{row['value']} ({row['reference']})"
            yield "inconsistent", [claim], f"{claim.value} {claim.unit} in accordance with {row['trial']}, {cut}", ""


def _end_of(book: Book, claim: Claim) -> str | None:
    """The end of the period in which a claim's patients came, of itself or of the group they are of."""
    until = flagged(claim, "until")
    same = (flagged(each, "until") for each in book.claims if claim.quantity and each.quantity == claim.quantity)
    until = until or next((end for end in same if end), None)
    return until or (_end_of(book, book.by_id[claim.of]) if claim.of else None)


def accrual(book: Book) -> Found:
    """Of patients counted from one date, as many began by a later date as an even accrual makes credible."""
    for claim in book.claims:
        whole = book.by_id.get(claim.of or "")
        dates = [flagged(each, "from") if each else None for each in (whole, claim)]
        end = None if None in dates else _end_of(book, claim)
        if end is None or None in (count_of(claim), count_of(whole)):
            continue
        first, second, last = (date.fromisoformat(text) for text in (*dates, end))
        n, early = int(count_of(whole)), int(count_of(whole)) - int(count_of(claim))
        share = (second - first).days / ((last - first).days + 1)
        p = min(stats.binom.sf(early - 1, n, share), stats.binom.cdf(early, n, share))
        if p < RARE:
            days = f"{(second - first).days} of {(last - first).days + 1} days"
            expected = f"an even accrual gives {formats.number(n * share, 1)}, this or more extreme with p = {p:.0e}"
            said = f"{early} of {n} began between {first} and {second}, {days}: {expected}"
            yield "note", [whole, claim], said, "an uneven accrual, or counts of two different sets"
