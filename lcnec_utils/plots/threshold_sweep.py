"""How many patients change in opposite directions, by the size from which a change counts."""

import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette

LEAST_MM = 42, 40  # of the plot inside its axes


def threshold_sweep(
    sweep: pd.DataFrame, ax: Axes, *, first: str, second: str, threshold: float = 0.0, title: str = ""
) -> Axes:
    """Draw the patients of each direction over the threshold as steps, and a line at the threshold of the run.

    sweep: `discordant.opposite_sweep`, whose `one` is first and `other` second. Raises MissingData where nobody has
    both changes.
    """
    if sweep.empty or not sweep["n"].max():
        return palette.nothing(ax, f"no patient here has a change of {first} and of {second}", title)
    x = 100 * sweep["threshold"]
    for name, label, color in (
        ("opposite", "opposite changes", palette.INK),
        ("one_up", f"{first} grows, {second} shrinks", palette.EMPHASIS),
        ("one_down", f"{first} shrinks, {second} grows", palette.FAINT),
    ):
        ax.step(x, sweep[name], where="post", color=color, linewidth=1.2, label=label)
    ax.axvline(100 * threshold, color=palette.FAINT, linewidth=0.6, linestyle="--", zorder=1)
    ax.set(xlim=(-0.5, x.max() + 0.5), ylim=(0, max(1, 1.1 * sweep["opposite"].max())))
    ax.set(xlabel=f"A change counts from this size on, % (n = {int(sweep['n'].max()):,})", ylabel="Patients")
    ax.yaxis.get_major_locator().set_params(integer=True)
    palette.keep(ax, *LEAST_MM)
    palette.legend(ax, most=1)
    if title:
        ax.set_title(title, pad=34)
    return ax
