"""The site as a fresh clone builds it, made once in a session of tests, with one run of someone's own beside.

The own run is planted: one panel of aggregates, and one in which every mark is a real patient.
"""

import csv
import html
import html.parser
import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import ROOT, TEST_OUTPUT, once
from lcnec_utils.core import params, paths, provenance
from lcnec_utils.run import carried_evidence
from lcnec_utils.run.plain_texts import as_markdown
from tests import attacking_words

SECRET = "OWN-PATIENT-77"  # a patient of the planted run
AGGREGATE, OF_PATIENTS = "subtype_shares", "fig2a"
FOLDER = "/somewhere/my_study"  # where its patients lie, which is nobody's to know
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:dc="http://purl.org/dc/elements/1.1/" width="100pt" height="50pt">'
    "<title>{title}</title>\n <desc>{title}. {sentence}</desc>\n"
    "<metadata><dc:description>{line}</dc:description></metadata><text>{words}</text></svg>\n"
)
CLONE = TEST_OUTPUT / "clone"


def plant_table(folder: Path, panel: str, body: str, **about: object) -> Path:
    """A panel's table with its line of provenance, as a run writes it."""
    line = {"project": "lcnec-compendium", "run": folder.name, "panel": panel, "simulated": False,
            "cohorts": {"cohort": f"{FOLDER} 0123456789abcdef"}, "parameters": "0" * 16, **about}  # fmt: skip
    path = folder / f"{panel}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**line, "csv": provenance.of_bytes(body.encode())})
    path.write_text(f"# {text}\n{body}", encoding="utf-8")
    return path


def plant_panel(folder: Path, panel: str, body: str, words: str, sentence: str = "", **about: object) -> Path:
    """A panel's table, its SVG with these words and its PNG, as a run writes them; returns the table's path.

    sentence: what the figure says of itself behind its title.
    """
    from PIL import Image, PngImagePlugin

    table = plant_table(folder, panel, body, **about)
    line = table.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
    text = SVG.format(title=panel, sentence=sentence, line=html.escape(line, quote=False), words=words)
    table.with_suffix(".svg").write_text(text, encoding="utf-8")
    carried = PngImagePlugin.PngInfo()
    for name, value in (("Description", line), ("Comment", words)):
        carried.add_text(name, value)
    Image.new("L", (100, 50)).save(table.with_suffix(".png"), pnginfo=carried)
    for kind in (".svg", ".png"):
        carried_evidence.seal(table.with_suffix(kind))
    return table


def plant_run(folder: Path) -> None:
    """The files of a run on someone's own patients."""
    shares = "group,what,k,n,share\nall,SCLC-like,3,12,0.25\n"
    plant_panel(folder, AGGREGATE, shares, "my study (n = 12)").with_suffix(".png").unlink()
    (folder / f"{AGGREGATE}.rows.csv").write_text(f"PATIENT_ID,event\n{SECRET},1\n", encoding="utf-8")
    plant_panel(folder, OF_PATIENTS, f"SAMPLE_ID,TP53\n{SECRET},1\n", SECRET)


def plant_attacks(out: Path) -> None:
    """A run whose words are attacks: in a table, a figure, its sentence, a cohort's folder, a skip, an executed
    notebook."""
    words, run = attacking_words, "attacks"
    rows = io.StringIO()
    cells = [[word, "SCLC-like", 3, 12, 0.25] for word in (*words.WORDS, words.FENCE)]
    csv.writer(rows, lineterminator="\n").writerows([["group", "what", "k", "n", "share"], *cells])
    said = f"**Shares.** {'; '.join(words.WORDS)}; {words.FENCE}"
    shown = html.escape(said, quote=False)
    plant_panel(
        out / "figures" / run, AGGREGATE, rows.getvalue(), f"{shown} (n = 12)", sentence=shown,
        cohorts={"cohort": f"/somewhere/{words.SCRIPT.replace('/', '')} {words.LINK} {words.FENCE} 0123456789abcdef"},
    ).with_suffix(".png").unlink()  # fmt: skip
    entries = params.read_yaml(paths.PANELS)
    notebook, digest = entries[AGGREGATE]["notebook"], provenance.of_file(out / "figures" / run / f"{AGGREGATE}.csv")
    skipped = {id: f"{words.SCRIPT} {words.PICTURE} {words.LINK} {words.FENCE}" for id, entry in entries.items()
               if entry["notebook"] == notebook and id != AGGREGATE}  # fmt: skip
    record = {"notebook": notebook, "run": run, "simulated": False, "cohorts": {"cohort": words.SCRIPT},
              "inputs": {"cohorts": {}}, "drawn": {AGGREGATE: {f"{AGGREGATE}.csv": digest}}, "skipped": skipped,
              "published": {}, "findings": {}}  # fmt: skip
    outputs = [{"output_type": "display_data", "metadata": {}, "data": {"text/markdown": as_markdown(said)}}]
    cell = {"cell_type": "code", "source": f'with page.panel("{AGGREGATE}") as panel:\n    pass', "outputs": outputs}
    executed = out / "build" / run / "notebooks" / f"{notebook}.ipynb"
    executed.parent.mkdir(parents=True)
    executed.write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    (out / "build" / run / f"{notebook}.json").write_text(json.dumps(record), encoding="utf-8")


def plant_clone(folder: Path) -> None:
    """The tracked figures alone, the own run and one of attacks: what a fresh clone has whose user drew two runs."""
    command = ["git", "ls-files", "--cached", "figures"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    plant_run(folder / "figures" / "mine")
    plant_attacks(folder)


def built_site() -> Path:
    """The folder of the site's pages, built by the first test of the session that asks for it."""

    def make() -> None:
        from lcnec_utils.site import build

        plant_clone(CLONE)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LCNEC_OUTPUT_DIR", str(CLONE))
            build.build(TEST_OUTPUT / "site_of_clone")

    once("site_of_clone", make)
    return TEST_OUTPUT / "site_of_clone" / "html"


class Elements(html.parser.HTMLParser):
    """The elements of a page as a flat list: tag, attributes, and the text up to the next tag."""

    def __init__(self, page: str):
        super().__init__()
        self.found: list[tuple[str, dict, str]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, {name: value or "" for name, value in attrs}, ""))

    def handle_data(self, data):
        if self.found:
            tag, attrs, text = self.found[-1]
            self.found[-1] = (tag, attrs, text + data)
