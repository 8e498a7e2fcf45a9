"""Genotypes, biomarkers and shares by a second hand: whatever is expected here is computed here, or by R.

The rules are those of the source (main paper: Results, "Genomic landscape"; Methods), written down anew with plain
dicts, sets and loops. Nothing of lcnec_utils is asked for what it is held against.
"""

import json
import math
import random
import re
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lcnec_utils import genomics, proportions, treatment
from lcnec_utils.cohort.model import Cohort, CohortError
from lcnec_utils.cohort.read import check_study, read_study

REFERENCE = Path(__file__).parent / "reference"
GOLDEN = json.loads((REFERENCE / "shares.json").read_text())

FIVE = ["KEAP1", "KRAS", "STK11", "TP53", "RB1"]
SUPPRESSORS = {"RB1", "TP53", "STK11", "KEAP1"}
ACMG = ["Pathogenic", "Likely pathogenic", "VUS", "Likely benign", "Benign", ""]
ONCOKB = ["Oncogenic", "Likely Oncogenic", "Likely Neutral", "Inconclusive", "Unknown", ""]
PROTEIN_CHANGING = [
    "Missense_Mutation", "Nonsense_Mutation", "Frame_Shift_Del", "Frame_Shift_Ins", "In_Frame_Del", "In_Frame_Ins",
    "Splice_Site", "Nonstop_Mutation", "Translation_Start_Site",
]  # fmt: skip


def in_memory(
    ids: list[str],
    calls: list[dict] = (),
    *,
    call_columns: tuple = (),
    clinical: dict | None = None,
    patient_of: list[str] | None = None,
    **others,
) -> Cohort:
    """A cohort of these samples. calls: rows with sample, gene and whatever call_columns names; clinical: by sample."""
    patient_of = patient_of or [f"patient of {name}" for name in ids]
    rows = {
        "Tumor_Sample_Barcode": [call["sample"] for call in calls],
        "Hugo_Symbol": [call["gene"] for call in calls],
        **{column: [call[column] for call in calls] for column in call_columns},
    }
    patients = pd.Index(list(dict.fromkeys(patient_of)), name="PATIENT_ID")
    return Cohort(
        name="drawn",
        patients=pd.DataFrame({"SEX": "Female"}, index=patients),
        samples=pd.DataFrame({"PATIENT_ID": patient_of, **(clinical or {})}, index=pd.Index(ids, name="SAMPLE_ID")),
        mutations=pd.DataFrame(rows, dtype=object),
        **others,
    )


# --- subtypes: ten cohorts of a thousand tumours ------------------------------------------------------------------

# How a cohort tells what a mutation does: (column, its words, those that count); the last two are the awkward ones
COUNTING = {"pathogenic", "likely pathogenic", "oncogenic", "likely oncogenic"}
TOLD = ["PATHOGENICITY"] * 4 + ["ONCOGENIC"] * 3 + ["neither"] * 2 + ["both"]
PROFILED_BY = ["panel"] * 8 + ["case list", "nothing said"]


def draw_cohort(seed: int) -> dict:
    """Everything about a cohort of a thousand tumours, as plain Python: what a study folder would say."""
    rng = random.Random(seed)
    told, profiled_by = TOLD[seed], PROFILED_BY[seed]
    ids = [f"T{seed}.{number}" for number in range(1000)]
    panels = {"five": {*FIVE, "EGFR", "MYC"}, "one": {"KRAS"}}
    panels |= {f"no {gene}": panels["five"] - {gene} for gene in FIVE}
    if profiled_by == "panel":
        # "unlisted" has no list of genes in the folder: it covers the genes that the rows name, all where that is not
        # known; None is no panel: an exome where the sample is listed or has a mutation, else nothing
        kinds = ["five", "unlisted", None, "one", *[f"no {gene}" for gene in FIVE]]
        panel_of = {name: rng.choices(kinds, [12, 3, 1, 0.5, *[0.6] * 5])[0] for name in ids}
    else:
        panel_of = None
    listed = {"case list": 0.9, "panel": [0, 0.5][seed % 2]}.get(profiled_by, 0)
    sequenced = {name for name in ids if rng.random() < listed} if listed else None
    seen = {*FIVE, "EGFR"} - {FIVE[seed % 5]} if seed % 4 == 1 else None
    calls = []
    for name in ids:
        for gene, often in zip([*FIVE, "EGFR"], (0.2, 0.25, 0.25, 0.6, 0.4, 0.5), strict=True):
            # some genes carry two or three mutations, and not all of them count
            while rng.random() < often:
                often *= 0.5
                calls.append(
                    {
                        "sample": name, "gene": gene, "Variant_Classification": rng.choice(PROTEIN_CHANGING),
                        "PATHOGENICITY": rng.choices(ACMG, [6, 3, 3, 1, 1, 1])[0],
                        "ONCOGENIC": rng.choices(ONCOKB, [5, 4, 1, 1, 3, 1])[0],
                    }
                )  # fmt: skip
    rng.shuffle(calls)
    # copy number of some samples and, in some cohorts, not of every gene; None is an empty cell
    with_copies = [name for name in ids if rng.random() < 0.8]
    held = FIVE if seed % 3 else ["KRAS", "TP53", "RB1", "MYC"]
    levels = {
        gene: {name: rng.choices([-2, -1, 0, 1, 2, None], [4, 8, 30, 8, 4, 4])[0] for name in with_copies}
        for gene in held
    }
    pairs = [(gene, other) for gene in FIVE for other in ("", "ALK", "CCDC6", gene)] + [("RB1", "KRAS")]
    variants = [
        {"sample": rng.choice(ids), "sites": sites if rng.random() < 0.5 else sites[::-1]}
        for sites in rng.choices(pairs, k=250)
    ]
    return {
        "told": told, "ids": ids, "panels": panels, "panel_of": panel_of, "sequenced": sequenced, "calls": calls,
        "levels": levels, "with_copies": with_copies, "variants": variants if seed != 4 else None, "seen": seen,
        "called": {call["sample"] for call in calls},
    }  # fmt: skip


