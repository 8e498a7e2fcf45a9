"""The twin of patients on checkpoint blockade: printed shares, planted effects over seeds, dates that fit together.

About 7 s: five draws of the study, two of them written; the hazards are fitted on 60 draws of the courses alone.
"""

import numpy as np
import pandas as pd
import pytest

from lcnec_utils import cli
from lcnec_utils.cohort import read
from lcnec_utils.ledger import claims
from lcnec_utils.twins import build, genome, icb, icb_courses, people, studies, targets
from lcnec_utils.twins.targets import Targets, stream

SEEDS = range(1, 5)
NAME = "twin_icb"
DAYS_PER_MONTH = 365.25 / 12


@pytest.fixture(scope="module")
def twins() -> dict[int, studies.Study]:
    return {seed: icb.patients_on_blockade(seed) for seed in SEEDS}


@pytest.fixture(scope="module")
def folder(twins, tmp_path_factory):
    path = tmp_path_factory.mktemp("built") / NAME
    return studies.write(path, twins[1], build.TITLES[NAME], "lcnec cohort build twin_icb")


def patients_of(study: studies.Study) -> pd.DataFrame:
    """Patients with the columns of their one sample."""
    return study.patients.merge(study.samples, on="PATIENT_ID", validate="one_to_one")


def carriers(study: studies.Study, gene: str, change: str = "") -> pd.Series:
    """Which patients' tumours carry a pathogenic mutation, or a deep deletion, of a gene."""
    calls = study.mutations
    calls = calls[(calls["Hugo_Symbol"] == gene) & (calls["PATHOGENICITY"] == "Pathogenic")]
    calls = calls[calls["HGVSp_Short"].str.fullmatch(change)] if change else calls
    hit = set(calls["Tumor_Sample_Barcode"])
    if gene in study.copy_number.index and not change:
        hit |= {name for name, level in study.copy_number.loc[gene].items() if level == -2}
    return patients_of(study)["SAMPLE_ID"].isin(hit)


# --- the folder


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_patients(folder, twins, tmp_path):
    again = studies.write(
        tmp_path / NAME, icb.patients_on_blockade(1), build.TITLES[NAME], "lcnec cohort build twin_icb"
    )
    assert read.digest(again) == read.digest(folder)
    assert not twins[1].patients["OS_MONTHS"].equals(twins[2].patients["OS_MONTHS"])
    assert not twins[1].mutations.equals(twins[2].mutations)


def test_the_folder_is_read_without_a_problem_and_called_simulated(folder, capsys):
    assert cli.main(["cohort", "check", "--strict", str(folder)]) == 0
    assert "No problem found" in capsys.readouterr().out
    drawn = read.read_study(folder)
    assert len(drawn.patients) == 240 and drawn.simulated and "simulated" in drawn.label
    assert not drawn.refused and not drawn.words
    assert "SIMULATED" in (folder / "README.md").read_text()
    assert set(drawn.patients["REGIMEN"]) == {"immunotherapy", "chemoimmunotherapy"}
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 10e6


def test_the_twin_is_listed_and_hangs_on_the_reviews_claims():
    assert NAME in build.names() and build.SOURCES[NAME] == "icb_resistance"
    assert set(build.SOURCES) == set(build.TITLES)


# --- what is printed


@pytest.mark.parametrize("seed", SEEDS)
def test_the_printed_shares_are_met_by_number(twins, seed):
    """30% of adenocarcinomas and 5% of squamous carcinomas with KRAS, a quarter of those with STK11; and so on."""
    study = twins[seed]
    kind = patients_of(study)["ONCOTREE_CODE"]
    kras, stk11 = carriers(study, "KRAS"), carriers(study, "STK11")
    luad, everyone = kind == "LUAD", pd.Series(True, kind.index)
    for share, where, printed, digits in (
        (kras, luad, 30, 0), (kras, kind == "LUSC", 5, 0), (stk11, kras, 25, 0), (stk11, luad, 20.6, 1),
        (stk11, everyone, 19, 0), (carriers(study, "TP53"), everyone, 60, 0), (carriers(study, "AR"), everyone, 21, 0),
    ):  # fmt: skip
        assert round(100 * share[where].mean(), digits) == printed
    # no whole number of 165 is 19.2%: 32 is the nearest
    assert carriers(study, "KEAP1")[luad].sum() == 32
    responders = study.patients["BEST_RESPONSE"].isin(["CR", "PR"])
    assert 0.20 <= responders.mean() <= 0.30
    assert not (kras & carriers(study, "EGFR")).any()


