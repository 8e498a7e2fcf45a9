"""The ledger: a verdict or a reason for every claim and cohort, and verdicts that move when the data do."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from lcnec_utils import cli
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import params, paths
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.run import ledger, records, runs

FILE = paths.PARAMS / "msk_met.yaml"
RUN = params.read_run(FILE)


def verdict_columns(path) -> pd.DataFrame:
    """The verdict columns of a claims.csv, by claim."""
    table = pd.read_csv(path, comment="#", keep_default_na=False).set_index("claim")
    return table[[name for name in table if name.endswith(": verdict")]]


@pytest.fixture(scope="module")
def made(public_run):
    """The claims.csv of the run on public cohorts."""
    return public_run / "claims.csv"


@pytest.fixture(scope="module")
def table(made):
    return ledger.table(RUN)


@pytest.mark.parametrize("run", ["twin", "msk_met"])
def test_no_claim_loses_or_changes_its_verdict(request, run):
    made = request.getfixturevalue({"twin": "default_run", "msk_met": "public_run"}[run]) / "claims.csv"
    before, now = verdict_columns(paths.ROOT / "figures" / run / "claims.csv"), verdict_columns(made)
    assert list(now) == list(before)
    changed = [
        f"{id}: {before.at[id, body]} became {now.at[id, body] if id in now.index else 'nothing'} ({body})"
        for id in before.index
        for body in before
        if id not in now.index or before.at[id, body] != now.at[id, body]
    ]
    assert not changed, "\n".join(changed)
    assert set(now.index) == set(before.index) == set(claims.published())


@pytest.mark.parametrize("run", ["twin", "msk_met"])
def test_a_notebook_answers_claims_on_its_own_panels_alone(request, run):
    """Those, and not every claim, make its result stale."""
    folder = (
        request.getfixturevalue({"twin": "default_run", "msk_met": "public_run"}[run]).parent.parent / "build" / run
    )
    answered = 0
    for path in sorted(folder.glob(records.RECORDS)):
        record, panels = json.loads(path.read_text()), records.panels_of(path.stem)
        assert {claims.published()[id].panel for id in record["findings"]} <= set(panels), path.stem
        answered += len(record["findings"])
    assert answered


def test_every_claim_has_a_verdict_or_a_reason_for_each_cohort(table):
    assert len(table) == 2 * len(claims.published()) and not table.duplicated(["claim", "body"]).any()
    assert set(table["verdict"]) <= {*verdicts.ANSWERS, verdicts.NOT_COMPUTABLE}
    open_ = table[table["verdict"] == verdicts.NOT_COMPUTABLE]
    assert (open_["reason"].str.len() > 8).all()
    # what these cohorts could speak to is spoken to: no claim waits only for somebody to put it
    assert not open_["reason"].str.contains("does not put it|not drawn yet").any(), open_[
        open_["reason"].str.contains("does not put it|not drawn yet")
    ]


def test_coverage_is_the_share_of_all_claims_answered(table):
    shown = ledger.coverage(table, RUN.run)
    for body, rows in table.groupby("body"):
        answered = rows["verdict"].isin(["equal", "compatible", "contradicted", "inconclusive"]).sum()
        assert shown.loc[body, "coverage"].startswith(f"{answered}/{len(claims.published())} (")
        assert float(shown.loc[body, "contradicted by chance"]) >= 0
    assert (table.loc[table["verdict"] != verdicts.NOT_COMPUTABLE, "origin"] == "real").all()


def test_shared_patients_never_count_twice(table, public_cohort):
    """Some LCNEC patients stand in both cohorts: no claim is answered by both of them."""
    from lcnec_utils.cohort.read import read_study

    lcnec, treated = (read_study(public_cohort(name)) for name in ("msk_met_lcnec", "nsclc_pd1_msk_2018"))
    assert len(lcnec.patients.index.intersection(treated.patients.index)) > 0
    answered = table[table["verdict"].isin(verdicts.ANSWERS)]
    assert not answered["claim"].duplicated().any()


def test_lcnec_and_sclc_of_one_comparison_share_no_sample(public_cohort):
    from lcnec_utils.cohort.read import read_study

    one, other = (read_study(public_cohort(name)) for name in ("msk_met_lcnec", "msk_met_sclc"))
    assert not len(one.samples.index.intersection(other.samples.index))


# --- the verdicts move when the data do


@pytest.fixture
def copy_of(public_cohort, tmp_path, monkeypatch):
    """A function: a copy of a public cohort that may be spoilt, and a function that runs notebooks on it."""
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))

    def copied(name: str):
        target = tmp_path / "copies" / name
        shutil.copytree(public_cohort(name), target)
        return target

    def answered(notebook: str, **values) -> dict[str, str]:
        file = tmp_path / "spoilt.yaml"
        file.write_text(json.dumps({"run": "spoilt", **{key: value for key, value in values.items()}}))
        runs.execute(notebook, file)
        return {id: answer["verdict"] for id, answer in records.read_record("spoilt", notebook)["findings"].items()}

    return copied, answered


def test_inverted_events_change_verdicts(copy_of):
    copied, answered = copy_of
    folder = copied("nsclc_pd1_msk_2018")
    before = answered("13_icb_resistance", icb=str(folder))
    path = folder / "data_clinical_patient.txt"
    text = path.read_text()
    swapped = (
        text.replace("1:Progressed", "X").replace("0:Not Progressed", "1:Progressed").replace("X", "0:Not Progressed")
    )
    path.write_text(swapped)
    after = answered("13_icb_resistance", icb=str(folder))
    assert before["icb.rv_text_effects.pfs.tmb_high"] == "compatible"
    assert {id for id in before if before[id] != after[id]} >= {"icb.rv_text_effects.pfs.tmb_high"}


def test_a_shifted_cut_off_changes_verdicts(copy_of):
    copied, answered = copy_of
    before = answered("04_genomic_landscape", cohort="msk_met_lcnec")
    after = answered("04_genomic_landscape", cohort="msk_met_lcnec", tmb_high_per_mb=30.0)
    assert before["lcnec.fig2e.tmb_high.sclc_like"] == "inconclusive"
    assert after["lcnec.fig2e.tmb_high.sclc_like"] == "contradicted"


def test_swapped_arms_change_verdicts(copy_of):
    """LCNEC and SCLC change places: what is more frequent in one becomes less frequent in it."""
    copied, answered = copy_of
    lcnec, sclc = copied("msk_met_lcnec"), copied("msk_met_sclc")
    before = answered("07_sclc_programmes", cohort=str(lcnec), sclc=str(sclc))
    for folder in (lcnec, sclc):  # where no column says the disease, a cohort is taken for that of its role
        path = folder / "data_clinical_sample.txt"
        path.write_text(path.read_text().replace("ONCOTREE_CODE", "CODE"))
    after = answered("07_sclc_programmes", cohort=str(sclc), sclc=str(lcnec))
    for claim in ("lcnec.fig4c.keap1", "lcnec.fig4d.keap1", "lcnec.fig4c.stk11"):
        assert before[claim] == "compatible" and after[claim] == "contradicted", claim


def test_a_cohort_of_another_disease_than_its_roles_answers_no_claim_on_lcnec(copy_of):
    """As above, but the folders say what they are: nothing is put to SCLC in the place of LCNEC."""
    copied, answered = copy_of
    after = answered("07_sclc_programmes", cohort="msk_met_sclc", sclc="msk_met_lcnec")
    assert after and set(after.values()) == {verdicts.NOT_COMPUTABLE}
    answers = records.read_record("spoilt", "07_sclc_programmes")["findings"]
    assert answers["lcnec.fig4c.keap1"]["reason"] == "286 of 286 tumours are small cell lung cancer (SCLC), not LCNEC"


def test_the_ledger_says_the_disease_before_what_else_a_cohort_lacks(public_cohort, monkeypatch, tmp_path):
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    public_cohort("msk_met_sclc")
    run = params.validate({"run": "other", "cohort": "msk_met_sclc"})
    reasons = ledger.table(run).set_index("claim")["reason"]
    assert reasons["lcnec.fig1a.os_by_regimen"] == "286 of 286 tumours are small cell lung cancer (SCLC), not LCNEC"
    assert reasons["lcnec.table1.n.c1"] == "summarises the source's own patients"


# --- the command


def test_the_command_prints_audit_first_contradictions_second(made, capsys):
    assert cli.main(["claims", "--params", str(FILE)]) == 0
    shown = capsys.readouterr().out
    places = [
        shown.index(word)
        for word in ("coverage", "Inconsistencies within the papers", "contradict (", "What else", "Why the rest")
    ]
    assert places == sorted(places)


@pytest.mark.parametrize(("flag", "read"), [("--csv", pd.read_csv), ("--json", pd.read_json)])
def test_the_command_gives_tables(made, capsys, flag, read):
    import io

    assert cli.main(["claims", "--params", str(FILE), flag, "--cohort", "msk_met_lcnec"]) == 0
    shown = read(io.StringIO(capsys.readouterr().out))
    assert set(shown["body"]) == {"msk_met_lcnec"} and len(shown) == len(claims.published())
    assert {"claim", "verdict", "value", "lower", "upper", "power", "reason", "origin", "audit"} <= set(shown)


def test_the_command_refuses_an_unknown_cohort_in_one_line(made, capsys):
    assert cli.main(["claims", "--params", str(FILE), "--cohort", "msk_met_lcne"]) == 2
    error = capsys.readouterr().err
    assert "did you mean 'msk_met_lcnec'?" in error and len(error.splitlines()) == 1


def test_findings_of_an_own_cohort_are_its_own(own_run, monkeypatch):
    """Someone's eight patients get a ledger of their own, with a reason for what they cannot say."""
    for notebook in ("02_outcomes", "04_genomic_landscape"):
        runs.execute(notebook, own_run)
    mine = ledger.table(params.read_run(own_run))
    assert set(mine["body"]) == {"own_study"}
    answered = mine[mine["verdict"].isin(verdicts.ANSWERS)].set_index("claim")
    share = answered.loc["lcnec.fig2a.subtype.nsclc_like"]
    assert np.isclose(share["value"], 100 * 3 / 8)
    assert cli.main(["claims", "--params", str(own_run), "--csv"]) == 0


