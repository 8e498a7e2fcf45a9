"""Table 1 and the flow of patients, against scipy, R, published formulas and plain recounts."""

import dataclasses
import subprocess

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lcnec_utils.cohort import read, treatment
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core.errors import MissingData
from lcnec_utils.stats import proportions
from lcnec_utils.studies.lcnec import cohorts
from lcnec_utils.twins import build
from tests.cohort.patients import CHEMO, CHEMO_IO, IO, NAN, made, text_of, with_survival


@pytest.fixture(scope="module")
def one() -> Cohort:
    return read.read_study(build.build("twin_cohort_1"))


@pytest.fixture(scope="module")
def two() -> Cohort:
    return read.read_study(build.build("twin_cohort_2"))


def test_baseline_counts_those_recorded_with_a_row_for_the_missing_and_tests_as_scipy():
    sex = ["Female", "Male", "Male", "Male", None, "Female", "Female", "Female", "Male", "Female", "Female", "Male"]
    age = [50.0, 61, 72, NAN, 66, 58, 81, 49, 60, 77, 71, 70]
    ecog = ["0", "1", "2", "1", "1", "0", "0", None, "3", "1", "1", "0"]
    groups = [CHEMO] * 4 + [CHEMO_IO] * 4 + [IO] * 3 + [None]
    lcnec = made({"AGE": age, "SEX": sex, "ECOG": ecog, "RACE": [None] * 12, "FIRST_LINE_REGIMEN": groups})
    table = cohorts.baseline(lcnec, treatment.regimen(lcnec), min_group=2).set_index(["characteristic", "level"])
    assert list(table) == [
        "all (n = 12)", f"{CHEMO} (n = 4)", f"{CHEMO_IO} (n = 4)", f"{IO} (n = 3)", "regimen not recorded (n = 1)",
        "p", "test", f"SMD: {CHEMO} vs {CHEMO_IO}", f"SMD: {CHEMO} vs {IO}", f"SMD: {CHEMO_IO} vs {IO}",
    ]  # fmt: skip
    cells = table.iloc[:, :5]
    # all are all: the one without a regimen is 70, male, and of ECOG 0
    assert list(cells.loc[("Age, years", "median (IQR)")]) == [
        "66 (59–72)", "61 (56–67)", "62 (56–70)", "71 (66–74)", "70 (70–70)",
    ]  # fmt: skip
    assert list(cells.loc[("Age, years", "range")]) == ["49–81", "50–72", "49–81", "60–77", "70–70"]
    assert list(cells.loc[("Age, years", "not recorded")]) == ["1", "1", "0", "0", "0"]
    assert list(cells.loc[("Sex", "Female")]) == ["6/11 (55%)", "1/4 (25%)", "3/3 (100%)", "2/3 (67%)", "0/1 (0%)"]
    assert list(cells.loc[("Sex", "not recorded")]) == ["1", "0", "1", "0", "0"]
    status = "ECOG performance status"
    assert list(cells.loc[(status, "1")]) == ["5/11 (45%)", "2/4 (50%)", "1/3 (33%)", "2/3 (67%)", "0/1 (0%)"]
    assert list(cells.loc[(status, "not recorded")]) == ["1", "0", "1", "0", "0"]
    assert "Race" not in table.index.unique(level=0), "what nobody has recorded is left out"
    known = [[50.0, 61, 72], [66, 58, 81, 49], [60, 77, 71]]
    assert table["p"].loc[("Age, years", "median (IQR)")] == pytest.approx(stats.kruskal(*known).pvalue)
    assert table["test"].loc[[("Age, years", "median (IQR)"), ("Sex", "Female"), (status, "0")]].tolist() == [
        "Kruskal–Wallis", "Fisher's exact", "Fisher's exact",
    ]  # fmt: skip
    assert table["p"].notna().sum() == 3


def test_a_table_with_an_expected_count_under_5_is_tested_as_rs_fisher_test(rscript):
    sex = ["Female"] * 1 + ["Male"] * 9 + ["Female"] * 11 + ["Male"] * 3
    race = [*["Asian"] * 2, *["Black"] * 5, *["White"] * 14, *["Asian"] * 1, *["White"] * 2]
    groups = [CHEMO] * 10 + [CHEMO_IO] * 8 + [IO] * 6
    lcnec = made({"SEX": sex, "RACE": race, "FIRST_LINE_REGIMEN": groups})
    table = cohorts.baseline(lcnec, treatment.regimen(lcnec)).dropna(subset=["p"]).set_index("characteristic")
    for label, values in (("Sex", sex), ("Race", race)):
        grid = pd.crosstab(pd.Series(values), pd.Series(groups)).to_numpy()
        code = f"cat(fisher.test(matrix(c({', '.join(map(str, grid.T.ravel()))}), {len(grid)}))$p.value)"
        done = subprocess.run([rscript, "--vanilla", "-e", code], capture_output=True, text=True, check=True)
        assert table.loc[label, "test"] == "Fisher's exact"
        # compared with random tables: five standard errors
        expected = float(done.stdout)
        assert table.loc[label, "p"] == pytest.approx(expected, abs=5 * (expected * (1 - expected) / 1e5) ** 0.5)


