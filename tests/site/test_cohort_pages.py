"""A page per body of evidence says licence, citation, limits and answers. A few seconds."""

import pytest

from lcnec_utils.public.fetch import registry
from lcnec_utils.site import cohort_pages, drawings
from tests.site.pages import clone  # noqa: F401  (a fixture)


@pytest.fixture(scope="module")
def cohorts(clone, tmp_path_factory):  # noqa: F811
    """The pages of cohorts by name, as a fresh clone has them."""
    folder = tmp_path_factory.mktemp("cohorts")
    written = cohort_pages.write(folder, drawings.gather(), clone)
    return {document.removeprefix("cohorts/"): (folder / f"{document}.md").read_text() for document in written}


def test_every_registered_cohort_stands_on_the_page_of_its_body_with_licence_citation_and_caveats(cohorts):
    for name, entry in registry()["cohorts"].items():
        page = cohorts[entry.get("body", name)]
        dataset = registry()["datasets"][entry["dataset"]]
        assert f'id="{name}"' in page
        for words in (dataset["licence"], entry.get("citation", dataset["citation"])):
            assert words.partition("'")[0].partition("&")[0] in page, name
        assert all(f"<strong>{topic}</strong>" in page for topic in entry.get("caveats", {}))


def test_a_cohort_page_counts_what_the_ledger_answers(cohorts, clone):  # noqa: F811
    answered = int((clone.answers["body"] == "msk_met_lcnec").sum())
    assert answered > 0
    assert f"{answered} claims of {len(clone.claims)}" in cohorts["msk_met_lcnec"]
    assert cohorts["msk_met_lcnec"].count("../claims/") == answered
    assert "summarises the source&#x27;s own patients" in cohorts["msk_met_lcnec"]


def test_the_twins_page_says_that_nobody_in_it_exists(cohorts):
    assert "No patient in them exists" in cohorts["twin"] and "twin_cohort_1" in cohorts["twin"]
    assert "Real patients" not in cohorts["twin"]
