"""Small counts of real patients: withheld in tables, sentences, figures and answers, and not to be told from the rest.
About two seconds."""

import itertools

import matplotlib
import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.findings import Finding, of_count, of_share
from lcnec_utils.ledger import verdicts
from lcnec_utils.run import page, records, suppression

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402

BELOW = 5


def shares(*counts: int, n: int = 20) -> pd.DataFrame:
    """Shares of a whole, as proportions.shares gives them."""
    names = [f"class {place}" for place in range(len(counts))]
    rows = {"group": "all", "what": names, "k": counts, "n": n, "share": np.array(counts) / n, "lower": 0.1}
    return pd.DataFrame(rows)


def solutions(table: pd.DataFrame, n: int) -> list[set[int]]:
    """For each withheld count, every value that it can have by the sum of the whole alone."""
    open_cells = list(np.flatnonzero(table["k"].isna()))
    rest = n - int(table["k"].sum())
    fits = [values for values in itertools.product(range(rest + 1), repeat=len(open_cells)) if sum(values) == rest]
    return [{values[place] for values in fits} for place in range(len(open_cells))]


@pytest.mark.parametrize("counts", [(3, 6, 11), (1, 9, 10), (4, 16), (2, 3, 15), (0, 3, 17), (4, 4, 4, 8)])
def test_no_small_count_of_a_whole_can_be_told_from_the_others_and_their_sum(counts):
    shown, cells, more = suppression.table(shares(*counts), BELOW)
    assert cells >= 2 or len(counts) == 2 and cells and more
    assert not shown["k"].between(1, BELOW - 1).any()
    assert all(len(values) > 1 for values in solutions(shown, 20))
    gone = shown["k"].isna()
    assert shown.loc[gone, ["share", "lower"]].isna().all(axis=None), "a share and its limits tell its count"
    assert shown.loc[~gone, "share"].notna().all()


def test_a_count_of_none_and_large_ones_stay_and_nothing_else_changes():
    table = shares(0, 8, 12)
    shown, cells, more = suppression.table(table, BELOW)
    assert (cells, more) == (0, False)
    pd.testing.assert_frame_equal(shown, table, check_dtype=False)


def test_a_count_that_leaves_few_of_its_whole_goes_too():
    """18 of 20 says that two are otherwise."""
    two = pd.DataFrame({"gene": ["TP53", "RB1"], "k_1": [18, 9], "n_1": [20, 20], "k_2": [7, 19], "n_2": [14, 21],
                        "share_1": [0.9, 0.45], "p": [0.1, 0.2]})  # fmt: skip
    shown, cells, _ = suppression.table(two, BELOW)
    assert np.isnan(shown["k_1"][0]) and shown["k_1"][1] == 9 and np.isnan(shown["k_2"][1]) and cells == 2
    assert shown["p"].isna().all() and shown["n_1"].tolist() == [20, 20]


def test_a_flow_does_not_tell_by_its_steps_who_left():
    names = {"step": ["all", "with outcome", "treated"], "parent": ["", "all", "all"]}
    steps = pd.DataFrame(names | {"n": [217, 214, 180], "left": [np.nan, 3, 37]})
    shown, _, _ = suppression.table(steps, BELOW)
    assert np.isnan(shown.loc[1, "n"]) and np.isnan(shown.loc[1, "left"]) and shown.loc[0, "n"] == 217


def test_table_one_is_closed_along_rows_and_columns():
    """Levels add up to their group, groups to all patients: a single cell that went could be told either way."""
    cells = {"all (n = 60)": ["22/60 (37%)", "38/60 (63%)"], "A (n = 24)": ["3/24 (13%)", "21/24 (88%)"],
             "B (n = 36)": ["19/36 (53%)", "17/36 (47%)"]}  # fmt: skip
    table = pd.DataFrame({"characteristic": "Sex", "level": ["Female", "Male"], **cells, "p": [0.02, np.nan]})
    shown, _, _ = suppression.table(table, BELOW)
    assert shown["all (n = 60)"].tolist() == cells["all (n = 60)"]
    assert (shown[["A (n = 24)", "B (n = 36)"]] == suppression.WITHHELD).all(axis=None)
    few = table.rename(columns={"A (n = 24)": "A (n = 4)"})
    assert (suppression.table(few, BELOW)[0]["A (n < 5)"] == suppression.WITHHELD).all()


def test_numbers_at_risk_go_one_by_one_with_what_the_curve_is_there_and_leave_the_figure():
    at_times = {"at_risk_12": [20, 22], "survival_12": [0.5, 0.6], "at_risk_24": [3, 9], "survival_24": [0.1, 0.4]}
    curves = pd.DataFrame({"group": ["A", "B"], "n": [40, 50], "events": [20, 30], **at_times, "hr": [1.2, 1.0]})
    shown, cells, more = suppression.table(curves, BELOW)
    assert (cells, more) == (1, False)
    assert shown.loc[0, ["at_risk_24", "survival_24"]].isna().all() and shown.loc[0, "hr"] == 1.2
    assert shown.loc[1].equals(curves.loc[1].astype(shown.loc[1].dtype))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("n = 3", "n < 5"), ("n = 30", "n = 30"), ("3/14 (21%)", "withheld/14"), ("12/14 (86%)", "withheld/14"),
        ("7/14 (50%)", "7/14 (50%)"), ("2 of the 12", "withheld of 12"), ("5 of 12", "5 of 12"),
        ("4 patients have none", "fewer than 5 patients have none"), ("1 mutation row", "fewer than 5 mutation row"),
        ("HR 2 (1–4)", "HR 2 (1–4)"), ("at 3 months", "at 3 months"), ("1,204 patients", "1,204 patients"),
    ],
)  # fmt: skip
def test_a_sentence_says_of_a_small_count_that_it_is_one(said, shown):
    assert suppression.sentence(said, BELOW) == shown


