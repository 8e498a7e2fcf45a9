"""Diffuse large B-cell lymphoma: who has follow-up, which status means death, and what was measured.

Costs about three seconds.
"""

import numpy as np
import pandas as pd
import pytest
import yaml

from lcnec_utils.cohort.read import read_study
from lcnec_utils.core.errors import UserError
from lcnec_utils.public import dlbcl
from lcnec_utils.stats.cox import cox


@pytest.fixture(scope="module")
def merged(data_dir) -> pd.DataFrame:
    """The merged table of both centres as its file has it."""
    import pyreadr

    return next(iter(pyreadr.read_r(str(data_dir / "dlbcl_landscape" / dlbcl.CLINICAL)).values()))


@pytest.fixture(scope="module")
def duke(merged) -> pd.DataFrame:
    return merged[merged["source"] == "duke"]


def test_nci_has_234_patients_with_follow_up_of_whom_98_died(public_cohort):
    cohort = read_study(public_cohort("dlbcl_nci"))
    table = cohort.survival("OS")
    assert (len(cohort.patients), len(table), int(table["event"].sum())) == (481, 234, 98)
    assert table.attrs["dropped"] == 247
    assert cohort.words == {} == cohort.refused and not cohort.simulated and cohort.os_origin == "unknown"
    progression = cohort.survival("PFS")
    assert (len(progression), int(progression["event"].sum())) == (229, 107)
    assert (progression["months"] <= table.loc[progression.index, "months"] + 1e-9).all()


def test_followed_patients_of_nci_had_immunochemotherapy_after_a_first_biopsy(public_cohort):
    cohort = read_study(public_cohort("dlbcl_nci"))
    followed = cohort.survival("OS").index
    assert set(cohort.patients.loc[followed, "TREATMENT"]) == {"Immunochemotherapy"}
    assert set(cohort.column("BIOPSY_TYPE", "biopsy").loc[followed]) == {"Pre-treatment"}
    others = cohort.patients.index.difference(followed)
    assert set(cohort.patients.loc[others, "INCLUDED_IN_SURVIVAL_ANALYSIS"]) == {"No"}


def test_months_of_nci_are_the_days_of_follow_up(public_cohort, merged):
    table = read_study(public_cohort("dlbcl_nci")).survival("OS")
    days = merged.loc[table.index, "days_to_last_follow_up"]
    assert (table["months"] * 365.25 / 12 - days).abs().max() < 5  # its years are of 365 days


def test_ecog_of_nci_is_a_grade_or_empty(public_cohort, merged):
    ecog = pd.to_numeric(read_study(public_cohort("dlbcl_nci")).patients["ECOG"])
    recorded = merged.loc[merged["source"] == "nci", "ECOG Performance Status"]
    assert set(ecog.dropna()) == {0, 1, 2, 3, 4} and int(ecog.notna().sum()) == int(recorded.notna().sum()) - 5


def test_status_of_duke_as_it_stands_would_have_survivors_die(duke):
    """Read as its name says (1 is a death), a higher prognostic index, age and no response would protect."""
    dead = {"as it stands": duke["os_status"], "inverted": 1 - duke["os_status"]}
    index = pd.to_numeric(duke["ipi_initial"].astype(object))
    unresponsive = (duke["Response to initial therapy"] == "No response").astype(float)
    for reading, harmful in (("as it stands", False), ("inverted", True)):
        for marker in (index, duke["age"] / 10, unresponsive):
            table = pd.DataFrame({"months": 12 * duke["os_years"], "event": dead[reading], "marker": marker}).dropna()
            ratio = cox(table[table["months"] > 0].astype({"event": bool}), covariates=["marker"]).iloc[0]
            assert (ratio["lower"] > 1) == harmful, (reading, marker.name)
            assert harmful or ratio["hr"] < 1
    by_index = dead["as it stands"].groupby(index).mean()
    assert by_index.loc[0] > 0.9 and by_index.loc[5] < 0.35, "of those at the lowest risk nine in ten would have died"


