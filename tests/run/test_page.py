"""The page: panels saved with their evidence, skips with reasons, nothing half-written taken for a result."""

import dataclasses
import json
import shutil
import xml.etree.ElementTree as ET

import matplotlib
import pandas as pd
import pytest
from PIL import Image

from lcnec_utils.core import params, paths, provenance
from lcnec_utils.core.errors import UserError
from lcnec_utils.core.findings import Finding, of_count
from lcnec_utils.ledger import verdicts
from lcnec_utils.run import page, records, runs
from lcnec_utils.twins import build as twins

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402

PANELS = {
    "one": {"title": "First", "source": "s", "roles": ["cohort"], "notebook": "02_outcomes"},
    "two": {"title": "Second", "source": "s", "roles": ["icb"], "notebook": "02_outcomes"},
}


@pytest.fixture
def made(own_study, tmp_path, monkeypatch):
    """A function that makes a page on own_study with two panels, as a notebook would."""
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    monkeypatch.setattr(records, "panels_of", lambda notebook: PANELS)
    monkeypatch.setattr("IPython.display.display", lambda *args, **more: None)

    def make(**values):
        return page.Page("02_outcomes", {"run": "mine", "cohort": str(own_study), "icb": "", **values})

    return make


def draw(panel):
    fig, ax = plt.subplots()
    ax.plot([0, 1], [0, 1], label="n = 8")
    panel.save(fig, pd.DataFrame({"x": [0, 1 / 3], "y": [0, 1]}), says="A line.", more=pd.DataFrame({"z": [2]}))


def whole(made):
    sheet = made()
    with sheet.panel("one") as panel:
        sheet.cohort("cohort")
        draw(panel)
    with sheet.panel("two") as panel:
        sheet.cohort("icb")
    return sheet


def test_a_panel_of_prints_names_no_cohort_and_is_not_called_simulated(made, own_study, monkeypatch):
    """A page that has read a simulated cohort still says of a table's print that no patient is in it."""
    prints = {"title": "Printed", "source": "s", "roles": [], "notebook": "02_outcomes"}
    monkeypatch.setattr(records, "panels_of", lambda notebook: PANELS | {"three": prints})
    sheet = made()
    sheet.cohort("cohort").study["simulated"] = True
    with sheet.panel("three") as panel:
        draw(panel)
    with sheet.panel("one") as panel:
        draw(panel)  # it asks for none here, and may have used any of the page's
    with sheet.panel("two") as panel:
        sheet.cohort("icb")
    sheet.finish()
    folder = paths.figures("mine")
    about = {name: json.loads((folder / f"{name}.csv").read_text().split("\n")[0][2:]) for name in ("one", "three")}
    assert about["three"]["cohorts"] == {} and not about["three"]["simulated"]
    assert list(about["one"]["cohorts"]) == ["cohort"] and about["one"]["simulated"]


def test_a_panel_leaves_vector_raster_and_numbers_with_their_provenance(made):
    sheet = whole(made)
    sheet.finish()
    folder = paths.figures("mine")
    assert sorted(path.name for path in folder.iterdir()) == [
        "manifest.json", "one.csv", "one.more.csv", "one.png", "one.svg",
    ]  # fmt: skip
    first, body = (folder / "one.csv").read_text().split("\n", 1)
    about = json.loads(first.removeprefix("# "))
    assert about["run"] == "mine" and about["panel"] == "one" and about["simulated"] is False
    assert about["csv"] == provenance.of_bytes(body.encode())
    assert set(about) == {"project", "run", "panel", "simulated", "cohorts", "parameters", "csv"}
    assert json.loads(Image.open(folder / "one.png").text["Description"]) == about
    described = [node.text for node in ET.parse(folder / "one.svg").iter() if node.tag.endswith("description")]
    assert [json.loads(text) for text in described] == [about]
    assert pd.read_csv(folder / "one.csv", comment="#")["x"].tolist() == [0, 0.33333333]


def test_the_picture_shown_has_the_panels_sentence_as_its_alternative_text(made, monkeypatch):
    """Which a notebook stores beside the picture, and nbconvert and a screen reader read."""
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *args, **more: shown.append(args[0]))
    sheet = made()
    sheet.cohort("cohort").study["simulated"] = True
    with sheet.panel("one") as panel:
        draw(panel)
    [picture] = [one for one in shown if hasattr(one, "_repr_mimebundle_") and one.format == "png"]
    assert picture._repr_mimebundle_()[1]["image/png"]["alt"] == "First (simulated cohort). A line."


