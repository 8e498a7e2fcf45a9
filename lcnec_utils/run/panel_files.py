"""A panel's files: figure as SVG and PNG, numbers as CSV, each with its provenance; and its picture on the screen.

Provenance names no commit and no date, for being committed must not make a figure stale.
"""

import io
import re
import weakref
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.transforms import Bbox

from lcnec_utils.core import formats, provenance
from lcnec_utils.plots import palette
from lcnec_utils.run import carried_evidence, print_pictures
from lcnec_utils.run.plain_texts import without_formulas

SCREEN_DPI, PRINT_DPI, RASTER_DPI = 96, 300, 150
NARROW_MM, NARROW_DPI = 110, 144  # a figure of a column's width is shown larger on the screen
MOST_MARKS = 2000  # a layer with more is drawn as pixels inside the vector figure
SVG_BYTES = 299_900  # a heavier one lowers that bound; the seal is added
MARGIN_INCHES = 0.04


def body_of(table: pd.DataFrame) -> str:
    """A table as the text of a CSV. The index is written where it has a name."""
    return table.to_csv(
        index=any(name is not None for name in table.index.names),
        float_format=f"%.{formats.SIGNIFICANT_DIGITS}g",
        lineterminator="\n",
    )


def write_csv(path: Path, table: pd.DataFrame, about: dict) -> str:
    """Write a table behind a line of provenance; returns that line. The index is written where it has a name.

    A group that a cohort calls `=1+1` stands behind an apostrophe: these files are opened in spreadsheets too, where a
    stranger's word would be computed; of a real word none begins so, and numbers stay as they are.

    about: the provenance, to which the digest of the CSV's text is added.
    """
    body = without_formulas(body_of(table))
    line = carried_evidence.line({**about, "csv": provenance.of_bytes(body.encode())})
    path.write_text(f"# {line}\n{body}", encoding="utf-8")
    return line


def write_panel(
    folder: Path,
    id: str,
    *,
    title: str,
    figure,
    tables: dict[str, pd.DataFrame],
    about: dict,
    graphml: str = "",
    says: str = "",
    pictures: bool = True,
    drawn: print_pictures.Drawn | None = None,
) -> dict[str, str]:
    """Write a panel's figure and tables into a folder; returns the digest of each file by name.

    title: as `titled` gives it. tables: by the name that stands between the panel's id and `.csv`; the one without a
    name ("") holds what the figure shows. about: the provenance; where it says `simulated`, the figure is marked so.
    graphml: a graph that the figure shows, as the text of a GraphML file. says: the sentence under the figure, in
    Markdown; both pictures carry it in words, the SVG as its `<desc>`, the PNG as its comment. pictures: whether there
    are any; without them the tables alone are written. drawn: where another run may have left the same pictures; then
    the figure may be a function that draws it.
    """
    names = {name: f"{id}.{name}.csv" if name else f"{id}.csv" for name in tables}
    lines = {name: write_csv(folder / names[name], table, about) for name, table in tables.items()}
    if not pictures:
        return {name: provenance.of_file(folder / name) for name in sorted(names.values())}
    words = in_words(title, says)
    vector, raster = folder / f"{id}.svg", folder / f"{id}.png"
    if drawn is None or not drawn.take(vector, raster, lines[""]):
        figure = figure() if callable(figure) else figure
        _draw(figure, vector, raster, {"Title": title, "Description": lines[""]}, words, about)
        if drawn is not None:
            drawn.keep(vector, raster, screen_png(figure))
    files = [*names.values(), vector.name, raster.name]
    if graphml:
        files.append(f"{id}.graphml")
        (folder / files[-1]).write_text(graphml, encoding="utf-8")
    return {name: provenance.of_file(folder / name) for name in sorted(files)}


