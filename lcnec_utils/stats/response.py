"""Response by RECIST 1.1, per organ and overall, from a lesion table: each visit, the best of a patient, iRECIST.

What is a target is decided once, at the baseline and over all organs (`lesions.baseline`); an organ's response reads
its own targets, non-targets and new lesions and nothing else. Sources: E. A. Eisenhauer et al., Eur. J. Cancer
2009;45:228 (RECIST 1.1); L. H. Schwartz et al., Eur. J. Cancer 2016;62:132 (its clarifications); L. Seymour et al.,
Lancet Oncol. 2017;18:e143 (iRECIST).
"""

import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils.core.errors import UserError
from lcnec_utils.stats.lesions import (
    ABSENT,
    NEW,
    NODE_NORMAL_MM,
    NON_TARGET,
    PROGRESSED,
    SHORT,
    TARGET,
    TOLERANCE,
    baseline,
    check_lesions,
)

OVERALL = "all organs"
CR, PR, SD, NON_CR, PD, NE = "CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE"
RESPONSES = (CR, PR, SD, NON_CR, PD, NE)  # from the best; NE says the least
RESPONDED, CONTROLLED = (CR, PR), (CR, PR, SD, NON_CR)
SHRINKAGE, GROWTH, LEAST_GROWTH_MM = 0.30, 0.20, 5.0
MINIMUM_STABLE_DAYS, CONFIRM_DAYS = 42, 28
VISIT = [
    "patient", "organ", "day", "targets", "measured", "baseline_mm", "sum_mm", "nadir_mm", "change", "new_lesions",
    "new_mm", "target", "non_target", "response", "why",
]  # fmt: skip
UNIT = ["patient", "organ"]
# iRECIST: unconfirmed and confirmed progression
IUPD, ICPD = "iUPD", "iCPD"
IMMUNE = {CR: "iCR", PR: "iPR", SD: "iSD", NON_CR: "NON-iCR/NON-iUPD", NE: NE}


