"""Genes and gene sets of paired organs: normal tissue alone, effects planted, claims' findings. About 9 s."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core.errors import MissingData
from lcnec_utils.ledger import claims
from lcnec_utils.stats import enrichment
from lcnec_utils.stats.differential import moderated_paired_t
from lcnec_utils.studies.liver import paired_expression as study
from lcnec_utils.twins import liver_pairs
from lcnec_utils.twins.targets import stream
from lcnec_utils.twins.transcriptome import symbols

PAIRS = 27
IMMUNE = ["CD8A", "CD8B", "LCK", "ICOS", "CD3D", "CD3E", "CD2", "GZMA", "GZMB", "PRF1", "NKG7", "CCL5", "KLRD1", "GNLY",
          "CD27", "ZAP70", "CXCR3", "LAG3", "PDCD1", "EOMES"]  # fmt: skip
LOWER = {"t_cell": -1.3, "cd8": -1.3, "nk": -1.2}


def cohort(tpm: np.ndarray, genes: list[str], pairs: int = PAIRS, together: int = 6) -> Cohort:
    """A cohort of pairs, lung and liver in turn, the first ones taken together."""
    patients = [f"P{i:02d}" for i in range(pairs)]
    names = [f"{patient}-{organ}" for patient in patients for organ in ("L", "H")]
    months = [0.0 if side == 0 or i < together else 9.0 for i in range(pairs) for side in (0, 1)]
    samples = pd.DataFrame(
        {"PATIENT_ID": np.repeat(patients, 2), "ORGAN": ["lung", "liver"] * pairs, "BIOPSY_MONTHS": months},
        pd.Index(names, name="SAMPLE_ID"),
    )
    data = AnnData(tpm.astype("f4"), pd.DataFrame(index=names), pd.DataFrame(index=genes), uns={"scale": "TPM"})
    return Cohort("made up", pd.DataFrame(index=pd.Index(patients, name="PATIENT_ID")), samples, matrix=data)


def simulated(seed: int, effects: dict[str, float], *, tissue: bool) -> Cohort:
    return cohort(liver_pairs.expression(stream(seed, "test"), PAIRS, effects=effects, tissue=tissue)[0], symbols())


@pytest.fixture(scope="module", params=[1, 2, 4])
def tissue_alone(request) -> study.OrganGenes:
    """Pairs of tumours that do not differ, with normal liver in the one sample and normal lung in the other.

    Of seeds 1 to 20 between 4 and 17 of the 20 immune genes differ without the covariates (median 9), and with them
    none, but for one gene each in two seeds: what a false discovery rate of 5% lets through.
    """
    return study.organ_genes(simulated(request.param, {}, tissue=True))


def significant(genes: study.OrganGenes, analysis: str) -> int:
    return int((genes.tables[analysis].reindex(IMMUNE)["p_adjusted"] < 0.05).sum())


def test_normal_tissue_alone_makes_immune_genes_differ_and_the_covariate_takes_it_away(tissue_alone):
    assert significant(tissue_alone, study.ALL) >= 4
    assert significant(tissue_alone, study.ADJUSTED) == 0
    named = study.named_genes(tissue_alone, named=["CD8A", "LCK"]).set_index("analysis")
    assert (named.loc[study.ALL, "difference"] < 0).all(), "towards what the source reports"


def test_leaving_out_the_listed_tissue_genes_does_not_take_it_away(tissue_alone):
    """The sensitivity without them repairs the scale of a million alone: the lymphocytes of the lung stay."""
    assert significant(tissue_alone, study.WITHOUT) >= 4
    assert not {"ALB", "SFTPC"} & set(tissue_alone.tables[study.WITHOUT].index)


def test_a_planted_difference_survives_the_covariate_and_nothing_planted_gives_nothing():
    planted = study.organ_genes(simulated(4, LOWER, tissue=True))
    assert significant(planted, study.ADJUSTED) >= 2
    findings = study.gene_findings(planted)
    assert findings["cd8a"][1].upper < 1 and findings["cd8a"][0].scale == "ratio"
    neither = study.organ_genes(simulated(4, {}, tissue=False))
    assert significant(neither, study.ALL) == significant(neither, study.ADJUSTED) == 0


def test_tables_are_the_moderated_test_of_the_pairs_it_names(tissue_alone):
    genes = tissue_alone
    liver, lung = genes.sides[study.TOGETHER]
    assert len(liver) == 6 and list(liver.index) == list(lung.index) == [f"P{i:02d}" for i in range(6)]
    again = moderated_paired_t(liver, lung)
    pd.testing.assert_series_equal(genes.tables[study.TOGETHER]["t"], again["t"])
    assert (genes.covariates["hepatocyte"] > 0).mean() > 0.8 and (genes.covariates["pneumocyte"] < 0).mean() > 0.5
    assert (genes.tables[study.ALL]["pairs"] == PAIRS).all()


def test_findings_answer_every_printed_claim_on_genes_and_sets(tissue_alone):
    printed = {id.removeprefix("liver.lm_de.") for id in claims.published() if id.startswith("liver.lm_de.")}
    assert set(study.gene_findings(tissue_alone)) == printed
    printed = {
        id.removeprefix("liver.lm_pathways.") for id in claims.published() if id.startswith("liver.lm_pathways.")
    }
    assert set(study.SETS) == printed


def some_sets() -> dict[str, list[str]]:
    """Gene sets under the names of KEGG's: immune genes, and two of genes at random."""
    rng = np.random.default_rng(5)
    first, second, third = study.SETS.values()
    others = [gene for gene in symbols() if gene.startswith(("A", "Z"))]
    return {first: IMMUNE, second: list(rng.choice(others, 200)), third: list(rng.choice(others, 200)),
            "OTHER": list(rng.choice(others, 200))}  # fmt: skip


