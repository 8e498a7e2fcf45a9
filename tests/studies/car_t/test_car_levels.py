"""CAR T cells and scores by cell of origin, and against T cells of the tumour: second implementations, odd groups.

About 3 s.
"""

import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lcnec_utils.cohort import assays
from lcnec_utils.core.errors import MissingData
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.studies.car_t import car_levels, immune_scores, outcome_figures
from lcnec_utils.studies.car_t.car_levels import HELPER_NO_CHECKPOINT, HELPER_NO_TOX, TC_ALL, TC_TOX, TOX_T_CELLS
from lcnec_utils.studies.car_t.immune_scores import IMMUNOSCORE
from lcnec_utils.studies.car_t.populations import CHECKPOINTS
from tests.studies.car_t.made_up_recipients import recipients


@pytest.fixture(scope="module")
def cohort():
    return recipients()


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def counted(cohort, assay: str, time: str, wanted) -> pd.Series:
    """Cells per mm² by patient of the rows that a function of a row wants, counted one by one."""
    found = {}
    for row in cohort.positivity[cohort.positivity["assay"] == assay].to_dict("records"):
        patient, when = row["sample"].split("-")
        if when == time:
            found[patient] = found.get(patient, 0.0) + (row["cells"] / row["area_mm2"] if wanted(row) else 0.0)
    return pd.Series(found)


def test_populations_after_infusion_are_those_that_the_words_name(cohort):
    """A second count, row by row, without the populations' strings."""

    def marks(row) -> int:
        return sum(row[marker] == "+" for marker in CHECKPOINTS)

    def helper(row) -> bool:
        return row["CD3"] == "+" and row["CD8"] == "-" and row["FOXP3"] == "-"

    def cytotoxic(row) -> bool:
        return row["CD3"] == "+" and row["CD8"] == "+"

    wanted = {
        HELPER_NO_CHECKPOINT: lambda row: helper(row) and marks(row) == 0,
        HELPER_NO_TOX: lambda row: helper(row) and row["TOX"] == "-",
        TC_ALL: lambda row: cytotoxic(row) and marks(row) == 3 and row["TOX"] == "+",
        TC_TOX: lambda row: cytotoxic(row) and marks(row) > 0 and row["TOX"] == "+",
        TOX_T_CELLS: lambda row: row["CD3"] == "+" and row["TOX"] == "+",
    }
    known = car_levels.cells_after(cohort).known.values
    for name, rule in wanted.items():
        expected = counted(cohort, "TCE+", "early", rule)
        assert len(expected) == 20 and expected.gt(0).all()
        pd.testing.assert_series_equal(known[name].dropna(), expected, check_names=False, check_exact=False)


def test_correlations_with_the_peak_are_scipys_with_and_without_burden(cohort):
    of = car_levels.cells_after(cohort)
    answers = car_levels.after_findings(of)
    peak, burden = cohort.patients["CAR_PEAK_PER_UL"], cohort.patients["TUMOR_BURDEN_MM2"]
    cells = of.known.values[HELPER_NO_CHECKPOINT].dropna()
    alone, divided = (answers[id][0] for id in ("non_exhausted_th", "non_exhausted_th.by_burden"))
    assert alone.value == pytest.approx(stats.spearmanr(cells, peak[cells.index]).statistic, abs=1e-12)
    over = (peak / burden)[cells.index]
    assert divided.value == pytest.approx(stats.spearmanr(cells, over).statistic, abs=1e-12)
    assert (alone.n, divided.n) == (20, 20)
    table = of.table.set_index(["peak", "what"])
    assert table.loc[("CAR T peak", HELPER_NO_CHECKPOINT), "value"] == alone.value


def test_of_two_readings_both_must_hold(cohort):
    """Exhausted cells are put in that fall as the peak rises; then those with one or two checkpoints are dealt at
    random over the patients: that reading fails, and takes the claim with it."""
    claim = claims.published()["zuma1.z1_car_exhaustion.exhausted_tc"]
    rows, rng = cohort.positivity.copy(), np.random.default_rng(0)
    number = sum((rows[marker] == "+").astype(int) for marker in CHECKPOINTS)
    tox = (rows["assay"] == "TCE+") & (rows["CD8"] == "+") & (rows["TOX"] == "+")
    peak = rows["sample"].str.partition("-")[0].map(cohort.patients["CAR_PEAK_PER_UL"])
    rows["cells"] = rows["cells"].mask(tox & (number > 0), 1e5 / peak)
    both = exhausted(cohort, rows)
    assert both[0].upper < 0 and both[1].upper < 0 and verdicts.verdict(claim, both)[0] == "compatible"
    dealt = rows["sample"].map({name: rng.lognormal(9, 2) for name in rows["sample"].unique()})
    rows["cells"] = rows["cells"].mask(tox & number.between(1, 2), dealt)
    one = exhausted(cohort, rows)
    assert one[0].value == both[0].value and one[1].upper > 0
    assert verdicts.verdict(claim, one)[0] == "inconclusive"