def test_a_second_run_gives_the_same_bytes(made):
    whole(made).finish()
    first = {path.name: provenance.of_file(path) for path in paths.figures("mine").iterdir()}
    record = records.record_path("mine", "02_outcomes").read_bytes()
    whole(made).finish()
    assert {path.name: provenance.of_file(path) for path in paths.figures("mine").iterdir()} == first
    assert records.record_path("mine", "02_outcomes").read_bytes() == record


def test_what_a_cohort_lacks_is_a_stated_skip(made):
    sheet = whole(made)
    outcome = sheet.finish()["outcome"]
    assert outcome["one"] == "drawn"
    assert "names no cohort for the role 'icb'" in outcome["two"]
    record = records.read_record("mine", "02_outcomes")
    assert list(record["skipped"]) == ["two"] and list(record["drawn"]) == ["one"]


def test_what_is_found_lacking_after_the_figure_skips_it_all_the_same(made):
    sheet = made()
    with sheet.panel("one") as panel:
        draw(panel)
        sheet.skip("a claim's data are lacking")
    with sheet.panel("two"):
        sheet.skip("not today")
    sheet.finish()
    assert [path.name for path in paths.figures("mine").iterdir()] == ["manifest.json"]
    assert records.read_record("mine", "02_outcomes")["drawn"] == {}


def test_skip_takes_a_reason(made):
    sheet = made()
    with sheet.panel("one"):
        sheet.skip("no reason but this")
    assert sheet._skipped == {"one": "no reason but this"}


def test_a_panel_must_be_known_drawn_and_all_of_them(made):
    sheet = made()
    with pytest.raises(UserError, match=r"panel 'onee' .*did you mean 'one'"):
        with sheet.panel("onee"):
            pass
    with pytest.raises(UserError, match="ended without a figure"):
        with sheet.panel("one"):
            pass
    with pytest.raises(UserError, match="neither drawn nor skipped"):
        sheet.finish()
    assert not paths.figures("mine").exists(), "a page that did not finish leaves no figure"
    assert records.read_record("mine", "02_outcomes") is None


def test_a_page_that_starts_again_drops_the_old_record_first(made):
    whole(made).finish()
    made()
    assert records.read_record("mine", "02_outcomes") is None


def test_a_panel_no_longer_drawn_leaves_no_old_figure(made, monkeypatch):
    whole(made).finish()
    sheet = made()
    for name in PANELS:
        with sheet.panel(name):
            sheet.skip("not today")
    sheet.finish()
    assert [path.name for path in paths.figures("mine").iterdir()] == ["manifest.json"]


def test_simulated_stands_on_figure_file_and_label(made, own_study):
    (own_study / "cohort.yaml").write_text("name: Twin\nsimulated: true\n")
    sheet = whole(made)
    sheet.finish()
    folder = paths.figures("mine")
    assert json.loads((folder / "one.csv").read_text().split("\n")[0][2:])["simulated"] is True
    svg = (folder / "one.svg").read_text()
    assert "simulated cohort</text>" in svg and "First (simulated cohort)" in svg
    assert sheet.cohort("cohort").label == "Twin (simulated)"
    assert records.read_record("mine", "02_outcomes")["simulated"] is True


# --- a panel's record is of the cohorts that it asked for


@pytest.fixture
def simulated(own_study):
    """A copy of own_study that says it is simulated."""
    folder = own_study.with_name("twin")
    shutil.copytree(own_study, folder)
    (folder / "cohort.yaml").write_text("name: Twin\nsimulated: true\n")
    return folder


def about(panel: str) -> dict:
    """The provenance of a panel that is drawn: in all its files alike, and simulated on the figure where it says so."""
    folder = paths.figures("mine")
    line = json.loads((folder / f"{panel}.csv").read_text().split("\n")[0].removeprefix("# "))
    svg, png = (folder / f"{panel}.svg").read_text(), Image.open(folder / f"{panel}.png").text
    assert json.loads(png["Description"]) == line
    assert ("simulated cohort</text>" in svg) == ("(simulated cohort)" in png["Title"]) == line["simulated"]
    return line


