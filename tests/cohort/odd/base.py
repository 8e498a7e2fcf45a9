"""The base study that every odd folder departs from, and the edits that make an oddity.

Twenty patients with one tumour each, sample P01-T1 of patient P01 and so on, all LCNEC. P01 to P10 carry TP53 and RB1
(SCLC-like), P11 to P15 KRAS G12C (NSCLC-like), P16 to P20 nothing (unclassified; sequenced by the case list only).
Every third patient lives, so that 14 of 20 have died.
"""

import copy
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

ALL = range(1, 21)
ENTREZ = {
    "TP53": 7157, "RB1": 5925, "KRAS": 3845, "STK11": 6794, "KEAP1": 9817, "KMT2D": 8085, "CDKN2A": 1029, "EGFR": 1956,
    "TERT": 7015, "ALK": 238, "EML4": 27436, "PTEN": 5728, "SMARCA4": 6597, "NF1": 4763, "ARID1A": 8289,
}  # fmt: skip
SEQUENCED = "case_lists/cases_sequenced.txt"
ANY = object()  # of `right`: whatever stands there

BASE = {
    "patients": 20,
    "samples": 20,
    "normals": 0,
    "mutations": 25,
    "genes": {"TP53": [10, 20], "RB1": [10, 20], "KRAS": [5, 20], "STK11": [0, 20], "KEAP1": [0, 20]},
    "subtypes": {"SCLC-like": 10, "NSCLC-like": 5, "Unclassified": 5, "Unknown": 0},
    "endpoints": {"OS": [20, 14]},
    "targetable": {"KRAS G12C": [5, 20]},
    "histologies": {"LUNE": 20},
    "words": {},
}


class Case(NamedTuple):
    """One odd folder. make: writes it. right: a subset of the inventory. notes, refused: words (small letters) that the
    notes, or the one line of a refusal, must hold; a folder with `refused` words must be refused."""

    make: Callable[[Path], None]
    situation: str
    right: dict
    notes: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def like(**changes) -> dict:
    """What is right of the base study, with changes; those of a table (genes, subtypes, …) go into the base's."""
    right = copy.deepcopy(BASE)
    for name, value in changes.items():
        merged = isinstance(value, dict) and isinstance(right.get(name), dict)
        right[name] = right[name] | value if merged else value
    return right


def patient(number: int) -> str:
    """The identifier of a patient."""
    return f"P{number:02d}"


def sample(number: int) -> str:
    """The identifier of a patient's tumour."""
    return f"P{number:02d}-T1"


def barcode(number: int, kind: str = "01") -> str:
    """A TCGA sample barcode; kind: the sample code, with or without vial and aliquot."""
    return f"TCGA-AB-{number:04d}-{kind}"


def names(numbers: Iterable[int]) -> list[str]:
    """The identifiers of several patients' tumours."""
    return [sample(number) for number in numbers]


def tsv(rows: list[list]) -> str:
    """Rows, the header first, as tab-separated text."""
    return "".join("\t".join(map(str, row)) + "\n" for row in rows)


def case_list(ids: Iterable[str], stable_id: str = "x_sequenced") -> str:
    """The text of a case list."""
    head = f"cancer_study_identifier: x\nstable_id: {stable_id}\ncase_list_name: s\ncase_list_description: s\n"
    return head + "case_list_ids: " + "\t".join(ids) + "\n"


