"""LORIS: patients by centre, and each thing in the workbook that would give a wrong number if it were not known."""

import pandas as pd
import pytest

from lcnec_utils.cohort.read import read_study
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.public import fetch, loris
from lcnec_utils.stats import survival

# of the nine sheets of patients on blockade: all cancers, and NSCLC
ON_BLOCKADE = {
    "Chowell_train": (964, 331), "Chowell_test": (515, 207), "MSK1": (453, 128), "MSK2": (104, 0),
    "Kato_panCancer": (35, 0), "Shim_NSCLC": (198, 198), "Vanguri_NSCLC": (246, 246), "Ravi_NSCLC": (309, 309),
    "Pradat_panCancer": (57, 37),
}  # fmt: skip


@pytest.fixture(scope="module")
def workbook(data_dir):
    sheets = [*ON_BLOCKADE, "MSK_nonICB"]
    return pd.read_excel(data_dir / "loris_2024" / loris.FILE, sheet_name=sheets)


@pytest.fixture(scope="module")
def centre(public_cohort):
    return lambda name: read_study(public_cohort(f"loris_{name}"))


def test_2881_patients_on_blockade_and_841_not(workbook):
    sizes = {name: (len(table), int((table["CancerType"] == "NSCLC").sum())) for name, table in workbook.items()}
    assert sizes.pop("MSK_nonICB") == (841, 335)
    assert sizes == ON_BLOCKADE and sum(n for n, _ in sizes.values()) == 2881


def test_each_cohort_holds_the_nsclc_of_its_sheets(public_cohort):
    for name, entry in fetch.registry()["cohorts"].items():
        if entry["dataset"] == "loris_2024" and entry["cancer"] == "NSCLC" and entry["sheets"] != ["MSK_nonICB"]:
            cohort = read_study(public_cohort(name))
            assert len(cohort.patients) == sum(ON_BLOCKADE[sheet][1] for sheet in entry["sheets"]), name
            assert cohort.words == {} == cohort.refused and cohort.os_origin == "unknown"
            assert set(cohort.samples["CANCER_TYPE"]) == {"Non-Small Cell Lung Cancer"}


def test_chowells_nsclc_live_longer_with_a_high_burden_and_with_pdl1(centre):
    """Figures computed apart from this project."""
    cohort = centre("chowell")
    marks = cohort.samples.set_index("PATIENT_ID")
    table = cohort.survival("OS").assign(
        high=marks["TMB_NONSYNONYMOUS"] > 19, pdl1=(marks["PDL1_SCORE"] >= 1).where(marks["PDL1_SCORE"].notna())
    )
    assert len(table) == 538 and int(table["high"].sum()) == 47
    assert survival.log_rank(table, group="high").p == pytest.approx(4e-5, abs=0.5e-5)
    assert survival.log_rank(table.dropna(), group="pdl1").p == pytest.approx(1.4e-5, abs=0.05e-5)


def test_ravis_times_are_days(centre, workbook):
    """As months they would be up to 231 years; as days the median follow-up is like that of the other centres."""
    assert workbook["Ravi_NSCLC"]["OS_Months"].max() == 2779
    table = centre("ravi").survival("OS")
    assert len(table) == 306 and table["months"].max() == pytest.approx(91.3, abs=0.05)
    other = centre("chowell").survival("OS")
    assert 0.5 < table["months"].median() / other["months"].median() < 2


def test_vanguris_overall_survival_holds_deaths_only_and_is_not_read(centre, workbook):
    events = workbook["Vanguri_NSCLC"]["OS_Event"]
    assert (events == 1).sum() == 150 and events.isna().sum() == 96  # nobody is known to be alive
    cohort = centre("vanguri")
    with pytest.raises(MissingData, match="no overall survival"):
        cohort.survival("OS")
    assert len(cohort.survival("PFS")) == 246 and "died" in cohort.caveats["endpoint"]