def _measurements(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Of a checked table: the targets and non-targets of the baseline, each of them at each visit (missing where it was
    not assessed), and the new lesions."""
    parts = baseline(table).reset_index()
    parts = parts[parts["part"].isin([TARGET, NON_TARGET])]
    after = table[(table["day"] > 0) & table["patient"].isin(table.loc[table["day"] <= 0, "patient"])]
    new = after[(after["kind"] == NEW) & after["evaluable"] & (after["state"] != ABSENT) & (after["diameter_mm"] != 0)]
    visits = after[["patient", "day"]].drop_duplicates()
    known = parts[["patient", "lesion", "organ", "axis", "part", "diameter_mm"]]
    known = known.rename(columns={"diameter_mm": "before_mm"})
    seen = after.loc[after["evaluable"], ["patient", "lesion", "day", "diameter_mm", "state"]]
    rows = known.merge(visits, on="patient").merge(seen, on=["patient", "lesion", "day"], how="left")
    return known, rows, new


def _marks(rows: pd.DataFrame) -> pd.DataFrame:
    """What each lesion counts for at each visit, as columns that add up over the lesions of a unit."""
    size, nodal, target = rows["diameter_mm"], rows["axis"] == SHORT, rows["part"] == TARGET
    seen = rows["state"].notna()
    gone = (size <= 0) | (rows["state"] == ABSENT) | (nodal & (size < NODE_NORMAL_MM - TOLERANCE))
    measured = target & size.notna()
    marks = {
        "targets": target, "measured": measured, "sum_mm": size.where(measured, 0.0), "gone": measured & gone,
        "baseline_mm": rows["before_mm"].where(target, 0.0),
        "others": ~target, "others_seen": ~target & seen, "others_gone": ~target & seen & gone,
        "others_grown": ~target & (rows["state"] == PROGRESSED),
        # a node that is under 10 mm and grows is judged by its size, any other lesion by being there
        "there": seen & ~gone & ~nodal & (size.notna() | ~target),
    }  # fmt: skip
    return rows[[*UNIT, "day"]].assign(**{name: mark.astype(float) for name, mark in marks.items()})


def _per_visit(known: pd.DataFrame, rows: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """One row per unit and visit: sums and counts of its lesions, and the nadir of the sums before it."""
    marks = _marks(rows)
    both = pd.concat([marks, marks.assign(organ=OVERALL)])
    table = both.groupby([*UNIT, "day"], sort=False).sum().reset_index()
    grown = new.assign(new_lesions=1, new_mm=new["diameter_mm"].fillna(0.0))[[*UNIT, "day", "new_lesions", "new_mm"]]
    grown = pd.concat([grown, grown.assign(organ=OVERALL)]).groupby([*UNIT, "day"]).sum().reset_index()
    table = table.merge(grown, on=[*UNIT, "day"], how="left").fillna({"new_lesions": 0, "new_mm": 0.0})
    order = pd.Categorical(table["organ"], [OVERALL, *sorted(set(known["organ"]))])
    table = table.assign(order=order).sort_values(["patient", "order", "day"]).drop(columns="order")
    table = table.reset_index(drop=True)
    complete = (table["measured"] == table["targets"]) & (table["targets"] > 0)
    of_unit = table["sum_mm"].where(complete).groupby([table[name] for name in UNIT], sort=False)
    before = of_unit.shift().groupby([table[name] for name in UNIT], sort=False).cummin()
    before = before.groupby([table[name] for name in UNIT], sort=False).ffill()
    return table.assign(complete=complete, nadir_mm=np.fmin(table["baseline_mm"], before))


def _of_targets(table: pd.DataFrame) -> pd.Series:
    """The response of the targets of each visit; empty where there is none.

    Progression stands although a target was not measured, where the measured ones alone amount to it.
    """
    total, nadir, tol = table["sum_mm"], table["nadir_mm"], TOLERANCE
    grown = (total >= (1 + GROWTH) * nadir - tol) & (total - nadir >= LEAST_GROWTH_MM - tol) & (table["measured"] > 0)
    choices = [
        (table["targets"] == 0, ""),
        (table["complete"] & (table["gone"] == table["targets"]), CR),
        (grown, PD),
        (~table["complete"], NE),
        (total <= (1 - SHRINKAGE) * table["baseline_mm"] + tol, PR),
    ]
    return pd.Series(np.select(*map(list, zip(*choices, strict=True)), SD), table.index)


def _of_others(table: pd.DataFrame) -> pd.Series:
    """The response of the non-targets of each visit; empty where there is none."""
    choices = [
        (table["others"] == 0, ""),
        (table["others_grown"] > 0, PD),
        (table["others_seen"] < table["others"], NE),
        (table["others_gone"] == table["others"], CR),
    ]
    return pd.Series(np.select(*map(list, zip(*choices, strict=True)), NON_CR), table.index)


def _together(table: pd.DataFrame) -> pd.DataFrame:
    """Responses of targets, of non-targets and of the unit, and the rule that decided (RECIST 1.1, Tables 1 and 2)."""
    target, other = _of_targets(table), _of_others(table)
    settled = other.isin(["", CR])
    without_new = [
        ((target == CR) & settled, CR, "all lesions gone, nodes under 10 mm"),
        ((target == "") & (other == CR), CR, "all lesions gone, nodes under 10 mm"),
        (target == CR, PR, "targets gone, non-targets not"),
        (target == PR, PR, "sum 30% or more below the baseline"),
        (target == SD, SD, "sum between both limits"),
        (target == NE, NE, "a target was not measured"),
        ((target == "") & (other == NON_CR), NON_CR, "non-targets alone, still there"),
    ]
    progressed = [
        (target == PD, PD, "sum 20% and 5 mm or more over the nadir"),
        (other == PD, PD, "non-target progressed"),
        (table["new_lesions"] > 0, PD, "new lesion"),
    ]

    def choose(rules: list, place: int, default: str) -> np.ndarray:
        return np.select([rule[0] for rule in rules], [rule[place] for rule in rules], default)

    first = pd.Series(choose([*progressed, *without_new], 1, NE), table.index)
    earlier = (first == CR).groupby([table[name] for name in UNIT], sort=False)
    had = earlier.cumsum() - (first == CR) > 0
    rules = [*progressed, (had & (table["there"] > 0), PD, "a lesion is back after complete response"), *without_new]
    return table.assign(
        target=target, non_target=other, response=choose(rules, 1, NE), why=choose(rules, 2, "not assessed")
    )


@dataclasses.dataclass(frozen=True)
class Assessment:
    """Patients with disease at the baseline and their visits.

    visits: one row per visit after the baseline, of each organ and of all together; columns VISIT. baseline: one row
    per patient and organ with disease, and of all together: patient, organ, baseline_mm. without_baseline: patients in
    whom no disease was seen on day 0 or before, left out.
    """

    visits: pd.DataFrame
    baseline: pd.DataFrame
    without_baseline: list[str]


def assess(table: pd.DataFrame) -> Assessment:
    """The response of each visit after the baseline, of each organ and of all together.

    table: a lesion table, `lesions.check_lesions`. Of the visits' columns (VISIT), organ: OVERALL, or an organ that had
    disease at the baseline (a new lesion in another organ counts overall alone). targets, measured: lesions. sum_mm: of
    the measured targets; baseline_mm, nadir_mm: of all of them, the nadir over the baseline and the earlier visits at
    which all were measured. change: of the sum from the baseline, a fraction, missing where a target was not measured.
    target, non_target: their own responses, empty without any. why: the rule that decided. A visit's response is its
    own: it is not carried on.

    Complete response goes before progression (nodes that grow and stay under 10 mm are normal). After a complete
    response a lesion that is back is progression, but for nodes, whose size decides. Raises UserError as
    `check_lesions`.

    >>> rows = [("P1", day, "L1", "liver", "target", size, "long") for day, size in ((0, 50), (45, 35), (90, 42))]
    >>> columns = ["patient", "day", "lesion", "organ", "kind", "diameter_mm", "axis"]
    >>> visits = assess(pd.DataFrame(rows, columns=columns)).visits
    >>> visits[visits["organ"] == "liver"][["day", "response", "nadir_mm"]].values.tolist()
    [[45.0, 'PR', 50.0], [90.0, 'PD', 35.0]]
    """
    checked = check_lesions(table)
    known, rows, new = _measurements(checked)
    visits = _together(_per_visit(known, rows, new))
    change = (visits["sum_mm"] / visits["baseline_mm"] - 1).where(visits["complete"])
    counts = {name: visits[name].astype(int) for name in ("targets", "measured", "new_lesions")}
    visits = visits.assign(change=change, **counts)[VISIT]
    return Assessment(visits, _units(known), sorted(set(checked["patient"]) - set(known["patient"])))


def _units(known: pd.DataFrame) -> pd.DataFrame:
    """Every patient with disease at the baseline, overall and by organ; with the sum of the targets."""
    sizes = known.assign(baseline_mm=known["before_mm"].where(known["part"] == TARGET, 0.0))
    sizes = pd.concat([sizes.assign(organ=OVERALL), sizes])
    return sizes.groupby(UNIT, sort=False)["baseline_mm"].sum().reset_index()


# --- the best of a patient


def confirmed(visits: pd.DataFrame, *, days: int = CONFIRM_DAYS) -> pd.Series:
    """The responses of visits where complete and partial response count only if a later visit confirms them.

    A complete response is confirmed by one at least `days` later, with nothing but complete response or no assessment
    between; a partial by a partial or complete one likewise. A complete response that only a partial one confirms is
    partial; one that nothing confirms is stable disease. visits: those up to progression, in order of day.

    >>> visits = pd.DataFrame({"patient": "P1", "organ": "liver", "day": [45, 90, 135], "response": ["PR", "NE", "PR"]})
    >>> confirmed(visits).to_list()
    ['PR', 'NE', 'SD']
    """
    kept = visits["response"].copy()
    touched = visits[visits["response"].isin(RESPONDED)][UNIT].drop_duplicates().merge(visits.reset_index(), on=UNIT)
    for _, rows in touched.groupby(UNIT, sort=False):
        day, said, places = rows["day"].to_numpy(), rows["response"].to_list(), rows["index"].to_numpy()
        for i, word in enumerate(said):
            if word in RESPONDED:
                levels = [CR, PR] if word == CR else [PR]
                holds = (level for level in levels if _confirmed_as(level, said[i + 1 :], day[i + 1 :] - day[i], days))
                kept.loc[places[i]] = next(holds, SD)
    return kept


def _confirmed_as(level: str, later: list[str], wait: np.ndarray, days: int) -> bool:
    enough = (CR,) if level == CR else RESPONDED
    for word, passed in zip(later, wait, strict=True):
        if word in enough and passed >= days:
            return True
        if word not in (*enough, NE):
            return False
    return False


def best_responses(
    assessment: Assessment,
    *,
    minimum_stable_days: int = MINIMUM_STABLE_DAYS,
    confirm: bool = False,
    confirm_days: int = CONFIRM_DAYS,
) -> pd.DataFrame:
    """The best response of each patient, overall and by organ, up to and with the first progression; one row each.

    minimum_stable_days: stable disease (and non-CR/non-PD) counts from this day on; before,
    it is progression where that follows, else not evaluable. confirm: complete and partial response need a second visit
    (`confirmed`).

    Columns: patient, organ, baseline_mm, best, best_day, response_day (first complete or partial response that counts),
    progression_day, last_day (of any visit), visits, best_change and first_change (of the sum, fractions: the lowest up
    to progression, and of the first visit at which all targets were measured), objective_response, disease_control;
    a patient without an evaluable visit has neither. Raises UserError for a number of days below 0.

    >>> rows = [("P1", day, "L1", "liver", "target", size, "long") for day, size in ((0, 50), (45, 35), (90, 60))]
    >>> columns = ["patient", "day", "lesion", "organ", "kind", "diameter_mm", "axis"]
    >>> best = best_responses(assess(pd.DataFrame(rows, columns=columns)))
    >>> best[["organ", "best", "progression_day", "objective_response"]].values.tolist()[0]
    ['all organs', 'PR', 90.0, True]
    """
    for name, value in (("minimum_stable_days", minimum_stable_days), ("confirm_days", confirm_days)):
        if not value >= 0:
            raise UserError(f"{name} is {value}; give a number of days from 0 on")
    visits = assessment.visits
    progression = visits[visits["response"] == PD].groupby(UNIT, sort=False)["day"].min().rename("progression_day")
    kept = visits.merge(progression.reset_index(), on=UNIT, how="left")
    kept = kept[~(kept["day"] > kept["progression_day"])].reset_index(drop=True)
    if confirm:
        kept = kept.assign(response=confirmed(kept, days=confirm_days))
    short = kept["response"].isin([SD, NON_CR]) & (kept["day"] < minimum_stable_days)
    kept = kept.assign(response=kept["response"].mask(short, NE))
    kept = kept.assign(rank=kept["response"].map(RESPONSES.index))
    top = kept.sort_values(["rank", "day"], kind="stable").drop_duplicates(UNIT)
    top = top.rename(columns={"response": "best", "day": "best_day"})[[*UNIT, "best", "best_day"]]
    of_unit = visits.groupby(UNIT, sort=False)["day"].agg(last_day="max", visits="size").reset_index()
    responded = kept[kept["response"].isin(RESPONDED)].groupby(UNIT)["day"].min().rename("response_day").reset_index()
    known = kept.dropna(subset=["change"]).sort_values("day", kind="stable").groupby(UNIT, sort=False)["change"]
    changes = known.agg(best_change="min", first_change="first").reset_index()
    best = assessment.baseline
    for part in (top, responded, progression.reset_index(), of_unit, changes):
        best = best.merge(part, on=UNIT, how="left")
    best = best.assign(best=best["best"].fillna(NE), visits=best["visits"].fillna(0).astype(int))
    best = best.assign(objective_response=best["best"].isin(RESPONDED), disease_control=best["best"].isin(CONTROLLED))
    return best.sort_values(["patient", "organ"], key=lambda names: names.mask(names == OVERALL, ""), ignore_index=True)


# --- iRECIST


def immune_responses(visits: pd.DataFrame, *, confirm_days: int = CONFIRM_DAYS) -> pd.DataFrame:
    """The response of each visit by iRECIST, on the visits' index.

    visits: of an assessment. Columns: i_response (iCR, iPR, iSD, NON-iCR/NON-iUPD, iUPD, iCPD or NE) and
    i_progression_day, the first day of the progression that this visit leaves open or confirms. Progression is
    unconfirmed (iUPD) until a later visit, at least `confirm_days` after it, shows more: the sum up by 5 mm or more,
    another new lesion or new lesions up by 5 mm or more, a non-target that progressed anew, or progression of a kind
    that was not there before. A visit without progression sets it back; one that is not evaluable does not.

    >>> rows = [("P1", day, "L1", "liver", "target", size, "long") for day, size in ((0, 50), (45, 62), (90, 63))]
    >>> columns = ["patient", "day", "lesion", "organ", "kind", "diameter_mm", "axis"]
    >>> visits = assess(pd.DataFrame(rows, columns=columns)).visits
    >>> immune_responses(visits[visits["organ"] == "liver"])["i_response"].to_list()
    ['iUPD', 'iUPD']
    """
    words, days, unit, pending, ended = [], [], None, None, False
    for row in visits.itertuples():
        if (row.patient, row.organ) != unit:
            unit, pending, ended = (row.patient, row.organ), None, False
        if not ended and row.response == PD:
            pending = row if pending is None else pending
            ended = row.day - pending.day >= max(confirm_days, 1) and _further(row, pending)
        elif not ended and row.response != NE:
            pending = None
        words.append(ICPD if ended else IUPD if row.response == PD else IMMUNE[row.response])
        days.append(np.nan if pending is None else pending.day)
    return pd.DataFrame({"i_response": words, "i_progression_day": days}, index=visits.index)


def _further(row, pending) -> bool:
    """Whether a visit shows more progression than the one that is to be confirmed."""
    more_mm = max(row.sum_mm - pending.sum_mm if row.target == PD else 0.0, row.new_mm - pending.new_mm)
    kinds = [(one.target == PD, one.non_target == PD, one.new_lesions > 0) for one in (row, pending)]
    another = any(now and not before for now, before in zip(*kinds, strict=True))
    grew = more_mm >= LEAST_GROWTH_MM - TOLERANCE
    return grew or row.new_lesions > pending.new_lesions or row.non_target == PD or another


def immune_best(
    assessment: Assessment, *, minimum_stable_days: int = MINIMUM_STABLE_DAYS, confirm_days: int = CONFIRM_DAYS
) -> pd.DataFrame:
    """The best response by iRECIST (iBOR) of each patient, overall and by organ: patient, organ, best,
    progression_day (the first day of the progression that was confirmed).

    Responses after an unconfirmed progression count, those after a confirmed one do not.

    >>> rows = [("P1", day, "L1", "liver", "target", size, "long") for day, size in ((0, 50), (45, 62), (90, 30))]
    >>> columns = ["patient", "day", "lesion", "organ", "kind", "diameter_mm", "axis"]
    >>> immune_best(assess(pd.DataFrame(rows, columns=columns)))["best"].to_list()
    ['iPR', 'iPR']
    """
    order = ["iCR", "iPR", "iSD", "NON-iCR/NON-iUPD", ICPD, IUPD, NE]
    visits = assessment.visits
    said = visits.join(immune_responses(visits, confirm_days=confirm_days))
    short = said["i_response"].isin(["iSD", "NON-iCR/NON-iUPD"]) & (said["day"] < minimum_stable_days)
    said = said.assign(best=said["i_response"].mask(short, NE))
    top = said.assign(rank=said["best"].map(order.index)).sort_values(["rank", "day"], kind="stable")
    top = top.drop_duplicates(UNIT)[[*UNIT, "best"]]
    ends = said[said["i_response"] == ICPD].drop_duplicates(UNIT)[[*UNIT, "i_progression_day"]]
    best = assessment.baseline[UNIT].merge(top, on=UNIT, how="left").merge(ends, on=UNIT, how="left")
    return best.rename(columns={"i_progression_day": "progression_day"}).fillna({"best": NE})
