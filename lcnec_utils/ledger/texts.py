"""Labels in the running text of a paper: figure panels, registry numbers, references, what a supplement holds.

A text is read line by line, as the claims number its lines. The sources' texts are not part of the repository; what is
read of them here is kept beside the claims (`<source>_labels.csv`), where the audit finds it in every run.
"""

import itertools
import re
from collections.abc import Iterator

COLUMNS = ("kind", "seed_line", "label", "said")
Label = dict[str, str]  # one row: kind, line, label, and what the text says of it

# Panels of the paper's own figures, as cited: "Fig. 1A, B", "Figs. 2a–c"; those of a supplement have no legend here
CITED_PANEL = re.compile(
    r"(?<!Supplementary )(?<!Extended Data )Fig(?:ure|s)?\.?\s*(\d+)\s?([A-Za-z]\b(?:\s*(?:,|–|-|and)\s*[A-Za-z]\b)*)"
)
# A panel's letter in a legend whose words are fused to it: first of all, behind punctuation, between two small letters
PANEL = r"(?:^|(?<=[.,;)*])|(?<=[a-z])(?={0}[a-z])|(?<=\()(?={0}\))){0}(?=[A-Za-z)])"
REGISTRY = re.compile(r"NCT\s?(\d+)")
REFERENCE = re.compile(r"^\s*-?\s*(\d+)\.\s+(.+)")
YEAR = re.compile(r"\b((?:19|20)\d\d);")
NAME = r"[A-ZÀ-Þ][\w’'-]+"
CITATION = r"\^\[(\d[\d,–-]*)\]"
AUTHOR_YEAR = re.compile(rf"({NAME}) et al\. {CITATION} ((?:19|20)\d\d)")
AUTHOR = re.compile(rf"({NAME}) \*et al\.\*(?:[’']s)?((?:(?!et al\.).)*?){CITATION}")
IN_YEAR = re.compile(rf"\bIn ((?:19|20)\d\d), ((?:(?!\bIn (?:19|20)\d\d).)*?){CITATION}")
SENTENCE_END = re.compile(r"(?<!vs)(?<!vs\.\*)\.\*?\s+[A-Z]")
SUPPLEMENT = r"(Supplementary (?:Tables?|Data|Figs?\.))\s*(\d+(?:\s*(?:–|-|and|,)\s*\d+)*)"
# What a supplement is said to hold: "X are available in Table 1", "the X listed in Table 1", "Table 1 provides the X"
HELD_IN = re.compile(rf"([^.;()]+?) ((?:is|are) )?(?:available|listed|provided|shown|given) in {SUPPLEMENT}")
HOLDS = re.compile(rf"{SUPPLEMENT} (?:provides?|lists?|gives?|shows?) (?:the )?([^.;()]+)")
PREPOSITION = re.compile(r"\b(?:of|between|by|for|in|from|with|per|to|on|that|which|used|assessed)\b")


def expanded(text: str) -> list[str]:
    """`1, 3–5` as 1, 3, 4, 5; `A, C–E` as A, C, D, E.

    >>> expanded("1, 3–5"), expanded("A and C-E")
    (['1', '3', '4', '5'], ['A', 'C', 'D', 'E'])
    """
    labels: list[str] = []
    for part in re.split(r",|\band\b", text):
        first, _, last = (end.strip() for end in part.replace("–", "-").partition("-"))
        if last and first.isdigit():
            labels += map(str, range(int(first), int(last) + 1))
        elif last:
            labels += [chr(code) for code in range(ord(first), ord(last) + 1)]
        else:
            labels += [first] if first else []
    return labels


def panels_of_legend(line: str) -> str:
    """The letters of the panels that a legend describes, from A without a gap; empty for what is no legend.

    >>> panels_of_legend("AOverall survival in Cohort 1.BThe same in Cohort 2, andCresponse rates.")
    'ABC'
    >>> panels_of_legend("A patient had two biopsies.")
    ''
    """
    letters, start = "", 0
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        match = re.compile(PANEL.format(letter)).search(line, start)
        if not match:
            break
        letters, start = letters + letter, match.end()
    return letters if len(letters) > 1 else ""


