"""Oddities of the MAF's rows: what is loaded, whose it is, normals, gene symbols, protein changes, judged mutations."""

import pandas as pd

from tests.cohort.odd.base import ALL, ANY, SEQUENCED, barcode, case_list, like, patient, registry, sample

CASES, case = registry()


def as_tcga(study, kind="01"):
    """The study under TCGA sample barcodes."""
    study.rename(lambda i: barcode(i, kind), lambda i: barcode(i)[:12])


def aliquots(study, kind="01A-11D-A123-09"):
    """Every row of the MAF under an aliquot's barcode."""
    calls = study.mutations["Tumor_Sample_Barcode"]
    study.mutations["Tumor_Sample_Barcode"] = calls.str[:12] + "-" + kind


@case("three rows of TP53 are commented out", like(mutations=22, genes={"TP53": [7, 20]}))
def commented_rows(study):
    study.mutations.loc[:2, "Hugo_Symbol"] = "#TP53"


# P01 to P03 have RB1 alone now
CASES["commented_rows"].right["subtypes"].update({"SCLC-like": 7, "Unclassified": 8})


@case("P20 is commented out of all tables but the case list", like(patients=19, samples=19), notes="1")
def commented_patient(study):
    study.patients.loc[19, "PATIENT_ID"] = "#P20"
    study.samples.loc[19, "SAMPLE_ID"] = "#P20-T1"


CASES["commented_patient"].right.update(
    genes={"TP53": [10, 19], "RB1": [10, 19], "KRAS": [5, 19], "STK11": [0, 19], "KEAP1": [0, 19]},
    subtypes={"SCLC-like": 10, "NSCLC-like": 5, "Unclassified": 4}, endpoints={"OS": [19, 13]},
    targetable={"KRAS G12C": [5, 19]}, histologies={"LUNE": 19},
)  # fmt: skip


@case("Mutation_Status: germline and unknown ones are loaded; None, LOH and Wildtype are not", like(mutations=28))
def mutation_status(study):
    study.mutations["Mutation_Status"] = "SOMATIC"
    for i, word in enumerate(("GERMLINE", "Unknown", "", "None", "LOH", "loh", "Wildtype", "WILDTYPE"), 1):
        study.call("STK11", [i], Mutation_Status=word)


CASES["mutation_status"].right["genes"]["STK11"] = [3, 20]


@case("Validation_Status: Redacted and Wildtype are not loaded", like(mutations=29, genes={"STK11": [4, 20]}))
def validation_status(study):
    for i, word in enumerate(("Valid", "Invalid", "Untested", "Unknown", "Redacted", "redacted", "Wildtype"), 1):
        study.call("STK11", [i], Validation_Status=word)


@case("MAF's classes that are not loaded, in capitals and small letters too", like(genes={"KEAP1": [0, 20]}))
def maf_classes_out(study):
    words = ["Silent", "Intron", "3'UTR", "3'Flank", "5'UTR", "5'Flank", "IGR", "RNA", "SILENT", "intron", "rna"]
    study.words("KEAP1", words, first=6)


@case("MAF's classes that are loaded", like(mutations=35, genes={"KEAP1": [10, 20]}))
def maf_classes_in(study):
    words = "Splice_Site Splice_Region Translation_Start_Site Nonstop_Mutation In_Frame_Del In_Frame_Ins "
    words += "Frame_Shift_Del Frame_Shift_Ins De_novo_Start_OutOfFrame Targeted_Region"
    study.words("KEAP1", words.split())


@case(
    "a filter in the meta file replaces the usual one: UTR and flank are loaded, RNA never",
    like(mutations=28, genes={"KEAP1": [3, 20]}, subtypes={"NSCLC-like": 8, "Unclassified": 2}),
)
def own_filter(study):
    study.meta_mutations(variant_classification_filter="Silent, Intron")
    study.words("KEAP1", ["3'UTR", "5'Flank", "IGR", "Silent", "Intron"], first=16)
    study.call("KEAP1", [19], "RNA")


@case("calls of the TERT promoter are loaded, other 5' flanks are not", like(mutations=29, genes={"TERT": [4, 20]}))
def tert_promoter(study):
    study.call("TERT", range(1, 5), "5'Flank")
    study.call("KEAP1", range(16, 19), "5'Flank")
    study.call("TERT", [6], "5'UTR")


@case("no column of consequences: every row counts, which is noted", notes="consequence")
def no_consequence(study):
    del study.mutations["Variant_Classification"]


# --- whose row it is


@case("sample barcodes in the tables, aliquot barcodes in the MAF")
def tcga_aliquots(study):
    as_tcga(study)
    aliquots(study)


