"""Random study folders read by the package and by the oracle of importer_rules.py, gene by gene and sample by sample.

LCNEC_RANDOM_STUDIES folders are drawn (300 unless set; CI draws 5,000), from the seed LCNEC_RANDOM_SEED (0 unless set).
LCNEC_RANDOM_UNSETTLED=1 adds where the project reads more than the importer. A failing folder is cut down to the
oddities and the patients that it takes, and printed with the command that writes it.
"""

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
from importer_rules import GENES, Refused, answer, read
from random_studies import ODDITIES, put, study

from lcnec_utils.cohort.model import CohortError
from lcnec_utils.cohort.read import read_study
from lcnec_utils.omics import genomics

NUMBER = int(os.environ.get("LCNEC_RANDOM_STUDIES", 300))
FIRST = int(os.environ.get("LCNEC_RANDOM_SEED", 0))
UNSETTLED = bool(os.environ.get("LCNEC_RANDOM_UNSETTLED"))
AT_MOST = 5  # failing folders that are cut down and shown

# --- the oracle itself, on folders worked by hand from the importer's code

SAMPLES = "SAMPLE_ID|PATIENT_ID\nS1|P1\nS2|P2\nS3|P3\n"
MAF = "Hugo_Symbol|Entrez_Gene_Id|Chromosome|Variant_Classification|Tumor_Sample_Barcode\n"
MAF += "TP53|7157|17|Missense_Mutation|S1\n"
LIST = "cancer_study_identifier: x\nstable_id: x_sequenced\ncase_list_ids: S1|S2\n"
META = "cancer_study_identifier: x\ngenetic_alteration_type: {}\ndatatype: {}\nstable_id: {}\ndata_filename: {}\n"
META_MAF = META.format("MUTATION_EXTENDED", "MAF", "mutations", "data_mutations.txt")
PANEL = "stable_id: PAN\ndescription: x\ngene_list: RB1|MLL2|7157\n"


@pytest.fixture
def found(tmp_path):
    """The oracle's reading of a folder of three samples, with these files added or replaced."""

    def of(**files: str) -> dict:
        names = {"data_clinical_sample.txt": SAMPLES, "data_mutations.txt": MAF}
        names |= {name.replace("__", "/") + ".txt": text for name, text in files.items()}
        return read(fresh(tmp_path / "study", {name: text.replace("|", "\t").encode() for name, text in names.items()}))

    return of


def of_gene(found: dict, name: str) -> list[bool | None]:
    return [answer(found, sample, name) for sample in sorted(found["samples"])]


def test_a_folder_without_a_list_profiles_all(found):
    plain = found()
    assert of_gene(plain, "TP53") == [True, False, False]
    assert (plain["patients"], plain["normals"], plain["mutations"]) == ({"P1", "P2", "P3"}, [], 1)


def test_the_list_of_sequenced_samples(found):
    plain = found(case_lists__cases_all=LIST.replace("S1|S2", "S2"))
    assert of_gene(plain, "RB1") == [False, False, None]  # S1 has a mutation, S2 is on the list
    other = found(case_lists__cases_all=LIST.replace("sequenced", "cna").replace("S1|S2", "S3"))
    assert of_gene(other, "RB1") == [False, False, False]
    named = found(case_lists__cases_sequenced=LIST.replace("stable_id: x_sequenced\n", "").replace("S2", "S9"))
    assert of_gene(named, "RB1") == [False, None, None]


def test_the_panel_matrix(found):
    matrix = "SAMPLE_ID|mutations|cna\nS1|PAN|NA\nS2|NA|PAN\nS3|WXS|PAN\n"
    plain = found(data_gene_panel_matrix=matrix, data_gene_panel_a=PANEL)
    assert of_gene(plain, "TP53") == [True, None, False]
    assert of_gene(plain, "KMT2D") == [False, None, False]
    assert of_gene(plain, "KRAS") == [None, None, False]
    listed = found(data_gene_panel_matrix=matrix, data_gene_panel_a=PANEL, case_lists__b=LIST)
    assert of_gene(listed, "KRAS") == [None, False, False]
    without = found(data_gene_panel_matrix=matrix.replace("S1|PAN", "S1|OTHER"))
    assert of_gene(without, "KRAS") == [None, None, False]  # a panel without a list: the genes seen in rows
    assert of_gene(without, "TP53") == [True, None, False]


def test_a_panel_for_all_in_the_meta_file(found):
    plain = found(meta_mutations=META_MAF + "gene_panel: PAN\n", data_gene_panel_a=PANEL)
    assert of_gene(plain, "RB1") == [False, None, None]
    assert of_gene(plain, "KRAS") == [None, None, None]
    listed = found(meta_mutations=META_MAF + "gene_panel: PAN\n", data_gene_panel_a=PANEL, case_lists__b=LIST)
    assert of_gene(listed, "RB1") == [False, False, None]


