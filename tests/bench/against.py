"""`lcnec batch` from nothing, of this tree and of an earlier state of it, run by turns."""

import io
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import time
from pathlib import Path

from tests.bench.measure import ROOT


def tree_of(against: str, folder: Path) -> Path:
    """The project's tree at a commit, unpacked into a folder; or the folder of a clone, as it is."""
    if Path(against).is_dir():
        return Path(against).resolve()
    archive = subprocess.run(["git", "archive", against], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


def batch_of(tree: Path, files: list[str], cores: int, folder: Path) -> tuple[float, float]:
    """Wall and processor seconds of `lcnec batch` from nothing, by the code of a tree (in its own environment where it
    has one), its cohorts built before the clock starts."""
    own = tree / ".venv" / "bin" / "python"
    python = str(own) if own.exists() else sys.executable
    # the tree's own cohorts, for the code that draws twins may differ
    places = {"LCNEC_OUTPUT_DIR": str(folder / "out"), "LCNEC_COHORTS_DIR": str(folder / "cohorts")}
    env = {**os.environ, "PYTHONPATH": str(tree), **places}
    lcnec, quiet = [python, "-m", "lcnec_utils.cli"], {"cwd": tree, "env": env, "stdout": subprocess.DEVNULL}
    subprocess.run([*lcnec, "batch", *files, "-n", "00"], stderr=subprocess.DEVNULL, **quiet)
    shutil.rmtree(folder / "out", ignore_errors=True)
    start = time.perf_counter()
    process = subprocess.Popen([*lcnec, "batch", *files, "--cores", str(cores)], **quiet)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"lcnec batch of {tree} ended with exit status {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - start, used.ru_utime + used.ru_stime


def paired(against: str, files: list[str], cores: int, times: int, folder: Path) -> None:
    """Print `lcnec batch` from nothing of this tree against an earlier one, run by turns, and the median ratios."""
    trees = {"before": tree_of(against, folder / "before" / "tree"), "now": ROOT}
    taken = {name: [] for name in trees}
    print(f"{'lcnec batch, from nothing':<32}{'wall s':>10}{'CPU s':>10}", flush=True)
    for turn in range(times):
        for name in list(trees)[:: 1 if turn % 2 == 0 else -1]:
            place = folder / name
            place.mkdir(exist_ok=True)
            taken[name].append(batch_of(trees[name], files, cores, place))
            print(f"{name:<32}{taken[name][-1][0]:>10.1f}{taken[name][-1][1]:>10.1f}", flush=True)
    ratios = [
        statistics.median(now[kind] / before[kind] for before, now in zip(taken["before"], taken["now"], strict=True))
        for kind in (0, 1)
    ]
    print(f"{f'ratio, median of {times}':<32}{ratios[0]:>10.2f}{ratios[1]:>10.2f}")
