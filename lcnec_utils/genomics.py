"""Alterations, genotypes and the genomic subtype of LCNEC, with "not profiled" kept apart from "wild type"."""

import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils import formats
from lcnec_utils.claims import Finding, of_count, of_share
from lcnec_utils.cohort import words
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.errors import MissingData
from lcnec_utils.proportions import pairs_of_shares, share_difference, share_finding, wilson

NSCLC_LIKE, SCLC_LIKE, UNCLASSIFIED, UNKNOWN = "NSCLC-like", "SCLC-like", "Unclassified", "Unknown"
SUBTYPES = [NSCLC_LIKE, SCLC_LIKE, UNCLASSIFIED]
NO_GENOTYPE = "Genotype unknown"  # one group, where expression is all that there is
SUBTYPE_GENES = ["KEAP1", "KRAS", "STK11", "TP53", "RB1"]

UNSTATED = "mutation, consequence not given"
OTHER = "other mutation"
DEEP_DELETION, AMPLIFICATION, REARRANGEMENT = "deep deletion", "amplification", "rearrangement"
CLASSES = [
    "truncating", "missense", "splice", "in-frame indel", OTHER, UNSTATED, DEEP_DELETION, AMPLIFICATION, REARRANGEMENT,
]  # fmt: skip


def mutation_class(word: str) -> str:
    """The class (of CLASSES) of a mutation by its consequence, in the words of MAF, VEP, SnpEff or ANNOVAR."""
    kind = words.consequence(word)[0]
    return kind if kind in CLASSES else UNSTATED if word == "" else OTHER


# Columns that say what a mutation does to a cancer, and the words that make it count: ACMG's five classes, OncoKB's
JUDGED = {
    "PATHOGENICITY": {"pathogenic", "likely pathogenic", "pathogenic/likely pathogenic"},
    "ONCOGENIC": {"oncogenic", "likely oncogenic", "predicted oncogenic"},
    "cbp_driver": {"putative driver"},
}


def counted_calls(cohort: Cohort) -> pd.DataFrame:
    """The mutations that count as alterations: those a column of JUDGED calls pathogenic, all where there is none.

    What a mutation does is never guessed: one that such a column leaves empty does not count. Raises MissingData where
    such a column was refused.
    """
    calls = cohort.need_mutations()
    for column, count in JUDGED.items():
        if column in cohort.refused:  # without it every call would count
            raise MissingData(cohort.refused[column])
        if column in calls and (calls[column] != "").any():
            return calls[calls[column].str.lower().str.replace("_", " ").isin(count)]
    return calls


def caveats(cohort: Cohort) -> str:
    """What a cohort's alterations hold and cannot hold: variants of unknown significance, unseen deletions of RB1."""
    calls, counted = cohort.need_mutations(), counted_calls(cohort)
    said = []
    if len(counted) < len(calls):
        said.append(f"{len(counted)} of {len(calls)} mutations are called pathogenic and count")
    elif not any(column in calls and (calls[column] != "").any() for column in JUDGED):
        said.append("no column says which mutations are pathogenic: variants of unknown significance (VUS) included")
    # a wild type that only mutations speak for: the tumour has no copy number of RB1
    wild = altered(cohort, ["RB1"])["RB1"].eq(False).fillna(False)
    if blind := int((wild & deleted(cohort, "RB1").isna()).sum()):
        said.append(f"RB1 is wild type by mutation only in {blind} of {int(wild.sum())} tumours, for without copy "
                    "number its deletions cannot be seen")  # fmt: skip
    return "".join(f" {line[0].upper()}{line[1:]}." for line in said)


def alterations(cohort: Cohort, genes: list[str]) -> pd.DataFrame:
    """Every alteration of the genes, each class once per sample and gene. Columns: sample, gene, alteration.

    Mutations that count (`counted_calls`) by class, deep deletions and amplifications where the cohort has copy
    number, rearrangements where it has structural variants.
    """
    calls = counted_calls(cohort)
    calls = calls[calls["Hugo_Symbol"].isin(genes)]
    kind = UNSTATED
    if "Variant_Classification" in calls:
        said = calls["Variant_Classification"]
        kind = said.map({word: mutation_class(word) for word in said.unique()})
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
FUSED = ["ALK", "ROS1", "RET", "NTRK1", "NTRK2", "NTRK3"]  # oncogenes that a fusion activates


