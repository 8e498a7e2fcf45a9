"""What cBioPortal demands of a study folder, written without the package that writes one: an oracle for its tests.

`problems(folder)` lists every violation of the documented formats and of what the portal's own validator calls an
error. Rules name their source: [docs] docs/File-Formats.md of cBioPortal/cbioportal, [panels] and [loading] its
docs/data-loading/Import-Gene-Panels.md and README.md; [val] scripts/importer/validateData.py of
cBioPortal/cbioportal-core, [warn] what that only warns of, [strict] what it calls an error under --strict_maf_checks,
[common] cbioportal_common.py beside it, [java] the importer it guards. What needs a running portal (is the gene, the
cancer type known there?) is not asked, nor are a MAF's validation alleles, custom driver annotations, namespaces and
the kinds of data KINDS has not. Files that no meta file names and that are not `data_*.txt` are ignored.
"""

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

AT_MOST = 5  # problems of one kind for one file

# [common] lengths and META_FIELD_MAP, [docs]; short_name stands only among the lengths
STUDY = {"type_of_cancer": 63, "cancer_study_identifier": 255, "name": 255, "description": 1024}
STUDY_OPTIONAL = {"citation": 200, "pmid": 1024, "groups": 200, "short_name": 64}
STUDY_FREE = {"add_global_case_list", "tags_file", "reference_genome"}
BUILDS = {"hg19": "GRCh37", "hg38": "GRCh38", "mm10": "GRCm38"}  # [val]; hg19 unless the study says
PROFILE = ["stable_id", "show_profile_in_analysis_tab", "profile_name", "profile_description"]
CNA = ("cna", "cna_rae", "cna_consensus", "gistic")
MAF_OPTIONAL = "gene_panel namespaces normal_samples_list swissprot_identifier variant_classification_filter"
# [common] kinds in an order that reads a file after those its rules look into: method, stable ids, optional fields
KINDS = {
    ("CANCER_TYPE", "CANCER_TYPE"): ("cancer_types", (), ()),
    ("CLINICAL", "SAMPLE_ATTRIBUTES"): ("clinical", (), ()),
    ("CLINICAL", "PATIENT_ATTRIBUTES"): ("clinical", (), ()),
    ("CLINICAL", "TIMELINE"): ("timeline", (), ()),
    ("MUTATION_EXTENDED", "MAF"): ("mutations", ("mutations",), MAF_OPTIONAL.split()),
    ("COPY_NUMBER_ALTERATION", "DISCRETE"): ("copy_numbers", CNA, ("gene_panel", "pd_annotations_filename")),
    ("STRUCTURAL_VARIANT", "SV"): ("structural_variants", ("structural_variants",), ("gene_panel", "namespaces")),
    ("GENE_PANEL_MATRIX", "GENE_PANEL_MATRIX"): ("panel_matrix", (), ()),
}
MANY = {"timeline", "copy_numbers"}  # kinds a study may have more than one file of
CATEGORIES = "mutation cna log2_cna methylation mrna_array mrna_rnaseq rppa microrna gsva sv mutation_and_cna"
CATEGORIES = {f"all_cases_with_{data}_data" for data in f"{CATEGORIES} mutation_and_cna_and_mrna".split()}
CATEGORIES |= {"all_cases_in_study", "other"}  # [docs]
CASE_LISTS = {"mutations": "_sequenced", "copy_numbers": "_cna", "structural_variants": "_sv"}  # [docs]
CASE_LIST = "cancer_study_identifier stable_id case_list_name case_list_description case_list_ids".split()

NULLS = set("[not applicable]|[not available]|[pending]|[discrepancy]|[completed]|[null]||na".split("|"))  # [val]
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")  # [val] a real number; nan and inf are none
ID = re.compile(r"[A-Za-z0-9._-]+")  # [docs]; [val] lets some brackets and commas through
ID_COLUMNS = {"PATIENT_ID", "SAMPLE_ID", "Sample_Id", "Tumor_Sample_Barcode"}
SPREADSHEET_DATE = re.compile(r"([^-]*-)?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(-[^-]*)?", re.I)  # [val]

