"""Closed vocabularies: how words of sex, performance status, stage, stability, benefit and grade are spelled."""

from tests.cohort.odd.base import ALL, ANY, like, registry

CASES, case = registry()


@case("sex in all spellings")
def sex(study):
    study.cells("patients", "SEX", ["F", "M", "female", "MALE", "Female", "male ", "f", "m", "FEMALE", "Male"])


@case("sex in the column of TCGA")
def gender(study):
    study.patients = study.patients.rename(columns={"SEX": "GENDER"})


@case("sex as 1 and 2 is not guessed", like(words={"SEX": {"1": 10, "2": 10}}), notes="sex")
def sex_digits(study):
    study.patients["SEX"] = ["1", "2"] * 10


@case("one odd sex", like(words={"SEX": {"diverse": 1}}), notes="sex")
def sex_odd(study):
    study.cells("patients", "SEX", {1: "diverse"})


@case("ECOG in words and as numbers of a data frame")
def ecog(study):
    study.cells("patients", "ECOG",
                ["0", "1", "2", "1.0", "ECOG 1", "ECOG 0", "ecog 2", "1 - Restricted", "0 - Fully active", "ECOG PS 1",
                 "3", "4.0"])  # fmt: skip


@case("ECOG under another name")
def ecog_other_column(study):
    study.cells("patients", "ECOG_PS", ["0", "1", "2"] * 6, "1")


@case("a range and a code for unknown are no ECOG", like(words={"ECOG": {"0-1": 2, "9": 1}}), notes="ecog")
def ecog_odd(study):
    study.cells("patients", "ECOG", ["0-1", "0-1", "9"], "1")


@case("M stages in capitals, small letters and with a prefix")
def m_stage(study):
    study.cells("patients", "M_STAGE", ["M1a", "M1b", "M1c", "m1b", "M1A", "M1C"], "M1b")


@case("stage groups are no M stage", like(words={"M_STAGE": {"Stage IVA": 2, "IVB": 1}}), notes="m_stage")
def m_stage_group(study):
    study.cells("patients", "M_STAGE", ["Stage IVA", "Stage IVA", "IVB"], "M1b")


# --- microsatellites and mismatch repair


@case("MSI_TYPE Instable and Stable", like(biomarkers={"MMR deficient": [3, 20]}))
def msi_type(study):
    study.cells("samples", "MSI_TYPE", ["Instable"] * 3, "Stable")
    study.cells("samples", "MSI_SCORE", ["31.2"] * 3, "0.4")


@case("MSI_TYPE Indeterminate and Do not report are no answer", like(biomarkers={"MMR deficient": [3, 15]}, words=ANY))
def msi_indeterminate(study):
    study.cells("samples", "MSI_TYPE", ["Instable"] * 3 + ["Indeterminate"] * 3 + ["Do not report"] * 2, "Stable")


@case("MSI_STATUS in four spellings", like(biomarkers={"MMR deficient": [4, 20]}))
def msi_status(study):
    words = ["MSI-H", "MSI-High", "MSIH", "msi-h", "MSS", "MSI-L", "mss", "MS-Stable", "MSI-Low"]
    study.cells("samples", "MSI_STATUS", words, "MSS")


@case(
    "MMR_STATUS in words; what is denied is no answer",
    like(biomarkers={"MMR deficient": [4, 10]}, words={"MMR_STATUS": {"not deficient": 1}}),
)
def mmr_status(study):
    study.cells("samples", "MMR_STATUS",
                ["dMMR", "MMR deficient", "Deficient", "dMMR/MSI-H", "pMMR", "proficient", "MMR-proficient", "intact",
                 "pMMR/MSS", "Proficient", "not deficient"])  # fmt: skip


@case(
    "a word of stability that no list knows",
    like(biomarkers={"MMR deficient": [1, 2]}, words={"MSI_STATUS": {"wobbly": 1}}),
    notes="msi_status",
)
def msi_odd(study):
    study.cells("samples", "MSI_STATUS", ["MSI-H", "MSS", "wobbly"])


# --- benefit, yes and no, grades


@case("durable benefit in all spellings")
def benefit(study):
    study.cells("patients", "DURABLE_CLINICAL_BENEFIT",
                ["YES", "NO", "NE", "DCB", "NDB", "yes", "No", "Y", "N", "dcb", "Not Evaluable"])  # fmt: skip


@case("a word of benefit that no list knows", like(words={"DURABLE_CLINICAL_BENEFIT": {"some": 2}}))
def benefit_odd(study):
    study.cells("patients", "DURABLE_CLINICAL_BENEFIT", ["YES", "some", "some", "NO"])


@case("yes and no in all spellings")
def yes_no(study):
    study.cells("patients", "STOPPED_FOR_TOXICITY",
                ["YES", "NO", "Yes", "no", "Y", "N", "1", "0", "True", "FALSE", "y", "n", "true", "1.0"])  # fmt: skip


@case("maybe is neither yes nor no", like(words={"STOPPED_FOR_TOXICITY": {"maybe": 1}}))
def yes_no_odd(study):
    study.cells("patients", "STOPPED_FOR_TOXICITY", ["YES", "NO", "maybe"], "NO")


