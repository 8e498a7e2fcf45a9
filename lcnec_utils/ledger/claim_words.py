"""A claim and its answer as short text: what the source prints, and what a cohort gives."""

import pandas as pd

from lcnec_utils.core import formats
from lcnec_utils.ledger.claims import Claim

DIRECTIONS = {"greater": "greater", "less": "less", "none": "no difference"}
DECIMALS = {"auc": 3}  # of a finding by its claim's measure, where two would hide it: an AUC of 0.998 is not 1.00


def printed_text(claim: Claim) -> str:
    """What the source prints of a claim, as short text.

    >>> printed_text(Claim(id="a.b", panel="p", statement="Survival differs.", kind="effect", measure="hazard_ratio",
    ...                    scope="general", value="1.43", interval=["1.04", "1.99"], p="0.03", direction="greater"))
    '1.43 (1.04–1.99) p = 0.03'
    """
    parts = [f"{claim.value} {claim.unit}".strip() if claim.value else ""]
    if claim.k and claim.value:
        parts.append(f"k = {claim.k}")
    if claim.interval:
        parts.append(f"({'–'.join(claim.interval)})")
    if claim.range:
        parts.append(f"range {'–'.join(claim.range)}")
    if claim.p:
        parts.append(f"p {claim.p}" if claim.p[0] in "<>=≤" else f"p = {claim.p}")
    if not any(parts):
        parts = [DIRECTIONS.get(claim.direction or "", "in words")]
    return " ".join(part for part in parts if part)


UNITS = {"percent": "%", "tpm": "TPM", "per_mb": "per Mb", "h_score": "H-score", "probability": "", "ratio": ""}


def scale_text(claim: Claim, scale: str) -> str:
    """What a finding on a claim is measured in: its unit, or which way a ratio or a difference runs.

    scale: a Finding's. A claim's direction is that of its first group against its second, and so is what answers it,
    whichever way a figure draws the same effect.

    >>> worse = Claim(id="a.b", panel="p", statement="PFS is worse.", kind="direction", measure="direction",
    ...               scope="general", groups=["stk11_mutant", "stk11_wild_type"], direction="less")
    >>> scale_text(worse, "ratio")
    'ratio, stk11 mutant to stk11 wild type; below 1 is less'
    """
    unit = UNITS.get(claim.unit, claim.unit)
    if claim.kind == "number" or scale not in ("ratio", "difference"):
        return unit if claim.kind == "number" else ""
    what, none, between = ("difference", 0, "minus") if scale == "difference" else ("ratio", 1, "to")
    unit = {"density": "cells per mm²", "percent": "percentage points"}.get(claim.measure, unit)
    if scale == "difference" and unit:
        what = f"{what} in {unit}"
    if claim.measure == "hazard_ratio" and scale == "ratio":
        what = "hazard ratio"
    if claim.kind == "null_effect":  # which of two groups is the first is of no matter here
        return f"{what}; {none} is no difference"
    groups = f" {between} ".join(claim.groups).replace("_", " ")
    pair = f", {groups}" if len(claim.groups) == 2 else ""
    side = "above 1 is shorter times" if what == "hazard ratio" else f"below {none} is less"
    return f"{what}{pair}; {side}"


def finding_text(claim: Claim, row) -> str:
    """What a cohort gives on a claim, as short text; a count has no decimals.

    row: whatever holds value, lower and upper (a Finding, a row of the ledger); a missing limit is no limit.
    """
    if pd.isna(row.value):
        return ""
    digits = DECIMALS.get(claim.measure, 2)
    limits = [row.lower, row.upper] if pd.notna(row.lower) and pd.notna(row.upper) else []
    if not limits and float(row.value).is_integer():
        digits = 0
    text = formats.number(row.value, digits)
    if not limits:
        return text
    # a dash beside a minus would be read as another minus
    between = " to " if min(limits) < 0 else "–"
    return f"{text} ({between.join(formats.number(limit, digits) for limit in limits)})"
