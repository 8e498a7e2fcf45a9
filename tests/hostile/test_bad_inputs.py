"""Params files, claim files, gene sets, series of GEO and microscope fields that nobody can use: one line each, to the
letter (expected_inputs.tsv), exit 2 where a command reads them, and nothing written. About 8 s.
"""

import re
import shutil
import signal
from pathlib import Path

import bad_parameters
import bad_series
import bad_texts
import pytest

from lcnec_utils.cli import main
from lcnec_utils.core.errors import UserError

PATIENCE_S = 300
KINDS = {
    "parameters": bad_parameters.TEXTS,
    "claims": bad_texts.CLAIMS,
    "gene sets": bad_texts.SETS,
    "GEO": bad_series.SERIES,
    "fields": bad_series.PICTURES,
}


def _lines() -> dict[tuple[str, str], str]:
    rows = Path(__file__).with_name("expected_inputs.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return {(kind, name): line for kind, name, line in (row.split("\t") for row in rows)}


EXPECTED = _lines()


@pytest.fixture(autouse=True)
def no_waiting():
    """A reader that waits for a pipe or reads a device to no end fails, and does not hold up the others."""

    def stop(*_):
        raise AssertionError("the reader waits")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(PATIENCE_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def put(path: Path, content) -> Path:
    """A file of text or bytes, what a function makes in its place, or nothing for None."""
    if callable(content):
        content(path)
    elif content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return path


def said(line: str, folder: Path) -> str:
    """A line without the test's own folder."""
    return line.replace(f"{folder}/", "").strip("\n")


def refusal(read, folder: Path) -> str:
    """The one line by which a reader refuses."""
    with pytest.raises(UserError) as error:
        read()
    return said(str(error.value), folder)


def of_parameters(text, folder: Path, monkeypatch, capsys) -> str:
    """What `lcnec run` says of a params file: in one line, exit 2, nothing written."""
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(folder / "out"))
    file = put(folder / "mine.yaml", text)
    before = sorted(folder.rglob("*"))
    assert main(["run", "--params", str(file)]) == 2
    assert sorted(folder.rglob("*")) == before, "a refused run wrote something"
    captured = capsys.readouterr()
    assert captured.out == "" and len(captured.err.splitlines()) == 1 and len(captured.err) < 2000
    return said(captured.err, folder)


def of_claims(text, folder: Path) -> str:
    from lcnec_utils.ledger.claims import read_source

    file = put(folder / "mine.yaml", text)
    return refusal(lambda: read_source(file, {"fig1a"}), folder)


def of_sets(text, folder: Path) -> str:
    from lcnec_utils.stats.enrichment import read_gmt

    file = put(folder / "own.gmt", text)
    return refusal(lambda: read_gmt(file), folder)


def of_series(case, folder: Path) -> str:
    from lcnec_utils.public import geo

    name, change, options = case
    bad_series.series(folder)
    file = folder / name
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
    family = name == bad_series.FAMILY
    given = {} if family else {"platform": folder / bad_series.PLATFORM}
    source = file if family else folder / bad_series.MATRIX
    line = refusal(lambda: geo.convert(source, folder / "out", **(given | options)), folder)
    assert not (folder / "out").exists(), "a refused series was written"
    return line


def of_fields(change, folder: Path) -> str:
    import numpy as np
    from skimage import io

    from lcnec_utils.imaging import fields

    place = folder / "mine"
    place.mkdir()
    for name in ("one.png", "two.png"):
        io.imsave(place / name, np.full((8, 8, 3), 90, np.uint8), check_contrast=False)
    bad_series.FIELDS.to_csv(place / "table.csv", index=False)
    change(place)

    def read():
        groups = {"LUAD": [], "SCLC": [], "LCNEC": ["NSCLC-like", "SCLC-like"]}
        table = fields.read_fields(place, stain="H&E", um_per_pixel=(0.02, 5.0), groups=groups)
        for row in table.itertuples():
            fields.picture_of(place, row, read=fields.load_picture)

    return refusal(read, folder)


def answer(kind: str, case, folder: Path, monkeypatch, capsys) -> str:
    """What an input is answered with."""
    if kind == "parameters":
        return of_parameters(case, folder, monkeypatch, capsys)
    return {"claims": of_claims, "gene sets": of_sets, "GEO": of_series, "fields": of_fields}[kind](case, folder)


def test_every_bad_input_has_its_line_and_every_line_its_input():
    assert sorted(EXPECTED) == sorted((kind, name) for kind, cases in KINDS.items() for name in cases)
    assert len(EXPECTED) >= 150 and all(EXPECTED.values())


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, cases in KINDS.items() for name in cases])
def test_a_bad_input_is_refused_in_its_line(kind, name, tmp_path, monkeypatch, capsys):
    assert answer(kind, KINDS[kind][name], tmp_path, monkeypatch, capsys) == EXPECTED[kind, name]


def test_a_run_of_200_characters_is_refused_before_anything_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    name = "r" * 200
    file = put(tmp_path / f"{name}.yaml", f"run: {name}\n")
    assert main(["run", "--params", str(file)]) == 2
    line = capsys.readouterr().err
    assert line == f"lcnec: {name}.yaml: run: '{'r' * 79}…' is refused: string should have at most 60 characters\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["\0", "x" * 5000, "~nosuchuser/x", "nowhere"])
def test_a_params_file_that_cannot_be_is_named_in_one_line(name, capsys):
    assert main(["run", "--params", name]) == 2
    line = capsys.readouterr().err
    assert len(line.splitlines()) == 1 and re.search("no such file|cannot be read", line)


@pytest.mark.parametrize("make", [bad_parameters.pipe, bad_parameters.device, bad_parameters.circle])
def test_what_is_no_folder_is_no_cohort(make, tmp_path, capsys):
    make(tmp_path / "x")
    assert main(["cohort", "check", str(tmp_path / "x")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_disk_is_no_cohort(tmp_path, monkeypatch, capsys):
    """A folder of more files than a study has is refused before they are looked through."""
    from lcnec_utils.cohort import files

    monkeypatch.setattr(files, "MOST_FILES", 5)
    for place in range(6):
        (tmp_path / f"{place}.bin").touch()
    assert main(["cohort", "check", str(tmp_path)]) == 2
    assert "holds more than 5 files and folders; give the study's own folder" in capsys.readouterr().err


def test_a_link_out_of_the_folder_is_followed_for_a_table_and_not_for_more(tmp_path):
    """A study's table may be a link (git-annex); what it leads to is read as a table and nothing else."""
    import whole_study

    from lcnec_utils.cohort.read import load

    whole_study.write({name: data for name, data in whole_study.texts().items() if "clinical" in name}, tmp_path)
    shutil.move(tmp_path / "data_clinical_patient.txt", tmp_path / "store.bin")
    (tmp_path / "data_clinical_patient.txt").symlink_to(tmp_path / "store.bin")
    cohort, _ = load(tmp_path)
    assert len(cohort.patients) == 20 and len(cohort.survival("OS")) == 20
