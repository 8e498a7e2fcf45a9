"""Cox models and the test of proportional hazards, as R's survival package gives them.

Tables come in through stats/survival.py's `survival_table`; the columns of the results stand in its GLOSSARY.
"""

import dataclasses
import math
import warnings

import numpy as np
import pandas as pd
from scipy import stats

from lcnec_utils.core.errors import UserError
from lcnec_utils.stats.survival import NAN, kaplan_meier, survival_table, zero_or_one

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
            if np.isinf(columns[name]).any():
                raise UserError(f"the covariate {name!r} has an infinite value; check it, or leave out such rows")
            continue
        order = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else sorted(column.unique())
        present = [level for level in order if (column == level).any()]
        # a reference that nobody here has would leave one column too many; one of few would carry every ratio
        enough = [level for level in present if (column == level).sum() >= min_group] or present
        base = reference.get(name) if reference.get(name) in enough else next(iter(enough), None)
        for level in present:
            if level != base:
                key = f"{name}: {level} vs {base}"
                columns[key], terms[key] = (column == level).astype(float), name
    return pd.DataFrame(columns, index=table.index), terms


def bounded(coefficient: float, se: float) -> bool:
    """Whether an estimate per standard deviation is one: a monotone likelihood runs off to where both are huge.

    >>> bounded(0.7, 0.2), bounded(19.0, 4e3)
    (True, False)
    """
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
    """The columns of levels, or of two values, with fewer than min_group patients on a side, and the reason."""
    reasons = {}
    for key, values in design.items():
        if set(values.unique()) <= {0.0, 1.0}:
            ones = int(values.sum())
            # a level stands beside a reference that is large enough; of a column of two values both sides count
            if (ones if terms[key] != key else min(ones, len(values) - ones)) < min_group:
                reasons[key] = f"not estimable: fewer than {min_group} patients"
    return reasons


def estimable(design: pd.DataFrame, event: pd.Series) -> tuple[list[str], pd.Series, dict[str, str]]:
    """The columns of a model that have an estimate, the rows that its fit keeps, and why each other column has none.

    A level without events has a hazard ratio of 0 (or, as the reference, infinity): at that limit its patients weigh
    nothing, so they leave the fit, where keeping them without the column would add them to the reference.

    >>> import pandas as pd
    >>> columns = pd.DataFrame({"rare": [1.0, 0.0, 0.0, 0.0], "age": [60.0, 61.0, 58.0, 70.0]})
    >>> estimable(columns, pd.Series([False, True, True, False]))[2]
    {'rare': 'not estimable: a level has no event'}
    """
    notes = {}
    kept = pd.Series(True, index=design.index)
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
    return left, kept, notes


def _fit(table: pd.DataFrame, covariates: list[str], reference: dict[str, str] | None, min_group: int = 1) -> _Model:
    """A Cox model with Efron's ties on the complete cases."""
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError

    complete = survival_table(table, covariates=covariates, complete=True).reset_index(drop=True)
    design, terms = _design(complete, covariates, reference or {}, min_group)
    small = _small(design, terms, min_group)
    event = complete["event"]
    left, kept, notes = estimable(design, event)
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
        if not bounded(model.coefficients[key], model.errors[key]):
            notes[key] = "not estimable: the likelihood has no maximum (the groups' events do not overlap)"
    return model


def hazard_ratio(coefficient: float, se: float) -> dict[str, float]:
    """Coefficient, its standard error, the hazard ratio with its 95% limits and two-sided p (Wald); NaN of NaN.

    >>> {name: round(value, 3) for name, value in hazard_ratio(math.log(2), 0.25).items()}
    {'coefficient': 0.693, 'se': 0.25, 'hr': 2.0, 'lower': 1.225, 'upper': 3.265, 'p': 0.006}
    """
    z = stats.norm.ppf(0.975)
    return {
        "coefficient": coefficient, "se": se, "hr": math.exp(coefficient), "lower": math.exp(coefficient - z * se),
        "upper": math.exp(coefficient + z * se), "p": float(2 * stats.norm.sf(abs(coefficient / se))),
    }  # fmt: skip


