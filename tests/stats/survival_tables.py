"""Survival tables that the tests of stats/survival.py, stats/cox.py and stats/comparison.py share."""

import numpy as np
import pandas as pd

from tests import golden

GOLDEN = golden.read("survival")
NAN = float("nan")


def same(ours, theirs, tolerance: float = 1e-6) -> None:
    """Equal to a relative and an absolute tolerance, NaN where the other is NaN."""
    golden.same(ours, theirs, tolerance, tolerance)


def table_of(name: str, text: tuple[str, ...] | list[str] = ()) -> pd.DataFrame:
    """A data set of the golden as a survival table; the columns in text as words, the way a cohort holds groups."""
    columns = dict(GOLDEN["sets"][name])
    table = pd.DataFrame(
        {
            "months": golden.numbers(columns.pop("time")),
            "event": golden.numbers(columns.pop("event")).astype(bool),
        },
    )
    for key, values in columns.items():
        words = key in text or any(isinstance(value, str) for value in values)
        table[key] = [None if value is None else str(value) for value in values] if words else golden.numbers(values)
    return table


def case_of(entry: dict) -> tuple[pd.DataFrame, str | None]:
    """The table of a golden's entry and its column of groups."""
    column = entry["column"] or None
    return table_of(entry["set"], [column] if column else []), column


def by_name(entry: dict) -> str:
    """The name of a golden's entry as a test's id."""
    parts = [entry["set"], entry.get("column") or "", entry.get("limits") if "reverse" in entry else ""]
    return " ".join(part for part in [*parts, "reversed" if entry.get("reverse") else ""] if part)


def small(months, event, **columns) -> pd.DataFrame:
    """A table of a few patients."""
    return pd.DataFrame({"months": np.array(months, float), "event": np.array(event, bool), **columns})


def with_few(name: str = "ties", months=(2, 4), event=(1, 1)) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A data set of the golden, and the same with patients of a group `rare` added."""
    table = table_of(name)
    extra = small(months, event, group=["rare"] * len(months), dose=5.0)
    return table, pd.concat([table, extra], ignore_index=True)
