"""The audit: what the printed figures say of themselves, by arithmetic alone and without a single patient.

One function per rule, all in RULES; each yields remarks on the claims of one source. A severity follows from its rule,
never from which claim it meets: `rounding` (the last digit), `inconsistent` (two prints, or a print and its own
arithmetic, disagree), `impossible` (no patients could give it), `exponent lost` (the text lost part of the figure), and
`note` for what is no slip: what holds only under an assumption, such as proportional hazards.
"""

import ast
import dataclasses
import itertools
import math
import operator
import re
from collections.abc import Iterable, Iterator
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils.core import formats
from lcnec_utils.ledger.claims import RATIOS, Claim, Relation, Source, table_rows, word_number

# From best to worst. A figure that lost its exponent cannot be read at all, whatever else is said of it.
SEVERITIES = ("note", "rounding", "inconsistent", "impossible", "exponent lost")
SIGNIFICANT = 0.05
LONGEST_MEDIAN = 120  # months; no lung-cancer trial follows its patients so long as to see a later median
FEW = 3
# Words by which a relation's note says that it holds under an assumption only
ASSUMING = ("rough", "proportional hazards", "tried against", "would be expected", " if ", " may ")
TRUTH = {"effect": "a difference", "direction": "a difference", "null_effect": "no difference"}


@dataclasses.dataclass(frozen=True)
class Remark:
    """One thing arithmetic says of printed figures, with the arithmetic and what would reconcile it."""

    source: str
    rule: str
    severity: str
    claims: tuple[str, ...]
    arithmetic: str
    reconcile: str = ""


class Book:
    """A source as the rules read it: its claims by id and in order, and the folder of its tables."""

    def __init__(self, source: Source, folder: Path | None = None):
        self.source, self.claims, self.folder = source, source.claims, folder
        self.by_id = {claim.id: claim for claim in source.claims}
        self.order = {claim.id: place for place, claim in enumerate(source.claims)}

    def relations(self, kind: str) -> Iterator[tuple[Relation, list[Claim]]]:
        """Relations of a kind, each with the claims it ties."""
        of_kind = (relation for relation in self.source.relations if relation.type == kind)
        return ((relation, [self.by_id[id] for id in relation.members()]) for relation in of_kind)


Found = Iterator[tuple[str, list[Claim], str, str]]  # severity, claims, arithmetic, what would reconcile


# --- printed numbers -------------------------------------------------------------------------------------------


def _decimal(text: str | None) -> Decimal | None:
    """A printed number as it stands; None for NR and other words."""
    try:
        return Decimal(text.lstrip("<>=≤≥ ")) if text else None
    except InvalidOperation:
        return None


def _places(text: str) -> int:
    """Decimals of a printed number: 2 of `0.04`, 7 of `8.4e-6`."""
    return -_decimal(text).as_tuple().exponent


def _at(value: float | Decimal, places: int, rounding: str = ROUND_HALF_UP) -> Decimal:
    """A value at so many decimals."""
    exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    return exact.quantize(Decimal(1).scaleb(-places), rounding=rounding)


def _bounds(text: str) -> tuple[float, float]:
    """What a printed number may have been before rounding: 0.035 to 0.045 of `0.04`; the bounds of `<0.05`."""
    value, half = float(_decimal(text)), 0.5 * 10.0 ** -_places(text)
    if text[0] in "<≤":
        return 0.0, value
    if text[0] in ">≥":
        return value, math.inf
    return value - half, value + half


def _agrees(value: float, text: str) -> bool:
    """Whether a computed value gives the print: rounded half up, or below the bound."""
    low, high = _bounds(text)
    return low <= value <= high if text[0] in "<≤>≥" else _at(value, _places(text)) == _decimal(text)


def _share(k: int, n: int) -> Decimal:
    """100 k/n, exact enough that a half is a half."""
    return Decimal(100) * k / n


def _prints(k: int, n: int, text: str) -> str:
    """How k/n meets a printed percent: `rounded`, `cut off`, `one unit` away in the last digit, or empty."""
    places, printed = _places(text), _decimal(text)
    if _at(_share(k, n), places) == printed:
        return "rounded"
    if _at(_share(k, n), places, ROUND_DOWN) == printed:
        return "cut off"
    return "one unit" if abs(_at(_share(k, n), places) - printed) == Decimal(1).scaleb(-places) else ""


