"""Forests of replication: what stands in them, what is summarised with what, and the notebook that draws them.

Nothing is executed by a kernel: runs are planted as records. Costs about fifteen seconds, most of it drawing.
"""

import json
import math
import warnings

import matplotlib
import numpy as np
import pandas as pd
import pytest
from scipy import stats

matplotlib.use("agg")

from lcnec_utils.core import paths  # noqa: E402
from lcnec_utils.core.errors import MissingData, UserError  # noqa: E402
from lcnec_utils.core.findings import Finding  # noqa: E402
from lcnec_utils.ledger import claims  # noqa: E402
from lcnec_utils.plots import palette  # noqa: E402
from lcnec_utils.run import records, replication, runs, summaries  # noqa: E402
from lcnec_utils.run import replication_forests as forests  # noqa: E402
from tests.plots.readable import assert_readable  # noqa: E402
from tests.run.planted_runs import PlantedRuns, gone_through, names  # noqa: E402

BURDEN = "icb.rv_text_effects.os.tmb_high"  # a direction: a high burden goes with longer survival
RESPONSE = "icb.rv_text_effects.response_rate"  # a range, 20 to 30 percent
SHARE = "lcnec.fig2b.subtype.sclc_like"  # 136 of 373
MEDIAN = next(id for id, claim in claims.published().items() if claim.measure == "median" and claim.unit == "months")
HAZARD = "lcnec.fig1c.hr.chemotherapy_vs_chemoimmunotherapy"  # 1.43 with limits
# Pre-eclampsia under antiplatelet drugs and without: cases and patients of the six CLASP trials, and what DerSimonian &
# Kacker (Contemp Clin Trials 2007, tables 3 and 4) print of their summary by Paule and Mandel: log odds ratio, error
CLASP = [(5, 156, 8, 74), (5, 303, 17, 303), (12, 565, 9, 477), (69, 1570, 94, 1565), (9, 103, 11, 105),
         (313, 4659, 352, 4650)]  # fmt: skip
CLASP_SUMMARY, CLASP_ERROR = -0.3811, 0.2060


@pytest.fixture
def planted(tmp_path, monkeypatch) -> PlantedRuns:
    """A place for runs whose records are written and not computed."""
    return PlantedRuns(tmp_path, monkeypatch)


def answers(claim: str, *rows: dict) -> pd.DataFrame:
    """A table of answers to one claim; each row names at least its body and value."""
    standard = {"claim": claim, "run": "r", "origin": "real", "verdict": "compatible", "scale": "ratio", "n": 100,
                "events": 50, "comparisons": 1, "caveats": "", "own": False, "reason": ""}  # fmt: skip
    return pd.DataFrame([{**standard, "label": row["body"], **row} for row in rows], columns=replication.COLUMNS)


def counted(table: pd.DataFrame, *pairs: tuple[str, str]) -> pd.Series:
    shared = pd.DataFrame([{"one": one, "other": other, "patients": 1, "why": "the same identifiers"}
                           for one, other in pairs], columns=["one", "other", "patients", "why"])  # fmt: skip
    return replication.counted(table, shared)


def of_clasp() -> list[dict]:
    rows = []
    for place, (a, n, c, m) in enumerate(CLASP):
        effect = math.log(a * (m - c) / (c * (n - a)))
        error = math.sqrt(1 / a + 1 / (n - a) + 1 / c + 1 / (m - c))
        value, lower, upper = (math.exp(effect + z * error) for z in (0, -1.959964, 1.959964))
        rows.append({"body": f"trial {place}", "value": value, "lower": lower, "upper": upper, "n": n + m})
    return rows


# --- the summary


