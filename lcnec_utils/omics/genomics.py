"""Alterations, genotypes and the genomic subtype of LCNEC, with "not profiled" kept apart from "wild type"."""

import numpy as np
import pandas as pd

from lcnec_utils.cohort import words
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core.errors import MissingData
from lcnec_utils.stats.proportions import boolean_flags, check_groups, check_index

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


def example_cohort() -> Cohort:
    """Four invented tumours of four patients, on which the examples of this module run.

    S1 carries TP53 and RB1, S2 KRAS G12C and a deep deletion of CDKN2A, S3 a fusion of EML4 and ALK; the panel of S4
    lacks KEAP1.

    >>> example_cohort().samples["TMB_NONSYNONYMOUS"].tolist()
    [12.0, 4.0, 7.5, nan]
    """
    names = pd.Index(["S1", "S2", "S3", "S4"], name="SAMPLE_ID")
    patients = pd.Index(["P1", "P2", "P3", "P4"], name="PATIENT_ID")
    whole = {*SUBTYPE_GENES, "EGFR", "ERBB2", "CDKN2A", "ALK"}
    calls = [
        ("S1", "TP53", "Missense_Mutation", "p.R175H"),
        ("S1", "RB1", "Nonsense_Mutation", "p.R320*"),
        ("S2", "KRAS", "Missense_Mutation", "p.G12C"),
    ]
    return Cohort(
        name="example",
        patients=pd.DataFrame({"SEX": ["Female", "Male", "Female", "Male"]}, patients),
        samples=pd.DataFrame(
            {
                "PATIENT_ID": patients,
                "COVERED_MEGABASES": [1.0, 1.0, 1.0, np.nan],
                "TMB_NONSYNONYMOUS": [12.0, 4.0, 7.5, np.nan],
                "PDL1_SCORE": [0.0, 60.0, np.nan, 1.0],
                "MMR_IHC": ["proficient", "deficient", None, "proficient"],
                "MSI_NGS": ["stable", "stable", "stable", None],
            },
            names,
        ),
        mutations=pd.DataFrame(
            calls, columns=["Tumor_Sample_Barcode", "Hugo_Symbol", "Variant_Classification", "HGVSp_Short"]
        ),
        copy_number=pd.DataFrame({"S1": [0], "S2": [-2], "S3": [0]}, ["CDKN2A"]),
        structural_variants=pd.DataFrame(
            {"Sample_Id": ["S3"], "Site1_Hugo_Symbol": ["EML4"], "Site2_Hugo_Symbol": ["ALK"]}
        ),
        panel_of=pd.Series(["whole", "whole", "whole", "small"], names),
        panel_genes={"whole": whole, "small": whole - {"KEAP1"}},
    )


def mutation_class(consequence: str) -> str:
    """The class (of CLASSES) of a mutation by its consequence, in the words of MAF, VEP, SnpEff or ANNOVAR.

    >>> mutation_class("Nonsense_Mutation"), mutation_class("missense_variant"), mutation_class("")
    ('truncating', 'missense', 'mutation, consequence not given')
    """
    kind = words.consequence(consequence)[0]
    return kind if kind in CLASSES else UNSTATED if consequence == "" else OTHER


# Columns that say what a mutation does to a cancer, and the words that make it count: ACMG's five classes, OncoKB's
JUDGED = {
    "PATHOGENICITY": {"pathogenic", "likely pathogenic", "pathogenic/likely pathogenic"},
    "ONCOGENIC": {"oncogenic", "likely oncogenic", "predicted oncogenic"},
    "cbp_driver": {"putative driver"},
}


def counted_calls(cohort: Cohort) -> pd.DataFrame:
    """The mutations that count as alterations: those that a column of JUDGED calls pathogenic, or all without one.

    A mutation that such a column leaves empty does not count. Returns rows of `cohort.mutations`. Raises MissingData
    where the cohort has no mutations or such a column was refused.

    >>> counted_calls(example_cohort())["Hugo_Symbol"].tolist()
    ['TP53', 'RB1', 'KRAS']
    """
    calls = cohort.need_mutations()
    for column, count in JUDGED.items():
        if column in cohort.refused:  # without it every call would count
            raise MissingData(cohort.refused[column])
        if column in calls and (calls[column] != "").any():
            return calls[calls[column].str.lower().str.replace("_", " ").isin(count)]
    return calls