def _worked(k: int, n: int, text: str, more: int = 1) -> str:
    """A share written out: `168/217 = 77.4%`."""
    return f"{k}/{n} = {formats.number(float(_share(k, n)), _places(text) + more)}%"


def _count(claim: Claim) -> str | None:
    """The count a claim holds: the k of a share, the value of a count, or the count its words spell out."""
    if claim.k:
        return claim.k
    if claim.measure == "count" and claim.value:
        return claim.value
    if claim.measure != "percent" and (word_number(claim) or "").isdigit():
        return word_number(claim)
    spelled = "number_word" in claim.flags and claim.counts and len(claim.counts) == 1
    return claim.counts[0][0] if spelled else None


def _number(claim: Claim) -> str | None:
    """The number a claim prints: its value, else its count, else its words."""
    return claim.value or _count(claim) or word_number(claim)


def _comparable(claims: list[Claim], percent: bool = False) -> list[str | None]:
    """The claims' numbers on one scale: counts where every claim holds one, else the printed values."""
    counts = [_count(claim) for claim in claims]
    return [_number(claim) for claim in claims] if percent or None in counts else counts


def _whole(book: Book, claim: Claim) -> int | None:
    """The denominator of a share: the count of the claim named by `of`, else the only n."""
    if claim.of:
        count = _count(book.by_id[claim.of])
        return int(count) if count and count.isdigit() else None
    return int(claim.n[0]) if len(claim.n) == 1 else None


def _nearest(candidates: Iterable[int], to: int) -> list[int]:
    return sorted(candidates, key=lambda n: (abs(n - to), n))[:FEW]


def _p(value: float) -> str:
    return formats.p_value(value).removeprefix("p = ").removeprefix("p ")


# --- shares ----------------------------------------------------------------------------------------------------


