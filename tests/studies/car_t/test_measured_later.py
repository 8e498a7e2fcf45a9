"""Features measured after infusion, on patients whose times are known. Costs about three seconds."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.units import DAYS_PER_MONTH
from lcnec_utils.stats.cox import cox
from lcnec_utils.studies.car_t import measured_later
from lcnec_utils.studies.car_t.measured_later import EARLY_CYTOTOXIC, EARLY_T, KNOWN, LANDMARK, PEAK, VARYING
from tests.stats.survival_tables import same

N = 60


def recipients(*, peaks: bool = True, biopsies: bool = True) -> Cohort:
    """Sixty patients; the peak and the biopsies have no effect, and who died before their day has none."""
    rng = np.random.default_rng(4)
    people = pd.Index([f"P{i:02}" for i in range(N)], name="PATIENT_ID")
    days = np.ceil(rng.exponential(300, N) + rng.random(N))
    patients = pd.DataFrame({"OS_MONTHS": days / DAYS_PER_MONTH, "OS_STATUS": rng.random(N) < 0.8}, index=people)
    peak = rng.integers(5, 40, N)
    if peaks:
        had = days >= peak
        patients["CAR_PEAK_PER_UL"] = np.where(had, np.exp(rng.normal(3, 1, N)), np.nan)
        patients["CAR_PEAK_DAY"] = np.where(had, peak, np.nan)
    taken = [(p, rng.integers(7, 15), fixation) for p in range(0, N, 2) for fixation in ("FFPE", "FF") if days[p] >= 15]
    samples = pd.DataFrame(
        {"SAMPLE_ID": [f"S{p:02}{fixation}" for p, _, fixation in taken], "PATIENT_ID": [people[p] for p, *_ in taken],
         "BIOPSY_TIME": "early", "BIOPSY_DAY": [day for _, day, _ in taken], "FIXATION": [fix for *_, fix in taken]}
    ).set_index("SAMPLE_ID")  # fmt: skip
    densities = None
    if biopsies:
        fixed = samples.index[samples["FIXATION"] == "FFPE"]
        densities = pd.DataFrame({"sample": fixed, "assay": "TL", "population": "CD3+",
                                  "per_mm2": np.exp(rng.normal(6, 1, len(fixed)))})  # fmt: skip
    return Cohort("recipients", patients, samples, densities=densities)


def later(cohort: Cohort, **more) -> measured_later.Later:
    settings = {"day": 30, "quantile": 0.5, "min_group": 5, "seed": 1, "draws": 50} | more
    return measured_later.measured_later(cohort, **settings)


def test_the_landmark_and_the_naive_model_are_cox_models_of_their_own_patients():
    cohort = recipients()
    # those who peak late peak high: a cut of all would be above most of what is known at the landmark
    late = cohort.patients["CAR_PEAK_DAY"] > 30
    cohort.patients.loc[late, "CAR_PEAK_PER_UL"] *= 1000
    table = later(cohort).table.set_index(["feature", "analysis"])
    survival = cohort.survival("OS").join(cohort.patients[["CAR_PEAK_PER_UL", "CAR_PEAK_DAY"]])
    survival["high"] = (survival["CAR_PEAK_PER_UL"] > survival["CAR_PEAK_PER_UL"].median()).astype(float)
    known = survival.dropna()
    row, naive = table.loc[(PEAK, KNOWN)], cox(known, covariates=["high"]).iloc[0]
    same([row["hr"], row["lower"], row["p"], row["n"]], [naive["hr"], naive["lower"], naive["p"], len(known)], 1e-9)
    at = 30 / DAYS_PER_MONTH
    followed = survival[survival["months"] >= at]
    # the cut is of the peaks that were known by then
    known_then = survival.loc[survival["CAR_PEAK_DAY"] <= 30, "CAR_PEAK_PER_UL"]
    followed = followed.assign(high=(followed["CAR_PEAK_PER_UL"] > known_then.median()).astype(float))
    by_then = followed[followed["CAR_PEAK_DAY"] <= 30].assign(months=lambda each: each["months"] - at)
    row, model = table.loc[(PEAK, LANDMARK)], cox(by_then, covariates=["high"]).iloc[0]
    same(
        [row["hr"], row["upper"], row["n"], row["events"]], [model["hr"], model["upper"], len(by_then), model["events"]]
    )
    gone = survival[survival["months"] < at]
    assert (row["dead"], row["lost"]) == (gone["event"].sum(), (~gone["event"]).sum())
    assert row["unknown"] == len(followed) - len(by_then) > 0


def test_the_time_varying_model_puts_each_patient_under_observation_at_the_measurement():
    """With nothing known before the measurement, it is a model of delayed entry."""
    cohort = recipients()
    table = later(cohort).table.set_index(["feature", "analysis"])
    fixed = cohort.samples[cohort.samples["FIXATION"] == "FFPE"].reset_index().set_index("PATIENT_ID")
    density = cohort.densities.set_index("sample")["per_mm2"].reindex(fixed["SAMPLE_ID"]).to_numpy()
    rows = cohort.survival("OS").loc[fixed.index].assign(
        high=(density > np.median(density)).astype(float), entry=fixed["BIOPSY_DAY"].to_numpy() / DAYS_PER_MONTH
    )  # fmt: skip
    model, row = cox(rows, covariates=["high"]).iloc[0], table.loc[(EARLY_T, VARYING)]
    same([row["hr"], row["lower"], row["upper"]], [model["hr"], model["lower"], model["upper"]], 1e-7)
    assert row["n"] == len(rows) and row["counts"] == f"{int(rows['high'].sum())} of {len(rows)}"


def test_a_cohort_that_does_not_say_how_its_biopsies_were_fixed_is_read_as_elsewhere():
    """All its stained specimens count; one that does not say when they were taken has none after infusion."""
    cohort, other = recipients(), recipients()
    cohort.samples = cohort.samples.drop(columns="FIXATION")
    same_as = later(recipients()).table.set_index(["feature", "analysis"]).loc[(EARLY_T, VARYING)]
    row = later(cohort).table.set_index(["feature", "analysis"]).loc[(EARLY_T, VARYING)]
    assert row["n"] == same_as["n"] and row["hr"] == pytest.approx(same_as["hr"])
    other.samples = other.samples.drop(columns="BIOPSY_TIME")
    assert "specimen at early" in later(other).left_out[EARLY_T]


def test_the_sentence_says_who_is_in_no_model_and_how_the_simulation_differs():
    says = measured_later.sentence(later(recipients()))
    assert "never measured is in none of these models" in says and "never had it count as without it" in says


def test_what_is_lacking_or_measured_after_death_is_left_out_and_said():
    frozen, fixed = recipients(), recipients()
    first = fixed.samples.index[fixed.samples["FIXATION"] == "FFPE"][0]
    # cells are counted in fixed tissue alone: the day of a frozen specimen does not matter
    frozen.samples.loc[first.replace("FFPE", "FF"), "BIOPSY_DAY"] = 5000
    found = later(frozen)
    assert EARLY_T in set(found.table["feature"]) and "no density" in found.left_out[EARLY_CYTOTOXIC]
    fixed.samples.loc[first, "BIOPSY_DAY"] = 5000
    late = later(fixed)
    assert "after the patient's event or last follow-up" in late.left_out[EARLY_T]
    assert set(late.table["feature"]) == {PEAK}
    assert EARLY_T in measured_later.sentence(late)


def test_a_cohort_with_nothing_after_infusion_or_without_survival_is_a_stated_skip():
    with pytest.raises(MissingData, match="CAR T cell peak.*no stained cells"):
        later(recipients(peaks=False, biopsies=False))
    cohort = recipients()
    with pytest.raises(MissingData, match="no overall survival"):
        later(Cohort("c", cohort.patients.drop(columns="OS_MONTHS"), cohort.samples, densities=cohort.densities))


def test_few_patients_are_not_tested():
    table = later(recipients(), min_group=40).table
    assert table["hr"].isna().all() and set(table["note"]) == {"fewer than 40 patients on a side"}


def test_the_figure_holds_a_row_per_model_and_a_box_per_analysis():
    found = later(recipients())
    figure = measured_later.figure(found, title="Measured after infusion")
    forest, simulated = figure.axes[:2]
    words = [text.get_text() for text in forest.texts]
    assert sum("landmark, day 30" in word.replace("\n", " ") for word in words) == 2
    labels = [label.get_text().replace("\n", " ") for label in simulated.get_yticklabels()]
    assert len(labels) == 3 and all("95% CI covers 1 in" in label and "(n = 50)" in label for label in labels)
    assert simulated.get_xscale() == "log"
    plt.close(figure)
