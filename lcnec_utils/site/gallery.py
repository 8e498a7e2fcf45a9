"""The home page: three lines, one figure of real patients, and the gallery, a card per panel with a picture of it."""

import io
from html import escape
from pathlib import Path

from lcnec_utils.core import formats, provenance
from lcnec_utils.ledger import claims
from lcnec_utils.site.documents import FENCE
from lcnec_utils.site.drawings import Drawing, Drawn
from lcnec_utils.site.files import remove_others, write_if_changed
from lcnec_utils.site.notebook_pages import title_of
from lcnec_utils.site.panel_block import answers_of, caption_of, chip, file_of, picture_width, source_of, verdict_counts

THUMB_PIXELS = 400  # wide
LEAD_NOTEBOOK = "15_replication"


def thumb(picture: bytes) -> bytes:
    """A small PNG of a picture."""
    from PIL import Image

    large = Image.open(io.BytesIO(picture)).convert("RGB")
    if large.width > THUMB_PIXELS:
        height = round(large.height * THUMB_PIXELS / large.width)
        large = large.resize((THUMB_PIXELS, height), Image.Resampling.LANCZOS)
    small = io.BytesIO()
    large.quantize(48, method=Image.Quantize.MEDIANCUT, dither=0).save(small, "PNG", optimize=True)
    return small.getvalue()


def thumbs(html: Path, drawn: Drawn) -> dict[str, str]:
    """Where the small picture of each panel's first drawing lies on the site, by panel.

    It is made of the PNG, else of the picture that the notebook holds; where there is neither, the page shows the SVG.
    Its name holds the digest of what it was made of, so that it is made once.
    """
    places = {}
    for id, made in drawn.drawings.items():
        picture = b"" if not made else made[0].files["png"].read_bytes() if "png" in made[0].files else made[0].screen
        if picture:
            places[id] = f"thumbs/{id}.{provenance.of_bytes(picture)[:8]}.png"
            if not (html / places[id]).exists():
                write_if_changed(html / places[id], thumb(picture))
    remove_others(html / "thumbs", [html / place for place in places.values()])
    return places


def lead(drawn: Drawn) -> Drawing | None:
    """The figure of the home page: the first panel of the notebook that brings all runs together, of real patients."""
    return next((d for made in drawn.of_notebook(LEAD_NOTEBOOK).values() for d in made if not d.simulated), None)


def _lead(drawing: Drawing) -> str:
    width, height = picture_width(drawing.files["svg"])
    return (
        f'<figure class="lead"><a class="picture" href="{file_of(drawing, "svg")}"><img class="dark-light" '
        f'src="{file_of(drawing, "svg")}" alt="{escape(drawing.words)}" width="{width}" height="{height}" '
        f'style="--own: {width}px"></a><figcaption>{caption_of(drawing)} '
        f'<a href="notebooks/{drawing.entry["notebook"]}.html#{drawing.panel}">The panel</a>, '
        f'<a href="{file_of(drawing, "csv")}">its numbers</a>.</figcaption></figure>'
    )


def card(drawing: Drawing, others: list[Drawing], answers: dict[str, list[dict]], place: str) -> str:
    """A panel's card: the picture of its first drawing, what it shows, n, source, files, verdicts and the other runs.

    place: where the small picture lies; the SVG where there is none.
    """
    page = f"notebooks/{drawing.entry['notebook']}.html"
    counts = verdict_counts(answers_of(drawing, answers))
    chips = " ".join(chip(word, number) for word, number in counts.items()) or '<span class="faint">no claim</span>'
    runs = ", ".join(
        f'<a href="{page}#{other.panel}--{escape(other.run)}">{escape(other.label)}</a>' for other in others
    )
    files = " ".join(
        f'<a href="{file_of(drawing, kind)}" aria-label="{kind.upper()} of {escape(drawing.entry["title"])}">'
        f"{kind.upper()}</a>"
        for kind in ("csv", "svg", "png") if kind in drawing.files
    )  # fmt: skip
    kind = "simulated" if drawing.simulated else "prints" if drawing.of_prints else "real"
    mark = {"simulated": "simulated", "prints": "published figures", "real": "real patients"}[kind]
    return (
        f'<article class="card-panel" data-panel="{drawing.panel}" data-kind="{kind}">'
        f'<a class="thumb" tabindex="-1" aria-hidden="true" href="{page}#{drawing.panel}"><img class="dark-light" '
        f'src="{place or file_of(drawing, "svg")}" alt="" loading="lazy" width="400" height="300"></a>'
        f'<h4><a href="{page}#{drawing.panel}">{escape(drawing.entry["title"])}</a></h4>'
        f'<p class="of"><span class="kind kind-{kind}">{mark}</span> {escape(drawing.label)}</p>'
        f'<details><summary>What it shows</summary><p class="caption">{caption_of(drawing)}</p></details>'
        f'<dl class="facts"><dt>n</dt><dd class="n">{escape(drawing.n)}</dd><dt>Source</dt>'
        f'<dd class="source">{escape(source_of(drawing.entry))}</dd><dt>Claims</dt><dd>{chips}</dd>'
        f'<dt>Files</dt><dd class="files">{files}</dd>{f"<dt>Also</dt><dd>{runs}</dd>" if runs else ""}</dl></article>'
    )


