"""Rules of the audit on p values alone: whether any table of counts gives them, and whether two tests share one."""

import itertools
from functools import lru_cache

import numpy as np
from scipy import special, stats

from lcnec_utils.core import formats
from lcnec_utils.ledger.claims import Claim
from lcnec_utils.ledger.printed import (
    FEW,
    Book,
    Found,
    decimal,
    decimals,
    families,
    mangled,
    prints,
    rounding_limits,
    share_counts,
)  # fmt: skip

NEAR = 0.1  # of a printed n, how far another n is tried
SHARES = ("chi_squared", "fisher")
BELOW = 1e-9  # two p values of Fisher's are one within this
FIGURES_TO_AGREE = 3  # significant digits of a p that two tests of one paper seldom share


def _chi_squared(k, n, others, total: int, corrected: bool) -> np.ndarray:
    """p of chi-squared of k of n against each of `others` of `total`; NaN where a margin is empty."""
    both, whole = k + others, n + total
    apart = np.abs(k * (total - others) - others * (n - k))
    apart = np.maximum(apart - whole / 2, 0) if corrected else apart
    with np.errstate(divide="ignore", invalid="ignore"):
        value = whole * apart**2 / (float(n) * total * both * (whole - both))
    return stats.chi2.sf(value, 1)


def _fisher(k: int, n: int, others: np.ndarray, total: int) -> np.ndarray:
    """p of Fisher's exact test, two-sided, of k of n against each of `others` of `total`, all tables at once."""
    logs = special.gammaln(np.arange(n + total + 2) + 1)

    def choose(m, r):
        inside = (r >= 0) & (r <= m)
        r = np.where(inside, r, 0)
        return np.where(inside, logs[m] - logs[r] - logs[m - r], -np.inf)

    both, cells = (k + others)[:, None], np.arange(n + 1)[None, :]
    chances = choose(n, cells) + choose(total, both - cells) - choose(n + total, both)
    seen = choose(n, np.array(k)) + choose(total, others) - choose(n + total, k + others)
    return np.where(chances <= seen[:, None] + BELOW, np.exp(chances), 0).sum(axis=1)


@lru_cache(maxsize=8192)
def _tests(k: int, n: int, total: int) -> dict[str, np.ndarray]:
    """p of each test of shares for k of n against every count of `total`."""
    others = np.arange(total + 1)
    return {
        "chi-squared": _chi_squared(k, n, others, total, False),
        "Yates": _chi_squared(k, n, others, total, True),
        "Fisher": _fisher(k, n, others, total),
    }


def _readings(p: str) -> list[str]:
    """What a printed p may be: itself, or where its point is lost, both places of the point."""
    return [f"0.{p}", f"0.{p[1:]}"] if mangled(p) else [p]


def _around(n: int) -> range:
    """Sizes of a group near a printed one, itself first among equals."""
    return range(max(1, round(n * (1 - NEAR))), round(n * (1 + NEAR)) + 1)


def _sizes(share: Claim, k: int, n: int) -> list[int]:
    """Denominators that a share may have: the printed one, and those near it that its percent asks for."""
    asked = [m for m in _around(n) if share.value and m >= k and prints(k, m, share.value) == "rounded"]
    return sorted({n, *asked})


def _fitting(claim: Claim, share: Claim, counts: tuple[int, int], total: int) -> set[int]:
    """Counts of `total` that give a claim's p against a printed share, by any test and either reading of the p."""
    limits = [rounding_limits(reading) for reading in _readings(claim.p)]
    fits: set[int] = set()
    for n in _sizes(share, *counts):
        for values in _tests(counts[0], n, total).values():
            for low, high in limits:
                fits |= set(np.flatnonzero((values >= low) & (values <= high)).tolist())
    return fits


def _as_printed(book: Book, claim: Claim, group: str) -> list[tuple[int, int]]:
    """Counts near those of a group, of a size within a tenth of its own, that print the percent beside its p."""
    k, n = map(int, claim.counts[claim.groups.index(group)])
    shares = (c for c in book.claims if c.measure == "percent" and c.panel == claim.panel and c.groups == [group])
    printed = next((c.value for c in shares if c.value and prints(k, n, c.value) in ("rounded", "cut off")), None)
    if printed is None:
        return []
    around = ((round(float(decimal(printed)) * size / 100) + step, size) for size in _around(n) for step in (-1, 0, 1))
    how = prints(k, n, printed)
    return [(k, n) for k, n in around if 0 <= k <= n and prints(k, n, printed) == how]


def near_tables(book: Book, claim: Claim) -> str:
    """The first few tables near a claim's two counts that print its percents and give its p, or that there are none.

    Empty where the panel does not print the percent of either group.
    """
    if not claim.counts or len(claim.counts) != 2 or len(claim.groups) != 2:
        return ""
    one, two = (_as_printed(book, claim, group) for group in claim.groups)
    low, high = rounding_limits(claim.p)
    fits = [
        f"{k}/{n} against {other}/{total} ({name} {formats.number(float(values[other]), 4)})"
        for (k, n), (other, total) in itertools.product(one, two)
        for name, values in _tests(k, n, total).items()
        if low <= values[other] <= high
    ]
    none = "no counts of sizes within a tenth that print these percents give it" if one and two else ""
    return " or ".join(fits[:FEW]) or none


