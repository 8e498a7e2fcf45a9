"""Notebook 12: densities of stained cells by two panels on the same specimens, subsets counted from marker positivity,
and Immunoscore against them."""

import contextlib
import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils.cohort import assays
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_count, of_parameter
from lcnec_utils.imaging import phenotypes
from lcnec_utils.imaging.immunoscore import immunoscore
from lcnec_utils.stats.agreement import Limits, limits_of_agreement
from lcnec_utils.stats.paired import paired_shift
from lcnec_utils.stats.proportions import benjamini_hochberg
from lcnec_utils.studies.car_t.patients import STAINED, by_patient, correlated
from lcnec_utils.studies.car_t.populations import (
    BASELINE,
    CYTOTOXIC,
    EARLY,
    GRANULOCYTES,
    MACROPHAGES,
    MONOCYTES,
    REGULATORY,
    RELAPSE,
    T_CELLS,
)

MARKS = {"CD3": T_CELLS, "CD8": CYTOTOXIC}
PAIRS = (("TL", "TCE"), ("TCE", "TCE+"))
CD4 = "CD3+ CD8-"  # no panel stains CD4: T cells without CD8
# What Immunoscore is held against before treatment: tail of the claim's id → words, assay and population
AGAINST = {
    "cd3": ("T cells, CD3+", "TCE", T_CELLS),
    "cd4": ("CD3+ CD8− cells, for CD4", "TCE", CD4),
    "cd8": ("CD3+ CD8+ cells", "TCE", CYTOTOXIC),
    "treg": ("Regulatory T cells", "TCE", REGULATORY),
}
MYELOID = {"macrophages": MACROPHAGES, "monocytes": MONOCYTES, "granulocytes": GRANULOCYTES}
CLONES = "the clones of antibodies are no column of a cohort; the source prints them both ways round"
PANELS_OF = {"tce_sc": ("TCE", "SC"), "tce_tox": ("TCE+",)}


@dataclasses.dataclass(frozen=True)
class Pair:
    """One density by two panels on the same specimens: values (one, other; by patient and time, several specimens of
    one time averaged), their limits of agreement as a ratio and their rank correlation."""

    mark: str
    panels: tuple[str, str]
    values: pd.DataFrame
    limits: Limits
    correlation: Finding

    @property
    def name(self) -> str:
        """What is compared, as a title."""
        return f"{self.mark}+, {self.panels[0]} over {self.panels[1]}"


@dataclasses.dataclass(frozen=True)
class Concordance:
    """What the panel shows of one cohort. pairs: `Pair` by every mark and two panels; lacking: name of a pair → why it
    is none. score: rows of Immunoscore against densities (id, what, value, limits, p, p_adjusted, n, note). subsets:
    median densities (panels, assay, time, lineage, state, population, median, q1, q3, n), before treatment where a
    panel stained anybody then. myeloid: ratios of myeloid over T
    cells within patients, by kind. overlap: specimens stained with both panels with and without TOX."""

    pairs: list[Pair]
    lacking: dict[str, str]
    score: pd.DataFrame
    score_findings: dict[str, Finding]
    subsets: pd.DataFrame
    myeloid: dict[str, Finding]
    overlap: int


def _pair(cohort: Cohort, mark: str, panels: tuple[str, str]) -> Pair:
    one, other = (assays.density(cohort, panel, MARKS[mark]) for panel in panels)
    values = pd.DataFrame({"one": one, "other": other}).dropna()
    if values.empty:
        raise MissingData(f"no specimen of {cohort.name} has {mark}+ densities by both {panels[0]} and {panels[1]}")
    # two blocks of one biopsy are no two patients
    names = [name for name in ("PATIENT_ID", "BIOPSY_TIME") if name in cohort.samples]
    keys = [cohort.samples[name].reindex(values.index) for name in names]
    values = values.groupby(keys, sort=False, dropna=False).mean()
    what = f"{mark}+ by {panels[0]} and by {panels[1]}"
    return Pair(
        mark, panels, values, limits_of_agreement(values["one"], values["other"], ratio=True),
        correlated(values["one"], values["other"], what=what),
    )  # fmt: skip


def _overlap(cohort: Cohort, panels: tuple[str, str]) -> int:
    """The specimens that two panels stained."""
    densities = assays.need_densities(cohort)
    stained = [set(densities.loc[densities["assay"] == panel, "sample"]) for panel in panels]
    return len(stained[0] & stained[1])


def _before(cohort: Cohort, assay: str, population: str) -> pd.Series:
    return by_patient(cohort, assays.density(cohort, assay, population), time=BASELINE, fixation=STAINED)


