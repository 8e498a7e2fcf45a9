"""A composite score of 21 immune genes in place of Immunosign 21, whose genes are not printed (immunosign.yaml)."""

import functools
from pathlib import Path

import pandas as pd

from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.stats.differential import finite_values

SIZE = 21
STILL = 1e-9  # log2 units: a gene with a smaller sd does not vary, but for rounding
STAND_IN_WORDS = "a stand-in of 21 genes of the families that the source lists, not its own genes"


@functools.cache
def stand_in() -> dict[str, list[str]]:
    """The stand-in's genes by the family of which the source says they are.

    >>> stand_in()["chemokines"], sum(map(len, stand_in().values()))
    (['CCL5', 'CXCL9', 'CXCL10'], 21)
    """
    import yaml

    return yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))


def stand_in_genes() -> list[str]:
    """The stand-in's 21 genes.

    >>> len(set(stand_in_genes()))
    21
    """
    return [gene for genes in stand_in().values() for gene in genes]


def gene_table(genes: list[str] | None = None) -> pd.DataFrame:
    """The genes that a score is made of: gene, family ("given" of a list that is not the stand-in).

    >>> gene_table(["CD8A"]).values.tolist()
    [['CD8A', 'given']]
    """
    families = {"given": genes} if genes else stand_in()
    return pd.DataFrame([(gene, family) for family, names in families.items() for gene in names],
                        columns=["gene", "family"])  # fmt: skip


def immunosign(log2: pd.DataFrame, *, genes: list[str] | None = None) -> pd.Series:
    """The score of each sample: the mean over the genes of their z-scores, by each gene's mean and sd (n − 1) over the
    samples given, so that every gene weighs the same. A gene that does not vary adds 0.

    log2: samples × genes on a log2 scale, two samples or more, all of one panel and one fixation. genes: the list;
    the stand-in where it is None. Raises MissingData where the panel lacks a gene of the list, or holds fewer than two
    samples; UserError where a gene stands twice or a value is no finite number.

    >>> log2 = pd.DataFrame({"CD8A": [1.0, 2, 3], "GZMA": [4.0, 8, 6]}, index=["S1", "S2", "S3"])
    >>> immunosign(log2, genes=["CD8A", "GZMA"]).tolist()
    [-1.0, 0.5, 0.5]
    """
    listed = list(stand_in_genes() if genes is None else genes)
    if again := sorted({gene for gene in listed if listed.count(gene) > 1}):
        raise UserError(f"the list of the score names {again[0]} twice; keep one")
    lacking = [gene for gene in listed if gene not in log2]
    if lacking or not listed:
        of = "stand-in" if genes is None else "list"
        raise MissingData(
            f"{len(lacking)} of {len(listed)} genes of the {of} of Immunosign are not on the panel "
            f"({formats.listed(lacking)}); immunosign_genes gives another list"
        )
    values = log2[listed].astype(float)
    finite_values(values)
    if len(values) < 2:
        raise MissingData(f"a score over samples needs two or more, and there is {len(values)}")
    spread = values.std(ddof=1)
    z = ((values - values.mean()) / spread.where(spread > STILL)).fillna(0.0)
    return z.mean(axis=1).rename("Immunosign")
