"""How the command `lcnec` is called here: what a message suggests can be typed as it stands."""

import os
import re
import shutil
import sys
from pathlib import Path


def called(folder: Path | None = None) -> str:
    """The command as the user can call it again: `lcnec` where it is on the path, else with its folder.

    folder: the one in which the user types; the working folder where it is not given.
    """
    first = Path(sys.argv[0])
    own = first if first.stem == "lcnec" else Path(sys.executable).with_name("lcnec")
    on_path = shutil.which("lcnec")
    if (on_path and own.exists() and os.path.samefile(on_path, own)) or not own.exists():
        return "lcnec"
    folder = folder or Path.cwd()
    return os.path.relpath(own, folder) if own.is_absolute() and own.is_relative_to(folder) else str(own)


def as_called(text: str, folder: Path | None = None) -> str:
    """A message whose suggested commands are written as the user can call them (`called`)."""
    return re.sub(r"`lcnec(?= )", lambda _: f"`{called(folder)}", text)


def from_the_top(text: str) -> str:
    """As `as_called`, for the page of a notebook: typed in the folder that holds the environment, the project's top."""
    return as_called(text, Path(sys.executable).parents[2])
