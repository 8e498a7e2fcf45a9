"""Forests of replication: a claim's print, every real cohort's answer, their summary, and apart the twins' answer."""

import math

import pandas as pd

from lcnec_utils.core import formats
from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.core.findings import Finding
from lcnec_utils.core.params import nearest
from lcnec_utils.ledger import claim_words, claims, verdicts
from lcnec_utils.plots import palette
from lcnec_utils.plots.replication_forest import aside_of, key_of, letters_of, replication_forest
from lcnec_utils.run import ledger, summaries
from lcnec_utils.run.replication import REAL, Evidence

MOST_DRAWN = 24  # claims of one figure, those that most cohorts answer
LEVELS = {"median", "mean"}  # numbers that are drawn as such though compared as ratios
# what an axis shows, by measure, and what a value below and above no effect means of the group named first; else the
# measure itself
EFFECTS = {"percent": "Share (%)", "hazard_ratio": "Hazard ratio", "odds_ratio": "Odds ratio", "auc": "AUC"}
SIDES = {"Hazard ratio": ("lower hazard", "higher hazard"), "Odds ratio": ("lower odds", "higher odds"),
         "Ratio": ("lower, or shorter survival", "higher, or longer survival"),
         "Difference": ("lower", "higher")}  # fmt: skip
ROW_MM, AROUND_MM = 4.6, 22  # height of a row, and of title and axis of a section


def forest_claims(table: pd.DataFrame, counts: pd.Series, least: int = 2) -> list[str]:
    """The claims that at least so many independent real bodies answer with one estimate each, in the ledger's order."""
    drawn = table[counts & table["value"].notna() & table["lower"].notna()]
    sizes = drawn.groupby("claim", sort=False)["body"].nunique()
    return [id for id in claims.published() if sizes.get(id, 0) >= least]


def forest_table(id: str, table: pd.DataFrame, counts: pd.Series) -> pd.DataFrame:
    """The rows of a claim's forest: the print, each real body (those that count first, the largest first), the summary
    of three or more that count, and the twin.

    Columns: kind (print, cohort, summary, simulated), label, estimate, lower, upper, prediction_lower,
    prediction_upper, n, events, caveats (topics), counted, note, verdict.
    """
    claim, rows = claims.published()[id], table[table["claim"] == id].assign(counted=counts)
    real, simulated = rows[rows["origin"].isin(REAL)], rows[~rows["origin"].isin(REAL)]
    lines = [_print_line(claim, rows)]
    for row in real.sort_values(["counted", "n"], ascending=False, kind="stable").itertuples():
        lines.append(
            _line("cohort", row.label, row, ", ".join(ledger.topics_of(row.caveats))) | {"counted": row.counted}
        )
    summary = summaries.summarised(claim, rows, counts)
    if summary is not None:
        on = summaries.scale_of(claim, rows)[1]
        limits = ("estimate", "lower", "upper", "prediction_lower", "prediction_upper")
        lines.append(
            {"kind": "summary", "label": f"Random effects, k = {summary.k}, I² {100 * summary.i_squared:.0f}%"}
            | {name: on(getattr(summary, name)) for name in limits}
        )
    lines += [_line("simulated", row.label, row, "") for row in simulated.itertuples()]
    return pd.DataFrame(lines)


