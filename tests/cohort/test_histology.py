"""Which disease a cohort is: told by code or words, held against its role, and a mixed folder kept to one disease."""

import json
import subprocess
import sys

import anndata
import numpy as np
import pandas as pd
import pytest

from lcnec_utils.cohort import histology
from lcnec_utils.cohort.model import Cohort, CohortError
from lcnec_utils.cohort.read import read_study
from lcnec_utils.core import params, paths
from lcnec_utils.core.errors import MissingData
from lcnec_utils.ledger import verdicts
from lcnec_utils.run import ledger, records, runs

LUAD, LUNE = "LUAD\tLung Adenocarcinoma", "LUNE\tLarge Cell Neuroendocrine Carcinoma"


# --- words and codes


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("LUNE", "LCNEC"),
        ("lune", "LCNEC"),
        ("LCNEC", "LCNEC"),
        ("Large Cell Neuroendocrine Carcinoma", "LCNEC"),
        ("Lung Large Cell Neuroendocrine Carcinoma", "LCNEC"),
        ("Pulmonary large-cell neuroendocrine carcinoma (LCNEC)", "LCNEC"),
        ("Neuroendocrine carcinoma, large cell type", "LCNEC"),
        ("combined LCNEC", "LCNEC"),
        ("LCNEC combined SCLC", "LCNEC"),
        ("Combined LCNEC and adenocarcinoma", "LCNEC"),
        ("Adenocarcinoma combined with LCNEC", "LCNEC"),
        ("SCLC-like LCNEC", "LCNEC"),
        ("SCLC", "SCLC"),
        ("CSCLC", "SCLC"),
        ("Small-Cell Lung Cancer", "SCLC"),
        ("Combined Small Cell Lung Carcinoma", "SCLC"),
        ("Non-Small Cell Lung Cancer", "NSCLC"),
        ("non_small_cell lung carcinoma", "NSCLC"),
        ("Non-squamous NSCLC", "NSCLC"),
        ("Lung Adenosquamous Carcinoma", "NSCLC"),
        ("Large cell carcinoma with neuroendocrine features", "NSCLC"),
        ("NSCLC, adenocarcinoma", "LUAD"),
        ("Lung Adenocarcinoma (LUAD)", "LUAD"),
        ("Lung Squamous Cell Carcinoma", "LUSC"),
        ("Atypical Lung Carcinoid", "carcinoid"),
        ("Lung Neuroendocrine Tumor", "LNET"),
        ("Lung Cancer", ""),
        ("LUNG", ""),
        ("", ""),
        ("Small Cell Bladder Cancer", "Small Cell Bladder Cancer"),
        ("Pancreatic Adenocarcinoma", "Pancreatic Adenocarcinoma"),
        ("BRCA", "BRCA"),
    ],
)
def test_a_code_or_words_mean_one_kind_of_tumour(text, kind):
    assert histology.kind(text) == kind


def test_every_role_asks_for_kinds_that_are_known():
    assert set().union(*(kinds for _, kinds in params.HISTOLOGIES.values())) <= set(histology.NAMES)
    assert set(params.HISTOLOGIES) <= set(params.ROLES) and set(params.LCNEC_ROLES) <= set(params.HISTOLOGIES)


def cohort_of(**columns) -> Cohort:
    """A cohort of one patient per sample with these columns of the sample table."""
    n = len(next(iter(columns.values())))
    names = [f"P{place}" for place in range(n)]
    samples = pd.DataFrame({"PATIENT_ID": names, **columns}, index=pd.Index(names, name="SAMPLE_ID"))
    return Cohort("some", pd.DataFrame(index=pd.Index(names, name="PATIENT_ID")), samples)


def test_the_code_counts_before_words_and_words_where_it_says_little():
    some = cohort_of(
        ONCOTREE_CODE=["LUNE", np.nan, "NSCLC", "LUNG", np.nan],
        CANCER_TYPE_DETAILED=["Lung Neuroendocrine Tumor", "LCNEC", "Lung Adenocarcinoma", np.nan, np.nan],
        HISTOLOGY=[np.nan, np.nan, np.nan, "acinar", np.nan],
        CANCER_TYPE=["Lung Cancer", "Lung Cancer", "Lung Cancer", "Small Cell Lung Cancer", "Lung Cancer"],
    )
    assert histology.stated(some)["kind"].tolist() == ["LCNEC", "LCNEC", "LUAD", "SCLC", ""]
    assert histology.count(some) == {"LUNE": 1, "LCNEC": 1, "Lung Adenocarcinoma": 1, "Small Cell Lung Cancer": 1}


