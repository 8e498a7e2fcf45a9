"""Notebook 09's tables, findings and sentences: against scipy and plain loops, the claims, and odd cohorts."""

import itertools
import math
import types

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.cohort.read import read_study
from lcnec_utils.core.errors import MissingData, NotBuilt, UserError
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.omics import immune
from lcnec_utils.run import roles
from lcnec_utils.stats import ranks
from lcnec_utils.studies.lcnec import microenvironment

NAN = float("nan")
SAMPLES = [f"S{i}" for i in range(1, 9)]
# by hand from the mutations of own_study: TP53 with RB1; one of STK11, KRAS and KEAP1 without RB1; neither
GENOTYPE = {"S1": "SCLC-like", "S2": "NSCLC-like", "S3": "Unclassified", "S4": "SCLC-like", "S5": "NSCLC-like",
            "S6": "NSCLC-like", "S7": "SCLC-like", "S8": "Unclassified"}  # fmt: skip


def one_line(error) -> str:
    assert "\n" not in str(error.value) and len(str(error.value)) > 20
    return str(error.value)


# ---- subtypes ----


def test_subtypes_are_the_genotypes_of_the_tumours_with_expression(own_study):
    cohort = read_study(own_study)
    found = microenvironment.genomic_subtypes(cohort, samples=pd.Index(SAMPLES[:5]))
    assert dict(found.astype(str)) == {name: GENOTYPE[name] for name in SAMPLES[:5]}
    assert list(found.cat.categories) == ["NSCLC-like", "SCLC-like", "Unclassified"]
    without = microenvironment.genomic_subtypes(cohort, samples=pd.Index(["S1", "S2"]))
    assert list(without.cat.categories) == ["NSCLC-like", "SCLC-like"], "a group without anyone is none"


def test_tumours_not_profiled_for_a_gene_are_left_out_and_counted(own_study):
    (own_study / "data_gene_panel_small.txt").write_text("stable_id: small\ngene_list: TP53\tKRAS\tKEAP1\tSTK11\n")
    (own_study / "data_gene_panel_matrix.txt").write_text(
        "SAMPLE_ID\tmutations\n" + "".join(f"S{i}\t{'small' if i in (1, 5) else 'all'}\n" for i in range(1, 9))
    )
    values = pd.DataFrame({"x": range(8)}, SAMPLES)
    values.attrs["genes"] = (130, 138)
    group = microenvironment.genomic_subtypes(read_study(own_study), samples=values.index)
    assert set(group.index) == set(SAMPLES) - {"S1", "S5"}
    said = microenvironment.tumours_and_genes_sentence(values, group)
    assert said.startswith("6 tumours; 2 ") and "left out" in said and "130 of the signature's 138 genes" in said


def test_one_subtype_alone_is_drawn_and_nobody_at_all_is_a_stated_skip(own_study):
    cohort = read_study(own_study)
    whole = microenvironment.genomic_subtypes(cohort, samples=pd.Index(SAMPLES))
    alone = whole.index[whole == whole.cat.categories[0]]
    group = microenvironment.genomic_subtypes(cohort, samples=alone)
    assert list(group.cat.categories) == [whole.cat.categories[0]] and list(group.index) == list(alone)
    values = pd.DataFrame({"x": range(len(alone))}, alone)
    tests = ranks.pairwise_rank_sums_by_column(values, group)
    assert tests.empty and "No scores could be compared." == microenvironment.comparisons_sentence(
        tests, fdr=0.05, what="scores"
    )
    with pytest.raises(MissingData, match="none of the samples of own_study"):
        microenvironment.genomic_subtypes(cohort, samples=pd.Index([], dtype=object))


def test_without_mutations_all_tumours_are_one_group(own_study):
    (own_study / "data_mutations.txt").unlink()
    group = microenvironment.genomic_subtypes(read_study(own_study), samples=pd.Index(SAMPLES))
    assert set(group) == {"Genotype unknown"}


