"""The claims explorer: one page that searches and filters every claim over all bodies of evidence, without a server.

The rows stand in the page itself as JSON, so that it works from disk; DataTables (from itables) draws those in sight.
"""

import re
from importlib.resources import files as package_files
from pathlib import Path

from lcnec_utils.core import formats
from lcnec_utils.core.errors import UserError
from lcnec_utils.ledger import audit, claim_words, verdicts
from lcnec_utils.run import ledger
from lcnec_utils.site import claim_colours, claim_pages, code_pages, documents, files
from lcnec_utils.site.claim_pages import EXPLORER
from lcnec_utils.site.documents import anchor, escaped
from lcnec_utils.site.evidence import Evidence

DATATABLES, SCRIPT = "_static/datatables", "_static/explorer.js"
EXPORTS = re.compile(r"export\s*\{([^{}]*)\}\s*;?")
NOT_ASKED = "not yet brought together"  # a claim's status where no run read the others
# label and id of each control; the columns of the data they read stand in explorer.js
FILTERS = {
    "source": "Source", "panel": "Panel", "verdict": "Verdict", "origin": "Origin", "cohort": "Cohort",
    "audit": "Audit", "status": "Over all real cohorts",
}  # fmt: skip


def write(source: Path, evidence: Evidence) -> list[str]:
    """Write the explorer with its script and DataTables; returns the documents written, without suffix."""
    script, style = datatables()
    files.write_if_changed(source / f"{DATATABLES}.js", script)
    files.write_if_changed(source / f"{DATATABLES}.css", style)
    files.write_if_changed(source / SCRIPT, (claim_pages.STATIC / "explorer.js").read_bytes())
    claim_pages.write_style(source)
    told = f"{len(evidence.claims)} published claims, searched and filtered by what each body of evidence answers."
    return [documents.write(source, EXPLORER, "Claims explorer", page(evidence), told)]


def datatables() -> tuple[str, str]:
    """DataTables as itables ships it, for a page from disk: a plain script, since a browser loads no module from a
    file, and its style. Raises UserError where the bundle is not built as expected."""
    folder = package_files("itables") / "html"
    script = (folder / "dt_bundle.js").read_text(encoding="utf-8")
    exports = EXPORTS.findall(script)
    names = dict(re.findall(r"([\w$]+)\s+as\s+([\w$]+)", exports[0])) if len(exports) == 1 else {}
    inner = next((name for name, outer in names.items() if outer == "default"), None)
    if inner is None:
        raise UserError("itables: dt_bundle.js does not export DataTables as expected; use the version of the lock")
    plain = EXPORTS.sub(lambda _: f"window.DataTable={inner};", script)
    return f"(() => {{\n{plain}\n}})();\n", (folder / "dt_bundle.css").read_text(encoding="utf-8")


def data(evidence: Evidence) -> dict:
    """What the page's script reads.

    lists: the words of each control in the order shown, with their labels. claims: one row each, in the ledger's order:
    id, statement, place in `source`, line of the text with 1 where it is the claim's own (empty where there is none),
    place in `panel`, what is published, place in `audit`, place in `status`. answers: one row each: place of the claim,
    place in `cohort`, in `verdict`, in `origin`, what was found, n, topics of caveats, reason. unanswered: place of the
    claim, place in `cohort`, in `reasons`. panels: of each panel its page, the page of the code that draws it, and the
    CSV of its numbers (the twin's, else of the first run that has them); empty where there is none.
    """
    lists = _lists(evidence)
    places = {name: {word: place for place, (word, _) in enumerate(words)} for name, words in lists.items()}
    rank = {id: place for place, id in enumerate(evidence.claims)}
    answers = [
        [
            rank[row.claim], places["cohort"][row.body], places["verdict"][row.verdict], places["origin"][row.origin],
            row.found, None if row.n != row.n or row.n is None else int(row.n),
            ", ".join(ledger.topics_of(row.caveats)), row.reason,
        ]
        for row in evidence.answers.itertuples()
    ]  # fmt: skip
    reasons = {why: place for place, why in enumerate(dict.fromkeys(evidence.unanswered["reason"]))}
    unanswered = [[rank[row.claim], places["cohort"][row.body], reasons[row.reason]]
                  for row in evidence.unanswered.itertuples()]  # fmt: skip
    return {
        "lists": lists,
        "signs": claim_colours.SIGNS,
        "panels": [_of_panel(evidence, panel) for panel, _ in lists["panel"]],
        "claims": _claims(evidence, places),
        "answers": answers,
        "unanswered": unanswered,
        "reasons": list(reasons),
    }


def _of_panel(evidence: Evidence, panel: str) -> list[str]:
    """A panel's page, its code and its numbers, from the top of the site."""
    page, runs = evidence.panel_page(panel), claim_pages.runs_plotted(evidence, panel)
    functions = code_pages.functions_of(evidence.panels[panel]["notebook"], panel) if page else []
    return [page, functions[0].page if functions else "", claim_pages.csv_file(runs[0], panel) if runs else ""]


