"""The audit by hand-made sources, by every slip known of the printed ones, and by changing single digits of them."""

import random
import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from scipy import stats

from lcnec_utils.ledger import audit, audit_relations, audit_shares, claims
from tests.ledger.printed_claims import MARGIN, claim, found, percent, said, tabled, total

REFERENCE = Path(__file__).parent.parent / "reference" / "audit.csv"
SOURCES = claims.sources()
REMARKS = audit.audit(SOURCES)


# --- hand-made sources -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "n", "printed", "severity"),
    [
        ("82", "217", "38", None),  # 37.8
        ("1", "8", "12.5", None),
        ("1", "8", "13", None),  # a half goes up
        ("14", "217", "6.4", "rounding"),  # 6.45 cut off
        ("61", "121", "51", "rounding"),  # 50.4, one unit away
        ("168", "217", "81", "inconsistent"),  # 77.4
        ("49", "89", "56.3", "inconsistent"),
    ],
)
def test_a_share_is_its_count_over_its_denominator(k, n, printed, severity):
    expected = [("share", severity)] if severity else []
    assert said(found(total(n), percent(k=k, value=printed, of="x.n"))) == expected
    assert said(found(percent(k=k, value=printed, n=[n]))) == expected


def test_a_share_that_fails_says_which_denominator_or_count_would_do():
    (remark,) = found(total("217"), percent(k="168", value="81", of="x.n"))
    assert remark.arithmetic == "168/217 = 77.4%, printed 81%" and remark.claims == ("x.a",)
    assert "168/207 = 81.2%" in remark.reconcile and "176/217 = 81.1%" in remark.reconcile
    (remark,) = found(total("89"), percent(k="49", value="56.3", of="x.n"))
    assert remark.reconcile == "49/87 = 56.32%"


@pytest.mark.parametrize(
    ("n", "printed", "severity"),
    [
        ("44", "88.6", None),
        ("44", "90.1", "impossible"),
        ("134", "36.57", None),
        ("134", "36.56", "rounding"),
        ("52", "21.1", "rounding"),
        ("143", "11.12", "impossible"),
        ("44", "0", None),
        ("44", "100", None),
        ("44", "99", "impossible"),
    ],
)
def test_a_percent_without_its_count_is_some_count(n, printed, severity):
    remarks = found(total(n), percent(value=printed, of="x.n"))
    assert said(remarks) == ([("grim", severity)] if severity else [])
    assert not severity or n in remarks[0].arithmetic


def test_a_percent_no_count_gives_names_the_other_count_of_its_group_that_would():
    group = {"groups": ["unclassified"]}
    given = [total("143"), claim("m", value="148", **group), percent(value="31.76", of="x.n", **group)]
    (remark,) = found(*given)
    assert remark.severity == "impossible" and remark.reconcile.startswith("47/148 = 31.757%")
    given[1] = claim("m", value="1643", **group)  # of so many any percent can be made, which explains nothing
    assert found(*given)[0].reconcile == ""


@pytest.mark.parametrize(
    ("k", "n", "interval", "method"),
    [
        ("2", "14", ["4.0", "40"], "Wilson"),
        ("27", "121", ["16", "31"], "Wilson"),
        ("2", "14", ["1.8", "43"], "Clopper–Pearson"),
        ("2", "14", ["2.5", "44"], "Wilson with continuity correction"),
        ("2", "14", ["0", "33"], "Wald"),
        ("2", "14", ["2.8", "41"], "Agresti–Coull"),
        ("2", "14", ["3.1", "38"], "Jeffreys"),
    ],
)
def test_the_limits_of_a_share_are_those_of_one_method(k, n, interval, method):
    given = percent(k=k, n=[n], interval=interval)
    assert found(given) == [] and audit_shares.interval_method(claims.Claim(**given)) == method


def test_limits_that_mix_methods_or_fit_none_are_said():
    (remark,) = found(percent(k="2", n=["14"], interval=["2.5", "40"]))
    assert remark.rule == "share_interval" and "continuity correction and the upper of Wilson" in remark.reconcile
    (remark,) = found(percent(counts=[["2", "14"]], interval=["7", "60"]))
    assert remark.severity == "inconsistent" and remark.reconcile == ""


def ratio(value: str, low: str, high: str, p: str | None = None, kind: str = "effect") -> dict:
    return claim(
        measure="hazard_ratio", value=value, interval=[low, high], p=p, kind=kind, **(MARGIN if kind[0] == "n" else {})
    )


