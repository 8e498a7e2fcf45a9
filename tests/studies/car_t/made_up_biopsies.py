"""A made-up cohort of biopsies before infusion, on day 10 and at relapse, with effects put in by gene."""

import numpy as np
import pandas as pd
from anndata import AnnData

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.studies.car_t import genes
from lcnec_utils.studies.car_t.gene_biopsies import PRE_POST_PANEL

NAMED = list(dict.fromkeys([*genes.family_table()["gene"], *genes.CD3, "FOXP3"]))
GENES = [*NAMED, *(f"OTHER{place}" for place in range(60))]
DAY = {"baseline": -7.0, "early": 10.0, "relapse": 240.0}


def specimens(patients: dict[str, str], times: list[str], fixations: list[str]) -> list[tuple]:
    """Rows of (patient, time, day, fixation) for each patient of a dict patient → best response."""
    return [(p, time, DAY[time], fixation) for p in patients for time in times for fixation in fixations]


def people(responders: int, others: int) -> dict[str, str]:
    """Patients with CR and with SD."""
    return {f"R{i:02d}": "CR" for i in range(responders)} | {f"N{i:02d}": "SD" for i in range(others)}


def cohort(
    best: dict[str, str], rows: list[tuple], *, effects: dict | None = None, seed: int = 1, sd: float = 0.4,
    panel: str = PRE_POST_PANEL, drop: tuple = (), patients: dict | None = None, more: dict | None = None,
) -> Cohort:  # fmt: skip
    """A cohort of the rows of `specimens`, measured on one panel.

    effects: (best response or None for all, time) → gene → what is added, log2. sd: of a gene in a specimen; that of a
    gene in a patient is 1. drop: genes that the panel does not hold. more: panel → sample ids measured on it as well
    (values of the same specimens).
    """
    rng = np.random.default_rng(seed)
    own = {patient: rng.normal(0, 1, len(GENES)) for patient in best}
    level = rng.uniform(5, 10, len(GENES))
    ids = [f"{p}-{time[0]}{fixation}{i}" for i, (p, time, _, fixation) in enumerate(rows)]
    values = np.array([level + own[p] + rng.normal(0, sd, len(GENES)) for p, *_ in rows])
    log2 = pd.DataFrame(values, ids, GENES)
    for i, (p, time, _, _) in enumerate(rows):
        for (response, at), added in (effects or {}).items():
            if at == time and response in (None, best[p]):
                for gene, by in added.items():
                    log2.iloc[i, GENES.index(gene)] += by
    log2 = log2.drop(columns=list(drop))
    samples = pd.DataFrame(
        rows, pd.Index(ids, name="SAMPLE_ID"), ["PATIENT_ID", "BIOPSY_TIME", "BIOPSY_DAY", "FIXATION"]
    )
    table = pd.DataFrame({"BEST_RESPONSE": pd.Series(best)} | (patients or {})).rename_axis("PATIENT_ID")
    panels = {name: as_panel(log2.loc[chosen]) for name, chosen in (more or {}).items()}
    held = [name for name in ids if all(name not in chosen for chosen in (more or {}).values())]
    return Cohort("made up", table, samples, ncounter={panel: as_panel(log2.loc[held])} | panels)


def as_panel(log2: pd.DataFrame) -> AnnData:
    """log2 counts as the reader gives them: an AnnData with the class of each gene."""
    kind = pd.DataFrame({"class": "Endogenous"}, index=log2.columns)
    return AnnData(log2.to_numpy(), pd.DataFrame(index=log2.index), kind)


UP = dict.fromkeys(genes.immune_genes(), 1.5)
DOWN = dict.fromkeys([*genes.B_LINEAGE.genes, *genes.CANCER_TESTIS.genes], -2.0)
PLANTED = {("CR", "early"): UP | DOWN, ("SD", "early"): {"CXCL10": 1.5, "CXCL11": 1.5}}
LATER = {"CTLA4": 1.5, "CCR4": 1.5, "CCL22": 1.5} | dict.fromkeys(genes.B_LINEAGE.genes, 2.0)
