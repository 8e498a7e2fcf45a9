"""The review's mechanisms: rows against the text, graphs, gene sets in patients, every claim answered. About 8 s."""

import csv
import itertools

import anndata
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import paths
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.studies.icb_review import mechanism_evidence, mechanisms

# --- tables against the text --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lines(sources_dir) -> list[str]:
    return (sources_dir / "icb_resistance_review.txt").read_text(encoding="utf-8").split("\n")


def test_every_word_of_a_relation_is_printed_on_its_line(lines):
    for row in mechanisms.mechanisms().itertuples(index=False):
        printed = lines[row.seed_line - 1]
        assert row.from_printed and row.from_printed in printed, row
        assert row.to_printed and row.to_printed in printed, row


def test_every_word_of_a_strategy_is_printed_on_its_line_and_its_trial_in_the_text(lines):
    whole = "\n".join(lines).lower()
    for row in mechanisms.strategies().itertuples(index=False):
        printed = lines[row.seed_line - 1]
        assert row.agent_printed in printed and row.target_printed in printed, row
        assert row.nct in printed and row.trial.lower() in whole, row


def test_misprints_stand_where_the_table_says_and_the_node_has_the_standard_symbol(lines):
    slips = mechanisms.nodes().query("slip != ''").set_index("slip")
    assert all(slip in lines[int(row.slip_line) - 1] for slip, row in slips.iterrows())
    standard = {"SKT11": "STK11 mutated", "NGK2A": "KLRC1 (NKG2A)", "P13K": "PI3K/AKT pathway",
                "IFN-1": "type I interferon", "IFN-2": "IFNG (type II interferon)"}  # fmt: skip
    assert slips["node"].to_dict() == standard
    nodes = set(mechanisms.nodes()["node"])
    assert not [node for node in nodes if any(slip in node for slip in standard)]


def test_classes_follow_the_sections_of_the_text(lines):
    """Primary from line 183, adaptive from 229, acquired from 233 to the strategies; B2M, hypoxia and Figure 2's legend
    (284) name the class themselves."""
    assert [lines[number - 1] for number in (183, 229, 233, 273)] == [
        "Primary resistance", "Adaptive resistance", "Acquired resistance",
        "STRATEGIES FOR OVERCOMING IMMUNOTHERAPY RESISTANCE",
    ]  # fmt: skip
    table = mechanisms.mechanisms()
    named = {"B2M deleted": "it is the primary resistance mechanism", "hypoxia": "both primary and acquired resistance"}
    for row in table[table["seed_line"].between(183, 270)].to_dict("records"):
        number = row["seed_line"]
        section = "primary" if number < 229 else "adaptive" if number < 233 else "acquired"
        if row["class"] != section:
            assert row["from"] in named and named[row["from"]] in lines[number - 1], row


def test_b2m_and_stk11_stand_in_two_classes_and_the_figure_shows_both():
    table = mechanisms.mechanisms()
    both = mechanisms.standing_in_two_classes(table)
    assert both["B2M deleted"] == both["STK11 mutated"] == ["primary", "acquired"]
    drawings = mechanisms.mechanism_drawings(table)
    for title in ("Primary resistance", "Adaptive and acquired resistance"):
        for node in ("B2M deleted", "STK11 mutated"):
            assert drawings[title].nodes[node]["groups"] == ["primary", "acquired"], title
    assert "B2M deleted (primary and acquired)" in mechanisms.mechanisms_sentence(table)


def test_what_has_no_score_says_why():
    nodes = mechanisms.nodes().set_index("node")
    reasons = {"circ-CPA4": "circular RNA", "exosomal PD-L1": "vesicles", "adenosine": "metabolite"}
    assert nodes["why_not"][list(reasons)].to_dict() == reasons
    assert (nodes.loc[nodes["why_not"] == "", "scorable"] == "yes").all()


