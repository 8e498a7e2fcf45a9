"""Which file of a study folder holds what: by the meta files, as cBioPortal's importer finds them, else by name."""

import dataclasses
import itertools
import re
from pathlib import Path

import pandas as pd

from lcnec_utils.cohort.dictionary import EXPRESSION_FILE, STUDY_FILE, TABLE_FILE, TARGETS_FILE, column_names
from lcnec_utils.cohort.model import Reading
from lcnec_utils.cohort.tables import fields_of, read_tsv

MOST_FILES = 20_000  # of a folder and those in it; a study has some hundreds, a disk by mistake has millions
READ, NOT_NEEDED, NOT_UNDERSTOOD = "read", "not needed", "not understood"
META = re.compile(r"(\b|_)meta(\b|[_0-9])", re.I)  # as cBioPortal's validator tells meta files

# What a meta file says of its data file → what the file is here; anything else it describes is not needed
KINDS = {
    ("CLINICAL", "PATIENT_ATTRIBUTES"): "patients",
    ("CLINICAL", "SAMPLE_ATTRIBUTES"): "samples",
    ("CLINICAL", "MIXED_ATTRIBUTES"): "joint",
    ("CLINICAL", "TIMELINE"): "timeline",
    ("MUTATION_EXTENDED", "MAF"): "mutations",
    ("COPY_NUMBER_ALTERATION", "DISCRETE"): "copy number",
    ("COPY_NUMBER_ALTERATION", "DISCRETE_LONG"): "long copy number",
    ("STRUCTURAL_VARIANT", "SV"): "structural variants",
    ("FUSION", "FUSION"): "fusions",
    ("MUTATION_EXTENDED", "FUSION"): "fusions",
    ("GENE_PANEL_MATRIX", "GENE_PANEL_MATRIX"): "panel matrix",
    ("MRNA_EXPRESSION", "CONTINUOUS"): "expression",
    ("MRNA_EXPRESSION", "DISCRETE"): "expression",
}
# The names that cBioPortal's documentation and its public studies use or used, where no meta file names the file
NAMES = {
    "patients": r"data_(bcr_)?clinical(_data)?_patients?|data_patients?|data_clinical_data_patient",
    "samples": r"data_(bcr_)?clinical(_data)?_samples?|data_samples?|data_clinical_data_sample",
    "joint": r"data_clinical|data_bcr_clinical_data|clinical_data|.+_clinical_data",
    "mutations": r"data_mutations?(_extended|_mskcc|_maf|_manual|_nonsynonymous)?|.+\.maf|mutations?",
    "copy number": r"data_cna(_rae|_consensus|_pathscan|_gistic|_discrete)?|data_gistic",
    "long copy number": r"data_cna_(discrete_)?long",
    "structural variants": r"data_sv|data_structural_variants?",
    "fusions": r"data_fusions?(_.+)?",
    "panel matrix": r"data_gene_(panel_)?matrix",
    "gene panel": r"data_gene_panel_.+|gene_panel_.+",
    "timeline": r"data_timeline(_.+)?",
    "expression": r"data_(rna_seq_v2_)?(mrna_)?expression(_median|_file|_merged)?"
    r"|data_rna_seq_(v2_)?(expression|mrna)(_median)?|data_mrna_(agilent|affymetrix)_microarray|data_mrna_(tpm|fpkm)"
    r"|data_mrna_seq_(v2_rsem|rsem|tpm|fpkm|rpkm|cpm|read_counts|expression)",
}  # fmt: skip
# Where there is the one, the other is not read
INSTEAD = {"samples": "joint", "structural variants": "fusions", "copy number": "long copy number"}
_PATTERNS = {kind: re.compile(pattern, re.I) for kind, pattern in NAMES.items()}
_ENDS = re.compile(r"(\.txt|\.tsv|\.csv|\.maf)?(\.gz)?$", re.I)
# Files of a study that no panel asks for, by a word in their name
_OTHER_DATA = re.compile(
    r"(data|meta|unconverted)?_?.*(z_?scores|log2_?cna|linear_cna|cna_log2|armlevel|methylation|rppa|protein|gistic_genes|mutsig"
    r"|\.seg|_seg\b|mirna|resource|signatur|phospho|glyco|acetyl|ubiquityl|ancestry|normals|normal_samples|gsva|geneset"
    r"|generic_assay|mutations_uncalled|cancer_type\b|_supp\b|_supp_|data_subtypes|fraction|counts_all|pd_annotations"
    r"|microbiome|metabol|treatment_ic50|circular_rna|outliers|pseudo_bulk|hypoxia|cna_hg|data_tmb|data_msi).*",
    re.I,
)
_PLAIN = re.compile(
    r"(readme|licen[cs]e|notice|changelog|cite|citation).*"
    r"|.*\.(md|pdf|html|docx?|xlsx?|png|jpe?g|svg|log|json|lock|sh|py|r|rmd|ya?ml|h5ad)",
    re.I,
)
_LESIONS = re.compile(r"lesions\.(csv|tsv|txt)|(tu|tr|rs)\.(csv|xpt)", re.I)  # read where lesions are, lesions.py
# read where they are: stained cells in assays.py, nCounter panels in ncounter.py
_ASSAYS = re.compile(r"data_(densities|marker_positivity)\.txt(\.gz)?|(data_)?ncounter_\w+\.txt(\.gz)?", re.I)
_RAW = re.compile(r"rcc_\w+/[^/]+\.rcc(\.gz)?", re.I)
_OURS = {STUDY_FILE, TARGETS_FILE, EXPRESSION_FILE, TABLE_FILE}


