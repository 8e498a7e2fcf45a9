"""A study folder read as cBioPortal reads it: to the same patients, samples, profiled genes and alterations."""

import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from lcnec_utils.cohort import assays, clinical, files, genome, lesions, matrix, ncounter, words
from lcnec_utils.cohort.dictionary import (
    CAVEAT_TOPICS,
    COLUMNS,
    STUDY_FIELDS,
    STUDY_FILE,
    TABLE_FILE,
    TARGETS_FILE,
    TIMELINE,
)
from lcnec_utils.cohort.files import Source
from lcnec_utils.cohort.model import Cohort, CohortError, Problem, Reading
from lcnec_utils.cohort.tables import fields_of, plain_text, read_csv, read_tsv
from lcnec_utils.core import provenance
from lcnec_utils.core.errors import UserError, one_line
from lcnec_utils.core.paths import as_given

# --- timelines

MOST_DAYS = 50_000  # of a timeline; whoever lived 120 years had 44,000


def _timelines(sources: list[Source], known: set[str], reading: Reading) -> dict[str, pd.DataFrame]:
    found = {}
    for source in sources:
        file = source.path.name
        table = read_tsv(source.path, reading)
        if table is None:
            continue
        lower = {name.upper(): name for name in table.columns}
        columns = [name for name in COLUMNS[TIMELINE] if name in lower]
        table = table.rename(columns={lower[name]: name for name in columns})
        reading.used[file] = columns
        reading.unused[file] = [name for name in table.columns if name not in columns]
        lacking = [name for name in ("PATIENT_ID", "START_DATE", "EVENT_TYPE") if name not in table]
        for name in lacking:
            reading.refuse(file, "is missing; add it", column=name)
        if lacking:
            continue
        strange = ~table["PATIENT_ID"].isin(known)
        if strange.any():
            first = f"as '{table.loc[strange, 'PATIENT_ID'].iloc[0]}'"
            said = f"{int(strange.sum())} rows of {file} are of nobody in the clinical tables ({first}): left out"
            reading.odd(said, first)
            table = table[~strange]
        for name in ("START_DATE", "STOP_DATE"):
            if name in table:
                table[name] = _days(file, name, table[name], reading)
        if "GRADE" in table:
            column = clinical.Column(file, "GRADE", table["GRADE"], reading)
            grades = column.by_word(
                {cell: words.grade(cell) for cell in column.counts}, "no grade", clinical.REMEDIES["grade"]
            )
            table = table.drop(columns="GRADE") if grades is None else table.assign(GRADE=grades.fillna(""))
        name = re.sub(r"^data_timeline_?", "", files.stem(file), flags=re.I).lower() or "timeline"
        found[name] = table.reset_index(drop=True)
        found[name].attrs["rows"] = list(table.index)
    return found


def _days(file: str, name: str, cells: pd.Series, reading: Reading) -> pd.Series:
    """Whole days from time zero; a cell that is none is missing and named."""
    column = clinical.Column(file, name, cells, reading)
    whole = {
        cell: float(cell) if re.fullmatch(r"-?\d+(\.\d+)?", cell) and abs(float(cell)) <= MOST_DAYS else None
        for cell in column.counts
    }
    values = column.by_word(whole, f"no number of days up to {MOST_DAYS:,}", "give days from time zero")
    if values is None:
        return pd.Series(pd.NA, cells.index, dtype="Int64")
    return pd.to_numeric(values).round().astype("Float64").astype("Int64")


# --- what a folder says of itself


def _origins(path: Path, reading: Reading, column: str = "origin") -> dict[str, str]:
    """Of a simulated cohort: claim → how the cohort was tuned to it, or (`answer`) what an answer to it rests on."""
    if not path.exists():
        return {}
    table = read_csv(path, reading, comment="#", may_be_empty=True)
    if table is None:
        return {}
    if not {"claim", "origin"} <= set(table):
        reading.refuse(path.name, "needs the columns claim and origin")
        return {}
    rows = table[table["claim"] != ""]
    return dict(zip(rows["claim"], rows[column], strict=True)) if column in rows else {}


