"""Alterations, genotypes and subtypes, against a second implementation written from the definitions."""

import itertools
import random

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core.errors import MissingData
from lcnec_utils.omics import genomics

FIVE = ["TP53", "RB1", "STK11", "KRAS", "KEAP1"]


def make(
    calls: list[tuple] = (),
    samples: int | list[str] = 4,
    patient_of: list[str] | None = None,
    panel_of: list | None = None,
    panel_genes: dict | None = None,
    copy_number: dict | None = None,
    structural_variants: list[dict] | None = None,
) -> Cohort:
    """A cohort in memory; calls are (sample, gene) or (sample, gene, consequence)."""
    ids = [f"S{number}" for number in range(1, samples + 1)] if isinstance(samples, int) else samples
    patients = patient_of or [f"P{number}" for number in range(1, len(ids) + 1)]
    columns = ["Tumor_Sample_Barcode", "Hugo_Symbol", "Variant_Classification"]
    width = len(calls[0]) if len(calls) else 3
    return Cohort(
        name="made",
        patients=pd.DataFrame({"SEX": "Female"}, index=pd.Index(list(dict.fromkeys(patients)), name="PATIENT_ID")),
        samples=pd.DataFrame({"PATIENT_ID": patients}, index=pd.Index(ids, name="SAMPLE_ID")),
        mutations=pd.DataFrame(list(calls), columns=columns[:width], dtype=object),
        copy_number=None if copy_number is None else pd.DataFrame.from_dict(copy_number, orient="index", columns=ids),
        structural_variants=None if structural_variants is None else pd.DataFrame(structural_variants),
        panel_of=None if panel_of is None else pd.Series(panel_of, index=ids, dtype=object),
        panel_genes=panel_genes or {},
    )


# --- subtypes -----------------------------------------------------------------------------------------------------


def second_opinion(looked_at: set[str], changed: set[str]) -> str:
    """SCLC-like: TP53 and RB1 altered; NSCLC-like: STK11, KRAS or KEAP1 altered, RB1 wild type; else unclassified."""
    for gene in ("TP53", "RB1", "STK11", "KRAS", "KEAP1"):
        if gene not in looked_at:
            return "Unknown"
    if "TP53" in changed and "RB1" in changed:
        return "SCLC-like"
    if "RB1" not in changed:
        for gene in ("STK11", "KRAS", "KEAP1"):
            if gene in changed:
                return "NSCLC-like"
    return "Unclassified"


def test_every_genotype():
    genotypes = [set(chosen) for size in range(6) for chosen in itertools.combinations(FIVE, size)]
    calls = [(f"S{number}", gene) for number, genes in enumerate(genotypes, 1) for gene in sorted(genes)]
    subtype = genomics.genomic_subtype(make(calls, samples=32))
    assert subtype.tolist() == [second_opinion(set(FIVE), genes) for genes in genotypes]
    assert subtype.value_counts().to_dict() == {"NSCLC-like": 14, "SCLC-like": 8, "Unclassified": 10, "Unknown": 0}


def test_ten_thousand_genotypes_with_genes_that_were_not_looked_at():
    random_one = random.Random(20240607)
    # one panel for every subset of the five genes; "whole" has no list, so it holds every gene; None was not sequenced
    panels = {
        f"panel{number}": set(chosen) | {"EGFR"}
        for number, chosen in enumerate(c for size in range(6) for c in itertools.combinations(FIVE, size))
    }
    suppressors = {"TP53", "RB1", "STK11", "KEAP1"}  # the loss of KRAS, an oncogene, is no alteration of it
    ids = [f"S{number}" for number in range(10_000)]
    calls, panel_of, wanted = [], [], []
    levels = {gene: [] for gene in FIVE}
    for sample in ids:
        panel = random_one.choices(["panel31", "whole", None, random_one.choice(list(panels))], [4, 2, 1, 4])[0]
        looked_at = set() if panel is None else panels.get(panel, set(FIVE))
        changed = set()
        for gene in FIVE:
            level = 0
            if gene in looked_at:
                if random_one.random() < 0.35:
                    # some genes carry two mutations: they are one alteration
                    calls += [(sample, gene, "Missense_Mutation")] * random_one.choice([1, 1, 2])
                    changed.add(gene)
                level = random_one.choices([0, -2, 2, -1], [16, 1, 1, 2])[0]
                if level == -2 and gene in suppressors:
                    changed.add(gene)
            levels[gene].append(level)
        if looked_at:
            calls.append((sample, "EGFR", "Missense_Mutation"))  # decides nothing
        panel_of.append(panel)
        wanted.append(second_opinion(looked_at, changed))
    random_one.shuffle(calls)
    made = make(calls, samples=ids, panel_of=panel_of, panel_genes=panels, copy_number=levels)
    subtype = genomics.genomic_subtype(made)
    assert subtype.tolist() == wanted
    assert min(pd.Series(wanted).value_counts()) > 500  # each answer was asked for, and often
    assert subtype.index.tolist() == ids and list(subtype.cat.categories) == [*genomics.SUBTYPES, "Unknown"]