def alterations(cohort: Cohort, *, genes: list[str]) -> pd.DataFrame:
    """Every alteration of the genes, each class once per sample and gene. Columns: sample, gene, alteration.

    Mutations that count (`counted_calls`) by class, deep deletions and amplifications where the cohort has copy
    number, rearrangements where it has structural variants. Raises MissingData where it has no mutations.

    >>> alterations(example_cohort(), genes=["TP53", "CDKN2A", "ALK"]).to_numpy().tolist()
    [['S1', 'TP53', 'missense'], ['S2', 'CDKN2A', 'deep deletion'], ['S3', 'ALK', 'rearrangement']]
    """
    calls = counted_calls(cohort)
    calls = calls[calls["Hugo_Symbol"].isin(genes)]
    kind = UNSTATED
    if "Variant_Classification" in calls:
        consequences = calls["Variant_Classification"]
        kind = consequences.map({word: mutation_class(word) for word in consequences.unique()})
    tables = [pd.DataFrame({"sample": calls["Tumor_Sample_Barcode"], "gene": calls["Hugo_Symbol"], "alteration": kind})]
    if cohort.copy_number is not None:
        levels = cohort.copy_number.reindex([gene for gene in genes if gene in cohort.copy_number.index])
        for level, name in ((-2, DEEP_DELETION), (2, AMPLIFICATION)):
            row, column = np.nonzero(levels.to_numpy() == level)
            cells = {"sample": levels.columns.to_numpy()[column], "gene": levels.index.to_numpy()[row]}
            tables.append(pd.DataFrame(cells | {"alteration": name}))
    if cohort.structural_variants is not None:
        for site in ("Site1_Hugo_Symbol", "Site2_Hugo_Symbol"):
            if site in cohort.structural_variants:
                variants = cohort.structural_variants[cohort.structural_variants[site].isin(genes)]
                cells = {"sample": variants["Sample_Id"], "gene": variants[site], "alteration": REARRANGEMENT}
                tables.append(pd.DataFrame(cells))
    table = pd.concat(tables, ignore_index=True).drop_duplicates()
    return table.sort_values(["sample", "gene", "alteration"], ignore_index=True)


INACTIVATED_BY_LOSS = {"RB1", "TP53", "STK11", "KEAP1", "SMARCA4", "CDKN2A", "PTEN", "ARID1A", "NF1", "KMT2D"}
FUSED = ["ALK", "ROS1", "RET", "NTRK1", "NTRK2", "NTRK3"]  # oncogenes that a fusion activates


def altered(cohort: Cohort, *, genes: list[str]) -> pd.DataFrame:
    """Whether each sample's gene is altered: True, False, or missing where it was not profiled. Samples × genes.

    A mutation that counts alters any gene; a deep deletion (where there is copy number) and a rearrangement (where
    there are structural variants) alter a tumour suppressor (INACTIVATED_BY_LOSS), and a rearrangement an oncogene that
    fusions activate (FUSED). Amplifications, and rearrangements of other genes, are shown by `alterations` and not
    counted here. Raises MissingData where the cohort has no mutations.

    >>> altered(example_cohort(), genes=["TP53", "CDKN2A", "KEAP1"]).rename_axis(None)
    gene   TP53  CDKN2A  KEAP1
    S1     True   False  False
    S2    False    True  False
    S3    False   False  False
    S4    False   False   <NA>
    """
    genes = list(dict.fromkeys(genes))
    table = alterations(cohort, genes=genes)
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
    """The genomic subtype of each sample as a column of the study gives it (GENOMIC_SUBTYPE); None without one.

    >>> given_subtype(example_cohort()) is None
    True
    """
    if "GENOMIC_SUBTYPE" in cohort.samples and cohort.samples["GENOMIC_SUBTYPE"].notna().any():
        return cohort.samples["GENOMIC_SUBTYPE"]
    if "GENOMIC_SUBTYPE" in cohort.patients and cohort.patients["GENOMIC_SUBTYPE"].notna().any():
        return cohort.samples["PATIENT_ID"].map(cohort.patients["GENOMIC_SUBTYPE"])
    return None


def subtype_is_given(cohort: Cohort) -> bool:
    """Whether the genomic subtype is the study's own column, for no tumour was profiled for all five genes.

    >>> subtype_is_given(example_cohort())
    False
    """
    if given_subtype(cohort) is None:
        return False
    return cohort.mutations is None or not altered(cohort, genes=SUBTYPE_GENES).notna().all(axis=1).any()


