"""The typed run: every parameter a notebook may take, its default, its bounds, and the refusals in one line.

A run is one flat YAML file in `params/` that lists departures from these defaults; its `run` is the file's stem.
"""

import datetime
import difflib
import re
import reprlib
import stat
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from lcnec_utils.core.errors import UserError

# What each role of the sources' panels is; a run fills those that a notebook takes today (ROLES).
ROLE_WORDS = {
    "cohort": "LCNEC patients",
    "cohort_2": "LCNEC patients",
    "serial": "LCNEC patients with two biopsies",
    "sclc": "SCLC patients",
    "luad": "lung adenocarcinoma patients",
    "validation": "an independent LCNEC cohort with expression",
    "pan_cancer": "expression over cancer types",
    "cell_lines": "protein expression of cell lines",
    "fields": "microscope fields",
    "mixtures": "bulk expression with known immune fractions",
    "liver": "paired liver and lung lesions under immunotherapy",
    "car_t": "CAR T recipients",
    "car_t_naive": "large B-cell lymphoma before any treatment",
    "car_t_second_line": "large B-cell lymphoma before a second line of treatment",
    "car_t_commercial": "recipients of commercial CAR T cells",
    "icb": "patients on immune checkpoint blockade",
    "liver_pairs": "patients with a tumour sample of the lung and one of the liver",
    "liver_cells": "single cells of lung and liver lesions",
    "icb_pfs": "the same trial's progression-free survival, where its patients cannot be linked",
}
ROLES = {
    "cohort": "the LCNEC cohort: clinical table, samples and mutations",
    "cohort_2": "a second LCNEC cohort; panels on it fall back to the first where this is empty",
    "serial": "LCNEC patients with two tumour samples each",
    "sclc": "SCLC patients: samples and mutations, to hold LCNEC against",
    "luad": "LCNEC (LUNE) and lung adenocarcinoma (LUAD) with expression, in one folder",
    "validation": "an independent LCNEC cohort with expression",
    "pan_cancer": "FGL1 over cancer types: a plain table",
    "cell_lines": "FGL1 protein of cell lines: a plain table",
    "fields": "microscope fields, H&E and FGL1 immunofluorescence: a plain table beside their pictures",
    "mixtures": "bulk expression of samples whose immune fractions are known",
    "icb": "patients treated with immune checkpoint blockade: progression-free survival and mutations",
    "liver": "patients with lesions measured over time in two organs, liver and lung",
    "liver_pairs": "tumour samples of the lung and the liver of one patient: mutations, expression, stained cells",
    "liver_cells": "single cells of lung and liver lesions: a plain table of samples beside the counts",
    "icb_pfs": "progression-free survival of the trial in the role icb, where its patients cannot be linked",
    "car_t": "CAR T recipients: biopsies by time, stained densities, nCounter panels, CAR T levels, response, toxicity",
    "car_t_naive": "large B-cell lymphoma before any treatment: cell of origin, immune scores, densities where stained",
    "car_t_second_line": "large B-cell lymphoma before a second line: expression",
    "car_t_commercial": "recipients of commercial CAR T cells: expression and response",
}
# Roles of LCNEC alone: the parameter `histology` keeps their cohorts to one histology
LCNEC_ROLES = ("cohort", "cohort_2", "serial", "validation")
# Roles of large B-cell lymphoma
LYMPHOMA_ROLES = ("car_t", "car_t_naive", "car_t_second_line", "car_t_commercial")
# What the tumours of a role's cohort must be for a claim to be put to it: in words, and the kinds of
# cohort/histology.py. On mixtures nothing is claimed, and plain tables name their tumours row by row.
HISTOLOGIES = dict.fromkeys(LCNEC_ROLES, ("LCNEC", {"LCNEC"})) | {
    "sclc": ("SCLC", {"SCLC"}),
    "luad": ("LCNEC or LUAD", {"LCNEC", "LUAD"}),
    "icb": ("NSCLC", {"NSCLC", "LUAD", "LUSC", "LCNEC"}),
    "liver": ("NSCLC", {"NSCLC", "LUAD", "LUSC", "LCNEC"}),
    "icb_pfs": ("NSCLC", {"NSCLC", "LUAD", "LUSC", "LCNEC"}),
    **dict.fromkeys(LYMPHOMA_ROLES, ("large B-cell lymphoma", {"LBCL"})),
}
# Roles whose panels pick the tumours they compare by histology themselves, or are put to any mixture of those above
ANY_SHARE = ("luad", "icb", "icb_pfs", "liver", *LYMPHOMA_ROLES)
# Roles played by a plain table: the columns of words and of numbers that it must have
TABLES = {
    "pan_cancer": (["tumour", "cancer_type", "group"], ["fgl1_tpm"]),
    "cell_lines": (["cell_line", "histology"], ["fgl1_protein_log2"]),
    "fields": (["field", "file", "stain", "slide", "patient", "group", "subtype"], ["um_per_pixel"]),
    "liver_cells": (["sample", "patient", "organ", "file"], []),
}

