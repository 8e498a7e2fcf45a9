"""Evidence: everything that the site says of claims, gathered once from what the runs left.

No patient's file is opened: what is read are the claims, each run's `claims.csv` and records, and `replication.csv`.
Where a run has no records (a fresh clone), its `claims.csv` gives numbers at the two decimals that it prints.
"""

import dataclasses
import re
from functools import cache
from pathlib import Path

import pandas as pd

from lcnec_utils.core import params, paths
from lcnec_utils.core.findings import Finding
from lcnec_utils.ledger import audit, claim_words, claims, verdicts
from lcnec_utils.public.fetch import registry
from lcnec_utils.run import carried_evidence, ledger, records, replication

LEDGER, REPLICATION = "claims.csv", "replication.csv"
TWIN = "twin"  # the run and the body of evidence of simulated patients
TWINS = "Twin (simulated)"
BODIES = ["body", "label", "simulated", "runs", "answered"]
UNANSWERED = ["claim", "body", "run", "reason"]
# `2.20 (1.33–3.07)` and `−0.10 (−0.40 to 0.20)`, as `claim_words.finding_text` writes them
FOUND = re.compile(r"^(?P<value>[−\d.]+)(?: \((?P<lower>[−∞\d.]+)(?:–| to )(?P<upper>[−∞\d.]+)\))?$")
NOT_COUNTED = " (not counted)"


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What is published and what every run answered.

    claims, sources: as published, in the order of the ledger. audits: the audit of each claim by its id; remarks: what
    arithmetic says. panels: the entries of params/panels.yaml by id. runs: what each run was read from (`records` or
    `claims.csv`). bodies: one row per body of evidence (index: its name): label, simulated, runs, answered. answers:
    one row per answered claim and body, columns as `replication.COLUMNS` with p, found (in words), findings (each
    comparison, empty without records) and whether it counts over several bodies (counted). unanswered: one row per
    claim and body that does not answer it, and why. statuses: every claim over independent real bodies, columns as
    replication.csv; empty where no run brought them together. left_out: a line for what is missing or out of date.
    """

    claims: dict[str, claims.Claim]
    sources: dict[str, claims.Source]
    audits: dict[str, str]
    remarks: list[audit.Remark]
    panels: dict[str, dict]
    runs: dict[str, str]
    bodies: pd.DataFrame
    answers: pd.DataFrame
    unanswered: pd.DataFrame
    statuses: pd.DataFrame
    left_out: list[str]

    def of_claim(self, id: str) -> pd.DataFrame:
        """The answers to one claim: real bodies first, of those the ones that count, the largest first."""
        return self._by_claim.get(id, self.answers[:0])

    def reasons(self, id: str) -> pd.DataFrame:
        """The bodies that do not answer one claim, and why: columns body, run, reason."""
        return self._why_not.get(id, self.unanswered[:0])

    def source_of(self, id: str) -> str:
        """The source that a claim belongs to, by its name."""
        if "_source_of" not in self.__dict__:
            names = {claim.id: name for name, source in self.sources.items() for claim in source.claims}
            object.__setattr__(self, "_source_of", names)
        return self.__dict__["_source_of"][id]

    @property
    def real(self) -> pd.DataFrame:
        """The bodies of evidence of real patients."""
        return self.bodies[~self.bodies["simulated"]]

    def label(self, body: str) -> str:
        """What a body of evidence is called for a reader."""
        return str(self.bodies["label"].get(body, body))

    def panel_page(self, panel: str) -> str:
        """Where a panel stands on the site, `notebooks/<notebook>.html#<panel>`; empty for one that is only planned."""
        entry = self.panels[panel]
        return "" if entry.get("planned") else f"notebooks/{entry['notebook']}.html#{panel}"

    @property
    def _by_claim(self) -> dict[str, pd.DataFrame]:
        return _grouped(self, "answers")

    @property
    def _why_not(self) -> dict[str, pd.DataFrame]:
        return _grouped(self, "unanswered")


def _grouped(evidence: Evidence, name: str) -> dict[str, pd.DataFrame]:
    """A table of the evidence by claim, made once."""
    kept = evidence.__dict__.get(f"_{name}_by_claim")
    if kept is None:
        kept = dict(list(getattr(evidence, name).groupby("claim", sort=False)))
        object.__setattr__(evidence, f"_{name}_by_claim", kept)
    return kept


def gather() -> Evidence:
    """The evidence of every run that left records or a `claims.csv` under the output folder.

    A run's `claims.csv` that says another verdict than its records, and a `replication.csv` that says another than the
    run, are named in `left_out`: they are older than what they were made from.
    """
    known = claims.published()
    remarks = ledger.remarks()
    answers, unanswered, runs, left_out = [], [], {}, []
    for name in runs_made():
        table, stale = _of_run(name, known)
        answers += table["answers"]
        unanswered += table["unanswered"]
        left_out += stale
        runs[name] = table["from"]
    statuses, altered = _statuses(known)
    answered = _once(pd.DataFrame(answers, columns=[*replication.COLUMNS, "p", "found", "findings"]), known)
    answered["counted"], stale = _counted(answered, statuses)
    answered = answered.sort_values(["counted", "n"], ascending=False, kind="stable", na_position="last")
    real = answered["origin"].isin(replication.REAL)
    answered = _in_order(pd.concat([answered[real], answered[~real]]), known)
    rest = pd.DataFrame(unanswered, columns=UNANSWERED).drop_duplicates(["claim", "body"])
    both = set(zip(answered["claim"], answered["body"], strict=True))
    free = [pair not in both for pair in zip(rest["claim"], rest["body"], strict=True)]
    rest = rest.loc[pd.Series(free, rest.index, dtype=bool)]
    return Evidence(
        claims=known,
        sources=claims.sources(),
        audits=audit.of_claims(claims.sources(), remarks),
        remarks=remarks,
        panels=params.read_yaml(paths.PANELS),
        runs=runs,
        bodies=_bodies(answered, rest),
        answers=answered,
        unanswered=rest.reset_index(drop=True),
        statuses=statuses,
        left_out=[*left_out, *altered, *stale],
    )


def runs_made() -> list[str]:
    """The runs that answered claims, the twin's first: those with a `claims.csv`, or with records that hold answers."""
    root = paths.output_root()
    names = {path.parent.name for path in (root / "figures").glob(f"*/{LEDGER}")}
    for path in (root / "build").glob(f"*/{records.RECORDS}"):
        if path.stem not in records.READS_RUNS:
            names.add(path.parent.name)
    answered = [name for name in names if _ledger_file(name).exists() or _answers_of(name)]
    return sorted(answered, key=lambda name: (name != TWIN, name))


