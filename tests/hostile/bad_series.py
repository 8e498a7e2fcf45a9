"""Series of GEO, and pictures of microscope fields, that no converter takes.

A series is (files' changes, options of the converter); a field's folder is a change of table.csv or of a picture.
"""

import numpy as np
import pandas as pd

from tests.public import geo_files

FAMILY, MATRIX, PLATFORM = "GSE1_family.soft", "GSE1_series_matrix.txt", "GPL99999.soft"
SERIES = {
    "a family that is a web page": (FAMILY, lambda text: "<!DOCTYPE html><html>", {}),
    "a family that is empty": (FAMILY, lambda text: "", {}),
    "a family cut off": (FAMILY, lambda text: text[: text.index("!sample_table_end")], {}),
    "a family that lacks a sample": (FAMILY, lambda text: _listed(text, "GSM5999999"), {}),
    "a family with a null byte": (FAMILY, lambda text: text.replace("visit", "vi\0sit", 1), {}),
    "a family without samples": (FAMILY, lambda text: text[: text.index("^SAMPLE")], {}),
    "a family without values": (FAMILY, lambda text: text.replace("ID_REF\tVALUE", "ID_REF\tSIGNAL"), {}),
    "a family without visits": (FAMILY, lambda text: text.replace("visit:", "when:"), {}),
    "a family of another platform": (
        FAMILY,
        lambda text: text.replace("!Sample_platform_id = GPL99999", "!Sample_platform_id = GPL1"),
        {},
    ),
    "a platform without genes": (FAMILY, lambda text: text.replace("ID\tORF", "ID\tGENE"), {}),
    "values in words": (FAMILY, lambda text: _words(text), {}),
    "a code twice": (FAMILY, lambda text: text.replace("NM_0001.1\t", "NM_0000.1\t"), {}),
    "a patient in no field": (FAMILY, lambda text: text, {"patient": "person"}),
    "a patient in no title": (FAMILY, lambda text: text, {"patient": "(PAT-\\d+)"}),
    "a patient by no expression": (FAMILY, lambda text: text, {"patient": "((("}),
    "a patient with two responses": (
        FAMILY,
        lambda text: text.replace("bestresponse: CR", "bestresponse: PD", 1),
        {"patient": "(SUBJ-\\d+)"},
    ),
    "a matrix that is empty": (MATRIX, lambda text: "", {}),
    "a matrix cut off": (MATRIX, lambda text: text[: text.index("!series_matrix_table_end")], {}),
    "a matrix without samples": (MATRIX, lambda text: text.replace("!Sample_geo_accession", "!Sample_accession"), {}),
    "a matrix with titles too few": (
        MATRIX,
        lambda text: text.replace('!Sample_title\t"SUBJ-000_BASELINE"', "!Sample_title"),
        {},
    ),
    "a matrix with a visit too few": (
        MATRIX,
        lambda text: text.replace('\t"visit: BASELINE"', "", 1),
        {},
    ),
    "a matrix with a cell too long": (MATRIX, lambda text: text.replace("SUBJ-000", "S" * 140_000, 1), {}),
    "a matrix of other samples": (MATRIX, lambda text: text.replace('"ID_REF"\t"GSM5900000"', '"ID_REF"\t"GSM1"'), {}),
    "a matrix whose rows differ": (MATRIX, lambda text: text.replace('"NM_0003.1"', '"NM_0003.1"\t1'), {}),
    "a matrix without its platform": (MATRIX, lambda text: text, {"platform": None}),
    "a platform that is empty": (PLATFORM, lambda text: "", {}),
    "a platform of other genes": (PLATFORM, lambda text: text.replace("NM_", "XM_"), {}),
}


def _listed(text: str, *more: str) -> str:
    names = [line.split(" = ")[1] for line in text.splitlines() if line.startswith("^SAMPLE")]
    listed = "".join(f"!Series_sample_id = {name}\n" for name in [*names, *more])
    return text.replace("^PLATFORM", f"{listed}^PLATFORM", 1)


