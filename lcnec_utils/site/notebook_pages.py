"""A page per notebook: its prose, each panel with a switch between runs, its code folded and linked to the reference.

What is written for Sphinx are notebooks that myst-nb renders; nothing is executed. Beside the panels a cell shows what
the notebook stores, which is the output of the default run.
"""

import json
import re
from html import escape
from pathlib import Path

from lcnec_utils.core import paths
from lcnec_utils.run import records
from lcnec_utils.site.code_pages import Function, functions_of
from lcnec_utils.site.drawings import DEFAULT_RUN, PANEL_CELL, Drawn, stored_run
from lcnec_utils.site.files import write_if_changed
from lcnec_utils.site.panel_block import block


def notebook_names() -> list[str]:
    """The notebooks that the site shows, in order."""
    return sorted(path.stem for path in paths.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def title_of(notebook: str) -> str:
    """The question that a notebook asks."""
    cells = json.loads(records.notebook_path(notebook).read_text(encoding="utf-8"))["cells"]
    return "".join(cells[0]["source"]).splitlines()[0].removeprefix("# ")


def reference_link(function: Function, up: str = "../") -> str:
    """A link to a function's place in the reference.

    >>> reference_link(Function("lcnec_utils.stats.cox", "cox"))
    '<a href="../reference/stats/cox.html#cox">stats.cox.cox</a>'
    """
    module = function.module.removeprefix("lcnec_utils.")
    page = f"{up}reference/{module.replace('.', '/')}.html"
    return f'<a href="{page}#{function.name}">{module}.{function.name}</a>'


def highlighted(code: str) -> str:
    """Python code as HTML with the theme's colours."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return highlight(code, PythonLexer(), HtmlFormatter(wrapcode=True))


def _code(notebook: str, panel: str, cell: str) -> str:
    """A panel's code, folded, with the functions that it calls."""
    called = ", ".join(reference_link(function) for function in functions_of(notebook, panel))
    return (
        f'<details class="lcnec-code" id="{panel}-code"><summary>Code of this panel</summary>'
        f'<p class="faint">A cell of <code>notebooks/{notebook}.ipynb</code>. It calls {called}.</p>'
        f"{highlighted(cell)}</details>"
    )


def _html_output(text: str) -> dict:
    return {"output_type": "display_data", "data": {"text/html": text, "text/plain": ""}, "metadata": {}}


def _scrolled(output: dict) -> dict:
    """An output whose table can be scrolled, by keyboard too, and whose `scope` a screen reader can use."""
    data = output.get("data", {})
    if "text/html" not in data or "<table" not in "".join(data["text/html"]):
        return output
    table = "".join(data["text/html"])
    table = re.sub(r"<style scoped>.*?</style>", "", table, flags=re.S).replace("<td></td>", "<td>&#160;</td>")
    wrapped = f'<div class="scroll" tabindex="0" role="region" aria-label="Table">{table}</div>'
    return {**output, "data": {"text/html": wrapped, "text/plain": ""}}


def page(notebook: str, drawn: Drawn, answers: dict[str, list[dict]]) -> dict:
    """A notebook as the site shows it."""
    path = records.notebook_path(notebook)
    run = stored_run(notebook)
    cells = []
    for place, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
        source, tags = "".join(cell["source"]), list(cell["metadata"].get("tags", []))
        base = {"cell_type": cell["cell_type"], "id": f"c{place}", "source": source}
        if cell["cell_type"] == "markdown":
            cells.append({**base, "metadata": {}})
            if place == 0:
                cells.append({"cell_type": "markdown", "id": "runs", "metadata": {}, "source": _above(notebook, run)})
            continue
        outputs = [_scrolled(output) for output in cell["outputs"]]
        for panel in PANEL_CELL.findall(source):
            shown = block(panel, drawn, answers) + _code(notebook, panel, source)
            outputs, tags = [_html_output(shown)], ["remove-input"]
        prompt = "Parameters" if "parameters" in tags else "Code"
        if tags != ["remove-input"]:
            tags = ["hide-input"]
        count = cell.get("execution_count")
        metadata = {"tags": tags, "mystnb": {"code_prompt_show": prompt, "code_prompt_hide": prompt}}
        cells.append({**base, "metadata": metadata, "outputs": outputs, "execution_count": count})
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}


def _above(notebook: str, run: str) -> str:
    """What stands under a page's title: what the switch does, and whose outputs the tables are."""
    simulated = " (simulated patients)" if run == DEFAULT_RUN else ""
    return (
        '<div class="page-note"><p>Each figure has a switch: real patients first, the simulated twin last. Tables '
        f"outside figures are of the run <code>{escape(run)}</code>{simulated}. To run this page yourself: "
        f"<code>.venv/bin/lcnec run --params params/{escape(run)}.yaml -n {escape(notebook)}</code>.</p>"
        '<p class="page-runs" hidden><label>Show in every figure: <select class="page-run"></select></label></p></div>'
    )


def write(source: Path, drawn: Drawn, answers: dict[str, list[dict]]) -> list[str]:
    """The documents written: one per notebook, and their index."""
    documents = []
    for notebook in notebook_names():
        text = json.dumps(page(notebook, drawn, answers), ensure_ascii=False, indent=1)
        write_if_changed(source / "notebooks" / f"{notebook}.ipynb", text)
        documents.append(f"notebooks/{notebook}")
    rows = []
    for notebook in notebook_names():
        real = sum(not d.simulated and not d.of_prints for made in drawn.of_notebook(notebook).values() for d in made)
        panels = drawn.of_notebook(notebook)
        rows.append(f"| [{notebook}]({notebook}.ipynb) | {title_of(notebook)} | {len(panels)} | {real} |")
    text = "\n".join(
        [
            "# Notebooks",
            "",
            "One notebook per section of the results. Its title is its question; each figure can be seen in every run "
            "that drew it.",
            "",
            "| notebook | question | panels | figures of real patients |",
            "|---|---|---|---|",
            *rows,
            "",
            "```{toctree}",
            ":hidden:",
            "",
            *(f"{notebook}" for notebook in notebook_names()),
            "```",
            "",
        ]
    )
    write_if_changed(source / "notebooks" / "index.md", text)
    return [*documents, "notebooks/index"]
