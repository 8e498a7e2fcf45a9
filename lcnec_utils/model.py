"""The therapeutic model: which targets which tumours show, by what this run's other notebooks found.

An arrow stands for findings, by the claims they answer (model.yaml). It is drawn where the deciding finding's 95%
interval lies wholly on the arrow's side of no effect and none of the others' wholly on the far side; its label is the
deciding finding's own number.
"""

import functools
import math
from pathlib import Path

import pandas as pd

from lcnec_utils import formats
from lcnec_utils.errors import MissingData

SUPPORTS, AGAINST, OPEN, ABSENT = "supports", "speaks against", "leaves open", "not computed"
MOST_DIGITS = 6
NUMBERS = ["value", "lower", "upper", "p"]


@functools.cache
def drawing() -> dict:
    """The model of model.yaml: `targets` (target → what stands under it), `arrows` (source, target, unit, evidence)."""
    import yaml

    return yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))


def evidence(answers: dict[tuple[str, str], dict]) -> pd.DataFrame:
    """What this run says of every arrow: source, target, what, claim, body, value, lower, upper, p, n, says.

    answers: (claim, body) → answer with its `findings`, as the notebooks recorded them. says: SUPPORTS, AGAINST, OPEN,
    or ABSENT where no notebook computed it.
    """
    rows = []
    for arrow in drawing()["arrows"]:
        for claim, what in arrow["evidence"].items():
            for body in [body for id, body in answers if id == claim] or [""]:
                found = (answers.get((claim, body), {}).get("findings") or [{}])[0]
                rows.append(
                    {"source": arrow["source"], "target": arrow["target"], "what": what, "claim": claim, "body": body}
                    | {name: found.get(name, math.nan) for name in (*NUMBERS, "n")}
                    | {"says": _says(found, arrow.get("higher", True))}
                )
    return pd.DataFrame(rows)


def _says(found: dict, higher: bool) -> str:
    if found.get("value") is None:
        return ABSENT
    null = 1.0 if found.get("scale") == "ratio" else 0.0
    above, below = found.get("lower", -math.inf) > null, found.get("upper", math.inf) < null
    if not (above or below):
        return OPEN
    return SUPPORTS if above == higher else AGAINST


def arrows(table: pd.DataFrame) -> pd.DataFrame:
    """One row per arrow of `evidence`: source, target, higher, value, lower, upper, p, n, body, drawn, why, label.

    Raises MissingData where this run computed nothing that an arrow rests on.
    """
    if (table["says"] == ABSENT).all():
        raise MissingData(
            "no notebook of this run computed what an arrow of the model rests on: its records hold no finding on the "
            "claims of model.yaml"
        )
    rows = []
    for arrow in drawing()["arrows"]:
        mine = table[(table["source"] == arrow["source"]) & (table["target"] == arrow["target"])]
        first, against = mine.iloc[0], mine[mine["says"] == AGAINST]
        said = first if first["says"] != SUPPORTS or against.empty else against.iloc[0]
        rows.append(
            {"source": arrow["source"], "target": arrow["target"], "higher": arrow.get("higher", True)}
            | {name: first[name] for name in (*NUMBERS, "n", "body")}
            | {"drawn": said["says"] == SUPPORTS, "why": f"{said['what']}: {said['says']}"}
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


def sentence(found: pd.DataFrame) -> str:
    """Which arrows this run supports and which not, with the reason, in words."""
    kept, left = found[found["drawn"]], found[~found["drawn"]]
    said = "; ".join(
        f"{row.source} → {row.target} {row.label} ({row.why.partition(':')[0]})" for row in kept.itertuples()
    )
    head = f"{len(kept)} of {formats.count(len(found), 'arrow')} of the model rest on this run's data"
    lacking = "; ".join(f"{row.source} → {row.target} ({row.why})" for row in left.itertuples())
    means = " × is a ratio of geometric means of expression + 1." if kept["label"].str.startswith("×").any() else ""
    return f"{head}{': ' if said else ''}{said}.{means}{f' Not drawn: {lacking}.' if lacking else ''}"
