"""CD8 subsets, readings whose signs are lost, and myeloid cells by response: planted and empty cases. About 4 s."""

import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lcnec_utils.core.errors import MissingData
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.studies.car_t import cd8_subsets, outcome_figures
from lcnec_utils.studies.car_t.cd8_subsets import ACTIVATED, ACTIVATED_SUBSETS, EXHAUSTED, SUBSETS
from tests.studies.car_t.made_up_recipients import recipients


@pytest.fixture(scope="module")
def cohort():
    return recipients(60, seed=3)


@pytest.fixture(scope="module")
def of(cohort):
    return cd8_subsets.cd8_subsets(cohort, resamples=200, seed=1)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_the_eight_subsets_hold_every_cd8_cell_once(of):
    assert len(SUBSETS) == 8 and {*ACTIVATED_SUBSETS, EXHAUSTED} <= set(SUBSETS)
    values = of.known.values
    np.testing.assert_allclose(values[ACTIVATED], values[ACTIVATED_SUBSETS].sum(axis=1))
    with_pd1 = [name for name in SUBSETS if name.startswith("PD-1+")]
    np.testing.assert_allclose(values["CD8+ PD-1+"], values[with_pd1].sum(axis=1))


def test_p_is_that_of_the_rank_sum_test_and_places_follow_it(of):
    responded = of.known.values["objective_response"].astype(bool)
    rows = of.table.set_index("what")
    z = {}
    for name in SUBSETS:
        sides = [of.known.values.loc[responded == side, name] for side in (True, False)]
        z[name] = stats.mannwhitneyu(*sides, method="asymptotic", use_continuity=False).pvalue
    assert of.places.set_index("what")["p"].to_dict() == pytest.approx(z)
    assert min(z, key=z.get) == of.places.loc[of.places["place"] == 1, "what"].iloc[0]
    assert rows.at[ACTIVATED, "value"] > 1


def test_a_planted_activated_subset_is_first_most_often_and_without_a_plant_none_is_sure(of):
    often = of.places.set_index("what")["first"]
    assert often[ACTIVATED_SUBSETS].sum() > 0.8
    claim = claims.published()["zuma1.z1_cd8_or.activated_vs_other"]
    leading = cd8_subsets.subset_findings(of)["activated_vs_other"]
    assert len(leading) == 6, "each subset but the two activated ones"
    assert min(finding.value for finding in leading) > 0
    responded = of.known.values["objective_response"].to_numpy(bool)
    z = {name: signed_z(of.known.values[name].to_numpy(float), responded) for name in (ACTIVATED, EXHAUSTED)}
    assert of.leads[EXHAUSTED].value == pytest.approx(z[ACTIVATED] - z[EXHAUSTED])
    nothing = cd8_subsets.cd8_subsets(recipients(60, seed=4, effect=0.0), resamples=200, seed=1)
    assert (nothing.places["first"] < 0.9).all()
    leading = cd8_subsets.subset_findings(nothing)["activated_vs_other"]
    assert min(finding.lower for finding in leading) < 0 and verdicts.verdict(claim, leading)[0] != "compatible"


def signed_z(values: np.ndarray, marked: np.ndarray) -> float:
    """z of the rank sum by scipy, positive where the marked are higher."""
    test = stats.mannwhitneyu(values[marked], values[~marked], method="asymptotic", use_continuity=False)
    centre = marked.sum() * (~marked).sum() / 2
    return float(np.sign(test.statistic - centre) * stats.norm.isf(test.pvalue / 2))


def test_activated_cells_that_are_fewer_in_responders_lead_nobody(cohort, of):
    """Turned round, the association is as strong and its sign the other: that is no support of the claim."""
    words = {"CR": "PD", "PR": "PD", "SD": "CR", "PD": "CR"}
    turned = dataclasses.replace(
        cohort, patients=cohort.patients.assign(BEST_RESPONSE=cohort.patients["BEST_RESPONSE"].map(words))
    )
    other = cd8_subsets.cd8_subsets(turned, resamples=200, seed=1)
    assert other.places["first"].sum() == pytest.approx(1)
    for name, finding in other.leads.items():
        assert finding.value == pytest.approx(-of.leads[name].value) and finding.value < 0
    claim = claims.published()["zuma1.z1_cd8_or.activated_vs_other"]
    assert verdicts.verdict(claim, list(other.leads.values()))[0] != "compatible"


def test_a_claim_whose_sign_is_lost_is_answered_by_both_signs(of):
    answers = cd8_subsets.subset_findings(of)
    assert len(answers["pd1_lag3.discussion"]) == 2 and len(answers["myeloid_outcome"]) == 3


def test_a_population_that_nobody_has_is_declined_and_not_called_alike(of):
    """No granulocyte was made: a ratio of zeros would lie within any margin."""
    findings = cd8_subsets.subset_findings(of)["myeloid_outcome"]
    assert [finding.value is None for finding in findings] == [False, False, True]
    assert "does not vary" in findings[2].note
    claim = claims.published()["zuma1.z1_cd8_or.myeloid_outcome"]
    assert verdicts.verdict(claim, findings)[0] not in ("compatible", "equal")


def test_without_a_patient_who_did_not_respond_there_is_no_place(cohort):
    all_well = dataclasses.replace(cohort, patients=cohort.patients.assign(BEST_RESPONSE="CR"))
    of = cd8_subsets.cd8_subsets(all_well, resamples=200, seed=1)
    assert of.places is None and cd8_subsets.place_tables(of) == {}
    for tail, findings in cd8_subsets.subset_findings(of).items():
        if tail != "exhausted.checkpoints":
            assert all(finding.value is None and finding.note for finding in findings), tail
    with pytest.raises(MissingData):
        cd8_subsets.cd8_subsets(
            dataclasses.replace(cohort, patients=cohort.patients.drop(columns="BEST_RESPONSE")), resamples=200, seed=1
        )


def test_every_claim_of_the_panel_is_answered_or_declined_with_a_reason(of):
    answers = cd8_subsets.subset_findings(of)
    asked = {
        claim.id for claim in claims.published().values() if claim.panel == "z1_cd8_or" and claim.source == "zuma1"
    }
    assert {f"zuma1.z1_cd8_or.{tail}" for tail in answers} == asked
    [signature] = answers["myeloid_signature.discussion"]
    assert signature.value is None and "no myeloid genes" in signature.note
    assert verdicts.verdict(claims.published()["zuma1.z1_cd8_or.exhausted.checkpoints"],
                            answers["exhausted.checkpoints"])[0] == "equal"  # fmt: skip


def test_myeloid_cells_are_never_added_up_over_kinds_that_overlap(of):
    table = cd8_subsets.myeloid_and_t_cells(of)
    held = of.known.values[list(cd8_subsets.MYELOID)]
    np.testing.assert_allclose(table["myeloid"], held.max(axis=1))
    assert list(table["group"].cat.categories) == ["CR or PR", "SD or PD"]
    assert pd.isna(of.table.set_index("what").at["Granulocytes (CD15+ CD14-)", "value"])


def test_the_figure_shows_every_subset_once_with_its_medians(of):
    fig = outcome_figures.subsets(of, title="made up")
    words = [text.get_text() for text in fig.axes[0].texts]
    assert all(words.count(f"CD8+ {name}") == 1 for name in SUBSETS)
    assert len(fig.axes[1].patches) == 8
    assert f"{len(of.draws)} resamples" in fig.axes[1].get_xlabel()
    assert "resamples of 60 patients" in cd8_subsets.subset_sentence(of)
