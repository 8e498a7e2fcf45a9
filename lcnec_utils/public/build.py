"""The public cohorts as study folders under build/cohorts/, built once and again when source or converter change."""

import importlib
import json
from pathlib import Path

from lcnec_utils.core import paths, provenance
from lcnec_utils.public.fetch import fetch, registry

STAMP = ".built.json"


def names() -> list[str]:
    """The cohorts that can be built, in the registry's order."""
    return list(registry()["cohorts"])


def larger_files(name: str) -> list[str]:
    """The larger files that a cohort is made of beside those of its dataset; it is built only when it is named."""
    return registry()["cohorts"][name].get("larger", [])


def _digests(name: str) -> dict[str, str]:
    """The files that a cohort is made of, with their registered digests."""
    dataset = registry()["datasets"][registry()["cohorts"][name]["dataset"]]
    return dataset["files"] | {file: dataset["larger_files"][file] for file in larger_files(name)}


def folder_of(name: str) -> Path:
    """Where a built cohort lies."""
    return paths.cohorts() / name


def _study(name: str) -> dict:
    """What the registry says of a cohort, as fields of its cohort.yaml; its own caveats beside those of its dataset."""
    entry = registry()["cohorts"][name]
    dataset = registry()["datasets"][entry["dataset"]]
    study = {
        "name": entry["title"],
        "simulated": False,
        "source": dataset["title"],
        "licence": dataset["licence"],
        "citation": entry.get("citation", dataset["citation"]),
    }
    if caveats := dataset.get("caveats", {}) | entry.get("caveats", {}):
        study["caveats"] = caveats
    return study | {field: entry[field] for field in ("body", "overlap_group", "stands_for") if field in entry}


def _recipe(name: str) -> dict:
    """What a built cohort depends on: source hashes, its entry, the converter's code."""
    entry = registry()["cohorts"][name]
    converter = Path(__file__).with_name(f"{entry['converter']}.py")
    return {
        "entry": entry,
        "files": _digests(name),
        "study": _study(name),
        "converter": provenance.of_file(converter),
        "workbooks": provenance.of_file(Path(__file__).with_name("workbooks.py")),
        "format": provenance.of_file(paths.ROOT / "lcnec_utils" / "cohort" / "write.py"),
    }


def is_current(name: str) -> bool:
    """Whether a cohort is built from the registered source by today's converter."""
    stamp = folder_of(name) / STAMP
    try:
        return json.loads(stamp.read_text(encoding="utf-8")) == _recipe(name)
    except (OSError, ValueError):
        return False


def build(name: str) -> Path:
    """The study folder of a registered cohort, made if it is not there. Raises DownloadError in one line."""
    target = folder_of(name)
    if is_current(name):
        return target
    entry = registry()["cohorts"][name]
    files = {file: fetch(entry["dataset"], file) for file in _digests(name)}
    converter = importlib.import_module(f"lcnec_utils.public.{entry['converter']}")
    converter.convert(target, files, entry, _study(name))
    (target / STAMP).write_text(json.dumps(_recipe(name), sort_keys=True), encoding="utf-8")
    return target
