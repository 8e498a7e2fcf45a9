"""Alterations, genotypes and the genomic subtype of LCNEC, with "not profiled" kept apart from "wild type"."""

import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils import formats
from lcnec_utils.claims import Finding, of_share
from lcnec_utils.cohort import Cohort
from lcnec_utils.errors import MissingData
from lcnec_utils.proportions import pairs_of_shares, share_difference, share_finding, wilson

NSCLC_LIKE, SCLC_LIKE, UNCLASSIFIED, UNKNOWN = "NSCLC-like", "SCLC-like", "Unclassified", "Unknown"
SUBTYPES = [NSCLC_LIKE, SCLC_LIKE, UNCLASSIFIED]
SUBTYPE_GENES = ["KEAP1", "KRAS", "STK11", "TP53", "RB1"]

MUTATION_CLASSES = {
    "Missense_Mutation": "missense",
    "In_Frame_Del": "in-frame indel",
    "In_Frame_Ins": "in-frame indel",
    "Nonsense_Mutation": "truncating",
    "Frame_Shift_Del": "truncating",
    "Frame_Shift_Ins": "truncating",
    "Splice_Site": "splice",
    "Splice_Region": "splice",
}
UNSTATED = "mutation, consequence not given"
OTHER = "other mutation"
DEEP_DELETION, AMPLIFICATION, REARRANGEMENT = "deep deletion", "amplification", "rearrangement"
CLASSES = [
    "truncating", "missense", "splice", "in-frame indel", OTHER, UNSTATED, DEEP_DELETION, AMPLIFICATION, REARRANGEMENT,
]  # fmt: skip


def alterations(cohort: Cohort, genes: list[str]) -> pd.DataFrame:
    """Every alteration of the genes, each class once per sample and gene. Columns: sample, gene, alteration.

    Mutations by class, deep deletions and amplifications where the cohort has copy number, rearrangements where it
    has structural variants.
    """
    calls = cohort.need_mutations()
    calls = calls[calls["Hugo_Symbol"].isin(genes)]
    kind = UNSTATED
    if "Variant_Classification" in calls:
        words = calls["Variant_Classification"]
        kind = words.map(MUTATION_CLASSES).fillna(pd.Series(np.where(words == "", UNSTATED, OTHER), words.index))
    found = [pd.DataFrame({"sample": calls["Tumor_Sample_Barcode"], "gene": calls["Hugo_Symbol"], "alteration": kind})]
    if cohort.copy_number is not None:
        levels = cohort.copy_number.reindex([gene for gene in genes if gene in cohort.copy_number.index])
        for code, name in ((-2, DEEP_DELETION), (2, AMPLIFICATION)):
            where = np.argwhere(levels.to_numpy() == code)
            found.append(
                pd.DataFrame(
                    {
                        "sample": levels.columns.to_numpy()[where[:, 1]],
                        "gene": levels.index.to_numpy()[where[:, 0]],
                        "alteration": name,
                    }
                )
            )
    if cohort.structural_variants is not None:
        for site in ("Site1_Hugo_Symbol", "Site2_Hugo_Symbol"):
            if site in cohort.structural_variants:
                hits = cohort.structural_variants[cohort.structural_variants[site].isin(genes)]
                found.append(
                    pd.DataFrame({"sample": hits["Sample_Id"], "gene": hits[site], "alteration": REARRANGEMENT})
                )
    table = pd.concat(found, ignore_index=True).drop_duplicates()
    return table.sort_values(["sample", "gene", "alteration"], ignore_index=True)


INACTIVATED_BY_LOSS = {"RB1", "TP53", "STK11", "KEAP1", "SMARCA4", "CDKN2A", "PTEN", "ARID1A", "NF1", "KMT2D"}


def altered(cohort: Cohort, genes: list[str]) -> pd.DataFrame:
    """Whether each sample's gene is altered: True, False, or missing where it was not profiled. Samples × genes.

    A mutation alters any gene; a deep deletion, where there is copy number, alters a tumour suppressor
    (INACTIVATED_BY_LOSS). Amplifications and rearrangements are shown by `alterations` and not counted here.
    """
    genes = list(dict.fromkeys(genes))
    table = alterations(cohort, genes)
    counts = ~table["alteration"].isin([AMPLIFICATION, REARRANGEMENT, DEEP_DELETION])
    counts |= (table["alteration"] == DEEP_DELETION) & table["gene"].isin(INACTIVATED_BY_LOSS)
    hit = pd.crosstab(table.loc[counts, "sample"], table.loc[counts, "gene"]) > 0
    hit = hit.reindex(index=cohort.samples.index, columns=genes, fill_value=False).astype("boolean")
    for gene in genes:
        # a call outside the panel's list too: kept, it would stand in a share whose wild types are all left out
        hit[gene] = hit[gene].mask(~cohort.profiled(gene))
    return hit


