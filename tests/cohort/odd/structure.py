"""Copy number, structural variants and fusions."""

import gzip

from tests.cohort.odd.base import ALL, barcode, like, names, registry, sample, tsv

CASES, case = registry()

FOUR_RB1 = like(
    genes={"RB1": [14, 20]},
    deletions={"RB1": 4},
    subtypes={"SCLC-like": 10, "NSCLC-like": 1, "Unclassified": 9},  # P11 to P14 have lost RB1 and keep TP53
)
LOST_RB1 = {11: -2, 12: -2, 13: -2, 14: -2}


@case("deep deletions of RB1", FOUR_RB1)
def deep_deletions(study):
    study.copy_number([("RB1", LOST_RB1), ("STK11", {})])


@case("-1.5 counts as a deep deletion, -1 does not; gain of a suppressor is none", FOUR_RB1)
def minus_one_and_a_half(study):
    study.copy_number([("RB1", {11: "-1.5", 12: "-2", 13: "-1.5", 14: "-1.5", 15: "-1"}), ("STK11", {16: 2, 17: 1})])


@case("NA, empty cells and spaces in the matrix", FOUR_RB1)
def cna_nulls(study):
    study.copy_number([("RB1", LOST_RB1 | {15: "NA", 16: "", 17: " 0 "}), ("STK11", {16: "NA", 17: " -1"})])


@case("deletion and amplification of an oncogene: neither alters it", like(deletions={"KRAS": 2}))
def cna_of_oncogene(study):
    study.copy_number([("KRAS", {16: -2, 17: -2, 18: 2})])


@case("genes of the matrix by Entrez number", FOUR_RB1)
def cna_by_entrez(study):
    study.copy_number([("5925", LOST_RB1), ("6794", {})])
    study.files["data_cna.txt"] = study.files["data_cna.txt"].replace("Hugo_Symbol", "Entrez_Gene_Id", 1)


@case("the matrix has Entrez numbers beside the symbols", FOUR_RB1)
def cna_with_entrez(study):
    rows = [["Hugo_Symbol", "Entrez_Gene_Id", *names(ALL)]]
    rows += [["RB1", 5925, *(LOST_RB1.get(i, 0) for i in ALL)], ["KEAP1", "", *[0] * 20]]
    study.files["data_cna.txt"] = tsv(rows)


@case("the matrix under its older name", FOUR_RB1)
def cna_capitals(study):
    study.copy_number([("RB1", LOST_RB1)], "data_CNA.txt")


@case("the matrix of one caller", FOUR_RB1)
def cna_rae(study):
    study.copy_number([("RB1", LOST_RB1)], "data_cna_rae.txt")


@case("the matrix under a name of its own, called by GISTIC as its meta file says", FOUR_RB1)
def cna_meta_gistic(study):
    study.copy_number([("RB1", LOST_RB1)], "thresholded.tsv")
    study.meta("meta_cna.txt", "COPY_NUMBER_ALTERATION", "DISCRETE", "thresholded.tsv", "gistic")


@case("a gene and its previous symbol, each filled with 0 or empty where its panel did not hold it")
def cna_alias_rows(study):
    study.copy_number([("KMT2D", {1: -2, 2: 0, 3: ""}), ("MLL2", {1: 0, 2: -2, 3: -2, 4: "NA"})])


CASES["cna_alias_rows"].right.update(deletions={"KMT2D": 3})
CASES["cna_alias_rows"].right["genes"]["KMT2D"] = [3, 20]


@case("a gene stands twice with the same values", FOUR_RB1)
def cna_twice(study):
    study.copy_number([("RB1", LOST_RB1), ("RB1", LOST_RB1)])


@case("CDKN2A only by the names of its two isoforms", like(genes={"CDKN2A": [3, 20]}, deletions={"CDKN2A": 3}))
def cna_isoforms(study):
    study.copy_number([("CDKN2Ap16INK4A", {1: -2, 2: -2, 3: -2}), ("CDKN2Ap14ARF", {1: -2, 2: -2})])


@case("a gene whose two rows disagree in P01", refused="KMT2D 2 3 P01-T1")
def cna_conflict(study):
    study.copy_number([("KMT2D", {1: -2}), ("MLL2", {1: 2})])


@case("a gene whose two rows disagree by degree", refused="RB1 P03-T1")
def cna_conflict_of_degree(study):
    study.copy_number([("RB1", {3: -2}), ("STK11", {}), ("RB1", {3: -1})])


@case("rows of several genes or of none are left out, a symbol with an identifier is read", FOUR_RB1)
def cna_compound_symbols(study):
    study.copy_number([("RB1|5925", LOST_RB1), ("STK11///KEAP1", {16: -2}), ("---", {16: -2})])


@case("columns by aliquot barcode, normals among them", FOUR_RB1)
def cna_aliquots(study):
    study.rename(barcode, lambda i: barcode(i)[:12])
    ids = [barcode(i, "01A-11D-A123-01") for i in ALL] + [barcode(1, "10A-01D-A123-01"), barcode(2, "11")]
    study.copy_number([("RB1", LOST_RB1 | {21: -2, 22: -2})], ids=ids)


