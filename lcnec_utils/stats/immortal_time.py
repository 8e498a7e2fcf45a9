"""Immortal time, by simulation: a covariate without effect that only the living can come to have.

Each simulated patient has a day on which a biopsy would show the feature, and dies, or leaves, whatever it would show.
Whoever is gone before that day never has it. Three Cox models of the feature are fitted to each draw: as if it had been
known at time zero, from a landmark on, and as time-varying (stats/landmark.py); its hazard ratio is 1. All draws are
fitted at once: with one covariate of 0 and 1 and no ties, Cox's likelihood needs only the counts at risk.
"""

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils.core.errors import UserError
from lcnec_utils.core.units import DAYS_PER_MONTH
from lcnec_utils.stats.proportions import wilson

ANALYSES = ("as if known at time zero", "from the landmark", "time-varying")


def draw_patients(
    draws: int, patients: int, *, seed: int, median_months: float = 9, mean_day: float = 60, share: float = 0.5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Months of follow-up, whether it ends with the event, and the month of the feature (∞: never): draws × patients.

    Survival is exponential with the median given, censoring uniform over 6 to 36 months. The feature would be seen in
    `share` of the patients, on a day that is exponential with the mean given and independent of survival; in whom
    follow-up ends before it, it never is.

    >>> months, event, feature = draw_patients(2, 50, seed=1)
    >>> months.shape, bool((feature[np.isfinite(feature)] < months[np.isfinite(feature)]).all())
    ((2, 50), True)
    """
    if min(draws, patients) < 1:
        raise UserError(f"draws and patients must be 1 or more, not {draws} and {patients}")
    random = np.random.default_rng(seed)
    shape = (draws, patients)
    death = random.exponential(median_months / np.log(2), shape)
    censored = random.uniform(6, 36, shape)
    day = random.exponential(mean_day, shape)
    feature = np.where(random.random(shape) < share, day / DAYS_PER_MONTH, np.inf)
    months = np.minimum(death, censored)
    return months, death <= censored, np.where(feature < months, feature, np.inf)


def hazard_ratios(months: np.ndarray, event: np.ndarray, since: np.ndarray) -> pd.DataFrame:
    """The hazard ratio of a 0/1 covariate that is 1 after `since` (0: always; ∞: never), one Cox model per draw.

    months, event, since: draws × patients; months of −1 are of nobody. Columns: coefficient, se, hr, lower, upper (95%,
    Wald), p. Equal to `stats.landmark.time_varying_cox` where no two events are tied; UserError where they are. NaN
    where the covariate has no contrast at any event.

    >>> times = np.array([[1.0, 2.0, 3.0, 4.0]])
    >>> of_one = hazard_ratios(times, np.array([[True, True, True, False]]), np.array([[0, np.inf, 0, np.inf]]))
    >>> of_one[["hr", "lower", "upper"]].round(2).to_numpy().tolist()
    [[2.56, 0.23, 29.12]]
    """
    order = np.argsort(months, axis=1, kind="stable")
    months, event, since = (np.take_along_axis(each, order, 1) for each in (months, event, since))
    died = event & (months >= 0)
    if ((np.diff(months, axis=1) == 0) & died[:, 1:] & died[:, :-1]).any():
        raise UserError("two events of a draw at one time; fit such draws by stats.landmark.time_varying_cox")
    at_risk = np.arange(months.shape[1], 0, -1)
    # at each one's time, those still followed (the times are in order) whose feature has come
    having = np.array([
        np.triu(turn[None, :] < ends[:, None]).sum(axis=1) for ends, turn in zip(months, since, strict=True)
    ])  # fmt: skip
    beta, has = np.zeros((len(months), 1)), since < months
    with np.errstate(all="ignore"):  # a draw without contrast has no finite step, and is missing
        for _ in range(50):
            share = having * np.exp(beta) / (at_risk - having + having * np.exp(beta))
            information = (share * (1 - share) * died).sum(axis=1, keepdims=True)
            step = np.clip(((has - share) * died).sum(axis=1, keepdims=True) / information, -2, 2)
            beta = beta + step
            if not np.nanmax(np.abs(step), initial=0) > 1e-12:
                break
        se = 1 / np.sqrt(information)
    lost = ~(np.abs(beta) < 20)  # the likelihood has no maximum
    beta, se = (np.where(lost, np.nan, each)[:, 0] for each in (beta, se))
    z = stats.norm.ppf(0.975)
    return pd.DataFrame({
        "coefficient": beta, "se": se, "hr": np.exp(beta), "lower": np.exp(beta - z * se),
        "upper": np.exp(beta + z * se), "p": 2 * stats.norm.sf(np.abs(beta / se)),
    })  # fmt: skip


def simulate(*, day: float, draws: int = 500, patients: int = 200, seed: int = 1, **drawn) -> pd.DataFrame:
    """The hazard ratio of the covariate without effect in each draw, by each of the three analyses of ANALYSES.

    day: the landmark, days. Further arguments as of `draw_patients`. Columns: draw, analysis, n (patients in the
    model), with_feature (of them), then those of `hazard_ratios`.

    >>> table = simulate(day=30, draws=100, patients=100, seed=1)
    >>> np.exp(table.groupby("analysis")["coefficient"].mean())[list(ANALYSES)].round(1).tolist()
    [0.7, 1.0, 1.0]
    """
    months, event, feature = draw_patients(draws, patients, seed=seed, **drawn)
    at = day / DAYS_PER_MONTH
    followed = months >= at
    # after −1: from the start of the model on
    ever, by_landmark = (np.where(has, -1.0, np.inf) for has in (np.isfinite(feature), feature <= at))
    models = [
        (months, event, ever, np.ones_like(event), np.isfinite(feature)),
        (np.where(followed, months - at, -1), event & followed, by_landmark, followed, followed & (feature <= at)),
        (months, event, feature, np.ones_like(event), np.isfinite(feature)),
    ]
    tables = []
    for analysis, (ends, dies, since, counted, having) in zip(ANALYSES, models, strict=True):
        table = hazard_ratios(ends, dies, since)
        table.insert(0, "with_feature", having.sum(axis=1))
        table.insert(0, "n", counted.sum(axis=1))
        table.insert(0, "analysis", analysis)
        tables.append(table.rename_axis("draw").reset_index())
    return pd.concat(tables, ignore_index=True)


def coverage(table: pd.DataFrame) -> pd.DataFrame:
    """How often the 95% interval of `simulate`'s hazard ratios covers 1, the truth; one row per analysis.

    Columns: analysis, draws, hr (geometric mean), covered (draws), coverage with lower and upper (Wilson, 95%), in
    percent; a draw without an estimate counts as not covered.

    >>> coverage(simulate(day=30, draws=100, patients=100))[["analysis", "draws", "covered"]]
                       analysis  draws  covered
    0  as if known at time zero    100       66
    1         from the landmark    100       92
    2              time-varying    100       96
    """
    rows = []
    for analysis in ANALYSES:
        own = table[table["analysis"] == analysis]
        covered = int(((own["lower"] <= 1) & (own["upper"] >= 1)).sum())
        lower, upper = wilson(covered, len(own))
        rows.append({
            "analysis": analysis, "draws": len(own), "hr": float(np.exp(own["coefficient"].mean())), "covered": covered,
            "coverage": 100 * covered / len(own), "lower": 100 * lower, "upper": 100 * upper,
        })  # fmt: skip
    return pd.DataFrame(rows)
