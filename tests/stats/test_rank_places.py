"""How often a quantity is first: against a second implementation, and planted cases. About 2 s."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.stats.rank_places import association_places, lead, rank_sum_z


def people(n: int = 40, seed: int = 1, effect: float = 2.0) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(seed)
    hit = pd.Series(np.arange(n) % 4 > 0, [f"P{i}" for i in range(n)])
    values = pd.DataFrame(rng.normal(size=(n, 4)), hit.index, ["A", "B", "C", "D"])
    values["A"] += effect * hit
    return values, hit


@pytest.mark.parametrize("tied", [False, True])
def test_z_is_that_of_the_rank_sum_test_without_continuity_correction(tied):
    values, hit = people()
    values = values.round(0) if tied else values
    z = rank_sum_z(values.to_numpy(), hit.to_numpy())
    for place, name in enumerate(values):
        test = stats.mannwhitneyu(
            values.loc[hit, name], values.loc[~hit, name], method="asymptotic", use_continuity=False
        )
        assert 2 * stats.norm.sf(abs(z[place])) == pytest.approx(test.pvalue, rel=1e-9)
        assert np.sign(z[place]) == np.sign(test.statistic - hit.sum() * (~hit).sum() / 2)


def test_a_planted_quantity_is_first_in_nearly_every_resample_and_leads():
    values, hit = people()
    table, draws = association_places(values, hit, resamples=300, seed=2)
    rows = table.set_index("what")
    assert rows.at["A", "place"] == 1 and rows.at["A", "first"] > 0.95
    assert table["first"].sum() == pytest.approx(1)
    assert all(lead(table, draws, "A", other).lower > 0 for other in "BCD")
    assert lead(table, draws, "B", "A").upper < 0
    assert table.attrs["smallest"] == 10


def test_without_any_effect_no_quantity_is_sure_of_its_place():
    values, hit = people(effect=0.0)
    table, draws = association_places(values, hit, resamples=300, seed=2)
    assert (table["first"] < 0.8).all() and (table["place_upper"] - table["place_lower"] >= 2).all()
    finding = lead(table, draws, "A", "B")
    assert finding.lower < 0 and finding.lower <= finding.lower_90 <= finding.upper_90 <= finding.upper


def test_a_lead_is_centred_at_0_without_effect_and_keeps_its_sign():
    """Over 200 sets of patients without effect as many leads are above 0 as below; turned round, it is below."""
    leads = []
    for seed in range(200):
        values, hit = people(seed=seed, effect=0.0)
        leads.append(lead(*association_places(values, hit, resamples=1, seed=1), "A", "B").value)
    assert stats.binomtest(sum(value > 0 for value in leads), len(leads)).pvalue > 0.01
    assert abs(np.mean(leads)) < 4 * np.std(leads) / np.sqrt(len(leads))
    values, hit = people()
    opposed = values.assign(A=-values["A"])
    one, other = (lead(*association_places(each, hit, resamples=200, seed=1), "A", "B") for each in (values, opposed))
    assert one.lower > 0 > other.upper, "as strong, but lower in those with the outcome: no lead"
    with pytest.raises(UserError, match="no quantity 'E'"):
        lead(*association_places(values, hit, resamples=2, seed=1), "A", "E")


def test_equals_share_the_first_place_and_what_does_not_vary_has_none():
    values, hit = people()
    values = pd.DataFrame({"A": values["A"], "copy": values["A"], "still": 1.0})
    table, _ = association_places(values, hit, resamples=50, seed=3)
    assert table["first"].tolist() == [0.5, 0.5, 0.0]
    assert table["z"].iloc[2] == 0


def test_the_same_seed_gives_the_same_draws_and_another_does_not():
    values, hit = people()
    draws = [association_places(values, hit, resamples=20, seed=seed)[1] for seed in (1, 1, 2)]
    assert draws[0].equals(draws[1]) and not draws[0].equals(draws[2])


def test_who_lacks_a_value_is_left_out_and_one_patient_of_a_kind_is_too_few():
    values, hit = people()
    values.iloc[0, 1] = np.nan
    assert association_places(values, hit, resamples=5, seed=1)[0]["n"].tolist() == [39] * 4
    alone = pd.Series([True] + [False] * 39, hit.index)
    with pytest.raises(MissingData, match="1 have the outcome"):
        association_places(values.fillna(0), alone, resamples=5, seed=1)
    with pytest.raises(UserError, match="resamples is 0"):
        association_places(values.fillna(0), hit, resamples=0, seed=1)
