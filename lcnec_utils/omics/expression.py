"""Expression of a cohort's tumours on one stated scale: transcription-factor subtypes, signatures, fold changes."""

import functools
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils.cohort.dictionary import PREVIOUS_SYMBOLS
from lcnec_utils.cohort.matrix import CHUNK, COUNTS, LINEAR, LOGGED, Expression, Spread, open_expression, scale_fault
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.core.findings import Finding
from lcnec_utils.stats.differential import finite_values
from lcnec_utils.stats.ranks import mean_difference

FACTORS = ["ASCL1", "NEUROD1", "POU2F3", "YAP1"]
MIXED, NEGATIVE = "Mixed", "Negative"

MILLION = 1e6


def example_cohort() -> Cohort:
    """Four invented tumours with TPM of seven genes, on which the examples of this module run.

    >>> example_cohort().expression_genes
    ['ASCL1', 'NEUROD1', 'POU2F3', 'YAP1', 'DLL3', 'CD8A', 'CD8B']
    """
    import anndata

    values = [[63, 1, 0, 1, 31, 3, 1], [1, 31, 0, 3, 15, 7, 3], [0, 0, 15, 1, 1, 1, 0], [1, 0, 1, 63, 0, 15, 7]]
    genes, samples = [*FACTORS, "DLL3", "CD8A", "CD8B"], ["S1", "S2", "S3", "S4"]
    matrix = anndata.AnnData(
        np.array(values, "f4"), obs=pd.DataFrame(index=samples), var=pd.DataFrame(index=genes), uns={"scale": "TPM"}
    )
    patients = pd.DataFrame(index=pd.Index(["P1", "P2", "P3", "P4"], name="PATIENT_ID"))
    rows = pd.DataFrame({"PATIENT_ID": patients.index}, pd.Index(samples, name="SAMPLE_ID"))
    return Cohort("example", patients, rows, matrix=matrix)


def log2_expression(cohort: Cohort, *, genes: list[str] | None = None) -> pd.DataFrame:
    """log2 expression, samples × genes (all, or those of `genes` that are there), under approved symbols.

    `attrs["scale"]` says the scale, as "log2(TPM + 1)". TPM and FPKM are logged, counts first scaled to a million a
    sample (all genes needed), logged and variance-stabilised values taken as they are. Symbols that one gene carried
    before are mapped to its approved one; of rows that then double the median is taken; genes with a missing value are
    left out and counted in `attrs["incomplete"]`.

    Raises MissingData where there is no expression, none of the genes, or none known of every sample; UserError where
    the scale is not stated or the values cannot be on it.

    >>> log2_expression(example_cohort(), genes=["DLL3", "CD8A"]).loc["S1"].tolist()
    [5.0, 2.0]
    """
    former = [old for old, new in PREVIOUS_SYMBOLS.items() if genes and new in genes]
    held = open_expression(cohort, [*genes, *former] if genes else None)
    values = np.empty((len(held.samples), len(held.genes)), "f4")
    for part, read in held.chunks():
        values[part] = read
    judge_scale(cohort, held.scale, Spread.of(values))
    table = pd.DataFrame(values, index=held.samples, columns=held.genes)
    if held.scale in COUNTS:
        table = table.div(_library_sizes(open_expression(cohort) if genes else held) / MILLION, axis=0)
    if held.scale in LINEAR:
        table = log2_plus_one(table)
    incomplete = table.columns[table.isna().any()]
    if len(incomplete) == table.shape[1]:
        raise MissingData(f"{cohort.name} has no gene whose expression is known of every sample")
    table = approved_symbols(table.drop(columns=incomplete))
    table.index.name, table.columns.name = "sample", None
    table.attrs = {"scale": (LINEAR | LOGGED)[held.scale], "incomplete": len(incomplete)}
    return table


