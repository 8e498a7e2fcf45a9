"""Plots: each figure type on the shapes that cohorts really have, judged by what is drawn, not by pixels."""

import io
import itertools
import re
import warnings

import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("agg")
from PIL import Image  # noqa: E402

from lcnec_utils.core import formats  # noqa: E402
from lcnec_utils.core.errors import MissingData, UserError  # noqa: E402
from lcnec_utils.plots import flow as flows  # noqa: E402
from lcnec_utils.plots import grouped_boxes as grouped  # noqa: E402
from lcnec_utils.plots import palette  # noqa: E402
from lcnec_utils.plots import tornado as tornados  # noqa: E402
from lcnec_utils.plots.agreement import agreement  # noqa: E402
from lcnec_utils.plots.boxes import boxes  # noqa: E402
from lcnec_utils.plots.burden_sweep import burden_sweep  # noqa: E402
from lcnec_utils.plots.called_probabilities import called_probabilities  # noqa: E402
from lcnec_utils.plots.comut import column_order, comut  # noqa: E402
from lcnec_utils.plots.confusion import confusion  # noqa: E402
from lcnec_utils.plots.enrichment_bars import enrichment_bars  # noqa: E402
from lcnec_utils.plots.expression_heatmap import expression_heatmap  # noqa: E402
from lcnec_utils.plots.field_picture import field_picture  # noqa: E402
from lcnec_utils.plots.forest import forest  # noqa: E402
from lcnec_utils.plots.kaplan_meier import LEAST_MM, kaplan_meier  # noqa: E402
from lcnec_utils.plots.model_graph import model_graph  # noqa: E402
from lcnec_utils.plots.pair_heatmap import pair_heatmap  # noqa: E402
from lcnec_utils.plots.patient_rows import patient_rows  # noqa: E402
from lcnec_utils.plots.prevalence_scatter import prevalence_scatter  # noqa: E402
from lcnec_utils.plots.projection import projection  # noqa: E402
from lcnec_utils.plots.ranked_dots import ranked_dots  # noqa: E402
from lcnec_utils.plots.roc import roc  # noqa: E402
from lcnec_utils.plots.running_sum import running_sum  # noqa: E402
from lcnec_utils.plots.share_bars import share_bars  # noqa: E402
from lcnec_utils.plots.split_areas import split_areas  # noqa: E402
from lcnec_utils.plots.stacked_shares import stacked_shares  # noqa: E402
from lcnec_utils.plots.table import table as table_plot  # noqa: E402
from lcnec_utils.plots.volcano import volcano  # noqa: E402
from lcnec_utils.run import panel_files  # noqa: E402
from lcnec_utils.stats import comparison, proportions, survival  # noqa: E402
from tests.plots.readable import assert_readable, boxes_of_text  # noqa: E402


def words(figure) -> str:
    return " | ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_text())


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
    compared = comparison.compare(table, group="group")
    fig, ax = palette.figure(height_mm=100)
    kaplan_meier(compared, ax, title="A cohort")
    fig.canvas.draw()
    shown = words(fig)
    for row in compared.medians.itertuples():
        assert f"{row.group}, n = 30, {row.events} events: " in " ".join(shown.split())
    assert "nobody" not in shown
    assert "At risk" in shown and "Median months (95% CI)" in shown
    assert ("Log-rank p not estimable" in shown) == (groups == 1)
    # no text may be cut off by the figure's edge when saved tight: nothing overlaps the title
    title = next(t for t in fig.findobj(matplotlib.text.Text) if t.get_text() == "A cohort")
    legend = ax.get_legend().get_window_extent()
    assert title.get_window_extent().y0 >= legend.y1 - 2


@pytest.mark.parametrize("events", [0.0, 1.0])
def test_kaplan_meier_without_events_or_without_censoring(events):
    fig, ax = palette.figure()
    kaplan_meier(comparison.compare(patients(2, 8, events), group="group"), ax)
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
    compared = comparison.compare(SHAPES[shape], group="group", endpoint="overall survival")
    fig, ax = palette.figure(width, 110)
    kaplan_meier(compared, ax, title="A cohort", time_zero="diagnosis", note="HR 1.43 (1.04–1.99), adjusted")
    assert_readable(fig)
    shown = " ".join(words(fig).split())
    assert "Log-rank p" in shown and "HR 1.43 (1.04–1.99), adjusted" in shown and "At risk" in shown
    for row in compared.medians.itertuples():
        counts = f"{row.group}, n = {row.n}, {formats.count(row.events, 'event')}"
        assert f"{counts}: {formats.median_months(row.median, row.lower, row.upper)}" in shown
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

    compared = comparison.compare(SHAPES["two"], group="group")
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


