"""Kaplan–Meier curves, medians, log-rank tests and Cox models, as tidy tables that agree with R's survival package.

A survival table has one row per patient: `months` (float ≥ 0), `event` (bool), and grouping or covariate columns.
A column `entry` (months) says when each came under observation: at risk are those with entry < t ≤ T.
A group with fewer than `min_group` patients is described, and nothing is made to hang on it: no test, no hazard ratio,
no horizon. By default every group counts, as in R.
lifelines computes; own code stands only where it differs from R: limits on the log scale (R's default; lifelines
gives log-log), medians and their limits by R's quantile rule, risk tables that count everyone with T ≥ t, the test of
proportional hazards (lifelines has the old approximation), and delayed entry (lifelines' curves count who enters at an
event as at risk at it; its Cox model agrees with R, but is slow: 20 s for 60,000 rows).
"""

import dataclasses
import itertools
import math
import warnings

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils import formats
from lcnec_utils.claims import Finding, of_hazard
from lcnec_utils.errors import MissingData
from lcnec_utils.proportions import by_size, holm, levels, of_size, small_sentence, too_few

NAN = float("nan")
# R's quantile.survfit takes a survival within this of the quantile as equal to it
TOLERANCE = math.sqrt(np.finfo(float).eps)


def _tied(table: pd.DataFrame) -> pd.DataFrame:
    """The table with times that differ by rounding alone made equal, the least of them: R's aeqSurv (timefix)."""
    clocks = [name for name in ("entry", "months") if name in table]
    times = np.unique(table[clocks].to_numpy(float))
    times = times[np.isfinite(times)]
    steps = np.diff(times)
    close = (steps <= TOLERANCE) | (steps <= TOLERANCE * np.abs(times).mean()) if len(steps) else np.array([], bool)
    if not close.any():
        return table
    kept = times[np.concatenate([[True], ~close])]

    def least(clock: pd.Series) -> pd.Series:
        at = np.clip(np.searchsorted(kept, clock, side="right") - 1, 0, None)
        return clock.astype(float).where(~np.isfinite(clock.astype(float)), kept[at])

    return table.assign(**{name: least(table[name]) for name in clocks})


def _observed(table: pd.DataFrame) -> pd.DataFrame:
    """The rows under observation for some time: with delayed entry, R's Surv leaves out those without entry < T."""
    table = _tied(table)
    return table[table["entry"] < table["months"]] if "entry" in table else table


def _groups(table: pd.DataFrame, group: str | None):
    table = _observed(table)
    if group is None:
        yield "all", table
        return
    column = table[group]
    names = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else sorted(column.dropna().unique())
    for level in names:
        yield str(level), table[column == level]


def _limits(survival: np.ndarray, greenwood: np.ndarray, limits: str, level: float):
    """Confidence limits of a survival curve; greenwood is the sum of d/(n(n−d)). Kalbfleisch & Prentice, ch. 1."""
    z = stats.norm.ppf(1 - (1 - level) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.sqrt(greenwood)
        if limits == "log":
            lower, upper = survival * np.exp(-z * se), np.minimum(survival * np.exp(z * se), 1.0)
        elif limits == "log-log":
            theta = z * se / np.log(survival)
            lower, upper = survival ** np.exp(-theta), survival ** np.exp(theta)
            # before the first event the curve is 1 and log(−log 1) is none: missing, as in R
            lower, upper = np.where(survival == 1, NAN, lower), np.where(survival == 1, NAN, upper)
        elif limits == "plain":
            lower, upper = (
                np.maximum(survival - z * se * survival, 0.0),
                np.minimum(survival + z * se * survival, 1.0),
            )
        else:
            raise ValueError(f"limits must be log, log-log or plain, not {limits!r}")
    at_zero = survival <= 0
    return np.where(at_zero, NAN, lower), np.where(at_zero, NAN, upper)


def kaplan_meier(
    table: pd.DataFrame, group: str | None = None, limits: str = "log", level: float = 0.95
) -> pd.DataFrame:
    """The Kaplan–Meier curve of each group, one row per distinct time.

    Columns: group, months, at_risk (T ≥ t), events, censored, survival, lower, upper. Limits as R's
    survfit(conf.type="log" | "log-log" | "plain"). With `entry`, as survfit(Surv(entry, months, event)): a curve is 1
    until its first event, and stays at 0 once all at risk at a time had theirs, whoever comes later.
    """
    from lifelines import KaplanMeierFitter
    from lifelines.utils import survival_table_from_events

    curves = []
    for name, rows in _groups(table, group):
        if rows.empty:
            continue
        steps = survival_table_from_events(rows["months"], rows["event"])
        steps = steps[(steps["observed"] + steps["censored"]) > 0]
        at_risk, events = steps["at_risk"].to_numpy(float), steps["observed"].to_numpy(float)
        if "entry" in rows:
            at_risk -= len(rows) - np.searchsorted(np.sort(rows["entry"].to_numpy(float)), steps.index, side="left")
            survival = np.cumprod(1 - events / at_risk)
        else:
            fitted = KaplanMeierFitter().fit(rows["months"], rows["event"])
            survival = fitted.survival_function_.iloc[:, 0].reindex(steps.index).to_numpy()
        with np.errstate(divide="ignore", invalid="ignore"):
            greenwood = np.cumsum(events / (at_risk * (at_risk - events)))
        lower, upper = _limits(survival, greenwood, limits, level)
        curves.append(
            pd.DataFrame(
                {
                    "group": name,
                    "months": steps.index.to_numpy(float),
                    "at_risk": at_risk.astype(int),
                    "events": events.astype(int),
                    "censored": steps["censored"].to_numpy(int),
                    "survival": survival,
                    "lower": lower,
                    "upper": upper,
                }
            )
        )
    columns = ["group", "months", "at_risk", "events", "censored", "survival", "lower", "upper"]
    return pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=columns)