def test_a_second_tumour_of_a_patient_is_not_a_second_patient(own_study):
    """Wilcoxon's test takes its values to be independent, and reading the cohort says that the first sample listed
    stands for its patient."""
    file = own_study / "data_clinical_sample.txt"
    file.write_text(file.read_text() + "S1b\tA1\t3\nS2b\tA2\t3\n")
    calls = own_study / "data_mutations.txt"
    calls.write_text(
        calls.read_text() + "S1b\tTP53\tMissense_Mutation\nS1b\tRB1\tNonsense_Mutation\nS2b\tSTK11\tNonsense_Mutation\n"
    )
    cohort = read_study(own_study)
    assert any("the first listed stands for the patient" in note for note in cohort.notes)
    found = microenvironment.genomic_subtypes(cohort, samples=pd.Index([*SAMPLES, "S1b", "S2b"]))
    patients = cohort.samples.loc[found.index, "PATIENT_ID"]
    assert not patients.duplicated().any()


# ---- groups compared ----


def grouped(seed: int = 5) -> tuple[pd.DataFrame, pd.Series]:
    """Three quantities of 24 tumours in three groups, of which one tumour has no group and one value is missing."""
    rng = np.random.default_rng(seed)
    names = [f"T{i}" for i in range(25)]
    group = pd.Series(["a"] * 10 + ["b"] * 8 + ["c"] * 6, names[:24])
    values = pd.DataFrame({"alike": rng.random(25), "apart": rng.random(25), "tied": rng.integers(0, 3, 25)}, names)
    values.loc[names[:10], "apart"] += 2
    values.loc["T3", "alike"] = NAN
    return values.astype(float), pd.Series(pd.Categorical(group, ["a", "b", "c"]), group.index)


def test_groups_are_compared_as_scipy_and_statsmodels_do_it():
    values, group = grouped()
    found = ranks.pairwise_rank_sums_by_column(values, group)
    rows = list(itertools.product(values, itertools.combinations("abc", 2)))
    assert [(row.what, (row.group, row.other)) for row in found.itertuples()] == rows
    expected = []
    for what, pair in rows:
        one, other = ([values.at[t, what] for t in group.index if group[t] == g] for g in pair)
        one, other = ([value for value in side if value == value] for side in (one, other))
        untied = len({*one, *other}) == len(one) + len(other)
        expected.append(stats.mannwhitneyu(one, other, method="exact" if untied else "asymptotic").pvalue)
        row = found[(found["what"] == what) & (found["group"] == pair[0]) & (found["other"] == pair[1])].iloc[0]
        assert (row["median"], row["other_median"]) == (np.median(one), np.median(other))
    np.testing.assert_allclose(found["p"], expected)
    np.testing.assert_allclose(found["p_adjusted"], multipletests(expected, method="fdr_bh")[1])


def test_a_quantity_that_does_not_vary_is_no_test():
    values, group = grouped()
    found = ranks.pairwise_rank_sums_by_column(values.assign(tied=0.0), group).set_index("what")
    assert found.loc["tied", ["p", "p_adjusted"]].isna().all(axis=None)
    tested = found.drop(index="tied")
    np.testing.assert_allclose(tested["p_adjusted"], multipletests(tested["p"], method="fdr_bh")[1])


def test_the_summary_counts_and_orders_as_numpy_does():
    values, group = grouped()
    found = ranks.quartiles_by_group(values, group).set_index(["group", "what"])
    assert len(found) == 9
    for (name, what), row in found.iterrows():
        mine = [
            values.at[t, what] for t in group.index if group[t] == name and values.at[t, what] == values.at[t, what]
        ]
        assert row["n"] == len(mine)
        np.testing.assert_allclose(row[["q1", "median", "q3"]].astype(float), np.percentile(mine, [25, 50, 75]))
    assert found.at[("a", "alike"), "n"] == 9 and found.at[("a", "apart"), "n"] == 10
    table = ranks.long_table(values, group)
    assert list(table) == ["group", "what", "value"] and len(table) == 3 * 24
    assert list(table["group"].cat.categories) == ["a", "b", "c"]


