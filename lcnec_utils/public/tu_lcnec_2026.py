"""107 LCNEC: survival, the authors' own subtypes, immune estimates, and tumours against normal tissue.

The supplementary tables hold neither mutations nor expression by tumour. The genomic subtype is therefore the authors',
whose rule the files do not give, and RNA and protein are known as fold changes of all tumours against normal tissue.

Mutations and expression by tumour are larger files of the same repository, which says what they hold but not how they
are laid out; nobody here has had them. They are read where they are laid out as mutations (MAF's columns) and
expression (genes × tumours) usually are, and refused otherwise.
"""

from pathlib import Path

import pandas as pd

from lcnec_utils.cohort.dictionary import plain
from lcnec_utils.cohort.write import write_study, write_table
from lcnec_utils.core.errors import UserError
from lcnec_utils.core.units import DAYS_PER_MONTH
from lcnec_utils.public.workbooks import by_code, by_vocabulary, read_sheet, status

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
LARGER = "data/Updated_LCNEC-omics-supp_data_1-6"
MUTATION = ["Hugo_Symbol", "Tumor_Sample_Barcode", "Variant_Classification"]
ALSO_OF_MUTATIONS = ["Chromosome", "Start_Position", "End_Position", "Reference_Allele", "Tumor_Seq_Allele2",
                     "HGVSp_Short", "HGVSc"]  # fmt: skip
EXOME = "whole_exome"
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


def _tumour_of(names: pd.Series, tumours: pd.Index, where: str, *, normals: bool) -> pd.Series:
    """The tumour of each name (with or without its T), missing for normal tissue (N). Raises UserError for others."""
    names = names.astype(str).str.strip()
    known = names.where(names.isin(tumours), "T" + names)
    of_normal = names.str.startswith("N") & normals
    strange = names[~known.isin(tumours) & ~of_normal]
    if len(strange):
        raise UserError(f"{where}: '{strange.iloc[0]}' is no tumour of TableS1; the file is laid out otherwise than "
                        "expected")  # fmt: skip
    return known.mask(of_normal)


def read_mutations(path: Path, tumours: pd.Index) -> pd.DataFrame:
    """The somatic mutations as MAF's columns, by tumour. Raises UserError for another layout."""
    table = read_sheet(path, path.stem)
    lacking = [name for name in MUTATION if name not in table]
    if lacking:
        there = ", ".join(map(str, table.columns[:8]))
        raise UserError(f"{path.name}, sheet {path.stem}: no column {', '.join(lacking)} (there are {there}); the file "
                        "is laid out otherwise than expected")  # fmt: skip
    table = table[MUTATION + [name for name in ALSO_OF_MUTATIONS if name in table]].copy()
    where = f"{path.name}, column Tumor_Sample_Barcode"
    table["Tumor_Sample_Barcode"] = _tumour_of(table["Tumor_Sample_Barcode"], tumours, where, normals=False)
    return table


def read_expression(path: Path, tumours: pd.Index) -> tuple[pd.DataFrame, int]:
    """log2(TPM + 1), tumours × genes, and how many columns are of normal tissue. Raises UserError for another layout.

    The first column must name the genes, and each other one a tumour or normal tissue.
    """
    table = read_sheet(path, path.stem)
    table = table.set_index(table.columns[0])
    tumour = _tumour_of(table.columns.to_series(), tumours, f"{path.name}, header", normals=True)
    if tumour.dropna().duplicated().any() or not all(pd.api.types.is_numeric_dtype(kind) for kind in table.dtypes):
        raise UserError(f"{path.name}: a tumour stands there twice, or a value is no number; the file is laid out "
                        "otherwise than expected")  # fmt: skip
    values = table.loc[:, tumour.notna().to_numpy()]
    values.columns = tumour.dropna().to_numpy()
    return values.groupby(level=0).median().T, int(tumour.isna().sum())


def _omics(files: dict[str, Path], samples: pd.DataFrame) -> tuple[dict, list[str]]:
    """Mutations, the genes of the exome and expression as write_study takes them, and notes."""
    import anndata

    mutations = read_mutations(files[f"{LARGER}/SuppData2.xlsx"], samples.index)
    sequenced = samples.index.isin(mutations["Tumor_Sample_Barcode"])
    samples["GENE_PANEL"] = pd.Series(EXOME, samples.index).where(sequenced, "")
    values, normals = read_expression(files[f"{LARGER}/SuppData4.xlsx"], samples.index)
    expression = anndata.AnnData(
        values.to_numpy("float32"),
        obs=pd.DataFrame(index=values.index.astype(str)),
        var=pd.DataFrame(index=values.columns.astype(str)),
        uns={"scale": "log2(TPM+1)"},
    )
    notes = [
        f"{int(sequenced.sum())} of {len(samples)} tumours have a mutation in the file and count as sequenced; a gene "
        "counts as covered where any tumour carries a mutation of it.",
        f"Expression is known of {len(values)} tumours; {normals} columns are of normal tissue and left out.",
    ]
    genes = {EXOME: sorted(set(mutations["Hugo_Symbol"].dropna().astype(str)))}
    return {"mutations": mutations, "panel_genes": genes, "expression": expression}, notes


def _study_folder(folder: Path, files: dict[str, Path], study: dict, *, omics: bool = False) -> Path:
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
    profiles, notes = _omics(files, samples) if omics else ({}, [])
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
            *notes,
        ],
    }
    return write_study(folder, patients=patients, samples=samples, study=study, **profiles)


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
    """The study folder of the patients, with `omics` in the entry with mutations and expression; with `table: fold
    changes` the table of fold changes."""
    if entry.get("table") == "fold changes":
        return _fold_changes(folder, files, study)
    return _study_folder(folder, files, study, omics=bool(entry.get("omics")))