def as_cohort(drawn: dict) -> Cohort:
    column = {"both": ("PATHOGENICITY", "ONCOGENIC"), "neither": ()}.get(drawn["told"], (drawn["told"],))
    variants = drawn["variants"]
    if variants is not None:
        variants = pd.DataFrame(
            {
                "Sample_Id": [each["sample"] for each in variants],
                "Site1_Hugo_Symbol": [each["sites"][0] for each in variants],
                "Site2_Hugo_Symbol": [each["sites"][1] for each in variants],
            }
        )
    levels = pd.DataFrame(drawn["levels"], dtype=float).reindex(drawn["with_copies"]).T
    panel_of = drawn["panel_of"]
    return in_memory(
        drawn["ids"],
        drawn["calls"],
        call_columns=("Variant_Classification", *column),
        copy_number=levels,
        structural_variants=variants,
        panel_of=None if panel_of is None else pd.Series(panel_of, dtype=object),
        panel_genes=drawn["panels"],
        sequenced=drawn["sequenced"],
        genes_seen=drawn["seen"],
    )


def mutation_counts(drawn: dict, call: dict) -> bool:
    """Whether a protein-changing mutation counts: by the column that judges it, or, where there is none, always."""
    column = {"both": "PATHOGENICITY", "neither": None}.get(drawn["told"], drawn["told"])
    return column is None or call[column].lower() in COUNTING


def looked_at(drawn: dict, name: str, **otherwise) -> set[str]:
    """Which of the five genes a sample was sequenced for. A sample on no panel was for all of them where the list of
    sequenced samples holds it or a mutation of it was loaded."""
    panel = None if drawn["panel_of"] is None else drawn["panel_of"][name]
    if panel is not None:
        everything = set(FIVE) if drawn["seen"] is None else drawn["seen"]
        return set(FIVE) & drawn["panels"].get(panel, set(FIVE) if otherwise.get("unlisted_is_all") else everything)
    if drawn["panel_of"] is None and drawn["sequenced"] is None:
        return set(FIVE)
    called = name in drawn["called"] and not otherwise.get("a_mutation_says_nothing")
    listed = name in (drawn["sequenced"] or ()) and not otherwise.get("a_list_says_nothing")
    return set(FIVE) if called or listed else set()


def altered_genes(drawn: dict, **otherwise) -> dict[str, set[str]]:
    """The five genes altered in each sample. otherwise: a rule broken on purpose, to see that it matters."""
    changed = {name: set() for name in drawn["ids"]}
    for call in drawn["calls"]:
        if call["gene"] in FIVE and (otherwise.get("every_mutation") or mutation_counts(drawn, call)):
            changed[call["sample"]].add(call["gene"])
    losing = SUPPRESSORS | ({"KRAS"} if otherwise.get("kras_too") else set())
    lost = {-2} | ({-1} if otherwise.get("shallow") else set()) | ({2} if otherwise.get("gains") else set())
    if not otherwise.get("no_deletion"):
        for gene in losing & set(drawn["levels"]):
            for name, level in drawn["levels"][gene].items():
                if level in lost:
                    changed[name].add(gene)
    for each in drawn["variants"] or []:
        if not otherwise.get("no_rearrangement"):
            sites = each["sites"][:1] if otherwise.get("first_site") else each["sites"]
            changed[each["sample"]] |= losing & set(sites)
    return changed


