"""Single cells from counts to types and scores, by scanpy, and cells summed by patient.

Wolf, Angerer & Theis, Genome Biol 2018 (scanpy); Squair et al., Nat Commun 2021 (doi 10.1038/s41467-021-25960-2), on
why cells of one patient are no independent samples. Leiden's partition is igraph's.
"""

import dataclasses
import warnings

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.omics.cell_markers import cell_markers, measured
from lcnec_utils.stats.embedding import quiet_neighbours

LEAST_GENES, MOST_MITOCHONDRIAL = 200, 20.0  # of a cell: genes seen, and percent of its counts
LEAST_CELLS = 3  # in which a gene is seen
COUNTS_PER_CELL = 1e4
TOP_GENES, COMPONENTS, RESOLUTION = 500, 20, 1.0
LEAD = 0.1  # by which a cluster's first type exceeds its second, in the mean score; else it is unassigned
UNASSIGNED = "Unassigned"
OBS = ("sample", "patient", "organ")


@dataclasses.dataclass(frozen=True)
class Quality:
    """What quality control kept: cells and genes before and after, and by reason how many cells went."""

    cells: int
    genes: int
    kept_cells: int
    kept_genes: int
    few_genes: int
    mitochondrial: int


def example_cells(cells: int = 60) -> AnnData:
    """Invented counts of cells × 300 genes on which the examples of this module run: CD8 T and B cells of two patients.

    >>> example_cells().obs["organ"].value_counts().to_dict()
    {'lung': 30, 'liver': 30}
    """
    rng, known = np.random.default_rng(1), cell_markers()["types"]
    markers = [*known["CD8 T"], *known["B"]]
    rates = np.full((cells, 300), 3.0)
    first = np.arange(cells) % 2 == 0
    rates[:, : len(markers)] = 0.05
    rates[np.ix_(first, range(len(known["CD8 T"])))] = 12.0
    rates[np.ix_(~first, range(len(known["CD8 T"]), len(markers)))] = 12.0
    place = np.arange(cells)
    obs = pd.DataFrame(
        {
            "patient": np.where(place // 2 % 2, "P1", "P2"),
            "organ": np.where(place < cells / 2, "lung", "liver"),
        },
        [f"C{cell}" for cell in place],
    )
    obs["sample"] = obs["patient"] + " " + obs["organ"]
    genes = [*markers, *(f"GENE{i}" for i in range(300 - len(markers)))]
    return AnnData(rng.poisson(rates).astype("f4"), obs, pd.DataFrame(index=genes))


def check_counts(data: AnnData) -> None:
    """Refuse what are not counts of single cells with sample, patient and organ.

    Raises UserError where a column of obs lacks or has an empty cell, a cell or gene stands twice, or a value is no
    whole number from 0 on.

    >>> check_counts(AnnData(np.array([[0.5]]), pd.DataFrame({"sample": ["S"]}, ["c"]), pd.DataFrame(index=["CD3D"])))
    Traceback (most recent call last):
        ...
    lcnec_utils.core.errors.UserError: counts: obs has no column patient; add it, as text
    """
    for column in OBS:
        if column not in data.obs:
            raise UserError(f"counts: obs has no column {column}; add it, as text")
        empty = data.obs[column].isna() | (data.obs[column].astype(str) == "")
        if empty.any():
            raise UserError(f"counts: cell {data.obs_names[empty][0]} has no {column}; give one or leave the cell out")
    for what, names in (("cell", data.obs_names), ("gene", data.var_names)):
        if names.has_duplicates:
            raise UserError(f"counts: {what} {names[names.duplicated()][0]} stands twice; keep one")
    values = data.X.data if sparse.issparse(data.X) else np.asarray(data.X)
    if values.size and (not np.isfinite(values).all() or values.min() < 0 or (values % 1).any()):
        raise UserError("counts: a value is no whole number from 0 on; give counts, not normalised values")


def filtered(data: AnnData) -> tuple[AnnData, Quality]:
    """The cells and genes that pass quality control, with scanpy's measures in obs, and what went.

    data: counts, cells × genes. Kept are cells with LEAST_GENES genes or more and at most MOST_MITOCHONDRIAL percent of
    counts of mitochondrial genes (MT-…), and genes seen in LEAST_CELLS cells. The input is not changed. Raises
    MissingData where no cell is left, UserError as `check_counts`.

    >>> kept, quality = filtered(example_cells())
    >>> kept.n_obs, quality.few_genes, quality.mitochondrial
    (60, 0, 0)
    """
    import scanpy as sc

    check_counts(data)
    kept = data.copy()
    kept.var["mitochondrial"] = kept.var_names.str.upper().str.startswith("MT-")
    sc.pp.calculate_qc_metrics(kept, qc_vars=["mitochondrial"], percent_top=None, log1p=False, inplace=True)
    few = (kept.obs["n_genes_by_counts"] < LEAST_GENES).to_numpy()
    broken = (kept.obs["pct_counts_mitochondrial"].fillna(0) > MOST_MITOCHONDRIAL).to_numpy()
    kept = kept[~few & ~broken].copy()
    if not kept.n_obs:
        raise MissingData(f"none of {data.n_obs:,} cells passes quality control")
    sc.pp.filter_genes(kept, min_cells=LEAST_CELLS)
    quality = Quality(data.n_obs, data.n_vars, kept.n_obs, kept.n_vars, int(few.sum()), int((broken & ~few).sum()))
    return kept, quality


def normalised(data: AnnData) -> AnnData:
    """Cells as log(1 + counts per 10,000), with the counts in `layers["counts"]`. The input is not changed.

    >>> cells = normalised(example_cells())
    >>> np.expm1(cells.X).sum(axis=1).round()[:2].tolist(), cells.layers["counts"].max() > 5
    ([10000.0, 10000.0], np.True_)
    """
    import scanpy as sc

    result = data.copy()
    result.layers["counts"] = result.X.copy()
    sc.pp.normalize_total(result, target_sum=COUNTS_PER_CELL)
    sc.pp.log1p(result)
    return result


def clustered(data: AnnData, *, seed: int, resolution: float = RESOLUTION) -> AnnData:
    """Normalised cells with highly variable genes, components, neighbour graph, UMAP and Leiden clusters.

    data: as `normalised` gives it; not changed. obs has "cluster"; obsm X_pca and X_umap; var highly_variable.

    >>> clustered(normalised(example_cells()), seed=1).obsm["X_umap"].shape  # doctest: +SKIP
    (60, 2)
    """
    result = data.copy()
    with warnings.catch_warnings():  # deprecations inside the libraries
        warnings.simplefilter("ignore")
        import scanpy as sc

        sc.pp.highly_variable_genes(result, n_top_genes=min(TOP_GENES, result.n_vars), flavor="seurat")
        parts = min(COMPONENTS, result.n_obs - 1, int(result.var["highly_variable"].sum()) - 1)
        sc.pp.pca(result, n_comps=parts, mask_var="highly_variable", random_state=seed)
        quiet_neighbours(result, seed)
        sc.tl.umap(result, random_state=seed)
        sc.tl.leiden(
            result, resolution=resolution, flavor="igraph", directed=False, n_iterations=-1, random_state=seed,
            key_added="cluster",
        )  # fmt: skip
    return result


def gene_score(data: AnnData, genes: list[str], *, seed: int, what: str) -> pd.Series:
    """scanpy's score of a gene list in each cell: their mean less that of random genes of like expression.

    data: normalised cells. Raises MissingData where fewer than half of the genes were measured.

    >>> score = gene_score(normalised(example_cells()), cell_markers()["types"]["B"], seed=1, what="B")
    >>> bool(score.iloc[1] > 0 > score.iloc[0])
    True
    """
    import scanpy as sc

    there = measured(genes, data.var_names, what=what)
    scored = AnnData(data.X, pd.DataFrame(index=data.obs_names), pd.DataFrame(index=data.var_names))
    # at most as many controls as a bin of genes holds
    sc.tl.score_genes(scored, there, score_name="score", ctrl_size=min(50, data.n_vars // 25), random_state=seed)
    return scored.obs["score"].rename(what)


def annotated(data: AnnData, *, seed: int, types: dict[str, list[str]] | None = None) -> tuple[AnnData, pd.DataFrame]:
    """Cells with their type in obs["cell_type"] (categorical), and the mean score of each cluster, clusters × types.

    data: as `clustered` gives it; not changed. types: name → markers, those of cell_markers.yaml where none is given; a
    type of which fewer than half of the markers were measured is left out. A cluster has the type with its highest mean
    score, or UNASSIGNED where none is above 0 or the second is nearer than LEAD. Raises MissingData where no type can
    be scored.

    >>> cells = normalised(example_cells())
    >>> cells.obs["cluster"] = pd.Categorical(["0", "1"] * 30)
    >>> annotated(cells, seed=1)[1]["cell_type"].to_dict()
    {'0': 'CD8 T', '1': 'B'}
    """
    scores = {}
    for name, genes in (types or cell_markers()["types"]).items():
        try:
            scores[name] = gene_score(data, genes, seed=seed, what=name)
        except MissingData:
            continue
    if not scores:
        raise MissingData("no cell type has half of its markers among the genes measured")
    means = pd.DataFrame(scores).groupby(data.obs["cluster"], observed=True).mean()
    ordered = np.sort(means.to_numpy(), axis=1)
    sure = ordered[:, -1] > 0
    if means.shape[1] > 1:
        sure &= ordered[:, -1] - ordered[:, -2] >= LEAD
    chosen = means.idxmax(axis=1).where(sure, UNASSIGNED)
    result = data.copy()
    names = [name for name in [*scores, UNASSIGNED] if name in set(chosen)]
    result.obs["cell_type"] = pd.Categorical(result.obs["cluster"].map(chosen).astype(str), names)
    return result, means.assign(cell_type=chosen)


def summed(data: AnnData, *, cell_type: str, least_cells: int = 10) -> AnnData:
    """Counts of the cells of a type summed by sample (pseudobulk), samples × genes; obs: sample, patient, organ, cells.

    data: as `annotated` gives it, counts in `layers["counts"]`. A sample with fewer than least_cells of the type is
    left out. Raises MissingData where no sample has as many.

    >>> cells = normalised(example_cells())
    >>> cells.obs["cell_type"] = ["CD8 T", "B"] * 30
    >>> summed(cells, cell_type="B", least_cells=5).obs["cells"].tolist()
    [8, 7, 7, 8]
    """
    import scanpy as sc

    chosen = data[(data.obs["cell_type"] == cell_type).to_numpy()]
    sizes = chosen.obs["sample"].astype(str).value_counts()
    enough = sizes.index[sizes >= least_cells]
    if enough.empty:
        raise MissingData(f"no sample has {least_cells} cells of the type {cell_type}")
    chosen = chosen[chosen.obs["sample"].astype(str).isin(enough)].copy()
    bulk = sc.get.aggregate(chosen, by=list(OBS), func="sum", layer="counts")
    bulk.X = bulk.layers["sum"]
    bulk.obs["cells"] = sizes.loc[bulk.obs["sample"].astype(str)].to_numpy()
    return bulk


def bulk_score(bulk: AnnData, genes: list[str], *, what: str) -> pd.Series:
    """The mean log2(counts per million + 1) of a gene list in each summed sample; index sample.

    bulk: as `summed` gives it. Raises MissingData where fewer than half of the genes were measured.

    >>> cells = normalised(example_cells())
    >>> cells.obs["cell_type"] = ["CD8 T", "B"] * 30
    >>> bulk = summed(cells, cell_type="B", least_cells=5)
    >>> bulk_score(bulk, cell_markers()["types"]["B"], what="B").round().unique().tolist()
    [14.0]
    """
    there = measured(genes, bulk.var_names, what=what)
    counts = np.asarray(bulk.X.todense() if sparse.issparse(bulk.X) else bulk.X, float)
    per_million = 1e6 * counts / counts.sum(axis=1, keepdims=True)
    log2 = pd.DataFrame(np.log2(per_million + 1), bulk.obs["sample"].astype(str), bulk.var_names)
    return log2[there].mean(axis=1).rename(what)
