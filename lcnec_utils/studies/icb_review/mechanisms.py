"""The review's figures of mechanisms and strategies as graphs, notebook 13: their tables, read and checked, and drawn.

Tables in params/published/: `icb_mechanisms.csv` has a row for every edge that the text states, with the line of the
source and the words printed there; `icb_mechanism_nodes.csv` what stands behind each node; `icb_strategies.csv` which
agent is directed at which target; the trials are those of `icb_table2.csv`.
"""

import functools
from pathlib import Path

import networkx as nx
import pandas as pd

from lcnec_utils.core import formats, paths
from lcnec_utils.core.errors import UserError
from lcnec_utils.plots import palette

MECHANISMS, NODES = "icb_mechanisms.csv", "icb_mechanism_nodes.csv"
STRATEGIES, TRIALS = "icb_strategies.csv", "icb_table2.csv"
PRIMARY, ADAPTIVE, ACQUIRED, NOT_STATED = "primary", "adaptive", "acquired", "not stated"
COLORS = {NOT_STATED: palette.FAINT, PRIMARY: palette.CYCLE[1], ADAPTIVE: palette.CYCLE[4], ACQUIRED: palette.CYCLE[0]}
TEXT_COLOR, TRIAL_COLOR = palette.CYCLE[2], palette.CYCLE[0]
SIGNS = ("activates", "inhibits", "associated")
HEDGES = (
    "", "can", "may", "might", "could", "partly", "likelihood", "possibly", "potentially", "frequently", "usually",
    "correlation", "in mice", "in other tumours", "in women", "in TMB-high tumours", "in vivo and in vitro",
    "experiment", "theoretical", "promising",
)  # fmt: skip
CELLS = (
    "", "tumour", "T", "CD8 T", "Treg", "TAM", "TAM, dendritic", "MDSC", "MAIT", "NK", "NKT", "dendritic", "monocyte",
    "neutrophil", "innate", "immune", "TME", "blood",
)  # fmt: skip
KINDS = ("gene", "gene set", "alteration", "burden", "cell", "factor", "process", "treatment", "outcome")
WHY_NOT = (
    "", "isoform", "genes not printed", "no gene set", "cell by surface proteins", "blood", "circular RNA", "microRNA",
    "metabolite", "vesicles", "treatment", "process without genes", "histology",
)  # fmt: skip
COLUMNS = {
    MECHANISMS: ["seed_line", "class", "mechanism", "from", "from_printed", "to", "to_printed", "sign", "cell",
                 "hedge"],
    NODES: ["node", "kind", "genes", "genes_source", "scorable", "why_not", "slip", "slip_line"],
    STRATEGIES: ["seed_line", "strategy", "agent", "agent_printed", "target", "target_printed", "sign", "cell", "hedge",
                 "trial", "nct"],
}  # fmt: skip
WORDS = {
    "class": tuple(COLORS), "sign": SIGNS, "hedge": HEDGES, "cell": CELLS, "kind": KINDS, "scorable": ("yes", "no"),
    "why_not": WHY_NOT,
}  # fmt: skip
SOURCE = "Dai et al., Cancer Drug Resistance 2024;7:52, doi 10.20517/cdr.2024.166 (CC BY 4.0)"


# --- tables -----------------------------------------------------------------------------------------------------


def _read(name: str, folder: Path) -> pd.DataFrame:
    """A table as text. Raises UserError with file, row and column where a column or cell is not as it must be."""
    table = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
    lacking = [column for column in COLUMNS[name] if column not in table]
    if lacking:
        raise UserError(f"{name}: column {lacking[0]} is missing; add it")
    for column in COLUMNS[name]:
        known = WORDS.get(column)
        for row, word in enumerate(table[column], 2):
            if known and word not in known:
                raise UserError(f"{name}, row {row}, column {column}: '{word}' is none of {', '.join(known)}; use one")
            if column == "seed_line" and not word.isdigit():
                raise UserError(
                    f"{name}, row {row}, column {column}: '{word}' is no line of the source; give its number"
                )
            if not word and column in ("mechanism", "from", "to", "node", "strategy", "agent", "target"):
                raise UserError(f"{name}, row {row}, column {column}: the cell is empty; name what the source names")
    return table.astype({"seed_line": int}) if "seed_line" in table else table


