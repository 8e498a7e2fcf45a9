"""Tumours drawn at random, some labelled, some open, for the tests of the classifier and of its notebook."""

import numpy as np
import pandas as pd

from lcnec_utils.omics.genomics import NSCLC_LIKE, SCLC_LIKE

CLASSES = (NSCLC_LIKE, SCLC_LIKE)


def expressed(n: int, marked: int, genes: int, *, open_: int = 0, apart: int = 0, by: float = 1.5, seed: int = 1):
    """log2 expression of n labelled and some open tumours, the first `apart` genes differing; the labels."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(n) < marked)
    values = rng.uniform(1, 9, genes) + rng.uniform(0.5, 2, genes) * rng.normal(size=(n + open_, genes))
    values[:n, :apart] += by * truth[:, None]
    values[n:, :apart] += by * (np.arange(open_) % 2)[:, None]
    order = rng.permutation(n + open_)
    index = pd.Index([f"S{i:03d}" for i in range(n + open_)], name="sample")
    label = pd.Series([*np.where(truth, SCLC_LIKE, NSCLC_LIKE), *[None] * open_], dtype=object)
    log2 = pd.DataFrame(values[order].astype("f4"), index, [f"G{i}" for i in range(genes)])
    return log2, pd.Series(label.to_numpy()[order], index)


def mann_whitney(score: np.ndarray, marked: np.ndarray) -> float:
    wins = [(a > b) + (a == b) / 2 for a in score[marked] for b in score[~marked]]
    return sum(wins) / len(wins)
