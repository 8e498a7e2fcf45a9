"""Pairs of organs, their genomes and stained cells on small cohorts worked by hand. About 1 s."""

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.stats.paired import paired_shift
from lcnec_utils.studies.liver import immune_cells, organ_pairs, paired_genomes

GENES = ["TP53", "KRAS"]


def cohort(samples: dict[str, list], calls: list[tuple] = ()) -> Cohort:
    table = pd.DataFrame(samples).set_index("SAMPLE_ID")
    columns = ["Tumor_Sample_Barcode", "Hugo_Symbol", "HGVSp_Short", "Variant_Classification"]
    mutations = pd.DataFrame(list(calls), columns=columns)
    patients = pd.DataFrame(index=pd.Index(sorted(set(table["PATIENT_ID"])), name="PATIENT_ID"))
    return Cohort("made up", patients, table, mutations=mutations)


def pairs_of(n: int, **columns) -> Cohort:
    """n patients with a lung and a liver sample each; columns: by sample, lung and liver in turn."""
    names = [f"P{i}{organ}" for i in range(n) for organ in "LH"]
    samples = {
        "SAMPLE_ID": names,
        "PATIENT_ID": np.repeat([f"P{i}" for i in range(n)], 2),
        "ORGAN": ["Lung", "Liver"] * n,
    }
    calls = columns.pop("calls", [])
    return cohort(samples | columns, calls)


def call(sample: str, gene: str, change: str = "p.G12C") -> tuple:
    return sample, gene, change, "Missense_Mutation"


# ---- pairs ----


def test_pairs_are_the_first_samples_of_each_organ_and_say_how_far_apart():
    samples = {
        "SAMPLE_ID": ["a1", "a2", "a3", "b1", "c1", "c2", "d1", "d2"],
        "PATIENT_ID": ["A", "A", "A", "B", "C", "C", "D", "D"],
        "ORGAN": ["lung", "Liver", "liver", "lung", "LIVER ", "lung", "lung", "brain"],
        "BIOPSY_MONTHS": [0.0, 0.5, 8.0, 0.0, 3.0, 10.0, 0.0, 0.0],
    }
    pairs = organ_pairs.organ_pairs(cohort(samples))
    assert pairs.loc["A", ["lung", "liver"]].tolist() == ["a1", "a2"] and list(pairs.index) == ["A", "C"]
    assert pairs["months_apart"].tolist() == [0.5, -7.0] and pairs["together"].tolist() == [True, False]
    assert organ_pairs.organ_pairs(cohort(samples), simultaneous_months=7)["together"].all()
    said = organ_pairs.pairs_sentence(pairs)
    assert "2 pairs" in said and "1 taken together" in said and "7.0 months apart in the median" in said


def test_without_times_nobody_is_said_to_be_taken_together():
    pairs = organ_pairs.organ_pairs(pairs_of(2))
    assert pairs["together"].isna().all() and "not recorded" in organ_pairs.pairs_sentence(pairs)


def test_organs_of_a_study_without_that_column_are_its_sites():
    samples = {
        "SAMPLE_ID": ["a", "b", "c"], "PATIENT_ID": ["A", "B", "C"],
        "SAMPLE_TYPE": ["Primary", "Metastasis", "Metastasis"],
        "PRIMARY_SITE": ["Lung", "Lung", "Lung"], "METASTATIC_SITE": ["", "Liver", ""],
    }  # fmt: skip
    found = organ_pairs.organs(cohort(samples))
    assert found[["a", "b"]].tolist() == ["lung", "liver"] and pd.isna(found["c"])
    assert not organ_pairs.has_pairs(cohort(samples))
    with pytest.raises(MissingData, match="no patient of made up has a sample of both organs: .*1 samples of the lung"):
        organ_pairs.organ_pairs(cohort(samples))


# ---- genomes ----


