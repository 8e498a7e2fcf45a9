"""Free draws: any number of simulated patients, independent of one another, from the laws of a cohort.

Nothing here is conditioned on what a draw comes to, so its intervals cover the law's truth as intervals should: this,
and never a conditioned twin, serves power studies and teaching.
"""

import numpy as np
import pandas as pd

from lcnec_utils.core import params
from lcnec_utils.core.errors import UserError
from lcnec_utils.omics.genomics import NSCLC_LIKE, SCLC_LIKE, SUBTYPES, UNCLASSIFIED
from lcnec_utils.twins import clinical, genome, people
from lcnec_utils.twins.people import CHEMOIMMUNOTHERAPY, CHEMOTHERAPY, IMMUNOTHERAPY, REGIMENS
from lcnec_utils.twins.studies import PLACEHOLDERS, Study, identifiers, ordered, timelines
from lcnec_utils.twins.targets import Targets, stream
from lcnec_utils.twins.times import Law

# the suffix and the prefixes of a cohort's claims: regimens and age, overall survival, genomic subtypes
LIKE = {
    "cohort_1": ("c1", "fig1a.median_os", "fig2a.subtype"),
    "cohort_2": ("c2", "fig1b.median_os", "fig2b.subtype"),
}
MOST_PATIENTS = 1_000_000
CHUNK = 5000  # tumours whose mutations are drawn at a time: memory grows with the rows kept, not with what made them


def laws(targets: Targets, like: str) -> dict[str, dict[str, Law]]:
    """The laws of overall survival and of the earlier endpoint (RWPFS or TOT) by regimen.

    Constant hazards with the printed medians; where a printed hazard ratio and the medians do not go together, the late
    hazard of one group makes the ratio (Cox, in a cohort followed as this one): chemoimmunotherapy's after its upper
    limit for rwPFS, chemotherapy's for time on treatment.
    """
    _, medians, _ = LIKE[like]
    survival = {
        name: Law(targets.median(f"{medians}.{name}", f"median overall survival of the law, {name}")[0])
        for name in REGIMENS
    }
    early, id, hr, whose = {
        "cohort_1": ("RWPFS", "fig1c.median_rwpfs", "fig1c.hr.chemotherapy_vs_chemoimmunotherapy", CHEMOIMMUNOTHERAPY),
        "cohort_2": ("TOT", "figs5.median_tot", "figs5.hr.chemotherapy_vs_chemoimmunotherapy", CHEMOTHERAPY),
    }[like]
    endpoint = {}
    for name in REGIMENS:
        median, _, upper = targets.median(f"{id}.{name}", f"median {early} of the law, {name}")
        endpoint[name] = Law(median, upper) if name == whose else Law(median)
    ratio = targets.number(hr, f"hazard ratio, by the late hazard of {whose}")
    shares = regimen_shares(targets, like)
    follow_up = {name: clinical.censoring(targets, like, name) for name in REGIMENS}
    endpoint[whose] = clinical.late_hazard(endpoint, survival, shares, follow_up, whose, ratio)
    return {"OS": survival, early: endpoint}


def regimen_shares(targets: Targets, like: str) -> dict[str, float]:
    """Shares of the regimens: the printed numbers of treated patients."""
    number, _, _ = LIKE[like]
    return {name: targets.count(f"table1.regimen.{name}.{number}", f"share of {name}") for name in REGIMENS}


def subtype_shares(targets: Targets, like: str) -> dict[str, float]:
    """Shares of the genomic subtypes: the printed numbers of tumours."""
    claims = LIKE[like][2]
    keys = {NSCLC_LIKE: "nsclc_like", SCLC_LIKE: "sclc_like", UNCLASSIFIED: "unclassified"}
    return {kind: targets.count(f"{claims}.{key}", f"share of {kind}") for kind, key in keys.items()}


def _kinds(rng: np.random.Generator, n: int, shares: dict[str, float], fixed: dict[str, int]) -> np.ndarray:
    """n values: the fixed ones as often as asked, the others drawn by their shares."""
    others = {name: share for name, share in shares.items() if name not in fixed}
    weight = np.array(list(others.values()), float)
    rest = rng.choice(list(others), n - sum(fixed.values()), p=weight / weight.sum()) if others else []
    return rng.permutation(np.array([*np.repeat(list(fixed), list(fixed.values())), *rest], dtype=object))


