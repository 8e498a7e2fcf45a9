"""Notebook 12: change of genes from before infusion to days 7 to 14, within patients, by best response.

Frozen and fixed tissue stay apart, and both biopsies of a pair are of one panel (`gene_biopsies.PRE_POST_PANEL`).
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_parameter
from lcnec_utils.core.units import DAYS_PER_WEEK
from lcnec_utils.stats.differential import moderated_paired_t
from lcnec_utils.stats.mean_change import fold_change, fold_change_ratio
from lcnec_utils.stats.paired import signed_rank
from lcnec_utils.stats.proportions import benjamini_hochberg
from lcnec_utils.studies.car_t import gene_biopsies, genes
from lcnec_utils.studies.car_t.gene_biopsies import (
    EARLY_DAYS,
    FIXATIONS,
    GROUPS,
    NON_RESPONDERS,
    PRE_POST_PANEL,
    RESPONDERS,
)
from lcnec_utils.studies.car_t.populations import BASELINE, EARLY

MARGIN = 1.5  # of a ratio of fold changes within which two are alike, as the claims state it
IMMUNE, T_CELL, B_LINEAGE = "Immune genes", "T-cell genes", "B-lineage genes"
DIFFERENCE = f"{RESPONDERS} less {NON_RESPONDERS}"
FAMILIES = (*genes.IMMUNE, genes.CONDITIONING, genes.NOT_INCREASED)
# tail of a claim's id, on responders → the genes that it names, each of which must rise
NAMED = {
    "cytotoxic.responders": ["CD8A", "GZMA"],
    "il15.responders": ["IL15"],
    "checkpoints.responders": ["CD274", "CD276", "CTLA4"],
    "myeloid.responders": ["CD14", "CD68"],
    "ccl2.responders": ["CCL2"],
}
ADVERSE_IPI = 3  # points of the International Prognostic Index from which the risk is called high


@dataclasses.dataclass(frozen=True)
class EarlyChange:
    """Pairs of biopsies before and after infusion, of one fixation and the panel of such comparisons.

    before, after: log2 counts, patients × genes. group: best response of each pair (GROUPS; missing where unknown).
    late: change of the patients whose later biopsy lies outside days 7 to 14, patients × genes: shown, and in no
    statistic. late_days: their days. early_days: day of each early specimen of any fixation, whether paired or not, and
    its patient's best response. unpaired: what is missing → patients. patients: the cohort's table of patients.
    """

    cohort: str
    fixation: str
    before: pd.DataFrame
    after: pd.DataFrame
    group: pd.Series
    late: pd.DataFrame
    late_days: pd.Series
    early_days: pd.DataFrame
    unpaired: dict[str, int]
    patients: pd.DataFrame

    @property
    def change(self) -> pd.DataFrame:
        """log2 of the later over the earlier value, pairs × genes."""
        return self.after - self.before

    def of_group(self, name: str) -> pd.DataFrame:
        """The changes of the pairs of one response group."""
        return self.change[(self.group == name).to_numpy(bool)]

    def sizes(self) -> dict[str, int]:
        """Pairs by response group."""
        return {name: int((self.group == name).sum()) for name in GROUPS}


def early_change(cohort: Cohort, fixation: str) -> EarlyChange:
    """The pairs of one fixation: the same patient before infusion and on days 7 to 14 after it.

    A specimen called early with another day makes no pair; it is kept as `late`. Where a patient has several specimens
    of a time they are averaged. Raises MissingData where the panel, the times or a pair is lacking.
    """
    table = gene_biopsies.specimens(cohort)
    log2 = gene_biopsies.log2_of(cohort, PRE_POST_PANEL)
    best, response = cohort.column("BEST_RESPONSE", "best response"), gene_biopsies.response_groups(cohort)
    early = table["time"].eq(EARLY).fillna(False).astype(bool)
    window = gene_biopsies.in_window(table)
    baseline = table["time"].eq(BASELINE).fillna(False).astype(bool)
    before, after, late = (
        gene_biopsies.by_patient(log2, table, chosen, fixation) for chosen in (baseline, window, early & ~window)
    )
    pairs = before.index.intersection(after.index)
    if pairs.empty:
        raise MissingData(
            f"{cohort.name} has no patient with {fixation} tissue from before infusion and from days "
            f"{EARLY_DAYS[0]} to {EARLY_DAYS[1]} on the panel {PRE_POST_PANEL}: {len(before)} have the first, "
            f"{len(after)} the second{_elsewhere(cohort, table, after.index, fixation)}"
        )
    shown = late.index.intersection(before.index).difference(pairs)
    group = response.reindex(pairs)
    days = table[early].assign(best=best.reindex(table.loc[early, "patient"]).to_numpy())
    late_days = days[~window[early]].groupby("patient")["day"].min().reindex(shown)
    unpaired = {
        "before infusion alone": len(before.index.difference(after.index).difference(shown)),
        "after infusion alone": len(after.index.difference(before.index)),
        "without best response": int(group.isna().sum()),
    }
    return EarlyChange(
        cohort.name, fixation, before.loc[pairs], after.loc[pairs], group, late.loc[shown] - before.loc[shown],
        late_days, days, unpaired, cohort.patients,
    )  # fmt: skip


def _elsewhere(cohort: Cohort, table: pd.DataFrame, patients: pd.Index, fixation: str) -> str:
    """How many of these patients have their baseline on another panel, which makes no pair; in words, or nothing."""
    rows = table[table["time"].eq(BASELINE) & table["fixation"].eq(fixation) & table["patient"].isin(patients)]
    for name, data in (cohort.ncounter or {}).items():
        if name != PRE_POST_PANEL and (held := rows.loc[rows.index.isin(data.obs_names), "patient"].nunique()):
            return f"; {held} have the first on the panel {name}, and panels are not mixed"
    return ""


# --- single genes and families


def gene_table(compared: EarlyChange) -> pd.DataFrame:
    """Every gene of the panel in each response group: gene, group, n, log2_change, lower, upper, lower_90, upper_90, p
    (moderated paired t), p_adjusted (over the panel). A group of fewer than two pairs has no row."""
    parts = []
    for name in GROUPS:
        rows = (compared.group == name).to_numpy(bool)
        if rows.sum() < 2:
            continue
        table = moderated_paired_t(compared.after[rows], compared.before[rows])
        table = table.rename(columns={"mean_log2_difference": "log2_change"}).rename_axis("gene").reset_index()
        parts.append(table.assign(group=name, n=int(rows.sum()), p_adjusted=benjamini_hochberg(table["p"])))
    limits = ["lower", "upper", "lower_90", "upper_90"]
    columns = ["gene", "group", "n", "log2_change", *limits, "p", "p_adjusted"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def named_genes(compared: EarlyChange, families: Sequence[genes.Family] = FAMILIES) -> pd.DataFrame:
    """The named genes of the families in each response group: family, what (the gene), group, n, value (log2), lower,
    upper, p, p_adjusted, signed_rank_p, and note where there is none."""
    known, rows = gene_table(compared).set_index(["gene", "group"]), []
    for family in families:
        for gene in family.genes:
            for name, n in compared.sizes().items():
                row = {"family": family.title, "what": gene, "group": name, "n": n, "note": ""}
                if (gene, name) in known.index:
                    found = known.loc[(gene, name)]
                    row |= {"value": found["log2_change"]} | found[["lower", "upper", "p", "p_adjusted"]].to_dict()
                    row["signed_rank_p"] = signed_rank(compared.of_group(name)[gene].to_numpy())
                else:
                    row["note"] = "not on the panel" if gene not in compared.change else formats.count(n, "pair")
                rows.append(row)
    columns = ["family", "what", "group", "n", "value", "lower", "upper", "p", "p_adjusted", "signed_rank_p", "note"]
    return pd.DataFrame(rows).reindex(columns=columns)


def scores(log2: pd.DataFrame) -> pd.DataFrame:
    """Signatures of log2 values (or of changes), patients × signatures: the mean of each family's measured genes, of
    all immune genes, of T-cell genes and of the B lineage. A signature without a measured gene is left out."""
    wanted = {IMMUNE: genes.immune_genes(), T_CELL: genes.T_CELLS.genes, B_LINEAGE: genes.B_LINEAGE.genes}
    wanted |= {family.title: family.genes for family in (*genes.IMMUNE, genes.CANCER_TESTIS)}
    return pd.DataFrame({name: genes.signature(log2, listed) for name, listed in wanted.items()}).dropna(axis=1)


def signature_findings(compared: EarlyChange, name: str) -> dict[str, Finding]:
    """A signature's fold change in each response group, and the ratio of the responders' to the others' (DIFFERENCE).

    Means of log2 with Student's limits, Welch's for the ratio.
    """
    change = scores(compared.change)
    if name not in change:
        lacking = Finding(None, note=f"no gene of '{name}' is on the panel")
        return dict.fromkeys((*GROUPS, DIFFERENCE), lacking)
    values = change[name]
    found = {group: fold_change(values[(compared.group == group).to_numpy(bool)], what=name) for group in GROUPS}
    return found | {DIFFERENCE: fold_change_ratio(values, responds(compared), what=name)}


def responds(compared: EarlyChange) -> pd.Series:
    """Whether each pair is a responder's; missing where the best response is unknown."""
    known = compared.group.notna()
    return pd.Series(compared.group == RESPONDERS, compared.group.index).astype("boolean").mask(~known)


