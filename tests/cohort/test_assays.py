"""Stained cells and nCounter panels of a study folder: read to the numbers worked out by hand, or refused in one line.

About 3 s.
"""

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.cohort import assays, histology, ncounter
from lcnec_utils.cohort.dictionary import COLUMNS
from lcnec_utils.cohort.model import CohortError
from lcnec_utils.cohort.read import read_study
from lcnec_utils.cohort.write import write_study
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.run import inventory

PATIENTS = "PATIENT_ID\tNE_GRADE\tCELL_OF_ORIGIN\tIPI\nP1\tGrade 3\tactivated B-cell-like\t2\nP2\t0\tGCB\t5\n"
SAMPLES = """SAMPLE_ID\tPATIENT_ID\tONCOTREE_CODE\tBIOPSY_TIME\tBIOPSY_DAY\tFIXATION\tRNA_QC\tNCOUNTER_QC
A\tP1\tDLBCLNOS\tBaseline\t-10\tFFPE\tPASS\tPASS
B\tP1\tDLBCLNOS\tearly\t9\tFFPE\tPASS\tPASS
C\tP2\tPMBL\tpre-treatment\t-5\tfresh frozen\tPASS\tPASS
"""
DENSITIES = """# cells per mm2 of tumour
SAMPLE_ID\tASSAY\tPOPULATION\tDENSITY_PER_MM2
A\tTL\tCD3+\t500
A\tTL\tCD3+ CD8+\t200.5
A\tTCE\tCD8- CD3+ FoxP3+\t12
B\tTCE\tCD3+ CD8+ PD-1+ LAG-3+ TIM-3-\t0
B\tSC\tCD11b+ CD15- CD14+\t900
"""
# of sample A 60 cells in 2 mm²; of sample B TIM3 was not stained
POSITIVITY = """SAMPLE_ID\tASSAY\tAREA_MM2\tCELLS\tCD3\tCD8\tFOXP3\tPD-1\tTIM3
A\tTCE\t2\t30\t+\t+\t-\t-\t-
A\tTCE\t2\t20\t+\t-\t+\t+\t-
A\tTCE\t2\t10\t+\t-\t-\t-\t+
A\tTCE\t2\t940\t-\t-\t-\t-\t-
B\tTCE\t0.5\t8\t+\t+\t-\t+\t
B\tTCE\t0.5\t2\t-\t-\t-\t-\t
"""
MATRIX = """Hugo_Symbol\tCLASS\tA\tB\tC
CD8A\tEndogenous\t7.5\t8\t6
CXCL9\tEndogenous\t5\t9\t4
GUSB\tHousekeeping\t10\t10\t10
"""
META = "gene_panel: PanCancer Immune Profiling Panel\nscale: log2 normalised counts\n"


def folder_with(path, **texts: str):
    """A study folder with these files; a name's double underscore is its point."""
    files = {"data_clinical_patient.txt": PATIENTS, "data_clinical_sample.txt": SAMPLES}
    files |= {f"{name}.txt": text for name, text in texts.items()}
    path.mkdir(exist_ok=True)
    for name, text in files.items():
        (path / name).write_text(text, encoding="utf-8")
    return path


def refusal(folder) -> str:
    with pytest.raises(CohortError) as error:
        read_study(folder)
    assert "\n" not in str(error.value)
    return str(error.value)


# --- clinical columns


def test_the_columns_of_a_car_t_cohort_are_read_as_what_they_are(tmp_path):
    cohort = read_study(folder_with(tmp_path))
    assert cohort.patients["NE_GRADE"].tolist() == [3, 0] and cohort.patients["IPI"].tolist() == [2, 5]
    assert cohort.patients["CELL_OF_ORIGIN"].tolist() == ["ABC", "GCB"]
    assert cohort.samples["BIOPSY_TIME"].tolist() == ["baseline", "early", "baseline"]
    assert cohort.samples["FIXATION"].tolist() == ["FFPE", "FFPE", "FF"]
    assert cohort.samples["BIOPSY_DAY"].tolist() == [-10, 9, -5]
    assert histology.stated(cohort)["kind"].tolist() == ["LBCL"] * 3