def _own_fields(path: Path, reading: Reading) -> dict:
    """The fields of cohort.yaml."""
    data = plain_text(path, reading)
    if data is None:
        return {}
    text = data.decode("utf-8")
    try:
        node = yaml.compose(text, yaml.SafeLoader)
        values = {} if node is None else yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reading.refuse(STUDY_FILE, "is not YAML; correct it", row=mark.line + 1 if mark else None)
        return {}
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:  # a 13th month, deep nesting
        why = "nested too deep" if isinstance(error, RecursionError) else str(error).partition(":")[0]
        reading.refuse(STUDY_FILE, f"holds a value that YAML cannot read ({why}); put it in quotes if it is text")
        return {}
    if not isinstance(values, dict):
        reading.refuse(STUDY_FILE, "must hold `name: value` lines")
        return {}
    mappings = [] if node is None else [node, *(part for _, part in node.value if isinstance(part, yaml.MappingNode))]
    for mapping in mappings:
        seen = set()
        for key, _ in mapping.value:
            if key.value in seen:  # the last would win, and simulated patients could pass for real ones
                row = key.start_mark.line + 1
                reading.refuse(STUDY_FILE, f"field '{key.value}' is given twice; keep one", row=row)
            seen.add(key.value)
    if isinstance(values.get("notes"), str):
        values["notes"] = [values["notes"]]
    for key, value in values.items():
        if key not in STUDY_FIELDS:
            reading.refuse(STUDY_FILE, f"has the unknown field '{key}'; known are {', '.join(STUDY_FIELDS)}")
        elif key == "simulated":
            if not isinstance(value, bool):
                reading.refuse(STUDY_FILE, "field 'simulated' must be true or false")
        elif key == "caveats":
            if not isinstance(value, dict) or not all(isinstance(said, str) for said in value.values()):
                reading.refuse(STUDY_FILE, "field 'caveats' must hold `topic: sentence` lines")
                continue
            for topic in (topic for topic in value if topic not in CAVEAT_TOPICS):
                reading.refuse(STUDY_FILE, f"has the unknown caveat '{topic}'; known are {', '.join(CAVEAT_TOPICS)}")
        elif key == "notes":
            if value is not None and not (isinstance(value, list) and all(isinstance(note, str) for note in value)):
                reading.refuse(STUDY_FILE, "field 'notes' must be a list of sentences; put each in quotes")
        elif not isinstance(value, str | None):
            reading.refuse(STUDY_FILE, f"field '{key}' must be text; put it in quotes")
    return values


def _study(folder: Path, reading: Reading) -> tuple[dict, str]:
    """The fields of STUDY_FIELDS, and cBioPortal's identifier of the study."""
    study, identifier = {}, ""
    meta = folder / "meta_study.txt"
    if meta.exists():
        fields = fields_of(meta, reading)
        reading.files["meta_study.txt"] = files.READ
        study = {"name": fields.get("name", ""), "citation": fields.get("citation", "")}
        identifier = fields.get("cancer_study_identifier", "")
    if (folder / STUDY_FILE).exists():
        study |= _own_fields(folder / STUDY_FILE, reading)
    return {key: _in_lines(value) for key, value in study.items() if value not in ("", None)}, identifier


def _in_lines(value):
    """What a folder says of itself, each text in one line: it stands in figures, sentences and pages."""
    if isinstance(value, dict):
        return {topic: _in_lines(said) for topic, said in value.items()}
    return [_in_lines(said) for said in value] if isinstance(value, list) else (
        " ".join(one_line(value).split()) if isinstance(value, str) else value
    )  # fmt: skip


# --- the whole

OTHER_PROFILES = ["copy number", "long copy number", "structural variants"]  # of which no panel is asked


def _first(sources: dict[str, list[Source]], kind: str) -> Source | None:
    return next(iter(sources.get(kind, [])), None)