def genomic_subtype(cohort: Cohort) -> pd.Series:
    """The genomic subtype of each sample, by the alterations that `altered` counts.

    SCLC-like: TP53 and RB1 altered. NSCLC-like: STK11, KRAS or KEAP1 altered and RB1 wild type. Unclassified:
    neither. Unknown: one of the five genes was not profiled. Source: the main paper's Results and Methods.
    Where no tumour has the genotype and the study gives the subtype itself, that stands in (`subtype_is_given`).
    Returns a categorical series by sample. Raises MissingData where the cohort has neither mutations nor that column.

    >>> genomic_subtype(example_cohort()).to_dict()
    {'S1': 'SCLC-like', 'S2': 'NSCLC-like', 'S3': 'Unclassified', 'S4': 'Unknown'}
    """
    if subtype_is_given(cohort):
        subtype = given_subtype(cohort).fillna(UNKNOWN)
    else:
        hit = altered(cohort, genes=SUBTYPE_GENES)
        complete = hit.notna().all(axis=1)
        carries = hit.fillna(False).astype(bool)
        sclc = carries["TP53"] & carries["RB1"]
        nsclc = (carries["STK11"] | carries["KRAS"] | carries["KEAP1"]) & ~carries["RB1"]
        subtype = np.select([~complete, sclc, nsclc], [UNKNOWN, SCLC_LIKE, NSCLC_LIKE], UNCLASSIFIED)
    return pd.Series(pd.Categorical(subtype, [*SUBTYPES, UNKNOWN]), index=cohort.samples.index, name="genomic_subtype")


def known_subtype(cohort: Cohort, *, samples: pd.Index) -> pd.Series:
    """The genomic subtype, as text, of those of these samples in which it is known; NO_GENOTYPE for all where none is.

    So a cohort that has expression alone is drawn as one group.

    >>> known_subtype(example_cohort(), samples=pd.Index(["S1", "S4"])).to_dict()
    {'S1': 'SCLC-like'}
    >>> known_subtype(example_cohort(), samples=pd.Index(["S4"])).to_dict()
    {'S4': 'Genotype unknown'}
    """
    if cohort.mutations is None and given_subtype(cohort) is None:
        return pd.Series(NO_GENOTYPE, samples)
    subtype = genomic_subtype(cohort).reindex(samples)
    known = subtype[subtype.notna() & (subtype != UNKNOWN)].astype(str)
    return known if len(known) else pd.Series(NO_GENOTYPE, samples)


def by_patient(cohort: Cohort, values: pd.Series | pd.DataFrame) -> pd.Series | pd.DataFrame:
    """Values of samples by patient, each patient through the sample that stands for it. Index PATIENT_ID.

    values: index SAMPLE_ID; a sample that they lack is missing. Raises UserError where a sample is there twice.

    >>> by_patient(example_cohort(), pd.Series({"S1": 3, "S2": 5, "S3": 7, "S4": 9})).to_dict()
    {'P1': 3, 'P2': 5, 'P3': 7, 'P4': 9}
    """
    check_index(values, "values by sample")
    sample_of = cohort.one_sample_per_patient()
    return values.reindex(sample_of.to_numpy()).set_axis(sample_of.index)


def prevalence(hit: pd.DataFrame, *, groups: pd.Series, first: str, second: str) -> pd.DataFrame:
    """How many samples carry each gene in two groups, of those profiled. Index gene; columns k_1, n_1, k_2, n_2.

    hit: samples × genes, True, False or missing (`altered`). groups: by sample. first, second: the two groups. Raises
    UserError where hit holds anything else or a sample is there twice.

    >>> hit = altered(example_cohort(), genes=["TP53", "KEAP1"])
    >>> groups = pd.Series({"S1": "stage III", "S2": "stage III", "S3": "stage IV", "S4": "stage IV"})
    >>> prevalence(hit, groups=groups, first="stage III", second="stage IV").to_numpy().tolist()
    [[1, 2, 0, 2], [0, 2, 0, 1]]
    """
    hit = hit.apply(lambda gene: boolean_flags(gene, name=gene.name))
    check_index(groups, "groups")
    rows = {}
    for gene in hit:
        row = {}
        for side, name in ((1, first), (2, second)):
            values = hit.loc[groups.reindex(hit.index) == name, gene].dropna()
            row |= {f"k_{side}": int(values.sum()), f"n_{side}": len(values)}
        rows[gene] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("gene")


