"""Odd but valid inputs: what editors, spreadsheets, registries, SAS and other centres make of the whole study.

A case is (group, change, right): `right` says which of the numbers of `NUMBERS` are others than those of the base, all
worked out by hand beside them.
"""

import gzip

from bad_base import (
    CNA,
    LIST,
    MAF,
    PATIENTS,
    SAMPLES,
    SV,
    WHOLE,
    Change,
    both,
    cell,
    column,
    drop,
    end,
    put,
    rename,
    swap,
)

T, D, P, N, X = (
    "lesions.csv",
    "data_densities.txt",
    "data_marker_positivity.txt",
    "data_ncounter_io360.txt",
    "data_mrna_seq_tpm.txt",
)
# Of patient i = 1 … 20: age 50 + i, months 2 + 1.5 i, sex Female where i is odd, performance i mod 3, burden i, PD-L1
# 5 (i - 1); every third lives; TP53 and RB1 in 1 to 10, KRAS G12C in 11 to 15; expression of TP53 i, of RB1 1.5 + i
NUMBERS = {
    "patients": 20,
    "samples": 20,
    "normals": 0,
    "age": 20 * 50 + 210,
    "with age": 20,
    "months": 40 + 1.5 * 210,
    "deaths": 14,
    "women": 10,
    "performance": 6 * (1 + 2 + 0) + 1 + 2,
    "chemotherapy": 20,
    "burden": 210,
    "PD-L1": 950,
    "first start": "2019-01-22",
}
OF_GROUP = {
    "mutations": {"mutations": 25, "TP53": 10, "RB1": 10, "KRAS G12C": 5},
    "genome": {"deep deletions": 3, "amplifications": 2, "fusions": ["EML4::ALK", "ETV6::NTRK2"]},
    # 30 + 20 + 16 + 9 + 22 mm; one scan of one lesion not evaluable
    "lesions": {
        "lesion rows": 8,
        "mm": 97.0,
        "not evaluable": 1,
        "progressed": 1,
        "organs": "bone liver lung lymph node",
    },
    # 50 + 150 + 250 + 350; (40 + 10) cells on 2 mm² in four sections
    "stained": {"CD3+ in TL": 800.0, "CD3+ in TCE": 100.0},
    "counted": {"CD8A": 7.5 + 8 + 6 + 9, "CXCL9": 7.5 + 8 + 7 + 9, "housekeeping": 1},
    "expression": {"TP53 TPM": 210.0, "RB1 TPM": 240.0, "genes measured": 10},
}
OF_GROUP |= {
    "cdisc csv": {
        "lesion rows": 6,
        "mm": 40 + 18 + 20 + 9,
        "not evaluable": 0,
        "progressed": 0,
        "organs": "bone liver lymph node",
        "days": [-2, 42],
    }
}
OF_GROUP["cdisc xpt"] = OF_GROUP["cdisc csv"]
OF_GROUP["old fusions"] = {"fusions": ["ALK::EML4", "ROS1::ROS1"]}
# (i mod 3) - 1 of 20 tumours and two genes: no -2 and no 2
OF_GROUP["long copy number"] = {"deep deletions": 0, "amplifications": 0}


def each(change_text) -> Change:
    """Every tab-separated table changed as text (to text or bytes)."""

    def change(files) -> None:
        for name in list(files):
            if name.startswith("data_"):
                files[name] = change_text(files[name])

    return change


def packed(files) -> None:
    """Every table compressed, under its name with .gz."""
    for name in list(files):
        if name.startswith("data_"):
            files[f"{name}.gz"], files[name] = gzip.compress(files[name].encode()), None


def quoted(text: str) -> str:
    """Every cell in double quotes."""
    lines = text.rstrip("\n").split("\n")
    return "\n".join("\t".join(f'"{cell}"' for cell in line.split("\t")) for line in lines) + "\n"


def turned(text: str) -> str:
    """Columns from right to left, rows from the last to the first."""
    head, *rows = [line.split("\t")[::-1] for line in text.rstrip("\n").split("\n")]
    return "\n".join("\t".join(cells) for cells in [head, *rows[::-1]]) + "\n"


def spaced(text: str, sign: str) -> str:
    """A sign before and behind every cell."""
    lines = text.rstrip("\n").split("\n")
    return "\n".join("\t".join(f"{sign}{cell}{sign}" for cell in line.split("\t")) for line in lines) + "\n"


