"""Robust or fragile: what a sweep's verdicts come to, and how it is said."""

import itertools

import pandas as pd
import pytest

from lcnec_utils.ledger import robustness

HOLDS, OPEN, AGAINST, NONE = "compatible", "inconclusive", "contradicted", "not computable"


def sweep(verdicts: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"cut": range(5, 5 + len(verdicts)), "verdict": verdicts})


@pytest.mark.parametrize(
    "verdicts, word, first",
    [
        ([HOLDS] * 4, "robust", ""),
        ([HOLDS, "equal", HOLDS, "equal"], "robust", ""),  # both say that the claim holds
        ([HOLDS, HOLDS, OPEN, OPEN], "fragile", "cut = 7"),
        ([HOLDS, NONE, OPEN, HOLDS], "fragile", "cut = 7"),
        ([NONE, AGAINST, AGAINST, NONE], "robust", ""),
        ([NONE, NONE], "", ""),
    ],
)
def test_a_claim_is_robust_where_every_variation_that_answers_it_answers_alike(verdicts, word, first):
    turns = robustness.turns(sweep(verdicts), ["cut"])
    assert (turns.word, turns.first) == (word, first)
    assert turns.variations == sum(verdict != NONE for verdict in verdicts)
    assert turns.not_computable == verdicts.count(NONE)
    assert sum(turns.shares.values()) == pytest.approx(1 if turns.variations else 0)


def test_over_each_key_the_others_are_held_still():
    points = list(itertools.product([1, 2, 3], [10, 20]))
    rows = pd.DataFrame(points, columns=["seed", "cut"])
    # the cut alone decides
    turns = robustness.turns(rows.assign(verdict=rows["cut"].map({10: HOLDS, 20: OPEN})), ["seed", "cut"])
    assert turns.over == {"seed": "robust", "cut": "fragile"} and turns.word == "fragile"
    assert turns.first == "seed = 1; cut = 20"
    # the seed alone decides
    turns = robustness.turns(rows.assign(verdict=rows["seed"].map({1: HOLDS, 2: HOLDS, 3: AGAINST})), ["seed", "cut"])
    assert turns.over == {"seed": "fragile", "cut": "robust"} and turns.first == "seed = 3; cut = 10"


def test_words_say_how_often_and_where():
    turns = robustness.turns(sweep([HOLDS] * 9 + [OPEN]), ["cut"])
    shares = robustness.shares_text(turns.shares)
    said = "fragile (compatible 90%, inconclusive 10%; turns at cut = 14)"
    assert robustness.sweep_words(turns.word, shares, turns.first) == said
    assert robustness.sweep_words("robust", "equal 100%", "") == "robust"


@pytest.mark.parametrize(
    "fewest, words",
    [
        (None, ""),
        (
            {"patients": 1, "by": "removal", "into": "holds", "exact": True, "looked": 1},
            "1 patient (their removal): holds",
        ),
        ({"patients": None, "by": "", "into": "", "exact": False, "looked": 40}, "none found up to 40 patients"),
    ],
)
def test_the_fewest_patients_in_words(fewest, words):
    assert robustness.fewest_words(fewest) == words
