"""Lesions as a study holds them: a timeline, a plain table, CDISC's domains; read to one table, or refused in one line.

About 2 s.
"""

import pandas as pd
import pytest

from lcnec_utils.cohort import lesions
from lcnec_utils.cohort.dictionary import COLUMNS
from lcnec_utils.cohort.model import CohortError, Reading
from lcnec_utils.cohort.read import check_study, read_study
from lcnec_utils.cohort.write import write_study
from lcnec_utils.core.errors import MissingData
from lcnec_utils.run import inventory
from lcnec_utils.stats import response
from tests.cohort.xport import xport

PLAIN = """patient,day,lesion,organ,kind,diameter_mm,axis
P1,-3,L1,Liver,target,30,long
P1,45,L1,Liver,target,too small to measure,long
P1,-3,N1,LYMPH NODE,node,16,short
P1,45,N1,LYMPH NODE,node,9,short
P1,-3,X1,"Lung, right lower lobe",non-target,present,long
P1,45,X1,"Lung, right lower lobe",non-target,absent,long
P2,0,L1,hepatic,Target,22,
P2,50,L1,hepatic,Target,NE,
"""


def folder_with(tmp_path, **files: str):
    for name, text in files.items():
        (tmp_path / name.replace("_csv", ".csv")).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def plain(tmp_path):
    return folder_with(tmp_path, lesions_csv=PLAIN)


def test_a_folder_with_a_plain_table_alone_is_a_cohort(plain):
    cohort = read_study(plain)
    table = cohort.need_lesions()
    assert list(table) == lesions.LESION_COLUMNS and len(table) == 8
    assert list(cohort.patients.index) == ["P1", "P2"] and cohort.samples.empty
    assert set(table["organ"]) == {"liver", "lymph node", "lung"}
    assert table["state"].to_list() == ["", "too small to measure", "", "", "present", "absent", "", ""]
    assert table["evaluable"].to_list() == [True] * 7 + [False]
    assert any("2 rows without an axis" in note for note in cohort.notes)
    assert cohort.lacks(["lesion measurements"]) == []
    visits = response.assess(table).visits
    assert visits.loc[visits["organ"] == response.OVERALL, "response"].to_list() == ["PR", "NE"]


def test_one_file_of_any_name_is_a_cohort_too(tmp_path):
    path = tmp_path / "my scans.csv"
    path.write_text(PLAIN, encoding="utf-8")
    assert len(read_study(path).lesions) == 8


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("P1,45,L1,Liver,target,too small to measure", "P1,45,L1,Liver,target,tiny",
         r"row 3, column diameter_mm: 'tiny' is no length in mm"),
        ("P1,45,N1", "P1,later,N1", r"row 5, column day: 'later' is no day from the start of treatment"),
        ("organ", "site", r"column organ: is missing; a table of lesions needs patient, day, lesion"),
        ("P2,0,L1,hepatic,Target", "P2,0,L1,hepatic,main",
         r"row 8, column kind: 'main' \(1\): not understood; write target"),
        ("P2,50,L1", ",50,L1", r"row 9, column patient: is empty"),
        ("P1,-3,N1,LYMPH NODE,node,16,short", "P1,-3,N1,LYMPH NODE,node,16,wide",
         r"row 4, column axis: 'wide' \(1\): not understood"),
    ],
)  # fmt: skip
def test_a_bad_plain_table_is_refused_in_one_line(tmp_path, old, new, message):
    folder = folder_with(
        tmp_path, lesions_csv=PLAIN.replace(old, new, 1) if old != "organ" else PLAIN.replace(old, new)
    )
    with pytest.raises(CohortError, match=rf"lesions\.csv,? ?{message}") as error:
        read_study(folder)
    assert "\n" not in str(error.value)


def test_what_the_rules_refuse_the_check_of_a_cohort_says(tmp_path):
    folder = folder_with(tmp_path, lesions_csv=PLAIN + "P2,50,NEW,brain,target,10,long\n")
    assert check_study(folder)[0] is not None, "its form is right"
    refused = inventory.inventory(folder)["refused"]
    assert (
        len(refused) == 1 and "row 10, column kind: lesion NEW of patient P2 has no row at the baseline" in refused[0]
    )


def written(tmp_path, table: pd.DataFrame):
    people = pd.DataFrame({"PATIENT_ID": ["P1", "P2"]})
    samples = pd.DataFrame({"SAMPLE_ID": ["S1", "S2"], "PATIENT_ID": ["P1", "P2"]})
    timelines = {"lesions": lesions.timeline_of(table)}
    return write_study(tmp_path / "study", patients=people, samples=samples, study={"name": "x"}, timelines=timelines)


def test_lesions_written_as_a_timeline_are_read_back_as_they_were(plain, tmp_path):
    table = read_study(plain).lesions
    again = read_study(written(tmp_path, table)).lesions
    pd.testing.assert_frame_equal(again.reset_index(drop=True), table.reset_index(drop=True))


