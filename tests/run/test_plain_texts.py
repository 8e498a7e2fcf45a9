"""Words that are attacks, in what a page shows and writes: Markdown is rendered as a notebook's reader renders it, HTML
and SVG are parsed, a CSV is read as a spreadsheet would. About five seconds."""

import csv
import io
import math

import matplotlib
import pandas as pd
import pytest
import yaml
from markdown_it import MarkdownIt

from lcnec_utils.core import params, paths
from lcnec_utils.core.errors import UserError
from lcnec_utils.run import page, panel_files, plain_texts, records
from tests import attacking_words as attacks

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402

PANEL = {"one": {"title": "First", "source": "s", "roles": ["cohort"], "notebook": "02_outcomes", "aggregate": True}}
RENDER = MarkdownIt("commonmark", {"html": True}).enable("table").render  # as Jupyter: raw HTML is let through


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What a page on a study of attacks displays, its Markdown and its HTML, and the folder of its files."""
    folder = tmp_path_factory.mktemp("attacks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LCNEC_OUTPUT_DIR", str(folder / "out"))
        patch.setattr(records, "panels_of", lambda notebook: PANEL)
        seen = []
        patch.setattr("IPython.display.display", lambda *args, **more: seen.extend(args))
        use_mathjax = pd.get_option("display.html.use_mathjax")
        html = displayed(attacks.write(folder / "study", n=24))
        pd.set_option("display.html.use_mathjax", use_mathjax)
    return seen, html, folder / "out" / "figures" / "mine"


def displayed(study) -> str:
    """Introduce the study on a page, draw one panel of it; returns the table of its cohorts as HTML."""
    sheet = page.Page("02_outcomes", {"run": "mine", "cohort": str(study), "icb": ""})
    sheet.introduce()
    with sheet.panel("one") as panel:
        label = sheet.cohort("cohort").label
        fig, ax = plt.subplots()
        for place, word in enumerate([label, *attacks.WORDS, *attacks.GENES]):
            ax.plot([0, 1], [place, place], label=word)
        ax.legend()
        ax.set_title(label)
        table = pd.DataFrame({"group": [label, *attacks.WORDS], "-gene=": [-1.5, *range(len(attacks.WORDS))]})
        says = f"**{label}.** {'; '.join([*attacks.WORDS, *attacks.GENES])}; {attacks.FENCE}"
        panel.save(fig, table, says=says)
    sheet.finish()
    return sheet.describe().to_html()


def test_nothing_runs_in_what_a_notebook_shows_and_every_word_can_be_read(shown):
    from html.parser import HTMLParser

    class Words(HTMLParser):
        def handle_data(self, data):
            read.append(data)

    seen, html, _ = shown
    markdown = [each.data for each in seen if type(each).__name__ == "Markdown"]
    rendered = [RENDER(text) for text in markdown]
    assert len(rendered) >= 2 and attacks.carries(RENDER(f"{attacks.SCRIPT} {attacks.LINK}")), "it would be seen"
    read: list[str] = []
    for text in rendered:
        assert attacks.carries(text) == []
        assert (
            "<script" not in text
            and "<img" not in text
            and "<a " not in text
            and "javascript:" not in text.replace("(javascript:", "")
        )
        Words().feed(text)
    said = "".join(read)
    for word in (attacks.SCRIPT, attacks.PICTURE, attacks.FORMULA, attacks.SHELL, attacks.MATH, attacks.LINK):
        assert word in said, word
    assert attacks.carries(html) == [] and "tex2jax_ignore" in html, "MathJax leaves such a table alone"


def test_no_sign_of_mathematics_is_left_outside_code(shown):
    """MathJax looks for $…$ and \\(…\\) in the text of the page, but not in <code>."""
    import re

    for each in shown[0]:
        if type(each).__name__ == "Markdown":
            outside = re.sub(r"<code>.*?</code>", "", RENDER(each.data), flags=re.S)
            assert "$" not in outside and "\\" not in outside


def test_the_figure_is_xml_that_runs_nothing_and_holds_the_words_as_text(shown):
    path = shown[2] / "one.svg"
    assert attacks.svg_carries(path) == []
    text = path.read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text and "$\\frac{" in text


def test_no_cell_of_a_table_is_a_formula_and_numbers_are_the_same(shown):
    text = (shown[2] / "one.csv").read_text(encoding="utf-8").partition("\n")[2]
    rows = list(csv.reader(io.StringIO(text)))
    assert f"'{attacks.FORMULA}" in [row[0] for row in rows] and rows[0] == ["group", "'-gene="]
    assert rows[1][1] == "-1.5"


def test_what_is_no_formula_stays_to_the_byte(tmp_path):
    table = pd.DataFrame({"what": ["-", "+", "A=1", "−2", "1-2"], "value": [-1.5, math.inf, -math.inf, 1e-9, -0.0]})
    panel_files.write_csv(tmp_path / "one.csv", table, {"simulated": True})
    body = (tmp_path / "one.csv").read_text(encoding="utf-8").partition("\n")[2]
    assert body == table.to_csv(index=False, float_format="%.8g", lineterminator="\n")


@pytest.mark.parametrize(
    "cell", ["=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", "＝1+1", "-1 to 2", '=HYPERLINK("http://x")']
)
def test_a_cell_that_a_spreadsheet_would_compute_stands_behind_an_apostrophe(cell):
    text = pd.DataFrame({"group": [cell]}).to_csv(index=False)
    assert list(csv.reader(io.StringIO(plain_texts.without_formulas(text))))[1] == [f"'{cell}"]


@pytest.mark.parametrize(
    "text", [*attacks.WORDS, attacks.FENCE, "a < b, p < 0.001", "&lt;b>", "**a** `b` *c*", "\\<b>"]
)
def test_a_sentence_for_markdown_can_be_read_back(text):
    assert plain_texts.as_written(plain_texts.as_markdown(text)).replace("&lt;", "<") == text.replace("&lt;", "<")


# --- paths stay where they belong


@pytest.mark.parametrize(
    "name", ["../x", "..", "a/b", "/tmp/x", "a\\b", ".x", "-x", "a b", "x\n", "x\0", "~", "$(x)", "é"]
)
def test_a_run_is_named_by_what_makes_one_folder_in_its_place(tmp_path, name):
    with pytest.raises(UserError):
        params.validate({"run": name})
    file = tmp_path / "named.yaml"
    file.write_text(yaml.safe_dump({"run": name}), encoding="utf-8")
    with pytest.raises(UserError):
        params.read_run(file)


def test_a_table_is_not_written_outside_the_runs_folder(shown):
    """Of a cohort neither name nor body comes into a file's name."""
    folder = shown[2]
    made = sorted(path.relative_to(folder.parent.parent).as_posix() for path in folder.parent.parent.rglob("*")
                  if path.is_file() and "build" not in path.parts)  # fmt: skip
    assert made == [f"figures/mine/{name}" for name in ("manifest.json", "one.csv", "one.png", "one.svg")]