def share(book: Book) -> Found:
    """A printed percent is its printed count over its denominator."""
    for claim in book.claims:
        n = _whole(book, claim)
        if claim.measure != "percent" or not (claim.k and claim.value and n):
            continue
        k, printed = int(claim.k), claim.value
        how = _prints(k, n, printed)
        said = f"{_worked(k, n, printed)}, printed {printed}%"
        if how in ("cut off", "one unit"):
            yield "rounding", [claim], said, "the digits cut off, not rounded" if how == "cut off" else ""
        elif not how:
            wholes = [m for m in range(max(k, n * 3 // 4, 1), n * 5 // 4 + 1) if _prints(k, m, printed) == "rounded"]
            parts = [j for j in range(n + 1) if _prints(j, n, printed) == "rounded"]
            ways = [_worked(k, m, printed) for m in _nearest(wholes, n)]
            ways += [_worked(j, n, printed) for j in _nearest(parts, k)]
            yield "inconsistent", [claim], said, " or ".join(ways)


def grim(book: Book) -> Found:
    """A percent printed without its count is some whole number over its denominator."""
    for claim in book.claims:
        n, printed = _whole(book, claim), claim.value
        if claim.k or not (claim.unit == "percent" and printed and n) or claim.measure not in ("percent", "accuracy"):
            continue
        below = int(_decimal(printed) * n / 100)
        met = {_prints(k, n, printed): k for k in (below - 1, below + 2, below, below + 1) if 0 <= k <= n}
        if "cut off" in met and "rounded" not in met:
            said = f"{_worked(met['cut off'], n, printed)}, printed {printed}%"
            yield "rounding", [claim], said, "the digits cut off, not rounded"
        elif "rounded" not in met:
            beside = ", ".join(_worked(k, n, printed, 0) for k in (below, below + 1) if k <= n)
            said = f"no whole number of {n} gives {printed}%: {beside}"
            yield "impossible", [claim], said, _other_wholes(book, claim, n)


def _other_wholes(book: Book, claim: Claim, n: int) -> str:
    """The other counts printed for the same group of which some whole number gives the percent."""
    same = [each for each in book.claims if claim.groups and each.groups == claim.groups and each.of != claim.of]
    counts = {int(text) for each in same for text in (_count(each), *each.n) if text and text.isdigit()} - {n, 0}
    ways = []
    for m in _nearest(counts, n):
        k = int(_at(_decimal(claim.value) * m / 100, 0))
        # Where steps are finer than the print any percent is met, which explains nothing
        if _share(1, m) > Decimal(1).scaleb(-_places(claim.value)) and _prints(k, m, claim.value) == "rounded":
            ways.append(f"{_worked(k, m, claim.value)}, {m} printed elsewhere for {claim.groups[0]}")
    return " or ".join(ways)


def _wilson_corrected(k: int, n: int, level: float) -> tuple[float, float]:
    """Wilson's interval with continuity correction, R's prop.test default."""
    z, step = stats.norm.ppf(0.5 + level / 2), min(0.5, abs(k - n / 2)) / n

    def limit(p: float, side: int) -> float:
        return (p + z * z / (2 * n) + side * z * math.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)) / (1 + z * z / n)

    return max(0.0, limit(max(0.0, k / n - step), -1)), min(1.0, limit(min(1.0, k / n + step), 1))


def _intervals(k: int, n: int, level: float) -> dict[str, tuple[float, float]]:
    """The usual intervals of k/n, in percent, by name."""
    from statsmodels.stats.proportion import proportion_confint

    named = {"Wilson": "wilson", "Clopper–Pearson": "beta", "Wald": "normal", "Agresti–Coull": "agresti_coull"}
    limits = {name: proportion_confint(k, n, 1 - level, method) for name, method in named.items()}
    limits["Jeffreys"] = proportion_confint(k, n, 1 - level, "jeffreys")
    limits["Wilson with continuity correction"] = _wilson_corrected(k, n, level)
    return {name: (100 * max(0.0, low), 100 * min(1.0, high)) for name, (low, high) in limits.items()}


def _fits(claim: Claim) -> dict[str, tuple[float, float, bool, bool]]:
    """The interval of each method, in percent, and whether it gives the lower and the upper printed limit."""
    if not claim.interval or None in map(_decimal, claim.interval) or claim.measure != "percent":
        return {}
    k, n = claim.counts[0] if claim.counts and len(claim.counts) == 1 else (claim.k, claim.n[0] if claim.n else None)
    limits = _intervals(int(k), int(n), claim.level or 0.95) if k and n else {}
    low, high = claim.interval
    return {name: (*pair, _agrees(pair[0], low), _agrees(pair[1], high)) for name, pair in limits.items()}


def interval_method(claim: Claim) -> str | None:
    """The name of the method that gives both printed limits of a share, Wilson's first; None where none does."""
    return next((name for name, (*_, low, high) in _fits(claim).items() if low and high), None)


def share_interval(book: Book) -> Found:
    """The limits of a share are those of one method."""
    for claim in book.claims:
        fits = _fits(claim)
        if fits and not interval_method(claim):
            lower, upper = ([name for name, met in fits.items() if met[side]] for side in (2, 3))
            shown = [f"{name} {formats.number(low)}–{formats.number(high)}" for name, (low, high, *_) in fits.items()]
            mixes = f"mixes the lower limit of {lower[0]} and the upper of {upper[0]}" if lower and upper else ""
            counted = "/".join(claim.counts[0] if claim.counts else [claim.k, claim.n[0]])
            said = f"{counted} printed {'–'.join(claim.interval)}; {', '.join(shown)}"
            yield "inconsistent", [claim], said, mixes


# --- ratios and p values ---------------------------------------------------------------------------------------


def _log_limits(claim: Claim) -> list[tuple[float, float]]:
    """The corners of what a ratio's printed limits may have been before rounding, as logarithms."""
    pairs = itertools.product(*(_bounds(text) for text in claim.interval))
    return [(math.log(low), math.log(high)) for low, high in pairs if low > 0]


def _is_ratio(claim: Claim) -> bool:
    """Whether a claim is a ratio with two numeric limits above 0."""
    numbers = [_decimal(text) for text in claim.interval or []]
    return claim.measure in RATIOS and len(numbers) == 2 and None not in numbers and min(numbers) > 0


def ratio_interval(book: Book) -> Found:
    """A printed ratio is the geometric mean of its limits, as it is in Wald intervals on the log scale."""
    for claim in book.claims:
        if not (_is_ratio(claim) and claim.value):
            continue
        centres = [math.exp((low + high) / 2) for low, high in _log_limits(claim)]
        printed, digits = _bounds(claim.value), _places(claim.value) + 1
        if printed[1] < min(centres) or printed[0] > max(centres):
            low, high = (formats.number(edge, digits) for edge in (min(centres), max(centres)))
            limits = [float(text) for text in claim.interval]
            middle = formats.number(math.sqrt(limits[0] * limits[1]), _places(claim.value))
            said = f"√({claim.interval[0]} × {claim.interval[1]}) = {low}–{high} before rounding, printed {claim.value}"
            yield "inconsistent", [claim], said, f"{middle} would be the centre, or limits not of Wald's kind"


def ratio_p(book: Book) -> Found:
    """A ratio's p is the one its limits give on the log scale."""
    for claim in book.claims:
        if not (_is_ratio(claim) and claim.p):
            continue
        z = stats.norm.ppf(0.5 + (claim.level or 0.95) / 2)
        values = [2 * stats.norm.sf(abs(low + high) / (high - low) * z) for low, high in _log_limits(claim)]
        values += [1.0] if len({low + high > 0 for low, high in _log_limits(claim)}) == 2 else []
        printed = _bounds(claim.p)
        if printed[1] < min(values) or printed[0] > max(values):
            limits = "–".join(claim.interval)
            said = f"limits {limits} give p {_p(min(values))} to {_p(max(values))}, printed {claim.p}"
            yield "inconsistent", [claim], said, ""


def _rank_sum(groups: list[list[int]]) -> float:
    """p of Wilcoxon's rank-sum test on the 0s and 1s behind two shares."""
    values = [np.repeat([1, 0], [k, n - k]) for k, n in groups]
    return stats.mannwhitneyu(*values, method="asymptotic", use_continuity=False).pvalue


def _tests(groups: list[list[int]], binomial: bool) -> dict[str, float]:
    """p of the tests that counts allow, by name."""
    if binomial:
        return {"binomial": float(stats.binomtest(*groups[0], 0.5).pvalue)}
    grid = [[k, n - k] for k, n in groups]
    if len(groups) == 1 or 0 in np.sum(grid, axis=0):
        return {}
    found = {"chi-squared": stats.chi2_contingency(grid, correction=False).pvalue}
    if len(groups) == 2:
        found["chi-squared with Yates' correction"] = stats.chi2_contingency(grid, correction=True).pvalue
        found["Fisher"] = stats.fisher_exact(grid).pvalue
        found["Wilcoxon on 0 and 1"] = _rank_sum(groups)
    return {name: float(p) for name, p in found.items()}


NAMED = {"chi_squared": "chi-squared", "fisher": "Fisher", "binomial": "binomial", "wilcoxon": "Wilcoxon on 0 and 1"}


def p_from_counts(book: Book) -> Found:
    """A p is the one its counts give in the test named."""
    for claim in book.claims:
        if not (claim.p and claim.counts):
            continue
        found = _tests([[int(k), int(n)] for k, n in claim.counts], claim.test == "binomial")
        fitting = [name for name, p in found.items() if _agrees(p, claim.p)]
        asked = NAMED.get(claim.test or "", "")
        if not found or (fitting and (not asked or any(name.startswith(asked) for name in fitting))):
            continue
        counts = " against ".join(f"{k}/{n}" for k, n in claim.counts)
        listed = ", ".join(f"{name} {formats.number(p, 4)}" for name, p in found.items())
        cut = [n for n, p in found.items() if _at(p, _places(claim.p), ROUND_DOWN) == _decimal(claim.p)]
        way = f"{fitting[0]}, not {asked}" if fitting else ""
        if cut and not fitting and claim.p[0].isdigit():
            way = f"{' or '.join(cut)}, the digits cut off and not rounded"
        yield "inconsistent", [claim], f"{counts}: {listed}; printed {claim.p}", way


def rank_test_of_shares(book: Book) -> Found:
    """A rank test is not named for shares."""
    for claim in book.claims:
        if claim.measure != "percent" or claim.test != "wilcoxon" or not claim.p:
            continue
        said = f"Wilcoxon's rank-sum test is named for shares, p {claim.p}"
        if claim.counts and len(claim.counts) == 2:
            p = _rank_sum([[int(k), int(n)] for k, n in claim.counts])
            met = "" if _agrees(p, claim.p) else ": the test named cannot have made this p"
            said += f"; on 0 and 1 it gives {_p(p)}{met}"
        yield "inconsistent", [claim], said, "a test of shares (chi-squared, Fisher) run and another named"


# --- words -----------------------------------------------------------------------------------------------------


def words_and_p(book: Book) -> Found:
    """A difference in words has p < 0.05, and no difference has not."""
    for claim in book.claims:
        if claim.kind not in TRUTH or not claim.p or _mangled(claim.p):
            continue
        p, (low, high) = float(_decimal(claim.p)), _bounds(claim.p)
        if claim.kind != "null_effect" and p >= SIGNIFICANT and claim.p[0] not in "<≤":
            said = f"{TRUTH[claim.kind]} is stated at p = {claim.p}, where the rule asks p < {SIGNIFICANT}"
            near = f"a p of {low:g} to just under {SIGNIFICANT} before rounding" if low < SIGNIFICANT else ""
            yield "inconsistent", [claim], said, near
        if claim.kind == "null_effect" and high <= SIGNIFICANT:
            yield "inconsistent", [claim], f"no difference is stated at p {claim.p}, below {SIGNIFICANT}", ""


def words_and_interval(book: Book) -> Found:
    """The interval of a ratio leaves out 1 where the words or the p say so, and holds it where they do not."""
    for claim in book.claims:
        if not _is_ratio(claim) or 1 in map(float, claim.interval):
            continue  # a limit of 1.00 is decided by digits not printed, and so is a p of 0.05
        low, high = map(float, claim.interval)
        held = f"{'–'.join(claim.interval)} {'leaves out' if low > 1 or high < 1 else 'holds'} 1"
        if claim.kind in TRUTH and ("leaves" in held) == (claim.kind == "null_effect"):
            yield "inconsistent", [claim], f"{TRUTH[claim.kind]} is stated, and {held}", ""
        least, most = _bounds(claim.p) if claim.p else (0, 1)
        if (most <= SIGNIFICANT and "holds" in held) or (least >= SIGNIFICANT and "leaves" in held):
            yield "inconsistent", [claim], f"{held}, and p is printed {claim.p}", ""


# --- relations and quantities ----------------------------------------------------------------------------------


def _severity(relation: Relation, otherwise: str = "inconsistent") -> str:
    """`note` for a relation that holds under an assumption only."""
    return "note" if any(word in f" {relation.note}" for word in ASSUMING) else otherwise


def _because(said: str, relation: Relation) -> str:
    return f"{said} ({relation.note})" if relation.note and said not in relation.note else said


def sums(book: Book) -> Found:
    """Parts add up to their whole: counts exactly, percents within their rounding."""
    for relation, claims in book.relations("sum"):
        percent = "percent" in relation.note
        texts = _comparable(claims, percent)
        *texts, total = texts if relation.whole in book.by_id else [*texts, str(relation.whole)]
        if None in (*texts, total):
            continue
        shares = percent or all(claim.measure == "percent" and not claim.k for claim in claims)
        slack = sum(Decimal(5).scaleb(-_places(text) - 1) for text in texts) if shares else 0
        got, asked = sum(map(_decimal, texts)), _decimal(total)
        if abs(got - asked) > slack:
            more = f"{got - asked} too many: counted twice, or not of this whole"
            way = more if got > asked else f"{asked - got} of the whole in none of the parts"
            said = f"{' + '.join(texts)} = {got}, whole printed {total}"
            yield _severity(relation), claims, _because(said, relation), way


def _same_number(one: str, two: str) -> bool:
    """Whether two prints are one number at the coarser precision; `>25` is a bound in words."""
    if ">" in (one[0], two[0]):
        bounds = sorted((one, two), key=lambda text: text[0] != ">")
        return bounds[1][0] == ">" or _decimal(bounds[1]) > _decimal(bounds[0])
    places = min(_places(one), _places(two))
    return _at(_decimal(one), places) == _at(_decimal(two), places)


def _scaled(one: Claim, two: Claim) -> list[str | None]:
    """Two claims' numbers on one scale: 5 percent and 0.05 are one cut; a cut on a nameless scale is not compared."""
    numbers = _comparable([one, two])
    if one.measure != "threshold" or one.unit == two.unit or "" not in (one.unit, two.unit) or None in numbers:
        return numbers
    if "percent" not in (one.unit, two.unit):
        return [None, None]
    return [str(_decimal(n) / 100) if c.unit else n for n, c in zip(numbers, (one, two), strict=True)]


def _disagree(one: Claim, two: Claim) -> str:
    """In what two prints of one thing disagree, with the figures; empty where they agree."""
    numbers = _scaled(one, two)
    if None not in numbers and not _same_number(*numbers):
        return f"{numbers[0]} against {numbers[1]}"
    for name in ("range", "interval"):
        pairs = [getattr(one, name), getattr(two, name)]
        if all(pairs) and not all(a == b or _same_number(a, b) for a, b in zip(*pairs, strict=True)):
            return " against ".join("–".join(pair) for pair in pairs)
    if one.kind in TRUTH and two.kind in TRUTH and one.direction != two.direction:
        words = [f"'{c.direction}'" if c.direction != "none" else "no difference" for c in (one, two)]
        return f"{words[0]} against {words[1]}" + (f" at p {one.p or two.p}" if one.p or two.p else "")
    if one.p and two.p and (_bounds(one.p)[1] < _bounds(two.p)[0] or _bounds(two.p)[1] < _bounds(one.p)[0]):
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
        texts = _comparable([part, whole]) if whole else [_number(part), str(relation.whole)]
        if None in texts or _decimal(texts[0]) <= _decimal(texts[1]):
            continue
        # A percent above another percent contradicts words; a count above its whole cannot be
        shares = all(claim.measure == "percent" and not claim.k for claim in claims)
        severity = _severity(relation, "inconsistent" if shares else "impossible")
        yield severity, claims, _because(f"{texts[0]} exceeds {texts[1]}", relation), ""


def order(book: Book) -> Found:
    """Figures fall in the order their text gives, from the largest."""
    for relation, claims in book.relations("order"):
        texts = _comparable(claims)
        if None not in texts and any(_decimal(a) < _decimal(b) for a, b in itertools.pairwise(texts)):
            yield _severity(relation), claims, _because(f"{', '.join(texts)} do not fall", relation), ""


def conflict(book: Book) -> Found:
    """Statements that cannot both hold, as read and written down with the claims."""
    for relation, claims in book.relations("conflict"):
        shown = [(claim.measure.replace("_", " "), _number(claim), claim.p and f"p {claim.p}") for claim in claims]
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
        texts = {name: _number(claim) for name, claim in terms.items()}
        asked = _number(target) if target else str(relation.equals)
        if None in (*texts.values(), asked):
            continue
        exact = {name: float(_decimal(text)) for name, text in texts.items()}
        counted = [name for name, claim in terms.items() if claim.measure in ("count", "threshold")]
        reach = [[exact[name]] if name in counted else _bounds(text) for name, text in texts.items()]
        values = [
            evaluate(relation.formula, dict(zip(terms, corner, strict=True))) for corner in itertools.product(*reach)
        ]
        got, (low, high) = evaluate(relation.formula, exact), _bounds(asked)
        if _agrees(got, asked) or (min(values) < high and max(values) >= low):
            continue
        written = "".join(texts.get(part, part) for part in re.split(r"(\b[A-Za-z_]\w*)", relation.formula))
        said = f"{written} = {formats.number(got, _places(asked) + 1)}, printed {asked}"
        yield _severity(relation), claims, _because(said, relation), ""


# --- figures on their own --------------------------------------------------------------------------------------


def within(book: Book) -> Found:
    """A value lies within its limits, limits are in order, a percent in 0–100, a p in 0–1, k at most n."""
    for claim in book.claims:
        value = _decimal(claim.value)
        for name in ("interval", "range"):
            low, high = (_decimal(text) for text in getattr(claim, name) or (None, None))
            if low is not None and high is not None and low >= high:
                way = f"{high}–{low}" if low > high else ""
                yield "impossible" if way else "inconsistent", [claim], f"the {name} {low}–{high} does not rise", way
            elif value is not None and ((low is not None and value < low) or (high is not None and value > high)):
                limits = "–".join(getattr(claim, name))
                yield "impossible", [claim], f"{claim.value} lies outside its own {name} {limits}", ""
        if claim.unit == "percent" and value is not None and claim.measure != "fold_change" and not 0 <= value <= 100:
            yield "impossible", [claim], f"{claim.value}% is no share", ""
        n = _whole(book, claim)
        if claim.measure == "percent" and len(claim.n) == 1 and n not in (None, int(claim.n[0])):
            yield "inconsistent", [claim], f"n {claim.n[0]} beside a denominator of {n}", ""
        pairs = [(_count(claim), n)] if _count(claim) else []
        for k, n in [*pairs, *(claim.counts or [])]:
            if n is not None and int(k) > int(n):
                yield "impossible", [claim], f"{k} of {n}", ""
        if claim.p and not _mangled(claim.p) and not 0 <= _decimal(claim.p) <= 1:
            yield "impossible", [claim], f"p {claim.p} is no probability", ""


def _mangled(p: str) -> bool:
    """Whether a printed p is a row of digits with leading zeros and no point."""
    return p.isdigit() and len(p) > 1 and p.startswith("0")


def exponent_lost(book: Book) -> Found:
    """A figure stands whole: no exponent, sign or decimal point is missing from the text."""
    for claim in book.claims:
        if "exponent_lost" in claim.flags:
            told = [part for part in claim.note.split(". ") if "lost" in part.lower() or "Printed" in part]
            said = "a superscript is missing from the text"
            yield "exponent lost", [claim], ": ".join([said, *["; ".join(told).rstrip(".")][: len(told)]]), ""
        if claim.p and _mangled(claim.p):
            said = f"p printed {claim.p}: leading zeros and no point; read as it stands it would exceed 1"
            yield "exponent lost", [claim], said, f"0.{claim.p} or 0.{claim.p[1:]}"


# --- tidy tables -----------------------------------------------------------------------------------------------


OUTCOMES = ("orr_percent", "mpfs_months", "mos_months")


def _rows(book: Book) -> list[dict[str, str]]:
    """The rows of the tables that list trials arm by arm."""
    rows = [row for each in book.source.tables for row in table_rows(each, book.folder)]
    return [row for row in rows if {"trial", "arm", "stratum", "seed_line", "n", *OUTCOMES} <= set(row)]


def _grouped(rows: list[dict[str, str]], *columns: str) -> Iterator[tuple[tuple[str, ...], list[dict[str, str]]]]:
    """The rows that share these columns, in the table's order."""
    groups: dict[tuple[str, ...], list] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(column, "") for column in columns), []).append(row)
    return iter(groups.items())


