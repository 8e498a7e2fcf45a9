"""Every odd study folder is read to the numbers worked out by hand, or refused in one useful line."""

import importlib

import pytest

from conftest import named_folder
from lcnec_utils.cli import main
from lcnec_utils.run.inventory import inventory
from tests.cohort.odd.base import ANY, Case

ROOMS = ["files", "profiling", "rows", "consequences", "structure", "cells", "clinical", "words", "refused"]
CASES: dict[str, Case] = {
    f"{room}-{name}": case
    for room in ROOMS
    for name, case in importlib.import_module(f"tests.cohort.odd.{room}").CASES.items()
}
ACCEPTED = [name for name, case in CASES.items() if not case.refused]
REFUSED = [name for name, case in CASES.items() if case.refused]

# The folders of expected.tsv: what is right there, beyond its base
PUBLISHED_BASE = {
    "patients": 40,
    "samples": 40,
    "mutations": 70,
    "genes": {"TP53": [40, 40], "RB1": [20, 40], "KRAS": [10, 40], "STK11": [0, 40], "KEAP1": [0, 40]},
    "subtypes": {"SCLC-like": 20, "NSCLC-like": 10, "Unclassified": 10},
    "endpoints": {"OS": [40, 27]},
}
PUBLISHED = {
    "base": {},
    "matrix_NA": {"genes": {"TP53": [40, 40]}},
    "meta_gene_panel": {"genes": {"STK11": [0, 0], "KEAP1": [0, 0]}, "subtypes": {"Unknown": 40}},
    "mutation_status": {"genes": {"RB1": [20, 40], "KEAP1": [0, 40]}},
    "tert_promoter": {"genes": {"TERT": [15, 40]}, "mutations": 85},
    "no_p_prefix": {"targetable": {"KRAS G12C": [10, 40]}},
    "tcga_barcode": {},
    "normals": {"subtypes": {"SCLC-like": 20}, "normals": 15},
    "age_over_89": {},
    "nulls": {},
    "cna_old_name": {"genes": {"RB1": [30, 40]}, "deletions": {"CDKN2A": 12}},
    "meta_data_filename": {"mutations": 70},
    "cna_alias_rows": {"genes": {"KMT2D": [5, 40]}, "deletions": {"KMT2D": 5}},
    "cdkn2a_isoforms": {"genes": {"CDKN2A": [17, 40]}},
    "fusions_old": {"genes": {"ALK": [4, 40]}, "fusions": {"EML4::ALK": 4}},
    "crlf": {},
    "trailing_tab_all": {},
    "quotes": {},
    "gz": {},
    "commented_rows": {"patients": 39, "samples": 39},
    "consequence_words": {"genes": {"KEAP1": [0, 40]}, "subtypes": {"Unclassified": 10}},
    "matrix_lacks_samples": {"genes": {"TP53": [40, 40]}},
    "msi_type": {"biomarkers": {"MMR deficient": [4, 40]}},
}
# where a folder is right as its base is, but for what stands above
AS_BASE = {"base", "tcga_barcode", "normals", "age_over_89", "nulls", "crlf", "trailing_tab_all", "quotes", "gz",
           "meta_data_filename", "consequence_words", "matrix_NA", "matrix_lacks_samples", "msi_type"}  # fmt: skip

# folders with an oddity that only a forgiving reader passes over
STRICT = """
    cells-bom cells-crlf cells-utf16 cells-tabs_in_rows cells-comments_anywhere cells-odd_age cells-odd_months
    cells-odd_months_column cells-months_in_days cells-negative_months cells-pdl1 cells-pdl1_range cells-ages_bounded
    clinical-status_one_odd clinical-status_one_two clinical-months_absent clinical-timeline_grade_unknown
    words-sex_digits words-ecog_odd words-m_stage_group words-regimen_unknown words-grades_odd words-yes_no_odd
    words-msi_odd words-sample_type_odd words-dates_ambiguous words-dates_serial
    consequences-unknown_word rows-spreadsheet_dates rows-chromosomes rows-sample_without_patient
    files-no_case_list files-list_unknown_sample files-not_understood
""".split()