def test_what_pradat_calls_response_is_survival_beyond_six_months_and_is_left_out(workbook, centre):
    """Of no other centre does the column part those who lived longer from those who died earlier without exception."""
    apart = []
    for name in ON_BLOCKADE:
        table = workbook[name]
        if {"Response", "OS_Months"} <= set(table):
            without, with_it = (table.loc[table["Response"] == code, "OS_Months"] for code in (0, 1))
            if without.max() < with_it.min():
                apart.append((name, without.max() < 6 < with_it.min()))
    assert apart == [("Pradat_panCancer", True)]
    assert "OBJECTIVE_RESPONSE" not in centre("pradat").patients and "OBJECTIVE_RESPONSE" in centre("ravi").patients


def test_pradat_has_no_progression_free_survival(centre):
    with pytest.raises(MissingData, match="no progression-free survival"):
        centre("pradat").survival("PFS")


def test_one_value_for_everybody_is_no_measurement(centre, workbook):
    assert workbook["Ravi_NSCLC"][["Albumin", "NLR"]].nunique().to_dict() == {"Albumin": 1, "NLR": 1}
    cohort = centre("ravi")
    assert not {"ALBUMIN", "NLR"} & set(cohort.patients)
    assert sum("stands for a value that is not known" in note for note in cohort.study["notes"]) == 2


def test_the_codes_are_read_by_what_they_must_mean(workbook):
    everyone = pd.concat(table for name, table in workbook.items() if name != "MSK_nonICB")
    ovarian = everyone[everyone["CancerType"].isin(["Ovarian", "Endometrial"])]
    assert len(ovarian) == 102 and set(ovarian["Sex"]) == {0}  # female
    never = everyone[everyone["Smoking_status"] == 0]
    ever = everyone[everyone["Smoking_status"] == 1]
    assert never["Pack_years"].max() == 0 and ever["Pack_years"].dropna().gt(0).mean() > 0.99
    # a response is 1: those patients live longer at every centre
    for name in ("Chowell_train", "MSK1", "Shim_NSCLC", "Ravi_NSCLC"):
        medians = workbook[name].groupby("Response")["OS_Months"].median()
        assert medians[1] > 1.5 * medians[0], name


def test_vanguris_patients_are_chowells_and_msk1s_too(centre):
    """By altered fraction, burden and sex, where those are one patient's alone."""

    def marks(name):
        cohort = centre(name)
        sex = cohort.patients["SEX"].reindex(cohort.samples["PATIENT_ID"]).to_numpy()
        table = cohort.samples[["FGA", "TMB_NONSYNONYMOUS"]].assign(sex=sex).dropna()
        return table[table["FGA"] > 0.001].drop_duplicates(keep=False)

    shared = {name: len(marks("vanguri").merge(marks(name))) for name in ("chowell", "msk1")}
    assert shared["chowell"] >= 80 and shared["msk1"] >= 30
    assert len(marks("chowell").merge(marks("msk1"))) == 0


def test_cohorts_that_share_patients_say_so():
    group = {
        name
        for name, entry in fetch.registry()["cohorts"].items()
        if entry.get("overlap_group") == "msk_impact" and not name.startswith("msk_met")
    }
    assert group == {
        "nsclc_pd1_msk_2018", "loris_chowell", "loris_sclc", "loris_msk1", "loris_vanguri", "loris_not_on_blockade",
    }  # fmt: skip


def test_a_column_that_is_not_known_is_refused(tmp_path):
    path = tmp_path / "AllData.xlsx"
    table = pd.DataFrame({"SAMPLE_ID": [1], "CancerType": ["NSCLC"], "TMB": [3.0], "Mood": [1]})
    table.to_excel(path, sheet_name="MSK1", index=False)
    with pytest.raises(UserError, match="sheet MSK1: unknown column Mood; use the registered file"):
        loris._centre(path, "MSK1", False)
