"""Which disease a cohort's tumours are: its histologies in OncoTree's codes or in words, and a cohort kept to one."""

import dataclasses
import re

import numpy as np
import pandas as pd

from lcnec_utils.cohort.model import Cohort, CohortError
from lcnec_utils.core.errors import MissingData

LCNEC, SCLC, LUAD, LUSC, NSCLC, CARCINOID, LNET = "LCNEC", "SCLC", "LUAD", "LUSC", "NSCLC", "carcinoid", "LNET"
LBCL = "LBCL"
NAMES = {
    LCNEC: "large cell neuroendocrine carcinoma",
    SCLC: "small cell lung cancer",
    LUAD: "lung adenocarcinoma",
    LUSC: "lung squamous cell carcinoma",
    NSCLC: "non-small cell lung cancer",
    CARCINOID: "lung carcinoid",
    LNET: "lung neuroendocrine tumour not further specified",
    LBCL: "large B-cell lymphoma",
}
# OncoTree's codes of lung tumours and of large B-cell lymphoma, over its versions; LCNEC is what authors write for
# LUNE, PMBCL and TFL (transformed follicular lymphoma) likewise
CODES = {
    LCNEC: "LUNE LCNEC",
    SCLC: "SCLC CSCLC",
    LUAD: "LUAD LAIS MLUAD",
    LUSC: "LUSC",
    NSCLC: "NSCLC NSCLCPD LUAS LUPC SARCL SPCC NUTCL LCLC BLCLC CCLC GCLC LECLC RLCLC SGTTL LUACC LUMEC",
    CARCINOID: "LUCA ALUCA",
    LNET: "LNET",
    LBCL: "DLBCLNOS DLBCL ABC GCB PMBL PMBCL HGBCL HGBCLMYCBCL2 TFL THRLBCL EBVDLBCLNOS BCLU LBLIRF4 LBCL",
}
_KIND_OF_CODE = {code: kind for kind, codes in CODES.items() for code in codes.split()}
# Words by which a kind is called, the closer ones first. Of LCNEC and SCLC in one cell the one named first counts:
# "LCNEC combined SCLC" is LCNEC, "combined SCLC and LCNEC" is SCLC; either comes before the adenocarcinoma beside it.
_WORDS = [
    {
        LCNEC: r"\bp?lcnec\b|\blune\b|large cell (lung |pulmonary )?(neuro ?endocrine|ne\b)|"
        r"neuro ?endocrine\b.*\blarge cell",
        SCLC: r"\bc?sclc\b|(?<!non )\bsmall cell|\boat cell",
    },
    {
        LUAD: r"\bluad\b|\badeno ?carcinomas?\b|\badc\b|bronchi?olo ?alveolar",
        LUSC: r"\blusc\b|(?<!non )(?<!adeno )\bsquamous|\bsqcc\b",
        CARCINOID: r"carcinoid|^a?typical$",
    },
    {
        NSCLC: r"\bnsclc\b|\bnon ?small cell|\blarge cell (lung |pulmonary )?carcinoma|adeno ?squamous|sarcomatoid|"
        r"pleomorphic carcinoma|lymphoepithelioma like",
        LNET: r"(lung|pulmonary|bronchial) neuro ?endocrine",
    },
]
# a lymphoma is one wherever it lies, so that these words come before those of an organ
_LYMPHOMA = re.compile(
    r"\bd?lbcl\b|\bpmbc?l\b|\bhgbc?l\b|large b ?cell|high grade b ?cell|transformed (follicular|indolent)|"
    r"richter|mediastinal b ?cell"
)
_LUNG = re.compile(r"\b(lung|pulmonary|bronch\w*)")
_ELSEWHERE = re.compile(
    r"prostat|bladder|cervi|ovar|stomach|gastr|esophag|oesophag|pancrea|colo(n|rect)|rect(al|um)|renal|kidney|thym|"
    r"skin|cutane|merkel|breast|uter|endometri|vulv|vagin|head and neck|laryn|pharyn|\boral|saliv|thyroid|brain|glio|"
    r"osteo|liver|hepat|biliary|ampull|append|bowel|intestin|\banal|\banus|penile|unknown primary"
)
_NOT_STATED = {"", "lung", "lung cancer", "lung cancer nos", "lung carcinoma", "lung carcinoma nos", "cancer",
               "carcinoma", "tumor", "tumour", "solid tumor", "solid tumour", "other", "unknown", "unclassified",
               "mixed", "not stated", "na"}  # fmt: skip
