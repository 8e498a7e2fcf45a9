"""Labels read from a text, and the tables of labels that stand beside the claims: those of the sources' texts."""

import re

import pytest

from lcnec_utils.ledger import claims, texts

SOURCES = claims.sources()


def of(text: str, kind: str) -> list[tuple[str, str]]:
    return [(row["label"], row["said"]) for row in texts.labels(text) if row["kind"] == kind]


@pytest.mark.parametrize(
    ("legend", "letters"),
    [
        ("ASurvival of all.BSurvival by regimen. CD8 and DNA.", "AB"),
        (
            "Kaplan–Meier analysis ofAoverall survival in Cohort 1,BOS in Cohort 2, andCprogression-free survival.",
            "ABC",
        ),
        ("AHeatmap. P < 0.05.BBar plot of two tumours (C). 20× magnification.", "ABC"),
        ("ATP and BRCA1 were measured in A549 cells.", ""),
        ("Among these, FGL-1 and SPINK1 (Fig. 1A, B) were higher.", ""),
        ("AHeatmap.CThe letter B is left out.", ""),
    ],
)
def test_the_panels_of_a_legend_run_from_a_without_a_gap(legend, letters):
    assert texts.panels_of_legend(legend) == letters


def test_panels_are_cited_with_lists_and_ranges_and_not_those_of_a_supplement():
    text = "It fell (Fig. 1A, B; Figs. 2a–c) and rose (Fig.4H, Supplementary Fig. 5A; Extended Data Fig. 6b; Fig. 7)."
    assert [label for label, _ in of(text, "panel cited")] == ["1A", "1B", "2A", "2B", "2C", "4H"]


def test_registry_numbers_are_read_with_all_their_digits():
    assert [label for label, _ in of("(NCT03352934,NCT0372836133, NCT0283401)", "registry")] == [
        "NCT03352934", "NCT0372836133", "NCT0283401",
    ]  # fmt: skip


REVIEW = """Rittmeyer et al. ^[2] 2019 reported it. In 2021, they met again^[1]. Lee *et al.* saw it too^[1,3].
Lee *et al.* saw much. Others did not^[2].
REFERENCES
1. Lee CK, Man J. A title of 2011. *J Thorac Oncol* 2017;12:403-7.
2. Rittmeyer A, Barlesi F, et al. Atezolizumab
versus docetaxel. *Lancet* 2017;389:255-65.
3. de Castro G Jr, Kudaba I. Another. *Cancer* 2023;9:1.
"""


def test_references_have_a_first_author_and_a_year_over_however_many_lines():
    assert of(REVIEW, "reference") == [("1", "Lee 2017"), ("2", "Rittmeyer 2017"), ("3", "de Castro 2023")]
    assert of(REVIEW, "cited") == [("2", "Rittmeyer 2019"), ("1,3", "Lee"), ("1", "2021")]


def test_a_supplement_holds_what_the_text_says_it_holds():
    text = (
        "Supplementary Tables 6 – 8 provide the differential expression of all genes. Correlations between genes are "
        "available in Supplementary Table 6 . They used the antibodies listed in Supplementary Table 13. "
        "Expression was measured (Supplementary Table 4)."
    )
    assert sorted(of(text, "supplement")) == [
        ("Supplementary Table 13", "antibodies"),
        ("Supplementary Table 6", "correlations"),
        *((f"Supplementary Table {n}", "differential expression") for n in (6, 7, 8)),
    ]


def label_tables(source: claims.Source) -> list[dict[str, str]]:
    rows = [row for table in source.tables for row in claims.table_rows(table)]
    return [row for row in rows if set(texts.COLUMNS) == set(row)]


@pytest.mark.parametrize("name", list(SOURCES))
def test_the_labels_beside_the_claims_are_those_of_the_text(name, sources_dir):
    """Each label table is what is read of the text; a source without one has no label."""
    text = (sources_dir / SOURCES[name].seed).read_text(encoding="utf-8")
    assert label_tables(SOURCES[name]) == texts.labels(text)


def test_flags_that_the_audit_reads_stand_in_the_text(sources_dir):
    """A threshold's accordance, dates, words and panels as cited: each on the line of its claim."""
    seen = set()
    months = ["January", "February", "March"]
    for source in SOURCES.values():
        lines = (sources_dir / source.seed).read_text(encoding="utf-8").split("\n")
        for claim in source.claims:
            line = lines[claim.line - 1] if claim.line else ""
            for name, _, value in (flag.partition(":") for flag in claim.flags):
                if name == "accords":
                    assert re.search(rf"in accordance with the {value}\b", line), claim.id
                elif name in ("from", "until"):
                    year, month, _ = value.split("-")
                    assert f"{int(month)}/{year}" in line or f"{months[int(month) - 1]} 1" in line and year in line
                elif name == "panel_cited":
                    assert f"Fig.{value.removeprefix('fig').upper()}" in line, claim.id
                elif name == "says":
                    assert all(word in line for word in re.findall(r"HDX\d|I+B?-IIIa|UK", value)), claim.id
                else:
                    continue
                seen.add(name)
    assert seen == {"accords", "from", "until", "panel_cited", "says"}
