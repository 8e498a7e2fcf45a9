"""Replication: every claim over all bodies of evidence, each patient counted once.

It reads the records that the notebooks of several runs left. Real cohorts are summarised with each other alone, never
with the print or with simulated patients.
"""

import math

import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats, params, paths
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.core.findings import Finding
from lcnec_utils.ledger import claims, sample_size, verdicts
from lcnec_utils.run import ledger, records
from lcnec_utils.stats.meta_analysis import RandomEffects, random_effects

REAL = ("real", "circular")
LEAST = 3  # independent cohorts from which a summary is made
COLUMNS = [
    "claim", "body", "label", "run", "origin", "verdict", "value", "lower", "upper", "scale", "n", "events",
    "comparisons", "caveats", "reason",
]  # fmt: skip


def run_files(names: list[str]) -> dict[str, params.RunParameters]:
    """The runs of these names, by params/<name>.yaml. Raises UserError for a name without such a file."""
    files = {}
    for name in names:
        path = paths.PARAMS / f"{name}.yaml"
        if not path.exists():
            known = sorted(file.stem for file in paths.PARAMS.glob("*.yaml") if file != paths.PANELS)
            raise UserError(f"run '{name}' has no params/{name}.yaml{params.nearest(name, known)}")
        files[name] = params.read_run(path)
    return files


def bodies(runs: dict[str, params.RunParameters]) -> dict[str, Cohort]:
    """The cohorts of the bodies of evidence that answered a claim in these runs, by the body's name.

    Raises MissingData where none of the runs has answered anything yet.
    """
    known: dict[str, Cohort] = {}
    for run in runs.values():
        answering = {answer["body"]: answer["role"] for answer in _answers(run.run)}
        of_run = ledger.bodies(run) if set(answering) - set(known) else {}
        for body, cohorts in of_run.items():
            if body in answering and body not in known:
                known[body] = cohorts.get(answering[body]) or next(iter(cohorts.values()))
    if not known:
        raise MissingData(f"none of the runs {', '.join(runs)} has answered a claim yet; `lcnec batch` makes them")
    return known


def _answers(run: str) -> list[dict]:
    return [
        {"claim": id, **answer} for record in records.read_records(run) for id, answer in record["findings"].items()
    ]


