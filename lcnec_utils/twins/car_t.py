"""Large B-cell lymphoma and CAR T cells: patients of a trial with biopsies, and three further sets without outcome.

Subsets, fixations, counts and nine p values are the printed ones; everything is drawn first and then dealt between
patients until they hold (car_t_dealt.py). Laws: laws/car_t.yaml, `car_t`.
"""

import dataclasses

import numpy as np
import pandas as pd

from lcnec_utils.cohort.ncounter import IMMUNOSIGN, PANCANCER_IMMUNE
from lcnec_utils.twins import car_t_outcomes, car_t_sets, car_t_specimens, car_t_tissue, people
from lcnec_utils.twins.car_t_expression import Patients, changed, programmes
from lcnec_utils.twins.car_t_specimens import BOTH, FFPE, MOST_DRAWS, NONE, TIMES, Trial
from lcnec_utils.twins.car_t_survival import survival
from lcnec_utils.twins.studies import Study, blank, by_patient, described, identifiers
from lcnec_utils.twins.targets import Targets, stream
from lcnec_utils.twins.times import CannotDraw

SOURCE = "Simulated patients, conditioned on what the study of the tumour microenvironment in ZUMA-1 prints"
MARK = {"baseline": "B", "early": "E", "relapse": "R"}  # of a specimen's time


def make(seed: int) -> dict[str, Study]:
    """The patients of the trial and the three further sets, by the name of their twin."""
    return {"twin_car_t": car_t(seed), **car_t_sets.make(seed)}


def car_t(seed: int) -> Study:
    """The patients of the trial: biopsies at three times, stained cells, nCounter panels, CAR T cells, outcome.

    Where what is drawn cannot be dealt as printed, all of it is drawn once more, from further streams of the seed.
    """
    targets = Targets("zuma1_tme")
    for attempt in range(MOST_DRAWS):
        try:
            trial, panels = _drawn(seed, str(attempt), targets)
        except CannotDraw:
            continue
        return _study(stream(seed, "car t", "identifiers"), targets, trial, panels)
    raise CannotDraw(f"no trial of seed {seed} is as printed")


def _drawn(seed: int, attempt: str, targets: Targets) -> tuple[Trial, dict[str, pd.DataFrame]]:
    """The trial and its gene panels, of one attempt. Raises CannotDraw."""

    def of(part: str) -> np.random.Generator:
        return stream(seed, "car t", part, attempt)

    patients = car_t_specimens.slots(of("patients"), targets)
    trial = Trial(patients, car_t_specimens.specimens(of("specimens"), targets, patients))
    car_t_specimens.roles(of("roles"), targets, trial)
    car_t_specimens.expressed(of("expressed"), targets, trial)
    car_t_outcomes.clinical(of("clinical"), targets, trial.patients)
    _before(of("tissue"), targets, trial)
    car_t_outcomes.toxicity(of("toxicity"), targets, trial)
    car_t_outcomes.car_levels(of("levels"), targets, trial)
    over = _after(of("after"), targets, trial)
    panels, before = _panels(of("expression"), targets, trial, over)
    _myeloid(of("myeloid"), targets, trial, before)
    survival(of("survival"), targets, trial, before)
    return trial, panels


def _before(rng: np.random.Generator, targets: Targets, trial: Trial) -> None:
    """Tissues before treatment with their cell of origin, dealt to patients by response and burden."""
    law, table = targets.assume("car_t", "tissue"), trial.patients
    origin = people.exactly(rng, targets.assume("car_t", "cell_of_origin"), len(table))
    lower = targets.planted("car_t", "abc_t_cells")
    stained = np.flatnonzero(table["TCE"])
    for _ in range(MOST_DRAWS):
        infiltration = rng.standard_normal(len(table)) + lower * ((origin == "ABC") - (origin == "ABC").mean())
        tissue = car_t_tissue.draw(rng, law, infiltration, law["myeloid_with"]["zuma1"])
        counts = {assay: car_t_tissue.count(rng, law, tissue, assay) for assay in ("TL", "TCE", "SC")}
        try:
            dealt = car_t_outcomes.deal_tissue(rng, targets, table.iloc[stained], counts["TCE"].take(stained))
        except CannotDraw:
            continue
        order = np.arange(len(table))
        order[stained] = stained[dealt]
        trial.tissue = tissue.take(order)
        table["CELL_OF_ORIGIN"] = origin[order]
        for assay in counts:
            rows = np.flatnonzero(table[assay])
            trial.counts[assay, "baseline"] = rows, counts[assay].take(order[rows])
        return
    raise CannotDraw("no tissues go with response and burden as printed")


