"""A page per body of evidence: what the cohort is, its licence and citation, what it can answer and what it cannot.

From the registry of public data, the params files and the ledger. No folder of patients is opened: of a cohort of one's
own the page has its name, its panels and its answers.
"""

from html import escape
from pathlib import Path

from lcnec_utils.core import formats, params
from lcnec_utils.core.errors import UserError
from lcnec_utils.ledger import verdicts
from lcnec_utils.public.fetch import registry
from lcnec_utils.run import runs
from lcnec_utils.site.articles import article, facts, scrolled_table, toctree
from lcnec_utils.site.drawings import DEFAULT_RUN, Drawn, body_of, page_of_body
from lcnec_utils.site.evidence import Evidence
from lcnec_utils.site.files import write_if_changed
from lcnec_utils.site.panel_block import chip
from lcnec_utils.twins import build as twins

SIMULATED = (
    "Simulated patients, drawn from what the papers print. No patient in them exists. What agrees with the paper was "
    "tuned to it; agreement proves the pipeline only."
)


def cohorts_of_bodies(drawn: Drawn, evidence: Evidence) -> dict[str, list[str]]:
    """The cohorts of each body of evidence: all of the registry, the twins, and those of one's own runs."""
    names = [*registry()["cohorts"], *twins.names()]
    names += [name for d in drawn.each() for name in d.cohorts.values() if not twins.is_twin(name)]
    bodies: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        bodies.setdefault(body_of(name), []).append(name)
    for body in evidence.bodies.index:
        bodies.setdefault(body, [])
    return bodies


def cohorts_by_run() -> dict[str, dict[str, str]]:
    """The cohort of each role that the runs of params/ name, by run."""
    named = {}
    for file in runs.shipped():
        try:
            run = params.read_run(file)
        except UserError:
            continue  # a params file of one's own that cannot be read is refused when it is run
        named[run.run] = {role: name for role in params.ROLES if (name := getattr(run, role))}
    return named


def study_of(name: str) -> dict:
    """What is said of a cohort, as in its cohort.yaml: name, source, licence, citation, caveats, notes."""
    entry = registry()["cohorts"].get(name)
    if entry is None:
        return {"name": twins.TITLES.get(name, name), "simulated": twins.is_twin(name)}
    dataset = registry()["datasets"][entry["dataset"]]
    return {
        "name": entry["title"],
        "source": dataset["title"],
        "licence": dataset["licence"],
        "citation": entry.get("citation", dataset["citation"]),
        "url": dataset.get("base_url", ""),
        "caveats": dataset.get("caveats", {}) | entry.get("caveats", {}),
        **{field: entry[field] for field in ("overlap_group", "stands_for") if field in entry},
    }


def _study(name: str) -> str:
    study = study_of(name)
    caveats = "".join(
        f"<li><strong>{escape(topic)}</strong>: {escape(sentence)}</li>"
        for topic, sentence in study.get("caveats", {}).items()
    )
    url = study.get("url", "")
    named = facts({
        "What it is": escape(study.get("source", "")),
        "Licence": escape(study.get("licence", "")),
        "Cite": escape(study.get("citation", "")),
        "Source": f'<a href="{escape(url)}">{escape(url)}</a>' if url else "",
        "Patients of": escape(study.get("stands_for", "")),
        "May share patients with": escape(_sharing(name, study.get("overlap_group", ""))),
        "Build it": f"<code>.venv/bin/lcnec cohort build {escape(name)}</code>"
                    if name in registry()["cohorts"] or twins.is_twin(name) else "",
    })  # fmt: skip
    limits = f"<h4>What it cannot say</h4><ul>{caveats}</ul>" if caveats else ""
    title = f"<h3>{escape(study['name'])} <code>{escape(name)}</code></h3>"
    return f'<section id="{escape(name)}">{title}{named}{limits}</section>'


def _sharing(name: str, group: str) -> str:
    """The other bodies of an overlap group: they are no independent evidence."""
    others = [
        entry["title"] for other, entry in registry()["cohorts"].items()
        if group and entry.get("overlap_group") == group and body_of(other) != body_of(name)
    ]  # fmt: skip
    return formats.listed(list(dict.fromkeys(others)))


