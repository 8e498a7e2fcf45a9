"""A twin as a study: its tables, what it was tuned to, and the folder it is written to."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.cohort.write import write_study, write_table
from lcnec_utils.twins.people import Clinical
from lcnec_utils.twins.targets import Targets

SOURCE = "Simulated patients, conditioned on the summaries that the main paper prints (Nassar et al. 2025)"
CONDITIONED = (
    "Simulated patients, conditioned on printed summaries: those agree by construction, have no sampling variation and "
    "are evidence of nothing; all else varies with the seed."
)
PLACEHOLDERS = "Genomic positions are placeholders: one made-up locus per gene and protein change."


@dataclasses.dataclass
class Study:
    """A twin ready to be written: tables as `cohort.write_study` takes them, and what it was tuned to."""

    patients: pd.DataFrame
    samples: pd.DataFrame
    study: dict
    targets: Targets
    mutations: pd.DataFrame | None = None
    copy_number: pd.DataFrame | None = None
    structural_variants: pd.DataFrame | None = None
    panel_genes: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    timelines: dict[str, pd.DataFrame] = dataclasses.field(default_factory=dict)
    expression: object = None
    densities: pd.DataFrame | None = None
    positivity: pd.DataFrame | None = None
    ncounter: dict[str, pd.DataFrame] = dataclasses.field(default_factory=dict)
    type_of_cancer: str = "lung"


@dataclasses.dataclass
class Table:
    """A twin that is one plain table, and what it was tuned to; files: what lies beside it, path → bytes."""

    table: pd.DataFrame
    targets: Targets
    study: dict
    files: dict[str, bytes] = dataclasses.field(default_factory=dict)


def identifiers(rng: np.random.Generator, prefix: str, n: int) -> np.ndarray:
    """Patient identifiers in an order that says nothing of the patient."""
    width = max(4, len(str(n)))
    return np.array([f"{prefix}-{number + 1:0{width}d}" for number in rng.permutation(n)], dtype=object)


def described(name: str, zero: str, notes: list[str]) -> dict:
    return {
        "name": name, "simulated": True, "body": "twin", "os_origin": zero, "source": SOURCE, "licence": "CC0-1.0",
        "citation": "simulated by lcnec_utils.twins", "notes": [CONDITIONED, *notes],
    }  # fmt: skip


def timelines(patients: pd.DataFrame, drawn: Clinical) -> dict[str, pd.DataFrame]:
    """Treatment and toxicity timelines as cBioPortal has them, days from time zero."""
    ids = patients["PATIENT_ID"]
    lines = drawn.treatments
    treatment = pd.DataFrame(
        {
            "PATIENT_ID": lines["patient"].map(ids),
            "START_DATE": lines["start"].astype(int),
            "STOP_DATE": lines["stop"],
            "EVENT_TYPE": "TREATMENT",
            "TREATMENT_TYPE": "Medical Therapy",
            "SUBTYPE": lines["regimen"],
            "LINE": lines["line"].astype(int),
        }
    )
    found = {"treatment": treatment.sort_values(["PATIENT_ID", "START_DATE"], ignore_index=True)}
    events = drawn.adverse_events
    if len(events):
        found["toxicity"] = pd.DataFrame(
            {
                "PATIENT_ID": events["patient"].map(ids),
                "START_DATE": events["day"].astype(int),
                "STOP_DATE": "",
                "EVENT_TYPE": "TOXICITY",
                "TOXICITY_TYPE": events["category"],
                "GRADE": events["grade"].astype(int),
            }
        ).sort_values(["PATIENT_ID", "START_DATE", "TOXICITY_TYPE"], ignore_index=True)
    return found


FIRST_COLUMNS = [
    "PATIENT_ID", "SEX", "AGE", "RACE", "ECOG", "M_STAGE", "FIRST_LINE_REGIMEN", "CHEMOTHERAPY_BACKBONE", "TIME_ZERO",
    "FIRST_LINE_START", "OS_MONTHS", "OS_STATUS", "RWPFS_MONTHS", "RWPFS_STATUS", "TOT_MONTHS", "TOT_STATUS",
]  # fmt: skip


def ordered(patients: pd.DataFrame) -> pd.DataFrame:
    first = [name for name in FIRST_COLUMNS if name in patients]
    return patients[[*first, *(name for name in patients if name not in first)]]


def by_patient(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values("PATIENT_ID", kind="stable", ignore_index=True)


def blank(table: pd.DataFrame) -> None:
    for name in table.select_dtypes(object):
        table[name] = table[name].fillna("")


def readme(study: Study | Table, title: str, made_by: str) -> str:
    """What a reader of a twin's folder must know first."""
    table = study.targets.table()
    counts = table[table["claim"] != ""].groupby("origin").size()
    form = "a cBioPortal study folder" if isinstance(study, Study) else "one plain table"
    form += " with the files it names" if isinstance(study, Table) and study.files else ""
    lines = [
        f"# {title}: SIMULATED", "",
        "No patient in this folder exists. " + " ".join(study.study["notes"]), "",
        f"Made by `{made_by}`. The format is {form}; `cohort.yaml` says `simulated: true`, and "
        "every figure, table and page made from it does too.", "",
        "`targets.csv` lists what the simulation rests on, one row each:", "",
        f"- calibrated ({counts.get('calibrated', 0)}): a printed number it was tuned to, or that follows from such "
        "numbers; that it agrees is no finding",
        f"- planted ({counts.get('planted', 0)}): an effect that was put in because the source reports it",
        "- assumed: what nobody printed (the value, or what follows from it, stands in `note`)",
        f"- parameter ({counts.get('parameter', 0)}): a printed cut-off that is a parameter of the run",
        f"- by construction ({counts.get('by construction', 0)}): it follows from a definition or from how the twin is "
        "made",
        f"- not followed ({counts.get('not followed', 0)}): a print that contradicts another; `instead` names the one "
        "followed",
        f"- emergent ({counts.get('emergent', 0)}): nothing was tuned to it; `note` says why",
        "", "`answer` says what an answer to the claim rests on: of a print that is not followed, the one followed.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def write(folder: Path, study: Study | Table, title: str, made_by: str) -> Path:
    """A twin written as a study folder, or as a folder with one plain table (table.csv)."""
    said = readme(study, title, made_by)
    if isinstance(study, Table):
        return write_table(
            folder, study.table, study=study.study, targets=study.targets.table(), readme=said,
            files=study.files.items(),
        )  # fmt: skip
    return write_study(
        folder,
        patients=study.patients,
        samples=study.samples,
        study=study.study,
        mutations=study.mutations,
        copy_number=study.copy_number,
        structural_variants=study.structural_variants,
        timelines=study.timelines,
        panel_genes=study.panel_genes,
        expression=study.expression,
        densities=study.densities,
        positivity=study.positivity,
        ncounter=study.ncounter,
        type_of_cancer=study.type_of_cancer,
        targets=study.targets.table(),
        readme=said,
    )