@dataclasses.dataclass(frozen=True)
class Source:
    """A data file, what it holds, and the fields of its meta file (none where it has none)."""

    path: Path
    kind: str
    meta: dict[str, str]
    meta_path: Path | None = None


def table_of(source: Source | None, reading: Reading, **how) -> pd.DataFrame | None:
    """The table of a data file, as `read_tsv`; None where there is no such file, or it is refused."""
    return None if source is None else read_tsv(source.path, reading, **how)


def stem(name: str) -> str:
    """A file's name without its endings: `data_mutations.txt.gz` is `data_mutations`; `.maf` stays for it says what
    the file is."""
    bare = re.sub(r"\.gz$", "", name, flags=re.I)
    return bare if bare.lower().endswith(".maf") else _ENDS.sub("", bare)


def kind_by_name(name: str) -> str | None:
    """What a data file holds by its name alone; None where the name says nothing."""
    if not _ENDS.search(name)[0] or _OTHER_DATA.fullmatch(name) and not name.lower().endswith(".maf"):
        return None
    bare = stem(name)
    if _PATTERNS["panel matrix"].fullmatch(bare):
        return "panel matrix"
    return next((kind for kind, pattern in _PATTERNS.items() if pattern.fullmatch(bare)), None)


def _is_asked_for(name: str) -> bool:
    """Whether a file of this name is read."""
    reads = _LESIONS.fullmatch(name) or _ASSAYS.fullmatch(name) or name in _OURS or name.startswith("meta_")
    return bool(reads or kind_by_name(name))


def _is_clinical(path: Path) -> bool:
    """Whether a table of any name is one of patients and samples, by its header: a study view's download renamed."""
    if path.suffix.lower() not in (".tsv", ".txt") or path.stat().st_size == 0:
        return False
    with open(path, "rb") as file:
        head = file.read(65536).decode("utf-8", "replace")
    line = next((line for line in head.splitlines() if line.strip() and not line.startswith("#")), "")
    named = column_names([name.strip().strip('"') for name in line.split("\t")], ["PATIENT_ID", "SAMPLE_ID"])
    return {"PATIENT_ID", "SAMPLE_ID"} <= set(named.values())