def test_share_bars_bracket_the_two_bars_of_each_test_above_every_bar_and_count():
    names, things = ["NSCLC-like", "SCLC-like", "Unclassified"], ["TMB high", "MMR deficient"]
    shares = rows_of(dict.fromkeys(names, 148), things)
    pairs = [("NSCLC-like", "Unclassified"), ("NSCLC-like", "SCLC-like"), ("SCLC-like", "Unclassified")]
    tests = pd.DataFrame([
        {"what": what, "group": one, "other": other, "label": f"p = 0.{place}{number} (Fisher 0.52)"}
        for place, what in enumerate(things) for number, (one, other) in enumerate(pairs)
    ])  # fmt: skip
    fig, ax = palette.figure(palette.COLUMN_MM * 1.2, 70)
    share_bars(shares, ax, tests=tests, title="Cohort")
    boxes = {text.get_text(): box for text, box in boxes_of_text(fig).items()}
    assert_readable(fig)
    bars = sorted(ax.patches, key=lambda bar: bar.get_x())
    middle = {(what, group): bars[3 * place + number].get_x() + bars[0].get_width() / 2
              for place, what in enumerate(things) for number, group in enumerate(names)}  # fmt: skip
    highest = max(bar.get_window_extent().y1 for bar in bars)
    for test in tests.itertuples():
        ends = [middle[test.what, test.group], middle[test.what, test.other]]
        assert any(line.get_xdata()[0] == pytest.approx(ends[0], abs=0.02)
                   and line.get_xdata()[-1] == pytest.approx(ends[1], abs=0.02) for line in ax.lines)  # fmt: skip
        assert boxes[test.label].y0 > highest
    # the widest bracket stands on top
    assert boxes[tests["label"][0]].y0 > max(boxes[tests["label"][1]].y0, boxes[tests["label"][2]].y0)
    assert max(ax.get_yticks()) <= 100


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
    assert palette.colors(["x", "y"])["x"] == palette.colors(["x"])["x"] == palette.CYCLE[0]
    assert len(set(palette.colors(["a", "b", "c", "d", "e", "f"]).values())) == 6


def test_the_curve_names_the_group_its_ratios_are_against():
    """The reference may be any tested group; a ratio read the wrong way round is wrong, so the figure says which."""
    import numpy as np

    from lcnec_utils.stats import comparison

    rng = np.random.default_rng(0)
    table = pd.DataFrame({"months": rng.exponential(10, 90), "event": True, "group": np.repeat(["a", "b", "c"], 30)})
    for reference, expected in ((None, "a"), ("b", "b"), ("c", "c")):
        groups = comparison.compare(table, group="group", reference=reference)
        assert groups.reference == expected and expected not in set(groups.ratios["group"])
        one = groups.ratios.set_index("group")["hr"]
        other = comparison.compare(table, group="group", reference="a").ratios.set_index("group")["hr"]
        if expected != "a":
            assert one["a"] == pytest.approx(1 / other[expected], rel=1e-6)
        fig, ax = palette.figure(height_mm=90)
        kaplan_meier(groups, ax)
        texts = [text.get_text() for text in ax.texts] + [text.get_text() for text in ax.get_legend().get_texts()]
        texts.append(ax.get_legend().get_title().get_text())
        assert any(f"reference {expected}" in text for text in texts)


# --- one size whatever the cohort

NAMES = [
    "Carboplatin and etoposide with atezolizumab, then maintenance",
    "Cisplatin and pemetrexed with pembrolizumab until progression",
    "Carboplatin and paclitaxel with nivolumab and ipilimumab, 2x",
    "Cisplatin_etoposide_durvalumab_then_thoracic_radiotherapy_60",
    "Lurbinectedin in the second line after platinum and etoposide",
    "Best supportive care without any systemic treatment at all",
    "Tarlatamab within a clinical trial after two earlier lines",
    "Osimertinib for a tumour with an EGFR exon 19 deletion",
]
LABEL = "Large cell neuroendocrine carcinoma of the lung (University Hospital, 2010-2024)"
SIZES = [30, 1, 24, 60_000, 9, 5, 3, 2]
GRID = np.linspace(0, 1, 40)


def mm(ax) -> tuple[float, float]:
    box = ax.get_window_extent()
    return box.width / ax.get_figure(root=True).dpi * 25.4, box.height / ax.get_figure(root=True).dpi * 25.4


def saved_mm(figure) -> dict[str, tuple[float, float]]:
    """The width and height of a figure in each format that the page makes of it."""
    found = {}
    for kind, dpi in (("svg", panel_files.RASTER_DPI), ("png", panel_files.PRINT_DPI), ("png", panel_files.SCREEN_DPI)):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, dpi=dpi, bbox_inches="tight", pad_inches=0.04)
        if kind == "svg":
            size = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', buffer.getvalue().decode())
            found[f"{kind} {dpi}"] = tuple(float(each) / 72 * 25.4 for each in size.groups())
        else:
            found[f"{kind} {dpi}"] = tuple(each / dpi * 25.4 for each in Image.open(buffer).size)
    return found


def assert_sound(figure, readable: bool = True) -> None:
    """The figure has one size in every format and fits a page; its axes are apart; its text is whole and not small."""
    sizes = saved_mm(figure)
    for width, height in sizes.values():
        assert abs(width - sizes["svg 150"][0]) < 1.6 and abs(height - sizes["svg 150"][1]) < 1.6, sizes
        assert width < palette.PAGE_MM + 1.6, "wider than a page"
    if readable:
        assert_readable(figure)
    texts = boxes_of_text(figure)
    assert min(text.get_fontsize() for text in texts) >= palette.SMALLEST
    for text, box in texts.items():
        assert box.x0 > -2 and box.y0 > -2 and box.x1 < figure.bbox.x1 + 2 and box.y1 < figure.bbox.y1 + 2, text
    extents = [ax.get_window_extent() for ax in figure.axes]
    for one, other in itertools.combinations(extents, 2):
        across, up = min(one.x1, other.x1) - max(one.x0, other.x0), min(one.y1, other.y1) - max(one.y0, other.y0)
        assert across < 1 or up < 1, "two axes lie over each other"


