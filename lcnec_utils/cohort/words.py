"""What is made of the words and numbers in a cell: closed vocabularies, grades, regimens, dates, consequences.

Every reader here gives the word's meaning, "" for a word that means "not known", or None for a word that it does not
know: the caller names and counts that one, and never takes it for an answer.
"""

import datetime
import re
from functools import cache
from pathlib import Path

import yaml


def _small(text: str) -> str:
    """A word in the form in which it is compared: small letters, one space for runs of spaces, hyphens, underscores.

    The hyphen before a number is its sign, and one behind a word may deny it: -1 is no 1, MSI- no MSI.
    """
    return re.sub(r"(?!^[–—-]\d)(?!(?<=\w)[–—-]$)[\s_–—-]+", " ", text.strip().lower()).strip()


def _load(name: str):
    # every scalar as text: YAML would take `no` for false
    return yaml.load(Path(__file__).with_name(name).read_text(encoding="utf-8"), yaml.BaseLoader)


@cache
def vocabularies() -> dict[str, dict[str, str]]:
    """The closed vocabularies of words.yaml: name → word in small letters → its meaning."""
    tables = {}
    for name, meanings in _load("words.yaml").items():
        if name == "nulls":
            tables[name] = {_small(word): "" for word in meanings}
        else:
            tables[name] = {
                _small(word): value for value, words in meanings.items() for word in [value, *words] if word
            }
    return tables


@cache
def drugs() -> dict[str, tuple[str, str]]:
    """Drugs by name in small letters → (kind of treatment, class), from drugs.yaml."""
    return {
        _small(drug): (kind, group)
        for kind, groups in _load("drugs.yaml").items()
        for group, names in groups.items()
        for drug in names
    }


def is_null(text: str) -> bool:
    """Whether a cell says that nothing is known: cBioPortal's null words in any capitals, with or without brackets.

    >>> is_null("[Not Available]"), is_null("NaN"), is_null("--"), is_null("0")
    (True, True, True, False)
    """
    body = _small(text)
    return body in vocabularies()["nulls"] or _small(body.strip("[]()")) in vocabularies()["nulls"]


def _listed(vocabulary: str, text: str) -> str | None:
    return vocabularies()[vocabulary].get(_small(text))


def _phrase(vocabulary: str, text: str) -> str | None:
    """What a phrase means whose commas, semicolons and brackets say nothing."""
    return _listed(vocabulary, re.sub(r"[,;()]", " ", text))


def number(text: str) -> tuple[float, bool] | None:
    """A number with its sign of inequality or percent taken off, and whether it was such a bound; None for no number.

    `>89` is 89 and `<1` is the largest value below 1 that a percent can show, 0; `≥50%` is 50.

    >>> number("61"), number(">89"), number("<1"), number("≥50%"), number("1-49")
    ((61.0, False), (89.0, True), (0.0, True), (50.0, True), None)
    """
    body = text.strip()
    match = re.fullmatch(r"(>=|<=|=>|=<|[<>≥≤])?\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(%|\+)?", body)
    if not match:
        return None
    value = float(match[2])
    sign = match[1] or ""
    if sign == "<" and value == 1:
        value = 0.0  # below one percent is none of one percent
    return value, bool(sign) or match[3] == "+"


ROMAN = {"0": "0", "i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5"}


def grade(text: str) -> str | None:
    """A CTCAE grade, 0 to 5, from a number, a Roman numeral, CTCAE's words, or both together where they agree.

    >>> grade("Grade 3"), grade("G3"), grade("III"), grade("3 - Severe"), grade("severe"), grade("3 - Mild"), grade("7")
    ('3', '3', '3', '3', '3', None, None)
    """
    body = re.sub(r"^(?:(?:nci|ctcae)\s*)+(?:v ?\d(?:\.\d+)*[ :]*)?", "", _small(text))
    match = re.fullmatch(r"(?:(?:grade|gr|g)[ .:=]*)?([0-5](?:\.0)?|iv|v|i{1,3})(?:[ :/(,;=]+(.+))?", body)
    if match:
        digit = ROMAN.get(match[1], match[1][0])
        return digit if match[2] is None or _phrase("grade", match[2]) == digit else None
    return _phrase("grade", re.sub(r"^(?:grade|gr)[ .:=]*", "", body))


