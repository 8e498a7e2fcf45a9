"""Pairs of a lung and a liver lesion of one patient: mutations, neoantigens, expression, stained immune cells.

The source prints the number of pairs, how many were taken together, and two p; counts are exact, the two p are met by
moving the liver's fractions, and the lower immune programmes of the liver are planted. Bulk expression is that of a
tumour mixed with the normal tissue of its organ. Laws: laws/liver_pairs.yaml, `liver_pairs`.
"""

import numpy as np
import pandas as pd

from lcnec_utils.ledger.verdicts import equal_at_printed_precision
from lcnec_utils.stats.paired import signed_rank
from lcnec_utils.twins import genome
from lcnec_utils.twins.studies import PLACEHOLDERS, Study, by_patient, described, identifiers
from lcnec_utils.twins.targets import Targets, laws, stream
from lcnec_utils.twins.times import CannotDraw
from lcnec_utils.twins.transcriptome import MILLION, as_anndata, genes, matrix, symbols

SOURCE = "Simulated pairs of lesions, conditioned on what the abstract on liver metastases prints"
LUNG, LIVER = "lung", "liver"
IMMUNE = ["t_cell", "cd8", "nk", "b_cell", "myeloid", "interferon", "inflammation"]
# Claim → stained cells
STAINED = {"cd8": "CD8", "cd56dim": "CD56DIM"}
FARTHEST, STEP = 1.5, 0.005  # of the liver's fractions from the lung's, as logarithms
MOST_DRAWS = 200


def make(seed: int) -> dict[str, Study]:
    """The pairs, by the name of their twin."""
    return {"twin_liver_pairs": liver_pairs(seed)}


def liver_pairs(seed: int) -> Study:
    """27 patients with a sample of the lung and of the liver each."""
    targets, rng = Targets("liver_metastases"), stream(seed, "liver pairs", "clinical")
    n = targets.count("lm_genomes.pairs", "pairs")
    together = targets.count("lm_genomes.pairs_simultaneous", "pairs taken in both organs at once")
    months = _months(rng, targets, n, together)
    ids = identifiers(rng, "TWINPAIR", n)
    shares = targets.assume("liver_pairs", "histology")
    kind = rng.choice(list(shares), n, p=list(shares.values()))
    mutated, counted = _mutations(stream(seed, "liver pairs", "genome"), targets, n)
    covered = targets.assume("liver_pairs", "megabases")
    names = np.array([f"{ids[row // 2]}-{'HL'[row % 2 == 0]}" for row in range(2 * n)], dtype=object)
    table = pd.DataFrame(
        {
            "PATIENT_ID": np.repeat(ids, 2), "SAMPLE_ID": names, "ONCOTREE_CODE": np.repeat(kind, 2),
            "CANCER_TYPE": "Non-Small Cell Lung Cancer", "ORGAN": [LUNG, LIVER] * n,
            "SAMPLE_TYPE": ["Primary", "Metastasis"] * n, "BIOPSY_MONTHS": months.ravel(),
            "GENE_PANEL": genome.EXOME, "COVERED_MEGABASES": covered,
            "TMB_NONSYNONYMOUS": np.round(counted / covered, 2),
            "NEOANTIGENS": _neoantigens(stream(seed, "liver pairs", "neoantigens"), targets, counted),
            **_stained(stream(seed, "liver pairs", "mihc"), targets, n), "TRANSCRIPTOME": "YES",
        }
    )  # fmt: skip
    expressed, truth = expression(stream(seed, "liver pairs", "expression"), n, effects=_effects(targets))
    order = np.argsort(ids.astype(str), kind="stable")
    rows = (2 * order[:, None] + [0, 1]).ravel()
    table = table.iloc[rows].reset_index(drop=True)
    for key in ("patient_share", "liver_tissue", "lung_tissue", "hepatocyte", "pneumocyte", "immune_in_tissue"):
        targets.assume("liver_pairs", key)
    targets.decline("twin_liver_pairs")
    notes = [
        PLACEHOLDERS,
        f"{together} of {n} pairs were taken at once (BIOPSY_MONTHS); in the others systemic therapy lies between.",
        "N_… count the stained cells: all, CD45+, CD8+ and CD56dim natural killer cells.",
        "Expression is of tumour mixed with normal liver or lung; truth_… in its table holds the shares.",
    ]
    return Study(
        patients=by_patient(pd.DataFrame({"PATIENT_ID": ids})),
        samples=table,
        study=described("Liver pairs twin", "unknown", notes) | {"source": SOURCE},
        targets=targets,
        mutations=genome.maf(stream(seed, "liver pairs", "maf"), names, mutated),
        panel_genes={genome.EXOME: genome.assays()[genome.EXOME]},
        expression=as_anndata(expressed[rows], truth.iloc[rows].set_axis(names[rows])),
    )


