"""What an answer on a twin rests on: rules on a made-up paper, and every answer of the default run. About 2 s."""

import pandas as pd
import pytest

from lcnec_utils.cohort.model import Cohort
from lcnec_utils.core import paths
from lcnec_utils.core.errors import UserError
from lcnec_utils.ledger import claims, verdicts
from lcnec_utils.twins import build, targets


def claim(name: str, **fields) -> dict:
    given = {"panel": "p", "statement": "a printed figure", "kind": "number", "measure": "count", "scope": "own"}
    return {"id": f"paper.{name}", **given, **fields}


PAPER = claims.Source(
    source="paper",
    seed="",
    reference="",
    claims=[
        claim("men", value="40", quantity="men"),
        claim("women", value="60", quantity="women"),
        claim("all", value="100", quantity="all"),
        claim("all.abstract", value="100", quantity="all"),
        claim("men.legend", value="41", quantity="men"),
        claim("men.text", value="41", quantity="men"),
        claim("difference", measure="difference", value="20"),
        claim("rough", value="70"),
        claim("tested", value="50"),
        claim("positive", measure="percent", unit="percent", k="5", n=["50"], of="paper.tested"),
        claim("cut", measure="threshold", value="10"),
        claim("fewer", kind="direction", measure="expression", direction="less"),
        claim("of_fewer", value="9"),
        claim("unrelated", value="3"),
    ],
    relations=[
        {"type": "sum", "parts": ["paper.men", "paper.women"], "whole": "paper.all"},
        {"type": "derived", "formula": "w - m", "terms": {"w": "paper.women", "m": "paper.men"},
         "equals": "paper.difference"},
        {"type": "derived", "formula": "m + r", "terms": {"m": "paper.men", "r": "paper.rough"},
         "equals": "paper.unrelated"},
        {"type": "derived", "formula": "m + f", "terms": {"m": "paper.men", "f": "paper.of_fewer"},
         "equals": "paper.rough"},
    ],
)  # fmt: skip


@pytest.fixture
def paper(monkeypatch):
    """Targets of the made-up paper; `laws` may be given."""
    monkeypatch.setattr(claims, "sources", lambda: {"paper": PAPER})
    monkeypatch.setattr(claims, "published", lambda: {claim.id: claim for claim in PAPER.claims})

    def with_laws(**laws) -> targets.Targets:
        monkeypatch.setattr(
            targets, "laws", lambda: {"assumed": {}, "planted": {}, "follows": [], "answers": []} | laws
        )
        return targets.Targets("paper")

    return with_laws


def answers(made: targets.Targets) -> dict[str, str]:
    table = made.table()
    return {id.removeprefix("paper."): answer for id, answer in zip(table["claim"], table["answer"], strict=True)}


def test_what_follows_from_calibrated_prints_is_calibrated(paper):
    """The sum of men and women, its restatement, their difference; and the denominator of a share taken as k of n."""
    made = paper()
    for name in ("men", "women", "positive"):
        made.take(name, "patients")
    found = answers(made)
    assert {name for name, origin in found.items() if origin == targets.CALIBRATED} == {
        "men", "women", "positive", "all", "all.abstract", "difference", "tested", "men.legend", "men.text",
    }  # fmt: skip
    assert not {"rough", "of_fewer", "unrelated", "fewer"} & set(found), "one member tuned to gives nothing away"


def test_one_part_of_a_sum_follows_from_the_whole_and_the_others(paper):
    made = paper()
    made.take("men", "men")
    assert "women" not in answers(made)
    made.take("all", "patients")
    assert answers(made)["women"] == "calibrated"


def test_a_planted_part_gives_no_calibrated_whole(paper):
    made = paper()
    made.take("men", "men")
    made.plant("women", "more women")
    assert not {"all", "difference"} & set(answers(made))


def test_an_answer_to_a_print_that_is_not_followed_is_of_the_print_followed_instead(paper):
    against = {"twins": ["t"], "against": ["men.legend"], "why": "40 is followed"}
    made = paper(follows=[against | {"claims": ["men"]}])
    made.take("men", "men")
    made.decline("t")
    table = made.table().set_index("claim")
    for name in ("paper.men.legend", "paper.men.text"):  # the second restates the first
        assert table.loc[name, ["origin", "answer"]].tolist() == ["not followed", "calibrated"]
    made = paper(follows=[against | {"claims": ["fewer"]}])
    made.plant("fewer", "an effect")
    made.decline("t")
    assert answers(made)["men.legend"] == "planted"


