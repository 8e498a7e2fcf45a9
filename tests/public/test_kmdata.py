"""Reconstructed curves against the medians and hazard ratios that the trials published."""

import pytest

from lcnec_utils.cohort.read import read_study
from lcnec_utils.public import fetch
from lcnec_utils.stats import cox, survival

# cohort: arm → (patients, published median); hazard ratio. Brahmer 2015, Borghaei 2015, Reck 2016
PUBLISHED = {
    "checkmate_017_os": ({"nivolumab": (135, 9.2), "docetaxel": (137, 6.0)}, 0.59),
    "checkmate_017_pfs": ({"nivolumab": (135, 3.5), "docetaxel": (137, 2.8)}, 0.62),
    "checkmate_057_os": ({"nivolumab": (292, 12.2), "docetaxel": (290, 9.4)}, 0.73),
    "checkmate_057_pfs": ({"nivolumab": (292, 2.3), "docetaxel": (290, 4.2)}, 0.92),
    "keynote_024_pfs": ({"pembrolizumab": (154, 10.3), "platinum-based chemotherapy": (151, 6.0)}, 0.50),
    "keynote_024_os": ({"pembrolizumab": (154, None), "platinum-based chemotherapy": (151, None)}, 0.60),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_reconstructed_curve_is_the_published_one(public_cohort, name):
    arms, ratio = PUBLISHED[name]
    cohort = read_study(public_cohort(f"kmdata_{name}"))
    endpoint = name.rsplit("_", 1)[1].upper()
    table = cohort.survival(endpoint).join(cohort.patients["ARM"])
    medians = survival.medians(table, group="ARM").set_index("group")
    for arm, (patients, median) in arms.items():
        assert medians.loc[arm, "n"] == patients
        if median is not None:
            assert medians.loc[arm, "median"] == pytest.approx(median, abs=0.15)
        else:
            assert medians.loc[arm].isna()["median"]
    treated = table.assign(treated=table["ARM"].isin(["nivolumab", "pembrolizumab"]))
    effect = cox.univariable_cox(treated, markers=["treated"]).iloc[0]
    assert effect["hr"] == pytest.approx(ratio, abs=0.04)
    assert cohort.words == {} == cohort.refused and "reconstructed" in cohort.caveats


def test_two_curves_of_a_trial_are_one_body_of_evidence():
    groups = {
        name: entry["overlap_group"]
        for name, entry in fetch.registry()["cohorts"].items()
        if entry["dataset"] == "kmdata"
    }
    assert len(groups) == 6
    assert all(name.removeprefix("kmdata_").rsplit("_", 1)[0] == group for name, group in groups.items())
