"""Notebook 12: biopsies by time, fixation and assay, lymph nodes against other sites, and the patients biopsied beside
the trial that they are part of.

The whole trial is in no cohort: what the source compares with it is shown as printed.
"""

import contextlib
import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_count, of_share
from lcnec_utils.core.units import DAYS_PER_MONTH
from lcnec_utils.ledger import claims
from lcnec_utils.stats.components import Components, component_shifts
from lcnec_utils.stats.proportions import wilson
from lcnec_utils.studies.car_t import gene_biopsies, patients
from lcnec_utils.studies.car_t.gene_biopsies import FIXED, FROZEN
from lcnec_utils.studies.car_t.patients import HIGH_GRADE
from lcnec_utils.studies.car_t.populations import BASELINE, EARLY, RELAPSE

TIMES = (BASELINE, EARLY, RELAPSE)
SUBSETS = {BASELINE: "subset1", EARLY: "subset2", RELAPSE: "subset3"}  # as the source counts them
TITLES = {BASELINE: "Before infusion", EARLY: "Early after it", RELAPSE: "At relapse"}
STAINED = ("TL", "TCE", "TCE+", "SC")
GENES = {FROZEN: "genes, frozen", FIXED: "genes, fixed"}
# What a patient has of a measurement, the better state first
MEASURED, FAILED, TISSUE, NONE = STATES = (
    "measured", "fails quality control", "tissue, not measured", "no such tissue",
)  # fmt: skip
NODE = "lymph node"
YEAR_DAYS = round(12 * DAYS_PER_MONTH)
WHOLE_TRIAL = (
    "the whole trial is in no cohort: its patients' values are not public, and a p of a part against it is printed"
)
WHOLE_TRIAL_FOLLOW_UP = "the whole trial is in no cohort, and the follow-up of the biopsied patients is another number"
PROTOCOL = "a definition of the trial's protocol, of which no cohort has a column"


def specimens(cohort: Cohort) -> pd.DataFrame:
    """The specimens with a time and a fixation: patient, time, day, fixation, site; index SAMPLE_ID. Raises MissingData
    where no column says either."""
    table = gene_biopsies.specimens(cohort).dropna(subset=["time", "fixation"])
    site = cohort.samples.get("BIOPSY_SITE", pd.Series(np.nan, cohort.samples.index, dtype=object))
    return table.assign(site=site.reindex(table.index))


def by_time(table: pd.DataFrame) -> pd.DataFrame:
    """Patients and specimens by time: time, patients, ff_only, ffpe_only, both, specimens, patient_tissues.

    table: of `specimens`. patient_tissues: patients, each counted once for either tissue.
    """
    rows = []
    for time in TIMES:
        of_time = table[table["time"] == time]
        kinds = of_time.groupby("patient")["fixation"].agg(frozenset)
        counts = {name: int((kinds == kind).sum()) for name, kind in (
            ("ff_only", {FROZEN}), ("ffpe_only", {FIXED}), ("both", {FROZEN, FIXED}))}  # fmt: skip
        rows.append({"time": time, "patients": len(kinds), **counts, "specimens": len(of_time),
                     "patient_tissues": int(kinds.map(len).sum())})  # fmt: skip
    return pd.DataFrame(rows)


def longitudinal(table: pd.DataFrame) -> dict[str, int]:
    """Patients with specimens of more than one time, by the times: pre_post, pre_post_relapse, pre_relapse, and all."""
    times = table.groupby("patient")["time"].agg(frozenset)
    kinds = {"pre_post": {BASELINE, EARLY}, "pre_post_relapse": set(TIMES), "pre_relapse": {BASELINE, RELAPSE}}
    counts = {name: int((times == kind).sum()) for name, kind in kinds.items()}
    return {"all": int((times.map(len) > 1).sum()), **counts}


