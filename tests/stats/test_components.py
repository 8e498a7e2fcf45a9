"""Principal components against an eigendecomposition, and their shift between two kinds of samples. Under 1 s."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.stats.components import component_shifts


def drawn(n: int = 30, genes: int = 50, seed: int = 2) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(seed)
    log2 = pd.DataFrame(rng.normal(8, 1, (n, genes)) + rng.normal(0, 1, (n, 1)), [f"S{i}" for i in range(n)])
    return log2.rename(columns=lambda place: f"G{place}"), pd.Series(np.arange(n) % 2 == 0, log2.index)


def test_components_are_the_eigenvectors_of_the_covariance():
    log2, marked = drawn()
    found = component_shifts(log2, marked, what="kinds")
    centred = (log2 - log2.mean()).to_numpy()
    values, vectors = np.linalg.eigh(np.cov(centred.T))
    for place, name in enumerate("xy"):
        mine, theirs = found.places[name].to_numpy(), centred @ vectors[:, -1 - place]
        assert abs(np.corrcoef(mine, theirs)[0, 1]) == pytest.approx(1, abs=1e-9)
        assert np.var(mine, ddof=1) == pytest.approx(values[-1 - place])
        assert found.explained[place] == pytest.approx(values[-1 - place] / values.sum())


def test_a_shift_of_every_gene_by_one_is_a_fold_change_of_two():
    log2, marked = drawn(genes=400)
    rng = np.random.default_rng(1)
    still = pd.DataFrame(rng.normal(0, 0.01, log2.shape), log2.index, log2.columns).add(marked.astype(float), axis=0)
    shift = component_shifts(still, marked, what="kinds").shifts[0]
    assert shift.value == pytest.approx(2, rel=0.01) and shift.scale == "ratio"
    assert component_shifts(still, ~marked, what="kinds").shifts[0].value == pytest.approx(0.5, rel=0.01)


def test_limits_and_p_are_welchs():
    log2, marked = drawn()
    found = component_shifts(log2, marked, what="kinds")
    one, other = (found.places.loc[marked == side, "x"] / np.sqrt(50) for side in (True, False))
    test = stats.ttest_ind(one, other, equal_var=False)
    interval = test.confidence_interval(0.9)
    shift = found.shifts[0]
    assert shift.p == pytest.approx(test.pvalue)
    assert [shift.lower_90, shift.upper_90] == pytest.approx([2**interval.low, 2**interval.high])


def test_samples_of_no_kind_take_part_in_the_components_alone_and_too_few_have_no_shift():
    log2, marked = drawn()
    open_kind = marked.astype("boolean").mask(np.arange(30) >= 20)
    found = component_shifts(log2, open_kind, what="kinds")
    assert len(found.places) == 30 and found.shifts[0].n == 20
    few = component_shifts(log2, pd.Series([True] + [False] * 29, log2.index), what="kinds", min_group=5)
    assert few.shifts[0].value is None and few.shifts[0].note
    with pytest.raises(MissingData, match="need three samples, and there are 2"):
        component_shifts(log2.iloc[:2], marked, what="kinds")
    with pytest.raises(UserError, match="G3"):
        component_shifts(log2.assign(G3=np.nan), marked, what="kinds")
