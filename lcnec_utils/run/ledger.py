"""The ledger: every published claim, what its own arithmetic says, and what each body of evidence answers.

A body of evidence is a cohort that a run's notebooks answered claims with. Nothing is computed here from patients:
the ledger reads the records that notebooks left, and gives a reason for every claim a cohort does not answer.
"""

import pandas as pd

from lcnec_utils.cohort import histology
from lcnec_utils.cohort.dictionary import CAVEAT_TOPICS
from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import formats, params, paths, provenance
from lcnec_utils.core.errors import MissingData
from lcnec_utils.core.findings import Finding
from lcnec_utils.ledger import audit, claim_words, claims, robustness, table_cells, verdicts
from lcnec_utils.run import records, roles, sweep_tables

LCNEC_ROLES = {"cohort", "cohort_2", "serial"}
COLUMNS = [
    "claim", "body", "origin", "verdict", "value", "lower", "upper", "scale", "p", "n", "events", "power", "could_see",
    "finding", "caveats", "reason", "robustness", "fewest",
]  # fmt: skip


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
    asked = panel.get("asks") or panel["roles"]
    fitting = [role for role in asked if role in cohorts]
    if not fitting and LCNEC_ROLES & set(asked):
        fitting = [role for role in cohorts if role in LCNEC_ROLES]
    simulated = any(cohort.simulated for cohort in cohorts.values())
    if claim.scope == "own" and not (fitting and roles.holds_own_patients(cohorts[fitting[0]], claim)):
        if claim.trial:
            return f"a number of {claim.trial}'s own patients, whom this cohort does not hold"
        return "summarises the source's own patients"
    if not fitting:
        return f"needs {params.ROLE_WORDS[asked[0]]}"
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
    """The ledger of a run: one row per claim and body of evidence, in the order of sources and text.

    robustness: what the shipped sweeps over this run say of the answer. fewest: the fewest patients who turn it. Both
    as text, empty where it is not known.
    """
    panels = params.read_yaml(paths.PANELS)
    answers = findings(run.run)
    known_bodies, sweeps = bodies(run), sweep_tables.read_all([])
    swept = {body: sweep_tables.column(body, run.run, sweeps) for body in known_bodies}
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
            seen = [verdicts.smallest_seen(claim, finding) for finding in recomputed if finding.value is not None]
            first = answer["findings"][0] if answer["findings"] else {}
            rows.append(
                {
                    "claim": claim.id,
                    "body": body,
                    "origin": answer["origin"],
                    "verdict": answer["verdict"],
                    **{name: first.get(name) for name in ("value", "lower", "upper", "scale", "p", "n", "events")},
                    # every comparison must hold, so the least of their powers bounds the claim's
                    "power": min(powers) if powers else None,
                    "could_see": _farthest(claim, seen),
                    "finding": _finding_key(claim, answer),
                    "caveats": " ".join(answer.get("caveats", [])),
                    "reason": answer["reason"],
                    "robustness": swept[body].get(claim.id, ""),
                    "fewest": robustness.fewest_words(answer.get("fewest")),
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS).fillna({"robustness": "", "fewest": ""})


def _farthest(claim: claims.Claim, seen: list[float | None]) -> float | None:
    """Of the smallest effects that each comparison could have seen the one farthest from none: all must hold."""
    sizes = [size for size in seen if size is not None]
    if not sizes:
        return None
    return min(sizes) if claim.direction == "less" else max(sizes)


def _finding_key(claim: claims.Claim, answer: dict) -> str:
    """What one computation answers has one key: the same numbers on the same quantity, or, where no quantity is named,
    between the same groups of one panel."""
    about = claim.quantity or f"{claim.panel} {' '.join(claim.groups)} {claim.measure}"
    return provenance.of_object([about, answer["body"], answer["findings"]])[: provenance.SHORT]


def expected_contradictions(ledger: pd.DataFrame, run: str) -> pd.Series:
    """How many contradictions chance alone predicts for each body, were every answered claim true."""
    known, answers = claims.published(), findings(run)
    chances = dict.fromkeys(ledger["body"].unique(), 0.0)
    for (id, body), answer in answers.items():
        if body in chances and answer["verdict"] in verdicts.ANSWERS:
            recomputed = [Finding(**finding) for finding in answer["findings"]]
            # comparisons of one claim are not independent: their sum bounds the chance from above
            of = verdicts.comparisons_of(recomputed)
            chance = sum(verdicts.chance_of_contradiction(known[id], finding, of) for finding in recomputed)
            chances[body] += min(1.0, chance)
    return pd.Series(chances, name="expected by chance")


MEASURED_OTHERWISE = "contradicted, measured otherwise"


def coverage(ledger: pd.DataFrame, run: str) -> pd.DataFrame:
    """Per body: how many claims got each verdict, the share of all claims answered, how many distinct findings that
    rests on, the contradictions that carry a caveat, and those that chance predicts.

    Answered are equal, compatible, contradicted and inconclusive. Simulated patients are never counted as support.
    """
    counts = pd.crosstab(ledger["body"], ledger["verdict"]).reindex(
        columns=[*verdicts.ANSWERS, verdicts.NOT_COMPUTABLE], fill_value=0
    )
    counts = counts.loc[list(dict.fromkeys(ledger["body"]))]
    answered = counts[list(verdicts.ANSWERS)].sum(axis=1)
    shares = [formats.share(int(k), int(n), 1) for k, n in zip(answered, counts.sum(axis=1), strict=True)]
    expected = expected_contradictions(ledger, run)
    of_claims = ledger[ledger["verdict"].isin(verdicts.ANSWERS)]
    distinct = of_claims.groupby("body")["finding"].nunique().reindex(counts.index, fill_value=0)
    apart = of_claims[(of_claims["verdict"] == "contradicted") & (of_claims["caveats"] != "")]
    return counts.assign(
        coverage=shares,
        **{
            "distinct findings": distinct,
            MEASURED_OTHERWISE: apart.groupby("body").size().reindex(counts.index, fill_value=0),
            "contradicted by chance": [formats.number(expected[body]) for body in counts.index],
        },
    )


def origins(ledger: pd.DataFrame) -> pd.DataFrame:
    """How many answers of each body rest on what: real patients (or circular groups of them), or on simulated ones what
    was calibrated, planted, assumed, a parameter, by construction, or emergent."""
    answered = ledger[ledger["verdict"].isin(verdicts.ANSWERS)]
    counts = pd.crosstab(answered["body"], answered["origin"])
    return counts.loc[[body for body in dict.fromkeys(ledger["body"]) if body in counts.index]]


def one_row_per_claim(ledger: pd.DataFrame) -> pd.DataFrame:
    """One row per claim; per body a verdict, its origin, the finding with its scale and n, caveats and reason: what is
    tracked as claims.csv."""
    statuses = audit_by_claim()
    known = claims.published()
    table = pd.DataFrame({"claim": list(known), "audit": [statuses[id] for id in known]}).set_index("claim")
    for body, rows in ledger.groupby("body", sort=False):
        rows = rows.set_index("claim")
        table[f"{body}: verdict"] = rows["verdict"]
        table[f"{body}: origin"] = rows["origin"]
        table[f"{body}: found"] = [claim_words.finding_text(known[row.Index], row) for row in rows.itertuples()]
        table[f"{body}: scale"] = rows["scale"].fillna("")
        table[f"{body}: n"] = ["" if pd.isna(n) else str(int(n)) for n in rows["n"]]
        table[f"{body}: caveats"] = [", ".join(topics_of(text)) for text in rows["caveats"].fillna("")]
        table[f"{body}: reason"] = [_full_reason(known[row.Index], row) for row in rows.itertuples()]
    return table


def topics_of(caveats: str) -> list[str]:
    """The topics of an answer's caveats, without their sentences.

    >>> topics_of("variants: Mutations come without consequence. gene panel: Panels of 341 genes.")
    ['gene panel', 'variants']
    """
    return sorted(topic for topic in CAVEAT_TOPICS if f"{topic}: " in caveats)


def seen_text(claim: claims.Claim, row) -> str:
    """What an inconclusive answer could have seen, in words; nothing for other verdicts."""
    if row.verdict != "inconclusive" or pd.isna(row.could_see):
        return ""
    alike = claim.kind in ("number", "null_effect")
    size = formats.number(row.could_see, 2)
    if verdicts.is_bound(claim):
        return f"80% power to place a figure {size} beyond the bound"
    return f"80% power to confirm a margin of {size}" if alike else f"80% power for an effect of {size}"


def _full_reason(claim: claims.Claim, row) -> str:
    seen = seen_text(claim, row)
    return f"{row.reason}; {seen}" if seen else row.reason


def remarks() -> list[audit.Remark]:
    """Inconsistencies within the sources, by their own arithmetic."""
    return audit.audit(claims.sources())


def inconsistencies(*severities: str) -> pd.DataFrame:
    """The audit's findings as a reader's table: those of these severities, all but notes and lost exponents where none
    is named.

    Columns: about (the first claim in words), the arithmetic, what would make it fit, and the ids of the claims.
    """
    known, asked = claims.published(), severities or ("rounding", "inconsistent", "impossible")
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
        if remark.severity in asked
    ]
    columns = ["source", "severity", "about", "the arithmetic", "it would fit", "claims"]
    return pd.DataFrame(rows, columns=columns).set_index(["source", "severity"])


