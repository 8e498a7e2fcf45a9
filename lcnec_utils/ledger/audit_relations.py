"""Rules of the audit on prints of one thing, on the relations written down with the claims, and on single figures."""

import ast
import itertools
import operator
import re
from decimal import Decimal

from lcnec_utils.core import formats
from lcnec_utils.ledger.claims import Claim, Relation
from lcnec_utils.ledger.printed import (
    TRUTH,
    Book,
    Found,
    agrees,
    comparable,
    count_of,
    decimal,
    decimals,
    denominator,
    flagged,
    mangled,
    number_of,
    rounded_to,
    rounding_limits,
)  # fmt: skip

# Words by which a relation's note says that it holds under an assumption only
ASSUMING = ("rough", "proportional hazards", "tried against", "would be expected", " if ", " may ")


def _severity(relation: Relation, otherwise: str = "inconsistent") -> str:
    """`note` for a relation that holds under an assumption only."""
    return "note" if any(word in f" {relation.note}" for word in ASSUMING) else otherwise


def _because(said: str, relation: Relation) -> str:
    return f"{said} ({relation.note})" if relation.note and said not in relation.note else said


def sums(book: Book) -> Found:
    """Parts add up to their whole: counts exactly, percents within their rounding."""
    for relation, claims in book.relations("sum"):
        percent = "percent" in relation.note
        texts = comparable(claims, percent)
        *texts, total = texts if relation.whole in book.by_id else [*texts, str(relation.whole)]
        if None in (*texts, total):
            continue
        shares = percent or all(claim.measure == "percent" and not claim.k for claim in claims)
        slack = sum(Decimal(5).scaleb(-decimals(text) - 1) for text in texts) if shares else 0
        got, asked = sum(map(decimal, texts)), decimal(total)
        if abs(got - asked) > slack:
            more = f"{got - asked} too many: counted twice, or not of this whole"
            way = more if got > asked else f"{asked - got} of the whole in none of the parts"
            said = f"{' + '.join(texts)} = {got}, whole printed {total}"
            yield _severity(relation), claims, _because(said, relation), way


def _same_number(one: str, two: str) -> bool:
    """Whether two prints are one number at the coarser precision; `>25` is a bound in words."""
    if ">" in (one[0], two[0]):
        bounds = sorted((one, two), key=lambda text: text[0] != ">")
        return bounds[1][0] == ">" or decimal(bounds[1]) > decimal(bounds[0])
    places = min(decimals(one), decimals(two))
    return rounded_to(decimal(one), places) == rounded_to(decimal(two), places)


def _scaled(one: Claim, two: Claim) -> list[str | None]:
    """Two claims' numbers on one scale: 5 percent and 0.05 are one cut; a cut on a nameless scale is not compared."""
    numbers = comparable([one, two])
    if one.measure != "threshold" or one.unit == two.unit or "" not in (one.unit, two.unit) or None in numbers:
        return numbers
    if "percent" not in (one.unit, two.unit):
        return [None, None]
    return [str(decimal(n) / 100) if c.unit else n for n, c in zip(numbers, (one, two), strict=True)]


def _disagree(one: Claim, two: Claim) -> str:
    """In what two prints of one thing disagree, with the figures; empty where they agree."""
    numbers = _scaled(one, two)
    if None not in numbers and not _same_number(*numbers):
        return f"{numbers[0]} against {numbers[1]}"
    words = [flagged(each, "says") or number for each, number in zip((one, two), numbers, strict=True)]
    if None in numbers and None not in words and words[0] != words[1]:
        return f"{words[0]} against {words[1]}"
    for name in ("range", "interval"):
        pairs = [getattr(one, name), getattr(two, name)]
        if all(pairs) and not all(a == b or _same_number(a, b) for a, b in zip(*pairs, strict=True)):
            return " against ".join("–".join(pair) for pair in pairs)
    if one.kind in TRUTH and two.kind in TRUTH and one.direction != two.direction:
        words = [f"'{c.direction}'" if c.direction != "none" else "no difference" for c in (one, two)]
        return f"{words[0]} against {words[1]}" + (f" at p {one.p or two.p}" if one.p or two.p else "")
    compared = [each.groups for each in (one, two)]
    if len(compared[0]) == len(compared[1]) == 2 and set(compared[0]) != set(compared[1]):
        return " against ".join(f"{groups[0]} with {groups[1]}" for groups in compared)
    if (
        one.p
        and two.p
        and (
            rounding_limits(one.p)[1] < rounding_limits(two.p)[0]
            or rounding_limits(two.p)[1] < rounding_limits(one.p)[0]
        )
    ):
        return f"p {one.p} against p {two.p}"
    return ""


