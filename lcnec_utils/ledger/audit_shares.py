"""Rules of the audit on shares: a percent against its count, its denominator and its limits."""

import math
from decimal import Decimal

from scipy import stats

from lcnec_utils.core import formats
from lcnec_utils.ledger.claims import Claim
from lcnec_utils.ledger.printed import (
    Book,
    Found,
    agrees,
    count_of,
    decimal,
    decimals,
    denominator,
    nearest,
    percent_of,
    prints,
    rounded_to,
    worked_out,
)  # fmt: skip


def share(book: Book) -> Found:
    """A printed percent is its printed count over its denominator."""
    for claim in book.claims:
        n = denominator(book, claim)
        if claim.measure != "percent" or not (claim.k and claim.value and n):
            continue
        k, printed = int(claim.k), claim.value
        how = prints(k, n, printed)
        said = f"{worked_out(k, n, printed)}, printed {printed}%"
        if how in ("cut off", "one unit"):
            yield "rounding", [claim], said, "the digits cut off, not rounded" if how == "cut off" else ""
        elif not how:
            wholes = [m for m in range(max(k, n * 3 // 4, 1), n * 5 // 4 + 1) if prints(k, m, printed) == "rounded"]
            parts = [j for j in range(n + 1) if prints(j, n, printed) == "rounded"]
            ways = [worked_out(k, m, printed) for m in nearest(wholes, n)]
            ways += [worked_out(j, n, printed) for j in nearest(parts, k)]
            yield "inconsistent", [claim], said, " or ".join(ways)


def grim(book: Book) -> Found:
    """A percent printed without its count is some whole number over its denominator."""
    for claim in book.claims:
        n, printed = denominator(book, claim), claim.value
        if claim.k or not (claim.unit == "percent" and printed and n) or claim.measure not in ("percent", "accuracy"):
            continue
        below = int(decimal(printed) * n / 100)
        met = {prints(k, n, printed): k for k in (below - 1, below + 2, below, below + 1) if 0 <= k <= n}
        if "cut off" in met and "rounded" not in met:
            said = f"{worked_out(met['cut off'], n, printed)}, printed {printed}%"
            yield "rounding", [claim], said, "the digits cut off, not rounded"
        elif "rounded" not in met:
            beside = ", ".join(worked_out(k, n, printed, 0) for k in (below, below + 1) if k <= n)
            said = f"no whole number of {n} gives {printed}%: {beside}"
            yield "impossible", [claim], said, _other_wholes(book, claim, n)


def _other_wholes(book: Book, claim: Claim, n: int) -> str:
    """The other counts printed for the same group of which some whole number gives the percent."""
    same = [each for each in book.claims if claim.groups and each.groups == claim.groups and each.of != claim.of]
    counts = {int(text) for each in same for text in (count_of(each), *each.n) if text and text.isdigit()} - {n, 0}
    ways = []
    for m in nearest(counts, n):
        k = int(rounded_to(decimal(claim.value) * m / 100, 0))
        # Where steps are finer than the print any percent is met, which explains nothing
        if percent_of(1, m) > Decimal(1).scaleb(-decimals(claim.value)) and prints(k, m, claim.value) == "rounded":
            ways.append(f"{worked_out(k, m, claim.value)}, {m} printed elsewhere for {claim.groups[0]}")
    return " or ".join(ways)


def _wilson_corrected(k: int, n: int, level: float) -> tuple[float, float]:
    """Wilson's interval with continuity correction, R's prop.test default."""
    z, step = stats.norm.ppf(0.5 + level / 2), min(0.5, abs(k - n / 2)) / n

    def limit(p: float, side: int) -> float:
        return (p + z * z / (2 * n) + side * z * math.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)) / (1 + z * z / n)

    return max(0.0, limit(max(0.0, k / n - step), -1)), min(1.0, limit(min(1.0, k / n + step), 1))


def _intervals(k: int, n: int, level: float) -> dict[str, tuple[float, float]]:
    """The usual intervals of k/n, in percent, by name."""
    from statsmodels.stats.proportion import proportion_confint

    named = {"Wilson": "wilson", "Clopper–Pearson": "beta", "Wald": "normal", "Agresti–Coull": "agresti_coull"}
    limits = {name: proportion_confint(k, n, 1 - level, method) for name, method in named.items()}
    limits["Jeffreys"] = proportion_confint(k, n, 1 - level, "jeffreys")
    limits["Wilson with continuity correction"] = _wilson_corrected(k, n, level)
    return {name: (100 * max(0.0, low), 100 * min(1.0, high)) for name, (low, high) in limits.items()}


def _fits(claim: Claim) -> dict[str, tuple[float, float, bool, bool]]:
    """The interval of each method, in percent, and whether it gives the lower and the upper printed limit."""
    if not claim.interval or None in map(decimal, claim.interval) or claim.measure != "percent":
        return {}
    k, n = claim.counts[0] if claim.counts and len(claim.counts) == 1 else (claim.k, claim.n[0] if claim.n else None)
    limits = _intervals(int(k), int(n), claim.level or 0.95) if k and n else {}
    low, high = claim.interval
    return {name: (*pair, agrees(pair[0], low), agrees(pair[1], high)) for name, pair in limits.items()}


def interval_method(claim: Claim) -> str | None:
    """The name of the method that gives both printed limits of a share, Wilson's first; None where none does."""
    return next((name for name, (*_, low, high) in _fits(claim).items() if low and high), None)


def share_interval(book: Book) -> Found:
    """The limits of a share are those of one method."""
    for claim in book.claims:
        fits = _fits(claim)
        if fits and not interval_method(claim):
            lower, upper = ([name for name, met in fits.items() if met[side]] for side in (2, 3))
            shown = [f"{name} {formats.number(low)}–{formats.number(high)}" for name, (low, high, *_) in fits.items()]
            mixes = f"mixes the lower limit of {lower[0]} and the upper of {upper[0]}" if lower and upper else ""
            counted = "/".join(claim.counts[0] if claim.counts else [claim.k, claim.n[0]])
            said = f"{counted} printed {'–'.join(claim.interval)}; {', '.join(shown)}"
            yield "inconsistent", [claim], said, mixes
