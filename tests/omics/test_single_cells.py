"""Single cells by scanpy: quality control, types on real cells (scanpy's own 700 PBMC), sums by sample. About 10 s."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.omics import cell_markers, single_cells

# Types that the authors of 10x's 68,000 PBMC give, in the words of cell_markers.yaml
BULK_LABELS = {
    "CD19+ B": "B", "CD56+ NK": "NK", "CD14+ Monocyte": "Monocyte or macrophage", "CD8+ Cytotoxic T": "CD8 T",
    "CD4+/CD25 T Reg": "CD4 T", "CD4+/CD45RO+ Memory": "CD4 T", "Dendritic": "Dendritic",
}  # fmt: skip


# ---- real cells ----


@pytest.fixture(scope="module")
def pbmc() -> AnnData:
    """700 real PBMC as scanpy carries them: 765 genes, logged counts, the authors' label of each."""
    import scanpy

    raw = scanpy.datasets.pbmc68k_reduced().raw.to_adata()
    return AnnData(raw.X.copy(), raw.obs[["bulk_labels"]].astype(str), pd.DataFrame(index=raw.var_names))


@pytest.fixture(scope="module")
def typed(pbmc) -> AnnData:
    return single_cells.annotated(single_cells.clustered(pbmc, seed=1), seed=1)[0]


def test_clusters_of_real_cells_get_the_types_of_their_authors(typed):
    """Few genes tell CD4 from CD8 T cells here; B cells, monocytes and T or NK cells are told."""
    label = typed.obs["bulk_labels"].map(BULK_LABELS)
    found = typed.obs["cell_type"].astype(str)
    for kind, least in (("B", 0.95), ("Monocyte or macrophage", 0.85)):
        assert (found[label == kind] == kind).mean() >= least, kind
    lymphocytes = {"CD8 T", "CD4 T", "NK", single_cells.UNASSIGNED}
    assert found[label.isin(["CD8 T", "CD4 T", "NK"])].isin(lymphocytes).mean() >= 0.9
    assert found[label == "B"].isin(lymphocytes).mean() <= 0.05


def test_scores_of_real_cells_are_highest_where_the_type_is(typed):
    label = typed.obs["bulk_labels"]
    for kind, own in (("B", "CD19+ B"), ("NK", "CD56+ NK"), ("Monocyte or macrophage", "CD14+ Monocyte")):
        genes = cell_markers.cell_markers()["types"][kind]
        try:
            score = single_cells.gene_score(typed, genes, seed=1, what=kind)
        except MissingData:
            assert kind == "NK", "765 genes hold too few NK markers, and no other type's"
            continue
        means = score.groupby(label).mean()
        assert means.idxmax() == own or (kind == "Monocyte or macrophage" and means.idxmax() == "Dendritic")


def test_cytotoxic_cells_of_blood_are_the_nk_and_cd8_ones(typed):
    genes = cell_markers.cell_markers()["states"]["cytotoxicity"]["genes"]
    means = single_cells.gene_score(typed, genes, seed=1, what="x").groupby(typed.obs["bulk_labels"]).mean()
    assert set(means.nlargest(2).index) <= {"CD56+ NK", "CD8+ Cytotoxic T"}
    assert means["CD56+ NK"] > means["CD19+ B"] + 0.5


# ---- quality ----


def test_cells_with_few_genes_or_much_mitochondrial_rna_go_and_are_counted():
    data = single_cells.example_cells()
    data.var_names = [*data.var_names[:-2], "MT-CO1", "mt-nd1"]
    data.X[0] = 0
    data.X[0, :5] = 3
    data.X[1, -1] = 4000
    kept, quality = single_cells.filtered(data)
    assert list(data.obs_names[:2]) == ["C0", "C1"] and not {"C0", "C1"} & set(kept.obs_names)
    assert (quality.few_genes, quality.mitochondrial, quality.kept_cells) == (1, 1, 58)
    assert data.n_obs == 60, "the input is as it was"
    data.X[:] = 0
    with pytest.raises(MissingData, match="none of 60 cells passes"):
        single_cells.filtered(data)