def _ledger_file(run: str) -> Path:
    return paths.figures(run) / LEDGER


def provenance_of(path: Path) -> dict | None:
    """What a panel's or a run's table says of how it was made; None where there is none, or where its numbers are not
    those that it was written with."""
    try:
        about = path.stat()
    except OSError:
        return None
    return _provenance_of(path, about.st_mtime_ns, about.st_size)


@cache
def _provenance_of(path: Path, time: int, size: int) -> dict | None:
    try:
        return carried_evidence.read(path)
    except (carried_evidence.NotIntact, OSError):
        return None


def _intact(path: Path) -> tuple[pd.DataFrame | None, list[str]]:
    """A run's table, and a line where it is there and is not as it was written."""
    if not path.exists():
        return None, []
    if provenance_of(path) is None:
        run = path.parent.name
        return None, [f"figures/{run}/{path.name} is not as it was written, and is left out; "
                      f"`lcnec run --params params/{run}.yaml` makes it again."]  # fmt: skip
    return read_csv(path), []


def read_csv(path: Path) -> pd.DataFrame:
    """A table as a panel's or a run's CSV holds it, its line of provenance left out; texts, and empty where missing."""
    with open(path, encoding="utf-8") as handle:
        behind = handle.readline().startswith("# ")
    return pd.read_csv(path, skiprows=int(behind), dtype=str, keep_default_na=False)


