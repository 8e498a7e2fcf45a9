"""Lesions measured over time, as a study holds them: a timeline, a plain table, or CDISC's domains TU, TR and RS.

Whatever the form, the table that comes of it has one row per patient, lesion and day: columns LESION_COLUMNS. What the
words of a cell mean is decided here; whether a lesion's rows fit each other is decided where a response is computed.
"""

import dataclasses
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.cohort import clinical, words
from lcnec_utils.cohort.dictionary import COLUMNS, LESION_FILE, TIMELINE, plain
from lcnec_utils.cohort.model import Reading
from lcnec_utils.cohort.tables import read_csv

LESION_COLUMNS = ["patient", "day", "lesion", "organ", "kind", "diameter_mm", "axis", "evaluable", "state"]
NEEDED = LESION_COLUMNS[:7]
PLAIN, CDISC = (re.compile(pattern, re.I) for pattern in (r"lesions\.(csv|tsv|txt)", r"(tu|tr|rs)\.(csv|xpt)"))
INVESTIGATOR = "INVESTIGATOR"
MOST_MM = 500  # of a diameter, as where responses are computed (stats/lesions.py)
# The columns of a timeline, and of CDISC's results, under the names that a message gives them
OF_TIMELINE = {name: name.upper() for name in LESION_COLUMNS} | {"patient": "PATIENT_ID", "day": "START_DATE"}
OF_RESULTS = {"patient": "USUBJID", "day": "TRDY", "lesion": "TRLNKID", "organ": "TULOC", "kind": "TUSTRESC"}
OF_RESULTS |= {"diameter_mm": "TRSTRESC", "state": "TRSTRESC"}
# What is written in a cell → what it means, in small letters with single spaces; the states in a diameter too
NOT_EVALUABLE, TOO_SMALL = "not evaluable", "too small to measure"
KINDS = {
    "target": ["target", "target lesion", "t"],
    "non-target": ["non target", "nontarget", "non target lesion", "nt"],
    "new": ["new", "new lesion"],
    "node": ["node", "lymph node", "nodal"],
    "lesion": ["lesion", "measurable"],
}
AXES = {
    "long": ["long", "longest", "longest diameter", "ld", "long axis"],
    "short": ["short", "shortest", "short axis", "sa", "perpendicular"],
}
STATES = {
    "present": ["present", "stable", "unchanged", "unequivocal", "persisting", "non cr/non pd"],
    "absent": ["absent", "gone", "resolved", "disappeared", "disappearance", "normal"],
    "progressed": ["progressed", "progression", "progressive", "unequivocal progression", "pd", "worsened"],
    TOO_SMALL: ["too small to measure", "tstm", "too small"],
    NOT_EVALUABLE: ["not evaluable", "ne", "inevaluable", "unevaluable", "not assessable", "equivocal", "not assessed"],
}
ORGANS = {"hepatic": "liver", "pulmonary": "lung", "lungs": "lung", "lymph nodes": "lymph node", "node": "lymph node"}
# CDISC's tests of a diameter: of any lesion, of a lymph node
LONG_TESTS, SHORT_TESTS, STATE_TEST = ("LDIAM", "DIAMETER"), ("LPERP", "SAXIS"), "TUMSTATE"


def _meaning(table: dict[str, list[str]], cell: str) -> str | None:
    said = re.sub(r"[\s_–—-]+", " ", cell.strip().lower())
    return next((value for value, known in table.items() if said in known), None)


def _organ(cell: str) -> str:
    """An organ as the tables name it: small letters, without a side or lobe behind a comma."""
    name = re.sub(r"\s+", " ", cell.partition(",")[0].strip().lower())
    return ORGANS.get(name, name)


def _words(file: str, table: pd.DataFrame, column: str, known: dict[str, list[str]], reading: Reading) -> pd.Series:
    """A column of a closed vocabulary; the first word that it lacks refuses the table."""
    meaning = {cell: _meaning(known, cell) for cell in table[column].unique() if cell}
    strange = {cell: int((table[column] == cell).sum()) for cell, value in meaning.items() if value is None}
    reading.strange(column.upper(), strange)
    if strange:
        row = int(table.index[table[column].isin(list(strange))][0])
        reading.refuse(file, f"{clinical.quoted(strange)}: not understood; write {', '.join(known)}", row, column)
    return table[column].map(meaning).fillna("")


