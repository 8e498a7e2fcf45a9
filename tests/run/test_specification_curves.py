"""Notebook 16: gathered sweeps as it shows them, and its cells on planted tables."""

import json
from pathlib import Path

import matplotlib

matplotlib.use("agg")

import pandas as pd
import pytest
import yaml

from lcnec_utils.core import params, paths, provenance
from lcnec_utils.core.errors import MissingData
from lcnec_utils.ledger import robustness
from lcnec_utils.run import runs, sweep, sweep_tables
from lcnec_utils.run import specification_curves as curves
from tests.run.planted_runs import gone_through

BURDEN, SUBTYPE = "icb.rv_text_effects.os.tmb_high", "icb.rv_text_effects.pfs.tmb_high"


def answers(values: list[float], origin: str = "real") -> list[dict]:
    return [
        {"body": "a", "origin": origin, "verdict": "compatible" if value > 1.3 else "inconclusive",
         "findings": [{"value": value, "lower": value / 1.3, "upper": value * 1.3, "scale": "ratio", "n": 300}]}
        for value in values
    ]  # fmt: skip


def gather(folder: Path, name: str, key: str, by_claim: dict[str, list[dict]], run: str = "oak") -> None:
    """A sweep's tables from planted records, one variation per answer."""
    found = []
    for place in range(len(next(iter(by_claim.values())))):
        variation = sweep.Variation(f"{run}-{place}", run, {key: place + 5}, {}, ["13_icb_resistance"])
        path = folder / "build" / variation.run / "13_icb_resistance.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"findings": {id: rows[place] for id, rows in by_claim.items()}}))
        found.append(variation)
    sweep_tables.write(sweep.Sweep(name, [], {key: []}), found, folder)


@pytest.fixture
def swept(tmp_path, monkeypatch):
    """A run that names two planted sweeps: one of a cut-off in real patients, one of seeds in simulated ones."""
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path))
    monkeypatch.setattr(paths, "PARAMS", tmp_path / "params")
    paths.PARAMS.mkdir()
    root = tmp_path / "build" / "sweeps"
    gather(
        root / "cuts", "cuts", "tmb_high_per_mb", {BURDEN: answers([1.1, 1.2, 1.5]), SUBTYPE: answers([1.4, 1.5, 1.6])}
    )
    seeds = {BURDEN: answers([1.5, 1.1, 1.4], "planted"), SUBTYPE: answers([1.1, 1.4, 1.4], "planted")}
    gather(root / "seeds", "seeds", "seed", seeds, run="twin")
    (paths.PARAMS / "both.yaml").write_text(yaml.safe_dump({"run": "both", "sweeps": ["cuts", "seeds"]}))
    return params.read_run(paths.PARAMS / "both.yaml")


def test_the_notebook_draws_a_curve_of_real_and_one_of_simulated_patients_and_marks_the_latter(swept):
    record = gone_through("16_robustness", swept, "sweeps")
    assert set(record["drawn"]) == {"robust_parameters", "robust_seeds"} and record["simulated"]
    folder = paths.figures("both")
    said = {panel: json.loads((folder / f"{panel}.csv").read_text().split("\n")[0][2:]) for panel in record["drawn"]}
    assert not said["robust_parameters"]["simulated"] and said["robust_seeds"]["simulated"]
    assert said["robust_seeds"]["sweeps"] == ["cuts", "seeds"]
    assert "simulated cohort" in (folder / "robust_seeds.svg").read_text()
    assert "simulated cohort" not in (folder / "robust_parameters.svg").read_text()
    drawn = pd.read_csv(folder / "robust_parameters.csv", comment="#")
    assert drawn["value"].tolist() == [1.1, 1.2, 1.5] and drawn["answer"].tolist() == ["inconclusive"] * 2 + ["holds"]
    table = pd.read_csv(folder / "robustness.csv", comment="#").set_index(["sweep", "claim"])["robustness"]
    assert table.to_dict() == {
        ("cuts", BURDEN): "fragile", ("cuts", SUBTYPE): "robust", ("seeds", BURDEN): "fragile",
        ("seeds", SUBTYPE): "fragile",
    }  # fmt: skip


