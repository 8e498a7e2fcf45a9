"""How fast, beside what, in how much memory: each part measured side by side with public tools in one run.

`make bench` runs all parts but those marked extra, prints their ratios, keeps tables and a plot in build/bench/, and
puts the figures into BENCH.md. `make bench PARTS="r python"` runs some. Machines are noisy, so nothing is asserted.
`make bench AGAINST=<commit>` (or the folder of another clone) compares `lcnec batch` from nothing with that of an
earlier state, run by turns.
"""

import argparse
import dataclasses
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import (
    against,
    beside_lifelines,
    beside_python,
    beside_r,
    default_run,
    growth,
    many_samples,
    measure,
    pages,
    report,
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Part:
    """A part of the bench: what it says it measures, and the function from a scratch folder to rows."""

    title: str
    rows: Callable[[Path], list[dict]]
    extra: bool = False


PARTS = {
    "default": Part("the default run beside a loop of papermill, nothing changed, one plot touched", default_run.rows),
    "growth": Part("590 to 59,000 patients: clinical, genomic, claims", growth.rows),
    "samples": Part("125,632 tumours' expression from disk in chunks", many_samples.rows),
    "r": Part("the same work beside R", beside_r.rows),
    "python": Part("beside gseapy and scipy by hand", beside_python.rows),
    "survival": Part("survival of 60,000 patients beside lifelines' Kaplan-Meier fit", beside_lifelines.rows),
    "twins": Part("time and memory of the twins", growth.twins, extra=True),
    "reading": Part("a study of a million mutation rows beside pandas' own reading", growth.reading),
    "explorer": Part("opening the claims explorer beside an empty page", pages.explorer),
    "site": Part("the site from nothing, one notebook changed, nothing changed", pages.site, extra=True),
    "figures": Part("every shipped run, on two cores, on one, and again", default_run.figures, extra=True),
}


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    listed = "\n".join(f"  {name:<10}{part.title}{' (extra)' if part.extra else ''}" for name, part in PARTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=f"{__doc__}\nparts:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("parts", nargs="*", metavar="PART", help="all but the extra ones where none is named")
    parser.add_argument("--against", metavar="COMMIT|FOLDER", help="compare with this earlier state, and nothing else")
    parser.add_argument("--params", action="append", default=[], type=Path, metavar="FILE", help="only these runs")
    parser.add_argument("--cores", type=int, default=2, metavar="N")
    parser.add_argument("--times", type=int, default=1, metavar="N", help="pairs to run (1)")
    asked = parser.parse_args()
    if unknown := [name for name in asked.parts if name not in PARTS]:
        parser.error(f"no part {unknown[0]}; there are {', '.join(PARTS)}")
    return asked


def run(names: list[str], folder: Path) -> list[str]:
    """Measure parts, print and keep what they came to; returns the bounds that were missed."""
    machine, missed = measure.machine(), []
    print(machine, flush=True)
    for name in names:
        part, start = PARTS[name], time.perf_counter()
        place = folder / name
        place.mkdir()
        print(f"\n{name}: {part.title}", flush=True)
        try:
            table = measure.table(part.rows(place))
        except measure.NotHere as reason:
            print(f"  left out: {reason}")
            continue
        finally:
            shutil.rmtree(place, ignore_errors=True)
        seconds = time.perf_counter() - start
        print(report.as_text(table))
        print(f"{name} took {seconds:,.0f} s", flush=True)
        report.keep(name, part.title, table, machine, seconds)
        missed += [f"{name}: {what}" for what in table.loc[table["met"] == "no", "what"]]
    return missed


def main() -> None:
    """Measure what the command line asks for."""
    asked = arguments()
    folder = Path(tempfile.mkdtemp())
    try:
        if asked.against:
            files = [str(file.resolve()) for file in asked.params]
            against.paired(asked.against, files, asked.cores, asked.times, folder)
            return
        missed = run(asked.parts or [name for name, part in PARTS.items() if not part.extra], folder)
        print(f"\ntables and plot: {report.plot().parent}; figures: {report.PAGE.name}")
        print(f"missed bounds: {'; '.join(missed) or 'none'}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