def _claims(evidence: Evidence, places: dict[str, dict[str, int]]) -> list[list]:
    rows = []
    statuses = evidence.statuses["status"]
    lines = claim_pages.lines_of(evidence)
    for id, claim in evidence.claims.items():
        number, known = lines[id]
        rows.append(
            [
                id,
                claim.statement,
                places["source"][evidence.source_of(id)],
                [number, int(known)] if number else [],
                places["panel"][claim.panel],
                claim_words.printed_text(claim),
                places["audit"][evidence.audits[id]],
                places["status"][statuses.get(id, NOT_ASKED)],
            ]
        )
    return rows


def _lists(evidence: Evidence) -> dict[str, list[tuple[str, str]]]:
    """The words of each control with the label shown for them, only those that occur."""
    claims = evidence.claims.values()
    panels = dict.fromkeys(claim.panel for claim in claims)
    statuses = set(evidence.statuses["status"])
    if len(evidence.statuses) < len(evidence.claims):
        statuses.add(NOT_ASKED)
    audits, origins = set(evidence.audits.values()), set(evidence.answers["origin"])
    ordered = [*verdicts.STATUSES, NOT_ASKED]
    return {
        "source": [(name, name.replace("_", " ")) for name in evidence.sources],
        "panel": [(id, f"{id}: {evidence.panels[id]['title']}") for id in panels],
        "verdict": [(word, word) for word in (*verdicts.ANSWERS, verdicts.NOT_COMPUTABLE)],
        "origin": [(word, word) for word in sorted(origins, key=lambda word: (word != "real", word))],
        "cohort": [(body, evidence.label(body)) for body in evidence.bodies.index],
        "audit": [(word, word) for word in ("consistent", *audit.SEVERITIES) if word in audits],
        "status": [(word, word) for word in ordered if word in statuses],
    }


def page(evidence: Evidence) -> str:
    """The body of the explorer: what it is, the controls, both tables and the data."""
    content, bodies, real = data(evidence), evidence.bodies, evidence.real
    simulated = int(bodies.loc[bodies["simulated"], "answered"].sum())
    missing = "".join(f"<li>{escaped(line)}</li>" for line in evidence.left_out)
    sources = formats.listed(
        [anchor(EXPLORER, f"{claim_pages.SOURCES}/{name}.html", name.replace("_", " ")) for name in evidence.sources]
    )
    slips = anchor(EXPLORER, f"{claim_pages.AUDIT}.html", "inconsistencies within the papers")
    replicated = anchor(EXPLORER, f"{claim_pages.REPLICATION}.html", "replication")
    return "\n".join(
        [
            f'<link rel="stylesheet" href="{documents.link(EXPLORER, f"{DATATABLES}.css")}">',
            claim_pages.style_link(EXPLORER),
            f"<p>{len(evidence.claims)} published claims; {formats.count(len(real), 'body', 'bodies')} of evidence of "
            f"real patients give {int(real['answered'].sum())} answers; the twins, simulated and never counted as "
            f"support, give {simulated}. A claim is shown where one answer fits verdict, origin and cohort together. "
            f"Each claim leads to its own page with its forest. See also the {slips} and the {replicated}.</p>",
            f"<ul>{missing}</ul>" if missing else "",
            _form(content["lists"]),
            '<p id="claims-shown" role="status" aria-live="polite"></p>',
            '<div class="claims-frame"><table id="claims-table" class="display claims-table"></table>'
            '<table id="answers-table" class="display claims-table" hidden></table></div>',
            f"<noscript><p>Search needs JavaScript. Every claim also stands by its line: {sources}.</p></noscript>",
            f'<script type="application/json" id="claims-data">{documents.as_script_data(content)}</script>',
            f'<script src="{documents.link(EXPLORER, f"{DATATABLES}.js")}"></script>',
            f'<script src="{documents.link(EXPLORER, SCRIPT)}"></script>',
        ]
    )


def _form(lists: dict[str, list[tuple[str, str]]]) -> str:
    """The controls: a search, a select for each filter, and the choice of rows; all of them labelled."""
    controls = [
        '<div class="claims-search"><label for="claims-search">Search</label>'
        '<input type="search" id="claims-search" autocomplete="off"></div>'
    ]
    for name, label in FILTERS.items():
        options = "".join(f'<option value="{escaped(word)}">{escaped(shown)}</option>' for word, shown in lists[name])
        controls.append(
            f'<div><label for="claims-{name}">{escaped(label)}</label>'
            f'<select id="claims-{name}" data-filter="{name}"><option value="">all</option>{options}</select></div>'
        )
    controls.append(
        '<div><label for="claims-rows">One row per</label><select id="claims-rows">'
        '<option value="">claim</option><option value="answers">claim and body of evidence</option></select></div>'
    )
    controls.append('<div><button type="reset" id="claims-reset">Clear all</button></div>')
    return f'<form id="claims-form" class="claims-form" role="search" aria-label="Claims">{"".join(controls)}</form>'