def test_rows_of_nobody_are_counted_and_two_forms_are_refused(plain, tmp_path):
    table = read_study(plain).lesions
    folder = written(tmp_path, table.assign(patient=table["patient"].replace("P2", "P9")))
    cohort = read_study(folder)
    assert set(cohort.lesions["patient"]) == {"P1"}
    assert any("2 rows of data_timeline_lesions.txt are of nobody" in note for note in cohort.notes)
    folder_with(folder, lesions_csv=PLAIN)
    with pytest.raises(CohortError, match=r"data_timeline_lesions.txt: and lesions.csv both hold lesions; keep one"):
        read_study(folder)
    table.to_csv(folder / "lesions.csv", index=False)
    (folder / "data_timeline_lesions.txt").unlink(), (folder / "meta_timeline_lesions.txt").unlink()
    assert len(read_study(folder).lesions) == 8


def test_a_cohort_without_lesions_says_what_would_hold_them(tmp_path):
    write_study(tmp_path / "none", patients=pd.DataFrame({"PATIENT_ID": ["P1"]}), study={"name": "x"},
                samples=pd.DataFrame({"SAMPLE_ID": ["S1"], "PATIENT_ID": ["P1"]}))  # fmt: skip
    cohort = read_study(tmp_path / "none")
    with pytest.raises(MissingData, match="there is neither data_timeline_lesions.txt nor lesions.csv nor CDISC's"):
        cohort.need_lesions()
    assert cohort.lacks(["lesion measurements"]) == ["lesion measurements"]


def test_every_column_that_is_read_is_in_the_data_dictionary():
    assert set(COLUMNS["lesions.csv"]) == set(lesions.LESION_COLUMNS)
    assert set(lesions.timeline_of(pd.DataFrame(columns=lesions.LESION_COLUMNS))) <= set(COLUMNS["data_timeline_*.txt"])


# --- CDISC ------------------------------------------------------------------------------------------------------------

TU = pd.DataFrame(
    [("S1", "T01", "LIVER", "TARGET"), ("S1", "T02", "LYMPH NODE, AXILLARY", "TARGET"),
     ("S1", "NT01", "BONE", "NON-TARGET"), ("S1", "NEW01", "BRAIN", "NEW")],
    columns=["USUBJID", "TULNKID", "TULOC", "TUSTRESC"],
)  # fmt: skip
TR = pd.DataFrame(
    [
        ("S1", "T01", "LDIAM", "30", 1.0, "2020-03-01"), ("S1", "T01", "LPERP", "12", 1.0, "2020-03-01"),
        ("S1", "T02", "LDIAM", "33", 1.0, "2020-03-03"), ("S1", "T02", "LPERP", "18.5", 1.0, "2020-03-03"),
        ("S1", "NT01", "TUMSTATE", "PRESENT", 1.0, "2020-03-01"),
        ("S1", "T01", "LDIAM", "12", 2.0, "2020-04-15"), ("S1", "T02", "LPERP", "8", 2.0, "2020-04-16"),
        ("S1", "NT01", "TUMSTATE", "ABSENT", 2.0, "2020-04-15"),
        ("S1", "T01", "LDIAM", "NOT EVALUABLE", 3.0, "2020-06-01"), ("S1", "T02", "LPERP", "8", 3.0, "2020-06-01"),
        ("S1", "NEW01", "LDIAM", "11", 3.0, "2020-06-01"), ("S1", "NT01", "TUMSTATE", "ABSENT", 3.0, "2020-06-01"),
    ],
    columns=["USUBJID", "TRLNKID", "TRTESTCD", "TRSTRESC", "VISITNUM", "TRDTC"],
)  # fmt: skip
RS = pd.DataFrame(
    [("S1", "OVRLRESP", "PR", 2.0), ("S1", "TRGRESP", "PR", 2.0), ("S1", "OVRLRESP", "PD", 3.0)],
    columns=["USUBJID", "RSTESTCD", "RSSTRESC", "VISITNUM"],
)