def nodes(folder: Path = paths.PUBLISHED) -> pd.DataFrame:
    """The nodes of both figures: node, kind, genes (symbols, by `; `), genes_source, scorable, why_not (why no score
    stands behind it), slip and slip_line (a misprint of the source, as printed, and where).

    Raises UserError for a word outside the vocabulary, a node given twice, and one that has neither score nor reason.

    >>> nodes().set_index("node").loc["KLRC1 (NKG2A)", ["genes", "slip"]].tolist()
    ['KLRC1', 'NGK2A']
    """
    table = _read(NODES, folder)
    for row, node in enumerate(table.itertuples(), 2):
        if node.node in set(table["node"][: row - 2]):
            raise UserError(f"{NODES}, row {row}, column node: '{node.node}' is given twice; keep one")
        if (node.scorable == "yes") == bool(node.why_not):
            raise UserError(
                f"{NODES}, row {row}, column why_not: '{node.node}' is scorable: {node.scorable}; give a reason "
                "where it is not, and none where it is"
            )
    return table


def mechanisms(folder: Path = paths.PUBLISHED) -> pd.DataFrame:
    """The edges of the mechanisms: seed_line, class, mechanism, from, from_printed, to, to_printed, sign, cell, hedge.

    class: primary, adaptive or acquired resistance, as section or sentence has it, or not stated. sign: activates,
    inhibits or associated (no sign printed). Raises UserError for a word outside the vocabulary, a node that has no row
    of its own, and an edge given twice.

    >>> table = mechanisms()
    >>> table.loc[table["from"] == "B2M deleted", "class"].unique().tolist()
    ['acquired', 'primary']
    """
    table, known = _read(MECHANISMS, folder), set(nodes(folder)["node"])
    _check_nodes(table, MECHANISMS, ["from", "to"], known)
    _check_once(table, MECHANISMS, ["seed_line", "class", "mechanism", "from", "to"])
    return table


def strategies(folder: Path = paths.PUBLISHED) -> pd.DataFrame:
    """The strategies of the text: seed_line, strategy, agent, agent_printed, target, target_printed, sign, cell, hedge,
    trial (where the sentence is on one), nct (where it prints its number), trials_of_target (the numbers of Table 2's
    trials with one of the target's genes).

    Raises UserError as `mechanisms`, and for a number that Table 2 does not hold.

    >>> strategies().set_index("agent").loc["xCT inhibition", "target"]
    'SLC7A11 (xCT)'
    """
    table, all_nodes, trials = _read(STRATEGIES, folder), nodes(folder), trials_of_table_2(folder)
    _check_nodes(table, STRATEGIES, ["target"], set(all_nodes["node"]))
    _check_once(table, STRATEGIES, ["seed_line", "strategy", "agent", "target", "nct"])
    for row, nct in enumerate(table["nct"], 2):
        if nct and nct not in set(trials["nct"]):
            raise UserError(
                f"{STRATEGIES}, row {row}, column nct: {nct} is not in {TRIALS}; correct it or leave it empty"
            )
    genes = all_nodes.set_index("node")["genes"].str.split("; ")
    of_gene = trials[trials["target"] != ""].groupby("target")["nct"].agg(set)
    joined = [sorted(set().union(*(of_gene.get(gene, set()) for gene in genes[target]))) for target in table["target"]]
    return table.assign(trials_of_target=["; ".join(numbers) for numbers in joined])


