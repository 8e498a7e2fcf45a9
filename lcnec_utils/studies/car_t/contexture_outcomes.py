"""Notebook 12: immune contexture before infusion against response and survival, with tumour burden.

Scores and densities are of biopsies before infusion and survival counts from infusion, so they may be covariates as
they are. The peak of CAR T cells is measured after infusion: it is in none of these models (measured_later.py has it).
"""

import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_count, of_hazard, of_parameter, of_share
from lcnec_utils.core.params import BURDEN_TERMS
from lcnec_utils.stats import survival
from lcnec_utils.stats.comparison import Comparison, compare
from lcnec_utils.stats.cox import cox, events_per_variable
from lcnec_utils.stats.proportions import difference_of_shares, wilson
from lcnec_utils.studies.car_t import patients
from lcnec_utils.studies.car_t.immune_scores import IMMUNOSCORE, IMMUNOSIGN, Scores, made_of_sentence
from lcnec_utils.studies.car_t.patients import HIGH, LOW, Known
from lcnec_utils.studies.car_t.populations import CYTOTOXIC, EARLY, HELPER, T_CELLS
from lcnec_utils.studies.words import comparison_sentences

ACTIVATED = f"{CYTOTOXIC} PD1+ LAG3+ TIM3-"
STAINED_T_CELLS = {
    "t_cells": ("TCE", T_CELLS), "th_cells": ("TCE", HELPER), "tc_cells": ("TCE", CYTOTOXIC),
    "activated_tc": ("TCE", ACTIVATED),
}  # fmt: skip
LOW_BURDEN_DENSE, HIGH_BURDEN_SPARSE, OTHERS = "low burden, many Th", "high burden, few Th", "others"
CORNERS = (LOW_BURDEN_DENSE, HIGH_BURDEN_SPARSE, OTHERS)
MONTHS_PER_YEAR = 12
# How burden enters a survival model, and what its term is called
BURDENS = dict(zip(BURDEN_TERMS, ("Burden, per doubling", "High burden"), strict=True))


# --- ten pairs


@dataclasses.dataclass(frozen=True)
class Pairs:
    """T cells of biopsies before infusion and early after it. everyone: patients with either; pairs: those with both
    and a tumour burden, with `corner` (one of CORNERS)."""

    everyone: Known
    pairs: pd.DataFrame


def t_cells_and_burden(cohort: Cohort, *, burden_quantile: float, density_quantile: float) -> Pairs:
    """T cell densities before and after infusion, burden and response of each patient.

    Burden is high above its quantile of all patients, a density above its quantile of all stained before infusion; a
    value at the cut is low. Raises MissingData where no patient has both biopsies and a burden.
    """
    known = patients.outcomes(cohort)
    for time, tail in ((patients.BASELINE, "pre"), (EARLY, "post")):
        of_time = patients.densities(cohort, STAINED_T_CELLS, time=time)
        renamed = of_time.values.add_suffix(f"_{tail}")
        known = known.join(Known(renamed, {f"{name}_{tail}": why for name, why in of_time.lacking.items()}))
    flags = {
        "high_burden": patients.above_quantile(known.values["burden"], burden_quantile),
        "many_th": patients.above_quantile(known.values["th_cells_pre"], density_quantile),
        "many_t": patients.above_quantile(known.values["t_cells_pre"], density_quantile),
    }
    flags["low_burden"] = ~flags["high_burden"]
    flags["low_burden_many_t"] = patients.both_hold(flags["low_burden"], flags["many_t"])
    known = known.add(**flags)
    for name in ("burden", "th_cells_pre", "th_cells_post"):
        known.need(name)
    pairs = known.values.dropna(subset=["burden", "th_cells_pre", "th_cells_post"])
    if pairs.empty:
        raise MissingData(
            f"no patient of {cohort.name} has stained biopsies before and early after infusion, and a burden"
        )
    dense, high = pairs["many_th"].astype(bool), pairs["high_burden"].astype(bool)
    corner = np.select([dense & ~high, ~dense & high], CORNERS[:2], CORNERS[2])
    return Pairs(known, pairs.assign(corner=pd.Categorical(corner, CORNERS)))


def pair_table(of: Pairs) -> pd.DataFrame:
    """One row per pair: burden, densities before and after, response, corner."""
    names = ["burden", "corner", "th_cells_pre", "th_cells_post", "t_cells_pre", "t_cells_post", "activated_tc_pre",
             "activated_tc_post", "complete_response"]  # fmt: skip
    return of.pairs[names].sort_values(["corner", "burden"]).reset_index(drop=True).rename_axis("pair")


