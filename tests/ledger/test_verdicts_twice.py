"""Every verdict rule against a second implementation of docs/ledger.md, over 20,000 random claims.

The second one works on the claim's own scale in sets and ratios, takes Wilson's and Newcombe's limits from statsmodels,
and shares no function with the first.
"""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.special import ndtri
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from lcnec_utils.core.findings import Finding
from lcnec_utils.ledger import verdicts
from lcnec_utils.ledger.claims import Claim

EQUAL, YES, NO, OPEN, NONE = "equal", "compatible", "contradicted", "inconclusive", "not computable"
AS_RATIOS = ("hazard_ratio", "odds_ratio", "fold_change", "log_rank", "median", "mean")
POINTS = {"percent": 15, "accuracy": 10, "auc": 0.1, "correlation": 0.2, "rank": 1}


def missing(value) -> bool:
    return value is None or value != value


def quantile(level: float) -> float:
    return float(ndtri((1 + level) / 2))


def stretched(value, low, high, by: float, ratio: bool) -> tuple[float, float]:
    """An interval about a value, each side `by` times as long; of ratios in powers."""
    if ratio:
        low_, high_ = (value / low) ** by if low > 0 else math.inf, (high / value) ** by
        return value / low_, value * high_
    return value - by * (value - low), value + by * (high - value)