def test_a_biopsy_after_treatment_is_not_taken_for_an_early_one(tmp_path):
    """One at relapse is after treatment as well."""
    folder = folder_with(tmp_path)
    (folder / "data_clinical_sample.txt").write_text(SAMPLES.replace("early", "post-treatment"), encoding="utf-8")
    cohort = read_study(folder)
    assert cohort.words["BIOPSY_TIME"] == {"post-treatment": 1} and "early" not in set(cohort.samples["BIOPSY_TIME"])


def test_a_word_that_is_not_understood_is_named_and_counted(tmp_path):
    folder = folder_with(tmp_path)
    table = folder / "data_clinical_sample.txt"
    table.write_text(SAMPLES.replace("early", "sometime"), encoding="utf-8")
    cohort = read_study(folder)
    assert cohort.words["BIOPSY_TIME"] == {"sometime": 1} and cohort.samples["BIOPSY_TIME"].isna().sum() == 1
    table.write_text(SAMPLES.replace("early", "sometime").replace("pre-treatment", "whenever"), encoding="utf-8")
    cohort = read_study(folder)
    assert "write baseline, early or relapse" in cohort.refused["BIOPSY_TIME"] and "BIOPSY_TIME" not in cohort.samples


# --- stained cells


def test_a_table_of_densities_is_read_under_one_spelling(tmp_path):
    cohort = read_study(folder_with(tmp_path, data_densities=DENSITIES))
    assert cohort.densities["population"].tolist() == [
        "CD3+", "CD3+ CD8+", "CD3+ CD8- FOXP3+", "CD3+ CD8+ PD1+ LAG3+ TIM3-", "CD11B+ CD14+ CD15-",
    ]  # fmt: skip
    assert assays.density(cohort, "TL", "CD8+ CD3+").to_dict() == {"A": 200.5}
    assert assays.density(cohort, "SC", "CD14+ CD11B+ CD15-").to_dict() == {"B": 900.0}
    assert cohort.lacks(["stained cells", "biopsy times"]) == [] and cohort.lacks(["nCounter panel"])
    with pytest.raises(MissingData, match=r"no density of CD8\+ in TCE"):
        assays.density(cohort, "TCE", "CD8+")
    with pytest.raises(UserError, match="SC does not stain CD3"):
        assays.density(cohort, "SC", "CD3+")


def test_marker_positivity_gives_the_density_of_any_population(tmp_path):
    cohort = read_study(folder_with(tmp_path, data_marker_positivity=POSITIVITY))
    assert assays.density(cohort, "TCE", "CD3+").to_dict() == {"A": 30.0, "B": 16.0}
    assert assays.density(cohort, "TCE", "CD3+ CD8- FOXP3+").to_dict() == {"A": 10.0, "B": 0.0}
    assert assays.density(cohort, "TCE", "CD3+ TIM3+").to_dict() == {"A": 5.0}, "TIM3 was not stained in B"
    assert assays.density(cohort, "TCE", "PD1+ CD3+").to_dict() == {"A": 10.0, "B": 16.0}
    with pytest.raises(MissingData, match="no density of LAG3"):
        assays.density(cohort, "TCE", "LAG3+")
    named = cohort.densities[cohort.densities["population"] == "CD3+ CD8- FOXP3-"]
    assert named.set_index("sample")["per_mm2"].to_dict() == {"A": 5.0, "B": 0.0}


