"""Expression of a cohort: an AnnData file, or the study's own matrix of genes × samples, and the scale of either.

A matrix may be larger than memory: `open_expression` reads some samples at a time.
"""

import dataclasses
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.cohort.clinical import OF_SAMPLES, Identifiers
from lcnec_utils.cohort.dictionary import EXPRESSION_FILE
from lcnec_utils.cohort.files import Source
from lcnec_utils.cohort.genome import symbol_of
from lcnec_utils.cohort.model import Cohort, Reading, h5ad_names
from lcnec_utils.cohort.tables import read_tsv
from lcnec_utils.core.errors import MissingData

# What uns["scale"] of an expression file, or expression_scale of cohort.yaml, may say, and what is made of it
LINEAR = {
    "TPM": "log2(TPM + 1)",
    "FPKM": "log2(FPKM + 1)",
    "RPKM": "log2(RPKM + 1)",
    "RSEM": "log2(RSEM + 1)",
    "CPM": "log2(CPM + 1)",
    "counts": "log2(counts per million + 1)",
    "expected counts": "log2(counts per million + 1)",
}
COUNTS = {"counts", "expected counts"}  # scaled to a million a sample before anything else
LOGGED = {
    "log2(TPM+1)": "log2(TPM + 1)",
    "log2(FPKM+1)": "log2(FPKM + 1)",
    "variance-stabilised counts": "variance-stabilised counts (log2-like)",
}
MOST = {"TPM": 1_010_000, "CPM": 1_010_000}  # they add up to a million in each sample, but for rounding
MOST_OF_ANY = 1e12
MOST_LOG2 = 50  # no logged expression is higher; quanTIseq draws the line there too
MANY_GENES = 1000
CHUNK = 2**24  # values read at a time: 67 MB of them, and a few times as much where they are worked on
# Words of a matrix's name or stable_id that say its scale; of two the first
_SAID = [("tpm", "TPM"), ("fpkm", "FPKM"), ("rpkm", "RPKM"), ("rsem", "RSEM"), ("v2_mrna", "RSEM"),
         ("rna_seq_v2", "RSEM"), ("read_counts", "counts"), ("cpm", "CPM")]  # fmt: skip


def scales() -> str:
    """The scales that are known, as a message lists them."""
    return ", ".join([*LINEAR, *LOGGED])


@dataclasses.dataclass(frozen=True)
class Spread:
    """What the values of an expression are, as far as a scale can be judged by it; NaN where none is finite.

    least, most: of all values. whole: whether all are whole numbers. genes: of the matrix.
    """

    least: float
    most: float
    whole: bool
    genes: int

    @classmethod
    def of(cls, values: np.ndarray) -> "Spread":
        """The spread of values, samples × genes, missing as NaN.

        >>> Spread.of(np.array([[1.0, np.nan], [4.0, 0.5]]))
        Spread(least=0.5, most=4.0, whole=False, genes=2)
        """
        genes = values.shape[1]
        least, most = (float(of(values)) if values.size else np.nan for of in (np.min, np.max))
        if not np.isfinite([least, most]).all():  # a value is missing or infinite
            known = values[~np.isnan(values)]
            least, most = (float(of(known)) for of in (np.min, np.max)) if np.isfinite(known).any() else (np.nan,) * 2
        # a look at one sample spares most matrices the look at all
        whole = all(((part == np.round(part)) | np.isnan(part)).all() for part in (values[:1], values))
        return cls(least, most, bool(whole), genes)

    def __or__(self, other: "Spread") -> "Spread":
        """The spread of both, of the same genes."""
        least, most = np.fmin(self.least, other.least), np.fmax(self.most, other.most)
        return Spread(float(least), float(most), self.whole and other.whole, self.genes)


def scale_fault(scale: str, values: "np.ndarray | Spread") -> str:
    """Why values cannot be on a scale, or ""; values: samples × genes, missing as NaN, or the spread of such."""
    if scale not in LINEAR | LOGGED:
        return (
            f"'{scale}' is no scale known here; give one of {scales()}"
            if scale
            else f"says no scale; give one of {scales()}"
        )
    spread = values if isinstance(values, Spread) else Spread.of(values)
    if np.isnan(spread.most):
        return ""
    if spread.least < 0 and scale != "variance-stabilised counts":
        return f"holds {spread.least:g}, and {scale} is never negative; correct the scale or the values"
    if spread.most > (most := MOST.get(scale, MOST_OF_ANY)):
        return f"holds {spread.most:g}, and {scale} never exceeds {most:,.0f}; correct the value"
    if scale in LOGGED and spread.most > MOST_LOG2:
        return f"holds {spread.most:g}, and {scale} never exceeds {MOST_LOG2}; are these TPM or counts?"
    if scale == "counts" and not spread.whole:
        return "holds values that are no whole numbers, and counts are; are these TPM, or expected counts?"
    # of a whole transcriptome the highest TPM is in the thousands; a logged one ends near 20
    if scale in LINEAR and spread.genes > MANY_GENES and spread.most < MOST_LOG2:
        return f"nothing exceeds {spread.most:g}, which {scale} of so many genes does; are they logged?"
    return ""


