"""The therapeutic model: arrows against the claims they rest on, a plain rule, and the picture."""

import itertools
import math

import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("agg")
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch  # noqa: E402

from lcnec_utils.core.errors import MissingData  # noqa: E402
from lcnec_utils.ledger import claims  # noqa: E402
from lcnec_utils.plots import palette  # noqa: E402
from lcnec_utils.plots.model_graph import model_graph  # noqa: E402
from lcnec_utils.studies.lcnec import therapeutic_model  # noqa: E402

ARROWS = [("NSCLC-like", "FGL1"), ("NSCLC-like", "SPINK1"), ("NSCLC-like", "KRAS signalling"), ("NSCLC-like", "DLL3"),
          ("SCLC-like", "DLL3"), ("LCNEC", "TILs")]  # fmt: skip
TUMOURS = ["NSCLC-like", "SCLC-like", "LCNEC"]
DECIDING = {
    ("NSCLC-like", "FGL1"): "lcnec.fig5a.fgl1",
    ("NSCLC-like", "SPINK1"): "lcnec.fig5a.spink1",
    ("NSCLC-like", "KRAS signalling"): "lcnec.fig5f.kras_signaling",
    ("NSCLC-like", "DLL3"): "lcnec.fig4e.dll3.nsclc_like_vs_unclassified.legend",
    ("SCLC-like", "DLL3"): "lcnec.fig4e.dll3.sclc_like_vs_unclassified",
    ("LCNEC", "TILs"): "lcnec.fig5h.til.lcnec_vs_luad",
}


def ratio(value: float, lower: float, upper: float, p: float = 0.01) -> dict:
    return {"findings": [{"value": value, "lower": lower, "upper": upper, "p": p, "scale": "ratio"}]}


def difference(value: float, lower: float, upper: float, p: float = 0.01) -> dict:
    return {"findings": [{"value": value, "lower": lower, "upper": upper, "p": p, "scale": "difference"}]}


HIGHER, LOWER, UNSURE = ratio(3.04, 2.26, 4.35), ratio(0.4, 0.2, 0.8), ratio(1.2, 0.8, 1.7)
FEWER, MORE, ABOUT = difference(-312.4, -420.2, -190.7), difference(90, 20, 160), difference(-3, -9, 3)
SCORE = difference(2.56, 1.04, 4.09)


def whole(body: str = "own") -> dict[tuple[str, str], dict]:
    """Answers to every claim that the model names, all in its favour."""
    answers = {}
    for arrow in therapeutic_model.drawing()["arrows"]:
        for claim in arrow["evidence"]:
            answers[claim, body] = {"fold": HIGHER, "NES": SCORE, "per mm²": FEWER}[arrow["unit"]]
    return answers


def drawn(answers: dict) -> dict[tuple[str, str], pd.Series]:
    found = therapeutic_model.arrows(therapeutic_model.evidence(answers))
    return {(row["source"], row["target"]): row for _, row in found.iterrows()}


# ---- what the model rests on ----


def test_the_model_draws_the_arrows_of_the_source():
    drawing = therapeutic_model.drawing()
    assert [(arrow["source"], arrow["target"]) for arrow in drawing["arrows"]] == ARROWS
    assert set(drawing["targets"]) == {target for _, target in ARROWS}
    assert {pair: next(iter(arrow["evidence"])) for pair, arrow in zip(ARROWS, drawing["arrows"], strict=True)} == (
        DECIDING
    )


@pytest.mark.parametrize(
    "arrow", therapeutic_model.drawing()["arrows"], ids=lambda arrow: f"{arrow['source']}-{arrow['target']}"
)
def test_an_arrow_rests_on_published_claims_that_say_the_same_way(arrow):
    """A claim's direction is that of its first group against its second: the first must be the arrow's source."""
    subject = {"NSCLC-like": "NSCLC-like LCNEC", "SCLC-like": "SCLC-like LCNEC", "LCNEC": "LCNEC"}[arrow["source"]]
    for id in arrow["evidence"]:
        claim = claims.published()[id]
        assert claim.kind in ("effect", "direction"), "a number has no side of no effect"
        one, other = claim.groups
        assert one in (subject, f"FGL1-high {subject}") and other != subject, id
        assert (claim.direction == "greater") == arrow.get("higher", True), id
        symbol = arrow["target"].split()[0].lower()
        assert {"tils": "til"}.get(symbol, symbol) in id
    measures = {claims.published()[id].measure for id in arrow["evidence"]}
    assert measures == {{"fold": "expression", "NES": "enrichment", "per mm²": "density"}[arrow["unit"]]}


