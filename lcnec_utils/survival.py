"""Kaplan–Meier curves, medians, log-rank tests and Cox models, as tidy tables that agree with R's survival package.

A survival table has one row per patient: `months` (float ≥ 0), `event` (bool), and grouping or covariate columns.
lifelines computes; own code stands only where it differs from R: limits on the log scale (R's default; lifelines
gives log-log), medians and their limits by R's quantile rule, and risk tables that count everyone with T ≥ t.
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

NAN = float("nan")
# R's quantile.survfit takes a survival within this of the quantile as equal to it
TOLERANCE = math.sqrt(np.finfo(float).eps)


def _groups(table: pd.DataFrame, group: str | None):
    if group is None:
        yield "all", table
        return
    column = table[group]
    levels = (
        column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else sorted(column.dropna().unique())
    )
    for level in levels:
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
    survfit(conf.type="log" | "log-log" | "plain").
    """
    from lifelines import KaplanMeierFitter

    curves = []
    for name, rows in _groups(table, group):
        if rows.empty:
            continue
        fitted = KaplanMeierFitter().fit(rows["months"], rows["event"])
        steps = fitted.event_table
        steps = steps[(steps["observed"] + steps["censored"]) > 0]
        survival = fitted.survival_function_.iloc[:, 0].reindex(steps.index).to_numpy()
        at_risk, events = steps["at_risk"].to_numpy(float), steps["observed"].to_numpy(float)
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


def numbers_at_risk(table: pd.DataFrame, times, group: str | None = None) -> pd.DataFrame:
    """How many patients of each group are still followed at each time: those with T ≥ t. Groups × times."""
    return pd.DataFrame(
        {name: [int((rows["months"] >= time).sum()) for time in times] for name, rows in _groups(table, group)},
        index=pd.Index(list(times), name="months"),
    ).T.rename_axis("group")


@dataclasses.dataclass(frozen=True)
class LogRank:
    """A log-rank test: chi-squared, degrees of freedom, two-sided p (NaN where fewer than two groups or no event)."""

    chi_squared: float
    degrees: int
    p: float


def log_rank(table: pd.DataFrame, group: str) -> LogRank:
    """The log-rank test over all groups with at least one patient, as R's survdiff(rho=0)."""
    from lifelines.statistics import multivariate_logrank_test

    patients = table.dropna(subset=[group])
    # who left before the first event was never at risk at one; R counts no degree of freedom for a group of such
    patients = patients[patients["months"] >= patients.loc[patients["event"].astype(bool), "months"].min()]
    present = patients[group].astype(str)
    degrees = present.nunique() - 1
    if degrees < 1 or not patients["event"].any():
        return LogRank(NAN, max(degrees, 0), NAN)
    result = multivariate_logrank_test(patients["months"], present, patients["event"])
    return LogRank(float(result.test_statistic), degrees, float(result.p_value))


COX_COLUMNS = ["term", "n", "events", "coefficient", "se", "hr", "lower", "upper", "p", "note"]


