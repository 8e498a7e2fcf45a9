"""Families of genes as the source lists them, each gene with the line that names it, and stand-ins marked as such."""

import dataclasses

import pandas as pd


@dataclasses.dataclass(frozen=True)
class Family:
    """A family of genes: title; printed, the genes that the source names with this family (gene → line of the seed);
    stand_ins, genes of ours where the source names the family and no gene, or few."""

    title: str
    printed: dict[str, int]
    stand_ins: tuple[str, ...] = ()

    @property
    def genes(self) -> list[str]:
        """The printed genes and then the stand-ins."""
        return [*self.printed, *self.stand_ins]


T_CELLS = Family("T cells", {"CD8A": 17, "GZMA": 17, "CD3D": 26, "CD4": 26, "CD3E": 27, "GNLY": 27})
CYTOKINES = Family("T-cell cytokines", {"IL15": 17, "IL7": 26, "IL18": 26, "IL21": 26})
CHECKPOINTS = Family("Checkpoints", {"CD274": 17, "CD276": 17, "CTLA4": 17, "PDCD1": 20, "LAG3": 20, "HAVCR2": 20})
MYELOID = Family("Myeloid cells", {"CD14": 17, "CD68": 17})
CHEMOKINES = Family("Chemokines", {"CCL2": 17, "CCL5": 26, "CXCL9": 26})
INTERFERON = Family("Interferon", {"STAT1": 26}, ("IFNG", "IRF1", "MX1", "IFIT1"))
CONDITIONING = Family("CXCL10, CXCL11", {"CXCL10": 17, "CXCL11": 17})
NOT_INCREASED = Family("Said not to rise", dict.fromkeys(("TLR9", "HMGB1", "ILF3", "CSF2", "IL3RA", "ICAM4"), 18))
B_LINEAGE = Family(
    "B lineage",
    {**dict.fromkeys(("CD19", "MS4A1", "PAX5", "ST6GAL1", "CD22", "POU2AF1", "CD79A"), 18), "CD79B": 29},
)
CANCER_TESTIS = Family("Cancer-testis antigens", {"PRAME": 29, "MAGEB2": 29}, ("MAGEA3", "MAGEA4", "MAGEC2", "CTAG1B"))
# HLA-E stands in the source under antigen presentation (line 27), not under MHC class I
MHC_CLASS_I = Family("MHC class I", {}, ("HLA-A", "HLA-B", "HLA-C", "B2M", "TAP1", "TAP2"))
COUNTER_REGULATORY = Family("Counter-regulatory", {"CTLA4": 23, "CCR4": 23, "CCL22": 23})

# what "immune genes" rest on: all families of line 17 but the two chemokines that the source excepts
IMMUNE = (T_CELLS, CYTOKINES, CHECKPOINTS, MYELOID, CHEMOKINES, INTERFERON)
CD3 = ("CD3D", "CD3E", "CD3G")  # the source writes CD3 of a gene; the mean of those measured
B_SIGNATURE = ("CD19", "MS4A1", "CD79A", "CD79B")  # line 18
B_BEFORE = ("CD19", "CD79B", "CD22", "PAX5")  # line 29
CTA_BEFORE = ("PRAME", "MAGEB2")  # line 29


def signature(log2: pd.DataFrame, genes: list[str]) -> pd.Series:
    """The mean log2 value of those of the genes that were measured, by row; missing where none was.

    log2: rows × genes. A mean of logarithms: a fold change of it is the geometric mean of the genes' fold changes.

    >>> signature(pd.DataFrame({"CD19": [2.0], "PAX5": [4.0]}), ["CD19", "PAX5", "CD22"]).tolist()
    [3.0]
    """
    measured = [gene for gene in dict.fromkeys(genes) if gene in log2]
    return log2[measured].mean(axis=1)


def immune_genes() -> list[str]:
    """The genes of all immune families, each once."""
    return list(dict.fromkeys(gene for family in IMMUNE for gene in family.genes))


def family_table() -> pd.DataFrame:
    """Every gene with its family and where it comes from: family, gene, named_by_source, line."""
    families = [*IMMUNE, CONDITIONING, NOT_INCREASED, B_LINEAGE, CANCER_TESTIS, MHC_CLASS_I, COUNTER_REGULATORY]
    rows = [
        {"family": family.title, "gene": gene, "named_by_source": gene in family.printed,
         "line": family.printed.get(gene)}
        for family in families
        for gene in family.genes
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"line": "Int64"})
