"""How a study folder is read, written a second time from cBioPortal's importer: an oracle for the package's reader.

`read(folder)` gives the patients, tumours, normals, number of loaded mutations, and per gene and tumour whether it is
altered, not altered, or not profiled. Plain Python; nothing of `lcnec_utils` is used, and no code of cBioPortal.

Sources, at cBioPortal/cbioportal-core c3c8edf: [maf] ImportExtendedMutationData.java, MutationFilter.java and
ExtendedMutationUtil.java, [chr] DaoGeneOptimized.normalizeChr, [gene] DaoGeneOptimized.getNonAmbiguousGene, [id]
StableIdUtil.java, [cna] ImportTabDelimData.java, [long] ImportCnaDiscreteLongData.java, [sv]
ImportStructuralVariantData.java, [matrix] ImportGenePanelProfileMap.java, [panel] GenePanelUtil.java, [clinical]
ImportClinicalData.java and Sample.java, [list] CaseListReader.java, [meta] cbioportal_common.py, cbioportalImporter.py,
[val] validateData.py. [ours] is a rule that the project adds or changes on purpose: read leniently what a stranger's
folder holds, where the importer stops or drops.
"""

import gzip
import re
from pathlib import Path
from typing import NamedTuple

# symbol: Entrez gene id, previous symbols. Not the importer's table, which is a portal's database.
GENES = {
    "TP53": ("7157", ()),
    "RB1": ("5925", ()),
    "STK11": ("6794", ()),
    "KEAP1": ("9817", ()),
    "SMARCA4": ("6597", ()),
    "CDKN2A": ("1029", ()),
    "PTEN": ("5728", ()),
    "ARID1A": ("8289", ()),
    "NF1": ("4763", ()),
    "KMT2D": ("8085", ("MLL2",)),
    "ALK": ("238", ()),
    "ROS1": ("6098", ()),
    "RET": ("5979", ()),
    "NTRK1": ("4914", ()),
    "NTRK2": ("4915", ()),
    "NTRK3": ("4916", ()),
    "KRAS": ("3845", ()),
    "EGFR": ("1956", ()),
    "BRAF": ("673", ()),
    "PIK3CA": ("5290", ()),
    "MET": ("4233", ()),
    "TERT": ("7015", ()),
    "KMT2C": ("58508", ("MLL3",)),
    "KMT2A": ("4297", ("MLL",)),
    "AMER1": ("139285", ("FAM123B",)),
    "MYCL": ("4610", ("MYCL1",)),
}
CURRENT = {previous: symbol for symbol, (_, names) in GENES.items() for previous in names}
OF_ENTREZ = {entrez: symbol for symbol, (entrez, _) in GENES.items()}
SUPPRESSORS = set("RB1 TP53 STK11 KEAP1 SMARCA4 CDKN2A PTEN ARID1A NF1 KMT2D".split())
FUSED = set("ALK ROS1 RET NTRK1 NTRK2 NTRK3".split())

# [maf] begins with one of these, in any capitals; RNA alone is the whole word
FILTERED = "silent intron 3'utr 3'flank 5'utr igr".split()
# [ours] words of VEP, SnpEff and ANNOVAR: a row whose every known term is among the second is left out
CHANGING = set(
    """transcript_ablation splice_acceptor_variant splice_donor_variant stop_gained frameshift_variant stop_lost
    start_lost transcript_amplification inframe_insertion inframe_deletion missense_variant
    protein_altering_variant""".split()
)
CHANGING |= {"nonsynonymous snv", "stopgain", "stoploss", "frameshift deletion", "frameshift insertion", "splicing"}
CHANGING |= {"nonframeshift deletion", "nonframeshift insertion"}
SILENT = set(
    """synonymous_variant start_retained_variant stop_retained_variant intron_variant 3_prime_utr_variant
    5_prime_utr_variant upstream_gene_variant downstream_gene_variant intergenic_variant regulatory_region_variant
    non_coding_transcript_variant nmd_transcript_variant non_coding_transcript_exon_variant intronic utr3 utr5
    intergenic upstream downstream ncrna_exonic ncrna_intronic""".split()
)
SILENT |= {"synonymous snv"}
CHROMOSOMES = {f"{chr}{name}" for chr in ("", "CHR") for name in (*range(1, 25), "X", "Y")} | {"MT", "NA"}  # [chr]
EXOME = {"WXS", "WGS", "WXS/WGS"}  # [matrix]
FEATURES = {"gene symbol", "hugo_symbol", "entrez_gene_id", "locus id", "cytoband"}  # [cna] before the samples
NORMAL_COLUMNS = ("sample_type", "sample_class", "sample_type_detailed")  # [clinical] the first, [ours] the others