@case("sample barcodes with a vial, aliquot barcodes in the MAF")
def tcga_vials(study):
    as_tcga(study, "01A")
    aliquots(study)


@case("two vials of P01 are samples; its rows name one of them exactly", like(samples=21, histologies={"LUNE": 21}))
def tcga_exact_first(study):
    as_tcga(study, "01A")
    study.samples.loc[20] = [barcode(1, "01B"), *study.samples.loc[0].tolist()[1:]]


@case(
    "two vials of P01 are samples, and the MAF names an aliquot of neither",
    refused=f"{barcode(1)}C {barcode(1)}A {barcode(1)}B",
)
def tcga_ambiguous(study):
    as_tcga(study, "01A")
    study.samples.loc[20] = [barcode(1, "01B"), *study.samples.loc[0].tolist()[1:]]
    study.mutations.loc[:9, "Tumor_Sample_Barcode"] = [barcode(i, "01C-11D-A123-09") for i in range(1, 11)]


@case("a metastasis (code 06) is a tumour of its own", like(samples=21, mutations=26, histologies={"LUNE": 21}))
def tcga_metastasis(study):
    as_tcga(study)
    study.samples.loc[20] = [barcode(20, "06"), *study.samples.loc[19].tolist()[1:]]
    study.call("KEAP1", [barcode(20, "06A-11D-A123-09")])


CASES["tcga_metastasis"].right["genes"] = {"TP53": [10, 21], "KRAS": [5, 21], "KEAP1": [1, 21]}
CASES["tcga_metastasis"].right["targetable"] = {"KRAS G12C": [5, 21]}


@case("normal barcodes among samples and rows: no tumours, their rows are dropped and counted", like(normals=4))
def tcga_normals(study):
    as_tcga(study)
    for i in range(1, 5):
        normal = barcode(i, "10" if i < 3 else "11")
        study.samples.loc[19 + i] = [normal, *study.samples.loc[i - 1].tolist()[1:]]
    study.call("KEAP1", [barcode(1, "10"), barcode(3, "11")])


@case("the normals stand first, before their patients' tumours", like(normals=20))
def tcga_normals_first(study):
    as_tcga(study)
    normals = study.samples.assign(SAMPLE_ID=[barcode(i, "10") for i in ALL])
    study.samples = pd.concat([normals, study.samples], ignore_index=True)


@case("rows of normals that no table lists are dropped")
def tcga_normals_unlisted(study):
    as_tcga(study)
    study.call("KEAP1", [barcode(1, "10A-01D-A123-09"), barcode(2, "11A-11D-A123-09")])


NORMALS = ["Normal", "Matched Normal", "Blood Derived Normal", "Solid Tissue Normal", "normal", "NORMAL BLOOD"]


@case("normals by SAMPLE_TYPE; a row of one in the MAF", like(normals=6))
def normals_by_type(study):
    study.samples["SAMPLE_TYPE"] = "Primary"
    for i, word in enumerate(NORMALS, 1):
        study.samples.loc[19 + i] = [f"P{i:02d}-N1", *study.samples.loc[i - 1].tolist()[1:4], word]
    study.call("KEAP1", ["P01-N1"])


@case("normals by SAMPLE_CLASS, listed as sequenced", like(normals=3))
def normals_by_class(study):
    study.samples["SAMPLE_CLASS"] = "Tumor"
    for i in range(1, 4):
        study.samples.loc[19 + i] = [f"P{i:02d}-N1", *study.samples.loc[i - 1].tolist()[1:4], "Normal"]
    study.files[SEQUENCED] = case_list(study.samples["SAMPLE_ID"])


@case("P21 has a normal only", like(patients=21, normals=1, endpoints={"OS": [21, 15]}, subtypes={"Unknown": ANY}))
def patient_of_a_normal(study):
    study.samples["SAMPLE_TYPE"] = "Primary"
    study.samples.loc[20] = ["P21-N1", "P21", "LUNE", "Lung Large Cell Neuroendocrine Carcinoma", "Normal"]
    study.patients.loc[20] = ["P21", "Male", "70", "9", "1:DECEASED"]


@case("a second tumour of P20 has KEAP1: tumours are counted by gene, patients by subtype")
def second_tumour(study):
    study.samples.loc[20] = ["P20-T2", *study.samples.loc[19].tolist()[1:]]
    study.call("KEAP1", ["P20-T2"])
    study.files[SEQUENCED] = case_list(study.samples["SAMPLE_ID"])


CASES["second_tumour"].right.update(
    samples=21, mutations=26, histologies={"LUNE": 21}, genes={"TP53": [10, 21], "KEAP1": [1, 21]},
    targetable={"KRAS G12C": [5, 21]},
)  # fmt: skip