def rows_of(groups, things=("any grade", "grade 3 or worse")) -> pd.DataFrame:
    rows = []
    for (group, n), (place, what) in itertools.product(groups.items(), enumerate(things)):
        k = n * (place + 1) // (len(things) + 3)
        lower, upper = proportions.wilson(k, n)
        rows.append({"group": group, "what": what, "k": k, "n": n, "share": k / n if n else np.nan, "lower": lower,
                     "upper": upper})  # fmt: skip
    return pd.DataFrame(rows)


def grouped_values(names, sizes):
    draw = np.random.default_rng(0)
    groups = pd.Series(pd.Categorical(np.repeat(names, sizes), names))
    return pd.Series(draw.normal(5, 1, len(groups))), groups


def ratios(rows) -> pd.DataFrame:
    columns = ["term", "counts", "hr", "lower", "upper", "p", "note"]
    return pd.DataFrame([[*row, 0.3, ""] for row in rows], columns=columns)


@pytest.mark.parametrize("names", [NAMES, [f"regimen {i}" for i in range(8)]], ids=["long", "short"])
def test_a_survival_plot_keeps_its_size_from_one_group_to_eight(names):
    sizes = {}
    for count in (1, 2, 5, 8):
        table = survivors(names[:count], [30 - 4 * i if i < 7 else 1 for i in range(count)])
        fig, ax = palette.figure(height_mm=92)
        kaplan_meier(
            comparison.compare(table, group="group", endpoint="overall survival", min_group=5),
            ax,
            title=LABEL,
            time_zero="diagnosis",
        )
        assert_sound(fig)
        sizes[count] = mm(ax)
        assert saved_mm(fig)["svg 150"][0] == pytest.approx(palette.COLUMN_MM, abs=1.6)
    assert all(wide >= LEAST_MM[0] - 0.5 and high >= LEAST_MM[1] - 0.5 for wide, high in sizes.values()), sizes
    assert sizes[8][1] <= sizes[1][1]


def test_a_group_without_a_censored_patient_does_not_squeeze_the_plot():
    """Its censor ticks stand nowhere: taken to be in the figure's corner they once left the plot no room."""
    table = survivors(["one", "two", "three"], [40, 30, 14], events=0.6)
    table.loc[table["group"] == "three", "event"] = True
    fig, ax = palette.figure(height_mm=92)
    kaplan_meier(comparison.compare(table, group="group", endpoint="rwPFS", min_group=5), ax, title="A cohort")
    fig.canvas.draw()
    first = mm(ax)
    assert_sound(fig)
    fig.canvas.draw()
    assert mm(ax) == pytest.approx(first, abs=0.5) and first[0] > 50


@pytest.mark.parametrize("endpoints", [1, 2, 3])
def test_panels_of_survival_have_one_size_whatever_the_number_of_endpoints(endpoints):
    fig, axes = palette.grid(endpoints, columns=endpoints, height_mm=92)
    for place, ax in enumerate(axes):
        endpoint = ["overall survival", "real-world progression-free survival", "progression-free survival"][place]
        shape = survivors(SUBTYPES, [24 + place, 19, 41])
        kaplan_meier(
            comparison.compare(shape, group="group", endpoint=endpoint, min_group=5),
            ax,
            title=LABEL,
            time_zero="first treatment",
        )
    assert_sound(fig)
    assert all(mm(ax) == pytest.approx(mm(axes[0]), abs=0.5) for ax in axes)
    assert 60 < mm(axes[0])[0] < 75 and mm(axes[0])[1] >= LEAST_MM[1] - 0.5


def test_60_000_patients_are_drawn_light_with_their_numbers_apart(tmp_path):
    draw = np.random.default_rng(0)
    group = pd.Categorical(np.repeat(["chemotherapy", "immunotherapy"], 30_000))
    months = draw.exponential(40, 60_000)
    table = pd.DataFrame({"months": months, "event": draw.random(60_000) < 0.7, "group": group})
    fig, ax = palette.figure(height_mm=92)
    kaplan_meier(comparison.compare(table, group="group"), ax, title="A cohort")
    assert_sound(fig)
    panel_files.rasterise_layers(fig, panel_files.MOST_MARKS)
    fig.savefig(tmp_path / "a.svg", dpi=panel_files.RASTER_DPI, bbox_inches="tight")
    assert (tmp_path / "a.svg").stat().st_size <= panel_files.SVG_BYTES and "30000" in words(fig)


def odd_shares(width=palette.PAGE_MM):
    fig, ax = palette.figure(width, 70)
    return fig, share_bars(rows_of(dict(zip(NAMES, SIZES, strict=True))), ax, title=LABEL)


def odd_genes():
    fig, ax = palette.figure(palette.PAGE_MM, 70)
    share_bars(rows_of({"SCLC-like LCNEC": 60_000, "SCLC": 1_643}, [f"GENE{i}" for i in range(60)]), ax, title=LABEL)
    return fig, ax


