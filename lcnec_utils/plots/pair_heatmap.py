"""Two samples of each patient side by side: subtypes and biomarkers above, drivers below."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path

from lcnec_utils.plots import palette

WILD, ABSENT = "#ECECEC", "white"
GAP = 0.5
PAIR = 13  # points of a pair with its gap, that its name stands under
MOST_NAMED = 60  # pairs; more are narrow columns without names
MOST_CELLS = 2400  # with more they are pixels inside a vector figure
ROW_MM, LEAST_MM = 2.8, 55  # height of a row, width of the plot inside its axes


def pair_heatmap(
    samples: pd.DataFrame, alterations: pd.DataFrame, hit: pd.DataFrame, ax: Axes, *, tmb_above_per_mb: float,
    pdl1_from_percent: float, title: str = "",
) -> Axes:  # fmt: skip
    """Draw pairs on ax, a column per sample, the two of a patient joined; what does not fit goes on in axes under it.

    samples: index sample, two after two; patient, months, genomic_subtype, tf_subtype, tmb (per Mb), pdl1 (%).
    alterations: sample, gene, alteration. hit: samples × genes, missing where not profiled. Raises MissingData where
    there is no pair.
    """
    if samples.empty:
        return palette.nothing(ax, "no patient here has two samples", title)
    rows = ["Genomic subtype", "TF subtype", f"TMB > {tmb_above_per_mb:g} per Mb", f"PD-L1 ≥ {pdl1_from_percent:g}%"]
    names = [*rows, *hit.columns]
    cells = [*_marks(samples, tmb_above_per_mb, pdl1_from_percent), *_genes(samples, alterations, hit, len(rows))]
    pairs = -(-len(samples) // 2)
    aside = max(map(palette.text_width, names)) + 8
    beside = max(palette.text_width(name) for _, _, _, _, name in cells) + 40
    room = max(palette.cell(ax)[0] - aside - beside, LEAST_MM * palette.POINT)
    named = pairs <= MOST_NAMED
    most = max(min(pairs, int(room / PAIR)), 1) if named else pairs
    parts = palette.rows(ax, -(-pairs // most) if named else 1)
    height = len(names) + GAP
    for number, part in enumerate(parts):
        first, last = 2 * number * most, min(2 * (number + 1) * most, len(samples))
        _draw(part, [cell for cell in cells if first <= cell[0] < last], first, len(rows), height)
        _rows(part, names, len(rows), height, sampled=named)
        if named:
            _pairs(part, samples.iloc[first:last], height, room / most)
        part.set(xlim=(0, (2 + GAP) * most - GAP), ylim=(0, height))
        part.set_axis_off()
        palette.keep(part, LEAST_MM, ROW_MM * height)
    if not named:
        ax.text(0, -0.3, f"{pairs:,} pairs, the first sample at the left of each", ha="left", va="top",
                fontsize=palette.TEXT)  # fmt: skip
    _legend(ax, cells)
    if title:
        ax.set_title(title, pad=16)
    return ax


def _marks(samples: pd.DataFrame, tmb_above: float, pdl1_from: float) -> list[tuple]:
    """The cells of subtypes and biomarkers: place, row, colour, the legend that names it ("" none), its name there."""
    cells = []
    for place, (_, row) in enumerate(samples.iterrows()):
        subtype = row["genomic_subtype"]
        cells.append((place, 0, palette.colors([subtype])[str(subtype)], "Subtype", subtype))
        known = isinstance(row["tf_subtype"], str)
        factor = row["tf_subtype"] if known else ""
        cells.append((place, 1, palette.FACTOR[factor] if known else ABSENT, "TF subtype" if known else "", factor))
        for line, value, high in ((2, row["tmb"], row["tmb"] > tmb_above), (3, row["pdl1"], row["pdl1"] >= pdl1_from)):
            if not pd.isna(value) and high:
                cells.append((place, line, palette.LEVEL["high"], "Biomarker", "above the cut-off"))
            else:
                cells.append((place, line, ABSENT if pd.isna(value) else WILD, "", ""))
    return cells


def _genes(samples: pd.DataFrame, alterations: pd.DataFrame, hit: pd.DataFrame, above: int) -> list[tuple]:
    """The cells of the genes, under so many rows, as `_marks`: of several alterations the palette's first."""
    rank = {name: place for place, name in enumerate(palette.ALTERATION)}
    sorted_ = alterations.assign(rank=alterations["alteration"].map(rank)).sort_values("rank")
    kind = sorted_.drop_duplicates(["sample", "gene"]).set_index(["sample", "gene"])["alteration"].to_dict()
    profiled = hit.notna()
    cells = []
    for place, sample in enumerate(samples.index):
        for line, gene in enumerate(hit.columns):
            name = kind.get((sample, gene), "")
            if not profiled.at[sample, gene]:
                cells.append((place, above + line, ABSENT, "", ""))
            elif name:
                cells.append((place, above + line, palette.ALTERATION[name], "Alteration", name))
            else:
                cells.append((place, above + line, WILD, "", ""))
    return cells


