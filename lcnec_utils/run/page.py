"""Page: what a notebook holds. It checks parameters, hands out cohorts, saves panels, records findings.

A notebook's panels and findings go to a scratch folder and are moved in by `finish`, the record
`build/<run>/<notebook>.json` last of all: what is half-written is never taken for a result. What a reader runs by hand
goes to build/scratch/<run>/ instead (run/by_hand.py).
"""

import ast
import contextlib
import dataclasses
import fnmatch
import os
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from lcnec_utils.cohort import histology
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats, params, paths, provenance
from lcnec_utils.core.commands import from_the_top
from lcnec_utils.core.errors import MissingData, NotBuilt, UserError
from lcnec_utils.core.findings import Finding
from lcnec_utils.ledger import claim_words, claims, robustness, verdicts
from lcnec_utils.plots import palette
from lcnec_utils.public.fetch import DownloadError, fetch
from lcnec_utils.run import by_hand, panel_files, print_pictures, records, roles, suppression, table_views
from lcnec_utils.run.plain_texts import as_markdown
from lcnec_utils.stats import comparison, fragility

# What a fresh kernel's namespace holds besides parameters
KERNEL_NAMES = {"In", "Out", "get_ipython", "exit", "quit", "open"}
# How papermill begins the cell that it injects behind a notebook's own parameters
INJECTED = "# Parameters\n"


def injected_cells(namespace: dict) -> list[str]:
    """The cells of parameters that papermill injected into a notebook; none where it is run by hand."""
    return [cell for cell in namespace.get("In", []) if cell.startswith(INJECTED)]


def injected_names(namespace: dict) -> set[str]:
    """The parameters that a run's file (or `papermill -p`) writes: names set by the cell that papermill injected."""
    cells = injected_cells(namespace)
    nodes = ast.parse(cells[-1]).body if cells else []
    return {target.id for node in nodes if isinstance(node, ast.Assign) for target in node.targets}


def given_parameters(notebook: str, namespace: dict) -> dict:
    """The parameters that a notebook's namespace gives for its run: those that papermill injected, even where another
    notebook takes them, and those of the notebook's own cell, without roles that are left at their default."""
    fields, injected = params.RunParameters.model_fields, injected_names(namespace)
    own = {
        name
        for name in records.declared_parameters(records.notebook_path(notebook))
        if name not in params.ROLES or namespace.get(name) != fields[name].default
    }
    return {name: namespace[name] for name in fields if name in namespace and name in injected | own}


def _fewest_patients(claim: claims.Claim, word: str, findings: list[Finding]) -> dict:
    """The fewest patients who turn an answer on the disease, as a record holds them; nothing where it is not known, and
    of a print on the study's own patients, which any one of them would turn."""
    if claim.scope == "own" or word not in verdicts.ANSWERS:
        return {}
    turned = fragility.fewest(findings, lambda edited: robustness.answer_of(claim, edited))
    return {"fewest": dataclasses.asdict(turned)} if turned else {}


@dataclasses.dataclass
class Panel:
    """One panel being drawn; `save` keeps its figure with the numbers plotted until the panel ends."""

    id: str
    title: str = ""  # of the picture, for those who do not see it
    figure: object = None
    tables: dict[str, pd.DataFrame] = dataclasses.field(default_factory=dict)
    says: str = ""
    graphml: str = ""
    drawn: print_pictures.Drawn | None = None  # of a panel of prints alone: its pictures, which all runs share

    def save(self, figure, table: pd.DataFrame, says: str = "", *, graphml: str = "", **more: pd.DataFrame) -> None:
        """Keep the figure as SVG and PNG, the numbers plotted as CSV, and show it with one sentence.

        figure: one, or, of a panel of prints alone, a function without arguments that draws it; it is called where no
        run has drawn the pictures yet. table goes to <panel>.csv; each further table to <panel>.<name>.csv. The index
        is written where it has a name. graphml: a graph as the text of <panel>.graphml, where the figure shows one.
        Files are written when the panel ends, for only then it is known which cohorts it asked for.
        """
        self.figure, self.tables, self.says, self.graphml = figure, {"": table, **more}, says, graphml

    def show(self) -> None:
        """Show the figure, its sentence and, where its numbers are of survival curves, what they say of each group."""
        from IPython.display import Image, Markdown, display

        if os.environ.get(records.WITHOUT_PICTURES):
            return
        # the panel's name goes along, so that `lcnec refresh` knows which pictures hold single patients
        words = panel_files.in_words(self.title, self.says)
        data = self.drawn.screen if self.drawn else panel_files.screen_png(self.figure)
        picture = Image(data=data, format="png", alt=words)
        display(picture, metadata={"lcnec": {"panel": self.id}})
        if self.says:
            display(Markdown(as_markdown(self.says)))
        if "follow_up_months" in self.tables[""]:  # landmark rates and follow-up belong to a curve
            display(table_views.Table(comparison.as_read(self.tables[""])))


