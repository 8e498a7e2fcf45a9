"""Code pages: the functions that draw a panel, each a link into a page that shows its module.

A panel's cell names them; its notebook's imports say in which module they stand.
"""

import ast
import dataclasses
import json
from functools import cache
from pathlib import Path

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from lcnec_utils.core import paths
from lcnec_utils.run import records
from lcnec_utils.site import documents
from lcnec_utils.site.evidence import Evidence

PACKAGE = "lcnec_utils"
FOLDER = "code"


@dataclasses.dataclass(frozen=True)
class Function:
    """A function or class that a panel's cell calls: the module it stands in, and its name there."""

    module: str
    name: str

    @property
    def page(self) -> str:
        """Where it stands on the site."""
        return f"{document_of(self.module)}.html#{self.name}"


def document_of(module: str) -> str:
    """The document that shows a module.

    >>> document_of("lcnec_utils.studies.lcnec.outcomes")
    'code/studies.lcnec.outcomes'
    """
    return f"{FOLDER}/{module.removeprefix(f'{PACKAGE}.')}"


def module_file(module: str) -> Path:
    """The file of one of the package's modules."""
    return paths.ROOT.joinpath(*module.split(".")).with_suffix(".py")


@cache
def cells_of(notebook: str) -> dict[str, str]:
    """The source of each panel's cell, by panel."""
    cells = json.loads(records.notebook_path(notebook).read_text(encoding="utf-8"))["cells"]
    found: dict[str, str] = {}
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            for panel in _panels_in(ast.parse(source)):
                found[panel] = source
    return found


def _panels_in(tree: ast.AST) -> list[str]:
    """The panels that a cell draws: the texts given to `page.panel`."""
    return [
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "panel"
        and node.args and isinstance(node.args[0], ast.Constant)
    ]  # fmt: skip


@cache
def imports_of(notebook: str) -> dict[str, tuple[str, str]]:
    """What the names that a notebook imports from the package stand for: a module and, for a function, its name."""
    cells = json.loads(records.notebook_path(notebook).read_text(encoding="utf-8"))["cells"]
    names: dict[str, tuple[str, str]] = {}
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        for node in ast.walk(ast.parse("".join(cell["source"]))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE:
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    module = (whole, "") if module_file(whole).exists() else (node.module, alias.name)
                    names[alias.asname or alias.name] = module
    return names


@cache
def functions_of(notebook: str, panel: str) -> list[Function]:
    """The package's functions that a panel's cell calls, those of the study's own module first."""
    source = cells_of(notebook).get(panel, "")
    names = imports_of(notebook)
    called: dict[Function, None] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names:
            module, inner = names[node.value.id]
            if not inner:
                called[Function(module, node.attr)] = None
        elif isinstance(node, ast.Name) and names.get(node.id, ("", ""))[1]:
            called[Function(*names[node.id])] = None
    known = [function for function in called if function.name in definitions(function.module)]
    return sorted(known, key=lambda function: not function.module.startswith(f"{PACKAGE}.studies."))


@cache
def definitions(module: str) -> dict[str, int]:
    """The functions and classes of a module with the line on which each begins."""
    tree = ast.parse(module_file(module).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {
        node.name: min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        for node in tree.body if isinstance(node, kinds)
    }  # fmt: skip


def write(source: Path, evidence: Evidence) -> list[str]:
    """Write a page for each module that a panel's cell calls; returns the documents written, without suffix."""
    modules = {
        function.module
        for panel, entry in evidence.panels.items() if not entry.get("planned")
        for function in functions_of(entry["notebook"], panel)
    }  # fmt: skip
    written = []
    for module in sorted(modules):
        text = module_file(module).read_text(encoding="utf-8")
        written.append(documents.write(source, document_of(module), module, _listing(text, definitions(module))))
    documents.remove_others(source / FOLDER, written)
    return written


def _listing(text: str, starts: dict[str, int]) -> str:
    """A module's text in the theme's colours, an anchor at each function, and a list of them at the head."""
    # the trailing line break is kept, so that line n of the text is line n of the listing
    lines = highlight(text, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)).split("\n")
    anchors = {line: name for name, line in starts.items()}
    for place, name in anchors.items():
        lines[place - 1] = f'<span id="{documents.escaped(name)}" class="code-anchor">{lines[place - 1]}</span>'
    contents = " · ".join(f'<a href="#{documents.escaped(name)}">{documents.escaped(name)}</a>' for name in starts)
    return (
        f'<p>{contents}</p>\n<div class="highlight-python notranslate"><div class="highlight" tabindex="0" '
        f'role="region" aria-label="Code"><pre>{"&#10;".join(lines)}</pre></div></div>'
    )
