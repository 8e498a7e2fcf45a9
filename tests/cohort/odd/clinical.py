"""Endpoints and their statuses, histology, subtypes as recorded, expression, and timelines."""

from tests.cohort.odd.base import ALL, ANY, SEQUENCED, barcode, like, names, patient, registry, tsv

CASES, case = registry()
DEAD = [i % 3 != 0 for i in ALL]


def endpoint(study, key: str, event: str, censored: str, events: int = 12) -> None:
    """A second endpoint: so many events, the rest censored."""
    study.patients[f"{key}_MONTHS"] = [str(i) for i in ALL]
    study.patients[f"{key}_STATUS"] = [event if i <= events else censored for i in ALL]


def status(study, event: str, censored: str) -> None:
    """Overall survival's status in other words."""
    study.patients["OS_STATUS"] = [event if dead else censored for dead in DEAD]


@case("statuses without a digit")
def status_words(study):
    status(study, "DECEASED", "LIVING")


@case("statuses as digits")
def status_digits(study):
    status(study, "1", "0")


@case("statuses as numbers of a data frame")
def status_floats(study):
    status(study, "1.0", "0.0")


@case("statuses in other words")
def status_other_words(study):
    pairs = [("Dead", "Alive"), ("died", "alive"), ("1:DEAD", "0:ALIVE"), ("dead", "Living"), ("Deceased", "Censored")]
    study.patients["OS_STATUS"] = [pairs[i % 5][not dead] for i, dead in enumerate(DEAD)]


@case("statuses with phrases behind the digit")
def status_phrases(study):
    status(study, "1:DEAD OF DISEASE", "0:ALIVE WITH DISEASE")


@case("statuses coded 1 and 2: no overall survival", like(endpoints={"OS": None}, words=ANY), notes="os_status")
def status_one_two(study):
    status(study, "2", "1")


@case(
    "one odd word in the status: missing, named",
    like(endpoints={"OS": [19, 13]}, words={"OS_STATUS": {"perhaps": 1}}),
    notes="os_status",
)
def status_one_odd(study):
    study.cells("patients", "OS_STATUS", {20: "perhaps"})


@case(
    "a status that contradicts itself: missing, named",
    like(endpoints={"OS": [19, 13]}, words={"OS_STATUS": {"1:LIVING": 1}}),
    notes="os_status",
)
def status_contradiction(study):
    study.cells("patients", "OS_STATUS", {20: "1:LIVING"})


@case("three odd words of twenty: no overall survival", like(endpoints={"OS": None}, words=ANY), notes="os_status")
def status_odd_column(study):
    study.cells("patients", "OS_STATUS", {4: "perhaps", 5: "moved", 7: "gone"})


@case("months without status: no overall survival", like(endpoints={"OS": None}), notes="os_status")
def status_absent(study):
    del study.patients["OS_STATUS"]


@case("status without months: no overall survival", like(endpoints={"OS": None}), notes="os_months")
def months_absent(study):
    del study.patients["OS_MONTHS"]


@case("no endpoint at all", like(endpoints={"OS": None}))
def no_endpoint(study):
    study.patients = study.patients[["PATIENT_ID", "SEX", "AGE"]]


@case("overall and progression-free survival", like(endpoints={"PFS": [20, 12]}))
def pfs(study):
    endpoint(study, "PFS", "1:PROGRESSION", "0:CENSORED")


@case("progression in the words of one centre", like(endpoints={"PFS": [20, 12]}))
def pfs_msk(study):
    endpoint(study, "PFS", "1:Progressed", "0:Not Progressed")


@case("disease-free survival", like(endpoints={"DFS": [20, 12]}))
def dfs(study):
    endpoint(study, "DFS", "1:Recurred/Progressed", "0:DiseaseFree")


@case("disease-free survival without digits", like(endpoints={"DFS": [20, 12]}))
def dfs_words(study):
    endpoint(study, "DFS", "Recurred/Progressed", "DiseaseFree")


@case("relapse-free survival", like(endpoints={"RFS": [20, 12]}))
def rfs(study):
    endpoint(study, "RFS", "1:Recurred", "0:Not Recurred")


@case("disease-specific survival in the words of TCGA", like(endpoints={"DSS": [20, 12]}))
def dss(study):
    endpoint(study, "DSS", "1:DEAD WITH TUMOR", "0:ALIVE OR DEAD TUMOR FREE")


@case("event-free survival", like(endpoints={"EFS": [20, 12]}))
def efs(study):
    endpoint(study, "EFS", "1:Event", "0:No Event")


@case("real-world progression and time on treatment", like(endpoints={"RWPFS": [20, 12], "TOT": [20, 15]}))
def rwpfs_and_tot(study):
    endpoint(study, "RWPFS", "1:PROGRESSION", "0:CENSORED")
    endpoint(study, "TOT", "1:STOPPED", "0:ONGOING", 15)