def _months(rng: np.random.Generator, targets: Targets, n: int, together: int) -> np.ndarray:
    """Months of the lung and the liver sample of each pair: one time of the pairs taken together."""
    law = targets.assume("liver_pairs", "months_apart")
    apart = np.maximum(law["median"] * np.exp(law["log_sd"] * rng.standard_normal(n)), law["least"])
    apart[rng.permutation(n)[:together]] = 0.0
    first = rng.random(n) < targets.assume("liver_pairs", "lung_first")
    return np.round(np.column_stack([np.where(first, 0.0, apart), np.where(first, apart, 0.0)]), 1)


def _effects(targets: Targets) -> dict[str, float]:
    """The programmes that the liver's tumours have less of, planted because the source reports them."""
    for gene in ("cd8a", "lck", "icos"):
        targets.plant(f"lm_de.{gene}", "T-cell and CD8 programmes lower in the liver")
    targets.plant("lm_de.immune_activation.discussion", "immune programmes lower in the liver")
    for name in ("antigen_processing", "nk_cytotoxicity", "tcr_signaling"):
        targets.plant(f"lm_pathways.{name}", "T-cell, CD8, natural killer and interferon programmes lower in the liver")
    return targets.planted("liver_pairs", "immune")


# --- genomes


def _mutations(rng: np.random.Generator, targets: Targets, n: int) -> tuple[pd.DataFrame, np.ndarray]:
    """The mutations of both samples of each pair (row: of the samples, lung then liver), and how many each sample has.

    No organ has more: what a pair shares stands in both, what it does not in either as often.
    """
    for id in ("mutations", "tmb", "neoantigens", "landscape.discussion"):
        targets.plant(f"lm_genomes.{id}", "drawn without regard to the organ")
    law, both = targets.assume("liver_pairs", "mutations"), targets.assume("liver_pairs", "driver_in_both")
    prevalence = targets.assume("liver_pairs", "drivers")
    altered = rng.random((n, len(prevalence))) < list(prevalence.values())
    patient, gene = np.nonzero(altered)
    place = np.where(rng.random(len(patient)) < both, 2, rng.integers(0, 2, len(patient)))  # 2: both
    drivers = pd.DataFrame(
        {"row": patient, "gene": np.array(list(prevalence), object)[gene], "class": genome.COUNTED[0]}
    )
    drivers["change"] = genome.protein_changes(rng, drivers["class"].to_numpy(dtype=str))
    for name, changes in genome.ACTIVATING.items():
        hits = drivers.index[drivers["gene"] == name]
        drivers.loc[hits, "change"] = rng.choice([each for each in changes if "_" not in each] or changes, len(hits))
    drivers.loc[drivers["change"].str.contains("dup"), "class"] = "In_Frame_Ins"
    number = np.exp(np.log(law["median"]) + law["log_sd"] * rng.standard_normal(n))
    share = np.clip(rng.normal(law["shared"], law["shared_sd"], n), 0.1, 0.95)
    parts = [drivers.assign(place=place, pathogenicity="Pathogenic")]
    for where, rate in ((2, number * share), (0, number * (1 - share)), (1, number * (1 - share))):
        drawn = genome.passengers(rng, rng.poisson(rate), np.full(n, genome.EXOME, object), set(prevalence))
        parts.append(drawn.assign(place=where, pathogenicity="VUS"))
    rows = pd.concat(parts, ignore_index=True)
    samples = [rows[rows["place"].isin([side, 2])].assign(row=2 * rows["row"] + side) for side in (0, 1)]
    table = pd.concat(samples).assign(gnomad=np.nan).sort_values(["row", "gene", "class", "change"], kind="stable")
    return table.reset_index(drop=True), table["row"].value_counts().reindex(range(2 * n), fill_value=0).to_numpy()


def _neoantigens(rng: np.random.Generator, targets: Targets, counted: np.ndarray) -> np.ndarray:
    """Neoantigens of each sample: as many per mutation in either organ."""
    law = targets.assume("liver_pairs", "neoantigens")
    return rng.poisson(counted * law["per_mutation"] * np.exp(law["log_sd"] * rng.standard_normal(len(counted))))


# --- stained cells


def _stained(rng: np.random.Generator, targets: Targets, n: int) -> dict[str, np.ndarray]:
    """Counts of stained cells, lung and liver in turn; the liver's CD8+ and CD56dim are moved until the Wilcoxon
    signed-rank test of their fractions of all cells gives the printed p."""
    law, within = targets.assume("liver_pairs", "of_cd45_percent"), targets.assume("liver_pairs", "within_log_sd")
    least, most = targets.assume("liver_pairs", "cells")
    cells = rng.integers(least, most, (n, 2))
    share = targets.assume("liver_pairs", "cd45_percent")
    leukocytes = np.log(share["median"] / 100) + share["log_sd"] * rng.standard_normal((n, 1))
    leukocytes = np.minimum(np.exp(leukocytes + within["CD45"] * rng.standard_normal((n, 2))), 0.85)
    counted = {"CELLS": cells, "CD45": np.rint(cells * leukocytes).astype(int)}
    for id, name in STAINED.items():
        claim = targets.take(f"lm_mihc.{id}", f"{name} cells of all cells in the liver: the p of 27 pairs")
        counted[name] = _as_printed(rng, counted["CD45"], cells, (*law[name], within[name]), claim.p)
    return {f"N_{name}": values.ravel() for name, values in counted.items()}