class Page:
    """A notebook's page. `namespace` is globals(): the parameters, as the notebook or papermill set them."""

    def __init__(self, notebook: str, namespace: dict):
        self.notebook = notebook
        self._namespace = namespace
        self._refuse_unknown_names(namespace, set(params.RunParameters.model_fields))
        self._given = given_parameters(notebook, namespace)
        self.parameters = params.validate(self._given, notebook)
        self.run = self.parameters.run
        self._changed = by_hand.changed_parameters(notebook, self.parameters)
        self.scratch = by_hand.goes_to_scratch(bool(injected_cells(namespace)), self._changed)
        self.panels = records.panels_of(notebook)
        self._cohorts: dict[str, Cohort] = {}
        self._drawn: dict[str, dict[str, str]] = {}
        self._skipped: dict[str, str] = {}
        self._lacking: list[list[str]] = []  # public files that could not be had, as [data set, file]
        self._kept: set[str] = set()  # skipped for want of a cohort on this machine: earlier figures stay
        self._findings: dict[str, dict] = {}
        self._asked: list[str] = []  # the roles whose cohorts the present panel asked for
        self._of_prints = False  # whether the present panel shows prints alone, and no cohort
        self._answered: list[str] = []  # the claims that it answered
        self._counted: dict[str, list[Finding]] = {}  # what they rest on, where small counts are withheld
        self._published: dict[str, str] = {}
        self._simulated = self._shows_simulated = False  # of a page on sweeps: any panel, and the present one
        if not by_hand.by_command():
            by_hand.build_cohorts(notebook, self.parameters)
        self._inputs = records.input_digests(notebook, self.parameters)
        self._work = by_hand.folder(self.run) if self.scratch else paths.build(self.run)
        self._work.mkdir(parents=True, exist_ok=True)
        if not self.scratch:
            records.record_path(self.run, notebook).unlink(missing_ok=True)
        for left in self._work.glob(f".{notebook}.*.tmp"):
            shutil.rmtree(left, ignore_errors=True)
        self._unfinished = Path(tempfile.mkdtemp(prefix=f".{notebook}.", suffix=".tmp", dir=self._work))
        palette.apply()
        if self.scratch:
            self._say(by_hand.notice(notebook, self.run, self._changed))

    def _say(self, text: str) -> None:
        from IPython.display import Markdown, display

        display(Markdown(as_markdown(self._without_small(text))))

    def _refuse_changed_parameters(self) -> None:
        """A parameter that changed after the page was made would be in a figure and not in what is said of it."""
        given = given_parameters(self.notebook, self._namespace)
        changed = [name for name in {**self._given, **given} if given.get(name) != self._given.get(name)]
        if changed:
            raise UserError(
                f"{self.notebook}: parameter {changed[0]} is {self._namespace.get(changed[0])!r} now, and was another "
                "one when the page was made; run the cell `page = Page(...)` again"
            )

    def _refuse_unknown_names(self, namespace: dict, known: set[str]) -> None:
        """A name that a fresh kernel holds and no notebook takes was injected by mistake (`-p chort x`).

        A run's file holds parameters of every notebook, so those of another one are known.
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
        if self.notebook in records.READS_FINDINGS:
            return any(record["simulated"] for record in records.read_records(self.run))
        if self.notebook in records.READS_SWEEPS:
            return self._simulated
        return any(cohort.simulated for cohort in self._cohorts.values())

    def cohort(self, *names: str) -> Cohort:
        """The cohort that plays a role in this run: the first of the roles for which the run names one.

        Raises MissingData, which skips the panel, where there is none.
        """
        role = next((role for role in names if getattr(self.parameters, role)), names[0])
        if role not in self._asked:
            self._asked.append(role)
        return self._read(role)

    def _read(self, role: str) -> Cohort:
        if role not in self._cohorts:
            name = getattr(self.parameters, role)
            if not name:
                raise MissingData(f"this run names no cohort for the role '{role}' ({params.ROLES[role]})")
            self._cohorts[role] = roles.read_role(role, name, self.parameters.histology)
            if not self._cohorts[role].simulated:  # whose words may hold signs of mathematics
                pd.set_option("display.html.use_mathjax", False)
        return self._cohorts[role]

    def named_cohorts(self, *names: str) -> dict[str, Cohort]:
        """The cohorts of all these roles that the run names, by role; none is there twice."""
        first = {getattr(self.parameters, role): role for role in reversed(names) if getattr(self.parameters, role)}
        return {role: self.cohort(role) for role in names if role in first.values()} or {
            names[0]: self.cohort(names[0])
        }

    def public_file(self, dataset: str, file: str) -> Path:
        """A registered public file. Raises MissingData, which skips the panel, where this machine neither has it nor
        can download it."""
        try:
            return fetch(dataset, file)
        except DownloadError as reason:
            self._lacking.append([dataset, file])
            raise MissingData(str(reason)) from None

    def public_files(self, dataset: str, files: list[str]) -> dict[str, Path]:
        """Registered public files by name; MissingData as `public_file`."""
        return {file: self.public_file(dataset, file) for file in files}

    def available(self, *names: str) -> dict[str, Cohort]:
        """The cohorts of those of these roles that the run names and this machine has, by role: for what helps a panel
        and is not asked of it."""
        cohorts = {}
        for role in names:
            with contextlib.suppress(MissingData):
                cohorts[role] = self.cohort(role)
        return cohorts

    def _panel_cohorts(self) -> dict[str, Cohort]:
        """The cohorts that the present panel asked for, by role; all of the page's where it asked for none and needs
        one, or where the notebook reads what was found in others."""
        asked = {role: self._cohorts[role] for role in self._asked if role in self._cohorts}
        whole = self.notebook in records.READS_FINDINGS or not (asked or self._of_prints)
        return self._cohorts if whole else asked

    def _panel_is_simulated(self) -> bool:
        if self.notebook in records.READS_FINDINGS:
            return self.simulated
        if self.notebook in records.READS_SWEEPS:
            return self._shows_simulated
        return any(cohort.simulated for cohort in self._panel_cohorts().values())

    def describe(self) -> pd.DataFrame:
        """The run's cohorts, one row per role: patients, samples, mutations, and what reading them changed or lacks."""
        rows, taken = [], records.declared_parameters(records.notebook_path(self.notebook))
        for role in [role for role in params.ROLES if role in taken]:
            try:
                cohort = self._read(role)
            except MissingData as reason:
                counts = dict.fromkeys(("patients", "samples", "mutations"), 0)
                rows.append({"role": role, "cohort": "none", **counts, "notes": [str(reason)]})
                continue
            rows.append(
                {
                    "role": role,
                    "cohort": cohort.label,
                    "patients": len(cohort.patients),
                    "samples": len(cohort.samples),
                    "mutations": 0 if cohort.mutations is None else len(cohort.mutations),
                    "notes": [
                        *roles.histology_notes(cohort, role),
                        *(f"Caveat, {topic}: {sentence}" for topic, sentence in cohort.caveats.items()),
                        *cohort.study.get("notes", []),
                        *(formats.as_sentence(note) for note in cohort.notes),
                        *roles.unknown_word_notes(cohort),
                        *roles.overlap_notes(role, self._cohorts),
                    ],
                }
            )
        return pd.DataFrame(rows).set_index("role")

    def introduce(self) -> None:
        """Show the run's cohorts, each with what reading it changed and what it cannot say, as a list."""
        lines = []
        for role, row in self.describe().iterrows():
            lines.append(f"- **{row['cohort']}** (role `{role}`): {row['patients']} patients")
            lines += [f"    - {note}" for note in row["notes"]]
        self._say(from_the_top("\n".join(lines)))

    def contents(self) -> table_views.Table:
        """Every panel of the compendium that is drawn today: its notebook, what it shows, where the source has it."""
        entries = params.read_yaml(paths.PANELS)
        rows = [
            {"notebook": entry["notebook"], "panel": id, "shows": entry["title"], "source": entry["source"]}
            for id, entry in entries.items()
            if not entry.get("planned")
        ]
        table = pd.DataFrame(rows).sort_values(["notebook", "panel"]).set_index(["notebook", "panel"])
        return table_views.Table(table)

    # --- panels

    @contextlib.contextmanager
    def panel(self, id: str):
        """A panel: draw it inside and `save` it. What a cohort lacks (MissingData) skips it with the reason stated."""
        import matplotlib.pyplot as plt

        self._refuse_changed_parameters()
        if id not in self.panels:
            raise UserError(
                f"panel '{id}' is not one of {self.notebook}'s in params/panels.yaml{params.nearest(id, self.panels)}"
            )
        panel = Panel(id)
        self._asked, self._answered, self._of_prints = [], [], not self.panels[id]["roles"]
        palette.apply()  # some plotting libraries change the style when they are imported
        try:
            yield panel
            if panel.figure is None:
                raise UserError(f"panel '{id}' ended without a figure; save one or skip with a reason")
            if self.parameters.suppress_below and any(not each.simulated for each in self._panel_cohorts().values()):
                suppression.withhold(panel, self.parameters.suppress_below, bool(self.panels[id].get("aggregate")))
            self._drawn[id] = self._write(panel)
            self._skipped.pop(id, None)
            self._kept.discard(id)
            panel.show()
            for claim in self._answered:
                self._describe_answer(claim)
        except MissingData as reason:
            self._skipped[id] = self._without_small(str(reason))
            self._drawn.pop(id, None)
            if isinstance(reason, NotBuilt):
                self._kept.add(id)
            self._say(from_the_top(f"*Skipped: {reason}.*"))
        finally:
            self._withhold_answers()
            self._asked, self._answered, self._of_prints = [], [], False
            plt.close("all")

    def skip(self, reason: str) -> None:
        """Skip the panel being drawn, with a reason that the run's summary and the ledger repeat."""
        raise MissingData(reason)

    def _without_small(self, text: str) -> str:
        below = self.parameters.suppress_below
        return suppression.sentence(text, below) if below else text

    def _withhold_answers(self) -> None:
        """Take back the answers that rest on fewer real patients than the run tells of, and what would tell them."""
        for id in suppression.answers(self._counted, self.parameters.suppress_below):
            of_few = suppression.OF_FEW.format(self.parameters.suppress_below)
            self._findings[id] |= {"verdict": verdicts.NOT_COMPUTABLE, "reason": of_few, "findings": []}
        self._counted = {}

    def _provenance(self, name: str) -> dict:
        """What a figure and its table carry of how they were made, but for the digest of their numbers."""
        return (
            {
                "project": records.PROJECT,
                "run": self.run,
                "panel": name,
                "simulated": self._panel_is_simulated(),
                "cohorts": {
                    role: f"{getattr(self.parameters, role)} {self._inputs['cohorts'][role][: provenance.SHORT]}"
                    for role in sorted(self._panel_cohorts())
                },
                "parameters": self._inputs["parameters"][: provenance.SHORT],
            }
            | ({"runs": list(self._inputs["findings"])} if self.notebook in records.READS_RUNS else {})
            | ({"sweeps": list(self._inputs["sweeps"])} if self.notebook in records.READS_SWEEPS else {})
            | ({"scratch": {name: now for name, (now, _) in self._changed.items()}} if self.scratch else {})
        )

    def _look_at_origins(self, table: pd.DataFrame) -> None:
        """Of sweeps there is no cohort here: the origin of each answer shown says whether patients are simulated."""
        origins = set(table["origin"]) if "origin" in table else set()
        self._shows_simulated = bool(origins - {"real", "circular", ""})
        self._simulated |= self._shows_simulated

    def _write(self, panel: Panel) -> dict[str, str]:
        self._unfinished.mkdir(exist_ok=True)  # a panel may be drawn again when the page has ended
        self._look_at_origins(panel.tables[""])
        about = self._provenance(panel.id)
        panel.title = panel_files.titled(self.panels[panel.id]["title"], about)
        reads_others = self.notebook in records.READS_FINDINGS | records.READS_RUNS | records.READS_SWEEPS
        if self._of_prints and not (self._panel_cohorts() or self.scratch or reads_others):
            texts = [panel_files.body_of(table) for table in panel.tables.values()]
            shows = {"code": self._inputs["code"], "claims": self._inputs["claims"], "project": about["project"]}
            panel.drawn = print_pictures.drawn(
                panel.id, self.parameters, texts, title=panel.title, says=panel.says, **shows
            )
        elif callable(panel.figure):
            panel.figure = panel.figure()
        return panel_files.write_panel(
            self._unfinished,
            panel.id,
            title=panel.title,
            figure=panel.figure,
            tables=panel.tables,
            graphml=panel.graphml,
            says=panel.says,
            about=about,
            pictures=not os.environ.get(records.WITHOUT_PICTURES),
            drawn=panel.drawn,
        )

    # --- findings and the end

    def claim(self, id: str, *findings: Finding, role: str | None = None, kept: list[str] | None = None) -> None:
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
        if known[id].scope == "own" and not roles.holds_own_patients(cohort, known[id]):
            return  # a number of the source's own patients, or a trial's, is asked of no other cohort
        if not cohort.stands_for_source:  # which has the source's own groups, however small
            findings = tuple(finding.of_enough(self.parameters.min_group) for finding in findings)
        word, reason = verdicts.verdict(known[id], list(findings))
        mismatch, why = self._mismatch(known[id].source, role, kept)
        if mismatch is not None and (mismatch.none or word in verdicts.ANSWERS):
            word, reason, findings = verdicts.NOT_COMPUTABLE, why, ()
        self._findings[id] = {
            "role": role,
            "body": cohort.body,
            "origin": "",
            "caveats": [],
            "verdict": word,
            "reason": reason,
            "findings": [records.finding_values(finding) for finding in findings],
        }
        self._findings[id] |= _fewest_patients(known[id], word, list(findings))
        self._describe_answer(id)
        self._answered.append(id)
        if self.parameters.suppress_below and not cohort.simulated:
            self._findings[id]["reason"] = self._without_small(reason)
            self._counted[id] = list(findings)

    def _mismatch(self, source: str, role: str, kept: list[str] | None) -> tuple[histology.Fit | None, str]:
        """The first cohort among those a claim rests on to which it is not put for its histology, and why."""
        for asked in dict.fromkeys([role, *self._asked]):
            fit = roles.disease_mismatch(self._cohorts[asked], asked, source) if asked in self._cohorts else None
            wanted = params.HISTOLOGIES.get(asked, ("", set()))[1]
            if fit is not None and not (kept and {histology.kind(word) for word in kept} <= wanted):
                return fit, fit.reason if asked == role else f"role '{asked}': {fit.reason}"
        return None, ""

    def _describe_answer(self, id: str) -> None:
        """Write the origin and the caveats of an answer, by the cohorts that its panel asked for.

        Real patients give the origin `real`, or `circular` where their groups were defined by what is compared; the
        caveats are those of the real cohorts on topics that the panel rests on. Simulated ones give how they came by
        the answer.
        """
        answer = self._findings[id]
        cohorts = {answer["role"]: self._cohorts[answer["role"]], **self._panel_cohorts()}
        topics = self.panels.get(claims.published()[id].panel, {}).get("rests_on", [])
        said = {
            f"{topic}: {sentence}": topic
            for cohort in cohorts.values()
            if not cohort.simulated
            for topic, sentence in cohort.caveats.items()
            if topic in topics
        }
        answer["caveats"] = list(said)
        tuned = [cohort.origin(id) for cohort in cohorts.values() if cohort.simulated]
        if not tuned:
            answer["origin"] = "circular" if "circular" in said.values() else "real"
            return
        # a parameter set to the printed figure says so itself
        of_finding = answer["findings"][0].get("origin") if answer["findings"] else ""
        answer["origin"] = of_finding or next(
            (name for name in tuned if name not in ("emergent", "not stated")), tuned[0]
        )

    def claim_if_printed(self, id: str, *findings: Finding, **more) -> None:
        """As `claim`, for ids made from a parameter's genes: one that nobody printed is passed over."""
        if id in claims.published():
            self.claim(id, *findings, **more)

    def claim_all(
        self,
        answers: dict[str, list[Finding]],
        prefix: str = "",
        role: str | None = None,
        kept: list[str] | None = None,
        optional: Collection[str] = (),
    ) -> None:
        """As `claim`, for each id (behind a prefix) with its findings.

        optional: ids without the prefix, or patterns of them (`hr.*`), that are passed over where nobody printed them.
        """
        for id, findings in answers.items():
            may_lack = any(fnmatch.fnmatchcase(id, pattern) for pattern in optional)
            claim = self.claim_if_printed if may_lack else self.claim
            claim(f"{prefix}{id}", *findings, role=role, kept=kept)

    def answers(self, ids: list[str] | None = None) -> table_views.Table:
        """The claims this page answered (or those named), no cell cut: statement, what is published, what was found
        here by each comparison and on which scale, verdict with its reason, and what it is evidence of."""
        known, rows = claims.published(), []
        for id in ids or self._findings:
            if id not in self._findings:
                continue
            answer = self._findings[id]
            scale = next((finding.get("scale", "") for finding in answer["findings"]), "")
            recomputed = [claim_words.finding_text(known[id], Finding(**finding)) for finding in answer["findings"]]
            rows.append(
                {
                    "claim": id,
                    "the source says": known[id].statement,
                    "published": claim_words.printed_text(known[id]),
                    "found": "; ".join(text for text in recomputed if text),
                    "measured as": claim_words.scale_text(known[id], scale) if any(recomputed) else "",
                    "verdict": answer["verdict"],
                    "because": answer["reason"],
                    "origin": answer["origin"],
                }
            )
        columns = ["claim", "the source says", "published", "found", "measured as", "verdict", "because", "origin"]
        return table_views.Table(pd.DataFrame(rows, columns=columns).set_index("claim"))

    def publish(self, name: str, table: pd.DataFrame) -> None:
        """Keep a table of the whole run, such as the ledger, beside the figures."""
        self._unfinished.mkdir(exist_ok=True)
        self._look_at_origins(table)
        path = self._unfinished / name
        panel_files.write_csv(path, table, self._provenance(name))
        self._published[name] = provenance.of_file(path)

    def finish(self) -> table_views.Table:
        """Move the panels in, write the record and the run's manifest; returns drawn and skipped panels as a table."""
        import filelock

        left = [id for id in self.panels if id not in self._drawn and id not in self._skipped]
        if left:
            raise UserError(f"{self.notebook}: panel '{left[0]}' was neither drawn nor skipped")
        target = self._work if self.scratch else paths.figures(self.run)
        target.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(self._work / ".manifest.lock"):
            self._move_in(target)
            records.write_record(
                {
                    "notebook": self.notebook,
                    "run": self.run,
                    "simulated": self.simulated,
                    "cohorts": {role: cohort.label for role, cohort in sorted(self._cohorts.items())},
                    "inputs": self._inputs,
                    "drawn": self._drawn,
                    "skipped": self._skipped,
                    "published": self._published,
                    "findings": self._findings,
                    **({"lacking": self._lacking} if self._lacking else {}),
                },
                self._work if self.scratch else None,
            )
        shutil.rmtree(self._unfinished, ignore_errors=True)
        rows = [
            {
                "panel": id,
                "shows": entry["title"],
                "outcome": "drawn" if id in self._drawn else f"skipped: {self._skipped[id]}",
            }
            for id, entry in self.panels.items()
        ]
        return table_views.Table(pd.DataFrame(rows, columns=["panel", "shows", "outcome"]).set_index("panel"))

    def _move_in(self, target: Path) -> None:
        """Move what was written since the page was made, or last ended, to its folder, over what is there of it."""
        files = {**self._drawn, **{name: {name: ""} for name in self._published}}
        fresh = {id for id, names in files.items() if all((self._unfinished / name).exists() for name in names)}
        for id in set(self.panels) & (fresh | self._skipped.keys()) - self._kept:
            for old in [*target.glob(f"{id}.*")]:
                old.unlink()
        for name in [name for id in fresh for name in files[id]]:
            (self._unfinished / name).rename(target / name)
