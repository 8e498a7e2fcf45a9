"""Words against the figures they speak of (higher, alike, third, as in a trial, since): each slip and its neighbour."""

import pytest
from scipy import stats

from tests.ledger.printed_claims import claim, found, percent, said, tabled


def arm(group: str, k: str, n: str, value: str, **fields) -> dict:
    return percent(group, groups=[group], k=k, n=[n], value=value, **fields)


def called(direction: str, **fields) -> dict:
    return claim("w", kind="effect", measure="difference", groups=["a", "b"], direction=direction, **fields)


@pytest.mark.parametrize(
    ("direction", "one", "two", "remarked"),
    [("less", "76.7", "47", True), ("less", "47", "76.7", False), ("greater", "8.3", "8.3", True)],
)
def test_a_group_called_lower_prints_the_lower_figure(direction, one, two, remarked):
    figures = [percent("a", groups=["a"], value=one), percent("b", groups=["b"], value=two)]
    expected = [("direction_and_figures", "inconsistent")] if remarked else []
    assert said(found(*figures, called(direction))) == expected


def test_a_direction_is_held_against_one_figure_of_its_own_panel_and_unit_only():
    figures = [percent("a", groups=["a"], value="10"), percent("b", groups=["b"], value="20")]
    assert found(*figures, called("greater", panel="q")) == []
    assert found(*figures, called("greater", unit="months")) == []
    assert found(*figures, percent("c", groups=["a"], value="30"), called("greater")) == [], "which of two is meant?"
    assert found(*figures, {**called("greater"), "measure": "hazard_ratio"}) == [], "a hazard is no median"


def test_counts_that_chance_explains_are_noted_where_no_test_is_printed():
    few = [arm("a", "1", "2", "50"), arm("b", "0", "1", "0")]
    (remark,) = found(*few, called("greater"))
    assert (remark.rule, remark.severity) == (
        "direction_and_figures",
        "note",
    ) and "1/2 against 0/1" in remark.arithmetic
    assert stats.fisher_exact([[40, 10], [10, 40]]).pvalue < 1e-6
    assert found(arm("a", "40", "50", "80"), arm("b", "10", "50", "20"), called("greater")) == []
    assert found(*few, called("greater", flags=["paired"])) == []


def alike(flag: str, groups: tuple = ("a", "b"), margin: str = "0.15", **fields) -> dict:
    return claim("w", kind="null_effect", measure="percent", groups=[*groups], margin=margin, flags=[flag], **fields)


def test_groups_called_alike_lie_within_the_margin_over_all_that_the_word_ranges_over():
    near = [arm("a", "50", "100", "50", panel="s"), arm("b", "55", "100", "55", panel="s")]
    far = [
        arm(name, k, n, value, panel="s") | {"id": f"x.{name}2"}
        for name, k, n, value in (("a", "26", "100", "26"), ("b", "0", "14", "0"))
    ]
    assert found(*near, alike("over:s")) == []
    (remark,) = found(*near, *far, alike("over:s"))
    assert (remark.rule, remark.severity) == ("alike", "note") and "26 points apart, margin 15" in remark.arithmetic
    assert remark.reconcile == "chance: the smallest group has 14 patients" and set(remark.claims) == {
        "x.a2",
        "x.b2",
        "x.w",
    }
    assert found(*near, *far, alike("over:t")) == [], "another panel"
    assert found(*near, *far, alike("")) == [], "a word that ranges over nothing"


def test_two_cohorts_called_alike_are_compared_group_by_group():
    def median(panel: str, value: str) -> dict:
        return claim(panel, panel=panel, measure="median", unit="months", groups=["drug"], value=value, n=["12"])

    word = alike("over:s|t", groups=("Cohort 1", "Cohort 2"), margin="1.5")
    assert found(median("s", "12"), median("t", "17.6"), word) == []  # 1.47
    (remark,) = found(median("s", "13.6"), median("t", "21.7"), word)
    assert "a ratio of 1.60, margin 1.5" in remark.arithmetic


def test_two_groups_are_put_above_a_third():
    third = claim("r", measure="rank", groups=["a"], flags=["word_number:3"])
    above = [claim(g, kind="direction", measure="expression", groups=[g, "a"]) for g in ("b", "c", "d")]
    assert found(third, *above[:2]) == found(third) == []
    assert said(found(third, *above)) == said(found(third, above[0])) == [("ranks", "inconsistent")]


def test_what_is_said_of_a_set_of_genes_is_not_denied_of_one():
    given = {"kind": "direction", "measure": "expression", "groups": ["late", "early"]}
    whole = claim("s", flags=["set:checkpoints"], **given) | {"direction": "less"}
    one = claim("m", flags=["in:checkpoints"], **given)
    assert said(found(whole, one)) == [("sets_and_members", "inconsistent")]
    assert found(whole, one | {"direction": "less"}) == []
    assert found(whole, one | {"panel": "q"}) == found(whole, one | {"flags": ["in:cytokines"]}) == []


TRIALS = "trial,measure,bound,value,unit,reference\nTRIAL-1,burden,≥,10,per_mb,Someone 2020\n"


@pytest.mark.parametrize(
    ("value", "unit", "trial", "remarked"),
    [
        ("19", "per_mb", "TRIAL-1", True),
        ("10", "per_mb", "TRIAL-1", False),
        ("19", "per_mb", "TRIAL-2", False),  # nobody knows that trial's
        ("19", "percent", "TRIAL-1", False),
    ],
)
def test_a_threshold_in_accordance_with_a_trial_is_that_trials(tmp_path, value, unit, trial, remarked):
    given = claim(measure="threshold", value=value, unit=unit, flags=[f"accords:{trial}"])
    remarks = tabled(tmp_path, TRIALS, given)
    assert said(remarks) == ([("accordance", "inconsistent")] if remarked else [])
    assert not remarked or "≥10 (Someone 2020)" in remarks[0].arithmetic


def accrued(n: str, later: str, until: str = "2023-12-31") -> list[dict]:
    study = claim("n", value="100", flags=[f"until:{until}"])
    whole = claim("a", value=n, of="x.n", flags=["from:2019-01-01"])
    return [study, whole, claim("b", value=later, of="x.a", flags=["from:2019-03-01"])]


def test_an_even_accrual_makes_a_count_credible_or_not():
    """59 of 1,826 days: of 48 patients 1.6 are expected; sixteen or more have probability 1e-12."""
    p = stats.binom.sf(15, 48, 59 / 1826)
    assert p == pytest.approx(1.1e-12, rel=0.1)
    (remark,) = found(*accrued("48", "32"))
    assert (remark.rule, remark.severity) == ("accrual", "note") and remark.claims == ("x.a", "x.b")
    assert "59 of 1826 days" in remark.arithmetic and "1e-12" in remark.arithmetic
    assert found(*accrued("48", "45")) == []
    assert found(*accrued("48", "32", "2019-04-30")) == [], "half of four months"


def test_an_accrual_without_dates_or_an_end_says_nothing():
    study, whole, later = accrued("48", "32")
    assert found(study | {"flags": []}, whole, later) == []
    assert found(study, whole | {"flags": []}, later) == []