def test_the_twins_are_one_body_and_every_answer_says_how_it_came(default_run):
    """Calibrated, planted or emergent; never real, and no claim is answered by two cohorts."""
    answered = ledger.table(params.RunParameters())
    assert set(answered["body"]) == {"twin"}
    answered = answered[answered["verdict"].isin(verdicts.ANSWERS)].set_index("claim")
    assert set(answered["origin"]) <= {
        "calibrated", "planted", "parameter", "by construction", "assumed", "emergent"
    }  # fmt: skip
    assert answered.at["lcnec.fig2a.subtype.nsclc_like", "origin"] == "calibrated"
    assert answered.at["lcnec.fig2d.smarca4", "origin"] == "planted"


OUTCOMES = [
    "table1", "figS1", "pathology_review", "fig1a", "fig1b", "fig1c", "figS5", "os_sensitivity", "figS2", "figS4",
    "os_by_subtype", "fig1d", "figS6",
]  # fmt: skip


def test_every_claim_on_patients_outcome_and_harm_is_answered_on_the_twins(default_run):
    """But for the harm that was expected, which no cohort records."""
    table = ledger.table(params.RunParameters()).set_index("claim")
    mine = [id for id, claim in claims.published().items() if claim.panel in OUTCOMES and id.startswith("lcnec.")]
    left = table.loc[mine][~table.loc[mine, "verdict"].isin(verdicts.ANSWERS)]
    assert list(left.index) == ["lcnec.fig1d.ae_by_regimen.abstract"] and len(mine) > 90
    # what is contradicted are prints that other prints contradict, and the twin's targets say which it follows
    contradicted = table.loc[mine][table.loc[mine, "verdict"] == "contradicted"].index
    declined = ledger.bodies(params.RunParameters())["twin"]
    not_followed = {id for each in declined.values() for id, origin in each.origins.items() if origin == "not followed"}
    assert set(contradicted) <= not_followed