def subtypes(drawn: dict, **otherwise) -> list[str]:
    """SCLC-like: TP53 and RB1. NSCLC-like: STK11, KRAS or KEAP1, and RB1 wild type. Unknown: not all five profiled."""
    answers = []
    for name, changed in altered_genes(drawn, **otherwise).items():
        if looked_at(drawn, name, **otherwise) != set(FIVE) and not otherwise.get("unprofiled_is_wild_type"):
            answers.append("Unknown")
        elif {"TP53", "RB1"} <= changed:
            answers.append("SCLC-like")
        elif changed & {"STK11", "KRAS", "KEAP1"} and ("RB1" not in changed or otherwise.get("rb1_not_asked")):
            answers.append("NSCLC-like")
        else:
            answers.append("Unclassified")
    return answers


@pytest.fixture(scope="module")
def thousands() -> list[tuple[dict, Cohort]]:
    drawn = [draw_cohort(seed) for seed in range(len(TOLD))]
    return [(each, as_cohort(each)) for each in drawn]


def test_ten_thousand_tumours_have_the_subtype_that_the_rules_give_them(thousands):
    together = []
    for drawn, cohort in thousands:
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


def test_some_tumours_are_on_no_panel_and_are_profiled_or_not_for_each_reason(thousands):
    kinds = {"called": 0, "listed": 0, "neither": 0}
    for drawn, _ in thousands:
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
def test_the_tumours_drawn_would_show_a_broken_rule(thousands, broken):
    differ = [sum(one != other for one, other in zip(subtypes(drawn), subtypes(drawn, **{broken: True}), strict=True))
              for drawn, _ in thousands]  # fmt: skip
    assert sum(differ) >= 20


def test_each_gene_is_altered_wild_type_or_not_profiled_as_the_rules_say(thousands):
    for drawn, cohort in thousands:
        found = genomics.altered(cohort, FIVE)
        changed = altered_genes(drawn)
        for gene in FIVE:
            wanted = [gene in changed[name] if gene in looked_at(drawn, name) else None for name in drawn["ids"]]
            assert [None if value is pd.NA else bool(value) for value in found[gene]] == wanted, (drawn["told"], gene)


def test_a_wild_type_rb1_that_only_mutations_speak_for_is_counted(thousands):
    for drawn, cohort in thousands:
        changed = altered_genes(drawn)
        wild = [name for name in drawn["ids"] if "RB1" in looked_at(drawn, name) and "RB1" not in changed[name]]
        blind = [name for name in wild if drawn["levels"]["RB1"].get(name) is None]
        said = genomics.caveats(cohort)
        assert f"RB1 is wild type by mutation only in {len(blind)} of {len(wild)} tumours" in said
        counting = sum(mutation_counts(drawn, call) for call in drawn["calls"])
        if drawn["told"] == "neither":
            assert "(VUS) included" in said and "called pathogenic" not in said
        else:
            assert f"{counting} of {len(drawn['calls'])} mutations are called pathogenic" in said
            assert "VUS" not in said


def test_complete_copy_number_of_rb1_needs_no_caveat():
    ids = ["T1", "T2", "T3"]
    calls = [{"sample": "T1", "gene": "RB1", "PATHOGENICITY": "Pathogenic"}]
    complete = pd.DataFrame({"T1": [0.0], "T2": [-1.0], "T3": [2.0]}, index=["RB1"])
    told = {"call_columns": ("PATHOGENICITY",)}
    assert genomics.caveats(in_memory(ids, calls, copy_number=complete, **told)) == ""
    one_short = genomics.caveats(in_memory(ids, calls, copy_number=complete[["T1", "T2"]], **told))
    assert "in 1 of 2 tumours" in one_short
    none = genomics.caveats(in_memory(ids, calls, **told))
    assert "in 2 of 2 tumours" in none and "VUS" not in none
    # copy number of another gene says nothing of RB1
    other = genomics.caveats(in_memory(ids, calls, copy_number=complete.rename({"RB1": "KRAS"}), **told))
    assert other == none


def test_every_mutation_counts_in_a_cohort_without_judgement_and_the_text_says_so():
    calls = [{"sample": "T1", "gene": gene, "Variant_Classification": "Missense_Mutation"} for gene in ("TP53", "RB1")]
    cohort = in_memory(["T1"], calls, call_columns=("Variant_Classification",))
    assert genomics.genomic_subtype(cohort).tolist() == ["SCLC-like"]
    assert "variants of unknown significance (VUS) included" in genomics.caveats(cohort)


@pytest.mark.parametrize("column", ["PATHOGENICITY", "ONCOGENIC"])
def test_a_judging_column_without_a_word_is_no_judgement_and_the_text_says_so(column):
    """As cBioPortal exports have it: the column stands there, and nobody filled it in."""
    calls = [{"sample": "T1", "gene": gene, column: ""} for gene in ("TP53", "RB1")]
    cohort = in_memory(["T1"], calls, call_columns=(column,))
    assert genomics.genomic_subtype(cohort).tolist() == ["SCLC-like"]
    assert "VUS" in genomics.caveats(cohort)


