"""Which tumours were profiled for which genes: panel matrix, panels, case lists, and what a MAF itself says."""

from tests.cohort.odd.base import ALL, SEQUENCED, barcode, case_list, like, names, registry, sample, tsv

CASES, case = registry()

ONE, TWO = range(1, 11), range(11, 21)
ON_TWO_PANELS = like(
    genes={"STK11": [0, 10], "KEAP1": [0, 10]},
    subtypes={"SCLC-like": 10, "NSCLC-like": 0, "Unclassified": 0, "Unknown": 10},
)
UNSEQUENCED_5 = like(
    genes={"TP53": [10, 15], "RB1": [10, 15], "KRAS": [5, 15], "STK11": [0, 15], "KEAP1": [0, 15]},
    subtypes={"Unclassified": 0, "Unknown": 5},
    targetable={"KRAS G12C": [5, 15]},
)
ALL_ON_PAN2 = like(
    genes={"STK11": [0, 0], "KEAP1": [0, 0]},
    subtypes={"SCLC-like": 0, "NSCLC-like": 0, "Unclassified": 0, "Unknown": 20},
)


def panels(study) -> dict[int, str]:
    study.two_panels()
    return {i: "PAN1" if i in ONE else "PAN2" for i in ALL}


@case("a matrix of two panels; P11 to P20 are on the one without STK11 and KEAP1", ON_TWO_PANELS)
def matrix(study):
    study.matrix(panels(study))


@case("the matrix names its column with the study before it", ON_TWO_PANELS)
def matrix_prefixed(study):
    study.meta_mutations()
    study.matrix(panels(study), "x_mutations")


@case("NA in the matrix, but in the case list: exome")
def matrix_na_listed(study):
    study.panel("PAN1", "TP53", "RB1", "KRAS", "STK11", "KEAP1")
    study.matrix({i: "PAN1" if i in ONE else "NA" for i in ALL})


@case("NA in the matrix, in no case list: profiled where there is a mutation, else not", UNSEQUENCED_5)
def matrix_na_unlisted(study):
    study.panel("PAN1", "TP53", "RB1", "KRAS", "STK11", "KEAP1")
    study.matrix({i: "PAN1" if i in ONE else "NA" for i in ALL})
    del study.files[SEQUENCED]


@case("empty cells in the matrix are as NA", UNSEQUENCED_5)
def matrix_empty_cells(study):
    study.panel("PAN1", "TP53", "RB1", "KRAS", "STK11", "KEAP1")
    study.matrix({i: "PAN1" if i in ONE else "" for i in ALL})
    del study.files[SEQUENCED]


@case("the matrix lacks P16 to P20, which the case list holds")
def matrix_short(study):
    study.panel("PAN1", "TP53", "RB1", "KRAS", "STK11", "KEAP1")
    study.matrix({i: "PAN1" for i in range(1, 16)})


@case("WXS, WGS and WXS/WGS in the matrix: every gene")
def matrix_exome(study):
    study.matrix({i: ("WXS", "WGS", "WXS/WGS")[i % 3] for i in ALL})
    del study.files[SEQUENCED]


@case("the matrix has a column of copy number only: mutations by the case list")
def matrix_of_copy_number(study):
    study.panel("PAN2", "TP53", "RB1", "KRAS")
    study.matrix(dict.fromkeys(ALL, "PAN2"), "cna")


@case("a panel without a gene list: profiled for the genes that its MAF holds, STK11 and KEAP1 are not", ALL_ON_PAN2)
def panel_without_list(study):
    study.matrix(dict.fromkeys(ALL, "IMPACT999"))


@case("a panel without a gene list: a silent row shows that a gene is on it")
def panel_without_list_silent(study):
    study.matrix(dict.fromkeys(ALL, "IMPACT999"))
    study.call("STK11", [1], "Silent")
    study.call("KEAP1", [2], "Intron")


@case("a panel without a gene list: copy-number rows show that genes are on it", like(deletions={"STK11": 1}))
def panel_without_list_cna(study):
    study.matrix(dict.fromkeys(ALL, "IMPACT999"))
    study.copy_number([("STK11", {11: -2}), ("KEAP1", {})])


# P11 carries KRAS and, by its deletion, STK11: NSCLC-like as before
CASES["panel_without_list_cna"].right["genes"]["STK11"] = [1, 20]


@case("GENE_PANEL in the table of samples, no matrix and no case list", ON_TWO_PANELS)
def gene_panel_column(study):
    study.samples["GENE_PANEL"] = list(panels(study).values())
    del study.files[SEQUENCED]


@case("GENE_PANEL in the table of samples beside a matrix, which is believed")
def gene_panel_column_and_matrix(study):
    study.samples["GENE_PANEL"] = list(panels(study).values())
    study.matrix(dict.fromkeys(ALL, "WXS"))


@case("gene_panel in the mutations' meta file, all samples listed", ALL_ON_PAN2)
def meta_panel(study):
    study.two_panels()
    study.meta_mutations(gene_panel="PAN2")


@case("gene_panel in the meta file, no case list: the samples with a mutation only", UNSEQUENCED_5)
def meta_panel_unlisted(study):
    study.two_panels()
    study.meta_mutations(gene_panel="PAN1")
    del study.files[SEQUENCED]


@case("a call of a gene that the panel lacks is not counted", like(genes={"KRAS": [0, 10]}))
def off_panel_call(study):
    study.panel("PAN1", "TP53", "RB1", "KRAS", "STK11", "KEAP1")
    study.panel("PAN3", "TP53", "RB1", "STK11", "KEAP1")
    study.matrix({i: "PAN1" if i in ONE else "PAN3" for i in ALL})


