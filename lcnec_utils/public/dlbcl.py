"""Diffuse large B-cell lymphoma of two centres (NCI 481, Duke 708), as the repository dlbcl_landscape merged them.

The merged table has one column os_status of two meanings. Of NCI 1 is death: it says what the column vital_status
says. Of Duke it is the source's column `Censored`, renamed and not recoded (analysis/merge.Rmd of the repository): 1 is
censored. Patients whose lymphoma did not respond show it too, and are asked before a status is written.
"""

import re
from pathlib import Path

import pandas as pd

from lcnec_utils.cohort.write import write_study
from lcnec_utils.core.errors import UserError
from lcnec_utils.public.workbooks import read_sheet

CLINICAL = "output/dgelist_pheno_data.rds"
SCORES = "output/nci_decon_pheno_gsva_clust_v5.rds"
FRACTIONS = {
    "nci": "data/cibersort/NCI/abs_cell_number_estimate_022320/CIBERSORTx_Job2_Results.xlsx",
    "duke": "data/cibersort/Duke/abs_cell_number_estimate_022320/CIBERSORTx_Job3_Results.xlsx",
}
SHEETS = {"nci": "CIBERSORTx_Job2_Results.csv", "duke": "CIBERSORTx_Job3_Results.csv"}
PATIENTS = {"nci": 481, "duke": 708}
PFS_MONTHS = "Progression_Free Survival _PFS_ Time _yrs"
PFS_STATUS = "Progression_Free Survival _PFS_ Status_ 0 No Progressoin_ 1 Progression"
ECOG, INCLUDED, RESPONSE = "ECOG Performance Status", "Included in Survival Analysis", "Response to initial therapy"

# What both centres give, then each: column of the source → column here
PATIENT_COLUMNS = {"age": "AGE"}
FLAGS = {
    "ldh_abnormal": "LDH_ABOVE_NORMAL",
    "extranodal_sites_2plus": "EXTRANODAL_SITES_2_PLUS",
    "ps_2plus": "PERFORMANCE_STATUS_2_PLUS",
    "ann_arbor_stage_3plus": "ANN_ARBOR_STAGE_3_PLUS",
}
OWN_PATIENT_COLUMNS = {
    "nci": {"ann_arbor_clinical_stage": "STAGE", "ipi_initial": "IPI_LOWEST", "ipi_high": "IPI_HIGHEST",
            "Treatment__": "TREATMENT", INCLUDED: "INCLUDED_IN_SURVIVAL_ANALYSIS"},
    "duke": {"ipi_initial": "IPI", "B symptoms at diagnosis": "B_SYMPTOMS", RESPONSE: "RESPONSE_TO_INITIAL_THERAPY",
             "CNS Involvement": "CNS_INVOLVEMENT", "CNS Relapse": "CNS_RELAPSE",
             "Testicular involvement": "TESTICULAR_INVOLVEMENT"},
}  # fmt: skip
SAMPLE_COLUMNS = {"abc_gcb_rna": "CELL_OF_ORIGIN", "clust": "IMMUNE_CLUSTER"}
OWN_SAMPLE_COLUMNS = {
    "nci": {"Genetic Subtype": "SCHMITZ_GENETIC_CLASS", "Biopsy Type": "BIOPSY_TYPE",
            "pdl1_status": "PDL1_GENE_COPIES"},
    "duke": {"ABC GCB ratio (RNAseq)": "ABC_GCB_RATIO", "Nanostring ABC GCB": "CELL_OF_ORIGIN_NANOSTRING",
             "Hans GCB NonGCB": "CELL_OF_ORIGIN_HANS", "Genomic Risk Model": "GENOMIC_RISK_MODEL",
             "log2 MYC expr": "LOG2_MYC", "log2 BCL2 expr": "LOG2_BCL2", "log2 BCL6 expr": "LOG2_BCL6",
             "MYC IHC": "MYC_IHC", "BCL2 IHC": "BCL2_IHC", "BCL6 IHC": "BCL6_IHC",
             "MYC translocation (FISH)": "MYC_TRANSLOCATION", "BCL2 translocation (FISH)": "BCL2_TRANSLOCATION",
             "BCL6 translocation (FISH)": "BCL6_TRANSLOCATION"},
}  # fmt: skip
TUMOUR = {
    "ONCOTREE_CODE": "DLBCLNOS",
    "CANCER_TYPE": "Mature B-Cell Neoplasms",
    "CANCER_TYPE_DETAILED": "Diffuse Large B-Cell Lymphoma, NOS",
}
NAMES = {
    "SEX": {"F": "Female", "M": "Male"},
    "OS": {1.0: "1:DECEASED", 0.0: "0:LIVING"},
    "PFS": {1.0: "1:PROGRESSION", 0.0: "0:CENSORED"},
    "IPI_GROUP": {"Low": "Low", "Intermediate": "Intermediate", "Medium": "Intermediate", "High": "High"},
    "FLAG": {"1": "YES", "0": "NO"},
    "BIOPSY_TIME": {"Pre-treatment": "baseline", "Relapse": "relapse"},
}


