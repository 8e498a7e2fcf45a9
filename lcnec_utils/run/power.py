"""Power by simulation: free twins of several sizes through a claim's notebook, and how often they answer it as printed.

A free draw varies as a sample does, so the share of draws that answer a claim `equal` or `compatible` is the power of a
cohort of that size, were the laws of the twin true. Nothing here is evidence of a claim.
"""

import collections
import dataclasses
import math
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.cohort import read
from lcnec_utils.core import formats, params, paths, provenance
from lcnec_utils.core.errors import UserError
from lcnec_utils.ledger import claims, robustness, sample_size, verdicts
from lcnec_utils.run import records, runs, sweep
from lcnec_utils.stats.proportions import wilson
from lcnec_utils.twins import free, studies
from lcnec_utils.twins.people import REGIMENS

LIKE = {"cohort": "cohort_1", "cohort_2": "cohort_2"}  # the role that a free twin plays, and whose laws it is drawn by
SURVIVAL = {"hazard_ratio", "log_rank", "median"}
ENOUGH = 0.8
PROBE = 60  # patients of the draw that shows what free twins hold


@dataclasses.dataclass(frozen=True)
class Power:
    """What the draws of several sizes came to. table: patients, draws, answered, compatible, share with Wilson's limits
    (lower, upper), n and events of the comparison (medians over the draws). reached: the size at which the share
    reaches 80%, interpolated; None where none does."""

    claim: claims.Claim
    like: str
    table: pd.DataFrame
    reached: float | None
    closed_form: str

    def __str__(self) -> str:
        lines = [
            f"{self.claim.id}: {self.claim.statement}",
            f"SIMULATED patients, drawn freely from the laws of {self.like.replace('_', ' ')}.", "",
            f"{'patients':>8} {'draws':>6} {'answered':>9} {'compatible':>11}  {'share (95% CI)':<18} n, events of the "
            "comparison (medians)",
        ]  # fmt: skip
        for row in self.table.itertuples():
            interval = f"{row.share:.2f} ({row.lower:.2f} to {row.upper:.2f})"
            size = "" if pd.isna(row.n) else f"{row.n:.0f}" + ("" if pd.isna(row.events) else f", {row.events:.0f}")
            lines.append(
                f"{row.patients:>8} {row.draws:>6} {row.answered:>9} {row.compatible:>11}  {interval:<18} {size}"
            )
        sizes = self.table["patients"]
        if self.reached is None:
            said = f"not reached by {sizes.max()} patients"
        elif self.reached <= sizes.min():
            said = f"{sizes.min()} patients or fewer"
        else:
            said = f"about {self.reached:.0f} patients"
        lines += ["", f"80% of draws answer as printed from: {said}",
                  f"Closed form (80% power): {self.closed_form or 'the print gives no size to aim at'}"]  # fmt: skip
        return "\n".join(lines)


def read_sizes(text: str) -> list[int]:
    """Numbers of patients written with commas, in order. Raises UserError in one line.

    >>> read_sizes("200,50")
    [50, 200]
    """
    sizes = []
    for word in text.split(","):
        if not word.strip().isdigit() or not int(word):
            raise UserError(f"--patients {text}: '{word}' is no number of patients; write 50,100,200")
        sizes.append(int(word))
    return sorted(set(sizes))


def role_of(id: str) -> tuple[claims.Claim, str, str]:
    """A claim with its notebook and the role that a free twin plays for it. Raises UserError, in one line, for a claim
    that no free twin can answer."""
    known = claims.published()
    if id not in known:
        raise UserError(f"claim '{id}' is not in params/published{params.nearest(id, known)}")
    claim = known[id]
    panel = params.read_yaml(paths.PANELS)[claim.panel]
    if claim.scope == "own":
        raise UserError(f"{id}: a number of the source's own patients, which no other cohort can answer")
    if panel.get("planned"):
        raise UserError(f"{id}: {verdicts.PLANNED}")
    asked = panel.get("asks") or panel["roles"]
    role = next((role for role in asked if role in LIKE), None)
    if role is None or claim.source != "lcnec":
        raise UserError(
            f"{id}: needs {params.ROLE_WORDS[asked[0]]}, and a free twin is of LCNEC patients of the main study"
        )
    groups = {group.lower() for group in claim.groups}
    if claim.kind in ("effect", "direction") and claim.measure in SURVIVAL and not groups <= set(REGIMENS):
        raise UserError(
            f"{id}: in a free twin genotype and survival are independent, so that no size shows this effect"
        )
    return claim, panel["notebook"], role


def _refuse_what_is_lacking(claim: claims.Claim, like: str) -> None:
    needs = params.read_yaml(paths.PANELS)[claim.panel].get("needs", [])
    with tempfile.TemporaryDirectory() as folder:  # a small draw shows what free twins hold
        lacking = read.read_study(_drawn(Path(folder), PROBE, 1, like)).lacks(needs)
    if lacking:
        raise UserError(f"{claim.id}: needs {lacking[0]}, which a free twin does not have")


