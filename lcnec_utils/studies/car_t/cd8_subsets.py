"""Notebook 12: subsets of CD8+ T cells and myeloid cells before infusion, and objective response.

The source's marker signs are lost. Activated is read as PD-1+ TIM-3−, LAG-3 of either sign; a claim on "PD-1 LAG-3 T
cells" is answered by both signs of LAG-3, and both must hold.
"""

import dataclasses
import itertools

import pandas as pd

from lcnec_utils.cohort import assays
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_parameter
from lcnec_utils.stats.mean_change import fold_change_ratio
from lcnec_utils.stats.proportions import benjamini_hochberg
from lcnec_utils.stats.rank_places import association_places, lead
from lcnec_utils.studies.car_t import patients
from lcnec_utils.studies.car_t.contexture_outcomes import ratio_words
from lcnec_utils.studies.car_t.immune_scores import FIXATIONS, PANELS
from lcnec_utils.studies.car_t.patients import Known
from lcnec_utils.studies.car_t.populations import (
    CHECKPOINTS,
    CYTOTOXIC,
    EVERY_CHECKPOINT,
    GRANULOCYTES,
    MACROPHAGES,
    MONOCYTES,
    T_CELLS,
)

SHORT = {"PD1": "PD-1", "LAG3": "LAG-3", "TIM3": "TIM-3"}
# All eight combinations of the three checkpoints, none in two of them: name → population
SUBSETS = {
    " ".join(f"{SHORT[marker]}{sign}" for marker, sign in zip(CHECKPOINTS, signs, strict=True)): " ".join(
        [CYTOTOXIC, *(f"{marker}{sign}" for marker, sign in zip(CHECKPOINTS, signs, strict=True))]
    )
    for signs in itertools.product("+-", repeat=len(CHECKPOINTS))
}
ACTIVATED_SUBSETS = ["PD-1+ LAG-3+ TIM-3-", "PD-1+ LAG-3- TIM-3-"]
EXHAUSTED = "PD-1+ LAG-3+ TIM-3+"
NON_ACTIVATED = "PD-1- LAG-3- TIM-3-"
ACTIVATED = "CD8+ PD-1+ TIM-3-"
READINGS = {
    ACTIVATED: f"{CYTOTOXIC} PD1+ TIM3-",
    "CD8+ PD-1+": f"{CYTOTOXIC} PD1+",
    "T cells PD-1+ LAG-3+": f"{T_CELLS} PD1+ LAG3+",
    "T cells PD-1+ LAG-3-": f"{T_CELLS} PD1+ LAG3-",
}
MYELOID = {"Macrophages (CD68+)": MACROPHAGES, "Monocytes (CD14+ CD15-)": MONOCYTES,
           "Granulocytes (CD15+ CD14-)": GRANULOCYTES}  # fmt: skip
T_DENSITY = "T cells (CD3+)"
MYELOID_GENES = ("CD14", "CD68", "CD163", "CSF1R", "ITGAM", "MRC1")
SIGNATURE = "Myeloid genes"
RESPONDED = ("CR or PR", "SD or PD")


@dataclasses.dataclass(frozen=True)
class Subsets:
    """Densities before infusion by response. known: by patient; table: what, group, n, value (ratio, responders against
    the others), limits, p, p_adjusted, note; places, draws: of `rank_places.association_places` over the eight CD8
    subsets, None where a side has too few; leads: other subset → by how much the signed z of the activated cells
    exceeds its own (`rank_places.lead`), none where there are no places; signature: fold change of the myeloid
    genes."""

    known: Known
    table: pd.DataFrame
    places: pd.DataFrame | None
    draws: pd.DataFrame | None
    leads: dict[str, Finding]
    signature: Finding
    why_no_places: str = ""


def cd8_subsets(cohort: Cohort, *, resamples: int, seed: int) -> Subsets:
    """CD8 subsets, other readings and myeloid cells before infusion, by objective response.

    Raises MissingData where the cohort has no response, or no CD8 subset.
    """
    populations = {name: ("TCE", text) for name, text in (SUBSETS | READINGS).items()}
    populations |= {name: ("SC", text) for name, text in MYELOID.items()} | {T_DENSITY: ("TCE", T_CELLS)}
    known = patients.outcomes(cohort).join(patients.densities(cohort, populations))
    known.need("objective_response")
    if not any(known.has(name) for name in SUBSETS):
        raise MissingData(known.lacking[ACTIVATED_SUBSETS[0]])
    kinds = {**dict.fromkeys(SUBSETS, "CD8 subset"), **dict.fromkeys(READINGS, "other reading"),
             **dict.fromkeys(MYELOID, "myeloid"), T_DENSITY: "T cells"}  # fmt: skip
    rows = [patients.row(patients.ratio(known, name, "objective_response"), what=name, kind=kind)
            for name, kind in kinds.items()]  # fmt: skip
    table = pd.DataFrame(rows)
    table["p_adjusted"] = table.groupby("kind", sort=False)["p"].transform(benjamini_hochberg)
    places, draws, leads, why = None, None, {}, ""
    try:
        subsets = [name for name in SUBSETS if known.has(name)]
        responded, look = known.values["objective_response"], {"resamples": resamples, "seed": seed}
        places, draws = association_places(known.values[subsets].astype(float), responded, **look)
        others = [name for name in subsets if name not in ACTIVATED_SUBSETS]
        against = association_places(known.values[[ACTIVATED, *others]].astype(float), responded, **look)
        leads = {name: lead(*against, ACTIVATED, name) for name in others}
    except MissingData as reason:
        why = str(reason)
    return Subsets(known, table, places, draws, leads, _myeloid_signature(cohort, known), why)


