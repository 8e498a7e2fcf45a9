"""Replication: each patient counted once, the rule of a status, what chance gives, and what no cohort answers.

Nothing is executed: runs are planted as records. Costs about six seconds, of which four are simulation.
"""

import io
import itertools
import math
import shutil

import numpy as np
import pandas as pd
import pytest

from lcnec_utils import cli
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.core.findings import Finding
from lcnec_utils.ledger import claims, sample_size, verdicts
from lcnec_utils.run import records, replication, runs, summaries
from tests.run.planted_runs import PlantedRuns, names

EFFECT = next(id for id, claim in claims.published().items() if claim.kind == "direction" and claim.scope == "general")
SHARE = "lcnec.fig2b.subtype.sclc_like"  # 136 of 373
BURDEN = "icb.rv_text_effects.os.tmb_high"  # a direction: a high burden goes with longer survival
LONGER = Finding(1.6, 1.2, 2.1, n=200, events=120, scale="ratio")


def cohort(name: str, patients, *, group: str = "", simulated: bool = False) -> Cohort:
    table = pd.DataFrame(index=pd.Index(list(patients), name="PATIENT_ID"))
    study = {"simulated": simulated} | ({"overlap_group": group} if group else {})
    return Cohort(name, table, pd.DataFrame(), study=study)


def answers(*rows: dict) -> pd.DataFrame:
    """A table of answers; each row names at least its body."""
    standard = {
        "claim": EFFECT, "run": "r", "origin": "real", "verdict": "compatible", "value": 1.5, "lower": 1.1,
        "upper": 2.0, "scale": "ratio", "n": 100, "events": 50, "comparisons": 1, "caveats": "", "own": False,
        "reason": "",
    }  # fmt: skip
    return pd.DataFrame([{**standard, "label": row["body"], **row} for row in rows], columns=replication.COLUMNS)


@pytest.fixture
def planted(tmp_path, monkeypatch) -> PlantedRuns:
    """A place for runs whose records are written and not computed."""
    return PlantedRuns(tmp_path, monkeypatch)


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
    assert status.loc[SHARE, "with a caveat"] == 1 and status.loc[SHARE, "all otherwise"]
    by_source = replication.by_source(status)
    assert by_source.to_numpy().sum() == len(claims.published())


def test_what_holds_in_the_prints_own_patients_is_reproduced_and_never_replicated():
    assert verdicts.status(["compatible"], own=True) == "reproduced"
    assert verdicts.status(["equal", "contradicted"], own=True) == "divided"
    table = answers({"body": "a", "own": True}, {"body": "b", "verdict": "inconclusive"})
    nobody = replication.shared_patients({})
    # where others answer, the print's own patients count nowhere
    assert sums(table, nobody) == {"b"}
    alone = table[table["body"] == "a"]
    status = replication.statuses(alone, replication.counted(alone, nobody)).loc[EFFECT]
    assert (status["status"], status["independent"], status["real"]) == ("reproduced", 0, 1)


@pytest.mark.parametrize(
    ("statement", "study", "own"),
    [
        ("Survival is longer (CheckMate 057, OAK).", {"stands_for": "OAK"}, True),
        ("Survival is longer (CheckMate-057, OAK).", {"overlap_group": "checkmate_057"}, True),
        ("Survival is longer (CheckMate 0571).", {"overlap_group": "checkmate_057"}, False),
        ("Smokers' lungs soak up more.", {"stands_for": "OAK"}, False),
        ("Survival is longer in OAK.", {}, False),
    ],
)
def test_a_cohort_of_a_trial_that_the_print_names_is_the_prints_own(statement, study, own):
    claim = next(claim for claim in claims.published().values() if claim.scope == "general")
    claim = claim.model_copy(update={"statement": statement})
    assert replication.is_own(claim, Cohort("c", pd.DataFrame(), pd.DataFrame(), study=study)) is own
    assert replication.is_own(claim.model_copy(update={"scope": "own"}), Cohort("c", pd.DataFrame(), pd.DataFrame()))


