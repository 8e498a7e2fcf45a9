"""The whole site, built once from tracked files (about a minute of two cores): links, weight, panels, no patient."""

import html
import json
import posixpath
import re
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest

from lcnec_utils.core import params, paths
from lcnec_utils.core.errors import UserError
from lcnec_utils.run import carried_evidence
from lcnec_utils.site import build, files, notebook_pages, settings
from tests import attacking_words
from tests.site.built import AGGREGATE, CLONE, FOLDER, OF_PATIENTS, SECRET, Elements, built_site

PANELS = {id: entry for id, entry in params.read_yaml(paths.PANELS).items() if not entry.get("planned")}
ADDRESS = re.compile(r"""<(a|img|script|link|source|iframe)\b[^>]*?\b(?:href|src)=["']([^"']*)["']""")
# Columns with a value per patient, and names of patients as the public cohorts have them: MSK's, TCGA's, GEO's
OF_ONE_PATIENT = re.compile(r"^(PATIENT|SAMPLE|SUBJECT|CELL_LINE)(_?ID)?$", re.I)
NAMES_OF_PATIENTS = r"\bP-00\d{5}\b|\bTCGA-\w{2}-\w{4}\b|\bGSM\d{5,}\b"
# Panels that no tracked run draws: their figures are of reconstructed patients, and are not tracked
NOT_TRACKED = {"rv_trials_recomputed"}


@pytest.fixture(scope="module")
def site() -> Path:
    """The folder of the site's pages."""
    return built_site()


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, str]:
    """The text of every page."""
    found = sorted(site.rglob("*.html"))
    return {path: path.read_text(encoding="utf-8") for path in found if "_static" not in path.parts}


def articles(page: str) -> dict[str, str]:
    """The cards of the gallery, by panel."""
    return dict(re.findall(r'<article class="card-panel" data-panel="(\w+)"(.*?)</article>', page, re.S))


def inside(card: str, name: str) -> str:
    """The words of an element of this class."""
    match = re.search(rf'class="{name}">(.*?)</(?:p|dd)>', card, re.S)
    return re.sub(r"<[^>]+>", "", match[1]).strip() if match else ""


def test_every_panel_of_the_gallery_has_caption_n_source_and_its_numbers_and_figure(site, pages):
    cards = articles(pages[site / "index.html"])
    assert set(cards) == set(PANELS) - NOT_TRACKED
    for id, card in cards.items():
        assert len(inside(card, "caption")) > 10, id
        assert re.search(r"\d", inside(card, "n")) or inside(card, "n").startswith("none"), id
        assert len(inside(card, "source")) > 10, id
        linked = re.findall(r'<dd class="files">(.*?)</dd>', card, re.S)[0]
        files = {Path(name).suffix: site / name for name in re.findall(r'href="([^"]+)"', linked)}
        assert {".csv", ".svg"} <= set(files) and all(path.stat().st_size for path in files.values()), id


def test_every_panel_stands_on_its_notebooks_page_with_each_run_that_drew_it(site, pages):
    for id, entry in PANELS.items():
        page = pages[site / "notebooks" / f"{entry['notebook']}.html"]
        assert page.count(f'id="{id}"') == 1 and f'id="{id}-code"' in page
        drawn = re.findall(rf'role="tabpanel" id="{id}--([\w-]+)"', page)
        tabs = re.findall(rf'aria-controls="{id}--([\w-]+)"', page)
        assert drawn == tabs and (drawn or id in NOT_TRACKED), id
        for run in drawn:
            part = page[page.index(f'id="{id}--{run}"') :].partition("</div>")[0]
            alternative = re.search(r'<img[^>]* alt="([^"]+)"', part, re.S)[1]
            assert len(alternative) > 20, (id, run)
            line = (CLONE / "figures" / run / f"{id}.csv").read_text(encoding="utf-8").partition("\n")[0]
            simulated = json.loads(line.removeprefix("# "))["simulated"]
            assert ('<p class="simulated">' in part) == simulated, (id, run)
            assert simulated or run != "twin" or not entry["roles"], id


def test_a_twins_sentence_is_the_figures_alternative_text(pages, site):
    from lcnec_utils.site.drawings import gather, plain

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LCNEC_OUTPUT_DIR", str(CLONE))
        drawn = gather(["twin"])
    page = pages[site / "notebooks" / "02_outcomes.html"]
    [drawing] = drawn.drawings["fig1a"]
    elements = [attrs for tag, attrs, _ in Elements(page).found if tag == "img"]
    assert plain(drawing.sentence) in [attrs["alt"] for attrs in elements]
    assert "119" in plain(drawing.sentence)  # patients on chemotherapy, as the source prints them


