"""Effects on immune checkpoint blockade that reviews quote, recomputed on a cohort of treated patients."""

import pandas as pd

from lcnec_utils import formats
from lcnec_utils.claims import Finding, of_difference, of_hazard, of_share
from lcnec_utils.proportions import mean_difference, share_difference, wilson

# Protein changes (HGVSp_Short) of the alleles that are quoted; exon 19 of EGFR codes residues 729 to 761
ALLELES = {
    "EGFR exon 19 deletion": ("EGFR", r"^p\.\D(?:729|7[345]\d|76[01])(?:_|del).*del"),
    "EGFR L858R": ("EGFR", r"^p\.L858R$"),
    **{f"KRAS {allele}": ("KRAS", rf"^p\.{allele}$") for allele in ("G12C", "G12D", "G12V", "G12A", "G13D", "Q61H")},
}
SQUAMOUS = "LUSC"


def _within(marked: pd.Series, subset: pd.Series) -> pd.Series:
    """A mark within a subset: patients outside it are missing, and so on neither side of a comparison."""
    return marked.mask(~subset.fillna(False).astype(bool))


def contrasts_of(marks) -> pd.DataFrame:
    """The quoted contrasts by patient: True against False, missing for whoever is on neither side.

    marks: mutated (STK11, KEAP1, KRAS, EGFR), alleles (ALLELES), markers, loss (CDKN2A), histology, by patient.
    """
    mutated, alleles, markers, histology = marks.mutated, marks.alleles, marks.markers, marks.histology
    common = alleles["EGFR exon 19 deletion"] | alleles["EGFR L858R"]
    table = pd.DataFrame(
        {
            "STK11 mutated": mutated["STK11"],
            "KEAP1 mutated": mutated["KEAP1"],
            "EGFR mutated": mutated["EGFR"],
            "EGFR exon 19 del or L858R": common.mask(mutated["EGFR"] & ~common),
            "KRAS G12D, of KRAS mutated": _within(alleles["KRAS G12D"], mutated["KRAS"]),
            "TMB high": markers["TMB high"],
            "PD-L1 positive, of TMB high": _within(markers["PD-L1 positive"], markers["TMB high"]),
            "9p21 deleted": marks.loss,
            # who has no histology is neither squamous nor another kind
            "9p21 deleted, non-squamous": _within(marks.loss, histology.notna() & (histology != SQUAMOUS)),
        }
    )
    return table.astype("boolean")


def durable_benefit(column: pd.Series) -> pd.Series:
    """Durable clinical benefit as True and False; not evaluable (NE) and empty are missing."""
    return column.astype("string").str.upper().map({"YES": True, "NO": False}).astype("boolean")


def _share(values: pd.Series, what: str, min_group: int) -> Finding:
    """The share of True of those known, where there are min_group."""
    known = values.dropna()
    if len(known) < min_group:
        return Finding(None, n=len(known), note=_few(what, len(known), "a share", min_group))
    k, n = int(known.sum()), len(known)
    return of_share(k, n, *wilson(k, n))


def _few(what: str, n: int, needs: str, min_group: int) -> str:
    return f"{what} is known of {formats.count(n, 'patient')} here, and {needs} needs {min_group}"


def _lead(alleles: pd.DataFrame, allele: str, min_group: int) -> Finding:
    """By how much an allele's share of carriers exceeds the next most frequent one's (multinomial standard error)."""
    known = alleles.dropna()
    if len(known) < min_group:
        return Finding(None, n=len(known), note=_few("a carrier's protein change", len(known), "a rank", min_group))
    one, other = float(known[allele].mean()), float(known.drop(columns=allele).mean().max())
    se = ((one + other - (one - other) ** 2) / len(known)) ** 0.5
    return of_difference(one - other, se, float("nan"), len(known))


def quoted(effects: pd.DataFrame, contrasts: pd.DataFrame, marks, min_group: int = 5) -> dict[str, Finding]:
    """Findings on what reviews quote, named as `<what>.<of whom>`: survival as ratios of survival (above 1: longer).

    effects: survival.cox_each of contrasts. marks: as in contrasts_of, with burden (per Mb) and benefit, whose absence
    stands for primary resistance. A side of fewer than min_group patients, in effects and here, gives no number.
    """
    mutated, alleles, burden, histology = marks.mutated, marks.alleles, marks.burden, marks.histology
    benefit = durable_benefit(marks.benefit)
    row = effects.set_index("term").loc
    kras, stk11 = mutated["KRAS"], mutated["STK11"]
    carriers = alleles.filter(like="KRAS")[kras.fillna(False).astype(bool)]
    pdl1 = marks.markers["PD-L1 positive"]

    def longer(term: str) -> Finding:
        return of_hazard(row[term], survival=True)

    def share(values: pd.Series, what: str) -> Finding:
        return _share(values, what, min_group)

    def apart(values: pd.Series, marked: pd.Series, what: str) -> Finding:
        return share_difference(values, marked, what, min_group)

    return {
        "pfs.stk11": longer("STK11 mutated"),
        "pfs.keap1": longer("KEAP1 mutated"),
        "efficacy.egfr": longer("EGFR mutated"),
        "pfs.egfr_exon19_l858r": longer("EGFR exon 19 del or L858R"),
        "pfs.kras_g12d": longer("KRAS G12D, of KRAS mutated"),
        "pfs.tmb_high": longer("TMB high"),
        "efficacy.pdl1_in_tmb_high": longer("PD-L1 positive, of TMB high"),
        "prognosis.9p_nonsquamous": longer("9p21 deleted, non-squamous"),
        "clinical_benefit.9p21": apart(benefit, contrasts["9p21 deleted"], "durable benefit"),
        "response.egfr_pd1": apart(benefit, mutated["EGFR"], "durable benefit"),
        "primary_resistance.stk11": apart(~benefit, stk11, "durable benefit"),
        "pdl1.stk11": apart(pdl1, stk11, "PD-L1"),
        "pdl1.keap1": apart(pdl1, mutated["KEAP1"], "PD-L1"),
        "pdl1.kras_stk11": apart(pdl1, _within(stk11, kras), "PD-L1"),
        "tmb.exon19_l858r": mean_difference(
            burden,
            _within(alleles["EGFR exon 19 deletion"], alleles["EGFR exon 19 deletion"] | alleles["EGFR L858R"]),
            "tumour mutational burden",
            min_group,
        ),
        "kras_g12c.most_prevalent": _lead(carriers, "KRAS G12C", min_group),
        "kras_stk11.share": share(_within(stk11, kras), "STK11 in a KRAS-mutated tumour"),
        "stk11.ricciuti": share(stk11, "STK11"),
        "keap1.ricciuti": share(mutated["KEAP1"], "KEAP1"),
        "mdacc.tp53": share(mutated["TP53"], "TP53"),
        "mdacc.kras": share(kras, "KRAS"),
        "mdacc.stk11": share(stk11, "STK11"),
        "kras.luad": share(_within(kras, histology == "LUAD"), "KRAS in adenocarcinoma"),
        "kras.luad.text": share(_within(kras, histology == "LUAD"), "KRAS in adenocarcinoma"),
        "kras.lscc": share(_within(kras, histology == SQUAMOUS), "KRAS in squamous carcinoma"),
    }
