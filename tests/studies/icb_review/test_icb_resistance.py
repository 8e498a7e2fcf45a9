"""Statements on checkpoint blockade: who is asked, in which arm, what too few answer. Costs 15 seconds."""

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.cohort.read import read_study
from lcnec_utils.core.errors import MissingData
from lcnec_utils.ledger import claims
from lcnec_utils.stats import cox
from lcnec_utils.stats.survival import log_rank
from lcnec_utils.studies.icb_review import icb_resistance
from lcnec_utils.studies.icb_review.icb_resistance import INTERACTION, PROGNOSTIC, TREATMENT, Treated

GENES = ["STK11", "KEAP1", "KRAS", "EGFR", "TP53", "AR"]


def sequenced(n: int, mutated: int, seed: int = 3, histologies=("LUAD", "LUSC", "NSCLC"), **columns) -> Cohort:
    """Patients on blockade with sequenced tumours, so many of them with all GENES mutated, allele by allele in turn."""
    ids, names = (pd.Index([f"{letter}{i}" for i in range(n)], name=name)
                  for letter, name in (("P", "PATIENT_ID"), ("S", "SAMPLE_ID")))  # fmt: skip
    alleles = {"KRAS": ["p.G12C", "p.G12D", "p.G12C"], "EGFR": ["p.E746_A750del", "p.L858R", "p.G719A"]}
    calls = [
        (names[i], gene, alleles.get(gene, ["p.R1*"])[i % len(alleles.get(gene, [0]))])
        for i in range(mutated) for gene in GENES
    ]  # fmt: skip
    half, months = np.arange(n) % 2 == 0, np.random.default_rng(seed).exponential(6, n)
    patients = {"PFS_MONTHS": months, "PFS_STATUS": pd.array([True] * n, "boolean")}
    samples = {
        "PATIENT_ID": ids, "ONCOTREE_CODE": [histologies[i % len(histologies)] for i in range(n)],
        "TMB_NONSYNONYMOUS": np.where(half, 12.0, 5.0) + np.arange(n) / n, "PDL1_SCORE": np.where(half, 0.0, 50.0),
    }  # fmt: skip
    return Cohort(
        "treated",
        pd.DataFrame(patients | columns, ids),
        pd.DataFrame(samples, names),
        mutations=pd.DataFrame(calls, columns=["Tumor_Sample_Barcode", "Hugo_Symbol", "HGVSp_Short"]),
        copy_number=pd.DataFrame([np.where(half, -2, 0)], ["CDKN2A"], names),
        genes_seen=set(GENES),
    )


def answered(cohort: Cohort, **cuts) -> dict:
    patients = Treated(cohort, **cuts)
    found = icb_resistance.findings(patients, icb_resistance.effects(patients, min_group=5), min_group=5)
    return {tail: finding for tail, (finding,) in found.items()}


# --- who is asked


def test_every_general_claim_on_statements_has_an_answer_or_a_reason_of_its_own():
    found = answered(sequenced(60, 30))
    general = {
        id.split(".", 2)[2]
        for id, claim in claims.published().items()
        if claim.panel == "rv_text_effects" and claim.scope == "general"
    }
    assert set(found) == general
    assert [tail for tail, finding in found.items() if finding.value is None and len(finding.note.split()) < 4] == []


@pytest.mark.parametrize("mutated", [3, 30])
def test_no_answer_rests_on_a_side_of_few(mutated):
    found = answered(sequenced(60, mutated))
    of_sides = ["pfs.stk11", "pfs.keap1", "pfs.kras_g12d", "response.egfr_pd1", "pdl1.keap1", "tmb.exon19_l858r",
                "prognosis.egfr_rare", "ici_outcome.l858r_exon19"]  # fmt: skip
    for name in [*of_sides, "kras_g12c.most_prevalent", "kras_stk11.share"]:
        assert (found[name].value is None) == (mutated == 3), name
        assert found[name].value is not None or "5" in found[name].note
    assert found["mdacc.stk11"].value == pytest.approx(100 * mutated / 60), "a share of all 60"
    assert found["stk11.ricciuti"].value == pytest.approx(100 * (mutated / 3) / 20), "of the 20 adenocarcinomas"