def _time_at(months: np.ndarray, curve: np.ndarray, quantile: float) -> float:
    """The time at which a falling step curve reaches a quantile, by R's rule: the middle of a flat exactly on it."""
    known = ~np.isnan(curve)
    months, curve = months[known], curve[known]
    reached = np.flatnonzero(curve < quantile + TOLERANCE)
    if not reached.size:
        return NAN
    first = reached[0]
    if abs(curve[first] - quantile) < TOLERANCE:
        below = np.flatnonzero(curve < quantile - TOLERANCE)
        return (months[first] + (months[below[0]] if below.size else months[-1])) / 2
    return float(months[first])


def medians(
    table: pd.DataFrame,
    group: str | None = None,
    limits: str = "log",
    level: float = 0.95,
    quantile: float = 0.5,
) -> pd.DataFrame:
    """Median survival of each group with its limits, months; NaN where the curve (or its limit) never falls so far.

    Columns: group, n, events, median, lower, upper. Medians as R's quantile(survfit(…)), limits as print(survfit(…));
    `quantile` is the survival read.
    """
    rows = []
    for name, patients in _groups(table, group):
        curve = kaplan_meier(patients, limits=limits, level=level)
        months = curve["months"].to_numpy(float)
        rows.append(
            {
                "group": name,
                "n": len(patients),
                "events": int(patients["event"].sum()),
                "median": _time_at(months, curve["survival"].to_numpy(float), quantile),
                "lower": _time_at(months, curve["lower"].to_numpy(float), quantile),
                "upper": _time_at(months, curve["upper"].to_numpy(float), quantile),
            }
        )
    return pd.DataFrame(rows, columns=["group", "n", "events", "median", "lower", "upper"])


def follow_up(table: pd.DataFrame, group: str | None = None, limits: str = "log") -> pd.DataFrame:
    """Median follow-up by the reverse Kaplan–Meier method (Schemper & Smith 1996), as `medians`."""
    return medians(table.assign(event=~table["event"].astype(bool)), group, limits)


def _at_risk(rows: pd.DataFrame, time: float) -> int:
    followed = rows["months"] >= time
    if "entry" in rows:
        followed &= (rows["entry"] < time) | (rows["entry"] <= 0)  # at 0, those who are there from the start
    return int(followed.sum())


def numbers_at_risk(table: pd.DataFrame, times, group: str | None = None) -> pd.DataFrame:
    """How many patients of each group are still followed at each time: those with T ≥ t. Groups × times.

    With `entry`, those with entry < t ≤ T, where summary(survfit, times=) would show the number at its next time.
    """
    return pd.DataFrame(
        {name: [_at_risk(rows, time) for time in times] for name, rows in _groups(table, group)},
        index=pd.Index(list(times), name="months"),
    ).T.rename_axis("group")


def milestones(table: pd.DataFrame, months=(12, 24), group: str | None = None, limits: str = "log") -> pd.DataFrame:
    """Survival of each group at given months, with its limits; NaN past the last observed time of a group.

    Columns: group, months, at_risk (T ≥ t), survival, lower, upper. As R's summary(survfit(…), times=), which leaves
    out what is NaN here. limits: as `kaplan_meier`.
    """
    rows = []
    for name, patients in _groups(table, group):
        curve = kaplan_meier(patients, limits=limits)
        steps, values = curve["months"].to_numpy(float), curve[["survival", "lower", "upper"]].to_numpy(float)
        for time in months:
            at = np.searchsorted(steps, time, side="right") - 1
            known = len(steps) > 0 and time <= steps[-1]
            read = (values[at] if at >= 0 else np.ones(3)) if known else np.full(3, NAN)
            rows.append([name, float(time), _at_risk(patients, time), *read])
    return pd.DataFrame(rows, columns=["group", "months", "at_risk", "survival", "lower", "upper"])


