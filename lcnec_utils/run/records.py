"""Records of notebooks: what a notebook takes and must draw, what its results depend on, and what it came to.

A notebook that has ended leaves `build/<run>/<notebook>.json`; figures/<run>/manifest.json is made of all of a run's.
"""

import ast
import json
import math
from functools import cache
from pathlib import Path

from lcnec_utils import __version__
from lcnec_utils.core import formats, params, paths, provenance
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.core.findings import Finding
from lcnec_utils.ledger import claims
from lcnec_utils.run import sweep_files

PROJECT = f"lcnec-compendium {__version__}"
# Notebooks that read what the others found; nothing else passes between notebooks
READS_FINDINGS = {"10_therapeutic_model", "14_claims"}
# Notebooks that read what the notebooks of several runs found; they belong to a run that names those runs
READS_RUNS = {"15_replication"}
# Notebooks that read what sweeps came to; they belong to a run that names those sweeps
READS_SWEEPS = {"16_robustness"}
# Which notebooks a run executes that writes this parameter, and no others
READS_OF = {"runs": READS_RUNS, "sweeps": READS_SWEEPS}
# The notebook that gives every claim its answer, whichever notebook draws its panel
READS_ALL_CLAIMS = {"14_claims"} | READS_RUNS | READS_SWEEPS
# Notebooks that show what sweeps came to
SHOWS_SWEEPS = {"14_claims"} | READS_SWEEPS
RECORDS = "[0-9][0-9]_*.json"
# An environment variable of the kernels in which `lcnec` executes notebooks
BY_COMMAND = "LCNEC_BY_COMMAND"
# One of the kernels of a sweep: of panels the numbers are kept, and no pictures
WITHOUT_PICTURES = "LCNEC_WITHOUT_PICTURES"


def executes(run: params.RunParameters, notebook: str) -> bool:
    """Whether a notebook belongs to a run: where the run names runs or sweeps those that read such, else all others."""
    named = next((reads for key, reads in READS_OF.items() if getattr(run, key)), None)
    return notebook in named if named else notebook not in READS_RUNS | READS_SWEEPS


def number(key: str) -> str:
    """The number of the notebook that reads what a run names under this key, as `runs`."""
    return sorted(READS_OF[key])[0].split("_")[0]


def notebook_path(name: str) -> Path:
    """The notebook of a name such as 02_outcomes."""
    return paths.NOTEBOOKS / f"{name}.ipynb"


def declared_parameters(notebook: Path) -> dict:
    """The parameters of a notebook's tagged cell with their defaults, in order."""
    return dict(provenance.once("parameters", notebook, _declared_parameters))


def _declared_parameters(notebook: Path) -> dict:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    source = next("".join(c["source"]) for c in cells if "parameters" in c.get("metadata", {}).get("tags", []))
    values = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            values[node.target.id] = ast.literal_eval(node.value)
    return values


@cache
def _entries() -> dict[str, dict]:
    return params.read_yaml(paths.PANELS)


@cache
def panels_of(notebook: str) -> dict[str, dict]:
    """The panels that a notebook must draw or skip with a reason, by id, from params/panels.yaml."""
    return {id: entry for id, entry in _entries().items() if entry["notebook"] == notebook and not entry.get("planned")}


def claims_digest(notebook: str) -> str:
    """Digest of the published claims that a notebook can answer: those on its own panels, or all of them."""
    if notebook in READS_ALL_CLAIMS:
        return provenance.of_folder(paths.PUBLISHED)
    panels = panels_of(notebook)
    return provenance.of_object([claim.model_dump() for claim in claims.published().values() if claim.panel in panels])


def runs_read(run: params.RunParameters) -> list[str]:
    """The runs whose answers a run brings together: those that it names; where it names none, or `all`, each of params/
    that brings together no others. Raises UserError for a run without a file in params/."""
    known = sorted(path.stem for path in paths.PARAMS.glob("*.yaml") if path != paths.PANELS)
    if set(run.runs) <= {params.ALL_RUNS}:
        read = {name: params.read_yaml(paths.PARAMS / f"{name}.yaml") for name in known}
        return [name for name in known if not any(read[name].get(key) for key in READS_OF)]
    for name in run.runs:
        if name not in known:
            raise UserError(f"run '{name}' has no params/{name}.yaml{params.nearest(name, known)}")
    return run.runs


