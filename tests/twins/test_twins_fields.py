"""Simulated microscope fields: light follows Beer and Lambert, the truth is the truth, printed TIL tests hold."""

import dataclasses
import hashlib
import math
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage, stats
from scipy.spatial import cKDTree

from lcnec_utils.core.errors import UserError
from lcnec_utils.ledger import claims
from lcnec_utils.twins import fields
from lcnec_utils.twins.targets import Targets, stream

SEEDS = [1, 2, 3]
UM = 0.49
MIXED = {"TIL": 14, "tumour": 36, "stroma": 9}
# a bench slide: two stains that differ in every channel, even light, no optics, no camera
PLAIN = fields.Look((0.60, 0.75, 0.28), (0.20, 0.80, 0.5656854), blur_um=0.0, noise=0.0)


def he(look=PLAIN, counts=MIXED, histology="LUAD", seed=0, **more):
    return fields.he_field(np.random.default_rng(seed), counts, histology=histology, look=look, **more)


def picture(look=PLAIN, **more) -> np.ndarray:
    return he(look, **more)[0].astype(float)


def varied(**changes) -> fields.Look:
    return dataclasses.replace(PLAIN, **changes)


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()


@cache
def plan(seed: int) -> tuple[pd.DataFrame, Targets]:
    targets = Targets()
    return fields.planned(seed, targets), targets


@cache
def small_cohort() -> fields.Fields:
    """What `make` hands over, of every twentieth counted field, two annotated of each group, and all FGL1."""
    whole, _ = plan(1)
    counted = whole[whole["role"] == "counted"].iloc[::20]
    annotated = whole[whole["role"] == "annotated"].groupby("group").head(2)
    chosen = pd.concat([counted, annotated, whole[whole["role"] == "immunofluorescence"]])
    with pytest.MonkeyPatch.context() as patch:
        real = fields.planned

        def of_them(seed: int, targets: Targets) -> pd.DataFrame:
            table = real(seed, targets)
            return table[table["field"].isin(chosen["field"])]

        patch.setattr(fields, "planned", of_them)
        return fields.microscope_fields(1)


def printed(id: str) -> claims.Claim:
    return claims.published()[f"lcnec.{id}"]


# --- light


@pytest.mark.parametrize("stain, other", [("haematoxylin", "eosin"), ("eosin", "haematoxylin")])
def test_one_stain_absorbs_the_channels_in_the_ratio_of_its_vector(stain, other):
    seen = picture(varied(**{f"{other}_strength": 0.0}))
    vector = np.array(getattr(PLAIN, stain))
    density = -np.log10(np.maximum(seen, 1) / 245)
    # half a grey level of rounding, in units of stain
    error = 0.51 / np.maximum(seen, 1) / math.log(10) / vector
    amount = density / vector
    dark_enough = (seen > 20).all(axis=2)
    assert dark_enough.mean() > 0.9 and amount.max() > 0.3
    for channel in (0, 2):
        apart = np.abs(amount[..., channel] - amount[..., 1]) - error[..., channel] - error[..., 1]
        assert (apart[dark_enough] < 1e-3).all()


def test_twice_the_stain_lets_the_square_of_the_light_through():
    once = picture(varied(eosin_strength=0.0)) / 245
    twice = picture(varied(eosin_strength=0.0, haematoxylin_strength=2.0)) / 245
    assert np.abs(twice - once**2).max() < 1.6 / 245
    assert once.min() < 0.5


def test_both_stains_let_through_the_product_of_what_each_does():
    both, one, other = (picture(varied(**change)) / 245 for change in
                        ({}, {"eosin_strength": 0.0}, {"haematoxylin_strength": 0.0}))  # fmt: skip
    assert np.abs(both - one * other).max() < 1.6 / 245


