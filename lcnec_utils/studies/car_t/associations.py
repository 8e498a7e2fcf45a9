"""Notebook 12: Immunosign, chemokines and cytokines against T cells and other subsets, in the study's four sets.

Densities were measured in ZUMA-1 and in the treatment-naive set alone; elsewhere genes stand for cells, and every table
says which. All is of one gene panel per set, of one fixation, before treatment.
"""

import dataclasses

import pandas as pd

from lcnec_utils.cohort import assays
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_count, of_parameter
from lcnec_utils.omics import immunosign
from lcnec_utils.stats.proportions import benjamini_hochberg
from lcnec_utils.stats.ranks import mean_difference
from lcnec_utils.studies.car_t import immune_scores, populations, untreated
from lcnec_utils.studies.car_t.immune_scores import FIXATIONS, IMMUNOSCORE, IMMUNOSIGN, PANELS
from lcnec_utils.studies.car_t.patients import RESPONSES, by_patient, correlated, of_source

# The roles of the study's four sets: ZUMA-1, treatment-naive, second line, commercial
SETS = ("car_t", "car_t_naive", "car_t_second_line", "car_t_commercial")
EXTERNAL = ("car_t_naive", "car_t_second_line", "car_t_commercial")
T_CELL_GENES = ("CD3D", "CD3E", "CD8A")
# Cells that Immunosign is held against: name → assay and population, and the gene that stands for them
SUBSETS = {
    "CD3+ T cells": ("TL", populations.T_CELLS, "CD3E"),
    "Cytotoxic T cells": ("TCE", populations.CYTOTOXIC, "CD8A"),
    "T helper cells": ("TCE", populations.HELPER, "CD4"),
    "Regulatory T cells": ("TCE", populations.REGULATORY, "FOXP3"),
    "Macrophages": ("SC", populations.MACROPHAGES, "CD68"),
    "Mononuclear cells": ("SC", populations.MONOCYTES, "CD14"),
}
T_SUBSETS = tuple(SUBSETS)[:4]
CHEMOKINES = ["CXCL9", "CXCL14", "CCL5", "CCR5", "STAT1", "CCL22"]
CYTOKINES = ["IL7", "IL15", "IL18", "IL21"]
MARKERS = ["GZMA", "GNLY"]  # of activated T cells
INTERFERON_GENES = ["STAT1", "IRF1", "CXCL9", "CXCL10", "CXCL11", "IDO1", "GBP1", "IFNG"]
INTERFERON = "Interferon genes"


@dataclasses.dataclass(frozen=True)
class BaselineSet:
    """What one set of patients has before treatment, by patient.

    name: the cohort's own, as figures name it. panel, fixation: of the genes, empty where there are none. log2:
    patients × genes. cells: name of SUBSETS → values that stand for it. measured: name of SUBSETS → what these are
    (density, or a source's score). scores: IMMUNOSCORE and IMMUNOSIGN, those that can be had. made_of: score → what it
    is made of.
    response: CR, PR, SD, PD, missing where unknown (not evaluable among them). of_source: whether the patients are the
    source's own. score_genes: how many genes Immunosign is made of, 0 where it is made of other scores.
    """

    name: str
    panel: str
    fixation: str
    log2: pd.DataFrame
    cells: dict[str, pd.Series]
    measured: dict[str, str]
    scores: dict[str, pd.Series]
    made_of: dict[str, str]
    response: pd.Series
    of_source: bool = False
    score_genes: int = 0

    @property
    def genes_said(self) -> str:
        """The panel and fixation of the genes, in words."""
        return f"genes of {self.panel}, {self.fixation}" if self.panel else "no genes"


def _genes(cohort: Cohort) -> tuple[str, str, pd.DataFrame]:
    """Panel, fixation and log2 expression by patient of the baseline analysis; no columns where there is none."""
    for name in PANELS if cohort.ncounter else ():
        for fixation in FIXATIONS:
            try:
                data = assays.panel(cohort, name)
                table = data.to_df().loc[:, data.var["class"].eq("Endogenous").to_numpy()]
                return name, fixation, by_patient(cohort, table, fixation=fixation)
            except MissingData:
                continue
    return "", "", pd.DataFrame(index=pd.Index([], name="PATIENT_ID"))