def _as_printed(
    rng: np.random.Generator, leukocytes: np.ndarray, cells: np.ndarray, law: tuple[float, float, float], printed: str
) -> np.ndarray:
    """Counts of a stained cell, pairs × organs, of which the liver's fraction of all cells is lower by the printed p.

    law: median percent of the leukocytes, sd of the logarithm between patients, and within one. The least shift that
    gives the p is taken; another draw where none does, for p goes by steps.
    """
    middle, spread, within = law
    for _ in range(MOST_DRAWS):
        fraction = np.log(middle / 100) + spread * rng.standard_normal((len(cells), 1))
        fraction = fraction + within * rng.standard_normal(cells.shape)
        for lower in np.arange(0, FARTHEST, STEP):
            counts = np.rint(leukocytes * np.minimum(np.exp(fraction - [0, lower]), 0.6)).astype(int)
            differences = (counts / cells) @ [-1, 1]
            if np.median(differences) < 0 and equal_at_printed_precision(signed_rank(differences), printed):
                return counts
    raise CannotDraw(f"no fractions of {len(cells)} pairs give p = {printed}")


# --- expression


def expression(
    rng: np.random.Generator, n: int, *, effects: dict[str, float], tissue: bool = True
) -> tuple[np.ndarray, pd.DataFrame]:
    """TPM of pairs, lung and liver in turn (samples × genes), and what was simulated.

    effects: programme → its shift in the liver's tumour, in standard deviations. tissue: whether samples hold normal
    tissue. The truth has truth_liver_tissue and truth_lung_tissue, shares of the transcripts.
    """
    law = laws()["assumed"]["liver_pairs"]
    names, tie = list(genes().loadings.index), law["patient_share"]
    own, shared = rng.standard_normal((2 * n, len(names))), np.repeat(rng.standard_normal((n, len(names))), 2, axis=0)
    held = pd.DataFrame(np.sqrt(tie) * shared + np.sqrt(1 - tie) * own, columns=names)
    held["subtype"], held["neuroendocrine"] = 1.5 + 0.5 * held["subtype"], -2.0 + 0.5 * held["neuroendocrine"]
    for name in held.columns[held.columns.str.startswith("cluster_")]:
        held[name] = 0.0
    for name, size in effects.items():
        held.loc[1::2, name] += size
    tpm = matrix(rng, held, pd.DataFrame(index=held.index)).astype(float)
    share = np.zeros(2 * n)
    if tissue:
        for side, organ in enumerate((LUNG, LIVER)):
            of_organ = law[f"{organ}_tissue"]
            share[side::2] = of_organ["scale"] * rng.beta(*of_organ["concentration"], n)
        for side, organ in enumerate((LUNG, LIVER)):
            rows = np.arange(side, 2 * n, 2)
            tpm[rows] = (1 - share[rows, None]) * tpm[rows] + share[rows, None] * _tissue(rng, organ, n, law)
    truth = pd.DataFrame({"truth_liver_tissue": share, "truth_lung_tissue": share})
    truth.loc[0::2, "truth_liver_tissue"], truth.loc[1::2, "truth_lung_tissue"] = 0.0, 0.0
    return (tpm * (MILLION / tpm.sum(axis=1, keepdims=True))).astype("f4"), truth


def _tissue(rng: np.random.Generator, organ: str, n: int, law: dict) -> np.ndarray:
    """TPM of normal tissue of an organ, samples × genes: its own genes high, immune genes as many as it holds."""
    known, place = genes(), {gene: i for i, gene in enumerate(symbols())}
    own = law["hepatocyte" if organ == LIVER else "pneumocyte"]
    level = np.tile(known.level.astype(float), (n, 1))
    immune = (known.loadings.loc[IMMUNE].to_numpy() > 0).any(axis=0)
    level[:, immune] += law["immune_in_tissue"][organ]
    # a gene is as abundant in the tissue of every patient, but for little
    middle = np.random.default_rng(len(own["genes"])).normal(*own["level"], len(own["genes"]))
    level[:, [place[gene] for gene in own["genes"]]] = middle
    tpm = 2 ** (level + 0.35 * rng.standard_normal(level.shape))
    return tpm * (MILLION / tpm.sum(axis=1, keepdims=True))
