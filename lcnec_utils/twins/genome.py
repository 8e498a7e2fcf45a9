"""Simulated tumours: genotype, mutations, copy number, fusions, mutational burden, PD-L1, mismatch repair.

Numbers of tumours by subtype and of printed alterations are exact; what a gene's prevalence is where nobody printed
it, stands in laws/genome.yaml. Which patient has which tumour is dealt at random, as a Cox model deals it where the
source found an effect on survival, and again until the printed sides of p hold.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils.omics.genomics import NSCLC_LIKE, SCLC_LIKE, SUBTYPES, UNCLASSIFIED
from lcnec_utils.twins import times
from lcnec_utils.twins.people import MOST_REDRAWS, NSCLC_TYPE, SCLC_TYPE
from lcnec_utils.twins.targets import Targets

COLUMN = {NSCLC_LIKE: 0, SCLC_LIKE: 1, UNCLASSIFIED: 2, "SCLC": 3}
EXOME, PANEL, INSTITUTION, HOTSPOT = "Exome", "Panel592", "Institution", "Hotspot"
ACTIVATING = {
    "KRAS": ["p.G12D", "p.G12V", "p.G12A", "p.Q61H", "p.G13D"],
    "EGFR": ["p.L858R", "p.E746_A750del"],
    "ERBB2": ["p.Y772_A775dup"],
    "BRAF": ["p.V600E", "p.G469A"],
    "PIK3CA": ["p.E545K", "p.H1047R"],
    "TP53": ["p.R273L", "p.R158L", "p.V157F", "p.R248W", "p.G245V", "p.Y220C", "p.R175H"],
}
AMINO_ACIDS = np.array(list("ACDEFGHIKLMNPQRSTVWY"))
COUNTED = ["Missense_Mutation", "Nonsense_Mutation", "Frame_Shift_Del", "Frame_Shift_Ins", "In_Frame_Del"]
# what a class of variant looks like in a MAF: type, reference and alternative allele, length on the reference
ALLELES = {
    "Missense_Mutation": ("SNP", "G", "T", 1),
    "Nonsense_Mutation": ("SNP", "C", "T", 1),
    "Splice_Site": ("SNP", "G", "A", 1),
    "Silent": ("SNP", "C", "T", 1),
    "Frame_Shift_Del": ("DEL", "C", "-", 1),
    "Frame_Shift_Ins": ("INS", "-", "A", 2),
    "In_Frame_Del": ("DEL", "AAG", "-", 3),
    "In_Frame_Ins": ("INS", "-", "AAG", 2),
}


MAF_ALLELES = ["Variant_Type", "Reference_Allele", "Tumor_Seq_Allele2", "length"]


@cache
def assays() -> dict[str, list[str]]:
    """The genes of the exome's deeply read part and of the 592-gene panel (genes.txt)."""
    lines = Path(__file__).with_name("genes.txt").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    return {EXOME: [row[0] for row in rows], PANEL: [row[0] for row in rows if len(row) > 1]}


def count_for_p(p: float, n: int, other: int, other_n: int, upward: bool) -> int:
    """The count of n whose share differs from other/other_n at the two-sided chi-squared p nearest the printed one."""
    counts = np.arange(n + 1)
    counts = counts[(counts / n > other / other_n) == upward]
    found = [stats.chi2_contingency([[k, n - k], [other, other_n - other]], correction=False)[1] for k in counts]
    return int(counts[np.argmin(np.abs(np.log(np.maximum(found, 1e-300)) - np.log(p)))])


def prevalence(targets: Targets) -> dict[str, list[float]]:
    """Share of tumours altered in each gene: NSCLC-like, SCLC-like, unclassified, SCLC."""
    table = dict(targets.assume("genome", "prevalence"))
    table["KMT2D"] = targets.planted("genome", "kmt2d")
    table["SMARCA4"] = targets.planted("genome", "smarca4")
    return table


def _exact(rng: np.random.Generator, n: int, count: int) -> np.ndarray:
    flags = np.zeros(n, bool)
    flags[rng.permutation(n)[:count]] = True
    return flags