def column_name(name: str, prefix: str) -> str:
    """A score's name as a clinical file can have it.

    >>> column_name("gs_thor_mhc.ii_19272155", "GSVA")
    'GSVA_THOR_MHC_II_19272155'
    """
    return f"{prefix}_{re.sub(r'[^A-Z0-9]+', '_', name.upper().removeprefix('GS_')).strip('_')}"


def deaths_of_nci(table: pd.DataFrame) -> pd.Series:
    """Whether each patient of NCI died (1.0, 0.0), missing of those whom the source has no follow-up of.

    Raises UserError where os_status contradicts the column of vital status.
    """
    dead = table["demographic.vital_status"].map({"Dead": 1.0, "Alive": 0.0})
    if not (dead == table["os_status"]).all():
        raise UserError(
            f"{CLINICAL}, column os_status: contradicts demographic.vital_status of NCI; its code is unknown"
        )
    return table["os_status"].where(table[INCLUDED] == "Yes")


def deaths_of_duke(table: pd.DataFrame) -> tuple[pd.Series, str]:
    """Whether each patient of Duke died (1.0, 0.0; missing where os_status is), and the sentence that shows it.

    os_status is read as 1 = censored. Raises UserError where that would have fewer deaths after no response to the
    first therapy than after a complete one.
    """
    dead = 1 - table["os_status"]
    counts = {
        response: (int(known.sum()), len(known))
        for response in ("No response", "Complete response")
        if len(known := dead[table[RESPONSE] == response].dropna())
    }
    (died, of), (died_after, of_after) = counts.get("No response", (0, 1)), counts.get("Complete response", (0, 1))
    if died / of <= died_after / of_after:
        raise UserError(
            f"{CLINICAL}, column os_status of Duke: read as 1 = censored, {died} of {of} died after no response and "
            f"{died_after} of {of_after} after a complete one; its code is unknown"
        )
    return dead, (
        "os_status of the source is its column `Censored`, renamed: 1 is censored, 0 a death. So read, "
        f"{died} of {of} patients without a response to the first therapy died and {died_after} of {of_after} "
        f"complete responders; read the other way round, {of - died} and {of_after - died_after} would have."
    )


def _ecog(recorded: pd.Series) -> tuple[pd.Series, str]:
    """ECOG's whole grades 0 to 4, and a sentence on those recorded otherwise."""
    whole = recorded.where(recorded.isin(range(5)))
    odd = recorded[recorded.notna() & whole.isna()].value_counts().sort_index()
    listed = ", ".join(f"{value:g} ({count})" for value, count in odd.items())
    return whole, f"ECOG of {odd.sum()} patients is no grade from 0 to 4 of a living patient and left empty: {listed}."


def _nci(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str], dict[str, str]]:
    """The columns of patients that only NCI gives, with notes and caveats."""
    dead, included = deaths_of_nci(table), table[INCLUDED] == "Yes"
    ecog, odd_ecog = _ecog(table[ECOG])
    progressed = table[PFS_STATUS].where(included & table[PFS_MONTHS].notna())
    own = {
        "OS_MONTHS": 12 * table["os_years"].where(included), "OS_STATUS": dead.map(NAMES["OS"]),
        "PFS_MONTHS": 12 * table[PFS_MONTHS].where(included), "PFS_STATUS": progressed.map(NAMES["PFS"]), "ECOG": ecog,
    }  # fmt: skip
    without = int((included & table[PFS_MONTHS].isna()).sum())
    ranges = int((table["ipi_initial"].astype(str) != table["ipi_high"].astype(str)).sum())
    relapses = int((table["Biopsy Type"] == "Relapse").sum())
    notes = [
        f"{int((~included).sum())} of {len(table)} patients were not in the source's survival analysis (column "
        f"INCLUDED_IN_SURVIVAL_ANALYSIS). The file gives all of them 0 years and alive, which is no follow-up: their "
        "survival is empty here.",
        f"{int(included.sum())} patients with follow-up, {int(dead.sum())} deaths; progression-free survival of "
        f"{without} of them has no time and is empty.",
        f"The prognostic index of {ranges} patients is a range: IPI_LOWEST and IPI_HIGHEST are its ends.",
        odd_ecog,
    ]
    caveats = {
        "selection": f"{int(included.sum())} of {len(table)} patients have follow-up, all with a biopsy before "
        f"treatment; {relapses} of the others' biopsies are of relapses.",
        "treatment": "Immunochemotherapy in those with follow-up, no CAR T cells.",
    }
    return pd.DataFrame(own, table.index), notes, caveats


def _duke(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str], dict[str, str]]:
    """The columns of patients that only Duke gives, with notes and caveats."""
    dead, evidence = deaths_of_duke(table)
    own = {"OS_MONTHS": 12 * table["os_years"], "OS_STATUS": dead.map(NAMES["OS"])}
    both = dead.notna() & table["os_years"].notna()
    females = int((table["Testicular involvement"] == "Female").sum())
    notes = [
        evidence,
        f"{int(both.sum())} of {len(table)} patients have time and status, {int(dead[both].sum())} of them died; "
        f"{int(dead.isna().sum())} have no status, {int(table['os_years'].isna().sum())} no time.",
        f"Testicular involvement says 'Female' of {females} patients: empty here.",
    ]
    caveats = {
        "selection": f"{int(both.sum())} of {len(table)} patients have time and status of survival.",
        "treatment": "The file names no treatment; its source is a series treated with R-CHOP or its like, no CAR T "
        "cells.",
        "endpoint": "The source's column of status says who was censored; deaths are the rest.",
    }
    return pd.DataFrame(own, table.index), notes, caveats


