"""Runs whose records are written here instead of by notebooks: small real-looking cohorts with planted answers.

Nothing is executed: a run is a params file, a study folder of a few patients, and one record.
"""

import json

import yaml

from lcnec_utils.core import params, paths
from lcnec_utils.core.findings import Finding
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.run import records


class PlantedRuns:
    """A folder of params files and of build/, and the runs planted in it."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.params = folder, folder / "params"
        self.params.mkdir()
        monkeypatch.setattr(paths, "PARAMS", self.params)
        monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(folder / "out"))

    def cohort(self, name: str, patients: list[str], **study) -> str:
        """A study folder of these patients; study: what its cohort.yaml says. Returns the folder's path."""
        folder = self.folder / "studies" / name
        folder.mkdir(parents=True)
        rows = [f"{patient}\t{60 + place % 9}\t{5 + place}\t1:DECEASED" for place, patient in enumerate(patients)]
        (folder / "data_clinical_patient.txt").write_text(
            "\n".join(["PATIENT_ID\tAGE\tOS_MONTHS\tOS_STATUS", *rows]) + "\n"
        )
        (folder / "data_clinical_sample.txt").write_text(
            "\n".join(["SAMPLE_ID\tPATIENT_ID", *(f"S{patient}\t{patient}" for patient in patients)]) + "\n"
        )
        (folder / "cohort.yaml").write_text(yaml.safe_dump({"name": f"NSCLC, {name}", **study}))
        return str(folder)

    def write(self, name: str, **values) -> params.RunParameters:
        """A params file of a run; returns the run."""
        path = self.params / f"{name}.yaml"
        path.write_text(yaml.safe_dump({"run": name, **values}))
        return params.read_run(path)

    def answer(self, run: str, cohort: str, answers: dict[str, Finding], *, origin="real", caveats=(), role="icb"):
        """A run on one cohort whose record holds these answers to claims, each with the verdict that the rules give."""
        self.write(run, **{role: cohort})
        findings = {}
        for id, finding in answers.items():
            word, reason = verdicts.verdict(claims.published()[id], [finding])
            findings[id] = {
                "role": role, "body": cohort.rsplit("/", 1)[1], "origin": origin, "caveats": list(caveats),
                "verdict": word, "reason": reason, "findings": [records.finding_values(finding)],
            }  # fmt: skip
        path = records.record_path(run, "13_icb_resistance")
        path.parent.mkdir(parents=True)
        record = {"notebook": "13_icb_resistance", "run": run, "simulated": False, "inputs": {"cohorts": {}},
                  "drawn": {}, "skipped": {}, "published": {}, "findings": findings}  # fmt: skip
        path.write_text(json.dumps(record))


def names(prefix: str, n: int) -> list[str]:
    """The identifiers of n patients of one cohort."""
    return [f"{prefix}-{place}" for place in range(n)]


def gone_through(notebook: str, run, names: str) -> dict:
    """A notebook that brings together what a run names under `runs` or `sweeps`, its cells executed here with the run's
    parameters; returns the record that it leaves."""
    book = json.loads(records.notebook_path(notebook).read_text(encoding="utf-8"))
    namespace: dict = {}
    for cell in [cell for cell in book["cells"] if cell["cell_type"] == "code"]:
        exec("".join(cell["source"]), namespace)
        if "parameters" in cell["metadata"].get("tags", []):
            namespace |= {"run": run.run, names: getattr(run, names), "lead_claim": run.lead_claim}
    return records.read_record(run.run, notebook)