META_FILE = re.compile(r"(\b|_)meta(\b|[_0-9])", re.I)  # [meta]
KINDS = {
    ("CLINICAL", "PATIENT_ATTRIBUTES"): "patients",
    ("CLINICAL", "SAMPLE_ATTRIBUTES"): "samples",
    ("MUTATION_EXTENDED", "MAF"): "mutations",
    ("COPY_NUMBER_ALTERATION", "DISCRETE"): "copy_number",
    ("COPY_NUMBER_ALTERATION", "DISCRETE_LONG"): "copy_number",
    ("STRUCTURAL_VARIANT", "SV"): "variants",
    ("MUTATION_EXTENDED", "FUSION"): "fusions",  # [ours] no longer imported, as old studies have it
    ("GENE_PANEL_MATRIX", "GENE_PANEL_MATRIX"): "matrix",
}
NAMES = {  # [ours] where no meta file names one
    "patients": "data_clinical_patients? data_patients data_bcr_clinical_data_patient",
    "samples": "data_clinical_samples? data_samples data_bcr_clinical_data_sample",
    "joint": "data_clinical",
    "mutations": r"data_mutations(_extended|_mskcc)? .*\.maf",
    "copy_number": "data_cna data_CNA data_cna_rae data_cna_consensus",
    "variants": "data_sv data_structural_variants",
    "fusions": "data_fusions?",
    "matrix": "data_gene(_panel)?_matrix",
}
NAMES = {
    kind: re.compile("|".join(rf"{stem}(\.gz)?" if "maf" in stem else rf"{stem}\.txt(\.gz)?" for stem in names.split()))
    for kind, names in NAMES.items()
}


class Refused(Exception):
    """The importer, or its validator, takes no such folder."""


class Table(NamedTuple):
    """The header cells and the rows of a file, each as long as the header."""

    header: list[str]
    rows: list[list[str]]

    def records(self) -> list[dict[str, str]]:
        """Rows by lower-case column; [maf], [sv] and [long] know columns in any capitals, [clinical] raises them."""
        columns = [name.lower() for name in self.header]
        return [dict(zip(columns, row, strict=True)) for row in self.rows]


def text(path: Path) -> str:
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    return data.decode("utf-8-sig")


def lines(path: Path) -> list[str]:
    return text(path).replace("\r\n", "\n").replace("\r", "\n").split("\n")


def cell(written: str) -> str:
    written = written.strip()
    if len(written) > 1 and written[0] == written[-1] == '"':  # [ours]
        written = written[1:-1].strip()
    return written


def table(path: Path) -> Table:
    """Without comment lines and blank lines, wherever they are."""
    kept = [line.split("\t") for line in lines(path) if line.strip() and not line.startswith("#")]
    header = [cell(name) for name in kept[0]]
    while not header[-1]:  # trailing tabs
        header.pop()
    width = len(header)
    rows = [[cell(value) for value in (row + [""] * width)[:width]] for row in kept[1:]]
    return Table(header, [row for row in rows if any(row)])


def properties(path: Path) -> dict[str, str]:
    """The fields of a meta file, a case list or a gene panel."""
    pairs = [line.split(":", 1) for line in lines(path) if ":" in line]
    return {name.strip(): value.strip() for name, value in pairs}


def missing(value: str) -> bool:
    return value in ("", "NA")


# --- files


