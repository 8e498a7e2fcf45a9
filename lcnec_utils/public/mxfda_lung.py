"""50 patients with NSCLC whose tumours were stained by multiplex immunohistochemistry, as packaged in mxfda.

The package's documentation says that cells are those of the tumour compartment, and that survival counts from diagnosis
with 1 for a death. It speaks of 879,694 cells; the file holds 285,412. Each cell is positive for one marker at most.
"""

import gzip
from pathlib import Path

import pandas as pd

from lcnec_utils.cohort.write import write_study
from lcnec_utils.core.errors import UserError
from lcnec_utils.core.units import DAYS_PER_MONTH

FILE = "data/lung_df.rda"
CELLS, PATIENTS = 285_412, 50
CELL_FILE, IMAGE_FILE = "resources/cells.csv.gz", "resources/images.csv"
OF_A_PATIENT = ["gender", "age", "stage", "survival_days", "survival_status"]
# Marker of a column phenotype_… → what its positive cells are called here
MARKERS = {
    "ck": "CYTOKERATIN",
    "cd8": "CD8",
    "cd4": "CD4",
    "cd14": "CD14",
    "cd19": "CD19",
    "other": "OTHER",
}
NONE, IMMUNE = "NONE", ["CD8", "CD4", "CD14", "CD19"]
STAGES = {1.0: "Stage I", 2.0: "Stage II", 3.0: "Stage III"}


def kinds_of_cells(table: pd.DataFrame) -> pd.Series:
    """The marker that each cell is positive for (one of MARKERS' names), NONE where it is for none.

    Raises UserError for a word that is neither + nor −, for a cell with two markers, and where the column `immune` says
    otherwise than the markers of immune cells.

    >>> cell = {f"phenotype_{name}": f"{name.upper()}-" for name in MARKERS} | {"immune": "immune"}
    >>> kinds_of_cells(pd.DataFrame([cell | {"phenotype_cd8": "CD8+"}])).to_list()
    ['CD8']
    """
    kind, positives = pd.Series(NONE, table.index, dtype=object), pd.Series(0, table.index)
    for marker, name in MARKERS.items():
        sign = table[f"phenotype_{marker}"].str[-1]
        if not sign.isin(["+", "-"]).all():
            raise UserError(f"{FILE}, column phenotype_{marker}: holds a word that ends in neither + nor -")
        kind, positives = kind.mask(sign == "+", name), positives + (sign == "+")
    if (positives > 1).any():
        raise UserError(f"{FILE}: {int((positives > 1).sum())} cells are positive for two markers; the file is another")
    if not (kind.isin(IMMUNE) == (table["immune"] == "immune")).all():
        raise UserError(f"{FILE}, column immune: contradicts the markers of immune cells; the file is another one")
    return kind


def counts(kind: pd.Series, by: pd.Series) -> pd.DataFrame:
    """How many cells there are of each kind, by patient or image: N_CELLS, then N_<kind>."""
    names = [*MARKERS.values(), NONE]
    table = pd.crosstab(by, kind).reindex(columns=names, fill_value=0)
    table.insert(0, "N_CELLS", table.sum(axis=1))
    return table.rename(columns={name: f"N_{name}" for name in names}).rename_axis(columns=None)


def _people(table: pd.DataFrame) -> pd.DataFrame:
    """One row per patient. Raises UserError where the cells of a patient contradict each other."""
    several = table.groupby("patient_id")[OF_A_PATIENT].nunique(dropna=False).gt(1)
    if len(table) != CELLS or len(several) != PATIENTS or several.any(axis=None):
        raise UserError(
            f"{FILE}: {len(table)} cells of {len(several)} patients, {int(several.any(axis=1).sum())} of whom have "
            f"rows that contradict each other; the file is another one than that of {CELLS} and {PATIENTS}"
        )
    return table.drop_duplicates("patient_id").set_index("patient_id")[OF_A_PATIENT]


def _write_cells(folder: Path, table: pd.DataFrame, kind: pd.Series) -> None:
    """Every cell and the counts of every image, in the study's folder of resources."""
    name = table["patientImage_id"].map(lambda text: f"LUNG_{text}")
    cells = pd.DataFrame({"IMAGE_ID": name, "CELL_ID": table["cell_id"].astype(int), "X": table["x"], "Y": table["y"],
                          "KIND": kind})  # fmt: skip
    images = counts(kind, name.rename("IMAGE_ID")).reset_index()
    images.insert(1, "PATIENT_ID", images["IMAGE_ID"].str.rsplit("_", n=1).str[0])
    (folder / CELL_FILE).parent.mkdir(exist_ok=True)
    # without a time inside, the same cells are the same bytes
    body = cells.to_csv(index=False, lineterminator="\n").encode()
    (folder / CELL_FILE).write_bytes(gzip.compress(body, 6, mtime=0))
    images.to_csv(folder / IMAGE_FILE, index=False, lineterminator="\n")


def convert(folder: Path, files: dict[str, Path], entry: dict, study: dict) -> Path:
    """The study folder: clinical tables with each tumour's cells counted by marker, and the cells in resources/."""
    import pyreadr

    table = next(iter(pyreadr.read_r(str(files[FILE])).values()))
    people, kind = _people(table), kinds_of_cells(table)
    names = [f"LUNG_{number:.0f}" for number in people.index]
    patients = pd.DataFrame(
        {
            "PATIENT_ID": names,
            "SEX": people["gender"].map({"F": "Female", "M": "Male"}).to_numpy(),
            "AGE": people["age"].to_numpy(),
            "STAGE": people["stage"].map(STAGES).to_numpy(),
            "OS_MONTHS": (people["survival_days"] / DAYS_PER_MONTH).to_numpy(),
            "OS_STATUS": people["survival_status"].map({0.0: "0:LIVING", 1.0: "1:DECEASED"}).to_numpy(),
        }
    )
    of_tumours = counts(kind, table["patient_id"]).loc[people.index].reset_index(drop=True)
    images = table.groupby("patient_id")["image_id"].nunique().loc[people.index].to_numpy()
    samples = pd.DataFrame({"SAMPLE_ID": names, "PATIENT_ID": names, "ONCOTREE_CODE": "NSCLC", "N_IMAGES": images})
    none, other = (int((kind == name).sum()) for name in (NONE, "OTHER"))
    study = study | {
        "os_origin": "diagnosis",
        "notes": [
            f"{len(table):,} cells in {int(images.sum())} images of {len(people)} patients: {CELL_FILE} and "
            f"{IMAGE_FILE}. The package's documentation speaks of 879,694 cells.",
            f"Each cell is positive for one marker at most; {none:,} are for none (N_NONE) and {other:,} are called "
            "other by the source (N_OTHER).",
            "Counts by tumour are of all its images together; the area of an image is not stated, nor is the unit of X "
            "and Y.",
            "Survival is given in days, divided by 30.4375.",
        ],
        "caveats": {
            "histology": "Non-small cell lung cancer, by no closer word.",
            "selection": "50 patients of a larger series, chosen by the package's authors in a way not stated; stages "
            "I to III.",
            "treatment": "No treatment is recorded.",
            "time zero": "Survival counts from diagnosis.",
            "definition": "Cells of the tumour compartment alone, as the package's documentation says: not those of "
            "the stroma.",
            "expression": "Protein of six markers by multiplex immunohistochemistry, no RNA.",
        },
    }
    write_study(folder, patients=patients, samples=samples.join(of_tumours), study=study)
    _write_cells(folder, table, kind)
    return folder
