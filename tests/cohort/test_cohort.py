"""A study folder read right or refused in one line; never a traceback, never a silent number."""

import itertools
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from lcnec_utils import cli
from lcnec_utils.cohort import read
from lcnec_utils.cohort.dictionary import CNA_FILE as CNA
from lcnec_utils.cohort.dictionary import MUTATION_FILE as MUTATIONS
from lcnec_utils.cohort.dictionary import PANEL_MATRIX_FILE as MATRIX
from lcnec_utils.cohort.dictionary import PATIENT_FILE as PATIENTS
from lcnec_utils.cohort.dictionary import PREVIOUS_SYMBOLS
from lcnec_utils.cohort.dictionary import SAMPLE_FILE as SAMPLES
from lcnec_utils.cohort.dictionary import STUDY_FILE as STUDY
from lcnec_utils.cohort.dictionary import SV_FILE as SV
from lcnec_utils.cohort.model import CohortError
from lcnec_utils.cohort.read import read_study
from lcnec_utils.cohort.words import event_code
from lcnec_utils.cohort.write import write_study
from lcnec_utils.core import paths
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.omics import genomics
from lcnec_utils.run import inventory

LIST = "case_lists/cases_sequenced.txt"

# Four patients; P4 lacks an outcome, the last mutation is silent, MLL2 is KMT2D's previous symbol.
GOOD = {
    PATIENTS: """\
PATIENT_ID|SEX|AGE|OS_MONTHS|OS_STATUS|PFS_MONTHS|PFS_STATUS|SMOKER
P1|Female|61|12.5|1:DECEASED|6|1:Progressed|"Ever"
P2|Male|70|20|0:LIVING|20|0:Not Progressed|Never
P3|Male|55|3.25|1:DECEASED|2|1:Progressed|"Ever, quit
P4|Female|48||||NA|
""",
    SAMPLES: """\
SAMPLE_ID|PATIENT_ID|ONCOTREE_CODE|TMB_NONSYNONYMOUS|PDL1_SCORE|FGA
S1|P1|LUNE|8.5|0|0.3
S2|P2|LUNE|12|50|0.1
S3|P3|LUNE||100|
S4|P4|LUNE|3|NA|1
""",
    MUTATIONS: """\
Hugo_Symbol|Tumor_Sample_Barcode|Variant_Classification|NCBI_Build
TP53|S1|Missense_Mutation|GRCh37
RB1|S1|Frame_Shift_Del|GRCh37
MLL2|S2|Nonsense_Mutation|GRCh37
STK11|S3|Splice_Site|GRCh37
KRAS|S4|Silent|GRCh37
""",
}
GOOD = {name: text.replace("|", "\t") for name, text in GOOD.items()}
SEQUENCED = "cancer_study_identifier: x\nstable_id: x_sequenced\ncase_list_ids: S1\tS2\tS3\tS4\n"

# What cBioPortal puts above a clinical header, and MAF above its own: a row is counted from the file's first line.
ABOVE = {
    PATIENTS: '#Patient\tSex\n#Identifier\tSex of the "patient"\n#STRING\tSTRING\n#1\t1\n',
    SAMPLES: "#Sample\n#Identifier\n#STRING\n#1\n",
    MUTATIONS: "#version 2.4\n",
}
GENES = "Hugo_Symbol\tEntrez_Gene_Id\tS1\tS2\n"


def put(folder: Path, files: dict) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


@pytest.fixture
def study(tmp_path):
    """The valid study folder with these files changed; a value of None leaves a file out."""

    numbers = itertools.count()

    def make(changed: dict | None = None) -> Path:
        files = GOOD | {LIST: SEQUENCED} | (changed or {})
        folder = tmp_path / str(next(numbers)) / "my_study"
        return put(folder, {name: text for name, text in files.items() if text is not None})

    return make


# --- edits of a file's text; a row is the one an editor shows, the header being 1 ------------------------------


def rows_of(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.rstrip("\n").split("\n")]


def text_of(rows: list[list[str]]) -> str:
    return "\n".join("\t".join(row) for row in rows) + "\n"


def cell(row: int, column: str, value: str):
    def edit(text):
        rows = rows_of(text)
        rows[row - 1][rows[0].index(column)] = value
        return text_of(rows)

    return edit


def drop(column: str):
    def edit(text):
        rows = rows_of(text)
        place = rows[0].index(column)
        return text_of([row[:place] + row[place + 1 :] for row in rows])

    return edit


def fill(column: str, value: str):
    def edit(text):
        rows = rows_of(text)
        place = rows[0].index(column)
        return text_of([rows[0], *([*row[:place], value, *row[place + 1 :]] for row in rows[1:])])

    return edit


def drop_row(row: int):
    return lambda text: "\n".join(line for place, line in enumerate(text.split("\n"), 1) if place != row)


def insert(row: int, line: str):
    def edit(text):
        lines = text.split("\n")
        return "\n".join([*lines[: row - 1], line, *lines[row - 1 :]])

    return edit


def rename(column: str, other: str):
    return cell(1, column, other)


def sign(character: str):
    return lambda text: text.replace("\t", character)


def is_now(text: str | bytes):
    return lambda _: text


def header_only(text):
    return text.split("\n")[0] + "\n"


class Bad(NamedTuple):
    file: str
    edit: object
    row: int | None
    column: str | None
    says: str
    whole: bool = False  # the edit is of the whole file, and the row does not move with the lines above


ADD = "add it"
BAD = {
    # columns
    "no PATIENT_ID": Bad(PATIENTS, drop("PATIENT_ID"), None, "PATIENT_ID", ADD),
    "no SAMPLE_ID": Bad(SAMPLES, drop("SAMPLE_ID"), None, "SAMPLE_ID", "is missing"),
    "no PATIENT_ID of samples": Bad(SAMPLES, drop("PATIENT_ID"), None, "PATIENT_ID", ADD),
    "no Hugo_Symbol": Bad(MUTATIONS, drop("Hugo_Symbol"), None, "Hugo_Symbol", ADD),
    "no Tumor_Sample_Barcode": Bad(MUTATIONS, drop("Tumor_Sample_Barcode"), None, "Tumor_Sample_Barcode", ADD),
    "header twice": Bad(PATIENTS, rename("SMOKER", "AGE"), 1, "AGE", "keep one"),
    "header twice in mutations": Bad(MUTATIONS, rename("NCBI_Build", "Hugo_Symbol"), 1, "Hugo_Symbol", "keep one"),
    # identifiers
    "patient twice": Bad(PATIENTS, cell(4, "PATIENT_ID", "P1"), 4, "PATIENT_ID", "an identifier of its own"),
    "patient twice but for a space": Bad(PATIENTS, cell(4, "PATIENT_ID", "P1 "), 4, "PATIENT_ID", "of its own"),
    "sample twice": Bad(SAMPLES, cell(5, "SAMPLE_ID", "S2"), 5, "SAMPLE_ID", "an identifier of its own"),
    "patient without id": Bad(PATIENTS, cell(3, "PATIENT_ID", ""), 3, "PATIENT_ID", "needs a patient identifier"),
    "patient NA": Bad(PATIENTS, cell(3, "PATIENT_ID", "NA"), 3, "PATIENT_ID", "needs a patient identifier"),
    "sample without id": Bad(SAMPLES, cell(3, "SAMPLE_ID", " "), 3, "SAMPLE_ID", "needs a sample identifier"),
    "sample without patient": Bad(SAMPLES, cell(3, "PATIENT_ID", ""), 3, "PATIENT_ID", "the patient's identifier"),
    "mutation of no sample": Bad(
        MUTATIONS, cell(5, "Tumor_Sample_Barcode", "S9"), 5, "Tumor_Sample_Barcode", "add the sample or drop the row"
    ),
    "mutation without sample": Bad(
        MUTATIONS, cell(4, "Tumor_Sample_Barcode", ""), 4, "Tumor_Sample_Barcode", "needs the sample's identifier"
    ),
    "mutation without gene": Bad(MUTATIONS, cell(4, "Hugo_Symbol", ""), 4, "Hugo_Symbol", "needs a gene symbol"),
    # files
    "empty file": Bad(PATIENTS, is_now(""), None, None, "it needs a header", whole=True),
    "blank lines only": Bad(SAMPLES, is_now("\n \n\n"), None, None, "it needs a header", whole=True),
    "only # lines": Bad(SAMPLES, is_now("#a\n#b\n"), 1, None, "add the header", whole=True),
    "header only": Bad(PATIENTS, header_only, 1, None, "add one row per record"),
    "commas": Bad(PATIENTS, sign(","), 1, None, "tab-separated"),
    "semicolons": Bad(SAMPLES, sign(";"), 1, None, "tab-separated"),
    "commas in mutations": Bad(MUTATIONS, sign(","), 1, None, "tab-separated"),
    "row too short": Bad(PATIENTS, insert(4, "P7\tMale"), 4, None, "has 2 fields, the header has 8"),
    "row too long": Bad(SAMPLES, cell(3, "FGA", "1\t1"), 3, None, "has 7 fields, the header has 6"),
    "not UTF-8": Bad(
        PATIENTS, lambda text: cell(3, "SMOKER", "früher")(text).encode("latin-1"), 3, None, "save it as UTF-8"
    ),
    "UTF-16 without its mark": Bad(
        PATIENTS, lambda text: text.encode("utf-16-le"), 1, None, "null byte; save it as plain UTF-8", whole=True
    ),
    "genome builds": Bad(MUTATIONS, cell(4, "NCBI_Build", "GRCh38"), 4, "NCBI_Build", "lift all calls to one"),
    # files beside
    "CNA code": Bad(CNA, is_now(GENES + "TP53\t7157\t0\t-1\nRB1\t5925\t0\t-3\n"), 3, "S2", "give -2, -1.5, -1"),
    "CNA in words": Bad(CNA, is_now(GENES + "RB1\t5925\tloss\t0\n"), 2, "S1", "give -2, -1.5, -1"),
    "CNA of no sample": Bad(CNA, is_now("Hugo_Symbol\tS1\tS9\nRB1\t0\t0\n"), None, "S9", "drop the column"),
    "CNA without genes": Bad(CNA, is_now("Gene\tS1\nRB1\t0\n"), None, "Hugo_Symbol", ADD),
    "CNA of a sample twice": Bad(CNA, is_now("Hugo_Symbol\tS1\tS1\nRB1\t0\t-2\n"), 1, "S1", "keep one"),
    "CNA rows that disagree": Bad(
        CNA, is_now(GENES + "RB1\t5925\t-2\t0\nRB1\t5925\t-1\t0\n"), 3, "Hugo_Symbol", "keep one"
    ),
    "SV of no sample": Bad(SV, is_now("Sample_Id\tSite1_Hugo_Symbol\nS9\tALK\n"), 2, "Sample_Id", "add the sample"),
    "panel of no sample": Bad(MATRIX, is_now("SAMPLE_ID\tmutations\nS1\tX\nS9\tX\n"), 3, "SAMPLE_ID", "add the sample"),
    "unknown field": Bad(STUDY, is_now("name: x\nsimulation: true\n"), None, None, "known are name, simulated"),
    "unknown caveat": Bad(
        STUDY, is_now("name: x\ncaveats: {weather: it rained}\n"), None, None, "known are copy number"
    ),
    "caveats without topics": Bad(STUDY, is_now("caveats: [no treatment]\n"), None, None, "`topic: sentence` lines"),
    "not YAML": Bad(STUDY, is_now("name: x\nnotes: [a\nsource: b\n"), 3, None, "is not YAML; correct it"),
    "simulated in words": Bad(STUDY, is_now('simulated: "no"\n'), None, None, "must be true or false"),
}


