"""Labelled H&E patches: the first real pictures that nuclei are counted in. Costs about three seconds."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import ndimage

from lcnec_utils.cohort.read import read_table
from lcnec_utils.core import params, provenance
from lcnec_utils.core.errors import UserError
from lcnec_utils.imaging import fields, pathology
from lcnec_utils.public import til_patches


@pytest.fixture
def table(public_cohort) -> pd.DataFrame:
    return fields.read_fields(
        public_cohort("til_patches"), stain="H&E", um_per_pixel=pathology.SCALES, groups={"LUAD": ()}
    )


def test_ten_patches_of_two_patients_two_rich_in_lymphocytes(table):
    assert table["patient"].value_counts().to_dict() == {"TCGA-05-4244": 7, "TCGA-05-4245": 3}
    assert set(table.loc[table["many_lymphocytes"] == "yes", "field"]) == {"train_24", "validation_33"}
    assert set(table["group"]) == {"LUAD"} and len(table) == 10


def test_the_folder_plays_the_role_of_fields(public_cohort):
    cohort = read_table(public_cohort("til_patches"), *params.TABLES["fields"])
    assert len(cohort.table) == 10 and not cohort.simulated


def test_the_pictures_are_the_registered_files(public_cohort, table, data_dir):
    folder = public_cohort("til_patches")
    for row in table.itertuples():
        source = data_dir / "u24_lymphocyte_til" / row.source
        assert provenance.of_file(folder / row.file) == provenance.of_file(source)
        assert Image.open(folder / row.file).size == (300, 300)


def test_red_cells_have_the_size_that_the_scale_says(public_cohort, table):
    """An erythrocyte is 6 to 8 µm across in blood and less where fixed and cut; at 0.25 or 1 µm per pixel it would be
    2.5 or 10 µm here."""
    across = []
    for row in table.itertuples():
        rgb = pathology.read_picture(public_cohort("til_patches") / row.file).astype(float)
        pink = ndimage.binary_opening(rgb[..., 0] - rgb[..., 1] > 70)  # as eosin without haematoxylin is
        areas = np.bincount(ndimage.label(pink)[0].ravel())[1:]
        across += list(2 * np.sqrt(areas[areas > 40] / np.pi) * row.um_per_pixel)
    assert len(across) > 40 and 4 < np.median(across) < 8


def test_nuclei_are_counted_and_stand_densest_where_lymphocytes_are_many(public_cohort):
    counted = pathology.count_folder(public_cohort("til_patches"), seed=1, simulated=False, groups={"LUAD": ()})
    density = counted.fields.set_index("field")["nuclei_per_mm2_field"]
    assert len(density) == 10 and density.between(1_000, 10_000).all()
    assert set(density.nlargest(2).index) == {"train_24", "validation_33"}


def test_kinds_of_cell_are_not_called_without_marked_nuclei(public_cohort):
    counted = pathology.count_folder(public_cohort("til_patches"), seed=1, simulated=False, groups={"LUAD": ()})
    assert counted.til is None and counted.reason == "til_patches has no annotated nuclei (nuclei.csv)"


@pytest.mark.parametrize("row", ["1.png 2 TCGA-05-4244-01Z-00-DX1 3 4", "1.png 0 slide 3 4", "1.png 0"])
def test_a_list_of_labels_that_is_none_is_refused(tmp_path, row):
    (tmp_path / "label.txt").write_text(f"0.png 0 TCGA-05-4244-01Z-00-DX1 3 4\n{row}\n")
    with pytest.raises(UserError, match="label.txt, row 2"):
        til_patches.labels(tmp_path / "label.txt")
