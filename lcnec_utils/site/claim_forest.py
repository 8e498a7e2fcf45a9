"""A claim's forest as a table that holds its own drawing: the print, every real cohort, their summary, and the twin.

The marks are boxes placed by percent inside a column of the table, so that the figure narrows with the screen, and the
numbers beside them are its text. A library's figure costs 0.3 s each, and there are a thousand.
"""

import dataclasses
import math

import pandas as pd

from lcnec_utils.core import formats
from lcnec_utils.core.findings import Finding
from lcnec_utils.ledger import claim_words, claims
from lcnec_utils.plots.replication_forest import MOST_FOLD, SCALES
from lcnec_utils.run import replication_forests
from lcnec_utils.run.plain_texts import without_formulas
from lcnec_utils.site import claim_colours, evidence
from lcnec_utils.site.documents import escaped

KINDS = {"print": "published", "cohort": "cohort", "summary": "summary", "simulated": "simulated"}
MOST_TICKS = 5
FOLDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
NOT_COUNTED = (
    "Not counted: it shares patients with a larger cohort, holds the source's own patients beside others, or its "
    "groups were defined by what is compared."
)
MARGIN = 0.06  # of the axis, beyond the outermost limits


@dataclasses.dataclass(frozen=True)
class Axis:
    """What a forest's marks are placed on: from `lowest` to `highest`, by their logarithms where `ratios`."""

    lowest: float
    highest: float
    ratios: bool
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """Where a value lies, in percent of the axis; beyond its ends at them.

        >>> Axis(0.5, 2, True, ()).place(1), Axis(0, 50, False, ()).place(60)
        (50.0, 100.0)
        """
        low, high, at = self.lowest, self.highest, value
        if self.ratios:
            low, high, at = math.log(low), math.log(high), math.log(value) if value > 0 else -math.inf
        return 100 * min(max((at - low) / (high - low), 0.0), 1.0)


def rows(claim: claims.Claim, answers: pd.DataFrame) -> pd.DataFrame:
    """The rows of a claim's forest as `replication_forests.forest_table` gives them; behind an answer that several
    comparisons give, one row for each. Columns added: origin, body, found (its number in words), reason.

    answers: those to this claim (`Evidence.of_claim`).
    """
    table = replication_forests.forest_table(claim.id, answers, answers["counted"])
    by_label = {label: answers[answers["label"] == label] for label in answers["label"]}
    lines, used = [], dict.fromkeys(by_label, 0)
    for line in table.to_dict("records"):
        answer = None
        if line["kind"] in ("cohort", "simulated") and line["label"] in by_label:
            # two bodies may be called alike: they stand in the same order in both tables
            answer = by_label[line["label"]].iloc[used[line["label"]]]
            used[line["label"]] += 1
        own = {} if answer is None else {name: answer[name] for name in ("origin", "body", "found", "reason")}
        lines.append(line | own)
        if answer is not None and answer["comparisons"] > 1:
            lines[-1]["found"] = ""
            lines += _comparisons(claim, line["kind"], answer)
    return pd.DataFrame(lines)


def _comparisons(claim: claims.Claim, kind: str, answer: pd.Series) -> list[dict]:
    findings = [Finding(**finding) for finding in answer["findings"]]
    return [
        {"kind": kind, "label": f"comparison {place} of {len(findings)}", "part": True,
         "estimate": finding.value, "lower": finding.lower, "upper": finding.upper, "n": finding.n,
         "events": finding.events, "found": evidence.in_words(claim, finding), "note": finding.note}
        for place, finding in enumerate(findings, 1)
    ]  # fmt: skip


