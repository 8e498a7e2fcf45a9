"""A notebook run by hand: its results go to a scratch folder, and the cohorts that it lacks are built.

What `lcnec` executes, and papermill with a run's file, are the results of that run and go to figures/<run>/. A notebook
run in JupyterLab may hold any change, an executed one that is opened there too, and so may papermill with a value of
one's own: their results go to build/scratch/<run>/, so that reading and trying never writes over figures, the ledger or
a tracked file.
"""

import json
import os
from pathlib import Path

from lcnec_utils.core import params, paths
from lcnec_utils.core.commands import from_the_top
from lcnec_utils.core.errors import UserError
from lcnec_utils.public import build as public
from lcnec_utils.run import records
from lcnec_utils.twins import build as twins

MOST_CHANGES = 6  # so many changed parameters are named in a notice
# What Jupyter's server tells the kernels that it starts for a notebook that somebody opened; papermill starts its own
OPENED_IN_JUPYTER = "JPY_SESSION_NAME"


def by_command() -> bool:
    """Whether `lcnec` executes this notebook, having checked its parameters and built its cohorts."""
    return bool(os.environ.get(records.BY_COMMAND))


def changed_parameters(notebook: str, run: params.RunParameters) -> dict[str, tuple]:
    """The parameters of a notebook that depart from its run's file in params/: by name what is set here, and what the
    file sets. None where params/ has no such run. The cell of a notebook that reads several runs names none, and is no
    change as it is."""
    file = paths.PARAMS / f"{run.run}.yaml"
    if not file.exists():
        return {}
    usual = params.read_run(file)
    declared = records.declared_parameters(records.notebook_path(notebook))
    pairs = {name: (getattr(run, name), getattr(usual, name)) for name in declared}
    of_many = notebook in records.READS_RUNS | records.READS_SWEEPS
    return {
        name: pair for name, pair in pairs.items() if pair[0] not in (pair[1], declared[name] if of_many else pair[1])
    }


def goes_to_scratch(injected: bool, changed: dict[str, tuple]) -> bool:
    """Whether a notebook's results are no results of its run: parameters are changed, or nobody but the reader who runs
    it in the project's own folder knows what its cells hold.

    injected: papermill wrote its parameters, now or when it executed the notebook that somebody has opened since.
    changed: those that depart from the run's file.
    """
    if by_command():
        return False
    if injected and os.environ.get(OPENED_IN_JUPYTER):
        return True
    return bool(changed) or (not injected and paths.output_root() == paths.ROOT)


def folder(run: str) -> Path:
    """Where figures, numbers and records of a run's notebooks go when they are run by hand."""
    return paths.build("scratch") / run


def notice(notebook: str, run: str, changed: dict[str, tuple]) -> str:
    """What a page that goes to the scratch folder says of it, in Markdown."""
    here = folder(run).relative_to(paths.output_root())
    where = f"Figures, numbers and answers go to `{here}/`; `figures/{run}/` and the ledger stay as they are."
    if not changed:
        again = f" `lcnec run --params params/{run}.yaml` makes those of the run."
        known = (paths.PARAMS / f"{run}.yaml").exists()
        return from_the_top(f"> **Run by hand.** {where}{again if known else ''}{_lacks_results(notebook, run)}")
    shown = list(changed.items())[:MOST_CHANGES]
    named = "; ".join(f"`{name}` is {_yaml(now)}, in params/{run}.yaml {_yaml(usual)}" for name, (now, usual) in shown)
    more = f"; {len(changed) - len(shown)} more" if len(changed) > len(shown) else ""
    lines = ", ".join(f"`{name}: {_yaml(now)}`" for name, (now, _) in shown)
    return from_the_top(
        f"> **Scratch run: other parameters than the run's.** {named}{more}. {where}\n>\n"
        f"> To keep a change, copy `params/{run}.yaml` to `params/mine.yaml`, write `run: mine`, {lines} there, and "
        f"call `lcnec run --params params/mine.yaml`.{_lacks_results(notebook, run)}"
    )


def _lacks_results(notebook: str, run: str) -> str:
    """A sentence where a notebook reads what the others found, and none was executed here."""
    if notebook not in records.READS_FINDINGS or records.read_records(run):
        return ""
    return " No notebook of this run has been executed on this machine, so that nothing below is answered."


def _yaml(value) -> str:
    """A parameter's value as a params file has it; JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)


def build_cohorts(notebook: str, run: params.RunParameters, say=print) -> None:
    """Build the twins and public cohorts that a notebook's roles name and this machine lacks, as `lcnec run` does.

    say: gets a line per cohort. One that cannot be had, or is of larger files, is left out: its panels are skipped, and
    say that.
    """
    names = records.declared_parameters(records.notebook_path(notebook))
    for name in dict.fromkeys(getattr(run, role) for role in params.ROLES if role in names):
        maker = twins if twins.is_twin(name) else public if name in public.names() else None
        if maker is None or (maker.folder_of(name) / maker.STAMP).exists():
            continue
        if maker is public and public.larger_files(name):
            continue
        try:
            maker.build(name)
            say(f"{name}: built, for it was not on this machine yet")
        except UserError as error:
            say(f"{name}: {error}")
