"""Notebook 10: the therapeutic model, arrows from tumours to the targets that this run's findings support.

An arrow rests on findings, named by the claims that they answer (therapeutic_model.yaml). It is drawn where the 95%
interval of the deciding finding lies wholly on the arrow's side of no effect and that of no other finding lies wholly
on the opposite side; its label is the value of the deciding finding.
"""

import functools
import math
from pathlib import Path

import pandas as pd

from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData

SUPPORTS, AGAINST, OPEN, ABSENT = "supports", "speaks against", "leaves open", "not computed"
MOST_DIGITS = 6
NUMBERS = ["value", "lower", "upper", "p"]


@functools.cache
def drawing() -> dict:
    """therapeutic_model.yaml: `targets` (target → the words under it) and `arrows` (source, target, unit, evidence)."""
    import yaml

    return yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))


def evidence(answers: dict[tuple[str, str], dict]) -> pd.DataFrame:
    """The findings that every arrow rests on: source, target, what, claim, body, value, lower, upper, p, n, says.

    answers: (claim, body) → answer with its `findings`, as the notebooks recorded them. One row per arrow, claim and
    body of evidence. says: SUPPORTS, AGAINST, OPEN, or ABSENT where no notebook computed it.
    """
    rows = []
    for arrow in drawing()["arrows"]:
        for claim, what in arrow["evidence"].items():
            for body in [body for id, body in answers if id == claim] or [""]:
                finding = (answers.get((claim, body), {}).get("findings") or [{}])[0]
                rows.append(
                    {"source": arrow["source"], "target": arrow["target"], "what": what, "claim": claim, "body": body}
                    | {name: finding.get(name, math.nan) for name in (*NUMBERS, "n")}
                    | {"says": _side(finding, higher=arrow.get("higher", True))}
                )
    return pd.DataFrame(rows)


def _side(finding: dict, *, higher: bool) -> str:
    """On which side of no effect the 95% interval of a finding lies; higher: the side that supports the arrow."""
    if finding.get("value") is None:
        return ABSENT
    null = 1.0 if finding.get("scale") == "ratio" else 0.0
    is_higher, is_lower = finding.get("lower", -math.inf) > null, finding.get("upper", math.inf) < null
    if not (is_higher or is_lower):
        return OPEN
    return SUPPORTS if is_higher == higher else AGAINST


def arrows(table: pd.DataFrame) -> pd.DataFrame:
    """One row per arrow of `evidence`: source, target, higher, value, lower, upper, p, n, body (of the deciding one),
    drawn, why (which finding decided), label.

    Raises MissingData where this run computed nothing that an arrow rests on.
    """
    if (table["says"] == ABSENT).all():
        raise MissingData(
            "no notebook of this run computed what an arrow of the model rests on: its records hold no finding on the "
            "claims of therapeutic_model.yaml; run the notebooks on expression and on microscope fields first"
        )
    rows = []
    for arrow in drawing()["arrows"]:
        findings = table[(table["source"] == arrow["source"]) & (table["target"] == arrow["target"])]
        first, against = findings.iloc[0], findings[findings["says"] == AGAINST]
        reason = first if first["says"] != SUPPORTS or against.empty else against.iloc[0]
        rows.append(
            {"source": arrow["source"], "target": arrow["target"], "higher": arrow.get("higher", True)}
            | {name: first[name] for name in (*NUMBERS, "n", "body")}
            | {"drawn": reason["says"] == SUPPORTS, "why": f"{reason['what']}: {reason['says']}"}
            | {"label": _label(first, arrow["unit"]) + (f", n = {first['n']:,.0f}" if first["n"] > 0 else "")}
        )
    return pd.DataFrame(rows)


def _label(first: pd.Series, unit: str) -> str:
    """The deciding number with its interval; with as many decimals as keep a limit from reading as no effect."""
    null, digits = (1.0 if unit == "fold" else 0.0), (0 if unit == "per mm²" else 1)
    limits = [limit for limit in first[["lower", "upper"]] if math.isfinite(limit) and limit != null]
    while digits < MOST_DIGITS and formats.number(null, digits) in {formats.number(limit, digits) for limit in limits}:
        digits += 1
    value, lower, upper = (formats.number(first[name], digits) for name in NUMBERS[:3])
    if unit == "fold":
        return f"×{value} ({lower}–{upper})"
    # limits may be negative: "to" keeps a dash from reading as a minus
    return f"{value} per mm² ({lower} to {upper})" if unit == "per mm²" else f"{unit} {value} ({lower} to {upper})"


def arrows_sentence(arrows: pd.DataFrame) -> str:
    """Which of `arrows` this run supports and which not, with the reason, in words."""
    drawn, left_out = arrows[arrows["drawn"]], arrows[~arrows["drawn"]]
    supported = "; ".join(
        f"{row.source} → {row.target} {row.label} ({row.why.partition(':')[0]})" for row in drawn.itertuples()
    )
    text = f"This run's data support {len(drawn)} of {formats.count(len(arrows), 'arrow')} of the model"
    text += f": {supported}." if supported else "."
    if drawn["label"].str.startswith("×").any():
        text += " × is a ratio of geometric means of expression + 1."
    reasons = "; ".join(f"{row.source} → {row.target} ({row.why})" for row in left_out.itertuples())
    return text + (f" Not drawn: {reasons}." if reasons else "")
