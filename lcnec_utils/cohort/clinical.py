"""Patients and samples of a study folder: identifiers, tumours and normals, numbers and words of every column."""

import collections
import re

import numpy as np
import pandas as pd

from lcnec_utils.cohort import words
from lcnec_utils.cohort.dictionary import (
    COLUMNS,
    DATED_DAYS,
    DATES,
    ENDPOINTS,
    FIRST_DOSE,
    KINDS_OF_SAMPLE,
    NUMBERS,
    PATIENT_FILE,
    REGIMENS,
    SAMPLE_FILE,
    TISSUE_COLUMNS,
    WORDS,
    column_names,
    plain,
)
from lcnec_utils.cohort.files import Source, table_of
from lcnec_utils.cohort.model import Reading
from lcnec_utils.core import formats

MUCH = 0.1  # a column in which a larger share of the filled cells is odd is refused as a column
MOST_NAMED = 5  # so many odd words of a column are quoted
MOST_SHOWN = 60  # characters of a word that is quoted
TCGA = re.compile(r"TCGA-\w\w-\w{4}-(\d\d)")
TCGA_SAMPLE = 15  # characters of a TCGA barcode that name the sample
TCGA_NORMALS = range(10, 15)

# what a reader is told to write, by vocabulary
REMEDIES = {
    "sex": "write Female or Male",
    "ecog": "write 0 to 4",
    "m_stage": "write M0, M1a, M1b or M1c",
    "benefit": "write YES, NO or NE",
    "yes_no": "write YES or NO",
    "response": "write CR, PR, SD, PD or NE",
    "grade": "write CTCAE grades, 0 to 5",
    "backbone": "write NSCLC-type or SCLC-type",
    "review": "write agreed or not agreed",
    "end_reason": "write progression, toxicity, completed, stopped, death or ongoing",
    "subtype": "write NSCLC-like, SCLC-like or Unclassified",
    "mmr": "write dMMR or pMMR, MSI-H or MSS",
    "pdl1_assay": "write the antibody's clone, as 22C3, 28-8 or SP263",
    "event": "write 0:… for censored and 1:… for an event",
    "biopsy_time": "write baseline, early or relapse",
    "fixation": "write FF or FFPE",
    "quality": "write PASS or FAIL",
    "cell_of_origin": "write ABC, GCB or Unclassified",
}


def missing(cells: pd.Series) -> pd.Series:
    """Empty cells as missing, the type kept: a column with no value at all stays a column of text."""
    return cells.astype(object).mask(cells == "", np.nan)


def quoted(found: dict[str, int]) -> str:
    """Words with their counts, the commonest first, as a line shows them."""
    shown = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    more = f" and {len(shown) - MOST_NAMED} more" if len(shown) > MOST_NAMED else ""
    cut = {word: word if len(word) <= MOST_SHOWN else f"{word[:MOST_SHOWN]}…" for word, _ in shown[:MOST_NAMED]}
    return ", ".join(f"'{cut[word]}' ({count})" for word, count in shown[:MOST_NAMED]) + more


def _too_much(odd: int, filled: int) -> bool:
    return odd > 1 and odd > MUCH * filled


NOT_OF_LIFE = re.compile(r"progress|recur|relaps|\bpd\b|stopped|discontinu", re.I)  # what ends no life


class Column:
    """One column being read: what is odd in it is counted, and much of it refuses the column."""

    def __init__(self, file: str, name: str, cells: pd.Series, reading: Reading):
        self.file, self.name, self.cells, self.reading = file, name, cells, reading
        self.counts = collections.Counter(cells[cells != ""])

    def by_word(self, meaning: dict[str, object], what: str, remedy: str) -> pd.Series | None:
        """The column through what each distinct cell means; a cell of which meaning says None is odd. None where the
        column is refused."""
        odd = {cell: count for cell, count in self.counts.items() if meaning[cell] is None}
        self.reading.strange(self.name, odd)
        if _too_much(sum(odd.values()), sum(self.counts.values())):
            self.reading.refuse_column(self.file, self.name, f"{quoted(odd)}: {what}; {remedy}")
            return None
        if odd:
            self.reading.odd(f"{self.file}, column {self.name}: {quoted(odd)}: {what}; read as missing")
        values = self.cells.map({**{cell: value for cell, value in meaning.items() if value is not None}, "": np.nan})
        return values.mask(values == "", np.nan)


