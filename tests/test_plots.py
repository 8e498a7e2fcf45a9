"""Plots: each figure type on the shapes that cohorts really have, judged by what is drawn, not by pixels."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402

from lcnec_utils import formats, proportions, survival  # noqa: E402
from lcnec_utils.plots import flow as flows  # noqa: E402
from lcnec_utils.plots import palette  # noqa: E402
from lcnec_utils.plots import tornado as tornados  # noqa: E402
from lcnec_utils.plots.comut import column_order, comut  # noqa: E402
from lcnec_utils.plots.forest import forest  # noqa: E402
from lcnec_utils.plots.kaplan_meier import kaplan_meier  # noqa: E402
from lcnec_utils.plots.prevalence_scatter import prevalence_scatter  # noqa: E402
from lcnec_utils.plots.share_bars import share_bars  # noqa: E402


@pytest.fixture(autouse=True)
def closed():
    palette.apply()
    yield
    plt.close("all")


def words(figure) -> str:
    return " | ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_text())


def boxes_of_text(figure) -> dict:
    """The words of a figure and where they stand; labels of ticks beyond the limits are never drawn."""
    figure.canvas.draw()
    axes = [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]
    beyond = {tick.label1 for axis in axes for tick in axis.get_major_ticks()
              if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())}  # fmt: skip
    shown = [text for text in figure.findobj(matplotlib.text.Text) if text.get_text().strip() and text.get_visible()]
    return {text: matplotlib.text.Text.get_window_extent(text) for text in shown if text not in beyond}


def assert_readable(figure, within: bool = True) -> None:
    """No text prints over another (a pixel is forgiven), and none beyond the figure's edge."""
    boxes = list(boxes_of_text(figure).items())
    for i, (text, box) in enumerate(boxes):
        if within:
            assert box.x0 > -1 and box.y0 > -1, text
            assert box.x1 < figure.bbox.x1 + 1 and box.y1 < figure.bbox.y1 + 1, text
        for other, second in boxes[:i]:
            across = min(box.x1, second.x1) - max(box.x0, second.x0)
            up = min(box.y1, second.y1) - max(box.y0, second.y0)
            assert across <= 1.5 or up <= 1.5, (text.get_text(), other.get_text())


def patients(groups: int, n: int = 30, events: float = 0.7) -> pd.DataFrame:
    draw = np.random.default_rng(groups)
    names = [f"group {i}" for i in range(groups)]
    return pd.DataFrame(
        {
            "months": draw.exponential(12, n * groups).round(1),
            "event": draw.random(n * groups) < events,
            "group": pd.Categorical(np.repeat(names, n), [*names, "nobody"]),
        }
    )


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_kaplan_meier_draws_a_curve_label_and_risk_row_per_group(groups):
    table = patients(groups)
    compared = survival.compare(table, "group")
    fig, ax = palette.figure(height_mm=100)
    kaplan_meier(compared, ax, title="A cohort")
    fig.canvas.draw()
    shown = words(fig)
    assert all(f"group {i}, n = 30: " in shown for i in range(groups)) and "nobody" not in shown
    assert "At risk" in shown and "Median months (95% CI)" in shown
    assert ("Log-rank p not estimable" in shown) == (groups == 1)
    # no text may be cut off by the figure's edge when saved tight: nothing overlaps the title
    title = next(t for t in fig.findobj(matplotlib.text.Text) if t.get_text() == "A cohort")
    legend = ax.get_legend().get_window_extent()
    assert title.get_window_extent().y0 >= legend.y1 - 2


@pytest.mark.parametrize("events", [0.0, 1.0])
def test_kaplan_meier_without_events_or_without_censoring(events):
    fig, ax = palette.figure()
    kaplan_meier(survival.compare(patients(2, 8, events), "group"), ax)
    fig.canvas.draw()
    assert ("NR (NR–NR)" in words(fig)) == (events == 0)


SUBTYPES = ["NSCLC-like", "SCLC-like", "Unclassified"]
LONG = ["Chemoimmunotherapy, SCLC regimen", "Chemoimmunotherapy, NSCLC regimen", "Chemotherapy alone"]