def _genome(
    sources: dict,
    study: dict,
    identifier: str,
    folder: Path,
    samples: pd.DataFrame,
    normals: list[str],
    reading: Reading,
) -> dict:
    """What was measured on the genome, and who was profiled for it, as fields of Cohort."""
    identifiers = clinical.Identifiers(list(samples.index), normals)
    source = _first(sources, "mutations")
    mutations, seen, in_header = genome.read_mutations(source, identifiers, reading)
    long = _first(sources, "long copy number")
    copy_number = genome.read_copy_number(
        long or _first(sources, "copy number"), long is not None, identifiers, reading
    )
    variants = genome.read_structural_variants(_first(sources, "structural variants"), identifiers, reading)
    if "fusions" in sources:
        variants = genome.read_fusions(_first(sources, "fusions"), identifiers, reading)
    panel_of, whole = genome.read_panels(
        _first(sources, "panel matrix"), source, identifier, samples, identifiers, reading
    )
    genome.check_other_panels(
        _first(sources, "panel matrix"), [_first(sources, kind) for kind in OTHER_PROFILES], reading
    )
    listed = files.sequenced(folder, identifier, reading) if folder.is_dir() else None
    if in_header:
        listed = (listed or set()) | in_header
    if listed is not None:
        listed = _listed(listed, identifiers, samples, reading)
    sequenced = None if listed is None and not whole and panel_of is None else (listed or set()) | (whole or set())
    if source is not None and source.meta.get("gene_panel") and mutations is not None:
        panel_of, sequenced = _on_one_panel(source.meta["gene_panel"], panel_of, sequenced, mutations, samples, reading)
    return {
        "mutations": mutations,
        "copy_number": copy_number,
        "structural_variants": variants,
        "panel_of": panel_of,
        "panel_genes": genome.read_panel_genes(sources.get("gene panel", []), reading),
        "sequenced": sequenced,
        "genes_seen": None if seen is None else seen | (set() if copy_number is None else set(copy_number.index)),
        "matrix": matrix.read_matrix(_first(sources, "expression"), study, identifiers, reading),
    }


def _assays(folder: Path, samples: pd.DataFrame, normals: list[str], reading: Reading) -> dict:
    """Stained cells and nCounter panels, as fields of Cohort."""
    identifiers = clinical.Identifiers(list(samples.index), normals)
    panels = ncounter.read_ncounter(folder, samples, identifiers, reading)
    return assays.read_stained(folder, samples, identifiers, reading) | {"ncounter": panels}


def _on_one_panel(
    panel: str, panel_of: pd.Series | None, sequenced: set[str] | None, mutations: pd.DataFrame, samples: pd.DataFrame,
    reading: Reading,
) -> tuple[pd.Series, set[str]]:  # fmt: skip
    """The panel of each sample where the mutations' meta file names one for all: those that a list of sequenced samples
    holds or that carry a loaded mutation are on it, but for what the panel matrix says of them."""
    profiled = samples.index.isin((sequenced or set()) | set(mutations["Tumor_Sample_Barcode"]))
    if sequenced is None and not profiled.all():
        reading.odd(
            f"{int((~profiled).sum())} of {len(samples)} tumours carry no mutation and stand in no list of sequenced "
            f"samples: not profiled on {panel}, as in cBioPortal"
        )
    own = pd.Series(np.nan, samples.index, dtype=object) if panel_of is None else panel_of.reindex(samples.index)
    return own.mask(own.isna() & profiled, panel), sequenced or set()


def _listed(listed: set[str], identifiers: clinical.Identifiers, samples: pd.DataFrame, reading: Reading) -> set[str]:
    """The samples that a case list names, a patient standing for all of its samples; identifiers of nobody are counted,
    as cBioPortal warns of them."""
    of_patient = samples.index.to_series().groupby(samples["PATIENT_ID"]).agg(list).to_dict()
    found, strange = set(), 0
    for name in listed:
        try:
            sample = identifiers.sample(name)
        except ValueError:
            sample = None
        if sample is None and name in of_patient:
            found |= set(of_patient[name])
            continue
        if sample:
            found.add(sample)
        strange += sample is None
    if strange:
        reading.odd(
            f"{strange} of {len(listed)} samples in the list of sequenced samples are not in the table of samples: "
            "left out"
        )
    return found


def _profiling_notes(cohort: Cohort, reading: Reading) -> None:
    """What the folder leaves open of who was profiled for which gene."""
    if cohort.mutations is None:
        return
    if cohort.panel_of is None and cohort.sequenced is None:
        without = int((~cohort.samples.index.isin(cohort.mutations["Tumor_Sample_Barcode"])).sum())
        if without:
            reading.odd(
                f"{without} of {len(cohort.samples)} tumours without any mutation count as wild type; a case list of "
                "sequenced samples would tell"
            )
    if cohort.panels_without_list:
        names = ", ".join(cohort.panels_without_list)
        reading.note(
            f"no gene list for {names}: their samples count as profiled for every gene that the study's own rows name"
        )