def check_request(patients: int, seed: int, like: str, regimens: dict[str, int], subtypes: dict[str, int]) -> None:
    """Raises UserError, in one line, for a request that no cohort meets."""
    if patients < 1:
        raise UserError(f"--patients {patients}: give 1 or more")
    if patients > MOST_PATIENTS:
        raise UserError(f"--patients {patients}: give {MOST_PATIENTS} at most")
    if not 0 <= seed < 2**32:
        raise UserError(f"--seed {seed}: give a whole number from 0 to {2**32 - 1}")
    if like not in LIKE:
        raise UserError(f"--like {like}: unknown{params.nearest(like, LIKE)}; there are {', '.join(LIKE)}")
    for option, fixed, known in (("--regimen", regimens, REGIMENS), ("--subtype", subtypes, SUBTYPES)):
        for name, number in fixed.items():
            if name not in known:
                nearest = params.nearest(name, known)
                raise UserError(f"{option} {name}: unknown{nearest}; there are {', '.join(known)}")
            if number < 0:
                raise UserError(f"{option} {name}={number}: give 0 or more")
        total = sum(fixed.values())
        if total > patients:
            raise UserError(
                f"{option}: {total} patients are asked for, of {patients} in all; lower one or raise --patients"
            )
        if set(fixed) == set(known) and total < patients:
            raise UserError(
                f"{option}: the numbers make {total}, not the {patients} of --patients; give one less of them"
            )


def _endpoints(
    rng: np.random.Generator, drawn_laws: dict[str, dict[str, Law]], targets: Targets, like: str, regimen: np.ndarray
) -> pd.DataFrame:
    """Months and status of overall survival and of the earlier endpoint, never after it.

    The earlier endpoint is the first of death and of a cause with the hazard that is left: so it follows its law.
    """
    (_, survival), (early, endpoint) = drawn_laws.items()
    columns = {key: np.empty(len(regimen)) for key in ("os", "first", "end")}
    for name in REGIMENS:
        rows = np.flatnonzero(regimen == name)
        columns["os"][rows] = survival[name].draw(rng, len(rows))
        other = endpoint[name].without(survival[name], rng.standard_exponential(len(rows)))
        columns["first"][rows] = np.minimum(other, columns["os"][rows])
        columns["end"][rows] = clinical.censoring(targets, like, name)(rng, len(rows))
    words = {"RWPFS": people.PROGRESSION, "TOT": people.TREATMENT_END}[early]
    table = pd.DataFrame()
    for key, months, (alive, event) in (
        ("OS", columns["os"], (people.ALIVE, people.DEAD)), (early, columns["first"], words),
    ):  # fmt: skip
        table[f"{key}_MONTHS"] = people.rounded(np.minimum(months, columns["end"]))
        table[f"{key}_STATUS"] = np.where(months <= columns["end"], event, alive)
    return table