def _measured(cohort: Cohort) -> dict[str, tuple[set[str], str]]:
    """Every measurement of a cohort: name → the samples that have it, and the fixation of tissue that it needs."""
    found: dict[str, tuple[set[str], str]] = {}
    if cohort.densities is not None:
        for assay in STAINED:
            rows = cohort.densities["assay"] == assay
            if rows.any():
                found[assay] = set(cohort.densities.loc[rows, "sample"]), FIXED
    if cohort.ncounter:
        counted = {sample for data in cohort.ncounter.values() for sample in data.obs_names}
        fixation = cohort.samples["FIXATION"]
        for kind, name in GENES.items():
            found[name] = {sample for sample in counted if fixation.get(sample) == kind}, kind
    return found


def _failed(cohort: Cohort) -> set[str]:
    """Samples whose RNA or lane fails quality control."""
    columns = [name for name in ("RNA_QC", "NCOUNTER_QC") if name in cohort.samples]
    return set(cohort.samples.index[cohort.samples[columns].eq("FAIL").any(axis=1)]) if columns else set()


def availability(cohort: Cohort) -> pd.DataFrame:
    """What each patient has of each measurement at each time: time, what, then a column per patient with one of STATES.

    Tissue by fixation comes first, then stained assays (which need fixed tissue), then genes by fixation. Patients are
    in the order of what they have. Raises as `specimens`.
    """
    table, failed = specimens(cohort), _failed(cohort)
    people, rows = sorted(table["patient"].unique()), []
    for time in TIMES:
        of_time = table[table["time"] == time]
        tissue = {kind: set(of_time.loc[of_time["fixation"] == kind, "patient"]) for kind in (FROZEN, FIXED)}
        for kind, words in ((FROZEN, "frozen tissue"), (FIXED, "fixed tissue")):
            rows.append((time, words, *(MEASURED if each in tissue[kind] else NONE for each in people)))
        for what, (samples, kind) in _measured(cohort).items():
            have = set(of_time.loc[of_time.index.isin(samples), "patient"])
            bad = set(of_time.loc[of_time.index.isin(failed) & (of_time["fixation"] == kind), "patient"])
            states = []
            for each in people:
                failing = FAILED if each in bad and what in GENES.values() else TISSUE
                states.append(MEASURED if each in have else failing if each in tissue[kind] else NONE)
            rows.append((time, what, *states))
    wide = pd.DataFrame(rows, columns=["time", "what", *people])
    ranks = wide[people].apply(lambda states: states.map({state: place for place, state in enumerate(STATES)}))
    order = sorted(people, key=lambda each: (*ranks[each], each))
    return wide[["time", "what", *order]]


