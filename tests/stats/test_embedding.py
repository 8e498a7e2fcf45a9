"""Samples in two dimensions and their clusters: seeds, groups that everyone counts alike, and plain counts."""

import anndata
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_score

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.stats import embedding


def tumours(sizes: list[int], genes: int = 200, apart: float = 8, seed: int = 1) -> tuple[pd.DataFrame, pd.Series]:
    """log2 expression of groups that differ in a part of genes, and the group of each."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(len(sizes)), sizes)
    values = rng.normal(5, 1, (len(group), genes))
    for number in range(len(sizes)):
        some = rng.choice(genes, genes // 4, replace=False)
        values[np.ix_(group == number, some)] += apart
    index = [f"S{i}" for i in range(len(group))]
    names = [f"G{i}" for i in range(genes)]
    return pd.DataFrame(values.astype("f4"), index, names), pd.Series(group, index)


@pytest.fixture(scope="module")
def embedded():
    log2, group = tumours([30, 22, 18])
    return log2, group, embedding.embed(log2, n_top_genes=100, seed=3)


def test_the_same_seed_gives_the_same_places_and_another_seed_others(embedded):
    log2, _, data = embedded
    places = embedding.coordinates(data)
    assert list(places) == ["x", "y"] and places.index.equals(log2.index) and np.isfinite(places).all(axis=None)
    again = embedding.embed(log2, n_top_genes=100, seed=3)
    pd.testing.assert_frame_equal(places, embedding.coordinates(again), check_exact=True)
    other = embedding.embed(log2, n_top_genes=100, seed=4)
    assert not np.allclose(places, embedding.coordinates(other))
    # principal components have no chance in them
    pd.testing.assert_frame_equal(
        embedding.principal_components(data), embedding.principal_components(other), check_exact=True
    )


def test_only_the_highly_variable_genes_enter(embedded):
    log2, _, data = embedded
    kept = data.var_names[data.var["highly_variable"]]
    assert len(kept) == 100
    alone = embedding.embed(log2[kept], n_top_genes=100, seed=3)
    np.testing.assert_array_equal(alone.obsm["X_umap"], data.obsm["X_umap"])


def test_principal_components_are_those_of_the_singular_value_decomposition(embedded):
    log2, _, data = embedded
    values = log2.loc[:, data.var["highly_variable"].to_numpy()].to_numpy(float)
    left, size, _ = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    ours = embedding.principal_components(data).to_numpy()
    np.testing.assert_allclose(np.abs(ours[:, :5]), np.abs(left * size)[:, :5], rtol=1e-2, atol=0.02)


def test_an_anndata_and_a_table_give_the_same_and_are_left_alone(embedded):
    log2, _, data = embedded
    given = anndata.AnnData(log2.to_numpy(), pd.DataFrame(index=log2.index), pd.DataFrame(index=log2.columns))
    again = embedding.embed(given, n_top_genes=100, seed=3)
    np.testing.assert_array_equal(again.obsm["X_umap"], data.obsm["X_umap"])
    assert not given.obsm and not given.uns and (given.X == log2.to_numpy()).all()


def test_three_programmes_are_three_clusters(embedded):
    _, group, data = embedded
    clusters = embedding.leiden_clusters(data, seed=3)
    number = clusters.number
    assert (number.value, number.n) == (3, 70) and clusters.middle_95 == (3, 3)
    assert number.lower is None and number.upper is None, "stability is no interval"
    assert (clusters.label == group + 1).all(), "numbered from the largest down"
    assert clusters.label.name == "cluster" and clusters.rand_index == 1
    components = embedding.principal_components(data)
    assert clusters.silhouette == pytest.approx(silhouette_score(components, group), rel=1e-5)
    assert clusters.choices["clusters"].is_monotonic_increasing and clusters.choices["silhouette"].idxmax() == 0


def test_clusters_of_the_same_seed_are_the_same(embedded):
    _, _, data = embedded
    one, other = (embedding.leiden_clusters(data, seed=1, subsamples=5) for _ in range(2))
    pd.testing.assert_series_equal(one.label, other.label)
    pd.testing.assert_frame_equal(one.choices, other.choices)
    assert (one.number, one.rand_index) == (other.number, other.rand_index)


def test_where_there_are_no_clusters_the_stability_says_so():
    log2, _ = tumours([60])
    data = embedding.embed(log2, n_top_genes=100, seed=1)
    clusters = embedding.leiden_clusters(data, seed=1, subsamples=20)
    assert clusters.silhouette < 0.1 and clusters.rand_index < 0.7
    assert clusters.middle_95[0] < clusters.middle_95[1]


@pytest.mark.parametrize("count", [19, 5, 1])
def test_too_few_samples_are_a_stated_skip(count):
    log2, _ = tumours([25])
    with pytest.raises(MissingData, match=f"{count} tumours are too few for a projection; 20 are needed"):
        embedding.embed(log2.head(count), n_top_genes=100, seed=1)
    if count < 12:
        with pytest.raises(MissingData, match=f"{count} tumours, too few to cluster; 12 are needed"):
            embedding.hierarchical_clusters(log2.head(count), n_top_genes=100, number=2, seed=1)


def test_twenty_samples_and_few_genes_are_projected():
    log2, _ = tumours([12, 8], genes=5)
    assert embedding.coordinates(embedding.embed(log2, n_top_genes=2168, seed=1)).shape == (20, 2)


def test_expression_that_cannot_be_is_refused_in_one_line():
    log2, _ = tumours([25])
    missing = log2.mask((log2.index == "S3")[:, None] & (log2.columns == "G7")[None])
    twice = log2.rename(index={"S1": "S0"})
    for spoiled, said in (
        (missing, "gene G7, tumour S3"),
        (twice, "sample S0: stands twice"),
        (log2.rename(columns={"G1": "G0"}), "gene G0: stands twice"),
        (log2.astype(object).mask(pd.Series(log2.index == "S2", log2.index), "high"), "gene G0, tumour S2"),
    ):
        for call in (
            lambda table: embedding.embed(table, n_top_genes=100, seed=1),
            lambda table: embedding.hierarchical_clusters(table, n_top_genes=100, number=2, seed=1),
        ):
            with pytest.raises(UserError, match=said) as error:
                call(spoiled)
            assert "\n" not in str(error.value)


def test_an_anndata_without_coordinates_is_refused():
    bare = anndata.AnnData(np.ones((30, 3)))
    for call in (embedding.coordinates, lambda data: embedding.leiden_clusters(data, seed=1)):
        with pytest.raises(UserError, match=r"call embed\(\) first"):
            call(bare)


def test_hierarchical_clusters_are_the_groups_and_a_cut_into_more_is_less_stable():
    log2, group = tumours([20, 14, 9])
    clusters = embedding.hierarchical_clusters(log2, n_top_genes=150, number=3, seed=1, subsamples=20)
    assert adjusted_rand_score(group, clusters.label) == 1
    assert clusters.label.value_counts().to_dict() == {1: 20, 2: 14, 3: 9}
    assert clusters.number.value == 3 and clusters.number.lower is None and clusters.middle_95 == (3, 3)
    assert clusters.rand_index == 1 and clusters.choices["silhouette"].idxmax() == 1
    more = embedding.hierarchical_clusters(log2, n_top_genes=150, number=6, seed=1, subsamples=20)
    assert more.rand_index < 1 and more.number == clusters.number and more.silhouette < clusters.silhouette


@pytest.mark.parametrize(("linkage", "distance"), [("average", "correlation"), ("complete", "cityblock")])
def test_the_linkage_and_the_distance_are_those_of_the_run(linkage, distance):
    """Against scikit-learn's agglomerative clustering of the same components; .2 s each."""
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.decomposition import PCA

    log2, _ = tumours([16, 12, 9], genes=60, apart=3)
    asked = {"n_top_genes": 60, "number": 4, "seed": 1, "linkage": linkage, "distance": distance, "subsamples": 2}
    clusters = embedding.hierarchical_clusters(log2, **asked)
    components = PCA(30, svd_solver="full").fit_transform(log2)
    other = AgglomerativeClustering(4, metric=distance, linkage=linkage).fit(components)
    assert adjusted_rand_score(other.labels_, clusters.label) == 1
    silhouette = silhouette_score(components, other.labels_, metric=distance)
    assert clusters.silhouette == pytest.approx(silhouette, rel=1e-4)
    assert clusters.tree.shape == (36, 4)


