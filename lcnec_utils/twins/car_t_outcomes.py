"""What befalls the simulated patients of the CAR T trial before survival: response, toxicity, CAR T cells in blood.

Each is dealt to patients until the printed p values and counts hold; the knobs and their prints stand in
docs/twins.md. Laws: laws/car_t.yaml, `car_t`.
"""

import math

import numpy as np
import pandas as pd

from lcnec_utils.imaging.immunoscore import immunoscore
from lcnec_utils.omics.immunosign import immunosign
from lcnec_utils.twins import people
from lcnec_utils.twins.car_t_dealt import (
    PrintedCorrelation,
    correlation,
    deal,
    off_print,
    off_range,
    rank_p,
    rank_ps,
    ranked,
)
from lcnec_utils.twins.car_t_specimens import NONE, Trial
from lcnec_utils.twins.car_t_tissue import PATTERNS, Counts
from lcnec_utils.twins.targets import Targets, laws
from lcnec_utils.twins.times import CannotDraw

CODE = {"DLBCL": "DLBCLNOS", "TFL": "DLBCLNOS", "PMBCL": "PMBL", "HGBCL": "HGBCL"}
CYTOTOXIC, HELPER, REGULATORY = "CD3+ CD8+", "CD3+ CD8- FOXP3-", "CD3+ CD8- FOXP3+"
BARE = "PD1- LAG3- TIM3-"
ACTIVATED = [PATTERNS.index("+--"), PATTERNS.index("++-")]


def _in_sd(rng: np.random.Generator, law: dict, n: int) -> np.ndarray:
    return law["median"] * np.exp(law["log_sd"] * rng.standard_normal(n))


# --- who the patients are


def clinical(rng: np.random.Generator, targets: Targets, table: pd.DataFrame) -> None:
    """Columns of the data dictionary that nothing is dealt by: age, sex, disease, prior lines, and response in words;
    burden by response and by the ten pairs."""
    n, responded = len(table), table["response"] != NONE
    for id, share, count in (
        ("z1_represent.or_rate.pivotal", responded, "patients with an objective response: the nearest count of 51"),
        ("z1_represent.cr_rate.pivotal", table["response"] == "CR", "complete responses: the nearest count of 51"),
    ):
        printed = float(targets.take(id, count).value)
        if round(printed / 100 * n) != share.sum():
            raise CannotDraw(f"the laws of car_t give {share.sum()} of {n} where {id} prints {printed:g}%")
    middle, spread, limits = targets.assume("car_t", "age")
    table["AGE"] = np.clip(np.rint(rng.normal(middle, spread, n)), *limits).astype(int)
    female = targets.assume("car_t", "female")
    table["SEX"] = people.exactly(rng, {"Female": female, "Male": 1 - female}, n)
    for column, law in (
        ("IPI", "ipi"),
        ("DISEASE_TYPE", "disease"),
        ("PRIOR_LINES", "prior_lines"),
        ("TRIAL_COHORT", "trial_cohort"),
    ):
        table[column] = people.exactly(rng, targets.assume("car_t", law), n)
    worst = targets.assume("car_t", "no_response")
    # the one early biopsy of week 4 is of a patient with stable disease: first of those with one frozen biopsy alone
    late = table.index[~responded & (table["early"] == "FF")]
    others = rng.permutation(table.index[~responded].difference(late[:1]))
    table["BEST_RESPONSE"] = table["response"]
    table.loc[[*late[:1], *others[: worst["SD"] - 1]], "BEST_RESPONSE"] = "SD"
    table.loc[others[worst["SD"] - 1 :], "BEST_RESPONSE"] = "PD"
    table["week_4"] = table.index == late[0]
    targets.plant("z1_tcell_tb.burden_vs_response.discussion", "burden of those without complete response")
    burden = targets.assume("car_t", "burden_mm2")
    score = rng.standard_normal(n) + targets.planted("car_t", "burden_without_complete") * (table["response"] != "CR")
    score = score + np.select([table["pair"] == "low", table["pair"] != ""], [-2.5, 2.5], 0.0)
    place = np.argsort(np.argsort(score.to_numpy()))
    table["TUMOR_BURDEN_MM2"] = np.rint(np.sort(_in_sd(rng, burden, n))[place]).astype(int)
    table["CRS_GRADE"] = people.exactly(rng, targets.assume("car_t", "crs"), n)


