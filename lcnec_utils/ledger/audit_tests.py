"""Rules of the audit on ratios, tests and their p values, and on the words that stand beside them."""

import itertools
import math
from decimal import ROUND_DOWN

import numpy as np
from scipy import stats

from lcnec_utils.core import formats
from lcnec_utils.ledger.audit_attainable import near_tables
from lcnec_utils.ledger.claims import Claim
from lcnec_utils.ledger.printed import (
    SIGNIFICANT,
    TRUTH,
    Book,
    Found,
    agrees,
    decimal,
    decimals,
    is_ratio,
    mangled,
    p_text,
    rounded_to,
    rounding_limits,
)  # fmt: skip


def _log_limits(claim: Claim) -> list[tuple[float, float]]:
    """The corners of what a ratio's printed limits may have been before rounding, as logarithms."""
    pairs = itertools.product(*(rounding_limits(text) for text in claim.interval))
    return [(math.log(low), math.log(high)) for low, high in pairs if low > 0]


def ratio_interval(book: Book) -> Found:
    """A printed ratio is the geometric mean of its limits, as it is in Wald intervals on the log scale."""
    for claim in book.claims:
        if not (is_ratio(claim) and claim.value):
            continue
        centres = [math.exp((low + high) / 2) for low, high in _log_limits(claim)]
        printed, digits = rounding_limits(claim.value), decimals(claim.value) + 1
        if printed[1] < min(centres) or printed[0] > max(centres):
            low, high = (formats.number(edge, digits) for edge in (min(centres), max(centres)))
            limits = [float(text) for text in claim.interval]
            middle = formats.number(math.sqrt(limits[0] * limits[1]), decimals(claim.value))
            said = f"√({claim.interval[0]} × {claim.interval[1]}) = {low}–{high} before rounding, printed {claim.value}"
            yield "inconsistent", [claim], said, f"{middle} would be the centre, or limits not of Wald's kind"


def ratio_p(book: Book) -> Found:
    """A ratio's p is the one its limits give on the log scale."""
    for claim in book.claims:
        if not (is_ratio(claim) and claim.p):
            continue
        z = stats.norm.ppf(0.5 + (claim.level or 0.95) / 2)
        values = [2 * stats.norm.sf(abs(low + high) / (high - low) * z) for low, high in _log_limits(claim)]
        values += [1.0] if len({low + high > 0 for low, high in _log_limits(claim)}) == 2 else []
        printed = rounding_limits(claim.p)
        if printed[1] < min(values) or printed[0] > max(values):
            limits = "–".join(claim.interval)
            said = f"limits {limits} give p {p_text(min(values))} to {p_text(max(values))}, printed {claim.p}"
            yield "inconsistent", [claim], said, ""


def _rank_sum(groups: list[list[int]]) -> float:
    """p of Wilcoxon's rank-sum test on the 0s and 1s behind two shares."""
    values = [np.repeat([1, 0], [k, n - k]) for k, n in groups]
    return stats.mannwhitneyu(*values, method="asymptotic", use_continuity=False).pvalue


def _tests(groups: list[list[int]], binomial: bool) -> dict[str, float]:
    """p of the tests that counts allow, by name."""
    if binomial:
        return {"binomial": float(stats.binomtest(*groups[0], 0.5).pvalue)}
    grid = [[k, n - k] for k, n in groups]
    if len(groups) == 1 or 0 in np.sum(grid, axis=0):
        return {}
    found = {"chi-squared": stats.chi2_contingency(grid, correction=False).pvalue}
    if len(groups) == 2:
        found["chi-squared with Yates' correction"] = stats.chi2_contingency(grid, correction=True).pvalue
        found["Fisher"] = stats.fisher_exact(grid).pvalue
        found["Wilcoxon on 0 and 1"] = _rank_sum(groups)
    return {name: float(p) for name, p in found.items()}


NAMED = {"chi_squared": "chi-squared", "fisher": "Fisher", "binomial": "binomial", "wilcoxon": "Wilcoxon on 0 and 1"}


