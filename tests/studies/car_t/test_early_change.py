"""Changes after infusion: made-up pairs with and without an effect, wrong panels, odd cohorts, claims. About 6 s."""

import dataclasses
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lcnec_utils.core.errors import MissingData
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.stats.mean_change import fold_change, fold_change_ratio
from lcnec_utils.studies.car_t import early_change as study
from lcnec_utils.studies.car_t import gene_biopsies, genes, tumour_genes
from lcnec_utils.studies.car_t.gene_biopsies import BASELINE_PANELS, NON_RESPONDERS, RESPONDERS
from tests.studies.car_t.made_up_biopsies import PLANTED, cohort, people, specimens

BOTH = ["FF", "FFPE"]
TIMES = ["baseline", "early"]


def made_up(responders=14, others=6, *, effects=PLANTED, **more):
    best = people(responders, others)
    return cohort(best, specimens(best, TIMES, BOTH), effects=effects, **more)


def printed(panel: str) -> set[str]:
    return {id.split(".", 2)[2] for id in claims.published() if id.startswith(f"zuma1.{panel}.")}


def judged(panel: str, answers: dict) -> dict[str, str]:
    known = claims.published()
    return {tail: verdicts.verdict(known[f"zuma1.{panel}.{tail}"], found)[0] for tail, found in answers.items()}


@pytest.fixture(scope="module")
def planted():
    return study.early_change(made_up(), "FF")


# --- kernels


def test_fold_changes_and_their_ratio_are_those_of_scipys_t_tests():
    rng = np.random.default_rng(4)
    one, other = pd.Series(rng.normal(1, 1, 7)), pd.Series(rng.normal(0, 2, 5), range(7, 12))
    finding, test = fold_change(one, what="x"), stats.ttest_1samp(one, 0)
    limits = test.confidence_interval(0.95)
    assert np.allclose(np.log2([finding.value, finding.lower, finding.upper]), [one.mean(), *limits])
    assert np.isclose(finding.p, test.pvalue)
    both, marked = pd.concat([one, other]), pd.Series([True] * 7 + [False] * 5)
    finding, test = fold_change_ratio(both, marked, what="x"), stats.ttest_ind(one, other, equal_var=False)
    assert np.allclose(np.log2([finding.lower_90, finding.upper_90]), test.confidence_interval(0.90))
    assert np.isclose(finding.p, test.pvalue) and (finding.n, finding.smallest) == (12, 5)


def test_a_ratio_within_strata_is_the_coefficient_of_a_linear_model():
    import statsmodels.formula.api as smf

    rng = np.random.default_rng(5)
    table = pd.DataFrame({"marked": rng.random(24) < 0.5, "stratum": rng.choice(["a", "b"], 24)})
    table["value"] = rng.normal(0, 1, 24) + 2 * (table["stratum"] == "a")
    finding = fold_change_ratio(table["value"], table["marked"], what="x", within=table["stratum"])
    fitted = smf.ols("value ~ marked + stratum", table.astype({"marked": int})).fit()
    assert np.isclose(np.log2(finding.value), fitted.params["marked"]) and np.isclose(
        finding.p, fitted.pvalues["marked"]
    )
    assert np.allclose(np.log2([finding.lower, finding.upper]), fitted.conf_int().loc["marked"])


def test_one_pair_and_strata_of_one_kind_have_no_value_and_say_why():
    assert "1 pair" in fold_change(pd.Series([1.0]), what="CD8A").note
    values, marked = pd.Series([1.0, 2, 3, 4]), pd.Series([True, True, False, False])
    apart = fold_change_ratio(values, marked, what="CD8A", within=pd.Series(list("aabb")))
    assert apart.value is None and "no stratum" in apart.note
    assert "3 against 1" in fold_change_ratio(values, pd.Series([True] * 3 + [False]), what="CD8A").note


# --- pairs


def test_pairs_by_hand_with_the_mean_of_repeated_specimens():
    """P1 has two early specimens; P2's baseline is of fixed tissue, so it makes no pair of frozen tissue."""
    rows = [("R00", "baseline", -3.0, "FF"), ("R00", "early", 8.0, "FF"), ("R00", "early", 12.0, "FF"),
            ("R01", "baseline", -3.0, "FFPE"), ("R01", "early", 9.0, "FF")]  # fmt: skip
    made = cohort(people(2, 0), rows)
    values = made.ncounter[gene_biopsies.PRE_POST_PANEL].to_df()
    found = study.early_change(made, "FF")
    expected = values.iloc[[1, 2]].mean() - values.iloc[0]
    assert list(found.change.index) == ["R00"]
    pd.testing.assert_series_equal(found.change.loc["R00"], expected, check_names=False)
    assert found.unpaired["after infusion alone"] == 1
    with pytest.raises(MissingData, match="no patient with FFPE tissue .* 1 have the first, 0 the second"):
        study.early_change(made, "FFPE")