def _score_rows(cohort: Cohort, min_group: int) -> tuple[pd.DataFrame, dict[str, Finding]]:
    """Immunoscore (of TL) against the densities of other panels by patient: rows, and the findings by id."""
    wanted = AGAINST | {name: (name.capitalize(), "SC", population) for name, population in MYELOID.items()}
    rows, findings = [], {}
    try:
        score = immunoscore(*(_before(cohort, "TL", MARKS[mark]) for mark in ("CD3", "CD8")))
        why = ""
    except MissingData as reason:
        score, why = None, str(reason)
    for id, (what, assay, population) in wanted.items():
        try:
            if score is None:
                raise MissingData(why)
            finding = correlated(score, _before(cohort, assay, population), what=f"Immunoscore and {what}",
                                       min_group=max(min_group, 4))  # fmt: skip
        except MissingData as reason:
            finding = Finding(None, note=str(reason))
        findings[id] = finding
        rows.append({"id": id, "what": f"{what} ({assay})", "difference": finding.value, "lower": finding.lower,
                     "upper": finding.upper, "p": finding.p, "n": finding.n, "note": finding.note})  # fmt: skip
    table = pd.DataFrame(rows).astype({"difference": float, "lower": float, "upper": float, "p": float})
    return table.assign(p_adjusted=benjamini_hochberg(table["p"])), findings


def _of_first_time(cohort: Cohort, assay: str, populations: list[str]) -> tuple[str, pd.DataFrame]:
    """Densities by patient at the first time at which an assay stained a biopsy, and that time; no rows where none."""
    try:
        by_sample = assays.densities(cohort, assay, populations)
    except MissingData:
        return BASELINE, pd.DataFrame(columns=populations, dtype=float)
    for time in (BASELINE, EARLY, RELAPSE):
        with contextlib.suppress(MissingData):
            return time, by_patient(cohort, by_sample, time=time, fixation=STAINED)
    return BASELINE, by_sample.iloc[:0]


def _subsets(cohort: Cohort) -> pd.DataFrame:
    """The median density of every subset over the patients, with quartiles and n: before treatment, or at the first
    time at which a panel stained anybody."""
    rows = []
    for panels in PANELS_OF.values():
        for assay, listed in phenotypes.subsets(*panels).groupby("assay", sort=False):
            time, values = _of_first_time(cohort, assay, list(listed["population"]))
            for row in listed.itertuples():
                low, middle, high = values[row.population].quantile([0.25, 0.5, 0.75])
                rows.append({"panels": " and ".join(panels), "assay": assay, "time": time, "lineage": row.lineage,
                             "state": row.state, "population": row.population, "median": middle, "q1": low, "q3": high,
                             "n": int(values[row.population].notna().sum())})  # fmt: skip
    return pd.DataFrame(rows)


def _myeloid(cohort: Cohort) -> dict[str, Finding]:
    """Monocytes and macrophages over all T cells within patients before treatment, as ratios."""
    found = {}
    for name in ("monocytes", "macrophages"):
        try:
            cells, t_cells = _before(cohort, "SC", MYELOID[name]), _before(cohort, "TCE", T_CELLS)
        except MissingData as reason:
            found[name] = Finding(None, note=str(reason))
            continue
        found[name] = paired_shift(cells, t_cells, ratio=True, what=f"densities of {name} and T cells")
    return found


def concordance(cohort: Cohort, *, min_group: int) -> Concordance:
    """What two panels say of the same specimens, and what was counted before treatment.

    Raises MissingData where the cohort has no stained cells.
    """
    assays.need_densities(cohort)
    pairs, lacking = [], {}
    for panels in PAIRS:
        for mark in MARKS:
            try:
                pairs.append(_pair(cohort, mark, panels))
            except MissingData as reason:
                lacking[f"{mark}, {panels[0]} and {panels[1]}"] = str(reason)
    score, findings = _score_rows(cohort, min_group)
    return Concordance(pairs, lacking, score, findings, _subsets(cohort), _myeloid(cohort), _overlap(cohort, PAIRS[1]))