def test_a_panel_column_of_samples(found):
    samples = "SAMPLE_ID|PATIENT_ID|GENE_PANEL\nS1|P1|\nS2|P2|PAN\nS3|P3|NA\n"
    plain = found(data_clinical_sample=samples, data_gene_panel_a=PANEL)
    assert of_gene(plain, "KRAS") == [False, None, None]
    assert of_gene(plain, "RB1") == [False, False, None]


@pytest.mark.parametrize(
    ("cells", "counts"),
    [
        ("RB1|5925|17|Silent|S2", False),
        ("RB1|5925|17|intron|S2", False),
        ("RB1|5925|17|Splice_Region|S2", True),
        ("RB1|5925|17||S2", True),  # [maf] NA is no word of the filter
        ("RB1|5925|17|rna|S2", False),
        ("RB1|5925|17|RNA_x|S2", True),  # [maf] RNA is the whole word, the others a beginning
        ("RB1|5925|17|Silent_x|S2", False),
        ("RB1|5925|17|5'Flank|S2", False),
        ("RB1|5925|17|synonymous_variant|S2", False),
        ("RB1|5925|17|missense_variant&splice_region_variant|S2", True),
        ("RB1|5925|17|intron_variant,NMD_transcript_variant|S2", False),
        ("RB1|5925|chr17|Missense_Mutation|S2", True),
        ("RB1|5925|chrMT|Missense_Mutation|S2", False),  # [chr] MT, not CHRMT
        ("RB1|5925|24|Missense_Mutation|S2", True),
        ("RB1|5925|25|Missense_Mutation|S2", False),
        ("RB1|5925||Missense_Mutation|S2", True),  # [maf] an empty cell is NA
        ("RB1|0|17|Missense_Mutation|S2", True),
        ("RB1||17|Missense_Mutation|S2", True),
        ("RB1|NA|17|Missense_Mutation|S2", False),  # [maf] an id that is no number
        ("Unknown|0|17|Missense_Mutation|S2", False),
        ("Unknown|5925|17|Missense_Mutation|S2", True),
        ("|5925|17|Missense_Mutation|S2", True),
        ("TP53|5925|17|Missense_Mutation|S2", True),  # [gene] the id first
        ("rb1|0|17|Missense_Mutation|S2", True),
    ],
)
def test_a_row_of_the_maf(found, cells, counts):
    row = found(data_mutations=MAF + cells + "\n")
    assert of_gene(row, "RB1") == [False, counts, False]
    assert row["mutations"] == 1 + counts


@pytest.mark.parametrize(
    ("column", "word", "counts"),
    [
        ("Mutation_Status", "LOH", False),
        ("Mutation_Status", "none", False),
        ("Mutation_Status", "GERMLINE", True),
        ("Validation_Status", "wildtype", False),
        ("Validation_Status", "Redacted", False),
        ("Validation_Status", "Untested", True),
    ],
)
def test_a_status_of_the_maf(found, column, word, counts):
    maf = f"Hugo_Symbol|Variant_Classification|Tumor_Sample_Barcode|{column}\nRB1|Missense_Mutation|S2|{word}\n"
    assert of_gene(found(data_mutations=maf), "RB1") == [False, counts, False]


def test_the_filter_of_the_meta_file(found):
    maf = MAF + "RB1|0|17|Silent|S2\nNF1|0|17|5'Flank|S2\nPTEN|0|10|Missense_Mutation|S2\nKRAS|0|12|RNA|S2\n"
    row = found(data_mutations=maf, meta_mutations=META_MAF + "variant_classification_filter: Missense_Mutation, IGR\n")
    assert row["mutations"] == 2
    assert [answer(row, "S2", name) for name in ("RB1", "NF1", "PTEN", "KRAS")] == [True, True, False, False]


def test_the_promoter_of_tert(found):
    row = found(data_mutations=MAF + "TERT|7015|5|5'Flank|S2\n")
    assert of_gene(row, "TERT") == [False, True, False]


def test_lines_and_cells(found):
    maf = MAF.replace("TP53", '"TP53"').replace("\n", "\t\r\n") + "#RB1|5925|13|Nonsense_Mutation|S2\r\n\r\n\t\r\n"
    row = found(data_mutations="\ufeff#version 2.4\r\n" + maf)
    assert (of_gene(row, "TP53"), of_gene(row, "RB1")) == ([True, False, False], [False, False, False])


