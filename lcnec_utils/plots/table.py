"""A table of text as a figure: rules above, under the head and below, no other lines."""

import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

HEAD = 1.5  # height of the head, in rows: it may take two lines


def table(frame: pd.DataFrame, ax: Axes, *, widths: list[float], title: str = "") -> Axes:
    """Draw a frame of text on ax; widths: relative widths of its columns. A row whose first cell repeats the one above
    leaves it empty."""
    ax.set_axis_off()
    edges = [0.0]
    for width in widths:
        edges.append(edges[-1] + width / sum(widths))
    rows = [list(frame.columns), *frame.astype(str).to_numpy().tolist()]
    step = 1 / (len(rows) + HEAD - 1)
    for number, row in enumerate(rows):
        y = 1 - (HEAD / 2 if number == 0 else HEAD + number - 0.5) * step
        for column, cell in enumerate(row):
            if column == 0 and number > 1 and rows[number - 1][0] == cell:
                continue
            weight = "bold" if number == 0 or column == 0 else "normal"
            text = cell.replace(" (n", "\n(n") if number == 0 else cell
            ax.text(edges[column], y, text, va="center", fontsize=6.3, fontweight=weight, transform=ax.transAxes)
    for y, thick in ((1.0, 0.8), (1 - HEAD * step, 0.5), (0.0, 0.8)):
        ax.plot([0, 1], [y, y], color=palette.FAINT, linewidth=thick, transform=ax.transAxes, clip_on=False)
    if title:
        ax.set_title(title, loc="left")
    return ax