def frequently_mutated(cohort: Cohort, *, at_least: float = 0.05) -> list[str]:
    """Genes with a mutation that counts in at least this share of all samples, most frequent first, ties by symbol.

    at_least: a fraction. Raises MissingData where the cohort has no mutations.

    >>> frequently_mutated(example_cohort(), at_least=0.25)
    ['KRAS', 'RB1', 'TP53']
    """
    calls = counted_calls(cohort)[["Tumor_Sample_Barcode", "Hugo_Symbol"]].drop_duplicates()
    counts = calls["Hugo_Symbol"].value_counts()
    counts = counts[counts >= at_least * len(cohort.samples)]
    return sorted(counts.index, key=lambda gene: (-counts[gene], gene))


def carrier(hit: pd.DataFrame) -> pd.DataFrame:
    """True and False as the groups "wild type" and "mutated", wild type first; not profiled stays missing.

    hit: as `altered` gives it. Raises UserError where it holds anything but True, False and missing values.

    >>> carrier(altered(example_cohort(), genes=["KEAP1", "KRAS"])).loc["S2"].tolist()
    ['wild type', 'mutated']
    """
    names = (
        hit.apply(lambda gene: boolean_flags(gene, name=gene.name))
        .astype(object)
        .replace({True: "mutated", False: "wild type"})
    )
    return names.apply(lambda gene: pd.Categorical(gene.where(gene.notna(), None), ["wild type", "mutated"]))


def clinical_tracks(cohort: Cohort, *, columns: dict[str, str]) -> dict[str, pd.Series]:
    """Clinical columns by sample, under their labels; a column that the cohort lacks, or has empty, is left out.

    columns: column → label.

    >>> list(clinical_tracks(example_cohort(), columns={"SEX": "Sex", "AGE": "Age (years)"}))
    ['Sex']
    """
    tracks = {}
    for name, label in columns.items():
        if name in cohort.samples:
            tracks[label] = cohort.samples[name]
        elif name in cohort.patients:
            tracks[label] = cohort.samples["PATIENT_ID"].map(cohort.patients[name])
    return {label: values for label, values in tracks.items() if values.notna().any()}


def protein_changes(cohort: Cohort, *, alleles: dict[str, tuple[str, str]]) -> pd.DataFrame:
    r"""Which samples carry a protein change. Samples × alleles, booleans; missing where the gene was not profiled, or
    everywhere where the cohort gives no protein change (HGVSp_Short).

    alleles: name → (gene, regular expression on HGVSp_Short). Raises MissingData where the cohort has no mutations.

    >>> protein_changes(example_cohort(), alleles={"KRAS G12C": ("KRAS", r"^p\.G12C$")})["KRAS G12C"].tolist()
    [False, True, False, False]
    """
    calls = cohort.need_mutations()
    table = pd.DataFrame(index=cohort.samples.index)
    for name, (gene, pattern) in alleles.items():
        if "HGVSp_Short" not in calls:
            table[name] = pd.Series(pd.NA, table.index, dtype="boolean")
            continue
        matching = calls[(calls["Hugo_Symbol"] == gene) & calls["HGVSp_Short"].str.contains(pattern, regex=True)]
        carries = pd.Series(table.index.isin(matching["Tumor_Sample_Barcode"]), table.index, dtype="boolean")
        table[name] = carries.mask(~cohort.profiled(gene))
    return table


# Alterations with an approved drug that the source counts: gene → protein changes; and genes of fusions
TARGETS = {
    "KRAS G12C": ("KRAS", r"^p\.G12C$"),
    # with deletions in exon 19 (codons 729 to 761), wherever they start
    "EGFR": ("EGFR", r"^p\.(?:L858R|L861Q|S768I|G719[A-Z]|[A-Z](?:729|7[345]\d|76[01])(?:_[A-Z]\d+)?del)"),
    "ERBB2": ("ERBB2", r"dup|ins|^p\.(?:S310|L755|V777)"),
}


def fusions(cohort: Cohort) -> pd.DataFrame:
    """Which samples carry a fusion of FUSED. Samples × fusions (EML4::ALK), booleans; no column where there is none.

    >>> fusions(example_cohort())["EML4::ALK"].tolist()
    [False, False, True, False]
    """
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


