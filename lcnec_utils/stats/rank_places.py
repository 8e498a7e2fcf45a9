"""How often each of several quantities is the one most associated with a yes-or-no outcome, over resamples of patients.

"The most significant of all" is a place, and a place among near equals changes with the patients: the bootstrap shows
how far. Source: Hall and Miller, Annals of Statistics 2009;37:3929.
"""

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.core.findings import Finding
from lcnec_utils.stats.proportions import boolean_flags, check_index


def rank_sum_z(values: np.ndarray, marked: np.ndarray) -> np.ndarray:
    """The standardised rank sum of the marked in each column: positive where they are higher, 0 of a column that does
    not vary.

    values: rows × columns without missing ones; marked: booleans by row. The variance is that of the ranks, so that
    ties are corrected for; no continuity correction: R's wilcox.test(exact = FALSE, correct = FALSE).

    >>> rank_sum_z(np.array([[1.0], [2], [3], [4]]), np.array([False, False, True, True])).round(3).tolist()
    [1.549]
    """
    ranks = stats.rankdata(values, axis=0)
    n, one = len(values), int(marked.sum())
    centred = ranks - (n + 1) / 2
    spread = np.sqrt(one * (n - one) / (n * (n - 1)) * (centred**2).sum(axis=0))
    return np.divide(centred[marked].sum(axis=0), spread, out=np.zeros(values.shape[1]), where=spread > 0)


def association_places(
    values: pd.DataFrame, marked: pd.Series, *, resamples: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """How strongly each column is associated with an outcome, its place, and how often it is first; and all draws.

    values: patients × quantities; marked: booleans on the same index; who lacks anything is left out. Patients are
    resampled with replacement; a draw without both outcomes is drawn again. The table has a row per column: what, n,
    z (`rank_sum_z`), p (normal), place (1: largest |z|), first (share of resamples in which it is first, equals shared
    out), usual_places (the 2.5 and 97.5 percentiles of its place). The draws are z, resamples × columns. Raises
    MissingData where a side has fewer than two patients, UserError for row labels that stand twice.

    >>> rng = np.random.default_rng(0)
    >>> hit = pd.Series(np.arange(40) % 2 == 0)
    >>> cells = pd.DataFrame({"told apart": hit + rng.normal(0, 0.3, 40), "noise": rng.normal(0, 1, 40)})
    >>> table, draws = association_places(cells, hit, resamples=200, seed=1)
    >>> table["first"].round(2).tolist(), draws.shape
    ([1.0, 0.0], (200, 2))
    """
    check_index(values, "values")
    if resamples < 1:
        raise UserError(f"resamples is {resamples}; give a whole number from 1 on")
    both = values.join(boolean_flags(marked, name="outcome").rename("__marked")).dropna()
    side, numbers = both.pop("__marked").to_numpy(bool), both.to_numpy(float)
    if min(side.sum(), (~side).sum()) < 2:
        raise MissingData(
            f"of {len(both)} patients with every value {int(side.sum())} have the outcome and {int((~side).sum())} do "
            "not, and an association needs two of each"
        )
    rng, draws = np.random.default_rng(seed), np.empty((resamples, numbers.shape[1]))
    for place in range(resamples):
        chosen = rng.integers(0, len(both), len(both))
        while side[chosen].all() or not side[chosen].any():
            chosen = rng.integers(0, len(both), len(both))
        draws[place] = rank_sum_z(numbers[chosen], side[chosen])
    z = rank_sum_z(numbers, side)
    strongest = np.abs(draws) >= np.abs(draws).max(axis=1, keepdims=True) - 1e-12
    places = stats.rankdata(-np.abs(draws), axis=1, method="min")
    table = pd.DataFrame(
        {
            "what": list(values), "n": len(both), "z": z, "p": 2 * stats.norm.sf(np.abs(z)),
            "place": stats.rankdata(-np.abs(z), method="min").astype(int),
            "first": (strongest / strongest.sum(axis=1, keepdims=True)).mean(axis=0),
            "place_lower": np.quantile(places, 0.025, axis=0), "place_upper": np.quantile(places, 0.975, axis=0),
        }
    )  # fmt: skip
    table.attrs["smallest"] = int(min(side.sum(), (~side).sum()))
    return table, pd.DataFrame(draws, columns=list(values))


def lead(table: pd.DataFrame, draws: pd.DataFrame, name: str, other: str) -> Finding:
    """By how much the signed z of one quantity exceeds that of another, as a finding: 0 where both go with the outcome
    alike, above 0 where the first is the higher in the marked by more.

    table, draws: of `association_places`. Limits are percentiles of the draws. The largest |z| of several is no
    measure of it: of more quantities one is the largest more often by chance, and a sign is lost. Raises UserError for
    a name that is not in the table.

    >>> hit = pd.Series([True] * 6 + [False] * 6)
    >>> cells = pd.DataFrame({"higher": [*range(6, 12), *range(6)], "lower": [*range(6), *range(6, 12)]})
    >>> round(lead(*association_places(cells, hit, resamples=50, seed=1), "higher", "lower").value, 2)
    5.76
    """
    if lacking := [each for each in (name, other) if each not in draws]:
        raise UserError(f"there is no quantity {lacking[0]!r} among {', '.join(draws)}")
    z = table.set_index("what")["z"]
    drawn = (draws[name] - draws[other]).to_numpy()
    limits = dict(zip(("lower", "upper"), np.quantile(drawn, [0.025, 0.975]), strict=True))
    limits |= dict(zip(("lower_90", "upper_90"), np.quantile(drawn, [0.05, 0.95]), strict=True))
    return Finding(
        float(z[name] - z[other]), **{tail: float(limit) for tail, limit in limits.items()},
        n=int(table["n"].iloc[0]), scale="difference", smallest=table.attrs.get("smallest"),
    )  # fmt: skip
