"""Random small study folders, as the field writes them: every oddity that the importer accepts, at random.

`study(seed)` gives the files of a folder (path to bytes) and the oddities drawn for it; the same seed gives the same
folder. Each oddity has a random stream of its own, so that one can be left out (`without`) and patients dropped
(`only`) with everything else as it was: that is how a failing folder is cut down. No file says how it is to be read.

    python tests/cohort/random_studies.py SEED FOLDER [ODDITY_LEFT_OUT ...]
"""

import gzip
import random
import sys
from pathlib import Path

from importer_rules import GENES

STUDY = "x_2024"
# the share of folders with each oddity
ODDITIES = {
    # the folder
    "no_meta_study": 0.15,
    "meta_mutations": 0.5,
    "meta_clinical": 0.3,
    "meta_copy_number": 0.5,
    "meta_variants": 0.5,
    "meta_matrix": 0.4,
    "meta_odd_names": 0.2,
    "other_file_names": 0.4,
    "decoys": 0.4,
    "decoy_beside_meta": 0.1,
    # patients and samples
    "tcga": 0.2,
    "aliquots": 0.7,
    "short_barcodes": 0.2,
    "number_ids": 0.15,
    "second_samples": 0.4,
    "normals_by_type": 0.25,
    "normals_by_barcode": 0.6,
    "unlisted_normals": 0.3,
    "rows_of_normals": 0.5,
    "patient_of_a_normal_only": 0.5,
    "no_patient_table": 0.15,
    "joint_table": 0.1,
    "study_view": 0.05,
    "patients_lacking": 0.2,
    "patients_without_samples": 0.2,
    "clinical_comments": 0.4,
    "clinical_nulls": 0.3,
    # rows of the MAF
    "no_entrez_column": 0.2,
    "entrez_unset": 0.2,
    "entrez_only": 0.2,
    "entrez_of_another": 0.1,
    "unknown_symbol": 0.3,
    "unknown_with_entrez": 0.1,
    "previous_symbols": 0.3,
    "small_letters": 0.2,
    "spaced_symbols": 0.1,
    "isoforms": 0.2,
    "no_chromosome_column": 0.2,
    "chromosomes": 0.4,
    "mutation_status": 0.4,
    "validation_status": 0.3,
    "filtered_words": 0.5,
    "other_words": 0.3,
    "flank": 0.3,
    "consequence_words": 0.2,
    "class_filter": 0.2,
    "commented_rows": 0.4,
    "small_header": 0.05,
    # what was sequenced
    "no_list": 0.2,
    "partial_list": 0.5,
    "list_by_file_name": 0.2,
    "list_with_strangers": 0.2,
    "sequenced_line": 0.15,
    "other_lists": 0.5,
    "list_of_another_name": 0.1,
    "matrix": 0.45,
    "meta_panel": 0.2,
    "panel_column": 0.2,
    "panels_without_genes": 0.4,
    "panels_by_entrez": 0.2,
    "matrix_prefixed": 0.4,
    "matrix_blanks": 0.5,
    "matrix_lacks_rows": 0.4,
    # copy number and structural variants
    "copy_number": 0.6,
    "long": 0.25,
    "alias_rows": 0.4,
    "partial_deletions": 0.3,
    "blank_values": 0.3,
    "symbol_and_id": 0.2,
    "unreadable_genes": 0.2,
    "cytoband": 0.2,
    "variants": 0.5,
    "old_fusions": 0.35,
    "variants_by_entrez": 0.3,
    "variants_one_site": 0.3,
    "kinase_alone": 0.2,
    # cells and lines, each for some of the files
    "quotes": 0.2,
    "bom": 0.15,
    "crlf": 0.25,
    "utf16": 0.07,
    "gz": 0.2,
    "trailing_tabs": 0.25,
    "trailing_tabs_in_rows": 0.15,
    "blank_lines": 0.25,
    "comments": 0.3,
    "spaces": 0.15,
    "columns_shuffled": 0.5,
    "columns_unknown": 0.3,
    "patients_in_list": 0.1,  # a patient in a case list stands for the patient's samples
    "words_longer": 0.1,  # a word that begins with one that is left out ("IGR_region") is left out too
}
# where the project reads more than the importer does (docs/cohorts.md says so): drawn only when asked for
UNSETTLED = {
    "entrez_na": 0.3,  # a MAF row whose Entrez id is no number is not loaded
    "sv_status_unset": 0.3,  # a structural variant without SV_Status is not loaded
}

