"""Page: what a notebook holds. It checks parameters, hands out cohorts, saves panels, records findings.

A notebook's panels and findings go to a scratch folder and are moved in by `finish`, the record
`build/<run>/<notebook>.json` last of all: what is half-written is never taken for a result.
"""

import ast
import contextlib
import dataclasses
import io
import json
import math
import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils import __version__, claims, formats, params, paths, provenance
from lcnec_utils.cohort import histology, read
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.errors import MissingData, NotBuilt, UserError
from lcnec_utils.plots import palette
from lcnec_utils.public import build as public
from lcnec_utils.public.fetch import DownloadError, fetch
from lcnec_utils.twins import build as twins

PROJECT = f"lcnec-compendium {__version__}"
SCREEN_DPI, PRINT_DPI, RASTER_DPI = 96, 300, 150
MOST_MARKS = 2000  # a layer with more is drawn as pixels inside the vector figure
SVG_BYTES = 300_000  # a heavier one lowers that bound
SIGNIFICANT_DIGITS = 8
# Notebooks that read what the others found; nothing else passes between notebooks
READS_FINDINGS = {"10_therapeutic_model", "14_claims"}
# The source whose claims are on LCNEC, and put to no cohort that holds other tumours too
ON_LCNEC = "lcnec"
MOST_WORDS = 6  # so many words of a column are named in a note
# What is made of words that are not understood, by the end of their column's name; of any other column's, no answer
OWN_NAMES = ("REGIMEN", "SUBTYPE", "AGENT")
# What a fresh kernel's namespace holds besides parameters
KERNEL_NAMES = {"In", "Out", "get_ipython", "exit", "quit", "open"}


def notebook_path(name: str) -> Path:
    """The notebook of a name such as 02_outcomes."""
    return paths.NOTEBOOKS / f"{name}.ipynb"


