"""How text is written: encodings, line ends, quotes, tabs, blanks and comments; and cells that are missing or odd."""

from tests.cohort.odd.base import ALL, ANY, like, registry

CASES, case = registry()


def lines(text: str, header, row) -> str:
    """Text with its first line and its other lines changed."""
    first, *others = text.splitlines()
    return "\n".join([header(first), *map(row, others)]) + "\n"


@case("a byte order mark before every table")
def bom(study):
    study.everywhere(lambda text: b"\xef\xbb\xbf" + text.encode())


@case("a byte order mark and comment lines above the header")
def bom_and_comments(study):
    study.everywhere(lambda text: b"\xef\xbb\xbf#made by hand\n" + text.encode())


@case("Windows line ends in every file, panels and lists too")
def crlf(study):
    study.everywhere(lambda text: text.replace("\n", "\r\n"))
    study.files = {name: text.replace("\n", "\r\n") for name, text in study.files.items()}


@case("line ends of old Macs, as Excel still offers them")
def cr(study):
    study.everywhere(lambda text: text.replace("\n", "\r"))


@case("Excel's Unicode text: UTF-16 with a byte order mark and Windows line ends")
def utf16(study):
    study.everywhere(lambda text: text.replace("\n", "\r\n").encode("utf-16"))


@case("UTF-16 of the other order")
def utf16_big_endian(study):
    study.everywhere(lambda text: b"\xfe\xff" + text.encode("utf-16-be"))


@case("letters of other languages in UTF-8")
def umlauts(study):
    study.cells("patients", "INSTITUTION", ["Klinikum Nürnberg", "Hôpital Saint-Antoine", "大阪"], "Köln")


@case("Latin-1 text", refused="data_clinical_patient.txt utf-8")
def latin1(study):
    umlauts(study)
    study.patients["INSTITUTION"] = "Köln"
    study.change["patients"] = lambda text: text.encode("latin-1")


@case("double quotes around every cell and every column's name")
def quotes_all(study):
    study.everywhere(lambda text: lines(text, quoted, quoted))


def quoted(line: str) -> str:
    return "\t".join(f'"{cell}"' for cell in line.split("\t"))


@case("double quotes where a cell holds a comma, and a doubled quote within")
def quotes_some(study):
    study.cells("patients", "RACE", ['"White, not Hispanic"', '"of ""mixed"" origin"'], "White")


@case("a lone double quote within a cell (inches, seconds) is a letter as others")
def lone_quote(study):
    study.cells("patients", "RACE", {3: 'see 5" slide', 4: '"'}, "White")


@case("cBioPortal's four lines above the header, quoted by a spreadsheet")
def quoted_comments(study):
    head = '"#Identifier, of patients"\tSex\n"#Identifier, of patients"\tSex\n#STRING\tSTRING\n#1\t1\n'
    study.change["patients"] = lambda text: head + text


@case("cBioPortal's four lines above the header")
def header_comments(study):
    head = "#Identifier\tOther\n#Identifier in words\tOther\n#STRING\tSTRING\n#1\t1\n"
    study.everywhere(lambda text: head + text)


@case("comment lines between rows and at the end")
def comments_anywhere(study):
    study.everywhere(lambda text: lines(text, lambda first: first + "\n# one\ttwo", str) + "#end\n")


@case("a tab at the end of every line")
def tab_everywhere(study):
    study.everywhere(lambda text: text.replace("\n", "\t\n"))


@case("three tabs at the end of every row, none at the header's")
def tabs_in_rows(study):
    study.everywhere(lambda text: lines(text, str, lambda row: row + "\t\t\t"))


@case("a tab at the end of the header only")
def tab_in_header(study):
    study.everywhere(lambda text: lines(text, lambda first: first + "\t", str))


@case("blank lines at the end, some of tabs and spaces")
def blank_end(study):
    study.everywhere(lambda text: text + "\n\t\t\t\n   \n\n")


@case("blank lines between the rows")
def blank_between(study):
    study.everywhere(lambda text: lines(text, str, lambda row: row + "\n"))


@case("no line end after the last row")
def no_last_line_end(study):
    study.everywhere(lambda text: text.rstrip("\n"))


