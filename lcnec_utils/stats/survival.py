"""Kaplan–Meier curves, medians, restricted means, log-rank tests: tidy tables that agree with R's survival package.

A survival table has one row per patient: `months` (float ≥ 0), `event` (bool, or 0 and 1), and columns of groups or
covariates. A column `entry` (months) says when each came under observation: at risk are those with entry < t ≤ T.
Every function here, in stats/cox.py and in stats/comparison.py takes its table through `survival_table`, which refuses
what cannot be right. What the columns of the results mean stands in GLOSSARY.

A group with fewer than `min_group` patients is described, and nothing depends on it: no test, no hazard ratio, no
horizon. By default every group counts, as in R.

lifelines computes; own code stands only where it differs from R: limits on the log scale (R's default; lifelines
gives log-log), medians and their limits by R's quantile rule, risk tables that count everyone with T ≥ t, the test of
proportional hazards (lifelines has the old approximation), and delayed entry (lifelines' curves count who enters at an
event as at risk at it; its Cox model agrees with R, but is slow: 20 s for 60,000 rows).
"""

import dataclasses
import itertools
import math

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.stats.proportions import holm

NAN = float("nan")
# R's quantile.survfit takes a survival within this of the quantile as equal to it
TOLERANCE = math.sqrt(np.finfo(float).eps)

# What each column means in the results of stats/survival.py, stats/cox.py and stats/comparison.py
GLOSSARY = {
    "group": "group of patients; `all` where the table is not divided",
    "against": "the other group of a pair",
    "reference": "group that a difference is taken from",
    "n": "patients (rows, where a patient has several)",
    "events": "events among them; at one time, events at that time",
    "censored": "patients censored at that time",
    "months": "time from the start of follow-up, months",
    "at_risk": "patients still followed at that time, T ≥ t; at_risk_12: at 12 months",
    "survival": "Kaplan–Meier estimate at that time, a fraction; survival_12: at 12 months, with _lower and _upper",
    "median": "median survival, months; missing where the curve does not fall to one half",
    "median_months": "the same beside other estimates, with median_lower and median_upper",
    "median_lower": "lower 95% limit of the median, months",
    "median_upper": "upper 95% limit of the median, months; missing where it is not reached",
    "follow_up_months": "median follow-up by the reverse Kaplan–Meier method, months; missing where it is not reached",
    "horizon": "time up to which survival is averaged, months",
    "rmst": "restricted mean survival time up to the horizon, months",
    "rmst_lower": "lower 95% limit of the restricted mean, months",
    "rmst_upper": "upper 95% limit of the restricted mean, months",
    "difference": "restricted mean of the group less that of the reference, months",
    "lower": "lower limit (95% unless `level` says otherwise) of the row's estimate: survival, median, rmst, "
    "difference or, in a table of Cox models, hr",
    "upper": "upper limit of the same estimate",
    "term": "covariate of a model; `covariate: level vs reference` for one that is not a number",
    "counts": "patients with the marker, of how many",
    "n_with": "patients with the marker",
    "events_with": "events among them",
    "coefficient": "log hazard ratio",
    "se": "standard error of the coefficient, or of the restricted mean or its difference, months",
    "hr": "hazard ratio against the reference; above 1 events come sooner than in the reference",
    "hr_lower": "lower 95% limit of the hazard ratio (Wald)",
    "hr_upper": "upper 95% limit of the hazard ratio (Wald)",
    "hr_p": "two-sided p of the hazard ratio (Wald)",
    "p": "two-sided p of the test in the row: Wald's of a hazard ratio, log-rank, z, or the score test",
    "p_adjusted": "p adjusted for the number of tests (Holm)",
    "chi_squared": "test statistic",
    "df": "degrees of freedom",
    "note": "why a row has no estimate; empty where it has one",
    "tested": "whether the group has min_group patients, and so is in the tests",
    "log_rank_chi_squared": "log-rank statistic over all tested groups",
    "log_rank_df": "its degrees of freedom",
    "log_rank_p": "its two-sided p",
}


