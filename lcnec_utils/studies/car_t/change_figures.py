"""Notebook 12: the figures of changes after infusion and at relapse, each of several plots."""

import math

import pandas as pd
from matplotlib.figure import Figure

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.findings import Finding
from lcnec_utils.plots import palette
from lcnec_utils.plots.interval_blocks import interval_blocks
from lcnec_utils.plots.rank_scatter import rank_scatter
from lcnec_utils.plots.stacked_shares import stacked_shares
from lcnec_utils.plots.table import table as text_table
from lcnec_utils.studies.car_t import early_change, genes, relapse, tumour_genes
from lcnec_utils.studies.car_t.early_change import EarlyChange
from lcnec_utils.studies.car_t.relapse import Relapse
from lcnec_utils.studies.car_t.tumour_genes import TumourGenes

CHANGE = "log2 fold change, days 7–14 over before"
ALIKE = math.log2(early_change.MARGIN)


def _places(*columns: list[float]) -> tuple[Figure, list[list]]:
    """A page-wide figure of columns, each a list of relative heights; figure and axes by column."""
    fig = palette.figure_only(palette.PAGE_MM, 150)
    outer = fig.add_gridspec(1, len(columns))
    axes = []
    for place, heights in enumerate(columns):
        inner = outer[place].subgridspec(len(heights), 1, height_ratios=heights)
        axes.append([fig.add_subplot(inner[row]) for row in range(len(heights))])
    return fig, axes


def _groups(compared: EarlyChange) -> dict[str, str]:
    return {name: f"{name} (n = {n})" for name, n in compared.sizes().items()}


def _late(compared: EarlyChange) -> tuple[pd.DataFrame, str]:
    """The changes of biopsies outside the window as marks of a plot, and what they are; none where there is none."""
    marks = compared.late.melt(var_name="what", value_name="value")
    weeks = [f"week {formats.number(day / 7, 0)}" for day in compared.late_days.dropna()]
    return marks, f"biopsy of {formats.listed(weeks)}, in no estimate" if weeks else "other day, in no estimate"


def changes(compared: EarlyChange, alike: pd.DataFrame, named: pd.DataFrame, *, title: str) -> Figure:
    """Named genes by response in two columns; immune families, and in which strata changes are alike, in the third.

    alike: of `early_change.alike_table`. named: of `early_change.named_genes`.
    """
    fig, ((first,), (second,), (families, strata)) = _places([1], [1], [0.56, 0.44])
    marked, mark = _late(compared)
    look = {"groups": _groups(compared), "xlabel": CHANGE, "marked": marked, "mark": mark}
    titles = [family.title for family in early_change.FAMILIES]
    half = [family.title for family in genes.IMMUNE[:3]]
    interval_blocks(named[named["family"].isin(half)], first, title=title, **look)
    interval_blocks(named[named["family"].isin([name for name in titles if name not in half])], second, **look)
    means = early_change.signature_table(compared)
    differing = means["group"] == early_change.DIFFERENCE
    groups = {early_change.DIFFERENCE: early_change.DIFFERENCE}
    interval_blocks(
        means[differing].assign(family="Mean of genes"), families, groups=groups, left="less", right="more",
        xlabel="log2 ratio of fold changes", title="Responders against others",
    )  # fmt: skip
    interval_blocks(
        alike, strata, groups={name: name for name in early_change.ALIKE}, margin=ALIKE,
        xlabel="log2 ratio of fold changes", title="Strata",
    )  # fmt: skip
    return fig


def _rho(finding: Finding) -> str:
    """Spearman's correlation with its interval, for a legend."""
    if finding.value is None:
        return finding.note
    limits = f"{formats.number(finding.lower, 2)} to {formats.number(finding.upper, 2)}"
    return f"ρ {formats.number(finding.value, 2)} ({limits}), {formats.p_value(finding.p)}"


def _h_shares(of: TumourGenes) -> pd.DataFrame:
    """Classes of CD19 by time as `plots.stacked_shares` takes them."""
    counted = tumour_genes.h_score_counts(of)
    rows = counted.reset_index().melt("time", var_name="what", value_name="k").rename(columns={"time": "group"})
    total = rows.groupby("group")["k"].transform("sum")
    return rows.assign(n=total, share=rows["k"] / total.where(total > 0))