def test_a_panel_names_the_cohorts_that_it_asked_for_alone(made, own_study):
    other = own_study.with_name("other")
    shutil.copytree(own_study, other)
    sheet = made(icb=str(other))
    sheet.introduce()  # which reads them all
    for name, role in (("one", "cohort"), ("two", "icb")):
        with sheet.panel(name) as panel:
            sheet.cohort(role)
            draw(panel)
    sheet.finish()
    assert [list(about(name)["cohorts"]) for name in PANELS] == [["cohort"], ["icb"]]


@pytest.mark.parametrize("when", ["before", "after"])
def test_beside_real_patients_what_reads_a_twin_is_simulated_and_nothing_else(made, simulated, when):
    """A panel may ask for the twin before or after its figure is saved: its claims rest on it all the same."""
    sheet, claim = made(cohort_2=str(simulated)), "lcnec.fig2a.subtype."
    sheet.introduce()
    with sheet.panel("one") as panel:
        sheet.cohort("cohort")
        draw(panel)
        sheet.claim(f"{claim}nsclc_like", SHARE)
    with sheet.panel("two") as panel:
        for role in ("cohort", "cohort_2") if when == "before" else ("cohort",):
            sheet.cohort(role)
        draw(panel)
        sheet.claim(f"{claim}sclc_like", SHARE)
        sheet.cohort("cohort_2")
    sheet.finish()
    assert (about("one")["simulated"], about("two")["simulated"]) == (False, True)
    assert list(about("two")["cohorts"]) == ["cohort", "cohort_2"]
    answers = records.read_record("mine", "02_outcomes")["findings"]
    assert answers[f"{claim}nsclc_like"]["origin"] == "real"
    assert answers[f"{claim}sclc_like"]["origin"] == "not stated"  # a twin that lists no targets
    assert {answer["body"] for answer in answers.values()} == {"own_study"}


def test_a_claim_behind_a_panel_rests_on_what_it_asks_for_itself(made, simulated):
    sheet = made(cohort_2=str(simulated))
    with sheet.panel("one") as panel:
        sheet.cohort("cohort_2")
        draw(panel)
    sheet.claim("lcnec.fig2a.subtype.nsclc_like", SHARE, role="cohort")
    assert sheet._findings["lcnec.fig2a.subtype.nsclc_like"]["origin"] == "real"


# --- a run by hand and by `lcnec run`


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("icb: {study}\n", set()),  # notebook 01 takes no role icb, and its own roles stay empty
        ("cohort: {study}\n", {"cohort"}),
        ("cohort: {study}\ncohort_2: twin_cohort_2\n", {"cohort", "cohort_2"}),  # a default that is written is kept
        ("sclc: twin_sclc\n", {"cohort", "cohort_2"}),
    ],
)
def test_by_hand_and_by_command_a_run_has_the_same_roles(own_study, tmp_path, monkeypatch, text, named):
    import papermill
    import yaml

    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    monkeypatch.setenv("LCNEC_COHORTS_DIR", str(tmp_path / "cohorts"))
    for name in ("twin_cohort_1", "twin_cohort_2"):  # a study of eight stands in for each
        shutil.copytree(own_study, twins.folder_of(name))
        (twins.folder_of(name) / twins.STAMP).touch()
    file = tmp_path / "mine.yaml"
    file.write_text(f"run: mine\n{text.format(study=own_study)}")
    notebook = records.notebook_path("01_cohorts")
    papermill.execute_notebook(
        str(notebook), str(tmp_path / "o.ipynb"), parameters=yaml.safe_load(file.read_text()), progress_bar=False,
        kernel_name="python3", cwd=str(tmp_path),
    )  # fmt: skip
    by_hand = records.read_record("mine", "01_cohorts")
    assert set(by_hand["inputs"]["cohorts"]) == named
    runs.execute("01_cohorts", file)
    assert records.read_record("mine", "01_cohorts") == by_hand
    assert by_hand["inputs"] == records.input_digests("01_cohorts", params.read_run(file))


def test_a_role_of_another_notebook_is_read_from_what_papermill_injected_alone():
    cells = ["", 'cohort: str = "x"', '# Parameters\nrun = "mine"\nicb = "y"\n']
    namespace = {"In": cells, "run": "mine", "cohort": "x", "cohort_2": "twin_cohort_2", "icb": "y", "sclc": "z"}
    assert page.given_parameters("01_cohorts", namespace) == {"run": "mine", "cohort": "x", "icb": "y"}


