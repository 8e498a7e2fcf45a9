"""The site as a fresh clone builds it, made once in a session of tests, with one run of someone's own beside.

The own run is planted: one panel of aggregates, and one in which every mark is a real patient.
"""

import html.parser
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import ROOT, TEST_OUTPUT, once
from lcnec_utils.core import provenance

SECRET = "OWN-PATIENT-77"  # a patient of the planted run
AGGREGATE, OF_PATIENTS = "subtype_shares", "fig2a"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="100pt" height="50pt"><text>{words}</text></svg>\n'
CLONE = TEST_OUTPUT / "clone"


def plant_table(folder: Path, panel: str, body: str, **about: object) -> Path:
    """A panel's table with its line of provenance, as a run writes it."""
    line = {"project": "lcnec-compendium", "run": folder.name, "panel": panel, "simulated": False,
            "cohorts": {"cohort": "/somewhere/my_study 0123456789abcdef"}, "parameters": "0" * 16, **about}  # fmt: skip
    path = folder / f"{panel}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**line, "csv": provenance.of_bytes(body.encode())})
    path.write_text(f"# {text}\n{body}", encoding="utf-8")
    return path


def plant_run(folder: Path) -> None:
    """The files of a run on someone's own patients."""
    plant_table(folder, AGGREGATE, "group,what,k,n,share\nall,SCLC-like,3,12,0.25\n")
    (folder / f"{AGGREGATE}.svg").write_text(SVG.format(words="my study (n = 12)"), encoding="utf-8")
    (folder / f"{AGGREGATE}.rows.csv").write_text(f"PATIENT_ID,event\n{SECRET},1\n", encoding="utf-8")
    plant_table(folder, OF_PATIENTS, f"SAMPLE_ID,TP53\n{SECRET},1\n")
    (folder / f"{OF_PATIENTS}.svg").write_text(SVG.format(words=SECRET), encoding="utf-8")
    (folder / f"{OF_PATIENTS}.png").write_bytes(SECRET.encode())


def plant_clone(folder: Path) -> None:
    """The tracked figures alone, and the own run: what a fresh clone has whose user drew one run."""
    command = ["git", "ls-files", "--cached", "figures"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    plant_run(folder / "figures" / "mine")


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
