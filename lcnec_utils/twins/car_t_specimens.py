"""Which biopsies the simulated CAR T patients have, of which tissue, and what was measured on each.

The subsets by time and tissue, the number of specimens, the ten pairs and the specimens with expression are the printed
ones. Laws: laws/car_t.yaml, `car_t`.
"""

import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils.ledger import claims
from lcnec_utils.twins import people
from lcnec_utils.twins.car_t_tissue import Counts, Tissue
from lcnec_utils.twins.targets import Targets
from lcnec_utils.twins.times import CannotDraw

FF, FFPE, BOTH, NONE = "FF", "FFPE", "both", "none"  # tissue of a biopsy; also: no objective response
TIMES = ["baseline", "early", "relapse"]
SUBSETS = {"baseline": "z1_flow.subset1", "early": "z1_flow.subset2", "relapse": "z1_flow.subset3"}
TAILS = {FF: "ff_only", FFPE: "ffpe_only", BOTH: "both"}
LONGITUDINAL = {"pre_post": TIMES[:2], "pre_post_relapse": TIMES, "pre_relapse": TIMES[::2]}
RESPONDERS = ["CR", "PR"]
FURTHER = ("naive", "second_line", "commercial")  # sets
MOST_DRAWS = 50


@dataclasses.dataclass
class Trial:
    """The patients of the trial as they are built up.

    patients: columns baseline, early, relapse (FF, FFPE, both, none), response (CR, PR, none), and later those of the
    data dictionary. specimens: patient (row of patients), time, fixation, block, first (of its time and fixation), and
    what was done with each. tissue: before treatment, by patient. counts: assay → time → (patients, counts).
    """

    patients: pd.DataFrame
    specimens: pd.DataFrame
    tissue: Tissue | None = None
    counts: dict[tuple[str, str], tuple[np.ndarray, Counts]] = dataclasses.field(default_factory=dict)

    def density(self, assay: str, time: str, population: str) -> pd.Series:
        """Cells per mm² by patient, those stained at that time."""
        rows, counts = self.counts[assay, time]
        return pd.Series(counts.density(population), rows)


# --- patients and specimens


def slots(rng: np.random.Generator, targets: Targets) -> pd.DataFrame:
    """Who has which biopsies, with the response of each: index in random order; columns as Trial.patients."""
    rows, tissue = [], iter(targets.assume("car_t", "relapse_tissue"))
    for line, counts in zip(targets.assume("car_t", "slots"), targets.assume("car_t", "responses"), strict=True):
        n, baseline, early, relapse = line
        for response in np.repeat([*RESPONDERS, NONE], counts):
            rows.append([baseline, early, next(tissue) if relapse == "relapse" else NONE, response])
    table = pd.DataFrame(rows, columns=[*TIMES, "response"])
    for time, subset in SUBSETS.items():
        _as_printed(targets, subset, int((table[time] != NONE).sum()))
        for tissue_of, tail in TAILS.items():
            id = "z1_relapse.both_types.text" if (time, tissue_of) == ("relapse", BOTH) else f"{subset}.{tail}"
            _as_printed(targets, id, int((table[time] == tissue_of).sum()))
    has = table[TIMES] != NONE
    _as_printed(targets, "z1_flow.longitudinal", int((has.sum(axis=1) > 1).sum()))
    for tail, times in LONGITUDINAL.items():
        _as_printed(
            targets, f"z1_flow.longitudinal.{tail}", int((has == [time in times for time in TIMES]).all(axis=1).sum())
        )
    _as_printed(targets, "z1_flow.patients", len(table))
    return table.iloc[rng.permutation(len(table))].reset_index(drop=True)


def _as_printed(targets: Targets, id: str, number: int) -> None:
    """Take a printed count that the laws already hold; CannotDraw where they do not."""
    printed = targets.count(id, "patients by time and tissue")
    if printed != number:
        raise CannotDraw(f"the laws of car_t give {number} where {id} prints {printed}")