CODING = "Missense_Mutation Nonsense_Mutation Frame_Shift_Del Frame_Shift_Ins In_Frame_Del In_Frame_Ins Splice_Site"
OTHER = ["Splice_Region", "Targeted_Region", "Unknown", "De_novo_Start_InFrame", "Nonstop_Mutation", "Fusion"]
OTHER += ["Translation_Start_Site", "Quite_Another_Word"]
FILTERED = ["Silent", "Intron", "3'UTR", "3'Flank", "5'UTR", "IGR", "RNA"]
CONSEQUENCES = ["missense_variant", "stop_gained", "frameshift_variant&splice_region_variant", "nonsynonymous SNV"]
CONSEQUENCES += ["synonymous_variant", "intron_variant&NMD_transcript_variant", "3_prime_UTR_variant", "UTR3"]
CONSEQUENCES += ["missense_variant,NMD_transcript_variant", "splice_donor_variant&intron_variant", "synonymous SNV"]
CONSEQUENCES += ["intronic", "downstream_gene_variant", "stop_retained_variant", "stopgain", "frameshift deletion"]
CHROMOSOMES = ["chr7", "X", "chrX", "y", "MT", "NA", "", "23", "24", "chr24", "Chr3"]
NO_CHROMOSOMES = ["GL000219.1", "25", "M", "chrUn", "0", "17_random"]
STATUS = ["None", "LOH", "Wildtype", "none", "WILDTYPE", "loh", "SOMATIC", "GERMLINE", "Unknown", "", "NA"]
VALIDATION = ["Wildtype", "Redacted", "wildtype", "REDACTED", "Valid", "Untested", "Unknown", "", "NA"]
FILTERS = ["Silent", "Silent,Intron,IGR", "Missense_Mutation", "Silent, Splice_Region , In_Frame_Del", "5'UTR"]
NORMAL_TYPES = ["Normal", "Blood Derived Normal", "Solid Tissues Normal", "Matched Normal", "NORMAL"]
TUMOUR_TYPES = ["Primary", "Metastasis", "Primary", "Primary Solid Tumor", "Recurrence", ""]
NULLS = ["NA", "", "[Not Available]", "Unknown", "[Not Applicable]"]
ISOFORMS = ["CDKN2Ap16INK4A", "CDKN2Ap14ARF", "CDKN2A(p14)", "CDKN2A(p16)"]
PREVIOUS = {symbol: names[0] for symbol, (_, names) in GENES.items() if names}
KINASES = ["ALK", "ROS1", "RET", "NTRK1", "NTRK2", "NTRK3"]
PARTNERS = ["EML4", "KIF5B", "CD74", "TPM3"]
MAF = "Hugo_Symbol Entrez_Gene_Id NCBI_Build Chromosome Start_Position End_Position Reference_Allele Tumor_Seq_Allele2"
MAF = [
    *MAF.split(),
    "Variant_Classification",
    "Mutation_Status",
    "Validation_Status",
    "Tumor_Sample_Barcode",
    "HGVSp_Short",
]


class Drawing:
    """One folder being drawn: its streams, its oddities, its files."""

    def __init__(self, seed: int, without: frozenset[str], only: frozenset[int] | None, shares: dict[str, float]):
        self.seed, self.without, self.only, self.shares = seed, without, only, shares
        self.oddities: list[str] = []
        self.asked: dict[str, bool] = {}
        self.files: dict[str, bytes] = {}

    def stream(self, name: str) -> random.Random:
        return random.Random(f"{self.seed}/{name}")

    def odd(self, name: str) -> bool:
        """Whether the folder has an oddity."""
        if name not in self.asked:
            self.asked[name] = name not in self.without and self.stream(name).random() < self.shares.get(name, 0)
            if self.asked[name]:
                self.oddities.append(name)
        return self.asked[name]

    # --- how a file is written

    def put_table(self, name: str, rows: list[list[str]], above: tuple[str, ...] = (), fixed: int = 0) -> str:
        """Write a table under a name, or that name with .gz, which is returned; the first `fixed` columns stay."""
        rng = self.stream(f"table {name}")

        def some(oddity: str, share: float = 0.5) -> bool:
            drawn = rng.random() < share
            return self.odd(oddity) and drawn

        keys = [rng.random() for _ in rows[0]]
        unknown, spaces, quotes, tabs = some("columns_unknown"), some("spaces"), some("quotes"), some("trailing_tabs")
        shuffled, rows_tabs, comments = some("columns_shuffled"), some("trailing_tabs_in_rows"), some("comments")
        if unknown and not fixed:
            rows = [[*row, "A column" if i == 0 else f"a {i}"] for i, row in enumerate(rows)]
            keys.append(0.5)
        if shuffled and not fixed:
            order = sorted(range(len(rows[0])), key=lambda i: keys[i])
            rows = [[row[i] for i in order] for row in rows]
        odd_cells = rng.random()
        written = []
        for i, row in enumerate(rows):
            commented = row[0].startswith("#")
            if spaces and i and i % 3 == 0 and not commented:
                row = [f" {value} " for value in row]
            if quotes and not commented and (odd_cells < 0.5 or i) and (odd_cells < 0.8 or i % 2):
                row = [f'"{value}"' for value in row]
            line = "\t".join(row)
            if tabs or (rows_tabs and i and i % 2):
                line += "\t\t" if odd_cells < 0.3 else "\t"
            written.append(line)
            if comments and rng.random() < 0.1:
                written.append("# " + line)
        if some("blank_lines"):
            written += ["", ""] if odd_cells < 0.5 else ["", "\t\t"]
        return self.put(name, "\n".join([*above, *written]) + ("\n" if odd_cells < 0.8 else ""), rng, packed=True)

    def put(self, name: str, text: str, rng: random.Random | None = None, packed: bool = False) -> str:
        """Write a file's text in one of the encodings."""
        rng = rng or self.stream(f"file {name}")
        crlf, bom, utf16, gz = (rng.random() < 0.5 for _ in range(4))
        if crlf and self.odd("crlf"):
            text = text.replace("\n", "\r\n")
        if utf16 and self.odd("utf16") and packed:
            data = text.encode("utf-16")
        else:
            data = text.encode("utf-8-sig" if bom and self.odd("bom") else "utf-8")
        if gz and packed and self.odd("gz"):
            name, data = f"{name}.gz", gzip.compress(data, 1, mtime=0)
        self.files[name] = data
        return name

    def put_fields(self, name: str, fields: dict[str, str]) -> None:
        self.put(name, "".join(f"{key}: {value}\n" for key, value in fields.items()))

    def named(
        self, kind: str, names: list[str], meta: str, means: tuple[str, str], needed: bool = False, **fields
    ) -> str:
        """The name that a kind of file goes by, the usual one first, and its meta file where it has one."""
        usual, *others = names
        rng = self.stream(f"name {kind}")
        name = rng.choice(others) if self.odd("other_file_names") else usual
        any_name, meta_name = rng.choice([f"{kind}_final.txt", f"{kind}.tsv", usual]), rng.choice(["a", "b", "c"])
        if self.odd(meta) or needed:
            name = any_name if self.odd("meta_odd_names") else name
            odd_name = {"a": f"{kind}.meta", "b": f"META2_{kind}.txt", "c": f"study_{kind}_meta.txt"}[meta_name]
            fields |= {"genetic_alteration_type": means[0], "datatype": means[1]}
            meta_name = odd_name if self.odd("meta_odd_names") else f"meta_{kind}.txt"
            self.meta_of[kind] = meta_name, {"cancer_study_identifier": STUDY, **fields}
        return name

    meta_of: dict[str, tuple[str, dict]]

    def put_meta(self, kind: str, data: str) -> None:
        """The meta file of a kind, where it has one; a packed file is named with or without .gz."""
        if kind in self.meta_of:
            name, fields = self.meta_of[kind]
            self.put_fields(name, {**fields, "data_filename": data})


