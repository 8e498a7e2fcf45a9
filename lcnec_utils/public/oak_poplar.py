"""OAK and POPLAR: previously treated NSCLC, randomised to atezolizumab or docetaxel, with mutations in blood.

The supplement of Gandara et al. (Nature Medicine 2018). Survival is given with CNSR, 1 for a censored time. The tumour
mutational burden in blood counts the listed substitutions, synonymous ones with them, without known drivers; it is a
count and not per Mb. Mutations are listed of the patients whose burden could be evaluated, and only those count as
sequenced.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.cohort.write import write_study
from lcnec_utils.core.errors import UserError
from lcnec_utils.public.workbooks import by_code, by_vocabulary, read_sheet, status

FILE = "data/41591_2018_134_MOESM3_ESM.xlsx"
PATIENT = {
    "BAGE": "AGE", "SEX": "SEX", "race2": "RACE", "ECOGGR": "ECOG", "TOBHX": "SMOKING", "METSITES": "METASTATIC_SITES",
    "blSLD": "TARGET_LESIONS_MM", "TRT01P": "ARM", "BCOR": "BEST_RESPONSE", "OS": "OS_MONTHS", "OS.CNSR": "OS_STATUS",
    "PFS": "PFS_MONTHS", "PFS.CNSR": "PFS_STATUS",
}  # fmt: skip
SAMPLE = {
    "HIST": "CANCER_TYPE_DETAILED", "btmb": "BLOOD_TMB_COUNT", "MSAF": "MAXIMUM_ALLELE_FREQUENCY",
    "KRASMUT": "KRAS_STATUS", "EGFRMUT": "EGFR_STATUS",
}  # fmt: skip
# what the sheets of the two trials call otherwise
OWN = {
    "OAK": {
        "PRIORTXC": "LINES_OF_TX", "EML4MUT": "EML4_ALK_STATUS", "TC1IC1": "PDL1_TC1_IC1", "TC3IC3": "PDL1_TC3_IC3",
    },
    "POPLAR": {"PRIORTX": "LINES_OF_TX", "EMLAMUT": "EML4_ALK_STATUS"},
}  # fmt: skip
ARMS = {"MPDL3280A": "atezolizumab", "Docetaxel": "docetaxel"}
HISTOLOGIES = {
    "SQUAMOUS": "Lung Squamous Cell Carcinoma", "NON-SQUAMOUS": "Non-Small Cell Lung Cancer, non-squamous",
}  # fmt: skip
TESTED = {"POSITIVE": "positive", "NEGATIVE": "negative", "T790M": "positive", ".": None}
PDL1 = {
    "PDL1_TC1_IC1": {"TC1/2/3 or IC1/2/3": "YES", "TC0 and IC0": "NO", "UNKNOWN": None},
    "PDL1_TC3_IC3": {"TC3 or IC3": "YES", "TC0/1/2 and IC0/1/2": "NO", "UNKNOWN": None},
}
EVALUABLE = {"Y": True, "N": False}  # BEP: whether the burden in blood could be evaluated
EFFECTS = {
    "missense": "Missense_Mutation", "nonsense": "Nonsense_Mutation", "splice": "Splice_Site", "synonymous": "Silent",
}  # fmt: skip
MUTATION = {
    "gene_name": "Hugo_Symbol", "chromosome": "Chromosome", "start": "Start_Position", "end": "End_Position",
    "reference_sequence": "Reference_Allele", "alternate_sequence": "Tumor_Seq_Allele2",
    "effect": "Variant_Classification", "protein_syntax": "HGVSp_Short", "cds_syntax": "HGVSc", "depth": "t_depth",
    "af": "ALLELE_FREQUENCY", "status": "REPORTED_STATUS", "omitted_driver_mutation": "OMITTED_FROM_BURDEN",
}  # fmt: skip
PANEL = "blood_tmb_assay"


def _numbers(cells: pd.Series, where: str) -> pd.Series:
    """A column of numbers in which a point stands for a value that is not there."""
    values = pd.to_numeric(cells.mask(cells == "."), errors="coerce")
    if values.isna().sum() != (cells.isna() | (cells == ".")).sum():
        raise UserError(f"{where}: holds more than numbers and points; use the registered file")
    return values


def _clinical(path: Path, trial: str) -> pd.DataFrame:
    """All columns that are read of a trial's patients, in the words of the data dictionary."""
    sheet, own = f"{trial}_Clinical_Data", OWN[trial]
    table = read_sheet(path, sheet, ["PtID", "BEP", *PATIENT, *SAMPLE, *own]).rename(columns=PATIENT | SAMPLE | own)
    where = f"{path.name}, sheet {sheet}, "
    table.insert(0, "PATIENT_ID", f"{trial}-" + table["PtID"].astype(str))
    for name, vocabulary in (("SEX", "sex"), ("BEST_RESPONSE", "response")):
        table[name] = by_vocabulary(table[name], vocabulary, where + name)
    for endpoint in ("OS", "PFS"):  # CNSR is 1 for a censored time
        name = f"{endpoint}_STATUS"
        table[name] = status(1 - table[name], endpoint, f"{where}{endpoint}.CNSR")
    codes = {"ARM": ARMS, "CANCER_TYPE_DETAILED": HISTOLOGIES, "BEP": EVALUABLE} | PDL1
    codes |= dict.fromkeys(("KRAS_STATUS", "EGFR_STATUS", "EML4_ALK_STATUS"), TESTED)
    for name in set(codes) & set(table):
        table[name] = by_code(table[name], codes[name], where + name)
    for name in ("BLOOD_TMB_COUNT", "MAXIMUM_ALLELE_FREQUENCY"):
        table[name] = _numbers(table[name], where + name)
    table["LINES_OF_TX"] += 1  # the file counts the lines before
    return table


