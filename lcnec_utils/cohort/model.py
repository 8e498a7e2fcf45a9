"""Cohort: patients, their samples and what was measured on them, as the notebooks see them."""

import collections
import dataclasses
import functools
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.cohort.dictionary import (
    DENSITY_FILE,
    ENDPOINTS,
    EXPRESSION_FILE,
    LESION_FILE,
    MUTATION_FILE,
    NCOUNTER_FILE,
    NEEDS,
)
from lcnec_utils.core.errors import MissingData, UserError, one_line


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
        return one_line(f"{self.file}{row}{column}: {self.message}")


def h5ad_names(path: Path, axis: str) -> list[str]:
    """The names along an axis (obs or var) of an h5ad file; none where there is no such file."""
    import h5py

    if not path.exists():
        return []
    with h5py.File(path) as file:
        names = file[axis][file[axis].attrs["_index"]]
        return [name.decode() for name in names[()]]


@dataclasses.dataclass
class Reading:
    """What reading a folder came to, gathered while it is read.

    problems: what refuses the folder. notes: what reading changed or left out, with counts; every notebook shows them.
    form: oddities of form that changed no cell (a byte order mark, line ends). oddities: all that `strict` refuses.
    words: column → word that is not understood → how often. refused: column → why it is read as absent.
    files: name → read, not needed, not understood. used, unused: file → columns.
    """

    problems: list[Problem] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    form: list[str] = dataclasses.field(default_factory=list)
    oddities: list[str] = dataclasses.field(default_factory=list)
    words: dict[str, collections.Counter] = dataclasses.field(default_factory=dict)
    refused: dict[str, str] = dataclasses.field(default_factory=dict)
    files: dict[str, str] = dataclasses.field(default_factory=dict)
    used: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    unused: dict[str, list[str]] = dataclasses.field(default_factory=dict)

    def refuse(self, file: str, message: str, row: int | None = None, column: str | None = None) -> None:
        """The folder cannot be read as it stands."""
        self.problems.append(Problem(file, message, row, column))

    def note(self, text: str) -> None:
        """What reading did as a matter of course, with its count."""
        self.notes.append(text)

    def odd(self, text: str, example: str = "") -> None:
        """What reading made of something odd: said everywhere, and refused where the reading is strict.

        example: the part of it, in brackets there, that names a patient; a strict check says it, no notebook does.
        """
        self.notes.append(text.replace(f" ({example})", "") if example else text)
        self.oddities.append(text)

    def harmless(self, text: str) -> None:
        """An oddity of form that changes no cell: said by the check, and refused where the reading is strict."""
        self.form.append(text)
        self.oddities.append(text)

    def strange(self, column: str, words: dict[str, int]) -> None:
        """Words of a column that are not understood, with their counts."""
        if words:
            self.words.setdefault(column, collections.Counter()).update(words)

    def refuse_column(self, file: str, column: str, why: str) -> None:
        """A column is read as absent; its panels are skipped with this reason."""
        self.refused[column] = f"{file}, column {column}: {why}"
        self.odd(f"{self.refused[column]}; the column is not read")


