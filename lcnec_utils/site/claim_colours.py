"""Colours of claims on the site, as style variables: the palette's, and on dark paper the same mixed with white."""

from matplotlib.colors import to_hex, to_rgb

from lcnec_utils.plots import palette

DARK_PAPER = "#14181e"  # the theme's
NEEDED = 4.5  # contrast of words on their paper (WCAG 2.1)
# What is published, real cohorts, their summary and simulated patients, as on the figures of replication
KINDS = {
    "published": palette.EMPHASIS,
    "cohort": palette.INK,
    "summary": palette.CYCLE[0],
    "simulated": palette.FAINT,
}
VERDICTS = {
    "equal": palette.CYCLE[0],
    "compatible": palette.CYCLE[0],
    "contradicted": palette.EMPHASIS,
    "inconclusive": palette.FAINT,
    "not computable": palette.FAINT,
}
AUDITS = {
    "consistent": palette.FAINT,
    "rounding": palette.CYCLE[1],
    "inconsistent": palette.EMPHASIS,
    "impossible": palette.EMPHASIS,
    "exponent lost": palette.CYCLE[3],
    "note": palette.FAINT,
}
# A verdict is told by its sign and its word; the colour only helps
SIGNS = {"equal": "=", "compatible": "✓", "contradicted": "✗", "inconclusive": "?", "not computable": "–"}


def readable(color: str, paper: str) -> str:
    """A colour that words can have on this paper: itself, or mixed with white or black until its contrast is 4.5, and
    no less than it is on white.

    >>> from lcnec_utils.plots import palette
    >>> palette.contrast(readable("#222222", DARK_PAPER), DARK_PAPER) >= NEEDED
    True
    """
    ink = "white" if palette.contrast("white", paper) > palette.contrast("black", paper) else "black"
    needed = max(NEEDED, palette.contrast(color)) if paper != "white" else NEEDED
    for tenths in range(11):
        mixed = [(1 - tenths / 10) * one + tenths / 10 * other
                 for one, other in zip(to_rgb(color), to_rgb(ink), strict=True)]  # fmt: skip
        if palette.contrast(to_hex(mixed), paper) >= needed:
            return to_hex(mixed)
    return to_hex(ink)


def name_of(word: str) -> str:
    """A word as the name of a style: `not-computable`."""
    return word.replace(" ", "-")


def style() -> str:
    """The colours as style variables, for light and for dark paper."""
    named = {f"--kind-{name}": color for name, color in KINDS.items()}
    named |= {f"--verdict-{name_of(name)}": color for name, color in VERDICTS.items()}
    named |= {f"--audit-{name_of(name)}": color for name, color in AUDITS.items()}
    papers = {":root": "white", 'html[data-theme="dark"]': DARK_PAPER}
    blocks = [
        f"{selector} {{\n" + "".join(f"  {name}: {readable(color, paper)};\n" for name, color in named.items()) + "}\n"
        for selector, paper in papers.items()
    ]
    return "".join(blocks)