def genotypes(
    rng: np.random.Generator,
    kinds: np.ndarray,
    shares: dict[str, list[float]],
    counts: dict[str, dict[str, int]] | None = None,
) -> pd.DataFrame:
    """Which genes are altered in each tumour, tumours × genes; every subtype fits its definition.

    kinds: genomic subtype, or SCLC, of each tumour. counts: gene → kind → exact number of tumours, else the share gives
    the number, to the nearest whole one; where it is None each tumour is drawn by itself.
    """
    table = {gene: np.zeros(len(kinds), bool) for gene in shares}
    for kind in dict.fromkeys(kinds):
        rows = np.flatnonzero(kinds == kind)
        for gene, share in shares.items():
            wanted = share[COLUMN[kind]]
            if counts is None:
                table[gene][rows] = rng.random(len(rows)) < wanted
            else:
                number = counts.get(gene, {}).get(kind, round(wanted * len(rows)))
                table[gene][rows] = _exact(rng, len(rows), number)
        if kind == NSCLC_LIKE:
            # one of the three makes the subtype: who has none gets one by their shares
            trio = ["KRAS", "STK11", "KEAP1"]
            none = rows[~np.any([table[gene][rows] for gene in trio], axis=0)]
            weight = np.array([shares[gene][0] for gene in trio])
            given = rng.choice(trio, len(none), p=weight / weight.sum())
            for gene in trio:
                table[gene][none[given == gene]] = True
        elif kind == UNCLASSIFIED:
            # RB1 without TP53, for both together would be SCLC-like
            table["TP53"][rows] &= ~table["RB1"][rows]
    return pd.DataFrame(table)


def mutational_burden(
    rng: np.random.Generator, high: np.ndarray, megabases: np.ndarray, law: dict, cut: float, least: np.ndarray
) -> np.ndarray:
    """Counted mutations of each tumour: lognormal burden per Mb, above or below the cut-off as `high` says.

    least: counted mutations a tumour has already.
    """
    median, spread = np.log(law["median_per_mb"]), law["log_sd"]
    edge = stats.norm.cdf((np.log(cut) - median) / spread)
    u = np.where(high, edge + (1 - edge) * rng.random(len(high)), edge * rng.random(len(high)))
    per_mb = np.exp(median + spread * stats.norm.ppf(np.clip(u, 1e-6, 1 - 1e-6)))
    counted = np.rint(per_mb * megabases).astype(int)
    lowest, highest = np.ceil(cut * megabases).astype(int), np.ceil(cut * megabases).astype(int) - 1
    counted = np.where(high, np.maximum(counted, lowest), np.minimum(counted, highest))
    return np.maximum(counted, least)


def drivers(rng: np.random.Generator, targets: Targets, altered: pd.DataFrame, fixed: dict[str, dict[int, str]]):
    """How each altered gene is altered: a table of mutations (row, gene, class, protein change) and deep deletions.

    fixed: gene → row of the tumour → protein change that is given.
    """
    truncating, otherwise = targets.assume("genome", "truncating"), targets.assume("genome", "truncating_else")
    deleted, splice = targets.assume("genome", "deleted"), targets.assume("genome", "splice")
    row, column = np.nonzero(altered.to_numpy())
    gene = altered.columns.to_numpy(dtype=object)[column]
    lost = rng.random(len(row)) < np.array([deleted.get(name, 0.0) for name in gene])
    given = np.array([r in fixed.get(g, {}) for r, g in zip(row, gene, strict=True)], bool)
    lost &= ~given
    cut = rng.random(len(row)) < np.array([truncating.get(name, otherwise) for name in gene])
    kind = np.where(cut, rng.choice(["Nonsense_Mutation", "Frame_Shift_Del", "Frame_Shift_Ins"], len(row)), COUNTED[0])
    kind = np.where(cut & (rng.random(len(row)) < splice / max(otherwise, splice)), "Splice_Site", kind).astype(object)
    table = pd.DataFrame({"row": row, "gene": gene, "class": kind})
    table["change"] = protein_changes(rng, table["class"].to_numpy())
    for name, changes in ACTIVATING.items():
        hits = np.flatnonzero((gene == name) & (kind == COUNTED[0]))
        table.loc[hits, "change"] = rng.choice(changes, len(hits))
    for name, changes in fixed.items():
        for place, change in changes.items():
            table.loc[(row == place) & (gene == name), ["class", "change"]] = [_class_of(change), change]
    table.loc[table["change"].str.contains("dup"), "class"] = "In_Frame_Ins"
    table.loc[table["change"].str.fullmatch(r"p\.\w+_\w+del"), "class"] = "In_Frame_Del"
    return table[~lost].reset_index(drop=True), table.loc[lost, ["row", "gene"]].reset_index(drop=True)


