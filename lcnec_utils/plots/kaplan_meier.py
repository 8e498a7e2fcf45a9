"""Kaplan–Meier curves with limits, censor ticks, medians in the legend and a risk table under the axis."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lcnec_utils import formats
from lcnec_utils.plots import palette
from lcnec_utils.survival import Comparison


def kaplan_meier(comparison: Comparison, ax: Axes, *, title: str = "", time_zero: str = "") -> Axes:
    """Draw a comparison of survival on ax: its curves, medians, tests, and the numbers at risk under the axis."""
    curve, at_risk, medians = comparison.curve, comparison.at_risk, comparison.medians
    groups = [name for name in medians["group"] if (curve["group"] == name).any()]
    color = palette.colors(groups)
    for row in medians.set_index("group").loc[groups].itertuples():
        steps = curve[curve["group"] == row.Index]
        months = np.concatenate([[0.0], steps["months"]])
        survival = np.concatenate([[1.0], steps["survival"]])
        lower = np.concatenate([[1.0], steps["lower"].ffill()])
        upper = np.concatenate([[1.0], steps["upper"].ffill()])
        label = f"{row.Index}, n = {row.n}: {formats.median_months(row.median, row.lower, row.upper)}"
        ax.step(months, survival, where="post", color=color[row.Index], label=label, zorder=3)
        ax.fill_between(months, lower, upper, step="post", color=color[row.Index], alpha=0.09, linewidth=0, zorder=1)
        censored = steps[steps["censored"] > 0]
        ax.plot(
            censored["months"], censored["survival"], "|", color=color[row.Index], markersize=3.5, markeredgewidth=0.6,
            zorder=4,
        )  # fmt: skip
    ax.axhline(0.5, color=palette.FAINT, linewidth=0.5, linestyle=(0, (4, 3)), zorder=0)
    ticks = [float(time) for time in at_risk.columns]
    ax.set(xlim=(0, max(ticks[-1], curve["months"].max() if len(curve) else 1)), ylim=(0, 1.02), xticks=ticks)
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25", "50", "75", "100"])
    ax.set_ylabel(f"{comparison.endpoint.capitalize()} (%)")
    ax.set_xlabel(f"Months from {time_zero}" if time_zero else "Months")
    ax.legend(
        loc="lower left", bbox_to_anchor=(0, 1.0), borderaxespad=0, handlelength=1.2, labelspacing=0.25,
        title="Median months (95% CI)", title_fontsize=6.5, alignment="left",
    )  # fmt: skip
    if title:
        # the legend stands on the axis, the title above the legend
        lines = len(groups) + 1
        ax.set_title(title, pad=6 + 9.2 * lines)
    if notes := comparison.notes():
        ax.text(
            0.99,
            0.985,
            "\n".join(notes),
            transform=ax.transAxes,
            ha="right",
            va="top",
            fontsize=6.5,
            linespacing=1.35,
        )
    _risk_table(ax, at_risk.loc[groups], color)
    return ax


def _risk_table(ax: Axes, at_risk: pd.DataFrame, color: dict[str, str]) -> None:
    """The numbers at risk under the axis: in points below it, so that they stand right at every height."""
    first, line = -34, 9.5
    ax.annotate(
        "At risk", (0, 0), xytext=(-4, first), xycoords="axes fraction", textcoords="offset points", ha="right",
        va="center", fontsize=6.5, color=palette.FAINT,
    )  # fmt: skip
    for row, (name, counts) in enumerate(at_risk.iterrows(), 1):
        y = first - row * line
        ax.annotate(
            str(name), (0, 0), xytext=(-10, y), xycoords="axes fraction", textcoords="offset points", ha="right",
            va="center", fontsize=6.5, color=color[str(name)],
        )  # fmt: skip
        for time, count in counts.items():
            ax.annotate(
                f"{count}", (float(time), 0), xytext=(0, y), xycoords=("data", "axes fraction"),
                textcoords="offset points", ha="center", va="center", fontsize=6.5,
            )  # fmt: skip