def _design(
    table: pd.DataFrame, covariates: list[str], reference: dict[str, str]
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Numeric columns as they are; others as 0/1 columns against their reference level (else the first)."""
    columns, labels = {}, {}
    for name in covariates:
        column = table[name]
        if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
            columns[name], labels[name] = column.astype(float), name
            continue
        levels = (
            list(column.cat.categories) if isinstance(column.dtype, pd.CategoricalDtype) else sorted(column.unique())
        )
        levels = [level for level in levels if (column == level).any()]
        against = reference.get(name, levels[0] if levels else None)
        for level in levels:
            if level != against:
                key = f"{name}: {level} vs {against}"
                columns[key], labels[key] = (column == level).astype(float), key
    return pd.DataFrame(columns, index=table.index), labels


def _bounded(coefficient: float, se: float) -> bool:
    """Whether an estimate per standard deviation is one: a monotone likelihood runs off to where both are huge."""
    return bool(np.isfinite(coefficient) and np.isfinite(se) and abs(coefficient) < 7 and se < 50)


def cox(table: pd.DataFrame, covariates: list[str], reference: dict[str, str] | None = None) -> pd.DataFrame:
    """Hazard ratios of a Cox model with Efron's ties, complete cases only; one row per term, as R's coxph.

    Columns: term, n, events, coefficient, se, hr, lower, upper (95%, Wald), p (Wald), note. `attrs["dropped"]`
    counts incomplete patients. A term whose level has no event, or no contrast, is NaN with its reason in note.
    """
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError

    complete = table.dropna(subset=["months", "event", *covariates])
    design, labels = _design(complete, covariates, reference or {})
    event = complete["event"].astype(bool)
    empty = {"n": len(complete), "events": int(event.sum()), **dict.fromkeys(COX_COLUMNS[3:9], NAN)}
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
    usable = left
    fitted = None
    if usable and event.any():
        # centred and scaled, so that Newton's steps converge to the last digit whatever the unit
        used = design.loc[kept, usable]
        scale = used.std(ddof=0)
        data = ((used - used.mean()) / scale).assign(months=complete["months"], event=event)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what lifelines warns of is said in note
                fitted = CoxPHFitter().fit(
                    data,
                    "months",
                    "event",
                    fit_options={"precision": 1e-18, "r_precision": 0.0, "max_steps": 100, "step_size": 0.95},
                )
        except (ConvergenceError, np.linalg.LinAlgError, ValueError):
            notes |= dict.fromkeys(usable, "not estimable: the model does not converge")
    rows = []
    z = stats.norm.ppf(0.975)
    for key, label in labels.items():
        row = {"term": label, **empty, "note": notes.get(key, "")}
        if fitted is not None and key in usable and not _bounded(fitted.params_[key], fitted.standard_errors_[key]):
            row["note"] = "not estimable: the likelihood has no maximum (the groups' events do not overlap)"
        elif fitted is not None and key in usable:
            coefficient = float(fitted.params_[key] / scale[key])
            se = float(fitted.standard_errors_[key] / scale[key])
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
    result.attrs["dropped"] = len(table) - len(complete)
    return result


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
    joint = cox(complete, [*usable, *adjusting])
    with_it = [int(complete[term].sum()) if term in usable else None for term in joint["term"]]
    joint["counts"] = [f"n = {len(complete)}" if count is None else f"{count} of {len(complete)}" for count in with_it]
    joint["term"] = joint["term"].replace({"AGE": "Age, per 10 years"}).str.replace("SEX: ", "Sex: ")
    return alone, joint


def forest_sentence(table: pd.DataFrame) -> str:
    """Which terms of a forest's table have a 95% interval that excludes 1, in one sentence."""
    apart = table[(table["lower"] > 1) | (table["upper"] < 1)]
    fitted = int(table["hr"].notna().sum())
    if not fitted:
        return "No term could be estimated."
    tail = f" (n = {table['n'].max()}, {table['events'].max()} events)."
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
    """Survival of groups side by side: curves, medians, numbers at risk, log-rank, hazard ratios against the first.

    tested: the groups large enough for the log-rank test and the Cox model; small: the others, shown only.
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

    def summary(self) -> pd.DataFrame:
        """One row per group: group, n, events, median and limits (months), hazard ratio against the first group with
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

    def notes(self) -> list[str]:
        """Lines for the plot: the log-rank p, hazard ratios against the first group, groups too small to test."""
        lines = [f"Log-rank {formats.p_value(self.log_rank.p)}"]
        for row in self.ratios.itertuples():
            name = "HR" if len(self.ratios) == 1 else f"{row.group} HR"
            lines.append(f"{name} {formats.hazard_ratio(row.hr, row.lower, row.upper)}")
        if len(self.tested) > 1:
            lines.append(f"HR: reference {self.tested[0]}")
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
        return f"Median {self.endpoint}, months (95% CI): {groups}; log-rank {formats.p_value(self.log_rank.p)}.{left}"


def compare(
    table: pd.DataFrame, group: str, endpoint: str = "survival", min_group: int = 2, total: int | None = None
) -> Comparison:
    """Groups of a survival table compared; patients without a group are dropped and counted.

    min_group: a group with fewer patients is shown, not tested. total: how many patients there were before the
    table was made (the table's own `attrs["dropped"]` is added where it is not given). Raises MissingData where
    nobody is left.
    """
    total = total if total is not None else len(table) + table.attrs.get("dropped", 0)
    patients = table.dropna(subset=["months", "event", group])
    if patients.empty:
        raise MissingData(f"no patient has both {endpoint} and {group.replace('_', ' ')}")
    values = patients[group]
    levels = values.cat.categories if isinstance(values.dtype, pd.CategoricalDtype) else sorted(values.unique())
    levels = [level for level in levels if (values == level).any()]
    patients = patients.assign(**{group: pd.Categorical(values.astype(str), [str(level) for level in levels])})
    counts = patients[group].value_counts()
    tested = [str(level) for level in levels if counts[str(level)] >= min_group]
    small = [str(level) for level in levels if str(level) not in tested]
    subset = patients[patients[group].isin(tested)]
    subset = subset.assign(**{group: subset[group].cat.set_categories(tested)})
    ratios = pd.DataFrame(columns=["group", *COX_COLUMNS])
    if len(tested) > 1:
        fitted = cox(subset, [group], {group: tested[0]})
        ratios = fitted.assign(group=tested[1:])
    return Comparison(
        endpoint=endpoint,
        curve=kaplan_meier(patients, group),
        medians=medians(patients, group),
        at_risk=numbers_at_risk(patients, time_ticks(patients["months"].max()), group),
        log_rank=log_rank(subset, group),
        ratios=ratios,
        tested=tested,
        small=small,
        dropped=total - len(patients),
        total=total,
    )


def stack(comparisons: dict[str, Comparison], name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The summaries and the curves of several comparisons, each as one table with a leading column `name`."""
    summary = pd.concat({key: each.summary() for key, each in comparisons.items()}, names=[name])
    curve = pd.concat({key: each.curve for key, each in comparisons.items()}, names=[name])
    return tuple(table.reset_index(level=0).reset_index(drop=True) for table in (summary, curve))


def sentences(comparisons: dict[str, Comparison]) -> str:
    """What several comparisons show, one sentence each."""
    return " ".join(f"**{key}.** {each.sentence()}" for key, each in comparisons.items())


def pairs(table: pd.DataFrame, group: str) -> list[Finding]:
    """The hazard ratio of every pair of groups, as findings: "no difference" must hold of each."""
    present = [name for name in table[group].cat.categories if (table[group] == name).any()]
    found = []
    for first, second in itertools.combinations(present, 2):
        two = table[table[group].isin([first, second])]
        fitted = cox(two.assign(**{group: two[group] == second}), [group])
        found.append(of_hazard(fitted.iloc[0]))
    return found or [Finding(None, note=f"fewer than two groups of {group.replace('_', ' ')}")]
