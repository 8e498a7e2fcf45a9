"""Expression of a cohort's tumours on one stated scale: transcription-factor subtypes, signatures, fold changes."""

import functools
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils.claims import Finding
from lcnec_utils.cohort.dictionary import PREVIOUS_SYMBOLS
from lcnec_utils.cohort.matrix import COUNTS, LINEAR, LOGGED, scale_fault
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.errors import MissingData, UserError
from lcnec_utils.proportions import mean_difference

FACTORS = ["ASCL1", "NEUROD1", "POU2F3", "YAP1"]
MIXED, NEGATIVE = "Mixed", "Negative"

MILLION = 1e6


def log2_expression(cohort: Cohort, genes: list[str] | None = None) -> pd.DataFrame:
    """log2 expression, samples × genes (all, or those of `genes` that are there), under approved symbols.

    `attrs["scale"]` says the scale, as "log2(TPM + 1)". TPM and FPKM are logged, counts first scaled to a million a
    sample (all genes needed), logged and variance-stabilised values taken as they are. Symbols that one gene carried
    before are mapped to its approved one; of rows that then double the median is taken; genes with a missing value are
    left out and counted in `attrs["incomplete"]`.

    Raises MissingData where there is no expression, none of the genes, or none known of every sample; UserError where
    the scale is not stated or the values cannot be on it.
    """
    former = [old for old, new in PREVIOUS_SYMBOLS.items() if genes and new in genes]
    data = cohort.expression([*genes, *former] if genes else None)
    scale = str(data.uns.get("scale", ""))
    values = _dense(data)
    _judge_scale(cohort, scale, values)
    table = pd.DataFrame(values, index=data.obs_names, columns=data.var_names)
    if scale in COUNTS:
        library = np.nansum(_dense(cohort.expression()) if genes else values, axis=1, dtype=float)
        table = table.div(library / MILLION, axis=0)
    if scale in LINEAR:
        table = np.log2(table + 1)
    incomplete = table.columns[table.isna().any()]
    if len(incomplete) == table.shape[1]:
        raise MissingData(f"{cohort.name} has no gene whose expression is known of every sample")
    table = approved_symbols(table.drop(columns=incomplete))
    table.index.name, table.columns.name = "sample", None
    table.attrs = {"scale": (LINEAR | LOGGED)[scale], "incomplete": len(incomplete)}
    return table


def _dense(data) -> np.ndarray:
    return np.asarray(data.X.todense() if hasattr(data.X, "todense") else data.X, dtype="f4")


def _judge_scale(cohort: Cohort, scale: str, values: np.ndarray) -> None:
    """Refuses a scale that is not stated, or that the values cannot be on."""
    fault = scale_fault(scale, values)
    if fault:
        fault = fault.replace("give one of", "set uns['scale'] to one of")
        raise UserError(f"{cohort.name}/expression.h5ad: {fault}")


def approved_symbols(table: pd.DataFrame, previous: dict[str, str] = PREVIOUS_SYMBOLS) -> pd.DataFrame:
    """A table of samples × genes under approved symbols; of symbols that double the median is taken.

    previous: symbol → approved one. A previous symbol stays as it is where its approved one is there too.
    """
    present = set(table.columns)
    renamed = {old: new for old, new in previous.items() if old in present and new not in present}
    table = table.rename(columns=renamed)
    if table.columns.has_duplicates:
        table = table.T.groupby(level=0, sort=False).median().T
    return table


def covered(table: pd.DataFrame, genes: list[str], least: float, what: str) -> pd.DataFrame:
    """The columns of these genes, those absent as missing. Raises MissingData where fewer than the share `least` is
    there, with the count. `attrs["absent"]` counts them."""
    there = table.columns.intersection(genes)
    if len(there) < least * len(genes):
        raise MissingData(f"{what} needs {least:.0%} of its {len(genes)} genes, and {len(there)} are there")
    result = table.reindex(columns=genes)
    result.attrs = table.attrs | {"absent": len(genes) - len(there)}
    return result