def test_the_sentence_counts_those_that_differ_with_their_medians():
    values, group = grouped()
    tests = ranks.pairwise_rank_sums_by_column(values, group)
    said = microenvironment.comparisons_sentence(tests, fdr=0.05, what="things", decimals=2)
    apart = tests[tests["p_adjusted"] < 0.05]
    assert set(apart["what"]) == {"apart"} and len(apart) == 2
    assert said.startswith("2 of 9 comparisons of things differ at a false discovery rate of 5%: ")
    for row in apart.itertuples():
        assert f"apart {row.median:.2f} in a, {row.other_median:.2f} in {row.other}" in said
    none = microenvironment.comparisons_sentence(tests[tests["what"] == "alike"], fdr=0.1, what="things")
    assert none.startswith("0 of 3 comparisons") and "rate of 10%; the smallest p is of alike" in none
    # 5% of comparisons are under 5% by chance alone: the adjusted p decides
    chance = microenvironment.comparisons_sentence(tests.assign(p=0.01, p_adjusted=0.09), fdr=0.05, what="things")
    assert chance.startswith("0 of 9 comparisons") and "(adjusted p = 0.09" in chance
    many = pd.concat([tests.assign(what=f"q{i}", p=1e-6 * (i + 1), p_adjusted=1e-5) for i in range(3)])
    assert "; and 21 more." in microenvironment.comparisons_sentence(many, fdr=0.05, what="things")


def test_where_nothing_could_be_tested_the_sentence_says_so():
    values, group = grouped()
    tests = ranks.pairwise_rank_sums_by_column(values[["tied"]] * 0, group)
    said = microenvironment.comparisons_sentence(tests, fdr=0.05, what="things")
    assert "smallest p is of ." not in said and not said.startswith("0 of 0")


# ---- known fractions ----


def with_fractions(own_study, columns: dict[str, list]) -> Cohort:
    """own_study with further columns of its sample table."""
    file = own_study / "data_clinical_sample.txt"
    head, *rows = file.read_text().splitlines()
    cells = zip(*([str(cell) for cell in column] for column in columns.values()), strict=True)
    lines = [f"{head}\t" + "\t".join(columns), *(f"{row}\t" + "\t".join(c) for row, c in zip(rows, cells, strict=True))]
    file.write_text("\n".join(lines) + "\n")
    return read_study(own_study)


EIGHT = [0.1, 0.2, 0.05, 0, 1, 0.33, 0.4, 0.25]


def test_known_fractions_are_read_in_percent(own_study):
    cohort = with_fractions(own_study, {"FRACTION_T_CELLS_CD8": EIGHT, "FRACTION_OTHER": [*EIGHT[:7], "NA"]})
    found = microenvironment.known_fractions(cohort)
    assert set(found) == {"CD8+ T cells", "Other cells"} and list(found.index) == SAMPLES
    np.testing.assert_allclose(found["CD8+ T cells"], [10, 20, 5, 0, 100, 33, 40, 25])
    assert math.isnan(found.at["S8", "Other cells"])


@pytest.mark.parametrize("cell", ["many", "-0.1", "1.2", "25", "inf", "0,2", "12%"])
def test_what_is_no_fraction_is_refused_by_sample_and_column(own_study, cell):
    cohort = with_fractions(own_study, {"FRACTION_OTHER": EIGHT, "FRACTION_B_CELLS": [*EIGHT[:5], cell, 0.1, 0.2]})
    with pytest.raises(UserError) as error:
        microenvironment.known_fractions(cohort)
    said = one_line(error)
    for word in (f"'{cell}'", "S6", "FRACTION_B_CELLS", "own_study/data_clinical_sample.txt"):
        assert word in said


def test_without_known_fractions_there_is_a_stated_skip(own_study):
    with pytest.raises(MissingData, match="own_study has no known immune fractions"):
        microenvironment.known_fractions(read_study(own_study))


def test_columns_without_any_value_are_a_stated_skip(own_study):
    cohort = with_fractions(own_study, {"FRACTION_OTHER": ["NA"] * 8})
    with pytest.raises(MissingData):
        microenvironment.known_fractions(cohort)


def test_a_fraction_of_no_known_population_is_not_ignored_in_silence(own_study):
    """A misspelt column would else be a population that the reader believes compared."""
    cohort = with_fractions(own_study, {"FRACTION_OTHER": EIGHT, "FRACTION_CD8_T_CELLS": EIGHT})
    with pytest.raises(UserError, match="FRACTION_CD8_T_CELLS"):
        microenvironment.known_fractions(cohort)


