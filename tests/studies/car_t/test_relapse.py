"""Relapse against early biopsies: hand-worked ratios, least p, sets kept apart, the source's own counts. About 3 s."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lcnec_utils.core.errors import MissingData
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.stats.mean_change import least_rank_sum_p, least_signed_rank_p
from lcnec_utils.stats.paired import signed_rank
from lcnec_utils.stats.ranks import rank_sum
from lcnec_utils.studies.car_t import gene_biopsies, genes
from lcnec_utils.studies.car_t import relapse as study
from tests.studies.car_t.made_up_biopsies import DAY, cohort, people, specimens

LOST = [*genes.T_CELLS.genes, *study.FAMILIES[study.CHECKPOINTS], *genes.MHC_CLASS_I.genes,
        *study.FAMILIES["Cytokines and interferon"], *genes.CD3]  # fmt: skip
GAINED = [*genes.COUNTER_REGULATORY.genes, *genes.B_LINEAGE.genes, *genes.CANCER_TESTIS.genes]
PLANTED = {(None, "relapse"): dict.fromkeys(LOST, -2.0) | dict.fromkeys(GAINED, 2.5) | {"FOXP3": -2.0}}
# the seven as the source's Methods have them: one frozen, four fixed, two both; the last without an early biopsy
LAST = [("R00", "FF"), ("R00", "FFPE"), ("R01", "FF"), ("R01", "FFPE"), ("R02", "FF"), *((f"R0{i}", "FFPE") for i in
        range(3, 7))]  # fmt: skip


def made_up(*, effects=PLANTED, **more):
    best = people(14, 4)
    early = [row for row in specimens(best, ["baseline", "early"], ["FF", "FFPE"]) if row[:2] != ("R06", "early")]
    return cohort(best, early + [(p, "relapse", DAY["relapse"], kind) for p, kind in LAST], effects=effects, **more)


def judged(answers: dict) -> dict[str, str]:
    known = claims.published()
    return {tail: verdicts.verdict(known[f"zuma1.z1_relapse.{tail}"], found)[0] for tail, found in answers.items()}


@pytest.fixture(scope="module")
def planted():
    return study.relapse(made_up(sd=0.25))


def test_the_least_p_is_that_of_the_most_extreme_order():
    """Counted over all signs, and all choices of ranks; six pairs give none below .031."""
    assert least_signed_rank_p(6) == signed_rank(np.arange(1.0, 7)) == 0.03125
    signs = [
        sum(r for r, s in zip(range(1, 6), kept, strict=True) if s) for kept in itertools.product([0, 1], repeat=5)
    ]
    assert np.isclose(least_signed_rank_p(5), 2 * np.mean(np.array(signs) == 15))
    assert np.isclose(least_rank_sum_p(3, 18), rank_sum(np.arange(3.0), np.arange(3.0, 21)))
    assert least_signed_rank_p(1) == least_rank_sum_p(1, 1) == 1.0


def test_ratios_to_cd3_are_differences_of_logarithms(planted):
    made = made_up(sd=0.25)
    values = made.ncounter[gene_biopsies.PRE_POST_PANEL].to_df()
    one = made.samples.query("PATIENT_ID == 'R03' and FIXATION == 'FFPE'").set_index("BIOPSY_TIME", append=True)
    one = {time: values.loc[sample] for sample, time in one.index}
    by_hand = [one[time]["CTLA4"] - one[time][list(genes.CD3)].mean() for time in ("relapse", "early")]
    assert np.isclose(planted.pairs.loc["R03", study.CTLA4_CD3], by_hand[0] - by_hand[1])


def test_the_three_sets_stay_apart_and_each_has_its_own_test(planted):
    assert [study.sizes(planted, which) for which in study.SETS] == [(13, 3), (13, 6), (6, 6)], "early of responders"
    for which in (study.FROZEN, study.FIXED):
        finding = study.comparison(planted, which, "B lineage")
        late, early = planted.relapse[which]["B lineage"], planted.early[which]["B lineage"]
        limits = stats.ttest_ind(late, early, equal_var=False).confidence_interval(0.95)
        assert np.allclose(np.log2([finding.lower, finding.upper]), limits)
        assert np.isclose(finding.p, rank_sum(late.to_numpy(), early.to_numpy()))
    pairs = study.comparison(planted, study.PAIRED, "B lineage")
    assert np.isclose(np.log2(pairs.value), planted.pairs["B lineage"].mean()) and pairs.p == 0.03125
    table = study.table(planted).set_index(["what", "group"])
    assert table.loc[("B lineage", study.PAIRED), "least_p"] == 0.03125
    assert (table["p"] >= table["least_p"] - 1e-12).all()


def test_a_pair_is_of_one_fixation_and_a_patient_counts_once():
    """R00 has both fixations at both times: the mean of the two changes; R02 relapsed in frozen tissue alone."""
    made = made_up()
    known = study.relapse(made)
    changes = [
        known.relapse[kind].loc["R00", "CCL22"] - known.early[kind].loc["R00", "CCL22"] for kind in ("FF", "FFPE")
    ]
    assert np.isclose(known.pairs.loc["R00", "CCL22"], np.mean(changes)) and list(known.pairs.index).count("R00") == 1
    only = known.relapse["FF"].loc["R02", "CCL22"] - known.early["FF"].loc["R02", "CCL22"]
    assert np.isclose(known.pairs.loc["R02", "CCL22"], only) and "R06" not in known.pairs.index


def test_planted_changes_are_found_and_a_planted_null_is_not(planted):
    made = made_up(sd=0.25)
    word = judged(study.findings(planted, made))
    found = ["t_cell_genes", "checkpoint_genes", "cytokine_ifn_genes", "mhc_class_i_genes", "b_lineage", "cta",
             "ctla4_per_cd3", "t_cell_signature.discussion"]  # fmt: skip
    assert {tail: word[tail] for tail in found} == dict.fromkeys(found, "compatible")
    assert word["foxp3_per_cd3"] == "inconclusive", "no change there, and too few to show it"
    met = 0
    for seed in range(10):
        none = made_up(effects={}, seed=seed)
        met += sum(word == "compatible" for word in judged(
            {tail: found for tail, found in study.findings(study.relapse(none), none).items() if tail in
             ("t_cell_genes", "b_lineage", "cta", "mhc_class_i_genes")}).values())  # fmt: skip
    assert met <= 1


def test_what_the_source_prints_against_itself(planted):
    here = study.counts(planted)
    assert (here["relapse"], here["longitudinal"], here["early and relapse"]) == (7, 7, 6)
    assert here["baseline and relapse alone"] == 1 and here["both tissues at relapse"] == 2
    word = judged(study.findings(planted, made_up(sd=0.25)))
    # seven and two are met, three is what the other sentence contradicts
    assert (word["n_pairs"], word["both_types.text"], word["both_types"]) == ("equal", "equal", "contradicted")
    table = study.prints_table(planted).set_index("print")
    assert table.loc["both tissues (Results)", ["printed", "counted"]].tolist() == [3, 2]
    says = study.sentence(planted)
    assert "least p = 0.03" in says and "prints 7 pairs where its own counts leave 6" in says
    assert "3 patients with both tissues in Results against 2 in Methods" in says
    assert table["line"].tolist() == [23, 47, 47, 23, 45, 45] and table["printed"].tolist() == [7, 6, 1, 3, 2, 7]


def test_ccl22_goes_with_regulatory_cells_of_fixed_tissue_before_infusion():
    made = made_up(effects={})
    base = made.samples.query("BIOPSY_TIME == 'baseline' and FIXATION == 'FFPE'")
    log2 = made.ncounter[gene_biopsies.PRE_POST_PANEL].to_df()
    # stained at relapse too: those are no baseline
    later = made.samples.query("BIOPSY_TIME == 'relapse' and FIXATION == 'FFPE'").index
    # and frozen tissue before infusion, in which cells are not to be counted
    frozen = made.samples.query("BIOPSY_TIME == 'baseline' and FIXATION == 'FF'").index
    names = [*base.index, *later, *frozen]
    made.densities = pd.DataFrame(
        {"sample": names, "assay": "TCE", "population": "CD3+ CD8- FOXP3+",
         "per_mm2": [*(2 ** log2.loc[base.index, "CCL22"]), *[1e4] * len(later),
                     *np.geomspace(1, 1e6, len(frozen))]}
    )  # fmt: skip
    known = study.correlations(made)
    assert np.isclose(known["treg"].value, 1) and known["treg"].n == len(base)
    expected = stats.spearmanr(*(log2.loc[base.index, gene] for gene in ("CCL22", "CCR4"))).statistic
    assert np.isclose(known["FFPE"].value, expected) and set(known) == {"treg", "FF", "FFPE"}


def test_findings_answer_every_printed_claim(planted):
    printed = {id.split(".", 2)[2] for id in claims.published() if id.startswith("zuma1.z1_relapse.")}
    assert set(study.findings(planted, made_up())) == printed


# --- odd cohorts


def test_without_relapse_or_on_the_wrong_panel_it_is_a_stated_skip():
    best = people(4, 2)
    with pytest.raises(MissingData, match="no biopsy at relapse on the panel PanCancer Immune"):
        study.relapse(cohort(best, specimens(best, ["baseline", "early"], ["FF"])))
    with pytest.raises(MissingData, match="two panels are not compared"):
        study.relapse(made_up(panel=gene_biopsies.BASELINE_PANELS[0]))


def test_a_single_relapse_and_unpaired_specimens_answer_nothing_and_say_why():
    best = people(6, 2)
    rows = specimens(best, ["early"], ["FF"]) + [("R00", "relapse", 250.0, "FFPE")]
    known = study.relapse(cohort(best, rows))
    finding = study.comparison(known, study.FIXED, "T cells")
    assert finding.value is None and "1 against 0" in finding.note
    answers = study.findings(known, cohort(best, rows))
    assert judged(answers)["t_cell_genes"] == verdicts.NOT_COMPUTABLE and known.pairs.empty


def test_sets_that_are_too_small_are_left_out_of_an_answer_where_another_is_large_enough():
    known = study.relapse(made_up(), min_group=5)
    answers = study.findings(known, made_up())
    assert [finding.n for finding in answers["b_lineage"]] == [19, 6], "frozen tissue has three at relapse"
    assert len(answers["ccl22"]) == 1 and len(answers["ccr4_ccl22.discussion"]) == 2


def test_early_biopsies_are_of_responders_or_of_all_where_no_response_is_known(planted):
    """A non-responder has no response to lose: the four of them would only blur what relapse is held against."""
    assert all(each.index.str.startswith("R").all() for each in planted.early.values())
    unknown = made_up()
    unknown.patients["BEST_RESPONSE"] = None
    assert study.sizes(study.relapse(unknown), study.FROZEN) == (17, 3)


def test_a_gene_that_is_not_on_the_panel_is_said_not_to_be():
    known = study.relapse(made_up(drop=("CCR4",)))
    assert known.unmeasured == ["CCR4"]
    word = judged(study.findings(known, made_up(drop=("CCR4",))))
    assert word["ccr4"] == verdicts.NOT_COMPUTABLE and word["ccr4_ccl22.discussion"] in (
        verdicts.NOT_COMPUTABLE, "inconclusive",
    )  # fmt: skip
