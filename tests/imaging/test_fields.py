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
        (b"", "/table.csv: is empty; it needs a header"),
        (b"field\n\xff\n", "/table.csv, row 2: is not UTF-8 text here"),
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


# --- pictures that declare more than they hold


def _png(width: int, height: int, rows: int = 0) -> bytes:
    """A PNG whose head declares so many pixels; of its rows so many are there, black."""
    import struct
    import zlib

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(bytes(3 * width + 1)) for _ in range(rows)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _jpeg(width: int, height: int) -> bytes:
    """A JPEG of 16 × 16 pixels whose frame header declares others."""
    import io
    import struct

    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (16, 16)).save(buffer, "JPEG")
    data = bytearray(buffer.getvalue())
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def _tiff(width: int, height: int) -> bytes:
    """A TIFF of one grey strip of 16 bytes that declares others."""
    import struct

    tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1),
            (278, 4, height), (279, 4, 16)]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("header.png", _png(2**31 - 1, 2**31 - 1)),
        ("gigapixel.png", _png(60_000, 60_000)),
        ("bomb.png", _png(12_000, 12_000, rows=12_000)),
        ("under_pillows_own_bound.png", _png(9_000, 9_000)),
        ("gigapixel.jpg", _jpeg(65_535, 65_535)),
        ("gigapixel.tif", _tiff(2**31, 2**31)),
        ("slide.tif", _tiff(200_000, 200_000)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_picture_that_declares_too_much_is_refused_before_a_pixel_is_decoded(tmp_path, monkeypatch, name, content):
    (tmp_path / name).write_bytes(content)

    def decode(path):
        raise AssertionError("decoded")

    monkeypatch.setattr("skimage.io.imread", decode)
    with pytest.raises(UserError, match=r"over 200 million are no field but a slide; export the field"):
        fields.load_picture(tmp_path / name)


def test_an_array_of_numpys_is_no_picture_and_is_not_loaded(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.array([{"b": 1}], dtype=object))
    np.save(tmp_path / "a.npy", np.zeros((4, 4), np.uint8))
    for name in ("a.npz", "a.npy"):
        with pytest.raises(UserError, match="is no picture that can be read") as refused:
            fields.load_picture(tmp_path / name)
        assert str(tmp_path) not in str(refused.value)
