"""Replication: every claim over all bodies of evidence, each patient counted once.

It reads the records that the notebooks of several runs left. Real cohorts are summarised with each other alone, never
with the print or with simulated patients. run/replication_forests.py draws them.
"""

import contextlib
import dataclasses
import re

import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats, params, paths
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.core.findings import Finding
from lcnec_utils.ledger import claims, sample_size, verdicts
from lcnec_utils.run import records, roles, summaries

REAL = ("real", "circular")
COLUMNS = [
    "claim", "body", "label", "run", "origin", "verdict", "value", "lower", "upper", "scale", "n", "events",
    "comparisons", "caveats", "own", "reason",
]  # fmt: skip
TAIL = 0.025  # of a 95% interval
NO_RUN = "no run has answered a claim yet; `lcnec batch` executes them"


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What the runs brought together answered.

    runs: those that have records, by name. left_out: a line for each run or cohort that is not among them, and why.
    bodies: the cohort of each body of evidence. answers, shared, statuses: as the functions of these names give them;
    counts: as `counted`. Where no run has answered anything answers is empty, and every claim is not testable.
    """

    runs: dict[str, params.RunParameters]
    left_out: list[str]
    bodies: dict[str, Cohort]
    answers: pd.DataFrame
    shared: pd.DataFrame
    counts: pd.Series
    statuses: pd.DataFrame

    def required(self) -> "Evidence":
        """Itself. Raises MissingData where no run has answered anything."""
        if self.answers.empty:
            raise MissingData(NO_RUN)
        return self


def gather(run: params.RunParameters) -> Evidence:
    """The answers of the runs that a run brings together (records.runs_read), each patient counted once."""
    named = records.runs_read(run)
    runs = {name: params.read_run(paths.PARAMS / f"{name}.yaml") for name in named if records.read_records(name)}
    lines = [f"Run {name} has no results yet; `lcnec run --params params/{name}.yaml` makes them."
             for name in named if name not in runs]  # fmt: skip
    known = bodies(runs)
    lost = {answer["body"]: name for name in runs for answer in _answers(name) if answer["body"] not in known}
    for body, name in lost.items():
        lines.append(
            f"The cohort {body}, which answered in run {name}, is not on this machine or in params/{name}.yaml; "
            f"`lcnec run --params params/{name}.yaml` brings the run up to date."
        )
    table, shared = answers(runs, known), shared_patients(known)
    counts = counted(table, shared)
    return Evidence(runs, lines, known, table, shared, counts, statuses(table, counts))


def bodies(runs: dict[str, params.RunParameters]) -> dict[str, Cohort]:
    """The cohorts of the bodies of evidence that answered a claim in these runs, by the body's name: of one that has
    several, as the twins, the first that answered. One that is not on this machine, or which the run no longer names,
    is left out."""
    known: dict[str, Cohort] = {}
    for run in runs.values():
        for answer in _answers(run.run):
            body, role = answer["body"], answer["role"]
            if body in known or not getattr(run, role):
                continue
            with contextlib.suppress(UserError):  # not built, or a folder of one's own that was moved since
                cohort = roles.read_role(role, getattr(run, role), run.histology)
                if cohort.body == body:
                    known[body] = cohort
    return known


def _answers(run: str) -> list[dict]:
    return [
        {"claim": id, **answer} for record in records.read_records(run) for id, answer in record["findings"].items()
    ]


def label(body: str, cohort: Cohort) -> str:
    """What a body of evidence is called on a figure: its cohort's label, or of the twins their common name."""
    return f"{body.capitalize()} (simulated)" if cohort.stands_for_source else cohort.label