def test_a_call_in_a_gene_that_was_not_looked_at_makes_no_subtype():
    # the sample's panel lacks KRAS: one of the five was not profiled, whatever the mutation file says of it
    made = make([("S1", "KRAS")], samples=1, panel_of=["X"], panel_genes={"X": set(FIVE) - {"KRAS"}})
    assert genomics.genomic_subtype(made).tolist() == ["Unknown"]


def test_a_call_in_a_gene_that_was_not_looked_at_makes_no_prevalence():
    # wild types leave the denominator and the call stays in the numerator: 1 of 4 would be printed as 1 of 1
    made = make([("S1", "KRAS")], panel_of=["X"] * 4, panel_genes={"X": {"TP53"}})
    groups = pd.Series("all", index=made.samples.index)
    counts = genomics.prevalence(genomics.altered(made, genes=["KRAS"]), groups=groups, first="all", second="none").loc[
        "KRAS"
    ]
    assert (counts["k_1"], counts["n_1"]) in {(0, 0), (1, 4)}


def test_subtypes_without_mutations():
    made = make()
    assert genomics.genomic_subtype(made).tolist() == ["Unclassified"] * 4
    made.mutations = None
    with pytest.raises(MissingData, match="made has no mutations"):
        genomics.genomic_subtype(made)


# --- alterations --------------------------------------------------------------------------------------------------

CLASSES = {
    "Missense_Mutation": "missense",
    "In_Frame_Del": "in-frame indel",
    "In_Frame_Ins": "in-frame indel",
    "Nonsense_Mutation": "truncating",
    "Frame_Shift_Del": "truncating",
    "Frame_Shift_Ins": "truncating",
    "Splice_Site": "splice",
    "Splice_Region": "splice",
    "Nonstop_Mutation": "other mutation",
    "Translation_Start_Site": "other mutation",
    "": "mutation, consequence not given",
}


@pytest.mark.parametrize("word", CLASSES)
def test_classes_of_mutations(word):
    table = genomics.alterations(make([("S1", "RB1", word)]), genes=["RB1"])
    assert table.to_numpy().tolist() == [["S1", "RB1", CLASSES[word]]]
    assert CLASSES[word] in genomics.CLASSES
    assert genomics.altered(make([("S1", "RB1", word)]), genes=["RB1"])["RB1"].tolist() == [True, False, False, False]


def test_mutations_without_a_consequence():
    table = genomics.alterations(make([("S1", "RB1")]), genes=["RB1"])
    assert table["alteration"].tolist() == [genomics.UNSTATED]


def test_each_class_stands_once_per_sample_and_gene():
    calls = [("S2", "RB1", "Frame_Shift_Del"), ("S2", "RB1", "Nonsense_Mutation"), ("S2", "RB1", "Missense_Mutation"),
             ("S1", "TP53", "Splice_Site"), ("S1", "EGFR", "Missense_Mutation")]  # fmt: skip
    table = genomics.alterations(make(calls), genes=["TP53", "RB1"])
    assert table.to_numpy().tolist() == [
        ["S1", "TP53", "splice"], ["S2", "RB1", "missense"], ["S2", "RB1", "truncating"],
    ]  # fmt: skip


