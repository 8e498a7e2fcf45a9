"""A panel on a page: every run's drawing of it behind one switch, with sentence, n, source, claims and files."""

import re
from html import escape
from pathlib import Path

from lcnec_utils import __version__
from lcnec_utils.core import formats
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.public.fetch import registry
from lcnec_utils.run import carried_evidence
from lcnec_utils.run.plain_texts import without_formulas
from lcnec_utils.site.drawings import DEFAULT_RUN, Drawing, Drawn, body_of, cohort_title, page_of_body
from lcnec_utils.site.evidence import Evidence

KINDS = {"svg": "SVG", "png": "PNG", "csv": "CSV", "graphml": "GraphML"}
ORDER = [*verdicts.ANSWERS, verdicts.NOT_COMPUTABLE]


def inline(markdown: str) -> str:
    """A sentence of a notebook as HTML: bold, emphasis and code; everything else as it stands.

    >>> inline("**STK11.** n < 5, `OS`")
    '<strong>STK11.</strong> n &lt; 5, <code>OS</code>'
    """
    text = escape(markdown.strip(), quote=False)
    text = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", text)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])", r"<em>\1</em>", text)
    return re.sub(r"\n\s*\n", "<br><br>", text)


def file_of(drawing: Drawing, kind: str) -> str:
    """Where a file of a drawing lies on the site, from its top."""
    return f"figures/{drawing.run}/{drawing.files[kind].name}"


def excel_name(drawing: Drawing) -> str:
    """What a drawing's table for Excel is called: its name says what the line that it lacks would say."""
    return f"{drawing.panel}{'.simulated' if drawing.simulated else ''}.excel.csv"


def excel_table(drawing: Drawing) -> bytes:
    """A drawing's table without its line of provenance, marked as UTF-8 so that Excel reads its signs; no text in it is
    a formula."""
    text = carried_evidence.plain_table(drawing.files["csv"].read_text(encoding="utf-8"))
    return without_formulas(text).encode("utf-8-sig")


def picture_width(svg: Path) -> tuple[int, int]:
    """Width and height of a figure in CSS pixels, as its first lines say."""
    with open(svg, encoding="utf-8") as handle:
        head = handle.read(2000)
    match = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', head)
    return tuple(round(float(size) * 4 / 3) for size in match.groups()) if match else (640, 480)


def source_of(entry: dict) -> str:
    """The source's statement of a panel: the reference, and the place in it."""
    name, _, place = entry["source"].partition(": ")
    known = claims.sources()
    # the sources' short names stand before a colon: lcnec, liver, review
    reference = next((source.reference for key, source in known.items() if name in (key, key.split("_")[0])), "")
    return f"{reference or name}; {place}" if place else entry["source"]


def citation(drawing: Drawing) -> str:
    """One line that cites a figure: the compendium, the panel, the run, its patients, and the digest of its numbers."""
    datasets = [
        registry()["cohorts"][name].get("citation")
        or registry()["datasets"][registry()["cohorts"][name]["dataset"]]["citation"]
        for name in drawing.cohorts.values()
        if name in registry()["cohorts"]
    ]
    of = "simulated patients" if drawing.simulated else "; ".join(dict.fromkeys(datasets)) or drawing.label.lower()
    return (
        f"LCNEC compendium {__version__}, panel {drawing.panel} of run {drawing.run}: {drawing.entry['title']}. "
        f"Data: {of}. Numbers: SHA-256 {drawing.about['csv']}."
    )


def reading(drawing: Drawing) -> str:
    """How a panel's table is read in R and Python; its first line is provenance, behind a #."""
    name = drawing.files["csv"].name
    return f'R: read.csv("{name}", comment.char = "#")   Python: pandas.read_csv("{name}", comment="#")'


def answers_by_panel(evidence: Evidence) -> dict[str, list[dict]]:
    """What every body of evidence answers to the claims of each panel: claim, statement, body, label, verdict, found
    and reason, in the order of the verdicts; by panel."""
    labels = evidence.bodies["label"].to_dict()
    rows: dict[str, list[dict]] = {}
    for table in (evidence.answers, evidence.unanswered.assign(verdict=verdicts.NOT_COMPUTABLE, found="")):
        for row in table[["claim", "body", "verdict", "found", "reason"]].to_dict("records"):
            claim = evidence.claims[row["claim"]]
            told = {"statement": claim.statement, "label": labels.get(row["body"], row["body"])}
            rows.setdefault(claim.panel, []).append(row | told)
    return {panel: sorted(told, key=lambda row: ORDER.index(row["verdict"])) for panel, told in rows.items()}