def patients(
    rng: np.random.Generator,
    targets: Targets,
    n: int,
    like: str,
    drawn_laws: dict,
    regimens: dict[str, int] | None = None,
) -> pd.DataFrame:
    """n independent patients (columns of the data dictionary): baseline, survival, worst adverse event."""

    def by_share(*path: str) -> np.ndarray:
        shares = targets.assume("clinical", *path)
        weight = np.array(list(shares.values()), float)
        return rng.choice(np.array(list(shares), dtype=object), n, p=weight / weight.sum())

    regimen = _kinds(rng, n, regimen_shares(targets, like), regimens or {})
    table = pd.DataFrame({"FIRST_LINE_REGIMEN": regimen})
    table = table.join(_endpoints(rng, drawn_laws, targets, like, regimen))
    age = targets.take(f"table1.age.{LIKE[like][0]}", "median of the law of age; range")
    table["AGE"] = np.clip(np.rint(rng.normal(float(age.value), 9.5, n)), *map(float, age.range))
    table["SEX"] = np.where(rng.random(n) < targets.assume("clinical", "female"), "Female", "Male")
    table["ECOG"], table["M_STAGE"] = by_share("ecog"), by_share("m_stage")
    table["TIME_ZERO"] = table["FIRST_LINE_REGIMEN"].map(people.TIME_ZERO)
    has = regimen != IMMUNOTHERAPY
    table["CHEMOTHERAPY_BACKBONE"] = np.where(has, by_share("backbone"), "")
    if like == "cohort_1":
        _toxicity(rng, targets, table)
        people.first_line(rng, targets, table, table["RWPFS_MONTHS"].to_numpy(float))
        able = people.able_for_second_line(table)
        share = targets.assume("clinical", "second_line_other")
        people.second_line(rng, targets, table, np.array([], int), able[rng.random(len(able)) < share])
    else:
        table["FIRST_LINE_END_MONTHS"] = table["TOT_MONTHS"]
        table["FIRST_LINE_END_REASON"] = np.where(table["TOT_STATUS"] == people.TREATMENT_END[0], "ongoing", "stopped")
        table["SECOND_LINE_REGIMEN"], table["SECOND_LINE_START_MONTHS"] = "", np.nan
    return table


def _toxicity(rng: np.random.Generator, targets: Targets, table: pd.DataFrame) -> None:
    """Worst grade and stops for toxicity, each patient by the printed shares."""
    treated = regimen_shares(targets, "cohort_1")
    counts = {}
    for name in REGIMENS:
        rows = int((table["FIRST_LINE_REGIMEN"] == name).sum())
        shares = [targets.count(f"figs6.{what}.{name}", f"share with {what}, {name}") / treated[name]
                  for what in ("any_grade", "grade3", "discontinued")]  # fmt: skip
        any_grade = int(rng.binomial(rows, shares[0]))
        # of those with any event
        counts[name] = (any_grade, *(int(rng.binomial(any_grade, share / shares[0])) for share in shares[1:]))
    people.worst_grades(rng, targets, table, counts)


def draw(
    seed: int,
    n: int,
    like: str = "cohort_1",
    regimens: dict[str, int] | None = None,
    subtypes: dict[str, int] | None = None,
) -> Study:
    """A study of n independent patients, all genotyped by exome.

    regimens, subtypes: numbers of patients that are fixed; the rest is drawn. Raises UserError for a bad request.
    """
    regimens, subtypes = regimens or {}, subtypes or {}
    check_request(n, seed, like, regimens, subtypes)
    targets, rng = Targets(), stream(seed, "free", like)
    persons = patients(rng, targets, n, like, laws(targets, like), regimens)
    kinds = _kinds(rng, n, subtype_shares(targets, like), subtypes)
    ids = identifiers(rng, "TWIN", n)
    samples = np.array([f"{name}-T1" for name in ids], dtype=object)
    persons.insert(0, "PATIENT_ID", ids)
    if like == "cohort_1":
        events = people.within_treatment(persons, people.adverse_events(rng, targets, persons))
    else:
        events = people.NO_EVENTS
    parts = [
        _tumours(rng, targets, kinds[start : start + CHUNK], samples[start : start + CHUNK])
        for start in range(0, n, CHUNK)
    ]
    table = pd.concat([part[0] for part in parts], ignore_index=True)
    table.insert(0, "PATIENT_ID", ids)
    share = f"Free draw from the laws of {like.replace('_', ' ')}: patients are independent of one another."
    return Study(
        patients=ordered(persons).sort_values("PATIENT_ID", ignore_index=True),
        samples=table.sort_values("PATIENT_ID", ignore_index=True),
        study={
            "name": f"Free twin of {like.replace('_', ' ')}",
            "simulated": True,
            "os_origin": "first systemic treatment",
            "source": "Simulated patients, drawn freely from the laws of the twins",
            "licence": "CC0-1.0",
            "citation": "simulated by lcnec_utils.twins",
            "notes": [share, PLACEHOLDERS, "Genotype and survival are independent of each other."],
        },  # fmt: skip
        targets=targets,
        mutations=pd.concat([part[1] for part in parts], ignore_index=True),
        copy_number=pd.concat([part[2] for part in parts], axis=1),
        panel_genes={genome.EXOME: genome.assays()[genome.EXOME]},
        timelines=timelines(persons, people.Clinical(persons, people.treatments(persons), events)),
    )