def test_standardised_differences_are_those_of_yang_and_dalton():
    """SAS Global Forum 2012, 335: for a share from both variances, for levels from their covariances."""
    sex = ["Female"] * 9 + ["Male"] * 21 + ["Female"] * 18 + ["Male"] * 12
    age = [*np.linspace(50, 70, 30), *np.linspace(56, 80, 30)]
    stage = ["III"] * 10 + ["IV"] * 15 + ["II"] * 5 + ["III"] * 6 + ["IV"] * 16 + ["II"] * 8
    lcnec = made({"SEX": sex, "AGE": age, "STAGE": stage, "FIRST_LINE_REGIMEN": [CHEMO] * 30 + [IO] * 30})
    table = cohorts.baseline(lcnec, treatment.regimen(lcnec)).set_index("characteristic")
    smd = table[f"SMD: {CHEMO} vs {IO}"].dropna()
    assert smd["Sex"] == pytest.approx(abs(0.3 - 0.6) / np.sqrt((0.3 * 0.7 + 0.6 * 0.4) / 2))
    spread = np.sqrt((np.var(age[:30], ddof=1) + np.var(age[30:], ddof=1)) / 2)
    assert smd["Age, years"] == pytest.approx(abs(np.mean(age[:30]) - np.mean(age[30:])) / spread)
    first, second = np.array([10, 15]) / 30, np.array([6, 16]) / 30
    covariance = sum(np.diag(p) - np.outer(p, p) for p in (first, second)) / 2
    apart = first - second
    assert smd["Stage"] == pytest.approx(np.sqrt(apart @ np.linalg.inv(covariance) @ apart))


def test_two_groups_by_two_levels_are_tested_as_everywhere_else_without_continuity_correction():
    sex = ["Female"] * 9 + ["Male"] * 21 + ["Female"] * 18 + ["Male"] * 12
    lcnec = made({"SEX": sex, "FIRST_LINE_REGIMEN": [CHEMO] * 30 + [IO] * 30})
    row = cohorts.baseline(lcnec, treatment.regimen(lcnec)).iloc[0]
    assert row["test"] == "chi-squared"
    assert row["p"] == pytest.approx(stats.chi2_contingency([[9, 21], [18, 12]], correction=False).pvalue)
    counts = pd.DataFrame({"k_1": [9], "n_1": [30], "k_2": [18], "n_2": [30]})
    assert row["p"] == pytest.approx(proportions.compare_shares(counts)["p"].iloc[0])


def test_a_group_of_which_nothing_is_recorded_is_a_dash_and_not_tested():
    lcnec = made({"ECOG": ["0", "1", None, None], "AGE": [60.0, 61, NAN, NAN],
                  "FIRST_LINE_REGIMEN": [CHEMO, CHEMO, IO, IO]})  # fmt: skip
    table = cohorts.baseline(lcnec, treatment.regimen(lcnec))
    assert table["p"].isna().all()
    assert list(table.loc[table["level"] != "not recorded", f"{IO} (n = 2)"]) == ["–"] * 4


def test_the_baseline_holds_stage_and_smoking_where_recorded_and_from_either_clinical_table():
    lcnec = made(
        {"SMOKING": ["Never", "Former", "Former", None], "FIRST_LINE_REGIMEN": [CHEMO, CHEMO, IO, IO]},
        {"SAMPLE_ID": ["S0", "S1", "S2", "S3"], "PATIENT_ID": ["P0", "P1", "P2", "P3"],
         "STAGE": ["IV", "III", "IV", "IV"]},
    )  # fmt: skip
    table = cohorts.baseline(lcnec, treatment.regimen(lcnec)).set_index(["characteristic", "level"])
    assert list(table.index.unique(level=0)) == ["Smoking", "Stage"]
    assert table.loc[("Smoking", "Former")].iloc[0] == "2/3 (67%)"
    assert table.loc[("Stage", "IV")].iloc[:3].tolist() == ["3/4 (75%)", "1/2 (50%)", "2/2 (100%)"]
    # codes of a vocabulary are levels, however they look
    coded = made({"SMOKING": [1.0, 4.0, 4.0, 2.0], "FIRST_LINE_REGIMEN": [CHEMO, CHEMO, IO, IO]})
    assert len(cohorts.baseline(coded, treatment.regimen(coded))) == 3