def _cells(book: Book, row: dict[str, str], printed: list[str], measures: set[str], arm: str = "") -> list[Claim]:
    """The claims that hold cells of a row: same line of the text, measure and figures, and the same arm."""
    group = "_".join(re.findall(r"\w+", arm))
    on_line = [c for c in book.claims if str(c.line) == row["seed_line"] and c.measure in measures]
    return [claim for claim in on_line if claim.value in printed and (not arm or group in claim.groups)]


def _tied(book: Book, claims: list[Claim]) -> bool:
    """Whether a relation holds exactly these claims together, so that its own rule speaks of them."""
    ids = {claim.id for claim in claims}
    return bool(ids) and any(set(relation.members()) == ids for relation in book.source.relations)


def table_sum(book: Book) -> Found:
    """In a table of trials the histologies add up to N."""
    for (trial,), (row, *_) in _grouped(_rows(book), "trial"):
        whole = row["n"]
        parts = [text for name, text in row.items() if name.startswith("n_") and _decimal(text) is not None]
        claims = _cells(book, row, [whole, *parts], {"count"})
        if parts and whole and sum(map(int, parts)) != int(whole) and not _tied(book, claims):
            yield (
                "inconsistent",
                claims,
                f"{trial}: {' + '.join(parts)} = {sum(map(int, parts))}, N printed {whole}",
                "",
            )