def ecog(text: str) -> str | None:
    """An ECOG performance status, 0 to 4, from a number with or without words; `2+` and `≥2` are 2.

    >>> ecog("ECOG 1"), ecog("1 - Restricted"), ecog("2+"), ecog("Fully active"), ecog("0-1"), ecog("9")
    ('1', '1', '2', '0', None, None)
    """
    body = re.sub(r"^(?:(?:ecog|ps|performance|status|score|grade|zubrod|who)[ :.=]*)+", "", _small(text))
    match = re.fullmatch(r"(>=|≥)?\s*([0-4])(?:\.0)?\s*(\+)?(?:[ :/(,;=]+(.+))?", body)
    if match and (match[2] == "2" or not (match[1] or match[3])):
        return match[2] if match[4] is None or _phrase("ecog", match[4]) == match[2] else None
    return _phrase("ecog", body)


CENSORED_PHRASE = re.compile(
    r"\b(alive|living|censored|ongoing)\b|free\b|\b(no|not|non|never) ?(dead|died|deceased|progress|event|recur|relaps)"
)
EVENT_PHRASE = re.compile(r"\b(dead|died|death|deceased|progress\w*|recur\w*|relaps\w*)\b")


def event_code(text: str) -> bool | None:
    """Whether a status is an event: `1:DECEASED`, `DECEASED`, `dead`, `1`, `true`, …; None where it is neither.

    A digit and a word that contradict each other (`1:LIVING`) are neither.
    """
    digit, _, word = text.strip().partition(":")
    if digit.strip() in ("0", "1", "0.0", "1.0"):
        event = digit.strip().startswith("1")
        # words behind a digit come in many phrases ("ALIVE WITH DISEASE"): they are judged by what they hold
        word = _small(word)
        listed = _listed("event", word)
        censored_word = listed == "0" or listed is None and bool(CENSORED_PHRASE.search(word))
        event_word = listed == "1" or not censored_word and bool(EVENT_PHRASE.search(word))
        return None if (event and censored_word) or (not event and event_word) else event
    said = _listed("event", text)
    return None if said is None else said == "1"


DEFICIENT, PROFICIENT = "dMMR/MSI-H", "pMMR/MSS"


def mismatch_repair(text: str) -> str | None:
    """Mismatch repair from the words for repair (dMMR, proficient …) or stability (MSI-H, MSS, Instable, MSI-L …):
    DEFICIENT, PROFICIENT, "" where the test could not tell. Where one cell gives both, repair is believed.

    >>> mismatch_repair("MSI-H"), mismatch_repair("Stable"), mismatch_repair("Indeterminate"), mismatch_repair("purple")
    ('dMMR/MSI-H', 'pMMR/MSS', '', None)
    """
    whole = _listed("mmr", text)
    parts = [part for part in re.split(r"[,;:/()+]", _small(text)) if part.strip()]
    kinds = ({whole} if whole is not None else {_listed("mmr", part) for part in parts}) - {"method"}
    repair, stability = kinds & {"deficient", "proficient"}, kinds & {"unstable", "stable"}
    if None in kinds or len(repair) > 1 or len(stability) > 1 or not kinds or ("" in kinds and len(kinds) > 1):
        return None
    return {"deficient": DEFICIENT, "unstable": DEFICIENT, "": ""}.get((repair or kinds).pop(), PROFICIENT)


def word(vocabulary: str, text: str) -> str | None:
    """What a word means in a vocabulary: its value, "" for "not known", None where the vocabulary lacks it.

    >>> word("sex", "F"), word("yes_no", "N"), word("m_stage", "MX"), word("benefit", "DCB"), word("sex", "x")
    ('Female', 'NO', '', 'YES', None)
    """
    if vocabulary == "grade":
        return grade(text)
    if vocabulary == "ecog":
        return ecog(text)
    if vocabulary == "mmr":
        return mismatch_repair(text)
    if vocabulary == "event":
        event = event_code(text)
        return None if event is None else str(int(event))
    return _listed(vocabulary, text)


# --- regimens

_JOIN = re.compile(r"\s*(?:[+/,;&|]|\((?!l\))|\band\b|\bwith\b|\bplus\b)\s*")  # the bracket of pd (l)1 joins nothing
# what is said behind a drug of its dose and its company
_BESIDE = re.compile(
    r"(?:(?:^|\s+)(?:\d+ ?(?:mg|cycles?|x)|auc ?\d|x ?\d+|maintenance|monotherapy|mono|alone|only|doublet)\b)+[ .)]*$"
)


def _part(text: str) -> str | None:
    """The kind of treatment that one part of a regimen is; "beside" for what does not change it; None if not known."""
    said = _BESIDE.sub("", text).strip(" .)")
    for body in (text, said):
        if body in vocabularies()["regimen"]:
            return vocabularies()["regimen"][body]
        if body in drugs():
            return drugs()[body][0]
    return None if said else "beside"


