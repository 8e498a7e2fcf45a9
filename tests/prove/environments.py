"""The same commit in four environments: does it give the same bytes?

    python tests/prove/environments.py [--only WORD …] [--write]

Each is a fresh clone of the commit in a folder of its own, which builds its own cohorts and draws the runs RUNS. The
first three must agree to the byte in every SVG, PNG, CSV, answer and file of a cohort; of the fourth, in which numpy,
OpenBLAS and numba are told of a processor without vector instructions, tables must agree to TOLERANCE and words must be
the same. They share this project's virtual environment. About 25 minutes on two cores; needs the public data.
"""

import argparse
import collections
import csv
import dataclasses
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from tests.prove.proof import ROOT, stamp, write_section  # noqa: E402

RUNS = ["twin", "msk_met", "tu_lcnec"]
TOLERANCE = 1e-6  # relative, of what a table says; and as much absolute where a number is 0
NUMBER = r"\d+(?:\.\d+)?"
LEAST = 0.95  # share of panels that must agree to the byte
FEATURES = (
    "AVX AVX2 FMA3 F16C AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR SSE42 SSE41 SSSE3"
)


@dataclasses.dataclass(frozen=True)
class Environment:
    """One of them: the name of its folder, its cores, its variables (those that are None are not there)."""

    name: str
    folder: str
    cores: int
    variables: dict[str, str | None]
    same_bytes: bool = True


ENVIRONMENTS = [
    Environment("two cores, UTC, C.UTF-8", "a", 2, {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1"}),
    Environment(
        "one core, Kiritimati (UTC+14), C, no HOME, another hash seed", "a folder, of another length é", 1,
        {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "HOME": None, "PYTHONHASHSEED": "4242"},
    ),
    Environment(
        "four at a time, Pago Pago (UTC-11), POSIX in Latin-1", "deep/er/still", 4,
        {"TZ": "Pacific/Pago_Pago", "LC_ALL": "POSIX", "PYTHONIOENCODING": "latin-1", "PYTHONHASHSEED": "random"},
    ),
    Environment(
        "two cores, a processor without vector instructions", "plain", 2,
        {"NPY_DISABLE_CPU_FEATURES": FEATURES, "OPENBLAS_CORETYPE": "Prescott", "NUMBA_CPU_NAME": "generic",
         "NUMBA_CPU_FEATURES": "", "TZ": "UTC", "LC_ALL": "C.UTF-8"}, same_bytes=False,
    ),
]  # fmt: skip


def drawn(where: Environment, folder: Path) -> Path:
    """A clone in which the runs were drawn."""
    tree = folder / where.folder
    tree.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(tree)], check=True)
    for run in RUNS:
        shutil.rmtree(tree / "figures" / run)  # what is compared is drawn here
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("LCNEC_COHORTS_DIR", "LCNEC_OUTPUT_DIR", "LCNEC_FORKS", "LANG")}  # fmt: skip
    environment |= {"PYTHONPATH": str(tree)}
    for name, value in where.variables.items():
        environment.pop(name, None)
        environment |= {name: value} if value is not None else {}
    command = [sys.executable, "-m", "lcnec_utils.cli", "batch", *(f"params/{run}.yaml" for run in RUNS),
               "--cores", str(where.cores)]  # fmt: skip
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, errors="replace")
    if done.returncode:
        sys.exit(f"{where.name}: ended with {done.returncode}: {(done.stdout + done.stderr)[-800:]}")
    return tree


def files_of(tree: Path) -> dict[str, bytes]:
    """Figures, tables, answers, and the files of the cohorts, by their path."""
    figures = [path for run in RUNS for path in (tree / "figures" / run).rglob("*.*")]
    found = [*figures, *(tree / "build" / "cohorts").glob("*/*.txt")]
    return {str(path.relative_to(tree)): path.read_bytes() for path in sorted(found) if path.is_file()}


def panel_of(name: str) -> str:
    """The run and panel that a file of figures/ belongs to."""
    path = Path(name)
    return f"{path.parent.name}/{path.name.partition('.')[0]}"