# What a run writes in `runs` to bring together every run of params/
ALL_RUNS = "all"

# Ways to cluster tumours, as scipy names them; a parameter holds one
LINKAGES = ("ward", "average", "complete")
DISTANCES = ("euclidean", "cityblock", "correlation")
# By which rules a best response is found, and at which scan two organs' changes are held against each other
RESPONSE_RULES = ("RECIST 1.1", "RECIST 1.1, confirmed", "iRECIST")
CHANGES = ("best", "first")
# Cells of which a stained population is a fraction; a parameter holds one
STAINED_CELLS = ("all cells", "CD45+ cells")
# How tumour burden enters a survival model
BURDEN_TERMS = ("per doubling", "high or low")


MOST_BYTES = 1_000_000  # of a YAML file; the index of panels has a tenth of it


class ParameterError(UserError):
    """A parameter that no notebook takes, or a value it cannot have."""


class RunParameters(BaseModel):
    """One run. A role holds the name of a built cohort, a study folder, or nothing (its panels are then skipped)."""

    model_config = ConfigDict(extra="forbid", strict=True, validate_default=True)

    # a name of more characters makes names of files that the system, and Snakemake's marks, cannot hold
    run: str = Field("twin", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=60, description="name of the run")
    cohort: str = Field("twin_cohort_1", description="role: " + ROLES["cohort"])
    cohort_2: str = Field("twin_cohort_2", description="role: " + ROLES["cohort_2"])
    serial: str = Field("twin_serial", description="role: " + ROLES["serial"])
    sclc: str = Field("twin_sclc", description="role: " + ROLES["sclc"])
    luad: str = Field("twin_luad", description="role: " + ROLES["luad"])
    validation: str = Field("twin_george", description="role: " + ROLES["validation"])
    pan_cancer: str = Field("twin_pan_cancer", description="role: " + ROLES["pan_cancer"])
    cell_lines: str = Field("twin_cell_lines", description="role: " + ROLES["cell_lines"])
    fields: str = Field("twin_fields", description="role: " + ROLES["fields"])
    mixtures: str = Field("twin_mixtures", description="role: " + ROLES["mixtures"])
    icb: str = Field("twin_icb", description="role: " + ROLES["icb"])
    icb_pfs: str = Field("", description="role: " + ROLES["icb_pfs"])
    liver: str = Field("twin_liver", description="role: " + ROLES["liver"])
    liver_pairs: str = Field("twin_liver_pairs", description="role: " + ROLES["liver_pairs"])
    liver_cells: str = Field("twin_liver_cells", description="role: " + ROLES["liver_cells"])
    car_t: str = Field("twin_car_t", description="role: " + ROLES["car_t"])
    car_t_naive: str = Field("twin_car_t_naive", description="role: " + ROLES["car_t_naive"])
    car_t_second_line: str = Field("twin_car_t_second_line", description="role: " + ROLES["car_t_second_line"])
    car_t_commercial: str = Field("twin_car_t_commercial", description="role: " + ROLES["car_t_commercial"])
    runs: list[str] = Field(
        [],
        description="runs whose answers are brought together, or `all` of params/; a run that names any takes no "
        "cohort of its own and executes notebook 15 alone",
    )
    sweeps: list[str] = Field(
        [],
        description="sweeps (params/sweeps, build/sweeps) that are read, or `all` shipped ones; a run that names any "
        "takes no cohort of its own and executes notebook 16 alone",
    )
    lead_claim: str = Field(
        "", description="claim of the lead forest; the one that most bodies of evidence answer where it is empty"
    )
    histology: str = Field(
        "",
        description="OncoTree code, or words of CANCER_TYPE_DETAILED, to which the cohorts in the roles of LCNEC are "
        "restricted; all of their tumours where it is empty",
    )
    drivers: list[str] = Field(
        ["STK11", "KEAP1", "KRAS", "EGFR"],
        min_length=1,
        description="genes of the checkpoint-blockade panels",
    )
    outcome_genes: list[str] = Field(
        ["EGFR", "KRAS", "KEAP1", "RB1", "SMARCA4", "STK11", "TP53"],
        min_length=1,
        description="genes whose mutation is held against overall survival",
    )
    landscape_genes: list[str] = Field(
        [
            "TP53",
            "RB1",
            "STK11",
            "KEAP1",
            "KRAS",
            "SMARCA4",
            "KMT2D",
            "CDKN2A",
            "PTEN",
            "ARID1A",
            "NF1",
            "EGFR",
        ],
        min_length=1,
        description="genes of the landscape plot, top to bottom",
    )
    tmb_high_per_mb: float = Field(10.0, gt=0, le=1000, description="TMB-high from this many mutations per Mb on")
    pdl1_positive_percent: float = Field(
        1.0, gt=0, le=100, description="PD-L1 positive from this tumour proportion score on"
    )
    tmb_very_high_per_mb: float = Field(
        19.0, gt=0, le=1000, description="TMB-high, by the source's Methods, above this many mutations per Mb"
    )
    classifier_labels: str = Field(
        "genomic_subtype", description="what the classifier learns: genomic_subtype, or a sample column"
    )
    classifier_classes: list[str] = Field(
        ["NSCLC-like", "SCLC-like"],
        min_length=2,
        max_length=2,
        description="the two classes to tell apart, where the labels are a sample column",
    )
    classifier_genes: int = Field(
        2168, ge=2, le=100000, description="the classifier looks at this many genes, or fewer where fewer qualify"
    )
    classifier_adjusted_p: float = Field(
        0.01, gt=0, le=1, description="genes of the classifier differ at an adjusted p below this"
    )
    classifier_splits: int = Field(100, ge=2, le=10000, description="repeated splits over which an AUC is judged")
    sure_from: float = Field(0.8, ge=0.5, lt=1, description="a tumour is called from this probability on, else none")
    tf_mixed_within: float = Field(
        0.5, ge=0, le=10, description="a tumour is Mixed where its second transcription factor is as near (z)"
    )
    tf_negative_below: float = Field(
        0.0, ge=-10, le=10, description="a tumour is Negative where no transcription factor reaches this z"
    )
    tf_linkage: str = Field("ward", description="linkage of the clustering on transcription factors")
    tf_distance: str = Field("euclidean", description="distance between tumours in that clustering")
    tf_clusters: int = Field(4, ge=2, le=8, description="clusters that its tree is cut into")
    yap1_cut: float = Field(0.5, gt=0, lt=1, description="a tumour is YAP1-high above this quantile of YAP1")
    george_histologies: list[str] = Field(
        ["LCNEC"], min_length=1, description="histologies of the validation cohort that are kept"
    )
    named_genes: list[str] = Field(
        ["FGL1", "SPINK1", "SFTPB"], min_length=1, description="genes labelled in volcano and heatmaps"
    )
    de_fdr: float = Field(0.05, gt=0, lt=1, description="genes differ at this false discovery rate (legend)")
    de_log10_fold: float = Field(0.5, ge=0, le=5, description="and at this absolute log10 fold change (legend)")
    de_p: float = Field(0.05, gt=0, lt=1, description="genes differ at this unadjusted p (text)")
    de_fold: float = Field(2.0, ge=1, le=1000, description="and at this fold change (text)")
    tumour_clusters: int = Field(4, ge=2, le=8, description="clusters that the tree of tumours is cut into")
    cluster_genes: int = Field(2000, ge=10, le=100000, description="the most variable genes that clustering looks at")
    cluster_linkage: str = Field("ward", description="linkage of the clusterings of tumours by expression")
    cluster_distance: str = Field("euclidean", description="distance between tumours in those clusterings")
    top_genes: int = Field(15, ge=2, le=100, description="genes of either side that heatmaps of differing genes take")
    gsea_permutations: int = Field(1000, ge=1000, le=100000, description="permutations of the gene-set enrichment")
    gsea_seeds: int = Field(3, ge=2, le=100, description="seeds over which enrichment scores are spread")
    gsea_resamples: int = Field(200, ge=100, le=10000, description="resamples of tumours for the scores' limits")
    long_survival_months: float = Field(20.0, gt=0, le=600, description="survival on blockade is long from here on")
    tme_fdr: float = Field(0.05, gt=0, lt=1, description="immune fractions differ at this false discovery rate")
    positive_sd: float = Field(
        5.0, gt=0, le=100, description="a cell is FGL1-positive this many robust sd above its field's background"
    )
    positive_percent: float = Field(
        10.0, gt=0, le=100, description="a tumour is FGL1-positive from this percentage of positive cells on"
    )
    organ: str = Field("liver", min_length=1, description="organ whose response is held against the other's")
    other_organ: str = Field("lung", min_length=1, description="the other organ")
    response_rules: str = Field(
        "RECIST 1.1", description="rules of the best response: RECIST 1.1; RECIST 1.1, confirmed; or iRECIST"
    )
    minimum_stable_days: int = Field(
        42, ge=0, le=365, description="stable disease is a best response from this day of treatment on"
    )
    mixed_change: str = Field(
        "best", description="change at which a mixed response is judged: best, or first (scan with all targets)"
    )
    mixed_percent: float = Field(
        0.0, ge=0, le=100, description="a change counts for a mixed response from this percentage on; at 0 any does"
    )
    simultaneous_months: float = Field(
        1.0, ge=0, le=24, description="two samples of a patient were taken together at most this many months apart"
    )
    landmark_days: int = Field(
        30, ge=0, le=365, description="what is measured after infusion counts from this day on (landmark)"
    )
    immunosign_genes: list[str] = Field(
        [], description="the genes of Immunosign 21, from who holds a licence; a stand-in of named families where empty"
    )
    immunosign_cut_percentile: float = Field(
        25.0, gt=0, lt=100, description="Immunosign is high above this percentile of the samples (the source's)"
    )
    immunoscore_cut_percentile: float = Field(
        25.0,
        gt=0,
        lt=100,
        description="Immunoscore is high above this percentile of the samples (the source gives none)",
    )
    burden_cut_quantile: float = Field(
        0.5, gt=0, lt=1, description="tumour burden is high above this quantile of the patients (the source gives none)"
    )
    density_cut_quantile: float = Field(
        0.5, gt=0, lt=1, description="a density is high above this quantile of the patients (the source gives none)"
    )
    treg_low_quantile: float = Field(
        0.125, gt=0, lt=1, description="regulatory T cells are few up to this quantile (the source gives none)"
    )
    burden_term: str = Field(
        "per doubling", description="tumour burden in a survival model: per doubling, or high or low"
    )
    contexture_resamples: int = Field(
        1000, ge=100, le=100000, description="resamples of patients for ranks of cell subsets and limits of change"
    )
    mihc_denominator: str = Field(
        "all cells", description="what stained immune cells are a fraction of: all cells, or CD45+ cells"
    )
    seed: int = Field(1, ge=0, le=2**31 - 1, description="seed of whatever is random in the run")
    era_cut: str = Field("2019-01-01", description="chemotherapy is held apart before and from this day")
    era_cut_regimens: str = Field("2019-03-01", description="regimens are compared from this day on")
    significance: float = Field(0.05, gt=0, lt=1, description="a p below this is called significant")
    min_group: int = Field(5, ge=2, le=1000, description="a group with fewer patients is shown, not tested")
    suppress_below: int = Field(
        0,
        ge=0,
        le=100,
        description="counts of real patients from 1 to below this are withheld in tables, figures, sentences and "
        "answers, with those that would tell them; 0 withholds none",
    )

    @field_validator("tf_linkage", "tf_distance", "cluster_linkage", "cluster_distance")
    @classmethod
    def _is_a_way_to_cluster(cls, word: str, info: ValidationInfo) -> str:
        known = LINKAGES if info.field_name.endswith("linkage") else DISTANCES
        if word not in known:
            raise ValueError(f"give one of {', '.join(known)}")
        return word

    @field_validator("response_rules", "mixed_change")
    @classmethod
    def _is_a_rule(cls, word: str, info: ValidationInfo) -> str:
        known = RESPONSE_RULES if info.field_name == "response_rules" else CHANGES
        if word not in known:
            raise ValueError(f"give one of {'; '.join(known)}")
        return word

    @field_validator("burden_term")
    @classmethod
    def _is_a_burden(cls, word: str) -> str:
        if word not in BURDEN_TERMS:
            raise ValueError(f"give one of {'; '.join(BURDEN_TERMS)}")
        return word

    @field_validator("mihc_denominator")
    @classmethod
    def _is_stained(cls, word: str) -> str:
        if word not in STAINED_CELLS:
            raise ValueError(f"give one of {', '.join(STAINED_CELLS)}")
        return word

    @field_validator("era_cut", "era_cut_regimens")
    @classmethod
    def _is_a_day(cls, day: str) -> str:
        try:
            return datetime.date.fromisoformat(day).isoformat()
        except ValueError:
            raise ValueError("it is no day; write YYYY-MM-DD") from None


