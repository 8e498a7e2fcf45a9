"""What notebook 16 draws of sweeps: the specification curve of one claim, and a sentence on it."""

import pandas as pd

from lcnec_utils.core import formats, params
from lcnec_utils.core.errors import MissingData
from lcnec_utils.ledger import claim_words, claims, robustness, verdicts
from lcnec_utils.ledger.claims import RATIOS, as_number
from lcnec_utils.plots import palette
from lcnec_utils.plots.specification_curve import heights_mm, specification_curve
from lcnec_utils.run.sweep_tables import OF_REAL, Gathered

RUN = "run"


def of_patients(gathered: list[Gathered], *, real: bool) -> Gathered:
    """The first of these sweeps on real, or on simulated patients. Raises MissingData where there is none."""
    for sweep in gathered:
        if (set(sweep.robustness["origin"]) <= OF_REAL) == real and len(sweep.robustness):
            return sweep
    whom = "real" if real else "simulated"
    raise MissingData(f"no sweep on {whom} patients was run; `lcnec batch --sweep NAME` runs one of params/sweeps")


def lead_claim(sweep: Gathered, wanted: str = "") -> str:
    """The claim whose specification curve is drawn: the one wanted where the sweep's variations hold it, else of the
    fragile ones with an estimate the one that is answered least alike.

    Raises MissingData where no claim of the sweep is fragile, and UserError for a claim that nobody printed.
    """
    known = claims.published()
    if wanted and wanted not in known:
        raise claims.ClaimsError(f"lead_claim '{wanted}' is not in params/published{params.nearest(wanted, known)}")
    table = sweep.findings.dropna(subset=["value"])
    table = table[table["verdict"].isin(verdicts.ANSWERS)].assign(said=table["verdict"].map(robustness.answer))
    table = table[table["claim"].isin(known) & table["lower"].notna()]
    if wanted in set(table["claim"]):
        return wanted
    fragile = set(sweep.robustness.loc[sweep.robustness["robustness"] == robustness.FRAGILE, "claim"])
    table = table[table["claim"].isin(fragile)]
    if table.empty:
        raise MissingData(f"no claim that sweep {sweep.name} answers with an estimate is fragile")
    # the largest answer's share, least first; of equal ones the first in the order of the sources
    alike = table.groupby("claim")["said"].agg(lambda said: said.value_counts(normalize=True).iloc[0]).round(6)
    order = {id: place for place, id in enumerate(known)}
    return min(alike.index, key=lambda id: (alike[id], order[id]))


def specifications(sweep: Gathered, id: str) -> pd.DataFrame:
    """The variations that answer a claim: run, the swept keys, value, lower, upper, scale, n, events, verdict, answer,
    origin."""
    table = sweep.findings
    rows = table[(table["claim"] == id) & table["verdict"].isin(verdicts.ANSWERS)]
    columns = [RUN, *sweep.keys, "value", "lower", "upper", "scale", "n", "events", "verdict", "origin"]
    return rows[columns].assign(answer=rows["verdict"].map(robustness.answer)).reset_index(drop=True)


def draw(sweep: Gathered, id: str):
    """The specification curve of a claim over a sweep: the figure, and the table that it shows."""
    claim, table = claims.published()[id], specifications(sweep, id)
    most = table.groupby(RUN)["n"].max()
    shown = table.assign(**{RUN: [f"{run} (n = {most[run]:,.0f})" if most[run] > 0 else run for run in table[RUN]]})
    choices = [name for name in (RUN, *sweep.keys) if table[name].nunique() > 1]
    heights = heights_mm(table, choices)
    fig, axes = palette.figure(palette.COLUMN_MM if len(table) <= 40 else palette.PAGE_MM, sum(heights) + 12,
                               nrows=len(heights), height_ratios=heights, squeeze=False)  # fmt: skip
    ratio = bool((table["scale"] == "ratio").any())
    null = None if claim.kind == "number" else 1.0 if ratio else 0.0
    # a survival ratio is no print of a hazard ratio: what is published is drawn where it is on the same scale
    value = as_number(claim.value)
    same = value is not None and (claim.kind == "number" or (claim.measure in RATIOS) == ratio)
    limits = [as_number(text) for text in claim.interval or [None, None]]
    printed = (value, *limits) if same else None
    words = "Ratio (95% CI)" if ratio else f"{claim.measure.replace('_', ' ').capitalize()} (95% CI)"
    title = palette.wrap(claim.statement, 0.9 * fig.get_figwidth() * 72, 8, "bold")
    specification_curve(shown, list(axes.flat), choices=choices, xlabel=words, ratio=ratio, null=null,
                        printed=printed, title=title)  # fmt: skip
    return fig, table


def sentence(sweep: Gathered, id: str) -> str:
    """What a sweep says of a claim: in how many variations it holds, where it turns, and how many answers of the sweep
    are robust."""
    answers = sweep.robustness[sweep.robustness["claim"] == id]
    of_all = sweep.robustness["robustness"].value_counts()
    table = specifications(sweep, id)
    counts = table["answer"].value_counts()
    words = {"holds": "it holds", "inconclusive": "it is left open", "contradicted": "it is contradicted"}
    said = formats.listed([f"{text} in {counts[word]}" for word, text in words.items() if word in counts])
    scale = claim_words.scale_text(claims.published()[id], table["scale"].iloc[0] or "")
    turns = [f"{row.run} at {row.turns_at}" for row in answers.itertuples() if row.turns_at]
    whose = "" if set(table["origin"]) <= OF_REAL else ", in simulated patients,"
    keys = formats.listed([key.replace("_", " ") for key in sweep.keys])
    turned = f"; the answer turns in {formats.listed(turns)}" if turns else ""
    robust, fragile = (int(of_all.get(word, 0)) for word in (robustness.ROBUST, robustness.FRAGILE))
    over = f"Over {formats.count(len(table), 'variation')} of {keys}{whose}"
    return (
        f"{claims.published()[id].statement} {over} {said}{turned} ({scale}). Of the {len(sweep.robustness)} "
        f"answers of this sweep {robust} are robust and {fragile} fragile."
    )