def odd_biomarkers():
    shares = rows_of(dict(zip(NAMES, SIZES, strict=True)), ["TMB high", "PD-L1 positive", "MMR deficient"])
    sweep = pd.concat([pd.DataFrame({"group": name, "n": 5, "per_mb": [0.0, 4, 9 + place], "share": [1, 0.5, 0.2]})
                       for place, name in enumerate(NAMES)])  # fmt: skip
    fig, (left, right) = palette.figure(palette.PAGE_MM, 70, ncols=2, width_ratios=(1.25, 1))
    share_bars(shares, left, title=LABEL)
    burden_sweep(sweep, right, cuts={10: "≥ 10", 19: "> 19"}, title="Tumour mutational burden: every cut-off")
    return fig, right


def odd_boxes(pairs=()):
    values, groups = grouped_values(NAMES, SIZES)
    fig, ax = palette.figure(palette.COLUMN_MM, 80)
    return fig, boxes(values, groups, ax, ylabel="DLL3, log2(TPM + 1)", pairs=dict.fromkeys(pairs, 0.01), title=LABEL)


def odd_cancer_types():
    names = [*NAMES, *(f"Cancer type {i}" for i in range(30))]
    values, groups = grouped_values(names, [60_000] + [1] * 37)
    fig, ax = palette.figure(130, 120)
    lines = {"NSCLC-like": 5.0, "All LCNEC": np.nan, "SCLC-like": 6.0}
    return fig, boxes(values, groups, ax, ylabel="FGL1", lines=lines, horizontal=True, title=LABEL)


def odd_forest(width=120):
    rows = [(NAMES[i % 8] if i % 3 == 0 else f"GENE{i}", "30000 of 60000", 1.2, 0.8, 1.9) for i in range(60)]
    rows[1:4] = [
        ("A", "3 of 9", 1e9, 0.0, np.inf),
        ("B", "3 of 9", 0.001, 1e-9, 0.9),
        ("C", "3 of 9", np.nan, np.nan, np.nan),
    ]
    fig, ax = palette.figure(width, 60)
    return fig, forest(ratios(rows), ax, title=LABEL, left="longer OS", right="shorter OS")


def odd_tornado():
    table = adverse_events(6, dict(zip(NAMES, [30, 1, 0, 20, 60_000], strict=False)))
    table["category"] = table["category"].replace({"Neutropenia": NAMES[3]})
    fig, ax = palette.figure(palette.PAGE_MM, tornados.height_mm(table))
    return fig, tornados.tornado(table, ax, title=LABEL)


def odd_stack():
    shares = rows_of(dict(zip(NAMES, SIZES, strict=True)), NAMES).assign(share=1 / len(NAMES))
    fig, (left, right) = palette.figure(palette.PAGE_MM, 74, ncols=2)
    stacked_shares(shares, left, ylabel="% of tumours", title=LABEL)
    return fig, stacked_shares(shares, right, ylabel="% of tumours", title="With Mixed and Negative")


def odd_grouped():
    draw = np.random.default_rng(0)
    kinds = ["B cells", "Tertiary lymphoid structures (8 genes, of those that were measured)"]
    table = pd.DataFrame([{"group": group, "what": kind, "value": draw.normal()}
                          for kind in kinds for group in NAMES[:4] for _ in range(5)])  # fmt: skip
    table["group"] = pd.Categorical(table["group"], NAMES[:4])
    tests = pd.DataFrame([{"what": kind, "group": one, "other": other, "p_adjusted": 0.001}
                          for kind in kinds for one, other in itertools.combinations(NAMES[:4], 2)])  # fmt: skip
    fig, ax = palette.figure(palette.PAGE_MM, grouped.height_mm(table))
    return fig, grouped.grouped_boxes(table, ax, xlabel="% of cells", tests=tests, fdr=0.05, title=LABEL)


def odd_projection():
    samples = [f"s{i}" for i in range(80)]
    places = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 2)), samples, ["x", "y"])
    groups = pd.Series(pd.Categorical(np.resize(NAMES, 80), NAMES), samples)
    fig, ax = palette.figure(height_mm=88)
    return fig, projection(places, groups, ax, clusters=pd.Series(1, samples), title=LABEL)


def odd_ranks():
    items = [*NAMES[:3], *(f"line {i}" for i in range(60))]
    values = pd.Series(np.linspace(4, -2, 63), items)
    fig, ax = palette.figure(120, 70)
    kinds = pd.Series(pd.Categorical(np.resize(NAMES, 63), NAMES), items)
    return fig, ranked_dots(values, kinds, ax, ylabel="FGL1 protein", xlabel="Cell lines", title=LABEL)


def odd_classifier():
    ways = ["genes chosen on all labelled tumours", "genes chosen within training"]
    curve = pd.concat([pd.DataFrame({"way": way, "kernel": kernel, "false_positive": GRID, "true_positive": GRID})
                       for way in ways for kernel in ("linear", "rbf")])  # fmt: skip
    labels = {
        (way, kernel): f"{way},\n{kernel}: AUC 0.500 (0.401–0.601)" for way in ways for kernel in ("linear", "rbf")
    }
    areas = pd.DataFrame([{"labels": "own labels", "way": way, "split": split, "auc": 0.1 + split / 50}
                          for way in ways for split in range(20)])  # fmt: skip
    fig, (left, right) = palette.figure(palette.PAGE_MM, 84, ncols=2)
    roc(curve, left, labels=labels, title=LABEL)
    return fig, split_areas(areas, right, title="Repeated splits")


