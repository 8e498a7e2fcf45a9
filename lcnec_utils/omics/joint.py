"""LCNEC and other tumours on one scale."""

import dataclasses

import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core.errors import MissingData
from lcnec_utils.omics.expression import FACTORS, log2_expression, tf_subtype
from lcnec_utils.omics.genomics import NO_GENOTYPE, SUBTYPES, known_subtype

SCLC = "SCLC"


@dataclasses.dataclass(frozen=True)
class Tumours:
    """LCNEC and, where the run has it, SCLC on one scale.

    log2: samples × genes. group: genomic subtype of LCNEC, or SCLC, by sample (categorical). scale: as an axis says it.
    left_out: number of LCNEC with expression and no known subtype.
    """

    log2: pd.DataFrame
    group: pd.Series
    scale: str
    left_out: int

    def require(self, *genes: str) -> "Tumours":
        """These tumours, where all of the genes were measured in them; raises MissingData else."""
        if lacking := [gene for gene in genes if gene not in self.log2]:
            raise MissingData(f"no expression of {', '.join(lacking)}")
        return self

    def measured(self, genes: list[str]) -> list[str]:
        """Those of the genes that were measured in all of these tumours; raises MissingData where there is none."""
        if present := [gene for gene in genes if gene in self.log2]:
            return present
        raise MissingData(f"none of {len(genes)} genes was measured in all of these tumours")

    @property
    def lcnec(self) -> pd.Index:
        """The samples that are LCNEC."""
        return self.samples_of(*SUBTYPES, NO_GENOTYPE)

    def samples_of(self, *groups: str) -> pd.Index:
        """The samples of these groups."""
        return self.group.index[self.group.isin(groups)]


def combine_expression(lcnec: Cohort, sclc: Cohort | None, *, genes: list[str]) -> Tumours:
    """Expression of these genes over LCNEC of known genomic subtype and SCLC, as far as both were measured for them.

    Where no genotype is known all LCNEC are one group; without a second cohort LCNEC stands alone. Raises MissingData
    where LCNEC has no expression of the genes, the two cohorts are on different scales, or they share samples.

    >>> from lcnec_utils.omics.expression import example_cohort
    >>> tumours = combine_expression(example_cohort(), None, genes=["DLL3", "FGL1"])
    >>> tumours.log2["DLL3"].tolist(), tumours.group.unique().tolist()
    ([5.0, 4.0, 1.0, 0.0], ['Genotype unknown'])
    """
    lcnec_log2 = log2_expression(lcnec, genes=genes)
    scale = lcnec_log2.attrs["scale"]
    subtype = known_subtype(lcnec, samples=lcnec_log2.index)
    tables, groups = [lcnec_log2.loc[subtype.index]], [subtype]
    if sclc is not None and sclc.expression_genes:
        sclc_log2 = log2_expression(sclc, genes=genes)
        if sclc_log2.attrs["scale"] != scale:
            raise MissingData(
                f"{lcnec.name} is on the scale {scale} and {sclc.name} on {sclc_log2.attrs['scale']}: "
                "they cannot be standardised together"
            )
        if len(sclc_log2.index.intersection(lcnec_log2.index)):
            raise MissingData(f"{lcnec.name} and {sclc.name} share samples and cannot be compared")
        tables.append(sclc_log2)
        groups.append(pd.Series(SCLC, sclc_log2.index))
    log2, group = pd.concat(tables, join="inner"), pd.concat(groups)
    names = [name for name in (*SUBTYPES, NO_GENOTYPE, SCLC) if (group == name).any()]
    return Tumours(
        log2, pd.Series(pd.Categorical(group, names), group.index), scale, left_out=len(lcnec_log2) - len(subtype)
    )


def cohorts_label(lcnec: Cohort, sclc: Cohort | None) -> str:
    """The names of one or both cohorts, as a figure's title has them.

    >>> from lcnec_utils.omics.expression import example_cohort
    >>> cohorts_label(example_cohort(), None)
    'example'
    """
    return lcnec.label if sclc is None else f"{lcnec.label} and {sclc.label}"


def split_sclc_by_factor(tumours: Tumours) -> pd.Series:
    """The group of each tumour, SCLC by transcription-factor subtype where all four factors were measured.

    >>> from lcnec_utils.omics.expression import example_cohort
    >>> log2 = log2_expression(example_cohort())
    >>> group = pd.Series(pd.Categorical(["SCLC-like", "SCLC", "SCLC", "SCLC"]), log2.index)
    >>> split_sclc_by_factor(Tumours(log2, group, "log2(TPM + 1)", left_out=0)).tolist()
    ['SCLC-like', 'SCLC, NEUROD1', 'SCLC, POU2F3', 'SCLC, YAP1']
    """
    if SCLC not in tumours.group.cat.categories or not set(FACTORS) <= set(tumours.log2):
        return tumours.group
    factor = tf_subtype(tumours.log2).astype(str)
    group = tumours.group.astype(str).where(tumours.group != SCLC, "SCLC, " + factor)
    names = [*SUBTYPES, *(f"SCLC, {name}" for name in FACTORS)]
    return pd.Series(pd.Categorical(group, [name for name in names if (group == name).any()]), group.index)
