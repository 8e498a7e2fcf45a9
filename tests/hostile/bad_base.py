"""How a bad folder is made: the whole study, or a part of it, with one change.

A case is (group, change): the group says which files of whole_study stand beside the clinical tables, the change takes
the files (text by path) and puts one fault in. What each is answered with stands in expected.tsv, to the letter.
"""

import os
from collections.abc import Callable
from pathlib import Path

import whole_study

Files = dict[str, str | bytes | Callable[[Path], None] | None]
Change = Callable[[Files], None]

PATIENTS, SAMPLES, MAF = "data_clinical_patient.txt", "data_clinical_sample.txt", "data_mutations.txt"
CNA, SV, PANELS = "data_cna.txt", "data_sv.txt", "data_gene_panel_matrix.txt"
LIST, YAML, TARGETS = "case_lists/cases_sequenced.txt", "cohort.yaml", "targets.csv"
CORE = [PATIENTS, SAMPLES, "meta_study.txt", LIST]
GROUPS = {
    "clinical": CORE,
    "mutations": [*CORE, MAF],
    "genome": [*CORE, MAF, CNA, SV],
    "panels": [*CORE, MAF, PANELS, "data_gene_panel_PAN1.txt", "data_gene_panel_PAN2.txt"],
    "timelines": [*CORE, "data_timeline_treatment.txt", "data_timeline_toxicity.txt"],
    "lesions": [*CORE, "lesions.csv"],
    "stained": [*CORE, "data_densities.txt", "data_marker_positivity.txt"],
    "counted": [*CORE, "data_ncounter_io360.txt", "ncounter_io360.txt"],
    "raw counts": [*CORE, "ncounter_myeloid.txt", "rcc_myeloid/P01-T1.RCC", "rcc_myeloid/P02-T1.RCC"],
    "expression": [*CORE, "data_mrna_seq_tpm.txt"],
}
WHOLE = whole_study.texts()
OTHER = whole_study.other_forms()


def base(group: str) -> Files:
    """The files of a group, before the change."""
    files = OTHER[group] if group in OTHER else {name: WHOLE[name] for name in GROUPS[group]}
    return {name: data if name.endswith(".xpt") else data.decode() for name, data in files.items()}


def write(files: Files, folder: Path) -> None:
    """Writes the files; what is a function makes its file itself (a pipe, a link), None is left out."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(text):
            text(path)
        elif text is not None:
            path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))


# --- changes


def both(*changes: Change) -> Change:
    """Several changes, in this order."""

    def change(files: Files) -> None:
        for each in changes:
            each(files)

    return change


def put(file: str, text) -> Change:
    """A file with this content, whatever it held; None takes it away."""

    def change(files: Files) -> None:
        files[file] = text

    return change


def swap(file: str, old: str, new: str) -> Change:
    """Every occurrence of some words of a file replaced."""

    def change(files: Files) -> None:
        assert old in files[file], (file, old)
        files[file] = files[file].replace(old, new)

    return change


def end(file: str, text: str) -> Change:
    """Text added to a file's end."""

    def change(files: Files) -> None:
        files[file] += text

    return change


def _table(files: Files, file: str) -> tuple[list[list[str]], str]:
    sign = "," if file.endswith(".csv") else "\t"
    return [line.split(sign) for line in files[file].rstrip("\n").split("\n")], sign


def cell(file: str, row: int, column: str, value: str) -> Change:
    """One cell of a table; row: the line of the file, as messages count it."""

    def change(files: Files) -> None:
        rows, sign = _table(files, file)
        rows[row - 1][rows[0].index(column)] = value
        files[file] = "\n".join(map(sign.join, rows)) + "\n"

    return change


def column(file: str, name: str, value: str | list[str], more: str = "") -> Change:
    """All cells of a column, old or new; a list: the first cells, the others as `more`."""

    def change(files: Files) -> None:
        rows, sign = _table(files, file)
        if name not in rows[0]:
            rows = [[*cells, name if place == 0 else more] for place, cells in enumerate(rows)]
        where = rows[0].index(name)
        values = (
            [value] * (len(rows) - 1) if isinstance(value, str) else [*value, *[more] * (len(rows) - 1 - len(value))]
        )
        for cells, text in zip(rows[1:], values, strict=True):
            cells[where] = text
        files[file] = "\n".join(map(sign.join, rows)) + "\n"

    return change


def drop(file: str, name: str) -> Change:
    """A table without a column."""

    def change(files: Files) -> None:
        rows, sign = _table(files, file)
        where = rows[0].index(name)
        files[file] = "\n".join(sign.join(cells[:where] + cells[where + 1 :]) for cells in rows) + "\n"

    return change


def rename(file: str, old: str, new: str) -> Change:
    """A column under another name."""

    def change(files: Files) -> None:
        head, rest = files[file].split("\n", 1)
        files[file] = head.replace(old, new) + "\n" + rest

    return change


# --- what is no file


def pipe(path: Path) -> None:
    """A named pipe, which nobody writes to."""
    os.mkfifo(path)


def circle(path: Path) -> None:
    """A link to itself."""
    path.symlink_to(path)


def device(path: Path) -> None:
    """A link to a device that never ends."""
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    """A folder in the place of a file."""
    path.mkdir()
