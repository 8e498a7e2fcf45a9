"""Ten cohorts shaped like real ones, each through every notebook: `make shapes` writes them and runs them.

Nothing is asserted: the figures under build/shapes/figures/ are there to be looked at, for a picture is judged by eye.
About 25 minutes of CPU; the largest cohort has 60,000 patients.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.cohort.write import write_study
from lcnec_utils.core import paths
from lcnec_utils.omics.expression import signatures

FOLDER = paths.ROOT / "build" / "shapes"
GENES = dict(zip(
    ["TP53", "RB1", "STK11", "KRAS", "KEAP1", "SMARCA4", "KMT2D", "CDKN2A", "PTEN", "ARID1A", "NF1", "EGFR"],
    [0.75, 0.4, 0.3, 0.25, 0.2, 0.1, 0.15, 0.1, 0.1, 0.1, 0.1, 0.05], strict=True,
))  # fmt: skip
FACTORS = ["ASCL1", "NEUROD1", "POU2F3", "YAP1", "DLL3", "FGL1", "SPINK1", "SFTPB", "CD8A", "CD8B"]
Regimens = Callable[[np.random.Generator, int], list[str]]


def of(*words: str) -> Regimens:
    """Regimens drawn from these words."""
    return lambda rng, n: list(rng.choice(words, n))


def five_groups(rng: np.random.Generator, n: int) -> list[str]:
    """Five regimens by drug names or an own name, one of them of a single patient."""
    own = "Standard of care arm with a remarkably long descriptive name"
    chosen = of("Carboplatin/Etoposide", "Carboplatin + Pemetrexed + Pembrolizumab", "Pembrolizumab", own)(rng, n)
    return ["Investigational compound XYZ-123 alone", *chosen[1:]]


def tables(n: int, seed: int, code: str = "LUNE", regimens: Regimens | None = None, endpoints=("OS", "RWPFS"),
           ages: tuple[int, int] = (40, 85)) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Patients, samples and mutations of a cohort of n, in the odd words of real tables."""
    rng = np.random.default_rng(seed)
    ids = [f"Q{place:05d}" for place in range(n)]
    people = pd.DataFrame({
        "PATIENT_ID": ids, "SEX": rng.choice(["F", "M"], n), "AGE_AT_DIAGNOSIS": rng.integers(*ages, n).astype(str),
        "RACE": rng.choice(["White", "Asian", "Black"], n), "ECOG": rng.choice(["ECOG 0", "ECOG 1", "2"], n),
        "SMOKING_STATUS": rng.choice(["Never", "Former", "Current"], n), "STAGE": rng.choice(["III", "IV"], n),
    })  # fmt: skip
    for key in endpoints:
        people[f"{key}_MONTHS"] = rng.exponential(15, n).round(1) + 0.1
        people[f"{key}_STATUS"] = rng.choice(["1:EVENT", "0:CENSORED"], n, p=[0.7, 0.3])
    if regimens:
        people["FIRST_LINE_REGIMEN"] = regimens(rng, n)
        people["ADVERSE_EVENT_GRADE"] = [f"Grade {grade}" if grade else "0" for grade in rng.choice([0, 1, 2, 3, 4], n)]
    tumours = pd.DataFrame({
        "SAMPLE_ID": [f"{one}-T1" for one in ids], "PATIENT_ID": ids, "ONCOTREE_CODE": code,
        "TMB_NONSYNONYMOUS": rng.gamma(2, 5, n).round(1), "PDL1_SCORE": rng.choice(["0", "<1", "5", "≥50", ""], n),
        "MSI_TYPE": rng.choice(["Stable", "Instable"], n, p=[0.95, 0.05]),
    })  # fmt: skip
    classes = ["Missense_Mutation", "Nonsense_Mutation", "Frame_Shift_Del"]
    calls = [(gene, f"{one}-T1", rng.choice(classes), "p.G12C" if gene == "KRAS" else "p.R100*")
             for gene, share in GENES.items() for one in np.array(ids)[rng.random(n) < share]]  # fmt: skip
    names = ["Hugo_Symbol", "Tumor_Sample_Barcode", "Variant_Classification", "HGVSp_Short"]
    return people, tumours, pd.DataFrame(calls, columns=names)


def transcriptomes(tumours: pd.DataFrame, seed: int):
    """TPM of 11,000 genes and those that panels name, as AnnData."""
    import anndata

    known = [gene for entry in signatures().values() if isinstance(entry, dict)
             for key in ("up", "down", "housekeeping", "weights") for gene in entry.get(key, [])]  # fmt: skip
    genes = list(dict.fromkeys([*FACTORS, *known, *(f"GENE{place}" for place in range(11_000))]))
    values = np.random.default_rng(seed).lognormal(2, 1.8, (len(tumours), len(genes))).astype("f4")
    rows = pd.DataFrame(index=list(tumours["SAMPLE_ID"]))
    return anndata.AnnData(values, obs=rows, var=pd.DataFrame(index=genes), uns={"scale": "TPM"})


def write_all() -> list[Path]:
    """The ten study folders, and a params file of each; returns the latter."""
    three = of("chemotherapy", "chemoimmunotherapy", "immunotherapy")
    two = of("chemotherapy", "chemoimmunotherapy")
    shapes = {
        "one_group": tables(90, 1, regimens=of("Carboplatin + Etoposide")),
        "five_groups": tables(160, 2, regimens=five_groups),
        "two_endpoints": tables(120, 3, endpoints=("PFS", "DFS"), regimens=two),
        "no_mutations": (*tables(100, 4, regimens=three)[:2], None),
        "expression_only": (*tables(60, 5, endpoints=())[:2], None),
        "subtype_column": (*tables(107, 6)[:2], None),
        "adenocarcinoma": tables(604, 7, code="LUAD", regimens=three),
        "paediatric": tables(70, 8, ages=(1, 18), regimens=two),
        "three_patients": tables(3, 9, regimens=two),
        "sixty_thousand": tables(60_000, 10, regimens=three),
    }
    kinds = np.random.default_rng(1).choice(["NSCLC-like", "SCLC-like", "Other"], 107)
    shapes["subtype_column"][1]["MOLECULAR_SUBTYPE"] = kinds
    shapes["paediatric"][0].loc[:5, "AGE_AT_DIAGNOSIS"] = "<18"
    files = []
    for name, (people, tumours, calls) in shapes.items():
        expression = transcriptomes(tumours, 2) if name == "expression_only" else None
        study = {"name": name.replace("_", " ")}
        folder = write_study(FOLDER / name, patients=people, samples=tumours, mutations=calls, expression=expression,
                             study=study)  # fmt: skip
        files.append(FOLDER / f"{name}.yaml")
        also = f"icb: {folder}\n" if name == "two_endpoints" else ""
        files[-1].write_text(f"run: {name}\ncohort: {folder}\n{also}", encoding="utf-8")
    return files


def main() -> int:
    """Write and run them all; 1 where a notebook failed."""
    environment = {**os.environ, "LCNEC_OUTPUT_DIR": str(FOLDER)}
    failed = 0
    for file in write_all():
        print(f"\n== {file.stem}", flush=True)
        command = [sys.executable, "-m", "lcnec_utils.cli", "run", "--params", str(file)]
        failed |= subprocess.run(command, env=environment, cwd=paths.ROOT).returncode
    print(f"\nfigures to look at are in {FOLDER / 'figures'}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
