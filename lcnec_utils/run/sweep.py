"""Sweeps: params files run again at every value of some parameters, by the machinery of a batch, into a folder of
their own.

`build/sweeps/<name>/` gets the variations' params files, their tables and records, and at the end the gathered tables
(run/sweep_tables.py). Nothing of a sweep is written to figures/ but the tables of one that params/sweeps/ defines.
"""

import contextlib
import dataclasses
import decimal
import itertools
import os
import re
import typing
from collections.abc import Iterator
from pathlib import Path

from lcnec_utils.core import formats, params, paths, provenance
from lcnec_utils.core.errors import UserError
from lcnec_utils.ledger import claims, robustness
from lcnec_utils.run import records, runs
from lcnec_utils.twins import build as twins

SEED = robustness.SEED
RETRIES = 3  # of a notebook that ended badly: a worker that was killed is started again
# Characters of a run's name, as its parameter has it
LONGEST_NAME = next(
    limit.max_length for limit in params.RunParameters.model_fields["run"].metadata if hasattr(limit, "max_length")
)
UNSWEPT = ("run", "runs", "sweeps", "lead_claim")
FIELDS = {"sweep", "files", "over", "notebooks"}


@dataclasses.dataclass(frozen=True)
class Sweep:
    """A sweep: its name, the params files that are varied, the values of each swept key in order, the notebooks that
    were asked for, and whether params/sweeps/ defines it."""

    name: str
    files: list[Path]
    values: dict[str, list]
    notebooks: list[str] | None = None
    shipped: bool = False