def _tumours(rng: np.random.Generator, targets: Targets, kinds: np.ndarray, samples: np.ndarray):
    """Sample columns, MAF and copy number of some tumours, each drawn by itself."""
    n = len(kinds)
    shares = genome.prevalence(targets)
    keap1 = targets.planted("genome", "keap1_sclc_like")
    shares["KEAP1"] = [shares["KEAP1"][0], keap1, *shares["KEAP1"][2:]]
    altered = genome.genotypes(rng, kinds, shares)
    mutated, lost = genome.drivers(rng, targets, altered, {})
    megabases = np.full(n, targets.assume("genome", "megabases")[genome.EXOME])
    cut = targets.number("fig2e.cut.tmb_high", "cut-off of a high tumour mutational burden, per Mb")
    high_share = {}
    for kind, key in ((NSCLC_LIKE, "nsclc_like"), (SCLC_LIKE, "sclc_like")):
        high_share[kind] = float(targets.take(f"fig2e.tmb_high.{key}", f"share of TMB-high {kind}").value) / 100
    high_share[UNCLASSIFIED] = targets.assume("genome", "tmb_high_unclassified")
    is_high = rng.random(n) < np.array([high_share[kind] for kind in kinds])
    least = mutated[mutated["class"] != "Splice_Site"]["row"].value_counts().reindex(range(n), fill_value=0).to_numpy()
    counted = genome.mutational_burden(rng, is_high, megabases, targets.assume("genome", "tmb"), cut, least)
    assay = np.full(n, genome.EXOME, dtype=object)
    rows = genome.calls(rng, targets, mutated, counted, assay, {*altered})
    copies = genome.copy_number(rng, targets, kinds, lost, np.ones(n, bool))
    copies.columns = samples
    tested = rng.random(n) < targets.assume("genome", "pdl1_tested")["cohort_2"]
    score = genome.pdl1(rng, tested, rng.random(n) < targets.assume("genome", "pdl1_positive"))
    table = pd.DataFrame(
        {
            "SAMPLE_ID": samples,
            "ONCOTREE_CODE": "LUNE",
            "CANCER_TYPE": "Lung Cancer",
            "CANCER_TYPE_DETAILED": "Lung Neuroendocrine Tumor",
            "GENE_PANEL": genome.EXOME,
            "COVERED_MEGABASES": megabases,
            "TMB_NONSYNONYMOUS": np.round(counted / megabases, 2),
            "PDL1_SCORE": score,
            "PDL1_ASSAY": np.where(np.isnan(score), "", "22c3"),
        }
    )
    return table, genome.maf(rng, samples, rows), copies


def truth(like: str) -> pd.DataFrame:
    """What a free draw's estimates aim at: columns quantity, group, value.

    Medians of each endpoint by regimen (months), the hazard ratio of overall survival of chemotherapy to
    chemoimmunotherapy, shares of regimens, subtypes and (cohort 1) adverse events.
    """
    targets = Targets()
    drawn = laws(targets, like)
    rows = [
        (f"median {key}", name, law.median) for key, by_regimen in drawn.items() for name, law in by_regimen.items()
    ]
    hazards = {name: law.early_hazard for name, law in drawn["OS"].items()}
    rows.append(("hazard ratio OS", CHEMOTHERAPY, hazards[CHEMOTHERAPY] / hazards[CHEMOIMMUNOTHERAPY]))
    for what, shares in (
        ("share regimen", regimen_shares(targets, like)),
        ("share subtype", subtype_shares(targets, like)),
    ):
        rows += [(what, name, number / sum(shares.values())) for name, number in shares.items()]
    if like == "cohort_1":
        treated = regimen_shares(targets, like)
        for event in ("any_grade", "grade3", "discontinued"):
            rows += [
                (f"share {event}", name, targets.count(f"figs6.{event}.{name}", "") / treated[name])
                for name in REGIMENS
            ]
    return pd.DataFrame(rows, columns=["quantity", "group", "value"])
