"""Notebook 12: gene sets of complete response in ZUMA-1 and in the commercial patients, by genes named here.

The source names its pathways and not their genes, but for antigen presentation by macrophages, whose genes it lists.
"""

import contextlib

import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_count
from lcnec_utils.stats.proportions import benjamini_hochberg
from lcnec_utils.stats.ranks import mean_difference
from lcnec_utils.studies.car_t import associations, patients
from lcnec_utils.studies.car_t.associations import BaselineSet

COSTIMULATION, ADHESION, ANTIGEN = (
    "Lymphocyte co-stimulation",
    "Leukocyte cell–cell adhesion",
    "Antigen presentation, M2 and myeloid",
)
# The first two are a choice from the Gene Ontology's terms of these names; the third is the source's own list
GENES = {
    COSTIMULATION: ["CD28", "ICOS", "CD27", "CD40LG", "TNFRSF4", "TNFRSF9", "CD80", "CD86", "TNFSF14"],
    ADHESION: ["ITGAL", "ITGB2", "ITGA4", "ICAM1", "ICAM2", "ICAM3", "VCAM1", "CD2", "CD58", "SELL", "SELPLG"],
    ANTIGEN: ["MRC1", "CD36", "CD74", "HLA-DMA", "HLA-DMB", "HLA-DQA1", "HLA-DQB1", "HLA-DRA", "HLA-E", "TREM2"],
}
IDS = {"costimulation": COSTIMULATION, "adhesion": ADHESION, "antigen_m2": ANTIGEN}
TAILS = {"car_t": "zuma1", "car_t_commercial": "commercial"}
COLUMNS = ["role", "set", "pathway", "genes", "what", "n", "difference", "lower", "upper", "lower_90", "upper_90", "p"]


def response_sets(sets: dict[str, BaselineSet]) -> dict[str, BaselineSet]:
    """The two sets of the analysis in which a best response is known; raises MissingData where it is in neither."""
    known = {role: of for role, of in sets.items() if role in TAILS and len(of.log2) and of.response.notna().any()}
    if not known:
        raise MissingData("no set with genes before treatment has a best response")
    return known


def pathway_differences(sets: dict[str, BaselineSet], *, min_group: int) -> pd.DataFrame:
    """Complete responders less the others, mean log2 of each pathway's genes and of each gene, before treatment.

    Columns COLUMNS, note and p_adjusted (over the set's pathways, and over its genes). Limits are Welch's, p is
    Wilcoxon's. what: the gene, or empty for the whole pathway.
    """
    parts = []
    for role, of in sets.items():
        marked = of.response.dropna().eq("CR")
        rows = []
        for pathway, listed in GENES.items():
            held = [gene for gene in listed if gene in of.log2]
            for what in ["", *held]:
                values = of.log2[held if what == "" else [what]].mean(axis=1).reindex(marked.index)
                finding = mean_difference(values, marked, what=what or pathway, min_group=min_group)
                numbers = {
                    name: getattr(finding, name) for name in ("n", "lower", "upper", "lower_90", "upper_90", "p")
                }
                known = {"role": role, "set": of.name, "pathway": pathway, "what": what, "difference": finding.value}
                rows.append(known | numbers | {"genes": len(held), "note": finding.note})
        table = pd.DataFrame(rows)
        table["p_adjusted"] = table.groupby(table["what"] == "")["p"].transform(benjamini_hochberg)
        parts.append(table)
    numbers = ["n", "difference", "lower", "upper", "lower_90", "upper_90", "p"]
    table = pd.concat(parts, ignore_index=True).astype(dict.fromkeys(numbers, float))
    return table[[*COLUMNS, "note", "p_adjusted"]]


def pathway_blocks(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows of each pathway as `plots.interval_blocks` takes them: the mean of its genes, then each gene, by role."""
    named = table.assign(family=table["pathway"], group=table["role"], value=table["difference"])
    named["what"] = named["what"].where(named["what"] != "", "Mean of genes")
    return {name: rows.reset_index(drop=True) for name, rows in named.groupby("pathway", sort=False)}


def pathway_groups(sets: dict[str, BaselineSet]) -> dict[str, str]:
    """Each role's set in a legend: complete responders and the others."""
    names = {}
    for role, of in sets.items():
        known = of.response.reindex(of.log2.index).dropna()
        names[role] = f"{of.name} ({int(known.eq('CR').sum())} CR, {int(known.ne('CR').sum())} not)"
    return names


def sets_with_survival(cohorts: dict[str, Cohort]) -> Finding:
    """How many of the source's four sets have overall survival, as a finding; none where the run lacks one of them.

    cohorts: by role. "Outcome" is read as survival where the source knows it of one set, since complete response is
    known of two.
    """
    if not all(role in cohorts and patients.of_source(cohorts[role]) for role in associations.SETS):
        return Finding(None, note=associations.not_all(associations.SETS))
    number = 0
    for role in associations.SETS:
        with contextlib.suppress(MissingData):
            number += len(cohorts[role].survival("OS")) > 0
    return of_count(number)


def pathway_findings(
    table: pd.DataFrame, sets: dict[str, BaselineSet], with_survival: Finding
) -> dict[str, dict[str, list[Finding]]]:
    """Findings on pathways by role, by the tail of a claim's id. with_survival: of `sets_with_survival`."""
    answers = {role: {} for role in sets}
    for role in sets:
        rows = table[(table["role"] == role) & (table["what"] == "")].set_index("pathway")
        for id, pathway in IDS.items():
            row = rows.loc[pathway]
            if pd.isna(row["difference"]):
                answers[role][f"{id}.{TAILS[role]}"] = [Finding(None, note=row["note"])]
                continue
            limits = {name: float(row[name]) for name in ("lower", "upper", "lower_90", "upper_90", "p")}
            finding = Finding(float(row["difference"]), **limits, n=int(row["n"]), scale="difference")
            answers[role][f"{id}.{TAILS[role]}"] = [finding]
    if "car_t" in sets:
        roles = tuple(TAILS)
        whole = bool(associations.own_sets(sets, roles))
        answers["car_t"]["sets"] = [of_count(len(roles)) if whole else Finding(None, note=associations.not_all(roles))]
        for place in ("discussion", "limitations"):
            answers["car_t"][f"outcome_sets.{place}"] = [with_survival]
    return answers


def pathway_sentence(table: pd.DataFrame, sets: dict[str, BaselineSet]) -> str:
    """Each pathway's difference in each set, with its interval."""
    parts = []
    for role, of in sets.items():
        rows = table[(table["role"] == role) & (table["what"] == "")]
        known = of.response.reindex(of.log2.index).dropna()
        values = [
            f"{row.pathway} {formats.number(row.difference, 2)} "
            f"(95% CI {formats.number(row.lower, 2)} to {formats.number(row.upper, 2)})"
            if pd.notna(row.difference) else f"{row.pathway}: {row.note}"
            for row in rows.itertuples()
        ]  # fmt: skip
        parts.append(f"{of.name} ({int(known.eq('CR').sum())} of {len(known)} with CR): {', '.join(values)}")
    return (
        "Mean log2 expression before treatment of complete responders less the others. "
        f"{'; '.join(parts)}. The genes of the first two sets are chosen here; the source names none."
    )