def test_a_ratio_is_the_geometric_mean_of_its_limits():
    assert found(ratio("1.43", "1.04", "1.99", "0.03")) == []
    assert found(ratio("1.3", "0.69", "2.58", kind="null_effect")) == []
    (remark,) = found(ratio("1.20", "0.59", "2.31", "0.65", kind="null_effect"))
    assert remark.rule == "ratio_interval" and "1.161–1.174" in remark.arithmetic and "1.17" in remark.reconcile


def test_a_ratios_p_is_that_of_its_limits():
    # ln 1.439 over (ln 1.99 - ln 1.04)/3.92 is 2.20
    assert 2 * stats.norm.sf(2.20) == pytest.approx(0.028, abs=5e-4)
    assert said(found(ratio("1.43", "1.04", "1.99", "0.01"))) == [("ratio_p", "inconsistent")]
    assert found(ratio("1.00", "0.50", "2.00", "1.00", kind="null_effect")) == []


def against(p: str, *counts: tuple[str, str], test: str | None = None) -> dict:
    return claim(measure="difference", kind="effect", p=p, test=test, counts=[list(pair) for pair in counts])


TABLE = [("49", "134"), ("20", "84")]


def test_a_p_is_one_that_its_counts_give():
    """R: chisq.test .0487, with Yates .0686; fisher.test .0530."""
    assert found(against("0.049", *TABLE)) == found(against("0.049", *TABLE, test="chi_squared")) == []
    (remark,) = found(against("0.04", *TABLE))
    assert "chi-squared 0.0487, chi-squared with Yates' correction 0.0686, Fisher 0.0530" in remark.arithmetic
    assert remark.rule == "p_from_counts" and "cut off" in remark.reconcile
    (remark,) = found(against("0.049", *TABLE, test="fisher"))
    assert remark.severity == "inconsistent" and remark.reconcile.startswith("chi-squared, not Fisher")
    assert found(against("<0.05", *TABLE)) == [] and said(found(against("<0.04", *TABLE))) == [
        ("p_from_counts", "inconsistent")
    ]


def test_a_p_of_three_groups_is_chi_squareds_and_of_one_the_binomials():
    three = [("61", "121"), ("45", "82"), ("6", "14")]
    p = stats.chi2_contingency([[61, 45, 6], [60, 37, 8]], correction=False).pvalue
    assert p == pytest.approx(0.6539, abs=1e-4)
    null = {"kind": "null_effect", **MARGIN, "direction": "none"}
    assert found({**against("0.65", *three), **null}) == []
    assert said(found({**against("0.56", *three), **null})) == [("p_from_counts", "inconsistent")]
    # 2 (1 + 17 + 136) / 2^17 = .00235
    assert found(against("0.002", ("15", "17"), ("2", "17"), test="binomial")) == []
    assert said(found(against("0.02", ("15", "17"), test="binomial"))) == [("p_from_counts", "inconsistent")]
    assert found(against("0.02", ("15", "17"))) == []


def test_a_rank_test_is_not_one_of_shares():
    given = percent(kind="effect", p="0.003", test="wilcoxon")
    assert said(found(given)) == [("rank_test_of_shares", "inconsistent")]
    assert found({**given, "test": "chi_squared"}) == found({**given, "measure": "expression"}) == []
    remark = found({**given, "p": "0.04", "counts": [list(pair) for pair in TABLE]})[-1]
    assert "gives 0.049: the test named cannot have made this p" in remark.arithmetic


@pytest.mark.parametrize(
    ("kind", "p", "remarked"),
    [
        ("effect", "0.049", False),
        ("effect", "<0.05", False),
        ("effect", "0.05", True),
        ("effect", "0.2", True),
        ("null_effect", "0.05", False),
        ("null_effect", "0.2", False),
        ("null_effect", "0.04", True),
        ("null_effect", "<0.05", True),
        ("null_effect", ">0.01", False),
        ("number", "0.2", False),
    ],
)
def test_words_agree_with_p(kind, p, remarked):
    given = claim(measure="log_rank", kind=kind, p=p, **(MARGIN if kind == "null_effect" else {}))
    assert said(found(given)) == ([("words_and_p", "inconsistent")] if remarked else [])


def test_a_trend_is_no_difference_and_its_p_contradicts_nothing():
    assert found(claim(measure="density", kind="direction", p="0.12", flags=["trend"])) == []


def test_words_and_p_agree_with_the_interval():
    assert ("words_and_interval", "inconsistent") in said(found(ratio("1.43", "1.04", "1.99", kind="null_effect")))
    assert ("words_and_interval", "inconsistent") in said(found(ratio("1.33", "0.69", "2.58")))
    assert ("words_and_interval", "inconsistent") in said(found(ratio("1.44", "1.04", "1.99", "0.2", kind="number")))
    assert ("words_and_interval", "inconsistent") in said(found(ratio("1.33", "0.69", "2.58", "<0.05", kind="number")))
    assert found(ratio("1.41", "1.00", "1.99", "0.05", kind="number")) == []