def answers(runs: dict[str, params.RunParameters], known: dict[str, Cohort]) -> pd.DataFrame:
    """Every answered claim by body of evidence: one row each, the first run's where two runs hold the same body.

    value, lower, upper: of the one comparison that answers it; missing where several do (`comparisons`). own: the body
    holds patients of the print itself (`is_own`).
    """
    rows, published = {}, claims.published()
    for name in runs:
        for answer in _answers(name):
            key = (answer["claim"], answer["body"])
            if answer["verdict"] not in verdicts.ANSWERS or key in rows or answer["body"] not in known:
                continue
            recomputed = [Finding(**finding) for finding in answer["findings"]]
            one = recomputed[0] if len(recomputed) == 1 else Finding(n=max((f.n or 0 for f in recomputed), default=0))
            rows[key] = {
                "claim": answer["claim"],
                "body": answer["body"],
                "label": label(answer["body"], known[answer["body"]]),
                "run": name,
                "origin": answer["origin"],
                "verdict": answer["verdict"],
                **{field: getattr(one, field) for field in ("value", "lower", "upper", "scale", "n", "events")},
                "comparisons": len(recomputed),
                "caveats": " ".join(answer.get("caveats", [])),
                "own": is_own(published[answer["claim"]], known[answer["body"]]),
                "reason": answer["reason"],
            }
    order = {id: place for place, id in enumerate(published)}
    table = pd.DataFrame(sorted(rows.values(), key=lambda row: order[row["claim"]]), columns=COLUMNS)
    return table.astype({"own": bool})


def is_own(claim: claims.Claim, cohort: Cohort) -> bool:
    """Whether a cohort holds patients whom the print itself counts: the claim is on the study's own patients, it names
    the trial that the cohort is of, or its source is named for that trial, as `zuma1`, all of whose claims are. Such an
    answer reproduces a print, and replicates nothing.

    >>> claim = claims.Claim(id="a.b", panel="p", statement="Survival is longer in OAK and POPLAR.", kind="direction",
    ...                      measure="hazard_ratio", scope="general", direction="less")
    >>> is_own(claim, Cohort("oak", pd.DataFrame(), pd.DataFrame(), study={"stands_for": "OAK"}))
    True
    """
    if claim.scope == "own":
        return True
    if _named(cohort.stands_for, claim.source):
        return True
    return any(_named(str(cohort.study.get(field) or ""), claim.statement) for field in ("stands_for", "overlap_group"))


def _named(trial: str, text: str) -> bool:
    """Whether a text names a trial: CheckMate 017, CheckMate-017 and checkmate_017 are one."""
    parts = re.findall(r"[a-z]+|\d+", trial.lower())
    return bool(parts) and re.search(r"\b" + r"[\W_]*".join(parts) + r"\b", text.lower()) is not None


def shared_patients(known: dict[str, Cohort]) -> pd.DataFrame:
    """Pairs of real bodies that share patients: one, other, patients (missing where no identifier shows how many), why.

    They share those who stand in both under one identifier, and, where a study file declares an overlap group, any
    number of them.
    """
    rows, real = [], {name: cohort for name, cohort in known.items() if not cohort.simulated}
    for place, (one, first) in enumerate(real.items()):
        for other, second in list(real.items())[place + 1 :]:
            both = len(first.patients.index.intersection(second.patients.index))
            groups = {str(cohort.study.get("overlap_group") or "") for cohort in (first, second)}
            if both:
                rows.append({"one": one, "other": other, "patients": both, "why": "the same identifiers"})
            elif len(groups) == 1 and groups != {""}:
                rows.append({"one": one, "other": other, "patients": None, "why": f"declared: {groups.pop()}"})
    return pd.DataFrame(rows, columns=["one", "other", "patients", "why"])


def counted(table: pd.DataFrame, shared: pd.DataFrame) -> pd.Series:
    """Whether each answer counts in a sum: real, not circular, and of bodies that share patients the largest alone.

    table: `answers`; shared: `shared_patients`. Of two equally large the first in the table counts. A body that holds
    the print's own patients counts where no other answers.
    """
    apart = {frozenset(pair) for pair in zip(shared["one"], shared["other"], strict=True)}
    result = pd.Series(False, table.index)
    for _, rows in table[table["origin"] == "real"].groupby("claim", sort=False):
        chosen: list[str] = []
        rows = rows if rows["own"].all() else rows[~rows["own"]]
        for index, row in rows.sort_values("n", ascending=False, kind="stable", na_position="last").iterrows():
            if not any(frozenset((row["body"], body)) in apart for body in chosen):
                chosen.append(row["body"])
                result[index] = True
    return result