def test_the_light_falls_across_the_field_by_the_gradient():
    even, falling = picture(varied(brightness=0.8)), picture(varied(brightness=0.8, gradient=0.2))
    ratio = (falling / even)[even.min(axis=2) > 60].mean()
    assert ratio == pytest.approx(1.0, abs=0.01)
    columns = falling.mean(axis=(0, 2)) / even.mean(axis=(0, 2))
    assert columns[0] == pytest.approx(1.1, abs=0.005) and columns[-1] == pytest.approx(0.9, abs=0.005)
    down = picture(varied(brightness=0.8, gradient=0.2, direction=math.pi / 2))
    rows = down.mean(axis=(1, 2)) / even.mean(axis=(1, 2))
    assert rows[0] == pytest.approx(1.1, abs=0.005) and rows[-1] == pytest.approx(0.9, abs=0.005)


def test_brightness_one_is_a_white_of_245():
    empty = picture(varied(haematoxylin_strength=0.0, eosin_strength=0.0))
    assert (empty == 245).all()
    assert (picture(varied(haematoxylin_strength=0.0, eosin_strength=0.0, brightness=0.8)) == 196).all()


def test_the_optics_blur_by_a_gaussian():
    sharp = picture()
    expected = ndimage.gaussian_filter(sharp, (0.49 / UM, 0.49 / UM, 0))
    seen = picture(varied(blur_um=0.49))
    inner = slice(6, -6)
    assert np.abs(seen - expected)[inner, inner].max() < 2.0
    assert np.abs(sharp - expected).max() > 20


def test_the_variance_of_the_noise_follows_the_intensity():
    clean, noisy = picture(), picture(varied(noise=6.0))
    for low, high in ((40, 90), (120, 160), (190, 230)):
        there = (clean >= low) & (clean < high)
        sd = (noisy - clean)[there].std()
        assert sd == pytest.approx(6 * math.sqrt(clean[there].mean() / 245), rel=0.06)


def test_looks_of_slides_differ_within_the_laws():
    looks = [fields.draw_look(stream(seed, "look"), Targets()) for seed in range(40)]
    for look in looks:
        for vector in (look.haematoxylin, look.eosin):
            assert np.linalg.norm(vector) == pytest.approx(1.0) and min(vector) > 0
        assert look.haematoxylin[0] > look.eosin[0] and look.gradient <= 0.12 and 0.28 <= look.blur_um <= 0.48
    strengths = [look.haematoxylin_strength for look in looks]
    assert max(strengths) / min(strengths) > 1.4


# --- nuclei


@pytest.mark.parametrize("histology", ["LUAD", "LUSC", "SCLC", "LCNEC"])
def test_a_field_holds_the_nuclei_asked_for_each_in_the_field(histology):
    counts = {"TIL": 30, "tumour": 40, "stroma": 8}
    seen, nuclei = he(counts=counts, histology=histology)
    assert seen.shape == (256, 256, 3)
    assert nuclei["kind"].value_counts().to_dict() == counts
    assert nuclei[["row", "column"]].min().min() >= 0 and nuclei[["row", "column"]].max().max() <= 255


def test_a_field_without_nuclei_has_none():
    seen, nuclei = he(counts={})
    assert len(nuclei) == 0 and list(nuclei) == ["row", "column", "kind", "area_um2"]
    assert seen.std() > 1


def test_no_nucleus_hides_another_and_half_of_each_lies_inside():
    for seed in range(4):
        _, nuclei = he(counts={"TIL": 60, "tumour": 85, "stroma": 8}, histology="SCLC", seed=seed)
        radius_um = np.sqrt(nuclei["area_um2"] / math.pi)
        apart, _ = cKDTree(nuclei[["row", "column"]]).query(nuclei[["row", "column"]], k=2)
        assert apart[:, 1].min() * UM > 2.0
        tils = nuclei[nuclei["kind"] == "TIL"]
        assert np.median(radius_um[tils.index]) == pytest.approx(3.2, rel=0.05)
        assert tils["area_um2"].min() > 0.5 * math.pi * (3.2 - 4 * 0.22) ** 2


def test_sizes_order_the_kinds_and_sclc_is_nearest_to_tils():
    median = {}
    for histology in ("LUAD", "LUSC", "SCLC", "LCNEC"):
        _, nuclei = he(histology=histology, counts={"TIL": 20, "tumour": 35})
        by = nuclei.groupby("kind")["area_um2"].median()
        median |= {histology: by["tumour"], "TIL": by["TIL"]}
    assert median["TIL"] < median["SCLC"] < min(median[other] for other in ("LUAD", "LUSC", "LCNEC"))


