"""The fewest patients who turn an answer: against published indices, every subset of small tables, and lifelines."""

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from scipy.stats import fisher_exact
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from lcnec_utils.core.errors import UserError
from lcnec_utils.core.findings import Finding
from lcnec_utils.stats import fragility
from lcnec_utils.stats.comparison import pairwise_hazard_ratios
from lcnec_utils.stats.fragility import TwoGroups, TwoShares
from lcnec_utils.stats.proportions import difference_of_shares


def excludes_none(findings: list[Finding]) -> str:
    """Whether the first finding's 95% limits exclude no effect."""
    [finding] = findings
    null = 1 if finding.scale == "ratio" else 0
    return "no" if finding.lower is None or finding.lower <= null <= finding.upper else "yes"


# --- the published index


@pytest.mark.parametrize(
    "table, index, p_before, p_after",
    [
        ((1, 100, 9, 100), 1, 0.02, 0.06),  # the small trial of Walsh et al., 2014
        ((6, 40, 15, 40), 1, 0.04060921, 0.07836101),  # the vignette of R's fragilityindex 0.1.0
    ],
)
def test_the_fragility_index_is_the_published_one(table, index, p_before, p_after):
    assert fragility.fragility_index(*table) == index
    k_1, n_1, k_2, n_2 = table
    for more, p in ((0, p_before), (index, p_after)):
        exact = fisher_exact([[k_1 + more, n_1 - k_1 - more], [k_2, n_2 - k_2]]).pvalue
        assert exact == pytest.approx(p, abs=0.005 if p_after == 0.06 else 1e-8)


def test_the_index_does_not_depend_on_the_order_of_groups_and_is_zero_without_significance():
    assert fragility.fragility_index(9, 100, 1, 100) == fragility.fragility_index(1, 100, 9, 100)
    assert fragility.fragility_index(5, 50, 6, 50) == 0
    # Heston's counterexample: the group with fewer events has nobody left without one
    assert fragility.fragility_index(3, 3, 4, 15) is None
    with pytest.raises(UserError, match="6 of 5 patients"):
        fragility.fragility_index(6, 5, 1, 5)


# --- shares: every subset of the patients


def subsets(n: int, most: int):
    return itertools.chain.from_iterable(itertools.combinations(range(n), size) for size in range(1, most + 1))


def brute_force(outcome: list[bool], second: list[bool], decide) -> int | None:
    """The least number of patients whose flip, or removal, turns what `decide` says of the groups' counts."""
    outcome, second = np.array(outcome), np.array(second)

    def counts(outcome, second):
        sides = [outcome[~second], outcome[second]] if second.any() else [outcome]
        return [(int(side.sum()), len(side)) for side in sides]

    now = decide(counts(outcome, second))
    for chosen in subsets(len(outcome), 4):
        flipped = outcome.copy()
        flipped[list(chosen)] ^= True
        left = np.delete(outcome, chosen), np.delete(second, chosen)
        tables = [counts(flipped, second)]
        if len(set(left[1])) == len(set(second)):
            tables.append(counts(*left))
        if any(decide(table) != now for table in tables):
            return len(chosen)
    return None


def newcombe(table) -> str:
    (k_1, n_1), (k_2, n_2) = table
    low, high = confint_proportions_2indep(k_1, n_1, k_2, n_2, method="newcomb", compare="diff")
    return "no" if low <= 0 <= high else "yes"


@pytest.mark.parametrize("counts", [(6, 7, 1, 6), (7, 7, 1, 6), (4, 6, 2, 6), (5, 6, 3, 8), (0, 5, 5, 7), (6, 6, 0, 6)])
def test_two_shares_are_turned_by_as_few_as_every_subset_of_patients_shows(counts):
    k_1, n_1, k_2, n_2 = counts
    outcome = [True] * k_1 + [False] * (n_1 - k_1) + [True] * k_2 + [False] * (n_2 - k_2)
    least = brute_force(outcome, [False] * n_1 + [True] * n_2, newcombe)
    found = fragility.fewest([difference_of_shares(*counts)], excludes_none)
    assert found.patients == least and found.exact and found.by in ("status", "removal")


@pytest.mark.parametrize("k, n, bound", [(9, 12, 0.4), (6, 12, 0.4), (7, 11, 0.5), (11, 11, 0.7)])
def test_one_share_is_turned_by_as_few_as_every_subset_of_patients_shows(k, n, bound):
    def above(table):
        [(k, n)] = table
        return "above" if proportion_confint(k, n, method="wilson")[0] > bound else "not"

    least = brute_force([True] * k + [False] * (n - k), [False] * n, above)
    found = fragility.fewest([fragility.share(k, n)], lambda each: "above" if each[0].lower > 100 * bound else "not")
    assert (found.patients, found.exact) == (least, True)


def test_an_answer_that_no_edit_turns_is_said_to_be_none_found_and_never_proven():
    found = fragility.fewest([difference_of_shares(40, 80, 41, 80)], lambda findings: "always")
    assert found.patients is None and not found.exact and found.looked == fragility.MOST_STATUS


def test_what_has_no_answer_is_no_turn():
    answers = {4: "yes", 3: None}
    found = fragility.fewest([fragility.share(4, 6)], lambda each: answers.get(each[0].events, "no"))
    assert (found.patients, found.into) == (1, "no"), "three events have no answer; five do"


