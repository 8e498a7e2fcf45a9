"""Effects on immune checkpoint blockade that the review quotes, recomputed in treated patients; notebook 13."""

import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils.cohort import histology
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_hazard, of_share
from lcnec_utils.omics.genomics import altered, biomarkers, by_patient, deleted, protein_changes
from lcnec_utils.stats.paired import paired_difference
from lcnec_utils.stats.proportions import share_difference, wilson
from lcnec_utils.stats.ranks import mean_difference

# Protein changes (HGVSp_Short) of the alleles that are quoted; exon 19 of EGFR codes residues 729 to 761
ALLELES = {
    "EGFR exon 19 deletion": ("EGFR", r"^p\.\D(?:729|7[345]\d|76[01])(?:_|del).*del"),
    "EGFR L858R": ("EGFR", r"^p\.L858R$"),
    **{f"KRAS {allele}": ("KRAS", rf"^p\.{allele}$") for allele in ("G12C", "G12D", "G12V", "G12A", "G13D", "Q61H")},
}
NON_SQUAMOUS = [histology.LUAD, histology.LCNEC]  # an NSCLC that is not specified further may be squamous


@dataclasses.dataclass(frozen=True)
class BlockadeMarks:
    """What the quoted effects on checkpoint blockade compare, by patient; missing where not measured.

    mutated: genes. alleles: named protein changes. markers: `biomarkers`. loss: deep deletion of CDKN2A, which stands
    for 9p21. histology: one of `cohort.histology.NAMES`. burden: mutations per Mb. benefit: durable clinical benefit,
    as recorded.
    """

    mutated: pd.DataFrame
    alleles: pd.DataFrame
    markers: pd.DataFrame
    loss: pd.Series
    histology: pd.Series
    burden: pd.Series
    benefit: pd.Series


def _only_in(marked: pd.Series, subset: pd.Series) -> pd.Series:
    """A mark in a subset of patients: those outside it are missing, and so on neither side of a comparison."""
    return marked.mask(~subset.fillna(False).astype(bool))


def quoted_contrasts(marks: BlockadeMarks) -> pd.DataFrame:
    """The contrasts that the review quotes, by patient: True against False, missing for those on neither side.

    Every patient is on blockade: a contrast says who does better on it, never what blockade adds to another treatment.
    """
    mutated, alleles, markers = marks.mutated, marks.alleles, marks.markers
    adenocarcinoma = marks.histology == histology.LUAD
    common = alleles["EGFR exon 19 deletion"] | alleles["EGFR L858R"]
    table = pd.DataFrame(
        {
            "STK11 mutated, of LUAD": _only_in(mutated["STK11"], adenocarcinoma),
            "KEAP1 mutated, of LUAD": _only_in(mutated["KEAP1"], adenocarcinoma),
            "EGFR mutated": mutated["EGFR"],
            "EGFR exon 19 del or L858R": common.mask(mutated["EGFR"] & ~common),
            "KRAS G12D, of KRAS mutated": _only_in(alleles["KRAS G12D"], mutated["KRAS"]),
            "TMB high": markers["TMB high"],
            "PD-L1 positive, of TMB high": _only_in(markers["PD-L1 positive"], markers["TMB high"]),
            "9p21 deleted": marks.loss,
            "9p21 deleted, of non-squamous": _only_in(marks.loss, marks.histology.isin(NON_SQUAMOUS)),
        }
    )
    return table.astype("boolean")


def durable_benefit(column: pd.Series) -> pd.Series:
    """Durable clinical benefit as True and False; not evaluable (NE) and empty are missing."""
    return column.astype("string").str.upper().map({"YES": True, "NO": False}).astype("boolean")


def _share(values: pd.Series, *, what: str, min_group: int) -> Finding:
    """The share of True among the known values, where there are min_group."""
    known = values.dropna()
    if len(known) < min_group:
        return Finding(None, n=len(known), note=_too_few_known(what, len(known), "a share", min_group))
    k, n = int(known.sum()), len(known)
    return of_share(k, n, *wilson(k, n))


def _too_few_known(what: str, n: int, statistic: str, min_group: int) -> str:
    return f"{what} is known of {formats.count(n, 'patient')} here, and {statistic} needs {min_group}"


def _excess_over_next(alleles: pd.DataFrame, *, allele: str, min_group: int) -> Finding:
    """By how much an allele's share of carriers exceeds the next most frequent one's, of the same carriers (Tango)."""
    known = alleles.dropna()
    if len(known) < min_group:
        note = _too_few_known("a carrier's protein change", len(known), "a rank", min_group)
        return Finding(None, n=len(known), note=note)
    others = known.drop(columns=allele)
    return paired_difference(known[allele], others[others.mean().idxmax()])


