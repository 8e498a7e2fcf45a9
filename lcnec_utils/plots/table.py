"""A table of text as a figure: rules above, under the head and below, no other lines."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

SIZES = (6.3, 5.9, 5.5)  # points of the text: the first in which no cell is broken
HEAD = 1.5  # height of the head, in rows, where it takes two lines
ROW = 11.4  # points of a row on one line
GAP = 5  # points between columns


def table(frame: pd.DataFrame, ax: Axes, *, widths: list[float], title: str = "") -> Axes:
    """Draw a frame of text on ax; widths: relative widths of its columns. A row whose first cell repeats the one above
    leaves it empty.

    A column is at least as wide as its cells' words; heads and cells that are longer take several lines, columns that
    do not fit beside the others stand under them, and the figure grows. Raises MissingData for a frame without rows.
    """
    if frame.empty:
        return palette.nothing(ax, "there is nothing here to tabulate", title)
    room = palette.cell(ax)[0] - 2 * palette.PAD
    blocks = _blocks(frame, widths, room)
    for part, columns in zip(palette.rows(ax, len(blocks)), blocks, strict=True):
        _draw(frame.iloc[:, columns], part, [widths[column] for column in columns], room)
    if title:
        ax.set_title(title, loc="left")
    return ax


def _blocks(frame: pd.DataFrame, widths: list[float], room: float) -> list[list[int]]:
    """The columns that stand side by side: all, or the first two with a part of the others each, where all would have
    to be broken inside their words."""
    others = list(range(2, len(frame.columns)))
    for parts in range(1, len(others)):
        blocks = [[0, 1, *map(int, part)] for part in np.array_split(others, parts)]
        if all(_fitted(frame.iloc[:, block], [widths[place] for place in block], room)[0] for block in blocks):
            return blocks
    return [list(range(len(frame.columns)))]


def _draw(frame: pd.DataFrame, ax: Axes, widths: list[float], room: float) -> None:
    """The table of these columns, on so many points."""
    ax.set_axis_off()
    heads, rows = _words(frame)
    size, columns = _fitted(frame, widths, room)
    size = size or SIZES[-1]
    edges = np.concatenate([[0.0], np.cumsum(columns)]) / sum(columns)
    cells = [[palette.wrap(cell, width - GAP, size, "bold" if place == 0 else "normal")
              for place, (cell, width) in enumerate(zip(row, columns, strict=True))] for row in rows]  # fmt: skip
    top = [palette.wrap(name, width - GAP, size, "bold") for name, width in zip(heads, columns, strict=True)]
    for number in range(len(cells) - 1, 0, -1):
        if rows[number][0] == rows[number - 1][0]:
            cells[number][0] = ""
    # heights in rows of one line
    lines = [max(cell.count("\n") for cell in row) for row in [top, *cells]]
    heights = np.array([max(HEAD, 1 + 0.62 * lines[0]), *(1 + 0.62 * more for more in lines[1:])])
    ends = 1 - np.cumsum(heights) / heights.sum()
    for number, (row, end) in enumerate(zip([top, *cells], ends, strict=True)):
        y = end + heights[number] / heights.sum() / 2
        for column, cell in enumerate(row):
            weight = "bold" if number == 0 or column == 0 else "normal"
            ax.text(edges[column], y, cell, va="center", fontsize=size, fontweight=weight, transform=ax.transAxes)
    for y, thick in ((1.0, 0.8), (ends[0], 0.5), (0.0, 0.8)):
        ax.plot([0, 1], [y, y], color=palette.FAINT, linewidth=thick, transform=ax.transAxes, clip_on=False)
    palette.keep(ax, 0, heights.sum() * ROW / palette.POINT)


def _words(frame: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """The heads, with n on a line of its own, and the cells."""
    return [str(name).replace(" (n", "\n(n") for name in frame.columns], frame.astype(str).to_numpy().tolist()


def _fitted(frame: pd.DataFrame, widths: list[float], room: float) -> tuple[float, np.ndarray]:
    """The largest text in which every cell but those of the first two columns stands on one line, and the columns'
    widths in points; 0 and narrower columns where there is none."""
    heads, rows = _words(frame)
    columns = list(zip(*rows, strict=True))
    # the first two columns' cells are whole, or only the others'
    for size, broken in ((SIZES[0], 0), *((size, 2) for size in SIZES)):
        cells = np.array([max(palette.text_width(cell, size, "normal" if place else "bold") for cell in column)
                          for place, column in enumerate(columns)])  # fmt: skip
        words = np.array([_longest_word([*column, head], size) for column, head in zip(columns, heads, strict=True)])
        words = np.minimum(words, 90)  # a longer one is cut
        needed = np.maximum(cells, words) + GAP + 0.5  # what rounding may take
        needed[:broken] = np.minimum(needed, np.maximum(words + GAP + 0.5, 0.14 * room))[:broken]
        if needed.sum() <= room:
            break
    else:
        return 0, needed * room / needed.sum()
    asked = np.array(widths, float) / sum(widths) * room
    # what a column has beyond its need goes to those that lack
    lacks = np.maximum(needed - asked, 0).sum()
    spare = np.maximum(asked - needed, 0)
    return size, np.maximum(asked, needed) - (spare / spare.sum() * lacks if spare.sum() else 0)


def _longest_word(cells: list[str], size: float) -> float:
    """The width in points of the longest word of some cells; `(n = 12)` is one."""
    words = " ".join(cells).replace("(n = ", "(n_=_").split()
    return max((palette.text_width(word.replace("_=_", " = "), size, "bold") for word in words), default=0.0)