def test_the_tracked_tables_hold_no_formula():
    for path in sorted((paths.ROOT / "figures").glob("*/*.csv")):
        body = path.read_text(encoding="utf-8").partition("\n")[2]
        assert plain_texts.without_formulas(body) == body, path


# --- patients' names


def test_a_notebook_that_fails_on_a_patient_names_it_in_no_log_and_no_output(own_study, tmp_path, monkeypatch):
    """A cell that ends in a KeyError of pandas on a patient: the log, the executed notebook and the line that
    `lcnec run` prints have no name of one. A kernel, about five seconds."""
    import json
    import shutil

    from lcnec_utils.run import execution

    for path in own_study.iterdir():
        path.write_text(path.read_text().replace("A1", "PLANTED-0001"))
    book = json.loads(records.notebook_path("03_adverse_events").read_text())
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    code[3]["source"] = 'page.cohort("cohort").patients.drop(columns=list(page.cohort("cohort").patients.index))'
    shutil.copytree(paths.NOTEBOOKS, tmp_path / "notebooks")
    (tmp_path / "notebooks" / "03_adverse_events.ipynb").write_text(json.dumps(book))
    monkeypatch.setattr(paths, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    file = tmp_path / "mine.yaml"
    file.write_text(f"run: mine\ncohort: {own_study}\n")
    with pytest.raises(execution.NotebookFailed, match=r"KeyError.*\(a patient\)") as failed:
        execution.execute("03_adverse_events", file)
    assert "PLANTED" not in str(failed.value)
    made = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert {".log", ".ipynb"} <= {path.suffix for path in made}
    assert [path for path in made if "PLANTED" in path.read_text(encoding="utf-8")] == []