def test_agreement_is_what_scipy_and_loops_give():
    rng = np.random.default_rng(6)
    known = pd.DataFrame(rng.random((8, 2)) * 30, SAMPLES, ["B cells", "Other cells"])
    known.loc["S2", "B cells"] = NAN
    estimated = known.fillna(3) + rng.normal(1, 2, (8, 2))
    estimated = estimated.drop(index="S7")  # not everyone has expression
    found = microenvironment.fraction_agreement(estimated, known).set_index("what")
    for what, kept in (("B cells", [0, 2, 3, 4, 5, 7]), ("Other cells", [0, 1, 2, 3, 4, 5, 7])):
        pairs = [(estimated.at[SAMPLES[i], what], known.at[SAMPLES[i], what]) for i in kept]
        errors = [mine - true for mine, true in pairs]
        row = found.loc[what]
        assert row["n"] == len(kept)
        np.testing.assert_allclose(row["r"], stats.pearsonr(*zip(*pairs, strict=True)).statistic)
        np.testing.assert_allclose(row["bias"], sum(errors) / len(errors))
        np.testing.assert_allclose(row["rmse"], math.sqrt(sum(error**2 for error in errors) / len(errors)))
    said = microenvironment.fraction_agreement_sentence(found.reset_index())
    worst = found["rmse"].idxmax()
    assert f"{found['rmse'].max():.1f} percentage points ({worst})" in said


def test_the_sentence_on_agreement_says_where_fewer_samples_are_known():
    known = pd.DataFrame({"B cells": [1.0, 2, 3, 4, 5], "Tregs": [1.0, 2, 4, NAN, NAN]})
    table = microenvironment.fraction_agreement(known + 1, known)
    assert list(table["n"]) == [5, 3]
    said = microenvironment.fraction_agreement_sentence(table)
    assert "3" in said.split(".")[0] and "5" in said.split(".")[0]


@pytest.mark.parametrize("known", [[0.0] * 8, [7.0] * 8, [NAN] * 7 + [3.0]], ids=["zero", "same", "one"])
def test_known_fractions_that_do_not_vary_have_no_correlation_and_a_sentence(known):
    known = pd.DataFrame({"B cells": known}, SAMPLES)
    estimated = pd.DataFrame({"B cells": np.arange(8.0)}, SAMPLES)
    table = microenvironment.fraction_agreement(estimated, known)
    assert math.isnan(table.at[0, "r"]) and table.at[0, "n"] == known["B cells"].notna().sum()
    said = microenvironment.fraction_agreement_sentence(table)
    assert "nan" not in said


# ---- lymphocytes on slides ----


def fields(*rows) -> types.SimpleNamespace:
    """What pathology.count_folder makes of fields in which kinds of nuclei were told apart."""
    table = pd.DataFrame(rows, columns=["patient", "group", "subtype", "til", "nuclei", "mm2_tissue"])
    return types.SimpleNamespace(fields=table, til=table, model="a forest", reason="", left_out={})


