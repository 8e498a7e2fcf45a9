"""52 patients with lesions of liver and lung over time under immunotherapy, for the study on liver metastases.

How many responded, had disease control and had a mixed response in each organ is printed and exact, as the rules of
RECIST count it from the lesions drawn here; which patients did both is not printed and assumed. Laws: laws/liver.yaml.
"""

import numpy as np
import pandas as pd

from lcnec_utils.cohort.lesions import LESION_COLUMNS, timeline_of
from lcnec_utils.stats import response
from lcnec_utils.twins.people import ALIVE, DAYS_PER_MONTH, DEAD, TREATMENT_END, rounded
from lcnec_utils.twins.studies import Study, by_patient, described, identifiers
from lcnec_utils.twins.targets import Targets, stream
from lcnec_utils.twins.times import CannotDraw

SOURCE = "Simulated patients, conditioned on what the abstract on liver metastases prints"
LIVER, LUNG, BONE = "liver", "lung", "bone"
# How an organ goes: what its best response and the sign of its best change are to be
PROGRESSION, GROWTH, SHRINKAGE, RESPONSE = "progression", "growth", "shrinkage", "response"
BEST = {PROGRESSION: ("PD",), GROWTH: ("SD",), SHRINKAGE: ("SD",), RESPONSE: ("CR", "PR")}
SIGN = {PROGRESSION: 1, GROWTH: 1, SHRINKAGE: -1, RESPONSE: -1}
MOST_REDRAWS = 200


def make(seed: int) -> dict[str, Study]:
    """The twin, by its name."""
    return {"twin_liver": liver(seed)}


def courses(targets: Targets) -> list[tuple[str, str]]:
    """How liver and lung go in each patient, so that every printed count of either, and of both, holds."""
    n = targets.count("lm_waterfall.n", "patients")
    responds = {organ: targets.count(f"lm_orr_dcr.orr.{key}", f"patients whose {organ} lesions respond")
                for organ, key in ((LIVER, "lm"), (LUNG, "pl"))}  # fmt: skip
    controlled = {organ: targets.count(f"lm_orr_dcr.dcr.{key}", f"patients with disease control of {organ} lesions")
                  for organ, key in ((LIVER, "lm"), (LUNG, "pl"))}  # fmt: skip
    for what, tail in (("response", "orr.lm_vs_pl"), ("control", "dcr.lm_vs_pl"), ("response", "response.discussion")):
        targets.take(f"lm_orr_dcr.{tail}", f"patients with {what} in each organ")
    mixed = targets.count("lm_mixed.n", "patients whose organs change in opposite directions")
    targets.take("lm_mixed.share", "patients whose organs change in opposite directions")
    up = targets.count("lm_mixed.liver_up_lung_down", "those whose liver lesions grow and lung lesions shrink")
    law = {name: targets.assume("liver", name) for name in (
        "in_liver_alone", "lung_response_beside_liver_progression", "lung_response_beside_liver_growth",
        "liver_response_beside_lung_progression", "both_grow_and_are_stable",
    )}  # fmt: skip
    alone = law["in_liver_alone"]
    lung_alone = controlled[LUNG] - controlled[LIVER] + alone["control"]
    neither = n - controlled[LIVER] - lung_alone
    beside = law["lung_response_beside_liver_progression"], law["lung_response_beside_liver_growth"]
    growing, falling = up - lung_alone, mixed - up - alone["control"]
    both = responds[LIVER] - alone["response"]
    one = law["liver_response_beside_lung_progression"]
    counts = {
        (PROGRESSION, RESPONSE): beside[0],
        (PROGRESSION, SHRINKAGE): lung_alone - beside[0],
        (GROWTH, RESPONSE): beside[1],
        (GROWTH, SHRINKAGE): growing - beside[1],
        (RESPONSE, PROGRESSION): one,
        (SHRINKAGE, PROGRESSION): alone["control"] - one,
        (SHRINKAGE, GROWTH): falling,
        (PROGRESSION, PROGRESSION): neither,
        (RESPONSE, RESPONSE): both,
        (SHRINKAGE, RESPONSE): responds[LUNG] - both - sum(beside),
        (RESPONSE, SHRINKAGE): alone["response"] - one,
        (GROWTH, GROWTH): law["both_grow_and_are_stable"],
    }
    counts[SHRINKAGE, SHRINKAGE] = n - sum(counts.values())
    if min(counts.values()) < 0:
        raise CannotDraw("laws/liver.yaml: the assumed cells do not fit the printed counts")
    return [course for course, count in counts.items() for _ in range(count)]