def test_a_gene_seen_in_too_few_cells_goes():
    data = single_cells.example_cells()
    data.X[:, -1] = 0
    data.X[:2, -1] = 1
    kept, quality = single_cells.filtered(data)
    assert data.var_names[-1] not in kept.var_names and quality.kept_genes == 299


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: data.obs.drop(columns="organ", inplace=True), "obs has no column organ"),
        (lambda data: data.obs.replace({"patient": {"P2": ""}}, inplace=True), "cell C0 has no patient"),
        (lambda data: setattr(data, "obs_names", ["C1", *data.obs_names[1:]]), "cell C1 stands twice"),
        (lambda data: data.X.__setitem__((0, 0), 0.5), "no whole number"),
        (lambda data: data.X.__setitem__((0, 0), -1), "no whole number"),
        (lambda data: data.X.__setitem__((0, 0), np.nan), "no whole number"),
    ],
)
def test_what_is_no_count_of_a_cell_is_refused(spoil, message):
    data = single_cells.example_cells()
    spoil(data)
    with pytest.raises(UserError, match=message):
        single_cells.filtered(data)


# ---- types and sums ----


def test_a_cluster_without_a_clear_type_is_unassigned():
    cells = single_cells.normalised(single_cells.example_cells())
    cells.obs["cluster"] = pd.Categorical(["mixed"] * 60)
    typed, clusters = single_cells.annotated(cells, seed=1, types={"B": ["CD19"], "T": ["CD19"]})
    assert (
        set(typed.obs["cell_type"]) == {single_cells.UNASSIGNED} and clusters.loc["mixed", "cell_type"] == "Unassigned"
    )
    with pytest.raises(MissingData, match="no cell type has half of its markers"):
        single_cells.annotated(cells, seed=1, types={"B": ["NOT", "THERE"]})


def test_sums_are_of_the_counts_of_a_type_in_a_sample():
    cells = single_cells.normalised(single_cells.example_cells())
    cells.obs["cell_type"] = ["CD8 T", "B"] * 30
    bulk = single_cells.summed(cells, cell_type="B", least_cells=8)
    kept = bulk.obs["sample"].astype(str).tolist()
    assert len(kept) == 2 and bulk.obs["cells"].tolist() == [8, 8]
    rows = (cells.obs["sample"] == kept[0]) & (cells.obs["cell_type"] == "B")
    np.testing.assert_array_equal(bulk.X[0], cells.layers["counts"][rows.to_numpy()].sum(axis=0))


def test_the_same_seed_gives_the_same_clusters():
    cells = single_cells.normalised(single_cells.example_cells())
    one, again = (single_cells.clustered(cells, seed=3).obs["cluster"].tolist() for _ in range(2))
    assert one == again


# ---- lists ----


def test_every_list_is_shown_once_and_no_gene_twice_in_one():
    table = cell_markers.marker_table()
    known = cell_markers.cell_markers()
    assert len(table) == sum(map(len, known.values())) and not table[["list", "kind"]].duplicated().any()
    for genes in table["genes"].str.split(", "):
        assert len(set(genes)) == len(genes)
    assert {entry["of"] for entry in known["states"].values()} <= set(known["types"])


def test_tissue_lists_hold_no_gene_of_immune_cells_or_adenocarcinoma():
    known = cell_markers.cell_markers()
    tissue = {gene for entry in known["tissues"].values() for gene in entry["genes"]}
    assert not tissue & {gene for genes in known["types"].values() for gene in genes}
    assert not tissue & {"SFTPB", "NAPSA", "SLC34A2", "NKX2-1"}


def test_shares_of_tissue_are_percent_of_transcripts():
    genes = cell_markers.cell_markers()["tissues"]["hepatocyte"]["genes"]
    lung = cell_markers.cell_markers()["tissues"]["pneumocyte"]["genes"]
    tpm = pd.DataFrame(0.0, ["S"], [*genes, *lung, "REST"])
    tpm.loc["S", [genes[0], lung[0], "REST"]] = [2e5, 1e4, 7.9e5]
    assert cell_markers.tissue_shares(tpm).loc["S"].to_dict() == {"hepatocyte": 20.0, "pneumocyte": 1.0}
    with pytest.raises(MissingData, match="0 of 9 genes of pneumocyte"):
        cell_markers.tissue_shares(tpm.drop(columns=lung))
