"""How many patients or events a cohort needs to answer a printed claim with 80% power."""

import math

from scipy import stats

from lcnec_utils.core.findings import Z90, Z95
from lcnec_utils.ledger.claims import RATIOS, Claim, as_number, printed_value, sizes
from lcnec_utils.ledger.verdicts import MARGINS, RATIO_MARGIN, Z80

OF_HAZARDS = {"hazard_ratio", "log_rank"}
Z_ALIKE = Z90 + float(stats.norm.ppf(0.9))  # two one-sided tests at 5%, both with 90% power


def events_for_ratio(ratio: float, *, share: float = 0.5, alike: bool = False) -> int:
    """Events that show a hazard ratio at two-sided 5% with 80% power, or that confirm "no difference" within it.

    share: of patients in the first group. Raises ValueError for a ratio of 1 or not above 0. Source: D. A. Schoenfeld,
    Biometrics 1983;39:499.

    >>> events_for_ratio(2.0)
    66
    """
    if ratio <= 0 or ratio == 1:
        raise ValueError(f"a ratio of {ratio} cannot be told from none")
    z = Z_ALIKE if alike else Z95 + Z80
    return math.ceil(z**2 / (share * (1 - share) * math.log(ratio) ** 2) - 1e-9)


def patients_for_shares(one: float, other: float) -> int:
    """Patients in each of two groups that show these shares (fractions) to differ at two-sided 5% with 80% power.

    Raises ValueError for equal shares. Source: J. L. Fleiss, Statistical Methods for Rates and Proportions, without
    continuity correction.

    >>> patients_for_shares(0.366, 0.238)
    201
    """
    if one == other:
        raise ValueError("equal shares cannot be told apart")
    mean = (one + other) / 2
    spread = Z95 * math.sqrt(2 * mean * (1 - mean)) + Z80 * math.sqrt(one * (1 - one) + other * (1 - other))
    return math.ceil(spread**2 / (one - other) ** 2)


def patients_for_share(share: float, margin: float) -> int:
    """Patients who confirm a share (fraction) within a margin (fraction), 90% limits, with 80% power.

    Raises ValueError for a margin that is not above 0.

    >>> patients_for_share(0.3, 0.15)
    80
    """
    if margin <= 0:
        raise ValueError(f"a margin of {margin} holds no share")
    return math.ceil(share * (1 - share) * (Z_ALIKE / margin) ** 2)


def needed(claim: Claim) -> str:
    """What a cohort must hold in number to answer a claim, in words; empty where the print gives no size to aim at.

    >>> from lcnec_utils.ledger.claims import Claim
    >>> needed(Claim(id="a.b", panel="p", statement="Survival differs.", kind="effect", measure="hazard_ratio",
    ...              scope="general", value="1.43", direction="greater"))
    '246 events in two groups of equal size'
    """
    value, margin = as_number(claim.value), as_number(claim.margin)
    if claim.kind == "null_effect" and claim.measure in OF_HAZARDS:
        return f"{events_for_ratio(margin, alike=True)} events in two groups of equal size, for a margin of {margin:g}"
    if claim.kind == "null_effect" and claim.measure == "percent" and margin and margin < 1:
        each = math.ceil(2 * 0.25 * (Z_ALIKE / margin) ** 2)
        return f"{each} patients in each group, for a margin of {100 * margin:g} points about 50%"
    if claim.kind == "effect" and claim.measure in RATIOS and value and value > 0 and value != 1:
        what = "events" if claim.measure in OF_HAZARDS else "patients with the outcome"
        return f"{events_for_ratio(value)} {what} in two groups of equal size"
    if claim.kind in ("effect", "direction") and claim.counts and len(claim.counts) == 2:
        one, other = (float(k) / float(n) for k, n in claim.counts)
        return f"{patients_for_shares(one, other)} patients in each of two groups" if one != other else ""
    figure = as_number(printed_value(claim))
    if claim.kind == "number" and claim.measure == "percent" and figure is not None:
        allowed = min(margin if margin is not None else MARGINS["percent"], figure, 100 - figure)
        return _for_share(figure, allowed, sizes(claim)[1]) if allowed > 0 else ""
    if claim.kind == "number" and claim.measure == "median" and figure and claim.unit == "months":
        # the logarithm of an exponential median has the variance of one over its events
        return f"{math.ceil((Z_ALIKE / math.log(RATIO_MARGIN)) ** 2)} events, were the print exact"
    return ""


def _for_share(percent: float, margin: float, n: float | None) -> str:
    """Patients for a printed share: of a print of n patients the difference is what must be within the margin."""
    share = percent / 100
    variance = (margin / 100 / Z_ALIKE) ** 2 - (share * (1 - share) / n if n else 0.0)
    if variance <= 0:
        return f"no number of patients: {n:g} published ones leave the share itself too uncertain"
    return f"{math.ceil(share * (1 - share) / variance)} patients"