def measured_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Patients in each state by time and measurement: time, what, a column per state. table: of `availability`."""
    people = [name for name in table if name not in ("time", "what")]
    counts = {state: table[people].eq(state).sum(axis=1) for state in STATES}
    return table[["time", "what"]].assign(**counts)


def sites(cohort: Cohort, *, min_group: int) -> tuple[Components, pd.Series, str]:
    """Principal components of all genes of fixed tissue before infusion, each patient's site (lymph node or other), and
    the panel. Raises MissingData where there are no sites or no such expression."""
    table = specimens(cohort)
    if table["site"].isna().all():
        raise MissingData(f"{cohort.name} does not say what its biopsies were taken from (BIOPSY_SITE)")
    panel, values = gene_biopsies.before_infusion(cohort)
    log2 = values[FIXED]
    rows = table[(table["time"] == BASELINE) & (table["fixation"] == FIXED)].dropna(subset=["site"])
    nodes = rows["site"].str.lower().str.contains("node").groupby(rows["patient"]).agg(["min", "max"])
    of_node = nodes["max"].where(nodes["min"] == nodes["max"]).astype("boolean").reindex(log2.index)
    found = component_shifts(log2, of_node, what="biopsies of lymph nodes", min_group=min_group)
    names = of_node.map({True: NODE, False: "other site"})
    return found, pd.Series(pd.Categorical(names, [NODE, "other site"]), log2.index), panel


@dataclasses.dataclass(frozen=True)
class Flow:
    """The biopsies of a cohort. table: of `specimens`; states: of `availability`; sites: of `sites`, or why not."""

    table: pd.DataFrame
    states: pd.DataFrame
    sites: tuple[Components, pd.Series, str] | None
    why_no_sites: str


def flow(cohort: Cohort, *, min_group: int) -> Flow:
    """All that the panel shows of one cohort. Raises as `specimens`."""
    found, why = None, ""
    try:
        found = sites(cohort, min_group=min_group)
    except MissingData as reason:
        why = str(reason)
    return Flow(specimens(cohort), availability(cohort), found, why)


def flow_findings(cohorts: dict[str, Cohort], of: Flow) -> dict[str, list[Finding]]:
    """Numbers of biopsies, patients and sets, by the tail of a claim's id. cohorts: by role, those that there are."""
    recipients, table = cohorts["car_t"], of.table
    counts, answers = by_time(table).set_index("time"), {}
    for end in ("", ".abstract"):
        answers[f"biopsies{end}"] = [of_count(len(table))]
        answers[f"patients{end}"] = [of_count(table["patient"].nunique())]
    for time, name in SUBSETS.items():
        answers[name] = [of_count(int(counts.at[time, "patients"]))]
        for kind in ("ff_only", "ffpe_only", *(("both",) if time != RELAPSE else ())):
            answers[f"{name}.{kind}"] = [of_count(int(counts.at[time, kind]))]
    for name, n in longitudinal(table).items():
        answers["longitudinal" if name == "all" else f"longitudinal.{name}"] = [of_count(n)]
    known = table["site"].dropna()
    k = int(known.str.lower().str.contains("node").sum())
    answers["lymph_node_share"] = [of_share(k, len(known), *wilson(k, len(known)))]
    answers["lymph_node_vs_other"] = [Finding(None, note=of.why_no_sites)] if of.sites is None else of.sites[0].shifts
    answers |= dict.fromkeys(("relapse_after_transplant", "target_dose"), [Finding(None, note=PROTOCOL)])
    return answers | _set_sizes(cohorts, recipients)


def _set_sizes(cohorts: dict[str, Cohort], recipients: Cohort) -> dict[str, list[Finding]]:
    """Patients and panels of all four sets; what rests on a set that is not there, or is not the source's, is no
    answer."""
    answers: dict[str, list[Finding]] = {}
    cohorts = {role: cohort for role, cohort in cohorts.items() if role == "car_t" or patients.of_source(cohort)}
    for role, name in (("car_t_naive", "n_naive"), ("car_t_second_line", "n_second_line"),
                       ("car_t_commercial", "n_commercial")):  # fmt: skip
        lacking = Finding(None, note=f"this run has no cohort of the source's patients in the role '{role}'")
        answers[name] = [of_count(len(cohorts[role].samples)) if role in cohorts else lacking]
        if role != "car_t_naive":
            answers[f"{name}.text"] = [of_count(len(_with_genes(cohorts[role]))) if role in cohorts else lacking]
    answers["n_commercial.results"] = answers["n_commercial.text"]
    counted = {sample for data in recipients.ncounter.values() for sample in data.obs_names}
    answers["n_expression_zuma1"] = [of_count(len(counted))]
    every = {"car_t", "car_t_naive", "car_t_second_line", "car_t_commercial"} <= set(cohorts)
    lacking = [Finding(None, note="it counts over the source's four sets, and this run has fewer")]
    panels = {name for cohort in cohorts.values() for name in cohort.ncounter}
    with_genes = sum(len(_with_genes(cohort)) for cohort in cohorts.values())
    stained = sum(len(_stained(cohorts[role])) for role in ("car_t", "car_t_naive") if role in cohorts)
    answers["gene_panels"] = [of_count(len(panels))] if every else lacking
    answers["n_expression_total.discussion"] = [of_count(with_genes)] if every else lacking
    answers["n_ihc_total.discussion"] = [of_count(stained)] if "car_t_naive" in cohorts else lacking
    return answers


