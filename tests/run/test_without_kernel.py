"""Notebooks that draw nothing: what is written without a kernel is what a kernel writes."""

import json
import shutil

import pytest

from lcnec_utils.core import params, paths
from lcnec_utils.run import records, runs, without_kernel

# the notebooks of the public runs that draw nothing, but for those that read what the others found
DRAW_NOTHING = {
    "msk_met": ["00", "03", "05", "06", "08", "09", "11", "12"],
    "gabriel2020": ["00", "02", "03", "04", "05", "08", "09", "11", "12"],
}


@pytest.fixture(scope="module", params=list(DRAW_NOTHING))
def public_notebooks(request, tmp_path_factory):
    """A public run, its params file, and the notebooks that were finished in it without a kernel."""
    file = paths.PARAMS / f"{request.param}.yaml"
    run = params.read_run(file)
    lines = runs.prepare(run)
    if lines:
        request.getfixturevalue("data_dir")
        pytest.fail(lines[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path_factory.mktemp(request.param)))
        names = [name for name in runs.notebooks_of(run) if name not in records.READS_FINDINGS]
        wanted = [(name, run) for name in names if without_kernel.may_draw_nothing(name, run)]
        yield file, run, [ended.notebook for ended in without_kernel.draw_nothing(wanted, cores=2)]


def outputs(run, notebook):
    """What an executed notebook shows as Markdown, cell by cell."""
    cells = json.loads((paths.build(run) / "notebooks" / f"{notebook}.ipynb").read_text())["cells"]
    shown = [output["data"]["text/markdown"] for cell in cells for output in cell.get("outputs", [])
             if "text/markdown" in output.get("data", {})]  # fmt: skip
    return ["".join(text) for text in shown]


def test_a_record_without_a_kernel_is_the_record_of_a_kernel(public_notebooks):
    """For each notebook of the public runs that draws nothing: drawn, skipped, findings and digests of inputs; and the
    executed notebook says the same."""
    file, run, finished = public_notebooks
    assert sorted(finished) == sorted(runs.choose(DRAW_NOTHING[run.run]))
    for notebook in finished:
        without = records.read_record(run.run, notebook), outputs(run.run, notebook)
        assert set(without[0]["skipped"]) == set(records.panels_of(notebook)) and not without[0]["drawn"]
        for reason in without[0]["skipped"].values():
            assert f"*Skipped: {reason}.*" in without[1]
        runs.execute(notebook, file)
        assert (records.read_record(run.run, notebook), outputs(run.run, notebook)) == without, notebook


def test_what_reads_findings_needs_no_kernel_either_where_there_are_none(public_notebooks):
    file, run, _ = public_notebooks
    ended = runs.run_one("10_therapeutic_model", file)
    without = records.read_record(run.run, "10_therapeutic_model")
    assert (ended.drawn, ended.skipped, list(without["skipped"])) == (0, 1, ["fig6"])
    runs.execute("10_therapeutic_model", file)
    assert records.read_record(run.run, "10_therapeutic_model") == without


def test_a_notebook_that_draws_is_left_to_a_kernel(own_run):
    run = params.read_run(own_run)
    assert list(without_kernel.draw_nothing([("02_outcomes", run), ("04_genomic_landscape", run)])) == []
    assert records.read_record("mine", "02_outcomes") is None
    assert not list(paths.figures("mine").glob("*.csv"))


def test_a_notebook_that_fails_or_takes_long_is_left_to_a_kernel(own_run, monkeypatch, tmp_path):
    """Which says where it failed; a notebook that takes long has panels to draw."""
    run = params.read_run(own_run)
    notebooks = tmp_path / "notebooks"
    shutil.copytree(paths.NOTEBOOKS, notebooks)
    monkeypatch.setattr(paths, "NOTEBOOKS", notebooks)
    monkeypatch.setattr(without_kernel, "SECONDS", 1.0)
    book = json.loads((notebooks / "05_serial_biopsies.ipynb").read_text())
    for last in ("1 / 0", "while True: pass"):
        book["cells"][-1]["source"] = [last]
        (notebooks / "05_serial_biopsies.ipynb").write_text(json.dumps(book))
        assert list(without_kernel.draw_nothing([("05_serial_biopsies", run)])) == []
        assert records.read_record("mine", "05_serial_biopsies") is None


def test_only_a_run_whose_first_panel_lacks_something_is_tried(own_run, public_cohort):
    run = params.read_run(own_run)
    tried = {name for name in runs.notebooks_of(run) if without_kernel.may_draw_nothing(name, run)}
    assert {"00_start_here", "02_outcomes", "03_adverse_events"} <= tried
    # one draws, and the other's first panel shows prints and needs no cohort
    assert not {"04_genomic_landscape", "13_icb_resistance"} & tried