def files(folder: Path) -> tuple[dict[str, Path], dict[str, dict], str]:
    """Path by kind, meta fields by kind, the study's identifier."""
    found, metas, study = {}, {}, ""
    inside = sorted(path for path in folder.iterdir() if path.is_file())
    for path in inside:
        if not META_FILE.search(path.name) or path.name.startswith(".") or path.name.endswith("~"):
            continue
        meta = properties(path)
        study = meta.get("cancer_study_identifier", study)
        kind = KINDS.get((meta.get("genetic_alteration_type"), meta.get("datatype")))
        if kind:
            found[kind] = folder / meta["data_filename"]
            if not found[kind].exists():  # [ours]
                found[kind] = folder / f"{meta['data_filename']}.gz"
            metas[kind] = meta
    for kind, pattern in NAMES.items():
        named = [path for path in inside if pattern.fullmatch(path.name)]
        if kind not in found and named:
            found[kind] = named[0]
    if not {"samples", "joint"} & set(found):  # [ours] the study view's download
        for path in inside:
            if path.suffix == ".tsv" and {"Patient ID", "Sample ID"} <= set(table(path).header):
                found["view"] = path
    return found, metas, study


# --- samples

TCGA = re.compile(r"(TCGA-\w\w-\w\w\w\w-(\d\d))")  # [id]


def normal_barcode(sample: str) -> bool:
    """[id] knows 10 and 11; [ours] TCGA's own table of codes has normals from 10 to 14."""
    barcode = TCGA.match(sample)
    return bool(barcode) and 10 <= int(barcode[2]) <= 14


def normal_row(row: dict[str, str]) -> bool:
    """[clinical] Blood Derived Normal, Solid Tissues Normal; [ours] any sample type that ends in normal."""
    return any(row.get(column, "").lower().split()[-1:] == ["normal"] for column in NORMAL_COLUMNS)


class Samples:
    """Who is a tumour, who a normal, and which of them an identifier in another file means."""

    def __init__(self, rows: list[dict[str, str]]):
        self.tumours = [row["sample_id"] for row in rows if not self.is_normal(row)]
        self.normals = [row["sample_id"] for row in rows if self.is_normal(row)]
        self.all = set(self.tumours) | set(self.normals)
        if len(self.all) < len(rows):
            raise Refused("a sample twice")
        self.barcodes: dict[str, list[str]] = {}
        for sample in self.tumours + self.normals:
            if TCGA.match(sample):
                self.barcodes.setdefault(TCGA.match(sample)[1], []).append(sample)

    @staticmethod
    def is_normal(row: dict[str, str]) -> bool:
        return normal_barcode(row["sample_id"]) or normal_row(row)

    def tumour(self, written: str, required: bool = True) -> str | None:
        """The tumour that an identifier means, None for a normal; [id] cuts a TCGA barcode after the sample code."""
        sample = written if written in self.all else None
        if sample is None and TCGA.match(written):
            named = self.barcodes.get(TCGA.match(written)[1], [])
            if len(named) > 1:
                raise Refused(f"{written} may be any of {named}")
            sample = named[0] if named else None
        if sample is None and required and not normal_barcode(written):
            raise Refused(f"unknown sample {written}")
        return sample if sample in self.tumours else None


# --- genes


def symbol(written: str) -> str:
    """[gene] in capitals, previous symbols replaced; [cna] SYMBOL|ID is SYMBOL; [ours] an isoform is its gene."""
    name = written.split("|")[0].strip().upper() if "|" in written[1:] else written.upper()
    if name.startswith("CDKN2A") and re.fullmatch(r"CDKN2A[ _.(-]?P(16|14)(INK4A|ARF)?\)?", name):
        return "CDKN2A"
    return CURRENT.get(name, name)


def gene(row: dict[str, str], hugo: str = "hugo_symbol", entrez: str = "entrez_gene_id") -> str | None:
    """The gene of a row: its Entrez id first, then its symbol."""
    number = row.get(entrez, "")
    if number.isdigit() and number in OF_ENTREZ:
        return OF_ENTREZ[number]
    name = row.get(hugo, "")
    return symbol(name) if name not in ("", "Unknown", "NA") else None


# --- mutations


def silent(word: str) -> bool | None:
    """Whether a word of a consequence predictor changes no protein; None where it is none of its words."""
    terms = {term.strip().lower() for term in re.split("[&,;]", word)}
    if terms & CHANGING:
        return False
    return True if terms & SILENT else None


