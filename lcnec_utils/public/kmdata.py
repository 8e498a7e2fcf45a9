"""Patients' times reconstructed from the published Kaplan–Meier curves of three trials of PD-1 blockade in NSCLC.

Each curve was digitised and turned into times and events by the algorithm of Guyot et al. (BMC Medical Research
Methodology 2012). A row is no patient, the rows of two curves of one trial cannot be joined, and nothing but the arm is
known: one cohort per trial and endpoint.
"""

from pathlib import Path

import pandas as pd

from lcnec_utils.cohort.write import write_study
from lcnec_utils.core.errors import UserError
from lcnec_utils.public.workbooks import by_code, status


def convert(folder: Path, files: dict[str, Path], entry: dict, study: dict) -> Path:
    """The study folder of one curve: entry names its file, endpoint (OS or PFS), arms and histology."""
    import pyreadr

    path, endpoint = files[entry["file"]], entry["endpoint"]
    table = next(iter(pyreadr.read_r(str(path)).values()))
    if list(table.columns) != ["time", "event", "arm"]:
        raise UserError(f"{path.name} must have the columns time, event, arm; use the registered file")
    identifiers = [f"{path.stem}-{place + 1:03d}" for place in range(len(table))]
    patients = pd.DataFrame(
        {
            "PATIENT_ID": identifiers,
            "ARM": by_code(table["arm"].astype(object), entry["arms"], f"{path.name}, column arm"),
            f"{endpoint}_MONTHS": table["time"].astype(float),
            f"{endpoint}_STATUS": status(table["event"].astype(int), endpoint, f"{path.name}, column event"),
        }
    )
    samples = pd.DataFrame(
        {"SAMPLE_ID": identifiers, "PATIENT_ID": identifiers, "CANCER_TYPE_DETAILED": entry["histology"]}
    )
    study = study | {
        "os_origin": "randomisation",
        "notes": [
            f"Reconstructed from {entry['figure']}; a row is no patient, and rows of another curve of the trial are "
            "not the same patients.",
        ],
    }
    return write_study(folder, patients=patients, samples=samples, study=study)