def trials_of_table_2(folder: Path = paths.PUBLISHED) -> pd.DataFrame:
    """The trials of Table 2, a row per trial and target: seed_line, category, drug, target (a symbol, empty where none
    is printed), target_printed, nct, phase, status.

    >>> trials = trials_of_table_2()
    >>> trials["nct"].nunique(), trials.loc[trials["nct"] == "NCT04655976", "target"].tolist()
    (21, ['HAVCR2', 'PDCD1'])
    """
    table = pd.read_csv(folder / TRIALS, dtype=str, keep_default_na=False)
    table = table.assign(target=table["target"].str.split("; ")).explode("target", ignore_index=True)
    return table[["seed_line", "category", "drug", "target", "target_printed", "nct", "phase", "status"]]


def _check_nodes(table: pd.DataFrame, name: str, columns: list[str], known: set[str]) -> None:
    for column in columns:
        for row, node in enumerate(table[column], 2):
            if node not in known:
                raise UserError(f"{name}, row {row}, column {column}: '{node}' has no row in {NODES}; add one")


def _check_once(table: pd.DataFrame, name: str, columns: list[str]) -> None:
    twice = table.duplicated(columns)
    if twice.any():
        row = int(twice.to_numpy().argmax()) + 2
        raise UserError(f"{name}, row {row}: {', '.join(columns)} stand in a row above already; keep one of the two")


# --- graphs -----------------------------------------------------------------------------------------------------


def mechanism_graph(folder: Path = paths.PUBLISHED) -> nx.MultiDiGraph:
    """The whole graph of mechanisms: class → mechanism → what acts → what it acts on.

    Nodes carry kind, genes, genes_source, scorable, why_not and, of classes and mechanisms, kind alone; edges sign,
    class, mechanism, cell, hedge and seed_line. Multiple edges between two nodes are sentences of their own.

    >>> graph = mechanism_graph()
    >>> sorted(data["class"] for _, _, data in graph.edges("STK11 mutated", data=True) if data["sign"])[:2]
    ['acquired', 'primary']
    """
    graph = _graph_of_nodes(folder, "Mechanisms of resistance to checkpoint blockade")
    for row in mechanisms(folder).to_dict("records"):
        name, top = f"mechanism: {row['mechanism']}", f"class: {row['class']}"
        graph.add_node(top, kind="class")
        graph.add_node(name, kind="mechanism")
        # once each, whatever the number of sentences
        for one, other in ((top, name), (name, row["from"])):
            graph.add_edge(one, other, key=row["class"], sign="", **{"class": row["class"]})
        attributes = {name: row[name] for name in ("sign", "class", "mechanism", "cell", "hedge", "seed_line")}
        graph.add_edge(row["from"], row["to"], key=f"line {row['seed_line']}, {row['class']}", **attributes)
    return _without_isolated(graph)


def strategy_graph(folder: Path = paths.PUBLISHED) -> nx.MultiDiGraph:
    """The whole graph of strategies: strategy → agent → target → trial of Table 2; attributes as `mechanism_graph`.

    >>> graph = strategy_graph()
    >>> sorted(graph.successors("ATR"))
    ['NCT03334617', 'NCT05450692', 'NCT05882734']
    """
    graph = _graph_of_nodes(folder, "Strategies to overcome resistance to checkpoint blockade")
    for row in strategies(folder).to_dict("records"):
        top, agent = f"strategy: {row['strategy']}", f"agent: {row['agent']}"
        graph.add_node(top, kind="strategy")
        graph.add_node(agent, kind="agent")
        graph.add_edge(top, agent, key="text", sign="")
        attributes = {name: row[name] for name in ("sign", "cell", "hedge", "trial", "seed_line")}
        graph.add_edge(agent, row["target"], key=f"line {row['seed_line']} {row['nct']}".strip(), **attributes)
        for nct in filter(None, row["trials_of_target"].split("; ")):
            graph.add_edge(row["target"], nct, key="Table 2", sign="")
    for row in trials_of_table_2(folder).to_dict("records"):
        top, agent = f"strategy: {row['category']}", f"agent: {row['drug']}"
        graph.add_node(top, kind="strategy")
        graph.add_node(agent, kind="agent")
        graph.add_node(row["nct"], kind="trial", phase=row["phase"], status=row["status"])
        graph.add_edge(top, agent, key="Table 2", sign="")
        graph.add_edge(agent, row["nct"], key="Table 2", sign="", seed_line=int(row["seed_line"]))
    return _without_isolated(graph)