def answers(runs: dict[str, params.RunParameters], known: dict[str, Cohort]) -> pd.DataFrame:
    """Every answered claim by body of evidence: one row each, the first run's where two runs hold the same body.

    value, lower, upper: of the one comparison that answers it; missing where several do (`comparisons`).
    """
    rows = {}
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
                "label": known[answer["body"]].label,
                "run": name,
                "origin": answer["origin"],
                "verdict": answer["verdict"],
                **{field: getattr(one, field) for field in ("value", "lower", "upper", "scale", "n", "events")},
                "comparisons": len(recomputed),
                "caveats": " ".join(answer.get("caveats", [])),
                "reason": answer["reason"],
            }
    order = {id: place for place, id in enumerate(claims.published())}
    return pd.DataFrame(sorted(rows.values(), key=lambda row: order[row["claim"]]), columns=COLUMNS)


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

    table: `answers`; shared: `shared_patients`. Of two equally large the first in the table counts.
    """
    apart = {frozenset(pair) for pair in zip(shared["one"], shared["other"], strict=True)}
    result = pd.Series(False, table.index)
    for _, rows in table[table["origin"] == "real"].groupby("claim", sort=False):
        chosen: list[str] = []
        for index, row in rows.sort_values("n", ascending=False, kind="stable", na_position="last").iterrows():
            if not any(frozenset((row["body"], body)) in apart for body in chosen):
                chosen.append(row["body"])
                result[index] = True
    return result


def statuses(table: pd.DataFrame, counts: pd.Series) -> pd.DataFrame:
    """Every claim with its status over the bodies that count: claim, status, real (bodies that answer it), independent
    (of those that count), measured otherwise (contradictions with a caveat), twin (the simulated answer)."""
    rows = []
    grouped = dict(list(table.assign(counts=counts).groupby("claim", sort=False)))
    for id in claims.published():
        of_claim = grouped.get(id)
        if of_claim is None:
            rows.append({"claim": id, "status": verdicts.NOT_TESTABLE, "real": 0, "independent": 0, "otherwise": 0})
            continue
        sums = of_claim[of_claim["counts"]]
        simulated = of_claim[~of_claim["origin"].isin(REAL)]
        rows.append(
            {
                "claim": id,
                "status": verdicts.status(list(sums["verdict"])),
                "real": int(of_claim["origin"].isin(REAL).sum()),
                "independent": len(sums),
                "otherwise": int(((sums["verdict"] == "contradicted") & (sums["caveats"] != "")).sum()),
                "twin": simulated["verdict"].iloc[0] if len(simulated) else "",
            }
        )
    return pd.DataFrame(rows).fillna({"twin": ""}).set_index("claim")


def by_chance(table: pd.DataFrame, counts: pd.Series) -> pd.Series:
    """How many claims chance alone would call replicated (had no effect been there; of effects and directions) and
    contradicted (were every claim true), at the precision of the bodies that count."""
    known, replicated, contradicted = claims.published(), 0.0, 0.0
    for id, rows in table[counts].groupby("claim", sort=False):
        claim, none, not_contradicted = known[id], 1.0, 1.0
        for row in rows.itertuples():
            if claim.kind in ("effect", "direction"):
                none *= 1 - 0.025**row.comparisons
            finding = Finding(row.value, row.lower, row.upper, n=row.n, events=row.events, scale=row.scale or "")
            of_one = (
                0.05 if row.comparisons > 1 or pd.isna(row.value) else verdicts.chance_of_contradiction(claim, finding)
            )
            not_contradicted *= 1 - min(of_one, 0.05)
        replicated += 1 - none
        contradicted += 1 - not_contradicted
    return pd.Series({verdicts.REPLICATED: replicated, verdicts.CONTRADICTED: contradicted})


def by_source(table: pd.DataFrame) -> pd.DataFrame:
    """How many claims of each source have each status. table: `statuses`."""
    source = table.index.str.split(".").str[0]
    return (
        pd.crosstab(source, table["status"])
        .reindex(index=list(dict.fromkeys(source)), columns=list(verdicts.STATUSES), fill_value=0)
        .rename_axis(index="source", columns=None)
    )


# --- forests -----------------------------------------------------------------------------------------------------


def forest_claims(table: pd.DataFrame, counts: pd.Series, least: int = 2) -> list[str]:
    """The claims that at least so many independent real bodies answer with one estimate each, in the ledger's order."""
    drawn = table[counts & table["value"].notna() & table["lower"].notna()]
    sizes = drawn.groupby("claim", sort=False)["body"].nunique()
    return [id for id in claims.published() if sizes.get(id, 0) >= least]


def is_ratio(claim: claims.Claim, rows: pd.DataFrame) -> bool:
    """Whether a claim's estimates are ratios, or medians that are compared as such."""
    if claim.kind == "number":
        return claim.measure in verdicts.LOGARITHMIC
    return (rows["scale"] == "ratio").any()


def forest_table(id: str, table: pd.DataFrame, counts: pd.Series) -> pd.DataFrame:
    """The rows of a claim's forest: the print, each real body, the summary of three or more that count, and the twin.

    Columns: kind (print, cohort, summary, simulated), label, estimate, lower, upper, prediction_lower,
    prediction_upper, n, events, caveats, note, verdict.
    """
    claim, rows = claims.published()[id], table[table["claim"] == id]
    real, simulated = rows[rows["origin"].isin(REAL)], rows[~rows["origin"].isin(REAL)]
    lines = [_print_line(claim, rows)]
    for row in real.itertuples():
        marks = [*ledger.topics_of(row.caveats), *([] if counts[row.Index] else ["not counted: shares patients"])]
        lines.append(_line("cohort", row.label, row, ", ".join(marks)))
    summary = summarised(claim, rows, counts)
    if summary is not None:
        on = math.exp if is_ratio(claim, rows) else float
        limits = ("estimate", "lower", "upper", "prediction_lower", "prediction_upper")
        lines.append(
            {"kind": "summary", "label": f"Random effects, {summary.k} cohorts (I² {100 * summary.i_squared:.0f}%)"}
            | {name: on(getattr(summary, name)) for name in limits}
        )
    lines += [_line("simulated", row.label, row, "") for row in simulated.itertuples()]
    return pd.DataFrame(lines)


