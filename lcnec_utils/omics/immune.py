"""Immune fractions and signatures of bulk expression, of cohorts larger than memory too: some samples at a time."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lcnec_utils.cohort.matrix import CHUNK, LINEAR, LOGGED, Spread, open_expression
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.omics import deconvolution, expression
from lcnec_utils.omics.deconvolution import OTHER

TRANSCRIPTOME = 10_000  # genes, from which on FPKM can be brought to a sum of a million
LEAST_GENES = 0.8  # of a signature's genes that must be there

# Words of an axis for quanTIseq's columns
NAMES = {
    "B.cells": "B cells",
    "Macrophages.M1": "M1 macrophages",
    "Macrophages.M2": "M2 macrophages",
    "Monocytes": "Monocytes",
    "Neutrophils": "Neutrophils",
    "NK.cells": "NK cells",
    "T.cells.CD4": "CD4+ T cells",
    "T.cells.CD8": "CD8+ T cells",
    "Tregs": "Regulatory T cells",
    "Dendritic.cells": "Dendritic cells",
    OTHER: "Other cells",
}

# Immune signatures of signatures.yaml, in words of an axis
SCORES = {
    "gep18": "T-cell-inflamed (18 genes)",
    "cytolytic": "Cytolytic activity (2 genes)",
    "interferon_gamma": "Interferon gamma (6 genes)",
    "tertiary_lymphoid": "Tertiary lymphoid structures (9 genes)",
}


def fractions(cohort: Cohort, *, til10: deconvolution.Til10) -> pd.DataFrame:
    """quanTIseq's fractions of a cohort's tumours, samples × 11 (percent of cells, named by NAMES); `attrs` as
    deconvolution.quantiseq. Raises MissingData where there is no transcriptome on a scale it can take, UserError where
    quanTIseq refuses the values."""
    # quanTIseq brings each sample to a sum of a million itself
    chunks = (values.T for values in tpm_chunks(cohort, needs="quanTIseq needs", least=0))
    try:
        cells = deconvolution.quantiseq_chunks(chunks, tumor=True, til10=til10, logged=False)
    except MissingData:
        raise
    except UserError as error:
        raise UserError(f"{cohort.name}/expression.h5ad: {str(error).removeprefix('expression: ')}") from None
    return (100 * cells).rename(columns=NAMES)


def tpm(cohort: Cohort, *, needs: str, least: int = TRANSCRIPTOME) -> pd.DataFrame:
    """TPM of a cohort's tumours, samples × genes. FPKM of at least so many genes are brought to a sum of a million.

    Raises MissingData where there is another scale; needs: what needs TPM, with its verb.

    >>> float(tpm(expression.example_cohort(), needs="the example needs").at["S1", "DLL3"])
    31.0
    """
    return pd.concat(tpm_chunks(cohort, needs=needs, least=least))


def tpm_chunks(
    cohort: Cohort, *, needs: str, least: int = TRANSCRIPTOME, values: int = CHUNK
) -> Iterator[pd.DataFrame]:
    """`tpm` some samples at a time, in their order, so that no more of a large file is in memory than is worked on.

    values: how many of the file's are read at a time. The file is read twice: a gene that is missing in any sample is
    left out of all. Raises as `tpm`, before the first samples are given.

    >>> [len(part) for part in tpm_chunks(expression.example_cohort(), needs="the example needs", values=21)]
    [3, 1]
    """
    held = open_expression(cohort)
    spread, complete = Spread.of(np.empty((0, len(held.genes)), "f4")), np.ones(len(held.genes), bool)
    for _, read in held.chunks(values=values):
        spread |= Spread.of(read)
        complete &= ~np.isnan(read).any(axis=0)
    expression.judge_scale(cohort, held.scale, spread)
    if not complete.any():
        raise MissingData(f"{cohort.name} has no gene whose expression is known of every sample")
    scale, genes = (LINEAR | LOGGED)[held.scale], held.genes[complete]
    whole = scale == "log2(FPKM + 1)" and len(genes) >= least
    if not whole and scale != "log2(TPM + 1)":
        raise MissingData(f"{needs} TPM, and the expression of {cohort.name} is {scale} of {len(genes):,} genes")
    for part, read in held.chunks(values=values):
        log2 = pd.DataFrame(read[:, complete], held.samples[part].rename("sample"), genes.rename(None))
        if held.scale in LINEAR:
            log2 = expression.log2_plus_one(log2)
        log2 = expression.approved_symbols(log2)
        linear = np.maximum(2**log2 - 1, 0)
        linear = linear.mul(deconvolution.MILLION / linear.sum(axis=1), axis=0) if whole else linear
        linear.attrs = {"scale": scale, "incomplete": int((~complete).sum())}
        yield linear


def scores(cohort: Cohort) -> pd.DataFrame:
    """`signature_scores` of a cohort's tumours. Raises MissingData where the scale is not of TPM, or no signature has
    most of its genes."""
    parts = [signature_scores(part) for part in tpm_chunks(cohort, needs="the signatures need")]
    table = pd.concat(parts)
    table.attrs = parts[0].attrs
    if table.empty:
        raise MissingData(f"{cohort.name} was not measured for most genes of any immune signature")
    return table


def signature_scores(tpm: pd.DataFrame) -> pd.DataFrame:
    """Immune signatures of tumours, samples × SCORES, each on a log2 scale as its source defines it.

    tpm: samples × genes (symbols). A signature without LEAST_GENES of its genes is left out and named in
    `attrs["left_out"]`; `attrs["genes"]`: signature → genes measured, of how many. Raises UserError where a value is
    missing or negative, or a gene stands twice. Sources stand in signatures.yaml.

    >>> scores = signature_scores(pd.DataFrame({"GZMA": [15.99, 0.99], "PRF1": [3.99, 0.24]}, ["S1", "S2"]))
    >>> scores["Cytolytic activity (2 genes)"].round(2).to_dict()  # geometric mean, of TPM + 0.01
    {'S1': 3.0, 'S2': -1.0}
    >>> scores.attrs["genes"]
    {'Cytolytic activity (2 genes)': (2, 2)}
    """
    _check_tpm(tpm)
    known = expression.signatures()
    wanted = {name: list(known[name].get("weights", known[name].get("up", []))) for name in SCORES}
    housekeeping = known["gep18"]["housekeeping"]
    log2 = np.log2(tpm + 1)
    log2 = log2.rename(columns={old: new for old, new in known["former"].items() if new not in log2})
    columns, left_out, measured = {}, [], {}
    for name, label in SCORES.items():
        needed = [*wanted[name], *(housekeeping if name == "gep18" else [])]
        genes = [gene for gene in wanted[name] if gene in log2]
        there = len([gene for gene in needed if gene in log2])
        if there < LEAST_GENES * len(needed):
            left_out.append(label)
            continue
        measured[label] = (there, len(needed))
        if name == "gep18":
            reference = log2[[gene for gene in housekeeping if gene in log2]].mean(axis=1)
            weights = pd.Series(known[name]["weights"])[genes]
            columns[label] = log2[genes].sub(reference, axis=0) @ weights
        elif name == "cytolytic":
            columns[label] = np.log2(2 ** log2[genes] - 1 + 0.01).mean(axis=1)
        else:
            columns[label] = log2[genes].mean(axis=1)
    table = pd.DataFrame(columns, index=tpm.index)
    table.attrs |= {"left_out": left_out, "genes": measured}
    return table


def _check_tpm(tpm: pd.DataFrame) -> None:
    """Refuses what cannot be TPM of samples × genes."""
    if tpm.columns.has_duplicates:
        raise UserError(f"expression: gene {tpm.columns[tpm.columns.duplicated()][0]} stands twice; keep one column")
    values = tpm.to_numpy(float)
    for wrong, what in ((~np.isfinite(values), "is missing or infinite"), (values < 0, "is negative")):
        for row, column in np.argwhere(wrong)[:1]:
            where = f"{tpm.columns[column]} of sample {tpm.index[row]}"
            raise UserError(f"expression: {where} {what}; give TPM from 0 on, and leave out what was not measured")
