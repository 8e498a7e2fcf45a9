"""MSK-MET as packaged in INCOMMON, one tumour type at a time.

The file holds overall survival without its time zero, tumour mutational burden, the sampled site, and mutations
without consequence; no copy number (RB1 deletions are not seen) and no treatment. The genes a panel covers are not
in it either: a gene counts as covered where any of the 25,368 patients on that panel carries a mutation of it.
"""

from pathlib import Path

import pandas as pd

from lcnec_utils.cohort.write import write_study

PATIENT_COLUMNS = {
    "sample": "PATIENT_ID",
    "SEX": "SEX",
    "AGE_AT_SEQUENCING": "AGE",
    "RACE": "RACE",
    "OS_MONTHS": "OS_MONTHS",
    "OS_STATUS": "OS_STATUS",
}
SAMPLE_COLUMNS = {
    "sample": "SAMPLE_ID",
    "tumor_type": "ONCOTREE_CODE",
    "SAMPLE_TYPE": "SAMPLE_TYPE",
    "METASTATIC_SITE": "METASTATIC_SITE",
    "PRIMARY_SITE": "PRIMARY_SITE",
    "GENE_PANEL": "GENE_PANEL",
    "TMB_NONSYNONYMOUS": "TMB_NONSYNONYMOUS",
    "FGA": "FGA",
    "purity": "TUMOR_PURITY",
    "MET_COUNT": "MET_COUNT",
}
MUTATION_COLUMNS = {
    "gene": "Hugo_Symbol",
    "chr": "Chromosome",
    "from": "Start_Position",
    "to": "End_Position",
    "ref": "Reference_Allele",
    "alt": "Tumor_Seq_Allele2",
    "sample": "Tumor_Sample_Barcode",
    "DP": "t_depth",
    "NV": "t_alt_count",
}


def _panel_genes(clinical: pd.DataFrame, mutations: pd.DataFrame) -> dict[str, list[str]]:
    panel = mutations["sample"].map(clinical.set_index("sample")["GENE_PANEL"])
    return {name: sorted(genes.dropna().unique()) for name, genes in mutations["gene"].groupby(panel)}


def convert(folder: Path, files: dict[str, Path], entry: dict, study: dict) -> Path:
    """The study folder of one tumour type (entry["tumor_type"], an OncoTree code)."""
    import pyreadr

    clinical, mutations = (
        next(iter(pyreadr.read_r(str(files[name])).values()))
        for name in ("MSK_clinical_data.rda", "MSK_genomic_data.rda")
    )
    panels = _panel_genes(clinical, mutations)
    chosen = clinical[clinical["tumor_type"] == entry["tumor_type"]]
    patients = chosen[list(PATIENT_COLUMNS)].rename(columns=PATIENT_COLUMNS)
    patients["OS_STATUS"] = patients["OS_STATUS"].map({0.0: "0:LIVING", 1.0: "1:DECEASED"})
    samples = chosen[list(SAMPLE_COLUMNS)].rename(columns=SAMPLE_COLUMNS)
    samples.insert(1, "PATIENT_ID", samples["SAMPLE_ID"])
    calls = mutations[mutations["sample"].isin(chosen["sample"])]
    calls = calls[list(MUTATION_COLUMNS)].rename(columns=MUTATION_COLUMNS)
    calls["Chromosome"] = calls["Chromosome"].str.removeprefix("chr")
    unnamed = int(calls["Hugo_Symbol"].isna().sum())
    calls = calls.dropna(subset="Hugo_Symbol")
    study = study | {
        "os_origin": "unknown",
        "notes": [
            "A gene counts as covered by a panel where any MSK-MET patient on that panel carries a mutation of it.",
            f"{unnamed} of {unnamed + len(calls)} mutation rows of the source name no gene and are left out.",
        ],
    }
    used = {name: panels[name] for name in sorted(samples["GENE_PANEL"].dropna().unique())}
    return write_study(folder, patients=patients, samples=samples, mutations=calls, panel_genes=used, study=study)