def restricted_mean(
    table: pd.DataFrame, group: str | None = None, horizon: float | None = None, min_group: int = 1
) -> pd.DataFrame:
    """Mean survival up to a horizon, months: the area under each group's curve, with its standard error and 95% limits.

    Columns: group, n, events, horizon, rmst, se, lower, upper (rmst ± z·se). As R's print(survfit(…), rmean=horizon),
    which takes a curve as level past its last time. horizon: the smallest of the groups' largest times if not given.
    A group of fewer than min_group has its row, no mean, and no say in the horizon.
    """
    groups = list(_groups(table, group))
    least = max(min_group, 1)
    if horizon is None:
        horizon = min((float(rows["months"].max()) for _, rows in groups if len(rows) >= least), default=NAN)
    if horizon < 0:
        raise ValueError(f"the horizon must be a time from 0 on, not {horizon:g} months")
    rows = []
    z = stats.norm.ppf(0.975)
    for name, patients in groups:
        mean = se = NAN
        if len(patients) >= least:
            curve = kaplan_meier(patients)
            curve = curve[curve["months"] <= horizon]
            at_risk, events = curve["at_risk"].to_numpy(float), curve["events"].to_numpy(float)
            areas = np.diff([0.0, *curve["months"], horizon]) * np.array([1.0, *curve["survival"]])
            left = at_risk - events
            greenwood = np.divide(events, at_risk * left, out=np.zeros(len(curve)), where=left > 0)
            mean = float(areas.sum())
            se = math.sqrt((np.cumsum(areas[:0:-1])[::-1] ** 2 * greenwood).sum())
        counts = {"group": name, "n": len(patients), "events": int(patients["event"].sum()), "horizon": horizon}
        rows.append({**counts, "rmst": mean, "se": se, "lower": mean - z * se, "upper": mean + z * se})
    return pd.DataFrame(rows, columns=["group", "n", "events", "horizon", "rmst", "se", "lower", "upper"])


def restricted_mean_difference(
    table: pd.DataFrame, group: str, reference: str, horizon: float | None = None, min_group: int = 1
):
    """Each group's restricted mean less that of the reference, months, with 95% limits and the z test's two-sided p.

    Columns: group, reference, horizon, difference, se, lower, upper, p. Of R's rmean and se(rmean), up to one horizon
    for all groups (see `restricted_mean`). p is NaN where neither group has a standard error, or one has no mean.
    """
    means = restricted_mean(table, group, horizon, min_group)
    if str(reference) not in list(means["group"]):
        raise ValueError(f"the reference must be one of {', '.join(means['group'])}, not {reference!r}")
    against = means[means["group"] == str(reference)].iloc[0]
    found = means[means["group"] != str(reference)].reset_index(drop=True).assign(reference=str(reference))
    found = found.assign(difference=found["rmst"] - against["rmst"], se=np.hypot(found["se"], against["se"]))
    half = stats.norm.ppf(0.975) * found["se"]
    found["lower"], found["upper"] = found["difference"] - half, found["difference"] + half
    found["p"] = 2 * stats.norm.sf((found["difference"] / found["se"].where(half > 0)).abs())
    return found[["group", "reference", "horizon", "difference", "se", "lower", "upper", "p"]]


def describe(
    table: pd.DataFrame, group: str | None = None, months=(12, 24), horizon: float | None = None, min_group: int = 1
):
    """One row per group: its median, its survival at milestones and its restricted mean, months.

    Columns: group, n, events, median_months, median_lower, median_upper; at_risk_12, survival_12, survival_12_lower,
    survival_12_upper and so for each milestone; horizon, rmst, rmst_lower, rmst_upper. As the functions of that name.
    """
    names = {"median": "median_months", "lower": "median_lower", "upper": "median_upper"}
    parts = [medians(table, group).rename(columns=names)]
    for time in months:
        name = f"survival_{time:g}"
        names = {"at_risk": f"at_risk_{time:g}", "survival": name, "lower": f"{name}_lower", "upper": f"{name}_upper"}
        parts.append(milestones(table, [time], group)[list(names)].rename(columns=names))
    names = {"horizon": "horizon", "rmst": "rmst", "lower": "rmst_lower", "upper": "rmst_upper"}
    parts.append(restricted_mean(table, group, horizon, min_group)[list(names)].rename(columns=names))
    return pd.concat(parts, axis=1)


def landmark(table: pd.DataFrame, months: float) -> pd.DataFrame:
    """The patients still followed at a landmark (T ≥ it), with months counted from it, as R's subset.

    `attrs["lost"]` counts those who had their event or left before it. With `entry`, who comes under observation later
    is left out too (`attrs["late"]`), and the column goes: everyone is there from the landmark on.
    """
    late = table["entry"] > months if "entry" in table else pd.Series(False, index=table.index)
    kept = table[(table["months"] >= months) & ~late].drop(columns="entry", errors="ignore")
    kept = kept.assign(months=kept["months"] - months)
    kept.attrs |= {"lost": int((table["months"] < months).sum()), "late": int(late.sum())}
    return kept


def split_at(table: pd.DataFrame, switch: str, name: str = "after") -> pd.DataFrame:
    """The patients as rows (entry, months] before and after a time of their own, for `cox` with a covariate that turns.

    Adds entry and `name` (bool: whether the time has come). switch: the column with each one's time in months; missing
    is never. As R's tmerge(tdc()): who turns at or before their entry has one row, and a time at the end changes
    nothing. The rows of a patient share their index.
    """
    start = table["entry"].astype(float) if "entry" in table else pd.Series(0.0, index=table.index)
    time, event = table[switch].astype(float), table["event"].astype(bool)
    turns = (time > start) & (time < table["months"])
    first = table.assign(
        entry=start, months=table["months"].where(~turns, time), event=event & ~turns, **{name: time <= start}
    )
    second = table[turns].assign(entry=time[turns], event=event[turns], **{name: True})
    order = np.argsort(np.concatenate([np.arange(len(first)), np.flatnonzero(turns)]), kind="stable")
    return pd.concat([first, second]).iloc[order]