def _disagreeing(claims: list[Claim]) -> list[tuple[Claim, Claim, str]]:
    pairs = ((a, b, _disagree(a, b)) for a, b in itertools.combinations(claims, 2))
    return [pair for pair in pairs if pair[2]]


def same(book: Book) -> Found:
    """Prints of one thing are equal, at the coarser precision where they differ in it."""
    for relation, claims in book.relations("same"):
        apart = list(dict.fromkeys(words for *_, words in _disagreeing(claims)))
        if apart:
            yield _severity(relation), claims, _because("; ".join(apart), relation), ""


def quantity(book: Book) -> Found:
    """Prints that share a quantity are equal, where no relation has said it of them already."""
    tied = [set(relation.members()) for kind in ("same", "conflict") for relation, _ in book.relations(kind)]
    for key in dict.fromkeys(claim.quantity for claim in book.claims if claim.quantity):
        apart = _disagreeing([claim for claim in book.claims if claim.quantity == key])
        new = [(a, b, words) for a, b, words in apart if not any({a.id, b.id} <= ids for ids in tied)]
        if new:
            claims = {claim.id: claim for pair in new for claim in pair[:2]}
            said = "; ".join(dict.fromkeys(words for *_, words in new))
            yield "inconsistent", list(claims.values()), f"{key}: {said}", ""


def at_most(book: Book) -> Found:
    """A part does not exceed its whole, nor progression-free survival overall survival."""
    for relation, claims in book.relations("at_most"):
        part, whole = book.by_id[relation.part], book.by_id.get(relation.whole)
        texts = comparable([part, whole]) if whole else [number_of(part), str(relation.whole)]
        if None in texts or decimal(texts[0]) <= decimal(texts[1]):
            continue
        # A percent above another percent contradicts words; a count above its whole cannot be
        shares = all(claim.measure == "percent" and not claim.k for claim in claims)
        severity = _severity(relation, "inconsistent" if shares else "impossible")
        yield severity, claims, _because(f"{texts[0]} exceeds {texts[1]}", relation), ""


def order(book: Book) -> Found:
    """Figures fall in the order their text gives, from the largest."""
    for relation, claims in book.relations("order"):
        texts = comparable(claims)
        if None not in texts and any(decimal(a) < decimal(b) for a, b in itertools.pairwise(texts)):
            yield _severity(relation), claims, _because(f"{', '.join(texts)} do not fall", relation), ""


def conflict(book: Book) -> Found:
    """Statements that cannot both hold, as read and written down with the claims."""
    for relation, claims in book.relations("conflict"):
        shown = [(claim.measure.replace("_", " "), number_of(claim), claim.p and f"p {claim.p}") for claim in claims]
        figures = [f"{name} {', '.join(filter(None, said))}" for name, *said in shown if any(said)]
        yield _severity(relation), claims, "; ".join([relation.note, *figures]), ""


OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
}


def evaluate(formula: str, terms: dict[str, float]) -> float:
    """The value of a formula of + - * / ** and parentheses over named terms; ValueError for anything else."""

    def value(node: ast.AST) -> float:
        match node:
            case ast.Expression(body=body):
                return value(body)
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return number
            case ast.Name(id=name) if name in terms:
                return terms[name]
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
                return OPERATORS[type(op)](value(left), value(right))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -value(operand)
        raise ValueError(f"formula '{formula}' holds more than + - * / ** ( ) and its terms")

    return float(value(ast.parse(formula, mode="eval")))


