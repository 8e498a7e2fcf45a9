"""Adverse events by regimen: tables, findings and words of notebook 03."""

import numpy as np
import pandas as pd

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.cohort.treatment import DISCONTINUED, REFERENCE, REGIMENS, SEVERE, regimen, worst_grade
from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding, of_share
from lcnec_utils.core.formats import listed
from lcnec_utils.stats.proportions import pairwise_share_differences, share_difference_interval, wilson
from lcnec_utils.studies.words import too_few_on

ANY_EVENT = "Any event"
# what a claim on unexpected events would need, which no column of a cohort's toxicity timeline records
UNEXPECTED_EVENTS = Finding(
    None,
    note="whether an event was expected is not recorded: that needs the reference safety information of each drug",
)


def event_categories(cohort: Cohort) -> pd.DataFrame:
    """Patients with a treatment-related adverse event by category and regimen, any grade and severe, Wilson limits.

    Columns: category, group, n, any_k, any_lower, any_upper, severe_k, severe_lower, severe_upper (limits as
    fractions), ungraded_k (of any_k those of whom no grade is severe and one is not recorded); the first category is
    any event. n: patients whose adverse events are recorded; `attrs["unrecorded"]` counts the others on a regimen.
    `attrs["ctcae"]`: the versions of CTCAE that the timeline names, an empty string where it names none. Raises
    MissingData where the cohort has no regimens, no grades or no categories.
    """
    groups, worst = regimen(cohort).dropna(), worst_grade(cohort)
    unrecorded = int(worst.reindex(groups.index).isna().sum())
    groups = groups[worst.reindex(groups.index).notna()]
    events = cohort.timeline("toxicity")
    lacking = [name for name in ("TOXICITY_TYPE", "GRADE") if name not in events]
    if lacking:
        raise MissingData(
            f"data_timeline_toxicity.txt of {cohort.name} has no column {' and no column '.join(lacking)}, which the "
            "categories of adverse events need"
        )
    rows = []
    for category, marks in _patients_by_category(events, worst).items():
        for name in groups.cat.categories:
            of_group = marks[marks.index.isin(groups.index[groups == name])]
            n = int((groups == name).sum())
            row = {"category": category, "group": name, "n": n}
            for key, k in (("any", len(of_group)), ("severe", int(of_group["severe"].sum()))):
                row |= dict(zip((f"{key}_k", f"{key}_lower", f"{key}_upper"), (k, *wilson(k, n)), strict=True))
            rows.append(row | {"ungraded_k": int((of_group["ungraded"] & ~of_group["severe"]).sum())})
    table = pd.DataFrame(rows)
    versions = events["CTCAE_VERSION"].replace("", np.nan).dropna() if "CTCAE_VERSION" in events else []
    table.attrs |= {"unrecorded": unrecorded, "ctcae": listed(sorted(set(map(str, versions))))}
    return table


def _patients_by_category(events: pd.DataFrame, worst: pd.Series) -> dict[str, pd.DataFrame]:
    """Of each category the patients with an event: whether one was severe, and whether the grade of one is missing."""
    grade = pd.to_numeric(events["GRADE"], errors="coerce")
    category = events["TOXICITY_TYPE"].replace("", np.nan)
    marks = pd.DataFrame({"severe": grade >= SEVERE, "ungraded": grade.isna()})
    marks = marks.groupby([category, events["PATIENT_ID"]]).any()
    with_event = worst[worst > 0]
    patients = {ANY_EVENT: pd.DataFrame({"severe": with_event >= SEVERE, "ungraded": False})}
    return patients | {name: marks.loc[name] for name in marks.index.unique(level=0)}


def risk_differences(events: pd.DataFrame, *, reference: str = REFERENCE, min_group: int = 5) -> pd.DataFrame:
    """The risk of each category on every other regimen less that on the reference, with Newcombe's 95% interval.

    events: as `event_categories` gives them. Columns: category, group, reference, and for any and severe _difference,
    _lower and _upper (fractions). Regimens with fewer than min_group patients are left out; without the reference the
    table has no rows.
    """
    rows = []
    for category, groups in events.groupby("category", sort=False):
        large = groups[groups["n"] >= min_group].set_index("group")
        for name in large.index.drop(reference) if reference in large.index else []:
            row = {"category": category, "group": name, "reference": reference}
            for side in ("any", "severe"):
                (k_1, n_1), (k_2, n_2) = (large.loc[each, [f"{side}_k", "n"]] for each in (name, reference))
                limits = share_difference_interval(k_1, n_1, k_2, n_2)
                row |= {f"{side}_difference": k_1 / n_1 - k_2 / n_2, f"{side}_lower": limits[0],
                        f"{side}_upper": limits[1]}  # fmt: skip
            rows.append(row)
    columns = [f"{side}_{what}" for side in ("any", "severe") for what in ("difference", "lower", "upper")]
    return pd.DataFrame(rows, columns=["category", "group", "reference", *columns])