def genomic_subtype(cohort: Cohort) -> pd.Series:
    """The genomic subtype of each sample, by mutation (and deep deletion where there is copy number).

    SCLC-like: TP53 and RB1 altered. NSCLC-like: STK11, KRAS or KEAP1 altered and RB1 wild type. Unclassified:
    neither. Unknown: one of the five genes was not profiled. Source: the main paper's Results and Methods.
    """
    genes = altered(cohort, SUBTYPE_GENES)
    complete = genes.notna().all(axis=1)
    known = genes.fillna(False).astype(bool)
    sclc = known["TP53"] & known["RB1"]
    nsclc = (known["STK11"] | known["KRAS"] | known["KEAP1"]) & ~known["RB1"]
    subtype = np.select([~complete, sclc, nsclc], [UNKNOWN, SCLC_LIKE, NSCLC_LIKE], UNCLASSIFIED)
    return pd.Series(pd.Categorical(subtype, [*SUBTYPES, UNKNOWN]), index=cohort.samples.index, name="genomic_subtype")


def by_patient(cohort: Cohort, values: pd.Series | pd.DataFrame):
    """Sample-level values by patient, each patient through the sample that stands for it. Index PATIENT_ID."""
    chosen = cohort.one_sample_per_patient()
    return values.reindex(chosen.to_numpy()).set_axis(chosen.index)


def prevalence(hit: pd.DataFrame, groups: pd.Series, first: str, second: str) -> pd.DataFrame:
    """How many samples carry each gene in two groups, of those profiled. Index gene; columns k_1, n_1, k_2, n_2."""
    rows = {}
    for gene in hit:
        row = {}
        for side, name in ((1, first), (2, second)):
            values = hit.loc[groups.reindex(hit.index) == name, gene].dropna()
            row |= {f"k_{side}": int(values.sum()), f"n_{side}": len(values)}
        rows[gene] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("gene")


def frequently_mutated(cohort: Cohort, at_least: float = 0.05) -> list[str]:
    """Genes mutated in at least this share of all samples, most frequent first, ties by symbol."""
    calls = cohort.need_mutations()[["Tumor_Sample_Barcode", "Hugo_Symbol"]].drop_duplicates()
    counts = calls["Hugo_Symbol"].value_counts()
    counts = counts[counts >= at_least * len(cohort.samples)]
    return sorted(counts.index, key=lambda gene: (-counts[gene], gene))


def carrier(hit: pd.DataFrame) -> pd.DataFrame:
    """True and False as the groups "wild type" and "mutated", wild type first; not profiled stays missing."""
    words = hit.astype(object).replace({True: "mutated", False: "wild type"})
    return words.apply(lambda gene: pd.Categorical(gene.where(gene.notna(), None), ["wild type", "mutated"]))


def clinical_tracks(cohort: Cohort, columns: dict[str, str]) -> dict[str, pd.Series]:
    """Clinical columns by sample, under their labels; a column the cohort lacks is left out."""
    tracks = {}
    for name, label in columns.items():
        if name in cohort.samples:
            tracks[label] = cohort.samples[name]
        elif name in cohort.patients:
            tracks[label] = cohort.samples["PATIENT_ID"].map(cohort.patients[name])
    return tracks


def subtype_sentence(subtype: pd.Series) -> str:
    """How many samples are of each genomic subtype, in one sentence; shares are of those whose subtype is known."""
    counts = subtype.value_counts()
    known = int(counts[SUBTYPES].sum())
    shares = ", ".join(f"{name} {formats.share(int(counts[name]), known)}" for name in SUBTYPES)
    unknown = (
        f"; {counts[UNKNOWN]} of {len(subtype)} unknown, for a defining gene was not profiled"
        if counts[UNKNOWN]
        else ""
    )
    return f"Genomic subtype: {shares}{unknown}."


