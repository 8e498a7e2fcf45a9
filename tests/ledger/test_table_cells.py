"""The review's two tables cell by cell: against its text by a second reading, and with the audit's verdict of each.

About 2 s, most of it reading the claims.
"""

import csv
import re

import pytest

from lcnec_utils.core import paths
from lcnec_utils.ledger import audit, claims, table_cells

REVIEW = claims.sources()["icb_resistance"]
REMARKS = audit.audit({"icb_resistance": REVIEW})
CELLS = table_cells.cells(REVIEW, REMARKS)
TABLE_1, TABLE_2 = "icb_table1.csv", "icb_table2.csv"
HISTOLOGIES = {"NSQ": "n_nsq", "SQ": "n_sq", "ANSQ": "n_ansq", "other": "n_other", "UK": "n_uk"}


def rows_of(name: str) -> list[dict[str, str]]:
    with open(paths.PUBLISHED / name, encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


# --- the tables are the text's: a second reading, by tabs and `vs.` --------------------------------------------


@pytest.fixture(scope="module")
def lines(sources_dir) -> list[str]:
    return (sources_dir / REVIEW.seed).read_text(encoding="utf-8").split("\n")


def mark(cell: str) -> str:
    """The mark at the end of a cell: † and * in brackets, a letter raised."""
    marked = re.search(r"\[([†*])\]|\^([A-D])\s*$", cell)
    return (marked[1] or marked[2]) if marked else ""


def values(cell: str, arms: list[int]) -> list[list[str]]:
    """What a cell prints for each stratum and arm; a single word or figure is of every arm."""
    bare = re.sub(r"\s*(\[[†*]\]|\^[A-D])|\(\d+-year: [\d.]+%\)", "", cell).replace("-vs.", "- vs.").strip()
    strata = re.split(r"(?<!vs\.)\s+(?!vs\.)", bare) if bare else [""] * len(arms)
    assert len(strata) == len(arms), cell
    each = [[part.strip() for part in stratum.split("vs.")] for stratum in strata]
    spread = [parts * n if len(parts) == 1 else parts for parts, n in zip(each, arms, strict=True)]
    return [parts + [""] * (n - len(parts)) for parts, n in zip(spread, arms, strict=True)]


def trials(lines: list[str]):
    """Number, cells and the cells of the trial's first line, section by section, of every printed line of Table 1."""
    start = next(i for i, line in enumerate(lines) if line.startswith("Table 1."))
    end = next(i for i, line in enumerate(lines) if line.startswith("^{*}P"))
    section, trial = "", []
    for number in range(start + 5, end + 1):
        cells = [cell.strip() for cell in lines[number - 1].split("\t")]
        if not any(cells):
            continue
        if not any(cells[1:]):
            section = cells[0]
            continue
        cells += [""] * (13 - len(cells))
        trial = cells if cells[1] else trial
        yield number, section, cells, trial


def test_every_line_of_table_1_is_in_the_csv_and_no_other(lines):
    printed = [number for number, *_ in trials(lines)]
    assert printed == sorted({int(row["seed_line"]) for row in rows_of(TABLE_1)}) and len(printed) == 48
    assert len({trial[1] for *_, trial in trials(lines)}) == 24


def test_the_trials_of_table_1_are_the_texts_column_by_column(lines):
    """Study, registry number, section, phase, stage, line, exclusion, N, histologies and their numbers."""
    rows = rows_of(TABLE_1)
    for number, section, cells, trial in trials(lines):
        head = re.match(r"(.+?) et al\. \^\[[\d,]+\] (\d{4}) \((NCT\d+)\)$", trial[0])
        stage, line = trial[6].split("; ")
        printed, *excluded = trial[5].split("; ")
        sizes = dict(re.findall(r"(\w+) \(n = (\d+)\)", printed)) if cells[1] else {}
        expected = {
            "study": f"{head[1]} {head[2]}", "nct": head[3], "section": section, "phase": trial[4], "stage": stage,
            "line_printed": line, "egfr_alk_excluded": "yes" if excluded == ["EGFR/ALK excluded"] else "",
            "histology": re.sub(r" \(n = \d+\)", "", printed), "n": trial[3].replace(",", "") if cells[1] else "",
            **{column: sizes.get(name, "") for name, column in HISTOLOGIES.items()},
        }  # fmt: skip
        own = [row for row in rows if int(row["seed_line"]) == number and row["trial"] == row["printed_row"]]
        assert own and all(row["trial"] == trial[1] for row in own)
        for row in own:
            assert {name: row[name] for name in expected} == expected, number


def test_the_outcomes_of_table_1_are_the_texts_arm_by_arm(lines):
    """ORR, PFS, OS, rates, primary resistance, marks, strata and arms; a line of two strata holds two trials."""
    rows = rows_of(TABLE_1)
    for number, _, cells, trial in trials(lines):
        here = [row for row in rows if int(row["seed_line"]) == number]
        strata = list(dict.fromkeys((row["trial"], row["stratum"]) for row in here))
        of = [[row for row in here if (row["trial"], row["stratum"]) == each] for each in strata]
        assert re.findall(r"PD-L1 [<≥] \d+%|PD-L1 \d+%-\d+%|All", cells[7]) == [name for _, name in strata]
        for (name, _), arms in zip(strata, of, strict=True):
            if name == trial[1]:
                assert [row["arm_printed"] for row in arms] == [arm.strip() for arm in trial[2].split("vs.")]
        for column, cell in zip(("orr_percent", "mpfs_months", "mos_months"), cells[8:11], strict=True):
            assert {row[column.split("_")[0] + "_mark"] for row in of[-1]} == {mark(cell)}, number
            if column == "mos_months" and (rates := re.findall(r"([\d.]+)%", cell)):
                assert [row["os_rate_percent"] for row in here if row["os_rate_percent"]] == rates
                cell = cell if "(" in cell else ""
            printed = values(cell, [len(arms) for arms in of])
            assert [[row[column] for row in arms] for arms in of] == printed, (number, column)
        assert [r["primary_resistance_percent"] for r in here if r["primary_resistance_percent"]] == (
            [cells[11]] if cells[11] else []
        )
        assert [row["unheaded_cell"] for row in here if row["unheaded_cell"]] == [x for x in cells[12].split("/") if x]


def test_table_2_is_the_texts_column_by_column(lines):
    start = next(i for i, line in enumerate(lines) if line.startswith("Table 2."))
    printed, category = [], ""
    for number in range(start + 4, start + 4 + 21):
        head, *cells = [cell.strip() for cell in lines[number - 1].split("\t")]
        category = head or category
        printed.append([str(number), category, *cells])
    columns = ("seed_line", "category", "drug_printed", "target_printed", "nct", "phase", "patients", "status")
    assert [[row[column] for column in columns] for row in rows_of(TABLE_2)] == printed
    assert not lines[start + 4 + 21 - 1].strip(), "the table ends here"
    for row in rows_of(TABLE_2):  # our reading of the words
        assert (row["icb_naive"] == "yes") == ("naive" in row["patients"])
        assert (row["icb_pretreated"] == "yes") == bool(re.search("pretreated|after ICI", row["patients"]))


# --- one row per printed cell ----------------------------------------------------------------------------------


def test_every_printed_cell_of_24_and_21_trials_has_one_row_and_a_verdict():
    first, second = (CELLS[CELLS["table"] == name] for name in (TABLE_1, TABLE_2))
    assert (first["trial"].nunique(), first["nct"].nunique(), second["trial"].nunique()) == (24, 23, 21)
    assert not CELLS.duplicated(["table", "row", "column"]).any()
    assert set(CELLS["verdict"]) <= set(table_cells.VERDICTS)
    for _, cell in CELLS.iterrows():
        assert rows_of_cell(cell) == cell["printed"] != ""
    outcomes = [row[column] for row in rows_of(TABLE_1) for column in table_cells.OF_ARM if row[column]]
    assert len(first[first["column"].isin(table_cells.OF_ARM)]) == len(outcomes)


ROWS = {name: rows_of(name) for name in (TABLE_1, TABLE_2)}


def rows_of_cell(cell) -> str:
    return ROWS[cell["table"]][cell["row"] - 2][cell["column"]]


def test_every_number_of_table_1_was_met_by_arithmetic():
    figures = CELLS[CELLS["printed"].str.fullmatch(r"[\d.]+")]
    assert len(figures) > 300 and (figures["rules"] != "").all() and (figures["arithmetic"] != "").all()
    assert "no figure" not in set(figures["verdict"])


def test_every_claim_on_a_cell_stands_at_its_cell_with_the_same_figure():
    of_table = {claim.id: claim for claim in REVIEW.claims if claim.line in set(CELLS["seed_line"]) and claim.value}
    held = CELLS[CELLS["claim"].isin(of_table)].set_index("claim")["printed"]
    assert held.index.is_unique and set(held.index) == set(of_table)
    assert {id: of_table[id].value for id in held.index} == held.to_dict()


def test_the_worse_of_table_and_claim_is_the_cells_verdict():
    """A claim's own audit value is never better than its cell's."""
    ranks = {name: rank for rank, name in enumerate(("consistent", *audit.SEVERITIES[1:]))}
    of_claims = audit.of_claims({"icb_resistance": REVIEW}, REMARKS)
    for _, cell in CELLS[CELLS["claim"] != ""].iterrows():
        assert ranks[cell["verdict"]] >= ranks[of_claims[cell["claim"]]], cell["claim"]


def test_every_remark_of_the_audit_on_tables_is_told_by_a_cell():
    """The audit's own rules on tables and the cells read the same figures."""
    numbers = r"\d+(?:\.\d+)?"
    told = [set(re.findall(numbers, text)) for text in CELLS["arithmetic"].unique()]
    for remark in REMARKS:
        if remark.rule in ("table_sum", "table_medians", "table_registry", "table_arms", "table_strata"):
            asked = set(re.findall(numbers, remark.arithmetic))
            assert any(asked <= figures for figures in told), remark.arithmetic


@pytest.mark.parametrize(
    ("trial", "column", "printed", "verdict", "words"),
    [
        ("Checkmate 227", "mpfs_months", "17.1", "impossible", "17.1 exceeds median OS 5.1"),
        ("Checkmate 227", "mos_months", "5.6", "impossible", "14.9 exceeds median OS 5.6"),
        ("Checkmate 026", "n", "423", "inconsistent", "412 + 129 = 541"),
        ("Keynote 042", "n_sq", "492", "inconsistent", "782 + 492 = 1274"),
        ("Keynote 001", "n_ansq", "7", "inconsistent", "401 + 85 + 7 = 493"),
        ("Keynote 010", "n_uk", "10", "inconsistent", "724 + 222 + 25 + 10 = 981"),
        ("PACIFIC", "n", "709", "inconsistent", "387 + 326 = 713"),
        ("PACIFIC", "mos_months", "447.5", "impossible", "447.5 months exceeds 120"),
        ("COAST", "orr_percent", "17.9", "inconsistent", "3 arms, fewer values"),
        ("COAST", "unheaded_cell", "6.5", "inconsistent", "10, 6.5, 16.4 stand under no head"),
        ("RATIONALE 304", "nct", "NCT03663205", "inconsistent", "RATIONALE 304 and RATIONALE 303"),
        ("Keynote 091", "line_printed", "consolidation", "inconsistent", "under the head 'Adjuvant therapy'"),
        ("Keynote 001", "orr_percent", "19.40", "rounding", "96/495 = 19.39%"),
        ("Keynote 024", "orr_percent", "44.8", "consistent", "69/154 and 42/151"),
        ("Keynote 091", "n_sq", "416", "consistent", "761 + 416 = 1177"),
        ("Keynote 021", "primary_resistance_percent", "3", "consistent", "55 + 3 = 58%"),
        ("IMpower010", "os_rate_percent", "74.8", "consistent", "74.8% alive at 60 months, median OS NR"),
    ],
)
def test_slips_known_of_the_table_and_cells_known_to_hold(trial, column, printed, verdict, words):
    at = CELLS[(CELLS["trial"] == trial) & (CELLS["column"] == column) & (CELLS["printed"] == printed)]
    assert len(at) == 1 and at["verdict"].item() == verdict and words in at["arithmetic"].item()


def test_a_cell_takes_the_remark_that_names_it_and_no_other_source_s(tmp_path):
    text = "seed_line,trial,nct,stratum,arm,n,orr_percent,mpfs_months,mos_months\n8,A,NCT00000001,All,x,20,30,5,17\n"
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    claim = {"panel": "p", "statement": "a printed figure", "kind": "number", "measure": "median", "scope": "own"}
    claim |= {"id": "x.os", "value": "17", "groups": ["x"], "prints": [{"line": 8, "numbers": ["17"]}]}
    tables = [{"file": "t.csv", "numeric": []}]
    source = claims.Source(source="x", seed="", reference="", claims=[claim], tables=tables)
    of_claim = audit.Remark("x", "same", "inconsistent", ("x.os",), "17 against 71 in the text")
    elsewhere = audit.Remark("y", "same", "impossible", ("x.os",), "of another source")
    table = table_cells.cells(source, [of_claim, elsewhere], tmp_path).set_index("column")
    assert table.loc["mos_months", ["claim", "verdict"]].tolist() == ["x.os", "inconsistent"]
    assert "17 against 71" in table.loc["mos_months", "arithmetic"]
    assert set(table.drop("mos_months")["verdict"]) == {"consistent", "no figure"}


def test_the_summary_counts_what_the_cells_are():
    counts = table_cells.summary(CELLS)
    for name in (TABLE_1, TABLE_2):
        columns = counts.loc[name].drop("all")
        assert columns.sum().equals(counts.loc[(name, "all")])
        assert counts.loc[(name, "all"), "cells"] == (CELLS["table"] == name).sum()
    assert (counts[list(table_cells.VERDICTS)].sum(axis=1) == counts["cells"]).all()
    assert counts.loc[(TABLE_1, "n_sq"), ["cells", "figures", "claims", "inconsistent"]].tolist() == [16, 16, 16, 5]
