"""What a cohort's columns say of checkpoint blockade: who had it, PD-L1, burden, response, durable benefit."""

import pandas as pd

from lcnec_utils.cohort import words
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.cohort.treatment import column_or_none
from lcnec_utils.core.errors import MissingData

# A burden in blood is a count of mutations, high from here on (Gandara et al., Nature Medicine 2018;24:1441)
HIGH_IN_BLOOD = 16
# The class of PD-L1 on tumour cells (TC) or immune cells (IC) that begins at a percentage of tumour cells
PDL1_CLASSES = {1.0: "PDL1_TC1_IC1", 50.0: "PDL1_TC3_IC3"}
BENEFIT_MONTHS = 6  # benefit is durable beyond this (Rizvi et al., J. Clin. Oncol. 2018;36:633)


def arms(cohort: Cohort) -> pd.Series:
    """Whether each patient was randomised to checkpoint blockade alone (True) or to chemotherapy (False), by ARM.

    Booleans by patient; missing where the arm is another one, or a word that is not understood. Raises MissingData
    where the cohort does not hold both arms.

    >>> ids = pd.Index(["P1", "P2"], name="PATIENT_ID")
    >>> trial = Cohort("trial", pd.DataFrame({"ARM": ["nivolumab", "docetaxel"]}, ids), pd.DataFrame())
    >>> arms(trial).tolist()
    [True, False]
    """
    named = cohort.column("ARM", "randomised arms").astype(object)
    kinds = {word: words.regimen(str(word)) for word in named.dropna().unique()}
    meaning = {word: {"immunotherapy": True, "chemotherapy": False}.get(kind or "") for word, kind in kinds.items()}
    if not {True, False} <= set(meaning.values()):
        there = ", ".join(sorted(map(str, meaning)))
        raise MissingData(f"{cohort.name} has no arm of checkpoint blockade beside one of chemotherapy (ARM: {there})")
    return named.map(meaning).astype("boolean")


def arm_names(cohort: Cohort) -> tuple[str, str]:
    """The arm of checkpoint blockade and the control arm, as ARM names them. Raises as `arms`.

    >>> ids = pd.Index(["P1", "P2"], name="PATIENT_ID")
    >>> arm_names(Cohort("trial", pd.DataFrame({"ARM": ["nivolumab", "docetaxel"]}, ids), pd.DataFrame()))
    ('nivolumab', 'docetaxel')
    """
    blockade, named = arms(cohort), cohort.patients["ARM"]
    first, second = (" or ".join(sorted(named[blockade.eq(arm).fillna(False)].unique())) for arm in (True, False))
    return first, second


def treated(cohort: Cohort) -> pd.Series:
    """Whether each patient had checkpoint blockade: by ARM where the cohort has it, else everyone.

    Booleans by patient. Raises MissingData where no arm is one of checkpoint blockade.

    >>> ids = pd.Index(["P1", "P2"], name="PATIENT_ID")
    >>> treated(Cohort("trial", pd.DataFrame({"ARM": ["nivolumab", "docetaxel"]}, ids), pd.DataFrame())).tolist()
    [True, False]
    """
    if "ARM" not in cohort.patients:
        return pd.Series(True, cohort.patients.index)
    named = cohort.column("ARM", "randomised arms").astype(object)
    kinds = {word: words.regimen(str(word)) for word in named.dropna().unique()}
    had = named.map({word: kind in ("immunotherapy", "chemoimmunotherapy") for word, kind in kinds.items()})
    if not had.eq(True).any():
        raise MissingData(f"nobody in {cohort.name} was randomised to checkpoint blockade (ARM: {', '.join(kinds)})")
    return had.eq(True)


def pdl1_at_least(cohort: Cohort, *, percent: float) -> pd.Series:
    """Whether PD-L1 reaches a percentage: booleans by patient, missing where not tested; `name` says on which cells.

    By the tumour proportion score; where the cohort has none, by the class on tumour or immune cells that begins at
    the same percentage of tumour cells (1%: TC1 or IC1; 50%: TC3 or IC3). Raises MissingData where it has neither.
    """
    score = column_or_none(cohort, "PDL1_SCORE")
    if score is not None:
        return (score >= percent).astype("boolean").mask(score.isna()).rename(f"PD-L1 ≥ {percent:g}%")
    of_class = column_or_none(cohort, PDL1_CLASSES.get(percent, ""))
    if of_class is None:
        raise MissingData(f"{cohort.name} has no PD-L1: neither PDL1_SCORE nor a class that begins at {percent:g}%")
    positive = of_class.map({"YES": True, "NO": False}).astype("boolean")
    return positive.rename(f"PD-L1 ≥ {percent:g}% (TC/IC)")