def test_sets_are_scored_in_the_order_of_the_lung_over_the_liver():
    genes = study.organ_genes(simulated(5, LOWER, tissue=True))
    sets = study.organ_sets(genes, some_sets(), permutations=1000, resamples=20, seed=1)
    first = study.SETS["antigen_processing"]
    row = sets.scores.set_index(["set", "analysis"]).loc[(first, study.ALL)]
    assert row["nes"] > 1.5 and row["nes_lower"] > 0 and row["nes_lower"] <= row["nes"] <= row["nes_upper"]
    expected = enrichment.running_sum(-genes.tables[study.ALL]["t"], IMMUNE)
    pd.testing.assert_frame_equal(sets.curves[first], expected, check_names=False)
    limits = sets.scores.set_index("analysis")["nes_lower"]
    assert limits[[study.WITHOUT, study.TOGETHER]].isna().all() and limits[[study.ALL, study.ADJUSTED]].notna().all()
    assert sets.tested == 4 and set(sets.fdr) == set(some_sets())
    findings = study.set_findings(sets)["antigen_processing"]
    assert [finding.n for finding in findings] == [PAIRS, PAIRS] and findings[0].lower == row["nes_lower"]


def test_sets_that_are_not_there_are_named():
    genes = study.organ_genes(simulated(5, {}, tissue=False))
    with pytest.raises(MissingData, match="do not hold KEGG_ANTIGEN"):
        study.organ_sets(genes, {"OTHER": IMMUNE}, permutations=1000, resamples=20, seed=1)


def test_too_few_pairs_or_none_together_are_said():
    tpm, _ = liver_pairs.expression(stream(1, "few"), 4, effects={})
    genes = study.organ_genes(cohort(tpm, symbols(), pairs=4, together=0))
    assert genes.absent == {study.TOGETHER: "0 pairs taken together"}
    row = study.named_genes(genes, named=["CD8A"]).set_index("analysis").loc[study.TOGETHER]
    assert np.isnan(row["difference"]) and row["note"] == "0 pairs taken together"
    tpm, _ = liver_pairs.expression(stream(1, "few"), 2, effects={})
    with pytest.raises(MissingData, match="2 pairs with expression; 3 are needed"):
        study.organ_genes(cohort(tpm, symbols(), pairs=2, together=0))
