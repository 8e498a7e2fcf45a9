"""Two samples of one patient, against plain sets and R's exact tests."""

import itertools
import json
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from lcnec_utils.cohort import write
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import paths
from lcnec_utils.core.errors import MissingData
from lcnec_utils.omics.expression import FACTORS
from lcnec_utils.run import records, runs
from lcnec_utils.studies.lcnec import serial_biopsies

GOLDEN = json.loads((Path(__file__).parents[2] / "reference" / "classifier.json").read_text())
NAN = float("nan")
FIVE = ["TP53", "RB1", "STK11", "KRAS", "KEAP1"]


def made(patient_of: list[str], calls: list[tuple] = (), **more) -> Cohort:
    """A cohort in memory; samples S0, S1, … of these patients; calls are (sample, gene)."""
    panel_of, panel_genes, folder = (more.pop(name, None) for name in ("panel_of", "panel_genes", "folder"))
    ids = [f"S{i}" for i in range(len(patient_of))]
    people = pd.Index(list(dict.fromkeys(patient_of)), name="PATIENT_ID")
    return Cohort(
        "made",
        pd.DataFrame({"SEX": "Female"}, index=people),
        pd.DataFrame({"PATIENT_ID": patient_of, **more}, index=pd.Index(ids, name="SAMPLE_ID")),
        mutations=pd.DataFrame(list(calls), columns=["Tumor_Sample_Barcode", "Hugo_Symbol"], dtype=object),
        panel_of=None if panel_of is None else pd.Series(panel_of, index=ids, dtype=object),
        panel_genes=panel_genes or {},
        folder=folder,
    )


def chosen(table: pd.DataFrame) -> dict[str, tuple[str, str]]:
    return {patient: (row["first"], row["second"]) for patient, row in table.iterrows()}


# --- which samples


def test_pairs_stand_in_times_order_and_of_many_samples_the_first_and_last_count():
    people = ["B", "A", "C", "A", "B", "A", "D", "B", "A"]
    months = [7, 30.5, 0, -2, 3, 0, 4, 7, 12]
    table = serial_biopsies.sample_pairs(made(people, BIOPSY_MONTHS=np.array(months, float)))
    assert table.index.name == "PATIENT_ID" and list(table) == ["first", "second", "months", "samples"]
    # of B two samples lie at month 7: the one listed last
    assert chosen(table) == {"A": ("S3", "S1"), "B": ("S4", "S7")}
    assert table["months"].tolist() == [32.5, 4] and table["samples"].tolist() == [4, 3]


def test_without_times_the_order_is_the_files():
    people = ["A", "B", "A", "A", "B", "C"]
    for more in ({}, {"BIOPSY_MONTHS": np.full(6, NAN)}):
        table = serial_biopsies.sample_pairs(made(people, **more))
        assert chosen(table) == {"A": ("S0", "S3"), "B": ("S1", "S4")}
        assert table["months"].isna().all() and table["samples"].tolist() == [3, 2]


def test_where_only_one_sample_has_a_time_the_order_is_the_files():
    # month 3 of the second says nothing of when the first was taken
    table = serial_biopsies.sample_pairs(made(["A", "A"], BIOPSY_MONTHS=np.array([NAN, 3.0])))
    assert chosen(table) == {"A": ("S0", "S1")} and table["months"].isna().all()


def test_a_sample_without_a_time_does_not_stand_for_the_last_where_two_have_one():
    table = serial_biopsies.sample_pairs(made(["A"] * 4, BIOPSY_MONTHS=np.array([NAN, 14.0, 2.0, NAN])))
    assert chosen(table) == {"A": ("S2", "S1")} and table["months"].tolist() == [12]
    assert table["samples"].tolist() == [4]


def test_a_cohort_without_a_pair_is_a_stated_skip():
    with pytest.raises(MissingData, match="made has no patient with two samples"):
        serial_biopsies.sample_pairs(made(["A", "B", "C"]))
    with pytest.raises(MissingData, match="made has no patient with two samples"):
        serial_biopsies.evolution(made(["A", "B"]), genes=FIVE)


# --- what stays and what changes