def test_claims_on_adenocarcinoma_do_not_hear_of_squamous_carcinomas():
    """Half of the patients are squamous: with other survival, PD-L1 and burden of theirs nothing changes."""
    cohort = sequenced(80, 40, histologies=("LUAD", "LUAD", "LUSC", "LUSC"))
    before = answered(cohort)
    squamous = (cohort.samples["ONCOTREE_CODE"] == "LUSC").to_numpy()
    cohort.patients.loc[squamous, "PFS_MONTHS"] = 100.0 + np.arange(40)
    cohort.samples.loc[squamous, "PDL1_SCORE"] = np.where(np.arange(80)[squamous] < 40, 0.0, 90.0)
    after = answered(cohort)
    of_adenocarcinoma = ["pfs.stk11", "pfs.keap1", "pdl1.stk11", "pdl1.keap1", "pdl1.kras_luad"]
    for name in [*of_adenocarcinoma, "stk11.ricciuti", "keap1.ricciuti", "kras.luad", "prognosis.9p_nonsquamous"]:
        assert after[name].value == pytest.approx(before[name].value, rel=1e-9), name
    for name in ("pfs.tmb_high", "pfs.kras_g12d", "primary_resistance.stk11"):
        assert after[name].value != pytest.approx(before[name].value, rel=1e-3), name


def test_a_tumour_that_is_not_specified_further_is_neither_adenocarcinoma_nor_something_else():
    mark = Treated(sequenced(60, 30)).of_histology(icb_resistance.NON_SQUAMOUS, "non-squamous").values
    assert [int(mark.eq(side).sum()) for side in (True, False)] == [20, 20] and mark.isna().sum() == 20
    only_unspecified = answered(sequenced(60, 30, histologies=("NSCLC",)))
    assert "no tumour of treated is known to be adenocarcinoma" in only_unspecified["pfs.stk11"].note


def test_strata_of_kras_share_the_adenocarcinomas_among_them():
    cohort = sequenced(90, 30)
    calls = cohort.mutations
    cohort.mutations = calls[~calls["Hugo_Symbol"].isin(["KRAS"]) | calls["Tumor_Sample_Barcode"].str.endswith("0")]
    table = icb_resistance.effects(Treated(cohort), min_group=1).set_index("term")
    whole, mutated, wild = (
        table.loc[f"PFS: STK11 in {words}adenocarcinoma"] for words in ("", "KRAS-mutated ", "KRAS-wild-type ")
    )
    for name in ("n", "n_with", "events"):
        assert whole[name] == mutated[name] + wild[name] and mutated[name] > 0


# --- arms of a trial


def randomised(n: int = 400, arms=("nivolumab", "docetaxel"), seed: int = 5) -> Cohort:
    """A trial in which blockade doubles survival where EGFR is wild type and does nothing where it is mutated."""
    ids = pd.Index([f"P{i}" for i in range(n)], name="PATIENT_ID")
    blockade, mutated = np.arange(n) % 2 == 0, np.arange(n) % 4 < 2
    months = np.random.default_rng(seed).exponential(np.where(blockade & ~mutated, 20, 10))
    patients = {"ARM": np.where(blockade, *arms), "BEST_RESPONSE": np.where(blockade & ~mutated, "PR", None)}
    for endpoint in ("OS", "PFS"):
        patients |= {f"{endpoint}_MONTHS": months, f"{endpoint}_STATUS": pd.array([True] * n, "boolean")}
    samples = {"PATIENT_ID": ids, "EGFR_STATUS": np.where(mutated, "positive", "negative"),
               "BLOOD_TMB_COUNT": np.where(np.arange(n) % 8 < 4, "20", "3"), "PDL1_TC1_IC1": "NO"}  # fmt: skip
    table = pd.DataFrame(samples, pd.Index([f"S{i}" for i in range(n)], name="SAMPLE_ID"))
    return Cohort("trial", pd.DataFrame(patients, ids), table)