def test_haematoxylin_lies_where_the_nuclei_are_said_to_be():
    seen, nuclei = he(varied(eosin_strength=0.0), counts={"TIL": 12, "tumour": 18})
    amount = -np.log10(np.maximum(seen[..., 0], 1) / 245) / 0.6
    dark = ndimage.gaussian_filter(amount, 1) > 0.2
    assert dark.sum() * UM**2 == pytest.approx(nuclei["area_um2"].sum(), rel=0.10)
    at = nuclei[["row", "column"]].round().astype(int)
    assert (ndimage.gaussian_filter(amount, 2)[at["row"], at["column"]] > 0.2).all()
    tils = nuclei["kind"] == "TIL"
    stain = amount[at["row"], at["column"]]
    assert stain[tils].mean() > 1.3 * stain[~tils].mean()


def test_stroma_is_drawn_out_along_fibres():
    seen, nuclei = he(varied(eosin_strength=0.0), counts={"stroma": 12}, seed=3)
    amount = -np.log10(np.maximum(seen[..., 0], 1) / 245) / 0.6
    labels, n = ndimage.label(amount > 0.25)
    ratios = []
    for i in range(1, n + 1):
        place = np.argwhere(labels == i)
        if len(place) > 60:
            least, most = np.linalg.eigvalsh(np.cov(place.T))
            ratios.append(math.sqrt(most / least))
    assert len(ratios) >= 6 and np.median(ratios) > 2.3


def test_tils_lie_partly_in_clusters():
    nearest, even = [], []
    for seed in range(6):
        nuclei = he(counts={"TIL": 25, "tumour": 10, "stroma": 10}, seed=seed)[1]
        place = nuclei.loc[nuclei["kind"] == "TIL", ["row", "column"]].to_numpy()
        scattered = np.random.default_rng(seed).uniform(0, 256, place.shape)
        for found, points in ((nearest, place), (even, scattered)):
            found.append(np.mean(cKDTree(points).query(points, k=4)[0][:, 3]))
    assert np.mean(nearest) < 0.85 * np.mean(even)


def test_scale_and_size_of_the_field_are_free():
    seen, nuclei = he(counts={"TIL": 6, "tumour": 8}, pixels=200, um_per_pixel=0.3)
    assert seen.shape == (200, 200, 3) and len(nuclei) == 14
    assert nuclei.loc[nuclei["kind"] == "TIL", "area_um2"].median() == pytest.approx(math.pi * 3.2**2, rel=0.25)


def test_a_seed_gives_the_same_bytes_and_another_seed_others():
    look = varied(blur_um=0.35, noise=1.5)
    (one, nuclei), (again, same), (other, _) = he(look), he(look), he(look, seed=1)
    assert digest(one) == digest(again) != digest(other)
    pd.testing.assert_frame_equal(nuclei, same)


