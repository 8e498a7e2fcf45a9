"""Notebook 12: biopsies at relapse against those of days 7 to 14, in frozen and in fixed tissue and within patients.

The three sets stay apart. They are small: the least p that a rank test can give stands beside each.
"""

import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils.cohort import assays
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_count, of_parameter
from lcnec_utils.core.units import days_of_months
from lcnec_utils.ledger import claims
from lcnec_utils.stats.mean_change import fold_change, fold_change_ratio, least_rank_sum_p, least_signed_rank_p
from lcnec_utils.studies.car_t import early_change, gene_biopsies, genes
from lcnec_utils.studies.car_t.gene_biopsies import FIXATIONS, FIXED, FROZEN, PRE_POST_PANEL
from lcnec_utils.studies.car_t.patients import STAINED, by_patient, correlated
from lcnec_utils.studies.car_t.populations import BASELINE, EARLY, REGULATORY, RELAPSE
from lcnec_utils.studies.car_t.tumour_genes import with_value

SECONDARY_MONTHS = 6  # from infusion: resistance that comes later is called secondary
PAIRED = "pairs"
SETS = (FROZEN, FIXED, PAIRED)
CTLA4_CD3, FOXP3_CD3 = "CTLA4 per CD3", "FOXP3 per CD3"
TREG_ASSAY = "TCE"
# what is compared: name → the genes whose mean log2 it is. Checkpoint genes are those but CTLA4, which the source
# says rises at relapse
CHECKPOINTS = "Checkpoints without CTLA4"
FAMILIES = {
    genes.T_CELLS.title: genes.T_CELLS.genes,
    CHECKPOINTS: [gene for gene in genes.CHECKPOINTS.genes if gene != "CTLA4"],
    "Cytokines and interferon": [*genes.CYTOKINES.genes, *genes.INTERFERON.genes],
    genes.MHC_CLASS_I.title: genes.MHC_CLASS_I.genes,
    genes.B_LINEAGE.title: genes.B_LINEAGE.genes,
    genes.CANCER_TESTIS.title: genes.CANCER_TESTIS.genes,
}
SINGLE = {gene: [gene] for gene in genes.COUNTER_REGULATORY.genes}
BLOCKS = {"Families (mean of genes)": list(FAMILIES), "Counter-regulatory": [*SINGLE, CTLA4_CD3, FOXP3_CD3]}
# tail of a claim's id → what it is on; those of the last three the source shows in FFPE and FF alone
CLAIMS = {
    "t_cell_genes": [genes.T_CELLS.title], "t_cell_signature.discussion": [genes.T_CELLS.title],
    "checkpoint_genes": [CHECKPOINTS], "cytokine_ifn_genes": ["Cytokines and interferon"],
    "mhc_class_i_genes": [genes.MHC_CLASS_I.title], "b_lineage": [genes.B_LINEAGE.title],
    "cta": [genes.CANCER_TESTIS.title], "ctla4_per_cd3": [CTLA4_CD3], "foxp3_per_cd3": [FOXP3_CD3],
}  # fmt: skip
UNPAIRED_CLAIMS = {
    "ctla4": ["CTLA4"], "ccr4": ["CCR4"], "ccl22": ["CCL22"], "ccr4_ccl22.discussion": ["CCR4", "CCL22"],
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Relapse:
    """Values of relapse and early biopsies (log2 signatures), and which patients have which biopsies.

    early, relapse: fixation → patients × what is compared; early of responders, for only they have a response to lose.
    pairs: patients × what is compared, the later less the earlier value within the same fixation, averaged over a
    patient's fixations. biopsies: patients with a biopsy at relapse × (time, fixation), booleans. relapse_days: day of
    relapse by patient, missing where unknown. unmeasured: what cannot be compared, for no gene of it is on the panel.
    least: patients of a side that a claim's answer needs.
    """

    cohort: str
    early: dict[str, pd.DataFrame]
    relapse: dict[str, pd.DataFrame]
    pairs: pd.DataFrame
    biopsies: pd.DataFrame
    relapse_days: pd.Series
    unmeasured: list[str]
    least: int


def _compared(log2: pd.DataFrame) -> pd.DataFrame:
    """What is compared, of log2 counts: means of families, single genes, and genes per CD3 (differences of log2)."""
    values = pd.DataFrame({name: genes.signature(log2, listed) for name, listed in {**FAMILIES, **SINGLE}.items()})
    cd3 = genes.signature(log2, list(genes.CD3))
    for name, gene in ((CTLA4_CD3, "CTLA4"), (FOXP3_CD3, "FOXP3")):
        values[name] = genes.signature(log2, [gene]) - cd3
    return values


def relapse(cohort: Cohort, *, min_group: int = 2) -> Relapse:
    """The biopsies at relapse of a cohort with the early ones to compare them with.

    min_group: patients that each side of a comparison must have; it does not hold for a cohort that stands for the
    source's own patients. Raises MissingData where there is no biopsy at relapse on the panel of pairs.
    """
    table, log2 = gene_biopsies.specimens(cohort), gene_biopsies.log2_of(cohort, PRE_POST_PANEL)
    values = _compared(log2)
    window = gene_biopsies.in_window(table)
    late = table["time"].eq(RELAPSE).fillna(False).astype(bool)
    every, last = (
        {fixation: gene_biopsies.by_patient(values, table, chosen, fixation) for fixation in FIXATIONS}
        for chosen in (window, late)
    )
    if all(each.empty for each in last.values()):
        raise MissingData(f"{cohort.name} has no biopsy at relapse on the panel {PRE_POST_PANEL}")
    differences = [last[fixation] - every[fixation] for fixation in FIXATIONS]
    responded = _responded(cohort)
    early = {fixation: each[each.index.isin(responded)] for fixation, each in every.items()}
    pairs = pd.concat([each.dropna(how="all") for each in differences])
    unmeasured = [name for name in values if values[name].isna().all()]
    days = cohort.patients.get("RELAPSE_DAYS", pd.Series(np.nan, cohort.patients.index)).astype(float)
    return Relapse(
        cohort.name, early, last, pairs.groupby(level=0).mean(), _biopsies(table), days,
        unmeasured, 2 if cohort.stands_for_source else min_group,
    )  # fmt: skip


def _responded(cohort: Cohort) -> pd.Index:
    """The patients with an early biopsy to compare relapse with: those with CR or PR; all where nobody's is known."""
    try:
        group = gene_biopsies.response_groups(cohort)
    except MissingData:
        return cohort.patients.index
    return group.index[(group == gene_biopsies.RESPONDERS).to_numpy(bool)]


def _biopsies(table: pd.DataFrame) -> pd.DataFrame:
    """Which biopsies the patients with one at relapse have: patients × (time, fixation), booleans."""
    patients = sorted(table.loc[table["time"].eq(RELAPSE), "patient"].unique())
    rows = table[table["patient"].isin(patients) & table["fixation"].isin(FIXATIONS)]
    held = pd.crosstab(rows["patient"], [rows["time"], rows["fixation"]]) > 0
    wanted = pd.MultiIndex.from_product([(BASELINE, EARLY, RELAPSE), FIXATIONS], names=["time", "fixation"])
    return held.reindex(index=patients, columns=wanted, fill_value=False)


# --- comparisons


def comparison(of: Relapse, which: str, what: str) -> Finding:
    """Relapse over early, of one set: a ratio of geometric means (FF, FFPE: Welch; pairs: paired t), p by ranks."""
    if what in of.unmeasured:
        return Finding(None, note=f"{what}: its genes are not on the panel")
    if which == PAIRED:
        return fold_change(of.pairs[what], what=f"{what}, {PAIRED}", ranks=True)
    sides = [of.early[which][what], of.relapse[which][what]]
    values = pd.concat(sides, keys=[EARLY, RELAPSE])
    values.index = [f"{time} {patient}" for time, patient in values.index]
    marked = pd.Series(np.repeat([False, True], list(map(len, sides))), values.index, dtype=bool)
    return fold_change_ratio(values, marked, what=f"{what}, {which}", ranks=True)


def sizes(of: Relapse, which: str) -> tuple[int, int]:
    """Patients with an early biopsy and with one at relapse in a set; of pairs the same number twice."""
    return (len(of.pairs),) * 2 if which == PAIRED else (len(of.early[which]), len(of.relapse[which]))


def least_p(of: Relapse, which: str) -> float:
    """The least two-sided p that the rank test of a set can give."""
    early, late = sizes(of, which)
    if not (early and late):
        return float("nan")
    return least_signed_rank_p(late) if which == PAIRED else least_rank_sum_p(early, late)


def set_names(of: Relapse) -> dict[str, str]:
    """Each set with its numbers, for a legend."""
    names = {}
    for which in SETS:
        early, late = sizes(of, which)
        names[which] = f"{which} (n = {late})" if which == PAIRED else f"{which} (n = {late} relapse, {early} early)"
    return names


def table(of: Relapse) -> pd.DataFrame:
    """Every comparison as rows of a figure: family, what, group (set), n_relapse, n_early, value (log2) with limits, p
    (ranks), least_p (that it could give), note."""
    rows = []
    for block, names in BLOCKS.items():
        for what in names:
            for which in SETS:
                early, late = sizes(of, which)
                row = {"family": block, "what": what, "group": which, "n_relapse": late, "n_early": early}
                found = early_change.log2_row(comparison(of, which, what))
                rows.append(row | found | {"least_p": least_p(of, which)})
    first = ["family", "what", "group", "n_relapse", "n_early", "n"]
    limits = ["value", "lower", "upper", "lower_90", "upper_90"]
    return pd.DataFrame(rows)[[*first, *limits, "p", "least_p", "note"]]


def _answers(of: Relapse, names: list[str], sets: tuple[str, ...]) -> list[Finding]:
    """The comparisons of those sets in which both sides are large enough; of all sets where none is."""
    large = [which for which in sets if min(sizes(of, which)) >= of.least]
    return [comparison(of, which, what) for what in names for which in large or sets]


# --- regulatory T cells, and the source's own counts


def before_infusion(cohort: Cohort) -> tuple[pd.DataFrame, dict[str, pd.DataFrame], str]:
    """CCL22 and CCR4 (log2) with the density of regulatory T cells before infusion, by patient; the panel's name.

    The first table has treg (cells per mm², FFPE) and CCL22 of fixed tissue; the second CCL22 and CCR4 by fixation.
    Tables are empty where nothing was measured.
    """
    try:
        panel, values = gene_biopsies.before_infusion(cohort)
    except MissingData:
        return pd.DataFrame(columns=["treg", "CCL22"]), {}, ""
    fixations = {
        fixation: each.reindex(columns=["CCL22", "CCR4"]) for fixation, each in values.items() if not each.empty
    }
    try:
        treg = by_patient(cohort, assays.density(cohort, TREG_ASSAY, REGULATORY), fixation=STAINED)
    except MissingData:
        return pd.DataFrame(columns=["treg", "CCL22"]), fixations, panel
    return (
        pd.DataFrame({"treg": treg}).join(fixations.get(FIXED, pd.DataFrame(columns=["CCL22"]))[["CCL22"]]),
        fixations,
        panel,
    )


def correlations(cohort: Cohort, *, least: int = 2) -> dict[str, Finding]:
    """Spearman's correlations before infusion: CCL22 with regulatory T cells (`treg`), and with CCR4 by fixation.

    least: patients of whom a correlation is had (four at least).
    """
    cells, fixations, _ = before_infusion(cohort)
    what = "CCL22 and regulatory T cells"
    known = {"treg": correlated(cells["CCL22"], cells["treg"], what=what, min_group=least)}
    for fixation, values in fixations.items():
        what = f"CCL22 and CCR4, {fixation}"
        known[fixation] = correlated(values["CCL22"], values["CCR4"], what=what, min_group=least)
    return known


def counts(of: Relapse) -> dict[str, int]:
    """Patients: with a biopsy at relapse, longitudinal (and an earlier one), with an early one as well, with both
    fixations at relapse, with pairs of genes; and those whose relapse came after six months, of those known."""
    held = of.biopsies
    at = {time: held[time].any(axis=1) for time in (BASELINE, EARLY, RELAPSE)}
    days = of.relapse_days.reindex(held.index).dropna()
    return {
        "relapse": len(held),
        "longitudinal": int((at[BASELINE] | at[EARLY]).sum()),
        "early and relapse": int(at[EARLY].sum()),
        "baseline and relapse alone": int((at[BASELINE] & ~at[EARLY]).sum()),
        "both tissues at relapse": int(held[RELAPSE].all(axis=1).sum()),
        "pairs of genes": len(of.pairs),
        "day known": len(days),
        "secondary": int((days > days_of_months(SECONDARY_MONTHS)).sum()),
    }


PRINTS = (
    # what the source prints, the claim that holds it, and which count it is held against
    ("longitudinal samples", "z1_relapse.n_pairs", "longitudinal"),
    ("baseline, early and relapse", "z1_flow.longitudinal.pre_post_relapse", "early and relapse"),
    ("baseline and relapse alone", "z1_flow.longitudinal.pre_relapse", "baseline and relapse alone"),
    ("both tissues (Results)", "z1_relapse.both_types", "both tissues at relapse"),
    ("both tissues (Methods)", "z1_relapse.both_types.text", "both tissues at relapse"),
    ("biopsy at relapse", "z1_flow.subset3", "relapse"),
)


def prints_table(of: Relapse) -> pd.DataFrame:
    """The source's numbers of relapse patients beside those counted here: print, printed, line, counted."""
    here, known, rows = counts(of), claims.published(), []
    for what, id, name in PRINTS:
        claim = known[f"zuma1.{id}"]
        rows.append((what, int(claims.printed_value(claim)), claim.line, here[name]))
    return pd.DataFrame(rows, columns=["print", "printed", "line", "counted"])


def findings(of: Relapse, cohort: Cohort) -> dict[str, list[Finding]]:
    """Findings by the tail of a claim's id: on each set that is large enough, on correlations, and on counts."""
    here, known = counts(of), correlations(cohort, least=of.least)
    answers = {tail: _answers(of, names, SETS) for tail, names in CLAIMS.items()}
    answers |= {tail: _answers(of, names, (FIXED, FROZEN)) for tail, names in UNPAIRED_CLAIMS.items()}
    receptor = with_value([known[fixation] for fixation in FIXATIONS if fixation in known])
    both = [of_count(here["both tissues at relapse"])]
    return answers | {
        "ccl22_vs_treg": [known["treg"]],
        "ccl22_vs_ccr4": receptor or [Finding(None, note="CCL22 and CCR4 were not measured before infusion")],
        "secondary_resistance_after": [of_parameter(SECONDARY_MONTHS)],
        "n_pairs": [of_count(here["longitudinal"])],
        "both_types": both,
        "both_types.text": both,
    }


def sentence(of: Relapse) -> str:
    """The sets with their least p, what the source prints against itself, and what clearly differs at relapse."""
    here, printed = counts(of), prints_table(of).set_index("print")["printed"]
    sets = [
        f"{name}, least {formats.p_value(least_p(of, which))}"
        for which, name in set_names(of).items() if min(sizes(of, which))
    ]  # fmt: skip
    rows = table(of).dropna(subset="value")
    clear = rows[(rows["lower"] > 0) | (rows["upper"] < 0)]
    up, down = (
        ", ".join(f"{what} ({', '.join(each['group'])})" for what, each in part.groupby("what", sort=False)) or "none"
        for part in (clear[clear["value"] > 0], clear[clear["value"] < 0])
    )
    return (
        f"Sets: {'; '.join(sets)}. Of {formats.count(here['relapse'], 'patient')} with a biopsy at relapse "
        f"{here['early and relapse']} have an early one, {here['both tissues at relapse']} both tissues at relapse, "
        f"and {here['secondary']} of {here['day known']} relapsed after {SECONDARY_MONTHS} months. The source prints "
        f"{printed['longitudinal samples']} pairs where its own counts leave {printed['baseline, early and relapse']} "
        f"with both biopsies, and {printed['both tissues (Results)']} patients with both tissues in Results against "
        f"{printed['both tissues (Methods)']} in Methods. 95% interval above no change: {up}; below: {down}."
    )
