"""A series of the Gene Expression Omnibus on an nCounter platform, as GSE197977 of ZUMA-1, from a user's own files.

Two files hold such a series: GSE…_family.soft, with its platform, and GSE…_series_matrix.txt, beside which the
platform's own file (GPL….soft or .txt) is needed, for only that names the genes (column ORF). GEOparse reads SOFT; of a
series matrix, which it does not know, its reader of tables is used. Nothing is downloaded.

The authors of this compendium could not download GSE197977: what is said of its fields is documentation, tried on
made-up files. A field or word that is not as documented is named and counted.
"""

import csv
import dataclasses
import gzip
import logging
import re
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.cohort import ncounter, words
from lcnec_utils.cohort.clinical import quoted
from lcnec_utils.cohort.write import write_study
from lcnec_utils.core import formats
from lcnec_utils.core.errors import UserError

GENE = "ORF"  # the platform's column of gene symbols
CLASSES = ("CODECLASS", "CODE_CLASS", "CLASS", "CLASS_NAME")
# visit → when the biopsy was taken, and its day from infusion where the visit names one; other visits go by the
# vocabulary of BIOPSY_TIME
VISITS = {"BASELINE": ("baseline", None), "DAY7-14": ("early", None), "FCBWK4": ("early", 28)}
PATIENT_FIELDS = ("patient", "patient id", "patientid", "subject", "subject id", "subjectid", "usubjid", "subjid")
FIXATION_FIELDS = ("fixation", "preservation", "preservation method", "tissue preservation", "tissue type")
# field of the series → column here and its vocabulary
OF_PATIENT = {"bestresponse": ("BEST_RESPONSE", "response"), "molecular_subgroup": ("CELL_OF_ORIGIN", "cell_of_origin")}
KNOWN = {
    "GSE197977": {
        "name": "ZUMA-1, GEO", "stands_for": "ZUMA-1", "tumour": "Large B-Cell Lymphoma",
        "citation": "Scholler et al., Nature Medicine 2022 (GEO series GSE197977)",
    }
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Series:
    """A series as its files give it. samples: index the sample's accession, columns title, platform and each
    characteristic by its name in small letters; values: platform → codes × samples; platforms: platform → its title
    and its table (column ID); unnamed: characteristics that name no field, with their counts."""

    accession: str
    title: str
    samples: pd.DataFrame
    values: dict[str, pd.DataFrame]
    platforms: dict[str, tuple[str, pd.DataFrame]]
    unnamed: Counter


def _text(path: Path) -> tuple[str, str]:
    """The text of a file, as it is or compressed, and its encoding: UTF-8, or the Latin-1 of older submissions."""
    try:
        with (gzip.open if path.name.endswith(".gz") else open)(path, "rb") as file:
            data = file.read()
        if b"\0" in data:
            raise EOFError
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; download it from the page of the series") from None
    except (OSError, EOFError, zlib.error):
        raise UserError(f"{path.name}: is no text file, or is cut off; download it again") from None
    try:
        return data.decode("utf-8-sig"), "utf-8-sig"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"


def _lines(path: Path) -> list[str]:
    """The lines of a text file, as it is or compressed."""
    return re.split(r"\r\n|\r|\n", _text(path)[0])


def _table(lines: list[str], file: str) -> pd.DataFrame:
    """A table of a series matrix or a platform; UserError where its rows do not fit together."""
    import GEOparse.GEOparse as geo

    try:
        return geo.parse_table_data(lines)
    except (ValueError, pd.errors.ParserError):
        raise UserError(f"{file}: the rows of its table differ in length; download it again") from None


def _by_code(table: pd.DataFrame, where: str) -> pd.DataFrame:
    """A table by its column ID_REF; UserError where a code comes twice."""
    for code in table["ID_REF"][table["ID_REF"].duplicated()][:1]:
        raise UserError(f"{where}: code '{code}' stands twice in the table; download it again")
    return table.set_index("ID_REF")


def _characteristics(file: str, sample: str, cells: list[str], unnamed: Counter) -> dict[str, str]:
    """`name: value` cells as a mapping; those without a name go to `unnamed`. UserError where a name comes twice."""
    named: dict[str, str] = {}
    for cell in cells:
        name, colon, value = cell.partition(":")
        if not colon:
            unnamed.update([cell.strip()] if cell.strip() else [])
            continue
        name = name.strip().lower()
        if named.get(name, value.strip()) != value.strip():
            raise UserError(f"{file}, sample {sample}: the field '{name}' has two values; leave the wrong one out")
        named[name] = value.strip()
    return named


def _refuse_cut_off(path: Path, text: str) -> None:
    """UserError for a family file that ends too early: a table without its end, samples that are listed and not there.

    GEOparse reads as many samples as there are, and patients would lack in silence.
    """
    for what in ("platform", "sample"):
        begun, ended = (len(re.findall(rf"^!{what}_table_{word}\b", text, re.M)) for word in ("begin", "end"))
        if begun != ended:
            raise UserError(f"{path.name}: is cut off in the table of a {what}; download it again")
    listed = set(re.findall(r"^!Series_sample_id = (\S+)", text, re.M))
    if lacking := sorted(listed - set(re.findall(r"^\^SAMPLE = (\S+)", text, re.M))):
        raise UserError(f"{path.name}: {len(lacking)} of {len(listed)} samples that it lists are not in it (as "
                        f"{lacking[0]}); download it again")  # fmt: skip


def _soft(path: Path) -> Series:
    """A family file (SOFT) by GEOparse, which is given the file and asks no server for it."""
    import GEOparse.GEOparse as geo

    geo.logger.setLevel(logging.CRITICAL)
    text, encoding = _text(path)  # says in one line what GEOparse would in many
    _refuse_cut_off(path, text)
    try:
        series = geo.parse_GSE(str(path), open_kwargs={"encoding": encoding})
    except Exception as error:  # GEOparse raises plain Exception, and pandas' errors come through
        raise UserError(
            f"{path.name}: is no SOFT file of a series ({type(error).__name__}); download it again"
        ) from None
    rows, columns, unnamed = {}, {}, Counter()
    for name, sample in series.gsms.items():
        of = sample.metadata
        rows[name] = {"title": of.get("title", [""])[0], "platform": of.get("platform_id", [""])[0]}
        rows[name] |= _characteristics(path.name, name, of.get("characteristics_ch1", []), unnamed)
        if not {"ID_REF", "VALUE"} <= set(sample.table):
            raise UserError(f"{path.name}, sample {name}: has no table of ID_REF and VALUE; download the family file")
        by_code = _by_code(sample.table, f"{path.name}, sample {name}")
        columns.setdefault(rows[name]["platform"], {})[name] = by_code["VALUE"]
    return Series(
        series.name or path.name.split("_")[0], series.metadata.get("title", [""])[0], pd.DataFrame(rows).T,
        {platform: pd.DataFrame(each) for platform, each in columns.items()},
        {name: (each.metadata.get("title", [name])[0], each.table) for name, each in series.gpls.items()}, unnamed,
    )  # fmt: skip


def _matrix(path: Path, platform: Path | None) -> Series:
    """A series matrix, with its platform's file."""
    lines = _lines(path)
    header: dict[str, list[list[str]]] = {}
    try:
        for row in csv.reader((line for line in lines if line.startswith("!")), delimiter="\t"):
            header.setdefault(row[0], []).append(row[1:] or [""])
    except csv.Error as error:
        raise UserError(f"{path.name}: its header is no table with tabs ({error}); download it again") from None
    samples = header.get("!Sample_geo_accession", [[]])[0]
    if not any(samples):
        raise UserError(f"{path.name}: has no row !Sample_geo_accession; give a series matrix or a family file of GEO")
    if platform is None:
        raise UserError(f"{path.name}: a series matrix names no genes; give its platform's file too (--platform GPL…)")
    # a cell that lacks would move those behind it to other samples
    for name, each in header.items():
        for row in each if name.startswith("!Sample_") else ():
            if len(row) != len(samples):
                raise UserError(
                    f"{path.name}: its row {name} has {len(row)} cells of {len(samples)}; download it again"
                )
    characteristics = header.get("!Sample_characteristics_ch1", [])
    rows, unnamed = {}, Counter()
    for place, name in enumerate(samples):
        cells = [row[place] for row in characteristics]
        rows[name] = {
            key: header.get(f"!Sample_{field}", [[""] * len(samples)])[0][place]
            for key, field in (("title", "title"), ("platform", "platform_id"))
        } | _characteristics(path.name, name, cells, unnamed)
    begin, end = (
        next((place for place, line in enumerate(lines) if line.startswith(f"!series_matrix_table_{word}")), None)
        for word in ("begin", "end")
    )
    if begin is None or end is None:
        raise UserError(f"{path.name}: its table is not there or cut off; download it again")
    table = _table(lines[begin + 1 : end], path.name)
    if table.empty or table.columns[0] != "ID_REF" or set(table.columns[1:]) != set(samples):
        raise UserError(f"{path.name}: the samples of its table are not those of its header; download it again")
    table = _by_code(table, path.name)
    own = pd.DataFrame(rows).T
    values = {of: table[list(group.index)] for of, group in own.groupby("platform", sort=False)}
    named = header.get("!Series_geo_accession", [[path.name.split("_")[0]]])[0][0]
    return Series(named, header.get("!Series_title", [[""]])[0][0], own, values, _platform(platform), unnamed)


def _platform(path: Path) -> dict[str, tuple[str, pd.DataFrame]]:
    """The platform of a GPL file: SOFT, or the table that the page of a platform gives."""
    import GEOparse.GEOparse as geo

    geo.logger.setLevel(logging.CRITICAL)
    lines = _lines(path)
    try:
        if any(line.startswith("^PLATFORM") for line in lines):
            parsed = geo.parse_GPL(str(path), open_kwargs={"encoding": _text(path)[1]})
            return {parsed.name: (parsed.metadata.get("title", [parsed.name])[0], parsed.table)}
        name = re.match(r"GPL\d+", path.name)
        return {name[0] if name else path.stem: (path.stem, geo.parse_table_data(lines))}
    except Exception as error:  # as above
        raise UserError(f"{path.name}: is no file of a platform ({type(error).__name__}); download it again") from None


def read_series(path: Path, platform: Path | None = None) -> Series:
    """The series of a family file (SOFT) or of a series matrix with its platform's file; UserError in one line where
    the files are other ones."""
    path = Path(path)
    series = _soft(path) if ".soft" in path.name else _matrix(path, None if platform is None else Path(platform))
    if series.samples.empty:
        raise UserError(f"{path.name}: holds no sample; give a series matrix or a family file of GEO")
    for of in series.values:
        if of not in series.platforms:
            raise UserError(f"{path.name}: its samples are on platform {of}, which is not in the files given; give it")
    return series


def _meaning(cells: pd.Series, vocabulary: str, unknown: dict[str, Counter]) -> pd.Series:
    """What the words of a field mean, missing where nothing is known; words not understood are counted in unknown."""
    meant = cells.map(lambda cell: words.word(vocabulary, cell) if isinstance(cell, str) and cell else "")
    strange = meant.isna() & ~cells.fillna("").map(words.is_null)
    if strange.any():
        unknown[str(cells.name)] = Counter(cells[strange])
    return meant.replace("", None)


def _times(visits: pd.Series, unknown: dict[str, Counter]) -> pd.DataFrame:
    """BIOPSY_TIME and BIOPSY_DAY of visits."""
    cells = visits.fillna("").str.strip().str.upper()
    listed = cells.map(lambda cell: VISITS.get(cell, (None, None)))
    time = listed.str[0].where(cells.isin(VISITS), _meaning(visits.where(~cells.isin(VISITS)), "biopsy_time", unknown))
    return pd.DataFrame({"BIOPSY_TIME": time, "BIOPSY_DAY": listed.str[1].astype(float)}, visits.index)


def _patients(series: Series, named: str) -> tuple[pd.Series, str]:
    """The patient of each sample, and a sentence on how it is known.

    named: the field that names the patient, or an expression with one group that finds the patient in a title.
    """
    samples = series.samples
    if named and "(" in named:
        try:
            in_title = samples["title"].str.extract(named, expand=False)
        except (re.error, ValueError):
            raise UserError(f"--patient '{named}': is no expression with one group; write one as (SUBJ-\\d+)") from None
        if not isinstance(in_title, pd.Series) or in_title.fillna("").eq("").any():
            raise UserError(f"--patient '{named}': finds no one patient in each title, as '{samples['title'].iloc[0]}'")
        return in_title, "The patient is read from the samples' titles."
    field = named.lower() or next((name for name in PATIENT_FIELDS if name in samples), "")
    if field and field not in samples:
        raise UserError(f"--patient '{named}': is no field of the series; there are {', '.join(samples.columns[2:])}")
    if field:
        if samples[field].fillna("").eq("").any():
            sample = samples.index[samples[field].fillna("").eq("")][0]
            raise UserError(f"field '{field}', sample {sample}: names no patient; give --patient another field")
        return samples[field], f"The patient is the field '{field}'."
    return pd.Series(samples.index, samples.index), (
        "No field names the patient, so each sample is taken for a patient of its own: nothing is paired, and biopsies "
        "of one patient count as if they were of several."
    )


def _genes(of: str, table: pd.DataFrame, values: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """log2 counts of a platform as write_study takes them: Hugo_Symbol, CLASS, and a column per sample."""
    if not {"ID", GENE} <= set(table):
        has = ", ".join(map(str, table.columns[:8])) or "none; give the platform's whole file"
        raise UserError(f"platform {of}: has no column ID or {GENE}; it has {has}")
    table = table.drop_duplicates("ID").set_index("ID")
    numbers = values.apply(pd.to_numeric, errors="coerce").astype(float)
    lacking = numbers.isna().any(axis=1) | ~np.isfinite(numbers).all(axis=1)
    symbols = table[GENE].reindex(numbers.index).astype("string").str.strip().replace("", pd.NA)
    if lacking.all() or symbols.isna().all():
        raise UserError(f"platform {of}: none of its codes has a symbol and a value in each sample")
    notes.append(
        f"Platform {of}: of {len(numbers)} codes {int(symbols.isna().sum())} have no symbol and "
        f"{int((lacking & symbols.notna()).sum())} no value in some sample; they are left out."
    )
    kept = (~lacking & symbols.notna()).to_numpy()
    numbers, symbols = numbers[kept], symbols[kept]
    most = float(numbers.to_numpy().max())
    if most > ncounter.MOST_LOG2:
        numbers = np.log2(numbers.clip(lower=1))
        notes.append(f"Platform {of}: its values, up to {most:g}, are counts and were logged (base 2, at least 1).")
    else:
        notes.append(f"Platform {of}: its values, up to {most:g}, are taken for log2 counts and left as they are.")
    column = next((name for name in table if str(name).upper().replace(" ", "_") in CLASSES), None)
    classes = pd.Series(ncounter.ENDOGENOUS, numbers.index)
    if column is not None:
        classes = table[column].reindex(numbers.index).astype(str)
    else:
        notes.append(f"Platform {of} does not say which genes are housekeeping genes; all count as endogenous.")
    merged = numbers.groupby(symbols.to_numpy(), sort=False).mean()
    if len(merged) < len(numbers):
        notes.append(
            f"Platform {of}: {len(numbers) - len(merged)} further codes of a gene were averaged with the first."
        )
    merged.insert(0, "CLASS", classes.groupby(symbols.to_numpy(), sort=False).first())
    return merged.rename_axis("Hugo_Symbol").reset_index()


def _panel(title: str) -> str:
    """The panel that a platform's title names, else the title."""
    plain = re.sub(r"[^A-Z0-9]+", " ", title.upper())
    if re.search(r"\bIO ?360\b|IMMUNO ONCOLOGY 360", plain):
        return ncounter.IO360
    if "PANCANCER" in plain.replace("PAN CANCER", "PANCANCER") and "IMMUN" in plain:
        return ncounter.IMMUNOSIGN if "IMMUNOSIGN" in plain else ncounter.PANCANCER_IMMUNE
    return title


def convert(path: Path, out: Path, *, platform: Path | None = None, panel: str = "", patient: str = "") -> list[str]:
    """Writes the study folder of a series to `out`; returns its notes, which the folder's cohort.yaml holds too.

    path, platform: as `read_series`. panel: the nCounter panel's name where the platform's title does not say it.
    patient: the field that names the patient, or an expression with one group for the titles. Raises UserError in one
    line: a field that is needed and not there, values that are none, a patient with two responses.
    """
    series, unknown = read_series(path, platform), {}
    if "visit" not in series.samples:
        raise UserError(
            f"{Path(path).name}: no sample has the field 'visit'; it has {', '.join(series.samples.columns)}"
        )
    patient_of, how = _patients(series, patient)
    notes = [how]
    samples = pd.DataFrame({"SAMPLE_ID": series.samples.index, "PATIENT_ID": patient_of}, series.samples.index)
    samples = samples.join(_times(series.samples["visit"], unknown))
    field = next((name for name in FIXATION_FIELDS if name in series.samples), None)
    samples["FIXATION"] = None if field is None else _meaning(series.samples[field], "fixation", unknown)
    if samples["FIXATION"].isna().all():
        notes.append("No field says whether tissue was frozen or fixed: what keeps them apart cannot be asked.")
    known = KNOWN.get(series.accession, {})
    samples["CANCER_TYPE_DETAILED"] = known.get("tumour", "")
    samples["TITLE"], samples["PLATFORM"] = series.samples["title"], series.samples["platform"]
    patients = pd.DataFrame(index=pd.Index(patient_of.unique(), name="PATIENT_ID"))
    for name, (column, vocabulary) in OF_PATIENT.items():
        if name not in series.samples:
            notes.append(f"No sample has the field '{name}'.")
            continue
        meant = _meaning(series.samples[name], vocabulary, unknown).groupby(patient_of)
        if (meant.nunique() > 1).any():
            twice = meant.nunique().idxmax()
            raise UserError(f"{Path(path).name}, field '{name}': patient {twice} has two values; correct --patient")
        patients[column] = meant.first()
    for name, counts in unknown.items():
        notes.append(f"Field '{name}': not understood and left empty: {quoted(counts)}.")
    if series.unnamed:
        notes.append(f"Characteristics that name no field were not read: {quoted(series.unnamed)}.")
    late = int((samples["BIOPSY_DAY"] == 28).sum())
    if late:
        notes.append(f"Taken as of day 28 (week 4): {formats.count(late, 'biopsy', 'biopsies')} of the visit FCBWK4.")
    panels = {}
    for of, values in series.values.items():
        title, table = series.platforms[of]
        if panel and len(series.values) > 1:
            raise UserError(f"--panel '{panel}': the series has {len(series.values)} platforms, each with a panel")
        panels[panel or _panel(title)] = _genes(of, table, values, notes)
    study = {
        "name": known.get("name", series.accession), "simulated": False, "source": series.title or series.accession,
        "licence": "The Gene Expression Omnibus restricts no use; a submitter may hold rights",
        "citation": known.get("citation", f"GEO series {series.accession}"), "os_origin": "unknown", "notes": notes,
        "caveats": {
            "selection": "The samples that were deposited; there is no survival, CAR T cell level, burden or toxicity.",
        }
        | ({"definition": how} if how.startswith("No field") else {}),
    }  # fmt: skip
    if known:
        study["stands_for"] = known["stands_for"]
    write_study(
        Path(out), patients=patients.reset_index(), samples=samples.reset_index(drop=True), study=study,
        ncounter=panels, type_of_cancer="dlbclnos",
    )  # fmt: skip
    return notes
