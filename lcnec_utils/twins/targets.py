"""What a twin is tuned to: printed numbers by claim id, planted effects, and what is assumed; all of it written down.

A builder takes every number it uses from here, and taking it records it. So `targets.csv`, which lies in each twin's
folder and tells the ledger what is no finding, lists what was used and nothing else.
"""

import math
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from lcnec_utils.core import params
from lcnec_utils.core.errors import UserError
from lcnec_utils.ledger import claims

FILE = "targets.csv"
COLUMNS = ["claim", "origin", "answer", "knob", "printed", "instead", "note"]
CALIBRATED, PLANTED, ASSUMED, NOT_FOLLOWED = "calibrated", "planted", "assumed", "not followed"
PARAMETER, CONSTRUCTION, EMERGENT = "parameter", "by construction", "emergent"
# What an answer on a twin may rest on
ORIGINS = (CALIBRATED, PLANTED, PARAMETER, CONSTRUCTION, ASSUMED, EMERGENT)


@cache
def laws() -> dict:
    """The laws of the twins (laws/*.yaml): what nobody printed (`assumed`), effects put in (`planted`), which of two
    contradicting prints is followed (`follows`), and what answers rest on that no builder took (`answers`)."""
    merged = {"assumed": {}, "planted": {}, "follows": [], "answers": []}
    for path in sorted(Path(__file__).with_name("laws").glob("*.yaml")):
        part = params.read_yaml(path)
        merged["assumed"] |= part.get("assumed") or {}
        merged["planted"] |= part.get("planted") or {}
        for name in ("follows", "answers"):
            merged[name] += part.get(name) or []
    return merged


def stream(seed: int, *names: str) -> np.random.Generator:
    """An independent random stream for each seed and name: what one part draws does not move another's patients."""
    return np.random.default_rng([seed, *(byte for name in names for byte in name.encode())])


def _number(text: str) -> float:
    return math.inf if text == "NR" else float(text)


def _same_number(claim: claims.Claim, other: claims.Claim) -> bool:
    """Whether two prints of one quantity give one number, rounded to the coarser; a print without number agrees."""
    mine, theirs = ([text for text in (one.value, one.k) if text] for one in (claim, other))

    def agree(a: str, b: str) -> bool:
        places = sorted(len(text.partition(".")[2]) for text in (a, b))
        try:
            return a == b or (places[0] < places[1] and abs(float(a) - float(b)) <= 0.5 * 10.0 ** -places[0])
        except ValueError:
            return False

    return not mine or not theirs or any(agree(a, b) for a in mine for b in theirs)


def _figures(claim: claims.Claim) -> set[str]:
    return {text for text in (claim.value, claim.k, claims.word_number(claim)) if text}


def _answer_of(row: dict, origins: dict[str, str]) -> str:
    """The origin of an answer to a row's claim.

    A cut-off is answered by a parameter of the run, whatever is drawn to it. A print that is not followed is answered
    by the prints followed instead; where an effect of a size nobody printed is one of them, the answer is planted.
    """
    if row["claim"] and claims.published()[row["claim"]].measure == "threshold":
        return PARAMETER
    if row["origin"] != NOT_FOLLOWED:
        return row["origin"]
    return PLANTED if PLANTED in map(origins.get, row["instead"].split(", ")) else CALIBRATED