@pytest.mark.parametrize("seed", range(3))
def test_genes_kept_gained_and_lost_are_those_of_plain_sets_where_both_were_profiled(seed):
    rng = np.random.default_rng(seed)
    genes = [*FIVE, "EGFR", "NF1"]
    panels = {f"panel{i}": set(rng.choice(genes, 5, replace=False)) for i in range(4)} | {"whole": set(genes)}
    people = [f"P{i // 2}" for i in range(80)]
    panel_of = rng.choice([*panels, "whole", None], 80)
    calls, altered = [], {}
    for i, panel in enumerate(panel_of):
        looked_at = panels.get(panel, set())
        altered[f"S{i}"] = {gene for gene in sorted(looked_at) if rng.random() < 0.4}
        calls += [(f"S{i}", gene) for gene in sorted(altered[f"S{i}"])]
    months = rng.permutation(80).astype(float)
    lcnec = made(people, calls, panel_of=list(panel_of), panel_genes=panels, BIOPSY_MONTHS=months)
    found = serial_biopsies.evolution(lcnec, genes=genes)
    assert len(found.table) == 40
    seen = {"kept": 0, "gained": 0, "lost": 0}
    for row in found.table.itertuples():
        number = int(row.Index[1:])
        first, second = sorted((2 * number, 2 * number + 1), key=lambda i: months[i])
        assert (row.first, row.second) == (f"S{first}", f"S{second}")
        both = panels.get(panel_of[first], set()) & panels.get(panel_of[second], set())
        before, after = altered[row.first] & both, altered[row.second] & both
        for name, wanted in (("kept", before & after), ("gained", after - before), ("lost", before - after)):
            assert getattr(row, name) == ", ".join(gene for gene in genes if gene in wanted), (row.Index, name)
            seen[name] += len(wanted)
        for sample, place, subtype in (
            (row.first, first, row.genomic_subtype_1), (row.second, second, row.genomic_subtype_2),
        ):  # fmt: skip
            hit = altered[sample]
            if not set(FIVE) <= panels.get(panel_of[place], set()):
                wanted = "Unknown"
            elif {"TP53", "RB1"} <= hit:
                wanted = "SCLC-like"
            else:
                wanted = "NSCLC-like" if hit & {"STK11", "KRAS", "KEAP1"} and "RB1" not in hit else "Unclassified"
            assert subtype == wanted
    assert min(seen.values()) > 10
    # a subtype that is not known on both sides tells no change
    known = found.table[(found.table[["genomic_subtype_1", "genomic_subtype_2"]] != "Unknown").all(axis=1)]
    change = serial_biopsies.pair_findings(found, members={})["drivers_retained"][0]
    k = int((known["genomic_subtype_1"] != known["genomic_subtype_2"]).sum())
    assert (change.events, change.n) == (k, len(known)) and 0 < len(known) < 40
    assert change.value == pytest.approx(k / len(known))


def test_the_samples_of_the_pairs_stand_two_after_two_with_what_was_measured():
    lcnec = made(
        ["B", "A", "A", "C", "B", "A"], [("S1", "TP53"), ("S3", "TP53"), ("S4", "KRAS"), ("S5", "RB1")],
        BIOPSY_MONTHS=np.array([1, 0, 5, 2, 9, 8.5]), TMB_NONSYNONYMOUS=np.array([1, 2, 3, 4, NAN, 6]),
        PDL1_SCORE=np.array([0, NAN, 10, 20, 30, 40.0]),
    )  # fmt: skip
    found = serial_biopsies.evolution(lcnec, genes=["KRAS", "TP53", "RB1"])
    assert found.samples.index.tolist() == ["S1", "S5", "S0", "S4"] == found.hit.index.tolist()
    assert found.samples["patient"].tolist() == ["A", "A", "B", "B"]
    np.testing.assert_array_equal(found.samples["months"], [0, 8.5, 1, 9])
    np.testing.assert_array_equal(found.samples["tmb"], [2, 6, 1, NAN])
    np.testing.assert_array_equal(found.samples["pdl1"], [NAN, 40, 0, 30])
    # neither the middle sample nor a patient of one sample is shown
    assert set(found.alterations["sample"]) == {"S1", "S4", "S5"}
    assert found.table["kept"].tolist() == ["", ""]
    assert found.table["gained"].tolist() == ["RB1", "KRAS"] and found.table["lost"].tolist() == ["TP53", ""]
    text = serial_biopsies.pairs_of_samples_sentences(found)
    assert text.startswith("2 pairs of samples, taken a median of 8.3 months apart (8.0 to 8.5; n = 2).")
    assert "gained in 2 pairs and lost in 1 pair" in text and "genomic subtype changes in 1/2 (50%)" in text