def targetable_alterations(cohort: Cohort) -> pd.DataFrame:
    """Which samples carry which targetable alteration (TARGETS, and `fusions`). Samples × alterations, booleans with
    missing values where the gene was not profiled or the cohort gives no protein change.

    Raises MissingData where the cohort has no mutations.

    >>> list(targetable_alterations(example_cohort()))
    ['KRAS G12C', 'EGFR', 'ERBB2', 'EML4::ALK']
    """
    return protein_changes(cohort, alleles=TARGETS).join(fusions(cohort))


def targetable(cohort: Cohort) -> pd.Series:
    """Whether each sample has a targetable alteration (`targetable_alterations`); missing where a gene of TARGETS was
    not profiled.

    >>> targetable(example_cohort()).tolist()
    [False, True, True, False]
    """
    carried = targetable_alterations(cohort).any(axis=1).astype("boolean")
    return carried.mask(protein_changes(cohort, alleles=TARGETS).isna().any(axis=1))


def deleted(cohort: Cohort, *, gene: str) -> pd.Series:
    """Whether each sample has a deep deletion of a gene; missing where the cohort has no copy number of it.

    >>> deleted(example_cohort(), gene="CDKN2A").tolist()
    [False, True, False, <NA>]
    """
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

    >>> counted_burden(example_cohort()).tolist()
    [2.0, 1.0, 0.0, nan]
    """
    calls = cohort.need_mutations()
    for column, table in (("Variant_Classification", calls), ("COVERED_MEGABASES", cohort.samples)):
        if column not in table:
            raise MissingData(f"{cohort.name} has no {column}, from which a mutational burden could be counted")
    consequences = calls["Variant_Classification"]
    in_burden = {word: mutation_class(word) in BURDEN_CLASSES for word in consequences.unique()}
    counts = consequences.map(in_burden).astype(bool)
    if "GNOMAD_AF" in calls:
        counts &= ~(pd.to_numeric(calls["GNOMAD_AF"], errors="coerce") > 0)
    if "PATHOGENICITY" in calls:
        counts &= ~calls["PATHOGENICITY"].str.lower().str.replace("_", " ").isin(BENIGN)
    number = calls.loc[counts, "Tumor_Sample_Barcode"].value_counts().reindex(cohort.samples.index, fill_value=0)
    return (number / cohort.samples["COVERED_MEGABASES"].replace(0, np.nan)).rename("per_mb")


def burden(cohort: Cohort) -> pd.Series:
    """Tumour mutational burden of each sample, mutations per Mb: as recorded (TMB_NONSYNONYMOUS), else counted.

    Raises MissingData where it is neither recorded nor can be counted.

    >>> burden(example_cohort()).tolist()
    [12.0, 4.0, 7.5, nan]
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
    """Whether a status in words (dMMR, MSI-H, pMMR, MSS, MSI-L, deficient …) is deficient; else missing.

    Where one status gives both, repair (immunohistochemistry's words) is believed before stability.
    """
    text = status.astype(object).where(status.notna(), "").astype(str).str.lower()
    text = text.str.replace(r"[^,;:/()]*\b(?:not|no|non)\b[^,;:/()]*", "", regex=True)  # a denied word does not count
    unstable = text.str.contains("unstable|instable")
    stable = text.str.contains("mss|stable|msi-?l") & ~unstable
    unstable |= text.str.contains("msi-?h") & ~stable
    intact = text.str.contains(r"proficient|pmmr|\bintact")
    lost = text.str.contains("dmmr|deficient") & ~intact
    by_repair = intact | lost
    return (lost | unstable & ~by_repair).astype("boolean").mask(~(by_repair | stable | unstable))


def mismatch_repair_tests(cohort: Cohort) -> pd.DataFrame:
    """Whether each test of mismatch repair calls a sample deficient: samples × tests, missing where it was not made.

    Columns: the tests that the cohort has, in the order in which they are believed. Raises MissingData where fewer than
    two of them have results.

    >>> mismatch_repair_tests(example_cohort()).columns.tolist()
    ['immunohistochemistry', 'sequencing']
    """
    names = [name for name in list(MMR_TESTS)[:3] if name in cohort.samples]
    tests = pd.DataFrame({MMR_TESTS[name]: _deficient(cohort.samples[name]) for name in names}, cohort.samples.index)
    tests = tests.dropna(axis=1, how="all")
    if len(tests.columns) < 2:
        made = f"only {tests.columns[0]} has" if len(tests.columns) else "no test has"
        raise MissingData(
            f"{cohort.name}: agreement needs results of two tests of mismatch repair "
            f"({', '.join(list(MMR_TESTS)[:3])}), and {made} any"
        )
    return tests


