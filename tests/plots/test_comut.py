"""The CoMut plot: which tumours, alterations and numbers it shows and where, judged by what is drawn, not by pixels."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("agg")
from matplotlib.offsetbox import TextArea  # noqa: E402
from matplotlib.patches import PathPatch  # noqa: E402

from lcnec_utils.core.errors import MissingData  # noqa: E402
from lcnec_utils.plots import palette  # noqa: E402
from lcnec_utils.plots.comut import column_order, comut  # noqa: E402
from lcnec_utils.run import panel_files  # noqa: E402

SUBTYPES = ["NSCLC-like", "SCLC-like", "Unclassified"]
GENES = ["TP53", "RB1", "STK11", "KEAP1", "KRAS", "SMARCA4", "KMT2D", "CDKN2A", "PTEN", "ARID1A", "NF1", "EGFR"]


def texts(figure) -> dict:
    """Each text shown and its box in pixels."""
    figure.canvas.draw()
    shown = [text for text in figure.findobj(matplotlib.text.Text) if text.get_text().strip() and text.get_visible()]
    return {text: matplotlib.text.Text.get_window_extent(text) for text in shown}


def box_of(figure, word: str):
    return next(box for text, box in texts(figure).items() if text.get_text() == word)


def marks(figure) -> dict[str, list[tuple[float, float, float, float]]]:
    """Every box filled, by what it stands for: left and right in pixels, lower and upper in rows or units."""
    figure.canvas.draw()
    found: dict[str, list] = {}
    for ax in figure.axes:
        for patch in (patch for patch in ax.patches if isinstance(patch, PathPatch)):
            for corners in patch.get_path().vertices.reshape(-1, 5, 2):
                (left, lower), (right, upper) = corners.min(axis=0), corners.max(axis=0)
                pixels = ax.transData.transform([(left, lower), (right, upper)])[:, 0]
                found.setdefault(patch.get_label(), []).append((*pixels, lower, upper))
    return found


def matrix(figure) -> list:
    """The axes of the genes, a group each, from left to right."""
    found = [ax for ax in figure.axes if any(patch.get_label() == "no alteration" for patch in ax.patches)]
    return sorted(found, key=lambda ax: ax.get_position().x0)


def legend(figure, title: str) -> dict[str, object]:
    """The words of one legend, found by its title, and the patch beside each."""
    packs = [
        pack for pack in figure.findobj(matplotlib.offsetbox.VPacker) if isinstance(pack.get_children()[0], TextArea)
    ]
    found = next(pack for pack in packs if pack.get_children()[0].get_text() == title)
    words = [text.get_text() for text in found.findobj(matplotlib.text.Text)][1:]
    return dict(zip(words, found.findobj(matplotlib.patches.Rectangle), strict=True))


def six():
    """Six tumours. s1 has two mutations of RB1 and a deletion; s5 has a call of KRAS, for which it was not profiled."""
    samples = [f"s{i}" for i in range(6)]
    hit = pd.DataFrame(False, samples, ["TP53", "RB1", "KRAS"], dtype="boolean")
    hit.loc[["s0", "s1", "s3"], "TP53"] = True
    hit.loc["s1", "RB1"] = hit.loc["s2", "KRAS"] = True
    hit.loc["s5", "KRAS"] = pd.NA
    groups = pd.Series(pd.Categorical(["B", "A", "A", "B", "A", "B"], ["A", "B", "nobody"]), samples)
    calls = [("s0", "TP53", "missense"), ("s1", "TP53", "truncating"), ("s3", "TP53", "splice")]
    calls += [("s1", "RB1", "deep deletion"), ("s1", "RB1", "missense"), ("s1", "RB1", "truncating")]
    calls += [("s2", "KRAS", "missense"), ("s5", "KRAS", "missense")]
    return pd.DataFrame(calls, columns=["sample", "gene", "alteration"]), hit, groups


def many(sizes: dict[str, int], profiled: float = 1.0):
    """Tumours with some fifth of the genes altered, two classes of alteration in some."""
    draw = np.random.default_rng(3)
    samples = [f"s{i:03}" for i in range(sum(sizes.values()))]
    altered = draw.random((len(samples), len(GENES))) < np.linspace(0.7, 0.05, len(GENES))
    hit = pd.DataFrame(altered, samples, GENES).astype("boolean")
    hit = hit.mask(draw.random(hit.shape) > profiled)
    groups = pd.Series(pd.Categorical(np.repeat(list(sizes), list(sizes.values())), list(sizes)), samples)
    found = hit.stack()
    found = found[found].index.to_frame(index=False, name=["sample", "gene"])
    kinds = ["truncating", "missense", "splice", "deep deletion", "amplification", "rearrangement"]
    calls = pd.concat([found.assign(alteration=draw.choice(kinds, len(found))) for _ in range(2)]).drop_duplicates()
    regimens = draw.choice([*list(palette.REGIMEN)[3:], None], len(samples))
    tracks = {
        "Sex": pd.Series(draw.choice(["Female", "Male"], len(samples)), samples),
        "Age (years)": pd.Series(draw.normal(67, 10, len(samples)).round(), samples),
        "First-line treatment": pd.Series(regimens, samples),
    }
    return (calls, hit, groups), tracks, pd.Series(draw.lognormal(2.2, 0.7, len(samples)), samples)


def test_each_group_has_a_column_for_each_of_its_tumours_in_the_cascade_s_order():
    calls, hit, groups = six()
    fig = comut(calls, hit, groups)
    assert [ax.get_xlim() for ax in matrix(fig)] == [(0, 3), (0, 3)]
    assert column_order(hit, groups) == ["s1", "s2", "s4", "s0", "s3", "s5"]
    found = marks(fig)
    first, second = (ax.get_window_extent() for ax in matrix(fig))
    tp53 = {kind: found[kind][0][:2] for kind in ("truncating", "splice")}
    assert first.x0 <= tp53["truncating"][0] and tp53["truncating"][1] <= first.x0 + first.width / 3, "s1 is the first"
    assert second.x0 + second.width / 3 <= tp53["splice"][0] and tp53["splice"][1] <= second.x0 + 2 * second.width / 3


def test_a_share_is_of_the_tumours_profiled_and_its_head_says_so():
    calls, hit, groups = six()
    fig = comut(calls, hit, groups)
    rows = {gene: box_of(fig, gene) for gene in hit}
    shares = sorted((box.x0, -box.y0, text.get_text(), box) for text, box in texts(fig).items()
                    if text.get_text().endswith("%"))  # fmt: skip
    assert [share[2] for share in shares] == [
        "33%", "33%", "33%",  # A: s1, s2 and s4
        "67%", "0%", "0%",  # B: s0, s3 and, but for KRAS, s5
        "50%", "17%", "20%",  # all; KRAS: 1 of 5
    ]  # fmt: skip
    groups_of_genes = [ax.get_window_extent() for ax in matrix(fig)]
    for place, (_, _, _, share) in enumerate(shares):
        gene = list(rows.values())[place % 3]
        assert share.x0 > gene.x1 and abs((share.y0 + share.y1) - (gene.y0 + gene.y1)) < 6
    assert groups_of_genes[0].x1 < shares[0][3].x0 and shares[0][3].x1 < groups_of_genes[1].x0
    assert groups_of_genes[1].x1 < shares[3][3].x0 and shares[3][3].x1 < shares[6][3].x0
    assert all(text.get_style() == "italic" for text in texts(fig) if text.get_text() in rows)
    assert "altered of\nall profiled" in [text.get_text() for text in texts(fig)]
    one_group = pd.Series(pd.Categorical(["A"] * 6), hit.index)
    fig = comut(calls, hit.assign(KRAS=pd.array([pd.NA] * 6, "boolean"))[["KRAS", "TP53"]], one_group)
    assert [text.get_text() for text in texts(fig) if text.get_text() in ("–", "50%")] == ["–", "50%"]
    fig = comut(calls, hit[["TP53"]], groups)
    assert "altered\nof all" in [text.get_text() for text in texts(fig)]


def test_what_was_not_profiled_is_white_and_what_was_not_altered_is_grey():
    calls, hit, groups = six()
    fig = comut(calls, hit, groups)
    drawn = [box for boxes in marks(fig).values() for box in boxes]
    right = matrix(fig)[1].get_window_extent()
    kras_of_s5 = [box for box in drawn if box[2] >= 2 and box[0] > right.x0 + right.width * 2 / 3]
    assert kras_of_s5 == [], "nothing lies there, the call that has no wild types to it included"
    named = legend(fig, "Alteration")
    assert palette.ALTERATION.keys() & named.keys() == {"truncating", "missense", "splice", "deep deletion"}
    assert matplotlib.colors.to_hex(named["not profiled"].get_facecolor()) == "#ffffff"
    assert 0 < named["not profiled"].get_linewidth() <= 0.5 and named["no alteration"].get_linewidth() == 0
    grey = np.array(named["no alteration"].get_facecolor()[:3])
    assert grey.max() < 0.92, "grey enough to be told from white"
    whole = comut(calls, hit[["TP53", "RB1"]], groups)
    assert "not profiled" in legend(whole, "Alteration"), "the key says what white would mean"


def test_two_mutations_of_a_gene_share_the_cell_and_a_deletion_lies_on_them():
    found = marks(comut(*six()))
    rb1 = {
        kind: [box for box in found[kind] if 1 <= box[2] < 2] for kind in ("truncating", "missense", "deep deletion")
    }
    assert [len(boxes) for boxes in rb1.values()] == [1, 1, 1]
    truncating, missense, deletion = (boxes[0][2:] for boxes in rb1.values())
    assert truncating[1] == pytest.approx(missense[0]) and missense[1] < 2
    assert truncating[0] < deletion[0] < truncating[1] < deletion[1] < missense[1]
    calls, hit, groups = six()
    calls.loc[len(calls)] = ["s1", "RB1", "rearrangement"]
    found = marks(comut(calls, hit, groups))
    assert found["deep deletion"][0][3] == pytest.approx(found["rearrangement"][0][2]), "neither hides the other"


def test_narrow_columns_touch_and_wide_ones_stand_apart():
    sizes = {"NSCLC-like": 100, "SCLC-like": 150}
    samples = [f"s{i:03}" for i in range(250)]
    groups = pd.Series(pd.Categorical(np.repeat([*sizes], [*sizes.values()]), [*sizes]), samples)
    hit = pd.DataFrame(True, samples, ["TP53"], dtype="boolean")
    calls = pd.DataFrame({"sample": samples, "gene": "TP53", "alteration": "missense"})
    assert len(marks(comut(calls, hit, groups))["missense"]) == 2, "one box a group: no seam can show"
    few = [*samples[:40], *samples[-45:]]
    boxes = sorted(marks(comut(calls, hit.loc[few], groups[few]))["missense"])
    assert len(boxes) == 85 and all(a[1] < b[0] for a, b in zip(boxes, boxes[1:], strict=False))


def test_the_rows_stand_in_the_published_order():
    """Tumour mutational burden, subtype, sex, age, first-line treatment, genes."""
    (calls, hit, groups), tracks, burden = many(dict(zip(SUBTYPES, (25, 19, 41), strict=True)))
    fig = comut(calls, hit, groups, bars=burden, bars_label="TMB per Mb", tracks=tracks, title="A cohort")
    words = ["A cohort", "TMB per Mb", "NSCLC-like\nn = 25", *tracks, "TP53", "EGFR", "Alteration"]
    boxes = texts(fig)
    tops = [max(box.y1 for text, box in boxes.items() if text.get_text() == word) for word in words]
    assert tops == sorted(tops, reverse=True)


def test_a_track_of_numbers_is_in_stated_ranges_the_higher_the_darker():
    (calls, hit, groups), _, _ = many({"A": 5, "B": 4})
    ages = pd.Series([44, 50, 59, 63, 66, 68, 72, 72, None], hit.index)
    fig = comut(calls, hit, groups, tracks={"Age (years)": ages, "ECOG": pd.Series([0, 1, 2] * 3, hit.index)})
    named = legend(fig, "Age (years)")
    assert list(named) == ["< 50", "50–59", "60–69", "≥ 70", "not recorded"]
    light = [sum(patch.get_facecolor()[:3]) for patch in named.values()]
    assert light[:4] == sorted(light[:4], reverse=True)
    assert matplotlib.colors.to_hex(named["not recorded"].get_facecolor()) == palette.MISSING.lower()
    assert list(legend(fig, "ECOG")) == ["0", "1", "2"], "few values are their own ranges, and all are recorded"
    found = marks(fig)
    assert [len(found[name]) for name in named] == [1, 2, 3, 2, 1], "50 and 59 are in the second range"
    fig = comut(calls, hit, groups, tracks={"Age": ages + 0.5})
    assert "50 to < 60" in legend(fig, "Age"), "59.5 is not between 50 and 59"


def test_a_track_of_ordered_words_is_the_darker_the_higher():
    calls, hit, groups = six()
    levels = ["< 1%", "1–49%", "≥ 50%"]
    scores = pd.Series(
        pd.Categorical(["≥ 50%", "< 1%", "1–49%", "< 1%", None, "< 1%"], levels, ordered=True), hit.index
    )
    named = legend(comut(calls, hit, groups, tracks={"PD-L1": scores}), "PD-L1")
    assert list(named) == [*levels, "not recorded"]
    light = [sum(named[level].get_facecolor()[:3]) for level in levels]
    assert light == sorted(light, reverse=True)


def test_a_track_of_words_has_the_palette_s_colours_and_order():
    calls, hit, groups = six()
    drugs = ["immunotherapy", "chemotherapy", "chemoimmunotherapy", "chemotherapy", None, "chemotherapy"]
    fig = comut(calls, hit, groups, tracks={"First-line treatment": pd.Series(drugs, hit.index)})
    named = legend(fig, "First-line treatment")
    assert list(named) == ["chemotherapy", "chemoimmunotherapy", "immunotherapy", "not recorded"]
    for name in list(named)[:3]:
        assert matplotlib.colors.to_hex(named[name].get_facecolor()) == palette.REGIMEN[name].lower()
    empty = comut(calls, hit, groups, tracks={"Age": pd.Series(np.nan, hit.index)})
    assert list(legend(empty, "Age")) == ["not recorded"]


def test_a_missing_number_has_no_bar_and_a_zero_has_one():
    calls, hit, groups = six()
    burden = pd.Series([5, 12, np.nan, 0, 20, 8], hit.index)
    cuts = {19: "> 19", 10: "≥ 10"}
    fig = comut(calls, hit, groups, bars=burden, bars_label="TMB per Mb", lines=cuts)
    bars = sorted(marks(fig)["bars"])
    order = [sample for sample in column_order(hit, groups) if sample != "s2"]
    assert [bar[3] for bar in bars if bar[3] > 1] == [burden[sample] for sample in order if burden[sample]]
    assert len(bars) == 5 and 0 < min(bar[3] for bar in bars) < 0.5
    assert bars[1][0] - bars[0][1] > 0.9 * (bars[0][1] - bars[0][0]), "the gap is a column wide"
    axes = [ax for ax in fig.axes if any(patch.get_label() == "bars" for patch in ax.patches)]
    assert all(sorted(line.get_ydata()[0] for line in ax.lines) == [10, 19] for ax in axes)
    assert len({ax.get_ylim() for ax in axes}) == 1 and axes[0].get_ylim()[0] == 0
    shown = [text.get_text() for text in texts(fig)]
    assert {"TMB per Mb", "> 19", "≥ 10", "0", "10", "20"} <= set(shown)


def test_a_few_great_numbers_put_the_bars_on_a_square_root_axis_that_says_so():
    (calls, hit, groups), _, burden = many(dict(zip(SUBTYPES, (89, 136, 148), strict=True)))
    burden = burden.clip(upper=30)
    fig = comut(calls, hit, groups, bars=burden, bars_label="TMB per Mb")
    assert "square-root" not in " ".join(text.get_text() for text in texts(fig))
    burden.iloc[7] = 180
    fig = comut(calls, hit, groups, bars=burden, bars_label="TMB per Mb", lines={10: "≥ 10", 19: "> 19"})
    assert "TMB per Mb\n(square-root axis)" in [text.get_text() for text in texts(fig)]
    ax = next(ax for ax in fig.axes if any(patch.get_label() == "bars" for patch in ax.patches))
    low, mid, top = ax.transData.transform([(0, 0), (0, 45), (0, 180)])[:, 1]
    assert (mid - low) / (top - low) == pytest.approx(0.5)
    apart_or_fail(fig)


def apart_or_fail(figure, width_mm: float = palette.PAGE_MM) -> None:
    """No text over another or beyond the figure, none under 6 points, the figure no wider than told."""
    boxes = list(texts(figure).items())
    assert figure.get_figwidth() <= width_mm * palette.MM + 0.01
    for i, (text, box) in enumerate(boxes):
        assert text.get_fontsize() >= 6, text
        assert box.x0 > -1 and box.y0 > -1 and box.x1 < figure.bbox.x1 + 1 and box.y1 < figure.bbox.y1 + 1, text
        for other, second in boxes[:i]:
            across = min(box.x1, second.x1) - max(box.x0, second.x0)
            up = min(box.y1, second.y1) - max(box.y0, second.y0)
            assert across <= 1.5 or up <= 1.5, (text.get_text(), other.get_text())


def saved(figure, path) -> str:
    """The drawing as the page saves it."""
    panel_files.rasterise_layers(figure, panel_files.MOST_MARKS)
    figure.savefig(path, dpi=panel_files.RASTER_DPI, bbox_inches="tight")
    return path.read_text()


@pytest.mark.parametrize("profiled", [1, 0.8])
@pytest.mark.parametrize("sizes", [(25, 19, 41), (89, 136, 148), (4, 1, 2), (3,), (1, 1, 80), (14, 2, 3)], ids=str)
def test_the_figure_is_readable_on_a_page_and_light(sizes, profiled, tmp_path):
    (calls, hit, groups), tracks, burden = many(dict(zip(SUBTYPES, sizes, strict=False)), profiled)
    extra = {"tracks": tracks, "bars": burden, "bars_label": "TMB per Mb", "lines": {10: "≥ 10", 19: "> 19"}}
    fig = comut(calls, hit, groups, title="A cohort", **extra)
    apart_or_fail(fig)
    assert [ax.get_xlim()[1] for ax in matrix(fig)] == list(sizes)
    drawing = saved(fig, tmp_path / "a.svg")
    assert len(drawing.encode()) <= panel_files.SVG_BYTES
    assert all(f">{gene}</text>" in drawing for gene in GENES)


def test_a_landscape_as_sparse_as_lcnec_s_stays_vector(tmp_path):
    (_, hit, groups), tracks, burden = many(dict(zip(SUBTYPES, (89, 136, 148), strict=True)))
    hit = hit & (np.random.default_rng(1).random(hit.shape) < 0.4)
    calls = hit.stack()[lambda found: found].index.to_frame(index=False, name=["sample", "gene"])
    fig = comut(calls.assign(alteration="missense"), hit, groups, tracks=tracks, bars=burden, bars_label="TMB per Mb")
    drawing = saved(fig, tmp_path / "a.svg")
    assert "<image" not in drawing and len(drawing.encode()) <= panel_files.SVG_BYTES


LONG = [
    "Carboplatin and etoposide with atezolizumab, then maintenance",
    "Best supportive care without any treatment at all",
    "Cisplatin_etoposide_durvalumab_then_thoracic_radiotherapy_60",
    "Lurbinectedin in the second line after platinum",
    "Osimertinib for a tumour with an EGFR exon 19 deletion",
    "A",
    "Tarlatamab within a clinical trial",
    "B",
]


@pytest.mark.parametrize("genes", [1, 60])
def test_eight_groups_with_long_names_have_whole_heads_on_a_page(genes):
    samples = [f"s{i}" for i in range(89)]
    groups = pd.Series(pd.Categorical(np.repeat(LONG, [25, 1, 41, 2, 5, 5, 5, 5]), LONG), samples)
    hit = pd.DataFrame(True, samples, [f"GENE{i}" for i in range(genes)], dtype="boolean")
    calls = pd.DataFrame({"sample": samples, "gene": "GENE0", "alteration": "missense"})
    fig = comut(
        calls, hit, groups, title="Large cell neuroendocrine carcinoma of the lung (University Hospital, 2010-2024)"
    )
    apart_or_fail(fig)
    heads = {" ".join(text.get_text().split("\nn = ")[0].replace("\n", " ").split()) for text in texts(fig)}
    assert {name.replace("_", "") for name in LONG} <= {head.replace("_ ", "").replace("_", "") for head in heads}
    matrices = matrix(fig)
    assert matrices[0].get_window_extent().height / genes == pytest.approx(0.155 * fig.dpi, rel=0.05)


def test_a_track_of_many_words_shows_the_commonest_and_takes_the_others_together():
    """The regimens of a cohort may be any words, and a figure has no twenty colours to tell."""
    (calls, hit, groups), _, _ = many({"A": 40, "B": 38})
    words = [f"regimen {i}" for i in range(10)]
    given = [*(words * 6), *(f"rare {i}" for i in range(17)), None]
    fig = comut(calls, hit, groups, tracks={"First-line treatment": pd.Series(given, hit.index)})
    named = legend(fig, "First-line treatment")
    assert list(named) == [*words, "17 others", "not recorded"]
    tones = [matplotlib.colors.to_hex(patch.get_facecolor()) for patch in named.values()]
    assert len(set(tones)) == len(tones)
    assert len(marks(fig)["not recorded"]) == 1


def test_without_a_profiled_tumour_there_is_no_figure():
    calls, hit, groups = six()
    for lacking in (hit.mask(hit.notna()), hit.iloc[:0], hit[[]]):
        with pytest.raises(MissingData, match="no tumour here was profiled for any of these genes"):
            comut(calls, lacking, groups.reindex(lacking.index))