def test_many_marks_become_pixels(made):
    sheet = made()
    with sheet.panel("one") as panel:
        fig, ax = plt.subplots()
        ax.scatter(range(5000), range(5000))
        panel.save(fig, pd.DataFrame({"x": [1]}))
    assert (sheet._unfinished / "one.svg").stat().st_size < 300_000


def test_a_parameter_by_hand_is_checked_too(made):
    with pytest.raises(params.ParameterError, match="min_group: 'five' must be a whole number"):
        made(min_group="five")


def test_a_key_that_no_cell_declares_is_refused_in_a_fresh_kernel(made):
    class Shell:
        execution_count = 3

    with pytest.raises(params.ParameterError, match=r"unknown parameter 'chort' \(did you mean 'cohort'\?\)"):
        made(chort="x", get_ipython=Shell)


def test_a_claim_nobody_printed_is_refused(made):
    with pytest.raises(UserError, match="claim 'lcnec.nowhere' is not in params/published"):
        made().claim("lcnec.nowhere", Finding(1.0))


def test_of_many_claims_one_that_nobody_printed_is_refused_unless_it_is_optional(made):
    sheet = made()
    answers = {"subtype.nsclc_like": [SHARE], "subtype.none_such": [SHARE]}
    with sheet.panel("one") as panel:
        sheet.cohort("cohort")
        draw(panel)
        sheet.claim_all(answers, "lcnec.fig2a.", optional={"*.none_such"})
        with pytest.raises(UserError, match="claim 'lcnec.fig2a.subtype.none_such' is not in params/published"):
            sheet.claim_all(answers, "lcnec.fig2a.")
    assert list(sheet._findings) == ["lcnec.fig2a.subtype.nsclc_like"]


SHARE = Finding(66.0, 60.0, 70.0, n=8)


def with_codes(own_study, *codes: str) -> None:
    """OncoTree codes for the eight tumours of own_study."""
    path = own_study / "data_clinical_sample.txt"
    rows = zip(path.read_text().splitlines(), ["ONCOTREE_CODE", *codes], strict=True)
    path.write_text("".join(f"{row}\t{code}\n" for row, code in rows))


def answer(sheet, *roles: str, **more) -> tuple[str, str]:
    """Verdict and reason of a claim on LCNEC that a panel puts to the cohorts of these roles."""
    with sheet.panel("one") as panel:
        for role in roles or ("cohort",):
            sheet.cohort(role)
        draw(panel)
        sheet.claim("lcnec.fig2a.subtype.nsclc_like", SHARE, **more)
    found = sheet._findings["lcnec.fig2a.subtype.nsclc_like"]
    assert bool(found["findings"]) == (found["verdict"] != verdicts.NOT_COMPUTABLE)
    return found["verdict"], found["reason"]


def test_a_claim_is_put_to_tumours_of_its_disease_and_to_those_of_which_nothing_is_said(made, own_study):
    sheet = made()
    assert answer(sheet)[0] in verdicts.ANSWERS
    assert "No column says the histology; taken as LCNEC." in sheet.describe().at["cohort", "notes"]
    with_codes(own_study, *["LUNE"] * 7, "")
    sheet = made()
    assert answer(sheet)[0] in verdicts.ANSWERS
    assert sheet.describe().at["cohort", "notes"][0] == "Of 1 tumour no column says the histology; taken as LCNEC."


@pytest.mark.parametrize("n, answered", [(4, False), (5, True)])
def test_a_group_under_min_group_answers_nothing(made, n, answered):
    """The run's min_group is 5: a share of four patients, or a comparison whose smaller side has four, is no answer."""
    sheet, id = made(), "lcnec.fig2a.subtype.nsclc_like"
    for finding in (dataclasses.replace(SHARE, n=n), dataclasses.replace(SHARE, n=90, smallest=n)):
        with sheet.panel("one") as panel:
            sheet.cohort("cohort")
            draw(panel)
            sheet.claim(id, finding)
        assert (sheet._findings[id]["verdict"] != verdicts.NOT_COMPUTABLE) == answered
        assert answered or "a group of 4" in sheet._findings[id]["reason"]
    assert of_count(3).of_enough(5) == of_count(3)  # how many there are is no estimate of theirs