def tils(**groups) -> pd.DataFrame:
    """Densities by patient as til_densities returns them, by hand. groups: name → densities, or (density, subtype)
    of LCNEC."""
    rows = [
        {"patient": f"{name}{i}", "group": name, "subtype": value[1] if isinstance(value, tuple) else "",
         "til_per_mm2": float(value[0] if isinstance(value, tuple) else value)}
        for name, values in groups.items() for i, value in enumerate(values)
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    names = [*sorted(set(groups) - {"LCNEC"}), *(["LCNEC"] if "LCNEC" in groups else [])]
    return table.assign(group=pd.Categorical(table["group"], names))


OURS = [(20, "NSCLC-like"), (35, "NSCLC-like"), (28, "SCLC-like"), (60, "Unclassified"), (41, "")]
MANY = tils(SCLC=[150, 90, 220, 30], LUAD=[300, 410, 260, 180, 505], LUSC=[240, 330, 95], LCNEC=OURS)


def test_fields_are_pooled_by_area_into_patients():
    """(10 + 30) lymphocytes on (1 + 3) mm² are 10 per mm², and no mean of 10 and 10."""
    found = microenvironment.til_densities(
        fields(
            ("p2", "LCNEC", "SCLC-like", 12, 50, 0.5),
            ("p1", "SCLC", "", 8, 50, 1.0),
            ("p1", "SCLC", "", 30, 90, 3.0),
            ("p3", "LUAD", "", 0, 70, 2.0),
        )
    ).set_index("patient")
    assert dict(found["til_per_mm2"]) == {"p1": 9.5, "p2": 24.0, "p3": 0.0}
    assert list(found["group"].cat.categories) == ["LUAD", "SCLC", "LCNEC"]


@pytest.mark.parametrize("group", ["LCNEC", "LUAD"])
def test_one_group_alone_is_described_and_not_compared(group):
    found = microenvironment.til_densities(fields(("p1", group, "", 10, 9, 1.0), ("p2", group, "", 20, 9, 1.0)))
    tests = microenvironment.til_comparisons(found)
    assert list(found["group"].cat.categories) == [group] and tests.empty
    assert microenvironment.til_sentence(found, tests) == f"Median TILs per mm² of tissue: {group} 15."
    assert not [key for key in microenvironment.til_findings(found) if key.startswith("til.")]


def test_a_patient_without_tissue_is_left_out_and_counted():
    found = microenvironment.til_densities(
        fields(("p1", "LUAD", "", 0, 0, 0.0), ("p2", "LUAD", "", 5, 9, 1.0), ("p3", "LCNEC", "", 5, 9, 1.0))
    )
    assert list(found["patient"]) == ["p2", "p3"] and found.attrs["empty"] == 1


def test_where_no_field_has_tissue_there_is_a_stated_skip():
    with pytest.raises(MissingData):
        microenvironment.til_densities(fields(("p1", "LUAD", "", 0, 0, 0.0), ("p2", "LCNEC", "", 0, 0, 0.0)))


def test_lcnec_without_subtype_are_lcnec():
    table = fields(*((f"p{i}", "LCNEC" if i < 4 else "LUAD", "", i, 9, 1.0) for i in range(8)))
    found = microenvironment.til_densities(table)
    assert (found["group"] == "LCNEC").sum() == 4 and len(found) == 8
    assert set(microenvironment.til_comparisons(found)["group"]) == {"LCNEC"}


def test_where_kinds_were_not_told_apart_the_reason_is_stated():
    counted = fields(("p1", "LCNEC", "", 10, 9, 1.0))
    counted.til, counted.model, counted.reason = None, None, "slides has no annotated nuclei (nuclei.csv)"
    with pytest.raises(MissingData, match="no annotated nuclei"):
        microenvironment.til_densities(counted)


def test_lcnec_and_its_nsclc_like_are_held_against_every_other_group():
    found = microenvironment.til_comparisons(MANY).set_index(["group", "other"])
    ours = {"LCNEC": [value for value, _ in OURS], "NSCLC-like LCNEC": [20, 35]}
    theirs = {"LUAD": [300, 410, 260, 180, 505], "LUSC": [240, 330, 95], "SCLC": [150, 90, 220, 30]}
    assert set(found.index) == set(itertools.product(ours, theirs))
    for (one, other), row in found.iterrows():
        a, b = ours[one], theirs[other]
        assert (row["n"], row["other_n"]) == (len(a), len(b))
        assert (row["median"], row["other_median"]) == (np.median(a), np.median(b))
        assert row["difference"] == pytest.approx(sum(a) / len(a) - sum(b) / len(b))
        # Welch's standard error and the normal limits
        se = math.sqrt(np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b))
        assert row["upper"] - row["difference"] == pytest.approx(1.959963985 * se)
        assert row["difference"] - row["lower"] == pytest.approx(1.959963985 * se)
        assert row["unit"] == "TILs per mm² of tissue"
        assert row["p"] == pytest.approx(stats.mannwhitneyu(a, b, method="exact").pvalue)


def test_wilcoxons_p_of_a_single_patient_exists():
    """One value against four: the least two-sided p is 2/5; a mean has no interval, and the rank test is one."""
    found = microenvironment.til_comparisons(tils(SCLC=[150, 90, 220, 30], LCNEC=[(20, "NSCLC-like")]))
    assert (found["n"] == 1).all()
    np.testing.assert_allclose(found["p"].astype(float), stats.mannwhitneyu([20], [150, 90, 220, 30]).pvalue)