def test_where_both_tables_give_a_density_the_table_of_densities_is_read_and_a_difference_said(tmp_path):
    same = "SAMPLE_ID\tASSAY\tPOPULATION\tDENSITY_PER_MM2\nA\tTCE\tCD3+\t30.1\nB\tTCE\tCD3+\t20\n"
    cohort = read_study(folder_with(tmp_path, data_densities=same, data_marker_positivity=POSITIVITY))
    assert assays.density(cohort, "TCE", "CD3+").to_dict() == {"A": 30.1, "B": 20.0}
    assert any("1 of 2 densities of data_densities.txt differ by more than 1%" in note for note in cohort.notes)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("A\tTL\tCD3+\t500", "X\tTL\tCD3+\t500", "row 3, column SAMPLE_ID: sample 'X' is not in the table of samples"),
        ("A\tTL\tCD3+\t500", "A\tTL\tCD4+\t500", "row 3, column POPULATION: 'CD4' is no marker known here"),
        ("A\tTL\tCD3+\t500", "A\tTL\tCD3++\t500", "row 3, column POPULATION: 'CD3++' has no single + or -"),
        ("A\tTL\tCD3+\t500", "A\tTL\tCD3hi\t500", "row 3, column POPULATION: 'CD3hi' has no single + or -"),
        ("A\tTL\tCD3+\t500", "A\tTL\tCD3+ CD3-\t500", "row 3, column POPULATION: marker CD3 stands twice"),
        ("A\tTL\tCD3+\t500", "A\tTL\tFOXP3+\t500", "row 3, column POPULATION: TL does not stain FOXP3, but CD3, CD8"),
        ("A\tTL\tCD3+\t500", "A\tTL\tCD3+\t-1", "row 3, column DENSITY_PER_MM2: '-1' is no density of 0 or more"),
        ("A\tTL\tCD3+\t500", "A\tTL\tCD3+\t1,5", "row 3, column DENSITY_PER_MM2: '1,5' is no density"),
        ("A\tTL\tCD3+\t500", "A\tTL\tCD3+\t5e8", "row 3, column DENSITY_PER_MM2: '5e+08' is over 100,000"),
        ("A\tTL\tCD3+ CD8+\t", "A\tTL\tCD3+\t", "row 4: the density of a population stands in an earlier row too"),
        ("\tPOPULATION", "\tCELLS", "column POPULATION: is missing; add it"),
    ],
)  # fmt: skip
def test_a_wrong_table_of_densities_is_refused_in_one_line(tmp_path, old, new, message):
    assert old in DENSITIES
    folder = folder_with(tmp_path, data_densities=DENSITIES.replace(old, new, 1))
    assert f"data_densities.txt, {message}" in refusal(folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("A\tTCE\t2\t30", "A\tTCE\t0\t30", "row 2, column AREA_MM2: '0' is no area in mm² of more than 0"),
        ("A\tTCE\t2\t30", "A\tTCE\t3\t30", "row 2, column AREA_MM2: sample 'A' has two areas in TCE"),
        ("A\tTCE\t2\t30", "A\tTCE\t2\t-3", "row 2, column CELLS: '-3' is no number of cells of 0 or more"),
        ("A\tTCE\t2\t30", "A\tTCE\t2\t3.5", "row 2, column CELLS: '3.5' is no whole number of cells"),
        ("A\tTCE\t2\t30", "A\tTCE\t2\t", "row 2, column CELLS: is empty; give the cells counted, or leave the sample"),
        ("A\tTCE\t2\t", "A\tTCE\t2000000\t", "row 2, column AREA_MM2: '2000000' is more than a slide has (2,000 mm²)"),
        ("A\tTCE\t2\t", "A\tTCE\t0.00002\t",
         "row 2, column AREA_MM2: sample 'A' has 50,000,000 cells per mm² in TCE, more than fit"),
        ("A\tTCE\t2\t30\t+", "A\tTCE\t2\t30\tyes", "row 2, column CD3: 'yes' is no sign; write +, -, or nothing"),
        ("A\tTCE\t2\t30\t+", "A\tTCE\t2\t30\t", "row 2, column CD3: is empty here and filled in other rows of sample"),
        ("\t20\t+\t-\t+\t+\t-", "\t20\t+\t+\t-\t-\t-", "row 3: a combination of markers stands in an earlier row too"),
        ("\tTIM3", "\tCD99", "column CD99: is no marker known here"),
        ("\tTIM3", "\tPD1", "column PD1: is PD1, which has a column already"),
        ("\tTIM3", "\tTOX", "row 2, column TOX: TCE does not stain it, but CD3"),
        ("B\tTCE\t0.5\t8", "Q\tTCE\t0.5\t8", "row 6, column SAMPLE_ID: sample 'Q' is not in the table of samples"),
    ],
)  # fmt: skip
def test_a_wrong_table_of_marker_positivity_is_refused_in_one_line(tmp_path, old, new, message):
    assert old in POSITIVITY
    # an area is one of a section, and stands in each of its rows
    places = -1 if old == "A\tTCE\t2\t" else 1
    folder = folder_with(tmp_path, data_marker_positivity=POSITIVITY.replace(old, new, places))
    assert f"data_marker_positivity.txt, {message}" in refusal(folder)


