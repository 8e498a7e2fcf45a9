"""A cohort's own words where a reader's program could take them for more than words: a formula in a spreadsheet, markup
or mathematics in a notebook."""

import csv
import io
import re
from collections.abc import Collection

FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # a cell that begins so is a formula, if no number
# What Markdown, or MathJax after it, takes for the beginning of something; our own sentences hold bold, emphasis and
# code alone. A sign in <code> is a sign: MathJax looks for no mathematics there.
_BEGINS = {
    r"<(?=[A-Za-z/!?])": "&lt;", r"\](?=[(:])": "&#93;", r"\\": "<code>&#92;</code>", r"\$": "<code>&#36;</code>",
}  # fmt: skip
_MARKUP = re.compile("|".join(f"({sign})" for sign in _BEGINS))
_SIGNS = list(_BEGINS.values())


def without_formulas(text: str) -> str:
    """A CSV whose cells no spreadsheet takes for a formula: a text that begins like one stands behind an apostrophe,
    numbers and lone signs stay as they are, and so does a text without such a cell, to the byte.

    >>> print(without_formulas("group,change\\n=1+1,-0.5\\n"), end="")
    group,change
    '=1+1,-0.5
    """
    rows = list(csv.reader(io.StringIO(text)))
    if not any(map(_is_formula, (cell for row in rows for cell in row))):
        return text
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(
        [f"'{cell}" if _is_formula(cell) else cell for cell in row] for row in rows
    )
    return written.getvalue()


def _is_formula(cell: str) -> bool:
    if not cell.startswith(FORMULA) or len(cell) == 1:
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False


def as_markdown(sentence: str) -> str:
    """A sentence in Markdown in which bold, emphasis and code are all that is more than words: no element, no link, no
    mathematics, whatever a cohort's name or group in it holds.

    >>> as_markdown("**STK11.** n < 5 in `OS`")
    '**STK11.** n < 5 in `OS`'
    >>> as_markdown("<script>f()</script> [x](javascript:f())")
    '&lt;script>f()&lt;/script> [x&#93;(javascript:f())'
    """
    return _MARKUP.sub(lambda match: _SIGNS[match.lastindex - 1], sentence)


def as_written(markdown: str) -> str:
    """The sentence that `as_markdown` was given, for a page that escapes words in its own way.

    >>> as_written(as_markdown("<b> [x](y) $1"))
    '<b> [x](y) $1'
    """
    for sign, shown in zip(("<", "]", "\\", "$"), _SIGNS, strict=True):
        markdown = markdown.replace(shown, sign)
    return markdown


SHORTEST_NAME = 4  # a shorter identifier is a number like any other


def without_names(text: str, names: Collection[str]) -> str:
    """A text that may be kept or sent on, a log or an error, without identifiers of patients and samples.

    >>> without_names("KeyError: ['P-0001', 'TP53'] not in index", {"P-0001"})
    "KeyError: ['(a patient)', 'TP53'] not in index"
    """
    there = [name for name in map(str, names) if len(name) >= SHORTEST_NAME and name in text]
    for name in sorted(there, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "(a patient)", text)
    return text