def test_without_lymphocytes_at_all_nothing_is_compared_and_nothing_breaks():
    none = tils(LUAD=[0, 0, 0], LCNEC=[(0, ""), (0, "NSCLC-like")])
    tests = microenvironment.til_comparisons(none)
    assert tests["p"].isna().all()
    assert "LUAD 0, LCNEC 0" in microenvironment.til_sentence(none, tests)
    for findings in microenvironment.til_findings(none).values():
        assert all(finding.value in (None, 0, 1, 2, 3) for finding in findings)


def test_every_claim_of_the_panel_is_answered_and_fewer_is_less():
    found = microenvironment.til_findings(MANY)
    asked = {claim.id for claim in claims.published().values() if claim.panel == "fig5h"}
    assert {f"lcnec.fig5h.{tail}" for tail in found} == asked
    for tail, findings in found.items():
        claim = claims.published()[f"lcnec.fig5h.{tail}"]
        if tail.startswith("n."):
            counted = {"luad": 5, "lusc": 3, "sclc": 4, "lcnec": 5, "nsclc_like": 2, "sclc_like": 1, "unclassified": 1}
            assert [finding.value for finding in findings] == [counted[tail.removeprefix("n.")]]
        else:
            assert claim.direction == "less" and all(finding.value < 0 for finding in findings)
    assert len(found["til.abstract"]) == len(found["til.discussion"]) == 3
    n = {tail: finding[0].n for tail, finding in found.items()}
    assert n["til.lcnec_vs_luad"] == 10 and n["til.nsclc_like_vs_luad.legend"] == 7


def test_lcnec_with_more_lymphocytes_contradicts():
    rich = tils(LUAD=[10, 12, 15, 9, 11], LCNEC=[(300, ""), (280, ""), (350, ""), (310, "")])
    findings = microenvironment.til_findings(rich)
    verdict, _ = verdicts.verdict(claims.published()["lcnec.fig5h.til.lcnec_vs_luad"], findings["til.lcnec_vs_luad"])
    assert verdict == "contradicted"
    poor = tils(LUAD=[300, 280, 350, 310], LCNEC=[(10, ""), (12, ""), (15, "")])
    findings = microenvironment.til_findings(poor)
    verdict, _ = verdicts.verdict(claims.published()["lcnec.fig5h.til.lcnec_vs_luad"], findings["til.lcnec_vs_luad"])
    assert verdict == "compatible"


def test_the_sentence_on_lymphocytes_gives_medians_and_p_of_each_pair():
    said = microenvironment.til_sentence(MANY, microenvironment.til_comparisons(MANY))
    assert said.startswith("Median TILs per mm² of tissue: LUAD 300, LUSC 240, SCLC 120, LCNEC 35. ")
    # all five LCNEC lie under all five LUAD: 2 / C(10, 5)
    assert f"), p = {2 / math.comb(10, 5):.3f}; LCNEC against LUSC" in said and said.count("against") == 6
    difference = np.mean([value for value, _ in OURS]) - np.mean([300, 410, 260, 180, 505])
    assert f"LCNEC against LUAD −{abs(difference):.0f} (" in said and "per mm² (95% CI; p by the Wilcoxon test" in said


def test_the_sentence_says_how_many_patients_had_no_tissue():
    """What is left out is counted; a count that no sentence gives is not read."""
    found = microenvironment.til_densities(
        fields(*((f"p{i}", "LCNEC" if i < 3 else "LUAD", "", i, 9, 0.0 if i == 6 else 1.0) for i in range(7)))
    )
    said = microenvironment.til_sentence(found, microenvironment.til_comparisons(found))
    assert "1 patient" in said


def test_pairs_are_those_of_one_group_with_their_p():
    tests = microenvironment.til_comparisons(MANY)
    found = microenvironment.p_by_groups(tests, group="LCNEC")
    assert set(found) == {("LUAD", "LCNEC"), ("LUSC", "LCNEC"), ("SCLC", "LCNEC")}
    assert found["LUSC", "LCNEC"] == pytest.approx(2 / math.comb(8, 3)), "all three LUSC lie above all five LCNEC"
    assert not microenvironment.p_by_groups(tests, group="NSCLC")