def _numbers(
    file: str, table: pd.DataFrame, column: str, what: str, reading: Reading, *, least=-np.inf, most=np.inf
) -> pd.Series:
    values = pd.to_numeric(table[column], errors="coerce")
    wrong = (values.isna() & (table[column] != "")) | np.isinf(values) | (values < least) | (values > most)
    if wrong.any():
        cell, row = table.loc[wrong, column].iloc[0], int(table.index[wrong][0])
        reading.refuse(file, f"'{cell}' is no {what}; correct it, or leave the cell empty", row, column)
    return values.astype(float)


def _in_words_of(table: pd.DataFrame | None, names: dict[str, str], before: int, reading: Reading):
    """The table; problems since `before` name the columns as the file has them."""
    for place, problem in enumerate(reading.problems[before:], before):
        reading.problems[place] = dataclasses.replace(problem, column=names.get(problem.column, problem.column))
    return table


def lesion_table(file: str, table: pd.DataFrame, reading: Reading) -> pd.DataFrame | None:
    """Lesions (LESION_COLUMNS) of a table of text whose index is the line of the file; None where it is refused.

    A word in the cell of a diameter (not evaluable, absent, too small to measure) is read as the state that it is.
    """
    lacking = [name for name in NEEDED if name not in table]
    for name in lacking:
        reading.refuse(file, f"is missing; a table of lesions needs {', '.join(NEEDED)}", column=name)
    if lacking:
        return None
    before = len(reading.problems)
    table = table.assign(**{name: "" for name in ("evaluable", "state") if name not in table})
    for name in ("patient", "lesion", "organ", "kind", "day"):
        for row in table.index[table[name] == ""][:1]:
            reading.refuse(file, "is empty; every row needs one", int(row), name)
    in_size = {cell: _meaning(STATES, cell) for cell in table["diameter_mm"].unique() if cell}
    said = table["diameter_mm"].map(in_size).fillna("")
    state = _words(file, table, "state", STATES, reading)
    state = state.mask(state == "", said)
    size = table["diameter_mm"].mask(said != "", "")
    flag = {cell: words.word("yes_no", cell) for cell in table["evaluable"].unique()}
    unknown = [cell for cell, value in flag.items() if cell and not value]
    if unknown:
        row = int(table.index[table["evaluable"] == unknown[0]][0])
        reading.refuse(file, f"'{unknown[0]}': not understood; write YES or NO", row, "evaluable")
    lesions = pd.DataFrame(
        {
            "patient": table["patient"],
            "day": _numbers(file, table, "day", "day from the start of treatment", reading),
            "lesion": table["lesion"],
            "organ": table["organ"].map(_organ),
            "kind": _words(file, table, "kind", KINDS, reading),
            "diameter_mm": _numbers(
                file,
                table.assign(diameter_mm=size),
                "diameter_mm",
                f"length in mm, 0 to {MOST_MM}",
                reading,
                least=0,
                most=MOST_MM,
            ),
            "axis": _words(file, table, "axis", AXES, reading),
            "evaluable": (table["evaluable"].map(flag) != "NO") & (state != NOT_EVALUABLE),
            "state": state.mask(state == NOT_EVALUABLE, ""),
        }
    )
    # where nobody says along which axis, a node is measured by its short one
    axis = np.where((lesions["kind"] == "node") | (lesions["organ"] == "lymph node"), "short", "long")
    empty = lesions["axis"] == ""
    if empty.any():
        reading.odd(f"{file}: {int(empty.sum())} rows without an axis are read as long, of lymph nodes as short")
    return lesions.assign(axis=lesions["axis"].mask(empty, axis)) if len(reading.problems) == before else None


# --- the plain table and the timeline


def plain_table(path: Path, reading: Reading) -> pd.DataFrame | None:
    """Lesions of a plain table with commas (of a .tsv or .txt tabs); None where it is refused."""
    table = _read_text(path, reading, "," if path.suffix.lower() == ".csv" else "\t")
    if table is None:
        return None
    names = {name: plain(name).lower() for name in table.columns}
    names = {name: {"patient_id": "patient", "start_date": "day"}.get(known, known) for name, known in names.items()}
    reading.used[path.name] = [name for name, known in names.items() if known in LESION_COLUMNS]
    reading.unused[path.name] = [name for name, known in names.items() if known not in LESION_COLUMNS]
    table = table.rename(columns=names)
    return lesion_table(path.name, table.loc[:, ~table.columns.duplicated()], reading)


