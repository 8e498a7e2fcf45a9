"""238 lung neuroendocrine neoplasms: histology, molecular cluster, survival without event, about 99 genes.

The expression values are variance-stabilised counts (log2-like), not TPM. HLA_D and S100 are composites of several
genes, and FGL1, SPINK1, NEUROD1 and POU2F3 are not among the genes. The molecular clusters (LCNEC type I, type II)
are expression clusters, never genotypes.
"""

import zipfile
from pathlib import Path

import pandas as pd

from lcnec_utils.cohort.dictionary import EXPRESSION_FILE
from lcnec_utils.cohort.write import write_study

CLINICAL = {
    "Sample_ID": "PATIENT_ID",
    "Age": "AGE",
    "Sex": "SEX",
    "Smoking_status": "SMOKING_STATUS",
    "Survival_months": "SURVIVAL_MONTHS_WITHOUT_STATUS",
}
SAMPLE = {
    "Sample_ID": "SAMPLE_ID",
    "Histopathology": "HISTOLOGY",
    "Histopathology_simplified": "HISTOLOGY_SIMPLIFIED",
    "Molecular_clusters": "EXPRESSION_CLUSTER",
}
NOT_GENES = ["Histopathology_MachineLearning_prediction"]


def convert(folder: Path, files: dict[str, Path], entry: dict, study: dict) -> Path:
    """The study folder, with the expression matrix as expression.h5ad (samples × genes)."""
    import anndata

    with zipfile.ZipFile(files["Attributes.txt.zip"]) as archive, archive.open("Attributes.txt") as handle:
        table = pd.read_csv(handle, sep="\t")
    patients = table[list(CLINICAL)].rename(columns=CLINICAL)
    patients["SEX"] = patients["SEX"].map({"F": "Female", "M": "Male"})
    samples = table[list(SAMPLE)].rename(columns=SAMPLE)
    samples.insert(1, "PATIENT_ID", samples["SAMPLE_ID"])
    genes = table.drop(columns=[*CLINICAL, *SAMPLE, *NOT_GENES], errors="ignore")
    study = study | {
        "os_origin": "unknown",
        "notes": [
            "Survival in months comes without an event flag: no Kaplan–Meier curve can be drawn from it.",
            "HLA_D and S100 are composites of several genes.",
        ],
    }
    write_study(folder, patients=patients, samples=samples, study=study)
    expression = anndata.AnnData(
        genes.to_numpy(dtype="float32"),
        obs=samples.set_index("SAMPLE_ID").fillna("").astype(str),
        var=pd.DataFrame(index=genes.columns.astype(str)),
        uns={"scale": "variance-stabilised counts"},
    )
    expression.write_h5ad(folder / EXPRESSION_FILE)
    return folder