def test_deaths_of_duke_are_those_not_censored(public_cohort, duke):
    cohort = read_study(public_cohort("dlbcl_duke"))
    table = cohort.survival("OS")
    assert (len(cohort.patients), len(table), int(table["event"].sum())) == (708, 689, 227)
    assert (table["event"].astype(float) == 1 - duke.loc[table.index, "os_status"]).all()
    assert cohort.words == {} == cohort.refused
    # survival at five years after R-CHOP is between one half and three quarters
    from lifelines import KaplanMeierFitter

    assert 0.5 < KaplanMeierFitter().fit(table["months"], table["event"]).predict(60) < 0.75
    notes = yaml.safe_load((public_cohort("dlbcl_duke") / "cohort.yaml").read_text())["notes"]
    assert "47 of 54 patients without a response to the first therapy died and 121 of 544" in notes[0]


def test_a_status_of_duke_that_is_recoded_is_refused_not_guessed(duke):
    with pytest.raises(UserError, match="os_status of Duke: read as 1 = censored, 7 of 54") as error:
        dlbcl.deaths_of_duke(duke.assign(os_status=1 - duke["os_status"]))
    assert "\n" not in str(error.value)
    with pytest.raises(UserError, match="its code is unknown"):
        dlbcl.deaths_of_duke(duke.assign(**{dlbcl.RESPONSE: np.nan}))


def test_a_status_of_nci_that_contradicts_vital_status_is_refused(merged):
    nci = merged[merged["source"] == "nci"]
    with pytest.raises(UserError, match="contradicts demographic.vital_status"):
        dlbcl.deaths_of_nci(nci.assign(os_status=1 - nci["os_status"]))


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("dlbcl_nci", {"ABC": 243, "GCB": 138, "Unclassified": 100}),
        ("dlbcl_duke", {"GCB": 301, "ABC": 291, "Unclassified": 116}),
    ],
)
def test_every_tumour_has_a_cell_of_origin_and_26_scores_of_cells(public_cohort, name, origin):
    cohort = read_study(public_cohort(name))
    assert cohort.samples["CELL_OF_ORIGIN"].value_counts().to_dict() == origin
    cells = [column for column in cohort.samples if column.startswith("CIBERSORTX_")]
    assert len(cells) == 30 and cohort.samples[cells].notna().all(axis=None)
    scores = cohort.samples[cells].apply(pd.to_numeric)
    quality = ["CIBERSORTX_P_VALUE", "CIBERSORTX_CORRELATION", "CIBERSORTX_RMSE"]
    whole = "CIBERSORTX_ABSOLUTE_SCORE_SIG_SCORE"
    parts = scores.drop(columns=[*quality, whole])
    # an absolute score is what those of the kinds of cell sum to
    np.testing.assert_allclose(parts.sum(axis=1), scores[whole], rtol=1e-6)
    assert sum(column.startswith("GSVA_") for column in cohort.samples) == (112 if name == "dlbcl_nci" else 0)


def test_t_cells_and_the_gene_set_of_t_cells_agree(public_cohort):
    """Two methods on the same RNA: CIBERSORTx's effector CD8 and the cytolytic score of GSVA rank tumours alike."""
    samples = read_study(public_cohort("dlbcl_nci")).samples
    cells, genes = (pd.to_numeric(samples[name]) for name in ("CIBERSORTX_CD8_EFF", "GSVA_CYT"))
    assert cells.corr(genes, method="spearman") > 0.3


@pytest.mark.parametrize("name", ["dlbcl_nci", "dlbcl_duke"])
def test_the_study_says_that_it_is_lymphoma(public_cohort, name):
    folder = public_cohort(name)
    assert "type_of_cancer: dlbclnos" in (folder / "meta_study.txt").read_text()
    caveats = yaml.safe_load((folder / "cohort.yaml").read_text())["caveats"]
    assert {"histology", "treatment", "time zero", "expression", "selection"} <= set(caveats)


@pytest.mark.parametrize("name", ["dlbcl_nci", "dlbcl_duke"])
def test_lymphoma_of_activated_b_cells_is_the_deadlier(public_cohort, name):
    """Known since Rosenwald et al. (N Engl J Med 2002); with an inverted status it would be the other way round."""
    cohort = read_study(public_cohort(name))
    origin = cohort.column("CELL_OF_ORIGIN", "cell of origin")
    table = cohort.survival("OS").assign(abc=origin.map({"ABC": 1.0, "GCB": 0.0})).dropna()
    assert cox(table[table["months"] > 0], covariates=["abc"]).iloc[0]["lower"] > 1