def survivors(names, sizes, events=0.7) -> pd.DataFrame:
    draw = np.random.default_rng(1)
    total = sum(sizes)
    group = pd.Categorical(np.repeat(names, sizes), [*names, "nobody"])
    return pd.DataFrame(
        {"months": draw.exponential(12, total).round(1), "event": draw.random(total) < events, "group": group}
    )


def one_event(table) -> pd.DataFrame:
    event = table["event"] & (table["group"] != "SCLC-like")
    event[table.index[table["group"] == "SCLC-like"][7]] = True
    return table.assign(event=event)


SHAPES = {
    "two": survivors(SUBTYPES[:2], [33, 20]),
    "three": survivors(SUBTYPES, [33, 20, 29]),
    "six": survivors([f"group {i}" for i in range(6)], [30] * 6),
    "long names": survivors(LONG, [100, 23, 45]),
    "a very long name": survivors(["A first-line regimen of a platinum and etoposide, then atezolizumab", "B"], [9, 8]),
    "one event": one_event(survivors(SUBTYPES, [33, 20, 29])),
    "one patient": survivors(SUBTYPES, [33, 1, 29]),
    "no event": survivors(SUBTYPES, [12, 8, 3], 0.0),
    "few events": survivors(SUBTYPES, [33, 20, 29], 0.15),
}


@pytest.mark.parametrize("width", [palette.COLUMN_MM, palette.PAGE_MM])
@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_prints_over_a_survival_curve_or_another_text(shape, width):
    compared = survival.compare(SHAPES[shape], "group", "overall survival")
    fig, ax = palette.figure(width, 110)
    kaplan_meier(compared, ax, title="A cohort", time_zero="diagnosis", note="HR 1.43 (1.04–1.99), adjusted")
    assert_readable(fig)
    shown = " ".join(words(fig).split())
    assert "Log-rank p" in shown and "HR 1.43 (1.04–1.99), adjusted" in shown and "At risk" in shown
    for row in compared.medians.itertuples():
        assert f"{row.group}, n = {row.n}: {formats.median_months(row.median, row.lower, row.upper)}" in shown
    for row in compared.ratios.itertuples():
        assert f"HR {formats.hazard_ratio(row.hr, row.lower, row.upper)}" in shown
    assert ax.get_position().width * width > 0.45 * palette.COLUMN_MM, "words leave the curves their room"
    curves = [line for line in ax.lines if line.get_drawstyle() == "steps-post" and len(line.get_xdata())]
    assert len(curves) == len(compared.medians)
    for text in (text for text in ax.texts if text.get_text().startswith("Log-rank")):
        box = text.get_window_extent()
        for line in curves:
            steps = np.repeat(np.asarray(line.get_xdata()), 2)[1:], np.repeat(np.asarray(line.get_ydata()), 2)[:-1]
            path = matplotlib.path.Path(ax.transData.transform(np.column_stack(steps)))
            assert not path.intersects_bbox(box, filled=False), "the tests print over a curve"


def test_a_survival_panel_says_an_empty_group_and_puts_the_note_after_the_log_rank_p():
    import dataclasses

    compared = survival.compare(SHAPES["two"], "group")
    empty = {"group": "nobody", "n": 0, "events": 0, "median": np.nan, "lower": np.nan, "upper": np.nan}
    compared = dataclasses.replace(compared, medians=pd.concat([compared.medians, pd.DataFrame([empty])]))
    fig, ax = palette.figure(height_mm=92)
    kaplan_meier(compared, ax, note="one more line")
    fig.canvas.draw()
    assert "nobody, n = 0" in words(fig)
    block = next(text.get_text() for text in ax.texts if text.get_text().startswith("Log-rank p = "))
    assert block.split("\n")[1] == "one more line"


