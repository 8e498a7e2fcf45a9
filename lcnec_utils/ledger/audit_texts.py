"""Rules of the audit on labels: figure panels, registry numbers, references, what supplementary tables hold.

They read the tables of labels that stand beside the claims; `texts` says how these were read from the text.
"""

import re
from collections.abc import Iterator

from lcnec_utils.ledger.printed import Book, Found
from lcnec_utils.ledger.texts import COLUMNS, expanded

REGISTRY_DIGITS = 8  # of a ClinicalTrials.gov number
MOST_FUSED = 3  # digits of a reference number
WRONG = "inconsistent"


def _labels(book: Book, kind: str) -> Iterator[tuple[str, str, str]]:
    """Line, label and words of the labels of one kind."""
    return ((row["seed_line"], row["label"], row["said"]) for row in book.rows(*COLUMNS) if row["kind"] == kind)


def panel_labels(book: Book) -> Found:
    """A panel that the text cites is one that the legend of its figure describes."""
    described = [label for _, label, _ in _labels(book, "panel described")]
    cited = list(_labels(book, "panel cited"))
    idle = [label for label in dict.fromkeys(described) if label not in {each for _, each, _ in cited}]
    for line, label, _ in cited:
        figure, letter = label[:-1], label[-1]
        letters = [each[-1] for each in described if each[:-1] == figure]
        if letters and letter not in letters:
            said = f"Fig. {label} is cited (line {line}); the legend of Fig. {figure} has {letters[0]} to {letters[-1]}"
            meant = [each for each in idle if each[-1] == letter]
            way = f"Fig. {' or '.join(meant)}, which is described and cited nowhere" if meant else ""
            yield WRONG, [], said, way


def registry_length(book: Book) -> Found:
    """A registry number is NCT and eight digits."""
    for line, label, _ in _labels(book, "registry"):
        digits = label.removeprefix("NCT")
        over = len(digits) - REGISTRY_DIGITS
        if not over:
            continue
        said = f"{label} (line {line}) has {len(digits)} digits, a registry number {REGISTRY_DIGITS}"
        fused = f"possibly NCT{digits[:REGISTRY_DIGITS]} with reference {digits[REGISTRY_DIGITS:]} fused to it"
        # Where a text fuses its references to words, digits too many may be no slip of the paper
        yield ("note" if 0 < over <= MOST_FUSED else WRONG), [], said, fused if 0 < over <= MOST_FUSED else ""


def reference_names(book: Book) -> Found:
    """An author and a year beside a reference are those of the reference list."""
    known = {label: said for _, label, said in _labels(book, "reference")}
    for line, label, said in _labels(book, "cited"):
        listed = {number: known[number] for number in expanded(label) if number in known}
        years = re.findall(r"\b(?:19|20)\d\d$", said)
        author = re.sub(r"\s*(?:19|20)\d\d$", "", said)
        # Of several references the author named is one; the year is that one's
        by_author = {number: words for number, words in listed.items() if not author or words.startswith(author)}
        shown = ", ".join(f"[{number}] {words}" for number, words in (by_author or listed).items())
        if listed and (not by_author or (years and not any(words.endswith(years[0]) for words in by_author.values()))):
            alone = not author  # a year at the head of a sentence may be that of a meeting, not of the paper
            yield ("note" if alone else WRONG), [], f"'{said}' beside [{label}] (line {line}); listed {shown}", ""


def supplement_numbers(book: Book) -> Found:
    """One supplementary table is said to hold one thing."""
    held: dict[str, list[tuple[str, str]]] = {}
    for line, label, said in _labels(book, "supplement"):
        held.setdefault(label, []).append((line, said))
    for label, statements in held.items():
        (line, said), *others = statements
        for other_line, other in others:
            if not set(re.findall(r"\w+", said)) & set(re.findall(r"\w+", other)):
                yield WRONG, [], f"{label} is said to hold {said} (line {line}) and {other} (line {other_line})", ""
