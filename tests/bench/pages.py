"""The pages for readers: how long building them takes, and how long the claims explorer takes to answer."""

import shutil
from pathlib import Path

from tests.bench.measure import LCNEC, Cost, NotHere, command, environment


def site(folder: Path) -> list[dict]:
    """Time of the site from nothing, with one notebook changed, and with nothing changed: of what the project's folder
    holds, copied, for a sentence of a notebook is changed. Two cores; the promise is 180 and 20 seconds."""
    from lcnec_utils.core import paths

    drawn = folder / "site_of"
    for name in ("figures", "build"):
        for path in (paths.ROOT / name).glob("*/*" if name == "figures" else "*/[0-9][0-9]_*.json"):
            target = drawn / path.relative_to(paths.ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    for path in (paths.ROOT / "build").glob("*/notebooks/*.ipynb"):
        target = drawn / path.relative_to(paths.ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    env = environment(LCNEC_OUTPUT_DIR=str(drawn))
    first = command([*LCNEC, "site"], env)
    again = command([*LCNEC, "site"], env)
    figure = drawn / "figures" / "twin" / "fig1a.svg"
    figure.write_text(figure.read_text(encoding="utf-8").replace("n = 119", "n = 120"), encoding="utf-8")
    changed = command([*LCNEC, "site"], env)
    return [
        cost.row(name, beside=first, against="from nothing")
        for name, cost in (("lcnec site, from nothing", first), ("one notebook changed", changed),
                           ("nothing changed", again))
    ]  # fmt: skip


def explorer(folder: Path) -> list[dict]:
    """Time until the claims explorer answers in a browser, by row, beside an empty page: all claims, and every pair of
    a claim and a body of evidence. The promise is two seconds."""
    from playwright.sync_api import sync_playwright

    if not shutil.which("chromium"):
        raise NotHere("no chromium; `apt-get install chromium` gives one")
    from lcnec_utils.site import evidence, explorer

    known = evidence.gather()
    explorer.write(folder, known)
    pages = {"an empty page": "<p></p>", "claims explorer": explorer.page(known)}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        taken = {}
        for name, body in pages.items():
            path = folder / "claims" / "index.html"
            path.write_text(f'<!doctype html><html lang="en"><meta charset="utf-8"><body>{body}</body></html>')
            ready = "html[data-claims=ready]" if name == "claims explorer" else "p"
            for rows in ("", "#rows=answers") if name == "claims explorer" else ("",):
                page = browser.new_page()
                page.goto(path.as_uri() + rows)
                page.wait_for_selector(ready, state="attached")
                what = f"{name}, {'claim × body' if rows else 'claims'}" if name == "claims explorer" else name
                taken[what] = page.evaluate("performance.now()") / 1000
                page.close()
        browser.close()
    empty = Cost(taken["an empty page"], 0.0)
    return [Cost(wall, 0.0).row(name, beside=empty, against="an empty page") for name, wall in taken.items()]
