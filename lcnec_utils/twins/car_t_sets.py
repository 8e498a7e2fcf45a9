"""The three further sets of large B-cell lymphoma: 67 before any treatment, 252 before a second line, 33 treated
commercially. None has survival; cells are stained in the first alone. Laws: laws/car_t.yaml, `car_t.further_sets`.
"""

import numpy as np
import pandas as pd

from lcnec_utils.cohort.ncounter import IMMUNOSIGN, IO360
from lcnec_utils.omics.immunosign import immunosign
from lcnec_utils.twins import car_t_outcomes, car_t_tissue, people
from lcnec_utils.twins.car_t_dealt import PrintedCorrelation, correlation, deal, ranked
from lcnec_utils.twins.car_t_expression import Patients, programmes
from lcnec_utils.twins.studies import Study, blank, described, identifiers
from lcnec_utils.twins.targets import Targets, stream

SETS = {"naive": IMMUNOSIGN, "second_line": IO360, "commercial": IO360}  # and the panel of genes of each
WORDS = {
    "naive": "Untreated lymphoma twin (simulated)",
    "second_line": "Second-line lymphoma twin (simulated)",
    "commercial": "Commercial CAR T twin (simulated)",
}
SOURCE = "Simulated patients, conditioned on what the study of the tumour microenvironment in ZUMA-1 prints"


def make(seed: int) -> dict[str, Study]:
    """The three sets, by the name of their twin."""
    return {f"twin_car_t_{name}": further_set(seed, name) for name in SETS}


def further_set(seed: int, name: str) -> Study:
    """One set: patients with one fixed specimen each, expression on one panel; stained cells in the untreated."""
    targets, rng = Targets("zuma1_tme"), stream(seed, "car t", name)
    n = targets.count(f"z1_flow.n_{name}", "patients, one specimen each")
    law, tissue_law = targets.assume("car_t", "further_sets")[name], targets.assume("car_t", "tissue")
    middle, spread, limits = law["age"]
    female = targets.assume("car_t", "female")
    table = pd.DataFrame(
        {
            "PATIENT_ID": identifiers(
                rng, {"naive": "TWINDX", "second_line": "TWINSL", "commercial": "TWINCC"}[name], n
            ),
            "SEX": people.exactly(rng, {"Female": female, "Male": 1 - female}, n),
            "AGE": np.clip(np.rint(rng.normal(middle, spread, n)), *limits).astype(int),
        }
    )
    infiltration, complete = rng.standard_normal(n), np.zeros(n, bool)
    if "cell_of_origin" in law:
        table["CELL_OF_ORIGIN"] = people.exactly(rng, law["cell_of_origin"], n)
        abc = (table["CELL_OF_ORIGIN"] == "ABC").to_numpy(float)
        infiltration = infiltration + targets.planted("car_t", "abc_t_cells") * (abc - abc.mean())
    before: dict[str, float] = {}
    if "responses" in law:
        table["BEST_RESPONSE"] = people.exactly(rng, law["responses"], n)
        complete = (table["BEST_RESPONSE"] == "CR").to_numpy()
        before = targets.planted("car_t", "before")["complete"]
    targets.assume("car_t", "expression")
    tissue = car_t_tissue.draw(rng, tissue_law, infiltration, tissue_law["myeloid_with"][name])
    made = Patients(rng, n)
    states = programmes(rng, tissue, complete, before)
    log2 = made.log2(np.arange(n), states, np.ones(n), pd.DataFrame(index=states.index))
    panel = made.on_panel(log2, SETS[name])
    samples = table["PATIENT_ID"] + "-B-FFPE1"
    positivity = densities = None
    if name == "naive":
        genes = panel.loc[panel["CLASS"] == "Endogenous", list(range(n))].T.astype(float)
        positivity, densities = _stained(rng, targets, law["stained"], tissue, genes, samples)
    car_t_outcomes.declare(targets, f"twin_car_t_{name}")
    specimens = pd.DataFrame(
        {
            "PATIENT_ID": table["PATIENT_ID"], "SAMPLE_ID": samples, "ONCOTREE_CODE": "DLBCLNOS",
            "CANCER_TYPE": "Mature B-Cell Neoplasms", "BIOPSY_TIME": "baseline", "FIXATION": "FFPE", "RNA_QC": "PASS",
            "NCOUNTER_QC": "PASS",
        }
    )  # fmt: skip
    panel = panel.rename(columns=samples.to_dict()).rename_axis("Hugo_Symbol").reset_index()
    blank(table)
    order = np.argsort(table["PATIENT_ID"].to_numpy(str), kind="stable")
    notes = ["One fixed specimen per patient, taken before treatment. There is no survival in this set."]
    return Study(
        patients=table.iloc[order].reset_index(drop=True),
        samples=specimens.iloc[order].reset_index(drop=True),
        study=described(WORDS[name], "unknown", notes) | {"source": SOURCE},
        targets=targets,
        densities=densities,
        positivity=positivity,
        ncounter={SETS[name]: panel},
        type_of_cancer="dlbclnos",
    )


def _stained(
    rng: np.random.Generator, targets: Targets, law: dict, tissue, genes: pd.DataFrame, samples: pd.Series
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Stained cells of the untreated; macrophages dealt until Immunosign goes with them by the printed p."""
    dealt = targets.assume("car_t", "dealt")
    of = {assay: np.sort(rng.permutation(len(samples))[:number]) for assay, number in law.items()}
    tissue_law = targets.assume("car_t", "tissue")
    counts = {assay: car_t_tissue.count(rng, tissue_law, tissue.take(rows), assay) for assay, rows in of.items()}
    claim = targets.take("z1_immunosign_corr.macrophages.naive", "macrophages dealt by Immunosign")
    printed = PrintedCorrelation(claim.p)
    score = ranked(immunosign(genes).to_numpy()[of["SC"]])
    macrophages = counts["SC"].density("CD68+")
    gene = ranked(genes["CD68"].to_numpy()[of["SC"]])

    def penalty(order: np.ndarray, _: float) -> float:
        mine = ranked(macrophages[order])
        return printed.off(score, mine) + max(0.0, dealt["macrophage_gene_rho"]["naive"] - correlation(gene, mine)[0])

    def confirm(order: np.ndarray) -> bool:
        return printed.holds(score, macrophages[order])

    order = deal(
        rng, np.arange(len(of["SC"])), penalty, most=dealt["most_swaps"], what="macrophages", heat=0.02, confirm=confirm
    )
    counts["SC"] = counts["SC"].take(order)
    return car_t_tissue.tables([(list(samples.iloc[rows]), counts[assay]) for assay, rows in of.items()])