def _answers_of(run: str) -> dict[tuple[str, str], dict]:
    """What a run's records hold: (claim, body) → the answer with the label of the cohort that gives it."""
    answers: dict[tuple[str, str], dict] = {}
    for record in records.read_records(run):
        for id, answer in record["findings"].items():
            label = record.get("cohorts", {}).get(answer["role"], answer["body"])
            answers.setdefault((id, answer["body"]), answer | {"label": label})
    return answers


def _of_run(run: str, known: dict[str, claims.Claim]) -> tuple[dict, list[str]]:
    """A run's answers and the reasons where there is none; and a line where its files disagree."""
    recorded = _answers_of(run)
    table, altered = _intact(_ledger_file(run))
    answers, unanswered, stale = [], [], set()
    for (id, body), answer in recorded.items():
        if answer["verdict"] in verdicts.ANSWERS and id in known:
            answers.append(_recorded(known[id], run, body, answer))
        else:
            unanswered.append({"claim": id, "body": body, "run": run, "reason": answer["reason"]})
    if table is not None:
        for body in [column.removesuffix(": verdict") for column in table if column.endswith(": verdict")]:
            for row in table[["claim", *(c for c in table if c.startswith(f"{body}: "))]].to_dict("records"):
                values = {key.removeprefix(f"{body}: "): value for key, value in row.items()}
                id, there = row["claim"], recorded.get((row["claim"], body))
                if id not in known:
                    stale.add("a claim that is not published")
                elif there is not None:
                    stale |= {"another verdict than the records"} if there["verdict"] != values["verdict"] else set()
                elif values["verdict"] in verdicts.ANSWERS:
                    stale |= {"an answer that no record holds"} if recorded else set()
                    answers += [] if recorded else [_printed(known[id], run, body, values)]
                else:
                    reason = {"claim": id, "body": body, "run": run, "reason": values["reason"]}
                    unanswered.append(reason)
    lines = [
        f"figures/{run}/{LEDGER} has {what}; `lcnec run --params params/{run}.yaml` brings it up to date."
        for what in sorted(stale)
    ] + altered
    return {"answers": answers, "unanswered": unanswered, "from": "records" if recorded else LEDGER}, lines


def _recorded(claim: claims.Claim, run: str, body: str, answer: dict) -> dict:
    """An answer as a record holds it, as a row of `answers`."""
    recomputed = [Finding(**finding) for finding in answer["findings"]]
    # of several comparisons none is the answer: all of them must hold
    one = recomputed[0] if len(recomputed) == 1 else Finding(n=max((f.n or 0 for f in recomputed), default=0) or None)
    return {
        "claim": claim.id,
        "body": body,
        "label": TWINS if body == TWIN else answer["label"],
        "run": run,
        "origin": answer["origin"],
        "verdict": answer["verdict"],
        **{field: getattr(one, field) for field in ("value", "lower", "upper", "n", "events", "p")},
        "scale": recomputed[0].scale if recomputed else "",
        "comparisons": len(recomputed),
        "caveats": " ".join(answer.get("caveats", [])),
        "own": False,
        "reason": answer["reason"],
        "found": "; ".join(in_words(claim, finding) for finding in recomputed if finding.value is not None),
        "findings": answer["findings"],
    }


def in_words(claim: claims.Claim, finding: Finding) -> str:
    """A finding as the ledger's tables show it: its value with its limits."""
    return claim_words.finding_text(claim, finding)


def _printed(claim: claims.Claim, run: str, body: str, values: dict[str, str]) -> dict:
    """An answer as a run's claims.csv prints it, as a row of `answers`: numbers at the decimals printed there."""
    match = FOUND.match(values["found"])
    numbers = {name: _number(text) for name, text in match.groupdict().items()} if match else {}
    several = re.search(r"\d+ of (\d+) comparisons", values["reason"])
    return {
        "claim": claim.id,
        "body": body,
        "label": body_label(body),
        "run": run,
        "origin": values["origin"],
        "verdict": values["verdict"],
        **dict.fromkeys(("value", "lower", "upper"), None),
        **numbers,
        "scale": values.get("scale") or _usual_scale(claim),
        "n": _number(values.get("n", "")),
        "events": None,
        "p": None,
        "comparisons": int(several[1]) if several else 1,
        "caveats": " ".join(f"{topic}:" for topic in values["caveats"].split(", ") if topic),
        "own": False,
        "reason": values["reason"],
        "found": values["found"],
        "findings": [],
    }


