"""Where things are: found from pyproject.toml and two environment variables, never from the working folder."""

import os
from pathlib import Path

from lcnec_utils.core.errors import UserError

ROOT = Path(__file__).resolve().parent.parent.parent
NOTEBOOKS = ROOT / "notebooks"
PARAMS = ROOT / "params"
PANELS = PARAMS / "panels.yaml"
PUBLISHED = PARAMS / "published"
LOCK = ROOT / "requirements.lock"


def compendium() -> Path:
    """The project's top. Raises UserError where the package was installed without notebooks and params."""
    if not (NOTEBOOKS.is_dir() and PARAMS.is_dir()):
        raise UserError(
            "this command needs the compendium (notebooks/, params/), and only the package lcnec_utils is installed; "
            "clone the repository and call the command there"
        )
    return ROOT


def output_root() -> Path:
    """The folder that gets `figures/` and `build/`: the project, or LCNEC_OUTPUT_DIR (the tests use it)."""
    return Path(os.environ.get("LCNEC_OUTPUT_DIR") or ROOT).resolve()


def figures(run: str) -> Path:
    """The folder of one run's figures."""
    return output_root() / "figures" / run


def build(run: str) -> Path:
    """The folder of one run's derived files: findings, executed notebooks, full tables."""
    return output_root() / "build" / run


def cohorts() -> Path:
    """The folder of built cohorts; it does not move with LCNEC_OUTPUT_DIR, for a cohort is an input."""
    return Path(os.environ.get("LCNEC_COHORTS_DIR") or ROOT / "build" / "cohorts").resolve()


def as_given(path: str | Path) -> Path:
    """A path a user wrote, `~` read as a home. Raises UserError where no path is called so: a null byte, too long a
    name, a home of nobody, links in a circle."""
    try:
        own = Path(path).expanduser()
        own.resolve()
        own.exists()
    except (OSError, RuntimeError, ValueError) as error:
        name = str(path) if len(str(path)) <= 100 else f"{str(path)[:100]}…"
        why = getattr(error, "strerror", None) or str(error)
        raise UserError(f"'{name}' cannot be a path here ({why.partition(' from ')[0]}); correct it") from None
    return own


def from_root(path: str) -> Path:
    """A path a user wrote in a params file: absolute, from home, or relative to the project. Raises as `as_given`."""
    return as_given(ROOT / as_given(path)).resolve()