@dataclasses.dataclass(frozen=True)
class Expression:
    """The expression of a cohort, of which some samples at a time are in memory.

    scale: as the file says it. samples: those of the cohort. genes: those that are read, in their order.
    """

    scale: str
    samples: pd.Index
    genes: pd.Index
    _values: object  # samples × genes of the file: an array, a matrix, or either on disk
    _rows: np.ndarray  # of the file, by sample
    _columns: np.ndarray  # of the file, by gene

    def chunks(self, *, values: int = CHUNK) -> Iterator[tuple[slice, np.ndarray]]:
        """Some samples at a time, in their order: which of `samples`, and their values, samples × genes, float32.

        values: how many of the file's values are read at a time, at least those of one sample.
        """
        size = max(1, values // max(self._values.shape[1], 1))
        edges = np.searchsorted(self._rows, np.arange(0, self._values.shape[0] + size, size))
        for first, last in itertools.pairwise(edges):
            if first < last:
                yield slice(int(first), int(last)), self._read(self._rows[first:last])

    def _read(self, rows: np.ndarray) -> np.ndarray:
        """Values of these rows, rising; between the first and the last of them all are read."""
        first, last = int(rows[0]), int(rows[-1]) + 1
        held = self._values
        every = len(self._columns) == held.shape[1] and (np.diff(self._columns) == 1).all()
        chosen = slice(None) if last - first == len(rows) else rows - first
        if not hasattr(held, "chunks") or not held.chunks or every:
            read = held[first:last]
            read = np.asarray(read.toarray() if hasattr(read, "toarray") else read, dtype="f4")[chosen]
            return read if every else read[:, self._columns]
        # a file in blocks of columns: only those blocks that hold a gene
        result, width = np.empty((len(rows), len(self._columns)), "f4"), held.chunks[1]
        for block in np.unique(self._columns // width):
            here = np.flatnonzero(self._columns // width == block)
            read = held[first:last, int(block) * width : (int(block) + 1) * width]
            result[:, here] = read[chosen][:, self._columns[here] - int(block) * width]
        return result


def open_expression(cohort: Cohort, genes: list[str] | None = None) -> Expression:
    """A cohort's expression to be read some samples at a time: of all genes, or of those named that are there.

    Raises MissingData, as `Cohort.expression`, where there is none, or none of the genes.
    """
    if cohort.matrix is None and cohort.expression_genes:
        import anndata

        data = anndata.read_h5ad(cohort.folder / EXPRESSION_FILE, backed="r")
    else:
        data = cohort.matrix
    if data is None:
        cohort.expression(genes)  # says what is missing
    kept = cohort.has_expression_of(data.obs_names)
    columns = np.arange(data.n_vars)
    if genes is not None:
        columns = data.var_names.get_indexer(list(dict.fromkeys(genes)))
        columns = columns[columns >= 0]
        if not len(columns):
            raise MissingData(f"the expression of {cohort.name} does not hold {', '.join(genes[:3])}")
    rows = np.flatnonzero(kept)
    scale = str(data.uns.get("scale", ""))
    return Expression(scale, data.obs_names[rows], data.var_names[columns], data.X, rows, columns)


def check_h5ad(folder: Path, known: set[str], reading: Reading) -> None:
    """Judges the names of the AnnData file beside a study: its values are judged where they are read."""
    path = folder / EXPRESSION_FILE
    if not path.is_file():  # a pipe is refused where files are found
        if path.is_dir():
            reading.refuse(EXPRESSION_FILE, "is a folder; put the file itself there, or take it away")
        return
    try:
        samples, genes = h5ad_names(path, "obs"), h5ad_names(path, "var")
    except Exception:  # h5py's and those of what another program wrote there
        reading.refuse(EXPRESSION_FILE, "is no AnnData file; write it with AnnData.write_h5ad")
        return
    strange = [name for name in samples if name not in known]
    if strange:
        reading.refuse(EXPRESSION_FILE, f"sample '{strange[0]}' is not in the table of samples; add it or drop it")
    for axis, names in (("sample", samples), ("gene", genes)):
        if len(set(names)) < len(names):
            twice = pd.Index(names)[pd.Index(names).duplicated()][0]
            reading.refuse(EXPRESSION_FILE, f"{axis} '{twice}' stands there twice; keep one")


def stated_scale(source: Source, study: dict) -> str:
    """The scale of a study's matrix: as cohort.yaml says, else by the name of the file or its profile; "" if none."""
    if study.get("expression_scale"):
        return str(study["expression_scale"])
    name = f"{source.meta.get('stable_id', '')} {source.path.name}".lower()
    return next((scale for word, scale in _SAID if word in name), "")


def read_matrix(source: Source | None, study: dict, identifiers: Identifiers, reading: Reading):
    """A study's own expression matrix (genes in rows, samples in columns) as AnnData, samples × genes, float32.

    None where there is none, its scale cannot be told (a note says what to write), or it is refused. Of rows that come
    to one symbol the median is taken.
    """
    if source is None:
        return None
    import anndata

    file = source.path.name
    scale = stated_scale(source, study)
    if not scale:
        why = (
            f"{file}: its name does not say the scale of its values; write expression_scale: … in cohort.yaml, one of "
        )
        why += scales()
        reading.refused["expression"] = why
        reading.odd(f"{why}; it is not read")
        return None
    table = read_tsv(source.path, reading)
    if table is None:
        return None
    lower = {name.lower(): name for name in table.columns}
    if "hugo_symbol" not in lower and "entrez_gene_id" not in lower:
        reading.refuse(file, "is missing; give genes in rows, with the samples as columns", column="Hugo_Symbol")
        return None
    empty = pd.Series("", table.index)
    symbols, entrez = (table[lower[key]] if key in lower else empty for key in ("hugo_symbol", "entrez_gene_id"))
    named = [symbol_of(*pair)[0] for pair in zip(symbols, entrez, strict=True)]
    values = table.drop(columns=[lower[key] for key in ("hugo_symbol", "entrez_gene_id", "cytoband") if key in lower])
    reading.used[file] = [lower[key] for key in ("hugo_symbol", "entrez_gene_id") if key in lower]
    samples = identifiers.resolve(file, OF_SAMPLES, pd.Series(values.columns, values.columns), reading)
    if samples is None:
        return None
    values = values.loc[:, (samples != "").to_numpy()].set_axis(list(samples[samples != ""]), axis=1)
    numeric = values.apply(lambda cells: pd.to_numeric(cells, errors="coerce"))
    strange = (values != "") & ~np.isfinite(numeric)
    if strange.to_numpy().any():
        row, column = np.argwhere(strange.to_numpy())[0]
        reading.refuse(
            file,
            f"'{values.iat[row, column]}' is no number; correct it, or leave it empty",
            int(table.index[row]),
            str(values.columns[column]),
        )
        return None
    numeric = numeric.set_axis(named)
    unnamed = int((numeric.index == "").sum())
    if unnamed:
        reading.note(f"{unnamed} of {len(numeric)} rows of {file} name no gene that can be told and are left out")
        numeric = numeric[numeric.index != ""]
    if numeric.index.has_duplicates:
        reading.note(
            f"{int(numeric.index.duplicated(keep=False).sum())} rows of {file} share a symbol: their median is taken"
        )
        numeric = numeric.groupby(level=0, sort=False).median()
    if numeric.columns.has_duplicates:
        reading.refuse(file, f"sample '{numeric.columns[numeric.columns.duplicated()][0]}' has two columns; keep one")
        return None
    fault = scale_fault(scale, numeric.to_numpy().T)
    if fault:
        reading.refuse(file, f"{fault} (write expression_scale: … in cohort.yaml)")
        return None
    data = anndata.AnnData(numeric.T.astype("float32"))
    data.uns |= {"scale": scale, "file": file}
    return data


def check_values(folder: Path) -> str:
    """Why the values of a folder's AnnData file are not what it says they are, in one line, or ""."""
    if not (folder / EXPRESSION_FILE).exists():
        return ""
    empty = pd.DataFrame()
    try:
        held = open_expression(Cohort(folder.name, empty, empty, folder=folder))
        spread = Spread.of(np.empty((0, len(held.genes)), "f4"))
        for _, values in held.chunks():
            spread |= Spread.of(values)
    except Exception as error:  # h5py's and those of what another program wrote there
        return f"cannot be read ({type(error).__name__}); write it with AnnData.write_h5ad"
    if np.isinf([spread.least, spread.most]).any():
        return "holds an infinite value; correct it"
    return re.sub("give one of", "set uns['scale'] to one of", scale_fault(held.scale, spread))
