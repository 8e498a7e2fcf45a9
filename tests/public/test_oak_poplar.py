"""OAK and POPLAR: patients, published medians, and the burden in blood against its own list of mutations."""

import pandas as pd
import pytest

from lcnec_utils.cohort.read import read_study
from lcnec_utils.core.errors import UserError
from lcnec_utils.public import oak_poplar
from lcnec_utils.stats import survival


@pytest.fixture(scope="module")
def trials(public_cohort):
    return {name: read_study(public_cohort(name)) for name in ("oak", "poplar")}


@pytest.mark.parametrize(
    ("name", "patients", "arms"),
    [
        ("oak", 850, {"atezolizumab": 425, "docetaxel": 425}),
        ("poplar", 287, {"atezolizumab": 144, "docetaxel": 143}),
    ],
)
def test_all_randomised_patients_are_there(trials, name, patients, arms):
    cohort = trials[name]
    assert len(cohort.patients) == patients and cohort.patients["ARM"].value_counts().to_dict() == arms
    for endpoint in ("OS", "PFS"):
        assert len(cohort.survival(endpoint)) == patients
    assert cohort.words == {} == cohort.refused and cohort.os_origin == "randomisation"


# Rittmeyer et al., Lancet 2017; Fehrenbacher et al., Lancet 2016
@pytest.mark.parametrize(
    ("name", "endpoint", "atezolizumab", "docetaxel"),
    [("oak", "OS", 13.8, 9.6), ("oak", "PFS", 2.8, 4.0), ("poplar", "OS", 12.6, 9.7), ("poplar", "PFS", 2.7, 3.0)],
)
def test_medians_are_those_published(trials, name, endpoint, atezolizumab, docetaxel):
    """An inverted CNSR would give others. POPLAR's follow-up here is longer than in its first report."""
    cohort = trials[name]
    table = cohort.survival(endpoint).join(cohort.patients["ARM"])
    medians = survival.medians(table, group="ARM").set_index("group")["median"]
    tolerance = 0.05 if name == "oak" else 0.4
    assert medians["atezolizumab"] == pytest.approx(atezolizumab, abs=tolerance)
    assert medians["docetaxel"] == pytest.approx(docetaxel, abs=tolerance)


def test_the_burden_in_blood_counts_the_listed_mutations_without_known_drivers(trials, public_cohort):
    counted = 0
    for name, cohort in trials.items():
        calls = pd.read_csv(public_cohort(name) / "data_mutations.txt", sep="\t")
        kept = calls[calls["OMITTED_FROM_BURDEN"] == "no"].groupby("Tumor_Sample_Barcode").size()
        burden = pd.to_numeric(cohort.samples["BLOOD_TMB_COUNT"]).dropna()
        evaluable = burden.index[burden.index.isin(calls["Tumor_Sample_Barcode"])]
        assert (burden[evaluable] == kept.reindex(evaluable).fillna(0)).all()
        counted += len(evaluable)
    assert counted == 853


def test_only_patients_with_an_evaluable_burden_count_as_sequenced(trials):
    assert {name: int(cohort.profiled("KRAS").sum()) for name, cohort in trials.items()} == {"oak": 642, "poplar": 211}


def test_synonymous_mutations_alter_no_gene(trials, public_cohort):
    listed = sum(len(pd.read_csv(public_cohort(name) / "data_mutations.txt", sep="\t")) for name in trials)
    assert listed == 12_022
    assert sum(len(cohort.mutations) for cohort in trials.values()) == 12_022 - 2_355


def test_blood_misses_mutations_of_the_tissue_and_says_so(trials):
    for cohort in trials.values():
        assert "KRAS mutations" in cohort.caveats["variants"]
        assert any("KRAS mutated in tissue" in note for note in cohort.study["notes"])
    samples, calls = trials["oak"].samples, trials["oak"].mutations
    positive = samples.index[(samples["EGFR_STATUS"] == "positive") & samples["GENE_PANEL"].notna()]
    negative = samples.index[(samples["EGFR_STATUS"] == "negative") & samples["GENE_PANEL"].notna()]
    in_blood = set(calls.loc[calls["Hugo_Symbol"] == "EGFR", "Tumor_Sample_Barcode"])
    assert positive.isin(in_blood).mean() > 10 * negative.isin(in_blood).mean()  # the join of both sheets is right


def test_pdl1_of_oak_is_by_tumour_or_immune_cells(trials):
    high, low = (trials["oak"].samples[name] for name in ("PDL1_TC3_IC3", "PDL1_TC1_IC1"))
    assert (high == "YES").sum() == 137 and (low == "YES").sum() == 463
    assert not (low[high == "YES"] == "NO").any()  # TC3 or IC3 is TC1 or IC1 too
    assert "PDL1_SCORE" not in trials["oak"].samples and "PDL1_TC3_IC3" not in trials["poplar"].samples


def test_the_treated_arm_is_a_cohort_of_its_own_that_overlaps_the_trial(public_cohort, trials):
    arm = read_study(public_cohort("oak_atezolizumab"))
    assert len(arm.patients) == 425 and set(arm.patients["ARM"]) == {"atezolizumab"}
    assert set(arm.mutations["Tumor_Sample_Barcode"]) <= set(arm.samples.index)
    assert arm.study["overlap_group"] == trials["oak"].study["overlap_group"] == "oak"


def test_a_point_is_no_number_and_anything_else_is_refused():
    assert oak_poplar._numbers(pd.Series([".", 3, "4"]), "btmb").tolist()[1:] == [3, 4]
    with pytest.raises(UserError, match="btmb"):
        oak_poplar._numbers(pd.Series(["3 or 4"]), "btmb")