# Where a sample says what it is; the first that says it counts, but for NSCLC and LNET, which leave it to closer words.
# HISTOLOGY holds growth patterns too: of it only the kinds of lung tumour above are read.
COLUMNS = ["ONCOTREE_CODE", "CANCER_TYPE_DETAILED", "HISTOLOGY", "CANCER_TYPE"]
FEW = 4  # so many histologies are named in a sentence


def _small(text: str) -> str:
    return " ".join(re.sub(r"[\s_/,;:.()\[\]–—-]+", " ", text.lower()).split())


def kind(text: str) -> str:
    """The kind of tumour that an OncoTree code or words mean: one of NAMES, the text itself where it is no lung tumour
    or lymphoma known here, or "" where it says nothing.

    >>> kind("LUNE"), kind("Lung Large-Cell Neuroendocrine Carcinoma"), kind("Non-Small Cell Lung Cancer")
    ('LCNEC', 'LCNEC', 'NSCLC')
    >>> kind("DLBCLNOS"), kind("Primary Mediastinal (Thymic) Large B-Cell Lymphoma")
    ('LBCL', 'LBCL')
    >>> kind("Combined Small Cell Lung Carcinoma"), kind("Small Cell Bladder Cancer"), kind("Lung Cancer")
    ('SCLC', 'Small Cell Bladder Cancer', '')
    """
    text = text.strip()
    code = re.search(r"\(([A-Za-z]+)\)$", text)
    for word in (text.upper(), code[1].upper() if code else ""):
        if word in _KIND_OF_CODE:
            return _KIND_OF_CODE[word]
    words = re.sub(r"\b(nsclc|sclc|lcnec|small cell|carcinoid) like\b", " ", _small(text))
    if words in _NOT_STATED:
        return ""
    if _LYMPHOMA.search(words):
        return LBCL
    if _ELSEWHERE.search(words) and not _LUNG.search(words):
        return text
    for patterns in _WORDS:
        places = {name: match.start() for name, pattern in patterns.items() if (match := re.search(pattern, words))}
        if places:
            return min(places, key=places.get)
    return text


def stated(cohort: Cohort) -> pd.DataFrame:
    """What each tumour is said to be, by sample: `said` (code or words, as written) and `kind`; both "" where no column
    says it."""
    table = pd.DataFrame("", index=cohort.samples.index, columns=["said", "kind"], dtype=object)
    for column in COLUMNS:
        if column not in cohort.samples:
            continue
        words = cohort.samples[column].astype(object)
        words = words.where(words.notna(), "").astype(str).str.strip()
        kinds = words.map({word: kind(word) for word in words.unique()})
        if column == "HISTOLOGY":
            kinds = kinds.where(kinds.isin(list(NAMES)), "")
        closer = table["kind"].isin([NSCLC, LNET]) & kinds.isin([*NAMES]) & ~kinds.isin([NSCLC, LNET])
        fills = (table["kind"] == "") & (kinds != "") | closer & (column != "CANCER_TYPE")
        table.loc[fills, "said"], table.loc[fills, "kind"] = words[fills], kinds[fills]
    return table


def count(cohort: Cohort) -> dict[str, int]:
    """How many tumours are of each histology, by its code or words as written, most frequent first; those of which
    no column says it are left out."""
    said = stated(cohort)["said"]
    return {word: int(n) for word, n in said[said != ""].value_counts().items()}


