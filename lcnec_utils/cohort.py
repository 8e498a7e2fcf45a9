"""Cohort: patients on disk as a cBioPortal study folder, read, checked and written.

The format is cBioPortal's: tab-separated `data_*.txt` files, with or without the `#` lines above the header.
Needed are `data_clinical_patient.txt` and `data_clinical_sample.txt`; everything else is read where it is.
`cohort.yaml` beside them holds what the format has no field for (see STUDY_FIELDS); `lcnec cohort columns`
prints the columns the panels know.
"""

import contextlib
import csv
import dataclasses
import difflib
import functools
import io
import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from lcnec_utils import provenance
from lcnec_utils.errors import MissingData, UserError

PATIENT_FILE = "data_clinical_patient.txt"
SAMPLE_FILE = "data_clinical_sample.txt"
MUTATION_FILE = "data_mutations.txt"
CNA_FILE = "data_cna.txt"
SV_FILE = "data_sv.txt"
PANEL_MATRIX_FILE = "data_gene_panel_matrix.txt"
SEQUENCED_FILE = "case_lists/cases_sequenced.txt"
EXPRESSION_FILE = "expression.h5ad"
TIMELINE_FILES = "data_timeline_*.txt"
ALL_FILE = "case_lists/cases_all.txt"
STUDY_FILE = "cohort.yaml"
TABLE_FILE = "table.csv"  # of a cohort that is one plain table
TARGETS_FILE = "targets.csv"  # of a simulated cohort: what it was tuned to

ENDPOINTS = {
    "OS": "overall survival",
    "PFS": "progression-free survival",
    "RWPFS": "real-world progression-free survival",
    "TOT": "time on treatment",
}

_DICTIONARY = yaml.safe_load(Path(__file__).with_name("columns.yaml").read_text(encoding="utf-8"))
COLUMNS, STUDY_FIELDS, NEEDS = (_DICTIONARY[part] for part in ("columns", "study", "needs"))
NUMERIC = {
    PATIENT_FILE: ["AGE", "LINES_OF_TX", "FIRST_LINE_END_MONTHS", "SECOND_LINE_START_MONTHS", "OS_ENTRY_MONTHS"],
    SAMPLE_FILE: ["TMB_NONSYNONYMOUS", "PDL1_SCORE", "FGA", "COVERED_MEGABASES", "ASSAY_GENES", "BIOPSY_MONTHS"],
}
MISSING = {"", "NA", "N/A", "na", "nan", "NaN", "NULL", "[Not Available]", "[Not Applicable]", "[Unknown]"}

# Changes that alter no protein; cBioPortal leaves the same classes out.
NOT_PROTEIN_CHANGING = {
    "silent",
    "intron",
    "igr",
    "rna",
    "3'utr",
    "5'utr",
    "3'flank",
    "5'flank",
    "synonymous",
    "synonymous_variant",
    "intron_variant",
    "intergenic_variant",
    "3_prime_utr_variant",
    "5_prime_utr_variant",
    "upstream_gene_variant",
    "downstream_gene_variant",
    "non_coding_transcript_exon_variant",
    "non_coding_transcript_variant",
}  # in small letters: MAF's words and the Sequence Ontology's

# One genome build has several names
BUILD_NAMES = {"37": "grch37", "hg19": "grch37", "b37": "grch37", "38": "grch38", "hg38": "grch38"}

# Symbols that sequencing panels carried before the approved ones; read unmerged they split a gene in two.
PREVIOUS_SYMBOLS = {
    "MLL": "KMT2A", "MLL2": "KMT2D", "MLL3": "KMT2C", "PAK7": "PAK5", "PARK2": "PRKN", "WHSC1": "NSD2",
    "WHSC1L1": "NSD3", "MRE11A": "MRE11", "SETD8": "KMT5A", "MYCL1": "MYCL", "TCEB1": "ELOC", "FAM123B": "AMER1",
}  # fmt: skip

EVENT_WORDS = {
    "deceased", "dead", "died", "death", "dead with tumor", "dead of disease", "progressed", "progression",
    "progressive disease", "recurred/progressed", "recurred", "relapsed", "event", "yes", "true", "stopped",
    "discontinued",
}  # fmt: skip
CENSORED_WORDS = {
    "living", "alive", "not progressed", "no progression", "progression free", "censored", "diseasefree",
    "disease free", "disease-free", "alive or dead tumor free", "no event", "no", "false", "ongoing",
}  # fmt: skip
CENSORED_PHRASE = re.compile(r"\b(alive|living|censored|ongoing)\b|free\b|\b(no|not|non)[ -]?(progress|event|recur)")
EVENT_PHRASE = re.compile(r"\b(dead|died|death|deceased|progress\w*|recur\w*|relaps\w*)\b")
MAX_MONTHS = 600  # fifty years of follow-up: beyond it a column of months holds days


class CohortError(UserError):
    """A study folder that cannot be read as it stands."""


@dataclasses.dataclass(frozen=True)
class Problem:
    """One thing wrong in a study folder: where it is and what mends it."""

    file: str
    message: str
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        row = f", row {self.row}" if self.row else ""
        column = f", column {self.column}" if self.column else ""
        # whatever a cell or a key holds, a problem is one line
        return re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", f"{self.file}{row}{column}: {self.message}")


def event_code(text: str) -> bool | None:
    """Whether a status is an event: `1:DECEASED`, `DECEASED`, `dead`, `1`, `true`, …; None where it is neither.

    A digit and a word that contradict each other (`1:LIVING`) are neither.
    """
    digit, _, word = text.strip().partition(":")
    word = word.strip().lower()
    if digit.strip() in ("0", "1", "0.0", "1.0"):
        event = digit.strip().startswith("1")
        # words behind a digit come in many phrases ("ALIVE WITH DISEASE"): they are judged by what they hold
        censored_word = word in CENSORED_WORDS or bool(CENSORED_PHRASE.search(word))
        event_word = word in EVENT_WORDS or (not censored_word and bool(EVENT_PHRASE.search(word)))
        return None if (event and censored_word) or (not event and event_word) else event
    plain = text.strip().lower()
    if plain in EVENT_WORDS:
        return True
    return False if plain in CENSORED_WORDS else None