@pytest.mark.parametrize("seed", SEEDS)
def test_g12c_is_the_most_frequent_allele_and_9p21_is_lost_whole(twins, seed):
    study = twins[seed]
    counts = {allele: carriers(study, "KRAS", rf"p\.{allele}").sum() for allele in ("G12C", "G12D", "G12V", "G12A")}
    assert max(counts, key=counts.get) == "G12C"
    assert carriers(study, "EGFR", r"p\.E746_A750del").sum() >= 10 and carriers(study, "EGFR", r"p\.L858R").sum() >= 8
    levels = study.copy_number
    assert (levels.loc["CDKN2A"] == -2).equals(levels.loc["MTAP"] == -2) and (levels.loc["CDKN2A"] == -2).sum() > 40
    counted = study.mutations[genome.in_burden(study.mutations)]["Tumor_Sample_Barcode"].value_counts()
    samples = study.samples.set_index("SAMPLE_ID")
    expected = counted.reindex(samples.index, fill_value=0) / samples["COVERED_MEGABASES"]
    np.testing.assert_allclose(samples["TMB_NONSYNONYMOUS"], expected, atol=0.005)


def test_each_answer_has_the_origin_that_the_laws_give_it(twins):
    table = twins[1].targets.table()
    origin = dict(zip(table["claim"], table["answer"], strict=True))
    assert set(origin.values()) <= set(targets.ORIGINS) - {"emergent"}
    for id, wanted in {
        "rv_text_effects.kras.luad": "calibrated", "rv_text_effects.kras.luad.text": "calibrated",
        "rv_text_effects.mdacc.kras": "calibrated", "rv_text_effects.response_rate": "calibrated",
        "rv_text_effects.pfs.stk11": "planted", "rv_text_effects.pdl1.keap1": "planted",
        "rv_text_effects.orr_os.exon19": "planted", "rv_mechanisms.cd73.egfr": "planted",
        "rv_mechanisms.il6.cd8": "planted", "rv_text_effects.treatment.secondary_study": "assumed",
        "rv_sitc.mono.primary.sd_limit": "parameter",
    }.items():  # fmt: skip
        assert origin[f"icb.{id}"] == wanted, id
    assert {id for id in origin if id} <= set(claims.published())


# --- effects that were put in


def test_the_hazards_put_in_are_found_over_seeds():
    """Cox's model of all marks at once, over 60 draws of 240: the mean log hazard ratio is the one put in, within four
    standard errors and 0.03 for days that are whole numbers."""
    from lcnec_utils.twins.times import cox

    law = dict(targets.laws()["planted"]["icb"]["log_hazard"])
    law.pop("after")
    names = [*law, "PD-L1 high"]
    truth = np.array([*law.values(), targets.laws()["assumed"]["icb"]["pdl1_high_log_hazard"]])
    found = []
    for seed in range(60):
        rng = stream(seed, "test of hazards")
        # marks more frequent than in the twin, so that each draw can be fitted
        marks = pd.DataFrame(rng.random((240, len(names))) < 0.25, columns=names)
        setting = np.full(240, icb_courses.FIRST_MONOTHERAPY, dtype=object)
        days = icb_courses._latent(rng, Targets(icb.SOURCE), marks, setting)
        end = days[["progression", "death"]].min(axis=1)
        event = (end <= days["follow_up"]).to_numpy()
        found.append(cox(np.minimum(end, days["follow_up"]).to_numpy(), event, marks.to_numpy(float))[0])
    found = np.array(found)
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - truth) < 4 * error + 0.03).all(), found.mean(axis=0)