def log2_row(finding: Finding) -> dict:
    """A ratio's finding as a row of a figure: value, lower, upper, lower_90, upper_90 (log2), n, p, note."""
    names = ("value", "lower", "upper", "lower_90", "upper_90")
    at = {name: math.nan if getattr(finding, name) is None else math.log2(getattr(finding, name)) for name in names}
    return at | {"n": finding.n or 0, "p": math.nan if finding.p is None else finding.p, "note": finding.note}


def signature_table(compared: EarlyChange, names: list[str] | None = None) -> pd.DataFrame:
    """Each signature in each response group and the difference of changes: what, group, value (log2), limits, n, p,
    note."""
    names = names or [IMMUNE, *(family.title for family in genes.IMMUNE)]
    rows = [
        {"what": name, "group": group} | log2_row(finding)
        for name in names
        for group, finding in signature_findings(compared, name).items()
    ]
    return pd.DataFrame(rows)


# --- alike across strata


def strata(patients: pd.DataFrame, *, burden_quantile: float) -> dict[str, pd.Series]:
    """What the source calls no influence, by patient, as booleans: words → series.

    High tumour burden: above the quantile of all patients' burden. Prognostic markers: cell of origin ABC against GCB
    or unclassified, IPI 3 to 5 against 0 to 2. A marker that the cohort does not have is left out.
    """
    marks = {}
    if "TUMOR_BURDEN_MM2" in patients and patients["TUMOR_BURDEN_MM2"].notna().any():
        burden = patients["TUMOR_BURDEN_MM2"].astype(float)
        marks["tumour burden"] = _mark(burden > burden.quantile(burden_quantile), burden)
    if "CELL_OF_ORIGIN" in patients:
        marks["cell of origin"] = _mark(patients["CELL_OF_ORIGIN"] == "ABC", patients["CELL_OF_ORIGIN"])
    if "IPI" in patients:
        marks["IPI"] = _mark(patients["IPI"].astype(float) >= ADVERSE_IPI, patients["IPI"])
    return marks