def _after(rng: np.random.Generator, targets: Targets, trial: Trial) -> dict[str, np.ndarray]:
    """Stained cells of the early and relapse biopsies. Returns by time what T cells are over their expectation, sd."""
    law, table, n = targets.assume("car_t", "tissue"), trial.patients, len(trial.patients)
    early, exhaustion = targets.planted("car_t", "early_t_cells"), targets.planted("car_t", "early_exhaustion")
    relapse = targets.planted("car_t", "relapse_t_cells")
    responded = (table["response"] != NONE).to_numpy()
    peak = np.log(table["CAR_PEAK_PER_UL"].to_numpy(float))
    peak = (peak - peak.mean()) / peak.std()
    has = table["early"].isin([FFPE, BOTH]).to_numpy()
    pairs = table["pair"].to_numpy()
    overlap_sd, apart_sd = targets.assume("car_t", "dealt")["early_pairs"]
    for _ in range(40 * MOST_DRAWS):
        over = {
            time: given["log_sd"] * rng.standard_normal(n) for time, given in (("early", early), ("relapse", relapse))
        }
        t_cells = early["kept"] * trial.tissue.infiltration + np.where(responded, early["response"], early["none"])
        t_cells = t_cells + early["car"] * peak + over["early"]
        low, high = (t_cells[np.char.startswith(pairs.astype(str), word)] for word in ("low", "high"))
        if low.min() > high.max() - overlap_sd and np.median(low) > np.median(high) + apart_sd:
            break
    else:
        raise CannotDraw("no early biopsies keep the order of T cells of the ten pairs")
    exhausted = (
        exhaustion["car"] * peak + exhaustion["none"] * ~responded + exhaustion["log_sd"] * rng.standard_normal(n)
    )
    after = car_t_tissue.draw(rng, law, t_cells, 0.0, exhausted)
    after = dataclasses.replace(after, cd8=0.5 * trial.tissue.cd8 + 0.5 * after.cd8, treg=trial.tissue.treg)
    late = relapse["kept"] * t_cells + relapse["response"] + over["relapse"]
    late = car_t_tissue.draw(rng, law, late, 0.0)
    overlap = targets.count("z1_ihc_concordance.n_overlap", "early samples with both panels")
    ten = np.flatnonzero(pairs != "")
    second = np.concatenate([rng.permutation(ten)[:overlap], np.flatnonzero(has & (pairs == ""))])
    of_relapse = np.flatnonzero(table["relapse"].isin([FFPE, BOTH]))
    for assay, time, rows, of in (
        ("TL", "early", np.flatnonzero(has), after), ("TCE", "early", ten, after),
        ("TCE+", "early", np.sort(second), after),
        ("TL", "relapse", of_relapse, late), ("TCE+", "relapse", of_relapse, late),
    ):  # fmt: skip
        trial.counts[assay, time] = rows, car_t_tissue.count(rng, law, of.take(rows), assay)
    return over


def _programmes(
    rng: np.random.Generator, targets: Targets, trial: Trial, over: dict[str, np.ndarray]
) -> dict[str, pd.DataFrame]:
    """The programmes of each patient's tumour by time, whether it was biopsied then or not."""
    group, change = trial.patients["response"].to_numpy(), targets.planted("car_t", "change")
    before = programmes(rng, trial.tissue, group == "CR", targets.planted("car_t", "before")["complete"])
    # the B lineage before treatment is put in alike in all responses, whatever their T cells
    lineage = before["b_lineage"]
    before["b_lineage"] = lineage - lineage.groupby(group).transform("mean") + lineage.mean()
    by_response = {"CR": change["response"], "PR": change["response"], NONE: change["none"]}
    early = changed(rng, before, by_response, group, over["early"])
    every = np.full(len(group), "relapse")
    return {
        "baseline": before,
        "early": early,
        "relapse": changed(rng, early, {"relapse": change["relapse"]}, every, over["relapse"]),
    }


