"""Two samples of each patient side by side: subtypes and biomarkers above, drivers below."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch, Rectangle

from lcnec_utils.plots import palette

WILD, ABSENT, FRAME = "#ECECEC", "white", "#D0D0D0"
STEP = 3  # columns of a pair with the empty one beside it
PAIR = 15  # points of these, that the patient's name stands under
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
    marks = _marks(samples, tmb_above_per_mb, pdl1_from_percent)
    cells = pd.concat([marks, pd.DataFrame(None, [""], samples.index, dtype=object), _genes(samples, alterations, hit)])
    pairs = -(-len(samples) // 2)
    aside = max(map(palette.text_width, cells.index)) + 8
    beside = max(palette.text_width(name) for _, _, name in cells.stack()) + 40
    room = max(palette.cell(ax)[0] - aside - beside, LEAST_MM * palette.POINT)
    named = pairs <= MOST_NAMED
    most = max(min(pairs, int(room / PAIR)), 1) if named else pairs
    for number, part in enumerate(palette.rows(ax, -(-pairs // most) if named else 1)):
        here = slice(2 * number * most, 2 * (number + 1) * most)
        _draw(part, cells.iloc[:, here], STEP * most - 1)
        for label in part.get_yticklabels()[len(marks) :]:
            label.set_style("italic")
        if named:
            _name_pairs(part, samples.iloc[here], len(cells), room / most)
        palette.keep(part, LEAST_MM, ROW_MM * len(cells))
    if not named:
        ax.text(0, len(cells) + 0.3, f"{pairs:,} pairs, the first sample at the left of each", ha="left", va="top",
                fontsize=palette.TEXT)  # fmt: skip
    _legend(ax, cells)
    if title:
        ax.set_title(title, pad=16)
    return ax


def _marks(samples: pd.DataFrame, tmb_above: float, pdl1_from: float) -> pd.DataFrame:
    """The cells of subtypes and biomarkers, rows × samples: colour, the legend that names it ("" none), its name."""
    high = {
        f"TMB > {tmb_above:g} per Mb": samples["tmb"] > tmb_above,
        f"PD-L1 ≥ {pdl1_from:g}%": samples["pdl1"] >= pdl1_from,
    }
    rows = {
        "Genomic subtype": [(palette.colors([name])[str(name)], "Subtype", name) for name in samples["genomic_subtype"]]
    }
    rows["TF subtype"] = [
        (palette.FACTOR[name], "TF subtype", name) if isinstance(name, str) else (ABSENT, "", "")
        for name in samples["tf_subtype"]
    ]
    for (label, is_high), column in zip(high.items(), ("tmb", "pdl1"), strict=True):
        rows[label] = [
            (palette.LEVEL["high"], "Biomarker", "above the cut-off")
            if above
            else (ABSENT if missing else WILD, "", "")
            for above, missing in zip(is_high, samples[column].isna(), strict=True)
        ]
    return _frame(rows, samples.index)


def _genes(samples: pd.DataFrame, alterations: pd.DataFrame, hit: pd.DataFrame) -> pd.DataFrame:
    """The cells of the genes, as `_marks`: of several alterations the palette's first."""
    rank = {name: place for place, name in enumerate(palette.ALTERATION)}
    ranked = alterations.assign(rank=alterations["alteration"].map(rank)).sort_values("rank")
    kind = ranked.drop_duplicates(["sample", "gene"]).set_index(["sample", "gene"])["alteration"].to_dict()

    def cell(sample: str, gene: str, profiled: bool) -> tuple[str, str, str]:
        name = kind.get((sample, gene))
        if profiled and name:
            return palette.ALTERATION[name], "Alteration", name
        return WILD if profiled else ABSENT, "", ""

    rows = {gene: [cell(*of_gene) for of_gene in zip(hit.index, [gene] * len(hit), hit[gene].notna(), strict=True)]
            for gene in hit}  # fmt: skip
    return _frame(rows, samples.index)


