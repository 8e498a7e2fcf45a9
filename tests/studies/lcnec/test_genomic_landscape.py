"""The landscape's findings and sentences, against counts made with plain sets and loops."""

import dataclasses
import math
import random
import re

import pandas as pd
import pytest

from lcnec_utils.cohort.read import read_study
from lcnec_utils.core.errors import MissingData
from lcnec_utils.omics import genomics
from lcnec_utils.stats.agreement import pairwise_agreement
from lcnec_utils.studies.lcnec import genomic_landscape
from tests.omics.drawn import (
    CHANGES,
    DRUGGED,
    FIVE,
    NAMED,
    PARTNERS,
    altered_genes,
    cohorts_drawn,
    in_memory,
    looked_at,
    mutation_counts,
    subtypes,
    variants_of,
)  # fmt: skip


def test_the_sentence_on_subtypes():
    def sentence(*called: tuple[str, str], **profiled) -> str:
        calls = [{"sample": sample, "gene": gene} for sample, gene in called]
        ids = ["S1", "S2", "S3", "S4"]
        if "panel_of" in profiled:
            profiled["panel_of"] = pd.Series(profiled["panel_of"], ids, dtype=object)
        return genomic_landscape.subtype_sentence(genomics.genomic_subtype(in_memory(ids, calls, **profiled)))

    four = [("S1", "TP53"), ("S1", "RB1"), ("S2", "KRAS"), ("S3", "EGFR")]
    whole = sentence(*four)
    assert whole.startswith("Genomic subtype: NSCLC-like ") and "unknown" not in whole
    assert all(f"{name} {count}" in whole for name, count in (("NSCLC-like", 1), ("SCLC-like", 1), ("Unclassified", 2)))
    part = sentence(*four, panel_of=["X", "X", "X", None], panel_genes={"X": {*FIVE, "EGFR"}})
    assert "1 of 4 unknown" in part and "Unclassified 1" in part
    assert "4 of 4 unknown" in sentence(panel_of=[None] * 4)
    # on no panel, and with a mutation that was loaded: read for every gene
    one = sentence(("S1", "EGFR"), panel_of=[None] * 4)
    assert "3 of 4 unknown" in one and "Unclassified 1/1" in one


def test_a_wild_type_rb1_that_only_mutations_speak_for_is_counted():
    for drawn, cohort in cohorts_drawn():
        changed = altered_genes(drawn)
        wild = [name for name in drawn["ids"] if "RB1" in looked_at(drawn, name) and "RB1" not in changed[name]]
        blind = [name for name in wild if drawn["levels"]["RB1"].get(name) is None]
        said = genomic_landscape.caveat_sentences(cohort)
        assert f"RB1 is called wild type from mutations alone in {len(blind)} of {len(wild)} tumours" in said
        counting = sum(mutation_counts(drawn, call) for call in drawn["calls"])
        if drawn["told"] == "neither":
            assert "(VUS) are included" in said and "called pathogenic" not in said
        else:
            assert f"{counting} of {len(drawn['calls'])} mutations are called pathogenic" in said
            assert "VUS" not in said


def test_complete_copy_number_of_rb1_needs_no_caveat():
    ids = ["T1", "T2", "T3"]
    calls = [{"sample": "T1", "gene": "RB1", "PATHOGENICITY": "Pathogenic"}]
    complete = pd.DataFrame({"T1": [0.0], "T2": [-1.0], "T3": [2.0]}, index=["RB1"])
    told = {"call_columns": ("PATHOGENICITY",)}
    assert genomic_landscape.caveat_sentences(in_memory(ids, calls, copy_number=complete, **told)) == ""
    one_short = genomic_landscape.caveat_sentences(in_memory(ids, calls, copy_number=complete[["T1", "T2"]], **told))
    assert "in 1 of 2 tumours" in one_short
    none = genomic_landscape.caveat_sentences(in_memory(ids, calls, **told))
    assert "in 2 of 2 tumours" in none and "VUS" not in none
    # copy number of another gene says nothing of RB1
    other = genomic_landscape.caveat_sentences(
        in_memory(ids, calls, copy_number=complete.rename({"RB1": "KRAS"}), **told)
    )
    assert other == none


def wilson_limits(k: int, n: int) -> tuple[float, float]:
    """Wilson 1927, as fractions."""
    z = 1.959963984540054
    middle, half = (k + z * z / 2) / (n + z * z), z * math.sqrt(k * (n - k) / n + z * z / 4) / (n + z * z)
    return middle - half, middle + half


