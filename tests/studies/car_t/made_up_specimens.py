"""Biopsies of made-up patients: frozen and fixed tissue by time, cells counted by marker, one panel of genes."""

import itertools

import numpy as np
import pandas as pd
from anndata import AnnData

from lcnec_utils.cohort import assays
from lcnec_utils.cohort.model import Cohort

AREA = 5.0  # mm²
DAY = {"baseline": -6.0, "early": 10.0, "relapse": 200.0}
PANEL = "PanCancer Immune + Immunosign"
GENES = [f"GENE{place}" for place in range(40)]

# patients by what they have: (how many, time → fixations)
SMALL = [
    (3, {"baseline": ["FF"]}),
    (5, {"baseline": ["FFPE"], "early": ["FFPE"]}),
    (4, {"baseline": ["FF", "FFPE"], "early": ["FF"], "relapse": ["FFPE"]}),
    (1, {"baseline": ["FF", "FFPE"], "relapse": ["FF", "FFPE"]}),
    (2, {"early": ["FFPE"]}),
]


def counts(rng: np.random.Generator, sample: str, assay: str, level: float) -> pd.DataFrame:
    """Cells by every combination of a panel's markers; T cells by a level, of Poisson counts."""
    markers = assays.PANELS[assay]
    rows = pd.DataFrame(list(itertools.product("+-", repeat=len(markers))), columns=markers)
    share = np.full(len(rows), 3.0)
    if "CD3" in rows:
        share[(rows["CD3"] == "+").to_numpy()] = 40 * level / 2 ** (len(markers) - 2)
    else:
        share[:] = 30.0
    return rows.assign(sample=sample, assay=assay, area_mm2=AREA, cells=rng.poisson(share * AREA).astype(float))


def biopsied(
    people: list = SMALL, *, seed: int = 1, site_effect: float = 0.0, with_tox: int = 6, failing: int = 1
) -> Cohort:
    """Patients with these specimens. Fixed tissue is stained with TL, TCE and SC, the first `with_tox` with TCE+ too;
    genes of lymph nodes differ by site_effect (log2, all genes); the first `failing` samples fail quality control."""
    rng = np.random.default_rng(seed)
    rows, cells, levels, patients = [], [], {}, []
    for number, tissue in people:
        for _ in range(number):
            patient = f"P{len(patients):02d}"
            patients.append(patient)
            for time, fixations in tissue.items():
                level = float(np.exp(rng.normal()))
                site = rng.choice(["lymph node", "skin", "mediastinum"], p=[0.4, 0.3, 0.3])
                for fixation in fixations:
                    sample = f"{patient}-{time}-{fixation}"
                    rows.append((sample, patient, time, DAY[time], fixation, site))
                    levels[sample] = level
    columns = ["SAMPLE_ID", "PATIENT_ID", "BIOPSY_TIME", "BIOPSY_DAY", "FIXATION", "BIOPSY_SITE"]
    samples = pd.DataFrame(rows, columns=columns).set_index("SAMPLE_ID")
    fixed = list(samples.index[samples["FIXATION"] == "FFPE"])
    for place, sample in enumerate(fixed):
        for assay in ("TL", "TCE", "SC", *(("TCE+",) if place < with_tox else ())):
            cells.append(counts(rng, sample, assay, levels[sample]))
    positivity = pd.concat(cells, ignore_index=True)
    samples["NCOUNTER_QC"] = ["FAIL" if place < failing else "PASS" for place in range(len(samples))]
    passed = samples.index[failing:]
    log2 = pd.DataFrame(rng.normal(8, 1, (len(passed), len(GENES))), passed, GENES)
    log2 += site_effect * (samples.loc[passed, "BIOPSY_SITE"] == "lymph node").to_numpy()[:, None]
    panel = AnnData(log2.to_numpy(), pd.DataFrame(index=passed),
                    pd.DataFrame({"class": "Endogenous"}, index=GENES))  # fmt: skip
    densities = assays.densities_of_positivity(positivity, list(assays.LINEAGES))
    return Cohort(
        "made up", clinical(patients, rng), samples, densities=densities, positivity=positivity,
        ncounter={PANEL: panel}, study={"simulated": True, "body": "made up", "name": "Made-up recipients"},
    )  # fmt: skip


def clinical(patients: list[str], rng: np.random.Generator) -> pd.DataFrame:
    """What was recorded of patients: a third respond partly, a third completely, a third not."""
    best = np.array(["CR", "PR", "SD"])[np.arange(len(patients)) % 3]
    relapse = np.where(best == "PR", 100.0, np.nan)
    return pd.DataFrame(
        {
            "BEST_RESPONSE": best, "ONGOING_RESPONSE": np.where(best == "CR", "YES", "NO"),
            "NE_GRADE": np.arange(len(patients)) % 5, "RELAPSE_DAYS": relapse, "AGE": rng.integers(30, 80, len(best)),
            "SEX": "Male", "IPI": 2.0, "DISEASE_TYPE": "DLBCL", "PRIOR_LINES": np.arange(len(patients)) % 6,
            "CAR_PEAK_PER_UL": rng.lognormal(3, 1, len(best)), "OS_MONTHS": 20.0,
            "OS_STATUS": pd.array([False] * len(best), "boolean"),
        },
        pd.Index(patients, name="PATIENT_ID"),
    )  # fmt: skip
