"""Digests that tell a stale result from a current one: of files, folders, a notebook's code and its parameters."""

import contextlib
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
    return once("folder", folder, _of_folder)


def _of_folder(folder: Path) -> str:
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


def _named_files(module: str) -> set[Path]:
    """The data files that a module reads."""
    file = _module_file(module)
    source = file.read_text(encoding="utf-8")
    published = {path for path in paths.PUBLISHED.glob("*.csv") if path.name in source}
    return published | {
        path
        for path in file.parent.iterdir()
        if path.suffix in (".yaml", ".txt", ".csv") and (path.name in source or path.stem == file.stem)
    }


def data_files(modules: list[str]) -> list[Path]:
    """The data files that these modules read: those beside a module that it names, or that bear its name, and the
    tables of params/published that it names."""
    return sorted(set().union(*(once("files", module, _named_files) for module in modules)))


_taken: dict[tuple, object] | None = None


@contextlib.contextmanager
def taken_once():
    """Within this context a file's digest is taken once, and a cohort read once, however many results ask for it.

    What is edited meanwhile is told afterwards: a result has the digest of before, and is stale.
    """
    global _taken
    before, _taken = _taken, {} if _taken is None else _taken
    try:
        yield
    finally:
        _taken = before


def once(kind: str, key, take):
    """What `take` gives for a key; from before, where it was taken in the same `taken_once`."""
    if _taken is None:
        return take(key)
    if (kind, key) not in _taken:
        _taken[kind, key] = take(key)
    return _taken[kind, key]


def take(modules: list[str]) -> None:
    """Take, within `taken_once`, the digests of these modules, of the data they read, and of what was published."""
    _import_graph()
    for file in [*map(_module_file, modules), *data_files(modules)]:
        once("file", file, of_file)
    of_folder(paths.PUBLISHED)


def of_notebook(notebook: Path) -> str:
    """Digest of what computes a notebook's results: its code, its modules' code with the data they read, the lock."""
    return once("notebook", notebook, _of_notebook)


def _of_notebook(notebook: Path) -> str:
    parts = {"code": of_bytes(code_cells(notebook).encode()), "version": __version__}
    modules = import_closure(notebook)
    for module in modules:
        parts[module] = once("file", _module_file(module), of_file)
    for table in data_files(modules):
        parts[table.relative_to(paths.ROOT).as_posix()] = once("file", table, of_file)
    if paths.LOCK.exists():
        parts["lock"] = once("file", paths.LOCK, of_file)
    return of_object(parts)