def derived(book: Book) -> Found:
    """A figure is what the printed figures behind it give, over all their roundings."""
    for relation, claims in book.relations("derived"):
        target = book.by_id.get(relation.equals)
        # A share of its own denominator is met by `share` or `grim`
        if target and target.unit == "percent" and [target.of] == list(relation.terms.values()):
            continue
        terms = {name: book.by_id[id] for name, id in relation.terms.items()}
        texts = {name: number_of(claim) for name, claim in terms.items()}
        asked = number_of(target) if target else str(relation.equals)
        if None in (*texts.values(), asked):
            continue
        exact = {name: float(decimal(text)) for name, text in texts.items()}
        counted = [name for name, claim in terms.items() if claim.measure in ("count", "threshold")]
        reach = [[exact[name]] if name in counted else rounding_limits(text) for name, text in texts.items()]
        values = [
            evaluate(relation.formula, dict(zip(terms, corner, strict=True))) for corner in itertools.product(*reach)
        ]
        got, (low, high) = evaluate(relation.formula, exact), rounding_limits(asked)
        if agrees(got, asked) or (min(values) < high and max(values) >= low):
            continue
        written = "".join(texts.get(part, part) for part in re.split(r"(\b[A-Za-z_]\w*)", relation.formula))
        said = f"{written} = {formats.number(got, decimals(asked) + 1)}, printed {asked}"
        yield _severity(relation), claims, _because(said, relation), ""


# --- figures on their own --------------------------------------------------------------------------------------


def within(book: Book) -> Found:
    """A value lies within its limits, limits are in order, a percent in 0–100, a p in 0–1, k at most n."""
    for claim in book.claims:
        value = decimal(claim.value)
        for name in ("interval", "range"):
            low, high = (decimal(text) for text in getattr(claim, name) or (None, None))
            if low is not None and high is not None and low >= high:
                way = f"{high}–{low}" if low > high else ""
                yield "impossible" if way else "inconsistent", [claim], f"the {name} {low}–{high} does not rise", way
            elif value is not None and ((low is not None and value < low) or (high is not None and value > high)):
                limits = "–".join(getattr(claim, name))
                yield "impossible", [claim], f"{claim.value} lies outside its own {name} {limits}", ""
        if claim.unit == "percent" and value is not None and claim.measure != "fold_change" and not 0 <= value <= 100:
            yield "impossible", [claim], f"{claim.value}% is no share", ""
        n = denominator(book, claim)
        if claim.measure == "percent" and len(claim.n) == 1 and n not in (None, int(claim.n[0])):
            yield "inconsistent", [claim], f"n {claim.n[0]} beside a denominator of {n}", ""
        pairs = [(count_of(claim), n)] if count_of(claim) else []
        for k, n in [*pairs, *(claim.counts or [])]:
            if n is not None and int(k) > int(n):
                yield "impossible", [claim], f"{k} of {n}", ""
        if claim.p and not mangled(claim.p) and not 0 <= decimal(claim.p) <= 1:
            yield "impossible", [claim], f"p {claim.p} is no probability", ""


def exponent_lost(book: Book) -> Found:
    """A figure stands whole: no exponent, sign or decimal point is missing from the text."""
    for claim in book.claims:
        if "exponent_lost" in claim.flags:
            told = [part for part in claim.note.split(". ") if "lost" in part.lower() or "Printed" in part]
            said = "a superscript is missing from the text"
            yield "exponent lost", [claim], ": ".join([said, *["; ".join(told).rstrip(".")][: len(told)]]), ""
        if claim.p and mangled(claim.p):
            said = f"p printed {claim.p}: leading zeros and no point; read as it stands it would exceed 1"
            yield "exponent lost", [claim], said, f"0.{claim.p} or 0.{claim.p[1:]}"