def answers_of(drawing: Drawing, answers: dict[str, list[dict]]) -> list[dict]:
    """What the bodies in a drawing answer to the claims of its panel. answers: as `answers_by_panel` gives them."""
    return [row for row in answers.get(drawing.panel, []) if row["body"] in drawing.bodies]


def verdict_counts(answers: list[dict]) -> dict[str, int]:
    """How many answers have each verdict, in the order of the ledger; those that occur."""
    words = [answer["verdict"] for answer in answers]
    return {word: words.count(word) for word in ORDER if word in words}


def chip(verdict: str, number: int | None = None) -> str:
    """A verdict as a small label, with its number."""
    of = f"{number} " if number is not None else ""
    return f'<span class="verdict verdict-{verdict.replace(" ", "-")}">{of}{escape(verdict)}</span>'


def _claims(drawing: Drawing, answers: dict[str, list[dict]], up: str) -> str:
    own = answers_of(drawing, answers)
    if not own:
        return '<p class="panel-claims">No claim is put to these patients by this panel.</p>'
    counts = " ".join(chip(word, number) for word, number in verdict_counts(own).items())
    rows = "".join(
        f'<tr><td><a href="{up}claims/{row["claim"]}.html">{escape(row["statement"])}</a></td>'
        f"<td>{chip(row['verdict'])}</td><td>{escape(row['found'])}</td><td>{escape(row['label'])}</td>"
        f"<td>{escape(row['reason'])}</td></tr>"
        for row in own
    )
    return (
        f'<details class="panel-claims"><summary>Claims of this panel: {counts}</summary>'
        '<div class="scroll" tabindex="0" role="region" aria-label="Claims of this panel">'
        "<table><thead><tr><th>the source says</th><th>verdict</th><th>found</th><th>patients</th><th>because</th></tr>"
        f"</thead><tbody>{rows}</tbody></table></div></details>"
    )


def _links(drawing: Drawing, up: str) -> str:
    links = []
    for kind, path in drawing.files.items():
        words = KINDS.get(kind, kind)
        name = f"{drawing.run}_{path.name}" if not drawing.simulated else f"{drawing.run}_simulated_{path.name}"
        links.append(f'<a href="{up}{file_of(drawing, kind)}" download="{escape(name)}">{escape(words)}</a>')
        if kind == "csv":
            excel = f"figures/{drawing.run}/{excel_name(drawing)}"
            own = f"{escape(drawing.run)}_{excel_name(drawing)}"
            links.append(f'<a href="{up}{excel}" download="{own}">CSV for Excel</a>')
    more = "" if "png" in drawing.files else (
        f' <span class="faint">PNG: <code>.venv/bin/lcnec run --params params/{escape(drawing.run)}.yaml</code> '
        "draws it</span>"
    )  # fmt: skip
    return " ".join(links) + more


def _copied(words: str, label: str) -> str:
    return (
        f'<p class="copied"><code>{escape(words)}</code> '
        f'<button type="button" class="copy" aria-label="{escape(label)}">Copy</button></p>'
    )


def _provenance(drawing: Drawing) -> str:
    about = drawing.about
    cohorts = "; ".join(f"{role}: {text}" for role, text in about["cohorts"].items()) or "none"
    rows = {
        "project": about["project"],
        "run": f"{about['run']} (simulated patients)" if about["simulated"] else about["run"],
        "cohorts": "; ".join(f"{role}: {name} {about['cohorts'][role].rsplit(' ', 1)[1]}"
                             for role, name in drawing.cohorts.items()) or cohorts,
        "parameters": about["parameters"],
        "numbers (SHA-256)": about["csv"],
    }  # fmt: skip
    return "".join(f"<dt>{escape(name)}</dt><dd><code>{escape(str(value))}</code></dd>" for name, value in rows.items())