def test_the_summary_is_the_published_one_of_six_trials_and_takes_neither_print_nor_twin_nor_shared_patients():
    """Beside the trials stand a twin, a circular answer and a cohort that shares patients with a trial, all far off."""
    far = {"value": 50.0, "lower": 40.0, "upper": 60.0, "n": 3}
    table = answers(HAZARD, *of_clasp(), {"body": "twin", "origin": "planted", **far},
                    {"body": "same patients", **far}, {"body": "by itself", "origin": "circular", **far})  # fmt: skip
    counts = counted(table, ("trial 3", "same patients"))
    forest = forests.forest_table(HAZARD, table, counts)
    assert list(forest["kind"]) == ["print", *["cohort"] * 8, "summary", "simulated"]
    summary = forest[forest["kind"] == "summary"].iloc[0]
    half = stats.t.ppf(0.975, 5) * CLASP_ERROR
    assert math.log(summary["estimate"]) == pytest.approx(CLASP_SUMMARY, abs=1e-4)
    assert np.log([summary["lower"], summary["upper"]]) == pytest.approx(
        [CLASP_SUMMARY - half, CLASP_SUMMARY + half], abs=3e-4
    )
    assert summary["prediction_lower"] < summary["lower"] < summary["upper"] < summary["prediction_upper"]
    assert summary["label"].startswith("Random effects, k = 6, I² ")
    left_out = forest[forest["counted"].eq(False)]
    assert set(left_out["label"]) == {"same patients", "by itself"}
    assert math.log(
        summaries.summarised(claims.published()[HAZARD], table, counts).ratio()["estimate"]
    ) == pytest.approx(CLASP_SUMMARY, abs=1e-4)


def test_shares_are_summarised_on_the_logit_scale():
    """Three equally precise shares: their mean logit."""
    rows = []
    for body, logit in (("a", -1.0), ("b", -0.5), ("c", 0.3)):
        value, lower, upper = (100 / (1 + math.exp(-x)) for x in (logit, logit - 0.4, logit + 0.4))
        rows.append({"body": body, "value": value, "lower": lower, "upper": upper, "scale": "difference"})
    table = answers(SHARE, *rows)
    summary = summaries.summarised(claims.published()[SHARE], table, counted(table))
    assert summary.estimate == pytest.approx(-0.4) and summary.k == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows[:2],
        lambda rows: [*rows[:2], {**rows[2], "lower": None, "upper": None}],
        lambda rows: [*rows[:2], {**rows[2], "scale": "difference"}],
        lambda rows: [*rows[:2], {**rows[2], "lower": 0.0}],
        lambda rows: [*rows[:2], {**rows[2], "origin": "calibrated"}],
    ],
    ids=["two alone", "no interval", "another scale", "no limit on its scale", "the twin"],
)
def test_fewer_than_three_real_cohorts_on_one_scale_have_no_summary(change):
    table = answers(BURDEN, *change(of_clasp()[:3]))
    assert summaries.summarised(claims.published()[BURDEN], table, counted(table)) is None
    assert "summary" not in set(forests.forest_table(BURDEN, table, counted(table))["kind"])


def test_a_summary_is_judged_by_the_rules_of_a_verdict_and_decides_the_status():
    """Two cohorts of three exclude no effect and none contradicts; their summary includes no effect: inconclusive."""
    rows = [
        {"body": name, "value": v, "lower": v / 1.3, "upper": v * 1.3}
        for name, v in zip("abc", (2, 1.5, 0.8), strict=True)
    ]
    table = answers(BURDEN, *rows)
    words = summaries.in_words(claims.published()[BURDEN], table, counted(table))
    assert words.startswith("inconclusive: 1.34 (") and ", k = 3, I² " in words
    alike = answers(BURDEN, *({**row, "value": 1.5, "lower": 1.2, "upper": 1.9} for row in rows))
    assert summaries.in_words(claims.published()[BURDEN], alike, counted(alike)).startswith("compatible: 1.50 (")
    assert summaries.in_words(claims.published()[BURDEN], table[:2], counted(table[:2])) == ""
    for together, status in ((table, "inconclusive"), (alike, "replicated"), (table[:2], "replicated")):
        assert replication.statuses(together, counted(together)).loc[BURDEN, "status"] == status
    summary = summaries.summarised(claims.published()[BURDEN], table, counted(table))
    of_all = summaries.finding(claims.published()[BURDEN], table, summary)
    assert of_all.value == pytest.approx((2 * 1.5 * 0.8) ** (1 / 3)) and of_all.scale == "ratio"


# --- the rows