@dataclasses.dataclass
class Cohort:
    """Patients, their samples and what was measured on them.

    patients: one row per patient, index PATIENT_ID. samples: one row per sample, index SAMPLE_ID.
    mutations: one row per mutation (MAF columns) that changes a protein, or every row where the file gives no
    consequence; None where there is no file, as for the other tables. copy_number: genes × samples, −2 to 2.
    structural_variants: cBioPortal columns. panel_of: the panel each sample's mutations were called on.
    panel_genes: the genes of each panel whose list is known. timelines: by name (treatment, toxicity), cBioPortal's
    columns, days as whole numbers. table: the rows of a cohort that is one plain table (table.csv). origins: of a
    simulated cohort, claim → how it was tuned to it (targets.csv).
    notes: what reading it changed, with counts.
    """

    name: str
    patients: pd.DataFrame
    samples: pd.DataFrame
    mutations: pd.DataFrame | None = None
    copy_number: pd.DataFrame | None = None
    structural_variants: pd.DataFrame | None = None
    panel_of: pd.Series | None = None
    panel_genes: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    sequenced: set[str] | None = None
    timelines: dict[str, pd.DataFrame] = dataclasses.field(default_factory=dict)
    origins: dict[str, str] = dataclasses.field(default_factory=dict)
    study: dict = dataclasses.field(default_factory=dict)
    notes: list[str] = dataclasses.field(default_factory=list)
    folder: Path | None = None
    table: pd.DataFrame | None = None

    @property
    def label(self) -> str:
        """What the cohort is called on a figure, with "simulated" wherever it is."""
        name = self.study.get("name") or self.name
        return f"{name} (simulated)" if self.simulated and "simulated" not in name.lower() else name

    @property
    def simulated(self) -> bool:
        """Whether the patients are simulated."""
        return bool(self.study.get("simulated", False))

    @property
    def body(self) -> str:
        """The body of evidence the cohort is part of: the twins are one, any other cohort is its own."""
        return str(self.study.get("body") or self.name)

    @property
    def stands_for_source(self) -> bool:
        """Whether the cohort is simulated in the place of a source's own patients, as a twin is and a free draw is not:
        only it is asked for the source's own numbers."""
        return self.simulated and bool(self.study.get("body"))

    def origin(self, claim: str) -> str:
        """Of a simulated cohort: whether it was tuned to a claim (calibrated, planted, assumed), or emergent; not
        stated where it has no targets.csv."""
        known = self.origins.get(claim, "emergent" if self.origins else "not stated")
        return "emergent" if known == "not followed" else known

    @property
    def os_origin(self) -> str:
        """Time zero of overall survival; `unknown` where the study does not say."""
        return str(self.study.get("os_origin", "unknown"))

    @property
    def time_zero(self) -> str:
        """Time zero of overall survival as an axis says it."""
        return "a time zero that is not stated" if self.os_origin == "unknown" else self.os_origin

    def survival(self, endpoint: str = "OS") -> pd.DataFrame:
        """Months and event (bool) of every patient with both, index PATIENT_ID; `attrs["dropped"]` counts the rest.

        Where the cohort says when each patient came under observation (OS_ENTRY_MONTHS) that is the column `entry`, and
        who left before is dropped and counted too.

        Raises MissingData where the cohort lacks the endpoint.
        """
        months, status = f"{endpoint}_MONTHS", f"{endpoint}_STATUS"
        lacking = [column for column in (months, status) if column not in self.patients]
        if lacking:
            raise MissingData(f"{self.name} has no {ENDPOINTS.get(endpoint, endpoint)} ({' and '.join(lacking)})")
        table = pd.DataFrame({"months": self.patients[months], "event": self.patients[status]})
        if f"{endpoint}_ENTRY_MONTHS" in self.patients:
            table["entry"] = self.patients[f"{endpoint}_ENTRY_MONTHS"]
        complete = table.dropna()
        if "entry" in table:
            complete = complete[complete["entry"] < complete["months"]]
        if complete.empty:
            raise MissingData(f"{self.name} has no patient with both {months} and {status}")
        complete = complete.astype({"months": float, "event": bool})
        complete.attrs["dropped"] = len(table) - len(complete)
        return complete

    def one_sample_per_patient(self) -> pd.Series:
        """The sample that stands for each patient: the one listed first. Index PATIENT_ID, values SAMPLE_ID."""
        first = self.samples.reset_index().drop_duplicates("PATIENT_ID").set_index("PATIENT_ID")["SAMPLE_ID"]
        return first.reindex(self.patients.index).dropna()

    def column(self, name: str, what: str) -> pd.Series:
        """A clinical or sample column by patient, empty cells as missing; MissingData where nobody has a value."""
        if name in self.patients:
            values = self.patients[name]
        elif name in self.samples:
            chosen = self.one_sample_per_patient()
            values = self.samples[name].reindex(chosen.to_numpy()).set_axis(chosen.index)
        else:
            raise MissingData(f"{self.name} has no {what} (column {name})")
        if values.isna().all():
            raise MissingData(f"{self.name} has no {what} (column {name} is empty)")
        return values.reindex(self.patients.index)

    @functools.cached_property
    def expression_genes(self) -> list[str]:
        """The genes of the cohort's expression, in the file's order; none where it has none."""
        return [] if self.folder is None else _names(self.folder / EXPRESSION_FILE, "var")

    def expression(self, genes: list[str] | None = None):
        """The cohort's expression as AnnData, samples × genes (those named, in their order); `uns["scale"]` says what
        its values are. Raises MissingData where there is none, or none of the genes.
        """
        import anndata

        if not self.expression_genes:
            raise MissingData(f"{self.name} has no expression ({EXPRESSION_FILE})")
        data = anndata.read_h5ad(self.folder / EXPRESSION_FILE, backed="r" if genes else None)
        if genes is None:
            return data
        held = [gene for gene in dict.fromkeys(genes) if gene in set(self.expression_genes)]
        if not held:
            raise MissingData(f"{self.name} has no expression of {', '.join(genes[:3])}")
        return data[:, held].to_memory()

    def timeline(self, name: str) -> pd.DataFrame:
        """A timeline (treatment, toxicity, …); MissingData where the cohort has none."""
        if name not in self.timelines:
            raise MissingData(f"{self.name} has no {name} timeline (data_timeline_{name}.txt)")
        return self.timelines[name]

    def lacks(self, needs: list[str]) -> list[str]:
        """Those of the needs (words of NEEDS, or things no study folder holds) that this cohort does not meet."""
        held = set(self.patients.dropna(axis=1, how="all")) | set(self.samples.dropna(axis=1, how="all"))
        if self.mutations is not None:
            held.add(MUTATION_FILE)
        held.update(self.expression_genes)
        return [need for need in needs if not held & set(NEEDS.get(need, []))]

    def need_mutations(self) -> pd.DataFrame:
        """The mutation table; MissingData where the cohort has none."""
        if self.mutations is None:
            raise MissingData(f"{self.name} has no mutations ({MUTATION_FILE})")
        return self.mutations

    def profiled(self, gene: str) -> pd.Series:
        """Whether each sample was sequenced for a gene: by its panel's gene list, else by case_lists/."""
        samples = self.samples.index
        if self.mutations is None:
            return pd.Series(False, index=samples)
        if self.panel_of is not None:
            panel = self.panel_of.reindex(samples)
            listed = {name: gene in genes for name, genes in self.panel_genes.items()}
            return panel.map(lambda name: isinstance(name, str) and listed.get(name, True)).astype(bool)
        if self.sequenced is not None:
            return pd.Series(samples.isin(self.sequenced), index=samples)
        return pd.Series(True, index=samples)

    @property
    def panels_without_list(self) -> list[str]:
        """Panels whose gene list the study does not hold: their samples count as profiled for every gene."""
        if self.panel_of is None:
            return []
        return sorted(set(self.panel_of.dropna()) - set(self.panel_genes))