def shares_by_regimen(table: pd.DataFrame, ids: dict[str, str], *, min_group: int = 5) -> dict[str, list[Finding]]:
    """Rows of `proportions.shares` of REGIMENS as findings by the tail of a claim's id.

    ids: what is counted → the head of that tail.
    """
    findings = {}
    rows = {(row.what, row.group): row for row in table.itertuples()}
    for what in dict.fromkeys(name for name, _ in rows if name in ids):
        for name in REGIMENS:
            row = rows.get((what, name))
            n = row.n if row else 0
            finding = (
                of_share(row.k, n, row.lower, row.upper)
                if n >= min_group
                else too_few_on(name, n, min_group, "a share")
            )
            findings[f"{ids[what]}.{name}"] = [finding]
    return findings


def share_over_regimens(flags: pd.Series, groups: pd.Series, *, min_group: int = 5) -> Finding:
    """The share of True of those known on any of REGIMENS, as a finding in percent."""
    known = flags[groups.reindex(flags.index).isin(REGIMENS)].dropna()
    if len(known) < min_group:
        return too_few_on(listed(REGIMENS).replace(" and ", " or "), len(known), min_group, "a share")
    k = int(known.sum())
    return of_share(k, len(known), *wilson(k, len(known)))


def toxicity_differences(toxicity: pd.DataFrame, groups: pd.Series, *, min_group: int = 5) -> list[Finding]:
    """The differences between every two of REGIMENS in each column of `treatment.toxicity`, for a claim on toxicity as
    a whole; discontinuation that a cohort does not record is a finding without a value.

    groups: the regimen by patient, categorical.
    """
    findings = [
        finding
        for what in toxicity
        for finding in pairwise_share_differences(toxicity, groups, what=what, min_group=min_group, only=REGIMENS)
    ]
    if DISCONTINUED not in toxicity:
        findings.append(Finding(None, note="discontinuation due to adverse events is not recorded"))
    return findings


def axis_label(events: pd.DataFrame) -> str:
    """What the axis of the tornado says: of whom, and the version of CTCAE where the cohort names one."""
    version = f"; CTCAE {events.attrs['ctcae']}" if events.attrs.get("ctcae") else ""
    return f"Patients with a treatment-related adverse event, % (95% CI{version})"


def events_sentence(events: pd.DataFrame, differences: pd.DataFrame) -> str:
    """How many patients had an adverse event, the most frequent category, differences in risk between regimens, and
    whose grade or events are not recorded."""
    total = events.groupby("category", sort=False)[["any_k", "ungraded_k", "n"]].sum()
    overall, categories = total.loc[ANY_EVENT], total.drop(index=ANY_EVENT)
    share = formats.share(int(overall["any_k"]), int(overall["n"]))
    sentences = [f"{share} of patients had a treatment-related adverse event of any grade"]
    if len(categories):
        most = categories["any_k"].idxmax()
        share = formats.share(int(categories.at[most, "any_k"]), int(categories.at[most, "n"]))
        sentences[0] += f"; the most frequent category was {most.lower()}, {share}"
    of_any = differences[differences["category"] == ANY_EVENT]
    if len(of_any):
        parts = [f"{_points(row.any_difference, row.any_lower, row.any_upper)} on {row.group}"
                 for row in of_any.itertuples()]  # fmt: skip
        sentences.append(
            f"The risk of any event differed from that on {of_any['reference'].iloc[0]} by {listed(parts)}"
        )
    ungraded = categories.loc[categories["ungraded_k"] > 0, "ungraded_k"]
    if len(ungraded):
        named = ", ".join(f"{name.lower()} {int(k)}" for name, k in ungraded.items())
        sentences.append(f"Grade not recorded, counted under any grade alone: {named}")
    if lacking := events.attrs.get("unrecorded", 0):
        verb = "is" if lacking == 1 else "are"
        sentences.append(f"{formats.count(lacking, 'patient')} without recorded adverse events {verb} left out")
    return f"{'. '.join(sentences)}."


def _points(difference: float, lower: float, upper: float) -> str:
    """A difference of two risks with its interval: `−4.5 percentage points (95% CI −18.1 to 9.6)`."""
    value, low, high = (formats.number(100 * number, 1) for number in (difference, lower, upper))
    return f"{value} percentage points (95% CI {low} to {high})"