def tf_subtype(
    log2: pd.DataFrame,
    reference: pd.DataFrame | None = None,
    *,
    mixed_within: float = 0.0,
    negative_below: float = -np.inf,
) -> pd.Series:
    """The transcription-factor subtype of each tumour: which of FACTORS is highest by z-score. Categorical.

    log2: samples × genes with FACTORS. reference: the tumours over which mean and standard deviation are taken (the
    source: SCLC and LCNEC together), the same ones where there is none. mixed_within: Mixed where the second factor
    comes this near (z) to the first. negative_below: Negative where no factor reaches this z.

    Raises MissingData where a factor was not measured, or the reference has fewer than three tumours.
    """
    reference = log2 if reference is None else reference
    for table in (log2, reference):
        if lacking := [name for name in FACTORS if name not in table]:
            raise MissingData(f"no expression of {', '.join(lacking)}, which the transcription-factor subtype needs")
    if len(reference) < 3:
        raise MissingData(f"{len(reference)} tumours are too few to standardise transcription factors over")
    middle, spread = reference[FACTORS].mean(), reference[FACTORS].std(ddof=0)
    z = ((log2[FACTORS] - middle) / spread.where(spread > 0)).fillna(0.0)
    ordered = np.sort(z.to_numpy(), axis=1)
    words = np.array(FACTORS, dtype=object)[z.to_numpy().argmax(axis=1)]
    words[ordered[:, -1] - ordered[:, -2] < mixed_within] = MIXED
    words[ordered[:, -1] < negative_below] = NEGATIVE
    return pd.Series(pd.Categorical(words, [*FACTORS, MIXED, NEGATIVE]), log2.index, name="tf_subtype")


def factor_reference(cohort: Cohort, others: list[Cohort]) -> pd.DataFrame | None:
    """log2 expression of FACTORS over other cohorts together, to standardise a cohort's tumours by; samples × FACTORS.

    Only cohorts on the same scale that measured all four count; None where there is none.
    """
    try:
        scale = log2_expression(cohort, FACTORS).attrs["scale"]
    except MissingData:
        return None
    tables = []
    for other in others:
        try:
            table = log2_expression(other, FACTORS)
        except MissingData:
            continue
        if table.attrs["scale"] == scale and set(FACTORS) <= set(table):
            tables.append(table[FACTORS])
    return pd.concat(tables) if tables else None


@functools.cache
def signatures() -> dict:
    """The published signatures of signatures.yaml: source, genes up and down; `former`: symbol before → symbol now."""
    import yaml

    return yaml.safe_load(Path(__file__).with_name("signatures.yaml").read_text(encoding="utf-8"))


def score(log2: pd.DataFrame, name: str) -> tuple[pd.Series, int, int]:
    """A signature's score of each tumour: the mean z of its genes up less that of its genes down, and how many of its
    genes were measured, of how many. z over these tumours; genes that do not vary are left out."""
    known = signatures()
    log2 = log2.rename(columns={old: new for old, new in known["former"].items() if new not in log2})
    parts, found, of = [], 0, 0
    for side, sign in (("up", 1), ("down", -1)):
        genes = [gene for gene in known[name][side] if gene in log2 and log2[gene].std(ddof=0) > 0]
        of += len(known[name][side])
        found += len(genes)
        if genes:
            values = log2[genes]
            parts.append(sign * ((values - values.mean()) / values.std(ddof=0)).mean(axis=1))
    return (sum(parts) if parts else pd.Series(np.nan, log2.index)).rename(name), found, of


def signature_genes(*names: str) -> list[str]:
    """The genes of signatures, under their present and their former symbols."""
    known = signatures()
    genes = [gene for name in names for side in ("up", "down") for gene in known[name][side]]
    return list(dict.fromkeys([*genes, *(old for old, new in known["former"].items() if new in genes)]))


def fold_change(log2: pd.Series, marked: pd.Series, what: str) -> Finding:
    """The ratio of geometric means of expression (+1) of the marked to the others, from Welch's interval of the mean
    log2 difference; p by the Wilcoxon rank-sum test. A ratio, as a finding."""
    found = mean_difference(log2, marked, what)
    if found.value is None:
        return found
    limits = {name: 2 ** getattr(found, name) for name in ("value", "lower", "upper", "lower_90", "upper_90")}
    return Finding(**limits, p=found.p, n=found.n, scale="ratio", smallest=found.smallest)


def median_interval(values: pd.Series) -> Finding:
    """The median with its exact 95% interval from order statistics (binomial), as a finding."""
    values = values.dropna().to_numpy(float)
    if not len(values):
        return Finding(None, note="nobody was measured")
    interval = stats.quantile_test(values, p=0.5).confidence_interval(0.95)
    return Finding(float(np.median(values)), float(interval.low), float(interval.high), n=len(values))