def baseline_set(cohort: Cohort, *, genes: list[str]) -> BaselineSet:
    """What a cohort has before treatment; genes: of Immunosign, none for the stand-in.

    Raises MissingData where it has neither genes nor an Immunosign score.
    """
    panel, fixation, log2 = _genes(cohort)
    cells, measured = {}, {}
    for name, (assay, population, _) in SUBSETS.items():
        try:
            cells[name], measured[name] = untreated.cells(cohort, assay, population)
        except MissingData:
            continue
    scored = immune_scores.scores(cohort, genes=genes)
    scores = {name: scored.known.need(name).astype(float) for name in scored.names}
    if log2.empty and IMMUNOSIGN not in scores:
        raise MissingData(f"{cohort.name} has neither genes before treatment nor scores that stand for Immunosign")
    best = cohort.patients.get("BEST_RESPONSE", pd.Series(pd.NA, index=cohort.patients.index, dtype=object))
    # a panel that lacks a gene of the list gives no score, so that all of the list are in it
    listed = genes or immunosign.stand_in_genes()
    return BaselineSet(
        cohort.label, panel, fixation, log2, cells, measured, scores, scored.made_of, best.where(best.isin(RESPONSES)),
        of_source(cohort), len(listed) if cohort.ncounter and IMMUNOSIGN in scores else 0,
    )  # fmt: skip


def baseline_sets(cohorts: dict[str, Cohort], *, genes: list[str]) -> dict[str, BaselineSet]:
    """The sets that have genes, or scores that stand for them, before treatment, by role; raises MissingData where none
    has."""
    sets, reasons = {}, []
    for role, cohort in cohorts.items():
        try:
            sets[role] = baseline_set(cohort, genes=genes)
        except MissingData as reason:
            reasons.append(str(reason))
    if not sets:
        raise MissingData("; ".join(reasons) or "this run names no cohort of these roles")
    return sets


# --- Immunosign against subsets


def _cells(of: BaselineSet, subset: str) -> tuple[pd.Series, str]:
    """The values that stand for a subset in a set, and what they are: a density, a source's score, or a gene."""
    if subset in of.cells:
        return of.cells[subset], of.measured[subset]
    gene = SUBSETS[subset][2]
    if not of.cells and gene in of.log2:
        return of.log2[gene], gene
    return NOBODY, "not measured"


def immunosign_correlations(sets: dict[str, BaselineSet], *, min_group: int) -> pd.DataFrame:
    """Spearman's correlation of Immunosign with Immunoscore and each subset, in each set: role, set, what, measured
    (density, or the gene that stands for it), n, rho, lower, upper, lower_90, upper_90, p, note, p_adjusted (over the
    set's)."""
    parts = []
    for role, of in sets.items():
        rows = []
        for subset in (IMMUNOSCORE, *SUBSETS):
            if subset == IMMUNOSCORE:
                values, measured = of.scores.get(subset, NOBODY), of.made_of.get(subset, "not measured")
            else:
                values, measured = _cells(of, subset)
            score = of.scores.get(IMMUNOSIGN, NOBODY)
            finding = correlated(score, values, what=f"Immunosign and {subset}", min_group=min_group)
            rows.append(_row(finding) | {"role": role, "set": of.name, "what": subset, "measured": measured})
        table = pd.DataFrame(rows)
        parts.append(table.assign(p_adjusted=benjamini_hochberg(table["p"])))
    columns = ["role", "set", "what", "measured", *FIELDS, "p_adjusted"]
    return pd.concat(parts, ignore_index=True)[columns]


NOBODY = pd.Series(dtype=float)
FIELDS = ["n", "rho", "lower", "upper", "lower_90", "upper_90", "p", "note"]


def _row(finding: Finding) -> dict:
    values = {name: getattr(finding, name) for name in FIELDS if name != "rho"}
    numbers = {name: float("nan") if value is None else value for name, value in values.items() if name != "note"}
    return numbers | {"rho": float("nan") if finding.value is None else finding.value, "note": finding.note}


