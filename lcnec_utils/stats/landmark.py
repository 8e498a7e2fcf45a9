"""Covariates that are measured in the course of follow-up: landmark models and Cox models with time-varying covariates.

Who lives long is measured more often. A model that takes a later measurement as if it had been known at time zero gives
the measured the time that they had to survive to be measured (immortal time). The two ways out are here: start the
clock at a landmark, with what is known by then (Anderson, Cain & Gelber, J Clin Oncol 1983); or let each patient change
their covariate on the day of its measurement, as R's tmerge and coxph(Surv(start, stop, event) ~ …).

A survival table has one row per patient (index: the patient), `months` and `event`, as in stats/survival.py. A table of
measurements has one row per measurement: patient, day (from time zero), covariate (its name), value (a number).
"""

import warnings

import numpy as np
import pandas as pd

from lcnec_utils.core.errors import UserError
from lcnec_utils.core.units import DAYS_PER_MONTH
from lcnec_utils.stats import survival as curves
from lcnec_utils.stats.cox import COX_COLUMNS, bounded, estimable, hazard_ratio
from lcnec_utils.stats.survival import NAN, TOLERANCE, survival_table

MEASUREMENTS = ["patient", "day", "covariate", "value"]
TAKEN = ("months", "event", "entry")  # columns that no covariate can be named after


def _refuse(wrong, table: pd.DataFrame, column: str, problem: str, remedy: str) -> None:
    """Raises UserError that names the first wrong measurement, and how many more there are."""
    places = np.flatnonzero(np.asarray(wrong, bool))
    if len(places):
        row = table.iloc[places[0]]
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        value = f"{row[column]:g}" if isinstance(row[column], float) else repr(row[column])
        raise UserError(
            f"measurements, column {column!r}, row {table.index[places[0]]}{more}: {value} of patient "
            f"{row['patient']} {problem}; {remedy}"
        )