def _meta_files(names: dict[str, Path], reading: Reading) -> list[tuple[Path, dict[str, str]]]:
    found = []
    for name, path in names.items():
        if (
            META.search(name)
            and not name.startswith(".")
            and not name.endswith("~")
            and not name.lower().endswith((".gz", ".h5ad"))
        ):
            fields = fields_of(path, reading)
            if "genetic_alteration_type" in fields or "data_filename" in fields or "cancer_study_identifier" in fields:
                found.append((path, fields))
    return found


def _named(file: str, names: dict[str, Path]) -> Path | None:
    """The file that a meta file names, as it is or compressed."""
    return names.get(file) or names.get(f"{file}.gz")


def _rank(source: Source) -> tuple:
    """Which of several profiles of a kind is read: the one with cBioPortal's first name for it."""
    order = ["mutations", "cna", "gistic", "cna_consensus", "cna_rae", "structural_variants", "fusion"]
    stable = source.meta.get("stable_id", "")
    return (order.index(stable) if stable in order else len(order), stable)


EXPRESSION_ORDER = ["tpm", "fpkm", "rpkm", "v2_mrna", "rsem", "rna_seq_mrna", "read_counts", "cpm", "mrna"]


def _expression_rank(source: Source) -> tuple:
    name = f"{source.meta.get('stable_id', '')} {source.path.name}".lower()
    return (next((place for place, word in enumerate(EXPRESSION_ORDER) if word in name), len(EXPRESSION_ORDER)), name)