# --- rows without gene or place, and repeated ones


@case("symbol Unknown with Entrez 0 is no gene; with an Entrez number it is that gene", like(mutations=26))
def symbol_unknown(study):
    study.call("Unknown", [16, 17], Entrez_Gene_Id="0")
    study.call("Unknown", [18], Entrez_Gene_Id="9817")


CASES["symbol_unknown"].right["genes"]["KEAP1"] = [1, 20]
CASES["symbol_unknown"].right["subtypes"].update({"NSCLC-like": 6, "Unclassified": 4})


@case("rows on contigs that are no chromosome are not loaded", like(mutations=33, genes={"KEAP1": [8, 20]}))
def chromosomes(study):
    words = ["1", "chr19", "CHR7", "X", "chrY", "MT", "NA", "", "GL000220.1", "chrUn", "19_random", "HLA-A"]
    for i, word in enumerate(words, 1):
        study.call("KEAP1", [i], Chromosome=word)


@case("a call that two centres report counts once", like(mutations=25))
def repeated_call(study):
    study.mutations.insert(2, "Center", "A")
    study.mutations = pd.concat([study.mutations, study.mutations.loc[:4].assign(Center="B")], ignore_index=True)


@case("one genome build under three names")
def build_names(study):
    study.mutations["NCBI_Build"] = ["37", "GRCh37", "hg19", "grch37", "GRCh37"] * 5


@case("a line before the header, as MAF 2.4 has")
def version_line(study):
    study.change["mutations"] = lambda text: "#version 2.4\n" + text


# --- symbols


@case("previous symbols, symbols with an identifier, small letters", like(mutations=30, genes={"KMT2D": [5, 20]}))
def symbols(study):
    for i, symbol in enumerate(("MLL2", "KMT2D|8085", "MLL2|8085", "kmt2d", " KMT2D "), 1):
        study.call(symbol, [i])


@case("no symbols, Entrez numbers only")
def entrez_only(study):
    del study.mutations["Hugo_Symbol"]


@case("the symbols are empty, Entrez numbers are there")
def symbols_empty(study):
    study.mutations["Hugo_Symbol"] = ""


@case("an alias that no list of symbols need know: its Entrez number decides", like(mutations=26))
def entrez_decides(study):
    study.call("KLHL19", [16], Entrez_Gene_Id="9817")


CASES["entrez_decides"].right["genes"]["KEAP1"] = [1, 20]
CASES["entrez_decides"].right["subtypes"].update({"NSCLC-like": 6, "Unclassified": 4})


@case("Entrez number 0 beside a symbol, as one centre writes it")
def entrez_zero(study):
    study.mutations["Entrez_Gene_Id"] = "0"


@case(
    "symbols that a spreadsheet turned into dates are named",
    like(mutations=ANY, words={"Hugo_Symbol": {"1-Sep": 2, "2-Mar": 1}}),
)
def spreadsheet_dates(study):
    study.call("1-Sep", [1, 2])
    study.call("2-Mar", [3])


@case("CDKN2A in the MAF by the names of its isoforms", like(mutations=29, genes={"CDKN2A": [3, 20]}))
def isoforms(study):
    study.call("CDKN2Ap16INK4A", [1, 2], Entrez_Gene_Id="")
    study.call("CDKN2Ap14ARF", [2], Entrez_Gene_Id="")
    study.call("CDKN2A(p14)", [3], Entrez_Gene_Id="")


# --- protein changes


@case("protein changes without p., with three letters, behind a transcript, in brackets")
def protein_forms(study):
    forms = ["G12C", "p.Gly12Cys", "ENSP00000256078.4:p.G12C", "p.(G12C)", "NP_004976.2:p.(Gly12Cys)"]
    study.mutations.loc[20:, "HGVSp_Short"] = forms


@case("protein changes only in Amino_Acid_Change")
def amino_acid_change(study):
    study.mutations = study.mutations.rename(columns={"HGVSp_Short": "Amino_Acid_Change"})


@case("protein changes only in HGVSp, with three letters behind a transcript")
def hgvsp(study):
    known = study.mutations.pop("HGVSp_Short")
    study.mutations["HGVSp"] = ["ENSP00000256078:p.Gly12Cys" if change == "p.G12C" else "" for change in known]


@case("protein changes only in Protein_Change")
def protein_change(study):
    study.mutations = study.mutations.rename(columns={"HGVSp_Short": "Protein_Change"})