def statuses(table: pd.DataFrame, counts: pd.Series) -> pd.DataFrame:
    """Every claim with its status over the bodies that count, by their summary where there is one: claim, status, real
    (bodies that answer it), independent (of those that count, and hold none of the print's own patients), with a caveat
    (contradictions that have one), all otherwise (whether all of them have), twin (the simulated answer)."""
    rows = []
    grouped = dict(list(table.assign(counts=counts).groupby("claim", sort=False)))
    for id in claims.published():
        of_claim = grouped.get(id)
        if of_claim is None:
            rows.append({"claim": id, "status": verdicts.NOT_TESTABLE, "real": 0, "independent": 0,
                         "with a caveat": 0, "all otherwise": False})  # fmt: skip
            continue
        sums = of_claim[of_claim["counts"]]
        together = summaries.word(claims.published()[id], of_claim, of_claim["counts"])
        words = [together] if together else list(sums["verdict"])
        simulated = of_claim[~of_claim["origin"].isin(REAL)]
        against = sums[sums["verdict"] == "contradicted"]
        rows.append(
            {
                "claim": id,
                "status": verdicts.status(words, own=bool(sums["own"].any())),
                "real": int(of_claim["origin"].isin(REAL).sum()),
                "independent": int((~sums["own"]).sum()),
                "with a caveat": int((against["caveats"] != "").sum()),
                "all otherwise": len(against) > 0 and bool((against["caveats"] != "").all()),
                "twin": simulated["verdict"].iloc[0] if len(simulated) else "",
            }
        )
    return pd.DataFrame(rows).fillna({"twin": ""}).set_index("claim")


def _deciding(claim: claims.Claim, rows: pd.DataFrame) -> pd.DataFrame:
    """The answers that decide a claim's status, of bodies that count: their summary where there is one, as one answer,
    else each."""
    summary = summaries.summarised(claim, rows, pd.Series(True, rows.index))
    if summary is None:
        return rows
    of_all = summaries.finding(claim, rows, summary)
    sizes = {name: rows[name].sum() for name in ("n", "events")}
    return rows[:1].assign(value=of_all.value, lower=of_all.lower, upper=of_all.upper, comparisons=1, **sizes)


BY_CHANCE = "replicated by chance", "contradicted or divided by chance"


def by_chance(table: pd.DataFrame, counts: pd.Series) -> pd.Series:
    """How many claims chance alone would call replicated (of effects and directions, had there been none) and how many
    it would have some body, or their summary, contradict (were every claim true), over the bodies that count: the
    expected numbers, by the names of BY_CHANCE.

    table: `answers`; counts: `counted`. Without an effect each body holds and contradicts with 2.5%, of several
    comparisons all must hold; a summary, which stands for its bodies, with 2.5% at most. Of a true claim the chance of
    each is that of its precision, 5% at most. Bodies are independent, and an expected number adds up whatever the
    claims have in common.
    """
    known, replicated, contradicted = claims.published(), 0.0, 0.0
    for id, rows in table[counts & ~table["own"]].groupby("claim", sort=False):
        claim, none_against, none_either, none_if_true = known[id], 1.0, 1.0, 1.0
        for row in _deciding(claim, rows).itertuples():
            none_against *= 1 - TAIL
            none_either *= 1 - TAIL - TAIL**row.comparisons
            finding = Finding(row.value, row.lower, row.upper, n=row.n, events=row.events, scale=row.scale or "")
            several = row.comparisons > 1 or pd.isna(row.value)
            chance = 2 * TAIL if several else verdicts.chance_of_contradiction(claim, finding)
            none_if_true *= 1 - min(chance, 2 * TAIL)
        replicated += none_against - none_either if claim.kind in ("effect", "direction") else 0.0
        contradicted += 1 - none_if_true
    return pd.Series(dict(zip(BY_CHANCE, (replicated, contradicted), strict=True)))


def by_source(table: pd.DataFrame) -> pd.DataFrame:
    """How many claims of each source have each status. table: `statuses`."""
    source = table.index.str.split(".").str[0]
    return (
        pd.crosstab(source, table["status"])
        .reindex(index=list(dict.fromkeys(source)), columns=list(verdicts.STATUSES), fill_value=0)
        .rename_axis(index="source", columns=None)
    )


# --- tables for a reader ------------------------------------------------------------------------------------------