def test_an_assay_that_is_not_known_and_an_empty_density_are_counted_and_left_out(tmp_path):
    odd = DENSITIES.replace("A\tTCE\t", "A\tTCF\t").replace("\t200.5", "\t")
    cohort = read_study(folder_with(tmp_path, data_densities=odd))
    assert cohort.words["ASSAY"] == {"TCF": 1} and len(cohort.densities) == 3
    assert any("'TCF' (1): not understood; write TL, TCE, TCE+, SC" in note for note in cohort.notes)
    assert any("1 of 4 cells are empty; not measured" in note for note in cohort.notes)


def test_densities_of_frozen_tissue_are_said(tmp_path):
    cohort = read_study(folder_with(tmp_path, data_densities=DENSITIES.replace("A\tTL", "C\tTL")))
    assert any("1 samples with densities are not FFPE, which" in note for note in cohort.notes)


# --- the normalised matrix


def test_a_matrix_is_a_panel_and_samples_that_fail_are_left_out_with_their_count(tmp_path):
    folder = folder_with(tmp_path, data_ncounter_x=MATRIX, ncounter_x=META)
    table = folder / "data_clinical_sample.txt"
    table.write_text(SAMPLES.replace("FFPE\tPASS\tPASS", "FFPE\tPASS\tFAIL", 1), encoding="utf-8")
    cohort = read_study(folder)
    data = assays.panel(cohort, ncounter.PANCANCER_IMMUNE, ["CXCL9", "CD8A", "not there"])
    assert list(data.var_names) == ["CXCL9", "CD8A"] and data.obs_names.tolist() == ["B", "C"]
    assert data.X.tolist() == [[9, 8], [4, 6]] and data.uns["scale"] == "log2 normalised counts"
    assert cohort.ncounter[ncounter.PANCANCER_IMMUNE].var["class"]["GUSB"] == "Housekeeping"
    assert any("1 of 3 samples fail quality control (NCOUNTER_QC 1)" in note for note in cohort.notes)
    assert cohort.lacks(["nCounter panel"]) == []
    with pytest.raises(MissingData, match="no nCounter panel IO 360: there are PanCancer Immune"):
        assays.panel(cohort, ncounter.IO360)
    with pytest.raises(MissingData, match="does not hold FGL1"):
        assays.panel(cohort, ncounter.PANCANCER_IMMUNE, ["FGL1"])


def test_linear_counts_come_to_the_log2_scale(tmp_path):
    linear = MATRIX.replace("7.5\t8\t6", "256\t0\t64").replace("5\t9\t4", "32\t512\t16")
    linear = linear.replace("10\t10\t10", "1024\t1024\t1024")
    meta = META.replace("log2 normalised", "normalized")
    cohort = read_study(folder_with(tmp_path, data_ncounter_x=linear, ncounter_x=meta))
    data = cohort.ncounter[ncounter.PANCANCER_IMMUNE]
    assert data.X.tolist() == [[8, 5, 10], [0, 9, 10], [6, 4, 10]]


