"""Immune-cell fractions of bulk expression by quanTIseq (Finotello et al. 2019), all samples at once.

The signature and its companions (TIL10) are registered public files that are passed in, never fetched here.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.core.errors import MissingData, UserError

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
LOGGED_BELOW = 50  # TPM of a whole sample reach more than this, and log2 of TPM reaches MOST_LOGGED at most
MOST_LOGGED = 20  # log2 of a million
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
    """The signature from its files, FILES by name, as they are published (icbi-lab/quanTIseq).

    Of the gene table only previous symbols that stand alone in their row count, and no synonyms, as in the original.
    Raises UserError where a file is not named.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> texts = ["ID\\tTregs\\nFOXP3\\t900\\n", "Tregs\\t70\\n", "HBB\\n", "CD36\\n",
    ...          "ApprovedSymbol\\tStatus\\tPreviousSymbols\\nFOXP3\\tApproved\\tIPEX\\n"]
    >>> for file, text in zip(FILES[:4] + ["symbols.txt"], texts):
    ...     _ = (folder / file).write_text(text)
    >>> til10 = read_til10({file: folder / file for file in FILES[:4]} | {SYMBOLS: folder / "symbols.txt"})
    >>> til10.previous, til10.noisy
    ({'IPEX': 'FOXP3'}, ['HBB'])
    """
    if lacking := [name for name in FILES if name not in files]:
        raise UserError(f"the TIL10 signature needs the file {lacking[0]}; name where it lies")
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
    tpm: pd.DataFrame, *, til10: Til10, tumor: bool = False, arrays: bool = False, logged: bool | None = None
) -> pd.DataFrame:
    """Fractions of ten immune populations and of all other cells: samples × 11, each from 0 to 1, rows sum to 1.

    tpm: genes (symbols) × samples, TPM, or log2 of it: as `logged` says, else where nothing reaches LOGGED_BELOW.
    tumor: leave out the genes that tumour cells express themselves. arrays: microarray intensities, made alike by
    quantiles first, all genes kept. `attrs["genes"]`: of the signature's genes used, how many were there, of how many;
    `attrs["unmapped"]`: symbols that no approved gene has, left out.

    Raises UserError where a value is no number, missing or negative, a sample or symbol stands twice, samples stand in
    rows, the scale cannot be told, or a sample is empty; MissingData where fewer than half of the signature's genes are
    there. Matches quanTIseq's published output (Finotello et al. 2019, doi 10.1186/s13073-019-0638-6).

    >>> populations = ["B.cells", "T.cells.CD4", "Tregs"]
    >>> signature = pd.DataFrame(np.diag([900.0, 700.0, 500.0]), ["CD19", "CD4", "FOXP3"], populations)
    >>> genes = {"CD19", "CD4", "FOXP3", "ACTB"}
    >>> til10 = Til10(signature, pd.Series(70.0, populations), noisy=[], aberrant=[], approved=genes, previous={})
    >>> tpm = pd.DataFrame({"S1": [180.0, 70.0, 25.0, 999_725.0]}, ["CD19", "CD4", "FOXP3", "ACTB"])
    >>> quantiseq(tpm, til10=til10).loc["S1"].round(2).to_dict()
    {'B.cells': 0.2, 'T.cells.CD4': 0.1, 'Tregs': 0.05, 'Other': 0.65}
    """
    _check_expression(tpm, til10)
    values, genes, unmapped = _approved(tpm, til10)
    _refuse_empty(values, tpm.columns, "expresses no gene of an approved symbol; give symbols of HGNC")
    if _is_logged(pd.DataFrame(values, genes, tpm.columns)) if logged is None else logged:
        values = np.exp2(values)
    if arrays:
        values = quantile_normalised(values)
    to_million = MILLION / values.sum(axis=0)
    left_out = {*([] if arrays else til10.noisy), *(til10.aberrant if tumor else [])}
    signature = til10.signature.drop(index=left_out, errors="ignore")
    place = genes.get_indexer(signature.index)
    there = place >= 0
    if there.sum() < LEAST_GENES * len(signature):
        raise MissingData(f"quanTIseq needs half of its {len(signature)} genes, and {there.sum()} are there")
    fractions = _fractions(signature[there], values[place[there]] * to_million, til10.scaling)
    result = pd.DataFrame(fractions, index=tpm.columns, columns=[*signature.columns, OTHER]).rename_axis("sample")
    result.attrs = {"genes": (int(there.sum()), len(signature)), "unmapped": unmapped}
    return result


def quantiseq_chunks(
    chunks: Iterable[pd.DataFrame], *, til10: Til10, tumor: bool = False, logged: bool
) -> pd.DataFrame:
    """`quantiseq` of more samples than fit in memory: chunk after chunk of genes × samples, all of the same genes.

    Each sample is deconvoluted by itself, so that the fractions are those of all samples at once. The scale has to be
    stated, for one chunk may not show it, and microarrays, which are made alike over all samples, cannot be taken.
    Raises as `quantiseq`, and UserError where a sample stands in two chunks, or two chunks differ in their genes.

    >>> populations = ["B.cells", "T.cells.CD4", "Tregs"]
    >>> signature = pd.DataFrame(np.diag([900.0, 700.0, 500.0]), ["CD19", "CD4", "FOXP3"], populations)
    >>> genes = {"CD19", "CD4", "FOXP3", "ACTB"}
    >>> til10 = Til10(signature, pd.Series(70.0, populations), noisy=[], aberrant=[], approved=genes, previous={})
    >>> tpm = pd.DataFrame({"S1": [180.0, 70, 25, 999_725], "S2": [9, 7, 5, 999_979]}, ["CD19", "CD4", "FOXP3", "ACTB"])
    >>> quantiseq_chunks([tpm[["S1"]], tpm[["S2"]]], til10=til10, logged=False)["Tregs"].round(2).tolist()
    [0.05, 0.01]
    """
    parts, genes = [], None
    for chunk in chunks:
        if genes is not None and not chunk.index.equals(genes):
            raise UserError("expression: two chunks do not have the same genes in the same order; give all of one file")
        genes = chunk.index
        parts.append(quantiseq(chunk, til10=til10, tumor=tumor, logged=logged))
    if not parts:
        raise MissingData("quanTIseq needs expression, and there is no chunk of it")
    result = pd.concat(parts)
    if result.index.has_duplicates:
        sample = result.index[result.index.duplicated()][0]
        raise UserError(f"expression: sample {sample} stands in two chunks; keep one column of it")
    result.attrs = parts[0].attrs
    return result


def _check_expression(tpm: pd.DataFrame, til10: Til10) -> None:
    """Refuses what cannot be the expression of genes × samples."""
    known = til10.approved | set(til10.previous)
    if sum(map(known.__contains__, tpm.columns)) > sum(map(known.__contains__, tpm.index)):
        raise UserError("expression: genes stand in columns and samples in rows; transpose the table")
    for names, what in ((tpm.columns, "sample"), (tpm.index, "gene")):
        if names.has_duplicates:
            line = "column" if what == "sample" else "row"
            raise UserError(f"expression: {what} {names[names.duplicated()][0]} stands twice; keep one {line} of it")
    for sample in tpm.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in tpm.dtypes]]:
        raise UserError(f"expression: sample {sample} holds text; keep numbers, one of every gene, alone")
    values = tpm.to_numpy(float)
    for wrong, what in ((~np.isfinite(values), "is missing or infinite"), (values < 0, "is negative")):
        for row, column in np.argwhere(wrong)[:1]:
            raise UserError(
                f"expression: {tpm.index[row]} of sample {tpm.columns[column]} {what}; quanTIseq takes TPM, one value "
                "of every gene and sample, from 0 on: leave out what was not measured"
            )
    _refuse_empty(values, tpm.columns, "expresses nothing; leave it out")


def _refuse_empty(values: np.ndarray, samples: pd.Index, what: str) -> None:
    for name in samples[values.sum(axis=0) == 0]:
        raise UserError(f"expression: sample {name} {what}")


def _is_logged(tpm: pd.DataFrame) -> bool:
    """Whether values (genes × samples) are log2 of TPM and not TPM; refuses what can be neither, or both by sample."""
    most = tpm.max()
    low = most < LOGGED_BELOW
    if low.any() and not low.all():
        raise UserError(
            f"expression: sample {most.index[low][0]} reaches {most[low].iloc[0]:g} and {most.index[~low][0]} "
            f"{most[~low].iloc[0]:g}, so that one may be log2 of TPM and one TPM; say which, by logged"
        )
    if low.any() and most.max() > MOST_LOGGED:
        raise UserError(
            f"expression: sample {most.idxmax()} reaches {most.max():g}, too much for log2 of TPM and little for TPM; "
            "say which it is, by logged"
        )
    return bool(low.any())


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
    normalizeQuantiles does. values: genes × samples.

    >>> quantile_normalised(np.array([[1.0, 30.0], [2.0, 10.0], [3.0, 20.0]]))
    array([[ 5.5, 16.5],
           [11. ,  5.5],
           [16.5, 11. ]])
    """
    from scipy.stats import rankdata

    n = len(values)
    mean = np.sort(values, axis=0).mean(axis=1)
    return np.column_stack([np.interp(rankdata(column) - 1, np.arange(n), mean) for column in values.T])