def _mark(which: pd.Series, of: pd.Series) -> pd.Series:
    return which.fillna(False).astype("boolean").mask(of.isna())


SIDES = {"tumour burden": "high against low tumour burden", "cell of origin": "ABC against GCB or unclassified",
         "IPI": "IPI 3–5 against 0–2"}  # fmt: skip
ALIKE = (IMMUNE, B_LINEAGE)  # the signatures whose changes are compared between strata


def stratum_findings(compared: EarlyChange, *, burden_quantile: float) -> dict[tuple[str, str, str], Finding]:
    """The ratio of two strata's fold changes: (stratum, pairs, signature) → finding.

    pairs: `responders` alone, or `all` with a term for response, so that a stratum with more responders does not differ
    for that alone.
    """
    change, known = scores(compared.change), {}
    response = compared.group.astype(object)
    for name, mark in strata(compared.patients, burden_quantile=burden_quantile).items():
        mark = mark.reindex(change.index)
        for signature in ALIKE:
            if signature in change:
                values = change[signature]
                alone = values[(compared.group == RESPONDERS).to_numpy(bool)]
                what = f"{signature}, {SIDES[name]}"
                known[name, "responders", signature] = fold_change_ratio(alone, mark.reindex(alone.index), what=what)
                known[name, "all", signature] = fold_change_ratio(values, mark, what=what, within=response)
    return known


