"""Runs: a params file through every notebook, by papermill under Snakemake, rerunning only what changed."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from lcnec_utils import page, params, paths
from lcnec_utils.errors import UserError
from lcnec_utils.public import build as public
from lcnec_utils.public.fetch import DownloadError
from lcnec_utils.twins import build as twins

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
class Outcome:
    """What a run came to: notebooks run now, panels drawn and skipped with reasons, notebooks that failed."""

    ran: list[str]
    drawn: dict[str, list[str]]
    skipped: dict[str, dict[str, str]]
    failed: dict[str, str]


def notebooks() -> list[str]:
    """The names of all notebooks, in order."""
    return sorted(path.stem for path in paths.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def shipped() -> list[Path]:
    """The params files of the project's own runs: every YAML in params/ but the index of panels."""
    return sorted(path for path in paths.PARAMS.glob("*.yaml") if path != paths.PANELS)


def choose(wanted: list[str] | None) -> list[str]:
    """Notebooks by name or number (`02_outcomes`, `02`); all where none is named."""
    known = notebooks()
    chosen = []
    for word in wanted or known:
        match = [name for name in known if name == word or name.split("_")[0] == word]
        if not match:
            raise UserError(f"no notebook '{word}'{params.nearest(word, known)}; there are {', '.join(known)}")
        chosen += match
    return list(dict.fromkeys(chosen))


def prepare(run: params.RunParameters) -> list[str]:
    """Build the run's twins and public cohorts and check its own; returns one line per cohort that cannot be had.

    Raises UserError (a CohortError among them) where a cohort is there and wrong, named by nobody, or without the
    histology that the run keeps.
    """
    lines = []
    for role in params.ROLES:
        name = getattr(run, role)
        if not name:
            continue
        if name in public.names() or twins.is_twin(name):
            try:
                (twins if twins.is_twin(name) else public).build(name)
            except DownloadError as error:
                lines.append(f"{name}: {error}")
                continue
            if not (run.histology and role in params.LCNEC_ROLES):
                continue
        page.read_role(role, name, run.histology)
    return lines


def is_current(run: params.RunParameters, notebook: str) -> bool:
    """Whether a notebook's record and panels are there and were made from today's inputs."""
    record = page.read_record(run.run, notebook)
    if record is None or record["inputs"] != page.inputs(notebook, run):
        return False
    folder = paths.figures(run.run)
    files = [*record["published"], *(name for files in record["drawn"].values() for name in files)]
    return all((folder / name).exists() for name in files)


def execute(notebook: str, file: Path) -> str:
    """Run one notebook by papermill with a params file; returns its line of progress.

    The executed notebook goes to build/<run>/notebooks/. Raises UserError for what the user can mend, NotebookFailed
    for anything else.
    """
    import papermill
    import psutil
    from papermill.exceptions import PapermillExecutionError

    run = params.read_run(file)
    source = page.notebook_path(notebook)
    values = {name: getattr(run, name) for name in page.declared(source)}
    target = paths.build(run.run) / "notebooks" / f"{notebook}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    pid_file = paths.build(run.run) / f".{notebook}.pid"
    me = psutil.Process()
    pid_file.write_text(f"{me.pid} {me.create_time()}")
    os.environ.update(SINGLE_THREAD)
    started = time.monotonic()
    try:
        papermill.execute_notebook(
            str(source),
            str(target),
            parameters=values,
            kernel_name="python3",
            progress_bar=False,
            cwd=str(paths.ROOT),
            execution_timeout=CELL_TIMEOUT_SECONDS,
        )
    except PapermillExecutionError as error:
        if error.ename in OWN_ERRORS:
            raise UserError(error.evalue) from None
        log = target.with_suffix(".log")
        log.write_text("\n".join(error.traceback), encoding="utf-8")
        raise NotebookFailed(
            f"{notebook}: cell {error.exec_count} ended in {error.ename}: {error.evalue} (traceback in {log})"
        ) from None
    finally:
        pid_file.unlink(missing_ok=True)
    record = page.read_record(run.run, notebook)
    if record is None:
        raise NotebookFailed(f"{notebook}: ended without page.finish(), so it leaves no result")
    seconds = time.monotonic() - started
    counts = f"{len(record['drawn'])} drawn, {len(record['skipped'])} skipped"
    return f"{run.run:<14} {notebook:<24} {counts:<22} {seconds:5.1f} s"


