"""CoMut plot: one column per tumour, one row per gene, tumours ordered within subtype, clinical tracks above."""

import marsilea as ma
import marsilea.plotter as mp
import numpy as np
import pandas as pd
from marsilea.layers import LayersMesh, Piece
from marsilea.plotter.base import StatsBase
from matplotlib import colormaps
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.ticker import MaxNLocator

from lcnec_utils.core.errors import MissingData
from lcnec_utils.plots import palette

SIZE = 6.5  # of all text but titles, in points
ABSENT, NOT_PROFILED, NOT_RECORDED = "no alteration", "not profiled", "not recorded"
# drawn as a band of the cell, so that a mutation shows beside it
THIN = dict.fromkeys(("deep deletion", "amplification", "rearrangement"), (0.3, 0.7))
WIDEST_MM, GAPPED_MM = 6, 0.8  # the widest column of a tumour; columns from the second on stand apart
BARS_INCH = 0.6
HEAD, WORDS = 26, 150  # points of a group's head over it, at least, and of a word of a legend, at most
MOST_WORDS = 10  # of a track; the rarest of more are one
MOST_BOXES = 2400  # with more a vector file would weigh over 300 kB, and they become pixels inside it


def column_order(hit: pd.DataFrame, groups: pd.Series) -> list[str]:
    """Samples by group, then by their alterations from the top gene down, then by name: the usual cascade."""
    rank = groups.cat.codes.reindex(hit.index).rename("_group")
    keys = (~hit.fillna(False).astype(bool)).assign(_group=rank, _name=hit.index)
    return list(keys.sort_values(["_group", *hit.columns, "_name"]).index)


def _widths(texts: list[str], size: float = SIZE) -> list[float]:
    """The width of each text's longest line in points, with what hinting on a screen may add."""
    return [
        1.04 * max(TextPath((0, 0), line, size=size).get_extents().width for line in text.split("\n")) for text in texts
    ]


def _spread(centres: list[float], widths: list[float], gap: float = 4) -> list[float]:
    """Centres as near to the given ones as lets boxes of these widths stand side by side, in the same order."""
    needed = [0.0][: len(centres)]  # from the first centre to each
    for first, second in zip(widths, widths[1:], strict=False):
        needed.append(needed[-1] + (first + second) / 2 + gap)
    # in terms of centre less what is needed the order must not fall: the least squares of that are pooled means
    blocks: list[list[float]] = []
    for centre, before in zip(centres, needed, strict=True):
        blocks.append([centre - before])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    starts = [float(np.mean(block)) for block in blocks for _ in block]
    return [start + before for start, before in zip(starts, needed, strict=True)]


def _within(centres: list[float], widths: list[float], wide: float, gap: float = 4) -> list[float]:
    """The centres moved from the edges of a figure this wide to within it, as far as all have room, in their order."""
    placed, edge = list(centres), wide - 2
    for place in range(len(placed) - 1, -1, -1):
        placed[place] = min(placed[place], edge - widths[place] / 2)
        edge = placed[place] - widths[place] / 2 - gap
    edge = 2.0
    for place in range(len(placed)):
        placed[place] = max(placed[place], edge + widths[place] / 2)
        edge = placed[place] + widths[place] / 2 + gap
    return placed


def _place_heads(figure: Figure, heads: list[str]) -> None:
    """Move each group's head, drawn over its own columns, to where no two of them overlap; a line leads to a moved."""
    texts = [text for ax in figure.axes for text in ax.texts if text.get_text() in heads]
    texts.sort(key=lambda text: text.axes.get_position().x0)
    wide = 72 * figure.get_figwidth()
    boxes = [text.axes.get_position() for text in texts]
    centres = [wide * (box.x0 + box.x1) / 2 for box in boxes]
    widths = _widths([text.get_text() for text in texts])
    placed = _within(_spread(centres, widths), widths, wide)
    for text, box, centre, place in zip(texts, boxes, centres, placed, strict=True):
        text.set(x=0.5 + (place - centre) / (wide * box.width), clip_on=False)
        if abs(place - centre) > wide * box.width / 2:
            text.axes.annotate(
                "", (0.5, 0), (text.get_position()[0], text.get_position()[1]), xycoords="axes fraction",
                textcoords="axes fraction", annotation_clip=False,
                arrowprops={"arrowstyle": "-", "linewidth": 0.5, "color": palette.FAINT, "shrinkA": 0, "shrinkB": 0},
            )  # fmt: skip


