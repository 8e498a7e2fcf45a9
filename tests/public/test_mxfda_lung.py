"""NSCLC by multiplex immunohistochemistry: every cell counted once. Costs about four seconds."""

import pandas as pd
import pytest
import yaml

from lcnec_utils.cohort.read import read_study
from lcnec_utils.core.errors import UserError
from lcnec_utils.public import mxfda_lung
from lcnec_utils.stats.cox import cox

KINDS = ["N_CYTOKERATIN", "N_CD8", "N_CD4", "N_CD14", "N_CD19", "N_OTHER", "N_NONE"]


@pytest.fixture(scope="module")
def cells(data_dir) -> pd.DataFrame:
    import pyreadr

    return next(iter(pyreadr.read_r(str(data_dir / "mxfda_lung" / mxfda_lung.FILE)).values()))


def test_50_patients_33_deaths_of_whom_the_older_die_sooner(public_cohort):
    """Were the status inverted, age would not be a risk."""
    cohort = read_study(public_cohort("mxfda_lung"))
    table = cohort.survival("OS")
    assert (len(table), int(table["event"].sum()), cohort.os_origin) == (50, 33, "diagnosis")
    assert cox(table.assign(age=pd.to_numeric(cohort.patients["AGE"])), covariates=["age"]).iloc[0]["lower"] > 1
    assert cohort.patients["STAGE"].value_counts().to_dict() == {"Stage I": 34, "Stage II": 10, "Stage III": 6}
    assert cohort.words == {} == cohort.refused


def test_every_cell_is_counted_once_by_tumour_and_by_image(public_cohort, cells):
    folder = public_cohort("mxfda_lung")
    tumours = read_study(folder).samples[["N_CELLS", "N_IMAGES", *KINDS]].apply(pd.to_numeric)
    images = pd.read_csv(folder / "resources" / "images.csv")
    assert tumours["N_CELLS"].sum() == images["N_CELLS"].sum() == 285_412
    assert (len(images), tumours["N_IMAGES"].sum()) == (247, 247)
    for table in (tumours, images):
        assert (table[KINDS].sum(axis=1) == table["N_CELLS"]).all()
    assert images.groupby("PATIENT_ID")["N_CD8"].sum().to_dict() == tumours["N_CD8"].to_dict()
    # by the source's own columns
    assert tumours["N_CD8"].sum() == (cells["phenotype_cd8"] == "CD8+").sum() == 11_775
    assert tumours[["N_CD8", "N_CD4", "N_CD14", "N_CD19"]].sum().sum() == (cells["immune"] == "immune").sum()


def test_the_cells_are_kept_and_the_same_cells_are_the_same_bytes(public_cohort, cells):
    path = public_cohort("mxfda_lung") / "resources" / "cells.csv.gz"
    kept = pd.read_csv(path)
    assert len(kept) == 285_412 and not kept.duplicated(["IMAGE_ID", "CELL_ID"]).any()
    assert kept["X"].sum() == pytest.approx(cells["x"].sum())
    assert path.read_bytes()[4:8] == b"\0\0\0\0", "gzip holds no time"
    notes = read_study(public_cohort("mxfda_lung")).notes
    assert not [note for note in notes if "not understood" in note]


def test_what_the_documentation_says_otherwise_is_said(public_cohort):
    study = yaml.safe_load((public_cohort("mxfda_lung") / "cohort.yaml").read_text())
    assert "879,694" in study["notes"][0] and "tumour compartment" in study["caveats"]["definition"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"phenotype_cd4": "CD4+"}, "positive for two markers"),
        ({"phenotype_cd4": "CD4"}, "ends in neither"),
        ({"immune": "other"}, "contradicts the markers"),
    ],
)
def test_a_cell_of_two_kinds_or_of_none_that_is_known_is_refused(change, message):
    cell = {f"phenotype_{name}": f"{name}-" for name in mxfda_lung.MARKERS} | {"immune": "immune"}
    with pytest.raises(UserError, match=message):
        mxfda_lung.kinds_of_cells(pd.DataFrame([cell | {"phenotype_cd8": "CD8+"} | change]))
