"""Notebook 12: what is measured after infusion against overall survival, by landmark and as time-varying.

Who has an early biopsy or reaches a peak of CAR T cells has lived until then. Beside the two models that allow for it
stands the one that does not, as a warning; and the same three on simulated patients in whom nothing has an effect.
"""

import dataclasses

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lcnec_utils.cohort import assays
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.plots import palette
from lcnec_utils.plots.boxes import boxes
from lcnec_utils.plots.forest import forest
from lcnec_utils.stats import immortal_time, landmark
from lcnec_utils.stats.cox import COX_COLUMNS, univariable_cox
from lcnec_utils.studies.car_t.patients import STAINED, above_quantile, by_patient, taken
from lcnec_utils.studies.car_t.populations import CYTOTOXIC, EARLY, T_CELLS

KNOWN, LANDMARK, VARYING = immortal_time.ANALYSES
PEAK, EARLY_T, EARLY_CYTOTOXIC = "CAR T cell peak", "CD3+ density, early", "CD8+ density, early"
STAINS = {
    EARLY_T: (("TL", T_CELLS), ("TCE", T_CELLS)),
    EARLY_CYTOTOXIC: (("TL", CYTOTOXIC), ("TL", "CD8+"), ("TCE", CYTOTOXIC)),
}


@dataclasses.dataclass(frozen=True)
class Later:
    """Hazard ratios of features measured after infusion, and the same analyses where nothing has an effect.

    table: feature, analysis, term, counts, n, events, n_with, events_with, hr, lower, upper, p, note, of the landmark
    also dead, lost (before it) and unknown (followed, without a value by then). left_out: feature → why it is not
    there. simulated: of immortal_time.simulate.
    """

    table: pd.DataFrame
    left_out: dict[str, str]
    simulated: pd.DataFrame
    day: int

    @property
    def coverage(self) -> pd.DataFrame:
        """How often the simulated 95% intervals cover 1, by analysis."""
        return immortal_time.coverage(self.simulated)


def _peak(cohort: Cohort) -> pd.DataFrame:
    """The CAR T cell peak of each patient who has one, with its day: columns value, day."""
    columns = {"CAR_PEAK_PER_UL": "CAR T cell peak", "CAR_PEAK_DAY": "day of the CAR T cell peak"}
    value, day = (pd.to_numeric(cohort.column(*each), errors="coerce").astype(float) for each in columns.items())
    return pd.DataFrame({"value": value, "day": day}).dropna()


def _density(cohort: Cohort, feature: str) -> pd.DataFrame:
    """A density of each patient with an early biopsy of fixed tissue, with the day of the last one: value, day."""
    for assay, population in STAINS[feature]:
        try:
            values = assays.density(cohort, assay, population)
        except MissingData as reason:
            lacking = reason
            continue
        if "BIOPSY_DAY" not in cohort.samples:
            raise MissingData(f"{cohort.name} has no days of biopsies: its table of samples has no column BIOPSY_DAY")
        days = pd.to_numeric(cohort.samples["BIOPSY_DAY"], errors="coerce").astype(float)
        table = pd.DataFrame({"value": values, "day": days.reindex(values.index)}).dropna()
        means = by_patient(cohort, table, time=EARLY, fixation=STAINED)
        # a mean of several biopsies is known from the last of them on
        early = table[taken(cohort, table.index, time=EARLY, fixation=STAINED)]
        return means.assign(day=early["day"].groupby(cohort.samples.loc[early.index, "PATIENT_ID"]).max())
    raise lacking


def features(cohort: Cohort) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """What is measured after infusion: feature → value and day (from infusion) by patient; and why others are lacking.

    Raises MissingData where there is none.
    """
    measured, lacking = {}, {}
    for name in (PEAK, *STAINS):
        try:
            measured[name] = _peak(cohort) if name == PEAK else _density(cohort, name)
            if measured[name].empty:
                raise MissingData(f"nobody of {cohort.name} has it with its day")
        except MissingData as reason:
            measured.pop(name, None)
            lacking[name] = str(reason)
    if not measured:
        raise MissingData("; ".join(dict.fromkeys(lacking.values())))
    return measured, lacking


def _marked(table: pd.DataFrame, name: str, min_group: int) -> dict:
    """The Cox model of one feature, 0 and 1, in patients with one row each."""
    if not table[name].notna().any():
        return {
            "note": "nobody here has a value",
            "n": 0,
            "events": 0,
            "n_with": 0,
            "events_with": 0,
            "counts": "0 of 0",
        }
    return univariable_cox(table, markers=[name], min_group=min_group).iloc[0].to_dict()


def _varying(rows: pd.DataFrame, name: str, min_group: int) -> dict:
    """The time-varying Cox model of one feature, with the patients and events that had it high."""
    known = rows.dropna(subset=[name])
    high = known[known[name] == 1]
    sizes = known.groupby(known[name] == 1).apply(lambda part: part.index.nunique(), include_groups=False)
    n = known.index.nunique()
    row = {"n": n, "events": int(known["event"].sum()), "n_with": high.index.nunique(),
           "events_with": int(high["event"].sum()), "counts": f"{high.index.nunique()} of {n}"}  # fmt: skip
    if len(sizes) < 2 or sizes.min() < min_group:
        return row | {"note": f"fewer than {min_group} patients on a side"}
    fitted = landmark.time_varying_cox(rows, covariates=[name]).iloc[0].to_dict()
    return row | {key: fitted[key] for key in COX_COLUMNS[3:]}