def related(kind: str, given: list[dict], **fields) -> list[audit.Remark]:
    return found(*given, relations=({"type": kind, **fields},))


def test_parts_add_up_to_their_whole():
    parts = [percent("a", k="13", value="59.1"), claim("b", value="9"), claim("n", value="22")]
    assert related("sum", parts, parts=["x.a", "x.b"], whole="x.n") == []
    parts[1] = claim("b", value="10")
    (remark,) = related("sum", parts, parts=["x.a", "x.b"], whole="x.n")
    assert remark.arithmetic == "13 + 10 = 23, whole printed 22" and remark.reconcile.startswith("1 too many")
    assert remark.claims == ("x.a", "x.b", "x.n")
    (remark,) = related("sum", parts, parts=["x.a", "x.b"], whole=24)
    assert remark.reconcile == "1 of the whole in none of the parts"
    words = [claim("a", flags=["word_number:4"]), claim("b", flags=["number_word"], counts=[["5", "9"]])]
    assert related("sum", words, parts=["x.a", "x.b"], whole=9) == []


def test_percents_add_up_within_their_rounding():
    shares = [percent(name, k="1", value=value) for name, value in (("a", "56"), ("b", "38"), ("c", "6.4"))]
    given = {"parts": ["x.a", "x.b", "x.c"], "whole": 100, "note": "the percent of each share"}
    assert related("sum", shares, **given) == []
    shares[1] = percent("b", k="1", value="40")
    assert said(related("sum", shares, **given)) == [("sums", "inconsistent")]


@pytest.mark.parametrize(
    ("one", "two", "words"),
    [
        (percent("a", value="5.9"), percent("b", value="6"), ""),
        (percent("a", value="94.3"), percent("b", value="95"), "94.3 against 95"),
        (percent("a", value="5.9", k="22"), claim("b", value="22"), ""),
        (percent("a", value="5.9", k="22"), claim("b", value="23"), "22 against 23"),
        (percent("a", value="26.19"), percent("b", flags=["word_number:>25"]), ""),
        (percent("a", value="14.18"), percent("b", flags=["word_number:>25"]), "14.18 against >25"),
        (claim("a", measure="threshold", value="0.05"), claim("b", measure="threshold", value="5", unit="percent"), ""),
        (claim("a", range=["7", "14"]), claim("b", range=["7", "15"]), "7–14 against 7–15"),
        (claim("a", kind="effect"), claim("b", kind="effect"), ""),
        (claim("a", kind="effect"), claim("b", kind="null_effect", **MARGIN), "'greater' against no difference"),
        (claim("a", p="<0.05"), claim("b", p="<0.0001"), ""),
        (claim("a", p="0.04"), claim("b", p="<0.0001"), "p 0.04 against p <0.0001"),
    ],
)
def test_prints_of_one_thing_are_equal_by_relation_or_by_quantity(one, two, words):
    remarks = related("same", [one, two], claims=["x.a", "x.b"])
    assert [(remark.rule, remark.arithmetic) for remark in remarks] == ([("same", words)] if words else [])
    keyed = [{**one, "quantity": "q"}, {**two, "quantity": "q"}]
    remarks = found(*keyed)
    assert [(remark.rule, remark.arithmetic) for remark in remarks] == ([("quantity", f"q: {words}")] if words else [])
    both = related("same", keyed, claims=["x.a", "x.b"])
    assert len(both) == bool(words), "what a relation says is not said again"


def test_a_part_does_not_exceed_its_whole():
    given = [claim("a", value="47"), percent("n", k="46", value="32")]
    assert said(related("at_most", given, part="x.a", whole="x.n")) == [("at_most", "impossible")]
    assert related("at_most", given, part="x.n", whole="x.a") == []
    shares = [percent("a", value="40"), percent("n", value="30")]
    assert said(related("at_most", shares, part="x.a", whole="x.n")) == [("at_most", "inconsistent")]
    noted = related("at_most", shares, part="x.a", whole="x.n", note="tried against another line")
    assert said(noted) == [("at_most", "note")]
    median = claim(measure="median", value="447.5", unit="months")
    assert said(related("at_most", [median], part="x.a", whole=120)) == [("at_most", "impossible")]
    assert said(found(total("10"), claim("a", value="11", of="x.n"))) == [("within", "impossible")]
    assert said(found(total("10"), percent("a", k="1", n=["9"], of="x.n"))) == [("within", "inconsistent")]
    assert said(found(percent(k="1", value="81", n=["1"]))) == [("share", "inconsistent")]