def _myeloid_signature(cohort: Cohort, known: Known) -> Finding:
    """The mean log2 of the myeloid genes before infusion, responders over the others, as a fold change."""
    for panel, fixation in itertools.product(PANELS, FIXATIONS):
        try:
            genes = assays.panel(cohort, panel, list(MYELOID_GENES)).to_df()
            score = patients.by_patient(cohort, genes, fixation=fixation).mean(axis=1)
        except MissingData:
            continue
        responded = known.values["objective_response"].reindex(score.index)
        return fold_change_ratio(score, responded, what=SIGNATURE, ranks=True)
    return Finding(None, note=f"{cohort.name} has no myeloid genes before infusion on any panel")


def subset_findings(of: Subsets) -> dict[str, list[Finding]]:
    """Findings on subsets and response, by the tail of a claim's id."""

    def ratios(*names: str) -> list[Finding]:
        return [patients.ratio(of.known, name, "objective_response") for name in names]

    return {
        "activated": ratios(ACTIVATED),
        # "no other subset": against each of them, and all must hold
        "activated_vs_other": list(of.leads.values()) or [Finding(None, note=of.why_no_places)],
        "exhausted.checkpoints": [of_parameter(len(EVERY_CHECKPOINT.split()))],
        "myeloid_outcome": ratios(*MYELOID),
        "pd1_lag3.discussion": ratios("T cells PD-1+ LAG-3+", "T cells PD-1+ LAG-3-"),
        "activated.discussion": ratios(ACTIVATED),
        "cd8_pd1.discussion": ratios("CD8+ PD-1+"),
        "myeloid_signature.discussion": [of.signature],
    }


def place_tables(of: Subsets) -> dict[str, pd.DataFrame]:
    """The places of the CD8 subsets, and the lead of the activated cells over each other one, as further tables of a
    panel; none where there are none."""
    if of.places is None:
        return {}
    leads = pd.DataFrame([patients.row(finding, what=name) for name, finding in of.leads.items()])
    return {"places": of.places, "leads": leads.drop(columns=["p", "note"])}


def response_groups(of: Subsets) -> pd.Series:
    """Responders and the others, as a figure names them; categorical by patient."""
    words = of.known.values["objective_response"].map({True: RESPONDED[0], False: RESPONDED[1]})
    return pd.Series(pd.Categorical(words, RESPONDED), of.known.values.index, name="group")


def myeloid_and_t_cells(of: Subsets) -> pd.DataFrame:
    """T cells and myeloid cells (macrophages and monocytes, each the larger of a patient) with response, for a plot.

    The two overlap, since a monocyte may be CD68+, so they are not added up. Columns: t_cells, myeloid, group.
    """
    held = [name for name in MYELOID if of.known.has(name)]
    if not held or not of.known.has(T_DENSITY):
        return pd.DataFrame(columns=["t_cells", "myeloid", "group"])
    table = pd.DataFrame(
        {"t_cells": of.known.values[T_DENSITY], "myeloid": of.known.values[held].max(axis=1),
         "group": response_groups(of)}
    )  # fmt: skip
    return table.dropna().reset_index(drop=True)


def subset_sentence(of: Subsets) -> str:
    """Responders against the others in the activated cells, how often each subset is first, and the myeloid cells."""
    said = f"Density with response over without (Hodges–Lehmann, 95% CI): {ACTIVATED} " + ratio_words(
        patients.ratio(of.known, ACTIVATED, "objective_response")
    )
    for name in (NON_ACTIVATED, EXHAUSTED):
        said += f"; {name} {ratio_words(patients.ratio(of.known, name, 'objective_response'))}"
    said += "."
    if of.places is None:
        said += f" No places: {of.why_no_places}."
    else:
        best = of.places.sort_values("first", ascending=False).head(3)
        often = "; ".join(f"{row.what} {formats.number(100 * row.first, 0)}%" for row in best.itertuples())
        own = of.places.loc[of.places["what"].isin(ACTIVATED_SUBSETS), "first"].sum()
        said += (
            f" First by significance in so many of {len(of.draws)} resamples of {int(of.places['n'].iloc[0])} "
            f"patients: {often}; one of the two activated subsets in {formats.number(100 * own, 0)}%."
        )
        above = sum(finding.lower > 0 for finding in of.leads.values())
        said += (
            f" Signed rank-sum z of {ACTIVATED} less that of each other subset: the 95% interval lies above 0 against "
            f"{above} of {len(of.leads)}."
        )
    myeloid = [f"{name} {ratio_words(patients.ratio(of.known, name, 'objective_response'))}" for name in MYELOID]
    pairs = myeloid_and_t_cells(of)
    above = int((pairs["myeloid"] > pairs["t_cells"]).sum())
    more = f" Myeloid cells outnumber T cells in {formats.share(above, len(pairs))} of patients." if len(pairs) else ""
    return f"{said} Myeloid cells: {'; '.join(myeloid)}.{more}"