def _words(text: str) -> str:
    head, *rest = text.split("!sample_table_begin\n")
    return (
        head
        + "!sample_table_begin\n"
        + "!sample_table_begin\n".join(
            part.replace("\t", "\tx", 1 + part[: part.index("!sample_table_end")].count("\t")) for part in rest
        )
    )


def series(folder) -> None:
    """A family file, and a series matrix with its platform, in a folder."""
    import gzip

    table = geo_files.samples(3)
    numbers = geo_files.values(table)
    geo_files.family(folder / FAMILY, table, numbers)
    packed = geo_files.series_matrix(folder / f"{MATRIX}.gz", table, numbers)
    (folder / MATRIX).write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    geo_files.platform_file(folder / PLATFORM)


# --- fields

PNG = b"\x89PNG\r\n\x1a\n"
FIELDS = pd.DataFrame(
    [("F1", "one.png", "H&E", "S1", "P1", "LUAD", "", "0.5"), ("F2", "two.png", "H&E", "S2", "P2", "SCLC", "", "0.5")],
    columns=["field", "file", "stain", "slide", "patient", "group", "subtype", "um_per_pixel"],
)


def _cell(row: int, column: str, value: str):
    def change(folder) -> None:
        table = FIELDS.copy()
        table.loc[row, column] = value
        table.to_csv(folder / "table.csv", index=False)

    return change


def _text(text: str | bytes):
    return lambda folder: (folder / "table.csv").write_bytes(text if isinstance(text, bytes) else text.encode())


def _picture(data: bytes | np.ndarray):
    def change(folder) -> None:
        if isinstance(data, bytes):
            (folder / "one.png").write_bytes(data)
        else:
            import tifffile

            tifffile.imwrite(folder / "one.png", data)

    return change


PICTURES = {
    "no table": lambda folder: (folder / "table.csv").unlink(),
    "a table that is empty": _text(""),
    "a table with tabs": _text(FIELDS.to_csv(index=False, sep="\t")),
    "a table in Latin-1": _text(FIELDS.to_csv(index=False).replace("LUAD", "\u00e9").encode("latin-1")),
    "a table with a decimal comma": _text(FIELDS.to_csv(index=False).replace("0.5", "0,5", 1)),
    "a table without sizes": _text(FIELDS.drop(columns="um_per_pixel").to_csv(index=False)),
    "a table with a column twice": _text(FIELDS.rename(columns={"slide": "stain"}).to_csv(index=False)),
    "a stain nobody knows": _cell(0, "stain", "PAS"),
    "no stain of this kind": lambda folder: FIELDS.assign(stain="IF").to_csv(folder / "table.csv", index=False),
    "a field without a patient": _cell(0, "patient", ""),
    "a group nobody knows": _cell(0, "group", "LIVER"),
    "a subtype of another group": _cell(0, "subtype", "NSCLC-like"),
    "a patient of two groups": _cell(1, "patient", "P1"),
    "a pixel of no size": _cell(0, "um_per_pixel", "0"),
    "a pixel in words": _cell(0, "um_per_pixel", "20x"),
    "a pixel of a millimetre": _cell(0, "um_per_pixel", "1000"),
    "a picture that is not there": _cell(0, "file", "three.png"),
    "a picture outside": _cell(0, "file", "../one.png"),
    "a picture by its whole path": _cell(0, "file", "/dev/zero"),
    "a picture twice": _cell(1, "file", "one.png"),
    "a field twice": _cell(1, "field", "F1"),
    "a picture with a null byte in its name": _cell(0, "file", "one\0.png"),
    "a picture that is empty": _picture(b""),
    "a picture that is text": _picture(b"no picture"),
    "a picture cut off": _picture(PNG + b"\0\0\0\rIHDR\0\0\0\x08\0\0\0\x08\x08\x02\0\0\0"),
    "a picture of fractions": _picture(np.zeros((8, 8), np.float32)),
    "a picture of whole numbers of 32 bit": _picture(np.zeros((8, 8), np.int32)),
}
