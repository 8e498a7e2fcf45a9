"""The cells of a source's printed tables, each with what arithmetic says of it.

A cell is one text of a tidy table (a CSV beside the source's claims), as printed. What belongs to a trial (registry
number, N) is one cell however many rows repeat it. Its verdict joins the table's own arithmetic (`table_checks`) with
the audit's remarks on the claim that holds the cell, where one does.
"""

import collections
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from lcnec_utils.ledger.audit import SEVERITIES, Remark
from lcnec_utils.ledger.claims import Claim, Source, table_rows
from lcnec_utils.ledger.table_checks import OF_ARMS, OF_TRIALS, Check, Row, checks, figure, rules_for

COLUMNS = [
    "table", "row", "seed_line", "trial", "nct", "arm", "stratum", "column", "printed", "claim", "verdict", "rules",
    "arithmetic", "reconcile",
]  # fmt: skip
CONSISTENT, NO_FIGURE = "consistent", "no figure"
VERDICTS = (CONSISTENT, *SEVERITIES[1:], NO_FIGURE)
# What a cell may be, by table: of the trial (once, on its first row), of a printed line, of an arm
OF_TRIAL = ("nct", "phase", "section", "stage", "line_printed", "histology", "n")
OF_LINE = ("stratum",)
OF_ARM = ("orr_percent", "mpfs_months", "mos_months", "os_rate_percent", "primary_resistance_percent", "unheaded_cell")
OF_LIST = ("nct", "drug_printed", "target_printed", "phase", "patients", "status")
# The measure of a claim that holds a cell of the column; of other columns no claim holds a cell
MEASURES = {
    "n": "count", "orr_percent": "percent", "mpfs_months": "median", "mos_months": "median",
    "os_rate_percent": "percent", "primary_resistance_percent": "percent", "unheaded_cell": "percent",
    "nct": "phenotype", "stage": "phenotype", "section": "phenotype",
}  # fmt: skip
WORDED = [column for column, measure in MEASURES.items() if measure == "phenotype"]


def printed_cells(rows: list[Row]) -> Iterator[tuple[int, str]]:
    """Place of the row and column of every cell that a table prints, row by row.

    >>> row = {"trial": "A", "arm": "drug", "stratum": "All", "seed_line": "1", "nct": "NCT00000001", "phase": "II"}
    >>> row |= {"n": "10", "orr_percent": "30", "mpfs_months": "8", "mos_months": "NR"}
    >>> [column for _, column in printed_cells([row, row | {"arm": "placebo"}])][:5]
    ['nct', 'phase', 'n', 'stratum', 'orr_percent']
    """
    trials, lines, kind = set(), set(), rules_for(rows)
    for place, row in enumerate(rows if kind else ()):
        columns = list(OF_LIST if kind is OF_TRIALS else OF_ARM)
        if kind is OF_ARMS:
            line = (row["trial"], row["stratum"])
            columns = [*(OF_LINE if line not in lines else ()), *columns]
            sizes = [name for name in row if name.startswith("n_")]
            columns = [*((*OF_TRIAL, *sizes) if row["trial"] not in trials else ()), *columns]
            trials.add(row["trial"])
            lines.add(line)
        yield from ((place, column) for column in columns if row.get(column))


class _Claims:
    """The claims of a source by the line of its text, each handed out to one cell."""

    def __init__(self, source: Source):
        self.by_line: dict[int, list[Claim]] = collections.defaultdict(list)
        for claim in source.claims:
            for line in {place.line for place in claim.prints}:
                self.by_line[line].append(claim)
        self._taken: set[str] = set()

    def holding(self, row: Row, column: str) -> str:
        """The id of the claim that holds a cell: its line, measure, figure and arm (or line of treatment); or empty."""
        text, measure = row[column], MEASURES.get("n" if column.startswith("n_") else column)
        sides = {"_".join(re.findall(r"\w+", row.get(name) or "")) for name in ("arm", "line_of_therapy")}
        for claim in self.by_line.get(int(row["seed_line"]), ()):
            if claim.measure != measure or (claim.groups and not sides & set(claim.groups)):
                continue
            if measure == "phenotype":
                worded = [row[name] for name in WORDED if (row.get(name) or "\0") in claim.statement]
                held = bool(worded) and text == max(worded, key=len)  # `Advanced` is part of `Advanced consolidation`
            elif claim.value is None:
                held = text == "UK" and column == "mpfs_months"
            else:
                held = claim.value == text and claim.id not in self._taken
            if held:
                self._taken.add(claim.id)
                return claim.id
        return ""


def _spoken(remark: Remark, known: list[Check]) -> bool:
    """Whether a check of the table says what a remark says: it holds every figure of the remark's arithmetic."""
    mine = collections.Counter(re.findall(r"\d+(?:\.\d+)?", remark.arithmetic.partition("(")[0]))
    theirs = (collections.Counter(re.findall(r"\d+(?:\.\d+)?", check.arithmetic)) for check in known)
    return any(not mine - counted for counted in theirs)


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity else -1