def test_subtypes_on_slides_are_those_of_lcnec_and_an_unknown_one_is_shown():
    table = MANY.copy()
    table.loc[0, "subtype"] = "NSCLC-like"  # a subtype of what is no LCNEC
    values, kinds = microenvironment.lcnec_densities(table)
    assert list(zip(kinds, values, strict=True)) == [
        ("NSCLC-like", 20), ("NSCLC-like", 35), ("SCLC-like", 28), ("Unclassified", 60), ("subtype unknown", 41),
    ]  # fmt: skip
    assert list(kinds.cat.categories) == ["NSCLC-like", "SCLC-like", "Unclassified", "subtype unknown"]
    few, kinds = microenvironment.lcnec_densities(tils(LUAD=[1, 2], LCNEC=[(3, ""), (4, "SCLC-like")]))
    assert list(few) == [3, 4] and list(kinds.cat.categories) == ["SCLC-like", "subtype unknown"]


def told(aucs: list[float], **truth) -> str:
    """What is said of three fields with 30 TILs among 300 nuclei, judged in folds of two slides and 100 nuclei."""
    rows = [{"fold": i, "slides": 2, "nuclei": 100, "til": 20, "auc": auc} for i, auc in enumerate(aucs, 1)]
    counted = fields()
    counted.fields = pd.DataFrame({"nuclei": [90, 110, 100], "til": [10, 15, 5], **truth})
    counted.folds, counted.left_out = pd.DataFrame(rows), {"annotated": 4, "other fields of annotated patients": 0}
    return microenvironment.classifier_sentence(counted)


def test_the_sentence_on_nuclei_says_how_well_they_were_told_apart_and_what_was_left_out():
    said = told([0.97, NAN, 0.9912])
    assert (
        "AUC of 0.970 to 0.991 (2 folds" in said
        and "300 nuclei and 30 TILs were counted in 3 fields (not counted: 4 annotated)" in said
    )
    assert "other fields" not in said and "True" not in said
    assert "0.970 (1 fold" in told([0.97]) or "0.970 to 0.970 (1 fold" in told([0.97])


def test_the_nuclei_and_slides_said_of_an_auc_are_those_of_the_folds_that_have_one():
    """A fold without a TIL has no AUC, and its hundred nuclei of two slides speak for none."""
    assert "200 nuclei of 4 slides" in told([0.97, NAN, 0.9912])


def test_without_any_auc_the_sentence_gives_no_range_of_it():
    assert "not estimable to not estimable" not in told([NAN, NAN])


def test_true_numbers_stand_beside_the_counted_ones_and_are_not_their_whole():
    """Thirty counted where 25 are true are not thirty of the 25."""
    said = told([0.97], truth_nuclei=["95", "100", "100"], truth_til=["8", "12", "5"])
    assert "295 nuclei" in said and "25 TILs" in said and "30 TILs" in said
    assert "25 TILs, of which 30" not in said


# ---- FGL1 on slides ----


def tumours_of(**positive: list[bool | None]) -> pd.DataFrame:
    """Tumours by group (spaces and hyphens as __ and _) with their calls."""
    rows = [
        {"patient": f"{group}{i}", "group": group.replace("__", " ").replace("_", "-"), "positive": call, "fields": 1,
         "fields_without_cells": 0, "cells": 50, "unjudged": 0}
        for group, calls in positive.items() for i, call in enumerate(calls)
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"positive": "boolean"})


def test_findings_of_the_printed_tumours_answer_the_claims():
    """1 of 2 NSCLC-like LCNEC, 0 of 1 SCLC-like LCNEC, 3 of 3 NSCLC, 0 of 4 SCLC, as printed."""
    tumours = tumours_of(
        NSCLC_like__LCNEC=[True, False], SCLC_like__LCNEC=[False], NSCLC=[True] * 3, SCLC=[False] * 4,
        Unclassified__LCNEC=[True],
    )  # fmt: skip
    answers = microenvironment.fgl1_findings(tumours)
    printed = {id: claim for id, claim in claims.published().items() if claim.panel == "fig5g"}
    assert {f"lcnec.fig5g.{tail}" for tail in answers} >= set(printed)
    for id, claim in printed.items():
        if claim.kind == "number":
            assert verdicts.verdict(claim, answers[id.removeprefix("lcnec.fig5g.")])[0] == "equal", id
    assert [answers[f"n.{key}"][0].value for key in ("nsclc_like", "sclc_like", "nsclc", "sclc")] == [2, 1, 3, 4]
    difference = answers["fgl1_protein.abstract"][0]
    # Fisher's test of 1 of 2 against 0 of 1: every table is as likely or less
    assert (difference.value, difference.p, difference.n) == (0.5, pytest.approx(1), 3)
    assert microenvironment.fgl1_sentence(tumours).startswith(
        "FGL1-positive tumours: NSCLC-like LCNEC 1/2 (50%), SCLC-like LCNEC 0/1 (0%), NSCLC 3/3 (100%), SCLC 0/4 (0%), "
        "Unclassified LCNEC 1/1 (100%); 550 cells in 11 fields."
    )


