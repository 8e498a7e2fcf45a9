"""Regulatory T cells and neurologic events: planted, absent and odd cases, and the printed Fisher p by hand. 2 s."""

import dataclasses
from fractions import Fraction
from math import comb

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import stats

from lcnec_utils.core.errors import MissingData
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.studies.car_t import outcome_figures, toxicity
from lcnec_utils.studies.car_t.toxicity import CHECKPOINT_STATES, TREG
from tests.studies.car_t.made_up_recipients import recipients

CUTS = {"low_quantile": 0.125}


@pytest.fixture(scope="module")
def cohort():
    return recipients()


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def answer(tail: str, findings) -> str:
    return verdicts.verdict(claims.published()[f"zuma1.z1_treg_ne.{tail}"], findings)[0]


def test_tregs_planted_low_with_severe_events_are_found_in_every_checkpoint_state(cohort):
    of = toxicity.regulatory_cells(cohort, **CUTS)
    answers = toxicity.toxicity_findings(of)
    assert [finding.upper < 1 for finding in answers["treg"]] == [True] * len(CHECKPOINT_STATES)
    assert answer("treg", answers["treg"]) == "compatible"
    severe = (cohort.patients["NE_GRADE"] >= 3).to_numpy()
    cells = of.known.values[TREG].to_numpy()
    assert answers["treg"][0].p == pytest.approx(stats.mannwhitneyu(cells[severe], cells[~severe]).pvalue, rel=1e-9)


def test_without_an_effect_no_difference_is_claimed():
    answers = toxicity.toxicity_findings(toxicity.regulatory_cells(recipients(60, seed=6, effect=0.0), **CUTS))
    assert answer("treg", answers["treg"]) == "inconclusive"


def test_the_corner_and_the_favourable_quadrant_are_counted_by_hand(cohort):
    of = toxicity.regulatory_cells(cohort, **CUTS)
    values = of.known.values
    treg, positive, cd8 = (values[name].to_numpy() for name in (TREG, "Tregs, PD-1+", "CD8+ PD-1+"))
    few = treg <= np.quantile(treg, 0.125)
    severe = (cohort.patients["NE_GRADE"] >= 3).to_numpy()
    table = toxicity.corner_table(of)
    assert table["n"].tolist() == [few.sum(), (~few).sum()] and few.sum() == 5
    assert table["k"].tolist() == [(few & severe).sum(), (~few & severe).sum()]
    favourable = (cd8 > np.quantile(cd8, 0.75)) & (positive > np.quantile(positive, 0.25))
    answers = toxicity.toxicity_findings(of)
    well = ((cohort.patients["BEST_RESPONSE"] == "CR") & ~severe).to_numpy()
    [difference] = answers["favourable_quadrant.outcome"]
    assert difference.value == pytest.approx(well[favourable].mean() - well[~favourable].mean())


def test_a_patient_without_cd8_pd1_cells_is_not_in_the_corner(cohort):
    """The text says "yet measurable CD8 PD-1 T cells"."""
    first = toxicity.regulatory_cells(cohort, **CUTS)
    patient = first.known.values["corner"].astype(bool).idxmax()
    own = (cohort.positivity["sample"] == f"{patient}-baseline") & (cohort.positivity["assay"] == "TCE")
    cells = own & (cohort.positivity["CD8"] == "+") & (cohort.positivity["PD1"] == "+")
    without = dataclasses.replace(cohort, positivity=cohort.positivity[~cells])
    second = toxicity.regulatory_cells(without, **CUTS)
    assert not second.known.values["corner"].astype(bool)[patient]
    assert toxicity.corner_table(second)["n"].tolist() == [4, 36]


def test_a_patient_without_a_stained_biopsy_is_neither_in_a_corner_nor_among_the_others(cohort):
    """Nor is one whose grade is not known counted by the response alone."""
    gone = cohort.positivity["sample"].isin([f"P0{i}-baseline" for i in range(5)]) & (
        cohort.positivity["assay"] == "TCE"
    )
    patients = cohort.patients.assign(
        NE_GRADE=cohort.patients["NE_GRADE"].mask(cohort.patients.index.isin(["P05", "P06", "P07"]))
    )
    less = dataclasses.replace(
        cohort, patients=patients, positivity=cohort.positivity[~gone],
        densities=cohort.densities[~(cohort.densities["sample"].isin([f"P0{i}-baseline" for i in range(5)])
                                     & (cohort.densities["assay"] == "TCE"))],
    )  # fmt: skip
    of = toxicity.regulatory_cells(less, **CUTS)
    assert of.known.values[["corner", "favourable"]].isna().sum().tolist() == [5, 5]
    assert of.known.values["complete_response_without_event"].isna().sum() == 3
    answers = toxicity.toxicity_findings(of)
    assert answers["favourable_quadrant.outcome"][0].n == 40 - 5 - 3 and toxicity.corner_table(of)["n"].sum() == 32