def study(
    seed: int, without: frozenset[str] = frozenset(), only: frozenset[int] | None = None, unsettled: bool = False
) -> tuple[dict[str, bytes], list[str]]:
    """The files of a random folder by path, and the names of its oddities; `only` these of its patients."""
    draw = Drawing(seed, without, only, ODDITIES | UNSETTLED if unsettled else ODDITIES)
    draw.meta_of = {}
    people(draw)
    rng = draw.stream("genes")
    names = list(GENES)
    draw.genes = rng.sample(names, rng.randint(6, 12))
    draw.genes[0] = rng.choice(["RB1", "TP53", "CDKN2A", "KMT2D"])
    draw.genes[1] = rng.choice([draw.genes[1], "TERT"])
    draw.genes = list(dict.fromkeys(draw.genes))
    mutations(draw)
    sequencing(draw)
    if draw.odd("copy_number"):
        copy_number(draw)
    if draw.odd("variants"):
        variants(draw)
    clinical(draw)
    if not draw.odd("no_meta_study"):
        fields = {"type_of_cancer": "lung", "cancer_study_identifier": STUDY, "name": "x", "description": "x"}
        draw.put_fields("meta_study.txt", fields)
    if draw.odd("decoys"):
        decoys(draw)
    return dict(sorted(draw.files.items())), draw.oddities


# --- patients, tumours, normals


def people(draw: Drawing) -> None:
    """Tumours and normals as (sample, patient, code), in the order of the sample table."""
    rng = draw.stream("people")
    n = rng.randint(5, 30)
    start = rng.randint(1, 60)
    draw.tcga = draw.odd("tcga")
    draw.tumours, draw.normals, draw.patients = [], [], []
    for i in range(n) if draw.only is None else sorted(draw.only & set(range(n))):
        each = draw.stream(f"patient {i}")
        second, by_type, by_code = each.random() < 0.3, each.random() < 0.2, each.random() < 0.3
        code, vial = each.choice(["01", "01", "02", "06"]), each.choice("AB")
        normal_code, only_normal = each.choice(["10", "11", "10", "11", "12", "14"]), each.random() < 0.15
        if draw.tcga:
            patient = f"TCGA-{'AB' if i % 2 else '4Z'}-{start + i:04}"
            ends = [f"-{code}", "-05"]
            normal = f"{patient}-{normal_code}"
        elif draw.odd("number_ids"):
            patient, ends = f"{start + i:03}" if i % 4 else f"{start + i}E{i % 7}", ["1", "2"]
            normal = f"{patient}9"
        else:
            patient, ends = f"P-{start + i:04}", ["-T01", "-T02"]
            normal = f"{patient}-N01"
        vial = vial if draw.tcga and not draw.odd("short_barcodes") else ""
        draw.patients.append(patient)
        is_normal = (draw.tcga and draw.odd("normals_by_barcode") and by_code) or (
            draw.odd("normals_by_type") and by_type
        )
        if not (is_normal and only_normal and draw.tumours and draw.odd("patient_of_a_normal_only")):
            draw.tumours.append((f"{patient}{ends[0]}{vial}", patient))
            if second and draw.odd("second_samples"):
                draw.tumours.append((f"{patient}{ends[1]}{vial}", patient))
        if is_normal:
            draw.normals.append((f"{normal}{vial}", patient))


def barcode(draw: Drawing, sample: str, rng: random.Random) -> str:
    """A sample as a file beside the clinical table calls it: TCGA's by the aliquot, or cut after the sample code."""
    plate, cut = rng.choice(["-11D-1105-08", "-21D-A04H-01"]), rng.random() < 0.3
    if not draw.tcga or not draw.odd("aliquots"):
        return sample
    if cut:
        return sample[:15]
    return (sample if len(sample) == 16 else f"{sample}A") + plate


