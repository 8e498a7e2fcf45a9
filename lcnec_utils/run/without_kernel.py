"""Notebooks that draw nothing in a run, finished without starting a kernel.

A fork of this process goes through a notebook's cells as a kernel would, by IPython's own shell, so that every panel is
skipped by the page's own rules and the record is the page's own. It ends itself where a figure is begun or where a cell
takes long: then the notebook has something to draw, and a kernel runs it from the start.
"""

import gc
import importlib
import json
import multiprocessing
import multiprocessing.connection
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from lcnec_utils.core import params, paths, provenance
from lcnec_utils.core.errors import MissingData
from lcnec_utils.run import records
from lcnec_utils.run.execution import Ended, executed_path

SECONDS = 4.0  # of processor time; panels that are skipped take a fraction of one
DRAWS, FAILS = 3, 4  # exit codes of a fork


def may_draw_nothing(notebook: str, run: params.RunParameters) -> bool:
    """Whether going through a notebook without a kernel is worth trying: the cohort that its first panel asks for is
    not named, not built, or lacks what panels.yaml says the panel needs. A notebook without panels draws nothing; one
    that reads several runs does not where none of them has answered."""
    from lcnec_utils.run import roles

    if notebook in records.READS_RUNS:
        return not any(records.read_records(name) for name in records.runs_read(run))
    if notebook in records.READS_SWEEPS:
        from lcnec_utils.run import sweep_files

        return not sweep_files.digests(run.sweeps)
    panel = next(iter(records.panels_of(notebook).values()), None)
    if panel and not panel["roles"]:
        return False  # it needs no cohort, and is drawn in every run
    role = next((role for role in panel["roles"] if getattr(run, role)), None) if panel else None
    if role is None or role in params.TABLES:
        return role is None
    try:
        cohort = roles.read_role(role, getattr(run, role), run.histology)
    except MissingData:
        return True
    return bool(cohort.lacks(panel.get("needs", [])))


def draw_nothing(wanted: list[tuple[str, params.RunParameters]], cores: int = 1) -> Iterator[Ended]:
    """Those of these notebooks (with their runs) that draw nothing, each when it has ended, its record written.

    What is not among them is left to a kernel: notebooks that draw, that fail, and all of them where processes cannot
    be forked.
    """
    if "fork" not in multiprocessing.get_all_start_methods():
        return
    for module in sorted({module for notebook, _ in wanted for module in _modules(notebook)}):
        importlib.import_module(module)  # once, for all forks
    gc.freeze()  # which the forks' garbage collectors would copy
    waiting, running = list(wanted), {}
    while waiting or running:
        while waiting and len(running) < cores:
            notebook, run = waiting.pop(0)
            process = multiprocessing.get_context("fork").Process(target=_go_through, args=(notebook, run))
            process.start()
            running[process.sentinel] = (process, notebook, run, time.monotonic())
        for sentinel in multiprocessing.connection.wait(running):
            process, notebook, run, started = running.pop(sentinel)
            process.join()
            record = records.read_record(run.run, notebook)
            if process.exitcode or record is None:
                records.record_path(run.run, notebook).unlink(missing_ok=True)
            else:
                yield Ended(run.run, notebook, 0, len(record["skipped"]), time.monotonic() - started)
    gc.unfreeze()


def _modules(notebook: str) -> list[str]:
    return provenance.import_closure(records.notebook_path(notebook))


def _go_through(notebook: str, run: params.RunParameters) -> None:
    """What a fork does; it never returns. Exit code 0: the notebook has ended and drew nothing."""
    import matplotlib.figure

    if records.panels_of(notebook):  # one without panels has nothing to draw, however long it takes
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
    os.environ[records.BY_COMMAND] = "1"
    matplotlib.figure.Figure.__init__ = lambda *_, **__: os._exit(DRAWS)
    source = records.notebook_path(notebook)
    book = json.loads(source.read_text(encoding="utf-8"))
    values = {name: getattr(run, name) for name in records.declared_parameters(source)}
    try:
        complete = _run_cells(_with_parameters(book, values))
        if complete:
            _write(executed_path(run.run, notebook), book)
    except BaseException:
        complete = False
    os._exit(0 if complete else FAILS)


def _with_parameters(book: dict, values: dict) -> dict:
    """The notebook with a cell of parameters behind its own, as papermill injects it."""
    place = next(place for place, cell in enumerate(book["cells"]) if "parameters" in cell["metadata"].get("tags", []))
    source = "# Parameters\n" + "".join(f"{name} = {value!r}\n" for name, value in values.items())
    cell = {"cell_type": "code", "id": "injected", "metadata": {"tags": ["injected-parameters"]}, "source": source}
    book["cells"].insert(place + 1, {**cell, "execution_count": None, "outputs": []})
    return book


def _run_cells(book: dict) -> bool:
    """Run a notebook's code cells and keep their outputs in it; whether all of them ran without an error."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output
    from traitlets.config import Config

    os.chdir(paths.ROOT)
    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    cells = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    for count, cell in enumerate(cells, 1):
        with shell.display_trap, capture_output() as captured:  # the trap first, so that results are captured too
            result = shell.run_cell("".join(cell["source"]), store_history=True)
        if not result.success:
            return False
        streams = {"stdout": captured.stdout, "stderr": captured.stderr}
        cell["outputs"] = [
            {"output_type": "stream", "name": name, "text": text} for name, text in streams.items() if text
        ]
        cell["outputs"] += [
            {"output_type": "display_data", "data": output.data, "metadata": output.metadata or {}}
            for output in captured.outputs
        ]
        cell["execution_count"] = count
    return True


def _write(target: Path, book: dict) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(book, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
