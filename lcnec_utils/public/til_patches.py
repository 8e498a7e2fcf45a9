"""Ten H&E patches of lung adenocarcinoma (TCGA) with a label of whether lymphocytes are plenty, as microscope fields.

The patches are training data of a network that calls lymphocytes (Saltz et al. 2018). The repository's own scripts say
the rest: patches are brought to 0.50 µm per pixel (patch_extraction_from_list/start.sh), and the label is on the middle
100 × 100 of the 300 × 300 pixels (training/lymphocyte). No nucleus is marked, so kinds of cell cannot be learnt here.
"""

import re
from pathlib import Path

import pandas as pd

from lcnec_utils.cohort.write import write_table
from lcnec_utils.core.errors import UserError

FOLDER = "data/training_data_cnn"
SETS = {"train": "small_lym_cnn_train_data", "validation": "small_lym_cnn_val_data"}
UM_PER_PIXEL = 0.5
LABELLED_PIXELS = 100  # a side of the middle that the label is on
PATCHES = 10
TCGA = re.compile(r"(TCGA-\w\w-\w{4})-\d\d\w-\d\d-DX\d")


def labels(path: Path) -> pd.DataFrame:
    """A list of labels: file, label (0 or 1), slide, and the patch's place on it in pixels of the slide (x, y).

    Raises UserError where a row is not that.
    """
    table = pd.read_csv(path, sep=r"\s+", header=None, names=["file", "label", "slide", "x", "y"], dtype=str)
    wrong = ~table["label"].isin(["0", "1"]) | ~table["slide"].fillna("").str.match(TCGA) | table["y"].isna()
    if wrong.any() or not table["file"].is_unique:
        row = int(wrong.idxmax()) + 1
        raise UserError(f"{path.name}, row {row}: is no file, 0 or 1, slide of TCGA, x and y; the file is another one")
    return table


def fields(files: dict[str, Path]) -> tuple[pd.DataFrame, int]:
    """The patches whose pictures are registered, as rows of a table of fields, and how many are labelled in all."""
    rows, listed = [], 0
    for name, folder in SETS.items():
        known = labels(files[f"{FOLDER}/{folder}/label.txt"])
        listed += len(known)
        for row in known.itertuples():
            if f"{FOLDER}/{folder}/{row.file}" in files:
                rows.append(
                    {
                        "field": f"{name}_{Path(row.file).stem}",
                        "file": f"pictures/{name}_{row.file}",
                        "stain": "H&E",
                        "slide": TCGA.match(row.slide)[0],
                        "patient": TCGA.match(row.slide)[1],
                        "group": "LUAD",
                        "subtype": "",
                        "um_per_pixel": UM_PER_PIXEL,
                        "many_lymphocytes": {"0": "no", "1": "yes"}[row.label],
                        "source": f"{FOLDER}/{folder}/{row.file}",
                    }
                )
    return pd.DataFrame(rows), listed


def convert(folder: Path, files: dict[str, Path], entry: dict, study: dict) -> Path:
    """The folder of microscope fields: table.csv and the pictures, unchanged."""
    table, listed = fields(files)
    if len(table) != PATCHES:
        raise UserError(f"{FOLDER}: {len(table)} pictures stand in the lists of labels, not {PATCHES}")
    many, patients = int((table["many_lymphocytes"] == "yes").sum()), table["patient"].nunique()
    study = study | {
        "notes": [
            f"{len(table)} of the {listed} patches in the source's two lists, from {table['slide'].nunique()} slides "
            f"of {patients} patients; {many} are labelled as rich in lymphocytes.",
            f"The label (column many_lymphocytes) is on the middle {LABELLED_PIXELS} × {LABELLED_PIXELS} pixels; it "
            "is no count.",
            f"{UM_PER_PIXEL} µm per pixel is what the source's scripts bring patches to, from the size that the "
            "scanner recorded.",
        ],
        "caveats": {
            "selection": f"{len(table)} training patches of {patients} patients, chosen: no share or density of "
            "lymphocytes can be had from them.",
            "histology": "Lung adenocarcinoma.",
            "definition": "Patches are labelled, nuclei are not: nuclei can be counted, lymphocytes not told apart.",
        },
    }
    pictures = [(row.file, files[row.source].read_bytes()) for row in table.itertuples()]
    return write_table(folder, table, study=study, files=pictures)
