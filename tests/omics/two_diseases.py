"""Cohorts of LCNEC and SCLC with genotypes and expression of few genes, for tests of what compares the two."""

import anndata
import numpy as np
import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.omics.expression import FACTORS

FIVE = ["TP53", "RB1", "STK11", "KRAS", "KEAP1"]
GENOTYPES = {"SCLC-like": ["TP53", "RB1"], "NSCLC-like": ["STK11"], "Unclassified": ["TP53"]}
KINDS = ["SCLC-like"] * 4 + ["NSCLC-like"] * 5 + ["Unclassified"] * 3 + ["Unknown"] * 2
GENES = [*FACTORS, "DLL3", "CD8A", "CD8B"]


def cohort_with_expression(
    parent, name, kinds, values, genes, *, prefix="S", scale="log2(TPM+1)", measured=None, **more
) -> Cohort:
    """A cohort in memory with expression on disk. kinds: genomic subtype of each sample, "Unknown" for a panel without
    RB1, None for no mutations of the cohort at all; measured: samples with expression."""
    ids = [f"{prefix}{i}" for i in range(len(kinds))]
    folder = parent / name
    folder.mkdir()
    held = ids if measured is None else measured
    table = anndata.AnnData(
        np.asarray(values, "f4"), obs=pd.DataFrame(index=held), var=pd.DataFrame(index=genes), uns={"scale": scale}
    )
    table.write_h5ad(folder / "expression.h5ad")
    calls = [(one, gene) for one, kind in zip(ids, kinds, strict=True) for gene in GENOTYPES.get(kind, [])]
    people = pd.DataFrame(index=pd.Index([f"P{one}" for one in ids], name="PATIENT_ID"))
    return Cohort(
        name, people,
        pd.DataFrame({"PATIENT_ID": people.index, **more}, index=pd.Index(ids, name="SAMPLE_ID")),
        mutations=None if None in kinds
        else pd.DataFrame(calls, columns=["Tumor_Sample_Barcode", "Hugo_Symbol"], dtype=object),
        panel_of=pd.Series(["small" if kind == "Unknown" else "whole" for kind in kinds], ids, dtype=object),
        panel_genes={"small": {"TP53", "STK11", "KRAS", "KEAP1"}, "whole": set(FIVE)}, folder=folder,
    )  # fmt: skip


def levels(rows: int, columns: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(5, 2, (rows, columns)).clip(0).astype("f4")
