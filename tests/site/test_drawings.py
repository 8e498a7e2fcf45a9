"""Drawings: what a run's files say of a panel, and what of real patients is shown. A second."""

import json

import pytest

from lcnec_utils.core import paths, provenance
from lcnec_utils.core.errors import UserError
from lcnec_utils.run import carried_evidence, records
from lcnec_utils.site import drawings
from tests.site.built import FOLDER, SECRET, plant_panel, plant_run, plant_table

SENTENCE = "Of 12 tumours 3 are **SCLC-like**."


@pytest.fixture
def figures(tmp_path, monkeypatch):
    """The folder of figures of a project in which one run on someone's own patients was drawn."""
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path))
    plant_run(tmp_path / "figures" / "mine")
    return tmp_path / "figures"


def plant_executed(figures, digest: str) -> None:
    """An executed notebook of the run with the panel's sentence, and its record, which names a digest of the table."""
    cell = {
        "cell_type": "code", "source": 'with page.panel("subtype_shares") as panel:\n    ...', "metadata": {},
        "outputs": [{"output_type": "display_data", "metadata": {}, "data": {"text/markdown": SENTENCE}}],
    }  # fmt: skip
    folder = paths.build("mine") / "notebooks"
    folder.mkdir(parents=True)
    (folder / "04_genomic_landscape.ipynb").write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    record = {"notebook": "04_genomic_landscape", "run": "mine", "skipped": {},
              "drawn": {"subtype_shares": {"subtype_shares.csv": digest}}}  # fmt: skip
    records.record_path("mine", "04_genomic_landscape").write_text(json.dumps(record), encoding="utf-8")


def test_of_own_patients_a_panel_of_aggregates_is_shown_and_one_of_patients_is_not(figures):
    drawn = drawings.gather()
    [own] = drawn.drawings["subtype_shares"]
    assert (own.label, own.n, own.simulated) == ("my_study", "n = 12", False)
    assert set(own.files) == {"svg", "csv"}, "a table beside it may hold a row per patient"
    assert drawn.drawings["fig2a"] == [] and "single patients" in drawn.elsewhere["fig2a"][0][1]
    assert SECRET not in str([own, drawn.elsewhere])


def test_of_simulated_patients_every_panel_is_shown_with_the_tables_beside_it(figures):
    plant_panel(figures / "mine", "fig2a", f"SAMPLE_ID,TP53\n{SECRET},1\n", SECRET, simulated=True)
    (figures / "mine" / "fig2a.tests.csv").write_text("p\n1\n", encoding="utf-8")
    [drawing] = drawings.gather().drawings["fig2a"]
    assert set(drawing.files) == {"svg", "csv", "png", "tests.csv"} and drawing.label == "Simulated patients"
    assert drawing.n == "n = 1"  # rows of one tumour each


def test_a_sentence_is_shown_with_the_figure_that_it_was_computed_with_and_no_other(figures):
    plant_executed(figures, provenance.of_file(figures / "mine" / "subtype_shares.csv"))
    [own] = drawings.gather().drawings["subtype_shares"]
    assert own.sentence == SENTENCE and own.words == "Of 12 tumours 3 are SCLC-like."
    shares = "group,what,k,n,share\nall,SCLC-like,4,12,0.33\n"
    plant_panel(figures / "mine", "subtype_shares", shares, "n = 12")
    [own] = drawings.gather().drawings["subtype_shares"]
    assert own.sentence == "", "the figure is newer than the notebook"


def test_a_run_without_executed_notebooks_is_named(figures):
    assert drawings.gather().without_words == ["mine"]


def test_where_no_notebook_was_executed_the_figure_says_its_sentence_itself(figures):
    """As in a fresh clone: an SVG carries it as its description, behind its title."""
    shares = "group,what,k,n,share\nall,SCLC-like,3,12,0.25\n"
    plant_panel(figures / "mine", "subtype_shares", shares, "12 of them", sentence="Of 12 tumours 3 are &lt; A.")
    drawn = drawings.gather()
    [own] = drawn.drawings["subtype_shares"]
    assert own.sentence == "Of 12 tumours 3 are < A." and drawn.without_words == []
    tracked = drawings.sentence_in(paths.ROOT / "figures" / "msk_met" / "os_by_subtype.svg")
    assert "months" in tracked and "<" not in tracked


# --- what is not as it was written


