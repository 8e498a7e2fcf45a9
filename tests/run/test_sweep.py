"""Sweeps: what is refused, which variations run, a killed sweep resumed, and the gathered tables read a second time.

The sweep that is run for real is of one light notebook (03) on the twin: seven kernels in all, about 50 s of CPU.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
import yaml

from lcnec_utils import cli
from lcnec_utils.core import params, paths
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.ledger import verdicts
from lcnec_utils.run import ledger, records, sweep, sweep_files, sweep_tables, verification

CLAIM = "lcnec.fig1a.os_by_regimen"
LCNEC = [sys.executable, "-m", "lcnec_utils.cli"]


@pytest.fixture
def base(tmp_path, monkeypatch) -> Path:
    """A params file on the twin of cohort 1 alone, with output in a folder of its own."""
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    file = tmp_path / "tiny.yaml"
    file.write_text('run: tiny\ncohort: twin_cohort_1\ncohort_2: ""\n')
    return file


# --- what is asked for


@pytest.mark.parametrize(
    "word, values",
    [
        ("tmb_high_per_mb=5:25:1", [float(x) for x in range(5, 26)]),
        ("yap1_cut=0.1:0.7:0.1", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]),  # and no 0.30000000000000004
        ("seed=1:20", list(range(1, 21))),
        ("min_group=2,5,10", [2, 5, 10]),
        ("tf_linkage=ward,average", ["ward", "average"]),
        ("response_rules=RECIST 1.1", ["RECIST 1.1"]),
    ],
)
def test_values_are_ranges_with_both_ends_or_lists_typed_as_the_parameter(word, values):
    [read] = sweep.read_values([word]).values()
    assert read == values and [type(value) for value in read] == [type(value) for value in values]


@pytest.mark.parametrize(
    "words, told",
    [
        (["tmb_hihg_per_mb=5:25"], "no such parameter (did you mean 'tmb_high_per_mb'?)"),
        (["tmb_high_per_mb=5:25:3"], "steps of 3 from 5 end at 23, not at 25"),
        (["tmb_high_per_mb=25:5"], "5 lies below 25"),
        (["tmb_high_per_mb=5:25:0"], "the step 0 must be above 0"),
        (["tmb_high_per_mb=0:3"], "tmb_high_per_mb: 0.0 is refused: input should be greater than 0"),
        (["tmb_high_per_mb=many"], "'many' is no number"),
        (["tmb_high_per_mb=1:inf"], "'inf' is no finite number"),
        (["seed=1.5"], "1.5 must be a whole number"),
        (["seed=1,2,1"], "1 is given twice"),
        (["seed=1", "seed=2"], "is given twice; keep one"),
        (["seed="], "write KEY=FROM:TO:STEP"),
        (["drivers=KRAS,EGFR"], "is a list"),
        (["runs=twin"], "is a list"),
        (["run=a,b"], "names runs"),
        (["cluster_linkage=wart"], "give one of ward, average, complete"),
    ],
)
def test_what_no_parameter_can_be_is_refused_in_one_line_before_anything_runs(base, words, told, capsys):
    status = cli.main(["batch", str(base), *(part for word in words for part in ("--sweep", word))])
    said = capsys.readouterr().err
    assert status == 2 and told in said and said.count("\n") == 1
    assert not sweep.folder_of("x").parent.exists()


def test_files_that_bring_others_together_and_bad_names_are_refused(base):
    with pytest.raises(UserError, match="brings other runs or sweeps together"):
        sweep.define(["seed=1:2"], [paths.PARAMS / "replication.yaml"])
    with pytest.raises(UserError, match="must be letters, digits"):
        sweep.define(["seed=1:2"], [base], name="../up")
    with pytest.raises(UserError, match="is a sweep of params/sweeps"):
        sweep.define(["seed=1:2"], [base], name=sweep.shipped()[0])
    with pytest.raises(UserError, match="no sweep 'twin_seed' in params/sweeps.*did you mean 'twin_seeds'"):
        sweep.define(["twin_seed"], [])
    with pytest.raises(UserError, match="give no others"):
        sweep.define(["twin_seeds"], [base])


def test_the_same_question_has_the_same_folder_and_another_question_another(base):
    asked = [("5:7", None), ("5,6,7", None), ("5:8", None), ("5:7", ["03"])]
    names = [sweep.define([f"min_group={values}"], [base], notebooks).name for values, notebooks in asked]
    assert names[0] == names[1] and len(set(names)) == 3


# --- variations


def test_only_notebooks_that_use_a_swept_key_and_answer_claims_run(base):
    run = params.read_run(base)

    def chosen(*words, notebooks=None):
        return sweep.notebooks_for(sweep.define(list(words), [base], notebooks), run)

    taken = {name: records.declared_parameters(records.notebook_path(name)) for name in chosen("tmb_high_per_mb=5:6")}
    assert taken and all("tmb_high_per_mb" in declared for declared in taken.values())
    assert "14_claims" not in chosen("seed=1:2") and "02_outcomes" in chosen("seed=1:2"), "a twin is drawn by the seed"
    assert chosen("tmb_high_per_mb=5:6", notebooks=["03"]) == ["03_adverse_events"]


def test_a_seed_reseeds_every_twin_that_a_chosen_notebook_reads_and_no_other_cohort(base):
    base.write_text("run: tiny\ncohort: twin_cohort_1\ncohort_2: twin_cohort_2@9\nicb: nsclc_pd1_msk_2018\n")
    asked = sweep.define(["seed=1:3", "min_group=5,6"], [base], ["02"])
    found = {tuple(each.point.values()): each.parameters for each in sweep.variations(asked)}
    assert list(found) == [(1, 5), (1, 6), (2, 5), (2, 6), (3, 5), (3, 6)]
    assert [found[seed, 5]["cohort"] for seed in (1, 2, 3)] == ["twin_cohort_1", "twin_cohort_1@2", "twin_cohort_1@3"]
    assert found[3, 6]["cohort_2"] == "twin_cohort_2@9" and found[3, 6]["icb"] == "nsclc_pd1_msk_2018"
    assert found[3, 6]["liver"] == "" and found[3, 6]["seed"] == 3 and found[3, 6]["min_group"] == 6


def test_the_params_file_of_a_variation_is_read_as_the_run_that_it_was_written_from(base):
    asked = sweep.define(["mixed_percent=0:1:0.5", "response_rules=RECIST 1.1,iRECIST"], [base], ["11"])
    found = sweep.variations(asked)
    files = sweep.write_params(found, base.parent / "params")
    assert len({file.name for file in files}) == 6
    for file, variation in zip(files, found, strict=True):
        assert params.read_run(file).model_dump() == variation.parameters
    before = [file.stat().st_mtime_ns for file in files]
    sweep.write_params(found, base.parent / "params")
    assert [file.stat().st_mtime_ns for file in files] == before, "what is as it must be is not written again"


def test_where_no_notebook_of_the_runs_is_left_the_sweep_is_refused(base):
    with pytest.raises(UserError, match="no notebook of 15_replication that answers claims takes seed in these runs"):
        sweep.variations(sweep.define(["seed=1:2"], [base], ["15"]))


# --- gathering


def planted(folder: Path, answers: dict[str, list[tuple[str, str, dict]]]) -> list[sweep.Variation]:
    """Records of variations `cut` = 5, 6, …: by claim the verdict, origin and finding in each."""
    count = len(next(iter(answers.values())))
    found = []
    for place in range(count):
        run = f"one-cut_{5 + place}"
        findings = {id: {"body": "a", "origin": rows[place][1], "verdict": rows[place][0], "findings": [rows[place][2]],
                         "fewest": {"patients": 9 - place, "by": "status", "exact": place == 0}}
                    for id, rows in answers.items()}  # fmt: skip
        path = folder / "build" / run / "13_icb_resistance.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"findings": findings}))
        found.append(sweep.Variation(run, "one", {"cut": 5 + place}, {}, ["13_icb_resistance"]))
    return found


def test_gathered_tables_are_sorted_and_say_where_a_claim_turns(tmp_path):
    ratio = {"value": 1.4, "lower": 1.1, "upper": 1.8, "n": 100, "events": 60, "scale": "ratio"}
    found = planted(tmp_path, {
        "b.claim": [("compatible", "real", ratio)] * 2 + [("inconclusive", "real", ratio | {"lower": 0.9})] * 2,
        "a.claim": [("equal", "real", {"value": 12.0})] * 4,
        "c.claim": [("not computable", "real", {"note": "nobody"})] * 4,
    })  # fmt: skip
    table = sweep_tables.findings(found[::-1], tmp_path)
    assert list(table["claim"]) == ["a.claim"] * 4 + ["b.claim"] * 4 + ["c.claim"] * 4
    assert list(table["cut"][:4]) == [8, 7, 6, 5], "in the order of the variations"
    answers = sweep_tables.robust_or_fragile(sweep_tables.findings(found, tmp_path), ["cut"]).set_index("claim")
    assert list(answers.index) == ["a.claim", "b.claim"], "what no variation answers is neither robust nor fragile"
    assert answers.loc["b.claim", ["robustness", "turns_at", "verdicts", "over_cut"]].tolist() == [
        "fragile", "cut = 7", "compatible 50%, inconclusive 50%", "fragile"]  # fmt: skip
    assert answers.loc["a.claim", ["robustness", "fewest_patients", "fewest_exact"]].tolist() == ["robust", 6, False]


def test_a_sweep_that_was_not_run_says_which_command_runs_it(base):
    with pytest.raises(MissingData, match=r"sweep mine has no tables; `lcnec batch --sweep … --name mine` runs one"):
        sweep_tables.read("mine")
    assert sweep_files.names([]) == sweep_files.names(["all"]) == sweep.shipped()
    assert sweep_files.digests(["mine"]) == {} and len(sweep_tables.left_out(["mine"])) == 1


# --- a real one, killed and resumed


def command(base: Path, out: Path, *more) -> tuple[list[str], dict]:
    words = [*LCNEC, "batch", str(base), "--sweep", "min_group=5,90,130", "-n", "03", "--name", "real", *more]
    return words, {**os.environ, "LCNEC_OUTPUT_DIR": str(out)}


def wait_for(there, process, seconds=240):
    end = time.monotonic() + seconds
    while not (found := there()):
        assert process.poll() is None and time.monotonic() < end, "the sweep ended before it could be killed"
        time.sleep(0.05)
    return found


def workers(process) -> list[psutil.Process]:
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        try:
            words = child.cmdline()
        except psutil.Error:
            continue
        if "execute" in words and "lcnec_utils.cli" in words and words[0] == sys.executable:
            found.append(child)
    return found


@pytest.fixture(scope="module")
def killed_and_not(tmp_path_factory):
    """The tables of one sweep run undisturbed, and of one of which a worker and then the command were killed."""
    folder = tmp_path_factory.mktemp("sweeps")
    base = folder / "tiny.yaml"
    base.write_text('run: tiny\ncohort: twin_cohort_1\ncohort_2: ""\n')
    words, env = command(base, folder / "whole")
    whole = subprocess.run(words, env=env, capture_output=True, text=True, timeout=600)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    words, env = command(base, folder / "killed", "--cores", "1")
    process = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_for(lambda: workers(process), process)[0].send_signal(signal.SIGKILL)
    records_of = (folder / "killed" / "build" / "sweeps" / "real" / "build").glob
    wait_for(lambda: list(records_of("tiny-*/03_*.json")), process)
    process.kill()
    process.communicate()
    tables = folder / "killed" / "build" / "sweeps" / "real"
    assert not (tables / "robustness.csv").exists(), "no table before every variation has its results"
    again = subprocess.run(words, env=env, capture_output=True, text=True, timeout=600)
    assert again.returncode == 0, again.stdout + again.stderr
    return folder / "whole" / "build" / "sweeps" / "real", tables, again.stdout


def test_a_killed_sweep_resumes_and_gives_the_bytes_of_an_undisturbed_one(killed_and_not):
    whole, killed, said = killed_and_not
    for name in ("findings.csv", "robustness.csv"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
    assert "[2/2]" in said and "[3/3]" not in said, "what had ended was not run again"


def test_the_gathered_table_holds_every_answer_of_every_record_and_no_other(killed_and_not):
    whole, _, _ = killed_and_not
    table = pd.read_csv(whole / "findings.csv").set_index(["min_group", "claim"])
    seen = {}
    for path in (whole / "build").glob("tiny-*/03_*.json"):
        point = yaml.safe_load((whole / "params" / f"{path.parent.name}.yaml").read_text())["min_group"]
        for id, answer in json.loads(path.read_text())["findings"].items():
            seen[point, id] = answer
    assert set(seen) == set(table.index) and {point for point, _ in seen} == {5, 90, 130}
    for key, answer in seen.items():
        row = table.loc[key]
        least = answer.get("fewest", {}).get("patients")
        assert (pd.isna(row["fewest_patients"]) and least is None) or row["fewest_patients"] == least
        assert (row["verdict"], row["body"], row["origin"]) == (answer["verdict"], answer["body"], answer["origin"])
        if len(answer["findings"]) == 1:
            for name in ("value", "lower", "upper", "n"):
                there = answer["findings"][0].get(name)
                assert (pd.isna(row[name]) and there is None) or row[name] == pytest.approx(there, rel=1e-7)
    assert table["fewest_patients"].notna().any(), "the page says of shares how few patients turn them"
    by_hand = {id: {seen[point, id]["verdict"] for point in (5, 90, 130)} & set(verdicts.ANSWERS) for _, id in seen}
    holds = {"equal": "holds", "compatible": "holds"}
    words = {id: len({holds.get(word, word) for word in said}) for id, said in by_hand.items() if said}
    answers = pd.read_csv(whole / "robustness.csv").set_index("claim")["robustness"].to_dict()
    assert answers == {id: "robust" if n == 1 else "fragile" for id, n in words.items()}


def test_a_sweep_writes_nothing_to_figures_and_draws_no_picture(killed_and_not):
    whole, _, _ = killed_and_not
    assert not (whole.parent.parent.parent / "figures").exists()
    made = {path.suffix for path in (whole / "figures").rglob("*") if path.is_file()}
    assert made == {".csv", ".json"}


# --- what is shipped


def test_the_shipped_sweeps_are_tracked_as_their_definitions_say():
    for name in sweep.shipped():
        asked = sweep.read_definition(name)
        gathered = sweep_tables.read(name)
        assert gathered.keys == list(asked.values)
        assert set(gathered.robustness["run"]) == {params.read_run(file).run for file in asked.files}
        most = 1
        for values in asked.values.values():
            most *= len(values)
        assert gathered.robustness["variations"].max() == most
        for file in (f"{name}.csv", f"{name}.variations.csv"):
            about = json.loads((paths.ROOT / "figures" / "robustness" / file).read_text().split("\n")[0][2:])
            assert about["parameters"] == sweep_tables.definition_digest(name), "the definition has changed since"
            assert about["simulated"] == (not set(gathered.robustness["origin"]) <= sweep_tables.OF_REAL)


def test_a_tracked_table_is_stale_where_its_definition_is_another_today(tmp_path, monkeypatch):
    table = paths.ROOT / "figures" / "robustness" / "twin_seeds.csv"
    assert verification.judge(table).state == "tracked"
    copy = tmp_path / "params"
    shutil.copytree(paths.PARAMS, copy, ignore=shutil.ignore_patterns("published"))
    monkeypatch.setattr(paths, "PARAMS", copy)
    file = copy / "sweeps" / "twin_seeds.yaml"
    file.write_text(file.read_text().replace("1:10", "1:11"))
    judged = verification.judge(table)
    assert judged.state == "stale" and judged.command == "lcnec batch --sweep twin_seeds"
    spoilt = tmp_path / table.name
    spoilt.write_text(table.read_text().replace("equal", "contradicted", 1))
    assert verification.judge(spoilt).state == "altered"


def test_the_variations_of_a_shipped_sweep_say_what_its_answers_say():
    for name in sweep.shipped():
        gathered = sweep_tables.read(name)
        fragile = gathered.robustness[gathered.robustness["robustness"] == "fragile"].set_index(
            ["run", "claim", "body"]
        )
        assert set(fragile.index) == set(gathered.findings.set_index(["run", "claim", "body"]).index)
        answered = gathered.findings[gathered.findings["verdict"].isin(verdicts.ANSWERS)]
        assert answered.groupby(["run", "claim", "body"]).size().to_dict() == fragile["variations"].to_dict()


def test_the_ledgers_column_says_what_the_sweep_says(monkeypatch):
    answers = pd.DataFrame([{"run": "twin", "claim": CLAIM, "body": "twin", "robustness": "fragile",
                             "verdicts": "compatible 90%, inconclusive 10%", "turns_at": "seed = 4"}])  # fmt: skip
    gathered = sweep_tables.Gathered("x", ["seed"], pd.DataFrame(), answers)
    monkeypatch.setattr(sweep_tables, "read_all", lambda asked: [gathered])
    run = params.RunParameters()
    fewest = {"patients": 2, "by": "status", "into": "holds", "exact": False, "looked": 40}
    answer = {"role": "cohort", "body": "twin", "origin": "planted", "verdict": "inconclusive", "reason": ""}
    answer |= {"findings": [], "fewest": fewest}
    monkeypatch.setattr(ledger, "findings", lambda name: {(CLAIM, "twin"): answer})
    table = ledger.table(run).set_index("claim")
    row = table.loc[CLAIM]
    assert row["robustness"] == "seed: fragile (compatible 90%, inconclusive 10%; turns at seed = 4)"
    assert row["fewest"] == "≤ 2 patients (another status): holds"
    assert (table.drop(index=CLAIM)[["robustness", "fewest"]] == "").all(axis=None)
    shown = ledger.answers_table(table.reset_index(), ["inconclusive"])
    assert shown.loc[CLAIM, ["robust", "turned by"]].tolist() == [
        row["robustness"],
        row["fewest"],
    ]
