"""Genes and programmes of simulated transcriptomes: what each gene is like, and TPM from what each tumour is like.

log2 TPM of gene g in tumour i = level_g + Σ_k loading_gk · programme_ik + noise, noisier for rare genes; values under
a detection limit are zero and each tumour sums to 1e6. A gene's level and loadings are the same in every cohort and
for every seed. Laws: laws/expression.yaml, `expression`.
"""

import dataclasses
import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from lcnec_utils.twins.targets import laws, stream

FACTORS = ["ASCL1", "NEUROD1", "POU2F3", "YAP1"]
MARKED = ["FGL1", "SPINK1", "SFTPB"]
CLUSTERS = ["A", "B", "C", "D"]
MILLION = 1e6
CHUNK = 256


@dataclasses.dataclass(frozen=True)
class Genes:
    """level: log2 TPM where every programme is at its mean; noise: sd, log2; loadings: programmes × genes, log2."""

    level: np.ndarray
    noise: np.ndarray
    loadings: pd.DataFrame


@cache
def symbols() -> list[str]:
    """The 22,948 gene symbols of the simulated matrices, sorted."""
    lines = Path(__file__).with_name("symbols.txt").read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


def assumed() -> dict:
    """What is assumed of the transcriptomes."""
    return laws()["assumed"]["expression"]


def named_genes() -> list[str]:
    """The genes that the laws name, sorted: those of the smaller cohorts."""
    listed = {gene for programme in assumed()["programmes"].values() for gene in programme["up"] + programme["down"]}
    return sorted(listed | {*FACTORS, *MARKED, "DLL3"})


@cache
def genes() -> Genes:
    """Level, noise and loadings of every gene, from a stream that no seed of a cohort moves."""
    names, given, planted = symbols(), assumed(), laws()["planted"]["expression"]
    rng, n = stream(0, "expression", "genes"), len(symbols())
    base, at = given["baseline"], {name: i for i, name in enumerate(names)}
    level = rng.normal(*base["expressed"], n)
    kinds = {  # in this order: a later kind overrules
        "silent": rng.random(n) < base["silent_share"],
        "noncoding": _like(r"LINC\d|MIR\d|MIRLET|SNOR|RNU\d|TR[A-Z]{1,2}-|OR\d+[A-Z]|KRTAP|DEFB|.*-(AS|IT)\d*$"),
        "ribosomal": _like(r"RP[LS]A?\d+[AXY]?\d?$"),
        "mitochondrial": _like(r"MT-"),
        "housekeeping": _like(r"(ACTB|ACTG1|GAPDH|EEF1A1|EEF2|TPT1|FTL|FTH1|UBC|PPIA|TUBA1B|HSP90AB1|EIF4A1|PGK1)$"),
    }
    for kind, where in kinds.items():
        level = np.where(where, rng.normal(*base[kind], n), level)
    # a cohort's tumours would else hang on the three or four genes that chance made most abundant
    level = np.minimum(level, 12.0)
    set_level, rows = {}, {}
    for name, programme in given["programmes"].items():
        up, down = ([at[gene] for gene in programme[side]] for side in ("up", "down"))
        for i in up + down:
            set_level.setdefault(i, []).append(programme.get("level"))
        rows[name] = np.zeros(n)
        rows[name][up] = programme["size"] * rng.uniform(0.6, 1.4, len(up))
        rows[name][down] = -programme["size"] * rng.uniform(0.6, 1.4, len(down))
    for i, levels in set_level.items():
        stated = next((value for value in levels if value is not None), 3.5)
        level[i] = stated + rng.normal(0.0, 1.0)

    def at_random(share: float, size: float) -> np.ndarray:
        return np.where(rng.random(n) < share, rng.normal(0.0, size, n), 0.0)

    rows["subtype"] += at_random(given["subtype_axis"]["share_of_genes"], given["subtype_axis"]["size"])
    for cluster in CLUSTERS:
        rows[f"cluster_{cluster}"] = at_random(planted["clusters"]["share_of_genes"], planted["clusters"]["size"])
    for i in range(given["background"]["programmes"]):
        rows[f"background_{i + 1}"] = at_random(given["background"]["share_of_genes"], given["background"]["size"])
    technical = np.minimum(base["technical_sd"] * 2 ** (-level / 2), base["most_technical_sd"])
    noise = np.hypot(base["biological_sd"] * rng.gamma(6.0, 1 / 6.0, n), technical)
    return Genes(level.astype("f4"), noise.astype("f4"), pd.DataFrame(rows, index=names, dtype="f4").T)


def _like(pattern: str) -> np.ndarray:
    return np.array([bool(re.match(pattern, name)) for name in symbols()])


def matrix(
    rng: np.random.Generator, programmes: pd.DataFrame, fixed: pd.DataFrame, known: Genes | None = None
) -> np.ndarray:
    """TPM, tumours × genes, float32. programmes: tumours × programmes; fixed: tumours × genes whose TPM is given.

    known: what the genes are like, as `genes` where it is not given.
    """
    known, base = known or genes(), assumed()["baseline"]
    loadings = known.loadings.loc[programmes.columns].to_numpy()
    factors = programmes.to_numpy("f4")
    columns = [symbols().index(gene) for gene in fixed.columns]
    tpm = np.empty((len(programmes), len(known.level)), "f4")
    for start in range(0, len(tpm), CHUNK):
        part = tpm[start : start + CHUNK]
        rng.standard_normal(dtype="f4", out=part)
        part *= known.noise
        part += known.level
        part += factors[start : start + CHUNK] @ loadings
        np.exp2(part, out=part)
        part[part < base["detection_limit"]] = 0.0
        keep(part, columns, fixed.to_numpy()[start : start + CHUNK])
    return tpm


def keep(tpm: np.ndarray, columns: list[int], values: np.ndarray) -> None:
    """Set the columns to the values and scale the others, in place, so that each tumour sums to 1e6."""
    tpm[:, columns] = 0.0
    tpm *= ((MILLION - values.sum(axis=1)) / tpm.sum(axis=1, dtype="f8")).astype("f4")[:, None]
    tpm[:, columns] = values


def as_anndata(tpm: np.ndarray, truth: pd.DataFrame, only: list[str] | None = None) -> AnnData:
    """Tumours × genes (all, or `only` some) with the simulation's truth in obs; marked as simulated TPM."""
    names = symbols()
    if only is not None:
        place = {gene: i for i, gene in enumerate(names)}
        tpm, names = np.ascontiguousarray(tpm[:, [place[gene] for gene in only]]), only
    truth = truth.set_axis(truth.index.astype(str).rename(None))
    return AnnData(tpm, obs=truth, var=pd.DataFrame(index=names), uns={"scale": "TPM", "simulated": True})