def test_pd_l1_is_cut_at_1_and_50_percent_and_a_primary_tumour_has_no_metastatic_site():
    lcnec = made(
        {"FIRST_LINE_REGIMEN": [CHEMO] * 3 + [IO] * 3},
        {"SAMPLE_ID": [f"S{i}" for i in range(6)], "PATIENT_ID": [f"P{i}" for i in range(6)],
         "PDL1_SCORE": [0, 0.5, 1, 49, 50, NAN], "TMB_NONSYNONYMOUS": [2, 4, 6, 8, 10, NAN],
         "SAMPLE_TYPE": ["Primary", "Primary", "Metastasis", "Metastasis", "Metastasis", None],
         "METASTATIC_SITE": [None, None, "Liver", "Liver", None, None]},
    )  # fmt: skip
    everybody = cohorts.baseline(lcnec, treatment.regimen(lcnec)).set_index(["characteristic", "level"]).iloc[:, 0]
    assert everybody["PD-L1 TPS"].to_dict() == {
        "<1%": "2/5 (40%)", "1–49%": "2/5 (40%)", "≥50%": "1/5 (20%)", "not recorded": "1",
    }  # fmt: skip
    assert everybody["TMB, mutations/Mb"].to_dict() == {
        "median (IQR)": "6.0 (4.0–8.0)", "range": "2.0–10.0", "not recorded": "1",
    }  # fmt: skip
    assert everybody["Metastatic site sampled"].to_dict() == {
        "Liver": "2/4 (50%)", "none (primary tumour)": "2/4 (50%)", "not recorded": "2",
    }  # fmt: skip


def test_one_patient_has_a_baseline_and_groups_may_have_any_name():
    one_patient = cohorts.baseline(made({"AGE": [61.0], "SEX": ["Male"]}), pd.Series(pd.Categorical(["all"]), ["P0"]))
    assert list(one_patient["all (n = 1)"]) == ["61 (61–61)", "61–61", "1/1 (100%)"]
    assert list(one_patient) == ["characteristic", "level", "all (n = 1)", "p", "test"]
    names = ["Test", "Overall"] * 10  # which tableone keeps to itself
    lcnec = made({"SEX": ["Female", "Male"] * 10, "FIRST_LINE_REGIMEN": names})
    table = cohorts.baseline(lcnec, treatment.regimen(lcnec))
    assert table["p"].iloc[0] == pytest.approx(stats.chi2_contingency([[0, 10], [10, 0]], correction=False).pvalue)
    assert table["SMD: Overall vs Test"].isna().all(), "where all of a group are of one level it does not exist"


def test_a_regimen_of_few_has_its_column_and_no_part_in_the_baselines_tests():
    sex = ["Female", "Male"] * 12
    groups = [CHEMO] * 11 + [IO] * 11 + ["surgery", None]
    lcnec = made({"SEX": sex, "FIRST_LINE_REGIMEN": groups})
    table = cohorts.baseline(lcnec, treatment.regimen(lcnec), min_group=5)
    assert "surgery (n = 1)" in table and "regimen not recorded (n = 1)" in table and "all (n = 24)" in table
    grid = pd.crosstab(pd.Series(sex[:22]), pd.Series(groups[:22]))
    assert table["p"].iloc[0] == pytest.approx(stats.chi2_contingency(grid, correction=False).pvalue)
    sentence = cohorts.baseline_sentence({"mine": table})
    assert sentence.startswith("mine: 0 of 1 characteristic tested differ between groups at p < 0.05 (unadjusted)")
    assert sentence.endswith("surgery (n = 1) is shown, not tested: fewer than 5 patients.")
    alone = cohorts.baseline(made({"SEX": sex, "FIRST_LINE_REGIMEN": [CHEMO] * 24}), pd.Series(
        pd.Categorical([CHEMO] * 24), [f"P{i}" for i in range(24)]
    ))  # fmt: skip
    assert list(alone)[2] == "all (n = 24)" and cohorts.baseline_sentence({"mine": alone}) == (
        "mine: no two groups to compare."
    )


def test_a_baseline_of_nothing_says_what_is_lacking():
    with pytest.raises(MissingData, match="none of Age"):
        lcnec = made({"FIRST_LINE_REGIMEN": [CHEMO]})
        cohorts.baseline(lcnec, treatment.regimen(lcnec))


