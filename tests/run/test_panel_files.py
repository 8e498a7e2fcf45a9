"""A panel's files: a graph goes beside figure and table, and is among the files that the record names. About 1 s."""

import io
import re
import xml.etree.ElementTree as ET

import matplotlib

matplotlib.use("agg")

import networkx as nx
import pandas as pd
from PIL import Image

from lcnec_utils.core import provenance
from lcnec_utils.plots import palette
from lcnec_utils.run import carried_evidence, panel_files

ABOUT = {"project": "a project", "simulated": False}
SVG = "{http://www.w3.org/2000/svg}"


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


def test_both_pictures_say_in_words_what_they_show_and_keep_their_seals(tmp_path):
    written(tmp_path, says="**A & B.** Median < 1: 15.0 (8.1–17.4), −0.5.")
    words = "Drawn. A & B. Median < 1: 15.0 (8.1–17.4), −0.5."
    root = ET.parse(tmp_path / "drawn.svg").getroot()
    assert root.get("role") == "img"
    # as SVG asks: title and description are the first children, in that order
    assert [(child.tag, child.text) for child in root][:2] == [(f"{SVG}title", "Drawn"), (f"{SVG}desc", words)]
    assert Image.open(tmp_path / "drawn.png").text["Comment"] == words
    for name in ("drawn.svg", "drawn.png"):
        body, digest = carried_evidence._sealed_body(tmp_path / name)
        assert provenance.of_bytes(body).encode() == digest


def test_a_panel_without_a_sentence_is_described_by_its_title(tmp_path):
    written(tmp_path)
    assert ET.parse(tmp_path / "drawn.svg").getroot().find(f"{SVG}desc").text == "Drawn."


def test_a_figure_of_a_column_is_shown_larger_on_a_screen_than_96_dpi():
    """89 mm are 336 pixels at 96 dpi, too few to read numbers at risk; a page's width stays at 96."""
    narrow, wide = (palette.figure(width, 40)[0] for width in (palette.COLUMN_MM, palette.PAGE_MM))
    for figure, width in ((narrow, 505), (wide, 692)):
        assert abs(Image.open(io.BytesIO(panel_files.screen_png(figure))).size[0] - width) < 20


def test_what_differs_in_the_last_bit_of_a_coordinate_alone_has_the_same_bytes(tmp_path):
    """matplotlib names clips and markers by digests of their coordinates; the same drawing has the same names here."""
    texts = []
    for name, more in (("one", 0.0), ("other", 1e-15)):
        (tmp_path / name).mkdir()
        fig, ax = palette.figure(60, 40)
        ax.set_position([0.1 + more, 0.2, 0.8, 0.7])
        ax.plot([0, 1], [0, 1], marker="o")
        panel_files.write_panel(
            tmp_path / name, "drawn", title="Drawn", figure=fig, tables={"": pd.DataFrame({"x": [0, 1]})}, about=ABOUT
        )
        texts.append((tmp_path / name / "drawn.svg").read_text(encoding="utf-8"))
    assert texts[0] == texts[1]
    named, used = (set(re.findall(what, texts[0])) for what in (r'id="(drawn-\w+)"', r"#(drawn-\w+)"))
    assert used and used <= named
