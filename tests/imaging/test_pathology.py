"""Nuclei on H&E fields: counted against known truth, under other light and stain, and described as other hands do."""

import dataclasses
import functools
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage, spatial
from skimage import color, draw, feature, io, measure, morphology, segmentation

from lcnec_utils.core.errors import MissingData, UserError
from lcnec_utils.imaging import pathology
from lcnec_utils.imaging.pathology import KINDS, TIL, TUMOUR
from lcnec_utils.twins.fields import Look, he_field

UM = 0.49
# nuclei per field of 125 µm a side: TIL, tumour, stroma
MEANS = {"LUAD": (18, 25, 17), "LUSC": (15, 42, 15), "SCLC": (6, 95, 9), "LCNEC": (5, 65, 11)}


def unit(vector) -> tuple[float, float, float]:
    return tuple(float(x) for x in np.asarray(vector) / np.linalg.norm(vector))


PLAIN = Look(unit([0.65, 0.70, 0.29]), unit([0.22, 0.80, 0.56]))


def any_look(rng: np.random.Generator) -> Look:
    """A slide as laboratories and scanners make them."""
    vectors = [unit(rng.normal(v, 0.025)) for v in (PLAIN.haematoxylin, PLAIN.eosin)]
    return Look(
        *vectors, *rng.uniform(0.75, 1.3, 2), rng.uniform(0.9, 1.02), rng.uniform(0, 0.12), rng.uniform(0, 6.28),
        rng.uniform(0.28, 0.48), rng.uniform(1, 2.2),
    )  # fmt: skip


@functools.cache
def drawn(seed: int, histology: str, look: Look = PLAIN, pixels: int = 256, um_per_pixel: float = UM):
    """One field and its nuclei. The same seed holds the same nuclei whatever the look."""
    rng = np.random.default_rng(seed)
    part = (pixels * um_per_pixel / 125.44) ** 2
    counts = {kind: int(n) for kind, n in zip(KINDS, rng.poisson(np.array(MEANS[histology]) * part), strict=True)}
    return he_field(rng, counts, histology=histology, look=look, pixels=pixels, um_per_pixel=um_per_pixel)


def number(rgb: np.ndarray, um_per_pixel: float = UM) -> int:
    return int(pathology.nuclei(pathology.separate(rgb)[0], um_per_pixel=um_per_pixel).max())


@dataclasses.dataclass
class Slides:
    """Simulated slides with two fields each: features with kind, slide and field; and what each field holds."""

    nuclei: pd.DataFrame
    fields: pd.DataFrame
    looks: list[Look]
    stains: list[np.ndarray]


@pytest.fixture(scope="module")
def slides() -> Slides:
    rng = np.random.default_rng(20250)
    parts, fields, looks, stains = [], [], [], []
    for slide, histology in enumerate(list(MEANS) * 5):
        look = any_look(rng)
        for _ in range(2):
            rgb, truth = drawn(7000 + len(fields), histology, look)
            table, field = pathology.describe(rgb, um_per_pixel=UM)
            looks.append(look)
            stains.append(pathology.stains(rgb))
            parts.append(
                table.assign(
                    kind=pathology.match_annotations(table, truth, um_per_pixel=UM), slide=slide, at=len(fields)
                )
            )
            fields.append({"histology": histology, "found": len(table), "truth": len(truth), **field,
                           "truth_til": (truth["kind"] == TIL).sum()})  # fmt: skip
    return Slides(pd.concat(parts, ignore_index=True), pd.DataFrame(fields), looks, stains)


def lesson(slides: Slides) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    known = slides.nuclei[slides.nuclei["kind"].notna()].reset_index(drop=True)
    return known.drop(columns=["kind", "slide", "at"]), known["kind"], known["slide"]


# --- how many nuclei


def test_nuclei_count_within_5_percent_of_the_truth_in_every_histology(slides):
    fields = slides.fields
    by = fields.groupby("histology")[["found", "truth"]].sum()
    off = by["found"] / by["truth"] - 1
    assert (off.abs() <= 0.05).all(), off
    assert abs(fields["found"].sum() / fields["truth"].sum() - 1) <= 0.03
    single = (fields["found"] / fields["truth"] - 1).abs()
    assert single.median() <= 0.03 and single.quantile(0.9) <= 0.10, single.describe()
    # and they are the same nuclei, not as many errors on both sides
    matched = slides.nuclei["kind"].notna().sum()
    assert matched / fields["truth"].sum() > 0.94 and matched / fields["found"].sum() > 0.94


@pytest.mark.parametrize("histology", MEANS)
def test_nuclei_count_within_5_percent_on_fields_four_times_as_large(histology):
    rgb, truth = drawn(81, histology, any_look(np.random.default_rng(81)), pixels=512)
    assert number(rgb) == pytest.approx(len(truth), rel=0.05)


@pytest.mark.parametrize("um_per_pixel", [0.25, 0.35, 0.6])
def test_lengths_are_micrometres_not_pixels(um_per_pixel):
    found = truth = 0
    for histology in MEANS:
        rgb, nuclei = drawn(82, histology, pixels=round(125.44 / um_per_pixel), um_per_pixel=um_per_pixel)
        found, truth = found + number(rgb, um_per_pixel), truth + len(nuclei)
    assert found == pytest.approx(truth, rel=0.05)