def altered(cohort: Cohort, genes: list[str]) -> pd.DataFrame:
    """Whether each sample's gene is altered: True, False, or missing where it was not profiled. Samples × genes.

    A mutation that counts alters any gene; a deep deletion (where there is copy number) and a rearrangement (where
    there are structural variants) alter a tumour suppressor (INACTIVATED_BY_LOSS), and a rearrangement an oncogene that
    fusions activate (FUSED). Amplifications, and rearrangements of other genes, are shown by `alterations` and not
    counted here.
    """
    genes = list(dict.fromkeys(genes))
    table = alterations(cohort, genes)
    counts = ~table["alteration"].isin([AMPLIFICATION, REARRANGEMENT, DEEP_DELETION])
    lost = table["alteration"].isin([DEEP_DELETION, REARRANGEMENT])
    counts |= lost & table["gene"].isin(INACTIVATED_BY_LOSS)
    counts |= (table["alteration"] == REARRANGEMENT) & table["gene"].isin(FUSED)
    hit = pd.crosstab(table.loc[counts, "sample"], table.loc[counts, "gene"]) > 0
    hit = hit.reindex(index=cohort.samples.index, columns=genes, fill_value=False).astype("boolean")
    for gene in genes:
        # a call outside the panel's list too: kept, it would stand in a share whose wild types are all left out
        hit[gene] = hit[gene].mask(~cohort.profiled(gene))
    return hit


def given_subtype(cohort: Cohort) -> pd.Series | None:
    """The genomic subtype of each sample as a column of the study gives it (GENOMIC_SUBTYPE); None without one."""
    if "GENOMIC_SUBTYPE" in cohort.samples and cohort.samples["GENOMIC_SUBTYPE"].notna().any():
        return cohort.samples["GENOMIC_SUBTYPE"]
    if "GENOMIC_SUBTYPE" in cohort.patients and cohort.patients["GENOMIC_SUBTYPE"].notna().any():
        return cohort.samples["PATIENT_ID"].map(cohort.patients["GENOMIC_SUBTYPE"])
    return None


def subtype_is_given(cohort: Cohort) -> bool:
    """Whether the genomic subtype is the study's own column, since no tumour has the genotype that tells it."""
    if given_subtype(cohort) is None:
        return False
    return cohort.mutations is None or not altered(cohort, SUBTYPE_GENES).notna().all(axis=1).any()


def genomic_subtype(cohort: Cohort) -> pd.Series:
    """The genomic subtype of each sample, by the alterations that `altered` counts.

    SCLC-like: TP53 and RB1 altered. NSCLC-like: STK11, KRAS or KEAP1 altered and RB1 wild type. Unclassified:
    neither. Unknown: one of the five genes was not profiled. Source: the main paper's Results and Methods.
    Where no tumour has the genotype and the study gives the subtype itself, that stands in (`subtype_is_given`).
    """
    if subtype_is_given(cohort):
        words = given_subtype(cohort).fillna(UNKNOWN)
        return pd.Series(
            pd.Categorical(words, [*SUBTYPES, UNKNOWN]), index=cohort.samples.index, name="genomic_subtype"
        )
    genes = altered(cohort, SUBTYPE_GENES)
    complete = genes.notna().all(axis=1)
    known = genes.fillna(False).astype(bool)
    sclc = known["TP53"] & known["RB1"]
    nsclc = (known["STK11"] | known["KRAS"] | known["KEAP1"]) & ~known["RB1"]
    subtype = np.select([~complete, sclc, nsclc], [UNKNOWN, SCLC_LIKE, NSCLC_LIKE], UNCLASSIFIED)
    return pd.Series(pd.Categorical(subtype, [*SUBTYPES, UNKNOWN]), index=cohort.samples.index, name="genomic_subtype")


