"""240 patients with NSCLC on PD-(L)1 blockade: cBioPortal's own study folder, copied unchanged.

193 of the 240 patients are also in MSK-MET: the two are never independent pieces of evidence.
"""

import shutil
from pathlib import Path

import yaml

from lcnec_utils.cohort.dictionary import STUDY_FILE
from lcnec_utils.cohort.write import moved_in_whole


def convert(folder: Path, files: dict[str, Path], entry: dict, study: dict) -> Path:
    """The study folder: every file as downloaded, and cohort.yaml beside them."""
    with moved_in_whole(folder) as scratch:
        for name, path in files.items():
            (scratch / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(path, scratch / name)
        study = study | {
            "notes": [
                "Progression-free survival counts from the start of PD-(L)1 blockade.",
                "193 of the 240 patients are also in MSK-MET.",
                "Panels come without gene lists: every sample counts as profiled for every gene.",
            ],
        }
        (scratch / STUDY_FILE).write_text(yaml.safe_dump(study, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return folder
