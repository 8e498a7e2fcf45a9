"""The statistics that a conditioned draw runs on are those of survival.py, which agrees with R."""

import numpy as np
import pandas as pd
import pytest

from lcnec_utils.core import params
from lcnec_utils.stats import cox, survival
from lcnec_utils.twins import times


@pytest.mark.parametrize("seed", range(8))
def test_the_statistics_of_a_draw_are_those_of_survival(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(12, 120))
    months, event = rng.exponential(10, n), rng.random(n) < 0.8
    group, other = rng.integers(0, 3, n), rng.normal(size=n)
    table = pd.DataFrame({"months": months, "event": event, "group": group.astype(str), "a": group == 1, "b": other})
    row = survival.medians(table, limits="log-log").iloc[0]
    found = [np.nan if value == times.NOT_REACHED else value for value in times.quantiles(months, event)]
    np.testing.assert_allclose(found, row[["median", "lower", "upper"]].to_numpy(float), rtol=1e-9)
    assert times.log_rank_p(months, event, group) == pytest.approx(survival.log_rank(table, group="group").p, rel=1e-9)
    fitted = cox.cox(table, covariates=["a", "b"])
    beta, se = times.cox(months, event, np.column_stack([group == 1, other]))
    np.testing.assert_allclose([*beta, *se], [*fitted["coefficient"], *fitted["se"]], rtol=1e-6)


@pytest.mark.parametrize("day", ["2019-02-31", "2019", "soon"])
def test_a_cut_that_is_no_day_is_refused_in_one_line(day):
    with pytest.raises(params.ParameterError, match="no day; write YYYY-MM-DD") as error:
        params.validate({"era_cut": day})
    assert len(str(error.value).splitlines()) == 1