def table_medians(book: Book) -> Found:
    """In a table of trials no median PFS exceeds the arm's median OS, and none lies beyond any trial's follow-up."""
    for row in _rows(book):
        printed = [row["mpfs_months"], row["mos_months"]]
        pfs, os = map(_decimal, printed)
        name = f"{row['trial']}, {row['stratum']}, {row['arm']}"
        long = [text for text in printed if (_decimal(text) or 0) > LONGEST_MEDIAN]
        beyond = [([text], f"a median of {text} months exceeds {LONGEST_MEDIAN}", "") for text in long]
        if pfs is not None and os is not None and pfs > os:
            beyond.append((printed, f"median PFS {pfs} exceeds median OS {os}", "the two columns exchanged"))
        for texts, said, way in beyond:
            claims = _cells(book, row, texts, {"median"}, row["arm"])
            if not _tied(book, claims):
                yield "impossible", claims, f"{name}: {said}", way


def table_registry(book: Book) -> Found:
    """In a table of trials each has a registry number of its own."""
    for (number,), rows in _grouped(_rows(book), "nct"):
        trials = list(dict.fromkeys(row["trial"] for row in rows))
        claims = [claim for claim in book.claims if claim.measure == "phenotype" and number in claim.statement]
        if number and len(trials) > 1 and not _tied(book, claims):
            yield "inconsistent", claims, f"{number} is printed for {' and '.join(trials)}", ""