# --- reading ---------------------------------------------------------------------------------------------------


def _read_table(path: Path, problems: list[Problem]) -> pd.DataFrame | None:
    """A tab-separated file as text, index = the row of the file; what makes it unreadable goes to problems."""
    file = path.name
    try:
        data = path.read_bytes()
    except OSError as error:
        problems.append(Problem(file, f"cannot be read ({error.strerror}); put the file there"))
        return None
    if not data.strip():
        problems.append(Problem(file, "is empty; it needs a header and one row per record"))
        return None
    if data.startswith(b"\xef\xbb\xbf"):
        problems.append(Problem(file, "starts with a byte order mark; save it as plain UTF-8 (without BOM)", row=1))
        return None
    if b"\0" in data:  # pandas would end the cell there: 1\0 2.5 would be one month
        row = data[: data.index(b"\0")].count(b"\n") + 1
        problems.append(Problem(file, "holds a null byte; save it as plain UTF-8 text", row=row))
        return None
    if b"\r" in data:
        row = data[: data.index(b"\r")].count(b"\n") + 1
        problems.append(Problem(file, r"has Windows line ends; convert them (sed -i 's/\r$//' FILE)", row=row))
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        problems.append(Problem(file, "is not UTF-8 text here; save it as UTF-8", row=row))
        return None
    lines = text.rstrip("\n").split("\n")
    skip = 0
    while skip < len(lines) and lines[skip].startswith("#"):
        skip += 1
    if skip == len(lines):
        problems.append(Problem(file, "has comment lines but no header; add the header and the rows", row=1))
        return None
    header = lines[skip].split("\t")
    if len(header) == 1 and re.search(r"[,;|]", header[0]):
        sign = re.search(r"[,;|]", header[0])[0]
        problems.append(
            Problem(file, f"columns are separated by '{sign}'; cBioPortal files are tab-separated", row=skip + 1)
        )
        return None
    header = [name.strip() for name in header]
    doubled = sorted({name for name in header if header.count(name) > 1 and name})
    if doubled:
        problems.append(Problem(file, "stands twice in the header; keep one", row=skip + 1, column=doubled[0]))
        return None
    if not any(header):
        problems.append(Problem(file, "is empty where the header should be; delete the line", row=skip + 1))
        return None
    if "" in header:
        problems.append(Problem(file, "has a column without a name; name it, or delete the tab", row=skip + 1))
        return None
    if len(lines) == skip + 1:
        problems.append(Problem(file, "has a header but no row; add one row per record", row=skip + 1))
        return None
    for row, line in enumerate(lines[skip + 1 :], skip + 2):
        if line.count("\t") + 1 != len(header) or not line.strip():
            found = "is empty" if not line.strip() else f"has {line.count(chr(9)) + 1} fields"
            problems.append(
                Problem(
                    file,
                    f"{found}, the header has {len(header)}; give each column one tab-separated field",
                    row=row,
                )
            )
            return None
    table = pd.read_csv(
        io.StringIO(text),
        sep="\t",
        dtype=str,
        keep_default_na=False,
        quoting=csv.QUOTE_NONE,
        skiprows=skip,
        header=0,
    )
    table.columns = header
    table.index = range(skip + 2, skip + 2 + len(table))
    for name in table.columns:
        cells = table[name].str.strip()
        table[name] = cells.mask(cells.isin(MISSING), "")
    return table


def _missing(cells: pd.Series) -> pd.Series:
    """Empty cells as missing, the type kept: a column with no value at all stays a column of text."""
    return pd.Series([cell or np.nan for cell in cells], cells.index, dtype=object)