def quoted_findings(
    effects: pd.DataFrame, contrasts: pd.DataFrame, marks: BlockadeMarks, *, min_group: int = 5
) -> dict[str, Finding]:
    """Findings on what the review quotes, by the tail of a claim's id; survival as a ratio (above 1: longer).

    effects: cox.univariable_cox of the contrasts. Absence of durable clinical benefit stands for primary resistance. A
    claim that names adenocarcinoma or squamous carcinoma is asked of those patients alone, all others of all NSCLC.
    What blockade adds to another treatment is no finding here: that needs a control arm. A side of fewer than min_group
    patients, in effects and here, gives no number.
    """
    mutated, alleles, burden = marks.mutated, marks.alleles, marks.burden
    adenocarcinoma, squamous = (marks.histology == name for name in (histology.LUAD, histology.LUSC))
    benefit = durable_benefit(marks.benefit)
    effect_of = effects.set_index("term").loc
    kras, stk11 = mutated["KRAS"], mutated["STK11"]
    stk11_in_luad, keap1_in_luad = (_only_in(mutated[gene], adenocarcinoma) for gene in ("STK11", "KEAP1"))
    carriers = alleles.filter(like="KRAS")[kras.fillna(False).astype(bool)]
    pdl1 = marks.markers["PD-L1 positive"]
    common_egfr = alleles["EGFR exon 19 deletion"] | alleles["EGFR L858R"]
    kras_in_luad = _share(_only_in(kras, adenocarcinoma), what="KRAS in adenocarcinoma", min_group=min_group)

    def survival_ratio(term: str) -> Finding:
        return of_hazard(effect_of[term], survival=True)

    def share(values: pd.Series, what: str) -> Finding:
        return _share(values, what=what, min_group=min_group)

    def difference(values: pd.Series, marked: pd.Series, what: str) -> Finding:
        return share_difference(values, marked, what=what, min_group=min_group)

    return {
        "pfs.stk11": survival_ratio("STK11 mutated, of LUAD"),
        "pfs.keap1": survival_ratio("KEAP1 mutated, of LUAD"),
        "pfs.egfr_exon19_l858r": survival_ratio("EGFR exon 19 del or L858R"),
        "pfs.kras_g12d": survival_ratio("KRAS G12D, of KRAS mutated"),
        "pfs.tmb_high": survival_ratio("TMB high"),
        "prognosis.9p_nonsquamous": survival_ratio("9p21 deleted, of non-squamous"),
        "clinical_benefit.9p21": difference(benefit, contrasts["9p21 deleted"], "durable benefit"),
        "response.egfr_pd1": difference(benefit, mutated["EGFR"], "durable benefit"),
        "primary_resistance.stk11": difference(~benefit, stk11, "durable benefit"),
        "pdl1.stk11": difference(pdl1, stk11_in_luad, "PD-L1"),
        "pdl1.keap1": difference(pdl1, keap1_in_luad, "PD-L1"),
        "pdl1.kras_stk11": difference(pdl1, _only_in(stk11, kras), "PD-L1"),
        "tmb.exon19_l858r": mean_difference(
            burden,
            _only_in(alleles["EGFR exon 19 deletion"], common_egfr),
            what="tumour mutational burden",
            min_group=min_group,
        ),
        "kras_g12c.most_prevalent": _excess_over_next(carriers, allele="KRAS G12C", min_group=min_group),
        "kras_stk11.share": share(_only_in(stk11, kras), "STK11 in a KRAS-mutated tumour"),
        "stk11.ricciuti": share(stk11_in_luad, "STK11 in adenocarcinoma"),
        "keap1.ricciuti": share(keap1_in_luad, "KEAP1 in adenocarcinoma"),
        "mdacc.tp53": share(mutated["TP53"], "TP53"),
        "mdacc.kras": share(kras, "KRAS"),
        "mdacc.stk11": share(stk11, "STK11"),
        "kras.luad": kras_in_luad,
        "kras.luad.text": kras_in_luad,
        "kras.lscc": share(_only_in(kras, squamous), "KRAS in squamous carcinoma"),
    }


def blockade_marks(
    cohort: Cohort, *, alleles: dict[str, tuple[str, str]], tmb_high_per_mb: float, pdl1_positive_percent: float
) -> BlockadeMarks:
    """The marks of a cohort of treated patients; a column that the cohort lacks is all missing.

    alleles: name → (gene, regular expression on HGVSp_Short), as ALLELES.
    """

    def column(name: str, kind: str) -> pd.Series:
        try:
            return cohort.column(name, name).astype(kind)
        except MissingData:
            return pd.Series(np.nan, cohort.patients.index, dtype=kind)

    kinds = histology.stated(cohort)["kind"]
    return BlockadeMarks(
        mutated=by_patient(cohort, altered(cohort, genes=["STK11", "KEAP1", "KRAS", "EGFR", "TP53"])),
        alleles=by_patient(cohort, protein_changes(cohort, alleles=alleles)),
        markers=biomarkers(cohort, tmb_high_per_mb=tmb_high_per_mb, pdl1_positive_percent=pdl1_positive_percent),
        loss=by_patient(cohort, deleted(cohort, gene="CDKN2A")),
        histology=by_patient(cohort, kinds.mask(kinds == "")),
        burden=column("TMB_NONSYNONYMOUS", "float"),
        benefit=column("DURABLE_CLINICAL_BENEFIT", "object"),
    )