def _graph_of_nodes(folder: Path, title: str) -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph(title=title, source=SOURCE)
    for row in nodes(folder).to_dict("records"):
        graph.add_node(row.pop("node"), **{name: value for name, value in row.items() if value})
    return graph


def _without_isolated(graph: nx.MultiDiGraph) -> nx.MultiDiGraph:
    """The graph without nodes of the other figure."""
    graph.remove_nodes_from(list(nx.isolates(graph)))
    return graph


def graphml(graph: nx.MultiDiGraph) -> str:
    """A graph as the text of a GraphML file, the same in every run.

    >>> graphml(nx.MultiDiGraph()).splitlines()[0][:9]
    '<graphml '
    """
    return "\n".join(nx.generate_graphml(graph)) + "\n"


def standing_in_two_classes(table: pd.DataFrame) -> dict[str, list[str]]:
    """Node → the classes in which it acts, of nodes that act in more than one of the stated classes.

    table: `mechanisms`.

    >>> standing_in_two_classes(mechanisms())["STK11 mutated"]
    ['primary', 'acquired']
    """
    stated = table[table["class"] != NOT_STATED]
    classes = stated.groupby("from")["class"].agg(set)
    return {node: [name for name in COLORS if name in of] for node, of in classes.items() if len(of) > 1}


# --- what is drawn ----------------------------------------------------------------------------------------------


def mechanism_drawings(table: pd.DataFrame) -> dict[str, nx.MultiDiGraph]:
    """Title → a graph in layers (plots.layered_graph), one each for mechanisms without a stated class, of primary, and
    of adaptive and acquired resistance: mechanism, what acts, what is acted on and acts itself, what is acted on.

    table: `mechanisms`. Nodes that act in two classes bear the colours of both.
    """
    two = standing_in_two_classes(table)
    parts = {
        "Primary resistance": [PRIMARY],
        "Adaptive and acquired resistance": [ADAPTIVE, ACQUIRED],
        "Mechanisms that the review puts into no class": [NOT_STATED],
    }
    return {title: _drawing(table[table["class"].isin(classes)], two) for title, classes in parts.items()}


def _drawing(rows: pd.DataFrame, two: dict[str, list[str]]) -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph()
    acting, acted_on = set(rows["from"]), set(rows["to"])
    for row in rows.itertuples(index=False):
        graph.add_node(("mechanism", row.mechanism), layer=0, label=row.mechanism, strong=True)
    ends = rows[["from", "to"]].to_numpy().ravel()
    for node in dict.fromkeys(ends):
        layer = 1 if node not in acted_on else 2 if node in acting else 3
        graph.add_node(node, layer=layer, groups=two.get(node, []), strong=node in two)
    for mechanism, of in rows.groupby("mechanism", sort=False):
        first = [node for node in dict.fromkeys(of["from"]) if graph.nodes[node]["layer"] == 1]
        for node in first or dict.fromkeys(of["from"]):
            graph.add_edge(("mechanism", mechanism), node, sign="", group="")
    for row in rows.to_dict("records"):
        graph.add_edge(row["from"], row["to"], sign=row["sign"], group=row["class"], hedged=bool(row["hedge"]))
    return graph


IN_TEXT, IN_TABLE = "strategy in the text", "trial of Table 2"
STRATEGY_COLORS = {IN_TEXT: TEXT_COLOR, IN_TABLE: TRIAL_COLOR}