@cache
def regimen(text: str) -> str | None:
    """A treatment as chemotherapy, chemoimmunotherapy, immunotherapy or targeted therapy, from words or drug names.

    None where a part of it is not known, or parts do not make one of these.

    >>> regimen("CHEMOTHERAPY"), regimen("Carboplatin/Etoposide"), regimen("carboplatin + pemetrexed + pembrolizumab")
    ('chemotherapy', 'chemotherapy', 'chemoimmunotherapy')
    >>> regimen("ipilimumab+nivolumab"), regimen("Chemo + IO"), regimen("osimertinib"), regimen("Test")
    ('immunotherapy', 'chemoimmunotherapy', 'targeted therapy', None)
    """
    body = _small(text).replace("nab paclitaxel", "nabpaclitaxel")
    if body in vocabularies()["regimen"]:
        return vocabularies()["regimen"][body]
    parts = [part for part in _JOIN.split(body) if part]
    if len(parts) == 1 and _part(parts[0]) is None:
        parts = parts[0].split(" ")  # "carboplatin etoposide"
    kinds = {_part(part) for part in parts}
    if None in kinds or not parts:
        return None
    kinds.discard("beside")
    if kinds == {"chemotherapy", "immunotherapy"} or (
        kinds and kinds <= {"chemotherapy", "immunotherapy", "chemoimmunotherapy"} and len(kinds) > 1
    ):
        return "chemoimmunotherapy"
    return kinds.pop() if len(kinds) == 1 else None


# --- dates

FIRST_YEAR, LAST_YEAR = 1900, 2100  # a year beyond is a slip (0219 for 2019)
_MONTH_NAMES = {name: place for place, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_EXCEL_SERIAL = re.compile(r"[1-5]\d{4}(?:\.\d+)?")
_DATE_FORMS = {  # order of the parts → pattern
    "ymd": re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?|(\d{4})(\d{2})(\d{2})"),
    "dmy": re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})(?:[T ].*)?"),
    "mdy": re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})(?:[T ].*)?"),
    "dby": re.compile(r"(\d{1,2})[-/. ]?([A-Za-z]{3})[a-z]*[-/., ]*(\d{4})"),
    "bdy": re.compile(r"([A-Za-z]{3})[a-z]*[-/. ]*(\d{1,2})[-/., ]+(\d{4})"),
}


def _day(form: str, text: str) -> str | None:
    match = _DATE_FORMS[form].fullmatch(text.strip())
    if not match:
        return None
    parts = [part for part in match.groups() if part is not None]
    named = dict(zip(form, parts, strict=True))
    month = _MONTH_NAMES.get(named["b"].lower()) if "b" in named else int(named["m"])
    if not FIRST_YEAR <= int(named["y"]) <= LAST_YEAR:
        return None
    try:
        return datetime.date(int(named["y"]), month or 0, int(named["d"])).isoformat()
    except ValueError:
        return None


def dates(texts: list[str]) -> tuple[dict[str, str], str]:
    """Days as YYYY-MM-DD by the one format that all texts have; what cannot be read is "" and why stands beside.

    texts: the distinct cells that are not empty. Returns the day of each text, and "" or the reason for refusing all
    of them: a format that could be either of two, Excel's serial numbers, or no format that most share.

    >>> dates(["31/12/2019", "01/02/2019"])[0]
    {'31/12/2019': '2019-12-31', '01/02/2019': '2019-02-01'}
    >>> dates(["01/02/2019"])[1]
    "'01/02/2019' could be day/month or month/day; write YYYY-MM-DD"
    """
    serial = [text for text in texts if _EXCEL_SERIAL.fullmatch(text.strip())]
    if serial and len(serial) * 2 >= len(texts):
        day = datetime.date(1899, 12, 30) + datetime.timedelta(days=int(float(serial[0])))
        return (
            {},
            f"'{serial[0]}' is a serial number of Excel ({day} where days count from 1900); write YYYY-MM-DD",
        )
    read = {form: {text: day for text in texts if (day := _day(form, text))} for form in _DATE_FORMS}
    most = max(map(len, read.values()), default=0)
    if not most or most * 10 < len(texts) * 9 and len(texts) - most > 1:
        odd = next(
            (text for text in texts if not any(text in days for days in read.values())), texts[0] if texts else ""
        )
        return {}, f"'{odd}' is in no format that the column shares; write YYYY-MM-DD"
    best = [days for days in read.values() if len(days) == most]
    for text in texts:
        if len({days.get(text) for days in best}) > 1:
            return {}, f"'{text}' could be day/month or month/day; write YYYY-MM-DD"
    return {text: best[0].get(text, "") for text in texts}, ""


# --- consequences of a mutation