def known_subtype(cohort: Cohort, samples: pd.Index) -> pd.Series:
    """The genomic subtype of those of these samples that have one, as text; where none has, all as NO_GENOTYPE, so that
    a cohort with expression alone is drawn as one group."""
    if cohort.mutations is None and given_subtype(cohort) is None:
        return pd.Series(NO_GENOTYPE, samples)
    subtype = genomic_subtype(cohort).reindex(samples)
    known = subtype[subtype.notna() & (subtype != UNKNOWN)].astype(str)
    return known if len(known) else pd.Series(NO_GENOTYPE, samples)


@dataclasses.dataclass(frozen=True)
class Landscape:
    """The tumours of known subtype as a CoMut plot shows them. hit: samples × genes (`altered`); alterations; subtype
    by sample; burden: mutations per Mb by sample, or None; says: subtypes and caveats in words; findings: by the tail
    of a claim's id."""

    hit: pd.DataFrame
    alterations: pd.DataFrame
    subtype: pd.Series
    burden: pd.Series | None
    says: str
    findings: dict[str, list[Finding]]

    @property
    def table(self) -> pd.DataFrame:
        """The numbers plotted, by sample."""
        table = self.hit.assign(genomic_subtype=self.subtype)
        return table if self.burden is None else table.assign(tmb_per_mb=self.burden)


def landscape(cohort: Cohort, genes: list[str]) -> Landscape:
    """The landscape of a cohort's tumours of known genomic subtype; MissingData where there is none."""
    subtype = genomic_subtype(cohort)
    known = subtype[subtype != UNKNOWN].cat.remove_categories(UNKNOWN)
    if known.empty:
        raise MissingData(f"in no tumour of {cohort.name} were all five genes profiled that define the subtypes")
    try:
        per_mb = burden(cohort).reindex(known.index)
    except MissingData:
        per_mb = None
    number = [of_count(len(known))]
    findings = {f"subtype.{name}": [share] for name, share in subtype_shares(subtype).items()}
    return Landscape(
        hit=altered(cohort, genes).loc[known.index],
        alterations=alterations(cohort, genes),
        subtype=known,
        burden=per_mb,
        says=subtype_sentence(subtype) + caveats(cohort),
        findings=findings | {"n": number, "n.classified": number},
    )


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
    """Genes with a mutation that counts in at least this share of all samples, most frequent first, ties by symbol."""
    calls = counted_calls(cohort)[["Tumor_Sample_Barcode", "Hugo_Symbol"]].drop_duplicates()
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
    # with deletions in exon 19 (codons 729 to 761), wherever they start
    "EGFR": ("EGFR", r"^p\.(?:L858R|L861Q|S768I|G719[A-Z]|[A-Z](?:729|7[345]\d|76[01])(?:_[A-Z]\d+)?del)"),
    "ERBB2": ("ERBB2", r"dup|ins|^p\.(?:S310|L755|V777)"),
}


def fusions(cohort: Cohort) -> pd.DataFrame:
    """Which samples carry a fusion of FUSED. Samples × fusions (EML4::ALK), booleans; no column where there is none."""
    table = pd.DataFrame(index=cohort.samples.index)
    if cohort.structural_variants is None:
        return table
    sites = [name for name in ("Site1_Hugo_Symbol", "Site2_Hugo_Symbol") if name in cohort.structural_variants]
    for row in cohort.structural_variants[["Sample_Id", *sites]].itertuples(index=False):
        genes = list(dict.fromkeys(gene for gene in row[1:] if gene))
        if set(genes) & set(FUSED):
            genes.sort(key=lambda gene: (gene in FUSED, gene))  # the partner first, whichever site it stands at
            name = "::".join(genes)
            if name not in table:
                table[name] = pd.Series(False, table.index, dtype="boolean")
            table.loc[row[0], name] = True
    return table


def targets(cohort: Cohort) -> pd.DataFrame:
    """Which samples carry which targetable alteration (TARGETS, and `fusions`). Samples × alterations, booleans with
    missing values where the gene was not profiled or the cohort gives no protein change."""
    return protein_changes(cohort, TARGETS).join(fusions(cohort))