def burden_is_in_blood(cohort: Cohort) -> bool:
    """Whether a cohort's mutational burden, and so its mutations, are those of circulating DNA: BLOOD_TMB_COUNT is
    there and TMB_NONSYNONYMOUS is not."""
    tissue, blood = (column_or_none(cohort, name) for name in ("TMB_NONSYNONYMOUS", "BLOOD_TMB_COUNT"))
    return tissue is None and blood is not None


def burden(cohort: Cohort) -> pd.Series:
    """The tumour mutational burden by patient, as recorded: per Mb of tumour, else the number of mutations in blood.

    `name` says which. Raises MissingData where the cohort has neither.
    """
    if burden_is_in_blood(cohort):
        counts = cohort.column("BLOOD_TMB_COUNT", "mutational burden in blood")
        return pd.to_numeric(counts, errors="coerce").rename("mutations in blood")
    return cohort.column("TMB_NONSYNONYMOUS", "tumour mutational burden").astype(float).rename("mutations per Mb")


def burden_high(cohort: Cohort, *, per_mb: float, above: bool = False) -> pd.Series:
    """Whether the tumour mutational burden reaches a cut-off per Mb: booleans by patient; `name` says which cut-off.

    above: whether it has to exceed the cut-off. A count in blood has a cut-off of its own, HIGH_IN_BLOOD or more,
    whatever per_mb. Raises MissingData as `burden`.
    """
    values = burden(cohort)
    if burden_is_in_blood(cohort):
        high, named = values >= HIGH_IN_BLOOD, f"blood TMB ≥ {HIGH_IN_BLOOD}"
    else:
        high = values > per_mb if above else values >= per_mb
        named = f"TMB {'>' if above else '≥'} {per_mb:g} per Mb"
    return high.astype("boolean").mask(values.isna()).rename(named)


def objective_response(cohort: Cohort) -> pd.Series:
    """Whether each patient responded (CR or PR): booleans by patient.

    As the study gives it (OBJECTIVE_RESPONSE), else by BEST_RESPONSE, of which NE is no response. Of randomised
    patients, one without a recorded response counts as none, as trials report it; else it is missing. Raises
    MissingData where the cohort has neither column.

    >>> ids = pd.Index(["P1", "P2", "P3"], name="PATIENT_ID")
    >>> table = pd.DataFrame({"BEST_RESPONSE": ["PR", "NE", None]}, ids)
    >>> objective_response(Cohort("a", table, pd.DataFrame())).tolist()
    [True, False, <NA>]
    >>> objective_response(Cohort("a", table.assign(ARM="nivolumab"), pd.DataFrame())).tolist()
    [True, False, False]
    """
    given = column_or_none(cohort, "OBJECTIVE_RESPONSE")
    if given is not None:
        response = given.map({"YES": True, "NO": False}).astype("boolean")
    else:
        best = cohort.column("BEST_RESPONSE", "objective response (OBJECTIVE_RESPONSE, BEST_RESPONSE)")
        response = best.isin(["CR", "PR"]).astype("boolean").mask(best.isna())
    return response.fillna(False) if "ARM" in cohort.patients else response


def durable_benefit(cohort: Cohort) -> pd.Series:
    """Whether each patient had durable clinical benefit: booleans by patient, missing where not evaluable.

    As the study gives it (DURABLE_CLINICAL_BENEFIT), else whether progression-free survival exceeded BENEFIT_MONTHS;
    missing where it was censored before. Raises MissingData where the cohort has neither.

    >>> ids = pd.Index(["P1", "P2", "P3"], name="PATIENT_ID")
    >>> table = pd.DataFrame({"PFS_MONTHS": [9.0, 2.0, 2.0], "PFS_STATUS": [False, True, False]}, ids)
    >>> durable_benefit(Cohort("a", table, pd.DataFrame())).tolist()
    [True, False, <NA>]
    """
    given = column_or_none(cohort, "DURABLE_CLINICAL_BENEFIT")
    if given is not None:
        return given.astype("string").str.upper().map({"YES": True, "NO": False}).astype("boolean")
    table = cohort.survival("PFS")
    lasted = (table["months"] > BENEFIT_MONTHS).astype("boolean")
    return lasted.mask(~lasted & ~table["event"]).reindex(cohort.patients.index)


def mutated_by_test(cohort: Cohort, *, gene: str) -> pd.Series:
    """Whether a test of the tumour found a gene mutated (EGFR_STATUS, KRAS_STATUS): booleans by patient, missing where
    not tested. Raises MissingData where the cohort has no such test."""
    result = cohort.column(f"{gene}_STATUS", f"test of the tumour for {gene}")
    return result.map({"positive": True, "negative": False}).astype("boolean")