def survival_table(
    table: pd.DataFrame, *, group: str | None = None, covariates=(), complete: bool = False, allow_empty: bool = False
) -> pd.DataFrame:
    """The table checked: `months` and `entry` as float, `event` as bool, times that differ by rounding made equal, and
    only rows that are under observation for some time (entry < months, as R's Surv).

    complete: rows that lack months, event or a covariate are left out first, as R's coxph does; the caller counts them.
    Rows without a group are kept. Raises UserError, with the column and the row, for an unknown or duplicated column,
    events other than 0 and 1, missing, negative or infinite months, and months below entry; MissingData for a table
    without rows unless allow_empty.

    >>> import pandas as pd
    >>> survival_table(pd.DataFrame({"months": [5, 8], "event": [1, 0]}))
       months  event
    0     5.0   True
    1     8.0  False
    >>> survival_table(pd.DataFrame({"months": [5, 8], "event": [2, 1]}))
    Traceback (most recent call last):
        ...
    lcnec_utils.core.errors.UserError: column 'event', row 0: 2 is neither 0 nor 1, nor False nor True; recode the \
column by what its source says of the codes (where 2 is an event: event = code == 2)
    """
    table = _checked(table, group, covariates, complete, allow_empty)
    table = with_ties(table)
    return table[table["entry"] < table["months"]] if "entry" in table else table


def _checked(
    table: pd.DataFrame, group: str | None = None, covariates=(), complete: bool = False, allow_empty: bool = True
) -> pd.DataFrame:
    """`survival_table` with all rows and the times as they are."""
    if isinstance(covariates, str):
        raise UserError(f"covariates must be a list of columns, not the text {covariates!r}; write [{covariates!r}]")
    if not table.columns.is_unique:
        twice = list(dict.fromkeys(map(str, table.columns[table.columns.duplicated()])))
        raise UserError(f"the table has two columns named {', '.join(map(repr, twice))}; keep or rename one of them")
    for name in ("months", "event", *([] if group is None else [group]), *covariates):
        if name not in table.columns:
            shown = ", ".join(map(str, table.columns[:12])) + (", …" if len(table.columns) > 12 else "")
            raise UserError(f"the table has no column {name!r}; its columns are {shown or 'none'}")
    if table.empty and not allow_empty:
        raise MissingData("the survival table has no rows, so nothing can be estimated; check what was filtered out")
    if complete:
        table = table.dropna(subset=["months", "event", *covariates])
    months, event = _times(table, "months"), zero_or_one(table, "event")
    leave_out = "leave out rows without it, and say how many they are"
    _refuse(np.isnan(event), table, "event", "is missing", leave_out)
    _refuse(np.isnan(months), table, "months", "is missing", leave_out)
    _refuse(months < 0, table, "months", "is negative", "check the start of follow-up, or leave out such rows")
    columns = {"months": months, "event": event.astype(bool)}
    if "entry" in table.columns:
        columns["entry"] = _times(table, "entry")
        near = columns["entry"] - months > TOLERANCE * np.maximum(1, months)
        _refuse(near, table, "months", "is below the row's entry", "check both times, or leave out such rows")
    return table.assign(**columns)


def _floats(values: pd.Series, kinds: set[str]) -> tuple[np.ndarray, np.ndarray]:
    """Values as floats, the missing as NaN, and which are of another kind than these (of pandas' infer_dtype)."""
    values = values.astype(object)
    if pd.api.types.infer_dtype(values, skipna=True) in {*kinds, "empty"}:
        return values.where(values.notna(), NAN).to_numpy(float), np.zeros(len(values), bool)
    of_kind = [value is None or pd.api.types.infer_dtype([value]) in {*kinds, "empty"} for value in values]
    missing = values.isna().to_numpy(bool)
    other = ~np.array(of_kind, bool) & ~missing
    return values.mask(other | missing, NAN).to_numpy(float), other


def _times(table: pd.DataFrame, column: str) -> np.ndarray:
    """A column of times as floats, the missing as NaN."""
    values = table[column]
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        times = values.to_numpy(float, na_value=NAN)
    else:
        times, other = _floats(values, {"integer", "floating", "mixed-integer-float", "decimal"})
        _refuse(other, table, column, "is not a number", "convert the column to numbers of months")
    _refuse(np.isinf(times), table, column, "is infinite", "check the time, or leave out such rows")
    return times