def _fill(ax, boxes: list, **look) -> None:
    """One filled path of all the boxes (left, right, lower, upper): no seams in it, and small as SVG."""
    left, right, lower, upper = np.array(boxes, float).reshape(-1, 4).T
    corners = np.stack([[left, left, right, right, left], [lower, upper, upper, lower, lower]]).T
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(boxes)
    # as an artist, for the limits are set: a patch would have its every corner sought for them
    ax.add_artist(PathPatch(Path(corners.reshape(-1, 2), codes), linewidth=0, **look))


class _Kind(Piece):
    """What a cell may hold: its colour and its name; a pale one is framed in the legend."""

    def __init__(self, color: str, label: str):
        self.color, self.label = color, label

    def legend(self, x, y, w, h):
        low, high = THIN.get(self.label, (0, 1))
        frame = 0.4 if min(to_rgb(self.color)) > 0.93 else 0
        box = (x, y + low * h), w, (high - low) * h
        return Rectangle(*box, facecolor=self.color, edgecolor=palette.FAINT, linewidth=frame)


class _Cells(LayersMesh):
    """Rows of cells, for each kind the cells that hold it. Kinds of one cell share its height; THIN ones lie on top.

    Equal neighbours are one box, so that narrow columns show no seam of white; wide columns stand apart.
    """

    def __init__(self, held: dict[str, np.ndarray], colors: dict[str, str], title: str, gap: float, inset: float = 0):
        words = {"title": title, "title_fontproperties": {"size": 7, "weight": "bold"}, "fontsize": SIZE}
        pieces = [_Kind(colors[name], name) for name in held]
        super().__init__(layers=list(held.values()), pieces=pieces, legend_kws=words)
        self.gap, self.inset, self.rows = gap, inset, len(next(iter(held.values())))

    def render_ax(self, spec):
        held = np.array(spec.data, bool).reshape(len(self.pieces), self.rows, -1)
        depth = np.array([3 if piece.label in THIN else 1 if piece.label == ABSENT else 2 for piece in self.pieces])
        spec.ax.set(xlim=(0, held.shape[2]), ylim=(self.rows, 0))
        spec.ax.set_axis_off()
        for i, (layer, piece) in enumerate(zip(held, self.pieces, strict=True)):
            if piece.label == NOT_PROFILED:
                continue  # the paper's white
            low, high = THIN.get(piece.label, (0, 1))
            step = (high - low) / np.maximum(held[depth == depth[i]].sum(axis=0), 1) * (1 - 2 * self.inset)
            start = self.inset + low * (1 - 2 * self.inset) + step * held[:i][depth[:i] == depth[i]].sum(axis=0)
            boxes = [box for y in range(self.rows) for box in self._row(layer[y], y + start[y], step[y])]
            _fill(spec.ax, boxes, facecolor=piece.color, label=piece.label, zorder=depth[i])

    def _row(self, held: np.ndarray, lower: np.ndarray, height: np.ndarray) -> np.ndarray:
        """The boxes (left, right, lower, upper) of one row's cells of a kind, of equal neighbours as one."""
        x = np.flatnonzero(held)
        if not len(x):
            return np.empty((0, 4))
        ends = np.column_stack([lower[x], lower[x] + height[x]])
        starts = np.flatnonzero(
            np.r_[True, (np.diff(x) != 1) | (np.diff(ends, axis=0) != 0).any(axis=1) | bool(self.gap)]
        )
        last = x[np.r_[starts[1:], len(x)] - 1]
        return np.column_stack([x[starts] + self.gap / 2, last + 1 - self.gap / 2, ends[starts]])