@case("spaces around every cell and every column's name")
def spaces(study):
    study.everywhere(lambda text: text.replace("\t", " \t ").replace("\n", " \n"))


@case("non-breaking spaces around the cells, as pages of the web leave them")
def hard_spaces(study):
    study.everywhere(lambda text: text.replace("\t", "\u00a0\t"))


@case("a row with one cell too many", refused="data_clinical_patient.txt 6")
def cell_too_many(study):
    study.patients.loc[4, "SEX"] = "Fe\tmale"


@case("a row with one cell too few", refused="data_clinical_patient.txt 6")
def cell_too_few(study):
    study.change["patients"] = lambda text: text.replace("P05\tFemale\t", "P05\t")


# --- missing cells

NULLS = ["NA", "N/A", "nan", "NaN", "null", "NULL", "Unknown", "[Not Available]", "Not Applicable", "[Not Collected]",
         "Not Released", "not reported", "Not Evaluated", "[Pending]", "[Discrepancy]", "[Completed]", "Redacted",
         "Missing", "-", "--"]  # fmt: skip


@case("twenty words for nothing in columns of numbers and of words")
def nulls(study):
    study.patients["AGE"] = NULLS
    study.patients["SEX"] = NULLS[::-1]
    study.patients["ECOG"] = NULLS
    study.patients["M_STAGE"] = NULLS
    study.patients["DURABLE_CLINICAL_BENEFIT"] = NULLS
    study.patients["FIRST_LINE_REGIMEN"] = NULLS
    study.patients["FIRST_LINE_START"] = NULLS
    study.patients["ADVERSE_EVENT_GRADE"] = NULLS
    for column in ("TMB_NONSYNONYMOUS", "PDL1_SCORE", "MSI_STATUS", "MMR_STATUS", "SAMPLE_TYPE"):
        study.samples[column] = NULLS


@case("words for nothing in months of ten patients and in the status of two more", like(endpoints={"OS": [8, 6]}))
def nulls_of_survival(study):
    study.cells("patients", "OS_MONTHS", NULLS[:10])
    study.cells("patients", "OS_STATUS", {11: "[Not Available]", 12: "."})


@case("words for nothing in columns of the MAF")
def nulls_of_the_maf(study):
    for column in ("Mutation_Status", "Validation_Status", "cbp_driver"):
        study.mutations[column] = ["NA", "", "Unknown", "NA", "Unknown"] * 5
    study.mutations["Chromosome"] = ["NA", "", "7", "X", "17"] * 5


@case("the GDC's word for nothing")
def nulls_of_the_gdc(study):
    study.cells("patients", "AGE", {3: "'--", 4: "'--", 5: "'--"})


@case("a spreadsheet's errors in two cells", like(words=ANY))
def spreadsheet_errors(study):
    study.cells("patients", "AGE", {3: "#N/A", 4: "#DIV/0!"})


# --- odd cells in columns of numbers


@case("one odd age: missing, named", like(words={"AGE": {"sixty": 1}}), notes="age")
def odd_age(study):
    study.cells("patients", "AGE", {4: "sixty"})


@case("three odd ages of twenty: the column is left out", like(words=ANY), notes="age")
def odd_ages(study):
    study.cells("patients", "AGE", {4: "sixty", 5: "old", 6: "about 70"})


@case("ages beyond 89, below 18, and with a plus", notes="age")
def ages_bounded(study):
    study.cells("patients", "AGE", {3: ">89", 4: "<18", 5: "89+", 6: ">= 90", 7: "> 89", 8: "90+"})


@case("an age of 150", like(words={"AGE": {"150": 1}}), notes="age")
def age_impossible(study):
    study.cells("patients", "AGE", {3: "150"})


@case(
    "two odd months of twenty are a tenth: missing, named",
    like(endpoints={"OS": [18, 12]}, words={"OS_MONTHS": {"long": 1, "12 months": 1}}),
    notes="os_months",
)
def odd_months(study):
    study.cells("patients", "OS_MONTHS", {1: "long", 2: "12 months"})