def is_plain_table(path: Path) -> bool:
    """Whether a file is a plain table of lesions, by its header."""
    with open(path, "rb") as file:
        head = file.readline(4096).decode("utf-8-sig", "replace")
    named = {plain(name).lower() for name in re.split(r"[,\t]", head)}
    return {"lesion", "organ", "diameter_mm"} <= named


def _read_text(path: Path, reading: Reading, separator: str) -> pd.DataFrame | None:
    """A table of text, null words empty, its index the line of the file."""
    table = read_csv(path, reading, separator)
    return None if table is None else table.map(lambda cell: "" if words.is_null(cell) else cell)


def of_timeline(table: pd.DataFrame, reading: Reading) -> pd.DataFrame | None:
    """Lesions of the timeline data_timeline_lesions.txt as the reader of timelines gives it; None where refused."""
    names = {"PATIENT_ID": "patient", "START_DATE": "day"}
    names |= {name.upper(): name for name in LESION_COLUMNS if name.upper() in COLUMNS[TIMELINE]}
    cells = table.rename(columns=names).astype(object)
    cells.index = table.attrs.get("rows", cells.index)
    before, cells = len(reading.problems), cells.where(cells.notna(), "").astype(str)
    return _in_words_of(lesion_table(LESION_FILE, cells, reading), OF_TIMELINE, before, reading)


def timeline_of(lesions: pd.DataFrame) -> pd.DataFrame:
    """Lesions (LESION_COLUMNS) as the timeline data_timeline_lesions.txt holds them, for `write.write_study`."""
    return pd.DataFrame(
        {
            "PATIENT_ID": lesions["patient"], "START_DATE": lesions["day"].astype(int), "STOP_DATE": "",
            "EVENT_TYPE": "LESION", "LESION": lesions["lesion"], "ORGAN": lesions["organ"], "KIND": lesions["kind"],
            "DIAMETER_MM": lesions["diameter_mm"], "AXIS": lesions["axis"],
            "EVALUABLE": np.where(lesions["evaluable"], "YES", "NO"), "STATE": lesions["state"],
        }
    )  # fmt: skip


# --- CDISC


@dataclasses.dataclass
class Domains:
    """CDISC's tumour domains as tables of text: identification (TU), results (TR) and, where given, responses (RS)."""

    tu: pd.DataFrame
    tr: pd.DataFrame
    rs: pd.DataFrame | None = None


