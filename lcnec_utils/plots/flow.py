"""Who is in which analysis: a flow of boxes from all patients to each set, and beside it those who left and why."""

import dataclasses
import math

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, ScaledTranslation

from lcnec_utils.plots import palette

SIZES = (6.5, 6, 5.5)  # of the text: the first at which all fits
PAD, GAP, DROP = 4, 9, 11  # points: in a box, between columns, of an arrow
WIDEST, NARROWEST_SIDE = 165, 80  # points
EDGE = 3  # points that the layout keeps round the axes
UNBROKEN = "\N{NO-BREAK SPACE}"
LINE, TURN = 1.22, 7  # a line's height by its text's; points from a level's foot down to where arrows part
TITLE = 18  # points that a title takes


@dataclasses.dataclass
class Box:
    """A box in points from the upper left corner, and its text on lines."""

    x: float
    y: float
    width: float
    height: float
    lines: list[str]

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def foot(self) -> float:
        return self.y + self.height


def _wrap(text: str, width: float, size: float) -> list[str]:
    """The text on lines no wider than width (points); a word that is wider is cut."""

    def wide(line: str) -> float:
        return 0.97 * palette.text_width(line, size)  # a box has room at its sides

    lines = []
    for paragraph in str(text).split("\n"):
        line = ""
        for word in paragraph.split(" "):
            while wide(word) > width and len(word) > 1:
                cut = next(end for end in range(len(word) - 1, 0, -1) if wide(word[:end] + "-") <= width or end == 1)
                lines += [each for each in (line, word[:cut] + "-") if each]
                line, word = "", word[cut:]
            both = f"{line} {word}".strip()
            if wide(both) > width:
                lines.append(line)
                both = word
            line = both
        lines.append(line)
    return [line.replace(UNBROKEN, " ") for line in lines]


def _tree(table: pd.DataFrame) -> tuple[dict[str, list[str]], dict[str, int], dict[str, tuple[int, int]]]:
    """The children of each step ("" has the roots), its depth, and its first and last column. Raises ValueError."""
    steps = list(table["step"].astype(str))
    parents = table["parent"].fillna("").astype(str)
    if len(set(steps)) < len(steps):
        raise ValueError("a step stands twice in the flow")
    if lost := sorted(set(parents) - {"", *steps}):
        raise ValueError(f"parents that are no step of the flow: {', '.join(lost)}")
    children: dict[str, list[str]] = {name: [] for name in ["", *steps]}
    for step, parent in zip(steps, parents, strict=True):
        children[parent].append(step)
    depth: dict[str, int] = {}
    columns: dict[str, tuple[int, int]] = {}
    used = 0

    def walk(step: str, level: int) -> None:
        nonlocal used
        depth[step], first = level, used
        for child in children[step]:
            walk(child, level + 1)
        used += not children[step]
        columns[step] = (first, used - 1)

    for root in children[""]:
        walk(root, 0)
    if len(depth) < len(steps):
        raise ValueError(f"steps that no root leads to: {', '.join(sorted(set(steps) - set(depth)))}")
    return children, depth, {step: columns[step] for step in steps}


@dataclasses.dataclass
class Layout:
    """The steps' boxes, the boxes of those who left before a step, arrows (points, the head last), the height.

    cut: whether a word is too long for its box.
    """

    boxes: dict[str, Box]
    sides: dict[str, Box]
    arrows: list[list[tuple[float, float]]]
    height: float
    cut: bool


def _layout(table: pd.DataFrame, width: float, size: float) -> Layout:
    """Where all stands: one column per leaf, one level per depth, parents over the middle of their children."""
    children, depth, columns = _tree(table)
    rows = table.assign(step=table["step"].astype(str)).set_index("step")
    count = 1 + max(last for _, last in columns.values())
    column = (width - GAP * (count - 1)) / count
    line = LINE * size
    boxes, sides, rail = {}, {}, {}
    for step, (first, last) in columns.items():
        row, left, span = rows.loc[step], first * (column + GAP), (last - first + 1) * (column + GAP) - GAP
        wide = min(span, WIDEST)
        lines = [*_wrap(row["label"], wide - 2 * PAD, size), f"n = {int(row['n']):,}"]
        box = boxes[step] = Box(left + (span - wide) / 2, 0, wide, line * len(lines) + 2 * PAD, lines)
        rail[step] = box.middle
        if pd.isna(row.get("left")) or not row["left"]:
            continue
        # in a narrow column the arrow keeps to the left, and those who left fill the rest of the width
        if left + span - rail[step] - GAP < NARROWEST_SIDE:
            rail[step] = box.x + 6
        start = rail[step] + GAP
        wide = min(left + span - start, WIDEST)
        why = "Left out" if pd.isna(row.get("why")) or not row["why"] else row["why"]
        lines = _wrap(
            f"{why} (n = {int(row['left']):,})".replace("n = ", f"n{UNBROKEN}={UNBROKEN}"), wide - 2 * PAD, size
        )
        sides[step] = Box(start, 0, wide, line * len(lines) + 2 * PAD, lines)

    feet: list[float] = []  # the lowest edge of each level
    for level in range(max(depth.values()) + 1):
        here = [step for step in boxes if depth[step] == level]
        tallest = max((sides[step].height for step in here if step in sides), default=0)
        forks = level and any(len(children[step]) > 1 for step in boxes if depth[step] == level - 1)
        top = feet[-1] if feet else 0
        top += (TURN if forks else 0) + (DROP / 2 + tallest if tallest else 0) + (DROP if level or tallest else 0)
        for step in here:
            boxes[step].y = top
            if step in sides:
                sides[step].y = top - DROP - sides[step].height
        feet.append(max(boxes[step].foot for step in here))

    arrows = []
    for parent, kids in children.items():
        for step in kids:
            x, end = rail[step], boxes[step].y
            if parent and len(kids) > 1:
                turn = feet[depth[parent]] + TURN
                above = boxes[parent]
                arrows.append([(above.middle, above.foot), (above.middle, turn), (x, turn), (x, end)])
            elif parent:
                arrows.append([(x, boxes[parent].foot), (x, end)])
            elif step in sides:
                arrows.append([(x, sides[step].y), (x, end)])
            if step in sides:
                middle = sides[step].y + sides[step].height / 2
                arrows.append([(x, middle), (sides[step].x, middle)])
    cut = any(line.endswith("-") for box in [*boxes.values(), *sides.values()] for line in box.lines)
    return Layout(boxes, sides, arrows, feet[-1], cut)