def _digests_of_runs(run: params.RunParameters) -> dict[str, str]:
    """What notebooks of each run found, and in which cohorts, as one digest per run that has records."""
    by_run = {name: read_records(name) for name in runs_read(run)}
    return {
        name: provenance.of_object(
            {record["notebook"]: [record["inputs"]["cohorts"], record["findings"]] for record in records_of_run}
        )
        for name, records_of_run in by_run.items()
        if records_of_run
    }


def input_digests(notebook: str, run: params.RunParameters) -> dict:
    """What a notebook's results depend on, as digests: code, parameters, panels, claims, cohorts by role."""
    from lcnec_utils.cohort import read  # with pandas, which what only starts a kernel does without
    from lcnec_utils.run import roles

    path = notebook_path(notebook)
    parameters = {name: getattr(run, name) for name in declared_parameters(path)}
    if not parameters.get("suppress_below"):  # off, it changes nothing that was drawn before it was there
        parameters.pop("suppress_below", None)
    cohorts = {}
    for role in params.ROLES:
        if parameters.get(role):
            try:
                cohorts[role] = read.digest(roles.find_cohort(parameters[role]))
            except MissingData as reason:
                cohorts[role] = str(reason)
    digests = {
        "code": provenance.of_notebook(path),
        "parameters": provenance.of_object(parameters),
        "panels": provenance.of_object(panels_of(notebook)),
        "claims": provenance.once("claims", notebook, claims_digest),
        "cohorts": cohorts,
    }
    if notebook in SHOWS_SWEEPS:
        digests["sweeps"] = sweep_files.digests(run.sweeps)
    if notebook in READS_RUNS:
        digests["findings"] = _digests_of_runs(run)
    if notebook in READS_FINDINGS:
        names = {path.stem for path in paths.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")}
        others = sorted(names - READS_FINDINGS - READS_RUNS - READS_SWEEPS)
        records = {name: read_record(run.run, name) or {} for name in others}
        digests["findings"] = provenance.of_object({name: record.get("findings") for name, record in records.items()})
    return digests


def record_path(run: str, notebook: str) -> Path:
    """Where a notebook's record lies once it has ended."""
    return paths.build(run) / f"{notebook}.json"


def read_record(run: str, notebook: str) -> dict | None:
    """The record of a notebook that has ended, or None."""
    try:
        return json.loads(record_path(run, notebook).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def read_records(run: str) -> list[dict]:
    """The records of all notebooks of a run that have ended, in the order of their names."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(paths.build(run).glob(RECORDS))]


def finding_values(finding: Finding) -> dict:
    """A finding as a record holds it: what is missing left out, floats at the digits of a CSV."""
    return {
        key: float(f"{value:.{formats.SIGNIFICANT_DIGITS}g}") if isinstance(value, float) else value
        for key, value in vars(finding).items()
        if key != "rests_on"
        and value is not None
        and value != ""
        and not (isinstance(value, float) and not math.isfinite(value))
    }


def write_record(record: dict, scratch: Path | None = None) -> None:
    """Write a notebook's record, and the run's manifest with it; the record alone, into a folder, where the notebook
    was run by hand."""
    if scratch:
        _write_json(scratch / f"{record['notebook']}.json", record)
        return
    _write_json(record_path(record["run"], record["notebook"]), record)
    write_manifest(record["run"])


def write_manifest(run: str) -> None:
    """figures/<run>/manifest.json from the run's records: what made each notebook's panels, SHA-256 of each file."""
    notebooks = {
        record["notebook"]: {
            "inputs": provenance.of_object(record["inputs"]),
            "simulated": record["simulated"],
            "panels": record["drawn"],
            "skipped": record["skipped"],
            "published": record["published"],
        }
        for record in read_records(run)
    }
    _write_json(paths.figures(run) / "manifest.json", {"project": PROJECT, "run": run, "notebooks": notebooks})


def _write_json(path: Path, value) -> None:
    """JSON written beside and renamed, so that a reader sees all of it or nothing."""
    scratch = path.with_name(f".{path.name}.tmp")
    scratch.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    scratch.replace(path)