def _mutations(path: Path, trial: str) -> tuple[pd.DataFrame, list[str]]:
    """The blood mutations of a trial as MAF, and every gene that a patient of either trial has one in."""
    calls = read_sheet(path, "OAK_POPLAR_btmb_variants", ["PtID", "Study", *MUTATION]).rename(columns=MUTATION)
    where = f"{path.name}, sheet OAK_POPLAR_btmb_variants, column effect"
    calls["Variant_Classification"] = by_code(calls["Variant_Classification"], EFFECTS, where)
    calls["Chromosome"] = calls["Chromosome"].str.removeprefix("chr")
    genes = sorted(calls["Hugo_Symbol"].unique())
    calls = calls[calls["Study"] == trial].reset_index(drop=True)
    calls.insert(1, "Tumor_Sample_Barcode", f"{trial}-" + calls["PtID"].astype(str))
    return calls.drop(columns=["PtID", "Study"]), genes


def _seen_in_blood(table: pd.DataFrame, calls: pd.DataFrame) -> list[str]:
    """How many of the tumours with a mutation by a test of the tissue have one of that gene in blood, a line each."""
    tested = table[table["BEP"].astype(bool)].set_index("PATIENT_ID")
    lines = []
    for gene in ("KRAS", "EGFR"):
        positive = tested.index[tested[f"{gene}_STATUS"] == "positive"]
        changed = calls[(calls["Hugo_Symbol"] == gene) & (calls["Variant_Classification"] != "Silent")]
        seen = int(positive.isin(changed["Tumor_Sample_Barcode"]).sum())
        lines.append(f"{seen} of {len(positive)} patients with {gene} mutated in tissue have such a mutation in blood.")
    return lines


def convert(folder: Path, files: dict[str, Path], entry: dict, study: dict) -> Path:
    """The study folder of a trial (entry["trial"], OAK or POPLAR), of both arms or of one (entry["arm"])."""
    trial = entry["trial"]
    table = _clinical(files[FILE], trial)
    everyone = len(table)
    if "arm" in entry:
        table = table[table["ARM"] == entry["arm"]].reset_index(drop=True)
    calls, genes = _mutations(files[FILE], trial)
    calls = calls[calls["Tumor_Sample_Barcode"].isin(table["PATIENT_ID"])]
    of_samples = [name for name in table if name in {*SAMPLE.values(), "EML4_ALK_STATUS", *PDL1}]
    samples = table[["PATIENT_ID", *of_samples]].copy()
    samples.insert(0, "SAMPLE_ID", table["PATIENT_ID"])
    samples["GENE_PANEL"] = np.where(table["BEP"].astype(bool), PANEL, "")
    silent = int((calls["Variant_Classification"] == "Silent").sum())
    responses = int(table["BEST_RESPONSE"].isna().sum())
    study = study | {
        "os_origin": "randomisation",
        "notes": [
            f"{len(table)} of {everyone} patients of {trial}"
            + (f", those randomised to {entry['arm']}." if "arm" in entry else ", both arms."),
            f"Mutations in blood are listed of {int(table['BEP'].sum())} patients; the others count as not sequenced.",
            f"{silent} of {len(calls)} listed mutations are synonymous: in the burden's count, in no gene's share.",
            "A gene counts as covered where any patient of OAK or POPLAR carries a mutation of it in blood.",
            f"Best response is not recorded of {responses} patients.",
            *_seen_in_blood(table, calls),
        ],
    }
    patients = table[[name for name in table if name not in {*of_samples, "PtID", "BEP"}]]
    return write_study(
        folder, patients=patients, samples=samples, mutations=calls, panel_genes={PANEL: genes}, study=study
    )