def fixation_findings(frozen: EarlyChange, fixed: EarlyChange) -> dict[str, Finding]:
    """The ratio of the responders' fold change in fixed tissue to that in frozen tissue, by signature (Welch).

    Patients with pairs of both are on both sides, which makes the limits too wide rather than too narrow where a
    patient's two changes are alike.
    """
    known = {}
    for name in ALIKE:
        sides = {
            fixation: scores(compared.of_group(RESPONDERS)).get(name, pd.Series(dtype=float))
            for fixation, compared in zip(FIXATIONS, (frozen, fixed), strict=True)
        }
        values = pd.concat(sides)
        values.index = [f"{fixation} {patient}" for fixation, patient in values.index]
        marked = pd.Series([label.startswith(f"{FIXATIONS[1]} ") for label in values.index], values.index)
        known[name] = fold_change_ratio(values, marked, what=f"{name}, {FIXATIONS[1]} against {FIXATIONS[0]}")
    return known


def alike_table(compared: EarlyChange, *, burden_quantile: float, frozen: EarlyChange | None = None) -> pd.DataFrame:
    """The ratios between strata, and (with `frozen`) of fixed to frozen tissue, as rows of a figure: family (pairs),
    what, group (signature), value (log2) with limits, n, p, note."""
    rows = []
    words = {"responders": "Responders alone", "all": "All, within response"}
    found = stratum_findings(compared, burden_quantile=burden_quantile)
    for pairs in words:
        for (name, of, signature), finding in found.items():
            if of == pairs:
                rows.append({"family": words[pairs], "what": SIDES[name], "group": signature} | log2_row(finding))
    if frozen is not None:
        for signature, finding in fixation_findings(frozen, compared).items():
            row = {"family": words["responders"], "what": "FFPE against FF", "group": signature}
            rows.append(row | log2_row(finding))
    columns = ["family", "what", "group", "value", "lower", "upper", "lower_90", "upper_90", "n", "p", "note"]
    return pd.DataFrame(rows, columns=columns).sort_values("family", ascending=False, kind="stable")


# --- findings


def _gene(table: pd.DataFrame, gene: str, group: str, compared: EarlyChange) -> Finding:
    """A gene's fold change in one response group, of `gene_table`."""
    rows = table[(table["gene"] == gene) & (table["group"] == group)]
    n = compared.sizes()[group]
    if rows.empty:
        why = f"{gene} is not on the panel" if gene not in compared.change else f"{group}: {formats.count(n, 'pair')}"
        return Finding(None, n=n, note=why)
    row = rows.iloc[0]
    limits = {name: float(2 ** row[name]) for name in ("lower", "upper", "lower_90", "upper_90")}
    return Finding(float(2 ** row["log2_change"]), **limits, p=float(row["p"]), n=n, smallest=n, scale="ratio")