class Study:
    """A study folder before it is written.

    patients, samples, mutations: tables of text (None: not written), under the file names in `name`; `change`: what
    is done with a table's text at the end, by table. files: every other file, text or bytes, by its path.
    """

    def __init__(self):
        living = {number for number in ALL if number % 3 == 0}
        self.patients = pd.DataFrame(
            {
                "PATIENT_ID": [patient(i) for i in ALL],
                "SEX": ["Female" if i % 2 else "Male" for i in ALL],
                "AGE": [str(50 + i) for i in ALL],
                "OS_MONTHS": [str(2 + 1.5 * i) for i in ALL],
                "OS_STATUS": ["0:LIVING" if i in living else "1:DECEASED" for i in ALL],
            }
        )
        self.samples = pd.DataFrame(
            {
                "SAMPLE_ID": names(ALL),
                "PATIENT_ID": [patient(i) for i in ALL],
                "ONCOTREE_CODE": "LUNE",
                "CANCER_TYPE_DETAILED": "Lung Large Cell Neuroendocrine Carcinoma",
            }
        )
        self.mutations = None
        self.name = {
            "patients": "data_clinical_patient.txt",
            "samples": "data_clinical_sample.txt",
            "mutations": "data_mutations.txt",
        }
        self.change: dict[str, Callable[[str], str | bytes]] = {}
        self.files: dict[str, str | bytes] = {
            "meta_study.txt": "type_of_cancer: lung\ncancer_study_identifier: x\nname: odd\ndescription: d\n",
            SEQUENCED: case_list(names(ALL)),
        }
        self.call("TP53", range(1, 11), change="p.R175H")
        self.call("RB1", range(1, 11), "Nonsense_Mutation", "p.R320*")
        self.call("KRAS", range(11, 16), change="p.G12C")

    def call(self, gene, who, word="Missense_Mutation", change="", **cells) -> None:
        """Adds a mutation of a gene to the tumours of `who`; cells: further columns, empty in the rows before."""
        known = 0 if self.mutations is None else len(self.mutations)
        rows = [
            {
                "Hugo_Symbol": gene, "Entrez_Gene_Id": str(ENTREZ.get(gene, "")), "NCBI_Build": "GRCh37",
                "Chromosome": "7", "Start_Position": str(1000 + known + k), "End_Position": str(1000 + known + k),
                "Variant_Classification": word, "Variant_Type": "SNP", "Reference_Allele": "G",
                "Tumor_Seq_Allele1": "G", "Tumor_Seq_Allele2": "T",
                "Tumor_Sample_Barcode": sample(i) if isinstance(i, int) else i, "HGVSp_Short": change, **cells,
            }
            for k, i in enumerate(who)
        ]  # fmt: skip
        self.mutations = pd.concat([self.mutations, pd.DataFrame(rows)], ignore_index=True).fillna("")

    def words(self, gene: str, words: list[str], first: int = 1, **cells) -> None:
        """Adds one mutation of a gene to one tumour per word of Variant_Classification."""
        for place, word in enumerate(words):
            self.call(gene, [first + place], word, **cells)

    def cells(self, table: str, column: str, values: dict[int, str] | list, other: str = "") -> None:
        """Sets cells of a column by patient number; a list: the first ones. A new column is `other` elsewhere."""
        frame = getattr(self, table)
        if column not in frame:
            frame[column] = other
        for number, value in values.items() if isinstance(values, dict) else enumerate(values, 1):
            frame.loc[number - 1, column] = value

    def meta(self, name: str, kind: str, datatype: str, file: str, stable_id: str = "", **more) -> None:
        """Adds a meta file; kind: its genetic_alteration_type."""
        fields = {"cancer_study_identifier": "x", "genetic_alteration_type": kind, "datatype": datatype}
        fields |= {"stable_id": stable_id} if stable_id else {}
        fields |= {"data_filename": file, **more}
        self.files[name] = "".join(f"{key}: {value}\n" for key, value in fields.items())

    def meta_mutations(self, file: str = "data_mutations.txt", **more) -> None:
        """Adds the meta file of the mutations."""
        self.meta("meta_mutations.txt", "MUTATION_EXTENDED", "MAF", file, "mutations", **more)

    def matrix(self, words: dict[int, str], column: str = "mutations") -> None:
        """Adds a gene panel matrix: the panel's name by patient number."""
        rows = [[sample(number), word] for number, word in words.items()]
        self.files["data_gene_panel_matrix.txt"] = tsv([["SAMPLE_ID", column], *rows])

    def panel(self, name: str, *genes: str) -> None:
        """Adds the gene list of a panel."""
        self.files[f"data_gene_panel_{name}.txt"] = f"stable_id: {name}\ndescription: d\ngene_list: " + "\t".join(genes)

    def two_panels(self) -> None:
        """PAN1 with the five genes of the subtypes, PAN2 without STK11 and KEAP1."""
        self.panel("PAN1", "TP53", "RB1", "KRAS", "STK11", "KEAP1")
        self.panel("PAN2", "TP53", "RB1", "KRAS")

    def copy_number(self, rows: list[tuple[str, dict]], file="data_cna.txt", ids=None, filler="0") -> None:
        """Adds discrete copy number: a row per gene, values by patient number, `filler` elsewhere."""
        ids = ids or names(ALL)
        table = [[gene, *(values.get(i, filler) for i in range(1, len(ids) + 1))] for gene, values in rows]
        self.files[file] = tsv([["Hugo_Symbol", *ids], *table])

    def fused(self, *rows: tuple, columns="Sample_Id SV_Status Site1_Hugo_Symbol Site2_Hugo_Symbol") -> None:
        """Adds structural variants: rows of cells, a number standing for the patient's tumour."""
        cells = [[sample(cell) if isinstance(cell, int) else cell for cell in row] for row in rows]
        self.files["data_sv.txt"] = tsv([columns.split(), *cells])

    def rename(self, new: Callable[[int], str], new_patient: Callable[[int], str] = patient) -> None:
        """Gives samples (and patients) other identifiers in the clinical tables, the MAF and the case list."""
        ids = {sample(i): new(i) for i in ALL}
        people = {patient(i): new_patient(i) for i in ALL}
        self.patients["PATIENT_ID"] = self.patients["PATIENT_ID"].replace(people)
        self.samples = self.samples.replace({"SAMPLE_ID": ids, "PATIENT_ID": people})
        self.mutations["Tumor_Sample_Barcode"] = self.mutations["Tumor_Sample_Barcode"].replace(ids)
        self.files[SEQUENCED] = case_list(ids.values())

    def everywhere(self, change: Callable[[str], str | bytes]) -> None:
        """Changes the text of all three tables."""
        self.change = dict.fromkeys(self.name, change)

    def write(self, folder: Path) -> None:
        """Writes the folder."""
        texts = dict(self.files)
        for part, file in self.name.items():
            table = getattr(self, part)
            if table is not None:
                text = tsv([list(table.columns), *table.to_numpy().tolist()])
                texts[file] = self.change.get(part, str)(text)
        for file, text in texts.items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())


def registry() -> tuple[dict[str, Case], Callable]:
    """A dictionary of cases by name, and the decorator that puts an edit of the base study into it.

    The decorator takes the situation in words, what is right (that of the base study where nothing is given), and the
    words that notes and refusal must hold, separated by spaces.
    """
    cases: dict[str, Case] = {}

    def case(situation: str, right: dict | None = None, notes: str = "", refused: str = "") -> Callable:
        def add(edit: Callable[[Study], None]) -> Callable[[Study], None]:
            def make(folder: Path) -> None:
                study = Study()
                edit(study)
                study.write(folder)

            assert edit.__name__ not in cases, f"two cases are named {edit.__name__}"
            asked = tuple(notes.lower().split()), tuple(refused.lower().split())
            cases[edit.__name__] = Case(make, situation, {} if refused else like() if right is None else right, *asked)
            return edit

        return add

    return cases, case