def clinical(draw: Drawing) -> None:
    rng = draw.stream("clinical")
    patients, rows = [["PATIENT_ID", "SEX", "AGE", "OS_MONTHS", "OS_STATUS"]], []
    for patient in draw.patients:
        each = draw.stream(f"clinical {patient}")
        row = [each.choice(["Female", "Male"]), str(each.randint(40, 88)), f"{each.uniform(1, 60):.1f}"]
        row.append(each.choice(["0:LIVING", "1:DECEASED"]))
        null, which, what = each.random(), each.randrange(4), each.choice(NULLS)
        if null < 0.1 and draw.odd("clinical_nulls"):
            row[which] = what
        lacking = each.random() < 0.2
        rows.append((patient, row))
        if not (lacking and len(patients) > 1 and draw.odd("patients_lacking")):
            patients.append([patient, *row])
    of_patient = dict(rows)
    extra = [f"Q-{i}" for i in range(rng.randint(1, 3))]
    if draw.odd("patients_without_samples"):
        patients += [[patient, "Male", "70", "10", "0:LIVING"] for patient in extra]

    header = ["SAMPLE_ID", "PATIENT_ID", "ONCOTREE_CODE", "CANCER_TYPE_DETAILED"]
    type_column = rng.choice(["SAMPLE_TYPE", "SAMPLE_TYPE", "SAMPLE_CLASS", "SAMPLE_TYPE_DETAILED"])
    typed = bool(draw.normals) and draw.odd("normals_by_type") or rng.random() < 0.3
    header += [type_column] * typed + ["GENE_PANEL"] * bool(draw.panel_of)
    samples = [header]
    tumours = {sample for sample, _ in draw.tumours}
    listed = draw.tumours + draw.normals
    listed.sort(key=lambda pair: draw.stream(f"order {pair[0]}").random())
    for sample, patient in listed:
        each = draw.stream(f"sample {sample}")
        row = [sample, patient, "LUNE", "Lung Large Cell Neuroendocrine Carcinoma"]
        kind = each.choice(TUMOUR_TYPES if sample in tumours else NORMAL_TYPES)
        row += [kind] * typed + [draw.panel_of.get(sample, each.choice(["", "NA"]))] * bool(draw.panel_of)
        samples.append(row)

    view = draw.odd("study_view")
    if view or draw.odd("joint_table"):
        header = ["PATIENT_ID", *patients[0][1:], *samples[0][:1], *samples[0][2:]]
        joint = [header] + [[row[1], *of_patient[row[1]], row[0], *row[2:]] for row in samples[1:]]
        if not view:
            draw.put_table("data_clinical.txt", joint, above(draw, "joint", joint[0]))
            return
        titles = {"PATIENT_ID": "Patient ID", "SAMPLE_ID": "Sample ID", "OS_MONTHS": "Overall Survival (Months)"}
        titles |= {"OS_STATUS": "Overall Survival Status", "SEX": "Sex", "AGE": "Diagnosis Age"}
        titles |= {"ONCOTREE_CODE": "Oncotree Code", "CANCER_TYPE_DETAILED": "Cancer Type Detailed"}
        joint[0] = [titles.get(name, name.replace("_", " ").title()) for name in header]
        joint = [["Study ID", *joint[0]], *[[STUDY, *row] for row in joint[1:]]]
        name = f"{STUDY}_clinical_data.tsv"
        draw.files[name] = ("\n".join("\t".join(row) for row in joint) + "\n").encode()
        return
    names = ["data_clinical_sample.txt", "data_clinical_samples.txt", "data_samples.txt"]
    names.append("data_bcr_clinical_data_sample.txt")
    name = draw.named("samples", names, "meta_clinical", ("CLINICAL", "SAMPLE_ATTRIBUTES"))
    draw.put_meta("samples", draw.put_table(name, samples, above(draw, "samples", header)))
    if not draw.odd("no_patient_table"):
        names = [name.replace("sample", "patient") for name in names]
        name = draw.named("patients", names, "meta_clinical", ("CLINICAL", "PATIENT_ATTRIBUTES"))
        draw.put_meta("patients", draw.put_table(name, patients, above(draw, "patients", patients[0])))


def above(draw: Drawing, name: str, header: list[str]) -> tuple[str, ...]:
    """The four lines that cBioPortal has above a clinical header."""
    if not draw.odd("clinical_comments"):
        return ()
    numbers = ["NUMBER" if name in ("AGE", "OS_MONTHS") else "STRING" for name in header]
    above = [header, header, numbers, ["1"] * len(header)]
    return tuple("#" + "\t".join(row) for row in above)


# --- mutations


def mutations(draw: Drawing) -> None:
    """The MAF and its meta file."""
    rows = mutation_rows(draw)
    genes = {id(row): row["Hugo_Symbol"] for row in rows}
    filtered = draw.odd("class_filter")
    others = rows[1:]  # the first stays a mutation that counts
    odd_words(draw, others, filtered)
    odd_symbols(draw, others)
    odd_entrez(draw, others, genes, filtered)
    table, above = maf_table(draw, rows)
    put_mutations(draw, table, above, filtered)


def mutation_rows(draw: Drawing) -> list[dict[str, str]]:
    """Mutations of tumours, one at least, and of normal samples."""
    rows = []
    for sample, _ in draw.tumours:
        each = draw.stream(f"mutations {sample}")
        for _ in range(max(each.randint(-2, 5), 1 if not rows else 0)):
            rows.append(mutation(sample, each.choice(draw.genes), each))
    if draw.odd("rows_of_normals"):
        for sample, _ in draw.normals:
            each = draw.stream(f"mutations {sample}")
            rows.append(mutation(sample, each.choice(draw.genes), each))
    if draw.tcga and draw.odd("unlisted_normals"):
        each = draw.stream("unlisted normals")
        for patient in draw.patients[::4]:
            rows.append(mutation(f"{patient}-{each.choice(['10', '11'])}C", each.choice(draw.genes), each))
    return rows


