"""Genotypes, burden, biomarkers and targets by a second hand: whatever is expected here is computed here.

Nothing of lcnec_utils is asked for what it is held against.
"""

import random

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.cohort.read import check_study, read_study
from lcnec_utils.omics import genomics
from lcnec_utils.studies.lcnec import outcomes
from tests.omics.drawn import (
    ACMG,
    CHANGES,
    FIVE,
    PROTEIN_CHANGING,
    altered_genes,
    cohorts_drawn,
    in_memory,
    looked_at,
    subtypes,
    variants_of,
)  # fmt: skip


def test_ten_thousand_tumours_have_the_subtype_that_the_rules_give_them():
    together = []
    for drawn, cohort in cohorts_drawn():
        called = genomics.genomic_subtype(cohort)
        wanted = subtypes(drawn)
        differing = [(name, ours, mine) for name, ours, mine in zip(drawn["ids"], called, wanted, strict=True)
                     if ours != mine]  # fmt: skip
        assert not differing, (drawn["told"], len(differing), differing[:5])
        assert called.index.tolist() == drawn["ids"]
        together += wanted
    counts = pd.Series(together).value_counts()
    assert counts.sum() == 10_000 and set(counts.index) == {"NSCLC-like", "SCLC-like", "Unclassified", "Unknown"}
    assert counts.min() > 1000


def test_some_tumours_are_on_no_panel_and_are_profiled_or_not_for_each_reason():
    kinds = {"called": 0, "listed": 0, "neither": 0}
    for drawn, _ in cohorts_drawn():
        if drawn["panel_of"] is not None:
            for name in (name for name, panel in drawn["panel_of"].items() if panel is None):
                listed = name in (drawn["sequenced"] or ())
                kinds["called" if name in drawn["called"] else "listed" if listed else "neither"] += 1
    assert min(kinds.values()) >= 5, kinds


@pytest.mark.parametrize(
    "broken",
    ["every_mutation", "kras_too", "shallow", "gains", "no_deletion", "no_rearrangement", "first_site",
     "unprofiled_is_wild_type", "rb1_not_asked", "a_mutation_says_nothing", "a_list_says_nothing", "unlisted_is_all"],
)  # fmt: skip
def test_the_tumours_drawn_would_show_a_broken_rule(broken):
    differ = [sum(one != other for one, other in zip(subtypes(drawn), subtypes(drawn, **{broken: True}), strict=True))
              for drawn, _ in cohorts_drawn()]  # fmt: skip
    assert sum(differ) >= 20


def test_each_gene_is_altered_wild_type_or_not_profiled_as_the_rules_say():
    for drawn, cohort in cohorts_drawn():
        found = genomics.altered(cohort, genes=FIVE)
        changed = altered_genes(drawn)
        for gene in FIVE:
            wanted = [gene in changed[name] if gene in looked_at(drawn, name) else None for name in drawn["ids"]]
            assert [None if value is pd.NA else bool(value) for value in found[gene]] == wanted, (drawn["told"], gene)


@pytest.mark.parametrize(
    ("column", "word"),
    [("PATHOGENICITY", "Likely_pathogenic"), ("PATHOGENICITY", "Pathogenic/Likely_pathogenic"),
     ("ONCOGENIC", "Predicted Oncogenic")],
)  # fmt: skip
def test_the_same_judgement_in_clinvars_letters_or_oncokbs_former_word_counts(column, word):
    calls = [{"sample": "T1", "gene": "TP53", column: "VUS"}, {"sample": "T1", "gene": "RB1", column: word}]
    assert genomics.altered(in_memory(["T1"], calls, call_columns=(column,)), genes=["RB1"])["RB1"].tolist() == [True]


def test_a_deep_deletion_is_told_from_a_shallow_one_and_from_no_measurement():
    levels = pd.DataFrame([[-2.0, -1.0, 0.0, 2.0, np.nan]], index=["CDKN2A"], columns=["T1", "T2", "T3", "T4", "T5"])
    found = genomics.deleted(in_memory([*levels, "T6"], copy_number=levels), gene="CDKN2A")
    assert [None if value is pd.NA else bool(value) for value in found] == [True, False, False, False, None, None]


# --- tumour mutational burden -------------------------------------------------------------------------------------


IN_BURDEN = {
    "Missense_Mutation", "Nonsense_Mutation", "In_Frame_Del", "In_Frame_Ins", "Frame_Shift_Del", "Frame_Shift_Ins",
}  # fmt: skip


MAF_COLUMNS = ("Variant_Classification", "PATHOGENICITY", "GNOMAD_AF")


FREQUENCIES = ["", "0", "0.0", "1e-06", "0.00012", "0.31", "1"]