def test_pd_l1_is_lower_with_stk11_and_with_keap1_by_the_odds_put_in(twins):
    """Over four seeds pooled, by the odds ratio among tumours with STK11 alone against neither."""
    rows = []
    for study in twins.values():
        table = patients_of(study)
        stk11, keap1, egfr = (carriers(study, gene) for gene in ("STK11", "KEAP1", "EGFR"))
        tested = table["PDL1_SCORE"].notna() & ~egfr
        positive = table["PDL1_SCORE"] >= 1
        rows.append(pd.DataFrame({"stk11": stk11, "keap1": keap1, "positive": positive})[tested])
    table = pd.concat(rows, ignore_index=True)
    law = targets.laws()["planted"]["icb"]["pdl1_positive_log_odds"]
    for gene, other in (("stk11", "keap1"), ("keap1", "stk11")):
        counts = pd.crosstab(table[~table[other]][gene], table[~table[other]]["positive"]).to_numpy()
        log_odds = np.log(counts[1, 1] * counts[0, 0] / (counts[1, 0] * counts[0, 1]))
        assert abs(log_odds - law[gene.upper()]) < 4 * np.sqrt((1 / counts).sum())


def test_tumours_with_stk11_keap1_or_without_9p21_are_cold_and_present_less(twins):
    """Mean log2 expression of the genes, carriers less the others, over four seeds: off zero by two errors."""
    of = {
        ("STK11", "CD8A"): -1, ("STK11", "ICAM1"): -1, ("KEAP1", "CD8A"): -1, ("EGFR", "NT5E"): 1,
        ("EGFR", "LILRB2"): 1, ("EGFR", "CD8A"): -1, ("EGFR", "MRC1"): 1,
        ("CDKN2A", "TAP1"): -1, ("CDKN2A", "CD3E"): -1, ("CDKN2A", "MTAP"): -1,
    }  # fmt: skip
    differences = {pair: [] for pair in of}
    for study in twins.values():
        log2 = pd.DataFrame(np.log2(study.expression.X + 1), study.expression.obs_names, study.expression.var_names)
        for gene, shown in of:
            marked = carriers(study, gene).set_axis(patients_of(study)["SAMPLE_ID"])[log2.index]
            differences[gene, shown].append(log2[shown][marked].mean() - log2[shown][~marked].mean())
    for pair, sign in of.items():
        found = np.array(differences[pair])
        assert sign * found.mean() > 2 * found.std(ddof=1) / np.sqrt(len(found)), pair


# --- dates that fit together


@pytest.mark.parametrize("seed", SEEDS)
def test_no_date_contradicts_another(twins, seed):
    table = twins[seed].patients
    end = table["OS_MONTHS"] * DAYS_PER_MONTH + 0.2  # months are rounded to the hundredth
    progression, confirmed = table["PROGRESSION_DAYS"], table["PROGRESSION_CONFIRMED_DAYS"]
    for name in icb_courses.DATES:
        values = table[name].dropna()
        assert (values >= 1).all() and (values % 1 == 0).all() and (values <= end[values.index]).all(), name
    both = table["ICB_STOP_DAYS"].notna() & table["ICB_EXPOSURE_DAYS"].notna()
    assert (table["ICB_EXPOSURE_DAYS"][both] <= table["ICB_STOP_DAYS"][both]).all()
    assert (confirmed - progression).dropna().ge(21).all()
    assert (table["PFS_MONTHS"] <= table["OS_MONTHS"]).all()
    known = progression.notna()
    np.testing.assert_allclose(table["PFS_MONTHS"][known], progression[known] / DAYS_PER_MONTH, atol=0.006)
    assert (table["PFS_STATUS"][known] == people.PROGRESSION[1]).all()
    assert (table["LAST_SCAN_DAYS"] - progression).dropna().ge(0).all()
    stopped = table["ICB_STOP_REASON"] == "PROGRESSION"
    after = (table["ICB_STOP_DAYS"] - progression)[stopped].dropna()
    assert after.ge(0).all() and (table["ICB_STOP_DAYS"].isna() | (table["ICB_STOP_REASON"] != "ONGOING")).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_best_response_and_benefit_fit_the_dates(twins, seed):
    table = twins[seed].patients
    best, months = table["BEST_RESPONSE"], table["PFS_MONTHS"]
    ended = table["PFS_STATUS"] == people.PROGRESSION[1]
    assert (months[best == "PD"] < 2.3).all() and ended[best == "PD"].all()
    # who has a scan without progression was still free of it then
    assert (months[best.isin(["CR", "PR", "SD"])] > 1.2).all()
    benefit = table["DURABLE_CLINICAL_BENEFIT"]
    six = 183 / DAYS_PER_MONTH
    assert (months[benefit == "YES"] > six).all()
    assert (months[benefit == "NO"] <= six + 0.01).all() and ended[benefit == "NO"].all()
    assert (months[benefit == "NE"] <= six + 0.01).all() and not ended[benefit == "NE"].any()


