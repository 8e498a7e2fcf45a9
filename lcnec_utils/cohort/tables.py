"""A tab-separated file as a table of text: whatever an editor or a spreadsheet left in it, read to the same cells."""

import collections
import csv
import gzip
import io
import itertools
import re
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.cohort.model import Reading
from lcnec_utils.cohort.words import is_null

POINTER = b"version https://git-lfs"
FEW_COLUMNS = 500  # that are changed one by one
_CONTROL = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]|\xef\xbf[\xbe\xbf]|\xc2[\x80-\x84\x86-\x9f]")
MOST_UNPACKED = 4_000_000_000  # bytes of a gzip file; a million mutations have half of one
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def raw_bytes(path: Path, reading: Reading) -> bytes | None:
    """The bytes of a file, unpacked where it is gzip-compressed; None and a problem where it cannot be read."""
    try:
        if not path.is_file():  # a pipe or a device would be waited for
            there = path.exists() or path.is_symlink()
            why = "is no file; put the file itself there" if there else "is not there; put it there"
            if not any(problem.file == path.name for problem in reading.problems):
                reading.refuse(path.name, why)
            return None
        data = path.read_bytes()
        if data.startswith(b"\x1f\x8b"):
            with gzip.open(io.BytesIO(data)) as packed:
                data = packed.read(MOST_UNPACKED + 1)
            if len(data) > MOST_UNPACKED:
                reading.refuse(path.name, f"unpacks to over {MOST_UNPACKED / 1e9:g} GB; give the columns that are read")
                return None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        reading.refuse(path.name, "is no whole gzip file; download it again")
        return None
    except OSError as error:
        reading.refuse(path.name, f"cannot be read ({error.strerror}); put the file there")
        return None
    if data.startswith(POINTER):
        reading.refuse(path.name, "is a pointer of Git LFS and not the data; fetch the file itself (git lfs pull)")
        return None
    return data


def plain_text(path: Path, reading: Reading) -> bytes | None:
    """The text of a file as UTF-8 bytes with Unix line ends; None and a problem where it is no text."""
    data = raw_bytes(path, reading)
    if data is None:
        return None
    if data.startswith(_UTF16):
        try:
            data = data.decode("utf-16").encode()
        except UnicodeDecodeError:
            reading.refuse(path.name, "is broken UTF-16; save it as UTF-8")
            return None
        reading.harmless(f"{path.name} is UTF-16 and was read as such")
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        reading.harmless(f"{path.name} begins with a byte order mark, which was left out")
    if data.startswith(b"PK\x03\x04"):
        reading.refuse(path.name, "is an Excel workbook; save its sheet as tab-separated text")
        return None
    if re.match(rb"\s*<(!doctype|html|\?xml)", data[:200], re.I):
        reading.refuse(path.name, "is a web page and not the data; download the file itself")
        return None
    if b"\0" in data:  # pandas would end the cell there: 1\0 2.5 would be one month
        row = data[: data.index(b"\0")].count(b"\n") + 1
        reading.refuse(path.name, "holds a null byte; save it as plain UTF-8 text", row=row)
        return None
    if _CONTROL.search(data):  # a terminal would obey them, and no SVG may hold them
        data = _CONTROL.sub(b" ", data)
        reading.odd(f"{path.name} holds control characters, which were read as spaces")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        reading.harmless(f"{path.name} has Windows line ends, which were read as plain ones")
    if not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            row = data[: error.start].count(b"\n") + 1
            reading.refuse(path.name, "is not UTF-8 text here; save it as UTF-8", row=row)
            return None
    return data


def fields_of(path: Path, reading: Reading) -> dict[str, str]:
    """The `key: value` lines of a meta file, a case list or a gene panel, keys in small letters."""
    data = plain_text(path, reading)
    lines = [] if data is None else data.decode("utf-8").split("\n")
    pairs = [line.split(":", 1) for line in lines if ":" in line and not line.lstrip().startswith("#")]
    return {key.strip().lower(): value.strip() for key, value in pairs}


