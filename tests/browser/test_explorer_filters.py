"""The claims explorer in a real browser, from disk: its filters do what they say, by keyboard too, and nothing is asked
of another host.

The page's body stands alone here, without the theme. Costs about ten seconds.
"""

import re
from collections import Counter

import pytest

from lcnec_utils.site import explorer
from tests.browser.browsers import browser  # noqa: F401  (a fixture)
from tests.site.pages import clone  # noqa: F401  (a fixture)

COUNT = re.compile(r"([\d,]+) of ([\d,]+)")


@pytest.fixture(scope="module")
def page(browser, clone, tmp_path_factory):  # noqa: F811
    """The explorer, opened from disk; what it asked for and complained of."""
    folder = tmp_path_factory.mktemp("explorer")
    explorer.write(folder, clone)
    path = folder / "claims" / "index.html"
    body = explorer.page(clone)
    path.write_text(f'<!doctype html><html lang="en"><head><meta charset="utf-8"></head><body>{body}</body></html>')
    opened = browser.new_page(viewport={"width": 1200, "height": 900})
    opened.asked, opened.complaints = [], []
    opened.on("request", lambda request: opened.asked.append(request.url))
    opened.on("console", lambda message: opened.complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.goto(path.as_uri())
    opened.wait_for_selector("html[data-claims=ready]", state="attached")
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def cleared(page):
    page.click("#claims-reset")


def shown(page) -> int:
    """How many rows the page says it shows."""
    return int(COUNT.match(page.inner_text("#claims-shown"))[1].replace(",", ""))


def test_it_opens_from_disk_without_a_complaint_or_another_host(page, clone):  # noqa: F811
    assert shown(page) == len(clone.claims)
    assert page.complaints == []
    assert {url.partition(":")[0] for url in page.asked} == {"file"}
    # of a thousand claims only those of the first page are drawn
    assert page.locator("#claims-table tbody tr").count() == 25


def test_each_filter_shows_the_claims_that_it_names(page, clone):  # noqa: F811
    answers = clone.answers
    audits = Counter(clone.audits[id] for id in clone.claims)
    expected = {
        **{("source", name): len(source.claims) for name, source in clone.sources.items()},
        **{("audit", word): number for word, number in audits.items()},
        ("panel", "fig1a"): sum(claim.panel == "fig1a" for claim in clone.claims.values()),
        ("status", "replicated"): int((clone.statuses["status"] == "replicated").sum()),
        ("verdict", "contradicted"): answers.loc[answers["verdict"] == "contradicted", "claim"].nunique(),
        ("origin", "real"): answers.loc[answers["origin"] == "real", "claim"].nunique(),
        ("cohort", "oak"): answers.loc[answers["body"] == "oak", "claim"].nunique(),
    }
    for (name, value), number in expected.items():
        page.click("#claims-reset")
        page.select_option(f"#claims-{name}", value)
        assert shown(page) == number > 0, name
        assert f"{name}={value.replace(' ', '+')}" in page.url


def test_verdict_origin_and_cohort_must_fit_one_answer_together(page, clone):  # noqa: F811
    """In a cohort that answers a claim which only another one contradicts."""
    contradicted = clone.answers[clone.answers["verdict"] == "contradicted"]
    for body in clone.bodies.index:
        both = contradicted[contradicted["body"] == body]
        answered = set(clone.answers.loc[clone.answers["body"] == body, "claim"])
        if 0 < both["claim"].nunique() < len(answered & set(contradicted["claim"])):
            break
    else:
        pytest.fail("no cohort tells one filter at a time from all together")
    page.select_option("#claims-verdict", "contradicted")
    page.select_option("#claims-cohort", body)
    page.select_option("#claims-origin", "real")
    assert shown(page) == both.loc[both["origin"] == "real", "claim"].nunique()
    page.select_option("#claims-origin", "")
    assert shown(page) == both["claim"].nunique()
    page.select_option("#claims-rows", "answers")
    assert shown(page) == len(both)
    chips = page.locator("#answers-table tbody tr").all_inner_texts()
    assert chips and all("contradicted" in text for text in chips)
    page.select_option("#claims-verdict", "not computable")
    assert shown(page) == int((clone.unanswered["body"] == body).sum())


def test_search_and_filters_work_by_keyboard(page, clone):  # noqa: F811
    page.focus("#claims-search")
    page.keyboard.type("impossible-word")
    assert shown(page) == 0
    page.keyboard.press("Control+A")
    page.keyboard.type("chemoimmunotherapy")
    words = [
        claim for claim in clone.claims.values() if "chemoimmunotherapy" in f"{claim.statement} {claim.id}".lower()
    ]
    assert shown(page) >= len(words) > 0
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "claims-source"
    page.keyboard.press("ArrowDown")
    first = next(iter(clone.sources.values()))
    assert page.input_value("#claims-source") == first.source and shown(page) == len(first.claims)


def test_an_address_carries_the_filters(page, clone):  # noqa: F811
    page.evaluate("location.hash = '#panel=fig1c&verdict=equal'")
    page.wait_for_function("document.getElementById('claims-panel').value === 'fig1c'")
    answers = clone.answers
    ids = {claim.id for claim in clone.claims.values() if claim.panel == "fig1c"}
    assert shown(page) == answers.loc[answers["claim"].isin(ids) & (answers["verdict"] == "equal"), "claim"].nunique()