def _class_of(change: str) -> str:
    return "In_Frame_Del" if change.endswith("del") else "In_Frame_Ins" if change.endswith("dup") else COUNTED[0]


def protein_changes(rng: np.random.Generator, kinds: np.ndarray) -> np.ndarray:
    """A made-up protein change in HGVS for each variant class."""
    n = len(kinds)
    first = rng.integers(0, 20, n)
    second = (first + rng.integers(1, 20, n)) % 20
    place = rng.integers(2, 900, n).astype(str)
    start = np.char.add(np.char.add("p.", AMINO_ACIDS[first]), place)
    kinds = kinds.astype(str)
    missense = np.char.add(start, AMINO_ACIDS[second])
    frame_shift = np.char.add(missense, "fs*12")
    splice = np.char.add(np.char.add("p.X", place), "_splice")
    return np.select(
        [kinds == "Nonsense_Mutation", np.char.startswith(kinds, "Frame_Shift"), kinds == "Splice_Site",
         kinds == "In_Frame_Del", kinds == "Silent"],
        [np.char.add(start, "*"), frame_shift, splice, np.char.add(start, "del"), np.char.add(start, "=")],
        missense,
    ).astype(object)  # fmt: skip


def passengers(
    rng: np.random.Generator, number: np.ndarray, assay: np.ndarray, barred: set[str], kinds=None
) -> pd.DataFrame:
    """Further mutations: `number` in each tumour, in genes of its assay that no table names (barred)."""
    row = np.repeat(np.arange(len(number)), number)
    gene = np.empty(len(row), dtype=object)
    for name in dict.fromkeys(assay):
        genes = np.array([g for g in assays()[name] if g not in barred], dtype=object)
        # long genes collect more; the same ones in every cohort and for every seed
        weight = np.random.default_rng(len(genes)).gamma(1.2, size=len(genes))
        here = np.flatnonzero(assay[row] == name)
        gene[here] = rng.choice(genes, len(here), p=weight / weight.sum())
    chosen = (
        rng.choice(COUNTED, len(row), p=[0.83, 0.06, 0.05, 0.03, 0.03]) if kinds is None else np.full(len(row), kinds)
    )
    table = pd.DataFrame({"row": row, "gene": gene, "class": chosen.astype(object)})
    return table.assign(change=protein_changes(rng, chosen.astype(str)))