def read_csv(
    path: Path, reading: Reading, separator: str = ",", comment: str = "", may_be_empty: bool = False
) -> pd.DataFrame | None:
    """A table with commas as text, index = the line of the file (the first is 1); None where it is refused.

    Cells are without the spaces around them; quotes are those of RFC 4180. A row of other width than the header's is
    refused, since a decimal comma or a comma in a word would move its cells, unless empty cells end it. A column
    without a name (of row numbers, as R and pandas write them) is left out. comment: lines that begin so are no rows.
    may_be_empty: a header without rows is a table too.
    """
    data, file = plain_text(path, reading), path.name
    if data is None:
        return None
    lines = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), delimiter=separator, strict=True)
    header: list[str] | None = None
    rows: list[list[str]] = []
    places: list[int] = []
    place = 1  # the line where a row begins: a cell in quotes may hold line ends
    try:
        for row in lines:
            begun, place = place, lines.line_num + 1
            cells = [cell.strip() for cell in row]
            if not any(cells) or (comment and cells[0].startswith(comment)):
                continue
            if header is None:
                header = cells
                other = next((sign for sign in _SIGNS if sign in row[0]), "") if len(cells) == 1 else ""
                if other and other != separator:
                    is_, should = _SIGNS[other], _SIGNS.get(separator, separator)
                    reading.refuse(file, f"has {is_}s between its columns; write {should}s", begun)
                    return None
                continue
            if len(cells) < len(header) or any(cells[len(header) :]):
                message = f"has {len(cells)} cells, the header has {len(header)}; put a cell that holds a "
                reading.refuse(file, f"{message}{_SIGNS.get(separator, separator)} in double quotes", begun)
                return None
            rows.append(cells[: len(header)])
            places.append(begun)
    except csv.Error as error:
        reading.refuse(
            file, f"is no table with {_SIGNS.get(separator, separator)}s ({error}); correct its quotes", place
        )
        return None
    if header is None:
        reading.refuse(file, "is empty; it needs a header and one row per record")
        return None
    if not rows and not may_be_empty:
        reading.refuse(file, "has a header but no row; add one row per record")
        return None
    doubled = [name for name in header if name and header.count(name) > 1]
    if doubled:
        reading.refuse(file, "stands twice in the header; keep one", column=doubled[0])
        return None
    table = pd.DataFrame(rows, pd.Index(places, dtype=int), range(len(header)), dtype=object)
    return table.set_axis(header, axis=1).loc[:, [bool(name) for name in header]]


_SIGNS = {",": "comma", "\t": "tab", ";": "semicolon"}


def _unquote(cell: str) -> str:
    """A cell without the spaces around it and without the pair of quotes around that."""
    cell = cell.strip()
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        cell = cell[1:-1].replace('""', '"').strip()
    return cell


def _structure(data: bytes) -> tuple[int, list[int], list[int], list[int], int]:
    """Where a text's header is (0-based line), and of the lines after it: those that begin with #, those that are
    blank, and those whose fields are more or fewer than the header's; last, how many lines there are."""
    header, width, place = -1, 0, -1
    comments, blank, uneven = [], [], []
    for place, line in enumerate(io.BytesIO(data)):
        if line.startswith((b"#", b'"#')):
            comments.append(place)
        elif not line.strip():
            blank.append(place)
        elif header < 0:
            header, width = place, line.count(b"\t")
        elif line.count(b"\t") != width:
            uneven.append(place)
    return header, comments, blank, uneven, place + 1


def _header(line: str, file: str, row: int, reading: Reading) -> list[str] | None:
    if "\t" not in line and (other := re.search(r"[,;|]|(?<=\S)  +(?=\S)", line)):
        sign = other[0]
        reading.refuse(file, f"columns are separated by '{sign}'; cBioPortal files are tab-separated", row=row)
        return None
    names = [_unquote(name) for name in line.split("\t")]
    while len(names) > 1 and not names[-1]:
        names.pop()  # tabs at the end of the line
    counts = collections.Counter(names)
    doubled = sorted(name for name, count in counts.items() if count > 1 and name)
    if doubled:
        reading.refuse(file, "stands twice in the header; keep one", row=row, column=doubled[0])
    elif "" in names:
        reading.refuse(file, "has a column without a name; name it, or delete the tab", row=row)
    else:
        return names
    return None