def loaded(row: dict[str, str], meant: str | None, chosen: set[str] | None) -> bool:
    """Whether a row of a tumour is loaded; `chosen` is the meta file's variant_classification_filter."""
    if row.get("validation_status", "").lower() == "wildtype":
        return False
    if row.get("entrez_gene_id", "") and not row["entrez_gene_id"].isdigit():  # [maf] NA is no number
        return False
    if (row.get("chromosome") or "NA").upper() not in CHROMOSOMES:
        return False
    word = row.get("variant_classification") or "NA"
    if word.lower() == "rna" or meant is None:  # [maf] RNA whatever the filter says
        return False
    if row.get("mutation_status", "").lower().startswith(("none", "loh", "wildtype")):
        return False
    if row.get("validation_status", "").lower().startswith("redacted"):
        return False
    if chosen is not None:
        return word not in chosen
    if word.lower().startswith("5'flank"):
        return meant == "TERT"
    return not word.lower().startswith(tuple(FILTERED)) and not silent(word)


# --- profiling


def panels(folder: Path) -> dict[str, set[str]]:
    """Genes by panel; [panel] a number in the list is an Entrez id."""
    found = {}
    for path in folder.glob("data_gene_panel_*"):
        if path.stem.endswith("matrix") or path.suffix not in (".txt", ".gz") or META_FILE.search(path.name):
            continue
        panel = properties(path)
        if "gene_list" in panel:
            names = [name.strip() for name in panel["gene_list"].split("\t")]
            found[panel["stable_id"]] = {OF_ENTREZ.get(name) or symbol(name) for name in names if name}
    return found


def sequenced(folder: Path, maf: Path, samples: Samples, of_patient: dict[str, list[str]]) -> set[str] | None:
    """Tumours of the list of sequenced samples, and of the line above a MAF's header; None where there is neither."""
    found = None
    for line in lines(maf):
        if not line.startswith("#"):
            break
        if "sequenced_samples:" in line:
            found = {samples.tumour(written) for written in line.split("sequenced_samples:")[1].split()}
    for path in sorted((folder / "case_lists").glob("*")):
        if path.name.startswith(".") or path.name.endswith("~"):
            continue
        case_list = properties(path)
        identifier = case_list.get("stable_id") or path.stem.replace("cases_", "_")
        if identifier.endswith("_sequenced"):
            found = found or set()
            for written in case_list.get("case_list_ids", "").split("\t"):
                tumour = samples.tumour(written.strip(), required=False)
                found |= {tumour} if tumour else set(of_patient.get(written.strip(), ()))
    return found if found is None else found - {None}


def assigned(path: Path | None, study: str, samples: Samples, rows: list[dict]) -> dict[str, str] | None:
    """Panel by tumour: of the matrix, else of the samples' GENE_PANEL; "" where none is named, None without either."""
    if path:
        matrix = table(path).records()
        column = {"mutations", f"{study}_mutations"} & set(matrix[0]) if matrix else set()
        if column:
            column = column.pop()
            return {samples.tumour(row["sample_id"]): row[column] for row in matrix if not missing(row[column])}
    if rows and "gene_panel" in rows[0]:
        return {row["sample_id"]: row["gene_panel"] for row in rows if not missing(row["gene_panel"])}
    return None