def _finding(row: pd.Series) -> Finding:
    """A row of a table of correlations as the finding that it was."""
    if pd.isna(row["rho"]):
        return Finding(None, note=row["note"])
    limits = {name: float(row[name]) for name in ("lower", "upper", "lower_90", "upper_90", "p")}
    return Finding(float(row["rho"]), **limits, n=int(row["n"]), scale="difference")


def correlation_findings(table: pd.DataFrame, sets: dict[str, BaselineSet]) -> dict[str, dict[str, list[Finding]]]:
    """Findings on Immunosign by role, by the tail of a claim's id. Sets that the run lacks answer nothing."""
    by = {(row["role"], row["what"]): _finding(row) for _, row in table.iterrows()}
    asked = {
        "car_t": {
            "immunoscore.zuma1": [IMMUNOSCORE], "t_subsets.zuma1": T_SUBSETS, "macrophages.zuma1": ["Macrophages"],
            "mononuclear.zuma1": ["Mononuclear cells"],
        },
        "car_t_naive": {
            "immunoscore.naive": [IMMUNOSCORE], "macrophages.naive": ["Macrophages"],
            "cd8.naive": ["Cytotoxic T cells"],
        },
        "car_t_second_line": {"cd68.second_line": ["Macrophages"], "cd8.second_line": ["Cytotoxic T cells"]},
    }  # fmt: skip
    answers = {
        role: {id: [by[role, what] for what in subsets] for id, subsets in claims.items()}
        for role, claims in asked.items()
        if role in sets
    }
    if "car_t" in sets:
        external, genes = own_sets(sets, EXTERNAL), sets["car_t"].score_genes
        lacking = Finding(None, note=not_all(EXTERNAL))
        number = of_count(len(external)) if external else lacking
        scored = sum(int(of.scores.get(IMMUNOSIGN, NOBODY).notna().sum()) for of in external)
        answers["car_t"] |= {f"external_sets.{place}": [number] for place in ("abstract", "text", "methods")}
        answers["car_t"]["n_external"] = [of_count(scored) if external else lacking]
        answers["car_t"]["genes"] = [
            of_parameter(genes) if genes else Finding(None, note="Immunosign is not made of genes here")
        ]
    return answers


def own_sets(sets: dict[str, BaselineSet], roles: tuple[str, ...]) -> list[BaselineSet]:
    """The sets of these roles where the run has every one and each holds the source's own patients; else none."""
    whole = all(role in sets and sets[role].of_source for role in roles)
    return [sets[role] for role in roles] if whole else []


def not_all(roles: tuple[str, ...]) -> str:
    """Why what counts over the source's sets has no answer where one of them is not there."""
    return f"it counts over the source's own patients in the roles {formats.listed(list(roles))}, and one is not there"


def correlation_blocks(table: pd.DataFrame) -> pd.DataFrame:
    """The correlations as `plots.interval_blocks` takes them: family, what, group (the role), value, lower, upper."""
    family = {IMMUNOSCORE: "Score"} | dict.fromkeys(T_SUBSETS, "T cells")
    families = table["what"].map(family).fillna("Myeloid cells")
    return table.assign(family=families, group=table["role"], value=table["rho"])


def correlation_groups(table: pd.DataFrame, sets: dict[str, BaselineSet]) -> dict[str, str]:
    """Each role's set in a legend: its cohort, what stands for its cells, and the most patients of its correlations."""
    names = {}
    for role, rows in table.groupby("role", sort=False):
        cells = rows.loc[rows["what"].isin(list(SUBSETS)) & rows["rho"].notna(), "measured"]
        genes = {gene for _, _, gene in SUBSETS.values()}
        by = "genes" if set(cells) <= genes else formats.listed(sorted(set(cells)))
        names[role] = f"{sets[role].name}: cells by {by} (n = {int(rows['n'].max())})"
    return names


def score_label(sets: dict[str, BaselineSet]) -> str:
    """What the axis of Immunosign's correlations says: that it is a stand-in wherever it is one."""
    made_of = [of.made_of[IMMUNOSIGN] for of in sets.values() if IMMUNOSIGN in of.made_of]
    stand_in = any(immune_scores.is_stand_in(words) for words in made_of)
    return f"Spearman's correlation with Immunosign{' (stand-in)' if stand_in else ''} (95% CI)"