def test_copy_number(found):
    cna = "Hugo_Symbol|Cytoband|S1|S3\nMLL2|12q13|0|-2\nKMT2D|12q13|-1.5|NA\nKRAS|12p|-2|-2\nRB1///TP53||-2|-2\n"
    row = found(data_cna=cna + "CDKN2A|9p21|-1|2\nPTEN|ENSG1|10q|-2|0\n".replace("PTEN|ENSG1", "PTEN¦ENSG1"))
    assert of_gene(row, "KMT2D") == [True, False, True]
    assert of_gene(row, "KRAS") == of_gene(row, "CDKN2A") == of_gene(row, "RB1") == [False, False, False]
    with pytest.raises(Refused, match="KMT2D of S1 twice"):
        found(data_cna="Hugo_Symbol|S1\nMLL2|-2\nKMT2D|-1\n")
    with pytest.raises(Refused, match="unknown sample S7"):
        found(data_cna="Hugo_Symbol|S7\nRB1|-2\n")
    long = found(data_cna="Hugo_Symbol|Entrez_Gene_Id|Sample_Id|Value\n|5925|S2|-2\nTP53|7157|S3|NA\nALK|238|S3|-2\n")
    assert of_gene(long, "RB1") == [False, True, False]
    assert of_gene(long, "ALK") == [False, False, False]


def test_structural_variants(found):
    header = "Sample_Id|SV_Status|Site1_Hugo_Symbol|Site2_Hugo_Symbol|Site2_Entrez_Gene_Id\n"
    row = found(data_sv=header + "S1|SOMATIC|EML4||238\nS2|GERMLINE|RB1|NA|\nS3|SOMATIC|KRAS|TP53|\nS3||STK11|X1|\n")
    assert of_gene(row, "ALK") == [True, False, False]
    assert of_gene(row, "RB1") == [False, True, False]
    assert of_gene(row, "KRAS") == of_gene(row, "STK11") == [False, False, False]
    old = "Hugo_Symbol|Entrez_Gene_Id|Tumor_Sample_Barcode|Fusion\nRET|5979|S2|KIF5B-RET fusion\n"
    row = found(data_fusions=old + "TP53|0|S2|TP53-intragenic\n")
    assert of_gene(row, "RET") == [False, True, False]
    assert of_gene(row, "TP53") == [True, True, False]


def test_normals_and_barcodes(found):
    samples = "SAMPLE_ID|PATIENT_ID|SAMPLE_TYPE\nTCGA-AB-0001-01A|TCGA-AB-0001|Primary\n"
    samples += "TCGA-AB-0002-11|TCGA-AB-0002|\nS3|P3|Blood Derived Normal\n"
    maf = MAF.replace("S1", "TCGA-AB-0001-01C-11D") + "RB1|0|13|Nonsense_Mutation|TCGA-AB-0009-10A\n"
    row = found(data_clinical_sample=samples, data_mutations=maf + "RB1|0|13|Nonsense_Mutation|S3\n")
    assert row["normals"] == ["S3", "TCGA-AB-0002-11"]
    assert row["patients"] == {"TCGA-AB-0001", "TCGA-AB-0002", "P3"}
    assert (of_gene(row, "TP53"), row["mutations"]) == ([True], 1)
    with pytest.raises(Refused, match="unknown sample"):
        found(data_clinical_sample=samples, data_mutations=maf.replace("0009-10A", "0009-01A"))
    with pytest.raises(Refused, match="may be any of"):
        found(data_clinical_sample=samples + "TCGA-AB-0001-01B|TCGA-AB-0001|\n", data_mutations=maf)


def test_files_by_their_meta_file(found):
    other = MAF.replace("TP53|7157", "PTEN|5728")
    row = found(data_x=other, meta_x=META_MAF.replace("data_mutations", "data_x"))
    assert (of_gene(row, "TP53"), of_gene(row, "PTEN")) == ([False, False, False], [True, False, False])
    uncalled = META.format("MUTATION_UNCALLED", "MAF", "mutations_uncalled", "data_x.txt")
    assert of_gene(found(meta_x=uncalled), "TP53") == [True, False, False]


def test_the_line_of_sequenced_samples(found):
    row = found(data_mutations="#sequenced_samples: S1 S3\n" + MAF)
    assert of_gene(row, "TP53") == [True, None, False]


# oddities of how a folder is written, not of what it says
WRITING = set(
    """other_file_names meta_odd_names meta_clinical meta_copy_number meta_variants meta_matrix decoys decoy_beside_meta
    clinical_comments clinical_nulls small_header commented_rows other_lists matrix_prefixed list_by_file_name
    list_of_another_name list_with_strangers aliquots previous_symbols small_letters spaced_symbols isoforms
    symbol_and_id cytoband panels_by_entrez alias_rows partial_deletions unreadable_genes variants_by_entrez old_fusions
    quotes bom crlf utf16 gz trailing_tabs trailing_tabs_in_rows blank_lines comments spaces columns_shuffled
    columns_unknown""".split()
)


