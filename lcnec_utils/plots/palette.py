"""Colours, sizes and fonts of every figure: one colour per subtype and per regimen everywhere.

All are safe for colour-blind eyes and in grey. A figure made here has a layout that is the same in every format, and
grows where a plot would be squeezed: see `keep`.
"""

import contextlib
import warnings
import weakref
from functools import cache

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Bbox, ScaledTranslation

from lcnec_utils.core.errors import MissingData

MM = 1 / 25.4
POINT = 72 * MM  # points of a millimetre
COLUMN_MM, PAGE_MM = 89, 183  # the widths of a journal's column and page
TEXT, SMALLEST = 6.5, 5.5  # points: of most text, and of any
SCREEN_DPI = 96  # at which every layout is made
PAD = 3  # points that the layout keeps round the axes
EDGE = 0.04  # inches that a saved figure adds round what is drawn

# Hues by Okabe & Ito and by Tol, each at a lightness of its own: colours that stand side by side in a figure stay apart
# to colour-blind eyes and in grey (APART, GREY), and all but marks on pictures have a contrast of 3 on white (WCAG 2.1)
SUBTYPE = {"NSCLC-like": "#AC4700", "SCLC-like": "#00558C", "Unclassified": "#747474", "Unknown": "#949494"}
TUMOUR = {"SCLC-like LCNEC": SUBTYPE["SCLC-like"], "NSCLC-like LCNEC": SUBTYPE["NSCLC-like"], "SCLC": "#2C1D82"}
TUMOUR |= {"LUAD": "#002821", "LUSC": "#414300", "NSCLC": "#3F9A52", "LCNEC": "#BE5684"}
NUCLEUS = {"TIL": "#F0E442", "tumour": "#009E73", "stroma": "#56B4E9", "FGL1-positive": "#F0E442"}  # marks on pictures
REGIMEN = {"Chemotherapy": "#C28500", "Chemoimmunotherapy": "#008960", "Immunotherapy": "#952F85"}
REGIMEN |= {name.lower(): color for name, color in REGIMEN.items()}
CARRIER = {"mutated": "#882255", "wild type": "#39A090"}
LEVEL = {"high": "#322187", "low": "#BB8C0A", "positive": "#322187", "negative": "#BB8C0A"}
ALTERATION = {
    "truncating": "#000000",
    "missense": "#379CD0",
    "splice": "#A45582",
    "in-frame indel": "#6B4600",
    "other mutation": "#303000",
    "mutation, consequence not given": "#10212F",
    "deep deletion": "#00416D",
    "amplification": "#D45E00",
    "rearrangement": "#006D4C",
}
SEX = {"Female": "#A03A8F", "Male": "#379CD0"}
SITE = {"Primary": "#8A9C00", "Metastasis": "#212255"}
RESPONSE = {"CR": "#1B3A80", "PR": "#2E82BA", "SD": "#8F8F8F", "NON-CR/NON-PD": "#5E4A7D", "PD": "#B8471A",
            "NE": "#2A2A2A"}  # fmt: skip
RESPONSE_AS_TWO = {"CR or PR": RESPONSE["PR"], "SD or PD": RESPONSE["PD"]}  # of a study that gives no more
ORGAN = {"lung": "#379CD0", "liver": "#6E3A00"}
MISSING = "#F2F2F2"
BAND = "#F6F6F6"  # every other row
INK, FAINT = "#222222", "#6E6E6E"
EMPHASIS = "#B2182B"
# of names without a colour of their own, in this order
CYCLE = ["#257FC0", "#A44300", "#1AA77B", "#A25280", "#1E1477", "#B57B00", "#003752", "#420600", "#006154", "#3C30BA",
         "#60311F"]  # fmt: skip
APART = 12  # of CIELAB, between two colours of one figure to whichever eyes
GREY = 4.5  # of CIELAB's lightness, between two colours of one figure printed in grey

# Tumours that genotype leaves open, by what a classifier called them: lighter than those it learnt from
REFINED = {"Unc. → NSCLC-like": "#C68700", "Unc. → SCLC-like": "#0085B7"}
FACTOR = {"ASCL1": "#916100", "NEUROD1": "#004666", "POU2F3": "#009167", "YAP1": "#CC79A7", "Mixed": "#2C2C2C",
          "Negative": "#555555"}  # fmt: skip