def read(folder: Path) -> dict:
    """What a folder holds. Refused where the importer refuses.

    `patients`, `samples` (tumours): sets; `normals`: sorted; `mutations`: number of loaded rows; `profiled`: genes by
    tumour, None for every gene, a tumour that was not profiled is absent; `events`: pairs of tumour and gene with an
    alteration that counts, profiled or not.
    """
    found, metas, study = files(folder)
    if "view" in found:
        rows = table(found["view"]).records()
        rows = [{name.replace(" ", "_"): value for name, value in row.items()} for row in rows]
    else:
        rows = table(found.get("samples") or found["joint"]).records()
    samples = Samples(rows)
    patients = {row["patient_id"] for row in rows}
    if "patients" in found and "view" not in found:
        listed = [row["patient_id"] for row in table(found["patients"]).records()]
        if len(set(listed)) < len(listed):
            raise Refused("a patient twice")
        patients |= set(listed)

    events, seen, with_mutation, count = set(), set(), set(), 0
    meta = metas.get("mutations", {})
    chosen = None
    if "variant_classification_filter" in meta:
        chosen = {word.strip() for word in meta["variant_classification_filter"].split(",")}
    for row in table(found["mutations"]).records():
        tumour, meant = samples.tumour(row["tumor_sample_barcode"]), gene(row)
        seen.add(meant)
        if tumour is not None and loaded(row, meant, chosen):
            events.add((tumour, meant))
            with_mutation.add(tumour)
            count += 1

    if "copy_number" in found:
        deleted, named = copy_number(table(found["copy_number"]), samples)
        events |= {pair for pair in deleted if pair[1] in SUPPRESSORS}
        seen |= named
    for kind, of in (("variants", structural), ("fusions", fusions)):
        if kind in found:
            events |= {pair for pair in of(table(found[kind]), samples) if pair[1] in SUPPRESSORS | FUSED}

    of_patient: dict[str, list[str]] = {}
    for row in rows:
        if row["sample_id"] in samples.tumours:
            of_patient.setdefault(row["patient_id"], []).append(row["sample_id"])
    lists, listed = panels(folder), sequenced(folder, found["mutations"], samples, of_patient)
    named = assigned(found.get("matrix"), study, samples, rows)
    panel = meta.get("gene_panel")
    profiled = {}
    for tumour in samples.tumours:
        own = (named or {}).get(tumour)
        if own is None and (tumour in with_mutation or tumour in (listed or ())):
            own = panel or "WXS"
        if own is None and named is None and panel is None and listed is None:
            own = "WXS"  # [ours] a folder that says nothing of what was sequenced
        if own is not None:
            profiled[tumour] = None if own in EXOME else lists.get(own, seen)
    return {
        "patients": patients,
        "samples": set(samples.tumours),
        "normals": sorted(samples.normals),
        "mutations": count,
        "profiled": profiled,
        "events": events,
    }


def answer(found: dict, tumour: str, name: str) -> bool | None:
    """Whether a gene is altered in a tumour; None where it was not profiled there."""
    if tumour not in found["profiled"]:
        return None
    genes = found["profiled"][tumour]
    if genes is not None and name not in genes:
        return None
    return (tumour, name) in found["events"]


# --- copy number and structural variants


def copy_number(file: Table, samples: Samples) -> tuple[set[tuple], set[str]]:
    """Deep deletions as pairs of tumour and gene, and the genes of the rows. [cna] and [long] keep the first row of a
    gene; [ours] rows of one gene are merged, an altered value over 0 or none, and two altered values are refused."""
    values: dict[tuple, str] = {}
    named = set()

    def put(tumour: str | None, name: str, value: str) -> None:
        value = "-2" if value == "-1.5" else value
        if tumour is None or missing(value):
            return
        if value not in ("-2", "-1", "0", "1", "2"):
            raise Refused(f"copy number {value}")
        before = values.get((tumour, name), "0")
        if "0" not in (before, value) and before != value:
            raise Refused(f"{name} of {tumour} twice")
        values[tumour, name] = value if before == "0" else before

    columns = [name.lower() for name in file.header]
    if "sample_id" in columns:
        for row in file.records():
            name = gene(row)
            if name is not None:
                named.add(name)
                put(samples.tumour(row["sample_id"]), name, row["value"])
    else:
        first = max(i for i, name in enumerate(columns) if name in FEATURES) + 1
        tumours = [samples.tumour(written) for written in file.header[first:]]
        for row in file.rows:
            head = dict(zip(columns[:first], row, strict=False))
            written = head.get("hugo_symbol", "")
            if "///" in written or "---" in written:
                continue
            name = gene(head)
            if name is not None:
                named.add(name)
                for tumour, value in zip(tumours, row[first:], strict=True):
                    put(tumour, name, value)
    return {pair for pair, value in values.items() if value == "-2"}, named


def structural(file: Table, samples: Samples) -> set[tuple]:
    """Pairs of tumour and gene of either site."""
    pairs = set()
    for row in file.records():
        tumour = samples.tumour(row["sample_id"])
        if missing(row.get("sv_status", "")):
            continue
        sites = {gene(row, f"site{i}_hugo_symbol", f"site{i}_entrez_gene_id") for i in (1, 2)} - {None}
        pairs |= {(tumour, name) for name in sites}
    return {pair for pair in pairs if pair[0] is not None}


def fusions(file: Table, samples: Samples) -> set[tuple]:
    """The older file has a row for each gene of a fusion."""
    pairs = {(samples.tumour(row["tumor_sample_barcode"]), gene(row)) for row in file.records()}
    return {pair for pair in pairs if None not in pair}