def test_forest_shows_the_reason_where_there_is_no_estimate():
    table = pd.DataFrame(
        {
            "term": ["A", "B", "C"],
            "counts": ["4 of 82", "14 of 82", "9 of 82"],
            "hr": [np.nan, 1.4, 90.0],
            "lower": [np.nan, 0.6, 2.0],
            "upper": [np.nan, 3.0, 4000.0],
            "p": [np.nan, 0.4, 0.01],
            "note": ["fewer than 5 patients on a side", "", ""],
        }
    )
    fig, ax = palette.figure(120, 50)
    forest(table, ax, left="longer", right="shorter")
    fig.canvas.draw()
    shown = words(fig)
    assert "fewer than 5 patients on a side" in shown and "1.40 (0.60–3.00)   p = 0.40" in shown
    assert ax.get_xlim()[1] <= 33, "a huge limit is an arrow, not a squeezed axis"
    assert ax.get_ylim()[0] > ax.get_ylim()[1], "the first row is on top"


def test_scatter_names_what_differs_and_what_was_asked_for():
    table = pd.DataFrame(
        {
            "share_1": [0.6, 0.1, 0.0, 0.5],
            "share_2": [0.1, 0.1, 0.3, 0.5],
            "p_adjusted": [0.001, 0.9, 0.2, np.nan],
            "tested": [True, True, True, False],
        },
        index=["DIFFERS", "ALIKE", "ASKED", "DEFINES"],
    )
    fig, ax = palette.figure()
    prevalence_scatter(table, ax, first="one (n = 20)", second="other (n = 30)", named=["ASKED", "DEFINES"])
    fig.canvas.draw()
    shown = words(fig)
    assert all(gene in shown for gene in ("DIFFERS", "ASKED", "DEFINES")) and "ALIKE" not in shown
    assert "one (n = 20)" in shown and "differs, FDR < 5%: 1" in shown


def test_share_bars_say_counts_and_who_was_not_tested():
    table = pd.DataFrame(
        {
            "group": ["NSCLC-like", "SCLC-like"] * 2,
            "what": ["TMB high", "TMB high", "PD-L1 positive", "PD-L1 positive"],
            "k": [15, 14, 0, 3],
            "n": [33, 20, 0, 20],
            "share": [15 / 33, 0.7, np.nan, 0.15],
            "lower": [0.3, 0.48, np.nan, 0.05],
            "upper": [0.62, 0.85, np.nan, 0.36],
        }
    )
    fig, ax = palette.figure()
    share_bars(table, ax)
    fig.canvas.draw()
    shown = words(fig)
    assert "NSCLC-like (n = 33)" in shown and "SCLC-like (n = 20)" in shown and "not tested" in shown
    assert len(ax.patches) == 3


def genotype():
    samples, genes = [f"s{i}" for i in range(6)], ["TP53", "RB1", "KRAS"]
    hit = pd.DataFrame(False, samples, genes, dtype="boolean")
    hit.loc[["s0", "s1", "s3"], "TP53"] = True
    hit.loc[["s1"], "RB1"] = True
    hit.loc["s5", "KRAS"] = pd.NA
    groups = pd.Series(pd.Categorical(["B", "A", "A", "B", "A", "B"], ["A", "B"]), samples)
    calls = [("s0", "TP53", "missense"), ("s1", "TP53", "truncating"), ("s3", "TP53", "splice")]
    calls += [("s1", "RB1", "deep deletion"), ("s1", "RB1", "missense")]
    return pd.DataFrame(calls, columns=["sample", "gene", "alteration"]), hit, groups


def test_comut_orders_tumours_within_their_group_from_the_top_gene_down():
    _, hit, groups = genotype()
    assert column_order(hit, groups) == ["s1", "s2", "s4", "s0", "s3", "s5"]


def test_comut_shows_groups_shares_and_what_was_not_profiled():
    calls, hit, groups = genotype()
    tracks = {"Sex": pd.Series(["Female", None, "Male", "Male", "Female", "Male"], hit.index)}
    fig = comut(calls, hit, groups, bars=pd.Series(range(6), hit.index), bars_label="TMB", tracks=tracks, title="T")
    shown = words(fig)
    for word in ("A\nn = 3", "B\nn = 3", "50%", "17%", "0%", "not profiled", "deep deletion", "not recorded", "TMB"):
        assert word in shown, word


