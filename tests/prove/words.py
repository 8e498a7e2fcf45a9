"""A cohort whose words are attacks, and whose patients have names to be searched for, through notebooks and site.

    python tests/prove/words.py [--write]

The study of tests/attacking_words.py is run through every notebook that draws something of it, twice: as it is, and
with small counts withheld; of both runs and the twin's tracked figures a site is built. Every output is parsed
(Markdown as Jupyter renders it, HTML, SVG, CSV), and every file but a CSV is searched for a patient's name.
About six minutes of CPU.
"""

import argparse
import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from markdown_it import MarkdownIt  # noqa: E402

from lcnec_utils.run.plain_texts import without_formulas  # noqa: E402
from tests import attacking_words as attacks  # noqa: E402
from tests.prove.proof import ROOT, stamp, write_section  # noqa: E402

NOTEBOOKS = ["00", "01", "02", "03", "04", "13", "14"]
RUNS = {"attacks": 0, "attacks_withheld": 5}
RENDER = MarkdownIt("commonmark", {"html": True}).enable("table").render


def lcnec(out: Path, *words: str) -> subprocess.CompletedProcess:
    """A command of ours, its output in a folder."""
    environment = {**os.environ, "LCNEC_OUTPUT_DIR": str(out), "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-m", "lcnec_utils.cli", *words], cwd=ROOT, env=environment,
                          capture_output=True, text=True)  # fmt: skip


