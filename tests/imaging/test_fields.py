"""A folder of microscope fields: what is read, and what is refused by file, row and column in one line."""

import numpy as np
import pandas as pd
import pytest
from skimage import io

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.imaging import fields

GROUPS = {"LCNEC": ["NSCLC-like", "SCLC-like"], "SCLC": [], "NSCLC": []}


@pytest.fixture
def folder(tmp_path):
    """A function from rows of table.csv to a folder with an empty picture each."""

    def make(rows: list[dict]):
        table = []
        for number, row in enumerate(rows):
            base = {"field": f"F{number}", "file": f"{number}.png", "stain": "IF", "slide": f"S{number}",
                    "patient": f"P{number}", "group": "NSCLC", "subtype": "", "um_per_pixel": 0.42}  # fmt: skip
            table.append(base | row)
            (tmp_path / f"{number}.png").touch()
        pd.DataFrame(table).to_csv(tmp_path / "table.csv", index=False)
        return tmp_path

    return make


def read(folder, **more) -> pd.DataFrame:
    return fields.read_fields(folder, **{"stain": "IF", "um_per_pixel": (0.02, 5.0), "groups": GROUPS} | more)


def test_rows_of_the_stain_are_read_with_their_line_and_further_columns(folder):
    own = folder([{"stain": "H&E", "um_per_pixel": ""}, {"um_per_pixel": " 0.5 ", "subtype": " "}, {"truth": "3"}])
    table = read(own)
    assert list(table.index) == [3, 4] and list(table["um_per_pixel"]) == [0.5, 0.42]
    assert list(table["truth"]) == ["", "3"] and list(table["subtype"]) == ["", ""]
    with pytest.raises(UserError, match="row 2, column um_per_pixel: '' is no pixel's size from 0.1 to 1 µm"):
        read(own, stain="H&E", um_per_pixel=(0.1, 1.0))


def test_a_subtype_given_in_one_row_of_a_patient_stands_in_all(folder):
    one = {"patient": "A", "group": "LCNEC"}
    table = read(folder([one, one | {"subtype": "NSCLC-like"}, {"group": "LCNEC"}]))
    assert list(table["subtype"]) == ["NSCLC-like", "NSCLC-like", ""]


def test_any_group_is_taken_where_none_is_given(folder):
    table = read(folder([{"group": "mesothelioma", "subtype": "biphasic"}]), groups=None)
    assert table["subtype"].tolist() == ["biphasic"]


@pytest.mark.parametrize(
    ("change", "said"),
    [({"um_per_pixel": ""}, "row 3, column um_per_pixel: '' is no pixel's size"),
     ({"um_per_pixel": "0"}, "row 3, column um_per_pixel: '0' is no pixel's size"),
     ({"um_per_pixel": "-0.4"}, "row 3, column um_per_pixel: '-0.4' is no pixel's size"),
     ({"um_per_pixel": "420"}, "row 3, column um_per_pixel: '420' is no pixel's size"),
     ({"um_per_pixel": "half"}, "row 3, column um_per_pixel: 'half' is no pixel's size"),
     ({"um_per_pixel": "inf"}, "row 3, column um_per_pixel: 'inf' is no pixel's size"),
     ({"stain": "if"}, "row 3, column stain: 'if' is none of H&E, IF"),
     ({"group": "NSCLC-like"}, "row 3, column group: 'NSCLC-like' is none of LCNEC, SCLC, NSCLC"),
     ({"group": "LC\nNEC"}, "row 3, column group: 'LC NEC' is none of"),
     ({"group": " "}, "row 3, column group: is empty"),
     ({"group": "LCNEC", "subtype": "NSCLC like"}, "row 3, column subtype: 'NSCLC like' is no subtype"),
     ({"group": "SCLC", "subtype": "SCLC-like"}, "row 3, column subtype: 'SCLC-like' is no subtype of this row's"),
     ({"field": "F0"}, "row 3, column field: 'F0' stands twice"),
     ({"file": "./0.png"}, "row 3, column file: './0.png' stands twice"),
     ({"patient": ""}, "row 3, column patient: is empty"),
     ({"patient": "P0", "group": "SCLC"}, "row 3, column group: 'SCLC' differs from the group of this patient"),
     ({"file": "absent.png"}, "row 3, column file: 'absent.png' is no file of this folder"),
     ({"file": "../elsewhere.png"}, "row 3, column file: '../elsewhere.png' is no file of this folder")],
)  # fmt: skip
def test_a_row_that_cannot_be_used_is_refused_in_one_line(folder, change, said):
    own = folder([{}, change])
    (own.parent / "elsewhere.png").touch()
    with pytest.raises(UserError) as error:
        read(own)
    text = str(error.value)
    assert text.startswith(f"{own.name}/table.csv, {said}") and "\n" not in text and ";" in text


def test_a_patient_of_two_subtypes_is_refused(folder):
    one = {"patient": "A", "group": "LCNEC"}
    with pytest.raises(UserError, match="row 4, column subtype: 'SCLC-like' differs from the subtype of this patient"):
        read(folder([one, one | {"subtype": "NSCLC-like"}, one | {"subtype": "SCLC-like"}]))


def test_a_table_that_is_missing_or_no_table_is_refused_in_one_line(folder):
    own = folder([{}])
    with pytest.raises(MissingData, match="has no field stained by haematoxylin and eosin"):
        read(own, stain="H&E")
    for content, said in (
        (b"field,file\nF0,0.png\n", "/table.csv, column slide: is missing; add it"),
        (b"", "/table.csv: is no UTF-8 table with commas"),
        (b"field\n\xff\n", "/table.csv: is no UTF-8 table with commas"),
    ):
        (own / "table.csv").write_bytes(content)
        with pytest.raises(UserError) as error:
            read(own)
        assert str(error.value).startswith(own.name + said) and "\n" not in str(error.value)
    (own / "table.csv").unlink()
    with pytest.raises(UserError, match="has no table.csv; it needs the columns field, file"):
        read(own)


def test_a_picture_is_read_as_it_is_stored(tmp_path):
    grey = np.random.default_rng(1).integers(0, 255, (40, 50)).astype("u1")
    io.imsave(tmp_path / "grey.png", grey, check_contrast=False)
    assert np.array_equal(fields.load_picture(tmp_path / "grey.png"), grey)