def test_a_planted_change_is_found_in_the_right_genes_and_group(planted):
    table = study.gene_table(planted).set_index(["gene", "group"])
    change = table["log2_change"]
    assert abs(change["CD8A", RESPONDERS] - 1.5) < 0.5 and abs(change["CD19", RESPONDERS] + 2) < 0.5
    assert table["p_adjusted"]["CD8A", RESPONDERS] < 1e-4 < 0.05 < table["p"]["OTHER0", RESPONDERS]
    assert abs(change["CD8A", NON_RESPONDERS]) < 0.8 and change["CXCL10", NON_RESPONDERS] > 0.8
    word = judged("z1_prepost_ff", study.frozen_findings(planted, burden_quantile=0.5))
    rising = ["cytotoxic.responders", "checkpoints.responders", "change_responders_vs_non", "myeloid.responders"]
    assert {word[tail] for tail in rising} == {"compatible"}
    assert word["cxcl10_cxcl11.non_responders"] == "compatible"


def test_a_planted_null_is_not_found():
    """Without any effect claims on a change are met or contradicted in as many of ten cohorts as chance allows: one
    side of a 95% interval in 2.5%, so that three of twenty, and two of ten, are already rarer than 2%."""
    met, decided = 0, 0
    for seed in range(10):
        found = study.early_change(made_up(effects={}, seed=seed), "FF")
        table = study.gene_table(found)
        word = judged("z1_prepost_ff", study.change_findings(found))
        met += sum(word[tail] == "compatible" for tail in ("change_responders_vs_non", "il15.responders"))
        assert (table["p_adjusted"] < 0.05).sum() <= 4
        decided += word["cytotoxic.responders"] != "inconclusive"
    assert met <= 2 and decided <= 2


def test_signatures_are_means_of_the_measured_genes(planted):
    without = study.early_change(made_up(drop=("GZMA", "GNLY")), "FF")
    listed = [gene for gene in genes.T_CELLS.genes if gene not in ("GZMA", "GNLY")]
    by_hand = without.change[listed].mean(axis=1)
    pd.testing.assert_series_equal(study.scores(without.change)["T cells"], by_hand, check_names=False)
    ratio = study.signature_findings(planted, "T cells")[study.DIFFERENCE]
    values = study.scores(planted.change)["T cells"]
    test = stats.ttest_ind(
        values[planted.group == RESPONDERS], values[planted.group == NON_RESPONDERS], equal_var=False
    )
    assert np.isclose(ratio.p, test.pvalue) and ratio.smallest == 6


def test_a_gene_that_is_not_on_the_panel_leaves_its_claim_open():
    found = study.early_change(made_up(drop=("GZMA",)), "FF")
    word = judged("z1_prepost_ff", study.change_findings(found))
    assert word["cytotoxic.responders"] == verdicts.NOT_COMPUTABLE and word["il15.responders"] == "compatible"
    named = study.named_genes(found).set_index(["what", "group"])
    assert named.loc[("GZMA", RESPONDERS), "note"] == "not on the panel"


# --- odd cohorts


def test_a_single_responder_has_no_statistic_and_the_others_do():
    found = study.early_change(made_up(1, 6), "FF")
    assert set(study.gene_table(found)["group"]) == {NON_RESPONDERS}
    answers = study.change_findings(found)
    assert answers["il15.responders"][0].note == f"{RESPONDERS}: 1 pair"
    assert answers["change_responders_vs_non"][0].value is None
    assert "1 with CR or PR and 6 with SD or PD" in study.change_sentence(found)
    assert study.named_genes(found)["value"].notna().any()


def test_counts_of_another_panel_are_refused_and_named():
    wrong = made_up(panel=BASELINE_PANELS[0])
    with pytest.raises(MissingData, match=r"not measured on the panel PanCancer Immune \(panels here: .*Immunosign"):
        study.early_change(wrong, "FF")