def test_the_sentence_on_fgl1_counts_what_could_not_be_judged():
    tumours = tumours_of(NSCLC=[True, None, None]).assign(
        fields_without_cells=[1, 1, 0], cells=[25, 0, 120], unjudged=[0, 0, 120]
    )
    assert microenvironment.fgl1_sentence(tumours) == (
        "FGL1-positive tumours: NSCLC 1/1 (100%); 145 cells in 3 fields. Fields without a cell: 2. "
        "Cells not judged, for lack of background in their fields: 120. Tumours without a judged cell: 2."
    )
    answers = microenvironment.fgl1_findings(tumours)
    assert answers["n.nsclc"][0].value == 1 and answers["positive.nsclc"][0].value == 100


def test_luad_and_lusc_are_nsclc_and_a_group_without_tumours_has_no_share():
    answers = microenvironment.fgl1_findings(tumours_of(LUAD=[True, None], LUSC=[False], NSCLC=[True]))
    assert answers["n.nsclc"][0].value == 3 and answers["positive.nsclc"][0].value == pytest.approx(200 / 3)
    assert answers["n.sclc"][0].value == 0 and answers["positive.sclc"][0].value is None
    assert answers["fgl1_protein.abstract"][0].value is None and answers["fgl1_protein.abstract"][0].note


# ---- the twin of cohort 2 ----


def test_on_the_twin_of_cohort_2_the_printed_group_sizes_are_compared():
    try:
        cohort = roles.read_role("cohort_2", "twin_cohort_2")
    except NotBuilt as reason:
        pytest.skip(str(reason))
    scores = immune.scores(cohort)
    group = microenvironment.genomic_subtypes(cohort, samples=scores.index)
    printed = {name: int(claims.published()[f"lcnec.fig4e.n.{key}"].value) for name, key in (
        ("NSCLC-like", "nsclc_like"), ("SCLC-like", "sclc_like"), ("Unclassified", "unclassified"))}  # fmt: skip
    assert dict(group.value_counts()) == printed
    summary = ranks.quartiles_by_group(scores, group)
    assert all(row.n == printed[row.group] for row in summary.itertuples()) and len(summary) == 12
    assert scores.notna().all(axis=None) and scores.attrs["left_out"] == []


# --- estimates that a study gives


def test_a_cohort_without_expression_is_scored_by_the_estimates_of_its_study(public_cohort):
    """95 of 107 tumours have estimates; what xCell writes as 1e-18 is an enrichment of none."""
    lcnec = read_study(public_cohort("tu_lcnec_2026"))
    table = microenvironment.immune_scores(lcnec)
    assert list(table) == list(microenvironment.GIVEN_SCORES.values()) and len(table) == 95
    given = pd.to_numeric(lcnec.samples["IMMUNE_SCORE"]).dropna()
    pd.testing.assert_series_equal(table["Immune score (ESTIMATE)"], given, check_names=False)
    assert (table["Regulatory T cells (xCell)"] == 0).any()
    assert (pd.to_numeric(lcnec.samples["XCELL_TREGS"]).dropna() > 0).sum() > (table > 0).iloc[:, 4].sum()
    subtype = microenvironment.genomic_subtypes(lcnec, samples=table.index)
    assert "the study's own" in microenvironment.tumours_and_genes_sentence(table, subtype)


def test_a_cohort_with_neither_expression_nor_estimates_lacks_expression(public_cohort):
    with pytest.raises(MissingData, match="no expression"):
        microenvironment.immune_scores(read_study(public_cohort("msk_met_lcnec")))