@pytest.mark.parametrize(
    ("matrix", "meta", "message"),
    [
        (MATRIX.replace("CXCL9", "CD8A"), META, "row 3, column Hugo_Symbol: gene CD8A stands twice"),
        (MATRIX.replace("CXCL9", "1-Sep"), META, "row 3, column Hugo_Symbol: '1-Sep' is no gene symbol"),
        (MATRIX.replace("\tA\t", "\tQ\t"), META, "sample 'Q' is not in the table of samples"),
        (MATRIX.replace("\t9\t", "\tmany\t"), META, "row 3, column B: 'many' is no number"),
        (MATRIX.replace("\t9\t", "\t\t"), META, "row 3, column B: 'nothing' is no number"),
        (MATRIX.replace("\t9\t", "\t900\t"), META, "holds 900, and log2 normalised counts never exceed 25"),
        (MATRIX, META.replace("log2 n", "n"), "nothing exceeds 10; are these log2 normalised counts?"),
        (MATRIX.replace("8\t6", "8\t-6"), META.replace("log2 n", "n"), "holds -6, and normalised counts are never"),
        (MATRIX, META.replace("scale: log2 normalised counts", "scale: z"), "says scale 'z'; write `scale: log2"),
        (MATRIX, META.replace("gene_panel", "panel"), "ncounter_x.txt: is missing, or says no gene_panel"),
        (MATRIX.replace("CLASS", "KIND"), META, "column CLASS: is missing"),
        (MATRIX.replace("\tA\tB\t", "\tTCGA-01-0001-01A-11R\tTCGA-01-0001-01A-21R\t"), META,
         "are both of sample 'TCGA-01-0001-01'; leave one out"),
    ],
)  # fmt: skip
def test_a_wrong_matrix_is_refused_in_one_line(tmp_path, matrix, meta, message):
    folder = folder_with(tmp_path, data_ncounter_x=matrix, ncounter_x=meta)
    if "TCGA" in message:
        with (folder / "data_clinical_sample.txt").open("a") as file:
            file.write("TCGA-01-0001-01\tP2\tPMBL\trelapse\t400\tFFPE\tPASS\tPASS\n")
    assert message in refusal(folder)


def test_a_class_of_codes_that_is_not_known_is_named_and_left_out(tmp_path):
    odd = MATRIX.replace("CXCL9\tEndogenous", "CXCL9\tMystery")
    cohort = read_study(folder_with(tmp_path, data_ncounter_x=odd, ncounter_x=META))
    assert cohort.words["CLASS"] == {"Mystery": 1}
    assert list(cohort.ncounter[ncounter.PANCANCER_IMMUNE].var_names) == ["CD8A", "GUSB"]


def test_a_word_of_quality_that_is_not_understood_keeps_the_sample_and_is_said(tmp_path):
    folder = folder_with(tmp_path, data_ncounter_x=MATRIX, ncounter_x=META)
    table = folder / "data_clinical_sample.txt"
    table.write_text(SAMPLES.replace("FFPE\tPASS\tPASS", "FFPE\tPASS\tborderline", 1), encoding="utf-8")
    cohort = read_study(folder)
    assert cohort.words["NCOUNTER_QC"] == {"borderline": 1}
    assert list(cohort.ncounter[ncounter.PANCANCER_IMMUNE].obs_names) == ["A", "B", "C"]
    assert any(
        "of 1 of 3 samples NCOUNTER_QC does not say PASS or FAIL; they are kept" in note for note in cohort.notes
    )
    assert not any("RNA_QC does not" in note for note in cohort.notes)


def test_two_files_of_one_panel_and_a_lone_meta_file_are_refused(tmp_path):
    both = folder_with(tmp_path / "two", data_ncounter_x=MATRIX, ncounter_x=META, data_ncounter_y=MATRIX,
                       ncounter_y=META)  # fmt: skip
    assert "data_ncounter_y.txt: is of the panel PanCancer Immune, which another file holds too" in refusal(both)
    alone = folder_with(tmp_path / "lone", ncounter_x=META)
    assert "ncounter_x.txt: is beside no data_ncounter_x.txt and no rcc_x/" in refusal(alone)


# --- raw files