def test_the_landscape_shows_the_tumours_of_known_subtype_and_its_findings_are_their_shares():
    for drawn, cohort in cohorts_drawn()[:5]:
        wanted = {
            name: kind for name, kind in zip(drawn["ids"], subtypes(drawn), strict=True) if kind != "Unknown"
        }  # fmt: skip
        shown = genomic_landscape.landscape(cohort, genes=[*FIVE, "MYC"])
        findings, text = genomic_landscape.landscape_findings(cohort), genomic_landscape.landscape_sentences(cohort)
        assert shown.subtype.astype(str).to_dict() == wanted
        assert shown.hit.index.tolist() == list(wanted) and shown.burden is None
        for tail in ("n", "n.classified"):
            [finding] = findings[tail]
            assert finding.value == len(wanted)
        for kind in ("NSCLC-like", "SCLC-like", "Unclassified"):
            k, n = list(wanted.values()).count(kind), len(wanted)
            [finding] = findings[f"subtype.{kind.lower().replace('-', '_')}"]
            assert (finding.events, finding.n) == (k, n)
            limits = [100 * limit for limit in wilson_limits(k, n)]
            assert [finding.value, finding.lower, finding.upper] == pytest.approx([100 * k / n, *limits], rel=1e-9)
        unknown = 1000 - len(wanted)
        assert (f"{unknown} of 1000 unknown" in text) == bool(unknown)
        assert text.endswith(genomic_landscape.caveat_sentences(cohort))


def test_prevalence_findings_are_of_the_patients_that_the_panel_shows():
    """A patient with two samples is one patient: two samples of one tumour are no two observations."""
    rng = random.Random(5)
    ids = [f"T{number}" for number in range(200)]
    patient_of = [f"P{number // 2}" for number in range(200)]
    calls = [{"sample": name, "gene": gene} for name in ids for gene in [*FIVE, "KMT2D"] if rng.random() < 0.4]
    cohort = in_memory(ids, calls, patient_of=patient_of)
    carried = {name: {call["gene"] for call in calls if call["sample"] == name} for name in ids[::2]}
    sides = {"SCLC-like": [], "NSCLC-like": []}
    for genes in carried.values():
        if {"TP53", "RB1"} <= genes:
            sides["SCLC-like"].append("KMT2D" in genes)
        elif genes & {"STK11", "KRAS", "KEAP1"} and "RB1" not in genes:
            sides["NSCLC-like"].append("KMT2D" in genes)
    subtype = genomics.by_patient(cohort, genomics.genomic_subtype(cohort))
    found = genomic_landscape.prevalence_findings(cohort, subtype)
    assert found["n.sclc_like"][0].value == len(sides["SCLC-like"])
    [kmt2d] = found["kmt2d"]
    assert kmt2d.n == sum(map(len, sides.values()))
    share = {name: sum(values) / len(values) for name, values in sides.items()}
    assert kmt2d.value == pytest.approx(share["SCLC-like"] - share["NSCLC-like"], rel=1e-9)


def test_two_targetable_alterations_make_one_targetable_tumour():
    """The source: 22 tumours with 13 KRAS G12C, 5 EGFR, 1 ERBB2, 3 EML4::ALK and 1 ETV6::NTRK2, which are 23."""
    changes = [("KRAS", "p.G12C")] * 13 + [("EGFR", "p.L858R")] * 5 + [("ERBB2", "p.Y772_A775dup")]
    calls = [{"sample": f"T{place}", "gene": gene, "HGVSp_Short": change} for place, (gene, change) in
             enumerate(changes)]  # fmt: skip
    rows = [("T19", "EML4", "ALK"), ("T20", "ALK", "EML4"), ("T21", "EML4", "ALK"), ("T0", "ETV6", "NTRK2")]
    cohort = in_memory([f"T{place}" for place in range(373)], calls, call_columns=("HGVSp_Short",),
                       structural_variants=variants_of(rows))  # fmt: skip
    findings = {name: found[0].value for name, found in genomic_landscape.target_findings(cohort).items()}
    assert findings["targetable"] == pytest.approx(100 * 22 / 373)
    assert [findings[f"targetable.{name}"] for name in ("kras_g12c", "egfr", "erbb2", "eml4_alk", "etv6_ntrk2")] == [
        13, 5, 1, 3, 1,
    ]  # fmt: skip
    assert "22/373" in genomic_landscape.target_sentence(
        cohort
    ) and "23 alterations" in genomic_landscape.target_sentence(cohort)