def zero_or_one(table: pd.DataFrame, column: str) -> np.ndarray:
    """A column of 0 and 1, or of False and True, as floats, the missing as NaN; UserError for any other value.

    >>> import pandas as pd
    >>> zero_or_one(pd.DataFrame({"KRAS": [True, None, False]}), "KRAS")
    array([ 1., nan,  0.])
    """
    values = table[column]
    if pd.api.types.is_numeric_dtype(values):
        truths, other = values.to_numpy(float, na_value=NAN), np.zeros(len(values), bool)
    else:
        truths, other = _floats(values, {"boolean", "integer", "floating", "mixed-integer-float"})
    wrong = other | ~(np.isin(truths, (0, 1)) | np.isnan(truths))
    remedy = "recode the column by what its source says of the codes (where 2 is an event: event = code == 2)"
    if column != "event":
        remedy = f"recode the column to True and False, for example {column} = value == the level of interest"
    _refuse(wrong, table, column, "is neither 0 nor 1, nor False nor True", remedy)
    return truths


def _refuse(wrong: np.ndarray, table: pd.DataFrame, column: str, problem: str, remedy: str) -> None:
    """Raises UserError that names the first wrong row of a column, and how many more there are."""
    places = np.flatnonzero(wrong)
    if len(places):
        row, value = table.index[places[0]], table[column].iloc[places[0]]
        value = "the value" if problem == "is missing" else repr(value) if isinstance(value, str) else value
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        raise UserError(" ".join(f"column {column!r}, row {row}{more}: {value} {problem}; {remedy}".split()))


def with_ties(table: pd.DataFrame) -> pd.DataFrame:
    """The table with times that differ by rounding alone made equal, the least of them: R's aeqSurv (timefix).

    >>> import pandas as pd
    >>> with_ties(pd.DataFrame({"months": [0.1 + 0.2, 0.3, 2.0]}))["months"].nunique()
    2
    """
    clocks = [name for name in ("entry", "months") if name in table]
    times = table[clocks].to_numpy(float).ravel()
    times = np.sort(times[np.isfinite(times)])
    times = times[np.diff(times, prepend=-np.inf) > 0]  # as np.unique, in a third of its time
    steps = np.diff(times)
    close = steps <= TOLERANCE * max(1, np.abs(times).mean() if len(times) else 0)
    if not close.any():
        return table
    kept = times[np.concatenate([[True], ~close])]

    def least(clock: pd.Series) -> pd.Series:
        place = np.clip(np.searchsorted(kept, clock, side="right") - 1, 0, None)
        return clock.astype(float).where(~np.isfinite(clock.astype(float)), kept[place])

    return table.assign(**{name: least(table[name]) for name in clocks})


def _groups(table: pd.DataFrame, group: str | None):
    """Each group's name and rows, in the order of its categories, else sorted; rows without a group are in none."""
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
        else:
            lower, upper = (
                np.maximum(survival - z * se * survival, 0.0),
                np.minimum(survival + z * se * survival, 1.0),
            )
    at_zero = survival <= 0
    return np.where(at_zero, NAN, lower), np.where(at_zero, NAN, upper)


def _check_limits(limits: str, level: float = 0.95, quantile: float = 0.5) -> None:
    if limits not in ("log", "log-log", "plain"):
        raise UserError(f"limits must be log, log-log or plain, not {limits!r}")
    for name, value in (("level", level), ("quantile", quantile)):
        if not 0 < value < 1:
            raise UserError(f"{name} must be a fraction between 0 and 1, not {value!r}")


CURVE = ["months", "at_risk", "events", "censored", "survival", "lower", "upper"]


def _curve(rows: pd.DataFrame, limits: str = "log", level: float = 0.95) -> pd.DataFrame:
    """The Kaplan–Meier curve of the rows of a checked table, columns CURVE."""
    from lifelines import KaplanMeierFitter
    from lifelines.utils import survival_table_from_events

    if rows.empty:
        return pd.DataFrame(columns=CURVE)
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
    columns = [
        steps.index.to_numpy(float),
        at_risk.astype(int),
        events.astype(int),
        steps["censored"].to_numpy(int),
        survival,
        lower,
        upper,
    ]
    return pd.DataFrame(dict(zip(CURVE, columns, strict=True)))


