"""The review's trials as data, and those recomputed from their own patients, against readings and engines of others.

The printed tables are read a second time by csv alone; OAK from the supplement's workbook by lifelines; the
reconstructed curves by R's survival from the digitised files themselves. About 12 s, half of it reading workbooks.
"""

import csv
import subprocess

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter, KaplanMeierFitter

from conftest import skip_or_fail
from lcnec_utils.cohort.read import read_study
from lcnec_utils.core import params, paths
from lcnec_utils.core.errors import MissingData
from lcnec_utils.ledger import audit, claims, table_cells, verdicts
from lcnec_utils.public import fetch
from lcnec_utils.run import roles
from lcnec_utils.studies.icb_review import trials

REVIEW = claims.sources()["icb_resistance"]
KNOWN = claims.published()
OUTCOMES = ["orr_percent", "mpfs_months", "mos_months", "os_rate_percent"]


def rows_of(name: str) -> list[dict[str, str]]:
    with open(paths.PUBLISHED / name, encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def is_figure(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


# --- the tables --------------------------------------------------------------------------------------------------


def test_each_of_the_237_outcome_cells_of_table_1_has_a_claim_or_an_audit_row():
    cells = table_cells.cells(REVIEW, audit.audit({"icb_resistance": REVIEW}))
    held = {(row.row, row.column): row for row in cells[cells["table"] == "icb_table1.csv"].itertuples()}
    printed = [
        (place, column)
        for place, row in enumerate(rows_of("icb_table1.csv"), 2)
        for column in OUTCOMES
        if is_figure(row[column])
    ]
    assert len(printed) == 237
    for cell in printed:
        assert held[cell].claim or held[cell].rules, cell
        assert held[cell].verdict in table_cells.VERDICTS, cell


def test_table_1_is_drawn_as_printed_and_what_is_no_figure_is_counted():
    outcomes = trials.printed_outcomes()
    rows = rows_of("icb_table1.csv")
    printed = [row[column] for row in rows for column in OUTCOMES[:3]]
    assert len(outcomes) == len(printed) == 3 * 97
    figures = [float(text) for text in printed if is_figure(text)]
    assert outcomes["value"].dropna().tolist() == figures and len(figures) == 230
    states = outcomes["state"].value_counts()
    assert states["not reached"] == printed.count("NR") == 9
    assert states["unknown"] == printed.count("UK") + printed.count("-") == 37
    assert states["rate"] == 6, "KEYNOTE-189's strata print 12-month rates"
    assert outcomes["trial"].nunique() == 24 and outcomes["nct"].nunique() == 23
    asked = outcomes[outcomes["audit"].isin(["inconsistent", "impossible"])]
    assert set(asked["trial"]) == {"IMpower010", "CheckMate 227", "COAST", "PACIFIC"}
    assert "off the axis: PACIFIC's 447.5" in trials.trials_sentence(outcomes)


def test_adjuvant_medians_are_of_disease_free_survival():
    rows = trials.dumbbell_rows(trials.printed_outcomes())
    adjuvant = rows[(rows["section"] == "Adjuvant therapy") & (rows["outcome"] == "mpfs_months")]
    assert adjuvant["printed"].tolist()[:2] == ["DFS 53.6", "42.0"]


def test_of_the_21_pairs_of_first_line_trials_19_are_lower_one_is_equal_and_one_higher():
    """The figures are read off the text's lines 83 to 106."""
    pairs = trials.first_line_pairs(trials.printed_resistance())
    alone, combined = [27, 22.7, 20.9], [22.7, 9, 3, 9, 6.1, 18, 10.1]
    expected = sorted(round(one - other, 1) for one in combined for other in alone)
    assert sorted(pairs.to_numpy().ravel()) == pytest.approx(expected) and pairs.shape == (7, 3)
    signs = np.sign(pairs.to_numpy()).ravel()
    assert [(signs == sign).sum() for sign in (-1, 0, 1)] == [19, 1, 1]
    assert pairs.loc["CheckMate 227"].tolist() == [-4.3, 0.0, 1.8]


def test_the_texts_ranges_are_those_of_the_tables_lines_and_no_combination_is_in_second_line():
    printed = trials.printed_resistance()
    ends = printed.groupby("line")["percent"].agg(["min", "max"])
    for line, (low, high) in trials.text_ranges().items():
        assert ends.loc[line].tolist() == [low, high]
    later = printed[printed["line"] == "second line or later"]
    assert set(later["kind"]) == {trials.ALONE} and len(later) == 6
    assert "no trial of a combination in second line" in trials.resistance_sentence(printed, pd.DataFrame([[-1.0]]))


def test_table_2_counts_a_trial_once_for_each_of_its_targets():
    table = trials.strategies()
    counts = trials.targets_by_category(table)
    symbols = [symbol for row in rows_of("icb_table2.csv") for symbol in row["target"].split("; ") if symbol]
    assert len(table) == 21 == counts.at["all trials", "trials"]
    assert counts["trials"].drop(["all trials", "–"]).to_dict() == pd.Series(symbols).value_counts().to_dict()
    assert counts.at["PDCD1", "trials"] == 6 and counts.at["–", "trials"] == 3


# --- OAK and POPLAR by a second reading ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def workbook() -> pd.ExcelFile:
    try:
        return pd.ExcelFile(fetch.fetch("oak_poplar", "data/41591_2018_134_MOESM3_ESM.xlsx"))
    except fetch.DownloadError as error:
        skip_or_fail("data", str(error))


def median(rows: pd.DataFrame, endpoint: str) -> float:
    """By lifelines; CNSR is 1 for a censored time."""
    return KaplanMeierFitter().fit(rows[endpoint], 1 - rows[f"{endpoint}.CNSR"]).median_survival_time_


@pytest.mark.parametrize("trial", ["OAK", "POPLAR"])
def test_a_trial_is_recomputed_as_lifelines_does_from_the_supplement(trial, workbook, public_cohort):
    sheet = workbook.parse(f"{trial}_Clinical_Data")
    ours = trials.recompute(read_study(public_cohort(trial.lower())))
    assert (ours.blockade, ours.control, ours.reconstructed) == ("atezolizumab", "docetaxel", False)
    assert ours.sizes == {
        "all": len(sheet), "nsq": (sheet["HIST"] == "NON-SQUAMOUS").sum(), "sq": (sheet["HIST"] == "SQUAMOUS").sum(),
    }  # fmt: skip
    for code, arm in (("MPDL3280A", "atezolizumab"), ("Docetaxel", "docetaxel")):
        rows = sheet[sheet["TRT01P"] == code]
        responded, progressed = rows["BCOR"].isin(["CR", "PR"]).sum(), (rows["BCOR"] == "PD").sum()
        assert ours.shares[arm] == {
            trials.OBJECTIVE: (responded, len(rows)), trials.PROGRESSED: (progressed, len(rows)),
        }  # fmt: skip
        for endpoint in ("OS", "PFS"):
            medians = ours.comparisons[endpoint].medians.set_index("group")
            assert medians.at[arm, "median"] == pytest.approx(median(rows, endpoint), rel=1e-9)
    blockade = sheet["TRT01P"] != "Docetaxel"
    for endpoint in ("OS", "PFS"):
        fitted = CoxPHFitter().fit(
            pd.DataFrame({"t": sheet[endpoint], "e": 1 - sheet[f"{endpoint}.CNSR"], "x": blockade}),
            "t", "e",
        )  # fmt: skip
        ratio = ours.comparisons[endpoint].ratios.iloc[0]
        assert ratio["hr"] == pytest.approx(np.exp(fitted.params_["x"]), rel=1e-5)


def verdicts_of(answers: dict) -> dict[str, str]:
    return {
        id: verdicts.verdict(KNOWN[f"icb.{id}"], list(findings))[0]
        for id, findings in answers.items()
        if f"icb.{id}" in KNOWN
    }


def test_oak_meets_the_reviews_row_but_for_the_docetaxel_arms_progression_free_survival(public_cohort):
    """The figures were computed apart: 850, 628/222, 13.6/13.4%, 2.79, 13.77/9.63, 44.0%; 4.04 where 3.0 is printed."""
    trial = trials.recompute(read_study(public_cohort("oak")))
    table = trials.recomputed_table(trial).set_index(["what", "arm"])["value"].round(2)
    assert [table["patients", "both"], table["patients, non-squamous", "both"]] == [850, 628]
    assert [table["objective response, %", arm] for arm in (trial.blockade, trial.control)] == [13.65, 13.41]
    assert [table["median OS, months", arm] for arm in (trial.blockade, trial.control)] == [13.77, 9.63]
    assert [table["median PFS, months", arm] for arm in (trial.blockade, trial.control)] == [2.79, 4.04]
    assert table["primary resistance, %", "atezolizumab"] == 44.0
    answered = verdicts_of(trials.trial_findings(trial))
    assert {id for id, word in answered.items() if word != "equal"} == {"rv_table1.pfs.oak.docetaxel"}
    assert answered["rv_table1.pfs.oak.docetaxel"] == "contradicted" and len(answered) == 10
    assert "median PFS of docetaxel is printed 3.0; the data give 4.04" in trials.trial_sentence(
        trial, trials.recomputed_table(trial)
    )


# --- reconstructed curves by R -------------------------------------------------------------------------------------

CURVES = """
suppressPackageStartupMessages(library(survival))
for (path in commandArgs(trailingOnly = TRUE)) {
  data <- get(load(path))
  fit <- survfit(Surv(time, event) ~ arm, data)
  middle <- quantile(fit, c(0.49, 0.5, 0.51))$quantile
  treated <- as.integer(!(data$arm %in% c("d1", "chemo")))
  hr <- exp(coef(coxph(Surv(time, event) ~ treated, data.frame(data, treated))))
  for (i in seq_len(nrow(middle))) cat(basename(path), sub("arm=", "", rownames(middle)[i]), middle[i, ], hr, "\\n")
}
"""
FILES = {
    "Checkmate017_1.rda": ("checkmate_017", "OS"), "Checkmate017_2B.rda": ("checkmate_017", "PFS"),
    "Checkmate057_1A.rda": ("checkmate_057", "OS"), "Checkmate057_1C.rda": ("checkmate_057", "PFS"),
    "KEYNOTE024_2.rda": ("keynote_024", "OS"), "KEYNOTE024_1A.rda": ("keynote_024", "PFS"),
}  # fmt: skip
ARMS = {"d1": "docetaxel", "chemo": "platinum-based chemotherapy"}


def reconstructed(name: str, public_cohort) -> trials.Trial:
    curves = (read_study(public_cohort(f"kmdata_{name}_{endpoint}")) for endpoint in ("os", "pfs"))
    return trials.recompute(*curves)


def test_reconstructed_medians_readings_and_hazard_ratios_are_those_of_r(rscript, public_cohort):
    made = {name: reconstructed(name, public_cohort) for name in ("checkmate_017", "checkmate_057", "keynote_024")}
    files = [str(fetch.fetch("kmdata", f"data/{file}")) for file in FILES]
    done = subprocess.run([rscript, "--vanilla", "-e", CURVES, *files], capture_output=True, text=True, check=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert len(lines) == 12
    for file, arm, *numbers in lines:
        (name, endpoint), arm = FILES[file], ARMS.get(arm, arm)
        # R's quantile is of 1 - survival: 0.49 of it is where survival reaches 0.51
        low, middle, high, ratio = (np.nan if text == "NA" else float(text) for text in numbers)
        trial = made[name]
        compared = trial.comparisons[endpoint]
        assert compared.medians.set_index("group").at[arm, "median"] == pytest.approx(middle, nan_ok=True)
        assert trial.readings[endpoint, arm] == pytest.approx((low, high), nan_ok=True)
        assert compared.ratios["hr"].iloc[0] == pytest.approx(ratio, rel=1e-6)


def test_curves_meet_the_reviews_medians_within_the_reading_and_the_papers_hazard_ratios(public_cohort):
    known = pd.read_csv(paths.PUBLISHED / "trial_hazard_ratios.csv").set_index(["trial", "endpoint"])["hr"]
    words = {}
    for name in ("checkmate_017", "checkmate_057", "keynote_024"):
        trial = reconstructed(name, public_cohort)
        words |= verdicts_of(trials.trial_findings(trial))
        for endpoint, compared in trial.comparisons.items():
            assert compared.ratios["hr"].iloc[0] == pytest.approx(known[trial.name, endpoint], abs=0.025)
    medians = {id: word for id, word in words.items() if ".pfs." in id or ".os." in id}
    later = {"rv_table1.os.keynote024.pembrolizumab", "rv_table1.os.keynote024.chemotherapy"}
    assert {id for id, word in medians.items() if word not in ("equal", "compatible")} == later
    assert len(medians) == 12 and {medians[id] for id in later} == {"not computable"}
    assert words["rv_resistance_by_line.checkmate017"] == "not computable", "curves hold no response"


def test_a_curve_of_another_trial_or_of_none_is_refused(public_cohort):
    os_017, pfs_057 = (
        read_study(public_cohort(f"kmdata_{name}")) for name in ("checkmate_017_os", "checkmate_057_pfs")
    )
    with pytest.raises(MissingData, match="is of CheckMate 057 and not of CheckMate 017"):
        trials.recompute(os_017, pfs_057)
    with pytest.raises(MissingData, match="of no single trial"):
        trials.recompute(read_study(public_cohort("nsclc_pd1_msk_2018")))


# --- primary resistance in cohorts ----------------------------------------------------------------------------------


def test_poplar_answers_the_range_and_oak_which_it_summarises_does_not(public_cohort):
    answers = {}
    for name in ("oak", "poplar"):
        resistance = trials.cohort_resistance(read_study(public_cohort(name)))
        answers[name] = trials.resistance_findings(resistance, min_group=5)
    assert "one of the trials" in answers["oak"]["second_line.upper"][0].note
    share = answers["poplar"]["second_line.lower"][0]
    assert (share.events, share.n) == (59, 144)
    word, _ = verdicts.verdict(KNOWN["icb.rv_resistance_by_line.second_line.lower"], [share])
    assert word == "compatible", "41% (33-49) is above 26.9"
    assert answers["poplar"]["line"][0].value is None, "all of its patients had treatment before"


def test_lines_and_regimens_are_compared_where_both_are_there(public_cohort):
    cohort = read_study(public_cohort("nsclc_pd1_msk_2018"))
    resistance = trials.cohort_resistance(cohort)
    patients = cohort.patients
    known = patients[patients["DURABLE_CLINICAL_BENEFIT"] != "NE"]
    none = known["DURABLE_CLINICAL_BENEFIT"] == "NO"
    first, alone = known["LINES_OF_TX"].astype(float) == 1, known["TREATMENT_TYPE"] == "Monotherapy"
    found = trials.resistance_findings(resistance, min_group=5)
    assert found["line"][0].value == pytest.approx(none[~first].mean() - none[first].mean())
    assert found["combination"][0].value == pytest.approx(none[~alone].mean() - none[alone].mean())
    assert found["first_line.upper"][0].value is None and not resistance.exact
    shares = trials.resistance_shares(resistance)
    assert shares["n"].sum() == len(known) == 227 and trials.ranges_beside(resistance) == {}


# --- whose own patients ---------------------------------------------------------------------------------------------


def test_every_own_claim_of_a_trial_names_it_as_the_table_does():
    panels = ("rv_table1", "rv_resistance_by_line", "rv_text_effects", "rv_strategies")
    own = [claim for claim in REVIEW.claims if claim.scope == "own" and claim.panel in panels]
    assert len(own) > 160 and all(claim.trial for claim in own)
    table = {trials.slug(row["trial"]) for row in rows_of("icb_table1.csv")}
    for claim in own:
        part = set(claim.id.split(".")) & table
        assert not part or part == {trials.slug(claim.trial)}, claim.id


def test_cohorts_of_trials_stand_for_one_that_a_claim_names_or_that_the_table_lacks():
    named = {claim.trial for claim in REVIEW.claims if claim.trial}
    stands = {name: entry.get("stands_for") for name, entry in fetch.registry()["cohorts"].items()}
    assert {name for name, trial in stands.items() if trial in named} == {
        "oak", *(f"kmdata_{trial}_{end}" for trial in ("checkmate_017", "checkmate_057", "keynote_024")
                 for end in ("os", "pfs")),
    }  # fmt: skip
    assert {trial for trial in stands.values() if trial not in named} == {None, "POPLAR"}


def test_runs_of_reconstructed_trials_name_both_curves():
    for name in ("checkmate_017", "checkmate_057", "keynote_024"):
        run = params.read_run(paths.PARAMS / f"{name}.yaml")
        assert (run.icb, run.icb_pfs) == (f"kmdata_{name}_os", f"kmdata_{name}_pfs") and not run.cohort


def test_a_number_of_a_trials_own_patients_is_asked_of_them_alone(public_cohort):
    oak, poplar = (roles.read_role("icb", name) for name in ("oak", "poplar") if public_cohort(name))
    claim = KNOWN["icb.rv_table1.n.oak"]
    assert roles.holds_own_patients(oak, claim) and not roles.holds_own_patients(poplar, claim)
