"""Sentences of a text on a table of its own: ends of ranges, and kinds of rows called higher."""

import pytest

from lcnec_utils.ledger import claims
from tests.ledger.printed_claims import claim, percent, said, tabled

SOURCES, SOURCE = claims.sources(), "icb_resistance"
HEAD = "seed_line,trial,line,kind,resistance\n"
TABLE = HEAD + "1,A,1st,mono,27\n2,B,1st,both,3\n3,C,1st,both,UK\n4,D,2nd,mono,44\n"


def end(flag: str, value: str, **wanted: list[str]) -> dict:
    return percent(flag, value=value, flags=[flag], groups=["g"], cells={"resistance": [wanted]})


FIRST, SECOND = {"line": ["1st"]}, {"line": ["2nd"]}


OTHER = {"lowest": "highest", "highest": "lowest"}


@pytest.mark.parametrize(
    ("flag", "value", "slip"),
    [
        ("lowest", "3", None),
        ("highest", "27", None),
        ("lowest", "3.0", None),
        ("highest", "26", "27 (A)"),
        ("lowest", "9", "3 (B)"),
    ],
)
def test_the_ends_of_a_range_are_those_of_the_rows(tmp_path, flag, value, slip):
    remarks = tabled(tmp_path, TABLE, end(flag, value, **FIRST), end(OTHER[flag], "44", **SECOND))
    assert said(remarks) == ([("table_extremes", "inconsistent")] if slip else [])
    assert not slip or slip in remarks[0].arithmetic


def test_a_figure_that_no_range_covers_is_noted_and_a_kind_without_a_row(tmp_path):
    (remark,) = tabled(tmp_path, TABLE, end("lowest", "3", **FIRST))
    assert (remark.severity, "44 (D) belong to no range" in remark.arithmetic) == ("note", True)
    whole = [end("lowest", "3", **FIRST), end("highest", "44", line=["2nd"], kind=["mono", "both"])]
    (remark,) = tabled(tmp_path, TABLE, *whole)
    assert "no row of 2nd has a figure for both" in remark.arithmetic and remark.claims == ("x.highest",)


def test_a_range_of_rows_without_a_figure_is_inconsistent(tmp_path):
    (remark, _) = tabled(tmp_path, TABLE, end("lowest", "3", line=["3rd"]))
    assert remark.severity == "inconsistent" and "rows without a figure" in remark.arithmetic


def ordered(direction: str, *wanted: dict) -> dict:
    given = claim(kind="direction", measure="direction", groups=["g", "h"], cells={"resistance": [*wanted]})
    return {**given, "direction": direction}


def test_of_rows_called_higher_each_is_higher_than_each_of_the_others(tmp_path):
    assert tabled(tmp_path, TABLE, ordered("greater", SECOND, FIRST)) == []
    (remark,) = tabled(tmp_path, TABLE, ordered("less", {"kind": ["mono"]}, {"kind": ["both"]}))
    assert (remark.rule, remark.severity) == ("table_order", "note")
    assert "44 (D) is not lower than 3 (B)" in remark.arithmetic and remark.reconcile.startswith("another comparator")


def test_an_order_of_medians_that_some_rows_break_is_said_to_hold_of_medians(tmp_path):
    table = HEAD + "1,A,1,both,22.7\n2,B,1,both,9\n3,C,1,both,3\n4,D,1,mono,20.9\n5,E,1,mono,27\n"
    (remark,) = tabled(tmp_path, table, ordered("less", {"kind": ["both"]}, {"kind": ["mono"]}))
    assert "22.7 (A) is not lower than 20.9 (D)" in remark.arithmetic and "medians 9 of 3 rows" in remark.arithmetic
    assert remark.reconcile == "holds of the medians, not row by row"


def test_a_comparator_of_which_the_table_has_no_figure_says_nothing(tmp_path):
    assert tabled(tmp_path, TABLE, ordered("less", FIRST, {"line": ["3rd"]})) == []


def test_the_rows_that_a_published_claim_means_are_in_its_table():
    """A word that no row has would silently mean no row."""
    meant = [claim for source in SOURCES.values() for claim in source.claims if claim.cells]
    assert meant
    for each in meant:
        rows = [row for table in SOURCES[SOURCE].tables for row in claims.table_rows(table)]
        for column, wanted in each.cells.items():
            for name, word in ((name, word) for row in wanted for name, words in row.items() for word in words):
                assert [row for row in rows if column in row and row[name] == word], (each.id, name, word)