def kaplan_meier(
    table: pd.DataFrame, *, group: str | None = None, limits: str = "log", level: float = 0.95
) -> pd.DataFrame:
    """The Kaplan–Meier curve of each group, one row per distinct time.

    Columns: group, months, at_risk (T ≥ t), events, censored, survival, lower, upper. Limits as R's
    survfit(conf.type="log" | "log-log" | "plain"). With `entry`, as survfit(Surv(entry, months, event)): a curve is 1
    until its first event, and stays at 0 once all at risk at a time had theirs, whoever comes later.

    >>> from lifelines.datasets import load_waltons
    >>> waltons = load_waltons().rename(columns={"T": "months", "E": "event"})
    >>> kaplan_meier(waltons, group="group").round(2).tail(2)[["group", "months", "at_risk", "events", "survival"]]
          group  months  at_risk  events  survival
    31  miR-137    47.0        3       1      0.06
    32  miR-137    62.0        2       2      0.00
    """
    _check_limits(limits, level)
    rows = survival_table(table, group=group)
    curves = []
    for name, patients in _groups(rows, group):
        if len(patients):
            curve = _curve(patients, limits, level)
            curve.insert(0, "group", name)
            curves.append(curve)
    return pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=["group", *CURVE])


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
    *,
    group: str | None = None,
    limits: str = "log",
    level: float = 0.95,
    quantile: float = 0.5,
) -> pd.DataFrame:
    """Median survival of each group with its limits, months; NaN where the curve (or its limit) never falls so far.

    Columns: group, n, events, median, lower, upper (limits of the median). Medians as R's quantile(survfit(…)), limits
    as print(survfit(…)); `quantile` is the survival read.

    >>> from lifelines.datasets import load_waltons
    >>> waltons = load_waltons().rename(columns={"T": "months", "E": "event"})
    >>> medians(waltons, group="group")
         group    n  events  median  lower  upper
    0  control  129     122    58.0   56.0   60.0
    1  miR-137   34      34    26.0   22.0   29.0
    """
    _check_limits(limits, level, quantile)
    return _medians(survival_table(table, group=group, allow_empty=True), group, limits, level, quantile)


def _medians(rows: pd.DataFrame, group: str | None, limits: str, level: float, quantile: float) -> pd.DataFrame:
    """`medians` of a checked table."""
    found = []
    for name, patients in _groups(rows, group):
        curve = _curve(patients, limits, level)
        months = curve["months"].to_numpy(float)
        times = [_time_at(months, curve[key].to_numpy(float), quantile) for key in ("survival", "lower", "upper")]
        found.append([name, len(patients), int(patients["event"].sum()), *times])
    return pd.DataFrame(found, columns=["group", "n", "events", "median", "lower", "upper"])


def follow_up(table: pd.DataFrame, *, group: str | None = None, limits: str = "log") -> pd.DataFrame:
    """Median follow-up by the reverse Kaplan–Meier method (Schemper & Smith 1996); columns as `medians`, where events
    are the censored patients.

    >>> import pandas as pd
    >>> follow_up(pd.DataFrame({"months": [6, 12, 18, 24, 30], "event": [1, 0, 0, 0, 0]}))["median"].item()
    21.0
    """
    _check_limits(limits)
    rows = survival_table(table, group=group, allow_empty=True)
    return _medians(rows.assign(event=~rows["event"]), group, limits, 0.95, 0.5)


def _at_risk(rows: pd.DataFrame, time: float) -> int:
    followed = rows["months"] >= time
    if "entry" in rows:
        followed &= (rows["entry"] < time) | (rows["entry"] <= 0)  # at 0, those who are there from the start
    return int(followed.sum())


def numbers_at_risk(table: pd.DataFrame, *, times, group: str | None = None) -> pd.DataFrame:
    """How many patients of each group are still followed at each time: those with T ≥ t. Groups × times.

    With `entry`, those with entry < t ≤ T, where summary(survfit, times=) would show the number at its next time.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"months": [6, 12, 18], "event": [1, 1, 0]})
    >>> numbers_at_risk(table, times=[0, 12, 24]).loc["all"].tolist()
    [3, 2, 0]
    """
    rows = survival_table(table, group=group, allow_empty=True)
    return pd.DataFrame(
        {name: [_at_risk(patients, time) for time in times] for name, patients in _groups(rows, group)},
        index=pd.Index(list(times), name="months"),
    ).T.rename_axis("group")