@case("columns of normals that the sample table lists", FOUR_RB1 | {"normals": 1})
def cna_normals(study):
    study.samples["SAMPLE_TYPE"] = "Primary"
    study.samples.loc[20] = ["P01-N1", "P01", "LUNE", "", "Normal"]
    study.copy_number([("RB1", LOST_RB1 | {21: -2})], ids=[*names(ALL), "P01-N1"])


@case("copy number of eight tumours only", FOUR_RB1)
def cna_of_some(study):
    ids = names(range(11, 19))
    study.copy_number([("RB1", {1: -2, 2: -2, 3: -2, 4: -2})], ids=ids)


@case("a column of a sample that no table has", refused="data_cna.txt P99-T1")
def cna_unknown_sample(study):
    study.copy_number([("RB1", LOST_RB1)], ids=[*names(range(1, 20)), "P99-T1"])


@case("a value that is no discrete copy number", refused="data_cna.txt -0.84")
def cna_continuous(study):
    study.copy_number([("RB1", {2: "-0.84"})])


@case("a value beyond 2", refused="data_cna.txt 3")
def cna_three(study):
    study.copy_number([("RB1", {2: 3})])


LONG = ["Hugo_Symbol", "Entrez_Gene_Id", "Sample_Id", "Value"]


def long(study, rows, file="data_cna.txt"):
    study.meta("meta_cna.txt", "COPY_NUMBER_ALTERATION", "DISCRETE_LONG", file, "cna")
    study.files[file] = tsv([LONG, *rows])


@case("copy number as a long table", FOUR_RB1)
def cna_long(study):
    rows = [["RB1", 5925, sample(i), LOST_RB1.get(i, 0)] for i in ALL]
    long(study, [*rows, ["STK11", 6794, sample(16), -1], ["STK11", 6794, sample(17), "NA"]], "data_cna_long.txt")


@case("copy number as a long table of altered genes only, by Entrez number", FOUR_RB1)
def cna_long_sparse(study):
    long(study, [["", 5925, sample(i), "-1.5"] for i in LOST_RB1] + [["EGFR", 1956, sample(20), 2]])


@case("a long table without its meta file", FOUR_RB1)
def cna_long_without_meta(study):
    study.files["data_cna.txt"] = tsv([LONG, *([["RB1", 5925, sample(i), -2] for i in LOST_RB1])])


@case("a long table with two values of one gene in one sample", refused="RB1 P11-T1")
def cna_long_conflict(study):
    long(study, [["RB1", 5925, sample(11), -2], ["RB1", 5925, sample(11), 2]])


# --- structural variants

THREE_ALK = like(genes={"ALK": [3, 20]}, fusions={"EML4::ALK": 3})


@case("fusions of ALK", THREE_ALK)
def fusions(study):
    study.fused(*((i, "SOMATIC", "EML4", "ALK") for i in (16, 17, 18)))


@case("fusions of ALK in both orders, one of them twice", THREE_ALK)
def fusions_reciprocal(study):
    study.fused((16, "SOMATIC", "EML4", "ALK"), (16, "SOMATIC", "ALK", "EML4"), (17, "GERMLINE", "ALK", "EML4"),
                (18, "SOMATIC", "EML4", "ALK"))  # fmt: skip


@case("fusions by Entrez numbers only", THREE_ALK)
def fusions_by_entrez(study):
    rows = [(16, "SOMATIC", 27436, 238), (17, "SOMATIC", 27436, 238), (18, "SOMATIC", 238, 27436)]
    rows = [(i, status, str(first), str(second)) for i, status, first, second in rows]
    study.fused(*rows, columns="Sample_Id SV_Status Site1_Entrez_Gene_Id Site2_Entrez_Gene_Id")


@case("one site is empty: a rearrangement of ALK without a partner", like(genes={"ALK": [2, 20]}))
def fusion_one_site(study):
    study.fused((16, "SOMATIC", "ALK", ""), (17, "SOMATIC", "NA", "ALK"))


@case("ETV6::NTRK2 and KIF5B::RET", like(fusions={"ETV6::NTRK2": 1, "KIF5B::RET": 2}))
def fusions_other(study):
    study.fused((16, "SOMATIC", "ETV6", "NTRK2"), (17, "SOMATIC", "KIF5B", "RET"), (18, "SOMATIC", "RET", "KIF5B"))


@case("a rearrangement within RB1 and one of STK11 alter them; one of KRAS does not", like())
def suppressors_rearranged(study):
    study.fused((16, "SOMATIC", "RB1", "RB1"), (17, "SOMATIC", "LINC00462", "RB1"), (18, "SOMATIC", "STK11", "SBNO2"),
                (19, "SOMATIC", "KRAS", "LINC00462"))  # fmt: skip


