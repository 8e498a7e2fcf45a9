"""Folders that cBioPortal refuses, or that hold no study: each in one line that says where and what."""

from tests.cohort.odd.base import ALL, SEQUENCED, names, registry, tsv

CASES, case = registry()


@case("an empty folder", refused="data_clinical_sample.txt")
def empty(study):
    study.patients = study.samples = study.mutations = None
    study.files = {"notes_to_myself.txt": "nothing yet\n"}


@case("no table of samples", refused="data_clinical_sample.txt")
def no_samples(study):
    study.samples = None


@case("a patient stands twice", refused="data_clinical_patient.txt P03")
def patient_twice(study):
    study.patients.loc[20] = ["P03", "Male", "60", "4", "1:DECEASED"]


@case("a sample stands twice", refused="data_clinical_sample.txt P03-T1")
def sample_twice(study):
    study.samples.loc[20] = study.samples.loc[2]


@case("a sample stands under two patients", refused="data_clinical_sample.txt P03-T1")
def sample_of_two_patients(study):
    study.samples.loc[20] = ["P03-T1", "P04", "LUNE", ""]


@case("a row without a patient", refused="data_clinical_patient.txt PATIENT_ID 5")
def no_patient_id(study):
    study.cells("patients", "PATIENT_ID", {4: ""})


@case("a sample without a patient", refused="data_clinical_sample.txt PATIENT_ID 5")
def sample_without_patient_id(study):
    study.cells("samples", "PATIENT_ID", {4: "NA"})


@case("the table of samples has no column of samples", refused="data_clinical_sample.txt SAMPLE_ID")
def no_sample_column(study):
    study.samples = study.samples.drop(columns="SAMPLE_ID")


@case("the MAF has no column of samples", refused="data_mutations.txt Tumor_Sample_Barcode")
def no_barcode_column(study):
    del study.mutations["Tumor_Sample_Barcode"]


@case("the MAF names no gene in any column", refused="data_mutations.txt Hugo_Symbol")
def no_gene_column(study):
    study.mutations = study.mutations.drop(columns=["Hugo_Symbol", "Entrez_Gene_Id"])


@case("the MAF names a sample that no table has", refused="data_mutations.txt P99-T1")
def maf_unknown_sample(study):
    study.call("KEAP1", ["P99-T1"])


@case("the MAF names patients", refused="data_mutations.txt P01")
def maf_by_patient(study):
    study.mutations["Tumor_Sample_Barcode"] = study.mutations["Tumor_Sample_Barcode"].str[:3]


@case("the panel matrix names a sample that no table has", refused="data_gene_panel_matrix.txt P21-T1")
def matrix_unknown_sample(study):
    study.matrix(dict.fromkeys(range(1, 22), "WXS"))


@case("the panel matrix has a sample twice", refused="data_gene_panel_matrix.txt 22")
def matrix_sample_twice(study):
    study.matrix(dict.fromkeys(ALL, "WXS"))
    study.files["data_gene_panel_matrix.txt"] += "P01-T1\tWGS\n"


@case("a meta file names a file that is not there", refused="meta_mutations.txt data_mutations_extended.txt")
def meta_names_nothing(study):
    study.meta_mutations("data_mutations_extended.txt")
    study.mutations = None


@case("two meta files of the same profile", refused="meta_mutations")
def two_meta_files(study):
    study.meta_mutations()
    study.files["other.txt"] = tsv([list(study.mutations.columns), *study.mutations.to_numpy().tolist()])
    study.meta("meta_mutations_2.txt", "MUTATION_EXTENDED", "MAF", "other.txt", "mutations")


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"


@case("the MAF is a pointer of Git LFS, as a clone without it leaves", refused="data_mutations.txt lfs")
def lfs_pointer(study):
    study.change["mutations"] = lambda text: POINTER


@case("a page of the web saved as a table", refused="data_clinical_sample.txt")
def web_page(study):
    study.change["samples"] = lambda text: "<!DOCTYPE html>\n<html lang=en>\n<body>Not Found</body></html>\n"


@case("a table with commas", refused="data_clinical_patient.txt tab")
def commas(study):
    study.change["patients"] = lambda text: text.replace("\t", ",")


@case("a table with semicolons", refused="data_clinical_sample.txt tab")
def semicolons(study):
    study.change["samples"] = lambda text: text.replace("\t", ";")


@case("a workbook renamed to .txt", refused="data_clinical_patient.txt")
def workbook(study):
    study.change["patients"] = lambda text: b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00\xa4\xc7" + b"\0" * 40


@case("a column stands twice", refused="data_clinical_patient.txt AGE")
def column_twice(study):
    study.patients.insert(3, "AGE_2", study.patients["AGE"])
    study.change["patients"] = lambda text: text.replace("AGE_2", "AGE")


@case("an empty table of samples", refused="data_clinical_sample.txt")
def samples_empty(study):
    study.change["samples"] = lambda text: ""


@case("a table of samples with a header only", refused="data_clinical_sample.txt")
def samples_without_rows(study):
    study.samples = study.samples.iloc[:0]
    study.mutations = None
    del study.files[SEQUENCED]


@case("two genome builds in one MAF", refused="data_mutations.txt NCBI_Build")
def two_builds(study):
    study.mutations.loc[3, "NCBI_Build"] = "GRCh38"


@case("a null byte within a table", refused="data_clinical_patient.txt")
def null_byte(study):
    study.cells("patients", "OS_MONTHS", {4: "1\0 2.5"})


@case("the copy number has a sample in two columns", refused="data_cna.txt P01-T1")
def cna_sample_twice(study):
    study.copy_number([("RB1", {1: -2})], ids=[*names(ALL), "P01-T1"])


@case("the copy number has no sample", refused="data_cna.txt")
def cna_no_sample(study):
    study.files["data_cna.txt"] = tsv([["Hugo_Symbol", "Entrez_Gene_Id"], ["RB1", 5925]])


@case("a patient stands twice, with the same cells", refused="data_clinical_patient.txt P03")
def patient_twice_alike(study):
    study.patients.loc[20] = study.patients.loc[2]


@case("the panel matrix has no column of samples", refused="data_gene_panel_matrix.txt SAMPLE_ID")
def matrix_without_samples(study):
    study.files["data_gene_panel_matrix.txt"] = tsv([["SAMPLE", "mutations"], ["P01-T1", "WXS"]])


@case("the header stands again between the rows, as where tables were joined", refused="data_clinical_patient.txt 22")
def repeated_header(study):
    study.change["patients"] = lambda text: text + text.splitlines()[0] + "\nP21\tMale\t70\t9\t1:DECEASED\n"


@case("a panel of the copy number both in the matrix and in its meta file", refused="gene_panel meta_cna.txt")
def cna_panel_in_two_places(study):
    study.two_panels()
    study.copy_number([("RB1", {})])
    study.meta("meta_cna.txt", "COPY_NUMBER_ALTERATION", "DISCRETE", "data_cna.txt", "cna", gene_panel="PAN1")
    study.matrix(dict.fromkeys(ALL, "PAN1"), "cna")


@case("the matrix's column is of no profile that a meta file names", refused="data_gene_panel_matrix.txt mutation")
def matrix_unknown_profile(study):
    study.two_panels()
    study.meta_mutations()
    study.matrix(dict.fromkeys(ALL, "PAN1"), "mutation")
