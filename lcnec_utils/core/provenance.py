"""Digests that tell a stale result from a current one: of files, folders, a notebook's code and its parameters."""

import hashlib
import json
from functools import cache
from pathlib import Path

from lcnec_utils import __version__
from lcnec_utils.core import paths

SHORT = 16


def of_bytes(data: bytes) -> str:
    """SHA-256 of bytes, as hex."""
    return hashlib.sha256(data).hexdigest()


def of_file(path: Path) -> str:
    """SHA-256 of a file, as hex."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def of_folder(folder: Path) -> str:
    """SHA-256 over the names and contents of every file under a folder, hidden files left out."""
    lines = [
        f"{path.relative_to(folder).as_posix()} {of_file(path)}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    return of_bytes("\n".join(lines).encode())


def of_object(value) -> str:
    """SHA-256 of anything JSON can hold, keys sorted."""
    return of_bytes(json.dumps(value, sort_keys=True, ensure_ascii=False, default=str).encode())


def code_cells(notebook: Path) -> str:
    """The source of a notebook's code cells, joined: outputs and prose do not make a result stale."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


@cache
def _import_graph():
    import grimp

    cache_dir = paths.ROOT / "build" / ".grimp_cache"
    return grimp.build_graph("lcnec_utils", include_external_packages=False, cache_dir=str(cache_dir))


def import_closure(notebook: Path) -> list[str]:
    """The package's modules that a notebook imports, directly or through others, sorted."""
    import ast

    graph = _import_graph()
    named = set()
    for node in ast.walk(ast.parse(code_cells(notebook))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("lcnec_utils"):
            named |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
        elif isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names if alias.name.startswith("lcnec_utils")}
    start = named & graph.modules
    closure = set(start)
    for module in start:
        closure |= graph.find_upstream_modules(module)
    return sorted(closure)


def _module_file(module: str) -> Path:
    path = paths.ROOT / Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def data_files(modules: list[str]) -> list[Path]:
    """The data files that these modules read: those beside a module that it names, or that bear its name, and the
    tables of params/published that it names."""
    files, published = set(), sorted(paths.PUBLISHED.glob("*.csv"))
    for module in modules:
        file = _module_file(module)
        source = file.read_text(encoding="utf-8")
        files.update(path for path in published if path.name in source)
        for path in file.parent.iterdir():
            if path.suffix in (".yaml", ".txt", ".csv") and (path.name in source or path.stem == file.stem):
                files.add(path)
    return sorted(files)


def of_notebook(notebook: Path) -> str:
    """Digest of what computes a notebook's results: its code, its modules' code with the data they read, the lock."""
    parts = {"code": of_bytes(code_cells(notebook).encode()), "version": __version__}
    modules = import_closure(notebook)
    for module in modules:
        parts[module] = of_file(_module_file(module))
    for table in data_files(modules):
        parts[table.relative_to(paths.ROOT).as_posix()] = of_file(table)
    if paths.LOCK.exists():
        parts["lock"] = of_file(paths.LOCK)
    return of_object(parts)