def test_the_notebook_is_current_until_a_table_changes(swept):
    gone_through("16_robustness", swept, "sweeps")
    assert runs.is_current(swept, "16_robustness") and runs.notebooks_of(swept) == ["16_robustness"]
    assert "16_robustness" not in runs.notebooks_of(params.RunParameters())
    table = sweep.folder_of("cuts") / "findings.csv"
    table.write_text(table.read_text().replace("1.5", "1.6"))
    assert not runs.is_current(swept, "16_robustness")


def test_without_a_sweep_both_panels_are_skipped_with_the_command_that_runs_one(swept):
    (paths.PARAMS / "none.yaml").write_text("run: none\nsweeps: [never_run]\n")
    record = gone_through("16_robustness", params.read_run(paths.PARAMS / "none.yaml"), "sweeps")
    assert not record["drawn"] and len(record["skipped"]) == 2
    assert all("was run; `lcnec batch --sweep NAME` runs one" in why for why in record["skipped"].values())
    assert sweep_tables.left_out(["never_run"]) == [
        "Sweep never_run has no tables; `lcnec batch --sweep … --name never_run` runs one."
    ]


def test_the_claim_drawn_is_the_one_asked_for_or_that_answered_least_alike(swept):
    cuts, seeds = (sweep_tables.read(name) for name in ("cuts", "seeds"))
    assert curves.lead_claim(cuts) == BURDEN and curves.lead_claim(cuts, SUBTYPE) == SUBTYPE
    assert curves.lead_claim(seeds) == BURDEN, "of equals the first in the order of the sources"
    robust = cuts.robustness.assign(robustness=robustness.ROBUST)
    with pytest.raises(MissingData, match="no claim that sweep cuts answers with an estimate is fragile"):
        curves.lead_claim(sweep_tables.Gathered("cuts", cuts.keys, cuts.findings, robust))


def test_the_sentence_counts_the_answers_and_says_where_they_turn(swept):
    said = curves.sentence(sweep_tables.read("cuts"), BURDEN)
    assert "Over 3 variations of tmb high per mb it holds in 1 and it is left open in 2" in said
    assert "the answer turns in oak at tmb_high_per_mb = 7" in said
    assert said.endswith("Of the 2 answers of this sweep 1 are robust and 1 fragile.")
    assert "of seed, in simulated patients, it holds" in curves.sentence(sweep_tables.read("seeds"), BURDEN)


def test_names_runs_and_sweeps_in_one_file_is_refused(swept):
    for line, told in (("runs: [twin]", "stand side by side"), ("cohort: twin_cohort_1", "stands beside sweeps")):
        file = paths.PARAMS / "mixed.yaml"
        file.write_text(f"run: mixed\nsweeps: [cuts]\n{line}\n")
        with pytest.raises(params.ParameterError, match=told):
            params.read_run(file)


def test_the_tracked_robustness_is_that_of_the_tracked_sweeps():
    tracked = pd.read_csv(paths.ROOT / "figures" / "robustness" / "robustness.csv", comment="#", keep_default_na=False)
    for name, rows in tracked.groupby("sweep"):
        table = pd.read_csv(paths.ROOT / "figures" / "robustness" / f"{name}.csv", comment="#", keep_default_na=False)
        for column in ("run", "claim", "robustness", "verdicts", "turns_at"):
            assert rows[column].tolist() == table[column].tolist(), (name, column)
    about = json.loads((paths.ROOT / "figures" / "robustness" / "robustness.csv").read_text().split("\n")[0][2:])
    assert about["sweeps"] == sweep.shipped()
    assert about["csv"] == provenance.of_bytes(
        (paths.ROOT / "figures" / "robustness" / "robustness.csv").read_text().split("\n", 1)[1].encode()
    )
