"""The twin of the study on liver metastases, judged without its generator: RECIST reckoned once more here.

Printed numbers were read off the abstract a second time. About 8 s.
"""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lcnec_utils.cohort.read import check_study
from lcnec_utils.ledger import claims
from lcnec_utils.stats import response
from lcnec_utils.twins import build, liver
from lcnec_utils.twins.studies import write
from lcnec_utils.twins.targets import laws

SEEDS = (1, 2, 3, 4)
N = 52
RESPONDED = {"liver": 11, "lung": 17}  # 21.1% and 32.7%
CONTROLLED = {"liver": 35, "lung": 45}  # 67.3% and 86.5%
MIXED, LIVER_UP = 17, 15


@pytest.fixture(scope="module")
def cohorts(tmp_path_factory):
    """The written and read twin of each seed."""
    folder = tmp_path_factory.mktemp("liver")
    read = {}
    for seed in SEEDS:
        path = write(folder / f"seed_{seed}", liver.liver(seed), build.TITLES["twin_liver"], "test")
        cohort, problems = check_study(path)
        assert not problems
        read[seed] = cohort
    return read


def reckoned(rows: pd.DataFrame) -> tuple[str, float]:
    """Best response and best change of one organ's lesions, by a loop of its own: targets with flags, at most two of an
    organ, as the twin draws them; stable disease from day 42 on."""
    before = rows[rows["day"] <= 0].set_index("lesion")
    targets = before[before["kind"] == "target"]
    nodal = targets["axis"] == "short"
    base = nadir = targets["diameter_mm"].sum()
    best, lowest, was_complete = "NE", np.inf, False
    rank = ["CR", "PR", "SD", "PD", "NE"]
    for day, scan in rows[rows["day"] > 0].groupby("day"):
        scan = scan.set_index("lesion")
        sizes = scan["diameter_mm"].where(scan["evaluable"]).reindex(targets.index)
        others = scan.loc[scan["kind"] == "non-target", "state"]
        total, complete = sizes.sum(), sizes.notna().all()
        gone = complete and bool(((sizes <= 0) | (nodal & (sizes < 10))).all())
        grown = total >= 1.2 * nadir - 1e-9 and total - nadir >= 5 and not gone
        back = was_complete and (bool(((sizes > 0) & ~nodal).any()) or (others == "present").any())
        if grown or (others == "progressed").any() or (scan["kind"] == "new").any() or back:
            word = "PD"
        elif gone:
            word = "CR" if (others == "absent").all() else "PR"
        elif not complete:
            word = "NE"
        else:
            word = "PR" if total <= 0.7 * base + 1e-9 else "SD"
        if complete:
            lowest, nadir = min(lowest, total / base - 1), min(nadir, total)
        was_complete |= word == "CR"
        said = "NE" if word == "SD" and day < 42 else word
        best = min(best, said, key=rank.index)
        if word == "PD":
            break
    return best, lowest


@pytest.fixture(scope="module")
def found(cohorts):
    """Of each seed: best responses and best changes by patient and organ, by that loop."""
    tables = {}
    for seed, cohort in cohorts.items():
        rows = {(name, organ): reckoned(own) for (name, organ), own in cohort.lesions.groupby(["patient", "organ"])
                if organ in ("liver", "lung")}  # fmt: skip
        table = pd.DataFrame(rows, index=["best", "change"]).T
        tables[seed] = table["best"].unstack(), table["change"].astype(float).unstack()
    return tables


@pytest.mark.parametrize("seed", SEEDS)
def test_response_and_control_of_each_organ_are_the_printed_numbers(found, seed):
    best, _ = found[seed]
    assert len(best) == N and best.notna().all(axis=None), "every patient has both organs"
    for organ in ("liver", "lung"):
        assert best[organ].isin(["CR", "PR"]).sum() == RESPONDED[organ]
        assert best[organ].isin(["CR", "PR", "SD"]).sum() == CONTROLLED[organ]


@pytest.mark.parametrize("seed", SEEDS)
def test_seventeen_change_in_opposite_directions_fifteen_with_the_liver_up(found, seed):
    _, change = found[seed]
    up = ((change["liver"] > 0) & (change["lung"] < 0)).sum()
    down = ((change["liver"] < 0) & (change["lung"] > 0)).sum()
    assert (up + down, up) == (MIXED, LIVER_UP)
    assert stats.binomtest(15, 17).pvalue == pytest.approx(0.00235, abs=5e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_rules_of_recist_find_what_the_loop_finds(cohorts, found, seed):
    best = response.best_responses(response.assess(cohorts[seed].lesions)).set_index(["patient", "organ"])
    ours = best["best"].unstack()[["liver", "lung"]]
    pd.testing.assert_frame_equal(ours, found[seed][0][["liver", "lung"]], check_names=False)
    change = best["best_change"].unstack()[["liver", "lung"]]
    np.testing.assert_allclose(change, found[seed][1][["liver", "lung"]])


def test_no_tumour_has_more_targets_than_recist_takes(cohorts):
    for cohort in cohorts.values():
        targets = cohort.lesions[(cohort.lesions["kind"] == "target") & (cohort.lesions["day"] <= 0)]
        assert targets.groupby("patient").size().max() <= 5
        assert targets.groupby(["patient", "organ"]).size().max() <= 2
        assert (targets["diameter_mm"] >= targets["axis"].map({"long": 10, "short": 15})).all()


def test_what_is_not_printed_varies_with_the_seed_and_the_same_seed_gives_the_same(cohorts):
    again = liver.liver(1).timelines["lesions"]
    assert again.equals(liver.liver(1).timelines["lesions"])
    sums = {seed: cohort.lesions["diameter_mm"].sum() for seed, cohort in cohorts.items()}
    assert len(set(sums.values())) == len(SEEDS)
    overall = {
        seed: response.best_responses(response.assess(cohort.lesions))
        .query("organ == 'all organs'")["best"]
        .value_counts()
        for seed, cohort in cohorts.items()
    }
    assert len({tuple(counts.sort_index()) for counts in overall.values()}) > 1


def test_patients_live_at_least_as_long_as_they_are_treated_and_scanned(cohorts):
    for cohort in cohorts.values():
        treatment, survival = cohort.survival("TOT"), cohort.survival("OS")
        assert len(treatment) == N == len(survival)
        assert (survival["months"] >= treatment["months"] - 0.01).all()
        last = cohort.lesions.groupby("patient")["day"].max() / 30.4375
        assert (treatment["months"] >= last.reindex(treatment.index) - 0.01).all()
        assert set(cohort.samples["ONCOTREE_CODE"]) == {"LUAD", "LUSC"}


def test_every_claim_on_response_is_calibrated_and_what_nobody_printed_is_assumed(cohorts):
    cohort = cohorts[1]
    panels = ("lm_waterfall", "lm_swimmer", "lm_orr_dcr", "lm_mixed")
    own = [id for id, claim in claims.published().items() if claim.panel in panels]
    assert len(own) == 12 and {cohort.origin(id) for id in own} == {"calibrated"}
    others = [id for id in claims.published() if id not in own]
    assert {cohort.origin(id) for id in others} == {"emergent"}, "it answers none of them"
    table = pd.read_csv(cohort.folder / "targets.csv", keep_default_na=False)
    assumed = table.loc[table["origin"] == "assumed", "knob"]
    assert set(assumed) == {f"liver.{name}" for name in laws()["assumed"]["liver"]}
    assert cohort.stands_for_source and "simulated" in cohort.label