# Limits within which the number of nuclei moves by at most 10% (the module's docstring holds the same table).
LIMITS = {
    "brightness": (0.6, 1.1),  # of the light; from 1.04 on empty glass is saturated
    "gradient": (0.4,),  # relative fall of the light across the field
    "haematoxylin_strength": (0.5, 2.0),
    "eosin_strength": (0.4, 2.0),
    "haematoxylin_turned": (-10, 10),  # degrees in the plane of the two stains (− away from eosin), and out of it
    "eosin_turned": (-10, 10),  # (− towards haematoxylin)
    "blur_um": (0.15, 0.6),  # sd
}


def turned(look: Look, stain: str, degrees: float, out: bool) -> Look:
    across = np.cross(look.haematoxylin, look.eosin)
    own = np.array(getattr(look, stain))
    side = across if out else np.cross(across, own)
    angle = np.radians(degrees)
    vector = np.cos(angle) * own + np.sin(angle) * side / np.linalg.norm(side)
    return dataclasses.replace(look, **{stain: unit(np.maximum(vector, 0.01))})


def at_limits() -> dict[str, Look]:
    looks = {}
    for factor, values in LIMITS.items():
        for value in values:
            if factor.endswith("_turned"):
                for out in (False, True):
                    name = f"{factor} {value} {'out' if out else 'in'}"
                    looks[name] = turned(PLAIN, factor.removesuffix("_turned"), value, out)
            else:
                looks[f"{factor} {value}"] = dataclasses.replace(PLAIN, direction=0.7, **{factor: value})
    pale = {"brightness": 0.75, "gradient": 0.3, "haematoxylin_strength": 0.7, "eosin_strength": 1.4, "blur_um": 0.5}
    deep = {"brightness": 1.05, "gradient": 0.3, "haematoxylin_strength": 1.6, "eosin_strength": 0.6, "blur_um": 0.2}
    looks["pale together"] = turned(dataclasses.replace(PLAIN, direction=2.0, **pale), "haematoxylin", 6, False)
    looks["deep together"] = turned(dataclasses.replace(PLAIN, direction=4.0, **deep), "eosin", -6, False)
    return looks


@pytest.fixture(scope="module")
def taught(slides) -> pathology.Classifier:
    return pathology.train(*lesson(slides), seed=1, simulated=True)


def counted(look: Look, model) -> pd.DataFrame:
    """What is counted in eight fields, those with TILs more often, by histology."""
    names = ["LUAD", "LUAD", "LUAD", "LUSC", "LUSC", "SCLC", "LCNEC", "LCNEC"]
    rows = [pathology.field_counts(drawn(500 + i, name, look)[0], um_per_pixel=UM, model=model, simulated=True)
            for i, name in enumerate(names)]  # fmt: skip
    return pd.DataFrame(rows).groupby(names)[["nuclei", "til"]].sum()


@pytest.fixture(scope="module")
def plain(taught) -> pd.DataFrame:
    return counted(PLAIN, taught)


@pytest.mark.parametrize("name", at_limits())
def test_light_stain_and_optics_move_the_counts_by_10_percent_at_most(name, plain, taught):
    moved = counted(at_limits()[name], taught)
    assert np.abs(moved["nuclei"] / plain["nuclei"] - 1).max() <= 0.10, moved["nuclei"]
    assert moved["nuclei"].sum() == pytest.approx(plain["nuclei"].sum(), rel=0.05)
    assert moved["til"].sum() == pytest.approx(plain["til"].sum(), rel=0.10)


def test_the_docstring_states_the_limits_that_are_tested():
    said = " ".join(pathology.__doc__.split())
    for factor, words in (
        ("brightness", "brightness {0}–{1}"), ("gradient", "across the field to {0}"), ("blur_um", "blur (sd) {0}–{1}"),
        ("haematoxylin_strength", "haematoxylin × {0:g}–{1:g}"), ("eosin_strength", "eosin × {0:g}–{1:g}"),
        ("eosin_turned", "either vector turned by {1}°"),
    ):  # fmt: skip
        assert words.format(*LIMITS[factor]) in said, words


def test_a_picture_turned_by_90_degrees_has_the_same_nuclei():
    for histology in MEANS:
        rgb, truth = drawn(83, histology, any_look(np.random.default_rng(5)))
        numbers = [number(np.ascontiguousarray(np.rot90(rgb, turn))) for turn in range(4)]
        assert max(numbers) - min(numbers) <= 0.02 * len(truth) + 1, numbers


@pytest.mark.parametrize("level", [0, 128, 245, 255, "noisy"])
def test_an_empty_field_holds_no_nuclei_and_no_tissue(level):
    rgb = np.full((256, 256, 3), 240 if level == "noisy" else level, "u1")
    if level == "noisy":
        rgb = np.clip(np.random.default_rng(1).normal(rgb, 3), 0, 255).astype("u1")
    table, field = pathology.describe(rgb, um_per_pixel=UM)
    assert len(table) == 0 and field["mm2_tissue"] == 0 and field["fixed_stains"] == 2
    assert field["mm2_field"] == pytest.approx(0.12544**2)
    found = pathology.field_counts(rgb, um_per_pixel=UM)
    assert found["nuclei"] == 0 and found["nuclei_per_mm2_field"] == 0 and np.isnan(found["nuclei_per_mm2"])
    assert "til" not in found


