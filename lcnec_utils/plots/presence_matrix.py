"""What was measured of whom: a row per measurement, a column per patient, a colour per state, the counts beside."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from lcnec_utils.plots import palette

SMALL = 6
ROW_MM = 3.6  # of a row, at least
LEAST_MM = 80  # of the plot inside its axes
GAP = 0.6  # rows between two blocks
MOST = 300  # patients drawn
MOST_CELLS = 1000  # with more the cells are pixels inside the vector figure, for its weight


def presence_matrix(
    states: pd.DataFrame, ax: Axes, *, blocks: pd.Series, tones: dict[str, str], counted: str, title: str = ""
) -> Axes:
    """Draw states on ax; returns ax.

    states: measurements (rows, in order) × patients (columns, in order), words. blocks: of each row the block that it
    stands in, whose words head it. tones: state → colour; a state that is in it is drawn, and explained where it
    occurs. counted: the state whose number of patients stands beside each row. At most MOST patients are drawn, and the
    axis says so. Raises MissingData where nobody has the counted state anywhere.
    """
    if states.empty or not states.eq(counted).any(axis=None):
        return palette.nothing(ax, "nothing was measured of anybody here", title)
    shown = states.iloc[:, :MOST]
    codes = {state: place for place, state in enumerate(tones)}
    values = shown.map(lambda state: codes.get(state, np.nan)).to_numpy(float)
    colors = ListedColormap(list(tones.values()))
    starts = (blocks != blocks.shift()).to_numpy()
    tops = np.arange(len(shown)) + (1 + GAP) * np.cumsum(starts)
    for row, top in enumerate(tops):
        ax.pcolormesh(
            np.arange(shown.shape[1] + 1), [top, top + 0.9], values[row : row + 1], cmap=colors, vmin=-0.5,
            vmax=len(tones) - 0.5, edgecolor="white", linewidth=0.3, rasterized=values.size > MOST_CELLS,
        )  # fmt: skip
    n = states.eq(counted).sum(axis=1)
    ax.set_yticks(tops + 0.45, [f"{name} (n = {count})" for name, count in zip(states.index, n, strict=True)])
    ax.tick_params(axis="y", length=0, labelsize=SMALL)
    for top, name in zip(tops[starts], blocks[starts], strict=True):
        ax.text(0, top - 0.15, name, va="bottom", fontsize=palette.TEXT, fontweight="bold", in_layout=False)
    few = "" if shown.shape[1] == states.shape[1] else f", {shown.shape[1]} drawn"
    ax.set(xlim=(0, shown.shape[1]), ylim=(tops[-1] + 1, tops[0] - 1), xticks=[])
    ax.set_xlabel(f"Patients (n = {states.shape[1]}{few})")
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    palette.keep(ax, LEAST_MM, ROW_MM * (tops[-1] + 2))
    present = [state for state in tones if shown.eq(state).any(axis=None)]
    handles = [Patch(facecolor=tones[state], edgecolor=palette.FAINT, linewidth=0.4) for state in present]
    palette.legend(ax, handles, present, handlelength=1, handletextpad=0.4, columnspacing=1)
    if title:
        ax.set_title(title, pad=18)
    return ax
