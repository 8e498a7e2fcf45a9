"""The audit's page: inconsistencies within the papers, the gravest first, from arithmetic alone."""

from pathlib import Path

from lcnec_utils.core import formats
from lcnec_utils.ledger import audit
from lcnec_utils.site import claim_colours, documents
from lcnec_utils.site.claim_pages import AUDIT, EXPLORER, document_of, remark_anchor, style_link
from lcnec_utils.site.documents import anchor, escaped, table
from lcnec_utils.site.evidence import Evidence

MEANS = {
    "impossible": "no patients could give it",
    "inconsistent": "two published figures, or a figure and its own arithmetic, disagree",
    "exponent lost": "the text lost part of the figure, which cannot be read",
    "rounding": "the last digit",
    "note": "no slip: what holds only under an assumption, such as proportional hazards",
}
# the gravest first; a lost exponent is the text's, not the arithmetic's
ORDER = ("impossible", "inconsistent", "exponent lost", "rounding", "note")


def write(source: Path, evidence: Evidence) -> list[str]:
    """Write the page of the audit; returns the documents written, without suffix."""
    told = "What the published figures say of themselves, by arithmetic alone and without a patient."
    return [documents.write(source, AUDIT, "Inconsistencies within the papers", page(evidence), told)]


def page(evidence: Evidence) -> str:
    """The body of the page: how many of each severity, and every remark with its arithmetic and what would fit."""
    numbered = list(enumerate(evidence.remarks))
    groups = {word: [(place, remark) for place, remark in numbered if remark.severity == word] for word in ORDER}
    rows = "".join(
        f'<tr><th scope="row"><a href="#severity-{claim_colours.name_of(word)}">{escaped(word)}</a></th>'
        f"<td>{len(groups[word])}</td><td>{escaped(MEANS[word])}</td></tr>"
        for word in ORDER
    )
    parts = [
        style_link(AUDIT),
        f"<p>Each of {len(evidence.claims)} published figures is held against its own denominators, its own interval "
        "and p value, and the other figures that it hangs together with. No patient is needed. "
        f"{anchor(AUDIT, f'{EXPLORER}.html', 'Search all claims')}.</p>",
        table(["Severity", "Remarks", "Means"], rows, "Remarks of each severity"),
    ]
    for word in ORDER:
        if groups[word]:
            parts.append(f'<h2 id="severity-{claim_colours.name_of(word)}">{escaped(word.capitalize())} '
                         f"({len(groups[word])})</h2>")  # fmt: skip
            parts += [_by_source(evidence, groups[word])]
    return "\n".join(parts)


def _by_source(evidence: Evidence, remarks: list[tuple[int, audit.Remark]]) -> str:
    parts = []
    for name in evidence.sources:
        own = [(place, remark) for place, remark in remarks if remark.source == name]
        if own:
            title = name.replace("_", " ")
            rows = "".join(_row(evidence, place, remark) for place, remark in own)
            parts.append(f"<h3>{escaped(title)}</h3>")
            label = f"Remarks on {title}: {own[0][1].severity}"
            parts.append(table(["Of", "Arithmetic", "It would fit"], rows, label, "wide-table remarks"))
    return "\n".join(parts)


def _row(evidence: Evidence, place: int, remark: audit.Remark) -> str:
    """One remark: the first claim in words and links to the others, the arithmetic, and what would fit."""
    first, *others = remark.claims or [""]
    about = escaped("A table of the source") if not first else _claim_link(evidence, first)
    if others:
        links = "".join(f"<li>{_claim_link(evidence, id)}</li>" for id in others)
        about += (
            f"<details><summary>and {formats.count(len(others), 'other claim')}</summary><ul>{links}</ul></details>"
        )
    said = escaped(formats.as_sentence(remark.arithmetic, set()))
    return (
        f'<tr id="{remark_anchor(place)}"><td>{about}</td><td>{said}<br><small>rule: '
        f"{escaped(remark.rule.replace('_', ' '))}</small></td><td>{escaped(remark.reconcile)}</td></tr>"
    )


def _claim_link(evidence: Evidence, id: str) -> str:
    return anchor(AUDIT, f"{document_of(id)}.html", evidence.claims[id].statement)