def printed_tables(source: str) -> pd.DataFrame:
    """Every cell that a source's tables print, with what arithmetic says of it (ledger.table_cells.cells)."""
    return table_cells.cells(claims.sources()[source], remarks())


def questioned_cells(source: str) -> pd.DataFrame:
    """The cells of a source's tables in which arithmetic finds a slip, as a reader's table."""
    cells = printed_tables(source)
    slips = cells[~cells["verdict"].isin([table_cells.CONSISTENT, table_cells.NO_FIGURE])]
    columns = ["table", "trial", "arm", "stratum", "column", "printed", "verdict", "arithmetic", "reconcile", "claim"]
    return slips[columns].set_index(["table", "trial"])


def audit_by_claim() -> dict[str, str]:
    """The audit of each claim: consistent, rounding, inconsistent, impossible or exponent lost."""
    return audit.of_claims(claims.sources(), remarks())


def answers_table(ledger: pd.DataFrame, verdicts: list[str], caveat: bool | None = None) -> pd.DataFrame:
    """The answers with these verdicts as a reader's table: what is printed, what was found and of whom, its audit.

    caveat: only answers with a caveat, or only those without one; both where not given.
    """
    known, statuses = claims.published(), audit_by_claim()
    chosen = ledger[ledger["verdict"].isin(verdicts)]
    if caveat is not None:
        chosen = chosen[(chosen["caveats"].fillna("") != "") == caveat]
    rows = [
        {
            "claim": row.claim,
            "body": row.body,
            "origin": row.origin,
            "the source says": known[row.claim].statement,
            "printed": claim_words.printed_text(known[row.claim]),
            "found": claim_words.finding_text(known[row.claim], row),
            "measured as": "" if pd.isna(row.value) else claim_words.scale_text(known[row.claim], row.scale or ""),
            "p": "" if pd.isna(row.p) else formats.p_value(row.p),
            "n": "" if pd.isna(row.n) else str(int(row.n)),
            "power": "" if pd.isna(row.power) else formats.number(row.power, 2),
            "verdict": row.verdict,
            "because": _full_reason(known[row.claim], row),
            "caveats": row.caveats or "",
            "audit": statuses[row.claim],
            "robust": row.robustness,
            "turned by": row.fewest,
        }
        for row in chosen.itertuples()
    ]
    names = ["claim", "body", "origin", "the source says", "printed", "found", "measured as", "p", "n", "power",
             "verdict", "because", "caveats", "audit", "robust", "turned by"]  # fmt: skip
    return pd.DataFrame(rows, columns=names).set_index("claim")


