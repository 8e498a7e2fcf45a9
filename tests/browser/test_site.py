"""The site in a real browser, from disk: pages load without a fault or a request outside, filters do what they say, and
axe finds no serious fault, in light and dark, on a phone and a wide screen.

About 50 s beside the build, which tests/site shares: 60 pages are opened, of each folder every n-th, and axe looks at
eight, each kind once on a phone in dark and once on a wide screen in light. Links, files and weights of all pages are
read without a browser in tests/site, and what each filter of the explorer shows in test_explorer_filters.py.
"""

import re
import urllib.parse
from functools import cache
from pathlib import Path

import pytest

from lcnec_utils.core import params, paths
from lcnec_utils.ledger import claims
from tests.browser.browsers import browser  # noqa: F401  (a fixture)
from tests.site.built import built_site

# of these folders every n-th page is opened: one template makes all of a folder
EVERY = {"claims": 60, "reference": 30, "code": 20, "cohorts": 5, "docs": 3, "notebooks": 2, "sources": 2}
PHONE, WIDE = {"width": 375, "height": 740}, {"width": 1400, "height": 900}
CLAIM = "icb.rv_text_effects.os.tmb_high"
KINDS = {
    "home": "index.html",
    "a notebook": "notebooks/02_outcomes.html",
    "the explorer": "claims/index.html",
    "a claim": f"claims/{CLAIM}.html",
}
LOAD_MS = 60_000


@pytest.fixture(scope="module")
def site() -> Path:
    """The folder of the site's pages."""
    return built_site()


@cache
def pages_of(site: Path) -> list[str]:
    """The addresses of the site's pages; the theme's own templates under _static are none."""
    found = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    return [name for name in found if not name.startswith("_static/")]


def sample(site: Path) -> list[str]:
    """All pages but those of EVERY, and of these every n-th."""
    chosen = []
    for folder, names in _by_folder(site).items():
        chosen += names[:: EVERY.get(folder, 1)]
    return sorted({*chosen, *KINDS.values()})


def _by_folder(site: Path) -> dict[str, list[str]]:
    folders: dict[str, list[str]] = {}
    for name in pages_of(site):
        folders.setdefault(name.partition("/")[0] if "/" in name else "", []).append(name)
    return folders


def lacking(page: str, request) -> list[str]:
    """A request that came to nothing; a picture out of sight whose page was left meanwhile is none."""
    return [] if "ERR_ABORTED" in (request.failure or "") else [f"{page}: lacks {request.url} ({request.failure})"]


@pytest.fixture
def opened(site, browser):  # noqa: F811
    """A function that opens a page of the site, and the list of faults: what it says, lacks, or asks from outside."""
    contexts, faults = [], []

    def watch(context):
        def route(way):
            if way.request.url.startswith(("file:", "data:", "blob:")):
                return way.continue_()
            faults.append(f"asks for {way.request.url}")
            return way.abort()

        context.route("**/*", route)
        page = context.new_page()
        page.set_default_timeout(LOAD_MS)
        page.on("console", lambda line: faults.append(f"{page.url}: {line.text}") if line.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        page.on("requestfailed", lambda request: faults.extend(lacking(page.url, request)))
        return page

    def open_page(name: str = "", viewport=WIDE, **options):
        contexts.append(browser.new_context(viewport=viewport, **options))
        page = watch(contexts[-1])
        if name:
            page.goto((site / name.partition("#")[0]).as_uri() + "".join(name.partition("#")[1:]), wait_until="load")
        return page

    yield open_page, faults
    for context in contexts:
        context.close()


# --- every page


def test_pages_load_without_a_fault_and_without_a_request_outside(site, opened):
    open_page, faults = opened
    page, names = open_page(), sample(site)
    assert len(names) > 50 and {name.partition("/")[0] for name in names} >= {*EVERY, "index.html"}
    for name in names:
        page.goto((site / name).as_uri(), wait_until="load")
    assert not faults, faults[:10]


def test_a_page_with_faults_is_told_from_one_without(opened, tmp_path):
    """What the test above would tell: a request outside, a file that is not there, an error of a script."""
    open_page, faults = opened
    page, file = open_page(), tmp_path / "faults.html"
    file.write_text("<img src='https://example.org/a.png'><img src='none.png'><script>nothing()</script>")
    page.goto(file.as_uri(), wait_until="load")
    told = " ".join(faults)
    assert "asks for https://example.org" in told and "none.png" in told and "nothing is not defined" in told


def test_style_sheets_load_nothing_from_outside_and_nothing_that_is_not_there(site):
    for sheet in site.rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.S)
        for address in re.findall(r"url\(\s*[\"']?([^\"')]+)", text):
            assert not address.startswith(("http", "//")), (sheet, address)
            if not address.startswith(("data:", "#")):
                assert (sheet.parent / address.partition("?")[0].partition("#")[0]).exists(), (sheet, address)
        assert not re.search(r"@import\s+(url\()?[\"']?(https?:)?//", text), sheet


# --- axe


def serious(page) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    # axe would load style sheets a second time, which a page from disk may not
    found = Axe().run(page, options={"preload": False, "resultTypes": ["violations"]}).response["violations"]
    return [
        f"{fault['id']} ({fault['impact']}): {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"][:3]
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("viewport, colours", [(PHONE, "dark"), (WIDE, "light")], ids=["phone-dark", "wide-light"])
def test_axe_finds_no_serious_fault(opened, kind, colours, viewport):
    open_page, faults = opened
    page = open_page(KINDS[kind], viewport, color_scheme=colours)
    ready(page)
    assert page.evaluate("document.documentElement.dataset.theme") == colours
    assert not serious(page) and not faults


