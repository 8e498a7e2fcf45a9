"""CoMut plot: one column per tumour, one row per gene, tumours ordered within subtype, clinical tracks below."""

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath

from lcnec_utils.plots import palette


def column_order(hit: pd.DataFrame, groups: pd.Series) -> list[str]:
    """Samples by group, then by their alterations from the top gene down, then by name: the usual cascade."""
    rank = groups.cat.codes.reindex(hit.index).rename("_group")
    keys = (~hit.fillna(False).astype(bool)).assign(_group=rank, _name=hit.index)
    return list(keys.sort_values(["_group", *hit.columns, "_name"]).index)


def _widths(heads: list[str], size: float = 6.5) -> list[float]:
    """The width of each head's longest line in points, with what hinting on a screen may add."""
    return [
        1.04 * max(TextPath((0, 0), line, size=size).get_extents().width for line in head.split("\n")) for head in heads
    ]


def _spread(centres: list[float], widths: list[float], gap: float = 4) -> list[float]:
    """Centres as near to the given ones as lets boxes of these widths stand side by side, in the same order."""
    needed = [0.0]  # from the first centre to each
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


def _place_heads(figure: Figure, heads: list[str]) -> None:
    """Move each group's head, drawn over its own columns, to where no two of them overlap; a line leads to a moved."""
    texts = [text for ax in figure.axes for text in ax.texts if text.get_text() in heads]
    texts.sort(key=lambda text: text.axes.get_position().x0)
    wide = 72 * figure.get_figwidth()
    boxes = [text.axes.get_position() for text in texts]
    centres = [wide * (box.x0 + box.x1) / 2 for box in boxes]
    placed = _spread(centres, _widths([text.get_text() for text in texts]))
    for text, box, centre, place in zip(texts, boxes, centres, placed, strict=True):
        text.set(x=0.5 + (place - centre) / (wide * box.width), clip_on=False)
        if abs(place - centre) > wide * box.width / 2:
            text.axes.annotate(
                "", (0.5, 0), (text.get_position()[0], text.get_position()[1]), xycoords="axes fraction",
                textcoords="axes fraction", annotation_clip=False,
                arrowprops={"arrowstyle": "-", "linewidth": 0.5, "color": palette.FAINT, "shrinkA": 0, "shrinkB": 0},
            )  # fmt: skip


