"""Immunoscore from the densities of CD3+ and CD8+ cells, by percentiles of a stated reference distribution.

The consensus score of colon cancer takes the mean of four percentiles, of both densities in the tumour's centre and at
its invasive margin (Pagès et al., Lancet 2018;391:2128). A lymphoma has no invasive margin, so that here both densities
are of the whole slide and the score is the mean of two percentiles.
"""

import numpy as np
import pandas as pd

from lcnec_utils.core.errors import UserError
from lcnec_utils.stats.proportions import check_index


def percentiles(values: pd.Series, *, reference: pd.Series | None = None) -> pd.Series:
    """The percentile of each value in a reference distribution, 0 to 100: the share of reference values below it, and
    half of those equal to it (mid-rank), so that tied values have one percentile. Missing values stay missing.

    reference: numbers, missing ones left out; the values themselves where it is None. Raises UserError where it holds
    no number.

    >>> percentiles(pd.Series([10.0, 20.0, 20.0, 40.0])).tolist()
    [12.5, 50.0, 50.0, 87.5]
    """
    known = (values if reference is None else reference).dropna().to_numpy(float)
    if not len(known):
        raise UserError("the reference distribution holds no number; give densities of samples")
    ordered = np.sort(known)
    numbers = values.to_numpy(float, na_value=np.nan)
    below, upto = (np.searchsorted(ordered, numbers, side=side) for side in ("left", "right"))
    shares = 100 * (below + upto) / (2 * len(ordered))
    return pd.Series(shares, values.index).mask(values.isna())


def immunoscore(cd3: pd.Series, cd8: pd.Series, *, reference: pd.DataFrame | None = None) -> pd.Series:
    """The mean of the percentiles of CD3+ and CD8+ densities, 0 to 100, of every sample that has both.

    cd3, cd8: cells per mm², on indexes of samples (or patients). reference: the distribution in which percentiles are
    taken, columns cd3 and cd8; where it is None, the samples themselves that have both. Raises UserError for a negative
    density, a row label that stands twice, and a reference without numbers.

    >>> immunoscore(pd.Series([100.0, 300, 200, 400]), pd.Series([10.0, 20, 30, 30])).tolist()
    [12.5, 50.0, 56.25, 81.25]
    """
    for name, values in (("cd3", cd3), ("cd8", cd8)):
        check_index(values, f"densities {name}")
        if len(negative := values.index[values < 0]):
            raise UserError(f"densities {name}, row {negative[0]}: {values[negative[0]]:g} is negative; correct it")
    both = pd.DataFrame({"cd3": cd3, "cd8": cd8}).astype(float).dropna()
    if reference is None and both.empty:
        return pd.Series(dtype=float, index=both.index, name="Immunoscore")
    parts = [
        percentiles(both[name], reference=None if reference is None else reference[name]) for name in ("cd3", "cd8")
    ]
    # equal scores must be equal to the last bit, for ranks are taken of them
    return ((parts[0] + parts[1]) / 2).round(9).rename("Immunoscore")