def test_growth_patterns_are_no_histology():
    assert histology.count(cohort_of(HISTOLOGY=["lepidic", "solid"])) == {}
    assert histology.count(cohort_of(HISTOLOGY=["LCNEC", "SCLC", "SCLC"])) == {"SCLC": 2, "LCNEC": 1}


def test_what_is_of_another_histology_is_said_with_its_numbers():
    fit = histology.fit(cohort_of(ONCOTREE_CODE=["LUAD"] * 3), "LCNEC", {"LCNEC"})
    assert fit.none and fit.reason == "3 of 3 tumours are lung adenocarcinoma (LUAD), not LCNEC"
    fit = histology.fit(cohort_of(ONCOTREE_CODE=["LUAD", "LUAD", "LUSC", "LUNE", ""]), "LCNEC", {"LCNEC"})
    assert not fit.none and (fit.kept, fit.unstated) == (1, 1)
    assert fit.reason == (
        "3 of 5 tumours are lung adenocarcinoma (LUAD, 2) or lung squamous cell carcinoma (LUSC, 1), not LCNEC"
    )
    assert histology.fit(cohort_of(ONCOTREE_CODE=["LUNE"]), "LCNEC", {"LCNEC"}).reason == ""


# --- a cohort kept to one histology


@pytest.fixture
def several(tmp_path) -> Cohort:
    """Three patients: A has an LCNEC and an adenocarcinoma, B an adenocarcinoma, C an LCNEC without a code."""
    folder = tmp_path / "several"
    folder.mkdir()
    (folder / "data_clinical_patient.txt").write_text("PATIENT_ID\tAGE\nA\t60\nB\t61\nC\t62\nD\t63\n")
    (folder / "data_clinical_sample.txt").write_text(
        "SAMPLE_ID\tPATIENT_ID\tONCOTREE_CODE\tCANCER_TYPE_DETAILED\n"
        f"A1\tA\t{LUNE}\nA2\tA\t{LUAD}\nB1\tB\t{LUAD}\nC1\tC\tNA\tLung LCNEC, combined\n"
    )
    (folder / "data_mutations.txt").write_text(
        "Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\n"
        + "".join(f"TP53\t{sample}\tMissense_Mutation\n" for sample in ("A1", "A2", "B1", "C1"))
    )
    (folder / "data_cna.txt").write_text("Hugo_Symbol\tA1\tA2\tB1\tC1\nRB1\t-2\t0\t-2\t0\n")
    (folder / "data_sv.txt").write_text(
        "Sample_Id\tSV_Status\tSite1_Hugo_Symbol\tSite2_Hugo_Symbol\nA2\tSOMATIC\tEML4\tALK\nC1\tSOMATIC\tEML4\tALK\n"
    )
    (folder / "data_timeline_treatment.txt").write_text(
        "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\nA\t0\t9\tTREATMENT\nB\t0\t9\tTREATMENT\n"
    )
    values = anndata.AnnData(
        np.arange(4, dtype="float32").reshape(4, 1),
        obs=pd.DataFrame(index=["A1", "A2", "B1", "C1"]),
        var=pd.DataFrame(index=["FGL1"]),
        uns={"scale": "TPM"},
    )
    values.write_h5ad(folder / "expression.h5ad")
    return read_study(folder)


@pytest.mark.parametrize("word", ["LUNE", "lcnec", "Large Cell Neuroendocrine Carcinoma"])
def test_a_cohort_is_kept_to_one_histology_in_all_its_parts(several, word):
    kept = histology.restrict(several, word)
    assert kept.samples.index.tolist() == ["A1", "C1"]
    assert kept.patients.index.tolist() == ["A", "C"], "who has no other tumour goes, and who has no tumour at all"
    assert kept.mutations["Tumor_Sample_Barcode"].tolist() == ["A1", "C1"]
    assert kept.copy_number.columns.tolist() == ["A1", "C1"]
    assert kept.structural_variants["Sample_Id"].tolist() == ["C1"]
    assert kept.timelines["treatment"]["PATIENT_ID"].tolist() == ["A"]
    for data in (kept.expression(), kept.expression(["FGL1"])):
        assert data.obs_names.tolist() == ["A1", "C1"]
    assert kept.expression().uns["scale"] == "TPM"
    assert kept.notes[0] == f"restricted to {word}: 2 of 4 tumours, 2 of 4 patients"
    assert kept.profiled("TP53").index.tolist() == ["A1", "C1"]
    assert (kept.name, kept.body) == (several.name, several.body) and kept.label == f"several, {word} only"
    assert len(several.samples) == 4, "the cohort itself is left as it was"


