"""Two samples of each patient side by side: subtypes and biomarkers above, drivers below."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from lcnec_utils.plots import palette

WILD, ABSENT = "#ECECEC", "white"
GAP = 0.5


def pair_heatmap(
    samples: pd.DataFrame, alterations: pd.DataFrame, hit: pd.DataFrame, ax: Axes, *, tmb_above_per_mb: float,
    pdl1_from_percent: float, title: str = "",
) -> Axes:  # fmt: skip
    """Draw pairs on ax, a column per sample, the two of a patient joined.

    samples: index sample, two after two; patient, months, genomic_subtype, tf_subtype, tmb (per Mb), pdl1 (%).
    alterations: sample, gene, alteration. hit: samples × genes, missing where not profiled.
    """
    genes = list(hit.columns)
    kind = alterations.assign(
        rank=alterations["alteration"].map({name: i for i, name in enumerate(palette.ALTERATION)})
    ).sort_values("rank").drop_duplicates(["sample", "gene"]).set_index(["sample", "gene"])["alteration"]  # fmt: skip
    rows = ["Genomic subtype", "TF subtype", f"TMB > {tmb_above_per_mb:g} per Mb", f"PD-L1 ≥ {pdl1_from_percent:g}%"]
    height = len(rows) + GAP + len(genes)
    seen: dict[str, dict[str, str]] = {"Subtype": {}, "TF subtype": {}, "Biomarker": {}, "Alteration": {}}

    def cell(x: float, row: float, color: str, legend: str = "", name: str = "") -> None:
        frame = (
            {"edgecolor": "#D0D0D0", "linewidth": 0.4} if color == ABSENT else {"edgecolor": "white", "linewidth": 0.6}
        )
        ax.add_patch(Rectangle((x, height - row - 1), 1, 1, facecolor=color, **frame))
        if legend:
            seen[legend][name] = color

    for place, (sample, row) in enumerate(samples.iterrows()):
        x = place + GAP * (place // 2)
        subtype = palette.colors([row["genomic_subtype"]])[row["genomic_subtype"]]
        cell(x, 0, subtype, "Subtype", row["genomic_subtype"])
        known = isinstance(row["tf_subtype"], str)
        cell(
            x,
            1,
            palette.FACTOR[row["tf_subtype"]] if known else ABSENT,
            *(("TF subtype", row["tf_subtype"]) if known else ()),
        )
        marks = {
            2: (row["tmb"], row["tmb"] > tmb_above_per_mb),
            3: (row["pdl1"], row["pdl1"] >= pdl1_from_percent),
        }
        for line, (value, high) in marks.items():
            if pd.isna(value):
                cell(x, line, ABSENT)
            elif high:
                cell(x, line, palette.LEVEL["high"], "Biomarker", "above the cut-off")
            else:
                cell(x, line, WILD)
        for line, gene in enumerate(genes):
            if pd.isna(hit.loc[sample, gene]):
                cell(x, len(rows) + GAP + line, ABSENT)
            elif (sample, gene) in kind.index:
                name = kind[sample, gene]
                cell(x, len(rows) + GAP + line, palette.ALTERATION[name], "Alteration", name)
            else:
                cell(x, len(rows) + GAP + line, WILD)
        ax.text(x + 0.5, -0.15, str(1 + place % 2), ha="center", va="top", fontsize=6.5)
        if place % 2 == 0:
            apart = samples["months"].iloc[place + 1] - row["months"]
            ax.text(
                x + 1, height + 0.15, "" if pd.isna(apart) else f"{apart:.1f}", ha="center", va="bottom", fontsize=6.5
            )
            ax.text(
                x + 1, -0.95, str(row["patient"]), ha="right", va="top", fontsize=6, rotation=45, rotation_mode="anchor"
            )
    right = len(samples) - 1 + GAP * ((len(samples) - 1) // 2) + 1
    for line, name in enumerate([*rows, *genes]):
        y = height - line - 0.5 - (GAP if line >= len(rows) else 0)
        ax.text(
            -0.25, y, name, ha="right", va="center", fontsize=6.5, style="italic" if line >= len(rows) else "normal"
        )
    ax.text(-0.25, height + 0.15, "months apart", ha="right", va="bottom", fontsize=6.5)
    ax.text(-0.25, -0.15, "sample", ha="right", va="top", fontsize=6.5)
    handles = []
    for legend, entries in seen.items():
        if entries:
            handles.append(Patch(facecolor="none", edgecolor="none", label=legend))
            handles += [Patch(facecolor=color, label=name) for name, color in entries.items()]
    handles += [Patch(facecolor=WILD, label="none"), Patch(facecolor=ABSENT, edgecolor="#D0D0D0", label="not measured")]
    legend = ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, labelspacing=0.25)
    for text in legend.get_texts():
        if text.get_text() in seen:  # the head of a group of entries
            text.set(fontweight="bold", x=-24)
    ax.set(xlim=(0, right), ylim=(0, height))
    ax.set_axis_off()
    if title:
        ax.set_title(title, pad=16)
    return ax
