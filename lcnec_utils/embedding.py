"""Tumours in two dimensions by their expression, and how many clusters they fall into."""

import warnings

import numpy as np
import pandas as pd

from lcnec_utils.claims import Finding
from lcnec_utils.errors import MissingData

COMPONENTS, NEIGHBOURS = 30, 15
FEWEST = 20
MOST_CLUSTERS = 8
SUBSAMPLES = 100


def umap(log2: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """A UMAP projection of tumours by their most variable genes (no label has a say). Index sample, columns x, y.

    log2: samples × genes, of which the `most` most variable are scaled and reduced to 30 principal components.
    Coordinates differ between kinds of processors; what is read from them is held by counts, not by places. Raises
    MissingData below 20 tumours.
    """
    if len(log2) < FEWEST:
        raise MissingData(f"{len(log2)} tumours are too few for a projection; {FEWEST} are needed")
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    with warnings.catch_warnings():  # of jobs and of deprecations inside the library; nothing a reader can mend
        warnings.simplefilter("ignore")
        from umap import UMAP

        chosen = log2.var().sort_values(ascending=False, kind="stable").index[:most]
        parts = min(COMPONENTS, len(log2) - 1, len(chosen))
        reduced = PCA(parts, svd_solver="full").fit_transform(StandardScaler().fit_transform(log2[chosen]))
        places = UMAP(n_neighbors=min(NEIGHBOURS, len(log2) - 1), random_state=seed, n_jobs=1).fit_transform(reduced)
    return pd.DataFrame(places, log2.index, ["x", "y"])


def _best_number(places: np.ndarray, seed: int) -> tuple[int, np.ndarray]:
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    tried = {k: KMeans(k, n_init=5, random_state=seed).fit_predict(places) for k in range(2, MOST_CLUSTERS + 1)}
    best = max(tried, key=lambda k: silhouette_score(places, tried[k]))
    return best, tried[best]


def clusters(places: pd.DataFrame, seed: int) -> tuple[pd.Series, Finding]:
    """The cluster of each tumour in a projection, and their number with its spread over subsamples as a finding.

    The number (2 to 8) is that of the k-means partition with the highest mean silhouette; the limits are the 2.5 and
    97.5 percentiles of the number found in 100 random samples of 80% of the tumours: stability, no sampling interval.
    Clusters are numbered from the largest down.
    """
    values = places.to_numpy()
    number, found = _best_number(values, seed)
    rng = np.random.default_rng(seed)
    again = []
    for _ in range(SUBSAMPLES):
        some = rng.choice(len(values), size=int(0.8 * len(values)), replace=False)
        again.append(_best_number(values[some], seed)[0])
    low, high = np.percentile(again, [2.5, 97.5])
    order = pd.Series(found).value_counts(sort=True).index
    named = pd.Series(found, places.index).map({old: new for new, old in enumerate(order, 1)})
    return named.rename("cluster"), Finding(float(number), float(low), float(high), n=len(values))


def composition(clusters: pd.Series, groups: pd.Series) -> pd.DataFrame:
    """How many tumours of each group lie in each cluster: cluster, group, n."""
    counts = pd.crosstab(clusters, groups.reindex(clusters.index))
    return counts.stack().rename("n").rename_axis(["cluster", "group"]).reset_index()


def sentence(number: Finding, counts: pd.DataFrame) -> str:
    """The number of clusters, how stable it is, and what each holds most of, in words."""
    held = []
    for cluster, rows in counts.groupby("cluster"):
        most = rows.loc[rows["n"].idxmax()]
        held.append(f"{cluster}: {most['n']} of {rows['n'].sum()} {most['group']}")
    return (
        f"{number.value:.0f} clusters among {number.n} tumours ({number.lower:.0f} to {number.upper:.0f} in the middle "
        f"95% of {SUBSAMPLES} random samples of four fifths). Most frequent in each, {'; '.join(held)}."
    )