def milestones(table: pd.DataFrame, *, months=(12, 24), group: str | None = None, limits: str = "log") -> pd.DataFrame:
    """Survival of each group at given months (landmark rates), with its limits; NaN past a group's last observed time.

    Columns: group, months, at_risk (T ≥ t), survival, lower, upper. As R's summary(survfit(…), times=), which leaves
    out what is NaN here. limits: as `kaplan_meier`.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"months": [6, 12, 18, 30], "event": [1, 1, 0, 1]})
    >>> milestones(table)[["months", "at_risk", "survival"]]
       months  at_risk  survival
    0    12.0        3       0.5
    1    24.0        1       0.5
    """
    _check_limits(limits)
    return _milestones(survival_table(table, group=group, allow_empty=True), months, group, limits)


def _milestones(rows: pd.DataFrame, months, group: str | None, limits: str) -> pd.DataFrame:
    """`milestones` of a checked table."""
    found = []
    for name, patients in _groups(rows, group):
        curve = _curve(patients, limits)
        steps, values = curve["months"].to_numpy(float), curve[["survival", "lower", "upper"]].to_numpy(float)
        for time in months:
            place = np.searchsorted(steps, time, side="right") - 1
            known = len(steps) > 0 and time <= steps[-1]
            read = (values[place] if place >= 0 else np.ones(3)) if known else np.full(3, NAN)
            found.append([name, float(time), _at_risk(patients, time), *read])
    return pd.DataFrame(found, columns=["group", "months", "at_risk", "survival", "lower", "upper"])


def restricted_mean(
    table: pd.DataFrame, *, group: str | None = None, horizon: float | None = None, min_group: int = 1
) -> pd.DataFrame:
    """Mean survival up to a horizon, months: the area under each group's curve, with its standard error and 95% limits.

    Columns: group, n, events, horizon, rmst, se, lower, upper (rmst ± z·se). As R's print(survfit(…), rmean=horizon),
    which takes a curve as level past its last time. horizon: the smallest of the groups' largest times if not given.
    A group of fewer than min_group has its row, no mean, and no say in the horizon.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"months": [6, 12, 18, 30], "event": [1, 1, 1, 1]})
    >>> restricted_mean(table, horizon=24)["rmst"].item()  # (6 + 12 + 18 + 24) / 4
    15.0
    """
    rows = survival_table(table, group=group, allow_empty=True)
    groups = list(_groups(rows, group))
    least = max(min_group, 1)
    if horizon is None:
        longest = [float(patients["months"].max()) for _, patients in groups if len(patients) >= least]
        horizon = min(longest, default=NAN)
    if horizon < 0:
        raise UserError(f"the horizon must be a time from 0 on, not {horizon:g} months")
    found = []
    z = stats.norm.ppf(0.975)
    for name, patients in groups:
        mean = se = NAN
        if len(patients) >= least:
            curve = _curve(patients)
            curve = curve[curve["months"] <= horizon]
            at_risk, events = curve["at_risk"].to_numpy(float), curve["events"].to_numpy(float)
            areas = np.diff([0.0, *curve["months"], horizon]) * np.array([1.0, *curve["survival"]])
            left = at_risk - events
            greenwood = np.divide(events, at_risk * left, out=np.zeros(len(curve)), where=left > 0)
            mean = float(areas.sum())
            se = math.sqrt((np.cumsum(areas[:0:-1])[::-1] ** 2 * greenwood).sum())
        counts = {"group": name, "n": len(patients), "events": int(patients["event"].sum()), "horizon": horizon}
        found.append({**counts, "rmst": mean, "se": se, "lower": mean - z * se, "upper": mean + z * se})
    return pd.DataFrame(found, columns=["group", "n", "events", "horizon", "rmst", "se", "lower", "upper"])