def test_figures_fall_in_the_order_of_the_text():
    given = [claim("a", value="8.3", measure="median"), claim("b", value="6.3", measure="median")]
    assert related("order", given, claims=["x.a", "x.b"]) == []
    assert said(related("order", given, claims=["x.b", "x.a"])) == [("order", "inconsistent")]


def test_a_conflict_is_always_a_remark_with_the_figures():
    given = [claim("a", value="3"), claim("b", kind="effect", measure="log_rank", p="0.04")]
    (remark,) = related("conflict", given, claims=["x.a", "x.b"], note="said twice")
    assert (remark.severity, remark.arithmetic) == ("inconsistent", "said twice; count 3; log rank p 0.04")
    assert said(related("conflict", given, claims=["x.a", "x.b"], note="only if a is b")) == [("conflict", "note")]


def test_a_derived_figure_is_that_of_its_formula_over_all_roundings():
    given = [claim(n, measure="median", value=v) for n, v in (("a", "5.4"), ("b", "5.1"), ("c", "0.3"))]
    tied = {"terms": {"a": "x.a", "b": "x.b"}, "equals": "x.c"}
    assert related("derived", given, formula="a-b", **tied) == []
    given[2] = claim("c", measure="median", value="1.43")
    assert said(related("derived", given, formula="a/b", **tied)) == [("derived", "inconsistent")]
    assert said(related("derived", given, formula="a/b", note="a rough check", **tied)) == [("derived", "note")]
    shares = [percent("a", value="86.5"), percent("b", value="67.3"), claim("n", value="52")]
    tied = {"terms": {"a": "x.a", "b": "x.b", "n": "x.n"}, "formula": "(a-b)*n/100"}
    assert related("derived", shares, **tied, equals=10) == []  # 9.98
    (remark,) = related("derived", shares, **tied, equals=8)
    assert remark.arithmetic == "(86.5-67.3)*52/100 = 10.0, printed 8"


def test_a_formula_holds_arithmetic_and_nothing_else():
    assert audit_relations.evaluate("-(a + 2*b)/4 + 2**3", {"a": 2, "b": 1}) == 7
    for formula in ("__import__('os')", "a.b", "c", "a if a else 1", "True", "a < 2", "f(a)", "[a]"):
        with pytest.raises(ValueError):
            audit_relations.evaluate(formula, {"a": 1.0})


@pytest.mark.parametrize(
    ("given", "severity"),
    [
        (claim(measure="median", value="12", interval=["7.4", "18.3"]), None),
        (claim(measure="median", value="21.7", interval=["6.0", "NR"]), None),
        (claim(measure="median", value="7.3", interval=["7.4", "18.3"]), "impossible"),
        (claim(measure="median", value="12", range=["18.3", "7.4"]), "impossible"),
        (claim(range=["20", "20"]), "inconsistent"),
        (percent(value="101"), "impossible"),
        (percent(k="5", n=["4"]), "impossible"),
        (percent(counts=[["5", "4"]]), "impossible"),
        (percent(n=["0"], value="50"), None),
        (claim(measure="p_value", p="1.2"), "impossible"),
    ],
)
def test_a_figure_lies_within_its_own_bounds(given, severity):
    assert said(found(given)) == ([("within", severity)] if severity else [])


def test_lost_exponents_and_points_are_said_and_not_completed():
    (remark,) = found(claim(flags=["exponent_lost"], note="Test unknown. Printed as P < 1 x 10."))
    assert remark.severity == "exponent lost" and remark.arithmetic.endswith(": Printed as P < 1 x 10")
    (remark,) = found(claim(kind="number", measure="p_value", p="000013"))
    assert remark.severity == "exponent lost" and remark.reconcile == "0.000013 or 0.00013"
    assert found(claim(measure="p_value", p="0.00002")) == []


HEAD = "seed_line,trial,nct,stratum,arm,n,n_nsq,n_sq,orr_percent,mpfs_months,mos_months"


def trials(tmp_path, *rows: str, given: tuple = (), relations: tuple = ()) -> list[audit.Remark]:
    return tabled(tmp_path, "\n".join([HEAD, *rows]) + "\n", *given, relations=relations)


def test_a_table_of_trials_adds_up_and_is_in_order(tmp_path):
    good = ["8,A,N1,All,x,10,6,4,30,5.1,17.1", "8,A,N1,All,y,10,6,4,20,UK,NR", "9,B,N2,All,x,5,,,UK,UK,UK"]
    assert trials(tmp_path, *good) == []
    (remark,) = trials(tmp_path, good[0].replace("10,6,4", "10,6,5"))
    assert (remark.rule, remark.arithmetic) == ("table_sum", "A: 6 + 5 = 11, N printed 10")
    (remark,) = trials(tmp_path, good[0].replace("5.1,17.1", "17.1,5.1"))
    assert (remark.rule, remark.severity) == ("table_medians", "impossible")
    (remark,) = trials(tmp_path, good[0].replace("17.1", "447.5"))
    assert "447.5 months exceeds 120" in remark.arithmetic
    assert said(trials(tmp_path, good[0], good[2].replace("N2", "N1"))) == [("table_registry", "inconsistent")]
    assert said(trials(tmp_path, good[0], good[1].replace("NR", ""))) == [("table_arms", "inconsistent")]


