"""Which lesion tables are refused, in one line, and which lesion is a target. Costs about a second."""

import pandas as pd
import pytest

from lcnec_utils.core.errors import UserError
from lcnec_utils.stats import lesions
from lcnec_utils.stats.lesions import COLUMNS

GOOD = pd.DataFrame(
    [
        ("P1", 0, "L1", "liver", "target", 30.0, "long"),
        ("P1", 45, "L1", "liver", "target", 20.0, "long"),
        ("P1", 0, "N1", "lymph node", "node", 16.0, "short"),
        ("P1", 45, "N1", "lymph node", "node", 9.0, "short"),
        ("P1", 45, "X1", "brain", "new", 7.0, "long"),
    ],
    columns=COLUMNS,
)


def changed(row: int, **cells) -> pd.DataFrame:
    table = GOOD.astype(object)
    for column, cell in cells.items():
        if column not in table:
            table[column] = pd.Series("" if column == "state" else True, table.index, dtype=object)
        table.loc[row, column] = cell
    return table


def test_a_good_table_is_taken_and_read_in_order():
    checked = lesions.check_lesions(GOOD.sample(frac=1, random_state=4))
    assert set(checked["lesion"].iloc[:2]) == {"L1", "N1"} and len(checked) == 5
    assert checked["day"].is_monotonic_increasing and checked["evaluable"].all() and (checked["state"] == "").all()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (GOOD.drop(columns="organ"), "there is no column organ; it needs patient, day, lesion"),
        (changed(1, patient=""), "row 1, column patient: is empty"),
        (changed(1, organ=None), "row 1, column organ: is empty"),
        (changed(1, kind="measurable"), "row 1, column kind: 'measurable' is unknown; write target, non-target, new"),
        (changed(1, axis="longest"), "column axis: 'longest' is unknown; write long, short"),
        (changed(1, state="smaller"), "column state: 'smaller' is unknown; write present, absent, progressed"),
        (changed(1, evaluable="perhaps"), "column evaluable: 'perhaps' is neither True nor False"),
        (changed(1, day="May"), "column day: 'May' is not a day from the start of treatment"),
        (changed(1, day=None), "column day: is empty"),
        (changed(1, diameter_mm="2 cm"), "column diameter_mm: '2 cm' is not a length in millimetres"),
        (changed(1, diameter_mm=-3), "column diameter_mm: '-3.0' is negative"),
        (changed(1, diameter_mm=30000), "column diameter_mm: '30000.0' is over 500 mm; give millimetres"),
        (changed(1, organ="lung"), "'lung' where an earlier row of lesion L1 of patient P1 has 'liver'; keep one"),
        (changed(1, kind="non-target"), "'non-target' where an earlier row of lesion L1 of patient P1 has 'target'"),
        (changed(3, axis="long"), "column axis: 'long' where an earlier row of lesion N1 of patient P1 has 'short'"),
        (changed(1, day=0), "row 1, column day: lesion L1 of patient P1 has two rows on day 0; keep one"),
        (changed(0, diameter_mm=None), "row 0, column diameter_mm: is empty at the baseline"),
        (changed(4, day=-1), "row 4, column kind: a lesion of the baseline is not new"),
        (changed(4, kind="target"), "lesion X1 of patient P1 has no row at the baseline and is not called new"),
        (GOOD.assign(axis="long"), "column axis: a node is measured by its short axis"),
    ],
)
def test_a_bad_table_is_refused_in_one_line(table, message):
    with pytest.raises(UserError) as error:
        lesions.check_lesions(table)
    assert message in str(error.value) and "\n" not in str(error.value)


def parts_of(rows: list[tuple]) -> dict[str, tuple[str, str]]:
    table = pd.DataFrame([("P1", 0, *row) for row in rows], columns=COLUMNS)
    found = lesions.baseline(lesions.check_lesions(table)).reset_index()
    return {row.lesion: (row.part, row.why) for row in found.itertuples()}


def test_nodes_are_told_by_their_short_axis():
    rows = [(f"N{size}", "lymph node", "node", size, "short") for size in (9.9, 10.0, 14.9, 15.0)]
    assert parts_of(rows) == {
        "N9.9": ("normal", "node under 10 mm"),
        "N10.0": ("non-target", "node of 10 to under 15 mm"),
        "N14.9": ("non-target", "node of 10 to under 15 mm"),
        "N15.0": ("target", "among the largest measurable"),
    }


def test_at_most_two_of_an_organ_and_five_in_all_the_flagged_first_and_the_largest():
    rows = [
        (f"{organ}{size}", organ, "target", size, "long")
        for organ in ("liver", "lung", "bone")
        for size in (40, 30, 20)
    ]
    found = parts_of(rows)
    targets = {name for name, (part, _) in found.items() if part == "target"}
    # of six that are two of an organ, the five largest; of equal size by name
    assert targets == {"liver40", "liver30", "lung40", "lung30", "bone40", "bone30"} - {"lung30"}
    assert found["lung20"] == ("non-target", "beyond two of an organ or five in all")


def test_flags_go_before_size_and_nodes_count_as_one_organ():
    rows = [
        ("A", "liver", "target", 12, "long"), ("B", "liver", "lesion", 60, "long"),
        *((name, place, "node", size, "short") for name, place, size in (
            ("N1", "neck", 30), ("N2", "axilla", 25), ("N3", "groin", 20))),
    ]  # fmt: skip
    found = {name: part for name, (part, _) in parts_of(rows).items()}
    assert found == {"A": "target", "B": "non-target", "N1": "target", "N2": "target", "N3": "non-target"}


def test_the_baseline_is_each_lesions_last_row_of_day_0_or_before():
    rows = [("P1", day, name, organ, "target", size, "long") for day, name, organ, size in (
        (-20, "L1", "liver", 50), (-3, "L1", "liver", 44), (-9, "L2", "lung", 30), (45, "L1", "liver", 20),
    )]  # fmt: skip
    found = lesions.baseline(lesions.check_lesions(pd.DataFrame(rows, columns=COLUMNS)))
    assert found["diameter_mm"].to_dict() == {("P1", "L1"): 44.0, ("P1", "L2"): 30.0}
