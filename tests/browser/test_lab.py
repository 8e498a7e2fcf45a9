"""JupyterLab as `make lab` starts it, in a real browser: the first notebook opens with its contents beside it, and a
changed parameter gives a new figure and a notice and changes no file of the project.

About 60 s: JupyterLab starts once (10 s), and notebook 02 is run once in it.
"""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from conftest import ROOT
from lcnec_utils.core import params, paths, provenance
from lcnec_utils.run import runs
from tests.browser.browsers import browser  # noqa: F401  (a fixture)
from tests.copies import copy_project

START_S, LOAD_S, RUN_S = 120, 120_000, 400_000  # patience, many times what it takes
TOKEN = "read"


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


@contextlib.contextmanager
def lab_of(top: Path, own: Path):
    """The address of a JupyterLab that the project's Makefile starts in a copy of it; it ends with the test.

    own: a folder for what JupyterLab keeps of its user.
    """
    port = free_port()
    env = {name: value for name, value in os.environ.items() if name not in ("LCNEC_OUTPUT_DIR", "VIRTUAL_ENV")}
    env |= {"PYTHONPATH": str(top), "LCNEC_COHORTS_DIR": str(paths.cohorts())}
    env |= {f"JUPYTER_{name}_DIR": str(own / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    options = f"--no-browser --port={port} --IdentityProvider.token={TOKEN}"
    command = ["make", "-o", ".venv/ready", "lab", f"BIN={Path(sys.executable).parent}", f"LAB={options}"]
    with open(own / "log", "w") as log:
        server = subprocess.Popen(command, cwd=top, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        end = time.monotonic() + START_S
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token={TOKEN}")
                break
            assert server.poll() is None and time.monotonic() < end, (own / "log").read_text()
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=60)


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A copy of the project, its files with their digests, and the address of a JupyterLab in it."""
    lines = runs.prepare(params.RunParameters())
    assert not lines, lines
    top, own = tmp_path_factory.mktemp("lab") / "compendium", tmp_path_factory.mktemp("user")
    digests = {path: provenance.of_file(path) for path in copy_project(top)}
    with lab_of(top, own) as address:
        yield top, digests, address


def opened(page, address: str, notebook: str):
    """The notebook open in JupyterLab, its cells drawn."""
    page.goto(f"{address}/lab/workspaces/reading-room/tree/notebooks/{notebook}.ipynb?token={TOKEN}")
    # tabs of earlier notebooks are there too, hidden
    book = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)").last
    book.locator(".jp-Cell").first.wait_for(timeout=LOAD_S)
    return book


def test_it_opens_on_the_first_notebook_with_its_contents_beside(clone, browser):  # noqa: F811
    top, _, address = clone
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    outside = []
    page.on("request", lambda request: outside.append(request.url) if "127.0.0.1" not in request.url else None)
    page.goto(f"{address}/?token={TOKEN}")
    book = page.locator(".jp-NotebookPanel").first
    book.locator("h1", has_text="Where do I start").wait_for(timeout=LOAD_S)
    contents = page.locator(".jp-TableOfContents")
    contents.get_by_text("Read, rerun, bring your own").wait_for(timeout=LOAD_S)
    assert contents.is_visible()
    assert book.locator(".jp-Notebook-cell").first.bounding_box()["width"] <= 1110, "a column of text"
    # parameters are folded, the cell below is not
    cells = book.locator(".jp-CodeCell")
    assert cells.nth(0).locator(".jp-InputPlaceholder, .jp-Placeholder").is_visible()
    assert "Page(" in cells.nth(1).text_content()
    # no output is taller than a page, but for figures
    heights = page.evaluate(
        "[...document.querySelectorAll('.jp-OutputArea-output')].filter(output => !output.querySelector('img'))"
        ".map(output => output.clientHeight)"
    )
    assert heights and max(heights) <= 1000
    assert not [url for url in outside if not url.startswith(("data:", "blob:"))]
    page.close()


def test_a_changed_parameter_gives_a_new_figure_and_a_notice_and_changes_no_file(clone, browser):  # noqa: F811
    top, digests, address = clone
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    book = opened(page, address, "02_outcomes")
    panel = book.locator(".jp-CodeCell", has_text='page.panel("os_sensitivity")')
    before = panel.locator("img").get_attribute("src")
    # open the folded cell, and write another day
    parameters = book.locator(".jp-CodeCell").first
    parameters.locator(".jp-InputPlaceholder, .jp-Placeholder").click()
    parameters.locator(".cm-line", has_text="era_cut: str").click()
    page.keyboard.press("Home")
    page.keyboard.press("Shift+End")
    page.keyboard.insert_text('era_cut: str = "2017-01-01"')
    page.keyboard.press("Escape")
    assert 'era_cut: str = "2017-01-01"' in parameters.text_content()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("Run All Cells$")).click()
    page.wait_for_function(
        "before => ![...document.querySelectorAll('.jp-InputPrompt')].some(one => one.textContent.includes('*'))"
        " && ![...document.querySelectorAll('.jp-CodeCell img')].some(one => one.src.endsWith(before))",
        arg=before[-200:],
        timeout=RUN_S,
    )
    notice = book.locator(".jp-OutputArea-output", has_text="Scratch run").first
    assert notice.is_visible() and 'era_cut is "2017-01-01"' in notice.text_content()
    assert "build/scratch/twin/" in notice.text_content()
    assert "before 2017-01-01" in panel.text_content() and panel.locator("img").get_attribute("src") != before
    assert not book.locator("[data-mime-type='application/vnd.jupyter.stderr']").count()
    page.close(run_before_unload=False)
    assert "before 2017-01-01" in (top / "build" / "scratch" / "twin" / "os_sensitivity.csv").read_text()
    assert {path: provenance.of_file(path) for path in digests} == digests, "no file of the project is another"
    assert not (top / "build" / "twin").exists(), "and nothing is taken for a result of the run"


def test_the_project_is_copied_whole(clone):
    top, digests, _ = clone
    assert {"Makefile", "notebooks", "figures", "params"} <= {path.name for path in top.iterdir()}
    assert ROOT not in {parent for path in digests for parent in path.parents}
