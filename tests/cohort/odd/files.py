"""Oddities of files: their names, their meta files, what lies beside them, and case lists."""

import gzip

from tests.cohort.odd.base import ALL, SEQUENCED, barcode, case_list, like, names, patient, registry, sample, tsv

CASES, case = registry()


@case("the base study itself")
def base(study):
    pass


@case("clinical tables named in the plural")
def plural_names(study):
    study.name |= {"patients": "data_clinical_patients.txt", "samples": "data_clinical_samples.txt"}


@case("clinical tables named data_patients and data_samples")
def short_names(study):
    study.name |= {"patients": "data_patients.txt", "samples": "data_samples.txt"}


@case("clinical tables under the names of older TCGA studies")
def bcr_names(study):
    study.name |= {
        "patients": "data_bcr_clinical_data_patient.txt",
        "samples": "data_bcr_clinical_data_sample.txt",
    }


# the second tumour is in no list and has no mutation: it was not sequenced
@case("one clinical table with both identifiers; P01 has a second tumour", like(samples=21, histologies={"LUNE": 21}))
def joint_clinical(study):
    study.samples.loc[20] = ["P01-T2", "P01", "LUNE", "Lung Large Cell Neuroendocrine Carcinoma"]
    study.samples = study.samples.merge(study.patients, on="PATIENT_ID")
    study.patients = None
    study.name["samples"] = "data_clinical.txt"


@case("one clinical table; only one of P01's two rows has its survival", like(samples=21, histologies={"LUNE": 21}))
def joint_clinical_gap(study):
    joint_clinical(study)
    study.samples.loc[20, ["OS_MONTHS", "OS_STATUS"]] = ["", "NA"]


@case(
    "one clinical table; P01's two rows contradict each other: missing, noted",
    like(samples=21, histologies={"LUNE": 21}, endpoints={"OS": [19, 13]}),
    notes="os_months",
)
def joint_clinical_contradiction(study):
    joint_clinical(study)
    study.samples.loc[20, "OS_MONTHS"] = "99"


@case("mutations in a file with the suffix .maf")
def maf_suffix(study):
    study.name["mutations"] = "lcnec_2019.maf"


@case("mutations under their older name, no meta file")
def mutations_extended(study):
    study.name["mutations"] = "data_mutations_extended.txt"


@case("mutations under the name of studies of one centre")
def mutations_mskcc(study):
    study.name["mutations"] = "data_mutations_mskcc.txt"


@case("every table compressed")
def all_gz(study):
    study.everywhere(lambda text: gzip.compress(text.encode()))
    study.name = {part: f"{name}.gz" for part, name in study.name.items()}


@case("a masked MAF of the GDC: .maf.gz, #version lines, aliquot barcodes")
def gdc_maf(study):
    study.rename(barcode, lambda i: barcode(i)[:12])
    ids = {barcode(i): barcode(i, "01A-11D-A123-09") for i in ALL}
    study.mutations["Tumor_Sample_Barcode"] = study.mutations["Tumor_Sample_Barcode"].replace(ids)
    study.name["mutations"] = "7f8d.wxs.aliquot_ensemble_masked.maf.gz"
    study.change["mutations"] = lambda text: gzip.compress(b"#version gdc-1.0.0\n#filedate 20220101\n" + text.encode())


@case("every table under a name of its own, given by meta files")
def meta_named(study):
    study.name = {"patients": "people.tsv", "samples": "tumours.tsv", "mutations": "somatic_calls.tsv"}
    study.meta("meta_people.txt", "CLINICAL", "PATIENT_ATTRIBUTES", "people.tsv")
    study.meta("meta_tumours.txt", "CLINICAL", "SAMPLE_ATTRIBUTES", "tumours.tsv")
    study.meta_mutations("somatic_calls.tsv")


@case("meta files whose names end in META or end in a number, in capitals")
def meta_spellings(study):
    study.name = {"patients": "people.tsv", "samples": "tumours.tsv", "mutations": "calls.tsv"}
    study.meta("PEOPLE_META.txt", "CLINICAL", "PATIENT_ATTRIBUTES", "people.tsv")
    study.meta("tumours.meta", "CLINICAL", "SAMPLE_ATTRIBUTES", "tumours.tsv")
    study.meta("calls_meta2.txt", "MUTATION_EXTENDED", "MAF", "calls.tsv", "mutations")


@case("metadata.txt is no meta file", like(files={"metadata.txt": "not understood"}))
def metadata_is_no_meta(study):
    study.meta("metadata.txt", "MUTATION_EXTENDED", "MAF", "gone.txt", "mutations")


@case("a meta file with Windows line ends and spaces around its values")
def meta_crlf(study):
    study.name["mutations"] = "calls.txt"
    study.meta_mutations("calls.txt")
    text = study.files["meta_mutations.txt"].replace(": ", ":   ").replace("\n", "  \r\n")
    study.files["meta_mutations.txt"] = text


