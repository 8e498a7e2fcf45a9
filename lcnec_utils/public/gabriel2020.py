"""238 lung neuroendocrine neoplasms: histology, molecular cluster, survival without event, about 99 genes.

The expression values are variance-stabilised counts (log2-like), not TPM. HLA_D and S100 are composites of several
genes, and FGL1, SPINK1, NEUROD1 and POU2F3 are not among the genes. The molecular clusters (LCNEC type I, type II)
are expression clusters, never genotypes.

The read counts of all genes are a larger file of the same repository. Its layout is the one that the repository
documents (genes by Ensembl's identifier as rows, samples as columns); nobody here has had the file.
"""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.cohort.dictionary import EXPRESSION_FILE
from lcnec_utils.cohort.write import write_study
from lcnec_utils.core.errors import UserError

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
COUNTS, SPANS = "read_counts_all.txt.zip", "ref_annot.gtf.gene_spans.zip"


def read_counts(path: Path, spans: Path, samples: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """Read counts, samples × genes by symbol (counts of genes of one symbol added), and a note for each thing left out.

    path: the zipped table, genes by Ensembl's versioned identifier × samples. spans: the zipped table that gives each
    identifier's symbol in its sixth column. Raises UserError for another layout.
    """
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as handle:
        table = pd.read_csv(handle, sep=r"\s+", index_col=0, engine="c")
    with zipfile.ZipFile(spans) as archive, archive.open(archive.namelist()[0]) as handle:
        symbols = pd.read_csv(handle, sep="\t", header=None, index_col=0)[5]
    where = f"{path.name}: "
    if not table.index.astype(str).str.match(r"ENSG\d{11}").all():
        odd = table.index[~table.index.astype(str).str.match(r"ENSG\d{11}")][0]
        raise UserError(f"{where}row '{odd}' is no gene of Ensembl; the file is laid out otherwise than documented")
    values = table.to_numpy()
    if not np.issubdtype(values.dtype, np.number) or (values < 0).any() or (values % 1).any():
        raise UserError(f"{where}a value is no read count; the file is laid out otherwise than documented")
    table.columns = table.columns.str.replace(
        r"^X(?=\d)", "", regex=True
    )  # as R writes a name that begins with a digit
    lacking = sorted(set(samples) - set(table.columns))
    if lacking:
        raise UserError(f"{where}no column of {len(lacking)} samples, {lacking[0]} first; they must be named as in "
                        "Attributes.txt")  # fmt: skip
    symbol = symbols.reindex(table.index)
    notes = [
        f"{len(table.columns) - len(samples)} columns of read counts are of no sample of Attributes.txt (a technical "
        "replicate): left out.",
        f"{int(symbol.isna().sum()):,} of {len(table):,} genes have no symbol in {SPANS}: left out.",
    ]
    return table[samples].groupby(symbol.to_numpy()).sum().T, notes


def convert(folder: Path, files: dict[str, Path], entry: dict, study: dict) -> Path:
    """The study folder, with the expression matrix as expression.h5ad (samples × genes); with `expression: counts` in
    the entry all genes as read counts."""
    import anndata

    with zipfile.ZipFile(files["Attributes.txt.zip"]) as archive, archive.open("Attributes.txt") as handle:
        table = pd.read_csv(handle, sep="\t")
    patients = table[list(CLINICAL)].rename(columns=CLINICAL)
    patients["SEX"] = patients["SEX"].map({"F": "Female", "M": "Male"})
    samples = table[list(SAMPLE)].rename(columns=SAMPLE)
    samples.insert(1, "PATIENT_ID", samples["SAMPLE_ID"])
    notes = ["Survival in months comes without an event flag: no Kaplan–Meier curve can be drawn from it."]
    if entry.get("expression") == "counts":
        genes, left_out = read_counts(files[COUNTS], files[SPANS], list(samples["SAMPLE_ID"]))
        scale, notes = "counts", notes + left_out
    else:
        genes = table.drop(columns=[*CLINICAL, *SAMPLE, *NOT_GENES], errors="ignore")
        scale, notes = "variance-stabilised counts", [*notes, "HLA_D and S100 are composites of several genes."]
    study = study | {"os_origin": "unknown", "notes": notes}
    write_study(folder, patients=patients, samples=samples, study=study)
    expression = anndata.AnnData(
        genes.to_numpy(dtype="float32"),
        obs=samples.set_index("SAMPLE_ID").fillna("").astype(str),
        var=pd.DataFrame(index=genes.columns.astype(str)),
        uns={"scale": scale},
    )
    expression.write_h5ad(folder / EXPRESSION_FILE)
    return folder