def test_flow_counts_filters_and_who_leaves_and_a_patient_without_a_sample_is_not_genotyped():
    calls = pd.DataFrame(
        {"Tumor_Sample_Barcode": ["S0"], "Hugo_Symbol": ["TP53"], "Variant_Classification": ["Missense_Mutation"]}
    )
    lcnec = Cohort(
        "made",
        with_survival(
            [1, 2, 3, NAN],
            [True] * 4,
            FIRST_LINE_REGIMEN=[CHEMO, None, IO, IO],
            TRANSCRIPTOME=["YES", "NO", "YES", None],
        ).patients,  # fmt: skip
        pd.DataFrame({"PATIENT_ID": ["P0", "P1", "P2"]}, index=pd.Index(["S0", "S1", "S2"], name="SAMPLE_ID")),
        mutations=calls,
        panel_of=pd.Series({"S0": "wide", "S1": "wide", "S2": "narrow"}),
        panel_genes={"wide": {"KEAP1", "KRAS", "STK11", "TP53", "RB1"}, "narrow": {"TP53"}},
    )
    steps = cohorts.flow(lcnec, "cohort").set_index("step")
    assert steps["n"].to_dict() == {
        "cohort": 4, "cohort genotype": 2, "cohort expression": 2, "cohort treated": 3, "cohort outcome": 2,
    }  # fmt: skip
    assert steps["left"].dropna().to_dict() == {
        "cohort genotype": 2, "cohort expression": 2, "cohort treated": 1, "cohort outcome": 1,
    }  # fmt: skip
    assert steps.loc["cohort outcome", "parent"] == "cohort treated"
    assert [finding.value for finding in cohorts.genotype_counts(lcnec, "c1")["n.c1.unknown"]] == [2]


def test_baseline_differences_are_between_the_named_regimens_alone():
    lcnec = made({"SEX": ["Female", "Male"] * 15, "FIRST_LINE_REGIMEN": [CHEMO] * 10 + [IO] * 10 + ["Test"] * 10})
    assert len(cohorts.baseline_differences(lcnec)) == 1
    lcnec = made({"SEX": ["Female", "Male"] * 15, "FIRST_LINE_REGIMEN": [CHEMO] * 26 + [IO] * 4})
    (none,) = cohorts.baseline_differences(lcnec)
    assert none.value is None and f"{CHEMO} (n = 26) and {IO} (n = 4)" in none.note


def test_the_sentence_on_baseline_speaks_of_two_cohorts_and_one_that_cannot_be_asked_leaves_it_open():
    asked = made({"SEX": ["Female", "Male"] * 15, "FIRST_LINE_REGIMEN": [CHEMO] * 10 + [IO] * 20})
    other = dataclasses.replace(asked, name="other")
    mute = dataclasses.replace(asked, name="mute", patients=asked.patients.drop(columns="FIRST_LINE_REGIMEN"))
    both = cohorts.baseline_differences_of_both([asked, other])
    assert len(both) == 2 and all(finding.value is not None for finding in both)
    for lacking in ([asked], [asked, asked], [asked, mute]):
        assert all(finding.value is None and finding.note for finding in cohorts.baseline_differences_of_both(lacking))


def test_baseline_and_flow_of_the_twins_are_recounted(one, two):
    for lcnec in (one, two):
        text = text_of(lcnec.folder)
        treated = text[text["FIRST_LINE_REGIMEN"] != ""]
        table = cohorts.baseline(lcnec, treatment.regimen(lcnec)).set_index(["characteristic", "level"])
        unrecorded = f"regimen not recorded (n = {len(text) - len(treated)})"
        assert (unrecorded in table) == (len(text) > len(treated)) and f"all (n = {len(text)})" in table
        for column, label in (("SEX", "Sex"), ("ECOG", "ECOG performance status"), ("M_STAGE", "M stage")):
            if column not in treated:
                assert label not in table.index.unique(level=0)
                continue
            of_all = text[text[column] != ""]
            for level, k in of_all[column].value_counts().items():
                assert table.loc[(label, level)].iloc[0].startswith(f"{k}/{len(of_all)} ("), (label, level)
            known = treated[treated[column] != ""]
            grid = pd.crosstab(known[column], known["FIRST_LINE_REGIMEN"])
            p = table.loc[label]["p"].dropna().item()
            if stats.contingency.expected_freq(grid).min() >= 5:
                assert p == pytest.approx(stats.chi2_contingency(grid, correction=False).pvalue)
            else:
                assert (table.loc[label]["test"].dropna() == "Fisher's exact").all()
            missing = len(text) - len(of_all)
            assert (f"{missing}" == table.loc[(label, "not recorded")].iloc[0]) if missing else True
        steps = cohorts.flow(lcnec, "x").set_index("step")["n"]
        assert (steps["x"], steps["x treated"]) == (len(text), len(treated))
        assert steps["x outcome"] == int((treated[["OS_MONTHS", "OS_STATUS"]] != "").all(axis=1).sum())


def test_without_overall_survival_the_baseline_is_drawn_all_the_same(one):
    lcnec = Cohort(one.name, one.patients.drop(columns=["OS_MONTHS", "OS_STATUS"]), one.samples, study=one.study)
    found = cohorts.patient_counts(lcnec, "c1")
    assert found["n.c1"][0].value == 217