def tumour(of: TumourGenes, *, title: str) -> Figure:
    """Changes of tumour genes by response in each fixation; before infusion by outcome; signatures; classes of CD19."""
    fig, ((frozen, fixed), (before, h_score), scatters) = _places([1, 1], [0.6, 0.4], [0.5, 0.5])
    known = tumour_genes.change_table(of)
    for ax, fixation in zip((frozen, fixed), tumour_genes.FIXATIONS, strict=True):
        head = f"{title}\n{fixation}" if fixation == tumour_genes.FIXATIONS[0] else fixation
        if fixation not in of.changes:
            palette.nothing(ax, of.absent[fixation], head)
            continue
        compared = of.changes[fixation]
        marked, mark = _late(compared)
        rows = known[known["fixation"] == fixation]
        look = {"marked": marked[marked["what"].isin(rows["what"])], "mark": mark}
        interval_blocks(rows, ax, groups=_groups(compared), xlabel=CHANGE, title=head, **look)
    patients = {fixation: f"{fixation} (n = {len(of.before[fixation])})" for fixation in tumour_genes.FIXATIONS}
    interval_blocks(
        tumour_genes.before_table(of), before, groups=patients, margin=ALIKE, xlabel="log2 ratio before infusion",
        left="SD, PD", right="CR, PR", title="Before infusion, by response",
    )  # fmt: skip
    if of.h_scores["cd19"].notna().any():
        stacked_shares(_h_shares(of), h_score, ylabel="Specimens, %", title="CD19 by H-score")
    else:
        palette.nothing(h_score, "no specimen has an H-score of CD19", "CD19 by H-score")
    tables, known = tumour_genes.signatures_before(of), tumour_genes.signature_correlations(of)
    for ax, fixation in zip(scatters, tumour_genes.FIXATIONS, strict=True):
        rank_scatter(
            {fixation: tables.get(fixation, pd.DataFrame())}, ax, x="b_cell", y="immune",
            xlabel="B-cell signature, mean log2", ylabel="Immune genes, mean log2",
            notes={fixation: _rho(known[fixation])} if fixation in known else {}, title=f"Before infusion, {fixation}",
        )  # fmt: skip
    return fig


def at_relapse(of: Relapse, cohort: Cohort, *, title: str) -> Figure:
    """Relapse against the early biopsies in each set; CCL22 against regulatory T cells and CCR4; what is printed."""
    fig = palette.figure_only(palette.PAGE_MM, 130)
    outer = fig.add_gridspec(1, 2, width_ratios=[1, 1.7])
    right = outer[1].subgridspec(2, 2, height_ratios=[0.58, 0.42])
    shown, cells_plot, receptor_plot, prints = (
        fig.add_subplot(place) for place in (outer[0], right[0, 0], right[0, 1], right[1, :])
    )
    interval_blocks(
        relapse.table(of), shown, groups=relapse.set_names(of), xlabel="log2 ratio, relapse over days 7–14",
        left="lower", right="higher", title=title,
    )  # fmt: skip
    cells, fixations, panel = relapse.before_infusion(cohort)
    known = relapse.correlations(cohort, least=of.least)
    rank_scatter(
        {relapse.FIXED: cells}, cells_plot, x="CCL22", y="treg", xlabel="CCL22 before infusion, log2",
        ylabel="Regulatory T cells per mm²", notes={relapse.FIXED: _rho(known["treg"])}, log_y=True, title=panel,
    )  # fmt: skip
    rank_scatter(
        fixations, receptor_plot, x="CCL22", y="CCR4", xlabel="CCL22 before infusion, log2", ylabel="CCR4, log2",
        notes={name: _rho(known[name]) for name in fixations},
    )  # fmt: skip
    rows = relapse.prints_table(of).astype(str).rename(columns={"print": "patients", "counted": "here"})
    text_table(rows, prints, widths=[4, 1, 0.8, 0.8], title="Patients, as printed and here")
    return fig