def protein_changes(cohort: Cohort, alleles: dict[str, tuple[str, str]]) -> pd.DataFrame:
    """Which samples carry a protein change. Samples × alleles, booleans; missing where the gene was not profiled, or
    everywhere where the cohort gives no protein change (HGVSp_Short).

    alleles: name → (gene, regular expression on HGVSp_Short).
    """
    calls = cohort.need_mutations()
    table = pd.DataFrame(index=cohort.samples.index)
    for name, (gene, pattern) in alleles.items():
        if "HGVSp_Short" not in calls:
            table[name] = pd.Series(pd.NA, table.index, dtype="boolean")
            continue
        matching = calls[(calls["Hugo_Symbol"] == gene) & calls["HGVSp_Short"].str.contains(pattern, regex=True)]
        found = pd.Series(table.index.isin(matching["Tumor_Sample_Barcode"]), table.index, dtype="boolean")
        table[name] = found.mask(~cohort.profiled(gene))
    return table


# Alterations with an approved drug that the source counts: gene → protein changes; and genes of fusions
TARGETS = {
    "KRAS G12C": ("KRAS", r"^p\.G12C$"),
    "EGFR": ("EGFR", r"^p\.(?:L858R|L861Q|S768I|G719\w|E746|L747)"),
    "ERBB2": ("ERBB2", r"dup|ins|^p\.(?:S310|L755|V777)"),
}
FUSED = ["ALK", "ROS1", "RET", "NTRK1", "NTRK2", "NTRK3"]


def targetable(cohort: Cohort) -> pd.Series:
    """Whether each sample has a targetable alteration (TARGETS, or a fusion of FUSED); missing where not told."""
    changes = protein_changes(cohort, TARGETS)
    found = changes.any(axis=1).astype("boolean").mask(changes.isna().all(axis=1))
    if cohort.structural_variants is not None:
        sites = cohort.structural_variants.filter(regex="^Site[12]_Hugo_Symbol$")
        fused = cohort.structural_variants.loc[sites.isin(FUSED).any(axis=1), "Sample_Id"]
        found |= pd.Series(found.index.isin(fused), found.index, dtype="boolean")
    return found


def deleted(cohort: Cohort, gene: str) -> pd.Series:
    """Whether each sample has a deep deletion of a gene; missing where the cohort has no copy number of it."""
    if cohort.copy_number is None or gene not in cohort.copy_number.index:
        return pd.Series(pd.NA, cohort.samples.index, dtype="boolean")
    levels = cohort.copy_number.loc[gene].reindex(cohort.samples.index)
    return (levels <= -2).astype("boolean").mask(levels.isna())


def biomarkers(cohort: Cohort, tmb_high_per_mb: float, pdl1_positive_percent: float) -> pd.DataFrame:
    """Biomarkers of checkpoint blockade by patient: TMB high, PD-L1 positive, MMR deficient; missing where untested.

    TMB is high from the cut-off on (≥), PD-L1 positive likewise; a biomarker the cohort lacks is an empty column.
    """
    table = pd.DataFrame(index=cohort.patients.index)
    for name, column, what, cut in (
        ("TMB high", "TMB_NONSYNONYMOUS", "tumour mutational burden", tmb_high_per_mb),
        ("PD-L1 positive", "PDL1_SCORE", "PD-L1 tumour proportion score", pdl1_positive_percent),
    ):
        try:
            values = cohort.column(column, what)
            table[name] = (values >= cut).astype("boolean").mask(values.isna())
        except MissingData:
            table[name] = pd.Series(pd.NA, table.index, dtype="boolean")
    try:
        status = cohort.column("MMR_STATUS", "mismatch repair status").str.lower()
        deficient = status.str.contains("dmmr|deficient|msi-h", na=False)
        deficient &= ~status.str.contains("proficient|pmmr", na=False)
        table["MMR deficient"] = deficient.astype("boolean").mask(status.isna())
    except MissingData:
        table["MMR deficient"] = pd.Series(pd.NA, table.index, dtype="boolean")
    return table


def subtype_shares(subtype: pd.Series) -> dict[str, Finding]:
    """The share of each genomic subtype among tumours of known subtype, as findings; keys nsclc_like, sclc_like, …"""
    known = subtype[subtype != UNKNOWN]
    found = {}
    for name in SUBTYPES:
        k, n = int((known == name).sum()), len(known)
        found[name.lower().replace("-", "_")] = of_share(k, n, *wilson(k, n))
    return found


def labels_with_counts(subtype: pd.Series, *names: str) -> list[str]:
    """Subtypes with the number of their tumours, as a figure shows them."""
    counts = subtype.value_counts()
    return [f"{name} (n = {counts.get(name, 0)})" for name in names]