def test_the_alterations_of_the_sentence_are_those_of_its_tumours():
    calls = [{"sample": "T1", "gene": "EGFR", "HGVSp_Short": "p.T790M"}]
    cohort = in_memory(["T1", "T2"], calls, call_columns=("HGVSp_Short",),
                       panel_of=pd.Series({"T1": "all", "T2": None}), panel_genes={"all": {"KRAS", "EGFR", "ERBB2"}},
                       structural_variants=variants_of([("T2", "EML4", "ALK")]))  # fmt: skip
    said = re.search(
        r"Targetable: (\d+)/\d+ .*tumours with (\d+) alteration", genomic_landscape.target_sentence(cohort)
    )
    assert int(said[2]) <= int(said[1])  # each of these tumours has one at most


def test_every_mutation_counts_in_a_cohort_without_judgement_and_the_text_says_so():
    calls = [{"sample": "T1", "gene": gene, "Variant_Classification": "Missense_Mutation"} for gene in ("TP53", "RB1")]
    cohort = in_memory(["T1"], calls, call_columns=("Variant_Classification",))
    assert genomics.genomic_subtype(cohort).tolist() == ["SCLC-like"]
    assert "variants of unknown significance (VUS) are included" in genomic_landscape.caveat_sentences(cohort)


@pytest.mark.parametrize("column", ["PATHOGENICITY", "ONCOGENIC"])
def test_a_judging_column_without_a_word_is_no_judgement_and_the_text_says_so(column):
    """As cBioPortal exports have it: the column stands there, and nobody filled it in."""
    calls = [{"sample": "T1", "gene": gene, column: ""} for gene in ("TP53", "RB1")]
    cohort = in_memory(["T1"], calls, call_columns=(column,))
    assert genomics.genomic_subtype(cohort).tolist() == ["SCLC-like"]
    assert "VUS" in genomic_landscape.caveat_sentences(cohort)


def test_oncokb_judges_where_nobody_filled_in_the_five_classes():
    calls = [{"sample": "T1", "gene": gene, "PATHOGENICITY": "", "ONCOGENIC": word}
             for gene, word in (("TP53", "Oncogenic"), ("RB1", "Unknown"), ("KRAS", "Likely Oncogenic"))]  # fmt: skip
    cohort = in_memory(["T1"], calls, call_columns=("PATHOGENICITY", "ONCOGENIC"))
    assert genomics.genomic_subtype(cohort).tolist() == ["NSCLC-like"]
    assert "2 of 3 mutations are called pathogenic" in genomic_landscape.caveat_sentences(cohort)


def test_targetable_tumours_are_counted_once_each_over_random_cohorts():
    rng = random.Random(22)
    for _ in range(15):
        ids = [f"T{number}" for number in range(80)]
        calls = [{"sample": name, "gene": gene, "HGVSp_Short": change} for name in ids
                 for gene, change in rng.choices(list(CHANGES), k=rng.choice([0, 0, 1, 3]))]  # fmt: skip
        rows = []
        for name in rng.sample(ids, 12):
            gene = rng.choice([*PARTNERS, "FGFR3"])
            sites = [gene, PARTNERS.get(gene, "TACC3")]
            rng.shuffle(sites)
            rows += [(name, *sites)] * rng.choice([1, 1, 2])  # seen from both sides
        cohort = in_memory(ids, calls, call_columns=("HGVSp_Short",), structural_variants=variants_of(rows))
        carried = {name: set() for name in ids}
        for call in calls:
            if CHANGES[call["gene"], call["HGVSp_Short"]]:
                carried[call["sample"]].add(NAMED[call["gene"]])
        for name, *sites in rows:
            for gene in DRUGGED & set(sites):
                carried[name].add(f"{PARTNERS[gene]}::{gene}")
        assert genomics.targetable(cohort).tolist() == [bool(carried[name]) for name in ids]
        table = genomics.targetable_alterations(cohort)
        for name in ids:
            assert {column for column in table if table.loc[name, column]} == carried[name]
        tumours, alterations = sum(map(bool, carried.values())), sum(map(len, carried.values()))
        findings = genomic_landscape.target_findings(cohort)
        [share] = findings["targetable"]
        assert (share.events, share.n) == (tumours, 80) and share.value == pytest.approx(100 * tumours / 80)
        for column in table:
            [count] = findings[f"targetable.{column.lower().replace(' ', '_').replace('::', '_')}"]
            assert count.value == sum(column in each for each in carried.values())
        said = re.search(
            r"Targetable: (\d+)/(\d+) .*tumours with (\d+) alteration", genomic_landscape.target_sentence(cohort)
        )
        assert [int(number) for number in said.groups()] == [tumours, 80, alterations]


