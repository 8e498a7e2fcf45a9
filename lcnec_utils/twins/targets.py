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
COLUMNS = ["claim", "origin", "knob", "printed", "instead", "note"]
CALIBRATED, PLANTED, ASSUMED, NOT_FOLLOWED = "calibrated", "planted", "assumed", "not followed"


@cache
def laws() -> dict:
    """The laws of the twins (laws/*.yaml): what nobody printed (`assumed`), effects put in (`planted`), and which
    of two contradicting prints is followed (`follows`)."""
    merged = {"assumed": {}, "planted": {}, "follows": []}
    for path in sorted(Path(__file__).with_name("laws").glob("*.yaml")):
        part = params.read_yaml(path)
        merged["assumed"] |= part.get("assumed") or {}
        merged["planted"] |= part.get("planted") or {}
        merged["follows"] += part.get("follows") or []
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


class Targets:
    """What one twin takes from the claims of a source, and what it assumes or plants."""

    def __init__(self, source: str = "lcnec"):
        self.source = source
        self._rows: dict[tuple[str, str], dict] = {}
        self._twin = ""

    def _claim(self, id: str) -> claims.Claim:
        known = claims.published()
        full = f"{self.source}.{id}"
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
        """Records the laws' `follows` of this twin. Last of all: a note goes to the row that is there."""
        for choice in laws()["follows"]:
            if self._twin not in choice["twins"]:
                continue
            for id in choice.get("reconciled", []):
                claim = self._claim(id)
                self._record(claim, CALIBRATED, "holds beside the print it seems to contradict")
                self._rows[claim.id, CALIBRATED]["note"] = choice["why"]
            for id in choice.get("against", []):
                instead = ", ".join(f"{self.source}.{followed}" for followed in choice["claims"])
                self._record(self._claim(id), NOT_FOLLOWED, "contradicts what is followed", "", instead, choice["why"])

    def table(self) -> pd.DataFrame:
        """targets.csv: one row per claim or law. Claims that restate a followed one share its origin.

        Columns: claim (empty where nobody printed it), origin (calibrated, planted, assumed, not followed), knob (what
        it sets), printed, instead (what is followed in its place), note.
        """
        known = claims.published()
        self._choices()
        rows = list(self._rows.values())
        listed = {row["claim"] for row in rows}
        followed: dict[str, list[dict]] = {}
        for row in rows:
            if row["claim"] and row["origin"] != NOT_FOLLOWED and known[row["claim"]].quantity:
                followed.setdefault(known[row["claim"]].quantity, []).append(row)
        for id, claim in known.items():
            if claim.quantity not in followed or id in listed or not id.startswith(f"{self.source}."):
                continue
            of_it = followed[claim.quantity]
            same = next((row for row in of_it if _same_number(claim, known[row["claim"]])), None)
            if same:
                rows.append(same | {"claim": id, "note": f"restates {same['claim']}"})
            else:
                row = {"claim": id, "origin": NOT_FOLLOWED, "knob": "contradicts what is followed", "printed": ""}
                why = f"prints {claim.value or claim.k} where {of_it[0]['claim']} prints {of_it[0]['printed']}"
                rows.append(row | {"instead": of_it[0]["claim"], "note": why})
        return pd.DataFrame(rows, columns=COLUMNS).sort_values(["origin", "claim", "knob"], ignore_index=True)