# Of these a cut-off makes groups: below 10 percent may be on either side of 1, and is not known
BY_CUT_OFF = ("TMB_NONSYNONYMOUS", "PDL1_SCORE")


def _number_of(name: str, cell: str, lowest: float, highest: float) -> float | None:
    read = words.number(cell)
    if read is None or not np.isfinite(read[0]) or not lowest <= read[0] <= highest:
        return None
    return None if name in BY_CUT_OFF and read[0] > 0 and cell.strip()[0] in "<≤=" else read[0]


def read_numbers(file: str, name: str, cells: pd.Series, reading: Reading) -> pd.Series | None:
    """A column of numbers (NUMBERS); a cell that is none, or out of bounds, is missing and named."""
    lowest, highest, unit, beyond = NUMBERS[name]
    column = Column(file, name, cells, reading)
    meaning = {cell: _number_of(name, cell, lowest, highest) for cell in column.counts}
    odd = [cell for cell, value in meaning.items() if value is None]
    over = [cell for cell in odd if (read := words.number(cell)) and read[0] > highest]
    under = [cell for cell in odd if (read := words.number(cell)) and read[0] < lowest]
    what = (
        f"over {highest:g}, {beyond}"
        if over and len(over) == len(odd)
        else f"not {unit} from {lowest:g} to {highest:g}"
    )
    remedy = f"give {unit}, or leave the cell empty where it is not known"
    if any(re.fullmatch(r"\d+,\d+", cell) for cell in odd):
        remedy = f"write a decimal point; {remedy}"
    share = [value for value in meaning.values() if value is not None]
    if name == "PDL1_SCORE" and share and max(share) <= 1 and any(0 < value < 1 for value in share):
        reading.refuse_column(file, name, "no value is over 1, as if they were fractions; give percent")
        return None
    if under and len(under) == len(odd):
        what = f"below {lowest:g}"
    values = column.by_word(meaning, what, remedy)
    if values is None:
        return None
    bounds = {
        cell: column.counts[cell] for cell, value in meaning.items() if value is not None and words.number(cell)[1]
    }
    if bounds:
        reading.odd(f"{file}, column {name}: {quoted(bounds)} are bounds, read as the number in them")
    return pd.to_numeric(values)


def read_words(file: str, name: str, cells: pd.Series, reading: Reading) -> pd.Series | None:
    """A column of a closed vocabulary; a word that it lacks is missing and named, and much of that refuses it."""
    vocabulary = WORDS[name]
    column = Column(file, name, cells, reading)
    meaning = {cell: words.word(vocabulary, cell) for cell in column.counts}
    if name in ("OS_STATUS", "DSS_STATUS"):  # a progression is no death
        meaning = {cell: None if NOT_OF_LIFE.search(cell) else said for cell, said in meaning.items()}
    if vocabulary == "event" and set(column.counts) in ({"1"}, {"1.0"}) and sum(column.counts.values()) > 1:
        reading.odd(f"{file}, column {name}: every cell says 1, read as an event of everybody")
    if (
        vocabulary == "event"
        and column.counts
        and set(column.counts) <= {"1", "2", "1.0", "2.0"}
        and {"2", "2.0"} & set(column.counts)
    ):
        reading.strange(name, column.counts)
        reading.refuse_column(file, name, f"a code of 1 and 2 is not guessed; {REMEDIES[vocabulary]}")
        return None
    values = column.by_word(meaning, "not understood", REMEDIES[vocabulary])
    if values is not None and vocabulary == "event":
        return values.map({"0": False, "1": True}).astype("boolean")
    if values is not None and vocabulary == "grade":
        return pd.to_numeric(values)
    return values