def strategy_drawings(table: pd.DataFrame, trials: pd.DataFrame) -> dict[str, nx.MultiDiGraph]:
    """Title → a graph in layers: the text's strategies (strategy, agent, target with its number of trials in Table 2),
    and Table 2 (category, drugs, trial with its phase, targets).

    table: `strategies`. trials: `trials_of_table_2`.
    """
    text, printed = nx.MultiDiGraph(), nx.MultiDiGraph()
    named = table[table["trial"] != ""].groupby("agent")["trial"].agg(lambda names: ", ".join(dict.fromkeys(names)))
    for row in table.to_dict("records"):
        strategy, agent = ("strategy", row["strategy"]), ("agent", row["agent"])
        number = len(list(filter(None, row["trials_of_target"].split("; "))))
        tail = f", {formats.count(number, 'trial')} in Table 2" if number else ""
        text.add_node(strategy, layer=0, label=row["strategy"], strong=True)
        text.add_node(
            agent, layer=1, label=row["agent"] + (f" ({named[row['agent']]})" if row["agent"] in named else "")
        )
        text.add_node(row["target"], layer=2, label=row["target"] + tail)
        text.add_edge(strategy, agent, key="", sign="", group="")
        look = {"sign": row["sign"], "group": IN_TEXT, "hedged": bool(row["hedge"])}
        text.add_edge(agent, row["target"], key="", **look)
    for row in trials.to_dict("records"):
        category, drug, trial = ("category", row["category"]), ("drug", row["drug"]), ("trial", row["nct"])
        printed.add_node(category, layer=0, label=row["category"], strong=True)
        printed.add_node(drug, layer=1, label=row["drug"])
        printed.add_node(trial, layer=2, label=f"{row['nct']}, phase {row['phase']}")
        target = row["target"] or "no target printed"
        printed.add_node(target, layer=3, label=target)
        printed.add_edge(category, drug, key="", sign="", group="")
        printed.add_edge(drug, trial, key="", sign="associated", group=IN_TABLE)
        printed.add_edge(trial, target, key="", sign="associated", group=IN_TABLE)
    return {"Strategies of the text": text, "Trials of Table 2": printed}


# --- sentences --------------------------------------------------------------------------------------------------


def mechanisms_sentence(table: pd.DataFrame) -> str:
    """How many edges of which class the review states, what stands in two classes, and how much is hedged."""
    counts = table["class"].value_counts()
    named = formats.listed([f"{counts[name]} {name}" for name in COLORS if name in counts])
    two = formats.listed(
        [f"{node} ({' and '.join(classes)})" for node, classes in standing_in_two_classes(table).items()]
    )
    hedged, unsigned = int((table["hedge"] != "").sum()), int((table["sign"] == "associated").sum())
    return (
        f"The review states {formats.count(len(table), 'relation')} between {_number_of_nodes(table)} nodes, by class "
        f"of resistance {named}. Of them {hedged} are hedged or from experiments, and {unsigned} have no sign. In two "
        f"classes stand {two}."
    )


def _number_of_nodes(table: pd.DataFrame) -> int:
    return len(set(table["from"]) | set(table["to"]))


def strategies_sentence(table: pd.DataFrame, trials: pd.DataFrame) -> str:
    """How many agents and targets the text names, and which of Table 2's trials share a target with them."""
    shared = {nct for numbers in table["trials_of_target"] for nct in numbers.split("; ") if nct}
    without = trials[trials["target"] == ""]["nct"].nunique()
    return (
        f"The text names {formats.count(table['agent'].nunique(), 'agent')} for "
        f"{formats.count(table['target'].nunique(), 'target')}; {formats.share(len(shared), trials['nct'].nunique())} "
        f"trials of Table 2 have one of these targets, and {without} print none."
    )


@functools.cache
def answers_table(folder: Path = paths.PUBLISHED) -> pd.DataFrame:
    """What each claim on mechanisms and strategies needs (icb_mechanism_answers.csv): claim, needs, what, outcome, by,
    within, sign; a row per comparison."""
    return pd.read_csv(folder / "icb_mechanism_answers.csv", dtype=str, keep_default_na=False)