def cox(
    table: pd.DataFrame, *, covariates: list[str], reference: dict[str, str] | None = None, min_group: int = 1
) -> pd.DataFrame:
    """Hazard ratios of a Cox model with Efron's ties, complete cases only; one row per term, as R's coxph.

    Columns: term, n, events, coefficient, se, hr, lower, upper (of hr, 95%, Wald), p (Wald), note. `attrs["dropped"]`
    counts incomplete patients. A term whose level has no event, or no contrast, is NaN with its reason in note; so is
    one of fewer than min_group patients, who stay in the fit that the other terms are from.
    With `entry`, as coxph(Surv(entry, months, event) ~ …): n counts rows, of which a patient may have several.

    reference: the level that the others of a covariate are compared with; its first of min_group if not given.

    >>> from lifelines.datasets import load_rossi
    >>> rossi = load_rossi().rename(columns={"week": "months", "arrest": "event"})
    >>> cox(rossi, covariates=["fin", "age", "prio"])[["term", "n", "events", "hr", "lower", "upper", "p"]].round(3)
       term    n  events     hr  lower  upper      p
    0   fin  432     114  0.707  0.487  1.026  0.068
    1   age  432     114  0.935  0.898  0.974  0.001
    2  prio  432     114  1.102  1.044  1.162  0.000
    """
    model = _fit(table, covariates, reference, min_group)
    counts = {"n": len(model.complete), "events": int(model.complete["event"].sum())}
    rows = []
    for key in model.terms:
        note = model.notes.get(key) or model.small.get(key, "")
        estimate = (NAN, NAN)
        if not note:
            estimate = (model.coefficients[key] / model.scale[key], model.errors[key] / model.scale[key])
        rows.append({"term": key, **counts, **hazard_ratio(*map(float, estimate)), "note": note})
    result = pd.DataFrame(rows, columns=COX_COLUMNS)
    result.attrs["dropped"] = len(table) - len(model.complete)
    return result


def events_per_variable(fitted: pd.DataFrame) -> float:
    """Events per column of a model, from what `cox` returned; NaN for a model without columns.

    >>> from lifelines.datasets import load_rossi
    >>> rossi = load_rossi().rename(columns={"week": "months", "arrest": "event"})
    >>> events_per_variable(cox(rossi, covariates=["fin", "age", "prio"]))
    38.0
    """
    return float(fitted["events"].iloc[0] / len(fitted)) if len(fitted) else NAN


