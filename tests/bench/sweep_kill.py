"""A sweep of 200 runs loses none when its workers are killed five times: `python tests/bench/sweep_kill.py`.

The twin's clinical section (02_outcomes) by papermill at 200 points of a grid, once undisturbed and once with five
kills (SIGKILL) of a worker, the third of them of the command itself, which is then called again. Both must end
complete, with tables equal byte for byte. Prints one line; exit status 1 where a run is lost or a byte differs.

--runs 20 makes a small one of it; --sweep min_group=2:201 --notebook 03 (adverse events) takes a fifth of the time;
--profile DIR sends the second sweep through a Snakemake profile.
"""

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import psutil

KILLS, OF_THE_COMMAND = 5, 2
GRID = {"tmb_very_high_per_mb": 20, "pdl1_positive_percent": 10}


def keys(runs: int) -> list[str]:
    """The swept values of so many runs: a grid of two cut-offs that the clinical section takes."""
    rows = max(2, -(-runs // GRID["pdl1_positive_percent"]))
    columns = -(-runs // rows)
    if rows * columns != runs:
        raise SystemExit(f"--runs {runs}: give a multiple of {GRID['pdl1_positive_percent']}")
    return ["--sweep", f"tmb_very_high_per_mb=10:{9 + rows}", "--sweep", f"pdl1_positive_percent=1:{columns}"]


def command(arguments, params: Path) -> list[str]:
    """The call of a sweep."""
    profile = ["--profile", str(arguments.profile)] if arguments.profile else []
    swept = ["--sweep", arguments.sweep] if arguments.sweep else keys(arguments.runs)
    return [sys.executable, "-m", "lcnec_utils.cli", "batch", str(params), *swept, "-n",
            arguments.notebook, "--name", "kills", "--cores", str(arguments.cores), *profile]  # fmt: skip


def workers(process: subprocess.Popen) -> list[psutil.Process]:
    """The running processes of a sweep that execute a notebook."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        try:
            if "execute" in child.cmdline() and child.cmdline()[0] == sys.executable:
                found.append(child)
        except psutil.Error:
            continue
    return found


def ended(folder: Path) -> int:
    """How many runs of a sweep have their record."""
    return len(list((folder / "build" / "sweeps" / "kills" / "build").glob("*/[0-9][0-9]_*.json")))


def sweep(words: list[str], folder: Path, kills: list[int], log) -> int:
    """Run a sweep to its end; after so many ended runs a worker is killed, in the middle the command. Returns how many
    kills there were."""
    env, done, left = {**os.environ, "LCNEC_OUTPUT_DIR": str(folder)}, 0, list(kills)
    while True:
        process = subprocess.Popen(words, env=env, stdout=log, stderr=log)
        while process.poll() is None:
            time.sleep(0.2)
            if left and ended(folder) >= left[0] and workers(process):
                left.pop(0)
                whole = done == OF_THE_COMMAND
                (process if whole else random.choice(workers(process))).send_signal(signal.SIGKILL)
                done += 1
        if process.returncode != -signal.SIGKILL:
            if process.returncode:
                raise SystemExit(f"the sweep ended with {process.returncode}; its words are in {log.name}")
            return done


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--notebook", default="02")
    parser.add_argument("--sweep", metavar="KEY=VALUES", help="of --runs values, instead of the grid")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--profile", type=Path)
    arguments = parser.parse_args()
    random.seed(1)
    with tempfile.TemporaryDirectory(prefix="sweep_kill_") as place:
        folder = Path(place)
        params = folder / "clinical.yaml"
        params.write_text("run: clinical\ncohort: twin_cohort_1\ncohort_2: twin_cohort_2\nicb: twin_icb\n")
        plain = argparse.Namespace(**{**vars(arguments), "profile": None})
        with (folder / "log.txt").open("w") as log:
            started = time.monotonic()
            sweep(command(plain, params), folder / "whole", [], log)
            undisturbed = time.monotonic() - started
            at = [max(1, arguments.runs * (place + 1) // (KILLS + 1)) for place in range(KILLS)]
            kills = sweep(command(arguments, params), folder / "killed", at, log)
        tables = [folder / name / "build" / "sweeps" / "kills" for name in ("whole", "killed")]
        equal = all((tables[0] / name).read_bytes() == (tables[1] / name).read_bytes()
                    for name in ("findings.csv", "robustness.csv"))  # fmt: skip
        points = [arguments.sweep.partition("=")[0]] if arguments.sweep else list(GRID)
        runs = len(pd.read_csv(tables[1] / "findings.csv")[points].drop_duplicates())
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        json.dumps(
            {
                "runs": runs,
                "wanted": arguments.runs,
                "kills": kills,
                "equal": equal,
                "seconds_undisturbed": round(undisturbed),
                "cpu_seconds_of_both": round(used.ru_utime + used.ru_stime),
            }
        )
    )
    return 0 if equal and runs == arguments.runs and kills == KILLS else 1


if __name__ == "__main__":
    sys.exit(main())
