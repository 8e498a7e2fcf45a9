"""Documents of the site's source: MyST pages whose body is HTML, written only where they changed.

Everything that comes from data (a statement, a cohort's name) goes through `escaped` into HTML and through `as_title`
into a heading.
"""

import html
import json
import posixpath
import re
from pathlib import Path

from lcnec_utils.site import files

FENCE = "`" * 12  # longer than any run of backticks in a page's HTML


def escaped(text: object) -> str:
    """A text as it stands inside HTML or an attribute.

    >>> escaped('<script>"a" & b</script>')
    '&lt;script&gt;&quot;a&quot; &amp; b&lt;/script&gt;'
    """
    return html.escape(str(text), quote=True)


def as_title(text: str) -> str:
    """A text as it stands in a MyST heading: nothing in it is markup.

    >>> as_title("p < 0.05 in *all*")
    'p \\\\< 0\\\\.05 in \\\\*all\\\\*'
    """
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


def as_script_data(value: object) -> str:
    """A value as JSON that can stand inside a script element: no text in it can end that element.

    >>> as_script_data({"cohort": "</script>"})
    '{"cohort":"\\\\u003c/script\\\\u003e"}'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(character, code)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def link(document: str, target: str) -> str:
    """The address of a file or page of the site as a page writes it, so that it opens from disk.

    document: the page that links, without suffix. target: from the top of the site, with suffix and anchor.

    >>> link("claims/a", "notebooks/02.html#fig1a"), link("index", "claims/a.html")
    ('../notebooks/02.html#fig1a', 'claims/a.html')
    """
    page, anchor, name = target.partition("#")
    return posixpath.relpath(page, posixpath.dirname(document) or ".") + anchor + name


def anchor(document: str, target: str, text: str, attributes: str = "") -> str:
    """A link from a page of the site to another, its text escaped.

    >>> anchor("claims/a", "audit.html", "p < 0.05")
    '<a href="../audit.html">p &lt; 0.05</a>'
    """
    more = f" {attributes}" if attributes else ""
    return f'<a href="{escaped(link(document, target))}"{more}>{escaped(text)}</a>'


def table(heads: list[str], rows: str, label: str, classes: str = "") -> str:
    """A table with these column heads and rows of HTML, in a frame that scrolls sideways where the screen is narrow.

    label: what the frame is called for whoever does not see it. classes: of the frame.
    """
    columns = "".join(f'<th scope="col">{escaped(head)}</th>' for head in heads)
    return (
        f'<div class="{f"table-frame {classes}".strip()}" tabindex="0" role="region" aria-label="{escaped(label)}">'
        f'<table class="plain-table"><thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def write(source: Path, document: str, title: str, body: str, description: str = "") -> str:
    """Write a page of this title whose body is HTML; returns the document. One that is as it was keeps its time, so
    that Sphinx reads again only what changed. A body may not hold a line of twelve backticks."""
    meta: dict[str, object] = {"orphan": True}
    if description:
        meta["myst"] = {"html_meta": {"description": " ".join(description.split())}}
    # JSON is YAML, and cannot be broken by a colon or a quote in a statement
    head = "\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in meta.items())
    text = f"---\n{head}\n---\n# {as_title(title)}\n\n{FENCE}{{raw}} html\n{body}\n{FENCE}\n"
    files.write_if_changed(source / f"{document}.md", text)
    return document


def remove_others(folder: Path, written: list[str]) -> None:
    """Remove the pages of a folder that are none of these documents: what an earlier build wrote."""
    files.remove_others(folder, [folder / f"{posixpath.basename(document)}.md" for document in written])