def test_without_mutations_biopsies_cannot_be_compared_and_that_is_said():
    lcnec = made(["A", "A"])
    lcnec.mutations = None
    with pytest.raises(MissingData, match="made has no mutations"):
        serial_biopsies.evolution(lcnec, genes=FIVE)


def expressed(tmp_path: Path, people: list[str], levels: np.ndarray, names: list[str]) -> Cohort:
    """A cohort whose named samples have log2 expression of FACTORS."""
    table = anndata.AnnData(
        levels, obs=pd.DataFrame(index=names), var=pd.DataFrame(index=FACTORS), uns={"scale": "log2(TPM+1)"}
    )
    table.write_h5ad(tmp_path / "expression.h5ad")
    return made(people, [(f"S{i}", "TP53") for i in range(len(people))], folder=tmp_path)


def test_the_tf_subtype_is_known_where_expression_is_and_changes_are_counted_there(tmp_path):
    people = ["A", "A", "B", "B", "C", "C", "D", "D"]
    # A: ASCL1 to YAP1; B: NEUROD1 both; C: POU2F3 to ASCL1; D's second was not measured
    levels = np.array(
        [[9, 1, 1, 1], [1, 1, 1, 9], [1, 8, 1, 1], [2, 9, 1, 1], [1, 1, 9, 1], [9, 1, 1, 2], [1, 1, 1, 9]], "f4"
    )
    # written in another order than listed
    lcnec = expressed(tmp_path, people, levels[::-1], [f"S{i}" for i in range(7)][::-1])
    found = serial_biopsies.evolution(lcnec, genes=FIVE)
    table = found.table
    assert table["tf_subtype_1"].tolist() == ["ASCL1", "NEUROD1", "POU2F3", "YAP1"]
    assert table["tf_subtype_2"].tolist()[:3] == ["YAP1", "NEUROD1", "ASCL1"] and pd.isna(table["tf_subtype_2"].iloc[3])
    answers = {name: finding[0] for name, finding in serial_biopsies.pair_findings(found, members={}).items()}
    assert answers["n"].value == 4 and answers["n.tf_pairs"].value == 3
    assert (answers["tf_shift"].events, answers["tf_shift"].n) == (2, 3)
    assert answers["tf_shift"].value == pytest.approx(200 / 3)
    more = answers["tf_more_than_genome"]
    # of the three pairs known by both, the factor alone changes in two: p of binom.test(2, 2)
    assert (more.value, more.n, more.p) == (pytest.approx(2 / 3), 3, pytest.approx(0.5))
    text = serial_biopsies.pairs_of_samples_sentences(found)
    assert "transcription-factor subtype" in text and "2/3 (67%)" in text and "(exact McNemar p = 0.50, n = 3)" in text


def test_a_reference_moves_the_calls_and_one_too_small_leaves_none(tmp_path):
    levels = np.array([[5, 4, 1, 1], [4, 5, 1, 1], [1, 1, 5, 5], [1, 1, 4, 5]], "f4")
    lcnec = expressed(tmp_path, ["A", "A", "B", "B"], levels, ["S0", "S1", "S2", "S3"])
    # over tumours whose ASCL1 is all but nothing, every one is of ASCL1
    reference = pd.DataFrame(np.eye(4)[[0, 1, 2, 3, 1, 2, 3]] * [0.1, 9, 9, 9], columns=FACTORS)
    found = serial_biopsies.evolution(lcnec, genes=FIVE, reference=reference)
    assert set(found.samples["tf_subtype"]) == {"ASCL1"}
    none = serial_biopsies.evolution(lcnec, genes=FIVE, reference=reference.head(2))
    assert none.samples["tf_subtype"].isna().all()


def test_without_expression_the_tf_subtype_is_missing_and_said():
    found = serial_biopsies.evolution(made(["A", "A", "B", "B"], [("S0", "KRAS"), ("S1", "KRAS")]), genes=FIVE)
    assert found.table[["tf_subtype_1", "tf_subtype_2"]].isna().all(axis=None)
    answers = {name: finding[0] for name, finding in serial_biopsies.pair_findings(found, members={}).items()}
    assert answers["tf_shift"].value is None and answers["tf_shift"].note == "no pair has the subtype of both samples"
    assert answers["tf_more_than_genome"].value is None and answers["n.tf_pairs"].value == 0
    text = serial_biopsies.pairs_of_samples_sentences(found)
    assert "times are not recorded" in text and "transcription-factor subtype" in text and "McNemar" not in text
    assert "nan" not in text.lower()


