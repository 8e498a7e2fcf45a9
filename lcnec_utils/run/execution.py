"""One notebook of a run, executed by papermill in a kernel of its own."""

import contextlib
import dataclasses
import json
import os
import sys
import time
from pathlib import Path

from lcnec_utils.core import params, paths, provenance
from lcnec_utils.core.errors import UserError
from lcnec_utils.run.plain_texts import without_names

# One thread per kernel: the same bytes whatever the machine's width, and two notebooks share two cores.
SINGLE_THREAD = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "NUMBA_NUM_THREADS",
    )
} | {"PYTHONHASHSEED": "0"}
CELL_TIMEOUT_SECONDS = 1800
# Errors of ours that reach a user from inside a kernel by their class name
OWN_ERRORS = {"UserError", "MissingData", "NotBuilt", "ParameterError", "CohortError", "ClaimsError", "DownloadError"}


class NotebookFailed(Exception):
    """A notebook that ended in an error which is not the user's; its log says where."""


@dataclasses.dataclass(frozen=True)
class Ended:
    """A notebook that has ended: how many panels it drew and skipped, and the seconds it took."""

    run: str
    notebook: str
    drawn: int
    skipped: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.run} {self.notebook}: {self.drawn} drawn, {self.skipped} skipped, {self.seconds:.0f} s"


def executed_path(run: str, notebook: str) -> Path:
    """Where a run's executed notebook lies."""
    return paths.build(run) / "notebooks" / f"{notebook}.ipynb"


def papermill(source: Path, target: Path, folder: Path, parameters: dict | None = None) -> None:
    """Execute a notebook in a kernel of its own. Raises papermill's PapermillExecutionError where a cell fails."""
    # jsonschema compiles a grammar of web addresses for this module, a second in every process; no notebook needs it
    sys.modules.setdefault("rfc3987_syntax", None)
    import papermill
    import zmq
    from traitlets.config import Config

    from lcnec_utils.run import forked_kernel, records

    # in a fork of the batch's server the kernel is a fork as well
    manager = {}
    if forked_kernel.waiting:
        forked_kernel.waiting.modules = provenance.import_closure(source)
        manager = {"kernel_manager_class": forked_kernel.ForkedKernelManager}
    os.environ.update(SINGLE_THREAD)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.environ[records.BY_COMMAND] = "1"  # which the kernel inherits
    try:
        papermill.execute_notebook(
            str(source),
            str(target),
            parameters=parameters,
            kernel_name="python3",
            progress_bar=False,
            cwd=str(folder),
            execution_timeout=CELL_TIMEOUT_SECONDS,
            # a kernel that listens without encryption says so on every start
            config=Config(KernelManager={"transport_encryption": "auto" if zmq.has("curve") else "disabled"}),
            **manager,
        )
    finally:
        os.environ.pop(records.BY_COMMAND, None)


def _names_of_patients(run: params.RunParameters, taken: set[str]) -> set[str]:
    """The identifiers of real patients and samples in a run's cohorts, of the roles that a notebook takes."""
    from lcnec_utils.run import roles

    names: set[str] = set()
    for role in [role for role in params.ROLES if role in taken and role not in params.TABLES and getattr(run, role)]:
        with contextlib.suppress(UserError):
            cohort = roles.read_role(role, getattr(run, role))
            names |= set() if cohort.simulated else {*cohort.patients.index, *cohort.samples.index, *cohort.normals}
    return names


def _hide_in_errors(executed: Path, names: set[str]) -> None:
    """Take patients' names out of the errors that an executed notebook holds."""
    try:
        book = json.loads(executed.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for output in [output for cell in book["cells"] for output in cell.get("outputs", [])]:
        if output["output_type"] == "error":
            output["evalue"] = without_names(output["evalue"], names)
            output["traceback"] = [without_names(line, names) for line in output["traceback"]]
    executed.write_text(json.dumps(book, ensure_ascii=False, indent=1), encoding="utf-8")


def execute(notebook: str, file: Path) -> Ended:
    """Run one notebook by papermill with a params file; returns what it came to.

    The executed notebook goes to build/<run>/notebooks/. Raises UserError for what the user can mend, NotebookFailed
    for anything else.
    """
    import psutil

    from lcnec_utils.run import records

    run = params.read_run(file)
    source, target = records.notebook_path(notebook), executed_path(run.run, notebook)
    values = {name: getattr(run, name) for name in records.declared_parameters(source)}
    pid_file = paths.build(run.run) / f".{notebook}.pid"
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    own = psutil.Process()
    pid_file.write_text(f"{own.pid} {own.create_time()}")
    started = time.monotonic()
    try:
        papermill(source, target, paths.ROOT, values)
    except Exception as error:
        if type(error).__name__ != "PapermillExecutionError":
            raise
        if error.ename in OWN_ERRORS:
            raise UserError(error.evalue) from None
        log, names = target.with_suffix(".log"), _names_of_patients(run, set(values))
        log.write_text(without_names("\n".join(error.traceback), names), encoding="utf-8")
        _hide_in_errors(target, names)
        said = without_names(error.evalue, names)
        raise NotebookFailed(
            f"{notebook}: cell {error.exec_count} ended in {error.ename}: {said} (traceback in {log})"
        ) from None
    finally:
        pid_file.unlink(missing_ok=True)
    record = records.read_record(run.run, notebook)
    if record is None:
        raise NotebookFailed(f"{notebook}: ended without page.finish(), so it leaves no result")
    return Ended(run.run, notebook, len(record["drawn"]), len(record["skipped"]), time.monotonic() - started)
