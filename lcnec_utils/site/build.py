"""The site from the runs' figures, the notebooks and the ledger: sources generated, Sphinx called, figures laid beside.

Everything is written under one folder: `source/`, `doctrees/` (what Sphinx keeps) and `html/`. What did not change is
neither written nor rendered again.
"""

import dataclasses
import importlib.util
import io
import os
import re
import time
from pathlib import Path

import filelock

from lcnec_utils.core import formats, paths
from lcnec_utils.core.errors import UserError
from lcnec_utils.run import carried_evidence
from lcnec_utils.site import (
    audit_page,
    claim_colours,
    claim_pages,
    code_pages,
    cohort_pages,
    dictionary_page,
    drawings,
    evidence,
    explorer,
    gallery,
    guide_pages,
    notebook_pages,
    reference,
    replication_page,
    settings,
)
from lcnec_utils.site.drawings import Drawn
from lcnec_utils.site.files import claim_folder, copy_if_changed, remove_others, write_if_changed
from lcnec_utils.site.panel_block import answers_by_panel, excel_name, excel_table

STATIC, TEMPLATES = Path(__file__).with_name("static"), Path(__file__).with_name("templates")
CORES = 2
# The bar above every page: documents in its order, each by a short name
BAR = {
    "notebooks/index": "Notebooks",
    "claims/index": "Claims",
    "replication": "Replication",
    "audit": "Audit",
    "cohorts/index": "Cohorts",
    "docs/cohorts": "Bring a cohort",
    "dictionary": "Dictionary",
    "reference/index": "Reference",
    "docs/index": "Guides",
    "cite": "Cite",
}
MOST_WARNINGS = 20


@dataclasses.dataclass(frozen=True)
class Site:
    """A site that was built: its first page, how many pages it has, how many were rendered now, its size and the
    seconds that it took; and what it lacks."""

    index: Path
    pages: int
    rendered: int
    megabytes: float
    seconds: float
    notes: list[str]

    def __str__(self) -> str:
        return (
            f"{self.index}: {self.pages:,} pages ({self.rendered:,} rendered now), {self.megabytes:.0f} MB, "
            f"{self.seconds:.0f} s"
        )


def default_folder() -> Path:
    """Where the site lies where no other folder is named."""
    return paths.output_root() / "build" / "site"


def build(folder: Path | None = None, wanted: list[str] | None = None) -> Site:
    """The site under a folder, of all runs that have figures or of those named.

    Raises UserError where Sphinx is not installed, a run is unknown, the folder holds files of others, another build is
    going on in it, or Sphinx warns of anything.
    """
    if any(importlib.util.find_spec(name) is None for name in ("sphinx", "myst_nb", "pydata_sphinx_theme")):
        raise UserError("the site needs Sphinx, which is not installed; `pip install -e .[site]` adds it")
    folder, started = Path(folder or default_folder()).resolve(), time.monotonic()
    claim_folder(folder)
    try:
        with filelock.FileLock(folder / ".lock", timeout=0):
            drawn = drawings.gather(wanted)
            documents, notes = write_sources(folder, drawn)
            rendered = render(folder)
            lay_files(folder / "html", drawn)
            _remove_old_pages(folder / "html", documents)
    except filelock.Timeout:
        raise UserError(f"another build of the site is going on in {folder}; wait for its end") from None
    size = sum(path.stat().st_size for path in (folder / "html").rglob("*") if path.is_file())
    return Site(folder / "html" / "index.html", len(documents), rendered, size / 1e6, time.monotonic() - started, notes)