def read_regimens(file: str, name: str, cells: pd.Series, reading: Reading) -> pd.Series:
    """A column of treatments: by class where words or drug names say it; an unknown one keeps its own name."""
    counts = collections.Counter(cells[cells != ""])
    meaning = {cell: words.regimen(cell) for cell in counts}
    if name == "SECOND_LINE_REGIMEN":
        meaning |= {cell: np.nan for cell in counts if cell.lower() in ("none", "no", "no second line", "no treatment")}
    strange = {cell: count for cell, count in counts.items() if meaning[cell] is None}
    reading.strange(name, strange)
    if strange:
        reading.odd(
            f"{file}, column {name}: {quoted(strange)}: no known treatment; each is a group of its own, and no claim "
            "on regimens is put to it"
        )
    named = {
        cell: count
        for cell, count in counts.items()
        if meaning[cell] not in (None, cell) and meaning[cell] == meaning[cell]
    }
    if named:
        reading.note(
            f"{file}, column {name}: {sum(named.values())} of {sum(counts.values())} cells name drugs or use another "
            "spelling and are read by class"
        )
    return cells.map({**{cell: cell if value is None else value for cell, value in meaning.items()}, "": np.nan})


def read_dates(file: str, name: str, cells: pd.Series, reading: Reading) -> pd.Series | None:
    """A column of days as YYYY-MM-DD, by the format that the whole column shows."""
    counts = collections.Counter(cells[cells != ""])
    if not counts:
        return missing(cells)
    days, why = words.dates(list(counts))
    if why:
        reading.strange(name, {cell: count for cell, count in counts.items()})
        reading.refuse_column(file, name, why)
        return None
    odd = {cell: counts[cell] for cell, day in days.items() if not day}
    reading.strange(name, odd)
    if odd:
        reading.odd(f"{file}, column {name}: {quoted(odd)} are no days of the column's format; read as missing")
    return missing(cells.map({**days, "": ""}))


