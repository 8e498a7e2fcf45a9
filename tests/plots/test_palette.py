"""Colours: one per name, told apart by all eyes and in grey, and seen on white paper."""

import itertools

import pytest

from lcnec_utils.core.errors import MissingData
from lcnec_utils.plots import palette

# names that stand side by side in a figure
TOGETHER = {
    "genomic subtypes": list(palette.SUBTYPE),
    "subtypes and SCLC": ["NSCLC-like", "SCLC-like", "Unclassified", "SCLC"],
    "refined subtypes": ["NSCLC-like", "SCLC-like", *palette.REFINED],
    "tumours": list(palette.TUMOUR),
    "regimens": list(palette.REGIMEN)[:3],
    "transcription factors": list(palette.FACTOR),
    "clusters": list(palette.CLUSTER),
    "types": list(palette.TYPE),
    "ways": ["as worded", "no leakage", "where sure"],
    "carriers": list(palette.CARRIER),
    "levels": ["high", "low"],
    "alterations": list(palette.ALTERATION),
    "sexes": list(palette.SEX),
    "sites": list(palette.SITE),
    "responses": list(palette.RESPONSE),
    "organs": list(palette.ORGAN),
    "classes of resistance": list(palette.RESISTANCE),
    "an unknown subtype": ["SCLC-like", "subtype unknown"],
    "other regimens": ["chemotherapy", "chemoimmunotherapy", "immunotherapy", "targeted therapy", "other"],
    "names of nobody's": [f"group {i}" for i in range(len(palette.CYCLE))],
}


@pytest.mark.parametrize("names", TOGETHER.values(), ids=TOGETHER)
def test_no_two_names_of_a_figure_look_alike_to_any_eyes_or_in_grey(names):
    """Normal sight, protanopia, deuteranopia and tritanopia, and a grey print."""
    given = palette.colors(names)
    assert list(given) == names
    for one, other in itertools.combinations(given, 2):
        assert palette.apart(given[one], given[other]) >= palette.APART, (one, other)
        assert palette.grey(given[one], given[other]) >= palette.GREY, (one, other)


def test_more_names_than_the_cycle_still_get_a_colour_each():
    names = [f"group {i}" for i in range(len(palette.SHADES))]
    assert len(set(palette.colors(names).values())) == len(names)
    with pytest.raises(MissingData, match="more than a figure can tell apart"):
        palette.colors([*names, "one more"])


def test_a_name_has_its_colour_in_every_figure():
    for name in ("SCLC-like", "chemotherapy", "ASCL1"):
        assert palette.colors([name, "another"])[name] == palette.colors(["one", name])[name] == palette.NAMED[name]


def test_contrast_is_that_of_wcag():
    """Black on white is 21, and the grey #767676 the lightest that words may have, 4.54 (WebAIM's own example)."""
    assert palette.contrast("black") == pytest.approx(21)
    assert palette.contrast("#767676") == pytest.approx(4.54, abs=0.005)
    assert palette.contrast("#E69F00") == pytest.approx(2.25, abs=0.01)


def test_colours_are_seen_on_white_paper_and_words_are_read():
    for name in {**palette.NAMED, **{color: color for color in palette.CYCLE}}:
        if name not in palette.NUCLEUS:  # those are marks on pictures
            assert palette.contrast(palette.NAMED.get(name, name)) >= 3, name
        assert palette.contrast(palette.ink(palette.NAMED.get(name, name))) >= 4.5, name
    assert palette.contrast(palette.FAINT) >= 4.5 and palette.contrast(palette.EMPHASIS) >= 4.5
