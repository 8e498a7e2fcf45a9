"""Commands and calls measured: wall and processor seconds, highest memory, medians of what runs by turns."""

import contextlib
import dataclasses
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.run.execution import SINGLE_THREAD

ROOT = Path(__file__).resolve().parent.parent.parent
LCNEC = [sys.executable, "-m", "lcnec_utils.cli"]
COLUMNS = ["what", "wall_s", "cpu_s", "memory_gb", "ratio", "beside", "bound", "met", "note"]


class NotHere(Exception):
    """What a part needs and this machine lacks, with what mends it."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a command or a call took: seconds of wall and of all its processes' processor time, and GB of its largest
    process (0 where it was not measured)."""

    wall: float
    cpu: float
    memory: float = 0.0
    output: str = ""

    def row(self, what: str, *, beside: "Cost | None" = None, by: str = "wall", bound: float | None = None,
            against: str = "", note: str = "") -> dict:  # fmt: skip
        """A row of a part's table; the ratio is to another cost, by its wall or processor time."""
        ratio = getattr(self, by) / max(getattr(beside, by), 1e-9) if beside else np.nan
        return {
            "what": what, "wall_s": self.wall, "cpu_s": self.cpu, "memory_gb": self.memory or np.nan, "ratio": ratio,
            "beside": f"{against} ({by})" if beside else "", "bound": np.nan if bound is None else bound,
            "met": "" if bound is None else "yes" if ratio <= bound else "no", "note": note,
        }  # fmt: skip


def stated(what: str, value: float, bound: float | None = None, note: str = "") -> dict:
    """A row that is no time: a number under `ratio`, held against a bound."""
    met = "" if bound is None else "yes" if value <= bound else "no"
    return dict.fromkeys(COLUMNS, np.nan) | {
        "what": what, "ratio": value, "beside": "", "bound": np.nan if bound is None else bound, "met": met,
        "note": note,
    }  # fmt: skip


def environment(**more: str) -> dict[str, str]:
    """The environment of a measured command: one thread, our own code."""
    return {**os.environ, **SINGLE_THREAD, "PYTHONPATH": str(ROOT), **more}


def command(
    words: list[str], env: dict | None = None, cwd: Path | None = None, allowed: tuple[int, ...] = (0,)
) -> Cost:
    """The cost of a command, its children's with it. Raises RuntimeError, with its last words, where it fails.

    allowed: exit codes that are no failure; `lcnec run` ends in 1 where a notebook draws no panel, as some do not.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        words, env=env or environment(), cwd=cwd or ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    highest: list[int] = [0]
    watch = threading.Thread(target=_watch_memory, args=(process.pid, highest), daemon=True)
    watch.start()
    output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    watch.join()
    wall = time.perf_counter() - start
    if (code := os.waitstatus_to_exitcode(status)) not in allowed:
        raise RuntimeError(f"{' '.join(words)} ended with exit code {code}: {output[-1500:]}")
    return Cost(wall, used.ru_utime + used.ru_stime, highest[0] / 1e6, output)  # in kB


def _watch_memory(pid: int, highest: list[int], every: float = 0.05) -> None:
    """Keep the most kB that a process or one below it has had in memory, until it ends.

    The system's own `ru_maxrss` counts what this process had when it forked the command.
    """
    import psutil

    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            for each in (process, *process.children(recursive=True)):
                with contextlib.suppress(OSError):
                    status = Path(f"/proc/{each.pid}/status").read_text()
                    if found := re.search(r"VmHWM:\s+(\d+)", status):
                        highest[0] = max(highest[0], int(found[1]))
            time.sleep(every)


def median(costs: list[Cost]) -> Cost:
    """The median of each kind of cost, memory at its highest."""
    wall, cpu = (statistics.median(getattr(cost, kind) for cost in costs) for kind in ("wall", "cpu"))
    return Cost(wall, cpu, max(cost.memory for cost in costs), costs[-1].output)


def by_turns(jobs: dict[str, Callable[[], object]], times: int = 5) -> dict[str, Cost]:
    """The median cost of calls within this process, run one after the other in turns so that a busy moment of the
    machine falls on all of them; each once before, for what a first call alone pays."""
    taken: dict[str, list[Cost]] = {name: [] for name in jobs}
    for turn in range(times + 1):
        for name in list(jobs)[:: 1 if turn % 2 else -1]:
            wall, cpu = time.perf_counter(), time.process_time()
            jobs[name]()
            if turn:
                taken[name].append(Cost(time.perf_counter() - wall, time.process_time() - cpu))
    return {name: median(costs) for name, costs in taken.items()}


def exponent(sizes: list[float], values: list[float]) -> float:
    """The power of size by which values grow: the slope of a straight line through their logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(np.maximum(values, 1e-9)), 1)[0])


def r_version() -> str:
    """R's version, or that there is none."""
    if not shutil.which("Rscript"):
        return "no R"
    said = subprocess.run(["Rscript", "-e", "cat(R.version.string)"], capture_output=True, text=True, check=False)
    return said.stdout.strip() or "no R"


def machine() -> str:
    """The machine's kind, in one line; no name of it."""
    import psutil

    memory = psutil.virtual_memory().total / 2**30
    processor = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        processor = names[0] if names else processor
    return (
        f"{os.cpu_count()} cores ({processor}), {memory:.0f} GB, {platform.system()}, Python "
        f"{platform.python_version()}, {r_version()}"
    )


def table(rows: list[dict]) -> pd.DataFrame:
    """The rows of a part."""
    return pd.DataFrame(rows).reindex(columns=COLUMNS)
