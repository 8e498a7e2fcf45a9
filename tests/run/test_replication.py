"""Replication: each patient counted once, real cohorts summarised with each other alone, and what no cohort answers."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core.errors import UserError
from lcnec_utils.ledger import claims, sample_size, verdicts
from lcnec_utils.run import replication

EFFECT = next(id for id, claim in claims.published().items() if claim.kind == "direction" and claim.scope == "general")
SHARE = "lcnec.fig2b.subtype.sclc_like"  # 136 of 373


def cohort(name: str, patients, *, group: str = "", simulated: bool = False) -> Cohort:
    table = pd.DataFrame(index=pd.Index(list(patients), name="PATIENT_ID"))
    study = {"simulated": simulated} | ({"overlap_group": group} if group else {})
    return Cohort(name, table, pd.DataFrame(), study=study)


def answers(*rows: dict) -> pd.DataFrame:
    """A table of answers; each row names at least its body."""
    standard = {
        "claim": EFFECT, "run": "r", "origin": "real", "verdict": "compatible", "value": 1.5, "lower": 1.1,
        "upper": 2.0, "scale": "ratio", "n": 100, "events": 50, "comparisons": 1, "caveats": "", "reason": "",
    }  # fmt: skip
    return pd.DataFrame([{**standard, "label": row["body"], **row} for row in rows], columns=replication.COLUMNS)


def sums(table: pd.DataFrame, shared: pd.DataFrame) -> set[str]:
    return set(table.loc[replication.counted(table, shared), "body"])


# --- one patient once


def test_of_cohorts_that_share_a_patient_the_largest_alone_counts():
    known = {
        "a": cohort("a", ["P1", "P2"]), "b": cohort("b", ["P2", "P3", "P4"]), "c": cohort("c", ["P9"]),
        "twin": cohort("twin", ["P1"], simulated=True),
    }  # fmt: skip
    shared = replication.shared_patients(known)
    assert shared[["one", "other", "patients"]].to_numpy().tolist() == [["a", "b", 1]]
    table = answers({"body": "a", "n": 20}, {"body": "b", "n": 30}, {"body": "c", "n": 5})
    assert sums(table, shared) == {"b", "c"}
    # where the larger one does not answer, the smaller counts
    assert sums(table[table["body"] != "b"], shared) == {"a", "c"}


def test_a_declared_group_shares_patients_whom_no_identifier_shows():
    known = {
        "a": cohort("a", ["1"], group="MSK"), "b": cohort("b", ["2"], group="MSK"), "c": cohort("c", ["3"], group="x"),
        "d": cohort("d", ["4"]), "e": cohort("e", ["5"]),
    }  # fmt: skip
    shared = replication.shared_patients(known)
    assert shared[["one", "other"]].to_numpy().tolist() == [["a", "b"]] and shared["patients"].isna().all()
    table = answers(*({"body": name, "n": n} for name, n in zip("abcde", (9, 8, 7, 6, 5), strict=True)))
    assert sums(table, shared) == {"a", "c", "d", "e"}


def test_no_two_that_count_share_a_patient_whatever_the_cohorts():
    """Sixty random sets of cohorts: those that count are disjoint, and each left out meets one that counts."""
    rng = np.random.default_rng(1)
    for _ in range(60):
        known = {
            f"c{i}": cohort(f"c{i}", {f"P{p}" for p in rng.integers(0, 60, rng.integers(1, 12))}) for i in range(7)
        }
        shared = replication.shared_patients(known)
        table = answers(*({"body": name, "n": len(each.patients)} for name, each in known.items()))
        chosen = sums(table, shared)
        members = {name: set(known[name].patients.index) for name in known}
        assert chosen and all(not members[a] & members[b] for a, b in itertools.combinations(chosen, 2))
        assert all(any(members[name] & members[other] for other in chosen) for name in set(known) - chosen)


def test_simulated_and_circular_answers_never_count():
    table = answers({"body": "a"}, {"body": "twin", "origin": "calibrated"}, {"body": "b", "origin": "circular"})
    nobody = replication.shared_patients({})
    counts = replication.counted(table, nobody)
    assert set(table.loc[counts, "body"]) == {"a"}
    status = replication.statuses(table, counts).loc[EFFECT]
    assert (status["real"], status["independent"], status["twin"]) == (2, 1, "compatible")


# --- the rule


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ([], "not testable"), (["inconclusive"] * 3, "inconclusive"), (["compatible"], "replicated"),
        (["equal", "inconclusive"], "replicated"), (["contradicted", "inconclusive"], "contradicted"),
        (["contradicted", "compatible"], "divided"), (["contradicted", "equal", "inconclusive"], "divided"),
    ],
)  # fmt: skip
def test_the_status_of_a_claim_over_several_bodies(words, status):
    for order in itertools.permutations(words):
        assert verdicts.status(list(order)) == status


def test_every_claim_has_one_status_and_the_sources_add_up():
    table = answers({"body": "a"}, {"body": "a", "claim": SHARE, "verdict": "contradicted", "caveats": "variants: So."})
    status = replication.statuses(table, replication.counted(table, replication.shared_patients({})))
    assert list(status.index) == list(claims.published())
    assert (status.loc[EFFECT, "status"], status.loc[SHARE, "status"]) == ("replicated", "contradicted")
    assert status.loc[SHARE, "otherwise"] == 1
    by_source = replication.by_source(status)
    assert by_source.to_numpy().sum() == len(claims.published())


def test_chance_replicates_an_effect_in_a_fortieth_of_each_cohort():
    table = answers(*({"body": name} for name in "abcd"), {"body": "e", "comparisons": 2})
    chance = replication.by_chance(table, replication.counted(table, replication.shared_patients({})))
    assert chance["replicated"] == pytest.approx(1 - 0.975**4 * (1 - 0.025**2))
    assert 0 < chance["contradicted"] <= 1 - 0.95**5


# --- forests


def test_a_summary_takes_three_cohorts_that_count_and_neither_print_nor_twin():
    estimates = {"a": 1.2, "b": 1.6, "c": 2.0, "d": 9.0}
    rows = [{"body": name, "value": v, "lower": v / 1.5, "upper": v * 1.5} for name, v in estimates.items()]
    table = answers(*rows, {"body": "twin", "origin": "planted", "value": 50.0, "lower": 40.0, "upper": 60.0})
    shared = pd.DataFrame([{"one": "c", "other": "d", "patients": 1, "why": "the same identifiers"}])
    counts = replication.counted(table, shared)  # c and d share a patient: the first of two equally large counts
    forest = replication.forest_table(EFFECT, table, counts)
    assert list(forest["kind"]) == ["print", *["cohort"] * 4, "summary", "simulated"]
    summary = forest[forest["kind"] == "summary"].iloc[0]
    # three equally precise estimates: their geometric mean
    assert summary["estimate"] == pytest.approx((1.2 * 1.6 * 2.0) ** (1 / 3))
    assert "not counted" in forest.set_index("label").loc["d", "caveats"]
    fewer = replication.forest_table(EFFECT, table[table["body"].isin(["a", "b", "twin"])], counts)
    assert "summary" not in set(fewer["kind"])


def test_the_print_stands_with_its_own_uncertainty():
    """136 of 373 by Wilson: 31.7% to 41.5%."""
    row = {"claim": SHARE, "value": 24.4, "lower": 16.4, "upper": 34.7, "scale": "difference", "n": 82, "events": 20}
    table = answers({"body": "a", **row}, {"body": "b", **row})
    counts = replication.counted(table, replication.shared_patients({}))
    printed = replication.forest_table(SHARE, table, counts).iloc[0]
    assert (printed["lower"], printed["upper"]) == pytest.approx((31.74, 41.47), abs=0.01)
    assert printed["estimate"] == 36.5 and printed["n"] == 373
    assert replication.forest_claims(table, counts) == [SHARE]


def test_a_run_that_nobody_wrote_is_refused_with_the_nearest_name():
    with pytest.raises(UserError, match=r"run 'msk_mett' has no params/msk_mett\.yaml.*msk_met"):
        replication.run_files(["msk_mett"])


# --- what no cohort answers


def test_what_is_not_answered_names_whom_and_what_it_takes():
    status = replication.statuses(answers({"body": "a", "claim": SHARE}), pd.Series([True]))
    rest = replication.unanswered(status, "lcnec")
    assert SHARE not in rest.index and (rest["who"] != "").all()
    assert rest.loc["lcnec.fig1c.hr.chemotherapy_vs_chemoimmunotherapy", "size"].startswith("246 events")
    own = [id for id, claim in claims.published().items() if claim.scope == "own"]
    assert not set(own) & set(rest.index)


def test_sizes_have_the_power_that_they_promise():
    """By simulation: 246 events show a hazard ratio of 1.43 in 80% of studies, and likewise the other sizes."""
    rng = np.random.default_rng(2)
    events = sample_size.events_for_ratio(1.43)
    estimates = rng.normal(math.log(1.43), 2 / math.sqrt(events), 40_000)
    assert (estimates * math.sqrt(events) / 2 > 1.959964).mean() == pytest.approx(0.8, abs=0.01)
    alike = sample_size.events_for_ratio(1.5, alike=True)
    estimates = rng.normal(0, 2 / math.sqrt(alike), 40_000)
    assert (abs(estimates) + 1.644854 * 2 / math.sqrt(alike) < math.log(1.5)).mean() == pytest.approx(0.8, abs=0.01)
    n = sample_size.patients_for_shares(49 / 134, 20 / 84)
    one, other = rng.binomial(n, 49 / 134, 40_000) / n, rng.binomial(n, 20 / 84, 40_000) / n
    mean = (one + other) / 2
    z = (one - other) / np.sqrt(2 * mean * (1 - mean) / n)
    assert (abs(z) > 1.959964).mean() == pytest.approx(0.8, abs=0.012)


@pytest.mark.parametrize("refused", [lambda: sample_size.events_for_ratio(1), lambda: sample_size.events_for_ratio(-2),
                                     lambda: sample_size.patients_for_shares(0.3, 0.3),
                                     lambda: sample_size.patients_for_share(0.3, 0)])  # fmt: skip
def test_no_size_shows_nothing(refused):
    with pytest.raises(ValueError, match=r"cannot|holds no"):
        refused()