def test_oncokb_judges_where_nobody_filled_in_the_five_classes():
    calls = [{"sample": "T1", "gene": gene, "PATHOGENICITY": "", "ONCOGENIC": word}
             for gene, word in (("TP53", "Oncogenic"), ("RB1", "Unknown"), ("KRAS", "Likely Oncogenic"))]  # fmt: skip
    cohort = in_memory(["T1"], calls, call_columns=("PATHOGENICITY", "ONCOGENIC"))
    assert genomics.genomic_subtype(cohort).tolist() == ["NSCLC-like"]
    assert "2 of 3 mutations are called pathogenic" in genomics.caveats(cohort)


@pytest.mark.parametrize(
    ("column", "word"),
    [("PATHOGENICITY", "Likely_pathogenic"), ("PATHOGENICITY", "Pathogenic/Likely_pathogenic"),
     ("ONCOGENIC", "Predicted Oncogenic")],
)  # fmt: skip
def test_the_same_judgement_in_clinvars_letters_or_oncokbs_former_word_counts(column, word):
    calls = [{"sample": "T1", "gene": "TP53", column: "VUS"}, {"sample": "T1", "gene": "RB1", column: word}]
    assert genomics.altered(in_memory(["T1"], calls, call_columns=(column,)), ["RB1"])["RB1"].tolist() == [True]


def test_a_deep_deletion_is_told_from_a_shallow_one_and_from_no_measurement():
    levels = pd.DataFrame([[-2.0, -1.0, 0.0, 2.0, np.nan]], index=["CDKN2A"], columns=["T1", "T2", "T3", "T4", "T5"])
    found = genomics.deleted(in_memory([*levels, "T6"], copy_number=levels), "CDKN2A")
    assert [None if value is pd.NA else bool(value) for value in found] == [True, False, False, False, None, None]


# --- the landscape ------------------------------------------------------------------------------------------------


def wilson_limits(k: int, n: int) -> tuple[float, float]:
    """Wilson 1927, as fractions."""
    z = 1.959963984540054
    middle, half = (k + z * z / 2) / (n + z * z), z * math.sqrt(k * (n - k) / n + z * z / 4) / (n + z * z)
    return middle - half, middle + half


def test_the_landscape_shows_the_tumours_of_known_subtype_and_its_findings_are_their_shares(thousands):
    for drawn, cohort in thousands[:5]:
        wanted = {
            name: kind for name, kind in zip(drawn["ids"], subtypes(drawn), strict=True) if kind != "Unknown"
        }  # fmt: skip
        shown = genomics.landscape(cohort, [*FIVE, "MYC"])
        assert shown.subtype.astype(str).to_dict() == wanted
        assert shown.hit.index.tolist() == list(wanted) and shown.burden is None
        for tail in ("n", "n.classified"):
            [finding] = shown.findings[tail]
            assert finding.value == len(wanted)
        for kind in ("NSCLC-like", "SCLC-like", "Unclassified"):
            k, n = list(wanted.values()).count(kind), len(wanted)
            [finding] = shown.findings[f"subtype.{kind.lower().replace('-', '_')}"]
            assert (finding.events, finding.n) == (k, n)
            limits = [100 * limit for limit in wilson_limits(k, n)]
            assert [finding.value, finding.lower, finding.upper] == pytest.approx([100 * k / n, *limits], rel=1e-9)
        unknown = 1000 - len(wanted)
        assert (f"{unknown} of 1000 unknown" in shown.says) == bool(unknown)
        assert shown.says.endswith(genomics.caveats(cohort))


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
    found = genomics.prevalence_findings(cohort, subtype)
    assert found["n.sclc_like"][0].value == len(sides["SCLC-like"])
    [kmt2d] = found["kmt2d"]
    assert kmt2d.n == sum(map(len, sides.values()))
    share = {name: sum(values) / len(values) for name, values in sides.items()}
    assert kmt2d.value == pytest.approx(share["SCLC-like"] - share["NSCLC-like"], rel=1e-9)


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
    high = genomics.biomarkers(cohort, 10.0, 1.0)["TMB high"].tolist()
    assert high == [what != "9.99 and less" for what, _, _ in EXACTLY]
    recorded = [9.999999, 10.0, 10.000001, 18.999999, 19.0, 19.000001, None]
    ids = [f"T{place}" for place in range(len(recorded))]
    cohort = in_memory(ids, clinical={"TMB_NONSYNONYMOUS": recorded, "PDL1_SCORE": [0.9, 1, 1.1, 0, 50, 100, None]})
    markers = genomics.biomarkers(cohort, 10.0, 1.0).astype(object)
    markers = markers.where(markers.notna(), None)
    assert markers["TMB high"].tolist() == [False, True, True, True, True, True, None]
    assert markers["PD-L1 positive"].tolist() == [False, True, True, False, True, True, None]
    assert markers["MMR deficient"].tolist() == [None] * 7
    cohort.patients = cohort.patients.assign(
        FIRST_LINE_REGIMEN="chemoimmunotherapy", OS_MONTHS=12.0, OS_STATUS=pd.array([True] * 7, dtype="boolean")
    )
    groups = treatment.on_chemoimmunotherapy(cohort, 19.0, 1.0)["TMB"]
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
        table = genomics.burden_sweep(cohort, subtype.sample(frac=1, random_state=1))
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

