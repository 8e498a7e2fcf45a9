"""Cohorts of a few patients, for tests of treatment and what hangs on it; study files read without the package."""

import numpy as np
import pandas as pd

from lcnec_utils.cohort.model import Cohort

CHEMO, CHEMO_IO, IO = "chemotherapy", "chemoimmunotherapy", "immunotherapy"
NAN = float("nan")
PATIENT_FILE, SAMPLE_FILE = "data_clinical_patient.txt", "data_clinical_sample.txt"


def made(patients: dict, samples: dict | None = None, **more) -> Cohort:
    """A cohort of a few patients P0, P1, … with one sample each, or those given."""
    size = len(next(iter(patients.values())))
    index = pd.Index([f"P{i}" for i in range(size)], name="PATIENT_ID")
    samples = samples or {"SAMPLE_ID": [f"S{i}" for i in range(size)], "PATIENT_ID": list(index)}
    return Cohort("made", pd.DataFrame(patients, index=index), pd.DataFrame(samples).set_index("SAMPLE_ID"), **more)


def with_survival(months, event, **columns) -> Cohort:
    return made({"OS_MONTHS": np.array(months, float), "OS_STATUS": pd.array(event, "boolean"), **columns})


def texts(values) -> list:
    """Values as text, the missing as None."""
    return [None if pd.isna(value) else str(value) for value in values]


def text_of(folder, file: str = PATIENT_FILE) -> pd.DataFrame:
    """A file of a study folder as text, read without the package."""
    return pd.read_csv(folder / file, sep="\t", comment="#", dtype=str, keep_default_na=False)
