"""The read counts of gabriel2020 as its repository documents them; nobody here has had the real file."""

import zipfile

import pandas as pd
import pytest

from lcnec_utils.cohort.read import read_study
from lcnec_utils.core.errors import UserError
from lcnec_utils.omics import expression
from lcnec_utils.public import build, gabriel2020

GENES = {"ENSG00000104760.17": "FGL1", "ENSG00000164266.11": "SPINK1", "ENSG00000090932.11": "DLL3",
         "ENSG00000002586.20": "CD99", "ENSG00000002586.20_PAR_Y": "CD99", "ENSG00000000001.1": None}  # fmt: skip


def zipped(path, text):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(path.name.removesuffix(".zip"), text)
    return path


@pytest.fixture
def files(tmp_path, data_dir):
    attributes = data_dir / "gabriel2020" / "Attributes.txt.zip"
    with zipfile.ZipFile(attributes) as archive, archive.open("Attributes.txt") as handle:
        samples = list(pd.read_csv(handle, sep="\t")["Sample_ID"])
    counts = pd.DataFrame({name: [place, 10, 80, 5, 5, 1000] for place, name in enumerate(samples)}, list(GENES))
    counts["replicate"] = 0
    spans = "".join(f"{id}\tchr1\t1\t9\t+\t{symbol}\tprotein_coding\n" for id, symbol in GENES.items() if symbol)
    return {
        "Attributes.txt.zip": attributes,
        gabriel2020.COUNTS: zipped(tmp_path / gabriel2020.COUNTS, counts.to_csv(sep=" ", index_label=False)),
        gabriel2020.SPANS: zipped(tmp_path / gabriel2020.SPANS, spans),
    }


def test_read_counts_become_expression_per_million(files, tmp_path):
    name = "gabriel2020_counts"
    folder = gabriel2020.convert(tmp_path / name, files, {"expression": "counts"}, build._study(name))
    cohort = read_study(folder)
    assert len(cohort.samples) == 238 and set(cohort.expression_genes) == {"FGL1", "SPINK1", "DLL3", "CD99"}
    values = expression.log2_expression(cohort)
    assert values.attrs["scale"] == "log2(counts per million + 1)"
    assert 2 ** values["DLL3"].iloc[0] - 1 == pytest.approx(80 / 100 * 1e6, rel=1e-4)  # 0 + 10 + 80 + 5 + 5
    notes = " ".join(cohort.study["notes"])
    assert "1 columns of read counts are of no sample" in notes and "1 of 6 genes have no symbol" in notes


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("ENSG00000104760.17", "FGL1"), "row 'FGL1' is no gene of Ensembl"),
        (lambda text: text.replace(" 80", " 80.5"), "a value is no read count"),
        (lambda text: text.replace("S2", "another"), "no column of 1 samples, S2 first"),
    ],
)
def test_another_layout_is_refused_in_one_line(files, tmp_path, change, said):
    counts = pd.DataFrame(80, list(GENES), ["S1", "S2", "S3"])
    path = zipped(tmp_path / "small.txt.zip", change(counts.to_csv(sep=" ", index_label=False)))
    with pytest.raises(UserError, match=said) as error:
        gabriel2020.read_counts(path, files[gabriel2020.SPANS], ["S1", "S2"])
    assert "\n" not in str(error.value)
