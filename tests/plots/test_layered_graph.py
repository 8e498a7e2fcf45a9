"""Graphs in layers: order, heads, dashes, refusals, and whether the figure can be read.

About 8 s, most of it for the review's own graphs.
"""

import matplotlib

matplotlib.use("agg")

import matplotlib.colors
import matplotlib.pyplot as plt
import networkx as nx
import pytest
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.plots import palette
from lcnec_utils.plots.layered_graph import layered_graph, layered_graphs, layered_order
from lcnec_utils.studies.icb_review import mechanisms
from tests.plots.readable import assert_readable

COLORS = {"primary": "#A44300", "acquired": "#257FC0"}


def graph_of(*edges, layers: dict[str, int], **look) -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph()
    for name, layer in layers.items():
        graph.add_node(name, layer=layer, **look)
    for one, other, data in edges:
        graph.add_edge(one, other, **data)
    return graph


def crossings(graph: nx.DiGraph, order: dict[int, list]) -> int:
    """How many pairs of edges between two layers cross, counted one by one."""
    at = {name: place for names in order.values() for place, name in enumerate(names)}
    layer = dict(graph.nodes(data="layer"))
    edges = sorted({(one, other) for one, other, *_ in graph.edges if layer[one] < layer[other]}, key=repr)
    return sum(
        (at[a] - at[c]) * (at[b] - at[d]) < 0
        for i, (a, b) in enumerate(edges)
        for c, d in edges[:i]
        if (layer[a], layer[b]) == (layer[c], layer[d])
    )


def test_a_ladder_given_upside_down_is_drawn_without_a_crossing():
    names = [f"a{i}" for i in range(6)], [f"b{i}" for i in reversed(range(6))]
    layers = {name: layer for layer, of in enumerate(names) for name in of}
    graph = graph_of(*((f"a{i}", f"b{i}", {}) for i in range(6)), layers=layers)
    assert crossings(graph, {0: names[0], 1: names[1]}) == 15, "every two of the six cross as given"
    order = layered_order(graph)
    assert crossings(graph, order) == 0 and set(order[0]) == set(names[0]) and set(order[1]) == set(names[1])


def test_the_order_of_the_reviews_graphs_crosses_less_than_the_rows_of_its_table_and_is_the_same_again():
    for title, graph in mechanisms.mechanism_drawings(mechanisms.mechanisms()).items():
        order = layered_order(graph)
        given = {layer: [name for name in graph if graph.nodes[name]["layer"] == layer] for layer in order}
        assert {name for names in order.values() for name in names} == set(graph)
        assert crossings(graph, order) < crossings(graph, given), title
        assert layered_order(graph) == order


def test_edges_end_in_an_arrow_a_bar_or_nothing_and_hedged_ones_are_dashed():
    edges = [
        ("EGFR", "CD274", {"sign": "activates", "group": "primary"}),
        ("STK11", "ICAM1", {"sign": "inhibits", "group": "primary", "hedged": True}),
        ("IL6", "JAK", {"sign": "associated", "group": "acquired"}),
        ("EGFR", "IL6", {"sign": "", "group": ""}),
    ]
    layers = {"EGFR": 0, "STK11": 0, "IL6": 1, "CD274": 1, "ICAM1": 1, "JAK": 2}
    _, ax = palette.figure(120, 40)
    layered_graph(graph_of(*edges, layers=layers), ax, colors=COLORS)
    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    drawn: dict[str, list] = {}
    for arrow in arrows:
        drawn.setdefault(type(arrow.get_arrowstyle()).__name__, []).append(arrow)
    assert {style: len(of) for style, of in drawn.items()} == {"CurveFilledB": 1, "BarAB": 1, "Curve": 2}
    assert drawn["BarAB"][0].get_linestyle() != "-" and drawn["CurveFilledB"][0].get_linestyle() == "-"
    assert matplotlib.colors.to_hex(drawn["CurveFilledB"][0].get_edgecolor()) == COLORS["primary"].lower()
    assert len([patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]) == len(layers)


def test_an_edge_within_a_layer_bows_to_the_right_of_its_boxes():
    layers = {"A": 0, "B": 1, "C": 1, "D": 2}
    edges = [("A", "B", {"sign": "activates"}), ("B", "C", {"sign": "activates"}), ("C", "D", {"sign": "activates"})]
    fig, ax = palette.figure(120, 40)
    layered_graph(graph_of(*edges, layers=layers), ax, colors=COLORS)
    fig.canvas.draw()
    boxes = [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    right = sorted({round(box.get_x() + box.get_width(), 3) for box in boxes})[1]
    paths = [patch.get_path() for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    bent = [path for path in paths if abs(path.vertices[0][0] - right) < 1 and path.vertices[:, 0].max() > right + 8]
    assert bent, "the middle of the bow stands off the boxes"


@pytest.mark.parametrize("which", ["mechanisms", "strategies"])
def test_the_reviews_graphs_can_be_read_at_the_width_of_a_page(which):
    if which == "mechanisms":
        drawings, colors = mechanisms.mechanism_drawings(mechanisms.mechanisms()), mechanisms.COLORS
    else:
        drawings = mechanisms.strategy_drawings(mechanisms.strategies(), mechanisms.trials_of_table_2())
        colors = mechanisms.STRATEGY_COLORS
    fig = layered_graphs(drawings, colors=colors)
    fig.canvas.draw()
    assert fig.get_size_inches()[0] * 25.4 == pytest.approx(palette.PAGE_MM, abs=0.5)
    assert_readable(fig)
    for ax in fig.axes:
        boxes = [patch.get_window_extent() for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
        words = [text.get_window_extent() for text in ax.texts]
        assert len(boxes) == len(words)
        for box, text in zip(boxes, words, strict=True):
            assert text.x0 >= box.x0 - 1 and text.x1 <= box.x1 + 1 and text.height <= box.height + 1.5
        assert all(
            one.x1 < other.x0 or other.x1 < one.x0 or one.y1 < other.y0 + 0.5 or other.y1 < one.y0 + 0.5
            for i, one in enumerate(boxes) for other in boxes[:i]
        ), "no two boxes overlap"  # fmt: skip


def test_what_cannot_be_drawn_is_refused_in_one_line():
    _, ax = palette.figure(120, 40)
    with pytest.raises(UserError, match="node 'A' has no layer"):
        layered_graph(nx.DiGraph([("A", "B")]), ax, colors=COLORS)
    with pytest.raises(UserError, match="the sign 'raises' of an edge is none of activates, inhibits, associated"):
        layered_graph(graph_of(("A", "B", {"sign": "raises"}), layers={"A": 0, "B": 1}), ax, colors=COLORS)
    with pytest.raises(UserError, match="8 layers are more than a page's width holds"):
        layered_graph(graph_of(layers={f"N{i}": i for i in range(8)}), ax, colors=COLORS)
    with pytest.raises(MissingData, match="nothing here is tied"):
        layered_graph(nx.DiGraph(), plt.figure(layout=palette.SteadyLayout()).add_subplot(), colors=COLORS)