def log2_plus_one(table: pd.DataFrame) -> pd.DataFrame:
    """log2 of a table and 1, in single precision where the table is, some rows at a time.

    It is computed in double precision: processors differ in the last bit of single precision, and so do rows and
    columns of one array.

    >>> log2_plus_one(pd.DataFrame({"DLL3": [0.0, 3.0]}))["DLL3"].tolist()
    [0.0, 2.0]
    """
    held = table.to_numpy()
    values = np.empty_like(held)
    rows = max(1, CHUNK // max(held.shape[1], 1))
    for start in range(0, len(values), rows):
        part = slice(start, start + rows)
        values[part] = np.log2(held[part].astype(float) + 1)
    return pd.DataFrame(values, table.index, table.columns)


def _library_sizes(held: Expression) -> np.ndarray:
    """The sum of each sample's counts, over all genes of the file."""
    return np.concatenate([np.nansum(read, axis=1, dtype=float) for _, read in held.chunks()])


def judge_scale(cohort: Cohort, scale: str, spread: Spread) -> None:
    """Raises UserError for a scale that is not stated, or that the values cannot be on.

    >>> nobody = Cohort("mine", pd.DataFrame(), pd.DataFrame())
    >>> judge_scale(nobody, "log2(TPM+1)", Spread.of(np.array([[1.0, 52.0]])))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    lcnec_utils.core.errors.UserError: mine/expression.h5ad: holds 52, and log2(TPM+1) never exceeds 50; are these...
    """
    fault = scale_fault(scale, spread)
    if fault:
        fault = fault.replace("give one of", "set uns['scale'] to one of")
        raise UserError(f"{cohort.name}/expression.h5ad: {fault}")


def approved_symbols(table: pd.DataFrame, *, previous: dict[str, str] = PREVIOUS_SYMBOLS) -> pd.DataFrame:
    """A table of samples × genes under approved symbols; of symbols that double the median is taken.

    previous: symbol → approved one. A previous symbol stays as it is where its approved one is there too.

    >>> list(approved_symbols(pd.DataFrame({"MLL2": [1.0], "TP53": [2.0]})))
    ['KMT2D', 'TP53']
    """
    present = set(table.columns)
    renamed = {old: new for old, new in previous.items() if old in present and new not in present}
    table = table.rename(columns=renamed)
    if table.columns.has_duplicates:
        table = table.T.groupby(level=0, sort=False).median().T
    return table


def columns_of_genes(table: pd.DataFrame, *, genes: list[str], least: float, what: str) -> pd.DataFrame:
    """The columns of these genes, those absent as missing; `attrs["absent"]` counts them.

    least: the fraction of the genes that must be there. what: the method that needs them, as a message names it. Raises
    MissingData where fewer are there.

    >>> columns_of_genes(pd.DataFrame({"A": [1.0], "C": [3.0]}), genes=["A", "B"], least=0.5, what="the score")
         A   B
    0  1.0 NaN
    """
    present = table.columns.intersection(genes)
    if len(present) < least * len(genes):
        raise MissingData(f"{what} needs {least:.0%} of its {len(genes)} genes, and {len(present)} are there")
    result = table.reindex(columns=genes)
    result.attrs = table.attrs | {"absent": len(genes) - len(present)}
    return result


def tf_subtype(
    log2: pd.DataFrame,
    reference: pd.DataFrame | None = None,
    *,
    mixed_within: float = 0.0,
    negative_below: float = -np.inf,
) -> pd.Series:
    """The transcription-factor subtype of each tumour, categorical: which of FACTORS is highest by z-score.

    log2: samples × genes with FACTORS. reference: the tumours over which mean and standard deviation are taken (the
    source: SCLC and LCNEC together), the same ones where there is none. mixed_within: Mixed where the second factor
    comes this near (z) to the first. negative_below: Negative where no factor reaches this z.

    Raises MissingData where a factor was not measured, or the reference has fewer than three tumours; UserError where a
    value of a factor is no finite number.

    >>> tf_subtype(log2_expression(example_cohort())).to_dict()
    {'S1': 'ASCL1', 'S2': 'NEUROD1', 'S3': 'POU2F3', 'S4': 'YAP1'}
    """
    reference = log2 if reference is None else reference
    for table in (log2, reference):
        if lacking := [name for name in FACTORS if name not in table]:
            raise MissingData(f"no expression of {', '.join(lacking)}, which the transcription-factor subtype needs")
        finite_values(table[FACTORS])
    if len(reference) < 3:
        raise MissingData(f"{len(reference)} tumours are too few to standardise transcription factors over")
    z = z_scores(log2[FACTORS], reference[FACTORS])
    ordered = np.sort(z.to_numpy(), axis=1)
    subtype = np.array(FACTORS, dtype=object)[z.to_numpy().argmax(axis=1)]
    subtype[ordered[:, -1] - ordered[:, -2] < mixed_within] = MIXED
    subtype[ordered[:, -1] < negative_below] = NEGATIVE
    return pd.Series(pd.Categorical(subtype, [*FACTORS, MIXED, NEGATIVE]), log2.index, name="tf_subtype")


def z_scores(log2: pd.DataFrame, reference: pd.DataFrame | None = None) -> pd.DataFrame:
    """Each gene's z-score; samples × genes. A gene that does not vary in the reference is 0.

    log2: samples × genes. reference: the tumours whose mean and standard deviation (of all, not of a sample) are taken,
    the same ones where there is none.

    >>> z_scores(pd.DataFrame({"FGL1": [1.0, 3.0], "RB1": [2.0, 2.0]})).to_numpy().tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """
    reference = log2 if reference is None else reference
    spread = reference.std(ddof=0)
    return ((log2 - reference.mean()) / spread.where(spread > 0)).fillna(0.0)


def factor_reference(cohort: Cohort, *, others: list[Cohort]) -> pd.DataFrame | None:
    """log2 expression of FACTORS over other cohorts, to standardise a cohort's tumours by; samples × FACTORS.

    Only cohorts on the same scale that measured all four count; None where there is none.

    >>> factor_reference(example_cohort(), others=[example_cohort()]).shape
    (4, 4)
    """
    try:
        scale = log2_expression(cohort, genes=FACTORS).attrs["scale"]
    except MissingData:
        return None
    tables = []
    for other in others:
        try:
            table = log2_expression(other, genes=FACTORS)
        except MissingData:
            continue
        if table.attrs["scale"] == scale and set(FACTORS) <= set(table):
            tables.append(table[FACTORS])
    return pd.concat(tables) if tables else None


@functools.cache
def signatures() -> dict:
    """The published signatures of signatures.yaml: source, genes up and down; `former`: symbol before → symbol now.

    >>> signatures()["cd8"]["up"]
    ['CD8A', 'CD8B']
    """
    import yaml

    return yaml.safe_load(Path(__file__).with_name("signatures.yaml").read_text(encoding="utf-8"))


def signature_score(log2: pd.DataFrame, *, name: str) -> tuple[pd.Series, int, int]:
    """A signature's score of each tumour, how many of its genes were measured, and of how many.

    log2: samples × genes. name: of `signatures`. The score is the mean z of the genes up less that of the genes down,
    z over these tumours: the combined z-score of Lee et al. 2008 (doi 10.1371/journal.pcbi.1000217) without its factor
    √genes. Genes that do not vary are left out; without any gene the score is missing. scanpy's `tl.score_genes` is not
    used: it subtracts randomly drawn genes of like expression, which stand for a background in a transcriptome, but not
    in a panel of a hundred genes chosen for the very programmes that are scored.

    Raises UserError for a signature that is not there, and for a value of its genes that is no finite number.

    >>> score, measured, genes = signature_score(log2_expression(example_cohort()), name="cd8")
    >>> score.idxmax(), measured, genes
    ('S4', 2, 2)
    """
    known = signatures()
    if name not in known or "up" not in known[name]:
        names = ", ".join(key for key, entry in known.items() if "up" in entry)
        raise UserError(f"signature '{name}' is not in signatures.yaml; give one of {names}")
    log2 = log2.rename(columns={old: new for old, new in known["former"].items() if new not in log2})
    parts, measured, total = [], 0, 0
    for side, sign in (("up", 1), ("down", -1)):
        genes = [gene for gene in known[name][side] if gene in log2]
        finite_values(log2[genes])
        genes = [gene for gene in genes if log2[gene].std(ddof=0) > 0]
        total += len(known[name][side])
        measured += len(genes)
        if genes:
            parts.append(sign * z_scores(log2[genes]).mean(axis=1))
    return (sum(parts) if parts else pd.Series(np.nan, log2.index)).rename(name), measured, total


def signature_genes(*names: str) -> list[str]:
    """The genes of signatures, under their present and their former symbols.

    >>> signature_genes("cd8")
    ['CD8A', 'CD8B']
    """
    known = signatures()
    genes = [gene for name in names for side in ("up", "down") for gene in known[name][side]]
    return list(dict.fromkeys([*genes, *(old for old, new in known["former"].items() if new in genes)]))


def group_means(values: pd.DataFrame, groups: pd.Series) -> tuple[pd.DataFrame, np.ndarray | None]:
    """The mean of each gene in each group, genes × groups, and a dendrogram of the groups, in whose order they stand.

    values: samples × genes. groups: categorical by sample, none missing. Means by scanpy's `get.aggregate`, dendrogram
    by its `tl.dendrogram` (complete linkage on 1 − Pearson's correlation of the means), as scipy's linkage matrix;
    None, and the groups in their own order, where fewer than three groups or genes leave nothing to cluster.

    Raises UserError where a value is no finite number or a sample of the table has no group.

    >>> values = pd.DataFrame({"A": [1.0, 3, 5], "B": [0.0, 2, 8]}, index=["S1", "S2", "S3"])
    >>> means, tree = group_means(values, pd.Series(["x", "x", "y"], values.index, dtype="category"))
    >>> means.to_dict(), tree
    ({'x': {'A': 2.0, 'B': 1.0}, 'y': {'A': 5.0, 'B': 8.0}}, None)
    """
    import anndata
    import scanpy

    groups = groups.reindex(values.index)
    if groups.isna().any():
        raise UserError(f"groups: tumour {groups.index[groups.isna()][0]} has no group; give one or leave it out")
    data = anndata.AnnData(
        finite_values(values),
        obs=pd.DataFrame({"group": groups.cat.remove_unused_categories()}, index=values.index),
        var=pd.DataFrame(index=values.columns),
    )
    means = scanpy.get.aggregate(data, by="group", func="mean").to_df("mean").T
    means = means[list(data.obs["group"].cat.categories)]
    if min(means.shape) < 3 or (means.std() == 0).any():
        return means, None
    tree = scanpy.tl.dendrogram(data, "group", use_rep="X", inplace=False)
    return means[list(tree["categories_ordered"])], tree["linkage"]


def fold_change(log2: pd.Series, marked: pd.Series, *, what: str) -> Finding:
    """The ratio of geometric means of expression (+1) of the marked to the others, as a finding.

    log2: by sample. marked: booleans by sample. The limits are those of Welch's interval of the mean log2 difference; p
    is the Wilcoxon rank-sum test's. Raises as `stats.ranks.mean_difference`.

    >>> log2 = log2_expression(example_cohort())["DLL3"]
    >>> marked = pd.Series([True, True, False, False], log2.index, dtype="boolean")
    >>> fold_change(log2, marked, what="DLL3").value
    16.0
    """
    difference = mean_difference(log2, marked, what=what)
    if difference.value is None:
        return difference
    limits = {name: 2 ** getattr(difference, name) for name in ("value", "lower", "upper", "lower_90", "upper_90")}
    return Finding(**limits, p=difference.p, n=difference.n, scale="ratio", smallest=difference.smallest)


def median_interval(values: pd.Series) -> Finding:
    """The median with its exact 95% interval from order statistics (binomial), as a finding.

    values: numbers; missing ones are left out. Without a value the finding has none, and with fewer than six no limits.

    >>> finding = median_interval(pd.Series([1.0, 2, 3, 4, 5, 6, 7]))
    >>> finding.value, finding.lower, finding.upper
    (4.0, 1.0, 7.0)
    """
    values = values.dropna().to_numpy(float)
    if not len(values):
        return Finding(None, note="nobody was measured")
    interval = stats.quantile_test(values, p=0.5).confidence_interval(0.95)
    return Finding(float(np.median(values)), float(interval.low), float(interval.high), n=len(values))