def odd_rows(
    draw: Drawing, rows: list[dict[str, str]], oddity: str, share: float
) -> list[tuple[dict[str, str], random.Random]]:
    """A share of the rows, each with a random stream, where the folder has the oddity."""
    rng = draw.stream(f"rows {oddity}")
    chosen = [row for row in rows if rng.random() < share]
    return [(row, draw.stream(f"{oddity} {row['Start_Position']}")) for row in chosen] if draw.odd(oddity) else []


def odd_words(draw: Drawing, rows: list[dict[str, str]], filtered: bool) -> None:
    """Odd words for a mutation's class, chromosome and status; filtered: the meta file names the classes left out."""
    for row, rng in odd_rows(draw, rows, "filtered_words", 0.3):
        word = rng.choice(FILTERED)
        row["Variant_Classification"] = word if filtered else rng.choice([word, word, word.lower(), word.upper()])
    for row, rng in odd_rows(draw, rows, "other_words", 0.2):
        row["Variant_Classification"] = rng.choice(OTHER)
    if not filtered:
        for row, rng in odd_rows(draw, rows, "consequence_words", 0.5):
            row["Variant_Classification"] = rng.choice(CONSEQUENCES)
    for row, _ in odd_rows(draw, rows, "flank", 0.15):
        row["Variant_Classification"] = "5'Flank"
    for row, rng in odd_rows(draw, rows, "chromosomes", 0.4):
        row["Chromosome"] = rng.choice(CHROMOSOMES + NO_CHROMOSOMES)
    for row, rng in odd_rows(draw, rows, "mutation_status", 0.4):
        row["Mutation_Status"] = rng.choice(STATUS)
    for row, rng in odd_rows(draw, rows, "validation_status", 0.4):
        row["Validation_Status"] = rng.choice(VALIDATION)


def odd_symbols(draw: Drawing, rows: list[dict[str, str]]) -> None:
    """Gene symbols as the field writes them."""
    for row, _ in odd_rows(draw, rows, "previous_symbols", 0.6):
        row["Hugo_Symbol"] = PREVIOUS.get(row["Hugo_Symbol"], row["Hugo_Symbol"])
    for row, rng in odd_rows(draw, rows, "isoforms", 0.6):
        if row["Hugo_Symbol"] == "CDKN2A":
            row["Hugo_Symbol"] = rng.choice(ISOFORMS)
    for row, _ in odd_rows(draw, rows, "small_letters", 0.3):
        row["Hugo_Symbol"] = row["Hugo_Symbol"].lower()
    for row, _ in odd_rows(draw, rows, "spaced_symbols", 0.3):
        row["Hugo_Symbol"] += " "


def odd_entrez(draw: Drawing, rows: list[dict[str, str]], genes: dict[int, str], filtered: bool) -> None:
    """Entrez ids that are unset or another's, and rows without a symbol; genes: id of a row → its gene."""
    no_entrez = draw.odd("no_entrez_column")
    for row, rng in odd_rows(draw, rows, "entrez_unset", 0.5):
        row["Entrez_Gene_Id"] = rng.choice(["0", ""])
    for row, rng in odd_rows(draw, rows, "words_longer", 0.2):
        if not filtered:
            row["Variant_Classification"] = rng.choice(["Silent_SNV", "IGR_region", "5'Flanking"])
    for row, _ in odd_rows(draw, rows, "entrez_na", 0.2):
        row["Entrez_Gene_Id"] = "NA"
    for row, rng in odd_rows(draw, rows, "entrez_of_another", 0.3):
        row["Entrez_Gene_Id"] = GENES[rng.choice(draw.genes)][0]
    for row, _ in odd_rows(draw, rows, "unknown_symbol", 0.15):
        row.update(Hugo_Symbol="Unknown", Entrez_Gene_Id="0")
    if not no_entrez:
        for row, _ in odd_rows(draw, rows, "entrez_only", 0.3):
            row.update(Hugo_Symbol="", Entrez_Gene_Id=GENES[genes[id(row)]][0])
        for row, _ in odd_rows(draw, rows, "unknown_with_entrez", 0.3):
            row.update(Hugo_Symbol="Unknown", Entrez_Gene_Id=GENES[genes[id(row)]][0])


def maf_table(draw: Drawing, rows: list[dict[str, str]]) -> tuple[list[list[str]], tuple[str, ...]]:
    """The header and the rows in random order, some of them commented out; and the lines above the header."""
    left_out = [("Entrez_Gene_Id", draw.odd("no_entrez_column")), ("Chromosome", draw.odd("no_chromosome_column"))]
    left_out += [("Mutation_Status", not draw.odd("mutation_status"))]
    left_out += [("Validation_Status", not draw.odd("validation_status"))]
    columns = [name for name in MAF if name not in {name for name, out in left_out if out}]
    order = draw.stream("order of mutations")
    rows = sorted(rows, key=lambda row: draw.stream(f"at {row['Start_Position']}").random())
    table = [[name.lower() if draw.odd("small_header") else name for name in columns]]
    for row in rows:
        row["Tumor_Sample_Barcode"] = barcode(draw, row["Tumor_Sample_Barcode"], order)
        table.append([row[name] for name in columns])
        if order.random() < 0.1 and draw.odd("commented_rows"):
            table[-1][0] = "#" + table[-1][0]
    above = ("#version 2.4",) if order.random() < 0.3 else ()
    if draw.odd("sequenced_line"):
        above += ("#sequenced_samples: " + " ".join(sample for sample, _ in draw.tumours[1::2]),)
    return table, above