def _load(path: Path) -> tuple[Cohort | None, Reading]:
    reading = Reading()
    try:
        path = as_given(path)
    except UserError as error:
        reading.refuse("study folder", str(error))
        return None, reading
    if not path.exists():
        reading.refuse(str(path), "is not there; give a study folder")
        return None, reading
    if not (path.is_dir() or path.is_file()):
        reading.refuse(str(path), "is no folder and no file; give a study folder")
        return None, reading
    folder = path
    if path.is_dir():
        study, identifier = _study(path, reading)
        sources = files.find(path, reading)
    else:
        study, identifier, sources = {}, "", {"joint": [Source(path, "joint", {})]}
        reading.files[path.name] = files.READ
    clinicals = {kind: _first(sources, kind) for kind in ("patients", "samples", "joint")}
    alone = _lesions_alone(folder, clinicals, reading)
    people = alone[0] if alone else clinical.read_clinical(clinicals, reading)
    if people is None:
        return None, reading
    patients, everything = people
    samples, normals = clinical.set_normals_aside(everything, reading)
    fields = _genome(sources, study, identifier or folder.resolve().name, folder, samples, normals, reading)
    timelines = _timelines(sources.get("timeline", []), set(patients.index), reading)
    measured, responses = alone[1:] if alone else lesions.read_lesions(folder, timelines.get("lesions"), reading)
    if responses is not None:
        timelines["response"] = responses
    if path.is_dir():
        matrix.check_h5ad(folder, set(everything.index), reading)
        fields |= _assays(folder, samples, normals, reading)
    cohort = Cohort(
        name=files.stem(path.name) if path.is_file() else folder.resolve().name,
        patients=patients,
        samples=samples,
        normals=normals,
        timelines=timelines,
        lesions=_of_known(measured, set(patients.index), reading),
        origins=_origins(folder / TARGETS_FILE, reading) if path.is_dir() else {},
        answer_origins=_origins(folder / TARGETS_FILE, Reading(), "answer") if path.is_dir() else {},
        study=study,
        folder=folder if path.is_dir() else None,
        reading=reading,
        **fields,
    )
    if reading.problems:
        return None, reading
    _profiling_notes(cohort, reading)
    _people_notes(cohort, reading)
    cohort.notes, cohort.refused = reading.notes, reading.refused
    cohort.words = {column: dict(counts) for column, counts in reading.words.items()}
    return cohort, reading


def _lesions_alone(folder: Path, clinicals: dict, reading: Reading) -> tuple | None:
    """Of a folder, or a file, that holds lesions and no clinical table: its people, (patients, samples), its lesions
    and the responses given with them; None for any other."""
    if any(source is not None and source.path != folder for source in clinicals.values()):
        return None
    if folder.is_dir():
        measured, responses = lesions.read_lesions(folder, None, reading)
    else:
        measured, responses = lesions.plain_table(folder, reading) if lesions.is_plain_table(folder) else None, None
    if measured is None:
        return None
    reading.note("there are no clinical tables: patients are those of the lesions, and nothing else is known of them")
    patients = pd.DataFrame(index=pd.Index(dict.fromkeys(measured["patient"]), name="PATIENT_ID", dtype=object))
    samples = pd.DataFrame({"PATIENT_ID": []}, index=pd.Index([], name="SAMPLE_ID", dtype=object), dtype=object)
    return (patients, samples), measured, responses


def _of_known(measured: pd.DataFrame | None, known: set[str], reading: Reading) -> pd.DataFrame | None:
    """The lesions of patients in the clinical tables; those of others are counted and left out."""
    if measured is None:
        return None
    strange = ~measured["patient"].isin(known)
    if strange.any():
        first = f"as '{measured.loc[strange, 'patient'].iloc[0]}'"
        said = f"{int(strange.sum())} rows of lesions are of nobody in the clinical tables ({first}): left out"
        reading.odd(said, first)
    return measured[~strange]