def find(folder: Path, reading: Reading) -> dict[str, list[Source]]:
    """The data files of a study folder by what they hold; `reading.files` gets what was made of each file.

    A file that a meta file names is what that says; one without is what its name says. Where several files hold the
    same, the one with a meta file is read; without any, that is refused unless they are equal.
    """
    names = {path.name: path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")}
    for path in sorted(folder.iterdir()):
        # a folder in a file's place is named below; a link that leads nowhere would lack in silence
        if not path.is_file() and not path.is_dir() and _is_asked_for(path.name) and not path.name.startswith("."):
            if not any(problem.file == path.name for problem in reading.problems):
                why = "is a link that leads to no file, or a pipe; put the file itself there, or take it away"
                reading.refuse(path.name, why)
            reading.files[path.name] = NOT_UNDERSTOOD
    sources: dict[str, list[Source]] = {}
    described: set[str] = set()
    metas = _meta_files(names, reading)
    stable: dict[str, str] = {}
    for meta_path, fields in metas:
        name = fields.get("stable_id", "")
        if name and name in stable:
            reading.refuse(meta_path.name, f"has the stable_id '{name}' of {stable[name]}; each profile needs its own")
        stable.setdefault(name, meta_path.name)
    for meta_path, fields in metas:
        file, kind = fields.get("data_filename", ""), _kind_of(fields)
        reading.files[meta_path.name] = READ if kind or meta_path.name == "meta_study.txt" else NOT_NEEDED
        path = _named(file, names) if file else None
        if path is None:
            if file and kind:
                reading.refuse(
                    meta_path.name, f"names {file}, which is not there; put it there, or delete the meta file"
                )
            continue
        described.add(path.name)
        reading.files[path.name] = NOT_NEEDED
        if kind:
            sources.setdefault(kind, []).append(Source(path, kind, fields, meta_path))
    for name, path in names.items():
        if name in described or name in reading.files:
            continue
        kind = None if _ASSAYS.fullmatch(name) else kind_by_name(name)
        if kind:
            sources.setdefault(kind, []).append(Source(path, kind, {}))
            reading.files[name] = NOT_NEEDED
        elif name in _OURS or _LESIONS.fullmatch(name) or _ASSAYS.fullmatch(name):
            reading.files[name] = READ
        elif "samples" not in sources and "joint" not in sources and _is_clinical(path):
            sources["joint"] = [Source(path, "joint", {})]
        else:
            reading.files[name] = (
                NOT_NEEDED if _PLAIN.fullmatch(name) or _OTHER_DATA.fullmatch(name) else NOT_UNDERSTOOD
            )
    _also_below(folder, reading)
    chosen = {kind: _choose(kind, found, reading) for kind, found in sources.items()}
    if "patients" in chosen and "samples" not in chosen and "joint" in chosen:
        chosen["samples"] = chosen.pop("joint")  # one table with samples, beside one of patients
    for kind, instead in INSTEAD.items():
        if kind in chosen:
            chosen.pop(instead, None)
    for found in chosen.values():
        for source in found:
            reading.files[source.path.name] = READ
    strange = [name for name, state in reading.files.items() if state == NOT_UNDERSTOOD]
    if strange:
        reading.odd(f"not understood and not read: {', '.join(strange[:6])}{' …' if len(strange) > 6 else ''}")
    return chosen


def _kind_of(fields: dict[str, str]) -> str | None:
    kind, datatype = (fields.get(key, "").upper() for key in ("genetic_alteration_type", "datatype"))
    if kind == "MUTATION_EXTENDED" and fields.get("stable_id", "") == "mutations_uncalled":
        return None
    if kind == "MRNA_EXPRESSION" and re.search(
        "mirna|zscore|outlier|normals", f"{fields.get('stable_id', '')}{fields.get('data_filename', '')}", re.I
    ):
        return None
    return KINDS.get((kind, datatype))


def _also_below(folder: Path, reading: Reading) -> None:
    """The files of case_lists/, of which one is read, and of other folders, which are not."""
    below = sorted(itertools.islice(folder.rglob("*"), MOST_FILES + 1))
    if len(below) > MOST_FILES:
        reading.refuse("study folder", f"holds more than {MOST_FILES:,} files and folders; give the study's own folder")
        return
    for path in below:
        parts = path.relative_to(folder).parts
        if path.is_file() and len(parts) > 1 and not any(part.startswith(".") for part in parts):
            known = parts[0].lower() in ("case_lists", "case_list", "licenses", "resources", "normals", "gene_panels")
            name = "/".join(parts)
            reading.files[name] = READ if _RAW.fullmatch(name) else NOT_NEEDED if known else NOT_UNDERSTOOD


def _choose(kind: str, found: list[Source], reading: Reading) -> list[Source]:
    if kind in ("timeline", "gene panel"):
        return found
    if kind == "expression":
        return sorted(found, key=_expression_rank)[:1]
    described = [source for source in found if source.meta]
    if described:
        return sorted(described, key=_rank)[:1]
    if kind == "joint" and len(found) > 1:
        found = sorted(found, key=lambda source: source.path.name.lower().startswith("data_"), reverse=True)
    if len(found) > 1 and len({source.path.read_bytes() for source in found}) > 1:
        other = " and ".join(source.path.name for source in found[1:])
        reading.refuse(
            found[0].path.name, f"and {other} both hold {kind}; keep one, or say by a meta file which is meant"
        )
    return found[:1]


def sequenced(folder: Path, study: str, reading: Reading) -> set[str] | None:
    """The samples of the list of sequenced samples, whatever its file is called; None where there is none."""
    lists = [path for name in ("case_lists", "case_list") for path in sorted((folder / name).glob("*"))]
    named, by_name, by_category = [], [], []
    for path in lists:
        if not path.is_file() or path.name.startswith(".") or path.name.endswith("~"):
            continue
        fields = fields_of(path, reading)
        if "case_list_ids" not in fields:
            continue
        stable = fields.get("stable_id", "")
        if stable in (f"{study}_sequenced", "sequenced") or stable.endswith("_sequenced"):
            named.append((path, fields))
        elif not stable and re.fullmatch(r"cases_sequenced.*", path.name, re.I):
            by_name.append((path, fields))
        elif fields.get("case_list_category", "") == "all_cases_with_mutation_data":
            by_category.append((path, fields))
    for candidates in (named, by_name, by_category):
        if candidates:
            exact = [pair for pair in candidates if pair[1].get("stable_id") == f"{study}_sequenced"] or candidates
            path, fields = exact[0]
            reading.files[path.relative_to(folder).as_posix()] = READ
            return set(re.split(r"[\t ]+", fields["case_list_ids"].strip())) - {""}
    return None