def correlation_sentence(table: pd.DataFrame, sets: dict[str, BaselineSet]) -> str:
    """Which subsets go with Immunosign in each set, and what was measured there."""
    parts = []
    for role, of in sets.items():
        rows = table[(table["role"] == role) & table["rho"].notna()]
        kept = [f"{row.what} {formats.number(row.rho, 2)}" for row in rows.itertuples() if row.p_adjusted < 0.05]
        kinds = dict.fromkeys(of.measured.values())
        cells = formats.listed(["densities" if kind == untreated.DENSITY else f"{kind}s" for kind in kinds])
        most = int(rows["n"].max()) if len(rows) else 0
        parts.append(
            f"{of.name} ({cells or 'genes for cells'}; {of.genes_said}; n up to {most}): "
            + (", ".join(kept) if kept else "none at an adjusted p below 0.05")
        )
    return (
        "Spearman's correlation of Immunosign with Immunoscore and cell subsets before treatment, those with an "
        f"adjusted p below 0.05. {'; '.join(parts)}."
    )


# --- chemokines and cytokines against T cells


def t_cells(of: BaselineSet) -> tuple[pd.Series, str]:
    """T cells of a set: their density where stained, else the mean log2 of T-cell genes; and which of the two."""
    if T_SUBSETS[0] in of.cells:
        return of.cells[T_SUBSETS[0]], f"CD3+ {of.measured[T_SUBSETS[0]]}"
    genes = [gene for gene in T_CELL_GENES if gene in of.log2]
    if not genes:
        return NOBODY, "not measured"
    return of.log2[genes].mean(axis=1), f"mean of {', '.join(genes)}"


def _expressed(of: BaselineSet, name: str) -> pd.Series:
    """A gene's log2 values by patient, or the mean z of the interferon genes that the panel has."""
    if name != INTERFERON:
        return of.log2.get(name, NOBODY)
    genes = [gene for gene in INTERFERON_GENES if gene in of.log2]
    if not genes:
        return NOBODY
    table = of.log2[genes]
    return ((table - table.mean()) / table.std(ddof=1)).mean(axis=1)


def with_genes(sets: dict[str, BaselineSet]) -> dict[str, BaselineSet]:
    """The sets with genes of a panel; raises MissingData where none has them."""
    held = {role: of for role, of in sets.items() if not of.log2.empty}
    if not held:
        raise MissingData("no set of this run has genes before treatment on a panel of the study")
    return held


def chemokine_correlations(sets: dict[str, BaselineSet], *, min_group: int) -> pd.DataFrame:
    """Spearman's correlation of each chemokine, cytokine and marker with T cells in each set: role, set, measured,
    gene, n, rho, limits, p, note, p_adjusted (over the set's)."""
    parts = []
    for role, of in sets.items():
        cells, measured = t_cells(of)
        rows = [
            _row(correlated(_expressed(of, gene), cells, what=f"{gene} and T cells", min_group=min_group))
            | {"role": role, "set": of.name, "measured": measured, "gene": gene}
            for gene in [*CHEMOKINES, *CYTOKINES, INTERFERON]
        ]
        table = pd.DataFrame(rows)
        parts.append(table.assign(p_adjusted=benjamini_hochberg(table["p"])))
    return pd.concat(parts, ignore_index=True)[["role", "set", "measured", "gene", *FIELDS, "p_adjusted"]]


def gene_pairs(of: BaselineSet, pairs: list[tuple[str, str]], *, min_group: int) -> list[Finding]:
    """Spearman's correlation of two genes of one set, for each pair."""
    return [
        correlated(of.log2.get(one, NOBODY), of.log2.get(other, NOBODY), what=f"{one} and {other}", min_group=min_group)
        for one, other in pairs
    ]


