"""A folder of microscope fields: its table and its pictures, checked where they are read.

table.csv holds one row per field: field (a name of its own), file (its picture, relative to the folder), stain (one of
STAINS), slide, patient, group (the diagnosis), subtype (of the group; may be empty) and um_per_pixel. Further columns
are kept as text. Whatever is wrong is a UserError of one line: file, row, column, what to do.
"""

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.cohort.dictionary import TABLE_FILE
from lcnec_utils.cohort.model import Problem, Reading
from lcnec_utils.cohort.tables import read_csv
from lcnec_utils.core.errors import MissingData, UserError

STAINS = {"H&E": "haematoxylin and eosin", "IF": "immunofluorescence"}
NEVER_EMPTY = ["field", "file", "slide", "patient", "group"]
COLUMNS = [*NEVER_EMPTY, "stain", "subtype", "um_per_pixel"]
MOST_VALUES = 200e6  # of a picture: 8,000 × 8,000 in three channels; a microscope's field has a tenth
TOO_LARGE = f"over {MOST_VALUES / 1e6:.0f} million are no field but a slide; export the field that was looked at"


def refuse(folder: Path, table: pd.DataFrame, *, file: str, column: str, wrong: Sequence[bool], message: str) -> None:
    """Raises UserError on the first row of a file's table that is wrong, if one is.

    table: indexed by row of the file. wrong: one boolean per row. message: what is wrong and what to do; {} in it is
    the row's cell.

    >>> table = pd.DataFrame({"stain": ["H&E", "PAS"]}, index=[2, 3])
    >>> try:
    ...     refuse(Path("mine"), table, file="table.csv", column="stain", wrong=[False, True], message="'{}'!")
    ... except UserError as error:
    ...     print(error)
    mine/table.csv, row 3, column stain: 'PAS'!
    """
    for row in table.index[np.asarray(wrong, bool)][:1]:
        raise UserError(f"{folder.name}/{Problem(file, message.format(table.loc[row, column]), int(row), column)}")


def read_columns(folder: Path, *, file: str, columns: Sequence[str]) -> pd.DataFrame:
    """A comma-separated file of a folder as text, indexed by row of the file (the header is row 1).

    Raises UserError where there is no such file, it is no UTF-8 table with commas, or a column is missing.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> pd.DataFrame({"field": ["F1"], "kind": ["TIL"]}).to_csv(folder / "nuclei.csv", index=False)
    >>> read_columns(folder, file="nuclei.csv", columns=["field", "kind"])
      field kind
    2    F1  TIL
    """
    if not (folder / file).exists():
        raise UserError(f"{folder.name} has no {file}; it needs the columns {', '.join(columns)}")
    reading = Reading()
    table = read_csv(folder / file, reading, may_be_empty=True)
    if table is None:
        raise UserError(f"{folder.name}/{reading.problems[0]}")
    for name in columns:
        if name not in table:
            raise UserError(f"{folder.name}/{Problem(file, 'is missing; add it', column=name)}")
    return table