def odd_called():
    fig, (left, right) = palette.figure(palette.PAGE_MM, 70, ncols=2)
    called_probabilities(pd.Series(np.linspace(0, 1, 300)), left, classes=tuple(NAMES[:2]), sure_from=0.8, title=LABEL)
    share_bars(rows_of(dict.fromkeys(["as worded", "no leakage", "where sure"], 60_000)), right, title="Called")
    return fig, left


def odd_confusion():
    table = pd.DataFrame([{"truth": one, "called": other, "n": 60_000} for one in NAMES[:2] for other in NAMES[:2]])
    fig, axes = palette.figure(130, 66, ncols=2)
    for ax, title in zip(axes, ("Genes chosen on all labelled tumours", "Genes chosen within training"), strict=True):
        confusion(table, ax, title=title)
    return fig, axes[0]


def odd_volcano():
    draw = np.random.default_rng(0)
    table = pd.DataFrame(
        {"log2_fold_change": draw.normal(size=500), "p": draw.random(500)}, [f"G{i}" for i in range(500)]
    )
    fig, ax = palette.figure(100, 110)
    named = {"named": [f"G{i}" for i in range(30)], "first": NAMES[0], "second": NAMES[1]}
    return fig, volcano(table.assign(selected=table["p"] < 0.1), ax, p="p", fold=3, title=LABEL, **named)


def odd_sets():
    sets = ["HALLMARK_" + "_".join(["VERY"] * 14), *(f"HALLMARK_SET_{i}" for i in range(59))]
    scores = np.linspace(-2, 2, 60)
    table = pd.DataFrame({"set": sets, "nes": scores, "fdr": 0.01, "nes_min": scores - 0.1, "nes_max": scores + 0.1})
    fig, (left, right) = palette.figure(palette.PAGE_MM, 105, ncols=2, width_ratios=(1.5, 1))
    enrichment_bars(table, left, fdr=0.05, first="over 20 months", second="under", title=LABEL)
    curve = pd.DataFrame({"position": range(40), "hit": GRID > 0.9, "running_sum": np.sin(3 * GRID)})
    says = "NES 2.56\nFDR < 0.001\n198 genes"
    return fig, running_sum(curve, right, says=says, first="FGL1-high", second="FGL1-low", title="KRAS signalling up")


def odd_agreement():
    fig, axes = palette.grid(11, columns=4, height_mm=44)
    for ax in axes:
        agreement(pd.Series(GRID), pd.Series(GRID), ax, title=NAMES[0], r=0.9)
    fig.suptitle(LABEL, fontsize=8, weight="bold", x=0.01, ha="left")
    return fig, axes[0]


def odd_prevalence():
    draw = np.random.default_rng(0)
    table = pd.DataFrame(
        {"share_1": draw.beta(1, 8, 200), "share_2": draw.beta(1, 8, 200), "p_adjusted": 0.5},
        [f"GENE{i}" for i in range(200)],
    )
    fig, ax = palette.figure(height_mm=98)
    heads = {"first": f"{NAMES[0]} (n = 60000)", "second": f"{NAMES[1]} (n = 1)"}
    return fig, prevalence_scatter(table.assign(tested=True), ax, named=list(table.index[:60]), title=LABEL, **heads)


def odd_fields():
    fig, pictures, plot = palette.pictures_over_plot(8)
    marks = pd.DataFrame({"row": [5, 9], "column": [6, 60], "kind": ["FGL1-positive", NAMES[1]]})
    for ax, name in zip(pictures, NAMES, strict=True):
        field_picture(np.zeros((64, 64)), ax, um_per_pixel=0.5, marks=marks, title=name)
    values, groups = grouped_values(NAMES, [3] * 8)
    return fig, boxes(values, groups, plot, ylabel="% FGL1-positive cells", title=LABEL)


def odd_pairs(pairs=30, genes=12):
    draw = np.random.default_rng(0)
    samples = [f"s{i}" for i in range(2 * pairs)]
    hit = pd.DataFrame(draw.random((2 * pairs, genes)) < 0.3, samples, [f"GENE{i}" for i in range(genes)])
    found = hit.stack()[lambda found: found].index.to_frame(index=False, name=["sample", "gene"])
    patients = np.repeat([f"PATIENT-{i:04}" for i in range(pairs)], 2)
    table = pd.DataFrame({"patient": patients, "months": np.tile([0, 14.2], pairs)}, samples)
    table = table.assign(genomic_subtype="Unknown", tf_subtype="YAP1", tmb=20.0, pdl1=np.nan)
    fig, ax = palette.figure(palette.PAGE_MM * 0.75, 90)
    calls = found.assign(alteration="missense")
    cuts = {"tmb_above_per_mb": 19, "pdl1_from_percent": 1}
    return fig, pair_heatmap(table, calls, hit.astype("boolean"), ax, title=LABEL, **cuts)


def odd_table():
    columns = {
        "characteristic": ["Age, years", *["ECOG performance status"] * 9],
        "level": [*["median (range)"] * 9, NAMES[0]],
    }
    columns |= {f"{name} (n = {n})": ["12345/60000 (42%)"] * 10 for name, n in zip(NAMES, SIZES, strict=True)}
    frame = pd.DataFrame({**columns, "p": ["p = 0.37"] * 10})
    fig, ax = palette.figure(palette.PAGE_MM, 60)
    return fig, table_plot(frame, ax, widths=[2.5, 1.6, *[9.0] * 8, 0.9], title=LABEL)