def test_a_linkage_that_does_not_exist_is_refused_in_one_line():
    values = np.random.default_rng(1).normal(size=(6, 4))
    for words, said in (
        ({"linkage": "wrad"}, "linkage 'wrad' is none of ward, average, complete"),
        ({"distance": "manhatten"}, "distance 'manhatten' is none of euclidean"),
        ({"linkage": "ward", "distance": "correlation"}, "linkage 'ward' has no distance 'correlation'"),
    ):
        with pytest.raises(UserError, match=said):
            embedding.sample_tree(values, **words)
    values[2] = 1
    with pytest.raises(UserError, match="does not exist between two samples"):
        embedding.sample_tree(values, linkage="average", distance="correlation")
    with pytest.raises(MissingData, match="1 tumours are too few"):
        embedding.sample_tree(values[:1])


def test_composition_counts_every_group_in_every_cluster():
    index = list("abcdefgh")
    clusters = pd.Series([1, 1, 1, 1, 2, 2, 2, 3], index, name="cluster")
    group = pd.Series(pd.Categorical(["x", "y", "x", "x", "y", "y", "x", "y"]), index)[::-1]
    counts = embedding.composition(clusters, group)
    assert list(counts) == ["cluster", "group", "n"]
    assert {(row.cluster, row.group): row.n for row in counts.itertuples()} == {
        (1, "x"): 3, (1, "y"): 1, (2, "x"): 1, (2, "y"): 2, (3, "x"): 0, (3, "y"): 1,
    }  # fmt: skip
    with pytest.raises(UserError, match="groups, sample a: has a cluster and no group"):
        embedding.composition(clusters, group.drop("a"))
    with pytest.raises(UserError, match="clusters, sample a: stands twice"):
        embedding.composition(pd.concat([clusters, clusters.head(1)]), group)