def _text(path: Path, problems: list[Problem]) -> str:
    """A small file's text, or nothing and a problem."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        problems.append(Problem(path.name, "is not UTF-8 text; save it as UTF-8"))
    except OSError as error:
        problems.append(Problem(path.name, f"cannot be read ({error.strerror}); put the file there"))
    return ""


def _is_number(cells: pd.Series) -> pd.Series:
    values = pd.to_numeric(cells, errors="coerce")
    return (cells == "") | (values.notna() & np.isfinite(values))


def _schemas():
    """The pandera schemas of the three tables. Each check's error is the sentence a user reads."""
    import pandera.pandas as pa

    def filled(what: str):
        return pa.Check(lambda cells: cells != "", error=f"is empty; every row needs {what}")

    def number(lowest: float, highest: float, unit: str, beyond: str):
        return [
            pa.Check(_is_number, error=f"'{{}}' is not a number; give {unit}, or leave it empty"),
            pa.Check(
                lambda cells: ~(pd.to_numeric(cells, errors="coerce") < lowest),
                error=f"'{{}}' is below {lowest:g}; give {unit}, or leave it empty",
            ),
            pa.Check(lambda cells: ~(pd.to_numeric(cells, errors="coerce") > highest), error=f"'{{}}' {beyond}"),
        ]

    unique = "'{}' stands in an earlier row too; each row needs an identifier of its own"

    def distinct():
        return pa.Check(lambda cells: ~(cells.duplicated() & (cells != "")), error=unique)

    def status():
        return [
            pa.Check(
                lambda cells: (cells == "") | (cells != "2"),
                error="'{}' suggests a 1/2 code, which is not guessed; write 0:… for censored and 1:… for an event",
            ),
            pa.Check(
                lambda cells: cells.map(
                    {cell: cell in ("", "2") or event_code(cell) is not None for cell in cells.unique()}
                ).astype(bool),
                error="'{}' is no event code, or contradicts itself; write 0:LIVING (censored) or 1:DECEASED (event)",
            ),
        ]

    endpoints = "|".join(ENDPOINTS)
    days = f"months is over {MAX_MONTHS}, as if it were days; divide days by 30.4375"
    patient = {
        "PATIENT_ID": pa.Column(str, [filled("a patient identifier"), distinct()]),
        "AGE": pa.Column(str, number(0, 120, "years", "years is over 120; correct it"), required=False),
        "LINES_OF_TX": pa.Column(
            str, number(0, 50, "a line of therapy", "lines are over 50; correct it"), required=False
        ),
        rf"^({endpoints})_MONTHS$": pa.Column(str, number(0, MAX_MONTHS, "months", days), regex=True, required=False),
        r"^(FIRST_LINE_END|SECOND_LINE_START|OS_ENTRY)_MONTHS$": pa.Column(
            str, number(0, MAX_MONTHS, "months", days), regex=True, required=False
        ),
        rf"^({endpoints})_STATUS$": pa.Column(str, status(), regex=True, required=False),
    }
    sample = {
        "SAMPLE_ID": pa.Column(str, [filled("a sample identifier"), distinct()]),
        "PATIENT_ID": pa.Column(str, filled("the patient's identifier")),
        "TMB_NONSYNONYMOUS": pa.Column(
            str,
            number(0, 5000, "mutations per Mb", "mutations per Mb is over 5000; give them per Mb"),
            required=False,
        ),
        "PDL1_SCORE": pa.Column(str, number(0, 100, "percent", "percent is over 100; correct it"), required=False),
        "BIOPSY_MONTHS": pa.Column(str, number(-MAX_MONTHS, MAX_MONTHS, "months", days), required=False),
        "COVERED_MEGABASES": pa.Column(
            str, number(0, 4000, "megabases", "megabases is over 4000; give Mb"), required=False
        ),
        "ASSAY_GENES": pa.Column(str, number(0, 70000, "a number of genes", "genes are over 70000"), required=False),
        "FGA": pa.Column(str, number(0, 1, "a fraction", "is over 1; give a fraction"), required=False),
    }
    mutation = {
        "Hugo_Symbol": pa.Column(
            str,
            [
                filled("a gene symbol"),
                pa.Check(
                    lambda cells: ~cells.str.fullmatch(r"\d+(\.0)?|ENS[GT]\d{6,}(\.\d+)?"),
                    error="'{}' is an identifier of Entrez or Ensembl and no symbol; give the HGNC symbol",
                ),
            ],
        ),
        "Tumor_Sample_Barcode": pa.Column(str, filled("the sample's identifier")),
        "GNOMAD_AF": pa.Column(str, number(0, 1, "a fraction", "is over 1; give a fraction"), required=False),
    }
    return {
        PATIENT_FILE: pa.DataFrameSchema(patient),
        SAMPLE_FILE: pa.DataFrameSchema(sample),
        MUTATION_FILE: pa.DataFrameSchema(mutation),
    }


