"""Pages of claims: from each its panel and its code in a click, what it shows, and no patient.

All thousand pages are written once (about ten seconds); nothing is rendered.
"""

import json
import math
import re

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.cohort import read as cohort_files
from lcnec_utils.core import params, paths
from lcnec_utils.core.findings import Finding
from lcnec_utils.ledger import audit, claims
from lcnec_utils.plots import palette
from lcnec_utils.run import records, roles
from lcnec_utils.site import (
    audit_page,
    claim_colours,
    claim_forest,
    claim_pages,
    code_pages,
    evidence,
    explorer,
    replication_page,
)
from tests.run.planted_runs import PlantedRuns, names
from tests.site.built import plant_table
from tests.site.pages import Links, clone, read, target  # noqa: F401  (a fixture)

BURDEN = "icb.rv_text_effects.os.tmb_high"
MARKUP = "<script>alert(1)</script>"
PANELS = params.read_yaml(paths.PANELS)


@pytest.fixture(scope="module")
def source(clone, tmp_path_factory):  # noqa: F811
    """The sources of all pages of claims, as a fresh clone makes them, and the documents written."""
    folder = tmp_path_factory.mktemp("site")
    modules = (explorer, claim_pages, code_pages, audit_page, replication_page)
    return folder, [document for module in modules for document in module.write(folder, clone)]


def panel_anchors(notebook: str) -> set[str]:
    """The panels that a notebook's cells draw."""
    cells = json.loads(records.notebook_path(notebook).read_text(encoding="utf-8"))["cells"]
    return {id for cell in cells for id in re.findall(r'page\.panel\("(\w+)"\)', "".join(cell["source"]))}


def test_every_claim_has_a_page_that_the_explorer_and_its_source_lead_to(source, clone):  # noqa: F811
    folder, written = source
    assert {f"claims/{id}" for id in claims.published()} <= set(written)
    for name, known in clone.sources.items():
        linked = {target(f"sources/{name}", address)[0] for address in read(folder, f"sources/{name}").links}
        assert {f"claims/{claim.id}" for claim in known.claims} <= linked


def test_every_claim_reaches_its_panel_and_code_in_two_clicks(source):
    """From its page: the panel in one, its code in one more at most; of a panel that is only planned it says so."""
    folder, _ = source
    drawn = {notebook: panel_anchors(notebook) for notebook in {entry["notebook"] for entry in PANELS.values()}
             if records.notebook_path(notebook).exists()}  # fmt: skip
    code = {}
    for id, claim in claims.published().items():
        page, entry = read(folder, f"claims/{id}"), PANELS[claim.panel]
        reached = [target(f"claims/{id}", address) for address in page.links if not address.startswith("data:")]
        if entry.get("planned"):
            assert claim_pages.NOT_YET in page.text, id
            continue
        assert (f"notebooks/{entry['notebook']}", claim.panel) in reached, id
        assert claim.panel in drawn[entry["notebook"]], id
        functions = [(document, name) for document, name in reached if document.startswith("code/")]
        assert functions, id
        for document, name in functions:
            code.setdefault(document, read(folder, document).anchors)
            assert name in code[document], (id, document, name)


def test_the_code_page_shows_the_function_at_its_anchor(source):
    folder, _ = source
    page = (folder / "code" / "stats.comparison.md").read_text(encoding="utf-8")
    line = re.search(r'<span id="compare" class="code-anchor">(.*?)(?:&#10;|\n)', page)[1]
    assert re.sub("<[^>]+>", "", line).startswith("def compare(")


def test_no_link_between_these_pages_is_broken(source):
    folder, written = source
    anchors = {document: read(folder, document) for document in written}
    here = ("claims/", "sources/", "code/", "audit", "replication")
    for document, page in anchors.items():
        for address in page.links:
            if address.startswith("data:"):
                continue
            to, name = target(document, address)
            if to.startswith(here) and to != "claims/index":
                assert to in anchors, (document, address)
                assert not name or name in anchors[to].anchors, (document, address)
            elif to.startswith("figures/"):
                assert (paths.ROOT / to).exists(), (document, address)
            else:
                assert to.split("/")[0] in ("claims", "notebooks"), (document, address)


def test_the_audit_page_holds_every_remark_with_its_claims(source, clone):  # noqa: F811
    assert set(audit_page.ORDER) == set(audit_page.MEANS) == set(audit.SEVERITIES)
    page = read(source[0], "audit")
    assert {f"remark-{place}" for place in range(1, len(clone.remarks) + 1)} <= page.anchors
    linked = {target("audit", address)[0] for address in page.links}
    assert {f"claims/{id}" for remark in clone.remarks for id in remark.claims} <= linked
    for remark in clone.remarks:
        assert remark.arithmetic[1:].rstrip(".") in page.text