class Targets:
    """What one twin takes from the claims of a source, and what it assumes or plants."""

    def __init__(self, source: str = "lcnec"):
        self.source = source
        self.prefix = claims.sources()[source].claims[0].id.partition(".")[0]  # of the claims' ids
        self._rows: dict[tuple[str, str], dict] = {}
        self._twin = ""
        self._explained: set[str] = set()  # claims whose origin the laws' `answers` give

    def _claim(self, id: str) -> claims.Claim:
        known = claims.published()
        full = f"{self.prefix}.{id}"
        if full not in known:
            raise UserError(f"twin target '{full}' is not in params/published{params.nearest(full, known)}")
        return known[full]

    def _record(self, claim, origin: str, knob: str, printed="", instead: str = "", note: str = "") -> None:
        key = (claim.id if claim else "", knob if claim is None else origin)
        row = {"claim": claim.id if claim else "", "origin": origin, "knob": knob, "printed": printed}
        self._rows.setdefault(key, row | {"instead": instead, "note": note})

    def take(self, id: str, knob: str) -> claims.Claim:
        """A printed claim, recorded as one this twin is calibrated to; knob: what it sets, in words."""
        claim = self._claim(id)
        interval = f" ({'–'.join(claim.interval)})" if claim.interval else ""
        of = f" ({claim.k})" if claim.k and claim.value else claim.k or ""
        p = f"p {claim.p}" if claim.p else ""
        self._record(claim, CALIBRATED, knob, " ".join(f"{claim.value or ''}{of}{interval} {p}".split()))
        return claim

    def number(self, id: str, knob: str) -> float:
        """A printed value."""
        return _number(self.take(id, knob).value)

    def count(self, id: str, knob: str) -> int:
        """A printed count: k of a share, else the count that is the nearest to the printed share, else the value."""
        claim = self.take(id, knob)
        return int(claim.k if claim.k else claim.counts[0][0] if claim.counts else claim.value)

    def word(self, id: str, knob: str) -> int:
        """A count that the source prints as a word (flag word_number)."""
        flags = self.take(id, knob).flags
        return int(next(flag for flag in flags if flag.startswith("word_number:")).partition(":")[2])

    def median(self, id: str, knob: str) -> tuple[float, float, float]:
        """A printed median with its limits, months; infinite where the source prints NR."""
        claim = self.take(id, knob)
        return tuple(_number(text) for text in (claim.value, *claim.interval))

    def p(self, id: str, knob: str) -> float:
        """A printed p value; of `<0.001` the bound."""
        return float(self.take(id, knob).p.lstrip("<≤="))

    def plant(self, id: str, knob: str, value="") -> None:
        """Record an effect that is put in because the source reports it, of a size nobody printed."""
        self._record(self._claim(id), PLANTED, knob, note=str(value))

    def assume(self, *path: str):
        """A value of the laws' `assumed`, recorded; path: its keys."""
        value = laws()["assumed"]
        for key in path:
            value = value[key]
        self._record(None, ASSUMED, ".".join(path), note=str(value))
        return value

    def planted(self, *path: str):
        """A size of the laws' `planted`, recorded; path: its keys."""
        value = laws()["planted"]
        for key in path:
            value = value[key]
        self._record(None, PLANTED, ".".join(path), note=str(value))
        return value

    def decline(self, twin: str) -> None:
        """Have the table say which prints this twin does not follow, and why (the laws' `follows`)."""
        self._twin = twin

    def _choices(self) -> None:
        """Records the laws' `follows` and `answers` of this twin. Last of all: a note goes to the row that is there."""
        for choice in laws()["follows"]:
            if self._twin not in choice["twins"]:
                continue
            for id in choice.get("reconciled", []):
                claim = self._claim(id)
                self._record(claim, CALIBRATED, "holds beside the print it seems to contradict")
                self._rows[claim.id, CALIBRATED]["note"] = choice["why"]
            for id in choice.get("against", []):
                instead = ", ".join(f"{self.prefix}.{followed}" for followed in choice["claims"])
                self._record(self._claim(id), NOT_FOLLOWED, "contradicts what is followed", "", instead, choice["why"])
        listed = {id for id, _ in self._rows} - self._explained
        for answer in laws()["answers"]:
            if self._twin not in answer["twins"]:
                continue
            for claim in map(self._claim, answer["claims"]):
                if claim.id in listed:
                    why = f"{claim.id} has an origin in {self._twin} already; leave it out of answers"
                    raise UserError(f"twins/laws, answers: {why}")
                rests = ", ".join(self._claim(id).id for id in answer.get("of", []))
                knob = f"follows from {rests}" if rests else answer["origin"]
                self._record(claim, answer["origin"], knob, note=answer["why"])
                self._explained.add(claim.id)

    def _restating(self, rows: list[dict]) -> list[dict]:
        """Rows of claims that share a quantity with a listed one: as it, or not followed where the numbers differ."""
        known = claims.published()
        listed = {row["claim"] for row in rows}
        followed: dict[str, list[dict]] = {}
        declined: dict[str, list[dict]] = {}
        for row in rows:
            if row["claim"] and known[row["claim"]].quantity:
                of = declined if row["origin"] == NOT_FOLLOWED else followed
                of.setdefault(known[row["claim"]].quantity, []).append(row)
        more = []
        for id, claim in known.items():
            if id in listed or not id.startswith(f"{self.prefix}."):
                continue
            of_it = followed.get(claim.quantity, [])
            near = [*of_it, *declined.get(claim.quantity, [])]
            same = next((row for row in near if _same_number(claim, known[row["claim"]])), None)
            if same:
                more.append(same | {"claim": id, "note": f"restates {same['claim']}"})
            elif of_it:
                row = {"claim": id, "origin": NOT_FOLLOWED, "knob": "contradicts what is followed", "printed": ""}
                why = f"prints {claim.value or claim.k} where {of_it[0]['claim']} prints {of_it[0]['printed']}"
                more.append(row | {"instead": of_it[0]["claim"], "note": why})
        return more

    def _following(self, rows: list[dict]) -> list[dict]:
        """Rows of unlisted claims that follow from calibrated ones: sums, what a relation derives, and denominators.

        A relation gives the claim that it derives, or the one member of a sum that is not listed, where a twin is tuned
        to all the others; a share taken as k of n gives the claim that holds its n.
        """
        known, listed = claims.published(), {row["claim"] for row in rows}
        # what the laws explain may rest on another twin, so that nothing of this one follows from it
        tuned = {row["claim"] for row in rows if row["origin"] == CALIBRATED} - self._explained
        more: dict[str, list[str]] = {}
        for relation in claims.sources()[self.source].relations:
            members = list(dict.fromkeys(relation.members()))
            new = [id for id in members if id not in tuned]
            derives = relation.type == "sum" or (relation.type == "derived" and new == [relation.equals])
            if derives and len(new) == 1 and len(members) > 1:
                more.setdefault(new[0], [id for id in members if id in tuned])
        for id in sorted(tuned):
            share, whole = known[id], known.get(known[id].of or "")
            if whole is not None and share.k and set(share.n) & _figures(whole):
                more.setdefault(whole.id, [id])
        return [
            {"claim": id, "origin": CALIBRATED, "knob": f"follows from {', '.join(of)}", "printed": "", "instead": "",
             "note": ""}
            for id, of in more.items() if id not in listed
        ]  # fmt: skip

    def table(self) -> pd.DataFrame:
        """targets.csv: one row per claim or law. Claims that restate a followed one share its origin.

        Columns: claim (empty where nobody printed it), origin (ORIGINS, or not followed), answer (the origin of an
        answer to the claim, which for a print that is not followed is that of the prints followed instead), knob (what
        it sets, or from what it follows), printed, instead (what is followed in its place), note (why).
        """
        self._choices()
        rows = list(self._rows.values())
        while more := self._restating(rows) or self._following(rows):
            rows += more
        origins = {row["claim"]: row["origin"] for row in rows}
        rows = [row | {"answer": _answer_of(row, origins)} for row in rows]
        return pd.DataFrame(rows, columns=COLUMNS).sort_values(["origin", "claim", "knob"], ignore_index=True)