def test_words_of_the_column_keep_just_those_tumours(several):
    assert histology.restrict(several, "lung lcnec combined").samples.index.tolist() == ["C1"]
    assert histology.restrict(several, "LUAD").samples.index.tolist() == ["A2", "B1"]


def test_a_histology_that_the_cohort_does_not_hold_is_refused_with_those_it_holds(several):
    with pytest.raises(CohortError) as error:
        histology.restrict(several, "SCLC")
    assert str(error.value) == (
        "histology: several holds no tumour of 'SCLC'; it holds LUAD (2), LUNE (1), Lung LCNEC, combined (1)"
    )
    with pytest.raises(CohortError, match="no column says what its tumours are"):
        histology.restrict(cohort_of(AGE=[1, 2]), "LUNE")


# --- through the notebooks


NOTEBOOKS = ["01_cohorts", "02_outcomes", "04_genomic_landscape"]


@pytest.fixture
def disease(own_study):
    """A function that writes own_study anew: its eight patients once for each disease (code and words) given."""

    clinical, samples, calls = (
        (own_study / f"data_{name}.txt").read_text().splitlines()
        for name in ("clinical_patient", "clinical_sample", "mutations")
    )

    def made(*codes: str):
        tables = {name: [head] for name, head in (("clinical_patient", clinical[0]), ("mutations", calls[0]))}
        tables["clinical_sample"] = [f"{samples[0]}\tONCOTREE_CODE\tCANCER_TYPE_DETAILED"]
        for place, code in enumerate(codes):
            tables["clinical_patient"] += [f"G{place}{row}" for row in clinical[1:]]
            tables["mutations"] += [f"G{place}{row}" for row in calls[1:]]
            for row in samples[1:]:
                sample, patient, burden = row.split("\t")
                tables["clinical_sample"].append(f"G{place}{sample}\tG{place}{patient}\t{burden}\t{code}")
        for name, rows in tables.items():
            (own_study / f"data_{name}.txt").write_text("\n".join(rows) + "\n")

    return made


def run(file) -> str:
    """What `lcnec run` prints of the three notebooks."""
    chosen = [word for name in NOTEBOOKS for word in ("-n", name)]
    command = [sys.executable, "-m", "lcnec_utils.cli", "run", "--params", str(file), *chosen]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def head(notebook: str) -> str:
    """What the executed notebook shows of its cohorts."""
    book = json.loads((paths.build("mine") / "notebooks" / f"{notebook}.ipynb").read_text())
    [cell] = [cell for cell in book["cells"] if "page.introduce()" in "".join(cell["source"])]
    return "".join("".join(output["data"].get("text/markdown", "")) for output in cell["outputs"])


def test_adenocarcinomas_answer_no_claim_on_lcnec_and_are_named_in_every_notebook(own_run, disease):
    disease(LUAD)
    run(own_run)
    said = "8 of 8 tumours are lung adenocarcinoma (LUAD), not LCNEC"
    for notebook in NOTEBOOKS:
        assert f"{said}: no claim on LCNEC is put to them." in head(notebook)
        for id, answer in records.read_record("mine", notebook)["findings"].items():
            assert (answer["verdict"], answer["reason"], answer["findings"]) == (verdicts.NOT_COMPUTABLE, said, []), id
    assert "os_by_subtype" in records.read_record("mine", "02_outcomes")["drawn"], "figures are drawn all the same"
    table = ledger.table(params.read_run(own_run))
    mine = table[table["claim"].str.startswith("lcnec.")]
    assert len(mine) and not mine["verdict"].isin(verdicts.ANSWERS).any()
    assert (mine["reason"] == said).sum() > 50