def _path(rng: np.random.Generator, kind: str, law: dict, scans: int) -> np.ndarray:
    """The change of an organ's sum at each scan, a fraction of the baseline."""
    bounds, growth = law["change"], 1 + rng.uniform(*law["further_growth"], scans)
    if kind == PROGRESSION:
        return (1 + rng.uniform(*bounds[kind])) * np.cumprod(np.r_[1, growth[1:]]) - 1
    path = np.clip(rng.uniform(*bounds[kind]) + rng.normal(0, law["between_scans_sd"], scans), *bounds[kind])
    if kind == RESPONSE:
        best = -1.0 if rng.random() < law["complete"] else path[0]
        reached = int(rng.integers(0, 3))  # the scan at which the sum is at its lowest
        path = best * np.minimum((np.arange(scans) + 1) / (reached + 1), 1)
    again = int(rng.integers(*law["scans_to_progression"]))
    if again < scans:
        lowest = min(0.0, path[:again].min())
        path[again:] = np.maximum((1 + lowest) * 1.25, 0.25) * np.cumprod(growth[again:]) - 1
    return path


def _sizes(rng: np.random.Generator, before: np.ndarray, path: np.ndarray) -> np.ndarray:
    """The lesions of an organ at each scan, whole mm, scans × lesions: each near the change of their sum."""
    apart = rng.normal(0, 0.03, (len(path), len(before))) * (path != -1)[:, None]
    return np.maximum(np.rint(before * (1 + path[:, None] + apart)), 0)


def _scans(rng: np.random.Generator, law: dict, number: int) -> np.ndarray:
    first, interval = (law[name] for name in ("first_scan_days", "scan_interval_days"))
    return np.cumsum(np.r_[rng.integers(*first), rng.integers(*interval, number - 1)]).astype(float)


def _patient(rng: np.random.Generator, law: dict, course: tuple[str, str], name: str) -> pd.DataFrame:
    """The lesions of one patient, at the baseline and at each scan."""
    number = int(rng.integers(3, law["most_scans"] + 1))
    days = np.r_[float(rng.integers(*law["baseline_days"])), _scans(rng, law, number)]
    paths = {organ: _path(rng, kind, law, number) for organ, kind in zip((LIVER, LUNG), course, strict=True)}
    grown = [int(np.argmax(path > np.minimum.accumulate(np.r_[0, path])[:-1] + 0.2)) for path in paths.values()
             if (path > 0.2).any()]  # fmt: skip
    if grown:
        number = min(number, min(grown) + 2 + int(rng.choice(3, p=law["scans_beyond_progression"])))
    paths, days = {organ: path[:number] for organ, path in paths.items()}, days[: number + 1]
    others = law["third_organ"] | {"": 1 - sum(law["third_organ"].values())}
    third = str(rng.choice(list(others), p=list(others.values())))
    if third:
        paths[third] = paths[LUNG] * rng.uniform(0.5, 0.9)
    rows = []
    for organ, path in paths.items():
        lesions = 1 + (rng.random() < law["two_targets"].get(organ, 0))
        before = np.rint(rng.uniform(*law["diameter_mm"][organ], lesions))
        axis = "short" if organ == "lymph node" else "long"
        sizes = np.vstack([before, _sizes(rng, before, path)])
        rows += [
            (name, day, f"{organ[:2].upper()}{place + 1}", organ, "target", size, axis, True, "")
            for place in range(lesions) for day, size in zip(days, sizes[:, place], strict=True)
        ]  # fmt: skip
    rows += _other_lesions(rng, law, name, days, dict(zip((LIVER, LUNG), course, strict=True)), paths)
    table = pd.DataFrame(rows, columns=LESION_COLUMNS)
    later = table.index[(table["day"] > days[1]) & (table["kind"] == "target")]
    lost = later[rng.random(len(later)) < law["not_evaluable"] / 2]
    table.loc[lost, "diameter_mm"], table.loc[lost, "evaluable"] = np.nan, False
    return table


def _other_lesions(rng, law: dict, name: str, days: np.ndarray, course: dict, paths: dict) -> list[tuple]:
    """Non-targets at each scan, and new lesions at the first progression of an organ."""
    rows = []
    for organ, share in law["non_target"].items():
        if rng.random() < share:
            gone = paths[organ].min() == -1 if organ in paths else False
            states = (
                ["present", *np.where(paths[organ] == -1, "absent", "present")] if gone else ["present"] * len(days)
            )
            if course.get(organ) == PROGRESSION and rng.random() < 0.5:
                states[1] = "progressed"
            rows += [(name, day, f"{organ[:2].upper()}N", organ, "non-target", np.nan, "long", True, state)
                     for day, state in zip(days, states, strict=True)]  # fmt: skip
    first = {organ: next((i for i, change in enumerate(path) if change > 0.2), None) for organ, path in paths.items()}
    at = min((place for place in first.values() if place is not None), default=None)
    if at is not None and rng.random() < law["new_lesion_at_progression"]:
        where = [organ for organ in law["new_lesion_organs"] if organ != LIVER or first[LIVER] == at]
        organ = str(rng.choice(where))
        if organ != BONE or not any(row[3] == BONE for row in rows):
            size = float(np.rint(rng.uniform(10, 22)))
            rows += [(name, day, "NEW1", organ, "new", size + 2 * i, "long", True, "")
                     for i, day in enumerate(days[at + 1 :])]  # fmt: skip
    return rows