class Second:
    """The verdict of one finding among m that have a value."""

    def __init__(self, claim: Claim, finding: Finding, m: int):
        self.claim, self.finding, self.m = claim, finding, m
        self.level = 0.95 if m == 1 else 1 - 0.05 / m
        word = [flag[12:] for flag in claim.flags if flag.startswith("word_number:")]
        self.word = word[0] if word else ""
        self.figure = claim.value or self.word.lstrip(">") or None
        if self.figure is None and claim.unit == "percent" and claim.k and len(claim.n) == 1:
            self.figure = f"{100 * float(claim.k) / float(claim.n[0]):.10g}"
        self.n = float(claim.n[0]) if len(claim.n) == 1 else None

    def limits(self, level: float) -> tuple[float, float]:
        f, number = self.finding, self.claim.kind == "number"
        of_share = self.claim.measure in ("percent", "accuracy") and f.n and f.events is not None
        if number and of_share and abs(f.value - 100 * f.events / f.n) < 1e-9:
            low, high = proportion_confint(f.events, f.n, 1 - level, "wilson")
            return 100 * low, 100 * high
        upper = math.inf if missing(f.upper) else f.upper
        if level == 0.9 and not missing(f.lower_90) and not missing(f.upper_90):
            return f.lower_90, f.upper_90
        return stretched(f.value, f.lower, upper, quantile(level) / quantile(0.95), self.ratio())

    def ratio(self) -> bool:
        if self.claim.kind == "number":
            return self.claim.measure in AS_RATIOS and self.finding.value > 0
        return self.finding.scale == "ratio"

    def verdict(self) -> str:
        f = self.finding
        if missing(f.value) or math.isinf(f.value):
            return NONE
        if self.claim.kind == "number":
            return self.number()
        if missing(f.lower) or missing(f.upper):
            return NONE
        return self.null() if self.claim.kind == "null_effect" else self.effect()

    # numbers

    def number(self) -> str:
        f, claim = self.finding, self.claim
        region = None
        if claim.range and claim.value is None:
            region = tuple(map(float, claim.range))
        elif "lower_bound" in claim.flags or self.word.startswith(">"):
            region = (float(self.figure), math.inf)
        elif "upper_bound" in claim.flags:
            region = (-math.inf, float(self.figure))
        if region:
            return self.region(region, bool(claim.range))
        if self.figure is None:
            return NONE
        digits = len(self.figure.split(".")[1]) if "." in self.figure else 0
        units = Fraction(f.value).limit_denominator(10**7) * 10**digits + Fraction(1, 2)
        if Fraction(units.numerator // units.denominator, 10**digits) == Fraction(self.figure):
            return EQUAL
        if missing(f.lower):
            return NO if claim.scope == "own" else OPEN if claim.measure == "count" else NONE
        wide, narrow = self.difference(self.level), self.difference(0.9)
        none = 1.0 if self.ratio() else 0.0
        margin = self.margin()
        if wide is None:
            return self.exact(margin)
        if not wide[0] <= none <= wide[1]:
            return NO
        if margin is None:
            return OPEN
        held = (1 / margin, margin) if self.ratio() else (-margin, margin)
        return YES if held[0] <= narrow[0] and narrow[1] <= held[1] else OPEN

    def region(self, region, is_range: bool) -> str:
        f = self.finding
        if missing(f.lower):
            if self.claim.scope != "own":
                return NONE
            inside = region[0] <= f.value <= region[1] if is_range else region[0] < f.value < region[1]
            return EQUAL if inside else NO
        outer, inner = self.limits(self.level), self.limits(0.9 if is_range else 0.95)
        if outer[1] < region[0] or outer[0] > region[1]:
            return NO
        return YES if region[0] <= inner[0] and inner[1] <= region[1] else OPEN

    def margin(self) -> float | None:
        stated = float(self.claim.margin) if self.claim.margin else None
        if self.ratio():
            return stated or 1.5
        margin = stated if stated is not None else POINTS.get(self.claim.measure)
        if self.claim.measure == "percent" and margin is not None:
            return min(margin, float(self.figure), 100 - float(self.figure))
        return margin

    def exact(self, margin) -> str:
        if margin is None:
            return NONE
        printed = float(self.figure)
        if self.ratio():
            held = (printed / margin, printed * margin) if printed > 0 else (0.0, 0.0)
        else:
            held = (printed - margin, printed + margin)
        outer, inner = self.limits(self.level), self.limits(0.9)
        if outer[0] > held[1] or outer[1] < held[0]:
            return NO
        return YES if held[0] <= inner[0] and inner[1] <= held[1] else OPEN

    def difference(self, level: float) -> tuple[float, float] | None:
        """Found less printed, or found over printed, with the uncertainty of both; None where the print has none."""
        f, claim, printed = self.finding, self.claim, float(self.figure)
        k = float(claim.k) if claim.k else None
        low, high = self.limits(level)
        if claim.measure in ("percent", "accuracy") and self.n and (k is not None or not claim.interval):
            counted = printed * self.n / 100 if k is None else k
            if counted > self.n:
                return self.of_interval(low, high, level)
            whole = float(counted).is_integer() and f.events is not None and f.n
            if whole and abs(f.value - 100 * f.events / f.n) < 1e-9:
                pair = confint_proportions_2indep(
                    f.events, f.n, int(counted), int(self.n), method="newcomb", compare="diff", alpha=1 - level
                )
                return 100 * pair[0], 100 * pair[1]
            share, z = counted / self.n, quantile(level)
            # Wilson's limits as the roots of (p - share)^2 = z^2 p (1 - p) / n
            a, b, c = 1 + z * z / self.n, -(2 * share + z * z / self.n), share * share
            root = math.sqrt(max(b * b - 4 * a * c, 0.0))
            pair = 100 * max(0, (-b - root) / (2 * a)), 100 * min(1, (-b + root) / (2 * a))
            return self.added(f.value, low, high, 100 * share, *pair)
        return self.of_interval(low, high, level)

    def of_interval(self, low, high, level) -> tuple[float, float] | None:
        f, claim, printed = self.finding, self.claim, float(self.figure)
        if claim.interval and claim.interval[0] != "NR":
            ends = float(claim.interval[0]), math.inf if claim.interval[1] == "NR" else float(claim.interval[1])
            if not ends[0] <= printed <= ends[1]:
                return None
            ends = stretched(printed, *ends, quantile(level) / quantile(0.95), self.ratio())
            return self.added(f.value, low, high, printed, *ends)
        spread = claim.measure in (*AS_RATIOS, "auc", "correlation")
        if self.n and f.n and spread and not missing(f.upper):
            ends = stretched(f.value, low, high, math.sqrt(f.n / self.n), self.ratio())
            shift = printed / f.value if self.ratio() else printed - f.value
            ends = [end * shift if self.ratio() else end + shift for end in ends]
            return self.added(f.value, low, high, printed, *ends)
        return None

    def added(self, value, low, high, printed, low_, high_) -> tuple[float, float]:
        """Donner and Zou: the limits of a difference, or of a ratio, from those of its two parts."""
        if self.ratio():
            logs = [math.log(x) if x > 0 else -math.inf for x in (value, low, high, printed, low_, high_)]
            value, low, high, printed, low_, high_ = logs
        apart = value - printed
        ends = (
            apart - math.sqrt((value - low) ** 2 + (high_ - printed) ** 2),
            apart + math.sqrt((high - value) ** 2 + (printed - low_) ** 2),
        )
        return tuple(math.exp(end) for end in ends) if self.ratio() else ends

    # effects

    def printed(self) -> tuple[float, float] | None:
        claim, ratio = self.claim, self.ratio()
        of_ratio = claim.measure in AS_RATIOS[:4]
        if claim.interval and claim.interval[0] != "NR":
            ends = float(claim.interval[0]), math.inf if claim.interval[1] == "NR" else float(claim.interval[1])
            return ends if of_ratio == ratio else None
        if not ratio and claim.counts:
            (k_1, n_1), (k_2, n_2) = ([int(x) for x in pair] for pair in claim.counts)
            return confint_proportions_2indep(k_1, n_1, k_2, n_2, method="newcomb", compare="diff")
        if ratio and of_ratio and claim.value and claim.p and claim.p[0] not in "<>" and float(claim.value) > 0:
            value = float(claim.value)
            if value != 1 and 0 < float(claim.p) < 1:
                se = abs(math.log(value)) / quantile(1 - float(claim.p))
                return value * math.exp(-quantile(0.95) * se), value * math.exp(quantile(0.95) * se)
        return None

    def effect(self) -> str:
        none, up = (1 if self.ratio() else 0), self.claim.direction == "greater"
        outer, plain, printed = self.limits(self.level), self.limits(0.95), self.printed()
        if (up and outer[1] < none) or (not up and outer[0] > none):
            return NO
        if printed and (outer[0] > printed[1] or outer[1] < printed[0]):
            return NO
        return YES if (up and plain[0] > none) or (not up and plain[1] < none) else OPEN

    def null(self) -> str:
        margin = float(self.claim.margin)
        held = (1 / margin, margin) if self.ratio() else (-margin, margin)
        outer, inner = self.limits(self.level), self.limits(0.9)
        if outer[1] < held[0] or outer[0] > held[1]:
            return NO
        return YES if held[0] <= inner[0] and inner[1] <= held[1] else OPEN


def second_of_all(claim: Claim, findings: list[Finding]) -> str:
    m = max(1, sum(not missing(finding.value) for finding in findings))
    words = [Second(claim, finding, m).verdict() for finding in findings]
    return next((word for word in (NO, OPEN, NONE, YES) if word in words), EQUAL if words else NONE)


# --- random claims -------------------------------------------------------------------------------------------------


def random_number(rng) -> tuple[dict, list[Finding]]:
    measures = ["percent"] * 3 + ["accuracy", "median", "mean", "auc", "correlation", "count", "rank"]
    measure = str(rng.choice(measures))
    fields = {"kind": "number", "measure": measure, "scope": str(rng.choice(["general", "general", "own"]))}
    n, m, several = int(rng.integers(2, 400)), int(rng.integers(2, 400)), int(rng.choice([1, 1, 1, 2, 3]))
    p = rng.uniform()
    if measure in ("percent", "accuracy"):
        fields["value"] = f"{100 * rng.binomial(n, p) / n:.{rng.integers(0, 2)}f}"
        how = rng.choice(["k", "n", "nothing", "interval", "range", "bound", "word"])
        if how == "k":
            fields |= {"k": str(rng.binomial(n, p)), "n": [str(n)]}
        elif how == "n":
            fields |= {"n": [str(n)]}
        elif how == "interval":
            value = float(fields["value"])
            fields["interval"] = [
                f"{max(0, value - rng.uniform(1, 20)):.1f}",
                f"{min(100, value + rng.uniform(1, 20)):.1f}",
            ]
        elif how == "range":
            fields |= {"value": None, "range": [f"{100 * p:.0f}", f"{100 * p + rng.integers(5, 40):.0f}"]}
        elif how == "bound":
            fields["flags"] = [str(rng.choice(["lower_bound", "upper_bound"]))]
        elif how == "word":
            fields |= {"value": None, "flags": [f"word_number:>{100 * p:.0f}"]}
        findings = []
        for _ in range(several):
            k = int(rng.binomial(m, min(1, max(0, p + rng.normal(0, 0.1)))))
            low, high = (100 * x for x in proportion_confint(k, m, 0.05, "wilson"))
            findings.append(Finding(100 * k / m, low, high, n=m, events=k, scale="difference"))
    else:
        ratio = measure in AS_RATIOS
        size = rng.uniform(2, 30) if ratio else rng.uniform(0.1, 0.95)
        fields["value"] = f"{size:.{rng.integers(1, 3)}f}"
        if rng.random() < 0.4:
            fields["interval"] = [
                f"{size * rng.uniform(0.4, 0.99):.2f}",
                "NR" if rng.random() < 0.2 else f"{size * rng.uniform(1.02, 2):.2f}",
            ]
        if rng.random() < 0.5:
            fields["n"] = [str(n)]
        if ratio and rng.random() < 0.2:
            fields["margin"] = "1.25"
        findings = []
        for _ in range(several):
            value = size * math.exp(rng.normal(0, 0.2))
            low, high = value * rng.uniform(0.3, 0.99), value * rng.uniform(1.01, 2.5)
            findings.append(Finding(value, low, math.inf if rng.random() < 0.05 else high, n=m))
    return fields, findings


def random_effect(rng) -> tuple[dict, list[Finding]]:
    kind, ratio = str(rng.choice(["effect", "direction", "null_effect"])), bool(rng.random() < 0.6)
    fields = {"kind": kind, "measure": "hazard_ratio" if ratio else str(rng.choice(["percent", "difference"]))}
    fields["direction"] = "none" if kind == "null_effect" else str(rng.choice(["greater", "less"]))
    size, on = rng.normal(0, 0.4), math.exp if ratio else float
    if kind == "null_effect":
        fields["margin"] = str(rng.choice(["1.25", "1.5", "2"])) if ratio else str(rng.choice(["0.15", "0.3", "5"]))
    elif rng.random() < 0.75:
        fields["value"] = f"{on(size):.3f}"
        how, spread = rng.choice(["interval", "p", "bound", "counts", "nothing"]), rng.uniform(0.05, 0.5)
        if how == "interval":
            fields["interval"] = [
                f"{on(size - spread):.3f}",
                "NR" if rng.random() < 0.1 else f"{on(size + spread):.3f}",
            ]
        elif how in ("p", "bound"):
            fields["p"] = f"{'<' if how == 'bound' else ''}{rng.uniform(0.001, 0.9):.4f}"
        elif how == "counts" and not ratio:
            pairs = [(int(rng.integers(0, n + 1)), n) for n in map(int, rng.integers(5, 200, 2))]
            fields["counts"] = [[str(k), str(n)] for k, n in pairs]
    findings = []
    for _ in range(int(rng.choice([1, 1, 1, 2, 3, 4]))):
        centre, se = size + rng.normal(0, 0.4), rng.uniform(0.02, 0.5)
        ends = {name: on(centre + z * se) for name, z in (("lower", -1.959963984540054), ("upper", 1.959963984540054))}
        if rng.random() < 0.7:
            ends |= {"lower_90": on(centre - 1.6448536269514722 * se), "upper_90": on(centre + 1.6448536269514722 * se)}
        findings.append(Finding(on(centre), **ends, scale="ratio" if ratio else "difference"))
    return fields, findings


def spoilt(rng, finding: Finding) -> Finding:
    """Now and then a value or a limit that does not exist."""
    gone = [None, float("nan")][int(rng.integers(2))]
    fields = {"value": finding.value, "lower": finding.lower, "upper": finding.upper, "n": finding.n}
    name = str(rng.choice(["value", "lower", "upper", "limits", "infinite"]))
    if name == "limits":
        fields |= {"lower": None, "upper": None}
    elif name == "infinite":
        fields["value"] = math.inf
    else:
        fields[name] = gone
    return Finding(**fields, scale=finding.scale, note="it is gone")


def test_20_000_random_claims_get_the_same_verdict_twice():
    """About 12 s. Every verdict occurs often, and several hundred claims rest on several findings."""
    rng, seen, several = np.random.default_rng(20_260), dict.fromkeys((EQUAL, YES, NO, OPEN, NONE), 0), 0
    for _ in range(20_000):
        fields, findings = random_number(rng) if rng.random() < 0.55 else random_effect(rng)
        if rng.random() < 0.06:
            findings[0] = spoilt(rng, findings[0])
        claim = Claim(**{"id": "a.b", "panel": "p", "statement": "A statement.", "scope": "general", **fields})
        word, reason = verdicts.verdict(claim, findings)
        assert word == second_of_all(claim, findings), (claim, findings, reason)
        assert reason or word == EQUAL
        seen[word] += 1
        several += len(findings) > 1
    assert min(seen.values()) > 300 and several > 3_000, (seen, several)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_comparison_finds_a_rule_that_is_off(monkeypatch, seed):
    """With Wald's limits in the place of Wilson's, or the margin forgotten, verdicts part."""
    rng, parted = np.random.default_rng(seed), 0
    if seed == 1:
        monkeypatch.setattr(verdicts, "wilson", lambda k, n, level: (
            100 * (k / n - quantile(level) * math.sqrt(k / n * (1 - k / n) / n)),
            100 * (k / n + quantile(level) * math.sqrt(k / n * (1 - k / n) / n)),
        ))  # fmt: skip
    else:
        monkeypatch.setattr(verdicts, "margin_of_number", lambda claim, finding: 1e9)
    for _ in range(1_500):
        fields, findings = random_number(rng)
        claim = Claim(**{"id": "a.b", "panel": "p", "statement": "A statement.", **fields})
        parted += verdicts.verdict(claim, findings)[0] != second_of_all(claim, findings)
    assert parted > 5
