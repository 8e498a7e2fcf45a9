"""Runs that are disturbed: killed, on full or read-only disks, with broken downloads, beside a second run, with a clock
that jumps, without a home, in other locales, in folders with spaces and accents, without a network.

    python tests/prove/faults.py [--only WORD …] [--seed N] [--write]

Each is a run of real patients (params/msk_met.yaml, three notebooks) into a folder of its own. After the fault every
file that stands at a result's name must be that of an undisturbed run; where the command ended by itself it says what
is wrong in a line, without a traceback. Then the same command is given again, undisturbed: it must end well, and every
figure, table, record and answer must be there, equal to the byte. Disks are small tmpfs that are mounted for the
moment, so that this wants root on Linux; what is wanting is left out and named. About 25 minutes on two cores.
"""

import argparse
import collections
import contextlib
import dataclasses
import functools
import http.server
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from tests.prove.proof import ROOT, stamp, write_section  # noqa: E402

RUN, NOTEBOOKS = "msk_met", ["01", "02", "14"]
DATASETS = ["msk_met", "nsclc_pd1_msk_2018", "genesets"]
YEAR_S = 366 * 86_400
PATIENCE_S = 900
NOT_ASKED = 3


class LeftOut(Exception):
    """What this machine lacks for a fault."""


@dataclasses.dataclass
class Place:
    """Where a fault happens: the folder of its output, its environment, what it may draw at random, and the seconds
    that an undisturbed run takes."""

    out: Path
    environment: dict[str, str]
    random: random.Random
    seconds: float
    log: Path  # what the command prints
    said: str = ""  # what the disturbed command printed, where it ended by itself

    def start(self, **more: str) -> subprocess.Popen:
        """Begin the run."""
        chosen = [word for name in NOTEBOOKS for word in ("-n", name)]
        command = [sys.executable, "-m", "lcnec_utils.cli", "run", "--params", f"params/{RUN}.yaml", "--cores", "2"]
        environment = {**self.environment, "LCNEC_OUTPUT_DIR": str(self.out), **more}
        # into a file: orphans of a killed run would hold a pipe open, and the next run would wait for them
        with open(self.log, "w", encoding="utf-8") as log:
            return subprocess.Popen([*command, *chosen], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                                    stdout=log, stderr=log)  # fmt: skip

    def ended(self, process: subprocess.Popen) -> int:
        """Wait for a run; returns the exit status and keeps what was printed."""
        process.wait(PATIENCE_S)
        self.said = self.log.read_text(encoding="utf-8", errors="replace")
        return process.returncode

    def run(self, **more: str) -> int:
        """Run to the end; returns the exit status and keeps what was printed."""
        return self.ended(self.start(**more))

    def results(self) -> dict[str, bytes]:
        """Every result that stands there, by its path."""
        files = [*(self.out / "figures").rglob("*.*"), *self.out.glob(f"build/{RUN}/*.json")]
        return {str(path.relative_to(self.out)): path.read_bytes() for path in files
                if path.is_file() and not path.name.startswith(".")}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Fault:
    """A fault: its group, its name, and what brings it about. ends_well: whether the disturbed command itself ends with
    all results."""

    group: str
    name: str
    make: Callable[[Place], None]
    ends_well: bool = False


# --- killed


def _processes(root: psutil.Process, kind: str) -> list[psutil.Process]:
    """The processes of a run that are of a kind: server, papermill or kernel (forks, told apart by their depth)."""
    found = []
    for process in root.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            above = [parent.cmdline() for parent in process.parents()[:3]]
            forks = [any("lcnec_utils.run.forks" in word for word in line) for line in (words, *above)]
            depth = forks.index(False) if False in forks else len(forks)
            is_kind = {
                "snakemake": any("snakemake" in word for word in words[:4]) and "execute" not in words,
                "execute": "execute" in words,
                "server": depth == 1,
                "papermill": depth == 2,
                "kernel": depth >= 3 or any("ipykernel_launcher" in word for word in words),
            }[kind]
            if is_kind:
                found.append(process)
    return found


def killed(place: Place, kind: str) -> None:
    """Kill (SIGKILL) a process of the run at a random moment: the command itself, or one of a kind below it."""
    process = place.start()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(place.random.uniform(0.05, 0.95) * place.seconds)
    end = time.monotonic() + place.seconds
    while process.poll() is None:
        if kind == "lcnec":
            process.kill()
            break
        if victims := _processes(psutil.Process(process.pid), kind):
            with contextlib.suppress(psutil.Error):
                place.random.choice(victims).kill()
            break
        if time.monotonic() > end:
            break
        time.sleep(0.02)
    process.wait(PATIENCE_S)