# Types of an earlier study, which are not the genomic subtypes, and clusters without labels: colours of their own
TYPE = {"type I": "#006926", "type II": "#B650A5"}
CLUSTER = {"A": "#6E52C0", "B": "#9F7500", "C": "#002E06", "D": "#6E0062", "E": "#379CD0", "F": "#4F5100"}
WAY = {"genes chosen on all labelled tumours": "#882255", "genes chosen within training": "#39A090"}
WAY |= {"as worded": "#882255", "no leakage": "#39A090", "where sure": "#137834"}
RESISTANCE = {"primary resistance": "#8C1C13", "secondary resistance": "#B36A00", "not resistant so far": "#1B66A0",
              "covered by no definition": "#1E1477", "cannot tell": "#8E8E8E"}  # fmt: skip
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
    **RESPONSE,
    **RESPONSE_AS_TWO,
    **ORGAN,
    **RESISTANCE,
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
    "text.parse_math": False,  # a name with a dollar sign is a name
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "lcnec",  # the same figure, the same bytes
    "figure.dpi": 96,
    "savefig.facecolor": "white",
}


def apply() -> None:
    """Set the compendium's style for every figure that follows."""
    mpl.rcParams.update(STYLE)


# --- colours

# What red-, green- and blue-blind eyes see of linear RGB (Machado, Oliveira & Fernandes 2009, severity 1)
EYES = np.array([
    [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
])  # fmt: skip
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]])


def _linear(rgb: np.ndarray) -> np.ndarray:
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


@cache
def _seen(color: str) -> np.ndarray:
    """A colour in CIELAB as each kind of eyes sees it: eyes × (L, a, b)."""
    linear = _linear(np.array(to_rgb(color)))
    x, y, z = (XYZ @ np.clip(EYES @ linear, 0, 1).T) / XYZ.sum(axis=1)[:, None]
    x, y, z = (np.where(part > 216 / 24389, np.cbrt(part), (24389 / 27 * part + 16) / 116) for part in (x, y, z))
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def apart(one: str, other: str) -> float:
    """How far apart two colours look, in CIELAB, to those of the eyes that tell them least."""
    return float(np.linalg.norm(_seen(one) - _seen(other), axis=1).min())


def _mixed(color: str, other: str, part: float) -> str:
    return to_hex((1 - part) * np.array(to_rgb(color)) + part * np.array(to_rgb(other)))


SHADES = [*CYCLE, *(_mixed(color, mixed, 0.55) for mixed in ("white", "black") for color in CYCLE)]


def grey(one: str, other: str) -> float:
    """How far apart two colours are printed in grey: the difference of their lightness in CIELAB."""
    return float(abs(_seen(one)[0, 0] - _seen(other)[0, 0]))