def proportional_hazards(
    table: pd.DataFrame, *, covariates: list[str], reference: dict[str, str] | None = None, min_group: int = 1
) -> pd.DataFrame:
    """The score test of proportional hazards for each covariate of `cox`'s model and for all, as R's cox.zph (≥ 3).

    Columns: term (a covariate with all its levels, or GLOBAL), chi_squared, df, p, note. Against 1 − survival just
    before each event (R's transform="km"). A level that is not estimable, or has fewer than min_group patients, is left
    out, and named in note; where the model is not, or its events are at too few times, there is no test.

    >>> from lifelines.datasets import load_rossi
    >>> rossi = load_rossi().rename(columns={"week": "months", "arrest": "event"})
    >>> proportional_hazards(rossi, covariates=["fin", "age", "prio"])[["term", "chi_squared", "df", "p"]].round(3)
         term  chi_squared  df      p
    0     fin        0.064   1  0.801
    1     age        6.325   1  0.012
    2    prio        0.519   1  0.471
    3  GLOBAL        7.137   3  0.068
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


def univariable_cox(table: pd.DataFrame, *, markers: list[str], min_group: int = 2) -> pd.DataFrame:
    """One unadjusted Cox model per marker: patients with True against patients with False, as `cox`.

    Columns: term (the marker), counts (text), n_with, events_with (patients with True), then those of `cox` from n on.
    Patients whose marker is missing are left out of its model. A marker with fewer than min_group patients on a side is
    not fitted, with the reason in note. Raises UserError for a marker that is not of True and False (or 0 and 1).

    >>> from lifelines.datasets import load_rossi
    >>> rossi = load_rossi().rename(columns={"week": "months", "arrest": "event"})
    >>> univariable_cox(rossi, markers=["fin", "paro"])[["term", "counts", "events_with", "hr", "p"]].round(3)
       term      counts  events_with     hr      p
    0   fin  216 of 432           48  0.691  0.052
    1  paro  267 of 432           68  0.897  0.570
    """
    rows = []
    for marker in markers:
        known = survival_table(table, covariates=[marker], complete=True)
        known = known.assign(**{marker: zero_or_one(known, marker).astype(bool)})
        marked = known[marker]
        with_marker = {"n_with": int(marked.sum()), "events_with": int(known.loc[marked, "event"].sum())}
        if min(marked.sum(), (~marked).sum()) < min_group:
            row = {"n": len(known), "events": int(known["event"].sum()), **dict.fromkeys(COX_COLUMNS[3:9], NAN)}
            row["note"] = f"fewer than {min_group} patients on a side"
        else:
            row = cox(known, covariates=[marker]).iloc[0].to_dict()
        counts = f"{with_marker['n_with']} of {len(known)}"
        rows.append({**row, **with_marker, "counts": counts, "term": marker})
    return pd.DataFrame(rows, columns=["term", "counts", "n_with", "events_with", *COX_COLUMNS[1:]])


def interaction(table: pd.DataFrame, *, treatment: str, marker: str, min_group: int = 2) -> pd.DataFrame:
    """Whether the effect of a treatment depends on a marker: its hazard ratio with the marker over that without.

    One row as of `univariable_cox`, from a Cox model of the treatment, the marker and their product, as R's
    coxph(… ~ treatment * marker): hr, lower, upper and p are those of the product; below 1 the treatment does more
    with the marker than without. counts, n_with, events_with: of the patients with the marker. Both columns hold True
    and False (or 0 and 1); who lacks one is left out. With fewer than min_group patients on a treatment with or without
    the marker the model is not fitted, with the reason in note. Raises UserError as `univariable_cox`.

    >>> from lifelines.datasets import load_rossi
    >>> rossi = load_rossi().rename(columns={"week": "months", "arrest": "event"})
    >>> interaction(rossi, treatment="fin", marker="paro")[["term", "n", "events", "hr", "lower", "upper"]].round(3)
             term    n  events     hr  lower  upper
    0  fin × paro  432     114  1.741  0.809  3.743
    """
    known = survival_table(table, covariates=[treatment, marker], complete=True)
    columns = {name: zero_or_one(known, name) for name in (treatment, marker)}
    term = f"{treatment} × {marker}"
    known = known.assign(**columns, **{term: columns[treatment] * columns[marker]})
    cells = [int(((known[treatment] == one) & (known[marker] == other)).sum()) for one in (0, 1) for other in (0, 1)]
    row = {"n": len(known), "events": int(known["event"].sum()), **dict.fromkeys(COX_COLUMNS[3:9], NAN)}
    if min(cells) < min_group:
        row["note"] = f"fewer than {min_group} patients on a side"
    else:
        row = cox(known, covariates=[treatment, marker, term]).iloc[-1].to_dict()
    marked = known[marker] == 1
    with_marker = {"n_with": int(marked.sum()), "events_with": int(known.loc[marked, "event"].sum())}
    row |= {"term": term, "counts": f"{with_marker['n_with']} of {len(known)}", **with_marker}
    return pd.DataFrame([row], columns=["term", "counts", "n_with", "events_with", *COX_COLUMNS[1:]])


def cox_by_cut_off(table: pd.DataFrame, *, values: str, cuts: list[float], min_group: int = 2) -> pd.DataFrame:
    """Hazard ratios of the patients at or above each cut-off against those below it, a model per cut-off.

    values: the column of numbers that is cut; who lacks one is left out. Columns: cut_off, then those of
    `univariable_cox`. A cut-off with fewer than min_group patients on a side has no row. The ratios of neighbouring
    cut-offs rest on the same patients, so the smallest of their p values is no test.

    >>> from lifelines.datasets import load_rossi
    >>> rossi = load_rossi().rename(columns={"week": "months", "arrest": "event"})
    >>> cox_by_cut_off(rossi, values="age", cuts=[20, 30, 60])[["cut_off", "counts", "hr"]].round(3)
       cut_off      counts     hr
    0       20  366 of 432  0.373
    1       30   76 of 432  0.417
    """
    known = table[table[values].notna()]
    rows = []
    for cut in cuts:
        marked = known.drop(columns=values).assign(**{values: known[values] >= cut})
        if min(marked[values].sum(), (~marked[values]).sum()) >= min_group:
            rows.append(univariable_cox(marked, markers=[values]).assign(cut_off=cut))
    columns = ["cut_off", "term", "counts", "n_with", "events_with", *COX_COLUMNS[1:]]
    return pd.concat(rows, ignore_index=True)[columns] if rows else pd.DataFrame(columns=columns)


def univariable_and_multivariable_cox(
    table: pd.DataFrame, *, markers: list[str], adjust: list[str] | tuple[str, ...] = (), min_group: int = 2
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hazard ratios of markers of True and False: each alone, and all in one model with the columns in adjust.

    The joint model holds the markers with at least min_group patients on each side, complete cases. The first table is
    that of `univariable_cox`, the second that of `cox` with counts.

    >>> from lifelines.datasets import load_rossi
    >>> rossi = load_rossi().rename(columns={"week": "months", "arrest": "event"})
    >>> alone, joint = univariable_and_multivariable_cox(rossi, markers=["fin", "paro"], adjust=["age"])
    >>> joint[["term", "counts", "hr", "p"]].round(3)
       term      counts     hr      p
    0   fin  216 of 432  0.715  0.077
    1  paro  267 of 432  0.820  0.300
    2   age     n = 432  0.929  0.000
    """
    alone = univariable_cox(table, markers=markers, min_group=min_group)
    usable = list(alone.loc[alone["note"] == "", "term"])
    typed = table.assign(**{name: zero_or_one(table, name) for name in usable})
    joint = cox(typed, covariates=[*usable, *adjust], min_group=min_group)
    complete = survival_table(typed, covariates=[*usable, *adjust], complete=True)
    joint["counts"] = [
        f"{int(complete[term].sum())} of {len(complete)}" if term in usable else f"n = {len(complete)}"
        for term in joint["term"]
    ]
    return alone, joint