def targetable(cohort: Cohort) -> pd.Series:
    """Whether each sample has a targetable alteration (`targets`); missing where a gene of TARGETS was not profiled."""
    found = targets(cohort)
    return found.any(axis=1).astype("boolean").mask(protein_changes(cohort, TARGETS).isna().any(axis=1))


def target_findings(cohort: Cohort) -> dict[str, list[Finding]]:
    """Findings on targetable alterations, by the tail of a claim's id: the share of tumours, and each alteration's
    number."""
    found, told = targets(cohort), targetable(cohort).dropna()
    if told.empty:
        lacking = Finding(None, note="no protein change is given here, by which a targetable alteration is known")
        return {"targetable": [lacking], "targetable.discussion": [lacking]}
    k, n, found = int(told.sum()), len(told), found.loc[told.index]
    share = [of_share(k, n, *wilson(k, n))]
    answers = {"targetable": share, "targetable.discussion": share}
    for name in found:
        key = name.lower().replace(" ", "_").replace("::", "_")
        answers[f"targetable.{key}"] = [of_count(int(found[name].sum()))]
    return answers


def target_sentence(cohort: Cohort) -> str:
    """How many tumours carry a targetable alteration, and which."""
    found, told = targets(cohort), targetable(cohort).dropna()
    if told.empty:
        return " Targetable alterations cannot be told: no protein change is given."
    found = found.loc[told.index]  # the alterations are those of the tumours the share is of
    each = ", ".join(f"{name} {int(found[name].sum())}" for name in found if found[name].any())
    alterations_ = int(found.sum().sum())
    return (
        f" Targetable: {formats.share(int(told.sum()), len(told))} tumours with "
        f"{formats.count(alterations_, 'alteration')}{': ' if each else ''}{each}."
    )


def deleted(cohort: Cohort, gene: str) -> pd.Series:
    """Whether each sample has a deep deletion of a gene; missing where the cohort has no copy number of it."""
    if cohort.copy_number is None or gene not in cohort.copy_number.index:
        return pd.Series(pd.NA, cohort.samples.index, dtype="boolean")
    levels = cohort.copy_number.loc[gene].reindex(cohort.samples.index)
    return (levels <= -2).astype("boolean").mask(levels.isna())


# What the source counts to a tumour's mutational burden: missense, nonsense, in-frame indels and frameshifts
BURDEN_CLASSES = ["missense", "truncating", "in-frame indel"]
BENIGN = {"benign", "likely benign", "benign/likely benign"}


def counted_burden(cohort: Cohort) -> pd.Series:
    """Mutations per Mb of each sample, counted: BURDEN_CLASSES, less what gnomAD holds (GNOMAD_AF above 0) or
    PATHOGENICITY calls benign, over COVERED_MEGABASES; missing where those are.

    Raises MissingData where the cohort gives no consequence of its mutations or no covered megabases.
    """
    calls = cohort.need_mutations()
    for column, held in (("Variant_Classification", calls), ("COVERED_MEGABASES", cohort.samples)):
        if column not in held:
            raise MissingData(f"{cohort.name} has no {column}, from which a mutational burden could be counted")
    said = calls["Variant_Classification"]
    counts = said.map({word: mutation_class(word) in BURDEN_CLASSES for word in said.unique()}).astype(bool)
    if "GNOMAD_AF" in calls:
        counts &= ~(pd.to_numeric(calls["GNOMAD_AF"], errors="coerce") > 0)
    if "PATHOGENICITY" in calls:
        counts &= ~calls["PATHOGENICITY"].str.lower().str.replace("_", " ").isin(BENIGN)
    number = calls.loc[counts, "Tumor_Sample_Barcode"].value_counts().reindex(cohort.samples.index, fill_value=0)
    return (number / cohort.samples["COVERED_MEGABASES"].replace(0, np.nan)).rename("per_mb")


def burden(cohort: Cohort) -> pd.Series:
    """Tumour mutational burden of each sample, mutations per Mb: as recorded (TMB_NONSYNONYMOUS), else counted.

    Raises MissingData where it is neither recorded nor can be counted.
    """
    if "TMB_NONSYNONYMOUS" in cohort.samples and cohort.samples["TMB_NONSYNONYMOUS"].notna().any():
        return cohort.samples["TMB_NONSYNONYMOUS"]
    return counted_burden(cohort)