def axis(table: pd.DataFrame, scale: str) -> Axis | None:
    """The axis on which all rows of a forest lie; None where no row has a number. scale: log, linear or plain."""
    ratios = scale == "log"
    names = [name for name in ("estimate", "lower", "upper") if name in table]
    numbers = pd.concat([table[name].dropna().astype(float) for name in names])
    numbers = numbers[numbers.map(math.isfinite)]
    if ratios:
        numbers = numbers[numbers > 0]
    if numbers.empty:
        return None
    none = SCALES[scale]
    values = [*numbers, *([none] if none is not None else [])]
    low, high = min(values), max(values)
    if ratios:
        low, high = max(low, 1 / MOST_FOLD) if none else low, min(high, MOST_FOLD) if none else high
        low, high = math.log(low), math.log(high)
    room = MARGIN * (high - low) or (0.5 if ratios else abs(high) * 0.1 or 1.0)
    low, high = low - room, high + room
    if ratios:
        low, high = math.exp(low), math.exp(high)
    return Axis(low, high, ratios, _ticks(low, high, ratios))


def _ticks(low: float, high: float, ratios: bool) -> tuple[float, ...]:
    """Round numbers within the axis, five at most."""
    if ratios:
        within = [fold for fold in FOLDS if low <= fold <= high]
        if len(within) >= 2:
            step = math.ceil(len(within) / MOST_TICKS)
            start = within.index(1) % step if 1 in within else 0
            return tuple(within[start::step])
    raw = (high - low) / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)
    first = math.ceil(low / step)
    return tuple(round(place * step, 10) for place in range(first, math.floor(high / step) + 1))


def table(claim: claims.Claim, answers: pd.DataFrame, lines: pd.DataFrame) -> str:
    """A claim's forest as an HTML table: who, how many, the mark, the number with its limits, verdict and caveats.

    answers: those to this claim; lines: `rows` of them.
    """
    effect, scale, digits = replication_forests.axis_of(claim, answers)
    on = axis(lines, scale)
    left, right = replication_forests.SIDES.get(effect, ("", ""))
    sides = f"<br><small>← {escaped(left)} · {escaped(right)} →</small>" if left and scale != "plain" else ""
    body = "".join(_row(claim, line, on, scale, digits) for line in lines.to_dict("records"))
    foot = "" if on is None else f"<tfoot>{_scale_row(on)}</tfoot>"
    note = f"<p><small>† {NOT_COUNTED}</small></p>" if 'class="forest-cohort hollow"' in body else ""
    heads = ("Evidence", f"{escaped(effect)}{sides}", "Estimate (95% CI)", "Caveats, reason")
    head = "".join(f'<th scope="col" role="columnheader">{text}</th>' for text in heads)
    # a narrow screen lays rows out as grids, which takes a table's roles from it unless they are written down
    return (
        '<div class="forest-frame" tabindex="0" role="region" aria-label="Forest of this claim">'
        f'<table class="forest" role="table"><thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody>{foot}</table></div>{note}'
    )


def _row(claim: claims.Claim, line: dict, on: Axis | None, scale: str, digits: int) -> str:
    kind = KINDS[line["kind"]]
    hollow = line["kind"] == "cohort" and line.get("part") is not True and not line["counted"]
    sizes = [f"n = {line['n']:,.0f}"] if _is(line.get("n")) else []
    if _is(line.get("events")) and line["kind"] != "print":
        sizes.append(f"{line['events']:,.0f} events")
    small = "; ".join(sizes)
    classes = f"forest-{kind}" + (" forest-part" if line.get("part") is True else "") + (" hollow" if hollow else "")
    label = escaped(line["label"]) + (" †" if hollow else "")
    who = f'<th scope="row" role="rowheader">{label}{f"<br><small>{small}</small>" if small else ""}</th>'
    drawn = "" if on is None else _drawn(line, on, scale)
    number = escaped(_number(claim, line, digits))
    word = line.get("verdict")
    chip = chip_of(word) if isinstance(word, str) and word else ""
    origin = line.get("origin")
    origin = f" <small>{escaped(origin)}</small>" if isinstance(origin, str) and origin else ""
    said = "<br>".join(part for part in (number, f"{chip}{origin}" if chip else "") if part)
    about = [line.get("caveats"), line.get("reason")]
    if line["kind"] == "print":
        about = [] if _is(line.get("estimate")) else [line.get("note")]
    if line.get("part") is True:
        about = [line.get("note")]
    told = "<br>".join(escaped(text) for text in about if isinstance(text, str) and text)
    return (
        f'<tr class="{classes}" role="row">{who}<td class="forest-cell" aria-hidden="true">{drawn}</td>'
        f'<td role="cell">{said}</td><td role="cell"><small>{told}</small></td></tr>'
    )