@dataclasses.dataclass(frozen=True)
class LogRank:
    """A log-rank test: chi-squared, degrees of freedom, two-sided p (NaN where fewer than two groups or no event)."""

    chi_squared: float
    degrees: int
    p: float


def log_rank(table: pd.DataFrame, group: str) -> LogRank:
    """The log-rank test over all groups with at least one patient, as R's survdiff(rho=0).

    Raises ValueError for a table with `entry`, as survdiff does: `cox` tests groups with delayed entry.
    """
    from lifelines.statistics import multivariate_logrank_test

    if "entry" in table:
        raise ValueError("the log-rank test is of right-censored times; test groups with delayed entry by cox()")
    patients = _tied(table.dropna(subset=[group]))
    # who left before the first event was never at risk at one; R counts no degree of freedom for a group of such
    patients = patients[patients["months"] >= patients.loc[patients["event"].astype(bool), "months"].min()]
    present = patients[group].astype(str)
    degrees = present.nunique() - 1
    if degrees < 1 or not patients["event"].any():
        return LogRank(NAN, max(degrees, 0), NAN)
    result = multivariate_logrank_test(patients["months"], present, patients["event"])
    return LogRank(float(result.test_statistic), degrees, float(result.p_value))


def pairwise_log_rank(table: pd.DataFrame, group: str, min_group: int = 1) -> pd.DataFrame:
    """The log-rank test of every pair of groups that have min_group patients or more, as `log_rank`, with p adjusted
    for their number.

    Columns: group, against, n, events, chi_squared, p, p_adjusted (Holm, R's p.adjust). A pair that cannot be tested
    has no p and does not count as a test.
    """
    present = [(name, rows) for name, rows in _groups(table, group) if len(rows) >= max(min_group, 1)]
    tested = []
    for (first, one), (second, other) in itertools.combinations(present, 2):
        two = pd.concat([one, other])
        found = log_rank(two, group)
        tested.append([first, second, len(two), int(two["event"].sum()), found.chi_squared, found.p])
    result = pd.DataFrame(tested, columns=["group", "against", "n", "events", "chi_squared", "p"])
    return result.assign(p_adjusted=holm(result["p"].astype(float)))


COX_COLUMNS = ["term", "n", "events", "coefficient", "se", "hr", "lower", "upper", "p", "note"]


