"""Notebook 12: regulatory T cells before infusion and neurologic events of grade 3 or more; the printed Fisher p.

Densities are of biopsies before infusion and events come after it, so no landmark is needed here.
"""

import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.findings import Finding, of_parameter
from lcnec_utils.ledger import claims
from lcnec_utils.stats.proportions import benjamini_hochberg, fisher_exact
from lcnec_utils.stats.share_tests import tables_of_mantissa
from lcnec_utils.studies.car_t import patients
from lcnec_utils.studies.car_t.contexture_outcomes import correlation_words, ratio_words
from lcnec_utils.studies.car_t.patients import HIGH_GRADE, Known
from lcnec_utils.studies.car_t.populations import CYTOTOXIC, NO_CHECKPOINT, REGULATORY

TREG, TREG_PD1, TREG_NO_PD1, TREG_BARE = "Tregs", "Tregs, PD-1+", "Tregs, PD-1-", "Tregs, no checkpoint"
CD8_PD1 = "CD8+ PD-1+"
POPULATIONS = {
    TREG: REGULATORY, TREG_PD1: f"{REGULATORY} PD1+", TREG_NO_PD1: f"{REGULATORY} PD1-",
    TREG_BARE: f"{REGULATORY} {NO_CHECKPOINT}", CD8_PD1: f"{CYTOTOXIC} PD1+",
}  # fmt: skip
CHECKPOINT_STATES = (TREG, TREG_PD1, TREG_NO_PD1, TREG_BARE)
EVENT_GROUPS = (f"grade ≥{HIGH_GRADE}", f"grade <{HIGH_GRADE} or none")
QUARTERS = (0.25, 0.75)  # quantiles up to which a density is low, and above which it is high
NO_CUT = (
    "the source prints no cut of either density, and a share that is high of both follows from the cuts: those of this "
    "panel are quarters"
)


@dataclasses.dataclass(frozen=True)
class Toxicity:
    """Regulatory T cells and high-grade neurologic events. known: by patient, with corner (few Tregs, CD8+ PD-1+ cells
    there) and favourable (many CD8+ PD-1+ cells, PD-1+ Tregs not few); table: what, n, value (ratio), limits, p,
    p_adjusted, note; treg_cut, cd8_cut: densities per mm²."""

    known: Known
    table: pd.DataFrame
    treg_cut: float
    cd8_cut: float


def regulatory_cells(cohort: Cohort, *, low_quantile: float) -> Toxicity:
    """Regulatory T cells by checkpoint state in patients with and without high-grade events.

    Few Tregs are those up to low_quantile of the patients stained; measurable cells any above 0. "High" CD8+ PD-1+
    cells are the upper quarter, "intermediary/high" PD-1+ Tregs all but the lower one (QUARTERS). The source gives none
    of these cuts. Raises MissingData where Tregs or events are lacking.
    """
    known = patients.outcomes(cohort).join(
        patients.densities(cohort, {name: ("TCE", text) for name, text in POPULATIONS.items()})
    )
    for name in ("high_grade_event", TREG):
        known.need(name)
    values = known.values
    few = ~patients.above_quantile(values[TREG], low_quantile)
    measurable = (values[CD8_PD1] > 0).astype("boolean").mask(values[CD8_PD1].isna())
    many = patients.above_quantile(values[CD8_PD1], QUARTERS[1])
    some = patients.above_quantile(values[TREG_PD1], QUARTERS[0])
    bad = values["high_grade_event"].astype("boolean")
    good = patients.both_hold(values["complete_response"], ~bad) if known.has("complete_response") else bad & pd.NA
    known = known.add(
        corner=patients.both_hold(few, measurable), favourable=patients.both_hold(many, some),
        complete_response_without_event=good,
    )  # fmt: skip
    rows = [patients.row(patients.ratio(known, name, "high_grade_event"), what=name) for name in POPULATIONS]
    table = pd.DataFrame(rows)
    cuts = [float(values[name].quantile(q)) for name, q in ((TREG, low_quantile), (CD8_PD1, QUARTERS[1]))]
    return Toxicity(known, table.assign(p_adjusted=benjamini_hochberg(table["p"])), *cuts)