# --- tissues dealt by response and burden


def deal_tissue(rng: np.random.Generator, targets: Targets, table: pd.DataFrame, counts: Counts) -> np.ndarray:
    """Which tissue each stained patient has: an order of the tissues counted. table: the patients stained."""
    law = targets.assume("car_t", "dealt")
    none, complete = (table["response"] == NONE).to_numpy(), (table["response"] == "CR").to_numpy()
    pair = table["pair"].to_numpy()
    low, high, one = pair == "low", np.isin(pair, ["high", "high, complete"]), pair == "high, complete"
    density = counts.density
    t_cells, helper, cytotoxic = density("CD3+"), density(HELPER), density(CYTOTOXIC)
    treg = density(REGULATORY)
    subsets = [density(f"{CYTOTOXIC} {signs(pattern)}") for pattern in PATTERNS]
    favourable = _favourable(law, counts)
    targets.take("z1_treg_ne.favourable_quadrant", "tissues with many of both, redrawn until so many")
    if not law["favourable"][0] <= favourable.sum() <= law["favourable"][1]:
        raise CannotDraw("not a quarter of the tissues has many CD8+ PD-1+ cells and Tregs")
    printed = {
        name: targets.take(f"z1_os.response_vs_density.{name}", "density of the stained with and without response").p
        for name in ("tc", "th")
    }
    activated = density(f"{CYTOTOXIC} PD1+ TIM3-")
    ranks = np.array([ranked(values) for values in (cytotoxic, helper, treg, activated, *subsets)])
    own = [4 + place for place in ACTIVATED]
    rest = [place for place in range(4, len(ranks)) if place not in own]
    median, middle = np.median(helper), none.sum() * (~none).sum() / 2

    def by_response(order: np.ndarray, _: float) -> float:
        p, u = rank_ps(ranks[:, order], none)
        worth = sum(off_print(found, text) for found, text in zip(p[:2].tolist(), printed.values(), strict=True))
        worth += off_range(p[3], *law["activated_p"]) + 2.0 * (u[[0, 1, 3]] > middle).sum()
        worth += off_range(p[own].min() / p[rest].min(), 0.0, law["activated_lead"])
        worth += off_range(p[2], law["response_treg_p"], 1.0)
        return worth + 0.5 * (favourable[order] & none).sum()

    def within(order: np.ndarray, _: float) -> float:
        mine, all_t = helper[order], t_cells[order]
        worth = 0.5 * (favourable[order] & ~complete).sum()
        worth += 0.3 * ((mine[low] <= median).sum() + (mine[high] > median).sum())
        return worth + 0.3 * (mine[high & ~one].max() > mine[one][0]) + 0.3 * (all_t[low].min() < all_t[high].max())

    most, groups = law["most_swaps"], none.astype(int)
    start = np.arange(len(table))
    order = deal(rng, start, by_response, most=most, what="tissues by response", groups=groups, across=True)
    return deal(rng, order, within, most=most, what="tissues by burden", groups=groups)


def signs(pattern: str) -> str:
    """A combination of checkpoints (`+-+`) as a population has it."""
    return " ".join(f"{marker}{sign}" for marker, sign in zip(("PD1", "LAG3", "TIM3"), pattern, strict=True))


def _favourable(law: dict, counts: Counts) -> np.ndarray:
    """Many CD8+ PD-1+ cells and not few PD-1+ Tregs: above the law's quantiles."""
    cells = [counts.density(f"{kind} PD1+") for kind in (CYTOTOXIC, REGULATORY)]
    cuts = law["favourable_above"]
    return np.logical_and(*(values > np.quantile(values, cut) for values, cut in zip(cells, cuts, strict=True)))


