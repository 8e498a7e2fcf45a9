"""Single cells of lung and liver lesions: counts of six patients, both organs each; types and states known.

Nothing of them is printed but that effector CD8 T cells are less activated and natural killer cells less cytotoxic in
the liver, which is planted beside chance differences between patients and organs. Laws: laws/liver_pairs.yaml,
`liver_cells`.
"""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from lcnec_utils.omics.cell_markers import cell_markers
from lcnec_utils.twins.liver_pairs import LIVER, LUNG
from lcnec_utils.twins.studies import Table, described
from lcnec_utils.twins.targets import Targets, laws, stream
from lcnec_utils.twins.transcriptome import symbols

SOURCE = "Simulated cells of lung and liver lesions, beside what the abstract on liver metastases reports"
FILE = "counts.h5ad"
# Types of the law → the list of markers that its cells have
MARKED = {"Tumour": "Epithelial or tumour", "CD8 T": "CD8 T", "CD4 T": "CD4 T", "NK": "NK", "B": "B",
          "Macrophage": "Monocyte or macrophage"}  # fmt: skip
LOW = -4.5  # log2, of a marker in cells of other types
ELSEWHERE = {"CD8 T": -1.2, "NK": -0.8}  # log2, of a state's genes in the other type that has them


def make(seed: int) -> dict[str, Table]:
    """The cells, by the name of their twin."""
    return {"twin_liver_cells": liver_cells(seed)}


def liver_cells(seed: int) -> Table:
    """A table of samples (sample, patient, organ, file, cells) with the counts beside it as AnnData."""
    targets = Targets("liver_metastases")
    for key in laws()["assumed"]["liver_cells"]:
        targets.assume("liver_cells", key)
    targets.plant("lm_sc.effector_cd8_activation", "genes of activation lower in CD8 T cells of the liver")
    targets.plant("lm_sc.nk_cytotoxicity", "genes of cytotoxicity lower in natural killer cells of the liver")
    effects = {"activation": targets.planted("liver_cells", "cd8_activation"),
               "cytotoxicity": targets.planted("liver_cells", "nk_cytotoxicity")}  # fmt: skip
    data = counts(stream(seed, "liver cells"), effects=effects)
    table = data.obs.groupby(["sample", "patient", "organ"], observed=True).size().rename("cells").reset_index()
    table.insert(3, "file", FILE)
    notes = [
        "Simulated cells, to no printed number: two effects of sizes nobody printed are planted, all else is assumed.",
        "Types, states and broken cells are known (truth_… in the counts).",
        "Genes outside the marker lists are drawn, and their names say nothing.",
    ]
    study = described("Liver cells twin", "", []) | {"source": SOURCE, "notes": notes}
    return Table(table, targets, study, files={FILE: _as_bytes(data)})


def _as_bytes(data: AnnData) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, FILE)
        data.write_h5ad(path, compression="gzip")
        return path.read_bytes()


def gene_names(number: int) -> list[str]:
    """So many genes: all those of the marker lists, mitochondrial and ribosomal ones, and others drawn."""
    known = cell_markers()
    named = {gene for genes in known["types"].values() for gene in genes}
    named |= {gene for entry in known["states"].values() for gene in entry["genes"]}
    listed = [name for name in symbols() if name.startswith(("MT-CO", "MT-ND", "MT-CY", "MT-AT", "RPL1", "RPS1"))]
    named = sorted(named | set(listed))
    others = [name for name in symbols() if name not in set(named)]
    rng = np.random.default_rng(len(named))
    return sorted([*named, *rng.choice(others, number - len(named), replace=False)])


