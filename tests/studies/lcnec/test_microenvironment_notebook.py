"""The notebooks on the microenvironment and the model, run whole on somebody's own folders and without a network."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lcnec_utils.core import paths
from lcnec_utils.core.errors import UserError
from lcnec_utils.omics import expression
from lcnec_utils.run import records, runs
from lcnec_utils.twins import fields

SAMPLES = [f"S{i}" for i in range(1, 9)]


@pytest.fixture
def own_fields(tmp_path):
    """A function to a folder of somebody's fields: so many H&E slides of LUAD and LCNEC, annotated or not."""

    def written(annotated: int, counted: int = 3, truth: bool = False):
        folder = tmp_path / "own_fields"
        (folder / "images").mkdir(parents=True)
        rows, nuclei = [], []
        for number in range(2 * (annotated + counted)):
            group = ("LUAD", "LCNEC")[number % 2]
            rng = np.random.default_rng(number)
            look = fields.Look((0.65, 0.70, 0.29), (0.22, 0.80, 0.56))
            counts = {"TIL": 12 if group == "LUAD" else 5, "tumour": 25, "stroma": 5}
            picture, known = fields.he_field(rng, counts, histology=group, look=look)
            Image.fromarray(picture).save(folder / "images" / f"F{number}.png")
            rows.append((f"F{number}", f"images/F{number}.png", "H&E", f"L{number}", f"P{number}", group, "", 0.49))
            if number < 2 * annotated:
                nuclei.append(known.assign(field=f"F{number}")[["field", "row", "column", "kind"]])
        columns = ["field", "file", "stain", "slide", "patient", "group", "subtype", "um_per_pixel"]
        pd.DataFrame(rows, columns=columns).to_csv(folder / "table.csv", index=False)
        if nuclei:
            pd.concat(nuclei).to_csv(folder / "nuclei.csv", index=False)
        return folder

    return written


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No public file on this machine and no network."""
    monkeypatch.setenv("LCNEC_DATA_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("LCNEC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("LCNEC_MIRROR", "http://127.0.0.1:9")


def with_expression(study) -> None:
    """The eight tumours with TPM of the signatures' genes and a thousand others."""
    import anndata

    known = expression.signatures()
    genes = {*known["gep18"]["weights"], *known["gep18"]["housekeeping"], "GZMA", "PRF1", "IFNG", "CXCL10", "HLA-DRA"}
    names = sorted(genes | {f"REST{i}" for i in range(1000)})
    values = np.random.default_rng(1).gamma(0.6, 900, (8, len(names))).astype("f4")
    table = anndata.AnnData(values, pd.DataFrame(index=SAMPLES), pd.DataFrame(index=names), uns={"scale": "TPM"})
    table.write_h5ad(study / "expression.h5ad")


def test_without_til10_what_needs_it_says_so_and_all_else_is_drawn(own_run, own_study, own_fields, offline):
    with_expression(own_study)
    own_run.write_text(own_run.read_text() + f"fields: {own_fields(4, counted=5)}\n")
    ended = runs.execute("09_microenvironment", own_run)
    assert (ended.drawn, ended.skipped) == (2, 3)
    record = records.read_record("mine", "09_microenvironment")
    assert set(record["drawn"]) == {"tme_signatures", "fig5h"}
    assert record["skipped"]["tme"].startswith("til10/TIL10_signature.txt cannot be downloaded")
    assert (
        "role 'mixtures'" in record["skipped"]["tme_known"]
        and "no field stained by immunofluorescence" in record["skipped"]["fig5g"]
    )
    assert not record["simulated"]
    table = pd.read_csv(paths.figures("mine") / "fig5h.csv", comment="#")
    assert table[["group", "n", "other", "other_n"]].to_numpy().tolist() == [["LCNEC", 5, "LUAD", 5]]
    assert table.at[0, "median"] < table.at[0, "other_median"]
    # the source's own numbers are asked of no other body, and what it says in general is
    said = {"lcnec.fig5h.til.lcnec_vs_luad", "lcnec.fig5h.til.abstract", "lcnec.fig5h.til.discussion"}
    assert set(record["findings"]) == said
    # the model has the one arrow that this run can speak to
    runs.execute("10_therapeutic_model", own_run)
    assert "fig6" in records.read_record("mine", "10_therapeutic_model")["drawn"]
    drawn = pd.read_csv(paths.figures("mine") / "fig6.csv", comment="#").set_index("target")
    assert drawn["why"].str.contains("not computed").tolist() == [target != "TILs" for target in drawn.index]
    assert drawn.at["TILs", "drawn"] == (drawn.at["TILs", "upper"] < 0)


def test_without_annotated_nuclei_lymphocytes_are_not_told_apart_and_it_is_said(own_run, own_fields):
    own_run.write_text(own_run.read_text() + f"fields: {own_fields(0, counted=1)}\n")
    runs.execute("09_microenvironment", own_run)
    reason = records.read_record("mine", "09_microenvironment")["skipped"]["fig5h"]
    assert "nuclei.csv" in reason and "not told apart" in reason


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.assign(um_per_pixel="half"), "column um_per_pixel: 'half' is not a number"),
        (lambda table: table.drop(columns="stain"), "column stain: is missing"),
        (lambda table: table.assign(file="images/none.png"), "images/none.png"),
        (lambda table: table.assign(stain="PAS"), "'PAS'"),
    ],
)
def test_a_wrong_folder_of_fields_is_one_line(own_run, own_fields, change, said):
    folder = own_fields(0, counted=1)
    change(pd.read_csv(folder / "table.csv", dtype=str, keep_default_na=False)).to_csv(
        folder / "table.csv", index=False
    )
    own_run.write_text(own_run.read_text() + f"fields: {folder}\n")
    with pytest.raises(UserError) as error:
        runs.execute("09_microenvironment", own_run)
    assert said in str(error.value) and "\n" not in str(error.value)
    assert not list(paths.figures("mine").glob("fig5*")), "nothing is written"