def chemokine_findings(
    table: pd.DataFrame, sets: dict[str, BaselineSet], *, min_group: int
) -> dict[str, dict[str, list[Finding]]]:
    """Findings on chemokines and cytokines by role, by the tail of a claim's id.

    What is said of all four sets is answered by all four together, and by none of them alone.
    """
    by = {(row["role"], row["gene"]): _finding(row) for _, row in table.iterrows()}
    answers: dict[str, dict[str, list[Finding]]] = {role: {} for role in sets}
    if "car_t" in sets:
        own, of = answers["car_t"], sets["car_t"]
        whole = [role for role in SETS if role in sets]
        for gene in CHEMOKINES[:5]:
            own[gene.lower()] = (
                [by[role, gene] for role in whole]
                if len(whole) == len(SETS)
                else [Finding(None, note=f"the claim is on four sets, and this run has {len(whole)}")]
            )
        own["sets"] = [of_count(len(SETS)) if own_sets(sets, SETS) else Finding(None, note=not_all(SETS))]
        own["chemokines.abstract"] = [by["car_t", gene] for gene in ("CCL5", "CCL22")]
        own["cytokines.abstract"] = [by["car_t", gene] for gene in ("IL15", "IL7", "IL21")]
        own["interferon_genes.abstract"] = [by["car_t", INTERFERON]]
        named = ("CXCL9", "CXCL14", "IL15", "IL7", "IL18", "IL21")
        own["chemokines_cytokines.discussion"] = [by["car_t", gene] for gene in named]
        for gene in CYTOKINES:
            pairs = [(gene, t_cell) for t_cell in ("CD3D", "CD8A", "CD4")]
            own[gene.lower()] = gene_pairs(of, pairs, min_group=min_group)
        own["cr_rich.discussion"] = [complete_responders(of, min_group=min_group)]
    for role, tail in (("car_t_second_line", "second_line"), ("car_t_commercial", "commercial")):
        if role in sets:
            for gene in ("IL15", "IL18"):
                answers[role][f"{gene.lower()}_vs_cd3e.{tail}"] = gene_pairs(
                    sets[role], [(gene, "CD3E")], min_group=min_group
                )
    if "car_t_commercial" in sets:
        for gene in MARKERS:
            answers["car_t_commercial"][f"{gene.lower()}_vs_ccl5.commercial"] = gene_pairs(
                sets["car_t_commercial"], [(gene, "CCL5")], min_group=min_group
            )
    return answers


def complete_responders(of: BaselineSet, *, min_group: int) -> Finding:
    """Mean log2 of the chemokines and cytokines before treatment, complete response less PR, SD or PD."""
    genes = [gene for gene in [*CHEMOKINES, *CYTOKINES] if gene in of.log2]
    known = of.response.dropna()
    score = of.log2[genes].mean(axis=1).reindex(known.index)
    return mean_difference(score, known.eq("CR"), what="chemokines and cytokines", min_group=min_group)


def chemokine_matrix(table: pd.DataFrame, sets: dict[str, BaselineSet]) -> pd.DataFrame:
    """Correlations as a matrix, genes × sets; each column says what stands for T cells, and the most n of its rows."""
    wide = table.pivot(index="gene", columns="role", values="rho")
    wide = wide.loc[list(dict.fromkeys(table["gene"])), list(sets)]
    most = table.groupby("role")["n"].max()
    measured = table.drop_duplicates("role").set_index("role")["measured"]
    names = [f"{sets[role].name}\n{measured[role]}\n(n = {int(most[role])})" for role in sets]
    return wide.set_axis(names, axis=1)


def chemokine_sentence(table: pd.DataFrame, sets: dict[str, BaselineSet]) -> str:
    """Which genes go with T cells in every set, what stands for T cells where, and each panel."""
    wide = table.pivot(index="gene", columns="role", values="lower")
    positive = [gene for gene in dict.fromkeys(table["gene"]) if (wide.loc[gene] > 0).all()]
    measured = table.drop_duplicates("role").set_index("role")["measured"]
    places = "; ".join(f"{of.name}: {measured[role]}, {of.genes_said}" for role, of in sets.items())
    number = formats.count(len(sets), "set")
    return (
        f"Spearman's correlation with T cells before treatment in {number} ({places}). The 95% interval lies above 0 "
        f"in each of them for {formats.listed(positive) if positive else 'no gene'}."
    )