def restricted_mean_difference(
    table: pd.DataFrame, *, group: str, reference: str, horizon: float | None = None, min_group: int = 1
) -> pd.DataFrame:
    """Each group's restricted mean less that of the reference, months, with 95% limits and the z test's two-sided p.

    Columns: group, reference, horizon, difference, se, lower, upper, p. Of R's rmean and se(rmean), up to one horizon
    for all groups (see `restricted_mean`). p is NaN where neither group has a standard error, or one has no mean.

    >>> from lifelines.datasets import load_waltons
    >>> waltons = load_waltons().rename(columns={"T": "months", "E": "event"})
    >>> apart = restricted_mean_difference(waltons, group="group", reference="control", horizon=60)
    >>> apart[["difference", "lower", "upper"]].round(1).values.tolist()
    [[-28.7, -33.3, -24.1]]
    """
    means = restricted_mean(table, group=group, horizon=horizon, min_group=min_group)
    if str(reference) not in list(means["group"]):
        raise UserError(f"the reference must be one of {', '.join(means['group'])}, not {reference!r}")
    base = means[means["group"] == str(reference)].iloc[0]
    found = means[means["group"] != str(reference)].reset_index(drop=True).assign(reference=str(reference))
    found = found.assign(difference=found["rmst"] - base["rmst"], se=np.hypot(found["se"], base["se"]))
    half = stats.norm.ppf(0.975) * found["se"]
    found["lower"], found["upper"] = found["difference"] - half, found["difference"] + half
    found["p"] = 2 * stats.norm.sf((found["difference"] / found["se"].where(half > 0)).abs())
    return found[["group", "reference", "horizon", "difference", "se", "lower", "upper", "p"]]


def describe(
    table: pd.DataFrame,
    *,
    group: str | None = None,
    months=(12, 24),
    horizon: float | None = None,
    limits: str = "log",
    min_group: int = 1,
) -> pd.DataFrame:
    """One row per group: its median, its median follow-up, its survival at given months and its restricted mean.

    Columns: group, n, events, median_months, median_lower, median_upper; follow_up_months; at_risk_12, survival_12,
    survival_12_lower, survival_12_upper and so for each of months; horizon, rmst, rmst_lower, rmst_upper (months). As
    `medians`, `follow_up`, `milestones` and `restricted_mean`. limits: scale of the limits of medians and of survival,
    as `kaplan_meier`.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"months": [6, 12, 18, 30], "event": [1, 1, 1, 1]})
    >>> describe(table, months=[12], horizon=24)[["n", "median_months", "survival_12", "rmst"]]
       n  median_months  survival_12  rmst
    0  4           15.0          0.5  15.0
    """
    _check_limits(limits)
    rows = survival_table(table, group=group, allow_empty=True)
    names = {"median": "median_months", "lower": "median_lower", "upper": "median_upper"}
    parts = [_medians(rows, group, limits, 0.95, 0.5).rename(columns=names)]
    parts.append(follow_up(rows, group=group)[["median"]].set_axis(["follow_up_months"], axis=1))
    for time in months:
        name = f"survival_{time:g}"
        names = {"at_risk": f"at_risk_{time:g}", "survival": name, "lower": f"{name}_lower", "upper": f"{name}_upper"}
        parts.append(_milestones(rows, [time], group, limits)[list(names)].rename(columns=names))
    names = {"horizon": "horizon", "rmst": "rmst", "lower": "rmst_lower", "upper": "rmst_upper"}
    means = restricted_mean(rows, group=group, horizon=horizon, min_group=min_group)
    return pd.concat([*parts, means[list(names)].rename(columns=names)], axis=1)


def landmark(table: pd.DataFrame, *, months: float) -> pd.DataFrame:
    """The patients still followed at a landmark (T ≥ it), with months counted from it, as R's subset.

    `attrs["lost"]` counts those who had their event or left before it. With `entry`, who comes under observation later
    is left out too (`attrs["late"]`), and the column goes: everyone is there from the landmark on.

    >>> import pandas as pd
    >>> landmark(pd.DataFrame({"months": [3, 8, 20], "event": [1, 1, 0]}), months=6)["months"].tolist()
    [2.0, 14.0]
    """
    table = _checked(table)
    late = table["entry"] > months if "entry" in table else pd.Series(False, index=table.index)
    kept = table[(table["months"] >= months) & ~late].drop(columns="entry", errors="ignore")
    kept = kept.assign(months=kept["months"] - months)
    kept.attrs |= {"lost": int((table["months"] < months).sum()), "late": int(late.sum())}
    return kept


