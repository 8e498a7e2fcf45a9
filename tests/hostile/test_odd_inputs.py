"""Odd but valid inputs are read to the very numbers worked out by hand; what YAML and GMT allow, too. About 8 s."""

import numpy as np
import pandas as pd
import pytest
import whole_study
from bad_base import base, write
from odd_inputs import CASES, NUMBERS, OF_GROUP

from lcnec_utils.cohort.read import load
from lcnec_utils.core import params
from lcnec_utils.omics import genomics


def of_patients(cohort) -> dict:
    """The numbers of the clinical tables, of tumours that stand for their patients."""
    people, chosen = cohort.patients, cohort.samples.loc[cohort.one_sample_per_patient()]
    survival = cohort.survival("OS")
    starts = people["FIRST_LINE_START"].dropna() if "FIRST_LINE_START" in people else pd.Series(dtype=str)
    found = {
        "patients": len(people),
        "samples": len(cohort.samples),
        "normals": len(cohort.normals),
        "age": people["AGE"].sum(),
        "with age": people["AGE"].count(),
        "months": survival["months"].sum(),
        "deaths": survival["event"].sum(),
        "women": (people["SEX"] == "Female").sum(),
        "first start": starts.min() if len(starts) else None,
    }
    if "ECOG" in people:
        found["performance"] = people["ECOG"].astype(int).sum()
        found["chemotherapy"] = (people["FIRST_LINE_REGIMEN"] == "chemotherapy").sum()
        found |= {"burden": chosen["TMB_NONSYNONYMOUS"].sum(), "PD-L1": chosen["PDL1_SCORE"].sum()}
    return found


def of_genome(cohort) -> dict:
    """The numbers of mutations, copy number and rearrangements."""
    found = {}
    if cohort.mutations is not None:
        hit = genomics.altered(cohort, genes=["TP53", "RB1"])
        alleles = genomics.protein_changes(cohort, alleles=genomics.TARGETS)["KRAS G12C"]
        by_gene = cohort.mutations.groupby("Hugo_Symbol")["Tumor_Sample_Barcode"].nunique()
        found = {
            "mutations": len(cohort.mutations),
            "TP53": hit["TP53"].sum(),
            "RB1": by_gene["RB1"],
            "KRAS G12C": alleles.sum(),
        }
    if cohort.copy_number is not None:
        found |= {
            "deep deletions": (cohort.copy_number <= -2).sum().sum(),
            "amplifications": (cohort.copy_number == 2).sum().sum(),
        }
    if cohort.structural_variants is not None:
        rows = cohort.structural_variants
        found["fusions"] = sorted(rows["Site1_Hugo_Symbol"] + "::" + rows["Site2_Hugo_Symbol"], reverse=False)
    return found


def of_tissue(cohort) -> dict:
    """The numbers of lesions, stained cells, counts and expression."""
    found = {}
    if cohort.lesions is not None:
        table = cohort.lesions
        found = {
            "lesion rows": len(table),
            "mm": table["diameter_mm"].sum(),
            "not evaluable": (~table["evaluable"]).sum(),
            "progressed": (table["state"] == "progressed").sum(),
            "organs": " ".join(sorted(table["organ"].unique())),
            "days": sorted(table["day"].unique()),
        }
    if cohort.densities is not None:
        rows = cohort.densities[cohort.densities["population"] == "CD3+"]
        found |= {f"CD3+ in {assay}": rows.loc[rows["assay"] == assay, "per_mm2"].sum() for assay in ("TL", "TCE")}
    if "IO 360" in cohort.ncounter:
        panel = cohort.ncounter["IO 360"]
        found |= {gene: float(panel[:, gene].X.sum()) for gene in ("CD8A", "CXCL9")}
        found["housekeeping"] = (panel.var["class"] == "Housekeeping").sum()
    if cohort.matrix is not None:
        found |= {f"{gene} TPM": float(np.nansum(cohort.matrix[:, gene].X)) for gene in ("TP53", "RB1")}
        found["genes measured"] = cohort.matrix.n_vars
    return found