def p_from_counts(book: Book) -> Found:
    """A p is the one its counts give in the test named."""
    for claim in book.claims:
        if not (claim.p and claim.counts):
            continue
        found = _tests([[int(k), int(n)] for k, n in claim.counts], claim.test == "binomial")
        fitting = [name for name, p in found.items() if agrees(p, claim.p)]
        asked = NAMED.get(claim.test or "", "")
        if not found or (fitting and (not asked or any(name.startswith(asked) for name in fitting))):
            continue
        counts = " against ".join(f"{k}/{n}" for k, n in claim.counts)
        listed = ", ".join(f"{name} {formats.number(p, 4)}" for name, p in found.items())
        cut = [n for n, p in found.items() if rounded_to(p, decimals(claim.p), ROUND_DOWN) == decimal(claim.p)]
        way = f"{fitting[0]}, not {asked}" if fitting else ""
        if cut and not fitting and claim.p[0].isdigit():
            way = f"{' or '.join(cut)}, the digits cut off and not rounded"
        near = "" if fitting else near_tables(book, claim)
        yield "inconsistent", [claim], f"{counts}: {listed}; printed {claim.p}", "; ".join(filter(None, [way, near]))


def rank_test_of_shares(book: Book) -> Found:
    """A rank test is not named for shares."""
    for claim in book.claims:
        if claim.measure != "percent" or claim.test != "wilcoxon" or not claim.p:
            continue
        said = f"Wilcoxon's rank-sum test is named for shares, p {claim.p}"
        if claim.counts and len(claim.counts) == 2:
            p = _rank_sum([[int(k), int(n)] for k, n in claim.counts])
            met = "" if agrees(p, claim.p) else ": the test named cannot have made this p"
            said += f"; on 0 and 1 it gives {p_text(p)}{met}"
        yield "inconsistent", [claim], said, "a test of shares (chi-squared, Fisher) run and another named"


# --- words -----------------------------------------------------------------------------------------------------


def words_and_p(book: Book) -> Found:
    """A difference in words has p < 0.05, and no difference has not; a trend is called neither."""
    for claim in book.claims:
        if claim.kind not in TRUTH or not claim.p or mangled(claim.p) or "trend" in claim.flags:
            continue
        p, (low, high) = float(decimal(claim.p)), rounding_limits(claim.p)
        if claim.kind != "null_effect" and p >= SIGNIFICANT and claim.p[0] not in "<≤":
            said = f"{TRUTH[claim.kind]} is stated at p = {claim.p}, where the rule asks p < {SIGNIFICANT}"
            near = f"a p of {low:g} to just under {SIGNIFICANT} before rounding" if low < SIGNIFICANT else ""
            yield "inconsistent", [claim], said, near
        if claim.kind == "null_effect" and high <= SIGNIFICANT:
            yield "inconsistent", [claim], f"no difference is stated at p {claim.p}, below {SIGNIFICANT}", ""


def words_and_interval(book: Book) -> Found:
    """The interval of a ratio leaves out 1 where the words or the p say so, and holds it where they do not."""
    for claim in book.claims:
        if not is_ratio(claim) or 1 in map(float, claim.interval):
            continue  # a limit of 1.00 is decided by digits not printed, and so is a p of 0.05
        low, high = map(float, claim.interval)
        held = f"{'–'.join(claim.interval)} {'leaves out' if low > 1 or high < 1 else 'holds'} 1"
        if claim.kind in TRUTH and ("leaves" in held) == (claim.kind == "null_effect"):
            yield "inconsistent", [claim], f"{TRUTH[claim.kind]} is stated, and {held}", ""
        least, most = rounding_limits(claim.p) if claim.p else (0, 1)
        if (most <= SIGNIFICANT and "holds" in held) or (least >= SIGNIFICANT and "leaves" in held):
            yield "inconsistent", [claim], f"{held}, and p is printed {claim.p}", ""
