"""Section 4 of notebook 13: a cohort's columns read, classed by both rule sets, and the claims on their limits.

About 3 seconds.
"""

from pathlib import Path

import pandas as pd
import pytest

from lcnec_utils.cohort.read import read_study
from lcnec_utils.core.errors import MissingData
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.stats import resistance
from lcnec_utils.studies.icb_review import sitc

REVIEW, SITC = sitc.REVIEW.name, sitc.SITC.name


def study(folder: Path, **columns: list[str]) -> Path:
    """A study folder with these columns of patients, each with one tumour."""
    folder.mkdir(parents=True)
    n = max(map(len, columns.values()))
    people = pd.DataFrame({"PATIENT_ID": [f"P{i}" for i in range(n)], **columns})
    tumours = pd.DataFrame({"SAMPLE_ID": [f"S{i}" for i in range(n)], "PATIENT_ID": people["PATIENT_ID"]})
    people.to_csv(folder / "data_clinical_patient.txt", sep="\t", index=False)
    tumours.to_csv(folder / "data_clinical_sample.txt", sep="\t", index=False)
    return folder


def by_rules(classes: pd.DataFrame) -> pd.DataFrame:
    return classes.pivot(index="patient", columns="rules", values="class")


def test_a_cohorts_columns_are_read_in_their_words(tmp_path):
    """Five courses that the two rule sets class alike or apart; drugs are read as regimens."""
    folder = study(
        tmp_path / "study",
        REGIMEN=["Pembrolizumab", "immunotherapy", "Carboplatin + Pemetrexed + Pembrolizumab", "IO", "chemo-IO"],
        BEST_RESPONSE=["PD", "PR", "Partial response", "SD", "CR"],
        ICB_EXPOSURE_DAYS=["63", "400", "150", "182", "700"],
        ICB_STOP_DAYS=["63", "400", "100", "182", ""],
        ICB_STOP_REASON=["PROGRESSION", "Progressive disease", "TOXICITY", "OTHER", "ONGOING"],
        PROGRESSION_DAYS=["63", "400", "150", "190", ""],
        PROGRESSION_CONFIRMED_DAYS=["84", "430", "", "", ""],
        RAPID_PROGRESSION=["NO", "no", "", "NO", ""],
        LAST_SCAN_DAYS=["84", "430", "150", "190", "690"],
    )
    classes = sitc.classify(sitc.blockade_history(read_study(folder)))
    both = by_rules(classes)
    assert both[REVIEW].to_list() == [resistance.PRIMARY, resistance.SECONDARY, resistance.PRIMARY,
                                      resistance.SECONDARY, resistance.SO_FAR]  # fmt: skip
    assert both[SITC].to_list() == [resistance.UNCONFIRMED, resistance.SECONDARY, resistance.TOXICITY_STOP,
                                    resistance.SOON_AFTER_STOP, resistance.SO_FAR]  # fmt: skip
    regimens = classes.drop_duplicates("patient")["regimen"].to_list()
    assert regimens == ["ICI alone", "ICI alone", "ICI + chemo", "ICI alone", "ICI + chemo"]
    assert len(sitc.lacking_columns(classes)) == 0
    assert "Of the patients whom both can class, 2/5 (40%) have one class by both." in sitc.classes_sentence(classes)


def test_an_unknown_word_is_named_counted_and_no_answer(tmp_path):
    """Of twelve patients one has a stop reason and one a rapidity that nobody understands."""
    folder = study(
        tmp_path / "study",
        REGIMEN=["immunotherapy"] * 12, BEST_RESPONSE=["PD"] * 12, ICB_EXPOSURE_DAYS=["63"] * 12,
        ICB_STOP_DAYS=["50"] * 12, ICB_STOP_REASON=["whim", *["PROGRESSION"] * 11], PROGRESSION_DAYS=["63"] * 12,
        PROGRESSION_CONFIRMED_DAYS=[""] * 12, RAPID_PROGRESSION=["YES", "perhaps", *["YES"] * 10],
        LAST_SCAN_DAYS=["63"] * 12,
    )  # fmt: skip
    cohort = read_study(folder)
    assert cohort.words == {"ICB_STOP_REASON": {"whim": 1}, "RAPID_PROGRESSION": {"perhaps": 1}}
    classes = sitc.classify(sitc.blockade_history(cohort))
    of_sitc = classes[classes["rules"] == SITC].set_index("patient")
    assert of_sitc["class"].to_list() == [resistance.CANNOT_TELL] * 2 + [resistance.PRIMARY] * 10
    assert of_sitc["reason"].to_list()[:2] == [
        "not known: ICB_STOP_REASON", "not known: PROGRESSION_CONFIRMED_DAYS, RAPID_PROGRESSION"]  # fmt: skip
    counts = sitc.lacking_columns(classes).query("group == @SITC").set_index("what")["k"].to_dict()
    assert counts == {"ICB_STOP_REASON": 1, "PROGRESSION_CONFIRMED_DAYS": 1, "RAPID_PROGRESSION": 1}


