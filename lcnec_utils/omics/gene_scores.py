"""Scores of gene sets: how high a set is expressed in each tumour over genes of like expression, by scanpy."""

import numpy as np
import pandas as pd

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.stats.differential import finite_values

BACKGROUND = 500  # genes, of which those of like expression are drawn; a panel of fewer is no background
CONTROLS, BINS, SEED = 50, 25, 0
ENOUGH = 15  # genes, of a set that was measured in part: what gene-set enrichment asks of a set by default


def gene_set_scores(log2: pd.DataFrame, *, sets: dict[str, list[str]], least: float = 0.5) -> pd.DataFrame:
    """The score of each gene set in each tumour; samples × sets, in log2 units.

    log2: samples × genes on a log2 scale. sets: name → approved symbols. The score of several genes is their mean less
    that of genes of like mean expression, drawn with one seed: scanpy's `tl.score_genes`, after Tirosh et al. (Science
    2016;352:189). A set of a single gene is that gene's own log2 value. A set of which less than `least` (a fraction)
    and fewer than ENOUGH genes were measured, or of which no gene varies, is left out. `attrs["coverage"]`: set → genes
    measured, of how many; `attrs["left_out"]`: set → why.

    Raises MissingData where several genes are to be scored over fewer than BACKGROUND genes; UserError where a value is
    no finite number, a gene stands twice, or a set is empty.

    >>> log2 = pd.DataFrame({"FOXP3": [1.0, 2.0], "CD8A": [3.0, 3.0]}, index=["S1", "S2"])
    >>> scores = gene_set_scores(log2, sets={"regulatory T cells": ["FOXP3"], "CD39": ["ENTPD1"]})
    >>> scores.to_dict("list"), scores.attrs["coverage"]
    ({'regulatory T cells': [1.0, 2.0]}, {'regulatory T cells': (1, 1), 'CD39': (0, 1)})
    """
    if log2.columns.has_duplicates:
        raise UserError(f"gene {log2.columns[log2.columns.duplicated()][0]} stands in two columns; keep one")
    finite_values(log2)
    columns, coverage, left_out = {}, {}, {}
    several: dict[str, list[str]] = {}
    for name, genes in sets.items():
        genes = list(dict.fromkeys(genes))
        if not genes:
            raise UserError(f"gene set {name!r} names no gene; leave it out")
        measured = [gene for gene in genes if gene in log2]
        coverage[name] = len(measured), len(genes)
        varying = [gene for gene in measured if log2[gene].std(ddof=0) > 0]
        if not measured or len(measured) < min(least * len(genes), ENOUGH):
            left_out[name] = f"{len(measured)} of its {len(genes)} genes were measured"
        elif not varying:
            left_out[name] = "none of its genes varies"
        elif len(genes) == 1:
            columns[name] = log2[genes[0]].to_numpy(float)
        else:
            several[name] = measured
    if several:
        columns |= _scanpy_scores(log2, several)
    scores = pd.DataFrame(columns, index=log2.index)[[name for name in sets if name in columns]]
    scores.attrs = {"coverage": coverage, "left_out": left_out}
    return scores


def _scanpy_scores(log2: pd.DataFrame, sets: dict[str, list[str]]) -> dict[str, np.ndarray]:
    import anndata
    import scanpy

    if log2.shape[1] < BACKGROUND:
        raise MissingData(
            f"{log2.shape[1]} genes were measured, and a score over genes of like expression needs {BACKGROUND}"
        )
    data = anndata.AnnData(
        log2.to_numpy("f8"), obs=pd.DataFrame(index=log2.index), var=pd.DataFrame(index=log2.columns)
    )
    for number, genes in enumerate(sets.values()):
        scanpy.tl.score_genes(
            data, genes, ctrl_size=CONTROLS, n_bins=BINS, random_state=SEED, score_name=f"score_{number}"
        )
    return {name: data.obs[f"score_{number}"].to_numpy(float) for number, name in enumerate(sets)}