def gene_findings(compared: EarlyChange, named: list[str], group: str, table: pd.DataFrame) -> list[Finding]:
    """The fold changes of named genes in one response group, each a finding. table: of `gene_table`."""
    return [_gene(table, gene, group, compared) for gene in named]


def change_findings(compared: EarlyChange) -> dict[str, list[Finding]]:
    """Findings that both fixations are asked for, by the tail of a claim's id.

    A claim that names genes holds where each of them does; one that speaks of immune genes rests on the signature of
    all of them, and that none rises in non-responders on each family.
    """
    table = gene_table(compared)
    answers = {tail: gene_findings(compared, named, RESPONDERS, table) for tail, named in NAMED.items()}
    families = [signature_findings(compared, family.title)[NON_RESPONDERS] for family in genes.IMMUNE]
    return answers | {
        "change_responders_vs_non": [signature_findings(compared, IMMUNE)[DIFFERENCE]],
        "immune_genes.non_responders": families,
        "cxcl10_cxcl11.non_responders": gene_findings(compared, genes.CONDITIONING.genes, NON_RESPONDERS, table),
    }


def frozen_findings(compared: EarlyChange, *, burden_quantile: float) -> dict[str, list[Finding]]:
    """Findings of frozen tissue, by the tail of a claim's id: changes, strata, and what the source defines."""
    strata = stratum_findings(compared, burden_quantile=burden_quantile)
    prognostic = [finding for (name, of, _), finding in strata.items() if name != "tumour burden" and of == "all"]
    burden = [finding for (name, of, _), finding in strata.items() if (name, of) == ("tumour burden", "responders")]
    weeks = [of_parameter(EARLY_DAYS[1] / DAYS_PER_WEEK)]
    table = gene_table(compared)
    return change_findings(compared) | {
        "not_increased": gene_findings(compared, genes.NOT_INCREASED.genes, RESPONDERS, table),
        "t_cell_signature.discussion": [signature_findings(compared, T_CELL)[RESPONDERS]],
        "prognostic_strata": prognostic or [Finding(None, note="neither cell of origin nor IPI is known")],
        "tumor_burden.discussion": burden or [Finding(None, note="tumour burden is not known")],
        **{f"early_window.{place}": weeks for place in ("abstract", "results", "discussion", "limitations")},
        "subset2_window": [of_parameter(day) for day in EARLY_DAYS],
        **_day_findings(compared.early_days),
    }


def _day_findings(early: pd.DataFrame) -> dict[str, list[Finding]]:
    """The first and last day of all early specimens but the latest biopsy, and that one's week and response."""
    known = early.dropna(subset="day")
    if known.empty:
        lacking = [Finding(None, note="the days of early biopsies are not known")]
        return {"subset2_window.text": lacking, "late_specimen": lacking}
    last = known.sort_values("day").iloc[-1]
    others = known[~(known["patient"].eq(last["patient"]) & known["day"].eq(last["day"]))]
    window = [Finding(float(day), n=len(others)) for day in (others["day"].min(), others["day"].max())]
    if last["day"] <= EARLY_DAYS[1]:
        late = Finding(None, note="no early biopsy was taken after day 14")
    elif last["best"] != "SD":
        late = Finding(None, note="the latest early biopsy is not of a patient with stable disease")
    else:
        late = Finding(float(last["day"] / DAYS_PER_WEEK), n=1)
    return {"subset2_window.text": window, "late_specimen": [late]}


