"""Claims: what the sources print, number by number, and how a cohort's finding answers each.

params/published/<source>.yaml holds them. A claim's numbers are texts, as printed, for printed precision is part
of what was said. The rules of comparison are `verdict` below, in one place.
"""

import collections
import csv
import dataclasses
import math
import re
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scipy import stats

from lcnec_utils import paths
from lcnec_utils.errors import UserError

MEASURES = (
    "count", "percent", "median", "mean", "range", "hazard_ratio", "odds_ratio", "log_rank", "difference",
    "correlation", "auc", "accuracy", "p_value", "rank", "enrichment", "expression", "density", "phenotype",
    "direction", "fold_change", "threshold", "interval",
)  # fmt: skip
RATIOS = {"hazard_ratio", "odds_ratio", "fold_change", "log_rank"}
ANSWERS = ("equal", "compatible", "contradicted", "underpowered")
NOT_COMPUTABLE = "not computable"
PLANNED = "its panel is not drawn yet"
Z95, Z90 = 1.959963984540054, 1.6448536269514722


class ClaimsError(UserError):
    """A claims file that cannot be read as it stands, or a claim nobody printed."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(_Strict):
    """Numbers on one line of a source's text."""

    line: int
    numbers: list[str]


class Claim(_Strict):
    """One printed number, effect, absence of effect, or direction. Numbers are texts at printed precision.

    scope `own`: a count or summary of the study's own patients, which no other cohort can equal; `general`: another
    cohort can speak to it. of: the claim that holds this share's denominator. counts: successes and totals of the
    groups a p compares. direction: of the measure in groups[0] against groups[1]. margin: how far an effect may be
    from none for "no difference" to hold (a ratio, or a difference). quantity: one key for all prints of the same
    thing. prints: where the numbers stand, each place in one claim only; uses: numbers another claim's place holds.
    """

    id: str = Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")
    panel: str
    statement: str = Field(min_length=8)
    kind: Literal["number", "effect", "null_effect", "direction"]
    measure: Literal[MEASURES]
    scope: Literal["own", "general"]
    value: str | None = None
    interval: list[str] | None = None
    range: list[str] | None = None
    level: float | None = None
    unit: str = ""
    groups: list[str] = []
    n: list[str] = []
    k: str | None = None
    of: str | None = None
    p: str | None = None
    test: str | None = None
    counts: list[list[str]] | None = None
    counts_note: str | None = None
    direction: Literal["greater", "less", "none"] | None = None
    margin: str | None = None
    quantity: str | None = None
    flags: list[str] = []
    note: str = ""
    prints: list[Place] = []
    uses: list[Place] = []

    @property
    def source(self) -> str:
        """The first part of the id."""
        return self.id.split(".")[0]

    @property
    def line(self) -> int | None:
        """The line of the source's text."""
        places = [*self.prints, *self.uses]
        return places[0].line if places else None


class Relation(_Strict):
    """Claims that arithmetic or logic ties to each other."""

    type: Literal["sum", "same", "at_most", "order", "conflict", "derived"]
    parts: list[str] = []
    whole: str | int | float | None = None
    part: str | None = None
    claims: list[str] = []
    formula: str | None = None
    terms: dict[str, str] = {}
    equals: str | int | float | None = None
    note: str = ""

    def members(self) -> list[str]:
        """The ids of the claims it ties."""
        named = [*self.parts, *self.claims, *self.terms.values(), self.whole, self.part, self.equals]
        return [name for name in named if isinstance(name, str)]


class LeftOut(_Strict):
    """Numbers of a source's text that are no claim, with the reason."""

    line: int | None = None
    lines: list[int] | None = None
    numbers: list[str] | Literal["all"]
    reason: str = Field(min_length=4)


class Table(_Strict):
    """A tidy table of a source's numbers, a CSV beside the YAML; its `numeric` columns hold what the text prints."""

    file: str
    numeric: list[str]
    labels: dict[int, list[str]] = {}


