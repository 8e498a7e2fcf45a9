"""Notebook 12: what is known of each patient: response, toxicity, CAR T cells, burden, cell of origin, densities, and
the associations between them.

Specimens of one time and fixation are averaged by patient; frozen and fixed tissue stay apart. What is measured after
infusion is never a covariate at infusion: here it is only correlated, and outcomes.py brings it in by landmark.
"""

import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils.cohort import assays
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding
from lcnec_utils.stats.correlation import LEAST, rank_correlation
from lcnec_utils.stats.proportions import share_difference
from lcnec_utils.stats.ranks import rank_shift, spearman
from lcnec_utils.studies.car_t.populations import BASELINE

STAINED = "FFPE"  # cells are counted in fixed tissue alone
RESPONSES = ("PD", "SD", "PR", "CR")  # from the worst to the best
HIGH_GRADE = 3  # of neurologic events
TRIAL = "ZUMA-1"  # whose patients the source's own numbers count
ABC = "ABC"
ORIGINS = (ABC, "GCB", "Unclassified")
HIGH, LOW = "high", "low"


@dataclasses.dataclass(frozen=True)
class Known:
    """What is known of patients. values: patients × names, missing where it is not known; lacking: name → why nobody
    has it."""

    values: pd.DataFrame
    lacking: dict[str, str]

    def need(self, name: str) -> pd.Series:
        """A column; MissingData with the reason where nobody has a value."""
        if name in self.lacking:
            raise MissingData(self.lacking[name])
        return self.values[name]

    def has(self, *names: str) -> bool:
        """Whether somebody has a value of each of these."""
        return not any(name in self.lacking for name in names)

    def join(self, other: "Known") -> "Known":
        """Both side by side, by patient."""
        return Known(self.values.join(other.values), self.lacking | other.lacking)

    def add(self, **columns: pd.Series) -> "Known":
        """With further columns, of which those without a value are lacking."""
        lacking = {
            name: f"nobody has {name.replace('_', ' ')}" for name, column in columns.items() if column.isna().all()
        }
        return Known(self.values.assign(**columns), self.lacking | lacking)


def gathered(cohort: Cohort, makers: dict) -> Known:
    """The columns that functions without arguments make (each by patient); one that raises MissingData is lacking."""
    columns, lacking = {}, {}
    for name, make in makers.items():
        try:
            columns[name] = make().reindex(cohort.patients.index)
            if columns[name].isna().all():
                raise MissingData(f"nobody of {cohort.name} has {name.replace('_', ' ')}")
        except MissingData as reason:
            lacking[name] = str(reason)
            columns[name] = pd.Series(np.nan, cohort.patients.index)
    return Known(pd.DataFrame(columns, index=cohort.patients.index), lacking)


def by_patient(
    cohort: Cohort, values: pd.Series | pd.DataFrame, *, time: str = BASELINE, fixation: str = ""
) -> pd.Series | pd.DataFrame:
    """Values by specimen as means by patient, of the specimens of one time (and of one fixation).

    Where the cohort does not say when its specimens were taken they count as taken before treatment; where it does not
    say how they were fixed, all count. Raises MissingData where no specimen is of that time and fixation.
    """
    keep = taken(cohort, values.index, time=time, fixation=fixation)
    return values[keep].groupby(cohort.samples["PATIENT_ID"].reindex(values.index)[keep]).mean()


def taken(cohort: Cohort, specimens: pd.Index, *, time: str, fixation: str = "") -> pd.Series:
    """Whether each specimen is of a time (and a fixation), by the rules of `by_patient`. Booleans; raises MissingData
    where none is."""
    samples = cohort.samples.reindex(specimens)
    keep = pd.Series(time == BASELINE, specimens)
    if "BIOPSY_TIME" in samples:
        keep = samples["BIOPSY_TIME"].eq(time)
    if fixation and "FIXATION" in samples:
        keep &= samples["FIXATION"].eq(fixation)
    keep = keep.fillna(False).astype(bool)
    if not keep.any():
        raise MissingData(f"{cohort.name} has no {fixation} specimen at {time}".replace("no  ", "no "))
    return keep


def of_source(cohort: Cohort) -> bool:
    """Whether a cohort holds the source's own patients, real or simulated in their place: it alone answers what the
    source counts of them."""
    return cohort.stands_for_source or cohort.stands_for == TRIAL


def densities(cohort: Cohort, populations: dict[str, tuple[str, str]], *, time: str = BASELINE) -> Known:
    """Cells per mm² by patient; populations: name → assay and population (cohort/assays.py)."""
    return gathered(
        cohort,
        {
            name: lambda assay=assay, population=population: by_patient(
                cohort, assays.density(cohort, assay, population), time=time, fixation=STAINED
            )
            for name, (assay, population) in populations.items()
        },
    )