def heads(text: str, change) -> str:
    """The text with another header."""
    head, rest = text.split("\n", 1)
    return "\t".join(change(name) for name in head.split("\t")) + "\n" + rest


ENTREZ = {
    "TP53": 7157,
    "RB1": 5925,
    "KRAS": 3845,
    "STK11": 6794,
    "KEAP1": 9817,
    "CDKN2A": 1029,
    "KMT2D": 8085,
    "DLL3": 10683,
    "ASCL1": 429,
    "FGL1": 2267,
}


def by_entrez(text: str) -> str:
    """Expression whose genes are numbers of Entrez."""
    head, *rows = [line.split("\t") for line in text.rstrip("\n").split("\n")]
    lines = [["Entrez_Gene_Id", *head[1:]], *([str(ENTREZ[row[0]]), *row[1:]] for row in rows)]
    return "\n".join(map("\t".join, lines)) + "\n"


FIVE = "#Patient\tx\n#a patient\tx\n#STRING\tSTRING\n#1\t1\n#PATIENT_ID\tx\n"
NULLS = [
    "NA",
    "N/A",
    "nan",
    "NaN",
    "null",
    "NULL",
    "[Not Available]",
    "[Not Applicable]",
    "[Unknown]",
    "--",
    "NA ",
    '""',
]
EXTRA = "P01-T2\tP01\tLUNE\tLung Large Cell Neuroendocrine Carcinoma\t99\t99\tFFPE\n"
CASES = {
    "a byte order mark": ("genome", each(lambda text: b"\xef\xbb\xbf" + text.encode()), {}),
    "Windows line ends": ("genome", each(lambda text: text.replace("\n", "\r\n")), {}),
    "old Macintosh line ends": ("genome", each(lambda text: text.replace("\n", "\r")), {}),
    "UTF-16, little end first": ("genome", each(lambda text: b"\xff\xfe" + text.encode("utf-16-le")), {}),
    "UTF-16, big end first": ("genome", each(lambda text: b"\xfe\xff" + text.encode("utf-16-be")), {}),
    "gzip": ("genome", packed, {}),
    "gzip without the ending": ("genome", each(lambda text: gzip.compress(text.encode())), {}),
    "all cells in quotes": ("genome", each(quoted), {}),
    "columns and rows turned round": ("genome", each(turned), {}),
    "spaces around cells": ("genome", each(lambda text: spaced(text, " ")), {}),
    "unbreakable spaces around cells": ("genome", each(lambda text: spaced(text, "\u00a0")), {}),
    "headers in small letters": (
        "genome",
        each(lambda text: heads(text, lambda n: n if "-T1" in n else n.lower())),
        {},
    ),
    "tabs at the ends of lines": ("genome", each(lambda text: text.replace("\n", "\t\t\n")), {}),
    "blank lines between rows": ("genome", each(lambda text: text.replace("\n", "\n\n")), {}),
    "no line end at the end": ("genome", each(lambda text: text.rstrip("\n")), {}),
    "five comment lines": ("genome", each(lambda text: FIVE + text), {}),
    "a patient commented out": (
        "clinical",
        both(swap(PATIENTS, "P20\t", "#P20\t"), swap(SAMPLES, "P20-T1\t", "#P20-T1\t")),
        {
            "patients": 19,
            "samples": 19,
            "age": 1210 - 70,
            "with age": 19,
            "months": 355 - 32,
            "deaths": 13,
            "burden": 190,
            "PD-L1": 950 - 95,
            "performance": 21 - 2,
            "chemotherapy": 19,
        },
    ),
    "a word with quotes and a comma": ("clinical", column(PATIENTS, "INSTITUTION", '"Hospital ""A"", south"'), {}),
    "a word with an apostrophe": ("clinical", column(PATIENTS, "INSTITUTION", "St. Mary's"), {}),
    "a word in Greek": ("clinical", column(PATIENTS, "INSTITUTION", "\u0391\u03b8\u03ae\u03bd\u03b1"), {}),
    # numbers
    **{
        f"an age of {word}": ("clinical", cell(PATIENTS, 21, "AGE", word), {"age": 1140, "with age": 19})
        for word in NULLS
    },
    "an age over 89": ("clinical", cell(PATIENTS, 21, "AGE", ">89"), {"age": 1210 + 19}),
    "an age under 18": ("clinical", cell(PATIENTS, 2, "AGE", "<18"), {"age": 1210 - 51 + 18}),
    "ages as decimals": ("clinical", column(PATIENTS, "AGE", [f"{50 + i}.0" for i in range(1, 21)]), {}),
    "ages with a sign": ("clinical", column(PATIENTS, "AGE", [f"+{50 + i}" for i in range(1, 21)]), {}),
    "months in scientific notation": (
        "clinical",
        column(PATIENTS, "OS_MONTHS", [f"{2 + 1.5 * i:e}" for i in range(1, 21)]),
        {},
    ),
    "months of no time": ("clinical", cell(PATIENTS, 2, "OS_MONTHS", "0"), {"months": 355 - 3.5}),
    "months of nineteen digits": ("clinical", cell(PATIENTS, 2, "OS_MONTHS", "3.500000000000000001"), {}),
    "PD-L1 with percents and bounds": (
        "clinical",
        column(SAMPLES, "PDL1_SCORE", ["0%", "5%", "10 %", *[str(5 * (i - 1)) for i in range(4, 20)], "\u226595%"]),
        {},
    ),
    "PD-L1 below 1": ("clinical", cell(SAMPLES, 2, "PDL1_SCORE", "<1"), {}),
    # words
    "sexes as letters": ("clinical", column(PATIENTS, "SEX", ["F", "M"] * 10), {}),
    "sexes in capitals": ("clinical", column(PATIENTS, "SEX", ["FEMALE", "MALE"] * 10), {}),
    "performance with its name": ("clinical", column(PATIENTS, "ECOG", [f"ECOG {i % 3}" for i in range(1, 21)]), {}),
    "performance as decimals": ("clinical", column(PATIENTS, "ECOG", [f"{i % 3}.0" for i in range(1, 21)]), {}),
    "regimens by their drugs": (
        "clinical",
        column(
            PATIENTS,
            "FIRST_LINE_REGIMEN",
            ["cisplatin + etoposide", "Carboplatin, Etoposide", "CARBOPLATIN/PACLITAXEL", "Platinum doublet"] * 5,
        ),
        {},
    ),
    **{
        f"statuses as {dead}": (
            "clinical",
            column(PATIENTS, "OS_STATUS", [dead if i % 3 else alive for i in range(1, 21)]),
            {},
        )
        for dead, alive in [
            ("DECEASED", "LIVING"),
            ("Dead", "Alive"),
            ("1", "0"),
            ("1.0", "0.0"),
            ("TRUE", "FALSE"),
            ("1:DEAD OF DISEASE", "0:ALIVE WITH DISEASE"),
            ("died", "censored"),
            (" 1 : DECEASED", "0: LIVING"),
            ("Event", "Censored"),
        ]
    },
    "headers as the study view has them": (
        "clinical",
        both(
            rename(PATIENTS, "OS_MONTHS", "Overall Survival (Months)"),
            rename(PATIENTS, "OS_STATUS", "Overall Survival Status"),
            rename(PATIENTS, "PATIENT_ID", "Patient ID"),
            rename(SAMPLES, "SAMPLE_ID", "Sample Identifier"),
        ),
        {},
    ),
    # dates; the first of a patient is 22 January (i = 12)
    "dates with slashes": (
        "clinical",
        column(PATIENTS, "FIRST_LINE_START", [f"{10 + i}/{1 + i % 12:02d}/2019" for i in range(1, 21)]),
        {},
    ),
    "dates as Americans write them": (
        "clinical",
        column(PATIENTS, "FIRST_LINE_START", [f"{1 + i % 12}/{10 + i}/2019" for i in range(1, 21)]),
        {},
    ),
    "dates with a time": (
        "clinical",
        column(PATIENTS, "FIRST_LINE_START", [f"2019-{1 + i % 12:02d}-{10 + i}T00:00:00Z" for i in range(1, 21)]),
        {},
    ),
    "dates without signs": (
        "clinical",
        column(PATIENTS, "FIRST_LINE_START", [f"2019{1 + i % 12:02d}{10 + i}" for i in range(1, 21)]),
        {},
    ),
    "dates with names of months": (
        "clinical",
        column(
            PATIENTS,
            "FIRST_LINE_START",
            [f"{10 + i}-{'JanFebMarAprMayJunJulAugSepOctNovDec'[i % 12 * 3 :][:3]}-2019" for i in range(1, 21)],
        ),
        {},
    ),
    "dates all empty": ("clinical", column(PATIENTS, "FIRST_LINE_START", ""), {"first start": None}),
    # samples
    "a second sample of a patient": ("clinical", end(SAMPLES, EXTRA), {"samples": 21, "burden": 210}),
    "a sample of normal tissue": (
        "clinical",
        both(end(SAMPLES, EXTRA), column(SAMPLES, "SAMPLE_TYPE", ["Primary"] * 20, "Blood Normal")),
        {"normals": 1},
    ),
    "samples and patients in one table": (
        "clinical",
        both(
            put(PATIENTS, None),
            put(SAMPLES, None),
            put(
                "data_clinical.txt",
                "\n".join(
                    "\t".join([*a.split("\t"), *b.split("\t")[:1], *b.split("\t")[4:6]])
                    for a, b in zip(
                        WHOLE[PATIENTS].decode().split("\n")[:21], WHOLE[SAMPLES].decode().split("\n")[:21], strict=True
                    )
                )
                + "\n",
            ),
        ),
        {},
    ),
    "TCGA barcodes": (
        "mutations",
        both(
            *(swap(file, f"P{i:02d}-T1", f"TCGA-AB-{i:04d}-01A") for file in (SAMPLES, LIST) for i in range(1, 21)),
            *(swap(MAF, f"P{i:02d}-T1", f"TCGA-AB-{i:04d}-01A-11D-A123-08") for i in range(1, 16)),
        ),
        {},
    ),
    # mutations
    "genes by Entrez alone": ("mutations", drop(MAF, "Hugo_Symbol"), {}),
    "genes in small letters": ("mutations", swap(MAF, "KRAS", "kras"), {}),
    "a MAF with a version line": ("mutations", lambda files: files.update({MAF: "#version 2.4\n" + files[MAF]}), {}),
    "chromosomes with chr": ("mutations", column(MAF, "Chromosome", "chr7"), {}),
    "a call twice": ("mutations", lambda files: files.update({MAF: files[MAF] + files[MAF].split("\n")[1] + "\n"}), {}),
    "a silent call": ("mutations", cell(MAF, 2, "Variant_Classification", "Silent"), {"mutations": 24, "TP53": 9}),
    "changes in three letters": ("mutations", swap(MAF, "p.G12C", "p.Gly12Cys"), {}),
    "changes without p.": ("mutations", swap(MAF, "p.G12C", "G12C"), {}),
    "changes behind a transcript": ("mutations", swap(MAF, "p.G12C", "ENSP00000256078.4:p.Gly12Cys"), {}),
    "consequences of VEP": ("mutations", swap(MAF, "Missense_Mutation", "missense_variant&splice_region_variant"), {}),
    "columns of VEP": (
        "mutations",
        both(rename(MAF, "Hugo_Symbol", "SYMBOL"), rename(MAF, "Variant_Classification", "Consequence")),
        {},
    ),
    "calls of normal tissue": (
        "mutations",
        both(
            end(SAMPLES, EXTRA),
            column(SAMPLES, "SAMPLE_TYPE", ["Primary"] * 20, "Normal"),
            cell(MAF, 2, "Tumor_Sample_Barcode", "P01-T2"),
        ),
        {"normals": 1, "mutations": 24, "TP53": 9},
    ),
    # copy number and rearrangements
    "a possible deep deletion": ("genome", cell(CNA, 2, "P03-T1", "-1.5"), {"deep deletions": 4}),
    "copy number as decimals": ("genome", swap(CNA, "-2", "-2.0"), {}),
    "copy number not measured": ("genome", cell(CNA, 2, "P01-T1", "NA"), {"deep deletions": 2}),
    "copy number with cytobands": (
        "genome",
        lambda files: files.update(
            {
                CNA: "".join(
                    f"{'Cytoband' if k == 0 else '13q14'}\t{line}\n"
                    for k, line in enumerate(files[CNA].rstrip().split("\n"))
                )
            }
        ),
        {},
    ),
    "hemizygous losses": ("genome", both(cell(CNA, 2, "P05-T1", "-1"), cell(CNA, 3, "P05-T1", "-1.0")), {}),
    "variants by other names": (
        "genome",
        both(rename(SV, "Site1_Hugo_Symbol", "Gene1"), rename(SV, "Site2_Hugo_Symbol", "Gene2")),
        {},
    ),
    "a variant with one gene": ("genome", cell(SV, 3, "Site1_Hugo_Symbol", ""), {"fusions": ["EML4::ALK", "::NTRK2"]}),
    "old fusions with a double colon": ("old fusions", swap("data_fusions.txt", "EML4-ALK", "EML4::ALK"), {}),
    "long copy number in other letters": (
        "long copy number",
        rename("data_cna_long.txt", "Sample_Id", "SAMPLE_ID"),
        {},
    ),
    # lesions, by RECIST's words
    "lesions with tabs": (
        "lesions",
        lambda files: files.update({T: None, "lesions.tsv": files[T].replace(",", "\t")}),
        {},
    ),
    "lesions with row numbers of R": (
        "lesions",
        lambda files: files.update(
            {T: "".join(f'"{k or ""}",{line}\n' for k, line in enumerate(files[T].rstrip().split("\n")))}
        ),
        {},
    ),
    "lesions in Windows' lines with a mark": (
        "lesions",
        lambda files: files.update({T: "\ufeff" + files[T].replace("\n", "\r\n")}),
        {},
    ),
    "lesions with capital headers": (
        "lesions",
        lambda files: files.update({T: files[T].replace("patient,day", "PATIENT_ID,Day")}),
        {},
    ),
    "an organ with its lobe": ("lesions", swap(T, "P02,0,L1,lung", 'P02,0,L1,"Lung, right lower lobe"'), {}),
    "a liver called hepatic": ("lesions", swap(T, "liver", "Hepatic"), {}),
    "a lesion that is gone": ("lesions", cell(T, 3, "diameter_mm", "0"), {"mm": 77.0}),
    "a lesion too small to measure": ("lesions", cell(T, 3, "diameter_mm", "TSTM"), {"mm": 77.0}),
    "a lesion called NE": ("lesions", cell(T, 3, "diameter_mm", "NE"), {"mm": 77.0, "not evaluable": 2}),
    "a lesion that resolved": ("lesions", cell(T, 3, "diameter_mm", "Resolved"), {"mm": 77.0}),
    "unequivocal progression": ("lesions", cell(T, 9, "state", "Unequivocal progression"), {}),
    "targets called T": ("lesions", swap(T, ",target,", ",T,"), {}),
    "an axis called LD": ("lesions", swap(T, ",long,", ",LD,"), {}),
    # CDISC
    "CDISC from SAS": ("cdisc xpt", put("nothing.txt", None), {}),
    "CDISC by dates": (
        "cdisc csv",
        both(drop("tr.csv", "TRDY"), column("tr.csv", "TRDTC", ["2019-01-01"] * 3, "2019-02-15")),
        {"days": [0, 45]},
    ),
    "CDISC's study day 1": ("cdisc csv", column("tr.csv", "TRDY", ["1"] * 3, "43"), {"days": [0, 42]}),
    "CDISC of two readers": (
        "cdisc csv",
        lambda files: files.update(
            {
                name: "".join(
                    line + (",INVESTIGATOR\n" if k else f",{name[:2].upper()}EVAL\n")
                    for k, line in enumerate(files[name].rstrip().split("\n"))
                )
                for name in ("tu.csv", "tr.csv", "rs.csv")
            }
        ),
        {},
    ),
    # stained cells, counts, expression
    "populations in another order": ("stained", swap(D, "CD3+ CD8+", "cd8+, CD3+"), {}),
    "signs from a text processor": (
        "stained",
        both(swap(P, "-\t-\t-", "\u2212\t\u2013\t\u207b"), swap(D, "CD3+", "CD3\uff0b")),
        {},
    ),
    "markers with hyphens": ("stained", both(rename(P, "CD3", "CD-3"), rename(P, "FOXP3", "FoxP3")), {}),
    "densities compressed": (
        "stained",
        lambda files: files.update({f"{D}.gz": gzip.compress(files[D].encode()), D: None}),
        {},
    ),
    "a scale in American": ("counted", swap("ncounter_io360.txt", "normalised", "Normalized"), {}),
    "counts that are linear": (
        "counted",
        both(swap("ncounter_io360.txt", "log2 normalised", "normalised"), swap(N, "7.5\t8\t6\t9", "128\t256\t64\t512")),
        {"CD8A": 7 + 8 + 6 + 9.0, "CXCL9": None},
    ),
    "expression by Entrez": ("expression", lambda files: files.update({X: by_entrez(files[X])}), {}),
    "expression of a gene twice": (
        "expression",
        lambda files: files.update({X: files[X] + "TP53\t" + "\t".join(str(i + 2) for i in range(1, 21)) + "\n"}),
        {"TP53 TPM": 210 + 20 * 1.0},
    ),
    "expression that is missing": ("expression", cell(X, 2, "P20-T1", ""), {"TP53 TPM": 190.0}),
}
