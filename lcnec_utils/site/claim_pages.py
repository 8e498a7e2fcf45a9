"""A page per claim, and a page per source that lists its claims by the line of the text.

From a claim one link leads to its panel, one to the code that draws it, one to the plotted numbers, one to its line.
"""

import base64
import json
import math
from pathlib import Path

from lcnec_utils.core import formats, paths, provenance
from lcnec_utils.core.findings import Finding
from lcnec_utils.ledger import claim_words, claims, verdicts
from lcnec_utils.run import records
from lcnec_utils.site import claim_colours, claim_forest, code_pages, documents, files
from lcnec_utils.site.documents import anchor, escaped, link
from lcnec_utils.site.evidence import Evidence, provenance_of

EXPLORER, AUDIT, REPLICATION, SOURCES = "claims/index", "audit", "replication", "sources"
STYLE = "_static/claims.css"  # its colours stand in palette.css, which every page loads
DIGESTS = ".claims.json"  # what each page was made from
STATIC = Path(__file__).with_name("static")
KINDS = {"number": "a number", "effect": "an effect with its size", "direction": "the direction of an effect",
         "null_effect": "the absence of an effect"}  # fmt: skip
SCOPES = {"own": "of the study's own patients", "general": "of the disease: any cohort can speak to it"}
NOT_YET = "Its panel is not drawn yet, so there is no code to show."


def write(source: Path, evidence: Evidence) -> list[str]:
    """Write the pages of claims and sources with their style; returns the documents written, without suffix."""
    write_style(source)
    lines = lines_of(evidence)
    ids = list(evidence.claims)
    code, before, after, pages = _code_digest(), _digests(source), {}, [document_of(id) for id in ids]
    for place, id in enumerate(ids):
        near = ids[place - 1] if place else "", ids[place + 1] if place + 1 < len(ids) else ""
        claim = evidence.claims[id]
        after[id] = provenance.of_object([code, _shown_of(evidence, claim, lines[id], near)])[: provenance.SHORT]
        # a page whose evidence is as it was is not made again: of a thousand, one notebook changes a few
        if before.get(id) != after[id] or not (source / f"{document_of(id)}.md").exists():
            body = page(evidence, claim, lines[id], near)
            documents.write(source, document_of(id), claim.statement, body, described(evidence, claim))
    files.write_if_changed(source / DIGESTS, json.dumps(after))
    of_sources = [_source_page(source, evidence, name, lines) for name in evidence.sources]
    documents.remove_others(source / SOURCES, of_sources)
    documents.remove_others(source / "claims", [*pages, EXPLORER])
    return [*pages, *of_sources]