def test_pd_l1_is_shown_in_the_groups_of_trials_and_an_empty_column_is_no_track():
    scores = [0, 0.5, 1, 49, 49.9, 50, 100, None]
    ids = [f"T{number}" for number in range(len(scores))]
    cohort = in_memory(ids, clinical={"PDL1_SCORE": scores, "SAMPLE_TYPE": None})
    tracks = genomic_landscape.landscape(cohort, genes=FIVE).tracks
    assert list(tracks) == ["Sex", "PD-L1 (TPS)"]
    groups = [None if pd.isna(group) else group for group in tracks["PD-L1 (TPS)"]]
    assert groups == ["< 1%", "< 1%", "1–49%", "1–49%", "1–49%", "≥ 50%", "≥ 50%", None]


def test_pd_l1_over_treatment_groups_is_compared_between_every_two_regimens():
    """The source's sentence names the three treatment groups; a regimen with few patients is not compared."""
    sizes = {"chemotherapy": (12, 40), "chemoimmunotherapy": (30, 60), "immunotherapy": (2, 4), "targeted": (5, 5)}
    regimens = [name for name, (_, n) in sizes.items() for _ in range(n)]
    scores = [60.0 if place < k else 0.0 for k, n in sizes.values() for place in range(n)]
    cohort = in_memory([f"T{place}" for place in range(len(scores))], clinical={"PDL1_SCORE": scores})
    cohort.patients["FIRST_LINE_REGIMEN"] = regimens
    markers = genomics.biomarkers(cohort, tmb_high_per_mb=10, pdl1_positive_percent=1)
    [finding] = genomic_landscape.pdl1_over_regimens(cohort, markers, min_group=5)
    assert finding.value == pytest.approx(12 / 40 - 30 / 60) and finding.n == 100
    every = genomic_landscape.pdl1_over_regimens(cohort, markers, min_group=1)
    assert [each.value for each in every] == pytest.approx([12 / 40 - 0.5, 12 / 40 - 0.5, 0.0])
    without = in_memory(["T1"], clinical={"PDL1_SCORE": [1.0]})
    [lacking] = genomic_landscape.pdl1_over_regimens(without, markers)
    assert lacking.value is None and "regimen" in lacking.note


def test_fisher_stands_beside_the_chi_squared_test_where_counts_are_small():
    tests = pd.DataFrame({
        "what": ["TMB high", "MMR deficient", "MMR deficient"], "group": ["A", "A", "A"], "other": ["B", "B", "C"],
        "p_chi_squared": [0.00001, 0.25049, math.nan], "p_fisher": [math.nan, 0.51968, math.nan],
    })  # fmt: skip
    labels = genomic_landscape.share_test_labels(tests)
    assert labels["label"].tolist() == ["p < 0.0001", "p = 0.25 (Fisher 0.52)"]
    said = genomic_landscape.pairs_sentence(tests)
    assert "MMR deficient: A and B p = 0.25 (Fisher 0.52)." in said and "not adjusted" in said
    assert "No two" in genomic_landscape.pairs_sentence(tests.tail(1))


def test_pd_l1_is_counted_by_antibody_and_a_tumour_without_antibody_is_not_compared():
    rows = [("22C3", 0)] * 12 + [("22C3", 1)] * 8 + [("SP263", 0)] * 3 + [("SP263", 50)] * 7 + [(None, 80)] * 6
    rows += [("28-8", None)] * 3
    clinical = {"PDL1_ASSAY": [name for name, _ in rows], "PDL1_SCORE": [score for _, score in rows]}
    cohort = in_memory([f"T{place}" for place in range(len(rows))], clinical=clinical)
    table = genomic_landscape.pdl1_by_antibody(cohort, pdl1_positive_percent=1)
    assert table[["group", "k", "n"]].values.tolist() == [["22C3", 8, 20], ["SP263", 7, 10], ["not recorded", 6, 6]]
    assert table[["lower", "upper"]].to_numpy()[0] == pytest.approx(wilson_limits(8, 20))
    overall = genomic_landscape.antibody_test(table, min_group=5)
    # R: chisq.test(rbind(c(8, 12), c(7, 3)), correct = FALSE)
    assert overall["groups"] == 2 and overall["p_chi_squared"] == pytest.approx(0.12133525, rel=1e-6)
    [label] = genomic_landscape.antibody_labels(table, overall).to_dict("records")
    assert (label["group"], label["other"]) == ("22C3", "SP263") and label["label"].startswith("2 antibodies: p = 0.12")
    sentence = genomic_landscape.antibody_sentence(table, overall, min_group=5)
    assert "22C3 8/20 (40%)" in sentence and "over 2 antibodies: p = 0.12" in sentence
    few = genomic_landscape.antibody_test(table, min_group=15)
    assert genomic_landscape.antibody_labels(table, few).empty
    assert "fewer than two have 15" in genomic_landscape.antibody_sentence(table, few, min_group=15)