def fixed_findings(frozen: EarlyChange | None, fixed: EarlyChange, *, burden_quantile: float) -> dict:
    """Findings of fixed tissue, by the tail of a claim's id; frozen: of the same cohort, for the likeness of both."""
    strata = stratum_findings(fixed, burden_quantile=burden_quantile)
    burden = [finding for (name, of, _), finding in strata.items() if (name, of) == ("tumour burden", "all")]
    lacking = [Finding(None, note="there is no pair of frozen tissue")]
    return change_findings(fixed) | {
        "tumor_burden": burden or [Finding(None, note="tumour burden is not known")],
        "ff_vs_ffpe": lacking if frozen is None else list(fixation_findings(frozen, fixed).values()),
    }


def early_change_or_none(cohort: Cohort, fixation: str) -> EarlyChange | None:
    """The pairs of one fixation, or None where there is none: for what helps a panel and is not asked of it."""
    try:
        return early_change(cohort, fixation)
    except MissingData:
        return None


# --- sentences


def ratio_words(finding: Finding, level: int = 95) -> str:
    """A fold change with its interval: `2.10 (95% CI 1.40 to 3.15; n = 12)`."""
    if finding.value is None:
        return finding.note or formats.NOT_ESTIMABLE
    lower, upper = (finding.lower, finding.upper) if level == 95 else (finding.lower_90, finding.upper_90)
    limits = f"{formats.number(lower, 2)} to {formats.number(upper, 2)}"
    return f"{formats.number(finding.value, 2)} ({level}% CI {limits}; n = {finding.n})"


def pairs_sentence(compared: EarlyChange) -> str:
    """How many pairs there are by response, what makes no pair, and which biopsy was set aside."""
    sizes = [f"{n} with {name}" for name, n in compared.sizes().items()]
    left = [f"{formats.count(n, 'patient')} {what}" for what, n in compared.unpaired.items() if n]
    weeks = [f"week {formats.number(day / DAYS_PER_WEEK, 0)}" for day in compared.late_days.dropna()]
    late = (
        f" A biopsy of {formats.listed(weeks)} is marked in the figure and stands in no mean or test." if weeks else ""
    )
    apart = f" Not paired: {'; '.join(left)}." if left else ""
    return (
        f"{formats.count(len(compared.change), 'pair')} of {compared.fixation} tissue, before infusion and days "
        f"{EARLY_DAYS[0]} to {EARLY_DAYS[1]}, on the panel {PRE_POST_PANEL}: {formats.listed(sizes)}.{apart}{late}"
    )


def change_sentence(compared: EarlyChange) -> str:
    """The pairs; the immune signature's fold changes by response, their ratio; and single genes at 5% FDR."""
    found = signature_findings(compared, IMMUNE)
    table = gene_table(compared)
    differ = [
        f"{int((rows['p_adjusted'] < 0.05).sum())} of {len(rows):,} in {name} (n = {rows['n'].iloc[0]})"
        for name, rows in table.groupby("group", sort=False)
    ]
    return (
        f"{pairs_sentence(compared)} Geometric mean fold change of {len(genes.immune_genes())} immune genes: "
        f"{ratio_words(found[RESPONDERS])} in {RESPONDERS}, {ratio_words(found[NON_RESPONDERS])} in {NON_RESPONDERS}; "
        f"ratio {ratio_words(found[DIFFERENCE])}. Genes of the panel that change at a false discovery rate of 5% "
        f"(moderated paired t): {formats.listed(differ) or 'none could be tested'}."
    )


def alike_sentence(table: pd.DataFrame) -> str:
    """How many of the ratios between strata have a 90% interval within the margin, and which do not."""
    known = table.dropna(subset="value")
    edge = np.log2(MARGIN)
    alike = (known["lower_90"] >= -edge) & (known["upper_90"] <= edge)
    apart = (known["lower"] > edge) | (known["upper"] < -edge)
    return (
        f"Changes are alike between two strata where the 90% interval of the ratio of fold changes lies within "
        f"{formats.number(1 / MARGIN, 2)} to {MARGIN:g}: {int(alike.sum())} of {len(known)} comparisons; "
        f"{int(apart.sum())} have a 95% interval wholly outside it, and the others decide nothing."
    )