def test_every_link_of_every_page_leads_to_a_page_a_file_or_a_name_that_is_there(site, pages):
    names = {path.as_posix(): set(re.findall(r'\bid="([^"]+)"', text)) for path, text in pages.items()}
    files = {path.as_posix() for path in site.rglob("*") if path.is_file()}
    broken = []
    for path, text in pages.items():
        for tag, address in set(ADDRESS.findall(text)):
            if address.startswith(("http:", "https:", "data:", "mailto:")):
                continue
            name, _, anchor = unquote(address).partition("#")
            name = name.partition("?")[0]
            target = posixpath.normpath(posixpath.join(path.parent, name)) if name else path.as_posix()
            # an anchor with = is a choice of the explorer's, which its script reads
            if target not in files or (anchor and "=" not in anchor and anchor not in names.get(target, {anchor})):
                broken.append((path.relative_to(site).as_posix(), tag, address))
    assert broken == []


def test_no_page_asks_another_host_for_anything(pages):
    for path, text in pages.items():
        for tag, address in ADDRESS.findall(text):
            assert tag == "a" or not address.startswith(("http:", "https:", "//")), (path, address)
        assert "cdn." not in text and "mathjax" not in text.lower(), path


def test_the_home_page_weighs_less_than_a_megabyte_before_its_pictures(site, pages):
    """The page, its styles and scripts, and its one figure; the small pictures of the gallery come as they are seen."""
    page = pages[site / "index.html"]
    gallery = page.index('id="gallery"')
    asked = {address.partition("?")[0] for tag, address in ADDRESS.findall(page) if tag in ("script", "link")}
    asked |= {address for tag, address in ADDRESS.findall(page[:gallery]) if tag == "img"}
    weight = len(page.encode()) + sum((site / name).stat().st_size for name in asked if (site / name).is_file())
    assert len(asked) >= 6 and weight < 1e6
    assert all('loading="lazy"' in picture for picture in re.findall(r"<img[^>]*>", page[gallery:]))


def test_of_real_patients_the_site_holds_aggregates_only(site, pages):
    """Every file beside the pages is of simulated patients, or of a panel of aggregates, or a table of verdicts."""
    from lcnec_utils.site.drawings import provenance_of

    for path in sorted((site / "figures").rglob("*.*")):
        run, panel = path.parent.name, path.name.partition(".")[0]
        about = provenance_of(CLONE / "figures" / run / f"{panel}.csv")
        assert about is not None, path
        if not about["simulated"] and panel not in ("claims", "replication"):
            assert PANELS[panel].get("aggregate"), path
            if path.suffix == ".csv":
                table = pd.read_csv(path, comment="#" if ".excel." not in path.name else None)
                assert not [name for name in table if OF_ONE_PATIENT.search(str(name))], path
                for column in table.select_dtypes("object"):
                    assert not table[column].astype(str).str.contains(NAMES_OF_PATIENTS).any(), (path, column)
            excel = f"{panel}.excel.csv"
            assert path.name in (f"{panel}.svg", f"{panel}.csv", excel), path
    for path, text in pages.items():
        assert not re.search(NAMES_OF_PATIENTS, text), path


def test_a_patient_of_ones_own_run_is_on_no_page_and_the_panel_says_why(site, pages):
    for path in site.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
        assert not path.is_file() or FOLDER.encode() not in path.read_bytes(), path
    landscape = pages[site / "notebooks" / f"{PANELS[OF_PATIENTS]['notebook']}.html"]
    part = landscape[landscape.index(f'<section class="lcnec-panel" id="{OF_PATIENTS}"') :].partition("</section>")[0]
    assert "mine: Its marks are single patients" in re.sub(r"<[^>]+>", "", part)
    own = landscape[landscape.index(f'id="{AGGREGATE}--mine"') :].partition('role="tabpanel"')[0]
    assert "n = 12" in own and "my_study" in own and "/somewhere" not in own
    for kind in ("csv", "svg"):
        about = carried_evidence.read(site / "figures" / "mine" / f"{AGGREGATE}.{kind}")
        assert about["cohorts"] == {"cohort": "my_study 0123456789abcdef"}


def test_words_that_are_attacks_stand_on_the_pages_as_words(site, pages):
    """In the run that `built.plant_attacks` planted: parsed as a browser does, nothing of them runs or is fetched; and
    they are there, escaped, so that there was something to find."""
    touched = [
        path for path, text in pages.items() if re.search(r"alert\(|onerror|javascript:|src=.?x\b|eval-rst", text)
    ]
    assert len(touched) >= 3
    for path in touched:
        assert attacking_words.carries(pages[path]) == [], path
    page = pages[site / "notebooks" / f"{PANELS[AGGREGATE]['notebook']}.html"]
    part = page[page.index(f'id="{AGGREGATE}--attacks"') :].partition('role="tabpanel"')[0]
    read = html.unescape(re.sub(r"<[^>]+>", "", part))
    for word in (*attacking_words.WORDS, attacking_words.FENCE):
        assert word.replace("`", "") in read.replace("`", ""), word
    assert "attacks: <script>" in html.unescape(re.sub(r"<[^>]+>", "", page)), "the reason of a skip"
    for kind in ("svg", "excel.csv", "csv"):
        assert (site / "figures" / "attacks" / f"{AGGREGATE}.{kind}").is_file()
    assert attacking_words.svg_carries(site / "figures" / "attacks" / f"{AGGREGATE}.svg") == []
    table = pd.read_csv(site / "figures" / "attacks" / f"{AGGREGATE}.excel.csv")
    assert f"'{attacking_words.FORMULA}" in set(table["group"]) and attacking_words.FORMULA not in set(table["group"])