# ---- evidence ----


def plain(value, lower, upper, null: float, higher: bool) -> str:
    """The rule in words: wholly on the arrow's side, wholly on the other, or neither."""
    if value is None:
        return "not computed"
    if higher:
        return "supports" if lower > null else "speaks against" if upper < null else "leaves open"
    return "supports" if upper < null else "speaks against" if lower > null else "leaves open"


@pytest.mark.parametrize("answer", [HIGHER, LOWER, UNSURE, ratio(1.5, 1.0, 2.2), ratio(0.7, 0.5, 1.0)])
def test_of_a_ratio_no_effect_is_one(answer):
    table = therapeutic_model.evidence({("lcnec.fig5a.fgl1", "own"): answer}).set_index("claim")
    found = answer["findings"][0]
    assert table.at["lcnec.fig5a.fgl1", "says"] == plain(found["value"], found["lower"], found["upper"], 1.0, True)


@pytest.mark.parametrize("answer", [FEWER, MORE, ABOUT, difference(-5, -9, 0), difference(0.5, 0.2, 0.8)])
def test_of_a_difference_no_effect_is_nothing_and_fewer_lymphocytes_support(answer):
    claim = "lcnec.fig5h.til.lcnec_vs_luad"
    found = answer["findings"][0]
    table = therapeutic_model.evidence({(claim, "own"): answer}).set_index("claim")
    assert table.at[claim, "says"] == plain(found["value"], found["lower"], found["upper"], 0.0, False)


def test_evidence_has_a_row_for_every_claim_whether_computed_or_not():
    table = therapeutic_model.evidence({("lcnec.fig5a.fgl1", "own"): HIGHER})
    assert len(table) == sum(len(arrow["evidence"]) for arrow in therapeutic_model.drawing()["arrows"])
    computed = table[table["says"] != "not computed"]
    assert list(computed["claim"]) == ["lcnec.fig5a.fgl1"] and list(computed["body"]) == ["own"]
    row = computed.iloc[0]
    assert (row["value"], row["lower"], row["upper"], row["p"]) == (3.04, 2.26, 4.35, 0.01)
    rest = table[table["says"] == "not computed"]
    assert rest[["value", "lower", "upper", "p"]].isna().all(axis=None) and (rest["body"] == "").all()


@pytest.mark.parametrize("answer", [{"findings": []}, {"findings": [{"note": "no tumour"}]}, {"findings": [{"n": 3}]}])
def test_an_answer_without_a_value_is_not_computed(answer):
    table = therapeutic_model.evidence({("lcnec.fig5a.fgl1", "own"): answer}).set_index("claim")
    assert table.at["lcnec.fig5a.fgl1", "says"] == "not computed"
    assert table.at["lcnec.fig5a.fgl1", "body"] == "own"


def test_limits_that_do_not_exist_leave_open():
    """A record leaves out what is infinite: a value alone, however large, excludes nothing."""
    for found in ({"value": 9.0, "scale": "ratio"}, {"value": 9.0, "upper": 20.0, "scale": "ratio"}):
        table = therapeutic_model.evidence({("lcnec.fig5a.fgl1", "own"): {"findings": [found]}}).set_index("claim")
        assert table.at["lcnec.fig5a.fgl1", "says"] == "leaves open"


def test_two_bodies_of_evidence_are_two_rows():
    answers = {("lcnec.fig5a.fgl1", "one"): HIGHER, ("lcnec.fig5a.fgl1", "two"): LOWER}
    table = therapeutic_model.evidence(answers)
    assert len(table) == 1 + sum(len(arrow["evidence"]) for arrow in therapeutic_model.drawing()["arrows"])
    mine = table[table["claim"] == "lcnec.fig5a.fgl1"].set_index("body")["says"]
    assert dict(mine) == {"one": "supports", "two": "speaks against"}


# ---- arrows ----