def _shown(value) -> str:
    """A value as a message shows it, cut where it is long."""
    try:
        text = repr(value) if isinstance(value, str | int | float | None) else reprlib.repr(value)
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        return "a number of thousands of digits"
    return text if len(text) <= 100 else f"{text[:80]}…{text[-1]}"


def _line(key: str, value, kind: str, message: str, bounds: dict) -> str:
    shown = f"{key}: {_shown(value)}"
    if isinstance(value, datetime.date):
        return f"{key}: {value} is a date to YAML; put it in quotes"
    if kind.endswith("_type") and isinstance(value, str) and re.fullmatch(r"[\d.]+e[+-]?\d+", value, re.I):
        return f"{shown} is text to YAML; write it with a point, as {float(value):.1e}"
    if kind == "string_type" and isinstance(value, bool):
        return f"{shown} is a yes/no to YAML; put the word in quotes"
    if kind == "string_pattern_mismatch":
        return f"{shown} must be letters, digits, _ and - only, and start with a letter or digit"
    wanted = {
        "string_type": "text",
        "int_type": "a whole number",
        "int_from_float": "a whole number",
        "float_type": "a number",
        "bool_type": "true or false",
        "list_type": "a list of texts",
        "too_short": "a list that is not empty",
    }.get(kind)
    if wanted:
        return f"{shown} must be {wanted}"
    message = message.removeprefix("Value error, ")
    return f"{shown} is refused: {message[0].lower()}{message[1:]}"