def _complete(of: Pairs, corner: str) -> tuple[int, int]:
    """Complete responses in a corner, and the pairs of it whose response is known."""
    known = of.pairs.loc[of.pairs["corner"] == corner, "complete_response"].dropna()
    return int(known.sum()), len(known)


def pair_findings(of: Pairs) -> dict[str, list[Finding]]:
    """Findings on T cells, burden and response, by the tail of a claim's id."""
    pairs = Known(of.pairs.drop(columns="corner"), of.everyone.lacking)
    (few, n_few), (many, n_many) = _complete(of, HIGH_BURDEN_SPARSE), _complete(of, LOW_BURDEN_DENSE)
    nobody = Finding(None, note=f"no pair with a known response has {LOW_BURDEN_DENSE}, or none {HIGH_BURDEN_SPARSE}")
    limits = wilson(n_few - few, n_few)
    high_with_cr = of.pairs["high_burden"].astype(bool) & of.pairs["complete_response"].fillna(False).astype(bool)
    return {
        "pairs": [of_count(len(of.pairs))],
        "low_burden_high_th.cr": [difference_of_shares(many, n_many, few, n_few) if n_few and n_many else nobody],
        "high_burden_low_density.no_cr": [of_share(n_few - few, n_few, *limits)],
        "high_burden.cr": [of_count(int(high_with_cr.sum()))],
        "t_density_by_burden.pre": [patients.ratio(pairs, "t_cells_pre", "low_burden")],
        "t_density_by_burden.post": [patients.ratio(pairs, "t_cells_post", "low_burden")],
        "post_reflects_pre": [patients.correlation(pairs, "t_cells_pre", "t_cells_post")],
        "low_burden_high_t.cr.discussion": [patients.difference(of.everyone, "complete_response", "low_burden_many_t")],
        "infiltrate_vs_response.discussion": [patients.correlation(of.everyone, "t_cells_pre", "response")],
        "burden_vs_response.discussion": [patients.correlation(of.everyone, "burden", "response")],
    }


def pair_sentence(of: Pairs) -> str:
    """Complete responses by corner, and whether the densities after follow those before."""
    parts = [f"{corner}: {formats.share(*_complete(of, corner))}" for corner in CORNERS if _complete(of, corner)[1]]
    pairs = Known(of.pairs, {})
    follows = patients.correlation(pairs, "t_cells_pre", "t_cells_post")
    said = f"; T cells after against before: {correlation_words(follows)}" if follows.value is not None else ""
    return (
        f"Complete response of {formats.count(len(of.pairs), 'pair')}, {'; '.join(parts)}{said}. The early biopsy "
        "comes before the first scan, so response did not select who has one; death before it may have."
    )


def correlation_words(finding: Finding) -> str:
    """A correlation with its limits, p and n; or why there is none."""
    if finding.value is None:
        return finding.note
    limits = " to ".join(formats.number(limit, 2) for limit in (finding.lower, finding.upper))
    return f"rho {formats.number(finding.value, 2)} ({limits}; {formats.p_value(finding.p)}; n = {finding.n})"


def ratio_words(finding: Finding) -> str:
    """A ratio with its limits, p and the sizes; or why there is none."""
    if finding.value is None:
        return finding.note
    limits = f"{formats.number(finding.lower, 2)}–{formats.number(finding.upper, 2)}"
    return f"{formats.number(finding.value, 2)} ({limits}; {formats.p_value(finding.p)}; n = {finding.n})"


# --- overall survival by score


@dataclasses.dataclass(frozen=True)
class ScoreSurvival:
    """Survival by score. known: outcomes, densities and scores by patient. scores: what they are made of. groups: score
    → low or high by patient. comparisons: by score. follow_up: median by the reverse Kaplan–Meier, months."""

    known: Known
    scores: Scores
    groups: pd.DataFrame
    comparisons: dict[str, Comparison]
    follow_up: float