def test_with_all_evidence_in_favour_every_arrow_is_drawn_with_its_number():
    found = drawn(whole())
    assert list(found) == ARROWS and all(row["drawn"] for row in found.values())
    for pair, row in found.items():
        expected = whole()[DECIDING[pair], "own"]["findings"][0]
        assert (row["value"], row["lower"], row["upper"]) == (expected["value"], expected["lower"], expected["upper"])
        assert row["body"] == "own" and row["higher"] == (pair[1] != "TILs")
    assert found["NSCLC-like", "FGL1"]["label"] == "×3.0 (2.3–4.4)"
    assert found["NSCLC-like", "KRAS signalling"]["label"] == "NES 2.6 (1.0 to 4.1)"
    assert found["LCNEC", "TILs"]["label"] == "−312 per mm² (−420 to −191)"


STATES = {"supports": HIGHER, "speaks against": LOWER, "leaves open": UNSURE, "not computed": {"findings": []}}


@pytest.mark.parametrize(("first", "second"), list(itertools.product(STATES, STATES)))
def test_the_deciding_finding_decides_and_any_other_can_forbid(first, second):
    """By hand: drawn where the first supports and the second does not speak against."""
    claim, other = list(therapeutic_model.drawing()["arrows"][4]["evidence"])
    answers = whole() | {(claim, "own"): STATES[first], (other, "own"): STATES[second]}
    row = drawn(answers)["SCLC-like", "DLL3"]
    assert row["drawn"] == (first == "supports" and second != "speaks against")
    told = second if first == "supports" and second == "speaks against" else first
    assert row["why"].endswith(f": {told}")
    assert ("against NSCLC-like" in row["why"]) == (first == "supports" and second == "speaks against")


def test_what_another_arrow_rests_on_does_not_move_an_arrow():
    """Two arrows end at DLL3, and each has its own evidence."""
    answers = whole() | {("lcnec.fig4e.dll3.nsclc_like_vs_unclassified.legend", "own"): LOWER}
    found = drawn(answers)
    assert not found["NSCLC-like", "DLL3"]["drawn"] and found["SCLC-like", "DLL3"]["drawn"]


def test_a_second_body_that_speaks_against_forbids():
    answers = whole() | {("lcnec.fig5a.fgl1", "other"): LOWER}
    row = drawn(answers)["NSCLC-like", "FGL1"]
    assert not row["drawn"] and row["why"].endswith("speaks against")


@pytest.mark.parametrize(
    "answers", [{}, {("lcnec.fig1a.n", "own"): HIGHER}, {("lcnec.fig5a.fgl1", "own"): {"findings": []}}]
)
def test_where_nothing_was_computed_there_is_a_stated_skip(answers):
    with pytest.raises(MissingData, match="no notebook of this run computed") as error:
        therapeutic_model.arrows(therapeutic_model.evidence(answers))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("pair", "answer"),
    [
        (("NSCLC-like", "DLL3"), ratio(1.1, 1.03, 1.17)),
        (("NSCLC-like", "DLL3"), ratio(1.03, 1.01, 1.05)),
        (("LCNEC", "TILs"), difference(-0.9, -1.6, -0.2)),
    ],
)
def test_a_label_does_not_print_no_effect_where_the_interval_excludes_it(pair, answer):
    """An arrow is drawn for its interval lies off no effect; "×1.1 (1.0–1.2)" would say that it does not."""
    row = drawn(whole() | {(DECIDING[pair], "own"): answer})[pair]
    assert row["drawn"]
    limits = row["label"].partition("(")[2].rstrip(")").replace("−", "-")
    printed = [float(text) for text in limits.replace("–", " to ").split(" to ")]
    null = 0.0 if "mm²" in row["label"] else 1.0
    assert all(limit > null for limit in printed) or all(limit < null for limit in printed), row["label"]


def test_what_was_not_computed_has_no_number_on_it():
    row = drawn({("lcnec.fig5a.fgl1", "own"): HIGHER})["NSCLC-like", "SPINK1"]
    assert not row["drawn"] and row["why"].endswith("not computed") and math.isnan(row["value"])


# ---- words ----


