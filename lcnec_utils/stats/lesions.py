"""The door of lesion tables for RECIST 1.1: which are refused, and which lesion is a target, non-target or normal.

One row per patient, lesion and day. `kind` is what the reader of the scans called the lesion: target, non-target, new,
node, or lesion where nobody gave it a part. `axis` is long, or short of a lymph node. Source: E. A. Eisenhauer et al.,
Eur. J. Cancer 2009;45:228 (RECIST 1.1); L. H. Schwartz et al., Eur. J. Cancer 2016;62:132 (its clarifications).
"""

import numpy as np
import pandas as pd

from lcnec_utils.core.errors import UserError

COLUMNS = ["patient", "day", "lesion", "organ", "kind", "diameter_mm", "axis"]
OPTIONAL = {"evaluable": True, "state": ""}  # column → what a table without it says of every row
TARGET, NON_TARGET, NEW, NODE, LESION = "target", "non-target", "new", "node", "lesion"
KINDS = (TARGET, NON_TARGET, NEW, NODE, LESION)
LONG, SHORT = "long", "short"
PRESENT, ABSENT, PROGRESSED, TOO_SMALL = "present", "absent", "progressed", "too small to measure"
STATES = ("", PRESENT, ABSENT, PROGRESSED, TOO_SMALL)
NORMAL = "normal"  # the part of a node that is no disease
LEAST_LONG_MM, NODE_TARGET_MM, NODE_NORMAL_MM, TOO_SMALL_MM = 10.0, 15.0, 10.0, 5.0
MOST_MM = 500.0  # beyond which a diameter is no length in millimetres
MOST_IN_ALL, MOST_PER_ORGAN = 5, 2
TOLERANCE = 1e-9  # mm: sums of measured tenths may differ from their decimal value in the last bit


def _refuse(row: pd.Series, column: str, message: str) -> None:
    raise UserError(f"lesion table, row {row.name}, column {column}: {message}")