# Of each change: whether there is a drug for it, by the source's list (KRAS G12C, EGFR activating, ERBB2)
CHANGES = {
    ("KRAS", "p.G12C"): True, ("KRAS", "p.G12D"): False, ("KRAS", "p.G12V"): False, ("KRAS", "p.Q61H"): False,
    ("KRAS", "p.G13C"): False, ("NRAS", "p.G12C"): False, ("HRAS", "p.G12C"): False, ("KRAS", ""): False,
    ("EGFR", "p.L858R"): True, ("EGFR", "p.E746_A750del"): True, ("EGFR", "p.L747_P753delinsS"): True,
    ("EGFR", "p.L747_T751del"): True, ("EGFR", "p.E746_S752delinsV"): True, ("EGFR", "p.G719A"): True,
    ("EGFR", "p.L861Q"): True, ("EGFR", "p.S768I"): True, ("EGFR", "p.T790M"): False, ("EGFR", "p.C797S"): False,
    ("EGFR", "p.R521K"): False, ("BRAF", "p.L858R"): False,
    ("ERBB2", "p.Y772_A775dup"): True, ("ERBB2", "p.G776delinsVC"): True, ("ERBB2", "p.S310F"): True,
    ("ERBB2", "p.R678Q"): False, ("ERBB2", "p.I655V"): False,
}  # fmt: skip
NAMED = {"KRAS": "KRAS G12C", "EGFR": "EGFR", "ERBB2": "ERBB2"}
DRUGGED = {"ALK", "ROS1", "RET", "NTRK1", "NTRK2", "NTRK3"}
PARTNERS = {"ALK": "EML4", "NTRK2": "ETV6", "RET": "KIF5B", "ROS1": "CD74"}


def variants_of(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["Sample_Id", "Site1_Hugo_Symbol", "Site2_Hugo_Symbol"], dtype=object)


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
        table = genomics.targets(cohort)
        for name in ids:
            assert {column for column in table if table.loc[name, column]} == carried[name]
        tumours, alterations = sum(map(bool, carried.values())), sum(map(len, carried.values()))
        findings = genomics.target_findings(cohort)
        [share] = findings["targetable"]
        assert (share.events, share.n) == (tumours, 80) and share.value == pytest.approx(100 * tumours / 80)
        for column in table:
            [count] = findings[f"targetable.{column.lower().replace(' ', '_').replace('::', '_')}"]
            assert count.value == sum(column in each for each in carried.values())
        said = re.search(r"Targetable: (\d+)/(\d+) .*tumours with (\d+) alteration", genomics.target_sentence(cohort))
        assert [int(number) for number in said.groups()] == [tumours, 80, alterations]


def test_two_targetable_alterations_make_one_targetable_tumour():
    """The source: 22 tumours with 13 KRAS G12C, 5 EGFR, 1 ERBB2, 3 EML4::ALK and 1 ETV6::NTRK2, which are 23."""
    changes = [("KRAS", "p.G12C")] * 13 + [("EGFR", "p.L858R")] * 5 + [("ERBB2", "p.Y772_A775dup")]
    calls = [{"sample": f"T{place}", "gene": gene, "HGVSp_Short": change} for place, (gene, change) in
             enumerate(changes)]  # fmt: skip
    rows = [("T19", "EML4", "ALK"), ("T20", "ALK", "EML4"), ("T21", "EML4", "ALK"), ("T0", "ETV6", "NTRK2")]
    cohort = in_memory([f"T{place}" for place in range(373)], calls, call_columns=("HGVSp_Short",),
                       structural_variants=variants_of(rows))  # fmt: skip
    findings = {name: found[0].value for name, found in genomics.target_findings(cohort).items()}
    assert findings["targetable"] == pytest.approx(100 * 22 / 373)
    assert [findings[f"targetable.{name}"] for name in ("kras_g12c", "egfr", "erbb2", "eml4_alk", "etv6_ntrk2")] == [
        13, 5, 1, 3, 1,
    ]  # fmt: skip
    assert "22/373" in genomics.target_sentence(cohort) and "23 alterations" in genomics.target_sentence(cohort)


