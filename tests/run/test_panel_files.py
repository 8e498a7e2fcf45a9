"""A panel's files: a graph goes beside figure and table, and is among the files that the record names. About 1 s."""

import matplotlib

matplotlib.use("agg")

import networkx as nx
import pandas as pd

from lcnec_utils.core import provenance
from lcnec_utils.plots import palette
from lcnec_utils.run import panel_files

ABOUT = {"project": "a project", "simulated": False}


def written(folder, **more) -> dict[str, str]:
    fig, ax = palette.figure(60, 40)
    ax.plot([0, 1], [0, 1])
    return panel_files.write_panel(
        folder, "drawn", title="Drawn", figure=fig, tables={"": pd.DataFrame({"x": [0, 1]})}, about=ABOUT, **more
    )


def test_a_graph_is_a_file_of_the_panel_with_its_digest(tmp_path):
    text = "\n".join(nx.generate_graphml(nx.DiGraph([("EGFR", "CD274")])))
    digests = written(tmp_path, graphml=text)
    assert sorted(digests) == ["drawn.csv", "drawn.graphml", "drawn.png", "drawn.svg"]
    assert digests["drawn.graphml"] == provenance.of_file(tmp_path / "drawn.graphml")
    assert list(nx.read_graphml(tmp_path / "drawn.graphml").edges) == [("EGFR", "CD274")]


def test_a_panel_without_a_graph_has_no_such_file(tmp_path):
    assert sorted(written(tmp_path)) == ["drawn.csv", "drawn.png", "drawn.svg"]