def mismatch_repair(cohort: Cohort) -> pd.DataFrame:
    """Mismatch repair of each sample: `deficient` (missing where untested), the `method` believed, and whether the
    tests are `discordant`.

    Where tests disagree, immunohistochemistry is believed, then fragment analysis, then sequencing.

    >>> mismatch_repair(example_cohort()).rename_axis(None)
        deficient                method  discordant
    S1      False  immunohistochemistry       False
    S2       True  immunohistochemistry        True
    S3      False            sequencing       False
    S4      False  immunohistochemistry       False
    """
    results = {name: _deficient(cohort.samples[name]) for name in MMR_TESTS if name in cohort.samples}
    table = pd.DataFrame(index=cohort.samples.index)
    table["deficient"] = pd.Series(pd.NA, table.index, dtype="boolean")
    table["method"] = ""
    for name, deficient in results.items():
        table.loc[table["deficient"].isna() & deficient.notna(), "method"] = MMR_TESTS[name]
        table["deficient"] = table["deficient"].fillna(deficient)
    tests = pd.DataFrame({name: results[name] for name in list(MMR_TESTS)[:3] if name in results}, table.index)
    table["discordant"] = (tests.any(axis=1) & (tests == False).any(axis=1)).astype(bool)  # noqa: E712
    return table


def biomarkers(cohort: Cohort, *, tmb_high_per_mb: float, pdl1_positive_percent: float) -> pd.DataFrame:
    """Biomarkers of checkpoint blockade by patient: TMB high, PD-L1 positive, MMR deficient; missing where untested.

    TMB is high from the cut-off on (≥), PD-L1 positive likewise; a biomarker the cohort lacks is an empty column.

    >>> biomarkers(example_cohort(), tmb_high_per_mb=10, pdl1_positive_percent=1).rename_axis(None)
        TMB high  PD-L1 positive  MMR deficient
    P1      True           False          False
    P2     False            True           True
    P3     False            <NA>          False
    P4      <NA>            True          False
    """

    def at_least(values: pd.Series, cut_off: float) -> pd.Series:
        return (values >= cut_off).astype("boolean").mask(values.isna())

    untested = pd.Series(np.nan, cohort.samples.index)
    try:
        per_mb = burden(cohort)
    except MissingData:
        per_mb = untested
    table = pd.DataFrame({"TMB high": at_least(per_mb, tmb_high_per_mb)})
    table["PD-L1 positive"] = at_least(cohort.samples.get("PDL1_SCORE", untested), pdl1_positive_percent)
    table["MMR deficient"] = mismatch_repair(cohort)["deficient"]
    return by_patient(cohort, table).reindex(cohort.patients.index)


def burden_sweep(cohort: Cohort, *, subtype: pd.Series, min_tumours: int = 3) -> pd.DataFrame:
    """The share of each subtype's tumours with at least so many mutations per Mb, at every burden that occurs.

    subtype: categorical by patient. min_tumours: subtypes with fewer are left out. Columns: group, n, per_mb, share
    (fraction). Raises UserError where subtype is not categorical, MissingData where no subtype has enough tumours.

    >>> subtype = pd.Series(pd.Categorical(["LCNEC"] * 4), ["P1", "P2", "P3", "P4"])
    >>> burden_sweep(example_cohort(), subtype=subtype)[["per_mb", "share"]].round(2).to_numpy().tolist()
    [[0.0, 1.0], [4.0, 1.0], [7.5, 0.67], [12.0, 0.33]]
    """
    check_groups(subtype)
    values = by_patient(cohort, burden(cohort)).dropna()
    tables = []
    for name in subtype.cat.categories:
        per_mb = np.sort(values[subtype.reindex(values.index) == name].to_numpy())
        if len(per_mb) >= min_tumours:
            cut_offs = np.unique([0.0, *per_mb])
            share = 1 - np.searchsorted(per_mb, cut_offs) / len(per_mb)
            tables.append(pd.DataFrame({"group": name, "n": len(per_mb), "per_mb": cut_offs, "share": share}))
    if not tables:
        raise MissingData(f"{cohort.name} has no tumours of known subtype with a mutational burden")
    return pd.concat(tables, ignore_index=True)