def _print_line(claim: claims.Claim, rows: pd.DataFrame) -> dict:
    scale = next(iter(rows["scale"].dropna()), "") or ""
    finding = next(
        (Finding(row.value, row.lower, row.upper, n=row.n, events=row.events, scale=row.scale or "")
         for row in rows.itertuples() if pd.notna(row.value)), Finding(),
    )  # fmt: skip
    line = {"kind": "print", "label": f"Published: {ledger.printed_text(claim)}", "note": "no size published"}
    if claim.kind == "number":
        figure = claims.as_number(claims.printed_value(claim))
        known = verdicts.printed_number(claim, finding) if finding.value is not None else None
        on = math.exp if claim.measure in verdicts.LOGARITHMIC else float
        limits = {"lower": on(known.lower), "upper": on(known.upper)} if known and claims.sizes(claim)[1] else {}
        if known and claim.interval:
            limits = {"lower": on(known.lower), "upper": on(known.upper)}
        return line | {"estimate": figure, **limits, "n": claims.sizes(claim)[1]}
    null = 1.0 if scale == "ratio" else 0.0
    limits = verdicts.printed_effect(claim, null)
    value = claims.as_number(claim.value) if (claim.measure in claims.RATIOS) == (null == 1) else None
    if value is None and limits and claim.counts and len(claim.counts) == 2:
        (k_1, n_1), (k_2, n_2) = ([float(number) for number in pair] for pair in claim.counts)
        value = k_1 / n_1 - k_2 / n_2
    return line | {"estimate": value} | (dict(zip(("lower", "upper"), limits, strict=True)) if limits else {})


def _line(kind: str, label: str, row, caveats: str) -> dict:
    note = f"{row.comparisons} comparisons: {row.verdict}" if row.comparisons > 1 else row.verdict
    return {"kind": kind, "label": label, "estimate": row.value, "lower": row.lower, "upper": row.upper, "n": row.n,
            "events": row.events, "caveats": caveats, "note": note, "verdict": row.verdict}  # fmt: skip


def summarised(claim: claims.Claim, rows: pd.DataFrame, counts: pd.Series) -> RandomEffects | None:
    """The random-effects summary of a claim's bodies that count, on the log scale of ratios; None for fewer than three
    with an interval on one scale."""
    used = rows[counts.reindex(rows.index) & rows["lower"].notna() & rows["upper"].notna()]
    if len(used) < LEAST or used["scale"].nunique() > 1:
        return None
    ratio = is_ratio(claim, rows)
    on = math.log if ratio else float
    if ratio and (used[["value", "lower"]] <= 0).any(axis=None):
        return None
    estimates = used[["value", "lower", "upper"]].map(on)
    errors = (estimates["upper"] - estimates["lower"]) / (2 * verdicts.Z95)
    studies = pd.DataFrame({"study": used["body"], "estimate": estimates["value"], "standard_error": errors})
    return random_effects(studies) if (studies["standard_error"] > 0).all() else None


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
                "who": formats.listed([params.ROLE_WORDS[role] for role in panel["roles"]]),
                "data": ", ".join(panel.get("needs", [])),
                "size": sample_size.needed(claim),
            }
        )
    return pd.DataFrame(rows, columns=["claim", "the source says", "panel", "who", "data", "size"]).set_index("claim")