def test_copy_number_and_rearrangements_are_shown():
    made = make(
        [("S1", "TP53", "Missense_Mutation")],
        copy_number={"RB1": [-2, -1, 0, np.nan], "MYC": [2, 1, 2, 0], "OTHER": [-2, -2, -2, -2]},
        structural_variants=[
            {"Sample_Id": "S4", "Site1_Hugo_Symbol": "RB1", "Site2_Hugo_Symbol": "RB1"},
            {"Sample_Id": "S3", "Site1_Hugo_Symbol": "ALK", "Site2_Hugo_Symbol": "TP53"},
        ],
    )
    table = genomics.alterations(made, genes=["TP53", "RB1", "MYC", "ABSENT"])
    assert table.to_numpy().tolist() == [
        ["S1", "MYC", "amplification"], ["S1", "RB1", "deep deletion"], ["S1", "TP53", "missense"],
        ["S3", "MYC", "amplification"], ["S3", "TP53", "rearrangement"], ["S4", "RB1", "rearrangement"],
    ]  # fmt: skip


def test_what_counts_as_altered():
    # deep deletions and rearrangements count in a suppressor and only there; gains and shallow losses never
    made = make(
        [("S4", "KRAS", "Missense_Mutation")],
        copy_number={"RB1": [-2, -1, 2, 0], "KRAS": [-2, 2, 0, 0], "CDKN2A": [-2, -2, np.nan, 1], "MYC": [-2, 2, 2, 2]},
        structural_variants=[{"Sample_Id": "S4", "Site1_Hugo_Symbol": "RB1", "Site2_Hugo_Symbol": "KRAS"}],
    )
    hit = genomics.altered(made, genes=["RB1", "KRAS", "CDKN2A", "MYC"])
    assert hit["RB1"].tolist() == [True, False, False, True]
    assert hit["KRAS"].tolist() == [False, False, False, True]
    assert hit["CDKN2A"].tolist() == [True, True, False, False]
    assert hit["MYC"].tolist() == [False, False, False, False]
    assert hit.index.tolist() == ["S1", "S2", "S3", "S4"]


def test_not_looked_at_is_missing_and_not_wild_type():
    made = make([("S1", "TP53"), ("S2", "TP53")], panel_of=["X", "X", "Y", None],
                panel_genes={"X": {"TP53", "RB1"}, "Y": {"RB1"}})  # fmt: skip
    hit = genomics.altered(made, genes=["TP53", "RB1"])
    assert [None if pd.isna(value) else value for value in hit["TP53"]] == [True, True, None, None]
    assert [None if pd.isna(value) else value for value in hit["RB1"]] == [False, False, False, None]


def test_genes_that_nobody_has():
    hit = genomics.altered(make([("S1", "TP53")]), genes=["ABC1", "DEF2"])
    assert hit.columns.tolist() == ["ABC1", "DEF2"] and not hit.to_numpy().any()
    assert genomics.alterations(make([("S1", "TP53")]), genes=["ABC1"]).empty


def test_a_gene_asked_for_twice_is_one_gene():
    hit = genomics.altered(make([("S1", "TP53")]), genes=["TP53", "TP53"])
    assert hit.columns.tolist() == ["TP53"]


# --- counts -------------------------------------------------------------------------------------------------------


def test_prevalence_counts_by_hand():
    random_one = random.Random(3)
    ids = [f"S{number}" for number in range(300)]
    drawn = {gene: [random_one.choice([True, False, False, None]) for _ in ids] for gene in FIVE}
    hit = pd.DataFrame(drawn, index=ids).astype("boolean")
    groups = pd.Series([random_one.choice(["a", "b", "c", None]) for _ in ids], index=ids)
    table = genomics.prevalence(hit, groups=groups.sample(frac=1, random_state=1), first="a", second="b")
    assert table.columns.tolist() == ["k_1", "n_1", "k_2", "n_2"] and table.index.tolist() == FIVE
    for gene in FIVE:
        for side, name in ((1, "a"), (2, "b")):
            values = [hit.at[key, gene] for key in ids if groups[key] == name]
            known = [bool(value) for value in values if value is not pd.NA]
            assert table.loc[gene, [f"k_{side}", f"n_{side}"]].tolist() == [sum(known), len(known)]


