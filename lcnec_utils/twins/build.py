"""The twins as study folders under build/cohorts/twin/, built once and again when claims, laws or code change."""

import importlib
import json
import re
from pathlib import Path

from lcnec_utils.core import paths, provenance
from lcnec_utils.core.errors import UserError
from lcnec_utils.public.fetch import registry

STAMP = ".built.json"
DEFAULT_SEED = 1
TITLES = {
    "twin_cohort_1": "LCNEC, cohort 1 of the main paper: 217 patients",
    "twin_cohort_2": "LCNEC, cohort 2 of the main paper: 373 patients",
    "twin_serial": "LCNEC, nine patients with two biopsies",
    "twin_sclc": "SCLC to compare with: 1704 tumours",
    "twin_luad": "503 lung adenocarcinomas and 6 NSCLC-like LCNEC, expression of named genes",
    "twin_george": "66 LCNEC as those of George et al., expression of named genes",
    "twin_pan_cancer": "FGL1 over 20 cancer types: 125632 tumours",
    "twin_cell_lines": "FGL1 protein of 54 lung cancer cell lines",
    "twin_mixtures": "Bulk expression mixed from known fractions of immune cells: 200 samples",
    "twin_liver": "Lung cancer with liver metastases: 52 patients, their lesions over time",
    "twin_icb": "NSCLC on checkpoint blockade: 240 patients with dates of doses and scans",
    "twin_fields": "Microscope fields: H&E of 618 slides, FGL1 immunofluorescence of 10 tumours",
    "twin_liver_pairs": "NSCLC, 27 patients with a sample of the lung and one of the liver",
    "twin_liver_cells": "Single cells of lung and liver lesions of six patients",
    "twin_car_t": "Large B-cell lymphoma, simulated: 51 recipients of CAR T cells, 135 biopsy specimens",
    "twin_car_t_naive": "Large B-cell lymphoma before any treatment, simulated: 67 patients",
    "twin_car_t_second_line": "Large B-cell lymphoma before a second line, simulated: 252 patients",
    "twin_car_t_commercial": "Recipients of commercial CAR T cells, simulated: 33 patients",
}
# What makes the twins of a seed: those of one module hang together and are made at once
NEEDS = {"twin_mixtures": "til10"}  # public data that a twin is made with
MAKERS = dict.fromkeys(TITLES, "whole") | {"twin_mixtures": "mixtures", "twin_fields": "fields", "twin_icb": "icb"}
MAKERS |= {"twin_liver": "liver", "twin_liver_pairs": "liver_pairs", "twin_liver_cells": "liver_cells"}
CAR_T = ("twin_car_t", "twin_car_t_naive", "twin_car_t_second_line", "twin_car_t_commercial")
MAKERS |= dict.fromkeys(CAR_T, "car_t")
# Code beyond the twins' own that decides who is dealt what: the scores that survival is tuned to, the markers
SCORES = dict.fromkeys(
    CAR_T, ("omics/immunosign.py", "omics/immunosign.yaml", "imaging/immunoscore.py", "cohort/assays.py")
)
# The source whose claims a twin is drawn from
SOURCES = dict.fromkeys(TITLES, "lcnec") | {"twin_icb": "icb_resistance"}
SOURCES |= dict.fromkeys(("twin_liver", "twin_liver_pairs", "twin_liver_cells"), "liver_metastases")
SOURCES |= dict.fromkeys(CAR_T, "zuma1_tme")


def names() -> list[str]:
    """The twins there are, in the order in which they are made."""
    return list(TITLES)


def _split(name: str) -> tuple[str, int]:
    """A twin's name and its seed: `twin_cohort_1` has the default one, `twin_cohort_1@7` the seed 7."""
    plain, _, seed = name.partition("@")
    if seed and not (re.fullmatch("[0-9]{1,10}", seed) and int(seed) < 2**32):
        raise UserError(f"twin '{name[:60]}': the seed after @ must be a whole number from 0 on")
    return plain, int(seed) if seed else DEFAULT_SEED


def is_twin(name: str) -> bool:
    """Whether a name is one of a twin, with or without a seed."""
    return name.partition("@")[0] in TITLES


def folder_of(name: str) -> Path:
    """Where a twin lies."""
    plain, seed = _split(name)
    return paths.cohorts() / "twin" / (plain if seed == DEFAULT_SEED else f"{plain}_seed_{seed}")


def _recipe(name: str) -> dict:
    """What a twin depends on: claims it is tuned to, code and laws that draw it, public data it is made with."""
    plain, seed = _split(name)
    here = Path(__file__).parent
    code = [*sorted(here.rglob("*.py")), *sorted(here.rglob("*.yaml")), *sorted(here.glob("*.txt"))]
    return {
        "seed": seed,
        "claims": provenance.of_file(paths.PUBLISHED / f"{SOURCES[plain]}.yaml"),
        "code": {path.relative_to(here).as_posix(): provenance.of_file(path) for path in code},
        "scores": {path: provenance.of_file(here.parent / path) for path in SCORES.get(plain, ())},
        "format": provenance.of_file(paths.ROOT / "lcnec_utils" / "cohort" / "write.py"),
        "files": registry()["datasets"][NEEDS[plain]]["files"] if plain in NEEDS else {},
    }


def is_current(name: str) -> bool:
    """Whether a twin is built from today's claims, laws and code."""
    try:
        stamp = json.loads((folder_of(name) / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return stamp == _recipe(name)


def build(name: str) -> Path:
    """The study folder of a twin; all twins that hang together with it are made where it is not current.

    Raises UserError (a DownloadError among them) in one line.
    """
    plain, seed = _split(name)
    if plain not in TITLES:
        raise UserError(f"no twin '{plain}'; there are {', '.join(TITLES)}")
    if not is_current(name):
        suffix = "" if seed == DEFAULT_SEED else f"@{seed}"
        # by name, so that a notebook does not hang on the code that draws patients, but on the patients drawn
        maker, studies = (importlib.import_module(f"lcnec_utils.twins.{name}") for name in (MAKERS[plain], "studies"))
        for twin, study in maker.make(seed).items():
            folder = folder_of(f"{twin}{suffix}")
            studies.write(folder, study, TITLES[twin], f"lcnec cohort build {twin}{suffix}")
            (folder / STAMP).write_text(json.dumps(_recipe(f"{twin}{suffix}"), sort_keys=True), encoding="utf-8")
    return folder_of(name)