def test_answers_on_few_go_and_where_one_went_alone_the_next():
    found = {"a": [of_share(3, 20, 0.03, 0.38)], "b": [of_share(8, 20, 0.2, 0.6)], "c": [of_share(9, 20, 0.2, 0.7)]}
    assert suppression.answers(found, BELOW) == {"a", "b"}
    assert suppression.answers({"n": [of_count(4)], "m": [of_count(30)]}, BELOW) == {"n", "m"}
    assert suppression.answers({"hr": [Finding(1.4, n=90, events=60, smallest=3)]}, BELOW) == {"hr"}
    assert suppression.answers({"hr": [Finding(1.4, n=90, events=60, smallest=30)]}, BELOW) == set()
    assert suppression.answers(found, 0) == set()


# --- on a page

PANELS = {
    "one": {"title": "First", "source": "s", "roles": ["cohort"], "notebook": "02_outcomes", "aggregate": True},
    "two": {"title": "Second", "source": "s", "roles": ["cohort"], "notebook": "02_outcomes", "aggregate": False},
}
CLAIM = "lcnec.fig1a.n.chemotherapy"


@pytest.fixture
def drawn(own_study, tmp_path, monkeypatch):
    """A function that draws both panels on a study of eight patients: the page, its record and what it showed."""
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    monkeypatch.setattr(records, "panels_of", lambda notebook: PANELS)
    seen = []
    monkeypatch.setattr("IPython.display.display", lambda *args, **more: seen.extend(args))

    def draw(simulated: bool = False, **values):
        names = {"run": "mine", "cohort": str(own_study), "icb": "", **values}
        sheet = page.Page("02_outcomes", names)
        for id in PANELS:
            with sheet.panel(id) as panel:
                sheet.cohort("cohort").study["simulated"] = simulated
                fig, ax = plt.subplots()
                ax.set_title("n = 8")
                ax.text(0.5, 0.5, "3")
                table = pd.DataFrame({"group": ["A", "B"], "k": [3, 5], "n": [8, 8], "share": [3 / 8, 5 / 8]})
                panel.save(
                    fig, table, says="Response in 3/8 (38%).", rows=pd.DataFrame({"PATIENT_ID": ["A1"], "x": [1]})
                )
                sheet.claim_if_printed(CLAIM, of_count(3))
        sheet.finish()
        return sheet, records.read_record("mine", "02_outcomes"), seen

    return draw


def everything(folder) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in folder.rglob("*") if path.is_file())


def test_a_run_that_withholds_leaves_no_small_count_anywhere(drawn, tmp_path):
    _, record, seen = drawn(suppress_below=BELOW)
    assert list(record["drawn"]) == ["one"]
    assert record["skipped"] == {"two": suppression.OF_SINGLE.format(BELOW)}
    folder = tmp_path / "out" / "figures" / "mine"
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "one.csv", "one.png", "one.svg"]
    table = pd.read_csv(folder / "one.csv", comment="#")
    assert table["k"].isna().all() and table["share"].isna().all() and table["n"].tolist() == [8, 8]
    said = " ".join(getattr(each, "data", "") or "" for each in seen if isinstance(getattr(each, "data", ""), str))
    for text in (everything(folder), said, str(record)):
        assert "3/8" not in text and "38%" not in text and ">3<" not in text
    assert "is withheld" in said and "is withheld" in (folder / "one.svg").read_text()


def test_off_it_changes_no_byte_and_simulated_patients_are_nobody(drawn, tmp_path):
    drawn()
    plain = {path.name: path.read_bytes() for path in (tmp_path / "out" / "figures" / "mine").iterdir()}
    drawn(suppress_below=0)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out" / "figures" / "mine").iterdir()} == plain
    assert "one.rows.csv" in plain and "two.svg" in plain
    _, record, _ = drawn(simulated=True, suppress_below=BELOW)
    assert list(record["drawn"]) == ["one", "two"]
    assert pd.read_csv(tmp_path / "out" / "figures" / "mine" / "one.csv", comment="#")["k"].tolist() == [3, 5]


def test_an_answer_on_few_is_not_computable_and_says_why_without_its_count(drawn, monkeypatch):
    from lcnec_utils.ledger import claims
    from lcnec_utils.run import roles

    monkeypatch.setattr(roles, "holds_own_patients", lambda cohort, claim: True)
    monkeypatch.setattr(page.Page, "_mismatch", lambda *_: (None, ""))
    assert CLAIM in claims.published()
    _, record, _ = drawn(suppress_below=BELOW)
    answer = record["findings"][CLAIM]
    assert answer["verdict"] == verdicts.NOT_COMPUTABLE and answer["findings"] == []
    assert answer["reason"] == suppression.OF_FEW.format(BELOW)
    _, record, _ = drawn()
    assert record["findings"][CLAIM]["findings"][0]["n"] == 3