def specimens(rng: np.random.Generator, targets: Targets, patients: pd.DataFrame) -> pd.DataFrame:
    """One row per specimen: patient, time, fixation, block, first. Second fixed blocks fill up to the print."""
    rows = [
        (patient, time, fixation, 1)
        for patient, row in patients.iterrows()
        for time in TIMES
        for fixation in (FF, FFPE)
        if row[time] in (fixation, BOTH)
    ]
    table = pd.DataFrame(rows, columns=["patient", "time", "fixation", "block"])
    more = []
    for time, number in targets.assume("car_t", "second_blocks").items():
        of_time = table.index[(table["time"] == time) & (table["fixation"] == FFPE)]
        more.append(table.loc[rng.permutation(of_time)[:number]].assign(block=2))
    table = pd.concat([table, *more], ignore_index=True)
    table["first"] = table["block"] == 1
    printed = targets.count("z1_flow.biopsies", "specimens; second blocks fill up")
    if len(table) != printed:
        raise CannotDraw(f"{len(table)} specimens where {printed} are printed")
    return _sites(rng, targets, table.sort_values(["patient", "time", "fixation", "block"], ignore_index=True))


def _sites(rng: np.random.Generator, targets: Targets, table: pd.DataFrame) -> pd.DataFrame:
    """A site for each biopsy, the printed share of specimens from lymph nodes."""
    share = float(targets.take("z1_flow.lymph_node_share", "specimens of lymph nodes").value) / 100
    other = {name: value for name, value in targets.assume("car_t", "sites").items() if name != "lymph node"}
    biopsy = table.groupby(["patient", "time"], sort=False).ngroup().to_numpy()
    sizes, wanted = np.bincount(biopsy), round(share * len(table))
    for _ in range(MOST_DRAWS):
        order = rng.permutation(len(sizes))
        ends = np.cumsum(sizes[order])
        if wanted in ends:
            node = np.isin(biopsy, order[: int(np.flatnonzero(ends == wanted)[0]) + 1])
            named = people.exactly(rng, other, len(sizes))[biopsy]
            return table.assign(site=np.where(node, "lymph node", named))
    raise CannotDraw(f"no biopsies hold {wanted} of {len(table)} specimens")


def roles(rng: np.random.Generator, targets: Targets, trial: Trial) -> None:
    """Who is stained and expressed, and the ten pairs of stained biopsies: five of low burden, five of high."""
    table, law = trial.patients, targets.assume("car_t", "stained")
    pairs = table["baseline"].isin([FFPE, BOTH]) & table["early"].isin([FFPE, BOTH])
    chosen = {name: rng.permutation(table.index[pairs & (table["response"] == name)]) for name in (*RESPONDERS, NONE)}
    n = targets.count("z1_tcell_tb.pairs", "patients with both biopsies stained")
    missed = targets.take("z1_tcell_tb.high_burden_low_density.no_cr", "of the pairs with high burden").counts[0]
    without, high = (int(number) for number in missed)
    if targets.count("z1_tcell_tb.high_burden.cr", "of the pairs with high burden") != high - without:
        raise CannotDraw("the printed complete responses with high burden do not fit their number")
    crs = sorted(chosen["CR"], key=lambda patient: table.at[patient, "relapse"] == NONE)
    table["pair"] = ""
    table.loc[[*chosen[NONE][: without - 1], *chosen["PR"][:1]], "pair"] = "high"
    table.loc[crs[-1:], "pair"] = "high, complete"
    table.loc[crs[: n - high], "pair"] = "low"
    fixed = table["baseline"].isin([FFPE, BOTH])
    # the pairs are stained and one patient without response is not: with 8 against 26 both printed p can be had
    left_out = table.index[fixed & (table["pair"] == "") & (table["response"] == NONE)][:1]
    others = rng.permutation(table.index[fixed & (table["pair"] == "")].difference(left_out))
    others = sorted(others, key=lambda patient: table.at[patient, "response"] != NONE)
    order = [*table.index[table["pair"] != ""], *others, *left_out]
    for assay, number in law.items():
        table[assay] = table.index.isin(order[:number])