def read_domain(path: Path, reading: Reading) -> pd.DataFrame | None:
    """A domain from a CSV or a SAS transport file (XPT) as text, columns in capitals; None where it is refused."""
    if path.suffix.lower() != ".xpt":
        table = _read_text(path, reading, ",")
    else:
        try:
            with (
                warnings.catch_warnings(action="ignore"),
                pd.read_sas(path, format="xport", encoding="utf-8", iterator=True) as reader,
            ):
                # pandas takes blanks inside the last 80 bytes for padding and drops rows of short records
                data = path.read_bytes()
                if len(data) % 80:
                    raise ValueError("its last record is not whole")
                rows = data[reader.record_start :].rstrip(b" ")
                reader.nobs = -(-len(rows) // reader.record_length)
                table = reader.read()
        except Exception as error:  # pandas' reader of broken records raises what comes
            reading.refuse(
                path.name, f"is no SAS transport file, or is cut off ({type(error).__name__}); export it again"
            )
            return None
        text = table.astype(object).where(table.notna(), "")
        table = text.map(lambda cell: f"{cell:.10g}" if isinstance(cell, float) else str(cell).strip())
        table.index = pd.RangeIndex(2, len(table) + 2)
    return None if table is None else table.rename(columns=lambda name: re.sub("LINKID$", "LNKID", name.upper()))


def _evaluator(table: pd.DataFrame, domain: str) -> pd.Series:
    """Who assessed each row: `INVESTIGATOR`, `INDEPENDENT ASSESSOR, RADIOLOGIST 1`, …; empty where nobody says."""
    parts = [table.get(f"{domain}{end}", pd.Series("", table.index)) for end in ("EVAL", "EVALID")]
    return (parts[0] + ", " + parts[1]).str.strip(", ")


def _days(tr: pd.DataFrame, file: str, reading: Reading) -> pd.Series | None:
    """The day of each row, one for all rows of a visit: TRDY, else days from the patient's first visit."""
    visit = tr.get("VISITNUM", tr["TRDTC"] if "TRDTC" in tr else pd.Series("", tr.index))
    if "TRDY" in tr and (tr["TRDY"] != "").all():
        study_day = _numbers(file, tr, "TRDY", "study day", reading)
        days = study_day.where(study_day < 0, study_day - 1)  # there is no day 0: day 1 is the first of treatment
    elif "TRDTC" in tr:
        partial = tr["TRDTC"].str.fullmatch(r"\d{4}-\d{2}")
        dates = pd.to_datetime(tr["TRDTC"].str[:10].mask(partial, tr["TRDTC"] + "-01"), format="%Y-%m-%d",
                               errors="coerce")  # fmt: skip
        for row in tr.index[dates.isna()][:1]:
            reading.refuse(file, f"'{tr.at[row, 'TRDTC']}' is no date; write YYYY-MM-DD", int(row), "TRDTC")
            return None
        if partial.any():
            scans = int(tr.loc[partial, ["USUBJID", "TRDTC"]].drop_duplicates().shape[0])
            reading.odd(f"{file}: of {scans} scans the date gives no day; read as the first of the month")
        days = (dates - dates.groupby(tr["USUBJID"]).transform("min")).dt.days.astype(float)
        reading.note(f"{file}: days count from the patient's first scan")
    else:
        reading.refuse(file, "is missing; give the day (TRDY) or the date (TRDTC) of each scan", column="TRDTC")
        return None
    return days.groupby([tr["USUBJID"], visit]).transform("min")


def _of_one(domains: Domains, evaluator: str | None, reading: Reading) -> Domains | None:
    """The rows of one evaluator: the one named, else the only one, else the investigator."""
    known = sorted(set(_evaluator(domains.tr, "TR")))
    chosen = evaluator if evaluator is not None else known[0] if len(known) == 1 else INVESTIGATOR
    if chosen not in known:
        reading.refuse("TR", f"has no rows of {chosen}, but of {'; '.join(known)}; keep those of one", column="TREVAL")
        return None
    if len(known) > 1:
        reading.note(f"TR: of {len(known)} evaluators the rows of {chosen} are read")
    parts = {"TU": domains.tu, "TR": domains.tr, "RS": domains.rs}
    kept = {name: None if table is None else table[_evaluator(table, name) == chosen] for name, table in parts.items()}
    return Domains(kept["TU"], kept["TR"], kept["RS"])


def of_cdisc(
    domains: Domains, reading: Reading, *, evaluator: str | None = None
) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """Lesions (LESION_COLUMNS) of CDISC's domains, and the responses that RS gives: patient, day, visit, response.

    A lymph node is measured by LPERP or SAXIS, any other lesion by LDIAM or DIAMETER, a non-target by TUMSTATE.
    evaluator: whose rows are read, as `INVESTIGATOR` or `INDEPENDENT ASSESSOR, RADIOLOGIST 1`; the only one's, or the
    investigator's, where none is named. (None, None) where a domain is refused.
    """
    needed = {"TU": ["USUBJID", "TULNKID", "TULOC", "TUSTRESC"],
              "TR": ["USUBJID", "TRLNKID", "TRTESTCD", "TRSTRESC"]}  # fmt: skip
    for name, table in (("TU", domains.tu), ("TR", domains.tr)):
        for column in needed[name]:
            if column not in table:
                reading.refuse(name, "is missing; add it", column=column)
                return None, None
    one = _of_one(domains, evaluator, reading)
    if one is None:
        return None, None
    days = _days(one.tr, "TR", reading)
    if days is None:
        return None, None
    named = one.tu[one.tu["TUSTRESC"].map(lambda cell: _meaning(KINDS, cell)).notna()]
    named = named.drop_duplicates(["USUBJID", "TULNKID"]).set_index(["USUBJID", "TULNKID"])
    rows = one.tr.assign(day=days)
    rows = rows[rows["TRTESTCD"].isin([*LONG_TESTS, *SHORT_TESTS, STATE_TEST])]
    of_tu = pd.MultiIndex.from_frame(rows[["USUBJID", "TRLNKID"]])
    nobody = ~of_tu.isin(named.index)
    if nobody.any():
        row = rows[nobody].iloc[0]
        reading.refuse("TR", f"'{row['TRLNKID']}' of {row['USUBJID']} is not in TU; add it", int(row.name), "TRLNKID")
        return None, None
    rows = rows.assign(organ=named["TULOC"].reindex(of_tu).to_numpy(), kind=named["TUSTRESC"].reindex(of_tu).to_numpy())
    units = set(rows.get("TRSTRESU", pd.Series(dtype=str))) - {"", "mm"}
    if units:
        reading.refuse("TR", f"'{sorted(units)[0]}' is not mm; give lengths in mm", column="TRSTRESU")
        return None, None
    nodal = rows["organ"].map(_organ) == "lymph node"
    own = np.where(nodal, rows["TRTESTCD"].isin(SHORT_TESTS), rows["TRTESTCD"].isin(LONG_TESTS))
    is_state = rows["TRTESTCD"] == STATE_TEST
    rows, is_state, nodal = (part[own | is_state] for part in (rows, is_state, nodal))
    cells = pd.DataFrame(
        {
            "patient": rows["USUBJID"], "day": rows["day"].map("{:g}".format), "lesion": rows["TRLNKID"],
            "organ": rows["organ"], "kind": rows["kind"], "diameter_mm": rows["TRSTRESC"].mask(is_state, ""),
            "axis": np.where(nodal, "short", "long"), "state": rows["TRSTRESC"].where(is_state, ""),
        }
    )  # fmt: skip
    again = cells.duplicated()
    if again.any():
        reading.odd(f"TR: {int(again.sum())} rows repeat an earlier one to the letter and are left out")
    before = len(reading.problems)
    measured = _in_words_of(lesion_table("TR", cells[~again], reading), OF_RESULTS, before, reading)
    return measured, _responses(one, rows.assign(day=days), reading)


def _responses(one: Domains, rows: pd.DataFrame, reading: Reading) -> pd.DataFrame | None:
    """The overall responses of RS with the day of their visit's scans; None where there are none, or refused."""
    if one.rs is None:
        return None
    for name in ("USUBJID", "RSTESTCD", "RSSTRESC"):
        if name not in one.rs:
            reading.refuse("RS", "is missing; add it", column=name)
            return None
    overall = one.rs[one.rs["RSTESTCD"] == "OVRLRESP"]
    visit = [name for name in ("VISITNUM", "VISIT") if name in overall and name in rows][:1]
    day = rows.drop_duplicates(["USUBJID", *visit]).set_index(["USUBJID", *visit])["day"]
    places = pd.MultiIndex.from_frame(overall[["USUBJID", *visit]])
    return pd.DataFrame(
        {
            "patient": overall["USUBJID"], "day": day.reindex(places).to_numpy(),
            "visit": overall.get("VISIT", pd.Series("", overall.index)), "response": overall["RSSTRESC"],
        }
    ).reset_index(drop=True)  # fmt: skip


# --- what a folder holds


def read_lesions(
    folder: Path, timeline: pd.DataFrame | None, reading: Reading
) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """The lesions of a study folder and the responses given with them; None for what it does not hold.

    timeline: what data_timeline_lesions.txt holds. Two forms side by side are refused.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    tables = [path for path in files if PLAIN.fullmatch(path.name)]
    domains = {path.stem.upper(): path for path in files if CDISC.fullmatch(path.name)}
    forms = [LESION_FILE] * (timeline is not None) + [path.name for path in tables]
    forms += [domains["TR"].name] if "TR" in domains else []
    if len(forms) > 1:
        reading.refuse(forms[0], f"and {forms[1]} both hold lesions; keep one")
        return None, None
    for path in (*tables, *domains.values()):
        reading.files[path.name] = "read" if forms else "not needed"
    if timeline is not None:
        return of_timeline(timeline, reading), None
    if tables:
        return plain_table(tables[0], reading), None
    if "TR" not in domains:
        return None, None
    if "TU" not in domains:
        reading.refuse(domains["TR"].name, "says no lesion's organ without TU; lay tu.csv or tu.xpt beside it")
        return None, None
    read = {name: read_domain(path, reading) for name, path in domains.items()}
    if any(table is None for table in read.values()):
        return None, None
    return of_cdisc(Domains(read["TU"], read["TR"], read.get("RS")), reading)