@dataclasses.dataclass
class Cohort:
    """Patients, their samples and what was measured on them.

    patients: one row per patient, index PATIENT_ID. samples: one row per sample, index SAMPLE_ID.
    mutations: one row per mutation (MAF columns) that changes a protein, or every row where the file gives no
    consequence; None where there is no file, as for the other tables. copy_number: genes × samples, −2 to 2.
    structural_variants: cBioPortal columns. panel_of: the panel each sample's mutations were called on, missing where
    it was none (an exome, or not profiled). panel_genes: the genes of each panel whose list is known. sequenced: the
    samples listed as sequenced, None where no list says. genes_seen: every gene of the mutation and copy-number rows,
    which are all that is known of a panel without a list (None: not known). normals: samples of normal tissue, which
    are set aside. words: column → word that is not understood → count. refused: column → why it is read as absent.
    reading: how the folder was read. timelines: by name (treatment, toxicity), cBioPortal's
    columns, days as whole numbers. table: the rows of a cohort that is one plain table (table.csv). origins: of a
    simulated cohort, claim → how it was tuned to it (targets.csv). answer_origins: of a simulated cohort, claim → what
    an answer to it rests on; for a print that is not followed, what the print followed instead rests on.
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
    answer_origins: dict[str, str] = dataclasses.field(default_factory=dict)
    study: dict = dataclasses.field(default_factory=dict)
    notes: list[str] = dataclasses.field(default_factory=list)
    folder: Path | None = None
    table: pd.DataFrame | None = None
    genes_seen: set[str] | None = None
    normals: list[str] = dataclasses.field(default_factory=list)
    words: dict[str, dict[str, int]] = dataclasses.field(default_factory=dict)
    refused: dict[str, str] = dataclasses.field(default_factory=dict)
    reading: Reading | None = None
    lesions: pd.DataFrame | None = None  # cohort/lesions.py: one row per patient, lesion and day
    matrix: object = None  # expression read from a matrix of text, as AnnData; uns["file"] names it
    densities: pd.DataFrame | None = None  # cohort/assays.py: sample, assay, population, per_mm2
    positivity: pd.DataFrame | None = None  # cohort/assays.py: cells by their combination of stained markers
    ncounter: dict = dataclasses.field(default_factory=dict)  # cohort/ncounter.py: panel → AnnData, log2 values

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

    @property
    def stands_for(self) -> str:
        """The trial whose own patients (or their published curves) the cohort holds; empty where it is none."""
        return str(self.study.get("stands_for") or "")

    def origin(self, claim: str) -> str:
        """Of a simulated cohort: what an answer to a claim rests on: calibrated (the cohort is tuned to it), planted
        (the effect was put in), parameter, by construction, assumed, or emergent; not stated without a targets.csv.

        Of a print that the cohort does not follow, it is the origin of the print that it follows instead.
        """
        known = self.origins.get(claim, "emergent" if self.origins else "not stated")
        return self.answer_origins.get(claim, "emergent" if known == "not followed" else known)

    @property
    def caveats(self) -> dict[str, str]:
        """What was measured otherwise than a claim's source did: topic → sentence (dictionary.CAVEAT_TOPICS)."""
        return dict(self.study.get("caveats") or {})

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
        for column in (months, status):
            if column in self.refused:
                raise MissingData(self.refused[column])
        lacking = [column for column in (months, status) if column not in self.patients]
        if lacking:
            raise MissingData(
                f"{self.name} has no {ENDPOINTS.get(endpoint, endpoint)}: its clinical tables have no column "
                f"{' and no column '.join(lacking)}"
            )
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
        if name in self.refused:
            raise MissingData(self.refused[name])
        if name in self.patients:
            values = self.patients[name]
        elif name in self.samples:
            chosen = self.one_sample_per_patient()
            values = self.samples[name].reindex(chosen.to_numpy()).set_axis(chosen.index)
        else:
            raise MissingData(f"{self.name} has no {what}: its clinical tables have no column {name}")
        if values.isna().all():
            raise MissingData(f"{self.name} has no {what}: in its clinical tables the column {name} is empty")
        return values.reindex(self.patients.index)

    @functools.cached_property
    def expression_genes(self) -> list[str]:
        """The genes of the cohort's expression, in the file's order; none where it has none."""
        if self.matrix is not None:
            return list(self.matrix.var_names)
        return [] if self.folder is None else h5ad_names(self.folder / EXPRESSION_FILE, "var")

    def expression(self, genes: list[str] | None = None):
        """The cohort's expression as AnnData, samples × genes (those named, in their order); `uns["scale"]` says what
        its values are. Raises MissingData where there is none, or none of the genes.
        """
        import anndata

        if not self.expression_genes:
            raise MissingData(
                f"{self.name} has no expression: neither {EXPRESSION_FILE} nor a matrix that cBioPortal knows "
                "(data_mrna_seq_tpm.txt and its like)"
            )
        held = None if genes is None else [gene for gene in dict.fromkeys(genes) if gene in set(self.expression_genes)]
        if genes is not None and not held:
            raise MissingData(f"the expression of {self.name} does not hold {', '.join(genes[:3])}")
        if self.matrix is not None:
            return self.matrix if held is None else self.matrix[:, held].copy()
        data = anndata.read_h5ad(self.folder / EXPRESSION_FILE, backed="r" if genes else None)
        return data if held is None else data[:, held].to_memory()

    def has_expression_of(self, samples: pd.Index) -> np.ndarray:
        """Which of the samples of the file of expression are the cohort's: all, but where some were left out."""
        return np.ones(len(samples), bool)

    def timeline(self, name: str) -> pd.DataFrame:
        """A timeline (treatment, toxicity, …); MissingData where the cohort has none."""
        if name not in self.timelines:
            raise MissingData(f"{self.name} has no {name} timeline: there is no file data_timeline_{name}.txt")
        return self.timelines[name]

    def lacks(self, needs: list[str]) -> list[str]:
        """Those of the needs (words of NEEDS, or things no study folder holds) that this cohort does not meet."""
        held = set(self.patients.dropna(axis=1, how="all")) | set(self.samples.dropna(axis=1, how="all"))
        if self.mutations is not None:
            held.add(MUTATION_FILE)
        if self.lesions is not None:
            held.add(LESION_FILE)
        if self.densities is not None:
            held.add(DENSITY_FILE)
        if self.ncounter:
            held.add(NCOUNTER_FILE)
        held.update(self.expression_genes)
        return [need for need in needs if not held & set(NEEDS.get(need, []))]

    def need_lesions(self) -> pd.DataFrame:
        """The table of lesions over time; MissingData where the cohort has none."""
        if self.lesions is None or self.lesions.empty:
            raise MissingData(
                f"{self.name} has no lesions: there is neither {LESION_FILE} nor lesions.csv nor CDISC's TU and TR"
            )
        return self.lesions

    def need_mutations(self) -> pd.DataFrame:
        """The mutation table; MissingData where the cohort has none."""
        if self.mutations is None:
            raise MissingData(f"{self.name} has no mutations: there is no file {MUTATION_FILE}")
        return self.mutations

    def profiled(self, gene: str) -> pd.Series:
        """Whether each sample was sequenced for a gene, as cBioPortal counts it. Booleans, index SAMPLE_ID.

        By the gene list of its panel; on a panel without a list, where the gene occurs in any row of the study. A
        sample on no panel is profiled for every gene where a list of sequenced samples holds it or a mutation of it
        was loaded, and where neither panel nor list is given for anyone.
        """
        samples = self.samples.index
        if self.mutations is None:
            return pd.Series(False, index=samples)
        if self.panel_of is None and self.sequenced is None:
            return pd.Series(True, index=samples)
        codes, panels = self._panels
        held = [
            gene in self.panel_genes[name]
            if name in self.panel_genes
            else self.genes_seen is None or gene in self.genes_seen
            for name in panels
        ]
        return pd.Series(np.where(codes >= 0, np.array([*held, False])[codes], self._whole), index=samples)

    @functools.cached_property
    def _panels(self) -> tuple[np.ndarray, list[str]]:
        """The panel of each sample as a code (-1 for none), and the panels."""
        if self.panel_of is None:
            return np.full(len(self.samples), -1), []
        codes, panels = pd.factorize(self.panel_of.reindex(self.samples.index))
        return codes, list(panels)

    @functools.cached_property
    def _whole(self) -> np.ndarray:
        """Whether each sample is profiled for every gene where it is on no panel."""
        called = set(self.mutations["Tumor_Sample_Barcode"]) | (self.sequenced or set())
        return self.samples.index.isin(called)

    @property
    def panels_without_list(self) -> list[str]:
        """Panels whose gene list the study does not hold: their samples count as profiled for every gene."""
        if self.panel_of is None:
            return []
        return sorted(set(self.panel_of.dropna()) - set(self.panel_genes))
