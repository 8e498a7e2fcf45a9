"""Notebook 12: the figures of biopsies, of the biopsied patients beside the trial, and of stained panels compared."""

import pandas as pd
from matplotlib.figure import Figure

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.plots import palette
from lcnec_utils.plots.density_matrix import density_matrix
from lcnec_utils.plots.difference_forest import difference_forest
from lcnec_utils.plots.limits_of_agreement import limits_of_agreement
from lcnec_utils.plots.presence_matrix import presence_matrix
from lcnec_utils.plots.projection import projection
from lcnec_utils.plots.replication_forest import replication_forest
from lcnec_utils.plots.table import table as text_table
from lcnec_utils.studies.car_t import concordance, specimens
from lcnec_utils.studies.car_t.concordance import Concordance
from lcnec_utils.studies.car_t.specimens import FAILED, MEASURED, NONE, TISSUE, Flow

TONES = {MEASURED: palette.CYCLE[0], FAILED: palette.CYCLE[1], TISSUE: "#BFBFBF", NONE: palette.MISSING}
COUNTS = {"time": "biopsies", "patients": "patients", "ff_only": "frozen only", "ffpe_only": "fixed only",
          "both": "both", "specimens": "specimens"}  # fmt: skip


def flow(of: Flow, *, title: str) -> Figure:
    """Counts by time, principal components by site, and what was measured of each patient at each time."""
    fig = palette.figure_only(palette.PAGE_MM, 175)
    outer = fig.add_gridspec(2, 1, height_ratios=[0.36, 0.64])
    top = outer[0].subgridspec(1, 2, width_ratios=[0.58, 0.42])
    left, right, below = fig.add_subplot(top[0, 0]), fig.add_subplot(top[0, 1]), fig.add_subplot(outer[1])
    counts = specimens.by_time(of.table)[list(COUNTS)].rename(columns=COUNTS)
    counts["biopsies"] = counts["biopsies"].map(specimens.TITLES)
    text_table(counts.astype(str), left, widths=[2.2, 1.3, 1.3, 1.3, 0.8, 1.5], title=title)
    if of.sites is None:
        palette.nothing(right, of.why_no_sites, "Sites")
    else:
        found, groups, panel = of.sites
        projection(found.places[["x", "y"]], groups.dropna(), right, title=f"{panel}, fixed tissue")
        share = [f"PC{place} ({100 * part:.0f}% of the variance)" for place, part in enumerate(found.explained, 1)]
        right.set(xlabel=share[0], ylabel=share[1])
    rows = of.states.set_index("what").drop(columns="time")
    blocks = of.states.set_index("what")["time"].map(specimens.TITLES)
    presence_matrix(rows, below, blocks=blocks, tones=TONES, counted=MEASURED)
    return fig


def represent(rates: pd.DataFrame, compared: pd.DataFrame, cohort: Cohort) -> Figure:
    """Shares of the biopsied patients beside the trial's prints, and the comparisons with the trial as printed."""
    fig = palette.figure_only(0.82 * palette.PAGE_MM, 175)
    outer = fig.add_gridspec(2, 1, height_ratios=[0.7, 0.3])
    rows = specimens.rates_with_prints(rates, cohort)
    # of grids of their own: names beside one leave the other as wide as it is
    above, below = (fig.add_subplot(part.subgridspec(1, 1)[0, 0]) for part in outer)
    replication_forest(rows, above, effect="Patients, %", scale="plain", digits=0, title=cohort.label)
    names = {"what": "characteristic", "patients_biopsied": "patients biopsied", "n": "n",
             "printed_p": "p against the whole trial, as printed"}  # fmt: skip
    shown = compared[list(names)].rename(columns=names).astype(str)
    text_table(shown, below, widths=[2.4, 4.2, 0.5, 2.2])
    return fig


def panels_side_by_side(of: Concordance, *, title: str) -> Figure:
    """Limits of agreement of every two panels, Immunoscore against cells, and the median density of every subset."""
    drawn = concordance.matrices(of)
    fig = palette.figure_only(palette.PAGE_MM, 190)
    outer = fig.add_gridspec(3, 1, height_ratios=[0.3, 0.3, 0.4])
    lines = [
        outer[0].subgridspec(1, max(len(of.pairs), 1)),
        outer[1].subgridspec(1, 1),
        outer[2].subgridspec(1, 2, width_ratios=[0.42, 0.58]),
    ]
    axes = [fig.add_subplot(lines[0][0, place]) for place in range(max(len(of.pairs), 1))]
    if not of.pairs:
        palette.nothing(axes[0], "; ".join(dict.fromkeys(of.lacking.values())), title)
    for ax, pair in zip(axes, of.pairs, strict=False):
        limits_of_agreement(
            pair.values["one"], pair.values["other"], pair.limits, ax, title=pair.name,
            xlabel=f"{pair.mark}+ per mm², mean", ylabel="Ratio of densities" if ax is axes[0] else "",
        )  # fmt: skip
    score = fig.add_subplot(lines[1][0, 0])
    difference_forest(of.score, score, xlabel="Spearman's correlation with Immunoscore (95% CI)", title=title)
    for place, (name, amounts) in enumerate(drawn.items()):
        ax = fig.add_subplot(lines[2][0, place])
        rows = of.subsets[of.subsets["panels"] == name]
        time = specimens.TITLES[rows["time"].iloc[0]].lower()
        words = f"{name}: {len(rows)} subsets, {time}\nmedian per mm² (n = {int(rows['n'].max())})"
        density_matrix(amounts, ax, title=words)
    return fig