def _digests(source: Path) -> dict[str, str]:
    """The digest of what each page was made from, as an earlier build left it."""
    try:
        return json.loads((source / DIGESTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _code_digest() -> str:
    """Digest of the package's code and of the notebooks' cells, which pages link to."""
    modules = sorted((paths.ROOT / code_pages.PACKAGE).rglob("*.py"))
    notebooks = sorted(paths.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    return provenance.of_object([*map(provenance.of_file, modules), *map(provenance.code_cells, notebooks)])


def _shown_of(evidence: Evidence, claim: claims.Claim, line: tuple[int | None, bool], near: tuple[str, str]) -> list:
    """All that a claim's page shows, as JSON holds it."""
    status = evidence.statuses.loc[claim.id].to_dict() if claim.id in evidence.statuses.index else {}
    return [
        claim.model_dump(), line, near, evidence.audits[claim.id], status, evidence.panels[claim.panel],
        [(place, str(remark)) for place, remark in enumerate(evidence.remarks) if claim.id in remark.claims],
        evidence.of_claim(claim.id).values.tolist(),
        evidence.reasons(claim.id)[["reason", "body"]].values.tolist(),
        runs_plotted(evidence, claim.panel),
    ]  # fmt: skip


def document_of(id: str) -> str:
    """The document of a claim."""
    return f"claims/{id}"


def lines_of(evidence: Evidence) -> dict[str, tuple[int | None, bool]]:
    """The line of the source's text on which each claim stands, and whether it is known: of a claim in words alone it
    is the line of the claim before it, for claims are in the order of the text."""
    lines: dict[str, tuple[int | None, bool]] = {}
    last: dict[str, int | None] = {}
    for id, claim in evidence.claims.items():
        source = evidence.source_of(id)
        lines[id] = (claim.line, True) if claim.line else (last.get(source), False)
        last[source] = lines[id][0]
    return lines


def described(evidence: Evidence, claim: claims.Claim) -> str:
    """A claim's page in a sentence, for search engines."""
    answers = evidence.of_claim(claim.id)
    return (
        f"Published: {claim_words.printed_text(claim)}. Audit: {evidence.audits[claim.id]}. "
        f"Answered by {formats.count(len(answers), 'body', 'bodies')} of evidence."
    )


def write_style(source: Path) -> None:
    """Write the style that the pages of claims, the explorer, the audit and the replication share."""
    files.write_if_changed(source / STYLE, (STATIC / "claims.css").read_bytes())


def style_link(document: str) -> str:
    """The element that loads the style of claims into a page."""
    return f'<link rel="stylesheet" href="{link(document, STYLE)}">'


# --- one claim -----------------------------------------------------------------------------------------------------


def page(evidence: Evidence, claim: claims.Claim, line: tuple[int | None, bool], near: tuple[str, str]) -> str:
    """The body of a claim's page: what is published, its audit, its links, its forest, and who cannot answer it.

    line: as `lines_of` gives it. near: the claims before and after it, empty at either end.
    """
    document = document_of(claim.id)
    facts = {
        "Published": _published(claim),
        "Source": _source_words(evidence, claim, line, document),
        "What it is": escaped(f"{formats.as_sentence(KINDS[claim.kind])[:-1]}, {SCOPES[claim.scope]}"),
        "Audit of the published figure": _audited(evidence, claim, document),
        "Over independent real cohorts": _status(evidence, claim, document),
        "Panel": _panel_link(evidence, claim, document),
        "Code": _code_links(evidence, claim, document),
        "Plotted numbers": _csv_links(evidence, claim, document),
    }
    told = "".join(f"<dt>{escaped(name)}</dt><dd>{value}</dd>" for name, value in facts.items() if value)
    return "\n".join(
        part
        for part in (
            style_link(document),
            _around(document, near),
            f'<dl class="claim-facts">{told}</dl>',
            "<h2>What each body of evidence answers</h2>",
            _answers(evidence, claim),
            _unanswered(evidence, claim),
            f"<p>Cite this page: {escaped(_citation(evidence, claim, line))}</p>",
        )
        if part
    )


def _around(document: str, near: tuple[str, str]) -> str:
    links = [anchor(document, f"{EXPLORER}.html", "All claims")]
    for name, id in zip(("Previous claim", "Next claim"), near, strict=True):
        if id:
            links.append(anchor(document, f"{document_of(id)}.html", name))
    return f'<nav class="claim-nav" aria-label="Claims">{" · ".join(links)}</nav>'


def _published(claim: claims.Claim) -> str:
    """What the source prints, with its own uncertainty in words, and the note that stands beside it in the ledger."""
    text = claim_words.printed_text(claim)
    if text == claim.direction and len(claim.groups) == 2:
        text = f"{text}: {claim.groups[0]} against {claim.groups[1]}, no figure"
    parts = [f"<strong>{escaped(text)}</strong>", escaped(own_uncertainty(claim))]
    if claim.note:
        parts.append(f"<small>Note: {escaped(claim.note)}</small>")
    return "<br>".join(part for part in parts if part)


def own_uncertainty(claim: claims.Claim) -> str:
    """How precise a published figure is by itself, in words: its 95% limits and whence, or that none can be given.

    >>> from lcnec_utils.ledger.claims import Claim
    >>> own_uncertainty(Claim(id="a.b", panel="p", statement="A third respond.", kind="number", measure="percent",
    ...                       scope="general", value="33", k="10", n=["30"]))
    'Its own uncertainty: 19 to 51 (95% limits of 10/30).'
    """
    figure = claims.as_number(claims.printed_value(claim))
    if claim.kind == "number" and figure is not None:
        known = verdicts.printed_number(claim, Finding(figure))
        if known is None:
            return "Its own uncertainty is not published." if claim.scope == "general" else ""
        on = math.exp if claim.measure in verdicts.LOGARITHMIC and figure > 0 else float
        digits = 0 if claim.measure in ("percent", "accuracy") else 2
        low, high = (formats.number(on(limit), digits) for limit in (known.lower, known.upper))
        return f"Its own uncertainty: {low} to {high} (95% limits of {known.words})."
    if claim.kind == "effect":
        limits = verdicts.printed_effect(claim, 1.0 if claim.measure in claims.RATIOS else 0.0)
        if limits:
            return f"Its own uncertainty: {' to '.join(formats.number(limit, 2) for limit in limits)} (95% limits)."
        return "Its own uncertainty is not published."
    return ""


def _source_words(evidence: Evidence, claim: claims.Claim, line: tuple[int | None, bool], document: str) -> str:
    reference = escaped(evidence.sources[evidence.source_of(claim.id)].reference)
    number, known = line
    if number is None:
        return reference
    said = f"line {number} of its text" if known else f"near line {number} of its text (it has no figure of its own)"
    target = f"{SOURCES}/{evidence.source_of(claim.id)}.html#line-{number}"
    return f"{anchor(document, target, said)}, {reference}"


def _audited(evidence: Evidence, claim: claims.Claim, document: str) -> str:
    word = evidence.audits[claim.id]
    parts = [f'<span class="chip audit-{claim_colours.name_of(word)}">{escaped(word)}</span>']
    for place, remark in enumerate(evidence.remarks):
        if claim.id in remark.claims:
            to = anchor(document, f"{AUDIT}.html#{remark_anchor(place)}", remark.severity)
            fits = f" It would fit: {escaped(remark.reconcile)}." if remark.reconcile else ""
            parts.append(f"{to}: {escaped(remark.arithmetic)}.{fits}")
    return "<br>".join(parts)


def remark_anchor(place: int) -> str:
    """The anchor of a remark on the audit's page, by its place among all remarks."""
    return f"remark-{place + 1}"


def _status(evidence: Evidence, claim: claims.Claim, document: str) -> str:
    if claim.id not in evidence.statuses.index:
        return ""
    row = evidence.statuses.loc[claim.id]
    parts = [anchor(document, f"{REPLICATION}.html", row["status"], "class=claim-status")]
    if row["independent"]:
        parts[0] += f", by {formats.count(row['independent'], 'independent cohort')}"
    if row["summary"]:
        parts.append(f"Random-effects summary: {escaped(row['summary'])}.")
    if row["needs"]:
        parts.append(f"It would take: {escaped(row['needs'])}.")
    return "<br>".join(parts)


def _panel_link(evidence: Evidence, claim: claims.Claim, document: str) -> str:
    entry, target = evidence.panels[claim.panel], evidence.panel_page(claim.panel)
    every = anchor(document, f"{EXPLORER}.html#panel={claim.panel}", "its other claims")
    title = f"{entry['title']} ({entry['source']})"
    return f"{anchor(document, target, title, 'class=to-panel') if target else escaped(title)}; {every}"


def _code_links(evidence: Evidence, claim: claims.Claim, document: str) -> str:
    entry, target = evidence.panels[claim.panel], evidence.panel_page(claim.panel)
    if not target:
        return NOT_YET
    links = [anchor(document, function.page, _called(function), "class=to-code")
             for function in code_pages.functions_of(entry["notebook"], claim.panel)]  # fmt: skip
    cell = anchor(document, target, f"the cell of notebook {entry['notebook']}")
    return f"{cell}, which calls {formats.listed(links)}" if links else cell


def _called(function: code_pages.Function) -> str:
    return f"{function.module.rpartition('.')[2]}.{function.name}"


def csv_file(run: str, panel: str) -> str:
    """Where the numbers that a panel plots stand on the site, from its top."""
    return f"figures/{run}/{panel}.csv"


def csv_is_shown(run: str, panel: str, aggregate: bool) -> bool:
    """Whether a run's plotted numbers are on the site: its panel is drawn, of simulated patients or of aggregates."""
    about = provenance_of(paths.figures(run) / f"{panel}.csv")
    return about is not None and (aggregate or about["simulated"] is True)


def runs_plotted(evidence: Evidence, panel: str) -> list[str]:
    """The runs whose numbers of a panel are on the site, the twin's first."""
    aggregate = bool(evidence.panels[panel].get("aggregate"))
    return [run for run in evidence.runs if csv_is_shown(run, panel, aggregate)]


def _csv_links(evidence: Evidence, claim: claims.Claim, document: str) -> str:
    answering = dict.fromkeys(evidence.of_claim(claim.id)["run"])
    runs = sorted(runs_plotted(evidence, claim.panel), key=lambda run: run not in answering)
    links = [anchor(document, csv_file(run, claim.panel), run, "download") for run in runs]
    return f"CSV of the panel, by run: {', '.join(links)}" if links else ""


def _answers(evidence: Evidence, claim: claims.Claim) -> str:
    answers = evidence.of_claim(claim.id)
    if answers.empty:
        return "<p>No body of evidence answers this claim; the reasons stand below.</p>"
    simulated = [label for label, origin in zip(answers["label"], answers["origin"], strict=True)
                 if origin not in ("real", "circular")]  # fmt: skip
    said = ""
    if simulated:
        names = formats.listed(list(dict.fromkeys(simulated)))
        said = f"<p>{escaped(names)}: simulated patients prove the pipeline and are never counted as support.</p>"
    lines = claim_forest.rows(claim, answers)
    data = base64.b64encode(claim_forest.csv_text(lines).encode()).decode()
    get = (
        f'<p><a download="{escaped(claim.id)}.csv" href="data:text/csv;charset=utf-8;base64,{data}">'
        "These rows as CSV</a></p>"
    )
    scale = claim_words.scale_text(claim, next((scale for scale in answers["scale"] if scale), ""))
    measured = f"<p>Measured as: {escaped(scale)}.</p>" if scale else ""
    return measured + claim_forest.table(claim, answers, lines) + said + _sentences(answers) + get


def _sentences(answers) -> str:
    """The sentences of the caveats that stand as topics in the forest."""
    told: dict[str, list[str]] = {}
    for row in answers.itertuples():
        # without records only topics are known, and the forest has them already
        if row.findings and row.caveats:
            told.setdefault(row.caveats, []).append(row.label)
    if not told:
        return ""
    items = "".join(f"<li><strong>{escaped(formats.listed(names))}</strong>: {escaped(words)}</li>"
                    for words, names in told.items())  # fmt: skip
    title = "What these cohorts measured otherwise than the source"
    return f"<details><summary>{title}</summary><ul>{items}</ul></details>"


def _unanswered(evidence: Evidence, claim: claims.Claim) -> str:
    """Who cannot answer, by the reason."""
    reasons: dict[str, list[str]] = {}
    for row in evidence.reasons(claim.id).itertuples():
        reasons.setdefault(row.reason, []).append(evidence.label(row.body))
    if not reasons:
        return ""
    items = "".join(
        f"<li>{escaped(formats.as_sentence(why, set()))} <small>{escaped('; '.join(names))}</small></li>"
        for why, names in reasons.items()
    )
    number = sum(map(len, reasons.values()))
    title = f"{formats.count(number, 'body', 'bodies')} of evidence cannot answer it"
    return f"<details><summary>{title}</summary><ul>{items}</ul></details>"


def _citation(evidence: Evidence, claim: claims.Claim, line: tuple[int | None, bool]) -> str:
    place = f", line {line[0]}" if line[0] and line[1] else ""
    return f"{records.PROJECT}, claim {claim.id} ({evidence.sources[evidence.source_of(claim.id)].reference}{place})"


# --- one source ----------------------------------------------------------------------------------------------------


def _source_page(source: Path, evidence: Evidence, name: str, lines: dict[str, tuple[int | None, bool]]) -> str:
    """Write the page of a source: its claims by the line of its text, in the ledger's words; its text is not here."""
    document = f"{SOURCES}/{name}"
    by_line: dict[int | None, list[str]] = {}
    of_source = evidence.sources[name].claims
    for claim in of_source:
        by_line.setdefault(lines[claim.id][0], []).append(claim.id)
    rows = []
    for number in sorted(by_line, key=lambda number: number or 0):
        place = f' id="line-{number}"' if number else ""
        items = "".join(_listed_claim(evidence, evidence.claims[id], document) for id in by_line[number])
        rows.append(f'<tr{place}><th scope="row">{number or "–"}</th><td><ul>{items}</ul></td></tr>')
    of_tables = [remark for remark in evidence.remarks if remark.source == name and not remark.claims]
    remarks = f" ({len(of_tables)} remarks on its tables)" if of_tables else ""
    search = anchor(document, f"{EXPLORER}.html#source={name}", "Search them")
    arithmetic = anchor(document, f"{AUDIT}.html", "what arithmetic says of its figures")
    body = (
        f"{style_link(document)}\n<p>{escaped(evidence.sources[name].reference)}. The {len(of_source)} claims of this "
        "source by the line of its text, in the ledger's own words; the text itself is not part of the compendium. "
        f"{search}; {arithmetic}{remarks}.</p>\n"
        + documents.table(["Line", "Claims"], "".join(rows), "Claims by line", "source-lines")
    )
    return documents.write(source, document, f"Claims of {name.replace('_', ' ')}", body)


def _listed_claim(evidence: Evidence, claim: claims.Claim, document: str) -> str:
    told = escaped(f"{claim_words.printed_text(claim)}; {evidence.audits[claim.id]}")
    return f"<li>{anchor(document, f'{document_of(claim.id)}.html', claim.statement)} <small>{told}</small></li>"