# How mismatch repair was tested, in the order in which the source believes the tests
MMR_TESTS = {
    "MMR_IHC": "immunohistochemistry",
    "MSI_FRAGMENT_ANALYSIS": "fragment analysis",
    "MSI_NGS": "sequencing",
    "MMR_STATUS": "status as recorded",
    "MSI_STATUS": "status as recorded",
}


def _deficient(status: pd.Series) -> pd.Series:
    """Whether a status in words (dMMR, MSI-H, pMMR, MSS, MSI-L, deficient …) is deficient; missing where unsaid.

    Where one status gives both, repair (immunohistochemistry's words) is believed before stability.
    """
    words = status.astype(object).where(status.notna(), "").astype(str).str.lower()
    words = words.str.replace(r"[^,;:/()]*\b(?:not|no|non)\b[^,;:/()]*", "", regex=True)  # what is denied is not said
    unstable = words.str.contains("unstable|instable")
    stable = words.str.contains("mss|stable|msi-?l") & ~unstable
    unstable |= words.str.contains("msi-?h") & ~stable
    intact = words.str.contains(r"proficient|pmmr|\bintact")
    lost = words.str.contains("dmmr|deficient") & ~intact
    said = intact | lost
    return (lost | unstable & ~said).astype("boolean").mask(~(said | stable | unstable))


def mismatch_repair(cohort: Cohort) -> pd.DataFrame:
    """Mismatch repair of each sample: `deficient` (missing where untested), the `method` believed, and whether the
    tests are `discordant`. Where they are, immunohistochemistry is believed, then fragment analysis, then sequencing.
    """
    held = {name: _deficient(cohort.samples[name]) for name in MMR_TESTS if name in cohort.samples}
    result = pd.DataFrame(index=cohort.samples.index)
    result["deficient"] = pd.Series(pd.NA, result.index, dtype="boolean")
    result["method"] = ""
    for name, values in held.items():
        result.loc[result["deficient"].isna() & values.notna(), "method"] = MMR_TESTS[name]
        result["deficient"] = result["deficient"].fillna(values)
    tests = pd.DataFrame({name: held[name] for name in list(MMR_TESTS)[:3] if name in held}, result.index)
    result["discordant"] = (tests.any(axis=1) & (tests == False).any(axis=1)).astype(bool)  # noqa: E712
    return result


def biomarkers(cohort: Cohort, tmb_high_per_mb: float, pdl1_positive_percent: float) -> pd.DataFrame:
    """Biomarkers of checkpoint blockade by patient: TMB high, PD-L1 positive, MMR deficient; missing where untested.

    TMB is high from the cut-off on (≥), PD-L1 positive likewise; a biomarker the cohort lacks is an empty column.
    """
    chosen = cohort.one_sample_per_patient()

    def from_cut(values: pd.Series, cut: float) -> pd.Series:
        return (values >= cut).astype("boolean").mask(values.isna())

    nobody = pd.Series(np.nan, cohort.samples.index)
    try:
        mutations_per_mb = burden(cohort)
    except MissingData:
        mutations_per_mb = nobody
    table = pd.DataFrame({"TMB high": from_cut(mutations_per_mb, tmb_high_per_mb)})
    table["PD-L1 positive"] = from_cut(cohort.samples.get("PDL1_SCORE", nobody), pdl1_positive_percent)
    table["MMR deficient"] = mismatch_repair(cohort)["deficient"]
    return table.reindex(chosen.to_numpy()).set_axis(chosen.index).reindex(cohort.patients.index)