def _usual_scale(claim: claims.Claim) -> str:
    """Whether a claim's measure is a ratio or a difference, where a file does not say what the answer is."""
    return "ratio" if verdicts.null_of(claim, Finding()) == 1 else "difference"


def _number(text: str | None) -> float | None:
    if not text:
        return None
    return float(text.replace("−", "-").replace("∞", "inf"))


def body_label(body: str) -> str:
    """What a body of evidence is called where no record names its cohort: the registry's title, else its own name."""
    if body == TWIN:
        return TWINS
    return registry()["cohorts"].get(body, {}).get("title", body)


def _once(table: pd.DataFrame, known: dict[str, claims.Claim]) -> pd.DataFrame:
    """One row per claim and body: the first run's, where several ask one cohort."""
    return _in_order(table.drop_duplicates(["claim", "body"]), known)


def _in_order(table: pd.DataFrame, known: dict[str, claims.Claim]) -> pd.DataFrame:
    place = {id: rank for rank, id in enumerate(known)}
    return table.sort_values("claim", key=lambda ids: ids.map(place), kind="stable").reset_index(drop=True)


def _statuses(known: dict[str, claims.Claim]) -> tuple[pd.DataFrame, list[str]]:
    """replication.csv by claim, empty where no run brought the others together; and a line where it is not as it was
    written."""
    columns = ["status", "real", "independent", "with a caveat", "twin", "bodies", "summary", "needs"]
    table, altered = _intact(paths.figures("replication") / REPLICATION)
    if table is None:
        return pd.DataFrame(columns=columns, index=pd.Index([], name="claim")), altered
    table = table.set_index("claim")
    table = table.loc[[id for id in table.index if id in known]]
    return table.astype({"real": int, "independent": int, "with a caveat": int}), altered


def _counted(table: pd.DataFrame, statuses: pd.DataFrame) -> tuple[pd.Series, list[str]]:
    """Whether each answer counts over several bodies, as replication.csv says; and a line for each body whose answers
    are others there."""
    told = {id: dict(part.split(": ", 1) for part in text.split("; ") if part)
            for id, text in statuses["bodies"].items()}  # fmt: skip
    counts, differ = [], set()
    for row in table.itertuples():
        word = told.get(row.claim, {}).get(row.body)
        counts.append(word is not None and not word.endswith(NOT_COUNTED))
        if row.origin in replication.REAL and word is not None and word.removesuffix(NOT_COUNTED) != row.verdict:
            differ.add(row.body)
        if row.origin in replication.REAL and word is None and not statuses.empty:
            differ.add(row.body)
    again = "`lcnec run --params params/replication.yaml` brings it up to date."
    lines = [f"figures/replication/{REPLICATION} has other answers of {body} than its run; {again}"
             for body in sorted(differ)]  # fmt: skip
    return pd.Series(counts, table.index, dtype=bool), lines


def _bodies(answers: pd.DataFrame, unanswered: pd.DataFrame) -> pd.DataFrame:
    """The bodies of evidence, the simulated ones last."""
    rows = []
    for body in dict.fromkeys([*answers["body"], *unanswered["body"]]):
        own = answers[answers["body"] == body]
        runs = dict.fromkeys([*own["run"], *unanswered.loc[unanswered["body"] == body, "run"]])
        simulated = not own["origin"].isin(replication.REAL).any() if len(own) else body == TWIN
        label = own["label"].iloc[0] if len(own) else body_label(body)
        if simulated and "simulated" not in label.lower():
            label = f"{label} (simulated)"
        rows.append({"body": body, "label": label, "simulated": simulated, "runs": list(runs), "answered": len(own)})
    table = pd.DataFrame(rows, columns=BODIES).astype({"simulated": bool})
    order = table.sort_values(["simulated", "answered"], ascending=[True, False], kind="stable")
    return order.set_index("body")