def eosin_only(seed: int, strength: float = 0.35) -> np.ndarray:
    """Stroma without nuclei: fibres of eosin, noise, no haematoxylin."""
    rng = np.random.default_rng(seed)
    fibres = ndimage.gaussian_filter(rng.normal(size=(256, 256)), (3, 12))
    amount = strength * np.exp(0.4 * fibres / fibres.std())
    light = 245 * 10 ** (-amount[..., None] * np.array(PLAIN.eosin))
    return np.clip(rng.normal(light, 1.5), 0, 255).round().astype("u1")


def test_fibres_without_nuclei_hold_none():
    for seed in range(4):
        table, field = pathology.describe(eosin_only(seed), um_per_pixel=UM)
        assert len(table) <= 1
        assert field["mm2_tissue"] / field["mm2_field"] > 0.97 and field["fixed_stains"] >= 1


# --- light and stains


def degrees(one, other) -> float:
    return float(np.degrees(np.arccos(np.clip(np.dot(one, other), -1, 1))))


def test_stain_vectors_are_recovered_within_a_few_degrees(slides):
    """Haematoxylin within 7 degrees, eosin within 10 in nine of ten fields and 13 in all: there is eosin over nuclei
    and haematoxylin in cytoplasm, and an estimate by extremes takes what is purest for pure."""
    off = pd.DataFrame(
        [(degrees(found[0], look.haematoxylin), degrees(found[1], look.eosin))
         for found, look in zip(slides.stains, slides.looks, strict=True)]
    )  # fmt: skip
    assert off[0].max() <= 7 and off[0].median() <= 4, off.describe()
    assert off[1].quantile(0.9) <= 10 and off[1].max() <= 13 and off[1].median() <= 5, off.describe()


def test_stains_are_unit_vectors_and_those_of_pure_stains_are_exact():
    rng = np.random.default_rng(4)
    amounts = np.zeros((240, 240, 2))
    amounts[20:110, 20:220, 0] = rng.uniform(0.4, 1.2, (90, 200))
    amounts[130:220, 20:220, 1] = rng.uniform(0.4, 1.2, (90, 200))
    vectors = np.array([PLAIN.haematoxylin, PLAIN.eosin])
    found = pathology.stains(np.clip(250 * 10 ** -(amounts @ vectors), 0, 255).round().astype("u1"))
    assert np.allclose(np.linalg.norm(found, axis=1), 1)
    assert degrees(found[0], vectors[0]) < 1.5 and degrees(found[1], vectors[1]) < 1.5


def test_a_stain_the_picture_lacks_is_ruifroks_and_the_other_its_own():
    fixed = color.rgb_from_hed[:2] / np.linalg.norm(color.rgb_from_hed[:2], axis=1, keepdims=True)
    found = pathology.stains(eosin_only(3))
    assert np.allclose(found[0], fixed[0]) and degrees(found[1], PLAIN.eosin) < 4
    blue = drawn(3, "SCLC", dataclasses.replace(PLAIN, eosin_strength=0.0))[0]
    found = pathology.stains(blue)
    assert np.allclose(found[1], fixed[1]) and degrees(found[0], PLAIN.haematoxylin) < 4
    assert np.allclose(pathology.stains(np.full((64, 64, 3), 240, "u1")), fixed)


def test_the_stains_come_out_as_they_went_in_and_on_a_common_scale():
    look = dataclasses.replace(PLAIN, brightness=0.8, gradient=0.3, direction=1.0)
    kept = [np.stack(pathology.separate(drawn(9, "LUSC", each)[0])) for each in (PLAIN, look)]
    for stain in kept:
        assert np.percentile(stain, 99, axis=(1, 2)) == pytest.approx([1, 1], abs=0.02)
    assert all(np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.985 for a, b in zip(*kept, strict=True))
    deep = pathology.separate(drawn(9, "LUSC", dataclasses.replace(PLAIN, haematoxylin_strength=1.5))[0])
    assert np.abs(deep[0] - kept[0][0]).mean() < 0.03  # half as much stain again, the same values


def test_tissue_is_the_field_without_its_empty_glass():
    rgb = eosin_only(2)
    rows, columns = draw.disk((128, 128), 60)
    rgb[rows, columns] = 245
    field = pathology.describe(rgb, um_per_pixel=UM)[1]
    glass = np.pi * (60 * UM / 1000) ** 2
    assert field["mm2_tissue"] == pytest.approx(field["mm2_field"] - glass, rel=0.02)


# --- shapes and texture, by other hands