def altered_difference(cohort: Cohort, gene: str, first: str, second: str) -> Finding:
    """The share of a gene's carriers in one genomic subtype less that in another."""
    subtype = genomic_subtype(cohort).astype(str)
    marked = subtype.map({first: True, second: False}).astype("boolean")
    return share_difference(altered(cohort, [gene])[gene], marked, gene)


def biomarker_findings(table: pd.DataFrame, markers: pd.DataFrame, subtype: pd.Series) -> dict[str, list[Finding]]:
    """Findings on the biomarkers of the genomic subtypes, named `<marker>.<subtype>`, and `pdl1` over all pairs.

    table: proportions.shares of markers by subtype.
    """
    found = {
        f"tmb_high.{key}": [share_finding(table, name, "TMB high")]
        for key, name in (("nsclc_like", NSCLC_LIKE), ("sclc_like", SCLC_LIKE))
    }
    for name in SUBTYPES:
        found[f"dmmr.{name.lower().replace('-', '_')}"] = [share_finding(table, name, "MMR deficient")]
    unnamed = Finding(None, note="the legend does not name the biomarker")
    found |= {f"p.unclassified_vs_{key}": [unnamed] for key in ("nsclc_like", "sclc_like")}
    return found | {"pdl1": pairs_of_shares(markers, subtype, "PD-L1 positive")}


def _groups(first: pd.Index, second: pd.Index, name: str, other: str) -> pd.Series:
    words = [name] * len(first) + [other] * len(second)
    return pd.Series(pd.Categorical(words, [name, other]), index=first.append(second))


def against(
    cohort: Cohort, subtype: str, other: Cohort, genes: list[str], name: str, other_name: str
) -> tuple[pd.DataFrame, pd.Series]:
    """Alterations of one subtype's tumours above those of another cohort, and which is which.

    Raises MissingData where a sample stands in both cohorts: they would not be independent.
    """
    chosen = genomic_subtype(cohort)
    mine = altered(cohort, genes)[chosen == subtype]
    theirs = altered(other, genes)
    if len(mine.index.intersection(theirs.index)):
        raise MissingData(f"{cohort.name} and {other.name} share samples and cannot be compared")
    return pd.concat([mine, theirs]), _groups(mine.index, theirs.index, name, other_name)


def burden_against(cohort: Cohort, subtype: str, other: Cohort, name: str, other_name: str):
    """Tumour mutational burden (per Mb) of one subtype's patients and of another cohort, and which is which."""
    chosen = by_patient(cohort, genomic_subtype(cohort)) == subtype
    mine = cohort.column("TMB_NONSYNONYMOUS", "tumour mutational burden")
    mine = mine[chosen.reindex(mine.index, fill_value=False)].dropna()
    theirs = other.column("TMB_NONSYNONYMOUS", "tumour mutational burden").dropna()
    return pd.concat([mine, theirs]), _groups(mine.index, theirs.index, name, other_name)


@dataclasses.dataclass(frozen=True)
class BlockadeMarks:
    """What the quoted effects on checkpoint blockade compare, by patient; missing where it was not measured.

    mutated: genes. alleles: named protein changes. markers: `biomarkers`. loss: deep deletion of CDKN2A, which stands
    for 9p21. histology: OncoTree codes. burden: mutations per Mb. benefit: durable clinical benefit, as recorded.
    """

    mutated: pd.DataFrame
    alleles: pd.DataFrame
    markers: pd.DataFrame
    loss: pd.Series
    histology: pd.Series
    burden: pd.Series
    benefit: pd.Series


def blockade_marks(
    cohort: Cohort, alleles: dict, tmb_high_per_mb: float, pdl1_positive_percent: float
) -> BlockadeMarks:
    """The marks of a cohort of treated patients; a column the cohort lacks is all missing."""

    def column(name: str, kind: str) -> pd.Series:
        try:
            return cohort.column(name, name).astype(kind)
        except MissingData:
            return pd.Series(np.nan, cohort.patients.index, dtype=kind)

    return BlockadeMarks(
        mutated=by_patient(cohort, altered(cohort, ["STK11", "KEAP1", "KRAS", "EGFR", "TP53"])),
        alleles=by_patient(cohort, protein_changes(cohort, alleles)),
        markers=biomarkers(cohort, tmb_high_per_mb, pdl1_positive_percent),
        loss=by_patient(cohort, deleted(cohort, "CDKN2A")),
        histology=column("ONCOTREE_CODE", "object"),
        burden=column("TMB_NONSYNONYMOUS", "float"),
        benefit=column("DURABLE_CLINICAL_BENEFIT", "object"),
    )
