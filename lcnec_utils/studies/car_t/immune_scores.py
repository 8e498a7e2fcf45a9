"""Notebook 12: Immunoscore and Immunosign of each patient, from whatever a cohort holds that they can be made of.

Immunoscore is made of CD3 and CD8 densities, Immunosign of the genes of a panel. A public cohort has neither: scores
that its source gives of the same cells and genes then stand for them, and every table says what a score is made of.
"""

import dataclasses

import pandas as pd

from lcnec_utils.cohort import assays
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.imaging.immunoscore import immunoscore
from lcnec_utils.omics import immunosign
from lcnec_utils.studies.car_t.patients import STAINED, Known, by_patient, gathered
from lcnec_utils.studies.car_t.populations import CYTOTOXIC, T_CELLS

IMMUNOSCORE, IMMUNOSIGN = "Immunoscore", "Immunosign 21"
# The panel of genes of a baseline analysis: the first of these that a cohort has
PANELS = ("PanCancer Immune + Immunosign", "IO 360", "PanCancer Immune")
FIXATIONS = (STAINED, "FF")
# Scores of cells from bulk RNA (CIBERSORTx, absolute): all of T cells, and the CD8+ of them
CELLS = "CIBERSORTX_{}"
CD8_CELLS = ("CD8_EFF", "CD8_MEM")
OTHER_T_CELLS = ("TH1_REST", "TH1_ACT", "TH2_REST", "TH2_ACT", "CD4_MEM_REST", "CD4_MEM_ACT", "TREG", "TFH")
# Scores of gene sets, one for each kind of gene that the source lists of Immunosign 21
GENE_SETS = {
    "effector T cells": "GSVA_MSKCC_CYTOLYTICEFFECTOR_GS",
    "checkpoints": "GSVA_ITALY_CHECKPOINT_GS",
    "chemokines": "GSVA_THOR_CHEMOKINE12_SCORE",
    "interferon": "GSVA_MSKCC_TYPE2IFN_RESPONSE_GS",
}


@dataclasses.dataclass(frozen=True)
class Scores:
    """Scores by patient. known: columns IMMUNOSCORE and IMMUNOSIGN; made_of: score → what it is made of."""

    known: Known
    made_of: dict[str, str]

    @property
    def names(self) -> list[str]:
        """The scores that somebody has."""
        return [name for name in (IMMUNOSCORE, IMMUNOSIGN) if self.known.has(name)]

    def label(self, name: str) -> str:
        """A score as a figure names it: whether something stands in for what the source measured."""
        words = self.made_of.get(name, "")
        return f"{name} (stand-in)" if is_stand_in(words) else name


def is_stand_in(made_of: str) -> bool:
    """Whether what a score is made of stands in the place of what the source made it of."""
    return "stand-in" in made_of or "in place of" in made_of


def scores(cohort: Cohort, *, genes: list[str]) -> Scores:
    """Both scores before treatment. genes: of Immunosign, none for the stand-in. What cannot be made is lacking."""
    made_of: dict[str, str] = {}
    makers = {
        IMMUNOSCORE: lambda: _immunoscore(cohort, made_of),
        IMMUNOSIGN: lambda: _immunosign(cohort, genes, made_of),
    }
    return Scores(gathered(cohort, makers), made_of)


def _immunoscore(cohort: Cohort, made_of: dict[str, str]) -> pd.Series:
    try:
        for assay in ("TL", "TCE"):
            try:
                both = [by_patient(cohort, assays.density(cohort, assay, population), fixation=STAINED)
                        for population in (T_CELLS, CYTOTOXIC)]  # fmt: skip
            except MissingData as reason:
                lacking = reason
                continue
            made_of[IMMUNOSCORE] = f"CD3+ and CD8+ densities ({assay}, {STAINED})"
            return immunoscore(*both)
        raise lacking
    except MissingData:
        names = [CELLS.format(name) for name in (*CD8_CELLS, *OTHER_T_CELLS)]
        if not set(names) <= set(cohort.samples):
            raise
        cells = by_patient(cohort, cohort.samples[names].astype(float))
        made_of[IMMUNOSCORE] = "CIBERSORTx scores of all and of CD8+ T cells in place of densities"
        # a sum without one of its kinds of cell is a smaller number of another thing
        return immunoscore(cells.sum(axis=1, skipna=False), cells[names[: len(CD8_CELLS)]].sum(axis=1, skipna=False))


def _immunosign(cohort: Cohort, genes: list[str], made_of: dict[str, str]) -> pd.Series:
    reasons = []
    for name in PANELS if cohort.ncounter else ():
        for fixation in FIXATIONS:
            try:
                log2 = by_patient(cohort, assays.panel(cohort, name).to_df(), fixation=fixation)
                score = immunosign.immunosign(log2, genes=genes or None)
            except MissingData as reason:
                reasons.append(str(reason))
                continue
            of = f"{len(genes)} genes of this run" if genes else immunosign.STAND_IN_WORDS
            made_of[IMMUNOSIGN] = f"{of} ({name}, {fixation})"
            return score
    if reasons:
        raise MissingData(reasons[0])
    columns = [column for column in GENE_SETS.values() if column in cohort.samples]
    if len(columns) < len(GENE_SETS):
        raise MissingData(f"{cohort.name} has neither a panel of genes nor scores of {formats.listed(list(GENE_SETS))}")
    sets = by_patient(cohort, cohort.samples[columns].astype(float))
    made_of[IMMUNOSIGN] = f"mean z of the source's scores of {formats.listed(list(GENE_SETS))} in place of 21 genes"
    return ((sets - sets.mean()) / sets.std(ddof=1)).mean(axis=1, skipna=False)


def made_of_sentence(of: Scores) -> str:
    """What each score is made of, and why one is lacking."""
    parts = [f"{name}: {words}" for name, words in of.made_of.items()]
    parts += [f"{name}: none ({reason})" for name, reason in of.known.lacking.items()]
    return f"{'; '.join(parts)}."