def _check_table(file: str, table: pd.DataFrame, schema, problems: list[Problem]) -> None:
    import pandera.errors

    for name in COLUMNS[file]:  # a column in another spelling would be ignored in silence
        other = [column for column in table.columns if column.upper() == name.upper()]
        required = name in schema.columns and schema.columns[name].required  # pandera says those
        if other and name not in table.columns and not required:
            problems.append(Problem(file, f"is spelled '{other[0]}'; rename it", column=name))
    try:
        schema.validate(table, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
    else:
        return
    found = []
    for case in cases.itertuples():
        if case.check == "column_in_dataframe":
            close = difflib.get_close_matches(
                case.failure_case.upper(), [name.upper() for name in table.columns], n=1, cutoff=0.75
            )
            same = [name for name in table.columns if close and name.upper() == close[0]]
            hint = f"; rename '{same[0]}' to it" if same else "; add it"
            if case.failure_case == "Hugo_Symbol" and "Entrez_Gene_Id" in table:
                hint = "; the genes stand there by Entrez_Gene_Id only: map those to HGNC symbols in it"
            found.append((0, Problem(file, f"is missing{hint}", column=case.failure_case)))
        else:
            row = None if pd.isna(case.index) else int(case.index)
            found.append((row or 0, Problem(file, case.check.format(case.failure_case), row, case.column)))
    problems.extend(problem for _, problem in sorted(found, key=lambda pair: (pair[0], pair[1].column or "")))


def _check_pairs(table: pd.DataFrame, problems: list[Problem]) -> None:
    for key in ENDPOINTS:
        months, status = f"{key}_MONTHS", f"{key}_STATUS"
        if (months in table) != (status in table):
            here, absent = (months, status) if months in table else (status, months)
            days = f"{key}_DAYS"
            hint = f"; {days} is there: divide it by 30.4375" if absent == months and days in table else "; add it"
            problems.append(Problem(PATIENT_FILE, f"is missing, though {here} is there{hint}", column=absent))


def _unknown(file: str, column: str, cells: pd.Series, known, what: str, remedy: str, problems: list[Problem]) -> None:
    strange = cells[(cells != "") & ~cells.isin(known)]
    for row, cell in strange.items():
        problems.append(Problem(file, f"{what} '{cell}' is not in {remedy}", row=row, column=column))


def _sequenced(path: Path, problems: list[Problem]) -> set[str]:
    ids = re.search(r"^case_list_ids:(.*)$", _text(path, problems), re.M)
    return set(ids[1].split()) if ids else set()


def _panel_genes(folder: Path, problems: list[Problem]) -> dict[str, set[str]]:
    panels = {}
    for path in sorted(folder.glob("data_gene_panel_*.txt")):
        if path.name == PANEL_MATRIX_FILE:
            continue
        fields = dict(line.split(":", 1) for line in _text(path, problems).splitlines() if ":" in line)
        if "stable_id" in fields:
            genes = re.split(r"[\s,;]+", fields.get("gene_list", "").strip())
            panels[fields["stable_id"].strip()] = {PREVIOUS_SYMBOLS.get(gene, gene) for gene in genes}
    return panels


def _names(path: Path, axis: str) -> list[str]:
    """The names along an axis (obs or var) of an h5ad file; none where there is no such file."""
    import h5py

    if not path.exists():
        return []
    with h5py.File(path) as file:
        names = file[axis][file[axis].attrs["_index"]]
        return [name.decode() for name in names[()]]


def _expression(folder: Path, known: set[str] | None, problems: list[Problem]) -> None:
    """Judges the names of an expression matrix; its values are read when a panel asks for them."""
    try:
        samples, genes = _names(folder / EXPRESSION_FILE, "obs"), _names(folder / EXPRESSION_FILE, "var")
    except (OSError, KeyError):
        problems.append(Problem(EXPRESSION_FILE, "is no AnnData file; write it with AnnData.write_h5ad"))
        return
    strange = [name for name in samples if known is not None and name not in known]
    if strange:
        problems.append(Problem(EXPRESSION_FILE, f"sample '{strange[0]}' is not in {SAMPLE_FILE}; add it or drop it"))
    for axis, names in (("sample", samples), ("gene", genes)):
        if len(set(names)) < len(names):
            twice = next(name for place, name in enumerate(names) if name in names[:place])
            problems.append(Problem(EXPRESSION_FILE, f"{axis} '{twice}' stands there twice; keep one"))


def _timelines(folder: Path, known: set[str] | None, problems: list[Problem]) -> dict[str, pd.DataFrame]:
    found = {}
    for path in sorted(folder.glob(TIMELINE_FILES)):
        table = _read_table(path, problems)
        if table is None:
            continue
        lacking = [name for name in ("PATIENT_ID", "START_DATE", "EVENT_TYPE") if name not in table]
        for name in lacking:
            problems.append(Problem(path.name, "is missing; add it", column=name))
        if lacking:
            continue
        if known is not None:
            remedy = f"{PATIENT_FILE}; add the patient or drop the row"
            _unknown(path.name, "PATIENT_ID", table["PATIENT_ID"], known, "patient", remedy, problems)
        for name in ("START_DATE", "STOP_DATE"):
            if name in table:
                for row, cell in table.loc[~table[name].str.fullmatch(r"-?\d+|"), name].items():
                    message = f"'{cell}' is no whole number of days; give days from time zero"
                    problems.append(Problem(path.name, message, row, name))
                table[name] = pd.to_numeric(table[name], errors="coerce").astype("Float64").round().astype("Int64")
        found[path.stem.removeprefix("data_timeline_")] = table.reset_index(drop=True)
    return found


def _origins(path: Path, problems: list[Problem]) -> dict[str, str]:
    """Of a simulated cohort: claim → how the cohort was tuned to it."""
    if not path.exists():
        return {}
    table = pd.read_csv(path, comment="#", dtype=str, keep_default_na=False)
    if not {"claim", "origin"} <= set(table):
        problems.append(Problem(path.name, "needs the columns claim and origin"))
        return {}
    rows = table[table["claim"] != ""]
    return dict(zip(rows["claim"], rows["origin"], strict=True))


def _study(folder: Path, problems: list[Problem]) -> dict:
    study = {}
    meta = folder / "meta_study.txt"
    if meta.exists():
        fields = dict(line.split(":", 1) for line in _text(meta, problems).splitlines() if ":" in line)
        study = {"name": fields.get("name", "").strip(), "citation": fields.get("citation", "").strip()}
    extra = folder / STUDY_FILE
    if extra.exists():
        try:
            node = yaml.compose(_text(extra, problems), yaml.SafeLoader)
            values = {} if node is None else yaml.safe_load(extra.read_text(encoding="utf-8-sig"))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problems.append(Problem(STUDY_FILE, "is not YAML; correct it", row=mark.line + 1 if mark else None))
            return study
        if not isinstance(values, dict):
            problems.append(Problem(STUDY_FILE, "must hold `name: value` lines"))
            return study
        seen = set()
        for key, _ in node.value if node is not None else ():
            if key.value in seen:  # the last would win, and simulated patients could pass for real ones
                row = key.start_mark.line + 1
                problems.append(Problem(STUDY_FILE, f"field '{key.value}' is given twice; keep one", row=row))
            seen.add(key.value)
        for key, value in values.items():
            if key not in STUDY_FIELDS:
                problems.append(
                    Problem(STUDY_FILE, f"has the unknown field '{key}'; known are {', '.join(STUDY_FIELDS)}")
                )
            elif key == "simulated":
                if not isinstance(value, bool):
                    problems.append(Problem(STUDY_FILE, "field 'simulated' must be true or false"))
            elif key != "notes" and not isinstance(value, str | None):
                problems.append(Problem(STUDY_FILE, f"field '{key}' must be text; put it in quotes"))
        study |= values
    return {key: value for key, value in study.items() if value not in ("", None)}


def _load(folder: Path) -> tuple[Cohort | None, list[Problem]]:
    problems: list[Problem] = []
    if not folder.is_dir():
        what = "is a file, not a study folder" if folder.exists() else "is not there; give a study folder"
        return None, [Problem(str(folder), what)]
    tables: dict[str, pd.DataFrame | None] = {}
    for file in (PATIENT_FILE, SAMPLE_FILE, MUTATION_FILE, CNA_FILE, SV_FILE, PANEL_MATRIX_FILE):
        if (folder / file).exists():
            tables[file] = _read_table(folder / file, problems)
        elif file in (PATIENT_FILE, SAMPLE_FILE):
            problems.append(Problem(file, f"is not in {folder.resolve().name}; a cBioPortal study folder needs it"))
    schemas = _schemas()
    for file, schema in schemas.items():
        if tables.get(file) is not None:
            _check_table(file, tables[file], schema, problems)
    study = _study(folder, problems)
    patients, samples = tables.get(PATIENT_FILE), tables.get(SAMPLE_FILE)
    if patients is not None:
        _check_pairs(patients, problems)
    if patients is not None and samples is not None and "PATIENT_ID" in patients and "PATIENT_ID" in samples:
        remedy = f"{PATIENT_FILE}; add the patient or drop the row"
        _unknown(
            SAMPLE_FILE,
            "PATIENT_ID",
            samples["PATIENT_ID"],
            set(patients["PATIENT_ID"]),
            "patient",
            remedy,
            problems,
        )
    known = set(samples["SAMPLE_ID"]) if samples is not None and "SAMPLE_ID" in samples else None
    remedy = f"{SAMPLE_FILE}; add the sample or drop the row"
    for file, column in (
        (MUTATION_FILE, "Tumor_Sample_Barcode"),
        (SV_FILE, "Sample_Id"),
        (PANEL_MATRIX_FILE, "SAMPLE_ID"),
    ):
        table = tables.get(file)
        if table is None or known is None:
            continue
        if column not in table:
            if file != MUTATION_FILE:  # pandera has said it of the mutations
                problems.append(Problem(file, "is missing; add it", column=column))
            continue
        _unknown(file, column, table[column], known, "sample", remedy, problems)
        if file == MUTATION_FILE:
            continue
        for row, cell in table[column].items():
            if cell == "":
                problems.append(Problem(file, "is empty; every row needs the sample's identifier", row, column))
        if file == PANEL_MATRIX_FILE:
            for row in table.index[table[column].duplicated() & (table[column] != "")]:
                problems.append(Problem(file, "stands in an earlier row too; keep one row per sample", row, column))
    mutations = tables.get(MUTATION_FILE)
    if mutations is not None and "NCBI_Build" in mutations:
        build = mutations["NCBI_Build"].str.lower().replace(BUILD_NAMES)
        builds = sorted(set(build) - {""})
        if len(builds) > 1:
            row = mutations.index[build == builds[1]][0]
            message = f"mixes the genome builds {' and '.join(builds)}; lift all calls to one"
            problems.append(Problem(MUTATION_FILE, message, row=row, column="NCBI_Build"))
    notes: list[str] = []
    copy_number = _copy_number(tables.get(CNA_FILE), known, problems, notes)
    panel_genes = _panel_genes(folder, problems)
    sequenced = _sequenced(folder / SEQUENCED_FILE, problems) if (folder / SEQUENCED_FILE).exists() else None
    people = set(patients["PATIENT_ID"]) if patients is not None and "PATIENT_ID" in patients else None
    timelines = _timelines(folder, people, problems)
    origins = _origins(folder / TARGETS_FILE, problems)
    if (folder / EXPRESSION_FILE).exists():
        _expression(folder, known, problems)
    if problems or patients is None or samples is None:
        return None, problems
    cohort = Cohort(
        name=folder.resolve().name,
        patients=_typed(PATIENT_FILE, patients, "PATIENT_ID", notes),
        samples=_typed(SAMPLE_FILE, samples, "SAMPLE_ID", notes),
        mutations=_mutations(mutations, notes),
        copy_number=copy_number,
        structural_variants=_structural_variants(tables.get(SV_FILE), notes),
        panel_genes=panel_genes,
        sequenced=sequenced,
        timelines=timelines,
        origins=origins,
        study=study,
        notes=notes,
        folder=folder,
    )
    matrix = tables.get(PANEL_MATRIX_FILE)
    if matrix is not None and "mutations" in matrix:
        cohort.panel_of = _missing(matrix.set_index("SAMPLE_ID")["mutations"])
    elif "GENE_PANEL" in cohort.samples and cohort.samples["GENE_PANEL"].notna().any():
        cohort.panel_of = cohort.samples["GENE_PANEL"]
    if "OS_ENTRY_MONTHS" in cohort.patients:
        notes.append(
            "overall survival is observed from OS_ENTRY_MONTHS on (delayed entry): no log-rank test, Cox models"
        )
    without = len(set(cohort.patients.index) - set(cohort.samples["PATIENT_ID"]))
    if without:
        notes.append(f"{without} of {len(cohort.patients)} patients have no sample")
    more = len(cohort.samples) - cohort.samples["PATIENT_ID"].nunique()
    if more:
        notes.append(f"{more} samples are second ones of their patient; the first listed stands for the patient")
    return cohort, problems


def _typed(file: str, table: pd.DataFrame, index: str, notes: list[str]) -> pd.DataFrame:
    typed = table.apply(_missing).set_index(index)
    for name in typed.columns:
        if name in NUMERIC[file] or name.endswith("_MONTHS") and name.removesuffix("_MONTHS") in ENDPOINTS:
            typed[name] = pd.to_numeric(typed[name])
        elif name.endswith("_STATUS") and name.removesuffix("_STATUS") in ENDPOINTS:
            codes = {cell: event_code(cell) for cell in typed[name].dropna().unique()}
            typed[name] = typed[name].map(codes).astype("boolean")
    if "SEX" in typed:
        words = {"f": "Female", "female": "Female", "w": "Female", "m": "Male", "male": "Male"}
        sex = typed["SEX"].str.lower().map(words)
        other = int((typed["SEX"].notna() & sex.isna()).sum())
        if other:
            notes.append(
                f"{other} of {len(typed)} patients have a sex that is neither Female nor Male: read as missing"
            )
        typed["SEX"] = sex
    return typed


def _mutations(table: pd.DataFrame | None, notes: list[str]) -> pd.DataFrame | None:
    """The calls that change a protein, each once, under approved symbols; what changes is counted in notes."""
    if table is None:
        return None
    small = table["Hugo_Symbol"].str.contains("[a-z]") & ~table["Hugo_Symbol"].str.fullmatch(r"C[0-9XY]+orf[0-9]+")
    if small.any():
        table = table.assign(Hugo_Symbol=table["Hugo_Symbol"].mask(small, table["Hugo_Symbol"].str.upper()))
        notes.append(
            f"{int(small.sum())} of {len(table)} mutation rows give the gene in small letters: read as capitals"
        )
    old = table["Hugo_Symbol"].isin(PREVIOUS_SYMBOLS)
    if old.any():
        table = table.assign(Hugo_Symbol=table["Hugo_Symbol"].replace(PREVIOUS_SYMBOLS))
        notes.append(f"{int(old.sum())} of {len(table)} mutation rows carry a previous gene symbol (as MLL2 for KMT2D)")
    if "Variant_Classification" in table:
        words = table["Variant_Classification"].str.lower()
        kept = table[~words.isin(NOT_PROTEIN_CHANGING)]
        if len(kept) < len(table):
            gone = len(table) - len(kept)
            notes.append(
                f"{gone} of {len(table)} mutation rows change no protein (silent, intron, UTR, flank): left out"
            )
        table = kept
    else:
        notes.append("mutations come without consequence: every call counts, variants of unknown significance included")
    position = ["Chromosome", "Start_Position", "Reference_Allele", "Tumor_Seq_Allele2"]
    if set(position) <= set(table.columns):
        key = ["Tumor_Sample_Barcode", "Hugo_Symbol", *position]
        # a call without a position cannot be told from the next one: both stay
        located = (table[position] != "").all(axis=1)
        once = table[~(located & table.duplicated(key))]
        if len(once) < len(table):
            notes.append(f"{len(table) - len(once)} of {len(table)} mutation rows repeat a call and are counted once")
        table = once
    return table.reset_index(drop=True)


def _structural_variants(table: pd.DataFrame | None, notes: list[str]) -> pd.DataFrame | None:
    sites = [] if table is None else [name for name in ("Site1_Hugo_Symbol", "Site2_Hugo_Symbol") if name in table]
    if not sites:
        return table
    old = table[sites].isin(PREVIOUS_SYMBOLS).any(axis=1)
    if old.any():
        notes.append(f"{int(old.sum())} of {len(table)} structural variants carry a previous gene symbol")
    return table.replace(dict.fromkeys(sites, PREVIOUS_SYMBOLS))


def _copy_number(
    table: pd.DataFrame | None, known: set[str] | None, problems: list[Problem], notes: list[str]
) -> pd.DataFrame | None:
    if table is None:
        return None
    if "Hugo_Symbol" not in table:
        problems.append(Problem(CNA_FILE, "is missing; add it", column="Hugo_Symbol"))
        return None
    values = (
        table.replace({"Hugo_Symbol": PREVIOUS_SYMBOLS})
        .set_index("Hugo_Symbol")
        .drop(columns=["Entrez_Gene_Id", "Cytoband"], errors="ignore")
    )
    for sample in values.columns:
        if known is not None and sample not in known:
            problems.append(
                Problem(CNA_FILE, f"sample is not in {SAMPLE_FILE}; add it or drop the column", column=sample)
            )
            return None
    numeric = values.apply(pd.to_numeric, errors="coerce")
    strange = (values != "") & ~numeric.isin([-2, -1.5, -1, 0, 1, 2])
    if strange.to_numpy().any():
        row, column = np.argwhere(strange.to_numpy())[0]
        message = (
            f"'{values.iat[row, column]}' is no discrete copy number; give -2, -1.5, -1, 0, 1, 2 or leave it empty"
        )
        problems.append(Problem(CNA_FILE, message, row=int(table.index[row]), column=str(values.columns[column])))
        return None
    old = int(table["Hugo_Symbol"].isin(PREVIOUS_SYMBOLS).sum())
    if old:
        notes.append(f"{old} of {len(table)} copy-number rows carry a previous gene symbol (as MLL2 for KMT2D)")
    numeric = numeric.replace(-1.5, -2)  # a possible deep deletion, which cBioPortal imports as one
    for place in np.flatnonzero(numeric.index.duplicated(keep="first") & (numeric.index != "")):
        earlier = numeric.iloc[:place].loc[[numeric.index[place]]]
        if ((earlier != numeric.iloc[place]) & earlier.notna() & numeric.iloc[place].notna()).to_numpy().any():
            message = f"gene '{numeric.index[place]}' has an earlier row with other values; keep one"
            problems.append(Problem(CNA_FILE, message, row=int(table.index[place]), column="Hugo_Symbol"))
            return None
    return numeric.groupby(level=0, sort=False).first()


def check_study(folder: Path) -> tuple[Cohort | None, list[Problem]]:
    """A study folder judged: the cohort where it can be read (else None), and every problem found."""
    return _load(Path(folder))


def read_study(folder: Path) -> Cohort:
    """The cohort in a study folder. Raises CohortError with the first problem in one line."""
    cohort, problems = _load(Path(folder))
    if problems:
        more = f" (and {len(problems) - 1} more: `lcnec cohort check {folder}` lists them)" if len(problems) > 1 else ""
        where = "" if problems[0].file == str(folder) else f"{Path(folder).resolve().name}/"
        raise CohortError(f"{where}{problems[0]}{more}")
    return cohort


def read_table(folder: Path, words: list[str], numbers: list[str]) -> Cohort:
    """A cohort that is one plain table (table.csv, with cohort.yaml beside it), without patients or samples.

    words, numbers: the columns it must have; a cell of numbers is a number or empty. Raises CohortError in one line.
    """
    folder, problems = Path(folder), []
    path = folder / TABLE_FILE
    study = _study(folder, problems)
    if not path.exists():
        raise CohortError(f"{folder.name} has no {TABLE_FILE}; it needs the columns {', '.join([*words, *numbers])}")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, index_col=False)
    except UnicodeDecodeError:
        raise CohortError(f"{folder.resolve().name}/{TABLE_FILE}: is not UTF-8 text; save it as UTF-8") from None
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        said = " ".join(str(error).split())
        raise CohortError(f"{folder.resolve().name}/{TABLE_FILE}: is no table with commas ({said})") from None
    for name in [*words, *numbers]:
        if name not in table:
            problems.append(Problem(TABLE_FILE, "is missing; add it", column=name))
    for name in set(numbers) & set(table):
        for place in np.flatnonzero(~_is_number(table[name]))[:1]:
            message = f"'{table[name].iloc[place]}' is not a number; correct it, or leave it empty"
            problems.append(Problem(TABLE_FILE, message, int(place) + 2, name))
    origins = _origins(folder / TARGETS_FILE, problems)
    if problems:
        raise CohortError(f"{folder.resolve().name}/{problems[0]}")
    table = table.assign(**{name: pd.to_numeric(table[name]) for name in numbers})
    nobody = pd.DataFrame(index=pd.Index([], name="PATIENT_ID", dtype=object))
    nothing = pd.DataFrame({"PATIENT_ID": []}, index=pd.Index([], name="SAMPLE_ID", dtype=object))
    return Cohort(
        folder.resolve().name, nobody, nothing, study=study, origins=origins, folder=folder, table=table,
        notes=[f"one table of {len(table):,} rows"],
    )  # fmt: skip