def test_a_cell_is_named_by_its_claim_and_left_to_the_relation_that_ties_it(tmp_path):
    row = "8,A,N1,All,drug + chemo,,,,30,17.1,5.1"
    cell = {"measure": "median", "groups": ["drug_chemo"], "unit": "months"}
    given = [
        claim(name, value=value, prints=[{"line": 8, "numbers": [value]}], **cell)
        for name, value in (("pfs", "17.1"), ("os", "5.1"))
    ]
    (remark,) = trials(tmp_path, row, given=tuple(given))
    assert (remark.rule, remark.claims) == ("table_medians", ("x.pfs", "x.os"))
    tie = {"type": "at_most", "part": "x.pfs", "whole": "x.os"}
    assert said(trials(tmp_path, row, given=tuple(given), relations=(tie,))) == [("at_most", "impossible")]


def test_all_patients_lie_between_the_strata_that_make_them_up(tmp_path):
    strata = ["8,A,N1,PD-L1 < 1%,x,,,,14,4,9", "8,A,N1,PD-L1 1%-49%,x,,,,20,5,10", "8,A,N1,PD-L1 ≥ 50%,x,,,,30,6,11"]
    assert trials(tmp_path, "8,A,N1,All,x,,,,20,5,10", *strata) == []
    (remark,) = trials(tmp_path, "8,A,N1,All,x,,,,12,5,10", *strata)
    assert (remark.rule, remark.severity) == ("table_strata", "note") and "orr_percent of all 12" in remark.arithmetic
    assert trials(tmp_path, "8,A,N1,All,x,,,,12,5,10", *strata[:2]) == [], "strata with a gap say nothing"


def test_the_worst_remark_is_a_claims_audit_value_and_notes_leave_it_consistent():
    source = claims.Source(source="x", seed="", reference="", claims=[claim("a"), claim("b"), claim("c")])
    remarks = [
        audit.Remark("x", "order", "note", ("x.a",), ""),
        audit.Remark("x", "share", "rounding", ("x.b",), ""),
        audit.Remark("x", "sums", "inconsistent", ("x.b", "x.c"), ""),
    ]
    values = audit.of_claims({"x": source}, remarks)
    assert values == {"x.a": "consistent", "x.b": "inconsistent", "x.c": "inconsistent"}
    assert audit.table(remarks)["claims"].tolist() == ["x.a", "x.b", "x.b x.c"]
    assert list(audit.table([])) == ["source", "rule", "severity", "claims", "arithmetic", "reconcile"]


def test_every_rule_says_in_one_line_what_it_tests_and_knows_no_claim():
    for rule in audit.RULES:
        assert rule.__doc__ and "\n" not in rule.__doc__.strip(), rule.__name__
    modules = Path(audit.__file__).parent.glob("audit*.py")
    text = "".join(module.read_text(encoding="utf-8") for module in modules)
    assert not [id for source in SOURCES.values() for id in (c.id for c in source.claims) if id in text]


# --- the slips known of the sources ----------------------------------------------------------------------------