def bodies_table(evidence: Evidence) -> pd.DataFrame:
    """The bodies of evidence: patients, the runs that ask them, claims answered and counted, licence, citation, topics
    of caveats, and the group of cohorts that the study file says to share patients."""
    rows, table = [], evidence.answers
    for body, cohort in evidence.bodies.items():
        own = table[table["body"] == body]
        rows.append(
            {
                "body": body,
                "called": label(body, cohort),
                "patients": "simulated" if cohort.stands_for_source else f"{len(cohort.patients):,}",
                "runs": ", ".join(dict.fromkeys(own["run"])),
                "claims answered": len(own),
                "counted": int(evidence.counts[own.index].sum()),
                "licence": str(cohort.study.get("licence") or ""),
                "citation": str(cohort.study.get("citation") or ""),
                "caveats on": ", ".join(cohort.caveats),
                "shares patients within": str(cohort.study.get("overlap_group") or ""),
            }
        )
    names = ["body", "called", "patients", "runs", "claims answered", "counted", "licence", "citation", "caveats on",
             "shares patients within"]  # fmt: skip
    return pd.DataFrame(rows, columns=names).set_index("body")


def status_table(evidence: Evidence) -> pd.DataFrame:
    """How many claims of each source have each status; beside it what chance alone would give (`by_chance`), and how
    many contradicted ones were measured otherwise by every body that contradicts them."""
    table, sources = by_source(evidence.statuses), evidence.answers["claim"].astype(str).str.split(".").str[0]
    of_source = evidence.statuses.index.str.split(".").str[0]
    for source in table.index:
        for name, expected in by_chance(evidence.answers, evidence.counts & (sources == source)).items():
            table.loc[source, name] = formats.number(expected)
        contradicted = evidence.statuses[(of_source == source) & (evidence.statuses["status"] == verdicts.CONTRADICTED)]
        table.loc[source, "contradicted, measured otherwise"] = int(contradicted["all otherwise"].sum())
    return table.astype({"contradicted, measured otherwise": int})


def summary_sentences(evidence: Evidence) -> list[str]:
    """What the bodies of evidence came to, in three sentences: whom they are, how many claims they answer, and what of
    that chance alone would give."""
    real = [name for name, cohort in evidence.bodies.items() if not cohort.simulated]
    patients = sum(len(evidence.bodies[name].patients) for name in real)
    table, status = evidence.statuses, evidence.statuses["status"].value_counts()
    replicated, contradicted = by_chance(evidence.answers, evidence.counts)
    directed = [id for id, claim in claims.published().items() if claim.kind in ("effect", "direction")]
    of_effects = int((table.loc[directed, "status"] == verdicts.REPLICATED).sum())
    against = int(status.get(verdicts.CONTRADICTED, 0)) + int(status.get(verdicts.DIVIDED, 0))
    return [
        f"{formats.count(len(real), 'body', 'bodies')} of real evidence ({patients:,} records of patients, some of "
        "whom stand in two) and the twins, who count nowhere.",
        f"Of {len(table)} claims {(table['real'] > 0).sum()} are answered by real patients, "
        f"{(table['independent'] > 1).sum()} of them by two or more independent bodies.",
        f"Replicated are {int(status.get(verdicts.REPLICATED, 0))}, of which {of_effects} are effects or directions; "
        f"by chance alone, had no effect been there, {formats.number(replicated)} would be. Contradicted or divided "
        f"are {against}; by chance alone, were every claim true, {formats.number(contradicted)} would be.",
    ]


def shared_sentences(evidence: Evidence) -> list[str]:
    """Which bodies share patients, in a sentence per pair with common identifiers and one per declared group."""
    seen, lines = evidence.shared, []
    for pair in seen[seen["patients"].notna()].itertuples():
        lines.append(f"{pair.one} and {pair.other} share {formats.count(int(pair.patients), 'patient')}.")
    for why, pairs in seen[seen["patients"].isna()].groupby("why", sort=False):
        names = dict.fromkeys([*pairs["one"], *pairs["other"]])
        lines.append(f"{formats.listed(list(names))} share patients whom no identifier shows ({why}).")
    return lines


