"""A graph in layers from left to right: what acts on what, arrows for more and bars for less, hedged ones dashed."""

import math
import statistics

import matplotlib.pyplot as plt
import networkx as nx
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from lcnec_utils.core.errors import UserError
from lcnec_utils.plots import palette

LAYER = "layer"
SIZE = palette.SMALLEST  # points of a node's words
LINE, INSET, APART = 1.2 * SIZE, 2.6, 3.6  # points: height of a line, room within a box, and between two boxes
PER_EDGE = 3.0  # points of a box's height for each edge that meets one side of it
BOX = 0.6  # of a layer's width, the rest being its edges'
BOW = 30  # points to the right of the control point of an edge within a layer
MOST_LAYERS = 7
SWEEPS = 40
# heads in points, as plots of models have them: an arrow for more, a bar for less, none where no sign is given
HEADS = {
    "activates": "-|>,head_length=3.4,head_width=1.5",
    "inhibits": "|-|,widthA=0,widthB=3.4",
    "associated": "-",
    "": "-",
}
DASHED = (0, (3, 1.6))


def layered_order(graph: nx.DiGraph) -> dict[int, list]:
    """The nodes of each layer from the top down, layers in order, arranged so that edges are short and few cross.

    graph: each node with a whole number `layer`. Layers are sorted in turn, to the right and back, by the mean height
    of each node's neighbours (the barycentre rule of Sugiyama, Tagawa & Toda, IEEE Trans. Syst. Man Cybern. 1981;11:
    109), from the nodes' own order; of all orders passed the one with the least rise of its edges is kept, the same in
    every run. igraph's layout of that name is not used, for igraph 1.0 crashes in it now and then. Raises
    UserError for a node without a layer.

    >>> graph = nx.DiGraph([("EGFR", "CD274"), ("KRAS", "CD8A")])
    >>> nx.set_node_attributes(graph, {"EGFR": 0, "KRAS": 0, "CD8A": 1, "CD274": 1}, LAYER)
    >>> layered_order(graph)
    {0: ['EGFR', 'KRAS'], 1: ['CD274', 'CD8A']}
    """
    for name, layer in graph.nodes(data=LAYER):
        if not isinstance(layer, int):
            raise UserError(f"node {name!r} has no layer; give each node a whole number `{LAYER}`")
    layer_of = dict(graph.nodes(data=LAYER))
    order = {layer: [name for name in graph if layer_of[name] == layer] for layer in sorted(set(layer_of.values()))}
    near = {name: [other for other in nx.all_neighbors(graph, name) if layer_of[other] != layer_of[name]]
            for name in graph}  # fmt: skip

    def heights() -> dict:
        return {name: (row + 0.5) / len(names) for names in order.values() for row, name in enumerate(names)}

    best = (_rise(graph, heights()), {layer: list(names) for layer, names in order.items()})
    for sweep in range(SWEEPS):
        for layer in sorted(order, reverse=bool(sweep % 2)):
            at = heights()
            pull = {name: statistics.fmean([at[other] for other in near[name]] or [at[name]]) for name in order[layer]}
            order[layer] = sorted(order[layer], key=pull.__getitem__)
            if (rise := _rise(graph, heights())) < best[0] - 1e-9:
                best = rise, {layer: list(names) for layer, names in order.items()}
    return best[1]


def _rise(graph: nx.DiGraph, at: dict) -> float:
    """The sum of the heights that edges climb or fall, the whole height of a layer being 1."""
    return sum(abs(at[one] - at[other]) for one, other in graph.edges())