@case(
    "three odd months of twenty: no overall survival, the study stands",
    like(endpoints={"OS": None}, words=ANY),
    notes="os_months",
)
def odd_months_column(study):
    study.cells("patients", "OS_MONTHS", {1: "long", 2: "short", 3: "gone"})


@case(
    "one odd cell of five filled ones: missing, for one alone condemns no column",
    like(endpoints={"OS": [4, 3]}, words={"OS_MONTHS": {"long": 1}}),
)
def one_odd_of_five(study):
    study.cells("patients", "OS_MONTHS", ["long", *[""] * 15])


@case("months are days: no overall survival", like(endpoints={"OS": None}, words=ANY), notes="os_months days")
def months_in_days(study):
    study.patients["OS_MONTHS"] = [str(580 + 30 * i) for i in ALL]


@case(
    "one patient's months are days",
    like(endpoints={"OS": [19, 13]}, words={"OS_MONTHS": {"913": 1}}),
    notes="os_months",
)
def one_in_days(study):
    study.cells("patients", "OS_MONTHS", {1: "913"})


@case(
    "months below zero",
    like(endpoints={"OS": [19, 13]}, words={"OS_MONTHS": {"-1.5": 1}}),
    notes="os_months",
)
def negative_months(study):
    study.cells("patients", "OS_MONTHS", {1: "-1.5"})


@case("months with decimal commas: no overall survival", like(endpoints={"OS": None}, words=ANY), notes="os_months")
def decimal_commas(study):
    study.patients["OS_MONTHS"] = [f"{i},5" for i in ALL]


@case("numbers in other forms: 0, 1e1, 12., .5, +3")
def number_forms(study):
    study.cells("patients", "OS_MONTHS", ["0", "1e1", "12.", ".5", "+3", "007", "3.0000"])


@case("infinity is no number of months", like(endpoints={"OS": [19, 13]}, words={"OS_MONTHS": {"inf": 1}}))
def infinite_months(study):
    study.cells("patients", "OS_MONTHS", {1: "inf"})


# --- biomarkers in numbers


@case("tumour mutational burden", like(biomarkers={"TMB high": [8, 18]}))
def burden(study):
    study.cells("samples", "TMB_NONSYNONYMOUS", ["31.5"] * 8 + ["2.1"] * 10 + ["NA", ""])


@case("burden under the name of one centre", like(biomarkers={"TMB high": [8, 18]}))
def burden_cvr(study):
    study.cells("samples", "CVR_TMB_SCORE", ["31.5"] * 8 + ["2.1"] * 10)


@case("burden under a short name", like(biomarkers={"TMB high": [8, 18]}))
def burden_short(study):
    study.cells("samples", "TMB", ["31.5"] * 8 + ["2.1"] * 10)


@case("burden in words: the column is left out", like(biomarkers={"TMB high": [0, 0]}, words=ANY), notes="tmb")
def burden_in_words(study):
    study.cells("samples", "TMB_NONSYNONYMOUS", ["High"] * 8 + ["Low"] * 12)


@case(
    "PD-L1 with bounds and signs of percent",
    like(biomarkers={"PD-L1 positive": [7, 11]}),
)
def pdl1(study):
    study.cells("samples", "PDL1_SCORE",
                ["<1", "< 1%", "<1%", "0", "≥50%", ">=50", "> 50 %", "80%", "1", "100", "1.5"])  # fmt: skip


@case(
    "PD-L1 as a range: missing, named",
    like(biomarkers={"PD-L1 positive": [9, 19]}, words={"PDL1_SCORE": {"1-49": 1}}),
    notes="pdl1_score",
)
def pdl1_range(study):
    study.cells("samples", "PDL1_SCORE", ["0"] * 10 + ["60"] * 9 + ["1-49"])


@case("PD-L1 in words: the column is left out", like(biomarkers={"PD-L1 positive": [0, 0]}, words=ANY), notes="pdl1")
def pdl1_in_words(study):
    study.cells("samples", "PDL1_SCORE", ["positive"] * 8 + ["negative"] * 12)


@case("a column that no panel knows is kept apart and named", like(columns_unused=["FAVOURITE_COLOUR"]))
def unused_columns(study):
    study.cells("patients", "FAVOURITE_COLOUR", ["red"], "blue")