def _answers(body: str, evidence: Evidence) -> list[tuple[str, str]]:
    """What a body answers, claim by claim, and why it does not answer the rest: two parts of its page."""
    answers = evidence.answers[evidence.answers["body"] == body]
    rest = evidence.unanswered[evidence.unanswered["body"] == body]
    if not len(answers) and not len(rest):
        return [("What it answers", "<p>No run here has put a claim to it.</p>")]
    counts = answers["verdict"].value_counts()
    chips = " ".join(chip(word, int(counts[word])) for word in verdicts.ANSWERS if word in counts)
    rows = [
        [
            f'<a href="../claims/{row.claim}.html">{escape(evidence.claims[row.claim].statement)}</a>',
            chip(row.verdict), escape(row.found), escape(row.caveats),
        ]
        for row in answers.itertuples()
    ]  # fmt: skip
    head = ["the source says", "verdict", "found", "caveats"]
    table = scrolled_table(head, rows, "What it answers") if rows else ""
    reasons = rest["reason"].value_counts()
    why = "".join(f"<li>{escape(reason)}: {formats.count(int(n), 'claim')}</li>" for reason, n in reasons.items())
    of = f"{formats.count(len(answers), 'claim')} of {len(evidence.claims)}"
    return [
        ("What it answers", f"<p>{of}. {chips}</p>{table}"),
        ("What it cannot answer", f"<p>{formats.count(len(rest), 'claim')}, by the reason:</p><ul>{why}</ul>"),
    ]


def _page(
    body: str, names: list[str], drawn: Drawn, evidence: Evidence, by_run: dict[str, dict[str, str]]
) -> list[tuple[str, str]]:
    """The parts of a body's page. by_run: as `cohorts_by_run` gives them."""
    mark = f'<p class="simulated">{SIMULATED}</p>' if body == DEFAULT_RUN else ""
    links = ", ".join(
        f'<a href="../notebooks/{d.entry["notebook"]}.html#{d.panel}--{escape(d.run)}">{escape(d.entry["title"])}</a>'
        for d in drawn.each()
        if body in d.bodies
    )
    taken = {run: [role for role, name in cohorts.items() if name in names] for run, cohorts in by_run.items()}
    in_runs = "; ".join(
        f"<code>params/{escape(run)}.yaml</code> ({escape(formats.listed(roles))})"
        for run, roles in taken.items()
        if roles
    )
    studies = "".join(_study(name) for name in names) or "<p>A cohort of one's own; its folder is not read here.</p>"
    return [
        ("", mark) if mark else ("", "<p>Real patients; the site holds aggregates of them only.</p>"),
        ("What it is", f"{studies}{facts({'Runs': in_runs, 'Panels': links})}"),
        *_answers(body, evidence),
    ]


def label_of(body: str, names: list[str], evidence: Evidence) -> str:
    """What a body of evidence is called: as the ledger calls it, else its first cohort's title."""
    if body in evidence.bodies.index or not names:
        return evidence.label(body)
    return study_of(names[0])["name"]


def write(source: Path, drawn: Drawn, evidence: Evidence) -> list[str]:
    """The documents written: one per body of evidence, and their index. A cohort whose body has another name stands on
    the page of its body."""
    written, rows, by_run = [], [], cohorts_by_run()
    for body, names in cohorts_of_bodies(drawn, evidence).items():
        label = label_of(body, names, evidence)
        text = article(label, _page(body, names, drawn, evidence, by_run))
        document = page_of_body(body)
        write_if_changed(source / f"{document}.md", text)
        written.append(document)
        simulated = body == DEFAULT_RUN
        rows.append([
            f'<a href="{document.removeprefix("cohorts/")}.html">{escape(label)}</a>', f"<code>{escape(body)}</code>",
            "simulated" if simulated else "real", str(int((evidence.answers["body"] == body).sum())),
            escape(study_of(names[0]).get("licence", "") if names and not simulated else ""),
        ])  # fmt: skip
    head = ["cohort", "name", "patients", "claims answered", "licence"]
    text = (
        "<p>Each body of evidence: what it is, and what it can and cannot answer. Of real patients the site holds "
        f"aggregates only.</p>{scrolled_table(head, rows, 'Cohorts')}"
    )
    contents = toctree([document.removeprefix("cohorts/") for document in written])
    write_if_changed(source / "cohorts" / "index.md", article("Cohorts", [("", text)], contents))
    return [*written, "cohorts/index"]
