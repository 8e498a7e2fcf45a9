"""Samples in two dimensions by their expression, as scanpy does it, and how many clusters they form.

Wolf, Angerer & Theis, Genome Biol 2018 (scanpy); McInnes, Healy & Melville 2018 (UMAP); Traag, Waltman & van Eck, Sci
Rep 2019 (Leiden). Coordinates and clusters differ in detail between kinds of processors.
"""

import dataclasses
import functools
import warnings

import numpy as np
import pandas as pd
from anndata import AnnData

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.core.findings import Finding
from lcnec_utils.core.params import DISTANCES, LINKAGES
from lcnec_utils.stats.differential import finite_values

COMPONENTS, NEIGHBOURS = 30, 15
FEWEST = 20  # samples of a projection
FEWEST_TO_CUT = 12  # samples of a tree, of which four fifths are cut into up to MOST_CUTS clusters
MOST_CUTS = 8
RESOLUTIONS = (0.2, 0.4, 0.6, 0.8, 1.0, 1.2)
SUBSAMPLES, FRACTION = 100, 0.8


@dataclasses.dataclass(frozen=True)
class Clusters:
    """Clusters of samples with their stability.

    label: the cluster of each sample, numbered from the largest down (1, 2, …). number: how many clusters the highest
    mean silhouette asks for; it has no interval. middle_95: the 2.5 and 97.5 percentiles of that number over random
    samples of 80%, which is stability and no limits of a finding. silhouette: the mean silhouette of `label` (−1 to 1;
    NaN of one cluster). rand_index: the mean adjusted Rand index of the clusters of those random samples with `label`.
    choices: what the highest silhouette was chosen from, one row per resolution (or per cut of a tree): columns
    resolution or cut, clusters, silhouette. tree: scipy's linkage matrix of the samples, where there is one.
    """

    label: pd.Series
    number: Finding
    middle_95: tuple[float, float]
    silhouette: float
    rand_index: float
    choices: pd.DataFrame
    tree: np.ndarray | None = None


def check_expression(table: pd.DataFrame) -> None:
    """Refuses what cannot be expression of distinct samples and genes.

    table: samples × genes. Raises UserError where a sample or gene stands twice, or a value is no finite number.

    >>> check_expression(pd.DataFrame([[1.0], [2.0]], ["a", "a"], ["ASCL1"]))
    Traceback (most recent call last):
        ...
    lcnec_utils.core.errors.UserError: expression, sample a: stands twice; keep one
    """
    for what, names in (("sample", table.index), ("gene", table.columns)):
        if names.has_duplicates:
            raise UserError(f"expression, {what} {names[names.duplicated()][0]}: stands twice; keep one")
    finite_values(table)


def embed(expression: pd.DataFrame | AnnData, *, n_top_genes: int, seed: int) -> AnnData:
    """An AnnData of samples × genes with principal components, neighbour graph and UMAP coordinates of the samples.

    expression: samples × genes, a table of log2(x + 1) or an AnnData of logged values (`uns["log1p"]["base"]` where
    the base is not 2); it is not changed. Of its genes the `n_top_genes` most variable (scanpy's highly variable genes,
    Seurat's flavour) enter 30 principal components, these a graph of 15 nearest neighbours, and that the projection.
    No label has a say. `obsm["X_pca"]` and `obsm["X_umap"]` hold the coordinates, `var["highly_variable"]` the genes.

    Raises MissingData below 20 samples; UserError for a missing or infinite value, and a sample or gene that is there
    twice.

    >>> rng = np.random.default_rng(0)
    >>> log2 = pd.DataFrame(rng.normal(6, 1, (40, 200)), [f"S{i}" for i in range(40)], [f"G{i}" for i in range(200)])
    >>> embed(log2, n_top_genes=100, seed=1).obsm["X_umap"].shape  # doctest: +SKIP
    (40, 2)
    """
    table = expression if isinstance(expression, pd.DataFrame) else expression.to_df()
    check_expression(table)
    data = AnnData(table.to_numpy(copy=True), pd.DataFrame(index=table.index), pd.DataFrame(index=table.columns))
    data.uns["log1p"] = (
        {"base": 2} if isinstance(expression, pd.DataFrame) else expression.uns.get("log1p", {"base": 2})
    )
    if data.n_obs < FEWEST:
        raise MissingData(f"{data.n_obs} tumours are too few for a projection; {FEWEST} are needed")
    with warnings.catch_warnings():  # deprecations inside the libraries, and genes whose dispersion does not exist
        warnings.simplefilter("ignore")
        import scanpy as sc

        sc.pp.highly_variable_genes(data, n_top_genes=min(n_top_genes, data.n_vars), flavor="seurat")
        parts = min(COMPONENTS, data.n_obs - 1, int(data.var["highly_variable"].sum()))
        sc.pp.pca(data, n_comps=parts, mask_var="highly_variable", svd_solver="full", random_state=seed)
        quiet_neighbours(data, seed)
        sc.tl.umap(data, random_state=seed)
    return data