CASES["suppressors_rearranged"].right["genes"].update({"RB1": [12, 20], "STK11": [1, 20]})
CASES["suppressors_rearranged"].right["subtypes"].update({"NSCLC-like": 6, "Unclassified": 4})


@case("structural variants under their older name", THREE_ALK)
def sv_older_name(study):
    study.fused(*((i, "SOMATIC", "EML4", "ALK") for i in (16, 17, 18)))
    study.files["data_structural_variants.txt"] = study.files.pop("data_sv.txt")


@case("structural variants under a name of their own, given by a meta file", THREE_ALK)
def sv_meta(study):
    study.fused(*((i, "SOMATIC", "EML4", "ALK") for i in (16, 17, 18)))
    study.files["rearrangements.tsv"] = study.files.pop("data_sv.txt")
    study.meta("meta_sv.txt", "STRUCTURAL_VARIANT", "SV", "rearrangements.tsv", "structural_variants")


OLD = ["Hugo_Symbol", "Entrez_Gene_Id", "Center", "Tumor_Sample_Barcode", "Fusion", "DNA_support", "RNA_support",
       "Method", "Frame"]  # fmt: skip


def old_rows(events):
    """Two rows per event, one per gene, as the older format has it."""
    for i, first, second in events:
        for gene in (first, second):
            yield [gene, "", "x", sample(i), f"{first}-{second} fusion", "yes", "unknown", "NA", "in frame"]


@case("fusions in the older format, two rows each", THREE_ALK)
def fusions_old(study):
    study.files["data_fusions.txt"] = tsv([OLD, *old_rows((i, "EML4", "ALK") for i in (16, 17, 18))])


@case("the older format named by its meta file", THREE_ALK)
def fusions_old_meta(study):
    study.files["data_fusion.txt"] = tsv([OLD, *old_rows((i, "EML4", "ALK") for i in (16, 17, 18))])
    study.meta("meta_fusions.txt", "FUSION", "FUSION", "data_fusion.txt", "fusion")


@case("the older format with a row of ALK only", THREE_ALK)
def fusions_old_one_row(study):
    rows = [row for row in old_rows((i, "EML4", "ALK") for i in (16, 17, 18)) if row[0] == "ALK"]
    study.files["data_fusions.txt"] = tsv([OLD, *rows])


@case("a structural variant of a sample that no table has", refused="data_sv.txt P99-T1")
def sv_unknown_sample(study):
    study.fused((16, "SOMATIC", "EML4", "ALK"), ("P99-T1", "SOMATIC", "EML4", "ALK"))


@case("an older fusion of a sample that no table has", refused="data_fusions.txt P99-T1")
def fusions_old_unknown_sample(study):
    rows = list(old_rows([(16, "EML4", "ALK")]))
    rows[1][3] = "P99-T1"
    study.files["data_fusions.txt"] = tsv([OLD, *rows])


@case("structural variants by aliquot barcode", THREE_ALK)
def sv_aliquots(study):
    study.rename(barcode, lambda i: barcode(i)[:12])
    study.fused(*((barcode(i, "01A-11D-A123-08"), "SOMATIC", "EML4", "ALK") for i in (16, 17, 18)))


@case("a fusion of a tumour whose genes were not profiled", like(genes={"ALK": [0, 0]}))
def fusion_off_panel(study):
    study.panel("PAN1", "TP53", "RB1", "KRAS", "STK11", "KEAP1")
    study.matrix(dict.fromkeys(ALL, "PAN1"))
    study.fused((16, "SOMATIC", "EML4", "ALK"))


@case("structural variants with a header and no row: none was found", like(fusions={}))
def sv_empty(study):
    study.fused()


@case("a long table names a sample that no table has", refused="data_cna.txt P99-T1")
def cna_long_unknown_sample(study):
    long(study, [["RB1", 5925, sample(11), -2], ["RB1", 5925, "P99-T1", -2]])


@case("a neighbour's row and column of copy number are not read as the gene's", like(deletions={"RB1CC1": 3}))
def cna_similar_symbol(study):
    study.copy_number([("RB1CC1", {11: -2, 12: -2, 13: -2}), ("TP53BP1", {}), ("STK11IP", {})])


@case("comment lines and blank lines within the copy number", FOUR_RB1)
def cna_comments(study):
    study.copy_number([("RB1", LOST_RB1), ("STK11", {})])
    head, *rows = study.files["data_cna.txt"].splitlines()
    study.files["data_cna.txt"] = "\n".join([head, "#a comment", rows[0], "", rows[1], "", ""])


@case("copy number with quotes, a byte order mark and Windows line ends, compressed", FOUR_RB1)
def cna_from_a_spreadsheet(study):
    study.copy_number([("RB1", LOST_RB1), ("STK11", {})])
    lines = study.files.pop("data_cna.txt").splitlines()
    text = "\r\n".join("\t".join(f'"{cell}"' for cell in line.split("\t")) for line in lines)
    study.files["data_cna.txt.gz"] = gzip.compress(b"\xef\xbb\xbf" + text.encode())
