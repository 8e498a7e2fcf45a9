"""p values against every table of counts, by a second implementation, and p values that two tests share."""

import numpy as np
import pytest
from scipy import stats

from lcnec_utils.ledger import audit_attainable, claims
from tests.ledger.printed_claims import claim, found, percent, said


def p_claim(name: str, p: str, *groups: tuple[str, str], **fields) -> dict:
    names, sizes = zip(*groups, strict=True)
    given = {"measure": "p_value", "test": "chi_squared", "p": p, "groups": list(names), "n": list(sizes)}
    return claim(name, **given, **fields)


def share(name: str, group: str, k: str, n: str, value: str) -> dict:
    return percent(name, groups=[group], k=k, n=[n], value=value)


@pytest.mark.parametrize(("k", "n", "total"), [(3, 8, 11), (0, 5, 4), (7, 7, 9)])
def test_all_tables_at_once_are_scipys_one_by_one(k, n, total):
    values = audit_attainable._tests(k, n, total)
    for other in range(total + 1):
        grid = [[k, n - k], [other, total - other]]
        assert values["Fisher"][other] == pytest.approx(stats.fisher_exact(grid).pvalue, rel=1e-9)
        if 0 in np.sum(grid, axis=0):
            assert np.isnan(values["chi-squared"][other])
            continue
        for name, corrected in (("chi-squared", False), ("Yates", True)):
            expected = stats.chi2_contingency(grid, correction=corrected).pvalue
            assert values[name][other] == pytest.approx(expected, rel=1e-9)


def test_a_p_that_no_counts_of_small_groups_give_is_impossible():
    """Three of three against none of three is the most extreme table: Fisher .1, chi-squared .014."""
    p = stats.chi2_contingency([[3, 0], [0, 3]], correction=False).pvalue
    assert p == pytest.approx(0.0143, abs=1e-4)
    assert said(found(p_claim("p", "0.001", ("a", "3"), ("b", "3")))) == [("p_attainable", "impossible")]
    assert found(p_claim("p", "0.014", ("a", "3"), ("b", "3"))) == []


def test_a_p_may_be_met_by_a_size_near_the_printed_one():
    """Against 20 no k of 20 gives p .0253, k of 21 does: 14/21 against 6/20."""
    p = stats.chi2_contingency([[14, 7], [6, 14]], correction=False).pvalue
    printed = f"{p:.5f}"
    exact = [
        stats.chi2_contingency([[j, 20 - j], [k, 20 - k]], correction=yates).pvalue
        for j in range(21) for k in range(21) for yates in (False, True) if 0 < j + k < 40
    ]  # fmt: skip
    assert not any(f"{value:.5f}" == printed for value in exact)
    assert found(p_claim("p", printed, ("a", "20"), ("b", "20"))) == []


# a against c and b against c, where 30/60 and 20/50 are printed for a and b: 12/60 of c gives both p
A, B = share("a", "a", "30", "60", "50"), share("b", "b", "20", "50", "40")
ONE = f"{stats.chi2_contingency([[30, 30], [12, 48]], correction=False).pvalue:.5f}"
TWO = f"{stats.chi2_contingency([[20, 30], [12, 48]], correction=False).pvalue:.4f}"
APART = f"{stats.chi2_contingency([[20, 30], [22, 38]], correction=False).pvalue:.4f}"


def of_c(*p: str) -> list[dict]:
    return [
        p_claim(f"p{i}", text, ("c", "60"), (name, n))
        for i, (text, name, n) in enumerate(zip(p, "ab", ("60", "50"), strict=True))
    ]


def test_two_p_values_against_one_group_ask_for_one_count_of_it():
    assert found(A, B, *of_c(ONE, TWO)) == []
    (remark,) = found(A, B, *of_c(ONE, APART))
    assert (remark.rule, remark.severity) == ("p_of_shares", "note") and set(remark.claims) == {
        "x.a",
        "x.b",
        "x.p0",
        "x.p1",
    }
    assert f"p {ONE} against 30/60 (a; alone 12 or 48 of 60)" in remark.arithmetic
    alike = percent("same", kind="null_effect", groups=["a", "b", "c"], margin="0.15")
    assert [r.severity for r in found(A, B, alike, *of_c(ONE, APART)) if r.rule == "p_of_shares"] == ["inconsistent"]