def test_a_tumour_whose_panel_lacks_a_target_is_not_told_to_be_without_one():
    panels = {"three": {"KRAS", "EGFR", "ERBB2"}, "two": {"KRAS", "EGFR"}}
    calls = [{"sample": "T1", "gene": "EGFR", "HGVSp_Short": "p.L858R"}]
    cohort = in_memory(["T1", "T2", "T3", "T4"], calls, call_columns=("HGVSp_Short",), panel_genes=panels,
                       panel_of=pd.Series({"T1": "three", "T2": "three", "T3": "two", "T4": None}))  # fmt: skip
    told = [None if value is pd.NA else bool(value) for value in genomics.targetable(cohort)]
    assert told == [True, False, None, None]


def test_the_alterations_of_the_sentence_are_those_of_its_tumours():
    calls = [{"sample": "T1", "gene": "EGFR", "HGVSp_Short": "p.T790M"}]
    cohort = in_memory(["T1", "T2"], calls, call_columns=("HGVSp_Short",),
                       panel_of=pd.Series({"T1": "all", "T2": None}), panel_genes={"all": {"KRAS", "EGFR", "ERBB2"}},
                       structural_variants=variants_of([("T2", "EML4", "ALK")]))  # fmt: skip
    said = re.search(r"Targetable: (\d+)/\d+ .*tumours with (\d+) alteration", genomics.target_sentence(cohort))
    assert int(said[2]) <= int(said[1])  # each of these tumours has one at most


# --- shares and ranks against R -----------------------------------------------------------------------------------


def test_the_r_script_run_again_gives_the_tracked_golden(rscript):
    # --vanilla: nobody's .Rprofile may print into the JSON
    command = [rscript, "--vanilla", str(REFERENCE / "shares.R")]
    again = subprocess.run(command, capture_output=True, check=True).stdout
    tracked = (REFERENCE / "shares.json").read_bytes()
    # the first line says which R computed it, and is not compared
    assert again.split(b"\n")[1:] == tracked.split(b"\n")[1:]


def test_two_shares_are_compared_as_r_does_by_chi_squared_or_fisher():
    tables = pd.DataFrame(GOLDEN["tables"], columns=["k_1", "n_1", "k_2", "n_2", "expected", "chi_squared", "fisher"])
    assert len(tables) >= 300 and (tables["expected"] == 5).any() and tables["expected"].between(4.5, 4.999).any()
    found = proportions.compare_shares(tables)
    by_fisher = tables["expected"] < 5
    assert found["test"].tolist() == ["Fisher" if few else "chi-squared" for few in by_fisher]
    assert 100 < by_fisher.sum() < 200
    np.testing.assert_allclose(found["p"], tables["fisher"].where(by_fisher, tables["chi_squared"]), rtol=1e-9)


def untied(one: list, other: list) -> bool:
    return len({*one, *other}) == len(one) + len(other)


def test_two_samples_are_compared_as_r_does_by_the_rank_sum():
    pairs = [(one, other, p) for one, other, p in GOLDEN["pairs"] if p is not None]
    assert len(pairs) >= 250
    larger = [max(len(one), len(other)) for one, other, p in pairs if untied(one, other)]
    assert {49, 50} <= set(larger)  # either side of where R leaves the exact test
    assert any(p > 0.99 for *_, p in pairs) and any(p == 1 for *_, p in pairs) and any(p < 1e-6 for *_, p in pairs)
    assert any(len(one) == len(other) == 1 for one, other, _ in pairs)
    for one, other, p in pairs:
        for first, second in ((one, other), (other, one)):  # neither group comes first
            found = proportions.rank_sum(np.array(first, float), np.array(second, float))
            assert found == pytest.approx(p, rel=1e-9), (one, other)


def test_r_gives_no_p_where_all_values_are_one():
    pairs = [(one, other) for one, other, p in GOLDEN["pairs"] if p is None]
    assert pairs and all(len({*one, *other}) == 1 for one, other in pairs)
    for one, other in pairs:
        assert math.isnan(proportions.rank_sum(np.array(one, float), np.array(other, float)))


# --- mutation files that are wrong --------------------------------------------------------------------------------

HEADER = ["Hugo_Symbol", "Tumor_Sample_Barcode", "Variant_Classification", "NCBI_Build", "Chromosome", "Start_Position",
          "Reference_Allele", "Tumor_Seq_Allele2"]  # fmt: skip
CALLS = [
    ["TP53", "S1", "Missense_Mutation", "GRCh37", "17", "7577120", "C", "T"],
    ["RB1", "S1", "Nonsense_Mutation", "GRCh37", "13", "48955538", "C", "T"],
    ["KRAS", "S2", "Missense_Mutation", "GRCh37", "12", "25398285", "C", "A"],
    ["STK11", "S3", "Frame_Shift_Del", "GRCh37", "19", "1220487", "G", "-"],
]


