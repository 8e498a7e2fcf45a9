"""Each patient's change of tumour size as a bar, one plot per organ with the same patients one over another."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from lcnec_utils.plots import palette

LIMITS = (-0.30, 0.20)  # of partial response and of progression
MOST = 1.0  # growth that a bar shows; a longer one is cut and marked
AS_BARS = 200  # more patients than this are drawn as one outline
LEAST_MM, WIDE_MM = 26, 50  # of a plot inside its axes
OTHER = "not stated"


def order_of(changes: pd.DataFrame) -> pd.Index:
    """The patients from the largest growth to the largest shrinkage in the first column, then in the next ones; those
    without a change last."""
    keys = -changes.fillna(-10.0)
    return changes.index[np.lexsort([keys[name] for name in reversed(changes.columns)])]


def waterfall(
    changes: pd.DataFrame, ax: Axes, *, responses: pd.DataFrame | None = None, title: str = "",
    what: str = "best change of the sum",
) -> list[Axes]:  # fmt: skip
    """Draw one bar a patient on ax, one plot under another for each column of changes; returns the axes.

    changes: patients × organs, fractions of the baseline, missing where not known. responses: patients × the same
    organs, a word (CR, PR, …) that gives the bar its colour and stands in the legend with its n. Patients stand in one
    order in all plots, that of the first organ. Dashed lines: −30% and +20%. Growth over 100% is cut and marked ▲; a
    patient without a change has a cross. Raises MissingData where no change is known.
    """
    if changes.isna().all(axis=None):
        return [palette.nothing(ax, "no patient here has a change of tumour size", title)]
    order = order_of(changes)
    axes = palette.rows(ax, len(changes.columns))
    said = None if responses is None else responses.reindex(index=order, columns=changes.columns).fillna(OTHER)
    words = [OTHER] if said is None else palette.responses(said.to_numpy().ravel())
    color = {OTHER: palette.FAINT} | palette.colors([word for word in words if word != OTHER])
    for place, (organ, here) in enumerate(zip(changes.columns, axes, strict=True)):
        kinds = pd.Series(OTHER, order) if said is None else said[organ]
        _one(here, changes.loc[order, organ], kinds, color, str(organ), what)
        if place < len(axes) - 1:
            here.tick_params(labelbottom=False)
    n = len(order)
    axes[-1].set_xlabel(
        f"Patients (n = {n:,}), in the order of {changes.columns[0]}" if len(axes) > 1 else f"Patients (n = {n:,})"
    )
    stated = words != [OTHER]
    if stated:
        _legend(axes[0], said, words, color)
    if title:
        axes[0].set_title(title, pad=18 if stated else 6)
    return axes


def _one(ax: Axes, change: pd.Series, kinds: pd.Series, color: dict[str, str], organ: str, what: str) -> None:
    """The bars of one organ."""
    places, values = np.arange(len(change)), 100 * change.to_numpy(float)
    cut = values > 100 * MOST
    shown = np.minimum(values, 100 * MOST)
    for word in dict.fromkeys(kinds):
        here = (kinds == word).to_numpy() & ~np.isnan(values)
        if len(values) <= AS_BARS:
            # a change of nothing is a thin line, not a gap
            flat = here & (np.abs(shown) < 0.6)
            ax.bar(places[here], shown[here], 0.86, color=color[word], linewidth=0, zorder=2)
            ax.bar(places[flat], 1.2, 0.86, bottom=-0.6, color=color[word], linewidth=0, zorder=2)
        else:
            ax.fill_between(places, np.where(here, shown, 0), step="mid", color=color[word], linewidth=0, zorder=2)
    ax.plot(places[cut], np.full(cut.sum(), 100 * MOST + 5), "^", color=palette.INK, markersize=3, clip_on=False)
    lacking = np.isnan(values)
    if len(values) <= AS_BARS:
        ax.plot(places[lacking], np.zeros(lacking.sum()), "x", color=palette.INK, markersize=3, markeredgewidth=0.7)
    ax.axhline(0, color=palette.INK, linewidth=0.6)
    for limit in LIMITS:
        ax.axhline(100 * limit, color=palette.FAINT, linewidth=0.6, linestyle="--", zorder=1)
    top = 100 * MOST + 12 if cut.any() else max(30.0, 1.12 * np.nanmax(shown, initial=0))
    low = -108 if np.nanmin(shown, initial=0) < -85 else min(-40.0, 1.15 * np.nanmin(shown, initial=0))
    step = 50 if top - low > 110 else 20
    ax.set(xlim=(-0.8, len(values) - 0.2), ylim=(low, top), xticks=[])
    ax.set_yticks(np.arange(np.ceil(low / step), np.floor(top / step) + 1) * step)
    ax.spines["bottom"].set_visible(False)
    n = int((~lacking).sum())
    ax.set_ylabel(f"{organ[:1].upper()}{organ[1:]}: {what}, % (n = {n:,})")
    palette.keep(ax, WIDE_MM, LEAST_MM)


def _legend(ax: Axes, said: pd.DataFrame, words: list[str], color: dict[str, str]) -> None:
    """The responses with their n, of several organs in the order of the plots."""
    counts = {word: " and ".join(str(int((said[organ] == word).sum())) for organ in said.columns) for word in words}
    handles = [Patch(color=color[word]) for word in words]
    palette.legend(ax, handles, [f"{word} (n = {counts[word]})" for word in words], handlelength=1)