def killed_while_building(place: Place) -> None:
    """Kill the command while it builds the cohorts."""
    cohorts = place.out / "cohorts of its own"
    place.environment["LCNEC_COHORTS_DIR"] = str(cohorts)
    process = place.start()
    while process.poll() is None and not (cohorts.exists() and any(cohorts.iterdir())):
        time.sleep(0.02)
    time.sleep(place.random.uniform(0, 4))
    process.kill()
    process.wait()


# --- disks


@contextlib.contextmanager
def mounted(folder: Path, size: str) -> Iterator[None]:
    """A small disk in memory, mounted on a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True)
    if done.returncode:
        raise LeftOut("mounting a tmpfs is not allowed here")
    try:
        yield
    finally:
        kept = folder.with_name(f"{folder.name} kept")
        shutil.copytree(folder, kept, symlinks=True)
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        shutil.copytree(kept, folder, symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(kept)


def full_disk(place: Place, size: str) -> None:
    """Run where the disk is full after so many bytes; what it left is on a larger one for the next run."""
    with mounted(place.out, size):
        status = place.run()
        free = shutil.disk_usage(place.out).free
    if status == 0 and free > 100_000:
        raise LeftOut(f"a disk of {size} is large enough for the whole run")


def full_disk_of_cohorts(place: Place, size: str) -> None:
    """Build the cohorts where the disk is full after so many bytes."""
    cohorts = place.out / "cohorts of its own"
    place.environment["LCNEC_COHORTS_DIR"] = str(cohorts)
    with mounted(cohorts, size):
        place.run()


def read_only(place: Place, half_way: bool) -> None:
    """Run into a folder that is mounted read-only; half way: after a run that was killed there."""
    with mounted(place.out, "400m"):
        if half_way:
            killed(place, "lcnec")
            time.sleep(2)  # what is left of it ends, or the mount is busy
        change = ["mount", "-o", "remount,ro", str(place.out)]
        for _ in range(50):
            if not subprocess.run(change, capture_output=True).returncode:
                break
            time.sleep(0.2)
        else:
            raise LeftOut("the disk cannot be made read-only while children of the killed run write to it")
        status = place.run()
        subprocess.run(["mount", "-o", "remount,rw", str(place.out)], check=True)
    assert status, "a run into a read-only folder ended as if it had written something"


# --- downloads


class _Server(http.server.SimpleHTTPRequestHandler):
    """Public files, whole or spoiled."""

    spoiled = ""

    def log_message(self, *_) -> None:
        pass

    def do_GET(self) -> None:  # noqa: N802 - the name is that of the library
        path = Path(self.translate_path(self.path))
        if not path.is_file() or self.spoiled == "missing":
            self.send_error(404)
            return
        data = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.spoiled == "cut off":
            data = data[: len(data) // 2]
        if self.spoiled == "other bytes":
            data = data[:100] + bytes([data[100] ^ 1]) + data[101:]
        self.wfile.write(data)


@contextlib.contextmanager
def served(spoiled: str) -> Iterator[str]:
    """A server of the public files on this machine; gives its address."""
    folder = os.environ.get("LCNEC_DATA_DIR")
    if not folder:
        raise LeftOut("set LCNEC_DATA_DIR to a folder with the public files")
    handler = functools.partial(type("Spoiled", (_Server,), {"spoiled": spoiled}), directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def broken_download(place: Place, spoiled: str) -> None:
    """Build the cohorts from downloads that are cut off, have other bytes or are missing, and then, into the same cache
    and folder, from whole ones."""
    place.environment |= {"LCNEC_COHORTS_DIR": str(place.out / "cohorts of its own"),
                          "LCNEC_CACHE_DIR": str(place.out / "cache")}  # fmt: skip
    kept = place.environment.pop("LCNEC_DATA_DIR", None)
    try:
        with served(spoiled) as address:
            place.run(LCNEC_MIRROR=address)
        assert "Traceback" not in place.said, place.said[-500:]
        cache = place.out / "cache"
        right = {path: Path(kept or "") / path.relative_to(cache) for path in cache.rglob("*") if path.is_file()}
        wrong = [path.name for path, whole in right.items()
                 if whole.is_file() and path.read_bytes() != whole.read_bytes()]  # fmt: skip
        assert not wrong, f"a spoiled download is kept as the file: {wrong[0]}"
    finally:
        place.environment["LCNEC_DATA_DIR"] = kept or ""


def no_network(place: Place) -> None:
    """Build the cohorts in a network namespace that has a loopback and nothing else."""
    if not shutil.which("unshare") or not shutil.which("ip"):
        raise LeftOut("unshare and ip are not installed")
    place.environment |= {"LCNEC_COHORTS_DIR": str(place.out / "cohorts of its own"),
                          "LCNEC_CACHE_DIR": str(place.out / "cache")}  # fmt: skip
    kept = place.environment.pop("LCNEC_DATA_DIR", None)
    chosen = [word for name in NOTEBOOKS for word in ("-n", name)]
    command = [sys.executable, "-m", "lcnec_utils.cli", "run", "--params", f"params/{RUN}.yaml", *chosen]
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command], cwd=ROOT, text=True,
        env={**place.environment, "LCNEC_OUTPUT_DIR": str(place.out)}, capture_output=True, timeout=PATIENCE_S,
    )  # fmt: skip
    place.environment["LCNEC_DATA_DIR"] = kept or ""
    place.said = done.stdout + done.stderr
    if "unshare failed" in place.said:
        raise LeftOut("a network namespace is not allowed here")
    assert "downloaded" in place.said, place.said[-300:]


# --- two at once, clocks, environments


def two_at_once(place: Place, apart: float) -> None:
    """Two runs into the same folder, the second begun so many seconds after the first."""
    first = place.start()
    time.sleep(apart)
    other = dataclasses.replace(place, log=place.log.with_suffix(".second"))
    second = other.start()
    place.ended(first), other.ended(second)
    place.said += f"\n{other.said}"
    assert 0 in (first.returncode, second.returncode), place.said[-500:]


def clock(place: Place, by: float, of: str) -> None:
    """A clock that jumped: files of a killed run, or of the cohort, are so many seconds older or younger than now."""
    killed(place, "lcnec")
    time.sleep(1)
    if of == "cohort":
        cohorts = place.out / "cohorts of its own"
        shutil.copytree(ROOT / "build" / "cohorts", cohorts)
        place.environment["LCNEC_COHORTS_DIR"] = str(cohorts)
    for path in [*(place.out / ("cohorts of its own" if of == "cohort" else ".")).rglob("*")]:
        with contextlib.suppress(OSError):
            os.utime(path, (time.time() + by, time.time() + by), follow_symlinks=False)


def in_environment(place: Place, less: tuple[str, ...] = (), **more: str) -> None:
    """Run with these variables, and without those."""
    for name in less:
        place.environment.pop(name, None)
    place.environment |= more
    assert place.run() == 0, place.said[-500:]


def in_folder(place: Place, name: str) -> None:
    """Run into a folder of this name, with temporary files in another such."""
    place.out = place.out / name
    temporary = place.out.parent / f"{name} tmp"
    temporary.mkdir(parents=True)
    place.environment["TMPDIR"] = str(temporary)
    assert place.run() == 0, place.said[-500:]


def faults() -> list[Fault]:
    """All of them, in the order in which they are run."""
    times = {"lcnec": 6, "snakemake": 4, "execute": 3, "server": 3, "papermill": 4, "kernel": 4}
    found = [Fault("killed (SIGKILL) at a random moment", f"{kind} {turn}", functools.partial(killed, kind=kind))
             for kind in times for turn in range(1, times[kind] + 1)]  # fmt: skip
    found += [Fault("killed while a cohort is built", f"building {turn}", killed_while_building) for turn in (1, 2, 3)]
    found += [Fault("disk full", f"output, {size}", functools.partial(full_disk, size=size))
              for size in ("64k", "256k", "1m", "3m")]  # fmt: skip
    found += [Fault("disk full", f"cohorts, {size}", functools.partial(full_disk_of_cohorts, size=size))
              for size in ("100k", "2m")]  # fmt: skip
    found += [Fault("output read-only", name, functools.partial(read_only, half_way=half))
              for name, half in {"from the start": False, "after a killed run": True}.items()]  # fmt: skip
    found += [Fault("download broken", spoiled, functools.partial(broken_download, spoiled=spoiled))
              for spoiled in ("cut off", "other bytes", "missing")]  # fmt: skip
    found.append(Fault("no network", "a loopback alone", no_network))
    found += [Fault("two runs into one folder", f"{apart} s apart", functools.partial(two_at_once, apart=apart), True)
              for apart in (0, 1, 4)]  # fmt: skip
    found += [Fault("clock jumps", f"{of} {words}", functools.partial(clock, by=by, of=of))
              for of, by, words in (("output", YEAR_S, "of next year"), ("output", -YEAR_S, "of last year"),
                                    ("cohort", YEAR_S, "of next year"))]  # fmt: skip
    plain = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    others = {
        "no HOME": functools.partial(in_environment, less=("HOME",)),
        "a HOME that is not there": functools.partial(in_environment, HOME="/nowhere/at/all"),
        "locale C, ASCII": functools.partial(in_environment, less=("LANG",), LC_ALL="C", **plain),
        "locale POSIX, output in latin-1": functools.partial(
            in_environment, LC_ALL="POSIX", PYTHONIOENCODING="latin-1", **plain
        ),
        "a time zone 14 hours ahead": functools.partial(in_environment, TZ="Pacific/Kiritimati"),
    }
    found += [Fault("environment", name, make, True) for name, make in others.items()]
    folders = ("with spaces and 'quotes'", "mit Umläuten é 漢字", "$HOME; {a,b} #1 %20")
    return found + [Fault("odd folder", name, functools.partial(in_folder, name=name), True) for name in folders]


# --- judged


def judge(fault: Fault, place: Place, right: dict[str, bytes]) -> list[str]:
    """Bring a fault about and run again; returns what was wrong, nothing where all is as it must be."""
    wrong = []
    try:
        fault.make(place)
    except AssertionError as error:
        wrong.append(f"during it: {error}")
    if "Traceback (most recent call last)" in place.said:
        wrong.append("during it: a traceback")
    if not place.out.exists():
        place.out.mkdir(parents=True)
    left = place.results()
    wrong += [f"taken for a result: {name}" for name, data in left.items() if right.get(name) != data]
    if fault.ends_well:
        wrong += [f"not there: {name}" for name in sorted(set(right) - set(left))[:1]]
    status = place.run()
    if status:
        wrong.append(f"the run after it ended with {status}: {place.said[-300:]}")
    if "Traceback (most recent call last)" in place.said:
        wrong.append("the run after it: a traceback")
    found = place.results()
    wrong += [f"lost: {name}" for name in sorted(set(right) - set(found))]
    wrong += [f"wrong: {name}" for name in sorted(found) if right.get(name) != found[name]]
    return wrong


def main() -> int:
    """Exit status 1 where something was lost, wrong, or taken for a result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="WORD", help="faults whose group or name holds one of these")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 10**6, help="of the random moments")
    parser.add_argument("--write", action="store_true", help="write the section of docs/proof.md")
    given = parser.parse_args()
    began, broken, left_out = time.monotonic(), {}, {}
    counts: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    environment = {name: value for name, value in os.environ.items() if name != "LCNEC_FORKS"}
    environment |= {"PYTHONPATH": str(ROOT), "LCNEC_COHORTS_DIR": str(ROOT / "build" / "cohorts")}
    with tempfile.TemporaryDirectory(prefix="faults_") as folder:
        calm = Place(Path(folder) / "calm", dict(environment), random.Random(0), 0, Path(folder) / "calm.txt")
        assert calm.run() == 0, calm.said  # builds what is not built
        shutil.rmtree(calm.out)
        start = time.monotonic()
        assert calm.run() == 0, calm.said
        seconds, right = time.monotonic() - start, calm.results()
        print(f"an undisturbed run: {seconds:.0f} s, {len(right)} results; seed {given.seed}", flush=True)
        for number, fault in enumerate(faults()):
            if given.only and not any(word in f"{fault.group} {fault.name}" for word in given.only):
                continue
            top, draw = Path(folder) / f"fault_{number}", random.Random(given.seed + number)
            place = Place(top, dict(environment), draw, seconds, Path(folder) / f"fault_{number}.txt")
            try:
                wrong = judge(fault, place, right)
            except LeftOut as why:
                left_out[fault.name] = str(why)
                continue
            finally:
                shutil.rmtree(top, ignore_errors=True)
            counts[fault.group].update({"runs": 1, "held": not wrong})
            if wrong:
                broken[f"{fault.group}: {fault.name}"] = wrong
            print(f"{fault.group}: {fault.name}: {'held' if not wrong else '; '.join(wrong[:3])}", flush=True)
    runs = sum(count["runs"] for count in counts.values())
    print(f"{runs} fault runs, {len(broken)} broken, {len(left_out)} left out", flush=True)
    if given.write:
        lines = ["| fault | runs | all results there, equal to the byte, nothing half-written taken |", "|---|--:|--:|"]
        lines += [f"| {group} | {count['runs']} | {count['held']} |" for group, count in counts.items()]
        lines += ["", *(f"- **{name}**: {'; '.join(wrong[:3])}" for name, wrong in broken.items())]
        lines += [f"- Left out: {name}, for {why}." for name, why in left_out.items()]
        words = (
            f"{runs} runs of `{RUN}` (notebooks {', '.join(NOTEBOOKS)}; {len(right)} results of real patients), seed "
        )
        write_section("faults", "Runs that are disturbed", f"{stamp(time.monotonic() - began)} {words}{given.seed}.\n\n"
                      + "\n".join(lines))  # fmt: skip
    return int(bool(broken))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
