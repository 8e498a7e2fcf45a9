"""Labels that do not fit: panels without a legend, registry numbers, references, supplements; and their neighbours."""

import pytest

from tests.ledger.printed_claims import claim, said, tabled

HEAD = "kind,seed_line,label,said\n"


def of(tmp_path, *rows: str):
    return tabled(tmp_path, HEAD + "".join(f"{row}\n" for row in rows), claim(value="1"))


def test_a_cited_panel_is_one_of_its_figures_legend(tmp_path):
    drawn = [f"panel described,1,{label}," for label in ("4A", "4B", "5A", "5B", "5C")]
    assert of(tmp_path, *drawn, "panel cited,2,4B,", "panel cited,3,6C,") == [], "of Fig. 6 no legend is known"
    (remark,) = of(tmp_path, *drawn, "panel cited,2,4C,")
    assert (remark.rule, remark.severity, remark.claims) == ("panel_labels", "inconsistent", ())
    assert (
        remark.arithmetic == "Fig. 4C is cited (line 2); the legend of Fig. 4 has A to B"
        and "Fig. 5C" in remark.reconcile
    )
    (remark,) = of(tmp_path, *drawn, "panel cited,2,4C,", "panel cited,3,5C,")
    assert remark.reconcile == "", "5C is cited where it is meant"


@pytest.mark.parametrize(
    ("label", "severity", "way"),
    [
        ("NCT03352934", None, ""),
        ("NCT0283401", "inconsistent", ""),
        ("NCT0372836133", "note", "NCT03728361 with reference 33"),
        ("NCT037283613312", "inconsistent", ""),
    ],
)
def test_a_registry_number_has_eight_digits_or_a_reference_fused_to_it(tmp_path, label, severity, way):
    remarks = of(tmp_path, f"registry,11,{label},")
    assert said(remarks) == ([("registry_length", severity)] if severity else [])
    assert not severity or (way in remarks[0].reconcile and bool(way) == bool(remarks[0].reconcile))


LIST = ["reference,90,30,Boyer 2021", "reference,91,31,Lu 2021", "reference,92,32,de Castro 2021"]


@pytest.mark.parametrize(
    ("label", "words", "severity"),
    [
        ("30", "Boyer 2021", None),
        ("30", "Boyer 2020", "inconsistent"),
        ("31", "Boyer 2021", "inconsistent"),
        ('"31,32"', "Lu 2021", None),  # of several the author named is one
        ('"31,32"', "Lu", None),
        ("31", "Zhou", "inconsistent"),
        ("31", "2020", "note"),  # a year alone may be that of a meeting
        ("99", "Boyer 2020", None),  # not in the list that is known
    ],
)
def test_an_author_and_a_year_are_those_of_the_list(tmp_path, label, words, severity):
    remarks = of(tmp_path, *LIST, f"cited,5,{label},{words}")
    assert said(remarks) == ([("reference_names", severity)] if severity else [])


def test_one_supplementary_table_holds_one_thing(tmp_path):
    first = "supplement,16,Supplementary Table 6,differential expression"
    assert of(tmp_path, first, "supplement,20,Supplementary Table 6,gene expression") == []
    assert of(tmp_path, first, "supplement,62,Supplementary Table 7,correlations") == []
    (remark,) = of(tmp_path, first, "supplement,62,Supplementary Table 6,correlations")
    assert (remark.rule, remark.severity) == ("supplement_numbers", "inconsistent") and "line 62" in remark.arithmetic
