"""The ledger: every published claim, what its own arithmetic says, and what each body of evidence answers.

A body of evidence is a cohort that a run's notebooks answered claims with. Nothing is computed here from patients:
the ledger reads the records that notebooks left, and gives a reason for every claim a cohort does not answer.
"""

import pandas as pd

from lcnec_utils.cohort import histology
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats, params, paths
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding
from lcnec_utils.ledger import audit, claims, verdicts
from lcnec_utils.run import records, roles

LCNEC_ROLES = {"cohort", "cohort_2", "serial"}
COLUMNS = ["claim", "body", "origin", "verdict", "value", "lower", "upper", "p", "n", "events", "power", "reason"]


def bodies(run: params.RunParameters) -> dict[str, dict[str, Cohort]]:
    """The run's bodies of evidence: name → role → cohort. The twins are one body, a cohort in two roles likewise."""
    bodies_of_run: dict[str, dict[str, Cohort]] = {}
    for role in params.ROLES:
        name = getattr(run, role)
        if not name:
            continue
        try:
            cohort = roles.read_role(role, name, run.histology)
        except MissingData:
            continue
        # the comparison of LCNEC with SCLC is a finding about LCNEC; on mixtures nothing was claimed
        if role not in ("sclc", "mixtures") or cohort.body in bodies_of_run:
            bodies_of_run.setdefault(cohort.body, {})[role] = cohort
    return bodies_of_run


def findings(run: str) -> dict[tuple[str, str], dict]:
    """What the notebooks of a run answered: (claim, body) → the answer. Raises where two notebooks answer alike."""
    answers: dict[tuple[str, str], dict] = {}
    for record in records.read_records(run):
        for id, answer in record["findings"].items():
            if (id, answer["body"]) in answers:
                raise claims.ClaimsError(f"claim {id} is answered twice for {answer['body']}; drop one")
            answers[id, answer["body"]] = answer
    return answers


def reason_unanswered(
    claim: claims.Claim,
    cohorts: dict[str, Cohort],
    fits: dict[str, histology.Fit | None],
    panels: dict[str, dict],
) -> str:
    """Why a body of evidence does not answer a claim, in one phrase; the first reason that holds.

    cohorts: those of the body by role. fits: how their tumours fit the histologies of their roles.
    """
    panel = panels[claim.panel]
    fitting = [role for role in panel["roles"] if role in cohorts]
    if not fitting and LCNEC_ROLES & set(panel["roles"]):
        fitting = [role for role in cohorts if role in LCNEC_ROLES]
    simulated = any(cohort.simulated for cohort in cohorts.values())
    if claim.scope == "own" and not (fitting and cohorts[fitting[0]].stands_for_source):
        return "summarises the source's own patients"
    if not fitting:
        return f"needs {params.ROLE_WORDS[panel['roles'][0]]}"
    # where no tumour is of the claim's disease, nothing else that the cohort lacks needs saying
    fit = fits[fitting[0]]
    if fit is not None and fit.none:
        return fit.reason
    lacking = cohorts[fitting[0]].lacks(panel.get("needs", []))
    if lacking:
        return f"no {lacking[0]} here"
    for key, why in (panel.get("cannot") or {}).items():
        if key in claim.id and not simulated:
            return why
    return verdicts.PLANNED if panel.get("planned") else "the panel does not put it to this cohort"