GENOTYPE = [
    "fig2a", "fig2b", "fig2c", "fig2d", "fig2e", "figS8", "fig3a", "fig3b", "fig3c", "fig3d", "refined_share", "figS7",
]  # fmt: skip


def test_every_claim_on_genotype_pairs_and_classifier_is_answered_on_the_twins(default_run):
    """But for two p values of a biomarker that nobody named, and five EGFR mutants of whom too few were treated."""
    table = ledger.table(params.RunParameters()).set_index("claim")
    mine = [id for id, claim in claims.published().items() if claim.panel in GENOTYPE and id.startswith("lcnec.")]
    left = table.loc[mine][~table.loc[mine, "verdict"].isin(verdicts.ANSWERS)]
    assert set(left.index) == {
        "lcnec.fig2e.p.unclassified_vs_nsclc_like",
        "lcnec.fig2e.p.unclassified_vs_sclc_like",
        "lcnec.figs8.os.egfr.c2",
    }
    assert len(mine) > 75
    # four fifths are no (134 + 101)/361, as the source's own body has it
    contradicted = table.loc[mine][table.loc[mine, "verdict"] == "contradicted"].index
    assert set(contradicted) == {"lcnec.refined_share.sclc_aligned.abstract"}
    # the number of clusters is another one, and has no interval
    assert set(table.loc[["lcnec.fig3c.n.clusters", "lcnec.fig3c.n.clusters.legend"], "verdict"]) == {"inconclusive"}