def table_arms(book: Book) -> Found:
    """In a table of trials an outcome has a value for every arm or for none."""
    for (trial, stratum), arms in _grouped(_rows(book), "trial", "stratum"):
        filled = {column: [row[column] for row in arms if row[column]] for column in OUTCOMES}
        short = {column: cells for column, cells in filled.items() if 0 < len(cells) < len(arms)}
        if short:
            claims = _cells(book, arms[0], sum(short.values(), []), {"percent", "median"})
            counted = "; ".join(f"{column} {', '.join(cells)}" for column, cells in short.items())
            said = f"{trial}, {stratum}: {len(arms)} arms, fewer values: {counted}"
            yield "inconsistent", claims, said, "columns shifted, or an arm without its own cell"


def _covers(strata: list[str]) -> bool:
    """Whether PD-L1 strata leave no gap: `< 1%`, `1%-49%`, `≥ 50%`."""
    edges = []
    for stratum in strata:
        ends = [int(number) for number in re.findall(r"(\d+)%", stratum)]
        if not ends:
            return False
        low, high = (0, ends[0]) if "<" in stratum else (ends[0], 101 if "≥" in stratum else ends[-1] + 1)
        edges.append((low, high))
    joined = [0, *itertools.chain(*sorted(edges)), 101]
    return bool(edges) and joined[::2] == joined[1::2]