def _bare(claim: Claim) -> bool:
    """Whether a claim is a p of two shares whose counts are not printed beside it."""
    return bool(claim.p and claim.test in SHARES and not claim.counts and len(claim.n) == len(claim.groups) == 2)


def p_of_shares(book: Book) -> Found:
    """Some count of a group gives each p of its shares; several p values against one group ask for one count of it."""
    bare = [claim for claim in book.claims if _bare(claim)]
    for panel, group in dict.fromkeys((claim.panel, name) for claim in bare for name in claim.groups):
        tests = [claim for claim in bare if claim.panel == panel and group in claim.groups]
        sizes = {int(claim.n[claim.groups.index(group)]) for claim in tests}
        others = [next(name for name in claim.groups if name != group) for claim in tests]
        rows = list(families(claim for claim in book.claims if claim.panel == panel and claim.measure == "percent"))
        rows = [row for row in rows if group not in row and set(others) <= set(row)]
        if len(sizes) != 1 or not rows:
            continue
        total, told, missed = sizes.pop(), [], []
        for row in rows:
            counted = [share_counts(book, row[other]) for other in others]
            if None in counted:
                continue
            pairs = list(zip(tests, [row[other] for other in others], counted, strict=True))
            common = {size: set.intersection(*(_fitting(*pair, size) for pair in pairs)) for size in _around(total)}
            missed.append(not any(common.values()))
            told.append(_told(pairs, total))
        if missed and all(missed):
            near = _around(total)
            said = f"no one count of {near[0]} to {near[-1]} {group} gives {' and '.join(told)}"
            said += ", by chi-squared, with or without Yates' correction, or Fisher"
            yield (
                _weight(book, tests),
                [*tests, *rows[0].values()],
                said,
                "another marker than those whose counts are printed, or other counts",
            )


def _told(pairs: list[tuple[Claim, Claim, tuple[int, int]]], total: int) -> str:
    """Each p with the share it was tried against and the counts that fit it alone."""
    parts = []
    for claim, share, (k, n) in pairs:
        alone = sorted(_fitting(claim, share, (k, n), total))
        fits = f"alone {' or '.join(map(str, alone))} of {total}" if alone else f"alone none of {total}"
        shares = " or ".join(f"{k}/{size}" for size in _sizes(share, k, n))
        parts.append(f"p {claim.p} against {shares} ({share.groups[0]}; {fits})")
    return " and ".join(parts)


def _weight(book: Book, tests: list[Claim]) -> str:
    """`inconsistent` where the panel calls every other share of these groups alike, else a note."""
    named = {group for claim in tests for group in claim.groups}
    alike = [c for c in book.claims if c.kind == "null_effect" and c.measure == "percent" and c.panel == tests[0].panel]
    return "inconsistent" if any(named <= set(claim.groups) for claim in alike) else "note"


def p_attainable(book: Book) -> Found:
    """Some table of counts with the printed sizes, or near them, gives a p of two shares."""
    for claim in book.claims:
        if not _bare(claim):
            continue
        limits = [rounding_limits(reading) for reading in _readings(claim.p)]
        printed = tuple(map(int, claim.n))
        # The printed sizes first: of large groups a few counts suffice, and the rest need not be tried
        sizes = itertools.chain([printed], itertools.product(*map(_around, printed)))
        met = any(
            ((values >= low) & (values <= high)).any()
            for n, total in sizes
            for k in range(n + 1)
            for values in _tests(k, n, total).values()
            for low, high in limits
        )
        if not met:
            said = f"no counts of about {' and '.join(claim.n)} give p {claim.p} by chi-squared or Fisher"
            yield "impossible", [claim], said, ""


def _exact(claim: Claim) -> bool:
    return bool(claim.p and claim.p[0].isdigit() and not mangled(claim.p) and decimal(claim.p) != 1)


def _place(claim: Claim) -> bool:
    """Whether a claim's p has a place of its own in the text."""
    return any(claim.p in place.numbers for place in claim.prints)


def equal_p(book: Book) -> Found:
    """Two tests seldom share a p: of three significant digits in one paper, or of any in one panel."""
    exact = [claim for claim in book.claims if _exact(claim)]
    for one, two in itertools.combinations(exact, 2):
        if one.p != two.p:
            continue
        digits = len(decimal(one.p).as_tuple().digits)
        another = not (one.quantity and one.quantity == two.quantity) and not book.tied([one, two])
        together = one.panel == two.panel
        if not another or not (together or digits >= FIGURES_TO_AGREE):
            continue
        places = decimals(one.p)
        compared = [c for c in exact if decimals(c.p) == places and (not together or c.panel == one.panel)]
        # As in the birthday problem, over as many p values as the panel or the paper prints to these decimals
        chance = 1 - np.prod(np.maximum(0, 1 - np.arange(len(compared)) * 10.0**-places))
        named = "; ".join(each.statement.rstrip(".") for each in (one, two))
        where = "panel" if together else "paper"
        rare = f"of {len(compared)} p values of the {where} with {places} decimals two agree by chance"
        percent = float(f"{100 * chance:.1g}")
        times = "twice" if _place(one) and _place(two) else "once"
        said = f"p {one.p} is printed {times} for two tests ({named}); {rare} {percent:g}% of the time"
        yield "note", [one, two], said, "" if times == "twice" else "one print for both"