CODES = [("Positive", "POS_A(128)", 128), ("Positive", "POS_B(32)", 32), ("Positive", "POS_E(0.5)", 0.5)]


def rcc(sample: str, genes: dict[str, float], *, scale: float = 1.0, housekeeping: float = 100.0, **lane) -> str:
    """A raw file of one lane: three positive controls (100 counts per fM), two negative ones (8 and 12), genes."""
    numbers = {"FovCount": 280, "FovCounted": 270, "BindingDensity": 0.8} | lane
    rows = [(kind, name, 100 * level * scale) for kind, name, level in CODES]
    rows += [("Negative", "NEG_A(0)", 8 * scale), ("Negative", "NEG_B(0)", 12 * scale)]
    rows += [("Endogenous", name, count) for name, count in genes.items()]
    rows += [("Housekeeping", "GUSB", housekeeping)]
    codes = "".join(f"{kind},{name},ref,{count:g}\n" for kind, name, count in rows)
    fields = "".join(f"{name},{value}\n" for name, value in numbers.items())
    return (
        "<Header>\nFileVersion,1.7\n</Header>\n\n"
        f"<Sample_Attributes>\nID,{sample}\nGeneRLF,panel_1\n</Sample_Attributes>\n\n"
        f"<Lane_Attributes>\nID,1\n{fields}</Lane_Attributes>\n\n"
        f"<Code_Summary>\nCodeClass,Name,Accession,Count\n{codes}</Code_Summary>\n"
    )


def raw_folder(path, **lanes: str):
    folder = folder_with(path)
    (folder / "rcc_io360").mkdir(exist_ok=True)
    for name, text in lanes.items():
        (folder / "rcc_io360" / f"{name}.RCC").write_text(text, encoding="utf-8")
    return folder


def test_raw_files_are_normalised_as_worked_out_by_hand(tmp_path):
    """Lane B counts twice as much of the controls as A: factors 1.5 and 0.75. A's background is 10 + 2 sd."""
    background = 10 + 2 * np.std([8, 12], ddof=1)
    lanes = {"one": rcc("A", {"CD8A": 400, "CXCL9": 3}, housekeeping=100),
             "two": rcc("B", {"CD8A": 1600, "CXCL9": 100}, scale=2, housekeeping=800)}  # fmt: skip
    cohort = read_study(raw_folder(tmp_path, **lanes))
    data = cohort.ncounter["IO 360"]
    assert list(data.obs_names) == ["A", "B"] and list(data.var_names) == ["CD8A", "CXCL9", "GUSB"]
    # after the controls: housekeeping 150 and 600 (mean 375): factors 2.5 and 0.625
    expected = {"CD8A": [400 * 1.5 * 2.5, 1600 * 0.75 * 0.625], "CXCL9": [background * 1.5 * 2.5, 100 * 0.75 * 0.625],
                "GUSB": [375, 375]}  # fmt: skip
    np.testing.assert_allclose(2**data.X, pd.DataFrame(expected).to_numpy(), rtol=1e-12)
    assert data.obs["positive_factor"].tolist() == pytest.approx([1.5, 0.75])
    assert data.obs["content_factor"].tolist() == pytest.approx([2.5, 0.625])
    assert data.obs["positive_r2"].tolist() == pytest.approx([1, 1]) and data.obs["detected"].all()
    assert inventory.inventory(tmp_path)["files"]["rcc_io360/one.RCC"] == "read"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"FovCounted": 209}, "fields of view"),
        ({"BindingDensity": 2.26}, "binding density"),
        ({"BindingDensity": 0.04}, "binding density"),
        ({"housekeeping": 100}, "housekeeping factor"),
    ],
)
def test_a_lane_out_of_bounds_fails_and_is_counted(tmp_path, change, why):
    """Of 280 fields 210 are 75%. Housekeeping genes of 10,000, 10,000 and 100 have factors of 0.67, 0.67 and 67."""
    genes, high = {"CD8A": 400}, {"housekeeping": 10_000}
    good = high | {"BindingDensity": 2.25, "FovCounted": 210}
    lanes = {"one": rcc("A", genes, **good), "two": rcc("B", genes, **high | {"BindingDensity": 0.05} | change),
             "three": rcc("C", genes, **high)}  # fmt: skip
    cohort = read_study(raw_folder(tmp_path, **lanes))
    assert list(cohort.ncounter["IO 360"].obs_names) == ["A", "C"]
    assert any(f"1 of 3 samples fail quality control ({why} 1)" in note for note in cohort.notes)