def _with_genes(cohort: Cohort) -> set[str]:
    """The patients of whom some panel of genes was measured."""
    counted = {sample for data in cohort.ncounter.values() for sample in data.obs_names}
    return set(cohort.samples.loc[cohort.samples.index.isin(counted), "PATIENT_ID"])


def _stained(cohort: Cohort) -> set[str]:
    """The patients with stained cells."""
    if cohort.densities is None:
        return set()
    return set(cohort.samples.loc[cohort.samples.index.isin(cohort.densities["sample"]), "PATIENT_ID"])


def flow_sentence(of: Flow) -> str:
    """How many biopsies of how many patients there are, what each assay reaches, and what sites do."""
    counts, table = by_time(of.table), of.table
    parts = [
        f"{len(table)} specimens of {formats.count(table['patient'].nunique(), 'patient')}; with each patient counted "
        f"once for either tissue of a time there are {int(counts['patient_tissues'].sum())}."
    ]
    for row in counts.itertuples():
        fixed = row.ffpe_only + row.both
        if row.patients:
            parts.append(
                f"{TITLES[row.time]}: {row.patients} patients ({row.ff_only} with frozen, {row.ffpe_only} with fixed "
                f"tissue only, {row.both} with both), so that cells can be stained of at most {fixed}."
            )
    odd = table[(table["time"] == EARLY) & ~gene_biopsies.in_window(table)]
    if len(odd):
        days = formats.listed([f"{day:g}" for day in sorted(odd["day"].unique())])
        first, last = gene_biopsies.EARLY_DAYS
        parts.append(f"{formats.count(len(odd), 'early specimen')} not of days {first}–{last} (day {days}).")
    if of.sites is None:
        return " ".join([*parts, f"{formats.as_sentence(of.why_no_sites)}"])
    found, groups, panel = of.sites
    shifts = [
        f"{formats.number(each.value, 2)} ({formats.number(each.lower_90, 2)}–{formats.number(each.upper_90, 2)})"
        for each in found.shifts if each.value is not None
    ]  # fmt: skip
    if shifts:
        parts.append(
            f"Lymph nodes ({int((groups == NODE).sum())}) over other sites ({int((groups == 'other site').sum())}) on "
            f"the first components of {panel}, as the fold change of a typical gene (90% CI): {formats.listed(shifts)}."
        )
    return " ".join(parts)


# --- the biopsied patients and the trial

# Shares that the source prints of the pivotal trial, percent: tail of the claim's id → words, print
PIVOTAL = {
    "or_rate.pivotal": "Objective response",
    "cr_rate.pivotal": "Complete response",
    "ongoing.pivotal": "Ongoing response",
    "ne_rate.pivotal": f"Neurologic event, grade ≥{HIGH_GRADE}",
    "primary_resistance.pivotal": "No response (stable or progressive disease)",
    "relapse.pivotal": "Relapse within a year of infusion",
    "failure_total.pivotal": "No response, or relapse within a year of infusion",
}
# What the source tests against the whole trial: tail of the claim's id → words
COMPARED = {
    "age": "Age, years", "sex": "Sex", "best_response": "Best response", "disease_type": "Disease type",
    "ipi": "International Prognostic Index", "prior_lines": "More than three prior lines",
    "car_level": "CAR T cell peak, per µl",
}  # fmt: skip
MANY_LINES = 3
CLAIM = "zuma1.z1_represent.{}"


