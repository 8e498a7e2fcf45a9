"""Colours, sizes and fonts of every figure: one colour per subtype and per regimen everywhere.

All are safe for colour-blind eyes.
"""

import matplotlib as mpl
import matplotlib.pyplot as plt

MM = 1 / 25.4
COLUMN_MM, PAGE_MM = 89, 183  # the widths of a journal's column and page

# Okabe & Ito's and Tol's colours, which stay apart in the common forms of colour blindness
SUBTYPE = {"NSCLC-like": "#D55E00", "SCLC-like": "#0072B2", "Unclassified": "#8C8C8C", "Unknown": "#D9D9D9"}
TUMOUR = {"SCLC-like LCNEC": SUBTYPE["SCLC-like"], "NSCLC-like LCNEC": SUBTYPE["NSCLC-like"], "SCLC": "#332288"}
TUMOUR |= {"LUAD": "#44AA99", "LUSC": "#999933", "NSCLC": "#117733", "LCNEC": "#882255"}
NUCLEUS = {"TIL": "#F0E442", "tumour": "#009E73", "stroma": "#56B4E9", "FGL1-positive": "#F0E442"}  # marks on pictures
REGIMEN = {"Chemotherapy": "#E69F00", "Chemoimmunotherapy": "#009E73", "Immunotherapy": "#CC79A7"}
REGIMEN |= {name.lower(): color for name, color in REGIMEN.items()}
CARRIER = {"mutated": "#882255", "wild type": "#44AA99"}
LEVEL = {"high": "#332288", "low": "#DDAA33", "positive": "#332288", "negative": "#DDAA33"}
ALTERATION = {
    "truncating": "#111111",
    "missense": "#56B4E9",
    "splice": "#CC79A7",
    "in-frame indel": "#E69F00",
    "other mutation": "#999933",
    "mutation, consequence not given": "#5D6D7E",
    "deep deletion": "#0072B2",
    "amplification": "#D55E00",
    "rearrangement": "#009E73",
}
SEX = {"Female": "#AA4499", "Male": "#88CCEE"}
SITE = {"Primary": "#BBCC33", "Metastasis": "#222255"}
MISSING = "#F2F2F2"
BAND = "#F6F6F6"  # every other row
INK, FAINT = "#222222", "#8A8A8A"
EMPHASIS = "#B2182B"
CYCLE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#332288", "#8C8C8C"]

# Tumours that genotype leaves open, by what a classifier called them: lighter than those it learnt from
REFINED = {"Unc. → NSCLC-like": "#F0A875", "Unc. → SCLC-like": "#7DB9DE"}
FACTOR = {"ASCL1": "#E69F00", "NEUROD1": "#56B4E9", "POU2F3": "#009E73", "YAP1": "#CC79A7", "Mixed": "#BBBBBB",
          "Negative": "#666666"}  # fmt: skip
# Types of an earlier study, which are not the genomic subtypes, and clusters without labels: colours of their own
TYPE = {"type I": "#117733", "type II": "#AA4499"}
CLUSTER = {"A": "#332288", "B": "#DDAA33", "C": "#117733", "D": "#AA4499", "E": "#88CCEE", "F": "#999933"}
WAY = {"genes chosen on all labelled tumours": "#882255", "genes chosen within training": "#44AA99"}
WAY |= {"as worded": "#882255", "no leakage": "#44AA99", "where sure": "#117733"}
NAMED = {
    **SUBTYPE,
    **REFINED,
    **WAY,
    **FACTOR,
    **TYPE,
    **CLUSTER,
    **TUMOUR,
    **REGIMEN,
    **CARRIER,
    **LEVEL,
    **ALTERATION,
    **NUCLEUS,
    **SEX,
    **SITE,
}

STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "font.size": 7,
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 7,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "lcnec",  # the same figure, the same bytes
    "figure.dpi": 96,
    "savefig.facecolor": "white",
}


def apply() -> None:
    """Set the compendium's style for every figure that follows."""
    mpl.rcParams.update(STYLE)


def colors(names) -> dict[str, str]:
    """A colour for each name: its fixed one, or the next of the cycle for a name the palette does not know."""
    free = (color for color in CYCLE * 10)
    return {name: NAMED.get(name) or next(free) for name in map(str, names)}


def figure(width_mm: float = COLUMN_MM, height_mm: float = 75, **subplots):
    """A figure of a size in millimetres and its axes, as plt.subplots gives them."""
    return plt.subplots(figsize=(width_mm * MM, height_mm * MM), layout="constrained", **subplots)


def figure_only(width_mm: float = COLUMN_MM, height_mm: float = 75):
    """A figure of a size in millimetres without axes, for plots that lay out their own."""
    return plt.figure(figsize=(width_mm * MM, height_mm * MM), layout="constrained")


def grid(panels: int, columns: int = 2, height_mm: float = 75):
    """A page-wide figure and a flat list of as many axes as there are panels, `columns` side by side."""
    rows = -(-panels // columns)
    fig, axes = figure(PAGE_MM, height_mm * rows, nrows=rows, ncols=columns, squeeze=False)
    for ax in axes.flat[panels:]:
        ax.remove()
    return fig, list(axes.flat[:panels])


def pictures_over_plot(pictures: int, width_mm: float = PAGE_MM, height_mm: float = 110):
    """A figure with a row of pictures over one plot as wide as all of them: figure, the pictures' axes, the plot's."""
    fig = figure_only(width_mm, height_mm)
    rows = fig.add_gridspec(2, pictures)
    return fig, [fig.add_subplot(rows[0, place]) for place in range(pictures)], fig.add_subplot(rows[1, :])


def stacked(panels: int, width_mm: float, height_mm: float):
    """A figure of `panels` axes one under another, each this high, and the list of them."""
    fig, axes = figure(width_mm, height_mm * panels, nrows=panels, squeeze=False)
    return fig, list(axes.flat)
