"""The reference: a page per module of the package, each public function with its signature, docstring and examples.

Read from the source's syntax tree, without importing anything: a page is as fast as its file is short.
"""

import ast
import re
from html import escape
from pathlib import Path

from lcnec_utils.core import paths
from lcnec_utils.site.articles import article, scrolled_table, toctree
from lcnec_utils.site.files import write_if_changed

FOLDER = "reference"
PACKAGE = paths.ROOT / "lcnec_utils"


def modules() -> list[str]:
    """The package's modules, as `room/module`, in order."""
    found = (path.relative_to(PACKAGE).with_suffix("") for path in sorted(PACKAGE.rglob("*.py")))
    return [path.as_posix() for path in found if path.name != "__init__"]


def prose(text: str) -> str:
    """A docstring as HTML: paragraphs, names in backticks as code, examples highlighted.

    >>> prose("A share of `n`, in percent." + chr(10) * 2 + ">>> 1 + 1" + chr(10) + "2")
    '<p>A share of <code>n</code>, in percent.</p><pre class="example"><code>&gt;&gt;&gt; 1 + 1\\n2</code></pre>'
    """
    parts = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lead, _, example = paragraph.partition(">>> ")
        # a line before the first example of a paragraph is prose
        if lead.strip():
            words = re.sub(r"`+([^`]+)`+", r"<code>\1</code>", escape(lead.strip(), quote=False))
            parts.append(f"<p>{words}</p>")
        if example:
            parts.append(f'<pre class="example"><code>{escape(">>> " + example.rstrip(), quote=False)}</code></pre>')
    return "".join(parts)


def signature(node: ast.FunctionDef) -> str:
    """A function as it is called: its name, arguments with types and defaults, and what it returns."""
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){returns}"


def _public(nodes: list[ast.stmt]) -> list[ast.FunctionDef | ast.ClassDef]:
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [node for node in nodes if isinstance(node, kinds) and not node.name.startswith("_")]


def _fields(node: ast.ClassDef) -> str:
    fields = [part for part in node.body if isinstance(part, ast.AnnAssign)]
    return "\n".join(ast.unparse(field) for field in fields)


def _entry(node: ast.FunctionDef | ast.ClassDef, module: str, with_code: bool) -> str:
    """A function or class: signature, docstring, methods, and a link to its code."""
    whole = module.replace("/", ".")
    code = f' <a class="to-code" href="{_up(module)}code/{whole}.html#{node.name}">code</a>' if with_code else ""
    if isinstance(node, ast.FunctionDef):
        shown, below = signature(node), ""
    else:
        bases = ", ".join(map(ast.unparse, node.bases))
        shown = f"class {node.name}({bases})" if bases else f"class {node.name}"
        fields = _fields(node)
        below = f'<pre class="fields"><code>{escape(fields)}</code></pre>' if fields else ""
        below += "".join(
            f'<div class="method"><pre class="signature" id="{node.name}.{part.name}"><code>'
            f"{escape(signature(part))}</code></pre>{prose(ast.get_docstring(part) or '')}</div>"
            for part in _public(node.body)
        )
    return (
        f'<div class="entry" id="{node.name}"><pre class="signature"><code>{escape(shown)}</code></pre>{code}'
        f"{prose(ast.get_docstring(node) or '')}{below}</div>"
    )


def _up(module: str) -> str:
    """The way from a module's page to the site's top."""
    return "../" * (module.count("/") + 1)


def tree_of(module: str) -> ast.Module:
    """A module's syntax tree."""
    return ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))


def page(module: str, tree: ast.Module, with_code: bool) -> str:
    """A module's page as MyST. with_code: whether the site has a page of its code."""
    parts = [("", prose(ast.get_docstring(tree) or ""))]
    parts += [(node.name, _entry(node, module, with_code)) for node in _public(tree.body)]
    return article(module.replace("/", "."), parts)


def write(source: Path, documents: list[str]) -> list[str]:
    """The documents written: one per module, and their index by room.

    documents: those of the site, for links to the pages of code.
    """
    of_rooms: dict[str, list[list[str]]] = {}
    names = modules()
    for module in names:
        tree = tree_of(module)
        text = page(module, tree, f"code/{module.replace('/', '.')}" in documents)
        write_if_changed(source / FOLDER / f"{module}.md", text)
        room, _, name = module.rpartition("/")
        first_line = (ast.get_docstring(tree) or "").partition("\n")[0]
        row = [f'<a href="{module}.html"><code>{name}</code></a>', escape(first_line)]
        of_rooms.setdefault(room or "the top", []).append(row)
    introduction = (
        "<p>The package <code>lcnec_utils</code>, room by room: each public function with its signature, its docstring "
        "and its examples, which the tests run.</p>"
    )
    parts = [("", introduction)]
    head = ["module", "holds"]
    parts += [(room, scrolled_table(head, rows, f"Modules of {room}")) for room, rows in of_rooms.items()]
    write_if_changed(source / FOLDER / "index.md", article("Reference", parts, toctree(names)))
    return [*(f"{FOLDER}/{module}" for module in names), f"{FOLDER}/index"]