def test_a_baseline_on_the_other_panel_makes_no_pair():
    best = people(4, 2)
    rows = specimens(best, TIMES, ["FF"])
    ids = [name for name in cohort(best, rows).samples.index if "-b" in name]
    mixed = cohort(best, rows, more={BASELINE_PANELS[0]: ids})
    with pytest.raises(MissingData, match="6 have the first on the panel .*Immunosign, and panels are not mixed"):
        study.early_change(mixed, "FF")
    some = cohort(best, rows, more={BASELINE_PANELS[0]: ids[:2]})
    assert len(study.early_change(some, "FF").change) == 4, "two patients are left without a pair"


def test_a_biopsy_of_week_4_is_shown_and_stands_in_no_mean():
    best = people(5, 3)
    rows = [row for row in specimens(best, TIMES, BOTH) if row[:2] != ("N02", "early")]
    rows += [("N02", "early", 28.0, "FF"), ("N02", "early", 28.0, "FFPE")]
    found = study.early_change(cohort(best, rows, effects=PLANTED), "FF")
    assert "N02" not in found.change.index and list(found.late.index) == ["N02"] and found.sizes()[NON_RESPONDERS] == 2
    answers = study.frozen_findings(found, burden_quantile=0.5)
    word = judged("z1_prepost_ff", {tail: answers[tail] for tail in ("late_specimen", "subset2_window.text")})
    assert word == {"late_specimen": "equal", "subset2_window.text": "equal"}
    assert "A biopsy of week 4 is marked" in study.pairs_sentence(found)
    # a second one beyond the window contradicts "all but one"
    again = [row for row in rows if row[:2] != ("N01", "early")] + [("N01", "early", 20.0, "FF")]
    answers = study.frozen_findings(study.early_change(cohort(best, again), "FF"), burden_quantile=0.5)
    assert judged("z1_prepost_ff", {"subset2_window.text": answers["subset2_window.text"]}) == {
        "subset2_window.text": "contradicted"
    }


def test_a_patient_without_response_is_counted_and_in_no_group():
    best = people(5, 3) | {"X00": None}
    found = study.early_change(cohort(best, specimens(best, TIMES, ["FF"])), "FF")
    assert found.unpaired["without best response"] == 1 and sum(found.sizes().values()) == 8
    assert len(study.signature_table(found)) and study.responds(found).isna().sum() == 1


# --- strata


def test_changes_that_do_and_do_not_depend_on_burden():
    patients = {
        "TUMOR_BURDEN_MM2": pd.Series({patient: 100.0 * place for place, patient in enumerate(people(20, 8))}),
        "IPI": pd.Series({patient: float(place % 5) for place, patient in enumerate(people(20, 8))}),
    }
    alike = study.early_change(made_up(20, 8, patients=patients, sd=0.25), "FF")
    known = study.stratum_findings(alike, burden_quantile=0.5)
    assert {name for name, _, _ in known} == {"tumour burden", "IPI"}
    word = judged("z1_prepost_ff", study.frozen_findings(alike, burden_quantile=0.5))
    assert word["prognostic_strata"] == word["tumor_burden.discussion"] == "compatible"
    # of responders with a high burden the immune genes rise fourfold more
    high = alike.patients.index[alike.patients["TUMOR_BURDEN_MM2"] > alike.patients["TUMOR_BURDEN_MM2"].median()]
    after = alike.after.copy()
    after.loc[after.index.isin(high), genes.immune_genes()] += 2
    differing = dataclasses.replace(alike, after=after)
    word = judged("z1_prepost_ff", study.frozen_findings(differing, burden_quantile=0.5))
    assert word["tumor_burden.discussion"] == "contradicted"
    assert "wholly outside" in study.alike_sentence(study.alike_table(differing, burden_quantile=0.5))


def test_fixed_and_frozen_tissue_are_compared_in_responders(planted):
    fixed = study.early_change(made_up(), "FFPE")
    ratio = study.fixation_findings(planted, fixed)[study.IMMUNE]
    sides = [study.scores(each.of_group(RESPONDERS))[study.IMMUNE] for each in (fixed, planted)]
    assert np.isclose(np.log2(ratio.value), sides[0].mean() - sides[1].mean()) and ratio.n == 28
    answers = study.fixed_findings(planted, fixed, burden_quantile=0.5)
    assert judged("z1_prepost_ffpe", answers)["ff_vs_ffpe"] == "compatible"
    alone = study.fixed_findings(None, fixed, burden_quantile=0.5)["ff_vs_ffpe"]
    assert alone[0].value is None and "frozen" in alone[0].note


# --- tumour genes