def write_sources(folder: Path, drawn: Drawn) -> tuple[list[str], list[str]]:
    """Write Sphinx's sources; returns the documents, without suffix, and lines on what the site lacks."""
    source, known = folder / "source", evidence.gather()
    documents = []
    for module in (explorer, claim_pages, code_pages, audit_page, replication_page):
        documents += module.write(source, known)
    answers = answers_by_panel(known)
    documents += notebook_pages.write(source, drawn, answers)
    documents += cohort_pages.write(source, drawn, known)
    documents += dictionary_page.write(source) + guide_pages.write(source)
    documents += reference.write(source, documents)
    places = gallery.thumbs(folder / "html", drawn)
    bar = [f"{name} <{it}>" for it, name in BAR.items()]
    documents += gallery.write(source, drawn, answers, places, bar, len(known.real))
    write_if_changed(source / "conf.py", settings.conf())
    write_if_changed(source / "_static" / "palette.css", claim_colours.style())
    for path in STATIC.iterdir():
        if path.suffix in (".css", ".js"):
            write_if_changed(source / "_static" / path.name, path.read_bytes())
    for path in TEMPLATES.iterdir():
        write_if_changed(source / "_templates" / path.name, path.read_bytes())
    for name in ("notebooks", "cohorts", "reference", "docs"):
        own = [source / f"{document}{suffix}" for document in documents for suffix in (".md", ".ipynb")]
        remove_others(source / name, own)
    return documents, _notes(drawn, known)


def _notes(drawn: Drawn, known: evidence.Evidence) -> list[str]:
    """What the site lacks, a line each."""
    lines = list(known.left_out)
    if drawn.without_words:
        lines.append(
            f"the sentences of {formats.listed(drawn.without_words)} are not here: their notebooks were not executed; "
            "`lcnec batch` executes them"
        )
    return lines


def render(folder: Path) -> int:
    """Call Sphinx on a folder's sources; returns how many documents it read, which are those that changed.

    Raises UserError where it warns of anything.
    """
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    source, html = folder / "source", folder / "html"
    warnings, read = io.StringIO(), []
    with patch_docutils(source), docutils_namespace():
        app = Sphinx(
            str(source), str(source), str(html), str(folder / "doctrees"), "html",
            status=None, warning=warnings, parallel=CORES,
        )  # fmt: skip
        app.connect("env-before-read-docs", lambda app, env, names: read.extend(names))
        app.build()
    lines = [line for line in re.sub(r"\x1b\[[\d;]*m", "", warnings.getvalue()).splitlines() if line.strip()]
    if lines or app.statuscode:
        # a document that warned is read again, or the next build would be silent
        shown = "\n".join(f"  {line.replace(str(source) + os.sep, '')}" for line in lines[:MOST_WARNINGS])
        (folder / "doctrees" / "environment.pickle").unlink(missing_ok=True)
        raise UserError(f"Sphinx warned of {formats.count(len(lines), 'thing')}:\n{shown}")
    return len(read)


def lay_files(html: Path, drawn: Drawn) -> None:
    """Copy beside the pages the files of every drawing, the numbers of aggregates whose figure is not here, the forests
    of replication, and the tables of each run's answers; what an earlier build laid there and is no longer shown is
    removed. A cohort that a file names by its path is named by its folder."""
    files = [path for drawing in drawn.each() for path in drawing.files.values()]
    files += replication_page.pictures().values()
    for run in drawings.runs_drawn():  # the ledger's pages link to the numbers of every run
        folder = paths.figures(run)
        files += [
            path for name in (evidence.LEDGER, evidence.REPLICATION) if evidence.provenance_of(path := folder / name)
        ]
        files += [
            folder / f"{id}.csv"
            for id, entry in drawn.panels.items()
            if claim_pages.csv_is_shown(run, id, bool(entry.get("aggregate")))
        ]
    kept = [html / "figures" / path.parent.name / path.name for path in files]
    for path, target in zip(files, kept, strict=True):
        about = evidence.provenance_of(path.with_name(f"{path.name.partition('.')[0]}.csv"))
        if about != carried_evidence.without_paths(about) and path.suffix in carried_evidence.KINDS:
            write_if_changed(target, carried_evidence.published(path))
        else:
            copy_if_changed(path, target)
    for drawing in drawn.each():
        kept.append(html / "figures" / drawing.run / excel_name(drawing))
        write_if_changed(kept[-1], excel_table(drawing))
    remove_others(html / "figures", kept)


def _remove_old_pages(html: Path, documents: list[str]) -> None:
    """Remove the pages of documents that are no longer written, in the folders that documents are written to."""
    folders = {document.partition("/")[0] for document in documents if "/" in document}
    for name in folders:
        remove_others(html / name, [html / f"{document}.html" for document in documents])