def coordinates(data: AnnData) -> pd.DataFrame:
    """The UMAP coordinates of `embed`: index sample, columns x, y. Raises UserError where there are none.

    >>> coordinates(AnnData(np.eye(2), obsm={"X_umap": np.array([[0.0, 1.0], [2.0, 3.0]])}))["y"].tolist()
    [1.0, 3.0]
    """
    return pd.DataFrame(_part(data, "X_umap", "UMAP coordinates"), data.obs_names, ["x", "y"])


def principal_components(data: AnnData) -> pd.DataFrame:
    """The principal components of `embed`: index sample, columns 1, 2, …. Raises UserError where there are none.

    >>> principal_components(AnnData(np.eye(2), obsm={"X_pca": np.array([[0.0, 1.0], [2.0, 3.0]])}))[2].tolist()
    [1.0, 3.0]
    """
    components = _part(data, "X_pca", "principal components")
    return pd.DataFrame(components, data.obs_names, range(1, components.shape[1] + 1))


def leiden_clusters(data: AnnData, *, seed: int, subsamples: int = SUBSAMPLES) -> Clusters:
    """The Leiden clusters of embedded samples, with their stability.

    data: as `embed` returns it; the clusters are of its neighbour graph on the principal components, and UMAP has no
    say. Of the partitions at resolutions 0.2 to 1.2 the one with the highest mean silhouette is taken (the lowest
    resolution of several; one cluster only where no resolution gives two, for it has no silhouette), and so it is, with
    a graph of its own, in each random sample of 80%.

    Raises UserError where the AnnData holds no principal components.

    >>> rng = np.random.default_rng(0)
    >>> log2 = pd.DataFrame(rng.normal(6, 1, (40, 200)), [f"S{i}" for i in range(40)], [f"G{i}" for i in range(200)])
    >>> leiden_clusters(embed(log2, n_top_genes=100, seed=1), seed=1).label.index[0]  # doctest: +SKIP
    'S0'
    """
    components = _part(data, "X_pca", "principal components")
    partitions = _leiden_partitions(components, seed)
    choices = pd.DataFrame(
        {
            "resolution": list(partitions),
            "clusters": [len(set(labels)) for labels in partitions.values()],
            "silhouette": _silhouettes(components, list(partitions.values())),
        }
    )
    best = _best(choices["silhouette"])
    label = list(partitions.values())[best]

    def best_partition(some: np.ndarray) -> np.ndarray:
        tried = list(_leiden_partitions(some, seed).values())
        return tried[_best(_silhouettes(some, tried))]

    again = [best_partition(components[rows]) for rows in _subsamples(len(components), seed, subsamples)]
    return Clusters(
        _numbered(label, data.obs_names),
        *_number(len(set(label)), [len(set(labels)) for labels in again], n=len(label)),
        choices["silhouette"].iloc[best],
        _rand_index(label, again, seed),
        choices,
    )


def sample_tree(values: pd.DataFrame | np.ndarray, *, linkage: str = "ward", distance: str = "euclidean") -> np.ndarray:
    """The hierarchical clustering of samples, as scipy's linkage matrix.

    values: samples × genes or components. linkage: ward, average or complete. distance: euclidean, cityblock or
    correlation (1 − Pearson's), as scipy's pdist has them; Ward's linkage needs the Euclidean one.

    Raises UserError for other words, and where a distance does not exist, as the correlation of a constant sample;
    MissingData for fewer than two samples.

    >>> sample_tree(np.array([[0.0], [1.0], [5.0]]), linkage="complete")[:, 2].tolist()
    [1.0, 5.0]
    """
    from scipy.cluster import hierarchy
    from scipy.spatial.distance import pdist

    for what, word, words in (("linkage", linkage, LINKAGES), ("distance", distance, DISTANCES)):
        if word not in words:
            raise UserError(f"{what} '{word}' is none of {', '.join(words)}; give one of them")
    if linkage == "ward" and distance != "euclidean":
        raise UserError(f"linkage 'ward' has no distance '{distance}'; give euclidean, or another linkage")
    if len(values) < 2:
        raise MissingData(f"{len(values)} tumours are too few to cluster; 2 are needed")
    distances = pdist(np.asarray(values, float), distance)
    if not np.isfinite(distances).all():
        raise UserError(
            f"distance '{distance}' does not exist between two samples, one of which is constant; leave it out"
        )
    return hierarchy.linkage(distances, linkage)


