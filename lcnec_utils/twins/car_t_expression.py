"""nCounter panels of simulated lymphomas: genes move with programmes, programmes with the cells that a tissue holds.

log2 count of gene g in a specimen = level + Σ loading · programme + a patient's and a specimen's own part; fixed tissue
differs by gene. A gene's level and loading are the same in every set and for every seed. Laws: laws/car_t.yaml,
`car_t.expression`.
"""

from functools import cache

import numpy as np
import pandas as pd

from lcnec_utils.twins import car_t_tissue
from lcnec_utils.twins.car_t_tissue import Tissue
from lcnec_utils.twins.targets import laws, stream

LOW = ("cta",)  # programmes whose genes are hardly expressed


def _law() -> dict:
    return laws()["assumed"]["car_t"]["expression"]


@cache
def genes() -> tuple[pd.Series, pd.DataFrame, pd.Series]:
    """Level of each gene, loadings (programmes × genes) and the shift of fixed tissue, from a stream of no seed."""
    law, rng = _law(), stream(0, "car t", "genes")
    listed = [gene for names in law["programmes"].values() for gene in names]
    symbols = sorted({*listed, *law["neutral"]})
    middle, spread, (least, most) = law["level"]
    level = pd.Series(np.clip(rng.normal(middle, spread, len(symbols)), least, most), symbols)
    loadings = pd.DataFrame(0.0, list(law["programmes"]), symbols)
    for name, members in law["programmes"].items():
        loadings.loc[name, members] = rng.uniform(*law["loading"], len(members))
        if name in LOW:
            level[members] = rng.uniform(5.0, 6.5, len(members))
    loadings.loc["t_cell", "CTLA4"] = 0.3  # T cells carry it
    loadings.loc["t_cell", "FOXP3"] = loadings.loc["t_cell", ["CD3D", "CD3E", "CD3G"]].mean()  # so that it keeps step
    return level, loadings, pd.Series(rng.normal(*law["fixation"], len(symbols)), symbols)


def programmes(
    rng: np.random.Generator, tissue: Tissue, complete: np.ndarray, before: dict[str, float]
) -> pd.DataFrame:
    """Programmes of tumours before treatment, in sd: by the T cells and macrophages of the tissue, moved in those with
    a complete response by `before`."""
    law, n = _law(), len(tissue.infiltration)
    tissue_law = laws()["assumed"]["car_t"]["tissue"]
    middle, spread = tissue_law["myeloid"]["macrophage"]
    macrophages = (tissue.myeloid[:, 0] - np.log(middle)) / spread
    tregs = car_t_tissue.regulatory(tissue_law, tissue)
    held = pd.DataFrame(index=range(n))
    for name in law["programmes"]:
        # T cells come into myeloid programmes by the macrophages that go with them, into the regulatory one by Tregs
        cells, weight = tissue.infiltration, law["infiltration"].get(name, 0.0)
        if name in law["myeloid_shared"]:
            cells, weight = macrophages, law["myeloid_shared"][name]
        elif name == "regulatory":
            cells, weight = tregs, law["regulatory_with_tregs"]
        held[name] = weight * cells + np.sqrt(1 - weight**2) * rng.standard_normal(n)
        held[name] += before.get(name, 0.0) * complete
    return held


def changed(
    rng: np.random.Generator, held: pd.DataFrame, by_group: dict[str, dict], group: np.ndarray, t_cells
) -> pd.DataFrame:
    """Programmes at the next biopsy. by_group: group → programme → change; t_cells: what the tissue's T cells are over
    their expectation, sd."""
    law = _law()
    later = law["change_kept"] * held + law["change_sd"] * rng.standard_normal(held.shape)
    for name, change in by_group.items():
        for programme, size in change.items():
            later.loc[group == name, programme] += size
    later["t_cell"] += 0.5 * t_cells
    return later


def panel_genes(panel: str) -> list[str]:
    """The genes of a panel, housekeeping genes aside."""
    lacking = set(_law()["not_on"].get(panel, []))
    return [gene for gene in genes()[0].index if gene not in lacking]


class Patients:
    """What is a patient's own in each gene, drawn once, so that specimens of one patient are alike."""

    def __init__(self, rng: np.random.Generator, n: int):
        law = _law()
        level, _, _ = genes()
        self.rng, self.own = rng, law["patient_sd"] * rng.standard_normal((n, len(level)))
        self.housekeeping = law["housekeeping_law"]

    def log2(self, patient: np.ndarray, held: pd.DataFrame, fixed: np.ndarray, extra: pd.DataFrame) -> pd.DataFrame:
        """log2 counts, specimens × genes. held: specimens × programmes; fixed: of fixed tissue; extra: genes' own
        shifts, specimens × genes."""
        law, (level, loadings, fixation) = _law(), genes()
        values = held[loadings.index].to_numpy() @ loadings.to_numpy() + level.to_numpy() + self.own[patient]
        values = values + fixed[:, None] * fixation.to_numpy()
        values = values + law["specimen_sd"] * self.rng.standard_normal(values.shape)
        table = pd.DataFrame(values, index=held.index, columns=level.index)
        table[extra.columns] += extra
        return table

    def on_panel(self, log2: pd.DataFrame, panel: str, failed: np.ndarray | None = None) -> pd.DataFrame:
        """A panel's table, genes × specimens with CLASS: the genes it holds and housekeeping genes, rounded; a lane
        that failed has lost its signal."""
        law, listed = _law(), panel_genes(panel)
        names = law["housekeeping_genes"]
        middle, spread, noise = self.housekeeping
        levels = stream(0, "car t", "housekeeping").normal(middle, spread, len(names))
        keeping = levels + noise * self.rng.standard_normal((len(log2), len(names)))
        values = log2[listed] + law["panel_sd"] * self.rng.standard_normal((len(log2), len(listed)))
        table = pd.concat([values, pd.DataFrame(keeping, index=log2.index, columns=names)], axis=1)
        if failed is not None and failed.any():
            table.loc[failed] = table.loc[failed] - 3.0 + self.rng.standard_normal((int(failed.sum()), table.shape[1]))
        table = table.clip(lower=1.0).round(3).T
        table.insert(0, "CLASS", ["Endogenous"] * len(listed) + ["Housekeeping"] * len(names))
        return table