@dataclasses.dataclass(frozen=True)
class Fit:
    """A cohort's tumours against the histologies that are asked for.

    wanted: what is asked for, in words. n: tumours. kept: those of it. others: kind → tumours of another histology,
    most frequent first. unstated: tumours of which no column says it.
    """

    wanted: str
    n: int
    kept: int
    others: dict[str, int]
    unstated: int

    @property
    def none(self) -> bool:
        """Whether every tumour whose histology is known is of another one."""
        return bool(self.others) and not self.kept

    @property
    def reason(self) -> str:
        """Which tumours are of another histology, in one clause; nothing where none is."""
        if not self.others:
            return ""
        number = sum(self.others.values())
        shown = list(self.others.items())[:FEW]
        words = [_named(name, n if len(self.others) > 1 else None) for name, n in shown]
        if len(self.others) > FEW:
            words.append(f"one of {len(self.others) - FEW} other histologies")
        listed = " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
        return f"{number} of {self.n} tumours {'is' if number == 1 else 'are'} {listed}, not {self.wanted}"


def _named(name: str, n: int | None) -> str:
    """A kind in words with its abbreviation and number: `lung adenocarcinoma (LUAD, 186)`."""
    inside = [name] if name in NAMES and name != CARCINOID else []
    inside += [] if n is None else [str(n)]
    return NAMES.get(name, name) + (f" ({', '.join(inside)})" if inside else "")


def fit(cohort: Cohort, wanted: str, kinds: set[str]) -> Fit:
    """A cohort's tumours against the kinds of NAMES that are asked for, which `wanted` says in words."""
    found = stated(cohort)["kind"].value_counts()
    others = {name: int(n) for name, n in found.items() if name and name not in kinds}
    kept = int(sum(n for name, n in found.items() if name in kinds))
    return Fit(wanted, len(cohort.samples), kept, others, int(found.get("", 0)))


class _Kept(Cohort):
    """A cohort of which some samples were left out: its expression is that of the others."""

    def expression(self, genes: list[str] | None = None):
        data = super().expression(genes)
        return data[self.has_expression_of(data.obs_names)].to_memory()

    def has_expression_of(self, samples: pd.Index) -> np.ndarray:
        return samples.isin(self.samples.index)


def _is(cohort: Cohort, histology: str) -> pd.Series:
    """Whether each sample is of a histology: by its code or words as written, or by its kind where a kind is named."""
    table, word = stated(cohort), _small(histology)
    columns = [cohort.samples[column] for column in COLUMNS[:-1] if column in cohort.samples]
    same = [cells.astype(object).where(cells.notna(), "").astype(str).map(_small) == word for cells in columns]
    names = {_small(text): name for name, words in NAMES.items() for text in (name, words)} | {"lune": LCNEC}
    whole = table["kind"] == names.get(word, "no kind")
    return pd.concat([whole, *same], axis=1).any(axis=1)


def restrict(cohort: Cohort, histology: str) -> Cohort:
    """The cohort's tumours of one histology (an OncoTree code, or words of CANCER_TYPE_DETAILED) with their patients,
    calls, timelines and expression; a note says how many of how many.

    Raises CohortError, naming those that are there, where it holds none of it.
    """
    keep = _is(cohort, histology)
    if not keep.any():
        there = ", ".join(f"{word} ({n})" for word, n in count(cohort).items())
        held = f"it holds {there}" if there else f"no column says what its tumours are ({', '.join(COLUMNS[:2])})"
        raise CohortError(f"histology: {cohort.name} holds no tumour of '{histology}'; {held}")
    return _kept(cohort, keep, f"restricted to {histology}", f"{histology} only")


# Words that say that a tumour is of two kinds; so do two of these kinds in one cell
_OF_TWO = re.compile(r"(?<!not )(?<!non )\b(combined|mixed|composite)\b|\bc ?(sclc|lcnec|lune)\b")
_TWO_OF = [LCNEC, SCLC, LUAD, LUSC]


def _is_combined(text: str) -> bool:
    words = re.sub(r"\b(nsclc|sclc|lcnec|small cell|carcinoid) like\b", " ", _small(text))
    named = sum(bool(re.search(patterns[name], words)) for patterns in _WORDS for name in _TWO_OF if name in patterns)
    return bool(kind(text)) and (bool(_OF_TWO.search(words)) or named > 1)