def hierarchical_clusters(
    log2: pd.DataFrame,
    *,
    n_top_genes: int,
    number: int,
    seed: int,
    linkage: str = "ward",
    distance: str = "euclidean",
    subsamples: int = SUBSAMPLES,
) -> Clusters:
    """Hierarchical clusters of samples on 30 principal components, the tree cut into `number`.

    log2: samples × genes, of which the `n_top_genes` of the highest variance are used. linkage, distance: as
    `sample_tree` takes them. The number that the highest silhouette (by the same distance) asks for is of cuts into 2
    to 8.

    Raises as `sample_tree`; MissingData below 12 samples; UserError for a missing or infinite value, and a sample or
    gene that is there twice.

    >>> rng = np.random.default_rng(0)
    >>> group = np.repeat([0, 1], [12, 8])
    >>> log2 = pd.DataFrame(rng.normal(6, 0.1, (20, 5)) + group[:, None], [f"S{i}" for i in range(20)], list("ABCDE"))
    >>> clusters = hierarchical_clusters(log2, n_top_genes=5, number=2, seed=1, subsamples=5)
    >>> clusters.label.value_counts().to_dict(), clusters.number.value, clusters.rand_index
    ({1: 12, 2: 8}, 2.0, 1.0)
    """
    from sklearn.decomposition import PCA

    check_expression(log2)
    if len(log2) < FEWEST_TO_CUT:
        raise MissingData(f"the expression holds {len(log2)} tumours, too few to cluster; {FEWEST_TO_CUT} are needed")
    kept = log2.var().sort_values(ascending=False, kind="stable").index[:n_top_genes]
    parts = min(COMPONENTS, len(log2) - 1, len(kept))
    components = PCA(parts, svd_solver="full").fit_transform(log2[kept])
    tree = sample_tree(components, linkage=linkage, distance=distance)
    tried = {clusters: cut_tree(tree, clusters) for clusters in range(2, MOST_CUTS + 1)}
    choices = pd.DataFrame(
        {
            "cut": list(tried),
            "clusters": [len(set(labels)) for labels in tried.values()],
            "silhouette": _silhouettes(components, list(tried.values()), distance),
        }
    )
    again, numbers = [], []
    for rows in _subsamples(len(components), seed, subsamples):
        tree_of_some = sample_tree(components[rows], linkage=linkage, distance=distance)
        again.append(cut_tree(tree_of_some, number))
        cuts = [cut_tree(tree_of_some, clusters) for clusters in tried]
        numbers.append(list(tried)[_best(_silhouettes(components[rows], cuts, distance))])
    label = cut_tree(tree, number)
    return Clusters(
        _numbered(label, log2.index),
        *_number(list(tried)[_best(choices["silhouette"])], numbers, n=len(label)),
        _silhouettes(components, [label], distance)[0],
        _rand_index(label, again, seed),
        choices,
        tree,
    )


def cut_tree(tree: np.ndarray, number: int) -> np.ndarray:
    """The cluster of each sample where a tree is cut into at most `number`, numbered from 1 as scipy's fcluster does.

    >>> cut_tree(sample_tree(np.array([[5.0], [0.0], [1.0]])), 2).tolist()
    [2, 1, 1]
    """
    from scipy.cluster import hierarchy

    return hierarchy.fcluster(tree, number, "maxclust")


def leaves(tree: np.ndarray) -> np.ndarray:
    """The places of the samples in the order in which a dendrogram of the tree shows them.

    >>> leaves(sample_tree(np.array([[5.0], [0.0], [1.0]]))).tolist()
    [0, 1, 2]
    """
    from scipy.cluster import hierarchy

    return hierarchy.leaves_list(tree)


def rand_index(one: pd.Series, other: pd.Series) -> float:
    """The adjusted Rand index of two clusterings of the same samples: 1 where they agree, about 0 by chance.

    one, other: by sample. Raises UserError where a sample is of one only.

    >>> rand_index(pd.Series([1, 1, 2], list("abc")), pd.Series(["x", "x", "y"], list("abc")))
    1.0
    """
    from sklearn.metrics import adjusted_rand_score

    if not one.index.sort_values().equals(other.index.sort_values()):
        raise UserError("clusters: the two clusterings are not of the same samples; give both of one table")
    return float(adjusted_rand_score(one.astype(str), other.reindex(one.index).astype(str)))


def composition(clusters: pd.Series, groups: pd.Series) -> pd.DataFrame:
    """How many samples of each group lie in each cluster: columns cluster, group, n.

    clusters, groups: by sample. Raises UserError where a sample of the clusters has no group, or stands twice.

    >>> composition(pd.Series([1, 1, 2], list("abc")), pd.Series(["x", "y", "y"], list("abc")))["n"].tolist()
    [1, 1, 0, 1]
    """
    for name, series in (("clusters", clusters), ("groups", groups)):
        if series.index.has_duplicates:
            twice = series.index[series.index.duplicated()][0]
            raise UserError(f"{name}, sample {twice}: stands twice; keep one row per sample")
    lacking = clusters.index.difference(groups.dropna().index)
    if len(lacking):
        raise UserError(f"groups, sample {lacking[0]}: has a cluster and no group; leave it out of the clusters")
    counts = pd.crosstab(clusters, groups.reindex(clusters.index))
    return counts.stack().rename("n").rename_axis(["cluster", "group"]).reset_index()