def effects_of(cohort: Cohort) -> pd.DataFrame:
    return icb_resistance.effects(Treated(cohort), min_group=5)


def row_of(table: pd.DataFrame, asks: str, words: str) -> pd.Series:
    """The row of a question whose term holds these words."""
    (row,) = [row for _, row in table[table["asks"] == asks].iterrows() if words in row["term"]]
    return row


def test_what_blockade_adds_is_the_arms_within_a_stratum_and_what_predicts_it_their_interaction():
    cohort = randomised()
    table = effects_of(cohort)
    wild, mutated = (row_of(table, TREATMENT, f"EGFR {words}") for words in ("wild type", "mutated"))
    assert (wild["n"], mutated["n"]) == (200, 200)
    assert wild["upper"] < 0.7 and mutated["lower"] < 1 < mutated["upper"]
    row = row_of(table, INTERACTION, "EGFR mutated")
    assert row["n"] == 400 and row["lower"] > 1
    assert row["coefficient"] == pytest.approx(mutated["coefficient"] - wild["coefficient"], abs=0.15)
    found = answered(cohort)
    assert found["efficacy.egfr"].value == pytest.approx(1 / row["hr"]), "below 1: blockade prolongs survival less"
    assert found["os.ici_vs_chemo.egfr_wild_type.meta2"].value == pytest.approx(wild["hr"])


def test_a_prognostic_effect_is_that_of_the_arm_on_blockade_alone():
    cohort = randomised()
    before = row_of(effects_of(cohort), PROGNOSTIC, "OS: blood TMB")
    control = cohort.patients["ARM"] == "docetaxel"
    high = (cohort.samples["BLOOD_TMB_COUNT"] == "20").to_numpy()
    cohort.patients.loc[control & high, "OS_MONTHS"] = 0.1
    table = effects_of(cohort)
    after = row_of(table, PROGNOSTIC, "OS: blood TMB")
    assert before["n"] == 200 and after["hr"] == pytest.approx(before["hr"], rel=1e-9)
    assert row_of(table, TREATMENT, "OS: blood TMB ≥ 16")["hr"] < 0.2


def test_responses_are_those_on_blockade_and_count_who_has_none_recorded():
    found = answered(randomised())
    assert (found["response_rate"].value, found["response_rate"].n) == (50, 200)
    assert found["response.egfr_pd1"].value == -1


def test_patients_who_all_had_blockade_say_nothing_of_what_it_adds():
    found = answered(sequenced(60, 30))
    for name, finding in found.items():
        if name.startswith(("efficacy.egfr", "efficacy.pdl1", "os.ici_vs")):
            assert finding.value is None and "randomised arms" in finding.note, name


def test_a_mean_survival_needs_the_last_death():
    cohort = randomised()
    cohort.samples["KRAS_STATUS"] = "positive"
    found = answered(cohort)["os.kras_chemo"]
    expected = cohort.patients.loc[cohort.patients["ARM"] == "docetaxel", "OS_MONTHS"].mean() / 12
    assert found.value == pytest.approx(expected) and found.lower < expected < found.upper
    control = cohort.patients["ARM"] == "docetaxel"
    cohort.patients.loc[cohort.patients.loc[control, "OS_MONTHS"].idxmax(), "OS_STATUS"] = False
    found = answered(cohort)["os.kras_chemo"]
    assert found.value is None and "1 of 200 patients were alive" in found.note


