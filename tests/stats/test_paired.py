"""Two measurements of one patient against R's binom.test; what is refused."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import UserError
from lcnec_utils.stats import paired

GOLDEN = json.loads((Path(__file__).parent.parent / "reference" / "classifier.json").read_text())


def pair(more: int, less: int, both: int, neither: int, missing: int = 0) -> tuple[pd.Series, pd.Series]:
    one = [True] * more + [False] * less + [True] * both + [False] * neither
    other = [False] * more + [True] * less + [True] * both + [False] * neither
    index = [f"P{i}" for i in range(len(one) + missing)]
    return pd.Series(one + [True] * missing, index), pd.Series(other, index[: len(other)])


def test_p_and_limits_of_pairs_that_differ_are_rs_binom_test():
    golden = GOLDEN["pairs"]
    assert len(golden["p"]) == 90
    rng = np.random.default_rng(1)
    for i, (more, less) in enumerate(zip(golden["more"], golden["less"], strict=True)):
        both, neither, missing = rng.integers(0, 6, 3)
        one, other = pair(int(more), int(less), int(both), int(neither), int(missing))
        found = paired.paired_difference(one, other.sample(frac=1, random_state=3))
        n = int(more + less + both + neither)
        apart = more + less
        assert found.n == n and found.value == pytest.approx((more - less) / n)
        assert found.p == pytest.approx(golden["p"][i], rel=1e-9) and found.scale == "difference"
        for name in ("lower", "upper", "lower_90", "upper_90"):
            # of the pairs that differ R's share goes one way, the rest the other
            limit = (golden[name][i] - (1 - golden[name][i])) * apart / n
            assert getattr(found, name) == pytest.approx(limit, abs=1e-9), (more, less, name)


def test_where_no_pair_differs_there_is_no_test():
    found = paired.paired_difference(*pair(0, 0, 3, 4))
    assert found.value is None and found.p is None and found.n == 7 and found.note == "no pair differs"
    assert paired.paired_difference(*pair(0, 0, 0, 0)).value is None


def test_measurements_that_are_no_booleans_or_stand_twice_are_refused():
    one, other = pair(2, 1, 1, 1)
    with pytest.raises(UserError, match="column 'other', row P0: 'SCLC-like' is neither True nor False"):
        paired.paired_difference(one, other.astype(object).replace({False: "SCLC-like"}))
    with pytest.raises(UserError, match="column 'one', row P1: the row label stands twice"):
        paired.paired_difference(one.rename({"P0": "P1"}), other)
