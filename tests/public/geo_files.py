"""Made-up files of a GEO series in the form of GSE197977: a family file, a series matrix and its platform's file."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd

GENES = ["CD8A", "GZMA", "CD3E", "CXCL9", "CCL5", "CD19", "PAX5", "MS4A1", "CD79A", "CD79B", "FOXP3", "CTLA4", "STAT1"]
VISITS = ["BASELINE", "DAY7-14", "FCBWK4"]


def samples(patients: int = 6, **changes) -> pd.DataFrame:
    """Samples of six patients before and after infusion, one of week 4; changes: field → value of the first sample."""
    rows = []
    for number in range(patients):
        for visit in VISITS[: 3 if number == 0 else 2]:
            rows.append(
                {
                    "title": f"SUBJ-{number:03}_{visit}",
                    "visit": visit,
                    "bestresponse": ["CR", "PR", "SD", "PD"][number % 4],
                    "molecular_subgroup": ["ABC", "GCB", "Unclassified"][number % 3],
                    "tissue type": ["FFPE", "FF"][number % 2],
                }
            )
    table = pd.DataFrame(rows, index=[f"GSM59{place:05}" for place in range(len(rows))])
    for field, value in changes.items():
        table.loc[table.index[0], field] = value
    return table


def values(table: pd.DataFrame, seed: int = 1) -> pd.DataFrame:
    """log2 counts, codes × samples."""
    rng = np.random.default_rng(seed)
    codes = [f"NM_{place:04}.1" for place in range(len(GENES))]
    return pd.DataFrame(np.round(rng.normal(8, 2, (len(codes), len(table))), 4), codes, table.index)


def platform_table() -> pd.DataFrame:
    """The platform: ID and, in the column ORF, the gene."""
    return pd.DataFrame({"ID": [f"NM_{place:04}.1" for place in range(len(GENES))], "ORF": GENES})


def _tsv(table: pd.DataFrame, **more) -> str:
    return table.to_csv(sep="\t", lineterminator="\n", **more)


def family(path: Path, table: pd.DataFrame, numbers: pd.DataFrame, platform: pd.DataFrame | None = None) -> Path:
    """A family file (SOFT), compressed where its name says so."""
    of = platform_table() if platform is None else platform
    lines = [
        "^DATABASE = GeoMiame",
        "!Database_name = Gene Expression Omnibus (GEO)",
        "^SERIES = GSE197977",
        "!Series_title = Tumor immune contexture, made up for a test",
        "^PLATFORM = GPL99999",
        "!Platform_title = nCounter PanCancer Immune Profiling Panel",
        *(f"#{column} = of the platform" for column in of),
        "!platform_table_begin",
        _tsv(of, index=False).rstrip("\n"),
        "!platform_table_end",
    ]
    for name, row in table.iterrows():
        lines += [f"^SAMPLE = {name}", f"!Sample_title = {row['title']}", "!Sample_platform_id = GPL99999"]
        lines += [f"!Sample_characteristics_ch1 = {field}: {row[field]}" for field in table.columns[1:]]
        own = numbers[name].rename("VALUE").rename_axis("ID_REF").reset_index()
        lines += ["#ID_REF = code", "#VALUE = log2 normalised count", "!sample_table_begin",
                  _tsv(own, index=False).rstrip("\n"), "!sample_table_end"]  # fmt: skip
    text = "\n".join(lines) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def series_matrix(path: Path, table: pd.DataFrame, numbers: pd.DataFrame) -> Path:
    """A series matrix, compressed."""

    def row(name: str, cells) -> str:
        return "\t".join([name, *(f'"{cell}"' for cell in cells)])

    lines = ['!Series_title\t"Tumor immune contexture, made up for a test"', '!Series_geo_accession\t"GSE197977"', "",
             row("!Sample_title", table["title"]), row("!Sample_geo_accession", table.index)]  # fmt: skip
    lines += [
        row("!Sample_characteristics_ch1", [f"{field}: {cell}" for cell in table[field]]) for field in table.columns[1:]
    ]
    lines += [row("!Sample_platform_id", ["GPL99999"] * len(table)), "!series_matrix_table_begin",
              _tsv(numbers.rename_axis("ID_REF"), quoting=2).rstrip("\n"), "!series_matrix_table_end"]  # fmt: skip
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))
    return path


def platform_file(path: Path) -> Path:
    """The platform's own file, SOFT."""
    head = (
        "^PLATFORM = GPL99999\n!Platform_title = nCounter PanCancer Immune Profiling Panel\n#ID = code\n#ORF = gene\n"
    )
    table = f"!platform_table_begin\n{_tsv(platform_table(), index=False)}!platform_table_end\n"
    path.write_text(head + table)
    return path
