"""The tables of a sweep: gathered from the records of its variations, and read again where they are shown.

`findings.csv` has a row per variation and claim, `robustness.csv` one per claim; they hold neither times nor paths, so
that equal sweeps give equal bytes. Of a sweep that params/sweeps/ defines both stand in figures/robustness/ too, behind
a line of provenance: the answers of every claim, and the variations of those that are fragile.
"""

import dataclasses
import json
from pathlib import Path

import pandas as pd

from lcnec_utils.core import formats, params, paths, provenance
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding
from lcnec_utils.ledger import claims, robustness
from lcnec_utils.run import panel_files, records, sweep_files

VALUES = ["value", "lower", "upper", "scale", "p", "n", "events"]
ANSWER = ["claim", "body", "origin", "verdict", *VALUES, "comparisons", "fewest_patients", "fewest_by", "fewest_exact"]
ROBUSTNESS = [
    "run", "claim", "body", "origin", "robustness", "variations", "verdicts", "turns_at", "not_computable",
    "fewest_patients", "fewest_by", "fewest_exact",
]  # fmt: skip
OF_REAL = {"real", "circular"}


@dataclasses.dataclass(frozen=True)
class Gathered:
    """A sweep's tables as read: name, the swept keys, findings (of a shipped sweep those of fragile claims alone), and
    robustness with its columns `over_<key>`."""

    name: str
    keys: list[str]
    findings: pd.DataFrame
    robustness: pd.DataFrame


# --- gathering


def findings(variations: list, folder: Path) -> pd.DataFrame:
    """A row per variation and claim from the records under a sweep's folder: run, the swept keys, claim, body, origin,
    verdict, value with limits, n and events of the one comparison that answers it (missing where several do), and the
    fewest patients who turn the verdict. Sorted by run, claim, body and the order of the values.

    variations: as `sweep.variations` gives them.
    """
    rows = []
    for place, variation in enumerate(variations):
        for notebook in variation.notebooks:
            record = json.loads((folder / "build" / variation.run / f"{notebook}.json").read_text(encoding="utf-8"))
            for id, answer in record["findings"].items():
                known = [Finding(**finding) for finding in answer["findings"]]
                one = known[0] if len(known) == 1 else Finding(n=max((each.n or 0 for each in known), default=None))
                fewest = answer.get("fewest", {})
                rows.append({
                    "run": variation.base, **variation.point, "claim": id, "body": answer["body"],
                    "origin": answer["origin"], "verdict": answer["verdict"],
                    **{name: getattr(one, name) for name in VALUES}, "comparisons": len(known),
                    "fewest_patients": fewest.get("patients"), "fewest_by": fewest.get("by", ""),
                    "fewest_exact": fewest.get("exact"), "place": place,
                })  # fmt: skip
    keys = list(variations[0].point)
    table = pd.DataFrame(rows, columns=["run", *keys, *ANSWER, "place"])
    for name in ("n", "events", "fewest_patients"):
        table[name] = table[name].astype("Int64")
    return table.sort_values(["run", "claim", "body", "place"], kind="stable", ignore_index=True).drop(columns="place")


