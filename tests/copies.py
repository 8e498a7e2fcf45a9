"""The project as a user has it: its files in a folder of their own, with nothing that was built."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]  # not conftest's: to import that sends every output to a folder of tests


def project_files() -> list[Path]:
    """The files of the project: tracked ones, and new ones that git does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [path for name in dict.fromkeys(names) if (path := ROOT / name).is_file()]


def copy_project(target: Path) -> list[Path]:
    """The project's files copied into a folder, as a fresh clone has them; returns them."""
    copies = []
    for path in project_files():
        copy = target / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
        copies.append(copy)
    return copies