def _is(value: object) -> bool:
    return value is not None and not pd.isna(value)


def _number(claim: claims.Claim, line: dict, digits: int) -> str:
    """The number of a row in words: as the ledger has it of a cohort, with its limits of the print and the summary."""
    if isinstance(line.get("found"), str) and line["found"]:
        return line["found"]
    limits = [line.get("lower"), line.get("upper")]
    if line["kind"] == "print" and not _is(line.get("estimate")) and not _is(limits[0]):
        return claim_words.printed_text(claim)
    shown = formats.number(line["estimate"], digits) if _is(line.get("estimate")) else ""
    if line["kind"] == "print" and _is(line.get("estimate")):
        # as printed, not as rounded here
        shown = claims.printed_value(claim) or shown
    between = [formats.number(limit, digits) if _is(limit) else formats.NOT_REACHED for limit in limits]
    text = f"{shown} ({between[0]} to {between[1]})".strip() if any(map(_is, limits)) else shown
    if _is(line.get("prediction_lower")):
        ends = (formats.number(line[name], digits) for name in ("prediction_lower", "prediction_upper"))
        text += f"; a further cohort {' to '.join(ends)}"
    return text


def _drawn(line: dict, on: Axis, scale: str) -> str:
    """The marks of a row: no effect, the interval of a further cohort, the interval, the estimate."""
    marks = []
    if SCALES[scale] is not None:
        marks.append(f'<i class="none" style="left:{on.place(SCALES[scale]):.2f}%"></i>')
    for name, ends in (("further", ("prediction_lower", "prediction_upper")), ("limits", ("lower", "upper"))):
        low, high = (line.get(end) for end in ends)
        if _is(low) or _is(high):
            first = on.place(low) if _is(low) else 0.0
            last = on.place(high) if _is(high) else 100.0
            marks.append(f'<i class="{name}" style="left:{first:.2f}%;width:{last - first:.2f}%"></i>')
    if _is(line.get("estimate")):
        marks.append(f'<b style="left:{on.place(line["estimate"]):.2f}%"></b>')
    return f'<span class="strip">{"".join(marks)}</span>'


def _scale_row(on: Axis) -> str:
    """The axis under the marks; the numbers beside them say the same in words."""
    ticks = "".join(f'<span style="left:{on.place(tick):.2f}%">{escaped(f"{tick:g}".replace("-", "−"))}</span>'
                    for tick in on.ticks)  # fmt: skip
    return (
        '<tr class="forest-axis" aria-hidden="true"><td></td><td class="forest-cell">'
        f'<span class="strip ticks">{ticks}</span></td><td></td><td></td></tr>'
    )


def chip_of(word: str) -> str:
    """A verdict as a chip: its sign and its word."""
    sign = f'<span aria-hidden="true">{claim_colours.SIGNS[word]}</span>'
    return f'<span class="chip verdict-{claim_colours.name_of(word)}">{sign} {escaped(word)}</span>'


def csv_text(lines: pd.DataFrame) -> str:
    """The forest's rows as CSV, for whoever draws them elsewhere. lines: `rows`."""
    wanted = ["kind", "label", "estimate", "lower", "upper", "prediction_lower", "prediction_upper", "n", "events",
              "counted", "verdict", "origin", "caveats", "reason"]  # fmt: skip
    return without_formulas(lines.reindex(columns=wanted).to_csv(index=False, float_format="%.8g", lineterminator="\n"))
