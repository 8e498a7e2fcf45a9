"""Exact tests against R's binom.test, the tables that two paired shares allow, and opposite changes. Under a second."""

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import UserError
from lcnec_utils.stats import discordant
from lcnec_utils.stats.paired import paired_difference
from tests import golden

GOLDEN = golden.read("discordant")


def test_the_exact_binomial_test_and_its_limits_are_rs():
    assert len(GOLDEN["exact"]) == 60
    for k, n, chance, level, *expected in GOLDEN["exact"]:
        found = discordant.exact_binomial(int(k), int(n), chance=chance, level=level)
        golden.same(found, expected, relative=1e-9, absolute=1e-12)


def test_every_table_of_the_printed_margins_has_the_p_of_r():
    """11 and 17, 35 and 45 of 52: p from .031 to .34 and from .002 to .064, as the issue states."""
    rows = np.array(GOLDEN["mcnemar"])
    for margins, ends in (((17, 11), (0.03125, 0.34492844)), ((45, 35), (0.001953125, 0.06391466))):
        expected = rows[(rows[:, 0] == margins[0]) & (rows[:, 1] == margins[1])]
        tables = discordant.tables_with_margins(*margins, 52)
        assert tables[["only_one", "only_other"]].to_numpy().tolist() == expected[:, 2:4].astype(int).tolist()
        golden.same(tables["p"], list(expected[:, 4]), relative=1e-9)
        assert (tables["p"].iloc[0], tables["p"].iloc[-1]) == pytest.approx(ends, abs=1e-7)
        assert (tables[["both", "only_one", "only_other", "neither"]].sum(axis=1) == 52).all()
        assert (tables["both"] + tables["only_one"] == margins[0]).all()
        assert (tables["both"] + tables["only_other"] == margins[1]).all()
        assert tables["neither"].min() >= 0 and np.ptp(tables["difference"]) == 0


def test_the_tables_hold_each_paired_sample_with_those_margins():
    rng = np.random.default_rng(7)
    for _ in range(20):
        n = int(rng.integers(4, 30))
        one, other = (pd.Series(rng.random(n) < rng.random()) for _ in range(2))
        tables = discordant.tables_with_margins(int(one.sum()), int(other.sum()), n)
        own = tables[tables["both"] == int((one & other).sum())]
        found = paired_difference(one, other)
        assert own[["difference", "lower", "upper", "p"]].to_numpy()[0].tolist() == pytest.approx(
            [found.value, found.lower, found.upper, found.p]
        )


def test_fifteen_of_seventeen_exceed_one_half():
    finding = discordant.excess_over_half(15, 17)
    assert finding.p == pytest.approx(0.00235, abs=5e-6) and finding.lower > 0 and finding.scale == "difference"
    assert discordant.excess_over_half(0, 0).value is None


def test_opposite_changes_by_sign_and_from_a_size_on():
    one = pd.Series([0.3, -0.3, 0.3, -0.3, 0.0, 0.1, np.nan])
    other = pd.Series([-0.3, 0.3, 0.3, -0.3, -0.5, -0.1, 0.2])
    words = ["one up, other down", "one down, other up", "both up", "both down", "neither"]
    assert discordant.opposite_changes(one, other).to_list()[:6] == [*words, "one up, other down"]
    assert discordant.opposite_changes(one, other, threshold=0.2).to_list()[:6] == [*words, "neither"]
    assert discordant.opposite_changes(one, other, threshold=0.3).to_list()[:2] == words[:2], "from that size on"
    assert discordant.opposite_changes(one, other).isna().to_list() == [False] * 6 + [True]
    sweep = discordant.opposite_sweep(one, other, [0, 0.2, 0.31])
    assert sweep[["n", "opposite", "one_up", "one_down"]].values.tolist() == [[6, 3, 2, 1], [6, 2, 1, 1], [6, 0, 0, 0]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: discordant.exact_binomial(6, 5), "6 of 5: counts are whole numbers"),
        (lambda: discordant.exact_binomial(1, 5, chance=1.0), "chance is 1.0; give a number between 0 and 1"),
        (lambda: discordant.tables_with_margins(3, 9, 8), "9 of 8"),
        (lambda: discordant.opposite_changes(pd.Series([1.0]), pd.Series([1.0]), threshold=-0.1), "threshold is -0.1"),
    ],
)
def test_counts_and_thresholds_that_cannot_be_are_refused(call, message):
    with pytest.raises(UserError, match=message):
        call()
