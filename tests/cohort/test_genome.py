"""Mutation files that are wrong: refused by row and column, or read with what was odd."""

import re
from pathlib import Path

import pytest

from lcnec_utils.cohort.model import Cohort, CohortError
from lcnec_utils.cohort.read import check_study, read_study
from lcnec_utils.omics import genomics

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