def draw_maf(seed: int) -> tuple[list[str], list[float], list[dict]]:
    rng = random.Random(seed)
    ids = [f"T{number}" for number in range(60)]
    covered = [rng.choice([1.2, 1.4, 30.0, 0.75, 34.7, float("nan")]) for _ in ids]
    calls = [
        {
            "sample": name, "gene": rng.choice([*FIVE, "TTN", "MUC16"]),
            "Variant_Classification": rng.choice([*PROTEIN_CHANGING, *sorted(IN_BURDEN), "Splice_Region", ""]),
            "PATHOGENICITY": rng.choice([*ACMG, "benign", "LIKELY BENIGN", "likely pathogenic"]),
            "GNOMAD_AF": rng.choice([""] * 5 + FREQUENCIES),
        }
        for name in ids[3:]  # the first three have no mutation: their burden is 0 and not missing
        for _ in range(rng.randrange(0, 60))
    ]  # fmt: skip
    rng.shuffle(calls)
    return ids, covered, calls


def count_burden(ids: list[str], covered: list[float], calls: list[dict], columns: tuple) -> list[float]:
    """Missense, nonsense, in-frame and frameshift mutations that are neither in gnomAD nor benign, per Mb covered."""
    number = dict.fromkeys(ids, 0)
    for call in calls:
        germline = "GNOMAD_AF" in columns and call["GNOMAD_AF"] != "" and float(call["GNOMAD_AF"]) > 0
        benign = "PATHOGENICITY" in columns and call["PATHOGENICITY"].lower() in ("benign", "likely benign")
        if call["Variant_Classification"] in IN_BURDEN and not germline and not benign:
            number[call["sample"]] += 1
    return [number[name] / size for name, size in zip(ids, covered, strict=True)]


@pytest.mark.parametrize("columns", [MAF_COLUMNS, MAF_COLUMNS[:2], MAF_COLUMNS[::2], MAF_COLUMNS[:1]], ids="-".join)
def test_burden_is_a_count_of_mutations_over_the_megabases_covered(columns):
    for seed in range(25):
        ids, covered, calls = draw_maf(seed)
        cohort = in_memory(ids, calls, call_columns=columns, clinical={"COVERED_MEGABASES": covered})
        wanted = count_burden(ids, covered, calls, columns)
        np.testing.assert_allclose(genomics.counted_burden(cohort), wanted, rtol=1e-12)
        # not recorded, it is what is counted; recorded, the record
        np.testing.assert_allclose(genomics.burden(cohort), wanted, rtol=1e-12)
        cohort.samples["TMB_NONSYNONYMOUS"] = np.arange(60.0)
        assert genomics.burden(cohort).tolist() == list(range(60))


@pytest.mark.parametrize("word", ["missense_mutation", "MISSENSE_MUTATION", "missense_variant"])
def test_a_missense_mutation_by_another_word_is_not_lost_in_silence(own_study, word):
    """Silent changes are known by both vocabularies in any letters; a burden of 0 for want of the other is a lie."""
    rows = ["SAMPLE_ID\tPATIENT_ID\tCOVERED_MEGABASES", *[f"S{number}\tA{number}\t2" for number in range(1, 9)]]
    (own_study / "data_clinical_sample.txt").write_text("\n".join(rows) + "\n")
    text = (own_study / "data_mutations.txt").read_text()
    plain = read_study(own_study)
    (own_study / "data_mutations.txt").write_text(text.replace("Missense_Mutation", word))
    cohort, problems = check_study(own_study)
    if not problems and cohort.notes == plain.notes:
        assert genomics.counted_burden(cohort).tolist() == genomics.counted_burden(plain).tolist()


EXACTLY = [("9.99 and less", 999, 100.0), ("10", 14, 1.4), ("10", 12, 1.2), ("10", 300, 30.0), ("10", 347, 34.7),
           ("10 and more", 1001, 100.0), ("19", 57, 3.0), ("19", 133, 7.0), ("19", 19, 1.0), ("19", 114, 6.0),
           ("19 and more", 1901, 100.0)]  # fmt: skip


