"""The page of replication: what independent real cohorts say of each claim together, and the forests that show it."""

from pathlib import Path

import pandas as pd

from lcnec_utils.core import formats, paths
from lcnec_utils.ledger import claim_words, verdicts
from lcnec_utils.run import records, replication
from lcnec_utils.site import documents
from lcnec_utils.site.claim_forest import chip_of
from lcnec_utils.site.claim_pages import EXPLORER, REPLICATION, csv_file, document_of, style_link
from lcnec_utils.site.documents import anchor, escaped, link
from lcnec_utils.site.evidence import Evidence, provenance_of

RUN = "replication"
MEANS = {
    verdicts.REPLICATED: "at least one cohort answers equal or compatible, and none contradicts",
    verdicts.REPRODUCED: "the same, where the source's own patients alone answer",
    verdicts.CONTRADICTED: "at least one contradicts, and none is equal or compatible",
    verdicts.DIVIDED: "some do each",
    verdicts.INCONCLUSIVE: "they answer, and none does either",
    verdicts.NOT_TESTABLE: "no cohort of real patients answers",
}


def write(source: Path, evidence: Evidence) -> list[str]:
    """Write the page of replication; returns the documents written, without suffix."""
    told = "Which published claims hold in how many independent cohorts of real patients; each patient counts once."
    return [documents.write(source, REPLICATION, "Replication in independent cohorts", page(evidence), told)]


def page(evidence: Evidence) -> str:
    """The body of the page: counts of each status by source, forests, and every claim that a real cohort answers."""
    head = [style_link(REPLICATION)]
    if evidence.statuses.empty:
        return "\n".join([*head, "<p>No run has brought the others together yet; "
                          "<code>.venv/bin/lcnec run --params params/replication.yaml</code> does.</p>"])  # fmt: skip
    table = evidence.statuses
    real = evidence.real
    several = int((table["independent"] > 1).sum())
    silent = int((table["status"] == verdicts.NOT_TESTABLE).sum())
    notebook = sorted(records.READS_RUNS)[0]
    return "\n".join(
        [
            *head,
            f"<p>{formats.count(len(real), 'body', 'bodies')} of evidence of real patients answer "
            f"{int((table['real'] > 0).sum())} of {len(table)} claims, {several} of them two or more independently. A "
            "patient counts once: of cohorts that share patients the largest that answers a claim counts. Simulated "
            "patients and the published figure are in no summary. How many would be replicated or contradicted by "
            f"chance alone stands in {anchor(REPLICATION, f'notebooks/{notebook}.html', f'notebook {notebook}')}.</p>",
            *(f"<p>{escaped(line)}</p>" for line in evidence.left_out),
            "<h2>How many claims have each status</h2>",
            _counts(evidence),
            "<h2>Forests</h2>",
            *_forests(evidence),
            "<h2>Every claim that a real cohort answers</h2>",
            *(_of_status(evidence, status) for status in verdicts.STATUSES),
            f"<p>{_filtered(verdicts.NOT_TESTABLE, f'The {silent} claims that no cohort here speaks to')}, each with "
            "what it would take on its own page.</p>",
        ]
    )


def _filtered(status: str, text: str) -> str:
    """A link to the explorer with the claims of one status."""
    return anchor(REPLICATION, f"{EXPLORER}.html#status={status.replace(' ', '+')}", text)


def _counts(evidence: Evidence) -> str:
    counts = replication.by_source(evidence.statuses)
    totals = counts.sum()
    rows = "".join(
        f'<tr><th scope="row">{_filtered(status, status)}</th>'
        + "".join(f"<td>{counts.loc[name, status]}</td>" for name in counts.index)
        + f"<td>{totals[status]}</td><td>{escaped(MEANS[status])}</td></tr>"
        for status in verdicts.STATUSES
    )
    heads = ["Status", *(name.replace("_", " ") for name in counts.index), "All", "Means"]
    return documents.table(heads, rows, "Claims of each status by source", "wide-table")


def pictures() -> dict[str, Path]:
    """The forests that the replication's run drew, by panel: the page shows them, whichever runs the site shows."""
    folder = paths.figures(RUN)
    files = {id: folder / f"{id}.svg" for notebook in sorted(records.READS_RUNS) for id in records.panels_of(notebook)}
    return {id: path for id, path in files.items() if path.exists() and provenance_of(path.with_suffix(".csv"))}


def _forests(evidence: Evidence) -> list[str]:
    """The forests that the replication's run drew, each with its numbers."""
    shown = []
    for panel in pictures():
        entry = evidence.panels[panel]
        svg = f"figures/{RUN}/{panel}.svg"
        alternative = f"{entry['title']}: the numbers stand in its CSV and on each claim's page"
        links = [
            anchor(REPLICATION, svg, "SVG", "download"),
            anchor(REPLICATION, csv_file(RUN, panel), "CSV", "download"),
            anchor(REPLICATION, evidence.panel_page(panel), "panel and code"),
        ]
        shown.append(
            f'<figure><img src="{link(REPLICATION, svg)}" loading="lazy" alt="{escaped(alternative)}">'
            f"<figcaption>{escaped(entry['title'])}. {' · '.join(links)}</figcaption></figure>"
        )
    return shown or ["<p>No forest is drawn yet.</p>"]


def _of_status(evidence: Evidence, status: str) -> str:
    """The claims of one status that a real cohort answers, as a table; empty where there is none."""
    table = evidence.statuses
    table = table[(table["status"] == status) & (table["real"] > 0)]
    if table.empty:
        return ""
    rows = "".join(_row(evidence, id, table.loc[id]) for id in table.index)
    heads = ["Claim", "Published", "Real cohorts", "Summary", "Twin (simulated)"]
    # whom nobody counts for it: the groups were defined by what is compared
    rest = ", though a cohort whose answer counts nowhere speaks to it" if status == verdicts.NOT_TESTABLE else ""
    title = f"{status.capitalize()}{rest} ({len(table)})"
    return f"<h3>{escaped(title)}</h3>{documents.table(heads, rows, title, 'wide-table')}"


def _row(evidence: Evidence, id: str, row: pd.Series) -> str:
    claim = evidence.claims[id]
    answers = evidence.of_claim(id)
    real = answers[answers["origin"].isin(replication.REAL)]
    said = "<br>".join(
        f"{escaped(answer.label)}: {escaped(answer.found)} {chip_of(answer.verdict)}"
        f"{'' if answer.counted else ' <small>not counted</small>'}"
        for answer in real.itertuples()
    )
    # where a run's files are older than the replication, what that table says of the bodies still stands
    return (
        f'<tr><th scope="row">{anchor(REPLICATION, f"{document_of(id)}.html", claim.statement)}</th>'
        f"<td>{escaped(claim_words.printed_text(claim))}</td><td>{said or escaped(row['bodies'])}</td>"
        f"<td>{escaped(row['summary'])}</td><td>{escaped(row['twin'])}</td></tr>"
    )