def test_patients_and_gaps_are_counted_by_the_cohort_they_are_of():
    lcnec = made(["A", "A", "B", "B", "C", "C", "D", "D"], BIOPSY_MONTHS=np.array([0, 3, 0, 10, 0, NAN, 1, 8]))
    found = serial_biopsies.evolution(lcnec, genes=FIVE)
    answers = serial_biopsies.pair_findings(
        found, members={"c1": made(["A", "B", "C", "Z"]), "c2": made(["D", "Y"]), "c3": None}
    )
    assert {name: answers[name][0].value for name in ("n", "n.c1", "n.c2")} == {"n": 4, "n.c1": 3, "n.c2": 1}
    assert (answers["gap.c1"][0].value, answers["gap.c1"][0].n) == (6.5, 2)
    assert answers["gap.c2"][0].value == 7 and "n.c3" not in answers
    nobody = serial_biopsies.pair_findings(found, members={"c1": made(["Z", "Y"])})
    assert nobody["gap.c1"][0].value is None and "no time" in nobody["gap.c1"][0].note


def test_limits_of_a_share_of_pairs_are_rs_prop_test():
    golden = GOLDEN["shares"]
    for i, (k, n) in enumerate(zip(golden["k"], golden["n"], strict=True)):
        for percent, unit in ((False, 1), (True, 100)):
            found = serial_biopsies._share_of_changes(
                pd.Series([True] * int(k) + [False] * int(n - k)), percent=percent
            )
            assert (found.events, found.n) == (k, n) and found.value == pytest.approx(unit * k / n)
            for name in ("lower", "upper", "lower_90", "upper_90"):
                assert getattr(found, name) == pytest.approx(unit * golden[name][i], abs=1e-7 * unit), (k, n, name)
    assert serial_biopsies._share_of_changes(pd.Series([], dtype=bool), percent=True).value is None


# --- through the notebook


def test_two_samples_of_three_patients_without_expression_are_drawn_through_the_notebook(tmp_path, monkeypatch):
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    people = ["A", "A", "B", "B", "C", "C", "D"]
    samples = [f"T{i}" for i in range(7)]
    calls = list(itertools.product(["T0", "T1", "T3"], ["TP53", "RB1"])) + [("T2", "KRAS"), ("T4", "STK11")]
    calls += [("T5", "STK11"), ("T5", "KEAP1"), ("T6", "EGFR")]
    folder = write.write_study(
        tmp_path / "own",
        patients=pd.DataFrame({"PATIENT_ID": list("ABCD"), "SEX": "Male"}),
        samples=pd.DataFrame(
            {"SAMPLE_ID": samples, "PATIENT_ID": people, "BIOPSY_MONTHS": [0, 4, 9, 1, 0, 12, 0], "PDL1_SCORE": 5}
        ),
        study={"name": "own"},
        mutations=pd.DataFrame(
            [(*call, "Nonsense_Mutation") for call in calls],
            columns=["Tumor_Sample_Barcode", "Hugo_Symbol", "Variant_Classification"],
        ),
    )
    file = tmp_path / "mine.yaml"
    file.write_text(f"run: mine\nserial: {folder}\n")
    runs.execute("05_serial_biopsies", file)  # an error in a cell is an error here
    record = records.read_record("mine", "05_serial_biopsies")
    assert list(record["drawn"]) == ["fig2c"] and not record["skipped"] and not record["simulated"]
    table = pd.read_csv(paths.figures("mine") / "fig2c.csv", comment="#", keep_default_na=False).set_index("PATIENT_ID")
    assert chosen(table) == {"A": ("T0", "T1"), "B": ("T3", "T2"), "C": ("T4", "T5")}
    assert table["months"].astype(float).tolist() == [4, 8, 12]
    assert table["genomic_subtype_1"].tolist() == ["SCLC-like", "SCLC-like", "NSCLC-like"]
    assert table["genomic_subtype_2"].tolist() == ["SCLC-like", "NSCLC-like", "NSCLC-like"]
    assert table["gained"].tolist() == ["", "KRAS", "KEAP1"] and table["lost"].tolist() == ["", "TP53, RB1", ""]
    assert set(table["tf_subtype_1"]) == {""}
    # the source's own number of pairs is asked of no other cohort
    assert not any(name.startswith("lcnec.fig2c.n") for name in record["findings"])
    assert record["findings"]["lcnec.fig2c.drivers_retained"]["findings"][0]["n"] == 3