def test_ten_is_high_from_10_on_and_nineteen_is_not_above_19():
    """The source prints ≥ 10 per Mb in its Results and > 19 in its Methods; both are kept to the very value."""
    calls = [
        {"sample": f"T{place}", "gene": "TTN", "Variant_Classification": "Missense_Mutation"}
        for place, (_, number, _) in enumerate(EXACTLY)
        for _ in range(number)
    ]
    ids = [f"T{place}" for place in range(len(EXACTLY))]
    covered = {"COVERED_MEGABASES": [size for _, _, size in EXACTLY]}
    cohort = in_memory(ids, calls, call_columns=("Variant_Classification",), clinical=covered)
    high = genomics.biomarkers(cohort, tmb_high_per_mb=10.0, pdl1_positive_percent=1.0)["TMB high"].tolist()
    assert high == [what != "9.99 and less" for what, _, _ in EXACTLY]
    recorded = [9.999999, 10.0, 10.000001, 18.999999, 19.0, 19.000001, None]
    ids = [f"T{place}" for place in range(len(recorded))]
    cohort = in_memory(ids, clinical={"TMB_NONSYNONYMOUS": recorded, "PDL1_SCORE": [0.9, 1, 1.1, 0, 50, 100, None]})
    markers = genomics.biomarkers(cohort, tmb_high_per_mb=10.0, pdl1_positive_percent=1.0).astype(object)
    markers = markers.where(markers.notna(), None)
    assert markers["TMB high"].tolist() == [False, True, True, True, True, True, None]
    assert markers["PD-L1 positive"].tolist() == [False, True, True, False, True, True, None]
    assert markers["MMR deficient"].tolist() == [None] * 7
    cohort.patients = cohort.patients.assign(
        FIRST_LINE_REGIMEN="chemoimmunotherapy", OS_MONTHS=12.0, OS_STATUS=pd.array([True] * 7, dtype="boolean")
    )
    groups = outcomes.on_chemoimmunotherapy(cohort, 19.0, 1.0)["TMB"]
    assert [word if isinstance(word, str) else None for word in groups] == ["≤ 19 per Mb"] * 5 + ["> 19 per Mb", None]


def test_the_sweep_of_cut_offs_is_a_plain_count_at_any_cut():
    rng = random.Random(9)
    for _ in range(20):
        ids = [f"T{number}" for number in range(120)]
        values = [rng.choice([None, 0.0, 10.0, 19.0, round(rng.expovariate(0.1), 1)]) for _ in ids]
        patient_of = [f"P{number // rng.choice([1, 1, 2])}" for number in range(120)]
        kinds = ["NSCLC-like", "SCLC-like", "Unclassified", "Unknown"]
        cohort = in_memory(ids, clinical={"TMB_NONSYNONYMOUS": values}, patient_of=patient_of)
        first = {}
        for patient, value in zip(patient_of, values, strict=True):
            first.setdefault(patient, value)
        kind_of = {patient: rng.choices(kinds, [5, 5, 0.15, 3])[0] for patient in first}
        subtype = pd.Series(pd.Categorical(kind_of.values(), kinds[:3]), index=list(kind_of))
        table = genomics.burden_sweep(cohort, subtype=subtype.sample(frac=1, random_state=1))
        for kind in kinds[:3]:
            mine = [first[name] for name, its in kind_of.items() if its == kind and first[name] is not None]
            part = table[table["group"] == kind]
            assert part["n"].unique().tolist() == ([len(mine)] if len(mine) >= 3 else [])
            if part.empty:
                continue
            for cut in [*mine, 0, 0.05, 10, 19, 9.95, 19.05, *[rng.uniform(0, 80) for _ in range(20)]]:
                above = sum(value >= cut for value in mine) / len(mine)
                later = part[part["per_mb"] >= cut]  # between two burdens that occur nothing changes
                assert (later["share"].iloc[0] if len(later) else 0) == pytest.approx(above, abs=1e-12), cut
            # and > 19 is the share at the next burden above
            assert (part.loc[part["per_mb"] > 19, "share"].max() if max(mine) > 19 else 0) == pytest.approx(
                sum(value > 19 for value in mine) / len(mine), abs=1e-12
            )


# --- mismatch repair ----------------------------------------------------------------------------------------------


MEANS = {
    "dMMR": True, "MSI-H": True, "Instable": True, "dMMR/MSI-H": True, "MSI-High": True, "deficient": True,
    "microsatellite unstable": True, "pMMR": False, "MSS": False, "MSI-L": False, "Stable": False, "pMMR/MSS": False,
    "proficient": False, "microsatellite stable": False, "not tested": None, "indeterminate": None, None: None,
}  # fmt: skip


IN_ORDER = [
    ("MMR_IHC", "immunohistochemistry"), ("MSI_FRAGMENT_ANALYSIS", "fragment analysis"), ("MSI_NGS", "sequencing"),
    ("MMR_STATUS", "status as recorded"), ("MSI_STATUS", "status as recorded"),
]  # fmt: skip