def put_mutations(draw: Drawing, table: list[list[str]], above: tuple[str, ...], filtered: bool) -> None:
    """Write the MAF and its meta file, and sometimes a decoy of the usual name beside a MAF of another name."""
    fields = {"stable_id": "mutations", "show_profile_in_analysis_tab": "true", "profile_name": "Mutations"}
    draw.meta_panel = draw.odd("meta_panel") and not draw.odd("matrix")
    rng = draw.stream("meta of mutations")
    panel, words = rng.choice(["PAN1", "PAN2"]), rng.choice(FILTERS)
    if draw.meta_panel:
        fields["gene_panel"] = "PANX" if draw.odd("panels_without_genes") and rng.random() < 0.3 else panel
    if filtered:
        fields["variant_classification_filter"] = words
    names = ["data_mutations.txt", "data_mutations_extended.txt", "data_mutations_mskcc.txt", "study.maf"]
    needed = draw.meta_panel or filtered
    name = draw.named("mutations", names, "meta_mutations", ("MUTATION_EXTENDED", "MAF"), needed, **fields)
    fixed = 1 if draw.odd("commented_rows") else 0  # so that a # stays at the start of its line
    draw.put_meta("mutations", draw.put_table(name, table, above, fixed=fixed))
    free = "data_mutations.txt" not in draw.files and "data_mutations.txt.gz" not in draw.files
    if "mutations" in draw.meta_of and free and draw.odd("decoy_beside_meta"):
        header, *rows = table
        symbol = [name.lower() for name in header].index("hugo_symbol")
        draw.put_table("data_mutations.txt", [header, *([*row[:symbol], "PTEN", *row[symbol + 1 :]] for row in rows)])


def mutation(sample: str, symbol: str, rng: random.Random) -> dict[str, str]:
    position = str(rng.randint(10**6, 10**8))
    row = {"Hugo_Symbol": symbol, "Entrez_Gene_Id": GENES[symbol][0], "NCBI_Build": "GRCh37"}
    row |= {"Chromosome": str(rng.randint(1, 22)), "Start_Position": position, "End_Position": position}
    row |= {"Reference_Allele": "G", "Tumor_Seq_Allele2": "T", "Variant_Classification": rng.choice(CODING.split())}
    row |= {"Mutation_Status": "SOMATIC", "Validation_Status": "Untested", "Tumor_Sample_Barcode": sample}
    return row | {"HGVSp_Short": f"p.R{rng.randint(2, 900)}C"}


# --- what was sequenced


def sequencing(draw: Drawing) -> None:
    """The list of sequenced samples, panels and the panel matrix; `panel_of` fills the samples' GENE_PANEL."""
    rng = draw.stream("sequencing")
    draw.panel_of = {}
    matrix = draw.odd("matrix")
    column = draw.odd("panel_column") and not matrix and not draw.meta_panel
    choices = ["PAN1", "PAN1", "PAN2", "WXS", "WXS", "WGS", "WXS/WGS"]
    choices += ["PANX"] * 2 * draw.odd("panels_without_genes") if (matrix or column) else []
    blanks = ["NA", "NA", "NA", ""] if draw.odd("matrix_blanks") else []
    of = {}
    for sample, _ in draw.tumours:
        each = draw.stream(f"panel {sample}")
        of[sample] = each.choice(blanks if blanks and each.random() < 0.4 else choices)
        if matrix and each.random() < 0.3 and draw.odd("matrix_lacks_rows"):
            del of[sample]
    if draw.tumours:
        of[draw.tumours[0][0]] = "PAN1"
    if column:
        draw.panel_of = of
    for panel in ("PAN1", "PAN2"):
        each = draw.stream(f"genes of {panel}")
        genes = each.sample(draw.genes, each.randint(2, len(draw.genes))) + ["SMAD4", "ATM"]
        if draw.odd("previous_symbols"):
            genes = [PREVIOUS.get(name, name) for name in genes]
        if draw.odd("panels_by_entrez"):
            genes = [GENES[name][0] if name in GENES and i % 2 else name for i, name in enumerate(genes)]
        name = f"data_gene_panel_{panel if each.random() < 0.7 else panel.lower() + '_v1'}.txt"
        if matrix or column or draw.meta_panel:
            draw.put_fields(name, {"stable_id": panel, "description": "x", "gene_list": "\t".join(genes)})
    if matrix:
        prefix = f"{STUDY}_" if draw.odd("matrix_prefixed") and not draw.odd("no_meta_study") else ""
        extra = rng.random() < 0.5
        rows = [["SAMPLE_ID", f"{prefix}mutations"] + [f"{prefix}cna"] * extra]
        for sample, _ in draw.tumours:
            if sample in of:
                of_cna = "NA" if of[sample] == "WXS" else "PAN2"
                rows.append([barcode(draw, sample, rng), of[sample]] + [of_cna] * extra)
        names = ["data_gene_panel_matrix.txt", "data_gene_matrix.txt"]
        name = draw.named("matrix", names, "meta_matrix", ("GENE_PANEL_MATRIX", "GENE_PANEL_MATRIX"))
        draw.put_meta("matrix", draw.put_table(name, rows))

    if draw.odd("other_lists"):
        case_list(draw, "cases_all.txt", "all", [sample for sample, _ in draw.tumours])
        case_list(draw, "cases_cna.txt", "cna", [sample for sample, _ in draw.tumours[::2]])
    if draw.odd("no_list"):
        return
    listed = []
    for sample, _ in draw.tumours:
        left_out = draw.stream(f"list {sample}").random() < 0.3
        on_panel = matrix and of.get(sample, "NA") not in ("NA", "")  # the validator refuses such a sample off the list
        if on_panel or not (left_out and draw.odd("partial_list")):
            listed.append(barcode(draw, sample, rng))
    if draw.odd("patients_in_list"):
        listed = listed[::2] + draw.patients[::3]
    if draw.odd("list_with_strangers"):
        listed += ["STRANGER-1", "STRANGER-2"]
    name = "cases_sequenced.txt"
    if draw.odd("list_of_another_name") and not draw.odd("list_by_file_name"):
        name = "cases_of_the_study.txt"
        case_list(draw, "cases_sequenced.txt", "cnaseq", listed[:1])
    case_list(draw, name, "" if draw.odd("list_by_file_name") else "sequenced", listed)