def test_the_print_stands_with_its_own_uncertainty():
    """136 of 373 by Wilson: 31.7% to 41.5%. A hazard ratio has its printed limits; a range is a range; a direction is a
    note."""
    row = {"value": 24.4, "lower": 16.4, "upper": 34.7, "scale": "difference", "n": 82, "events": 20}
    table = answers(SHARE, {"body": "a", **row}, {"body": "b", **row})
    printed = forests.forest_table(SHARE, table, counted(table)).iloc[0]
    assert (printed["lower"], printed["upper"]) == pytest.approx((31.74, 41.47), abs=0.01)
    assert printed["estimate"] == 36.5 and printed["n"] == 373
    ratio = {"body": "a", "value": 1.2, "lower": 0.9, "upper": 1.6}
    printed = forests.forest_table(HAZARD, *with_counts(answers(HAZARD, ratio))).iloc[0]
    assert printed[["estimate", "lower", "upper"]].tolist() == [1.43, 1.04, 1.99]
    printed = forests.forest_table(RESPONSE, *with_counts(answers(RESPONSE, {"body": "a", **row}))).iloc[0]
    assert "estimate" not in printed.dropna() and printed[["lower", "upper"]].tolist() == [20, 30]
    printed = forests.forest_table(BURDEN, *with_counts(answers(BURDEN, ratio))).iloc[0]
    assert printed["note"] == "above 1, no size published" and pd.isna(printed["estimate"])


