"""Immune-cell fractions of bulk expression by quanTIseq (Finotello et al. 2019), all samples at once.

The signature and its companions (TIL10) are registered public files that are passed in, never fetched here.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.errors import MissingData, UserError

# The registered files: signature, mRNA content, genes left out, genes tumours express themselves, gene symbols
SIGNATURE, SCALING, NOISY, ABERRANT, SYMBOLS = FILES = [
    "TIL10_signature.txt",
    "TIL10_mRNA_scaling.txt",
    "TIL10_rmgenes.txt",
    "TIL10_TCGA_aberrant_immune_genes.txt",
    "HGNC_genenames_20170418.txt.gz",
]
OTHER = "Other"
CD4, TREGS = "T.cells.CD4", "Tregs"
FEW_TREGS = 0.02  # below this share the estimate is averaged with one that has no CD4 T cells in it
LOGGED_BELOW = 50  # no TPM of a whole sample stays below: values that do are log2
MILLION = 1e6
LEAST_GENES = 0.5  # of the signature's genes that must be there
TOLERANCE = 1e-10  # of the optimality conditions, where signature and samples have the norm of a signature of 1
MOST_EXCHANGES = 40


@dataclasses.dataclass(frozen=True)
class Til10:
    """The TIL10 signature. signature: genes × ten populations; scaling: mRNA content by population; noisy: genes left
    out of RNA-seq; aberrant: genes left out of tumours; approved: gene symbols; previous: former symbol → approved."""

    signature: pd.DataFrame
    scaling: pd.Series
    noisy: list[str]
    aberrant: list[str]
    approved: set[str]
    previous: dict[str, str]


def read_til10(files: Mapping[str, Path]) -> Til10:
    """The signature from its files, FILES by name, as they are published.

    Of the gene table only previous symbols that stand alone in their row count, and no synonyms, as in the original.
    """
    symbols = pd.read_csv(files[SYMBOLS], sep="\t", dtype=str, quoting=3, keep_default_na=False)
    symbols = symbols[symbols["Status"] == "Approved"]
    alone = symbols[(symbols["PreviousSymbols"] != "") & ~symbols["PreviousSymbols"].str.contains("|", regex=False)]
    return Til10(
        signature=pd.read_csv(files[SIGNATURE], sep="\t", index_col=0),
        scaling=pd.read_csv(files[SCALING], sep="\t", index_col=0, header=None)[1],
        noisy=Path(files[NOISY]).read_text().split(),
        aberrant=Path(files[ABERRANT]).read_text().split(),
        approved=set(symbols["ApprovedSymbol"]),
        previous=dict(zip(alone["PreviousSymbols"], alone["ApprovedSymbol"], strict=True)),
    )


def quantiseq(
    tpm: pd.DataFrame, tumor: bool = False, *, til10: Til10, arrays: bool = False, logged: bool | None = None
) -> pd.DataFrame:
    """Fractions of ten immune populations and of all other cells: samples × 11, each from 0 to 1, rows sum to 1.

    tpm: genes (symbols) × samples, TPM, or log2 of it: as `logged` says, else where nothing reaches 50. tumor: leave
    out the genes that tumour cells express themselves. arrays: microarray intensities, made alike by quantiles first,
    all genes kept.
    `attrs["genes"]`: of the signature's genes used, how many were there, of how many; `attrs["unmapped"]`: symbols
    that no approved gene has, left out.

    Raises UserError where a value is negative or missing, a sample or symbol stands twice, or a sample is empty;
    MissingData where fewer than half of the signature's genes are there.
    """
    _judge(tpm)
    values, genes, unmapped = _approved(tpm, til10)
    if logged is None:
        logged = bool(values.size) and values.max() < LOGGED_BELOW
    if logged:
        values = np.exp2(values)
    _none_empty(values, tpm.columns, "expresses no gene of an approved symbol; give symbols of HGNC")
    if arrays:
        values = quantile_normalised(values)
    values = values * (MILLION / values.sum(axis=0))
    left_out = {*([] if arrays else til10.noisy), *(til10.aberrant if tumor else [])}
    signature = til10.signature.drop(index=left_out, errors="ignore")
    place = genes.get_indexer(signature.index)
    there = place >= 0
    if there.sum() < LEAST_GENES * len(signature):
        raise MissingData(f"quanTIseq needs half of its {len(signature)} genes, and {there.sum()} are there")
    fractions = _fractions(signature[there], values[place[there]], til10.scaling)
    result = pd.DataFrame(fractions, index=tpm.columns, columns=[*signature.columns, OTHER]).rename_axis("sample")
    result.attrs = {"genes": (int(there.sum()), len(signature)), "unmapped": unmapped}
    return result


def _judge(tpm: pd.DataFrame) -> None:
    """Refuses what cannot be the expression of samples."""
    values = tpm.to_numpy(float)
    if tpm.columns.has_duplicates:
        name = tpm.columns[tpm.columns.duplicated()][0]
        raise UserError(f"expression: sample {name} stands twice; keep one column of it")
    for wrong, what in ((~np.isfinite(values), "is missing or infinite"), (values < 0, "is negative")):
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise UserError(
                f"expression: {tpm.index[row]} of sample {tpm.columns[column]} {what}; quanTIseq takes TPM, one value "
                "of every gene and sample, from 0 on"
            )
    _none_empty(values, tpm.columns, "expresses nothing; leave it out")


def _none_empty(values: np.ndarray, samples: pd.Index, what: str) -> None:
    for name in samples[values.sum(axis=0) == 0]:
        raise UserError(f"expression: sample {name} {what}")


def _approved(tpm: pd.DataFrame, til10: Til10) -> tuple[np.ndarray, pd.Index, int]:
    """Values (genes × samples) and symbols with each gene under its approved symbol once, and how many symbols went.

    A former symbol whose gene is there under its approved one too is left out; of rows that double the median is taken.
    """
    symbols = tpm.index.astype(str)
    known = np.array([symbol in til10.approved for symbol in symbols])
    present = set(symbols[known])
    now = [til10.previous.get(symbol) for symbol in symbols]
    words = np.array(
        [s if k else n if n and n not in present else "" for s, k, n in zip(symbols, known, now, strict=True)],
        dtype=object,
    )
    kept = np.flatnonzero(words != "")
    words, values = pd.Index(words[kept]), tpm.to_numpy(float)[kept]
    if words.has_duplicates:
        table = pd.DataFrame(values, index=words).groupby(level=0, sort=False).median()
        words, values = table.index, table.to_numpy()
    return values, words, len(symbols) - len(kept)


def quantile_normalised(values: np.ndarray) -> np.ndarray:
    """Columns with one distribution, the mean of their sorted values; ties take the mean of their ranks, as limma's
    normalizeQuantiles does."""
    from scipy.stats import rankdata

    n = len(values)
    mean = np.sort(values, axis=0).mean(axis=1)
    return np.column_stack([np.interp(rankdata(column) - 1, np.arange(n), mean) for column in values.T])


def _fractions(signature: pd.DataFrame, mixtures: np.ndarray, scaling: pd.Series) -> np.ndarray:
    """Samples × (populations, other). mixtures: genes × samples."""
    norm = np.linalg.norm(signature.to_numpy(), 2)
    cells, mixed = signature.to_numpy() / norm, mixtures / norm
    scale = scaling[signature.columns].to_numpy()
    first = _of_cells(least_squares(cells, mixed), scale)
    cd4, tregs = signature.columns.get_loc(CD4), signature.columns.get_loc(TREGS)
    without = np.delete(np.arange(len(scale)), cd4)
    second = _of_cells(least_squares(cells[:, without], mixed), scale[without])
    tregs_alone = second[:, np.flatnonzero(without == tregs)[0]]
    few = first[:, tregs] < FEW_TREGS
    averaged = (tregs_alone + first[:, tregs]) / 2
    # the original takes from CD4 the mean of the estimate without it and of the averaged Tregs
    fewer_cd4 = np.maximum(0, first[:, cd4] - (tregs_alone + averaged) / 2)
    first[few, tregs], first[few, cd4] = averaged[few], fewer_cd4[few]
    return first / first.sum(axis=1, keepdims=True)


def _of_cells(of_mrna: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Shares of mRNA (samples × populations) as shares of cells, the rest of the cells in a last column."""
    share = of_mrna.sum(axis=1, keepdims=True)
    cells = of_mrna / scale
    total = cells.sum(axis=1, keepdims=True)
    cells = np.divide(cells, total, out=np.zeros_like(cells), where=total > 0) * share
    return np.hstack([cells, np.maximum(0, 1 - cells.sum(axis=1, keepdims=True))])