def _panels(lines: list[str]) -> Iterator[Label]:
    figure = 0
    for number, line in enumerate(lines, 1):
        letters = panels_of_legend(line)
        figure += bool(letters)
        for letter in letters:
            yield {"kind": "panel described", "seed_line": str(number), "label": f"{figure}{letter}", "said": ""}
        for cited, panels in CITED_PANEL.findall(line):
            for letter in expanded(panels):
                label = f"{cited}{letter.upper()}"
                yield {"kind": "panel cited", "seed_line": str(number), "label": label, "said": ""}


def _registries(lines: list[str]) -> Iterator[Label]:
    for number, line in enumerate(lines, 1):
        for digits in REGISTRY.findall(line):
            yield {"kind": "registry", "seed_line": str(number), "label": f"NCT{digits}", "said": ""}


def _reference_list(lines: list[str]) -> Iterator[Label]:
    """The references behind the head of that name, each with its first author and year; one may go over lines."""
    start = next((place for place, line in enumerate(lines) if line.strip().upper() == "REFERENCES"), len(lines))
    entries: list[tuple[int, str, str]] = []
    for number, line in enumerate(lines[start + 1 :], start + 2):
        match = REFERENCE.match(line)
        if match and int(match[1]) == len(entries) + 1:
            entries.append((number, match[1], match[2]))
        elif entries:
            entries[-1] = (*entries[-1][:2], f"{entries[-1][2]} {line}")
    for number, label, words in entries:
        author = re.match(rf"(?:[a-z]+ )*{NAME}(?: {NAME})*(?= [A-ZÀ-Þ]{{1,3}}\b)", words)
        year = YEAR.search(words)
        said = f"{author[0] if author else ''} {year[1] if year else ''}".strip()
        yield {"kind": "reference", "seed_line": str(number), "label": label, "said": said}


def _citations(lines: list[str]) -> Iterator[Label]:
    """References cited by the name of an author, by a year, or by both."""
    for number, line in enumerate(lines, 1):
        for author, cited, year in AUTHOR_YEAR.findall(line):
            yield {"kind": "cited", "seed_line": str(number), "label": cited, "said": f"{author} {year}"}
        for author, between, cited in AUTHOR.findall(line):
            if not SENTENCE_END.search(between):
                yield {"kind": "cited", "seed_line": str(number), "label": cited, "said": author}
        for year, between, cited in IN_YEAR.findall(line):
            if "^[" not in between:  # the next reference of the text, over however many sentences
                yield {"kind": "cited", "seed_line": str(number), "label": cited, "said": year}


def _head(words: str) -> str:
    """The head of a noun phrase: what stands before its first preposition, without article."""
    phrase = PREPOSITION.split(re.sub(r"^.*?,\s*and\s+|^\s*(?:the|and)\s+", "", words.strip(), flags=re.I))[0]
    return phrase.strip().lower()


def _supplements(lines: list[str]) -> Iterator[Label]:
    for number, line in enumerate(lines, 1):
        stated = [
            (name, numbers, words if verb else words.rpartition(" the ")[2])  # "and the antibodies listed in Table 1"
            for words, verb, name, numbers in HELD_IN.findall(line)
        ]
        stated += [(name, numbers, words) for name, numbers, words in HOLDS.findall(line)]
        for name, numbers, words in stated:
            for label in expanded(numbers):
                whole = f"{name.rstrip('s.')} {label}"
                yield {"kind": "supplement", "seed_line": str(number), "label": whole, "said": _head(words)}


def labels(text: str) -> list[Label]:
    """Every label of a text that the audit has a rule on, kind by kind and line by line.

    Columns as COLUMNS. Kinds: `panel described` (a legend has it) and `panel cited`; `registry`; `reference` (said:
    first author and year of the list) and `cited` (label: its numbers, said: the author or year beside them);
    `supplement` (said: what the text says it holds).

    >>> [row["label"] for row in labels("Survival differed (Fig. 1A, B; NCT00000001).")]
    ['1A', '1B', 'NCT00000001']
    """
    lines = text.split("\n")
    rules = (_panels, _registries, _reference_list, _citations, _supplements)
    return list(itertools.chain.from_iterable(rule(lines) for rule in rules))