def test_controls_that_are_not_linear_or_not_detected_fail_the_lane(tmp_path):
    bent = rcc("B", {"CD8A": 400}).replace("POS_B(32),ref,3200", "POS_B(32),ref,60")
    dim = rcc("C", {"CD8A": 400}).replace("POS_E(0.5),ref,50", "POS_E(0.5),ref,15")
    cohort = read_study(raw_folder(tmp_path, one=rcc("A", {"CD8A": 400}), two=bent, three=dim))
    assert list(cohort.ncounter["IO 360"].obs_names) == ["A"]
    note = next(note for note in cohort.notes if "fail quality control" in note)
    assert "2 of 3 samples" in note and "linearity 1" in note and "limit of detection 1" in note


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (rcc("Q", {"CD8A": 1}), "rcc_io360/two.RCC: sample 'Q' is not in the table of samples"),
        (rcc("A", {"CD8A": 1}), "is of sample 'A' as rcc_io360/one.RCC is; keep one"),
        (rcc("B", {"CD8A": 1}).replace("CD8A,ref,1", "CD8A,ref,1\nHousekeeping,CD8A,ref,1"), "is of another panel"),
        (rcc("B", {"CXCL9": 1}), "is of another panel"),
        (rcc("B", {"CD8A": 1}).replace("Endogenous,CD8A,ref,1\n", "Endogenous,CD8A,ref,1\n" * 2),
         "code 'CD8A' stands twice"),
        (rcc("B", {"CD8A": -1}), "count '-1' of CD8A is no count"),
        (rcc("B", {"CD8A": 1}).replace("Lane_Attributes", "Other"), "has no part <Lane_Attributes>"),
        (rcc("B", {"CD8A": 1}).replace("BindingDensity", "Density"), "says no BindingDensity of its lane"),
    ],
)  # fmt: skip
def test_a_wrong_raw_file_is_refused_in_one_line(tmp_path, text, message):
    assert message in refusal(raw_folder(tmp_path, one=rcc("A", {"CD8A": 400}), two=text))


def test_a_raw_file_whose_name_and_id_are_of_two_samples_is_refused(tmp_path):
    folder = raw_folder(tmp_path, A=rcc("A", {"CD8A": 400}), C=rcc("B", {"CD8A": 400}))
    assert "rcc_io360/C.RCC: is of sample 'B' by its ID and of 'C' by its name" in refusal(folder)


@pytest.mark.parametrize(("kind", "read"), [("Housekeeping", False), ("Ligation", True)])
def test_a_code_in_two_classes_is_refused_and_one_of_an_unknown_class_left_out(tmp_path, kind, read):
    text = rcc("A", {"CD8A": 400}).replace("Housekeeping,GUSB", f"{kind},CD8A,ref,400\nHousekeeping,GUSB")
    folder = raw_folder(tmp_path, one=text)
    if read:
        assert list(read_study(folder).ncounter["IO 360"].var_names) == ["CD8A", "GUSB"]
    else:
        assert "gene CD8A stands twice" in refusal(folder)


def test_a_control_named_as_a_gene_is_refused(tmp_path):
    text = rcc("A", {"CD8A": 400}).replace("Negative,NEG_A(0)", "Negative,GUSB")
    assert "code 'GUSB' stands in two classes" in refusal(raw_folder(tmp_path, one=text))


