"""Sentences that several notebooks share."""

import numpy as np
import pandas as pd

from lcnec_utils.core import formats
from lcnec_utils.core.findings import Finding
from lcnec_utils.stats.comparison import Comparison


def forest_sentence(table: pd.DataFrame) -> str:
    """Which terms of a forest's table have a 95% interval that excludes 1, and which are not estimated and why."""
    excluding = table[(table["lower"] > 1) | (table["upper"] < 1)]
    fitted = int(table["hr"].notna().sum())
    left = table[table["hr"].isna() & (table["note"] != "")] if "note" in table else table.iloc[:0]
    reasons = "; ".join(f"{row.term} ({row.note.removeprefix('not estimable: ')})" for row in left.itertuples())
    reasons = f" Not estimated: {reasons}." if reasons else ""
    if not fitted:
        return f"No term could be estimated.{reasons}"
    tail = f" (n = {table['n'].max()}, {table['events'].max()} events).{reasons}"
    terms = formats.count(fitted, "hazard ratio")
    if excluding.empty:
        return f"None of {terms} has a 95% interval that excludes 1{tail}"
    verb = "has" if len(excluding) == 1 else "have"
    named = "; ".join(
        f"{row.term} {formats.hazard_ratio(row.hr, row.lower, row.upper)}" for row in excluding.itertuples()
    )
    return f"{len(excluding)} of {terms} {verb} a 95% interval that excludes 1: {named}{tail}"


def comparison_sentences(comparisons: dict[str, Comparison]) -> str:
    """What several comparisons of survival show, each after its name."""
    return " ".join(f"**{key}.** {comparison_sentence(groups)}" for key, groups in comparisons.items())


def differing_shares_sentence(table: pd.DataFrame, what: str, first: str, second: str) -> str:
    """Which rows of `proportions.compare_shares` differ at a false discovery rate of 5%, and the row with the smallest
    p where none does."""
    tested = table[table["p"].notna()].sort_values("p")
    differing = tested[tested["p_adjusted"] < 0.05]
    if tested.empty:
        return f"No {what} could be tested."

    def two_shares(row) -> str:
        one, two = formats.share(int(row.k_1), int(row.n_1)), formats.share(int(row.k_2), int(row.n_2))
        return (
            f"{row.Index} {one} in {first}, {two} in {second} "
            f"({formats.p_value(row.p)}, adjusted {formats.p_value(row.p_adjusted)})"
        )

    head = f"{len(differing)} of {formats.count(len(tested), what)} tested differ at a false discovery rate of 5%"
    rows = differing if len(differing) else tested.head(1)
    lead = ": " if len(differing) else "; the smallest p is of "
    return f"{head}{lead}{'; '.join(two_shares(row) for row in rows.itertuples())}."


def shares_sentence(table: pd.DataFrame) -> str:
    """The shares of a table in one sentence per thing counted; what nobody was tested for is said."""
    sentences = []
    for what, rows in table.groupby("what", sort=False):
        parts = [f"{row.group} {formats.share(row.k, row.n)}" for row in rows.itertuples() if row.n]
        sentences.append(f"{what}: {', '.join(parts)}." if parts else f"{what}: nobody was tested.")
    return " ".join(f"{sentence[:1].upper()}{sentence[1:]}" for sentence in sentences)


def pairwise_medians_sentence(tests: pd.DataFrame, what: str) -> str:
    """The medians of every two groups with p, from `ranks.pairwise_rank_sums`."""
    if tests.empty:
        return f"{what[0].upper()}{what[1:]}: one group, nothing to compare."
    parts = "; ".join(
        f"{row.group} {formats.number(row.median, 2)} and {row.other} {formats.number(row.other_median, 2)} "
        f"({formats.p_value(row.p)})"
        for row in tests.itertuples()
    )
    return f"Median {what}: {parts}; Wilcoxon rank-sum test."


def comparison_sentence(groups: Comparison) -> str:
    """The medians of a comparison of survival with limits, n and events, its log-rank p, median follow-up (reverse
    Kaplan–Meier), and who is left out."""
    medians = "; ".join(
        f"{row.group} {formats.median_months(row.median, row.lower, row.upper)} (n = {row.n}, {row.events} events)"
        for row in groups.medians.itertuples()
    )
    lack, are = ("lacks", "is") if groups.dropped == 1 else ("lack", "are")
    left = (
        f" {groups.dropped} of {formats.count(groups.total, 'patient')} {lack} the endpoint or the group and {are} "
        "left out."
        if groups.dropped
        else ""
    )
    sizes = groups.medians.set_index("group")["n"]
    shown = small_groups_sentence({name: int(sizes[name]) for name in groups.small}, min_group=groups.min_group)
    test = f"log-rank {formats.p_value(groups.log_rank.p)}"
    if not np.isnan(groups.follow_up):
        test += f"; median follow-up {formats.months(groups.follow_up)} months"
    return f"Median {groups.endpoint}, months (95% CI): {medians}; {test}.{left}{f' {shown}' if shown else ''}"


def too_few_on(name: str, n: int, min_group: int, what: str) -> Finding:
    """The finding on a regimen that nobody had, or too few for it."""
    had = f"here {formats.count(n, 'patient')} had {name}" if n else f"no patient here had {name}"
    return Finding(None, n=n, note=f"{had}, and {what} needs at least {min_group}")


def small_groups_sentence(small: dict[str, int], *, min_group: int) -> str:
    """Which groups (with their n) are shown and not tested, in a sentence; an empty string where there is none."""
    if not small:
        return ""
    names = [f"{name} (n = {n})" for name, n in small.items()]
    verb = "is" if len(names) == 1 else "are"
    return f"{formats.listed(names)} {verb} shown, not tested: fewer than {min_group} patients."