def test_trials_share_a_target_with_a_strategy_as_table_2_prints_it(lines):
    """Counted apart, from the lines of the text: the trials whose target column names ATR, and PD-1."""
    cells = [line.split("\t") for line in lines[312:333]]
    by_target = {
        name: {row[3] for row in cells if name in row[2].split(", ")} for name in ("ATR", "PD-1", "PD-L1", "TIGIT")
    }
    joined = mechanisms.strategies().drop_duplicates("target").set_index("target")["trials_of_target"].str.split("; ")
    for node, name in {"ATR": "ATR", "PDCD1 (PD-1)": "PD-1", "CD274 (PD-L1)": "PD-L1", "TIGIT": "TIGIT"}.items():
        assert set(joined[node]) == by_target[name], node
    assert joined["ICAM1"] == [""] and joined["T-cell activity"] == [""], "nothing joins what has no gene"


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.fixture
def copied(tmp_path):
    """The tables in a folder of their own, and a function that changes one cell of one."""
    for name in (mechanisms.MECHANISMS, mechanisms.NODES, mechanisms.STRATEGIES, mechanisms.TRIALS):
        (tmp_path / name).write_bytes((paths.PUBLISHED / name).read_bytes())

    def change(name: str, column: str, value: str, row: int = 0):
        table = pd.read_csv(tmp_path / name, dtype=str, keep_default_na=False)
        table.loc[row, column] = value
        table.to_csv(tmp_path / name, index=False, quoting=csv.QUOTE_MINIMAL)
        return tmp_path

    return change


@pytest.mark.parametrize(
    ("read", "name", "column", "value", "message"),
    [
        ("mechanisms", "MECHANISMS", "sign", "raises", "row 2, column sign: 'raises' is none of activates"),
        ("mechanisms", "MECHANISMS", "class", "secondary", "row 2, column class: 'secondary' is none of"),
        ("mechanisms", "MECHANISMS", "to", "PD-L1", "row 2, column to: 'PD-L1' has no row in icb_mechanism_nodes.csv"),
        ("mechanisms", "MECHANISMS", "seed_line", "6b", "row 2, column seed_line: '6b' is no line"),
        ("mechanisms", "MECHANISMS", "from", "", "row 2, column from: the cell is empty"),
        ("nodes", "NODES", "why_not", "isoform", "row 2, column why_not: 'CD274 (PD-L1)' is scorable: yes"),
        ("nodes", "NODES", "node", "LAG3", "column node: 'LAG3' is given twice"),
        ("strategies", "STRATEGIES", "nct", "NCT00000001", "row 2, column nct: NCT00000001 is not in icb_table2.csv"),
        ("strategies", "STRATEGIES", "target", "NKG2A", "row 2, column target: 'NKG2A' has no row in"),
    ],
)
def test_a_cell_outside_the_vocabulary_is_refused_by_file_row_and_column(copied, read, name, column, value, message):
    file = getattr(mechanisms, name)
    folder = copied(file, column, value)
    with pytest.raises(UserError) as refused:
        getattr(mechanisms, read)(folder)
    assert file in str(refused.value) and message in str(refused.value) and "\n" not in str(refused.value)


def test_a_relation_given_twice_is_refused(copied):
    folder = copied(mechanisms.MECHANISMS, "hedge", "can")
    table = pd.read_csv(folder / mechanisms.MECHANISMS, dtype=str, keep_default_na=False)
    pd.concat([table, table.head(1)]).to_csv(folder / mechanisms.MECHANISMS, index=False)
    with pytest.raises(UserError, match=f"row {len(table) + 2}: .* stand in a row above already"):
        mechanisms.mechanisms(folder)


# --- graphs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [mechanisms.mechanism_graph, mechanisms.strategy_graph])
def test_a_graph_is_read_back_from_graphml_as_it_was_written_and_written_the_same_again(make, tmp_path):
    graph, file = make(), tmp_path / "graph.graphml"
    file.write_text(mechanisms.graphml(graph), encoding="utf-8")
    back = nx.read_graphml(file, force_multigraph=True)
    assert dict(back.nodes(data=True)) == dict(graph.nodes(data=True))
    assert sorted(back.edges(data="sign")) == sorted(graph.edges(data="sign"))
    assert file.read_text(encoding="utf-8") == mechanisms.graphml(make())
    assert not list(nx.isolates(graph))