@case("HGVSp_Short is empty in three rows, where Amino_Acid_Change holds the change")
def change_by_row(study):
    study.mutations["Amino_Acid_Change"] = ""
    study.mutations.loc[20:22, "Amino_Acid_Change"] = "p.G12C"
    study.mutations.loc[20:22, "HGVSp_Short"] = ["", "NA", "[Not Available]"]


@case("other changes of codon 12 and of its name's beginning are not G12C", like(targetable={"KRAS G12C": [1, 20]}))
def not_g12c(study):
    study.mutations.loc[20:, "HGVSp_Short"] = ["p.G12C", "p.G12D", "p.Gly12Ter", "p.G12CfsTer3", "p.A11_G12insC"]


# --- what a column says of a mutation


@case("cbp_driver says what counts: drivers, not passengers, not empty cells")
def cbp_driver(study):
    study.mutations["cbp_driver"] = "Putative_Driver"
    for i, word in ((16, "Putative_Driver"), (17, "Putative_Passenger"), (18, "")):
        study.call("KEAP1", [i], cbp_driver=word)


@case("PATHOGENICITY says what counts")
def pathogenicity(study):
    study.mutations["PATHOGENICITY"] = "Pathogenic"
    for i, word in ((16, "Likely pathogenic"), (17, "VUS"), (18, "Benign"), (19, "Likely benign"), (20, "")):
        study.call("KEAP1", [i], PATHOGENICITY=word)


@case("PATHOGENICITY in the words of ClinVar")
def pathogenicity_clinvar(study):
    study.mutations["PATHOGENICITY"] = "pathogenic"
    for i, word in ((16, "Likely_pathogenic"), (17, "Uncertain significance"), (18, "Uncertain_significance")):
        study.call("KEAP1", [i], PATHOGENICITY=word)


@case("ONCOGENIC in the words of OncoKB says what counts")
def oncogenic(study):
    study.mutations["ONCOGENIC"] = "Oncogenic"
    for i, word in ((16, "Likely Oncogenic"), (17, "Likely Neutral"), (18, "Inconclusive"), (19, "")):
        study.call("KEAP1", [i], ONCOGENIC=word)


for _name in ("cbp_driver", "pathogenicity", "pathogenicity_clinvar", "oncogenic"):
    CASES[_name].right["mutations"] = ANY
    CASES[_name].right["genes"]["KEAP1"] = [1, 20]
    CASES[_name].right["subtypes"].update({"NSCLC-like": 6, "Unclassified": 4})


@case("a sample of a patient whom the table of patients lacks", like(patients=21, samples=21), notes="1")
def sample_without_patient(study):
    study.samples.loc[20] = [sample(21), patient(21), "LUNE", "Lung Large Cell Neuroendocrine Carcinoma"]


CASES["sample_without_patient"].right["histologies"] = {"LUNE": 21}
CASES["sample_without_patient"].right["subtypes"]["Unknown"] = 1


@case("a patient without a sample", like(patients=21, endpoints={"OS": [21, 15]}, subtypes={"Unknown": ANY}))
def patient_without_sample(study):
    study.patients.loc[20] = ["P21", "Male", "70", "9", "1:DECEASED"]


@case(
    "no row is loaded: all are silent",
    like(
        mutations=0,
        genes={"TP53": [0, 20], "RB1": [0, 20], "KRAS": [0, 20]},
        subtypes={"SCLC-like": 0, "NSCLC-like": 0, "Unclassified": 20},
        targetable={"KRAS G12C": [0, 20]},
    ),
)
def all_silent(study):
    study.mutations["Variant_Classification"] = "Silent"


@case(
    "no row is loaded: all lie on contigs",
    like(
        mutations=0,
        genes={"TP53": [0, 20], "RB1": [0, 20], "KRAS": [0, 20]},
        subtypes={"SCLC-like": 0, "NSCLC-like": 0, "Unclassified": 20},
        targetable={"KRAS G12C": [0, 20]},
    ),
)
def all_on_contigs(study):
    study.mutations["Chromosome"] = "GL000220.1"


@case("Entrez number NA beside a symbol")
def entrez_na(study):
    study.mutations["Entrez_Gene_Id"] = "NA"


@case("a row without a sample", refused="data_mutations.txt Tumor_Sample_Barcode 27")
def row_without_sample(study):
    study.call("KEAP1", [""])


@case("identifiers with spaces around them in the MAF alone")
def spaced_identifiers(study):
    study.mutations["Tumor_Sample_Barcode"] = " " + study.mutations["Tumor_Sample_Barcode"] + " "


@case("numbers as identifiers of patients and samples, zeros in front")
def numeric_identifiers(study):
    study.rename(lambda i: f"00{i:03d}", lambda i: f"0{i:02d}")