def case_list(draw: Drawing, name: str, identifier: str, samples: list[str]) -> None:
    fields = {"cancer_study_identifier": STUDY, "stable_id": f"{STUDY}_{identifier}", "case_list_name": "x"}
    if not identifier:
        del fields["stable_id"]
    draw.put_fields(f"case_lists/{name}", {**fields, "case_list_ids": "\t".join(samples)})


# --- copy number, structural variants, files not needed


def copy_number(draw: Drawing) -> None:
    rng = draw.stream("copy number")
    long = draw.odd("long")
    rows = []  # symbol, Entrez id, value by tumour
    tumours = [sample for sample, _ in draw.tumours if draw.stream(f"cna {sample}").random() < 0.9]
    tumours = tumours or [draw.tumours[0][0]]
    for symbol in draw.genes[: rng.randint(3, len(draw.genes))]:
        each = draw.stream(f"cna {symbol}")
        values = {}
        for sample in tumours:
            of = draw.stream(f"cna {symbol} {sample}")
            values[sample] = of.choice(["-2", "-2", "-1", "0", "0", "0", "1", "2"])
            partial, blank = of.random() < 0.4, of.choice(["", "NA"]) if of.random() < 0.2 else None
            if partial and values[sample] == "-2" and draw.odd("partial_deletions"):
                values[sample] = "-1.5"
            if blank is not None and draw.odd("blank_values"):
                values[sample] = blank
        old, old_share = PREVIOUS.get(symbol), each.random() < 0.5
        first = old if old and old_share and draw.odd("previous_symbols") else symbol
        names = [first]
        if draw.odd("alias_rows") and not long:
            if old:
                names = [symbol, old]
            elif symbol == "CDKN2A":
                names = ["CDKN2Ap16INK4A", "CDKN2Ap14ARF"]
            elif old_share:
                names = [symbol, f"{symbol}|{GENES[symbol][0]}"]
        with_id = each.random() < 0.5
        for i, name in enumerate(names):
            own = {}
            for j, sample in enumerate(tumours):
                filler = ["0", "", "NA"][j % 3]
                own[sample] = values[sample] if j % len(names) == i or j % 5 == 4 else filler
            identifier = f"|ENSG{each.randint(1, 999):08}"
            name += identifier if with_id and "|" not in name and draw.odd("symbol_and_id") else ""
            rows.append([name, GENES[symbol][0], own])
    if draw.odd("unreadable_genes") and not long:
        rows.append(["TP53///RB1", "", dict.fromkeys(tumours, "-2")])
        rows.append(["---", "", dict.fromkeys(tumours, "-2")])
    rows.sort(key=lambda row: draw.stream(f"order {row[0]}").random())
    entrez, cytoband = rng.random() < 0.6, draw.odd("cytoband")
    head = ["Hugo_Symbol"] + ["Entrez_Gene_Id"] * entrez

    fields = {"stable_id": rng.choice(["cna", "gistic"]), "profile_name": "Copy number"}
    kind = ("COPY_NUMBER_ALTERATION", "DISCRETE_LONG" if long else "DISCRETE")
    names = ["data_cna.txt", "data_CNA.txt", "data_cna_consensus.txt", "data_cna_rae.txt"]
    name = draw.named("copy_number", names, "meta_copy_number", kind, **fields)
    if long:
        table = [[*head, "Sample_Id", "Value"]]
        for symbol, number, values in rows:
            for sample, value in values.items():
                keep = draw.stream(f"long {symbol} {sample}").random() < 0.8 or value != "0"
                if keep:
                    table.append([symbol, *[number] * entrez, barcode(draw, sample, rng), value])
        draw.put_meta("copy_number", draw.put_table(name, table))
        return
    columns = [barcode(draw, sample, rng) for sample in tumours]
    others = []
    if draw.odd("rows_of_normals"):
        others += [barcode(draw, sample, rng) for sample, _ in draw.normals]
    if draw.tcga and draw.odd("unlisted_normals"):
        others += [f"{patient}-11D" for patient in draw.patients[::7]]
        others = [name for name in others if sum(name[:15] == other[:15] for other in others) == 1]
    table = [[*head, *["Cytoband"] * cytoband, *columns, *others]]
    for symbol, number, values in rows:
        own = [symbol, *[number] * entrez, *["9p21.3"] * cytoband]
        table.append([*own, *values.values(), *["-2"] * len(others)])
    draw.put_meta("copy_number", draw.put_table(name, table, fixed=1))