def outputs_of(notebook: Path) -> list[tuple[str, str]]:
    """What an executed notebook shows, by kind."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    shown = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    return [(kind, "".join(data[kind])) for data in shown for kind in ("text/markdown", "text/html") if kind in data]


def found_in_run(out: Path, run: str) -> tuple[dict[str, int], list[str]]:
    """How many outputs of each kind were parsed, and what was wrong in them."""
    parsed, wrong = dict.fromkeys(["Markdown", "HTML", "SVG", "CSV"], 0), []
    for notebook in sorted((out / "build" / run / "notebooks").glob("*.ipynb")):
        for kind, text in outputs_of(notebook):
            parsed["Markdown" if kind == "text/markdown" else "HTML"] += 1
            page = RENDER(text) if kind == "text/markdown" else text
            wrong += [f"{notebook.name}: {what}" for what in attacks.carries(page)]
    for path in sorted((out / "figures" / run).glob("*.*")):
        if path.suffix == ".svg":
            parsed["SVG"] += 1
            wrong += [f"{path.name}: {what}" for what in attacks.svg_carries(path)]
        if path.suffix == ".csv":
            parsed["CSV"] += 1
            body = path.read_text(encoding="utf-8").partition("\n")[2]
            wrong += [f"{path.name}: a formula"] if without_formulas(body) != body else []
    return parsed, wrong


def patients_in(folder: Path, but: tuple[str, ...] = (".csv",)) -> list[str]:
    """The files under a folder, of other kinds than these, that name a patient."""
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*")
        if path.is_file() and path.suffix not in but and attacks.MARK.encode() in path.read_bytes()
    )  # fmt: skip


def of_patients(table: Path) -> bool:
    """Whether a panel rests on a cohort; one of prints alone counts nobody of it."""
    return bool(json.loads(table.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# "))["cohorts"])


def small_counts(out: Path, run: str, below: int) -> list[str]:
    """Small counts that stand in a run which withholds them: in a table's columns of counts, in a figure's labels, in a
    sentence, in an answer."""
    from lcnec_utils.run import suppression

    wrong = []
    for path in sorted((out / "figures" / run).glob("*.csv")):
        if not of_patients(path):
            continue
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8").partition("\n")[2])))
        for name in rows[0] if rows else []:
            if suppression.COUNT.fullmatch(name):
                values = [float(row[name]) for row in rows if re.fullmatch(r"[\d.]+", row[name] or "")]
                wrong += [f"{path.name}: {name} {value:g}" for value in values if 0 < value < below]
    texts = {path.name: " ".join(re.findall(r"<text[^>]*>([^<]*)<", path.read_text(encoding="utf-8")))
             for path in (out / "figures" / run).glob("*.svg") if of_patients(path.with_suffix(".csv"))}  # fmt: skip
    for notebook in (out / "build" / run / "notebooks").glob("*.ipynb"):
        texts |= {f"{notebook.name} {place}": text for place, (kind, text) in enumerate(outputs_of(notebook))
                  if kind == "text/markdown"}  # fmt: skip
    wrong += [f"{name}: {text[:80]}" for name, text in texts.items() if suppression.sentence(text, below) != text]
    for path in (out / "build" / run).glob("*.json"):
        for id, answer in json.loads(path.read_text(encoding="utf-8")).get("findings", {}).items():
            sizes = [each.get(key) for each in answer["findings"] for key in ("n", "events", "smallest")]
            wrong += [f"{id}: {size}" for size in sizes if size is not None and 0 < size < below]
    return wrong


def site_of(out: Path) -> tuple[int, list[str], list[str]]:
    """A site of the runs: its pages, what in them would run, and its files that name a patient."""
    shutil.copytree(ROOT / "figures" / "twin", out / "figures" / "twin")
    done = lcnec(out, "site", "--out", str(out / "site"))
    if done.returncode:
        return 0, [f"lcnec site: {done.stderr[-400:]}"], []
    pages = [path for path in (out / "site" / "html").rglob("*.html") if "_static" not in path.parts]
    wrong = [f"{path.name}: {what}" for path in pages for what in attacks.carries(path.read_text(encoding="utf-8"))]
    return len(pages), wrong, patients_in(out / "site" / "html", but=())


def main() -> int:
    """Exit status 1 where anything runs, a formula stands in a CSV, or a patient in what is no CSV."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="put the result into docs/proof.md")
    given, start = parser.parse_args(), time.monotonic()
    lines, bad = [], []
    with tempfile.TemporaryDirectory(prefix="lcnec_words_") as folder:
        out = Path(folder)
        study = attacks.write(out / "study")
        chosen = [word for name in NOTEBOOKS for word in ("-n", name)]
        for run, below in RUNS.items():
            file = attacks.params_file(out, study, run, icb="", min_group=2, suppress_below=below)
            done = lcnec(out, "run", "--params", str(file), *chosen)
            bad += [f"{run}: {done.stderr[-300:] or done.stdout[-300:]}"] if done.returncode else []
            (out / "build" / f"{run}.log").write_text(done.stdout + done.stderr, encoding="utf-8")
            parsed, wrong = found_in_run(out, run)
            counts = ", ".join(f"{n} {kind}" for kind, n in parsed.items())
            lines.append(f"`{run}`: {counts} parsed; {len(wrong)} run anything or hold a formula.")
            bad += wrong + ([] if all(parsed.values()) else [f"{run}: nothing to parse of some kind"])
        named = [*patients_in(out / "build"), *patients_in(out / "figures")]
        lines.append(f"Patients' names in figures, notebooks, records, claims and logs: {len(named)} files.")
        small = small_counts(out, "attacks_withheld", 5)
        before = small_counts(out, "attacks", 5)
        lines.append(
            f"Counts from 1 to 4: {len(before)} places in the first run, {len(small)} where they are withheld."
        )
        bad += named + small + ([] if before else ["no small count to withhold"])
        pages, wrong, named = site_of(out)
        lines.append(f"Site: {pages:,} pages parsed, {len(wrong)} run anything; {len(named)} files name a patient.")
        bad += wrong + named
        ran = [name for name in ("x", "ran") if (out / name).exists() or (ROOT / name).exists()]
        lines.append(f"Files that a shell would have touched: {len(ran)}.")
        bad += ran
    text = "\n".join(f"- {line}" for line in lines)
    print(text, *bad[:40], sep="\n")
    if given.write:
        write_section("words", "A cohort whose words are attacks", f"{stamp(time.monotonic() - start)}\n\n{text}")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