# [val] PREDEFINED_ATTRIBUTES, BANNED_ATTRIBUTES; OTHER_SAMPLE_ID is no longer supported [docs]
PATIENT_LEVEL = set("AGE DFS_STATUS DFS_MONTHS OS_STATUS OS_MONTHS GENDER SEX PATIENT_DISPLAY_NAME TUMOR_SITE".split())
SAMPLE_LEVEL = "METASTATIC_SITE PRIMARY_SITE SAMPLE_CLASS SAMPLE_DISPLAY_NAME SAMPLE_TYPE TUMOR_TISSUE_SITE TUMOR_TYPE"
SAMPLE_LEVEL = {*SAMPLE_LEVEL.split(), "SAMPLE_ID"}
NUMBERS = {"AGE", "DFS_MONTHS", "OS_MONTHS"}
STRINGS = (PATIENT_LEVEL | SAMPLE_LEVEL) - NUMBERS - {"SAMPLE_ID"}
STRINGS |= {"CANCER_TYPE", "CANCER_TYPE_DETAILED", "HISTOLOGY", "KNOWN_MOLECULAR_CLASSIFIER"}
BANNED = {"MUTATION_COUNT", "FRACTION_GENOME_ALTERED", "OTHER_SAMPLE_ID"}
ENDPOINTS = set("OS DFS PFS DSS EFS RFS MFS DMFS PFI DFI".split())  # names that can mean nothing but a survival pair
SURVIVAL = {  # [docs]; the last two of DFS [val]
    "OS_STATUS": "0:LIVING|1:DECEASED",
    "DFS_STATUS": "0:DiseaseFree|1:Recurred/Progressed|1:Recurred|1:Progressed",
}
SHAPES = {"circle", "square", "triangle", "diamond", "star", "camera"}  # [docs] STYLE_SHAPE
SPECIMENS = {"SPECIMEN", "SAMPLE ACQUISITION", "SEQUENCING"}  # [docs] drawn as the numbered discs of samples
TIMELINE = ["PATIENT_ID", "START_DATE", "STOP_DATE", "EVENT_TYPE"]

MAF = "Hugo_Symbol NCBI_Build Chromosome Variant_Classification Reference_Allele Tumor_Seq_Allele2 Tumor_Sample_Barcode"
# [docs] the words of variant_classification_filter; Fusion [val]
CLASSES = """Frame_Shift_Del Frame_Shift_Ins In_Frame_Del In_Frame_Ins Missense_Mutation Nonsense_Mutation Silent
    Splice_Site Translation_Start_Site Nonstop_Mutation 3'UTR 3'Flank 5'UTR 5'Flank IGR Intron RNA Targeted_Region
    De_novo_Start_InFrame De_novo_Start_OutOfFrame Splice_Region Unknown Fusion"""
CLASSES = set(CLASSES.split())
BASES = {"SNP": 1, "DNP": 2, "TNP": 3, "ONP": 4}  # of every allele; ONP has that many or more
TYPES = {"", "NA", "INS", "DEL", "Consolidated", *BASES}  # Variant_Type of the GDC page [docs] extends
CHROMOSOMES = {*map(str, range(1, 25)), "X", "Y", "MT"}  # [docs] a number, e.g. 7; names [java] normalizeChr knows
ALLELE = re.compile(r"[ACGT-]+")  # [strict] MAF check 6
MAF_KEY = """Hugo_Symbol Entrez_Gene_Id Chromosome Start_Position End_Position Variant_Classification
    Tumor_Seq_Allele2 HGVSp_Short Tumor_Sample_Barcode"""  # [val] checkDuplicateMutation, and the symbol
SITE = "Hugo_Symbol Entrez_Gene_Id Chromosome Position Region_Number Ensembl_Transcript_Id"
SV_KEY = ["Sample_Id", *(f"Site{i}_{field}" for i in (1, 2) for field in SITE.split()), "Event_Info"]  # [val]
COPY_NUMBERS = {"-2", "-1.5", "-1", "0", "1", "2", "NA"}  # [docs]; -1.5 and NA [val]
WHOLE = {"NA", "WGS", "WXS", "WXS/WGS"}  # [val] in a gene panel matrix without a panel file
WORDS = {  # [docs] columns of closed vocabulary, here in lower case; blank and NA are allowed
    "Verification_Status": "verified unknown",
    "Validation_Status": "valid invalid untested inconclusive redacted unknown",
    "Connection_Type": "3to5 5to3 5to5 3to3",
    "Breakpoint_Type": "precise imprecise",
    "DNA_Support": "yes no",
    "RNA_Support": "yes no",
}


class Table(NamedTuple):
    top: list[str]  # the # lines above the header
    header: list[str]
    rows: list[tuple[int, dict[str, str]]]  # line number; column -> value without surrounding space


def problems(folder: Path) -> list[str]:
    """Every violation, one line each: `file: row N: message`."""
    return Study(Path(folder)).check()