def test_time_after_a_stop_in_control_counts_from_the_stop():
    days = {"BEST_RESPONSE": ["PR", "SD", "CR", "PR", "PD", "PR"] * 3,
            "ICB_STOP_REASON": ["COMPLETED", "completed", "COMPLETED", "PROGRESSION", "COMPLETED", "TOXICITY"] * 3,
            "ICB_STOP_DAYS": [730.5, 730.5, 730.5, 100, 100, 50] * 3,
            "PROGRESSION_DAYS": [730.5 + 304.375, None, 730.5 + 304.375, 100, 50, None] * 3,
            "LAST_SCAN_DAYS": [None, 2000, None, None, None, 500] * 3}  # fmt: skip
    found = answered(sequenced(18, 9, **days))
    assert (found["treatment.secondary_study"].value, found["treatment.secondary_study"].n) == (pytest.approx(24), 9)
    after = found["ttp_after_stop.secondary_study"]
    assert (after.value, after.n, after.events) == (pytest.approx(10), 9, 6)


# --- the burden, cut everywhere


def test_the_sweep_meets_the_effects_at_the_cut_off_in_use():
    cohort = sequenced(80, 40)
    cohort.samples["TMB_NONSYNONYMOUS"] = np.random.default_rng(1).integers(0, 30, 80).astype(float)
    patients = Treated(cohort)
    sweep = icb_resistance.burden_sweep(patients).set_index("cut_off")
    row = row_of(effects_of(cohort), PROGNOSTIC, "PFS: TMB ≥ 10")
    assert sweep.loc[10, "hr"] == pytest.approx(row["hr"]) and list(sweep["endpoint"].unique()) == ["PFS"]
    assert min(sweep["n_with"].min(), (sweep["n"] - sweep["n_with"]).min()) >= icb_resistance.LEAST_IN_SWEEP


def test_a_cohort_without_a_burden_keeps_its_other_rows():
    cohort = sequenced(60, 30)
    cohort.samples = cohort.samples.drop(columns="TMB_NONSYNONYMOUS")
    assert icb_resistance.burden_sweep(Treated(cohort)).empty
    found = answered(cohort)
    assert found["pfs.stk11"].value and "no tumour mutational burden" in found["pfs.tmb_high"].note


def test_a_cohort_that_can_make_no_comparison_says_what_it_lacks():
    ids = pd.Index(["P1"], name="PATIENT_ID")
    samples = pd.DataFrame({"PATIENT_ID": ["P1"]}, pd.Index(["S1"], name="SAMPLE_ID"))
    bare = Treated(Cohort("bare", pd.DataFrame({"SEX": ["Male"]}, ids), samples))
    table = icb_resistance.effects(bare)
    with pytest.raises(MissingData, match="no tumour mutational burden"):
        icb_resistance.parts(table, bare)
    found = icb_resistance.findings(bare, table)
    assert all(finding.value is None and finding.note for (finding,) in found.values())
    assert "no column ARM" in found["efficacy.egfr"][0].note and "response" in found["response_rate"][0].note


def test_strata_of_treatment_are_those_of_the_adenocarcinomas():
    lines = {"LINES_OF_TX": [1.0, 2.0, 3.0, 2.0] * 20, "TREATMENT_TYPE": ["Monotherapy"] * 80}
    patients = Treated(sequenced(80, 40, histologies=("LUAD", "LUAD", "LUSC", "LUSC"), **lines))
    table = icb_resistance.effects(patients, asked=icb_resistance.STRATA).set_index("term")
    first, later = (
        table.loc[f"PFS: STK11 in {line} line, adenocarcinoma", "n"] for line in ("first", "second or later")
    )
    assert (first, later) == (20, 20)
    assert table.loc["PFS: STK11 in combination, adenocarcinoma", "note"] == "fewer than 5 patients on a side"
    assert table.loc["PFS: STK11 in monotherapy, adenocarcinoma", "n"] == 40


# --- real patients, against R's coxph and survdiff


@pytest.fixture(scope="module")
def real(public_cohort):
    names = ("oak", "loris_chowell", "nsclc_pd1_msk_2018")
    return {name: read_study(public_cohort(name)) for name in names}


