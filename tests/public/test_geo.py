"""A GEO series on an nCounter platform as a study folder, on files that the tests write. Costs about four seconds."""

import gzip
import re
import socket

import numpy as np
import pandas as pd
import pytest
import yaml

from lcnec_utils.cohort.read import read_study
from lcnec_utils.core import params, paths
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.ledger import claims
from lcnec_utils.public import geo
from lcnec_utils.run import replication
from tests.public import geo_files

PATIENT = r"(SUBJ-\d+)"


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Whoever opens a connection fails the test."""

    def refuse(*_, **__):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


@pytest.fixture
def family(tmp_path):
    """A function that writes a family file with a changed first sample."""

    def written(numbers=None, platform=None, **changes):
        table = geo_files.samples(**changes)
        numbers = geo_files.values(table) if numbers is None else numbers
        return geo_files.family(tmp_path / "GSE197977_family.soft.gz", table, numbers, platform)

    return written


def cohort_of(path, tmp_path, **more):
    geo.convert(path, tmp_path / "zuma1_geo", **{"patient": PATIENT} | more)
    return read_study(tmp_path / "zuma1_geo")


def test_a_family_file_becomes_a_cohort_of_car_t_recipients(family, tmp_path):
    cohort = cohort_of(family(), tmp_path)
    table = geo_files.samples()
    assert cohort.label == "ZUMA-1, GEO" and not cohort.simulated
    assert (len(cohort.patients), len(cohort.samples)) == (6, 13)
    assert cohort.patients["BEST_RESPONSE"].value_counts().to_dict() == {"CR": 2, "PR": 2, "SD": 1, "PD": 1}
    assert cohort.patients.loc["SUBJ-004", "CELL_OF_ORIGIN"] == "GCB"
    assert cohort.samples["BIOPSY_TIME"].value_counts().to_dict() == {"early": 7, "baseline": 6}
    # only the visit of week 4 names a day
    days = pd.to_numeric(cohort.samples["BIOPSY_DAY"]).dropna()
    assert days.tolist() == [28] and table.loc[days.index[0], "visit"] == "FCBWK4"
    assert set(cohort.samples.loc[cohort.samples["PATIENT_ID"] == "SUBJ-001", "FIXATION"]) == {"FF"}
    (name,) = cohort.ncounter
    assert name == "PanCancer Immune"
    expected = geo_files.values(table).set_axis(geo_files.GENES).T
    found = cohort.ncounter[name].to_df()[geo_files.GENES].loc[expected.index]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_series_matrix_with_its_platform_gives_the_same_cohort(family, tmp_path):
    table = geo_files.samples()
    matrix = geo_files.series_matrix(tmp_path / "GSE197977_series_matrix.txt.gz", table, geo_files.values(table))
    one = cohort_of(family(), tmp_path / "a")
    other = cohort_of(matrix, tmp_path / "b", platform=geo_files.platform_file(tmp_path / "GPL99999.soft"))
    pd.testing.assert_frame_equal(one.patients, other.patients)
    pd.testing.assert_frame_equal(one.samples, other.samples)
    pd.testing.assert_frame_equal(one.ncounter["PanCancer Immune"].to_df(), other.ncounter["PanCancer Immune"].to_df())
    with pytest.raises(UserError, match="names no genes; give its platform's file too"):
        geo.convert(matrix, tmp_path / "c")


def test_what_a_series_lacks_is_a_stated_skip(family, tmp_path):
    cohort = cohort_of(family(), tmp_path)
    with pytest.raises(MissingData, match="no overall survival"):
        cohort.survival("OS")
    lacking = ["overall survival", "stained cells", "CAR T cell peak", "tumour burden", "neurologic events"]
    held = ["nCounter panel", "biopsy times", "best response", "cell of origin"]
    assert cohort.lacks([*held, *lacking]) == lacking
    assert "no survival, CAR T cell level, burden or toxicity" in cohort.caveats["selection"]


def test_unknown_words_are_named_counted_and_left_empty(family, tmp_path):
    path = family(visit="PROGFCB", bestresponse="very good", molecular_subgroup="Missing")
    notes = geo.convert(path, tmp_path / "out", patient=PATIENT)
    assert "Field 'visit': not understood and left empty: 'PROGFCB' (1)." in notes
    assert "Field 'bestresponse': not understood and left empty: 'very good' (1)." in notes
    assert not any("molecular_subgroup" in note for note in notes), "a word for nothing known is no unknown word"
    assert yaml.safe_load((tmp_path / "out" / "cohort.yaml").read_text())["notes"] == notes
    cohort = read_study(tmp_path / "out")
    assert cohort.samples["BIOPSY_TIME"].isna().sum() == 1
    # the patient's other samples say it
    assert cohort.patients.loc["SUBJ-000", "BEST_RESPONSE"] == "CR"


def test_a_series_that_names_no_patient_pairs_nothing_and_says_so(family, tmp_path):
    notes = geo.convert(family(), tmp_path / "out")
    cohort = read_study(tmp_path / "out")
    assert len(cohort.patients) == len(cohort.samples) == 13
    assert "each sample is taken for a patient of its own" in notes[0] == cohort.caveats["definition"]


def test_counts_are_logged_and_codes_of_one_gene_averaged_both_with_a_note(family, tmp_path):
    log2 = geo_files.values(geo_files.samples()).clip(lower=0)
    twice = geo_files.platform_table().replace({"ORF": {"GZMA": "CD8A", "STAT1": ""}})
    path = family(numbers=2**log2, platform=twice)
    notes = " ".join(geo.convert(path, tmp_path / "out", patient=PATIENT))
    assert "are counts and were logged" in notes and "1 further codes of a gene were averaged" in notes
    assert "of 13 codes 1 have no symbol and 0 no value" in notes
    found = read_study(tmp_path / "out").ncounter["PanCancer Immune"].to_df()
    assert "STAT1" not in found and "GZMA" not in found
    np.testing.assert_allclose(found["CD8A"], log2.iloc[:2].mean().loc[found.index], rtol=1e-9)


def test_a_gene_without_a_value_in_some_sample_is_left_out_and_counted(family, tmp_path):
    numbers = geo_files.values(geo_files.samples())
    numbers.iloc[3, 5] = np.nan
    notes = " ".join(geo.convert(family(numbers=numbers), tmp_path / "out", patient=PATIENT))
    assert "0 have no symbol and 1 no value in some sample" in notes
    assert "CXCL9" not in read_study(tmp_path / "out").ncounter["PanCancer Immune"].var_names


def test_zuma_1s_own_patients_reproduce_its_prints_and_replicate_none(family, tmp_path):
    """Every claim of the source is on them; another series is of nobody whom a print counts."""
    cohort = cohort_of(family(), tmp_path)
    general = [claim for claim in claims.published().values() if claim.scope == "general"]
    own = {claim.source for claim in general if replication.is_own(claim, cohort)}
    assert cohort.stands_for == "ZUMA-1" and own == {"zuma1"}
    assert all(replication.is_own(claim, cohort) for claim in general if claim.source == "zuma1")
    other = family().with_name("GSE1_family.soft")
    other.write_bytes(gzip.decompress(family().read_bytes()).replace(b"GSE197977", b"GSE1"))
    assert cohort_of(other, tmp_path / "other").stands_for == ""


def test_values_taken_for_log2_counts_are_said(family, tmp_path):
    notes = geo.convert(family(), tmp_path / "out", patient=PATIENT)
    most = geo_files.values(geo_files.samples()).to_numpy().max()
    assert f"Platform GPL99999: its values, up to {most:g}, are taken for log2 counts and left as they are." in notes


def test_characteristics_that_name_no_field_are_counted(family, tmp_path):
    path = tmp_path / "GSE197977_family.soft"
    text = gzip.decompress(family().read_bytes()).decode()
    row = "!Sample_characteristics_ch1 = tumour of a lymph node\n"
    path.write_text(text.replace("!Sample_platform_id", row + "!Sample_platform_id", 2))
    notes = geo.convert(path, tmp_path / "out", patient=PATIENT)
    assert "Characteristics that name no field were not read: 'tumour of a lymph node' (2)." in notes


def test_a_file_in_latin_1_is_read_as_such(family, tmp_path):
    path = tmp_path / "GSE197977_family.soft"
    text = (
        gzip.decompress(family().read_bytes()).decode().replace("made up for a test", "Institut Gustave Roussy, André")
    )
    path.write_bytes(text.encode("latin-1"))
    geo.convert(path, tmp_path / "out", patient=PATIENT)
    assert yaml.safe_load((tmp_path / "out" / "cohort.yaml").read_text())["source"].endswith("Roussy, André")


def test_a_code_that_stands_twice_is_refused_in_one_line(family, tmp_path):
    table = geo_files.samples()
    numbers = geo_files.values(table)
    numbers = pd.concat([numbers, numbers.iloc[:1] + 1])
    matrix = geo_files.series_matrix(tmp_path / "GSE1_series_matrix.txt.gz", table, numbers)
    for path, more in ((family(numbers=numbers), {}),
                       (matrix, {"platform": geo_files.platform_file(tmp_path / "GPL99999.soft")})):  # fmt: skip
        with pytest.raises(UserError, match=r"code 'NM_0000.1' stands twice in the table") as error:
            geo.convert(path, tmp_path / "out", patient=PATIENT, **more)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('!Sample_title\t"SUBJ-000_BASELINE"\t', "!Sample_title\t", "its row !Sample_title has 12 cells of 13"),
        ('"NM_0001.1"\t', '"NM_0001.1"\t1\t2\t3\t', "the rows of its table differ in length"),
    ],
)
def test_a_series_matrix_whose_rows_do_not_fit_is_refused_in_one_line(tmp_path, old, new, message):
    table = geo_files.samples()
    path = geo_files.series_matrix(tmp_path / "GSE1_series_matrix.txt.gz", table, geo_files.values(table))
    text = gzip.decompress(path.read_bytes()).decode()
    assert old in text
    path.write_bytes(gzip.compress(text.replace(old, new).encode()))
    with pytest.raises(UserError, match=message) as error:
        geo.convert(path, tmp_path / "out", platform=geo_files.platform_file(tmp_path / "GPL9.soft"), patient=PATIENT)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "more", "message"),
    [
        ({}, {"patient": "(SUBJ"}, "is no expression with one group"),
        ({}, {"patient": r"SUBJ\(1\)"}, "is no expression with one group"),
        ({}, {"patient": r"(X*)SUBJ"}, "finds no one patient in each title"),
        ({"bestresponse": "PD"}, {}, "field 'bestresponse': patient SUBJ-000 has two values"),
        ({}, {"patient": "id of nobody"}, "is no field of the series; there are visit, bestresponse"),
        ({}, {"patient": r"(NOBODY\d+)"}, "finds no one patient in each title"),
    ],
)
def test_contradictions_are_refused_in_one_line(family, tmp_path, change, more, message):
    with pytest.raises(UserError) as error:
        geo.convert(family(**change), tmp_path / "out", **{"patient": PATIENT} | more)
    assert message in str(error.value) and "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_other_files_are_refused_in_one_line(family, tmp_path):
    whole = family().read_bytes()
    cut, other = tmp_path / "GSE1_family.soft.gz", tmp_path / "notes.txt"
    cut.write_bytes(whole[: len(whole) // 2])
    other.write_text("hello\n")
    for path, message in (
        (cut, "is no text file, or is cut off"), (other, "no row !Sample_geo_accession"),
        (tmp_path / "GSE2_family.soft", "no such file"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=message) as error:
            geo.convert(path, tmp_path / "out")
        assert "\n" not in str(error.value)
    with pytest.raises(UserError, match="has no column ID or ORF; it has ID, Symbol"):
        geo.convert(family(platform=geo_files.platform_table().rename(columns={"ORF": "Symbol"})), tmp_path / "out")


@pytest.mark.parametrize(
    ("title", "panel"),
    [
        ("nCounter PanCancer IO 360 Panel", "IO 360"),
        ("NanoString Human Immuno-Oncology 360", "IO 360"),
        ("nCounter PanCancer Immune Profiling Panel + Immunosign", "PanCancer Immune + Immunosign"),
        ("Custom panel of 21 genes", "Custom panel of 21 genes"),
    ],
)
def test_a_platforms_title_names_its_panel(title, panel):
    assert geo._panel(title) == panel


def test_the_claims_that_the_docs_list_are_those_of_panels_whose_needs_the_series_meets(family, tmp_path):
    """Of the panels on CAR T recipients: none is listed that needs what the series lacks."""
    cohort = cohort_of(family(), tmp_path)
    text = (paths.ROOT / "docs" / "data.md").read_text()
    section = text[text.index("**ZUMA-1's genes from GEO.**") :]
    listed = {
        panel: [tail.split(" (")[0].strip() for tail in tails.split(", ")]
        for panel, tails in re.findall(r"^\| (z1_\w+) \| (.+) \|$", section, re.M)
    }
    panels, known = params.read_yaml(paths.PANELS), claims.published()
    for panel, tails in listed.items():
        assert "car_t" in panels[panel]["roles"] and cohort.lacks(panels[panel].get("needs", [])) == [], panel
        assert all(known[f"zuma1.{panel}.{tail}"].scope == "general" for tail in tails)
    lacking = {id for id, panel in panels.items() if id.startswith("z1_") and cohort.lacks(panel.get("needs", []))}
    assert lacking >= {"z1_os", "z1_forest", "z1_car_coo", "z1_treg_ne"} and not lacking & set(listed)
    assert f"these {sum(map(len, listed.values()))} claims of `zuma1`" in section