def score_survival(
    cohort: Cohort, scores: Scores, *, score_percentile: float, sign_percentile: float, min_group: int
) -> ScoreSurvival:
    """Overall survival of high against low scores: high is above a percentile (R's type 7) of the scored patients.

    Raises MissingData where the cohort has no survival, or none of the scores.
    """
    table = cohort.survival("OS")
    if not scores.names:
        raise MissingData("; ".join(scores.known.lacking.values()))
    known = patients.outcomes(cohort).join(scores.known).join(patients.densities(cohort, STAINED_T_CELLS))
    cuts = {IMMUNOSCORE: score_percentile, IMMUNOSIGN: sign_percentile}
    groups = pd.DataFrame(
        {
            name: patients.high_or_low(patients.above_quantile(scores.known.values[name], cuts[name] / 100))
            for name in scores.names
        }
    )
    comparisons = {
        name: compare(
            table.join(groups[name].rename("group")), group="group", endpoint="overall survival", min_group=min_group,
            total=len(cohort.patients), reference=LOW, source=cohort.name,
        )
        for name in scores.names
    }  # fmt: skip
    follow_up = float(survival.follow_up(table)["median"].iloc[0])
    return ScoreSurvival(known, scores, groups, comparisons, follow_up)


def _survival_by(of: ScoreSurvival, name: str) -> Finding:
    """How much longer survival is with a high score: the reciprocal of the hazard ratio, p by the log-rank test."""
    if name not in of.comparisons:
        return Finding(None, note=of.scores.known.lacking[name])
    groups = of.comparisons[name]
    if groups.ratios.empty:
        small = formats.listed([f"{group} (n = {n})" for group, n in zip(
            groups.medians["group"], groups.medians["n"], strict=True)])  # fmt: skip
        return Finding(None, note=f"{name} has too few patients on a side: {small}")
    finding = of_hazard(next(groups.ratios.itertuples()), survival=True)
    sizes = groups.medians.set_index("group")["n"]
    smallest = int(sizes[[HIGH, LOW]].min())
    return finding if finding.value is None else dataclasses.replace(finding, p=groups.log_rank.p, smallest=smallest)


def survival_findings(of: ScoreSurvival, sign_percentile: float) -> dict[str, list[Finding]]:
    """Findings on scores, response and survival, by the tail of a claim's id."""
    both = [_survival_by(of, name) for name in (IMMUNOSCORE, IMMUNOSIGN)]
    with_response = [patients.correlation(of.known, name, "response") for name in (IMMUNOSCORE, IMMUNOSIGN)]
    years = of.follow_up / MONTHS_PER_YEAR
    return {
        "response_vs_contexture.abstract": with_response,
        "os_vs_contexture.abstract": both,
        "response_vs_immunoscore.trend": with_response[:1],
        "response_vs_density.tc": [patients.ratio(of.known, "tc_cells", "objective_response")],
        "response_vs_density.th": [patients.ratio(of.known, "th_cells", "objective_response")],
        "immunoscore": both[:1],
        "immunosign21": both[1:],
        "os_vs_contexture.discussion": both,
        "follow_up.discussion": [
            Finding(None, note="the median follow-up is not reached") if np.isnan(years) else Finding(years)
        ],
        "immunosign_cutoff": [of_parameter(sign_percentile)],
    }


def survival_sentence(of: ScoreSurvival) -> str:
    """Survival by each score, T cells with and without response, follow-up, and what the scores are made of."""
    said = comparison_sentences(of.comparisons)
    cells = {"Tc": "tc_cells", "Th": "th_cells"}
    parts = [f"{name} {ratio_words(patients.ratio(of.known, column, 'objective_response'))}" for name, column in
             cells.items()]  # fmt: skip
    return (
        f"{said} Density with response over without (Hodges–Lehmann, 95% CI): {'; '.join(parts)}. Median follow-up "
        f"{formats.months(of.follow_up)} months. {made_of_sentence(of.scores)}"
    )


def survival_summary(of: ScoreSurvival) -> pd.DataFrame:
    """The summary of each comparison, with what the score is made of."""
    tables = {name: groups.summary() for name, groups in of.comparisons.items()}
    table = pd.concat(tables, names=["score"]).reset_index(level=0).reset_index(drop=True)
    return table.assign(made_of=table["score"].map(of.scores.made_of))


# --- several features together


@dataclasses.dataclass(frozen=True)
class Models:
    """Cox models of overall survival. table: model, term, column, n, events, hr, lower, upper, p, note. left_out:
    covariate → why it is in no model. scores_together: correlation of the two scores. dropped: model → patients with
    survival who lack a covariate."""

    table: pd.DataFrame
    left_out: dict[str, str]
    scores_together: Finding
    dropped: dict[str, int]