def table(run: params.RunParameters) -> pd.DataFrame:
    """The ledger of a run: one row per claim and body of evidence, in the order of sources and text."""
    panels = params.read_yaml(paths.PANELS)
    answers = findings(run.run)
    known_bodies = bodies(run)
    fits = {
        body: {role: roles.histology_fit(cohort, role) for role, cohort in cohorts.items()}
        for body, cohorts in known_bodies.items()
    }
    rows = []
    for claim in claims.published().values():
        for body, cohorts in known_bodies.items():
            answer = answers.get((claim.id, body))
            if answer is None:
                why = reason_unanswered(claim, cohorts, fits[body], panels)
                rows.append({"claim": claim.id, "body": body, "verdict": verdicts.NOT_COMPUTABLE, "reason": why})
                continue
            recomputed = [Finding(**finding) for finding in answer["findings"]]
            powers = [verdicts.power(claim, finding) for finding in recomputed if finding.value is not None]
            powers = [power for power in powers if power is not None]
            first = answer["findings"][0] if answer["findings"] else {}
            rows.append(
                {
                    "claim": claim.id,
                    "body": body,
                    "origin": answer["origin"],
                    "verdict": answer["verdict"],
                    **{name: first.get(name) for name in ("value", "lower", "upper", "p", "n", "events")},
                    # every comparison must hold, so the least of their powers bounds the claim's
                    "power": min(powers) if powers else None,
                    "reason": answer["reason"],
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def expected_contradictions(ledger: pd.DataFrame, run: str) -> pd.Series:
    """How many contradictions chance alone predicts for each body, were every answered claim true."""
    known, answers = claims.published(), findings(run)
    chances = dict.fromkeys(ledger["body"].unique(), 0.0)
    for (id, body), answer in answers.items():
        if body in chances and answer["verdict"] in verdicts.ANSWERS:
            recomputed = [Finding(**finding) for finding in answer["findings"]]
            # comparisons of one claim are not independent: their sum bounds the chance from above
            chance = sum(verdicts.chance_of_contradiction(known[id], finding) for finding in recomputed)
            chances[body] += min(1.0, chance)
    return pd.Series(chances, name="expected by chance")


def coverage(ledger: pd.DataFrame, run: str) -> pd.DataFrame:
    """Per body: how many claims got each verdict, the share of all claims answered, contradictions chance predicts.

    Answered are equal, compatible, contradicted and underpowered. Simulated patients are never counted as support.
    """
    counts = pd.crosstab(ledger["body"], ledger["verdict"]).reindex(
        columns=[*verdicts.ANSWERS, verdicts.NOT_COMPUTABLE], fill_value=0
    )
    counts = counts.loc[list(dict.fromkeys(ledger["body"]))]
    answered = counts[list(verdicts.ANSWERS)].sum(axis=1)
    shares = [formats.share(int(k), int(n), 1) for k, n in zip(answered, counts.sum(axis=1), strict=True)]
    expected = expected_contradictions(ledger, run)
    return counts.assign(
        coverage=shares, **{"contradicted by chance": [formats.number(expected[body]) for body in counts.index]}
    )


def printed_text(claim: claims.Claim) -> str:
    """What the source prints of a claim, as short text."""
    parts = [f"{claim.value} {claim.unit}".strip() if claim.value else ""]
    if claim.k and claim.value:
        parts.append(f"k = {claim.k}")
    if claim.interval:
        parts.append(f"({'–'.join(claim.interval)})")
    if claim.range:
        parts.append(f"range {'–'.join(claim.range)}")
    if claim.p:
        parts.append(f"p {claim.p}" if claim.p[0] in "<>=≤" else f"p = {claim.p}")
    if not any(parts):
        parts = [{"greater": "greater", "less": "less", "none": "no difference"}.get(claim.direction or "", "in words")]
    return " ".join(part for part in parts if part)


DECIMALS = {"auc": 3}  # of a finding by its claim's measure, where two would hide it: an AUC of 0.998 is not 1.00


def finding_text(claim: claims.Claim, row) -> str:
    """What a cohort gives on a claim, as short text; a count has no decimals."""
    if pd.isna(row.value):
        return ""
    digits = DECIMALS.get(claim.measure, 2)
    limits = [row.lower, row.upper] if pd.notna(row.lower) and pd.notna(row.upper) else []
    if not limits and float(row.value).is_integer():
        digits = 0
    text = formats.number(row.value, digits)
    if not limits:
        return text
    # a dash beside a minus would be read as another minus
    between = " to " if min(limits) < 0 else "–"
    return f"{text} ({between.join(formats.number(limit, digits) for limit in limits)})"


def one_row_per_claim(ledger: pd.DataFrame) -> pd.DataFrame:
    """One row per claim, a verdict, finding and reason per body: what is tracked as claims.csv."""
    statuses = audit_by_claim()
    known = claims.published()
    table = pd.DataFrame({"claim": list(known), "audit": [statuses[id] for id in known]}).set_index("claim")
    for body, rows in ledger.groupby("body", sort=False):
        rows = rows.set_index("claim")
        table[f"{body}: verdict"] = rows["verdict"]
        table[f"{body}: found"] = [finding_text(known[row.Index], row) for row in rows.itertuples()]
        table[f"{body}: reason"] = rows["reason"]
    return table


def remarks() -> list[audit.Remark]:
    """Inconsistencies within the sources, by their own arithmetic."""
    return audit.audit(claims.sources())


def inconsistencies() -> pd.DataFrame:
    """The audit's findings as a reader's table, without mere notes and lost exponents.

    Columns: about (the first claim in words), the arithmetic, what would make it fit, and the ids of the claims.
    """
    known = claims.published()
    rows = [
        {
            "source": remark.source,
            "severity": remark.severity,
            "about": known[remark.claims[0]].statement if remark.claims else "",
            "the arithmetic": remark.arithmetic,
            "it would fit": remark.reconcile,
            "claims": ", ".join(remark.claims),
        }
        for remark in remarks()
        if remark.severity not in ("note", "exponent lost")
    ]
    return pd.DataFrame(rows).set_index(["source", "severity"])


def audit_by_claim() -> dict[str, str]:
    """The audit of each claim: consistent, rounding, inconsistent, impossible or exponent lost."""
    return audit.of_claims(claims.sources(), remarks())


def answers_table(ledger: pd.DataFrame, verdicts: list[str]) -> pd.DataFrame:
    """The answers with these verdicts as a reader's table: what is printed, what was found, its audit."""
    known, statuses = claims.published(), audit_by_claim()
    rows = [
        {
            "claim": row.claim,
            "body": row.body,
            "the source says": known[row.claim].statement,
            "printed": printed_text(known[row.claim]),
            "found": finding_text(known[row.claim], row),
            "p": "" if pd.isna(row.p) else formats.p_value(row.p),
            "n": "" if pd.isna(row.n) else str(int(row.n)),
            "power": "" if pd.isna(row.power) else formats.number(row.power, 2),
            "verdict": row.verdict,
            "audit": statuses[row.claim],
        }
        for row in ledger[ledger["verdict"].isin(verdicts)].itertuples()
    ]
    names = ["claim", "body", "the source says", "printed", "found", "p", "n", "power", "verdict", "audit"]
    return pd.DataFrame(rows, columns=names).set_index("claim")


def reason_counts(ledger: pd.DataFrame) -> pd.DataFrame:
    """How many claims each body leaves unanswered for each reason."""
    rest = ledger[ledger["verdict"] == verdicts.NOT_COMPUTABLE]
    counts = rest.groupby(["reason", "body"], sort=False).size().unstack(fill_value=0)
    return counts.loc[counts.sum(axis=1).sort_values(ascending=False, kind="stable").index]