def typed(file: str, table: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """A table of text with every known column read as what it is; refused columns are left out."""
    columns = {}
    for name in table.columns:
        cells = table[name]
        if name in NUMBERS:
            columns[name] = read_numbers(file, name, cells, reading)
        elif name in WORDS:
            columns[name] = read_words(file, name, cells, reading)
        elif name in REGIMENS:
            columns[name] = read_regimens(file, name, cells, reading)
        elif name in DATES:
            columns[name] = read_dates(file, name, cells, reading)
        else:
            columns[name] = missing(cells)
    return pd.DataFrame({name: values for name, values in columns.items() if values is not None}, index=table.index)


def _rename(file: str, table: pd.DataFrame, known: list[str], reading: Reading) -> pd.DataFrame:
    """The table under the dictionary's names; another spelling is a note."""
    names = column_names(list(table.columns), known)
    renamed = {old: new for old, new in names.items() if old != new}
    if renamed:
        listed = ", ".join(f"{new} from '{old}'" for old, new in renamed.items())
        reading.note(f"{file}: read {listed}")
    nulls = {names[old]: count for old, count in table.attrs.get("nulls", {}).items() if old in names}
    if nulls:
        reading.note(f"{file}: null words are missing: {', '.join(f'{name} {count}' for name, count in nulls.items())}")
    table = table.rename(columns=renamed)
    reading.used.setdefault(file, []).extend(old for old in names)
    reading.unused.setdefault(file, []).extend(name for name in table.columns if name not in names.values())
    return table


PATIENT_COLUMNS = list(COLUMNS[PATIENT_FILE])
SAMPLE_COLUMNS = list(COLUMNS[SAMPLE_FILE])
BOTH = list(dict.fromkeys([*SAMPLE_COLUMNS, *PATIENT_COLUMNS]))


def _clinical(source: Source | None, known: list[str], reading: Reading) -> pd.DataFrame | None:
    table = table_of(source, reading)
    return None if table is None else _rename(source.path.name, table, known, reading)


def _identified(file: str, table: pd.DataFrame, key: str, what: str, reading: Reading) -> bool:
    """Whether a table has its identifiers, each row one; what lacks is refused."""
    if key not in table:
        near = next(
            (name for name in table.columns if plain(name).replace("_", "") in plain(key).replace("_", "")), None
        )
        reading.refuse(file, f"is missing; {f'rename {near!r} to it' if near else 'add it'}", column=key)
        return False
    for row in table.index[table[key] == ""]:
        reading.refuse(file, f"is empty; every row needs {what}", row=row, column=key)
    return not (table[key] == "").any()


def _distinct(file: str, table: pd.DataFrame, key: str, reading: Reading) -> pd.DataFrame:
    """The table with each identifier once; a second row refuses the study, but for a TCGA sample, as in cBioPortal."""
    again = table[key].duplicated()
    tcga = again & table[key].str.startswith("TCGA-") & (key == "SAMPLE_ID")
    for row, name in table.loc[again & ~tcga, key].items():
        reading.refuse(
            file, f"'{name}' stands in an earlier row too; each row needs an identifier of its own", row, key
        )
    if tcga.any():
        reading.odd(
            f"{file}: {int(tcga.sum())} TCGA samples stand there twice; their first row is read, as cBioPortal does"
        )
    return table[~again]


def _split_joint(
    file: str, table: pd.DataFrame, held: list[str], reading: Reading
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A table of samples as patients and samples: columns of the patient dictionary by patient, all others by sample.

    held: columns that a table of patients has already; they stay where they are. Where the rows of a patient contradict
    each other in a column of patients, the cell is missing and named.
    """
    apart = {*SAMPLE_COLUMNS, *held}
    of_patients = [name for name in table.columns if name in PATIENT_COLUMNS and name not in apart]
    first = table.drop_duplicates("PATIENT_ID")[["PATIENT_ID", *of_patients]].set_index("PATIENT_ID", drop=False)
    first.index.name = None
    several = table[table["PATIENT_ID"].duplicated(keep=False)]
    for name in of_patients:
        distinct = (
            several[several[name] != ""].groupby("PATIENT_ID")[name].agg(lambda cells: list(dict.fromkeys(cells)))
        )
        torn = distinct[distinct.map(len) > 1]
        single = distinct[distinct.map(len) == 1].map(lambda cells: cells[0])
        first.loc[single.index, name] = single
        if len(torn):
            first.loc[torn.index, name] = ""
            reading.odd(
                f"{file}, column {name}: {len(torn)} patients have rows that contradict each other; read as missing"
            )
    rows = table.drop_duplicates("PATIENT_ID").index
    return first.set_axis(rows), table.drop(columns=of_patients)


def _lifted(
    patients: pd.DataFrame, of_samples: pd.DataFrame, sample_file: str, patient_file: str, reading: Reading
) -> pd.DataFrame:
    """The patients, with those whom the table of samples alone names, and with the columns of patients that stand in
    it (of_samples: such a table by patient)."""
    by_patient = of_samples.set_index("PATIENT_ID")
    known = set(patients["PATIENT_ID"])
    absent = [name for name in by_patient.index if name not in known]
    if absent:
        first = f"as '{absent[0]}'"
        said = f"{len(absent)} patients of {sample_file} are not in {patient_file} ({first}): of them only what "
        reading.odd(f"{said}{sample_file} says is known", first)
        patients = pd.concat([patients, pd.DataFrame({"PATIENT_ID": absent})]).fillna("")
    if len(by_patient.columns):
        reading.odd(f"{sample_file} holds columns of patients, read as such: {', '.join(by_patient.columns)}")
    columns = {name: patients["PATIENT_ID"].map(by_patient[name]).fillna("") for name in by_patient}
    return patients.assign(**columns)


def read_clinical(sources: dict[str, Source | None], reading: Reading) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Patients (index PATIENT_ID) and samples (index SAMPLE_ID, normals among them), typed; None where refused."""
    joint = sources.get("joint")
    if sources.get("samples") is None and joint is not None:
        table = _clinical(joint, BOTH, reading)
        if table is None:
            return None
        file = joint.path.name
        if "SAMPLE_ID" not in table and "PATIENT_ID" in table:
            reading.odd(f"{file} names no samples: each patient is read as one sample of the same name")
            table = table.assign(SAMPLE_ID=table["PATIENT_ID"])
        if not all(
            [_identified(file, table, key, what, reading)
             for key, what in (("PATIENT_ID", "the patient's identifier"), ("SAMPLE_ID", "a sample identifier"))]
        ):  # fmt: skip
            return None
        patients, samples = _split_joint(file, table, [], reading)
        patient_file = sample_file = file
    else:
        patient, sample = sources.get("patients"), sources.get("samples")
        patients, samples = _clinical(patient, PATIENT_COLUMNS, reading), _clinical(sample, BOTH, reading)
        if samples is None:
            if sample is None:
                reading.refuse(SAMPLE_FILE, "is not there; a cBioPortal study folder needs the table of its samples")
            return None
        if patient is not None and patients is None:
            return None
        sample_file = sample.path.name
        patient_file = sample_file if patient is None else patient.path.name
        held = [_identified(sample_file, samples, "SAMPLE_ID", "a sample identifier", reading),
                _identified(sample_file, samples, "PATIENT_ID", "the patient's identifier", reading)]  # fmt: skip
        if patients is not None:
            held.append(_identified(patient_file, patients, "PATIENT_ID", "a patient identifier", reading))
        if not all(held):
            return None
        of_samples, samples = _split_joint(sample_file, samples, [] if patients is None else list(patients), reading)
        if patients is None:
            reading.odd(f"there is no {PATIENT_FILE}: patients are those of {sample_file}")
            patients = of_samples
        else:
            patients = _lifted(patients, of_samples, sample_file, patient_file, reading)
    patients = _distinct(patient_file, patients, "PATIENT_ID", reading)
    samples = _distinct(sample_file, samples, "SAMPLE_ID", reading)
    patients = typed(patient_file, patients.set_index("PATIENT_ID"), reading)
    samples = typed(sample_file, samples.set_index("SAMPLE_ID"), reading)
    _check_pairs(patients, patient_file, reading)
    return _with_days_of_dates(patients, patient_file, reading), samples


def _check_pairs(patients: pd.DataFrame, file: str, reading: Reading) -> None:
    """An endpoint of which one column lacks is not there, and that is said."""
    for key, endpoint in ENDPOINTS.items():
        months, status = f"{key}_MONTHS", f"{key}_STATUS"
        here = [name for name in (months, status) if name in patients]
        if len(here) == 2:
            filled = [name for name in here if patients[name].notna().any()]
            if len(filled) == 1:
                empty = ({*here} - {*filled}).pop()
                reading.odd(f"{file} has {filled[0]} and no value in {empty}: no {endpoint} from it")
                continue
            events = int((patients[status].fillna(False).astype(bool) & patients[months].isna()).sum())
            if events:
                reading.odd(
                    f"{file}: {events} patients have an event in {status} and no {months}: left out of {endpoint}"
                )
        if len(here) != 1 or {months, status} & set(reading.refused):
            continue
        absent = status if here == [months] else months
        if patients[here[0]].isna().all():
            continue
        days = f"{key}_DAYS"
        hint = f"; {days} is there: divide it by 30.4375" if absent == months and days in patients else ""
        reading.odd(f"{file} has {here[0]} and no {absent}: no {endpoint} from it{hint}")


def _with_days_of_dates(patients: pd.DataFrame, file: str, reading: Reading) -> pd.DataFrame:
    """The patients with the days from the first dose of blockade that calendar dates give, where the days themselves
    are not a column: by the calendar, so that a 29 February counts. A date before the first dose is missing and named.
    """
    for name in DATED_DAYS:
        date = name.replace("_DAYS", "_DATE")
        if date not in patients or patients[date].isna().all() or name in reading.refused:
            continue
        if FIRST_DOSE not in patients:
            reading.odd(f"{file} has {date} and no {FIRST_DOSE}: no days from the first dose are counted")
            continue
        days = (pd.to_datetime(patients[date]) - pd.to_datetime(patients[FIRST_DOSE])).dt.days
        if (before := days < 0).any():
            counted = formats.count(int(before.sum()), "date")
            first = f"as of '{patients.index[before][0]}'"
            reading.odd(f"{file}, column {date}: {counted} before {FIRST_DOSE} ({first}); read as missing", first)
        days = days.mask(before).astype(float)
        if name not in patients:
            counted = formats.count(int(days.notna().sum()), "patient")
            reading.note(f"{file}: {name} is counted from {FIRST_DOSE} to {date} ({counted})")
            patients = patients.assign(**{name: days})
        elif other := int((days.notna() & patients[name].notna() & (days != patients[name])).sum()):
            reading.odd(f"{file}: {name} and {date} differ in {formats.count(other, 'patient')}; {name} is read")
    return patients


def _tissue(kind: str) -> str | None:
    """Whether a kind of sample is normal tissue or a tumour; None where the dictionary does not know it."""
    return words.word("sample_type", str(kind))


def set_normals_aside(samples: pd.DataFrame, reading: Reading) -> tuple[pd.DataFrame, list[str]]:
    """The samples of tumours, and the identifiers of those of normal tissue: by a column that says so, or by the
    sample code of a TCGA barcode (10 to 14)."""
    codes = samples.index.to_series().astype(str).str.extract(TCGA, expand=False)
    normal = pd.to_numeric(codes).isin(TCGA_NORMALS)
    for name in samples.columns:
        if plain(name) in TISSUE_COLUMNS and not pd.api.types.is_numeric_dtype(samples[name]):
            kinds = samples[name].dropna().unique()
            meant = {kind: _tissue(kind) == "normal" for kind in kinds}
            normal |= samples[name].map(meant).eq(True)
            strange = {}
            if name in KINDS_OF_SAMPLE:
                strange = {kind: int((samples[name] == kind).sum()) for kind in kinds if _tissue(kind) is None}
            reading.strange(name, strange)
            if strange:
                reading.odd(f"column {name}: {quoted(strange)}: no known kind of sample; read as tumours")
    aside = list(samples.index[normal])
    if aside:
        reading.note(f"{len(aside)} of {len(samples)} samples are of normal tissue and are set aside")
    return samples[~normal], aside


OF_SAMPLES = "of samples"  # in the place of a column's name: the names are those of a matrix' columns


class Identifiers:
    """Which sample an identifier of another file means: itself, or for TCGA the sample its barcode begins with."""

    def __init__(self, samples: list[str], normals: list[str]):
        self.known, self.normals = set(samples), set(normals)
        self.by_barcode: dict[str, list[str]] = collections.defaultdict(list)
        for name in [*samples, *normals]:
            if TCGA.match(name):
                self.by_barcode[name[:TCGA_SAMPLE]].append(name)

    def sample(self, identifier: str) -> str | None:
        """The sample, "" for normal tissue, None where there is no such sample. Raises ValueError where several fit."""
        if identifier in self.known:
            return identifier
        if identifier in self.normals:
            return ""
        match = TCGA.match(identifier)
        if not match:
            return None
        near = self.by_barcode.get(identifier[:TCGA_SAMPLE], [])
        if len(near) > 1:
            closer = [name for name in near if identifier.startswith(name) or name.startswith(identifier)]
            if len(closer) != 1:
                raise ValueError(f"fits {' and '.join(near)}")
            near = closer
        if near:
            return "" if near[0] in self.normals else near[0]
        return "" if int(match[1]) in TCGA_NORMALS else None

    def resolve(self, file: str, column: str, cells: pd.Series, reading: Reading) -> pd.Series | None:
        """The samples that a column's identifiers mean, "" for normals; None where one is of nobody (refused)."""
        meaning: dict[str, str] = {}
        nobody: list[str] = []
        for cell in cells.unique():
            try:
                sample = self.sample(cell)
            except ValueError as error:
                row = cells.index[cells == cell][0]
                reading.refuse(file, f"'{cell}' {error}; give the sample's own identifier", row, column)
                return None
            if sample is None:
                nobody.append(cell)
            else:
                meaning[cell] = sample
        if nobody:
            row = cells.index[cells == nobody[0]][0]
            more = f" (nor are {len(nobody) - 1} more)" if len(nobody) > 1 else ""
            message = f"sample '{nobody[0]}' is not in the table of samples{more}; add the sample or drop the "
            if column == OF_SAMPLES:  # a matrix: what it names is a column
                reading.refuse(file, f"{message}column", column=str(row))
                return None
            message += "row"
            reading.refuse(
                file, message if nobody[0] else "is empty; every row needs the sample's identifier", row, column
            )
            return None
        return cells if all(cell == sample for cell, sample in meaning.items()) else cells.map(meaning)