def odd_model():
    targets = dict.fromkeys(["FGL1", "SPINK1", "KRAS signalling", "DLL3", "TILs"], "antibody conjugates")
    arrows = pd.DataFrame([{"source": source, "target": target, "label": "×9.1", "drawn": True, "higher": True}
                           for source, target in zip(NAMES[:5], targets, strict=True)])  # fmt: skip
    fig, ax = palette.figure(palette.PAGE_MM, 60)
    return fig, model_graph(arrows, ax, targets=targets, title=LABEL)


def odd_heatmap():
    columns, draw = [f"s{i}" for i in range(30)], np.random.default_rng(0)
    z = pd.DataFrame(draw.normal(size=(60, 30)), [f"GENE{i}" for i in range(60)], columns)
    known = pd.Categorical([None, *np.resize(NAMES, 29)], NAMES)
    fig, ax = palette.figure(palette.PAGE_MM, 80)
    expression_heatmap(z, ax, tracks={"Regimen": pd.Series(known, columns)}, title=LABEL, xlabel="log2(TPM + 1)")
    return fig, fig.axes[1]


# what is drawn → the least width and height of its axes in mm
ODD = {
    odd_shares: (60, 30), lambda: odd_shares(palette.COLUMN_MM): (60, 30), odd_genes: (60, 30),
    odd_biomarkers: (36, 30), odd_boxes: (32, 30), lambda: odd_boxes(itertools.combinations(NAMES, 2)): (32, 90),
    odd_cancer_types: (32, 140), odd_forest: (33, 270), lambda: odd_forest(palette.COLUMN_MM): (33, 270),
    odd_tornado: (60, 80), odd_stack: (32, 38), odd_grouped: (45, 30), odd_projection: (50, 44), odd_ranks: (45, 36),
    odd_classifier: (40, 38), odd_called: (32, 34), odd_confusion: (15, 15), odd_volcano: (50, 48),
    odd_sets: (34, 150), odd_agreement: (20, 20), odd_prevalence: (50, 50), odd_fields: (60, 30),
    odd_pairs: (50, 40), lambda: odd_pairs(200): (50, 40), lambda: odd_pairs(1, 1): (50, 14),
    lambda: odd_pairs(3, 60): (50, 150), odd_table: (150, 50), odd_model: (120, 65), odd_heatmap: (60, 150),
}  # fmt: skip


@pytest.mark.parametrize("make", ODD, ids=lambda make: f"{make.__name__}")
def test_a_figure_of_an_odd_cohort_keeps_its_plot_and_all_its_words(make):
    """Eight groups with names of 60 letters, one patient or 60,000; 60 rows; infinite limits; one gene."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="constrained_layout")
        fig, ax = make()
        assert_sound(fig)
    wide, high = mm(ax)
    assert wide >= ODD[make][0] - 0.5 and high >= ODD[make][1] - 0.5, (wide, high)
    assert LABEL[:30] in " ".join(words(fig).split()) or make is odd_confusion


def test_two_groups_of_a_figure_never_share_a_colour():
    every = [*palette.NAMED, *(f"regimen {i}" for i in range(6))]
    pick = np.random.default_rng(0)
    lists = [["SCLC-like", "subtype unknown"], ["chemotherapy", "Chemotherapy", "surgery"], [*NAMES, *SUBTYPES]]
    lists += [list(pick.choice(every, 10, replace=False)) for _ in range(200)]
    for names in lists:
        given = palette.colors(names)
        assert list(given) == names and len(set(given.values())) == len(names), names
    assert palette.colors([*SUBTYPES, "surgery"])["SCLC-like"] == palette.SUBTYPE["SCLC-like"]
    first = palette.colors([f"group {i}" for i in range(8)])
    assert first == {name: palette.colors([*first, "more"])[name] for name in first}


def seen_by(color: str, eyes: str) -> np.ndarray:
    """A colour in OKLab (Ottosson 2020) as dichromats see it (Viénot, Brettel & Mollon 1999): another space and another
    simulation than the palette's own."""
    rgb = np.array(matplotlib.colors.to_rgb(color)) ** 2.2
    lms = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]]) @ rgb
    if eyes == "protan":
        lms[0] = 2.02344 * lms[1] - 2.52581 * lms[2]
    elif eyes == "deutan":
        lms[1] = 0.494207 * lms[0] + 1.24827 * lms[2]
    rgb = np.clip([[0.0809, -0.1305, 0.1167], [-0.0102, 0.0540, -0.1136], [-0.0004, -0.0041, 0.6935]] @ lms, 0, 1)
    cone = np.cbrt([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]] @ rgb)
    return np.array([[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]] @ cone)


@pytest.mark.parametrize("eyes", ["normal", "protan", "deutan"])
def test_eight_groups_without_colours_of_their_own_can_be_told_apart_by_any_eyes(eyes):
    tones = palette.colors([f"group {i}" for i in range(8)]).values()
    for one, other in itertools.combinations(tones, 2):
        assert np.linalg.norm(seen_by(one, eyes) - seen_by(other, eyes)) > 0.07, (one, other)
        assert palette.apart(one, other) >= palette.APART