def far(one: bytes, other: bytes) -> float:
    """How far the numbers of two tables lie from each other, relatively; infinite where words or shape differ."""
    tables = [list(csv.reader(text.decode().splitlines()[1:])) for text in (one, other)]
    if len(tables[0]) != len(tables[1]):
        return math.inf
    most = 0.0
    for left, right in zip(*tables, strict=True):
        if len(left) != len(right):
            return math.inf
        for a, b in zip(left, right, strict=True):
            if a == b:
                continue
            try:
                x, y = float(a), float(b)
            except ValueError:
                if re.sub(NUMBER, "#", a) != re.sub(NUMBER, "#", b):
                    return math.inf
                # a sentence or an interval, rounded: another last digit is no difference, more is one
                for x, y in zip(re.findall(NUMBER, a), re.findall(NUMBER, b), strict=True):
                    unit = 10.0 ** -len(x.partition(".")[2])
                    if len(x.partition(".")[2]) != len(y.partition(".")[2]) or abs(float(x) - float(y)) > 1.01 * unit:
                        return math.inf
                continue
            most = max(most, abs(x - y) / max(abs(x), abs(y), 1.0))
    return most


def main() -> int:
    """Exit status 1 where an environment does not give what it must."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="WORD", help="environments whose name holds one, and the first")
    parser.add_argument("--write", action="store_true", help="write the section of docs/proof.md")
    given = parser.parse_args()
    began, failed, lines = time.monotonic(), [], []
    chosen = [where for number, where in enumerate(ENVIRONMENTS)
              if not number or not given.only or any(word in where.name for word in given.only)]  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="environments_") as folder:
        first: dict[str, bytes] = {}
        for number, where in enumerate(chosen):
            start = time.monotonic()
            files = files_of(drawn(where, Path(folder) / str(number)))
            seconds = time.monotonic() - start
            panels = {panel_of(name) for name in files if name.startswith("figures/")}
            if not first:
                first = files
                lines.append(f"| {where.name} | {len(panels)} | {len(files)} | the others are compared with it | |")
                print(f"{where.name}: {len(files)} files, {seconds:.0f} s", flush=True)
                continue
            differ = sorted(name for name in {*first, *files} if first.get(name) != files.get(name))
            apart = {panel_of(name) for name in differ if name.startswith("figures/")}
            kinds = collections.Counter(Path(name).suffix for name in differ)
            same = 1 - len(apart) / max(len(panels), 1)
            tables = [name for name in differ if name.endswith(".csv") and name in first and name in files]
            most = {name: far(first[name], files[name]) for name in tables}
            of_kinds = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
            words = f"{len(differ)} files ({of_kinds})" if differ else "none"
            over = sorted(name for name, value in most.items() if value > TOLERANCE)
            numbers = f"tables at most {max(most.values()):.0e} apart" if most else ""
            lines.append(f"| {where.name} | {len(panels)} | {len(files)} | {words} | {numbers} |")
            print(f"{where.name}: differ: {words}; {numbers}; {seconds:.0f} s", *differ[:20], sep="\n  ", flush=True)
            if where.same_bytes:
                if same < LEAST:
                    failed.append(f"{where.name}: {len(apart)} of {len(panels)} panels differ")
                lines += [f"<!-- {name} -->" for name in sorted(apart)]
            elif set(first) != set(files) or over:
                failed.append(f"{where.name}: beyond {TOLERANCE:g}: {', '.join(over[:8]) or 'files are missing'}")
    print("\n".join(failed) or "held", flush=True)
    if given.write:
        head = ["| environment | panels | files | differ from the first | |", "|---|--:|--:|---|---|"]
        commit = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True
        ).stdout
        about = f"Commit {commit.strip()}, runs {', '.join(RUNS)}, cohorts built anew."
        text = f"{stamp(time.monotonic() - began)} {about}\n\n"
        write_section("environments", "The same commit in four environments", text
                      + "\n".join([*head, *lines, *(f"\n- **{why}**" for why in failed)]))  # fmt: skip
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