def _design(
    table: pd.DataFrame, covariates: list[str], reference: dict[str, str], min_group: int
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Numeric columns as they are; others as 0/1 columns against their reference level, or the first of min_group.

    Also the covariate that each column is of.
    """
    columns, terms = {}, {}
    for name in covariates:
        column = table[name]
        if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
            columns[name], terms[name] = column.astype(float), name
            continue
        order = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else sorted(column.unique())
        present = [level for level in order if (column == level).any()]
        # a reference that nobody here has would leave one column too many; one of few would carry every ratio
        enough = [level for level in present if (column == level).sum() >= min_group] or present
        against = reference.get(name) if reference.get(name) in enough else next(iter(enough), None)
        for level in present:
            if level != against:
                key = f"{name}: {level} vs {against}"
                columns[key], terms[key] = (column == level).astype(float), name
    return pd.DataFrame(columns, index=table.index), terms


def _bounded(coefficient: float, se: float) -> bool:
    """Whether an estimate per standard deviation is one: a monotone likelihood runs off to where both are huge."""
    return bool(np.isfinite(coefficient) and np.isfinite(se) and abs(coefficient) < 7 and se < 50)


def _partial_likelihood(data: np.ndarray, entry: np.ndarray, months: np.ndarray, event: np.ndarray, beta: np.ndarray):
    """The Cox model's log likelihood at beta, with Efron's ties; the events' times in order; each event's covariates
    less their mean among those at risk; and a function that gives the information, with a weight per event.
    """
    eta = data @ beta
    weight = np.exp(eta - eta.max())
    events = np.flatnonzero(event)
    events = events[np.argsort(months[events], kind="stable")]
    times, which, ties = np.unique(months[events], return_inverse=True, return_counts=True)
    # the k-th of d tied events counts the d as at risk by 1 − k/d
    fraction = (np.arange(len(events)) - (np.cumsum(ties) - ties)[which]) / ties[which]
    weighted = weight[:, None] * np.column_stack([np.ones(len(data)), data])

    def still(clock):
        order = np.argsort(clock, kind="stable")
        sums = np.vstack([np.cumsum(weighted[order[::-1]], axis=0)[::-1], np.zeros(weighted.shape[1])])
        return sums[np.searchsorted(clock[order], times, side="left")]

    dying = np.zeros((len(times), weighted.shape[1]))
    np.add.at(dying, which, weighted[events])
    sums = (still(months) - still(entry))[which] - fraction[:, None] * dying[which]
    mean = sums[:, 1:] / sums[:, :1]

    def information(per_event):
        # a patient's part in all the sets they are at risk in, as one running sum over the events
        parts = per_event / sums[:, 0]
        running = np.concatenate([[0.0], np.cumsum(parts)])
        until, since = (running[np.searchsorted(months[events], clock, side="right")] for clock in (months, entry))
        part = until - since
        part[events] -= np.bincount(which, parts * fraction)[which]
        return (data * (weight * part)[:, None]).T @ data - (mean * per_event[:, None]).T @ mean

    likelihood = float((eta[events] - eta.max()).sum() - np.log(sums[:, 0]).sum())
    return likelihood, months[events], data[events] - mean, information


def _newton(data: np.ndarray, entry: np.ndarray, months: np.ndarray, event: np.ndarray):
    """Coefficients of a Cox model with delayed entry and their standard errors; a step that overshoots is halved."""
    beta = step = np.zeros(data.shape[1])
    best = -np.inf
    for _ in range(100):
        likelihood, _, residuals, information = _partial_likelihood(data, entry, months, event, beta + step)
        if not likelihood >= best - 1e-9 * max(abs(best), 1) and np.isfinite(best):
            step = step / 2
            continue
        beta, best = beta + step, likelihood
        matrix = information(np.ones(len(residuals)))
        if np.linalg.cond(matrix) > 1e12:
            break
        step = np.linalg.solve(matrix, residuals.sum(axis=0))
        if np.abs(step).max() < 1e-10:
            return beta, np.sqrt(np.diag(np.linalg.inv(matrix)))
    raise np.linalg.LinAlgError("no maximum")


@dataclasses.dataclass
class _Model:
    """A Cox model: the complete patients and those in the fit, each column's covariate, why a column has no estimate.

    small: columns that are in the fit and not reported, for a level has too few patients. data: the columns in the fit,
    standardised; coefficients and errors: per standard deviation, `scale`.
    """

    complete: pd.DataFrame
    rows: pd.DataFrame
    terms: dict[str, str]
    notes: dict[str, str]
    small: dict[str, str]
    data: pd.DataFrame
    scale: pd.Series
    coefficients: pd.Series | None = None
    errors: pd.Series | None = None

    def arrays(self):
        """Covariates, entry, months and event of those in the fit, for `_partial_likelihood`."""
        rows = self.rows if "entry" in self.rows else self.rows.assign(entry=-np.inf)
        return self.data.to_numpy(), *(rows[name].to_numpy(float) for name in ("entry", "months", "event"))


def _small(design: pd.DataFrame, terms: dict[str, str], min_group: int) -> dict[str, str]:
    """The columns of levels, or of two values, with fewer than min_group patients on a side, and the words for it."""
    found = {}
    for key, values in design.items():
        if set(values.unique()) <= {0.0, 1.0}:
            ones = int(values.sum())
            # a level stands beside a reference that is large enough; of a column of two values both sides count
            if (ones if terms[key] != key else min(ones, len(values) - ones)) < min_group:
                found[key] = f"not estimable: fewer than {min_group} patients"
    return found


def _fit(table: pd.DataFrame, covariates: list[str], reference: dict[str, str] | None, min_group: int = 1) -> _Model:
    """A Cox model with Efron's ties on the complete cases."""
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError

    complete = _observed(table.dropna(subset=["months", "event", *covariates])).reset_index(drop=True)
    design, terms = _design(complete, covariates, reference or {}, min_group)
    small = _small(design, terms, min_group)
    event = complete["event"].astype(bool)
    notes = {}
    # a level without events has a hazard ratio of 0 (or, as the reference, infinity): at that limit its patients weigh
    # nothing, so they leave the fit, where keeping them without the column would add them to the reference
    kept = pd.Series(True, index=complete.index)
    left = list(design)
    while left:
        for key in left:
            values, events = design.loc[kept, key], event[kept]
            if not events.any():
                notes[key] = "not estimable: no event"
            elif values.nunique() < 2:
                notes[key] = "not estimable: every patient has the same value"
            elif set(values.unique()) <= {0.0, 1.0} and events.groupby(values).any().sum() < 2:
                notes[key] = "not estimable: a level has no event"
                kept &= (design[key] == 1) == event[kept & (design[key] == 1)].any()
            else:
                continue
            left.remove(key)
            break
        else:
            break
    # centred and scaled, so that Newton's steps converge to the last digit whatever the unit
    used = design.loc[kept, left]
    scale = used.std(ddof=0)
    model = _Model(complete, complete[kept], terms, notes, small, (used - used.mean()) / scale, scale)
    if not left or not event.any():
        return model
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what lifelines warns of is said in note
            if "entry" in complete:
                model.coefficients, model.errors = (pd.Series(each, left) for each in _newton(*model.arrays()))
            else:
                fitted = CoxPHFitter().fit(
                    model.data.assign(months=complete["months"], event=event),
                    "months",
                    "event",
                    fit_options={"precision": 1e-18, "r_precision": 0.0, "max_steps": 100, "step_size": 0.95},
                )
                model.coefficients, model.errors = fitted.params_, fitted.standard_errors_
    except (ConvergenceError, np.linalg.LinAlgError, ValueError):
        notes |= dict.fromkeys(left, "not estimable: the model does not converge")
        return model
    for key in left:
        if not _bounded(model.coefficients[key], model.errors[key]):
            notes[key] = "not estimable: the likelihood has no maximum (the groups' events do not overlap)"
    return model


def cox(
    table: pd.DataFrame, covariates: list[str], reference: dict[str, str] | None = None, min_group: int = 1
) -> pd.DataFrame:
    """Hazard ratios of a Cox model with Efron's ties, complete cases only; one row per term, as R's coxph.

    Columns: term, n, events, coefficient, se, hr, lower, upper (95%, Wald), p (Wald), note. `attrs["dropped"]`
    counts incomplete patients. A term whose level has no event, or no contrast, is NaN with its reason in note; so is
    one of fewer than min_group patients, who stay in the fit that the other terms are from.
    With `entry`, as coxph(Surv(entry, months, event) ~ …): n counts rows, of which a patient may have several.
    """
    model = _fit(table, covariates, reference, min_group)
    counts = {"n": len(model.complete), "events": int(model.complete["event"].astype(bool).sum())}
    rows = []
    z = stats.norm.ppf(0.975)
    for key in model.terms:
        note = model.notes.get(key) or model.small.get(key, "")
        row = {"term": key, **counts, **dict.fromkeys(COX_COLUMNS[3:9], NAN), "note": note}
        if not row["note"]:
            coefficient = float(model.coefficients[key] / model.scale[key])
            se = float(model.errors[key] / model.scale[key])
            row |= {
                "coefficient": coefficient,
                "se": se,
                "hr": math.exp(coefficient),
                "lower": math.exp(coefficient - z * se),
                "upper": math.exp(coefficient + z * se),
                "p": float(2 * stats.norm.sf(abs(coefficient / se))),
            }
        rows.append(row)
    result = pd.DataFrame(rows, columns=COX_COLUMNS)
    result.attrs["dropped"] = len(table) - len(model.complete)
    return result


def events_per_variable(fitted: pd.DataFrame) -> float:
    """Events per column of a model, from what `cox` returned; NaN for a model without columns."""
    return float(fitted["events"].iloc[0] / len(fitted)) if len(fitted) else NAN


def proportional_hazards(
    table: pd.DataFrame, covariates: list[str], reference: dict[str, str] | None = None, min_group: int = 1
) -> pd.DataFrame:
    """The score test of proportional hazards for each covariate of `cox`'s model and for all, as R's cox.zph (≥ 3).

    Columns: term (a covariate with all its levels, or GLOBAL), chi_squared, df, p, note. Against 1 − survival just
    before each event (R's transform="km"). A level that is not estimable, or has fewer than min_group patients, is left
    out, and named in note; where the model is not, or its events are at too few times, there is no test.
    """
    model = _fit(table, covariates, reference, min_group)
    columns = list(model.data)
    estimated = bool(columns) and not any(key in model.notes for key in columns)
    if estimated:
        data, entry, months, event = model.arrays()
        beta = model.coefficients[columns].to_numpy(float)
        _, times, residuals, information = _partial_likelihood(data, entry, months, event, beta)
        curve = kaplan_meier(model.rows)
        clock = 1 - np.array([1.0, *curve["survival"]])[np.searchsorted(curve["months"], times, side="left")]
        clock = (clock - clock.mean()) / (clock.std() or 1)
        score = (residuals * clock[:, None]).sum(axis=0)
        own, cross, late = (information(clock**power) for power in range(3))
    rows = []
    for name in [*covariates, "GLOBAL"]:
        keys = [key for key in model.terms if name in ("GLOBAL", model.terms[key])]
        at = [i for i, key in enumerate(columns) if key in keys and key not in model.small]
        row = {"term": name, "chi_squared": NAN, "df": len(at), "p": NAN}
        lacking = model.small | model.notes
        row["note"] = "; ".join(f"{key} {lacking[key]}" for key in keys if key in lacking)
        if estimated and at:
            # the model with the covariates' products with time, where its own score is 0
            joint = np.block([[own, cross[:, at]], [cross[at], late[np.ix_(at, at)]]])
            full = np.concatenate([np.zeros(len(columns)), score[at]])
            if np.linalg.cond(joint) < 1e13:
                row["chi_squared"] = float(full @ np.linalg.solve(joint, full))
                row["p"] = float(stats.chi2.sf(row["chi_squared"], len(at)))
        if np.isnan(row["p"]) and not row["note"]:
            row["note"] = "not estimable: " + ("events at too few times" if estimated else "the model is not")
        rows.append(row)
    return pd.DataFrame(rows, columns=["term", "chi_squared", "df", "p", "note"])


def cox_each(table: pd.DataFrame, columns: list[str], min_group: int = 2) -> pd.DataFrame:
    """One unadjusted Cox model per two-level column: patients with True against patients with False.

    Adds n_with, events_with (the True group) and counts (text) to `cox`'s columns; a column with fewer than min_group
    patients on a side is not fitted, with the reason in note.
    """
    rows = []
    for column in columns:
        known = table.dropna(subset=[column])
        marked = known[column].astype(bool)
        with_it = {"n_with": int(marked.sum()), "events_with": int(known.loc[marked, "event"].sum())}
        if min(marked.sum(), (~marked).sum()) < min_group:
            row = {
                "n": len(known),
                "events": int(known["event"].sum()),
                **dict.fromkeys(COX_COLUMNS[3:9], NAN),
            }
            row["note"] = f"fewer than {min_group} patients on a side"
        else:
            row = cox(known.assign(**{column: marked}), [column]).iloc[0].to_dict()
        rows.append({**row, **with_it, "counts": f"{with_it['n_with']} of {len(known)}", "term": column})
    return pd.DataFrame(rows, columns=["term", "counts", "n_with", "events_with", *COX_COLUMNS[1:]])


def alone_and_joint(
    table: pd.DataFrame, markers: list[str], patients: pd.DataFrame, adjust: list[str], min_group: int = 2
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Markers in a Cox model each, and together in one with the adjusting columns of patients (those it has).

    The joint model holds the markers with at least min_group patients on each side, complete cases. Both as `cox_each`.
    """
    alone = cox_each(table, markers, min_group)
    usable = list(alone.loc[alone["note"] == "", "term"])
    adjusting = [name for name in adjust if name in patients]
    data = table.join(patients[adjusting])
    complete = data.dropna(subset=[*usable, *adjusting])
    # per ten years, as a hazard ratio per year of age says little
    complete = complete.assign(**{name: complete[name] / 10 for name in adjusting if name == "AGE"})
    complete = complete.astype(dict.fromkeys(usable, bool))
    joint = cox(complete, [*usable, *adjusting], min_group=min_group)
    with_it = [int(complete[term].sum()) if term in usable else None for term in joint["term"]]
    joint["counts"] = [f"n = {len(complete)}" if count is None else f"{count} of {len(complete)}" for count in with_it]
    joint["term"] = joint["term"].replace({"AGE": "Age, per 10 years"}).str.replace("SEX: ", "Sex: ")
    return alone, joint


def forest_sentence(table: pd.DataFrame) -> str:
    """Which terms of a forest's table have a 95% interval that excludes 1, and which are not estimated and why."""
    apart = table[(table["lower"] > 1) | (table["upper"] < 1)]
    fitted = int(table["hr"].notna().sum())
    left = table[table["hr"].isna() & (table["note"] != "")] if "note" in table else table.iloc[:0]
    reasons = "; ".join(f"{row.term} ({row.note.removeprefix('not estimable: ')})" for row in left.itertuples())
    reasons = f" Shown, not estimated: {reasons}." if reasons else ""
    if not fitted:
        return f"No term could be estimated.{reasons}"
    tail = f" (n = {table['n'].max()}, {table['events'].max()} events).{reasons}"
    if apart.empty:
        return f"None of {formats.count(fitted, 'term')} has a 95% interval that excludes a hazard ratio of 1{tail}"
    named = "; ".join(f"{row.term} {formats.hazard_ratio(row.hr, row.lower, row.upper)}" for row in apart.itertuples())
    head = f"{len(apart)} of {formats.count(fitted, 'term')} with a 95% interval that excludes a hazard ratio of 1"
    return f"{head}: {named}{tail}"


def above(values: pd.Series, cut: float, high: str, low: str) -> pd.Series:
    """Values as two ordered groups, low first: at least the cut, or below it; missing stays missing."""
    words = np.where(values.astype(float) >= cut, high, low)
    return pd.Series(pd.Categorical(np.where(values.isna(), None, words), [low, high]), index=values.index)


def time_ticks(longest: float, most: int = 7) -> list[float]:
    """Round times in months from 0 on, a month to ten years apart, at most `most` of them up to the longest."""
    step = next((step for step in (1, 2, 3, 6, 12, 24, 36, 60, 120) if longest / step < most), 240)
    return list(np.arange(0, longest + step * 0.01, step))


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Survival of groups side by side: curves, medians, numbers at risk, log-rank, hazard ratios against a reference.

    tested: the groups large enough for the log-rank test and the Cox model; small: the others, shown only, which have
    fewer than min_group patients.
    """

    endpoint: str
    curve: pd.DataFrame
    medians: pd.DataFrame
    at_risk: pd.DataFrame
    log_rank: LogRank
    ratios: pd.DataFrame
    tested: list[str]
    small: list[str]
    dropped: int
    total: int
    min_group: int = 2

    def summary(self) -> pd.DataFrame:
        """One row per group: group, n, events, median and limits (months), hazard ratio against the reference with
        its interval and p, and the log-rank test of all tested groups (repeated)."""
        ratios = self.ratios.set_index("group").reindex(self.medians["group"])
        table = self.medians.rename(
            columns={"median": "median_months", "lower": "median_lower", "upper": "median_upper"}
        )
        for name in ("hr", "lower", "upper", "p"):
            table[name if name == "hr" else f"hr_{name}"] = ratios[name].to_numpy()
        return table.assign(
            tested=table["group"].isin(self.tested),
            log_rank_chi_squared=self.log_rank.chi_squared,
            log_rank_df=self.log_rank.degrees,
            log_rank_p=self.log_rank.p,
        )

    @property
    def reference(self) -> str:
        """The group that the hazard ratios are against."""
        return next((name for name in self.tested if name not in set(self.ratios["group"])), "")

    def notes(self) -> list[str]:
        """Lines for the plot: the log-rank p, hazard ratios against the reference, groups too small to test."""
        lines = [f"Log-rank {formats.p_value(self.log_rank.p)}"]
        for row in self.ratios.itertuples():
            name = "HR" if len(self.ratios) == 1 else f"{row.group} HR"
            lines.append(f"{name} {formats.hazard_ratio(row.hr, row.lower, row.upper)}")
        if len(self.tested) > 1:
            lines.append(f"HR: reference {self.reference}")
        return lines + [f"{name}: too few to test" for name in self.small]

    def sentence(self) -> str:
        """What the panel shows, in one sentence."""
        groups = "; ".join(
            f"{row.group} {formats.median_months(row.median, row.lower, row.upper)} (n = {row.n}, {row.events} events)"
            for row in self.medians.itertuples()
        )
        left = (
            f" {self.dropped} of {self.total} patients lack the endpoint or the group and are left out."
            if self.dropped
            else ""
        )
        sizes = self.medians.set_index("group")["n"]
        shown = small_sentence({name: int(sizes[name]) for name in self.small}, self.min_group)
        test = f"log-rank {formats.p_value(self.log_rank.p)}"
        return f"Median {self.endpoint}, months (95% CI): {groups}; {test}.{left}{f' {shown}' if shown else ''}"


def compare(
    table: pd.DataFrame,
    group: str,
    endpoint: str = "survival",
    min_group: int = 2,
    total: int | None = None,
    limits: str = "log",
    reference: str | None = None,
    source: str = "",
) -> Comparison:
    """Groups of a survival table compared; patients without a group are dropped and counted. limits: of curves and
    medians, as `kaplan_meier`. reference: the group that hazard ratios are against, the first tested if not given.

    min_group: a group with fewer patients is shown, not tested. total: how many patients there were before the
    table was made (the table's own `attrs["dropped"]` is added where it is not given). source: what the table is from,
    for the reason of MissingData, which is raised where nobody is left.
    """
    total = total if total is not None else len(table) + table.attrs.get("dropped", 0)
    patients = table.dropna(subset=["months", "event", group])
    if patients.empty:
        of = f" of {source}" if source else ""
        raise MissingData(f"no patient{of} has both {endpoint} and {group.replace('_', ' ')}")
    patients = _tied(patients).assign(**{group: pd.Categorical(patients[group].astype(str), levels(patients[group]))})
    tested, small = by_size(patients[group], min_group)
    subset = of_size(patients, group, min_group)
    ratios = pd.DataFrame(columns=["group", *COX_COLUMNS])
    if len(tested) > 1:
        against = reference if reference in tested else tested[0]
        fitted = cox(subset, [group], {group: against})
        ratios = fitted.assign(group=[name for name in tested if name != against])
    return Comparison(
        endpoint=endpoint,
        curve=kaplan_meier(patients, group, limits),
        medians=medians(patients, group, limits),
        at_risk=numbers_at_risk(patients, time_ticks(patients["months"].max()), group),
        # with delayed entry there is no log-rank test; Cox's ratios stand for it
        log_rank=LogRank(NAN, len(tested) - 1, NAN) if "entry" in subset else log_rank(subset, group),
        ratios=ratios,
        tested=tested,
        small=list(small),
        dropped=total - len(patients),
        total=total,
        min_group=min_group,
    )


def stack(comparisons: dict[str, Comparison], name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The summaries and the curves of several comparisons, each as one table with a leading column `name`."""
    summary = pd.concat({key: each.summary() for key, each in comparisons.items()}, names=[name])
    curve = pd.concat({key: each.curve for key, each in comparisons.items()}, names=[name])
    return tuple(table.reset_index(level=0).reset_index(drop=True) for table in (summary, curve))


def sentences(comparisons: dict[str, Comparison]) -> str:
    """What several comparisons show, one sentence each."""
    return " ".join(f"**{key}.** {each.sentence()}" for key, each in comparisons.items())


def pairs(table: pd.DataFrame, group: str, min_group: int = 5, only: list[str] | None = None) -> list[Finding]:
    """The hazard ratio of every pair of groups, as findings: "no difference" must hold of each.

    only: the groups that are asked about, all where not given. Of them those count that have min_group patients or
    more; one finding without a value says so where no two have.
    """
    held = table[table[group].astype(str).isin(only)] if only else table
    enough, _ = by_size(held[group], min_group)
    if len(enough) < 2:
        sizes = held[group].dropna().astype(str).value_counts().to_dict()
        return [too_few(only or [str(name) for name in table[group].cat.categories], sizes, min_group)]
    found = []
    for first, second in itertools.combinations(enough, 2):
        two = held[held[group].isin([first, second])]
        fitted = cox(two.assign(**{group: two[group] == second}), [group])
        found.append(of_hazard(fitted.iloc[0]))
    return found