def _of_notebooks(drawn: Drawn, answers: dict[str, list[dict]], places: dict[str, str]) -> str:
    """The cards of every notebook under its question."""
    parts = []
    for notebook in dict.fromkeys(entry["notebook"] for entry in drawn.panels.values()):
        panels = {id: made for id, made in drawn.of_notebook(notebook).items() if made}
        if panels:
            cards = "".join(card(m[0], m[1:], answers, places.get(id, "")) for id, m in panels.items())
            parts.append((notebook, cards))
    return "".join(
        f'<section aria-labelledby="of-{notebook}"><h3 id="of-{notebook}"><a href="notebooks/{notebook}.html">'
        f'{escape(title_of(notebook))}</a></h3><div class="cards">{cards}</div></section>'
        for notebook, cards in sorted(parts)
    )


FILTER = (
    '<fieldset class="gallery-filter" hidden><legend>Show</legend>'
    '<label><input type="radio" name="kind" value="" checked> every panel</label> '
    '<label><input type="radio" name="kind" value="real"> real patients</label> '
    '<label><input type="radio" name="kind" value="simulated"> simulated patients</label> '
    '<label><input type="radio" name="kind" value="prints"> published figures</label> '
    '<span class="shown" role="status"></span></fieldset>'
)


def write(
    source: Path,
    drawn: Drawn,
    answers: dict[str, list[dict]],
    places: dict[str, str],
    navigation: list[str],
    real: int,
) -> list[str]:
    """The home page's document.

    answers: as `answers_by_panel` gives them. places: as `thumbs` gives them. navigation: the documents of the bar
    above every page, as lines of a toctree. real: how many bodies of evidence are of real patients.
    """
    first = lead(drawn)
    figure = _lead(first) if first else ""
    missing = (
        f'<p class="page-note">The sentences of {formats.listed(drawn.without_words)} are not here: they are computed '
        "with the runs (<code>make figures</code>).</p>" if drawn.without_words else ""
    )  # fmt: skip
    lines = [
        f"{len(claims.published())} printed figures of {formats.count(len(claims.sources()), 'paper')} on cancer, each "
        "checked by its own arithmetic and put to patients.",
        f"{formats.count(sum(map(bool, drawn.drawings.values())), 'panel')} from {len(drawn.runs)} runs: "
        f"{formats.count(real, 'body', 'bodies')} of evidence of real patients, of whom only aggregates are shown, and "
        "simulated twins of the study's own.",
        "Every figure leads to its numbers, its code and the claims that it answers.",
    ]
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    toc = "\n".join(["```{toctree}", ":hidden:", "", *navigation, "```"])
    text = (
        "---\nhtml_theme.sidebar_secondary.remove: true\n---\n# LCNEC compendium\n\n"
        f'{FENCE}{{raw}} html\n<div class="home"><div class="three-lines">{body}</div>{figure}{missing}'
        f'<h2 id="gallery">Gallery</h2>{FILTER}{_of_notebooks(drawn, answers, places)}</div>\n{FENCE}\n\n{toc}\n'
    )
    write_if_changed(source / "index.md", text)
    return ["index"]