def _draw(ax: Axes, cells: list[tuple], first: int, above: int, height: float) -> None:
    """The cells, a path for each colour; `first` is the place of the first sample here."""
    boxes: dict[str, list] = {}
    for place, row, color, _, _ in cells:
        x = place - first + GAP * ((place - first) // 2)
        y = height - row - 1 - (GAP if row >= above else 0)
        boxes.setdefault(color, []).append([(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1), (x, y)])
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    many = len(cells) > MOST_CELLS
    for color, corners in boxes.items():
        edge, thick = ("#D0D0D0", 0.4) if color == ABSENT else ("white", 0.6)
        path = Path([corner for box in corners for corner in box], codes * len(corners))
        patch = PathPatch(path, facecolor=color, edgecolor=edge, linewidth=0 if many else thick, label=color)
        patch.set_rasterized(many)
        ax.add_artist(patch)


def _rows(ax: Axes, names: list[str], above: int, height: float, sampled: bool) -> None:
    """The rows' names at the left: genes in italics."""
    for line, name in enumerate(names):
        y = height - line - 0.5 - (GAP if line >= above else 0)
        style = "italic" if line >= above else "normal"
        ax.text(-0.25, y, name, ha="right", va="center", fontsize=palette.TEXT, style=style)
    if sampled:
        ax.text(-0.25, height + 0.15, "months apart", ha="right", va="bottom", fontsize=palette.TEXT)
        ax.text(-0.25, -0.15, "sample", ha="right", va="top", fontsize=palette.TEXT)


def _pairs(ax: Axes, samples: pd.DataFrame, height: float, room: float) -> None:
    """Above each pair the months between its samples, under it the samples' numbers and the patient's name.

    room: the points of a pair with its gap.
    """
    months = samples["months"].to_numpy(float)
    words = {
        place: "" if np.isnan(gap) else f"{gap:.1f}" for place, gap in enumerate(np.diff(months)) if place % 2 == 0
    }
    upright = max(map(palette.text_width, words.values()), default=0) > room - 1
    for place, patient in enumerate(samples["patient"]):
        x = place + GAP * (place // 2)
        ax.text(x + 0.5, -0.15, str(1 + place % 2), ha="center", va="top", fontsize=palette.TEXT)
        if place % 2 == 0:
            ax.text(x + 1, height + 0.15, words.get(place, ""), ha="center", va="bottom", fontsize=palette.TEXT,
                    rotation=90 if upright else 0)  # fmt: skip
            ax.text(x + 1, -0.95, str(patient), ha="right", va="top", fontsize=6, rotation=45, rotation_mode="anchor")


def _legend(ax: Axes, cells: list[tuple]) -> None:
    """At the right of ax what the colours mean, in groups under a head each."""
    seen: dict[str, dict[str, str]] = {"Subtype": {}, "TF subtype": {}, "Biomarker": {}, "Alteration": {}}
    for _, _, color, legend, name in cells:
        if legend:
            seen[legend][name] = color
    handles = []
    for legend, entries in seen.items():
        if entries:
            handles.append(Patch(facecolor="none", edgecolor="none", label=legend))
            handles += [Patch(facecolor=color, label=name) for name, color in entries.items()]
    handles += [Patch(facecolor=WILD, label="none"), Patch(facecolor=ABSENT, edgecolor="#D0D0D0", label="not measured")]
    legend = ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.02, 1), borderaxespad=0, labelspacing=0.25)
    for text in legend.get_texts():
        if text.get_text() in seen:  # the head of a group of entries
            text.set(fontweight="bold", x=-24)