L, R, Z = "lcnec.", "icb.rv_", "zuma1.z1_"
SLIPS = [
    ("46/88/12 are 146, the legend has 158", "sums", [L + "fig1b.n.chemotherapy", L + "table1.n.c2_outcome"], "158"),
    ("chemoimmunotherapy 88 or 99", "same", [L + "table1.regimen.chemoimmunotherapy.c2"], "88 against 99"),
    ("white 77%, printed 81%", "share", [L + "table1.white.c1"], "77.4"),
    ("14/217 cut off", "share", [L + "table1.regimen.immunotherapy.c1"], "6.45"),
    ("23 alterations in 22 tumours", "sums", [L + "fig2b.targetable"], "= 23"),
    ("90.1% of 44", "grim", [L + "fig3b.accuracy"], "39/44"),
    ("11.12% of 143", "grim", [L + "fig4b.ascl1.unclassified"], "16/143"),
    ("31.76% of 143", "grim", [L + "fig4b.yap1.unclassified"], "46/143"),
    ("TMB-high at 10 and at 19", "same", [L + "figs4.cut.tmb_high", L + "fig2e.cut.tmb_high"], "10"),
    ("56.3% needs 87", "share", [L + "fig2e.tmb_high.nsclc_like"], "49/89"),
    ("49.6% needs 135", "share", [L + "fig2e.tmb_high.sclc_like"], "67/136"),
    ("ASCL1 p .04", "p_from_counts", [L + "fig4b.ascl1.sclc_like_vs_nsclc_like"], "Fisher 0.0530"),
    ("2/14 printed 2.5-40", "share_interval", [L + "figs6.discontinued.immunotherapy"], "4.0–39.9"),
    ("YAP1 above a quarter", "quantity", [L + "fig4b.yap1.sclc_like", L + "fig4b.yap1.sclc_like.discussion"], "14.18"),
    ("fold change of 2 or of 3.16", "derived", [L + "fig5a.cut.fold_change"], "10**0.5 = 3.2"),
    ("CheckMate 227 PFS and OS exchanged", "at_most", [R + "table1.pfs.checkmate227.nivolumab"], "15.7 exceeds 4.2"),
    ("the same of dual ICI", "at_most", [R + "table1.pfs.checkmate227.nivolumab_ipilimumab"], "17.1 exceeds 5.1"),
    ("the same of chemotherapy", "at_most", [R + "table1.pfs.checkmate227.chemotherapy"], "14.9 exceeds 5.6"),
    ("the exchange recurs in the text", "at_most", [R + "text_effects.pfs.checkmate227.chemotherapy.text"], "14.9"),
    ("CheckMate 026", "sums", [R + "table1.n.checkmate026"], "412 + 129 = 541"),
    ("liver 11/52 printed 21.1", "grim", ["liver.lm_orr_dcr.orr.lm"], "21.15"),
    ("C1 214 under Fig. 1", "sums", [L + "table1.n.c1", L + "fig1a.n.chemotherapy"], "= 214"),
    ("214 of 216 evaluable", "sums", [L + "fig1c.n.evaluable", L + "fig1a.n.chemotherapy"], "= 214"),
    ("C1 217 or 216", "same", [L + "table1.n.c1", L + "fig1c.n.evaluable"], "217 against 216"),
    ("49/134 cut off", "grim", [L + "fig4b.ascl1.sclc_like"], "36.567"),
    ("134/142 cut off", "grim", [L + "pathology_review.agreement"], "94.37"),
    ("agreement 94.3 or 95", "same", [L + "pathology_review.agreement.discussion"], "94.3 against 95"),
    ("figS2 centres on 1.17", "ratio_interval", [L + "figs2.os_backbone.c2"], "1.161–1.174"),
    ("time on treatment at p .05", "words_and_p", [L + "figs5.hr.chemotherapy_vs_chemoimmunotherapy"], "0.05"),
    ("2.4/7.5 with HR 1.44", "derived", [L + "figs5.hr.chemotherapy_vs_chemoimmunotherapy"], "7.5/2.4 = 3.125"),
    ("DLL3 n.s., .04, higher", "same", [L + "fig4e.dll3.sclc_like_vs_nsclc_like.legend"], "no difference"),
    ("80% or 65%", "derived", [L + "refined_share.sclc_aligned.abstract"], "65.1, printed 80"),
    ("expression n 361 or 373", "same", [L + "fig4a.n.lcnec.methods"], "361 against 373"),
    ("TCGA 515 or 509", "sums", [L + "figs11.n.tcga"], "= 509, whole printed 515"),
    ("George 75 or 66", "sums", [L + "george_types.n.george.text"], "= 66, whole printed 75"),
    ("SCLC genomes 1643 or 1704", "same", [L + "fig4c.n.sclc", L + "fig4a.n.sclc_total"], "1643 against 1704"),
    ("Wilcoxon for shares", "rank_test_of_shares", [L + "fig4b.ascl1.sclc_like_vs_nsclc_like"], "cannot have made"),
    ("Wilcoxon for STK11", "rank_test_of_shares", [L + "fig4d.stk11"], ""),
    ("p without its point", "exponent_lost", [L + "fig2e.p.unclassified_vs_nsclc_like"], "000013"),
    ("three sets 352 or 341", "sums", [Z + "immunosign_corr.n_external"], "= 352, whole printed 341"),
    ("biopsies 110 or 135", "derived", [Z + "flow.biopsies"], "= 110.0, printed 135"),
    ("relapse pairs 7 or 6", "same", [Z + "relapse.n_pairs"], "7 against 6"),
    ("Fisher's exponent", "exponent_lost", [Z + "treg_ne.low_treg_corner"], "5.7 x 10"),
    ("KEYNOTE-042", "sums", [R + "table1.n.keynote042"], "= 1274, whole printed 1275"),
    ("KEYNOTE-001", "sums", [R + "table1.n.keynote001"], "= 493, whole printed 495"),
    ("KEYNOTE-010", "sums", [R + "table1.n.keynote010"], "= 981, whole printed 1034"),
    ("PACIFIC", "sums", [R + "table1.n.pacific"], "= 713, whole printed 709"),
    ("PACIFIC mOS", "at_most", [R + "table1.os.pacific.durvalumab"], "447.5 exceeds 120"),
    ("COAST", "table_arms", [R + "table1.pfs.coast.durvalumab_oleclumab"], "3 arms, fewer values"),
    ("RATIONALE 303, 304", "table_registry", [R + "table1.nct.rationale303", R + "table1.nct.rationale304"], "NCT0366"),
    ("exon 19 'lower'", "direction_and_figures", [R + "text_effects.orr_os.exon19"], "76.7 against 47"),
    ("KEYNOTE-001's resistance", "table_extremes", [R + "resistance_by_line.keynote001"], "34.50 (Keynote 001)"),
    ("no combination in second line", "table_extremes", [R + "resistance_by_line.second_line.lower"], "dual ICI"),
    ("combinations not always lower", "table_order", [R + "resistance_by_line.combination"], "22.7 (Checkmate 227)"),
    ("first-line monotherapy higher", "table_order", [R + "resistance_by_line.first_line_monotherapy"], "39.45"),
    ("IMpower010 DFS unknown", "quantity", [R + "table1.dfs.impower010"], "42.3 against UK"),
    ("IMpower010 stage", "quantity", [R + "table1.stage.impower010"], "II-IIIa against IB-IIIa"),
    ("years beside references", "reference_names", [], "'Shi 2017' beside [37]"),
    ("TMB of fig2e", "p_of_shares", [L + "fig2e.p.unclassified_vs_nsclc_like"], "no one count of 133 to 163"),
    ("TMB above 19 as in KEYNOTE-158", "accordance", [L + "fig2b.cut.tmb_high.methods"], "≥10"),
    ("TILs called Fig. 4H once", "panel_labels", [], "4H"),
    ("NCT number of seven digits", "registry_length", [], "NCT0283401 (line 11) has 7"),
    ("NCT number with a reference", "registry_length", [], "NCT0372836133"),
    ("48 from January, 32 from March", "accrual", [L + "os_sensitivity.n.chemo_from_march2019"], "16 of 48"),
    ("DLL3 twice at p .04", "equal_p", [L + "fig4e.dll3.nsclc_like_vs_unclassified.legend"], "0.04"),
    ("TILs of all or of NSCLC-like", "same", [L + "fig5h.til.lcnec_vs_luad"], "LCNEC with LUAD against NSCLC-like"),
    ("FGL1 'confirmed' by 1 of 2", "direction_and_figures", [L + "fig5g.fgl1_protein.abstract"], "1/2 against 0/1"),
    ("toxicity 'comparable'", "alike", [L + "fig1d.ae_by_regimen.discussion"], "26 points apart"),
    ("outcomes alike in the cohorts", "alike", [L + "fig1b.cohorts_alike.discussion"], "13.6 (immunotherapy), 21.7"),
    ("a table of two things", "supplement_numbers", [], "Supplementary Table 12"),
    ("CTLA4 rises, checkpoint genes fall", "sets_and_members", [Z + "relapse.ctla4"], "'less'"),
    ("CD3 clones swapped", "quantity", [Z + "ihc_concordance.cd3_clone"], "CD3 HDX1"),
    ("one p for two diseases", "equal_p", [Z + "represent.disease_type"], "0.664"),
]  # fmt: skip

