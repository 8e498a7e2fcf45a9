"""Notebook 11: the figures of the paired and single-cell panels, each of several plots."""

import pandas as pd
from matplotlib.figure import Figure

from lcnec_utils.plots import palette
from lcnec_utils.plots.boxes import boxes
from lcnec_utils.plots.difference_forest import difference_forest
from lcnec_utils.plots.paired_dots import paired_dots
from lcnec_utils.plots.projection import projection
from lcnec_utils.plots.rejection_rates import rejection_rates
from lcnec_utils.plots.running_sum import running_sum
from lcnec_utils.plots.stacked_counts import stacked_counts
from lcnec_utils.plots.volcano import volcano
from lcnec_utils.stats.embedding import coordinates
from lcnec_utils.stats.paired import paired_shift
from lcnec_utils.stats.proportions import benjamini_hochberg
from lcnec_utils.studies.liver import paired_expression, paired_genomes, single_cells
from lcnec_utils.studies.liver.immune_cells import POPULATIONS, StainedCells
from lcnec_utils.studies.liver.organ_pairs import LIVER, LUNG
from lcnec_utils.studies.liver.paired_expression import OrganGenes, OrganSets
from lcnec_utils.studies.liver.paired_genomes import ONLY_LIVER, ONLY_LUNG, SHARED, OrganGenomes
from lcnec_utils.studies.liver.single_cells import BY_CELL, NAMES, OrganCells

TOGETHER = "taken together"
TONES = {SHARED: "#8F8F8F", ONLY_LUNG: palette.ORGAN[LUNG], ONLY_LIVER: palette.ORGAN[LIVER]}