def caption_of(drawing: Drawing) -> str:
    """What a figure shows, in HTML: the run's sentence, or where it is not here how to have it."""
    if drawing.sentence:
        return inline(drawing.sentence)
    return (
        f"{escape(drawing.entry['title'])}: {escape(drawing.label)}. The sentence of this run is computed with it: "
        f"<code>.venv/bin/lcnec run --params params/{escape(drawing.run)}.yaml</code>."
    )


def _drawing(drawing: Drawing, answers: dict[str, list[dict]], up: str) -> str:
    width, height = picture_width(drawing.files["svg"])
    svg = f"{up}{file_of(drawing, 'svg')}"
    mark = '<p class="simulated">Simulated patients: agreement with the paper proves the pipeline only.</p>'
    tables = "".join(
        f'<div class="scroll" tabindex="0" role="region" aria-label="Numbers behind the figure">{table}</div>'
        for table in drawing.tables
    )
    patients = ", ".join(
        f'<a href="{up}{page_of_body(body_of(name))}.html">{escape(cohort_title(name))}</a>'
        for name in dict.fromkeys(drawing.cohorts.values())
    )
    name = f"{drawing.panel}--{escape(drawing.run)}"
    return f"""<div class="drawing" role="tabpanel" id="{name}" data-run="{escape(drawing.run)}"
 aria-labelledby="{name}--tab">
{mark if drawing.simulated else ""}<figure><a class="picture" href="{svg}"><img class="dark-light" src="{svg}"
 alt="{escape(drawing.words)}" width="{width}" height="{height}" style="--own: {width}px" loading="lazy"></a>
<figcaption>{caption_of(drawing)}</figcaption></figure>{tables}
<dl class="facts"><dt>n</dt><dd class="n">{escape(drawing.n)}</dd>
<dt>Source</dt><dd class="source">{escape(source_of(drawing.entry))}</dd>
<dt>Patients</dt><dd>{patients or escape(drawing.label)}</dd>
<dt>Files</dt><dd class="files">{_links(drawing, up)}</dd></dl>
{_claims(drawing, answers, up)}
<details><summary>Cite, read the table, provenance</summary>
{_copied(citation(drawing), "Copy the citation")}{_copied(reading(drawing), "Copy how to read the table")}
<dl class="facts">{_provenance(drawing)}</dl></details></div>"""


def _elsewhere(rows: list[tuple[str, str]]) -> str:
    """The runs that do not show a panel, by reason."""
    if not rows:
        return ""
    by_reason: dict[str, list[str]] = {}
    for run, why in rows:
        by_reason.setdefault(why, []).append(run)
    items = "".join(f"<li>{escape(formats.listed(runs))}: {escape(why)}</li>" for why, runs in by_reason.items())
    title = f"Not shown of {formats.count(len(rows), 'run')}, and why"
    return f'<details class="elsewhere"><summary>{title}</summary><ul>{items}</ul></details>'


def block(id: str, drawn: Drawn, answers: dict[str, list[dict]], up: str = "../") -> str:
    """The HTML of a panel: a switch between the runs that drew it, and each run's drawing.

    answers: as `answers_by_panel` gives them. up: the way from the page to the site's top.
    """
    drawings, entry = drawn.drawings[id], drawn.panels[id]
    tabs = "".join(
        f'<button type="button" role="tab" id="{id}--{escape(d.run)}--tab" aria-controls="{id}--{escape(d.run)}" '
        f'aria-selected="{"true" if place == 0 else "false"}" data-run="{escape(d.run)}">{escape(d.label)}'
        f"{_run_word(d)}</button>"
        for place, d in enumerate(drawings)
    )
    bodies = "".join(_drawing(d, answers, up) for d in drawings)
    nothing = "" if drawings else '<p class="nothing">No run here shows this panel.</p>'
    return (
        f'<section class="lcnec-panel" id="{id}" aria-label="{escape(entry["title"])}">'
        f'<p class="panel-title">{escape(entry["title"])} <code>{id}</code></p>'
        f'<div class="runs" role="tablist" aria-label="Patients">{tabs}</div>{bodies}{nothing}'
        f"{_elsewhere(drawn.elsewhere[id])}</section>"
    )


def _run_word(drawing: Drawing) -> str:
    known = drawing.of_prints or drawing.run == DEFAULT_RUN
    return "" if known else f' <span class="run">{escape(drawing.run)}</span>'