def agreement_table(of: Concordance) -> pd.DataFrame:
    """One row per pair of panels and marker: n, the bias as a ratio with its limits, the limits of agreement with
    theirs, biopsies left out for a density of 0, and the rank correlation."""
    rows = []
    for pair in of.pairs:
        limits = pair.limits
        rows.append(
            {"cells": f"{pair.mark}+", "first": pair.panels[0], "second": pair.panels[1], "n": limits.n,
             "ratio": limits.bias, "ratio_lower": limits.bias_limits[0], "ratio_upper": limits.bias_limits[1],
             "lower": limits.lower, "lower_from": limits.lower_limits[0], "lower_to": limits.lower_limits[1],
             "upper": limits.upper, "upper_from": limits.upper_limits[0], "upper_to": limits.upper_limits[1],
             "of_zero": limits.left_out, "spearman": pair.correlation.value, "spearman_lower": pair.correlation.lower,
             "spearman_upper": pair.correlation.upper}
        )  # fmt: skip
    return pd.DataFrame(rows)


def matrices(of: Concordance) -> dict[str, pd.DataFrame]:
    """Median densities as matrices by the panels that count them: states × lineages, or lineages × two states."""
    found = {}
    for panels, rows in of.subsets.groupby("panels", sort=False):
        rows = rows.assign(
            state=rows["state"].map(lambda state: "all" if state == "all" else state.replace("-", "−")),
            column=rows["lineage"].where(rows["lineage"] != "parent", rows["population"]),
        )
        if "SC" in panels:  # no marker of state, whichever the panel has
            rows["state"] = rows["state"].where(rows["state"] == "all", "no marker of state")
        wide = rows.pivot(index="state", columns="column", values="median")
        wide = wide.loc[list(dict.fromkeys(rows["state"])), list(dict.fromkeys(rows["column"]))]
        found[panels] = wide if len(wide) > wide.shape[1] else wide.T
    return found


def _counted_subsets(of: Concordance, panels: tuple[str, ...]) -> Finding:
    """How many subsets some panels tell apart, where each of the panels stained somebody."""
    rows = of.subsets[of.subsets["panels"] == " and ".join(panels)]
    if unstained := sorted(set(rows.loc[rows["n"] == 0, "assay"])):
        return Finding(None, note=f"nobody was stained with {formats.listed(unstained)}")
    return of_parameter(len(rows))


def concordance_findings(of: Concordance) -> dict[str, list[Finding]]:
    """Agreement of the panels, Immunoscore against cells, and counts, by the tail of a claim's id."""
    by_pair = {(pair.panels, pair.mark): pair.correlation for pair in of.pairs}

    def of_pair(panels: tuple[str, str], mark: str) -> Finding:
        why = of.lacking.get(f"{mark}, {panels[0]} and {panels[1]}", "")
        return by_pair.get((panels, mark), Finding(None, note=why))

    answers = {f"tl_vs_tce.{mark.lower()}": [of_pair(PAIRS[0], mark)] for mark in MARKS}
    answers["tce_vs_tce_tox"] = [of_pair(PAIRS[1], mark) for mark in MARKS]
    answers |= {f"immunoscore_vs.{id}": [of.score_findings[id]] for id in AGAINST}
    answers["immunoscore_vs.myeloid"] = [of.score_findings[name] for name in MYELOID]
    answers["myeloid_vs_t_density"] = list(of.myeloid.values())
    for id, panels in PANELS_OF.items():
        answers[f"phenotypes.{id}"] = [_counted_subsets(of, panels)]
    answers["n_overlap"] = [of_count(of.overlap)]
    return answers | {id: [Finding(None, note=CLONES)] for id in ("cd3_clone", "cd3_clone.text")}


def concordance_sentence(of: Concordance) -> str:
    """How far the panels agree, and what Immunoscore goes with."""
    parts = []
    for pair in of.pairs:
        limits, r = pair.limits, pair.correlation
        if np.isfinite(limits.bias):
            rho = f", Spearman {formats.number(r.value, 2)}" if r.value is not None else ""
            bias, low, high = (formats.number(value, 2) for value in (limits.bias, limits.lower, limits.upper))
            parts.append(
                f"{pair.name}: ratio {bias}, limits of agreement {low} to {high} (n = {limits.n} biopsies{rho})."
            )
    parts += [formats.as_sentence(why) for why in dict.fromkeys(of.lacking.values())]
    known = of.score.dropna(subset=["difference"])
    if len(known):
        rho = ", ".join(f"{row.what} {formats.number(row.difference, 2)}" for row in known.itertuples())
        parts.append(f"Immunoscore before treatment, Spearman's correlation (n up to {int(known['n'].max())}): {rho}.")
    for name, each in of.myeloid.items():
        if each.value is not None:
            ratio = f"{formats.number(each.value, 2)} ({formats.number(each.lower, 2)}–{formats.number(each.upper, 2)})"
            parts.append(f"{name.capitalize()} over T cells within patients: ratio {ratio}, n = {each.n}.")
    return " ".join(parts)
