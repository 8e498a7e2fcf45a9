"""Published workbooks: a layout or a code other than the documented one is refused in one line."""

import pandas as pd
import pytest

from lcnec_utils.core.errors import UserError
from lcnec_utils.public import workbooks


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.xlsx"
    pd.DataFrame({"ID": [1, 2], "Sex": [" F", "M"]}).to_excel(path, sheet_name="Patients", index=False)
    return path


def test_columns_come_in_the_order_asked_for(book):
    assert list(workbooks.read_sheet(book, "Patients", ["Sex", "ID"])) == ["Sex", "ID"]


@pytest.mark.parametrize(
    ("sheet", "columns", "said"),
    [
        ("Samples", ["ID"], "book.xlsx has no sheet 'Samples'; use the registered file"),
        ("Patients", ["ID", "Age"], "book.xlsx, sheet Patients: no column Age; use the registered file"),
    ],
)
def test_another_layout_is_one_line(book, sheet, columns, said):
    with pytest.raises(UserError) as error:
        workbooks.read_sheet(book, sheet, columns)
    assert str(error.value) == said


def test_an_unknown_word_is_named_and_counted():
    cells = pd.Series(["SCLC_like", "mixed", "mixed", "not available"])
    with pytest.raises(UserError, match=r"^S6: 'mixed' \(2\) has no documented meaning; use the registered file$"):
        workbooks.by_vocabulary(cells, "subtype", "S6")
    known = workbooks.by_vocabulary(cells.replace("mixed", "Other"), "subtype", "S6")
    assert known[:3].tolist() == ["SCLC-like", "Unclassified", "Unclassified"] and pd.isna(known[3])


def test_an_event_is_one_and_two_is_none():
    assert workbooks.status(pd.Series([0.0, 1.0]), "OS", "here").tolist() == ["0:LIVING", "1:DECEASED"]
    with pytest.raises(UserError, match="'2' "):
        workbooks.status(pd.Series([1, 2]), "OS", "here")
