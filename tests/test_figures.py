"""Figures of the run under test: their numbers against the tracked ones, and their structure."""

import json
import re

import pandas as pd
import pytest

from conftest import FIGURES_AT_START, OF_EXPRESSION, TEST_OUTPUT
from lcnec_utils.core import params, paths, provenance
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.run import records, runs

REPLICATION = paths.ROOT / "figures" / "replication" / "replication.csv"
# run → the fixture that makes its figures
RUNS = {"twin": "default_run", "msk_met": "public_run", "gabriel2020": "expression_run"}
# the ledger has a test of its own; a curve's steps (<panel>.curve.csv) are made, not tracked
TRACKED = [
    path
    for run in RUNS
    for path in sorted((paths.ROOT / "figures" / run).glob("*.csv"))
    if path.name != "claims.csv"
    and path.name.count(".") == 1
    # of the run on expression the tests make some notebooks only
    and (run != "gabriel2020" or path.stem in {id for name in OF_EXPRESSION for id in records.panels_of(name)})
]
PANELS = [
    (run, name, id)
    for run in RUNS
    for name in (
        OF_EXPRESSION if run == "gabriel2020" else runs.notebooks_of(params.read_run(paths.PARAMS / f"{run}.yaml"))
    )
    for id in records.panels_of(name)
]


def made_by(request, run):
    """The folder of a run's figures, made in this session."""
    return request.getfixturevalue(RUNS[run])


@pytest.fixture
def made(public_run):
    return public_run


def numbers(path):
    return pd.read_csv(path, comment="#")