def exhausted(cohort, positivity) -> list:
    """The findings on exhausted Tc cells of the cohort with these cells."""
    densities = assays.densities_of_positivity(positivity, list(assays.LINEAGES))
    with_cells = dataclasses.replace(cohort, positivity=positivity, densities=densities)
    return car_levels.after_findings(car_levels.cells_after(with_cells))["exhausted_tc"]


def test_a_cohort_stained_without_tox_has_no_such_panel_and_says_so(cohort):
    without = cohort.positivity[cohort.positivity["assay"] != "TCE+"]
    densities = cohort.densities[cohort.densities["assay"] != "TCE+"]
    with pytest.raises(MissingData, match="in TCE\\+"):
        car_levels.cells_after(dataclasses.replace(cohort, positivity=without, densities=densities))


def test_without_any_tie_the_interval_of_the_correlation_covers_none():
    of = car_levels.cells_before(
        recipients(60, seed=5, effect=0.0), immune_scores.scores(recipients(60, seed=5, effect=0.0), genes=[])
    )
    for findings in car_levels.before_findings(of).values():
        assert findings[0].lower < 0 < findings[0].upper


def test_the_peak_by_cell_of_origin_is_the_ratio_of_abc_to_all_others(cohort):
    of = car_levels.peaks_by_origin(cohort, min_group=5)
    abc = cohort.patients["CELL_OF_ORIGIN"] == "ABC"
    peak = cohort.patients["CAR_PEAK_PER_UL"]
    ratios = np.divide.outer(peak[abc].to_numpy(), peak[~abc].to_numpy())
    [finding] = car_levels.peak_findings(of)["peak"]
    assert finding.value == pytest.approx(np.exp(np.median(np.log(ratios))), rel=1e-12)
    assert finding.lower < finding.lower_90 < finding.value < finding.upper_90 < finding.upper
    groups = [peak[cohort.patients["CELL_OF_ORIGIN"] == name] for name in ("ABC", "GCB", "Unclassified")]
    assert of.tests.set_index("what").at["CAR T peak", "kruskal_wallis_p"] == pytest.approx(
        stats.kruskal(*groups).pvalue
    )
    response = cohort.patients["BEST_RESPONSE"].isin(["CR", "PR"])
    [difference] = car_levels.peak_findings(of)["response.discussion"]
    assert difference.value == pytest.approx(response[abc].mean() - response[~abc].mean())


def test_no_difference_is_shown_by_the_90_percent_interval_and_never_by_p():
    claim = claims.published()["zuma1.z1_car_coo.peak"]
    few = recipients(30, seed=7, effect=0.0)
    [finding] = car_levels.peak_findings(car_levels.peaks_by_origin(few, min_group=5))["peak"]
    assert finding.p > 0.05 and verdicts.verdict(claim, [finding])[0] == "inconclusive"
    many = recipients(1500, seed=7, effect=0.0, early=0)
    [finding] = car_levels.peak_findings(car_levels.peaks_by_origin(many, min_group=5))["peak"]
    assert verdicts.verdict(claim, [finding])[0] == "compatible"


def test_one_patient_with_abc_is_in_no_test_and_has_no_ratio(cohort):
    one = cohort.patients.assign(CELL_OF_ORIGIN=["ABC", *["GCB"] * 20, *["Unclassified"] * 19])
    of = car_levels.peaks_by_origin(dataclasses.replace(cohort, patients=one), min_group=5)
    [finding] = car_levels.peak_findings(of)["peak"]
    assert finding.value is None and "1 and 39 patients" in finding.note
    assert of.tests["df"].tolist() == [1, 1]  # GCB against unclassified alone
    assert "in no Kruskal–Wallis test: ABC" in car_levels.origin_sentence(of, min_group=5)
    outcome_figures.peaks_by_origin(of, car_levels.response_by_origin(of), title="one", dots=True)


def test_the_discussions_claims_are_asked_of_the_naive_and_those_of_results_of_recipients(cohort):
    found = car_levels.score_sets({"car_t": cohort, "car_t_naive": cohort}, genes=[], min_group=5)
    tails = {role: set(car_levels.score_findings(of, role)) for role, (of, _) in found.items()}
    assert tails == {
        "car_t": {"immunoscore", "immunosign21"},
        "car_t_naive": {"immunoscore.discussion", "immunosign21.discussion"},
    }
    [score] = car_levels.score_findings(found["car_t"][0], "car_t")["immunoscore"]
    assert score.upper < 0 and score.scale == "difference"  # ABC has fewer T cells here
    titles = dict.fromkeys(found, "made up")
    assert "CD3+ and CD8+ densities" in car_levels.score_sentence(found, titles, min_group=5)
    sets = {role: of for role, (of, _) in found.items()}
    assert car_levels.score_table(sets)["role"].tolist() == ["car_t", "car_t_naive"]
    outcome_figures.scores_by_origin(sets, titles=titles, dots=dict.fromkeys(found, False))


