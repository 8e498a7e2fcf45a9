"""Each patient's time as a bar, with response, progression and new lesions on it, and an arrow where it goes on."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from lcnec_utils.plots import palette

ROW_MM, LEAST_MM = 2.4, 50  # height of a patient, width of the plot inside its axes
MOST = 80  # patients drawn
# Event → mark, face and size; a new lesion is a progression on the same day, whose cross stands within it
MARKS = {"response": ("^", "white", 3.6), "new lesion": ("D", "#F6C8CB", 5.0), "progression": ("X", palette.INK, 3.4)}
ARROW, ONGOING = ">", "goes on"
OTHER = "not stated"


def swimmer(
    patients: pd.DataFrame, events: pd.DataFrame, ax: Axes, *, title: str = "",
    xlabel: str = "Months from the start of treatment",
) -> Axes:  # fmt: skip
    """Draw one bar a patient on ax, the longest on top.

    patients: index patient; columns months (the bar's length), ongoing (bool: an arrow at its end) and, where there is
    one, response (a word that gives the colour). events: patient, months, event (one of MARKS). At most MOST patients
    are drawn, and the label of the axis says so. Raises MissingData where no patient has a time.
    """
    known = patients.dropna(subset=["months"])
    if known.empty:
        return palette.nothing(ax, "of no patient here it is known how long the treatment went on", title)
    drawn = known.sort_values("months", ascending=False, kind="stable").iloc[:MOST]
    places = pd.Series(np.arange(len(drawn)), drawn.index)
    said = drawn["response"].fillna(OTHER) if "response" in drawn else pd.Series(OTHER, drawn.index)
    words = palette.responses(said)
    color = {OTHER: palette.FAINT} | palette.colors([word for word in words if word != OTHER])
    ax.barh(places, drawn["months"], 0.72, color=[color[word] for word in said], alpha=0.75, linewidth=0, zorder=1)
    ongoing = drawn["ongoing"].fillna(False).astype(bool)
    longest = float(drawn["months"].max())
    ax.plot(drawn["months"][ongoing] + 0.012 * longest, places[ongoing], ARROW, color=palette.INK, markersize=3.4)
    shown = events[events["patient"].isin(drawn.index)]
    for event, (mark, face, size) in MARKS.items():
        rows = shown[shown["event"] == event]
        ax.plot(
            rows["months"], rows["patient"].map(places), mark, markersize=size, markerfacecolor=face,
            markeredgecolor=palette.INK, markeredgewidth=0.6, linestyle="none", zorder=3,
        )  # fmt: skip
    ax.set(xlim=(0, 1.05 * max(longest, shown["months"].max() if len(shown) else 0)), ylim=(len(drawn) - 0.3, -0.7))
    ax.set(yticks=[], ylabel="Patients")
    more = "" if len(drawn) == len(known) else f"; the longest {len(drawn)} are drawn"
    ax.set_xlabel(f"{xlabel} (n = {len(known):,}{more})")
    palette.keep(ax, LEAST_MM, max(14, ROW_MM * len(drawn)))
    _legend(ax, said, words, color, shown, int(ongoing.sum()))
    if title:
        ax.set_title(title, pad=28)
    return ax


def _legend(ax: Axes, said: pd.Series, words: list[str], color: dict, shown: pd.DataFrame, ongoing: int) -> None:
    """The responses with their n, the events with the number of patients who had them, and how many go on."""
    bars = [word for word in words if word != OTHER]
    handles = [Patch(color=color[word], alpha=0.75) for word in bars]
    labels = [f"best {word} (n = {int((said == word).sum())})" for word in bars]
    for event, (mark, face, size) in MARKS.items():
        n = shown.loc[shown["event"] == event, "patient"].nunique()
        handles.append(Line2D([], [], marker=mark, linestyle="none", markersize=size, markerfacecolor=face,
                              markeredgecolor=palette.INK, markeredgewidth=0.6))  # fmt: skip
        labels.append(f"{event} (n = {n})")
    handles.append(Line2D([], [], marker=ARROW, linestyle="none", markersize=3.4, color=palette.INK))
    palette.legend(ax, handles, [*labels, f"{ONGOING} (n = {ongoing})"], handlelength=1)