def digest(folder: Path) -> str:
    """SHA-256 of a study folder: names and contents of its files."""
    return provenance.of_folder(Path(folder))


# --- writing ---------------------------------------------------------------------------------------------------


def _cells(column: pd.Series) -> pd.Series:
    """A column as text: missing as nothing, whole numbers without a point, no tab or line end inside a cell."""
    if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        text = column.astype(object).where(column.notna(), "").astype(str)
        return text.str.replace(r"[\t\r\n]+", " ", regex=True)
    if pd.api.types.is_integer_dtype(column):
        return column.astype(object).where(column.notna(), "").astype(str)
    values = column.to_numpy(float, na_value=np.nan)
    whole = np.isfinite(values) & (np.mod(np.nan_to_num(values), 1) == 0) & (np.abs(values) < 2**53)
    text = np.array(["" if value != value else repr(value) for value in values.tolist()], dtype=object)
    text[whole] = values[whole].astype("int64").astype(str)
    return pd.Series(text, column.index)


def _attribute_lines(table: pd.DataFrame, known: dict[str, str]) -> list[str]:
    """cBioPortal's four lines above a clinical header: name, description (of the columns known), type, priority."""
    names = {name: name.replace("_", " ") for name in table.columns}
    numeric = [pd.api.types.is_numeric_dtype(table[name]) for name in table.columns]
    return [
        "#" + "\t".join(word.title() for word in names.values()),
        "#" + "\t".join(known.get(name, word.capitalize()) for name, word in names.items()),
        "#" + "\t".join("NUMBER" if is_number else "STRING" for is_number in numeric),
        "#" + "\t".join("1" for _ in table.columns),
    ]