def per_claim(evidence: Evidence) -> pd.DataFrame:
    """Every claim: status, the verdict of each real body that counts or not, of their summary and of the twin, and what
    would answer those that are not testable. What is tracked as replication.csv."""
    table = evidence.answers[evidence.answers["origin"].isin(REAL)]
    marks = table["verdict"].where(evidence.counts[table.index], table["verdict"] + " (not counted)")
    said = (table["body"] + ": " + marks).groupby(table["claim"]).agg("; ".join)
    sources = dict.fromkeys(claim.source for claim in claims.published().values())
    rest = pd.concat([unanswered(evidence.statuses, source) for source in sources])
    wants = [", ".join(part for part in (row.who, row.data, row.size_) if part)
             for row in rest.rename(columns={"size": "size_"}).itertuples()]  # fmt: skip
    several = [id for id, n in evidence.statuses["independent"].items() if n >= summaries.LEAST]
    pooled = {id: summaries.in_words(claims.published()[id], table[table["claim"] == id], evidence.counts)
              for id in several}  # fmt: skip
    return evidence.statuses.drop(columns="all otherwise").assign(
        bodies=said.reindex(evidence.statuses.index).fillna(""),
        summary=[pooled.get(id, "") for id in evidence.statuses.index],
        needs=pd.Series(wants, rest.index, dtype=object).reindex(evidence.statuses.index).fillna(""),
    )


def statuses_shown(evidence: Evidence) -> pd.DataFrame:
    """The claims that a real body answers, as a reader's table: by status, what the source says and who answers how."""
    table = per_claim(evidence)
    table = table[table["real"] > 0]
    statements = [claims.published()[id].statement for id in table.index]
    order = {word: place for place, word in enumerate(verdicts.STATUSES)}
    shown = table.drop(columns="needs").assign(**{"the source says": statements})
    return shown.iloc[table["status"].map(order).argsort(kind="stable")]


def as_text(evidence: Evidence) -> str:
    """The statuses over several runs as `lcnec claims --all` prints them."""
    table = per_claim(evidence)
    lines = [*evidence.left_out, *summary_sentences(evidence), *shared_sentences(evidence), ""]
    lines.append(status_table(evidence).to_string())
    for status in verdicts.STATUSES[:-1]:
        rows = table[(table["status"] == status) & (table["real"] > 0)]
        lines += ["", f"{status.capitalize()} ({len(rows)}):"]
        lines += [f"  {row.Index}: {row.bodies}{f' [summary {row.summary}]' if row.summary else ''}"
                  for row in rows.itertuples()]  # fmt: skip
    lines += [
        "",
        f"Not testable ({int((table['status'] == verdicts.NOT_TESTABLE).sum())}); --csv says what each needs.",
    ]
    return "\n".join(lines)


# --- what cannot be answered -------------------------------------------------------------------------------------


def unanswered(table: pd.DataFrame, source: str) -> pd.DataFrame:
    """The general claims of a source that no real body speaks to, and what would answer them: claim, the source says,
    panel, who (patients of the role), data (what panels.yaml says they must hold), size (n or events for 80% power).

    table: `statuses`.
    """
    known, panels = claims.published(), params.read_yaml(paths.PANELS)
    rows = []
    for id in table.index[(table["status"] == verdicts.NOT_TESTABLE)]:
        claim = known[id]
        if claim.source != source or claim.scope != "general":
            continue
        panel = panels[claim.panel]
        rows.append(
            {
                "claim": id,
                "the source says": claim.statement,
                "panel": claim.panel,
                "who": formats.listed([params.ROLE_WORDS[role] for role in panel.get("asks") or panel["roles"]]),
                "data": ", ".join(panel.get("needs", [])),
                "size": sample_size.needed(claim),
            }
        )
    return pd.DataFrame(rows, columns=["claim", "the source says", "panel", "who", "data", "size"]).set_index("claim")


def by_need(rest: pd.DataFrame) -> pd.DataFrame:
    """What is not answered, by what it takes: for the same patients and data the number of claims, of those with a size
    to aim at, and the least and the most that they need. rest: `unanswered`."""
    rows = []
    for (patients, data), group in rest.groupby(["who", "data"], sort=False):
        sizes = group.loc[group["size"].str.match(r"\d"), "size"]
        ranked = sorted(sizes, key=lambda text: int(re.match(r"\d+", text)[0]))
        rows.append({"patients": patients, "data": data or "the clinical table", "claims": len(group),
                     "with a size": len(ranked), "least": ranked[0] if ranked else "",
                     "most": ranked[-1] if ranked else ""})  # fmt: skip
    table = pd.DataFrame(rows, columns=["patients", "data", "claims", "with a size", "least", "most"])
    return table.sort_values("claims", ascending=False, kind="stable").set_index(["patients", "data"])
