"""Patients on checkpoint blockade, and some who were not, as the LORIS study gathered them by centre.

One workbook, a sheet per centre, without identifiers: patients are numbered within their sheet. What the workbook codes
by numbers and explains nowhere keeps its code under a name that ends in _CODE. Sex is read as 0 for female (as all
patients with ovarian and endometrial cancer are), smoking as 0 for never (all their pack-years are 0), and prior
systemic therapy and response as 1 for yes.
"""

import re
from pathlib import Path

import pandas as pd

from lcnec_utils.cohort.write import write_study
from lcnec_utils.core import formats
from lcnec_utils.core.errors import UserError
from lcnec_utils.core.units import DAYS_PER_MONTH
from lcnec_utils.public.workbooks import by_code, read_sheet, status

FILE = "02.Input/AllData.xlsx"
PATIENT = {
    "Sex": "SEX", "Age": "AGE", "Performance_status": "ECOG", "Smoking_status": "SMOKING", "Pack_years": "PACK_YEARS",
    "Stage": "STAGE_CODE", "Systemic_therapy_history": "PRIOR_SYSTEMIC_THERAPY", "Drug": "DRUG_CODE",
    "Year of ICI treatment start": "TREATMENT_YEAR", "Albumin": "ALBUMIN", "NLR": "NLR", "NLR_original": "NLR_ORIGINAL",
    "Platelets": "PLATELETS", "HGB": "HEMOGLOBIN", "BMI": "BMI", "HED": "HED", "PFS_Months": "PFS_MONTHS",
    "PFS_Event": "PFS_STATUS", "OS_Months": "OS_MONTHS", "OS_Event": "OS_STATUS", "Response": "OBJECTIVE_RESPONSE",
}  # fmt: skip
SAMPLE = {
    "CancerType": "CANCER_TYPE", "TMB": "TMB_NONSYNONYMOUS", "PDL1_TPS(%)": "PDL1_SCORE", "FCNA": "FGA",
    "Gene Panel": "GENE_PANEL", "Histology": "HISTOLOGY_CODE", "MSI": "MSI_CODE", "HLA_LOH": "HLA_LOH_CODE",
}  # fmt: skip
# one column per cancer type, which repeat CancerType; survival at landmarks, which repeats OS; the authors' score
REPEATED = re.compile(r"CancerType(\d+|_grouped)|OS[\d.]+yr|LORIS")
CODES = {
    "SEX": {0: "Female", 1: "Male"},
    "SMOKING": {0: "never", 1: "ever"},
    "PRIOR_SYSTEMIC_THERAPY": {0: "NO", 1: "YES"},
    "OBJECTIVE_RESPONSE": {0: "NO", 1: "YES"},
}
CANCERS = {"NSCLC": "Non-Small Cell Lung Cancer", "SCLC": "Small Cell Lung Cancer"}


def _centre(path: Path, sheet: str, days: bool) -> pd.DataFrame:
    """A sheet in the words of the data dictionary, times in months. Raises UserError for a column not known here."""
    table = read_sheet(path, sheet)
    table = table[[name for name in table if not REPEATED.fullmatch(str(name))]]
    unknown = sorted(set(table) - {"SAMPLE_ID", *PATIENT, *SAMPLE})
    lacking = sorted({"SAMPLE_ID", "CancerType", "TMB"} - set(table))
    if unknown or lacking:
        said = [f"unknown column {name}" for name in unknown] + [f"no column {name}" for name in lacking]
        raise UserError(f"{path.name}, sheet {sheet}: {', '.join(said)}; use the registered file")
    table.insert(0, "PATIENT_ID", f"{sheet}-" + table.pop("SAMPLE_ID").astype(str))
    table = table.rename(columns=PATIENT | SAMPLE)
    where = f"{path.name}, sheet {sheet}, column "
    for name in set(CODES) & set(table):
        table[name] = by_code(table[name], CODES[name], where + name)
    for endpoint in ("OS", "PFS"):
        if f"{endpoint}_STATUS" in table:
            table[f"{endpoint}_STATUS"] = status(table[f"{endpoint}_STATUS"], endpoint, f"{where}{endpoint}_Event")
            table[f"{endpoint}_MONTHS"] /= DAYS_PER_MONTH if days else 1
    return table


def _survival_notes(table: pd.DataFrame) -> list[str]:
    """How many patients lack a time or an event, or have an order of events that cannot be, a line each."""
    lines, endpoints = [], [name for name in ("OS", "PFS") if f"{name}_MONTHS" in table]
    for endpoint in endpoints:
        lacking = int(table[[f"{endpoint}_MONTHS", f"{endpoint}_STATUS"]].isna().any(axis=1).sum())
        if lacking:
            lines.append(f"{formats.count(lacking, 'patient')} without time or event of {endpoint}.")
    if len(endpoints) == 2 and (later := int((table["PFS_MONTHS"] > table["OS_MONTHS"]).sum())):
        lines.append(f"{formats.count(later, 'patient')} with a progression-free survival beyond the overall survival.")
    return lines


def convert(folder: Path, files: dict[str, Path], entry: dict, study: dict) -> Path:
    """The study folder of the patients with one cancer (entry["cancer"]) in the sheets of one centre.

    entry: sheets; days: times are days and not months; leave_out: columns that are no data, with why.
    """
    cancer, leave_out = entry["cancer"], entry.get("leave_out", {})
    table = pd.concat([_centre(files[FILE], sheet, entry.get("days", False)) for sheet in entry["sheets"]])
    everyone, table = len(table), table[table["CANCER_TYPE"] == cancer].reset_index(drop=True)
    absent = [name for name in leave_out if name not in table]
    if table.empty or absent:
        raise UserError(f"{FILE}, sheets {', '.join(entry['sheets'])}: no {cancer}, or no column {', '.join(absent)}")
    table["CANCER_TYPE"] = CANCERS[cancer]
    table = table.drop(columns=list(leave_out))
    empty = [name for name in table if table[name].isna().all()]
    table = table.drop(columns=empty)
    notes = [
        f"{len(table)} of {formats.count(everyone, 'patient')} in {', '.join(entry['sheets'])} have {cancer}.",
        *(f"{name} is left out: {why}." for name, why in leave_out.items()),
        *([f"Empty here, and left out: {', '.join(empty)}."] if empty else []),
        *_survival_notes(table),
    ]
    samples = table[["PATIENT_ID", *(name for name in SAMPLE.values() if name in table)]].copy()
    samples.insert(0, "SAMPLE_ID", table["PATIENT_ID"])
    patients = table[["PATIENT_ID", *(name for name in PATIENT.values() if name in table)]]
    return write_study(
        folder, patients=patients, samples=samples, study=study | {"os_origin": "unknown", "notes": notes}
    )