def layered_graph(graph: nx.DiGraph, ax: Axes, *, colors: dict[str, str], title: str = "") -> Axes:
    """Draw a graph in layers on ax, which grows in height as its fullest layer needs.

    graph: nodes with `layer`, and where given `label` (else the node's name), `groups` (a list of keys of colors, a bar
    of each beside the node), `strong` (bold). Edges with `group` (a key of colors; grey where it is empty), `sign`
    (activates, inhibits, associated, or empty) and `hedged` (dashed). Raises MissingData for a graph without nodes,
    UserError for a node without a layer, a sign that is no word of these, and more layers than a page holds.
    """
    if not len(graph):
        return palette.nothing(ax, "nothing here is tied to anything", title)
    order = layered_order(graph)
    if len(order) > MOST_LAYERS:
        raise UserError(f"{len(order)} layers are more than a page's width holds ({MOST_LAYERS}); join some")
    wide = palette.cell(ax)[0] - 2 * palette.PAD
    slot = wide / (len(order) - 1 + BOX) if len(order) > 1 else wide
    boxes = _boxes(graph, order, slot=slot)
    high = max(sum(box[3] + APART for box in (boxes[name] for name in names)) for names in order.values())
    boxes = _spread(boxes, order, high)
    palette.keep(ax, 0, high / palette.POINT)
    for (one, other, data), (start, end) in zip(graph.edges(data=True), _ends(graph, boxes), strict=True):
        _arrow(ax, start, end, data, colors, bent=graph.nodes[one][LAYER] == graph.nodes[other][LAYER])
    for name, data in graph.nodes(data=True):
        _box(ax, boxes[name], data, data.get("label", name), colors)
    ax.set(xlim=(-0.5, wide + 0.5), ylim=(-0.5, high + 0.5))
    ax.axis("off")
    ax.set_title(title)
    return ax


def _boxes(graph: nx.DiGraph, order: dict[int, list], *, slot: float) -> dict:
    """Node → left edge, middle (0 as yet), width, height in points, and its words on lines."""
    boxes = {}
    beside = _sides(graph)
    for column, names in enumerate(order.values()):
        room = BOX * slot - 2 * INSET
        for name in names:
            data = graph.nodes[name]
            weight = "bold" if data.get("strong") else "normal"
            words = palette.wrap(data.get("label", name), room, SIZE, weight)
            lines = LINE * (words.count("\n") + 1) + INSET
            tall = max(lines, PER_EDGE * max(map(len, beside.get(name, {}).values()), default=0))
            boxes[name] = column * slot, 0.0, BOX * slot, tall, words
    return boxes


def _spread(boxes: dict, order: dict[int, list], high: float) -> dict:
    """The boxes at their heights: each layer over the whole height, in networkx's multipartite places."""
    places = nx.multipartite_layout(nx.empty_graph(boxes), subset_key=order, align="vertical")
    placed = {}
    for names in order.values():
        names = sorted(names, key=lambda name: (places[name][1], names.index(name)))
        spare = (high - sum(boxes[name][3] for name in names)) / len(names)
        top = high
        for name in names:
            left, _, width, tall, words = boxes[name]
            placed[name] = left, top - spare / 2 - tall / 2, width, tall, words
            top -= tall + spare
    return placed


def _sides(graph: nx.DiGraph) -> dict:
    """Node → side (True: the right one) → the number and end (0 start, 1 end) of each edge that meets it there, and the
    node at its other end. Edges within a layer leave and meet boxes on the right."""
    sides: dict = {}
    layer_of = dict(graph.nodes(data=LAYER))
    for number, (one, other, *_) in enumerate(graph.edges(data=True)):
        for end, (here, there) in enumerate(((one, other), (other, one))):
            right = layer_of[there] >= layer_of[here]
            sides.setdefault(here, {}).setdefault(right, []).append((number, end, there))
    return sides


