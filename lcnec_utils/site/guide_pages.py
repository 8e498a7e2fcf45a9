"""The project's own pages (docs/*.md) as parts of the site, and how to cite it."""

import re
from html import escape
from pathlib import Path

from lcnec_utils.core import paths
from lcnec_utils.ledger import claims
from lcnec_utils.public.fetch import registry
from lcnec_utils.site.articles import article, facts, scrolled_table, toctree
from lcnec_utils.site.files import write_if_changed

# The gallery of the site takes the place of the one that a repository's viewer shows
LEFT_OUT = {"gallery.md"}
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def guides() -> list[str]:
    """The project's pages that the site takes in, without suffix: how to bring a cohort first."""
    names = sorted(path.stem for path in (paths.ROOT / "docs").glob("*.md") if path.name not in LEFT_OUT)
    return sorted(names, key=lambda name: (name != "cohorts", name))


def with_links(text: str) -> str:
    """A page's Markdown with links that lead somewhere on the site: to other pages and outside as they are, to figures
    where the site has them, to any other file of the repository by its name alone.

    >>> with_links("[twins](twins.md), [a](../figures/twin/fig1a.csv), [p](../params/panels.yaml), [g](gallery.md)")
    '[twins](twins.md), <a href="../figures/twin/fig1a.csv">a</a>, p (`params/panels.yaml`), [g](../index.md)'
    """

    def led(match: re.Match) -> str:
        picture, words, target = match.groups()
        if "://" in target or target.startswith("#"):
            return match[0]
        name, _, anchor = target.partition("#")
        if name in LEFT_OUT:
            return f"[{words}](../index.md)"
        if name.endswith(".md") and "/" not in name:
            return match[0]
        if name.startswith("../figures/"):
            return f'<img src="{name}" alt="{escape(words)}">' if picture else f'<a href="{name}">{escape(words)}</a>'
        return f"{words} (`{name.removeprefix('../')}`)"

    return LINK.sub(led, text)


def _cite() -> str:
    """How to cite the compendium, the papers and the data."""
    import yaml

    cff = yaml.safe_load((paths.ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    authors = ", ".join(author.get("name") or author["family-names"] for author in cff["authors"])
    line = f"{authors}. {cff['title']}, version {cff['version']}. {cff['license']}."
    copied = (
        f'<p class="copied"><code>{escape(line)}</code> <button type="button" class="copy" '
        'aria-label="Copy the citation">Copy</button></p>'
    )
    papers = facts({name: escape(source.reference) for name, source in claims.sources().items()})
    rows = [
        [escape(entry["title"]), escape(entry["citation"]), escape(entry["licence"])]
        for entry in registry()["datasets"].values()
    ]
    parts = [
        ("The compendium", f"<p>{escape(cff['message'])}</p>{copied}"),
        ("The papers", papers),
        ("The data", scrolled_table(["data", "cite", "licence"], rows, "The data")),
        ("A figure", "<p>Each figure has its own line to copy, under <em>Cite, read the table, provenance</em>: it "
                     "names the panel, the run, the patients, and the SHA-256 of the numbers.</p>"),
    ]  # fmt: skip
    return article("How to cite", parts)


def _index() -> str:
    """The list of the project's pages, each by its title."""
    lines = [
        "# Guides",
        "",
        "How the compendium works, for those who bring a cohort, check a method or change the code.",
        "",
    ]
    for name in guides():
        title = (paths.ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        lines.append(f"- [{title}]({name}.md)")
    return "\n".join([*lines, "", toctree(guides()), ""])


def write(source: Path) -> list[str]:
    """The documents written."""
    for name in guides():
        text = (paths.ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        write_if_changed(source / "docs" / f"{name}.md", with_links(text))
    write_if_changed(source / "docs" / "index.md", _index())
    write_if_changed(source / "cite.md", _cite())
    return [*(f"docs/{name}" for name in guides()), "docs/index", "cite"]