def test_a_run_without_such_a_cohort_says_so(cohort):
    with pytest.raises(MissingData, match="names no cohort"):
        car_levels.score_sets({}, genes=[], min_group=5)
    blank = dataclasses.replace(cohort, patients=cohort.patients.drop(columns="CELL_OF_ORIGIN"))
    with pytest.raises(MissingData, match="CELL_OF_ORIGIN"):
        car_levels.score_sets({"car_t": blank}, genes=[], min_group=5)


def test_public_scores_stand_for_cells_and_genes_and_say_so():
    rng = np.random.default_rng(2)
    people = pd.Index([f"P{i}" for i in range(30)], name="PATIENT_ID")
    cells = rng.gamma(2, 1, (30, len(immune_scores.CD8_CELLS) + len(immune_scores.OTHER_T_CELLS)))
    names = [immune_scores.CELLS.format(name) for name in (*immune_scores.CD8_CELLS, *immune_scores.OTHER_T_CELLS)]
    samples = pd.DataFrame(cells, people, names).assign(PATIENT_ID=people).rename_axis("SAMPLE_ID")
    samples[list(immune_scores.GENE_SETS.values())] = rng.normal(size=(30, 4))
    patients = pd.DataFrame({"CELL_OF_ORIGIN": ["ABC", "GCB", "Unclassified"] * 10}, people)
    from lcnec_utils.cohort.model import Cohort

    scores = immune_scores.scores(Cohort("public", patients, samples), genes=[])
    total, cd8 = cells.sum(axis=1), cells[:, : len(immune_scores.CD8_CELLS)].sum(axis=1)
    expected = sum(100 * (stats.rankdata(values) - 0.5) / 30 for values in (total, cd8)) / 2
    np.testing.assert_allclose(scores.known.values[IMMUNOSCORE], expected)
    sets = samples[list(immune_scores.GENE_SETS.values())]
    np.testing.assert_allclose(
        scores.known.values[immune_scores.IMMUNOSIGN], stats.zscore(sets, ddof=1).mean(axis=1), rtol=1e-9
    )
    assert all("in place of" in words for words in scores.made_of.values())
    # of a patient without one kind of cell no sum is known
    part = samples.copy()
    part.iloc[0, part.columns.get_loc(names[-1])] = np.nan
    less = immune_scores.scores(Cohort("public", patients, part), genes=[]).known.values[IMMUNOSCORE]
    assert np.isnan(less.iloc[0]) and less.iloc[1:].notna().all()
    lacking = samples.drop(columns=next(iter(immune_scores.GENE_SETS.values())))
    assert immune_scores.scores(Cohort("public", patients, lacking), genes=[]).names == [IMMUNOSCORE]


@pytest.mark.parametrize("panel", ["z1_car_coo", "z1_car_exhaustion", "z1_tils_car"])
def test_every_claim_of_these_panels_is_answered(cohort, panel):
    answers = {
        "z1_car_coo": lambda: car_levels.peak_findings(car_levels.peaks_by_origin(cohort, min_group=5)),
        "z1_car_exhaustion": lambda: car_levels.after_findings(car_levels.cells_after(cohort)),
        "z1_tils_car": lambda: car_levels.before_findings(
            car_levels.cells_before(cohort, immune_scores.scores(cohort, genes=[]))
        ),
    }[panel]()
    asked = {claim.id for claim in claims.published().values() if claim.panel == panel and claim.source == "zuma1"}
    assert {f"zuma1.{panel}.{tail}" for tail in answers} == asked
    for tail, findings in answers.items():
        word, reason = verdicts.verdict(claims.published()[f"zuma1.{panel}.{tail}"], findings)
        assert word in verdicts.ANSWERS, (tail, reason)


def test_the_figures_of_the_peak_count_who_is_drawn(cohort):
    of = car_levels.cells_after(cohort)
    fig = outcome_figures.peak_and_cells(of, title="made up", scatter=[HELPER_NO_CHECKPOINT, TC_TOX])
    said = [text.get_text() for text in fig.axes[0].get_legend().get_texts()]
    assert sum(int(words.split("n = ")[1].rstrip(")")) for words in said) == 20
    assert "rho" in car_levels.peak_sentence(of)