def _as_meant(lesions: pd.DataFrame, wanted: dict[str, tuple[str, str]]) -> list[str]:
    """The patients in whom the rules find another response, or another direction of change, than is meant."""
    best = response.best_responses(response.assess(lesions)).set_index(["patient", "organ"])
    wrong = []
    for name, course in wanted.items():
        for organ, kind in zip((LIVER, LUNG), course, strict=True):
            row = best.loc[(name, organ)]
            signs = np.sign([row["best_change"], row["first_change"]])
            if row["best"] not in BEST[kind] or (signs != SIGN[kind]).any():
                wrong.append(name)
                break
    return wrong


def draw_lesions(rng: np.random.Generator, law: dict, wanted: dict[str, tuple[str, str]]) -> pd.DataFrame:
    """The lesions of all patients, each drawn until the rules of RECIST find what is meant. Raises CannotDraw."""
    drawn, left = {}, list(wanted)
    for _ in range(MOST_REDRAWS):
        drawn |= {name: _patient(rng, law, wanted[name], name) for name in left}
        left = _as_meant(pd.concat([drawn[name] for name in left]), {name: wanted[name] for name in left})
        if not left:
            return pd.concat([drawn[name] for name in wanted], ignore_index=True)
    raise CannotDraw(f"no lesions of {len(left)} patients give what is printed")


def liver(seed: int) -> Study:
    """52 patients with lung cancer and liver metastases, their lesions at each scan."""
    targets = Targets("liver_metastases")
    wanted, rng = courses(targets), stream(seed, "liver", "lesions")
    n = len(wanted)
    law = {name: targets.assume("liver", name) for name in (
        "first_scan_days", "scan_interval_days", "baseline_days", "most_scans", "scans_beyond_progression",
        "two_targets", "diameter_mm", "third_organ", "non_target", "new_lesion_at_progression", "new_lesion_organs",
        "not_evaluable", "change", "between_scans_sd", "further_growth", "scans_to_progression", "complete",
    )}  # fmt: skip
    ids = identifiers(rng, "TWINLIVER", n)
    lesions = draw_lesions(rng, law, dict(zip(ids, wanted, strict=True)))
    lesions = lesions.sort_values(["patient", "day", "lesion"], ignore_index=True)
    patients = _people(stream(seed, "liver", "clinical"), targets, lesions, ids)
    shares = targets.assume("liver", "histology")
    kind = stream(seed, "liver", "histology").choice(list(shares), n, p=list(shares.values()))
    samples = pd.DataFrame({"PATIENT_ID": ids, "SAMPLE_ID": [f"{name}-T1" for name in ids], "ONCOTREE_CODE": kind,
                            "CANCER_TYPE": "Non-Small Cell Lung Cancer", "SAMPLE_TYPE": "Primary"})  # fmt: skip
    targets.decline("twin_liver")
    notes = [
        "Days count from the start of immunotherapy; scans went on beyond progression in one organ in some patients.",
        "Which patients responded in both organs is not printed and assumed: one of the tables that the print allows.",
    ]
    study = described("Liver metastases twin", "start of immunotherapy", notes) | {"source": SOURCE}
    return Study(
        patients=by_patient(patients),
        samples=by_patient(samples),
        study=study,
        targets=targets,
        timelines={"lesions": timeline_of(lesions)},
    )


def _people(rng: np.random.Generator, targets: Targets, lesions: pd.DataFrame, ids: np.ndarray) -> pd.DataFrame:
    """Sex, age, time on treatment and survival; treatment ends at the last scan where the disease had progressed."""
    best = response.best_responses(response.assess(lesions))
    overall = best[best["organ"] == response.OVERALL].set_index("patient").loc[ids]
    mean, spread = targets.assume("liver", "age")
    ended = overall["progression_day"].notna().to_numpy()
    last = overall["last_day"].to_numpy(float) / DAYS_PER_MONTH
    months = rounded(last + np.where(ended, 0.1, rng.uniform(0.2, 1.2, len(ids))))
    after = rng.exponential(targets.assume("liver", "death_after_progression_months"), len(ids))
    follow_up = months + rng.uniform(1, 14, len(ids)) * ended
    died = ended & (months + after < follow_up)
    return pd.DataFrame(
        {
            "PATIENT_ID": ids,
            "SEX": np.where(rng.random(len(ids)) < targets.assume("liver", "female"), "Female", "Male"),
            "AGE": np.clip(np.rint(rng.normal(mean, spread, len(ids))), 35, 88),
            "TOT_MONTHS": months,
            "TOT_STATUS": np.where(ended, TREATMENT_END[1], TREATMENT_END[0]),
            "OS_MONTHS": rounded(np.where(died, months + after, follow_up)),
            "OS_STATUS": np.where(died, DEAD, ALIVE),
        }
    )
