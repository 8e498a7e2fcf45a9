"""A batch on other machines: Snakemake's profile and executor plugin do it; here is what a batch of ours adds.

Snakemake hears nothing of what a job on another machine prints, and a job that was submitted outlives it. So the lines
of progress are read from the records that notebooks leave, and the jobs that a killed batch left in Slurm's queue are
cancelled before they are submitted again: two would write the same files.
"""

import dataclasses
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from lcnec_utils.core import params, paths
from lcnec_utils.core.errors import UserError
from lcnec_utils.run import records
from lcnec_utils.run.execution import Ended, executed_path

MANY = 100  # for a forecast, where a profile says `unlimited`
CORES = 2  # notebooks at a time on this machine where nobody says otherwise
LOOK_EVERY_S = 1.0
PATIENCE_S = 120  # that cancelled jobs take to end
# executors that Snakemake brings along; any other is a plugin
HERE = {"local", "dryrun", "touch"}
CONFIGS = "config*.yaml"  # config.yaml, or one for a version of Snakemake, as config.v8+.yaml
SLURM_LOGS = ".snakemake/slurm_logs"  # where the plugin puts them if a profile names no folder


@dataclasses.dataclass(frozen=True)
class Engine:
    """How Snakemake is called.

    options: of its command line. executor: what starts the jobs. jobs: how many at a time. here: how many processes
    this machine may have meanwhile. logs: the folder of the jobs' logs, below the output folder.
    """

    options: list[str]
    executor: str
    jobs: int
    here: int
    logs: str = ""

    @property
    def elsewhere(self) -> bool:
        """Whether jobs run on other machines, or at least as no children of Snakemake."""
        return self.executor not in HERE


def engine(jobs: int | None = None, profile: Path | None = None) -> Engine:
    """How Snakemake is called: on this machine, or as the profile of a folder says.

    jobs: how many at a time; 2, or what the profile says, where not given. Raises UserError where the folder holds no
    profile, or where this machine or environment lacks what it names.
    """
    if profile is None:
        return Engine(["--cores", str(jobs or CORES)], "local", jobs or CORES, jobs or CORES)
    folder = profile.expanduser().resolve()
    files = sorted(folder.glob(CONFIGS))
    if not files:
        raise UserError(f"--profile {profile}: holds no config.yaml; profiles/slurm is an example")
    settings = params.read_yaml(files[-1]) or {}
    executor = str(settings.get("executor", "local"))
    plugin = f"snakemake_executor_plugin_{executor.replace('-', '_')}"
    if executor not in HERE and importlib.util.find_spec(plugin) is None:
        where = "`make cluster` makes .venv-cluster, which has it" if executor == "slurm" else "install it there"
        raise UserError(f"{files[-1]}: executor: {executor}: {sys.prefix} has no {plugin.replace('_', '-')}; {where}")
    if executor == "slurm" and not shutil.which("sbatch"):
        raise UserError(f"{files[-1]}: executor: slurm: no `sbatch` on this machine; call it where jobs are submitted")
    own = settings.get("jobs", settings.get("cores", CORES))
    at_a_time = jobs or (own if isinstance(own, int) else MANY)
    number = "--cores" if executor in HERE else "--jobs"
    options = ["--profile", str(folder), *([number, str(jobs)] if jobs else [])]
    return Engine(options, executor, at_a_time, CORES, str(settings.get("slurm-logdir", SLURM_LOGS)))


def cancel_left_jobs(engine: Engine) -> list[str]:
    """Cancel the jobs that a killed batch left in Slurm's queue, and wait for their end; returns their ids.

    They are told by their working folder, which is this batch's, and by the rule that Snakemake's plugin writes into
    their comment. Raises UserError where they do not end.
    """
    if engine.executor != "slurm":
        return []
    left = _left_jobs()
    if left:
        subprocess.run(["scancel", *left], capture_output=True)
        end = time.monotonic() + PATIENCE_S
        while _left_jobs():
            if time.monotonic() > end:
                raise UserError(f"jobs of an earlier batch do not end; see `squeue --job {','.join(_left_jobs())}`")
            time.sleep(LOOK_EVERY_S)
    return left


def _left_jobs() -> list[str]:
    """Ids of this user's jobs, waiting or running, that a batch in this output folder submitted."""
    command = ["squeue", "--me", "--noheader", "--format=%i|%k|%Z"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"squeue does not answer: {' '.join(done.stderr.split())}")
    jobs = [line.strip().split("|", 2) for line in done.stdout.splitlines()]
    own = str(paths.output_root())
    return [id for id, comment, folder in jobs if folder == own and comment.startswith("rule_notebook")]


def follow(snakemake: subprocess.Popen, wanted: list[tuple[str, str]]) -> Iterator[Ended]:
    """Each of these (run, notebook) pairs when its record is there, until Snakemake has ended."""
    left = list(wanted)
    while True:
        running, began = snakemake.poll() is None, time.monotonic()
        for run, notebook in list(left):
            record = records.read_record(run, notebook)
            if record is not None:
                left.remove((run, notebook))
                counts = len(record["drawn"]), len(record["skipped"])
                yield Ended(run, notebook, *counts, _seconds(run, notebook))
        if not running:
            return
        # a look at thousands of records takes a network file system its time, and may be no more than a tenth of ours
        time.sleep(max(LOOK_EVERY_S, 9 * (time.monotonic() - began)))


def _seconds(run: str, notebook: str) -> float:
    """From the start of a notebook's kernel, which papermill keeps in it, to its record; 0 where it had none."""
    try:
        book = json.loads(executed_path(run, notebook).read_text(encoding="utf-8"))
        started = datetime.fromisoformat(book["metadata"]["papermill"]["start_time"])
        return max(0.0, records.record_path(run, notebook).stat().st_mtime - started.timestamp())
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0


def said_by_jobs(engine: Engine, since: float) -> list[str]:
    """What notebooks' jobs had to say to the user (`lcnec: …`), each line once, from logs written since a time."""
    lines: dict[str, None] = {}
    if engine.executor != "slurm":
        return []
    for log in sorted((paths.output_root() / engine.logs).rglob("*.log")):
        if log.stat().st_mtime >= since:
            text = log.read_text(encoding="utf-8", errors="replace")
            lines |= dict.fromkeys(re.findall(r"^lcnec: .*", text, re.M))
    return list(lines)
