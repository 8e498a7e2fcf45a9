"""Runs: a params file through every notebook, by papermill under Snakemake, rerunning only what changed."""

import collections
import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

from lcnec_utils.core import formats, params, paths, provenance
from lcnec_utils.core.errors import UserError
from lcnec_utils.public import build as public
from lcnec_utils.public.fetch import DownloadError, fetch
from lcnec_utils.run import cluster, forks, records, without_kernel
from lcnec_utils.run.execution import SINGLE_THREAD, Ended, NotebookFailed, execute
from lcnec_utils.run.progress import Progress
from lcnec_utils.twins import build as twins

__all__ = [
    "SINGLE_THREAD", "Ended", "NotebookFailed", "Outcome", "batch", "choose", "end_orphans", "execute", "is_current",
    "notebooks", "notebooks_of", "prepare", "records_before", "run_one", "runs_made", "shipped", "verify",
]  # fmt: skip


MOST_SHARED = 100  # cohorts that are read once for all notebooks of a batch


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a run came to: notebooks run now, panels drawn and skipped with reasons, notebooks that failed.

    Without a run whose cohorts can be had, all of them are empty.
    """

    ran: list[str]
    drawn: dict[str, list[str]]
    skipped: dict[str, dict[str, str]]
    failed: dict[str, str]


def notebooks() -> list[str]:
    """The names of all notebooks, in order."""
    return sorted(path.stem for path in paths.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def notebooks_of(run: params.RunParameters) -> list[str]:
    """The notebooks that a run executes: those that read several runs, or sweeps, where it names such, else all
    others."""
    return [name for name in notebooks() if records.executes(run, name)]


def records_before(
    notebook: str, run: params.RunParameters, files: dict[str, str], chosen: list[str] | None = None
) -> list[tuple[str, str]]:
    """The (run, notebook) pairs of a batch that must have ended before a notebook of a run is executed.

    files: params files of the batch's runs, by run. chosen: the notebooks that the batch runs; all where not given.
    """
    if notebook in records.READS_RUNS:
        read = [params.read_run(Path(files[name])) for name in records.runs_read(run) if name in files]
        return [(each.run, name) for each in read for name in notebooks_of(each) if name in (chosen or notebooks())]
    reads_others = notebook in records.READS_FINDINGS
    return [(run.run, name) for name in notebooks_of(run) if reads_others and name not in records.READS_FINDINGS]


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
    from lcnec_utils.run import roles  # with pandas, which `lcnec execute` leaves to its kernel

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
        roles.read_role(role, name, run.histology)
    return lines


def is_current(run: params.RunParameters, notebook: str) -> bool:
    """Whether a notebook's record and panels are there and were made from today's inputs.

    It is not where a public file that it lacked can be had by now, which is tried.
    """
    record = records.read_record(run.run, notebook)
    if record is None or record["inputs"] != records.input_digests(notebook, run):
        return False
    folder = paths.figures(run.run)
    files = [*record["published"], *(name for files in record["drawn"].values() for name in files)]
    return all((folder / name).exists() for name in files) and not any(
        _can_be_had(*lacking) for lacking in record.get("lacking", [])
    )


def _can_be_had(dataset: str, file: str) -> bool:
    try:
        fetch(dataset, file)
    except DownloadError:
        return False
    return True


def run_one(notebook: str, file: Path) -> Ended:
    """Run one notebook now; what reads the findings of others and has nothing to draw of them needs no kernel."""
    run = params.read_run(file)
    _refuse_others(run, [notebook])
    if notebook in records.READS_FINDINGS | records.READS_RUNS and without_kernel.may_draw_nothing(notebook, run):
        for ended in without_kernel.draw_nothing([(notebook, run)]):
            return ended
    return execute(notebook, file)


def _refuse_others(run: params.RunParameters, chosen: list[str]) -> None:
    """Raises UserError where a run executes none of these notebooks."""
    if not set(chosen) & set(notebooks_of(run)):
        key = next((key for key, reads in records.READS_OF.items() if getattr(run, key)), "")
        if key:
            raise UserError(f"run {run.run} names `{key}`, and executes notebook {records.number(key)} alone")
        key = next(key for key, reads in records.READS_OF.items() if chosen[0] in reads)
        example = {"runs": "several runs together; name them in `runs`, as params/replication.yaml does",
                   "sweeps": "sweeps together; name them in `sweeps`, as params/robustness.yaml does"}  # fmt: skip
        raise UserError(f"run {run.run} names no `{key}`: {chosen[0]} brings {example[key]}")


def end_orphans() -> int:
    """End what a killed run left running, Snakemake and notebooks, by the process ids it recorded; returns how many
    processes were ended."""
    import psutil

    ended = 0
    for pid_file in [_engine_pid(), *(paths.output_root() / "build").glob("*/.*.pid")]:
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
        except (OSError, ValueError, psutil.NoSuchProcess):
            pass
        pid_file.unlink(missing_ok=True)
    return ended


def batch(
    files: list[Path],
    wanted: list[str] | None = None,
    cores: int | None = None,
    say=print,
    profile: Path | None = None,
    *,
    retries: int = 0,
    leave_out: Collection[str] = (),
) -> Outcome:
    """Run params files through the chosen notebooks: Snakemake starts those that are not current, papermill inside.

    cores: notebooks at a time; 2 where not given, or as many as the profile says. say: gets each line of progress.
    profile: the folder of a Snakemake profile, as for a cluster. retries: how often a notebook that ended badly is
    tried again (a profile says so itself). leave_out: `run/notebook` pairs that are not executed. Raises UserError
    before any kernel starts where a file, cohort or profile is wrong.
    """
    import filelock

    engine = cluster.engine(cores, profile)
    if retries and profile is None:
        engine = dataclasses.replace(engine, options=[*engine.options, "--retries", str(retries)])
    runs = {file: params.read_run(file) for file in files}
    names = [run.run for run in runs.values()]
    if len(set(names)) < len(names):
        raise UserError(f"two params files name the run '{max(names, key=names.count)}'; give each its own stem")
    chosen = choose(wanted)
    if len(runs) == 1:
        _refuse_others(*runs.values(), chosen)
    # those that bring others together last; of which none executes a chosen notebook not at all
    runs = dict(sorted(runs.items(), key=lambda item: bool(item[1].runs)))
    runs = {file: run for file, run in runs.items() if set(chosen) & set(notebooks_of(run))}
    unavailable: dict[str, None] = dict.fromkeys(_without_records(list(runs.values())))
    for file, run in list(runs.items()):
        lines = prepare(run)
        unavailable |= dict.fromkeys(lines)
        if lines and len(lines) == len({getattr(run, role) for role in params.ROLES} - {""}):
            del runs[file]  # none of its cohorts can be had: what was drawn of it before is left as it is
    for line in unavailable:
        say(line)
    if not runs:
        return Outcome([], {}, {}, {})
    (paths.output_root() / "build").mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(paths.output_root() / "build" / ".run.lock", timeout=0):
            end_orphans()
            if left := cluster.cancel_left_jobs(engine):
                say(f"cancelled {formats.count(len(left), 'job')} of an earlier batch that was killed")
            ran = _run_stale(runs, chosen, engine, say, leave_out)
    except filelock.Timeout:
        raise UserError("another run is going on in this folder; wait for its end, or end it") from None
    drawn, skipped, failed = {}, {}, {}
    for run in runs.values():
        for notebook in [name for name in chosen if name in notebooks_of(run)]:
            key = f"{run.run}/{notebook}"
            if key in leave_out:
                continue
            record = records.read_record(run.run, notebook)
            if record is None:
                failed[key] = "no result"
                continue
            drawn[key] = sorted(record["drawn"])
            names = {Path(getattr(run, role)).name for role in params.ROLES}  # no cohort's name gets a capital
            skipped[key] = {panel: formats.as_sentence(why, names) for panel, why in record["skipped"].items()}
    return Outcome(ran, drawn, skipped, failed)


def _without_records(of_batch: list[params.RunParameters]) -> list[str]:
    """A line for each run that another one of the batch brings together and that has neither records nor a part in
    it."""
    names = {run.run for run in of_batch}
    return [
        f"{run.run}: run {name} has no results yet and is left out; `lcnec run --params params/{name}.yaml` makes them"
        for run in of_batch
        if run.runs
        for name in records.runs_read(run)
        if name not in names and not records.read_records(name)
    ]


Wanted = list[tuple[Path, params.RunParameters, str]]


def _stale(
    runs: dict[Path, params.RunParameters], chosen: list[str], leave_out: Collection[str] = ()
) -> tuple[Wanted, Wanted]:
    """The notebooks that are not current; and those that are, and read what such ones will find: whether they stay
    current shows when these have ended."""
    stale, open_ = [], []
    for file, run in runs.items():
        of_run = [name for name in chosen if name in notebooks_of(run) and f"{run.run}/{name}" not in leave_out]
        own = [name for name in of_run if not is_current(run, name)]
        others = {each.run for _, each, _ in stale} & set(records.runs_read(run) if run.runs else [])
        reads = records.READS_RUNS if others else records.READS_FINDINGS if own else set()
        open_ += [(file, run, name) for name in of_run if name in reads and name not in own]
        stale += [(file, run, name) for name in own]
    return stale, open_


def _run_stale(
    runs: dict[Path, params.RunParameters],
    chosen: list[str],
    engine: cluster.Engine,
    say,
    leave_out: Collection[str] = (),
) -> list[str]:
    """Run what is not current; then what reads the findings of others, where those have changed."""
    with provenance.taken_once():
        now, later = _stale(runs, chosen, leave_out)
    ran = []
    while now:
        ran += _run_these(now, chosen, engine, say)
        failed = {run.run for _, run, name in now if records.read_record(run.run, name) is None}
        for _, run, name in later:
            if failed & {run.run, *(records.runs_read(run) if run.runs else [])}:
                records.record_path(run.run, name).unlink(missing_ok=True)  # it would speak of what is not there
        later = [each for each in later if records.read_record(each[1].run, each[2]) is not None]
        with provenance.taken_once():
            now = [(file, run, name) for file, run, name in later if not is_current(run, name)]
        later = [each for each in later if each not in now]
    return ran


def _run_these(stale: Wanted, chosen: list[str], engine: cluster.Engine, say) -> list[str]:
    """Run notebooks: first, without a kernel, what has nothing to draw; then the rest."""
    with provenance.taken_once():
        progress = Progress([f"{run.run}/{name}" for _, run, name in stale], engine.jobs, engine.elsewhere)
        untried = []
        for _, run, name in stale:
            earlier = records.read_record(run.run, name)
            records.record_path(run.run, name).unlink(missing_ok=True)
            # what reads findings is tried by `lcnec execute`, once the others have ended
            if name not in records.READS_FINDINGS | records.READS_RUNS and not (earlier or {}).get("drawn"):
                untried += [(name, run)] if without_kernel.may_draw_nothing(name, run) else []
        for ended in without_kernel.draw_nothing(untried, engine.here):
            say(progress.without_kernel(ended))
    left = [(file, run, name) for file, run, name in stale if f"{run.run}/{name}" in progress.left]
    if left:
        _snakemake(left, chosen, engine, lambda line: say(progress.of_kernel(line)))
    progress.keep()
    return [f"{run.run}/{name}" for _, run, name in stale]


def _shared(pairs: list[tuple[str, params.RunParameters]]) -> tuple[list[str], list[tuple[str, str, str]]]:
    """What notebooks of a batch have in common: the modules they import, and the cohorts, as (role, name, histology),
    that two or more of them read; none where that would be too many to keep."""
    modules = {module for name, _ in pairs for module in provenance.import_closure(records.notebook_path(name))}
    takes = {name: records.declared_parameters(records.notebook_path(name)) for name in {name for name, _ in pairs}}
    readers = collections.Counter(
        (role, getattr(run, role), run.histology)
        for name, run in pairs
        for role in params.ROLES
        if role in takes[name] and getattr(run, role)
    )
    cohorts = sorted(cohort for cohort, count in readers.items() if count > 1)
    return sorted(modules), cohorts if len(cohorts) <= MOST_SHARED else []


def _engine_pid() -> Path:
    return paths.output_root() / "build" / ".snakemake.pid"


def _snakemake(
    wanted: list[tuple[Path, params.RunParameters, str]], chosen: list[str], engine: cluster.Engine, say
) -> None:
    import psutil

    targets = [str(records.record_path(run.run, name).relative_to(paths.output_root())) for _, run, name in wanted]
    files = {run.run: str(file.resolve()) for file, run, _ in wanted}
    # a file, for names of runs (my-cohort, 7b) need not be the identifiers that --config asks for
    config = paths.output_root() / "build" / "runs.json"
    config.write_text(json.dumps({"runs": files, "notebooks": chosen}), encoding="utf-8")
    command = [
        sys.executable, "-m", "snakemake", "--snakefile", str(paths.ROOT / "Snakefile"),
        "--directory", str(paths.output_root()), *engine.options, "--quiet", "all", "--keep-going",
        # build/.run.lock is our lock, and the system frees it when a run dies; Snakemake's own would outlive it
        # what is stale has no record any more; what was made without a kernel Snakemake knows nothing of
        "--nolock", "--rerun-incomplete", "--rerun-triggers", "mtime", "--configfile", str(config),
        "--", *targets,
    ]  # fmt: skip
    log = paths.output_root() / "build" / "snakemake.log"
    shared = _shared([(name, run) for _, run, name in wanted])
    here = contextlib.nullcontext({}) if engine.elsewhere else forks.server(*shared)
    with log.open("w", encoding="utf-8") as words, here as server:
        process = subprocess.Popen(
            command, cwd=paths.output_root(), stdout=words if engine.elsewhere else subprocess.PIPE, stderr=words,
            text=True, env={**os.environ, **SINGLE_THREAD, **server},
        )  # fmt: skip
        _engine_pid().write_text(f"{process.pid} {psutil.Process(process.pid).create_time()}")
        pairs = [(run.run, name) for _, run, name in wanted]
        for line in cluster.follow(process, pairs) if engine.elsewhere else process.stdout:
            say(str(line).rstrip("\n"))
        process.wait()
    _engine_pid().unlink(missing_ok=True)
    said = [line for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("lcnec: ")]
    said += cluster.said_by_jobs(engine, config.stat().st_mtime) if process.returncode else []
    for line in said:
        say(line)
    if process.returncode and not said:
        say(f"snakemake ended with exit code {process.returncode}; its words are in build/snakemake.log")


def runs_made() -> list[str]:
    """The runs of which there are figures: made here, or tracked by the repository."""
    return sorted({path.parent.name for path in (paths.output_root() / "figures").glob("*/*.csv")})


def verify(run: params.RunParameters) -> list[tuple[str, str, str]]:
    """Each panel of a run judged against its manifest: (notebook, panel, state).

    current; stale (made from other code, parameters or data than today's); altered (a file is not what was
    written); missing (a file is gone); skipped, with the reason; not drawn yet. A figure that was not made in this
    folder, as those of a fresh clone, is told from its own table: tracked (its numbers are those it was written with),
    altered, or stale (other parameters).
    """
    folder = paths.figures(run.run)
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["notebooks"]
    except (OSError, ValueError, KeyError):
        manifest = {}
    if not manifest and not list(folder.glob("*.csv")):
        raise UserError(f"{run.run} has no figures; `lcnec run --params params/{run.run}.yaml` makes them")
    rows = []
    for notebook in notebooks_of(run):
        entry = manifest.get(notebook)
        digests = records.input_digests(notebook, run)
        made = entry is not None and provenance.of_object(digests) == entry["inputs"]
        for panel in records.panels_of(notebook):
            if entry is not None and panel in entry["panels"]:
                state = _state_of_files(folder, entry["panels"][panel]) or ("current" if made else "stale")
            elif entry is not None and panel in entry["skipped"]:
                state = f"skipped: {formats.as_sentence(entry['skipped'][panel])}"
            else:
                state = _state_of_tracked(folder / f"{panel}.csv", digests["parameters"])
            rows.append((notebook, panel, state))
    return rows


def _state_of_files(folder: Path, files: dict[str, str]) -> str:
    """`altered` or `missing` where a file is, else nothing. files: names with the digests they were written with."""
    missing = [name for name in files if not (folder / name).exists()]
    altered = [name for name in files if name not in missing and provenance.of_file(folder / name) != files[name]]
    return "altered" if altered else "missing" if missing else ""


def _state_of_tracked(table: Path, parameters: str) -> str:
    """What the first line of a panel's table says of its numbers, of a figure that no manifest names."""
    try:
        line, _, body = table.read_text(encoding="utf-8").partition("\n")
        about = json.loads(line.removeprefix("# "))
        if about["csv"] != provenance.of_bytes(body.encode()):
            return "altered"
        return "tracked" if parameters.startswith(about["parameters"]) else "stale"
    except FileNotFoundError:
        return "not drawn yet"
    except (OSError, ValueError, KeyError):
        return "altered"