@dataclasses.dataclass(frozen=True)
class Variation:
    """A base run at one point of the sweep: its own run's name, the base's, the point, all its parameters, and the
    notebooks that are executed."""

    run: str
    base: str
    point: dict
    parameters: dict
    notebooks: list[str]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a sweep came to: variations, notebooks executed now, those that failed, and the folder of its tables."""

    variations: list[Variation]
    ran: list[str]
    failed: dict[str, str]
    folder: Path


def folder_of(name: str) -> Path:
    """Where a sweep lies."""
    return paths.output_root() / "build" / "sweeps" / name


def definitions() -> Path:
    """The folder of the sweeps that the project ships."""
    return paths.PARAMS / "sweeps"


# --- what is asked for


def _number(text: str, where: str) -> decimal.Decimal:
    try:
        number = decimal.Decimal(text)
    except decimal.InvalidOperation:
        raise UserError(f"{where}: '{text}' is no number; write FROM:TO or FROM:TO:STEP") from None
    if not number.is_finite():
        raise UserError(f"{where}: '{text}' is no finite number")
    return number


def _range(text: str, where: str) -> list[str]:
    parts = text.split(":")
    if len(parts) > 3:
        raise UserError(f"{where}: write FROM:TO or FROM:TO:STEP")
    start, end, step = (_number(part, where) for part in [*parts, "1"][:3])
    if step <= 0:
        raise UserError(f"{where}: the step {step} must be above 0")
    if end < start:
        raise UserError(f"{where}: {end} lies below {start}; write the lower end first")
    steps = (end - start) / step
    if steps != int(steps):
        last = start + int(steps) * step
        raise UserError(
            f"{where}: steps of {step} from {start} end at {last}, not at {end}; change the end or the step"
        )
    return [str(start + place * step) for place in range(int(steps) + 1)]


def _typed(key: str, text: str, kind: type):
    if kind is str:
        return text
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    try:
        number = decimal.Decimal(text)
    except decimal.InvalidOperation:
        raise UserError(f"--sweep {key}: '{text}' is no number") from None
    if kind is int:
        if number != number.to_integral_value():
            raise UserError(f"--sweep {key}: {text} must be a whole number")
        return int(number)
    return float(number)


def read_values(words: list[str]) -> dict[str, list]:
    """The values of each swept key, in the order given, typed as the key's parameter.

    words: `KEY=FROM:TO:STEP` (both ends included, the step 1 where not given) or `KEY=v1,v2`. Raises UserError in one
    line: no such parameter, one that cannot be swept, a value that it cannot have, a key or value given twice.

    >>> read_values(["tmb_high_per_mb=5:6:0.5", "seed=1,3"])
    {'tmb_high_per_mb': [5.0, 5.5, 6.0], 'seed': [1, 3]}
    """
    known, values = params.RunParameters.model_fields, {}
    for word in words:
        key, sign, text = word.partition("=")
        where = f"--sweep {key}"
        if not sign or not text:
            raise UserError(
                f"--sweep {word}: write KEY=FROM:TO:STEP, KEY=v1,v2, or the name of a sweep in params/sweeps"
            )
        if key not in known:
            raise UserError(f"{where}: no such parameter{params.nearest(key, known)}")
        kind = known[key].annotation
        if key in UNSWEPT or typing.get_origin(kind) is list:
            why = "is a list" if typing.get_origin(kind) is list else "names runs"
            raise UserError(f"{where}: {why}, and a sweep takes numbers and words; write a params file for each")
        if key in values:
            raise UserError(f"{where}: is given twice; keep one")
        texts = _range(text, where) if ":" in text and kind in (int, float) else text.split(",")
        values[key] = [_typed(key, each.strip(), kind) for each in texts]
        twice = [value for place, value in enumerate(values[key]) if value in values[key][:place]]
        if twice:
            raise UserError(f"{where}: {twice[0]} is given twice; keep one")
        for value in values[key]:
            params.validate({key: value}, "--sweep")
    return values


def read_definition(word: str) -> Sweep:
    """A sweep of params/sweeps/ by its name. Raises UserError in one line for what its file lacks or does not know."""
    file = definitions() / f"{word}.yaml"
    known = shipped()
    if word not in known:
        raise UserError(
            f"no sweep '{word}' in params/sweeps{params.nearest(word, known)}; there are {', '.join(known)}"
        )
    entry = params.read_yaml(file)
    unknown = [key for key in entry if key not in FIELDS]
    if unknown:
        raise UserError(f"{file.name}: unknown field '{unknown[0]}'{params.nearest(unknown[0], FIELDS)}")
    if entry.get("sweep") != word or not entry.get("files") or not isinstance(entry.get("over"), dict):
        raise UserError(f"{file.name}: must hold `sweep: {word}`, the runs in `files`, and keys with values in `over`")
    values = read_values([f"{key}={text}" for key, text in entry["over"].items()])
    files = [paths.PARAMS / f"{name}.yaml" for name in entry["files"]]
    return Sweep(word, files, values, entry.get("notebooks"), shipped=True)


def shipped() -> list[str]:
    """The names of the sweeps of params/sweeps/."""
    return sorted(path.stem for path in definitions().glob("*.yaml"))


def define(words: list[str], files: list[Path], notebooks: list[str] | None = None, name: str | None = None) -> Sweep:
    """The sweep that a command asks for: of params/sweeps/ where the one word has no `=`, else of these values.

    files: the params files, all shipped ones that name cohorts where none is given. name: of its folder; where not
    given a digest of what is asked, so that the same command finds it again. Raises UserError as `read_values`.
    """
    if len(words) == 1 and "=" not in words[0]:
        if files or notebooks or name:
            raise UserError(f"--sweep {words[0]}: params/sweeps says its files, notebooks and name; give no others")
        return read_definition(words[0])
    values = read_values(words)
    files = files or [file for file in runs.shipped() if not _brings_together(file)]
    for file in files:
        if _brings_together(file):
            raise UserError(f"{file}: brings other runs or sweeps together, and has no parameter to sweep")
    chosen = runs.choose(notebooks) if notebooks else None
    digest = provenance.of_object([sorted(str(file) for file in files), values, chosen])
    name = name or digest[:12]
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise UserError(f"--name {name}: must be letters, digits, _ and - only, and start with a letter or digit")
    if name in shipped():
        raise UserError(f"--name {name}: is a sweep of params/sweeps; give another name, or run it by `--sweep {name}`")
    return Sweep(name, files, values, chosen)


def _brings_together(file: Path) -> bool:
    run = params.read_run(file)
    return any(getattr(run, key) for key in records.READS_OF)


# --- its variations


def uses(notebook: str, run: params.RunParameters, keys: list[str]) -> bool:
    """Whether a notebook's results in a run may move with one of these keys: it takes the parameter or, for the seed, a
    twin."""
    taken = records.declared_parameters(records.notebook_path(notebook))
    twin = any(role in taken and twins.is_twin(getattr(run, role)) for role in params.ROLES)
    return any(key in taken or (key == SEED and twin) for key in keys)


def notebooks_for(sweep: Sweep, run: params.RunParameters) -> list[str]:
    """The notebooks that a sweep executes of a run: those asked for, else those that use a swept key and can answer a
    claim."""
    own = runs.notebooks_of(run)
    if sweep.notebooks:
        asked = runs.choose(sweep.notebooks)
        return [name for name in asked if name in own]
    answering = {claim.panel for claim in claims.published().values()}
    return [
        name
        for name in own
        if name not in records.READS_FINDINGS
        and answering & set(records.panels_of(name))
        and uses(name, run, list(sweep.values))
    ]


def _reseeded(name: str, seed: int) -> str:
    if not twins.is_twin(name) or "@" in name or seed == twins.DEFAULT_SEED:
        return name
    return f"{name}@{seed}"


def _slug(value) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    if re.fullmatch(r"[A-Za-z0-9_]+", text):
        return text
    plain = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:24]
    return f"{plain}_{provenance.of_object(value)[:6]}"


def _named(base: str, point: dict) -> str:
    name = "-".join([base, *(f"{key}_{_slug(value)}" for key, value in point.items())])
    if len(name) <= LONGEST_NAME:
        return name
    digest = provenance.of_object([base, point])[:16]
    return f"{base[: LONGEST_NAME - len(digest) - 1]}-{digest}"


def variations(sweep: Sweep) -> list[Variation]:
    """Every params file at every point of the grid. Raises UserError where no notebook uses a swept key, and for a
    value that a run cannot have."""
    found = []
    for file in sweep.files:
        base = params.read_run(file)
        chosen = notebooks_for(sweep, base)
        taken = {name for notebook in chosen for name in records.declared_parameters(records.notebook_path(notebook))}
        for values in itertools.product(*sweep.values.values()) if chosen else []:
            point = dict(zip(sweep.values, values, strict=True))
            parameters = base.model_dump() | point
            for role in params.ROLES:
                own = parameters[role] if role in taken else ""  # a cohort that no notebook reads is not built either
                parameters[role] = _reseeded(own, point[SEED]) if SEED in point else own
            name = _named(base.run, point)
            parameters["run"] = name
            params.validate(parameters, name)
            found.append(Variation(name, base.run, point, parameters, chosen))
    if not found:
        keys = formats.listed(list(sweep.values))
        asked = f" of {', '.join(sweep.notebooks)}" if sweep.notebooks else ""
        raise UserError(f"--sweep: no notebook{asked} that answers claims takes {keys} in these runs")
    return found


# --- running it


@contextlib.contextmanager
def output_in(folder: Path) -> Iterator[None]:
    """Everything that runs write goes to a folder of the sweep's own, tables without pictures."""
    wanted = {"LCNEC_OUTPUT_DIR": str(folder), records.WITHOUT_PICTURES: "1", "LCNEC_COHORTS_DIR": str(paths.cohorts())}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def write_params(found: list[Variation], folder: Path) -> list[Path]:
    """The variations' params files, written where they are not there as they must be; returns their paths."""
    import yaml

    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for variation in found:
        text = yaml.safe_dump(variation.parameters, sort_keys=False, allow_unicode=True)
        file = folder / f"{variation.run}.yaml"
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            scratch = file.with_suffix(".tmp")
            scratch.write_text(text, encoding="utf-8")
            scratch.replace(file)
        files.append(file)
    return files