def _drawn(folder: Path, patients: int, seed: int, like: str) -> Path:
    """The study folder of a free draw, made where it is not there."""
    target = folder / "cohorts" / f"n{patients}_seed{seed}"
    if not target.exists():  # a study is moved in whole
        study = free.draw(seed, patients, like)
        command = f"lcnec twin --patients {patients} --seed {seed} --like {like}"
        studies.write(target, study, study.study["name"], command)
    return target


def _folder(id: str, like: str) -> Path:
    """Where the draws for a claim lie: another folder where the laws, or the code that draws, are others."""
    here = Path(free.__file__).parent
    made_by = provenance.of_object(
        [provenance.of_folder(here), provenance.of_file(paths.PUBLISHED / "lcnec.yaml"), like]
    )
    return paths.output_root() / "build" / "power" / f"{id}-{made_by[:8]}"


def study(id: str, sizes: list[int], draws: int = 10, seed: int = 1, cores: int | None = None, say=print) -> Power:
    """Free twins of each size through the claim's notebook: how often they answer it as printed.

    draws: cohorts of each size, of the seeds from `seed` on. Every notebook is executed as in a batch, and none again
    that is current. Raises UserError in one line for a claim that no free twin can answer, and where a notebook fails.
    """
    claim, notebook, role = role_of(id)
    like, folder = LIKE[role], _folder(id, LIKE[role])
    if draws < 1:
        raise UserError(f"--draws {draws}: give 1 or more")
    for size in sizes:
        free.check_request(size, seed + draws, like, {}, {})
    _refuse_what_is_lacking(claim, like)
    found = []
    for size in sizes:
        for number in range(seed, seed + draws):
            name = f"n{size}-seed{number}"
            values = {"run": name} | dict.fromkeys(params.ROLES, "")
            values[role] = str(_drawn(folder, size, number, like))
            found.append((size, sweep.Variation(name, "free", {}, values, [notebook])))
    say(f"{id}: {formats.count(len(found), 'free twin')} through notebook {notebook}")
    files = sweep.write_params([variation for _, variation in found], folder / "params")
    with sweep.output_in(folder):
        outcome = runs.batch(files, [notebook], cores, say, retries=sweep.RETRIES)
        if outcome.failed:
            raise UserError(f"{id}: {next(iter(outcome.failed))}: {next(iter(outcome.failed.values()))}; the same "
                            "command runs what is left")  # fmt: skip
        answers = [
            (size, records.read_record(variation.run, notebook)["findings"].get(id)) for size, variation in found
        ]
    return _summed(claim, like, answers)


def _summed(claim: claims.Claim, like: str, answers: list[tuple[int, dict | None]]) -> Power:
    """The shares by size. Raises UserError where no draw answers the claim."""
    reasons = collections.Counter(answer["reason"] if answer else "its panel is not drawn" for _, answer in answers
                                  if not answer or answer["verdict"] not in verdicts.ANSWERS)  # fmt: skip
    if sum(reasons.values()) == len(answers):
        raise UserError(f"{claim.id}: no free twin answers it: {reasons.most_common(1)[0][0]}")
    rows = []
    for size in dict.fromkeys(size for size, _ in answers):
        of_size = [answer for each, answer in answers if each == size]
        known = [answer for answer in of_size if answer and answer["verdict"] in verdicts.ANSWERS]
        holding = sum(robustness.answer(answer["verdict"]) == "holds" for answer in known)
        lower, upper = wilson(holding, len(of_size))
        medians = {
            name: float(np.median(numbers)) if (numbers := [
                finding[name] for answer in known for finding in answer["findings"] if name in finding]) else math.nan
            for name in ("n", "events")
        }  # fmt: skip
        rows.append({"patients": size, "draws": len(of_size), "answered": len(known), "compatible": holding,
                     "share": holding / len(of_size), "lower": lower, "upper": upper, **medians})  # fmt: skip
    table = pd.DataFrame(rows)
    return Power(claim, like, table, reaching(table), sample_size.needed(claim))


def reaching(table: pd.DataFrame, share: float = ENOUGH) -> float | None:
    """The number of patients at which the share reaches a level, and stays there, interpolated on the logarithm of the
    sizes; the least size where it is there from the first, None where the largest is below.

    >>> table = pd.DataFrame({"patients": [100, 400], "share": [0.6, 1.0]})
    >>> round(reaching(table))
    200
    """
    below = np.flatnonzero(table["share"].to_numpy() < share)
    if not len(below):
        return float(table["patients"].iloc[0])
    last = below[-1]
    if last == len(table) - 1:
        return None
    (size, low), (next_size, high) = (table[["patients", "share"]].iloc[place] for place in (last, last + 1))
    return math.exp(math.log(size) + (share - low) / (high - low) * (math.log(next_size) - math.log(size)))