def test_findings_that_do_not_say_what_they_rest_on_have_none():
    assert fragility.fewest([Finding(1.4, 1.1, 1.9, scale="ratio")], excludes_none) is None
    assert fragility.fewest([], excludes_none) is None
    assert fragility.fewest([Finding(None, note="nobody")], excludes_none) is None


# --- hazard ratios


def survival(seed: int, n: int, ratio: float, ties: bool) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    second = np.arange(n) % 2 == 1
    months = rng.exponential(np.where(second, 10 / ratio, 10))
    months = np.ceil(months) if ties else np.round(months + 0.01, 3)
    table = pd.DataFrame({"months": months, "event": rng.random(n) < 0.8, "group": np.where(second, "b", "a")})
    return table.rename(index=lambda place: f"P{place}")


def by_lifelines(table: pd.DataFrame) -> Finding:
    data = pd.DataFrame({"second": table["group"] == "b", "months": table["months"], "event": table["event"]})
    try:
        fitted = CoxPHFitter().fit(data.astype(float), "months", "event").summary.loc["second"]
    except Exception:  # lifelines raises several where a likelihood has no maximum
        return Finding(None)
    if abs(fitted["coef"]) > 7:
        return Finding(None)
    return Finding(fitted["exp(coef)"], fitted["exp(coef) lower 95%"], fitted["exp(coef) upper 95%"], scale="ratio")


@pytest.mark.parametrize("ties", [False, True])
def test_the_refitted_hazard_ratio_is_lifelines(ties):
    table = survival(3, 60, 2.0, ties)
    [finding] = pairwise_hazard_ratios(table, group="group")
    pair = fragility._Pair(finding.rests_on)
    for by, patient in (("", ""), ("status", "P4"), ("removal", "P9"), ("removal", "P10"), ("status", "P17")):
        if by == "status":
            table.loc[patient, "event"] = not table.loc[patient, "event"]
        elif by:
            table = table.drop(patient)
        pair.edit(patient, by) if by else None
        pair.fit()
        mine, other = pair.finding(), by_lifelines(table)
        np.testing.assert_allclose(
            [mine.value, mine.lower, mine.upper], [other.value, other.lower, other.upper], rtol=1e-5
        )
        assert (mine.n, mine.events) == (len(table), table["event"].sum())


@pytest.mark.parametrize("seed, n, ratio", [(2, 16, 5.0), (4, 16, 4.0), (8, 16, 4.0)])
def test_a_hazard_ratio_is_turned_by_no_fewer_than_every_subset_of_two_shows(seed, n, ratio):
    """The greedy number is an upper bound, and of one patient it is exact."""
    table = survival(seed, n, ratio, ties=False)
    [finding] = pairwise_hazard_ratios(table, group="group", min_group=2)

    def decide(findings):
        return None if findings[0].value is None else excludes_none(findings)

    found, now, least = fragility.fewest([finding], decide), excludes_none([by_lifelines(table)]), None
    for chosen in subsets(n, 1 if found.patients == 1 else 2):
        flipped = table.copy()
        flipped.iloc[list(chosen), 1] = ~flipped.iloc[list(chosen), 1]
        words = {decide([by_lifelines(each)]) for each in (flipped, table.drop(table.index[list(chosen)]))}
        if words - {None, now}:
            least = len(chosen)
            break
    assert found.patients is not None
    assert found.patients >= (least or 3)
    assert found.patients > 2 or found.patients == least, "here greedy is as good as every subset"
    assert found.exact == (found.patients == 1) and (found.patients == 1) == (least == 1)


def test_an_edit_of_a_patient_who_stands_in_several_ratios_is_one_of_all_of_them():
    table = survival(4, 90, 2.0, ties=False).assign(group=lambda each: np.resize(["a", "b", "c"], len(each)))
    findings = pairwise_hazard_ratios(table, group="group")
    seen = []

    def decide(each):
        seen.append(tuple(finding.n for finding in each))
        return "turned" if each[0].n is not None and each[0].n < 60 else "as it is"

    found = fragility.fewest(findings, decide)
    assert (found.patients, found.by, found.into) == (1, "removal", "turned")
    assert any(None not in sizes and sum(sizes) == 2 * 90 - 2 for sizes in seen), "who leaves, leaves both pairs"


def test_on_the_scale_of_survival_a_ratio_is_the_reciprocal():
    [finding] = pairwise_hazard_ratios(survival(3, 60, 2.0, ties=False), group="group")
    turned = fragility._Pair(dataclasses.replace(finding.rests_on, survival=True)).finding()
    assert turned.value == pytest.approx(1 / finding.value) and turned.lower == pytest.approx(1 / finding.upper)


def test_groups_without_an_event_have_no_ratio():
    nobody = TwoGroups(np.arange(4), np.array([1.0, 2, 3, 4]), np.array([True, True, False, False]),
                       np.array([False, False, True, True]))  # fmt: skip
    assert fragility._Pair(nobody).finding().value is None


def test_two_shares_are_newcombes_interval():
    found = fragility.difference(TwoShares(9, 30, 4, 33))
    low, high = confint_proportions_2indep(9, 30, 4, 33, method="newcomb", compare="diff")
    assert (found.lower, found.upper) == (pytest.approx(low), pytest.approx(high))