def differences(right, got, where: str = "") -> list[str]:
    """Where an inventory departs from what is right. Nothing of a thing may be said by leaving it out; `words` are
    compared whole, `columns_unused` must hold what is named, all else by what `right` names."""
    if right is ANY:
        return []
    if right in (0, [0, 0], None) and got in (None, right):
        return []
    if where.endswith("columns_unused"):
        return [f"{where}: lacks {name}, is {got}" for name in right if not any(name in column for column in got)]
    if isinstance(right, dict) and isinstance(got, dict):
        whole = where.startswith(".words")
        keys = dict.fromkeys([*right, *got]) if whole else right
        return [line for key in keys for line in differences(right.get(key), got.get(key), f"{where}.{key}")]
    return [] if right == got else [f"{where}: {got}, right is {right}"]


def read(case: Case, folder, strict: bool = False) -> dict:
    """The inventory of a case's folder."""
    folder.mkdir()
    case.make(folder)
    return inventory(folder, strict)


def test_there_are_many_odd_folders():
    assert len(CASES) >= 90
    assert all(case.situation for case in CASES.values())


@pytest.mark.parametrize("name", ACCEPTED)
def test_an_odd_folder_is_read_to_the_right_numbers(name, tmp_path):
    case = CASES[name]
    found = read(case, tmp_path / "x")
    assert found["refused"] == [], case.situation
    assert differences({"words": {}} | case.right, found) == [], case.situation
    notes = " ".join(found["notes"]).lower()
    assert [word for word in case.notes if word not in notes] == [], f"{case.situation}: {found['notes']}"


@pytest.mark.parametrize("name", REFUSED)
def test_a_folder_that_the_portal_refuses_is_refused_in_one_line(name, tmp_path, capsys):
    case = CASES[name]
    assert len(read(case, tmp_path / "x")["refused"]) >= 1, case.situation
    assert main(["cohort", "check", str(tmp_path / "x")]) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line.strip()]
    assert len(said) == 1, f"{case.situation}: {said}"
    assert [word for word in case.refused if word not in said[0].lower()] == [], f"{case.situation}: {said[0]}"
    assert len(said[0]) < 400


def test_a_folder_that_is_not_there_is_refused_in_one_line(tmp_path, capsys):
    assert main(["cohort", "check", str(tmp_path / "nowhere")]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and "nowhere" in said[0]


@pytest.mark.parametrize("name", STRICT)
def test_a_strict_reading_refuses_what_a_forgiving_one_notes(name, tmp_path):
    assert read(CASES[name], tmp_path / "x", strict=True)["refused"], CASES[name].situation


@pytest.mark.parametrize(
    "name, patient", [("timeline_unknown_patient", "P21"), ("survival_of_a_patient_of_samples", "P20")]
)
def test_only_a_strict_check_names_the_patient(name, patient, tmp_path):
    """Notes end up in notebooks and logs, where no patient is named."""
    case = CASES[f"clinical-{name}"]
    assert patient not in " ".join(read(case, tmp_path / "x")["notes"])
    assert patient in " ".join(read(case, tmp_path / "y", strict=True)["refused"])


def test_a_strict_reading_accepts_the_base_study(tmp_path):
    assert read(CASES["files-base"], tmp_path / "x", strict=True)["refused"] == []


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_folder_of_expected_tsv_is_read_as_it_says(name):
    folder = named_folder("LCNEC_CASES_DIR", "cases", "odd study folders")
    right = {"words": {}, **(PUBLISHED_BASE if name in AS_BASE else {})}
    for key, value in PUBLISHED[name].items():
        right[key] = {**right.get(key, {}), **value} if isinstance(value, dict) else value
    found = inventory(folder / name)
    assert found["refused"] == []
    assert differences(right, found) == []


def test_every_folder_of_expected_tsv_is_put_to_the_reader():
    table = named_folder("LCNEC_CASES_DIR", "cases", "odd study folders") / "expected.tsv"
    rows = [line.split("\t")[0] for line in table.read_text(encoding="utf-8").splitlines()[1:] if line.strip()]
    assert sorted(rows) == sorted(PUBLISHED)