def contrast(color: str, paper: str = "white") -> float:
    """The contrast ratio of a colour on paper, from 1 to 21 (WCAG 2.1): graphics need 3, words 4.5."""
    light, dark = sorted((_luminance(color), _luminance(paper)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    return float(XYZ[1] @ _linear(np.array(to_rgb(color))))


def _distance(color: str, others) -> float:
    """How well a colour is told from others, to whichever eyes and in grey; from 1 on it is."""
    return min((min(apart(color, other) / APART, grey(color, other) / GREY) for other in others), default=np.inf)


def colors(names) -> dict[str, str]:
    """A colour for each name, no two alike: its fixed one, else the next of the cycle that is told from the others'.

    A fixed colour that another name took first is not given again. Raises MissingData for more names than a figure can
    tell apart.
    """
    names = list(dict.fromkeys(map(str, names)))
    given: dict[str, str] = {}
    for name in names:
        if name in NAMED and NAMED[name] not in given.values():
            given[name] = NAMED[name]
    free = [color for color in SHADES if color not in given.values()]
    for name in (name for name in names if name not in given):
        if not free:
            raise MissingData(
                f"{len(names)} groups are more than a figure can tell apart ({len(SHADES)} at most); "
                "join those that belong together"
            )
        told = (color for color in free if _distance(color, given.values()) >= 1)
        given[name] = next(told, None) or max(free, key=lambda color: _distance(color, given.values()))
        free.remove(given[name])
    return {name: given[name] for name in names}


def _in_turn(names, kinds: list) -> dict:
    """The first kind for as many names as the cycle has colours, the next for as many more, and so on."""
    names = list(dict.fromkeys(map(str, names)))
    return {name: kinds[place // len(CYCLE) % len(kinds)] for place, name in enumerate(names)}


def dashes(names) -> dict:
    """A line style for each name: solid, and others where there are more names than colours."""
    return _in_turn(names, ["-", (0, (4, 1.5)), (0, (1.2, 1.2))])


def markers(names) -> dict[str, str]:
    """A mark for each name: a dot, and others where there are more names than colours."""
    return _in_turn(names, ["o", "^", "s"])


def hatches(names) -> dict[str, str]:
    """A hatching for each name: none, and others where there are more names than colours."""
    return _in_turn(names, ["", "////", "...."])


def responses(words) -> list[str]:
    """The distinct words of responses in their order, from the best; those of nobody's behind, sorted."""
    held, known = set(words), [*RESPONSE, *RESPONSE_AS_TWO]
    return [*(word for word in known if word in held), *sorted(held - set(known))]


def ink(color: str) -> str:
    """The colour of words in a group's colour: itself, or as much darker as words on paper need."""
    parts = (part for part in np.arange(0, 0.8, 0.05) if contrast(_mixed(color, "black", part)) >= 4.5)
    return _mixed(color, "black", next(parts))


# --- words


@cache
def text_width(text: str, size: float = TEXT, weight: str = "normal") -> float:
    """The width in points of a text's widest line, with what hinting on a screen may add."""
    font = FontProperties(family=STYLE["font.family"], size=size, weight=weight)
    lines = (line for line in text.split("\n") if line.strip())
    return 1.08 * max((text_to_path.get_text_width_height_descent(line, font, False)[0] for line in lines), default=0.0)


def wrap(text: str, width: float, size: float = TEXT, weight: str = "normal") -> str:
    """The text on lines no wider than width (points). `(n = 12)` stays whole; a word that is wider is cut."""
    lines = []
    for paragraph in str(text).replace("(n = ", "(n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}").split("\n"):
        line = ""
        for word in paragraph.split(" "):
            both = f"{line} {word}" if line else word
            if line and text_width(both, size, weight) > width:
                lines.append(line)
                both = word
            while text_width(both, size, weight) > width and len(both) > 1:
                end = next(end for end in range(len(both) - 1, 0, -1)
                           if end == 1 or text_width(both[:end], size, weight) <= width)  # fmt: skip
                # a cut where the word has a joint of its own is none
                joint = max(both.rfind(mark, 0, end) for mark in "_-/+,;") + 1
                end = joint if joint > end / 3 else end
                lines.append(both[:end])
                both = both[end:]
            line = both
        lines.append(line)
    return "\n".join(lines).replace("\N{NO-BREAK SPACE}", " ")


# --- room


def cell(ax: Axes) -> tuple[float, float]:
    """The width and height in points of the part of the figure that is the axes' own, with its labels."""
    wide, high = (72 * inches for inches in ax.get_figure(root=True).get_size_inches())
    if ax.get_subplotspec() is None:
        place = ax.get_position()
        return wide * (1 - place.x0), high
    across, up = _shares(ax)
    return wide * across, high * up


def _shares(ax: Axes) -> tuple[float, float]:
    """The share of the figure's width and height that is the axes' own in its grid, and in the grid that holds that."""
    across = up = 1.0
    spec = ax.get_subplotspec()
    for each in dict.fromkeys((spec, spec.get_topmost_subplotspec())):
        grid = each.get_gridspec()
        wide, high = np.array(grid.get_width_ratios(), float), np.array(grid.get_height_ratios(), float)
        across *= wide[each.colspan.start : each.colspan.stop].sum() / wide.sum()
        up *= high[each.rowspan.start : each.rowspan.stop].sum() / high.sum()
    return across, up


def margins(ax: Axes) -> tuple[float, float, float, float]:
    """The points that ticks, labels and words take at the left, right, bottom and top of an axes as it stands."""
    with _as_on_screen(ax.get_figure(root=True)) as renderer:
        box, here = ax.get_tightbbox(renderer, for_layout_only=True), ax.get_window_extent(renderer)
    sides = here.x0 - box.x0, box.x1 - here.x1, here.y0 - box.y0, box.y1 - here.y1
    return tuple(max(0.0, side * 72 / SCREEN_DPI) for side in sides)


def inner_width(ax: Axes) -> float:
    """The width in points that an axes will have, as far as its ticks and labels are set."""
    left, right, _, _ = margins(ax)
    return max(cell(ax)[0] - left - right - 2 * PAD, 1.0)


def keep(ax: Axes, wide_mm: float = 0, high_mm: float = 0) -> None:
    """Have the figure grow where the inside of ax would be smaller than this, whatever stands round it."""
    engine = ax.get_figure(root=True).get_layout_engine()
    if isinstance(engine, SteadyLayout):
        before = engine.least.get(ax, (0, 0))
        engine.least[ax] = max(before[0], wide_mm * POINT), max(before[1], high_mm * POINT)


@contextlib.contextmanager
def _as_on_screen(figure: Figure):
    """The figure as Agg draws it on a screen, and the renderer: text has one width in every format that way."""
    canvas, dpi = figure.canvas, figure.dpi
    agg = FigureCanvasAgg(figure)
    figure.dpi = SCREEN_DPI
    try:
        yield agg.get_renderer()
    finally:
        figure.dpi = dpi
        figure.set_canvas(canvas)


class SteadyLayout(ConstrainedLayoutEngine):
    """Constrained layout that is one and the same for SVG, PNG and screen, and in which no plot is squeezed.

    Where an axes would be smaller inside than `keep` says, the figure gets higher, or wider. Titles and axis labels
    that are longer than there is room are set on several lines; a title stands above its axes' legend.
    """

    ROUNDS = 5
    MOST = PAGE_MM * MM, 1500 * MM  # inches that no figure grows beyond

    def __init__(self):
        super().__init__()
        self.frame: Rectangle | None = None  # unseen, at the figure's edge: what is saved has the figure's size
        self.least: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # axes → points across and up
        self.whole: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # text → its words, and as they are set
        self.moved: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # title → its transform, raised by points

    def execute(self, fig: Figure) -> None:
        """Place the axes of a figure, and set the figure's size."""
        for artist in fig.findobj(lambda artist: artist.get_gid() == "simulated" or _is_empty(artist)):
            artist.set_in_layout(False)  # a mark laid over a plot takes no room of its own, nor does one at no place
        with _as_on_screen(fig):
            for _ in range(self.ROUNDS if fig.axes else 0):
                self._grow(fig)
                if not self._fit(fig):
                    break
        if self.frame is None:
            self.frame = fig.add_artist(Rectangle((0, 0), 1, 1, fill=False, edgecolor="none", linewidth=0))
            self.frame.set_transform(fig.dpi_scale_trans)
        wide, high = fig.get_size_inches()
        self.frame.set_bounds(EDGE, EDGE, wide - 2 * EDGE, high - 2 * EDGE)

    def _arrange(self, fig: Figure) -> bool:
        """Constrained layout's own work; False where it found no room at all."""
        # of a title only its height takes room: a long one would narrow its axes, and in the end leave them none
        titles = {title: (title.get_text(), title.get_position()) for ax in fig.axes for title in _titles(ax)}
        for title, (words, _) in titles.items():
            title.set(text="\n".join("lp" for _ in words.split("\n")), x=0)
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="constrained_layout not applied")
            try:
                super().execute(fig)
            except UserWarning:
                return False
            finally:
                for title, (words, place) in titles.items():
                    title.set(text=words, position=place)
        return True

    def _grow(self, fig: Figure) -> None:
        """Arrange the axes in the least figure, of this size or larger, in which none is smaller than it may be."""
        asked = fig.get_size_inches()
        for more in ((0, 0), (0, 20), (20, 20), (60, 80)):
            fig.set_size_inches(asked + more)
            if self._arrange(fig):
                break
        wide, high = size = fig.get_size_inches()
        wanted = np.array(asked)
        for ax in fig.axes:
            if ax.get_subplotspec() is not None:
                place, (across, up) = ax.get_position(original=True), _shares(ax)
                least = np.array(self.least.get(ax, (POINT, POINT))) / 72
                inside = np.array([place.width * wide, place.height * high])
                wanted = np.maximum(wanted, size - (inside - least) / (across, up))
        wanted = np.minimum(wanted, np.maximum(asked, self.MOST))
        if np.abs(wanted - size).max() > 0.5 / 72:
            fig.set_size_inches(wanted)
            self._arrange(fig)

    def _fit(self, fig: Figure) -> bool:
        """Set titles and labels on as many lines as their room asks for; whether anything changed."""
        renderer, dots = fig.canvas.get_renderer(), SCREEN_DPI / 72
        boxes = {ax: ax.get_tightbbox(renderer, for_layout_only=True) for ax in fig.axes if ax.get_visible()}
        boxes = {ax: box for ax, box in boxes.items() if box is not None}
        # a flat legend may start left of its axes, which the layout does not see
        own = [each.get_legend() for each in boxes if each.get_legend() is not None]
        boxes |= {each: each.get_window_extent(renderer) for each in (*fig.legends, *own)}
        changed = False
        for ax, box in ((ax, box) for ax, box in boxes.items() if isinstance(ax, Axes)):
            here = ax.get_window_extent(renderer)
            right = min([fig.bbox.x1 - PAD * dots, *(
                other.x0 - 4 * dots for other in boxes.values()
                if other.x0 > (here.x0 + here.x1) / 2 and other.y0 < box.y1 and other.y1 > box.y0 and other is not box
            )])  # fmt: skip
            if ax.axison and ax.xaxis.get_visible():
                middle = (here.x0 + here.x1) / 2
                room = max(2 * min(middle - min(box.x0, here.x0), right - middle), here.width)
                changed |= self._set(ax.xaxis.label, room / dots)
            if ax.axison and ax.yaxis.get_visible() and ax.yaxis.label.get_rotation() == 90:
                changed |= self._set(ax.yaxis.label, max(here.height / dots, 25 * POINT))
            if ax.get_legend() is not None and "get_tightbbox" in vars(ax.get_legend()):
                _nudge(ax.get_legend(), renderer, max(right, here.x1))
            for title in _titles(ax):
                changed |= self._place(title, ax, renderer, (max(box.x0, 0), here.x0, max(right, here.x1)))
        for text in (text for text in fig.texts if text.get_text() == fig.get_suptitle()):
            changed |= self._set(text, 0.98 * fig.bbox.width / dots - 2 * PAD)
        return changed

    def _set(self, text: Text, room: float) -> bool:
        """Set a text on lines of this width (points), from its words as they were given; whether that changed it."""
        words, shown = self.whole.get(text, (text.get_text(), text.get_text()))
        if text.get_text() != shown:
            words = text.get_text()  # given anew since
        lines = wrap(words, room, text.get_fontsize(), text.get_fontweight())
        before = text.get_text()
        text.set_text(lines)
        self.whole[text] = words, lines
        return lines != before

    def _place(self, title: Text, ax: Axes, renderer, room: tuple[float, float, float]) -> bool:
        """Set a title within its room, and above what stands on the axes. room: the pixels of the cell's left edge,
        the axes' and the cell's right. Whether the room that the title takes has changed."""
        left, start, right = room
        dots, legend = SCREEN_DPI / 72, ax.get_legend()
        above = legend.get_window_extent(renderer) if legend is not None else None
        above = above if above is not None and above.y0 > ax.get_window_extent(renderer).y1 - 2 else None
        words, shown = self.whole.get(title, (title.get_text(), title.get_text()))
        words = words if title.get_text() == shown else title.get_text()
        wide = dots * text_width(words, title.get_fontsize(), title.get_fontweight())
        # a title too long for its axes starts as far left as its legend or the labels of the axes do
        here = ax.get_window_extent(renderer)
        own = title.get_window_extent(renderer).x0 - here.x0 - title.get_position()[0] * here.width
        start = max(start + own, left)
        start = min(start, max(above.x0, left)) if above is not None else start
        if wide > right - start:
            start = max(left, right - wide)
        title.set_x((start - own - here.x0) / here.width)
        changed = self._set(title, (right - start) / dots + 0.5)
        head = title.get_window_extent(renderer)
        under = [text.get_window_extent(renderer) for text in ax.texts if text.get_visible()]
        under = [box for box in [above, *under] if box is not None and box.y0 > here.y1 - 2 and box.x0 < head.x1
                 and box.x1 > head.x0]  # fmt: skip
        if under:
            lacks = (max(box.y1 for box in under) - head.y0) / dots + 3
            base, raised, own = self.moved.get(title, (title.get_transform(), 0.0, None))
            if own is not title.get_transform():
                base, raised = title.get_transform(), 0.0
            if lacks > 0.5:
                raised += lacks
                own = base + ScaledTranslation(0, raised / 72, ax.get_figure(root=True).dpi_scale_trans)
                title.set_transform(own)
                self.moved[title] = base, raised, own
                changed = True
        return changed


def _is_empty(artist) -> bool:
    """Whether an artist has no points: it would be taken to stand in the figure's corner."""
    return (isinstance(artist, Line2D) and len(artist.get_xdata()) == 0) or (
        isinstance(artist, PathCollection) and len(artist.get_offsets()) == 0
    )


def _nudge(legend: Legend, renderer, right: float) -> None:
    """Move a flat legend to the left by what it sticks out beyond the right edge (pixels) of the room for it."""
    box = legend.get_window_extent(renderer)
    over = min(box.x1 - right, box.x0 - PAD * SCREEN_DPI / 72)
    if over > 0.5:
        dots = legend.get_figure(root=True).dpi_scale_trans
        legend.set_bbox_to_anchor(legend.get_bbox_to_anchor(), ScaledTranslation(-over / SCREEN_DPI, 0, dots))


def _titles(ax: Axes) -> list[Text]:
    """The texts of an axes' title, at the left as the style has it."""
    words = ax.get_title(loc="left")
    texts = [each for each in ax.get_children() if isinstance(each, Text) and each not in set(ax.texts)]
    return [text for text in texts if words.strip() and text.get_text() == words]


# --- what the plots share


def legend(ax: Axes, handles=None, labels=None, *, below: bool = False, most: int = 99, **look) -> Legend:
    """A legend over the axes (or under it), in as many columns as there is room for, long names on several lines.

    To be drawn when ticks and axis labels are set. most: of columns. look: as ax.legend takes it.
    """
    if handles is None:
        handles, labels = ax.get_legend_handles_labels()
    look = {"handlelength": 1.2, "handletextpad": 0.5, "columnspacing": 1.0, "labelspacing": 0.3} | look
    if below and ax.get_xlabel():
        ax.set_xlabel(wrap(ax.get_xlabel(), inner_width(ax), ax.xaxis.label.get_fontsize()))
    if ax.get_legend() is not None:
        ax.get_legend().remove()
    left, right, bottom, _ = margins(ax)
    room = cell(ax)[0] - 2 * PAD - 2 * 0.4 * TEXT  # within the border that a legend has
    beside = TEXT * (look["handlelength"] + look["handletextpad"])
    labels = [wrap(label, room - beside) for label in labels]

    def width(columns: int) -> float:
        parts = np.array_split(np.array([text_width(label) + beside for label in labels]), columns)
        return sum(part.max() for part in parts if len(part)) + TEXT * look["columnspacing"] * (columns - 1)

    columns = next((count for count in range(min(most, len(labels)), 1, -1) if width(count) <= room), 1)
    shift = min(left, max(0.0, width(columns) - (room - left - right)))
    # one that starts left of the axes keeps clear of the topmost tick's label
    lift = -(bottom + 4) if below else 3 if shift > 2 else 0
    place = ScaledTranslation(-shift / 72, lift / 72, ax.get_figure(root=True).dpi_scale_trans)
    look = {"borderaxespad": 0} | look
    return flat(ax.legend(
        handles, labels, loc="upper left" if below else "lower left", bbox_to_anchor=(0, 0 if below else 1.0),
        bbox_transform=ax.transAxes + place, ncols=columns, **look,
    ))  # fmt: skip


def flat(legend: Legend) -> Legend:
    """A legend over or under its axes for which the layout leaves room up and down, not at the sides.

    One a hair wider than its axes would narrow them, stick out the more, and in the end leave them no room at all.
    """
    whole = legend.get_tightbbox

    def narrow(renderer=None):
        box, here = whole(renderer), legend.axes.get_window_extent(renderer)
        return Bbox.from_extents(here.x0, box.y0, here.x1, box.y1)

    legend.get_tightbbox = narrow
    return legend


def free(ax: Axes, box: tuple[float, float, float, float]) -> bool:
    """Whether no line and no dot of ax lies in a box (left, bottom, right, top; fractions of the axes)."""
    within = Bbox.from_extents(*box)
    places = ax.transData - ax.transAxes
    for line in ax.lines:
        if line.get_transform() is ax.transData and len(line.get_xdata()):
            path = line.get_path().transformed(places)
            if path.intersects_bbox(within, filled=False) or within.count_contains(path.vertices):
                return False
    dots = [places.transform(np.asarray(dots.get_offsets(), float)) for dots in ax.collections
            if isinstance(dots, PathCollection) and len(dots.get_offsets())]  # fmt: skip
    return not any(within.count_contains(each) for each in dots)


def inside_legend(ax: Axes, corners: dict[str, tuple[float, float]], *, below: bool = False, **look) -> Legend:
    """A legend in the first of these corners where it covers no data; else outside, as `legend`. To be drawn last.

    corners: the legend's corner → where it stands, in fractions of the axes.
    """
    handles, labels = ax.get_legend_handles_labels()
    wide, high = inner_width(ax), max(cell(ax)[1] - sum(margins(ax)[2:]) - 2 * PAD - 14, keep_of(ax)[1], 1)
    lines = sum(label.count("\n") + 1 for label in labels) + ("title" in look)
    across = (max(map(text_width, labels), default=0) + 5 + 2.6 * TEXT) / wide
    up = (1.2 * lines + 0.5 * len(labels) + 1) * TEXT / high
    for corner, (x, y) in corners.items():
        x0, y0 = x - across * ("right" in corner), y - up * ("upper" in corner)
        if across < 0.92 and x0 >= -0.02 and y0 >= -0.02 and free(ax, (x0, y0, x0 + across, y0 + up)):
            return flat(ax.legend(handles, labels, loc=corner, bbox_to_anchor=(x, y), **look))
    return legend(ax, handles, labels, below=below, **{name: look[name] for name in look if name != "borderaxespad"})


def keep_of(ax: Axes) -> tuple[float, float]:
    """The points across and up that `keep` asked for."""
    engine = ax.get_figure(root=True).get_layout_engine()
    return engine.least.get(ax, (0, 0)) if isinstance(engine, SteadyLayout) else (0, 0)


def name_ticks(
    ax: Axes, names: list[str], sizes: list[int] | None = None, *, size: float = TEXT, first: int = 0
) -> None:
    """Names at 0, 1, … (or from `first` on) of the x axis, with n under each.

    They stand side by side on several lines, or upright where one is too long for that. To be called when the limits
    and the y axis are set.
    """
    low, high = ax.get_xlim()
    places = range(first, first + len(names))
    slot = inner_width(ax) / abs(high - low) - 2
    counts = [""] * len(names) if sizes is None else [f"(n = {int(n):,})" for n in sizes]
    words = [word for name in names for word in str(name).split()] + counts
    wrapped = [wrap(name, slot, size) for name in names]
    if max(map(lambda word: text_width(word, size), words), default=0) <= slot and all(
        name.count("\n") < 4 for name in wrapped
    ):
        labels = [f"{name}\n{n}" if n else name for name, n in zip(wrapped, counts, strict=True)]
        ax.set_xticks(places, labels, fontsize=size)
        return
    whole = [f"{name} {n}".strip() for name, n in zip(names, counts, strict=True)]
    ax.set_xticks(places, upright(whole, slot + 2, size), rotation=90, fontsize=size)


def upright(names: list[str], slot: float, size: float = TEXT) -> list[str]:
    """Names to be set upright: as short as they get on as many lines as a slot of so many points holds."""
    lines = max(int(slot / (1.4 * size)), 1)
    for room in range(60, 1000, 8):
        wrapped = [wrap(name, room, size) for name in names]
        if all(name.count("\n") < lines for name in wrapped):
            break
    return wrapped


def name_points(ax: Axes, points: dict[str, tuple[float, float]]) -> list[str]:
    """Write the names of points (x, y of the data) beside them, none over another; returns those without room.

    To be called when the limits and labels are set. The first ones have the first choice.
    """
    wide, high = inner_width(ax), max(cell(ax)[1] - sum(margins(ax)[2:]) - 20, keep_of(ax)[1])
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    taken: list[tuple[float, float, float, float]] = []
    left_out = []
    # to the right above first, then round about and farther off
    aside = [(4, 4), (4, -8), (4, 11), (4, -15), (4, 18), (4, -22), (4, 26), (12, 12), (12, -14), (20, 20)]
    for name, (x, y) in points.items():
        across, up = (x - x0) / (x1 - x0) * wide, (y - y0) / (y1 - y0) * high
        length = text_width(name)
        for dx, dy in (*aside, *((-dx - length, dy) for dx, dy in aside)):
            box = across + dx, up + dy - 2, across + dx + length, up + dy + 6
            if (
                box[0] >= 0 and box[2] <= wide + 14 and box[1] >= 0 and box[3] <= high
                and all(box[0] > b[2] + 4 or box[2] < b[0] - 4 or box[1] > b[3] + 1 or box[3] < b[1] - 1 for b in taken)
            ):  # fmt: skip
                break
        else:
            left_out.append(name)
            continue
        taken.append(box)
        line = {"arrowstyle": "-", "linewidth": 0.3, "color": FAINT, "shrinkA": 0, "shrinkB": 2}
        ax.annotate(
            name, (x, y), xytext=(dx, dy), textcoords="offset points", fontsize=TEXT, style="italic", zorder=5,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.3},
            arrowprops=line if abs(dy) > 9 else None,
        )  # fmt: skip
    return left_out


EMPTY: weakref.WeakSet = weakref.WeakSet()  # axes that have nothing to show


def shows_nothing(ax: Axes, reason: str) -> None:
    """Note that ax has nothing to show. Raises MissingData with the reason where no axes of the figure has."""
    EMPTY.add(ax)
    if all(other in EMPTY for other in ax.get_figure(root=True).axes):
        raise MissingData(reason)


def nothing(ax: Axes, reason: str, title: str = "") -> Axes:
    """Say in ax why it shows nothing. Raises MissingData with the reason where no axes of the figure shows anything."""
    shows_nothing(ax, reason)
    ax.set_axis_off()
    ax.text(0, 1, wrap(f"{reason[:1].upper()}{reason[1:]}.", cell(ax)[0] - 4 * PAD), transform=ax.transAxes, va="top",
            color=FAINT, fontsize=TEXT)  # fmt: skip
    keep(ax, 20, 10)
    if title:
        ax.set_title(title)
    return ax


def rows(ax: Axes, number: int) -> list[Axes]:
    """The axes as the first of so many one under another, in the place that it had alone."""
    spec = ax.get_subplotspec()
    if number < 2 or spec is None:
        return [ax]
    parts = spec.subgridspec(number, 1)
    ax.set_subplotspec(parts[0])
    return [ax, *(ax.get_figure().add_subplot(parts[place]) for place in range(1, number))]


# --- figures


def figure(width_mm: float = COLUMN_MM, height_mm: float = 75, **subplots):
    """A figure of a size in millimetres and its axes, as plt.subplots gives them."""
    return plt.subplots(figsize=(width_mm * MM, height_mm * MM), layout=SteadyLayout(), **subplots)


def figure_only(width_mm: float = COLUMN_MM, height_mm: float = 75):
    """A figure of a size in millimetres without axes, for plots that lay out their own."""
    return plt.figure(figsize=(width_mm * MM, height_mm * MM), layout=SteadyLayout())


def grid(panels: int, columns: int = 2, height_mm: float = 75):
    """A figure and a flat list of as many axes as there are panels, at most `columns` side by side.

    A panel has one size whatever their number: where all in a row would be much narrower than high there are more
    rows, and one alone has the width of a column.
    """
    columns = max(1, min(columns, panels, int(PAGE_MM / (0.82 * height_mm))))
    lines = -(-panels // columns)
    width = PAGE_MM if columns > 1 else COLUMN_MM
    fig, axes = figure(width, height_mm * lines, nrows=lines, ncols=columns, squeeze=False)
    for ax in axes.flat[panels:]:
        ax.remove()
    return fig, list(axes.flat[:panels])


def pictures_over_plot(pictures: int, width_mm: float = PAGE_MM, height_mm: float = 110):
    """A figure with pictures, up to five in a row, over one plot as wide: figure, the pictures' axes, the plot's."""
    columns = min(pictures, 5)
    lines = -(-pictures // columns)
    fig = figure_only(width_mm, height_mm * (lines + 1) / 2)
    places = fig.add_gridspec(lines + 1, columns)
    shown = [fig.add_subplot(places[place // columns, place % columns]) for place in range(pictures)]
    return fig, shown, fig.add_subplot(places[lines, :])


def plot_over_plots(below: int, width_mm: float = PAGE_MM, height_mm: float = 150, share: float = 0.62):
    """A figure with one plot over some others side by side: figure, the upper axes, the list of the lower ones.

    share: of the height, the upper plot's.
    """
    fig = figure_only(width_mm, height_mm)
    places = fig.add_gridspec(2, below, height_ratios=[share, 1 - share])
    return fig, fig.add_subplot(places[0, :]), [fig.add_subplot(places[1, place]) for place in range(below)]


def stacked(panels: int, width_mm: float, height_mm: float):
    """A figure of `panels` axes one under another, each this high, and the list of them."""
    fig, axes = figure(width_mm, height_mm * panels, nrows=panels, squeeze=False)
    return fig, list(axes.flat)