def test_raw_counts_without_housekeeping_genes_or_controls_are_refused(tmp_path):
    plain = rcc("A", {"CD8A": 400})
    without = raw_folder(tmp_path / "a", one=plain.replace("Housekeeping", "Endogenous"))
    assert "holds 0 codes of class Housekeeping, and raw counts need 1 or more" in refusal(without)
    without = raw_folder(tmp_path / "b", one=plain.replace("Negative,NEG_A(0),ref,8\n", ""))
    assert "holds 1 codes of class Negative, and raw counts need 2 or more" in refusal(without)
    assert "rcc_io360: holds no RCC file" in refusal(raw_folder(tmp_path / "c"))


# --- written and shown


def test_what_is_written_is_read_back_as_it_was(tmp_path):
    folder = folder_with(tmp_path / "one", data_densities=DENSITIES, data_marker_positivity=POSITIVITY,
                         data_ncounter_x=MATRIX, ncounter_x=META)  # fmt: skip
    cohort = read_study(folder)
    listed = cohort.densities[cohort.densities["assay"] != "TCE"]
    again = read_study(
        write_study(
            tmp_path / "two", patients=cohort.patients.reset_index(), samples=cohort.samples.reset_index(),
            study={"name": "x"}, densities=listed, positivity=cohort.positivity, ncounter=cohort.ncounter,
            type_of_cancer="dlbclnos",
        )
    )  # fmt: skip
    pd.testing.assert_frame_equal(again.positivity, cohort.positivity)
    keys = ["sample", "assay", "population"]
    one, other = (
        table.set_index(keys)["per_mm2"].sort_index().drop(("B", "TCE", "CD3+ CD8+ PD1+ LAG3+ TIM3-"), errors="ignore")
        for table in (cohort.densities, again.densities)
    )
    assert other.loc[listed.set_index(keys).index].tolist() == listed["per_mm2"].tolist()
    assert set(other.index) <= set(one.index)
    pd.testing.assert_frame_equal(
        again.ncounter["PanCancer Immune"].to_df(), cohort.ncounter["PanCancer Immune"].to_df()
    )
    assert "type_of_cancer: dlbclnos" in (tmp_path / "two" / "meta_study.txt").read_text()


def test_the_check_of_a_cohort_shows_what_was_read(tmp_path):
    folder = folder_with(tmp_path, data_densities=DENSITIES, data_ncounter_x=MATRIX, ncounter_x=META)
    found = inventory.inventory(folder)
    assert found["files"]["data_densities.txt"] == found["files"]["ncounter_x.txt"] == "read"
    assert found["assays"]["stained"]["TL"] == {"samples": 1, "populations": 2}
    assert found["assays"]["biopsies"] == {"baseline, FFPE": 1, "early, FFPE": 1, "baseline, FF": 1}
    text = inventory.as_text(found, folder)
    assert "nCounter panel PanCancer Immune: 3 genes (1 of housekeeping), 3 samples" in text
    assert "Stained cells (TL): 2 populations in 1 samples" in text


def test_a_cohort_restricted_to_one_histology_keeps_its_assays(tmp_path):
    folder = folder_with(tmp_path, data_densities=DENSITIES + "C\tTL\tCD3+\t77\n",
                         data_marker_positivity=POSITIVITY + "C\tTL\t1\t50\t+\t-\t\t\t\n",
                         data_ncounter_x=MATRIX, ncounter_x=META)  # fmt: skip
    cohort = read_study(folder)
    kept = histology.restrict(cohort, "PMBL")
    assert (
        set(cohort.densities["sample"])
        == set(cohort.positivity["sample"])
        == {"A", "B", "C"}
        == set(cohort.samples.index)
    )
    assert list(kept.samples.index) == ["C"] and set(kept.positivity["sample"]) == set(kept.densities["sample"]) == {
        "C"
    }
    assert assays.density(kept, "TL", "CD3+").to_dict() == {"C": 77.0}
    assert list(kept.ncounter["PanCancer Immune"].obs_names) == ["C"]


def test_the_dictionary_names_the_markers_that_are_read():
    assert COLUMNS["data_marker_positivity.txt"]["CD3"].endswith(", ".join(assays.MARKERS[1:]))
