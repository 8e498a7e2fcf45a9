"""107 LCNEC: survival, the authors' own subtypes, immune estimates, and tumours against normal tissue.

The supplementary tables hold neither mutations nor expression by tumour. The genomic subtype is therefore the authors',
whose rule the files do not give, and RNA and protein are known as fold changes of all tumours against normal tissue.
"""

from pathlib import Path

import pandas as pd

from lcnec_utils.cohort.dictionary import plain
from lcnec_utils.cohort.write import write_study, write_table
from lcnec_utils.core.errors import UserError
from lcnec_utils.public.workbooks import DAYS_PER_MONTH, by_code, by_vocabulary, read_sheet, status

FOLDER = "Supplementary_Tables"
PATIENT = {
    "Gender": "SEX", "Age": "AGE", "Smoking": "SMOKING", "TNM.Stage": "STAGE", "T": "T_STAGE", "N": "N_STAGE",
    "M": "M_STAGE", "Overall.survial.(days)": "OS_MONTHS", "Survial.status(0,alive;1,dead)": "OS_STATUS",
}  # fmt: skip
SAMPLE = {
    "Histologic.type": "HISTOLOGY", "Component.of.C-LCNEC": "COMBINED_WITH", "Tumor.size(cm)": "TUMOR_SIZE_CM",
    "Ki-67 index": "KI67_INDEX",
}  # fmt: skip
STAINS = ["CD56", "SYN", "CgA", "CK5/6", "P40", "TTF-1", "NapsinA"]
NOT_AVAILABLE = {"Not available": None}
STAINED = {"+": "positive", "-": "negative"} | NOT_AVAILABLE
# as gabriel2020 writes the histologies and the clusters of expression of LCNEC
COMBINED = {"adenocarcinoma": "ADC", "squamous cancer": "SqCC", "small cell lung cancer": "SCLC"}
CLUSTERS = {"Type_I": "LCNEC/TypeI", "Type_II": "LCNEC/TypeII", "Type_SCLC": "LCNEC/SCLC-like"}
M_STAGES = {0: "M0", 1: "M1", 9: None}  # 9: not assessed
ESTIMATE = {
    "StromalScore": "STROMAL_SCORE", "ImmuneScore": "IMMUNE_SCORE", "ESTIMATEScore": "ESTIMATE_SCORE",
    "Purity": "ESTIMATE_PURITY",
}  # fmt: skip
NAMED_GENES = ["FGL1", "SPINK1", "DLL3"]  # of which a reader asks here, whether they were measured or not


def _by_tumour(path: Path, sheet: str, tumours: pd.Index) -> tuple[pd.DataFrame, int]:
    """A sheet by tumour (index: the ids that begin with T), and how many of its rows are of normal tissue (N)."""
    table = read_sheet(path, sheet)
    table = table.set_index(read_sheet(path, sheet, ["ID"])["ID"].astype(str).str.strip()).drop(columns="ID")
    normal = table.index.str.startswith("N")
    table = table[~normal]
    strange = table.index.difference(tumours)
    if len(strange) or table.index.has_duplicates:
        odd = [*strange, *table.index[table.index.duplicated()]]
        raise UserError(f"{path.name}, sheet {sheet}: '{odd[0]}' is no tumour of TableS1, or stands there twice")
    return table.reindex(tumours), int(normal.sum())