@pytest.mark.parametrize("seed", range(32))
def test_immunohistochemistry_is_believed_before_fragment_analysis_before_sequencing_before_the_record(seed):
    rng = random.Random(seed)
    columns = [column for place, (column, _) in enumerate(IN_ORDER) if seed >> place & 1]
    rng.shuffle(columns)  # the order of the file's columns decides nothing
    words = rng.choices(list(MEANS), k=4) + [None, None, "dMMR", "MSS"]
    drawn = {column: [rng.choice(words) for _ in range(300)] for column in columns}
    cohort = in_memory([f"T{number}" for number in range(300)], clinical=drawn)
    found = genomics.mismatch_repair(cohort)
    for place in range(300):
        answer, method, tests = None, "", set()
        for column, name in IN_ORDER:
            means = MEANS[drawn[column][place]] if column in drawn else None
            if means is not None and answer is None:
                answer, method = means, name
            if means is not None and column not in ("MMR_STATUS", "MSI_STATUS"):
                tests.add(means)
        row = found.iloc[place]
        given = None if row["deficient"] is pd.NA else bool(row["deficient"])
        assert (given, row["method"], bool(row["discordant"])) == (answer, method, len(tests) == 2), {
            column: drawn[column][place] for column in columns
        }


@pytest.mark.parametrize(
    "word",
    ["not MSI-H", "Non-MSI-H", "not deficient", "not mismatch repair deficient", "no MMR deficiency", "not unstable",
     "MSI-H not detected", "MSS (MSI-H not detected)"],
)  # fmt: skip
def test_a_word_that_denies_instability_is_not_read_as_it(word):
    status = genomics.mismatch_repair(in_memory(["T1"], clinical={"MSI_STATUS": [word]}))["deficient"]
    assert status.isna().all() or not status.iloc[0]


@pytest.mark.parametrize(("word", "deficient"), [("dMMR/MSS", True), ("pMMR/MSI-H", False), ("dMMR, MSI-L", True)])
def test_where_one_record_gives_both_repair_and_stability_the_former_is_believed(word, deficient):
    """dMMR and pMMR are words of immunohistochemistry, which the source believes first."""
    status = genomics.mismatch_repair(in_memory(["T1"], clinical={"MMR_STATUS": [word]}))["deficient"]
    assert status.tolist() == [deficient]


@pytest.mark.parametrize("word", ["MSI High", "MSI_H", "Microsatellite instability-high", "MSI"])
def test_a_word_for_instability_is_never_read_as_stability(word):
    status = genomics.mismatch_repair(in_memory(["T1"], clinical={"MSI_STATUS": [word]}))["deficient"]
    assert status.isna().all() or status.iloc[0]


# --- targetable alterations ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("gene", "change"), CHANGES, ids=lambda word: word or "unstated")
def test_what_is_targetable(gene, change):
    calls = [{"sample": "T1", "gene": gene, "HGVSp_Short": change}]
    cohort = in_memory(["T1", "T2"], calls, call_columns=("HGVSp_Short",))
    assert genomics.targetable(cohort).tolist() == [CHANGES[gene, change], False]


@pytest.mark.parametrize(
    "change",
    ["p.K745_E749del", "p.K745_A750delinsK", "p.R748_S752del", "p.A750_K754del", "p.T751_I759delinsN",
     "p.S752_I759del"],
)  # fmt: skip
def test_a_deletion_in_exon_19_is_targetable_wherever_it_starts(change):
    """Exon 19 of EGFR holds codons 729 to 761; its deletions start at any of 744 to 753 (COSMIC)."""
    calls = [{"sample": "T1", "gene": "EGFR", "HGVSp_Short": change}]
    assert genomics.targetable(in_memory(["T1"], calls, call_columns=("HGVSp_Short",))).tolist() == [True]


@pytest.mark.parametrize("change", ["p.L747fs", "p.L747*", "p.E746*", "p.E746K"])
def test_not_every_change_of_a_codon_of_exon_19_is_a_deletion(change):
    calls = [{"sample": "T1", "gene": "EGFR", "HGVSp_Short": change}]
    assert genomics.targetable(in_memory(["T1"], calls, call_columns=("HGVSp_Short",))).tolist() == [False]


@pytest.mark.parametrize("sites", [("EML4", "ALK"), ("ALK", "EML4")])
def test_eml4_alk_is_one_fusion_whichever_site_comes_first(sites):
    cohort = in_memory(["T1", "T2"], structural_variants=variants_of([("T2", *sites)]))
    assert genomics.fusions(cohort).columns.tolist() == ["EML4::ALK"]
    assert genomics.fusions(cohort)["EML4::ALK"].tolist() == [False, True]


def test_a_tumour_whose_panel_lacks_a_target_is_not_told_to_be_without_one():
    panels = {"three": {"KRAS", "EGFR", "ERBB2"}, "two": {"KRAS", "EGFR"}}
    calls = [{"sample": "T1", "gene": "EGFR", "HGVSp_Short": "p.L858R"}]
    cohort = in_memory(["T1", "T2", "T3", "T4"], calls, call_columns=("HGVSp_Short",), panel_genes=panels,
                       panel_of=pd.Series({"T1": "three", "T2": "three", "T3": "two", "T4": None}))  # fmt: skip
    told = [None if value is pd.NA else bool(value) for value in genomics.targetable(cohort)]
    assert told == [True, False, None, None]
