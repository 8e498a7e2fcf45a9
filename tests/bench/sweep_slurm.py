"""A sweep through a Slurm on this machine, beside the same sweep without one: the same bytes, and what it costs.

    .venv-cluster/bin/python -m tests.bench.sweep_slurm                      200 seeds of the twins' clinical section
    .venv-cluster/bin/python -m tests.bench.sweep_slurm --sweep tmb_high_per_mb=5:25:1 --kills 3

It needs Slurm (tests/cluster/local_slurm.py says which packages) and an environment with Snakemake's plugin, from
`make cluster`. Seconds of processor time are those of the whole machine, for Slurm's jobs are nobody's children, so
that nothing else should work meanwhile. Exit status 1 where the results differ or a run is lost.
"""

import argparse
import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import psutil
import yaml

from tests.bench import measure

sys.path.insert(0, str(measure.ROOT / "tests" / "cluster"))
import local_slurm  # noqa: E402

NAME = "through_slurm"
TABLES = ["findings.csv", "robustness.csv"]


@dataclasses.dataclass(frozen=True)
class Swept:
    """A sweep that has ended: seconds, its tables, and every other result by its path."""

    wall: float
    cpu: float
    killed: int
    results: dict[str, bytes]


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.sweep_slurm", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--sweep", action="append", metavar="KEY=VALUES", help="what is swept (seed=1:200)")
    parser.add_argument("--params", type=Path, default=measure.ROOT / "params" / "twin.yaml", metavar="FILE")
    parser.add_argument("-n", "--notebook", default="02", metavar="NAME")
    parser.add_argument("--kills", type=int, default=0, metavar="N", help="kill so many working jobs on the way (0)")
    return parser.parse_args()


def busy_seconds() -> float:
    """Processor seconds that all processes of this machine have taken since it started."""
    times = psutil.cpu_times()
    return times.user + times.system


def profile(folder: Path) -> Path:
    """The shipped profile for a Slurm without accounts, asked every few seconds."""
    settings = yaml.safe_load((measure.ROOT / "profiles" / "slurm" / "config.yaml").read_text())
    settings |= {
        "slurm-status-command": "squeue", "slurm-init-seconds-before-status-checks": 3,
        "default-resources": settings["default-resources"] | {"mem_mb": 1500},
    }  # fmt: skip
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    return folder


def kill_one(folder: Path, killed: set[int]) -> None:
    """Kill a notebook's process that works and was not killed before, if there is one."""
    for file in folder.glob("build/*/.*.pid"):
        try:
            process = psutil.Process(int(file.read_text().split()[0]))
            if process.pid not in killed and process.children():
                process.kill()
                killed.add(process.pid)
                return
        except (OSError, ValueError, IndexError, psutil.Error):
            continue


def swept(asked: argparse.Namespace, out: Path, environment: dict[str, str], more: list[str], kills: int) -> Swept:
    """Run the sweep into a folder, and kill so many of its notebooks at even distances."""
    over = [word for each in asked.sweep or ["seed=1:200"] for word in ("--sweep", each)]
    command = [*measure.LCNEC, "batch", str(asked.params), *over, "-n", asked.notebook, "--name", NAME, *more]
    folder, killed, started = out / "build" / "sweeps" / NAME, set(), time.perf_counter()
    busy, records = busy_seconds(), 0
    process = subprocess.Popen(command, env=environment | {"LCNEC_OUTPUT_DIR": str(out)}, cwd=measure.ROOT)
    while process.poll() is None:
        time.sleep(0.5)
        ended = len([*folder.glob("build/*/[0-9]*.json")])
        if len(killed) < kills and ended >= records:
            before = len(killed)
            kill_one(folder, killed)
            records = ended + 2 if len(killed) > before else records
    wall, cpu = time.perf_counter() - started, busy_seconds() - busy
    if process.returncode:
        sys.exit(f"{' '.join(command)}: ended with exit status {process.returncode}")
    files = [*(folder / "figures").rglob("*.*"), *folder.glob("build/*/[0-9]*.json"), *(folder / n for n in TABLES)]
    results = {str(file.relative_to(folder)): file.read_bytes() for file in files if file.is_file()}
    return Swept(wall, cpu, len(killed), results)


def main() -> int:
    """Both sweeps, compared; returns the exit status."""
    asked = arguments()
    if lacking := local_slurm.lacking():
        print(f"left out: Slurm is not installed: no {', '.join(lacking)}")
        return 1
    place = Path(tempfile.mkdtemp(prefix="sweep."))
    try:
        own = measure.environment(LCNEC_COHORTS_DIR=os.environ.get("LCNEC_COHORTS_DIR", str(place / "cohorts")))
        here = swept(asked, place / "here", own, ["--cores", "2"], 0)
        with local_slurm.running() as reached:
            through = swept(
                asked, place / "slurm", {**own, **{key: reached[key] for key in ("SLURM_CONF", "PATH")}},
                ["--profile", str(profile(place / "profile"))], asked.kills,
            )  # fmt: skip
            states = subprocess.run(
                ["squeue", "--noheader", "--states=all", "--format=%T"], env=reached, capture_output=True, text=True
            ).stdout.split()
    finally:
        shutil.rmtree(place, ignore_errors=True)
    runs = sum(name.startswith("build/") for name in here.results)
    differ = sorted(name for name in {*here.results, *through.results}
                    if here.results.get(name) != through.results.get(name))  # fmt: skip
    print(f"\n{measure.machine()}\n{runs} notebooks of a sweep, {len(here.results)} files")
    print(f"Slurm's jobs: {pd.Series(states).value_counts().to_dict()}; {through.killed} killed")
    for what, one in (("here", here), ("through Slurm", through)):
        print(f"{what:<14} {one.wall:7.0f} s of wall, {one.cpu:7.0f} s of the machine's processors")
    print("the same bytes" if not differ else f"{len(differ)} files differ, as {differ[:3]}")
    return 1 if differ or through.killed < asked.kills else 0


if __name__ == "__main__":
    sys.exit(main())