def toxicity_findings(of: Toxicity) -> dict[str, list[Finding]]:
    """Findings on Tregs and neurologic events, by the tail of a claim's id."""
    overall = [patients.ratio(of.known, TREG, "high_grade_event")]
    grade = [of_parameter(HIGH_GRADE)]
    return {
        "treg.abstract": overall,
        "treg": [patients.ratio(of.known, name, "high_grade_event") for name in CHECKPOINT_STATES],
        "treg.discussion": overall,
        "ne_grade_cut.pivotal": grade,
        "ne_grade_cut.results": grade,
        "ne_grade_cut.discussion": grade,
        "treg_vs_cd8_pd1": [patients.correlation(of.known, TREG, CD8_PD1)],
        "favourable_quadrant": [Finding(None, note=NO_CUT)],
        "favourable_quadrant.outcome": [patients.difference(of.known, "complete_response_without_event", "favourable")],
        "low_treg_corner": [patients.difference(of.known, "high_grade_event", "corner")],
        "treg_vs_efficacy.discussion": [patients.ratio(of.known, TREG, "objective_response")],
    }


def event_groups(of: Toxicity) -> pd.Series:
    """High-grade events and the others, as a figure names them; categorical by patient."""
    words = of.known.values["high_grade_event"].map({True: EVENT_GROUPS[0], False: EVENT_GROUPS[1]})
    return pd.Series(pd.Categorical(words, EVENT_GROUPS), of.known.values.index, name="group")


def corner_table(of: Toxicity) -> pd.DataFrame:
    """High-grade events in the corner and outside it: group, k, n, p (Fisher, both rows)."""
    both = of.known.values[["corner", "high_grade_event"]].dropna().astype(bool)
    counts = {name: (int(part["high_grade_event"].sum()), len(part)) for name, part in
              (("few Tregs, CD8+ PD-1+ there", both[both["corner"]]), ("others", both[~both["corner"]]))}  # fmt: skip
    p = fisher_exact(*([k, n - k] for k, n in counts.values())) if all(n for _, n in counts.values()) else np.nan
    return pd.DataFrame([{"group": name, "k": k, "n": n, "p": p} for name, (k, n) in counts.items()])


def printed_corner() -> tuple[int, int, str]:
    """The printed corner: patients with a high-grade event, all of them, and the mantissa of Fisher's p, whose exponent
    the text has lost (the third of the numbers on its line)."""
    claim = claims.published()["zuma1.z1_treg_ne.low_treg_corner"]
    return int(claim.k), int(claim.n[0]), claim.prints[0].numbers[2]


def most_others() -> dict[str, int]:
    """How many patients there can be outside the printed corner: of all with a biopsy before infusion, and of those
    with fixed tissue, which alone is stained."""
    whole, frozen_only = (
        int(claims.printed_value(claims.published()[f"zuma1.z1_flow.subset1{tail}"])) for tail in ("", ".ff_only")
    )
    _, n, _ = printed_corner()
    return {"biopsy before infusion": whole - n, "fixed tissue": whole - frozen_only - n}


def printed_tables() -> pd.DataFrame:
    """Every table of the printed corner against others whose Fisher p has the printed mantissa: exponent, k_other,
    n_other, p, more (whether the corner has the larger share, as the text says), within (the smallest set of others of
    `most_others` that holds it)."""
    k, n, mantissa = printed_corner()
    (wide, most), (narrow, fewer) = most_others().items()
    table = tables_of_mantissa(k, n, mantissa=mantissa, most=most)
    table["more"] = k / n > table["k_other"] / table["n_other"]
    table["within"] = np.where(table["n_other"] <= fewer, f"{narrow} ({fewer})", f"{wide} ({most})")
    return table


def printed_sentence() -> str:
    """Which tables can have given the printed Fisher p, by the exponent that the text lost."""
    k, n, mantissa = printed_corner()
    parts = []
    for row in printed_tables().itertuples():
        against = "" if row.more else ", which has fewer in the corner than the text says"
        parts.append(f"{row.k_other} of {row.n_other} (p = {formats.number(row.p, 4)}{against})")
    return (
        f"The source prints Fisher's p as {mantissa} × 10 with its exponent lost. With {k} of {n} in the "
        f"corner and at most {max(most_others().values())} others the tables with that mantissa are "
        f"{'; '.join(parts)}. None of them is chosen."
    )


def toxicity_sentence(of: Toxicity) -> str:
    """Tregs with against without high-grade events, the corner, and the printed p."""
    ratios = "; ".join(
        f"{name} {ratio_words(patients.ratio(of.known, name, 'high_grade_event'))}" for name in CHECKPOINT_STATES
    )
    corner, others = corner_table(of).itertuples()
    together = correlation_words(patients.correlation(of.known, TREG, CD8_PD1))
    return (
        f"Density with a neurologic event of grade {HIGH_GRADE} or more over without (Hodges–Lehmann, 95% CI): "
        f"{ratios}. Tregs and CD8+ PD-1+ cells: {together}. High-grade events in {formats.share(corner.k, corner.n)} "
        f"with {corner.group} and in {formats.share(others.k, others.n)} of the others (Fisher "
        f"{formats.p_value(corner.p)}). {printed_sentence()}"
    )
