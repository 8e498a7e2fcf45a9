"""Does a test notice when a line of the statistics, the verdicts, the response rules or the readers is changed?

    python tests/prove/mutants.py [--number N] [--seed N] [--only WORD …] [--write]

Mutants are drawn at random over all lines of the modules (Cosmic Ray's operators, by mutations.py), each is put into a
copy of the project, and the module's tests run there until one fails: those of its own file first, then those of the
same rooms that name it. A mutant is caught where a test fails or takes far longer than it does unchanged. One that
lives is listed with its line, to be argued in ARGUED or caught by a new test. Cosmic Ray is in an environment of its
own, .venv-prove, made from requirements.lock beside this file. Two at a time; about 8 s of CPU a mutant.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import difflib
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from lcnec_utils.stats.proportions import wilson  # noqa: E402
from tests.prove.planted_faults import copied  # noqa: E402
from tests.prove.proof import ROOT, stamp, write_section  # noqa: E402

LEAST = 0.85  # share that must be caught
OWN = ROOT / ".venv-prove"
LOCK = Path(__file__).with_name("requirements.lock")
AT_A_TIME = 2
PATIENCE = 4  # times the seconds that the tests take unchanged

# What is mutated, and where its tests are
ROOMS = {
    "statistics": (["lcnec_utils/stats/*.py"], ["tests/stats", "tests/studies"]),
    "response": (
        [f"lcnec_utils/stats/{name}.py" for name in ("response", "resistance", "lesions")],
        ["tests/stats", "tests/studies"],
    ),
    "verdicts": (["lcnec_utils/ledger/verdicts.py", "lcnec_utils/ledger/robustness.py"], ["tests/ledger", "tests/run"]),
    "cohort reading": (["lcnec_utils/cohort/*.py"], ["tests/cohort", "tests/hostile", "tests/omics", "tests/imaging"]),
}
NOT_MUTATED = {"__init__.py", "write.py"}  # nothing in them, or not a reader
OF_RESPONSE = {f"lcnec_utils/stats/{name}.py" for name in ("response", "resistance", "lesions")}  # a room of their own
# Tests that name nearly every reader
OF_READERS = ["tests/cohort/test_cohort.py", "tests/cohort/test_odd.py", "tests/hostile"]
# Survivors that no test can or should catch: module, a part of the changed line, why
ARGUED: list[tuple[str, str, str]] = []


@dataclasses.dataclass(frozen=True)
class Judged:
    """A mutant and what became of it: caught, lived or argued; by which test."""

    file: str
    line: int
    operator: str
    change: str
    outcome: str
    by: str


def environment() -> Path:
    """The Python that has Cosmic Ray."""
    python = OWN / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(OWN)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*install, "--require-hashes", "-r", str(LOCK)], check=True)
    return python


def drawn(room: str, number: int, seed: int) -> list[dict]:
    """Mutants of a room's modules."""
    found = {path for pattern in ROOMS[room][0] for path in ROOT.glob(pattern) if path.name not in NOT_MUTATED}
    files = sorted({str(path.relative_to(ROOT)) for path in found} - (OF_RESPONSE if room == "statistics" else set()))
    script = Path(__file__).with_name("mutations.py")
    done = subprocess.run([str(environment()), str(script), str(seed), str(number), *files], cwd=ROOT, check=True,
                          capture_output=True, text=True)  # fmt: skip
    return json.loads(done.stdout)


def tests_of(file: str, room: str) -> list[str]:
    """The test files of a module: its own first, then those of the same rooms that name it, then all readers'."""
    stem = Path(file).stem
    found = [path for folder in ROOMS[room][1] for path in sorted((ROOT / folder).rglob("test_*.py"))]
    own = [path for path in found if path.stem in (f"test_{stem}", f"test_cohort_{stem}")]
    naming = [path for path in found if re.search(rf"\b{stem}\b", path.read_text(encoding="utf-8")) and path not in own]
    names = [str(path.relative_to(ROOT)) for path in (*own, *naming)]
    names += OF_READERS if room == "cohort reading" else []
    return list(dict.fromkeys([*names[:1], "tests/test_examples.py", *names[1:]]))


def run(tree: Path, tests: list[str], file: str, limit: float) -> tuple[bool, str, float]:
    """Whether tests pass in a copy; the first that failed; seconds."""
    names = {name: value for name, value in os.environ.items() if not name.startswith("LCNEC_TEST")}
    names |= {"PYTHONPATH": str(tree), "LCNEC_COHORTS_DIR": str(tree / "build" / "cohorts"),
              "PYTHONDONTWRITEBYTECODE": "1", "HYPOTHESIS_MAX_EXAMPLES": "20"}  # fmt: skip
    start = time.monotonic()
    for test in tests:
        chosen = ["-k", Path(file).stem] if test.endswith("test_examples.py") else []
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "--no-header",
            "-rf",
            test,
            *chosen,
        ]
        try:
            done = subprocess.run(command, cwd=tree, env=names, capture_output=True, text=True, timeout=limit)
        except subprocess.TimeoutExpired:
            return False, f"{test} (took too long)", time.monotonic() - start
        if done.returncode not in (0, 5):  # 5: none of that name
            failed = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.M)
            return False, failed[1] if failed else test, time.monotonic() - start
    return True, "", time.monotonic() - start