def test_the_sentence_counts_arrows_and_gives_reasons():
    answers = whole() | {("lcnec.fig5f.kras_signaling", "own"): difference(0.4, -1, 2)}
    said = therapeutic_model.arrows_sentence(therapeutic_model.arrows(therapeutic_model.evidence(answers)))
    assert said.startswith(
        "This run's data support 5 of 6 arrows of the model: NSCLC-like → FGL1 ×3.0 (2.3–4.4) (RNA, "
    )
    assert said.endswith("Not drawn: NSCLC-like → KRAS signalling (gene set, FGL1-high against FGL1-low: leaves open).")
    # which mean a fold change is of is said once, where there is one
    assert said.count("× is a ratio of geometric means of expression + 1.") == 1
    every = therapeutic_model.arrows_sentence(therapeutic_model.arrows(therapeutic_model.evidence(whole())))
    assert every.startswith("This run's data support 6 of 6 arrows") and "Not drawn" not in every
    assert every.count("→") == 6 and every.count(";") == 5


def test_the_sentence_without_a_single_arrow_names_none_as_resting_on_data():
    said = therapeutic_model.arrows_sentence(
        therapeutic_model.arrows(therapeutic_model.evidence(dict.fromkeys(whole(), UNSURE)))
    )
    assert said.startswith("This run's data support 0 of 6 arrows of the model. Not drawn: ") and "×" not in said
    assert said.count("leaves open") == 6


# ---- the picture ----


def pictured(answers: dict | None = None, height_mm: float = 95):
    found = therapeutic_model.arrows(therapeutic_model.evidence(answers or whole()))
    fig, ax = palette.figure(palette.PAGE_MM, height_mm)
    model_graph(found, ax, targets=therapeutic_model.drawing()["targets"], title="A cohort (simulated)")
    fig.canvas.draw()
    return fig, ax


def words_of(ax) -> dict:
    return {text.get_text().strip(): text for text in ax.texts if text.get_text().strip()}


def extent(artist):
    """Where an artist stands, in pixels; of a text its ink alone, without the frame it may have."""
    is_text = isinstance(artist, matplotlib.text.Text)
    return matplotlib.text.Text.get_window_extent(artist) if is_text else artist.get_window_extent()