def end_orphans() -> int:
    """End what a killed run left running, by the process ids it recorded; returns how many processes were ended."""
    import psutil

    ended = 0
    for pid_file in (paths.output_root() / "build").glob("*/.*.pid"):
        try:
            pid, created = pid_file.read_text().split()
            process = psutil.Process(int(pid))
            # a process id is given again in time: only the very process that was recorded is ended
            if abs(process.create_time() - float(created)) < 0.01:
                family = [*process.children(recursive=True), process]
                for member in family:
                    member.send_signal(signal.SIGKILL)
                psutil.wait_procs(family, timeout=10)
                ended += len(family)
        except (ValueError, psutil.NoSuchProcess):
            pass
        pid_file.unlink(missing_ok=True)
    return ended


def batch(files: list[Path], wanted: list[str] | None = None, cores: int = 2, say=print) -> Outcome:
    """Run params files through the chosen notebooks: Snakemake starts those that are not current, papermill inside.

    say: gets each line of progress. Raises UserError before any kernel starts where a file or cohort is wrong.
    """
    import filelock

    runs = {file: params.read_run(file) for file in files}
    names = [run.run for run in runs.values()]
    if len(set(names)) < len(names):
        raise UserError(f"two params files name the run '{max(names, key=names.count)}'; give each its own stem")
    chosen = choose(wanted)
    unavailable: dict[str, None] = {}
    for file, run in list(runs.items()):
        lines = prepare(run)
        unavailable |= dict.fromkeys(lines)
        if lines and len(lines) == len({getattr(run, role) for role in params.ROLES} - {""}):
            del runs[file]  # none of its cohorts can be had: what was drawn of it before is left as it is
    for line in unavailable:
        say(line)
    (paths.output_root() / "build").mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(paths.output_root() / "build" / ".run.lock", timeout=0):
            end_orphans()
            ran = _run_stale(runs, chosen, cores, say)
    except filelock.Timeout:
        raise UserError("another run is going on in this folder; wait for its end, or end it") from None
    drawn, skipped, failed = {}, {}, {}
    for run in runs.values():
        for notebook in chosen:
            key = f"{run.run}/{notebook}"
            record = page.read_record(run.run, notebook)
            if record is None:
                failed[key] = "no result"
                continue
            drawn[key] = sorted(record["drawn"])
            names = {Path(getattr(run, role)).name for role in params.ROLES}  # no cohort's name gets a capital
            skipped[key] = {panel: page.sentence(why, names) for panel, why in record["skipped"].items()}
    return Outcome(ran, drawn, skipped, failed)


def _run_stale(runs: dict[Path, params.RunParameters], chosen: list[str], cores: int, say) -> list[str]:
    stale = []
    for file, run in runs.items():
        mine = [name for name in chosen if not is_current(run, name)]
        # what reads the findings of others is as stale as they are
        mine += [name for name in chosen if mine and name in page.READS_FINDINGS and name not in mine]
        stale += [(file, run, name) for name in mine]
    if not stale:
        return []
    for _, run, name in stale:
        page.record_path(run.run, name).unlink(missing_ok=True)
    targets = [str(page.record_path(run.run, name).relative_to(paths.output_root())) for _, run, name in stale]
    files = {run.run: str(file.resolve()) for file, run, _ in stale}
    # a file, for names of runs (my-cohort, 7b) need not be the identifiers that --config asks for
    config = paths.output_root() / "build" / "runs.json"
    config.write_text(json.dumps({"runs": files}), encoding="utf-8")
    command = [
        sys.executable, "-m", "snakemake", "--snakefile", str(paths.ROOT / "Snakefile"),
        "--directory", str(paths.output_root()), "--cores", str(cores), "--quiet", "all", "--keep-going",
        # build/.run.lock is our lock, and the system frees it when a run dies; Snakemake's own would outlive it
        "--nolock", "--rerun-incomplete", "--configfile", str(config),
        "--", *targets,
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=paths.output_root(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **SINGLE_THREAD},
    )  # fmt: skip
    for line in process.stdout:
        say(line.rstrip("\n"))
    errors = process.stderr.read()
    process.wait()
    (paths.output_root() / "build" / "snakemake.log").write_text(errors, encoding="utf-8")
    for line in errors.splitlines():
        if line.startswith("lcnec: "):
            say(line)
    if process.returncode and "lcnec: " not in errors:
        say(f"snakemake ended with exit code {process.returncode}; its words are in build/snakemake.log")
    return [f"{run.run}/{name}" for _, run, name in stale]