def test_the_replication_page_counts_the_tracked_statuses_and_shows_every_claim_that_a_real_cohort_answers(source):
    page = read(source[0], "replication")
    table = pd.read_csv(paths.ROOT / "figures/replication/replication.csv", comment="#", keep_default_na=False)
    answered = {f"claims/{id}" for id in table.loc[table["real"] > 0, "claim"]}
    linked = {target("replication", address)[0] for address in page.links}
    assert answered == {document for document in linked if document.startswith("claims/")} - {"claims/index"}
    for status, number in table["status"].value_counts().items():
        assert status in page.text and f"{status.capitalize()} ({number})" in page.text or status == "not testable"
    assert f"The {(table['status'] == 'not testable').sum()} claims" in page.text


# --- what a page shows


def planted_claim(tmp_path, monkeypatch, **cohort) -> tuple[evidence.Evidence, dict[str, Finding]]:
    """Three real cohorts and a twin that answer one claim."""
    planted = PlantedRuns(tmp_path, monkeypatch)
    ratios = {"one": (1.5, 1.2), "two": (1.25, 1.1), "three": (0.8, 1.3)}
    findings = {}
    for name, (ratio, fold) in ratios.items():
        folder = planted.cohort(name, names(name.upper(), 40), **cohort)
        findings[name] = Finding(ratio, ratio / fold, ratio * fold, n=40, events=21, scale="ratio")
        planted.answer(name, folder, {BURDEN: findings[name]}, caveats=["treatment: Nothing is recorded."])
    findings["twin"] = Finding(2.0, 1.0, 4.0, n=90, events=60, scale="ratio")
    planted.answer("twin", "somewhere/twin", {BURDEN: findings["twin"]}, origin="planted")
    return evidence.gather(), findings


def page_of(known: evidence.Evidence, id: str) -> str:
    claim = known.claims[id]
    return claim_pages.page(known, claim, claim_pages.lines_of(known)[id], ("", ""))


def test_a_forest_places_the_print_the_twin_and_every_real_cohort_with_n_and_caveats(tmp_path, monkeypatch):
    known, findings = planted_claim(tmp_path, monkeypatch)
    page = page_of(known, BURDEN)
    rows = re.findall(r'<tr class="forest-(\w+)[^"]*" role="row">(.*?)</tr>', page)
    assert [kind for kind, _ in rows] == ["published", "cohort", "cohort", "cohort", "simulated"]
    assert sum("n = 40; 21 events" in row for _, row in rows) == 3 and "n = 90; 60 events" in rows[-1][1]
    assert all("treatment" in row for kind, row in rows if kind == "cohort")
    # on the logarithmic axis distances are those of the logarithms
    at = {kind: [float(x) for x in re.findall(r'<b style="left:([\d.]+)%"', row)] for kind, row in rows}
    of_cohorts = [float(re.search(r'<b style="left:([\d.]+)%"', row)[1]) for kind, row in rows if kind == "cohort"]
    values = [float(re.search(r"<td role=\"cell\">([\d.]+) \(", row)[1]) for kind, row in rows if kind == "cohort"]
    slope, place = np.polyfit(np.log([*values, findings["twin"].value]), [*of_cohorts, *at["simulated"]], 1)
    assert np.allclose(slope * np.log([*values, 2.0]) + place, [*of_cohorts, *at["simulated"]], atol=0.02)
    none = {float(x) for x in re.findall(r'class="none" style="left:([\d.]+)%"', page)}
    assert len(none) == 1 and math.isclose(none.pop(), place, abs_tol=0.02)
    assert "never counted as support" in page and "simulated" in page


def test_an_answer_of_several_comparisons_shows_each(tmp_path, monkeypatch):
    known, _ = planted_claim(tmp_path, monkeypatch)
    path = paths.build("one") / "13_icb_resistance.json"
    record = json.loads(path.read_text())
    record["findings"][BURDEN]["findings"] = [
        {"value": 2.0, "lower": 1.5, "upper": 3.0, "n": 30, "scale": "ratio"},
        {"value": 0.5, "lower": 0.3, "upper": 0.9, "n": 31, "scale": "ratio"},
    ]
    path.write_text(json.dumps(record))
    known = evidence.gather()
    lines = claim_forest.rows(known.claims[BURDEN], known.of_claim(BURDEN))
    parts = lines[lines["label"].str.startswith("comparison")]
    assert list(parts["found"]) == ["2.00 (1.50–3.00)", "0.50 (0.30–0.90)"] and list(parts["n"]) == [30, 31]
    assert pd.isna(lines.loc[lines["label"] == "one", "estimate"].iloc[0])


def test_a_claim_that_nobody_answers_says_why(clone):  # noqa: F811
    id = next(id for id in clone.claims if clone.of_claim(id).empty and len(clone.reasons(id)) > 3)
    page = Links(page_of(clone, id))
    assert "No body of evidence answers this claim" in page.text
    assert all(clone.label(body) in page.text for body in clone.reasons(id)["body"])