@pytest.mark.parametrize("kind", ["object", "category", "string"])
def test_prevalence_of_a_group_nobody_is_in(kind):
    hit = genomics.altered(make([("S1", "TP53")]), genes=["TP53"])
    groups = pd.Series(["a", "a", None, "a"], index=hit.index, dtype=kind)
    table = genomics.prevalence(hit, groups=groups, first="a", second="b")
    assert table.loc["TP53"].tolist() == [1, 3, 0, 0]


def test_frequently_mutated():
    calls = [("S1", "B"), ("S1", "B"), ("S2", "B"), ("S1", "A"), ("S3", "A"), ("S4", "C")]
    # two mutations of one sample count once; ties go by symbol; the share is of all samples
    assert genomics.frequently_mutated(make(calls), at_least=0.25) == ["A", "B", "C"]
    assert genomics.frequently_mutated(make(calls), at_least=0.5) == ["A", "B"]
    assert genomics.frequently_mutated(make(calls), at_least=0.51) == []


def test_carriers():
    made = make([("S1", "TP53"), ("S2", "KRAS")], panel_of=["X", "X", "X", None], panel_genes={"X": {"TP53", "KRAS"}})
    words = genomics.carrier(genomics.altered(made, genes=["TP53", "KRAS"]))
    for gene, wanted in (
        ("TP53", ["mutated", "wild type", "wild type", None]),
        ("KRAS", ["wild type", "mutated", "wild type", None]),
    ):
        assert [None if pd.isna(word) else word for word in words[gene]] == wanted
        assert list(words[gene].cat.categories) == ["wild type", "mutated"]
    assert words.index.tolist() == ["S1", "S2", "S3", "S4"]


def test_carriers_where_all_are_or_nobody_was_looked_at():
    everybody = genomics.carrier(pd.DataFrame({"TP53": pd.array([True, True], dtype="boolean")}))
    assert everybody["TP53"].tolist() == ["mutated", "mutated"]
    nobody = genomics.carrier(pd.DataFrame({"TP53": pd.array([None, None], dtype="boolean")}))
    assert nobody["TP53"].isna().all() and list(nobody["TP53"].cat.categories) == ["wild type", "mutated"]


def test_a_patient_stands_for_the_sample_listed_first():
    made = make([("S2", "TP53"), ("S3", "TP53")], patient_of=["P2", "P1", "P2", "P3"])
    hit = genomics.by_patient(made, genomics.altered(made, genes=["TP53"]))
    assert hit["TP53"].to_dict() == {"P2": False, "P1": True, "P3": False}
    assert hit.index.name == "PATIENT_ID"
    subtype = genomics.by_patient(made, genomics.genomic_subtype(made))
    assert subtype.index.tolist() == hit.index.tolist() and isinstance(subtype.dtype, pd.CategoricalDtype)


def test_a_patient_without_a_sample_is_left_out():
    made = make([("S1", "TP53")])
    made.patients.loc["P9"] = "Male"
    assert "P9" not in genomics.by_patient(made, genomics.altered(made, genes=["TP53"])).index


def test_clinical_tracks():
    made = make(samples=3, patient_of=["P1", "P2", "P1"])
    made.samples["SAMPLE_TYPE"] = ["Primary", "Primary", "Metastasis"]
    made.patients["SEX"] = ["Female", "Male"]
    tracks = genomics.clinical_tracks(made, columns={"SEX": "Sex", "SAMPLE_TYPE": "Site", "RACE": "Race"})
    assert list(tracks) == ["Sex", "Site"]
    assert tracks["Sex"].tolist() == ["Female", "Male", "Female"]
    assert tracks["Site"].tolist() == ["Primary", "Primary", "Metastasis"]
