"""Notebook 11: mutations, burden and neoantigens of lung and liver lesions of the same patients."""

import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_count
from lcnec_utils.omics import genomics
from lcnec_utils.stats.paired import paired_difference, paired_shift
from lcnec_utils.stats.ranks import rank_sum
from lcnec_utils.studies.liver.organ_pairs import LIVER, LUNG, ORGANS, by_organ, counted, organ_pairs, organs

CHANGE = ["Hugo_Symbol", "Chromosome", "Start_Position", "Reference_Allele", "Tumor_Seq_Allele2", "HGVSp_Short"]
BURDEN, NEOANTIGENS = "Mutations per Mb", "Neoantigens"
SHARED, ONLY_LUNG, ONLY_LIVER = "shared", "lung only", "liver only"
RATIO_MARGIN, SHARE_MARGIN = 1.5, 0.15  # within which two organs count as alike: a ratio, and a difference of shares
FEWEST_CARRIERS = 1  # pairs in which a gene is mutated at all, for it to be shown


@dataclasses.dataclass(frozen=True)
class OrganGenomes:
    """Genomes of pairs. pairs: `organ_pairs` of those sequenced in both. counts: by pair, SHARED, ONLY_LUNG, ONLY_LIVER
    mutations, and the share that is shared. values: what → `by_organ` of burden and neoantigens. genes: by gene and
    organ whether each pair is altered (columns gene → lung, liver; missing where not profiled)."""

    pairs: pd.DataFrame
    counts: pd.DataFrame
    values: dict[str, pd.DataFrame]
    genes: dict[str, pd.DataFrame]


def neoantigens(cohort: Cohort) -> pd.Series:
    """The number of neoantigens of each sample (NEOANTIGENS). Raises as `organ_pairs.counted`."""
    return counted(cohort, "NEOANTIGENS", "neoantigens")


def organ_genomes(cohort: Cohort, *, genes: list[str], simultaneous_months: float = 1.0) -> OrganGenomes:
    """The genomes of every pair of samples that were both sequenced.

    A mutation is shared where both organs have the same change (gene, place, alleles, protein change, as far as the
    file gives them). Raises MissingData where no pair was sequenced.
    """
    pairs = organ_pairs(cohort, simultaneous_months=simultaneous_months)
    calls = cohort.need_mutations()
    if cohort.sequenced is not None:
        pairs = pairs[pairs[[LUNG, LIVER]].isin(cohort.sequenced).all(axis=1)]
    if pairs.empty:
        raise MissingData(f"no pair of {cohort.name} was sequenced in both organs")
    key = [column for column in CHANGE if column in calls]
    of_sample = {name: set(map(tuple, rows[key].astype(str).to_numpy()))
                 for name, rows in calls.groupby("Tumor_Sample_Barcode")}  # fmt: skip
    rows = []
    for patient, pair in pairs.iterrows():
        lung, liver = (of_sample.get(pair[organ], set()) for organ in ORGANS)
        all_of_them = len(lung | liver)
        rows.append(
            {
                "patient": patient, SHARED: len(lung & liver), ONLY_LUNG: len(lung - liver),
                ONLY_LIVER: len(liver - lung),
                "share_shared": len(lung & liver) / all_of_them if all_of_them else np.nan,
                "together": pair["together"],
            }
        )  # fmt: skip
    values = {}
    for what, column in ((BURDEN, genomics.burden), (NEOANTIGENS, neoantigens)):
        try:
            values[what] = by_organ(column(cohort), pairs)
        except MissingData:
            continue
    altered = genomics.altered(cohort, genes=genes)
    by_gene = {gene: by_organ(altered[gene], pairs) for gene in altered}
    counts = pd.DataFrame(rows).set_index("patient")
    return OrganGenomes(pairs, counts.sort_values(SHARED, ascending=False, kind="stable"), values, by_gene)


