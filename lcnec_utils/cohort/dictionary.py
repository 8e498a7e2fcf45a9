"""The data dictionary: what the files, columns and genes of a cohort are called, in all the spellings that are read."""

import re
from functools import cache
from pathlib import Path

import yaml

from lcnec_utils.core.units import days_of_months

PATIENT_FILE = "data_clinical_patient.txt"
SAMPLE_FILE = "data_clinical_sample.txt"
MUTATION_FILE = "data_mutations.txt"
CNA_FILE = "data_cna.txt"
SV_FILE = "data_sv.txt"
PANEL_MATRIX_FILE = "data_gene_panel_matrix.txt"
SEQUENCED_FILE = "case_lists/cases_sequenced.txt"
EXPRESSION_FILE = "expression.h5ad"
ALL_FILE = "case_lists/cases_all.txt"
STUDY_FILE = "cohort.yaml"
LESION_FILE = "data_timeline_lesions.txt"  # of lesions measured over time
DENSITY_FILE = "data_densities.txt"  # cells per mm² of stained tissue
POSITIVITY_FILE = "data_marker_positivity.txt"  # cells by their combination of stained markers
NCOUNTER_FILE = "data_ncounter_*.txt"  # the entry of COLUMNS that all nCounter matrices share
TABLE_FILE = "table.csv"  # of a cohort that is one plain table
TARGETS_FILE = "targets.csv"  # of a simulated cohort: what it was tuned to

ENDPOINTS = {
    "OS": "overall survival",
    "PFS": "progression-free survival",
    "RWPFS": "real-world progression-free survival",
    "TOT": "time on treatment",
    "DFS": "disease-free survival",
    "RFS": "recurrence-free survival",
    "EFS": "event-free survival",
    "DSS": "disease-specific survival",
}
MAX_MONTHS = 600  # fifty years of follow-up: beyond it a column of months holds days

_DICTIONARY = yaml.safe_load(Path(__file__).with_name("columns.yaml").read_text(encoding="utf-8"))
COLUMNS, STUDY_FIELDS, NEEDS = (_DICTIONARY[part] for part in ("columns", "study", "needs"))
CAVEAT_TOPICS: list[str] = _DICTIONARY["caveat_topics"]
TIMELINE = "data_timeline_*.txt"  # the entry of COLUMNS that all timelines share

# Columns that hold numbers: lowest, highest, unit, and what a value beyond is
MONTHS = (0, MAX_MONTHS, "months", "as if it were days; divide days by 30.4375")
DAYS = (0, days_of_months(MAX_MONTHS), "days", "more than fifty years")
# Days from the first dose of checkpoint blockade, which calendar dates may give instead (X_DATE for X_DAYS)
FIRST_DOSE = "ICB_START_DATE"
DATED_DAYS = ["ICB_STOP_DAYS", "PROGRESSION_DAYS", "PROGRESSION_CONFIRMED_DAYS", "LAST_SCAN_DAYS"]
NUMBERS = {
    "AGE": (0, 120, "years", "which nobody reaches"),
    "LINES_OF_TX": (0, 50, "a line of therapy", "too many"),
    "FIRST_LINE_END_MONTHS": MONTHS,
    "SECOND_LINE_START_MONTHS": MONTHS,
    **{f"{key}_MONTHS": MONTHS for key in ENDPOINTS},
    **{f"{key}_ENTRY_MONTHS": MONTHS for key in ENDPOINTS},
    "TMB_NONSYNONYMOUS": (0, 5000, "mutations per Mb", "too many; give them per Mb"),
    "PDL1_SCORE": (0, 100, "percent", "too much"),
    "FGA": (0, 1, "a fraction", "no fraction"),
    "COVERED_MEGABASES": (0, 4000, "megabases", "more than a genome"),
    "ASSAY_GENES": (0, 70000, "a number of genes", "more than there are"),
    **dict.fromkeys(["ICB_EXPOSURE_DAYS", *DATED_DAYS], DAYS),
    "BIOPSY_MONTHS": (-MAX_MONTHS, MAX_MONTHS, "months", "as if it were days; divide days by 30.4375"),
    "BIOPSY_DAY": (-DAYS[1], DAYS[1], "days", "more than fifty years"),
    **dict.fromkeys(["CAR_PEAK_DAY", "NE_DAY", "RELAPSE_DAYS"], DAYS),
    "IPI": (0, 5, "a prognostic index", "more than it has points"),
    "PRIOR_LINES": (0, 50, "a number of lines", "too many"),
    "TUMOR_BURDEN_MM2": (0, 1e6, "mm²", "a square metre of tumour"),
    "CAR_PEAK_PER_UL": (0, 1e6, "cells per µl", "more cells than blood holds; give them per µl"),
    "CD19_H_SCORE": (0, 300, "an H-score", "more than it reaches"),
}
# Columns of words, and the vocabulary (words.py) that each is read by
WORDS = {
    "SEX": "sex",
    "ECOG": "ecog",
    "M_STAGE": "m_stage",
    "DURABLE_CLINICAL_BENEFIT": "benefit",
    "BEST_RESPONSE": "response",
    "OBJECTIVE_RESPONSE": "yes_no",
    "STOPPED_FOR_TOXICITY": "yes_no",
    "TRANSCRIPTOME": "yes_no",
    "ADVERSE_EVENT_GRADE": "grade",
    "CHEMOTHERAPY_BACKBONE": "backbone",
    "PATHOLOGY_REVIEW": "review",
    "FIRST_LINE_END_REASON": "end_reason",
    "ICB_STOP_REASON": "end_reason",
    "RAPID_PROGRESSION": "yes_no",
    "GENOMIC_SUBTYPE": "subtype",
    "MMR_STATUS": "mmr",
    "MSI_STATUS": "mmr",
    "MMR_IHC": "mmr",
    "MSI_FRAGMENT_ANALYSIS": "mmr",
    "MSI_NGS": "mmr",
    "PDL1_ASSAY": "pdl1_assay",
    "ONGOING_RESPONSE": "yes_no",
    "CELL_OF_ORIGIN": "cell_of_origin",
    "NE_GRADE": "grade",
    "CRS_GRADE": "grade",
    "BIOPSY_TIME": "biopsy_time",
    "FIXATION": "fixation",
    "RNA_QC": "quality",
    "NCOUNTER_QC": "quality",
    **{f"{key}_STATUS": "event" for key in ENDPOINTS},
}
# open: an unknown regimen is a group under its own name
REGIMENS = ["FIRST_LINE_REGIMEN", "SECOND_LINE_REGIMEN", "REGIMEN"]
DATES = ["FIRST_LINE_START", FIRST_DOSE, *(name.replace("_DAYS", "_DATE") for name in DATED_DAYS)]
# Columns that say that a sample is no tumour
TISSUE_COLUMNS = ["SAMPLE_TYPE", "SAMPLE_CLASS", "SAMPLE_TYPE_DETAILED", "TISSUE_TYPE", "SPECIMEN_TYPE"]
KINDS_OF_SAMPLE = ["SAMPLE_TYPE", "SAMPLE_CLASS"]  # of these, a word that is not known is named