@pytest.mark.parametrize(
    ("source", "study", "own"),
    [
        ("zuma1", {"stands_for": "ZUMA-1"}, True),
        ("zuma1", {"stands_for": "ZUMA-7"}, False),
        ("zuma1", {"overlap_group": "zuma_1"}, False),
        ("lcnec", {"stands_for": "ZUMA-1"}, False),
        ("zuma1", {}, False),
    ],
)
def test_a_source_named_for_a_trial_prints_of_that_trials_patients(source, study, own):
    claim = next(claim for claim in claims.published().values() if claim.scope == "general")
    claim = claim.model_copy(update={"id": f"{source}.panel.claim", "statement": "Two densities rise together."})
    assert replication.is_own(claim, Cohort("c", pd.DataFrame(), pd.DataFrame(), study=study)) is own


def test_chance_replicates_an_effect_as_often_as_draws_without_one_do():
    """Two hundred thousand sets of five cohorts, each with an effect of none: the share that the rule calls replicated,
    and of true claims the share that some cohort contradicts. Without limits there is no summary, and each decides."""
    unlimited = {"lower": None, "upper": None}
    table = answers(*({"body": name, **unlimited} for name in "abcd"), {"body": "e", "comparisons": 2, **unlimited})
    expected = replication.by_chance(table, replication.counted(table, replication.shared_patients({})))
    z = np.random.default_rng(4).normal(size=(200_000, 5))
    second = np.random.default_rng(5).normal(size=200_000)
    holds, fails = z > 1.959964, z < -1.959964
    holds[:, 4] &= second > 1.959964
    drawn = (holds.any(axis=1) & ~fails.any(axis=1)).mean()
    assert expected[replication.BY_CHANCE[0]] == pytest.approx(drawn, abs=0.002)
    assert 0 < expected[replication.BY_CHANCE[1]] <= 1 - 0.95**5


def test_chance_replicates_a_summary_no_more_often_than_is_said():
    """Five cohorts of equal precision that differ more than chance makes them, no effect on the mean, 1,500 times: the
    limits by Hartung and Knapp exclude none in at most 2.5% on either side, and the summary alone decides."""
    rng, replicated, contradicted = np.random.default_rng(6), 0, 0
    for _ in range(1_500):
        logs = rng.normal(0, 0.3, 5) + rng.normal(0, 0.9, 5)
        rows = [{"body": body, "claim": BURDEN, "value": np.exp(log), "lower": np.exp(log - 0.588),
                 "upper": np.exp(log + 0.588), "verdict": "inconclusive"}
                for body, log in zip("abcde", logs, strict=True)]  # fmt: skip
        table = answers(*rows)
        word = summaries.word(claims.published()[BURDEN], table, pd.Series(True, table.index))
        replicated, contradicted = replicated + (word == "compatible"), contradicted + (word == "contradicted")
    error = 3 * np.sqrt(0.025 * 0.975 / 1_500)
    assert 0 < replicated / 1_500 < 0.025 + error and 0 < contradicted / 1_500 < 0.025 + error
    expected = replication.by_chance(table, pd.Series(True, table.index))
    assert expected[replication.BY_CHANCE[0]] == pytest.approx(0.025)


# --- over runs