def outcomes(cohort: Cohort) -> Known:
    """Response, toxicity, CAR T cells, burden and cell of origin by patient.

    Columns: response (0 progression, 1 stable disease, 2 partial, 3 complete response), objective_response,
    complete_response, high_grade_event (neurologic, from grade 3), burden (mm²), car_peak (cells per µl),
    car_peak_by_burden (their quotient), car_peak_day, origin, abc (against all others), ipi.
    """

    def responded(least: int) -> pd.Series:
        rank = response()
        return (rank >= least).astype("boolean").mask(rank.isna())

    def response() -> pd.Series:
        words = cohort.column("BEST_RESPONSE", "best response")
        return words.map({word: float(rank) for rank, word in enumerate(RESPONSES)}).astype(float)

    def number(column: str, what: str) -> pd.Series:
        return pd.to_numeric(cohort.column(column, what), errors="coerce").astype(float)

    def grade() -> pd.Series:
        worst = number("NE_GRADE", "neurologic events")
        return (worst >= HIGH_GRADE).astype("boolean").mask(worst.isna())

    def origin() -> pd.Series:
        words = cohort.column("CELL_OF_ORIGIN", "cell of origin")
        return words.where(words.isin(ORIGINS)).astype(object)

    def peak() -> pd.Series:
        return number("CAR_PEAK_PER_UL", "CAR T cell peak")

    def burden() -> pd.Series:
        return number("TUMOR_BURDEN_MM2", "tumour burden")

    return gathered(
        cohort,
        {
            "response": response,
            "objective_response": lambda: responded(RESPONSES.index("PR")),
            "complete_response": lambda: responded(RESPONSES.index("CR")),
            "high_grade_event": grade,
            "burden": burden,
            "car_peak": peak,
            "car_peak_by_burden": lambda: peak() / burden().where(burden() > 0),
            "car_peak_day": lambda: number("CAR_PEAK_DAY", "day of the CAR T cell peak"),
            "origin": origin,
            "abc": lambda: origin().eq(ABC).astype("boolean").mask(origin().isna()),
            "ipi": lambda: number("IPI", "International Prognostic Index"),
        },
    )


def above_quantile(values: pd.Series, quantile: float) -> pd.Series:
    """Whether each value lies above a quantile (R's type 7) of all that are known; one at it does not. Booleans.

    >>> above_quantile(pd.Series([1.0, 2.0, 3.0, None]), 0.5).tolist()
    [False, False, True, <NA>]
    """
    return (values > values.quantile(quantile)).astype("boolean").mask(values.isna())


def both_hold(one: pd.Series, other: pd.Series) -> pd.Series:
    """Whether both flags of a row hold; missing where either is not known, even where the other is False, so that
    nobody is counted among "the others" by half of a definition. Booleans.

    >>> both_hold(pd.Series([True, False], dtype="boolean"), pd.Series([True, None], dtype="boolean")).tolist()
    [True, <NA>]
    """
    one, other = one.astype("boolean"), other.astype("boolean")
    return (one & other).mask(one.isna() | other.isna())


def high_or_low(flags: pd.Series) -> pd.Series:
    """Booleans as the categories low and high."""
    return pd.Series(pd.Categorical(flags.map({True: HIGH, False: LOW}), [LOW, HIGH]), flags.index)


# --- associations


def _declined(known: Known, *names: str) -> Finding | None:
    reasons = [known.lacking[name] for name in names if name in known.lacking]
    return Finding(None, note="; ".join(dict.fromkeys(reasons))) if reasons else None


def correlated(one: pd.Series, other: pd.Series, *, what: str, min_group: int = LEAST) -> Finding:
    """Spearman's correlation of two columns as a finding, with p by the rule of R's cor.test, which the source used."""
    finding = rank_correlation(one, other, what=what, min_group=min_group)
    return finding if finding.value is None else dataclasses.replace(finding, p=spearman(one, other)[1])


def correlation(known: Known, one: str, other: str) -> Finding:
    """Spearman's correlation of two columns of what is known, as `correlated`."""
    declined = _declined(known, one, other)
    if declined:
        return declined
    columns = [known.values[name].astype(float) for name in (one, other)]
    return correlated(*columns, what=f"{one.replace('_', ' ')} and {other.replace('_', ' ')}")


def ratio(known: Known, name: str, marked: str) -> Finding:
    """How many times as high a column is in the marked as in the others (Hodges–Lehmann), as a finding."""
    return _declined(known, name, marked) or rank_shift(
        known.values[name].astype(float), known.values[marked], what=name.replace("_", " "), ratio=True
    )


def shift(known: Known, name: str, marked: str) -> Finding:
    """How much higher a column is in the marked than in the others (Hodges–Lehmann), as a finding."""
    return _declined(known, name, marked) or rank_shift(
        known.values[name].astype(float), known.values[marked], what=name.replace("_", " ")
    )


def difference(known: Known, flag: str, marked: str) -> Finding:
    """The share of a flag among the marked less that among the others, as a finding in fractions."""
    return _declined(known, flag, marked) or share_difference(
        known.values[flag], known.values[marked], what=flag.replace("_", " ")
    )


FIELDS = ["n", "value", "lower", "upper", "lower_90", "upper_90", "p", "note"]


def row(finding: Finding, **more) -> dict:
    """A finding as a row of a table, with further cells before it."""
    values = {name: getattr(finding, name) for name in FIELDS}
    return more | {name: float("nan") if value is None else value for name, value in values.items()}