@pytest.mark.parametrize("path", TRACKED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_numbers_are_the_tracked_ones(request, path):
    made = made_by(request, path.parent.name)
    pd.testing.assert_frame_equal(numbers(made / path.name), numbers(path), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("run", "notebook", "panel"), PANELS)
def test_every_declared_panel_is_there_as_svg_png_and_csv_or_skipped_with_its_reason(request, run, notebook, panel):
    made = made_by(request, run)
    record = json.loads((TEST_OUTPUT / "build" / run / f"{notebook}.json").read_text())
    if panel in record["skipped"]:
        # the twins have no companion cohorts yet; the public cohorts lack treatment, harm and pathology review
        reason = record["skipped"][panel]
        lacks = {"twin": ["is of no single trial", "twin_car_t_naive has no overall survival"],
                 "msk_met": ["names no cohort for the role 'cohort_2'", "no first-line regimen", "no adverse events",
                             "no central pathology review", "no backbone of chemotherapy",
                             "names no cohort for the role 'serial'", "no expression",
                             *(f"names no cohort for the role '{role}'"
                               for role in ("validation", "luad", "cell_lines", "pan_cancer", "mixtures", "fields",
                                            "liver", "liver_pairs", "liver_cells", "car_t", "car_t_naive")),
                             "no transcriptome-wide expression", "no PD-L1 by antibody",
                             "is of no single trial", "agreement needs results of two tests",
                             "computed what an arrow of the model rests on"],
                 "gabriel2020": ["has no tumour with expression that its labels leave open", "has no mutations",
                                 "names no cohort for the role 'sclc'",
                                 "no expression of NEUROD1, POU2F3"]}  # fmt: skip
        assert any(words in reason for words in lacks[run]), reason
        return
    for kind in ("svg", "png", "csv"):
        assert (made / f"{panel}.{kind}").stat().st_size > 0
    assert (made / f"{panel}.svg").stat().st_size <= 300_000
    assert (made / f"{panel}.csv").stat().st_size <= 200_000


def texts(made, panel) -> str:
    return " ".join(re.findall(r"<text[^>]*>([^<]+)</text>", (made / f"{panel}.svg").read_text()))


def test_lcnec_in_msk_met_by_genomic_subtype(made):
    """82 patients, 44 deaths; 33 NSCLC-like, 20 SCLC-like, 29 unclassified."""
    table = numbers(made / "os_by_subtype.csv").set_index("group")
    assert table["n"].to_dict() == {"NSCLC-like": 33, "SCLC-like": 20, "Unclassified": 29}
    assert (table["n"].sum(), table["events"].sum()) == (82, 44)
    assert {"median_months", "median_lower", "median_upper", "log_rank_p", "log_rank_chi_squared"} <= set(table)
    assert table[["median_months", "median_lower"]].notna().all().all()


def test_the_curve_carries_n_median_test_and_risk_table(made):
    shown = texts(made, "os_by_subtype")
    for group, row in numbers(made / "os_by_subtype.csv").set_index("group").iterrows():
        assert f"{group}, n = {row['n']}, {row['events']} events: {row['median_months']:.1f}" in shown
    assert "Log-rank p = " in shown and "At risk" in shown and "not stated" in shown


def test_the_risk_table_counts_everyone_still_followed(made, public_cohort):
    """T ≥ t, counted here from the patients and not by the module that drew it."""
    import numpy as np

    from lcnec_utils.cohort.read import read_study
    from lcnec_utils.omics import genomics

    cohort = read_study(public_cohort("msk_met_lcnec"))
    months = cohort.survival("OS")["months"]
    subtype = genomics.by_patient(cohort, genomics.genomic_subtype(cohort))
    svg = (made / "os_by_subtype.svg").read_text()
    shown = re.findall(r"<text[^>]*>(\d+)</text>", svg.split("At risk")[1])
    counted = [
        int(np.sum(months[subtype == group] >= time))
        for group in ("NSCLC-like", "SCLC-like", "Unclassified")
        for time in (0, 12, 24, 36, 48, 60)
    ]
    assert [int(count) for count in shown[: len(counted)]] == counted


def test_real_patients_are_not_called_simulated(made):
    for path in made.glob("*.svg"):
        assert "simulated cohort" not in path.read_text()
    for path in made.glob("*.csv"):
        assert json.loads(path.read_text().split("\n")[0].removeprefix("# "))["simulated"] is False


def test_simulated_patients_are_called_simulated_in_every_file(default_run):
    """In the SVG's picture and provenance, in the CSV's first line, in the PNG's text."""
    from PIL import Image

    of_no_cohort = {panel for panel, entry in params.read_yaml(paths.PANELS).items() if not entry["roles"]}
    panels = {path.stem for path in default_run.glob("*.svg")} - of_no_cohort  # what the source prints is not simulated
    assert panels
    for panel in panels:
        svg = (default_run / f"{panel}.svg").read_text()
        assert ">simulated cohort</text>" in svg and "(simulated cohort)" in svg and '"simulated": true' in svg
        with Image.open(default_run / f"{panel}.png") as picture:
            assert '"simulated": true' in picture.text["Description"] and "simulated" in picture.text["Title"]
    for path in default_run.glob("*.csv"):
        of_patients = path.name.split(".")[0] not in of_no_cohort
        assert json.loads(path.read_text().split("\n")[0].removeprefix("# "))["simulated"] is of_patients, path


def test_nothing_under_test_writes_to_figures():
    """After the notebooks ran under test, figures/ is as it was before, to the byte."""
    assert paths.output_root() == TEST_OUTPUT
    assert provenance.of_folder(paths.ROOT / "figures") == FIGURES_AT_START


# --- what is tracked of several runs together


def tracked_answers(runs_read: list[str]) -> dict[tuple[str, str], str]:
    """The verdict of each claim and body of real patients, by the tracked ledgers of these runs."""
    answers = {}
    for run in runs_read:
        path = paths.ROOT / "figures" / run / "claims.csv"
        table = pd.read_csv(path, comment="#", keep_default_na=False).set_index("claim")
        for body in [name.removesuffix(": verdict") for name in table if name.endswith(": verdict")]:
            kept = table[table[f"{body}: verdict"].isin(verdicts.ANSWERS)]
            real = kept[kept[f"{body}: origin"].isin(["real", "circular"])]
            answers |= {(id, body): verdict for id, verdict in real[f"{body}: verdict"].items()}
    return answers


def test_the_tracked_replication_holds_the_verdicts_of_the_tracked_ledgers_and_no_others():
    table = pd.read_csv(REPLICATION, comment="#", keep_default_na=False).set_index("claim")
    said = {}
    for id, bodies in table["bodies"].items():
        for part in filter(None, bodies.split("; ")):
            body, verdict = part.split(": ")
            said[id, body] = verdict.removesuffix(" (not counted)")
    about = json.loads(REPLICATION.read_text(encoding="utf-8").split("\n")[0].removeprefix("# "))
    assert said == tracked_answers(about["runs"])
    assert set(about["runs"]) >= set(RUNS)
    assert list(table.index) == list(claims.published()) and set(table["status"]) <= set(verdicts.STATUSES)


def test_notebook_15_stores_the_counts_of_the_tracked_replication():
    table = pd.read_csv(REPLICATION, comment="#", keep_default_na=False)
    stored = records.notebook_path("15_replication").read_text(encoding="utf-8")
    counts = table["status"].value_counts()
    assert f"Replicated are {counts['replicated']}, of which" in stored
    against = counts.get("contradicted", 0) + counts.get("divided", 0)
    assert f"Contradicted or divided are {against};" in stored
    real, several = (table["real"] > 0).sum(), (table["independent"] > 1).sum()
    assert f"Of {len(table)} claims {real} are answered by real patients, {several} of them by two or more" in stored