def _profiles(genes: list[str], law: dict) -> pd.DataFrame:
    """log2 level of each gene by type, types × genes: the same for every seed."""
    rng, known = np.random.default_rng(len(genes)), cell_markers()
    base = rng.normal(0.0, 1.8, len(genes))
    table = pd.DataFrame(np.tile(base, (len(MARKED), 1)), index=list(MARKED), columns=genes)
    table += np.where(rng.random(table.shape) < 0.06, rng.normal(0.0, 1.5, table.shape), 0.0)
    for marked in dict.fromkeys(gene for name in MARKED.values() for gene in known["types"][name]):
        table[marked] = LOW + rng.normal(0, 0.4)
    for entry in known["states"].values():
        for gene in entry["genes"]:
            table[gene] = LOW
    high = {gene: law["marker_log2"] + LOW + 3.0 + rng.normal(0, law["marker_sd"]) for gene in genes}
    for name, markers in MARKED.items():
        table.loc[name, known["types"][markers]] = [high[gene] for gene in known["types"][markers]]
    for state, entry in known["states"].items():
        own, other = ("CD8 T", "NK") if state == "activation" else ("NK", "CD8 T")
        for gene in entry["genes"]:
            table.loc[own, gene] = max(table.loc[own, gene], high[gene])
            table.loc[other, gene] = max(table.loc[other, gene], high[gene] + ELSEWHERE[other])
    return table


def counts(rng: np.random.Generator, *, effects: dict[str, float], patients: int | None = None) -> AnnData:
    """Counts of cells × genes; obs: sample, patient, organ, truth_type, truth_broken.

    effects: state (activation, cytotoxicity) → its genes' shift in the liver, log2, in the cells of its type. patients:
    the law's number where none is given.
    """
    law, known = laws()["assumed"]["liver_cells"], cell_markers()["states"]
    genes = gene_names(law["genes"])
    profiles, mito = _profiles(genes, law), np.array([gene.startswith("MT-") for gene in genes])
    types, parts = list(MARKED), []
    for patient in range(patients or law["patients"]):
        of_patient = law["patient_sd"] * rng.standard_normal(profiles.shape)
        for organ in (LUNG, LIVER):
            n = int(rng.integers(*law["cells"]))
            composition = rng.dirichlet(law["type_concentration"] * np.array(list(law["types"].values())))
            kind = rng.choice(len(types), n, p=composition)
            level = profiles.to_numpy() + of_patient
            for state, entry in known.items():
                shift = law["organ_sd"] * rng.standard_normal() + (effects.get(state, 0.0) if organ == LIVER else 0.0)
                level[types.index(entry["of"]), [genes.index(gene) for gene in entry["genes"]]] += shift
            broken = rng.random(n) < law["broken"]["share"]
            values = _cells(rng, level[kind], mito, broken, law)
            name = f"CELLS-{patient + 1}-{'H' if organ == LIVER else 'L'}"
            obs = pd.DataFrame({"sample": name, "patient": f"CELLS-{patient + 1}", "organ": organ,
                                "truth_type": np.array(types)[kind], "truth_broken": broken})  # fmt: skip
            parts.append((values, obs))
    obs = pd.concat([part[1] for part in parts], ignore_index=True).rename(index=lambda row: f"C{row:05d}")
    matrix = sparse.vstack([part[0] for part in parts]).tocsr()
    return AnnData(matrix, obs, pd.DataFrame(index=genes), uns={"scale": "counts", "simulated": True})


def _cells(rng: np.random.Generator, level: np.ndarray, mito: np.ndarray, broken: np.ndarray, law: dict):
    """Counts of cells with these log2 levels (cells × genes): a gamma-Poisson draw about each cell's own depth."""
    share = 2.0**level * rng.gamma(law["dispersion"], 1 / law["dispersion"], level.shape)
    of_mito = np.where(broken, law["broken"]["mitochondrial"], law["mitochondrial"])[:, None]
    for genes, part in ((mito, of_mito), (~mito, 1 - of_mito)):
        share[:, genes] *= part / share[:, genes].sum(axis=1, keepdims=True)
    depth = law["depth"]["median"] * np.exp(law["depth"]["log_sd"] * rng.standard_normal(len(level)))
    depth *= np.where(broken, law["broken"]["depth"], 1.0)
    return sparse.csr_matrix(rng.poisson(share * depth[:, None]).astype("f4"))