def test_every_relation_is_an_edge_and_leads_from_its_class_over_its_mechanism():
    table, graph = mechanisms.mechanisms(), mechanisms.mechanism_graph()
    signed = [(one, other, data) for one, other, data in graph.edges(data=True) if data["sign"]]
    assert len(signed) == len(table) and isinstance(graph, nx.DiGraph)
    for row in table.to_dict("records"):
        top, mechanism = f"class: {row['class']}", f"mechanism: {row['mechanism']}"
        assert graph.has_edge(top, mechanism) and graph.has_edge(mechanism, row["from"])
        assert nx.has_path(graph, top, row["to"])


# --- patients -----------------------------------------------------------------------------------------------------

N = 200
IDS = [f"P{i}" for i in range(N)]


@pytest.fixture(scope="module")
def marks() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    marks = {gene: rng.random(N) < share for gene, share in {"EGFR": 0.2, "KRAS": 0.4, "STK11": 0.3}.items()}
    marks |= {"KEAP1": rng.random(N) < 0.2, "benefit": rng.random(N) < 0.5}
    return marks


def cohort_of(marks: dict[str, np.ndarray], raised: dict[str, np.ndarray], **more) -> Cohort:
    """Invented patients: log2 expression of single genes raised as given, others at random; mutations by `marks`."""
    rng = np.random.default_rng(6)
    sets = mechanism_evidence.gene_sets(mechanisms.nodes(), HALLMARK)
    genes = sorted({*itertools.chain(*sets.values()), *(f"X{i}" for i in range(600))})
    log2 = pd.DataFrame(rng.uniform(2, 8, len(genes)) + rng.standard_normal((N, len(genes))), IDS, genes)
    for gene, by in raised.items():
        log2[gene] += by
    tpm = 2 ** log2.clip(lower=0) - 1
    tpm *= 1e6 / tpm.sum(axis=1).max()  # by one factor, so that what is raised changes nothing else
    matrix = anndata.AnnData(
        tpm.to_numpy("f4"), pd.DataFrame(index=IDS), pd.DataFrame(index=genes), uns={"scale": "TPM"}
    )
    calls = [(id, gene, "Missense_Mutation", "p.G12D") for gene in ("EGFR", "KRAS", "STK11", "KEAP1")
             for id, hit in zip(IDS, marks[gene], strict=True) if hit]  # fmt: skip
    columns = ["Tumor_Sample_Barcode", "Hugo_Symbol", "Variant_Classification", "HGVSp_Short"]
    benefit = np.where(marks["benefit"], "YES", "NO")
    patients = {"SEX": ["Female", "Male"] * (N // 2), "DURABLE_CLINICAL_BENEFIT": benefit}
    samples = {"PATIENT_ID": IDS, "ONCOTREE_CODE": ["LUAD"] * 120 + ["LUSC"] * 80}
    return Cohort(
        name="invented",
        patients=pd.DataFrame(patients, pd.Index(IDS, name="PATIENT_ID")),
        samples=pd.DataFrame(samples | more.pop("samples", {}), pd.Index(IDS, name="SAMPLE_ID")),
        mutations=pd.DataFrame(calls, columns=columns),
        **{"matrix": matrix} | more,
    )


# stand-ins for MSigDB's sets, which this test does not need
HALLMARK = {
    f"HALLMARK_{source.removeprefix('Hallmark ')}": [f"{source[-4:]}{i}" for i in range(20)] + extra
    for source, extra in (
        (source, ["VEGFA", "SLC2A1"] if source == "Hallmark HYPOXIA" else [])
        for source in sorted(mechanisms.nodes()["genes_source"])
        if source.startswith("Hallmark ")
    )
}


def test_the_difference_of_a_single_gene_is_the_difference_of_its_means(marks):
    cohort = cohort_of(marks, {"NT5E": 2.0 * marks["EGFR"]})
    evidence = mechanism_evidence.evidence_of(cohort, HALLMARK)
    (finding,) = mechanism_evidence.findings(evidence)["rv_mechanisms.cd73.egfr"]
    log2 = np.log2(cohort.matrix[:, "NT5E"].X[:, 0].astype(float) + 1)
    by_hand = log2[marks["EGFR"]].mean() - log2[~marks["EGFR"]].mean()
    assert finding.value == pytest.approx(by_hand, abs=1e-5) and finding.n == N
    claim = claims.published()["icb.rv_mechanisms.cd73.egfr"]
    assert verdicts.verdict(claim, [finding])[0] == "compatible"


def test_a_claim_on_adenocarcinoma_is_asked_of_adenocarcinomas_and_one_on_women_of_women(marks):
    evidence = mechanism_evidence.evidence_of(cohort_of(marks, {}), HALLMARK)
    answers = mechanism_evidence.findings(evidence)
    assert answers["rv_mechanisms.cd8.egfr"][0].n == 120
    assert answers["rv_strategies.ezh2_pdl1"][0].n == 120
    assert answers["rv_strategies.pdl1.er_alpha"][0].n == N // 2


def test_a_correlation_is_spearmans_of_the_two_genes(marks):
    other = np.random.default_rng(8).standard_normal(N)
    cohort = cohort_of(marks, {"IL6": other, "CD274": other})
    (finding,) = mechanism_evidence.findings(mechanism_evidence.evidence_of(cohort, HALLMARK))["rv_mechanisms.pdl1.il6"]
    by_scipy = stats.spearmanr(cohort.matrix[:, "IL6"].X[:, 0], cohort.matrix[:, "CD274"].X[:, 0]).statistic
    assert finding.value == pytest.approx(by_scipy, abs=1e-6)


def test_hypoxia_is_scored_without_the_gene_that_is_asked_about(marks):
    """VEGFA alone is raised, in tumours at random: a score that held VEGFA would follow it."""
    up = 12.0 * (np.random.default_rng(9).random(N) < 0.5)
    evidence = mechanism_evidence.evidence_of(cohort_of(marks, {"VEGFA": up}), HALLMARK)
    vegf = mechanism_evidence.findings(evidence)["rv_mechanisms.hypoxia.genes"][0]
    assert vegf.lower < 0 < vegf.upper
    with_it = stats.spearmanr(evidence.score("hypoxia"), evidence.score("VEGFA (VEGF)"))
    assert with_it.statistic > 0.4, "the whole score does follow it"


def test_a_sign_that_the_conclusion_prints_the_other_way_round_is_turned(marks):
    less = {gene: -2.0 * ~marks["benefit"] for gene in ("CD8A", "CD8B")}
    evidence = mechanism_evidence.evidence_of(cohort_of(marks, less), HALLMARK)
    *_, cd8 = mechanism_evidence.findings(evidence)["rv_mechanisms.conclusion"]
    assert cd8.value > 1 and cd8.lower > 0 and cd8.lower < cd8.lower_90 < cd8.value < cd8.upper_90 < cd8.upper


def test_pd_l1_is_the_stained_one_where_enough_are_stained_and_else_the_expressed_one(marks):
    stained = np.where(marks["STK11"] & marks["KRAS"], 0.0, 60.0)
    rest = mechanism_evidence.evidence_of(cohort_of(marks, {}), HALLMARK)
    both = mechanism_evidence.evidence_of(cohort_of(marks, {}, samples={"PDL1_SCORE": stained}), HALLMARK)
    few = np.where(np.arange(N) < 3, stained, np.nan)
    three = mechanism_evidence.evidence_of(cohort_of(marks, {}, samples={"PDL1_SCORE": few}), HALLMARK)
    by_stain, by_gene, by_three = (
        mechanism_evidence.findings(evidence)["rv_mechanisms.kras_stk11.legend"][1] for evidence in (both, rest, three)
    )
    assert by_stain.value == -1.0, "all that carry both are negative, all others positive"
    assert by_three.value == by_gene.value != -1.0 and by_gene.n == N


def test_without_expression_what_mutations_and_copy_number_answer_is_answered_and_the_rest_says_why(marks):
    lost = pd.DataFrame([[-2] * 20 + [0] * 180, [0] * N], ["CDKN2A", "B2M"], IDS)
    cohort = cohort_of(marks, {}, matrix=None, copy_number=lost)
    evidence = mechanism_evidence.evidence_of(cohort, HALLMARK)
    answers = mechanism_evidence.findings(evidence)
    share = answers["rv_mechanisms.9p21.cdkn2a_mtap.legend"][0]
    assert (share.value, share.events, share.n) == (10.0, 20, N)
    assert "known of 0 and 200 patients" in answers["rv_mechanisms.b2m.resistance"][0].note
    egfr = answers["rv_mechanisms.primary.mutations"][0]
    no_benefit = ~marks["benefit"]
    by_hand = no_benefit[marks["EGFR"]].mean() - no_benefit[~marks["EGFR"]].mean()
    assert egfr.value == pytest.approx(by_hand)
    assert answers["rv_mechanisms.cd73.egfr"][0].note.startswith("invented has no expression")
    with pytest.raises(MissingData, match="invented has no expression"):
        mechanism_evidence.score_differences(evidence)


def test_mutations_in_blood_speak_of_outcomes_and_not_of_what_a_tumour_is_like(marks):
    cohort = cohort_of(marks, {}, samples={"BLOOD_TMB_COUNT": 5.0})
    answers = mechanism_evidence.findings(mechanism_evidence.evidence_of(cohort, HALLMARK))
    assert answers["rv_mechanisms.primary.mutations"][2].value is not None, "durable benefit by STK11"
    icam1 = answers["rv_mechanisms.icam1.lkb1"][0]
    assert icam1.value is None and "those of blood" in icam1.note


def test_scores_differ_where_genes_were_raised_and_coverage_is_stated(marks):
    less = {gene: -1.5 * (marks["STK11"] | marks["KEAP1"]) for gene in ("CD8A", "CD8B")}
    evidence = mechanism_evidence.evidence_of(cohort_of(marks, less), HALLMARK)
    table = mechanism_evidence.score_differences(evidence).set_index(["contrast", "node"])
    by_mutation = table.loc[(mechanism_evidence.STK11_OR_KEAP1, "CD8+ T cells")]
    assert by_mutation["difference"] < -1 and by_mutation["upper"] < 0 and by_mutation["p_adjusted"] < 0.05
    assert table.loc[("resistant", "CD8+ T cells"), "p_adjusted"] > 0.05
    assert by_mutation["what"] == "CD8+ T cells, 2/2 genes"
    assert "CD8+ T cells" in mechanism_evidence.differences_sentence(table.reset_index())


# --- claims -------------------------------------------------------------------------------------------------------


def test_every_claim_of_both_figures_is_in_the_table_and_no_other():
    """Numbers of a trial's own patients are answered with that trial."""
    panels = ("rv_mechanisms", "rv_strategies")
    mine = {id for id, claim in claims.published().items() if claim.panel in panels and not claim.trial}
    table = mechanisms.answers_table()
    assert {f"icb.{claim}" for claim in table["claim"]} == mine
    asked = table[table["needs"] == mechanism_evidence.PATIENTS]
    assert set(table["needs"]) - {mechanism_evidence.PATIENTS} == set(mechanism_evidence.NEEDS)
    known = set(mechanism_evidence.FLAGS) | set(mechanisms.nodes()["node"]) | {mechanism_evidence.PDL1}
    assert set(asked["outcome"]) <= known and set(asked["by"]) - {""} <= known
    assert set(asked["within"]) - {""} <= set(mechanism_evidence.SUBSETS)


def test_what_no_patient_can_answer_is_not_computable_and_says_what_it_would_need(marks):
    answers = mechanism_evidence.findings(mechanism_evidence.evidence_of(cohort_of(marks, {}), HALLMARK))
    known = claims.published()
    reasons = {}
    for id, of_claim in answers.items():
        word, reason = verdicts.verdict(known[f"icb.{id}"], of_claim)
        assert word in (*verdicts.ANSWERS, verdicts.NOT_COMPUTABLE) and (reason or word == "equal")
        reasons[id] = word, reason
    assert reasons["rv_mechanisms.growth.ch25h_loss"][0] == verdicts.NOT_COMPUTABLE
    assert "experiment" in reasons["rv_mechanisms.growth.ch25h_loss"][1]
    assert "blood" in reasons["rv_mechanisms.exosomal_pdl1.responders"][1]
    assert "before and after" in reasons["rv_mechanisms.lag3.tki"][1]
    assert all("{" not in reason for _, reason in reasons.values())