def _part(data: AnnData, key: str, what: str) -> np.ndarray:
    """The coordinates of samples under a key of obsm; refuses an AnnData without them."""
    if key not in data.obsm:
        raise UserError(f"the AnnData holds no {what} (obsm['{key}']); call embed() first")
    return np.asarray(data.obsm[key])


@functools.cache
def _keep_compiled() -> None:
    """Have numba keep what it compiles of umap's graph, as umap does of its layout: four seconds in every process."""
    from umap import umap_

    for function in (umap_.smooth_knn_dist, umap_.compute_membership_strengths, umap_.fast_knn_indices):
        function.enable_caching()


def quiet_neighbours(data: AnnData, seed: int) -> None:
    """Give an AnnData with principal components scanpy's graph of the 15 nearest neighbours; compiled once.

    >>> data = AnnData(np.eye(30), obsm={"X_pca": np.random.default_rng(0).normal(size=(30, 5))})
    >>> quiet_neighbours(data, 1)  # doctest: +SKIP
    """
    import scanpy as sc

    _keep_compiled()
    sc.pp.neighbors(data, n_neighbors=min(NEIGHBOURS, data.n_obs - 1), use_rep="X_pca", random_state=seed)


def _leiden_partitions(components: np.ndarray, seed: int) -> dict[float, np.ndarray]:
    """The Leiden partition of samples at each resolution, on the neighbour graph of their principal components."""
    with warnings.catch_warnings():  # deprecations inside the libraries
        warnings.simplefilter("ignore")
        import scanpy as sc

        data = AnnData(obs=pd.DataFrame(index=[str(row) for row in range(len(components))]))
        data.obsm["X_pca"] = components
        quiet_neighbours(data, seed)
        partitions = {}
        for resolution in RESOLUTIONS:
            sc.tl.leiden(data, resolution=resolution, flavor="igraph", directed=False, random_state=seed)
            partitions[resolution] = data.obs["leiden"].cat.codes.to_numpy()
    return partitions


def _silhouettes(values: np.ndarray, partitions: list[np.ndarray], distance: str = "euclidean") -> list[float]:
    """The mean silhouette of each partition by a distance; NaN of one cluster."""
    from sklearn.metrics import pairwise_distances, silhouette_score

    distances = pairwise_distances(values, metric=distance)
    np.fill_diagonal(distances, 0)
    known: dict[bytes, float] = {}
    scores = []
    for labels in partitions:
        key = labels.tobytes()
        if key not in known:
            one = len(set(labels)) < 2
            known[key] = float("nan") if one else float(silhouette_score(distances, labels, metric="precomputed"))
        scores.append(known[key])
    return scores


def _best(silhouettes) -> int:
    """The place of the highest silhouette, the first of several."""
    return int(np.argmax(np.nan_to_num(np.asarray(silhouettes, float), nan=-1)))


def _subsamples(n: int, seed: int, number: int) -> list[np.ndarray]:
    """The places of random samples of 80%, in order."""
    rng = np.random.default_rng(seed)
    return [np.sort(rng.choice(n, size=int(FRACTION * n), replace=False)) for _ in range(number)]


def _rand_index(label: np.ndarray, again: list[np.ndarray], seed: int) -> float:
    """The mean adjusted Rand index of the partitions of `_subsamples` with that of all samples."""
    from sklearn.metrics import adjusted_rand_score

    pairs = zip(_subsamples(len(label), seed, len(again)), again, strict=True)
    return float(np.mean([adjusted_rand_score(label[rows], labels) for rows, labels in pairs]))


def _numbered(label: np.ndarray, samples: pd.Index) -> pd.Series:
    """Clusters by sample, numbered from the largest down."""
    by_sample = pd.Series(label, samples, name="cluster")
    order = by_sample.value_counts().index
    return by_sample.map({old: new for new, old in enumerate(order, 1)})


def _number(best: int, again: list[int], n: int) -> tuple[Finding, tuple[float, float]]:
    """The number of clusters of n samples, and the middle 95% of the numbers of random samples: they show how stable it
    is, and are no limits, for their spread is not that of cohorts."""
    low, high = (float(limit) for limit in np.percentile(again, [2.5, 97.5], method="nearest"))
    span = f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"
    note = f"{best} clusters, and {span} in the middle 95% of subsamples, which is stability and no interval"
    return Finding(float(best), n=n, note=note), (low, high)