def test_more_groups_than_colours_have_lines_and_marks_of_their_own_and_too_many_are_refused():
    names = [f"group {i}" for i in range(20)]
    looks = list(zip(palette.colors(names).values(), map(str, palette.dashes(names).values()), strict=True))
    assert len(set(looks)) == 20 and len(set(looks[i][1] for i in range(len(palette.CYCLE)))) == 1
    assert len({palette.markers(names)[name] for name in names}) > 1
    with pytest.raises(MissingData, match="200 groups are more than a figure can tell apart"):
        palette.colors([f"group {i}" for i in range(200)])


def test_words_in_a_group_s_colour_are_dark_enough_to_be_read():
    for name in [*palette.NAMED, *palette.CYCLE]:
        color = palette.NAMED.get(name, name)
        red, green, blue = (np.array(matplotlib.colors.to_rgb(palette.ink(color)))) ** 2.2
        assert 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) > 2, name


def test_text_is_wrapped_within_its_width_and_n_stays_whole():
    for width in (40, 60, 90, 150):
        for name in NAMES:
            lines = palette.wrap(f"{name} (n = 60,000)", width).split("\n")
            assert all(palette.text_width(line) <= width + 0.1 for line in lines)
            assert "".join(lines).replace(" ", "") == f"{name} (n = 60,000)".replace(" ", "")
            assert width < 60 or any("(n = 60,000)" in line for line in lines)
    fig, ax = palette.figure()
    ax.set_title("cost $5 and $6_x$")
    fig.canvas.draw()
    assert "cost $5 and $6_x$" in words(fig)


def empty(*columns) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns))


def no_curve() -> comparison.Comparison:
    test = survival.LogRank(np.nan, 0, np.nan)
    return comparison.Comparison(
        "overall survival", empty("group", "months"), empty("group"), empty(), test, empty(), [], [], 0, 0
    )


NONE = pd.Series(dtype=float)
SIDES = {"first": "A", "second": "B"}
NOBODY = {
    "kaplan_meier": lambda ax: kaplan_meier(no_curve(), ax),
    "forest without rows": lambda ax: forest(ratios([]), ax),
    "forest without an estimate": lambda ax: forest(ratios([("A", "1 of 9", np.nan, np.nan, np.nan)]), ax),
    "share_bars": lambda ax: share_bars(rows_of({"A": 0, "B": 0}), ax),
    "stacked_shares": lambda ax: stacked_shares(rows_of({"A": 0}), ax, ylabel="%"),
    "burden_sweep": lambda ax: burden_sweep(empty("group", "n", "per_mb", "share"), ax, cuts={}),
    "boxes": lambda ax: boxes(*grouped_values(["A"], [0]), ax, ylabel="DLL3"),
    "tornado": lambda ax: tornados.tornado(adverse_events(2, {"A": 0}), ax),
    "projection": lambda ax: projection(empty("x", "y"), pd.Series(pd.Categorical([])), ax),
    "ranked_dots": lambda ax: ranked_dots(NONE, pd.Series(pd.Categorical([])), ax, ylabel="y", xlabel="x"),
    "called": lambda ax: called_probabilities(NONE, ax, classes=("A", "B"), sure_from=0.8),
    "confusion": lambda ax: confusion(pd.DataFrame([{"truth": "A", "called": "A", "n": 0}]), ax),
    "roc": lambda ax: roc(empty("way", "kernel"), ax, labels={}),
    "split_areas": lambda ax: split_areas(empty("labels", "way", "split", "auc"), ax),
    "volcano": lambda ax: volcano(empty("p", "log2_fold_change", "selected"), ax, p="p", fold=2, named=[], **SIDES),
    "enrichment_bars": lambda ax: enrichment_bars(empty("set", "nes"), ax, fdr=0.05, **SIDES),
    "running_sum": lambda ax: running_sum(empty("position"), ax, says="", **SIDES),
    "prevalence": lambda ax: prevalence_scatter(empty("share_1", "share_2"), ax, named=[], **SIDES),
    "pair_heatmap": lambda ax: pair_heatmap(empty(), empty(), empty(), ax, tmb_above_per_mb=19, pdl1_from_percent=1),
    "table": lambda ax: table_plot(empty(), ax, widths=[]),
    "model_graph": lambda ax: model_graph(empty(), ax, targets={}),
    "expression_heatmap": lambda ax: expression_heatmap(empty(), ax),
    "patient_rows": lambda ax: patient_rows(empty("months", "event"), ax, values={}, cut=20),
}


@pytest.mark.parametrize("kind", NOBODY)
def test_a_figure_with_nothing_to_show_is_a_stated_skip(kind):
    fig, ax = palette.figure()
    with pytest.raises(MissingData) as reason:
        NOBODY[kind](ax)
    assert len(str(reason.value).split()) > 5 and "\n" not in str(reason.value) and not str(reason.value).endswith(".")


def test_an_empty_plot_beside_a_full_one_says_why_and_two_empty_ones_are_a_skip():
    fig, (left, right) = palette.figure(palette.PAGE_MM, 70, ncols=2)
    share_bars(rows_of({"A": 0}), left, title="Nobody")
    share_bars(rows_of({"A": 9}), right)
    assert_sound(fig)
    assert "Nobody here was tested" in words(fig) and "Nobody" in left.get_title(loc="left")
    fig, (left, right) = palette.figure(palette.PAGE_MM, 70, ncols=2)
    share_bars(rows_of({"A": 0}), left)
    with pytest.raises(MissingData, match="nobody here was tested"):
        share_bars(rows_of({"A": 0}), right)


