"""Principal components of samples, and whether two kinds of samples lie apart on them."""

import dataclasses
import math

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding
from lcnec_utils.stats.differential import finite_values
from lcnec_utils.stats.proportions import boolean_flags, check_index, too_few_per_side


@dataclasses.dataclass(frozen=True)
class Components:
    """Samples on principal components. places: samples × components (x, y, …); explained: share of the variance of
    each; shifts: on each the marked over the other samples, as the fold change of a typical gene."""

    places: pd.DataFrame
    explained: list[float]
    shifts: list[Finding]


def component_shifts(
    log2: pd.DataFrame, marked: pd.Series, *, what: str, number: int = 2, min_group: int = 2
) -> Components:
    """The first principal components of samples, and how far apart two kinds of samples lie on each.

    log2: samples × genes on a log2 scale; genes are centred and not scaled. marked: booleans by sample, missing for
    samples that take part in the components and in no comparison. A difference d of means on a component is a change of
    d / √genes in the root mean square of genes, given as the ratio 2^(d / √genes), with Welch's limits and p. No value
    where a side has fewer than min_group (two at least). A component's sign is that of its largest loading, made
    positive. Raises MissingData for fewer than three samples; UserError for a value that is no finite number and sample
    names that stand twice.

    >>> log2 = pd.DataFrame({"A": [0.0, 0, 2, 2], "B": [0.0, 0.2, 2, 2.2]})
    >>> found = component_shifts(log2, pd.Series([False, False, True, True]), what="two kinds")
    >>> round(found.shifts[0].value, 2), [round(share, 2) for share in found.explained]
    (4.0, [1.0, 0.0])
    """
    check_index(log2, "expression")
    values = finite_values(log2)
    if len(values) < 3:
        raise MissingData(f"principal components need three samples, and there are {len(values)}")
    left, size, loadings = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    number = min(number, len(size))
    turned = np.sign(loadings[np.arange(number), np.abs(loadings[:number]).argmax(axis=1)])
    turned[turned == 0] = 1.0
    scores = left[:, :number] * size[:number] * turned
    places = pd.DataFrame(scores, log2.index, ["x", "y", "z", *map(str, range(3, number))][:number])
    variance = size**2
    explained = [float(share) for share in variance[:number] / max(variance.sum(), 1e-300)]
    flags = boolean_flags(marked.reindex(log2.index), name=what)
    shifts = [_shift(places[name], flags, math.sqrt(values.shape[1]), what, min_group) for name in places]
    return Components(places, explained, shifts)


def _shift(scores: pd.Series, flags: pd.Series, root: float, what: str, min_group: int) -> Finding:
    """The marked over the others on one component, per gene."""
    one, other = (scores[flags.eq(side).fillna(False)].to_numpy() / root for side in (True, False))
    least = max(min_group, 2)
    if min(len(one), len(other)) < least:
        return Finding(
            None, n=len(one) + len(other), note=too_few_per_side(what, len(one), len(other), min_group=least)
        )
    test = stats.ttest_ind(one, other, equal_var=False)
    centre = float(one.mean() - other.mean())
    limits = {}
    for level, tail in ((0.95, ""), (0.90, "_90")):
        interval = test.confidence_interval(level)
        limits |= {f"lower{tail}": 2 ** float(interval.low), f"upper{tail}": 2 ** float(interval.high)}
    return Finding(
        2**centre, **limits, p=float(test.pvalue), n=len(one) + len(other), smallest=min(len(one), len(other)),
        scale="ratio",
    )  # fmt: skip
