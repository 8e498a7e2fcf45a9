"""The server of forks: a notebook executed through it is the notebook executed without it, and nothing outlives whom
it works for. About 50 s of CPU."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from lcnec_utils.core import params, paths, provenance
from lcnec_utils.run import forks, records, runs

pytestmark = pytest.mark.skipif(not forks.can_fork(), reason="notebooks are not forked on this system")
LCNEC = [sys.executable, "-m", "lcnec_utils.cli"]
NOTEBOOK = "04_genomic_landscape"
# of which one imports marsilea, which changes matplotlib's style, and the other draws with the style that is there
DRAWING = [NOTEBOOK, "02_outcomes"]
# of an executed notebook: when and where it was executed
OF_THE_MOMENT = {"papermill", "execution"}


@pytest.fixture(scope="module")
def socket():
    """What names a server that has imported what the notebooks import."""
    modules = {module for name in DRAWING for module in provenance.import_closure(records.notebook_path(name))}
    with forks.server(sorted(modules)) as asked:
        yield asked


@pytest.fixture
def server(socket):
    """The environment of who may ask the server."""
    return os.environ | socket


def execute(file, env, notebook=NOTEBOOK) -> subprocess.Popen:
    command = [*LCNEC, "execute", notebook, "--params", str(file)]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen) -> tuple[int, str, str]:
    said, errors = process.communicate(timeout=240)
    return process.returncode, said, errors


def results(run: str, notebook: str) -> dict:
    """All that a notebook leaves: its record, its files' digests, and its executed cells."""
    folder = paths.figures(run)
    book = json.loads((paths.build(run) / "notebooks" / f"{notebook}.ipynb").read_text())
    for cell in book["cells"]:
        cell["metadata"] = {name: value for name, value in cell["metadata"].items() if name not in OF_THE_MOMENT}
        cell["id"] = ""
    files = {path.name: provenance.of_file(path) for path in sorted(folder.iterdir())}
    return {"record": records.read_record(run, notebook), "files": files, "cells": book["cells"]}


def until(what, seconds=120):
    end = time.monotonic() + seconds
    while not (seen := what()):
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.02)
    return seen


def servers() -> set[psutil.Process]:
    return {child for child in psutil.Process().children() if forks.__name__ in child.cmdline()}


def recorded_process(run: str, notebook: str) -> psutil.Process:
    """The process that runs papermill for a notebook, when it has started its kernel's first cell."""
    file = paths.build(run) / f".{notebook}.pid"  # which a process writes before it executes a notebook
    until(lambda: file.exists() and len(file.read_text().split()) == 2)
    return psutil.Process(int(file.read_text().split()[0]))


@pytest.mark.parametrize("notebook", DRAWING)
def test_a_forked_notebook_leaves_what_a_notebook_of_its_own_leaves(own_run, server, notebook):
    status, said, errors = ended(execute(own_run, server, notebook))
    # jupyter_client interrupts a kernel before it asks it to end, and a busy one says so
    assert status == 0 and not [line for line in errors.splitlines() if not line.startswith("[IPKernelApp]")]
    assert said.startswith(f"mine {notebook}: "), "the lines of progress are printed where Snakemake reads"
    forked = results("mine", notebook)
    assert len(forked["files"]) > 3
    runs.execute(notebook, own_run)
    assert results("mine", notebook) == forked


def test_an_error_is_told_as_without_a_server(own_run, server):
    own_run.write_text(own_run.read_text().replace("min_group: 2", "min_group: many"))
    alone = {name: value for name, value in server.items() if name != forks.SOCKET}
    assert ended(execute(own_run, server)) == ended(execute(own_run, alone))


def test_without_an_answer_the_notebook_is_executed_by_whom_it_was_asked_of(own_run, tmp_path, monkeypatch):
    assert forks.ask("lcnec_utils.cli", ["execute"]) is None
    monkeypatch.setenv(forks.SOCKET, str(tmp_path / "gone"))
    assert forks.ask("lcnec_utils.cli", ["execute"]) is None
    status, said, _ = ended(execute(own_run, dict(os.environ), "00_start_here"))
    assert status == 0 and said.startswith("mine 00_start_here")


def test_a_notebook_ends_with_the_command_that_asked_for_it(own_run, server):
    """kill -9 on `lcnec execute`: its papermill and its kernel end too, and leave no record."""
    process = execute(own_run, server)
    papermill = recorded_process("mine", NOTEBOOK)
    family = [papermill, *papermill.children(recursive=True)]
    assert len(family) == 2, "papermill and its kernel"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    _, alive = psutil.wait_procs(family, timeout=20)
    assert not alive and records.read_record("mine", NOTEBOOK) is None


def test_a_killed_notebook_has_failed_and_the_server_serves_on(own_run, server):
    process = execute(own_run, server)
    papermill = recorded_process("mine", NOTEBOOK)
    kernel = papermill.children()
    papermill.kill()
    status, _, errors = ended(process)
    assert status == 1 and len(errors.splitlines()) == 1 and "its process was killed" in errors
    assert not psutil.wait_procs(kernel, timeout=20)[1], "a kernel ends with its papermill"
    assert ended(execute(own_run, server))[0] == 0


def test_the_server_ends_with_the_batch_and_not_before_its_notebooks(own_run):
    before = servers()
    with forks.server(provenance.import_closure(records.notebook_path(NOTEBOOK))) as asked:
        [of_forks] = servers() - before
        process = execute(own_run, os.environ | asked)
        recorded_process("mine", NOTEBOOK)
    assert not of_forks.is_running() and not os.path.exists(asked[forks.SOCKET])
    assert ended(process)[0] == 0 and records.read_record("mine", NOTEBOOK)


def test_what_is_edited_after_the_server_started_makes_its_results_stale(tmp_path, monkeypatch):
    """A module's digest is that of the text that was imported, whatever the file says by then."""
    module, notebook = "lcnec_utils.plots.comut", records.notebook_path(NOTEBOOK)
    edited = tmp_path / "comut.py"
    edited.write_bytes(provenance._module_file(module).read_bytes())
    where = provenance._module_file
    monkeypatch.setattr(provenance, "_module_file", lambda name: edited if name == module else where(name))
    before = provenance.of_notebook(notebook)
    with provenance.taken_once():
        provenance.take([module])
        edited.write_text("# edited\n")
        assert provenance.of_notebook(notebook) == before, "in the server and its forks"
    assert provenance.of_notebook(notebook) != before, "in the next batch"


def test_a_batch_executes_its_notebooks_as_forks(own_run):
    before = servers()
    outcome = runs.batch([own_run], ["04"], cores=1)
    assert len(outcome.drawn[f"mine/{NOTEBOOK}"]) == 6 and not outcome.failed
    assert runs.is_current(params.read_run(own_run), NOTEBOOK)
    assert servers() == before