def differences(compared: OrganGenomes) -> pd.DataFrame:
    """Burden and neoantigens as ratios of the liver to the lung (Hodges–Lehmann), genes as differences of shares.

    Columns: what, pairs, scale, value, lower, upper, lower_90, upper_90, p, alike (whether the 90% interval lies within
    the margin), margin; once over all pairs and, of the ratios, over those taken together.
    """
    rows = []
    for what, finding in _all_findings(compared):
        margin = RATIO_MARGIN if finding.scale == "ratio" else SHARE_MARGIN
        low, high = (1 / margin, margin) if finding.scale == "ratio" else (-margin, margin)
        known = finding.value is not None
        rows.append(
            {
                "what": what, "pairs": finding.n, "scale": finding.scale, "value": finding.value,
                "lower": finding.lower, "upper": finding.upper, "lower_90": finding.lower_90,
                "upper_90": finding.upper_90, "p": finding.p, "margin": margin, "note": finding.note,
                "alike": bool(known and low <= finding.lower_90 and finding.upper_90 <= high),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def ratio(table: pd.DataFrame, *, what: str) -> Finding:
    """The liver over the lung in a pair, as a ratio with limits. table: of `by_organ`."""
    return paired_shift(table[LIVER].astype(float), table[LUNG].astype(float), ratio=True, what=what)


def _all_findings(compared: OrganGenomes) -> list[tuple[str, Finding]]:
    findings = []
    for what, table in compared.values.items():
        together = table["together"].fillna(False).astype(bool)
        findings.append((what, ratio(table, what=what.lower())))
        if together.sum() > 1:
            findings.append((f"{what}, taken together", ratio(table[together], what=what.lower())))
    return findings + [(gene, gene_difference(table)) for gene, table in shown_genes(compared).items()]


def shown_genes(compared: OrganGenomes) -> dict[str, pd.DataFrame]:
    """The genes that some pair has altered in one organ at least."""
    return {gene: table for gene, table in compared.genes.items()
            if table[list(ORGANS)].fillna(False).astype(bool).any(axis=1).sum() >= FEWEST_CARRIERS}  # fmt: skip


def gene_difference(table: pd.DataFrame) -> Finding:
    """The share of pairs altered in the liver less that in the lung (Tango), p by McNemar's exact test."""
    return paired_difference(table[LIVER].astype("boolean"), table[LUNG].astype("boolean"))


def genome_findings(compared: OrganGenomes) -> dict[str, list[Finding]]:
    """Findings on pairs, by the tail of a claim's id. Each gene is one comparison, and all must be alike."""
    together = compared.pairs["together"]
    genes = [gene_difference(table) for table in shown_genes(compared).values()] or [
        Finding(None, note="no gene is mutated in any pair")
    ]
    lacking = [Finding(None, note="it was not measured in these pairs")]
    ratios = {what: [ratio(table, what=what)] for what, table in compared.values.items()}
    return {
        "pairs": [of_count(len(compared.pairs))],
        "pairs_simultaneous": [of_count(int(together.sum())) if together.notna().any() else
                               Finding(None, note="when samples were taken is not recorded")],
        "mutations": genes,
        "landscape.discussion": genes,
        "tmb": ratios.get(BURDEN, lacking),
        "neoantigens": ratios.get(NEOANTIGENS, lacking),
    }  # fmt: skip


def genomes_sentence(compared: OrganGenomes) -> str:
    """How many mutations a pair shares, and how burden and neoantigens compare, with the margin of likeness."""
    share = compared.counts["share_shared"]
    apart = compared.counts.groupby(compared.counts["together"].astype(object))["share_shared"].median()
    by_time = (
        f" ({formats.number(100 * apart[True], 0)}% of pairs taken together, "
        f"{formats.number(100 * apart[False], 0)}% of the others)"
        if {True, False} <= set(apart.index)
        else ""
    )
    parts = []
    for row in differences(compared).query("scale == 'ratio'").dropna(subset="value").itertuples():
        limits = f"{formats.number(row.lower, 2)} to {formats.number(row.upper, 2)}"
        within = f"alike within a ratio of {row.margin:g}" if row.alike else f"not shown alike within {row.margin:g}"
        parts.append(
            f"{row.what} {formats.number(row.value, 2)} (95% CI {limits}; {formats.p_value(row.p)}; "
            f"n = {row.pairs}; {within})"
        )
    genes = differences(compared).query("scale == 'difference'").dropna(subset="value")
    alike = formats.listed(list(genes.loc[genes["alike"], "what"])) or "none"
    return (
        f"A median of {formats.number(100 * share.median(), 0)}% of a pair's mutations are in both organs{by_time}. "
        f"Liver over lung, ratio in a pair: {'; '.join(parts)}. Of {len(genes)} genes, the share of pairs with a "
        f"mutation differs by less than {SHARE_MARGIN:g} with 90% confidence in: {alike}."
    )


# --- one sample per patient: no pairs


def unpaired(cohort: Cohort, *, genes: list[str]) -> pd.DataFrame:
    """Burden and altered genes of samples of the lung and of the liver, of different patients: an illustration.

    Columns: sample (index), organ (categorical), burden, and a column of booleans per gene. Raises MissingData where
    either organ has no sample.
    """
    table = pd.DataFrame({"organ": organs(cohort), "burden": genomics.burden(cohort)})
    table = table.join(genomics.altered(cohort, genes=genes))
    table = table[table["organ"].isin(ORGANS)].dropna(subset="burden")
    counts = table["organ"].value_counts()
    if len(counts) < len(ORGANS):
        lacking = next(organ for organ in ORGANS if organ not in counts)
        raise MissingData(f"{cohort.name} has no sample of the {lacking} with a burden")
    return table.assign(organ=pd.Categorical(table["organ"], ORGANS))


def unpaired_p(table: pd.DataFrame) -> float:
    """Wilcoxon's rank-sum p of the burden between organs of different patients."""
    return rank_sum(*(table.loc[table["organ"] == organ, "burden"].to_numpy(float) for organ in ORGANS))


def no_pairs() -> dict[str, list[Finding]]:
    """What is compared of the claims on pairs where no patient has both organs: nothing, with the reason."""
    lacking = [Finding(None, note="no patient has a sample of both organs")]
    return dict.fromkeys(("mutations", "tmb", "neoantigens", "landscape.discussion"), lacking)


def unpaired_table(table: pd.DataFrame) -> pd.DataFrame:
    """Samples, burden and share of altered tumours by organ, of different patients: what, organ, n, median_burden or
    share."""
    rows = []
    for organ, part in table.groupby("organ", observed=True):
        rows.append({"what": "burden, median per Mb", "organ": organ, "n": len(part), "value": part["burden"].median()})
        for gene in table.columns.drop(["organ", "burden"]):
            known = part[gene].dropna()
            value = float(known.astype(bool).mean()) if len(known) else np.nan
            rows.append({"what": f"{gene}, share altered", "organ": organ, "n": len(known), "value": value})
    return pd.DataFrame(rows)


def unpaired_sentence(table: pd.DataFrame) -> str:
    """Median burden of either organ in different patients, and that this says nothing of pairs."""
    lung, liver = (table.loc[table["organ"] == organ, "burden"].to_numpy(float) for organ in ORGANS)
    p = formats.p_value(unpaired_p(table))
    return (
        f"Different patients, not pairs: median burden {formats.number(np.median(lung), 1)} per Mb in the lung "
        f"(n = {len(lung):,}) and {formats.number(np.median(liver), 1)} in the liver (n = {len(liver):,}); Wilcoxon "
        f"rank-sum {p}. Patients whose liver is sampled differ from others in more than the organ; no claim is judged."
    )
