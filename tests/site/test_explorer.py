"""The claims explorer: its data are the runs' ledgers, its controls are labelled, and nothing in it is markup.

Costs about six seconds, most of it the audit.
"""

import csv
import json
import re

import pytest

from lcnec_utils.core import paths
from lcnec_utils.core.errors import UserError
from lcnec_utils.core.findings import Finding
from lcnec_utils.ledger import claims
from lcnec_utils.site import documents, evidence, explorer
from tests.run.planted_runs import PlantedRuns, names
from tests.site.pages import Links, clone  # noqa: F401  (a fixture)

BURDEN = "icb.rv_text_effects.os.tmb_high"
ANSWERED = {"equal", "compatible", "contradicted", "inconclusive"}
MARKUP = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def tracked_ledgers() -> dict[tuple[str, str], dict]:
    """(claim, body) → verdict, origin, reason, from the tracked claims.csv alone; an answer before none."""
    told: dict[tuple[str, str], dict] = {}
    for path in sorted((paths.ROOT / "figures").glob("*/claims.csv")):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        for row in csv.DictReader(lines[1:]):
            for body in [name.removesuffix(": verdict") for name in row if name.endswith(": verdict")]:
                values = {key: row[f"{body}: {key}"] for key in ("verdict", "origin", "reason", "found")}
                if told.get((row["claim"], body), {}).get("verdict") not in ANSWERED:
                    told[row["claim"], body] = values
    return told


def decoded(data: dict) -> tuple[list[dict], list[dict]]:
    """The answers and the missing answers of the page's data in words."""
    words = {name: [word for word, _ in pairs] for name, pairs in data["lists"].items()}
    ids = [row[0] for row in data["claims"]]
    answers = [
        {"claim": ids[claim], "cohort": words["cohort"][cohort], "verdict": words["verdict"][verdict],
         "origin": words["origin"][origin], "found": found}
        for claim, cohort, verdict, origin, found, *_ in data["answers"]
    ]  # fmt: skip
    missing = [{"claim": ids[claim], "cohort": words["cohort"][cohort], "reason": data["reasons"][why]}
               for claim, cohort, why in data["unanswered"]]  # fmt: skip
    return answers, missing


def test_the_data_are_the_tracked_ledgers_of_all_runs(clone):  # noqa: F811
    told = tracked_ledgers()
    answers, missing = decoded(explorer.data(clone))
    made = {(row["claim"], row["cohort"]): (row["verdict"], row["origin"], row["found"]) for row in answers}
    expected = {key: (row["verdict"], row["origin"], row["found"])
                for key, row in told.items() if row["verdict"] in ANSWERED}  # fmt: skip
    assert made == expected and len(answers) == len(expected) > 500
    rest = {(row["claim"], row["cohort"]): row["reason"] for row in missing}
    assert rest == {key: row["reason"] for key, row in told.items() if row["verdict"] not in ANSWERED}
    assert len(missing) == len(rest)


def test_every_claim_has_one_row_with_its_source_panel_audit_and_status(clone):  # noqa: F811
    data = explorer.data(clone)
    words = {name: [word for word, _ in pairs] for name, pairs in data["lists"].items()}
    replication = (paths.ROOT / "figures" / "replication" / "replication.csv").read_text(encoding="utf-8")
    statuses = {row["claim"]: row["status"] for row in csv.DictReader(replication.splitlines()[1:])}
    ledger = (paths.ROOT / "figures" / "twin" / "claims.csv").read_text(encoding="utf-8")
    audits = {row["claim"]: row["audit"] for row in csv.DictReader(ledger.splitlines()[1:])}
    known = claims.published()
    assert [row[0] for row in data["claims"]] == list(known)
    for id, statement, source, line, panel, _, audit, status in data["claims"]:
        assert statement == known[id].statement
        assert id in {claim.id for claim in claims.sources()[words["source"][source]].claims}
        assert words["panel"][panel] == known[id].panel
        assert (words["audit"][audit], words["status"][status]) == (audits[id], statuses[id])
        assert line == [known[id].line, 1] or known[id].line is None