def run(sweep: Sweep, cores: int | None = None, say=print, profile: Path | None = None) -> Outcome:
    """Execute what of a sweep is not current, all variations by one call of Snakemake, and gather its tables.

    What a kill left behind is taken up by the same call again. The tables are written last, and only where every
    variation has its results. Raises UserError before any kernel starts, as `variations` and `runs.batch`.
    """
    from lcnec_utils.run import sweep_tables

    found = variations(sweep)
    folder = folder_of(sweep.name)
    asked = sorted({notebook for variation in found for notebook in variation.notebooks})
    rest = {f"{v.run}/{name}" for v in found for name in asked if name not in v.notebooks}
    files = write_params(found, folder / "params")
    say(f"sweep {sweep.name}: {formats.count(len(found), 'variation')}, notebooks {', '.join(asked)}")
    with output_in(folder):
        outcome = runs.batch(files, asked, cores, say, profile, retries=RETRIES, leave_out=rest)
        there = [variation for variation in found if all(
            records.read_record(variation.run, name) is not None for name in variation.notebooks)]  # fmt: skip
    if outcome.failed or not there:
        return Outcome(found, outcome.ran, outcome.failed, folder)
    sweep_tables.write(sweep, there, folder)
    return Outcome(there, outcome.ran, {}, folder)
