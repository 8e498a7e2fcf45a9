"""docs/proof.md: a page of sections, each written by the part that measured it, between marks of its own."""

import datetime
import importlib.metadata
import platform
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "proof.md"


def section(name: str) -> str:
    """What the page says of a part; empty where it has none yet."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    return page.partition(begin)[2].partition(end)[0] if begin in page else ""


def write_section(name: str, title: str, text: str) -> None:
    """Put a part's section between its marks, or at the page's end where it has none."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else "# Proof\n"
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    block = f"{begin}\n## {title}\n\n{text.strip()}\n{end}"
    before, found, rest = page.partition(begin)
    page = f"{before}{block}{rest.partition(end)[2]}" if found else f"{page.rstrip()}\n\n{block}\n"
    PAGE.write_text(page, encoding="utf-8")


def stamp(seconds: float) -> str:
    """When and on what a part was run, as a section begins."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "pandas"))
    return (
        f"{datetime.date.today()}, {seconds:,.0f} s; Python {platform.python_version()}, {versions}, "
        f"{platform.system()} {platform.machine()}."
    )
