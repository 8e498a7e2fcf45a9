"""Tables of published workbooks, held to the layout and the codes that are documented; anything else is refused."""

import collections
import warnings
from pathlib import Path

import pandas as pd

from lcnec_utils.cohort import words
from lcnec_utils.core.errors import UserError

STATUS_WORDS = {"OS": ("0:LIVING", "1:DECEASED"), "PFS": ("0:CENSORED", "1:PROGRESSION OR DEATH")}


def read_sheet(path: Path, sheet: str, columns: list[str] | None = None) -> pd.DataFrame:
    """A sheet of an Excel workbook as a table, cells as typed there, formulas by their stored values.

    columns: those that it must have; they are returned in this order. None: all that are there. Raises UserError that
    names file, sheet and what is missing.
    """
    with warnings.catch_warnings():  # of extensions of Excel that hold no cell
        warnings.filterwarnings("ignore", module="openpyxl")
        try:
            table = pd.read_excel(path, sheet_name=sheet, engine="openpyxl")
        except ValueError as error:
            if "Worksheet named" not in str(error):
                raise
            raise UserError(f"{path.name} has no sheet '{sheet}'; use the registered file") from None
    if columns is None:
        return table
    lacking = [name for name in columns if name not in table]
    if lacking:
        raise UserError(f"{path.name}, sheet {sheet}: no column {', '.join(lacking)}; use the registered file")
    return table[columns]


def _refuse_unknown(cells: pd.Series, unknown: set, where: str) -> None:
    if unknown:
        counts = collections.Counter(cell for cell in cells if cell in unknown)
        named = ", ".join(f"'{cell}' ({number})" for cell, number in sorted(counts.items(), key=lambda pair: str(pair)))
        raise UserError(f"{where}: {named} has no documented meaning; use the registered file")


def by_code(cells: pd.Series, meaning: dict, where: str) -> pd.Series:
    """What each cell means by a table of codes, missing where the cell is empty. Raises UserError for any other code.

    where: file, sheet and column, for the message.

    >>> import pandas as pd
    >>> by_code(pd.Series([1, 0, None]), {0: "NO", 1: "YES"}, "sheet A, column Response").tolist()
    ['YES', 'NO', nan]
    >>> by_code(pd.Series([1, 7]), {0: "NO", 1: "YES"}, "sheet A, column Response")
    Traceback (most recent call last):
        ...
    lcnec_utils.core.errors.UserError: sheet A, column Response: '7' (1) has no documented meaning; use the \
registered file
    """
    if cells.dtype == object:
        cells = cells.map(lambda cell: cell.strip() if isinstance(cell, str) else cell)
    _refuse_unknown(cells, set(cells.dropna()) - set(meaning), where)
    return cells.map(meaning).astype(object)


def by_vocabulary(cells: pd.Series, vocabulary: str, where: str) -> pd.Series:
    """What each word means in a closed vocabulary of cohort/words.py, missing where it says that nothing is known.

    Raises UserError for a word that the vocabulary lacks; where: file, sheet and column.

    >>> import pandas as pd
    >>> by_vocabulary(pd.Series(["SCLC_like", "Other", None]), "subtype", "Table S6D").tolist()
    ['SCLC-like', 'Unclassified', nan]
    """
    cells = cells.astype(object).where(cells.notna(), "").astype(str).str.strip()
    meaning = {word: "" if words.is_null(word) else words.word(vocabulary, word) for word in cells.unique()}
    _refuse_unknown(cells, {word for word, meant in meaning.items() if meant is None}, where)
    return cells.map({word: meant or float("nan") for word, meant in meaning.items()}).astype(object)


def status(events: pd.Series, endpoint: str, where: str) -> pd.Series:
    """The status of an endpoint (OS or PFS) in cBioPortal's words, from 1 for an event and 0 for a censored time."""
    return by_code(events, dict(enumerate(STATUS_WORDS[endpoint])), where)
