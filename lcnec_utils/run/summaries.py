"""Summaries of one claim's independent real cohorts by random effects, and what such a summary answers."""

import math
from collections.abc import Callable

import pandas as pd

from lcnec_utils.core import formats
from lcnec_utils.core.findings import Finding
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.stats.meta_analysis import RandomEffects, random_effects

LEAST = 3  # independent cohorts from which a summary is made


def is_ratio(claim: claims.Claim, rows: pd.DataFrame) -> bool:
    """Whether a claim's estimates are ratios, or medians that are compared as such."""
    if claim.kind == "number":
        return claim.measure in verdicts.LOGARITHMIC
    return (rows["scale"] == "ratio").any()


def scale_of(claim: claims.Claim, rows: pd.DataFrame) -> tuple[Callable, Callable, float, float]:
    """The scale on which a claim's estimates are summarised: onto it, back from it, and what they lie between."""
    if is_ratio(claim, rows):
        return math.log, math.exp, 0.0, math.inf
    if claim.kind == "number" and claim.measure == "percent":
        return (lambda percent: math.log(percent / (100 - percent))), _percent, 0.0, 100.0
    return float, float, -math.inf, math.inf


def _percent(logit: float) -> float:
    return 100 / (1 + math.exp(-logit))


def summarised(claim: claims.Claim, rows: pd.DataFrame, counts: pd.Series) -> RandomEffects | None:
    """The random-effects summary of a claim's bodies that count, on the log scale of ratios and the logit scale of
    shares (on which Wilson's limits are symmetric); None for fewer than three with an interval on one scale, and where
    a ratio or share has none on that scale (a share of 0)."""
    used = rows[counts.reindex(rows.index) & rows["lower"].notna() & rows["upper"].notna()]
    if len(used) < LEAST or used["scale"].nunique() > 1:
        return None
    to, _, low, high = scale_of(claim, rows)
    if (used[["value", "lower", "upper"]].le(low) | used[["value", "lower", "upper"]].ge(high)).any(axis=None):
        return None
    estimates = used[["value", "lower", "upper"]].map(to)
    errors = (estimates["upper"] - estimates["lower"]) / (2 * verdicts.Z95)
    studies = pd.DataFrame({"study": used["body"], "estimate": estimates["value"], "standard_error": errors})
    return random_effects(studies) if (studies["standard_error"] > 0).all() else None


def finding(claim: claims.Claim, rows: pd.DataFrame, summary: RandomEffects) -> Finding:
    """A summary as a finding on the claim's own scale, for the rules of a verdict."""
    on = scale_of(claim, rows)[1]
    return Finding(
        on(summary.estimate), on(summary.lower), on(summary.upper), scale=rows["scale"].dropna().iloc[0] or ""
    )


def word(claim: claims.Claim, rows: pd.DataFrame, counts: pd.Series) -> str:
    """The verdict of the summary of a claim's bodies that count, which decides the claim's status; empty where there is
    no summary."""
    summary = summarised(claim, rows, counts)
    return "" if summary is None else verdicts.verdict(claim, [finding(claim, rows, summary)])[0]


def in_words(claim: claims.Claim, rows: pd.DataFrame, counts: pd.Series) -> str:
    """What the cohorts that count answer together: the verdict of their summary, its value, k and I²; empty where there
    is none."""
    summary = summarised(claim, rows, counts)
    if summary is None:
        return ""
    of_all = finding(claim, rows, summary)
    value, lower, upper = (formats.number(number, 2) for number in (of_all.value, of_all.lower, of_all.upper))
    return (
        f"{word(claim, rows, counts)}: {value} ({lower} to {upper}), k = {summary.k}, I² {100 * summary.i_squared:.0f}%"
    )