def test_a_mutation_is_shared_where_both_organs_have_the_same_change():
    calls = [call("P0L", "TP53", "p.R273L"), call("P0H", "TP53", "p.R273L"), call("P0L", "KRAS", "p.G12C"),
             call("P0H", "KRAS", "p.G12D"), call("P0H", "EGFR"), call("P1L", "TP53")]  # fmt: skip
    genomes = paired_genomes.organ_genomes(pairs_of(2, calls=calls), genes=GENES)
    counts = genomes.counts[["shared", "lung only", "liver only"]]
    assert counts.loc["P0"].tolist() == [1, 1, 2] and counts.loc["P1"].tolist() == [0, 1, 0]
    assert genomes.counts.at["P0", "share_shared"] == 0.25
    # another KRAS change is a mutated KRAS nonetheless: as a gene it is alike
    assert genomes.genes["KRAS"].loc["P0", ["lung", "liver"]].tolist() == [True, True]
    difference = paired_genomes.gene_difference(genomes.genes["TP53"])
    assert difference.value == -0.5 and difference.n == 2


def test_burden_and_neoantigens_are_ratios_of_the_liver_to_the_lung():
    lung = np.array([4.0, 6, 9, 12, 20, 3, 7])
    burden = np.column_stack([lung, 2 * lung]).ravel()
    made = pairs_of(7, TMB_NONSYNONYMOUS=burden, NEOANTIGENS=["5"] * 14, BIOPSY_MONTHS=[0.0, 0] * 3 + [0.0, 9] * 4)
    genomes = paired_genomes.organ_genomes(made, genes=GENES)
    findings = paired_genomes.genome_findings(genomes)
    assert findings["tmb"][0].value == pytest.approx(2) and findings["tmb"][0].scale == "ratio"
    assert findings["neoantigens"][0].value == pytest.approx(1) and findings["pairs"][0].value == 7
    assert findings["pairs_simultaneous"][0].value == 3
    table = paired_genomes.differences(genomes).set_index("what")
    assert not table.at["Mutations per Mb", "alike"] and table.at["Neoantigens", "alike"]
    assert table.at["Mutations per Mb, taken together", "pairs"] == 3
    known = claims.published()
    assert verdicts.verdict(known["liver.lm_genomes.tmb"], findings["tmb"])[0] == "contradicted"


def test_findings_have_the_ids_that_are_printed():
    printed = {id.removeprefix("liver.lm_genomes.") for id in claims.published() if id.startswith("liver.lm_genomes.")}
    genomes = paired_genomes.organ_genomes(pairs_of(3), genes=GENES)
    assert set(paired_genomes.genome_findings(genomes)) == printed
    assert set(paired_genomes.no_pairs()) < printed


def test_what_was_not_measured_says_so():
    findings = paired_genomes.genome_findings(paired_genomes.organ_genomes(pairs_of(3), genes=GENES))
    assert findings["tmb"][0].note == "it was not measured in these pairs"
    assert findings["mutations"][0].note == "no gene is mutated in any pair"
    with pytest.raises(UserError, match="column NEOANTIGENS: 'many' of sample P0L is no count"):
        paired_genomes.organ_genomes(pairs_of(1, NEOANTIGENS=["many", "3"]), genes=GENES)


def test_different_patients_are_drawn_and_not_paired():
    samples = {
        "SAMPLE_ID": ["a", "b", "c"], "PATIENT_ID": ["A", "B", "C"], "ORGAN": ["lung", "liver", "liver"],
        "TMB_NONSYNONYMOUS": [4.0, 8.0, 6.0],
    }  # fmt: skip
    table = paired_genomes.unpaired(cohort(samples, [call("a", "TP53")]), genes=GENES)
    shown = paired_genomes.unpaired_table(table).set_index(["what", "organ"])["value"]
    assert shown["burden, median per Mb", "liver"] == 7 and shown["TP53, share altered", "lung"] == 1
    assert "no claim is judged" in paired_genomes.unpaired_sentence(table)
    with pytest.raises(MissingData, match="no sample of the liver with a burden"):
        paired_genomes.unpaired(cohort(samples | {"ORGAN": ["lung"] * 3}), genes=GENES)


# ---- stained cells ----


def stained(**more) -> Cohort:
    columns = {"N_CELLS": [100, 200] * 7, "N_CD45": [50, 50] * 7, "N_CD8": [10, 10] * 7, "N_CD56DIM": [1, 0] * 7}
    return pairs_of(7, **(columns | more))