def _largest(table: pd.DataFrame, width: float, room: float) -> tuple[float, Layout]:
    """The largest text that fits without cutting a word, else the largest that fits, and its layout."""
    tried = {size: _layout(table, width, size) for size in SIZES}
    fits = {size: layout for size, layout in tried.items() if layout.height <= room}
    if not fits:
        lacks = (tried[SIZES[-1]].height - room) / 72 / palette.MM
        raise ValueError(f"the flow needs {math.ceil(lacks)} mm more height (see height_mm)")
    return next(((size, layout) for size, layout in fits.items() if not layout.cut), next(iter(fits.items())))


def height_mm(table: pd.DataFrame, width_mm: float = palette.PAGE_MM, title: str = "") -> float:
    """The height of a figure of this width that holds the flow in its largest text."""
    _, layout = _largest(table, width_mm * palette.MM * 72 - 2 * EDGE, math.inf)
    return math.ceil((layout.height + 2 * EDGE + (TITLE if title else 0)) / 72 / palette.MM) + 1


def flow(table: pd.DataFrame, ax: Axes, *, title: str = "") -> Axes:
    """Draw a tree of boxes on ax: all patients on top, the analysis sets below, those who left at the side.

    table: step (a name of its own), parent (the step it comes from, or ""), label, n, and optionally left (how many
    left between parent and step; missing or 0: no box) and why. Several roots stand side by side. All is laid out in
    points, so the figure wants the height that `height_mm` gives; text is smaller where it has less. Raises ValueError
    where the rows are no tree, or the axes too low for the smallest text.
    """
    figure = ax.get_figure(root=True)
    width, room = (72 * inches for inches in figure.get_size_inches())
    if spec := ax.get_subplotspec():
        grid = spec.get_gridspec()
        width, room = width * len(spec.colspan) / grid.ncols, room * len(spec.rowspan) / grid.nrows
    width, room = width - 2 * EDGE, room - 2 * EDGE - (TITLE if title else 0)
    size, layout = _largest(table, width, room)
    # points from the axes' upper left corner, wherever the layout puts it
    points = (
        Affine2D().scale(1 / 72, -1 / 72) + figure.dpi_scale_trans + ScaledTranslation(0, 1, ax.transAxes)
    )  # fmt: skip
    leaves = set(layout.boxes) - set(table["parent"].fillna("").astype(str))
    artists: list[Artist] = []
    for step, box in layout.boxes.items():
        artists += _draw(ax, box, size, points, palette.INK, "white", 1.1 if step in leaves else 0.6, bold_last=True)
    for box in layout.sides.values():
        artists += _draw(ax, box, size, points, palette.FAINT, palette.BAND, 0.5, bold_last=False)
    for path in layout.arrows:
        arrow = FancyArrowPatch(
            path=Path(path), arrowstyle="-|>", mutation_scale=5, linewidth=0.6, color=palette.INK, transform=points,
            joinstyle="miter", capstyle="butt", clip_on=False, zorder=2,
        )  # fmt: skip
        artists.append(ax.add_patch(arrow))
    for artist in artists:
        artist.set_in_layout(False)
    ax.set(xticks=[], yticks=[])
    ax.set_axis_off()
    if title:
        ax.set_title(title, pad=5)
    return ax


def _draw(ax: Axes, box: Box, size: float, points, edge: str, fill: str, line_width: float, bold_last: bool) -> list:
    """The artists of one box: its frame and a text per line, the last one bold where it is the n."""
    frame = Rectangle(
        (box.x, box.y), box.width, box.height, facecolor=fill, edgecolor=edge, linewidth=line_width, transform=points,
        clip_on=False, zorder=3,
    )  # fmt: skip
    plain = box.lines[:-1] if bold_last else box.lines
    artists = [
        ax.add_patch(frame),
        ax.text(
            box.middle, box.y + PAD + LINE * size * len(plain) / 2, "\n".join(plain), transform=points, ha="center",
            va="center", fontsize=size, linespacing=1.05, zorder=4,
        ),
    ]  # fmt: skip
    if bold_last:
        y = box.foot - PAD - LINE * size / 2
        artists.append(
            ax.text(
                box.middle, y, box.lines[-1], transform=points, ha="center", va="center", fontsize=size, weight="bold",
                zorder=4,
            )
        )  # fmt: skip
    return artists
