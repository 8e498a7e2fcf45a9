"""Claims: what the sources print, number by number.

params/published/<source>.yaml holds them. A claim's numbers are texts, as printed, for printed precision is part
of what was said.
"""

import collections
import contextlib
import csv
import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lcnec_utils.core import paths, provenance
from lcnec_utils.core.errors import UserError

MEASURES = (
    "count", "percent", "median", "mean", "range", "hazard_ratio", "odds_ratio", "log_rank", "difference",
    "correlation", "auc", "accuracy", "p_value", "rank", "enrichment", "expression", "density", "phenotype",
    "direction", "fold_change", "threshold", "interval",
)  # fmt: skip
RATIOS = {"hazard_ratio", "odds_ratio", "fold_change", "log_rank"}
KEPT = paths.ROOT / "build" / "claims.json"  # the sources as they were last read


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
    cohort can speak to it. trial: the trial whose own patients a claim of scope `own` is about; they alone answer it.
    of: the claim that holds this share's denominator. counts: successes and totals of the groups a p compares.
    direction: of the measure in groups[0] against groups[1]. margin: how far an effect may be from none for "no
    difference" to hold (a ratio, or a difference). quantity: one key for all prints of the same thing. cells: the
    column of the source's table that the words speak of, and for each group what its rows hold in other columns.
    prints: where the numbers stand, each place in one claim only; uses: numbers another claim's place holds.
    """

    id: str = Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")
    panel: str
    statement: str = Field(min_length=8)
    kind: Literal["number", "effect", "null_effect", "direction"]
    measure: Literal[MEASURES]
    scope: Literal["own", "general"]
    trial: str | None = Field(None, min_length=2)
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
    cells: dict[str, list[dict[str, list[str]]]] = {}
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
        if claim.kind == "null_effect" and not (as_number(claim.margin) or 0) > (claim.measure in RATIOS):
            raise ClaimsError(f"{name}, claim {claim.id}: margin '{claim.margin}' must exceed no effect (a ratio 1)")
        if claim.kind in ("effect", "direction") and claim.direction not in ("greater", "less"):
            raise ClaimsError(f"{name}, claim {claim.id}: direction must be greater or less")
        if claim.trial and claim.scope != "own":
            raise ClaimsError(f"{name}, claim {claim.id}: trial '{claim.trial}' needs scope own; drop one")
        if claim.of and claim.of not in ids:
            raise ClaimsError(f"{name}, claim {claim.id}: of '{claim.of}' is no claim")
    for relation in source.relations:
        for member in relation.members():
            if member not in ids:
                raise ClaimsError(f"{name}: a relation ({relation.type}) names '{member}', which is no claim")


def read_source(path: Path, panels: set[str] | None = None) -> Source:
    """One file of claims. Raises ClaimsError in one line: unknown field, duplicate id, unknown panel or member."""
    import yaml

    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise ClaimsError(f"{path.name}: is no file; put the file of claims there")
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        read = yaml.load(path.read_text(encoding="utf-8"), loader)
        source = Source.model_validate(read)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ClaimsError(f"{path.name}{f', row {mark.line + 1}' if mark else ''}: is not YAML") from None
    except OSError as error:
        raise ClaimsError(f"{path.name}: cannot be read ({error.strerror}); put the file of claims there") from None
    except UnicodeDecodeError:
        raise ClaimsError(f"{path.name}: is not UTF-8 text; save it as UTF-8") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = [*first["loc"]]
        if where[:1] == ["claims"] and len(where) > 1 and isinstance(read["claims"][where[1]], dict):
            where[:2] = [f"claim {read['claims'][where[1]].get('id', where[1] + 1)}"]
        message = ": ".join(part for part in (path.name, ".".join(map(str, where)), first["msg"]) if part)
        raise ClaimsError(message) from None
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:  # a 13th month, deep nesting
        why = "nested too deep" if isinstance(error, RecursionError) else str(error).partition(":")[0]
        raise ClaimsError(f"{path.name}: holds a value that YAML cannot read ({why}); put it in quotes") from None
    _checked(source, path.name, panels)
    return source


def _kept_sources(key: str) -> dict[str, Source] | None:
    """The sources as they were read and checked before; None where anything that they depend on is another now."""
    try:
        kept = json.loads(KEPT.read_text(encoding="utf-8"))
        return {name: Source.model_validate(source) for name, source in kept[key].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _keep_sources(key: str, sources: dict[str, Source]) -> None:
    body = {key: {name: source.model_dump(exclude_defaults=True) for name, source in sources.items()}}
    with contextlib.suppress(OSError):  # a folder that cannot be written: they are read again each time
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        scratch = KEPT.with_name(f".{KEPT.name}.{os.getpid()}.tmp")
        scratch.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
        scratch.replace(KEPT)


@cache
def sources(folder: Path | None = None) -> dict[str, Source]:
    """Every source by name, in the order of the ledger.

    What was read and checked is kept under build/ by the digest of the files, the panels and this module: YAML takes
    ten times as long to read.
    """
    import yaml

    folder = folder or paths.PUBLISHED
    key = provenance.of_object(
        [provenance.of_folder(folder), *(provenance.of_file(path) for path in (paths.PANELS, Path(__file__)))]
    )
    kept = _kept_sources(key)
    if kept is not None:
        return kept
    panels = set(yaml.safe_load(paths.PANELS.read_text(encoding="utf-8")))
    read = [read_source(path, panels) for path in sorted(folder.glob("*.yaml"))]
    ids = collections.Counter(claim.id for source in read for claim in source.claims)
    for id, times in ids.items():
        if times > 1:
            raise ClaimsError(f"claim {id} is given in two sources; keep one")
    known = {source.source: source for source in sorted(read, key=lambda source: (source.order, source.source))}
    _keep_sources(key, known)
    return known


def published(folder: Path | None = None) -> dict[str, Claim]:
    """Every claim by id, in the order of sources and text."""
    known = sources(folder) if folder else sources()
    return {claim.id: claim for source in known.values() for claim in source.claims}


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
    matches = NUMBER.findall(LABEL.sub(" ", line))
    return [(whole or fraction).replace(",", "") for whole, fraction in matches]


def uncounted(source: Source, text: str, folder: Path | None = None) -> list[str]:
    """Where a source's claims and its text disagree, line by line; nothing where every number is accounted for.

    A number of the text must stand in exactly one claim's `prints`, in `left_out`, or in a table's row; a claim's
    own numbers must stand where it says they do.
    """
    lines = text.split("\n")
    claimed: dict[int, collections.Counter] = collections.defaultdict(collections.Counter)
    free: set[int] = set()
    disagreements = []
    for claim in source.claims:
        for place in claim.prints:
            claimed[place.line].update(place.numbers)
        there = collections.Counter(number for place in (*claim.prints, *claim.uses) for number in place.numbers)
        own = [claim.value, claim.k, *(claim.interval or []), *(claim.range or []), *claim.n, _mantissa(claim.p)]
        for number in own:
            if number not in (None, "NR") and number not in there:
                disagreements.append(f"{claim.id}: {number} stands in none of its places")
        counted = [claim.value, *(claim.interval or []), *(claim.range or [])]
        repeats = collections.Counter(number for number in counted if there[number]) - there
        disagreements += [f"{claim.id}: {number} is said less often" for number in repeats.elements()]
        # groups of 19 and 16 and 16 need the text to say 16 twice, but paired groups share one print
        sizes = set(claim.n) if "paired" in claim.flags else claim.n
        repeated = collections.Counter(size for size in sizes if there[size])
        disagreements += [f"{claim.id}: {number} is said less often" for number in (repeated - there).elements()]
        for place in claim.uses:
            for number in place.numbers:
                if not 0 < place.line <= len(lines) or number not in numbers(lines[place.line - 1]):
                    disagreements.append(f"{claim.id}: {number} is not on line {place.line}")
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
    disagreements += [f"line {line}: is not in the text" for line in sorted(outside)]
    for line, words in enumerate(lines, 1):
        there = collections.Counter(numbers(words))
        if line in free:
            continue
        if line in tabled:
            here = tabled[line] | set(claimed[line])
            disagreements += [
                f"line {line}: {number} is neither a claim nor in the table" for number in sorted(set(there) - here)
            ]
            disagreements += [
                f"line {line}: {number} is tabled and not printed" for number in sorted(here - set(there))
            ]
            continue
        disagreements += [
            f"line {line}: {number} is neither a claim nor left out" for number in (there - claimed[line]).elements()
        ]
        disagreements += [
            f"line {line}: {number} is claimed and not printed" for number in (claimed[line] - there).elements()
        ]
    return disagreements


def _mantissa(p: str | None) -> str | None:
    """A printed p without its sign; of `8.4e-6` the figures before the power, as the text prints them apart."""
    return p and p.lstrip("<>=≤≥ ").split("e")[0]


# --- a print as a number ----------------------------------------------------------------------------------------


def as_number(text: str | None) -> float | None:
    """A printed figure as a float; None for NR and for what is not one."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def word_number(claim: Claim) -> str | None:
    """The figure that a claim prints as a word (flag word_number), in digits; `>50` for a majority."""
    return next((flag.partition(":")[2] for flag in claim.flags if flag.startswith("word_number:")), None)


def is_approximate(claim: Claim) -> bool:
    """Whether a figure is published as about so much."""
    return "approximate" in claim.flags


def sizes(claim: Claim) -> tuple[float | None, float | None]:
    """The printed count and the printed number of patients behind a figure, k and n of its one group; None where the
    source gives none. n is the claim's own, else the count of the claim that holds its denominator (`of`)."""
    k, n = as_number(claim.k), as_number(claim.n[0]) if len(claim.n) == 1 else None
    whole = published().get(claim.of) if n is None and claim.of else None
    if whole is not None:
        counted = whole.k or (whole.value if whole.measure == "count" else None) or word_number(whole)
        n = as_number(counted)
    return k, n


def printed_value(claim: Claim) -> str | None:
    """The figure that a number claim prints: its value, a number in words, or k of n in percent."""
    if claim.value is not None:
        return claim.value
    if word := word_number(claim):
        return word.lstrip(">")
    if claim.unit == "percent" and claim.k and len(claim.n) == 1:
        return f"{100 * float(claim.k) / float(claim.n[0]):.10g}"
    return None