def test_a_cut_off_is_answered_by_a_parameter_of_the_run_whatever_was_drawn_to_it(paper):
    made = paper()
    made.take("cut", "tumours above it")
    table = made.table().set_index("claim")
    assert table.loc["paper.cut", ["origin", "answer"]].tolist() == ["calibrated", "parameter"]


def test_the_laws_answers_are_of_their_twin_alone_and_of_no_claim_that_has_an_origin(paper):
    law = {"twins": ["t"], "claims": ["unrelated"], "origin": "by construction", "why": "a definition"}
    made = paper(answers=[law])
    made.decline("t")
    assert answers(made)["unrelated"] == "by construction" == answers(made)["unrelated"], "asked twice, said once"
    made = paper(answers=[law])
    made.decline("another")
    assert "unrelated" not in answers(made)
    made = paper(answers=[law])
    made.take("unrelated", "patients")
    made.decline("t")
    with pytest.raises(UserError, match="paper.unrelated has an origin in t already"):
        made.table()


def full_ids(law: dict) -> list[str]:
    """The ids of a law's claims with their source's name, which the law leaves out."""
    source = claims.sources()[build.SOURCES[law["twins"][0]]]
    return [f"{source.claims[0].id.partition('.')[0]}.{id}" for id in law["claims"]]


def test_every_answer_of_the_laws_is_published_explained_and_given_once():
    known, listed = claims.published(), targets.laws()["answers"]
    named = [id for answer in listed for id in full_ids(answer)]
    assert len(named) == len(set(named)) and set(named) <= set(known)
    for answer in listed:
        assert set(answer) <= {"twins", "claims", "origin", "of", "why"} and len(answer["why"]) > 20
        assert answer["origin"] in targets.ORIGINS
        assert (answer["origin"] == "calibrated") == ("of" in answer), "what is calibrated says to what"


def test_a_cohort_says_the_answers_origin_and_without_that_column_the_targets_own():
    nothing = pd.DataFrame()
    given = {"a": "calibrated", "b": "not followed", "c": "emergent"}
    twin = Cohort("twin", nothing, nothing, origins=given, answer_origins=given | {"b": "planted"})
    assert [twin.origin(id) for id in "abcd"] == ["calibrated", "planted", "emergent", "emergent"]
    assert [Cohort("twin", nothing, nothing, origins=given).origin(id) for id in "ab"] == ["calibrated", "emergent"]
    assert Cohort("real", nothing, nothing).origin("a") == "not stated"


# --- the default run -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def answered() -> pd.Series:
    """Origin by claim of every answer of the default run, from its tracked claims.csv."""
    table = pd.read_csv(paths.ROOT / "figures" / "twin" / "claims.csv", comment="#").set_index("claim")
    return table.loc[table["twin: verdict"].isin(verdicts.ANSWERS), "twin: origin"]


def test_every_answer_on_the_twins_has_one_of_six_origins(answered):
    assert set(answered) <= set(targets.ORIGINS) and len(answered) > 300


def test_no_answer_is_emergent_for_want_of_a_reason(answered):
    """Each emergent answer stands in the laws with its reason, and each that stands there is emergent."""
    reasoned = {id for law in targets.laws()["answers"] if law["origin"] == "emergent" for id in full_ids(law)}
    assert set(answered[answered == "emergent"].index) == reasoned


def test_the_readme_counts_the_answers_by_origin(answered):
    counts = answered.value_counts()
    words = {
        "calibrated": "calibrated", "planted": "planted", "parameter": "parameters", "by construction":
        "by construction", "assumed": "assumed", "emergent": "emergent",
    }  # fmt: skip
    listed = ", ".join(f"{counts.get(name, 0)} {word}" for name, word in words.items())
    text = " ".join((paths.ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"{len(answered)} answers on the twins: {listed}" in text