def test_a_fraction_has_its_denominator():
    by_all = immune_cells.fractions(stained(), denominator="all cells")
    by_cd45 = immune_cells.fractions(stained(), denominator="CD45+ cells")
    assert by_all["CD8+ cells"].tolist()[:2] == [10, 5] and by_cd45["CD8+ cells"].tolist()[:2] == [20, 20]
    found = immune_cells.stained_cells(stained(), denominator="all cells")
    table = found.table.set_index(["what", "denominator", "which"])
    assert table.at[("CD8+ cells", "all cells", "all"), "difference"] == -5
    assert table.at[("CD8+ cells", "CD45+ cells", "all"), "difference"] == 0
    assert "of CD45+ cells" in immune_cells.stained_sentence(found)


def test_findings_are_percentage_points_of_the_chosen_denominator():
    rng = np.random.default_rng(1)
    made = stained(N_CD8=rng.integers(1, 40, 14), N_CD56DIM=rng.integers(0, 9, 14))
    found = immune_cells.stained_cells(made, denominator="CD45+ cells")
    table = found.of_pairs("CD8+ cells")
    finding = immune_cells.stained_findings(found)["cd8"][0]
    assert finding == paired_shift(table["liver"], table["lung"], what="CD8+ cells") and finding.scale == "difference"
    printed = {id.removeprefix("liver.lm_mihc.") for id in claims.published() if id.startswith("liver.lm_mihc.")}
    assert set(immune_cells.stained_findings(found)) == printed


def test_without_pairs_or_a_population_nothing_is_claimed():
    made = stained(ORGAN=["lung"] * 14)
    found = immune_cells.stained_cells(made, denominator="all cells")
    assert found.pairs is None and "no claim is judged" in immune_cells.stained_sentence(found)
    assert immune_cells.stained_findings(found)["cd8"][0].note == "no patient has a stained sample of both organs"
    made.samples.drop(columns=["N_CD56DIM"], inplace=True)
    made.samples["ORGAN"] = ["lung", "liver"] * 7
    found = immune_cells.stained_cells(made, denominator="all cells")
    assert immune_cells.stained_findings(found)["cd56dim"][0].note == "CD56dim NK cells were not counted"


@pytest.mark.parametrize(
    ("column", "values", "error", "message"),
    [
        ("N_CD8", [500, 1] * 7, UserError, "column N_CD8: sample P0L has more CD8. cells than all cells"),
        ("N_CD8", ["x", 1] * 7, UserError, "column N_CD8: 'x' of sample P0L is no count"),
        ("N_CELLS", [0.5, 1] * 7, UserError, "'0.5' of sample P0L is no count"),
        ("N_CELLS", [""] * 14, MissingData, "has no counts of all cells"),
    ],
)
def test_counts_that_cannot_be_are_refused(column, values, error, message):
    with pytest.raises(error, match=message):
        immune_cells.fractions(stained(**{column: values}), denominator="all cells")


def test_the_printed_p_are_attainable_with_some_numbers_of_pairs_only():
    """By the exact null distribution of the signed-rank statistic, counted here anew for 12 pairs."""
    said = immune_cells.printed_p_sentence(27)
    assert "(0.036 and 0.016) with 19, 22, 26 and 27 pairs of at most 27" in said
    sums = pd.Series([sum(rank for rank in range(1, 13) if way >> (rank - 1) & 1) for way in range(2**12)])
    p = np.minimum(2 * np.array([(sums <= total).mean() for total in range(79)]), 1)
    assert (np.floor(p * 1000 + 0.5) == 16).any() and not (np.floor(p * 1000 + 0.5) == 36).any()


def test_mxfda_is_shown_and_not_judged(data_dir):
    """50 real tumours by multiplex IHC, with no organ and no pair."""
    from lcnec_utils.core.errors import NotBuilt
    from lcnec_utils.run import roles

    try:
        real = roles.read_role("liver_pairs", "mxfda_lung")
    except NotBuilt as reason:
        pytest.skip(str(reason))
    found = immune_cells.stained_cells(real, denominator="all cells")
    assert found.table.loc[0, ["what", "n", "organ"]].tolist() == ["CD8+ cells", 50, organ_pairs.NOT_STATED]
    cd8, cells = (real.samples[column].astype(float) for column in ("N_CD8", "N_CELLS"))
    assert found.table.at[0, "median"] == pytest.approx(100 * (cd8 / cells).median())
    with pytest.raises(MissingData, match="counts of CD45. cells"):
        immune_cells.stained_cells(real, denominator="CD45+ cells")