def hazard_ratios(
    cohort: Cohort, of_features: dict[str, pd.DataFrame], *, day: int, quantile: float, min_group: int
) -> tuple[pd.DataFrame, dict[str, str]]:
    """The three models of each feature, high (above a quantile of the measured) against low; table as `Later`, and
    features left out with their reason (a measurement after the patient's end, or before infusion).

    From the landmark the quantile is of what was measured by then: a later value was not known. Patients who were never
    measured are in no model.
    """
    survival, rows, refused = cohort.survival("OS"), [], {}
    for name, measured in of_features.items():
        measured = measured[measured.index.isin(survival.index)]
        high = above_quantile(measured["value"], quantile).astype(float)
        table = pd.DataFrame(
            {"patient": measured.index, "day": measured["day"].to_numpy(), "covariate": name, "value": high.to_numpy()}
        )
        by_then = above_quantile(measured.loc[measured["day"] <= day, "value"], quantile).astype(float)
        try:
            # a value after the landmark is not used there, whatever it is
            kept = landmark.landmark(
                survival, day, table.assign(value=by_then.reindex(measured.index, fill_value=0.0).to_numpy())
            )
            turned = landmark.start_stop(survival, table)
        except UserError as reason:
            refused[name] = str(reason)
            continue
        models = {
            KNOWN: _marked(survival.assign(**{name: high}), name, min_group),
            LANDMARK: _marked(kept, name, min_group)
            | {"dead": kept.attrs["dead"], "lost": kept.attrs["lost"], "unknown": int(kept[name].isna().sum())},
            VARYING: _varying(turned, name, min_group),
        }
        rows += [{"feature": name, "analysis": analysis} | model for analysis, model in models.items()]
    table = pd.DataFrame(rows, columns=["feature", "analysis", "counts", "n", "events", "n_with", "events_with",
                                        *COX_COLUMNS[3:], "dead", "lost", "unknown"])  # fmt: skip
    counts = ["dead", "lost", "unknown"]
    table[counts] = table[counts].astype("Int64")
    return table, refused


def measured_later(cohort: Cohort, *, day: int, quantile: float, min_group: int, seed: int, draws: int = 500) -> Later:
    """Features measured after infusion against overall survival, and the simulated counterpart without any effect.

    day: the landmark, days from infusion. quantile: a feature is high above it. Raises MissingData where the cohort has
    no survival, or nothing measured after infusion.
    """
    measured, lacking = features(cohort)
    table, refused = hazard_ratios(cohort, measured, day=day, quantile=quantile, min_group=min_group)
    if table.empty:
        raise MissingData("; ".join(refused.values()))
    return Later(table, lacking | refused, immortal_time.simulate(day=max(day, 1), draws=draws, seed=seed), day)


def figure(later: Later, *, title: str) -> Figure:
    """The hazard ratios of the cohort's features, and those of simulated patients by the same three analyses."""
    fig, axes = palette.stacked(2, palette.PAGE_MM, 60)
    rows = later.table.assign(term=later.table["feature"] + ": " + _words(later.table["analysis"], later.day))
    forest(rows, axes[0], title=title, left="longer with high", right="shorter with high")
    covered_by = later.coverage.set_index("analysis")
    names = {
        analysis: f"{_words(pd.Series([analysis]), later.day)[0]}: 95% CI covers 1 in {row.coverage:.1f}%"
        for analysis, row in covered_by.iterrows()
    }
    groups = pd.Series(pd.Categorical(later.simulated["analysis"].map(names), list(names.values())))
    boxes(
        later.simulated["hr"], groups, axes[1], ylabel="Hazard ratio of a feature without effect", horizontal=True,
        dots=False, lines={"no effect": 1.0}, title=f"Simulated patients, {covered_by['draws'].iloc[0]} draws",
    )  # fmt: skip
    axes[1].set_xscale("log")
    ticks = [0.5, 0.75, 1, 1.5]
    axes[1].set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes[1].minorticks_off()
    return fig


def _words(analyses: pd.Series, day: int) -> pd.Series:
    """The analyses as a row of a figure says them."""
    return analyses.map({KNOWN: "as if known at infusion", LANDMARK: f"landmark, day {day}", VARYING: VARYING})


def sentence(later: Later) -> str:
    """The two sound hazard ratios of each feature, who was lost before the landmark, and what the simulation shows."""
    parts = []
    for feature, rows in later.table.groupby("feature", sort=False):
        rows = rows.set_index("analysis")
        said = [f"{_words(pd.Series([name]), later.day)[0]} {_ratio(rows.loc[name])}" for name in (LANDMARK, VARYING)]
        at = rows.loc[LANDMARK]
        parts.append(
            f"{feature}, high against low: {', '.join(said)} (before the landmark {at['dead']} died and {at['lost']} "
            f"were lost; {at['unknown']} had no value by then)"
        )
    left = "".join(f" {name} is left out: {reason}." for name, reason in later.left_out.items())
    covered_by = later.coverage.set_index("analysis")
    ratio, covered = (
        covered_by[name].map(lambda value, n=n: formats.number(value, n)) for name, n in (("hr", 2), ("coverage", 1))
    )
    return (
        f"{'; '.join(parts)}. Who was never measured is in none of these models.{left} In simulated patients, of whom "
        f"those who never had it count as without it, a feature without effect has a hazard ratio of "
        f"{ratio[KNOWN]} where it is taken as known at infusion (the 95% CI holds 1 in {covered[KNOWN]}% of draws), "
        f"{ratio[LANDMARK]} from the landmark ({covered[LANDMARK]}%) and {ratio[VARYING]} as time-varying "
        f"({covered[VARYING]}%)."
    )


def _ratio(row: pd.Series) -> str:
    if not np.isfinite(row["hr"]):
        return f"no hazard ratio ({row['note']})"
    return f"hazard ratio {formats.hazard_ratio(row['hr'], row['lower'], row['upper'])}"