def nearest(word: str, known) -> str:
    """` (did you mean 'x'?)` for the nearest known word, or nothing."""
    close = difflib.get_close_matches(word[:100], sorted(known), n=1, cutoff=0.5)
    return f" (did you mean '{close[0]}'?)" if close else ""


def validate(values: dict, where: str = "parameters") -> RunParameters:
    """The typed run of a mapping of what is written; raises ParameterError with one line that names the first bad key.

    A run that names a cohort of its own has none in the roles that it leaves out, for the default cohorts are
    simulated. A role that is written keeps what is written, be it a twin. A run that names runs has no cohort.
    """
    known = RunParameters.model_fields
    for key in values:
        if key not in known:
            named = f"'{key}'" if isinstance(key, str) and len(key) <= 100 else _shown(key)
            raise ParameterError(f"{where}: unknown parameter {named}{nearest(named.strip(chr(39)), known)}")
    try:
        run = RunParameters(**values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        line = _line(key, first["input"], first["type"], first["msg"], first.get("ctx", {}))
        raise ParameterError(f"{where}: {line}") from None
    several = "runs" if run.runs else "sweeps" if run.sweeps else ""
    if run.runs and run.sweeps:
        raise ParameterError(f"{where}: runs and sweeps stand side by side; name either in a file of its own")
    if several and (written := [role for role in ROLES if values.get(role)]):
        raise ParameterError(
            f"{where}: {written[0]}: '{values[written[0]]}' stands beside {several}; a run that names {several} takes "
            "no cohort of its own, so drop one of the two"
        )
    if several or any(getattr(run, role) not in ("", known[role].default) for role in ROLES):
        run = run.model_copy(update={role: "" for role in ROLES if role not in values})
    return run


def _unique_keys(loader, node):
    seen = {}
    for key_node, value_node in node.value:
        row = key_node.start_mark.line + 1
        if not isinstance(key_node.value, str):
            raise ParameterError(f"row {row}: a list or a mapping stands where a name should; write `name: value`")
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise ParameterError(f"row {row}: {_shown(key)} is given twice; keep one")
        seen[key] = loader.construct_object(value_node, deep=True)
    return seen


def _text(path: Path) -> str:
    """The text of a YAML file; anything that is no file, or far too long for one, is refused before it is read."""
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            raise ParameterError(f"{path}: is no file; a run is a YAML file, see params/msk_met.yaml")
        if state.st_size > MOST_BYTES:
            raise ParameterError(f"{path}: has {state.st_size:,} bytes, too many for a file of parameters")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ParameterError(f"{path}: no such file; a run is a YAML file, see params/msk_met.yaml") from None
    except UnicodeDecodeError:
        raise ParameterError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except (OSError, ValueError) as error:  # links in a circle, no right to read, a null byte in the name
        why = getattr(error, "strerror", None) or str(error)
        raise ParameterError(f"{path}: cannot be read ({why}); name a YAML file, see params/msk_met.yaml") from None


def read_yaml(path: Path) -> dict:
    """A flat YAML mapping read as papermill reads it (PyYAML, safe), with duplicate keys refused."""
    import yaml

    class Loader(yaml.SafeLoader):  # the compiled one overflows the stack where lists nest deep
        def construct_object(self, node, deep=False):
            try:
                return super().construct_object(node, deep)
            except (ValueError, TypeError, LookupError, AttributeError):  # a 13th month, 5,000 digits
                said, kind = _shown(node.value), node.tag.rpartition(":")[2]
                kind = {"int": "a whole number", "float": "a number", "timestamp": "a date"}.get(kind, kind)
                raise ParameterError(
                    f"row {node.start_mark.line + 1}: {said} cannot be read as {kind}; correct it, or put it in quotes "
                    "if it is text"
                ) from None

    Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_keys)
    text = _text(path)
    for row, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"(\w+)\s*:\s*(0\d+)\s*(#.*)?$", line):
            raise ParameterError(
                f"{path.name}, row {row}: {match[1]}: {match[2]} is an octal number to YAML; write it without "
                "the leading zero, or in quotes if it is text"
            )
    try:
        values = yaml.load(text, Loader) or {}
    except ParameterError as error:
        raise ParameterError(f"{path.name}, {error}") from None
    except RecursionError:
        raise ParameterError(f"{path.name}: nests hundreds of lists or mappings; write `name: value` lines") from None
    except yaml.YAMLError as error:
        mark, place = getattr(error, "problem_mark", None), getattr(error, "position", None)
        row = mark.line + 1 if mark else text[:place].count("\n") + 1 if place else None
        at = f", row {row}" if row else ""
        raise ParameterError(f"{path.name}{at}: is not YAML ({getattr(error, 'problem', error)})") from None
    if not isinstance(values, dict):
        raise ParameterError(f"{path.name}: must be `name: value` lines")
    return values


def read_run(path: Path) -> RunParameters:
    """The typed run of a params file. The file says its own name, for `papermill -f` hands on only its content."""
    values = read_yaml(path)
    run = validate(values, path.name)
    if values.get("run") != path.stem:
        raise ParameterError(
            f"{path.name}: must hold the line `run: {path.stem}` (the run's name is the file's stem, and a "
            "notebook run by hand knows it only from there)"
        )
    return run