def test_two_cohorts_that_share_a_patient_count_once_over_runs(planted):
    """By identifier b and c share one of theirs, by declaration d and e any number; a stands alone."""
    cohorts = {
        "a": planted.cohort("a", names("A", 12)),
        "b": planted.cohort("b", names("B", 12)),
        "c": planted.cohort("c", [*names("C", 11), "B-0"]),
        "d": planted.cohort("d", names("D", 12), overlap_group="centre"),
        "e": planted.cohort("e", names("E", 12), overlap_group="centre"),
    }
    for place, (name, folder) in enumerate(cohorts.items()):
        planted.answer(f"run_{name}", folder, {BURDEN: Finding(1.6, 1.2, 2.1, n=200 + place, scale="ratio")})
    evidence = replication.gather(planted.write("together", runs=["all"]))
    assert list(evidence.bodies) == list("abcde") and not evidence.left_out
    assert sorted(evidence.answers.loc[evidence.counts, "body"]) == ["a", "c", "e"]
    assert evidence.statuses.loc[BURDEN, ["real", "independent"]].tolist() == [5, 3]
    assert replication.shared_sentences(evidence) == [
        "b and c share 1 patient.",
        "d and e share patients whom no identifier shows (declared: centre).",
    ]
    assert "a: compatible; b: compatible (not counted)" in replication.per_claim(evidence).at[BURDEN, "bodies"]
    table = replication.bodies_table(evidence)
    assert table["counted"].to_dict() == {"a": 1, "b": 0, "c": 1, "d": 0, "e": 1}
    assert table.loc["d", "shares patients within"] == "centre"


def test_what_is_missing_is_named_and_fails_nothing(planted):
    """A run without records, and a run whose cohort's folder is gone since; the third run's answer stands."""
    gone = planted.cohort("gone", names("G", 12))
    planted.answer("lost", gone, {BURDEN: LONGER})
    planted.answer("here", planted.cohort("here", names("H", 12)), {BURDEN: LONGER})
    planted.write("never", icb=gone)
    shutil.rmtree(gone)
    evidence = replication.gather(planted.write("together", runs=["here", "lost", "never"]))
    assert list(evidence.bodies) == ["here"] and evidence.statuses.loc[BURDEN, "real"] == 1
    lines = "\n".join(evidence.left_out)
    assert "Run never has no results yet" in lines and "The cohort gone, which answered in run lost, is not" in lines
    assert len(evidence.left_out) == 2


def test_runs_are_all_of_params_unless_some_are_named(planted):
    folder = planted.cohort("a", names("A", 12))
    for name in ("one", "two"):
        planted.write(name, icb=folder)
    for wanted in ({"runs": ["all"]}, {"runs": ["two", "one"]}):
        run = planted.write("together", **wanted)
        assert records.runs_read(run) == (["one", "two"] if wanted["runs"] == ["all"] else ["two", "one"])
    with pytest.raises(UserError, match=r"run 'onne' has no params/onne\.yaml .did you mean 'one'") as error:
        records.runs_read(planted.write("together", runs=["onne"]))
    assert "\n" not in str(error.value)


def test_no_run_that_has_answered_is_an_empty_state_that_says_so(planted, capsys):
    planted.write("one", icb=planted.cohort("a", names("A", 12)))
    evidence = replication.gather(planted.write("replication", runs=["all"]))
    assert evidence.answers.empty and set(evidence.statuses["status"]) == {"not testable"}
    with pytest.raises(MissingData, match="no run has answered a claim yet"):
        evidence.required()
    assert replication.status_table(evidence)["not testable"].sum() == len(claims.published())
    assert replication.bodies_table(evidence).empty and not replication.shared_sentences(evidence)
    assert len(replication.per_claim(evidence)) == len(claims.published())
    assert replication.statuses_shown(evidence).empty
    assert cli.main(["claims", "--all"]) == 2
    error = capsys.readouterr().err
    assert "no run has answered a claim yet" in error and len(error.splitlines()) == 1


def test_circular_and_simulated_answers_are_shown_and_counted_nowhere(planted):
    planted.answer("one", planted.cohort("a", names("A", 12)), {BURDEN: LONGER}, origin="circular")
    planted.answer("two", planted.cohort("b", names("B", 12), simulated=True), {BURDEN: LONGER}, origin="planted")
    evidence = replication.gather(planted.write("together", runs=["all"]))
    status = evidence.statuses.loc[BURDEN]
    assert (status["status"], status["real"], status["independent"], status["twin"]) == (
        "not testable", 1, 0, "compatible",
    )  # fmt: skip
    assert not evidence.counts.any()