@pytest.mark.parametrize(
    "counts, histology, said",
    [({"TIL": 1, "giant": 2}, "LUAD", "2 giant"), ({"TIL": -1}, "LUAD", "-1 TIL"), ({"TIL": 1}, "MESO", "MESO"),
     ({"tumour": 900}, "LCNEC", "do not fit")],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_in_one_line(counts, histology, said):
    with pytest.raises(UserError, match=said) as error:
        he(counts=counts, histology=histology)
    assert "\n" not in str(error.value)


# --- immunofluorescence


def fluorescence(n=55, share=0.6, seed=0, **more):
    return fields.if_field(np.random.default_rng(seed), n, share, **more)


def test_dapi_is_white_and_fgl1_lies_on_top_in_green_round_positive_nuclei():
    seen, nuclei = fluorescence()
    red, green, blue = seen.astype(int).transpose(2, 0, 1)
    assert (red == blue).all() and (green >= red).all()
    assert len(nuclei) == 55 and nuclei["positive"].sum() == 33
    at = nuclei[["row", "column"]].round().astype(int).to_numpy()
    assert (ndimage.gaussian_filter(red.astype(float), 1)[at[:, 0], at[:, 1]] > 40).all()
    fgl1 = ndimage.gaussian_filter((green - red).astype(float), 3)[at[:, 0], at[:, 1]]
    auc = stats.mannwhitneyu(fgl1[nuclei["positive"]], fgl1[~nuclei["positive"]]).statistic / (33 * 22)
    assert auc > 0.95


def test_background_and_light_move_the_picture_and_not_its_truth():
    (dark, nuclei), (hazy, same) = fluorescence(background=5.0), fluorescence(background=30.0)
    pd.testing.assert_frame_equal(nuclei, same)
    added = (hazy[..., 1].astype(int) - dark[..., 1])[hazy[..., 1] < 255].mean()
    assert added == pytest.approx(25, abs=5)
    falling = fluorescence(share=0.0, gradient=0.4, direction=0.0)[0].astype(float)
    assert falling[:, :64].mean() > 1.15 * falling[:, -64:].mean()


def test_a_field_of_cells_needs_a_cell_and_a_share():
    for n, share in ((0, 0.5), (10, 1.5), (10, -0.1)):
        with pytest.raises(UserError, match="needs a cell"):
            fluorescence(n, share)
    assert not fluorescence(share=0.0)[1]["positive"].any() and fluorescence(share=1.0)[1]["positive"].all()


# --- the cohort


def counted(seed: int) -> pd.DataFrame:
    table = plan(seed)[0]
    return table[table["role"] == "counted"]


@pytest.mark.parametrize("seed", SEEDS)
def test_patients_are_as_many_as_printed_with_one_field_each(seed):
    table = counted(seed)
    assert table["patient"].is_unique and table["slide"].is_unique
    sizes = {group: int(printed(f"fig5h.n.{group.lower()}").value) for group in ("LUAD", "LUSC", "SCLC", "LCNEC")}
    assert table["group"].value_counts().to_dict() == sizes
    subtypes = table.loc[table["group"] == "LCNEC", "subtype"].value_counts().to_dict()
    names = {"NSCLC-like": "nsclc_like", "SCLC-like": "sclc_like", "Unclassified": "unclassified"}
    assert subtypes == {name: int(printed(f"fig5h.n.{key}").value) for name, key in names.items()}
    assert (table.loc[table["group"] != "LCNEC", "subtype"] == "").all()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("other", ["luad", "lusc", "sclc"])
def test_the_printed_tests_of_tils_hold(seed, other):
    table = counted(seed)
    til = table["truth_til"].astype(int)
    theirs = til[table["group"] == other.upper()]
    mine = til[table["subtype"] == "NSCLC-like"]
    p = stats.mannwhitneyu(mine, theirs, method="asymptotic").pvalue
    assert 1 / 2.5 < p / float(printed(f"fig5h.til.nsclc_like_vs_{other}.legend").p) < 2.5
    assert mine.median() < theirs.median()
    lcnec = til[table["group"] == "LCNEC"]
    assert stats.mannwhitneyu(lcnec, theirs, alternative="less").pvalue < 0.025
    assert lcnec.median() < theirs.median()


def test_patients_of_annotated_slides_are_not_counted_and_their_tils_spread():
    table = plan(1)[0]
    annotated = table[table["role"] == "annotated"]
    assert not set(annotated["patient"]) & set(table.loc[table["role"] != "annotated", "patient"])
    share = annotated["truth_til"] / annotated["truth_nuclei"]
    for group in ("LUAD", "LUSC", "SCLC", "LCNEC"):
        mine = annotated["group"] == group
        assert annotated.loc[mine, "slide"].nunique() == 8 and mine.sum() == 16
        assert share[mine].min() < 0.12 and share[mine].max() > 0.5 and share[mine].std() > 0.15


def test_nuclei_are_about_four_thousand_per_mm2():
    table = counted(1)
    per_mm2 = table["truth_nuclei"] / (256 * UM / 1000) ** 2
    assert 3000 < per_mm2.median() < 5000
    by = per_mm2.groupby(table["group"]).median()
    assert by.idxmax() == "SCLC"


@pytest.mark.parametrize("seed", SEEDS)
def test_fgl1_is_positive_in_the_printed_tumours(seed):
    table = plan(seed)[0]
    stained = table[table["stain"] == "IF"]
    assert stained["truth_nuclei"].isna().all() and stained["cells"].between(45, 70).all()
    share = stained.groupby("patient")["truth_positive"].agg(["min", "max", "size"])
    assert (share["size"] == 3).all()
    positive = share["min"] >= 0.40
    assert (share.loc[positive, "max"] <= 0.85).all() and (share.loc[~positive, "max"] <= 0.02).all()
    who = stained.drop_duplicates("patient").set_index("patient")
    name = who["subtype"].where(who["subtype"] != "", who["group"])
    keys = {"NSCLC-like": "nsclc_like", "SCLC-like": "sclc_like", "NSCLC": "nsclc", "SCLC": "sclc"}
    for kind, key in keys.items():
        claim = printed(f"fig5g.positive.{key}")
        assert (int(positive[name == kind].sum()), int((name == kind).sum())) == (int(claim.k), int(claim.n[0]))


def test_the_pictures_hold_what_the_table_says():
    made = small_cohort()
    assert list(made.table["file"]) == sorted(made.pictures) and made.table["field"].is_unique
    assert (made.table["file"] == "images/" + made.table["field"] + ".png").all()
    for seen in made.pictures.values():
        assert seen.shape == (256, 256, 3) and seen.dtype == np.uint8
    he_truth = made.table.set_index("field")
    found = made.nuclei.groupby("field")["kind"].agg(["size", lambda kind: (kind == "TIL").sum()])
    assert len(found) == 8
    assert (found["size"] == he_truth.loc[found.index, "truth_nuclei"]).all()
    assert (found.iloc[:, 1] == he_truth.loc[found.index, "truth_til"]).all()
    assert made.study["simulated"] is True


def test_a_tumour_counted_positive_is_greener():
    made = small_cohort()
    stained = made.table[made.table["stain"] == "IF"]
    fgl1 = {row.field: np.median(made.pictures[row.file][..., 1].astype(int) - made.pictures[row.file][..., 0])
            for row in stained.itertuples()}  # fmt: skip
    value, positive = stained["field"].map(fgl1), stained["truth_positive"] > 0.3
    assert value[positive].median() > value[~positive].median() + 10


def test_a_picture_does_not_hang_on_which_others_are_drawn():
    whole, _ = plan(1)
    some = whole[whole["field"].isin(small_cohort().table["field"])].iloc[::9]
    alone, _ = fields.pictures(1, some.iloc[::-1], Targets())
    assert len(alone) >= 7
    for file, seen in alone.items():
        assert digest(seen) == digest(small_cohort().pictures[file])
    others, _ = fields.pictures(2, some.head(1), Targets())
    assert digest(others[some["file"].iloc[0]]) != digest(alone[some["file"].iloc[0]])


def test_the_same_seed_plans_the_same_fields_and_another_seed_others():
    again = fields.planned(1, Targets())
    pd.testing.assert_frame_equal(again, plan(1)[0])
    assert not again["truth_til"].equals(plan(2)[0]["truth_til"])


def test_targets_say_what_is_printed_planted_and_assumed():
    table = plan(1)[1].table().set_index("claim")
    for other in ("luad", "lusc", "sclc"):
        assert table.loc[f"lcnec.fig5h.til.nsclc_like_vs_{other}.legend", "origin"] == "calibrated"
        assert table.loc[f"lcnec.fig5h.til.lcnec_vs_{other}", "origin"] == "planted"
    about = {id for id, claim in claims.published().items() if claim.panel in {"fig5g", "fig5h"} and id[:5] == "lcnec"}
    assert about and about <= set(table.index)
    knobs = set(table.loc[table["origin"] == "assumed", "knob"])
    assert {"fields.nuclei", "fields.look", "fields.density", "fields.tissue"} <= knobs
