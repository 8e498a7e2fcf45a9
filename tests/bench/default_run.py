"""The default run: beside a shell loop of papermill over the same notebooks, again, and after a plot was touched.

A copy of the project is measured, so that a module of it can be touched. Cohorts are built before the clock starts, and
every kernel has one thread on either side.
"""

import os
import shlex
import sys
from pathlib import Path

from lcnec_utils.core import params, paths
from lcnec_utils.run import records, runs
from tests.bench.measure import LCNEC, Cost, command, environment, median, stated
from tests.copies import copy_project

WHOLE, AGAIN_S = 0.55, 2.0  # bounds
TOUCHED = "tornado"  # a plot that one notebook uses
CORES = os.cpu_count() if (os.cpu_count() or 0) < 2 else 2


def shell_loop(tree: Path, out: Path, notebooks: list[str]) -> Cost:
    """papermill over notebooks, one after the other, from a shell."""
    env = environment(PYTHONPATH=str(tree), LCNEC_OUTPUT_DIR=str(out), LCNEC_COHORTS_DIR=str(paths.cohorts()))
    (out / "executed").mkdir(parents=True)
    papermill = (
        f"{shlex.quote(sys.executable)} -m papermill --no-progress-bar -k python3 --cwd {shlex.quote(str(tree))}"
    )
    loop = (
        f"for name in {' '.join(notebooks)}; do {papermill} -f params/twin.yaml notebooks/$name.ipynb "
        f"{shlex.quote(str(out))}/executed/$name.ipynb || exit 1; done"
    )
    return command(["sh", "-c", loop], env, tree)


def whole(tree: Path, out: Path, only: list[str], cores: int = CORES) -> Cost:
    """The default run by `lcnec run`, these notebooks of it."""
    env = environment(PYTHONPATH=str(tree), LCNEC_OUTPUT_DIR=str(out), LCNEC_COHORTS_DIR=str(paths.cohorts()))
    chosen = [word for name in only for word in ("-n", name)]
    return command([*LCNEC, "run", "--params", "params/twin.yaml", "--cores", str(cores), *chosen], env, tree)


def ran_since(out: Path, before: dict[str, int]) -> list[str]:
    """The notebooks whose records were written since `before` was."""
    return [name for name, when in written(out).items() if before.get(name) != when]


def written(out: Path) -> dict[str, int]:
    """When each notebook's record was written."""
    return {path.stem: path.stat().st_mtime_ns for path in sorted((out / "build" / "twin").glob(records.RECORDS))}


def tables_alike(one: Path, other: Path) -> tuple[int, int]:
    """How many of the run's tables are the same to the byte, and of how many."""
    names = sorted({path.name for out in (one, other) for path in (out / "figures" / "twin").glob("*.csv")})
    there = [[out / "figures" / "twin" / name for out in (one, other)] for name in names]
    same = sum(all(path.exists() for path in two) and two[0].read_bytes() == two[1].read_bytes() for two in there)
    return same, len(names)


def rows(folder: Path, only: list[str] | None = None) -> list[dict]:
    """Wall time of the whole beside the loop's; of the run again; which notebooks run when one plot is touched.

    only: these notebooks instead of all.
    """
    tree = folder / "tree"
    copy_project(tree)
    notebooks = only or runs.notebooks_of(params.RunParameters())
    env = environment(PYTHONPATH=str(tree), LCNEC_OUTPUT_DIR=str(folder / "cohorts"))
    command([*LCNEC, "run", "--params", "params/twin.yaml", "-n", "00"], env, tree, (0, 1))  # builds the cohorts
    ours, loop = whole(tree, folder / "ours", notebooks), shell_loop(tree, folder / "loop", notebooks)
    same, number = tables_alike(folder / "ours", folder / "loop")
    beside = f"papermill, {len(notebooks)} notebooks one by one"
    result = [
        loop.row(beside),
        ours.row(f"lcnec run on {CORES} cores", beside=loop, against="papermill", bound=WHOLE,
                 note=f"{same} of {number} tables the same to the byte"),
        ours.row("  processor time of the same", beside=loop, by="cpu", against="papermill"),
    ]  # fmt: skip
    before = written(folder / "ours")
    again = median([whole(tree, folder / "ours", notebooks) for _ in range(5)])
    ran = ran_since(folder / "ours", before)
    result += [
        stated("nothing changed: seconds", again.wall, AGAIN_S),
        stated("nothing changed: notebooks run", len(ran), 0, ", ".join(ran)),
    ]
    return result + touched(tree, folder / "ours", notebooks)


def touched(tree: Path, out: Path, notebooks: list[str]) -> list[dict]:
    """What runs when a comment is added to one plot's module, and how long it takes."""
    module = tree / "lcnec_utils" / "plots" / f"{TOUCHED}.py"
    module.write_text(module.read_text(encoding="utf-8") + "\n# touched\n", encoding="utf-8")
    before = written(out)
    cost = whole(tree, out, notebooks)
    ran = ran_since(out, before)
    books = {name: (tree / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8") for name in before}
    using = [name for name, text in books.items() if f"plots.{TOUCHED} " in text or f"plots import {TOUCHED}" in text]
    others = [name for name in ran if name not in using]
    return [
        cost.row(f"plots/{TOUCHED}.py touched", note=f"ran: {', '.join(ran) or 'none'}"),
        stated("  notebooks run that do not use it", len(others), 0, ", ".join(others)),
        stated("  notebooks that use it and did not run", len(set(using) - set(ran)), 0),
    ]


def figures(folder: Path) -> list[dict]:
    """`make figures` from nothing on two cores and on one, and again, as ratios to the first."""
    env = environment(LCNEC_OUTPUT_DIR=str(folder))
    start = median([command([sys.executable, "-c", "pass"], env) for _ in range(5)])
    first = command([*LCNEC, "batch"], env)
    again = median([command([*LCNEC, "batch"], env) for _ in range(5)])
    one = command([*LCNEC, "batch", "--cores", "1"], {**env, "LCNEC_OUTPUT_DIR": str(folder / "one")})
    named = {"python starts": start, "make figures, first, two cores": first, "make figures, first, one core": one,
             "make figures, second (nothing to run)": again}  # fmt: skip
    return [cost.row(name, beside=first, against="first") for name, cost in named.items()]
