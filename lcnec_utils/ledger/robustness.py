"""Robust or fragile: whether a claim's answer hangs on an arbitrary choice, and how that is said in words.

An answer is whether a claim holds (`equal` or `compatible`), is contradicted, or is left inconclusive. A claim is
robust over a sweep where each variation that answers it gives the same answer, else fragile.
"""

import dataclasses

import pandas as pd

from lcnec_utils.core.findings import Finding
from lcnec_utils.ledger import verdicts
from lcnec_utils.ledger.claims import Claim

ROBUST, FRAGILE, NOT_SWEPT = "robust", "fragile", ""
SEED = "seed"
# how the fewest patients turn an answer, in words
EDITS = {"status": "another status", "removal": "their removal"}


def answer(verdict: str) -> str | None:
    """What a verdict comes to: `holds`, `contradicted`, `inconclusive`; None for one that is no answer.

    >>> answer("equal"), answer("compatible"), answer("not computable")
    ('holds', 'holds', None)
    """
    if verdict in ("equal", "compatible"):
        return "holds"
    return verdict if verdict in verdicts.ANSWERS else None


def answer_of(claim: Claim, findings: list[Finding]) -> str | None:
    """What findings answer on a claim, by the rules of verdicts; None where nothing."""
    return answer(verdicts.verdict(claim, findings)[0])


@dataclasses.dataclass(frozen=True)
class Turns:
    """A claim's answers over a sweep.

    word: robust or fragile, and `over` the same for each swept key, the others held still; variations: how many answer;
    shares: of each verdict among them; first: where the answer first turns, as `key = value; …`, empty if it never
    does; not_computable: variations that do not answer.
    """

    word: str
    over: dict[str, str]
    variations: int
    shares: dict[str, float]
    first: str
    not_computable: int


def _place(row, keys: list[str]) -> str:
    values = {key: getattr(row, key) for key in keys}
    return "; ".join(f"{key} = {f'{x:g}' if isinstance(x, float) else x}" for key, x in values.items())


def turns(rows: pd.DataFrame, keys: list[str]) -> Turns:
    """Whether one claim's answer turns over a sweep, in the order of its rows, a row per variation.

    rows: the swept keys and `verdict`. Variations that do not answer are counted apart. The answer turns first where it
    is another than in the row before, of the rows that differ in one key alone; where no two do, in any.

    >>> rows = pd.DataFrame({"cut": [5, 10, 15], "verdict": ["compatible", "equal", "inconclusive"]})
    >>> found = turns(rows, ["cut"])
    >>> found.word, found.first, shares_text(found.shares)
    ('fragile', 'cut = 15', 'equal 33%, compatible 33%, inconclusive 33%')
    """
    said = rows.assign(said=rows["verdict"].map(answer))
    known = said[said["said"].notna()].reset_index(drop=True)
    if known.empty:
        return Turns(NOT_SWEPT, dict.fromkeys(keys, NOT_SWEPT), 0, {}, "", len(rows))
    counts = known["verdict"].value_counts()
    shares = {word: counts[word] / len(known) for word in verdicts.ANSWERS if word in counts}
    over, first = {}, len(known)
    for key in keys:
        others = [name for name in keys if name != key]
        groups = [group for _, group in known.groupby(others, sort=False)] if others else [known]
        over[key] = FRAGILE if any(group["said"].nunique() > 1 for group in groups) else ROBUST
        for group in groups:
            moved = group.index[group["said"] != group["said"].shift(fill_value=group["said"].iloc[0])]
            first = min(first, *moved) if len(moved) else first
    if known["said"].nunique() > 1 and first == len(known):
        first = known.index[known["said"] != known["said"].iloc[0]][0]
    word = FRAGILE if known["said"].nunique() > 1 else ROBUST
    place = _place(next(known.loc[[first]].itertuples()), keys) if first < len(known) else ""
    return Turns(word, over, len(known), shares, place, len(rows) - len(known))


def sweep_words(word: str, shares: str, first: str) -> str:
    """A claim's answers over one sweep in words, as the ledger's column has them.

    >>> sweep_words("fragile", "compatible 90%, inconclusive 10%", "tmb_high_per_mb = 22")
    'fragile (compatible 90%, inconclusive 10%; turns at tmb_high_per_mb = 22)'
    """
    return f"{word} ({shares}{f'; turns at {first}' if first else ''})" if word == FRAGILE else word


def shares_text(shares: dict[str, float]) -> str:
    """Shares of verdicts in words.

    >>> shares_text({"compatible": 0.905, "inconclusive": 0.095})
    'compatible 90%, inconclusive 10%'
    """
    whole = {word: round(100 * share) for word, share in shares.items()}
    return ", ".join(f"{word} {percent}%" for word, percent in whole.items())


def fewest_words(fewest: dict | None) -> str:
    """The fewest patients who turn an answer, as a record holds them, in words; empty where it is not known.

    >>> fewest_words({"patients": 3, "by": "status", "into": "inconclusive", "exact": False, "looked": 40})
    '≤ 3 patients (another status): inconclusive'
    """
    if not fewest:
        return ""
    if fewest.get("patients") is None:
        return f"none found up to {fewest['looked']} patients"
    n = fewest["patients"]
    return (
        f"{'' if fewest['exact'] else '≤ '}{n} patient{'' if n == 1 else 's'} ({EDITS[fewest['by']]}): {fewest['into']}"
    )