def landscape(sizes: dict[str, int]):
    samples = [f"s{i}" for i in range(sum(sizes.values()))]
    hit = pd.DataFrame(True, samples, ["TP53"], dtype="boolean")
    groups = pd.Series(pd.Categorical(np.repeat(list(sizes), list(sizes.values())), list(sizes)), samples)
    return pd.DataFrame({"sample": samples, "gene": "TP53", "alteration": "missense"}), hit, groups


@pytest.mark.parametrize(
    "sizes", [(25, 19, 41, 132), (1, 2, 3, 200), (200, 3, 2, 1), (80, 50, 60, 40)], ids=lambda sizes: str(sizes)
)
def test_comut_heads_are_whole_however_narrow_their_group(sizes):
    """25, 19, 41, 132: the first cohort's subtypes."""
    named = dict(zip([*SUBTYPES, "Unknown"], sizes, strict=True))
    fig = comut(*landscape(named), title="A cohort")
    boxes = boxes_of_text(fig)
    heads = [text for text in boxes if "\nn = " in text.get_text()]
    assert {text.get_text() for text in heads} == {f"{name}\nn = {n}" for name, n in named.items()}
    spans = sorted((boxes[text].x0, boxes[text].x1) for text in heads)
    assert all(first[1] <= second[0] for first, second in zip(spans, spans[1:], strict=False))
    for text in heads:
        own = text.axes.get_window_extent()
        assert not text.get_clip_on() or (own.x0 <= boxes[text].x0 and boxes[text].x1 <= own.x1), "clipped"


EVENTS = ["Neutropenia", "Any event", "Hypothyroidism or hyperthyroidism", "Pneumonitis", "Colitis or diarrhoea"]
EVENTS += ["Rash", "Fatigue", "Anaemia", "Nausea or vomiting", "Neuropathy", "Infusion-related reaction", "Arthralgia"]
EVENTS += ["Raised transaminases", "Thrombocytopenia", "Adrenal insufficiency"]


