"""INSPIRE: 94 patients with solid tumours on pembrolizumab, with ctDNA and tumour size, as packaged in reportRmd.

The package's documentation says what the columns are. It does not say what months and age count from but "study
entry", which base its log of TMB has, or which cells its percentage of PD-L1 counts.
"""

from pathlib import Path

import pandas as pd

from lcnec_utils.cohort.write import write_study
from lcnec_utils.core.errors import UserError

PATIENT_FILE, SIZE_FILE = "data/pembrolizumab.rda", "data/ctDNA.rda"
PATIENTS, MEASUREMENTS = 94, 270
DAYS_PER_WEEK = 7
PATIENT_COLUMNS = {
    "id": "PATIENT_ID",
    "age": "AGE",
    "sex": "SEX",
    "os_time": "OS_MONTHS",
    "pfs_time": "PFS_MONTHS",
    "l_size": "TARGET_LESION_SIZE",
    "baseline_ctdna": "CTDNA_AT_BASELINE",
    "change_ctdna_group": "CTDNA_CHANGE_TO_CYCLE_3",
}
STATUS = {
    "os_status": ("OS_STATUS", {0.0: "0:LIVING", 1.0: "1:DECEASED"}),
    "pfs_status": ("PFS_STATUS", {0.0: "0:CENSORED", 1.0: "1:PROGRESSION"}),
    "orr": ("OBJECTIVE_RESPONSE", {"CR/PR": "YES", "SD/PD": "NO"}),
    "cbr": ("BENEFIT_OF_6_CYCLES", {"CR/PR/SD>=C6": "YES", "PD/SD<C6": "NO"}),
}
# The trial's cohorts as the documentation calls them: kind of cancer, and in words
COHORTS = {
    "A": ("Head and Neck Cancer", "Squamous cell carcinoma of the soft palate"),
    "B": ("Breast Cancer", "Triple-negative breast cancer"),
    "C": ("Ovarian Cancer", "High-grade serous ovarian cancer"),
    "D": ("Melanoma", "Melanoma"),
    "E": ("Solid Tumor", "Other solid tumour"),
}


def whole_days(weeks: pd.Series) -> pd.Series:
    """Days of times in weeks. The source's times are whole days less four or five hours, which are its time zone's.

    Raises UserError where a time is nothing of the kind.

    >>> whole_days(pd.Series([8.119047619])).to_list()
    [57]
    """
    days = (weeks * DAYS_PER_WEEK).round()
    if ((weeks * DAYS_PER_WEEK - days).abs() > 0.25).any():
        raise UserError(f"{SIZE_FILE}, column time: holds times that are no whole days; the file is another one")
    return days.astype(int)


def _decoded(table: pd.DataFrame, name: str, meaning: dict) -> pd.Series:
    """A column through what its words mean. Raises UserError for a word without a meaning."""
    cells = table[name].astype(object)
    strange = cells[cells.notna() & ~cells.isin(list(meaning))]
    if len(strange):
        raise UserError(f"{PATIENT_FILE}, column {name}: '{strange.iloc[0]}' is no word of it; the file is another one")
    return cells.map(meaning)


def _sizes(table: pd.DataFrame) -> pd.DataFrame:
    """The measurements as a timeline: one row each, its day on treatment and the change of tumour size in percent."""
    timeline = pd.DataFrame(
        {
            "PATIENT_ID": table["id"].astype(str),
            "START_DATE": whole_days(table["time"]),
            "STOP_DATE": "",
            "EVENT_TYPE": "TUMOR_SIZE",
            "SIZE_CHANGE_PERCENT": table["size_change"],
            "CTDNA_CHANGE": table["ctdna_status"].astype(object),
        }
    )
    return timeline.sort_values(["PATIENT_ID", "START_DATE"], kind="stable")


def _notes(patients: pd.DataFrame, sizes: pd.DataFrame) -> list[str]:
    measured = int(sizes["size_change"].notna().sum())
    return [
        f"{len(sizes)} measurements of {sizes['id'].nunique()} patients in data_timeline_tumor_size.txt: the change of "
        f"tumour size since baseline in percent of {measured}, and none of {len(sizes) - measured}. One row per time "
        "of ctDNA, no lesions or organs.",
        "CTDNA_CHANGE of a patient is one and the same at all of the patient's times.",
        f"LOG_TMB: the log of TMB as given, its base is not stated; read as a natural log, "
        f"{int((patients['tmb'] >= 2.302585).sum())} of {len(patients)} patients would have 10 mutations per Mb or "
        "more. There is no TMB_NONSYNONYMOUS.",
        "BENEFIT_OF_6_CYCLES: response, or stable disease for six cycles or more; it is not durable benefit of six "
        "months.",
        "TARGET_LESION_SIZE and CTDNA_AT_BASELINE come without units.",
        f"PD-L1 of {int(patients['pdl1'].isna().sum())} of {len(patients)} patients is lacking.",
    ]


CAVEATS = {
    "histology": "Solid tumours of five cohorts; lung cancers, if any, stand among the other solid tumours.",
    "treatment": "Pembrolizumab alone.",
    "time zero": "Age is at study entry; what survival counts from is not stated.",
    "definition": "PD-L1 in percent, of which cells is not stated; response is given as CR/PR against SD/PD.",
    "selection": "The 94 patients of a trial with ctDNA at baseline.",
    "endpoint": "Tumour size is one figure per patient and time, not per organ.",
}


def convert(folder: Path, files: dict[str, Path], entry: dict, study: dict) -> Path:
    """The study folder: clinical tables, and the changes of tumour size as a timeline."""
    import pyreadr

    table, sizes = (next(iter(pyreadr.read_r(str(files[name])).values())) for name in (PATIENT_FILE, SIZE_FILE))
    nobody = sorted(set(sizes["id"].astype(str)) - set(table["id"].astype(str)))
    if (len(table), len(sizes)) != (PATIENTS, MEASUREMENTS) or not table["id"].is_unique or nobody:
        raise UserError(
            f"{SIZE_FILE}: {len(sizes)} measurements of {len(table)} patients, {len(nobody)} of them of nobody; the "
            f"file is another one than that of {MEASUREMENTS} and {PATIENTS}"
        )
    patients = table[list(PATIENT_COLUMNS)].rename(columns=PATIENT_COLUMNS)
    for name, (column, meaning) in STATUS.items():
        patients[column] = _decoded(table, name, meaning)
    patients["TRIAL_COHORT"] = table["cohort"].astype(object)
    samples = pd.DataFrame(
        {
            "SAMPLE_ID": table["id"].astype(str),
            "PATIENT_ID": table["id"].astype(str),
            "CANCER_TYPE": _decoded(table, "cohort", {name: kind for name, (kind, _) in COHORTS.items()}),
            "CANCER_TYPE_DETAILED": _decoded(table, "cohort", {name: words for name, (_, words) in COHORTS.items()}),
            "PDL1_SCORE": table["pdl1"],
            "LOG_TMB": table["tmb"],
        }
    )
    study = study | {"os_origin": "unknown", "notes": _notes(table, sizes), "caveats": CAVEATS}
    write_study(folder, patients=patients, samples=samples, timelines={"tumor_size": _sizes(sizes)}, study=study)
    meta = folder / "meta_study.txt"
    meta.write_text(meta.read_text(encoding="utf-8").replace("type_of_cancer: lung", "type_of_cancer: mixed"), "utf-8")
    return folder