def split_at(table: pd.DataFrame, *, switch: str, name: str = "after") -> pd.DataFrame:
    """The patients as rows (entry, months] before and after a time of their own, for `cox` with a covariate that turns.

    Adds entry and `name` (bool: whether the time has come). switch: the column with each one's time in months; missing
    is never. As R's tmerge(tdc()): who turns at or before their entry has one row, and a time at the end changes
    nothing. The rows of a patient share their index.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"months": [10, 7], "event": [1, 0], "second_line": [4, None]})
    >>> split_at(table, switch="second_line")[["entry", "months", "event", "after"]]
       entry  months  event  after
    0    0.0     4.0  False  False
    0    4.0    10.0   True   True
    1    0.0     7.0  False  False
    """
    table = _checked(table, covariates=[switch])
    start = table["entry"] if "entry" in table else pd.Series(0.0, index=table.index)
    time, event = pd.Series(_times(table, switch), index=table.index), table["event"]
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


def _right_censored(table: pd.DataFrame, group: str) -> pd.DataFrame:
    """A checked table for a log-rank test; UserError for one with delayed entry."""
    if "entry" in table:
        raise UserError("the log-rank test is of right-censored times; test groups with delayed entry by cox()")
    return survival_table(table, group=group)


def log_rank(table: pd.DataFrame, *, group: str) -> LogRank:
    """The log-rank test over all groups with at least one patient, as R's survdiff(rho=0).

    Raises UserError for a table with `entry`, as survdiff does: `cox` tests groups with delayed entry.

    >>> from lifelines.datasets import load_waltons
    >>> waltons = load_waltons().rename(columns={"T": "months", "E": "event"})
    >>> round(log_rank(waltons, group="group").chi_squared, 1)
    122.2
    """
    return _log_rank(_right_censored(table, group), group)


def _log_rank(rows: pd.DataFrame, group: str) -> LogRank:
    """`log_rank` of a checked table."""
    from lifelines.statistics import multivariate_logrank_test

    patients = rows.dropna(subset=[group])
    # who left before the first event was never at risk at one; R counts no degree of freedom for a group of such
    patients = patients[patients["months"] >= patients.loc[patients["event"], "months"].min()]
    present = patients[group].astype(str)
    degrees = present.nunique() - 1
    if degrees < 1 or not patients["event"].any():
        return LogRank(NAN, max(degrees, 0), NAN)
    result = multivariate_logrank_test(patients["months"], present, patients["event"])
    return LogRank(float(result.test_statistic), degrees, float(result.p_value))


def pairwise_log_rank(table: pd.DataFrame, *, group: str, min_group: int = 1) -> pd.DataFrame:
    """The log-rank test of every pair of groups that have min_group patients or more, as `log_rank`, with p adjusted
    for their number.

    Columns: group, against, n, events, chi_squared, p, p_adjusted (Holm, R's p.adjust). A pair that cannot be tested
    has no p and does not count as a test.

    >>> from lifelines.datasets import load_waltons
    >>> waltons = load_waltons().rename(columns={"T": "months", "E": "event"})
    >>> pairwise_log_rank(waltons, group="group")[["group", "against", "n", "events"]]
         group  against    n  events
    0  control  miR-137  163     156
    """
    rows = _right_censored(table, group)
    present = [(name, patients) for name, patients in _groups(rows, group) if len(patients) >= max(min_group, 1)]
    tested = []
    for (first, one), (second, other) in itertools.combinations(present, 2):
        two = pd.concat([one, other])
        test = _log_rank(two, group)
        tested.append([first, second, len(two), int(two["event"].sum()), test.chi_squared, test.p])
    result = pd.DataFrame(tested, columns=["group", "against", "n", "events", "chi_squared", "p"])
    return result.assign(p_adjusted=holm(result["p"].astype(float)))


def at_least(values: pd.Series, *, cut: float, high: str, low: str) -> pd.Series:
    """Values as two ordered groups, low first: at least the cut, or below it; missing stays missing.

    >>> import pandas as pd
    >>> at_least(pd.Series([4.0, 10.0, None]), cut=10, high="TMB high", low="TMB low").tolist()
    ['TMB low', 'TMB high', nan]
    """
    words = np.where(values.astype(float) >= cut, high, low)
    return pd.Series(pd.Categorical(np.where(values.isna(), None, words), [low, high]), index=values.index)