def expressed(rng: np.random.Generator, targets: Targets, trial: Trial) -> None:
    """Which first blocks have expression, and which failed: columns expressed, RNA_QC, NCOUNTER_QC of specimens.

    What makes pairs comes first, those without response before the others, for they are few; then patients of whom
    nothing else is expressed, so that the four sets together pass the printed number of patients.
    """
    law, table, patients = targets.assume("car_t", "expressed"), trial.specimens, trial.patients
    _as_printed(targets, "z1_flow.n_expression_zuma1", sum(sum(by_time.values()) for by_time in law.values()))
    targets.take("z1_flow.gene_panels", "two panels here, the third in the further sets")
    table["expressed"] = False
    patients = patients.assign(specimens=table[table["first"]].groupby("patient").size())
    for fixation in (FF, FFPE):
        later: set = set()
        for time in reversed(TIMES):
            rows = table.index[(table["time"] == time) & (table["fixation"] == fixation) & table["first"]]
            held = patients.loc[table.loc[rows, "patient"]]
            pairs = (held[["baseline", "early"]].isin([fixation, BOTH])).all(axis=1).to_numpy()
            linked = held.index.isin(later)
            few = (held["response"] == NONE).to_numpy() & pairs
            # of whom nothing is expressed yet, those with the fewest other specimens
            others = held["specimens"] + 0.5 * (held["early"] != NONE)
            others = others.where(~held.index.isin(table.loc[table["expressed"], "patient"]), 9)
            order = np.lexsort([rng.random(len(rows)), ~pairs, others, ~few, ~linked])
            kept = rows[order][: law[fixation][time]]
            table.loc[kept, "expressed"] = True
            later |= set(table.loc[kept, "patient"])
    measured = table.loc[table["expressed"], "patient"].nunique()
    further = sum(int(claims.published()[f"{targets.prefix}.z1_flow.n_{name}"].value) for name in FURTHER)
    total = targets.number(
        "z1_flow.n_expression_total.discussion", "patients with expression over four sets: more than"
    )
    if measured + further <= total:
        raise CannotDraw(f"{measured} patients with expression are too few")
    left = rng.permutation(table.index[table["first"] & ~table["expressed"] & (table["time"] == "baseline")])
    rna, lanes = targets.assume("car_t", "failed_rna"), targets.assume("car_t", "failed_lanes")
    table["RNA_QC"] = np.where(table["expressed"], "PASS", "")
    table["NCOUNTER_QC"] = table["RNA_QC"]
    table.loc[left[:rna], "RNA_QC"] = "FAIL"
    table.loc[left[rna : rna + lanes], ["RNA_QC", "NCOUNTER_QC"]] = ["PASS", "FAIL"]


def biopsy_days(rng: np.random.Generator, targets: Targets, trial: Trial) -> np.ndarray:
    """Day of each specimen from infusion: one day for each biopsy."""
    table, rows = trial.patients, trial.specimens
    targets.take("z1_prepost_ff.subset2_window", "days of the early biopsies but one")
    late = targets.take("z1_prepost_ff.late_specimen", "the one early biopsy of a patient with stable disease")
    week = 7 * int(late.value)
    first, last = targets.assume("car_t", "baseline_day")
    early_first, early_last = targets.assume("car_t", "early_day")
    n = len(table)
    days = {"baseline": rng.integers(first, last + 1, n), "early": rng.integers(early_first, early_last + 1, n)}
    days["early"] = np.where(table["week_4"], week, days["early"])
    soonest, latest = targets.assume("car_t", "after_relapse_days")
    days["relapse"] = table["RELAPSE_DAYS"].fillna(0).to_numpy(int) + rng.integers(soonest, latest + 1, n)
    return np.array([days[row.time][row.patient] for row in rows.itertuples()])


def h_scores(rng: np.random.Generator, targets: Targets, rows: pd.DataFrame) -> np.ndarray:
    """CD19 H-score of each fixed specimen, missing of frozen ones: within the printed class of those without CD19, or
    of those with it."""
    (no_least, no_most), (least, most) = (
        [int(end) for end in targets.take(f"z1_bcell_cta.cd19_hscore.{tail}", "H-scores of this class").range]
        for tail in ("no", "yes")
    )
    scores = np.full(len(rows), np.nan)
    for time, ((middle, spread), absent) in targets.assume("car_t", "h_score").items():
        of = np.flatnonzero(((rows["time"] == time) & (rows["fixation"] == "FFPE")).to_numpy())
        drawn = np.clip(np.rint(rng.normal(middle, spread, len(of))), least, most)
        none = rng.random(len(of)) < absent
        scores[of] = np.where(none, rng.integers(no_least, no_most + 1, len(of)), drawn)
    return scores