@pytest.mark.parametrize("form", ["csv", "xpt"])
def test_cdisc_domains_are_read_from_csv_and_from_transport_files_alike(tmp_path, form):
    for name, table in (("tu", TU), ("tr", TR), ("rs", RS)):
        if form == "csv":
            table.to_csv(tmp_path / f"{name}.csv", index=False)
        else:
            (tmp_path / f"{name}.xpt").write_bytes(xport(table, name.upper()))
    cohort = read_study(tmp_path)
    table = cohort.lesions
    assert table[["lesion", "day"]].values.tolist() == [
        ["T01", 0], ["T02", 0], ["NT01", 0], ["T01", 45], ["T02", 45], ["NT01", 45],
        ["T01", 92], ["T02", 92], ["NEW01", 92], ["NT01", 92],
    ]  # fmt: skip
    # a node by its perpendicular, any other lesion by its longest diameter
    assert table["diameter_mm"].fillna(-1).to_list() == [30, 18.5, -1, 12, 8, -1, -1, 8, 11, -1]
    assert table["axis"].to_list() == ["short" if lesion == "T02" else "long" for lesion in table["lesion"]]
    assert table["evaluable"].to_list() == [True] * 6 + [False] + [True] * 3
    assert cohort.timelines["response"][["day", "response"]].values.tolist() == [[45, "PR"], [92, "PD"]]
    assert any("days count from the patient's first scan" in note for note in cohort.notes)
    visits = response.assess(table).visits
    assert visits.loc[visits["organ"] == response.OVERALL, "response"].to_list() == ["PR", "PD"]


def read(tr: pd.DataFrame = TR, tu: pd.DataFrame = TU, **how) -> tuple[pd.DataFrame | None, Reading]:
    reading = Reading()
    as_text = (table.astype(str).set_axis(range(2, len(table) + 2)) for table in (tu, tr))
    return lesions.of_cdisc(lesions.Domains(*as_text), reading, **how)[0], reading


def test_study_days_are_days_from_day_1_and_dates_without_a_day_are_said():
    table, _ = read(TR.assign(TRDY=["-4"] * 5 + ["1"] * 3 + ["50"] * 4))
    assert sorted(table["day"].unique()) == [-4, 0, 49]
    table, reading = read(TR.assign(TRDTC=TR["TRDTC"].replace("2020-06-01", "2020-06")))
    assert table["day"].max() == 92 and "of 1 scans the date gives no day; read as the first of the month" in str(
        reading.notes
    )


def test_of_several_evaluators_the_investigator_is_read_or_the_one_named():
    both = pd.concat([TR.assign(TREVAL="INVESTIGATOR"), TR.assign(TREVAL="INDEPENDENT ASSESSOR", TREVALID="R1")])
    both = both.fillna("").reset_index(drop=True)
    names = pd.concat([TU.assign(TUEVAL="INVESTIGATOR"), TU.assign(TUEVAL="INDEPENDENT ASSESSOR", TUEVALID="R1")])
    names = names.fillna("")
    table, reading = read(both, names)
    assert len(table) == 10 and "of 2 evaluators the rows of INVESTIGATOR are read" in str(reading.notes)
    both.loc[both["TREVALID"] == "R1", "TRSTRESC"] = both["TRSTRESC"].replace("30", "31")
    table, _ = read(both, names, evaluator="INDEPENDENT ASSESSOR, R1")
    assert table["diameter_mm"].iloc[0] == 31
    _, reading = read(both, names, evaluator="R2")
    assert "has no rows of R2, but of INDEPENDENT ASSESSOR, R1; INVESTIGATOR" in str(reading.problems[0])


@pytest.mark.parametrize(
    ("tr", "tu", "message"),
    [
        (TR.drop(columns="TRSTRESC"), TU, "TR, column TRSTRESC: is missing"),
        (TR.drop(columns="TRDTC"), TU, "TR, column TRDTC: is missing; give the day (TRDY) or the date (TRDTC)"),
        (TR.assign(TRDTC="soon"), TU, "TR, row 2, column TRDTC: 'soon' is no date; write YYYY-MM-DD"),
        (TR, TU.iloc[1:], "TR, row 2, column TRLNKID: 'T01' of S1 is not in TU; add it"),
        (TR.assign(TRSTRESU="cm"), TU, "TR, column TRSTRESU: 'cm' is not mm"),
        (TR.assign(TRSTRESC=TR["TRSTRESC"].replace("30", "large")), TU,
         "TR, row 2, column TRSTRESC: 'large' is no length"),
    ],
)  # fmt: skip
def test_bad_domains_are_refused_in_one_line(tr, tu, message):
    table, reading = read(tr, tu)
    assert table is None and str(reading.problems[0]).startswith(message)
    assert all("\n" not in str(problem) for problem in reading.problems)


def test_a_row_that_repeats_another_is_left_out_and_counted_and_tr_without_tu_is_refused(tmp_path):
    table, reading = read(pd.concat([TR, TR.iloc[:2]]))
    assert len(table) == 10 and "1 rows repeat an earlier one to the letter" in str(reading.notes)
    TR.to_csv(tmp_path / "tr.csv", index=False)
    with pytest.raises(CohortError, match="says no lesion's organ without TU"):
        read_study(tmp_path)


def test_a_transport_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "tr.xpt").write_bytes(b"not a transport file" * 20)
    TU.to_csv(tmp_path / "tu.csv", index=False)
    with pytest.raises(CohortError, match="tr.xpt: is no SAS transport file"):
        read_study(tmp_path)