def broken(make, bad: Bad, above: bool) -> tuple[Path, str]:
    """The study with one file spoilt, and how a line about it must begin."""
    lines = ABOVE.get(bad.file, "") if above else ""
    folder = make({name: ABOVE[name] + text for name, text in GOOD.items()} if above else None)
    text = GOOD.get(bad.file)
    if bad.whole:
        new = bad.edit(lines + (text or ""))
    else:
        new = bad.edit(text)
        new = lines.encode() + (new if isinstance(new, bytes) else new.encode())
    put(folder, {bad.file: new})
    row = "" if bad.row is None else f", row {bad.row + (0 if bad.whole else lines.count(chr(10)))}"
    column = "" if bad.column is None else f", column {bad.column}"
    return folder, f"{bad.file}{row}{column}: "


@pytest.mark.parametrize("above", [False, True], ids=["bare", "#lines"])
@pytest.mark.parametrize("name", BAD)
def test_a_wrong_folder_is_refused_in_one_line(study, capsys, name, above):
    bad = BAD[name]
    folder, start = broken(study, bad, above)
    with pytest.raises(CohortError) as caught:
        read_study(folder)
    line = str(caught.value)
    assert line.startswith(f"my_study/{start}")
    assert bad.says in line
    assert len(line.splitlines()) == 1
    # the same by command, which lists every problem
    assert cli.main(["cohort", "check", str(folder)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(start) and "Traceback" not in err
    assert all(listed.startswith(("data_", "cohort.yaml")) for listed in err.splitlines())


# --- what is odd and read all the same: the cell, or the column, is missing and named; strict reading refuses it

TABLES = {PATIENTS: "patients", SAMPLES: "samples", MUTATIONS: "mutations"}
MISSING = None


class Odd(NamedTuple):
    """A cell that is odd. row: as in Bad; means: what is read there, MISSING where nothing is; says: in the notes."""

    file: str
    row: int
    column: str
    cell: str
    means: object
    says: str


MONTHS, BELOW, DAYS = "not months from 0 to 600", "below 0", "divide days by 30.4375"
NEITHER_WORD = "not understood; read as missing"
ODD = {
    # times
    "negative time": Odd(PATIENTS, 2, "OS_MONTHS", "-0.1", MISSING, BELOW),
    "time in words": Odd(PATIENTS, 3, "OS_MONTHS", "two", MISSING, MONTHS),
    "time with a comma": Odd(PATIENTS, 3, "OS_MONTHS", "12,5", MISSING, MONTHS),
    "time in hexadecimal": Odd(PATIENTS, 3, "OS_MONTHS", "0x10", MISSING, MONTHS),
    "time inf": Odd(PATIENTS, 3, "OS_MONTHS", "inf", MISSING, MONTHS),
    "time -inf": Odd(PATIENTS, 3, "OS_MONTHS", "-inf", MISSING, MONTHS),
    "time Infinity": Odd(PATIENTS, 3, "PFS_MONTHS", "Infinity", MISSING, MONTHS),
    "time 1e9": Odd(PATIENTS, 4, "OS_MONTHS", "1e9", MISSING, DAYS),
    "time 1e400": Odd(PATIENTS, 4, "OS_MONTHS", "1e400", MISSING, "read as missing"),
    "time beyond 64 bits": Odd(PATIENTS, 4, "OS_MONTHS", "9" * 30, MISSING, DAYS),
    "days called months": Odd(PATIENTS, 2, "OS_MONTHS", "730", MISSING, DAYS),
    # events
    "code unknown": Odd(PATIENTS, 2, "OS_STATUS", "maybe", MISSING, NEITHER_WORD),
    "code 2": Odd(PATIENTS, 2, "OS_STATUS", "2", MISSING, NEITHER_WORD),
    "code 2.0": Odd(PATIENTS, 2, "OS_STATUS", "2.0", MISSING, NEITHER_WORD),
    "code 2:DECEASED": Odd(PATIENTS, 2, "OS_STATUS", "2:DECEASED", MISSING, NEITHER_WORD),
    "code 1:LIVING": Odd(PATIENTS, 2, "OS_STATUS", "1:LIVING", MISSING, NEITHER_WORD),
    "code 0:DECEASED": Odd(PATIENTS, 3, "OS_STATUS", "0:DECEASED", MISSING, NEITHER_WORD),
    "code 1:Not Progressed": Odd(PATIENTS, 2, "PFS_STATUS", "1:Not Progressed", MISSING, NEITHER_WORD),
    # other numbers and words
    "sex in a digit": Odd(PATIENTS, 2, "SEX", "2", MISSING, NEITHER_WORD),
    "age 400": Odd(PATIENTS, 3, "AGE", "400", MISSING, "over 120, which nobody reaches"),
    "age >89": Odd(PATIENTS, 3, "AGE", ">89", 89, "are bounds, read as the number in them"),
    "TMB negative": Odd(SAMPLES, 3, "TMB_NONSYNONYMOUS", "-1", MISSING, BELOW),
    "TMB in words": Odd(SAMPLES, 3, "TMB_NONSYNONYMOUS", "high", MISSING, "not mutations per Mb from 0 to 5000"),
    "TMB not per Mb": Odd(SAMPLES, 3, "TMB_NONSYNONYMOUS", "9000", MISSING, "give them per Mb"),
    "PD-L1 of 120": Odd(SAMPLES, 2, "PDL1_SCORE", "120", MISSING, "over 100, too much"),
    "PD-L1 in a bound": Odd(SAMPLES, 2, "PDL1_SCORE", "≥50%", 50, "are bounds, read as the number in them"),
    "FGA in percent": Odd(SAMPLES, 2, "FGA", "30", MISSING, "over 1, no fraction"),
}


def same(cohort, plain, but: tuple = ()) -> None:
    """Whether a cohort holds what another does in all of its three tables. but: (table, row, column, value) instead."""
    for name in TABLES.values():
        wanted = getattr(plain, name).copy()
        if but and but[0] == name:
            wanted.iloc[but[1], wanted.columns.get_loc(but[2])] = pd.NA if but[3] is MISSING else but[3]
        got = getattr(cohort, name)[wanted.columns]
        got, wanted = (part.astype(object).where(part.notna(), "·") for part in (got, wanted))
        assert_frame_equal(got, wanted)


def test_of_the_good_folder_nothing_is_odd(study):
    for files in (None, {name: ABOVE[name] + text for name, text in GOOD.items()}):
        cohort, problems = read.check_study(study(files), strict=True)
        assert problems == [] and cohort.words == {} == cohort.refused


@pytest.mark.parametrize("above", [False, True], ids=["bare", "#lines"])
@pytest.mark.parametrize("name", ODD)
def test_an_odd_cell_is_missing_and_named_and_all_else_is_read(study, capsys, name, above):
    odd = ODD[name]
    plain = read_study(study({name: ABOVE[name] + text for name, text in GOOD.items()} if above else None))
    text = (ABOVE[odd.file] if above else "") + cell(odd.row, odd.column, odd.cell)(GOOD[odd.file])
    cohort = read_study(put(plain.folder, {odd.file: text}))
    same(cohort, plain, (TABLES[odd.file], odd.row - 2, odd.column, odd.means))
    assert cohort.words == ({odd.column: {odd.cell: 1}} if odd.means is MISSING else {}) and cohort.refused == {}
    [note] = [note for note in cohort.notes if note.startswith(f"{odd.file}, column {odd.column}: ")]
    assert f"'{odd.cell}' (1)" in note and odd.says in note and "\n" not in note
    # strictly read it is refused, in one line each
    nothing, problems = read.check_study(plain.folder, strict=True)
    assert nothing is None and f"my_study: {note}" in map(str, problems)
    if above:
        return
    # the same by command
    assert cli.main(["cohort", "check", str(plain.folder)]) == 0
    out, err = capsys.readouterr()
    assert err == "" and note in out and (odd.means is not MISSING or f"{odd.column}: {odd.cell} (1)" in out)
    assert cli.main(["cohort", "check", "--strict", str(plain.folder)]) == 2
    assert note in capsys.readouterr().err


@pytest.mark.parametrize("name", [name for name, odd in ODD.items() if odd.column.startswith(("OS_", "PFS_"))])
def test_a_patient_with_an_odd_time_or_status_is_no_patient_of_the_endpoint(study, name):
    odd = ODD[name]
    key, patient = odd.column.split("_")[0], f"P{odd.row - 1}"
    plain = read_study(study()).survival(key)
    cohort = read_study(study({PATIENTS: cell(odd.row, odd.column, odd.cell)(GOOD[PATIENTS])}))
    table = cohort.survival(key)
    assert list(table.index) == [name for name in plain.index if name != patient] and table.attrs["dropped"] == 2
    assert_frame_equal(table, plain.drop(index=patient))
    if odd.column.endswith("MONTHS") and plain.at[patient, "event"]:
        assert any("1 patients have an event in" in note and "left out of" in note for note in cohort.notes)


# Columns of which too much is odd: (file, column, its cells, the reason); what is odd in them begins with a ?
REFUSED = {
    "status of 1 and 2": (PATIENTS, "OS_STATUS", "?1 ?2 ?1 ?2", "a code of 1 and 2 is not guessed; write 0:"),
    "status of 2 only": (PATIENTS, "OS_STATUS", "?2 ?2 ?2 ?2", "a code of 1 and 2 is not guessed; write 0:"),
    "status of 1.0 and 2.0": (
        PATIENTS,
        "PFS_STATUS",
        "?1.0 ?2.0 ?1.0 NA",
        "a code of 1 and 2 is not guessed; write 0:",
    ),
    "status in unknown words": (PATIENTS, "OS_STATUS", "?maybe ?perhaps 1:DECEASED NA", "write 0:… for censored"),
    "status inside out": (PATIENTS, "OS_STATUS", "?1:LIVING ?0:DECEASED ?1:LIVING NA", "not understood; write 0:"),
    "months in days": (PATIENTS, "OS_MONTHS", "?730 ?1200 ?900 NA", "divide days by 30.4375; give months"),
    "negative months": (PATIENTS, "PFS_MONTHS", "?-1 ?-2 3 4", "below 0; give months"),
    "months in words": (PATIENTS, "OS_MONTHS", "?one ?two 3 4", "not months from 0 to 600; give months"),
    "ages in words": (PATIENTS, "AGE", "?old ?young 61 62", "not years from 0 to 120; give years"),
    "sex in digits": (PATIENTS, "SEX", "?1 ?2 ?2 ?1", "not understood; write Female or Male"),
    "TMB in words": (SAMPLES, "TMB_NONSYNONYMOUS", "?high ?low ?high 3", "give mutations per Mb"),
    "FGA in percent": (SAMPLES, "FGA", "?30 ?10 ?100 1", "over 1, no fraction; give a fraction"),
    "PD-L1 in words": (SAMPLES, "PDL1_SCORE", "?positive ?negative 50 0", "give percent"),
    "PD-L1 in ranges": (SAMPLES, "PDL1_SCORE", "?1-49 ?1-49 50 0", "'1-49' (2): not percent from 0 to 100"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_column_of_which_much_is_odd_is_refused_as_a_column(study, name):
    file, column, cells, why = REFUSED[name]
    rows = rows_of(GOOD[file])
    for row, word in zip(rows[1:], cells.split(), strict=True):
        row[rows[0].index(column)] = word.removeprefix("?")
    folder = study({file: text_of(rows)})
    cohort = read_study(folder)
    plain = read_study(study({file: drop(column)(GOOD[file])}))
    same(cohort, plain)  # all else is read
    assert column not in getattr(cohort, TABLES[file])
    reason = cohort.refused[column]
    assert reason.startswith(f"{file}, column {column}: ") and why in reason and "\n" not in reason
    assert cohort.refused.keys() == {column} and f"{reason}; the column is not read" in cohort.notes
    assert cohort.words == {column: Counter(word[1:] for word in cells.split() if word[0] == "?")}
    with pytest.raises(MissingData, match=f"^{re.escape(reason)}$"):
        cohort.column(column, "it")
    if column.endswith(("_MONTHS", "_STATUS")):
        with pytest.raises(MissingData, match=f"^{re.escape(reason)}$"):
            cohort.survival(column.split("_")[0])
    nothing, problems = read.check_study(folder, strict=True)
    assert nothing is None and [str(problem) for problem in problems] == [f"my_study: {reason}; the column is not read"]
    assert column in inventory.inventory(folder)["columns_refused"]


# An endpoint that lacks one of its columns, and what is said of it
HALF = {
    "months without status": (drop("OS_STATUS"), "OS", "has OS_MONTHS and no OS_STATUS: no overall survival"),
    "status without months": (
        drop("PFS_MONTHS"),
        "PFS",
        "has PFS_STATUS and no PFS_MONTHS: no progression-free survival",
    ),
    "days for months": (rename("OS_MONTHS", "OS_DAYS"), "OS", "OS_DAYS is there: divide it by 30.4375"),
}


@pytest.mark.parametrize("name", HALF)
def test_half_an_endpoint_is_none_and_that_is_said(study, name):
    edit, key, says = HALF[name]
    folder = study({PATIENTS: edit(GOOD[PATIENTS])})
    cohort = read_study(folder)
    assert any(note.startswith(PATIENTS) and says in note for note in cohort.notes)
    with pytest.raises(MissingData, match=f"my_study has no .*: its clinical tables have no column {key}_"):
        cohort.survival(key)
    other = {"OS": "PFS", "PFS": "OS"}[key]
    assert_frame_equal(cohort.survival(other), read_study(study()).survival(other))
    assert any(says in str(problem) for problem in read.check_study(folder, strict=True)[1])


# Names of columns in other letters: (file, the name, the other, the note that says so)
RESPELLED = {
    "patient_id": (PATIENTS, "PATIENT_ID", "patient_id", "read PATIENT_ID from 'patient_id'"),
    "Patient_Id": (SAMPLES, "PATIENT_ID", "Patient_Id", "read PATIENT_ID from 'Patient_Id'"),
    "sample_id": (SAMPLES, "SAMPLE_ID", "sample_id", "read SAMPLE_ID from 'sample_id'"),
    "Overall Survival (Months)": (PATIENTS, "OS_MONTHS", "Overall Survival (Months)", "OS_MONTHS from 'Overall"),
    "age": (PATIENTS, "AGE", "age", "read AGE from 'age'"),
    "HUGO_SYMBOL": (MUTATIONS, "Hugo_Symbol", "HUGO_SYMBOL", ""),
    "tumor_sample_barcode": (MUTATIONS, "Tumor_Sample_Barcode", "tumor_sample_barcode", ""),
    "Gene": (MUTATIONS, "Hugo_Symbol", "Gene", "read Hugo_Symbol from 'Gene'"),
}  # fmt: skip


@pytest.mark.parametrize("name", RESPELLED)
def test_a_column_in_another_spelling_is_read_and_that_is_noted(study, name):
    file, column, other, says = RESPELLED[name]
    plain = read_study(study())
    cohort = read_study(study({file: rename(column, other)(GOOD[file])}))
    same(cohort, plain)
    assert any(says in note for note in cohort.notes) and cohort.words == {} == cohort.refused


# How the text of a file may be written, and what the check says of it: harmless, but strictly read refused
FORMS = {
    "byte order mark": (PATIENTS, lambda text: "\ufeff" + text, "begins with a byte order mark"),
    "Windows lines": (SAMPLES, lambda text: text.replace("\n", "\r\n"), "line ends, which were read as plain ones"),
    "old Mac lines": (SAMPLES, lambda text: text.replace("\n", "\r"), "line ends, which were read as plain ones"),
    "UTF-16": (PATIENTS, lambda text: text.encode("utf-16"), "is UTF-16 and was read as such"),
    "tabs at the ends": (SAMPLES, lambda text: text.replace("\n", "\t\t\n"), "empty fields at the ends of lines"),
    "comments between": (PATIENTS, insert(3, "#P9\tMale"), "1 of the lines of data_clinical_patient.txt begin with #"),
    # these say nothing
    "blank line": (PATIENTS, insert(3, ""), ""),
    "blank line above the header": (SAMPLES, insert(1, ""), ""),
    "blank line of tabs": (MUTATIONS, insert(3, "\t\t\t"), ""),
}


@pytest.mark.parametrize("above", [False, True], ids=["bare", "#lines"])
@pytest.mark.parametrize("name", FORMS)
def test_how_a_text_is_written_changes_nothing_and_is_said(study, name, above):
    file, edit, says = FORMS[name]
    plain = read_study(study())
    whole = name in ("byte order mark", "Windows lines", "old Mac lines", "UTF-16", "tabs at the ends")
    text = edit(ABOVE[file] + GOOD[file]) if above and whole else edit(GOOD[file])
    folder = study({file: ABOVE[file] + text if above and not whole else text})
    cohort, reading = read.load(folder)
    same(cohort, plain)
    assert cohort.words == {} == cohort.refused
    said = [line for line in [*reading.form, *reading.oddities] if file in line]
    assert all(says in line for line in said) and bool(said) == bool(says)
    assert bool(read.check_study(folder, strict=True)[1]) == bool(says)


def test_a_patient_that_only_the_sample_table_has_is_one_of_whom_nothing_is_known(study):
    folder = study({SAMPLES: cell(4, "PATIENT_ID", "P9")(GOOD[SAMPLES])})
    cohort = read_study(folder)
    assert cohort.patients.index.tolist() == ["P1", "P2", "P3", "P4", "P9"] and cohort.patients.loc["P9"].isna().all()
    assert cohort.samples["PATIENT_ID"].tolist() == ["P1", "P2", "P9", "P4"]
    assert any(note.startswith(f"1 patients of {SAMPLES} are not in {PATIENTS}: of them") for note in cohort.notes)
    assert not any("P9" in note for note in cohort.notes)  # which a notebook shows
    assert len(cohort.survival("OS")) == 3 and cohort.survival("OS").attrs["dropped"] == 2
    assert any("'P9'" in str(problem) for problem in read.check_study(folder, strict=True)[1])


def test_a_mutation_file_of_a_header_is_a_study_without_mutations_found(study):
    cohort = read_study(study({MUTATIONS: header_only(GOOD[MUTATIONS])}))
    assert len(cohort.need_mutations()) == 0 and cohort.profiled("TP53").all()
    assert genomics.genomic_subtype(cohort).tolist() == ["Unclassified"] * 4


def test_without_a_table_of_patients_they_are_those_of_the_samples(study):
    folder = study({PATIENTS: None})
    cohort = read_study(folder)
    assert cohort.patients.index.tolist() == ["P1", "P2", "P3", "P4"] and len(cohort.mutations) == 4
    assert f"there is no {PATIENTS}: patients are those of {SAMPLES}" in cohort.notes
    with pytest.raises(MissingData, match="no overall survival"):
        cohort.survival("OS")
    assert read.check_study(folder, strict=True)[0] is None


def test_without_a_table_of_samples_a_folder_is_refused(study):
    with pytest.raises(
        CohortError, match=f"^my_study/{SAMPLES}: is not there; a cBioPortal study folder needs the table"
    ):
        read_study(study({SAMPLES: None}))


def test_no_folder_and_a_file_for_a_folder(tmp_path, capsys):
    (tmp_path / "x.txt").write_text("x")
    for name, says in (("nowhere", f"{tmp_path / 'nowhere'}: is not there; give a study folder"),
                       ("x.txt", "x.txt, row 1: has a header but no row")):  # fmt: skip
        with pytest.raises(CohortError) as caught:
            read_study(tmp_path / name)
        assert str(caught.value).startswith(says)
        assert cli.main(["cohort", "check", str(tmp_path / name)]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_file_for_a_folder_may_be_the_study_view_s_download(tmp_path):
    path = put(tmp_path, {"view.tsv": "Patient ID\tSample ID\tOverall Survival (Months)\tOverall Survival Status\n"
                                      "P1\tS1\t12.5\t1:DECEASED\nP2\tS2\t20\t0:LIVING\n"}) / "view.tsv"  # fmt: skip
    cohort = read_study(path)
    assert cohort.survival("OS").to_dict("list") == {"months": [12.5, 20], "event": [True, False]}
    assert cohort.name == "view" and cohort.samples.index.tolist() == ["S1", "S2"] and cohort.mutations is None


def test_every_problem_is_listed_and_the_first_is_raised(study, capsys):
    patients = cell(2, "PATIENT_ID", "")(cell(5, "PATIENT_ID", "P3")(GOOD[PATIENTS]))
    maf = cell(3, "Tumor_Sample_Barcode", "S8")(cell(5, "Tumor_Sample_Barcode", "S9")(GOOD[MUTATIONS]))
    for changed, starts in (
        ({PATIENTS: patients}, [f"{PATIENTS}, row 2, column PATIENT_ID"]),
        (
            {PATIENTS: cell(5, "PATIENT_ID", "P3")(GOOD[PATIENTS]), MUTATIONS: maf, STUDY: "colour: blue\n"},
            # of samples that are not there the first is named and the others are counted
            [STUDY, f"{PATIENTS}, row 5, column PATIENT_ID", f"{MUTATIONS}, row 3, column Tumor_Sample_Barcode"],
        ),
    ):  # fmt: skip
        folder = study(changed)
        assert cli.main(["cohort", "check", str(folder)]) == 2
        lines = capsys.readouterr().err.splitlines()
        listed = [line.split(": ")[0] for line in lines]
        assert listed == starts and (len(lines) == 1 or "sample 'S8'" in lines[2] and "(nor are 1 more)" in lines[2])
        with pytest.raises(CohortError, match=f"^my_study/{re.escape(starts[0])}: ") as caught:
            read_study(folder)
        more = f"(and {len(listed) - 1} more: `lcnec cohort check {folder}` lists them)"
        assert (more in str(caught.value)) == (len(listed) > 1)


def test_the_folder_the_reader_stands_in_is_named_too(study, monkeypatch):
    # Path(".").name is "": the line then begins with "/data_clinical_patient.txt", a file at the disk's root
    monkeypatch.chdir(study({PATIENTS: cell(3, "PATIENT_ID", "P1")(GOOD[PATIENTS])}))
    with pytest.raises(CohortError, match=f"^my_study/{PATIENTS}, row 3"):
        read_study(Path("."))


# --- the command line as a user meets it ------------------------------------------------------------------------

HANDFUL = ["patient twice", "not UTF-8", "mutation of no sample"]


def lcnec(*words, **environment) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "lcnec_utils.cli", *map(str, words)],
        env={**os.environ, **environment}, cwd=paths.ROOT,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def run_file(tmp_path: Path, folder: Path) -> tuple[Path, Path]:
    tmp_path.mkdir(exist_ok=True)
    file, output = tmp_path / "mine.yaml", tmp_path / "output"
    file.write_text(f'run: mine\ncohort: {folder}\nicb: ""\n')
    output.mkdir()
    return file, output


def test_commands_refuse_a_wrong_folder(study, tmp_path, monkeypatch, capsys):
    for name in HANDFUL:
        folder, start = broken(study, BAD[name], above=True)
        file, output = run_file(tmp_path / name.replace(" ", "_"), folder)
        monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(output))
        assert cli.main(["run", "--params", str(file)]) == 2
        err = capsys.readouterr().err
        assert len(err.splitlines()) == 1 and err.startswith(f"lcnec: my_study/{start}")
        assert list(output.rglob("*")) == []
    # and as a process of its own
    check = lcnec("cohort", "check", folder)
    assert check.returncode == 2
    assert check.stdout == "" and check.stderr.startswith(start) and "Traceback" not in check.stderr
    run = lcnec("run", "--params", file, LCNEC_OUTPUT_DIR=str(output))
    assert run.returncode == 2
    assert len(run.stderr.splitlines()) == 1 and run.stderr.startswith(f"lcnec: my_study/{start}")
    assert list(output.rglob("*")) == []


@pytest.mark.parametrize("kind", ["absent", "file"])
def test_a_run_refuses_what_is_no_folder(tmp_path, monkeypatch, capsys, kind):
    folder = tmp_path / "nowhere"
    if kind == "file":
        folder.write_text("x")
    file, output = run_file(tmp_path, folder)
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(output))
    assert cli.main(["run", "--params", str(file)]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and (str(folder) if kind == "absent" else "nowhere, row 1") in err
    assert list(output.rglob("*")) == []


def test_a_good_folder_is_judged_good(study, capsys):
    assert cli.main(["cohort", "check", str(study())]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "my_study: 4 patients, 4 tumour samples, 4 mutations" in out
    assert "Overall survival: 3 patients, 2 events" in out
    assert "no time on treatment" in out


# --- read right ---------------------------------------------------------------------------------------------------

EVENTS = [
    "1", "1.0", " 1 ", "1:DECEASED", "1: DECEASED", "1:Deceased", "DECEASED", "deceased", "Dead", "DEAD", "died",
    "Death", "1:DEAD WITH TUMOR", "1:Progressed", "1:PROGRESSION", "Progressed", "1:Recurred/Progressed", "1:Recurred",
    "relapsed", "event", "Event", "yes", "YES", "true", "TRUE", "True", "1:Yes", "1:", "Progressive Disease",
]  # fmt: skip
CENSORED = [
    "0", "0.0", " 0 ", "0:LIVING", "0: LIVING", "0:Living", "LIVING", "living", "Alive", "ALIVE", "0:Not Progressed",
    "0:CENSORED", "censored", "0:DiseaseFree", "disease free", "0:Progression Free", "0:ALIVE OR DEAD TUMOR FREE",
    "no", "NO", "false", "FALSE", "False", "0:No", "0:", "No Event", "not progressed",
]  # fmt: skip
NEITHER = [
    "2", "-1", "3", "01", "1/2", "1:LIVING", "1:Alive", "1: living", "0:DECEASED", "0:Dead", "1:Not Progressed",
    "0:Progressed", "1:Censored", "0:Yes", "1:No", "DECEASED:1", "1;DECEASED", "2:DECEASED", "unknown", "x", "?",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "event"),
    [*((text, True) for text in EVENTS), *((text, False) for text in CENSORED), *((text, None) for text in NEITHER)],
)
def test_event_codes(text, event):
    assert event_code(text) is event


@pytest.mark.parametrize("text", ["1:ALIVE WITH DISEASE", "1:Alive, NED", "1:not-progressed", "1:progression-free"])
def test_a_word_for_censored_behind_a_1_contradicts_it_however_it_is_put(text):
    assert event_code(text) is None


@pytest.mark.parametrize("text", ["0:DEAD OF CANCER", "0:Progressed Disease", "0:PROGRESSED/DEAD", "0:Death"])
def test_a_word_for_an_event_behind_a_0_contradicts_it_however_it_is_put(text):
    assert event_code(text) is None


def test_every_spelling_reaches_the_survival_table(study):
    rows = [(f"P{n}", status, event) for n, (status, event) in enumerate(
        [*((text, True) for text in EVENTS), *((text, False) for text in CENSORED)])]  # fmt: skip
    patients = "PATIENT_ID\tPFS_MONTHS\tPFS_STATUS\n" + "".join(f"{key}\t5\t{status}\n" for key, status, _ in rows)
    table = read_study(study({PATIENTS: patients, SAMPLES: "SAMPLE_ID\tPATIENT_ID\nS1\tP1\n", MUTATIONS: None}))
    survival = table.survival("PFS")
    assert survival["event"].tolist() == [event for _, _, event in rows]
    assert survival["event"].dtype == bool and survival["months"].dtype == float


def shuffled(text: str) -> str:
    return text_of([row[::-1] for row in rows_of(text)])


def widened(text: str) -> str:
    rows = rows_of(text)
    return text_of([[*rows[0], "INSTITUTE", "site notes"], *([*row, "7", "said \"so, 'well'"] for row in rows[1:])])


def spaced(text: str) -> str:
    return text_of([[f" {value} " for value in row] for row in rows_of(text)])


LAYOUTS = {
    "columns shuffled": {name: shuffled(text) for name, text in GOOD.items()},
    "# lines above": {name: ABOVE[name] + text for name, text in GOOD.items()},
    "columns nobody knows": {name: widened(text) for name, text in GOOD.items()},
    "no newline at the end": {name: text.rstrip("\n") for name, text in GOOD.items()},
    "blank lines at the end": {name: text + "\n\n" for name, text in GOOD.items()},
    "spaces round the cells": {name: spaced(text) for name, text in GOOD.items()},
    "NA for empty": {
        name: text_of([[value or "NA" for value in row] for row in rows_of(text)]) for name, text in GOOD.items()
    },
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_does_not_change_what_is_read(study, layout):
    plain, other = read_study(study()), read_study(study(LAYOUTS[layout]))
    for name in ("patients", "samples", "mutations"):
        wanted = getattr(plain, name)
        assert_frame_equal(getattr(other, name)[wanted.columns], wanted)
    assert [note for note in other.notes if "null words" not in note] == [
        note for note in plain.notes if "null words" not in note
    ]
    if layout == "NA for empty":
        assert (
            f"{PATIENTS}: null words are missing: OS_MONTHS 1, OS_STATUS 1, PFS_MONTHS 1, PFS_STATUS 1, SMOKING 1"
            in (other.notes)
        )


def test_quotes_around_a_cell_are_none_of_it_and_others_are_letters(study):
    # read as CSV, the quote that nothing closes would swallow the rows below it
    assert read_study(study()).patients["SMOKING"].iloc[:3].tolist() == ["Ever", "Never", '"Ever, quit']
    text = text_of([[f'"{value}"' for value in row] for row in rows_of(GOOD[SAMPLES])])
    same(read_study(study({SAMPLES: text})), read_study(study({SAMPLES: GOOD[SAMPLES]})))


def test_identifiers_stay_text(study):
    patients = "PATIENT_ID\tAGE\n007\t60\n7\t61\n1e3\t62\n1000\t63\nTrue\t64\n-8\t65\n"
    samples = "SAMPLE_ID\tPATIENT_ID\n01\t007\n1\t-8\n1.0\t7\n"
    read = read_study(study({PATIENTS: patients, SAMPLES: samples, MUTATIONS: None, LIST: None}))
    assert read.patients["AGE"].to_dict() == {"007": 60, "7": 61, "1e3": 62, "1000": 63, "True": 64, "-8": 65}
    assert read.samples["PATIENT_ID"].to_dict() == {"01": "007", "1": "-8", "1.0": "7"}


def test_a_line_that_begins_with_the_sign_of_comments_is_no_patient(study):
    """As cBioPortal reads it: a patient called #8 cannot be, and that a line was left out is said."""
    folder = study({PATIENTS: GOOD[PATIENTS] + "#8\tMale\t60\t1\t0:LIVING\t1\t0:Not Progressed\tNever\n"})
    cohort = read_study(folder)
    assert cohort.patients.index.tolist() == ["P1", "P2", "P3", "P4"]
    [note] = [note for note in cohort.notes if "begin with #" in note]
    assert note.startswith(f"1 of the lines of {PATIENTS}")
    assert [str(problem) for problem in read.check_study(folder, strict=True)[1]] == [f"my_study: {note}"]


def test_what_is_empty_is_missing(study):
    read = read_study(study())
    assert read.patients["OS_STATUS"].isna().tolist() == [False, False, False, True]
    assert read.samples["TMB_NONSYNONYMOUS"].tolist()[:2] == [8.5, 12]
    assert read.samples["TMB_NONSYNONYMOUS"].isna().tolist() == [False, False, True, False]
    assert read.samples["PDL1_SCORE"].isna().tolist() == [False, False, False, True]


def test_without_mutations_or_a_name(study):
    read = read_study(study({MUTATIONS: None}))
    assert read.label == "my_study" and not read.simulated and read.time_zero == "a time zero that is not stated"
    assert not read.profiled("TP53").any()
    with pytest.raises(MissingData, match="my_study has no mutations"):
        read.need_mutations()


def test_the_name_says_simulated(study):
    def label(yaml):
        return read_study(study({STUDY: yaml, "meta_study.txt": "name: From: meta\ncitation: Someone\n"})).label

    assert label("") == "From: meta"
    assert label("simulated: true\n") == "From: meta (simulated)"
    assert label("name: Mine\nsimulated: true\n") == "Mine (simulated)"
    assert label("name: Simulated LCNEC\nsimulated: true\n") == "Simulated LCNEC"


def test_survival_counts_whom_it_drops(study):
    patients = cell(2, "OS_STATUS", "")(cell(3, "OS_MONTHS", "")(GOOD[PATIENTS]))
    survival = read_study(study({PATIENTS: patients})).survival("OS")
    assert survival.to_dict("index") == {"P3": {"months": 3.25, "event": True}}
    assert survival.attrs["dropped"] == 3
    read = read_study(study())
    assert read.survival("PFS")["event"].tolist() == [True, False, True]
    with pytest.raises(MissingData, match="my_study has no time on treatment"):
        read.survival("TOT")


def test_survival_keeps_a_time_of_zero_and_an_all_censored_cohort(study):
    patients = fill("OS_STATUS", "0:LIVING")(fill("OS_MONTHS", "0")(GOOD[PATIENTS]))
    survival = read_study(study({PATIENTS: patients})).survival("OS")
    assert survival["months"].tolist() == [0, 0, 0, 0] and not survival["event"].any()


def test_one_patient(study):
    read = read_study(study({
        PATIENTS: "PATIENT_ID\tOS_MONTHS\tOS_STATUS\nP1\t5\t1:DECEASED\n", SAMPLES: "SAMPLE_ID\tPATIENT_ID\nS1\tP1\n",
        MUTATIONS: "Hugo_Symbol\tTumor_Sample_Barcode\nTP53\tS1\n",
    }))  # fmt: skip
    assert len(read.survival("OS")) == 1 and len(read.need_mutations()) == 1
    assert any("without consequence" in note for note in read.notes)


def test_columns_by_patient(study):
    # P1 has a second sample, listed after its first; P4 has none
    samples = GOOD[SAMPLES].replace("S4\tP4", "S4\tP1")
    read = read_study(study({SAMPLES: samples}))
    assert read.one_sample_per_patient().to_dict() == {"P1": "S1", "P2": "S2", "P3": "S3"}
    burden = read.column("TMB_NONSYNONYMOUS", "tumour mutational burden")
    assert burden.index.tolist() == ["P1", "P2", "P3", "P4"]
    assert burden.iloc[:2].tolist() == [8.5, 12] and burden.iloc[2:].isna().all()
    assert read.column("AGE", "age").tolist() == [61, 70, 55, 48]
    with pytest.raises(MissingData, match="my_study has no race: its clinical tables have no column RACE"):
        read.column("RACE", "race")
    assert "1 of 4 patients have no sample" in read.notes
    assert any(note.startswith("1 samples are second ones") for note in read.notes)


@pytest.mark.parametrize(
    ("file", "column"),
    [(PATIENTS, "SEX"), (PATIENTS, "OS_MONTHS"), (PATIENTS, "OS_STATUS"), (PATIENTS, "AGE"), (PATIENTS, "SMOKER"),
     (SAMPLES, "TMB_NONSYNONYMOUS"), (SAMPLES, "PDL1_SCORE"), (SAMPLES, "ONCOTREE_CODE")],
)  # fmt: skip
def test_a_column_without_one_value_is_missing_data(study, file, column):
    read = read_study(study({file: fill(column, "")(GOOD[file])}))
    column = {"SMOKER": "SMOKING"}.get(column, column)
    with pytest.raises(MissingData, match=f"column {column} is empty"):
        read.column(column, "it")
    if column.startswith("OS_"):
        with pytest.raises(MissingData, match="no patient with both OS_MONTHS and OS_STATUS"):
            read.survival("OS")


def test_sex(study):
    words = {"F": "Female", "female": "Female", "W": "Female", "FEMALE": "Female", "M": "Male", "male": "Male",
             "1": None, "unknown": None, "": None}  # fmt: skip
    patients = "PATIENT_ID\tSEX\n" + "".join(f"P{n}\t{word}\n" for n, word in enumerate(words, 1))
    read = read_study(study({PATIENTS: patients}))
    assert [None if pd.isna(sex) else sex for sex in read.patients["SEX"]] == list(words.values())
    assert read.words == {"SEX": {"1": 1}}
    assert any(note.startswith(f"{PATIENTS}, column SEX: '1' (1): not understood") for note in read.notes)


# --- mutations ----------------------------------------------------------------------------------------------------

MAF = (
    "Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\t"
    "Chromosome\tStart_Position\tReference_Allele\tTumor_Seq_Allele2\n"
)


def calls(*rows: str) -> dict:
    return {MUTATIONS: MAF + "".join(row.replace(" ", "\t") + "\n" for row in rows)}


def genes_of(read) -> list[tuple[str, str]]:
    return list(zip(read.mutations["Tumor_Sample_Barcode"], read.mutations["Hugo_Symbol"], strict=True))


def test_previous_symbols_are_merged_and_counted(study):
    read = read_study(study())
    assert genes_of(read) == [("S1", "TP53"), ("S1", "RB1"), ("S2", "KMT2D"), ("S3", "STK11")]
    assert any(note.startswith("1 of 5 mutation rows carry a previous gene symbol") for note in read.notes)


def test_previous_symbols_in_a_panel_list_and_in_copy_number(study):
    read = read_study(study({
        SAMPLES: "SAMPLE_ID\tPATIENT_ID\tGENE_PANEL\nS1\tP1\tOLD\nS2\tP2\tOLD\nS3\tP3\tOLD\nS4\tP4\tOLD\n",
        "data_gene_panel_OLD.txt": "stable_id: OLD\ndescription: x\ngene_list: TP53\tRB1\tMLL2\tSTK11\n",
        CNA: GENES + "MLL2\t8085\t-2\t0\n",
    }))  # fmt: skip
    assert read.profiled("KMT2D").all() and not read.profiled("KRAS").any()
    assert read.copy_number.loc["KMT2D"].tolist() == [-2, 0]


def test_previous_symbols_in_structural_variants(study):
    read = read_study(study({SV: "Sample_Id\tSite1_Hugo_Symbol\tSite2_Hugo_Symbol\nS1\tMLL2\tPARK2\n"}))
    sites = read.structural_variants[["Site1_Hugo_Symbol", "Site2_Hugo_Symbol"]]
    assert sites.iloc[0].tolist() == ["KMT2D", "PRKN"]


def test_what_changes_no_protein_is_left_out_and_counted(study):
    kinds = ["Silent", "Intron", "IGR", "RNA", "3'UTR", "5'UTR", "3'Flank", "5'Flank", "Missense_Mutation", ""]
    rows = [f"G{place} S1 {kind} 1 {place} A T" for place, kind in enumerate(kinds)]
    read = read_study(study(calls(*rows)))
    assert genes_of(read) == [("S1", "G8"), ("S1", "G9")]  # what has no consequence stated counts
    assert any(note.startswith("8 of 10 mutation rows change no protein") for note in read.notes)


def test_a_call_listed_twice_counts_once(study):
    read = read_study(study(calls(
        "TP53 S1 Missense_Mutation 17 100 A T", "TP53 S1 Missense_Mutation 17 100 A T",
        "TP53 S1 Missense_Mutation 17 100 A G", "TP53 S1 Missense_Mutation 17 101 A T",
        "TP53 S2 Missense_Mutation 17 100 A T",
    )))  # fmt: skip
    assert len(read.mutations) == 4
    assert any(note.startswith("1 of 5 mutation rows repeat a call") for note in read.notes)


def test_a_call_annotated_on_two_transcripts_keeps_the_one_that_changes_the_protein(study):
    # kept by order alone, the silent annotation would make a mutated sample wild type
    read = read_study(study(calls("TP53 S1 Silent 17 100 A T", "TP53 S1 Missense_Mutation 17 100 A T")))
    assert genes_of(read) == [("S1", "TP53")]


def test_calls_without_a_position_are_not_taken_for_one(study):
    blank = "\t\t\t"
    read = read_study(study(calls(f"TP53 S1 Silent {blank}", f"TP53 S1 Missense_Mutation {blank}",
                                  f"TP53 S1 Nonsense_Mutation {blank}")))  # fmt: skip
    assert read.mutations["Variant_Classification"].tolist() == ["Missense_Mutation", "Nonsense_Mutation"]


@pytest.mark.parametrize("symbol", ["tp53", "Tp53", "tP53"])
def test_a_symbol_in_small_letters_is_the_gene_and_that_is_noted(study, symbol):
    """Taken for an unknown gene it would make TP53 wild type in silence."""
    read = read_study(study({MUTATIONS: cell(2, "Hugo_Symbol", symbol)(GOOD[MUTATIONS])}))
    same(read, read_study(study()))
    assert "1 of 5 mutation rows give the gene in small letters: read as capitals" in read.notes


@pytest.mark.parametrize("word", ["silent", "SILENT", "synonymous_variant", "intron_variant", "Synonymous"])
def test_a_silent_mutation_by_another_word_is_left_out(study, word):
    """Counted, it would make a wild-type sample mutated."""
    as_word = {kind: cell(6, "Variant_Classification", kind)(GOOD[MUTATIONS]) for kind in ("Missense_Mutation", word)}
    assert ("S4", "KRAS") in genes_of(read_study(study({MUTATIONS: as_word["Missense_Mutation"]})))
    read = read_study(study({MUTATIONS: as_word[word]}))
    assert ("S4", "KRAS") not in genes_of(read) and read.words == {}
    assert any(note.startswith("1 of 5 mutation rows change no protein") for note in read.notes)


def test_a_consequence_that_no_list_knows_counts_and_is_named(study):
    """As cBioPortal loads it; strictly read it is refused."""
    folder = study({MUTATIONS: cell(6, "Variant_Classification", "Frobnicated")(GOOD[MUTATIONS])})
    cohort = read_study(folder)
    assert ("S4", "KRAS") in genes_of(cohort) and cohort.words == {"Variant_Classification": {"Frobnicated": 1}}
    [note] = [note for note in cohort.notes if "'Frobnicated' (1)" in note]
    assert note.startswith("Variant_Classification: ") and "count as mutations, as in cBioPortal" in note
    assert [str(problem) for problem in read.check_study(folder, strict=True)[1]] == [f"my_study: {note}"]


# --- which samples were looked at ---------------------------------------------------------------------------------

ON_PANELS = "SAMPLE_ID\tPATIENT_ID\tGENE_PANEL\nS1\tP1\tSMALL\nS2\tP2\tBIG\nS3\tP3\t\nS4\tP4\tWES\n"
LISTS = {
    "data_gene_panel_SMALL.txt": "stable_id: SMALL\ndescription: x\ngene_list: TP53\tRB1\n",
    "data_gene_panel_BIG.txt": "stable_id: BIG\ndescription: x\ngene_list: TP53\tRB1\tKRAS\tMLL2\n",
}


def test_profiled_by_the_panel_of_each_sample(study):
    """S3 is on no panel: profiled for every gene where it is listed as sequenced, or where a mutation was loaded."""
    assert genes_of(read_study(study()))[-1] == ("S3", "STK11")
    read = read_study(study({SAMPLES: ON_PANELS, **LISTS}))
    assert read.profiled("TP53").tolist() == [True, True, True, True]
    assert read.profiled("STK11").tolist() == [False, False, True, True]
    assert read.panels_without_list == ["WES"]
    assert read.profiled("TP53").index.tolist() == ["S1", "S2", "S3", "S4"]
    unlisted = read_study(study({SAMPLES: ON_PANELS, **LISTS, LIST: None}))
    assert unlisted.profiled("STK11").tolist() == [False, False, True, True]
    # without the mutation, neither list nor call speaks for it
    quiet = cell(5, "Tumor_Sample_Barcode", "S2")(GOOD[MUTATIONS])
    read = read_study(study({SAMPLES: ON_PANELS, **LISTS, LIST: None, MUTATIONS: quiet}))
    assert read.profiled("TP53").tolist() == [True, True, False, True]
    listed = read_study(study({SAMPLES: ON_PANELS, **LISTS, LIST: SEQUENCED, MUTATIONS: quiet}))
    assert listed.profiled("TP53").tolist() == [True, True, True, True]


def test_a_panel_without_a_list_is_known_by_the_genes_that_the_rows_name(study):
    """KRAS stands in a row (silent, of another sample) and counts as on the panel; a gene nowhere named does not."""
    read = read_study(study({SAMPLES: ON_PANELS, **LISTS}))
    assert [read.profiled(gene)["S4"] for gene in ("TP53", "KRAS", "KMT2D", "KEAP1")] == [True, True, True, False]
    with_copies = read_study(study({SAMPLES: ON_PANELS, **LISTS, CNA: GENES + "KEAP1\t9817\t0\t0\n"}))
    assert with_copies.profiled("KEAP1")["S4"]
    assert any(note.startswith("no gene list for WES") for note in read.notes)


def test_the_matrix_of_panels_comes_before_the_column(study):
    matrix = "SAMPLE_ID\tmutations\tcna\nS2\tSMALL\tBIG\nS1\tBIG\tNA\nS4\tNA\tBIG\n"
    read = read_study(study({SAMPLES: ON_PANELS, MATRIX: matrix, **LISTS, LIST: None}))
    # S3 has a mutation and S4 none that counts: an exome, and a sample that nobody looked at
    assert read.profiled("KRAS").tolist() == [True, False, True, False]
    assert read.profiled("RB1").tolist() == [True, True, True, False]
    assert read.panels_without_list == []
    listed = read_study(study({SAMPLES: ON_PANELS, MATRIX: matrix, **LISTS, LIST: SEQUENCED}))
    assert listed.profiled("KRAS").tolist() == [True, False, True, True]


@pytest.mark.parametrize("word", ["WXS", "WGS", "WXS/WGS"])
def test_a_word_for_every_gene_in_the_matrix(study, word):
    matrix = f"SAMPLE_ID\tmutations\nS1\tSMALL\nS2\t{word}\nS3\tSMALL\nS4\t{word}\n"
    read = read_study(study({MATRIX: matrix, **LISTS, LIST: None}))
    assert read.profiled("KEAP1").tolist() == [False, True, False, True] and read.panels_without_list == []


def test_profiled_by_the_list_of_sequenced_samples_or_else_all(study):
    assert read_study(study({LIST: None})).profiled("TP53").all()
    cases = "cancer_study_identifier: x\ncase_list_name: Sequenced: all\ncase_list_ids: S1\tS4\n"
    read = read_study(study({LIST: cases}))
    # S2 and S3 are not listed but carry a mutation that was loaded
    assert read.profiled("TP53").tolist() == [True, True, True, True]
    quiet = drop_row(4)(drop_row(5)(GOOD[MUTATIONS]))
    read = read_study(study({LIST: cases, MUTATIONS: quiet}))
    assert read.profiled("TP53").tolist() == [True, False, False, True]
    assert read.panels_without_list == []


def test_where_nothing_says_who_was_sequenced_the_wild_types_are_counted(study):
    folder = study({LIST: None})
    cohort = read_study(folder)
    [note] = [note for note in cohort.notes if "count as wild type" in note]
    assert note.startswith("1 of 4 tumours without any mutation")
    assert [str(problem) for problem in read.check_study(folder, strict=True)[1]] == [f"my_study: {note}"]


def test_a_panel_column_that_is_empty_says_nothing(study):
    """With mutations there, nobody being profiled cannot be: refused, said in a note, or as without the column."""
    samples = "SAMPLE_ID\tPATIENT_ID\tGENE_PANEL\nS1\tP1\t\nS2\tP2\t\nS3\tP3\t\nS4\tP4\t\n"
    assert read_study(study({SAMPLES: samples, LIST: None})).profiled("TP53").all()


# --- files that are strange ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [2, 3])
def test_a_null_byte_cuts_no_number(study, row):
    # pandas' parser ends a cell at a null byte: 1\0 2.5 becomes one month
    folder = study({PATIENTS: cell(row, "OS_MONTHS", "1\x002.5")(GOOD[PATIENTS])})
    with pytest.raises(CohortError, match=f"^my_study/{PATIENTS}, row {row}"):
        read_study(folder)


@pytest.mark.parametrize("extra", [1, 2])
def test_tabs_at_the_end_of_every_line(study, extra):
    for file, text in GOOD.items():
        same(read_study(study({file: text.replace("\n", "\t" * extra + "\n")})), read_study(study()))


def test_a_blank_line_in_a_file_of_one_column_is_no_row(study):
    # a line without a tab has as many fields as the header here
    read = read_study(study({PATIENTS: "PATIENT_ID\n\nP1\n \nP2\nP3\nP4\n"}))
    assert read.patients.index.tolist() == ["P1", "P2", "P3", "P4"]


def test_copy_number_with_a_tab_at_the_end_of_every_line(study):
    levels = read_study(study({CNA: "Hugo_Symbol\tS1\t\nRB1\t-2\t\n"})).copy_number
    assert levels.to_dict() == {"S1": {"RB1": -2}}
    with pytest.raises(CohortError, match=f"^my_study/{CNA}, row 1: has a column without a name"):
        read_study(study({CNA: "Hugo_Symbol\t\tS1\nRB1\t0\t-2\n"}))


@pytest.mark.parametrize("file", [SAMPLES, STUDY, "meta_study.txt"])
def test_a_folder_in_the_place_of_a_file_that_is_needed(study, file):
    folder = study({file: None})
    (folder / file).mkdir(parents=True)
    with pytest.raises(CohortError, match=Path(file).name):
        read_study(folder)


@pytest.mark.parametrize("file", [PATIENTS, MUTATIONS, CNA])
def test_a_folder_in_a_file_s_place_holds_no_table_and_what_is_in_it_is_named(study, file):
    """As unpacking an archive of one file leaves it: data_mutations.txt/data_mutations.txt."""
    folder = study({file: None, f"{file}/{file}": GOOD.get(file, GENES)})
    cohort, reading = read.load(folder)
    assert reading.files[f"{file}/{file}"] == "not understood"
    assert any(note.startswith("not understood and not read") and f"{file}/{file}" in note for note in cohort.notes)
    if file == MUTATIONS:
        with pytest.raises(MissingData, match="my_study has no mutations"):
            cohort.need_mutations()
    assert read.check_study(folder, strict=True)[0] is None


@pytest.mark.parametrize(
    ("file", "text"),
    [(STUDY, "name: Kräftig\n"), ("meta_study.txt", "name: Kräftig\n"),
     ("case_lists/cases_sequenced.txt", "case_list_name: Kräftig\ncase_list_ids: S1\tS2\tS3\tS4\n"),
     ("data_gene_panel_X.txt", "stable_id: X\ndescription: Kräftig\ngene_list: TP53\n")],
)  # fmt: skip
def test_a_file_beside_that_is_not_utf_8(study, file, text):
    with pytest.raises(CohortError, match=f"{Path(file).name}.*UTF-8"):
        read_study(study({file: text.encode("latin-1")}))


@pytest.mark.parametrize(
    "text",
    ["- a\n- b\n", "hello\n", "name: 5\nsimulated: true\n", "name: 2020-01-01\nsimulated: true\n", "name: {a: 1}\n",
     "os_origin: [a, b]\n", "simulated: true\nsimulated: false\n", '"a\\nb": 1\n', "simulated:\n"],
)  # fmt: skip
def test_a_cohort_yaml_of_the_wrong_shape(study, text):
    """`simulated` given twice is the dangerous one: the last would win, and twins would pass for patients."""
    with pytest.raises(CohortError) as caught:
        read_study(study({STUDY: text})).label  # noqa: B018 - the name is used where a figure is made
    assert str(caught.value).startswith("my_study/cohort.yaml") and len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("file", "text", "row", "column"),
    [(MATRIX, "SAMPLE_ID\tmutations\nS1\tA\nS2\tA\nS1\tB\n", 4, "SAMPLE_ID"),
     (MATRIX, "SAMPLE_ID\tmutations\nS1\tA\n\tB\n", 3, "SAMPLE_ID"),
     (SV, "Sample_Id\tSite1_Hugo_Symbol\n\tALK\n", 2, "Sample_Id")],
)  # fmt: skip
def test_samples_of_the_files_beside(study, file, text, row, column):
    with pytest.raises(CohortError, match=f"^my_study/{file}, row {row}, column {column}: "):
        # read as it stands, a sample with two panels ends in pandas' own error at the first question
        read_study(study({file: text})).profiled("TP53")


@pytest.mark.parametrize("symbols", [("RB1", "RB1"), ("MLL2", "KMT2D"), ("KMT2D", "MLL2")])
def test_a_gene_with_two_rows_of_copy_number_is_one_whatever_their_order(study, symbols):
    """Altered values stand over a filler of 0, and that is noted; two that differ are refused, naming both rows."""
    gene = "RB1" if symbols[0] == "RB1" else "KMT2D"
    read = read_study(study({CNA: GENES + f"{symbols[0]}\t\t-2\t0\n{symbols[1]}\t\t0\t\n"}))
    assert read.copy_number.loc[gene].tolist() == [-2, 0] and read.copy_number.index.tolist() == [gene]
    assert "2 copy-number rows come to 1 symbols: merged, an altered value over a 0" in read.notes
    with pytest.raises(
        CohortError, match=f"^my_study/{CNA}, row 3, column Hugo_Symbol: gene '{gene}' .* in row 2; keep one"
    ):
        read_study(study({CNA: GENES + f"{symbols[0]}\t\t-2\t0\n{symbols[1]}\t\t-1\t0\n"}))


def test_a_possible_deep_deletion_is_one_as_in_cbioportal(study):
    # cBioPortal's importer turns -1.5 into -2, and this reader takes -1.5 for a valid code
    read = read_study(study({CNA: GENES + "CDKN2A\t1029\t-1.5\t-1\n"}))
    assert genomics.altered(read, genes=["CDKN2A"])["CDKN2A"].tolist() == [True, False, False, False]


# --- write and read -----------------------------------------------------------------------------------------------


def tables() -> dict:
    patients = pd.DataFrame({
        "PATIENT_ID": ["007", "P-2", "P 3"], "SEX": ["Female", "Male", None], "AGE": [61.0, 70.5, np.nan],
        "OS_MONTHS": [1 / 3, 12.0, np.nan], "OS_STATUS": ["1:DECEASED", "0:LIVING", None],
        "COMMENT": ['a "quoted" word', "tab\tand\nline", "ünïcode µ"],
    })  # fmt: skip
    samples = pd.DataFrame({
        "SAMPLE_ID": ["S1", "S2", "S3"], "PATIENT_ID": ["007", "P-2", "P 3"], "TMB_NONSYNONYMOUS": [0.0, 1e-7, 1234.5],
        "GENE_PANEL": ["X", "X", None],
    })  # fmt: skip
    mutations = pd.DataFrame({
        "Hugo_Symbol": ["TP53", "RB1"], "Tumor_Sample_Barcode": ["S1", "S2"],
        "Variant_Classification": ["Missense_Mutation", "Nonsense_Mutation"], "Start_Position": [7577120, np.nan],
    })  # fmt: skip
    return {"patients": patients, "samples": samples, "mutations": mutations}


def test_written_and_read_again(tmp_path):
    given = tables()
    facts = {"name": "Zwölf: a test", "simulated": True, "os_origin": "diagnosis", "notes": ["one", "two"]}
    lists = {"X": ["TP53", "RB1"]}
    folder = write_study(tmp_path / "made", **given, study=facts, panel_genes=lists, readme="Read me\n")
    read = read_study(folder)
    assert read.study == facts and read.label == "Zwölf: a test (simulated)" and read.time_zero == "diagnosis"
    wanted = given["patients"].set_index("PATIENT_ID")
    for name in ("AGE", "OS_MONTHS"):
        pd.testing.assert_series_equal(read.patients[name], wanted[name])
    assert read.patients["OS_STATUS"].iloc[:2].tolist() == [True, False] and read.patients["OS_STATUS"].isna().iloc[2]
    assert read.patients["COMMENT"].tolist() == ['a "quoted" word', "tab and line", "ünïcode µ"]
    assert read.samples["TMB_NONSYNONYMOUS"].tolist() == [0, 1e-7, 1234.5]
    assert read.mutations["Start_Position"].tolist() == ["7577120", ""]
    assert read.profiled("TP53").tolist() == [True, True, False] and not read.profiled("KRAS").any()
    assert read.notes == []
    assert (folder / "README.md").read_text() == "Read me\n"
    # cBioPortal's four lines stand above a clinical header, and the folder is all there is
    assert [line[0] for line in (folder / PATIENTS).read_text().splitlines()[:4]] == ["#"] * 4
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_written_twice_it_is_the_same_and_digests_alike(tmp_path):
    first = write_study(tmp_path / "a" / "made", **tables(), study={"name": "x"})
    second = write_study(tmp_path / "b" / "made", **tables(), study={"name": "x"})
    before = read.digest(first)
    assert before == read.digest(second)
    path = second / PATIENTS
    path.write_text(path.read_text().replace("61", "62"))
    assert read.digest(second) != before
    assert read.digest(write_study(second, **tables(), study={"name": "x"})) == before


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    folder = write_study(tmp_path / "made", **tables(), study={"name": "x"})
    before = read.digest(folder)
    given = tables()
    given["samples"] = given["samples"].drop(columns="GENE_PANEL")
    with pytest.raises(KeyError):
        write_study(folder, **given, study={"name": "y"}, panel_genes={"X": ["TP53"]})
    assert read.digest(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_a_cell_with_a_carriage_return_can_be_read_again(tmp_path):
    given = tables()
    given["patients"]["COMMENT"] = ["typed\r\nin Excel", "a\rb", ""]
    read = read_study(write_study(tmp_path / "made", **given, study={"name": "x"}))
    assert read.patients["COMMENT"].str.contains("typed").iloc[0]


# --- real patients ------------------------------------------------------------------------------------------------


def test_a_real_study_loads_unchanged(data_dir):
    read = read_study(data_dir / "nsclc_pd1_msk_2018")
    survival = read.survival("PFS")
    assert (len(read.patients), len(read.samples)) == (240, 240)
    assert len(survival) == 240 and survival["event"].sum() == 198 and survival.attrs["dropped"] == 0
    assert read.panels_without_list == ["IMPACT341", "IMPACT410", "IMPACT468"]
    assert set(read.patients["SEX"]) == {"Female", "Male"}
    assert not read.mutations["Hugo_Symbol"].isin(PREVIOUS_SYMBOLS).any()
    assert read.column("PDL1_SCORE", "PD-L1").notna().any()
    assert set(read.column("DURABLE_CLINICAL_BENEFIT", "benefit").dropna()) == {"YES", "NO", "NE"}
    with pytest.raises(UserError, match="no overall survival"):
        read.survival("OS")


def test_one_genome_build_under_two_names_is_one_build(own_study):
    rows = (own_study / "data_mutations.txt").read_text().splitlines()
    names = ["NCBI_Build", "37", "GRCh37", "hg19", *["37"] * len(rows)]
    text = "\n".join(f"{row}\t{name}" for row, name in zip(rows, names, strict=False)) + "\n"
    (own_study / "data_mutations.txt").write_text(text)
    assert len(read_study(own_study).mutations) == len(rows) - 1


@pytest.mark.parametrize(
    ("file", "column", "cell"),
    [
        ("data_clinical_patient.txt", "FIRST_LINE_END_MONTHS", "three"),
        ("data_clinical_patient.txt", "SECOND_LINE_START_MONTHS", "-2"),
        ("data_clinical_patient.txt", "OS_ENTRY_MONTHS", "4000"),
        ("data_clinical_sample.txt", "BIOPSY_MONTHS", "x"),
        ("data_clinical_sample.txt", "COVERED_MEGABASES", "1,4"),
        ("data_clinical_sample.txt", "ASSAY_GENES", "many"),
    ],
)
def test_every_column_read_as_a_number_is_checked_as_one(own_study, file, column, cell):
    lines = (own_study / file).read_text().splitlines()
    lines = [f"{line}\t{column if place == 0 else cell if place == 2 else ''}" for place, line in enumerate(lines)]
    (own_study / file).write_text("\n".join(lines) + "\n")
    cohort = read_study(own_study)
    values = (cohort.patients if "patient" in file else cohort.samples)[column]
    assert values.isna().all() and cohort.words == {column: {cell: 1}}
    [note] = [note for note in cohort.notes if note.startswith(f"{file}, column {column}: '{cell}' (1)")]
    assert "read as missing" in note and "\n" not in note
    assert note in [problem.message for problem in read.check_study(own_study, strict=True)[1]]


def test_delayed_entry_is_read_and_who_left_before_it_is_counted(own_study):
    """OS_ENTRY_MONTHS: at risk from there on only; the median is that of lifelines with entry."""
    from lifelines import KaplanMeierFitter

    from lcnec_utils.stats import comparison, survival

    path = own_study / "data_clinical_patient.txt"
    lines = path.read_text().splitlines()
    entries = ["OS_ENTRY_MONTHS", "1", "2", "0", "9", "3", "1", "0.5", ""]
    path.write_text("\n".join(f"{line}\t{entry}" for line, entry in zip(lines, entries, strict=True)) + "\n")
    cohort_ = read_study(own_study)
    table = cohort_.survival("OS")
    assert len(table) == 6 and table.attrs["dropped"] == 2, "one entered after the end, one entry is not known"
    assert any("delayed entry" in note for note in cohort_.notes)
    fitted = KaplanMeierFitter().fit(table["months"], table["event"], entry=table["entry"])
    assert survival.medians(table).iloc[0]["median"] == fitted.median_survival_time_
    groups = comparison.compare(table.assign(group=["a", "b"] * 3), group="group")
    assert np.isnan(groups.log_rank.p) and groups.ratios["hr"].notna().all()