def test_a_track_of_the_heatmap_shows_who_is_not_recorded():
    """A missing word once had the last word's colour."""
    z = pd.DataFrame(np.zeros((2, 3)), ["ASCL1", "YAP1"], list("abc"))
    fig, ax = palette.figure()
    expression_heatmap(z, ax, tracks={"Cluster": pd.Series(pd.Categorical([None, "A", "B"]), list("abc"))})
    tones = [matplotlib.colors.to_hex(tone / 255) for tone in fig.axes[0].images[0].get_array()[0]]
    assert tones == [each.lower() for each in (palette.MISSING, palette.CLUSTER["A"], palette.CLUSTER["B"])]
    assert "not recorded (n = 1)" in " ".join(words(fig).split())


@pytest.mark.parametrize(("columns", "method"), [(7, "complete"), (60, "average"), (300, "ward")])
def test_a_dendrogram_has_the_joints_of_scipys_own_over_its_columns(columns, method):
    from scipy.cluster import hierarchy

    values = np.random.default_rng(columns).normal(size=(columns, 4))
    tree = hierarchy.linkage(values, method)
    own = hierarchy.dendrogram(tree, no_plot=True)  # its leaves are 10 apart, from 5 on
    z = pd.DataFrame(values.T, columns=[f"s{i}" for i in range(columns)]).iloc[:, own["leaves"]]
    fig, ax = palette.figure(palette.PAGE_MM, 90)
    heatmap = expression_heatmap(z, ax, tree=tree)
    (joints,) = fig.axes[0].collections
    drawn = sorted(map(tuple, np.array(joints.get_segments()).reshape(-1, 8).round(9)))
    both = np.stack([np.array(own["icoord"]) / 10, own["dcoord"]], axis=2)
    np.testing.assert_allclose(drawn, sorted(map(tuple, both.reshape(-1, 8).round(9))), atol=1e-8)
    assert fig.axes[0].get_xlim() == heatmap.get_xlim() == (0, columns)
    low, high = fig.axes[0].get_ylim()
    assert low < 0 and high > tree[-1, 2] and not joints.get_rasterized()


def test_a_dendrogram_of_a_chain_of_thousands_is_drawn_as_pixels():
    """Single linkage of points further and further apart: a level for each, too deep for scipy's own drawing; 1 s."""
    from scipy.cluster import hierarchy

    tree = hierarchy.linkage(np.arange(2200.0)[:, None] ** 2, "single")
    fig, ax = palette.figure(palette.PAGE_MM, 60)
    z = pd.DataFrame(np.zeros((2, 2200)), ["A", "B"]).iloc[:, hierarchy.leaves_list(tree)]
    expression_heatmap(z, ax, tree=tree)
    assert fig.axes[0].collections[0].get_rasterized() and len(fig.axes[0].collections[0].get_segments()) == 2199


def test_a_dendrogram_of_other_columns_is_refused():
    fig, ax = palette.figure()
    with pytest.raises(UserError, match="joins 3 columns and the heatmap has 4"):
        expression_heatmap(pd.DataFrame(np.eye(4)), ax, tree=np.array([[0, 1, 1.0, 2], [2, 3, 2.0, 3]]))


def test_patients_stand_in_the_order_of_their_survival_with_what_was_measured():
    patients = pd.DataFrame({"months": [21.0, 50, 33], "event": [True, False, True]}, list("abc"))
    tmb = pd.DataFrame({"words": ["25.0", None, "4.0"], "level": ["high", None, "low"]}, list("abc"))
    fig, ax = palette.figure(palette.COLUMN_MM, 60)
    patient_rows(patients, ax, values={"TMB, per Mb": tmb}, cut=20, title="A cohort")
    assert_readable(fig)
    died, alive = (collection.get_offsets().tolist() for collection in ax.collections[1:])
    assert died == [[33, 1], [21, 2]] and alive == [[50, 0]], "the longest on top"
    told = {text.get_text(): text.xy[1] for text in ax.texts if hasattr(text, "xy")}
    assert told == {"TMB, per Mb": 1, "not tested": 0, "4.0 low": 1, "25.0 high": 2}
    assert "died (n = 2)" in words(fig) and "alive when last seen (n = 1)" in words(fig) and "(n = 3)" in words(fig)


def test_of_very_many_patients_the_longest_are_drawn_and_it_is_said():
    patients = pd.DataFrame({"months": np.arange(21.0, 121), "event": True})
    fig, ax = palette.figure(palette.COLUMN_MM, 60)
    patient_rows(patients, ax, values={}, cut=20)
    assert len(ax.get_yticks()) == 40 and "(n = 100; the longest 40 are drawn)" in " ".join(words(fig).split())


def test_a_legend_moves_out_of_a_plot_whose_curves_it_would_cover():
    low = pd.DataFrame({"way": "no leakage", "kernel": "linear", "false_positive": GRID, "true_positive": GRID**4})
    high = low.assign(true_positive=1.0)
    for table, inside in ((high, True), (low, False)):
        fig, ax = palette.figure(palette.COLUMN_MM, 84)
        roc(table, ax, labels={("no leakage", "linear"): "no leakage,\nlinear: AUC 0.33 (0.20–0.47)"})
        fig.canvas.draw()
        legend, here = ax.get_legend().get_window_extent(), ax.get_window_extent()
        assert (legend.y0 > here.y0) == inside
