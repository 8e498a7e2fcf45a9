"""107 LCNEC: survival by the authors' subtypes (figures computed apart from this project), and what the files lack."""

import pandas as pd
import pytest

from lcnec_utils.cohort.read import read_study, read_table
from lcnec_utils.core.errors import UserError
from lcnec_utils.public import tu_lcnec_2026
from lcnec_utils.stats import survival


@pytest.fixture(scope="module")
def cohort(public_cohort):
    return read_study(public_cohort("tu_lcnec_2026"))


@pytest.fixture(scope="module")
def table(cohort):
    samples = cohort.samples.set_index("PATIENT_ID")
    survival_of_all = cohort.survival("OS")
    assert survival_of_all.attrs["dropped"] == 0
    return survival_of_all.join(samples[["GENOMIC_SUBTYPE", "EXPRESSION_CLUSTER", "HISTOLOGY"]])


def test_81_pure_and_26_combined_lcnec_of_which_27_patients_died(cohort, table):
    assert len(cohort.patients) == len(cohort.samples) == len(table) == 107
    assert int(table["event"].sum()) == 27
    assert cohort.samples["HISTOLOGY"].value_counts().to_dict() == {
        "LCNEC": 81, "LCNEC combined ADC": 15, "LCNEC combined SqCC": 6, "LCNEC combined SCLC": 5,
    }  # fmt: skip
    assert cohort.words == {} == cohort.refused and not cohort.simulated


def test_survival_does_not_differ_by_genomic_subtype(table):
    medians = survival.medians(table, group="GENOMIC_SUBTYPE").set_index("group")
    assert medians["n"].to_dict() == {"NSCLC-like": 14, "SCLC-like": 47, "Unclassified": 46}
    assert round(medians.loc["NSCLC-like", "median"], 1) == 47.1
    pure = table[table["HISTOLOGY"] == "LCNEC"]
    assert round(survival.log_rank(table, group="GENOMIC_SUBTYPE").p, 2) == 0.41
    assert round(survival.log_rank(pure, group="GENOMIC_SUBTYPE").p, 2) == 0.45


def test_survival_does_not_differ_by_transcriptome_type(table):
    typed = table.dropna(subset="EXPRESSION_CLUSTER")
    assert typed["EXPRESSION_CLUSTER"].value_counts().to_dict() == {
        "LCNEC/SCLC-like": 37, "LCNEC/TypeII": 32, "LCNEC/TypeI": 26,
    }  # fmt: skip
    assert round(survival.log_rank(typed, group="EXPRESSION_CLUSTER").p, 2) == 0.28


def test_immune_estimates_are_of_tumours_and_of_no_normal_tissue(cohort):
    names = [name for name in cohort.samples if name.startswith("XCELL_")]
    assert len(names) == 67 and len(set(names)) == 67  # 64 cell types and three scores
    for name in ("IMMUNE_SCORE", "TIDE_SCORE", *names):
        values = pd.to_numeric(cohort.samples[name])
        assert int(values.notna().sum()) == 95, name
    assert cohort.samples.index.str.startswith("T").all()
    assert any("34 of ESTIMATE, 34 of xCell" in note for note in cohort.study["notes"])
    # ESTIMATE's own arithmetic: its score is the sum of the stromal and the immune score
    scores = cohort.samples[["STROMAL_SCORE", "IMMUNE_SCORE", "ESTIMATE_SCORE"]].apply(pd.to_numeric).dropna()
    assert (scores["STROMAL_SCORE"] + scores["IMMUNE_SCORE"] - scores["ESTIMATE_SCORE"]).abs().max() < 1e-5


def test_what_cannot_be_said_is_declared(cohort):
    assert {"definition", "variants", "copy number", "expression", "histology", "time zero"} <= set(cohort.caveats)
    assert cohort.mutations is None and cohort.copy_number is None and cohort.expression_genes == []


def test_fold_changes_of_rna_and_protein_against_normal_tissue(public_cohort):
    cohort = read_table(
        public_cohort("tu_lcnec_2026_fold_changes"), ["gene", "measured"], ["log_fold_change", "p", "fdr"]
    )
    assert cohort.table["measured"].value_counts().to_dict() == {"RNA": 19403, "protein": 5683}
    rna = cohort.table[cohort.table["measured"] == "RNA"].set_index("gene")
    assert rna.loc["DLL3", "log_fold_change"] == pytest.approx(2.284, abs=1e-3)
    assert rna.loc["SPINK1", "log_fold_change"] == pytest.approx(0.951, abs=1e-3)
    assert rna.loc["FGL1", "p"] == pytest.approx(0.290, abs=1e-3)  # not raised in tumours
    assert (cohort.table["fdr"] >= cohort.table["p"] * (1 - 1e-5)).all()
    assert any("it lacks FGL1, SPINK1, DLL3" in note for note in cohort.study["notes"])  # of the protein


