"""Stained panels side by side and Immunoscore against cells, on made-up specimens. About 2 s."""

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core.errors import MissingData
from lcnec_utils.ledger import claims
from lcnec_utils.studies.car_t import concordance
from tests.studies.car_t.made_up_specimens import biopsied

MANY = [(16, {"baseline": ["FFPE"]}), (8, {"baseline": ["FFPE"], "early": ["FFPE"]})]


@pytest.fixture(scope="module")
def compared():
    return concordance.concordance(biopsied(MANY, seed=5, with_tox=8), min_group=5)


def test_two_panels_on_one_section_agree_but_for_the_counting(compared):
    table = concordance.agreement_table(compared).set_index(["cells", "first"])
    assert table["n"].tolist() == [32, 32, 8, 8] and table["spearman"].min() > 0.9
    assert table.loc[("CD3+", "TL"), ["ratio_lower", "ratio_upper"]].between(0.9, 1.1).all()
    assert (table["lower"] < 1).all() and (table["upper"] > 1).all()


def test_a_panel_that_counts_twice_as_much_shows_as_a_ratio_of_two_and_full_correlation():
    cohort = biopsied(MANY, seed=5)
    twice = cohort.densities["assay"] == "TL"
    of_tce = cohort.densities[cohort.densities["assay"] == "TCE"].set_index(["sample", "population"])["per_mm2"]
    keys = list(zip(cohort.densities["sample"], cohort.densities["population"], strict=True))
    cohort.densities["per_mm2"] = np.where(
        twice, 2 * of_tce.reindex(keys).to_numpy(), cohort.densities["per_mm2"].to_numpy()
    )
    pair = concordance.concordance(cohort, min_group=5).pairs[0]
    assert pair.limits.bias == pytest.approx(2) and pair.limits.upper == pytest.approx(2)
    assert pair.correlation.value == 1.0


def test_two_blocks_of_one_biopsy_are_one_pair_of_densities(compared):
    """A second block of five patients, with other densities, moves their means and adds nobody."""
    cohort = biopsied(MANY, seed=5, with_tox=8)
    first = list(cohort.samples.index[cohort.samples["BIOPSY_TIME"] == "baseline"][:5])
    again = cohort.samples.loc[first].set_axis([f"{name}-2" for name in first]).rename_axis("SAMPLE_ID")
    cohort.samples = pd.concat([cohort.samples, again])
    more = cohort.densities[cohort.densities["sample"].isin(first)]
    more = more.assign(sample=more["sample"] + "-2", per_mm2=3 * more["per_mm2"])
    cohort.densities = pd.concat([cohort.densities, more], ignore_index=True)
    pair = concordance.concordance(cohort, min_group=5).pairs[0]
    assert pair.limits.n == pair.correlation.n == compared.pairs[0].limits.n == 32
    once = compared.pairs[0].values.to_numpy()
    moved = ~np.isclose(pair.values.to_numpy(), once).all(axis=1)
    assert moved.sum() == 5 and np.allclose(pair.values.to_numpy()[moved], 2 * once[moved]), "mean of 1 and 3 times"


def test_subsets_of_a_panel_that_stained_nobody_are_not_counted():
    answers = concordance.concordance_findings(concordance.concordance(biopsied(MANY, seed=5, with_tox=0), min_group=5))
    assert answers["phenotypes.tce_sc"][0].value == 14
    assert answers["phenotypes.tce_tox"][0].value is None and "TCE+" in answers["phenotypes.tce_tox"][0].note


def test_immunoscore_goes_with_t_cells_and_not_with_myeloid_cells_that_were_drawn_apart(compared):
    values = {id: finding.value for id, finding in compared.score_findings.items()}
    assert min(values[id] for id in ("cd3", "cd4", "cd8", "treg")) > 0.7
    assert max(abs(values[name]) for name in concordance.MYELOID) < 0.5
    assert compared.score_findings["cd3"].n == 24, "patients, of whom eight have two biopsies"


def test_subsets_are_as_many_as_printed_and_their_densities_are_of_patients_before_infusion(compared):
    counts = compared.subsets.groupby("panels", sort=False).size()
    assert counts.to_dict() == {"TCE and SC": 14, "TCE+": 37}
    assert compared.subsets.groupby("panels")["n"].max().to_dict() == {"TCE and SC": 24, "TCE+": 8}
    assert {name: table.size for name, table in concordance.matrices(compared).items()} == {
        "TCE and SC": 8 * 2, "TCE+": 13 * 4,
    }  # fmt: skip
    assert all(finding.value > 1 for finding in compared.myeloid.values()), "30 per combination, T cells fewer"


def test_a_panel_that_stained_nobody_before_infusion_is_shown_at_its_first_time():
    cohort = biopsied(MANY, seed=5, with_tox=40)
    before = cohort.samples.index[cohort.samples["BIOPSY_TIME"] == "baseline"]
    for name in ("densities", "positivity"):
        table = getattr(cohort, name)
        setattr(cohort, name, table[~(table["sample"].isin(before) & (table["assay"] == "TCE+"))])
    table = concordance.concordance(cohort, min_group=5).subsets.groupby("assay")[["time", "n"]].max()
    assert table.loc["TCE+"].tolist() == ["early", 8] and table.loc["TCE"].tolist() == ["baseline", 24]


def test_every_claim_is_answered_or_declined_with_a_reason(compared):
    answers = concordance.concordance_findings(compared)
    start = "zuma1.z1_ihc_concordance."
    assert set(answers) == {id.removeprefix(start) for id in claims.published() if id.startswith(start)}
    assert answers["n_overlap"][0].value == 8 and len(answers["tce_vs_tce_tox"]) == 2
    assert [answers[f"phenotypes.{id}"][0].value for id in ("tce_sc", "tce_tox")] == [14, 37]
    assert all(finding.origin == "parameter" for finding in answers["phenotypes.tce_sc"])
    assert answers["cd3_clone"][0].value is None and "no column" in answers["cd3_clone"][0].note


def test_what_was_not_stained_is_said_and_nothing_stained_is_a_skip():
    cohort = biopsied(MANY, seed=5, with_tox=0)
    of = concordance.concordance(cohort, min_group=5)
    assert len(of.pairs) == 2 and "no density of CD3+ in TCE+" in of.lacking["CD3, TCE and TCE+"]
    finding = concordance.concordance_findings(of)["tce_vs_tce_tox"][0]
    assert finding.value is None and "TCE+" in finding.note
    assert "no density of CD3+ in TCE+" in concordance.concordance_sentence(of)
    cohort.densities = cohort.positivity = None
    with pytest.raises(MissingData, match="has no stained cells"):
        concordance.concordance(cohort, min_group=5)