def ready(page) -> None:
    """Wait until the explorer, where the page is one, has drawn its rows."""
    if page.locator("#claims-form").count():
        page.wait_for_function("document.documentElement.dataset.claims === 'ready'")


def test_axe_finds_a_fault_where_there_is_one(opened):
    """A picture without words and text that is hardly seen: what the test above would tell."""
    open_page, _ = opened
    page = open_page()
    page.set_content("<main><img src='data:,'><p style='color:#ddd;background:#fff'>grey</p></main>")
    assert {fault.split()[0] for fault in serious(page)} >= {"image-alt", "color-contrast"}


@pytest.mark.parametrize("name", [*KINDS.values(), "audit.html", "replication.html", "cohorts/index.html"])
def test_a_phone_scrolls_no_page_sideways(opened, name):
    open_page, _ = opened
    page = open_page(name, PHONE)
    ready(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"] + 1


# --- filters


def rows_shown(page) -> int:
    return int(page.locator("#claims-shown").text_content().split()[0].replace(",", ""))


@pytest.fixture
def explorer(opened):
    open_page, faults = opened
    page = open_page(KINDS["the explorer"])
    ready(page)
    yield page
    assert not faults


def choose(page, name: str, value: str) -> None:
    page.locator(f"select[data-filter='{name}']").select_option(value)


def test_the_explorer_shows_every_claim_and_its_address_carries_what_is_chosen(explorer, opened):
    """What each filter shows is held against the ledgers in test_explorer_filters.py, without the theme."""
    assert rows_shown(explorer) == len(claims.published())
    explorer.locator("#claims-search").fill("STK11")
    shown = rows_shown(explorer)
    assert 0 < shown <= len(claims.published()) / 4
    choose(explorer, "source", "lcnec")
    both = rows_shown(explorer)
    assert 0 < both < shown
    open_page, _ = opened
    again = open_page(f"{KINDS['the explorer']}#{explorer.url.partition('#')[2]}")
    ready(again)
    assert rows_shown(again) == both and again.locator("#claims-search").input_value() == "STK11"
    explorer.get_by_role("button", name=re.compile("reset|clear|all claims", re.I)).first.click()
    assert rows_shown(explorer) == len(claims.published())


def test_a_row_of_the_explorer_leads_to_the_claim_and_from_there_to_panel_and_code(explorer, site):
    """Two clicks."""
    explorer.locator("#claims-search").fill(CLAIM)
    explorer.locator("#claims-table tbody tr").first.locator("a").first.click()
    explorer.wait_for_url(f"**/{CLAIM}.html")
    links = explorer.locator("main a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    panel = claims.published()[CLAIM].panel
    notebook = params.read_yaml(paths.PANELS)[panel]["notebook"]
    assert any(link and link.startswith(f"../notebooks/{notebook}.html#{panel}") for link in links)
    assert any(link and "/code/" in link for link in links)


def test_the_gallery_shows_the_kind_that_is_chosen(opened):
    open_page, faults = opened
    page = open_page(KINDS["home"])
    boxes = page.locator(".gallery-filter input")
    totals = {}
    for place in range(boxes.count()):
        boxes.nth(place).check()
        kind = boxes.nth(place).input_value()
        visible = page.locator(".card-panel:visible")
        totals[kind] = visible.count()
        assert page.locator(".gallery-filter .shown").text_content().split()[0] == str(visible.count())
        kinds = set(visible.evaluate_all("all => all.map(one => one.dataset.kind)"))
        assert not kind or kinds == {kind}
    assert totals[""] == sum(count for kind, count in totals.items() if kind) and len(totals) > 2
    assert not faults


def test_the_switch_of_a_panel_shows_one_run_at_a_time_by_pointer_and_by_key(opened):
    open_page, faults = opened
    page = open_page(KINDS["a notebook"])
    panel = page.locator(".lcnec-panel", has=page.locator('[role="tab"] >> nth=1')).first
    tabs = panel.locator('[role="tab"]')
    for place in range(tabs.count()):
        tabs.nth(place).click()
        assert panel.locator('[role="tabpanel"]:visible').count() == 1
        shown = panel.locator('[role="tabpanel"]:visible').get_attribute("id")
        assert tabs.nth(place).get_attribute("aria-controls") == shown
    tabs.first.click()
    page.keyboard.press("ArrowRight")
    assert tabs.nth(1).get_attribute("aria-selected") == "true"
    assert not faults


def test_the_first_key_leads_past_the_menu_and_each_page_has_one_heading(opened):
    open_page, _ = opened
    for name in KINDS.values():
        page = open_page(name)
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.textContent + document.activeElement.getAttribute('href')")
        assert "skip" in focused.lower() and "#" in focused
        assert page.locator("main h1").count() == 1 and page.locator("html[lang=en]").count() == 1


def test_search_works_from_disk(opened, site):
    open_page, faults = opened
    page = open_page()
    page.goto((site / "search.html").as_uri() + "?" + urllib.parse.urlencode({"q": "quanTIseq"}), wait_until="load")
    page.locator("#search-results li").first.wait_for()
    assert not faults