def test_a_row_of_shares_that_knows_the_third_group_asks_nothing_of_it():
    third = share("c", "c", "22", "60", "37")
    assert not [r for r in found(A, B, third, *of_c(ONE, APART)) if r.rule == "p_of_shares"]
    elsewhere = [{**each, "panel": "q"} for each in (A, B)]
    assert found(*elsewhere, *of_c(ONE, APART)) == []


def test_a_p_that_its_counts_do_not_give_is_sought_among_sizes_nearby():
    """10/20 against 5/20 prints 50% and 25%, and so does 9/18 against 5/20, whose p is another."""
    shares = [share("a", "a", "10", "20", "50"), share("b", "b", "5", "20", "25")]
    p = stats.chi2_contingency([[9, 9], [5, 15]], correction=False).pvalue
    tested = claim("p", kind="number", measure="difference", groups=["a", "b"], counts=[["10", "20"], ["5", "20"]])
    (remark,) = found(*shares, {**tested, "p": f"{p:.4f}"})
    assert remark.rule == "p_from_counts" and f"9/18 against 5/20 (chi-squared {p:.4f})" in remark.reconcile
    (remark,) = found(*shares, {**tested, "p": "0.9000"})
    assert remark.reconcile == "no counts of sizes within a tenth that print these percents give it"
    (remark,) = found({**tested, "p": "0.9000"})
    assert remark.reconcile == "", "without percents other counts are anybody's"


def test_fig_2e_by_one_table_at_a_time():
    """TMB-high in 49 and 67 tumours: no k of 148 gives both p, by scipy's tests one by one."""
    fitting = []
    for k, sizes, limits in ((49, (87, 89), (1.25e-5, 1.35e-5)), (67, (135, 136), (1.5e-5, 2.5e-5))):
        fits = set()
        for n in sizes:
            for other in range(149):
                grid = [[k, n - k], [other, 148 - other]]
                values = [stats.chi2_contingency(grid, correction=yates).pvalue for yates in (False, True)]
                values.append(stats.fisher_exact(grid).pvalue)
                fits |= {other for p in values if limits[0] <= p <= limits[1]}
        fitting.append(fits)
    assert all(fitting) and not fitting[0] & fitting[1]


def test_the_same_p_for_two_tests_is_a_note_with_its_chance():
    def test_of(name: str, p: str, panel: str = "p", **fields) -> dict:
        return claim(name, measure="p_value", p=p, panel=panel, statement=f"test of {name}", **fields)

    (remark,) = found(test_of("a", "0.664"), test_of("b", "0.664", "q"), test_of("c", "0.318"))
    assert (remark.rule, remark.severity, remark.claims) == ("equal_p", "note", ("x.a", "x.b"))
    assert "of 3 p values of the paper with 3 decimals two agree by chance 0.3% of the time" in remark.arithmetic
    assert said(found(test_of("a", "0.04"), test_of("b", "0.04"))) == [("equal_p", "note")]
    assert found(test_of("a", "0.04"), test_of("b", "0.04", "q")) == [], "two digits agree by chance too often"
    assert found(test_of("a", "<0.001"), test_of("b", "<0.001")) == [], "a bound is no p"
    assert found(test_of("a", "0.664", quantity="z"), test_of("b", "0.664", quantity="z")) == [], "one test, twice"


def test_a_p_printed_once_for_two_tests_is_said_to_be():
    print_of = {"measure": "p_value", "p": "0.020"}
    given = [claim("a", prints=[{"line": 1, "numbers": ["0.020"]}], **print_of), claim("b", **print_of)]
    (remark,) = found(*given)
    assert "printed once" in remark.arithmetic and remark.reconcile == "one print for both"


def test_of_this_sources_only_fig_2e_fails():
    remarks = audit_attainable.p_of_shares, audit_attainable.p_attainable
    from lcnec_utils.ledger.printed import Book

    yielded = [each for source in claims.sources().values() for rule in remarks for each in rule(Book(source))]
    assert len(yielded) == 1