def declared(notebook: Path) -> dict:
    """The parameters of a notebook's tagged cell with their defaults, in order."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    source = next("".join(c["source"]) for c in cells if "parameters" in c.get("metadata", {}).get("tags", []))
    values = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            values[node.target.id] = ast.literal_eval(node.value)
    return values


@cache
def panels_of(notebook: str) -> dict[str, dict]:
    """The panels that a notebook must draw or skip with a reason, by id, from params/panels.yaml."""
    entries = params.read_yaml(paths.PANELS)
    mine = {id: entry for id, entry in entries.items() if entry["notebook"] == notebook}
    return {id: entry for id, entry in mine.items() if not entry.get("planned")}


def find_cohort(name: str) -> Path:
    """The folder of a cohort named in a role: a built one, or the user's own, a study folder or one table of the study
    view.

    Raises NotBuilt, naming the command that builds it, where a known cohort is not built; UserError where the
    name is neither a known cohort nor a folder or file.
    """
    for maker, known in ((public, name in public.names()), (twins, twins.is_twin(name))):
        if known:
            if not (maker.folder_of(name) / maker.STAMP).exists():
                raise NotBuilt(f"cohort {name} is not built; `lcnec cohort build {name}` makes it")
            return maker.folder_of(name)
    own = paths.from_root(name)
    if own.is_dir() or own.is_file():
        return own
    raise UserError(
        f"cohort '{name}' is neither a known cohort{params.nearest(name, [*twins.names(), *public.names()])} nor a "
        "folder or file; paths are read from the project's top"
    )


def read_role(role: str, name: str, only: str = "") -> Cohort:
    """The cohort that a run names in a role: a study, or a plain table where the role is one of those.

    only: a histology (the run's parameter) to which the cohorts in the roles of LCNEC are restricted. Raises
    CohortError where the cohort holds none of it.
    """
    folder = find_cohort(name)
    if role in params.TABLES:
        return read.read_table(folder, *params.TABLES[role])
    cohort = read.read_study(folder)
    return histology.restrict(cohort, only) if only and role in params.LCNEC_ROLES else cohort


def fit(cohort: Cohort, role: str) -> histology.Fit | None:
    """A cohort's tumours against the histology of its role; None where the role asks for none."""
    return histology.fit(cohort, *params.HISTOLOGIES[role]) if role in params.HISTOLOGIES else None


def not_put(cohort: Cohort, role: str, source: str) -> histology.Fit | None:
    """Why no claim of a source is put to a cohort in a role: its tumours are of another disease; None where it is.

    Claims on LCNEC are put to LCNEC alone; those of other sources wherever some tumour is of the role's histology.
    """
    found = fit(cohort, role)
    if found is None or not (found.none or (found.others and source == ON_LCNEC and role not in params.ANY_SHARE)):
        return None
    return found


def sentence(text: str, names: set[str] = frozenset()) -> str:
    """A reason or note as a whole sentence: with a full stop, and a capital unless it begins with the name of a file or
    column, or with one of these names."""
    first = text.split(" ")[0]
    plain = first.isalpha() and first not in names
    return (text[:1].upper() + text[1:] if plain else text).rstrip(".") + "."


def _on_histology(cohort: Cohort, role: str) -> list[str]:
    """What the head of a notebook says of a cohort's histologies."""
    found = fit(cohort, role)
    if found is None or not found.n:
        return []
    if found.unstated == found.n:
        return [] if role in params.ANY_SHARE else [f"No column says the histology; taken as {found.wanted}."]
    notes = []
    if found.none:
        notes.append(f"{found.reason}: no claim on {found.wanted} is put to them.")
    elif found.others and role in params.ANY_SHARE:
        notes.append(f"{found.reason}.")
    elif found.others:
        only = f"its {found.kept} {found.wanted}"
        notes.append(
            f"{found.reason}: claims on {found.wanted} are put only where a panel, or the run (`histology: LUNE`), "
            f"keeps to {only}."
            if role in params.LCNEC_ROLES
            else f"{found.reason}: no claim is put to this cohort; lay {only} into a folder of their own."
        )
    if found.unstated and role not in params.ANY_SHARE:
        notes.append(
            f"Of {formats.count(found.unstated, 'tumour')} no column says the histology; taken as {found.wanted}."
        )
    return notes


def _on_words(cohort: Cohort) -> list[str]:
    """The words of a cohort's columns that are not understood, one line per column that the reader's notes do not
    name already."""
    lines = []
    said = " ".join(cohort.notes)
    for column, words in sorted(cohort.words.items()):
        if f"column {column}:" in said:
            continue
        ranked = sorted(words.items(), key=lambda pair: (-pair[1], pair[0]))
        shown = ", ".join(f"'{word}' ({n})" for word, n in ranked[:MOST_WORDS])
        more = f" and {len(ranked) - MOST_WORDS} more" if len(ranked) > MOST_WORDS else ""
        own = column.upper().endswith(OWN_NAMES)
        fate = "shown under their own names, asked no claim" if own else "no answer is made of them"
        lines.append(f"{column}: {shown}{more} not understood: {fate}.")
    return lines


def inputs(notebook: str, run: params.RunParameters) -> dict:
    """What a notebook's results depend on, as digests: code, parameters, panels, claims, cohorts by role."""
    path = notebook_path(notebook)
    mine = {name: getattr(run, name) for name in declared(path)}
    digests = {}
    for role in params.ROLES:
        if mine.get(role):
            try:
                digests[role] = read.digest(find_cohort(mine[role]))
            except MissingData as reason:
                digests[role] = str(reason)
    digest = {
        "code": provenance.of_notebook(path),
        "parameters": provenance.of_object(mine),
        "panels": provenance.of_object(panels_of(notebook)),
        "claims": provenance.of_folder(paths.PUBLISHED) if paths.PUBLISHED.exists() else "",
        "cohorts": digests,
    }
    if notebook in READS_FINDINGS:
        others = sorted(set(path.stem for path in paths.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")) - READS_FINDINGS)
        records = {name: read_record(run.run, name) or {} for name in others}
        digest["findings"] = provenance.of_object({name: record.get("findings") for name, record in records.items()})
    return digest


def record_path(run: str, notebook: str) -> Path:
    """Where a notebook's record lies once it has ended."""
    return paths.build(run) / f"{notebook}.json"


def read_record(run: str, notebook: str) -> dict | None:
    """The record of a notebook that has ended, or None."""
    try:
        return json.loads(record_path(run, notebook).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


@dataclasses.dataclass
class Panel:
    """One panel being drawn; `save` keeps its figure with the numbers plotted."""

    page: "Page"
    id: str
    saved: bool = False

    def save(self, figure, table: pd.DataFrame, says: str = "", **more: pd.DataFrame) -> None:
        """Keep the figure as SVG and PNG, the numbers plotted as CSV, and show it with one sentence.

        table goes to <panel>.csv; each further table to <panel>.<name>.csv. The index is written where it has a name.
        """
        self.page._save(self.id, figure, table, more)
        self.saved = True
        self.page._show(self.id, figure, says)
        if "described" in more:  # each group's milestones and restricted mean belong to the reading of its curve
            from IPython.display import display

            display(more["described"].set_index("group").round(2).T)


class Page:
    """A notebook's page. `namespace` is globals(): the parameters, as the notebook or papermill set them."""

    def __init__(self, notebook: str, namespace: dict):
        self.notebook = notebook
        names = declared(notebook_path(notebook))
        given = {name: namespace[name] for name in names if name in namespace}
        self._refuse_strangers(namespace, set(params.RunParameters.model_fields))
        self.parameters = params.validate(given, notebook)
        self.run = self.parameters.run
        self.panels = panels_of(notebook)
        self._cohorts: dict[str, Cohort] = {}
        self._drawn: dict[str, dict[str, str]] = {}
        self._skipped: dict[str, str] = {}
        self._kept: set[str] = set()  # skipped for want of a cohort on this machine: earlier figures stay
        self._findings: dict[str, dict] = {}
        self._asked: list[str] = []
        self._published: dict[str, str] = {}
        self._inputs = inputs(notebook, self.parameters)
        paths.build(self.run).mkdir(parents=True, exist_ok=True)
        record_path(self.run, notebook).unlink(missing_ok=True)
        for left in paths.build(self.run).glob(f".{notebook}.*.tmp"):
            shutil.rmtree(left, ignore_errors=True)
        self._scratch = Path(tempfile.mkdtemp(prefix=f".{notebook}.", suffix=".tmp", dir=paths.build(self.run)))
        palette.apply()

    def _refuse_strangers(self, namespace: dict, known: set[str]) -> None:
        """A name that a fresh kernel holds and no notebook takes was injected by mistake (`-p chort x`).

        A run's file holds parameters of every notebook, so those of another one are no strangers.
        """
        shell = namespace.get("get_ipython")
        if shell is None or shell().execution_count > 5:
            return  # a reader who reruns the cell later has names of their own
        for name in namespace:
            if name not in known | KERNEL_NAMES | {"Page"} and not name.startswith("_"):
                raise params.ParameterError(f"{self.notebook}: unknown parameter '{name}'{params.nearest(name, known)}")

    # --- cohorts

    @property
    def simulated(self) -> bool:
        """Whether any cohort handed out on this page is simulated, or any that its findings come from."""
        if self.notebook in READS_FINDINGS:
            records = [json.loads(path.read_text()) for path in paths.build(self.run).glob("[0-9][0-9]_*.json")]
            return any(record["simulated"] for record in records)
        return any(cohort.simulated for cohort in self._cohorts.values())

    def cohort(self, *roles: str) -> Cohort:
        """The cohort that plays a role in this run: the first of the roles for which the run names one.

        Raises MissingData, which skips the panel, where there is none.
        """
        role = next((role for role in roles if getattr(self.parameters, role)), roles[0])
        if role not in self._asked:
            self._asked.append(role)
        if role not in self._cohorts:
            name = getattr(self.parameters, role)
            if not name:
                raise MissingData(f"this run names no cohort for the role '{role}' ({params.ROLES[role]})")
            self._cohorts[role] = read_role(role, name, self.parameters.histology)
        return self._cohorts[role]

    def named_cohorts(self, *roles: str) -> dict[str, Cohort]:
        """The cohorts of all these roles that the run names, by role; none is there twice."""
        named = {getattr(self.parameters, role): role for role in reversed(roles) if getattr(self.parameters, role)}
        return {role: self.cohort(role) for role in roles if role in named.values()} or {
            roles[0]: self.cohort(roles[0])
        }

    def public_file(self, dataset: str, file: str) -> Path:
        """A registered public file. Raises MissingData, which skips the panel, where this machine neither has it nor
        can download it."""
        try:
            return fetch(dataset, file)
        except DownloadError as reason:
            raise MissingData(str(reason)) from None

    def public_files(self, dataset: str, files: list[str]) -> dict[str, Path]:
        """Registered public files by name; MissingData as `public_file`."""
        return {file: self.public_file(dataset, file) for file in files}

    def available(self, *roles: str) -> dict[str, Cohort]:
        """The cohorts of those of these roles that the run names and this machine has, by role: for what helps a panel
        and is not asked of it."""
        found = {}
        for role in roles:
            with contextlib.suppress(MissingData):
                found[role] = self.cohort(role)
        return found

    def describe(self) -> pd.DataFrame:
        """The run's cohorts, one row per role: patients, samples, mutations, and what reading them changed or lacks."""
        rows = []
        for role in [role for role in params.ROLES if role in declared(notebook_path(self.notebook))]:
            try:
                cohort = self.cohort(role)
            except MissingData as reason:
                rows.append(
                    {
                        "role": role,
                        "cohort": "none",
                        "patients": 0,
                        "samples": 0,
                        "mutations": 0,
                        "notes": [str(reason)],
                    }
                )
                continue
            rows.append(
                {
                    "role": role,
                    "cohort": cohort.label,
                    "patients": len(cohort.patients),
                    "samples": len(cohort.samples),
                    "mutations": 0 if cohort.mutations is None else len(cohort.mutations),
                    "notes": [
                        *_on_histology(cohort, role),
                        *cohort.study.get("notes", []),
                        *(sentence(note) for note in cohort.notes),
                        *_on_words(cohort),
                    ],
                }
            )
            for other, earlier in list(self._cohorts.items()):
                both = len(cohort.patients.index.intersection(earlier.patients.index))
                if other != role and both and not (cohort.simulated or earlier.simulated):
                    rows[-1]["notes"].append(
                        f"{both} of these patients {'is' if both == 1 else 'are'} also in the role '{other}': not "
                        "independent."
                    )
        return pd.DataFrame(rows).set_index("role")

    def introduce(self) -> None:
        """Show the run's cohorts, each with what reading it changed and what it cannot say, as a list."""
        from IPython.display import Markdown, display

        lines = []
        for role, row in self.describe().iterrows():
            lines.append(f"- **{row['cohort']}** (role `{role}`): {row['patients']} patients")
            lines += [f"    - {note}" for note in row["notes"]]
        display(Markdown("\n".join(lines)))

    def contents(self) -> pd.DataFrame:
        """Every panel of the compendium that is drawn today: its notebook, what it shows, where the source has it."""
        entries = params.read_yaml(paths.PANELS)
        rows = [
            {"notebook": entry["notebook"], "panel": id, "shows": entry["title"], "source": entry["source"]}
            for id, entry in entries.items()
            if not entry.get("planned")
        ]
        return pd.DataFrame(rows).sort_values(["notebook", "panel"]).set_index(["notebook", "panel"])

    # --- panels

    @contextlib.contextmanager
    def panel(self, id: str):
        """A panel: draw it inside and `save` it. What a cohort lacks (MissingData) skips it with the reason stated."""
        import matplotlib.pyplot as plt
        from IPython.display import Markdown, display

        if id not in self.panels:
            raise UserError(
                f"panel '{id}' is not one of {self.notebook}'s in params/panels.yaml{params.nearest(id, self.panels)}"
            )
        panel = Panel(self, id)
        self._asked = []
        palette.apply()  # some plotting libraries change the style when they are imported
        try:
            yield panel
        except MissingData as reason:
            self._skipped[id] = str(reason)
            self._drawn.pop(id, None)  # what is found lacking after the figure was saved skips it all the same
            if isinstance(reason, NotBuilt):
                self._kept.add(id)
            display(Markdown(f"*Skipped: {reason}.*"))
        else:
            if not panel.saved:
                raise UserError(f"panel '{id}' ended without a figure; save one or skip with a reason")
        finally:
            plt.close("all")

    def skip(self, reason: str) -> None:
        """Skip the panel being drawn, with a reason that the run's summary and the ledger repeat."""
        raise MissingData(reason)

    def _provenance(self, panel: str, csv: str) -> str:
        """What a figure and its table carry: no commit and no date, for being committed must not make them stale."""
        return json.dumps(
            {
                "project": PROJECT,
                "run": self.run,
                "panel": panel,
                "simulated": self.simulated,
                "cohorts": {
                    role: f"{getattr(self.parameters, role)} {self._inputs['cohorts'][role][: provenance.SHORT]}"
                    for role in sorted(self._cohorts)
                },
                "parameters": self._inputs["parameters"][: provenance.SHORT],
                "csv": csv,
            },
            ensure_ascii=False,
        )

    def _save(self, id: str, figure, table: pd.DataFrame, more: dict[str, pd.DataFrame]) -> None:
        if self.simulated:
            _mark_simulated(figure)
        bodies = {
            f"{id}.csv": _csv(table),
            **{f"{id}.{name}.csv": _csv(extra) for name, extra in more.items()},
        }
        main = provenance.of_bytes(bodies[f"{id}.csv"].encode())
        for name, body in bodies.items():
            line = self._provenance(id, provenance.of_bytes(body.encode()))
            (self._scratch / name).write_text(f"# {line}\n{body}", encoding="utf-8")
        line = self._provenance(id, main)
        title = self.panels[id]["title"] + (" (simulated cohort)" if self.simulated else "")
        common = {"bbox_inches": "tight", "pad_inches": 0.04}
        vector = self._scratch / f"{id}.svg"
        for most in (MOST_MARKS, MOST_MARKS // 4, MOST_MARKS // 16):
            _rasterise(figure, most)
            figure.savefig(
                vector,
                dpi=RASTER_DPI,
                metadata={"Date": None, "Creator": PROJECT, "Title": title, "Description": line},
                **common,
            )
            if vector.stat().st_size <= SVG_BYTES:
                break
        figure.savefig(
            self._scratch / f"{id}.png",
            dpi=PRINT_DPI,
            metadata={"Software": None, "Title": title, "Description": line},
            **common,
        )
        self._drawn[id] = {
            name: provenance.of_file(self._scratch / name) for name in sorted([*bodies, f"{id}.svg", f"{id}.png"])
        }

    def _show(self, id: str, figure, says: str) -> None:
        from IPython.display import Image, Markdown, display
        from PIL import Image as Picture

        buffer = io.BytesIO()
        figure.savefig(buffer, dpi=SCREEN_DPI, bbox_inches="tight", pad_inches=0.04, metadata={"Software": None})
        picture = Picture.open(buffer).convert("RGB").quantize(128, method=Picture.Quantize.MEDIANCUT, dither=0)
        small = io.BytesIO()
        picture.save(small, "PNG", optimize=True)
        # the panel's name goes along, so that `lcnec refresh` knows which pictures hold single patients
        display(Image(data=small.getvalue(), format="png"), metadata={"lcnec": {"panel": id}})
        if says:
            display(Markdown(says))

    # --- findings and the end

    def claim(self, id: str, *findings: claims.Finding, role: str | None = None, kept: list[str] | None = None) -> None:
        """Answer a published claim with recomputed values (several: all of them must hold).

        The body of evidence is the cohort in `role`, or the first one the present panel asked for. Where a cohort that
        the panel asked for holds another disease than its role's, the claim is not computable; kept: histologies, in
        words, to which the panel itself restricted its cohorts. A value that rests on a group under the run's
        min_group answers nothing. Raises UserError for a claim nobody printed.
        """
        known = claims.published()
        if id not in known:
            raise UserError(f"claim '{id}' is not in params/published{params.nearest(id, known)}")
        if role is None and not self._asked:
            raise UserError(f"claim '{id}': no cohort was asked for; name its role")
        role = role or self._asked[0]
        cohort = self.cohort(role)
        if known[id].scope == "own" and not cohort.stands_for_source:
            return  # a number of the source's own patients is asked of no other cohort
        if not cohort.stands_for_source:  # which has the source's own groups, however small
            findings = tuple(finding.of_enough(self.parameters.min_group) for finding in findings)
        word, reason = claims.verdict(known[id], list(findings))
        unfit, why = self._unfit(known[id].source, role, kept)
        if unfit is not None and (unfit.none or word in claims.ANSWERS):
            word, reason, findings = claims.NOT_COMPUTABLE, why, ()
        self._findings[id] = {
            "role": role,
            "body": cohort.body,
            # a parameter set to the printed figure says so itself
            "origin": (findings[0].origin if cohort.simulated and findings else "") or self._origin(id, cohort),
            "verdict": word,
            "reason": reason,
            "findings": [_plain(finding) for finding in findings],
        }

    def _unfit(self, source: str, role: str, kept: list[str] | None) -> tuple[histology.Fit | None, str]:
        """The first cohort among those a claim rests on to which it is not put for its histology, and why."""
        for each in dict.fromkeys([role, *self._asked]):
            found = not_put(self._cohorts[each], each, source) if each in self._cohorts else None
            wanted = params.HISTOLOGIES.get(each, ("", set()))[1]
            if found is not None and not (kept and {histology.kind(word) for word in kept} <= wanted):
                return found, found.reason if each == role else f"role '{each}': {found.reason}"
        return None, ""

    def _origin(self, id: str, cohort: Cohort) -> str:
        """Real, or how the simulated cohorts that the panel asked for were tuned to a claim."""
        if not cohort.simulated:
            return "real"
        asked = [cohort, *(self._cohorts[role] for role in self._asked if role in self._cohorts)]
        found = [other.origin(id) for other in asked if other.simulated]
        return next((origin for origin in found if origin not in ("emergent", "not stated")), found[0])

    def claim_if_printed(self, id: str, *findings: claims.Finding, **more) -> None:
        """As `claim`, for ids made from a parameter's genes: one that nobody printed is passed over."""
        if id in claims.published():
            self.claim(id, *findings, **more)

    def claim_all(
        self,
        answers: dict[str, list[claims.Finding]],
        prefix: str = "",
        role: str | None = None,
        kept: list[str] | None = None,
    ) -> None:
        """As `claim`, for each id (behind a prefix) with its findings; those that nobody printed are passed over."""
        for id, findings in answers.items():
            self.claim_if_printed(f"{prefix}{id}", *findings, role=role, kept=kept)

    def answers(self, ids: list[str] | None = None) -> pd.DataFrame:
        """The claims this page answered (or those named): statement, verdict and its reason."""
        known = claims.published()
        chosen = [id for id in ids or self._findings if id in self._findings]
        rows = [
            {"claim": id, "the source says": known[id].statement, "verdict": self._findings[id]["verdict"],
             "because": self._findings[id]["reason"]}
            for id in chosen
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["claim", "the source says", "verdict", "because"]).set_index("claim")

    def publish(self, name: str, table: pd.DataFrame) -> None:
        """Keep a table of the whole run, such as the ledger, beside the figures."""
        body = _csv(table)
        line = self._provenance(name, provenance.of_bytes(body.encode()))
        (self._scratch / name).write_text(f"# {line}\n{body}", encoding="utf-8")
        self._published[name] = provenance.of_file(self._scratch / name)

    def finish(self) -> pd.DataFrame:
        """Move the panels in, write the record and the run's manifest; returns drawn and skipped panels as a table."""
        import filelock

        left = [id for id in self.panels if id not in self._drawn and id not in self._skipped]
        if left:
            raise UserError(f"{self.notebook}: panel '{left[0]}' was neither drawn nor skipped")
        target = paths.figures(self.run)
        target.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(paths.build(self.run) / ".manifest.lock"):
            for id in set(self.panels) - self._kept:
                for old in [*target.glob(f"{id}.*")]:
                    old.unlink()
            for name in [*self._published, *(name for files in self._drawn.values() for name in files)]:
                (self._scratch / name).rename(target / name)
            record = {
                "notebook": self.notebook,
                "run": self.run,
                "simulated": self.simulated,
                "cohorts": {role: cohort.label for role, cohort in sorted(self._cohorts.items())},
                "inputs": self._inputs,
                "drawn": self._drawn,
                "skipped": self._skipped,
                "published": self._published,
                "findings": self._findings,
            }
            _write_json(record_path(self.run, self.notebook), record)
            write_manifest(self.run)
        shutil.rmtree(self._scratch, ignore_errors=True)
        rows = [
            {
                "panel": id,
                "shows": entry["title"],
                "outcome": "drawn" if id in self._drawn else f"skipped: {self._skipped[id]}",
            }
            for id, entry in self.panels.items()
        ]
        return pd.DataFrame(rows, columns=["panel", "shows", "outcome"]).set_index("panel")


def _plain(finding: claims.Finding) -> dict:
    """A finding as JSON holds it: what is missing left out, floats at the digits of a CSV."""
    return {
        key: float(f"{value:.{SIGNIFICANT_DIGITS}g}") if isinstance(value, float) else value
        for key, value in dataclasses.asdict(finding).items()
        if value is not None and value != "" and not (isinstance(value, float) and not math.isfinite(value))
    }


def _write_json(path: Path, value) -> None:
    """JSON written beside and renamed, so that a reader sees all of it or nothing."""
    scratch = path.with_name(f".{path.name}.tmp")
    scratch.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    scratch.replace(path)


def write_manifest(run: str) -> None:
    """figures/<run>/manifest.json from the run's records: what made each notebook's panels, SHA-256 of each file."""
    notebooks = {}
    for path in sorted(paths.build(run).glob("[0-9][0-9]_*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        notebooks[record["notebook"]] = {
            "inputs": provenance.of_object(record["inputs"]),
            "simulated": record["simulated"],
            "panels": record["drawn"],
            "skipped": record["skipped"],
            "published": record["published"],
        }
    _write_json(paths.figures(run) / "manifest.json", {"project": PROJECT, "run": run, "notebooks": notebooks})


def _csv(table: pd.DataFrame) -> str:
    """A table as CSV text; floats at eight significant digits, which is where processors begin to differ."""
    return table.to_csv(
        index=any(name is not None for name in table.index.names),
        float_format=f"%.{SIGNIFICANT_DIGITS}g",
        lineterminator="\n",
    )


def _mark_simulated(figure) -> None:
    """Write "simulated cohort" across every axes that holds data: a crop of the figure still carries it.

    Strips beside a large axes (a header, a clinical track) are left readable; a picture is none.
    """
    figure.canvas.draw()
    area = {ax: ax.get_window_extent().width * ax.get_window_extent().height for ax in figure.axes}
    for ax in figure.axes:
        if ax.has_data() and area[ax] >= max(area.values()) / (8 if ax.images else 4):
            dark = any(picture.get_array().ndim == 3 and np.mean(picture.get_array()) < 0.5 for picture in ax.images)
            color, alpha = ("white", 0.6) if dark else (palette.EMPHASIS, 0.28)
            ax.text(
                0.5, 0.5, "simulated cohort", transform=ax.transAxes, ha="center", va="center", rotation=20,
                fontsize=11, color=color, alpha=alpha, zorder=10, gid="simulated",
            )  # fmt: skip


def _rasterise(figure, most: int) -> None:
    """Layers of more than `most` marks become pixels inside the vector figure; text and axes stay vector."""
    for ax in figure.axes:
        for artist in ax.collections:
            if max(len(artist.get_offsets()), len(artist.get_paths())) > most:
                artist.set_rasterized(True)
        for line in ax.lines:
            if len(line.get_xdata()) > most:
                line.set_rasterized(True)
        if len(ax.patches) > most:
            for patch in ax.patches:
                patch.set_rasterized(True)
