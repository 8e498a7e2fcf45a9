"""A study whose words are attacks: markup, formulas, shell and math in every name that a cohort may choose.

Genes, patients, regimens, centres, the cohort's own name and citation are called what would run somewhere if a figure,
a table, a notebook or a page took it for more than a name. `carries` finds what did.
"""

import html.parser
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.cohort.write import write_study

SCRIPT = "<script>alert(1)</script>"
PICTURE = '"><img src=x onerror=alert(2)>'
FORMULA = "=cmd()"
SHELL = "$(touch x)"
CLIMB = "../x"
MATH = r"$\frac{"
LINK = "[click](javascript:alert(3))"
ROLE = "{eval-rst}`x` ${toctree}"
FENCE = "`" * 14 + "{eval-rst}"
WORDS = [SCRIPT, PICTURE, FORMULA, SHELL, CLIMB, MATH, LINK, ROLE]
GENES = ["<SCRIPT>ALERT(1)</SCRIPT>", '"><IMG SRC=X ONERROR=ALERT(2)>', "=CMD()", r"$\FRAC{", "../X"]
MARK = "ZQX-PLANTED-"  # begins every identifier of a patient or a sample
# Elements and attributes that run something or fetch it
RUNS = re.compile(r"^on\w+$|^(formaction|srcdoc)$", re.I)


def tables(n: int = 96, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Patients, samples and mutations of so many patients."""
    rng = np.random.default_rng(seed)
    # without spaces, which end a name in a case list
    ids = [f"{MARK}{place:04d}{WORDS[place % len(WORDS)].replace(' ', '_')}" for place in range(n)]
    people = pd.DataFrame({
        "PATIENT_ID": ids, "SEX": rng.choice(["Female", "Male"], n), "AGE": rng.integers(40, 85, n).astype(str),
        "RACE": rng.choice(WORDS[:4], n), "SMOKING": rng.choice(WORDS[2:6], n), "STAGE": rng.choice(["III", "IV"], n),
        "INSTITUTION": rng.choice(WORDS, n), "FIRST_LINE_REGIMEN": [WORDS[place % 4] for place in range(n)],
        "ADVERSE_EVENT_GRADE": rng.integers(0, 5, n).astype(str), "TIME_ZERO": SCRIPT,
    })  # fmt: skip
    for key in ("OS", "RWPFS"):
        people[f"{key}_MONTHS"] = rng.exponential(15, n).round(1) + 0.1
        people[f"{key}_STATUS"] = rng.choice(["1:EVENT", "0:CENSORED"], n, p=[0.7, 0.3])
    samples = pd.DataFrame({
        "SAMPLE_ID": [f"{one}-T" for one in ids], "PATIENT_ID": ids, "ONCOTREE_CODE": "LUNE",
        "TMB_NONSYNONYMOUS": rng.gamma(2, 5, n).round(1), "PDL1_SCORE": rng.choice(["0", "5", "60", ""], n),
        "GENE_PANEL": SHELL, "SAMPLE_TYPE": rng.choice(["Primary", "Metastasis"], n), "ORGAN": rng.choice(WORDS[:3], n),
    })  # fmt: skip
    genes = [*GENES, "TP53", "RB1", "STK11", "KEAP1", "KRAS", "EGFR", "SMARCA4"]
    calls = [(gene, f"{one}-T", rng.choice(["Missense_Mutation", "Nonsense_Mutation"]), f"p.{SCRIPT}")
             for gene in genes for one in np.array(ids)[rng.random(n) < 0.35]]  # fmt: skip
    names = ["Hugo_Symbol", "Tumor_Sample_Barcode", "Variant_Classification", "HGVSp_Short"]
    return people, samples, pd.DataFrame(calls, columns=names)


def write(folder: Path, n: int = 96, seed: int = 1) -> Path:
    """The study's folder; its name and citation are attacks too."""
    people, samples, calls = tables(n, seed)
    study = {
        "name": f"LCNEC {SCRIPT} {LINK}\n\n{FENCE}\n\n# {MATH} {SHELL}", "citation": f"{PICTURE} {ROLE} {LINK}",
        "caveats": {"selection": f"{SCRIPT} {LINK} {MATH}."}, "os_origin": f"{SCRIPT} {MATH}",
        "body": f"../../{SCRIPT}",
    }  # fmt: skip
    return write_study(folder, patients=people, samples=samples, mutations=calls, study=study)


def params_file(folder: Path, study: Path, run: str = "hostile", **more) -> Path:
    """A run's file on the study, its genes asked for by name."""
    import yaml

    listed = [*GENES, "TP53", "RB1"]
    values = {"run": run, "cohort": str(study), "drivers": ["STK11", *GENES], "outcome_genes": listed,
              "landscape_genes": listed, "named_genes": listed, **more}  # fmt: skip
    file = folder / f"{run}.yaml"
    file.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    return file


class _Page(html.parser.HTMLParser):
    """What of a page runs: scripts by their text, handlers, and addresses that are code."""

    def __init__(self, page: str):
        super().__init__(convert_charrefs=True)
        self.runs: list[str] = []
        self._script = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        # one of JSON is data, in which no text can end the element (site/documents.py: as_script_data)
        self._script = tag == "script" and dict(attrs).get("type") != "application/json"
        for name, value in attrs:
            address = re.sub(r"[\x00-\x20]", "", value or "").lower()
            if RUNS.match(name) or address.startswith(("javascript:", "vbscript:", "data:text/html")):
                self.runs.append(f"<{tag} {name}={value!r}>")
            if name == "src" and value == "x":
                self.runs.append(f"<{tag} src=x>")

    def handle_endtag(self, tag):
        self._script = False

    def handle_data(self, data):
        if self._script and "alert(" in data:
            self.runs.append(f"<script>{data[:60]}")


def carries(text: str) -> list[str]:
    """What of the attacks a page of HTML would run, parsed as a browser parses it."""
    return _Page(text).runs


def svg_carries(path: Path) -> list[str]:
    """Elements and attributes of an SVG that run or fetch something, parsed as XML."""
    found = []
    for element in ET.parse(path).iter():
        tag = str(element.tag).rpartition("}")[2].lower()
        found += [tag] if tag in ("script", "foreignobject", "iframe", "img", "a") else []
        found += [f"{tag} {name}" for name in element.attrib if RUNS.match(name.rpartition("}")[2])]
    return found