def written(folder: Path, header: list[str] = HEADER, rows: list[list[str]] = CALLS) -> Path:
    """own_study with these mutations, all of its samples sequenced; row 1 is the header."""
    lines = ["\t".join(row) for row in (header, *rows)]
    (folder / "data_mutations.txt").write_text("\n".join(lines) + "\n")
    (folder / "case_lists").mkdir(exist_ok=True)
    listed = "stable_id: own_study_sequenced\ncase_list_ids: " + "\t".join(f"S{number}" for number in range(1, 9))
    (folder / "case_lists" / "cases_sequenced.txt").write_text(listed + "\n")
    return folder


def with_cell(row: int, column: str, value: str) -> list[list[str]]:
    rows = [list(each) for each in CALLS]
    rows[row - 2][HEADER.index(column)] = value
    return rows


def refused(folder: Path, row: int | None, column: str, *words: str) -> None:
    """Refused by name: one line with the file, the row (where one is at fault), the column and what mends it."""
    cohort, problems = check_study(folder)
    assert cohort is None and len(problems) == 1, problems
    with pytest.raises(CohortError) as error:
        read_study(folder)
    line = str(error.value)
    assert "\n" not in line
    assert f"data_mutations.txt{f', row {row}' if row else ''}, column {column}: " in line, line
    for word in words:
        assert word in line, line


def noted(folder: Path, genes: list[str], note: str, strange: dict[str, dict[str, int]]) -> Cohort:
    """Read to these genes, row by row, with this one note and these words named; strictly refused where any is."""
    cohort, problems = check_study(folder)
    assert not problems and cohort.mutations["Hugo_Symbol"].tolist() == genes
    assert len(cohort.notes) == 1 and re.fullmatch(note, cohort.notes[0]), cohort.notes
    assert cohort.words == strange and cohort.refused == {}
    strict, problems = check_study(folder, strict=True)
    assert (strict is None) == bool(strange) and [problem.message for problem in problems] == cohort.notes * bool(
        strange
    )
    return cohort


def test_the_good_file_of_these_tests_is_read(own_study):
    cohort, problems = check_study(written(own_study), strict=True)
    assert not problems and cohort.notes == [] and len(cohort.mutations) == 4
    assert genomics.genomic_subtype(cohort).tolist()[:3] == ["SCLC-like", "NSCLC-like", "NSCLC-like"]


def test_a_mutation_file_without_symbols(own_study):
    refused(written(own_study, HEADER[1:], [row[1:] for row in CALLS]), None, "Hugo_Symbol", "missing", "add it")


def test_a_mutation_file_with_entrez_identifiers_only(own_study):
    """Of the genes that panels know the symbol is known here, as the portal's own table knows it."""
    numbers = ["7157", "5925", "3845", "6794"]
    rows = [[number, *row[1:]] for number, row in zip(numbers, CALLS, strict=True)]
    folder = written(own_study, ["Entrez_Gene_Id", *HEADER[1:]], rows)
    cohort = noted(
        folder, ["TP53", "RB1", "KRAS", "STK11"], "4 of 4 mutation rows name the gene by its Entrez .*only", {}
    )
    assert genomics.genomic_subtype(cohort).tolist()[:3] == ["SCLC-like", "NSCLC-like", "NSCLC-like"]


@pytest.mark.parametrize("identifier", ["5925", "5925.0"])
def test_an_entrez_identifier_where_the_symbol_should_be_is_the_gene(own_study, identifier):
    """RB1 by its number, also as spreadsheets and pandas write it: read as a symbol, RB1 would be wild type."""
    folder = written(own_study, rows=with_cell(3, "Hugo_Symbol", identifier))
    cohort = noted(
        folder, ["TP53", "RB1", "KRAS", "STK11"], "1 of 4 mutation rows name the gene by its Entrez .*only", {}
    )
    assert genomics.genomic_subtype(cohort)["S1"] == "SCLC-like"


def test_an_entrez_identifier_counts_before_a_symbol_that_is_another_gene_s(own_study):
    rows = [[*row, number] for row, number in zip(CALLS, ["7157", "5925", "3845", "3845"], strict=True)]
    folder = written(own_study, [*HEADER, "Entrez_Gene_Id"], rows)
    noted(
        folder, ["TP53", "RB1", "KRAS", "KRAS"], "1 of 4 mutation rows give a symbol that is not that of their .*", {}
    )


@pytest.mark.parametrize("identifier", ["ENSG00000139687", "ENSG00000139687.16", "ENST00000267163", "99999999"])
def test_an_identifier_that_no_table_holds_is_no_gene_and_is_named(own_study, identifier):
    """Its row is left out, as cBioPortal leaves it out; taken for a symbol it would be a gene that nobody looks for."""
    folder = written(own_study, rows=with_cell(3, "Hugo_Symbol", identifier))
    note = rf"1 of 4 mutation rows name no gene that can be told \('{identifier}' \(1\)\) and are left out.*"
    noted(folder, ["TP53", "KRAS", "STK11"], note, {"Hugo_Symbol": {identifier: 1}})