def adverse_events(categories: int, sizes: dict[str, int]) -> pd.DataFrame:
    rows = []
    for place, category in enumerate(EVENTS[:categories]):
        for group, n in sizes.items():
            row = {"category": category, "group": group, "n": n}
            for side, k in (("any", n * (place + 2) // 20), ("severe", n * (place + 1) // 30)):
                lower, upper = proportions.wilson(k, n)
                row |= {f"{side}_k": k, f"{side}_lower": lower, f"{side}_upper": upper}
            rows.append(row)
    return pd.DataFrame(rows)


@pytest.mark.parametrize("width", [palette.COLUMN_MM, palette.PAGE_MM])
@pytest.mark.parametrize("categories", [3, 8, 15])
@pytest.mark.parametrize("sizes", [(80,), (60, 56), (100, 62, 80)])
def test_tornado_bars_are_the_shares_and_every_count_is_readable(categories, sizes, width):
    table = adverse_events(categories, dict(zip(palette.REGIMEN, sizes, strict=False)))
    fig, ax = palette.figure(width, tornados.height_mm(table, width))
    assert tornados.tornado(table, ax, title="Adverse events") is ax
    assert_readable(fig)
    bars = sorted(
        (bar.get_y(), bar.get_width(), matplotlib.colors.to_hex(bar.get_facecolor()))
        for bars in ax.containers
        for bar in bars
    )
    drawn = [(round(width, 9), color) for _, width, color in bars]
    top_down = tornados.order(table, "Any event")
    expected = []
    for category in top_down:
        for row in table[table["category"] == category].itertuples():
            color = palette.REGIMEN[row.group].lower()
            expected.append((round(-100 * row.severe_k / row.n, 9), color))
            expected.append((round(100 * row.any_k / row.n, 9), color))
    assert drawn == expected
    # below "Any event" the commonest is on top; the test's shares rise with the category's place
    assert top_down == ["Any event", *[name for name in reversed(EVENTS[:categories]) if name != "Any event"]]
    shown = words(fig)
    for row in table.itertuples():
        assert formats.share(row.any_k, row.n) in shown and formats.share(row.severe_k, row.n) in shown
        assert f"{row.group} (n = {row.n})" in shown
    assert ax.get_xlim()[0] == -ax.get_xlim()[1]
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels == labels[::-1] and all(float(label) >= 0 for label in labels)
    whiskers = [line for line in ax.lines if line.get_linewidth() == 0.7]
    assert len(whiskers) == 2 * len(table)
    limits = sorted(tuple(round(float(x), 6) for x in line.get_xdata()) for line in whiskers)
    rights = [(100 * row.any_lower, 100 * row.any_upper) for row in table.itertuples()]
    lefts = [(-100 * row.severe_lower, -100 * row.severe_upper) for row in table.itertuples()]
    assert np.allclose(limits, sorted(lefts + rights), atol=1e-5)


def test_tornado_says_an_empty_group_and_a_category_that_a_group_was_not_assessed_for():
    table = adverse_events(3, {"Chemotherapy": 60, "Immunotherapy": 0, "Chemoimmunotherapy": 5})
    table.loc[table["category"].eq("Neutropenia") & table["group"].eq("Chemoimmunotherapy"), "n"] = 0
    fig, ax = palette.figure(palette.COLUMN_MM, tornados.height_mm(table, palette.COLUMN_MM))
    tornados.tornado(table, ax)
    assert_readable(fig)
    shown = words(fig)
    assert "Immunotherapy (n = 0): no patient" in shown and shown.count("not assessed") == 1
    assert sum(len(bars) for bars in ax.containers) == 2 * 5


def steps(*rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["step", "parent", "label", "n", "left", "why"])


CHAIN = steps(
    ("all", "", "All patients", 217, None, ""),
    ("sequenced", "all", "Tumour sequenced", 180, 37, "No tumour tissue left for sequencing"),
    ("subtype", "sequenced", "Genomic subtype assigned", 85, 95, "RB1 or STK11/KEAP1 not on the panel"),
)
ARMS = steps(
    ("all", "", "All patients", 217, None, ""),
    *((name, "all", name, 70, np.nan, None) for name in palette.REGIMEN if name[0].isupper()),
)
TWO_ROOTS = steps(
    *CHAIN.itertuples(index=False),
    ("rna", "subtype", "RNA programmes", 44, 41, "No RNA-seq"),
    ("pdl1", "subtype", "PD-L1", 61, 24, "PD-L1 not tested"),
    ("os", "subtype", "Overall survival by subtype", 82, 3, "No date of last contact"),
    ("treated", "all", "First-line systemic treatment", 120, 97, "No treatment, or the regimen is not recorded"),
    ("events", "treated", "Treatment-related adverse events", 100, 20, "Adverse events not recorded"),
    ("response", "treated", "Objective response", 95, 25, "No measurable disease"),
    ("all 2", "", "All patients, cohort 2", 1160, None, ""),
    ("treated 2", "all 2", "Chemoimmunotherapy or chemotherapy", 116, 44, "Other or no treatment"),
    ("response 2", "treated 2", "Response by backbone", 116, 0, ""),
)


@pytest.mark.parametrize("width", [palette.COLUMN_MM, palette.PAGE_MM])
@pytest.mark.parametrize("table", [CHAIN, ARMS, TWO_ROOTS], ids=["chain", "arms", "two roots"])
def test_flow_has_a_box_per_step_one_per_loss_and_no_overlap(table, width):
    if table is TWO_ROOTS and width < palette.PAGE_MM:
        pytest.skip("twelve boxes want the page's width")
    fig, ax = palette.figure(width, flows.height_mm(table, width, "Who is analysed"))
    assert flows.flow(table, ax, title="Who is analysed") is ax
    assert_readable(fig)
    frames = [patch for patch in ax.patches if isinstance(patch, matplotlib.patches.Rectangle)]
    arrows = [patch for patch in ax.patches if isinstance(patch, matplotlib.patches.FancyArrowPatch)]
    losses = int((table["left"].fillna(0).astype(float) > 0).sum())
    assert len(frames) == len(table) + losses
    assert len(arrows) == int((table["parent"] != "").sum()) + losses
    extents = [frame.get_window_extent() for frame in frames]
    for i, box in enumerate(extents):
        assert box.x0 > -1 and box.y0 > -1 and box.x1 < fig.bbox.x1 + 1 and box.y1 < fig.bbox.y1 + 1
        assert not any(box.overlaps(other) for other in extents[:i])
    # every text but the title stands within a box, and no arrow runs through a side box's text
    for text, extent in boxes_of_text(fig).items():
        if text is not ax.title and text.get_text() != "Who is analysed":
            assert any(box.x0 <= extent.x0 and extent.x1 <= box.x1 and box.y0 - 1 <= extent.y0 for box in extents), text
    shown = " ".join(words(fig).replace("|", " ").split())
    for row in table.itertuples():
        assert row.label in shown and f"n = {row.n:,}" in shown
        assert pd.isna(row.left) or not row.left or f"{row.why} (n = {row.left:.0f})" in shown


def test_flow_puts_children_under_their_parent_and_refuses_what_is_no_tree():
    fig, ax = palette.figure(palette.PAGE_MM, flows.height_mm(ARMS))
    flows.flow(ARMS, ax)
    fig.canvas.draw()
    parent, *arms = [p.get_window_extent() for p in ax.patches if isinstance(p, matplotlib.patches.Rectangle)]
    assert all(arm.y1 < parent.y0 for arm in arms) and arms == sorted(arms, key=lambda arm: arm.x0)
    assert abs(np.mean([(arm.x0 + arm.x1) / 2 for arm in arms]) - (parent.x0 + parent.x1) / 2) < 1
    lost = steps(("a", "", "A", 1, None, ""), ("b", "c", "B", 1, None, ""))
    circle = steps(("a", "", "A", 1, None, ""), ("b", "c", "B", 1, None, ""), ("c", "b", "C", 1, None, ""))
    for table, words_ in ((lost, "no step of the flow: c"), (circle, "no root leads to: b, c")):
        with pytest.raises(ValueError, match=words_):
            flows.flow(table, ax)
    _, low = palette.figure(palette.PAGE_MM, 20)
    with pytest.raises(ValueError, match="more height"):
        flows.flow(TWO_ROOTS, low)


def test_one_colour_per_name_everywhere():
    assert palette.colors(["SCLC-like", "NSCLC-like"])["SCLC-like"] == palette.SUBTYPE["SCLC-like"]
    assert palette.colors(["chemotherapy"])["chemotherapy"] == palette.REGIMEN["Chemotherapy"]
    assert palette.colors(["x", "y"]) == palette.colors(["x", "y"])
    assert len(set(palette.colors(["a", "b", "c", "d", "e", "f"]).values())) == 6


def test_the_curve_names_the_group_its_ratios_are_against():
    """The reference may be any tested group; a ratio read the wrong way round is wrong, so the figure says which."""
    import numpy as np

    from lcnec_utils import survival

    rng = np.random.default_rng(0)
    table = pd.DataFrame({"months": rng.exponential(10, 90), "event": True, "group": np.repeat(["a", "b", "c"], 30)})
    for reference, expected in ((None, "a"), ("b", "b"), ("c", "c")):
        groups = survival.compare(table, "group", reference=reference)
        assert groups.reference == expected and expected not in set(groups.ratios["group"])
        one = groups.ratios.set_index("group")["hr"]
        other = survival.compare(table, "group", reference="a").ratios.set_index("group")["hr"]
        if expected != "a":
            assert one["a"] == pytest.approx(1 / other[expected], rel=1e-6)
        fig, ax = palette.figure(height_mm=90)
        kaplan_meier(groups, ax)
        texts = [text.get_text() for text in ax.texts] + [text.get_text() for text in ax.get_legend().get_texts()]
        texts.append(ax.get_legend().get_title().get_text())
        assert any(f"reference {expected}" in text for text in texts)