def test_calendar_dates_are_counted_in_days_with_leap_days(tmp_path):
    """1 September to 1 March: 182 days with a 29 February between them, else 181. Six months are over on day 183."""
    folder = study(
        tmp_path / "study",
        REGIMEN=["immunotherapy"] * 4,
        BEST_RESPONSE=["SD"] * 4,
        ICB_EXPOSURE_DAYS=["170"] * 4,
        ICB_STOP_REASON=["PROGRESSION"] * 4,
        ICB_START_DATE=["2019-09-01", "2020-09-01", "2019-08-31", "2020-09-01"],
        PROGRESSION_DATE=["2020-03-01", "2021-03-01", "2020-03-01", "2020-08-31"],
    )
    cohort = read_study(folder)
    days = cohort.patients["PROGRESSION_DAYS"]
    assert days.to_list()[:3] == [182, 181, 183] and pd.isna(days.iloc[3])
    assert any("1 date before ICB_START_DATE; read as missing" in note for note in cohort.notes)
    classes = by_rules(sitc.classify(sitc.blockade_history(cohort)))[REVIEW].to_list()
    assert classes == [resistance.PRIMARY, resistance.PRIMARY, resistance.SD_EXACTLY, resistance.CANNOT_TELL]


def test_days_count_before_dates_and_dates_without_a_first_dose_count_nothing(tmp_path):
    both = study(tmp_path / "both", ICB_START_DATE=["2020-01-01"] * 2, PROGRESSION_DATE=["2020-03-01", "2020-03-02"],
                 PROGRESSION_DAYS=["60", "60"])  # fmt: skip
    cohort = read_study(both)
    assert cohort.patients["PROGRESSION_DAYS"].to_list() == [60, 60]
    assert any("differ in 1 patient;" in note for note in cohort.notes)
    alone = read_study(study(tmp_path / "alone", LAST_SCAN_DATE=["2020-03-01", "2020-03-02"]))
    assert "LAST_SCAN_DAYS" not in alone.patients
    assert any("LAST_SCAN_DATE and no ICB_START_DATE" in note for note in alone.notes)


def test_randomised_arms_say_who_was_on_blockade(tmp_path):
    cohort = read_study(
        study(tmp_path / "study", ARM=["atezolizumab", "docetaxel", "docetaxel"], BEST_RESPONSE=["PD"] * 3)
    )
    classes = sitc.classify(sitc.blockade_history(cohort))
    assert classes["patient"].unique().tolist() == ["P0"] and classes.attrs["not_treated"] == 2
    assert "2 patients not on blockade are left out." in sitc.classes_sentence(classes)
    lacking = sitc.lacking_columns(classes).set_index(["group", "what"])["k"]
    # PD as best response is primary resistance by the review after six weeks of the drug, on whichever day
    assert lacking[REVIEW][lacking[REVIEW] > 0].index.to_list() == ["ICB_EXPOSURE_DAYS"]
    control = read_study(study(tmp_path / "control", ARM=["docetaxel"] * 2))
    with pytest.raises(MissingData, match="nobody in this cohort was on checkpoint blockade"):
        sitc.classify(sitc.blockade_history(control))


def test_a_cohort_without_dates_gives_as_many_cannot_tell_as_it_has_patients(tmp_path):
    cohort = read_study(study(tmp_path / "study", DURABLE_CLINICAL_BENEFIT=["YES"] * 240))
    classes = sitc.classify(sitc.blockade_history(cohort))
    assert (classes["class"] == resistance.CANNOT_TELL).all() and len(classes) == 480
    shares = sitc.class_shares(classes)
    assert shares[["group", "what", "k", "n"]].to_numpy().tolist() == [
        [f"Regimen not known: {name}", "cannot tell", 240, 240] for name in (REVIEW, SITC)]  # fmt: skip
    assert set(sitc.lacking_columns(classes)["k"]) == {240, 0}
    assert "none of 240 patients can be classed" in sitc.classes_sentence(classes)


def test_the_plotted_shares_are_those_of_all_patients_once():
    history = pd.DataFrame(None, [f"P{i}" for i in range(6)], resistance.COLUMNS).assign(
        regimen=["immunotherapy"] * 4 + ["chemoimmunotherapy"] * 2, best_response=["PD", "SD", "CR", "NE", "SD", "SD"],
        icb_exposure_days=[60, 183, 500, 60, 50, 300], icb_stop_reason="progression",
        progression_days=[60, 183, 500, 60, 60, 300], progression_confirmed_days=[90, 220, 530, 90, 90, 330],
        icb_stop_days=[60, 183, 500, 60, 60, 300], last_scan_days=[90, 220, 530, 90, 90, 330],
    )  # fmt: skip
    classes = sitc.classify(history)
    for table in (sitc.class_shares(classes), sitc.class_counts(classes)):
        assert (table.groupby("group")["k"].sum() == table.groupby("group")["n"].max()).all()
        sizes = {"ICI alone": 4, "ICI + chemo": 2}
        assert table.groupby("group")["n"].max().to_dict() == {
            f"{regimen}: {name}": n for regimen, n in sizes.items() for name in (REVIEW, SITC)
        }
    uncovered = sitc.class_shares(classes).set_index(["group", "what"])["k"]
    assert uncovered[f"ICI alone: {SITC}", "covered by no definition"] == 2
    assert sitc.class_agreement(classes)["n"].sum() == 6
    assert "1 patient on blockade with chemotherapy is primary resistant after 6 to 8 weeks" in sitc.classes_sentence(
        classes
    )


def test_every_printed_limit_is_answered_by_the_rules_own():
    printed = {id.removeprefix("icb.rv_sitc."): claim for id, claim in claims.published().items() if "rv_sitc" in id}
    findings = sitc.threshold_findings()
    assert set(findings) == set(printed) and len(printed) == 6
    for tail, claim in printed.items():
        assert verdicts.verdict(claim, findings[tail])[0] == "equal", tail
        assert {finding.origin for finding in findings[tail]} == {"parameter"}
