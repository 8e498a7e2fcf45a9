"""A panel's HTML: its switch, its words and what can be copied. Under a second."""

import csv
import io
import re

import pytest

from lcnec_utils.site import drawings, panel_block
from tests.site.built import plant_panel, plant_run


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Two runs that drew one panel: someone's own patients, and simulated ones."""
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path))
    plant_run(tmp_path / "figures" / "mine")
    plant_run(tmp_path / "figures" / "made_up")
    plant_panel(
        tmp_path / "figures" / "made_up", "subtype_shares", "group,k,n\nall,3,12\n", "n = 12", simulated=True,
        cohorts={"cohort": "twin_cohort_1 0123456789abcdef"},
    )  # fmt: skip
    return drawings.gather()


ANSWERS = {
    "subtype_shares": [
        {"claim": "a.b.c", "statement": "Half <are> alike.", "body": "my_study", "label": "My study",
         "verdict": "contradicted", "found": "25", "reason": "far from it"},
        {"claim": "a.b.d", "statement": "None.", "body": "elsewhere", "label": "Elsewhere",
         "verdict": "equal", "found": "", "reason": ""},
    ]
}  # fmt: skip


def test_real_patients_come_first_and_simulated_ones_are_called_so(drawn):
    page = panel_block.block("subtype_shares", drawn, {})
    assert re.findall(r'role="tab" id="subtype_shares--(\w+)--tab"', page) == ["mine", "made_up"]
    own, simulated = page.split('role="tabpanel"')[1:]
    assert "imulated" not in own and 'class="simulated"' in simulated
    assert "made_up_simulated_subtype_shares.csv" in simulated and "subtype_shares.simulated.excel.csv" in simulated


def test_a_panel_shows_the_answers_of_its_own_patients_alone_and_no_text_is_markup(drawn):
    page = panel_block.block("subtype_shares", drawn, ANSWERS)
    assert "claims/a.b.c.html" in page and "a.b.d" not in page
    assert "Half &lt;are&gt; alike." in page and "<are>" not in page


def test_no_cell_of_the_table_for_excel_is_a_formula_and_numbers_stay(drawn):
    """Excel and LibreOffice compute a cell that begins with =, +, - or @, quoted or not."""
    [own, _] = drawn.drawings["subtype_shares"]
    body = 'group,change\n"=HYPERLINK(""http://x"")",-0.5\n@SUM(A1),-1e-05\n+A1,-inf\n-A1,+3\nA=1,−2\n-1 to 2,\n'
    plant_panel(own.files["csv"].parent, "subtype_shares", body, "n = 12")
    rows = list(csv.reader(io.StringIO(panel_block.excel_table(own).decode("utf-8-sig"))))
    assert rows == [
        ["group", "change"], ["'=HYPERLINK(\"http://x\")", "-0.5"], ["'@SUM(A1)", "-1e-05"], ["'+A1", "-inf"],
        ["'-A1", "+3"], ["A=1", "−2"], ["'-1 to 2", ""],
    ]  # fmt: skip


def test_the_page_of_a_cohort_is_linked_by_a_name_that_a_file_can_have(tmp_path, monkeypatch):
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path))
    named = {"cohort": '/somewhere/my "study" <1> 0123456789abcdef'}
    plant_panel(tmp_path / "figures" / "mine", "subtype_shares", "group,k,n\nall,3,12\n", "n = 12", cohorts=named)
    page = panel_block.block("subtype_shares", drawings.gather(), {})
    [link] = re.findall(r'href="\.\./cohorts/([^"]+)\.html"', page)
    assert re.fullmatch(r"my-study-1-[0-9a-f]{8}", link)


def test_a_citation_names_panel_run_and_the_digest_of_the_numbers(drawn):
    [own, simulated] = drawn.drawings["subtype_shares"]
    line = panel_block.citation(own)
    assert "panel subtype_shares of run mine" in line and own.about["csv"] in line
    assert "simulated patients" in panel_block.citation(simulated)


def test_the_line_that_reads_a_table_reads_it(drawn, tmp_path):
    import pandas

    [own, _] = drawn.drawings["subtype_shares"]
    call = panel_block.reading(own).partition("Python: ")[2]
    table = eval(call.replace('"subtype_shares.csv"', "path"), {"pandas": pandas, "path": own.files["csv"]})
    assert list(table["n"]) == [12]


@pytest.mark.parametrize("id", ["fig1a", "lm_orr_dcr", "rv_table1", "replication_lead"])
def test_a_panels_source_names_the_paper(id):
    from lcnec_utils.core import params, paths

    entry = params.read_yaml(paths.PANELS)[id]
    told = panel_block.source_of(entry)
    assert entry["source"].partition(": ")[2] in told
    assert id == "replication_lead" or any(word in told for word in ("Nassar", "Liver metastases", "Dai"))