def _verdict(row: Row, column: str, spoken: list[Check], remarks: list[Remark]) -> dict[str, str]:
    """The columns of a cell that say what arithmetic makes of it: of slips, else of notes, else of what holds."""
    worst = max([*(_rank(check.severity) for check in spoken), *(_rank(each.severity) for each in remarks), -1])
    failing = [check for check in spoken if check.severity]
    added = [each for each in remarks if not _spoken(each, failing)]
    shown = failing if failing or added else spoken
    if worst > 0:
        verdict = SEVERITIES[worst]
    else:
        verdict = CONSISTENT if spoken or remarks or figure(row[column]) is not None else NO_FIGURE
    ways = [each.reconcile for each in (*shown, *added) if each.reconcile]
    return {
        "verdict": verdict,
        "rules": " ".join(dict.fromkeys(each.rule for each in (*spoken, *remarks))),
        "arithmetic": "; ".join(dict.fromkeys(each.arithmetic for each in (*shown, *added))),
        "reconcile": "; ".join(dict.fromkeys(ways)),
    }


def cells(source: Source, remarks: Iterable[Remark], folder: Path | None = None) -> pd.DataFrame:
    """One row per printed cell of the source's tables of trials, in the tables' order, with its verdict and arithmetic.

    Columns: table (file), row (line of the CSV, whose head is line 1), seed_line (line of the source's text), trial,
    nct, arm and stratum (empty where the cell is the trial's), column, printed (the text), claim (the id that holds the
    cell, or empty), verdict (consistent, rounding, inconsistent, impossible, exponent lost, or `no figure` for a word
    on which no rule speaks), rules (every rule that read the cell), arithmetic (of slips and notes; else of what
    holds), reconcile.

    remarks: what `audit.audit` says of the source; those on a claim reach the cell that it holds, and those that name
    cells (`file:row:column`) these. folder: where the tables lie (the published claims by default). Tables of another
    kind have no rows here.

    >>> from lcnec_utils.ledger import audit, claims
    >>> review = claims.sources()["icb_resistance"]
    >>> table = cells(review, audit.audit({"icb_resistance": review}))
    >>> table.query("trial == 'PACIFIC' and printed == '447.5'")[["verdict", "reconcile"]].values.tolist()
    [['impossible', 'the decimal point, or a digit doubled: 44.75 or 47.5']]
    """
    of_claim, of_cell = collections.defaultdict(list), collections.defaultdict(list)
    for remark in remarks:
        if remark.source != source.source:
            continue
        for name in getattr(remark, "cells", ()):
            of_cell[name].append(remark)
        for id in remark.claims:
            of_claim[id].append(remark)
    found, held = [], _Claims(source)
    for table in source.tables:
        rows = table_rows(table, folder)
        by_cell = collections.defaultdict(list)
        for check in checks(rows):
            for cell in check.cells:
                by_cell[cell].append(check)
        for place, column in printed_cells(rows):
            row, number = rows[place], place + 2
            claim = held.holding(row, column)
            told = [*of_claim.get(claim, ()), *of_cell.get(f"{table.file}:{number}:{column}", ())]
            arm = column in OF_ARM
            found.append(
                {
                    "table": table.file,
                    "row": number,
                    "seed_line": int(row["seed_line"]),
                    "trial": row.get("trial") or row.get("drug_printed", ""),
                    "nct": row.get("nct", ""),
                    "arm": row.get("arm", "") if arm else "",
                    "stratum": row.get("stratum", "") if arm or column in OF_LINE else "",
                    "column": column,
                    "printed": row[column],
                    "claim": claim,
                    **_verdict(row, column, by_cell[place, column], list(dict.fromkeys(told))),
                }
            )
    return pd.DataFrame(found, columns=COLUMNS)


def summary(cells: pd.DataFrame) -> pd.DataFrame:
    """How many cells each column of each table holds, how many of them are figures and claims, and their verdicts.

    cells: of `cells`. Index table and column, in their order, and a last row per table (`all`). Columns: cells,
    figures (cells that are numbers), claims, then one per verdict.

    >>> from lcnec_utils.ledger import audit, claims
    >>> review = claims.sources()["icb_resistance"]
    >>> counts = summary(cells(review, audit.audit({"icb_resistance": review})))
    >>> counts.loc[("icb_table1.csv", "n"), ["cells", "claims", "inconsistent"]].tolist()
    [24, 24, 5]
    """
    order = list(dict.fromkeys(zip(cells["table"], cells["column"], strict=True)))
    marked = cells.assign(
        cells=1,
        figures=[int(figure(text) is not None) for text in cells["printed"]],
        claims=(cells["claim"] != "").astype(int),
        **{verdict: (cells["verdict"] == verdict).astype(int) for verdict in VERDICTS},
    )
    counted = ["cells", "figures", "claims", *VERDICTS]
    by_column = marked.groupby(["table", "column"])[counted].sum().reindex(order)
    whole = marked.assign(column="all").groupby(["table", "column"])[counted].sum()
    return pd.concat(
        [part for table in dict.fromkeys(cells["table"]) for part in (by_column.loc[[table]], whole.loc[[table]])]
    )