def frame_of(ax, name: str):
    """The smallest box that holds the middle of a name."""
    word = words_of(ax)[name]
    box = extent(word)
    at = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    boxes = [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    boxes += [text.get_bbox_patch() for text in ax.texts if text.get_bbox_patch() is not None]
    holding = [patch for patch in boxes if patch.get_linewidth() and extent(patch).contains(*at)]
    return min(holding, key=lambda patch: extent(patch).width)


def arrows_of(ax) -> list[FancyArrowPatch]:
    own = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    return own + [text.arrow_patch for text in ax.texts if getattr(text, "arrow_patch", None) is not None]


def ends(ax, arrow: FancyArrowPatch) -> tuple[np.ndarray, np.ndarray]:
    """The left and right end of an arrow, in pixels."""
    path = arrow.get_path()
    drawn = path.codes != path.CLOSEPOLY  # whose vertex is no place
    at = ax.transData.transform(path.vertices[drawn])
    return at[at[:, 0].argmin()], at[at[:, 0].argmax()]


def middle(artist) -> float:
    return (extent(artist).y0 + extent(artist).y1) / 2


def test_a_drawn_arrow_goes_from_its_tumour_to_its_target_in_the_tumours_colour():
    _, ax = pictured()
    arrows = arrows_of(ax)
    assert len(arrows) == 6
    for (source, target), arrow in zip(ARROWS, arrows, strict=True):
        (x0, y0), (x1, y1) = ends(ax, arrow)
        start, end = frame_of(ax, source), frame_of(ax, target)
        assert extent(start).x1 - 2 <= x0 < x1 <= extent(end).x0 + 2
        assert y0 == pytest.approx(middle(start), abs=8) and y1 == pytest.approx(middle(end), abs=8)
        assert arrow.get_edgecolor() == start.get_edgecolor()


def test_a_label_stands_on_its_own_arrow():
    """Nearer to its arrow than to any other: whose number it is must be seen."""
    answers = whole()
    for i, claim in enumerate(DECIDING.values()):
        if not claim.startswith("lcnec.fig5h") and not claim.startswith("lcnec.fig5f"):
            answers[claim, "own"] = ratio(3 + i, 2.5 + i, 4 + i)
    _, ax = pictured(answers)
    lines = [ends(ax, arrow) for arrow in arrows_of(ax)]
    for i, row in enumerate(drawn(answers).values()):
        box = extent(words_of(ax)[row["label"]])
        x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
        off = [abs(y - np.interp(x, [a[0], b[0]], [a[1], b[1]])) for a, b in lines]
        assert int(np.argmin(off)) == i, row["label"]


def test_less_ends_otherwise_than_more():
    _, ax = pictured()
    kinds = [type(arrow.get_arrowstyle()).__name__ for arrow in arrows_of(ax)]
    assert kinds[:5] == ["CurveFilledB"] * 5, "an arrowhead"
    assert kinds[5].startswith(("Bar", "Bracket")), "a bar"


def test_targets_that_no_arrow_reaches_are_faint():
    _, ax = pictured(whole() | {(DECIDING["NSCLC-like", "SPINK1"], "own"): UNSURE})
    words = words_of(ax)
    assert len(arrows_of(ax)) == 5
    for name, under in therapeutic_model.drawing()["targets"].items():
        expected = palette.FAINT if name == "SPINK1" else palette.INK
        assert words[name].get_color() == expected and words[under].get_color() == expected
        assert frame_of(ax, name).get_edgecolor() == matplotlib.colors.to_rgba(expected)
    assert all(words[name].get_color() == palette.INK for name in TUMOURS)


def test_no_words_claim_what_this_run_did_not_find():
    """What stands under a target says what it is. "Fewer than in other lung cancers" and "rises with FGL1" are
    findings, and here the run found the opposite, or nothing."""
    claim = DECIDING["LCNEC", "TILs"]
    _, ax = pictured(whole() | {(claim, "own"): MORE, (DECIDING["NSCLC-like", "KRAS signalling"], "own"): ABOUT})
    assert len(arrows_of(ax)) == 4
    assert not [word for word in words_of(ax) if "fewer" in word or "rises" in word]


def test_dll3_is_reached_where_one_of_its_two_arrows_is_drawn():
    _, ax = pictured(whole() | {(DECIDING["SCLC-like", "DLL3"], "own"): UNSURE})
    assert words_of(ax)["DLL3"].get_color() == palette.INK and len(arrows_of(ax)) == 5


def test_tumours_differ_in_colour():
    """All LCNEC are no SCLC-like LCNEC; elsewhere blue is the SCLC-like subtype's."""
    _, ax = pictured()
    assert len({frame_of(ax, name).get_edgecolor() for name in TUMOURS}) == 3


@pytest.mark.parametrize("height_mm", [80, 95, 130])
def test_no_words_print_over_each_other_at_the_width_of_a_page(height_mm):
    fig, ax = pictured(height_mm=height_mm)
    extents = [(name, extent(text)) for name, text in words_of(ax).items()]
    for i, (name, box) in enumerate(extents):
        assert box.x0 > -1 and box.x1 < fig.bbox.x1 + 1 and box.y0 > -1 and box.y1 < fig.bbox.y1 + 1, name
        for other, second in extents[:i]:
            across = min(box.x1, second.x1) - max(box.x0, second.x0)
            up = min(box.y1, second.y1) - max(box.y0, second.y0)
            assert across <= 1.5 or up <= 1.5, (name, other)


@pytest.mark.parametrize("height_mm", [80, 95, 130])
def test_every_word_of_a_target_stands_inside_its_frame(height_mm):
    _, ax = pictured(height_mm=height_mm)
    for name, under in therapeutic_model.drawing()["targets"].items():
        frame = extent(frame_of(ax, name))
        for word in (name, under):
            box = extent(words_of(ax)[word])
            assert frame.x0 <= box.x0 and box.x1 <= frame.x1, f"'{word}' crosses the frame of {name}"
            assert frame.y0 <= box.y0 and box.y1 <= frame.y1, f"'{word}' crosses the frame of {name}"


def test_without_arrows_the_tumours_and_faint_targets_stay():
    _, ax = pictured(dict.fromkeys(whole(), UNSURE))
    assert not arrows_of(ax) and set(TUMOURS) <= set(words_of(ax))
    assert all(words_of(ax)[name].get_color() == palette.FAINT for name in therapeutic_model.drawing()["targets"])


def test_a_figure_is_the_same_each_time():
    first, second = (np.asarray(pictured()[0].canvas.buffer_rgba()) for _ in range(2))
    assert (first == second).all()