def read_tsv(
    path: Path,
    reading: Reading,
    columns: set[str] | None = None,
    keep_nulls: bool = False,
    may_be_empty: bool = False,
) -> pd.DataFrame | None:
    """A tab-separated file as text, index = the line of the file (the first is 1); None where it is refused.

    Lines that begin with # are no rows, wherever they stand; cells are without quotes and spaces around them, and
    cBioPortal's null words are empty cells, counted by column in `attrs["nulls"]`. `attrs["comments"]` holds the lines
    above the header. columns: those to read, by name in small letters (all where None). keep_nulls: cells are left as
    they stand, for a file in which `-` or `.` is a value. may_be_empty: a header without rows is a table too.
    """
    file = path.name
    data = plain_text(path, reading)
    if data is None:
        return None
    if not data.strip():
        reading.refuse(file, "is empty; it needs a header and one row per record")
        return None
    header, comments, blank, uneven, lines = _structure(data)
    if header < 0:
        reading.refuse(file, "has comment lines but no header; add the header and the rows", row=1)
        return None
    head = next(itertools.islice(io.BytesIO(data), header, None)).decode().rstrip("\n")
    names = _header(head, file, header + 1, reading)
    if names is None:
        return None
    by_line = None
    if uneven or head.count("\t") + 1 != len(names):
        by_line = data.split(b"\n")
        if not _only_empty_beyond(by_line, range(header + 1, lines), len(names), file, reading):
            return None
    after = [place for place in comments if place > header]
    if after:
        reading.odd(f"{len(after)} of the lines of {file} begin with # and are no rows, as cBioPortal reads them")
    skip = {*comments, *blank}
    rows = [place + 1 for place in range(header + 1, lines) if place not in skip]
    if not rows and not may_be_empty:
        reading.refuse(file, "has a header but no row; add one row per record", row=header + 1)
        return None
    chosen = [place for place, name in enumerate(names) if columns is None or name.lower() in columns]
    if by_line is None:
        table = _parse(data, header, skip, names, chosen)
    else:
        table = _parse(_cut(by_line, header, skip, len(names)), header, set(), names, chosen)
    table.index = rows
    first = table.iloc[:, 0] if len(table.columns) > 1 else pd.Series(dtype=object)
    head_again = first.index[first == table.columns[0]] if len(first) else []
    again = [row for row in head_again if list(table.loc[row]) == list(table.columns)]
    if again:
        reading.refuse(file, "repeats the header; delete the line", row=int(again[0]))
        return None
    clean, nulls, changed = _may_need_cleaning(data), {}, {}
    for name, column in table.items():
        cells, count = _cells(column, clean, keep_nulls)
        if cells is not column:
            changed[name] = cells
        if count:
            nulls[name] = count
    table = _with_columns(table, changed)
    table.attrs["nulls"] = nulls
    above = itertools.islice(io.BytesIO(data), header)
    table.attrs["comments"] = [line.decode().rstrip("\n") for line in above if line.startswith(b"#")]
    return table


def _only_empty_beyond(by_line: list[bytes], places: range, width: int, file: str, reading: Reading) -> bool:
    """Whether rows of another width than the header's differ by empty fields at the end alone; else a problem."""
    for place in places:
        line = by_line[place]
        if line.startswith((b"#", b'"#')) or not line.strip():
            continue
        fields = line.split(b"\t")
        if len(fields) < width or any(field.strip() for field in fields[width:]):
            message = f"has {len(fields)} fields, the header has {width}; give each column one tab-separated field"
            reading.refuse(file, message, row=place + 1)
            return False
    reading.harmless(f"{file} has empty fields at the ends of lines, which were left out")
    return True


def _may_need_cleaning(data: bytes) -> bool:
    """Whether any cell of a text may have quotes or spaces around it."""
    signs = (b'"', b" \t", b"\t ", b" \n", b"\n ", b"\xc2\xa0")
    return data.endswith(b" ") or any(sign in data for sign in signs)


def _cut(by_line: list[bytes], header: int, skip: set[int], width: int) -> bytes:
    """The text with every row cut to the header's fields, comment lines and blank ones left out."""
    kept = [
        b"\t".join(line.split(b"\t")[:width])
        for place, line in enumerate(by_line)
        if place >= header and place not in skip
    ]
    return b"\n" * header + b"\n".join(kept)


def _parse(data: bytes, header: int, skip: set[int], names: list[str], chosen: list[int]) -> pd.DataFrame:
    above = set(range(header + 1))
    table = pd.read_csv(
        io.BytesIO(data), sep="\t", header=None, names=range(len(names)), usecols=chosen, dtype=str,
        keep_default_na=False, quoting=csv.QUOTE_NONE, skiprows=sorted(above | skip), skip_blank_lines=True,
        encoding="utf-8", low_memory=False,
    )  # fmt: skip
    return table.rename(columns={place: names[place] for place in chosen})


def _with_columns(table: pd.DataFrame, changed: dict[str, pd.Series]) -> pd.DataFrame:
    """The table with some columns changed; a column at a time where they are few, for with each pandas goes through all
    blocks of a table, of which a sample a column makes tens of thousands."""
    if len(changed) > FEW_COLUMNS:
        return pd.DataFrame({name: changed.get(name, column) for name, column in table.items()}, index=table.index)
    for name, column in changed.items():
        table[name] = column
    return table


def _cells(column: pd.Series, clean: bool, keep_nulls: bool) -> tuple[pd.Series, int]:
    """A column of text with each distinct cell cleaned once, and how many cells were a null word."""
    codes, distinct = pd.factorize(column)
    words = [_unquote(cell) if clean else cell for cell in distinct]
    null = [] if keep_nulls else [place for place, word in enumerate(words) if word and is_null(word)]
    if null:
        words = ["" if place in set(null) else word for place, word in enumerate(words)]
    if words == list(distinct):
        return column, 0
    count = int(np.isin(codes, null).sum()) if null else 0
    return pd.Series(np.array(words, dtype=object)[codes], column.index), count
