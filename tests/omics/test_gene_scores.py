"""Scores of gene sets by scanpy: what they measure, what they need, what is left out. About 4 s, scanpy's import."""

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.omics.gene_scores import gene_set_scores

SET = [f"G{i}" for i in range(10)]


def tumours(genes: int = 900, samples: int = 30) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    values = rng.uniform(1, 10, genes) + rng.standard_normal((samples, genes)) * 0.5
    return pd.DataFrame(values, [f"S{i}" for i in range(samples)], [f"G{i}" for i in range(genes)])


def test_genes_of_a_set_that_are_raised_by_one_raise_its_score_by_one():
    log2 = tumours()
    raised = log2.copy()
    raised.loc[["S3", "S4"], SET] += 1.0
    # a third set that shares no gene does not move, unless it is drawn as a control
    before, after = (gene_set_scores(table, sets={"ten": SET})["ten"] for table in (log2, raised))
    assert (after - before)[["S3", "S4"]].to_numpy() == pytest.approx([1.0, 1.0], abs=0.1)
    assert (after - before).drop(["S3", "S4"]).abs().max() < 0.1


def test_a_sample_with_all_genes_higher_has_the_same_score():
    """Sequenced deeper, or on another batch: the background moves with the set."""
    log2 = tumours()
    shifted = log2.copy()
    shifted.loc["S0"] += 2.0
    before, after = (gene_set_scores(table, sets={"ten": SET})["ten"] for table in (log2, shifted))
    assert after["S0"] == pytest.approx(before["S0"], abs=0.1)
    naive = shifted[SET].mean(axis=1) - log2[SET].mean(axis=1)
    assert naive["S0"] == pytest.approx(2.0), "the plain mean does not"


def test_scores_are_the_same_again_whatever_else_is_scored():
    log2, other = tumours(), [f"G{i}" for i in range(40, 60)]
    alone = gene_set_scores(log2, sets={"ten": SET})["ten"]
    beside = gene_set_scores(log2, sets={"other": other, "ten": SET, "one": ["G5"]})
    pd.testing.assert_series_equal(alone, beside["ten"])
    assert list(beside) == ["other", "ten", "one"] and (beside["one"] == log2["G5"]).all()


def test_a_set_measured_in_part_says_so_and_is_left_out_where_too_little_is_left():
    log2 = tumours().assign(still=5.0)
    part = {"half": [*SET[:3], "X1", "X2", "X3"], "third": [*SET[:3], *(f"X{i}" for i in range(6))],
            "large": [*(f"G{i}" for i in range(15)), *(f"X{i}" for i in range(85))], "none": ["X1"],
            "still": ["still"]}  # fmt: skip
    scores = gene_set_scores(log2, sets=part)
    assert list(scores) == ["half", "large"]
    assert scores.attrs["coverage"]["third"] == (3, 9) and scores.attrs["coverage"]["large"] == (15, 100)
    assert scores.attrs["left_out"]["third"] == "3 of its 9 genes were measured"
    assert scores.attrs["left_out"]["still"] == "none of its genes varies"


def test_a_panel_of_few_genes_is_no_background_and_single_genes_need_none():
    log2 = tumours(genes=200)
    with pytest.raises(
        MissingData, match="200 genes were measured, and a score over genes of like expression needs 500"
    ):
        gene_set_scores(log2, sets={"ten": SET})
    assert gene_set_scores(log2, sets={"one": ["G5"]})["one"].equals(log2["G5"].rename("one"))


def test_what_is_no_table_of_expression_is_refused():
    log2 = tumours(samples=3)
    with pytest.raises(UserError, match="gene set 'empty' names no gene"):
        gene_set_scores(log2, sets={"empty": []})
    with pytest.raises(UserError, match="gene G1 stands in two columns"):
        gene_set_scores(pd.concat([log2, log2[["G1"]]], axis=1), sets={"ten": SET})
    with pytest.raises(UserError, match="gene G2, tumour S1"):
        gene_set_scores(log2.mask((log2.index == "S1")[:, None] & (log2.columns == "G2")), sets={"ten": SET})
