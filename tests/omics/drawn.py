"""Cohorts of tumours drawn at random, and what the source's rules say of each, written with plain dicts and sets.

The rules are those of the main paper (Results, "Genomic landscape"; Methods). Nothing of lcnec_utils.omics is used.
"""

import random
from functools import cache

import pandas as pd

from lcnec_utils.cohort.model import Cohort

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


@cache
def cohorts_drawn() -> list[tuple[dict, Cohort]]:
    """A cohort of each way of telling pathogenic mutations (TOLD): as drawn, and as a cohort."""
    return [(drawn, as_cohort(drawn)) for drawn in map(draw_cohort, range(len(TOLD)))]