def _first(table: pd.DataFrame, wrong: pd.Series, column: str, message: str) -> None:
    """Refuse the first row that is wrong; `{cell}`, `{lesion}` and `{patient}` of the message are that row's."""
    if wrong.any():
        row = table[wrong].iloc[0]
        _refuse(row, column, message.format(cell=row[column], lesion=row["lesion"], patient=row["patient"]))


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its numbers as numbers; refuses cells that are none, and words that no lesion table has."""
    for column in COLUMNS:
        if column not in table:
            raise UserError(f"lesion table: there is no column {column}; it needs {', '.join(COLUMNS)}")
    table = table.assign(**{name: value for name, value in OPTIONAL.items() if name not in table})
    for column in ("patient", "lesion", "organ"):
        _first(table, table[column].isna() | (table[column].astype(str).str.strip() == ""), column, "is empty; name it")
    for column, known in (("kind", KINDS), ("axis", (LONG, SHORT)), ("state", STATES)):
        named = ", ".join(word for word in known if word)
        _first(table, ~table[column].fillna("").isin(known), column, f"'{{cell}}' is unknown; write {named}")
    _first(table, ~table["evaluable"].isin([True, False]), "evaluable", "'{cell}' is neither True nor False")
    table = table.assign(state=table["state"].fillna(""))
    for column, what in (("day", "a day from the start of treatment"), ("diameter_mm", "a length in millimetres")):
        values = pd.to_numeric(table[column], errors="coerce")
        wrong = (values.isna() & table[column].notna()) | np.isinf(values)
        _first(table, wrong, column, f"'{{cell}}' is not {what}; correct it")
        table = table.assign(**{column: values.astype(float)})
    _first(table, table["day"].isna(), "day", "is empty; every measurement needs its day from the start of treatment")
    _first(table, table["diameter_mm"] < 0, "diameter_mm", "'{cell}' is negative; a lesion that is gone has 0")
    _first(table, table["diameter_mm"] > MOST_MM, "diameter_mm", f"'{{cell}}' is over {MOST_MM:g} mm; give millimetres")
    return table.assign(evaluable=table["evaluable"].astype(bool))


def _constant(table: pd.DataFrame, column: str) -> None:
    """Refuse a lesion of which a column says two things."""
    first = table.groupby(["patient", "lesion"], sort=False)[column].transform("first")
    wrong = table[column] != first
    if wrong.any():
        row, earlier = table[wrong].iloc[0], first[wrong].iloc[0]
        of = f"lesion {row['lesion']} of patient {row['patient']}"
        _refuse(row, column, f"'{row[column]}' where an earlier row of {of} has '{earlier}'; keep one")


def check_lesions(table: pd.DataFrame) -> pd.DataFrame:
    """A lesion table as the rules read it: typed, in order of patient and day, with all of COLUMNS and OPTIONAL.

    table: COLUMNS, and where known `evaluable` (False: the scan cannot tell; of a new lesion, equivocal) and `state`
    (present, absent, progressed, too small to measure). Days count from the start of treatment: a row of day 0 or
    before is of the baseline. A lesion that is too small to measure has 5 mm, one that is absent 0.

    Raises UserError in one line for a missing column, an empty or unknown cell, a diameter that is negative or over
    500 mm, a lesion with two organs, kinds or axes or with two rows on one day, a node measured along its long axis, a
    baseline target without a diameter, and a lesion first seen after the baseline that is not called new (or the
    reverse).

    >>> rows = [("P1", 0, "L1", "liver", "target", 30, "long"), ("P1", 45, "L1", "liver", "target", 20, "long")]
    >>> check_lesions(pd.DataFrame(rows, columns=COLUMNS))["diameter_mm"].to_list()
    [30.0, 20.0]
    """
    table = _typed(table)
    for column in ("organ", "kind", "axis"):
        _constant(table, column)
    twice = table.duplicated(["patient", "lesion", "day"])
    _first(table, twice, "day", "lesion {lesion} of patient {patient} has two rows on day {cell:g}; keep one")
    _first(table, (table["kind"] == NODE) & (table["axis"] != SHORT), "axis", "a node is measured by its short axis")
    size = table["diameter_mm"]
    size = size.mask(size.isna() & (table["state"] == TOO_SMALL), TOO_SMALL_MM)
    table = table.assign(diameter_mm=size.mask(size.isna() & (table["state"] == ABSENT), 0.0))
    at_baseline = table["day"] <= 0
    measured = table["kind"].isin([TARGET, NODE, LESION]) & at_baseline & table["evaluable"]
    _first(table, measured & table["diameter_mm"].isna(), "diameter_mm", "is empty at the baseline; measure the lesion")
    _first(table, at_baseline & (table["kind"] == NEW), "kind", "a lesion of the baseline is not new")
    begun = at_baseline.groupby(table["patient"]).transform("any")
    from_baseline = at_baseline.groupby([table["patient"], table["lesion"]]).transform("any")
    late = begun & ~from_baseline & (table["kind"] != NEW)
    _first(table, late, "kind", "lesion {lesion} of patient {patient} has no row at the baseline and is not called new")
    return table.sort_values(["patient", "day"], kind="stable", ignore_index=True)


def baseline(table: pd.DataFrame) -> pd.DataFrame:
    """Each lesion's last row of day 0 or before, index (patient, lesion), with its part in the assessment.

    table: as `check_lesions` gives it. Columns beside the table's own: `part` (target, non-target, or normal of a node
    under 10 mm) and `why` (the rule). A target is measurable: 10 mm along the long axis, or 15 mm along the short axis
    of a node; a node of 10 to under 15 mm is a non-target. Of the measurable lesions those that the baseline calls
    target are taken first, then nodes, and where nothing is called target all the others too; the largest first, at
    most two of an organ, nodes counting as one, and five in all.

    >>> rows = [("P1", 0, f"L{size}", "liver", "lesion", size, "long") for size in (40, 30, 20)]
    >>> baseline(check_lesions(pd.DataFrame(rows, columns=COLUMNS)))["part"].to_list()
    ['target', 'target', 'non-target']
    """
    rows = table[table["day"] <= 0].drop_duplicates(["patient", "lesion"], keep="last").copy()
    nodal, size = rows["axis"] == SHORT, rows["diameter_mm"]
    least = np.where(nodal, NODE_TARGET_MM, LEAST_LONG_MM)
    measurable = (size >= least - TOLERANCE) & rows["evaluable"]
    flagged = (rows["kind"] == TARGET).groupby(rows["patient"]).transform("any")
    may = measurable & (rows["kind"].isin([TARGET, NODE]) | ((rows["kind"] == LESION) & ~flagged))
    rank = np.where(rows["kind"] == TARGET, 0, 1)
    order = rows.assign(rank=rank, size=-size, place=np.where(nodal, "\0nodes", rows["organ"]))[may]
    order = order.sort_values(["patient", "rank", "size", "lesion"], kind="stable")
    of_organ = order.groupby(["patient", "place"]).cumcount() < MOST_PER_ORGAN
    kept = order[of_organ]
    chosen = kept.index[kept.groupby("patient").cumcount() < MOST_IN_ALL]
    rows["part"] = np.where(nodal & (size < NODE_NORMAL_MM - TOLERANCE), NORMAL, NON_TARGET)
    rows["why"] = np.where(rows["part"] == NORMAL, "node under 10 mm", "non-target by the baseline")
    small = rows["kind"].isin([TARGET, NODE, LESION]) & ~measurable & (rows["part"] != NORMAL)
    rows.loc[small, "why"] = np.where(nodal, "node of 10 to under 15 mm", "under 10 mm")[small]
    rows.loc[order.index, "why"] = "beyond two of an organ or five in all"
    rows.loc[chosen, ["part", "why"]] = TARGET, "among the largest measurable"
    rows.loc[rows.index.isin(chosen) & (rows["kind"] == TARGET), "why"] = "target by the baseline"
    return rows.set_index(["patient", "lesion"])
