"""Files of the site, written only where they changed: what Sphinx finds unchanged it neither reads nor writes again."""

import shutil
from collections.abc import Iterable
from pathlib import Path


def write_if_changed(path: Path, content: str | bytes) -> bool:
    """Whether a file was written: it is left alone, its time stamp too, where it holds this content already.

    >>> import tempfile
    >>> page = Path(tempfile.mkdtemp()) / "pages" / "one.md"
    >>> write_if_changed(page, "# One"), write_if_changed(page, "# One"), write_if_changed(page, "# Two")
    (True, False, True)
    """
    data = content.encode() if isinstance(content, str) else content
    if path.is_file() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.tmp")
    scratch.write_bytes(data)
    scratch.replace(path)
    return True


def copy_if_changed(source: Path, target: Path) -> bool:
    """Whether a file was copied: by size and time of change, which the copy takes over."""
    of_source = source.stat()
    if target.is_file():
        of_target = target.stat()
        if (of_target.st_size, of_target.st_mtime_ns) == (of_source.st_size, of_source.st_mtime_ns):
            return False
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)
    return True


def remove_others(folder: Path, kept: Iterable[Path]) -> list[Path]:
    """The files under a folder that were removed: all but the kept ones."""
    stay = set(kept)
    others = [path for path in folder.rglob("*") if path.is_file() and path not in stay] if folder.is_dir() else []
    for path in others:
        path.unlink()
    return sorted(others)