def _frame(rows: dict[str, list[tuple]], columns: pd.Index) -> pd.DataFrame:
    table = pd.DataFrame(None, list(rows), columns, dtype=object)
    for place, cells in enumerate(rows.values()):
        for column, cell in enumerate(cells):
            table.iat[place, column] = cell
    return table


def _draw(ax: Axes, cells: pd.DataFrame, columns: int) -> None:
    """The cells as a heat map of so many columns, an empty one after every two."""
    colors = list(dict.fromkeys(color for color, _, _ in cells.stack()))
    codes = cells.map(lambda cell: colors.index(cell[0]) if isinstance(cell, tuple) else np.nan).astype(float)
    spread = np.full((len(cells), columns), np.nan)
    places = np.arange(cells.shape[1])
    spread[:, STEP * (places // 2) + places % 2] = codes
    many = cells.size > MOST_CELLS
    sns.heatmap(
        pd.DataFrame(spread, cells.index), ax=ax, mask=np.isnan(spread), cmap=ListedColormap(colors), vmin=-0.5,
        vmax=len(colors) - 0.5, cbar=False, linewidths=0 if many else 0.6, linecolor="white", rasterized=many,
        xticklabels=False, yticklabels=list(cells.index),
    )  # fmt: skip
    if ABSENT in colors and not many:
        framed = [Rectangle((x, y), 1, 1) for y, x in np.argwhere(spread == colors.index(ABSENT))]
        ax.add_collection(PatchCollection(framed, facecolor="none", edgecolor=FRAME, linewidth=0.5))
    ax.tick_params(left=False, pad=2, labelsize=palette.TEXT, labelrotation=0)


def _name_pairs(ax: Axes, samples: pd.DataFrame, height: int, room: float) -> None:
    """Above each pair the months between its samples, under it the samples' numbers and the patient's name.

    height: rows. room: the points of a pair with its gap.
    """
    look = {"fontsize": palette.TEXT, "va": "bottom"}
    ax.text(-0.25, -0.15, "months apart", ha="right", **look)
    ax.text(-0.25, height + 0.15, "sample", ha="right", **look | {"va": "top"})
    apart = np.diff(samples["months"].to_numpy(float))[::2]
    months = ["" if np.isnan(gap) else f"{gap:.1f}" for gap in apart]
    upright = max(map(palette.text_width, months), default=0) > room - 1
    for pair, gap in enumerate(months):
        ax.text(STEP * pair + 1, -0.15, gap, ha="center", rotation=90 if upright else 0, **look)
    for place, patient in enumerate(samples["patient"]):
        left = STEP * (place // 2) + place % 2
        ax.text(left + 0.5, height + 0.15, str(1 + place % 2), ha="center", **look | {"va": "top"})
        if place % 2 == 0:
            ax.text(left + 1, height + 0.95, str(patient), ha="right", va="top", fontsize=6, rotation=45,
                    rotation_mode="anchor")  # fmt: skip


def _legend(ax: Axes, cells: pd.DataFrame) -> None:
    """At the right of ax what the colours mean, in groups under a head each."""
    seen: dict[str, dict[str, str]] = {"Subtype": {}, "TF subtype": {}, "Biomarker": {}, "Alteration": {}}
    for color, legend, name in cells.stack():
        if legend:
            seen[legend][name] = color
    handles = []
    for legend, entries in seen.items():
        if entries:
            handles.append(Patch(facecolor="none", edgecolor="none", label=legend))
            handles += [Patch(facecolor=color, label=name) for name, color in entries.items()]
    handles += [Patch(facecolor=WILD, label="none"), Patch(facecolor=ABSENT, edgecolor=FRAME, label="not measured")]
    legend = ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.02, 1), borderaxespad=0, labelspacing=0.25)
    for text in legend.get_texts():
        if text.get_text() in seen:  # the head of a group of entries
            text.set(fontweight="bold", x=-24)