@pytest.mark.parametrize("edited", ["a number", "simulated", "the figure", "another run"])
def test_what_is_not_as_it_was_written_is_not_shown_and_is_named(figures, edited):
    """`simulated` in a table's line opens the door to panels of single patients: its sealed figure denies it."""
    folder = figures / "mine"
    table, svg = folder / "fig2a.csv", folder / "fig2a.svg"
    if edited == "simulated":
        table.write_text(table.read_text().replace('"simulated": false', '"simulated": true'))
        panel, file = "fig2a", "fig2a.svg"
    else:
        panel, table, svg = "subtype_shares", folder / "subtype_shares.csv", folder / "subtype_shares.svg"
        file = "subtype_shares.svg" if edited == "the figure" else "subtype_shares.csv"
        if edited == "a number":
            table.write_text(table.read_text().replace("0.25", "0.75"))
        elif edited == "the figure":
            svg.write_text(svg.read_text().replace("n = 12", "n = 99"))
        else:
            plant_panel(figures / "other", panel, "k,n\n3,12\n", "n = 12").rename(table)
    drawn = drawings.gather()
    assert drawn.drawings[panel] == []
    assert ("mine", f"{file} is not as it was written; `lcnec verify` says why.") in drawn.elsewhere[panel]


def test_a_files_copy_for_the_site_names_no_path_and_is_sealed_anew(figures):
    """A table, an SVG and a PNG; of a cohort that has a name every byte stays."""
    for name, folder in (("mine", f"{FOLDER} 0123456789abcdef"), ("named", "oak 0123456789abcdef")):
        plant_panel(figures / name, "fig2e", "k,n\n3,12\n", "n = 12", cohorts={"cohort": folder, "sclc": "sclc 01"})
        for kind in ("csv", "svg", "png"):
            path = figures / name / f"fig2e.{kind}"
            shown = carried_evidence.published(path)
            assert FOLDER.encode() in path.read_bytes() or name == "named"
            assert FOLDER.encode() not in shown and (shown == path.read_bytes()) == (name == "named")
            copy = figures / f"copy.{kind}"
            copy.write_bytes(shown)
            about = carried_evidence.read(path)
            assert carried_evidence.read(copy) == carried_evidence.without_paths(about)
            assert carried_evidence.read(copy)["cohorts"]["sclc"] == "sclc 01"


def test_of_a_forest_n_is_of_its_real_cohorts(figures):
    body = "kind,label,estimate,n\nprint,published,1,373\ncohort,A,2,81\ncohort,B,2,82\nsimulated,twin,1,400\n"
    assert drawings._n_of_table(plant_table(figures / "mine", "forests_icb", body)) == "n = 81 to 82, by row"


@pytest.mark.parametrize("name", ["../../elsewhere", "my study", "a/b", "<b>", "index", "x" * 300, "", "."])
def test_a_body_of_evidence_of_any_name_has_a_page_inside_its_folder(name):
    document = drawings.page_of_body(name)
    folder, _, page = document.partition("/")
    assert folder == "cohorts" and page != "index" and len(page) < 100
    assert set(page) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
    assert drawings.page_of_body(name + "?") != document


def test_a_table_without_provenance_or_of_another_panel_is_not_taken_for_a_drawing(figures):
    (figures / "mine" / "subtype_shares.csv").write_text("k,n\n3,12\n", encoding="utf-8")
    assert drawings.gather().drawings["subtype_shares"] == []
    other = plant_table(figures / "mine", "fig2e", "k,n\n3,12\n")
    other.rename(figures / "mine" / "subtype_shares.csv")
    assert drawings.gather().drawings["subtype_shares"] == []


def test_a_run_is_shown_by_its_name_or_refused_with_the_nearest(figures):
    assert drawings.runs_drawn(["mine"]) == ["mine"]
    with pytest.raises(UserError, match=r"run 'mime' has no figures \(did you mean 'mine'\?\)"):
        drawings.runs_drawn(["mime"])


@pytest.mark.parametrize(
    "texts, numbers",
    [
        (["NSCLC-like, n = 33, 17 events: 18.5 (11.2–NR)"], ["33"]),
        (["SCLC (n = 1,704), % altered", "(n = 1,704)"], ["1,704"]),
        (["CR (n = 0 and 2)"], ["0 and 2"]),
        (["mean = 3", "n=12"], ["12"]),
        (["no number"], []),
    ],
)
def test_n_is_read_from_a_figures_labels(texts, numbers):
    assert drawings.numbers_of(texts) == numbers


def test_n_is_not_read_from_a_column_that_counts_genes(figures):
    table = plant_table(figures / "mine", "subtype_shares", "test,rule,n\nKS,legend,1061\n")
    assert drawings._n_of_table(table) == ""
    table = plant_table(figures / "mine", "subtype_shares", "what,n,r\nB cells,200,0.9\n")
    assert drawings._n_of_table(table) == "n = 200, by row"
