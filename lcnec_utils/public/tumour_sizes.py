"""Target lesion diameters over time of 1,472 patients of five trials, without organs.

The supplement of Ghaffari Laleh et al. (PLoS Computational Biology 2022). Its column is TargetLesionLongDiam_mm; the
file does not say whether it is one lesion or the sum of several, so no lesion table is made of it. It numbers trials
and arms and names neither disease nor drug.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.cohort.write import write_study
from lcnec_utils.core.errors import UserError
from lcnec_utils.public.workbooks import read_sheet

FILE = "data/journal.pcbi.1009822.s006.xlsx"
SHEETS = [f"Study{number}" for number in range(1, 6)]
NAMES = {"Patient_Anonmyized": "patient", "Treatment_Day": "day", "TargetLesionLongDiam_mm": "size", "Study_Arm": "arm"}
PATIENTS = 1472
WORDS = {"NOT EVALUABLE": np.nan, "TOO SMALL TO MEASURE": 5.0}  # by RECIST 1.1, 5 mm


def _rows(path: Path) -> pd.DataFrame:
    """Every row of the five sheets: patient, day, size (mm, missing where not evaluable), arm, trial."""
    parts = []
    for sheet in SHEETS:
        table = read_sheet(path, sheet, list(NAMES)).rename(columns=NAMES)
        parts.append(table.assign(trial=sheet, patient=f"{sheet}-" + table["patient"].astype(str)))
    rows = pd.concat(parts, ignore_index=True)
    cells = rows["size"]
    values = pd.to_numeric(cells, errors="coerce")
    strange = values.isna() & cells.notna() & ~cells.isin(list(WORDS))
    if strange.any():
        raise UserError(f"{path.name}, column size: '{cells[strange].iloc[0]}' is no diameter; use the registered file")
    return rows.assign(size=values.fillna(cells.map(WORDS).astype(float)))


def changes(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """The measurements with their change from the baseline (the last size of day 0 or before) in percent, and counts of
    what was left out: rows without a day, days with two sizes, and patients without a baseline.

    >>> rows = pd.DataFrame({"patient": "P1", "day": [-3, 40], "size": [50.0, 40.0], "arm": "A", "trial": "S"})
    >>> changes(rows)[0]["SIZE_CHANGE_PERCENT"].round(1).to_list()
    [0.0, -20.0]
    """
    dated = rows.dropna(subset=["day"])
    once = dated.drop_duplicates(["patient", "day", "size"])
    torn = once.duplicated(["patient", "day"], keep=False)
    kept = once[~torn].sort_values(["patient", "day"], kind="stable")
    before = kept[(kept["day"] <= 0) & kept["size"].notna()].groupby("patient")["size"].last()
    before = kept["patient"].map(before[before > 0])
    table = kept.assign(SIZE_CHANGE_PERCENT=100 * (kept["size"] / before - 1), SIZE_MM=kept["size"])
    left = {
        "no day": len(rows) - len(dated),
        "two sizes": int(once.loc[torn, ["patient", "day"]].drop_duplicates().shape[0]),
        "no baseline": int(kept.loc[before.isna(), "patient"].nunique()),
    }
    return table, left


def convert(folder: Path, files: dict[str, Path], entry: dict, study: dict) -> Path:
    """The study folder: patients with their trial and arm, and the sizes over time as a timeline."""
    rows = _rows(files[FILE])
    people = rows.drop_duplicates("patient")
    if len(people) != PATIENTS:
        raise UserError(f"{FILE}: {len(people)} patients; the file is another one than that of {PATIENTS:,}")
    table, left = changes(rows)
    timeline = pd.DataFrame(
        {
            "PATIENT_ID": table["patient"], "START_DATE": table["day"].round().astype(int), "STOP_DATE": "",
            "EVENT_TYPE": "TUMOR_SIZE", "SIZE_MM": table["SIZE_MM"],
            "SIZE_CHANGE_PERCENT": table["SIZE_CHANGE_PERCENT"],
        }
    )  # fmt: skip
    study = study | {
        # the dataset's own are of the other file
        "source": "Target lesion diameters of five trials, supplement of PLoS Computational Biology 2022",
        "licence": "CC BY 4.0",
        "caveats": entry["caveats"],
        "os_origin": "unknown",
        "notes": [
            f"{len(timeline):,} sizes in data_timeline_tumor_size.txt; {int(timeline['SIZE_MM'].isna().sum())} are not "
            "evaluable, and those too small to measure have 5 mm.",
            f"Left out: {left['no day']} row without a day, {left['two sizes']} days with two sizes.",
            f"{left['no baseline']} patients have no size on day 0 or before, and so no change.",
            "One diameter per patient and day, of one lesion or of all targets: the file does not say. No organ.",
        ],
    }
    names = people["patient"]
    patients = pd.DataFrame({"PATIENT_ID": names, "TRIAL": people["trial"], "TRIAL_ARM": people["arm"]})
    samples = pd.DataFrame({"SAMPLE_ID": names, "PATIENT_ID": names})
    return write_study(folder, patients=patients, samples=samples, timelines={"tumor_size": timeline}, study=study)