def _print_line(claim: claims.Claim, rows: pd.DataFrame) -> dict:
    """The print as a row: its figure with the limits that its own n or interval gives, a range, or a note."""
    finding = next(
        (Finding(row.value, row.lower, row.upper, n=row.n, events=row.events, scale=row.scale or "")
         for row in rows.itertuples() if pd.notna(row.value)), Finding(),
    )  # fmt: skip
    line = {"kind": "print", "label": "Published", "note": claim_words.printed_text(claim)}
    if claim.kind == "number":
        ends = [claims.as_number(text) for text in claim.range or []]
        if len(ends) == 2 and None not in ends:
            return line | {"lower": ends[0], "upper": ends[1]}
        known = verdicts.printed_number(claim, finding) if finding.value is not None else None
        on = math.exp if claim.measure in verdicts.LOGARITHMIC else float
        precise = known and (claims.sizes(claim)[1] or claim.interval)
        limits = {"lower": on(known.lower), "upper": on(known.upper)} if precise else {}
        return line | {"estimate": claims.as_number(claims.printed_value(claim)), **limits,
                       "n": claims.sizes(claim)[1], "events": claims.as_number(claim.k)}  # fmt: skip
    null = verdicts.null_of(claim, finding)
    limits = verdicts.printed_effect(claim, null)
    value = claims.as_number(claim.value) if (claim.measure in claims.RATIOS) == (null == 1) else None
    if value is None and limits and claim.counts and len(claim.counts) == 2:
        (k_1, n_1), (k_2, n_2) = ([float(number) for number in pair] for pair in claim.counts)
        value = k_1 / n_1 - k_2 / n_2
    side = {"greater": f"above {null:g}", "less": f"below {null:g}"}.get(claim.direction or "", f"about {null:g}")
    line["note"] = ", ".join([side, *([f"p {claim.p}"] if claim.p else []), "no size published"])
    return line | {"estimate": value} | (dict(zip(("lower", "upper"), limits, strict=True)) if limits else {})


def _line(kind: str, label: str, row, caveats: str) -> dict:
    note = f"{row.comparisons} comparisons: {row.verdict}" if row.comparisons > 1 else row.verdict
    return {"kind": kind, "label": label, "estimate": row.value, "lower": row.lower, "upper": row.upper, "n": row.n,
            "events": row.events, "caveats": caveats, "note": note, "verdict": row.verdict}  # fmt: skip


# --- drawing -------------------------------------------------------------------------------------------------------


def lead_claim(evidence: Evidence, wanted: str = "") -> str:
    """The claim of the lead forest: the wanted one, or that which most independent real bodies answer, of several the
    one of most patients.

    Raises UserError for a claim nobody printed; MissingData where fewer than two bodies answer it.
    """
    if wanted and wanted not in claims.published():
        raise UserError(f"lead_claim '{wanted}' is no published claim{nearest(wanted, claims.published())}")
    table = evidence.required().answers
    drawn = forest_claims(table, evidence.counts)
    if not drawn or (wanted and wanted not in drawn):
        raise MissingData(f"{wanted or 'no claim'} is {'not ' if wanted else ''}answered by two independent cohorts")
    sizes = table[evidence.counts & table["lower"].notna()].groupby("claim")["n"].agg(["size", "sum"])
    return wanted or max(drawn, key=lambda id: (*sizes.loc[id], -drawn.index(id)))


def source_claims(evidence: Evidence, source: str) -> list[str]:
    """The claims of a source that have a forest. Raises MissingData where there is none."""
    drawn = forest_claims(evidence.required().answers, evidence.counts)
    of_source = [id for id in drawn if claims.published()[id].source == source]
    if not of_source:
        raise MissingData("no claim of this source is answered by two independent cohorts")
    return of_source


def drawn_claims(evidence: Evidence, ids: list[str]) -> list[str]:
    """Those of these claims that a figure shows: all, or of more than MOST_DRAWN those that most bodies answer (of
    several the ones of most patients), in the order given."""
    table = evidence.answers[evidence.counts & evidence.answers["claim"].isin(ids)]
    sizes = table.groupby("claim")["n"].agg(["size", "sum"])
    first = sorted(ids, key=lambda id: (*sizes.loc[id], -ids.index(id)), reverse=True)[:MOST_DRAWN]
    return [id for id in ids if id in first]