def test_a_file_of_ensembl_s_identifiers_is_refused(own_study):
    rows = [[f"ENSG0000013968{place}", *row[1:]] for place, row in enumerate(CALLS)]
    refused(written(own_study, rows=rows), 2, "Hugo_Symbol", "'ENSG00000139680'", "give the HGNC symbol")


@pytest.mark.parametrize("cell", ["NA", ".", "-", "---"])
def test_a_row_of_no_gene_is_left_out_and_counted(own_study, cell):
    folder = written(own_study, rows=with_cell(4, "Hugo_Symbol", cell))
    noted(
        folder, ["TP53", "RB1", "STK11"], "1 of 4 mutation rows name no gene and are left out, as cBioPortal does", {}
    )


def test_a_call_between_genes_is_not_loaded(own_study):
    folder = written(own_study, rows=with_cell(4, "Hugo_Symbol", "Unknown"))
    noted(folder, ["TP53", "RB1", "STK11"], "1 of 4 mutation rows lie between genes: not loaded, as in cBioPortal", {})


@pytest.mark.parametrize("cell", ["", " "])
def test_a_mutation_without_a_symbol(own_study, cell):
    refused(written(own_study, rows=with_cell(4, "Hugo_Symbol", cell)), 4, "Hugo_Symbol", "empty", "needs a gene")


@pytest.mark.parametrize("other", ["hg38", "GRCh38", "38"])
def test_two_genome_builds_in_one_file(own_study, other):
    refused(written(own_study, rows=with_cell(4, "NCBI_Build", other)), 4, "NCBI_Build", "grch37 and grch38", "lift")


def test_a_mutation_of_a_sample_that_the_clinical_table_does_not_have(own_study):
    folder = written(own_study, rows=with_cell(5, "Tumor_Sample_Barcode", "S99"))
    refused(folder, 5, "Tumor_Sample_Barcode", "'S99'", "not in the table of samples", "add the sample or drop the row")


FREQUENCY = "no frequency from 0 to 1"


@pytest.mark.parametrize("cell", ["0,1", "10%?", "-0.1", "1.1", "common"])
def test_a_frequency_in_gnomad_that_is_none_is_missing_and_named(own_study, cell):
    """Read as nothing in silence, a variant of a tenth of all people would count to the mutational burden."""
    rows = [[*row, frequency] for row, frequency in zip(CALLS, ["0.1", "", cell, "0"], strict=True)]
    folder = written(own_study, [*HEADER, "GNOMAD_AF"], rows)
    genes = ["TP53", "RB1", "KRAS", "STK11"]
    note = rf"data_mutations.txt, column GNOMAD_AF: '{re.escape(cell)}' \(1\): {FREQUENCY}; read as missing"
    cohort = noted(folder, genes, note, {"GNOMAD_AF": {cell: 1}})
    assert cohort.mutations["GNOMAD_AF"].tolist() == ["0.1", "", "", "0"]


def test_a_column_of_frequencies_that_are_none_is_refused_as_a_column(own_study):
    rows = [[*row, "0,1"] for row in CALLS]
    cohort, problems = check_study(written(own_study, [*HEADER, "GNOMAD_AF"], rows))
    assert not problems and "GNOMAD_AF" not in cohort.mutations and cohort.words == {"GNOMAD_AF": {"0,1": 4}}
    assert FREQUENCY in cohort.refused["GNOMAD_AF"]
    assert check_study(written(own_study, [*HEADER, "GNOMAD_AF"], rows), strict=True)[0] is None


def test_a_call_that_stands_there_twice_counts_once_and_is_noted(own_study):
    cohort, problems = check_study(written(own_study, rows=[*CALLS, CALLS[0], CALLS[0], CALLS[3]]))
    assert not problems and len(cohort.mutations) == 4
    [note] = cohort.notes
    assert note.startswith("3 of 7 mutation rows") and "counted once" in note


def test_changes_that_leave_the_protein_alone_are_left_out_and_noted(own_study):
    silent = [["RB1", "S2", kind, "GRCh37", "13", str(place), "C", "T"]
              for place, kind in enumerate(["Silent", "Intron", "3'UTR", "synonymous_variant"], 48955000)]  # fmt: skip
    cohort, problems = check_study(written(own_study, rows=[*CALLS, *silent]))
    assert not problems and len(cohort.mutations) == 4
    [note] = cohort.notes
    assert note.startswith("4 of 8 mutation rows") and "left out" in note
    # S2 carries KRAS and would be unclassified were a silent change of RB1 counted
    assert genomics.genomic_subtype(cohort)["S2"] == "NSCLC-like"