@pytest.fixture(scope="module")
def effects_in_oak(real):
    return effects_of(real["oak"])


# survival 3.5.3 in R 4.2: coxph(Surv(OS_MONTHS, os) ~ arm), and the product of arm * marker
@pytest.mark.parametrize(
    ("asks", "words", "n", "events", "expected"),
    [
        (PROGNOSTIC, "PFS: blood TMB ≥ 16", 324, 290, (0.8501, 0.6467, 1.1176)),
        (TREATMENT, "EGFR mutated", 85, 49, (1.2421, 0.7077, 2.1801)),
        (TREATMENT, "EGFR wild type", 628, 413, (0.6866, 0.5656, 0.8333)),
        (TREATMENT, "KRAS mutated", 59, 41, (0.7140, 0.3767, 1.3533)),
        (INTERACTION, "EGFR mutated", 713, 462, (1.7362, 0.9587, 3.1442)),
        (INTERACTION, "PD-L1 ≥ 1% (TC/IC), TMB high", 158, 114, (0.8512, 0.3891, 1.8622)),
    ],
)
def test_effects_in_oak_are_those_of_r(effects_in_oak, asks, words, n, events, expected):
    row = row_of(effects_in_oak, asks, words)
    assert (row["n"], row["events"]) == (n, events)
    assert tuple(row[["hr", "lower", "upper"]]) == pytest.approx(expected, abs=6e-5)


def test_blood_gives_no_allele_and_no_share_and_non_squamous_is_not_adenocarcinoma(real):
    found = answered(real["oak"])
    for name in ("mdacc.kras", "kras_stk11.share", "kras_g12c.most_prevalent", "pfs.kras_g12d", "tmb.exon19_l858r"):
        assert found[name].value is None and "blood" in found[name].note, name
    for name in ("pfs.stk11", "os.keap1", "orr.stk11", "pdl1.keap1"):
        assert found[name].value is None and "known to be adenocarcinoma" in found[name].note, name


def test_chowell_has_47_with_a_burden_above_19_and_both_markers_part_survival(real):
    patients = Treated(real["loris_chowell"])
    survival = real["loris_chowell"].survival("OS")
    for mark, n, total, p in (
        (patients.tmb(very=True), 47, 538, 4.273319e-05),
        (patients.pdl1(), 169, 324, 1.402109e-05),
    ):
        assert (int(mark.values.sum()), int(mark.values.notna().sum())) == (n, total)
        table = survival.join(mark.values.rename("group")).dropna(subset=["group"])
        assert log_rank(table.astype({"group": str}), group="group").p == pytest.approx(p, rel=1e-5)


def test_stk11_in_adenocarcinomas_of_240_on_blockade(real):
    """coxph by hand: lifelines' own fit of the patients picked from the files."""
    cohort = real["nsclc_pd1_msk_2018"]
    row = row_of(effects_of(cohort), PROGNOSTIC, "PFS: STK11 in adenocarcinoma")
    of_sample = cohort.one_sample_per_patient()
    stk11 = cohort.mutations[cohort.mutations["Hugo_Symbol"] == "STK11"]["Tumor_Sample_Barcode"]
    lost = cohort.copy_number.loc["STK11"] == -2
    rearranged = cohort.structural_variants
    sites = rearranged[["Site1_Hugo_Symbol", "Site2_Hugo_Symbol"]].eq("STK11").any(axis=1)
    carriers = {*stk11, *lost.index[lost], *rearranged.loc[sites, "Sample_Id"]}
    adenocarcinoma = cohort.samples.loc[of_sample, "ONCOTREE_CODE"].to_numpy() == "LUAD"
    table = cohort.survival("PFS")[adenocarcinoma].assign(stk11=of_sample[adenocarcinoma].isin(carriers))
    assert (row["n"], row["n_with"]) == (186, int(table["stk11"].sum())) == (186, 51)
    assert row["hr"] == pytest.approx(cox.cox(table, covariates=["stk11"])["hr"].iloc[0])
