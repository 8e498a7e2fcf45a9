"""`lcnec verify FILE` of one figure or table: is it as it was written, and is it what today's inputs would make?

A digest finds what was edited by mistake or by another program. It is no signature: who writes a digest anew over other
numbers is not found, unless the record of the run is on this machine.
"""

import dataclasses
from pathlib import Path

from lcnec_utils.core import params, paths, provenance
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.run import carried_evidence, records, sweep_files, sweep_tables

# The parts of a record's inputs, as a reader calls them
PARTS = {
    "code": "code", "parameters": "parameters", "panels": "the panels' entries", "claims": "claims",
    "findings": "findings of other notebooks", "sweeps": "tables of sweeps",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Judgement:
    """What a file is: `current`, `tracked` (as written; of code and claims nothing is known), `stale` or `altered`.

    why: which inputs moved, or what of the file is not as written. command: what draws it again, where it is known.
    """

    state: str
    why: str = ""
    command: str = ""

    @property
    def good(self) -> bool:
        """Whether the file may be used as it is."""
        return self.state in ("current", "tracked")

    def __str__(self) -> str:
        again = f"; `{self.command}` draws it again" if self.command and not self.good else ""
        return f"{self.state}{': ' if self.why else ''}{self.why}{again}"


def is_figure(path: Path) -> bool:
    """Whether a file is to be judged as a figure or its table, and not read as a run's file."""
    return path.suffix.lower() in carried_evidence.KINDS


def judge(path: Path) -> Judgement:
    """One SVG, PNG or CSV of a run, wherever it lies. Raises UserError where there is no such file."""
    if not path.is_file():
        raise UserError(f"{path}: no such file; give a figure (.svg, .png), its table (.csv) or a run's .yaml")
    try:
        about = carried_evidence.read(path)
    except carried_evidence.NotIntact as reason:
        return Judgement("altered", str(reason), _command_of_place(path))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); give yourself the right to read it") from None
    name, panel = str(about["run"]), str(about["panel"])
    file = paths.PARAMS / f"{name}.yaml"
    home = path.resolve().parent
    if home.parent == paths.output_root() / "figures" and (home.name != name or _stem(path) != _stem(Path(panel))):
        return Judgement("altered", f"it says that it is {panel} of run {name}", _command_of_place(path))
    if not file.exists():
        return Judgement("stale", f"run {name} has no file in params/")
    run = params.read_run(file)
    if panel in sweep_files.tracked_files():
        return _of_sweep(panel, str(about["parameters"]))
    notebook = _notebook(run, panel)
    if notebook is None:
        return Judgement("stale", f"no notebook of run {name} makes {panel}")
    command = f"lcnec run --params params/{name}.yaml -n {notebook}"
    record = records.read_record(name, notebook)
    made_here = record is not None and provenance.of_file(path) in _digests(record)
    digests = records.input_digests(notebook, run)
    if not made_here and (untrue := _untrue_in_line(about, run, notebook)):
        return Judgement("altered", untrue, command)
    moved = moved_inputs(record["inputs"], digests) if made_here else _moved_by_line(about, run, digests)
    if moved:
        return Judgement("stale", f"other {', '.join(moved)}", command)
    if made_here:
        return Judgement("current")
    return Judgement("tracked", "its cohort and parameters are today's; of its code and claims the file says nothing")


def _of_sweep(panel: str, parameters: str) -> Judgement:
    """A table of a sweep of params/sweeps: what it was written with is held against its definition alone."""
    name = _stem(Path(panel))
    if sweep_tables.definition_digest(name) != parameters:
        return Judgement("stale", f"other values or runs in params/sweeps/{name}.yaml", f"lcnec batch --sweep {name}")
    return Judgement("tracked", "its definition is today's; of the code and cohorts behind it the file says nothing")


def _stem(path: Path) -> str:
    return path.name.split(".")[0]


def _command_of_place(path: Path) -> str:
    """The command that draws a run again, by the folder in which its figure lies."""
    name = path.resolve().parent.name
    return f"lcnec run --params params/{name}.yaml" if (paths.PARAMS / f"{name}.yaml").exists() else ""