def test_the_home_page_counts_papers_figures_and_bodies_of_evidence(site, pages):
    """Real bodies by the tracked replication.csv, figures by the twin's ledger, papers by the files of claims."""
    text = re.sub(r"<[^>]+>", "", pages[site / "index.html"])
    replication = pd.read_csv(paths.ROOT / "figures" / "replication" / "replication.csv", comment="#")
    bodies = {part.partition(":")[0] for row in replication["bodies"].dropna() for part in row.split("; ")}
    figures = len(pd.read_csv(paths.ROOT / "figures" / "twin" / "claims.csv", comment="#"))
    assert f"{figures} printed figures of {len(list(paths.PUBLISHED.glob('*.yaml')))} papers" in text
    assert f"{len(bodies)} bodies of evidence of real patients" in text


def test_the_forests_of_replication_are_there_whichever_runs_are_shown(monkeypatch, tmp_path):
    from lcnec_utils.site import drawings, evidence, replication_page

    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(CLONE))
    built_site()
    build.lay_files(tmp_path, drawings.gather(["msk_met"]))
    pictures = re.findall(r'<img src="([^"]+)"', replication_page.page(evidence.gather()))
    assert len(pictures) >= 3 and all((tmp_path / address).is_file() for address in pictures)


# --- the folder of the site


def test_a_folder_that_holds_other_files_is_refused_and_left_alone(tmp_path):
    """A build removes what it does not know under html/, where somebody's own pages may lie."""
    own = tmp_path / "html" / "figures" / "mine.svg"
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(UserError, match=r"holds other files \(thesis.tex\)"):
        build.build(tmp_path)
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"mine.svg", "thesis.tex"}
    with pytest.raises(UserError, match="is a file"):
        build.build(own)
    (tmp_path / "thesis.tex").unlink()
    with pytest.raises(UserError, match="holds other files"):
        build.build(tmp_path)


def test_an_empty_folder_becomes_the_sites_and_is_known_again(tmp_path):
    for _ in range(2):
        files.claim_folder(tmp_path / "new" / "site")
        (tmp_path / "new" / "site" / "html").mkdir(exist_ok=True)
        (tmp_path / "new" / "site" / "notes.txt").touch()


def test_search_works_from_disk_and_only_its_page_loads_the_index(site, pages):
    assert "searchindex.js" in pages[site / "search.html"]
    assert "searchindex.js" not in pages[site / "index.html"]
    assert settings.SETTINGS["html_show_search_summary"] is False  # its previews would read files by script
    assert "STK11".lower() in (site / "searchindex.js").read_text(encoding="utf-8").lower()


def test_the_table_for_excel_is_the_table_without_its_line_and_says_simulated_in_its_name(site):
    twin, real = site / "figures" / "twin", site / "figures" / "msk_met"
    plain = (twin / "fig1a.csv").read_text(encoding="utf-8").partition("\n")[2]
    assert (twin / "fig1a.simulated.excel.csv").read_text(encoding="utf-8-sig") == plain
    assert (real / "fig2d.excel.csv").exists() and not list(real.glob("*simulated*"))


def test_unchanged_sources_are_not_written_again(site, monkeypatch):
    """Of notebooks, whose pages are the heaviest; Sphinx renders again what was written again."""
    from lcnec_utils.site import drawings, evidence
    from lcnec_utils.site.panel_block import answers_by_panel

    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(CLONE))
    source = site.parent / "source"
    before = {path: path.stat().st_mtime_ns for path in (source / "notebooks").iterdir()}
    notebook_pages.write(source, drawings.gather(), answers_by_panel(evidence.gather()))
    assert {path: path.stat().st_mtime_ns for path in (source / "notebooks").iterdir()} == before


def test_an_unknown_run_is_refused_with_the_nearest_name(monkeypatch, tmp_path):
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(CLONE))
    built_site()
    with pytest.raises(UserError, match="run 'msk_mett' has no figures.*msk_met"):
        build.build(tmp_path / "site", ["msk_mett"])


def test_the_command_refuses_an_unknown_run_in_one_line(monkeypatch, capsys):
    from lcnec_utils import cli

    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(CLONE))
    built_site()
    assert cli.main(["site", "--runs", "nobody"]) == cli.REFUSED
    told = capsys.readouterr()
    assert told.err.startswith("lcnec: run 'nobody' has no figures") and told.err.count("\n") == 1