class _Bars(StatsBase):
    """A bar by tumour and none where its number is missing, on a square-root axis where a few dwarf the rest."""

    gap = 0.0

    def __init__(self, values: pd.Series, label: str, lines: dict[float, str]):
        self.top, self.lines = 1.03 * max([*values.dropna(), *lines, 1e-9]), dict(sorted(lines.items()))
        self.root = bool(self.top > 3 * values.quantile(0.95))
        self.set_data(values.to_numpy(float))
        at_left = {"rotation": 0, "va": "center", "fontsize": SIZE}
        self.set_label(label + ("\n(square-root axis)" if self.root else ""), props=at_left)

    def render_ax(self, spec):
        ax, heights = spec.ax, np.maximum(spec.data, self.top * (4e-4 if self.root else 0.02))  # so that a zero is seen
        boxes = [[x + self.gap / 2, x + 1 - self.gap / 2, 0, y] for x, y in enumerate(heights) if not np.isnan(y)]
        _fill(ax, boxes, facecolor="#555555", label="bars")
        ticks = MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(0, self.top)
        if self.root:
            ax.set_yscale("function", functions=(lambda y: np.sqrt(np.maximum(y, 0)), np.square))
            ticks = [0, *(float(f"{self.top * part:.0e}") for part in (0.1, 0.4, 0.95))]
        ax.set(xlim=(0, len(heights)), ylim=(0, self.top), yticks=[tick for tick in ticks if tick <= self.top])
        ax.tick_params(labelsize=SIZE, length=2, pad=1.5)
        for value in self.lines:
            ax.axhline(value, color=palette.EMPHASIS, linewidth=0.6, linestyle=(0, (4, 3)))

    def render(self, axes):
        super().render(axes)
        first, *_, last = [*np.ravel(axes)] * 2
        first.yaxis.label.set(ha="right")
        places = [(value / self.top) ** (0.5 if self.root else 1) for value in self.lines]
        apart = _spread(places, [1.1 * SIZE / 72 / BARS_INCH] * len(places), 0)
        look = {"fontsize": SIZE, "va": "center", "color": palette.EMPHASIS, "annotation_clip": False}
        for label, place in zip(self.lines.values(), apart, strict=True):
            last.annotate(label, (1, place), (3, 0), "axes fraction", "offset points", **look)


def _track(values: pd.Series, words: float = WORDS) -> tuple[pd.Series, dict[str, str]]:
    """What a track shows of each tumour, and each word's colour: numbers as ranges, the higher the darker, and so the
    words of an ordered categorical.

    words: the points that a word's line in the legend may take. Of many words the rarest are taken together.
    """
    number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    ordered = number or (isinstance(values.dtype, pd.CategoricalDtype) and values.cat.ordered)
    if number and values.nunique() > 5:
        values = values.astype(float)
        ticks = MaxNLocator(3, steps=[1, 2, 5, 10]).tick_values(*values.quantile([0.1, 0.9]))
        edges = [tick for tick in ticks if values.min() < tick <= values.max()] or [values.max()]
        whole = (values.dropna() % 1 == 0).all() and min(np.diff(edges), default=0) > 1
        inner = [f"{a:g}–{b - 1:g}" if whole else f"{a:g} to < {b:g}" for a, b in zip(edges, edges[1:], strict=False)]
        names = [f"< {edges[0]:g}", *inner, f"≥ {edges[-1]:g}"]
        shown = pd.cut(values, [-np.inf, *edges, np.inf], right=False, labels=names)
    else:
        shown = values.astype("category").cat.remove_unused_categories()
        shown = shown.cat.rename_categories(lambda value: f"{value:g}" if number else str(value))
        known = {} if ordered else {name: place for place, name in enumerate(palette.NAMED)}
        names = sorted(shown.cat.categories, key=lambda name: known.get(name, len(known)))
    if not ordered and len(names) > MOST_WORDS + 1:
        kept = set(shown.value_counts(sort=True).index[:MOST_WORDS])
        other = f"{len(names) - MOST_WORDS} others"
        shown = shown.astype(object).where(shown.isin(kept) | shown.isna(), other)
        names = [*(name for name in names if name in kept), other]
    scale = map(to_hex, colormaps["YlGnBu"](np.linspace(0.15, 0.95, len(names))))
    colors = dict(zip(names, scale, strict=True)) if ordered else palette.colors(names)
    lines = {name: palette.wrap(name, words, SIZE) for name in names}
    shown = shown.astype(object).map(lines)
    colors = {lines[name]: color for name, color in colors.items()}
    if shown.isna().any():
        colors[NOT_RECORDED] = palette.MISSING
    return shown.astype(object).where(shown.notna(), NOT_RECORDED), colors