@pytest.mark.parametrize(
    "clinical",
    [{}, {"PDL1_SCORE": [5.0, 0.0]}, {"PDL1_ASSAY": ["22C3", "22C3"]},
     {"PDL1_SCORE": [5.0, None], "PDL1_ASSAY": [None, "22C3"]}],
)  # fmt: skip
def test_a_cohort_without_antibodies_of_scored_tumours_skips_their_comparison(clinical):
    with pytest.raises(MissingData, match="PDL1_ASSAY|PDL1_SCORE"):
        genomic_landscape.pdl1_by_antibody(in_memory(["T1", "T2"], clinical=clinical), pdl1_positive_percent=1)


def test_the_final_call_of_mismatch_repair_follows_the_order_of_the_source():
    """Methods: immunohistochemistry, then fragment analysis, then sequencing."""
    yes, no = "dMMR/MSI-H", "pMMR/MSS"
    rows = [(no, yes, yes), (yes, no, None), (None, yes, no), (None, None, yes), (no, no, no), (None, None, None)]
    columns = ["MMR_IHC", "MSI_FRAGMENT_ANALYSIS", "MSI_NGS"]
    clinical = {name: [row[place] for row in rows] for place, name in enumerate(columns)}
    cohort = in_memory([f"T{place}" for place in range(len(rows))], clinical=clinical)
    calls = genomic_landscape.final_calls(cohort)
    assert calls.values.tolist() == [
        ["immunohistochemistry", 3, 1, 2], ["fragment analysis", 1, 1, 1], ["sequencing", 1, 1, 0],
        ["all tests", 5, 3, 3],
    ]  # fmt: skip
    pairs = pairwise_agreement(genomic_landscape.repair_tests(cohort))
    counted = pairs[["n", "both", "first_only", "second_only", "neither"]].values.tolist()
    assert counted == [[3, 0, 1, 1, 1], [2, 0, 0, 1, 1], [3, 1, 1, 0, 1]]
    matrix = genomic_landscape.agreement_matrix(next(pairs.itertuples()))
    assert matrix.set_index(["truth", "called"])["n"].to_dict() == {
        ("deficient", "deficient"): 0, ("deficient", "proficient"): 1,
        ("proficient", "deficient"): 1, ("proficient", "proficient"): 1,
    }  # fmt: skip
    sentence = genomic_landscape.agreement_sentence(pairs, calls)
    assert "immunohistochemistry and fragment analysis 1/3 (33.3%)" in sentence
    assert "3/5 (60.0%) are deficient" in sentence and "overruled in 3 tumours" in sentence
    one = in_memory(["T1"], clinical={"MMR_IHC": [no], "MSI_NGS": [None]})
    with pytest.raises(MissingData, match="only immunohistochemistry has any"):
        genomic_landscape.repair_tests(one)
    with pytest.raises(MissingData, match="no test has any"):
        genomic_landscape.repair_tests(in_memory(["T1"]))


# --- the shares of the subtypes


def test_the_shares_of_a_study_that_gives_its_subtypes_are_of_pure_tumours_and_of_all(public_cohort):
    """47 SCLC-like, 14 NSCLC-like and 46 other of 107, as Table S6D of Zhang 2026 counts; 38, 8 and 35 of the pure."""
    lcnec = read_study(public_cohort("tu_lcnec_2026"))
    table = genomic_landscape.subtype_shares([lcnec])
    counts = {label: dict(zip(rows["what"], rows["k"], strict=True)) for label, rows in table.groupby("group")}
    assert counts == {
        "LCNEC, Zhang 2026, pure": {"NSCLC-like": 8, "SCLC-like": 38, "Unclassified": 35},
        "LCNEC, Zhang 2026, with combined": {"NSCLC-like": 14, "SCLC-like": 47, "Unclassified": 46},
    }
    assert "as the study gives it: LCNEC, Zhang 2026." in genomic_landscape.subtype_shares_sentence(table, [lcnec])


def test_a_cohort_without_subtypes_leaves_the_other_its_shares_and_two_of_them_give_a_reason():
    typed, untyped = genomics.example_cohort(), dataclasses.replace(genomics.example_cohort(), mutations=None)
    assert list(genomic_landscape.with_subtypes({"cohort": untyped, "cohort_2": typed})) == ["cohort_2"]
    with pytest.raises(MissingData, match="no mutations"):
        genomic_landscape.with_subtypes({"cohort": untyped})