def read_fields(
    folder: Path,
    *,
    stain: str,
    um_per_pixel: tuple[float, float],
    groups: Mapping[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """The fields of one stain in a folder's table.csv, indexed by row of the file; um_per_pixel is a number.

    stain: one of STAINS. um_per_pixel: the least and largest pixel, in µm, that the analysis takes. groups: each known
    group with its subtypes; without it, any group and any subtype is taken. A patient has one group and one subtype,
    and a subtype given in one of the patient's rows stands in all.

    Raises MissingData where no field has the stain; UserError where a cell is empty, unknown or contradicts another, or
    a picture is not in the folder.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "one.png").touch()
    >>> row = {"field": "F1", "file": "one.png", "stain": "IF", "slide": "S1", "patient": "P1", "group": "SCLC"}
    >>> table = pd.DataFrame([row | {"subtype": "", "um_per_pixel": 0.42}])
    >>> table.to_csv(folder / "table.csv", index=False)
    >>> read_fields(folder, stain="IF", um_per_pixel=(0.02, 5.0))[["field", "group", "um_per_pixel"]]
      field group  um_per_pixel
    2    F1  SCLC          0.42
    """
    folder = Path(folder).resolve()
    table = read_columns(folder, file=TABLE_FILE, columns=COLUMNS)
    table = table.assign(**{name: table[name].str.strip() for name in COLUMNS})

    def check(column: str, wrong: Sequence[bool], message: str) -> None:
        refuse(folder, table, file=TABLE_FILE, column=column, wrong=wrong, message=message)

    check("stain", ~table["stain"].isin(STAINS), f"'{{}}' is none of {', '.join(STAINS)}; write one of them")
    table = table[table["stain"] == stain].copy()
    if table.empty:
        raise MissingData(f"{folder.name} has no field stained by {STAINS[stain]}")
    for column in NEVER_EMPTY:
        check(column, table[column] == "", "is empty; fill it in")
    _check_groups(table, groups, check)
    size = pd.to_numeric(table["um_per_pixel"], errors="coerce")
    low, high = um_per_pixel
    message = f"'{{}}' is no pixel's size from {low:g} to {high:g} µm; give the one that the microscope recorded"
    check("um_per_pixel", ~size.between(low, high), message)
    pictures = table["file"].map(lambda name: (folder / name).resolve())
    there = pictures.map(lambda picture: picture.is_relative_to(folder) and picture.is_file())
    check("file", ~there.astype(bool), "'{}' is no file of this folder; add the picture, or correct its name")
    for column, values in (("field", table["field"]), ("file", pictures)):
        check(column, values.duplicated(), "'{}' stands twice; keep one row")
    return table.assign(um_per_pixel=size)


def _check_groups(
    table: pd.DataFrame, groups: Mapping[str, Sequence[str]] | None, check: Callable[[str, pd.Series, str], None]
) -> None:
    """Refuses groups and subtypes that are unknown or differ within a patient; fills in a patient's subtype."""
    if groups is not None:
        check("group", ~table["group"].isin(groups), f"'{{}}' is none of {', '.join(groups)}; write one of them")
        pairs = zip(table["group"], table["subtype"], strict=True)
        unknown = [subtype not in ("", *groups[group]) for group, subtype in pairs]
        known = "; ".join(f"{group} has {', '.join(names)}" for group, names in groups.items() if names)
        check("subtype", unknown, f"'{{}}' is no subtype of this row's group; {known}; correct it or leave it empty")
    for column in ("group", "subtype"):
        given = table[column].where(table[column] != "")
        first = given.groupby(table["patient"]).transform("first")
        differs = given.notna() & (given != first)
        check(column, differs, f"'{{}}' differs from the {column} of this patient in a row above; correct one of them")
        table[column] = first.fillna("")


def _declared_shape(path: Path) -> tuple[int, ...]:
    """The shape that a picture's head declares; nothing is decoded."""
    from PIL import Image

    with open(path, "rb") as file:
        head = file.read(4)
    if head[:2] in (b"II", b"MM") and head[2:].strip(b"\0") in (b"*", b"+"):
        import tifffile

        logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # says in many lines what one says below
        with tifffile.TiffFile(path) as tiff:
            return max((series.shape for series in tiff.series), key=lambda shape: np.prod(shape, dtype=float))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # a bound of its own follows
        with Image.open(path) as picture:
            return (picture.height, picture.width, len(picture.getbands()))


def load_picture(path: Path) -> np.ndarray:
    """The picture of a file as it is stored: rows × columns, with a last or first axis of channels; 8 or 16 bit.

    Raises UserError where there is no such file, it cannot be read, its values are of another type, or its head
    declares more of them than MOST_VALUES, which is judged before a pixel is decoded.

    >>> import tempfile
    >>> from skimage import io
    >>> path = Path(tempfile.mkdtemp()) / "grey.png"
    >>> io.imsave(path, np.full((4, 6), 200, np.uint8), check_contrast=False)
    >>> load_picture(path).shape
    (4, 6)
    """
    from PIL import Image
    from skimage import io

    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path.name}: there is no such picture; add it, or correct its name")
    try:
        declared = _declared_shape(path)
        picture = np.asarray(io.imread(path)) if np.prod(declared, dtype=float) <= MOST_VALUES else None
    except Image.DecompressionBombError:
        raise UserError(f"{path.name}: {TOO_LARGE}") from None
    except Exception as error:  # every decoder has errors of its own
        reason = _one_line(error).replace(str(path), path.name)[:100]
        raise UserError(f"{path.name}: is no picture that can be read ({reason}); save it as PNG or TIFF") from None
    if picture is None:
        raise UserError(f"{path.name}: declares {' × '.join(map(str, declared))} values; {TOO_LARGE}")
    if picture.dtype not in (np.uint8, np.uint16):
        raise UserError(f"{path.name}: holds values of the type {picture.dtype}; save it in 8 or 16 bit")
    return picture


def picture_of(folder: Path, row, *, read: Callable[[Path], np.ndarray]):
    """What `read` makes of the picture of one row of `read_fields` (as `itertuples` gives it).

    Raises read's UserError with the row of table.csv.

    >>> row = next(pd.DataFrame({"file": ["one.png"]}, index=[2]).itertuples())
    >>> picture_of(Path("mine"), row, read=lambda path: path.suffix)
    '.png'
    """
    try:
        return read(folder / row.file)
    except UserError as error:
        raise UserError(f"{folder.name}/{Problem(TABLE_FILE, str(error), row.Index, 'file')}") from None


def shape_of(picture: np.ndarray) -> str:
    """The shape of a picture in words.

    >>> shape_of(np.zeros((8, 6, 3)))
    '8 × 6 × 3'
    """
    return " × ".join(map(str, picture.shape))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