def biomarker_sentence(cohort: Cohort) -> str:
    """How PD-L1 and mismatch repair were tested: antibodies with n, methods with n, tests that disagree."""
    said = []
    scored = cohort.samples.get("PDL1_SCORE", pd.Series(np.nan, cohort.samples.index)).notna()
    if scored.any() and "PDL1_ASSAY" in cohort.samples:
        counts = cohort.samples.loc[scored, "PDL1_ASSAY"].fillna("antibody not recorded").value_counts()
        said.append("PD-L1 by " + ", ".join(f"{name} ({n})" for name, n in sorted(counts.items())))
    repair = mismatch_repair(cohort)
    counts = repair.loc[repair["method"] != "", "method"].value_counts()
    if len(counts):
        discordant = int(repair["discordant"].sum())
        said.append(
            "mismatch repair by "
            + ", ".join(f"{name} ({counts[name]})" for name in dict.fromkeys(MMR_TESTS.values()) if name in counts)
            + (f", {discordant} of them with tests that disagree" if discordant else "")
        )
    try:
        apart = (counted_burden(cohort) - burden(cohort)).abs() > 0.5
        said.append(f"the recorded mutational burden lies over 0.5 per Mb from the count in {int(apart.sum())} tumours")
    except MissingData:
        pass
    return "".join(f" {line[0].upper()}{line[1:]}." for line in said)


def burden_sweep(cohort: Cohort, subtype: pd.Series, tumours: int = 3) -> pd.DataFrame:
    """The share of each subtype's tumours with at least so many mutations per Mb, at every burden that occurs.

    subtype: categorical by patient. Columns: group, n, per_mb, share (fraction). Subtypes with fewer tumours are left
    out.
    """
    values = by_patient(cohort, burden(cohort)).dropna()
    rows = []
    for name in subtype.cat.categories:
        mine = np.sort(values[subtype.reindex(values.index) == name].to_numpy())
        if len(mine) >= tumours:
            cuts = np.unique([0.0, *mine])
            share = 1 - np.searchsorted(mine, cuts) / len(mine)
            rows.append(pd.DataFrame({"group": name, "n": len(mine), "per_mb": cuts, "share": share}))
    if not rows:
        raise MissingData(f"{cohort.name} has no tumours of known subtype with a mutational burden")
    return pd.concat(rows, ignore_index=True)


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
    """The share of a gene's carriers in one genomic subtype less that in another, by patient."""
    subtype = by_patient(cohort, genomic_subtype(cohort)).astype(str)
    marked = subtype.map({first: True, second: False}).astype("boolean")
    return share_difference(by_patient(cohort, altered(cohort, [gene]))[gene], marked, gene)


def prevalence_findings(cohort: Cohort, subtype: pd.Series) -> dict[str, list[Finding]]:
    """Findings on the prevalence of genes by genomic subtype, by the tail of a claim's id."""
    counts = subtype.value_counts()
    return {
        "kmt2d": [altered_difference(cohort, "KMT2D", SCLC_LIKE, NSCLC_LIKE)],
        "smarca4": [altered_difference(cohort, "SMARCA4", NSCLC_LIKE, SCLC_LIKE)],
        "n.nsclc_like": [of_count(int(counts[NSCLC_LIKE]))],
        "n.sclc_like": [of_count(int(counts[SCLC_LIKE]))],
    }


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
    for name, n in subtype.value_counts().items():
        found[f"n.{name.lower().replace('-', '_')}"] = [of_count(int(n))]
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


def against_findings(hit: pd.DataFrame, groups: pd.Series, first: str) -> dict[str, list[Finding]]:
    """Findings on one subtype against another cohort (`against`), by the tail of a claim's id: the shares of STK11 and
    KEAP1 carriers, and the number of tumours of which any gene was profiled. first: the subtype's group."""
    answers = {g.lower(): [share_difference(hit[g], groups == first, g)] for g in ("STK11", "KEAP1")}
    profiled = hit.notna().any(axis=1)
    for tail, mine in (("n.sclc_like", groups == first), ("n.sclc", groups != first)):
        answers[tail] = [of_count(int((profiled & mine.to_numpy()).sum()))]
    return answers


def burden_against(cohort: Cohort, subtype: str, other: Cohort, name: str, other_name: str):
    """Tumour mutational burden (per Mb) of one subtype's patients and of another cohort, and which is which."""
    chosen = by_patient(cohort, genomic_subtype(cohort)) == subtype
    mine = by_patient(cohort, burden(cohort))
    mine = mine[chosen.reindex(mine.index, fill_value=False)].dropna()
    theirs = by_patient(other, burden(other)).dropna()
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
