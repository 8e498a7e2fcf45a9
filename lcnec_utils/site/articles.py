"""Articles: pages of several headings, which the list "on this page" shows, with HTML under each."""

import json
from html import escape

from lcnec_utils.site.documents import FENCE, as_title


def article(title: str, parts: list[tuple[str, str]], more: str = "", **front: object) -> str:
    """A page as MyST: a title, and under each heading its HTML; a heading may be empty, for what stands first.

    more: MyST that follows, such as a toctree. front: fields of the page's front matter.

    >>> print(article("Title", [("", "<p>first</p>"), ("Part", "<p>second</p>")]).replace(FENCE, "FENCE"))
    # Title
    <BLANKLINE>
    FENCE{raw} html
    <p>first</p>
    FENCE
    <BLANKLINE>
    ## Part
    <BLANKLINE>
    FENCE{raw} html
    <p>second</p>
    FENCE
    <BLANKLINE>
    """
    head = "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in front.items())
    text = f"---\n{head}---\n" if head else ""
    text += f"# {as_title(title)}\n"
    for heading, html in parts:
        text += f"\n## {as_title(heading)}\n" if heading else ""
        text += f"\n{FENCE}{{raw}} html\n{html}\n{FENCE}\n"
    return text + (f"\n{more}\n" if more else "")


def toctree(documents: list[str], hidden: bool = True) -> str:
    """A table of contents over these documents, as MyST."""
    return "\n".join(["```{toctree}", *([":hidden:"] if hidden else []), "", *documents, "```"])


def scrolled_table(head: list[str], rows: list[list[str]], label: str) -> str:
    """A table of HTML cells that scrolls where it is wide, by keyboard too."""
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label)}"><table><thead><tr>{titles}</tr>'
        f"</thead><tbody>{cells}</tbody></table></div>"
    )


def facts(rows: dict[str, str]) -> str:
    """Named values, of HTML; those without a value are left out."""
    shown = "".join(f"<dt>{escape(name)}</dt><dd>{value}</dd>" for name, value in rows.items() if value)
    return f'<dl class="facts">{shown}</dl>'