def test_what_is_printed_of_the_corner_is_read_from_the_claims():
    """The text: 4/5, P = 5.7 × 10; 46 patients with a biopsy before infusion, nine of them with frozen tissue alone."""
    assert toxicity.printed_corner() == (4, 5, "5.7")
    assert toxicity.most_others() == {"biopsy before infusion": 41, "fixed tissue": 32}


def by_hand(k: int, n: int) -> float:
    """Fisher's two-sided p of 4 of 5 against k of n, in whole numbers."""
    ways = {one: comb(5, one) * comb(n, 4 + k - one) for one in range(max(0, 4 + k - n), min(5, 4 + k) + 1)}
    return float(Fraction(sum(way for way in ways.values() if way <= ways[4]), comb(5 + n, 4 + k)))


def test_the_printed_p_belongs_to_one_table_for_each_of_two_exponents_that_the_text_allows():
    """.0057 is of 6 of 41 and .057 of 10 of 32; .57 has the larger share outside the corner, against the text."""
    assert by_hand(6, 41) == pytest.approx(0.0056994, abs=5e-7) and by_hand(10, 32) == pytest.approx(0.05741, abs=5e-6)
    found = toxicity.printed_tables()
    allowed = {(row.exponent, row.k_other, row.n_other) for row in found.itertuples() if row.more}
    assert allowed == {(-3, 6, 41), (-2, 10, 32)}
    assert [row.p == pytest.approx(by_hand(row.k_other, row.n_other)) for row in found.itertuples()] == [True] * 3
    others = {
        (k, n) for n in range(1, 42) for k in range(n + 1) if f"{by_hand(k, n):.1e}".startswith("5.7e") and k / n < 0.8
    }
    assert others == {(k, n) for _, k, n in allowed}
    assert "None of them is chosen" in toxicity.printed_sentence()
    assert "6 of 41" in toxicity.printed_sentence() and "10 of 32" in toxicity.printed_sentence()


def test_where_nobody_had_an_event_nothing_is_compared(cohort):
    nobody = dataclasses.replace(cohort, patients=cohort.patients.assign(NE_GRADE=0.0))
    of = toxicity.regulatory_cells(nobody, **CUTS)
    answers = toxicity.toxicity_findings(of)
    assert all(finding.value is None and "0 and 40 patients" in finding.note for finding in answers["treg"])
    assert answers["low_treg_corner"][0].value == 0 and answers["low_treg_corner"][0].lower < 0
    fig = outcome_figures.regulatory_cells(of, title="nobody")
    assert sum("0 and 40 patients" in " ".join(text.get_text().split()) for text in fig.axes[0].texts) == 4
    blank = dataclasses.replace(cohort, patients=cohort.patients.drop(columns="NE_GRADE"))
    with pytest.raises(MissingData, match="NE_GRADE"):
        toxicity.regulatory_cells(blank, **CUTS)


def test_every_claim_of_the_panel_is_answered(cohort):
    answers = toxicity.toxicity_findings(toxicity.regulatory_cells(cohort, **CUTS))
    asked = {
        claim.id for claim in claims.published().values() if claim.panel == "z1_treg_ne" and claim.source == "zuma1"
    }
    assert {f"zuma1.z1_treg_ne.{tail}" for tail in answers} == asked
    declined = {tail for tail, findings in answers.items() if answer(tail, findings) not in verdicts.ANSWERS}
    assert declined == {"favourable_quadrant"}, "a quarter above our own cut of a quarter is no finding"
    assert "no cut" in answers["favourable_quadrant"][0].note
    assert all(answer(f"ne_grade_cut.{place}", answers[f"ne_grade_cut.{place}"]) == "equal"
               for place in ("pivotal", "results", "discussion"))  # fmt: skip


def test_the_figure_rings_the_corner_and_counts_it(cohort):
    of = toxicity.regulatory_cells(cohort, **CUTS)
    fig = outcome_figures.regulatory_cells(of, title="made up")
    assert "(n = 5)" in fig.axes[2].get_legend().get_texts()[-1].get_text()
    assert "Fisher" in toxicity.toxicity_sentence(of)