# --- least squares under x ≥ 0 and Σx ≤ 1, all samples at once


def least_squares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The x ≥ 0 with Σx ≤ 1 that minimise ‖a x − b‖, one row for each column of b. a: genes × k of full rank, k small.

    Which x are above zero decides each solution, and there are 2^k such sets: their inverse Gram matrices are made
    once, and all samples exchange sets at the same time (block principal pivoting, Portugal et al. 1994) until the
    conditions of Karush, Kuhn and Tucker hold. For a sample that does not settle all sets are tried.
    """
    gram, right = a.T @ a, np.ascontiguousarray((a.T @ b).T)
    sets = _Sets(gram)
    x = sets.settle(right, np.full(len(right), len(sets.inverse) - 1), bounded=False)
    over = np.flatnonzero(x.sum(axis=1) > 1)
    if len(over):
        x[over] = sets.settle(right[over], (x[over] > 0) @ sets.bits, bounded=True)
    return x


class _Sets:
    """Every set of columns with what solves it; bit i of a set's place says that column i is in it.

    inverse: of each principal submatrix of the Gram matrix, zero elsewhere; weight, total: its sums over columns, and
    over all, by which a solution moves where Σx = 1 is asked.
    """

    def __init__(self, gram: np.ndarray):
        k = len(gram)
        self.gram, self.bits = gram, 1 << np.arange(k)
        self.inside = (np.arange(1 << k)[:, None] & self.bits) > 0
        both = self.inside[:, :, None] & self.inside[:, None, :]
        padded = np.where(both, gram, 0.0) + np.where(self.inside[:, :, None], 0.0, np.eye(k))
        self.inverse = np.where(both, np.linalg.inv(padded), 0.0)
        self.weight = self.inverse.sum(axis=2)
        self.total = np.where(self.inside.any(axis=1), self.weight.sum(axis=1), 1.0)

    def solve(self, right: np.ndarray, sets: np.ndarray, bounded: bool) -> tuple[np.ndarray, np.ndarray | float]:
        """x on the given sets, and the multiplier of Σx = 1 (zero where it is not asked)."""
        alike = len(sets) and (sets == sets[0]).all()  # as at the start: one product for all
        x = right @ self.inverse[sets[0]] if alike else np.einsum("nij,nj->ni", self.inverse[sets], right)
        if not bounded:
            return x, 0.0
        multiplier = ((x.sum(axis=1) - 1) / self.total[sets])[:, None]
        return x - multiplier * self.weight[sets], multiplier

    def settle(self, right: np.ndarray, sets: np.ndarray, *, bounded: bool) -> np.ndarray:
        """Exchange sets from a start until every sample's conditions hold; bounded: under Σx = 1."""
        x, left, b, sets = np.zeros_like(right), np.arange(len(right)), right, sets.copy()
        for _ in range(MOST_EXCHANGES):
            found, multiplier = self.solve(b, sets, bounded)
            gradient = b - found @ self.gram - multiplier
            wrong = np.where(self.inside[sets], found < -TOLERANCE, gradient > TOLERANCE) @ self.bits
            settled = wrong == 0
            x[left[settled]] = np.maximum(found[settled], 0.0)
            left, b, sets = left[~settled], b[~settled], (sets ^ wrong)[~settled]
            if not len(left):
                return x
            if bounded:  # Σx = 1 needs somebody
                sets = np.where(sets == 0, self.bits[np.argmax(b, axis=1)], sets)
        for i in left:
            x[i] = self.best_of_all(right[i], bounded)
        return x

    def best_of_all(self, right: np.ndarray, bounded: bool) -> np.ndarray:
        """The best x of one sample over all sets."""
        sets = np.arange(int(bounded), len(self.inverse))
        found, _ = self.solve(np.broadcast_to(right, (len(sets), len(right))), sets, bounded)
        loss = ((found @ self.gram) * found).sum(axis=1) / 2 - found @ right
        return np.maximum(found[np.argmin(np.where((found >= -TOLERANCE).all(axis=1), loss, np.inf))], 0.0)
