"""CDISC TU, TR and RS of eight simulated subjects of pharmaverse's CDISC pilot, with the locations of their lesions.

Three evaluators assessed each scan; the cohort's entry says whose rows it holds. Nobody is treated for a tumour here:
the subjects were made up to try tools on, and the files' own responses (RS) stand in the timeline `response`.
"""

from pathlib import Path

import pandas as pd

from lcnec_utils.cohort.lesions import Domains, of_cdisc, read_domain, timeline_of
from lcnec_utils.cohort.model import Reading
from lcnec_utils.cohort.write import write_study
from lcnec_utils.core.errors import UserError

FILES = {name: f"inst/extdata/{name}_onco_recist.csv" for name in ("tu", "tr", "rs")}
SUBJECTS = 8


def read(files: dict[str, Path], evaluator: str) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """The lesions and the responses of one evaluator, and what reading them changed. Raises UserError."""
    reading = Reading()
    domains = Domains(*(read_domain(files[name], reading) for name in FILES.values()))
    lesions, responses = of_cdisc(domains, reading, evaluator=evaluator)
    if reading.problems:
        raise UserError(f"pharmaverse_recist: {reading.problems[0]}; the file is another one")
    return lesions, responses, reading.notes


def convert(folder: Path, files: dict[str, Path], entry: dict, study: dict) -> Path:
    """The study folder: the subjects, their lesions as a timeline, and the files' own responses as another."""
    lesions, responses, notes = read(files, entry["evaluator"])
    names = list(dict.fromkeys(lesions["patient"]))
    if len(names) != SUBJECTS:
        raise UserError(f"{FILES['tr']}: {len(names)} subjects; the file is another one than that of {SUBJECTS}")
    given = pd.DataFrame(
        {
            "PATIENT_ID": responses["patient"], "START_DATE": responses["day"].astype(int), "STOP_DATE": "",
            "EVENT_TYPE": "RESPONSE", "RESPONSE": responses["response"], "VISIT": responses["visit"],
        }
    )  # fmt: skip
    study = study | {
        "simulated": True,
        "os_origin": "unknown",
        "notes": [
            "Simulated subjects, made up by pharmaverse to try tools on; no treatment, no outcome, no kind of cancer.",
            *(f"{note}." for note in notes),
        ],
    }
    return write_study(
        folder,
        patients=pd.DataFrame({"PATIENT_ID": names}),
        samples=pd.DataFrame({"SAMPLE_ID": names, "PATIENT_ID": names}),
        timelines={"lesions": timeline_of(lesions), "response": given},
        study=study,
    )