def _clinical(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Patients and samples of the clinical table, one row each per tumour."""
    stains = {f"{stain}(immunohistochemistry)": f"{plain(stain)}_IHC" for stain in STAINS}
    table = read_sheet(path, "Table S1", ["Sample.ID", *PATIENT, *SAMPLE, *stains])
    where = f"{path.name}, sheet Table S1, column "
    identifiers = table["Sample.ID"].astype(str)
    patients = table[list(PATIENT)].rename(columns=PATIENT)
    patients.insert(0, "PATIENT_ID", identifiers)
    patients["SEX"] = by_vocabulary(patients["SEX"], "sex", f"{where}Gender")
    patients["M_STAGE"] = by_code(patients["M_STAGE"], M_STAGES, f"{where}M")
    patients["OS_STATUS"] = status(patients["OS_STATUS"], "OS", f"{where}Survial.status")
    patients["OS_MONTHS"] = patients["OS_MONTHS"] / DAYS_PER_MONTH
    samples = table[[*SAMPLE, *stains]].rename(columns=SAMPLE | stains)
    samples.insert(0, "SAMPLE_ID", "T" + identifiers)
    samples.insert(1, "PATIENT_ID", identifiers)
    samples.insert(2, "ONCOTREE_CODE", "LUNE")
    combined = by_code(samples["COMBINED_WITH"], COMBINED, f"{where}Component.of.C-LCNEC")
    kinds = by_code(samples["HISTOLOGY"], {"LCNEC": "pure", "combined LCNEC": "combined"}, f"{where}Histologic.type")
    if not (kinds == "combined").equals(combined.notna()):
        raise UserError(f"{where}Histologic.type: a combined tumour names no component, or a pure one does")
    samples["HISTOLOGY"] = ("LCNEC combined " + combined).where(combined.notna(), "LCNEC")
    samples["KI67_INDEX"] = samples["KI67_INDEX"].mask(samples["KI67_INDEX"].isin(list(NOT_AVAILABLE)))
    for source, column in stains.items():
        samples[column] = by_code(samples[column], STAINED, where + source)
    return patients, samples.set_index("SAMPLE_ID", drop=False)


def _study_folder(folder: Path, files: dict[str, Path], study: dict) -> Path:
    path = {number: files[f"{FOLDER}/TableS{number}.xlsx"] for number in (1, 5, 6)}
    patients, samples = _clinical(path[1])
    tumours = samples.index
    subtype, _ = _by_tumour(path[6], "Table S6D", tumours)
    cluster, _ = _by_tumour(path[6], "Table S6E", tumours)
    estimate, estimate_normals = _by_tumour(path[5], "Table S5A", tumours)
    xcell, xcell_normals = _by_tumour(path[5], "Table S5B", tumours)
    tide, _ = _by_tumour(path[5], "Table S5F", tumours)
    samples["GENOMIC_SUBTYPE"] = by_vocabulary(subtype["genomic subtype"], "subtype", "TableS6.xlsx, sheet Table S6D")
    clusters = by_code(cluster["Transcriptome subtype"], CLUSTERS, "TableS6.xlsx, sheet Table S6E")
    samples["EXPRESSION_CLUSTER"] = clusters
    xcell.columns = [f"XCELL_{plain(name)}" for name in xcell.columns]
    parts = [estimate[list(ESTIMATE)].rename(columns=ESTIMATE), xcell, tide[["TIDE"]].add_suffix("_SCORE")]
    samples = pd.concat([samples, *parts], axis=1)
    study = study | {
        "os_origin": "unknown",
        "notes": [
            "The genomic subtype is the one that the authors give (Other is read as Unclassified).",
            f"{int(patients['M_STAGE'].isna().sum())} patient has M stage 9 (not assessed): missing.",
            f"{int((patients['OS_MONTHS'] == 0).sum())} patient has a survival of 0 days, alive.",
            f"Rows of normal tissue (ids that begin with N) are left out: {estimate_normals} of ESTIMATE, "
            f"{xcell_normals} of xCell.",
            f"Transcriptome types and immune estimates are known of {int(clusters.notna().sum())} of {len(samples)}.",
            f"The Ki-67 index is '+' instead of a number in {int((samples['KI67_INDEX'] == '+').sum())} tumours.",
        ],
    }
    return write_study(folder, patients=patients, samples=samples, study=study)


def _fold_changes(folder: Path, files: dict[str, Path], study: dict) -> Path:
    """Tumour against normal tissue, a row per gene and kind of measurement, as one plain table."""
    path = files[f"{FOLDER}/TableS3.xlsx"]
    values = {"logFC": "log_fold_change", "pValue": "p", "fdr": "fdr"}
    parts = []
    for measured, sheet, key in (("RNA", "Table S3A", "gene"), ("protein", "Table S3B", "protein")):
        part = read_sheet(path, sheet, [key, *values]).rename(columns={key: "gene"} | values)
        part.insert(1, "measured", measured)
        parts.append(part)
    absent = {
        part["measured"].iloc[0]: [gene for gene in NAMED_GENES if gene not in set(part["gene"])] for part in parts
    }
    study = study | {
        "notes": [
            f"{len(part):,} genes by {part['measured'].iloc[0]}; of {', '.join(NAMED_GENES)} it lacks "
            f"{', '.join(absent[part['measured'].iloc[0]]) or 'none'}."
            for part in parts
        ]
    }
    return write_table(folder, pd.concat(parts), study=study)


def convert(folder: Path, files: dict[str, Path], entry: dict, study: dict) -> Path:
    """The study folder of the patients; with `table: fold changes` in the entry, the table of fold changes."""
    return (_fold_changes if entry.get("table") == "fold changes" else _study_folder)(folder, files, study)