def _notebook(run: params.RunParameters, panel: str) -> str | None:
    """The notebook of a run that draws a panel, or publishes a table of the whole run."""
    entry = params.read_yaml(paths.PANELS).get(panel)
    if entry:
        return entry["notebook"]
    of_run = [
        path for path in sorted(paths.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
        if records.executes(run, path.stem)
    ]  # fmt: skip
    return next((path.stem for path in of_run if f'page.publish("{panel}"' in provenance.code_cells(path)), None)


def _digests(record: dict) -> set[str]:
    drawn = {digest for files in record["drawn"].values() for digest in files.values()}
    return drawn | set(record["published"].values())


def moved_inputs(then: dict, now: dict) -> list[str]:
    """The inputs of a notebook that are others now, by two sets of digests as `records.input_digests` gives them."""
    moved = [PARTS[part] for part in PARTS if then.get(part) != now.get(part)]
    roles = {*then["cohorts"], *now["cohorts"]}
    return moved + [
        f"cohort (role {role})" for role in sorted(roles) if then["cohorts"].get(role) != now["cohorts"].get(role)
    ]


def _untrue_in_line(about: dict, run: params.RunParameters, notebook: str) -> str:
    """What the line of provenance says and its run denies, whatever moved since: of a table nothing seals that line.

    Whether patients are simulated is known of cohorts by name and of folders that are here.
    """
    entry = records.panels_of(notebook).get(str(about["panel"]))
    unknown = sorted(set(about["cohorts"]) - set(params.ROLES))
    if unknown:
        return f"it names a cohort in the role '{unknown[0]}', which does not exist"
    if entry and any(getattr(run, role, "") for role in entry["roles"]) and not about["cohorts"]:
        return f"it names no cohort, and {about['panel']} shows one"
    if ("runs" in about) != (notebook in records.READS_RUNS):
        return "it names runs that it brings together, and its notebook reads one run" if "runs" in about else (
            "it does not name the runs that it brings together")  # fmt: skip
    known = _simulated_of(about, run, notebook)
    if about["simulated"] not in known:
        return f"it says that its patients are {'' if about['simulated'] else 'not '}simulated"
    return ""


def _simulated_of(about: dict, run: params.RunParameters, notebook: str) -> set[bool]:
    """What a line may say of whether patients are simulated: one answer, or both where nothing here knows."""
    if notebook in records.READS_FINDINGS:
        made = {record["simulated"] for record in records.read_records(run.run)
                if record["notebook"] not in records.READS_FINDINGS}  # fmt: skip
        if made:
            return {any(made)}
        names = [getattr(run, role) for role in params.ROLES if getattr(run, role)]
        each = [_is_simulated(name) for name in names]
        return {each[0]} if len(set(each)) == 1 and each[0] is not None else {True, False}
    each = [_is_simulated(getattr(run, role) or "") for role in about["cohorts"]]
    if any(each):
        return {True}
    return {True, False} if None in each else {False}


def _is_simulated(name: str) -> bool | None:
    """Whether a cohort that a run names is simulated; None where it is a folder that is not here."""
    from lcnec_utils.cohort import read
    from lcnec_utils.public import build as public
    from lcnec_utils.twins import build as twins

    if twins.is_twin(name) or name in public.names():
        return twins.is_twin(name)
    own = paths.from_root(name)
    if not name or not own.exists():
        return None
    said = own / read.STUDY_FILE
    return bool((params.read_yaml(said) or {}).get("simulated", False)) if said.is_file() else False


def _moved_by_line(about: dict, run: params.RunParameters, digests: dict) -> list[str]:
    """The same by the line of provenance alone, which holds no digest of code or claims."""
    moved = []
    if about["project"] != records.PROJECT:
        moved.append(f"version ({about.get('project')})")
    if "scratch" in about:
        moved.append("code (run by hand, where a cell may hold any change)")
    if about.get("scratch"):
        moved.append("parameters (" + ", ".join(f"{name}: {value}" for name, value in about["scratch"].items()) + ")")
    elif not digests["parameters"].startswith(about["parameters"] or " "):
        moved.append("parameters")
    for role, said in sorted(about["cohorts"].items()):
        name, _, digest = str(said).rpartition(" ")
        today = digests["cohorts"].get(role, "")
        if not _is_called(name, getattr(run, role, "")) or not (today.startswith(digest) or _is_not_here(name)):
            moved.append(f"cohort (role {role})")
    if "runs" in about:
        named, made = set(about["runs"]), set(digests["findings"])
        if named - set(records.runs_read(run)) or made - named:
            moved.append("runs that are brought together")
    return moved


def _is_called(name: str, named: str) -> bool:
    """Whether a cohort is the one that a run names: of a folder of one's own the last part is enough, for the site
    publishes no path."""
    return name == named or bool(named) and name == Path(named).name


def _is_not_here(name: str) -> bool:
    """Whether a cohort is not built on this machine, so that its digest cannot be held against."""
    from lcnec_utils.run import roles

    try:
        roles.find_cohort(name)
    except MissingData:
        return True
    except UserError:
        return False
    return False


def stale_notebooks(run: params.RunParameters, notebooks: list[str]) -> list[str]:
    """A line for each of these notebooks of a run: which inputs moved since it was executed here, and what executes it
    again."""
    lines = []
    for notebook in notebooks:
        record = records.read_record(run.run, notebook)
        if record is None:
            continue
        moved = moved_inputs(record["inputs"], records.input_digests(notebook, run))
        if moved:
            again = f"`lcnec run --params params/{run.run}.yaml -n {notebook}` executes it again"
            lines.append(f"{run.run} {notebook}: other {', '.join(moved)}; {again}")
    return lines