def _scores(files: dict[str, Path], centre: str, patients: pd.Index) -> pd.DataFrame:
    """CIBERSORTx's absolute scores of each tumour, and of NCI the scores of gene sets.

    Raises UserError where a tumour has none, or a row is of nobody.
    """
    import pyreadr

    cells = read_sheet(files[FRACTIONS[centre]], SHEETS[centre]).set_index("Mixture")
    if set(cells.index) != set(patients) or not cells.index.is_unique:
        raise UserError(f"{FRACTIONS[centre]}: does not hold each patient of {centre} once; the file is another one")
    scores = cells.rename(columns=lambda name: column_name(name, "CIBERSORTX")).reindex(patients)
    if centre == "duke":
        return scores
    sets = next(iter(pyreadr.read_r(str(files[SCORES])).values())).set_index("sample_id")
    names = ["CYT", *(name for name in sets if name.startswith("gs_"))]
    return scores.join(sets[names].rename(columns=lambda name: column_name(name, "GSVA")))


def _notes_of_both(table: pd.DataFrame, scores: pd.DataFrame) -> list[str]:
    origin = ", ".join(f"{name} {count}" for name, count in table["abc_gcb_rna"].value_counts().items())
    sets = sum(name.startswith("GSVA_") for name in scores)
    return [
        f"Cell of origin by expression: {origin}.",
        "CIBERSORTX_…: absolute scores of CIBERSORTx with a signature of the source's own (26 kinds of cell); they are "
        "no fractions and are not quanTIseq's.",
        *([f"GSVA_…: {sets} scores of gene sets by the source; GSVA_CYT is its cytolytic score."] if sets else []),
        "IMMUNE_CLUSTER: the source's clusters 1 to 4 of both centres together, which it draws as cold, "
        "intermediate-T, intermediate-M, inflamed.",
    ]


def convert(folder: Path, files: dict[str, Path], entry: dict, study: dict) -> Path:
    """The study folder of one centre (entry["centre"], nci or duke): clinical tables, cell of origin, immune scores."""
    import pyreadr

    centre = entry["centre"]
    everyone = next(iter(pyreadr.read_r(str(files[CLINICAL])).values()))
    table = everyone[everyone["source"] == centre]
    if len(table) != PATIENTS[centre] or not table.index.is_unique:
        raise UserError(f"{CLINICAL}: holds {len(table)} rows of {centre}, not {PATIENTS[centre]} patients")
    own, notes, caveats = (_nci if centre == "nci" else _duke)(table)
    known = PATIENT_COLUMNS | OWN_PATIENT_COLUMNS[centre]
    patients = table[list(known)].rename(columns=known).astype(object)
    if centre == "duke":
        patients["TESTICULAR_INVOLVEMENT"] = patients["TESTICULAR_INVOLVEMENT"].replace("Female", None)
    patients.insert(0, "PATIENT_ID", table.index)
    patients["AGE"] = table["age"]
    patients["SEX"] = table["gender"].map(NAMES["SEX"])
    patients["IPI_GROUP"] = table["ipi_group"].map(NAMES["IPI_GROUP"])
    for name, flag in FLAGS.items():
        patients[flag] = table[name].astype(object).map(NAMES["FLAG"])
    patients = patients.join(own)
    scores = _scores(files, centre, table.index)
    known = SAMPLE_COLUMNS | OWN_SAMPLE_COLUMNS[centre]
    samples = table[list(known)].rename(columns=known).astype(object).assign(**TUMOUR)
    samples.insert(0, "SAMPLE_ID", table.index)
    samples.insert(1, "PATIENT_ID", table.index)
    if centre == "nci":  # a relapse's biopsy follows treatment
        samples["BIOPSY_TIME"] = samples["BIOPSY_TYPE"].map(NAMES["BIOPSY_TIME"])
    study = study | {
        "os_origin": "unknown",
        "notes": [*notes, *_notes_of_both(table, scores)],
        "caveats": {
            "histology": "Diffuse large B-cell lymphoma, no lung tumour.",
            "time zero": "The file does not say what survival counts from.",
            "expression": "Scores by CIBERSORTx and GSVA from bulk RNA; no NanoString panel, no Immunosign.",
            "definition": "Sums of CIBERSORTx's absolute scores stand for the densities of stained cells, and the mean "
            "of GSVA's scores of gene sets for Immunosign; both are of the same RNA and may share genes.",
            **caveats,
        },
    }
    write_study(
        folder, patients=patients, samples=samples.join(scores), study=study, type_of_cancer="dlbclnos"
    )  # fmt: skip
    return folder