class Source(_Strict):
    """Everything written down of one source. order: its place in the ledger, the main paper first."""

    source: str
    seed: str
    reference: str
    order: int = 9
    claims: list[Claim]
    relations: list[Relation] = []
    left_out: list[LeftOut] = []
    tables: list[Table] = []


@dataclasses.dataclass(frozen=True)
class Finding:
    """A recomputed value on a claim's own scale: with its 95% limits, p, patients and events where it has them.

    lower_90, upper_90: 90% limits, which the rule for "no difference" reads. origin: on simulated patients what the
    value is evidence of (calibrated, planted, assumed, emergent); on real ones it is `real` whatever is given.
    scale: whether no effect is 1 or 0; the claim's measure decides where it is not given. smallest: patients in the
    smaller of two groups compared, where the value is a comparison of two.
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

    def of_enough(self, least: int) -> "Finding":
        """The finding, or one that says why it is none: a value with limits or events that rests on fewer patients."""
        size = self.smallest
        if size is None and (self.lower is not None or self.events is not None):
            size = self.n
        if self.value is None or size is None or size >= least:
            return self
        return Finding(None, n=self.n, note=f"it rests on a group of {size}, and fewer than {least} answer nothing")


# --- reading ---------------------------------------------------------------------------------------------------


def _checked(source: Source, name: str, panels: set[str] | None) -> None:
    ids = [claim.id for claim in source.claims]
    twice = [id for id, times in collections.Counter(ids).items() if times > 1]
    if twice:
        raise ClaimsError(f"{name}: claim {twice[0]} is given twice; keep one")
    for claim in source.claims:
        if panels is not None and claim.panel not in panels:
            raise ClaimsError(f"{name}, claim {claim.id}: panel '{claim.panel}' is not in params/panels.yaml")
        if claim.kind == "null_effect" and (claim.direction != "none" or claim.margin is None):
            raise ClaimsError(f"{name}, claim {claim.id}: a null effect needs direction none and a margin")
        if claim.kind == "null_effect" and not (_number(claim.margin) or 0) > (claim.measure in RATIOS):
            raise ClaimsError(f"{name}, claim {claim.id}: margin '{claim.margin}' must exceed no effect (a ratio 1)")
        if claim.kind in ("effect", "direction") and claim.direction not in ("greater", "less"):
            raise ClaimsError(f"{name}, claim {claim.id}: direction must be greater or less")
        if claim.of and claim.of not in ids:
            raise ClaimsError(f"{name}, claim {claim.id}: of '{claim.of}' is no claim")
    for relation in source.relations:
        for member in relation.members():
            if member not in ids:
                raise ClaimsError(f"{name}: a relation ({relation.type}) names '{member}', which is no claim")


def read_source(path: Path, panels: set[str] | None = None) -> Source:
    """One file of claims. Raises ClaimsError in one line: unknown field, duplicate id, unknown panel or member."""
    import yaml

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        read = yaml.load(path.read_text(encoding="utf-8"), loader)
        source = Source.model_validate(read)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ClaimsError(f"{path.name}, row {mark.line + 1 if mark else '?'}: is not YAML") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = [*first["loc"]]
        if where[:1] == ["claims"] and len(where) > 1 and isinstance(read["claims"][where[1]], dict):
            where[:2] = [f"claim {read['claims'][where[1]].get('id', where[1] + 1)}"]
        said = ": ".join(part for part in (path.name, ".".join(map(str, where)), first["msg"]) if part)
        raise ClaimsError(said.replace("\n", " ")) from None
    _checked(source, path.name, panels)
    return source


@cache
def sources(folder: Path | None = None) -> dict[str, Source]:
    """Every source by name."""
    import yaml

    panels = set(yaml.safe_load(paths.PANELS.read_text(encoding="utf-8")))
    read = [read_source(path, panels) for path in sorted((folder or paths.PUBLISHED).glob("*.yaml"))]
    ids = collections.Counter(claim.id for source in read for claim in source.claims)
    for id, times in ids.items():
        if times > 1:
            raise ClaimsError(f"claim {id} is given in two sources; keep one")
    return {source.source: source for source in sorted(read, key=lambda source: (source.order, source.source))}


def published(folder: Path | None = None) -> dict[str, Claim]:
    """Every claim by id, in the order of sources and text."""
    return {claim.id: claim for source in sources(folder).values() for claim in source.claims}


def table_rows(table: Table, folder: Path | None = None) -> list[dict[str, str]]:
    """The rows of a source's tidy table, as printed."""
    with open((folder or paths.PUBLISHED) / table.file, encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


# --- every number of a text is a claim or left out -------------------------------------------------------------

# A number: digits, thousands commas, a decimal point; not one fused to a letter before it (gene symbols, references
# that the text fuses to words), nor the digit of a hyphened name (PD-1).
NUMBER = re.compile(
    r"(?<![\w.,])(?<![A-Za-zͰ-Ͽ][-‐‑–])(?<![A-Za-z]\))((?>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?))(?![\dA-Za-z])"
    r"|(?<![\w.,-])(\.\d+)"
)
# Labels, not figures: figure, table and cohort numbers, the level of an interval, registry and reference numbers
LABEL = re.compile(
    r"\b(?:(?:Extended Data |Supplementary )?(?:Figs?|Tables?|Figures?)|(?:Extended|Supplementary) Data)\.?"
    r"\s*S?\d+[A-Za-z]?(?:\s*(?:,|–|-|and)\s*S?\d\d?[A-Za-z]?\b)*|Cohorts?\s*\d\b(?:\s*(?:and|or)\s*\d\b)?|Type I+\b"
    r"|95%\s*(?:CI|confidence)|NCT\s?\d+|\^?\[\d[\d,–-]*\]",
    re.I,
)


def numbers(line: str) -> list[str]:
    """The numbers of a line of text, as texts without thousands commas."""
    found = NUMBER.findall(LABEL.sub(" ", line))
    return [(whole or fraction).replace(",", "") for whole, fraction in found]


def uncounted(source: Source, text: str, folder: Path | None = None) -> list[str]:
    """Where a source's claims and its text disagree, line by line; nothing where every number is accounted for.

    A number of the text must stand in exactly one claim's `prints`, in `left_out`, or in a table's row; a claim's
    own numbers must stand where it says they do.
    """
    lines = text.split("\n")
    claimed: dict[int, collections.Counter] = collections.defaultdict(collections.Counter)
    free: set[int] = set()
    found = []
    for claim in source.claims:
        for place in claim.prints:
            claimed[place.line].update(place.numbers)
        there = collections.Counter(number for place in (*claim.prints, *claim.uses) for number in place.numbers)
        own = [claim.value, claim.k, *(claim.interval or []), *(claim.range or []), *claim.n, _mantissa(claim.p)]
        for number in own:
            if number not in (None, "NR") and number not in there:
                found.append(f"{claim.id}: {number} stands in none of its places")
        counted = [claim.value, *(claim.interval or []), *(claim.range or [])]
        repeats = collections.Counter(number for number in counted if there[number]) - there
        found += [f"{claim.id}: {number} is said less often" for number in repeats.elements()]
        # groups of 19 and 16 and 16 need the text to say 16 twice, but paired groups share one print
        sizes = set(claim.n) if "paired" in claim.flags else claim.n
        repeated = collections.Counter(size for size in sizes if there[size])
        found += [f"{claim.id}: {number} is said less often" for number in (repeated - there).elements()]
        for place in claim.uses:
            for number in place.numbers:
                if not 0 < place.line <= len(lines) or number not in numbers(lines[place.line - 1]):
                    found.append(f"{claim.id}: {number} is not on line {place.line}")
    for entry in source.left_out:
        for line in [entry.line] if entry.line else range(entry.lines[0], entry.lines[1] + 1):
            if entry.numbers == "all":
                free.add(line)
            else:
                claimed[line].update(entry.numbers)
    tabled: dict[int, set[str]] = {}
    for table in source.tables:
        if not table.numeric:
            continue
        for row in table_rows(table, folder):
            line = int(row["seed_line"])
            tabled.setdefault(line, set(table.labels.get(line, ())))
            tabled[line] |= {number for column in table.numeric for number in numbers(row[column] or "")}
    outside = {line for line in (*claimed, *free, *tabled) if not 0 < line <= len(lines)}
    found += [f"line {line}: is not in the text" for line in sorted(outside)]
    for line, words in enumerate(lines, 1):
        there = collections.Counter(numbers(words))
        if line in free:
            continue
        if line in tabled:
            here = tabled[line] | set(claimed[line])
            found += [
                f"line {line}: {number} is neither a claim nor in the table" for number in sorted(set(there) - here)
            ]
            found += [f"line {line}: {number} is tabled and not printed" for number in sorted(here - set(there))]
            continue
        found += [
            f"line {line}: {number} is neither a claim nor left out" for number in (there - claimed[line]).elements()
        ]
        found += [f"line {line}: {number} is claimed and not printed" for number in (claimed[line] - there).elements()]
    return found


def _mantissa(p: str | None) -> str | None:
    """A printed p without its sign; of `8.4e-6` the figures before the power, as the text prints them apart."""
    return p and p.lstrip("<>=≤≥ ").split("e")[0]


# --- the rules of comparison -----------------------------------------------------------------------------------
#
# Everything is judged on the effect scale: a ratio against 1, a difference against 0. Significance is shown beside a
# verdict and never decides it.
#
#   number        equal          the recomputed value is the print at printed precision
#                 compatible     else, its 95% interval meets the printed interval (or holds the print)
#                 contradicted   else; or, without an interval, a number of the study's own patients that differs
#   effect,       compatible     the 95% interval excludes none in the printed direction, and meets the printed
#   direction                    interval where one is printed
#                 contradicted   it lies wholly on the other side of none, or excludes the printed interval
#                 underpowered   it holds none, and does not exclude the print
#   null effect   compatible     the 90% interval lies within the margin (two one-sided tests at 5%)
#                 contradicted   the 95% interval lies wholly outside the margin
#                 underpowered   else
#
# Several findings answer one claim (every pair of three groups): contradicted if one of them is; compatible if all are.


def _number(text: str | None) -> float | None:
    """A printed figure as a float; None for NR and for what is not one."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


def equal_at_printed_precision(value: float, printed: str) -> bool:
    """Whether a value rounds, half up, to the printed figure."""
    if not math.isfinite(value):
        return False
    return math.floor(value * 10 ** _decimals(printed) + 0.5 + 1e-9) == round(float(printed) * 10 ** _decimals(printed))


def word_number(claim: Claim) -> str | None:
    """The figure that a claim prints as a word (flag word_number), in digits; `>50` for a majority."""
    return next((flag.partition(":")[2] for flag in claim.flags if flag.startswith("word_number:")), None)


def printed_value(claim: Claim) -> str | None:
    """The figure that a number claim prints: its value, a number in words, or k of n in percent."""
    if claim.value is not None:
        return claim.value
    if word := word_number(claim):
        return word.lstrip(">")
    if claim.unit == "percent" and claim.k and len(claim.n) == 1:
        return f"{100 * float(claim.k) / float(claim.n[0]):.10g}"
    return None


def null_of(claim: Claim, finding: Finding) -> float:
    """No effect on a finding's scale: 1 for ratios, 0 for differences and correlations."""
    if finding.scale:
        return 1.0 if finding.scale == "ratio" else 0.0
    return 1.0 if claim.measure in RATIOS or (claim.margin and float(claim.margin) > 1) else 0.0


def _exists(limit: float | None) -> bool:
    return limit is not None and not math.isnan(limit)


def _overlaps(finding: Finding, low: float, high: float) -> bool:
    return finding.lower <= high and (not _exists(finding.upper) or finding.upper >= low)


def _printed_interval(claim: Claim) -> tuple[float, float] | None:
    limits = [_number(text) for text in claim.interval or []]
    if not limits or limits[0] is None:
        return None
    return limits[0], math.inf if limits[1] is None else limits[1]


def _of_number(claim: Claim, finding: Finding) -> tuple[str, str]:
    value = printed_value(claim)
    if value is None:
        return NOT_COMPUTABLE, "no figure is printed"
    more_than = "lower_bound" in claim.flags or (word_number(claim) or "").startswith(">")
    if more_than and finding.value > float(value):
        return "equal", ""  # "more than 700" holds of 720
    if not (word_number(claim) or "").startswith(">") and equal_at_printed_precision(finding.value, value):
        return "equal", ""
    if not _exists(finding.lower):
        if claim.scope == "own":
            return "contradicted", f"{finding.value:g} against the printed {value}"
        return NOT_COMPUTABLE, finding.note or f"{finding.value:g} has no interval to set against {value}"
    low, high = _printed_interval(claim) or (float(value), math.inf if more_than else float(value))
    if _overlaps(finding, low, high):
        return "compatible", "the 95% interval meets the print"
    return "contradicted", "the 95% interval excludes the print"


def _of_effect(claim: Claim, finding: Finding, null: float) -> tuple[str, str]:
    greater = claim.direction == "greater"
    right_side = finding.lower > null if greater else finding.upper < null
    other_side = finding.upper < null if greater else finding.lower > null
    printed = _printed_interval(claim)
    if other_side:
        return "contradicted", "the 95% interval lies on the other side of no effect"
    if printed and not _overlaps(finding, *printed):
        return "contradicted", "the 95% interval excludes the printed interval"
    if right_side:
        return "compatible", "the 95% interval excludes no effect in the printed direction"
    value = _number(claim.value) if not printed and (claim.measure in RATIOS) == (null == 1) else None
    if value is not None and not finding.lower <= value <= finding.upper:
        return NOT_COMPUTABLE, f"the 95% interval holds no effect and not {claim.value}, printed without limits"
    return "underpowered", "the 95% interval holds both no effect and the print"


def _of_null(claim: Claim, finding: Finding, null: float) -> tuple[str, str]:
    margin = float(claim.margin)
    if null == 1 and margin <= 1:
        return NOT_COMPUTABLE, f"the margin {claim.margin} is no ratio"
    low, high = (1 / margin, margin) if null == 1 else (-margin, margin)
    if finding.upper < low or finding.lower > high:
        return "contradicted", f"the 95% interval lies outside {low:.2g} to {high:.2g}"
    if low <= finding.lower_90 and finding.upper_90 <= high:
        return "compatible", f"the 90% interval lies within {low:.2g} to {high:.2g}"
    return "underpowered", f"the 90% interval reaches beyond {low:.2g} to {high:.2g}"


def _one(claim: Claim, finding: Finding) -> tuple[str, str]:
    missing = finding.note or "the estimate does not exist"
    if finding.value is None or math.isnan(finding.value):
        return NOT_COMPUTABLE, missing
    # "the highest of all" is a rank, printed as a word: the place itself answers it
    if claim.kind == "number" or (claim.measure == "rank" and word_number(claim)):
        return _of_number(claim, finding)
    limits = [finding.lower, finding.upper]
    if claim.kind == "null_effect":
        limits += [finding.lower_90, finding.upper_90]
    if any(limit is None or math.isnan(limit) for limit in limits):
        return NOT_COMPUTABLE, missing
    judge = _of_null if claim.kind == "null_effect" else _of_effect
    return judge(claim, finding, null_of(claim, finding))


def verdict(claim: Claim, findings: list[Finding]) -> tuple[str, str]:
    """The verdict of findings on a claim and its reason, by the rules above."""
    answers = [_one(claim, finding) for finding in findings]
    if not answers:
        return NOT_COMPUTABLE, "nothing was recomputed"
    for word in ("contradicted", "underpowered", NOT_COMPUTABLE, "compatible", "equal"):
        of_word = [reason for answer, reason in answers if answer == word]
        if of_word:
            share = f" ({len(of_word)} of {len(answers)} comparisons)" if len(answers) > 1 else ""
            return word, of_word[0] + share
    raise AssertionError("every verdict is one of the words above")


def _on_scale(value: float, null: float) -> float:
    if null != 1 or math.isinf(value):
        return value
    return math.log(value) if value > 0 else -math.inf


def _standard_error(claim: Claim, finding: Finding) -> float | None:
    """The standard error of a finding on its (log) scale, from its 95% interval."""
    null = null_of(claim, finding)
    if claim.kind == "number":
        null = 0.0
    limits = (finding.lower, finding.upper)
    if any(limit is None or not math.isfinite(limit) or (null == 1 and limit <= 0) for limit in limits):
        return None
    return (_on_scale(limits[1], null) - _on_scale(limits[0], null)) / (2 * Z95)


def power(claim: Claim, finding: Finding) -> float | None:
    """The chance that a cohort of this size answers `compatible` if the print is true; None where that has no meaning.

    Of an effect: that its 95% interval excludes none in the printed direction, the effect being as printed. Of a null
    effect: that its 90% interval lies within the margin, there being none. Never from the effect observed.
    """
    se = _standard_error(claim, finding)
    if not se:
        return None
    null = null_of(claim, finding)
    if claim.kind == "null_effect":
        edge = _on_scale(float(claim.margin), null)
        return max(0.0, 2 * float(stats.norm.cdf(edge / se - Z90)) - 1)
    printed = _number(claim.value)
    if claim.kind != "effect" or printed is None or claim.measure not in RATIOS or printed <= 0 or null != 1:
        return None
    sign = 1 if claim.direction == "greater" else -1
    limits = _printed_interval(claim) or (0.0, math.inf)
    low, high = sorted(sign * _on_scale(limit, null) for limit in limits)
    truth = sign * _on_scale(printed, null)
    least, most = max(Z95, low / se - Z95) - truth / se, (high - truth) / se + Z95
    return max(0.0, float(stats.norm.cdf(most) - stats.norm.cdf(least)))


def chance_of_contradiction(claim: Claim, finding: Finding) -> float:
    """The probability that chance alone contradicts a claim that is true, at this cohort's standard error.

    An effect or number is taken to be as printed; one without a printed size to be just none, the worst case.
    """
    se = _standard_error(claim, finding)
    if not se:
        return 0.0
    null = 0.0 if claim.kind == "number" else null_of(claim, finding)
    if claim.kind == "null_effect":
        if null == 1 and float(claim.margin) <= 1:
            return 0.0
        return 2 * float(stats.norm.sf(Z95 + _on_scale(float(claim.margin), null) / se))
    truth, printed = _number(claim.value), _printed_interval(claim)
    if claim.kind == "number":
        figure = printed_value(claim)
        truth = _number(figure)
        if truth is None:
            return 0.0
        low, high = printed or (truth, truth)
        half = 0.5 * 10 ** -_decimals(figure)  # within which it is equal, whatever its interval
        below = stats.norm.cdf(min((low - truth) / se - Z95, -half / se))
        above = stats.norm.sf(max((high - truth) / se + Z95, half / se)) if math.isfinite(high) else 0.0
        return float(below + above)
    printed = printed or (0.0, math.inf)
    if truth is None or claim.measure not in RATIOS or null != 1:
        return 0.025
    truth, low, high = (_on_scale(value, null) for value in (truth, *printed))
    # contradicted: on the other side of none, or beyond either end of the printed interval
    near = max(low, 0.0) if claim.direction == "greater" else low
    far = high if claim.direction == "greater" else min(high, 0.0)
    below = stats.norm.cdf((near - truth) / se - Z95)
    above = stats.norm.sf((far - truth) / se + Z95) if math.isfinite(far) else 0.0
    return float(below + above)


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
    return Finding(float(value), origin="calibrated")


def of_median(row) -> Finding:
    """A row of survival.medians as a finding in months; a limit that is not reached is none."""
    if math.isnan(row.median):
        return Finding(None, n=row.n, events=row.events, note="the median is not reached")
    lower, upper = (None if math.isnan(limit) else limit for limit in (row.lower, row.upper))
    return Finding(row.median, lower, upper, n=row.n, events=row.events)