@case("one endpoint is refused, the other stays", like(endpoints={"PFS": None}, words=ANY), notes="pfs_status")
def one_of_two_refused(study):
    endpoint(study, "PFS", "2", "1")


@case(
    "both endpoints have missing cells",
    like(endpoints={"OS": [18, 12], "PFS": [15, 10]}),
)
def two_with_gaps(study):
    endpoint(study, "PFS", "1:PROGRESSION", "0:CENSORED")
    study.cells("patients", "OS_MONTHS", {1: "", 2: "NA"})
    study.cells("patients", "PFS_STATUS", {1: "", 2: "NA", 18: "", 19: "", 20: ""})


# --- histology


@case("an adenocarcinoma study", like(histologies={"LUNE": 0, "LUAD": 20}))
def adenocarcinoma(study):
    study.samples["ONCOTREE_CODE"] = "LUAD"
    study.samples["CANCER_TYPE_DETAILED"] = "Lung Adenocarcinoma"


@case("several histologies", like(histologies={"LUNE": 12, "SCLC": 5, "LUAD": 3}))
def histologies(study):
    study.samples["ONCOTREE_CODE"] = ["LUNE"] * 12 + ["SCLC"] * 5 + ["LUAD"] * 3


@case("histology in words only", like(histologies={"LUNE": 0, "Lung Adenocarcinoma": 20}))
def histology_in_words(study):
    del study.samples["ONCOTREE_CODE"]
    study.samples["CANCER_TYPE_DETAILED"] = "Lung Adenocarcinoma"


@case("no histology", like(histologies=ANY))
def no_histology(study):
    study.samples = study.samples[["SAMPLE_ID", "PATIENT_ID"]]


@case("empty codes of histology in two samples", like(histologies={"LUNE": 18}))
def histology_gaps(study):
    study.samples["CANCER_TYPE_DETAILED"] = ""
    study.cells("samples", "ONCOTREE_CODE", {1: "NA", 2: ""})


# --- subtypes as recorded

RECORDED = {
    "patients": 20,
    "mutations": 0,
    "subtypes": {"SCLC-like": 9, "NSCLC-like": 6, "Unclassified": 4},
    "endpoints": {"OS": [20, 14]},
    "words": {},
}
SUBTYPES = ["SCLC-like"] * 9 + ["NSCLC-like"] * 6 + ["Unclassified"] * 4 + ["NA"]


def unsequenced(study) -> None:
    study.mutations = None
    del study.files[SEQUENCED]


@case("no mutations, the subtype is recorded", RECORDED)
def subtype_column(study):
    unsequenced(study)
    study.samples["GENOMIC_SUBTYPE"] = SUBTYPES


@case("the subtype is recorded by patient", RECORDED)
def subtype_by_patient(study):
    unsequenced(study)
    study.patients["GENOMIC_SUBTYPE"] = SUBTYPES


@case("subtypes in other spellings", RECORDED)
def subtype_spellings(study):
    unsequenced(study)
    spelled = {
        "SCLC-like": ["SCLC-like", "SCLC like", "sclc-like", "SCLC_LIKE", "SCLC-Like"],
        "NSCLC-like": ["NSCLC-like", "NSCLC like", "nsclc_like"],
        "Unclassified": ["Unclassified", "unclassified", "UNCLASSIFIED"],
        "NA": ["unknown"],
    }
    study.samples["GENOMIC_SUBTYPE"] = [spelled[word][i % len(spelled[word])] for i, word in enumerate(SUBTYPES)]


@case(
    "types of the transcriptome are no genomic subtypes",
    {"patients": 20, "subtypes": {"SCLC-like": 0, "NSCLC-like": 0}, "words": {"GENOMIC_SUBTYPE": ANY}},
)
def subtype_of_expression(study):
    unsequenced(study)
    study.samples["GENOMIC_SUBTYPE"] = ["Type I"] * 8 + ["Type II"] * 12


# --- expression

GENES = ["DLL3", "ASCL1", "NEUROD1", "POU2F3", "YAP1", "FGL1", "SPINK1"]


def expression(study, name: str, value=lambda g, s: f"{g + s / 8:.3f}", ids=None) -> None:
    """A matrix of seven genes in twelve tumours."""
    ids = ids or names(range(1, 13))
    rows = [[gene, "", *(value(g, s) for s in range(len(ids)))] for g, gene in enumerate(GENES)]
    study.files[name] = tsv([["Hugo_Symbol", "Entrez_Gene_Id", *ids], *rows])


def held(name: str) -> dict:
    return like(expression={"file": name, "samples": 12, "genes": 7}, files={name: "read"})


@case("expression as transcripts per million", held("data_mrna_seq_tpm.txt"))
def expression_tpm(study):
    expression(study, "data_mrna_seq_tpm.txt")