def _write_table(path: Path, table: pd.DataFrame, above: list[str] | None = None) -> None:
    cells = [_cells(table[name]) for name in table.columns]
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in [*(above or []), "\t".join(table.columns)])
        file.writelines("\t".join(row) + "\n" for row in zip(*cells, strict=True))


def _meta(path: Path, **fields) -> None:
    path.write_text("".join(f"{key}: {value}\n" for key, value in fields.items()), encoding="utf-8")


@contextlib.contextmanager
def moved_in_whole(folder: Path):
    """A scratch folder beside a folder, moved into its place when the block ends: a reader never sees half of one."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield scratch
        if folder.exists():
            shutil.rmtree(folder)
        scratch.chmod(0o755)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _write_profile(folder: Path, identifier: str, kind: str, file: str, table: pd.DataFrame | None, **fields) -> None:
    """A data file with its meta file, both named as cBioPortal names them; nothing where there is no table."""
    if table is None:
        return
    _meta(
        folder / file.replace("data_", "meta_"),
        cancer_study_identifier=identifier,
        genetic_alteration_type=kind,
        **fields,
        data_filename=file,
    )
    clinical = fields.get("datatype", "").endswith("_ATTRIBUTES")
    _write_table(folder / file, table, above=_attribute_lines(table, COLUMNS[file]) if clinical else None)


def _write_case_list(folder: Path, identifier: str, file: str, what: str, samples: list[str]) -> None:
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    _meta(
        path,
        cancer_study_identifier=identifier,
        stable_id=f"{identifier}_{path.stem.removeprefix('cases_')}",
        case_list_name=what,
        case_list_description=f"{what} ({len(samples)} samples)",
        case_list_ids="\t".join(samples),
    )


def write_study(
    folder: Path,
    *,
    patients: pd.DataFrame,
    samples: pd.DataFrame,
    study: dict,
    mutations: pd.DataFrame | None = None,
    copy_number: pd.DataFrame | None = None,
    structural_variants: pd.DataFrame | None = None,
    timelines: dict[str, pd.DataFrame] | None = None,
    panel_genes: dict[str, list[str]] | None = None,
    expression=None,
    targets: pd.DataFrame | None = None,
    readme: str = "",
) -> Path:
    """Tables as a cBioPortal study folder, written beside and moved in whole: a reader never sees half of one.

    patients: with PATIENT_ID and any of COLUMNS; status columns as text (`0:LIVING`). samples: with SAMPLE_ID and
    PATIENT_ID. study: STUDY_FIELDS. mutations: MAF columns. copy_number: genes × samples. structural_variants and
    timelines: cBioPortal's columns. panel_genes: the genes of each panel in GENE_PANEL. expression: AnnData, samples ×
    genes. targets: what a simulated cohort was tuned to.
    """
    folder = Path(folder)
    identifier = folder.name
    on_panel = samples["GENE_PANEL"].fillna("") != "" if panel_genes else pd.Series(True, samples.index)
    sequenced = list(samples.loc[on_panel, "SAMPLE_ID"])
    profiles = {"mutations": mutations, "cna": copy_number, "structural_variants": structural_variants}
    with moved_in_whole(folder) as scratch:
        _meta(
            scratch / "meta_study.txt",
            type_of_cancer="lung",
            cancer_study_identifier=identifier,
            name=study.get("name", identifier),
            description=study.get("source", identifier),
        )
        shown = {"show_profile_in_analysis_tab": "true"}
        for file, kind, table in (
            (PATIENT_FILE, "PATIENT_ATTRIBUTES", patients),
            (SAMPLE_FILE, "SAMPLE_ATTRIBUTES", samples),
        ):
            _write_profile(scratch, identifier, "CLINICAL", file, table, datatype=kind)
        for name, table in (timelines or {}).items():
            file = f"data_timeline_{name}.txt"
            _write_profile(scratch, identifier, "CLINICAL", file, table, datatype="TIMELINE")
        _write_profile(
            scratch, identifier, "MUTATION_EXTENDED", MUTATION_FILE, mutations, datatype="MAF", stable_id="mutations",
            **shown, profile_name="Mutations", profile_description="Mutations",
        )  # fmt: skip
        levels = None if copy_number is None else copy_number.rename_axis("Hugo_Symbol").reset_index()
        _write_profile(
            scratch, identifier, "COPY_NUMBER_ALTERATION", CNA_FILE, levels, datatype="DISCRETE", stable_id="cna",
            **shown, profile_name="Copy number", profile_description="Discrete copy number, -2 to 2",
        )  # fmt: skip
        _write_profile(
            scratch, identifier, "STRUCTURAL_VARIANT", SV_FILE, structural_variants, datatype="SV",
            stable_id="structural_variants", **shown, profile_name="Structural variants",
            profile_description="Structural variants",
        )  # fmt: skip
        if mutations is not None:
            _write_case_list(scratch, identifier, SEQUENCED_FILE, "Sequenced samples", sequenced)
        _write_case_list(scratch, identifier, ALL_FILE, "All samples", list(samples["SAMPLE_ID"]))
        if copy_number is not None:
            _write_case_list(scratch, identifier, "case_lists/cases_cna.txt", "With copy number", list(copy_number))
        if structural_variants is not None:
            _write_case_list(scratch, identifier, "case_lists/cases_sv.txt", "With structural variants", sequenced)
        if panel_genes:
            # a profile is read on a sample's panel where it has one of the sample at all
            on = {name: samples["GENE_PANEL"] for name, table in profiles.items() if table is not None}
            if copy_number is not None:
                on["cna"] = samples["GENE_PANEL"].where(samples["SAMPLE_ID"].isin(copy_number.columns), "")
            matrix = samples[["SAMPLE_ID"]].assign(**on).replace("", np.nan).fillna("NA")
            _write_profile(
                scratch, identifier, "GENE_PANEL_MATRIX", PANEL_MATRIX_FILE, matrix, datatype="GENE_PANEL_MATRIX"
            )
            for panel, genes in panel_genes.items():
                _meta(
                    scratch / f"data_gene_panel_{panel}.txt",
                    stable_id=panel,
                    description=f"{len(genes)} genes",
                    gene_list="\t".join(sorted(genes)),
                )
        (scratch / STUDY_FILE).write_text(yaml.safe_dump(study, sort_keys=False, allow_unicode=True), encoding="utf-8")
        if expression is not None:
            expression.write_h5ad(scratch / EXPRESSION_FILE)
        if targets is not None:
            targets.to_csv(scratch / TARGETS_FILE, index=False, lineterminator="\n")
        if readme:
            (scratch / "README.md").write_text(readme, encoding="utf-8")
    return folder


def write_table(
    folder: Path, table: pd.DataFrame, *, study: dict, targets: pd.DataFrame, readme: str, files: Iterable = ()
) -> Path:
    """A cohort that is one plain table (cell lines, pan-cancer values) as table.csv, moved in whole.

    files: further files, as (path inside the folder, bytes).
    """
    folder = Path(folder)
    with moved_in_whole(folder) as scratch:
        table.to_csv(scratch / TABLE_FILE, index=False, float_format="%.6g", lineterminator="\n")
        targets.to_csv(scratch / TARGETS_FILE, index=False, lineterminator="\n")
        (scratch / STUDY_FILE).write_text(yaml.safe_dump(study, sort_keys=False, allow_unicode=True), encoding="utf-8")
        (scratch / "README.md").write_text(readme, encoding="utf-8")
        for name, body in files:
            (scratch / name).parent.mkdir(parents=True, exist_ok=True)
            (scratch / name).write_bytes(body)
    return folder