def _marked(table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """A table of `by_organ` with the pairs taken together under the words of a legend, and these; none where nobody
    knows."""
    known = table["together"].notna().any()
    return table.rename(columns={"together": TOGETHER}), TOGETHER if known else ""


def genomes(compared: OrganGenomes, *, title: str) -> Figure:
    """Shared and private mutations of each pair, genes' shares of the liver less the lung, burden and neoantigens."""
    fig, axes = palette.grid(2 + len(compared.values), columns=2, height_mm=66)
    stacked_counts(
        compared.counts, axes[0], kinds=[SHARED, ONLY_LUNG, ONLY_LIVER], ylabel="Mutations",
        marked=compared.counts["together"], mark=TOGETHER, tones=TONES, title=title,
    )  # fmt: skip
    rows = paired_genomes.differences(compared).query("scale == 'difference'")
    rows = rows.assign(difference=100 * rows["value"], lower=100 * rows["lower"], upper=100 * rows["upper"])
    rows["p_adjusted"] = benjamini_hochberg(rows["p"])
    difference_forest(
        rows, axes[1], xlabel="Mutated in the liver less in the lung, % of pairs", left="lung", right="liver"
    )
    for ax, (what, table) in zip(axes[2:], compared.values.items(), strict=True):
        pairs, marked = _marked(table)
        finding = paired_genomes.ratio(table, what=what.lower())
        note = "" if finding.value is None else (
            f"ratio {finding.value:.2f} (90% CI {finding.lower_90:.2f}–{finding.upper_90:.2f})")  # fmt: skip
        paired_dots(pairs, ax, first=LUNG, second=LIVER, ylabel=what, p=_p(finding), note=note, marked=marked, log=True)
    return fig


def _p(finding) -> float:
    return float("nan") if finding.p is None else finding.p


def burdens(table: pd.DataFrame, *, p: float, title: str) -> Figure:
    """Burden of the lung's and the liver's samples of different patients."""
    fig, ax = palette.figure()
    boxes(
        table["burden"],
        table["organ"],
        ax,
        ylabel="Mutations per Mb",
        pairs={(LUNG, LIVER): p},
        dots=False,
        title=title,
    )
    return fig


def genes(compared: OrganGenes, *, fdr: float, title: str) -> Figure:
    """Volcano of all pairs, and the named genes in each analysis."""
    fig, axes = palette.grid(2, columns=2, height_mm=84)
    named = list(paired_expression.GENES.values())
    table = paired_expression.volcano_table(compared, fdr=fdr)
    volcano(table, axes[0], p="p", fold=1.0, named=named, first=LIVER, second=LUNG, title=title)
    rows = paired_expression.named_genes(compared, named=named)
    difference_forest(rows, axes[1], xlabel="log2 difference, liver less lung", left="lung", right="liver", fdr=fdr)
    return fig


def sets(compared: OrganSets, *, title: str) -> Figure:
    """The running sum of each set over all pairs, and the scores in each analysis."""
    fig, axes = palette.grid(len(compared.curves) + 1, columns=2, height_mm=66)
    for ax, (name, curve) in zip(axes, compared.curves.items(), strict=False):
        label = f"{title}\n{paired_expression.NAMES[name]}".strip()
        says = paired_expression.score_words(compared, name)
        running_sum(curve, ax, says=says, first=LUNG, second=LIVER, title=label)
        title = ""
    rows = paired_expression.set_table(compared)
    label = "Normalised enrichment score"
    difference_forest(rows, axes[len(compared.curves)], xlabel=label, left="liver higher", right="lung higher")
    return fig


def stained(compared: StainedCells, *, title: str) -> Figure:
    """Fractions of each population: pairs joined by lines, else boxes by organ."""
    shown = [name for name in POPULATIONS.values() if name in compared.fractions]
    fig, axes = palette.grid(len(shown), columns=len(shown), height_mm=72)
    for ax, population in zip(axes, shown, strict=True):
        ylabel = f"{population}, % of {compared.denominator}"
        if compared.pairs is None:
            organ = compared.organ.astype("category").cat.remove_unused_categories()
            boxes(compared.fractions[population], organ, ax, ylabel=ylabel, title=title)
            continue
        table, marked = _marked(compared.of_pairs(population))
        p = _p(paired_shift(table[LIVER], table[LUNG], what=population))
        paired_dots(table, ax, first=LUNG, second=LIVER, ylabel=ylabel, p=p, marked=marked, title=title)
        title = ""
    return fig


def cells(compared: OrganCells, *, title: str) -> Figure:
    """Cells in two dimensions by type and organ; each state by patient; by cell; and how often either test rejects."""
    fig, axes = palette.figure(palette.PAGE_MM, 140, nrows=2, ncols=3)
    places = coordinates(compared.data)
    projection(places, single_cells.groups(compared, "cell_type"), axes[0, 0], title=title)
    projection(places, single_cells.groups(compared, "organ"), axes[0, 1])
    states = [state for state in NAMES if state in compared.bulk]
    for ax, state in zip(axes[1], states, strict=False):
        test = compared.tests[(compared.tests["state"] == state) & (compared.tests["unit"] != BY_CELL)].iloc[0]
        label = f"{NAMES[state]}\nmean log2 counts per million"
        paired_dots(compared.bulk[state], ax, first=LUNG, second=LIVER, ylabel=label, p=test["p"], note="by patient")
    for ax in axes[1, len(states) : 2]:
        palette.nothing(ax, "; ".join(compared.absent.values()))
    if states:
        table = compared.cells[states[0]]
        test = compared.tests[(compared.tests["state"] == states[0]) & (compared.tests["unit"] == BY_CELL)].iloc[0]
        organ = pd.Series(pd.Categorical(table["organ"], [LUNG, LIVER]), table.index)
        boxes(table["score"], organ, axes[0, 2], ylabel=f"{NAMES[states[0]]}\nscore of each cell",
              pairs={(LUNG, LIVER): test["p"]}, dots=False, title="Cells taken for independent")  # fmt: skip
    rejection_rates(compared.swaps, axes[1, 2], ylabel="Rejected with organs swapped\nwithin patients, %")
    return fig