def _ends(graph: nx.DiGraph, boxes: dict) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Start and end of every edge, those that meet one side of a box spread over it in the order of where they go."""
    points: list[list] = [[None, None] for _ in graph.edges()]
    for name, sides in _sides(graph).items():
        left, middle, width, tall, _ = boxes[name]
        for right, met in sides.items():
            met = sorted(met, key=lambda edge: (-boxes[edge[2]][1], edge[0]))
            for place, (number, end, _) in enumerate(met):
                y = middle + 0.84 * tall * (0.5 - (place + 0.5) / len(met))
                points[number][end] = (left + width * right, y)
    return [tuple(pair) for pair in points]


def _arrow(ax: Axes, start: tuple, end: tuple, data: dict, colors: dict[str, str], *, bent: bool) -> None:
    sign = data.get("sign", "")
    if sign not in HEADS:
        raise UserError(f"the sign {sign!r} of an edge is none of {', '.join(filter(None, HEADS))}; give one of them")
    # a bow to the right, of as many points whatever its length, where both ends stand in one layer
    rise = end[1] - start[1]
    rad = math.copysign(min(0.6, BOW / max(abs(rise), 1)), rise) if bent else 0
    color = colors[data["group"]] if data.get("group") else palette.FAINT
    ax.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle=HEADS[sign], connectionstyle=f"arc3,rad={rad:.3f}", color=color, mutation_scale=1,
            shrinkA=0, shrinkB=0.4, linewidth=0.7 if sign else 0.35, linestyle=DASHED if data.get("hedged") else "-",
            zorder=2 if sign else 1, capstyle="butt",
        )
    )  # fmt: skip


def _box(ax: Axes, box: tuple, data: dict, label: str, colors: dict[str, str]) -> None:
    left, middle, width, tall, words = box
    ax.add_patch(
        FancyBboxPatch(
            (left, middle - tall / 2), width, tall, boxstyle="round,pad=0,rounding_size=1.5", linewidth=0.4,
            facecolor="white", edgecolor=palette.FAINT, zorder=3,
        )
    )  # fmt: skip
    groups = list(data.get("groups", []))
    for number, group in enumerate(groups):
        ax.add_patch(
            plt.Rectangle(
                (left + 0.3 + 2.1 * number, middle - tall / 2 + 0.6), 1.8, tall - 1.2, facecolor=colors[group],
                edgecolor="none", zorder=4,
            )
        )  # fmt: skip
    shift = 1.05 * len(groups)
    ax.text(left + width / 2 + shift, middle, words, ha="center", va="center", fontsize=SIZE, zorder=5,
            linespacing=1.05, weight="bold" if data.get("strong") else "normal", color=palette.INK)  # fmt: skip


def layered_graphs(graphs: dict[str, nx.DiGraph], *, colors: dict[str, str], bars: str = "") -> Figure:
    """A figure of a page's width with graphs one under another, each as `layered_graph`, and one key under them all.

    graphs: by title. bars: what bars of several colours beside a node say, for the key. Raises as `layered_graph`.
    """
    sizes = [max(max(map(len, layered_order(graph).values())), 1) for graph in graphs.values()]
    ratios = {"height_ratios": [size + 2 for size in sizes]}
    fig, axes = palette.figure(palette.PAGE_MM, 5 * sum(sizes), nrows=len(graphs), squeeze=False, gridspec_kw=ratios)
    for ax, (title, graph) in zip(axes.flat, graphs.items(), strict=True):
        layered_graph(graph, ax, colors=colors, title=title)
    key(axes.flat[-1], colors, bars=bars)
    return fig


def key(ax: Axes, colors: dict[str, str], *, bars: str = "") -> None:
    """A key of colours, heads and dashes under ax. bars: what two bars beside a node say, where it is to be said."""
    handles = [Line2D([], [], color=color, linewidth=1.6) for color in colors.values()]
    labels = list(colors)
    look = {"color": palette.INK, "linewidth": 0.9}
    handles += [Line2D([], [], marker=">", markersize=3.5, **look), Line2D([], [], marker="|", markersize=6, **look)]
    handles += [Line2D([], [], **look), Line2D([], [], linestyle=DASHED, **look)]
    labels += ["raises", "lowers", "associated, no sign given", "hedged in print"]
    if bars:
        handles.append(Line2D([], [], marker="s", markersize=3.5, linestyle="", color=palette.INK))
        labels.append(bars)
    palette.legend(ax, handles, labels, below=True)
