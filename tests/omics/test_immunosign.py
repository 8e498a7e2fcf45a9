"""The composite score against an example worked out by hand; the stand-in's list. Under 1 s."""

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.omics import immunosign


def test_the_stand_in_has_21_genes_of_the_five_families_that_the_source_lists():
    table = immunosign.gene_table()
    assert len(table) == immunosign.SIZE == 21 and table["gene"].is_unique and table["family"].nunique() == 5


def test_the_composite_is_the_mean_of_z_scores_worked_out_by_hand():
    """CD8A 2, 4, 6 (mean 4, sd 2): z −1, 0, 1. CXCL9 1, 1, 4 (mean 2, sd √3): z −1/√3, −1/√3, 2/√3. GUSB is still."""
    log2 = pd.DataFrame({"CD8A": [2.0, 4, 6], "CXCL9": [1.0, 1, 4], "GUSB": [0.1] * 3}, index=["A", "B", "C"])
    score = immunosign.immunosign(log2, genes=["CD8A", "CXCL9"])
    third = 1 / np.sqrt(3)
    np.testing.assert_allclose(score, [(-1 - third) / 2, -third / 2, (1 + 2 * third) / 2], rtol=1e-12)
    with_still = immunosign.immunosign(log2, genes=["CD8A", "CXCL9", "GUSB"])
    np.testing.assert_allclose(with_still, 2 / 3 * score, rtol=1e-12)


def test_the_score_does_not_depend_on_a_genes_level_or_scale():
    rng = np.random.default_rng(2)
    log2 = pd.DataFrame(rng.normal(8, 1, (12, 21)), columns=immunosign.stand_in_genes())
    moved = log2 * rng.uniform(0.5, 2, 21) + rng.normal(0, 3, 21)
    np.testing.assert_allclose(immunosign.immunosign(moved), immunosign.immunosign(log2), rtol=1e-9)
    assert abs(immunosign.immunosign(log2).mean()) < 1e-12


def test_a_panel_without_some_of_the_genes_is_refused_and_they_are_named_and_counted():
    log2 = pd.DataFrame(np.eye(21), columns=immunosign.stand_in_genes())
    with pytest.raises(
        MissingData, match=r"2 of 21 genes of the stand-in of Immunosign are not on the panel \(GZMA and"
    ):
        immunosign.immunosign(log2.drop(columns=["GZMA", "IRF1"]))
    with pytest.raises(MissingData, match=r"1 of 2 genes of the list of Immunosign are not on the panel \(FGL1\)"):
        immunosign.immunosign(log2, genes=["CD8A", "FGL1"])
    with pytest.raises(UserError, match="names CD8A twice"):
        immunosign.immunosign(log2, genes=["CD8A", "CD8A"])
    with pytest.raises(UserError, match="CD8A"):
        immunosign.immunosign(log2.assign(CD8A=np.nan), genes=["CD8A"])
    with pytest.raises(MissingData, match="needs two or more, and there is 1"):
        immunosign.immunosign(log2.iloc[:1])