def _people_notes(cohort: Cohort, reading: Reading) -> None:
    """What holds of the patients as a whole: delayed entry, nobody's samples, several samples of one."""
    if "OS_ENTRY_MONTHS" in cohort.patients:
        reading.note(
            "overall survival is observed from OS_ENTRY_MONTHS on (delayed entry): no log-rank test, Cox models"
        )
    given = [table for table in (cohort.samples, cohort.patients) if "GENOMIC_SUBTYPE" in table]
    if given and cohort.mutations is None:
        reading.note(
            "there are no mutations: the genomic subtype is the study's own (GENOMIC_SUBTYPE), not called here"
        )
    without = len(set(cohort.patients.index) - set(cohort.samples["PATIENT_ID"]))
    if without and len(cohort.samples):
        reading.note(f"{without} of {len(cohort.patients)} patients have no sample")
    more = len(cohort.samples) - cohort.samples["PATIENT_ID"].nunique()
    if more:
        reading.note(f"{more} samples are second ones of their patient; the first listed stands for the patient")


def check_study(folder: Path, strict: bool = False) -> tuple[Cohort | None, list[Problem]]:
    """A study folder judged: the cohort where it can be read (else None), and every problem found.

    strict: every oddity is a problem, also one that reading can make something of.
    """
    cohort, reading = load(folder, strict)
    return cohort, reading.problems


def load(folder: Path, strict: bool = False) -> tuple[Cohort | None, Reading]:
    """As `check_study`, with all that reading came to."""
    cohort, reading = _load(Path(folder))
    if strict:
        reading.problems += [Problem(Path(folder).name, oddity) for oddity in reading.oddities]
    return (None if reading.problems else cohort), reading


def read_study(folder: Path) -> Cohort:
    """The cohort in a study folder (or in a study view's download). Raises CohortError with the first problem in one
    line."""
    cohort, problems = check_study(Path(folder))
    if problems:
        more = f" (and {len(problems) - 1} more: `lcnec cohort check {folder}` lists them)" if len(problems) > 1 else ""
        named = problems[0].file in (str(folder), Path(folder).name)  # a file for a folder, or none
        where = "" if named else f"{Path(os.path.abspath(folder)).name}/"
        raise CohortError(f"{where}{problems[0]}{more}")
    return cohort


def _numbers(cells: pd.Series) -> pd.Series:
    """Which cells are empty or a finite number."""
    values = pd.to_numeric(cells, errors="coerce")
    return (cells == "") | (values.notna() & np.isfinite(values))


def read_table(folder: Path, words: list[str], numbers: list[str]) -> Cohort:
    """A cohort that is one plain table (table.csv, with cohort.yaml beside it), without patients or samples.

    words, numbers: the columns it must have; a cell of numbers is a number or empty. Raises CohortError in one line.
    """
    folder, reading = Path(folder), Reading()
    problems = reading.problems
    path = folder / TABLE_FILE
    study, _ = _study(folder, reading)
    if not path.exists():
        raise CohortError(f"{folder.name} has no {TABLE_FILE}; it needs the columns {', '.join([*words, *numbers])}")
    table = read_csv(path, reading)
    if table is None:
        raise CohortError(f"{folder.resolve().name}/{problems[0]}")
    for name in [*words, *numbers]:
        if name not in table:
            problems.append(Problem(TABLE_FILE, "is missing; add it", column=name))
    for name in set(numbers) & set(table):
        for place in np.flatnonzero(~_numbers(table[name]))[:1]:
            message = f"'{table[name].iloc[place]}' is not a number; correct it, or leave it empty"
            problems.append(Problem(TABLE_FILE, message, int(table.index[place]), name))
    origins = _origins(folder / TARGETS_FILE, reading)
    answer_origins = _origins(folder / TARGETS_FILE, Reading(), "answer")
    if problems:
        raise CohortError(f"{folder.resolve().name}/{problems[0]}")
    table = table.reset_index(drop=True).assign(**{name: pd.to_numeric(table[name]).to_numpy() for name in numbers})
    nobody = pd.DataFrame(index=pd.Index([], name="PATIENT_ID", dtype=object))
    nothing = pd.DataFrame({"PATIENT_ID": []}, index=pd.Index([], name="SAMPLE_ID", dtype=object))
    return Cohort(
        folder.resolve().name, nobody, nothing, study=study, origins=origins, answer_origins=answer_origins,
        folder=folder, table=table,
        notes=[f"one table of {len(table):,} rows"],
    )  # fmt: skip


def digest(folder: Path) -> str:
    """SHA-256 of a study folder, names and contents of its files; or of one file."""
    return provenance.of_file(Path(folder)) if Path(folder).is_file() else provenance.of_folder(Path(folder))