# What the index of slips lists and arithmetic cannot find
NOT_ARITHMETIC = {
    "liver: net changes 10, 6 and 13": "no slip: the derived relations hold, and limit what mixed response can mean",
    "adverse-event percentages need 121/82/14": "no slip: they hold with these, and would not with 119/81/14",
    "FDR of 5% or p below .05": "the same number; that one is adjusted is a matter of words",
}


@pytest.mark.parametrize(("slip", "rule", "ids", "text"), SLIPS, ids=[slip[0] for slip in SLIPS])
def test_every_known_slip_is_found(slip, rule, ids, text):
    met = [remark for remark in REMARKS if remark.rule == rule and set(ids) <= set(remark.claims)]
    assert [remark for remark in met if text in remark.arithmetic], (slip, met)


def test_a_shared_registry_number_is_also_found_without_the_relation():
    source = SOURCES["icb_resistance"]
    bare = source.model_copy(update={"relations": []})
    rules = Counter(remark.rule for remark in audit.audit({bare.source: bare}))
    assert rules["table_registry"] == 1 and rules["table_sum"] == 5 and rules["table_medians"] == 4


def test_what_no_arithmetic_can_find_is_consistent():
    values = audit.of_claims(SOURCES, REMARKS)
    assert values["lcnec.os_sensitivity.n.chemo_from_march2019"] == "consistent"
    assert {values[f"liver.lm_orr_dcr.{share}"] for share in ("dcr.lm", "dcr.pl", "orr.pl")} == {"consistent"}
    assert values["liver.lm_mixed.liver_up_lung_down"] == "consistent"