def test_a_row_leads_to_the_panel_its_code_and_its_numbers(clone):  # noqa: F811
    data = explorer.data(clone)
    for (panel, _), (page, code, numbers) in zip(data["lists"]["panel"], data["panels"], strict=True):
        entry = clone.panels[panel]
        assert page == ("" if entry.get("planned") else f"notebooks/{entry['notebook']}.html#{panel}")
        assert code.startswith("code/") == bool(page)
        tracked = {path.parent.name for path in (paths.ROOT / "figures").glob(f"*/{panel}.csv")} - {"replication"}
        assert not numbers or numbers == f"figures/{sorted(tracked, key=lambda run: run != 'twin')[0]}/{panel}.csv"
        assert bool(numbers) == bool(tracked), panel


def test_each_control_offers_what_occurs_and_nothing_else(clone):  # noqa: F811
    data = explorer.data(clone)
    answers, _ = decoded(data)
    for name in ("origin", "cohort"):
        offered = {word for word, _ in data["lists"][name]}
        assert {row[name] for row in answers} <= offered
    assert {word for word, _ in data["lists"]["origin"]} == {row["origin"] for row in answers}
    assert {word for word, _ in data["lists"]["panel"]} == {claim.panel for claim in claims.published().values()}
    labels = dict(data["lists"]["cohort"])
    assert "simulated" in labels["twin"]
    assert not any("simulated" in label for body, label in labels.items() if body != "twin")


def test_every_control_has_a_label_and_the_page_asks_no_other_host(clone):  # noqa: F811
    page = explorer.page(clone)
    controls = re.findall(r'<(?:select|input)[^>]* id="([^"]+)"', page)
    assert set(controls) == set(re.findall(r'<label for="([^"]+)"', page)) and len(controls) == 9
    head = page.partition('<script type="application/json"')[0]
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert 'role="status" aria-live="polite"' in head and "<noscript>" in page


def test_nothing_that_comes_from_a_cohort_is_markup(tmp_path, monkeypatch):
    planted = PlantedRuns(tmp_path, monkeypatch)
    cohort = planted.cohort("bad", names("B", 40), simulated=False)
    planted.answer("bad", cohort, {BURDEN: Finding(1.6, 1.2, 2.1, n=40, events=20, scale="ratio")}, caveats=[MARKUP])
    path = paths.build("bad") / "13_icb_resistance.json"
    record = json.loads(path.read_text()) | {"cohorts": {"icb": MARKUP}}
    record["findings"][BURDEN]["reason"] = MARKUP
    path.write_text(json.dumps(record))
    page = explorer.page(evidence.gather())
    assert page.count("<script") == 3 and "<img" not in page
    data = json.loads(re.search(r'id="claims-data">(.*?)</script>', page, re.S)[1])
    assert dict(data["lists"]["cohort"])["bad"] == MARKUP and data["answers"][0][-1] == MARKUP
    shown = Links(page)
    assert "img" not in shown.elements and shown.elements.count("script") == 3


def test_datatables_is_a_plain_script_for_a_page_from_disk(monkeypatch, tmp_path):
    script, style = explorer.datatables()
    assert "window.DataTable=" in script and not re.search(r"\bexport\s*\{", script)
    assert ".dt-container" in style or "dt-container" in style
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "dt_bundle.js").write_text("export{a as ITable};")
    monkeypatch.setattr(explorer, "package_files", lambda name: tmp_path)
    with pytest.raises(UserError, match="itables"):
        explorer.datatables()


def test_a_page_is_written_only_where_it_changed(tmp_path, clone):  # noqa: F811
    assert explorer.write(tmp_path, clone) == ["claims/index"]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    before = {path: path.stat().st_mtime_ns for path in files}
    explorer.write(tmp_path, clone)
    assert {path: path.stat().st_mtime_ns for path in files} == before and len(files) >= 4


def test_a_title_is_no_markup():
    title = documents.as_title("<script>*x*</script> {raw} $a$ `b` [c](d) # e")
    assert not re.search(r"(?<!\\)[<>*{}$`\[\]()#]", title)
