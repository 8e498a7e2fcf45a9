"""What a bench came to: printed, build/bench/*.csv, a plot, and BENCH.md."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.core import paths
from tests.bench.measure import ROOT

PAGE = ROOT / "BENCH.md"
LEAST = 0.01  # bound of what the plot shows: smaller ones are of how far results may differ
FIGURES = {"wall_s": "wall s", "cpu_s": "CPU s", "memory_gb": "GB", "ratio": "ratio", "bound": "≤"}


def folder() -> Path:
    """Where the tables and the plot go."""
    target = paths.output_root() / "build" / "bench"
    target.mkdir(parents=True, exist_ok=True)
    return target


def number(value: float) -> str:
    """Three digits that mean something; nothing for a missing value."""
    if pd.isna(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def as_text(table: pd.DataFrame) -> str:
    """A part's table as it is printed."""
    wide = max(44, *(len(what) + 2 for what in table["what"]))
    lines = [" " * wide + "".join(f"{words:>10}" for words in FIGURES.values()) + "  beside"]
    for row in table.to_dict("records"):
        figures = "".join(f"{number(row[name]):>10}" for name in FIGURES)
        missed = {"no": "  MISSED", "yes": "  met"}.get(row["met"], "")
        note = f"  [{row['note']}]" if row["note"] and not pd.isna(row["note"]) else ""
        lines.append(f"{row['what']:<{wide}}{figures}  {row['beside']}{missed}{note}".rstrip())
    return "\n".join(lines)


def as_markdown(table: pd.DataFrame) -> str:
    """A part's table for BENCH.md."""
    lines = ["| | " + " | ".join(FIGURES.values()) + " | beside | |", "|---|" + "--:|" * len(FIGURES) + "---|---|"]
    for row in table.to_dict("records"):
        figures = " | ".join(number(row[name]) for name in FIGURES)
        said = [{"no": "**missed**", "yes": "met"}.get(row["met"], ""), "" if pd.isna(row["note"]) else row["note"]]
        lines.append(f"| {row['what']} | {figures} | {row['beside']} | {'; '.join(filter(None, said))} |")
    return "\n".join(lines)


def keep(part: str, title: str, table: pd.DataFrame, machine: str, seconds: float) -> None:
    """Write a part's CSV, and put its section into BENCH.md in the place of the last one."""
    file = folder() / f"{part}.csv"
    file.write_text(f"# {machine}\n" + table.to_csv(index=False, lineterminator="\n"), encoding="utf-8")
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else "# Bench\n"
    # \n\n## part: title … up to the next such head
    section = f"## {part}: {title}\n\n{machine}. This part took {seconds:,.0f} s.\n\n{as_markdown(table)}\n"
    head = re.compile(rf"^## {re.escape(part)}: .*?(?=^## |\Z)", re.M | re.S)
    if head.search(text):
        text = head.sub(lambda _: section + "\n", text)
    else:
        text = f"{text.rstrip()}\n\n{section}"
    PAGE.write_text(text.rstrip() + "\n", encoding="utf-8")


def plot() -> Path:
    """Every ratio, memory and exponent of the tables in build/bench that has a bound, as a point beside the bound, on a
    log axis."""
    from lcnec_utils.plots import palette

    tables = {file.stem: pd.read_csv(file, comment="#") for file in sorted(folder().glob("*.csv"))}
    rows = [
        (f"{part}: {row.what}", row.ratio / row.bound, row.met)
        for part, table in tables.items()
        for row in table[(table["ratio"] > 0) & (table["bound"] > LEAST)].itertuples()
    ]
    file = folder() / "bench.svg"
    if not rows:
        return file
    palette.apply()
    fig, ax = palette.figure(palette.PAGE_MM, 16 + 5 * len(rows))
    names, values, met = (np.array(column) for column in zip(*rows, strict=True))
    places = np.arange(len(rows))
    for word, color, marker, label in (("yes", "#117733", "o", "met"), ("no", "#AA4499", "X", "missed")):
        mine = met == word
        ax.hlines(places[mine], 1, values[mine], color=color, linewidth=0.8)
        ax.scatter(values[mine], places[mine], color=color, marker=marker, s=16, zorder=3, label=label)
    palette.legend(ax, *ax.get_legend_handles_labels())
    ax.axvline(1, color=palette.INK, linewidth=0.8, linestyle=(0, (4, 3)))
    ax.set(xscale="log", ylim=(len(rows) - 0.5, -0.5), xlabel="measured / bound (left of 1: the bound is met)")
    ax.set_yticks(places, [palette.wrap(name, 240) for name in names])
    for place, value in zip(places, values, strict=True):
        ax.annotate(f"{value:.2g}", (value, place), (4 if value >= 1 else -4, 0), textcoords="offset points",
                    ha="left" if value >= 1 else "right", va="center", fontsize=6)  # fmt: skip
    ax.margins(x=0.12)
    fig.savefig(file)
    return file