@case("grades of the worst adverse event in all spellings")
def grades(study):
    study.cells("patients", "ADVERSE_EVENT_GRADE",
                ["0", "1", "Grade 3", "grade 2", "G3", "III", "IV", "3 - Severe", "moderate", "Severe", "mild", "2.0",
                 "CTCAE 3", "GRADE 1", "5"])  # fmt: skip


@case("grades that no list knows", like(words={"ADVERSE_EVENT_GRADE": {"bad": 1, "7": 1, "3-4": 1}}))
def grades_odd(study):
    study.cells("patients", "ADVERSE_EVENT_GRADE", ["bad", "7", "3-4"], "1")


@case("types of samples")
def sample_types(study):
    study.cells("samples", "SAMPLE_TYPE",
                ["Primary", "Metastasis", "Metastatic", "PRIMARY", "primary", "metastasis"], "Primary")  # fmt: skip


@case("a type of sample that no list knows", like(words={"SAMPLE_TYPE": {"Zebra": 1}}))
def sample_type_odd(study):
    study.cells("samples", "SAMPLE_TYPE", ["Zebra"], "Primary")


# --- treatment


@case("regimens by group, in all spellings")
def regimen_groups(study):
    study.cells("patients", "FIRST_LINE_REGIMEN",
                ["chemotherapy", "CHEMOTHERAPY", "Chemotherapy", "chemoimmunotherapy", "Chemo-immunotherapy",
                 "CHEMOIMMUNOTHERAPY", "immunotherapy", "Immunotherapy", "IMMUNOTHERAPY"])  # fmt: skip


@case("regimens by their drugs")
def regimen_drugs(study):
    study.cells("patients", "FIRST_LINE_REGIMEN",
                ["Carboplatin/Etoposide", "CARBOPLATIN + PEMETREXED + PEMBROLIZUMAB", "Pembrolizumab",
                 "ipilimumab+nivolumab", "cisplatin, etoposide", "Carboplatin and Paclitaxel",
                 "atezolizumab, carboplatin, etoposide", "NIVOLUMAB", "durvalumab + cisplatin + etoposide",
                 "Carboplatin; Gemcitabine"])  # fmt: skip


@case("a drug that no list knows is a group of its own, and named", like(words={"FIRST_LINE_REGIMEN": {"XYZ-123": 2}}))
def regimen_unknown(study):
    study.cells("patients", "FIRST_LINE_REGIMEN", ["XYZ-123", "XYZ-123"], "Carboplatin/Etoposide")


@case(
    "a known drug with an unknown one is an unknown regimen",
    like(words={"FIRST_LINE_REGIMEN": {"Carboplatin + XYZ-123": 1}}),
)
def regimen_half_known(study):
    study.cells("patients", "FIRST_LINE_REGIMEN", ["Carboplatin + XYZ-123"], "Pembrolizumab")


# --- dates


@case("dates as ISO has them, with and without a time")
def dates_iso(study):
    study.cells("patients", "FIRST_LINE_START", ["2019-03-04", "2020-12-31", "2018-01-01T00:00:00", "2021-02-28 00:00"])


@case("dates with the day first; a day beyond 12 shows it for the column")
def dates_day_first(study):
    study.cells("patients", "FIRST_LINE_START", ["31/12/2019", "03/04/2020", "15/01/2018"])


@case("dates with the month first; a day beyond 12 shows it for the column")
def dates_month_first(study):
    study.cells("patients", "FIRST_LINE_START", ["12/31/2019", "03/04/2020", "01/15/2018"])


@case("dates whose day and month nobody can tell apart", like(words=ANY), notes="first_line_start")
def dates_ambiguous(study):
    study.cells("patients", "FIRST_LINE_START", ["03/04/2019", "05/06/2020", "01/02/2018"])


@case("dates with the day first in some rows and the month in others", like(words=ANY), notes="first_line_start")
def dates_contradictory(study):
    study.cells("patients", "FIRST_LINE_START", ["31/12/2019", "12/31/2019", "03/04/2018"])


@case("dates as a spreadsheet's serial numbers", like(words=ANY), notes="first_line_start")
def dates_serial(study):
    study.cells("patients", "FIRST_LINE_START", [str(43500 + i) for i in ALL])


@case("one odd date", like(words={"FIRST_LINE_START": {"spring 2019": 1}}), notes="first_line_start")
def dates_odd(study):
    study.cells("patients", "FIRST_LINE_START", ["spring 2019"], "2019-03-04")


# --- names of columns


@case("columns in small letters")
def small_letters(study):
    study.patients.columns = [name.lower() for name in study.patients]
    study.samples.columns = [name.lower() for name in study.samples]


@case("columns as a spreadsheet's titles")
def titles(study):
    study.patients.columns = ["Patient ID", "Sex", "Age", "OS Months", "OS Status"]
    study.samples.columns = ["Sample ID", "Patient ID", "Oncotree Code", "Cancer Type Detailed"]