# --- toxicity, CAR T cells


def toxicity(rng: np.random.Generator, targets: Targets, trial: Trial) -> None:
    """Neurologic events, severe ones dealt to patients with few regulatory T cells."""
    table, n = trial.patients, len(trial.patients)
    printed = targets.number("z1_represent.ne_rate.pivotal", "severe neurologic events: the nearest count of 51")
    law, most = targets.assume("car_t", "dealt"), round(printed / 100 * n)
    rows, counts = trial.counts["TCE", "baseline"]
    regulatory, positive = counts.density(REGULATORY), counts.density(f"{REGULATORY} PD1+")
    corner = targets.take("z1_treg_ne.low_treg_corner", "of the patients with the fewest regulatory T cells")
    bound = targets.p("z1_treg_ne.treg", "regulatory T cells with and without a severe event: p below the bound")
    favourable = _favourable(law, counts)
    fewest = np.argsort(regulatory)[: int(corner.n[0])]
    if (counts.density(f"{CYTOTOXIC} PD1+")[fewest] <= 0).any():
        raise CannotDraw("a patient with few regulatory T cells has no CD8+ PD-1+ cell")
    severe_stained = round(most * len(rows) / n)
    start = np.zeros(n, bool)
    start[rows[np.argsort(regulatory)[:severe_stained]]] = True
    rest = np.setdiff1d(np.arange(n), rows)
    start[rng.permutation(rest)[: most - severe_stained]] = True
    states = [ranked(values) for values in (regulatory, positive)]
    limits = [[bound * share for share in law["severe_treg_p"]], [0.0, law["severe_treg_pd1_p"]]]

    def penalty(severe: np.ndarray, _: float) -> float:
        mine = severe[rows]
        worth = 0.5 * (mine & favourable).sum() + 0.5 * abs(int(mine[fewest].sum()) - int(corner.k))
        for ranks, between in zip(states, limits, strict=True):
            found, higher = rank_p(ranks, mine)
            worth += off_range(found, *between) + 2.0 * higher
        return worth

    # whoever is not stained keeps what they have
    stained = np.isin(np.arange(n), rows).astype(int)
    severe = deal(rng, start, penalty, most=law["most_swaps"], what="severe events", groups=stained)
    grades = np.where(severe, "", people.exactly(rng, targets.assume("car_t", "neurologic"), n))
    grades[severe] = people.exactly(rng, targets.assume("car_t", "severe_neurologic"), int(severe.sum()))
    table["NE_GRADE"] = grades.astype(int)
    first, last = targets.assume("car_t", "neurologic_day")
    table["NE_DAY"] = np.where(table["NE_GRADE"] > 0, rng.integers(first, last + 1, n), np.nan)