def combined(cohort: Cohort) -> pd.Series:
    """Whether each sample is said to be a combined tumour (LCNEC beside another carcinoma), in ONCOTREE_CODE,
    CANCER_TYPE_DETAILED or HISTOLOGY; booleans by sample, False where no column says it.

    >>> [_is_combined(text) for text in ("LCNEC", "LCNEC combined ADC", "C-LCNEC", "Lung Adenocarcinoma")]
    [False, True, True, False]
    """
    result = pd.Series(False, cohort.samples.index)
    for column in COLUMNS[:-1]:
        if column in cohort.samples:
            words = cohort.samples[column].astype(object)
            words = words.where(words.notna(), "").astype(str)
            result |= words.map({word: _is_combined(word) for word in words.unique()}).astype(bool)
    return result


def pure(cohort: Cohort) -> Cohort:
    """The cohort without its combined tumours; the cohort itself where it names none. A note says how many were left
    out. Raises MissingData where all are combined."""
    of_two = combined(cohort)
    if not of_two.any():
        return cohort
    if of_two.all():
        raise MissingData(f"{cohort.name} holds combined tumours alone, and none that is pure")
    return _kept(cohort, ~of_two, "without combined tumours", "pure")


def pure_and_all(cohort: Cohort) -> dict[str, Cohort]:
    """The pure tumours of a cohort and all of them, by the cohort's label with the words; one entry where none is
    combined. Raises as `pure`."""
    only = pure(cohort)
    return {only.label: only} if only is cohort else {only.label: only, f"{cohort.label}, with combined": cohort}


def _kept(cohort: Cohort, keep: pd.Series, said: str, name: str) -> Cohort:
    """The cohort's samples where `keep` is True with their patients, calls, timelines and expression."""
    samples = cohort.samples[keep]
    patients = cohort.patients[cohort.patients.index.isin(samples["PATIENT_ID"])]
    parts = {field.name: getattr(cohort, field.name) for field in dataclasses.fields(cohort) if field.init}
    parts |= {
        name: _rows_of(value, samples.index, patients.index)
        for name, value in parts.items()
        if isinstance(value, pd.DataFrame | pd.Series) and name not in ("patients", "samples", "table")
    }
    said = f"{said}: {len(samples)} of {len(cohort.samples)} tumours"
    return _Kept(
        **parts
        | {
            "samples": samples,
            "patients": patients,
            "sequenced": None if cohort.sequenced is None else cohort.sequenced & set(samples.index),
            "ncounter": {
                name: data[data.obs_names.isin(samples.index)].copy() for name, data in cohort.ncounter.items()
            },
            "timelines": {
                name: _rows_of(rows, samples.index, patients.index) for name, rows in cohort.timelines.items()
            },
            "study": cohort.study | {"name": f"{cohort.study.get('name') or cohort.name}, {name}"},
            "notes": [f"{said}, {len(patients)} of {len(cohort.patients)} patients", *cohort.notes],
        }
    )


# the columns by which a table of calls or events names its samples or its patients
_SAMPLE_COLUMNS = ["SAMPLE_ID", "Sample_Id", "Sample_ID", "Tumor_Sample_Barcode", "sample"]


def _rows_of(value: pd.DataFrame | pd.Series, samples: pd.Index, patients: pd.Index) -> pd.DataFrame | pd.Series:
    """Those parts of a table that belong to the samples or patients kept: rows, or the columns of genes × samples."""
    if isinstance(value, pd.Series):
        return value[value.index.isin(samples)]
    for name in _SAMPLE_COLUMNS:
        if name in value:
            return value[value[name].isin(samples)]
    if "PATIENT_ID" in value:
        return value[value["PATIENT_ID"].isin(patients)]
    if value.index.name == "SAMPLE_ID":
        return value[value.index.isin(samples)]
    return value.loc[:, value.columns.isin(samples)]