def survival_features(of: ScoreSurvival, *, burden_quantile: float, burden_term: str) -> tuple[pd.DataFrame, dict]:
    """The covariates of the survival models by patient, each under the name that a forest shows, and why one is
    lacking.

    burden_term: `high or low` (above its quantile), or `per doubling` of mm².
    """
    known, columns, lacking = of.known, {}, {}
    for name in of.scores.names:
        columns[f"High {name}"] = of.groups[name].map({HIGH: 1.0, LOW: 0.0}).astype(float)
    sides = {
        "burden": (
            BURDENS[burden_term],
            lambda values: (
                patients.above_quantile(values, burden_quantile).astype("Float64").astype(float)
                if burden_term == BURDEN_TERMS[1]
                else np.log2(values.where(values > 0))
            ),
        ),
        "abc": ("ABC against GCB or unclassified", lambda values: values.astype("Float64").astype(float)),
        "ipi": ("IPI, per point", lambda values: values.astype(float)),
    }
    for name, (label, make) in sides.items():
        if known.has(name):
            columns[label] = make(known.values[name])
        else:
            lacking[label] = known.lacking[name]
    return pd.DataFrame(columns), lacking


def survival_models(
    cohort: Cohort, of: ScoreSurvival, *, burden_quantile: float, burden_term: str, min_group: int
) -> Models:
    """Cox models of overall survival: each score with the clinical features, both scores with them, each feature alone.

    Two models with one score each come first, for the scores measure much the same. Complete cases of each model.
    """
    features, left_out = survival_features(of, burden_quantile=burden_quantile, burden_term=burden_term)
    table = cohort.survival("OS").join(features)
    clinical = [name for name in features if name.removeprefix("High ") not in of.scores.names]
    named = {name: f"High {name}" for name in of.scores.names}
    sets = {f"With {name}": [column, *clinical] for name, column in named.items() if clinical}
    if len(named) == 2:
        sets["With both scores"] = [*named.values(), *clinical]
    rows, dropped = [], {}
    for model, covariates in sets.items():
        fitted = cox(table, covariates=covariates, min_group=min_group)
        rows.append(fitted.assign(model=model))
        dropped[model] = fitted.attrs["dropped"]
    alone = [cox(table, covariates=[name], min_group=min_group) for name in features]
    rows += [fitted.assign(model="Each alone") for fitted in alone]
    whole = pd.concat(rows, ignore_index=True)
    return Models(
        whole[["model", "term", "n", "events", "coefficient", "se", "hr", "lower", "upper", "p", "note"]],
        left_out, patients.correlation(of.known, IMMUNOSCORE, IMMUNOSIGN), dropped,
    )  # fmt: skip


def forest_table(models: Models, model: str) -> pd.DataFrame:
    """A model's rows as `plots.forest` takes them."""
    rows = models.table[models.table["model"] == model].reset_index(drop=True)
    return rows.assign(counts=[f"n = {n}" for n in rows["n"]], events_with=rows["events"])


def model_findings(models: Models) -> dict[str, list[Finding]]:
    """Findings on the survival models, by the tail of a claim's id."""

    def of(model: str, *starts: str) -> Finding:
        rows = models.table[(models.table["model"] == model) & models.table["term"].str.startswith(starts)]
        if rows.empty:
            reason = next((why for name, why in models.left_out.items() if name.startswith(starts)), "")
            return Finding(None, note=reason or f"there is no model {model.lower()} with {starts[0].lower()}")
        return of_hazard(next(rows.itertuples()))

    burden = tuple(BURDENS.values())
    return {
        "immunoscore": [of(f"With {IMMUNOSCORE}", f"High {IMMUNOSCORE}")],
        "immunosign21": [of(f"With {IMMUNOSIGN}", f"High {IMMUNOSIGN}")],
        "tumor_burden.with_immunoscore": [of(f"With {IMMUNOSCORE}", *burden)],
        "tumor_burden.with_immunosign21": [of(f"With {IMMUNOSIGN}", *burden)],
        "coo_os.discussion": [of("Each alone", "ABC")],
    }


def model_sentence(models: Models) -> str:
    """Events per term of the models with a score, how the scores go together, and which features a cohort lacks."""
    parts = []
    for model, lost in models.dropped.items():
        rows = models.table[models.table["model"] == model]
        parts.append(
            f"{model}: n = {rows['n'].iloc[0]}, {formats.count(int(rows['events'].iloc[0]), 'event')}, "
            f"{formats.number(events_per_variable(rows), 1)} events per term, "
            f"{formats.count(lost, 'patient')} left out who {'lacks' if lost == 1 else 'lack'} a feature"
        )
    said = f"{'; '.join(parts)}." if parts else ""
    if models.scores_together.value is not None:
        said += f" The two scores are not independent: {correlation_words(models.scores_together)}."
    if models.left_out:
        said += f" In no model: {'; '.join(f'{name} ({why})' for name, why in models.left_out.items())}."
    return said.strip()