def draw_forests(evidence: Evidence, ids: list[str]):
    """The forests of these claims (`drawn_claims`) as one figure, a section with an axis for each kind of estimate,
    and the table of the rows of all of them (claim, status, and the columns of `forest_table`)."""
    tables = {id: forest_table(id, evidence.answers, evidence.counts) for id in ids}
    sections: dict[tuple, list[pd.DataFrame]] = {}
    for id in drawn_claims(evidence, ids):
        claim, rows = claims.published()[id], evidence.answers[evidence.answers["claim"] == id]
        heading = f"{claim.statement.rstrip('.')}: {evidence.statuses.loc[id, 'status']}"
        sections.setdefault(axis_of(claim, rows), []).append(tables[id].assign(heading=heading))
    parts = {axis: pd.concat(forests) for axis, forests in sections.items()}
    drawn = pd.concat(parts.values())
    letters = letters_of(drawn)
    heights = [AROUND_MM + ROW_MM * (len(part) + 2 * part["heading"].nunique()) for part in parts.values()]
    fig, axes = palette.figure(palette.PAGE_MM, sum(heights), nrows=len(parts), squeeze=False, height_ratios=heights)
    aside = max(aside_of(part, axes.flat[0], scale=scale, digits=digits, letters=letters)
                for (_, scale, digits), part in parts.items())  # fmt: skip
    for ax, ((effect, scale, digits), part) in zip(axes.flat, parts.items(), strict=True):
        left, right = SIDES.get(effect, ("", ""))
        key = key_of(drawn, letters) if ax is axes.flat[-1] else ""
        replication_forest(part, ax, effect=effect, scale=scale, digits=digits, left=left, right=right,
                           letters=letters, aside=aside, key=key)  # fmt: skip
    whole = pd.concat([rows.assign(claim=id) for id, rows in tables.items()])
    whole.insert(0, "status", whole["claim"].map(evidence.statuses["status"]))
    return fig, whole.set_index("claim")


def axis_of(claim: claims.Claim, rows: pd.DataFrame) -> tuple[str, str, int]:
    """What the axis of a claim's forest shows, its scale (log, linear or plain) and the decimals of its numbers."""
    scale = "log" if summaries.is_ratio(claim, rows) else "linear"
    if claim.kind == "number":
        scale = "log" if scale == "log" and claim.measure not in LEVELS else "plain"
        name = EFFECTS.get(claim.measure, f"{claim.measure.replace('_', ' ').capitalize()} {claim.unit}".strip())
        return name, scale, {"percent": 0, "median": 1, "mean": 1}.get(claim.measure, 2)
    return (EFFECTS.get(claim.measure, "Ratio") if scale == "log" else "Difference"), scale, 2


def claim_sentence(evidence: Evidence, id: str) -> str:
    """What the lead forest shows, in a sentence or two: the claim, its status, how many cohorts answer how, and their
    summary where there is one."""
    claim, rows = claims.published()[id], evidence.answers[evidence.answers["claim"] == id]
    used = rows[evidence.counts[rows.index]]
    words = formats.listed([f"{n} {word}" for word, n in used["verdict"].value_counts(sort=False).items()])
    said = (
        f"{claim.statement} {evidence.statuses.loc[id, 'status'].capitalize()}: of {len(used)} independent cohorts "
        f"({used['n'].sum():,.0f} patients) {words}."
    )
    summary = summaries.summarised(claim, rows, evidence.counts)
    if summary is None:
        return said
    on, digits = summaries.scale_of(claim, rows)[1], axis_of(claim, rows)[2]
    names = ("estimate", "lower", "upper", "prediction_lower", "prediction_upper")
    value, *limits = (formats.number(on(getattr(summary, name)), digits) for name in names)
    return (
        f"{said} In summary, by random effects, they give {value} (95% CI {limits[0]} to {limits[1]}), I² "
        f"{100 * summary.i_squared:.0f}%; in a further cohort {limits[2]} to {limits[3]} is expected."
    )


def sentence(evidence: Evidence, ids: list[str]) -> str:
    """What forests show, in a sentence: how many claims, of which status, by how many cohorts and patients at most."""
    counts = evidence.statuses.loc[ids, "status"].value_counts()
    words = formats.listed([f"{counts[word]} {word}" for word in verdicts.STATUSES if word in counts])
    rows = evidence.answers[evidence.counts & evidence.answers["claim"].isin(ids)]
    most = int(rows.groupby("claim").size().max())
    left = len(ids) - len(drawn_claims(evidence, ids))
    rest = (
        f" The {MOST_DRAWN} that most cohorts answer are drawn; the table holds the other {left} too." if left else ""
    )
    return (
        f"{formats.count(len(ids), 'claim')} answered by two or more independent cohorts ({most} at most): {words}."
        f"{rest} Simulated patients and the print are in no summary."
    )