def table_strata(book: Book) -> Found:
    """In a table of trials the figure of all patients lies between those of the strata that make them up."""
    for (trial, arm), rows in _grouped(_rows(book), "trial", "arm"):
        parts = [row for row in rows if row["stratum"] != "All"]
        for row, column in itertools.product([row for row in rows if row["stratum"] == "All"], OUTCOMES):
            whole, strata = _decimal(row[column]), [_decimal(part[column]) for part in parts]
            if not _covers([part["stratum"] for part in parts]) or None in (whole, *strata):
                continue
            if not min(strata) <= whole <= max(strata):
                said = f"{trial}, {arm}: {column} of all {whole}, of its strata {', '.join(map(str, strata))}"
                claims = _cells(book, row, [row[column]], {"percent", "median"}, arm)
                yield "note", claims, said, "patients without a stratum, or other dates of analysis"


RULES = (
    share, grim, share_interval, ratio_interval, ratio_p, p_from_counts, rank_test_of_shares, words_and_p,
    words_and_interval, sums, same, quantity, at_most, order, conflict, derived, within, exponent_lost,
    table_sum, table_medians, table_registry, table_arms, table_strata,
)  # fmt: skip


# --- the audit -------------------------------------------------------------------------------------------------


def audit(sources: dict[str, Source], folder: Path | None = None) -> list[Remark]:
    """Every remark on every source, by source, then by the first claim's place in its text; tables come last."""
    remarks = []
    for name in sources:
        book, found = Book(sources[name], folder), []
        for rank, rule in enumerate(RULES):
            for severity, claims, arithmetic, reconcile in rule(book):
                ids = tuple(sorted({claim.id for claim in claims}, key=book.order.get))
                place = book.order[ids[0]] if ids else len(book.order)
                remark = Remark(name, rule.__name__, severity, ids, arithmetic, reconcile)
                found.append(((place, rank, len(found)), remark))
        remarks += [remark for _, remark in sorted(found, key=lambda pair: pair[0])]
    return remarks


def of_claims(sources: dict[str, Source], remarks: list[Remark]) -> dict[str, str]:
    """The worst audit value of each claim, in the order of sources and text; notes leave a claim consistent."""
    worst = {claim.id: 0 for source in sources.values() for claim in source.claims}
    for remark in remarks:
        for id in remark.claims:
            worst[id] = max(worst[id], SEVERITIES.index(remark.severity))
    return {id: SEVERITIES[rank] if rank else "consistent" for id, rank in worst.items()}


def table(remarks: list[Remark]) -> pd.DataFrame:
    """The remarks as a table, one per row, claims separated by spaces."""
    columns = [field.name for field in dataclasses.fields(Remark)]
    rows = [{**dataclasses.asdict(remark), "claims": " ".join(remark.claims)} for remark in remarks]
    return pd.DataFrame(rows, columns=columns)