def _events(cohort: Cohort) -> dict[str, pd.Series]:
    """Booleans by patient for each of PIVOTAL that the cohort can say; missing where it is not known of a patient."""
    found: dict[str, pd.Series] = {}
    with contextlib.suppress(MissingData):
        best = cohort.column("BEST_RESPONSE", "best response")
        known = best.isin(["CR", "PR", "SD", "PD"])
        responded = best.isin(["CR", "PR"]).astype("boolean").mask(~known)
        found |= {"or_rate.pivotal": responded, "cr_rate.pivotal": best.eq("CR").astype("boolean").mask(~known),
                  "primary_resistance.pivotal": ~responded}  # fmt: skip
        with contextlib.suppress(MissingData):
            relapsed = _relapsed_within_a_year(cohort, responded)
            found["relapse.pivotal"] = relapsed
            found["failure_total.pivotal"] = ~responded | relapsed
    with contextlib.suppress(MissingData):
        ongoing = cohort.column("ONGOING_RESPONSE", "ongoing response")
        found["ongoing.pivotal"] = ongoing.map({"YES": True, "NO": False}).astype("boolean")
    with contextlib.suppress(MissingData):
        grade = cohort.column("NE_GRADE", "neurologic events").astype(float)
        found["ne_rate.pivotal"] = (grade >= HIGH_GRADE).astype("boolean").mask(grade.isna())
    return found


def _relapsed_within_a_year(cohort: Cohort, responded: pd.Series) -> pd.Series:
    """Whether each patient responded and progressed within a year of infusion; missing of responders without a known
    relapse who were followed for less, or whose follow-up is not known, unless they died."""
    if "RELAPSE_DAYS" not in cohort.patients:
        raise MissingData(f"{cohort.name} has no days of relapse: its clinical tables have no column RELAPSE_DAYS")
    days = cohort.patients["RELAPSE_DAYS"].astype(float).reindex(responded.index)
    relapsed = patients.both_hold(days <= YEAR_DAYS, responded)
    followed = cohort.survival("OS").reindex(responded.index)
    # written so that a follow-up that is missing counts as short
    short = ~(followed["months"] * DAYS_PER_MONTH >= YEAR_DAYS) & ~followed["event"].eq(True)
    return relapsed.mask(responded.fillna(False).astype(bool) & days.isna() & short)


def rates(cohort: Cohort) -> pd.DataFrame:
    """The cohort's share of each of PIVOTAL, with Wilson's limits: id, what, k, n, share, lower, upper (fractions).

    Raises MissingData where the cohort can say none of them.
    """
    rows = []
    for id, flags in _events(cohort).items():
        known = flags.dropna().astype(bool)
        k, n = int(known.sum()), len(known)
        if n:
            lower, upper = wilson(k, n)
            rows.append((id, PIVOTAL[id], k, n, k / n, lower, upper))
    if not rows:
        raise MissingData(f"{cohort.name} has neither response, relapse nor neurologic events")
    table = pd.DataFrame(rows, columns=["id", "what", "k", "n", "share", "lower", "upper"])
    return table.set_index("id").loc[[id for id in PIVOTAL if id in set(table["id"])]].reset_index()


def _printed_percent(id: str) -> float:
    return float(claims.published()[CLAIM.format(id)].value)


def rates_with_prints(table: pd.DataFrame, cohort: Cohort) -> pd.DataFrame:
    """Rows for `plots.replication_forest`: each share of the trial as printed, and the cohort's with limits (percent).

    table: of `rates`.
    """
    kind, rows = "simulated" if cohort.simulated else "cohort", []
    for row in table.itertuples():
        about = " (about)" if "approximate" in claims.published()[CLAIM.format(row.id)].flags else ""
        rows.append({"heading": row.what, "kind": "print", "label": f"whole trial{about}",
                     "estimate": _printed_percent(row.id)})  # fmt: skip
        rows.append({"heading": row.what, "kind": kind, "label": "patients biopsied", "estimate": 100 * row.share,
                     "lower": 100 * row.lower, "upper": 100 * row.upper, "n": row.n, "events": row.k})  # fmt: skip
    return pd.DataFrame(rows)


