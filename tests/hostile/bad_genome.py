"""Mutations, copy number, rearrangements, panels, case lists and meta files that no importer reads."""

from bad_base import CNA, LIST, MAF, PANELS, SV, WHOLE, both, cell, column, drop, end, put, rename, swap

META = "cancer_study_identifier: x\ngenetic_alteration_type: {}\ndatatype: {}\nstable_id: {}\ndata_filename: {}\n"
META_MAF = META.format("MUTATION_EXTENDED", "MAF", "mutations", MAF)
CASES = {
    "no column of tumours": ("mutations", drop(MAF, "Tumor_Sample_Barcode")),
    "no column of genes": ("mutations", both(drop(MAF, "Hugo_Symbol"), drop(MAF, "Entrez_Gene_Id"))),
    "a tumour nobody knows": ("mutations", cell(MAF, 4, "Tumor_Sample_Barcode", "P99-T1")),
    "tumours nobody knows": ("mutations", column(MAF, "Tumor_Sample_Barcode", [f"X{i}" for i in range(25)])),
    "a row of no tumour": ("mutations", cell(MAF, 4, "Tumor_Sample_Barcode", "")),
    "a row of no gene": ("mutations", both(cell(MAF, 4, "Hugo_Symbol", ""), cell(MAF, 4, "Entrez_Gene_Id", ""))),
    "genes by Ensembl": (
        "mutations",
        both(column(MAF, "Hugo_Symbol", "ENSG00000141510"), column(MAF, "Entrez_Gene_Id", "")),
    ),
    "genes as dates": ("mutations", both(cell(MAF, 4, "Hugo_Symbol", "1-Sep"), cell(MAF, 4, "Entrez_Gene_Id", ""))),
    "two genome builds": ("mutations", cell(MAF, 4, "NCBI_Build", "GRCh38")),
    "a consequence nobody knows": ("mutations", cell(MAF, 4, "Variant_Classification", "Frobnicated")),
    "a chromosome nobody knows": ("mutations", cell(MAF, 4, "Chromosome", "chrUn_1")),
    "a status nobody knows": ("mutations", column(MAF, "Mutation_Status", ["maybe"], "SOMATIC")),
    "a validation nobody knows": ("mutations", column(MAF, "Validation_Status", ["maybe"], "Valid")),
    "a pathogenicity nobody knows": ("mutations", column(MAF, "PATHOGENICITY", ["nasty"], "Pathogenic")),
    "pathogenicities nobody knows": ("mutations", column(MAF, "PATHOGENICITY", ["nasty"] * 10, "Pathogenic")),
    "a frequency over 1": ("mutations", column(MAF, "GNOMAD_AF", ["2"], "0.0001")),
    "frequencies with decimal commas": ("mutations", column(MAF, "GNOMAD_AF", "0,0001")),
    "mutations with a short row": ("mutations", end(MAF, "TP53\t7157\n")),
    "mutations in two files": (
        "mutations",
        put("data_mutations_extended.txt", WHOLE[MAF] + WHOLE[MAF].split(b"\n")[3] + b"\n"),
    ),
    "a meta file of a file that is not there": (
        "mutations",
        put("meta_mutations.txt", META_MAF.replace(MAF, "other.txt")),
    ),
    "two meta files of one profile": (
        "mutations",
        both(
            put("meta_mutations.txt", META_MAF),
            put("meta_mutations_2.txt", META_MAF.replace(MAF, "b.txt")),
            put("b.txt", WHOLE[MAF].decode()),
        ),
    ),
    "a call of a patient": ("mutations", cell(MAF, 4, "Tumor_Sample_Barcode", "P03")),
    "a call of a TCGA barcode that two fit": (
        "mutations",
        both(
            swap("data_clinical_sample.txt", "P01-T1", "TCGA-AB-0001-01A"),
            swap("data_clinical_sample.txt", "P02-T1", "TCGA-AB-0001-01B"),
            swap(LIST, "P01-T1\tP02-T1\t", ""),
            swap(MAF, "P01-T1", "TCGA-AB-0001-01C"),
            swap(MAF, "P02-T1", "TCGA-AB-0001-01A"),
        ),
    ),
    "a case list of strangers": ("mutations", swap(LIST, "P01-T1", "Z9")),
    # copy number
    "copy number that is a ratio": ("genome", cell(CNA, 2, "P03-T1", "-0.84")),
    "copy number of 3": ("genome", cell(CNA, 2, "P03-T1", "3")),
    "copy number of 5,000 digits": ("genome", cell(CNA, 2, "P03-T1", "9" * 5000)),
    "copy number in words": ("genome", cell(CNA, 2, "P03-T1", "deleted")),
    "copy number of a tumour nobody knows": ("genome", rename(CNA, "P03-T1", "P99-T1")),
    "copy number of a tumour twice": ("genome", rename(CNA, "P03-T1", "P04-T1")),
    "copy number without genes": ("genome", drop(CNA, "Hugo_Symbol")),
    "copy number without tumours": ("genome", put(CNA, "Hugo_Symbol\tEntrez_Gene_Id\nRB1\t5925\n")),
    "copy number that contradicts itself": ("genome", end(CNA, "\t".join(["RB1", "1", *["0"] * 19]) + "\n")),
    "copy number of a gene and its former name": ("genome", cell(CNA, 5, "P04-T1", "-2")),
    "copy number of no gene": ("genome", cell(CNA, 2, "Hugo_Symbol", "2-Mar")),
    "long copy number without tumours": ("long copy number", rename("data_cna_long.txt", "Sample_Id", "Tumour")),
    "long copy number without values": ("long copy number", rename("data_cna_long.txt", "Value", "Level")),
    "long copy number that contradicts itself": ("long copy number", end("data_cna_long.txt", "RB1\tP01-T1\t-2\n")),
    "long copy number that is a ratio": ("long copy number", cell("data_cna_long.txt", 3, "Value", "0.31")),
    "long copy number of a tumour nobody knows": (
        "long copy number",
        cell("data_cna_long.txt", 3, "Sample_Id", "P99-T1"),
    ),
    # rearrangements
    "variants without tumours": ("genome", drop(SV, "Sample_Id")),
    "a variant of a tumour nobody knows": ("genome", cell(SV, 2, "Sample_Id", "P99-T1")),
    "a variant of no tumour": ("genome", cell(SV, 2, "Sample_Id", "")),
    "a variant between dates": (
        "genome",
        both(cell(SV, 2, "Site1_Hugo_Symbol", "1-Mar"), cell(SV, 2, "Site2_Hugo_Symbol", "2-Sep")),
    ),
    "old fusions without words": ("old fusions", drop("data_fusions.txt", "Fusion")),
    "old fusions without tumours": ("old fusions", drop("data_fusions.txt", "Tumor_Sample_Barcode")),
    "an old fusion of a tumour nobody knows": (
        "old fusions",
        cell("data_fusions.txt", 2, "Tumor_Sample_Barcode", "P99-T1"),
    ),
    # panels
    "a panel of a tumour nobody knows": ("panels", cell(PANELS, 4, "SAMPLE_ID", "P99-T1")),
    "a tumour on two panels": ("panels", end(PANELS, "P01-T1\tPAN2\n")),
    "panels without tumours": ("panels", rename(PANELS, "SAMPLE_ID", "SAMPLE")),
    "panels of another profile": (
        "panels",
        both(put("meta_mutations.txt", META_MAF), rename(PANELS, "mutations", "mutation")),
    ),
    "a panel of no gene": ("panels", put("data_gene_panel_PAN1.txt", "stable_id: PAN1\ndescription: d\ngene_list:\n")),
    "a panel without a list": ("panels", put("data_gene_panel_PAN1.txt", "stable_id: PAN1\ndescription: d\n")),
    "two lists of one panel": ("panels", put("data_gene_panel_PAN1b.txt", "stable_id: PAN1\ngene_list: TP53\n")),
    "a panel in the matrix and in a meta file": (
        "panels",
        both(
            put(CNA, WHOLE[CNA]),
            rename(PANELS, "mutations", "mutations\tcna"),
            swap(PANELS, "\tPAN", "\tPAN1\tPAN"),
            put("meta_cna.txt", META.format("COPY_NUMBER_ALTERATION", "DISCRETE", "cna", CNA) + "gene_panel: PAN1\n"),
        ),
    ),
}