def _draw(figure, vector: Path, raster: Path, described: dict[str, str], words: str, about: dict) -> None:
    """Draw a figure as SVG and PNG, sealed."""
    if about["simulated"]:
        mark_simulated(figure)
    metadata = {"Date": None, "Creator": about["project"], **described}
    for most in (MOST_MARKS, MOST_MARKS // 4, MOST_MARKS // 16):
        rasterise_layers(figure, most)
        box = _save_measured(figure, vector, dpi=RASTER_DPI, metadata=metadata)
        describe_vector(vector, words)
        if vector.stat().st_size <= SVG_BYTES:
            break
    _keep_layout(figure, box)
    _save_as_laid_out(figure, raster, dpi=PRINT_DPI, metadata={"Software": None, **described, "Comment": words})
    for path in (vector, raster):
        carried_evidence.seal(path)


# What a figure whose layout is kept covers, in inches: its pictures are as large as its SVG
_boxes: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def _save_measured(figure, path: Path, **how) -> Bbox:
    """Save a figure with all that sticks out of it; returns what the file covers, in inches."""
    boxes, measure = [], figure.get_tightbbox

    def measured(*args, **kwargs) -> Bbox:
        boxes.append(measure(*args, **kwargs))
        return boxes[-1]

    figure.get_tightbbox = measured
    try:
        figure.savefig(path, bbox_inches="tight", pad_inches=MARGIN_INCHES, **how)
    finally:
        del figure.get_tightbbox
    return boxes[-1].padded(MARGIN_INCHES)


def _keep_layout(figure, box: Bbox) -> None:
    """Leave everything where it is: the layout is the same in every format, and finding it is most of the drawing."""
    with rc_context({"figure.constrained_layout.use": False, "figure.autolayout": False}):
        figure.set_layout_engine(None)
    _boxes[figure] = box


def _save_as_laid_out(figure, path: Path | io.BytesIO, **how) -> None:
    """Save a figure as its SVG was saved, or as it comes where there is none."""
    figure.savefig(path, bbox_inches=_boxes.get(figure, "tight"), pad_inches=MARGIN_INCHES, **how)


def titled(title: str, about: dict) -> str:
    """A panel's title as its files carry it: it says so where patients are simulated."""
    return f"{title} (simulated cohort)" if about["simulated"] else title


def in_words(title: str, says: str = "") -> str:
    """What a figure shows in words, for a reader who does not see it: its title and its sentence without Markdown.

    >>> in_words("Survival by driver", "**STK11.** Median `PFS` of *all*: 2.4 (1.7–3.8).")
    'Survival by driver. STK11. Median PFS of all: 2.4 (1.7–3.8).'
    """
    plain = re.sub(r"(\*\*|`|(?<!\w)[*_](?=\w)|(?<=[\w.])[*_](?!\w))", "", says)
    return " ".join(f"{title}. {plain}".split())


def describe_vector(path: Path, words: str) -> None:
    """Write what an SVG shows into it, as `<desc>` behind matplotlib's `<title>`, and call it one picture.

    matplotlib names clips, markers and hatches by digests of coordinates to their last bit, which no reader sees: here
    they are numbered, so that the same drawing has the same bytes.
    """
    text, names = path.read_text(encoding="utf-8"), {}

    def numbered(found: re.Match) -> str:
        return found[1] + names.setdefault(found[2], f"{path.stem}-{found[2][0]}{len(names) + 1}")

    text = re.sub(r'(id="|#)([a-z][0-9a-f]{10})\b', numbered, text)
    text = text.replace("<svg ", '<svg role="img" ', 1)
    text = text.replace("</title>\n", f"</title>\n <desc>{escape(words, quote=False)}</desc>\n", 1)
    path.write_text(text, encoding="utf-8")


def screen_png(figure) -> bytes:
    """A figure as a small PNG, which a notebook stores."""
    from PIL import Image

    buffer, small = io.BytesIO(), io.BytesIO()
    dpi = NARROW_DPI if figure.get_figwidth() < NARROW_MM * palette.MM else SCREEN_DPI
    _save_as_laid_out(figure, buffer, dpi=dpi, metadata={"Software": None})
    picture = Image.open(buffer).convert("RGB").quantize(128, method=Image.Quantize.MEDIANCUT, dither=0)
    picture.save(small, "PNG", optimize=True)
    return small.getvalue()


def mark_simulated(figure) -> None:
    """Write "simulated cohort" across every axes that holds data: a crop of the figure still carries it.

    Strips beside a large axes (a header, a clinical track) are left readable; a picture is none.
    """
    figure.draw_without_rendering()
    area = {ax: ax.get_window_extent().width * ax.get_window_extent().height for ax in figure.axes}
    for ax in figure.axes:
        if ax.has_data() and area[ax] >= max(area.values()) / (8 if ax.images else 4):
            dark = any(picture.get_array().ndim == 3 and np.mean(picture.get_array()) < 0.5 for picture in ax.images)
            color, alpha = ("white", 0.6) if dark else (palette.EMPHASIS, 0.28)
            ax.text(
                0.5, 0.5, "simulated cohort", transform=ax.transAxes, ha="center", va="center", rotation=20,
                fontsize=11, color=color, alpha=alpha, zorder=10, gid="simulated",
            )  # fmt: skip


def rasterise_layers(figure, most: int = MOST_MARKS) -> None:
    """Layers of more than `most` marks become pixels inside the vector figure; text and axes stay vector."""
    for ax in figure.axes:
        for artist in ax.collections:
            if max(len(artist.get_offsets()), len(artist.get_paths())) > most:
                artist.set_rasterized(True)
        for line in ax.lines:
            if len(line.get_xdata()) > most:
                line.set_rasterized(True)
        if len(ax.patches) > most:
            for patch in ax.patches:
                patch.set_rasterized(True)