def _fractions(signature: pd.DataFrame, mixtures: np.ndarray, scaling: pd.Series) -> np.ndarray:
    """Samples × (populations, other). mixtures: genes × samples."""
    norm = np.linalg.norm(signature.to_numpy(), 2)
    cells, mixed = signature.to_numpy() / norm, mixtures / norm
    scale = scaling[signature.columns].to_numpy()
    first = _cell_shares(least_squares(cells, mixed), scale)
    cd4, tregs = signature.columns.get_loc(CD4), signature.columns.get_loc(TREGS)
    without = np.delete(np.arange(len(scale)), cd4)
    second = _cell_shares(least_squares(cells[:, without], mixed), scale[without])
    tregs_alone = second[:, np.flatnonzero(without == tregs)[0]]
    few = first[:, tregs] < FEW_TREGS
    averaged = (tregs_alone + first[:, tregs]) / 2
    # the original takes from CD4 the mean of the estimate without it and of the averaged Tregs
    fewer_cd4 = np.maximum(0, first[:, cd4] - (tregs_alone + averaged) / 2)
    first[few, tregs], first[few, cd4] = averaged[few], fewer_cd4[few]
    return first / first.sum(axis=1, keepdims=True)


def _cell_shares(of_mrna: np.ndarray, scale: np.ndarray) -> np.ndarray:
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

    >>> least_squares(np.eye(2), np.array([[0.25, 3.0], [-1.0, 1.0]]))
    array([[0.25, 0.  ],
           [1.  , 0.  ]])
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
            solution, multiplier = self.solve(b, sets, bounded)
            gradient = b - solution @ self.gram - multiplier
            wrong = np.where(self.inside[sets], solution < -TOLERANCE, gradient > TOLERANCE) @ self.bits
            settled = wrong == 0
            x[left[settled]] = np.maximum(solution[settled], 0.0)
            left, b, sets = left[~settled], b[~settled], (sets ^ wrong)[~settled]
            if not len(left):
                return x
            if bounded:  # Σx = 1 needs one x above zero
                sets = np.where(sets == 0, self.bits[np.argmax(b, axis=1)], sets)
        for i in left:
            x[i] = self.best_of_all(right[i], bounded)
        return x

    def best_of_all(self, right: np.ndarray, bounded: bool) -> np.ndarray:
        """The best x of one sample over all sets."""
        sets = np.arange(int(bounded), len(self.inverse))
        x, _ = self.solve(np.broadcast_to(right, (len(sets), len(right))), sets, bounded)
        loss = ((x @ self.gram) * x).sum(axis=1) / 2 - x @ right
        return np.maximum(x[np.argmin(np.where((x >= -TOLERANCE).all(axis=1), loss, np.inf))], 0.0)