def compared(cohort: Cohort) -> pd.DataFrame:
    """What the source tests against the whole trial: what, the cohort's own values in words, n, and the printed p."""
    makers = {
        "age": lambda: _spread(cohort, "AGE", 0),
        "sex": lambda: _counts(cohort, "SEX", ["Female", "Male"]),
        "best_response": lambda: _counts(cohort, "BEST_RESPONSE", ["CR", "PR", "SD", "PD"]),
        "disease_type": lambda: _counts(cohort, "DISEASE_TYPE"),
        "ipi": lambda: _counts(cohort, "IPI"),
        "prior_lines": lambda: _many_lines(cohort),
        "car_level": lambda: _spread(cohort, "CAR_PEAK_PER_UL", 1),
    }
    rows = []
    for id, what in COMPARED.items():
        try:
            words, n = makers[id]()
        except MissingData:
            words, n = "not recorded", 0
        rows.append((id, what, words, n, claims.published()[CLAIM.format(id)].p))
    return pd.DataFrame(rows, columns=["id", "what", "patients_biopsied", "n", "printed_p"])


def _spread(cohort: Cohort, column: str, digits: int) -> tuple[str, int]:
    values = pd.to_numeric(cohort.column(column, column.lower()), errors="coerce").dropna()
    low, middle, high = (formats.number(value, digits) for value in values.quantile([0.25, 0.5, 0.75]))
    return f"median {middle} ({low}–{high})", len(values)


def _counts(cohort: Cohort, column: str, order: list[str] | None = None) -> tuple[str, int]:
    values = cohort.column(column, column.lower()).dropna()
    names = values.map(lambda value: f"{value:g}" if isinstance(value, float) else str(value))
    counts = names.value_counts()
    listed = [name for name in order or sorted(counts.index) if name in counts.index]
    listed += [name for name in counts.index if name not in listed]
    return ", ".join(f"{name} ({counts[name]})" for name in listed), len(values)


def _many_lines(cohort: Cohort) -> tuple[str, int]:
    lines = pd.to_numeric(cohort.column("PRIOR_LINES", "prior lines"), errors="coerce").dropna()
    k = int((lines > MANY_LINES).sum())
    return f"{k} of {len(lines)}", len(lines)


def represent_findings(cohort: Cohort, table: pd.DataFrame) -> dict[str, list[Finding]]:
    """Shares beside those of the trial, and why its comparisons and its follow-up are none of ours, by a claim id's
    tail.

    table: of `rates`.
    """
    answers: dict[str, list[Finding]] = {
        id: [Finding(None, note=f"{cohort.name} does not say it of its patients: {what.lower()}")]
        for id, what in PIVOTAL.items()
    }
    answers |= {row.id: [of_share(row.k, row.n, row.lower, row.upper)] for row in table.itertuples()}
    answers |= {id: [Finding(None, note=WHOLE_TRIAL)] for id in COMPARED}
    answers["follow_up.pivotal"] = [Finding(None, note=WHOLE_TRIAL_FOLLOW_UP)]
    windows = ("response_window.main", "response_window.cohort3")
    return answers | {id: [Finding(None, note=PROTOCOL)] for id in windows}


def represent_sentence(table: pd.DataFrame) -> str:
    """Which of the trial's printed shares lie within the interval of the patients biopsied."""
    within = [row.what for row in table.itertuples() if row.lower <= _printed_percent(row.id) / 100 <= row.upper]
    outside = [row.what for row in table.itertuples() if row.what not in within]
    words = (
        f"{len(within)} of {len(table)} shares that are printed of the trial lie within the interval of the biopsied"
    )
    if outside:
        words += f" (outside: {formats.listed([name[:1].lower() + name[1:] for name in outside])})"
    return f"{words}. The seven comparisons with the whole trial are shown as printed: {WHOLE_TRIAL}."