def test_a_claim_is_not_put_to_another_disease(made, own_study):
    with_codes(own_study, *["LUAD"] * 8)
    sheet = made()
    said = "8 of 8 tumours are lung adenocarcinoma (LUAD), not LCNEC"
    assert answer(sheet) == (verdicts.NOT_COMPUTABLE, said)
    assert answer(sheet, kept=["LCNEC"])[0] in verdicts.ANSWERS, "the panel says that it kept to LCNEC itself"
    assert answer(sheet, kept=["LCNEC", "SCLC"]) == (verdicts.NOT_COMPUTABLE, said)
    assert sheet.describe().at["cohort", "notes"][0] == f"{said}: no claim on LCNEC is put to them."


def test_a_claim_is_not_put_to_a_mixture_unless_the_run_keeps_one_of_it(made, own_study):
    with_codes(own_study, *["LUNE"] * 7, "SCLC")
    sheet = made()
    assert answer(sheet) == (verdicts.NOT_COMPUTABLE, "1 of 8 tumours is small cell lung cancer (SCLC), not LCNEC")
    sheet = made(histology="LUNE")
    assert answer(sheet)[0] in verdicts.ANSWERS
    assert sheet.describe().loc["cohort", ["patients", "samples"]].tolist() == [7, 7]
    assert "Restricted to LUNE: 7 of 8 tumours, 7 of 8 patients." in sheet.describe().at["cohort", "notes"]


def test_a_claim_is_not_put_to_a_pair_of_which_one_is_another_disease(made, own_study):
    other = own_study.with_name("other")
    shutil.copytree(own_study, other)
    with_codes(own_study, *["LUNE"] * 8)
    with_codes(other, *["SCLC"] * 8)
    said = "role 'cohort_2': 8 of 8 tumours are small cell lung cancer (SCLC), not LCNEC"
    assert answer(made(cohort_2=str(other)), "cohort", "cohort_2") == (verdicts.NOT_COMPUTABLE, said)


def test_a_claim_of_another_source_is_put_to_any_nsclc_in_its_role(made, own_study):
    with_codes(own_study, *["LUAD"] * 4, *["LUNE"] * 2, "LUSC", "SCLC")
    sheet = made(cohort="", icb=str(own_study))
    sheet.cohort("icb")
    sheet.claim("icb.rv_text_effects.mdacc.tp53", SHARE, role="icb")
    assert sheet._findings["icb.rv_text_effects.mdacc.tp53"]["verdict"] in verdicts.ANSWERS
    assert "1 of 8 tumours is small cell lung cancer (SCLC), not NSCLC." in sheet.describe().at["icb", "notes"]


def test_words_that_nobody_understands_stand_at_the_head(made):
    sheet = made()
    sheet.cohort("cohort").words = {
        "FIRST_LINE_REGIMEN": {"Test": 12, "Foo": 3},
        "SEX": {f"word {place}": 1 for place in range(8)},
    }
    notes = sheet.describe().at["cohort", "notes"]
    assert (
        "FIRST_LINE_REGIMEN: 'Test' (12), 'Foo' (3) not understood: shown under their own names, asked no claim."
        in notes
    )
    assert any(note.startswith("SEX: 'word 0' (1), ") and " and 2 more not understood" in note for note in notes)
    # what the reader's own note names is not said twice
    sheet.cohort("cohort").notes.append("data_clinical_patient.txt, column SEX: 'word 0' (1)")
    assert not any(note.startswith("SEX: ") for note in sheet.describe().at["cohort", "notes"])


def test_a_cohort_that_is_not_on_this_machine_costs_no_earlier_figure(made, monkeypatch, tmp_path):
    whole(made).finish()
    before = provenance.of_file(paths.figures("mine") / "one.svg")
    for name in ("LCNEC_COHORTS_DIR", "LCNEC_DATA_DIR", "LCNEC_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    monkeypatch.setenv("LCNEC_MIRROR", "http://127.0.0.1:9")  # nor can it be downloaded
    sheet = made(cohort="msk_met_lcnec")
    for name in PANELS:
        with sheet.panel(name):
            sheet.cohort("cohort")
    sheet.finish()
    assert provenance.of_file(paths.figures("mine") / "one.svg") == before
    assert "lcnec cohort build msk_met_lcnec" in records.read_record("mine", "02_outcomes")["skipped"]["one"]


def test_errors_show_as_one_line_in_a_notebook():
    assert UserError("what is wrong")._render_traceback_() == ["UserError: what is wrong"]