@case("a meta file names the plain table, which has been compressed since")
def meta_names_uncompressed(study):
    study.meta_mutations()
    study.name["mutations"] = "data_mutations.txt.gz"
    study.change["mutations"] = lambda text: gzip.compress(text.encode())


@case("two MAFs; the meta file names one", like(files={"data_mutations_mskcc.txt": "read"}))
def meta_chooses(study):
    study.name["mutations"] = "data_mutations_mskcc.txt"
    study.meta_mutations("data_mutations_mskcc.txt")
    other = study.mutations.assign(Hugo_Symbol="KEAP1", Entrez_Gene_Id="9817")
    study.files["data_mutations_extended.txt"] = tsv([list(other.columns), *other.to_numpy().tolist()])


@case("uncalled mutations beside the called ones are another profile")
def mutations_uncalled(study):
    study.meta_mutations()
    study.meta("meta_uncalled.txt", "MUTATION_UNCALLED", "MAF", "data_mutations_uncalled.txt", "mutations_uncalled")
    other = study.mutations.assign(Hugo_Symbol="KEAP1", Entrez_Gene_Id="9817")
    study.files["data_mutations_uncalled.txt"] = tsv([list(other.columns), *other.to_numpy().tolist()])


@case("data_cna.txt holds log2 ratios, as its meta file says", like(files={"data_cna.txt": "not needed"}, deletions={}))
def cna_is_log2(study):
    study.meta("meta_cna.txt", "COPY_NUMBER_ALTERATION", "LOG2-VALUE", "data_cna.txt", "log2CNA")
    study.copy_number([("RB1", {i: "-2.41" for i in ALL}), ("STK11", {})], filler="0.031")


@case("no meta file at all")
def no_meta(study):
    del study.files["meta_study.txt"]


@case(
    "files of kinds that are not needed",
    like(
        files={
            "data_log2_cna.txt": "not needed", "data_linear_cna.txt": "not needed", "data_cna_hg19.seg": "not needed",
            "data_methylation_hm450.txt": "not needed", "data_rppa.txt": "not needed", "data_mutsig.txt": "not needed",
            "data_gistic_genes_amp.txt": "not needed", "data_resource_definition.txt": "not needed",
            "data_mrna_seq_v2_rsem_zscores_ref_all_samples.txt": "not needed",
            "data_clinical_patient.txt": "read", "data_clinical_sample.txt": "read", "data_mutations.txt": "read",
        },
        expression=None,
    ),
)  # fmt: skip
def not_needed(study):
    matrix = tsv([["Hugo_Symbol", *names(ALL)], ["RB1", *["-2.5"] * 20]])
    for name in CASES["not_needed"].right["files"]:
        if not name.startswith(("data_clinical", "data_mutations")):
            study.files[name] = matrix


@case("a file of a kind nobody knows is named", like(files={"calls.vcf": "not understood"}))
def not_understood(study):
    study.files["calls.vcf"] = "##fileformat=VCFv4.2\n"


@case("left-overs of editors and of tar on macOS")
def left_overs(study):
    for name in ("._data_mutations.txt", ".data_clinical_patient.txt.swp", "data_mutations.txt~", ".DS_Store"):
        study.files[name] = b"\0\x05\x16\x07 no table"


@case("expression of normal tissue lies beside the tables; it is no expression of tumours", like(expression=None))
def expression_of_normals(study):
    study.files["data_mrna_seq_v2_rsem_normal_samples.txt"] = tsv([["Hugo_Symbol", barcode(1, "11")], ["RB1", "3.5"]])


@case("a supplementary clinical table beside the main one")
def clinical_supplement(study):
    rows = [[sample(i), patient(i), str(i)] for i in ALL]
    study.files["data_clinical_supp_hypoxia.txt"] = tsv([["SAMPLE_ID", "PATIENT_ID", "BUFFA_SCORE"], *rows])


@case(
    "the table that the study view offers for download, alone",
    {"patients": 20, "samples": 20, "mutations": 0, "endpoints": {"OS": [20, 14]}, "histologies": {"LUNE": 20}},
)
def study_view(study):
    table = study.samples.merge(study.patients, on="PATIENT_ID")
    table.insert(0, "STUDY_ID", "x")
    table.columns = [
        "Study ID", "Sample ID", "Patient ID", "Oncotree Code", "Cancer Type Detailed", "Sex", "Diagnosis Age",
        "Overall Survival (Months)", "Overall Survival Status",
    ]  # fmt: skip
    study.files = {"x_clinical_data.tsv": tsv([list(table.columns), *table.to_numpy().tolist()])}
    study.patients = study.samples = study.mutations = None


