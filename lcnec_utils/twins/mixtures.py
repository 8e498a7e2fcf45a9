"""Bulk expression mixed from known fractions of immune cells and tumour cells, to hold a deconvolution against."""

import numpy as np
import pandas as pd

from lcnec_utils.omics import deconvolution
from lcnec_utils.omics.deconvolution import OTHER, Til10
from lcnec_utils.public.fetch import fetch
from lcnec_utils.twins.expression import NSCLC_LIKE, SCLC_LIKE, UNCLASSIFIED
from lcnec_utils.twins.studies import Study, described
from lcnec_utils.twins.targets import Targets, stream
from lcnec_utils.twins.transcriptome import MILLION, as_anndata, genes, matrix, symbols

# What tumour cells have of their own; all other programmes are those of cells around them
OF_TUMOUR = ["subtype", "neuroendocrine", "proliferation", "mapk"]
CENTRE = {NSCLC_LIKE: 1.0, SCLC_LIKE: -1.0, UNCLASSIFIED: 0.0}
COLUMN = "FRACTION_{}"


def make(seed: int) -> dict[str, Study]:
    """The mixtures, by the name of their twin. Raises DownloadError where the signature cannot be had."""
    til10 = deconvolution.read_til10({file: fetch("til10", file) for file in deconvolution.FILES})
    return {"twin_mixtures": mixtures(seed, til10)}


def mixtures(seed: int, til10: Til10) -> Study:
    """Samples of known immune fractions: expression (TPM), and fractions of cells as sample columns FRACTION_…"""
    targets, rng = Targets(), stream(seed, "expression", "mixtures")
    law = targets.assume("mixtures")
    n, populations = law["samples"], list(til10.signature)
    immune = rng.beta(*law["immune_share"], n)
    known = rng.dirichlet(np.full(len(populations), law["among_immune"]), n) * immune[:, None]
    fractions = pd.DataFrame(np.column_stack([known, 1 - immune]), columns=[*populations, OTHER])
    mrna = fractions * [law["mrna"][name] for name in fractions]
    mrna = mrna.div(mrna.sum(axis=1), axis=0).to_numpy()
    bulk = mrna[:, [-1]] * _tumour_cells(rng, n, til10, law) + _immune_cells(rng, mrna[:, :-1], til10, law)
    bulk *= MILLION / bulk.sum(axis=1, keepdims=True)
    names = pd.Index([f"MIX-{i + 1:03d}" for i in range(n)])
    columns = {COLUMN.format(name.upper().replace(".", "_")): fractions[name].round(6) for name in fractions}
    notes = [
        "Simulated samples; nothing in them is taken from a print, all is assumed.",
        "Immune cells are those of quanTIseq's own signature with errors; fractions are in FRACTION_… columns.",
    ]
    study = described("Mixtures twin", "unknown", [])
    study |= {"source": "Simulated samples, mixed from quanTIseq's signature (Finotello et al. 2019)", "notes": notes}
    return Study(
        patients=pd.DataFrame({"PATIENT_ID": names}),
        samples=pd.DataFrame({"PATIENT_ID": names, "SAMPLE_ID": names, "CANCER_TYPE": "Lung Cancer", **columns}),
        study=study,
        targets=targets,
        expression=as_anndata(bulk.astype("f4"), pd.DataFrame(index=names)),
    )


def _there(til10: Til10) -> tuple[list[str], list[int]]:
    """The signature's genes that the simulated transcriptomes have, and their places."""
    place = {gene: i for i, gene in enumerate(symbols())}
    held = [gene for gene in til10.signature.index if gene in place]
    return held, [place[gene] for gene in held]


def _tumour_cells(rng: np.random.Generator, n: int, til10: Til10, law: dict) -> np.ndarray:
    """TPM of the tumour cells alone, samples × genes: of any subtype, with little of what marks immune cells."""
    held = pd.DataFrame(rng.standard_normal((n, len(OF_TUMOUR))), columns=OF_TUMOUR)
    held["subtype"] = rng.choice(list(CENTRE.values()), n) + 0.5 * held["subtype"]
    tpm = matrix(rng, held, pd.DataFrame(index=held.index)).astype(float)
    marked, where = _there(til10)
    own = np.isin(marked, til10.aberrant)
    low, high = (rng.normal(*law[name], (n, len(where))) for name in ("tumour_cells", "aberrant"))
    tpm[:, where] = 2 ** np.where(own, high, low)
    return tpm * (MILLION / tpm.sum(axis=1, keepdims=True))


def _immune_cells(rng: np.random.Generator, mrna: np.ndarray, til10: Til10, law: dict) -> np.ndarray:
    """What the immune cells add to each sample, samples × genes; a gene that marks none is as in any cell."""
    marked, where = _there(til10)
    signature = til10.signature.loc[marked].to_numpy()
    elsewhere = 2.0 ** genes().level.astype(float)
    elsewhere[where] = 0.0
    rest = elsewhere / elsewhere.sum()
    added = np.zeros((len(mrna), len(elsewhere)))
    for share, profile in zip(mrna.T, signature.T, strict=True):
        errors = 2 ** rng.normal(0, law["profile_sd"], (len(mrna), len(where)))
        added[:, where] += share[:, None] * profile * errors
        added += (share * (MILLION - profile.sum()))[:, None] * rest
    return added