def test_an_id_that_is_no_tumour_of_the_cohort_is_refused(tmp_path):
    path = tmp_path / "TableS6.xlsx"
    pd.DataFrame({"ID": ["T1", "N1", "T9"], "genomic subtype": ["Other"] * 3}).to_excel(
        path, sheet_name="Table S6D", index=False
    )
    with pytest.raises(UserError, match="'T9' is no tumour of TableS1"):
        tu_lcnec_2026._by_tumour(path, "Table S6D", pd.Index(["T1", "T2"]))
    table, normals = tu_lcnec_2026._by_tumour(path, "Table S6D", pd.Index(["T1", "T2", "T9"]))
    assert normals == 1 and table["genomic subtype"].isna().tolist() == [False, True, False]


@pytest.fixture
def larger(tmp_path):
    """The larger files as they are expected to be laid out; nobody here has had the real ones."""
    mutations = pd.DataFrame(
        {
            "Hugo_Symbol": ["TP53", "RB1", "TP53", "STK11"],
            "Tumor_Sample_Barcode": ["T120296", "T120296", "120335", "T130067"],
            "Variant_Classification": ["Missense_Mutation", "Nonsense_Mutation", "Silent", "Frame_Shift_Del"],
            "HGVSp_Short": ["p.R175H", "p.R320*", "", "p.F354fs"],
        }
    )
    expression = pd.DataFrame(
        {"Gene": ["FGL1", "SPINK1", "DLL3", "DLL3"], "T120296": [1.0, 2, 3, 5], "N120296": 0.5, "T120335": 4.0}
    )
    paths = {}
    for number, table in ((2, mutations), (4, expression)):
        path = tmp_path / f"SuppData{number}.xlsx"
        table.to_excel(path, sheet_name=path.stem, index=False)
        paths[f"{tu_lcnec_2026.LARGER}/{path.name}"] = path
    return paths


def test_mutations_and_expression_of_larger_files(data_dir, larger, tmp_path):
    """A tumour without any mutation in the file is not sequenced; one that has a silent one is."""
    from lcnec_utils.omics import expression, genomics
    from lcnec_utils.public import build

    folder = data_dir / "tu_lcnec_2026"
    tables = {f"{tu_lcnec_2026.FOLDER}/TableS{n}.xlsx": folder / tu_lcnec_2026.FOLDER / f"TableS{n}.xlsx"
              for n in (1, 5, 6)}  # fmt: skip
    name = "tu_lcnec_2026_omics"
    made = tu_lcnec_2026.convert(tmp_path / name, tables | larger, {"omics": True}, build._study(name))
    cohort = read_study(made)
    assert cohort.words == {} == cohort.refused and len(cohort.patients) == 107
    mutated = genomics.altered(cohort, genes=["TP53", "RB1", "STK11"])
    assert mutated.loc["T120296"].tolist() == [True, True, False] and not mutated.loc["T120335"].any()
    assert mutated["TP53"].notna().sum() == 3 and "3 of 107 tumours have a mutation" in " ".join(cohort.study["notes"])
    values = expression.log2_expression(cohort)
    assert values.loc["T120296", "DLL3"] == 4 and sorted(values.index) == ["T120296", "T120335"]


@pytest.mark.parametrize(
    ("number", "change", "said"),
    [
        (
            2,
            lambda table: table.rename(columns={"Hugo_Symbol": "Gene"}),
            "no column Hugo_Symbol .there are Gene, Tumor",
        ),
        (2, lambda table: table.assign(Tumor_Sample_Barcode="N120296"), "'N120296' is no tumour of TableS1"),
        (4, lambda table: table.assign(Description=1), "'Description' is no tumour of TableS1"),
        (4, lambda table: table.assign(T130067="high"), "a value is no number"),
        (4, lambda table: table.assign(**{"120296": 1.0}), "a tumour stands there twice"),
    ],
)
def test_another_layout_of_a_larger_file_is_refused_in_one_line(larger, cohort, number, change, said):
    path = larger[f"{tu_lcnec_2026.LARGER}/SuppData{number}.xlsx"]
    change(pd.read_excel(path)).to_excel(path, sheet_name=path.stem, index=False)
    read = {2: tu_lcnec_2026.read_mutations, 4: tu_lcnec_2026.read_expression}[number]
    with pytest.raises(UserError, match=said) as error:
        read(path, cohort.samples.index)
    assert "\n" not in str(error.value)