def test_nothing_that_comes_from_a_run_is_markup(tmp_path, monkeypatch):
    known, _ = planted_claim(tmp_path, monkeypatch)
    path = paths.build("one") / "13_icb_resistance.json"
    record = json.loads(path.read_text()) | {"cohorts": {"icb": MARKUP}}
    record["findings"][BURDEN] |= {"reason": MARKUP, "caveats": [f"treatment: {MARKUP}"]}
    path.write_text(json.dumps(record))
    known = evidence.gather()
    assert known.label("one") == MARKUP
    for page in (page_of(known, BURDEN), replication_page.page(known), audit_page.page(known)):
        assert "<script" not in page
    assert MARKUP in Links(page_of(known, BURDEN)).text


def test_a_published_figure_shows_its_own_uncertainty():
    share = claims.published()["lcnec.fig2b.subtype.sclc_like"]  # 136 of 373: Wilson's 31.7 to 41.5 (R, binom.wilson)
    assert claim_pages.own_uncertainty(share) == "Its own uncertainty: 32 to 41 (95% limits of 136/373)."
    hazard = claims.published()["lcnec.fig1c.hr.chemotherapy_vs_chemoimmunotherapy"]
    assert claim_pages.own_uncertainty(hazard) == "Its own uncertainty: 1.04 to 1.99 (95% limits)."


# --- patients


def test_pages_are_made_without_a_patients_file(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a cohort was read")

    known, _ = planted_claim(tmp_path, monkeypatch)
    for module, name in ((cohort_files, "load"), (cohort_files, "read"), (roles, "read_role")):
        if hasattr(module, name):
            monkeypatch.setattr(module, name, refuse)
    known = evidence.gather()
    pages = [page_of(known, BURDEN), explorer.page(known), replication_page.page(known)]
    for name in ("ONE", "TWO", "THREE"):
        assert not any(re.search(rf"\b{name}-\d", page) for page in pages)


def test_plotted_numbers_of_real_patients_are_linked_for_aggregates_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path))
    folder = paths.figures("someone")
    folder.mkdir(parents=True)
    for name, simulated in (("real", False), ("twin", True), ("edited", True)):
        plant_table(folder, name, "a\n1\n", simulated=simulated)
    (folder / "edited.csv").write_text((folder / "edited.csv").read_text() + "2\n")
    (folder / "bare.csv").write_text("a\n1\n")
    shown = {(name, aggregate): claim_pages.csv_is_shown("someone", name, aggregate)
             for name in ("real", "twin", "edited", "bare", "none") for aggregate in (True, False)}  # fmt: skip
    assert [key for key, value in shown.items() if value] == [("real", True), ("twin", True), ("twin", False)]


# --- runs that disagree, and what is not made again


def test_a_ledger_that_is_older_than_its_records_is_named(tmp_path, monkeypatch):
    known, _ = planted_claim(tmp_path, monkeypatch)
    assert known.left_out == []
    table = plant_table(
        paths.figures("one"), "claims",
        "claim,audit,one: verdict,one: origin,one: found,one: caveats,one: reason\n"
        f"{BURDEN},consistent,contradicted,real,0.5,,\n",
    )  # fmt: skip
    assert evidence.gather().left_out == [
        "figures/one/claims.csv has another verdict than the records; `lcnec run --params params/one.yaml` brings it "
        "up to date."
    ]
    table.write_text(table.read_text().replace("contradicted", "compatible"))
    assert evidence.gather().left_out == [
        "figures/one/claims.csv is not as it was written, and is left out; `lcnec run --params params/one.yaml` makes "
        "it again."
    ]


def test_only_the_pages_whose_evidence_changed_are_made_again(tmp_path, monkeypatch):
    known, _ = planted_claim(tmp_path, monkeypatch)
    few = [BURDEN, next(id for id in known.claims if id != BURDEN)]
    few_claims = {id: known.claims[id] for id in few}
    folder = tmp_path / "site"

    def times() -> dict[str, int]:
        made = claim_pages.write(folder, small(evidence.gather(), few_claims))
        return {document: (folder / f"{document}.md").stat().st_mtime_ns for document in made if "claims/" in document}

    before = times()
    assert times() == before
    path = paths.build("two") / "13_icb_resistance.json"
    record = json.loads(path.read_text())
    record["findings"][BURDEN]["findings"][0]["n"] = 39
    path.write_text(json.dumps(record))
    changed = {document for document, time in times().items() if time != before[document]}
    assert changed == {f"claims/{BURDEN}"}


def small(known: evidence.Evidence, few: dict[str, claims.Claim]) -> evidence.Evidence:
    """The evidence on a few claims."""
    import dataclasses

    ids = set(few)
    sources = {name: source.model_copy(update={"claims": [c for c in source.claims if c.id in ids]})
               for name, source in known.sources.items()}  # fmt: skip
    return dataclasses.replace(known, claims=few, sources=sources, remarks=[])


# --- colours


def test_words_in_these_colours_are_readable_on_light_and_dark_paper():
    for paper in ("white", claim_colours.DARK_PAPER):
        for colors in (claim_colours.KINDS, claim_colours.VERDICTS, claim_colours.AUDITS):
            for color in colors.values():
                assert palette.contrast(claim_colours.readable(color, paper), paper) >= 4.5