def test_how_a_folder_is_written_changes_nothing(tmp_path):
    assert WRITING <= set(ODDITIES)
    for seed in range(100):
        odd, plain = study(seed, frozenset({"commented_rows"})), study(seed, frozenset(WRITING))
        assert not WRITING & set(plain[1])
        assert read(fresh(tmp_path / "odd", odd[0])) == read(fresh(tmp_path / "plain", plain[0])), (seed, odd[1])


def test_the_same_seed_gives_the_same_folder():
    assert study(3) == study(3)
    assert study(3) != study(4)
    assert set.union(*(set(study(seed)[1]) for seed in range(150))) == set(ODDITIES)


# --- the package against the oracle


def differences(folder: Path) -> list[str]:
    """Where the package reads a folder otherwise than the oracle; a line for each kind of difference."""
    right = read(folder)
    try:
        cohort = read_study(folder)
        altered = genomics.altered(cohort, genes=list(GENES))
    except CohortError as error:
        return [f"refused: {str(error).splitlines()[0]}"]
    except Exception as error:  # the package shows no traceback, whatever the folder
        return [f"{type(error).__name__}: {error}"]
    lines = []
    for what, ours, oracle in (
        ("patients", set(cohort.patients.index), right["patients"]),
        ("tumours", set(cohort.samples.index), right["samples"]),
    ):
        if ours != oracle:
            lines.append(f"{what}: only ours {sorted(ours - oracle)[:5]}, only oracle {sorted(oracle - ours)[:5]}")
    for what, ours, oracle in (
        ("normals", len(cohort.normals), len(right["normals"])),
        ("mutations", len(cohort.mutations), right["mutations"]),
    ):
        if ours != oracle:
            lines.append(f"{what}: {ours}, the oracle {oracle}")
    values, rows, columns = altered.astype(object).to_numpy(), list(altered.index), list(altered.columns)
    wrong = []
    for i, sample in enumerate(rows):
        for j, name in enumerate(columns):
            ours = None if pd.isna(values[i][j]) else bool(values[i][j])
            oracle = answer(right, sample, name)
            if ours is not oracle:
                wrong.append(f"{name} of {sample}: {ours}, the oracle {oracle}")
    if set(rows) != right["samples"] and not lines:
        lines.append("altered() lacks tumours")
    return lines + ([f"{len(wrong)} genes of samples, such as {'; '.join(wrong[:3])}"] if wrong else [])


def shown(files: dict[str, bytes]) -> str:
    """The text of a folder's files, tabs as |."""
    kept = {name: data for name, data in files.items() if not name.split("/")[-1].startswith(".")}
    return "\n".join(f"--- {name}\n{decoded(data)[:1500]}" for name, data in kept.items())


def decoded(data: bytes) -> str:
    if data[:2] == b"\x1f\x8b":
        return "(gzip)"
    codec = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    return data.decode(codec).replace("\t", "|").replace("\r", "\\r").replace("\ufeff", "\\ufeff")


def cut_down(seed: int, folder: Path) -> str:
    """A failing folder with the fewest oddities and patients that still fails."""

    def fails(without: frozenset[str], only: frozenset[int]) -> list[str]:
        files, _ = study(seed, without, only, UNSETTLED)
        try:
            return differences(fresh(folder, files))
        except Refused:  # what is left is no folder that the importer takes
            return []

    without, only = frozenset(), frozenset(range(30))
    for oddity in reversed(study(seed, unsettled=UNSETTLED)[1]):
        if fails(without | {oddity}, only):
            without |= {oddity}
    for patient in reversed(range(30)):
        if len(only) > 1 and fails(without, only - {patient}):
            only -= {patient}
    files, oddities = study(seed, without, only, UNSETTLED)
    lines = "\n".join(fails(without, only))
    return f"seed {seed}, cut down to {len(only)} patients and {oddities}\n{lines}\n{shown(files)}"


def fresh(folder: Path, files: dict[str, bytes]) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return put(folder, files)


def test_random_studies(tmp_path):
    failed = {}
    for seed in range(FIRST, FIRST + NUMBER):
        files, _ = study(seed, unsettled=UNSETTLED)
        lines = differences(fresh(tmp_path / "study", files))
        if lines:
            failed[seed] = lines
    seeds = list(failed)
    report = [f"{len(seeds)} of {NUMBER} folders are read otherwise than by the oracle: seeds {seeds[:40]}"]
    report += ["python tests/cohort/random_studies.py SEED FOLDER writes one"]
    report += [cut_down(seed, tmp_path / "study") for seed in seeds[:AT_MOST]]
    assert not failed, "\n\n".join(report)