def with_counts(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    return table, counted(table)


def test_those_that_count_stand_first_and_the_largest_of_them_before_others():
    rows = of_clasp()[:4]
    table = answers(BURDEN, *rows, {"body": "twin", "origin": "calibrated", **{k: rows[0][k] for k in ("value", "n")}})
    forest = forests.forest_table(BURDEN, table, counted(table, ("trial 3", "trial 2")))
    assert forest["label"].tolist()[1:5] == ["trial 3", "trial 1", "trial 0", "trial 2"]
    assert forest["kind"].iloc[-1] == "simulated"


def test_a_claim_has_a_forest_where_two_that_count_give_one_estimate_each():
    rows = of_clasp()[:2]
    table = answers(BURDEN, *rows)
    assert forests.forest_claims(table, counted(table)) == [BURDEN]
    assert forests.forest_claims(table, counted(table), least=3) == []
    assert forests.forest_claims(table, counted(table, ("trial 0", "trial 1"))) == []
    several = answers(BURDEN, rows[0], {"body": "b", "comparisons": 2})
    assert forests.forest_claims(several, counted(several)) == []


@pytest.mark.parametrize(
    ("id", "scale", "axis"),
    [
        (SHARE, "difference", ("Share (%)", "plain", 0)), (BURDEN, "ratio", ("Ratio", "log", 2)),
        (BURDEN, "difference", ("Difference", "linear", 2)), (HAZARD, "ratio", ("Hazard ratio", "log", 2)),
        (MEDIAN, "", ("Median months", "plain", 1)),
    ],
)  # fmt: skip
def test_the_axis_of_a_claim(id, scale, axis):
    assert forests.axis_of(claims.published()[id], pd.DataFrame({"scale": [scale]})) == axis


def test_ratios_and_medians_are_compared_as_ratios_and_shares_are_not():
    rows = pd.DataFrame({"scale": ["difference", "difference"]})
    assert not summaries.is_ratio(claims.published()[SHARE], rows)
    assert summaries.is_ratio(claims.published()[BURDEN], pd.DataFrame({"scale": ["ratio"]}))


# --- figures


@pytest.fixture
def three(planted):
    """Three cohorts and a twin that answer a direction and a range, of which two share a patient with a fourth."""
    of = {"Alpha (2018)": 300, "Beta": 250, "Gamma": 200, "Delta, a second series": 60}
    for place, (name, n) in enumerate(of.items()):
        patients = names("shared" if name.startswith(("Alpha", "Delta")) else name, 12 + place)
        folder = planted.cohort(name.split(" ")[0].strip(","), patients)
        value = 1.3 + 0.2 * place
        planted.answer(
            f"run_{place}", folder,
            {BURDEN: Finding(value, value / 1.4, value * 1.4, n=n, events=n // 2, scale="ratio"),
             RESPONSE: Finding(100 * (n // 4) / n, 100 * (n // 4) / n - 5, 100 * (n // 4) / n + 5, n=n, events=n // 4)},
            caveats=["definition: In blood.", "selection: One centre."][:place],
        )  # fmt: skip
    twin = planted.cohort("twin", names("T", 20), simulated=True, body="twin")
    planted.answer("run_twin", twin, {BURDEN: Finding(1.9, 1.5, 2.4, n=400, scale="ratio")}, origin="planted")
    return planted


def texts(fig) -> str:
    shown = fig.findobj(matplotlib.text.Text)
    return "\n".join(" ".join(text.get_text().replace("\N{NO-BREAK SPACE}", " ").split()) for text in shown)


def test_a_figure_shows_every_row_with_n_events_caveats_and_its_summary(three):
    evidence = replication.gather(three.write("together", runs=["all"]))
    ids = forests.source_claims(evidence, "icb")
    assert ids == forests.drawn_claims(evidence, ids) == [RESPONSE, BURDEN]
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="constrained_layout")
        fig, table = forests.draw_forests(evidence, ids)
        assert_readable(fig)
    assert fig.get_size_inches()[0] * 25.4 < palette.PAGE_MM + 0.5 and len(fig.axes) == 2
    shown = texts(fig)
    for text in ("300 (150)", "1.30 (0.93–1.82)", "NSCLC, Delta (†,a,b)", "Random effects, k = 3", "20–30",
                 "Measured otherwise: a definition; b selection", "not counted, shares patients", "(simulated)",
                 "above 1, no size published", "PI: 95% prediction interval", "inconclusive"):  # fmt: skip
        assert text in shown, text
    assert set(table.loc[BURDEN, "kind"]) == {"print", "cohort", "summary", "simulated"}
    assert table["status"].notna().all()


def test_the_lead_is_the_claim_wanted_or_that_of_most_cohorts_and_patients(three):
    evidence = replication.gather(three.write("together", runs=["all"]))
    assert forests.lead_claim(evidence, RESPONSE) == RESPONSE
    assert forests.lead_claim(evidence) in (RESPONSE, BURDEN)
    with pytest.raises(UserError, match="is no published claim"):
        forests.lead_claim(evidence, "icb.rv_text_effects.os.tmb_hig")
    with pytest.raises(MissingData, match="is not answered by two independent cohorts"):
        forests.lead_claim(evidence, SHARE)
    with pytest.raises(MissingData, match="no claim of this source"):
        forests.source_claims(evidence, "lcnec")
    said = forests.claim_sentence(evidence, BURDEN)
    assert "of 3 independent cohorts (750 patients) " in said and said.startswith(claims.published()[BURDEN].statement)
    # the geometric mean of three equally precise ratios; t on two degrees of freedom makes limits wide
    assert "Inconclusive: of 3" in said and "In summary, by random effects, they give 1.49 (95% CI 0.97 to " in said
    assert forests.sentence(evidence, [RESPONSE, BURDEN]).startswith(
        "2 claims answered by two or more independent cohorts (3 at most): 2 inconclusive."
    )


def test_of_very_many_claims_those_of_most_cohorts_are_drawn_and_all_are_in_the_table(three, monkeypatch):
    monkeypatch.setattr(forests, "MOST_DRAWN", 1)
    evidence = replication.gather(three.write("together", runs=["all"]))
    fig, table = forests.draw_forests(evidence, [RESPONSE, BURDEN])
    assert len(fig.axes) == 1 and set(table.index) == {RESPONSE, BURDEN}
    assert "The 1 that most cohorts answer are drawn; the table holds the other 1 too." in forests.sentence(
        evidence, [RESPONSE, BURDEN]
    )


# --- the notebook


def test_the_notebook_draws_its_panels_from_the_records_and_is_current_until_one_changes(three):
    run = three.write("together", runs=["all"], lead_claim=BURDEN)
    record = gone_through("15_replication", run, "runs")
    assert set(record["drawn"]) == {"replication_lead", "forests_icb"} and set(record["skipped"]) == {"forests_lcnec"}
    table = pd.read_csv(paths.figures("together") / "replication.csv", comment="#").set_index("claim")
    assert list(table.index) == list(claims.published()) and table.loc[BURDEN, "independent"] == 3
    lead = json.loads((paths.figures("together") / "replication_lead.csv").read_text().split("\n")[0][2:])
    assert lead["runs"] == ["run_0", "run_1", "run_2", "run_3", "run_twin"]
    assert runs.is_current(run, "15_replication")
    path = records.record_path("run_0", "13_icb_resistance")
    path.write_text(path.read_text().replace("1.3", "1.31"))
    assert not runs.is_current(run, "15_replication")


def test_the_notebook_without_any_answer_draws_nothing_and_says_so(planted):
    planted.write("one", icb=planted.cohort("a", names("A", 12)))
    record = gone_through("15_replication", planted.write("together", runs=["all"]), "runs")
    assert not record["drawn"] and len(record["skipped"]) == 3
    assert set(record["skipped"].values()) == {replication.NO_RUN}