def _panels(
    rng: np.random.Generator, targets: Targets, trial: Trial, over: dict[str, np.ndarray]
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """The two gene panels (genes × specimens), and log2 of fixed tissue before treatment by patient on the second."""
    targets.assume("car_t", "expression")
    held = pd.concat(_programmes(rng, targets, trial, over))
    own, before = targets.planted("car_t", "change_of_genes"), targets.planted("car_t", "before_genes")
    rows = trial.specimens[trial.specimens["expressed"] | (trial.specimens["NCOUNTER_QC"] == "FAIL")]
    states = held.loc[list(zip(rows["time"], rows["patient"], strict=True))].set_axis(rows.index)
    none = trial.patients["response"].eq(NONE)[rows["patient"]].to_numpy()
    early, relapse = (rows["time"].eq(time).to_numpy() for time in ("early", "relapse"))
    effects = [(before["none"], none), (own["none"], none & early), (own["relapse"], relapse)]
    extra = pd.DataFrame(
        {gene: size * where for sizes, where in effects for gene, size in sizes.items()}, index=rows.index
    )
    made, fixed = Patients(rng, len(trial.patients)), rows["fixation"].eq(FFPE).to_numpy()
    log2 = made.log2(rows["patient"].to_numpy(), states, fixed, extra)
    failed, first = rows["NCOUNTER_QC"].eq("FAIL").to_numpy(), ~(early | relapse)
    tissues = pd.MultiIndex.from_frame(rows[["patient", "fixation"]])
    paired = tissues.isin(tissues[~first])
    panels = {
        PANCANCER_IMMUNE: made.on_panel(log2[(~first | paired) & ~failed], PANCANCER_IMMUNE),
        IMMUNOSIGN: made.on_panel(log2[first], IMMUNOSIGN, failed[first]),
    }
    of_fixed = rows.index[first & ~failed & fixed]
    genes = panels[IMMUNOSIGN]
    values = genes.loc[genes["CLASS"] == "Endogenous", of_fixed].T.astype(float)
    return panels, values.set_axis(rows.loc[of_fixed, "patient"])


def _myeloid(rng: np.random.Generator, targets: Targets, trial: Trial, before: pd.DataFrame) -> None:
    """Myeloid counts dealt to patients until Immunosign goes with them as printed."""
    rows, counts = trial.counts["SC", "baseline"]
    order = car_t_outcomes.deal_myeloid(rng, targets, trial, before, rows, counts)
    trial.counts["SC", "baseline"] = rows, counts.take(order)


# --- the folder


def _study(rng: np.random.Generator, targets: Targets, trial: Trial, panels: dict[str, pd.DataFrame]) -> Study:
    table, rows = trial.patients, trial.specimens
    ids = identifiers(rng, "TWINCART", len(table))
    names = [f"{ids[row.patient]}-{MARK[row.time]}-{row.fixation}{row.block}" for row in rows.itertuples()]
    named = pd.Series(names, rows.index, dtype=object)
    stained = rows[rows["first"] & (rows["fixation"] == FFPE)]
    of_biopsy = named[stained.index].set_axis(pd.MultiIndex.from_frame(stained[["patient", "time"]]))
    counted = [
        ([of_biopsy[patient, time] for patient in patients], counts)
        for (_, time), (patients, counts) in trial.counts.items()
    ]
    positivity, densities = car_t_tissue.tables(counted)
    renamed = {
        name: panel.rename(columns=named.to_dict()).rename_axis("Hugo_Symbol").reset_index()
        for name, panel in panels.items()
    }
    patients = table.drop(columns=[*TIMES, "response", "pair", "week_4", "TL", "TCE", "SC"])
    patients.insert(0, "PATIENT_ID", ids)
    days = car_t_specimens.biopsy_days(rng, targets, trial)
    code = table["DISEASE_TYPE"].map(car_t_outcomes.CODE)
    samples = pd.DataFrame(
        {
            "PATIENT_ID": ids[rows["patient"]], "SAMPLE_ID": names, "ONCOTREE_CODE": code[rows["patient"]].to_numpy(),
            "CANCER_TYPE": "Mature B-Cell Neoplasms", "BIOPSY_TIME": rows["time"], "BIOPSY_DAY": days,
            "FIXATION": rows["fixation"], "BIOPSY_SITE": rows["site"],
            "CD19_H_SCORE": car_t_specimens.h_scores(rng, targets, rows), "RNA_QC": rows["RNA_QC"],
            "NCOUNTER_QC": rows["NCOUNTER_QC"],
        }
    )  # fmt: skip
    car_t_outcomes.declare(targets, "twin_car_t")
    blank(patients)
    blank(samples)
    second = int((~rows["first"]).sum())
    notes = [
        f"{len(rows)} specimens of {len(table)} patients: fresh-frozen and fixed tissue of one biopsy are two, and "
        f"{second} are second blocks.",
        "Densities are counts of cells over area; BIOPSY_DAY, CAR_PEAK_DAY and NE_DAY are days from infusion.",
        f"{int(rows['NCOUNTER_QC'].eq('FAIL').sum())} lanes of the baseline panel failed; no gene stands for a CAR.",
    ]
    return Study(
        patients=by_patient(patients),
        samples=samples.sort_values(["PATIENT_ID", "SAMPLE_ID"], ignore_index=True),
        study=described("CAR T twin (simulated)", "infusion of CAR T cells", notes) | {"source": SOURCE},
        targets=targets,
        densities=densities,
        positivity=positivity,
        ncounter=renamed,
        type_of_cancer="dlbclnos",
    )