@pytest.mark.parametrize("name", CASES)
def test_an_odd_input_is_read_to_the_numbers_worked_out_by_hand(name, tmp_path):
    group, change, right = CASES[name]
    files = base(group)
    change(files)
    write(files, tmp_path)
    cohort, reading = load(tmp_path)
    assert cohort is not None, [str(problem) for problem in reading.problems]
    found = of_patients(cohort) | of_genome(cohort) | of_tissue(cohort)
    expected = NUMBERS | (OF_GROUP["mutations"] if group == "genome" else {}) | OF_GROUP.get(group, {}) | right
    if group == "genome":  # a deletion of RB1 is an alteration; mutations of it are counted
        expected["TP53"] = 10
    expected = {key: value for key, value in expected.items() if value is not None or key == "first start"}
    for key, value in expected.items():
        same = sorted(value) == sorted(found[key]) if isinstance(value, list) else found[key] == pytest.approx(value)
        assert same if not isinstance(value, str | None) else found[key] == value, (key, value, found[key])


def test_there_are_many_odd_inputs():
    assert len(CASES) >= 80 and all(
        right.keys() <= {*NUMBERS, *sum(map(list, OF_GROUP.values()), [])} for _, _, right in CASES.values()
    )


@pytest.mark.parametrize(
    "text",
    [
        "run: mine\nmin_group: 7\nhistology: LUNE\n",
        "\ufeffrun: mine\nmin_group: 7\nhistology: LUNE\n",
        "run: mine\r\nmin_group: 7\r\nhistology: LUNE\r\n",
        "# a run\nrun: 'mine'  # quoted\nmin_group: +7\nhistology: \"LUNE\"\n",
        "{run: mine, min_group: 7, histology: LUNE}\n",
        "---\nhistology: LUNE\nmin_group: 7\nrun: mine\n...\n",
        "run: mine\nmin_group: 0x7\nhistology: >-\n  LUNE\n",
        "run: &r mine\nmin_group: 7\nhistology: !!str LUNE\n",
        "run: mine\nmin_group: 7\nhistology: LUNE",
        "run : mine\n\n\nmin_group : 7\nhistology : LUNE   \n",
    ],
)
def test_a_params_file_in_any_of_yamls_forms_is_the_same_run(text, tmp_path):
    (tmp_path / "mine.yaml").write_bytes(text.encode())
    run = params.read_run(tmp_path / "mine.yaml")
    assert (run.run, run.min_group, run.histology) == ("mine", 7, "LUNE")
    assert run.model_copy(update={"run": "twin", "min_group": 5, "histology": ""}) == params.RunParameters()


@pytest.mark.parametrize(
    "text",
    [
        "A\td\tTP53\tRB1\nB\td\tKRAS\n",
        "A\td\tTP53\tRB1\r\nB\td\tKRAS\r\n",
        "A\td\tRB1\tTP53\tRB1\t\t\nB\td\tKRAS\n\n\n",
        "A\t\tTP53\tRB1\nB\thttp://x\tKRAS",
        "A\td\t TP53 \tRB1\nB\td\tKRAS\n",
    ],
)
def test_gene_sets_in_any_editors_form_are_the_same(text, tmp_path):
    from lcnec_utils.stats.enrichment import read_gmt

    (tmp_path / "own.gmt").write_bytes(text.encode())
    assert read_gmt(tmp_path / "own.gmt") == {"A": ["RB1", "TP53"], "B": ["KRAS"]}


def test_the_base_holds_the_numbers_that_the_cases_depart_from(tmp_path):
    """Counted a second time, from the text itself."""
    rows = [line.split("\t") for line in whole_study.texts()["data_clinical_patient.txt"].decode().splitlines()]
    people = pd.DataFrame(rows[1:], columns=rows[0])
    assert people["AGE"].astype(int).sum() == NUMBERS["age"] and people["OS_MONTHS"].astype(float).sum() == 355
    assert people["OS_STATUS"].str.startswith("1").sum() == NUMBERS["deaths"]
    assert people["ECOG"].astype(int).sum() == NUMBERS["performance"]
    calls = whole_study.texts()["data_mutations.txt"].decode()
    assert calls.count("\n") - 1 == 25 and calls.count("KRAS") == calls.count("p.G12C") == 5