@case("the study view's table with progression-free survival and burden", like(endpoints={"PFS": [20, 14]}))
def study_view_with_mutations(study):
    table = study.samples.merge(study.patients, on="PATIENT_ID").assign(months="5", status="1:PROGRESSION", tmb="4.5")
    table.loc[14:, "status"] = "0:CENSORED"
    table.columns = [
        "Sample ID", "Patient ID", "Oncotree Code", "Cancer Type Detailed", "Sex", "Diagnosis Age",
        "Overall Survival (Months)", "Overall Survival Status", "Progress Free Survival (Months)",
        "Progression Free Status", "TMB (nonsynonymous)",
    ]  # fmt: skip
    study.files["combined_study_clinical_data.tsv"] = tsv([list(table.columns), *table.to_numpy().tolist()])
    study.patients = study.samples = None


@case("no table of patients", like(endpoints={"OS": None}))
def no_patients(study):
    study.patients = None


@case(
    "no mutations",
    {"patients": 20, "samples": 20, "mutations": 0, "endpoints": {"OS": [20, 14]}, "subtypes": {"SCLC-like": 0}},
)
def no_mutations(study):
    study.mutations = None
    del study.files[SEQUENCED]


@case(
    "a MAF with a header and no row: sequenced, and nothing found",
    like(
        mutations=0,
        genes={"TP53": [0, 20], "RB1": [0, 20], "KRAS": [0, 20]},
        subtypes={"SCLC-like": 0, "NSCLC-like": 0, "Unclassified": 20},
        targetable={"KRAS G12C": [0, 20]},
    ),
)
def empty_maf(study):
    study.mutations = study.mutations.iloc[:0]


@case(
    "no case list, no matrix: every tumour counts as sequenced, and 5 without a mutation are noted",
    notes="5",
)
def no_case_list(study):
    del study.files[SEQUENCED]


NOT_LISTED = like(
    genes={gene: [k, 15] for gene, k in {"TP53": 10, "RB1": 10, "KRAS": 5, "STK11": 0, "KEAP1": 0}.items()},
    subtypes={"Unclassified": 0, "Unknown": 5},
    targetable={"KRAS G12C": [5, 15]},
)


@case("the list of sequenced samples has another file name; its stable_id says what it is", NOT_LISTED)
def list_other_name(study):
    study.files = {"meta_study.txt": study.files["meta_study.txt"]}
    study.files["case_lists/cases_all.txt"] = case_list(names(ALL), "x_all")
    study.files["case_lists/mutated_samples.txt"] = case_list(names(range(1, 16)))


@case("the list of sequenced samples has no stable_id; its name says what it is", NOT_LISTED)
def list_without_stable_id(study):
    study.files[SEQUENCED] = f"case_list_ids:{chr(9).join(names(range(1, 16)))}"


@case("only lists of other kinds: x_all, x_cna, x_cnaseq say nothing of sequencing", notes="5")
def other_lists(study):
    del study.files[SEQUENCED]
    for kind, ids in (("all", ALL), ("cna", range(1, 8)), ("cnaseq", range(1, 8))):
        study.files[f"case_lists/cases_{kind}.txt"] = case_list(names(ids), f"x_{kind}")


@case("a case list with Windows line ends, and a blank line at its end")
def list_crlf(study):
    study.files[SEQUENCED] = study.files[SEQUENCED].replace("\n", "\r\n") + "\r\n"


@case("the case list names three samples that no table has", notes="3")
def list_unknown_sample(study):
    study.files[SEQUENCED] = case_list([*names(ALL), "P77-T1", "P78-T1", "P79-T1"])


@case("timelines are read", like(files={"data_timeline_treatment.txt": "read", "data_timeline.txt": "read"}))
def timelines(study):
    head = ["PATIENT_ID", "START_DATE", "STOP_DATE", "EVENT_TYPE"]
    study.files["data_timeline_treatment.txt"] = tsv([head, ["P01", 0, 84, "TREATMENT"], ["P02", -3, "", "TREATMENT"]])
    study.files["data_timeline.txt"] = tsv([head, ["P03", 10, "", "STATUS"]])


@case(
    "a table of patients, and one of samples under the name of the older joint table",
    like(files={"data_clinical.txt": "read", "data_clinical_patient.txt": "read"}),
)
def samples_under_the_joint_name(study):
    study.name["samples"] = "data_clinical.txt"


@case(
    "a joint table beside both tables is not needed",
    like(files={"data_clinical.txt": "not needed", "data_clinical_sample.txt": "read"}),
)
def joint_beside_both(study):
    table = study.samples.merge(study.patients, on="PATIENT_ID").assign(OS_STATUS="0:LIVING")
    study.files["data_clinical.txt"] = tsv([list(table.columns), *table.to_numpy().tolist()])