def comut(
    alterations: pd.DataFrame,
    hit: pd.DataFrame,
    groups: pd.Series,
    *,
    bars: pd.Series | None = None,
    bars_label: str = "",
    lines: dict[float, str] | None = None,
    tracks: dict[str, pd.Series] | None = None,
    width_mm: float = palette.PAGE_MM,
    title: str = "",
) -> Figure:
    """The figure, at most width_mm wide. marsilea lays out its own axes, so this one takes no ax.

    From top to bottom: bars, groups, tracks, genes; legends below, or at the right of few tumours. The share altered,
    of the tumours profiled, stands at the right of each group and, for all groups, at the end of the row. A cell that
    was not profiled is white, whatever was called in it.

    alterations: sample, gene, alteration. hit: samples × genes (missing: not profiled). groups: categorical by sample.
    bars: a number by sample. lines: value on the bars' axis → label. tracks: label → values by sample, of words (in
    the palette's colours) or of numbers and ordered categories (the higher the darker). Raises MissingData where no
    tumour was profiled for any of the genes.
    """
    if not hit.notna().any(axis=None):
        raise MissingData("no tumour here was profiled for any of these genes")
    order = column_order(hit, groups)
    hit, groups, genes = hit.reindex(order), groups.reindex(order), list(hit.columns)
    names = [name for name in groups.cat.categories if (groups == name).any()]
    words = min(WORDS, 0.5 * width_mm * palette.POINT)
    shown = {label: _track(values.reindex(order), words) for label, values in (tracks or {}).items()}
    row = None if bars is None else _Bars(bars.reindex(order), bars_label, lines or {})
    shares, by_group = _shares(hit), [_shares(hit[groups == name]) for name in names] if len(names) > 1 else []
    over_shares = "altered of\nall profiled" if hit.isna().any(axis=None) else "altered\nof all"

    # the sides' texts are measured, in points, and the columns get what they leave
    beside = max(_widths(sum(by_group, []))) + 7 if by_group else 0.0  # a group's shares
    left = max(_widths([*genes, *shown]) + ([_widths([row.label])[0] + 22] if row else [])) + 8
    right = beside + max(_widths([*shares, over_shares, *(row.lines.values() if row else [])])) + 8
    between = beside * (len(names) - 1) / 72
    width = min(width_mm * palette.MM - (left + right) / 72 - 0.04, WIDEST_MM * palette.MM * len(order) + between)
    gap = 0.14 if (width - between) / len(order) > GAPPED_MM * palette.MM else 0
    spacing = beside / 72 / width

    held = _held(alterations, hit)
    fills = {**palette.ALTERATION, ABSENT: "#E6E6E6", NOT_PROFILED: "#FFFFFF"}
    board = ma.ClusterBoard(np.zeros((len(genes), len(order))), width=width, height=0.155 * len(genes))
    board.add_layer(_Cells(held, fills, "Alteration", gap, inset=0.09), name="Alteration")
    board.group_cols(groups.astype(str), order=[str(name) for name in names], spacing=spacing)
    for label, (values, colors) in reversed(shown.items()):
        track = _Cells({name: (values == name).to_numpy()[None] for name in colors}, colors, label, gap)
        track.set_label(label, loc="left", props={"fontsize": SIZE})
        board.add_top(track, size=0.12, pad=0.03, name=label)
    heads, inside = _add_heads(board, names, groups.value_counts(), width - between, left + right + 72 * between)
    if row:
        row.gap = gap
        board.add_top(row, size=BARS_INCH, pad=0.06, name="bars")
    board.add_left(mp.Labels(genes, fontsize=SIZE, fontstyle="italic"), size=left / 72 - 0.05, pad=0.05)
    board.add_right(
        mp.Labels(shares, fontsize=SIZE), size=(right - beside) / 72 - 0.05, pad=0.05 + beside / 72, name="shares"
    )
    # legends stand below, or at the right of few columns
    below = width > width_mm * palette.MM / 2
    free = 72 * width + (right if below else 72 * (width_mm * palette.MM - 2 * width) - left - right)
    legends = {"Alteration": held, **{label: colors for label, (_, colors) in shown.items()}}
    beside = _add_legends(board, legends, below, free)
    if title:
        room = 72 * width + right + (0 if below else beside) - 8
        board.add_title(top=palette.wrap(title, room, 8, "bold"), fontsize=8, fontweight="bold", align="left", pad=0.08)
    board.set_margin(0.02)
    board.render()
    if not below:  # they may be higher than the genes
        box = board.layout.get_legend_ax().get_position()
        board.layout.get_legend_ax().set_position([box.x0, 0, box.width, 1])
    _write_shares(np.ravel(board.get_main_ax()), by_group)
    head = board.get_ax("shares")
    head.annotate(over_shares, (0, 1), (0, 1.3), "axes fraction", "offset points", fontsize=SIZE, va="bottom")
    if not inside:
        _place_heads(board.figure, heads)
    _as_pixels(board.figure)
    return board.figure