def car_levels(rng: np.random.Generator, targets: Targets, trial: Trial) -> None:
    """The peak of CAR T cells, dealt by T cells before infusion."""
    table, n = trial.patients, len(trial.patients)
    law = targets.assume("car_t", "dealt")
    tl_rows, tl = trial.counts["TL", "baseline"]
    tce_rows, tce = trial.counts["TCE", "baseline"]
    printed = PrintedCorrelation(
        targets.take("z1_tils_car.immunoscore", "peaks: Immunoscore against the peak over burden").p
    )
    score = scored(tl_rows, tl).to_numpy()
    scores = ranked(score)
    bare, t_cells = ranked(tce.density(f"{HELPER} {BARE}")), ranked(tl.density("CD3+"))
    burden, abc = table["TUMOR_BURDEN_MM2"].to_numpy(float), (table["CELL_OF_ORIGIN"] == "ABC").to_numpy()
    peaks = np.round(_in_sd(rng, targets.assume("car_t", "car_peak"), n), 2)

    def penalty(peak: np.ndarray, _: float) -> float:
        over = peak / burden
        worth = printed.off(scores, ranked(over[tl_rows]))
        for values in (peak, over):
            rho, p = correlation(bare, ranked(values[tce_rows]))
            worth += off_range(p, *law["car_helper_p"]) + 2.0 * (rho < 0)
        rho, p = correlation(t_cells, ranked(over[tl_rows]))
        ratio = abs(math.log(np.median(peak[abc]) / np.median(peak[~abc])))
        worth += off_range(p, 0.0, law["car_t_cells_p"]) + 2.0 * (rho < 0)
        return worth + max(0.0, ratio - law["car_origin_ratio"])

    def confirm(peak: np.ndarray) -> bool:
        # equal scores may differ in their last bit: the print holds whether they count as tied or not
        return all(printed.holds(of, (peak / burden)[tl_rows]) for of in (np.round(score, 9), score))

    table["CAR_PEAK_PER_UL"] = deal(
        rng, peaks, penalty, most=law["most_swaps"], what="CAR T cell peaks", confirm=confirm
    )
    first, last = targets.assume("car_t", "car_peak_day")
    table["CAR_PEAK_DAY"] = rng.integers(first, last + 1, n)


def scored(rows: np.ndarray, tl: Counts) -> pd.Series:
    """Immunoscore of patients (their rows), of the densities of CD3+ and CD3+ CD8+ cells."""
    return immunoscore(*(pd.Series(tl.density(name), rows, name=name) for name in ("CD3+", CYTOTOXIC)))


# --- myeloid cells, by Immunosign


def deal_myeloid(
    rng: np.random.Generator, targets: Targets, trial: Trial, before: pd.DataFrame, rows: np.ndarray, counts: Counts
) -> np.ndarray:
    """Which myeloid counts each stained patient has, so that they go with Immunosign as printed."""
    law = targets.assume("car_t", "dealt")
    known = np.flatnonzero(np.isin(rows, before.index))
    score = ranked(immunosign(before).loc[rows[known]].to_numpy())
    printed = {
        population: PrintedCorrelation(
            targets.take(f"z1_immunosign_corr.{id}", "myeloid counts dealt by Immunosign").p, positive=None
        )
        for population, id in (("CD68+", "macrophages.zuma1"), ("CD11B+ CD14+ CD15-", "mononuclear.zuma1"))
    }
    cells = {population: counts.density(population) for population in printed}
    gene = ranked(before.loc[rows[known], "CD68"].to_numpy())
    t_cells = ranked(trial.tissue.infiltration[rows])
    none = (trial.patients["response"].to_numpy() == NONE)[rows]
    ranks = {population: ranked(values) for population, values in cells.items()}

    def penalty(order: np.ndarray, _: float) -> float:
        worth = 0.0
        for population, of in ranks.items():
            mine = of[order]
            worth += printed[population].off(score, ranked(mine[known]))
            worth += max(0.0, abs(correlation(t_cells, mine)[0]) - law["myeloid_t_cells_rho"])
            worth += off_range(rank_p(mine, none)[0], law["myeloid_response_p"], 1.0)
        least = law["macrophage_gene_rho"]["zuma1"]
        return worth + max(0.0, least - correlation(gene, ranked(ranks["CD68+"][order][known]))[0])

    def confirm(order: np.ndarray) -> bool:
        return all(printed[name].holds(score, values[order][known]) for name, values in cells.items())

    return deal(
        rng, np.arange(len(rows)), penalty, most=law["most_swaps"], what="myeloid cells", heat=0.05, confirm=confirm
    )


# --- what was put in


def declare(targets: Targets, twin: str) -> None:
    """Record the effects that were put in, claim by claim, and which prints are not followed."""
    for effect in laws()["planted"]["car_t_claims"]:
        if effect["twin"] == twin:
            for id in effect["claims"]:
                targets.plant(id, effect["knob"])
    targets.decline(twin)