@case("expression as RSEM, as TCGA has it", held("data_mrna_seq_v2_rsem.txt"))
def expression_rsem(study):
    expression(study, "data_mrna_seq_v2_rsem.txt")


@case("expression under its older name", held("data_RNA_Seq_v2_expression_median.txt"))
def expression_older(study):
    expression(study, "data_RNA_Seq_v2_expression_median.txt")


@case("expression as counts", held("data_mrna_seq_read_counts.txt"))
def expression_counts(study):
    expression(study, "data_mrna_seq_read_counts.txt", lambda g, s: str(100 * g + s))


@case("counts with fractions", refused="data_mrna_seq_read_counts.txt")
def expression_counts_fractional(study):
    expression(study, "data_mrna_seq_read_counts.txt", lambda g, s: f"{100 * g + s}.37")


@case(
    "expression as z-scores only is not needed",
    like(expression=None, files={"data_mrna_seq_tpm_zscores_ref_all_samples.txt": "not needed"}),
)
def expression_z_scores(study):
    expression(study, "data_mrna_seq_tpm_zscores_ref_all_samples.txt", lambda g, s: f"{(s - 6) / 3:.3f}")


@case("z-scores under a plain name, as their meta file says", like(expression=None))
def expression_z_scores_by_meta(study):
    expression(study, "data_mrna_seq_tpm.txt", lambda g, s: f"{(s - 6) / 3:.3f}")
    study.meta("meta_mrna.txt", "MRNA_EXPRESSION", "Z-SCORE", "data_mrna_seq_tpm.txt", "mrna_seq_tpm_Zscores")


@case("expression and nothing else but the samples", {"patients": 20, "samples": 20, "mutations": 0})
def expression_only(study):
    study.patients = None
    unsequenced(study)
    expression(study, "data_mrna_seq_tpm.txt")


CASES["expression_only"].right["expression"] = {"file": "data_mrna_seq_tpm.txt", "samples": 12, "genes": 7}


@case("expression by aliquot barcode, a normal among the columns", held("data_mrna_seq_v2_rsem.txt"))
def expression_aliquots(study):
    study.rename(barcode, lambda i: barcode(i)[:12])
    ids = [*(barcode(i, "01A-11R-A123-07") for i in range(1, 13)), barcode(1, "11A-11R-A123-07")]
    expression(study, "data_mrna_seq_v2_rsem.txt", ids=ids)


@case("expression under a name of its own, given by a meta file", held("rna.tsv"))
def expression_meta(study):
    expression(study, "rna.tsv")
    study.meta("meta_rna.txt", "MRNA_EXPRESSION", "CONTINUOUS", "rna.tsv", "rna_seq_v2_mrna")


@case("expression of a sample that no table has", refused="data_mrna_seq_tpm.txt P99-T1")
def expression_unknown_sample(study):
    expression(study, "data_mrna_seq_tpm.txt", ids=[*names(range(1, 12)), "P99-T1"])


# --- timelines

EVENTS = ["PATIENT_ID", "START_DATE", "STOP_DATE", "EVENT_TYPE", "TOXICITY_TYPE", "GRADE"]


def toxicity(study, *grades: str) -> None:
    """A timeline with an event of each grade."""
    rows = [[patient(i), 10 * i, "", "TOXICITY", "Pneumonitis", grade] for i, grade in enumerate(grades, 1)]
    study.files["data_timeline_toxicity.txt"] = tsv([EVENTS, *rows])


@case("grades of toxicity in a timeline", like(files={"data_timeline_toxicity.txt": "read"}))
def timeline_grades(study):
    toxicity(study, "3", "Grade 3", "G3", "III", "3 - Severe", "moderate", "NA", "")


@case("a grade that no list knows", like(words={"GRADE": {"awful": 2}}))
def timeline_grade_unknown(study):
    toxicity(study, "awful", "2", "awful")


@case(
    "a timeline names a patient whom no table has: the importer skips the row",
    like(files={"data_timeline_toxicity.txt": "read"}),
    notes="data_timeline_toxicity.txt nobody",
)
def timeline_unknown_patient(study):
    toxicity(study, *["1"] * 21)


@case("survival and treatment stand in the table of samples: read as the patients'", notes="columns patients")
def survival_of_samples(study):
    moved = ["OS_MONTHS", "OS_STATUS"]
    study.samples = study.samples.merge(study.patients[["PATIENT_ID", *moved]], on="PATIENT_ID")
    study.patients = study.patients.drop(columns=moved)


@case("a patient whom only the table of samples names, with survival there", notes="patients data_clinical_patient.txt")
def survival_of_a_patient_of_samples(study):
    survival_of_samples(study)
    study.patients = study.patients.iloc[:-1]