class Study:
    def __init__(self, folder: Path):
        self.folder = folder
        self.found: list[str] = []
        self.counts: Counter[tuple[str, str]] = Counter()
        self.id, self.build = "", BUILDS["hg19"]
        self.samples: dict[str, str] = {}  # sample -> patient
        self.patients: set[str] | None = None
        self.sample_attributes: set[str] = set()
        self.profiles: dict[str, dict[str, str]] = {}  # stable id -> meta
        self.panels: set[str] = set()
        self.lists: dict[str, set[str]] = {}  # stable id without the study's -> samples

    def reporter(self, name: str):
        """A function that notes a problem of this file if its first argument is true."""

        def report(wrong, kind: str, value: object = None, row: int | None = None) -> None:
            if wrong:
                self.counts[name, kind] += 1
                if self.counts[name, kind] <= AT_MOST:
                    at, told = "" if row is None else f"row {row}: ", "" if value is None else f": {value!r}"
                    self.found.append(f"{name}: {at}{kind}{told}")

        return report

    # --- the folder

    def check(self) -> list[str]:
        files = sorted(path.name for path in self.folder.iterdir() if path.is_file()) if self.folder.is_dir() else []
        # [val] which files are meta files
        names = [n for n in files if re.search(r"(\b|_)meta(\b|[_0-9])", n, re.I) and n[0] != "." and n[-1] != "~"]
        metas = {n: meta for n in names if (meta := self.fields(n)) is not None}
        studies = [n for n, m in metas.items() if "type_of_cancer" in m and "genetic_alteration_type" not in m]
        self.reporter("meta_study.txt")(len(studies) != 1, "not exactly one meta file with type_of_cancer", studies)
        for name in studies[:1]:
            self.study(name, metas[name])
        kinds = {n: self.kind(n, m) for n, m in metas.items() if n not in studies}
        named = {m.get(field) for m in metas.values() for field in ("data_filename", "pd_annotations_filename")}
        for name in (n for n in files if re.fullmatch(r"data_.*\.txt", n) and n not in named):
            if name.startswith("data_gene_panel_") and name != "data_gene_panel_matrix.txt":
                self.panel(name)
            else:
                self.reporter(name)(True, "no meta file names this data file")  # [loading]
        for pair, (method, _, _) in KINDS.items():
            if method == "timeline":
                self.case_lists({KINDS[pair][0] for pair in kinds.values() if pair}, metas, studies)
            chosen = [n for n in kinds if kinds[n] == pair]
            lacks = pair == ("CLINICAL", "SAMPLE_ATTRIBUTES") and not chosen  # [docs] the one required data file
            self.reporter("meta_clinical_sample.txt")(lacks, "no meta file of a clinical sample file")
            for i, name in enumerate(chosen):
                report, data = self.reporter(name), metas[name].get("data_filename", "")
                report(i and method not in MANY, "a second meta file of this kind", pair)  # [val]
                panel = metas[name].get("gene_panel", "NA")
                report(panel not in self.panels | {"NA"}, "gene_panel without a file", panel)  # [common]
                if data and (self.folder / data).is_file():
                    getattr(self, method)(data, metas[name])
                else:
                    report(data, "data_filename is not in the folder", data)  # [val]
        return self.found

    def study(self, name: str, meta: dict[str, str]) -> None:
        report = self.require(name, meta, STUDY, STUDY_OPTIONAL.keys() | STUDY_FREE)
        for field, length in (STUDY | STUDY_OPTIONAL).items():  # [common]
            report(len(meta.get(field, "")) > length, f"{field} is longer than {length}", len(meta.get(field, "")))
        self.id, genome = meta.get("cancer_study_identifier", ""), meta.get("reference_genome", "hg19")
        report(re.search(r"[^a-z0-9_]", self.id), "cancer_study_identifier beyond a-z, 0-9 and _", self.id)  # [val]
        report(genome not in BUILDS, "reference_genome is unknown", genome)  # [val]
        self.build = BUILDS.get(genome, self.build)
        if "pmid" in meta:  # [docs]
            report(not re.fullmatch(r"\d+(,\d+)*", meta["pmid"]), "pmid is not integers and commas", meta["pmid"])
            report(not meta.get("citation"), "pmid without citation")

    def kind(self, name: str, meta: dict[str, str]) -> tuple[str, str] | None:
        """The kind of data a meta file announces, None where it cannot be told."""
        pair = (meta.get("genetic_alteration_type", ""), meta.get("datatype", ""))
        if pair not in KINDS:  # [common] cannot be determined; or a kind that has no rules here
            self.reporter(name)(True, "no rules for this genetic_alteration_type and datatype", pair)
            return None
        method, stable_ids, optional = KINDS[pair]
        required = ["genetic_alteration_type", "datatype", "data_filename", *(PROFILE if stable_ids else ())]
        report = self.require(name, meta, required + ["cancer_study_identifier"] * (method != "cancer_types"), optional)
        study, stable = meta.get("cancer_study_identifier", self.id), meta.get("stable_id", "")
        report(study != self.id and self.id, "cancer_study_identifier is not the study's", study)  # [common]
        if stable_ids and stable:
            report(stable not in stable_ids, f"stable_id is none of {', '.join(stable_ids)}", stable)  # [common]
            report(stable in self.profiles, "stable_id of another meta file", stable)  # [val]
            self.profiles[stable] = meta
        shown = meta.get("show_profile_in_analysis_tab", "true")
        report(shown != "true", "show_profile_in_analysis_tab is not true", shown)  # [docs]
        return pair

    def require(self, name: str, meta: dict[str, str], required, optional=()):
        """[common] fields missing, here also if empty, and fields unknown [warn]; the reporter of the file."""
        report = self.reporter(name)
        for field in required:
            report(not meta.get(field), "required field missing or empty", field)
        for field in sorted(meta.keys() - {*required, *optional}):
            report(True, "unknown field", field)
        return report

    # --- reading

    def text(self, name: str) -> list[str]:
        data, report = (self.folder / name).read_bytes(), self.reporter(name)
        report(b"\r" in data, "Windows line ends", row=data.partition(b"\r")[0].count(b"\n") + 1)
        try:
            lines = data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        except UnicodeDecodeError as error:  # [val]
            report(True, "not UTF-8", str(error))
            return []
        return lines[:-1] if lines[-1] == "" else lines

    def fields(self, name: str) -> dict[str, str] | None:
        """The fields of a meta file, case list or panel [common]: one `field: value` a line."""
        meta: dict[str, str] = {}
        for n, line in enumerate(self.text(name), 1):
            if line.strip():
                key, colon, value = line.partition(":")
                if not colon:
                    self.reporter(name)(True, "no colon in this line", line[:60], n)
                    return None
                meta[key] = value.strip()
        return meta

    def table(self, name: str, required=(), ordered: bool = False, blanks: bool = True) -> Table | None:
        """A tab-separated file; None where its header cannot be used [val]."""
        lines, report, rows = self.text(name), self.reporter(name), []
        start = next((i for i, line in enumerate(lines) if not line.startswith("#")), None)
        report(start is None, "no column header")
        if start is None:
            return None
        header = lines[start].split("\t")
        report(len(set(header)) < len(header), "repeated column", [c for c, n in Counter(header).items() if n > 1])
        for i, column in enumerate(required):
            report(column not in header, "required column missing", column, start + 1)
            misplaced = ordered and column in header and header.index(column) != i
            report(misplaced, "required column not at its place", (column, i + 1), start + 1)
        ids = [i for i, column in enumerate(header) if column in ID_COLUMNS]
        for n, line in enumerate(lines[start + 1 :], start + 2):
            cells = line.split("\t")
            if not line.strip() or line.startswith("#"):
                report(True, "blank line, or # below the header", line[:60], n)
                continue
            report(cells == header, "the header again", row=n)
            report(len(cells) != len(header), f"not the header's {len(header)} columns", len(cells), n)
            cells = (cells + [""] * len(header))[: len(header)]
            quoted = '"' in line and any(len(c) > 1 and c[0] == c[-1] == '"' for c in cells)
            report(quoted, "quoted field, its quotes are read as part of the value", row=n)  # [warn]
            report(any(cells[i] != cells[i].strip() for i in ids), "white space around an id", row=n)
            rows.append((n, {column: cell.strip() for column, cell in zip(header, cells, strict=True)}))
            report(not blanks and "" in rows[-1][1].values(), "blank cell", row=n)
        return Table(lines[:start], header, rows) if set(required) <= set(header) else None

    def gene(self, report, n: int, hugo: str, entrez: str, none: tuple[str, ...] = ()) -> str:
        """[val] checkGeneIdentification: the gene as told, "" where neither id is given."""
        hugo, entrez = ("" if value in none else value for value in (hugo, entrez))
        report(entrez and not re.fullmatch(r"0*[1-9]\d*", entrez), "Entrez gene id is not positive", entrez, n)
        return entrez or hugo

    def words(self, report, table: Table) -> None:
        """Columns of closed vocabulary, in either case."""
        for column in (column for column in table.header if column in WORDS):
            for n, row in table.rows:
                strange = row[column].lower() not in {*WORDS[column].split(), "", "na"}
                report(strange, f"{column} has no such value", row[column], n)

    # --- the kinds

    def cancer_types(self, name: str, meta: dict[str, str]) -> None:
        """[docs] four columns in order and no header: type, name, color, parent; [val] no blanks, no type twice."""
        seen, report, lines = set(), self.reporter(name), self.text(name)
        report(not lines, "no cancer types")
        for n, line in enumerate(lines, 1):
            cells = [cell.strip() for cell in line.split("\t")]
            report(len(cells) != 4 or "" in cells, "not four filled columns", line, n)
            color = cells[2] if len(cells) == 4 else "red"  # a CSS keyword; the list of them is not repeated here
            report(not re.fullmatch(r"[A-Za-z]+", color), "dedicated_color is not the name of a color", color, n)
            report(cells[0].lower() in seen, "cancer type defined twice", cells[0], n)
            seen.add(cells[0].lower())

    def panel(self, name: str) -> None:
        """[panels], [java] GenePanelUtil."""
        meta = self.fields(name) or {}
        report = self.require(name, meta, ("stable_id", "description", "gene_list"))
        stable, genes = meta.get("stable_id", ""), meta.get("gene_list", "").split("\t")
        report(" " in stable, "stable_id has a blank", stable)
        report(stable in self.panels, "stable_id of another gene panel", stable)
        self.panels.add(stable)
        wrong = [gene for gene, times in Counter(genes).items() if times > 1 or re.search(r"^$|[\s,;]", gene)]
        report(wrong, "gene_list is not distinct genes separated by tabs", wrong[:5])
        report(len({gene.isdigit() for gene in genes}) > 1, "gene_list mixes symbols and Entrez ids")

    def case_lists(self, methods: set[str], metas: dict[str, dict[str, str]], studies: list[str]) -> None:
        """[docs] Case Lists, [val] processCaseListDirectory."""
        if any(metas[name].get("add_global_case_list", "").lower() == "true" for name in studies):
            self.lists["_all"] = set(self.samples)
        folder = self.folder / "case_lists"
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            if path.name[0] == "." or path.name[-1] == "~":
                continue
            meta = self.fields(f"case_lists/{path.name}") or {}
            report = self.require(f"case_lists/{path.name}", meta, CASE_LIST, ["case_list_category"])
            study, stable = meta.get("cancer_study_identifier", self.id), meta.get("stable_id", "")
            category, suffix = meta.get("case_list_category", "other"), stable.removeprefix(self.id)
            report(study != self.id, "cancer_study_identifier is not the study's", study)
            report(not stable.startswith(f"{self.id}_"), "stable_id does not begin with the study's id and _", stable)
            report(suffix in self.lists, "stable_id of another case list, or of add_global_case_list", stable)
            report(category not in CATEGORIES, "case_list_category is unknown", category)
            self.lists[suffix] = {sample.strip() for sample in meta.get("case_list_ids", "").split("\t")}
            for sample in sorted(self.lists[suffix] - {*self.samples, ""}):
                report(True, "sample is not in the clinical sample file", sample[:60])
        for suffix in ["_all", *(suffix for method, suffix in CASE_LISTS.items() if method in methods)]:
            self.reporter("case_lists")(suffix not in self.lists, "required case list missing", f"{self.id}{suffix}")

    def clinical(self, name: str, meta: dict[str, str]) -> None:
        """[docs] Clinical Data, [val] ClinicalValidator and its heirs."""
        patient, report = meta["datatype"] == "PATIENT_ATTRIBUTES", self.reporter(name)
        ids = ["PATIENT_ID"] if patient else ["SAMPLE_ID", "PATIENT_ID"]
        if (table := self.table(name, ids)) is None:
            return
        statuses, months = ({c[:-7] for c in table.header if c.endswith(e)} for e in ("_STATUS", "_MONTHS"))
        coded = {p for p in statuses if any(re.match("[01]:", row[f"{p}_STATUS"]) for _, row in table.rows)}
        lone = (statuses ^ months) & (ENDPOINTS | coded)  # [docs] survival columns come in pairs
        report(lone, "survival columns without their _STATUS or _MONTHS", sorted(lone))
        pairs, seen = statuses & months, set()
        types = self.attributes(report, table, patient, pairs)
        for n, row in table.rows:
            for column in ids:
                report(row[column].lower() in NULLS, f"{column} is missing", row=n)
                report(not ID.fullmatch(row[column]), f"{column} beyond A-Z, a-z, 0-9, . _ -", row[column], n)
            report(row[ids[0]] in seen, f"{ids[0]} twice", row[ids[0]], n)
            report(len(row[ids[0]]) > 63 and not patient, "SAMPLE_ID is longer than 63", row[ids[0]], n)
            seen.add(row[ids[0]])
            if not patient:
                self.samples.setdefault(row["SAMPLE_ID"], row["PATIENT_ID"])
            for column, value in row.items():
                if value.lower() in NULLS:
                    continue
                number, kind = NUMBER.fullmatch(value), types.get(column)
                if column[:-7] in pairs and column.endswith("_MONTHS"):
                    report(not number, f"{column} is not a number", value, n)
                elif column in SURVIVAL or (column[:-7] in pairs and column.endswith("_STATUS")):
                    right = re.fullmatch(SURVIVAL.get(column, "[01]:.+"), value)
                    report(not right, f"{column} is no survival status (0:... or 1:...)", value, n)
                elif kind == "NUMBER":  # [val] < or > may stand before it
                    number = NUMBER.fullmatch(value, value[0] in "<>")
                    report(not number, f"{column} is not a number", value, n)
                elif kind == "BOOLEAN":
                    report(value not in ("TRUE", "FALSE"), f"{column} is neither TRUE nor FALSE", value, n)
                dated = "-" in value and SPREADSHEET_DATE.fullmatch(value) and not re.search("[,.:;]|-.*-", value)
                report(dated and "DATE" not in column, "a date in a column without DATE in its name", value, n)
        if patient:
            self.patients = seen
            lost = sorted(set(self.samples.values()) - seen)
            report(lost, "no row for the patients of some samples", lost[:5])  # [warn]
        else:
            self.sample_attributes = set(table.header)

    def attributes(self, report, table: Table, patient: bool, pairs: set[str]) -> dict[str, str]:
        """The five header rows; the data type of each column."""
        top = [line[1:].split("\t") for line in table.top]
        report(len(top) != 4, "rows beginning with # above the header are not four", len(top))
        types = dict(zip(table.header, top[2], strict=False)) if len(top) == 4 else {}
        for i, cells in enumerate(top if types else []):
            report(len(cells) != len(table.header), f"not the header's {len(table.header)} columns", len(cells), i + 1)
            report(any(c.strip().lower() in NULLS for c in cells), "empty cell in a definition", cells, i + 1)
            for cell in cells:
                report(i == 2 and cell not in ("STRING", "NUMBER", "BOOLEAN"), "no such data type", cell, 3)
                report(i == 3 and not re.fullmatch(r"-1|\d+", cell), "priority is no integer from -1", cell, 4)
        for column in table.header:
            report(not re.fullmatch(r"[A-Z0-9_]*[A-Z][A-Z0-9_]*", column), "attribute beyond A-Z, 0-9 and _", column)
            report(column in BANNED, "column is not allowed", column)
            report(column in (SAMPLE_LEVEL if patient else PATIENT_LEVEL), "attribute of the other level", column)
            both = patient and column != "PATIENT_ID" and column in self.sample_attributes
            report(both, "attribute of both patients and samples", column)
            paired = column[:-7] in pairs and column[-7:] in ("_STATUS", "_MONTHS")
            number = column in NUMBERS or (paired and column.endswith("_MONTHS"))
            expected = "NUMBER" if number else "STRING" if paired or column in STRINGS else types.get(column)
            report(types and types.get(column) != expected, f"data type is not {expected}", column, 3)
        return types

    def timeline(self, name: str, meta: dict[str, str]) -> None:
        """[docs] Timeline Data; order of the columns and START_DATE [val], STOP_DATE [java] ImportTimelineData."""
        if (table := self.table(name, TIMELINE, ordered=True)) is None:
            return
        report, events = self.reporter(name), sorted({row["EVENT_TYPE"] for _, row in table.rows})
        report(table.top, "the first line is not the header")  # [java]
        report("SPECIMEN_REFERENCE_NUMBER" in table.header, "SPECIMEN_REFERENCE_NUMBER is now SAMPLE_ID")
        report(len(events) > 1, "each event type has a file of its own", events)
        specimens = SPECIMENS & {event.upper() for event in events}
        report(specimens and "SAMPLE_ID" not in table.header, "specimens without a SAMPLE_ID column", events)
        patients = set(self.samples.values()) if self.patients is None else self.patients
        for n, row in table.rows:
            patient, start, stop, event = (row[column] for column in TIMELINE)
            report(patient not in patients, "patient is not in the clinical files", patient, n)
            dates = [int(day) for day in (start, stop) if re.fullmatch(r"-?\d+", day)]
            report(not re.fullmatch(r"-?\d+", start), "START_DATE is not an integer", start, n)
            report(not re.fullmatch(r"-?\d+|", stop), "STOP_DATE is neither an integer nor blank", stop, n)
            report(len(dates) == 2 and dates[1] < dates[0], "STOP_DATE is before START_DATE", dates, n)
            report(not event, "EVENT_TYPE is blank", row=n)
            sample, color = row.get("SAMPLE_ID", ""), row.get("STYLE_COLOR", "#000000")
            report(sample and self.samples.get(sample) != patient, "SAMPLE_ID is no sample of this patient", sample, n)
            therapy = row.get("TREATMENT_TYPE", "").lower() if event.upper() == "TREATMENT" else ""
            report(therapy not in ("", "medical therapy", "radiation therapy"), "no such TREATMENT_TYPE", therapy, n)
            report(not re.fullmatch(r"#[0-9a-fA-F]{6}", color), "STYLE_COLOR is no #rrggbb", color, n)  # nor blank
            report(row.get("STYLE_SHAPE", "star").lower() not in SHAPES, "no such STYLE_SHAPE", row=n)  # nor blank

    def mutations(self, name: str, meta: dict[str, str]) -> None:
        """[docs] Mutation Data, [val] MutationsExtendedValidator."""
        if (table := self.table(name, MAF.split())) is None:
            return
        report, header, seen = self.reporter(name), set(table.header), {}
        changes = [column for column in ("HGVSp_Short", "Amino_Acid_Change") if column in header]
        report(not changes, "required column missing", "HGVSp_Short")
        self.words(report, table)
        counts = [f"{tissue}_{allele}_count" for tissue in "tn" for allele in ("alt", "ref")]
        counts = [column for column in counts if column in header]
        key = [c for c in MAF_KEY.split() if c in header] if {"Start_Position", "End_Position"} <= header else []
        unlisted = self.samples.keys() - self.lists.get("_sequenced", self.samples.keys())
        for n, row in table.rows:
            sample, build, name_of = row["Tumor_Sample_Barcode"], row["NCBI_Build"], row["Hugo_Symbol"]
            report(sample not in self.samples, "sample is not in the clinical sample file", sample, n)
            report(sample in unlisted, "sample is not in the _sequenced case list", sample, n)
            gene = self.gene(report, n, name_of, row.get("Entrez_Gene_Id", ""), ("", "NA", "0"))
            report(not gene or not name_of, "no gene, or a blank Hugo_Symbol", gene, n)
            report(build not in (self.build, self.build[4:]), f"NCBI_Build is not the study's {self.build}", build, n)
            report(row["Chromosome"] not in CHROMOSOMES, "no such Chromosome", row["Chromosome"], n)
            word = row["Variant_Classification"]
            report(word not in CLASSES, "no such Variant_Classification", word, n)  # [warn]
            for column in changes:
                several = len(row[column]) > 255 or re.search(r"[;,]|.p\.", row[column])
                report(several, f"{column} is not one change of at most 255 characters", row[column][:60], n)
            for column in counts:  # NA is an error
                report(not re.fullmatch(r"-?\d+|\.?", row[column]), f"{column} is not an integer", row[column], n)
            self.alleles(report, n, row)
            call = tuple(row[column] for column in key)
            report(key and seen.setdefault(call, n) != n, "the call of another row again", seen.get(call), n)

    def alleles(self, report, n: int, row: dict[str, str]) -> None:
        """[strict] checkAlleleMAFFormat and checkAlleleSpecialCases; Tumor_Seq_Allele1 may be left blank [docs]."""
        ends = [row.get(column, "NA") for column in ("Start_Position", "End_Position")]
        report(any(not re.fullmatch(r"[0-9]+|NA|", end) for end in ends), "a position is not an integer", ends, n)
        span = int(ends[1]) - int(ends[0]) + 1 if all(re.fullmatch("[0-9]+", end) for end in ends) else None
        report(span is not None and span < 1, "End_Position is before Start_Position", ends, n)
        kind, first = row.get("Variant_Type", ""), row.get("Tumor_Seq_Allele1", "")
        report(kind not in TYPES, "no such Variant_Type", kind, n)
        alleles = [row["Reference_Allele"], row["Tumor_Seq_Allele2"], *([first] if first else [])]
        told, reference, longest = (kind, span, *alleles), len(alleles[0]), max(map(len, alleles[1:]))
        report(not all(map(ALLELE.fullmatch, alleles)), "an allele is not of A, C, G, T and -", told, n)
        if kind in BASES:
            size = max(BASES[kind], reference) if kind == "ONP" else BASES[kind]
            wrong = {len(allele) for allele in alleles} != {size} or "-" in "".join(alleles)
            report(wrong, "alleles have not the bases of Variant_Type", told, n)
        if kind in ("INS", "DEL"):
            report(any(a.count("-") > 1 for a in alleles), "more than one - in an allele", told, n)
            wrong = span is not None and span != reference and not (kind == "INS" and span == 2)
            report(wrong, "positions do not span what Variant_Type says", told, n)
            wrong = reference > longest if kind == "INS" else reference < longest
            report(wrong, "alleles grow or shrink against Variant_Type", told, n)

    def copy_numbers(self, name: str, meta: dict[str, str]) -> None:
        """[docs] Discrete Copy Number Data (wide), [val] CNADiscreteValidator."""
        if (table := self.table(name)) is None:
            return
        report, genes, seen = self.reporter(name), {"Hugo_Symbol", "Entrez_Gene_Id"}, {}
        first = next((i for i, c in enumerate(table.header) if c not in genes | {"Cytoband"}), len(table.header))
        samples = table.header[first:]
        misplaced = not genes & {*table.header[:first]} or genes & {*samples}
        report(misplaced, "Hugo_Symbol or Entrez_Gene_Id do not come before the samples", table.header[:4])
        report(not samples, "no sample columns")
        for sample in samples:
            report(sample not in self.samples, "sample is not in the clinical sample file", sample)
        for n, row in table.rows:
            gene = self.gene(report, n, row.get("Hugo_Symbol", ""), row.get("Entrez_Gene_Id", ""))
            report(not gene, "neither Hugo_Symbol nor Entrez_Gene_Id", row=n)
            report(seen.setdefault(gene, n) != n, "gene twice", gene, n)  # [warn] the second is not loaded
            for value in {row[sample] for sample in samples} - COPY_NUMBERS:
                report(True, "no such copy number", value, n)

    def structural_variants(self, name: str, meta: dict[str, str]) -> None:
        """[docs] Structural Variant Data, [val] StructuralVariantValidator."""
        if (table := self.table(name, ("Sample_Id", "SV_Status"))) is None:
            return
        report, seen = self.reporter(name), {}
        for site in ("Site1", "Site2"):
            lacks = not {f"{site}_Hugo_Symbol", f"{site}_Entrez_Gene_Id"} & {*table.header}
            report(lacks, "required column missing", f"{site}_Hugo_Symbol")
        report(table.top, "the first line is not the header")  # [java]
        self.words(report, table)
        none, key = ("", "NA", "Unknown", "0"), [column for column in SV_KEY if column in table.header]
        for n, row in table.rows:
            sample, status, build = row["Sample_Id"], row["SV_Status"], row.get("NCBI_Build", "")
            report(sample not in self.samples, "sample is not in the clinical sample file", sample, n)
            report(status not in ("SOMATIC", "GERMLINE"), "SV_Status is neither SOMATIC nor GERMLINE", status, n)
            wrong = build not in none and build.lower() != self.build.lower()
            report(wrong, f"NCBI_Build is not the study's {self.build}", build, n)
            sites = [[row.get(f"Site{i}_{field}", "") for field in SITE.split()] for i in (1, 2)]
            genes = [self.gene(report, n, *site[:2], none) for site in sites]
            report(genes == ["", ""], "no gene at either site", row=n)
            for site in sites:
                report(site[2] not in CHROMOSOMES | {*none}, "no such chromosome", site[2], n)
                report(site[3] not in none and not site[3].isdecimal(), "a position is not an integer", site[3], n)
            call = tuple(row[column] for column in key)
            report(seen.setdefault(call, n) != n, "the variant of another row again", seen[call], n)

    def panel_matrix(self, name: str, meta: dict[str, str]) -> None:
        """[docs] Gene Panel Matrix file, [val] GenePanelMatrixValidator."""
        if (table := self.table(name, ["SAMPLE_ID"], ordered=True, blanks=False)) is None:
            return
        report, seen = self.reporter(name), set()
        columns = [column for column in table.header if column != "SAMPLE_ID"]
        named = {stable for stable, profile in self.profiles.items() if "gene_panel" in profile}
        for column in columns:
            report(column not in self.profiles, "no meta file has this stable_id", column)
            report(column in named - {"mutations"}, "gene_panel is in the meta file of this profile too", column)
            panels = {row[column] for _, row in table.rows} - WHOLE - self.panels
            report(panels, f"gene panels of {column} without a data_gene_panel_*.txt", sorted(panels))
        lacks = sorted(self.profiles.keys() - {*columns} - named)
        report(lacks, "profiles without a column, or gene_panel in their meta file", lacks)
        for n, row in table.rows:
            sample, profiled = row["SAMPLE_ID"], row.get("mutations", "NA") not in ("", "NA")
            report(sample not in self.samples, "sample is not in the clinical sample file", sample, n)
            report(sample in seen, "SAMPLE_ID twice", sample, n)
            seen.add(sample)
            unlisted = sample not in self.lists.get("_sequenced", {sample})
            report(profiled and unlisted, "sample with a panel is not in the _sequenced case list", sample, n)
