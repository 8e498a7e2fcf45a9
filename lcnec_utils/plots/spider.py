"""Each patient's change of tumour size over time, as a line from the baseline."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils.plots import palette
from lcnec_utils.plots.waterfall import LIMITS

MOST = 1.5  # growth that the axis reaches to; a line that goes beyond leaves it
LEAST_MM = 45
# Patients at most → width of a line, size of its dots, opacity
LOOKS = {120: (0.8, 2.0, 0.8), 400: (0.5, 1.2, 0.7), np.inf: (0.3, 0.0, 0.7)}
OTHER = "not stated"


def spider(
    courses: pd.DataFrame, ax: Axes, *, responses: pd.Series | None = None, title: str = "",
    xlabel: str = "Months from the start of treatment", ylabel: str = "Change of the sum from the baseline, %",
) -> Axes:  # fmt: skip
    """Draw one line a patient on ax, from 0% at month 0, with a dot at each measurement.

    courses: patient, months, change (a fraction; rows without are left out). responses: a word by patient that gives
    the line its colour. Dashed lines: −30% and +20%. Growth over 150% leaves the axes, which the label of y says.
    Raises MissingData where nothing was measured.
    """
    known = courses.dropna(subset=["change"]).sort_values(["patient", "months"], kind="stable")
    if known.empty:
        return palette.nothing(ax, "no patient here has a change of tumour size", title)
    names = list(dict.fromkeys(known["patient"]))
    word = pd.Series(OTHER, names) if responses is None else responses.reindex(names).fillna(OTHER)
    words = palette.responses(word)
    color = {OTHER: palette.FAINT} | palette.colors([name for name in words if name != OTHER])
    # of very many lines the bundle is seen, not each line
    width, size, alpha = next(look for most, look in LOOKS.items() if len(names) <= most)
    rasterized = len(known) > 2000
    for name in words:
        rows = known[known["patient"].isin(word.index[word == name])]
        months, changes = _broken(rows)
        ax.plot(
            months, changes, "-o", color=color[name], linewidth=width, markersize=size, alpha=alpha,
            rasterized=rasterized, label=f"{name} (n = {int((word == name).sum()):,})",
        )  # fmt: skip
    ax.axhline(0, color=palette.INK, linewidth=0.6, zorder=1)
    for limit in LIMITS:
        ax.axhline(100 * limit, color=palette.FAINT, linewidth=0.6, linestyle="--", zorder=1)
    top = 100 * known["change"].max()
    beyond = known.loc[known["change"] > MOST, "patient"].nunique()
    ax.set(xlim=(0, 1.03 * known["months"].max()), ylim=(-108, min(100 * MOST, max(40.0, 1.08 * top))))
    leaves = f"; {beyond} beyond 150%" if beyond else ""
    ax.set(xlabel=f"{xlabel} (n = {len(names):,}{leaves})", ylabel=ylabel)
    palette.keep(ax, LEAST_MM, LEAST_MM)
    stated = words != [OTHER]
    if stated:
        palette.legend(ax)
    if title:
        ax.set_title(title, pad=18 if stated else 6)
    return ax


def _broken(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The lines of several patients as one, broken between them, each from 0% at month 0."""
    months, changes = [], []
    for _, own in rows.groupby("patient", sort=False):
        months += [0.0, *own["months"], np.nan]
        changes += [0.0, *(100 * own["change"]), np.nan]
    return np.array(months), np.array(changes)