# Words that leave open what a call does: it counts, as cBioPortal loads it
_OPEN = {"unknown", "other", "undefined"}


@cache
def consequences() -> dict[str, tuple[int, str]]:
    """Words of a consequence (consequences.yaml) → (rank, the most severe 0; class). Class "" changes no protein."""
    table: dict[str, tuple[int, str]] = {}
    for rank, entry in enumerate(_load("consequences.yaml")):
        for term in entry["words"]:
            table.setdefault(term, (rank, entry["class"]))
    return table


@cache
def consequence(text: str) -> tuple[str | None, list[str]]:
    """What a consequence does, by its most severe word, and its words that no list knows.

    The first is a class of mutation, "" where no protein is changed, None where it is not said: an empty cell, or only
    words that leave it open or that no list knows (such a call counts, as cBioPortal loads it).

    >>> consequence("missense_variant&splice_region_variant"), consequence("intron_variant,NMD_transcript_variant")
    (('missense', []), ('', []))
    >>> consequence("nonsynonymous SNV"), consequence("UTR3"), consequence("frobnicated")
    (('missense', []), ('', []), (None, ['frobnicated']))
    """
    whole = re.sub(r"[\s-]+", "_", text.strip().lower())
    if not whole or is_null(text):
        return None, []
    parts = (
        [whole]
        if whole in consequences()
        else [part.strip("_") for part in re.split(r"[&,;|+]|/", whole) if part.strip("_")]
    )
    known = [consequences()[part] for part in parts if part in consequences()]
    strange = [part for part in parts if part not in consequences() and part not in _OPEN]
    if not known or (strange and min(known)[1] == ""):
        return None, [text.strip()] if strange else []
    return min(known)[1], strange


# --- protein changes

_AMINO_ACIDS = {
    "Ala": "A", "Arg": "R", "Asn": "N", "Asp": "D", "Cys": "C", "Gln": "Q", "Glu": "E", "Gly": "G", "His": "H",
    "Ile": "I", "Leu": "L", "Lys": "K", "Met": "M", "Phe": "F", "Pro": "P", "Ser": "S", "Thr": "T", "Trp": "W",
    "Tyr": "Y", "Val": "V",
    "Ter": "*", "Sec": "U", "Stop": "*",
}  # fmt: skip
_THREE = re.compile("|".join(_AMINO_ACIDS), re.I)


PLAIN_CHANGE = re.compile(r"p\.[A-Z*]\d+[A-Z*]")  # as most files write it: nothing to read


def protein_change(text: str) -> str:
    """A protein change as `p.G12C`: with or without `p.`, in one or three letters, behind a transcript; "" for none.

    >>> protein_change("G12C"), protein_change("ENSP00000256078.4:p.Gly12Cys"), protein_change("p.(Gly12Cys)")
    ('p.G12C', 'p.G12C', 'p.G12C')
    >>> protein_change("KRAS:NM_033360:exon2:c.G34T:p.G12C"), protein_change("MUTATED")
    ('p.G12C', '')
    """
    body = text.strip()
    if marked := re.search(r"\bp\.", body, re.I):
        body = re.split(r"[,;\s]", body[marked.end() :].strip())[0]
    elif ":" in body:
        return ""  # a change of DNA, or a transcript without a protein
    elif named := re.search(r"(?:^|\s)([A-Z*][a-z]{0,2}\d+[^\s,;]+)", body):
        body = named[1]  # behind the gene, or before more words
    body = body.strip().strip("()[]")
    if (
        not body
        or is_null(body)
        or body.upper() in ("MUTATED", "NULL", "=", "?", "PROMOTER")
        or body.startswith(("c.", "g."))
    ):
        return ""
    if re.fullmatch(r"[a-z]\d+[a-z*]", body):
        body = body.upper()
    if re.search(r"[A-Z][a-z]{2}\d", body):
        body = _THREE.sub(lambda match: _AMINO_ACIDS[match[0].capitalize()], body)
    return f"p.{body}"


# --- gene symbols

_EXCEL_DATE = re.compile(
    r"(\d{1,2}-(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)|(?:mar|sep|sept|dec|oct)-\d{1,2}|\d{4}-\d\d-\d\d.*|\d{1,2}/\d{1,2}/\d{2,4})",
    re.I,
)


def is_excel_date(symbol: str) -> bool:
    """Whether a gene symbol is a date that a spreadsheet made of one.

    >>> is_excel_date("1-Sep"), is_excel_date("2-Mar"), is_excel_date("NKX2-1")
    (True, True, False)
    """
    return bool(_EXCEL_DATE.fullmatch(symbol.strip()))