def _checked(survival: pd.DataFrame, measurements: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables checked; the measurements with `at`, their time in months. UserError for what cannot be right."""
    survival = survival_table(survival)
    if not survival.index.is_unique:
        twice = survival.index[survival.index.duplicated()][0]
        raise UserError(f"the survival table has patient {twice} in two rows; give one row per patient")
    if lacking := [name for name in MEASUREMENTS if name not in measurements]:
        raise UserError(f"the measurements have no column {lacking[0]!r}; they need {', '.join(MEASUREMENTS)}")
    measurements = measurements[MEASUREMENTS].reset_index(drop=True)
    for name in ("day", "value"):
        numbers = pd.to_numeric(measurements[name], errors="coerce").astype(float)
        _refuse(~np.isfinite(numbers), measurements, name, "is no number", "leave out such rows, and count them")
        measurements = measurements.assign(**{name: numbers})
    _refuse(
        ~measurements["patient"].isin(survival.index), measurements, "patient", "is not in the survival table",
        "leave out who has no follow-up, and count them",
    )  # fmt: skip
    _refuse(
        measurements["day"] < 0, measurements, "day", "is before time zero",
        "what is known at time zero is a column of the survival table",
    )  # fmt: skip
    _refuse(
        measurements["covariate"].isin(TAKEN), measurements, "covariate", "is a column of times or events",
        "name the covariate otherwise",
    )  # fmt: skip
    repeated = measurements.duplicated(["patient", "day", "covariate"])
    _refuse(repeated, measurements, "day", "has two values of one covariate", "keep one of them, or their mean")
    measurements["at"] = measurements["day"] / DAYS_PER_MONTH
    end = survival["months"].reindex(measurements["patient"]).to_numpy()
    late = measurements["at"] - end > TOLERANCE * np.maximum(1, end)
    _refuse(
        late, measurements, "day", "is after the patient's event or last follow-up",
        "check both times, or leave out the row: nothing is measured then",
    )  # fmt: skip
    return survival, measurements


def landmark(
    survival: pd.DataFrame, day: float, measurements: pd.DataFrame | None = None, before: dict | None = None
) -> pd.DataFrame:
    """The patients still followed at a landmark (T ≥ L), with months counted from it, T − L, and each covariate's last
    value until then: the hazard is modelled as h(t | x(L)) for t > L, given T ≥ L.

    day: L, days from time zero. measurements: patient, day, covariate, value; those after the landmark are not used.
    before: covariate → its value for who has none by then (missing where it is not named). `attrs`: dead and lost (had
    their event, or left, before the landmark), later (covariate → patients kept whose first value came after it).
    Source: Anderson, Cain & Gelber, Journal of Clinical Oncology 1983. Raises UserError for a negative landmark, and
    for measurements before time zero, after the patient's end, given twice, or of nobody in the table.

    >>> import pandas as pd
    >>> survival = pd.DataFrame({"months": [0.5, 8, 20], "event": [1, 1, 0]}, index=["a", "b", "c"])
    >>> peaks = pd.DataFrame({"patient": ["b", "c"], "day": [9, 40], "covariate": "high_peak", "value": [1, 1]})
    >>> kept = landmark(survival, 30, peaks, before={"high_peak": 0})
    >>> kept[["months", "event", "high_peak"]].round(2)
       months  event  high_peak
    b    7.01   True        1.0
    c   19.01  False        0.0
    >>> kept.attrs["dead"], kept.attrs["lost"], kept.attrs["later"]
    (1, 0, {'high_peak': 1})
    """
    if not day >= 0:
        raise UserError(f"the landmark must be a day from 0 on, not {day!r}")
    if measurements is None:
        measurements = pd.DataFrame(columns=MEASUREMENTS)
    survival, measurements = _checked(survival, measurements)
    at = day / DAYS_PER_MONTH
    gone = survival["months"] < at
    kept = curves.landmark(survival, months=at)
    later = {}
    for name, values in measurements.groupby("covariate", sort=True):
        known = values[values["day"] <= day].sort_values("day").drop_duplicates("patient", keep="last")
        kept[name] = known.set_index("patient")["value"].reindex(kept.index).fillna((before or {}).get(name, NAN))
        later[name] = int(kept.index.isin(set(values["patient"]) - set(known["patient"])).sum())
    kept.attrs = {
        "dead": int((gone & survival["event"]).sum()), "lost": int((gone & ~survival["event"]).sum()),
        "later": later,
    }  # fmt: skip
    return kept


def start_stop(survival: pd.DataFrame, measurements: pd.DataFrame, before: dict | None = None) -> pd.DataFrame:
    """The patients as rows (entry, months] over which each covariate keeps its last value, for `time_varying_cox`.

    As R's tmerge(…, x = tdc(day, value)): a covariate changes after the day of its measurement, and is missing before
    the first, or what `before` gives (covariate → value). A measurement at the end changes nothing; the event is in a
    patient's last row. Rows of a patient share their index and the columns of the survival table. Who is under
    observation for no time has no row. Raises UserError as `landmark`.

    >>> import pandas as pd
    >>> survival = pd.DataFrame({"months": [8.0, 20.0], "event": [1, 0]}, index=["b", "c"])
    >>> peaks = pd.DataFrame({"patient": ["b"], "day": [60.875], "covariate": "high_peak", "value": [1]})
    >>> start_stop(survival, peaks, before={"high_peak": 0})[["entry", "months", "event", "high_peak"]]
       entry  months  event  high_peak
    b    0.0     2.0  False        0.0
    b    2.0     8.0   True        1.0
    c    0.0    20.0  False        0.0
    """
    survival, measurements = _checked(survival, measurements)
    start = survival["entry"] if "entry" in survival else pd.Series(0.0, survival.index)
    names = sorted(measurements["covariate"].unique())
    # who has no row of measurements has one row from the start; what was measured before entry is known at it
    since = np.maximum(measurements["at"], start.reindex(measurements["patient"]).to_numpy())
    cuts = measurements.assign(entry=since).sort_values("at", kind="stable")
    cuts = cuts.pivot_table(index=["patient", "entry"], columns="covariate", values="value", aggfunc="last")
    begin = pd.MultiIndex.from_arrays([survival.index, start], names=["patient", "entry"])
    order = {patient: place for place, patient in enumerate(survival.index)}
    rows = cuts.reindex(cuts.index.union(begin)).reset_index()
    rows = rows.assign(place=rows["patient"].map(order)).sort_values(["place", "entry"], kind="stable")
    rows[names] = rows.groupby("place")[names].ffill() if names else rows[names]
    rows = rows[rows["entry"] < survival["months"].reindex(rows["patient"]).to_numpy()].set_index("patient")
    following = rows.groupby("place")["entry"].shift(-1)
    end = survival.loc[rows.index, "months"]
    turned = survival.drop(columns=["entry", *names], errors="ignore").loc[rows.index]
    turned["months"] = following.fillna(end)
    turned["event"] = turned["event"] & following.isna()
    turned.insert(0, "entry", rows["entry"])
    for name in names:
        turned[name] = rows[name].fillna((before or {}).get(name, NAN))
    return turned.rename_axis(survival.index.name)


def time_varying_cox(rows: pd.DataFrame, *, covariates: list[str]) -> pd.DataFrame:
    """Hazard ratios of a Cox model on rows of `start_stop`; one row per covariate, columns as of `stats.cox.cox`.

    As R's coxph(Surv(entry, months, event) ~ …) with Efron's ties (lifelines' CoxTimeVaryingFitter). Covariates are
    numbers, or True and False. n counts patients (the index), `attrs["rows"]` their rows and `attrs["dropped"]` the
    rows that lack a covariate, which are left out. A covariate without contrast, or a level without an event, is NaN
    with its reason in note. Raises UserError for a covariate that is no number.

    >>> from lifelines.datasets import load_stanford_heart_transplants
    >>> rows = load_stanford_heart_transplants().rename(columns={"start": "entry", "stop": "months"}).set_index("id")
    >>> fitted = time_varying_cox(rows, covariates=["transplant", "age"])
    >>> fitted[["term", "n", "events", "hr", "lower", "upper", "p"]].round(3)
             term    n  events     hr  lower  upper      p
    0  transplant  103      75  0.996  0.540  1.836  0.989
    1         age  103      75  1.031  1.002  1.061  0.034
    """
    from lifelines import CoxTimeVaryingFitter
    from lifelines.exceptions import ConvergenceError

    if "entry" not in rows:
        raise UserError("the rows have no column 'entry'; start_stop() makes them from a table of patients")
    known = survival_table(rows, covariates=covariates, complete=True)
    patients, known = known.index.nunique(), known.reset_index(drop=True)
    for name in covariates:
        if not (pd.api.types.is_numeric_dtype(known[name]) or pd.api.types.is_bool_dtype(known[name])):
            raise UserError(f"the covariate {name!r} is no number; code it as True and False, one column per level")
    design = known[covariates].astype(float)
    left, kept, notes = estimable(design, known["event"])
    used, fitted = design.loc[kept, left], None
    scale = used.std(ddof=0)
    if left:
        times = known.loc[kept, ["entry", "months", "event"]]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what lifelines warns of is said in note
            try:  # centred and scaled, so that Newton's steps converge to the last digit whatever the unit
                fitted = CoxTimeVaryingFitter().fit(
                    ((used - used.mean()) / scale).join(times), "event", "entry", "months",
                    fit_options={"precision": 1e-18, "r_precision": 0.0, "max_steps": 100},
                )  # fmt: skip
            except (ConvergenceError, np.linalg.LinAlgError, ValueError):
                notes |= dict.fromkeys(left, "not estimable: the model does not converge")
    result = []
    for name in covariates:
        estimate = (NAN, NAN)
        if name not in notes:
            estimate = (fitted.params_[name], fitted.standard_errors_[name])
            if not bounded(*estimate):
                notes[name] = "not estimable: the likelihood has no maximum (the groups' events do not overlap)"
                estimate = (NAN, NAN)
        ratio = hazard_ratio(*(float(each / scale.get(name, NAN)) for each in estimate))
        counts = {"n": patients, "events": int(known["event"].sum())}
        result.append({"term": name, **counts, **ratio, "note": notes.get(name, "")})
    table = pd.DataFrame(result, columns=COX_COLUMNS)
    table.attrs |= {"rows": len(known), "dropped": len(rows) - len(known)}
    return table