# Symbols that sequencing panels carried before the approved ones; read unmerged they split a gene in two.
PREVIOUS_SYMBOLS = {
    "MLL": "KMT2A", "MLL2": "KMT2D", "MLL3": "KMT2C", "PAK7": "PAK5", "PARK2": "PRKN", "WHSC1": "NSD2",
    "WHSC1L1": "NSD3", "MRE11A": "MRE11", "SETD8": "KMT5A", "MYCL1": "MYCL", "TCEB1": "ELOC", "FAM123B": "AMER1",
}  # fmt: skip
# Proteins of one locus that panels list as genes of their own: a change of either is one of the locus
ISOFORMS = re.compile(r"CDKN2A[ ._(-]*(?:p14(?:ARF)?|p16(?:INK4A?)?|ARF|INK4A)\)?", re.I)
# Entrez identifiers of the genes that panels know, for tables that give no symbol
ENTREZ: dict[int, str] = _DICTIONARY["entrez"]

# One genome build has several names
BUILD_NAMES = {"37": "grch37", "hg19": "grch37", "b37": "grch37", "38": "grch38", "hg38": "grch38"}


def plain(name: str) -> str:
    """A column's name in the form in which spellings are compared: capitals, digits, one underscore between words.

    >>> plain("Overall Survival (Months)")
    'OVERALL_SURVIVAL_MONTHS'
    """
    return re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")


@cache
def aliases() -> dict[str, str]:
    """Other names of the dictionary's columns, as `plain` writes them → the column."""
    return {plain(other): name for name, others in _DICTIONARY["aliases"].items() for other in others}


def column_names(columns: list[str], known: list[str]) -> dict[str, str]:
    """What the columns of a table are called here: each of its columns that the dictionary knows → the known one.

    columns: as the table has them. known: the dictionary's names that the table may hold. A known name counts before
    another spelling of it, and another spelling before an alias; of several aliases the one listed first.
    """
    spelled = {plain(name): name for name in known}
    other = {alias: name for alias, name in aliases().items() if name in spelled.values()}
    order = list(other)
    found: dict[str, str] = {}
    exact = [name for name in columns if name in spelled.values()]
    respelled = [name for name in columns if name not in exact and plain(name) in spelled]
    aliased = sorted((name for name in columns if plain(name) in other), key=lambda name: order.index(plain(name)))
    for name in [*exact, *respelled, *aliased]:
        target = name if name in exact else spelled.get(plain(name)) or other[plain(name)]
        if target not in found.values() and name not in found:
            found[name] = target
    return found