def _shares(hit: pd.DataFrame) -> list[str]:
    """The share altered of each gene, of the tumours profiled for it, as text."""
    return ["–" if np.isnan(share) else f"{np.floor(100 * share + 0.5):.0f}%" for share in hit.mean().astype(float)]


def _write_shares(axes: list, by_group: list[list[str]]) -> None:
    """Write each group's shares at the right of its rows."""
    for ax, shares in zip(axes, by_group, strict=False):
        for row, share in enumerate(shares):
            ax.annotate(
                share, (1, 1 - (row + 0.5) / len(shares)), (3, 0), "axes fraction", "offset points", fontsize=SIZE,
                va="center", annotation_clip=False,
            )  # fmt: skip


def _held(alterations: pd.DataFrame, hit: pd.DataFrame) -> dict[str, np.ndarray]:
    """For each kind of cell that there is, which cells (genes × samples) hold it; "not profiled" is always among them,
    so that the legend says what a white cell means."""
    profiled = hit.notna().T
    held = {}
    for kind in palette.ALTERATION:
        mine = alterations[alterations["alteration"] == kind]
        gene, sample = hit.columns.get_indexer(mine["gene"]), hit.index.get_indexer(mine["sample"])
        known = (gene >= 0) & (sample >= 0)
        held[kind] = np.zeros(profiled.shape, bool)
        held[kind][gene[known], sample[known]] = True
        held[kind] &= profiled.to_numpy()
    held |= {ABSENT: profiled.to_numpy(), NOT_PROFILED: ~profiled.to_numpy()}
    return {kind: cells for kind, cells in held.items() if cells.any() or kind == NOT_PROFILED}


def _add_heads(board, names: list, counts: pd.Series, width: float, sides: float) -> tuple[list[str], bool]:
    """Add the groups' heads with n, on their groups' colour where each has the room, else above the colours.

    width: of all columns (inches). sides: the points beside and between them. Returns the heads, and whether they
    stand inside.
    """
    heads = [f"{name}\nn = {counts[name]}" for name in names]
    given = palette.colors(names)
    tones = [given[str(name)] for name in names]
    room = [72 * width * counts[name] / counts.sum() - 5 for name in names]
    inside = all(needs <= has for needs, has in zip(_widths(heads), room, strict=True))
    if inside:
        light = [np.dot(to_rgb(tone), (0.299, 0.587, 0.114)) > 0.7 for tone in tones]
        props = [{"color": palette.INK if each else "white", "fontsize": SIZE} for each in light]
        board.add_top(mp.Chunk(heads, tones, props=props, padding=3), pad=0.05)
    else:
        most = 72 * width + sides - 4 * (len(names) + 1)
        if sum(_widths(heads)) > most:
            heads = [f"{palette.wrap(name, max(HEAD, most / len(names) / 1.05))}\nn = {counts[name]}" for name in names]
        board.add_top(mp.Chunk([""] * len(names), tones), size=0.07, pad=0.05)
        board.add_top(mp.Chunk(heads, props={"color": palette.INK, "fontsize": SIZE}, padding=3), pad=0.02)
    return heads, inside


def _add_legends(board, legends: dict[str, dict], below: bool, free: float) -> float:
    """Add the legends (title → names), as many in a row as `free` points have room for; the points of a row."""
    wide = [max(_widths([label], 8) + _widths([*words])) + 20 for label, words in legends.items()]
    in_row = len(wide)
    while in_row > 1 and max(sum(wide[i : i + in_row]) for i in range(0, len(wide), in_row)) > free:
        in_row -= 1
    board.add_legends(
        side="bottom" if below else "right", stack_by="row", stack_size=in_row, order=[*legends],
        align_legends="top", align_stacks="left", box_padding=0, pad=0.1,
    )  # fmt: skip
    return max(sum(wide[i : i + in_row]) for i in range(0, len(wide), in_row))


def _as_pixels(figure: Figure) -> None:
    """Have the boxes drawn as pixels inside a vector figure where they are many."""
    filled = [patch for ax in figure.axes for patch in ax.patches if isinstance(patch, PathPatch)]
    if sum(len(patch.get_path().vertices) for patch in filled) > 5 * MOST_BOXES:
        for patch in filled:
            patch.set_rasterized(True)