def variants(draw: Drawing) -> None:
    rng = draw.stream("variants")
    old = draw.odd("old_fusions")
    by_entrez, one_site = draw.odd("variants_by_entrez"), draw.odd("variants_one_site")
    events = []
    for sample, _ in draw.tumours:
        each = draw.stream(f"variants {sample}")
        chance, gene, kinase = each.random(), each.choice(draw.genes), each.choice(KINASES)
        partner, alone, swapped = each.choice(PARTNERS), each.random() < 0.4, each.random() < 0.3
        if chance < 0.15:
            events.append((sample, kinase, partner, swapped))
        elif chance < 0.35 and (gene not in KINASES or draw.odd("kinase_alone")):
            partner = "" if gene in KINASES else partner
            events.append((sample, gene, "" if alone and one_site else partner, swapped))
    if not events:
        events.append((draw.tumours[0][0], "RET", "KIF5B", False))

    def called(symbol: str) -> str:
        return PREVIOUS.get(symbol, symbol) if draw.odd("previous_symbols") else symbol

    if old:
        header = "Hugo_Symbol Entrez_Gene_Id Center Tumor_Sample_Barcode Fusion DNA_support RNA_support Method Frame"
        table = [header.split()]
        for sample, gene, partner, _ in events:
            fusion = f"{partner}-{gene} fusion" if partner else f"{gene}-intragenic"
            for symbol in filter(None, (gene, partner)):
                number = GENES[symbol][0] if symbol in GENES else "0"
                row = [called(symbol), number, "x", barcode(draw, sample, rng), fusion, "yes", "no", "NA", "unknown"]
                table.append(row)
        fields = {"stable_id": "fusion", "profile_name": "Fusions"}
        names = ["data_fusions.txt", "data_fusion.txt"]
        name = draw.named("fusions", names, "meta_variants", ("MUTATION_EXTENDED", "FUSION"), **fields)
        draw.put_meta("fusions", draw.put_table(name, table))
        return
    table = [["Sample_Id", "SV_Status", "Site1_Hugo_Symbol", "Site2_Hugo_Symbol", "Event_Info", "Class"]]
    if by_entrez:
        table[0] += ["Site1_Entrez_Gene_Id", "Site2_Entrez_Gene_Id"]
    for i, (sample, gene, partner, swapped) in enumerate(events):
        sites = [gene, partner] if swapped else [partner, gene]
        numbers = [GENES[site][0] if site in GENES else "" for site in sites]
        shown = [called(site) or rng.choice(["", "NA"]) for site in sites]
        if by_entrez and i % 2:
            shown = ["" if number else name for number, name in zip(numbers, shown, strict=True)]
        status = rng.choice(["SOMATIC", "SOMATIC", "GERMLINE", "somatic"])
        status = rng.choice(["", "NA"]) if draw.odd("sv_status_unset") and i % 2 else status
        word = rng.choice(["FUSION", "TRANSLOCATION", "INVERSION"] if partner else ["DELETION", "INVERSION"])
        row = [barcode(draw, sample, rng), status, *shown, f"event {i}", word]
        table.append(row + (numbers if by_entrez else []))
    fields = {"stable_id": "structural_variants", "profile_name": "Structural variants"}
    names = ["data_sv.txt", "data_structural_variants.txt"]
    name = draw.named("variants", names, "meta_variants", ("STRUCTURAL_VARIANT", "SV"), **fields)
    draw.put_meta("variants", draw.put_table(name, table))


def decoys(draw: Drawing) -> None:
    """Files that are not needed: read as what they resemble, each would change an answer."""
    rng = draw.stream("decoys")
    sample = draw.tumours[0][0]
    deleted = f"Hugo_Symbol\t{sample}\n" + "".join(f"{symbol}\t-2\n" for symbol in GENES)
    uncalled = "Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\n"
    uncalled += "".join(f"{symbol}\t{sample}\tMissense_Mutation\n" for symbol in GENES)
    files = {
        "data_log2_cna.txt": (deleted, "COPY_NUMBER_ALTERATION", "LOG2-VALUE", "log2CNA"),
        "data_linear_cna.txt": (deleted, "COPY_NUMBER_ALTERATION", "CONTINUOUS", "linear_CNA"),
        "data_mutations_uncalled.txt": (uncalled, "MUTATION_UNCALLED", "MAF", "mutations_uncalled"),
    }
    for name, (text, alteration, datatype, identifier) in files.items():
        if rng.random() < 0.6:
            draw.files[name] = text.encode()
            fields = {"cancer_study_identifier": STUDY, "genetic_alteration_type": alteration, "datatype": datatype}
            fields |= {"stable_id": identifier, "profile_name": "x", "data_filename": name}
            draw.put_fields(name.replace("data_", "meta_"), fields)
    draw.files["README.md"] = b"# a study\n"
    draw.files[".data_mutations.txt"] = draw.files["case_lists/.cases_sequenced.txt"] = b"left by an editor\n"


def put(folder: Path, files: dict[str, bytes]) -> Path:
    """The files written into an empty folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


if __name__ == "__main__":
    made, oddities = study(int(sys.argv[1]), frozenset(sys.argv[3:]))
    print(put(Path(sys.argv[2]), made), *oddities)