def maf(rng: np.random.Generator, samples: np.ndarray, rows: pd.DataFrame) -> pd.DataFrame:
    """Mutations as MAF columns. Positions are placeholders: one made-up locus per gene and change.

    rows: row (of samples), gene, class, change, pathogenicity, gnomad.
    """
    kinds = rows["class"].to_numpy()
    words = {name: np.array([ALLELES[kind][place] for kind in kinds], dtype=object)
             for place, name in enumerate(MAF_ALLELES)}  # fmt: skip
    order = {gene: place for place, gene in enumerate(sorted(rows["gene"].unique()))}
    place = rows["gene"].map(order).to_numpy()
    residue = rows["change"].str.extract(r"(\d+)", expand=False).astype(int).to_numpy()
    start = 1_000_000 + 50_000 * (place // 22) + 3 * residue
    depth = rng.integers(150, 900, len(rows))
    alternative = np.maximum(rng.binomial(depth, rng.uniform(0.08, 0.6, len(rows))), 5)
    table = pd.DataFrame(
        {
            "Hugo_Symbol": rows["gene"].to_numpy(),
            "NCBI_Build": "GRCh37",
            "Chromosome": (place % 22 + 1).astype(str),
            "Start_Position": start,
            "End_Position": start + words["length"].astype(int) - 1,
            "Strand": "+",
            "Variant_Classification": kinds,
            "Variant_Type": words["Variant_Type"],
            "Reference_Allele": words["Reference_Allele"],
            "Tumor_Seq_Allele1": words["Reference_Allele"],
            "Tumor_Seq_Allele2": words["Tumor_Seq_Allele2"],
            "Tumor_Sample_Barcode": samples[rows["row"].to_numpy()],
            "HGVSp_Short": rows["change"].to_numpy(),
            "t_alt_count": alternative,
            "t_ref_count": depth - alternative,
            "PATHOGENICITY": rows["pathogenicity"].to_numpy(),
            "GNOMAD_AF": rows["gnomad"].to_numpy(),
        }
    )
    key = ["Tumor_Sample_Barcode", "Chromosome", "Start_Position", "Tumor_Seq_Allele2"]
    # two calls of a tumour in one place would be read as one: the second moves on by a base
    for _ in range(20):
        again = table.duplicated(key)
        if not again.any():
            break
        table.loc[again, ["Start_Position", "End_Position"]] += 1
    return table


def calls(
    rng: np.random.Generator,
    targets: Targets,
    mutated: pd.DataFrame,
    counted: np.ndarray,
    assay: np.ndarray,
    barred: set,
) -> pd.DataFrame:
    """All rows of a tumour set: drivers, passengers up to the counted burden, and rows that a burden does not count."""
    known = mutated[mutated["class"] != "Splice_Site"]["row"].value_counts().reindex(range(len(counted)), fill_value=0)
    more = passengers(rng, np.maximum(counted - known.to_numpy(), 0), assay, barred)
    other = targets.assume("genome", "not_counted")
    drawn = {name: passengers(rng, rng.poisson(share * counted), assay, barred, "Silent" if name == "silent" else None)
             for name, share in other.items()}  # fmt: skip
    parts = [
        mutated.assign(
            pathogenicity=np.where(mutated["gene"].isin(["LRP1B", "FAT1", "PTPRD"]), "VUS", "Pathogenic"), gnomad=np.nan
        ),
        more.assign(pathogenicity="VUS", gnomad=np.nan),
        drawn["silent"].assign(pathogenicity="Benign", gnomad=np.nan),
        drawn["gnomad"].assign(pathogenicity="VUS", gnomad=np.round(rng.uniform(2e-4, 0.02, len(drawn["gnomad"])), 6)),
        drawn["benign"].assign(pathogenicity="Benign", gnomad=np.nan),
    ]
    rows = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return rows.sort_values(["row", "gene", "class", "change"], kind="stable", ignore_index=True)


def in_burden(calls: pd.DataFrame) -> pd.Series:
    """Whether each row of a MAF counts towards the tumour mutational burden, as Methods have it."""
    kinds = calls["Variant_Classification"].isin([*COUNTED, "In_Frame_Ins"])
    return kinds & calls["GNOMAD_AF"].isna() & (calls["PATHOGENICITY"] != "Benign")


def copy_number(
    rng: np.random.Generator, targets: Targets, kinds: np.ndarray, lost: pd.DataFrame, profiled: np.ndarray
) -> pd.DataFrame:
    """Discrete copy number, genes × tumours, −2 to 2; missing in tumours that were not profiled."""
    amplified = targets.assume("genome", "amplified")
    genes = sorted({*amplified, *targets.assume("genome", "deleted")})
    levels = rng.choice([-1, 0, 0, 0, 0, 1], (len(genes), len(kinds)))
    column = np.array([COLUMN[kind] for kind in kinds])
    for gene, shares in amplified.items():
        levels[genes.index(gene)][rng.random(len(kinds)) < np.array(shares)[column]] = 2
    for row, gene in lost.itertuples(index=False):
        levels[genes.index(gene), row] = -2
    table = pd.DataFrame(levels, index=pd.Index(genes, name="Hugo_Symbol")).astype("Int64")
    table.loc[:, ~profiled] = pd.NA
    return table


def fusion(sample: str, first: str, second: str) -> dict:
    """One structural variant, as cBioPortal's columns."""
    return {
        "Sample_Id": sample, "SV_Status": "SOMATIC", "Site1_Hugo_Symbol": first, "Site2_Hugo_Symbol": second,
        "Event_Info": f"{first}::{second} fusion", "Class": "FUSION",
    }  # fmt: skip


def pdl1(rng: np.random.Generator, tested: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """PD-L1 tumour proportion scores, percent; missing where untested."""
    score = np.where(positive, np.clip(np.rint(100 * rng.beta(0.6, 1.1, len(tested))), 1, 100), 0.0)
    return np.where(tested, score, np.nan)


# name of a test in the laws → its column, and its words for a deficient and a proficient tumour; in order of precedence
MMR_TESTS = {
    "ihc": ("MMR_IHC", "dMMR", "pMMR"), "fragment": ("MSI_FRAGMENT_ANALYSIS", "MSI-H", "MSS"),
    "ngs": ("MSI_NGS", "MSI-H", "MSS"),
}  # fmt: skip


def mismatch_repair(rng: np.random.Generator, targets: Targets, deficient: np.ndarray) -> pd.DataFrame:
    """Mismatch repair by immunohistochemistry, fragment analysis and sequencing, and the status by that order."""
    tested = targets.assume("genome", "mmr_tested")
    n = len(deficient)
    table = pd.DataFrame()
    for name, (column, yes, no) in MMR_TESTS.items():
        known = (rng.random(n) < tested[name]) | deficient
        table[column] = np.where(known, np.where(deficient, yes, no), "")
    first = table["MMR_IHC"].where(table["MMR_IHC"] != "", table["MSI_FRAGMENT_ANALYSIS"])
    status = first.where(first != "", table["MSI_NGS"]).replace({"MSI-H": "dMMR", "MSS": "pMMR"})
    table.insert(0, "MMR_STATUS", status.replace({"dMMR": "dMMR/MSI-H", "pMMR": "pMMR/MSS"}))
    return table


def with_discordant_tests(rng: np.random.Generator, targets: Targets, repair: pd.DataFrame) -> pd.DataFrame:
    """The table of `mismatch_repair` in which, in a few tumours, a later test contradicts the first.

    The status follows the first test, so it stays as it is.
    """
    repair = repair.copy()
    columns = [column for column, *_ in MMR_TESTS.values()]
    several = np.flatnonzero((repair[columns] != "").sum(axis=1) > 1)
    number = round(targets.assume("genome", "mmr_discordant") * len(several))
    for row in np.sort(rng.permutation(several)[:number]):
        later = [column for column in columns if repair.at[row, column] != ""][1:]
        column = rng.choice(later)
        repair.at[row, column] = {"MSI-H": "MSS", "MSS": "MSI-H"}[repair.at[row, column]]
    return repair


def sclc_biomarkers(
    rng: np.random.Generator, targets: Targets, burden: np.ndarray, untested: int
) -> dict[str, np.ndarray]:
    """PD-L1 and mismatch repair of SCLC, as sample columns: nobody printed them, so their shares are assumed.

    burden: mutations per Mb of the sequenced tumours, from the highest of which the deficient ones are drawn. untested:
    tumours beyond these, with no test at all.
    """
    n = len(burden)
    tested = rng.random(n) < targets.assume("genome", "pdl1_tested_sclc")
    score = pdl1(rng, tested, rng.random(n) < targets.assume("genome", "pdl1_positive_sclc"))
    law = targets.assume("genome", "mmr_deficient_sclc")
    highest = np.argsort(-burden, kind="stable")[: round(law["of_highest_burden"] * n)]
    deficient = np.zeros(n, bool)
    deficient[rng.permutation(highest)[: round(law["share"] * n)]] = True
    repair = with_discordant_tests(rng, targets, mismatch_repair(rng, targets, deficient))
    columns = {"PDL1_SCORE": score, "PDL1_ASSAY": np.where(np.isnan(score), "", "22c3"), **repair}
    return {
        name: np.append(values, np.full(untested, np.nan if name == "PDL1_SCORE" else "")).astype(
            float if name == "PDL1_SCORE" else object
        )
        for name, values in columns.items()
    }


# --- which patient has which tumour


def deal(rng: np.random.Generator, months: np.ndarray, died: np.ndarray, log_hazard: np.ndarray) -> np.ndarray:
    """Tumours dealt to patients as a Cox model deals them: at each death, by hazard among those left.

    Returns the tumour of each patient; log_hazard is by tumour. Whoever leaves alive does so whatever the tumour.
    """
    dealt = np.empty(len(months), int)
    left = np.arange(len(months))
    for patient in np.argsort(months, kind="stable"):
        weight = np.exp(log_hazard[left]) if died[patient] else np.ones(len(left))
        pick = rng.choice(len(left), p=weight / weight.sum())
        dealt[patient] = left[pick]
        left = np.delete(left, pick)
    return dealt


def side(months, died, flags, known, least: int = 5) -> float | None:
    """Log-rank p of carriers against wild type among those profiled; None where a side has too few."""
    flags, months, died = flags[known], months[known], died[known]
    if min(flags.sum(), (~flags).sum()) < least:
        return None
    return times.log_rank_p(months, died, flags.astype(int))


def survival_fits(
    months, died, subtype: np.ndarray, altered: pd.DataFrame, known: pd.DataFrame, worse: dict, genes
) -> bool:
    """Whether no gene and no subtype tells survival but those that do in print, which tell it at p < .05."""
    typed = np.isin(subtype, SUBTYPES)
    place = np.array([SUBTYPES.index(name) if name in SUBTYPES else 0 for name in subtype])
    if times.log_rank_p(months[typed], died[typed], place[typed]) < 0.08:
        return False
    for gene in genes:
        carriers, profiled = altered[gene].to_numpy(), known[gene].to_numpy()
        # a handful of carriers may differ by chance too: they are held to the print like the others
        p = side(months, died, carriers, profiled, least=5 if gene in worse else 1)
        if gene in worse:
            beta = times.cox(months[profiled], died[profiled], carriers[profiled, None].astype(float))[0][0]
            if p is None or p > 0.03 or beta < 0:
                return False
        elif p is not None and p < 0.08:
            return False
    return True


def matched_backbones(rng, patients: pd.DataFrame, subtype: np.ndarray, numbers: tuple[int, int], accept) -> np.ndarray:
    """Backbones so that so many NSCLC-like tumours got NSCLC-type and SCLC-like ones SCLC-type chemotherapy."""
    treated, followed = (patients["CHEMOTHERAPY_BACKBONE"] != "").to_numpy(), patients["OS_MONTHS"].notna().to_numpy()
    has = treated & followed
    able = [np.flatnonzero(has & (subtype == kind)) for kind in (NSCLC_LIKE, SCLC_LIKE)]
    if any(len(rows) < number for rows, number in zip(able, numbers, strict=True)):
        raise times.CannotDraw(f"no {numbers[0]} and {numbers[1]} patients can have the chemotherapy of their subtype")
    for _ in range(MOST_REDRAWS):
        chosen = [np.sort(rng.permutation(rows)[:number]) for rows, number in zip(able, numbers, strict=True)]
        if accept(*chosen):
            break
    else:
        raise times.CannotDraw("no choice of patients meets the printed hazard ratio of subtype-matched chemotherapy")
    backbone = patients["CHEMOTHERAPY_BACKBONE"].to_numpy(dtype=object).copy()
    for kind, other in ((NSCLC_LIKE, SCLC_TYPE), (SCLC_LIKE, NSCLC_TYPE)):
        backbone[treated & ~followed & (subtype == kind)] = other
    for rows, picked, mine, other in zip(able, chosen, (NSCLC_TYPE, SCLC_TYPE), (SCLC_TYPE, NSCLC_TYPE), strict=True):
        backbone[rows] = other
        backbone[picked] = mine
    return backbone