def test_the_command_prints_counts_what_chance_gives_and_every_answered_claim(planted, capsys):
    planted.answer("one", planted.cohort("a", names("A", 12)), {BURDEN: LONGER})
    short = Finding(0.5, 0.3, 0.8, n=90, events=60, scale="ratio")
    planted.answer("two", planted.cohort("b", names("B", 12)), {BURDEN: short}, caveats=["definition: In blood."])
    planted.write("replication", runs=["all"])
    assert cli.main(["claims", "--all"]) == 0
    shown = capsys.readouterr().out
    assert "by chance alone, had no effect been there, 0.0 would be" in shown
    assert "Contradicted or divided are 1; by chance alone, were every claim true, 0.0 would be" in shown
    assert f"Divided (1):\n  {BURDEN}: a: compatible; b: contradicted" in shown
    for flag, read in (("--csv", pd.read_csv), ("--json", pd.read_json)):
        assert cli.main(["claims", "--all", flag]) == 0
        table = read(io.StringIO(capsys.readouterr().out)).set_index("claim")
        assert list(table.index) == list(claims.published())
        assert table.loc[BURDEN, ["status", "real", "independent", "with a caveat"]].tolist() == ["divided", 2, 2, 1]


# --- the run that reads runs


def test_it_is_run_after_all_that_it_reads_and_no_other_run_executes_its_notebook(planted):
    one, two = (planted.write(name, icb=planted.cohort(name, names(name, 12))) for name in ("one", "two"))
    together = planted.write("together", runs=["all"])
    assert runs.notebooks_of(together) == ["15_replication"] and "15_replication" not in runs.notebooks_of(one)
    files = {name: str(planted.params / f"{name}.yaml") for name in ("one", "together", "two")}
    before = runs.records_before("15_replication", together, files)
    assert before == [(each.run, name) for each in (one, two) for name in runs.notebooks_of(each)]
    # of a batch without them nothing is waited for
    assert runs.records_before("15_replication", together, {"together": files["together"]}) == []


def test_it_is_stale_when_a_record_of_a_run_that_it_reads_changes(planted):
    folder = planted.cohort("a", names("A", 12))
    planted.answer("one", folder, {BURDEN: LONGER})
    run = planted.write("together", runs=["all"])
    before = records.input_digests("15_replication", run)
    assert records.input_digests("15_replication", run) == before and list(before["findings"]) == ["one"]
    path = records.record_path("one", "13_icb_resistance")
    path.write_text(path.read_text().replace("1.6", "1.7"))
    assert records.input_digests("15_replication", run)["findings"] != before["findings"]
    planted.answer("two", folder, {BURDEN: LONGER})
    assert list(records.input_digests("15_replication", run)["findings"]) == ["one", "two"]


# --- what no cohort answers


def test_what_is_not_answered_names_whom_and_what_it_takes():
    status = replication.statuses(answers({"body": "a", "claim": SHARE}), pd.Series([True]))
    rest = replication.unanswered(status, "lcnec")
    assert SHARE not in rest.index and (rest["who"] != "").all()
    assert rest.loc["lcnec.fig1c.hr.chemotherapy_vs_chemoimmunotherapy", "size"].startswith("246 events")
    own = [id for id, claim in claims.published().items() if claim.scope == "own"]
    assert not set(own) & set(rest.index)
    needs = replication.by_need(rest)
    assert needs["claims"].sum() == len(rest) and (needs["with a size"] <= needs["claims"]).all()
    events = needs.loc[("LCNEC patients", "first-line regimen")]
    assert int(events["least"].split()[0]) <= 246 <= int(events["most"].split()[0])


def test_every_source_says_what_its_unanswered_claims_need():
    status = replication.statuses(answers({"body": "a", "claim": SHARE}), pd.Series([True]))
    for source in dict.fromkeys(claim.source for claim in claims.published().values()):
        rest = replication.unanswered(status, source)
        assert len(rest) and {claims.published()[id].source for id in rest.index} == {source}


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