def blobs(seed: int, n: int = 24, size: int = 220) -> np.ndarray:
    """Labels of irregular blobs, some of which touch."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((size, size), int)
    for label in range(1, n + 1):
        row, column = rng.uniform(15, size - 15, 2)
        rows, columns = draw.ellipse(row, column, *rng.uniform(5, 14, 2), labels.shape, rng.uniform(0, np.pi))
        free = labels[rows, columns] == 0
        labels[rows[free], columns[free]] = label
    for label in range(1, n + 1):  # one piece each
        pieces = measure.label(labels == label, connectivity=1)
        if pieces.max() > 1:
            labels[(pieces > 0) & (pieces != np.bincount(pieces[pieces > 0]).argmax())] = 0
    return segmentation.relabel_sequential(labels)[0]


def test_shapes_and_intensities_are_those_of_scipy_and_scikit_image():
    labels, rng = blobs(1), np.random.default_rng(2)
    stain, eosin = rng.uniform(0, 1, (2, *labels.shape))
    table = pathology.features(labels, stain, eosin, um_per_pixel=UM)
    even = ndimage.gaussian_filter(stain, 0.5 / UM)
    names = ["centroid", "area", "eccentricity", "intensity_mean", "intensity_std"]
    known = measure.regionprops_table(labels, even, properties=names)
    assert not table.isna().any().any() and len(table) == labels.max()
    for name, key in (("row", "centroid-0"), ("column", "centroid-1"), ("eccentricity", "eccentricity"),
                      ("haematoxylin_mean", "intensity_mean"), ("haematoxylin_sd", "intensity_std")):  # fmt: skip
        assert np.allclose(table[name], known[key], atol=0.01 if name == "eccentricity" else 1e-8), name
    assert np.allclose(table["area_um2"], known["area"] * UM**2)
    assert table["solidity"].between(0.5, 1).all() and table["circularity"].between(0, 1).all()
    for row in table.itertuples():
        own = labels == row.Index + 1
        corners = np.argwhere(own)[:, None] + [(-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5)]
        hull = spatial.ConvexHull(corners.reshape(-1, 2))
        assert row.solidity == pytest.approx(own.sum() / hull.volume, rel=0.02)
        assert row.circularity == pytest.approx(4 * np.pi * own.sum() / hull.area**2, rel=0.02)
        ring = ndimage.distance_transform_edt(~own) <= 3 / UM
        others = np.stack([ndimage.distance_transform_edt(labels != other + 1) for other in table.index])
        ring &= (labels == 0) & (others.argmin(axis=0) == row.Index)
        assert row.eosin_ring == pytest.approx(eosin[ring].mean(), abs=0.02)  # pixels as near to two go to either
        assert row.eosin_mean == pytest.approx(eosin[own].mean())
        assert row.haematoxylin_p50 == pytest.approx(np.median(even[own]), abs=0.02)


def test_shapes_of_known_figures():
    labels = np.zeros((120, 200), int)
    labels[10:30, 10:50] = 1  # a rectangle
    labels[50:90, 10:50] = 2
    labels[50:70, 30:50] = 0  # an L: three squares of 20, hull of 3.5
    labels[draw.disk((60, 120), 30)] = 3
    flat = np.full(labels.shape, 0.5)
    table = pathology.features(labels, flat, flat, um_per_pixel=1.0)
    assert table["area_um2"].tolist()[:2] == [800, 1200]
    assert table["solidity"].tolist()[:2] == pytest.approx([1, 3 / 3.5]) and table["solidity"][2] > 0.97
    assert table["circularity"][0] == pytest.approx(4 * np.pi * 800 / 120**2) and table["circularity"][2] > 0.96
    assert table["eccentricity"][0] == pytest.approx(np.sqrt(1 - (20 / 40) ** 2)) and table["eccentricity"][2] < 0.05
    assert table["entropy"].abs().max() < 1e-9 and (table["homogeneity"] == 1).all()


def test_a_nucleus_that_neighbours_wall_in_has_no_ring_and_no_nan():
    labels = np.ones((60, 60), int)
    labels[20:40, 20:40] = 2
    stain = np.random.default_rng(3).uniform(0, 1, (2, 60, 60))
    table = pathology.features(labels, *stain, um_per_pixel=UM)
    assert not table.isna().any().any() and (table["eosin_ring"] == table["eosin_mean"]).all()


@pytest.mark.parametrize(("um_per_pixel", "step"), [(0.49, 1), (0.25, 2)])
def test_haralick_texture_is_scikit_images_on_rectangles(um_per_pixel, step):
    rng = np.random.default_rng(6)
    stain = ndimage.gaussian_filter(rng.normal(0.6, 1.2, (90, 120)), 1).clip(0, 1.4)
    labels = np.zeros(stain.shape, int)
    places = [np.s_[5:30, 5:40], np.s_[5:30, 40:80], np.s_[40:85, 10:33], np.s_[40:60, 60:118]]
    for label, place in enumerate(places, start=1):
        labels[place] = label
    found = pathology.texture(labels, stain, um_per_pixel=um_per_pixel)
    grey = np.minimum(np.floor(stain / 1.25 * 8), 7).astype("u1")
    for label, place in enumerate(places):
        angles = np.pi / 4 * np.arange(4)
        together = feature.graycomatrix(grey[place], [step], angles, levels=8, symmetric=True).sum(
            axis=3, keepdims=True
        )
        for name in found:
            assert found.loc[label, name] == pytest.approx(feature.graycoprops(together, name)[0, 0]), name


def test_texture_looks_at_a_nucleus_only():
    labels = blobs(4)
    stain = np.random.default_rng(8).uniform(0, 1, labels.shape)
    alone = pathology.texture(labels, np.where(labels > 0, stain, 9.0), um_per_pixel=UM)
    pd.testing.assert_frame_equal(alone, pathology.texture(labels, stain, um_per_pixel=UM))


def test_averages_over_neighbours_are_those_of_a_double_loop():
    rng = np.random.default_rng(11)
    n, shape = 60, (256, 400)
    names = pathology.AVERAGED
    table = pd.DataFrame({"row": rng.uniform(0, 255, n), "column": rng.uniform(0, 399, n)})
    table = table.join(pd.DataFrame(rng.normal(size=(n, len(names))), columns=names))
    found = pathology.neighbourhood(table, shape=shape, um_per_pixel=UM)
    for i in range(0, n, 7):
        weights, values = [], []
        for j in range(n):
            far = UM * np.hypot(table.row[i] - table.row[j], table.column[i] - table.column[j])
            if far <= 75:
                weights.append(np.exp(-(far**2) / (2 * 25**2)))
                values.append(table.loc[j, names].to_numpy(float))
        mean = sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)
        assert np.allclose(found.loc[i, [f"around_{name}" for name in names]].to_numpy(float), mean)
        # the area that a Gaussian counts, pixel by pixel of the field
        rows, columns = np.mgrid[: shape[0], : shape[1]]
        far = UM * np.hypot(rows - table.row[i], columns - table.column[i])
        area = np.exp(-(far**2) / (2 * 25**2)).sum() * UM**2 / 1e6
        assert found.loc[i, "per_mm2"] == pytest.approx(sum(weights) / area, rel=0.02)


def test_density_near_a_corner_is_that_of_the_middle():
    every = np.arange(10, 500, 20.0)
    table = pd.DataFrame([(row, column) for row in every for column in every], columns=["row", "column"])
    table = table.assign(**{name: 1.0 for name in pathology.AVERAGED})
    found = pathology.neighbourhood(table, shape=(500, 500), um_per_pixel=UM)
    assert found["per_mm2"].to_numpy() == pytest.approx(1e6 / (20 * UM) ** 2, rel=0.06)
    assert np.allclose(found.drop(columns="per_mm2"), 1)


@pytest.mark.parametrize("seed", range(4))
def test_basins_are_joined_as_h_maxima_join_them(seed):
    height = 3 * ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(90, 110)), 4)
    basins = segmentation.watershed(-height, measure.label(morphology.local_maxima(height)))
    joined = pathology._merged(basins, height)
    flooded = morphology.reconstruction(height - pathology.DEPTH, height)
    peaks = measure.label(morphology.local_maxima(flooded))
    assert joined.max() == peaks.max() < basins.max()
    for label in range(1, peaks.max() + 1):  # each of them holds one
        assert len(np.unique(joined[peaks == label])) == 1
    assert len(np.unique(joined[peaks > 0])) == peaks.max()


# --- annotations and kinds


def test_annotations_belong_to_nuclei_one_to_one_at_the_least_distance():
    rng = np.random.default_rng(12)
    for _ in range(20):
        found = pd.DataFrame(rng.uniform(0, 12, (4, 2)), columns=["row", "column"], index=[3, 5, 7, 9])
        annotated = pd.DataFrame(rng.uniform(0, 12, (4, 2)), columns=["row", "column"]).assign(kind=list("abcd"))
        far = np.hypot(*(found.to_numpy()[:, None] - annotated[["row", "column"]].to_numpy(float)).transpose(2, 0, 1))
        least = min(itertools.permutations(range(4)), key=lambda p: sum(min(far[i, p[i]], 5) for i in range(4)))
        expected = ["abcd"[j] if far[i, j] < 5 else None for i, j in enumerate(least)]
        kind = pathology.match_annotations(found, annotated, um_per_pixel=1.0, within_um=5)
        assert [None if pd.isna(each) else each for each in kind] == expected
    none = pathology.match_annotations(found, annotated.iloc[:0], um_per_pixel=1.0)
    assert none.isna().all() and none.index.equals(found.index)


def test_tils_are_told_from_the_rest_on_slides_not_seen(slides):
    table, kind, slide = lesson(slides)
    folds, confusion = pathology.cross_validate(table, kind, slide, seed=1)
    assert len(folds) == 5 and (folds["auc"] >= 0.95).all(), folds
    assert folds["nuclei"].sum() == confusion["n"].sum() == len(table) and folds["slides"].sum() == slide.nunique()
    assert confusion.groupby("truth")["n"].sum().to_dict() == kind.value_counts().to_dict()
    assert confusion.loc[confusion["truth"] == confusion["called"], "n"].sum() / len(table) > 0.95
    again = pathology.cross_validate(table, kind, slide, seed=1)
    pd.testing.assert_frame_equal(folds, again[0])
    pd.testing.assert_frame_equal(confusion, again[1])


def test_kinds_without_meaning_are_not_told_apart(slides):
    """Labels shuffled over the nuclei leave nothing to learn: the AUC on slides held back is that of a coin."""
    table, kind, slide = lesson(slides)
    shuffled = pd.Series(np.random.default_rng(1).permutation(kind.to_numpy()), kind.index)
    folds, _ = pathology.cross_validate(table, shuffled, slide, seed=1)
    assert abs(folds["auc"].mean() - 0.5) < 0.06


def test_judging_needs_two_slides_and_tils(slides):
    table, kind, slide = lesson(slides)
    one = slide == 0
    with pytest.raises(MissingData, match="nuclei of one slide are annotated; two are needed"):
        pathology.cross_validate(table[one], kind[one], slide[one], seed=1)
    others = kind != TIL
    with pytest.raises(MissingData, match=f"of {others.sum()} annotated nuclei 0 are TILs"):
        pathology.train(table[others], kind[others], slide[others], seed=1, simulated=False)
    with pytest.raises(MissingData, match="0 annotated nuclei 0 are TILs"):
        pathology.train(table.iloc[:0], kind.iloc[:0], slide.iloc[:0], seed=1, simulated=False)


def test_a_fold_without_tils_has_no_auc_but_counts(slides):
    table, kind, slide = lesson(slides)
    held = slide.isin([0, 1])
    kind = kind.mask((slide == 0) & (kind == TIL), TUMOUR)
    with pytest.raises(MissingData, match="0 are TILs"):  # the fold that would train on slide 0
        pathology.cross_validate(table[held], kind[held], slide[held], seed=1)
    three = slide.isin([0, 1, 2])
    folds, confusion = pathology.cross_validate(table[three], kind[three], slide[three], seed=1)
    assert folds["auc"].isna().sum() == 1 and folds["til"].min() == 0
    assert confusion["n"].sum() == three.sum()


def test_what_simulated_slides_taught_is_not_asked_of_real_ones(slides, taught):
    table, kind, slide = lesson(slides)
    with pytest.raises(UserError, match="taught by simulated slides is not applied to real ones"):
        taught.kinds(table, simulated=False)
    with pytest.raises(UserError, match="taught by simulated slides is not applied to real ones"):
        pathology.field_counts(drawn(1, "LUAD")[0], um_per_pixel=UM, model=taught)
    assert set(taught.kinds(table, simulated=True)) == set(KINDS) and taught.kinds(table.iloc[:0], simulated=True).empty
    assert (taught.slides, taught.nuclei) == (20, len(table)) and not {"row", "column"} & set(taught.columns)
    real = pathology.train(table, kind, slide, seed=1, simulated=False)
    assert (real.kinds(table, simulated=False) == taught.kinds(table, simulated=True)).all()


# --- files


def save(path: Path, rgb: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    io.imsave(path, rgb, check_contrast=False)
    return path


def test_16_bit_tiff_and_8_bit_png_are_the_same_picture(tmp_path):
    rgb, _ = drawn(21, "LCNEC")
    alpha = np.dstack([rgb, np.full(rgb.shape[:2], 255, "u1")])
    files = [
        save(tmp_path / "eight.png", rgb),
        save(tmp_path / "sixteen.tif", rgb.astype("u2") * 257),
        save(tmp_path / "eight.tif", rgb),
        save(tmp_path / "alpha.png", alpha),
        save(tmp_path / "alpha.tif", alpha.astype("u2") * 257),
    ]
    pictures = [pathology.read_picture(file) for file in files]
    assert [picture.dtype.itemsize for picture in pictures] == [1, 2, 1, 1, 2]
    assert np.array_equal(pictures[0], rgb) and all(picture.shape == rgb.shape for picture in pictures)
    table = pathology.describe(pictures[0], um_per_pixel=UM)[0]
    for picture in pictures[1:]:
        pd.testing.assert_frame_equal(pathology.describe(picture, um_per_pixel=UM)[0], table, rtol=1e-4)


def test_a_camera_of_12_bit_in_16_is_a_dark_lamp(tmp_path):
    rgb, _ = drawn(21, "LUSC")
    file = save(tmp_path / "twelve.tif", rgb.astype("u2") * 16)
    assert number(pathology.read_picture(file)) == pytest.approx(number(rgb), rel=0.02)


PICTURES = {
    "missing.png": (None, "there is no such picture; add it"),
    "text.png": ("field,row", "is no picture that can be read"),
    "empty.tif": ("", "is no picture that can be read"),
    "grey.png": (np.tile(np.arange(256, dtype="u1"), (256, 1)), r"is no colour picture \(256 × 256\)"),
    "grey_rgb.png": (np.dstack([np.tile(np.arange(256, dtype="u1"), (256, 1))] * 3), "is grey; stains are told apart"),
    "planes.tif": (np.zeros((2, 64, 64), "u2"), "is no colour picture"),
    "pages.tif": (np.zeros((5, 64, 64, 3), "u1"), "is no colour picture"),
    "float.tif": (np.zeros((64, 64, 3), "f4"), "holds values of the type float32"),
    "small.png": (np.full((20, 64, 3), 200, "u1"), "is too small"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_what_is_wrong_with_a_picture_is_said_in_one_line(tmp_path, name):
    content, message = PICTURES[name]
    if isinstance(content, str):
        (tmp_path / name).write_text(content)
    elif content is not None:
        save(tmp_path / name, content)
    with pytest.raises(UserError, match=message) as raised:
        pathology.read_picture(tmp_path / name)
    assert "\n" not in str(raised.value) and name in str(raised.value)


def folder_of(path: Path, fields: list[dict], pictures: dict, nuclei: pd.DataFrame | None) -> Path:
    """A folder of fields; a row of `fields` may leave out what is the same in all."""
    path.mkdir()
    table = pd.DataFrame([{"stain": "H&E", "group": "LUAD", "subtype": "", "um_per_pixel": UM} | row for row in fields])
    table.to_csv(path / "table.csv", index=False, float_format="%.6g")
    for name, rgb in pictures.items():
        save(path / name, rgb)
    if nuclei is not None:
        nuclei.to_csv(path / "nuclei.csv", index=False)
    return path


def count(folder: Path, *, simulated: bool = True) -> pathology.CountedFields:
    return pathology.count_folder(folder, seed=3, simulated=simulated)


def small_folder(path: Path, *, nuclei: pd.DataFrame | None | str = "drawn", **change) -> Path:
    """Four annotated slides and three patients with one field each, one patient with a field on both sides, and IF.
    change: column → (row of table.csv from 0 on, what stands there)."""
    rows, pictures, known = [], {}, []
    for i, histology in enumerate(["LUAD", "LUSC", "SCLC", "LCNEC", "LUAD", "SCLC", "LCNEC", "LUAD"]):
        rgb, truth = drawn(40 + i, histology, any_look(np.random.default_rng(i)))
        file = f"images/f{i}.png"
        pictures[file] = rgb
        row = {"field": f"F{i}", "file": file, "slide": f"S{i}", "patient": "P0" if i == 7 else f"P{i}"}
        rows.append(row | {"group": histology, "truth_til": int((truth["kind"] == TIL).sum())})
        if i < 4:
            known.append(truth[["row", "column", "kind"]].assign(field=f"F{i}"))
    pictures["images/if.png"] = pictures["images/f0.png"]
    rows.append({"field": "I1", "file": "images/if.png", "slide": "SI", "patient": "PI", "stain": "IF"})
    for column, (row, value) in change.items():
        rows[row] = rows[row] | {column: value}
    known = pd.concat(known)[["field", "row", "column", "kind"]] if isinstance(nuclei, str) else nuclei
    return folder_of(path, rows, pictures, known)


def test_a_folder_is_counted_by_its_own_annotations(tmp_path, monkeypatch):
    slides = small_folder(tmp_path / "own")
    read = []
    monkeypatch.setattr(
        pathology, "read_picture", lambda path, f=pathology.read_picture: read.append(path.name) or f(path)
    )
    found = count(slides)
    assert sorted(read) == [f"f{i}.png" for i in range(7)]  # each once; not the spared one, not the fluorescent one
    fields = found.fields
    assert fields["field"].tolist() == ["F4", "F5", "F6"] and found.til is found.fields and found.reason == ""
    assert found.left_out == {"annotated": 4, "other fields of annotated patients": 1}
    assert (fields[["til", "tumour", "stroma"]].sum(axis=1) == fields["nuclei"]).all()
    assert fields["til"].sum() == pytest.approx(fields["truth_til"].astype(int).sum(), rel=0.25)
    assert np.allclose(fields["til_per_mm2"], fields["til"] / fields["mm2_tissue"])
    assert np.allclose(fields["nuclei_per_mm2_field"], fields["nuclei"] / 0.12544**2)
    assert (fields["mm2_tissue"] <= fields["mm2_field"]).all()
    assert found.annotated["field"].tolist() == ["F0", "F1", "F2", "F3"]
    assert (found.annotated["matched"] / found.annotated["annotated"]).min() > 0.9
    assert found.folds["nuclei"].sum() == found.annotated["matched"].sum() == found.model.nuclei
    assert found.model.simulated and found.model.slides == 4
    # what a field holds does not hang on the folder it lies in
    alone = pathology.field_counts(
        io.imread(tmp_path / "own/images/f5.png"), um_per_pixel=UM, model=found.model, simulated=True
    )
    assert all(alone[name] == pytest.approx(fields.loc[1, name]) for name in alone)
    again = count(slides)
    pd.testing.assert_frame_equal(fields, again.fields)
    pd.testing.assert_frame_equal(found.folds, again.folds)
    pd.testing.assert_frame_equal(found.confusion, again.confusion)


def test_a_real_folder_teaches_its_own_classifier(tmp_path):
    found = count(small_folder(tmp_path / "own"), simulated=False)
    assert not found.model.simulated and found.til is not None


@pytest.mark.parametrize("annotated", ["none", "header", "one slide", "no TIL"])
def test_without_annotations_that_suffice_nuclei_are_counted_and_kinds_are_not(tmp_path, annotated):
    truth = drawn(40, "LUAD", any_look(np.random.default_rng(0)))[1].assign(field="F0")
    known = {
        "none": None,
        "header": truth.iloc[:0],
        "one slide": truth,
        "no TIL": pd.concat([truth[truth["kind"] != TIL], truth[truth["kind"] != TIL].assign(field="F1")]),
    }[annotated]
    found = count(small_folder(tmp_path / "own", nuclei=known))
    assert found.til is None and found.model is None and found.folds is None and found.confusion is None
    said = {"one slide": "nuclei of one slide are annotated", "no TIL": "0 are TILs"}
    assert said.get(annotated, "own has no annotated nuclei (nuclei.csv)") in found.reason
    assert "til" not in found.fields and (found.fields["nuclei"] > 30).all()
    assert len(found.fields) == {"none": 8, "header": 8, "one slide": 6, "no TIL": 5}[annotated]


def test_a_folder_with_nothing_but_annotated_fields_judges_and_counts_none(tmp_path):
    slides = small_folder(tmp_path / "own")
    pd.read_csv(slides / "table.csv").iloc[:4].to_csv(slides / "table.csv", index=False)
    found = count(slides)
    assert found.fields.empty and found.folds is not None and "til_per_mm2" in found.fields


def test_a_folder_without_he_is_a_stated_skip(tmp_path):
    row = {"field": "I1", "file": "i.png", "slide": "S", "patient": "P", "stain": "IF"}
    with pytest.raises(MissingData, match="own has no field stained by haematoxylin and eosin"):
        count(folder_of(tmp_path / "own", [row], {}, None))


BAD_TABLES = {
    "stain": ((3, "HE"), "own/table.csv, row 5, column stain: 'HE' is none of H&E, IF"),
    "file": ((5, "images/f9.png"), "own/table.csv, row 7, column file: 'images/f9.png' is no file of this folder"),
    "um_per_pixel": ((5, 20), "own/table.csv, row 7, column um_per_pixel: '20' is no pixel's size from 0.1 to 1 µm"),
}


@pytest.mark.parametrize("column", BAD_TABLES)
def test_what_is_wrong_in_table_csv_is_said_in_one_line(tmp_path, column):
    (row, value), message = BAD_TABLES[column]
    slides = small_folder(tmp_path / "own", **{column: (row, value)})
    with pytest.raises(UserError) as raised:
        count(slides)
    assert str(raised.value).startswith(message) and "\n" not in str(raised.value)


def test_a_picture_that_cannot_be_used_is_named_with_its_row(tmp_path):
    slides = small_folder(tmp_path / "own")
    save(slides / "images/f5.png", np.full((20, 64, 3), 200, "u1"))
    with pytest.raises(UserError, match=r"own/table.csv, row 7, column file: f5.png: is too small \(20 × 64 × 3\); a"):
        count(slides)


BAD_NUCLEI = {
    "field": ("F77", "own/nuclei.csv, row 3, column field: 'F77' is no H&E field of table.csv"),
    "field of IF": ("I1", "own/nuclei.csv, row 3, column field: 'I1' is no H&E field of table.csv"),
    "kind": ("Lymphocyte", "own/nuclei.csv, row 3, column kind: 'Lymphocyte' is none of TIL, tumour, stroma"),
    "row": ("twelve", "own/nuclei.csv, row 3, column row: 'twelve' is not a number"),
    "column": ("", "own/nuclei.csv, row 3, column column: '' is not a number"),
    "row outside": ("256", "own/nuclei.csv, row 3, column row: '256' lies outside the picture's 256 pixels"),
    "column outside": ("-9", "own/nuclei.csv, row 3, column column: '-9' lies outside the picture's 256 pixels"),
    "column inf": ("inf", "own/nuclei.csv, row 3, column column: 'inf' is not a number"),
}


@pytest.mark.parametrize("what", BAD_NUCLEI)
def test_what_is_wrong_in_nuclei_csv_is_said_in_one_line(tmp_path, what):
    value, message = BAD_NUCLEI[what]
    cells = pd.DataFrame({"field": "F0", "row": ["9", "9", "9"], "column": "8", "kind": TIL})
    cells.loc[1, what.split()[0]] = value
    rgb = drawn(1, "LUAD")[0]
    rows = [{"field": "F0", "file": "a.png", "slide": "S", "patient": "P"},
            {"field": "I1", "file": "b.png", "slide": "T", "patient": "Q", "stain": "IF"}]  # fmt: skip
    slides = folder_of(tmp_path / "own", rows, {"a.png": rgb}, cells)
    with pytest.raises(UserError) as raised:
        count(slides)
    assert str(raised.value).startswith(message) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"field,row,column\nF0,1,2\n", "own/nuclei.csv, column kind: is missing; add it"),
        (b"", "own/nuclei.csv: is empty; it needs a header"),
        (b"field,row,column,kind\nF0,1,2,\xff\n", "own/nuclei.csv, row 2: is not UTF-8 text here"),
    ],
)
def test_a_nuclei_csv_that_is_no_such_table_is_refused_in_one_line(tmp_path, content, message):
    row = {"field": "F0", "file": "a.png", "slide": "S", "patient": "P"}
    slides = folder_of(tmp_path / "own", [row], {"a.png": drawn(1, "LUAD")[0]}, None)
    (tmp_path / "own/nuclei.csv").write_bytes(content)
    with pytest.raises(UserError) as raised:
        count(slides)
    assert str(raised.value).startswith(message) and "\n" not in str(raised.value)


def test_nuclei_without_a_kind_or_with_missing_features_are_refused(slides):
    table, kind, slide = lesson(slides)
    with pytest.raises(UserError, match="nucleus 4, kind: 'lymphocyte' is none of TIL, tumour, stroma"):
        pathology.train(table, kind.where(kind.index != 4, "lymphocyte"), slide, seed=1, simulated=True)
    missing = table.assign(area_um2=table["area_um2"].where(table.index != 7))
    with pytest.raises(UserError, match="nucleus 7, area_um2: is missing"):
        pathology.train(missing, kind, slide, seed=1, simulated=True)


@pytest.mark.parametrize("rgb", [np.full((64, 64), 200, "u1"), np.full((20, 64, 3), 200, "u1")], ids=["plane", "small"])
def test_a_picture_given_as_an_array_is_checked_too(rgb):
    with pytest.raises(UserError, match="is no colour picture|is too small"):
        pathology.describe(rgb, um_per_pixel=UM)