def robust_or_fragile(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """A row per run, claim and body: robust or fragile, over each key and in all, with the share of each verdict, where
    it first turns, and the fewest patients who turn it in any variation. table: `findings`."""
    rows = []
    for (run, claim, body), group in table.groupby(["run", "claim", "body"], sort=False):
        turns = robustness.turns(group, keys)
        if not turns.variations:
            continue
        known = group[group["fewest_patients"].notna()].sort_values("fewest_patients", kind="stable")
        least = known.iloc[0] if len(known) else None
        rows.append({
            "run": run, "claim": claim, "body": body, "origin": group["origin"].iloc[0], "robustness": turns.word,
            "variations": turns.variations, "verdicts": robustness.shares_text(turns.shares), "turns_at": turns.first,
            "not_computable": turns.not_computable,
            "fewest_patients": None if least is None else least["fewest_patients"],
            "fewest_by": "" if least is None else least["fewest_by"],
            "fewest_exact": None if least is None else bool(least["fewest_exact"]),
            **{f"over_{key}": word for key, word in turns.over.items()},
        })  # fmt: skip
    table = pd.DataFrame(rows, columns=[*ROBUSTNESS, *(f"over_{key}" for key in keys)])
    return table.astype({"fewest_patients": "Int64"})


def _as_csv(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, float_format=f"%.{formats.SIGNIFICANT_DIGITS}g", lineterminator="\n")


def _write(path: Path, text: str) -> None:
    scratch = path.with_name(f".{path.name}.tmp")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(path)


def write(sweep, variations: list, folder: Path) -> Gathered:
    """Gather the tables of a sweep whose variations have ended and write them, robustness.csv last; those of a shipped
    sweep to figures/robustness/ too."""
    keys = list(sweep.values)
    of_all = findings(variations, folder)
    answers = robust_or_fragile(of_all, keys)
    _write(folder / "sweep.json", json.dumps({"sweep": sweep.name, "keys": keys}, indent=1) + "\n")
    _write(folder / "findings.csv", _as_csv(of_all))
    _write(folder / "robustness.csv", _as_csv(answers))
    if sweep.shipped:
        _track(sweep, variations, of_all, answers)
    return Gathered(sweep.name, keys, of_all, answers)


def _track(sweep, variations: list, of_all: pd.DataFrame, answers: pd.DataFrame) -> None:
    about = {
        "project": records.PROJECT,
        "run": sweep_files.RUN,
        "simulated": bool(set(answers["origin"]) - OF_REAL),
        "cohorts": {},
        "parameters": definition_digest(sweep.name),
        "sweeps": [sweep.name, *sweep.values],
    }
    fragile = answers.loc[answers["robustness"] == robustness.FRAGILE, ["run", "claim", "body"]]
    shown = of_all.merge(fragile, on=["run", "claim", "body"]).drop(columns=["p", "fewest_by", "fewest_exact"])
    for file, table in zip(sweep_files.tracked(sweep.name), (answers, shown), strict=True):
        target = paths.figures(sweep_files.RUN) / file
        target.parent.mkdir(parents=True, exist_ok=True)
        panel_files.write_csv(target, table, {**about, "panel": file})


def definition_digest(name: str) -> str:
    """The digest of a shipped sweep's definition and of the params files that it varies, short."""
    entry = params.read_yaml(paths.PARAMS / "sweeps" / f"{name}.yaml")
    bases = [params.read_yaml(paths.PARAMS / f"{run}.yaml") for run in entry["files"]]
    return provenance.of_object([entry, bases])[: provenance.SHORT]


# --- reading


def read(name: str) -> Gathered:
    """The tables of a sweep. Raises MissingData, with the command that makes them, where it was not run."""
    files = sweep_files.files_of(name)
    if files is None:
        known = (paths.PARAMS / "sweeps" / f"{name}.yaml").exists()
        again = f"`lcnec batch --sweep {name}` runs it" if known else f"`lcnec batch --sweep … --name {name}` runs one"
        raise MissingData(f"sweep {name} has no tables; {again}")
    answers, of_all = (pd.read_csv(file, comment="#", keep_default_na=False, na_values=[""]) for file in files)
    for table in (answers, of_all):
        words = table.columns.intersection(["origin", "verdicts", "turns_at", "fewest_by", "scale"])
        table[words] = table[words].astype(object).fillna("")
    keys = [column.removeprefix("over_") for column in answers if column.startswith("over_")]
    return Gathered(name, keys, of_all, answers)


def read_all(asked: list[str]) -> list[Gathered]:
    """The tables of every sweep that a run reads and that there are."""
    return [read(name) for name in sweep_files.digests(asked)]


def left_out(asked: list[str]) -> list[str]:
    """A line for each sweep that a run reads and that was not run."""
    lines = []
    for name in sweep_files.names(asked):
        try:
            read(name)
        except MissingData as reason:
            lines.append(formats.as_sentence(str(reason)))
    return lines


# --- tables for a reader


def column(body: str, run: str, gathered: list[Gathered]) -> dict[str, str]:
    """What the sweeps of a run say of each claim for a body of evidence, as the ledger's column has it: by claim,
    `tmb_high_per_mb: fragile (…); seed: robust`."""
    said: dict[str, list[str]] = {}
    for sweep in gathered:
        table = sweep.robustness
        for row in table[(table["run"] == run) & (table["body"] == body)].to_dict("records"):
            words = robustness.sweep_words(row["robustness"], row["verdicts"], row["turns_at"])
            said.setdefault(row["claim"], []).append(f"{', '.join(sweep.keys)}: {words}")
    return {id: "; ".join(lines) for id, lines in said.items()}


def summary(gathered: list[Gathered]) -> pd.DataFrame:
    """How many answers of each sweep are robust and how many fragile, by run, whose patients are real or simulated."""
    rows = []
    for sweep in gathered:
        for run, table in sweep.robustness.groupby("run", sort=False):
            counts = table["robustness"].value_counts()
            few = table["fewest_patients"].dropna()
            rows.append({
                "sweep": sweep.name, "over": ", ".join(sweep.keys), "run": run,
                "patients": "real" if set(table["origin"]) <= OF_REAL else "simulated",
                "answers": len(table), "robust": int(counts.get(robustness.ROBUST, 0)),
                "fragile": int(counts.get(robustness.FRAGILE, 0)),
                "turned by 3 patients or fewer": f"{int((few <= 3).sum())} of {len(few)}",
            })  # fmt: skip
    columns = ["sweep", "over", "run", "patients", "answers", "robust", "fragile", "turned by 3 patients or fewer"]
    return pd.DataFrame(rows, columns=columns).set_index(["sweep", "over", "run"])


def every_answer(gathered: list[Gathered]) -> pd.DataFrame:
    """Every claim that a sweep answers: sweep, run, claim, body, origin, robust or fragile, the share of each verdict,
    where it turns, and the fewest patients who turn it. What is tracked as robustness.csv."""
    tables = [sweep.robustness[ROBUSTNESS].assign(sweep=sweep.name) for sweep in gathered]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["sweep", *ROBUSTNESS])
    return table.set_index(["sweep", "run", "claim"])


def fragile_shown(gathered: list[Gathered]) -> pd.DataFrame:
    """The fragile answers as a reader's table: what the source says, whose answer, and where it turns."""
    table = every_answer(gathered).reset_index()
    table = table[table["robustness"] == robustness.FRAGILE]
    known = claims.published()
    shown = pd.DataFrame({
        "sweep": table["sweep"], "run": table["run"], "claim": table["claim"],
        "the source says": [known[id].statement if id in known else "" for id in table["claim"]],
        "origin": table["origin"], "verdicts": table["verdicts"], "turns at": table["turns_at"],
        "fewest patients": [_patients(row) for row in table.to_dict("records")],
    })  # fmt: skip
    return shown.set_index(["sweep", "run", "claim"])


def _patients(row: dict) -> str:
    if pd.isna(row["fewest_patients"]):
        return ""
    exact = str(row["fewest_exact"]) == "True"
    return f"{'' if exact else '≤ '}{int(row['fewest_patients'])} ({robustness.EDITS[row['fewest_by']]})"