def test_days_and_h_scores_are_the_printed_ranges_and_not_merely_within_them():
    """Any number from 0 to 5 lies within the printed range; the two ends are what is printed."""
    ranges = {
        "z1_prepost_ff.subset2_window": gene_biopsies.EARLY_DAYS,
        "z1_bcell_cta.cd19_hscore.no": tumour_genes.NO_CD19,
        "z1_bcell_cta.cd19_hscore.yes": tumour_genes.CD19,
    }
    for id, ends in ranges.items():
        assert [float(end) for end in claims.published()[f"zuma1.{id}"].range] == list(ends), id


def test_tumour_genes_before_infusion_and_after():
    effects = PLANTED | {("SD", "baseline"): {"PRAME": 3.0, "MAGEB2": 3.0}}
    made = made_up(14, 8, effects=effects)
    made.samples["CD19_H_SCORE"] = [0.0, 5, 6, 300, 5.5, np.nan] + [100.0] * (len(made.samples) - 6)
    known = tumour_genes.tumour_genes(made)
    answers = tumour_genes.findings(known)
    word = judged("z1_bcell_cta", answers)
    falling = ["cd19.responders", "pax5.responders", "other_b_lineage.responders", "b_markers.discussion"]
    assert {word[tail] for tail in [*falling, "cta.pre"]} == {"compatible"}
    assert len(answers["cd19.responders"]) == 2, "frozen and fixed tissue"
    values = known.before["FF"]["PRAME"]
    sides = [values[known.group.reindex(values.index) == name] for name in (NON_RESPONDERS, RESPONDERS)]
    assert np.isclose(np.log2(answers["cta.pre"][0].value), sides[0].mean() - sides[1].mean())
    kinds = known.h_scores["cd19"].astype(object)
    assert (
        list(kinds[:4]) == [*[tumour_genes.CLASSES[0]] * 2, *[tumour_genes.CLASSES[1]] * 2] and kinds.isna().sum() == 1
    )
    assert len(known.h_scores) == len(made.samples) - 1 and word["cd19_hscore.no"] == "equal"


def test_the_signatures_correlation_is_spearmans():
    known = tumour_genes.tumour_genes(made_up())
    table = tumour_genes.signatures_before(known)["FFPE"]
    by_hand = known.before["FFPE"][list(genes.B_SIGNATURE)].mean(axis=1)
    pd.testing.assert_series_equal(table["b_cell"], by_hand, check_names=False)
    rho = tumour_genes.signature_correlations(known)["FFPE"].value
    assert np.isclose(rho, stats.spearmanr(table["immune"], table["b_cell"]).statistic)


# --- claims and genes


def test_findings_answer_every_printed_claim(planted):
    fixed = study.early_change(made_up(), "FFPE")
    assert set(study.frozen_findings(planted, burden_quantile=0.5)) == printed("z1_prepost_ff")
    assert set(study.fixed_findings(planted, fixed, burden_quantile=0.5)) == printed("z1_prepost_ffpe")
    assert set(tumour_genes.findings(tumour_genes.tumour_genes(made_up()))) == printed("z1_bcell_cta")


def test_the_margin_drawn_is_that_of_the_claims():
    panels = ("z1_prepost_ff", "z1_prepost_ffpe", "z1_bcell_cta", "z1_relapse")
    margins = {claim.margin for claim in claims.published().values() if claim.panel in panels and claim.margin}
    assert {float(margin) for margin in margins} == {study.MARGIN}


ALIASES = {
    "CD8A": "CD8α", "GZMA": "granzyme A", "CD3D": "CD3δ", "CD3E": "CD3ε", "IL15": "IL-15", "IL7": "IL-7",
    "IL18": "IL-18", "IL21": "IL-21", "CTLA4": "CTLA-4", "PDCD1": "PD1", "LAG3": "LAG-3", "HAVCR2": "TIM3",
    "MS4A1": "MS4A1", "CD79B": "CD79b", "MAGEB2": "MAGE-B2",
}  # fmt: skip


def test_every_gene_that_a_family_calls_printed_stands_on_its_line_of_the_source():
    lines = (Path(os.environ["LCNEC_SOURCES_DIR"]) / "zuma1_tme.txt").read_text().split("\n")
    table = genes.family_table()
    lacking = [
        (row.gene, row.line) for row in table[table["named_by_source"]].itertuples()
        if ALIASES.get(row.gene, row.gene) not in lines[row.line - 1]
    ]  # fmt: skip
    assert lacking == [] and not table.duplicated(["family", "gene"]).any()