def every_answer(ledger: pd.DataFrame) -> pd.DataFrame:
    """Every claim and body as a reader's table, whatever its verdict: as `answers_table`, with source and panel, the
    statement first and the claim's id last."""
    known = claims.published()
    table = answers_table(ledger, [*verdicts.ANSWERS, verdicts.NOT_COMPUTABLE]).reset_index()
    names = {claim.id: name for name, source in claims.sources().items() for claim in source.claims}
    table["source"] = table["claim"].map(names)
    table["panel"] = table["claim"].map(lambda id: known[id].panel)
    return table[
        ["the source says", "printed", "found", "measured as", "verdict", "body", "origin", "n", "p", "because",
         "caveats", "audit", "robust", "turned by", "panel", "source", "claim"]
    ]  # fmt: skip


def by_panel(ledger: pd.DataFrame) -> pd.DataFrame:
    """How many claims of each panel have each verdict, over the bodies of the run; the title of the panel beside."""
    panels, known = params.read_yaml(paths.PANELS), claims.published()
    panel = ledger["claim"].map(lambda id: known[id].panel).rename("panel")
    names = [*verdicts.ANSWERS, verdicts.NOT_COMPUTABLE]
    counts = pd.crosstab(panel, ledger["verdict"]).reindex(columns=names, fill_value=0)
    counts = counts.loc[list(dict.fromkeys(panel))]
    counts.insert(0, "shows", [panels[id]["title"] for id in counts.index])
    return counts.rename_axis(columns=None)


def reason_counts(ledger: pd.DataFrame) -> pd.DataFrame:
    """How many claims each body leaves unanswered for each reason."""
    rest = ledger[ledger["verdict"] == verdicts.NOT_COMPUTABLE]
    counts = rest.groupby(["reason", "body"], sort=False).size().unstack(fill_value=0)
    return counts.loc[counts.sum(axis=1).sort_values(ascending=False, kind="stable").index]