EXPRESSION = [
    "fig4a", "fig4b", "fig4c", "fig4d", "fig4e", "figS9", "george_types", "figS3", "fig5a", "fig5b", "figS10", "fig5c",
    "figS11", "fig5d", "fig5e", "fig5f", "fig5g", "fig5h", "tme",
]  # fmt: skip


def test_every_claim_on_expression_and_the_microenvironment_is_answered_on_the_twins(default_run):
    """But for two p values printed without a direction, which no effect can be held against, and for clusters that are
    known by their size alone."""
    table = ledger.table(params.RunParameters()).set_index("claim")
    mine = [id for id, claim in claims.published().items() if claim.panel in EXPRESSION and id.startswith("lcnec.")]
    left = table.loc[mine][~table.loc[mine, "verdict"].isin(verdicts.ANSWERS)]
    assert set(left.index) == {
        *(f"lcnec.fig5c.{gene}.unclassified_vs_sclc_like.legend" for gene in ("fgl1", "spink1")),
        "lcnec.figs10.largest.d_vs_c",
    }
    assert len(mine) > 140
    # prints that other prints contradict; and the number of genes, which nothing was tuned to
    contradicted = table.loc[mine][table.loc[mine, "verdict"] == "contradicted"].index
    assert set(contradicted) <= {
        "lcnec.fig4a.n.lcnec.methods", "lcnec.fig4b.yap1.sclc_like.discussion", "lcnec.fig5a.n.nsclc_like",
        "lcnec.fig5a.n.sclc_like", "lcnec.figs11.n.tcga", "lcnec.george_types.n.george.introduction",
        "lcnec.george_types.n.george.text", "lcnec.fig5a.n.genes",
    }  # fmt: skip


def test_a_free_draw_is_not_asked_for_the_sources_own_numbers(own_run, own_study):
    """It holds as many patients as somebody wanted: 8 against the printed 217 would contradict nothing."""
    (own_study / "cohort.yaml").write_text("simulated: true\n")
    runs.execute("01_cohorts", own_run)
    answers = ledger.findings("mine")
    assert not [id for id, _ in answers if claims.published()[id].scope == "own"]
    reasons = ledger.table(params.read_run(own_run)).set_index("claim")["reason"]
    assert reasons["lcnec.table1.n.c1"] == "summarises the source's own patients"


def test_simulated_answers_are_never_real(own_run, own_study):
    (own_study / "cohort.yaml").write_text("simulated: true\n")
    runs.execute("04_genomic_landscape", own_run)
    answers = ledger.findings("mine").values()
    assert answers and {answer["origin"] for answer in answers} == {"not stated"}


# --- what an answer carries


def test_an_answer_carries_the_caveats_that_its_panel_rests_on_and_no_other(table):
    """MSK-MET has no copy number, which touches the shares of subtypes; its time zero touches survival alone."""
    rows = table[table["body"] == "msk_met_lcnec"].set_index("claim")
    assert "copy number: " in rows.at["lcnec.fig2a.subtype.sclc_like", "caveats"]
    assert "time zero: " not in rows.at["lcnec.fig2a.subtype.sclc_like", "caveats"]
    assert "time zero: " in rows.at["lcnec.os_by_subtype.os", "caveats"]
    shown = ledger.coverage(table, RUN.run)
    apart = table[(table["verdict"] == "contradicted") & (table["caveats"].fillna("") != "")]
    assert len(apart) == shown[ledger.MEASURED_OTHERWISE].sum() == 4
    assert len(ledger.answers_table(table, ["contradicted"], caveat=True)) == 4
    assert ledger.answers_table(table, ["contradicted"], caveat=False).empty


def test_claims_that_one_computation_answers_are_one_finding(table):
    """Survival by a mutated gene is printed for two cohorts of the source, and MSK-MET gives one hazard ratio."""
    rows = table[table["body"] == "msk_met_lcnec"].set_index("claim")
    assert rows.at["lcnec.figs8.os.kras.c1", "value"] == rows.at["lcnec.figs8.os.kras.c2", "value"]
    answered = rows[rows["verdict"].isin(verdicts.ANSWERS)]
    distinct = ledger.coverage(table, RUN.run).loc["msk_met_lcnec", "distinct findings"]
    assert distinct == answered["finding"].nunique() < len(answered)
    # two genes of one panel are two findings, whatever their numbers
    assert rows.at["lcnec.figs8.os.kras.c1", "finding"] != rows.at["lcnec.figs8.os.keap1.c1", "finding"]


