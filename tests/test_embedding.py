"""Tumours in two dimensions and their clusters: seeds, blobs that everyone counts alike, and plain counts."""

import numpy as np
import pandas as pd
import pytest

from lcnec_utils import embedding
from lcnec_utils.errors import MissingData


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


def blobs(middles: list[tuple], sizes: list[int], spread: float = 0.5, seed: int = 1) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(len(sizes)), sizes)
    places = np.array(middles, float)[group] + spread * rng.normal(size=(len(group), 2))
    order = rng.permutation(len(group))  # the order of tumours tells nothing
    index = [f"S{i}" for i in range(len(group))]
    return pd.DataFrame(places[order], index, ["x", "y"]), pd.Series(group[order], index)


@pytest.fixture(scope="module")
def projected():
    log2, group = tumours([30, 22, 18])
    return log2, group, embedding.umap(log2, 100, seed=3)


def test_the_same_seed_gives_the_same_places_and_another_seed_others(projected):
    log2, _, places = projected
    assert list(places) == ["x", "y"] and places.index.equals(log2.index) and np.isfinite(places).all(axis=None)
    pd.testing.assert_frame_equal(places, embedding.umap(log2, 100, seed=3), check_exact=True)
    assert not np.allclose(places, embedding.umap(log2, 100, seed=4))


def test_only_the_most_variable_genes_have_a_say(projected):
    log2, _, places = projected
    quiet = log2.var().sort_values().index[:60]
    rng = np.random.default_rng(0)
    garbled = pd.DataFrame(log2.to_numpy().copy(), log2.index, log2.columns)  # one block, as the first was
    garbled.loc[:, quiet] = (5 + 0.01 * rng.normal(size=(len(log2), 60))).astype("f4")
    pd.testing.assert_frame_equal(places, embedding.umap(garbled, 100, seed=3), check_exact=True)


def test_three_programmes_are_three_clusters_on_the_map(projected):
    _, group, places = projected
    found, number = embedding.clusters(places, seed=3)
    assert number.value == 3 and number.lower == number.upper == 3 and number.n == 70
    grid = pd.crosstab(found, group).to_numpy()
    assert ((grid > 0).sum(axis=0) == 1).all() and ((grid > 0).sum(axis=1) == 1).all()


@pytest.mark.parametrize("count", [19, 5, 0])
def test_too_few_tumours_are_a_stated_skip(count):
    log2, _ = tumours([25])
    with pytest.raises(MissingData, match=f"{count} tumours are too few for a projection; 20 are needed"):
        embedding.umap(log2.head(count), 100, seed=1)


def test_twenty_tumours_and_few_genes_are_projected():
    log2, _ = tumours([12, 8], genes=5)
    assert embedding.umap(log2, 2168, seed=1).shape == (20, 2)


@pytest.mark.parametrize("seed", range(2))
def test_blobs_well_apart_are_counted_and_the_count_is_stable(seed, monkeypatch):
    monkeypatch.setattr(embedding, "SUBSAMPLES", 15)  # the whole hundred is drawn in the test above
    places, group = blobs([(0, 0), (12, 0), (0, 12)], [40, 25, 15], seed=seed)
    found, number = embedding.clusters(places, seed)
    assert (number.value, number.lower, number.upper, number.n) == (3, 3, 3, 80)
    assert found.index.equals(places.index) and found.name == "cluster"
    # numbered from the largest down
    assert found.value_counts().loc[[1, 2, 3]].tolist() == [40, 25, 15]
    assert (found == group + 1).all()
    pd.testing.assert_series_equal(found, embedding.clusters(places, seed)[0])


def test_where_there_are_no_clusters_the_limits_say_so(monkeypatch):
    monkeypatch.setattr(embedding, "SUBSAMPLES", 30)
    rng = np.random.default_rng(5)
    places = pd.DataFrame(rng.random((60, 2)), columns=["x", "y"])
    _, number = embedding.clusters(places, 1)
    assert 2 <= number.lower <= number.upper <= 8 and number.upper > number.lower


def test_composition_counts_every_group_in_every_cluster():
    index = list("abcdefgh")
    clusters = pd.Series([1, 1, 1, 1, 2, 2, 2, 3], index, name="cluster")
    group = pd.Series(pd.Categorical(["x", "y", "x", "x", "y", "y", "x", "y"]), index)[::-1]
    found = embedding.composition(clusters, group)
    assert list(found) == ["cluster", "group", "n"]
    assert {(row.cluster, row.group): row.n for row in found.itertuples()} == {
        (1, "x"): 3, (1, "y"): 1, (2, "x"): 1, (2, "y"): 2, (3, "x"): 0, (3, "y"): 1,
    }  # fmt: skip
    assert embedding.SUBSAMPLES == 100
    text = embedding.sentence(embedding.Finding(3.0, 2.0, 4.0, n=8), found)
    assert text.startswith("3 clusters among 8 tumours (2 to 4 in the middle 95% of 100 random samples")
    assert "1: 3 of 4 x" in text and "2: 2 of 3 y" in text and "3: 1 of 1 y" in text