CASES["off_panel_call"].right.update(
    subtypes={"SCLC-like": 10, "NSCLC-like": 0, "Unclassified": 0, "Unknown": 10}, targetable={"KRAS G12C": [0, 10]}
)


@case("a panel's list and the calls give previous symbols", like(mutations=27, genes={"KMT2D": [2, 20]}))
def panel_previous_symbols(study):
    study.panel("OLD", "TP53", "RB1", "KRAS", "STK11", "KEAP1", "MLL2")
    study.matrix(dict.fromkeys(ALL, "OLD"))
    study.call("MLL2", [1, 2], "Nonsense_Mutation")


@case("a panel file with spaces between the genes, Windows line ends and another name", ALL_ON_PAN2)
def panel_file_format(study):
    study.files["data_gene_panel_our_second.txt"] = "stable_id: PAN2\r\ndescription: d\r\ngene_list: TP53 RB1  KRAS\r\n"
    study.matrix(dict.fromkeys(ALL, "PAN2"))


@case("the case list holds P01 to P05 only; whoever has a mutation was sequenced too", UNSEQUENCED_5)
def mutated_but_not_listed(study):
    study.files[SEQUENCED] = case_list(names(range(1, 6)))


@case(
    "P16 is in no list and has a silent row only, which is not loaded: not profiled",
    like(
        genes={"TP53": [10, 19], "RB1": [10, 19], "KRAS": [5, 19], "STK11": [0, 19], "KEAP1": [0, 19]},
        subtypes={"Unclassified": 4, "Unknown": 1},
        targetable={"KRAS G12C": [5, 19]},
    ),
)
def silent_and_not_listed(study):
    study.files[SEQUENCED] = case_list(names([i for i in ALL if i != 16]))
    study.call("KEAP1", [16], "Silent")


@case(
    "no case list; the MAF's own line of sequenced samples holds P01 to P18",
    like(
        genes={"TP53": [10, 18], "RB1": [10, 18], "KRAS": [5, 18], "STK11": [0, 18], "KEAP1": [0, 18]},
        subtypes={"Unclassified": 3, "Unknown": 2},
        targetable={"KRAS G12C": [5, 18]},
    ),
)
def sequenced_samples_line(study):
    del study.files[SEQUENCED]
    study.change["mutations"] = lambda text: f"#sequenced_samples: {' '.join(names(range(1, 19)))}\n{text}"


@case(
    "a deletion in a tumour whose mutations were not profiled stands in no count of the gene",
    like(
        genes={"TP53": [10, 18], "RB1": [10, 18], "KRAS": [5, 18], "STK11": [1, 18], "KEAP1": [0, 18]},
        subtypes={"Unclassified": 2, "NSCLC-like": 6, "Unknown": 2},
        targetable={"KRAS G12C": [5, 18]},
    ),
)
def deleted_but_not_sequenced(study):
    study.files[SEQUENCED] = case_list(names(range(1, 19)))
    study.copy_number([("STK11", {18: -2, 19: -2, 20: -2})])


@case("gene lists of two panels, one of which nobody is on")
def unused_panel(study):
    study.two_panels()
    study.matrix(dict.fromkeys(ALL, "PAN1"))


@case("GENE_PANEL is empty for P16 to P20, no case list: not profiled", UNSEQUENCED_5)
def gene_panel_column_gaps(study):
    study.panel("PAN1", "TP53", "RB1", "KRAS", "STK11", "KEAP1")
    study.samples["GENE_PANEL"] = ["PAN1"] * 15 + ["NA", "", "NA", "", "NA"]
    del study.files[SEQUENCED]


@case("the matrix's column has the study before it, whose name only another meta file tells", ON_TWO_PANELS)
def matrix_prefixed_without_study(study):
    del study.files["meta_study.txt"]
    matrix_prefixed(study)


@case("three profiles in the matrix: the mutations' column is the one that counts", ON_TWO_PANELS)
def matrix_of_three_profiles(study):
    rows = [[sample(i), "WXS", panel, "NA"] for i, panel in panels(study).items()]
    head = ["SAMPLE_ID", "cna", "mutations", "structural_variants"]
    study.files["data_gene_panel_matrix.txt"] = tsv([head, *rows])


@case("samples with a vial; the matrix by sample barcode", ON_TWO_PANELS)
def matrix_by_barcode(study):
    study.rename(lambda i: barcode(i, "01A"), lambda i: barcode(i)[:12])
    rows = [[barcode(i), panel] for i, panel in panels(study).items()]
    study.files["data_gene_panel_matrix.txt"] = tsv([["SAMPLE_ID", "mutations"], *rows])


@case("samples with a vial; the case list by sample barcode holds P01 to P18")
def list_by_barcode(study):
    study.rename(lambda i: barcode(i, "01A"), lambda i: barcode(i)[:12])
    study.files[SEQUENCED] = case_list(barcode(i) for i in range(1, 19))


CASES["list_by_barcode"].right.update(CASES["sequenced_samples_line"].right)


@case("a silent row of a tumour in no list does not stand for the 15 with loaded ones", UNSEQUENCED_5)
def matrix_na_silent(study):
    matrix_na_unlisted(study)
    study.call("KEAP1", [16, 17], "Silent")


@case(
    "a panel in the mutations' meta file and in the matrix, whose word counts, as the importer writes it last",
    ON_TWO_PANELS,
)
def panel_in_two_places(study):
    study.matrix(panels(study))
    study.meta_mutations(gene_panel="PAN1")
