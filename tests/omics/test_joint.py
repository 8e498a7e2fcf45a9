"""LCNEC and SCLC on one scale, against plain arithmetic over both."""

import functools

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core.errors import MissingData
from lcnec_utils.omics import joint
from lcnec_utils.omics.expression import FACTORS, tf_subtype, z_scores
from tests.omics.two_diseases import GENES, KINDS, cohort_with_expression, levels


@pytest.fixture
def made(tmp_path):
    """A function to a cohort with genotypes by subtype and expression, as two_diseases.cohort_with_expression."""
    return functools.partial(cohort_with_expression, tmp_path)


def test_lcnec_and_sclc_are_standardised_over_all_of_them(made):
    mine, theirs = levels(14, 7), levels(9, 7, seed=2) + 1
    lcnec = made("lcnec", KINDS, mine, GENES)
    # genes in another order, one of their own
    sclc = made("sclc", [None] * 9, np.c_[theirs[:, ::-1], theirs[:, 0]], [*GENES[::-1], "OTHER"], prefix="T")
    found = joint.combine_expression(lcnec, sclc, genes=[*GENES, "NOBODYS"])
    assert found.left_out == 2 and found.scale == "log2(TPM + 1)"
    assert list(found.group.cat.categories) == ["NSCLC-like", "SCLC-like", "Unclassified", "SCLC"]
    assert found.group.value_counts().to_dict() == {"SCLC": 9, "NSCLC-like": 5, "SCLC-like": 4, "Unclassified": 3}
    assert found.group["S0"] == "SCLC-like" and found.group["S11"] == "Unclassified" and found.group["T8"] == "SCLC"
    whole = np.vstack([mine[:12], theirs]).astype(float)
    z = (whole - whole.mean(axis=0)) / whole.std(axis=0)
    np.testing.assert_allclose(z_scores(found.log2)[GENES], z, atol=1e-5)
    # z over both together, not over each: the highest factor
    assert tf_subtype(found.log2).tolist() == [FACTORS[i] for i in z[:, :4].argmax(axis=1)]


def test_without_sclc_lcnec_stands_alone_and_a_cohort_without_expression_is_no_sclc(made):
    lcnec = made("lcnec", KINDS, levels(14, 7), GENES)
    silent = Cohort("silent", pd.DataFrame(), pd.DataFrame(), folder=lcnec.folder.parent)
    for other in (None, silent):
        found = joint.combine_expression(lcnec, other, genes=GENES)
        assert len(found.log2) == 12 and "SCLC" not in found.group.cat.categories
    assert joint.split_sclc_by_factor(found) is found.group
    with pytest.raises(MissingData, match="no expression of INSM1"):
        found.require("DLL3", "INSM1")


def test_what_cannot_be_held_together_is_a_stated_skip(made):
    lcnec = made("lcnec", KINDS, levels(14, 7), GENES)
    counts = made("vst", [None] * 9, levels(9, 7), GENES, prefix="T", scale="variance-stabilised counts")
    with pytest.raises(MissingData, match="cannot be standardised together"):
        joint.combine_expression(lcnec, counts, genes=GENES)
    with pytest.raises(MissingData, match="lcnec and same share samples"):
        joint.combine_expression(lcnec, made("same", [None] * 9, levels(9, 7), GENES), genes=GENES)


def test_sclc_is_parted_by_factor_and_lcnec_is_not(made):
    lcnec = made("lcnec", KINDS, levels(14, 7), GENES)
    sclc = made("sclc", [None] * 9, levels(9, 7, seed=2), GENES, prefix="T")
    tumours = joint.combine_expression(lcnec, sclc, genes=GENES)
    groups, factor = joint.split_sclc_by_factor(tumours), tf_subtype(tumours.log2)
    for one in tumours.log2.index:
        assert groups[one] == (f"SCLC, {factor[one]}" if one.startswith("T") else tumours.group[one])
    assert (groups.value_counts() > 0).all()