def comut(
    alterations: pd.DataFrame,
    hit: pd.DataFrame,
    groups: pd.Series,
    *,
    bars: pd.Series | None = None,
    bars_label: str = "",
    tracks: dict[str, pd.Series] | None = None,
    width_mm: float = palette.PAGE_MM,
    title: str = "",
) -> Figure:
    """The figure. marsilea lays out its own axes, so this one takes no ax.

    alterations: sample, gene, alteration. hit: samples × genes (missing: not profiled). groups: categorical by sample.
    bars: a number by sample, above. tracks: label → categorical values by sample, below.
    """
    import marsilea as ma
    import marsilea.plotter as mp
    from marsilea.layers import FrameRect, LayersMesh, Piece, Rect

    order = column_order(hit, groups)
    genes = list(hit.columns)
    n = len(order)
    names = [name for name in groups.cat.categories if (groups.reindex(order) == name).any()]
    kinds = [kind for kind in palette.ALTERATION if (alterations["alteration"] == kind).any()]
    table = alterations[alterations["gene"].isin(genes)]

    def layer(kind: str) -> np.ndarray:
        mine = table[table["alteration"] == kind]
        grid = pd.crosstab(mine["gene"], mine["sample"]).reindex(index=genes, columns=order, fill_value=0)
        return grid.to_numpy() > 0

    class Thin(Piece):
        """A band of half the height, so that a second alteration of a gene shows beside the first."""

        def __init__(self, color, label):
            super().__init__()
            self.color, self.label, self.legend_entry = color, label, True

        def draw(self, x, y, w, h, ax):
            import matplotlib.patches as patches

            return patches.Rectangle((x, y + h * 0.3), w, h * 0.4, facecolor=self.color, linewidth=0)

        def legend(self, x, y, w, h):
            return self.draw(x, y, w, h, None)

    unprofiled = hit.reindex(order).isna().T.to_numpy()
    layers = [~unprofiled, unprofiled]
    pieces = [Rect(color="#ECECEC", label="no alteration"), FrameRect(color="#D0D0D0", label="not profiled")]
    for kind in kinds:
        small = kind in ("deep deletion", "amplification", "rearrangement")
        layers.append(layer(kind))
        pieces.append((Thin if small else Rect)(color=palette.ALTERATION[kind], label=kind))
    keep = [i for i, grid in enumerate(layers) if grid.any()]
    legend = {"fontsize": 6.5, "title_fontproperties": {"size": 7, "weight": "bold"}}
    width = (width_mm - 90) * palette.MM
    board = ma.ClusterBoard(np.zeros((len(genes), n)), width=width, height=0.155 * len(genes))
    board.add_layer(
        LayersMesh(
            layers=[layers[i] for i in keep],
            pieces=[pieces[i] for i in keep],
            shrink=(0.86, 0.82),
            legend_kws={"title": "Alteration", **legend},
        )
    )
    board.group_cols(groups.reindex(order).astype(str), order=names, spacing=0.008)
    counts = groups.reindex(order).value_counts()
    heads = [f"{name}\nn = {counts[name]}" for name in names]
    fills = [palette.colors(names)[name] for name in names]
    # the heads stand on their groups' colour where each has the room, and above the colours where one has not
    room = [72 * width * counts[name] / n * (1 - 0.008 * (len(names) - 1)) - 3 for name in names]
    inside = all(needs <= has for needs, has in zip(_widths(heads), room, strict=True))
    if inside:
        light = [np.dot(to_rgb(fill), (0.299, 0.587, 0.114)) > 0.7 for fill in fills]
        props = [{"color": palette.INK if each else "white", "fontsize": 6.5} for each in light]
        board.add_top(mp.Chunk(heads, fills, props=props, padding=3), pad=0.03)
    else:
        board.add_top(mp.Chunk([""] * len(names), fills), size=0.07, pad=0.03)
        board.add_top(mp.Chunk(heads, props={"color": palette.INK, "fontsize": 6.5}, padding=3), pad=0.02)
    if bars is not None:
        board.add_top(
            mp.Numbers(bars.reindex(order).fillna(0).to_numpy(), color="#5D6D7E", label=bars_label, show_value=False,
                       label_props={"fontsize": 6.5}),
            size=0.38, pad=0.05,
        )  # fmt: skip
    board.add_left(mp.Labels(genes, fontsize=6.5, fontstyle="italic"), pad=0.05)
    share = 100 * hit.mean().to_numpy(dtype=float)
    board.add_right(mp.Labels([f"{value:.0f}%" for value in np.floor(share + 0.5)], fontsize=6.5), pad=0.05)
    small = {"fontsize": 6.5}
    for label, values in (tracks or {}).items():
        shown = values.reindex(order).astype(object).where(values.reindex(order).notna(), "not recorded").astype(str)
        color = {
            name: palette.MISSING if name == "not recorded" else tone
            for name, tone in palette.colors(sorted(set(shown))).items()
        }
        board.add_bottom(
            mp.Colors(
                shown,
                palette=color,
                label=label,
                label_loc="left",
                label_props=small,
                legend_kws={"title": label, **legend},
            ),
            size=0.12,
            pad=0.03,
        )
    board.add_legends(box_padding=2, pad=0.08)
    if title:
        board.add_title(top=title, fontsize=8, fontweight="bold", align="left", pad=0.08)
    board.render()
    if not inside:
        _place_heads(board.figure, heads)
    return board.figure