def test_an_inconclusive_answer_says_what_the_cohort_could_have_seen(table):
    rows = table[table["verdict"] == "inconclusive"]
    told = [ledger.seen_text(claims.published()[row.claim], row) for row in rows.itertuples()]
    assert len(told) > 20 and sum(text.startswith("80% power") for text in told) > 0.9 * len(told)


def test_the_command_prints_every_cell_of_a_printed_table(capsys):
    import io

    assert cli.main(["claims", "--table", "icb_resistance", "--csv"]) == 0
    cells = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert cells[cells["table"] == "icb_table1.csv"]["trial"].nunique() == 24 and cells["verdict"].notna().all()
    assert cli.main(["claims", "--table", "icb_resistence"]) == 2
    assert "did you mean 'icb_resistance'?" in capsys.readouterr().err


def test_the_command_sums_all_bodies_with_each_patient_once(made, capsys, tmp_path):
    """Of the run on public cohorts alone, whose two bodies of one centre share patients."""
    import io

    file = tmp_path / "together.yaml"
    file.write_text("run: together\nruns: [msk_met]\n")
    assert cli.main(["claims", "--all", "--params", str(file), "--csv"]) == 0
    statuses = pd.read_csv(io.StringIO(capsys.readouterr().out)).set_index("claim")
    assert list(statuses.index) == list(claims.published())
    # one of them counts wherever both answer
    assert statuses["independent"].max() == 1 and (statuses["independent"] <= statuses["real"]).all()
    # every verdict is that of the run's own ledger
    answered = ledger.table(RUN)
    answered = answered[answered["verdict"].isin(verdicts.ANSWERS)]
    assert set(statuses.index[statuses["real"] > 0]) == set(answered["claim"])
    for row in answered.itertuples():
        assert f"{row.body}: {row.verdict}" in statuses.at[row.claim, "bodies"]
    assert cli.main(["claims", "--all", "--params", str(file)]) == 0
    shown = capsys.readouterr().out
    assert "by chance alone" in shown and "msk_met_lcnec and nsclc_pd1_msk_2018 share 4 patients" in shown


def test_a_run_that_names_patients_on_blockade_alone_ends_with_its_reasons(own_study, tmp_path, monkeypatch):
    """No cohort of LCNEC is named: the panels are stated skips, and nothing outside a panel fails."""
    monkeypatch.setenv("LCNEC_OUTPUT_DIR", str(tmp_path / "out"))
    file = tmp_path / "blockade.yaml"
    file.write_text(json.dumps({"run": "blockade", "icb": str(own_study)}))
    runs.execute("02_outcomes", file)
    record = records.read_record("blockade", "02_outcomes")
    assert "names no cohort for the role 'cohort'" in record["skipped"]["os_by_subtype"]
    assert not [id for id in record["findings"] if id.startswith("lcnec.")]


def test_the_ledgers_page_says_on_how_many_findings_the_answers_rest(default_run, table):
    text = " ".join((paths.ROOT / "docs" / "ledger.md").read_text(encoding="utf-8").split())
    twins = ledger.coverage(ledger.table(params.RunParameters()), "twin").loc["twin", "distinct findings"]
    real = ledger.coverage(table, RUN.run)["distinct findings"]
    assert f"answers rest on {twins}, those of MSK-MET's LCNEC on {real['msk_met_lcnec']}" in text
    assert f"of the 240 on PD-(L)1 on {real['nsclc_pd1_msk_2018']}" in text


def test_a_number_of_a_trials_own_patients_has_its_own_reason_where_another_cohort_is_asked():
    panels = {"tabled": {"roles": [], "asks": ["icb"]}}
    own = {"id": "a.b", "panel": "tabled", "statement": "OAK has 850 patients.", "kind": "number", "measure": "count"}
    claim = claims.Claim(**own, scope="own", trial="OAK", value="850")
    general = claims.Claim(**own, scope="general", value="850")
    cohorts = {
        trial: Cohort(trial, pd.DataFrame(index=["P1"]), pd.DataFrame(), study={"stands_for": trial})
        for trial in ("OAK", "POPLAR")
    }

    def reason(of, trial, role="icb"):
        return ledger.reason_unanswered(of, {role: cohorts[trial]}, {role: None}, panels)

    other = "a number of OAK's own patients, whom this cohort does not hold"
    assert reason(claim, "POPLAR") == reason(claim, "OAK", role="cohort") == other
    assert reason(claim, "OAK") == "the panel does not put it to this cohort"
    # of a panel that needs no cohort, `asks` names who can answer
    assert reason(general, "OAK", role="cohort") == "needs patients on immune checkpoint blockade"