def change_of(before: str, after: str) -> str:
    """The changed line, before and after."""
    lines = [line for line in difflib.unified_diff(before.split("\n"), after.split("\n"), n=0, lineterm="")
             if line[:1] in "+-" and line[:3] not in ("+++", "---")]  # fmt: skip
    old, new = (" ".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+")
    return f"`{old}` → `{new}`" if new else f"`{old}` removed"


def judge(mutant: dict, room: str, trees: queue.Queue, limits: dict[str, float]) -> Judged:
    """Put a mutant into a copy, run its tests, and take it out again."""
    tree = trees.get()
    file = mutant["file"]
    path, before = tree / file, (ROOT / file).read_text(encoding="utf-8")
    try:
        path.write_text(mutant["text"], encoding="utf-8")
        lives, by, _ = run(tree, tests_of(file, room), file, limits[file])
    finally:
        path.write_text(before, encoding="utf-8")
        trees.put(tree)
    change = change_of(before, mutant["text"])
    why = next((why for module, part, why in ARGUED if module == file and part in change), "")
    outcome = "caught" if not lives else "argued" if why else "lived"
    return Judged(file, mutant["line"], mutant["operator"], change, outcome, by or why)


def main() -> int:
    """Exit status 1 where fewer are caught than must be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--number", type=int, default=200, help="mutants of each room (200)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", metavar="WORD", help="rooms whose name holds one")
    parser.add_argument("--write", action="store_true", help="write the section of docs/proof.md")
    given = parser.parse_args()
    began, lines, lived, failed = time.monotonic(), [], [], []
    with tempfile.TemporaryDirectory(prefix="mutants_") as folder:
        trees: queue.Queue = queue.Queue()
        for number in range(AT_A_TIME):
            trees.put(copied(Path(folder) / str(number)))
        for room in ROOMS:
            if given.only and not any(word in room for word in given.only):
                continue
            mutants = drawn(room, given.number, given.seed)
            files = sorted({mutant["file"] for mutant in mutants})
            limits = dict.fromkeys(files, 600.0)
            with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:

                def unchanged(file: str, room: str = room, limits: dict = limits) -> None:
                    tree = trees.get()
                    try:
                        passes, by, seconds = run(tree, tests_of(file, room), file, limits[file])
                    finally:
                        trees.put(tree)
                    assert passes, f"{file}: {by} fails without a mutant"
                    limits[file] = 30 + PATIENCE * seconds

                list(pool.map(unchanged, files))
                jobs = [pool.submit(judge, mutant, room, trees, limits) for mutant in mutants]
                judged = []
                for job in concurrent.futures.as_completed(jobs):
                    judged.append(job.result())
                    one = judged[-1]
                    if one.outcome != "caught":
                        print(f"{one.file}:{one.line}: {one.outcome}: {one.change}", flush=True)
            counts = collections.Counter(one.outcome for one in judged)
            asked = counts["caught"] + counts["lived"]
            low, high = wilson(counts["caught"], asked)
            score = counts["caught"] / asked
            print(f"{room}: {dict(counts)}: {score:.1%} ({low:.1%}–{high:.1%})", flush=True)
            numbers = [len(files), len(judged), counts["caught"], counts["argued"], counts["lived"]]
            lines.append(f"| {room} | {' | '.join(map(str, numbers))} | {score:.1%} ({low:.1%}–{high:.1%}) |")
            lived += sorted((one for one in judged if one.outcome != "caught"), key=lambda one: (one.file, one.line))
            if score < LEAST:
                failed.append(f"{room}: {score:.1%} are caught, {LEAST:.0%} must be")
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(failed) or "held", flush=True)
    if given.write:
        head = ["| room | modules | mutants | caught | argued | lived | share caught (95% interval) |",
                "|---|--:|--:|--:|--:|--:|--:|"]  # fmt: skip
        listed = [
            f"- {one.file}:{one.line}, {one.outcome}: {one.change}{'; ' if one.by else ''}{one.by}" for one in lived
        ]
        about = f"Drawn at random over the lines of the modules, seed {given.seed}; those argued are not counted."
        rows = [*head, *lines, *(f"\n- **{why}**" for why in failed), "", "Not caught:", "", *listed]
        text = f"{stamp(time.monotonic() - began)} {about}\n\n" + "\n".join(rows)
        write_section("mutants", "Lines that are changed", text)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