@pytest.mark.parametrize("seed", SEEDS)
def test_every_odd_situation_occurs(twins, seed):
    """The situations that rules of resistance must tell apart, counted here from the columns alone."""
    table = twins[seed].patients
    best, reason = table["BEST_RESPONSE"], table["ICB_STOP_REASON"]
    progression, confirmed = table["PROGRESSION_DAYS"], table["PROGRESSION_CONFIRMED_DAYS"]
    since_stop = progression - table["ICB_STOP_DAYS"]
    lived_on = table["OS_MONTHS"] * DAYS_PER_MONTH - progression
    dates = table[icb_courses.DATES]
    progressed = table["PFS_STATUS"].str.startswith("1") & table["RAPID_PROGRESSION"].ne("")
    situations = {
        "stable disease of six months to the day, one agent":
            (best == "SD") & (progression == 183) & (table["REGIMEN"] == "immunotherapy"),
        "progression after a stop for toxicity": (reason == "TOXICITY") & (since_stop > 0),
        "progression after another stop": reason.isin(["COMPLETED", "OTHER"]) & (since_stop > 0),
        "progression without a second scan": progression.notna() & confirmed.isna() & (lived_on > 28),
        "a second scan too early": confirmed - progression < 28,
        "rapid progression": table["RAPID_PROGRESSION"] == "YES",
        "not evaluable": best == "NE",
        "response lost within six months": best.isin(["CR", "PR"]) & (progression < 183),
        "too little exposure": table["ICB_EXPOSURE_DAYS"] < 42,
        "progression of unknown date, or exposure unknown": (progressed & progression.isna()) | dates.iloc[:, 0].isna(),
        "first line": table["LINES_OF_TX"] == 1,
        "later line": table["LINES_OF_TX"] > 1,
    }  # fmt: skip
    assert {name for name, flag in situations.items() if not flag.any()} == set()
    assert (progressed & progression.isna()).sum() + dates["ICB_EXPOSURE_DAYS"].isna().sum() <= 12


def test_progression_is_later_with_chemotherapy_and_in_the_first_line(twins):
    """Share with progression as best response, over four seeds: later line > first line > with chemotherapy."""
    table = pd.concat([study.patients for study in twins.values()])
    later, combined = table["LINES_OF_TX"] > 1, table["REGIMEN"] == "chemoimmunotherapy"
    share = (
        (table["BEST_RESPONSE"] == "PD").groupby(np.select([later, combined], ["later", "combined"], "first")).mean()
    )
    assert share["later"] > share["first"] + 0.05 and share["first"] > share["combined"]


def test_too_few_patients_for_every_situation_are_refused(monkeypatch):
    from lcnec_utils.twins.times import CannotDraw

    monkeypatch.setattr(people, "MOST_REDRAWS", 3)
    names = [*(name for name in targets.laws()["planted"]["icb"]["log_hazard"] if name != "after"), "PD-L1 high"]
    marks = pd.DataFrame(False, index=range(5), columns=names)
    setting = np.full(5, icb_courses.LATER, dtype=object)
    with pytest.raises(CannotDraw, match="give more patients"):
        icb_courses.course(stream(1, "few"), Targets(icb.SOURCE), marks, setting)