def test_a_mixed_folder_is_asked_only_where_the_run_keeps_its_lcnec(own_run, disease):
    disease(LUNE, LUAD)
    runs.execute("04_genomic_landscape", own_run)
    assert "claims on LCNEC are put only where a panel, or the run (`histology: LUNE`), keeps to its 8 LCNEC." in head(
        "04_genomic_landscape"
    )
    findings = records.read_record("mine", "04_genomic_landscape")["findings"].values()
    assert findings and not [answer for answer in findings if answer["verdict"] in verdicts.ANSWERS]

    own_run.write_text(own_run.read_text() + "histology: LUNE\n")
    run(own_run)
    kept = {}
    for notebook in NOTEBOOKS:
        assert "Restricted to LUNE: 8 of 16 tumours, 8 of 16 patients." in head(notebook)
        assert "not LCNEC" not in head(notebook)
        kept[notebook] = records.read_record("mine", notebook)["findings"]
    share = kept["04_genomic_landscape"]["lcnec.fig2a.subtype.nsclc_like"]
    assert share["verdict"] in verdicts.ANSWERS
    assert (share["findings"][0]["n"], share["findings"][0]["value"]) == (8, 37.5)
    answered = ledger.table(params.read_run(own_run))
    assert answered["verdict"].isin(verdicts.ANSWERS).any() and (answered["n"].dropna() <= 8).all()

    # and they are the answers of a folder that holds those eight alone
    disease(LUNE)
    own_run.write_text(own_run.read_text().replace("histology: LUNE\n", ""))
    for notebook in NOTEBOOKS:
        runs.execute(notebook, own_run)
        assert records.read_record("mine", notebook)["findings"] == kept[notebook]


def test_a_histology_that_no_cohort_holds_is_refused_before_any_kernel(own_run, disease):
    disease(LUAD)
    own_run.write_text(own_run.read_text() + "histology: LUNE\n")
    command = [sys.executable, "-m", "lcnec_utils.cli", "run", "--params", str(own_run)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "lcnec: histology: own_study holds no tumour of 'LUNE'; it holds LUAD (8)\n"


# --- combined tumours


@pytest.mark.parametrize(
    ("text", "of_two"),
    [
        ("LCNEC", False),
        ("Large cell neuroendocrine carcinoma", False),
        ("LUNE", False),
        ("Adenosquamous carcinoma of the lung", False),
        ("LCNEC, not combined", False),
        ("LCNEC combined SqCC", True),
        ("Combined LCNEC", True),
        ("C-LCNEC", True),
        ("LCNEC with adenocarcinoma", True),
        ("Combined small cell lung carcinoma", True),
        ("Mixed prostate adenocarcinoma and acini", True),
        ("mixed", False),  # says of nothing that it is a tumour of two kinds
    ],
)
def test_a_combined_tumour_is_known_by_its_word_or_by_two_kinds_in_one_cell(text, of_two):
    samples = pd.DataFrame({"PATIENT_ID": ["P"], "HISTOLOGY": [text]}, pd.Index(["S"], name="SAMPLE_ID"))
    cohort = Cohort("made", pd.DataFrame(index=pd.Index(["P"], name="PATIENT_ID")), samples)
    assert histology.combined(cohort).tolist() == [of_two]


def test_pure_tumours_are_kept_with_their_patients_and_the_number_left_out_is_said(public_cohort):
    """81 pure and 26 combined tumours, as the workbook of the cohort counts them."""
    whole = read_study(public_cohort("tu_lcnec_2026"))
    pure = histology.pure(whole)
    assert (len(pure.samples), len(pure.patients), len(whole.samples)) == (81, 81, 107)
    assert set(pure.samples["HISTOLOGY"]) == {"LCNEC"}
    assert pure.notes[0] == "without combined tumours: 81 of 107 tumours, 81 of 107 patients"
    assert [len(cohort.samples) for cohort in histology.pure_and_all(whole).values()] == [81, 107]


def test_a_cohort_that_names_no_combined_tumour_is_itself_and_one_of_combined_tumours_alone_is_refused():
    patients = pd.DataFrame(index=pd.Index(["P"], name="PATIENT_ID"))
    samples = pd.DataFrame({"PATIENT_ID": ["P"], "HISTOLOGY": ["LCNEC"]}, pd.Index(["S"], name="SAMPLE_ID"))
    plain = Cohort("made", patients, samples)
    assert histology.pure(plain) is plain and list(histology.pure_and_all(plain)) == [plain.label]
    with pytest.raises(MissingData, match="holds combined tumours alone"):
        histology.pure(Cohort("made", patients, samples.assign(HISTOLOGY="LCNEC combined ADC")))