@pytest.mark.parametrize(("regimen", "wrong"), [("chemotherapy", "51.3"), ("chemoimmunotherapy", "55.6")])
def test_adverse_event_percents_hold_with_table_1_and_not_with_the_legend(regimen, wrong):
    source = SOURCES["lcnec"]
    id = f"lcnec.figs6.any_grade.{regimen}"
    assert not [remark for remark in REMARKS if remark.rule == "share" and id in remark.claims]
    moved = [c.model_copy(update={"of": f"lcnec.fig1a.n.{regimen}"}) if c.id == id else c for c in source.claims]
    remarks = audit.audit({"lcnec": source.model_copy(update={"claims": moved})})
    assert [r for r in remarks if r.rule == "share" and id in r.claims and wrong in r.arithmetic]


def test_adverse_event_intervals_are_wilsons_but_one():
    shares = [c for c in SOURCES["lcnec"].claims if c.measure == "percent" and c.interval]
    methods = {c.id.removeprefix("lcnec.figs6."): audit_shares.interval_method(c) for c in shares}
    assert (
        methods.pop("discontinued.immunotherapy") is None and set(methods.values()) == {"Wilson"} and len(methods) == 5
    )


# Read and judged one by one: each source's remarks, and nothing else
JUDGED = {
    "icb_resistance": {"inconsistent": 17, "impossible": 6, "note": 10},
    "lcnec": {"inconsistent": 37, "impossible": 5, "exponent lost": 1, "rounding": 3, "note": 14},
    "liver_metastases": {"rounding": 1},
    "zuma1_tme": {"inconsistent": 13, "exponent lost": 19, "note": 3},
}


@pytest.mark.parametrize("name", sorted(JUDGED))
def test_no_remark_beyond_those_judged(name):
    assert Counter(remark.severity for remark in REMARKS if remark.source == name) == JUDGED[name]


# --- any changed digit shows -----------------------------------------------------------------------------------


def test_the_audit_is_the_stored_one():
    stored = pd.read_csv(REFERENCE, dtype=str, keep_default_na=False)
    pd.testing.assert_frame_equal(audit.table(REMARKS), stored)
    assert audit.audit(SOURCES) == REMARKS, "the same twice"


def fields_of(one: claims.Claim) -> list[tuple[str, int | None, str]]:
    """The printed numbers of a claim: field, place in it, text."""
    single = [(name, None, getattr(one, name)) for name in ("value", "k", "p")]
    listed = [(name, i, text) for name in ("n", "interval", "range") for i, text in enumerate(getattr(one, name) or [])]
    return [each for each in single + listed if each[2] and re.search(r"\d", each[2])]


def changed(text: str, draw: random.Random) -> str:
    """The text with one of its digits made another; of 8.4e-6 the text prints the mantissa as a number, no exponent."""
    place = draw.choice([match.start() for match in re.finditer(r"\d", text.split("e")[0])])
    return text[:place] + draw.choice([digit for digit in "123456789" if digit != text[place]]) + text[place + 1 :]


def test_a_changed_digit_is_met_by_the_text_or_by_the_audit(sources_dir):
    """Every number of every claim with a digit changed: the text no longer prints it, or the audit says otherwise."""
    draw = random.Random(20250917)
    texts = {name: (sources_dir / source.seed).read_text(encoding="utf-8") for name, source in SOURCES.items()}
    whole = {name: [remark for remark in REMARKS if remark.source == name] for name in SOURCES}
    places = [
        (name, index, *field)
        for name, source in SOURCES.items()
        for index, one in enumerate(source.claims)
        for field in fields_of(one)
    ]
    for name, index, field, place, text in places:
        source = SOURCES[name]
        new = changed(text, draw)
        old = getattr(source.claims[index], field)
        update = new if place is None else [*old[:place], new, *old[place + 1 :]]
        given = list(source.claims)
        given[index] = given[index].model_copy(update={field: update})
        mutant = source.model_copy(update={"claims": given})
        unlike = audit.audit({name: mutant}) != whole[name] or claims.uncounted(mutant, texts[name])
        assert unlike, (given[index].id, field, text, new)