def runs_made() -> list[str]:
    """The runs that have a manifest of figures."""
    return sorted(path.parent.name for path in (paths.output_root() / "figures").glob("*/manifest.json"))


def verify(run: params.RunParameters) -> list[tuple[str, str, str]]:
    """Each panel of a run judged against its manifest: (notebook, panel, state).

    current; stale (made from other code, parameters or data than today's); altered (a file is not what was
    written); missing (a file is gone); not drawn (no record, or skipped, with the reason).
    """
    from lcnec_utils import provenance

    folder = paths.figures(run.run)
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["notebooks"]
    except (OSError, ValueError, KeyError):
        raise UserError(
            f"{run.run} has no manifest of figures; `lcnec run --params params/{run.run}.yaml` makes them"
        ) from None
    rows = []
    for notebook in notebooks():
        entry = manifest.get(notebook)
        now = None if entry is None else provenance.of_object(page.inputs(notebook, run))
        for panel in page.panels_of(notebook):
            if entry is None:
                rows.append((notebook, panel, "not drawn"))
            elif panel in entry["skipped"]:
                rows.append((notebook, panel, f"not drawn: {entry['skipped'][panel]}"))
            elif panel not in entry["panels"]:
                rows.append((notebook, panel, "not drawn"))
            else:
                files = entry["panels"][panel]
                states = [
                    "missing" if not (folder / name).exists() else
                    "altered" if provenance.of_file(folder / name) != digest else "current"
                    for name, digest in files.items()
                ]  # fmt: skip
                worst = next((state for state in ("altered", "missing") if state in states), None)
                rows.append((notebook, panel, worst or ("stale" if now != entry["inputs"] else "current")))
    return rows


def _not_stored() -> str:
    """A picture, base64, that stands in a stored notebook for one in which every mark is a real patient."""
    import base64
    import io

    from PIL import Image, ImageDraw

    picture = Image.new("P", (560, 44), 255)
    picture.putpalette([tone for level in range(256) for tone in (level, level, level)])
    text = "Not stored here: every column of this figure is a patient. Run the notebook to see it."
    ImageDraw.Draw(picture).text((10, 16), text, fill=90)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def refresh(notebook: str) -> None:
    """Run a notebook with its own defaults and store the outputs in it: nbval's reference, and what a reader sees."""
    import nbformat
    import papermill

    lines = prepare(params.RunParameters())
    if lines:
        raise UserError(f"the default run cannot be stored without its cohorts: {lines[0]}")
    os.environ.update(SINGLE_THREAD)
    source = page.notebook_path(notebook)
    target = paths.output_root() / "build" / "refresh" / f"{notebook}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    papermill.execute_notebook(
        str(source), str(target), kernel_name="python3", progress_bar=False, cwd=str(paths.NOTEBOOKS),
        execution_timeout=CELL_TIMEOUT_SECONDS,
    )  # fmt: skip
    book = nbformat.read(target, as_version=4)
    record = page.read_record(params.RunParameters().run, notebook)
    simulated = bool(record and record["simulated"])
    book.cells = [cell for cell in book.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    book.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    count = 0
    for index, cell in enumerate(book.cells):
        tags = cell.metadata.get("tags")
        cell.metadata = {"tags": tags} if tags else {}
        cell.id = f"cell-{index:02d}"
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = count
                if "metadata" in output:
                    panel = output.metadata.get("lcnec", {}).get("panel")
                    output.metadata = {}
                    if panel and not simulated and not page.panels_of(notebook)[panel].get("aggregate", False):
                        output.data["image/png"] = _not_stored()
    nbformat.validate(book)
    nbformat.write(book, source)
